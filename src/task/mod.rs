//! What is to be learned: plain data and its second-order statistics.
//!
//! * [`Dataset`]: inputs and targets, rows are examples. A table of items and features becomes one by
//!   giving each item an input of its own (one-hot).
//! * [`Correlations`]: Σˣ and Σʸˣ, averages over examples; with the loss, the best map, and its loss.
//! * [`Modes`]: singular vectors of Σʸˣ, how much the inputs vary along them, and whether they learn
//!   independently of each other.
//! * [`table`]: the tables that come with the crate.
//! * [`images`]: shapes at random places on noise.
//! * [`environment`]: structured worlds with analytic modes, to be sampled.
//!
//! Data from files are read by `store::read` (feature `cli`): this module knows no file formats.
//!
//! There is no trait for tasks: a theory takes the data or the correlations it needs.
//!
//! ```
//! use solvable::{Correlations, Dataset, Modes};
//!
//! let modes = Modes::of(&Correlations::of(&Dataset::rumelhart())?)?;
//! assert_eq!(modes.len(), 8);
//! assert!(modes.decoupled()); // items have inputs of their own
//! # Ok::<(), solvable::Error>(())
//! ```

mod correlations;
mod dataset;
pub mod environment;
pub mod images;
mod tables;

pub use correlations::{Correlations, Modes};
pub use dataset::Dataset;
pub use tables::{TABLE_NAMES, table};
