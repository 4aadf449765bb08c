//! The effective ridge: what sampled data add to the penalty of ridge regression.
//!
//! Ridge regression on n examples whose inputs have covariance eigenvalues s_i (multiplicity m_i),
//! with the objective (1/n)‖y − Xw‖² + λ‖w‖², behaves in the limit of many dimensions like regression
//! on infinitely many examples with the penalty κ ≥ λ that solves (`dobriban2018`, `hastie2022`)
//!
//! ```math
//! \kappa\Big(1 - \frac{\mathrm{df}_1}{n}\Big) = \lambda, \qquad
//! \mathrm{df}_1 = \sum_i \frac{m_i s_i}{s_i + \kappa}, \qquad
//! \mathrm{df}_2 = \sum_i \frac{m_i s_i^2}{(s_i + \kappa)^2} .
//! ```
//!
//! Kernel regression obeys the same equation: kernel eigenvalues take the place of s_i, and a ridge
//! added to the Gram matrix of p samples is λ = ridge/p, n = p (`canatar2021`).

use crate::{Error, Result};

/// More steps than the iteration needs: it takes 3 to 12.
const MAX_STEPS: usize = 200;
/// Relative step after which the next, of third order in it, is below rounding.
const LAST_STEP: f64 = 1e-7;
/// Sums are taken in this many lanes, so that the compiler can use vector instructions.
const LANES: usize = 8;

/// The solution for one number of examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectiveRidge {
    /// The effective ridge κ; 0 without a ridge where there are fewer modes than examples.
    pub kappa: f64,
    /// 1 − df₁/n = λ/κ: residuals on the training examples are this times those on new ones.
    pub residual: f64,
    /// 1 − df₂/n: errors on new examples are larger by the inverse of this. 0 where they diverge.
    pub stability: f64,
}

/// Effective ridge for `n` examples and a ridge λ, from distinct `eigenvalues` and their
/// `multiplicities` (whole numbers or not).
///
/// F(κ) = κ(1 − df₁/n) − λ is convex and has one positive root. Steps of Halley's method from its
/// right side (κ = λ + Σ m_i s_i/n) converge to it; a bracket makes that certain.
///
/// # Errors
/// Lists of different length, entries that are negative or not finite, no examples.
pub fn effective_ridge(
    n: f64,
    ridge: f64,
    eigenvalues: &[f64],
    multiplicities: &[f64],
) -> Result<EffectiveRidge> {
    Ok(effective_ridges(&[(n, ridge)], eigenvalues, multiplicities)?.swap_remove(0))
}

/// As [`effective_ridge`] for several pairs (n, λ). Each search starts where the last two point to,
/// so that neighbors should follow each other; the results do not depend on it.
///
/// # Errors
/// As [`effective_ridge`].
pub fn effective_ridges(
    cases: &[(f64, f64)],
    eigenvalues: &[f64],
    multiplicities: &[f64],
) -> Result<Vec<EffectiveRidge>> {
    let spectrum = Spectrum::new(eigenvalues, multiplicities)?;
    let mut found: Vec<EffectiveRidge> = Vec::with_capacity(cases.len());
    for (i, &(n, ridge)) in cases.iter().enumerate() {
        if !(n.is_finite() && n > 0.0) {
            return Err(Error::parameter("number of examples", n, "it must be positive"));
        }
        if !(ridge.is_finite() && ridge >= 0.0) {
            return Err(Error::parameter("ridge", ridge, "it must not be negative"));
        }
        let start = match found.as_slice() {
            [.., a, b] => extrapolated((cases[i - 2].0, a.kappa), (cases[i - 1].0, b.kappa), n),
            [one] => one.kappa,
            [] => f64::INFINITY,
        };
        found.push(spectrum.solve(n, ridge, start)?);
    }
    Ok(found)
}

/// The line through two points in logarithms; not finite where there is none.
fn extrapolated((n1, k1): (f64, f64), (n2, k2): (f64, f64), n: f64) -> f64 {
    (k2.ln() + (k2 / k1).ln() * (n / n2).ln() / (n2 / n1).ln()).exp()
}

struct Spectrum<'a> {
    eigenvalues: &'a [f64],
    multiplicities: &'a [f64],
    /// Number of modes, and of those with a positive eigenvalue.
    modes: f64,
    rank: f64,
    trace: f64,
}

