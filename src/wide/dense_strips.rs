//! All pairs of inputs, in strips of rows.

use std::sync::{Mutex, PoisonError};

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};

use super::architecture::Architecture;
use super::dense_block::{Block, Plan, STRETCH};
use super::dense_examples::Examples;
use crate::math::linalg::require_finite;
use crate::math::vector::vectorized;
use crate::solvable::in_parallel;
use crate::{Error, Result};

/// Rows that one job works on.
const STRIP: usize = 64;
/// Sums are taken in this many lanes, so that the compiler can use vector instructions.
const LANES: usize = 8;
/// Gaps below this share of the largest covariance are computed from the difference of the inputs.
/// There rounding of the covariance would change the angle, of 0.14, by 8 times as much.
const NEAR: f64 = 0.01;

/// Inputs with what the network makes of each.
pub(super) struct Inputs<'a> {
    pub(super) x: ArrayView2<'a, f64>,
    /// |x|.
    length: Vec<f64>,
    pub(super) examples: Examples,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(
        architecture: &Architecture,
        what: &str,
        x: ArrayView2<'a, f64>,
    ) -> Result<Self> {
        architecture.validate()?;
        require_finite(what, x)?;
        let d = x.ncols();
        if d == 0 {
            return Err(Error::shape(what, x.dim(), "at least one column"));
        }
        let squares: Vec<f64> = x.rows().into_iter().map(|x| x.dot(&x)).collect();
        let length = squares.iter().map(|square| square.sqrt()).collect();
        let q = squares.iter().map(|square| square / d as f64).collect();
        Ok(Self { x, length, examples: Examples::new(architecture, q, d)? })
    }
}

/// All pairs of rows and columns.
pub(super) struct Pairing<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) rows: &'a Inputs<'a>,
    /// `None` if they are the same as the rows.
    pub(super) columns: Option<&'a Inputs<'a>>,
}

impl<'a> Pairing<'a> {
    /// Both kernels, covariance first.
    pub(super) fn kernels(&self) -> Result<[Array2<f64>; 2]> {
        let (n, m) = (self.rows.x.nrows(), self.columns().x.nrows());
        // Blocks of different size: an allocator like that of glibc gives memory back to the system once
        // twice its largest block is free, which two equal ones always are. Fresh pages for the next
        // kernels would take 40 % of the time at n = 1000.
        let mut kernels = [written_zeros(n, m, n * m / 16), written_zeros(n, m, 0)];
        let strips = kernels.each_mut().map(|kernel| kernel.axis_chunks_iter_mut(Axis(0), STRIP));
        let [nngp, ntk] = strips;
        let strips: Vec<_> = nngp.into_iter().zip(ntk).map(Mutex::new).collect();
        in_parallel(strips.len(), |i| {
            let mut strip = strips[i].lock().unwrap_or_else(PoisonError::into_inner);
            let (nngp, ntk) = &mut *strip;
            self.strip(i * STRIP, nngp, ntk);
            Ok(())
        })?;
        drop(strips);
        if self.columns.is_none() {
            let examples = &self.rows.examples;
            for (kernel, diagonal) in kernels.iter_mut().zip([examples.nngp(), &examples.ntk]) {
                mirror(kernel);
                kernel.diag_mut().iter_mut().zip(diagonal).for_each(|(to, from)| *to = *from);
            }
        }
        Ok(kernels)
    }

    fn columns(&self) -> &'a Inputs<'a> {
        self.columns.unwrap_or(self.rows)
    }

    /// Rows from `top` on, with all columns or those below the diagonal.
    fn strip(
        &self,
        top: usize,
        nngp: &mut ArrayViewMut2<'_, f64>,
        ntk: &mut ArrayViewMut2<'_, f64>,
    ) {
        let symmetric = self.columns.is_none();
        let bottom = top + nngp.nrows();
        let end = if symmetric { bottom } else { nngp.ncols() };
        let left = self.rows.x.slice(s![top..bottom, ..]);
        let right = self.columns().x.slice(s![..end, ..]);
        let scale = (left.ncols() as f64).recip();
        general_mat_mul(scale, &left, &right.t(), 0.0, &mut nngp.slice_mut(s![.., ..end]));
        for start in (0..end).step_by(STRETCH) {
            for row in top..bottom {
                let to = if symmetric { row } else { end }.min(start + STRETCH);
                let (mut nngp, mut ntk) = (nngp.row_mut(row - top), ntk.row_mut(row - top));
                let parts = (nngp.as_slice_mut(), ntk.as_slice_mut());
                if let (true, (Some(nngp), Some(ntk))) = (start < to, parts) {
                    self.stretch(row, start, &mut nngp[start..to], &mut ntk[start..to]);
                }
            }
        }
    }

