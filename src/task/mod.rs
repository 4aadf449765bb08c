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
//! With the feature `cli`, `Dataset::read_table`, `Dataset::read_pair` and the functions of `arrays` read
//! CSV and NPY files.
//! Readers are strict: what cannot be meant (an empty cell, a short row, a header that promises more
//! than the file holds) is refused with file, row and column.
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

#[cfg(feature = "cli")]
pub mod arrays;
mod correlations;
mod dataset;
pub mod environment;
pub mod images;
#[cfg(feature = "cli")]
mod npy;
#[cfg(feature = "cli")]
pub(crate) mod read;
#[cfg(feature = "cli")]
mod records;
#[cfg(feature = "cli")]
mod table;
mod tables;

pub use correlations::{Correlations, Modes};
pub use dataset::Dataset;
pub use tables::{TABLE_NAMES, table};
