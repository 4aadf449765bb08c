//! The posterior of the scale of a Bayesian deep linear network.
//!
//! See [`bayesian_deep_linear`](super::deep_linear) for what it is a scale of, the equations,
//! and the integrals of Gamma functions that give its moments.

use std::f64::consts::PI;

use crate::math::roots::brent;
use crate::{Error, Result};

/// Steps of the integration per width of its peak.
const FINENESS: f64 = 6.0;
/// Part of the peak below which an integrand is left out.
const NEGLIGIBLE: f64 = 1e-18;

/// What data with YᵀK⁻¹Y = P r₀ say of the scale s² of a network with L hidden layers of N units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalePosterior {
    /// Number of hidden layers L ≥ 1.
    pub hidden: usize,
    /// Units N of each.
    pub width: usize,
    /// Number of examples P.
    pub samples: usize,
    /// σ²: variance of the weights times their fan-in.
    pub weight_variance: f64,
    /// r₀ > 0.
    pub fit: f64,
}

impl ScalePosterior {
    /// u₀: the scale of one layer in the limit of many units and examples (`li2021`).
    ///
    /// # Errors
    /// A number out of range.
    pub fn saddle(&self) -> Result<f64> {
        self.validate()?;
        let alpha = self.samples as f64 / self.width as f64;
        saddle(alpha, self.fit, self.hidden, self.weight_variance)
    }

    /// ⟨s²⟩, exact.
    ///
    /// # Errors
    /// As [`log_moment`](Self::log_moment).
    pub fn mean(&self) -> Result<f64> {
        Ok((self.log_moment(1)? - self.log_moment(0)?).exp())
    }

    /// ⟨s⁴⟩ − ⟨s²⟩², exact.
    ///
    /// # Errors
    /// As [`log_moment`](Self::log_moment).
    pub fn variance(&self) -> Result<f64> {
        let [zero, one, two] = [0, 1, 2].map(|k| self.log_moment(k));
        let (zero, one, two) = (zero?, one?, two?);
        let mean = (one - zero).exp();
        Ok(mean * mean * (two - 2.0 * one + zero).exp_m1())
    }

    /// ln⟨s^{2k−P} exp(−Pr₀/2s²)⟩ over the prior of s².
    ///
    /// # Errors
    /// A number out of range.
    pub fn log_moment(&self, k: u32) -> Result<f64> {
        self.validate()?;
        let b = 0.5 * self.samples as f64 * self.fit;
        let shift = f64::from(k) - 0.5 * self.samples as f64;
        let (layers, half) = (self.hidden as f64, 0.5 * self.width as f64);
        let unit = (self.weight_variance / half).ln();
        // Logarithm of the integrand at z = x + iy, relative to Γ(N/2)^L.
        let log = |x: f64, y: f64| {
            let (re, im) = ln_gamma(x, y);
            let (re_n, im_n) = ln_gamma(half + x + shift, y);
            let real = re - x * b.ln() + layers * (unit * (x + shift) + re_n);
            (real, im - y * b.ln() + layers * (unit * y + im_n))
        };
        let least = (-half - shift).max(0.0);
        let center = least + lowest(|ln_x| log(least + ln_x.exp(), 0.0).0).exp();
        let peak = log(center, 0.0).0;
        // Curvature along the line; Σ 1/x is close to the derivative of digamma, and below it.
        let curvature = trigamma(center) + layers * trigamma(half + center + shift);
        let step = 1.0 / (FINENESS * curvature.sqrt());
        let mut sum = 0.5;
        for i in 1..100_000 {
            let (real, phase) = log(center, step * f64::from(i));
            let size = (real - peak).exp();
            sum += size * phase.cos();
            if size < NEGLIGIBLE {
                break;
            }
        }
        if !(sum.is_finite() && sum > 0.0) {
            return Err(Error::Numerical {
                method: "integration over the scale",
                reason: format!("the sum is {sum} for {self:?}"),
            });
        }
        Ok(peak + (step * sum / PI).ln() - layers * ln_gamma(half, 0.0).0)
    }

    /// Refuses numbers out of range.
    pub(crate) fn validate(&self) -> Result<()> {
        for (name, n) in [
            ("hidden layers", self.hidden),
            ("hidden units", self.width),
            ("examples", self.samples),
        ] {
            if n == 0 {
                return Err(Error::parameter(name, 0, "at least one is needed"));
            }
        }
        for (name, value) in [("weight variance", self.weight_variance), ("fit r₀", self.fit)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::parameter(name, value, "it must be positive and finite"));
            }
        }
        Ok(())
    }
}

