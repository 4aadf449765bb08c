//! The networks at the edge of chaos: χ₁ = 1, see [`super::propagation`].

use super::propagation::{SignalPropagation, require_variance};
use crate::math::roots::brent;
use crate::net::unit::Nonlinearity;
use crate::{Error, Result};

impl SignalPropagation {
    /// The network at the edge of chaos whose signals have a given variance.
    ///
    /// # Errors
    /// A variance that is not positive; a nonlinearity with no edge there ([`Error::Assumption`]).
    pub fn edge_at_variance(nonlinearity: Nonlinearity, q: f64) -> Result<Self> {
        nonlinearity.check()?;
        require_variance(q)?;
        let dual = nonlinearity.diagonal(q);
        let weight_variance = dual.slope.recip();
        let bias = q - weight_variance * dual.value;
        // What rounding leaves of a bias of zero is zero.
        let bias_variance = if bias.abs() < 1e-14 * q { 0.0 } else { bias };
        if !(weight_variance.is_finite() && bias_variance >= 0.0) {
            return Err(Error::Assumption {
                theory: "the edge of chaos",
                reason: format!("signals of {nonlinearity} units with variance {q} have none"),
                remedy: "use another variance or nonlinearity".into(),
            });
        }
        Ok(Self { nonlinearity, weight_variance, bias_variance })
    }

    /// The network at the edge of chaos with given biases, and the variance q\* of its signals.
    ///
    /// # Errors
    /// A bias variance that is not positive (without biases the edge of a saturating unit is
    /// σ_w² = 1/φ′(0)², where signals die out slowly); a nonlinearity without such an edge
    /// ([`Error::Assumption`]).
    pub fn edge_at_bias(nonlinearity: Nonlinearity, bias_variance: f64) -> Result<(Self, f64)> {
        if !(bias_variance.is_finite() && bias_variance > 0.0) {
            return Err(Error::parameter("bias variance", bias_variance, "it must be positive"));
        }
        nonlinearity.check()?;
        let bias = |ln_q: f64| {
            let dual = nonlinearity.diagonal(ln_q.exp());
            ln_q.exp() - dual.value / dual.slope - bias_variance
        };
        let missing = || Error::Assumption {
            theory: "the edge of chaos",
            reason: format!("{nonlinearity} units with bias variance {bias_variance} have none"),
            remedy: "use a saturating nonlinearity such as tanh or erf".into(),
        };
        // q exceeds the biases' variance; beyond that, it is looked for by doubling.
        let mut low = bias_variance.ln();
        while low < 1e6f64.ln() {
            let high = low + std::f64::consts::LN_2;
            let above = bias(high);
            if above.is_finite() && above >= 0.0 {
                let q = brent(bias, low, high).ok_or_else(missing)?.exp();
                return Ok((Self::edge_at_variance(nonlinearity, q)?, q));
            }
            low = high;
        }
        Err(missing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wide::signal::propagation::Phase;

    #[test]
    fn order_and_chaos_meet_at_the_edge() {
        for phi in [Nonlinearity::Tanh, Nonlinearity::ERF] {
            for q in [0.1, 0.5, 2.0, 10.0] {
                let edge = SignalPropagation::edge_at_variance(phi, q).unwrap();
                let there = edge.fixed_point().unwrap();
                approx::assert_relative_eq!(there.variance, q, max_relative = 1e-8);
                assert_eq!(there.phase(), Phase::Critical, "{phi}, q = {q}: {there:?}");
                assert_eq!(there.correlation_depth(), f64::INFINITY);
                let (again, q_again) =
                    SignalPropagation::edge_at_bias(phi, edge.bias_variance).unwrap();
                approx::assert_relative_eq!(q_again, q, max_relative = 1e-8);
                approx::assert_relative_eq!(
                    again.weight_variance,
                    edge.weight_variance,
                    max_relative = 1e-8
                );
                for (factor, phase) in [(0.9, Phase::Ordered), (1.1, Phase::Chaotic)] {
                    let near = SignalPropagation {
                        weight_variance: factor * edge.weight_variance,
                        ..edge
                    };
                    let there = near.fixed_point().unwrap();
                    assert_eq!(there.phase(), phase);
                    assert_eq!(there.correlation == 1.0, phase == Phase::Ordered);
                    let again = near.correlation_map(there.variance, there.correlation);
                    assert!((again - there.correlation).abs() < 1e-12);
                    // Stable: slopes below one where signals settle.
                    assert!(there.correlation_slope < 1.0 && there.variance_slope < 1.0);
                }
            }
        }
    }
}
