//! What else is recorded of linear networks beside mode strengths and loss, each a model of its own.
//!
//! * [`every_weight`]: all single weights of an aligned network.
//! * [`scalar_layers`]: both layers of a network of single units, and the surface they move on.
//! * [`gram_blocks`]: all blocks of QQᵀ, the map and the similarities in the hidden layer.
//! * [`kernel_movement`]: how far the tangent kernel turns, against the balance of the layers.

pub mod every_weight;
pub mod gram_blocks;
pub mod kernel_movement;
pub mod scalar_layers;
