//! Data sets and arrays from CSV and NPY files.
//!
//! Readers are strict: what cannot be meant (an empty cell, a short row, a header that promises more
//! than the file holds) is refused with file, row and column.
//!
//! * `Dataset::read_table`, `Dataset::read_pair` (file `dataset.rs`): tables of items and features,
//!   inputs and targets.
//! * [`arrays`]: matrices and images.

pub mod arrays;
mod dataset;
mod npy;
pub(crate) mod opening;
mod records;
mod refusal;
mod table;
