//! Signals in deep random networks: order, chaos, and the edge between them.
//!
//! # Setting
//!
//! Layers h^{l+1} = Wφ(h^l) + b with weights of variance σ_w²/N and biases of variance σ_b². As N → ∞ the
//! fields of a layer are Gaussian, and two inputs are known by the variance q and the correlation c of
//! their fields (`poole2016`).
//!
//! # Prediction
//!
//! ```math
//! q' = \sigma_w^2\,\langle\phi(\sqrt q z)^2\rangle + \sigma_b^2,\qquad
//! c' = \frac{\sigma_w^2\,\langle\phi(u)\phi(v)\rangle + \sigma_b^2}{q_*},
//! ```
//!
//! with u, v of variance q\* and covariance c q\*. Of the slopes
//!
//! ```math
//! \frac{dq'}{dq} = \sigma_w^2\langle\phi'^2 + \phi\phi''\rangle,\qquad
//! \chi_c = \frac{dc'}{dc} = \sigma_w^2\langle\phi'(u)\phi'(v)\rangle ,
//! ```
//!
//! χ₁, that at c = 1, decides. The map c ↦ c′ is a power series with coefficients that are not negative,
//! so it is convex on \[0, 1\] and, beside c = 1, has one fixed point below it if χ₁ > 1 and none else:
//! below 1 (order) all inputs become alike and gradients vanish; above 1 (chaos) they become different,
//! c\* < 1, and gradients explode. Both happen within the depth scales (`schoenholz2017`)
//!
//! ```math
//! \xi_q = -1/\ln\frac{dq'}{dq},\qquad \xi_c = -1/\ln\chi_{c_*},\qquad \xi_\nabla = -1/\ln\chi_1 ,
//! ```
//!
//! and at the edge, χ₁ = 1, at no depth. The edge is a curve: σ_w² = 1/⟨φ′²⟩ and
//! σ_b² = q\* − σ_w²⟨φ²⟩ at every q\*. Rectified units are an exception: their q′ is linear in q, so only
//! σ_w² = 2, σ_b² = 0 keeps signals, and there c goes to 1 as 1 − 9π²/2l².

use crate::math::roots::brent;
use crate::net::unit::Nonlinearity;
use crate::{Error, Result};

/// Variances between which a fixed point is looked for.
const SMALLEST: f64 = 1e-12;
const LARGEST: f64 = 1e9;
/// Distance of χ₁ from 1 at which a network is called critical: what rounding leaves at the edge.
const CRITICAL: f64 = 1e-9;

/// A deep random network of infinite width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignalPropagation {
    /// What its units do.
    pub nonlinearity: Nonlinearity,
    /// σ_w²: variance of the weights times the width.
    pub weight_variance: f64,
    /// σ_b²: variance of the biases.
    pub bias_variance: f64,
}

/// What depth makes of two inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// They become alike, and gradients vanish: χ₁ < 1.
    Ordered,
    /// They do so slower than exponentially: χ₁ = 1.
    Critical,
    /// They become different, and gradients explode: χ₁ > 1.
    Chaotic,
}

/// Where signals settle, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedPoint {
    /// q\*.
    pub variance: f64,
    /// dq′/dq there.
    pub variance_slope: f64,
    /// χ₁: growth of squared gradients, and of a small difference of inputs, in each layer.
    pub chi: f64,
    /// c\*, the correlation that all pairs of inputs go to.
    pub correlation: f64,
    /// χ at c\*.
    pub correlation_slope: f64,
}

impl FixedPoint {
    /// Order or chaos.
    pub fn phase(&self) -> Phase {
        if (self.chi - 1.0).abs() <= CRITICAL {
            Phase::Critical
        } else if self.chi < 1.0 {
            Phase::Ordered
        } else {
            Phase::Chaotic
        }
    }

    /// ξ_q: layers in which a difference from q\* falls by e.
    pub fn variance_depth(&self) -> f64 {
        depth_scale(self.variance_slope)
    }

