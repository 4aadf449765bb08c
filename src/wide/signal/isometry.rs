//! Singular values of the input–output Jacobian: dynamical isometry, and products of random
//! matrices.
//!
//! # Moments
//!
//! J is the derivative of the fields of layer L in those of layer 0, a product of L matrices WD with
//! D = diag φ′(h), at a fixed point q of the variance. With μ_k = ⟨φ′^{2k}⟩ and χ₁ = σ_w²μ₁ its squared
//! singular values have (`pennington2017`)
//!
//! ```math
//! \langle s^2\rangle = \chi_1^L ,\qquad
//! \operatorname{Var} s^2 = \chi_1^{2L}\, L\Big(\frac{\mu_2}{\mu_1^2} - 1 - s_1\Big),
//! ```
//!
//! with s₁ = −1 for Gaussian and 0 for orthogonal weights. The mean is 1 at the edge of chaos; but the
//! variance grows with depth unless weights are orthogonal and μ₂ = μ₁², φ′ the same for all: linear
//! units, or saturating ones as q → 0. Only then can all singular values be 1 at any depth, dynamical
//! isometry. Rectified units, with μ₂/μ₁² = 2, never have it.
//!
//! # Products of Gaussian matrices
//!
//! Squared singular values of a product of L square matrices with entries of variance 1/N have the
//! distribution of Fuss and Catalan: moments binom((L+1)k, k)/(Lk + 1), from 0 to (L+1)^{L+1}/L^L, and
//! with an angle 0 < p < π/(L + 1)
//!
//! ```math
//! x = \frac{\sin^{L+1}((L+1)p)}{\sin p\,\sin^L(Lp)},\qquad
//! \rho(x) = \frac{\sin^2 p\,\sin^{L-1}(Lp)}{\pi\sin^L((L+1)p)} .
//! ```
//!
//! ρ diverges as x^{−L/(L+1)} at 0: deep products have most singular values near 0 and a few large ones.
//! The mass in p is smooth everywhere.

use std::f64::consts::PI;

use super::propagation::SignalPropagation;
use crate::math::quadrature::composite_nodes;
use crate::math::roots::brent;
use crate::{Error, Result};

/// How weight matrices are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightEnsemble {
    /// Independent Gaussian entries of variance σ_w²/N.
    Gaussian,
    /// σ_w times an orthogonal matrix.
    Orthogonal,
}

/// Mean and variance of the squared singular values of a Jacobian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JacobianMoments {
    /// ⟨s²⟩ = χ₁^L.
    pub mean: f64,
    /// Variance of s².
    pub variance: f64,
}

impl JacobianMoments {
    /// Of a network of some depth whose fields have variance q in every layer.
    ///
    /// # Errors
    /// A value out of range, or a nonlinearity without slope.
    pub fn new(
        network: &SignalPropagation,
        variance: f64,
        depth: usize,
        weights: WeightEnsemble,
    ) -> Result<Self> {
        network.validate()?;
        if !(variance.is_finite() && variance > 0.0) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("variance of the fields", variance, allowed));
        }
        let phi = network.nonlinearity;
        let first = phi.diagonal(variance).slope;
        if !(first > 0.0) {
            return Err(Error::Assumption {
                theory: "the spectrum of the Jacobian",
                reason: format!("{phi} units have no slope"),
                remedy: "use a nonlinearity with one".into(),
            });
        }
        let second = phi.expectation(variance, |h| phi.slope(h).powi(4));
        let s1 = match weights {
            WeightEnsemble::Gaussian => -1.0,
            WeightEnsemble::Orthogonal => 0.0,
        };
        let mean = (network.weight_variance * first).powi(depth as i32);
        // By Schwarz not negative; rounding may be.
        let spread = (second / (first * first) - 1.0).max(0.0) - s1;
        Ok(Self { mean, variance: mean * mean * depth as f64 * spread })
    }
}

/// Squared singular values of a product of L square Gaussian matrices with entries of variance 1/N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FussCatalan {
    depth: usize,
}

