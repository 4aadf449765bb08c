//! One mode of a network of any depth whose layers start unequal.

use crate::deep_linear::logit::Growth;
use crate::math::roots::brent;
use crate::math::times::validate_times;
use crate::{Error, Result};

/// One singular mode of an aligned network with unequal layers, u = a₁a₂…a_L.
///
/// Gradient flow conserves κᵢ = aᵢ² − a₁² and leaves one quadrature,
///
/// ```math
/// t = \tau\int \frac{dz}{2\,u(z)\,(s - d\,u(z))},\qquad z = a_1^2,\quad u = \prod_i\sqrt{z+\kappa_i} ,
/// ```
///
/// as long as no layer crosses zero, which holds whenever the product is positive at the start:
/// then all layers grow or shrink together and keep their signs.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainMode {
    s: f64,
    d: f64,
    /// Signs of the layers.
    signs: Vec<f64>,
    /// κ of each layer relative to the one of smallest size.
    kappa: Vec<f64>,
    log_start: f64,
}

impl ChainMode {
    /// From singular value `s`, input variance `d` and the scalar each layer starts with.
    ///
    /// # Errors
    /// A value out of its range, or layers whose product is not positive.
    pub fn new(s: f64, d: f64, layers: &[f64]) -> Result<Self> {
        if !(s.is_finite() && s >= 0.0) {
            return Err(Error::parameter(
                "singular value",
                s,
                "it must be finite and not negative",
            ));
        }
        if !(d.is_finite() && d > 0.0) {
            return Err(Error::parameter("input variance", d, "it must be positive and finite"));
        }
        if let Some(a) = layers.iter().find(|a| !a.is_finite()) {
            return Err(Error::parameter("initial layer strength", a, "it must be finite"));
        }
        let product: f64 = layers.iter().map(|a| a.signum()).product();
        let smallest = layers.iter().fold(f64::INFINITY, |m, a| m.min(a.abs()));
        if layers.is_empty() || product < 0.0 || smallest == 0.0 {
            return Err(Error::Assumption {
                theory: "the chain of unequal layers",
                reason: format!(
                    "the product of the initial layer strengths {layers:?} is not positive"
                ),
                remedy:
                    "a layer would cross zero: start with a positive product, or use two layers"
                        .into(),
            });
        }
        Ok(Self {
            s,
            d,
            signs: layers.iter().map(|a| a.signum()).collect(),
            // (|a| − m)(|a| + m) does not cancel as a² − m² does.
            kappa: layers.iter().map(|a| (a.abs() - smallest) * (a.abs() + smallest)).collect(),
            log_start: layers.iter().map(|a| a.abs().ln()).sum(),
        })
    }

    /// Scalar of every layer at increasing times: one row per time. Their product is the strength.
    ///
    /// # Errors
    /// Times that do not increase from 0.
    pub fn layers(&self, times: &[f64]) -> Result<Vec<Vec<f64>>> {
        validate_times(times)?;
        if self.log_start.exp() == self.s / self.d {
            return Ok(vec![self.layers_at(self.log_start); times.len()]);
        }
        let logs = self.growth().log_strengths(times)?;
        Ok(logs.into_iter().map(|log_u| self.layers_at(log_u)).collect())
    }

    /// Time of half learning; `None` without a target, 0 if the strength starts above half.
    ///
    /// # Errors
    /// A time too long for a floating-point number.
    pub fn half_time(&self) -> Result<Option<f64>> {
        if self.s == 0.0 {
            return Ok(None);
        }
        let half = (0.5 * self.s / self.d).ln();
        if self.log_start >= half {
            return Ok(Some(0.0));
        }
        let time = self.growth().time_to(half);
        if time.is_finite() {
            return Ok(Some(time));
        }
        let reason = format!("from ln u = {} it takes longer than 1e308 τ", self.log_start);
        Err(Error::Numerical { method: "learning time", reason })
    }

