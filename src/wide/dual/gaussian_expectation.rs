//! Averages over Gaussian inputs by quadrature.
//!
//! Nonlinearities that are smooth use the trapezoid rule, whose error falls exponentially with the
//! distance of the nearest singularity from the real line over the spacing: for tanh of variance q it
//! is $`e^{-2\pi a/h}`$ with $`a = \pi/(2\sqrt q)`$, so that the spacing must shrink with the root of the
//! variance. (Gauss–Hermite quadrature with 64 nodes is wrong by 1e-3 at q = 9.) Those with a kink or
//! jump use Gauss–Legendre panels on both sides of it.

use crate::math::normal::density;
use crate::math::quadrature::composite_nodes;
use crate::net::unit::Nonlinearity;

/// Averages go this many standard deviations to both sides: the density there is 1e-22.
const REACH: f64 = 10.0;
/// Most nodes of a trapezoid rule.
const MOST_NODES: f64 = 20_000.0;

impl Nonlinearity {
    /// E[f(√q z)] over standard Gaussian z, for an f made of this nonlinearity and its derivatives:
    /// `g.expectation(q, |x| g.slope(x).powi(2))`.
    ///
    /// To rounding for products of up to four of them.
    pub fn expectation(self, q: f64, f: impl Fn(f64) -> f64) -> f64 {
        let root = q.sqrt();
        if self.has_kink() {
            let sides = [(-REACH, 0.0), (0.0, REACH)];
            let nodes = sides.into_iter().flat_map(|(a, b)| composite_nodes(a, b, 8));
            return nodes.map(|(z, w)| w * density(z) * f(root * z)).sum();
        }
        trapezoid(self, q, REACH).map(|(z, w)| w * f(root * z)).sum()
    }

    /// Length over which φ changes: the distance of its singularities from the real line, or of
    /// about e-fold changes; infinite for polynomials.
    fn length(self) -> f64 {
        use std::f64::consts::{FRAC_PI_2, PI};
        match self {
            Self::Tanh => FRAC_PI_2,
            Self::Sigmoid | Self::Softplus | Self::Swish => PI,
            Self::Erf { frequency, .. } | Self::Sin { frequency, .. } => frequency.abs().recip(),
            Self::Rbf { gamma } => (2.0 * gamma).sqrt().recip(),
            Self::Gaussian { rate, .. } => rate.abs().sqrt().recip(),
            Self::Exp { rate, .. } => rate.abs().recip(),
            Self::Gelu => 1.0,
            Self::Linear | Self::PiecewiseLinear { .. } | Self::Sign | Self::RectifiedPower(_) => {
                f64::INFINITY
            }
        }
    }

    /// √q over [`length`](Self::length): how sharp φ is to inputs of variance q.
    pub(crate) fn sharpness(self, q: f64) -> f64 {
        q.sqrt() / self.length()
    }
}

/// Nodes z and weights of averages over standard Gaussian z of functions of √q z.
pub(crate) fn trapezoid(
    nonlinearity: Nonlinearity,
    q: f64,
    reach: f64,
) -> impl Iterator<Item = (f64, f64)> {
    let sharpness = nonlinearity.sharpness(q);
    // An exponential moves the peak of what is averaged.
    let reach = match nonlinearity {
        Nonlinearity::Exp { .. } => reach + 4.0 * sharpness,
        _ => reach,
    };
    // Products of four slopes have poles of order 8: the error is (2πa/h)⁷/7! e^{-2πa/h}.
    let step = (0.1 / sharpness).min(0.1).max(2.0 * reach / MOST_NODES);
    let half = (reach / step).ceil() as i32;
    (-half..=half).map(move |i| {
        let z = f64::from(i) * step;
        (z, step * density(z))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::unit::ALL;

    #[test]
    fn moments_of_tanh_are_those_of_high_precision_arithmetic() {
        // mpmath, 30 digits: E tanh², E sech⁴, E[tanh tanh″], E sech⁸ of variance q.
        let tanh = Nonlinearity::Tanh;
        for (q, expected) in [
            (
                0.3,
                [0.19726338750221825, 0.685871552896054, -0.23373011920345562, 0.5505392737460679],
            ),
            (
                1.5,
                [
                    0.46828821053061405,
                    0.39486958293436527,
                    -0.273_684_413_070_041_3,
                    0.2847263492359003,
                ],
            ),
            (
                9.0,
                [0.745166707993423, 0.17422932541018908, -0.16120793319277586, 0.12063605364093645],
            ),
            (
                60.0,
                [0.897689593768664, 0.06848732023716026, -0.0676461719883513, 0.04703308547558245],
            ),
        ] {
            let found = [
                tanh.expectation(q, |x| tanh.value(x).powi(2)),
                tanh.expectation(q, |x| tanh.slope(x).powi(2)),
                tanh.expectation(q, |x| tanh.value(x) * tanh.curvature(x)),
                tanh.expectation(q, |x| tanh.slope(x).powi(4)),
            ];
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 4e-15, "{q}: {found} {expected}");
            }
        }
    }

    #[test]
    fn second_moments_are_those_of_the_closed_forms() {
        for g in ALL {
            for q in [1e-6, 0.3, 2.0, 30.0] {
                let dual = g.diagonal(q);
                let value = g.expectation(q, |x| g.value(x).powi(2));
                let slope = g.expectation(q, |x| g.slope(x).powi(2));
                assert!((value / dual.value - 1.0).abs() < 4e-14, "{g} {q}: {value} {dual:?}");
                assert!(
                    (slope - dual.slope).abs() < 4e-14 * dual.slope.max(1.0),
                    "{g} {q}: {slope} {dual:?}"
                );
            }
        }
    }
}