impl FussCatalan {
    /// Of a product of `depth` matrices; one is the law of Marchenko and Pastur.
    ///
    /// # Errors
    /// No matrix at all, or more than a thousand.
    pub fn new(depth: usize) -> Result<Self> {
        if (1..=1000).contains(&depth) {
            return Ok(Self { depth });
        }
        Err(Error::parameter("matrices in the product", depth, "it must be from 1 to 1000"))
    }

    /// Mean of the k-th power: binom((L+1)k, k)/(Lk + 1).
    pub fn moment(&self, k: u32) -> f64 {
        let (l, k) = (self.depth as f64, f64::from(k));
        // Factor by factor: exact while it is an integer below 2⁵³.
        let binomial =
            (1..=k as u32).fold(1.0, |product, i| product * (l * k + f64::from(i)) / f64::from(i));
        binomial / (l * k + 1.0)
    }

    /// Largest value: (L+1)^{L+1}/L^L.
    pub fn edge(&self) -> f64 {
        let l = self.depth as f64;
        (l + 1.0) * (l * (1.0 / l).ln_1p()).exp()
    }

    /// ρ(x); 0 outside of the support, +∞ at 0.
    pub fn density(&self, x: f64) -> f64 {
        if x == 0.0 {
            return f64::INFINITY;
        }
        if !(x > 0.0 && x < self.edge()) {
            return 0.0;
        }
        self.angle(x).map_or(0.0, |p| {
            let l = self.depth as f64;
            let (a, b) = ((l * p).sin(), ((l + 1.0) * p).sin());
            p.sin().powi(2) * (a / b).powi(self.depth as i32 - 1) / (PI * b)
        })
    }

    /// Share of values below x.
    pub fn cumulative(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        let Some(p) = self.angle(x) else { return 1.0 };
        // What is above, the part of angles below p.
        1.0 - composite_nodes(0.0, p, 8).iter().map(|(p, w)| w * self.mass(*p)).sum::<f64>()
    }

    /// ∫ρ f dx.
    pub fn mean(&self, f: impl Fn(f64) -> f64) -> f64 {
        let nodes = composite_nodes(0.0, self.largest_angle(), 16);
        nodes.iter().map(|(p, w)| w * self.mass(*p) * f(self.place(*p))).sum()
    }

    fn largest_angle(&self) -> f64 {
        PI / (self.depth as f64 + 1.0)
    }

    fn place(&self, p: f64) -> f64 {
        let l = self.depth as f64;
        let (a, b) = ((l * p).sin(), ((l + 1.0) * p).sin());
        b / p.sin() * (b / a).powi(self.depth as i32)
    }

    /// ρ|dx/dp|: sin p sin((L+1)p)/(π sin Lp) times |d ln x/dp|.
    fn mass(&self, p: f64) -> f64 {
        let l = self.depth as f64;
        let cot = |x: f64| x.tan().recip();
        let (a, b) = ((l * p).sin(), ((l + 1.0) * p).sin());
        let slope = (l + 1.0).powi(2) * cot((l + 1.0) * p) - cot(p) - l * l * cot(l * p);
        (p.sin() * b / (PI * a) * slope).abs()
    }

    /// The angle of a place; none above the edge.
    fn angle(&self, x: f64) -> Option<f64> {
        // In ln x, so that tiny places are found as accurately.
        let end = self.largest_angle();
        brent(|p| self.place(p).ln() - x.ln(), 1e-9 * end, end * (1.0 - 1e-12))
    }
}