/// u₀ at any load α ≥ 0: the one root of 1 − u/σ² = α(1 − r₀/u^L).
///
/// # Errors
/// A number out of range.
pub fn saddle(alpha: f64, fit: f64, hidden: usize, weight_variance: f64) -> Result<f64> {
    let numbers = [("weight variance", weight_variance), ("fit r₀", fit)];
    for (name, value) in numbers {
        if !(value.is_finite() && value > 0.0) {
            return Err(Error::parameter(name, value, "it must be positive and finite"));
        }
    }
    if !(alpha.is_finite() && alpha >= 0.0) {
        return Err(Error::parameter("load", alpha, "it must be finite and not negative"));
    }
    if hidden == 0 {
        return Err(Error::parameter("hidden layers", 0, "at least one is needed"));
    }
    if alpha == 0.0 {
        return Ok(weight_variance);
    }
    let l = hidden as f64;
    // In ln u, so that tiny and huge roots are found as accurately.
    let excess = |x: f64| 1.0 - x.exp() / weight_variance - alpha * (1.0 - fit * (-l * x).exp());
    // Positive below the least of all scales at which one term could turn it, negative above.
    let low = weight_variance.ln().min(fit.ln() / l) - (2.0 + alpha.recip()).ln() - 1.0;
    let high = weight_variance.ln().max(fit.ln() / l) + (2.0 + alpha).ln() + 1.0;
    brent(excess, low, high).map(f64::exp).ok_or_else(|| Error::Numerical {
        method: "scale at the saddle",
        reason: format!("no root for α = {alpha}, r₀ = {fit}, σ² = {weight_variance}"),
    })
}

/// Where a convex function of x is lowest, between −40 and 40, well enough for a line of
/// integration.
fn lowest(f: impl Fn(f64) -> f64) -> f64 {
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut low, mut high) = (-40.0f64, 40.0f64);
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    while high - low > 1e-4 {
        if fa < fb {
            (high, b, fb) = (b, a, fa);
            a = high - golden * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + golden * (high - low);
            fb = f(b);
        }
    }
    0.5 * (low + high)
}

/// Real and imaginary part of ln Γ(x + iy) for x > 0, continuous in y.
fn ln_gamma(x: f64, y: f64) -> (f64, f64) {
    // Γ(z) = Γ(z + n)/(z(z + 1)…), until Stirling's series is exact to rounding.
    let (mut x, mut re, mut im) = (x, 0.0, 0.0);
    while x < 12.0 {
        re -= 0.5 * (x * x + y * y).ln();
        im -= y.atan2(x);
        x += 1.0;
    }
    let (log, angle) = (0.5 * (x * x + y * y).ln(), y.atan2(x));
    re += (x - 0.5) * log - y * angle - x + 0.5 * (2.0 * PI).ln();
    im += (x - 0.5) * angle + y * log - y;
    // B_{2k}/(2k(2k − 1) z^{2k−1}).
    const SERIES: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    let size = x * x + y * y;
    let (mut a, mut b) = (x / size, -y / size);
    // 1/z².
    let (c, d) = (a * a - b * b, 2.0 * a * b);
    for coefficient in SERIES {
        re += coefficient * a;
        im += coefficient * b;
        (a, b) = (a * c - b * d, a * d + b * c);
    }
    (re, im)
}

