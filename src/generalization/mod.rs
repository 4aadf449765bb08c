//! Generalization: what a network that learned from examples does with new ones, in the limit of many
//! dimensions.
//!
//! * [`random_features`]: double descent in the number of features. [`hidden_manifold`]: inputs made of
//!   few latent variables.
//! * [`kernel_regression`]: learning curves from a spectrum, mode by mode. [`sphere_kernel`]: kernels of
//!   wide networks and their spectrum in any dimension. [`kernel_curve`]: both against simulation.
//! * [`from_data`]: the learning curve of a user's own data, predicted and measured.

pub mod cases;
pub mod curve;
pub mod curves;
pub mod effective_ridge;
pub mod from_data;
pub mod hidden_manifold;
pub mod kernel_curve;
pub mod kernel_regression;
pub mod measured;
pub mod random_features;
pub mod ridge;
pub mod sphere_kernel;
