//! Linear students and regression for the [list of models](crate::models).

use super::sweep;
use crate::contract::{CurveCase, End, ModelCase};
use crate::generalization::linear::deep_student::DeepStudent;
use crate::generalization::linear::least_squares::{
    DOUBLE_DESCENT, LEAST_SQUARES, MISSPECIFIED, STOPPED,
};
use crate::generalization::linear::noisy_teacher::NoisyTeacher;
use crate::generalization::linear::ridge::{RIDGE, RIDGE_OPTIMAL, ridge_solution};
use crate::generalization::linear::ridge_covariance::TWO_VARIANCES;
use crate::generalization::linear::sampled_student::{LinearStudent, Sample};
use crate::generalization::linear::student::Variances;
use crate::math::linalg::eigh;
use crate::{Axis, Result};

/// Learning curves of regression.
pub const ALL: &[CurveCase] = &[
    CurveCase {
        name: "ridge",
        summary: "ridge regression of a noisy linear teacher",
        reference: "advani2020",
        model: |size| sweep(&RIDGE, &[("ridge", 0.2)], "alpha", Axis::Load, size),
        size: 100,
        grid: &[0.3, 0.7, 1.0, 1.5, 3.0],
        runs: 100,
        limits: || {
            // Very many examples: only the label noise remains.
            vec![(1e3, vec![0.2, 0.2])]
        },
        limit_gap: 1e-3,
    },
    CurveCase {
        name: "ridge-optimal",
        summary: "ridge regression of a noisy linear teacher with the best penalty",
        reference: "advani2020",
        model: |size| sweep(&RIDGE_OPTIMAL, &[("snr", 2.0)], "alpha", Axis::Load, size),
        size: 100,
        grid: &[0.3, 0.7, 1.0, 1.5, 3.0],
        runs: 60,
        // Few examples: rows of length 1 that are orthogonal, residuals shrink by γ/(1 + γ) = 1/3.
        limits: || vec![(1e3, vec![0.5, 0.5]), (1e-3, vec![1.5, 1.5 / 9.0])],
        limit_gap: 2e-3,
    },
    CurveCase {
        name: "least-squares",
        summary: "least squares of a noisy linear teacher, on both sides of the peak",
        reference: "krogh1992",
        model: |size| sweep(&LEAST_SQUARES, &[("start", 0.5)], "alpha", Axis::Load, size),
        size: 40,
        grid: &[0.25, 0.5, 0.75, 1.5, 2.0, 4.0],
        runs: 200,
        // α → 0: teacher, start and noise; many examples: the noise.
        limits: || vec![(1e-3, vec![1.7, 0.0]), (1e3, vec![0.2, 0.2])],
        limit_gap: 2e-3,
    },
    CurveCase {
        name: "linear-stopped",
        summary: "a linear student, stopped at the best time",
        reference: "advani2020",
        model: |size| sweep(&STOPPED, &[], "alpha", Axis::Load, size),
        size: 60,
        grid: &[0.25, 0.5, 1.0, 2.0, 4.0],
        runs: 100,
        limits: || vec![(1e3, vec![0.2, 0.2])],
        limit_gap: 1e-3,
    },
    CurveCase {
        name: "double-descent",
        summary: "ridgeless regression against parameters per example",
        reference: "hastie2022",
        model: |size| sweep(&DOUBLE_DESCENT, &[], "gamma", Axis::ParametersPerExample, size),
        size: 40,
        grid: &[0.25, 0.5, 0.8, 1.25, 2.0, 5.0],
        runs: 200,
        // Far too many parameters: the null risk.
        limits: || vec![(1e-3, vec![0.2, 0.2]), (1e3, vec![1.2, 0.0])],
        limit_gap: 2e-3,
    },
    CurveCase {
        name: "double-descent-misspecified",
        summary: "ridgeless regression with inputs that the student does not see",
        reference: "hastie2022",
        model: |size| sweep(&MISSPECIFIED, &[], "gamma", Axis::ParametersPerExample, size),
        size: 40,
        grid: &[0.25, 0.5, 0.75, 1.5, 2.0, 5.0],
        runs: 200,
        // Nothing is seen of the signal; all of it, but by far too many parameters.
        limits: || vec![(1e-3, vec![1.2, 1.2]), (1e3, vec![1.2, 0.0])],
        limit_gap: 5e-3,
    },
    CurveCase {
        name: "ridge-two-variances",
        summary: "ridge regression with strong and weak inputs, on both sides of both transitions",
        reference: "hastie2022",
        model: |size| {
            let fixed = [("contrast", 30.0), ("alignment", 0.8), ("ridge", 0.02)];
            sweep(&TWO_VARIANCES, &fixed, "alpha", Axis::Load, size)
        },
        size: 80,
        grid: &[0.2, 0.5, 0.8, 1.2, 3.0],
        runs: 100,
        // Many examples, and the bias of the ridge: Σ energy·λ²/(s + λ)².
        limits: || {
            let [strong, weak] = [60.0 / 31.0, 2.0 / 31.0];
            let part = |energy: f64, s: f64| energy * (0.02 / (s + 0.02f64)).powi(2);
            let error = 0.2 + part(0.8, strong) + part(0.2, weak);
            vec![(1e3, vec![error, error])]
        },
        limit_gap: 1e-3,
    },
    CurveCase {
        name: "linear-student",
        summary: "a linear student of a noisy teacher over time, few examples",
        reference: "advani2020",
        model: |size| Ok(Box::new(student(0.5, size))),
        size: 40,
        grid: &[0.2, 1.0, 3.0, 10.0, 50.0],
        runs: 200,
        limits: || vec![(0.0, vec![1.5, 1.5]), (1e9, vec![0.25 + 0.5 * 1.25 + 0.25, 0.0])],
        limit_gap: 1e-9,
    },
    CurveCase {
        name: "linear-student-critical",
        summary: "a linear student with as many examples as weights: overtraining without end",
        reference: "krogh1992",
        model: |size| Ok(Box::new(student(1.0, size))),
        size: 40,
        grid: &[0.2, 1.0, 3.0, 10.0, 40.0],
        runs: 200,
        limits: || vec![(0.0, vec![1.5, 1.5])],
        limit_gap: 1e-9,
    },
    CurveCase {
        name: "noisy-teacher",
        summary: "a low-rank teacher with noisy targets: signal first, noise later",
        reference: "lampinen2019",
        model: |size| {
            let strengths = vec![3.0, 1.5];
            Ok(Box::new(NoisyTeacher { strengths, ratio: 0.5, start: 1e-3, n_out: size }))
        },
        size: 40,
        grid: &[0.5, 1.0, 1.5, 2.0, 4.0, 8.0],
        runs: 60,
        // All the noise is learned.
        limits: || vec![(1e4, vec![40.0 / 11.25, 0.0])],
        limit_gap: 1e-9,
    },
];

