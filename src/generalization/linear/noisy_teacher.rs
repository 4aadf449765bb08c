//! Learning a low-rank teacher from noisy targets: signal first, noise later (`lampinen2019`).
//!
//! Inputs are white, as many examples as inputs (X = I, P = N₁). The teacher W̄ is N₃ × N₁ of rank r
//! with singular values s̄, A = N₃/N₁ ≤ 1; the student sees S = W̄ + Z with noise of variance 1/N₁ and
//! is a two-layer network that starts balanced and aligned with S at the strength ε₀, so that each
//! of its singular values grows as g(ŝ) = s(t)
//! ([`TwoLayerMode`]).
//!
//! A teacher mode above the noise, s̄ > A^{1/4}, shows as an outlier of S:
//!
//! ```math
//! \hat s = \frac{\sqrt{(1+\bar s^2)(A+\bar s^2)}}{\bar s},\qquad
//! O = \Big[1-\frac{A(1+\bar s^2)}{\bar s^2(A+\bar s^2)}\Big]^{1/2}
//!     \Big[1-\frac{A+\bar s^2}{\bar s^2(1+\bar s^2)}\Big]^{1/2} ,
//! ```
//!
//! O being the product of the overlaps of its two singular vectors with the teacher's. All else is
//! the bulk of noise, with the density ρ of Marchenko and Pastur between 1 ± √A. The paper's errors are
//! ([`leading_errors`])
//!
//! ```math
//! E_{test} = \frac{\sum_a(\bar s_a^2 + g_a^2 - 2g_a\bar s_aO_a) + (N_3-r)\int\!\rho\,g^2}{\sum_a\bar s_a^2},
//! \qquad
//! E_{training} = \frac{\sum_a(\hat s_a-g_a)^2 + (N_3-r)\int\!\rho\,(\sigma-g)^2}{\sum_i \hat s_i^2} .
//! ```
//!
//! # What they leave out
//!
//! In the limit N₃ → ∞ at fixed r the numerators are sums of N₃ and of finitely many terms, and an
//! error that does not depend on N₃ remains in them: measured and, after infinite time, known to be
//! Σ(A + 3A/s̄²). It has three sources, all of order one, and [`errors`] includes them.
//!
//! * A spike pushes the bulk: with q = s̄²/√A and λ = 1 + A + 2√A cos φ, sums over the bulk change by
//!   ```math
//!   \frac1\pi\int_0^\pi f(\lambda)\,\frac{q\cos\varphi-q^2}{1-2q\cos\varphi+q^2}\,d\varphi ,
//!   ```
//!   from log det(1 − s̄²D(λ)) with the D-transform D of the noise, which on the spectrum is
//!   e^{−iφ}/√A. It is −1 for f = 1: the outlier came out of the bulk.
//! * The bulk's singular vectors overlap with the teacher's, each a little:
//!   ```math
//!   \sum_{bulk} g_i\,(u_i\cdot\bar u)(\bar v\cdot v_i)
//!     = \frac{2\bar s}{\pi}\int_0^\pi\frac{g(\sigma)}{\sigma}\,\frac{\sin^2\varphi}{1-2q\cos\varphi+q^2}\,d\varphi .
//!   ```
//!   Below the transition this is all that is ever learned of the mode.
//! * The finite noise matrix itself
//!   ([`finite_size_shift`](super::marchenko_pastur::MarchenkoPastur::finite_size_shift)).
//!
//! After infinite time E_test is then exactly N₃/Σs̄², as it must be: all the noise is learned. Close
//! to the transition, |q − 1| of order N₃^{−1/3}, outlier and bulk cannot be told apart and none of
//! this holds.

use super::marchenko_pastur::MarchenkoPastur;
use super::student::Errors;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::{Error, Result};

/// Nodes in the angle for each unit of time: sigmoids have poles at a distance π/2t of the axis.
const NODES_PER_TIME: f64 = 12.0;
const BASE_NODES: f64 = 64.0;
/// n|ln q| at which a spike near the transition is resolved, and the most nodes spent on that.
const RESOLVED: f64 = 40.0;
const MAX_SPIKE_NODES: f64 = 4e3;
const MAX_NODES: f64 = 1e6;

