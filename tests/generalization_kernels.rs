//! Finite systems against the theories of random features, the hidden manifold and kernels, and what
//! these theories say whatever the parameters.

use ndarray::Array2;
use proptest::prelude::*;
use solvable::curve::Sweep;
use solvable::generalization::HiddenManifold;
use solvable::generalization::Kernel;
use solvable::generalization::KernelRegression;
use solvable::generalization::features::random_features::{
    Coefficients, RANDOM_FEATURES, bias_variance, relu,
};
use solvable::generalization::kernel::curve::SphereRegression;
use solvable::generalization::kernel::from_data::{
    measured_learning_curve, pooled, predicted_learning_curve,
};
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::{Axis, Solvable, ensemble};

/// Mean and standard error.
fn estimate(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    [mean, (squares / (n - 1.0) / n).sqrt()]
}

#[test]
fn the_bias_of_random_features_falls_as_one_over_the_dimension() {
    // Ten features per input, where it is largest: the gap is 3.4 to 3.5 over d in thousands of runs.
    let gap = |size: usize, runs: u64| {
        let fixed = [("ridge", 1e-3)];
        let axis = Axis::FeaturesPerInput;
        let sweep = Sweep::new(&RANDOM_FEATURES, &fixed, "psi1", axis, size).unwrap();
        let theory = sweep.predict(&[10.0]).unwrap().get("test error").unwrap()[0];
        let runs = ensemble(&sweep, &[10.0], &(0..runs).collect::<Vec<u64>>()).unwrap();
        let errors: Vec<f64> = runs.iter().map(|r| r.get("test error").unwrap()[0]).collect();
        let [mean, error] = estimate(&errors);
        [(mean / theory - 1.0) * size as f64, error / theory * size as f64]
    };
    let (small, large) = (gap(14, 400), gap(28, 200));
    assert!(small[0] > 6.0 * small[1] && large[0] > 4.0 * large[1], "{small:?}, {large:?}");
    let error = small[1].hypot(large[1]);
    assert!((small[0] - large[0]).abs() < 4.0 * error, "{small:?}, {large:?}");
}

#[test]
fn parts_of_the_error_share_the_variance_by_their_own_weight() {
    // Noise and sampling put variance into every degree in proportion to m λ²/(λ + κ)². The papers
    // instead enlarge the missing part of each degree by 1/(1 − γ), which gives the same sum without
    // noise, and another division of it.
    let powers = vec![0.0, 1.0, 0.2];
    let model = SphereRegression {
        kernel: Kernel::Tangent { depth: 1 },
        dimension: 10,
        powers: powers.clone(),
        ridge: 1e-3,
        noise: 0.3,
    };
    let samples = 60.0;
    let theory = model.theory(samples).unwrap();
    let at = theory.learn(&[samples]).unwrap()[0];
    let expected = theory.mode_errors(&at);
    let shares = theory.learned_shares(&at);
    let runs: Vec<_> = (0..200).map(|seed| model.simulate(60, 1, seed).unwrap()).collect();
    for degree in [1, 2] {
        let errors: Vec<f64> = runs.iter().map(|run| run.mode_errors[degree]).collect();
        let [mean, error] = estimate(&errors);
        let enlarged = powers[degree] * (1.0 - shares[degree]).powi(2) / at.effective.stability;
        // Two parts in P of bias, as for the whole.
        let allowed = 4.0 * error + 2.0 / samples * expected[degree];
        assert!((mean - expected[degree]).abs() < allowed, "degree {degree}");
        assert!((mean - enlarged).abs() > 10.0 * error, "degree {degree}");
    }
}

#[test]
fn many_copies_of_the_sphere_leave_the_error_where_it_is() {
    let model = SphereRegression {
        kernel: Kernel::Network { depth: 2 },
        dimension: 6,
        powers: vec![0.2, 1.0, 0.5],
        ridge: 0.01,
        noise: 0.1,
    };
    let theory = model.theory(30.0).unwrap().learn(&[30.0]).unwrap()[0];
    for copies in [1, 4] {
        let runs: Vec<_> = (0..60).map(|seed| model.simulate(30, copies, seed).unwrap()).collect();
        let test: Vec<f64> = runs.iter().map(|run| run.test_error).collect();
        let training: Vec<f64> = runs.iter().map(|run| run.training_error).collect();
        for (name, theory, values) in
            [("test", theory.test_error, test), ("training", theory.training_error, training)]
        {
            let [mean, error] = estimate(&values);
            // A shift by 1.5 samples and one part in sP, where the error falls about as 1/P.
            let bias = 2.5 / (30.0 * copies as f64) * theory;
            assert!((mean - theory).abs() < 4.0 * error + bias, "{name} {copies}: {mean} {theory}");
        }
    }
}

