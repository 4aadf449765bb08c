//! The whole distribution of the singular values of a nonlinear network's Jacobian, at infinite width.
//!
//! The factors W and D of J = WD…WD are free of each other (`pennington2018`), so that S-transforms
//! multiply. With M_D(w) = ⟨d/(w − d)⟩ over d = φ′(√q z)² and m = M_D(w) all is a curve in w:
//!
//! ```math
//! \lambda = \frac{1+m}{m}\Big[\sigma_w^2\, w\, m\,(1+m)^{g-1}\Big]^L ,\qquad
//! \rho(\lambda) = -\frac{1}{\pi\lambda}\operatorname{Im} m ,
//! ```
//!
//! g = 1 for Gaussian and 0 for orthogonal weights, where w is the solution at λ + i0 that belongs to
//! m → 0 as λ → ∞: Newton's method follows it from far away down to the axis. Rectified units have, beside
//! this density, a share of singular values that are 0.

use super::isometry::WeightEnsemble;
use super::propagation::SignalPropagation;
use crate::math::normal;
use crate::{Error, Result};

/// Spacing of the average over units: poles of the integrand come near the real line at the edges.
const SPACING: f64 = 0.01;
/// Averages go so far, in standard deviations.
const REACH: f64 = 8.0;
/// Newton steps for one point.
const MAX_STEPS: usize = 60;
/// Relative accuracy of λ.
const PRECISION: f64 = 1e-12;
/// Distance from the axis, relative to λ, at which the density is taken.
const NEAR: f64 = 1e-8;

/// The limit distribution of the squared singular values of a Jacobian.
#[derive(Debug, Clone)]
pub struct JacobianSpectrum {
    /// Values of φ′² that are not 0 and their probabilities.
    slopes: Vec<(f64, f64)>,
    /// Probability of 0.
    silent: f64,
    weight_variance: f64,
    depth: i32,
    weights: WeightEnsemble,
    mean: f64,
}

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Complex(f64, f64);

impl Complex {
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }

    fn times(self, other: Self) -> Self {
        Self(self.0 * other.0 - self.1 * other.1, self.0 * other.1 + self.1 * other.0)
    }

    fn scaled(self, by: f64) -> Self {
        Self(by * self.0, by * self.1)
    }

    fn inverse(self) -> Self {
        let square = self.0 * self.0 + self.1 * self.1;
        Self(self.0 / square, -self.1 / square)
    }

    fn size(self) -> f64 {
        self.0.hypot(self.1)
    }

    fn is_finite(self) -> bool {
        self.0.is_finite() && self.1.is_finite()
    }
}

impl JacobianSpectrum {
    /// Of a network of some depth whose fields have variance q in every layer.
    ///
    /// # Errors
    /// A value out of range; a nonlinearity without slope; a single layer of orthogonal weights,
    /// whose singular values are σ_w|φ′| as they are.
    pub fn new(
        network: &SignalPropagation,
        variance: f64,
        depth: usize,
        weights: WeightEnsemble,
    ) -> Result<Self> {
        let moments = super::isometry::JacobianMoments::new(network, variance, depth, weights)?;
        if depth == 0 || (depth == 1 && weights == WeightEnsemble::Orthogonal) || depth > 1000 {
            let allowed = "it must be from 1 to 1000, from 2 with orthogonal weights";
            return Err(Error::parameter("layers", depth, allowed));
        }
        if moments.variance <= 1e-12 * moments.mean * moments.mean {
            return Err(Error::Assumption {
                theory: "the density of singular values",
                reason: "all of them are equal".into(),
                remedy: "their square is the mean of JacobianMoments".into(),
            });
        }
        let (phi, root) = (network.nonlinearity, variance.sqrt());
        let n = (REACH / SPACING) as i32;
        // Midpoints, so that no node is at a kink.
        let nodes = (-n..n).map(|i| SPACING * (f64::from(i) + 0.5));
        let mut slopes: Vec<(f64, f64)> =
            nodes.map(|z| (phi.slope(root * z).powi(2), SPACING * normal::density(z))).collect();
        // Equal values together: two are left of rectified units.
        slopes.sort_by(|a, b| a.0.total_cmp(&b.0));
        slopes.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        let total: f64 = slopes.iter().map(|(_, p)| p).sum();
        slopes.iter_mut().for_each(|(_, p)| *p /= total);
        let silent = slopes.iter().filter(|(d, _)| *d == 0.0).map(|(_, p)| p).sum();
        slopes.retain(|(d, _)| *d > 0.0);
        Ok(Self {
            slopes,
            silent,
            weight_variance: network.weight_variance,
            depth: depth as i32,
            weights,
            mean: moments.mean,
        })
    }

