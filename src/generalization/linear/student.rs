//! A linear student of a noisy linear teacher over time: overtraining, its peak at as many examples
//! as weights, and the best time to stop (`krogh1992`, `advani2020`).
//!
//! X is P × N with entries of variance 1/N, α = P/N, y = Xw̄ + ε; the student starts from random
//! weights and follows τẇ = Xᵀ(y − Xw), τ = 1. New inputs are like the old. Errors are mean squares
//! on labels with noise, without a factor ½. For N → ∞ at fixed α, with the Marchenko–Pastur density
//! ρ ([`marchenko_pastur`](super::marchenko_pastur)),
//!
//! ```math
//! \begin{aligned}
//! E_g(t) &= \sigma_\epsilon^2 + \int\!\rho\,\Big[(\sigma_w^2+\sigma_0^2)e^{-2\lambda t}
//!    + \frac{\sigma_\epsilon^2}{\lambda}(1-e^{-\lambda t})^2\Big]d\lambda
//!    + (1-\alpha)_+(\sigma_w^2+\sigma_0^2),\\
//! E_t(t) &= \frac1\alpha\int\!\rho\,\big[(\sigma_w^2+\sigma_0^2)\lambda+\sigma_\epsilon^2\big]
//!    e^{-2\lambda t}d\lambda + (1-1/\alpha)_+\sigma_\epsilon^2 .
//! \end{aligned}
//! ```
//!
//! The first term is what is still to be learned, the second what was learned of the noise. Modes of
//! small λ amplify the noise; they are learned late, so that stopping in time leaves them out. At
//! α = 1 they reach down to zero and the error grows without end, as
//! σ_ε²·([`PEAK_GROWTH`]·√t − ½) beside σ_ε².

use super::marchenko_pastur::{MarchenkoPastur, edges};
use crate::math::roots::brent;
use crate::{Error, Result};

/// Growth of the test error at α = 1 per √t and noise variance: 2(2 − √2)/√π.
pub const PEAK_GROWTH: f64 = 0.660_989_212_585_294_4;

/// What is random: variances of the teacher's weights, of the student's first weights, of the labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variances {
    /// Variance σ_w² of the teacher's weights.
    pub teacher: f64,
    /// Variance σ_0² of the student's initial weights.
    pub start: f64,
    /// Variance σ_ε² of the label noise.
    pub noise: f64,
}

/// Errors on new examples and on those that were learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// Mean square on new noisy labels.
    pub test: f64,
    /// Mean square on the examples.
    pub training: f64,
}

/// Where training is best stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stopping {
    /// Time of the smallest test error.
    pub time: f64,
    /// The errors there.
    pub errors: Errors,
}

impl Variances {
    /// From the signal-to-noise ratio σ_w²/σ_ε², with σ_w² = 1 and a start at zero.
    ///
    /// # Errors
    /// A ratio that is not positive and finite.
    pub fn from_snr(snr: f64) -> Result<Self> {
        if !(snr.is_finite() && snr > 0.0) {
            return Err(Error::parameter("snr", snr, "it must be positive and finite"));
        }
        Ok(Self { teacher: 1.0, start: 0.0, noise: snr.recip() })
    }

    pub(crate) fn validate(&self) -> Result<()> {
        for (name, value) in [
            ("variance of the teacher", self.teacher),
            ("variance of the start", self.start),
            ("variance of the noise", self.noise),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::parameter(name, value, "it must be finite and not negative"));
            }
        }
        Ok(())
    }

    /// What is to be learned: σ_w² + σ_0².
    fn distance(&self) -> f64 {
        self.teacher + self.start
    }

    /// What a mode of eigenvalue λ adds to the test error at time t.
    pub(crate) fn test_mode(&self, eigenvalue: f64, time: f64) -> f64 {
        let learned = -(-eigenvalue * time).exp_m1();
        let noise = if eigenvalue > 0.0 { learned * (learned / eigenvalue) } else { 0.0 };
        self.distance() * (-2.0 * eigenvalue * time).exp() + self.noise * noise
    }

    /// What a mode of eigenvalue λ adds to α times the training error at time t.
    pub(crate) fn training_mode(&self, eigenvalue: f64, time: f64) -> f64 {
        (self.distance() * eigenvalue + self.noise) * (-2.0 * eigenvalue * time).exp()
    }
}

/// Test and training error at each time (in any order).
///
/// # Errors
/// A load, variance or time out of range.
pub fn errors_over_time(alpha: f64, variances: &Variances, times: &[f64]) -> Result<Vec<Errors>> {
    variances.validate()?;
    if let Some(time) = times.iter().find(|t| !(t.is_finite() && **t >= 0.0)) {
        return Err(Error::parameter("time", time, "it must be finite and not negative"));
    }
    let longest = times.iter().copied().fold(0.0, f64::max);
    let law = MarchenkoPastur::new(alpha, longest)?;
    Ok(times.iter().map(|time| errors_at(&law, alpha, variances, *time)).collect())
}

