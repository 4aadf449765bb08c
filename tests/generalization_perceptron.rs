//! Perceptrons, classifiers and message passing: identities that theory must satisfy, and simulation of
//! systems larger than those of the contract in `tests/curves.rs`.

use proptest::prelude::*;
use solvable::curve::{Curve, Sweep};
use solvable::generalization::perceptron::classification::{Loss, penalized_classifier};
use solvable::generalization::perceptron::classification_curves::{HINGE, LOGISTIC};
use solvable::generalization::perceptron::message_passing::{Channel, Inference, Prior};
use solvable::generalization::perceptron::rules::{
    PERCEPTRON, gibbs, hebb, hebb_correction, maximum_margin, pseudo_inverse,
};
use solvable::{Axis, Solvable, check, ensemble};

fn assert_agrees(model: &Sweep, grid: &[f64], runs: u64) {
    let seeds: Vec<u64> = (1000..1000 + runs).collect();
    let prediction = model.predict(grid).unwrap();
    for agreement in check(model, grid, &seeds).unwrap() {
        assert!(agreement.holds(), "{}: {agreement:?}", model.curve.name);
        let values = prediction.get(&agreement.observable).unwrap();
        let largest = values.iter().fold(0.0f64, |m, x| m.max(*x));
        let tolerance = agreement.tolerance.unwrap();
        assert!(tolerance < 0.2 * largest, "{agreement:?} allows anything");
    }
}

fn mean(curve: &'static Curve, size: usize, runs: u64, alpha: f64, column: usize) -> (f64, f64) {
    let sweep = Sweep::new(curve, &[], "alpha", Axis::Load, size).unwrap();
    let seeds: Vec<u64> = (0..runs).collect();
    let found = ensemble(&sweep, &[alpha], &seeds).unwrap();
    let values: Vec<f64> =
        found.iter().map(|run| run.columns().nth(column).unwrap().1[0]).collect();
    let mean = values.iter().sum::<f64>() / runs as f64;
    let squares = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    (mean, (squares / (runs * (runs - 1)) as f64).sqrt())
}

#[test]
fn classifiers_of_two_hundred_weights_are_trained_to_where_theory_says() {
    for (curve, runs) in [(&LOGISTIC, 10), (&HINGE, 40)] {
        for lambda in [0.1, 1.0] {
            let fixed = [("lambda", lambda)];
            let model = Sweep::new(curve, &fixed, "alpha", Axis::Load, 200).unwrap();
            assert_agrees(&model, &[0.5, 1.5, 3.0], runs);
        }
    }
}

#[test]
fn hebbs_rule_is_off_by_the_derived_term_of_order_one_over_n() {
    for alpha in [0.5, 1.0, 2.0] {
        let limit = hebb(alpha).unwrap();
        let term = hebb_correction(alpha).unwrap();
        for size in [10, 20] {
            // Other rules cost more than this one, so sizes are small and runs many.
            let (found, standard_error) = mean(&PERCEPTRON, size, 6000, alpha, 0);
            let rest = (found - limit - term / size as f64).abs();
            let second_order = 3.0 * term.abs() / (size * size) as f64;
            assert!(rest < second_order + 4.0 * standard_error, "α = {alpha}, N = {size}: {rest}");
            assert!(standard_error < 0.15 * term.abs() / size as f64, "the term is not resolved");
        }
    }
}

/// At α = 1 the error of least squares has no 1/N law: where the solution diverges, the gap falls only
/// as the root.
#[test]
fn the_peak_of_least_squares_sharpens_as_the_root_of_the_size() {
    let gap = |size| 0.5 - mean(&PERCEPTRON, size, 2000, 1.0, 1).0;
    let (small, large) = (gap(16), gap(64));
    assert!((small / large - 2.0).abs() < 0.25, "{small} {large}");
}

#[test]
fn no_penalty_gives_the_largest_margin() {
    for alpha in [0.5, 1.0, 2.0, 4.0] {
        let margin = maximum_margin(alpha).unwrap();
        let hinge = penalized_classifier(Loss::Hinge, alpha, 1e-3).unwrap();
        assert!((hinge.test_error - margin.error).abs() < 1e-9, "α = {alpha}");
        assert!((hinge.squared_norm * margin.margin.powi(2) - 1.0).abs() < 1e-9);
        // The logistic loss comes only as near as 1/ln(1/λ), and always closer.
        let gap = |lambda| {
            let logistic = penalized_classifier(Loss::Logistic, alpha, lambda).unwrap();
            (logistic.test_error - margin.error).abs()
        };
        assert!(gap(1e-5) < 0.85 * gap(1e-3), "α = {alpha}: {} {}", gap(1e-5), gap(1e-3));
    }
}