impl<'a> Spectrum<'a> {
    fn new(eigenvalues: &'a [f64], multiplicities: &'a [f64]) -> Result<Self> {
        if eigenvalues.is_empty() || eigenvalues.len() != multiplicities.len() {
            let expected = format!("one for each of {} eigenvalues", eigenvalues.len().max(1));
            return Err(Error::shape("multiplicities", [multiplicities.len()], expected));
        }
        for (what, values) in [("eigenvalue", eigenvalues), ("multiplicity", multiplicities)] {
            if let Some((i, x)) =
                values.iter().enumerate().find(|(_, x)| !(x.is_finite() && **x >= 0.0))
            {
                let name = format!("{what} {}", i + 1);
                return Err(Error::parameter(name, x, "it must be finite and not negative"));
            }
        }
        let pairs = || eigenvalues.iter().zip(multiplicities);
        Ok(Self {
            eigenvalues,
            multiplicities,
            modes: multiplicities.iter().sum(),
            rank: pairs().filter(|(s, _)| **s > 0.0).map(|(_, m)| m).sum(),
            trace: pairs().map(|(s, m)| s * m).sum(),
        })
    }

    fn solve(&self, n: f64, ridge: f64, start: f64) -> Result<EffectiveRidge> {
        if ridge == 0.0 && self.rank <= n {
            // Every mode is measured: nothing is left for an effective ridge.
            let rest = 1.0 - self.rank / n;
            return Ok(EffectiveRidge { kappa: 0.0, residual: rest, stability: rest });
        }
        let (mut low, mut high) = (ridge, ridge + self.trace / n);
        let mut kappa = if start > low && start < high { start } else { high };
        for _ in 0..MAX_STEPS {
            let at = self.moments(n, kappa);
            let value = kappa * at.residual - ridge;
            if value > 0.0 {
                high = kappa
            } else {
                low = kappa
            }
            let newton = value / at.stability;
            // Halley's method from the right; on the left, where the slope may have either sign,
            // Newton's, which passes the root of a convex function.
            let step = if value > 0.0 {
                newton / (1.0 - 0.5 * newton * at.curvature / at.stability).max(0.5)
            } else {
                newton
            };
            let next = kappa - step;
            if step.abs() <= LAST_STEP * kappa && at.stability > 0.0 {
                let at = self.moments(n, next);
                let (residual, stability) = (at.residual, at.stability);
                return Ok(EffectiveRidge { kappa: next, residual, stability });
            }
            let inside = at.stability > 0.0 && next > low && next < high;
            kappa = match inside {
                true => next,
                false if low > 0.0 => (low * high).sqrt(),
                false => 0.5 * high,
            };
        }
        Err(Error::Numerical {
            method: "search for the effective ridge",
            reason: format!("no root between {low} and {high} for {n} examples, ridge {ridge}"),
        })
    }

    /// 1 − df₁/n, 1 − df₂/n and the second derivative of F.
    fn moments(&self, n: f64, kappa: f64) -> Moments {
        // The form that does not cancel: shares κ/(s + κ) left unlearned where there are about as
        // many modes as examples, learned shares s/(s + κ) where there are many more.
        if self.modes < 2.0 * n {
            let [one, two, three] = self.sums(kappa, |_| kappa);
            let rest = 1.0 - self.modes / n;
            Moments {
                residual: rest + one / n,
                stability: rest + (2.0 * one - two) / n,
                curvature: 2.0 * (one - 2.0 * two + three) / (n * kappa),
            }
        } else {
            let [one, two, three] = self.sums(kappa, |s| s);
            Moments {
                residual: 1.0 - one / n,
                stability: 1.0 - two / n,
                curvature: 2.0 * (two - three) / (n * kappa),
            }
        }
    }

    /// Sums over modes of the first three powers of the share `part(s)`/(s + κ).
    #[inline(always)]
    fn sums(&self, kappa: f64, part: impl Fn(f64) -> f64) -> [f64; 3] {
        let mut sums = [[0.0; LANES]; 3];
        let mut add = |lane: usize, s: f64, m: f64| {
            let share = part(s) / (s + kappa);
            let (one, two) = (m * share, m * share * share);
            sums[0][lane] += one;
            sums[1][lane] += two;
            sums[2][lane] += two * share;
        };
        let eigenvalues = self.eigenvalues.chunks_exact(LANES);
        let multiplicities = self.multiplicities.chunks_exact(LANES);
        let rest = eigenvalues.remainder().iter().zip(multiplicities.remainder());
        for (s, m) in eigenvalues.zip(multiplicities) {
            for lane in 0..LANES {
                add(lane, s[lane], m[lane]);
            }
        }
        for (lane, (s, m)) in rest.enumerate() {
            add(lane, *s, *m);
        }
        sums.map(|lanes| lanes.iter().sum())
    }
}

