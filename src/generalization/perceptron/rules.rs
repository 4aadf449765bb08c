//! A perceptron learns a teacher perceptron from examples.
//!
//! P = αN inputs with independent standard normal entries are labeled by the sign of
//! $`w_0 \cdot x`$. A student at overlap R with the teacher (the cosine of their angle) is wrong about
//! a new input with probability $`\epsilon = \arccos(R)/\pi`$. In the limit of large N every rule below
//! has a sharp R(α) (`seung1992`, `engel2001`). All functions return ε from the tangent
//! $`\sqrt{1-R^2}/R`$, which stays exact when R is within rounding of 1.
//!
//! | rule | what it does | ε at large α |
//! |---|---|---|
//! | [`hebb`] | adds up the labeled inputs | $`0.399/\sqrt\alpha`$ |
//! | [`pseudo_inverse`] | least squares on the labels | $`0.240/\sqrt\alpha`$ |
//! | [`gibbs`] | a random student without errors | $`0.625/\alpha`$ |
//! | Bayes ([`VersionSpace::bayes_error`]) | the vote of all students without errors | $`0.442/\alpha`$ |
//! | [`maximum_margin`] | the student farthest from every mistake | $`0.5005/\alpha`$ |

use std::f64::consts::{FRAC_2_PI, PI};

use ndarray::{Array1, Axis};

use super::dual_ascent::support_vector_weights;
use super::examples::Examples;
use crate::curve::Curve;
use crate::math::linalg::solve_positive_definite;
use crate::math::normal::{cumulative, density, hazard, mean, mean_between};
use crate::math::roots::brent;
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

/// Generalization error of the rules that name one student.
pub const PERCEPTRON: Curve = Curve {
    name: "perceptron",
    summary: "a perceptron learns a teacher perceptron by three rules",
    reference: "seung1992",
    parameters: &[ALPHA],
    observables: &["Hebb", "pseudo-inverse", "maximum margin"],
    size: "input dimension N",
    cells: |point, n| 2.0 * (point.get(&ALPHA) + 1.0) * (n as f64).powi(2),
    theory: |point| {
        let alpha = point.get(&ALPHA);
        Ok(vec![hebb(alpha)?, pseudo_inverse(alpha)?, maximum_margin(alpha)?.error])
    },
    simulation,
    bias,
};

pub(crate) const ALPHA: Parameter = Parameter {
    name: "alpha",
    symbol: "α",
    unit: "",
    default: 1.0,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "training examples per input dimension",
};

/// The same load, checked.
///
/// # Errors
/// It is not positive and finite.
pub(crate) fn positive_load(alpha: f64) -> Result<f64> {
    if alpha > 0.0 && alpha.is_finite() {
        return Ok(alpha);
    }
    Err(Error::parameter("α", alpha, "it must be positive and finite"))
}

/// Error at the angle with a given tangent, which may be infinite.
fn error_at_tangent(tangent: f64) -> f64 {
    tangent.atan() / PI
}

/// Hebb's rule $`w = \sum_\mu y_\mu x_\mu`$:
///
/// ```math
/// R = \Big(1 + \frac{\pi}{2\alpha}\Big)^{-1/2}
/// ```
///
/// # Errors
/// α is not positive.
pub fn hebb(alpha: f64) -> Result<f64> {
    Ok(error_at_tangent((PI / (2.0 * positive_load(alpha)?)).sqrt()))
}

/// Least squares on the labels ±1, of smallest norm where they can be met exactly:
///
/// ```math
/// R = \Big(1 + \frac{\pi/2 - 1}{\alpha - 1}\Big)^{-1/2} \ (\alpha > 1), \qquad
/// R = \sqrt{\frac{2\alpha(1-\alpha)}{\pi - 2\alpha}} \ (\alpha < 1)
/// ```
///
/// At α = 1 the norm diverges and nothing is known about new inputs: ε = ½, finite.
///
/// # Errors
/// α is not positive.
pub fn pseudo_inverse(alpha: f64) -> Result<f64> {
    let alpha = positive_load(alpha)?;
    let squared_tangent = if alpha >= 1.0 {
        (0.5 * PI - 1.0) / (alpha - 1.0)
    } else {
        (PI - 4.0 * alpha + 2.0 * alpha * alpha) / (2.0 * alpha * (1.0 - alpha))
    };
    Ok(error_at_tangent(squared_tangent.sqrt()))
}