/// Mean of s⁴ of a product of L square Gaussian matrices at finite N, exactly; the infinite product has
/// L + 1.
///
/// With a = ⟨tr M²⟩/N and b = ⟨(tr M)²⟩/N², multiplication M → WMWᵀ gives a → (1 + 1/N)a + b and
/// b → b + 2a/N², by Wick's theorem.
pub fn finite_fourth_moment(depth: usize, width: usize) -> f64 {
    let n = width.max(1) as f64;
    (0..depth).fold((1.0, 1.0), |(a, b), _| ((1.0 + 1.0 / n) * a + b, b + 2.0 * a / (n * n))).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::unit::Nonlinearity;

    #[test]
    fn moments_of_products_are_those_of_their_density() {
        for depth in [1, 2, 3, 7, 30] {
            let law = FussCatalan::new(depth).unwrap();
            approx::assert_relative_eq!(law.mean(|_| 1.0), 1.0, max_relative = 1e-12);
            for k in 1..=4 {
                let found = law.mean(|x| x.powi(k as i32));
                approx::assert_relative_eq!(found, law.moment(k), max_relative = 1e-11);
            }
            assert_eq!(law.cumulative(0.0), 0.0);
            assert_eq!(law.cumulative(2.0 * law.edge()), 1.0);
            // The density is the slope of the cumulative distribution.
            for share in [1e-3, 0.1, 0.5, 0.9] {
                let (x, h) = (share * law.edge(), 1e-5 * share * law.edge());
                let slope = (law.cumulative(x + h) - law.cumulative(x - h)) / (2.0 * h);
                approx::assert_relative_eq!(law.density(x), slope, max_relative = 1e-6);
            }
        }
        // Marchenko and Pastur, and the edge of three.
        let one = FussCatalan::new(1).unwrap();
        for x in [1e-9f64, 0.3, 1.7, 3.999] {
            let exact = ((4.0 - x) / x).sqrt() / (2.0 * PI);
            approx::assert_relative_eq!(one.density(x), exact, max_relative = 1e-9);
        }
        approx::assert_relative_eq!(FussCatalan::new(3).unwrap().edge(), 256.0 / 27.0);
        assert_eq!([1, 2, 3].map(|k| FussCatalan::new(3).unwrap().moment(k)), [1.0, 4.0, 22.0]);
        assert_eq!(one.density(-1.0) + one.density(5.0), 0.0);
        assert!(FussCatalan::new(0).is_err());
    }

    #[test]
    fn only_linear_or_quiet_orthogonal_networks_are_isometric() {
        let net = |nonlinearity, w| SignalPropagation {
            nonlinearity,
            weight_variance: w,
            bias_variance: 0.0,
        };
        let of = |net: &SignalPropagation, q: f64, weights| {
            JacobianMoments::new(net, q, 20, weights).unwrap()
        };
        let linear = of(&net(Nonlinearity::Linear, 1.0), 1.0, WeightEnsemble::Orthogonal);
        assert!((linear.mean - 1.0).abs() < 1e-14 && linear.variance < 1e-13);
        let gaussian = of(&net(Nonlinearity::Linear, 1.0), 1.0, WeightEnsemble::Gaussian);
        let law = FussCatalan::new(20).unwrap();
        approx::assert_relative_eq!(gaussian.variance, law.moment(2) - 1.0, max_relative = 1e-12);
        let relu = of(&net(Nonlinearity::RELU, 2.0), 1.0, WeightEnsemble::Orthogonal);
        approx::assert_relative_eq!(relu.variance, 20.0, max_relative = 1e-12);
        // Saturating units get there as q², with orthogonal weights only.
        let tanh = |q: f64, weights| {
            let edge = SignalPropagation::edge_at_variance(Nonlinearity::Tanh, q).unwrap();
            of(&edge, q, weights)
        };
        let (quiet, quieter) =
            (tanh(1e-2, WeightEnsemble::Orthogonal), tanh(5e-3, WeightEnsemble::Orthogonal));
        approx::assert_relative_eq!(quiet.mean, 1.0, max_relative = 1e-10);
        assert!((quiet.variance / quieter.variance - 4.0).abs() < 0.3 && quiet.variance < 0.05);
        assert!(tanh(1e-2, WeightEnsemble::Gaussian).variance > 20.0);
        assert!(
            JacobianMoments::new(&net(Nonlinearity::Sign, 1.0), 1.0, 2, WeightEnsemble::Gaussian)
                .is_err()
        );
    }
}
