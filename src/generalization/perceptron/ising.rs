//! A perceptron with weights ±1 learns another: a first-order transition to perfect generalization.
//!
//! Below a load the typical student without errors has overlap R < 1 with the teacher; above it the
//! teacher is the only one left, and R jumps to 1 (`gyorgyi1990`, `seung1992`). Three levels of theory
//! show it:
//!
//! | theory | transition | R there | R < 1 lasts until |
//! |---|---|---|---|
//! | high temperature ([`high_temperature_transition`]) | α/T = 1.6959 | 0.5803 | 2.0821 |
//! | annealed ([`annealed_transition`]) | α = 1.4480 | 0.6976 | 1.7301 |
//! | quenched ([`quenched_transition`]) | α = 1.2447 | 0.6938 | 1.4926 |
//!
//! Between the transition and the end of the branch (the spinodal), R < 1 is metastable: local search
//! stays there although the teacher is better. The annealed theory averages the number of students
//! instead of its logarithm, so its transition is an upper bound; at finite N that average is exact
//! ([`annealed_students`]).
//!
//! Here $`s(R) = -\sum_\pm \tfrac{1 \pm R}{2}\ln\tfrac{1 \pm R}{2}`$ is the entropy of students at
//! overlap R, and $`\epsilon = \arccos(R)/\pi`$.

use std::f64::consts::PI;

use super::examples::error_at;
use super::rules::{fisher_information, positive_load, unsolved};
use crate::math::normal::{cumulative, density, hazard, ln_tail, mean, tail};
use crate::math::roots::brent;
use crate::{Error, Result};

/// Where a branch of solutions stops being the stable one, and where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// Load at which the teacher becomes the stable solution.
    pub load: f64,
    /// Overlap from which R jumps to 1 there.
    pub overlap: f64,
    /// Load at which the metastable branch ends.
    pub spinodal: f64,
    /// Overlap at its end.
    pub spinodal_overlap: f64,
}

/// s(R): logarithm of the number of weight vectors at overlap R, per weight.
pub fn entropy_at_overlap(r: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    part(0.5 * (1.0 + r)) + part(0.5 * (1.0 - r))
}

/// High temperature, T and α large at a ratio α̃ = α/T: R minimizes
///
/// ```math
/// f(R) = \tilde\alpha\,\epsilon(R) - s(R), \qquad
/// \tilde\alpha = \pi\sqrt{1 - R^2}\,\operatorname{artanh} R \ \text{where it is stationary.}
/// ```
///
/// `None` beyond the spinodal, where only R = 1 is left.
pub fn high_temperature_overlap(ratio: f64) -> Option<f64> {
    branch(high_temperature_load, ratio)
}

/// Load at which the high-temperature branch has overlap $`R = \tanh x`$, from x.
fn high_temperature_load(x: f64) -> f64 {
    PI * x / x.cosh()
}

/// Where the high-temperature theory jumps.
///
/// # Errors
/// None that a correct program can meet.
pub fn high_temperature_transition() -> Result<Transition> {
    let free =
        |x: f64| high_temperature_load(x) * error_at(x.tanh()) - entropy_at_overlap(x.tanh());
    transition("high temperature", high_temperature_load, free)
}

/// Annealed at zero temperature: R maximizes $`s(R) + \alpha\ln(1 - \epsilon(R))`$, stationary at
///
/// ```math
/// \alpha = \pi (1 - \epsilon) \sqrt{1 - R^2}\,\operatorname{artanh} R.
/// ```
///
/// `None` beyond the spinodal.
pub fn annealed_overlap(alpha: f64) -> Option<f64> {
    branch(annealed_load, alpha)
}

fn annealed_load(x: f64) -> f64 {
    (1.0 - error_at(x.tanh())) * high_temperature_load(x)
}

/// $`s(R) + \alpha\ln(1 - \epsilon(R))`$: logarithm of the mean number of students without errors at
/// overlap R, per weight.
pub fn annealed_entropy(alpha: f64, r: f64) -> f64 {
    entropy_at_overlap(r) + alpha * (-error_at(r)).ln_1p()
}