    /// ξ_c: layers in which a difference from c\* falls by e; infinite at the edge of chaos.
    pub fn correlation_depth(&self) -> f64 {
        depth_scale(self.correlation_slope)
    }

    /// ξ_∇: layers in which squared gradients fall by e; negative where they grow, infinite at the edge
    /// of chaos.
    pub fn gradient_depth(&self) -> f64 {
        depth_scale(self.chi)
    }
}

fn depth_scale(slope: f64) -> f64 {
    if (slope.abs() - 1.0).abs() <= CRITICAL { f64::INFINITY } else { -1.0 / slope.abs().ln() }
}

impl SignalPropagation {
    /// Refuses variances that are negative or not finite, and what the nonlinearity refuses.
    ///
    /// # Errors
    /// As said.
    pub fn validate(&self) -> Result<()> {
        self.nonlinearity.check()?;
        if !(self.weight_variance.is_finite() && self.weight_variance > 0.0) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("weight variance", self.weight_variance, allowed));
        }
        if !(self.bias_variance.is_finite() && self.bias_variance >= 0.0) {
            let allowed = "it must be finite and not negative";
            return Err(Error::parameter("bias variance", self.bias_variance, allowed));
        }
        Ok(())
    }

    /// q′.
    pub fn variance_map(&self, q: f64) -> f64 {
        self.weight_variance * self.nonlinearity.diagonal(q).value + self.bias_variance
    }

    /// dq′/dq.
    pub fn variance_slope(&self, q: f64) -> f64 {
        let phi = self.nonlinearity;
        self.weight_variance
            * phi.expectation(q, |h| phi.slope(h).powi(2) + phi.value(h) * phi.curvature(h))
    }

    /// Covariance of the next fields of two inputs with fields of variances q and q2 and covariance k.
    pub fn covariance_map(&self, q: f64, k: f64, q2: f64) -> f64 {
        self.weight_variance * self.nonlinearity.dual(q, k, q2).value + self.bias_variance
    }

    /// c′ of two inputs whose fields have the same variance, a fixed point.
    pub fn correlation_map(&self, q: f64, c: f64) -> f64 {
        self.covariance_map(q, c * q, q) / q
    }

    /// χ_c: dc′/dc.
    pub fn correlation_slope(&self, q: f64, c: f64) -> f64 {
        self.weight_variance * self.nonlinearity.dual(q, c * q, q).slope
    }

    /// χ₁.
    pub fn chi(&self, q: f64) -> f64 {
        self.weight_variance * self.nonlinearity.diagonal(q).slope
    }

    /// q\*: the smallest variance that a signal can settle at.
    ///
    /// # Errors
    /// A value out of range; no fixed point because activity dies out or because every variance is
    /// one ([`Error::Assumption`]) or because it grows without bound ([`Error::Diverges`]).
    pub fn fixed_variance(&self) -> Result<f64> {
        self.validate()?;
        let excess = |q: f64| self.variance_map(q) - q;
        let theory = "the fixed point of the variance";
        let at_one = excess(1.0).abs().max(excess(7.0).abs() / 7.0);
        if at_one < 1e-14 {
            return Err(Error::Assumption {
                theory,
                reason: "this network keeps every variance".into(),
                remedy: "say which with at_variance".into(),
            });
        }
        if excess(SMALLEST) <= 0.0 {
            return Err(Error::Assumption {
                theory,
                reason: "activity dies out with depth".into(),
                remedy: "use larger weights or biases".into(),
            });
        }
        let mut low = SMALLEST;
        while low < LARGEST {
            let high = 2.0 * low;
            if excess(high) <= 0.0 {
                let root = brent(excess, low, high);
                return root.ok_or_else(|| Error::Numerical {
                    method: theory,
                    reason: format!("no root between {low} and {high}"),
                });
            }
            low = high;
        }
        Err(Error::Diverges {
            what: "variance of the fields".into(),
            place: format!("σ_w² = {}, σ_b² = {}", self.weight_variance, self.bias_variance),
            remedy: "use smaller weights".into(),
        })
    }

    /// Where signals settle.
    ///
    /// # Errors
    /// As [`fixed_variance`](Self::fixed_variance).
    pub fn fixed_point(&self) -> Result<FixedPoint> {
        self.at_variance(self.fixed_variance()?)
    }

    /// The same for signals of a given variance: for networks that keep any.
    ///
    /// # Errors
    /// A value out of range.
    pub fn at_variance(&self, q: f64) -> Result<FixedPoint> {
        self.validate()?;
        require_variance(q)?;
        let chi = self.chi(q);
        let correlation = if chi <= 1.0 + CRITICAL { 1.0 } else { self.separated(q) };
        let correlation_slope =
            if correlation == 1.0 { chi } else { self.correlation_slope(q, correlation) };
        let variance_slope = self.variance_slope(q);
        Ok(FixedPoint { variance: q, variance_slope, chi, correlation, correlation_slope })
    }

    /// The fixed point of the correlation below 1.
    fn separated(&self, q: f64) -> f64 {
        let excess = |c: f64| self.correlation_map(q, c) - c;
        if excess(0.0) <= 1e-15 {
            return 0.0;
        }
        // The map crosses the diagonal from above, and comes back to it at 1.
        let mut gap = 0.1;
        while gap > 1e-12 {
            if let Some(root) = brent(excess, 0.0, 1.0 - gap) {
                return root;
            }
            gap *= 0.1;
        }
        1.0
    }

    /// Variance and correlation of two inputs with fields of equal variance, at layers 0, …, `depth`.
    ///
    /// # Errors
    /// A value out of range, or a variance that grows beyond all numbers.
    pub fn course(&self, variance: f64, correlation: f64, depth: usize) -> Result<Vec<(f64, f64)>> {
        self.validate()?;
        require_variance(variance)?;
        if !(correlation.abs() <= 1.0) {
            let allowed = "it must be between −1 and 1";
            return Err(Error::parameter("correlation", correlation, allowed));
        }
        let (mut q, mut k) = (variance, correlation * variance);
        let mut course = vec![(q, correlation)];
        for layer in 1..=depth {
            // The same input twice stays the same.
            let equal = k == q;
            (q, k) = (self.variance_map(q), self.covariance_map(q, k, q));
            if equal {
                k = q;
            }
            if !(q.is_finite() && q > 0.0) {
                let place = format!("layer {layer}");
                return Err(Error::NonFinite { what: "variance".into(), place, value: q });
            }
            course.push((q, (k / q).clamp(-1.0, 1.0)));
        }
        Ok(course)
    }
}