    /// ρ at each of `places`, squared singular values; fast if they are in order.
    ///
    /// # Errors
    /// Places that are not positive, or where the solution is lost.
    pub fn density(&self, places: &[f64]) -> Result<Vec<f64>> {
        if let Some(x) = places.iter().find(|x| !(x.is_finite() && **x > 0.0)) {
            let allowed = "squared singular values must be positive and finite";
            return Err(Error::parameter("place", x, allowed));
        }
        // Neighbors lead to each other along the axis; the first comes from afar.
        let mut last: Option<Complex> = None;
        let mut found = Vec::with_capacity(places.len());
        for place in places {
            let there = Complex(*place, NEAR * place);
            let along = last.and_then(|w| self.solve(there, w));
            let w = along.map_or_else(|| self.solved_from_afar(*place), Ok)?;
            last = Some(w);
            let (m, _, _) = self.transform(w);
            found.push((-m.1 / (std::f64::consts::PI * place)).max(0.0));
        }
        Ok(found)
    }

    /// The solution above a place, from far above the axis, where m = mean/λ, down to it.
    fn solved_from_afar(&self, place: f64) -> Result<Complex> {
        let mut height = 1e3 * place.max(self.mean);
        let first: f64 = self.slopes.iter().map(|(d, p)| d * p).sum();
        let mut w = Complex(place, height).scaled(first / self.mean);
        let mut shrink = 0.5;
        while height > NEAR * place {
            let next = (shrink * height).max(NEAR * place);
            match self.solve(Complex(place, next), w) {
                Some(found) => {
                    (w, height) = (found, next);
                    shrink = (shrink * shrink).max(0.25);
                }
                None if shrink < 0.99 => shrink = shrink.sqrt(),
                None => {
                    return Err(Error::Numerical {
                        method: "density of singular values",
                        reason: format!("the solution at {place} is lost {height:.1e} above it"),
                    });
                }
            }
        }
        Ok(w)
    }

    /// w with λ(w) = target, from a guess; none if Newton's method leads elsewhere.
    fn solve(&self, target: Complex, guess: Complex) -> Option<Complex> {
        let mut w = guess;
        for _ in 0..MAX_STEPS {
            let (ratio, slope) = self.relative(w, target)?;
            let gap = ratio.plus(Complex(-1.0, 0.0));
            if gap.size() < PRECISION {
                // On the sheet where Im m < 0 above the axis.
                let (m, _, _) = self.transform(w);
                return (m.1 <= 0.0 && (w.plus(guess.scaled(-1.0))).size() < 0.5 * guess.size())
                    .then_some(w);
            }
            // Newton's method for ln λ: d ln λ = slope dw.
            let log = Complex(ratio.size().ln(), ratio.1.atan2(ratio.0));
            let step = log.times(slope.inverse()).scaled(-1.0);
            let short = (0.3 * w.size() / step.size()).min(1.0);
            w = w.plus(step.scaled(short));
            if !w.is_finite() {
                return None;
            }
        }
        None
    }

    /// m, 1 + m and dm/dw. The second by a sum of its own: m is close to −1 where λ is small.
    fn transform(&self, w: Complex) -> (Complex, Complex, Complex) {
        let zero = Complex(0.0, 0.0);
        let (mut m, mut one, mut slope) = (zero, Complex(self.silent, 0.0), zero);
        for (d, p) in &self.slopes {
            let inverse = Complex(w.0 - d, w.1).inverse();
            m = m.plus(inverse.scaled(p * d));
            one = one.plus(w.times(inverse).scaled(*p));
            slope = slope.plus(inverse.times(inverse).scaled(-p * d));
        }
        (m, one, slope)
    }

