//! Averages of products of units and their slopes, unit by unit in closed form.

use std::f64::consts::FRAC_2_PI;

use super::erf::Tilt;
use super::fields::{Fields, arcsine};
use super::relu;
use crate::net::Nonlinearity;
use crate::{Error, Result};

/// Refuses units whose averages have no closed form.
///
/// # Errors
/// [`Error::Assumption`] for all but erf(x/√2), rectified and linear units.
pub fn require_known_averages(activation: Nonlinearity) -> Result<()> {
    match activation {
        Nonlinearity::ERF_SQRT2 | Nonlinearity::RELU | Nonlinearity::Linear => Ok(()),
        other => Err(Error::Assumption {
            theory: "the theory of online learning",
            reason: format!("Gaussian averages of {other} units have no closed form here"),
            remedy: "use erf-sqrt2, which has the same shape as tanh, relu or linear units"
                .to_owned(),
        }),
    }
}

/// What a function says that was given other units in spite of [`require_known_averages`].
pub(super) const UNKNOWN: &str =
    "the averages of these units are not known: check with require_known_averages";

impl Fields<'_> {
    /// $`I_2 = \langle g_a g_b\rangle`$.
    ///
    /// # Panics
    /// For units refused by [`require_known_averages`].
    pub fn i2(&self, activation: Nonlinearity, a: usize, b: usize) -> f64 {
        let c = |a, b| self.covariance(a, b);
        match activation {
            Nonlinearity::Linear => c(a, b),
            Nonlinearity::RELU => relu::i2(c(a, a), c(a, b), c(b, b)),
            Nonlinearity::ERF_SQRT2 => {
                FRAC_2_PI * arcsine(c(a, b) / ((1.0 + c(a, a)) * (1.0 + c(b, b))).sqrt())
            }
            _ => panic!("{UNKNOWN}"),
        }
    }

    /// $`J_2 = \langle g'_i g'_k\rangle`$.
    ///
    /// # Panics
    /// For units refused by [`require_known_averages`].
    pub fn j2(&self, activation: Nonlinearity, i: usize, k: usize) -> f64 {
        let c = |a, b| self.covariance(a, b);
        match activation {
            Nonlinearity::Linear => 1.0,
            Nonlinearity::RELU if i == k => 0.5,
            Nonlinearity::RELU => relu::both_positive(c(i, i), c(i, k), c(k, k)),
            Nonlinearity::ERF_SQRT2 => {
                FRAC_2_PI / ((1.0 + c(i, i)) * (1.0 + c(k, k)) - c(i, k).powi(2)).sqrt()
            }
            _ => panic!("{UNKNOWN}"),
        }
    }

    /// $`I_3 = \langle g'_i\,\lambda_j\,g_a\rangle`$.
    ///
    /// # Panics
    /// For units refused by [`require_known_averages`].
    pub fn i3(&self, activation: Nonlinearity, i: usize, j: usize, a: usize) -> f64 {
        let c = |a, b| self.covariance(a, b);
        match activation {
            Nonlinearity::Linear => c(j, a),
            Nonlinearity::RELU => {
                let (own, shared) = relu::i3_weights(c(i, i), c(i, a), c(a, a));
                own * c(i, j) + shared * c(j, a)
            }
            Nonlinearity::ERF_SQRT2 => {
                let volume = (1.0 + c(i, i)) * (1.0 + c(a, a)) - c(i, a).powi(2);
                let rest = c(j, a) - c(i, j) * c(i, a) / (1.0 + c(i, i));
                FRAC_2_PI / volume.sqrt() * rest
            }
            _ => panic!("{UNKNOWN}"),
        }
    }

    /// $`I_4 = \langle g'_i g'_k\,g_a g_b\rangle`$.
    ///
    /// # Panics
    /// For units refused by [`require_known_averages`].
    pub fn i4(&self, activation: Nonlinearity, i: usize, k: usize, a: usize, b: usize) -> f64 {
        match activation {
            Nonlinearity::Linear => self.covariance(a, b),
            Nonlinearity::RELU => relu::i4(self, i, k, a, b),
            Nonlinearity::ERF_SQRT2 => {
                let tilt = Tilt::new(self, i, k);
                let variance = |a| 1.0 + tilt.covariance(self, a, a);
                let r = tilt.covariance(self, a, b) / (variance(a) * variance(b)).sqrt();
                FRAC_2_PI / tilt.volume.sqrt() * FRAC_2_PI * arcsine(r)
            }
            _ => panic!("{UNKNOWN}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::math::statistics::mean_and_error;
    use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};

    const KNOWN: [Nonlinearity; 3] =
        [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Linear];

    /// Overlaps of rows, row by row.
    fn overlaps(rows: &Array2<f64>) -> Vec<f64> {
        (rows.dot(&rows.t()) / rows.ncols() as f64).iter().copied().collect()
    }

    #[test]
    fn averages_are_what_sampled_fields_give() {
        let mut rng = stream(1, Purpose::Task, 0);
        // The third unit equals the first, and the fourth leans on the second.
        let mut rows = gaussian(5, 6, 1.2, &mut rng);
        let first = rows.row(0).to_owned();
        rows.row_mut(2).assign(&first);
        let leaning = &rows.row(1) * 0.9 + &rows.row(3) * 0.3;
        rows.row_mut(3).assign(&leaning);
        let c = overlaps(&rows);
        let fields = Fields::new(&c, 5);
        let x = gaussian(40_000, 6, 1.0, &mut rng);
        let samples = x.dot(&rows.t()) / 6f64.sqrt();
        for g in KNOWN {
            let (value, slope) = (samples.mapv(|h| g.value(h)), samples.mapv(|h| g.slope(h)));
            let check = |what: String, exact: f64, sampled: Array1<f64>| {
                let (mean, error) = mean_and_error(sampled.iter().copied());
                assert!(
                    (mean - exact).abs() < 5.0 * error + 1e-12,
                    "{g} {what}: {exact} for {mean}"
                );
            };
            let product = |factors: &[ArrayView1<'_, f64>]| {
                factors.iter().fold(Array1::ones(samples.nrows()), |p, f| p * f)
            };
            for (i, j, a, b) in
                [(0, 1, 3, 4), (4, 1, 2, 0), (0, 2, 1, 3), (1, 1, 3, 3), (4, 0, 4, 3)]
            {
                let (v, d) = (|k| value.column(k), |k| slope.column(k));
                let name = |what: &str| format!("{what}({i}, {j}, {a}, {b})");
                check(name("I2"), fields.i2(g, a, b), product(&[v(a), v(b)]));
                check(name("J2"), fields.j2(g, i, j), product(&[d(i), d(j)]));
                let moved = product(&[d(i), samples.column(j), v(a)]);
                check(name("I3"), fields.i3(g, i, j, a), moved);
                check(name("I4"), fields.i4(g, i, j, a, b), product(&[d(i), d(j), v(a), v(b)]));
            }
        }
    }

    /// Students at distance `apart` from their teachers.
    fn specialized(apart: f64, seed: u64) -> Vec<f64> {
        let mut rng = stream(seed, Purpose::Teacher, 0);
        let teachers = gaussian(3, 40, 1.0, &mut rng);
        let students = &teachers + &gaussian(3, 40, apart, &mut rng);
        overlaps(&concatenate![Axis(0), students, teachers])
    }

    #[test]
    fn fourth_order_averages_are_symmetric_also_next_to_perfect_specialization() {
        // Either order of units takes other terms. Where fields are `apart`, rounding of the covariance
        // alone moves terms by about 1e-16 / apart.
        for apart in [1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-9, 0.0f64] {
            let gate = 1e-14 + 2e-16 / apart.max(1e-8);
            for seed in 0..2 {
                let c = specialized(apart, seed);
                let fields = Fields::new(&c, 6);
                for g in KNOWN {
                    for label in 0..6usize.pow(4) {
                        let [i, k, a, b] = [1, 6, 36, 216].map(|d| label / d % 6);
                        let x = fields.i4(g, i, k, a, b);
                        for y in [fields.i4(g, k, i, a, b), fields.i4(g, i, k, b, a)] {
                            let gap = (x - y).abs();
                            assert!(gap <= gate, "{g} {i}{k}{a}{b} at {apart}: {gap:.1e}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn units_that_coincide_count_as_one_whatever_their_label() {
        // Row 4 is row 0 again, row 5 is twice row 1, row 6 is minus row 2.
        let mut rng = stream(2, Purpose::Task, 0);
        let base = gaussian(4, 30, 1.0, &mut rng);
        let more = [1.0, 2.0, -1.0];
        let copies = Array2::from_shape_fn((3, 30), |(i, n)| more[i] * base[[i, n]]);
        let c = overlaps(&concatenate![Axis(0), base, copies]);
        let fields = Fields::new(&c, 7);
        // Rounding decides what is left of a unit that is known: 1e-8, the root of rounding.
        let same = |x: f64, y: f64| assert!((x - y).abs() < 2e-8, "{x} for {y}");
        for g in KNOWN {
            for (i, k, a, b) in
                [(0, 4, 1, 2), (4, 1, 0, 3), (4, 4, 0, 4), (1, 4, 2, 0), (3, 4, 4, 0)]
            {
                let plain = [i, k, a, b].map(|x| if x == 4 { 0 } else { x });
                let [p, q, r, s] = plain;
                same(fields.i4(g, i, k, a, b), fields.i4(g, p, q, r, s));
                same(fields.i3(g, i, k, a), fields.i3(g, p, q, r));
            }
        }
        let relu = Nonlinearity::RELU;
        same(fields.i4(relu, 0, 3, 5, 2), 2.0 * fields.i4(relu, 0, 3, 1, 2));
        same(fields.i4(relu, 0, 5, 1, 2), fields.i4(relu, 0, 1, 1, 2));
        same(fields.i4(relu, 2, 6, 0, 1), 0.0);
        same(fields.i4(relu, 0, 1, 2, 6), 0.0);
        same(fields.i4(relu, 2, 1, 6, 3), 0.0);
        same(fields.j2(relu, 2, 6), 0.0);
        same(fields.i2(relu, 2, 6), 0.0);
    }

    #[test]
    fn a_unit_without_weights_has_the_averages_of_small_ones_in_either_direction() {
        let mut rng = stream(3, Purpose::Task, 0);
        let rows = gaussian(4, 200, 1.0, &mut rng);
        let at = |scale: f64| {
            let mut scaled = rows.clone();
            scaled.slice_mut(s![0, ..]).mapv_inplace(|x| scale * x);
            overlaps(&scaled)
        };
        let c = [at(0.0), at(1e-9), at(-1e-9)];
        let [zero, plus, minus] = [0, 1, 2].map(|k| Fields::new(&c[k], 4));
        let same = |average: &dyn Fn(&Fields<'_>) -> f64| {
            let (exact, limit) = (average(&zero), 0.5 * (average(&plus) + average(&minus)));
            assert!((exact - limit).abs() < 1e-8, "{exact} for {limit}");
        };
        for (i, j, a, b) in [(1, 0, 2, 3), (1, 2, 0, 3), (1, 2, 0, 0), (0, 0, 0, 0), (0, 0, 2, 2)] {
            for g in KNOWN {
                same(&|f| f.i2(g, a, b));
                same(&|f| f.j2(g, i, j));
                same(&|f| f.i3(g, i, j, a));
                same(&|f| f.i4(g, i, j, a, b));
            }
        }
        // A step of a rectified unit without weights is taken in half of all cases.
        assert_eq!(zero.j2(Nonlinearity::RELU, 0, 1), 0.25);
        let ratio = zero.i4(Nonlinearity::RELU, 0, 0, 1, 1) / zero.covariance(1, 1);
        assert!((ratio - 0.25).abs() < 1e-15);
    }

    #[test]
    fn tanh_units_are_refused_with_what_to_use_instead() {
        let text = require_known_averages(Nonlinearity::Tanh).unwrap_err().to_string();
        assert!(text.contains("erf") && text.contains("relu") && text.contains("linear"), "{text}");
    }
}
