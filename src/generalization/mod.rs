//! Generalization: what a network that learned from examples does with new ones, in the limit of many
//! dimensions.

pub mod cases;
pub mod curve;
pub mod curves;
pub mod measured;
pub mod ridge;