/// Gaussian inputs with falling variances, a linear target and noise: here the theory of selected
/// examples is exact in the limit.
fn gaussian_pool(n: usize, seed: u64) -> (Array2<f64>, Array2<f64>) {
    let mut rng = stream(seed, Purpose::Task, 0);
    let mut x = gaussian(n, 50, 1.0, &mut rng);
    for (k, mut column) in x.columns_mut().into_iter().enumerate() {
        column *= (1.0 + k as f64).powf(-0.4);
    }
    let y = x.dot(&gaussian(50, 1, 1.0, &mut rng)) + gaussian(n, 1, 0.7, &mut rng);
    (x, y)
}

#[test]
fn the_curve_predicted_from_data_is_the_one_that_cross_validation_measures() {
    let sizes = [20, 60, 120, 200, 240];
    for ridge in [0.0, 5.0] {
        let mut gaps = vec![Vec::new(); 2 * sizes.len()];
        let mut shifts = vec![0.0f64; sizes.len()];
        for seed in 0..10 {
            let (x, y) = gaussian_pool(250, seed);
            let predict = |sizes: &[usize]| {
                predicted_learning_curve(&x, &y, Kernel::Linear, sizes, ridge).unwrap()
            };
            let predicted = predict(&sizes);
            let next = predict(&sizes.map(|p| p + 2));
            let measured =
                measured_learning_curve(&x, &y, Kernel::Linear, &sizes, ridge, 12, seed).unwrap();
            for (i, (predicted, measured)) in predicted.iter().zip(&measured).enumerate() {
                gaps[2 * i].push(measured.test_error.mean / predicted.test_error - 1.0);
                if ridge > 0.0 {
                    let ratio = measured.training_error.mean / predicted.training_error;
                    gaps[2 * i + 1].push(ratio - 1.0);
                }
                shifts[i] = shifts[i].max((next[i].test_error / predicted.test_error - 1.0).abs());
            }
        }
        for (i, p) in sizes.iter().enumerate() {
            for (name, gaps) in [("test", &gaps[2 * i]), ("training", &gaps[2 * i + 1])] {
                if gaps.is_empty() {
                    continue;
                }
                let [mean, error] = estimate(gaps);
                // As for ridge regression: like a shift of P by up to two, and one part in P.
                let allowed = 4.0 * error + shifts[i] + 1.0 / *p as f64;
                assert!(mean.abs() < allowed, "{name}, ridge {ridge}, {p}: {mean} ± {error}");
            }
        }
    }
}

/// Inputs near a curved surface, labels nonlinear and noisy: nothing makes theory exact.
fn curved_pool(n: usize) -> (Array2<f64>, Array2<f64>) {
    let mut rng = stream(11, Purpose::Task, 0);
    let latent = gaussian(n, 4, 1.0, &mut rng);
    let x = latent.dot(&gaussian(4, 12, 0.7, &mut rng)).mapv(f64::tanh);
    let x = x + gaussian(n, 12, 0.2, &mut rng);
    let y = latent.column(0).to_owned() + latent.column(1).mapv(|z| z * z - 1.0);
    let y = y.insert_axis(ndarray::Axis(1)) + gaussian(n, 1, 0.3, &mut rng);
    (x, y)
}