fn errors_at(law: &MarchenkoPastur, alpha: f64, variances: &Variances, time: f64) -> Errors {
    let Variances { noise, .. } = *variances;
    let test = law.integral(|x| variances.test_mode(x, time), variances.distance());
    let training = law.integral(|x| variances.training_mode(x, time), noise);
    Errors {
        test: noise + test + law.zeros() * variances.distance(),
        training: training / alpha + (1.0 - alpha.recip()).max(0.0) * noise,
    }
}

/// Errors after infinite time: least squares, of smallest distance from the start where there are
/// fewer examples than weights.
///
/// # Errors
/// [`Error::Diverges`] at α = 1 with noise; a load or variance out of range.
pub fn final_errors(alpha: f64, variances: &Variances) -> Result<Errors> {
    variances.validate()?;
    if !(alpha.is_finite() && alpha > 0.0) {
        return Err(Error::parameter("alpha", alpha, "it must be positive and finite"));
    }
    let (noise, distance) = (variances.noise, variances.distance());
    if alpha == 1.0 && noise > 0.0 {
        return Err(Error::Diverges {
            what: "test error".into(),
            place: "α = 1 after infinite time".into(),
            remedy: "move α, stop earlier or add a ridge".into(),
        });
    }
    let training = (1.0 - alpha.recip()).max(0.0) * noise;
    let variance = match alpha {
        1.0 => 0.0,
        alpha if alpha > 1.0 => noise / (alpha - 1.0),
        alpha => noise * alpha / (1.0 - alpha),
    };
    Ok(Errors { test: noise + (1.0 - alpha).max(0.0) * distance + variance, training })
}

/// Exact expectation of the errors after infinite time for P examples of N Gaussian inputs, without a
/// large-N limit: N/(P − N − 1) takes the place of N/(P − N), as the inverse of a Wishart matrix says.
///
/// # Errors
/// [`Error::Diverges`] for |P − N| ≤ 1 with noise; a variance out of range, no example, no input.
pub fn expected_final_errors(
    n_examples: usize,
    n_inputs: usize,
    variances: &Variances,
) -> Result<Errors> {
    variances.validate()?;
    if n_examples == 0 || n_inputs == 0 {
        let what = if n_inputs == 0 { "number of inputs" } else { "number of examples" };
        return Err(Error::parameter(what, 0, "at least one is needed"));
    }
    let (p, n) = (n_examples as f64, n_inputs as f64);
    let noise = variances.noise;
    if n_examples.abs_diff(n_inputs) <= 1 && noise > 0.0 {
        return Err(Error::Diverges {
            what: "expected test error".into(),
            place: format!("{n_examples} examples of {n_inputs} inputs"),
            remedy: "let the two numbers differ by two or more".into(),
        });
    }
    let variance = match noise > 0.0 {
        true => noise * p.min(n) / ((p - n).abs() - 1.0),
        false => 0.0,
    };
    let unseen = (1.0 - p / n).max(0.0) * variances.distance();
    Ok(Errors { test: noise + unseen + variance, training: (1.0 - n / p).max(0.0) * noise })
}