/// Students that learn in time, exact for the data they are given.
pub const COURSES: &[ModelCase] = &[ModelCase {
    name: "deep-student",
    summary: "a deep linear student of noisy examples: test and training error, exact for a sample",
    reference: "advani2020",
    model: |rate| Ok(Box::new(deep_student(rate)?)),
    rate: 0.001,
    grid: &times::<41>(6.0),
    seeds: &[0, 1],
    // Least squares; slowest is the weakest input, at the rate λ‖w‖^{2−2/L}.
    end: || {
        let sample = deep_student(0.001)?.sample;
        let weights = ridge_solution(&sample.inputs, &sample.labels, 0.0)?;
        let slowest = eigh(&sample.inputs.t().dot(&sample.inputs))?.0[11];
        let errors = sample.errors(&weights);
        let rate = slowest * weights.dot(&weights).powf(2.0 / 3.0);
        Ok(End { values: vec![errors.test, errors.training], after: 60.0 / rate })
    },
    restart: |time| Ok(Box::new(deep_student(0.001)?.after(time)?)),
    exact: true,
}];

fn student(alpha: f64, size: usize) -> LinearStudent {
    let variances = Variances { teacher: 1.0, start: 0.25, noise: 0.25 };
    LinearStudent { alpha, variances, size }
}

fn deep_student(rate: f64) -> Result<DeepStudent> {
    let variances = Variances { teacher: 1.0, start: 0.02, noise: 0.3 };
    let sample = Sample::draw(3.0, &variances, 12, 7)?;
    Ok(DeepStudent { sample, hidden: vec![3, 2], rate })
}

/// `N` even times from 0 to `last`.
const fn times<const N: usize>(last: f64) -> [f64; N] {
    let mut grid = [0.0; N];
    let mut i = 0;
    while i < N {
        grid[i] = last * i as f64 / (N - 1) as f64;
        i += 1;
    }
    grid
}