pub(crate) fn require_variance(q: f64) -> Result<()> {
    if q.is_finite() && q > 0.0 {
        return Ok(());
    }
    Err(Error::parameter("variance of the fields", q, "it must be positive and finite"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(nonlinearity: Nonlinearity, w: f64, b: f64) -> SignalPropagation {
        SignalPropagation { nonlinearity, weight_variance: w, bias_variance: b }
    }

    #[test]
    fn slopes_are_derivatives_of_the_maps() {
        for phi in [Nonlinearity::Tanh, Nonlinearity::ERF, Nonlinearity::RELU, Nonlinearity::Gelu] {
            let net = network(phi, 1.7, 0.1);
            for q in [0.3, 2.0] {
                let h = 1e-4 * q;
                let slope = (net.variance_map(q + h) - net.variance_map(q - h)) / (2.0 * h);
                assert!((slope - net.variance_slope(q)).abs() < 1e-7, "{phi}, q = {q}");
                for c in [-0.5, 0.2, 0.8] {
                    let h = 1e-4;
                    let map = |c: f64| net.correlation_map(q, c);
                    let slope = (map(c + h) - map(c - h)) / (2.0 * h);
                    assert!((slope - net.correlation_slope(q, c)).abs() < 1e-6, "{phi}, c = {c}");
                }
            }
        }
    }

    #[test]
    fn correlations_converge_within_the_depth_scale() {
        for (w, b) in [(1.3, 0.05), (2.5, 0.05), (4.0, 0.3)] {
            let net = network(Nonlinearity::ERF, w, b);
            let there = net.fixed_point().unwrap();
            let xi = there.correlation_depth();
            // Six and seven depths from the start, where only the slowest part is left.
            let (l1, l2) = ((6.0 * xi) as usize, (7.0 * xi) as usize);
            let course = net.course(there.variance, 0.2, l2).unwrap();
            let gap = |l: usize| (course[l].1 - there.correlation).abs();
            let measured = (l2 - l1) as f64 / (gap(l1) / gap(l2)).ln();
            assert!((measured / xi - 1.0).abs() < 0.02, "{measured} {xi}");
        }
    }

    #[test]
    fn rectified_units_keep_signals_at_one_point_only() {
        let relu = Nonlinearity::RELU;
        let critical = network(relu, 2.0, 0.0);
        assert!(matches!(critical.fixed_point(), Err(Error::Assumption { .. })));
        let there = critical.at_variance(3.0).unwrap();
        assert_eq!((there.phase(), there.correlation), (Phase::Critical, 1.0));
        assert!(matches!(network(relu, 2.1, 0.0).fixed_point(), Err(Error::Diverges { .. })));
        assert!(matches!(network(relu, 1.9, 0.0).fixed_point(), Err(Error::Assumption { .. })));
        let settled = network(relu, 1.5, 0.2).fixed_point().unwrap();
        approx::assert_relative_eq!(settled.variance, 0.8, max_relative = 1e-12);
        assert_eq!(settled.phase(), Phase::Ordered);
        assert!(SignalPropagation::edge_at_bias(relu, 0.1).is_err());
        let edge = SignalPropagation::edge_at_variance(relu, 3.0).unwrap();
        assert_eq!((edge.weight_variance, edge.bias_variance), (2.0, 0.0));
        // 1 − c ~ 9π²/2l², up to ln l/l.
        let depth = 2000;
        let (_, c) = critical.course(1.0, 0.0, depth).unwrap()[depth];
        let law = 4.5 * (std::f64::consts::PI / depth as f64).powi(2);
        assert!(((1.0 - c) / law - 1.0).abs() < 0.02, "{c}");
    }

    #[test]
    fn what_has_no_fixed_point_says_why() {
        let text = network(Nonlinearity::Tanh, 0.9, 0.0).fixed_point().unwrap_err().to_string();
        assert!(text.contains("dies out"), "{text}");
        let growing = Nonlinearity::Exp { amplitude: 1.0, rate: 1.0 };
        assert!(matches!(network(growing, 3.0, 0.1).fixed_point(), Err(Error::Diverges { .. })));
        assert!(network(Nonlinearity::Tanh, -1.0, 0.0).fixed_point().is_err());
        assert!(network(Nonlinearity::Tanh, 1.0, f64::NAN).fixed_point().is_err());
        assert!(network(Nonlinearity::Tanh, 1.0, 0.1).at_variance(0.0).is_err());
        assert!(network(Nonlinearity::Tanh, 1.0, 0.1).course(1.0, 1.5, 3).is_err());
        assert!(SignalPropagation::edge_at_bias(Nonlinearity::Tanh, 0.0).is_err());
        // Odd units without biases: independent inputs stay so.
        let odd = network(Nonlinearity::ERF, 3.0, 0.0).fixed_point().unwrap();
        assert_eq!(odd.correlation, 0.0);
        // The same input twice stays the same.
        let same = network(Nonlinearity::ERF, 3.0, 0.1).course(1.0, 1.0, 20).unwrap();
        assert!(same.iter().all(|(_, c)| *c == 1.0));
    }
}
