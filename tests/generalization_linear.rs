//! Finite systems against their theory where the distance is known: it falls as 1/N, with the factor
//! that theory says.

use solvable::generalization::linear::noisy_teacher::{NoisyTeacher, leading_errors};
use solvable::generalization::linear::sampled_student::{LinearStudent, Sample, finite_size_shift};
use solvable::generalization::linear::student::{
    Errors, Variances, expected_final_errors, final_errors,
};
use solvable::{Solvable, Trajectory, ensemble};

/// Mean and standard error of an observable over runs.
fn mean(runs: &[Trajectory], name: &str, i: usize) -> (f64, f64) {
    let values: Vec<f64> = runs.iter().map(|run| run.get(name).unwrap()[i]).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

#[test]
fn the_bias_of_least_squares_falls_as_one_over_n_on_both_sides_of_the_peak() {
    let variances = Variances { teacher: 1.0, start: 0.0, noise: 0.3 };
    for alpha in [0.5, 3.0] {
        let limit = final_errors(alpha, &variances).unwrap().test;
        let scaled = |n: usize| {
            let p = (alpha * n as f64) as usize;
            n as f64 * (expected_final_errors(p, n, &variances).unwrap().test - limit)
        };
        let late = finite_size_shift(alpha, &variances, 1, &[1e9]).unwrap()[0].test;
        let gaps: Vec<f64> = [100, 200, 400, 800].map(|n| (scaled(n) / late - 1.0).abs()).to_vec();
        assert!(gaps[3] < 0.01, "α = {alpha}: {gaps:?}");
        assert!(gaps.windows(2).all(|g| (g[0] / g[1] - 2.0).abs() < 0.1), "{gaps:?}");
    }
}

#[test]
fn the_expectation_of_a_small_system_is_exact() {
    let variances = Variances { teacher: 1.0, start: 0.4, noise: 0.3 };
    for (p, n) in [(20usize, 10usize), (7, 14)] {
        let expected = expected_final_errors(p, n, &variances).unwrap();
        let errors: Vec<Errors> = (0..6000)
            .map(|seed| {
                let sample = Sample::draw(p as f64 / n as f64, &variances, n, seed).unwrap();
                assert_eq!(sample.inputs.dim(), (p, n));
                sample.modes().unwrap().errors(f64::INFINITY)
            })
            .collect();
        for (of, expected) in [
            ((|e: &Errors| e.test) as fn(&Errors) -> f64, expected.test),
            (|e| e.training, expected.training),
        ] {
            let mean = errors.iter().map(of).sum::<f64>() / 6000.0;
            let squares: f64 = errors.iter().map(|e| (of(e) - mean).powi(2)).sum();
            let error = squares.sqrt() / 6000.0;
            assert!((mean - expected).abs() <= 4.0 * error + 1e-12, "{mean}, {expected}, {error}");
        }
    }
}

#[test]
fn the_bias_over_time_is_the_derived_shift_and_falls_as_one_over_n() {
    let variances = Variances { teacher: 0.2, start: 0.0, noise: 1.0 };
    let times = [0.5, 2.0, 8.0];
    let mut resolved = 0;
    for alpha in [0.5, 1.0, 2.0] {
        for size in [8, 16] {
            let model = LinearStudent { alpha, variances, size };
            let runs = ensemble(&model, &times, &(0..6000).collect::<Vec<_>>()).unwrap();
            let theory = model.predict(&times).unwrap();
            let shifts = finite_size_shift(alpha, &variances, size, &times).unwrap();
            for (i, shift) in shifts.iter().enumerate() {
                for (name, shift) in
                    [("test error", shift.test), ("training error", shift.training)]
                {
                    let (mean, error) = mean(&runs, name, i);
                    let bias = mean - theory.get(name).unwrap()[i];
                    // The next order: what is left of the shift is at most of relative order 1/N·10.
                    let rest = 4.0 * error + 10.0 * shift.abs() / size as f64;
                    assert!(
                        (bias - shift).abs() < rest,
                        "α = {alpha}, N = {size}: {bias}, {shift}"
                    );
                    resolved += usize::from(shift.abs() > 5.0 * error);
                }
            }
        }
    }
    assert!(resolved >= 8, "only {resolved} shifts stand out of the noise");
}

#[test]
fn a_noisy_teacher_leaves_the_leading_order_and_agrees_with_its_corrections() {
    let times = [2.0, 4.0, 10.0];
    for (strength, n_out) in [(2.0, 20), (2.0, 40), (0.4, 20)] {
        let model = NoisyTeacher { strengths: vec![strength], ratio: 0.5, start: 1e-3, n_out };
        let runs = ensemble(&model, &times, &(0..400).collect::<Vec<_>>()).unwrap();
        let corrected = model.predict(&times).unwrap();
        let leading = leading_errors(&model, &times).unwrap();
        let allowed = model.tolerance(&corrected).unwrap().finite_size.unwrap().biases;
        for i in 1..3 {
            let (mean, error) = mean(&runs, "test error", i);
            let gap = (mean - corrected.get("test error").unwrap()[i]).abs();
            assert!(gap < 4.0 * error + allowed[0][i], "{strength}, N₃ = {n_out}: {gap}, {error}");
            // What the paper's form leaves out does not fall with the size.
            let missing = (leading[i].test - mean) * strength * strength;
            let error = error * strength * strength;
            assert!(missing.abs() > 5.0 * error, "{strength}, {n_out}: {missing} of {error}");
        }
    }
}
