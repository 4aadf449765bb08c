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
//! bit. The expensive product BgL is linear in g, so it is made at the pivots of a [`TimeBasis`] only.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

use super::time_basis::TimeBasis;
use crate::Result;
use crate::math::linalg::{lower_triangular_product, product};
use crate::solvable::in_parallel;

/// Numbers held at once in the product at the pivots: 16 MB.
const CELLS: usize = 2 << 20;
/// Times taken together, so that products are large.
const TIMES: usize = 16;

/// The terms of the covariance.
pub(super) struct Spread<'a> {
    /// B, points × modes.
    pub modes: &'a Array2<f64>,
    /// L, the lower half of U; above the diagonal nothing is read.
    pub half: &'a Array2<f64>,
    /// Z, points × modes.
    pub cross: Option<&'a Array2<f64>>,
}

/// The lower half of a symmetric matrix, its diagonal halved.
pub(super) fn lower_half(mut u: Array2<f64>) -> Array2<f64> {
    u.diag_mut().mapv_inplace(|x| 0.5 * x);
    u
}

impl Spread<'_> {
    /// X for every row of `gains` (times × modes).
    pub fn products(&self, gains: &Array2<f64>) -> Result<Vec<Array2<f64>>> {
        let m = self.modes.nrows();
        let blocks = self.in_blocks(gains, m, |_, left, mut x| {
            x.assign(&product(left, self.modes.t()));
        })?;
        let mut all = vec![Array2::zeros((m, m)); gains.nrows()];
        for (first, block) in blocks {
            for (whole, part) in all.iter_mut().zip(block) {
                whole.slice_mut(s![first..first + part.nrows(), ..]).assign(&part);
            }
        }
        Ok(all)
    }

    /// The diagonals of X + Xᵀ, times × points.
    pub fn diagonals(&self, gains: &Array2<f64>) -> Result<Array2<f64>> {
        let blocks = self.in_blocks(gains, 1, |rows, left, mut x| {
            let modes = self.modes.slice(s![rows..rows + x.nrows(), ..]);
            for ((a, b), x) in left.rows().into_iter().zip(modes.rows()).zip(x.iter_mut()) {
                *x = 2.0 * a.dot(&b);
            }
        })?;
        let mut all = Array2::zeros((gains.nrows(), self.modes.nrows()));
        for (first, block) in blocks {
            for (mut whole, part) in all.rows_mut().into_iter().zip(block) {
                whole.slice_mut(s![first..first + part.nrows()]).assign(&part.column(0));
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
        let basis = TimeBasis::of(gains, sizes.view());
        let rank = basis.pivots.len();
        let height = (CELLS / (n * rank.max(1)).max(1)).clamp(16, 256).min(m.max(1));
        in_parallel(m.div_ceil(height), |block| {
            let first = block * height;
            let modes = self.modes.slice(s![first..(first + height).min(m), ..]);
            let rows = modes.nrows();
            let mut stack = Array2::zeros((rank * rows, n));
            for (mut part, pivot) in stack.axis_chunks_iter_mut(Axis(0), rows).zip(&basis.pivots) {
                part.assign(&(&modes * &gains.row(*pivot)));
            }
            let at_pivots = lower_triangular_product(stack.view(), self.half.view());
            let flat = at_pivots.view().into_shape_with_order((rank, rows * n));
            let flat = flat.expect("rows follow each other in memory");
            let mut made = Vec::with_capacity(gains.nrows());
            for (coefficients, gains) in basis
                .coefficients
                .axis_chunks_iter(Axis(0), TIMES)
                .zip(gains.axis_chunks_iter(Axis(0), TIMES))
            {
                let flat = product(coefficients, flat);
                let mut left = flat
                    .into_shape_with_order((gains.nrows() * rows, n))
                    .expect("rows follow each other in memory");
                for (mut part, gain) in left.axis_chunks_iter_mut(Axis(0), rows).zip(gains.rows()) {
                    if let Some(cross) = self.cross {
                        part -= &cross.slice(s![first..first + rows, ..]);
                    }
                    part *= &gain;
                    let mut x = Array2::zeros((rows, columns));
                    finish(first, part.view(), x.view_mut());
                    made.push(x);
                }
            }
            Ok((first, made))
        })
    }
}
