//! The normal distribution, accurate in both tails, and averages over it.
//!
//! Write $`\varphi`$ for the density, $`\Phi`$ for the cumulative distribution, $`H = 1 - \Phi`$ for
//! the tail and $`Dt = \varphi(t)\,dt`$.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::quadrature::gauss_legendre_nodes;

/// Beyond this the continued fraction of the tail takes over; `erfc` is accurate before.
const FAR: f64 = 20.0;
/// Averages go from minus to plus this many standard deviations; the density there is 1e-18.
const REACH: f64 = 9.0;
/// Longest piece of an average with one rule of 16 points: the density alone is then exact to
/// rounding.
const PIECE: f64 = 3.0;

/// Density $`\varphi(x) = e^{-x^2/2}/\sqrt{2\pi}`$.
pub fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// Cumulative distribution $`\Phi(x)`$.
pub fn cumulative(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Tail $`H(x) = 1 - \Phi(x)`$.
pub fn tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// $`\varphi(x)/H(x)`$, the mean of a standard normal variable given that it is above x. About x for
/// large x, about $`\varphi(x)`$ for large negative x.
pub fn hazard(x: f64) -> f64 {
    if x < FAR {
        return density(x) / tail(x);
    }
    // x + 1/(x + 2/(x + 3/…)): thirty terms are exact to rounding from x = 20 on.
    let rest = (1..=30).rev().fold(0.0, |rest, k| f64::from(k) / (x + rest));
    x + rest
}

/// $`\ln\Phi(x)`$, without underflow for large negative and without cancellation for large positive x.
pub fn ln_cumulative(x: f64) -> f64 {
    if x > 1.0 {
        (-tail(x)).ln_1p()
    } else if x > -FAR {
        cumulative(x).ln()
    } else {
        -0.5 * x * x - (0.5 * (2.0 * PI).ln()) - hazard(-x).ln()
    }
}

/// $`\ln H(x)`$.
pub fn ln_tail(x: f64) -> f64 {
    ln_cumulative(-x)
}

/// $`\int Dt\, f(t)`$ for an f that changes quickly at some places: `transitions` are pairs (center,
/// width). Pieces of Gauss–Legendre quadrature get shorter toward each center, down to its width.
///
/// Exact to about 1e-13 of the largest value of f where f is analytic within a few widths.
pub fn mean(f: impl Fn(f64) -> f64, transitions: &[(f64, f64)]) -> f64 {
    mean_between(f, -REACH, REACH, transitions)
}

/// As [`mean`] over the part from `low` to `high`.
pub fn mean_between(
    f: impl Fn(f64) -> f64,
    low: f64,
    high: f64,
    transitions: &[(f64, f64)],
) -> f64 {
    nodes(low, high, transitions).into_iter().fold(0.0, |sum, (t, weight)| sum + weight * f(t))
}

/// Abscissas and weights, the density included, of [`mean_between`]: for several averages at once.
pub fn nodes(low: f64, high: f64, transitions: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let edges = edges(low, high, transitions);
    let pieces = edges.windows(2).flat_map(|e| gauss_legendre_nodes(e[0], e[1]));
    pieces.map(|(t, weight)| (t, weight * density(t))).collect()
}

/// Ends of the pieces between `low` and `high` (and nine standard deviations), increasing; none if
/// there is nothing between.
pub fn edges(low: f64, high: f64, transitions: &[(f64, f64)]) -> Vec<f64> {
    let (low, high) = (low.max(-REACH), high.min(REACH));
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return Vec::new();
    }
    let mut edges = vec![low, high];
    let inside = |x: f64| x > low && x < high;
    let mut at = low + PIECE;
    while at < high {
        edges.push(at);
        at += PIECE;
    }
    for &(center, width) in transitions {
        // Of a transition outside the nearest end sees the shoulder, as wide as it is far.
        let nearest = center.clamp(low, high);
        let mut reach = (1.5 * width).max((center - nearest).abs()).max(1e-12);
        let center = nearest;
        edges.extend(Some(center).filter(|x| inside(*x)));
        while reach < PIECE {
            edges.extend([center - reach, center + reach].into_iter().filter(|x| inside(*x)));
            reach *= 2.0;
        }
    }
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ln Φ and φ/H from 30-digit arithmetic.
    #[test]
    fn both_tails_are_accurate_to_rounding() {
        let reference = [
            (-100.0, -5_005.524_208_694_205, 0.0),
            (-38.0, -726.557_216_018_820_1, 0.0),
            (-19.999, -203.897_106_116_797_07, 0.0),
            (-20.001, -203.937_205_622_934_2, 0.0),
            (-3.0, -6.607_726_221_510_349, 0.0),
            (0.0, -std::f64::consts::LN_2, 0.797_884_560_802_865_4),
            (0.5, -0.368_946_415_288_656_4, 1.141_077_770_368_064_5),
            (8.0, -6.220_960_574_271_786e-16, 8.121_368_112_236_113),
            (20.0, -2.753_624_118_606_234e-89, 20.049_753_068_527_85),
        ];
        for (x, ln, rate) in reference {
            assert!((ln_cumulative(x) / ln - 1.0).abs() < 1e-13, "ln Φ({x})");
            if rate > 0.0 {
                assert!((hazard(x) / rate - 1.0).abs() < 1e-12, "φ/H at {x}: {}", hazard(x));
            }
        }
        let jump = hazard(FAR) / hazard(FAR - 1e-9) - 1.0;
        assert!(jump.abs() < 1e-10, "{jump}");
    }

    #[test]
    fn averages_are_exact_for_narrow_transitions_anywhere() {
        for width in [1.0, 1e-2, 1e-5, 1e-8] {
            for center in [0.0, 0.7, -3.0] {
                // ∫Dt Φ((t − c)/w) = Φ(−c/√(1 + w²)).
                let found = mean(|t| cumulative((t - center) / width), &[(center, width)]);
                let exact = cumulative(-center / 1f64.hypot(width));
                assert!((found - exact).abs() < 1e-14, "{width} {center}: {found} {exact}");
            }
        }
        let moment = mean(|t| t.powi(6), &[]);
        assert!((moment - 15.0).abs() < 1e-12, "{moment}");
        let half = mean_between(|t| t * t, 0.0, f64::INFINITY, &[(0.3, 1e-3)]);
        assert!((half - 0.5).abs() < 1e-14);
        assert_eq!(mean_between(|_| 1.0, 2.0, 1.0, &[]), 0.0);
    }
}
