//! Networks that learn online approach the theory of infinitely many inputs as fast as their size says.
//!
//! At the same time t = steps/N, order parameters of a network of N inputs scatter with the standard
//! deviation √(variance/N) that the expansion in 1/N gives, so the mean over n runs is off by this over √n,
//! and both fall by a factor of four from one size to the other.

use solvable::net::Nonlinearity;
use solvable::student_teacher::OnlineNetwork;
use solvable::student_teacher::finite::fluctuations::{Corrected, fluctuations};
use solvable::student_teacher::flow::Learning;
use solvable::{Solvable, ensemble};

const SIZES: [usize; 2] = [100, 1600];
const RUNS: u64 = 8;
const TIMES: [f64; 4] = [0.5, 1.0, 2.0, 5.0];

fn models(n_in: usize) -> Vec<OnlineNetwork> {
    let noisy = Learning { rate: 0.5, readout_rate: 0.0, noise: 0.3 };
    let both = Learning { rate: 0.4, readout_rate: 0.4, noise: 0.2 };
    let goldt =
        |activation, k, learning| OnlineNetwork::goldt_2019(activation, k, learning, n_in).unwrap();
    vec![
        OnlineNetwork::saad_solla_1995(0.5, 0.2, n_in),
        goldt(Nonlinearity::ERF_SQRT2, 3, both),
        goldt(Nonlinearity::Linear, 2, noisy),
        OnlineNetwork::rectified(n_in),
    ]
}

/// The corrections of every observable in the order of the predictions, one list a time.
fn corrections(model: &OnlineNetwork) -> Vec<Vec<Corrected>> {
    let (k, m) = (model.start.n_students(), model.start.n_teachers());
    let found = fluctuations(model.activation, &model.learning, &model.start, &TIMES).unwrap();
    let list = |at: solvable::student_teacher::finite::fluctuations::Fluctuations| {
        let mut list = vec![at.generalization_error().unwrap()];
        list.extend((0..k).flat_map(|i| (i..k).map(move |j| (i, j))).map(|(i, j)| at.q(i, j)));
        list.extend((0..k).flat_map(|i| (0..m).map(move |j| (i, j))).map(|(i, j)| at.r(i, j)));
        if model.learning.readout_rate > 0.0 {
            list.extend((0..k).map(|i| at.v(i)));
        }
        list
    };
    found.into_iter().map(list).collect()
}

/// Root mean squares over models, observables and times, in units of the standard deviation of one run
/// with a single input: of the distance between theory and the mean over runs, and of single runs from it.
fn distances(size: usize) -> (f64, f64) {
    let (mut of_means, mut of_runs, mut count) = (0.0, 0.0, 0.0);
    for model in models(size) {
        let prediction = model.predict(&TIMES).unwrap();
        let seeds: Vec<u64> = (0..RUNS).collect();
        let runs = ensemble(&model, &TIMES, &seeds).unwrap();
        for (i, at) in corrections(&model).iter().enumerate() {
            assert_eq!(at.len(), prediction.columns().len());
            for ((name, theory), corrected) in prediction.columns().zip(at) {
                assert!((theory[i] - corrected.value).abs() < 1e-8, "{name}");
                let values: Vec<f64> = runs.iter().map(|run| run.get(name).unwrap()[i]).collect();
                let mean = values.iter().sum::<f64>() / RUNS as f64;
                let squares = values.iter().map(|x| (x - theory[i]).powi(2)).sum::<f64>();
                of_means += (mean - theory[i]).powi(2) / corrected.variance;
                of_runs += squares / RUNS as f64 / corrected.variance;
                count += 1.0;
            }
        }
    }
    ((of_means / count).sqrt(), (of_runs / count).sqrt())
}

#[test]
fn gaps_shrink_with_the_root_of_the_size_as_the_expansion_says() {
    let [small, large] = SIZES.map(distances);
    for (size, (of_means, of_runs)) in SIZES.into_iter().zip([small, large]) {
        let (root, runs) = ((size as f64).sqrt(), (RUNS as f64).sqrt());
        // 240 values of 8 runs each, about a dozen of them independent in every model: single runs are
        // known to 5 %, means to 15 %. Four of these, and 1/N of the small network.
        let scatter = of_runs * root;
        assert!((scatter - 1.0).abs() < 0.2, "N = {size}: single runs scatter {scatter} times");
        let gap = of_means * root * runs;
        assert!((0.4..1.6).contains(&gap), "N = {size}: means are off {gap} times");
    }
    // A sixteenth of the size, a quarter of the distance.
    assert!(large.1 < 0.32 * small.1, "single runs: {} to {}", small.1, large.1);
    assert!(large.0 < 0.5 * small.0, "means: {} to {}", small.0, large.0);
}