#[test]
fn on_other_data_the_prediction_is_good_and_the_pool_for_the_population_is_not() {
    // Measured with 40 splits: the prediction is 0 to 15 % low. The usual recipe is low by P/M and
    // more: by 30 % at P = 160 of 400, by half at 320, and without ridge by 44 % and 80 %.
    let (x, y) = curved_pool(400);
    let sizes = [40, 160, 320];
    for (kernel, ridge) in [
        (Kernel::Gaussian { width: 2.0 }, 0.1),
        (Kernel::Tangent { depth: 2 }, 1.0),
        (Kernel::Network { depth: 1 }, 0.0),
    ] {
        let predicted = predicted_learning_curve(&x, &y, kernel, &sizes, ridge).unwrap();
        let measured = measured_learning_curve(&x, &y, kernel, &sizes, ridge, 40, 0).unwrap();
        let usual = pooled(&x, &y, kernel, ridge).unwrap().learn(&[40.0, 160.0, 320.0]).unwrap();
        for ((predicted, measured), usual) in predicted.iter().zip(&measured).zip(&usual) {
            let gap = |error: f64| error / measured.test_error.mean - 1.0;
            let (new, old) = (gap(predicted.test_error), gap(usual.test_error));
            let p = predicted.samples;
            assert!(new.abs() < 0.2, "{kernel:?} {p}: {new}");
            assert!(
                old < -0.4 * p as f64 / 400.0 && old.abs() > 1.5 * new.abs(),
                "{kernel:?} {p}: {old} {new}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_features_have_errors_that_are_possible(
        psi1 in 0.01f64..50.0, psi2 in 0.01f64..50.0, log_ridge in -8.0f64..3.0,
        linear in 0.0f64..2.0, nonlinear in 0.05f64..2.0,
    ) {
        let activation = Coefficients { constant: 0.3, linear, nonlinear };
        let found = bias_variance(psi1, psi2, 10f64.powf(log_ridge), &activation).unwrap();
        // Without noise nothing is worse than no learning by more than the variance of learning.
        prop_assert!(found.bias > 0.0 && found.bias.is_finite());
        prop_assert!(found.variance >= 0.0 && found.variance.is_finite());
        // Scaling the activation is scaling the ridge by its square.
        let doubled = Coefficients { constant: 0.0, linear: 2.0 * linear, nonlinear: 2.0 * nonlinear };
        let same = bias_variance(psi1, psi2, 4.0 * 10f64.powf(log_ridge), &doubled).unwrap();
        prop_assert!((same.bias / found.bias - 1.0).abs() < 1e-6);
        // A strong ridge learns nothing.
        let none = bias_variance(psi1, psi2, 1e12, &activation).unwrap();
        prop_assert!((none.bias - 1.0).abs() < 1e-6 && none.variance < 1e-6);
    }

    #[test]
    fn the_hidden_manifold_has_errors_that_are_possible(
        examples in 0.05f64..20.0, latent in 0.05f64..20.0, log_ridge in -6.0f64..3.0,
        noise in 0.0f64..2.0,
    ) {
        let activation = Coefficients { constant: 0.0, linear: 0.6, nonlinear: 0.2 };
        let ridge = 10f64.powf(log_ridge);
        let model = HiddenManifold { examples, latent, ridge, signal: 1.0, noise, activation };
        let found = model.solve().unwrap();
        prop_assert!(found.test_error > 0.0 && found.test_error.is_finite());
        prop_assert!(found.training_error <= (found.test_error + noise) * (1.0 + 1e-12));
        prop_assert!((0.0..=1.0).contains(&found.teacher));
        // Cauchy and Schwarz.
        prop_assert!(found.teacher.powi(2) <= found.student * (1.0 + 1e-12));
        let strong = HiddenManifold { ridge: 1e9, ..model }.solve().unwrap();
        prop_assert!((strong.test_error - 1.0).abs() < 1e-6);
    }

    #[test]
    fn kernel_learning_curves_are_possible(
        exponent in 1.1f64..3.0, log_ridge in -8.0f64..2.0, noise in 0.0f64..2.0,
        samples in 1.0f64..1e4, modes in 1usize..300,
    ) {
        let eigenvalues: Vec<f64> = (1..=modes).map(|k| (k as f64).powf(-exponent)).collect();
        let model = KernelRegression {
            powers: eigenvalues.clone(),
            multiplicities: vec![1.0; modes],
            eigenvalues,
            ridge: 10f64.powf(log_ridge),
            remainder: 0.0,
            noise,
        };
        let at = model.learn(&[samples]).unwrap()[0];
        prop_assert!(at.test_error >= noise && at.test_error.is_finite());
        prop_assert!(at.training_error <= at.test_error);
        prop_assert!(model.learned_shares(&at).iter().all(|s| (0.0..=1.0).contains(s)));
        // Degrees of freedom never exceed samples.
        prop_assert!(at.effective.residual >= 0.0 && at.effective.stability > 0.0);
        // The best ridge for this Gaussian prior never lets more samples hurt.
        let matched = KernelRegression { ridge: noise, ..model };
        if noise > 1e-3 {
            let curve = matched.learn(&[samples, 1.5 * samples, 3.0 * samples]).unwrap();
            prop_assert!(curve.windows(2).all(|w| w[1].test_error <= w[0].test_error * (1.0 + 1e-9)));
        }
    }
}

#[test]
fn relu_is_its_own_quadrature() {
    let found = Coefficients::of(|h| h.max(0.0));
    assert!((found.nonlinear - relu().nonlinear).abs() < 1e-14);
}
