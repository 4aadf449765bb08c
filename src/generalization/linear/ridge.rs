//! Ridge regression of a noisy linear teacher, isotropic inputs, in the limit of many dimensions.
//!
//! X is P × N with entries of variance 1/N, α = P/N, y = Xw̄ + ε with teacher weights of variance
//! σ_w² and noise of variance σ_ε². The student minimizes ‖y − Xw‖² + γ‖w‖². Errors are mean squares
//! on labels with noise, without a factor ½ (`advani2020`).

use ndarray::{Array1, Array2, Axis};

use super::least_squares::{ALPHA, SNR};
use super::sampled_student::{Sample, sample_cells};
use super::student::{Errors, Variances, best_stopping, final_errors};
use crate::curve::Curve;
use crate::math::linalg::solve_positive_definite;
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

const PENALTY: Parameter = Parameter {
    name: "ridge",
    symbol: "γ",
    unit: "",
    default: 0.1,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "strength of the penalty on the weights",
};

/// Test and training error of ridge regression against the number of examples.
pub const RIDGE: Curve = Curve {
    name: "ridge",
    summary: "ridge regression of a noisy linear teacher",
    reference: "advani2020",
    parameters: &[ALPHA, SNR, PENALTY],
    observables: &["test error", "training error"],
    size: "input dimension N",
    cells: |point, n| sample_cells(point.get(&ALPHA), n),
    theory: |point| theory(point, point.get(&PENALTY)),
    simulation: |point, size, seed| simulation(point, size, seed, point.get(&PENALTY)),
    bias: |point, size, here| bias(point, size, here, |p| theory(p, p.get(&PENALTY))),
};

/// Ridge regression with the best penalty: γ = σ_ε²/σ_w², at any number of examples.
pub const RIDGE_OPTIMAL: Curve = Curve {
    name: "ridge-optimal",
    summary: "ridge regression of a noisy linear teacher with the best penalty",
    parameters: &[ALPHA, SNR],
    theory: |point| theory(point, optimal_ridge(&variances(point)?)?),
    simulation: |point, size, seed| {
        simulation(point, size, seed, optimal_ridge(&variances(point)?)?)
    },
    bias: |point, size, here| {
        bias(point, size, here, |p| theory(p, optimal_ridge(&variances(p)?)?))
    },
    ..RIDGE
};

/// The penalty with the smallest test error: the variance of the noise over that of the teacher's
/// weights, as in Bayesian regression. With it E_g = σ_ε²(1 + m(γ)).
///
/// # Errors
/// A teacher without variance: then no penalty is large enough.
pub fn optimal_ridge(variances: &Variances) -> Result<f64> {
    variances.validate()?;
    let ridge = variances.noise / variances.teacher;
    if ridge.is_finite() {
        return Ok(ridge);
    }
    Err(Error::parameter("variance of the teacher", variances.teacher, "it must be positive"))
}

/// Errors of ridge regression with the penalty γ (the start does not matter):
///
/// ```math
/// E_g = \sigma_\epsilon^2 (1 + m) + \gamma(\sigma_\epsilon^2 - \gamma\sigma_w^2)\, m', \qquad
/// E_t = \tfrac1\alpha\big[\gamma^2(\sigma_w^2 (m + \gamma m') - \sigma_\epsilon^2 m')
///       + (\alpha - 1)\sigma_\epsilon^2\big]
/// ```
///
/// with m(γ) = ∫ρ(λ)/(λ + γ) dλ over the Marchenko–Pastur density of XᵀX. Without a penalty it is
/// least squares.
///
/// # Errors
/// A value out of range; [`Error::Diverges`] at α = 1 without a penalty.
pub fn ridge_errors(alpha: f64, ridge: f64, variances: &Variances) -> Result<Errors> {
    variances.validate()?;
    if !(ridge.is_finite() && ridge >= 0.0) {
        return Err(Error::parameter("ridge", ridge, "it must be finite and not negative"));
    }
    if ridge == 0.0 || alpha.is_nan() || alpha <= 0.0 {
        return final_errors(alpha, &Variances { start: 0.0, ..*variances });
    }
    let Variances { teacher, noise, .. } = *variances;
    let b = ridge + alpha - 1.0;
    let root = (b * b + 4.0 * ridge).sqrt();
    // Two forms of the same root, each without cancellation on its side.
    let m = if b > 0.0 { 2.0 / (b + root) } else { (root - b) / (2.0 * ridge) };
    let slope = -(m * m + m) / root;
    let test = noise * (1.0 + m) + ridge * (noise - ridge * teacher) * slope;
    let train = ridge * ridge * (teacher * (m + ridge * slope) - noise * slope);
    Ok(Errors { test, training: (train + (alpha - 1.0) * noise) / alpha })
}