    /// λ(w)/target and d ln λ/dw.
    fn relative(&self, w: Complex, target: Complex) -> Option<(Complex, Complex)> {
        let (m, one, m_slope) = self.transform(w);
        let mut factor = w.times(m).scaled(self.weight_variance);
        let mut log_slope = w.inverse().plus(m_slope.times(m.inverse()));
        if self.weights == WeightEnsemble::Orthogonal {
            factor = factor.times(one.inverse());
            log_slope = log_slope.plus(m_slope.times(one.inverse()).scaled(-1.0));
        }
        let mut ratio = one.times(m.inverse()).times(target.inverse());
        for _ in 0..self.depth {
            ratio = ratio.times(factor);
        }
        let slope = m_slope
            .times(one.inverse())
            .plus(m_slope.times(m.inverse()).scaled(-1.0))
            .plus(log_slope.scaled(f64::from(self.depth)));
        (ratio.is_finite() && slope.is_finite()).then_some((ratio, slope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::quadrature::composite_nodes;
    use crate::net::unit::Nonlinearity;
    use crate::wide::signal::isometry::{FussCatalan, JacobianMoments};

    #[test]
    fn linear_units_have_the_density_of_fuss_and_catalan() {
        let network = SignalPropagation {
            nonlinearity: Nonlinearity::Linear,
            weight_variance: 1.0,
            bias_variance: 0.0,
        };
        for depth in [1, 2, 5] {
            let weights = WeightEnsemble::Gaussian;
            let spectrum = JacobianSpectrum::new(&network, 1.0, depth, weights).unwrap();
            let law = FussCatalan::new(depth).unwrap();
            let places: Vec<f64> =
                [1e-3, 0.1, 0.5, 0.9, 1.2].map(|share| share * law.edge()).to_vec();
            for (x, found) in places.iter().zip(spectrum.density(&places).unwrap()) {
                assert!((found - law.density(*x)).abs() < 1e-6 * (1.0 + found), "{x}: {found}");
            }
        }
    }

    #[test]
    fn the_density_of_nonlinear_networks_has_their_mass_mean_and_variance() {
        let q = 0.5;
        // From where on there is mass, in ln λ.
        for (phi, weights, depth, low) in [
            (Nonlinearity::ERF, WeightEnsemble::Gaussian, 2, -25.0),
            (Nonlinearity::Tanh, WeightEnsemble::Orthogonal, 4, -12.0),
            (Nonlinearity::Tanh, WeightEnsemble::Gaussian, 1, -20.0),
        ] {
            let network = SignalPropagation::edge_at_variance(phi, q).unwrap();
            let spectrum = JacobianSpectrum::new(&network, q, depth, weights).unwrap();
            let moments = JacobianMoments::new(&network, q, depth, weights).unwrap();
            // In ln λ, where the density has no singularity but the edge.
            let nodes = composite_nodes(low, 4.0, 60);
            let places: Vec<f64> = nodes.iter().map(|(x, _)| x.exp()).collect();
            let density = spectrum.density(&places).unwrap();
            let moment = |k: i32| -> f64 {
                let terms = nodes.iter().zip(&places).zip(&density);
                terms.map(|(((_, w), x), rho)| w * rho * x.powi(k + 1)).sum()
            };
            assert!((moment(0) - 1.0).abs() < 3e-3, "{phi}: mass {}", moment(0));
            assert!((moment(1) - moments.mean).abs() < 3e-3, "{phi}: mean {}", moment(1));
            let variance = moment(2) - moment(1).powi(2);
            assert!((variance / moments.variance - 1.0).abs() < 0.01, "{phi}: {variance}");
        }
    }

    #[test]
    fn spectra_without_a_density_are_refused() {
        let network = SignalPropagation {
            nonlinearity: Nonlinearity::Linear,
            weight_variance: 1.0,
            bias_variance: 0.0,
        };
        let isometric = JacobianSpectrum::new(&network, 1.0, 5, WeightEnsemble::Orthogonal);
        assert!(matches!(isometric, Err(Error::Assumption { .. })));
        let tanh = SignalPropagation { nonlinearity: Nonlinearity::Tanh, ..network };
        assert!(JacobianSpectrum::new(&tanh, 1.0, 1, WeightEnsemble::Orthogonal).is_err());
        let good = JacobianSpectrum::new(&tanh, 1.0, 2, WeightEnsemble::Orthogonal).unwrap();
        assert!(good.density(&[1.0, -1.0]).is_err());
    }
}