#[test]
fn a_large_penalty_gives_hebbs_rule() {
    for loss in [Loss::Logistic, Loss::Hinge] {
        for alpha in [0.2, 1.0, 5.0] {
            let found = penalized_classifier(loss, alpha, 1e6).unwrap().test_error;
            assert!((found - hebb(alpha).unwrap()).abs() < 1e-6, "{loss:?} {alpha}");
        }
    }
}

#[test]
fn the_linear_channel_with_normal_weights_is_optimal_ridge_regression() {
    for (alpha, noise) in [(0.5, 0.1), (1.0, 0.2), (3.0, 1.0)] {
        let channel = Channel::Linear(noise);
        let q = Inference { prior: Prior::Gaussian, channel, alpha }.fixed_point().unwrap();
        // m = ∫ρ/(λ + Δ) of Marchenko and Pastur; the error with noise is Δ(1 + m).
        let b: f64 = noise + alpha - 1.0;
        let m = ((b * b + 4.0 * noise).sqrt() - b) / (2.0 * noise);
        assert!((1.0 - q - noise * m).abs() < 1e-12, "{alpha} {noise}");
    }
}

#[test]
fn message_passing_on_signs_with_normal_weights_is_bayes_rule() {
    for alpha in [0.3, 1.0, 4.0] {
        let case = Inference { prior: Prior::Gaussian, channel: Channel::Sign, alpha };
        let gap = case.fixed_point().unwrap() - gibbs(alpha).unwrap().overlap;
        assert!(gap.abs() < 1e-11, "{alpha}: {gap}");
    }
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for message in [
            hebb(bad).unwrap_err().to_string(),
            pseudo_inverse(bad).unwrap_err().to_string(),
            gibbs(bad).unwrap_err().to_string(),
            maximum_margin(bad).unwrap_err().to_string(),
            penalized_classifier(Loss::Hinge, bad, 1.0).unwrap_err().to_string(),
        ] {
            assert!(message.contains("α is"), "{message}");
        }
        assert!(penalized_classifier(Loss::Logistic, 1.0, bad).is_err());
    }
    let noisy = Inference { prior: Prior::Ising, channel: Channel::Linear(-0.1), alpha: 1.0 };
    assert!(noisy.fixed_point().unwrap_err().to_string().contains("noise"));
    let huge = Sweep::new(&PERCEPTRON, &[], "alpha", Axis::Load, 1_000_000).unwrap();
    assert!(huge.simulate(&[10.0], 0).unwrap_err().to_string().contains("entries"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_rule_beats_bayes_and_more_examples_help(ln_alpha in -5.0f64..5.0) {
        let alpha = ln_alpha.exp();
        let space = gibbs(alpha).unwrap();
        let margin = maximum_margin(alpha).unwrap();
        for error in [hebb(alpha).unwrap(), pseudo_inverse(alpha).unwrap(), margin.error, space.gibbs_error] {
            prop_assert!(error >= space.bayes_error && error <= 0.5);
        }
        // The vote of two halves is never worse than twice the error of one.
        prop_assert!(space.gibbs_error <= 2.0 * space.bayes_error + 1e-12);
        prop_assert!(gibbs(1.1 * alpha).unwrap().bayes_error < space.bayes_error);
        prop_assert!(maximum_margin(1.1 * alpha).unwrap().margin < margin.margin);
    }

    /// The optimality of the minimum: λ‖w‖² is the sum of the fields times their forces.
    #[test]
    fn penalized_classifiers_exist_everywhere_and_never_beat_bayes(
        ln_alpha in -4.0f64..4.0, ln_lambda in -4.0f64..6.0, hinge in any::<bool>()
    ) {
        let loss = if hinge { Loss::Hinge } else { Loss::Logistic };
        let (alpha, lambda) = (ln_alpha.exp(), ln_lambda.exp());
        let found = penalized_classifier(loss, alpha, lambda).unwrap();
        prop_assert!(found.test_error >= gibbs(alpha).unwrap().bayes_error - 1e-12);
        prop_assert!(found.training_error <= found.test_error);
        // No better than doing nothing at all, which costs ℓ(0) an example.
        let cost = alpha * found.training_loss + 0.5 * lambda * found.squared_norm;
        prop_assert!(cost <= alpha * loss.value(0.0) * (1.0 + 1e-12));
        // ∂(cost)/∂λ = q/2 along the minimum: the loss and the norm belong to one free energy.
        let at = |lambda: f64| {
            let c = penalized_classifier(loss, alpha, lambda).unwrap();
            alpha * c.training_loss + 0.5 * lambda * c.squared_norm
        };
        let slope = (at(lambda * 1.001) - at(lambda * 0.999)) / (0.002 * lambda);
        prop_assert!((slope - 0.5 * found.squared_norm).abs() < 1e-4 * found.squared_norm + 1e-9);
    }
}