/// A low-rank teacher whose targets come with noise, and its two-layer student.
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyTeacher {
    /// Singular values s̄ of the teacher; the noise has 1 ± √A.
    pub strengths: Vec<f64>,
    /// A = N₃/N₁, outputs per input, at most 1.
    pub ratio: f64,
    /// Strength ε₀ of every mode of the student at the start.
    pub start: f64,
    /// Number of outputs N₃.
    pub n_out: usize,
}

/// What a teacher mode leaves in the noisy targets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlier {
    /// Singular value ŝ of the targets.
    pub strength: f64,
    /// Product O of the overlaps of its singular vectors with the teacher's.
    pub overlap: f64,
}

/// The outlier of a teacher mode; the edge of the noise without overlap where it is too weak,
/// s̄ ≤ A^{1/4}.
///
/// # Errors
/// A negative strength, a ratio outside (0, 1].
pub fn outlier(strength: f64, ratio: f64) -> Result<Outlier> {
    if !(strength.is_finite() && strength >= 0.0) {
        let allowed = "it must be finite and not negative";
        return Err(Error::parameter("strength of the teacher", strength, allowed));
    }
    if !(ratio > 0.0 && ratio <= 1.0) {
        let allowed = "it must be above 0 and at most 1; else exchange inputs and outputs";
        return Err(Error::parameter("outputs per input", ratio, allowed));
    }
    let (s2, a) = (strength * strength, ratio);
    if s2 <= a.sqrt() {
        return Ok(Outlier { strength: 1.0 + a.sqrt(), overlap: 0.0 });
    }
    let overlap = (s2 * s2 - a) / (s2 * ((a + s2) * (1.0 + s2)).sqrt());
    Ok(Outlier { strength: ((1.0 + s2) * (a + s2)).sqrt() / strength, overlap })
}

/// Smallest test error of any student that keeps the singular vectors of the noisy targets and
/// shrinks their values: s̄O for the outliers, nothing for the noise. Gradient descent cannot do that.
///
/// # Errors
/// As [`outlier`]; no teacher.
pub fn best_shrinkage_error(strengths: &[f64], ratio: f64) -> Result<f64> {
    let (mut error, mut norm) = (0.0, 0.0);
    for strength in strengths {
        let s2 = strength * strength;
        error += s2 * (1.0 - outlier(*strength, ratio)?.overlap.powi(2));
        norm += s2;
    }
    if norm > 0.0 { Ok(error / norm) } else { Err(no_teacher()) }
}

fn no_teacher() -> Error {
    Error::parameter("strengths of the teacher", "all zero", "at least one must be positive")
}

/// The paper's test and training errors at each time, as in the module's documentation.
///
/// # Errors
/// A value out of range.
pub fn leading_errors(model: &NoisyTeacher, times: &[f64]) -> Result<Vec<Errors>> {
    let theory = Theory::new(model, times)?;
    times.iter().map(|t| theory.leading(*t)).collect()
}

/// Test and training errors with everything that does not vanish with N₃ beside them.
///
/// # Errors
/// A value out of range.
pub fn errors(model: &NoisyTeacher, times: &[f64]) -> Result<Vec<Errors>> {
    let theory = Theory::new(model, times)?;
    times.iter().map(|t| theory.corrected(*t)).collect()
}

pub(crate) struct Theory<'a> {
    model: &'a NoisyTeacher,
    pub(crate) outliers: Vec<Outlier>,
    law: MarchenkoPastur,
}