/// Where the annealed theory jumps.
///
/// # Errors
/// None that a correct program can meet.
pub fn annealed_transition() -> Result<Transition> {
    transition("annealed", annealed_load, |x| annealed_entropy(annealed_load(x), x.tanh()))
}

/// Mean number of students without errors on P examples at finite N, teacher included, by the number k
/// of weights in which they differ: $`\binom Nk (1 - \epsilon(1 - 2k/N))^P`$. Exact for Gaussian inputs.
pub fn annealed_students(n: usize, p: usize) -> Vec<f64> {
    let mut ln_choose = 0.0;
    (0..=n)
        .map(|k| {
            if k > 0 {
                ln_choose += ((n - k + 1) as f64 / k as f64).ln();
            }
            let error = error_at(1.0 - 2.0 * k as f64 / n as f64);
            // The opposite of the teacher is always wrong, but not on no example.
            let ln_right = if p == 0 { 0.0 } else { p as f64 * (-error).ln_1p() };
            (ln_choose + ln_right).exp()
        })
        .collect()
}

/// Lower solution R = tanh x of load(x) = value; the load rises until its maximum near x = 1.2.
fn branch(load: fn(f64) -> f64, value: f64) -> Option<f64> {
    let end = maximum(load, 0.5, 2.0)?;
    brent(|x| load(x) - value, 0.0, end).map(f64::tanh)
}

/// Place of the only maximum of a smooth function, from the root of its central difference.
fn maximum(f: impl Fn(f64) -> f64, low: f64, high: f64) -> Option<f64> {
    let step = 1e-4;
    brent(|x| f(x + step) - f(x - step), low, high)
}

fn transition(
    name: &str,
    load: fn(f64) -> f64,
    advantage: impl Fn(f64) -> f64,
) -> Result<Transition> {
    let missing = || unsolved(name, f64::NAN);
    let end = maximum(load, 0.5, 2.0).ok_or_else(missing)?;
    // Against R = 1, where both entropy and error vanish.
    let x = brent(advantage, 0.2, end).ok_or_else(missing)?;
    Ok(Transition {
        load: load(x),
        overlap: x.tanh(),
        spinodal: load(end),
        spinodal_overlap: end.tanh(),
    })
}

/// The typical student without errors below the transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quenched {
    /// Load α.
    pub load: f64,
    /// Overlap of two students, and of each with the teacher.
    pub overlap: f64,
    /// Logarithm of the number of such students, per weight; negative where there are none but the
    /// teacher.
    pub entropy: f64,
}

/// ln(2 cosh x) without overflow.
fn ln_two_cosh(x: f64) -> f64 {
    x.abs() + (-2.0 * x.abs()).exp().ln_1p()
}

/// $`\int Dz\, \tanh(\sqrt h z + h)`$: overlap of two samples of a sign seen with signal h.
pub(crate) fn sign_overlap(h: f64) -> f64 {
    mean(|z| (h.sqrt() * z + h).tanh(), &[sign_transition(h)])
}

/// Center and width in z of the step of tanh(√h z + h).
fn sign_transition(h: f64) -> (f64, f64) {
    (-h.sqrt(), 0.6 / h.sqrt())
}

/// The quenched saddle point as a function of the signal h, replica symmetric:
///
/// ```math
/// q = \int Dz\,\tanh(\sqrt h z + h), \qquad
/// h = \frac{2\alpha}{1-q} \int Dt\,\frac{\varphi(u)^2}{H(u)}, \qquad u = t\sqrt{\frac q{1-q}},
/// ```
///
/// ```math
/// s = -\tfrac h2 (1 + q) + \int Dz \ln 2\cosh(\sqrt h z + h) + 2\alpha \int Dt\, H(u) \ln H(u)
/// ```
///
/// (`gyorgyi1990`). Every h > 0 has one q, and that one α.
///
/// # Errors
/// h is not positive.
pub fn quenched_at_signal(h: f64) -> Result<Quenched> {
    let (q, load) = quenched_load(h)?;
    let prior = mean(|z| ln_two_cosh(h.sqrt() * z + h), &[sign_transition(h)]);
    let a = (q / (1.0 - q)).sqrt();
    let examples = mean(|t| tail(a * t) * ln_tail(a * t), &[(0.0, 1.0 / a)]);
    let entropy = -0.5 * h * (1.0 + q) + prior + 2.0 * load * examples;
    Ok(Quenched { load, overlap: q, entropy })
}

