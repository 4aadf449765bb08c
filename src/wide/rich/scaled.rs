//! Linear networks whose output is scaled by 1/γN, and their training at the rate γ²N·η.

use ndarray::Array2;

use crate::Result;
use crate::net::{Clock, LayeredNetwork, Nonlinearity, Optimizer, Training};

/// f = a·W^{L−1}…W¹x/(γN √N^{L−1}) with weights of order one, first layer first, the readout last.
pub(super) fn scaled_network(weights: Vec<Array2<f64>>, scale: f64) -> Result<LayeredNetwork> {
    let last = weights.len() - 1;
    let width = weights[last].ncols() as f64;
    let mut factors = vec![width.sqrt().recip(); weights.len()];
    (factors[0], factors[last]) = (1.0, 1.0 / (width * scale));
    LayeredNetwork::scaled_dense(weights, &factors, Nonlinearity::Linear)
}

/// Descent on the half squared error at the rate γ²N·η; k steps take time kη.
pub(super) fn scaled_training(rate: f64, scale: f64, width: usize) -> Result<Training> {
    let optimizer = Optimizer::descent(scale * scale * width as f64 * rate);
    Ok(Training { optimizer, clock: Clock::gradient_flow(rate)?, ..Training::gradient_flow(rate)? })
}