impl<'a> Theory<'a> {
    pub(crate) fn new(model: &'a NoisyTeacher, times: &[f64]) -> Result<Self> {
        let (a, start) = (model.ratio, model.start);
        let outliers: Vec<Outlier> =
            model.strengths.iter().map(|s| outlier(*s, a)).collect::<Result<_>>()?;
        if !(start.is_finite() && start > 0.0) {
            return Err(Error::parameter("initial mode strength", start, "it must be positive"));
        }
        if model.n_out <= model.strengths.len() {
            let allowed = format!("it must exceed the teacher's rank, {}", model.strengths.len());
            return Err(Error::parameter("number of outputs", model.n_out, allowed));
        }
        if model.strengths.iter().all(|s| *s == 0.0) {
            return Err(no_teacher());
        }
        if let Some(time) = times.iter().find(|t| !(t.is_finite() && **t >= 0.0)) {
            return Err(Error::parameter("time", time, "it must be finite and not negative"));
        }
        // No node is needed for times after which even the weakest noise is learned.
        let learned = (RESOLVED + start.ln().abs()) / (1.0 - a.sqrt());
        let longest = times.iter().copied().fold(0.0, f64::max).min(learned);
        let near = |s: &f64| (RESOLVED / (s * s / a.sqrt()).ln().abs()).min(MAX_SPIKE_NODES);
        let spikes = model.strengths.iter().filter(|s| **s > 0.0).map(near).fold(0.0, f64::max);
        let n = BASE_NODES + NODES_PER_TIME * a.sqrt() * longest + spikes;
        if n > MAX_NODES {
            let allowed = format!("with {a} outputs per input it must be below {MAX_NODES:.0e}/12");
            return Err(Error::parameter("time", longest, allowed));
        }
        Ok(Self { model, outliers, law: MarchenkoPastur::with_nodes(a.recip(), n as u32) })
    }

    pub(crate) fn norm(&self) -> f64 {
        self.model.strengths.iter().map(|s| s * s).sum()
    }

    /// Σŝ² of the noisy targets: exact on average, in both theories.
    pub(crate) fn power(&self) -> f64 {
        self.norm() + self.model.n_out as f64
    }

    /// ∫ρf over the noise.
    fn bulk(&self, f: impl Fn(f64) -> f64) -> f64 {
        let (a, at_zero) = (self.model.ratio, f(0.0));
        self.law.integral(|x| f(a * x), at_zero)
    }

    pub(crate) fn leading(&self, time: f64) -> Result<Errors> {
        let model = self.model;
        let g = |s: f64| grown(s, model.start, time);
        let (mut test, mut training, mut power) = (0.0, 0.0, 0.0);
        for (s, outlier) in model.strengths.iter().zip(&self.outliers) {
            let now = g(outlier.strength)?;
            test += s * s + now * now - 2.0 * now * s * outlier.overlap;
            training += (outlier.strength - now).powi(2);
            power += outlier.strength.powi(2);
        }
        let rest = (model.n_out - model.strengths.len()) as f64;
        let square = |s: f64| s * s;
        test += rest * self.bulk(|x| square(grown_bulk(x, model.start, time)));
        training += rest * self.bulk(|x| square(x.sqrt() - grown_bulk(x, model.start, time)));
        Ok(Errors { test: test / self.norm(), training: training / (power + rest) })
    }

    pub(crate) fn corrected(&self, time: f64) -> Result<Errors> {
        let model = self.model;
        let g = |x: f64| grown_bulk(x, model.start, time);
        let learned = |x: f64| g(x).powi(2);
        let missing = |x: f64| (x.sqrt() - g(x)).powi(2);
        let n = model.n_out as f64;
        let a = model.ratio;
        let mut test = n * self.bulk(learned) + self.law.finite_size_shift(|x| learned(a * x));
        let mut training = n * self.bulk(missing) + self.law.finite_size_shift(|x| missing(a * x));
        for (s, outlier) in model.strengths.iter().zip(&self.outliers) {
            let of_outlier = outlier_errors(*s, outlier, model.start, time)?;
            test += of_outlier.test + self.push(*s, learned) - 2.0 * s * self.overlap(*s, g);
            training += of_outlier.training + self.push(*s, missing);
        }
        Ok(Errors { test: test / self.norm(), training: training / self.power() })
    }

    /// What a spike changes in the sum of f over the bulk.
    fn push(&self, strength: f64, f: impl Fn(f64) -> f64) -> f64 {
        let q = strength * strength / self.model.ratio.sqrt();
        self.angle_mean(|x, cosine| f(x) * (q * cosine - q * q) / (1.0 - 2.0 * q * cosine + q * q))
    }

    /// Sum of g_i (u_i·ū)(v̄·v_i) over the bulk.
    fn overlap(&self, strength: f64, g: impl Fn(f64) -> f64) -> f64 {
        let q = strength * strength / self.model.ratio.sqrt();
        2.0 * strength
            * self.angle_mean(|x, cosine| {
                g(x) / x.sqrt() * (1.0 - cosine * cosine) / (1.0 - 2.0 * q * cosine + q * q)
            })
    }

