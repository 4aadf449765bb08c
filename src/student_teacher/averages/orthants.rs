//! Probabilities that Gaussian fields are all positive.
//!
//! For two and three fields they are sums of arc sines of correlations. For four fields there is one integral
//! left (Plackett's identity): let the correlations of one field with the others grow, r → s r; then
//!
//! ```math
//! P_4 = \tfrac12 P_3 + \sum_i \int_0^1\!ds\,\frac{r_i}{2\pi\sqrt{1 - s^2r_i^2}}
//!   \Bigl[\tfrac14 + \tfrac{1}{2\pi}\arcsin\rho_{kl|i}(s)\Bigr],
//! ```
//!
//! where ρ is the correlation of the other two fields given field i and the growing one.
//!
//! Near perfect specialization fields coincide up to rounding, and what is left of one given the other is known
//! to few digits. Single terms then are wrong by much, but errors cancel between terms if they all belong
//! to *one* covariance. So the matrix is factored once, with pivoting; pivots that rounding made negative
//! become tiny and positive; and every conditional correlation comes from that factor.

use std::f64::consts::{FRAC_PI_2, PI};

use super::fields::arcsine;
use crate::math::arcsine::arcsines;
use crate::math::quadrature::gauss_legendre_nodes;

/// Smallest variance that a field of unit variance keeps when others are known: below it is rounding.
const SMALLEST: f64 = 1e-17;
/// Nodes of a panel, and its length on the axis where the integrand's poles are π/2 away: error 1e-13.
const NODES: usize = 16;
const PANEL: f64 = 3.0;

/// Probability that two fields of correlation r are positive.
pub(crate) fn positive_two(r: f64) -> f64 {
    0.25 + arcsine(r) / (2.0 * PI)
}

/// Probability that three fields are positive.
pub(crate) fn positive_three(r01: f64, r02: f64, r12: f64) -> f64 {
    0.125 + (arcsine(r01) + arcsine(r02) + arcsine(r12)) / (4.0 * PI)
}

/// Four fields of unit variance, factored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orthants {
    /// Place of each field in the order of pivots.
    place: [usize; 4],
    /// Correlations in that order.
    r: [[f64; 4]; 4],
    /// Inverse of the correlations of the first three.
    inverse: [[f64; 3]; 3],
    /// Regression of the last on them.
    regression: [f64; 3],
    /// Variance of the last given the others.
    left: f64,
}

impl Orthants {
    /// From a matrix of correlations.
    pub(crate) fn new(correlations: &[[f64; 4]; 4]) -> Self {
        let mut r = *correlations;
        let mut order = [0, 1, 2, 3];
        // Rows of the Cholesky factor, and what is left of each variance.
        let (mut l, mut left) = ([[0.0; 4]; 4], [1.0f64; 4]);
        for k in 0..4 {
            let pivot = (k..4).fold(k, |p, i| if left[i] > left[p] { i } else { p });
            swap(&mut r, k, pivot);
            l.swap(k, pivot);
            left.swap(k, pivot);
            order.swap(k, pivot);
            left[k] = left[k].max(SMALLEST);
            l[k][k] = left[k].sqrt();
            for i in k + 1..4 {
                let known: f64 = (0..k).map(|j| l[i][j] * l[k][j]).sum();
                l[i][k] = (r[i][k] - known) / l[k][k];
                left[i] -= l[i][k] * l[i][k];
            }
        }
        let mut place = [0; 4];
        (0..4).for_each(|k| place[order[k]] = k);
        let m = inverse_factor(&l);
        let entry = |a: usize, b: usize| (a.max(b)..3).map(|k| m[k][a] * m[k][b]).sum();
        Self {
            place,
            r,
            inverse: [0, 1, 2].map(|a| [0, 1, 2].map(|b| entry(a, b))),
            regression: [0, 1, 2].map(|a| -m[3][a] * l[3][3]),
            left: left[3],
        }
    }

    /// Probability that fields a and b are positive where the two others are zero.
    pub(crate) fn positive_given_others(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (self.place[a], self.place[b]);
        // Precisions times the variance left of the last.
        let precision = |a: usize, b: usize| match (a.min(b), a.max(b)) {
            (3, 3) => 1.0,
            (a, 3) => -self.regression[a],
            (a, b) => self.left * self.inverse[a][b] + self.regression[a] * self.regression[b],
        };
        positive_two(-precision(a, b) / (precision(a, a) * precision(b, b)).sqrt())
    }

    /// Probability that all four are positive.
    ///
    /// With s = cos u the integrand changes on all scales of u from √left to 1: it is sampled evenly in w,
    /// u = √left sinh w.
    pub(crate) fn positive_four(&self) -> f64 {
        let scale = self.left.sqrt();
        let end = (FRAC_PI_2 / scale).asinh();
        let panels = (end / PANEL).ceil();
        let panel =
            |i: usize| self.growth(scale, i as f64 * end / panels, (i + 1) as f64 * end / panels);
        let start = positive_three(self.r[0][1], self.r[0][2], self.r[1][2]);
        0.5 * start + (0..panels as usize).map(panel).sum::<f64>()
    }

