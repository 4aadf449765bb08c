//! What is to be learned: plain data and its second-order statistics.

mod correlations;
mod dataset;
mod tables;

pub use correlations::{Correlations, Modes};
pub use dataset::Dataset;
pub use tables::{TABLE_NAMES, table};
