//! Two-layer networks that several tests start from.

use ndarray::Array2;
use solvable::Correlations;
use solvable::deep_linear::RiccatiFlow;
use solvable::deep_linear::balanced::sample_two_layer;
use solvable::math::random::{Purpose, stream};

/// Random zero-balanced weights (W₁, W₂) whose map has the singular values 0.3, 0.15, 0.1, …
pub fn zero_balanced(n_in: usize, n_hidden: usize, n_out: usize, run: u32) -> [Array2<f64>; 2] {
    let mut s0 = vec![0.0; n_hidden];
    for (k, s) in s0.iter_mut().take(n_in.min(n_out)).enumerate() {
        *s = 0.3 / (k + 1) as f64;
    }
    let mut rng = stream(1, Purpose::InitialWeights, run);
    let (w1, w2) = sample_two_layer(n_in, n_out, &s0, 0.0, &mut rng).unwrap();
    [w1, w2]
}

/// The exact flow from such weights toward a map under white inputs of variance `d`.
pub fn flow_of(sigma_yx: Array2<f64>, d: f64, [w1, w2]: &[Array2<f64>; 2]) -> RiccatiFlow {
    let task = Correlations::white(sigma_yx, d).unwrap();
    RiccatiFlow::new(&task, w1, w2, 0.0).unwrap()
}

/// The maps W₂W₁ at increasing times.
pub fn maps(flow: &RiccatiFlow, times: &[f64]) -> Vec<Array2<f64>> {
    flow.states(times).unwrap().iter().map(|state| state.map(flow.modes())).collect()
}
