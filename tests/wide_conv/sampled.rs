//! Random convolutional networks of a finite number of channels, written out weight by weight.
//!
//! A 3 × 3 convolution (weights 1.3, biases 0.2, zeros around), a nonlinearity, flatten or the mean over
//! places, and a readout (weights 0.9, bias 0.1), in NTK parameterization.

use ndarray::{Array2, Array4};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use solvable::math::random::{Purpose, stream};
use solvable::math::statistics::mean_and_error;
use solvable::net::unit::Nonlinearity;

/// Means over networks and their standard errors.
pub struct Sampled {
    pub nngp: Array2<(f64, f64)>,
    pub ntk: Array2<(f64, f64)>,
}

/// Parameters of a network, all standard normal.
struct Network {
    /// `[channel][tap · inputs]`.
    filters: Vec<Vec<f64>>,
    biases: Vec<f64>,
    /// `[channel · places]`, or `[channel]` after the mean over places.
    readout: Vec<f64>,
    bias: f64,
}

/// Output of one image, and its derivative by every parameter.
struct Run {
    output: f64,
    gradient: Vec<f64>,
}

pub fn kernels(
    x: &Array4<f64>,
    phi: Nonlinearity,
    pooled: bool,
    channels: usize,
    networks: usize,
) -> Sampled {
    let (n, height, width, inputs) = x.dim();
    let places = if pooled { 1 } else { height * width };
    let mut rng = stream(0, Purpose::InitialWeights, 0);
    let (mut products, mut gradients) = (Vec::new(), Vec::new());
    for _ in 0..networks {
        let network = Network {
            filters: (0..channels).map(|_| draw(9 * inputs, &mut rng)).collect(),
            biases: draw(channels, &mut rng),
            readout: draw(channels * places, &mut rng),
            bias: draw(1, &mut rng)[0],
        };
        let runs: Vec<Run> = (0..n).map(|i| network.run(x, i, phi, pooled)).collect();
        let of_pairs = |f: &dyn Fn(&Run, &Run) -> f64| {
            Array2::from_shape_fn((n, n), |(i, j)| f(&runs[i], &runs[j]))
        };
        products.push(of_pairs(&|a, b| a.output * b.output));
        gradients
            .push(of_pairs(&|a, b| a.gradient.iter().zip(&b.gradient).map(|(a, b)| a * b).sum()));
    }
    let summary = |all: &[Array2<f64>]| {
        Array2::from_shape_fn((n, n), |at| mean_and_error(all.iter().map(|k| k[at])))
    };
    Sampled { nngp: summary(&products), ntk: summary(&gradients) }
}

fn draw(count: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..count).map(|_| StandardNormal.sample(rng)).collect()
}

impl Network {
    fn run(&self, x: &Array4<f64>, image: usize, phi: Nonlinearity, pooled: bool) -> Run {
        let (_, height, width, inputs) = x.dim();
        let places = height * width;
        let channels = self.filters.len();
        let weight = 1.3 / ((9 * inputs) as f64).sqrt();
        let read = if pooled { channels } else { channels * places };
        let scale = 0.9 / (read as f64).sqrt();
        let share = if pooled { 1.0 / places as f64 } else { 1.0 };
        let patch = |place: usize| -> Vec<f64> {
            let (row, column) = (place / width, place % width);
            let mut patch = Vec::new();
            for (dr, dc) in (0..3).flat_map(|r| (0..3).map(move |c| (r, c))) {
                for d in 0..inputs {
                    let inside =
                        (1..=height).contains(&(row + dr)) && (1..=width).contains(&(column + dc));
                    patch.push(if inside {
                        x[[image, row + dr - 1, column + dc - 1, d]]
                    } else {
                        0.0
                    });
                }
            }
            patch
        };
        let patches: Vec<Vec<f64>> = (0..places).map(patch).collect();
        let mut output = 0.1 * self.bias;
        let mut by_readout = vec![0.0; self.readout.len()];
        let mut gradient = vec![0.1];
        for c in 0..channels {
            let (mut by_filter, mut by_bias) = (vec![0.0; 9 * inputs], 0.0);
            for (place, patch) in patches.iter().enumerate() {
                let sum: f64 = self.filters[c].iter().zip(patch).map(|(w, x)| w * x).sum();
                let h = weight * sum + 0.2 * self.biases[c];
                let to = if pooled { c } else { c * places + place };
                by_readout[to] += scale * share * phi.value(h);
                output += scale * share * self.readout[to] * phi.value(h);
                let back = scale * share * self.readout[to] * phi.slope(h);
                by_filter.iter_mut().zip(patch).for_each(|(g, x)| *g += back * weight * x);
                by_bias += back * 0.2;
            }
            gradient.extend(by_filter);
            gradient.push(by_bias);
        }
        gradient.extend(by_readout);
        Run { output, gradient }
    }
}