/// ψ′(x) for x > 0.
fn trigamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 6.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    sum + 1.0 / x + 0.5 / (x * x) + 1.0 / (6.0 * x.powi(3)) - 1.0 / (30.0 * x.powi(5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::quadrature::composite_nodes;

    fn posterior(hidden: usize, width: usize, samples: usize, fit: f64) -> ScalePosterior {
        ScalePosterior { hidden, width, samples, weight_variance: 1.44, fit }
    }

    /// The same by quadrature in ln u of one or two layers.
    fn by_quadrature(model: &ScalePosterior, k: i32) -> f64 {
        let half = 0.5 * model.width as f64;
        let b = 0.5 * model.samples as f64 * model.fit;
        let density = |x: f64| {
            let v = half * x.exp() / model.weight_variance;
            (half * v.ln() - v - libm::lgamma(half)).exp()
        };
        let weight =
            |x: f64| ((f64::from(k) - 0.5 * model.samples as f64) * x - b * (-x).exp()).exp();
        let nodes = composite_nodes(-14.0, 6.0, 60);
        match model.hidden {
            1 => nodes.iter().map(|(x, w)| w * density(*x) * weight(*x)).sum(),
            _ => nodes
                .iter()
                .map(|(x, w)| {
                    let inner = nodes.iter().map(|(y, v)| v * density(*y) * weight(x + y));
                    w * density(*x) * inner.sum::<f64>()
                })
                .sum(),
        }
    }

    #[test]
    fn gamma_functions_of_complex_numbers() {
        for x in [0.01, 0.5, 3.0, 20.0, 400.0] {
            let (re, im) = ln_gamma(x, 0.0);
            approx::assert_relative_eq!(re, libm::lgamma(x), max_relative = 1e-13, epsilon = 1e-13);
            assert_eq!(im, 0.0);
        }
        // |Γ(1/2 + iy)|² = π/cosh πy, |Γ(1 + iy)|² = πy/sinh πy.
        for y in [0.3, 2.0, 15.0] {
            let half = 2.0 * ln_gamma(0.5, y).0;
            approx::assert_relative_eq!(half, (PI / (PI * y).cosh()).ln(), max_relative = 1e-13);
            let one = 2.0 * ln_gamma(1.0, y).0;
            approx::assert_relative_eq!(one, (PI * y / (PI * y).sinh()).ln(), max_relative = 1e-12);
        }
        // ln Γ(z + 1) = ln Γ(z) + ln z, both parts, across the border of the series.
        let ((re, im), (re1, im1)) = (ln_gamma(11.5, 7.0), ln_gamma(12.5, 7.0));
        assert!((re1 - re - 0.5 * (11.5f64 * 11.5 + 49.0).ln()).abs() < 1e-13);
        assert!((im1 - im - 7f64.atan2(11.5)).abs() < 1e-13);
        approx::assert_relative_eq!(trigamma(1.0), PI * PI / 6.0, max_relative = 1e-7);
    }

    #[test]
    fn moments_are_those_of_direct_quadrature_at_any_width() {
        for (hidden, width, samples, fit) in [
            (1, 20, 8, 2.3),
            (1, 3, 8, 0.4),
            (1, 200, 8, 2.3),
            (2, 20, 8, 2.3),
            (2, 4, 1, 30.0),
            (2, 9, 20, 0.05),
        ] {
            let model = posterior(hidden, width, samples, fit);
            for k in [0, 1, 2] {
                let exact = by_quadrature(&model, k).ln();
                let found = model.log_moment(k as u32).unwrap();
                assert!(
                    (found - exact).abs() < 1e-10 * exact.abs().max(1.0),
                    "{model:?}: {found} {exact}"
                );
            }
        }
    }

    #[test]
    fn the_saddle_solves_its_equation_and_is_the_limit() {
        for (alpha, fit, hidden, variance) in
            [(0.4, 2.28, 1, 1.44), (1e-9, 5.0, 3, 2.0), (50.0, 0.01, 4, 0.3), (3.0, 1e6, 2, 1e-3)]
        {
            let u = saddle(alpha, fit, hidden, variance).unwrap();
            let gap = 1.0 - u / variance - alpha * (1.0 - fit * u.powi(-(hidden as i32)));
            let size = 1.0 + u / variance + alpha * (1.0 + fit * u.powi(-(hidden as i32)));
            assert!(gap.abs() < 1e-13 * size, "{u}: {gap}");
        }
        assert_eq!(saddle(0.0, 3.0, 2, 1.3).unwrap(), 1.3);
        // At fixed load the saddle is off by order 1/N.
        let gap = |n: usize| {
            let model = posterior(2, 10 * n, 4 * n, 2.3);
            model.mean().unwrap() / model.saddle().unwrap().powi(2) - 1.0
        };
        let (narrow, wide) = (gap(50), gap(100));
        assert!((narrow / wide - 2.0).abs() < 0.05, "{narrow} {wide}");
        // What is drawn from the prior of an infinite network does not move.
        let still = posterior(3, 100_000, 5, 1.44f64.powi(3));
        approx::assert_relative_eq!(still.mean().unwrap(), 1.44f64.powi(3), max_relative = 1e-3);
    }

    #[test]
    fn the_variance_of_the_scale_is_small_in_wide_networks_and_never_negative() {
        let variance = |n: usize| posterior(2, n, 8, 2.3).variance().unwrap();
        assert!(variance(10) > 0.0);
        approx::assert_relative_eq!(variance(2000) / variance(4000), 2.0, max_relative = 0.01);
        assert!(posterior(2, 0, 8, 2.0).mean().is_err());
        assert!(posterior(2, 5, 8, -2.0).saddle().is_err());
        assert!(saddle(-0.1, 1.0, 1, 1.0).is_err());
    }
}