    /// What accrues for w between `low` and `high`.
    fn growth(&self, scale: f64, low: f64, high: f64) -> f64 {
        let (mut weights, mut sines) = ([[0.0; 3]; NODES], [[0.0; 3]; NODES]);
        for (n, (w, weight)) in gauss_legendre_nodes(low, high).enumerate() {
            let (grow, shrink) = (w.exp(), (-w).exp());
            let (missing, s) = (0.5 * scale * (grow - shrink)).sin_cos();
            let (missing, s2) = (missing * missing, s * s);
            let du = weight * 0.5 * scale * (grow + shrink);
            let left = missing + s2 * self.left;
            let precision = |a: usize, b: usize| {
                left * self.inverse[a][b] + s2 * self.regression[a] * self.regression[b]
            };
            let own = [precision(0, 0), precision(1, 1), precision(2, 2)];
            for i in 0..3 {
                let (k, l) = ((i + 1) % 3, (i + 2) % 3);
                let r = self.r[i][3];
                let free = missing + s2 * ((1.0 - r) * (1.0 + r)).max(0.0);
                weights[n][i] = du * r * (missing / free.max(SMALLEST)).sqrt();
                sines[n][i] = -precision(k, l) / (own[k] * own[l]).sqrt();
            }
        }
        arcsines(sines.as_flattened_mut());
        let terms = weights.as_flattened().iter().zip(sines.as_flattened());
        terms.map(|(w, angle)| w / (2.0 * PI) * (0.25 + angle / (2.0 * PI))).sum()
    }
}

/// Exchanges two fields of a symmetric matrix.
fn swap(r: &mut [[f64; 4]; 4], a: usize, b: usize) {
    r.swap(a, b);
    r.iter_mut().for_each(|row| row.swap(a, b));
}

/// Inverse of a lower triangular matrix.
fn inverse_factor(l: &[[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let mut m = [[0.0; 4]; 4];
    for k in 0..4 {
        m[k][k] = 1.0 / l[k][k];
        for i in k + 1..4 {
            let sum: f64 = (k..i).map(|j| l[i][j] * m[j][k]).sum();
            m[i][k] = -sum / l[i][i];
        }
    }
    m
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Correlations of four fields that are made of a common one: r_ab = weight_a · weight_b.
    fn common(weights: [f64; 4]) -> [[f64; 4]; 4] {
        let mut r = [0, 1, 2, 3].map(|a| [0, 1, 2, 3].map(|b| weights[a] * weights[b]));
        (0..4).for_each(|a| r[a][a] = 1.0);
        r
    }

    #[test]
    fn orthants_with_closed_forms_are_found() {
        let four = |r: &[[f64; 4]; 4]| Orthants::new(r).positive_four();
        assert!((four(&common([0.0; 4])) - 1.0 / 16.0).abs() < 1e-15);
        // All correlations ½: the smallest of five equal fields is a given one.
        assert!((four(&common([0.5f64.sqrt(); 4])) - 0.2).abs() < 1e-14);
        // One field stands alone.
        let alone = common([0.6, -0.7, 0.9, 0.0]);
        let three = positive_three(-0.42, 0.54, -0.63);
        assert!((four(&alone) - 0.5 * three).abs() < 1e-14);
        // Two pairs.
        let mut pairs = common([0.0; 4]);
        for (a, b, r) in [(0, 2, 0.8), (1, 3, -0.3)] {
            (pairs[a][b], pairs[b][a]) = (r, r);
        }
        assert!((four(&pairs) - positive_two(0.8) * positive_two(-0.3)).abs() < 1e-14);
    }

    #[test]
    fn fields_that_exclude_or_imply_each_other_are_no_trap() {
        let four = |weights| Orthants::new(&common(weights)).positive_four();
        assert!((four([1.0; 4]) - 0.5).abs() < 1e-8);
        assert!(four([1.0, -1.0, 0.3, 0.2]).abs() < 1e-8);
        let three = positive_three(0.5, 0.3, 0.15);
        assert!((four([1.0, 1.0, 0.5, 0.3]) - three).abs() < 1e-8);
    }

    #[test]
    fn the_value_does_not_depend_on_the_order_of_fields() {
        let r = [
            [1.0, 0.3, -0.2, 0.6],
            [0.3, 1.0, 0.1, 0.25],
            [-0.2, 0.1, 1.0, 0.35],
            [0.6, 0.25, 0.35, 1.0],
        ];
        let value = Orthants::new(&r).positive_four();
        for order in [[3, 1, 2, 0], [1, 0, 3, 2], [2, 3, 0, 1]] {
            let turned = order.map(|a: usize| order.map(|b: usize| r[a][b]));
            assert!((Orthants::new(&turned).positive_four() - value).abs() < 1e-15);
        }
    }
}
