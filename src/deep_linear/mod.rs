//! Deep linear networks: how a product of weight matrices learns.

pub mod chain;
pub mod depth;
pub mod learning_rate;
pub(crate) mod logit;
pub mod two_layer;