    fn growth(&self) -> Growth<impl Fn(f64) -> f64> {
        Growth::new(self.s, self.d, self.log_start, |log_u: f64| {
            // u/z of the smallest layers in logarithms: z is smaller than u², which may underflow.
            let log_z = self.log_smallest_square(log_u);
            let part = |k: &f64| {
                if *k == 0.0 { (log_u - log_z).exp() } else { log_u.exp() / (log_z.exp() + k) }
            };
            self.kappa.iter().map(part).sum()
        })
    }

    fn layers_at(&self, log_u: f64) -> Vec<f64> {
        let log_z = self.log_smallest_square(log_u);
        let size = |k: &f64| {
            if *k == 0.0 { (0.5 * log_z).exp() } else { (log_z.exp() + k).sqrt() }
        };
        self.kappa.iter().zip(&self.signs).map(|(k, sign)| sign * size(k)).collect()
    }

    /// ln z with ½ Σ ln(z + κᵢ) = ln u: monotone in ln z, bracketed by the two extreme cases (all κ
    /// zero above; only the smallest layer moving below).
    fn log_smallest_square(&self, log_u: f64) -> f64 {
        let n = self.kappa.len() as f64;
        let excess = |log_z: f64| {
            let z = log_z.exp();
            0.5 * self
                .kappa
                .iter()
                .map(|k| if *k == 0.0 { log_z } else { (z + k).ln() })
                .sum::<f64>()
                - log_u
        };
        let high = 2.0 * log_u / n + 1e-9;
        let mut low = high - 1.0;
        while excess(low) > 0.0 {
            low -= 2.0 * (high - low);
        }
        brent(excess, low, high).unwrap_or(high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::depth::DepthMode;
    use crate::deep_linear::two_layer::TwoLayerMode;
    use crate::math::ode;
    use approx::assert_relative_eq;

    #[test]
    fn unequal_layers_follow_the_flow_of_every_layer() {
        let start = [0.3, -0.5, 0.2, -0.7];
        for (s, d) in [(1.5, 0.8), (0.0, 0.8), (0.01, 0.9)] {
            let times = [0.0, 0.5, 2.0, 10.0, 40.0];
            let field = |a: &[f64], da: &mut [f64]| {
                let u: f64 = a.iter().product();
                for (i, out) in da.iter_mut().enumerate() {
                    *out = a
                        .iter()
                        .enumerate()
                        .filter(|(j, _)| *j != i)
                        .map(|(_, a)| a)
                        .product::<f64>()
                        * (s - d * u);
                }
            };
            let flow = ode::integrate(field, &start, &times).unwrap();
            let theory = ChainMode::new(s, d, &start).unwrap().layers(&times).unwrap();
            for (a, b) in theory.iter().flatten().zip(flow.iter().flatten()) {
                assert!((a - b).abs() < 1e-10, "s = {s}: {theory:?} against {flow:?}");
            }
        }
    }

    #[test]
    fn equal_layers_and_two_layers_are_special_cases() {
        let times = [0.5, 3.0, 8.0];
        let chain = ChainMode::new(1.2, 0.9, &[0.4; 3]).unwrap().layers(&times).unwrap();
        let depth = DepthMode::new(1.2, 0.9, 3.0, 0.064).unwrap().strengths(&times).unwrap();
        for (a, u) in chain.iter().zip(depth) {
            assert_relative_eq!(a.iter().product::<f64>(), u, max_relative = 1e-10);
        }
        let chain = ChainMode::new(1.2, 0.9, &[0.05, 0.6]).unwrap().layers(&times).unwrap();
        let two = TwoLayerMode::new(1.2, 0.9, &[0.05], &[0.6]).unwrap();
        for (a, t) in chain.iter().zip(times) {
            assert_relative_eq!(a[0] * a[1], two.strength(t), max_relative = 1e-10);
        }
    }

    #[test]
    fn layers_that_would_cross_zero_are_refused() {
        assert!(matches!(ChainMode::new(1.0, 1.0, &[0.1, -0.2]), Err(Error::Assumption { .. })));
        assert!(matches!(ChainMode::new(1.0, 1.0, &[0.1, 0.0]), Err(Error::Assumption { .. })));
    }
}
