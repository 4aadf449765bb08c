//! Covariances over an ensemble at many times from one eigendecomposition.
//!
//! With B, Z the cross kernels in the basis of eigenvectors, U the covariance of the training outputs
//! in it and g the gains of the modes, training changes the covariance of outputs by
//!
//! ```math
//! B g U g B^T - B g Z^T - Z g B^T = X + X^T, \qquad X = (B g L - Z)\, g B^T,
//! ```
//!
//! L being the lower half of U (diagonal halved): half the work, and a result that is symmetric bit for
//! bit. The expensive product BgL is linear in g, so it is made at the pivots of a
//! [`TimeBasis`](super::time_basis::TimeBasis) only, band of modes by band: the rows of L that belong to
//! a band end at its last column.

use std::ops::{AddAssign, Range};

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};

use super::time_basis::{Band, TimeBasis, bands};
use crate::Result;
use crate::math::linalg::{lower_triangular_product, product};
use crate::math::parallel::in_parallel;

/// Numbers held at once in the product at the pivots: 16 MB.
const CELLS: usize = 2 << 20;
/// Times taken together, so that products are large.
const TIMES: usize = 16;
const ROWS: &str = "rows follow each other in memory";

/// The terms of the covariance.
pub(crate) struct Spread<'a> {
    /// Eigenvalues of the modes, largest first.
    pub eigenvalues: &'a Array1<f64>,
    /// B, points × modes.
    pub modes: &'a Array2<f64>,
    /// L, the lower half of U; above the diagonal nothing is read.
    pub half: &'a Array2<f64>,
    /// Z, points × modes.
    pub cross: Option<&'a Array2<f64>>,
}

/// The lower half of a symmetric matrix, its diagonal halved.
pub(crate) fn lower_half(mut u: Array2<f64>) -> Array2<f64> {
    u.diag_mut().mapv_inplace(|x| 0.5 * x);
    u
}

