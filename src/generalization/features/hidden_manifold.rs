//! Learning from inputs that are random features of few latent variables: the hidden manifold, square
//! loss.
//!
//! n = αp examples of p inputs x = σ(cF/√d) made of d = γp latent variables c ~ N(0, 1), F ~ N(0, 1).
//! Labels y = θ·c/√d + √Δ ξ with ‖θ‖² = ρd. The student minimizes ½Σ(y − x·w/√p)² + (λ/2)‖w‖². For σ
//! of mean 0, inputs act like Gaussian ones with the same covariance, κ₁cF/√d + κ\_\*ζ, where
//! κ₁ = E\[Gσ(G)\] and κ\_\*² = E\[σ²\] − κ₁² (`gerace2020`).
//!
//! The replica equations of the paper are eight, solved by iteration. For the square loss they
//! collapse: all but one are linear, and the one left is for ω = λ(1 + V), the effective ridge,
//!
//! ```math
//! \omega\,(1 - S(\omega)) = \lambda, \qquad
//! S = \frac{\gamma e}{\alpha}
//!     + \frac{\gamma\kappa_*^2}{\omega + \alpha\kappa_*^2}\Big(\frac1\gamma - e\Big), \qquad
//! z = \gamma\,\frac{\omega + \alpha\kappa_*^2}{\alpha\kappa_1^2} ,
//! ```
//!
//! e = ∫x/(x + z) over the Marchenko–Pastur density of FFᵀ/p. As for every ridge regression the left
//! side is convex, and Newton's method from its right end falls on the root. Overlaps follow:
//! M = e, Q = Q₀ + Q₁A with Q₁ = d(ωS)/dω, A = ρ + Δ + Q − 2M, test error ρ + Q − 2M (without label
//! noise), training error A(1 − S)². Without ridge the same holds in the limit.

use ndarray::Axis;

use super::random_features::{Coefficients, ridge_regression};
use crate::curve::Curve;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

/// Steps after which Newton's method gives up; it takes about ten.
const MAX_STEPS: usize = 200;

/// The model in the limit of many dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HiddenManifold {
    /// α = n/p, examples per input.
    pub examples: f64,
    /// γ = d/p, latent variables per input.
    pub latent: f64,
    /// λ ≥ 0.
    pub ridge: f64,
    /// ρ, power of the signal.
    pub signal: f64,
    /// Δ, variance of the label noise.
    pub noise: f64,
    /// κ₁ and κ\_\* of an activation of mean 0.
    pub activation: Coefficients,
}

/// Overlaps and errors of the student.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlaps {
    /// Q: mean square of the student's output.
    pub student: f64,
    /// M: its correlation with the teacher's.
    pub teacher: f64,
    /// ρ + Q − 2M: test error without label noise.
    pub test_error: f64,
    /// Mean square error on the training examples.
    pub training_error: f64,
}

/// Averages over the Marchenko–Pastur density of FFᵀ/p.
struct Averages {
    /// ∫x/(x + z).
    first: f64,
    /// ∫x/(x + z)².
    slope: f64,
    /// ∫x²/(x + z)².
    second: f64,
}

impl HiddenManifold {
    /// The solution of the equations of the [module](self).
    ///
    /// # Errors
    /// A parameter out of range, an activation with a mean or without a linear part, and
    /// [`Error::Diverges`] at α = 1 without ridge.
    pub fn solve(&self) -> Result<Overlaps> {
        self.check()?;
        let omega = self.effective_ridge()?;
        let at = self.averages(omega);
        let [k1, rest] = self.powers();
        let ratio = rest * self.latent / k1;
        let base = at.second + ratio * at.slope;
        let gain = self.gain(omega);
        let without = self.signal + self.noise + self.signal * (base - 2.0 * at.first);
        let total = without / (1.0 - gain);
        let share = 1.0 - self.share(omega);
        let student = self.signal * base + gain * total;
        Ok(Overlaps {
            student,
            teacher: self.signal * at.first,
            test_error: total - self.noise,
            training_error: total * share * share,
        })
    }

