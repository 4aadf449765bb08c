//! Ridge regression on random features: double descent in the number of features.
//!
//! Inputs x and first-layer weights θ_a are uniform on the sphere of radius √d. Labels are
//! y = F₁ β·x + f(x) + ε with ‖β‖ = 1, a part f of variance F\_\*² that no linear function of x
//! explains (isotropic and centered: here a random quadratic form), and noise of variance τ². The
//! student is linear in N features σ(θ_a·x/√d) and minimizes (`mei2019`)
//!
//! ```math
//! \frac1n \sum_i \Big(y_i - \sum_a w_a\, \sigma(\theta_a\cdot x_i/\sqrt d)\Big)^2
//!     + \frac{N\lambda}{d}\,\|w\|^2 .
//! ```
//!
//! N, n, d → ∞ at fixed ψ₁ = N/d and ψ₂ = n/d. Of the activation only
//! μ₁ = E\[Gσ(G)\] and μ\_\*² = E\[σ²\] − μ₀² − μ₁² matter; the constant μ₀ is learned at no cost.
//! Test errors leave out the noise of the test labels.
//!
//! The paper's fixed point is a system of two complex numbers. On the imaginary axis it is one real
//! equation, with ζ² = μ₁²/μ\_\*², λ̄ = λ/μ\_\*² and h(x) = x + ζ²x/(1 + ζ²x):
//!
//! ```math
//! (\psi_1 - h)(\psi_2 - h) = \psi_1\psi_2\bar\lambda\, x, \qquad 0 < x < h^{-1}(\min\psi) ,
//! ```
//!
//! whose left side falls and right side rises. The paper's polynomials E₀, E₁, E₂ factor there into
//! sums of positive terms, so that nothing cancels near the peak: with u = 1 + ζ²x and gaps
//! a = ψ₁ − h, b = ψ₂ − h,
//!
//! ```math
//! D = x h'(a + b) + ab, \quad
//! B = \frac{\psi_2(\psi_1 + \zeta^2x^2)}{u^2 D}, \quad
//! V = \frac{x^2\big[u^3 + 2\zeta^2u + \zeta^4(au + xu + 1)\big]}{u^3 D}, \quad
//! R = F_1^2 B + (\tau^2 + F_*^2) V + F_*^2 .
//! ```

use ndarray::{Array2, Axis};

use crate::curve::Curve;
use crate::generalization::kernel::sphere::on_sphere;
use crate::math::linalg::solve_positive_definite;
use crate::math::quadrature::gauss_legendre;
use crate::math::random::{Purpose, gaussian, stream};
use crate::math::roots::brent;
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

/// What the theory knows of an activation: its first Hermite coefficients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// μ₀ = E\[σ(G)\].
    pub constant: f64,
    /// μ₁ = E\[Gσ(G)\].
    pub linear: f64,
    /// μ\_\*: root of E\[σ(G)²\] − μ₀² − μ₁², the part that acts as noise.
    pub nonlinear: f64,
}

impl Coefficients {
    /// Coefficients of any activation that is smooth left and right of 0, by quadrature (to 1e-14).
    pub fn of(activation: impl Fn(f64) -> f64) -> Self {
        // Beyond 12 standard deviations lies a mass of 1e-33.
        let mean = |power: i32, f: &dyn Fn(f64) -> f64| -> f64 {
            let integrand = |g: f64| g.powi(power) * f(g) * (-0.5 * g * g).exp();
            let whole: f64 =
                (-12..12).map(|i| gauss_legendre(integrand, f64::from(i), f64::from(i + 1))).sum();
            whole / (2.0 * std::f64::consts::PI).sqrt()
        };
        let (constant, linear) = (mean(0, &activation), mean(1, &activation));
        // The variance of what remains, not a difference of squares: exactly 0 for a line.
        let rest = mean(0, &|g| (activation(g) - constant - linear * g).powi(2));
        Self { constant, linear, nonlinear: rest.max(0.0).sqrt() }
    }
}

/// Bias and variance per unit of signal and of noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BiasVariance {
    /// B: test error for a linear signal of power 1 without noise.
    pub bias: f64,
    /// V: test error that noise of variance 1 adds.
    pub variance: f64,
}

