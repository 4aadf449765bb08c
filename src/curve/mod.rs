//! Learning curves: quantities of large random systems as functions of their parameters.
//!
//! A [`Curve`] holds the theory of the infinite system, the simulation of a finite one, and how far
//! apart the two are expected to be. [`Sweep`] makes it a model along one of its parameters,
//! [`measured`] puts theory and the mean over systems together. [`models`](crate::models) lists all.

mod definition;
pub mod measured;
mod sweep;

pub use definition::Curve;
pub use sweep::Sweep;