fn quenched_load(h: f64) -> Result<(f64, f64)> {
    if h.is_nan() || h <= 0.0 {
        return Err(Error::parameter("signal h", h, "it must be positive"));
    }
    let q = sign_overlap(h);
    let information = fisher_information((q / (1.0 - q)).sqrt());
    Ok((q, h * (1.0 - q) / (2.0 * information)))
}

/// Signals between which the branch R < 1 lies: its end is near h = 2.6.
const SIGNALS: (f64, f64) = (1.0, 4.0);

/// Signal at the end of the branch.
fn quenched_end() -> Result<f64> {
    let load = |h: f64| quenched_load(h).map_or(f64::NAN, |(_, load)| load);
    maximum(load, SIGNALS.0, SIGNALS.1).ok_or_else(|| unsolved("the spinodal", f64::NAN))
}

/// The branch R < 1 at a load; `None` beyond its spinodal.
///
/// # Errors
/// α is not positive.
pub fn quenched(alpha: f64) -> Result<Option<Quenched>> {
    let alpha = positive_load(alpha)?;
    let residual = |h: f64| quenched_load(h).map_or(f64::NAN, |(_, load)| load / alpha - 1.0);
    // h = 2α/π for few examples.
    let low = 1e-3 * alpha.min(1.0);
    match brent(residual, low, quenched_end()?) {
        Some(h) => quenched_at_signal(h).map(Some),
        None => Ok(None),
    }
}

/// Where the entropy of students with R < 1 vanishes, and where their branch ends.
///
/// # Errors
/// None that a correct program can meet.
pub fn quenched_transition() -> Result<Transition> {
    let end = quenched_end()?;
    let entropy = |h: f64| quenched_at_signal(h).map_or(f64::NAN, |state| state.entropy);
    let h = brent(entropy, 0.5, end).ok_or_else(|| unsolved("zero entropy", f64::NAN))?;
    let (at, last) = (quenched_at_signal(h)?, quenched_at_signal(end)?);
    Ok(Transition {
        load: at.load,
        overlap: at.overlap,
        spinodal: last.load,
        spinodal_overlap: last.overlap,
    })
}

/// Random labels that a spherical perceptron can learn per weight, with margin κ (`gardner1988`):
///
/// ```math
/// \alpha_c(\kappa) = \frac{1}{(1 + \kappa^2)\Phi(\kappa) + \kappa\varphi(\kappa)}
/// ```
///
/// Exact for κ ≥ 0; for κ < 0 the replica-symmetric solution is unstable and the capacity smaller.
///
/// # Errors
/// κ is not finite.
pub fn gardner_capacity(kappa: f64) -> Result<f64> {
    if !kappa.is_finite() {
        return Err(Error::parameter("margin κ", kappa, "it must be finite"));
    }
    let inverse = (1.0 + kappa * kappa) * cumulative(kappa) + kappa * density(kappa);
    Ok(if inverse > 0.0 { inverse.recip() } else { f64::INFINITY })
}