impl BiasVariance {
    /// Test error R = F₁²B + (τ² + F\_\*²)V + F\_\*², without the noise of the test labels.
    pub fn test_error(&self, signal: f64, nonlinear: f64, noise: f64) -> f64 {
        signal * self.bias + (noise + nonlinear) * self.variance + nonlinear
    }
}

/// Bias and variance at ψ₁ = `features` and ψ₂ = `examples` per input dimension and ridge λ, the
/// equation of the [module](self). λ = 0 is the limit λ → 0.
///
/// # Errors
/// Numbers that are not positive, an activation without nonlinear part, and
/// [`Error::Diverges`] at ψ₁ = ψ₂ without ridge.
pub fn bias_variance(
    features: f64,
    examples: f64,
    ridge: f64,
    activation: &Coefficients,
) -> Result<BiasVariance> {
    for (name, value) in [("features per input", features), ("examples per input", examples)] {
        if !(value.is_finite() && value > 0.0) {
            return Err(Error::parameter(name, value, "it must be positive"));
        }
    }
    if !(ridge.is_finite() && ridge >= 0.0) {
        return Err(Error::parameter("ridge", ridge, "it must not be negative"));
    }
    let floor = activation.nonlinear.powi(2);
    if floor <= 1e-20 {
        return Err(Error::Assumption {
            theory: "the theory of random features",
            reason: "the activation is linear".into(),
            remedy: "use ridge regression on the inputs".into(),
        });
    }
    if features == examples && ridge == 0.0 {
        return Err(Error::Diverges {
            what: "test error".into(),
            place: format!("ψ₁ = ψ₂ = {features} without ridge"),
            remedy: "change the number of features or add a ridge".into(),
        });
    }
    let zeta = activation.linear.powi(2) / floor;
    let x = root(features, examples, zeta, ridge / floor)?;
    let u = 1.0 + zeta * x;
    let h = x + zeta * x / u;
    let slope = 1.0 + zeta / (u * u);
    let mut gaps = [features - h, examples - h];
    if ridge == 0.0 {
        // The smaller gap is zero, not its rounding.
        gaps[usize::from(examples < features)] = 0.0;
    }
    let [a, b] = gaps;
    let d = x * slope * (a + b) + a * b;
    let cube = u * u * u;
    Ok(BiasVariance {
        bias: examples * (features + zeta * x * x) / (u * u * d),
        variance: x * x * (cube + 2.0 * zeta * u + zeta * zeta * (a * u + x * u + 1.0))
            / (cube * d),
    })
}

/// The root x: by the quadratic h(x) = min ψ without ridge, else below it.
fn root(features: f64, examples: f64, zeta: f64, ridge: f64) -> Result<f64> {
    let least = features.min(examples);
    // ζ²x² + (1 + ζ² − ζ² min ψ)x − min ψ = 0, without cancellation.
    let b = 1.0 + zeta - zeta * least;
    let discriminant = (b * b + 4.0 * zeta * least).sqrt();
    let highest =
        if b > 0.0 { 2.0 * least / (b + discriminant) } else { (discriminant - b) / (2.0 * zeta) };
    if ridge == 0.0 {
        return Ok(highest);
    }
    let excess = |x: f64| {
        let h = x + zeta * x / (1.0 + zeta * x);
        (features - h) * (examples - h) - features * examples * ridge * x
    };
    brent(excess, 0.0, highest).ok_or_else(|| Error::Numerical {
        method: "root of the equation of random features",
        reason: format!("no root below {highest} for ψ₁ = {features}, ψ₂ = {examples}"),
    })
}

const PSI1: Parameter = Parameter {
    name: "psi1",
    symbol: "ψ₁",
    unit: "",
    default: 3.0,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "random features per input dimension",
};

const PSI2: Parameter = Parameter {
    name: "psi2",
    symbol: "ψ₂",
    unit: "",
    default: 3.0,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "training examples per input dimension",
};

const RIDGE: Parameter = Parameter {
    name: "ridge",
    symbol: "λ",
    unit: "",
    default: 1e-3,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "strength of the penalty on the weights",
};

const SIGNAL: Parameter = Parameter {
    name: "signal",
    symbol: "F₁²",
    unit: "",
    default: 1.0,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "power of the linear part of the target",
};