/// The set of all students that make no error on the examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VersionSpace {
    /// Overlap q of two of its students, and of each with the teacher.
    pub overlap: f64,
    /// Error of a random one: ε at R = q.
    pub gibbs_error: f64,
    /// Error of their vote, which no other rule can beat: ε at $`R = \sqrt q`$.
    pub bayes_error: f64,
}

/// A random student without errors (zero temperature, on the sphere):
///
/// ```math
/// q = 2\alpha \int Dt\, \frac{\varphi(u)^2}{H(u)}, \qquad u = t\sqrt{\frac{q}{1-q}}
/// ```
///
/// The equation gives α for a given $`a^2 = q/(1-q)`$, so one root is looked for, in ln a.
///
/// # Errors
/// α is not positive.
pub fn gibbs(alpha: f64) -> Result<VersionSpace> {
    let alpha = positive_load(alpha)?;
    let residual = |ln_a: f64| {
        let a = ln_a.exp();
        let q = a * a / (1.0 + a * a);
        (q / (2.0 * alpha * fisher_information(a))).ln()
    };
    // a² = 2α/π for few examples, a = 0.72 α for many.
    let (low, high) = (0.1 * alpha.min(alpha.sqrt()), 10.0 * alpha.max(alpha.sqrt()));
    let a = brent(residual, low.ln(), high.ln()).ok_or_else(|| unsolved("Gibbs", alpha))?.exp();
    let one_minus_q = 1.0 / (1.0 + a * a);
    let q = a * a * one_minus_q;
    Ok(VersionSpace {
        overlap: q,
        gibbs_error: error_at_tangent((one_minus_q * (1.0 + q)).sqrt() / q),
        bayes_error: error_at_tangent(1.0 / a),
    })
}

/// $`\int Dt\, \varphi(at)^2/H(at)`$: what a sign says about the field behind it.
pub(crate) fn fisher_information(a: f64) -> f64 {
    mean(|t| density(a * t) * hazard(a * t), &[(0.0, 1.0 / a)])
}

pub(crate) fn unsolved(what: &str, alpha: f64) -> Error {
    let reason = format!("no root of the equation for {what} at α = {alpha}");
    Error::Numerical { method: "root of a saddle-point equation", reason }
}

/// The student of largest margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaximumMargin {
    /// Overlap R with the teacher.
    pub overlap: f64,
    /// Distance κ of the nearest example from the boundary, where inputs have unit variance.
    pub margin: f64,
    /// Probability of an error on a new input.
    pub error: f64,
}

/// The student of largest margin κ. With $`s = \sqrt{1 - R^2}`$,
///
/// ```math
/// 2\alpha \int_{-\infty}^{\kappa} Dt\, H(-Rt/s)\,(\kappa - t)^2 = s^2, \qquad
/// R = \alpha\sqrt{\tfrac2\pi}\,\big[\kappa\,\Phi(\kappa/s) + s\,\varphi(\kappa/s)\big].
/// ```
///
/// In terms of k = κ/s the second equation gives R/s, and only the first needs a root.
///
/// # Errors
/// α is not positive.
pub fn maximum_margin(alpha: f64) -> Result<MaximumMargin> {
    let alpha = positive_load(alpha)?;
    let cotangent = |k: f64| alpha * FRAC_2_PI.sqrt() * (k * cumulative(k) + density(k));
    let residual = |k: f64| {
        let a = cotangent(k);
        let s = 1.0 / 1f64.hypot(a);
        let kappa = k * s;
        let inside = |t: f64| cumulative(a * t) * (kappa - t).powi(2);
        let below = mean_between(inside, f64::NEG_INFINITY, kappa, &[(0.0, s)]);
        2.0 * alpha * below / (s * s) - 1.0
    };
    let k = brent(residual, 0.0, 3.0 + 4.0 / alpha.sqrt())
        .ok_or_else(|| unsolved("the maximum margin", alpha))?;
    let a = cotangent(k);
    let s = 1.0 / 1f64.hypot(a);
    Ok(MaximumMargin { overlap: a * s, margin: k * s, error: error_at_tangent(1.0 / a) })
}