    /// One row with the columns from `start` on.
    fn stretch(&self, row: usize, start: usize, nngp: &mut [f64], ntk: &mut [f64]) {
        let mut gap = [0.0; STRETCH];
        let gap = &mut gap[..nngp.len()];
        if self.plan.tracks {
            self.fill_gap(row, start, nngp, gap);
        }
        let (rows, columns) = (&self.rows.examples, &self.columns().examples);
        Block { plan: self.plan, rows, row, columns, start, nngp, ntk, gap }.run();
    }

    /// √(q q′) − |K| of the inputs.
    fn fill_gap(&self, row: usize, start: usize, nngp: &[f64], gap: &mut [f64]) {
        let own = self.rows.examples.stages[0].root[row];
        let roots = &self.columns().examples.stages[0].root[start..start + gap.len()];
        let near = vectorized(
            #[inline(always)]
            || {
                let mut near = false;
                for ((gap, c), root) in gap.iter_mut().zip(nngp).zip(roots) {
                    let largest = own * root;
                    *gap = largest - c.abs();
                    near |= *gap <= NEAR * largest;
                }
                near
            },
        );
        if !near {
            return;
        }
        let x = self.rows.x.row(row);
        for (j, ((gap, c), root)) in gap.iter_mut().zip(nngp).zip(roots).enumerate() {
            let largest = own * root;
            if *gap <= NEAR * largest {
                let y = self.columns().x.row(start + j);
                let lengths = (self.rows.length[row], self.columns().length[start + j]);
                *gap = largest * one_minus_cosine(x, y, lengths, 1f64.copysign(*c));
            }
        }
    }
}

/// 1 − cos of the angle between x and y, or −y: ½‖x/|x| − y/|y|‖² as ½‖e + κy‖²/|x|² with e = x − y
/// and κ = (|y| − |x|)/|y|, whose rounding is small against e if x is the longer one.
fn one_minus_cosine(
    x: ArrayView1<'_, f64>,
    y: ArrayView1<'_, f64>,
    (x_length, y_length): (f64, f64),
    sign: f64,
) -> f64 {
    if x_length == 0.0 || y_length == 0.0 {
        return 0.0;
    }
    if x_length < y_length {
        return one_minus_cosine(y, x, (y_length, x_length), sign);
    }
    let pairs = || x.iter().zip(y).map(|(x, y)| (*x, sign * y));
    let difference = lane_sum(pairs().map(|(x, y)| (y - x) * (x + y)));
    let excess = difference / ((x_length + y_length) * y_length);
    let square = lane_sum(pairs().map(|(x, y)| excess.mul_add(y, x - y).powi(2)));
    0.5 * square / (x_length * x_length)
}

fn lane_sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut sums = [0.0; LANES];
    for (k, term) in terms.enumerate() {
        sums[k % LANES] += term;
    }
    sums.iter().sum()
}

/// Zeros that have been written: pages that are read first cost two faults.
fn written_zeros(n: usize, m: usize, spare: usize) -> Array2<f64> {
    let mut entries = Vec::with_capacity(n * m + spare);
    entries.resize(n * m, 0.0);
    Array2::from_shape_vec((n, m), entries).unwrap_or_else(|_| Array2::zeros((n, m)))
}

/// Copies what is below the diagonal to above it: tiles that the compiler turns in registers, in squares
/// that fit the cache.
fn mirror(matrix: &mut Array2<f64>) {
    const TILE: usize = 4;
    const SIDE: usize = 8 * TILE;
    let n = matrix.nrows();
    let Some(entries) = matrix.as_slice_mut() else { return };
    let tiled = n / TILE * TILE;
    for i in (0..tiled).step_by(SIDE) {
        for j in (0..=i).step_by(SIDE) {
            for column in (j..(j + SIDE).min(tiled)).step_by(TILE) {
                for row in (i.max(column + TILE)..(i + SIDE).min(tiled)).step_by(TILE) {
                    let (above, below) = entries.split_at_mut(row * n);
                    let tile: [&[f64]; TILE] =
                        std::array::from_fn(|r| &below[r * n + column..][..TILE]);
                    for c in 0..TILE {
                        let to = &mut above[(column + c) * n + row..][..TILE];
                        to.copy_from_slice(&tile.map(|from| from[c]));
                    }
                }
            }
        }
    }
    // Tiles on the diagonal, and rows that fill none.
    for row in 0..n {
        let first = if row < tiled { row / TILE * TILE } else { 0 };
        for column in first..row {
            entries[column * n + row] = entries[row * n + column];
        }
    }
}
