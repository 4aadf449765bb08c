//! The gap between theory and simulation is not just small: it shrinks as fast as theory says.

use ndarray::{Array1, Array2, s};
use solvable::deep_linear::balanced::imbalance;
use solvable::deep_linear::cases;
use solvable::deep_linear::end_to_end::gram_flow;
use solvable::deep_linear::random_start::sensitivity;
use solvable::deep_linear::riccati::RiccatiFlow;
use solvable::deep_linear::two_layer_network::TwoLayerNetwork;
use solvable::math::linalg::{eigh, frobenius_norm, spectral_norm};
use solvable::math::random::{Purpose, gaussian, orthogonal, stream};
use solvable::models::{ModelCase, all};
use solvable::net::{LinearNetwork, gradient_descent};
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

/// What the closed form neglects for random weights is their imbalance, of order σ². The flow
/// itself is known without it (Gram flow), so no step size enters.
#[test]
fn the_error_of_taking_random_weights_for_balanced_falls_as_their_variance() {
    let times: Vec<f64> = (0..=100).map(|i| 0.4 * f64::from(i)).collect();
    let error = |std: f64| {
        let network = cases::small_random(0.01, std).unwrap();
        let TwoLayerNetwork { task, w1, w2, .. } = &network;
        let exact = gram_flow(task, w1, w2, &times).unwrap();
        let closed = network.maps_at(&times).unwrap();
        largest(closed.iter().zip(&exact).map(|(a, b)| frobenius_norm((a - b).view())))
    };
    let stds = [0.03, 0.01, 0.003, 0.001];
    let errors = stds.map(error);
    let slope = (errors[0] / errors[3]).ln() / (stds[0] / stds[3]).ln();
    assert!((slope - 2.0).abs() < 0.1, "errors {errors:?} fall with exponent {slope}");
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

/// Initial weights of every kind of start, with their task.
fn starts() -> Vec<(&'static str, Correlations, Vec<Array2<f64>>)> {
    let aligned = [
        ("two-layer-unequal", cases::two_layer_unequal(1.0).unwrap()),
        ("four-layer-unequal", cases::four_layer_unequal(1.0).unwrap()),
        ("bottleneck", cases::bottleneck(1.0).unwrap()),
        ("rumelhart", cases::rumelhart(1.0).unwrap()),
    ];
    let balanced = [
        ("balanced-correlated", cases::balanced_correlated(1.0).unwrap()),
        ("scalar-output", cases::scalar_output(1.0).unwrap()),
    ];
    let two_layer = [
        ("zero-balanced", cases::zero_balanced(1.0).unwrap()),
        ("lambda-balanced", cases::lambda_balanced(1.0).unwrap()),
        ("lambda-negative", cases::lambda_negative(1.0).unwrap()),
        ("wrong-sign", cases::wrong_sign(1.0).unwrap()),
        ("large-random", cases::large_random(1.0).unwrap()),
    ];
    let mut starts = Vec::new();
    starts.extend(aligned.map(|(n, m)| (n, m.task.clone(), m.initial_weights(0).unwrap())));
    starts.extend(balanced.map(|(n, m)| (n, m.task.clone(), m.initial_weights(0).unwrap())));
    starts.extend(two_layer.map(|(n, m)| (n, m.task.clone(), m.initial_weights(0))));
    starts
}

/// Gradient flow conserves W_{l+1}ᵀW_{l+1} − W_lW_lᵀ. A step of descent changes it by η², so a run
/// of fixed length changes it by η.
#[test]
fn descent_conserves_the_balance_of_its_layers_to_first_order() {
    for (name, task, weights) in starts() {
        let initial = LinearNetwork::new(weights.clone()).unwrap().imbalances();
        let drift = |rate: f64| {
            let net = LinearNetwork::new(weights.clone()).unwrap();
            let end = gradient_descent(net, &task, rate, &[6.0], |_, _| Ok(())).unwrap();
            let pairs = initial.iter().zip(end.imbalances());
            largest(pairs.map(|(before, after)| frobenius_norm((&after - before).view())))
        };
        let (whole, half) = (drift(0.004), drift(0.002));
        // Equal layers that start aligned keep their balance to rounding.
        if whole > 1e-10 {
            assert!((whole / half - 2.0).abs() < 0.1, "{name}: drifts {whole:.2e}, {half:.2e}");
        }
        assert!(whole < 0.05, "{name}: {whole:.2e}");
    }
}

#[test]
fn predicted_similarities_are_symmetric_and_positive_and_keep_their_balance() {
    let times: Vec<f64> = (0..=20).map(|i| 0.5 * f64::from(i)).collect();
    for (network, lambda) in [
        (cases::zero_balanced(1.0).unwrap(), 0.0),
        (cases::lambda_balanced(1.0).unwrap(), 1.5),
        (cases::lambda_negative(1.0).unwrap(), -2.0),
        (cases::wrong_sign(1.0).unwrap(), 0.0),
    ] {
        let flow = RiccatiFlow::new(&network.task, &network.w1, &network.w2, lambda).unwrap();
        for state in flow.states(&times).unwrap() {
            let blocks = state.blocks(flow.modes());
            for gram in [blocks.input_gram, blocks.output_gram] {
                let size = spectral_norm(&gram).unwrap();
                assert!(frobenius_norm((&gram - &gram.t()).view()) <= 1e-15 * size);
                let smallest = *eigh(&gram).unwrap().0.last().unwrap();
                assert!(smallest > -1e-14 * size, "eigenvalue {smallest:.2e} of {size:.2}");
            }
            // W₂ᵀW₂ − W₁W₁ᵀ = λI in the hidden units' own basis.
            let (w1, w2) = (&state.input_side, state.output_side.t().to_owned());
            let (found, rest) = imbalance(w1, &w2).unwrap();
            assert!((found - lambda).abs() < 1e-11 && rest < 1e-11, "{found} {rest:.2e}");
        }
    }
}