/// Random labels that a perceptron with weights ±1 can learn per weight, α = 0.8331, and the overlap q
/// of two students there (`krauth1989`): the load at which the replica-symmetric entropy vanishes,
///
/// ```math
/// q = \int Dz\,\tanh^2(\sqrt{\hat q} z), \quad
/// \hat q = \frac\alpha{1-q}\int Dt\,\Big(\frac{\varphi(u)}{H(u)}\Big)^2, \quad
/// s = -\tfrac{\hat q}2 (1-q) + \int Dz \ln 2\cosh(\sqrt{\hat q} z) + \alpha\int Dt \ln H(u).
/// ```
///
/// # Errors
/// None that a correct program can meet.
pub fn binary_capacity() -> Result<(f64, f64)> {
    let state = |field: f64| {
        let step = [(0.0, 0.6 / field.sqrt())];
        let q = mean(|z| (field.sqrt() * z).tanh().powi(2), &step);
        let a = (q / (1.0 - q)).sqrt();
        let step_in_t = [(0.0, 1.0 / a)];
        let alpha = field * (1.0 - q) / mean(|t| hazard(a * t).powi(2), &step_in_t);
        let prior = mean(|z| ln_two_cosh(field.sqrt() * z), &step);
        let examples = mean(|t| ln_tail(a * t), &step_in_t);
        (alpha, q, prior - 0.5 * field * (1.0 - q) + alpha * examples)
    };
    let field = brent(|field| state(field).2, 0.1, 5.0)
        .ok_or_else(|| unsolved("the binary capacity", f64::NAN))?;
    let (alpha, q, _) = state(field);
    Ok((alpha, q))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_end_at_their_spinodals() {
        let transition = quenched_transition().unwrap();
        assert!(quenched(transition.spinodal - 1e-6).unwrap().is_some());
        assert!(quenched(transition.spinodal + 1e-6).unwrap().is_none());
        let at = quenched(transition.load).unwrap().unwrap();
        assert!(at.entropy.abs() < 1e-10 && (at.overlap - transition.overlap).abs() < 1e-9);
        let annealed = annealed_transition().unwrap();
        assert!(annealed_overlap(annealed.spinodal * 1.001).is_none());
        assert!((annealed_overlap(annealed.load).unwrap() - annealed.overlap).abs() < 1e-10);
        assert!(
            high_temperature_overlap(2.09).is_none() && high_temperature_overlap(2.0).is_some()
        );
        assert!(quenched(0.0).is_err() && quenched(f64::NAN).is_err());
    }

    /// ln⟨n⟩ is above ⟨ln n⟩, so the annealed theory jumps later.
    #[test]
    fn the_annealed_entropy_bounds_the_quenched_one() {
        for alpha in [0.1, 0.5, 0.9, 1.2] {
            let quenched = quenched(alpha).unwrap().unwrap().entropy;
            let annealed = annealed_entropy(alpha, annealed_overlap(alpha).unwrap());
            assert!(quenched < annealed, "α = {alpha}: {quenched} {annealed}");
        }
        assert!(quenched_transition().unwrap().load < annealed_transition().unwrap().load);
    }

    /// (1/N) ln of the exact finite sum approaches the annealed entropy as ln N / N.
    #[test]
    fn the_exact_count_of_students_goes_over_into_the_annealed_entropy() {
        let gap = |n: usize| {
            let sum: f64 = annealed_students(n, n / 2).iter().sum();
            sum.ln() / n as f64 - annealed_entropy(0.5, annealed_overlap(0.5).unwrap())
        };
        for (small, large) in [(100, 200), (200, 400), (400, 800)] {
            assert!(gap(large).abs() < 0.6 * gap(small).abs(), "{} {}", gap(small), gap(large));
        }
        assert!(gap(800).abs() < 1e-3);
    }

    #[test]
    fn without_examples_every_student_is_consistent() {
        assert!((annealed_students(10, 0).iter().sum::<f64>() - 1024.0).abs() < 1e-9);
        assert!((annealed_students(9, 1).iter().sum::<f64>() - 256.0).abs() < 1e-9);
    }

    #[test]
    fn the_high_temperature_load_is_the_sheets_closed_form() {
        for r in [0.1f64, 0.5, 0.8] {
            let direct = PI * (1.0 - r * r).sqrt() * r.atanh();
            assert!((high_temperature_load(r.atanh()) - direct).abs() < 1e-14);
        }
        assert!(gardner_capacity(f64::NAN).is_err());
    }
}
