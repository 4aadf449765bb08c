//! Ridge regression of a noisy linear teacher, isotropic inputs, in the limit of many dimensions.
//!
//! X is P × N with entries of variance 1/N, α = P/N, y = Xw̄ + ε with teacher weights of variance
//! σ_w² and noise of variance σ_ε². The student minimizes ‖y − Xw‖² + γ‖w‖². Errors are mean squares
//! on labels with noise, without a factor ½ (`advani2020`).

use ndarray::Array2;

use super::curve::{Curve, Parameter, Point};
use crate::math::linalg::solve_positive_definite;
use crate::math::random::{Purpose, gaussian, stream};
use crate::{Error, Result};

/// Test and training error of ridge regression against the number of examples.
pub const RIDGE: Curve = Curve {
    name: "ridge",
    summary: "ridge regression of a noisy linear teacher",
    reference: "advani2020",
    parameters: &[
        Parameter {
            name: "alpha",
            symbol: "α",
            default: 1.0,
            low: 1e-3,
            high: 1e3,
            help: "training examples per input dimension",
        },
        Parameter {
            name: "snr",
            symbol: "SNR",
            default: 5.0,
            low: 0.0,
            high: 1e6,
            help: "variance of the teacher's weights over that of the label noise",
        },
        Parameter {
            name: "ridge",
            symbol: "γ",
            default: 0.1,
            low: 0.0,
            high: 1e6,
            help: "strength of the penalty on the weights",
        },
    ],
    observables: &["test error", "training error"],
    size: "input dimension N",
    cells: |point, n| (point.get("alpha") + point.get("alpha").min(1.0)) * (n * n) as f64,
    theory,
    simulation,
    bias,
};

/// ```math
/// E_g = \sigma_\epsilon^2 (1 + m) + \gamma(\sigma_\epsilon^2 - \gamma\sigma_w^2)\, m', \qquad
/// E_t = \tfrac1\alpha\big[\gamma^2(\sigma_w^2 (m + \gamma m') - \sigma_\epsilon^2 m')
///       + (\alpha - 1)\sigma_\epsilon^2\big]
/// ```
///
/// with m(γ) = ∫ρ(λ)/(λ + γ) dλ over the Marchenko–Pastur density of XᵀX and σ_w² = 1.
fn theory(point: &Point) -> Result<Vec<f64>> {
    let (alpha, ridge, noise) = (point.get("alpha"), point.get("ridge"), noise(point)?);
    if ridge == 0.0 {
        return ridgeless(alpha, noise);
    }
    let b = ridge + alpha - 1.0;
    let root = (b * b + 4.0 * ridge).sqrt();
    // Two forms of the same root, each without cancellation on its side.
    let m = if b > 0.0 { 2.0 / (b + root) } else { (root - b) / (2.0 * ridge) };
    let slope = -(m * m + m) / (2.0 * ridge * m + b);
    let test = noise * (1.0 + m) + ridge * (noise - ridge) * slope;
    let train = ridge * ridge * (m + ridge * slope - noise * slope) + (alpha - 1.0) * noise;
    Ok(vec![test, train / alpha])
}

/// The limit without a penalty, where the solution of smallest norm is taken.
fn ridgeless(alpha: f64, noise: f64) -> Result<Vec<f64>> {
    if alpha == 1.0 && noise > 0.0 {
        return Err(Error::Diverges {
            what: "test error".into(),
            place: "α = 1 without ridge".into(),
            remedy: "move α or add a ridge".into(),
        });
    }
    Ok(if alpha > 1.0 {
        vec![noise * (1.0 + 1.0 / (alpha - 1.0)), noise * (1.0 - 1.0 / alpha)]
    } else if alpha == 1.0 {
        vec![0.0, 0.0]
    } else {
        vec![noise + (1.0 - alpha) + noise * alpha / (1.0 - alpha), 0.0]
    })
}

/// Variance of the label noise where the teacher's weights have variance 1.
fn noise(point: &Point) -> Result<f64> {
    match point.get("snr") {
        0.0 => Err(Error::parameter("snr", 0, "it must be positive")),
        snr => Ok(1.0 / snr),
    }
}

/// One teacher, one set of examples; the errors are exact for them (the test error is
/// ‖w − w̄‖²/N + σ_ε², averaged over all inputs).
fn simulation(point: &Point, size: usize, seed: u64) -> Result<Vec<f64>> {
    let (alpha, ridge, noise) = (point.get("alpha"), point.get("ridge"), noise(point)?);
    let n = size as f64;
    let p = (alpha * n).round().max(1.0) as usize;
    let mut rng = stream(seed, Purpose::Task, 0);
    let x = gaussian(p, size, n.sqrt().recip(), &mut rng);
    let teacher = gaussian(size, 1, 1.0, &mut rng);
    let y = x.dot(&teacher) + gaussian(p, 1, noise.sqrt(), &mut rng);
    // The smaller of the two equivalent systems.
    let student = if p < size {
        let gram = x.dot(&x.t()) + Array2::<f64>::eye(p) * ridge;
        x.t().dot(&solve_positive_definite(&gram, &y)?)
    } else {
        let gram = x.t().dot(&x) + Array2::<f64>::eye(size) * ridge;
        solve_positive_definite(&gram, &x.t().dot(&y))?
    };
    let squares = |a: Array2<f64>| a.iter().map(|x| x * x).sum::<f64>();
    let test = squares(&student - &teacher) / n + noise;
    Ok(vec![test, squares(y - x.dot(&student)) / p as f64])
}

/// Corrections of order 1/N act like a shift of α by about 1/N (without ridge and with Gaussian inputs
/// exactly: there N/(P − N − 1) takes the place of N/(P − N)), and the number of examples is rounded,
/// another half.
fn bias(point: &Point, size: usize, theory_here: &[f64]) -> Result<Vec<f64>> {
    let shift = 1.5 / size as f64;
    let mut largest = vec![0.0f64; theory_here.len()];
    for shifted in [-shift, shift] {
        let alpha = (point.get("alpha") + shifted).max(1e-3);
        let there = theory(&RIDGE.with(point, "alpha", alpha)?)?;
        for ((bias, here), there) in largest.iter_mut().zip(theory_here).zip(there) {
            *bias = bias.max((here - there).abs());
        }
    }
    Ok(largest)
}