    fn check(&self) -> Result<()> {
        let positive =
            [("examples per input", self.examples), ("latent variables per input", self.latent)];
        for (name, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::parameter(name, value, "it must be positive"));
            }
        }
        for (name, value) in [("ridge", self.ridge), ("signal", self.signal), ("noise", self.noise)]
        {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::parameter(name, value, "it must not be negative"));
            }
        }
        let Coefficients { constant, linear, nonlinear } = self.activation;
        let fails = if constant.abs() > 1e-9 {
            Some(format!("the activation has the mean {constant}"))
        } else if linear.abs() <= 1e-9 {
            Some("the activation has no linear part".to_owned())
        } else if nonlinear <= 1e-9 {
            Some("the activation is linear".to_owned())
        } else {
            None
        };
        if let Some(reason) = fails {
            let remedy = "use a nonlinear activation with mean 0, such as erf or tanh".into();
            return Err(Error::Assumption { theory: "the hidden manifold", reason, remedy });
        }
        if self.examples == 1.0 && self.ridge == 0.0 {
            return Err(Error::Diverges {
                what: "test error".into(),
                place: "α = 1 without ridge".into(),
                remedy: "change the number of examples or add a ridge".into(),
            });
        }
        Ok(())
    }

    /// κ₁² and κ\_\*².
    fn powers(&self) -> [f64; 2] {
        [self.activation.linear.powi(2), self.activation.nonlinear.powi(2)]
    }

    /// The root of ω(1 − S) = λ, from the right: S ≤ (κ₁² + κ\_\*²)/ω.
    fn effective_ridge(&self) -> Result<f64> {
        if self.ridge == 0.0 && self.examples > 1.0 {
            return Ok(0.0);
        }
        let [k1, rest] = self.powers();
        let mut omega = self.ridge + k1 + rest;
        for _ in 0..MAX_STEPS {
            let value = omega * (1.0 - self.share(omega)) - self.ridge;
            let step = value / (1.0 - self.gain(omega));
            let next = omega - step;
            // Rounding may pass the root at the end, and only there.
            if step.abs() <= 1e-14 * omega || next <= 0.0 || next >= omega {
                return Ok(omega);
            }
            omega = next;
        }
        Err(Error::Numerical {
            method: "Newton's method for the hidden manifold",
            reason: format!("no root after {MAX_STEPS} steps, at ω = {omega}"),
        })
    }

    /// Averages at z = γ(ω + ακ\_\*²)/(ακ₁²). With g = ∫1/(x + z), e = g/(1 + γg): no difference of
    /// nearly equal numbers.
    fn averages(&self, omega: f64) -> Averages {
        let ([k1, rest], gamma) = (self.powers(), self.latent);
        let z = gamma * (omega / self.examples + rest) / k1;
        let b = z + 1.0 - gamma;
        let root = (b * b + 4.0 * gamma * z).sqrt();
        let g = if b > 0.0 { 2.0 / (b + root) } else { (root - b) / (2.0 * gamma * z) };
        // −dg/dz, from γzg² + bg = 1.
        let g2 = (gamma * g * g + g) / (2.0 * gamma * z * g + b);
        let first = g / (1.0 + gamma * g);
        let slope = g2 / (1.0 + gamma * g).powi(2);
        Averages { first, slope, second: first - z * slope }
    }

    /// S(ω): degrees of freedom per example.
    fn share(&self, omega: f64) -> f64 {
        let ([_, rest], alpha, gamma) = (self.powers(), self.examples, self.latent);
        let first = self.averages(omega).first;
        gamma * first / alpha + rest * (1.0 - gamma * first) / (omega + alpha * rest)
    }

    /// Q₁(ω), also the derivative of ωS.
    fn gain(&self, omega: f64) -> f64 {
        let ([k1, rest], alpha, gamma) = (self.powers(), self.examples, self.latent);
        let at = self.averages(omega);
        let crossed = gamma * gamma * rest / (alpha * k1) * at.slope;
        let inputs = gamma / alpha * at.second + crossed;
        let left = 1.0 - 2.0 * gamma * at.first + gamma * at.second;
        inputs + rest * rest * alpha * left / (omega + alpha * rest).powi(2) + crossed
    }
}