const NONLINEAR: Parameter = Parameter {
    name: "nonlinear",
    symbol: "F∗²",
    unit: "",
    default: 0.0,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "power of the nonlinear part of the target",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "τ²",
    unit: "",
    default: 0.25,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "variance of the label noise",
};

/// Test error of ridge regression on random ReLU features against the number of features.
pub const RANDOM_FEATURES: Curve = Curve {
    name: "random-features",
    summary: "ridge regression on random ReLU features",
    reference: "mei2019",
    parameters: &[PSI1, PSI2, RIDGE, SIGNAL, NONLINEAR, NOISE],
    observables: &["test error"],
    size: "input dimension d",
    cells: |point, d| {
        let (d, tests) = (d as f64, TEST_POINTS as f64);
        let (features, examples) = (point.get(&PSI1) * d, point.get(&PSI2) * d);
        (examples + tests) * (d + features) + 2.0 * features.min(examples).powi(2)
    },
    theory,
    simulation,
    bias,
};

/// Coefficients of ReLU: 1/√2π, ½, and the root of ¼ − 1/2π.
pub fn relu() -> Coefficients {
    let constant = (2.0 * std::f64::consts::PI).sqrt().recip();
    Coefficients { constant, linear: 0.5, nonlinear: (0.25 - constant * constant).sqrt() }
}

fn theory(point: &Values) -> Result<Vec<f64>> {
    let at = |parameter| point.get(parameter);
    let parts = bias_variance(at(&PSI1), at(&PSI2), at(&RIDGE), &relu())?;
    Ok(vec![parts.test_error(at(&SIGNAL), at(&NONLINEAR), at(&NOISE))])
}

/// Points on which a student is tested.
const TEST_POINTS: usize = 1000;
/// Features or examples from which one simulation would take minutes.
const LARGEST: f64 = 2e4;

/// Whole numbers of features and examples at an input dimension.
fn counts(point: &Values, size: usize) -> Result<(usize, usize)> {
    if size < 2 {
        return Err(Error::parameter("input dimension", size, "it must be 2 or more"));
    }
    let count = |parameter: &Parameter| {
        let ratio = point.get(parameter);
        let n = (ratio * size as f64).round().max(1.0);
        if n > LARGEST {
            let allowed = format!("at dimension {size} that is {n}: at most {LARGEST}");
            return Err(Error::parameter(parameter.name, ratio, allowed));
        }
        Ok(n as usize)
    };
    Ok((count(&PSI1)?, count(&PSI2)?))
}

/// One set of examples, one set of random features; the test error is measured on fresh inputs.
fn simulation(point: &Values, size: usize, seed: u64) -> Result<Vec<f64>> {
    let (n_features, n_examples) = counts(point, size)?;
    let d = size as f64;
    let mut rng = stream(seed, Purpose::Task, 0);
    let inputs = on_sphere(n_examples + TEST_POINTS, size, d.sqrt(), &mut rng);
    // The direction of the linear part does not matter.
    let mut target = inputs.slice(ndarray::s![.., ..1]).mapv(|x| point.get(&SIGNAL).sqrt() * x);
    if point.get(&NONLINEAR) > 0.0 {
        let form = gaussian(size, size, 1.0, &mut rng);
        let trace = form.diag().sum();
        let values = (&inputs.dot(&form) * &inputs).sum_axis(Axis(1)).insert_axis(Axis(1));
        // A centered form has variance d² − d over the sphere.
        target += &((values - trace) * (point.get(&NONLINEAR) / (d * d - d)).sqrt());
    }
    let noise = gaussian(n_examples, 1, point.get(&NOISE).sqrt(), &mut rng);
    let theta =
        on_sphere(n_features, size, d.sqrt(), &mut stream(seed, Purpose::InitialWeights, 0));
    let features = (inputs.dot(&theta.t()) / d.sqrt()).mapv(|h| Nonlinearity::RELU.value(h));
    let (train, test) = features.view().split_at(Axis(0), n_examples);
    let (labels, truth) = target.view().split_at(Axis(0), n_examples);
    let penalty = (n_examples * n_features) as f64 / d * point.get(&RIDGE);
    let weights = ridge_regression(train.to_owned(), &(&labels + &noise), penalty)?;
    let gaps = test.dot(&weights) - truth;
    Ok(vec![gaps.iter().map(|x| x * x).sum::<f64>() / TEST_POINTS as f64])
}

