//! The ensemble of all wide networks that could have been trained, in closed form.
//!
//! * [`training`], [`momentum`]: what one mode of the kernel does: flow, steps, momentum, ridge and decay.
//! * [`kernel_modes`]: eigenmodes of a kernel and how far they can be trusted.
//! * [`trained`], [`test_points`]: mean and covariance at any time, on training inputs and new ones.
//! * [`posterior`]: the Gaussian process given the data.
//! * [`cross_entropy`]: classification, where the outputs never come to rest.

pub mod cross_entropy;
pub mod kernel_modes;
pub mod momentum;
pub mod posterior;
pub(crate) mod spread;
pub mod test_points;
pub(crate) mod time_basis;
pub mod trained;
pub mod training;
