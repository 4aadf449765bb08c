//! All pairs of inputs, in strips of rows.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};

use super::block::{Block, Plan, STRETCH};
use super::examples::Examples;
use crate::math::linalg::require_finite;
use crate::math::parallel::in_parallel;
use crate::math::vector::vectorized;
use crate::net::architecture::Architecture;
use crate::{Error, Result};

/// Rows that one job works on. Divides a stretch.
const STRIP: usize = 64;
/// Sums are taken in this many lanes, so that the compiler can use vector instructions.
const LANES: usize = 8;
/// Gaps below this share of the largest covariance are computed from the difference of the inputs.
/// There rounding of the covariance would change the angle, of 0.14, by 8 times as much.
const NEAR: f64 = 0.01;

/// Some rows of both kernels, each in two parts.
type Strip<'a> = [[Mutex<ArrayViewMut2<'a, f64>>; 2]; 2];

/// Inputs with what the network makes of each.
pub(crate) struct Inputs<'a> {
    pub(crate) x: ArrayView2<'a, f64>,
    /// |x|.
    length: Vec<f64>,
    pub(crate) examples: Examples,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(
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
pub(crate) struct Pairing<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) rows: &'a Inputs<'a>,
    /// `None` if they are the same as the rows.
    pub(crate) columns: Option<&'a Inputs<'a>>,
}

impl<'a> Pairing<'a> {
    /// Both kernels, covariance first.
    pub(crate) fn kernels(&self) -> Result<[Array2<f64>; 2]> {
        let (n, m) = (self.rows.x.nrows(), self.columns().x.nrows());
        // Blocks of different size: an allocator like that of glibc gives memory back to the system once
        // twice its largest block is free, which two equal ones always are. Fresh pages for the next
        // kernels would take 40 % of the time at n = 1000.
        let mut kernels = [written_zeros(n, m, n * m / 16), written_zeros(n, m, 0)];
        let [nngp, ntk] = kernels.each_mut().map(|kernel| self.strips(kernel));
        let strips: Vec<Strip<'_>> = nngp.into_iter().zip(ntk).map(|(a, b)| [a, b]).collect();
        in_parallel(strips.len(), |i| {
            self.strip(i, &strips);
            Ok(())
        })?;
        drop(strips);
        if self.columns.is_none() {
            let examples = &self.rows.examples;
            for (kernel, diagonal) in kernels.iter_mut().zip([examples.nngp(), &examples.ntk]) {
                kernel.diag_mut().iter_mut().zip(diagonal).for_each(|(to, from)| *to = *from);
            }
        }
        Ok(kernels)
    }

    /// The strips of a kernel, those of symmetric ones in two parts: up to the last column that is computed,
    /// and the rest.
    fn strips<'k>(&self, kernel: &'k mut Array2<f64>) -> Vec<[Mutex<ArrayViewMut2<'k, f64>>; 2]> {
        let columns = kernel.ncols();
        let strips = kernel.axis_chunks_iter_mut(Axis(0), STRIP).enumerate();
        let in_two = |(i, strip): (usize, ArrayViewMut2<'k, f64>)| {
            let computed = if self.columns.is_none() { i * STRIP + strip.nrows() } else { columns };
            let (left, right) = strip.split_at(Axis(1), computed);
            [Mutex::new(left), Mutex::new(right)]
        };
        strips.map(in_two).collect()
    }

    fn columns(&self) -> &'a Inputs<'a> {
        self.columns.unwrap_or(self.rows)
    }

    /// The rows of a strip, with all columns or those below the diagonal, which are mirrored: stretch by
    /// stretch, while it is in the cache.
    fn strip(&self, i: usize, strips: &[Strip<'_>]) {
        let symmetric = self.columns.is_none();
        let rows = i * STRIP..((i + 1) * STRIP).min(self.rows.x.nrows());
        let left = self.rows.x.slice(s![rows.clone(), ..]);
        let scale = (left.ncols() as f64).recip();
        let [mut nngp, mut ntk] = strips[i].each_ref().map(|parts| lock(&parts[0]));
        let end = nngp.ncols();
        for start in (0..end).step_by(STRETCH) {
            let columns = start..end.min(start + STRETCH);
            let right = self.columns().x.slice(s![columns.clone(), ..]);
            let mut product = nngp.slice_mut(s![.., columns.clone()]);
            general_mat_mul(scale, &left, &right.t(), 0.0, &mut product);
            for row in rows.clone() {
                let to = if symmetric { row } else { end }.min(columns.end);
                let r = row - rows.start;
                let (mut nngp, mut ntk) = (nngp.row_mut(r), ntk.row_mut(r));
                let parts = (nngp.as_slice_mut(), ntk.as_slice_mut());
                if let (true, (Some(nngp), Some(ntk))) = (start < to, parts) {
                    self.stretch(row, start, &mut nngp[start..to], &mut ntk[start..to]);
                }
            }
            if symmetric {
                for (which, kernel) in [&mut nngp, &mut ntk].into_iter().enumerate() {
                    mirror(kernel, which, [&rows, &columns], strips);
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
        let own = self.rows.examples.stages[0].variances.root[row];
        let roots = &self.columns().examples.stages[0].variances.root[start..start + gap.len()];
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

fn lock<'a, T>(mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Copies what is below the diagonal in some columns of a strip to above it.
fn mirror(
    strip: &mut ArrayViewMut2<'_, f64>,
    which: usize,
    [rows, columns]: [&Range<usize>; 2],
    strips: &[Strip<'_>],
) {
    for first in columns.clone().step_by(STRIP) {
        if first < rows.start {
            let mut above = lock(&strips[first / STRIP][which][1]);
            // The part above starts with the columns of the next strip.
            let shift = first + STRIP;
            let to = above.slice_mut(s![.., rows.start - shift..rows.end - shift]);
            transpose(strip.slice(s![.., first..first + STRIP]), to);
        } else {
            for (r, c) in (0..rows.len()).flat_map(|r| (0..r).map(move |c| (r, c))) {
                strip[[c, first + r]] = strip[[r, first + c]];
            }
        }
    }
}

/// `to` becomes the transpose of `from`, four rows at a time: the columns of `from` share cache lines.
fn transpose(from: ArrayView2<'_, f64>, mut to: ArrayViewMut2<'_, f64>) {
    const TILE: usize = 4;
    let from: Vec<&[f64]> = from.rows().into_iter().filter_map(|row| row.to_slice()).collect();
    let mut rows: Vec<_> = to.rows_mut().into_iter().filter_map(|row| row.into_slice()).collect();
    for (j, rows) in rows.chunks_mut(TILE).enumerate() {
        let columns = j * TILE..j * TILE + rows.len();
        if let [a, b, c, d] = rows {
            let four = a.iter_mut().zip(b.iter_mut()).zip(c.iter_mut().zip(d.iter_mut()));
            for (((a, b), (c, d)), from) in four.zip(&from) {
                if let [p, q, r, s] = from[columns.clone()] {
                    (*a, *b, *c, *d) = (p, q, r, s);
                }
            }
        } else {
            for (column, row) in columns.zip(rows) {
                row.iter_mut().zip(&from).for_each(|(to, from)| *to = from[column]);
            }
        }
    }
}