/// How much larger the test error of optimal stopping is than that of optimal ridge regression,
/// relative to it: never negative for a student that starts at zero.
///
/// # Errors
/// As [`best_stopping`].
pub fn stopping_excess(alpha: f64, variances: &Variances) -> Result<f64> {
    let stopped = best_stopping(alpha, variances)?.errors.test;
    let ridge = ridge_errors(alpha, variances.noise / variances.teacher, variances)?.test;
    Ok(stopped / ridge - 1.0)
}

fn variances(point: &Values) -> Result<Variances> {
    Variances::from_snr(point.get(&SNR))
}

fn theory(point: &Values, ridge: f64) -> Result<Vec<f64>> {
    let errors = ridge_errors(point.get(&ALPHA), ridge, &variances(point)?)?;
    Ok(vec![errors.test, errors.training])
}

/// One teacher, one set of examples; the errors are exact for them (the test error is
/// ‖w − w̄‖²/N + σ_ε², averaged over all inputs).
fn simulation(point: &Values, size: usize, seed: u64, ridge: f64) -> Result<Vec<f64>> {
    let sample = Sample::draw(point.get(&ALPHA), &variances(point)?, size, seed)?;
    let errors = sample.errors(&ridge_solution(&sample.inputs, &sample.labels, ridge)?);
    Ok(vec![errors.test, errors.training])
}

/// The weights that minimize ‖y − Xw‖² + γ‖w‖², from the smaller of the two equivalent systems.
///
/// # Errors
/// No penalty where the inputs are linearly dependent.
pub fn ridge_solution(
    inputs: &Array2<f64>,
    labels: &Array1<f64>,
    ridge: f64,
) -> Result<Array1<f64>> {
    let ((p, n), y) = (inputs.dim(), labels.view().insert_axis(Axis(1)));
    let weights = if p < n {
        let gram = inputs.dot(&inputs.t()) + Array2::<f64>::eye(p) * ridge;
        inputs.t().dot(&solve_positive_definite(&gram, &y.to_owned())?)
    } else {
        let gram = inputs.t().dot(inputs) + Array2::<f64>::eye(n) * ridge;
        solve_positive_definite(&gram, &inputs.t().dot(&y))?
    };
    Ok(weights.remove_axis(Axis(1)))
}

/// Corrections of order 1/N act like a shift of α by about 1/N (without ridge and with Gaussian inputs
/// exactly: there N/(P − N − 1) takes the place of N/(P − N)), and the number of examples is rounded,
/// another half.
fn bias(
    point: &Values,
    size: usize,
    here: &[f64],
    theory: impl Fn(&Values) -> Result<Vec<f64>>,
) -> Result<Vec<f64>> {
    let shift = 1.5 / size as f64;
    let mut largest = vec![0.0f64; here.len()];
    for shifted in [-shift, shift] {
        let alpha = (point.get(&ALPHA) + shifted).clamp(ALPHA.low, ALPHA.high);
        let there = theory(&point.with(ALPHA.name, alpha)?)?;
        for ((bias, here), there) in largest.iter_mut().zip(here).zip(there) {
            *bias = bias.max((here - there).abs());
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stopping_comes_close_to_the_best_ridge_and_never_beats_it(
            log_alpha in -3.0..3.0f64, log_snr in -4.0..7.0f64,
        ) {
            let v = Variances::from_snr(log_snr.exp()).unwrap();
            let excess = stopping_excess(log_alpha.exp(), &v).unwrap();
            prop_assert!(excess >= -1e-13, "{excess}");
        }
    }
}
