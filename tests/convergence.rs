//! The gap between theory and simulation is not just small: it shrinks as fast as theory says.

use ndarray::{Array1, s};
use solvable::contract::ModelCase;
use solvable::deep_linear::RiccatiFlow;
use solvable::deep_linear::balanced::imbalance;
use solvable::deep_linear::end_to_end::gram_flow;
use solvable::deep_linear::random_start::sensitivity;
use solvable::math::linalg::frobenius_norm;
use solvable::math::random::{Purpose, gaussian, orthogonal, stream};
use solvable::models::all;
use solvable::{Correlations, Trajectory};

fn simulated(case: &ModelCase, rate: f64) -> Trajectory {
    (case.model)(rate).unwrap().simulate(case.grid, case.seeds[0]).unwrap()
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |m, x| m.max(x.abs()))
}

/// First order: half the rate, half the gap. Second order: what is left after extrapolating the
/// rate to zero falls by four, and is far below the gap itself.
#[test]
fn every_gap_is_the_step_size_and_nothing_else() {
    let mut broken = Vec::new();
    for case in all().filter(|case| case.exact) {
        let theory = (case.model)(case.rate).unwrap().predict(case.grid).unwrap();
        let [whole, half, quarter] = [1.0, 0.5, 0.25].map(|part| simulated(case, part * case.rate));
        let scale = largest(theory.columns().flat_map(|(_, values)| values.iter().copied()));
        let mut n_measured = 0;
        for (name, exact) in theory.columns() {
            let [a, b, c] = [&whole, &half, &quarter].map(|run| run.get(name).unwrap());
            let raw = |run: &[f64]| largest(run.iter().zip(exact).map(|(x, y)| x - y));
            let extrapolated = |coarse: &[f64], fine: &[f64]| {
                largest((0..exact.len()).map(|i| 2.0 * fine[i] - coarse[i] - exact[i]))
            };
            // Below a millionth of the scale, adaptive integration and rounding take over.
            if raw(b) < 1e-6 * scale {
                continue;
            }
            n_measured += 1;
            let first = raw(a) / raw(b);
            if (first - 2.0).abs() > 0.3 {
                broken.push(format!("{}: {name}: half the rate, gap / {first:.3}", case.name));
            }
            let (coarse, fine) = (extrapolated(a, b), extrapolated(b, c));
            if fine > 0.1 * raw(c) || (fine > 1e-8 && (coarse / fine - 4.0).abs() > 1.2) {
                broken.push(format!(
                    "{}: {name}: extrapolated {coarse:.2e}, {fine:.2e} from {:.2e}",
                    case.name,
                    raw(c)
                ));
            }
        }
        assert!(n_measured > 0, "{}: nothing to measure", case.name);
    }
    assert!(broken.is_empty(), "not first order:\n  {}", broken.join("\n  "));
}

/// The tolerance of random weights: their imbalance times their sensitivity, in the units of the
/// map, whether weights are small or large for their task, with bottlenecks and spectra of every
/// kind. Without the sensitivity a few draws in a hundred would break it, the worst tenfold.
#[test]
fn the_error_of_taking_random_weights_for_balanced_is_below_its_bound() {
    let mut worst = 0.0f64;
    let mut run = 0;
    for spectrum in [[2.0, 1.2, 0.7, 0.4], [2.0, 0.5, 0.1, 0.02], [1.0, 0.999, 0.5, 0.499]] {
        for scale in [1e-3, 0.1, 10.0] {
            for (n_hidden, std) in [(3, 0.01), (4, 0.03), (4, 0.003), (8, 0.01), (32, 0.01)] {
                run += 1;
                let mut rng = stream(7, Purpose::InitialWeights, run);
                let w1 = gaussian(n_hidden, 5, std, &mut rng);
                let w2 = gaussian(4, n_hidden, std, &mut rng);
                let (u, v) = (orthogonal(4, &mut rng), orthogonal(5, &mut rng));
                let s = Array1::from(spectrum.map(|s| s * scale).to_vec());
                let target = (&u * &s).dot(&v.slice(s![.., ..4]).t());
                let task = Correlations::white(target, 1.0).unwrap();
                let times: Vec<f64> = (0..=50).map(|i| 0.8 * f64::from(i) / scale).collect();
                let exact = gram_flow(&task, &w1, &w2, &times).unwrap();
                let flow = RiccatiFlow::new(&task, &w1, &w2, 0.0).unwrap();
                let closed = flow.states(&times).unwrap();
                let pairs = closed.iter().zip(&exact);
                let gaps = pairs.map(|(a, b)| frobenius_norm((&a.map(flow.modes()) - b).view()));
                let (lambda, rest) = imbalance(&w1, &w2).unwrap();
                let sensitivity = sensitivity(flow.modes(), &w1, &w2).unwrap();
                worst = worst.max(largest(gaps) / (lambda.abs() + rest) / sensitivity);
            }
        }
    }
    assert!(worst > 0.1 && worst < 1.0, "{worst} of the bound");
}
