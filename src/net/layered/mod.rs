//! Networks of any layers, built from an [`Architecture`](super::architecture::Architecture).
//!
//! In the NTK parameterization (`jacot2018`) all parameters are drawn from N(0, 1) and the scales stand
//! in front of them,
//!
//! ```math
//! z^{l} = \frac{\sigma_w}{\sqrt{n_{l-1}}}\, W^l h^{l-1} + \sigma_b\, b^l, \qquad h^l = \phi(z^l),
//! ```
//!
//! in the standard parameterization they are in the draw: W ~ N(0, σ_w²/n_{l−1}), b ~ N(0, σ_b²) and
//! z = Wh + b. Both compute the same functions at the start and learn differently.
//!
//! # Rows
//!
//! A signal has one row for each example and place, channels as columns: the places of an image row by
//! row, the times of a sequence, a single place for a vector. So every layer with weights is one
//! product of rows with a matrix, and its change one product of signals with rows, a sum over examples
//! × places × times. Layers differ in which rows they gather (files `windows.rs`, `recurrent.rs`) and
//! how a signal passes down (`plan.rs`).
//!
//! Parameters are matrices: the weights of a layer (units × fan-in, taps of a filter outermost),
//! followed by its biases as one column where it has any.

mod build;
mod network;
mod plan;
mod recurrent;
mod rows;
#[cfg(test)]
mod tests;
mod weights;
mod windows;

pub use build::{Input, Sizes};
pub(crate) use network::DenseForm;
pub use network::{Activity, LayeredNetwork};
pub(crate) use weights::Part;
