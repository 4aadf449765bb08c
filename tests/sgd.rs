//! Stochastic gradient descent on examples against the theory of the full batch.

use ndarray::Array2;
use solvable::deep_linear::TwoLayerNetwork;
use solvable::deep_linear::recording::{mode_name, record_maps};
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::net::{Batches, LinearNetwork, gradient_descent, stochastic_gradient_descent};
use solvable::{Correlations, Dataset, Modes, Solvable, Trajectory};

/// Times that a stochastic run is recorded at: while the modes are learned, and after.
const TIMES: [f64; 7] = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0];

/// Examples with noise in the targets, so that the gradient of a batch is noisy to the end.
fn examples(n_samples: usize) -> Dataset {
    let mut rng = stream(0, Purpose::Task, 20);
    let teacher = gaussian(3, 4, 0.8, &mut rng);
    let inputs = gaussian(n_samples, 4, 1.0, &mut rng);
    let targets = inputs.dot(&teacher.t()) + gaussian(n_samples, 3, 0.5, &mut rng);
    Dataset::new(inputs, targets).unwrap()
}

fn network(data: &Dataset, rate: f64) -> TwoLayerNetwork {
    let mut rng = stream(0, Purpose::InitialWeights, 20);
    let (w1, w2) = (gaussian(5, 4, 0.4, &mut rng), gaussian(3, 5, 0.4, &mut rng));
    TwoLayerNetwork { task: Correlations::of(data).unwrap(), w1, w2, rate }
}

fn start(data: &Dataset) -> LinearNetwork {
    let TwoLayerNetwork { w1, w2, .. } = network(data, 1.0);
    LinearNetwork::new(vec![w1, w2]).unwrap()
}

/// Maps of one stochastic run at `TIMES`.
fn stochastic_maps(data: &Dataset, rate: f64, size: usize, run: u32) -> Vec<Array2<f64>> {
    let mut maps = Vec::new();
    let batches = Batches { size, seed: 0, run };
    stochastic_gradient_descent(start(data), data, batches, rate, &TIMES, |_, net| {
        maps.push(net.map());
        Ok(())
    })
    .unwrap();
    maps
}

fn recorded(task: &Correlations, maps: &[Array2<f64>]) -> Trajectory {
    record_maps(task, &Modes::of(task).unwrap(), &TIMES, maps).unwrap()
}

/// The mean over runs obeys the full-batch flow up to three things: the spread of the runs over
/// their number, the step size (known from the full batch), and a bias of the size of the noise's
/// variance, since the flow is nonlinear. That bias is of first order in rate/batch like the
/// variance itself, with a curvature of order one: allowed is the largest variance seen.
#[test]
fn the_mean_over_runs_follows_the_theory_of_the_full_batch() {
    let data = examples(64);
    let (rate, size, n_runs) = (0.01, 8, 96);
    let model = network(&data, rate);
    let theory = model.predict(&TIMES).unwrap();
    let step = model.tolerance(&theory).unwrap();
    let runs: Vec<Trajectory> = (0..n_runs)
        .map(|run| recorded(&model.task, &stochastic_maps(&data, rate, size, run)))
        .collect();
    for k in 0..3 {
        let name = mode_name(k);
        let exact = theory.get(&name).unwrap();
        for (i, t) in TIMES.iter().enumerate() {
            let values: Vec<f64> = runs.iter().map(|run| run.get(&name).unwrap()[i]).collect();
            let mean = values.iter().sum::<f64>() / f64::from(n_runs);
            let variance =
                values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n_runs - 1);
            let allowed = step.gaps[k] + 4.0 * (variance / f64::from(n_runs)).sqrt() + variance;
            let gap = (mean - exact[i]).abs();
            assert!(gap <= allowed, "{name} at t = {t}: gap {gap:.2e}, allowed {allowed:.2e}");
        }
    }
}

/// Root mean square distance of stochastic maps from the full-batch map of the same rate, while
/// and after the modes are learned.
fn noise(data: &Dataset, rate: f64, size: usize) -> f64 {
    let n_runs = 64;
    let task = Correlations::of(data).unwrap();
    let mut full = Vec::new();
    gradient_descent(start(data), &task, rate, &TIMES, |_, net| {
        full.push(net.map());
        Ok(())
    })
    .unwrap();
    let square = |run: u32| {
        let maps = stochastic_maps(data, rate, size, run);
        let gaps = maps.iter().zip(&full).map(|(a, b)| (a - b).mapv(|x| x * x).sum());
        gaps.sum::<f64>()
    };
    ((0..n_runs).map(square).sum::<f64>() / f64::from(n_runs)).sqrt()
}

/// As long as no example comes twice, steps are independent and the noise is √(rate/batch). The
/// runs below use at most a sixteenth of the examples: what is left out of that lowers the noise of
/// the longest by 3 %, its exponent by 0.02. 64 runs of 12 weights leave about as much.
#[test]
fn noise_is_the_square_root_of_rate_over_batch_size() {
    let data = examples(40_000);
    let by_rate = (noise(&data, 0.02, 1) / noise(&data, 0.005, 1)).ln() / 4f64.ln();
    let by_size = (noise(&data, 0.02, 1) / noise(&data, 0.02, 4)).ln() / 4f64.ln();
    assert!((by_rate - 0.5).abs() < 0.08, "noise grows with rate to the {by_rate}");
    assert!((by_size - 0.5).abs() < 0.08, "noise falls with batch size to the {by_size}");
}

/// Over a whole epoch of a shuffled sequence the noise sums to zero; what is left comes from the
/// order within it and is of first order in the rate, as long as an epoch is short (here 0.16 and
/// 0.04 against learning times of order one).
#[test]
fn short_epochs_average_the_noise_away() {
    let data = examples(64);
    let by_rate = (noise(&data, 0.01, 4) / noise(&data, 0.0025, 4)).ln() / 4f64.ln();
    assert!((by_rate - 1.0).abs() < 0.1, "noise grows with rate to the {by_rate}");
}

#[test]
fn a_batch_of_everything_is_the_full_batch() {
    let (data, rate) = (examples(64), 0.01);
    let maps = stochastic_maps(&data, rate, data.n_samples(), 0);
    let theory = network(&data, rate);
    let full = theory.simulate(&TIMES, 0).unwrap();
    let found = recorded(&theory.task, &maps);
    for (name, values) in full.columns() {
        for (a, b) in values.iter().zip(found.get(name).unwrap()) {
            assert!((a - b).abs() < 1e-10, "{name}: {a} against {b}");
        }
    }
}