/// The time at which the test error is smallest.
///
/// A single mode is best stopped at ln(1 + SNR λ)/λ, where SNR = (σ_w² + σ_0²)/σ_ε². Before the
/// earliest of these times every mode still improves, after the latest every one worsens; between
/// them the derivative has its root.
///
/// # Errors
/// Without noise (then it is best to go on for ever), with nothing to learn, or a value out of range.
pub fn best_stopping(alpha: f64, variances: &Variances) -> Result<Stopping> {
    variances.validate()?;
    let snr = variances.distance() / variances.noise;
    if !(snr.is_finite() && snr > 0.0) {
        return Err(Error::Assumption {
            theory: "optimal stopping",
            reason: format!("the signal-to-noise ratio is {snr}"),
            remedy: "give the teacher and the labels a positive variance".into(),
        });
    }
    MarchenkoPastur::new(alpha, 0.0)?;
    let (low, high) = edges(alpha);
    let of_mode = |x: f64| if snr * x > 1e-12 { (snr * x).ln_1p() / x } else { snr };
    // Rounding must not move a bracket past its root.
    let (first, last) = ((of_mode(high) * (1.0 - 1e-6)).ln(), (of_mode(low) * (1.0 + 1e-6)).ln());
    let law = MarchenkoPastur::new(alpha, last.exp())?;
    // Half of dE_g/dt, over the noise: zero modes do not change.
    let slope = |log_time: f64| {
        let time = log_time.exp();
        let mode = |x: f64| {
            let decay = (-x * time).exp();
            decay * (1.0 - decay * (1.0 + snr * x))
        };
        law.integral(mode, 0.0)
    };
    let time = brent(slope, first, last).map(f64::exp).ok_or_else(|| Error::Numerical {
        method: "search for the best stopping time",
        reason: format!("no minimum between {} and {}", first.exp(), last.exp()),
    })?;
    Ok(Stopping { time, errors: errors_at(&law, alpha, variances, time) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn variances(start: f64, noise: f64) -> Variances {
        Variances { teacher: 1.0, start, noise }
    }

    #[test]
    fn the_peak_grows_as_the_root_of_time() {
        let at = |t: f64| errors_over_time(1.0, &variances(0.0, 1.0), &[t]).unwrap()[0].test;
        for t in [1e3, 1e5, 1e7] {
            // What is still unlearned at α = 1 falls as t^(−1/2); so do the corrections.
            let law = 1.0 + PEAK_GROWTH * f64::sqrt(t) - 0.5;
            assert!((at(t) - law).abs() < 1.0 / f64::sqrt(t), "{t}: {} and {law}", at(t));
        }
        assert!(
            (PEAK_GROWTH - 2.0 * (2.0 - 2f64.sqrt()) / std::f64::consts::PI.sqrt()).abs() < 1e-15
        );
    }

    #[test]
    fn late_times_end_at_least_squares_and_the_transition_has_no_end() {
        for alpha in [0.2, 0.9, 1.1, 5.0] {
            for v in [variances(0.0, 0.3), variances(0.7, 0.0)] {
                let late = errors_over_time(alpha, &v, &[1e12]).unwrap()[0];
                let end = final_errors(alpha, &v).unwrap();
                approx::assert_relative_eq!(
                    late.test,
                    end.test,
                    max_relative = 1e-11,
                    epsilon = 1e-14
                );
                approx::assert_abs_diff_eq!(late.training, end.training, epsilon = 1e-12);
            }
        }
        let error = final_errors(1.0, &variances(0.0, 0.1)).unwrap_err();
        assert!(matches!(error, Error::Diverges { .. }));
        assert!(final_errors(1.0, &variances(0.0, 0.0)).is_ok());
        assert!(matches!(
            expected_final_errors(50, 51, &variances(0.0, 0.1)),
            Err(Error::Diverges { .. })
        ));
    }

    #[test]
    fn the_best_time_is_the_smallest_of_a_scan() {
        for (alpha, v) in [
            (0.5, variances(0.0, 0.2)),
            (1.0, variances(0.0, 0.001)),
            (2.0, variances(0.25, 0.5)),
            (0.98, variances(0.0, 1e-4)),
            (30.0, variances(0.0, 40.0)),
        ] {
            let best = best_stopping(alpha, &v).unwrap();
            for k in -60..=60 {
                let time = best.time * 1.1f64.powi(k);
                let there = errors_over_time(alpha, &v, &[time]).unwrap()[0].test;
                assert!(
                    there >= best.errors.test - 1e-14,
                    "α = {alpha}: {time} beats {}",
                    best.time
                );
            }
        }
        assert!(best_stopping(0.5, &variances(0.0, 0.0)).is_err());
    }

    #[test]
    fn bad_numbers_are_refused() {
        assert!(errors_over_time(-1.0, &variances(0.0, 0.1), &[1.0]).is_err());
        assert!(errors_over_time(1.0, &variances(0.0, -0.1), &[1.0]).is_err());
        assert!(errors_over_time(1.0, &variances(0.0, 0.1), &[f64::NAN]).is_err());
        assert!(Variances::from_snr(0.0).is_err());
        assert!(expected_final_errors(0, 3, &variances(0.0, 0.1)).is_err());
    }

    proptest! {
        #[test]
        fn errors_start_at_the_teachers_variance_and_training_never_gets_worse(
            log_alpha in -2.0..2.0f64, start in 0.0..1.0f64, noise in 0.0..2.0f64,
        ) {
            let v = variances(start, noise);
            let times: Vec<f64> = (0..40).map(|i| 0.05 * f64::from(i * i)).collect();
            let found = errors_over_time(log_alpha.exp(), &v, &times).unwrap();
            let first = 1.0 + start + noise;
            prop_assert!((found[0].test - first).abs() < 1e-12);
            prop_assert!((found[0].training - first).abs() < 1e-12);
            prop_assert!(found.windows(2).all(|e| e[1].training <= e[0].training + 1e-14));
            prop_assert!(found.iter().all(|e| e.test >= noise && e.training >= -1e-15));
        }
    }
}