const ALPHA: Parameter = Parameter {
    name: "alpha",
    symbol: "α",
    unit: "",
    default: 1.5,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "training examples per input dimension",
};

const LATENT: Parameter = Parameter {
    name: "latent",
    symbol: "γ",
    unit: "",
    default: 0.5,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "latent variables per input dimension",
};

const RIDGE: Parameter = Parameter {
    name: "ridge",
    symbol: "λ",
    unit: "",
    default: 0.01,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "strength of the penalty on the weights",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "Δ",
    unit: "",
    default: 0.1,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "variance of the label noise; the signal has power 1",
};

/// Test and training error on a hidden manifold against the number of examples.
pub const HIDDEN_MANIFOLD: Curve = Curve {
    name: "hidden-manifold",
    summary: "ridge regression of inputs made of few latent variables",
    reference: "gerace2020",
    parameters: &[ALPHA, LATENT, RIDGE, NOISE],
    observables: &["test error", "training error"],
    size: "input dimension p",
    cells: |point, p| {
        let (p, tests) = (p as f64, TEST_POINTS as f64);
        let (examples, latent) = (point.get(&ALPHA) * p, point.get(&LATENT) * p);
        (examples + tests) * (latent + p) + latent * p + 2.0 * examples.min(p).powi(2)
    },
    theory,
    simulation,
    bias,
};

/// The model at a point, with inputs erf(cF/√(2d)).
fn model(point: &Values) -> HiddenManifold {
    // The same as by quadrature: E[erf(G/√2)²] = (2/π) asin(1/2) = 1/3.
    let linear = std::f64::consts::PI.sqrt().recip();
    let nonlinear = (1.0 / 3.0 - linear * linear).sqrt();
    HiddenManifold {
        examples: point.get(&ALPHA),
        latent: point.get(&LATENT),
        ridge: point.get(&RIDGE),
        signal: 1.0,
        noise: point.get(&NOISE),
        activation: Coefficients { constant: 0.0, linear, nonlinear },
    }
}

fn theory(point: &Values) -> Result<Vec<f64>> {
    let found = model(point).solve()?;
    Ok(vec![found.test_error, found.training_error])
}

/// Points on which a student is tested.
const TEST_POINTS: usize = 1000;
/// Examples or latent variables from which one simulation would take minutes.
const LARGEST: f64 = 2e4;

/// One matrix F, one teacher, one set of examples; the test error is measured on fresh latent
/// variables.
fn simulation(point: &Values, size: usize, seed: u64) -> Result<Vec<f64>> {
    let count = |parameter: &Parameter| {
        let ratio = point.get(parameter);
        let n = (ratio * size as f64).round().max(1.0);
        if n > LARGEST {
            let allowed = format!("at size {size} that is {n}: at most {LARGEST}");
            return Err(Error::parameter(parameter.name, ratio, allowed));
        }
        Ok(n as usize)
    };
    let (n, d) = (count(&ALPHA)?, count(&LATENT)?);
    let mut rng = stream(seed, Purpose::Task, 0);
    let root = (d as f64).sqrt();
    let latent = gaussian(n + TEST_POINTS, d, 1.0, &mut rng);
    let features = gaussian(d, size, root.recip(), &mut rng);
    let teacher = gaussian(d, 1, 1.0, &mut rng);
    let teacher = &teacher / teacher.mapv(|t| t * t).sum().sqrt();
    let noise = gaussian(n, 1, point.get(&NOISE).sqrt(), &mut rng);
    let scale = (size as f64).sqrt().recip();
    let inputs = latent.dot(&features).mapv(|h| scale * Nonlinearity::ERF_SQRT2.value(h));
    let target = latent.dot(&teacher);
    let (train, test) = inputs.view().split_at(Axis(0), n);
    let (labels, truth) = target.view().split_at(Axis(0), n);
    let labels = &labels + &noise;
    let student = ridge_regression(train.to_owned(), &labels, point.get(&RIDGE))?;
    let mean_square = |gaps: ndarray::Array2<f64>| gaps.mapv(|x| x * x).sum() / gaps.len() as f64;
    Ok(vec![mean_square(test.dot(&student) - truth), mean_square(labels - train.dot(&student))])
}

