//! Gated deep linear networks: linear pathways, switched by the input.

pub mod cases;
