//! What is trained, and how: one description of a network, one loop, rules as data.
//!
//! * [`architecture`]: what a network is; the same value gives the kernels of infinite width. [`unit`](mod@unit):
//!   what units do.
//! * [`Network`]: activity, signals pulled back, changes gathered. [`LayeredNetwork`] has any layers,
//!   [`LinearNetwork`] is a product of matrices, and all it sees of a task is in its
//!   [`Correlations`](crate::Correlations).
//! * [`Loss`], [`Rule`], [`Change`], [`Optimizer`]: what is to become small, who asks for which change,
//!   how that becomes a step.
//! * [`Trainer`]: the loop, with the [`Clock`] and the guard against divergence. [`Training`] makes one;
//!   [`gradient_descent`] and its relatives record one at the times of a theory.
//! * [`fast`]: engines that take the same steps faster. [`online`]: units that learn from one fresh
//!   example after another.
//! * [`initial`]: the weights that training starts from. [`measure`]: what a trained network is asked.
//!
//! **Conventions.** W_l is n_l × n_{l−1} and maps column to column; data are rows. Losses are summed
//! over outputs and averaged over examples. A step of rate η subtracts η times the gradient and takes
//! time η.

pub mod architecture;
mod change;
mod clock;
mod descent;
pub mod fast;
pub mod initial;
pub mod layered;
mod linear;
mod loss;
pub mod measure;
mod network;
pub mod online;
mod optimizer;
mod plain;
mod rule;
mod trainer;
pub mod unit;

pub use change::Change;
pub use clock::Clock;
pub use descent::{gradient_descent, gradient_descent_examples, stochastic_gradient_descent};
pub use layered::LayeredNetwork;
pub(crate) use linear::add_chain_gradient;
pub use linear::{LinearActivity, LinearNetwork};
pub use loss::Loss;
pub use network::Network;
pub use optimizer::{Method, Optimizer};
pub use plain::{Batches, OnCorrelations, OnExamples, Training};
pub use rule::Rule;
pub use trainer::{Engine, Trainer};
pub use unit::Nonlinearity;

#[cfg(test)]
mod tests;