/// The minimum of ‖y − Zw‖² + γ‖w‖² by the smaller of the two equivalent systems; without penalty the
/// solution of smallest norm.
pub(crate) fn ridge_regression(
    z: Array2<f64>,
    y: &Array2<f64>,
    penalty: f64,
) -> Result<Array2<f64>> {
    let wide = z.nrows() < z.ncols();
    let mut gram = if wide { z.dot(&z.t()) } else { z.t().dot(&z) };
    gram.diag_mut().mapv_inplace(|x| x + penalty);
    if wide {
        Ok(z.t().dot(&solve_positive_definite(&gram, y)?))
    } else {
        solve_positive_definite(&gram, &z.t().dot(y))
    }
}

/// Two effects of order 1/d. Counts are rounded and act like a shift of ψ₁ and ψ₂ by up to 1/d. And
/// the nonlinear parts of N features and n examples, which theory takes for independent noise, share
/// the d²/2 quadratic forms: a relative error of order (N + n)/d² = (ψ₁ + ψ₂)/d, here half of that.
/// Measured (thousands of runs, d = 20 and 40, nine points from ψ₁ = 0.3 to 10): the gap falls as 1/d
/// everywhere, and is at most 0.36 (ψ₁ + ψ₂)/d, at the peak of λ = 10⁻³ (−2.1/d); at ψ₁ = 10, ψ₂ = 3 it
/// is +3.4/d, with half of a target nonlinear at the peak −2.1/d. Where (ψ₁ + ψ₂)/d is not small its
/// square counts as well: counts are then nearly as many as quadratic forms, and the peak is broader.
fn bias(point: &Values, size: usize, theory_here: &[f64]) -> Result<Vec<f64>> {
    let unit = 1.0 / size as f64;
    let mut largest = 0.0f64;
    for ratio in [&PSI1, &PSI2] {
        for shift in [-unit, unit] {
            let shifted = (point.get(ratio) + shift).clamp(ratio.low, ratio.high);
            // A shift onto the peak says nothing.
            match theory(&point.with(ratio.name, shifted)?) {
                Ok(there) => largest = largest.max((there[0] - theory_here[0]).abs()),
                Err(Error::Diverges { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let counts = (point.get(&PSI1) + point.get(&PSI2)) * unit;
    Ok(vec![largest + 0.5 * counts * (1.0 + counts) * theory_here[0]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_by_quadrature_are_those_known_exactly() {
        let pi = std::f64::consts::PI;
        let found = Coefficients::of(|h| Nonlinearity::RELU.value(h));
        approx::assert_abs_diff_eq!(found.constant, relu().constant, epsilon = 1e-14);
        approx::assert_abs_diff_eq!(found.linear, 0.5, epsilon = 1e-14);
        approx::assert_abs_diff_eq!(found.nonlinear, relu().nonlinear, epsilon = 1e-14);
        // E[erf(G)²] = (2/π) asin(2/3).
        let found = Coefficients::of(libm::erf);
        approx::assert_abs_diff_eq!(found.constant, 0.0, epsilon = 1e-15);
        approx::assert_abs_diff_eq!(found.linear, 2.0 / (3.0 * pi).sqrt(), epsilon = 1e-14);
        let rest = 2.0 / pi * (2f64 / 3.0).asin() - 4.0 / (3.0 * pi);
        approx::assert_abs_diff_eq!(found.nonlinear, rest.sqrt(), epsilon = 1e-14);
        let found = Coefficients::of(|h| 2.0 * h + 1.0);
        assert!(found.nonlinear < 1e-14 && (found.linear - 2.0).abs() < 1e-14);
        // tanh has no closed form: Stein's lemma, E[Gσ(G)] = E[σ'(G)].
        let slope = Coefficients::of(|h| Nonlinearity::Tanh.slope(h)).constant;
        let linear = Coefficients::of(f64::tanh).linear;
        approx::assert_abs_diff_eq!(linear, slope, epsilon = 1e-13);
    }

    #[test]
    fn positive_factors_are_the_polynomials_of_the_paper() {
        for (p1, p2, ridge) in
            [(0.5, 3.0, 0.02), (3.0, 3.0, 1e-3), (7.0, 2.0, 0.0), (2.0, 7.0, 5.0)]
        {
            let c = relu();
            let z = c.linear.powi(2) / c.nonlinear.powi(2);
            let x = root(p1, p2, z, ridge / c.nonlinear.powi(2)).unwrap();
            let chi = -x;
            let power = |i: i32, j: i32| chi.powi(i) * z.powi(j);
            let e0 = -power(5, 3) + 3.0 * power(4, 2) + (p1 * p2 - p2 - p1 + 1.0) * power(3, 3)
                - 2.0 * power(3, 2)
                - 3.0 * power(3, 1)
                + (p1 + p2 - 3.0 * p1 * p2 + 1.0) * power(2, 2)
                + 2.0 * power(2, 1)
                + power(2, 0)
                + 3.0 * p1 * p2 * power(1, 1)
                - p1 * p2;
            let e1 = p2 * power(3, 2) - p2 * power(2, 1) + p1 * p2 * power(1, 1) - p1 * p2;
            let e2 = power(5, 3) - 3.0 * power(4, 2)
                + (p1 - 1.0) * power(3, 3)
                + 2.0 * power(3, 2)
                + 3.0 * power(3, 1)
                - (p1 + 1.0) * power(2, 2)
                - 2.0 * power(2, 1)
                - power(2, 0);
            let found = bias_variance(p1, p2, ridge, &c).unwrap();
            approx::assert_relative_eq!(found.bias, e1 / e0, max_relative = 1e-10);
            approx::assert_relative_eq!(found.variance, e2 / e0, max_relative = 1e-10);
        }
    }

    #[test]
    fn the_limit_without_ridge_is_continuous_and_diverges_at_the_peak_only() {
        for p1 in [0.3, 2.9, 3.1, 50.0] {
            let none = bias_variance(p1, 3.0, 0.0, &relu()).unwrap();
            let tiny = bias_variance(p1, 3.0, 1e-13, &relu()).unwrap();
            approx::assert_relative_eq!(none.bias, tiny.bias, max_relative = 1e-8);
            approx::assert_relative_eq!(none.variance, tiny.variance, max_relative = 1e-8);
        }
        let peak = bias_variance(3.0, 3.0, 0.0, &relu());
        assert!(matches!(peak, Err(Error::Diverges { .. })), "{peak:?}");
        // Next to it the error grows as the inverse distance.
        let near = |gap: f64| bias_variance(3.0 + gap, 3.0, 0.0, &relu()).unwrap().variance;
        approx::assert_relative_eq!(near(1e-8) / near(1e-6), 100.0, max_relative = 1e-3);
        assert!(bias_variance(3.0, 3.0, -1.0, &relu()).is_err());
        assert!(bias_variance(0.0, 3.0, 0.1, &relu()).is_err());
        let line = Coefficients { constant: 0.0, linear: 1.0, nonlinear: 0.0 };
        assert!(matches!(bias_variance(1.0, 2.0, 0.1, &line), Err(Error::Assumption { .. })));
    }

    #[test]
    fn infinitely_many_features_are_kernel_regression() {
        // Their kernel is μ₁²x·x′/d + μ_*²δ, so that μ_*² joins the ridge nλ/d.
        let (examples, ridge, noise) = (3.0, 0.02, 0.25);
        let many = bias_variance(1e7, examples, ridge, &relu()).unwrap();
        let d = 100.0;
        let kernel = crate::generalization::kernel::regression::KernelRegression {
            eigenvalues: vec![relu().linear.powi(2) / d],
            multiplicities: vec![d],
            powers: vec![1.0],
            ridge: examples * ridge + relu().nonlinear.powi(2),
            remainder: 0.0,
            noise,
        };
        let found = kernel.learn(&[examples * d]).unwrap()[0].test_error - noise;
        approx::assert_relative_eq!(found, many.test_error(1.0, 0.0, noise), max_relative = 1e-5);
    }
}
