//! How far theory and simulation are apart, how far they may be, and why that far.
//!
//! [`compare`] turns a prediction and its simulations into one [`Agreement`] per observable;
//! [`halving`] measures the error of a step size where no formula knows it.

mod compare;
pub mod halving;

pub use compare::{Agreement, FiniteSize, Tolerance, compare};
