//! Networks of finite width beside their limit.
//!
//! * [`trained_network`]: trained by full-batch descent, as a model; [`sphere_task`] is its task.
//! * [`loss_paths`]: losses of single networks beside that of infinite width.
//! * [`empirical_ntk`], [`kernel_change`], [`trained_kernel`]: their tangent kernels, and how training
//!   changes these.
//! * [`descent_ensemble`]: distributions of outputs in training; [`linearized`]: networks held at their
//!   linearization.
//! * [`width_scaling`]: how the distance from the limit falls with the width.

pub mod descent_ensemble;
pub mod empirical_ntk;
pub mod kernel_change;
pub mod linearized;
pub mod loss_paths;
pub mod sphere_task;
pub mod trained_kernel;
pub mod trained_network;
pub mod width_scaling;
