//! Semantic development: what a deep linear network knows of items and their features at any time.

pub mod cases;
pub mod nonlinear;