/// The three rules on one set of examples; errors are exact for the students found.
fn simulation(point: &Values, size: usize, seed: u64) -> Result<Vec<f64>> {
    let data = Examples::draw(point.get(&ALPHA), size, seed)?;
    let rows = &data.signed_inputs;
    let (p, n) = rows.dim();
    let sum = rows.sum_axis(Axis(0));
    // Labels are +1 for inputs times labels.
    let least_squares: Array1<f64> = if p < n {
        let ones = ndarray::Array2::ones((p, 1));
        rows.t().dot(&solve_positive_definite(&rows.dot(&rows.t()), &ones)?).column(0).to_owned()
    } else {
        let sum = sum.clone().insert_axis(Axis(1));
        solve_positive_definite(&rows.t().dot(rows), &sum)?.column(0).to_owned()
    };
    let margin = support_vector_weights(rows, f64::INFINITY)?;
    Ok(vec![data.error(&sum), data.error(&least_squares), data.error(&margin)])
}

/// For Hebb's rule the term of order 1/N of the mean error ([`hebb_correction`]); a rounded number of
/// examples adds up to half a derivative. For the other two, sizes measured with N = 50 (2000 runs)
/// and 100 (1000 runs) from α = 0.3 to 4, as N(⟨ε⟩ − ε)/ε: −0.3 to −0.75 for the maximum margin; −0.3
/// to −0.7 for least squares away from α = 1, and near it what a shift of α by 1/N gives (exact sums
/// over Gaussian data have P − N − 1 in place of P − N). At α = 1 that shift is worth N^{-1/2}:
/// −4.7/50 and −6.75/100 were measured, whose ratio is √2.
fn bias(point: &Values, size: usize, theory: &[f64]) -> Result<Vec<f64>> {
    let (alpha, n) = (point.get(&ALPHA), size as f64);
    let shift = |rule: fn(f64) -> Result<f64>, by: f64| -> Result<f64> {
        let there = [rule(alpha + by / n)?, rule((alpha - by / n).max(1e-3))?];
        let here = rule(alpha)?;
        Ok(there.into_iter().map(|e| (e - here).abs()).fold(0.0, f64::max))
    };
    let margin = |alpha: f64| Ok(maximum_margin(alpha)?.error);
    Ok(vec![
        hebb_correction(alpha)?.abs() / n + shift(hebb, 0.5)?,
        0.5 * theory[1] / n + shift(pseudo_inverse, 1.0)?,
        0.75 * theory[2] / n + shift(margin, 0.5)?,
    ])
}

/// N times the difference of the mean error of Hebb's rule from its limit, to leading order.
///
/// The student's parts along and across the teacher are independent: $`\sum_\mu |u_\mu|`$ with P
/// standard normal u, and √P times a χ variable with N − 1 degrees of freedom. To first order in 1/N,
/// the logarithm ρ of their ratio has mean $`[-1 + (\pi/2 - 1)/(2\alpha)]/N`$ about its limit and
/// variance $`[1/2 + (\pi/2 - 1)/\alpha]/N`$, and $`\epsilon = \arctan(e^\rho)/\pi`$.
///
/// # Errors
/// α is not positive.
pub fn hebb_correction(alpha: f64) -> Result<f64> {
    let angle = PI * hebb(alpha)?;
    let (sin, cos) = angle.sin_cos();
    let excess = (0.5 * PI - 1.0) / alpha;
    let curvature = 0.5 * (cos * cos - sin * sin) * (0.5 + excess);
    Ok(sin * cos / PI * (-1.0 + 0.5 * excess + curvature))
}