struct Moments {
    residual: f64,
    stability: f64,
    curvature: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isotropic_inputs_give_the_root_of_a_quadratic() {
        for (n, p) in [(10.0, 100.0), (100.0, 10.0), (50.0, 50.0), (50.0, 99.0), (50.0, 101.0)] {
            for ridge in [1e-14, 1e-9, 1e-3, 1.0, 1e6] {
                for s in [1e-6, 1.0, 3e4] {
                    let found = effective_ridge(n, ridge, &[s], &[p]).unwrap();
                    let exact = isotropic_root(p, n, s, ridge);
                    approx::assert_relative_eq!(found.kappa, exact, max_relative = 1e-11);
                    approx::assert_relative_eq!(
                        found.residual,
                        ridge / exact,
                        max_relative = 1e-9,
                        epsilon = 1e-14
                    );
                }
            }
        }
    }

    /// κ² + κ(s(1 − p/n) − λ) − λs = 0, without cancellation.
    fn isotropic_root(p: f64, n: f64, s: f64, ridge: f64) -> f64 {
        let b = s * (1.0 - p / n) - ridge;
        let root = (b * b + 4.0 * ridge * s).sqrt();
        if b > 0.0 { 2.0 * ridge * s / (root + b) } else { 0.5 * (root - b) }
    }

    #[test]
    fn without_a_ridge_many_modes_give_a_positive_root_and_few_none() {
        let found = effective_ridge(50.0, 0.0, &[2.0], &[125.0]).unwrap();
        approx::assert_relative_eq!(found.kappa, 3.0, max_relative = 1e-14);
        assert!(found.residual.abs() < 1e-14);
        let found = effective_ridge(50.0, 0.0, &[2.0, 0.0], &[20.0, 200.0]).unwrap();
        assert_eq!((found.kappa, found.residual, found.stability), (0.0, 0.6, 0.6));
        assert_eq!(effective_ridge(50.0, 0.0, &[2.0], &[50.0]).unwrap().stability, 0.0);
    }

    #[test]
    fn a_warm_start_changes_nothing() {
        let eigenvalues: Vec<f64> = (1..=3000).map(|k| (k as f64).powf(-1.7)).collect();
        let multiplicities = vec![1.0; 3000];
        let mut cases: Vec<(f64, f64)> =
            (0..40).map(|i| (10f64.powf(0.1 * f64::from(i)), 1e-5)).collect();
        // Neighbors that mislead.
        cases.extend([(3.0, 0.0), (2999.0, 0.0), (3.0, 1e3), (1e6, 1e-30), (5.0, 1e-30)]);
        let warm = effective_ridges(&cases, &eigenvalues, &multiplicities).unwrap();
        for (&(n, ridge), warm) in cases.iter().zip(&warm) {
            let cold = effective_ridge(n, ridge, &eigenvalues, &multiplicities).unwrap();
            approx::assert_relative_eq!(warm.kappa, cold.kappa, max_relative = 1e-11);
        }
    }

    #[test]
    fn bad_spectra_are_refused_and_named() {
        let named = |r: Result<EffectiveRidge>, what: &str| {
            let text = r.unwrap_err().to_string();
            assert!(text.contains(what), "{text}");
        };
        named(effective_ridge(5.0, 0.1, &[1.0, -2.0], &[1.0, 1.0]), "eigenvalue 2 is -2");
        named(effective_ridge(5.0, 0.1, &[1.0, f64::NAN], &[1.0, 1.0]), "eigenvalue 2");
        named(effective_ridge(5.0, 0.1, &[1.0], &[-1.0]), "multiplicity 1");
        named(effective_ridge(0.0, 0.1, &[1.0], &[1.0]), "number of examples");
        named(effective_ridge(5.0, -0.1, &[1.0], &[1.0]), "ridge");
        named(effective_ridge(5.0, 0.1, &[], &[]), "multiplicities");
    }
}
