//! What is to be learned: plain data and its second-order statistics.

mod correlations;
mod dataset;

pub use correlations::{Correlations, Modes};
pub use dataset::Dataset;
