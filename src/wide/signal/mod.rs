//! Signals in deep random networks.
//!
//! * [`propagation`], [`deep_signal`]: variances and correlations layer by layer: order, chaos, the
//!   edge between them.
//! * [`isometry`], [`jacobian_spectrum`], [`jacobian_sampling`]: singular values of the Jacobian, in
//!   theory and of random networks; [`singular_value_density`]: histograms of both.

pub mod deep_signal;
pub(crate) mod edge_of_chaos;
pub mod isometry;
pub mod jacobian_sampling;
pub mod jacobian_spectrum;
pub mod propagation;
pub mod singular_value_density;
