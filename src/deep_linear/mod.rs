//! Deep linear networks: how a product of weight matrices learns.

pub mod aligned;
pub mod balanced;
pub mod balanced_network;
pub mod cases;
pub mod chain;
pub mod depth;
pub mod depth_schedule;
pub mod end_to_end;
pub mod full_weights;
pub mod kernel;
pub mod learning_rate;
pub(crate) mod logit;
pub mod random_start;
pub mod recording;
pub mod reversal;
pub mod riccati;
pub mod shallow;
pub mod two_layer;
pub mod two_layer_network;
