//! Bayesian networks as deep as wide, where the kernel is rescaled by the data.
//!
//! * [`deep_linear`], [`scale_posterior`]: the theory; [`renormalized_scale`]: as a learning curve.
//! * [`weighted_networks`]: random networks weighted by their likelihood; [`linear_teacher`]: a task for
//!   both.

pub mod deep_linear;
pub mod linear_teacher;
pub mod renormalized_scale;
pub mod scale_posterior;
pub mod weighted_networks;
