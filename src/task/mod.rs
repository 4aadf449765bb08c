//! What is to be learned: plain data and its second-order statistics.

mod correlations;
mod dataset;
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
