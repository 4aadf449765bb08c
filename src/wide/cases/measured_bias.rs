//! How far mean courses of the [odd network](super::odd_network) are from their limit, in units of
//! 1/width.
//!
//! Means over draws of width N are off by 1/N and scatter by 1, so each draw is compared with what it
//! does to first order in N^{−1/2}, and the mean of that is known. With first outputs f₀ and tangent
//! kernel Θ + Δ, outputs of the limit's kernels are f₀ + M(Θ)(y − f₀), whose mean and mean loss are
//! those of the theory; the next term is M′(Θ)[Δ](y − f₀). Its mean is zero: with one hidden layer
//! that of Δ is, and f₀ is odd in the output weights while Δ is even. In the loss the part of it that
//! is of second degree in f₀ has another mean and stays with the draws.

use ndarray::{Array2, Axis as Direction, concatenate, s};

use super::odd_network;
use crate::Result;
use crate::math::parallel::in_parallel;
use crate::math::statistics::{mean_and_error, weighted_fit};
use crate::net::LayeredNetwork;
use crate::net::fast::full_batch::FullBatch;
use crate::net::layered::Sizes;
use crate::wide::ensemble::trained::TrainedEnsemble;
use crate::wide::ensemble::training::Training;
use crate::wide::finite::empirical_ntk::empirical_ntk;
use crate::wide::finite::trained_network::TrainedNetwork;
use crate::wide::kernel::dense::{Kernels, kernels};

/// Every bias has its largest size at one of these.
const STEPS: [f64; 15] =
    [5.0, 10.0, 12.0, 14.0, 15.0, 16.0, 18.0, 20.0, 22.0, 25.0, 30.0, 32.0, 34.0, 100.0, 300.0];

/// Mean and standard error.
type Measured = (f64, f64);

/// The network, its limit, and how the limit learns.
struct Comparison {
    network: TrainedNetwork,
    inputs: Array2<f64>,
    limit: Kernels,
    maps: Vec<Array2<f64>>,
}

impl Comparison {
    fn of(width: usize) -> Result<Self> {
        let network = odd_network(width)?;
        let inputs =
            concatenate(Direction(0), &[network.data.inputs.view(), network.test.view()]).unwrap();
        let limit = kernels(&network.architecture, inputs.view(), None)?;
        let mut comparison = Self { network, inputs, limit, maps: Vec::new() };
        comparison.maps = comparison.maps(&comparison.limit.ntk)?;
        Ok(comparison)
    }

    /// M at every time: from y − f₀ on the training points to what all points have learned.
    fn maps(&self, ntk: &Array2<f64>) -> Result<Vec<Array2<f64>>> {
        let n = self.network.data.inputs.nrows();
        let train = |k: &Array2<f64>| k.slice(s![..n, ..n]).to_owned();
        let cross = |k: &Array2<f64>| k.slice(s![n.., ..n]).to_owned();
        let training =
            Training { normalization: Some(n as f64), ..Training::steps(self.network.rate) };
        let nngp = &self.limit.nngp;
        let units = TrainedEnsemble::new(&train(nngp), &train(ntk), &Array2::eye(n), training)?;
        let prior = nngp.diag().slice(s![n..]).to_owned();
        let test = units.test_points(&cross(nngp), &cross(ntk), &prior)?.means(&STEPS)?;
        let train = units.training_means(&STEPS)?;
        let both = |(a, b): (&Array2<f64>, &Array2<f64>)| {
            concatenate(Direction(0), &[a.view(), b.view()]).unwrap()
        };
        Ok(train.iter().zip(&test).map(both).collect())
    }

    /// M′(Θ)[Δ], by differences that are central, so that their error is odd in Δ too.
    fn slopes(&self, ntk: &Array2<f64>) -> Result<Vec<Array2<f64>>> {
        let step = 0.01;
        let change = ntk - &self.limit.ntk;
        let up = self.maps(&(&self.limit.ntk + &(&change * step)))?;
        let down = self.maps(&(&self.limit.ntk - &(&change * step)))?;
        Ok(up.iter().zip(&down).map(|(up, down)| (up - down) / (2.0 * step)).collect())
    }