/// Inputs act like Gaussian ones up to 1/d, d = γp: lengths of latent vectors and of columns of F
/// fluctuate. Rounded counts act like a shift of α by 1/p. Measured (thousands of runs, p = 40 and 80,
/// six points from α = 0.3 to 3 and γ = 0.4 to 2): gaps fall as 1/p; relative to the errors they are at
/// most 1.3/d for the test error and 2.4/d for the training error, of either sign. With fewer latent
/// variables every one is seen by more inputs, and the lengths count more. Measured (p = 100 with 300
/// runs and 200 with 80, α = 0.25 to 8, λ = 0.01 and 0.3) for γ = 0.1 and 0.2: the same at both p,
/// (12.4 ± 0.4)/d and (5.5 ± 0.5)/d for the test error, about 1.2/γ; (7.2 ± 0.4)/d and (6.6 ± 1.0)/d
/// for the training error.
fn bias(point: &Values, size: usize, theory_here: &[f64]) -> Result<Vec<f64>> {
    let unit = 1.0 / size as f64;
    let latent = unit / point.get(&LATENT);
    let few = point.get(&LATENT).recip();
    let mut biases = vec![
        (1.25 * few).max(2.0) * latent * theory_here[0],
        (3.0 + 0.5 * few) * latent * theory_here[1],
    ];
    let mut largest = [0.0f64; 2];
    for shift in [-unit, unit] {
        let shifted = (point.get(&ALPHA) + shift).clamp(ALPHA.low, ALPHA.high);
        match theory(&point.with(ALPHA.name, shifted)?) {
            Ok(there) => (0..2).for_each(|k| {
                largest[k] = largest[k].max((there[k] - theory_here[k]).abs());
            }),
            Err(Error::Diverges { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    biases.iter_mut().zip(largest).for_each(|(bias, shift)| *bias += shift);
    Ok(biases)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(examples: f64, latent: f64, ridge: f64) -> HiddenManifold {
        let activation = Coefficients::of(libm::erf);
        HiddenManifold { examples, latent, ridge, signal: 1.3, noise: 0.1, activation }
    }

    /// The equations of the paper, iterated with damping: slow and obvious.
    fn iterated(model: &HiddenManifold) -> Overlaps {
        let HiddenManifold { examples: alpha, latent: gamma, ridge, signal, noise, activation } =
            *model;
        let (k1, ks) = (activation.linear, activation.nonlinear);
        let [mut vs, mut qs, mut ms, mut vw, mut qw] = [1.0, 0.5, 0.1, 1.0, 0.5];
        let mut result = [0.0; 4];
        for _ in 0..20_000 {
            let (v, q, m) = (k1 * k1 * vs + ks * ks * vw, k1 * k1 * qs + ks * ks * qw, k1 * ms);
            let a = signal + noise + q - 2.0 * m;
            result = [q, m, a - noise, a / (1.0 + v).powi(2)];
            let hat_vs = alpha / gamma * k1 * k1 / (1.0 + v);
            let hat_qs = alpha / gamma * k1 * k1 * a / (1.0 + v).powi(2);
            let hat_ms = alpha / gamma * k1 / (1.0 + v);
            let hat_vw = alpha * ks * ks / (1.0 + v);
            let hat_qw = alpha * ks * ks * a / (1.0 + v).powi(2);
            let z = (ridge + hat_vw) / hat_vs;
            let b = z + 1.0 - gamma;
            let g = 2.0 / (b + (b * b + 4.0 * gamma * z).sqrt());
            let g2 = (gamma * g * g + g) / (2.0 * gamma * z * g + b);
            let seen = (signal * hat_ms * hat_ms + hat_qs) / (hat_vs * hat_vs);
            let new = [
                (1.0 - z * g) / hat_vs,
                seen * (1.0 - 2.0 * z * g + z * z * g2) + hat_qw / (hat_vs * hat_vs) * (g - z * g2),
                signal * hat_ms * (1.0 - z * g) / hat_vs,
                gamma / (ridge + hat_vw) * (1.0 / gamma - 1.0 + z * g),
                gamma * hat_qw / (ridge + hat_vw).powi(2) * (1.0 / gamma - 1.0 + z * z * g2)
                    + gamma * seen * (g - z * g2),
            ];
            let old = [&mut vs, &mut qs, &mut ms, &mut vw, &mut qw];
            old.into_iter().zip(new).for_each(|(old, new)| *old = 0.5 * (*old + new));
        }
        let [student, teacher, test_error, training_error] = result;
        Overlaps { student, teacher, test_error, training_error }
    }

    #[test]
    fn one_equation_gives_what_the_eight_give() {
        for (alpha, gamma, ridge) in
            [(1.5, 0.5, 0.01), (0.6, 0.4, 0.05), (0.5, 2.0, 1.0), (3.0, 1.0, 0.1), (0.9, 5.0, 10.0)]
        {
            let model = example(alpha, gamma, ridge);
            let (fast, slow) = (model.solve().unwrap(), iterated(&model));
            for (fast, slow) in [
                (fast.student, slow.student),
                (fast.teacher, slow.teacher),
                (fast.test_error, slow.test_error),
                (fast.training_error, slow.training_error),
            ] {
                approx::assert_relative_eq!(fast, slow, max_relative = 1e-10);
            }
        }
    }

    #[test]
    fn the_gain_is_the_slope_of_the_effective_ridge() {
        let model = example(0.8, 0.6, 0.1);
        let spacing = 1e-5;
        for omega in [0.05, 0.3, 2.0] {
            let product = |omega: f64| omega * model.share(omega);
            let slope = (product(omega + spacing) - product(omega - spacing)) / (2.0 * spacing);
            approx::assert_relative_eq!(slope, model.gain(omega), max_relative = 1e-7);
        }
    }

    #[test]
    fn the_limit_without_ridge_is_reached_on_both_sides_of_the_peak() {
        for alpha in [0.3, 0.99, 1.01, 4.0] {
            for gamma in [0.3, 1.0, 3.0] {
                let none = example(alpha, gamma, 0.0).solve().unwrap();
                // The error is a line in λ there; its slope is 5e6 at most.
                let tiny = example(alpha, gamma, 1e-14).solve().unwrap();
                approx::assert_relative_eq!(none.test_error, tiny.test_error, max_relative = 1e-6);
                assert!(none.test_error > 0.0 && none.training_error >= 0.0);
                assert!((none.training_error - tiny.training_error).abs() < 1e-6);
            }
        }
        assert!(matches!(example(1.0, 0.5, 0.0).solve(), Err(Error::Diverges { .. })));
    }

    #[test]
    fn what_the_theory_does_not_cover_is_refused() {
        assert!(example(-1.0, 0.5, 0.1).solve().is_err());
        assert!(example(1.0, 0.5, f64::NAN).solve().is_err());
        let relu = Coefficients::of(|h| h.max(0.0));
        let model = HiddenManifold { activation: relu, ..example(1.0, 0.5, 0.1) };
        assert!(matches!(model.solve(), Err(Error::Assumption { .. })));
    }
}
