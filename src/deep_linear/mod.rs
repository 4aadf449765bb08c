//! Deep linear networks: how a product of weight matrices learns.

pub mod balanced;
pub mod chain;
pub mod depth;
pub mod end_to_end;
pub mod full_weights;
pub mod kernel;
pub mod learning_rate;
pub(crate) mod logit;
pub mod random_start;
pub mod reversal;
pub mod riccati;
pub mod two_layer;