    /// Mean over the angle of f(λ, cos φ).
    fn angle_mean(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        let a = self.model.ratio;
        let (mut sum, mut count) = (0.0, 0.0);
        for x in self.law.eigenvalues().map(|x| a * x) {
            sum += f(x, (x - 1.0 - a) / (2.0 * a.sqrt()));
            count += 1.0;
        }
        sum / count
    }
}

/// What an outlier adds to both sums; one that hides in the bulk leaves its teacher unlearned.
pub(crate) fn outlier_errors(
    strength: f64,
    outlier: &Outlier,
    start: f64,
    time: f64,
) -> Result<Errors> {
    if outlier.overlap == 0.0 {
        return Ok(Errors { test: strength * strength, training: 0.0 });
    }
    let now = grown(outlier.strength, start, time)?;
    let test = strength * strength + now * now - 2.0 * now * strength * outlier.overlap;
    Ok(Errors { test, training: (outlier.strength - now).powi(2) })
}

pub(crate) fn grown(strength: f64, start: f64, time: f64) -> Result<f64> {
    Ok(TwoLayerMode::balanced(strength, 1.0, start)?.strength(time))
}

/// Strength of a mode of the noise, from its eigenvalue σ².
fn grown_bulk(eigenvalue: f64, start: f64, time: f64) -> f64 {
    grown(eigenvalue.sqrt(), start, time).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(strengths: &[f64], n_out: usize) -> NoisyTeacher {
        NoisyTeacher { strengths: strengths.to_vec(), ratio: 0.5, start: 1e-3, n_out }
    }

    #[test]
    fn after_infinite_time_all_the_noise_is_learned_exactly() {
        for strengths in [&[4.0, 2.0][..], &[0.5], &[3.0, 0.3]] {
            let model = model(strengths, 40);
            let norm: f64 = strengths.iter().map(|s| s * s).sum();
            let end = errors(&model, &[1e4]).unwrap()[0];
            approx::assert_relative_eq!(end.test, 40.0 / norm, max_relative = 1e-11);
            assert!(end.training.abs() < 1e-12);
        }
        // The paper's form is too high by Σ(A + 3A/s̄²).
        let model = model(&[4.0, 2.0], 40);
        let end = leading_errors(&model, &[1e4]).unwrap()[0].test;
        approx::assert_relative_eq!(end - 2.0, 1.46875 / 20.0, max_relative = 1e-10);
    }

    #[test]
    fn at_the_start_almost_nothing_is_known() {
        let start = errors(&model(&[3.0, 1.5], 50), &[0.0]).unwrap()[0];
        assert!((start.test - 1.0).abs() < 0.01 && (start.training - 1.0).abs() < 0.01);
    }

    #[test]
    fn values_out_of_range_are_refused() {
        assert!(errors(&NoisyTeacher { ratio: 1.5, ..model(&[2.0], 9) }, &[1.0]).is_err());
        assert!(errors(&NoisyTeacher { start: 0.0, ..model(&[2.0], 9) }, &[1.0]).is_err());
        assert!(errors(&model(&[-2.0], 9), &[1.0]).is_err());
        assert!(errors(&model(&[0.0], 9), &[1.0]).is_err());
        assert!(errors(&model(&[2.0, 1.0], 2), &[1.0]).is_err());
        assert!(errors(&model(&[2.0], 9), &[-1.0]).is_err());
    }

    #[test]
    fn the_overlap_is_the_product_of_both_sides() {
        let (s2, a) = (2.25f64, 0.5);
        let product = (1.0 - a * (1.0 + s2) / (s2 * (a + s2))).sqrt()
            * (1.0 - (a + s2) / (s2 * (1.0 + s2))).sqrt();
        approx::assert_relative_eq!(
            outlier(1.5, a).unwrap().overlap,
            product,
            max_relative = 1e-13
        );
        let at_edge = outlier(a.powf(0.25), a).unwrap();
        approx::assert_relative_eq!(at_edge.strength, 1.0 + a.sqrt(), max_relative = 1e-15);
        assert_eq!(at_edge.overlap, 0.0);
    }
}