impl Spread<'_> {
    /// X for every row of `gains` (times × modes).
    pub fn products(&self, gains: &Array2<f64>) -> Result<Vec<Array2<f64>>> {
        let m = self.modes.nrows();
        let all = self.at_all_times(gains, m, |_, left, mut x| {
            x.assign(&product(left, self.modes.t()));
        })?;
        let square =
            |x: ArrayView1<'_, f64>| x.to_owned().into_shape_with_order((m, m)).expect(ROWS);
        Ok(all.rows().into_iter().map(square).collect())
    }

    /// The diagonals of X + Xᵀ, times × points.
    pub fn diagonals(&self, gains: &Array2<f64>) -> Result<Array2<f64>> {
        self.at_all_times(gains, 1, |rows, left, mut x| {
            let modes = self.modes.slice(s![rows..rows + x.nrows(), ..]);
            for ((a, b), x) in left.rows().into_iter().zip(modes.rows()).zip(x.iter_mut()) {
                *x = 2.0 * a.dot(&b);
            }
        })
    }

    /// What `finish` makes of (BgL − Z)g, `columns` numbers for each point, at all times, which are sums of
    /// those at a few: times × (points · columns).
    fn at_all_times(
        &self,
        gains: &Array2<f64>,
        columns: usize,
        finish: impl Fn(usize, ArrayView2<'_, f64>, ArrayViewMut2<'_, f64>) + Sync,
    ) -> Result<Array2<f64>> {
        if self.cross.is_none() {
            // What is left of the start: tiny at late times, but right relative to itself.
            return self.at_each_time(gains, columns, finish);
        }
        let basis = TimeBasis::of_products(gains);
        let few = self.at_each_time(&gains.select(Axis(0), &basis.pivots), columns, finish)?;
        Ok(product(basis.coefficients.view(), few.view()))
    }

    fn at_each_time(
        &self,
        gains: &Array2<f64>,
        columns: usize,
        finish: impl Fn(usize, ArrayView2<'_, f64>, ArrayViewMut2<'_, f64>) + Sync,
    ) -> Result<Array2<f64>> {
        let mut all = Array2::zeros((gains.nrows(), self.modes.nrows() * columns));
        for (first, block) in self.in_blocks(gains, columns, finish)? {
            for (mut whole, part) in all.rows_mut().into_iter().zip(block) {
                let part = Array1::from_iter(part);
                let range = first * columns..first * columns + part.len();
                whole.slice_mut(s![range]).assign(&part);
            }
        }
        Ok(all)
    }

    /// Gives (BgL − Z)g of some points at one time to `finish`, which makes `columns` numbers of each
    /// of its rows. Returns each block's first point and what was made of it at every time.
    fn in_blocks(
        &self,
        gains: &Array2<f64>,
        columns: usize,
        finish: impl Fn(usize, ArrayView2<'_, f64>, ArrayViewMut2<'_, f64>) + Sync,
    ) -> Result<Vec<(usize, Vec<Array2<f64>>)>> {
        let (m, n) = self.modes.dim();
        let sizes = self.modes.map_axis(Axis(0), |column| column.dot(&column).sqrt());
        let bands = bands(self.eigenvalues.view(), gains, sizes.view());
        let rank = bands.iter().map(|band| band.basis.pivots.len()).max().unwrap_or(0);
        let height = (CELLS / (n * rank.max(1)).max(1)).clamp(16, 256).min(m.max(1));
        in_parallel(m.div_ceil(height), |block| {
            let first = block * height;
            let points = first..(first + height).min(m);
            let rows = points.len();
            let at_pivots: Vec<Array2<f64>> =
                bands.iter().map(|band| self.at_pivots(band, gains, points.clone())).collect();
            let mut made = Vec::with_capacity(gains.nrows());
            for start in (0..gains.nrows()).step_by(TIMES) {
                let times = start..(start + TIMES).min(gains.nrows());
                let mut left = Array3::zeros((times.len(), rows, n));
                for (band, at_pivots) in bands.iter().zip(&at_pivots) {
                    let coefficients = band.basis.coefficients.slice(s![times.clone(), ..]);
                    let share = product(coefficients, at_pivots.view());
                    let share = share.into_shape_with_order((times.len(), rows, band.modes.end));
                    left.slice_mut(s![.., .., ..band.modes.end]).add_assign(&share.expect(ROWS));
                }
                for (mut left, gain) in left.outer_iter_mut().zip(gains.slice(s![times, ..]).rows())
                {
                    if let Some(cross) = self.cross {
                        left -= &cross.slice(s![points.clone(), ..]);
                    }
                    left *= &gain;
                    let mut x = Array2::zeros((rows, columns));
                    finish(first, left.view(), x.view_mut());
                    made.push(x);
                }
            }
            Ok((first, made))
        })
    }

    /// BgL of some points and a band of modes at each of its pivots: pivots × (points · columns of L).
    fn at_pivots(&self, band: &Band, gains: &Array2<f64>, points: Range<usize>) -> Array2<f64> {
        let (rows, rank) = (points.len(), band.basis.pivots.len());
        let modes = self.modes.slice(s![points, band.modes.clone()]);
        let mut stack = Array2::zeros((rank * rows, band.modes.len()));
        for (mut part, pivot) in stack.axis_chunks_iter_mut(Axis(0), rows).zip(&band.basis.pivots) {
            part.assign(&(&modes * &gains.slice(s![*pivot, band.modes.clone()])));
        }
        let product = lower_triangular_product(stack.view(), self.half.view(), band.modes.clone());
        product.into_shape_with_order((rank, rows * band.modes.end)).expect(ROWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};

    #[test]
    fn sums_over_bands_and_times_are_those_of_the_plain_formula() {
        let (m, n) = (5, 23);
        let mut rng = stream(0, Purpose::Task, 0);
        let (modes, cross) = (gaussian(m, n, 1.0, &mut rng), gaussian(m, n, 1.0, &mut rng));
        let half = gaussian(n, n, 1.0, &mut rng);
        let lower = Array2::from_shape_fn((n, n), |(i, j)| if j > i { 0.0 } else { half[[i, j]] });
        // Four decades in three groups, the last of them zero.
        let eigenvalues = Array1::from_shape_fn(n, |i| match i {
            0 => 100.0,
            1..20 => 0.9f64.powi(i as i32),
            _ => 0.0,
        });
        let times = [0.0, 0.01, 0.1, 1.0, 3.0, 10.0, 100.0, 1e4];
        let gain = |(k, i): (usize, usize)| match eigenvalues[i] {
            0.0 => times[k] / 1e4,
            w => -(-w * times[k]).exp_m1() / w,
        };
        let gains = Array2::from_shape_fn((times.len(), n), gain);
        let spread =
            Spread { eigenvalues: &eigenvalues, modes: &modes, half: &half, cross: Some(&cross) };
        let (products, diagonals) =
            (spread.products(&gains).unwrap(), spread.diagonals(&gains).unwrap());
        for (k, gain) in gains.rows().into_iter().enumerate() {
            let plain = (((&modes * &gain).dot(&lower) - &cross) * gain).dot(&modes.t());
            let gap = (&products[k] - &plain).mapv(f64::abs);
            // Sums of n² products of order 1 each.
            assert!(gap.iter().all(|x| *x < 1e-12), "{k}: {gap:.1e}");
            let gap = (&diagonals.row(k) - &(2.0 * &plain.diag())).mapv(f64::abs);
            assert!(gap.iter().all(|x| *x < 1e-12), "{k}: {gap:.1e}");
        }
    }
}