    /// Loss and both outputs of one draw at every time, less what has the limit's mean.
    fn draw(&self, seed: u64) -> Result<Vec<[f64; 3]>> {
        let TrainedNetwork { data, test, rate, width, .. } = &self.network;
        let n = data.inputs.nrows();
        let sizes = Sizes { n_in: data.inputs.ncols(), width: *width, n_out: 1 };
        let net = LayeredNetwork::random(&self.network.architecture, sizes, seed)?;
        let slopes = self.slopes(&empirical_ntk(&net, self.inputs.view(), None)?)?;
        let mut descent = FullBatch::trainer(net, data, *rate, false)?;
        let start = descent.outputs(data.inputs.view())?;
        let test_start = descent.outputs(test.view())?;
        let errors = &data.targets - &start;
        let mut rows = Vec::new();
        for ((steps, map), slope) in STEPS.iter().zip(&self.maps).zip(&slopes) {
            descent.advance_to(*steps)?;
            let learned = (map + slope).dot(&errors);
            let outputs = descent.outputs(test.view())? - &test_start - learned.slice(s![n.., ..]);
            // |(1 − M)(y − f₀)|²/2n, and its first order but for what is quadratic in f₀.
            let (map, slope) = (map.slice(s![..n, ..]), slope.slice(s![..n, ..]));
            let (of_y, of_start) =
                (&data.targets - &map.dot(&data.targets), &start - &map.dot(&start));
            let left = &of_y - &of_start;
            let first = &left * &slope.dot(&data.targets) - &of_y * &slope.dot(&start);
            let loss = ((&left * &left).sum() / 2.0 - first.sum()) / n as f64;
            rows.push([descent.loss() - loss, outputs[[0, 0]], outputs[[1, 0]]]);
        }
        Ok(rows)
    }
}

/// Bias times width of loss and outputs at every time.
fn biases(width: usize, draws: usize) -> Vec<[Measured; 3]> {
    let comparison = Comparison::of(width).unwrap();
    // No two widths share a draw.
    let rows = in_parallel(draws, |run| comparison.draw((width << 24 | run) as u64)).unwrap();
    let measured = |time: usize, k: usize| {
        let (mean, error) = mean_and_error(rows.iter().map(|row| row[time][k]));
        (mean * width as f64, error * width as f64)
    };
    (0..STEPS.len()).map(|time| [0, 1, 2].map(|k| measured(time, k))).collect()
}

/// Of the biases over time the one of largest size.
fn largest(course: impl Iterator<Item = Measured>) -> Measured {
    course.fold((0.0f64, 0.0), |most, next| if next.0.abs() > most.0.abs() { next } else { most })
}

#[test]
fn biases_of_narrow_networks_are_seen_and_within_the_bounds() {
    let network = odd_network(1).unwrap();
    for width in [32, 64] {
        let found = biases(width, 1500);
        for (k, bound) in [network.loss_bias, network.output_bias].into_iter().enumerate() {
            let (bias, error) = largest(found.iter().map(|at| at[k]));
            assert!(bias > 20.0 * error, "width {width}: {bias} ± {error} is not seen");
            assert!(bias + 4.0 * error < bound, "width {width}: {bias} ± {error} for {bound}");
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what is measured is to be read")]
#[ignore = "measures the biases that the wide-network case allows, for some minutes"]
fn biases_of_all_widths_stay_within_the_bounds() {
    let widths = [48usize, 96, 192, 384, 768];
    let found = widths.map(|width| biases(width, 12_000));
    let basis =
        Array2::from_shape_fn((5, 3), |(i, power)| (widths[i] as f64).powi(-(power as i32)));
    let network = odd_network(1).unwrap();
    let bounds = [network.loss_bias, network.output_bias, network.output_bias];
    let (mut slack, mut beyond) = ([f64::INFINITY; 3], Vec::new());
    for (k, bound) in bounds.into_iter().enumerate() {
        // At each time c + d/N + e/N²: the sizes grow with N, up to c.
        let limits = (0..STEPS.len()).map(|time| {
            let values: Vec<Measured> = found.iter().map(|at| at[time][k]).collect();
            weighted_fit(&basis, &values).unwrap()[0]
        });
        let limit = largest(limits);
        println!("observable {k}: limit {:.3} ± {:.3}", limit.0, limit.1);
        for (width, at) in widths.iter().zip(&found) {
            let (bias, error) = largest(at.iter().map(|at| at[k]));
            println!("  width {width}: {bias:.3} ± {error:.3}");
            if bias.abs() >= bound {
                beyond.push((k, *width, bias));
            }
        }
        slack[k] = (bound - limit.0.abs()) / limit.1;
    }
    assert!(beyond.is_empty() && slack.iter().all(|s| *s > 0.0), "{beyond:?}, {slack:?}");
    // And no wider than what measurement leaves open.
    assert!(slack[0] < 8.0 && slack[1].min(slack[2]) < 8.0, "{slack:?} standard errors");
}
