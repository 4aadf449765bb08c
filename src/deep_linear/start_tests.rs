//! Starts of every kind: what random weights neglect, and what descent and theory conserve.

use ndarray::Array2;

use super::balanced::imbalance;
use super::cases;
use super::end_to_end::gram_flow;
use super::riccati::RiccatiFlow;
use super::two_layer_network::TwoLayerNetwork;
use crate::Correlations;
use crate::math::linalg::{eigh, frobenius_norm, spectral_norm};
use crate::net::{LinearNetwork, gradient_descent};

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |m, x| m.max(x.abs()))
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
