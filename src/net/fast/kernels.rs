//! Small matrix products at the speed of the machine's vector units.
//!
//! The matrices of the networks studied here are small (8 to 100 units): calls, copies and ragged
//! edges cost more than arithmetic. So matrices live in [`Panel`]s whose rows start on a cache line
//! and are filled up with zeros to whole vectors, for as long as training lasts; zeros stay zeros
//! under every operation of a descent step, and no kernel has an edge to treat.
//!
//! Every entry of a product is summed in the order of the inner index with fused multiply-adds,
//! whatever the width of the vectors: results are the same on every machine. (Beyond [`LARGE`] they
//! are ndarray's, which cuts sums to fit caches.)

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, ShapeBuilder};
use pulp::{Simd, WithSimd};

/// Columns are filled up to a multiple of this, the number of f64 in a cache line and in the
/// widest vector.
const LINE: usize = 8;
/// Rows are filled up to a multiple of this, the height of the smallest block of a product.
const ROWS: usize = 4;
/// Multiplications from which ndarray's blocking for caches pays. Steps per second on n-n-n with
/// these kernels and with ndarray's products: 4300 and 3500 at n = 128, 400 and 420 at 256, 43 and
/// 50 at 512, 4.1 and 6.0 at 1024. (Cutting the inner index here instead cost 10 % at n = 8 and 16
/// and gained nothing at 512.)
const LARGE: usize = 256 * 256 * 256;

/// A matrix in rows on cache lines, filled up with zeros.
#[derive(Debug)]
pub(crate) struct Panel {
    data: Vec<f64>,
    /// Index of the first entry on a cache line.
    first: usize,
    rows: usize,
    cols: usize,
    /// Distance between rows.
    stride: usize,
}

impl Panel {
    pub(crate) fn zeros(rows: usize, cols: usize) -> Self {
        let mut stride = cols.next_multiple_of(LINE);
        // Rows a power of two apart would crowd into few sets of the cache: measured at 64 × 64.
        if stride.is_multiple_of(64) {
            stride += LINE;
        }
        let data = vec![0.0; rows.next_multiple_of(ROWS) * stride + LINE];
        let first = data.as_ptr().align_offset(64).min(LINE);
        Self { data, first, rows, cols, stride }
    }

    pub(crate) fn of(matrix: ArrayView2<'_, f64>) -> Self {
        let mut panel = Self::zeros(matrix.nrows(), matrix.ncols());
        let stride = panel.stride;
        let rows = panel.entries_mut().chunks_exact_mut(stride);
        for (to, from) in rows.zip(matrix.rows()) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        panel
    }

    /// Copies into a matrix of the same shape.
    pub(crate) fn store(&self, matrix: &mut Array2<f64>) {
        let rows = self.entries().chunks(self.stride);
        if let Some(entries) = matrix.as_slice_mut() {
            for (to, from) in entries.chunks_exact_mut(self.cols).zip(rows) {
                to.copy_from_slice(&from[..self.cols]);
            }
        } else {
            matrix.assign(&self.view());
        }
    }

    fn entries(&self) -> &[f64] {
        &self.data[self.first..]
    }

    fn entries_mut(&mut self) -> &mut [f64] {
        &mut self.data[self.first..]
    }

    fn view(&self) -> ArrayView2<'_, f64> {
        let shape = (self.rows, self.cols).strides((self.stride, 1));
        ArrayView2::from_shape(shape, self.entries()).expect("a panel holds its rows")
    }

    fn view_mut(&mut self) -> ArrayViewMut2<'_, f64> {
        let shape = (self.rows, self.cols).strides((self.stride, 1));
        ArrayViewMut2::from_shape(shape, self.entries_mut()).expect("a panel holds its rows")
    }

    /// Rows with the zeros below them.
    fn filled_rows(&self) -> usize {
        self.rows.next_multiple_of(ROWS)
    }

    /// `self += other`, same shapes.
    #[inline(always)]
    pub(crate) fn add(&mut self, other: &Self) {
        self.entries_mut().iter_mut().zip(other.entries()).for_each(|(to, from)| *to += from);
    }

    /// `self = a + b·diag(factors)`, same shapes, `factors` a row.
    #[inline(always)]
    pub(crate) fn assign_sum(&mut self, a: &Self, factors: &Self, b: &Self) {
        let stride = self.stride;
        let factors = &factors.entries()[..stride];
        let rows = a.entries().chunks_exact(stride).zip(b.entries().chunks_exact(stride));
        for (to, (a, b)) in self.entries_mut().chunks_exact_mut(stride).zip(rows) {
            for (((to, a), b), factor) in to.iter_mut().zip(a).zip(b).zip(factors) {
                *to = factor.mul_add(*b, *a);
            }
        }
    }

    /// `self = other`, same shapes.
    #[inline(always)]
    pub(crate) fn assign(&mut self, other: &Self) {
        self.entries_mut().iter_mut().zip(other.entries()).for_each(|(to, from)| *to = *from);
    }

    /// `self = otherᵀ`.
    #[inline(always)]
    pub(crate) fn assign_transposed(&mut self, other: &Self) {
        let (to_stride, from_stride) = (self.stride, other.stride);
        let from = other.entries();
        for (j, rows) in self.entries_mut().chunks_mut(ROWS * to_stride).enumerate() {
            if j * ROWS >= other.cols {
                break;
            }
            for i in (0..other.filled_rows()).step_by(ROWS) {
                // Four by four entries at a time. The moves are scalar; with all else outside the
                // products they take 17 % of a step at n = 8 and 5 % at 64.
                let mut block = [[0.0; ROWS]; ROWS];
                for (r, row) in block.iter_mut().enumerate() {
                    row.copy_from_slice(&from[(i + r) * from_stride + j * ROWS..][..ROWS]);
                }
                for c in 0..ROWS {
                    let column = [block[0][c], block[1][c], block[2][c], block[3][c]];
                    rows[c * to_stride + i..][..ROWS].copy_from_slice(&column);
                }
            }
        }
    }
}

/// ½ Σ (a − b) ∘ c over panels of the same shape.
pub(crate) fn half_inner_product_of_gap(a: &Panel, b: &Panel, c: &Panel) -> f64 {
    // One sum per place in a line: a single one would wait for itself at every addition.
    let mut sums = [0.0; LINE];
    let lines = a.entries().chunks_exact(LINE).zip(b.entries().chunks_exact(LINE));
    for ((a, b), c) in lines.zip(c.entries().chunks_exact(LINE)) {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum += (a[i] - b[i]) * c[i];
        }
    }
    0.5 * sums.iter().sum::<f64>()
}

/// What a product is added to.
#[derive(Clone, Copy)]
pub(crate) enum Onto<'a> {
    /// Nothing: out = AB.
    Zero,
    /// The matrix that it goes to: out += AB.
    Itself,
    /// Another matrix: out = C + AB.
    Other(&'a Panel),
}

/// out = onto + AB, or onto + AᵀB.
pub(crate) struct Product<'a> {
    pub(crate) out: &'a mut Panel,
    pub(crate) onto: Onto<'a>,
    pub(crate) a: &'a Panel,
    pub(crate) transposed: bool,
    pub(crate) b: &'a Panel,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.out.rows * self.out.cols * self.b.rows >= LARGE {
            self.run_large();
        } else if self.transposed {
            self.run::<S, true>(simd);
        } else {
            self.run::<S, false>(simd);
        }
    }
}

impl Product<'_> {
    /// The product by ndarray's blocked algorithm.
    fn run_large(self) {
        let keep = match self.onto {
            Onto::Zero => 0.0,
            Onto::Itself => 1.0,
            Onto::Other(panel) => {
                self.out.assign(panel);
                1.0
            }
        };
        let a = if self.transposed { self.a.view().reversed_axes() } else { self.a.view() };
        general_mat_mul(1.0, &a, &self.b.view(), keep, &mut self.out.view_mut());
    }

    /// Covers the output with blocks, sixteen sums each where there are enough registers: as wide
    /// as possible (measured on 64 × 64: 4 × 4 vectors 12 % faster than 8 × 2, 8 × 3 in between),
    /// tall where the output is narrow.
    #[inline(always)]
    fn run<S: Simd, const TRANSPOSED: bool>(mut self, simd: S) {
        let width = self.out.cols.next_multiple_of(LINE) / S::F64_LANES;
        let height = self.out.filled_rows();
        let many = S::REGISTER_COUNT >= 32;
        let mut column = 0;
        while column < width {
            let vectors = match width - column {
                4.. if many => 4,
                2.. => 2,
                _ => 1,
            };
            let mut row = 0;
            while row < height {
                let tall = many && vectors < 4 && height - row >= 8;
                match (tall, vectors) {
                    (_, 4) => self.block::<S, 4, 4, TRANSPOSED>(simd, row, column),
                    (true, 2) => self.block::<S, 8, 2, TRANSPOSED>(simd, row, column),
                    (true, _) => self.block::<S, 8, 1, TRANSPOSED>(simd, row, column),
                    (false, 2) => self.block::<S, 4, 2, TRANSPOSED>(simd, row, column),
                    (false, _) => self.block::<S, 4, 1, TRANSPOSED>(simd, row, column),
                }
                row += if tall { 8 } else { 4 };
            }
            column += vectors;
        }
    }

    /// One block of R rows and V vectors, kept in registers while the inner index runs.
    #[inline(always)]
    fn block<S: Simd, const R: usize, const V: usize, const TRANSPOSED: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
    ) {
        let depth = self.b.rows;
        let mut sums = [[simd.splat_f64s(0.0); V]; R];
        let onto = match self.onto {
            Onto::Zero => None,
            Onto::Itself => Some(&*self.out),
            Onto::Other(panel) => Some(panel),
        };
        if let Some(onto) = onto {
            let entries = S::as_simd_f64s(onto.entries()).0;
            let stride = onto.stride / S::F64_LANES;
            // Counting to R, not over rows, is what keeps the sums in registers.
            for r in 0..R {
                sums[r].copy_from_slice(&entries[(row + r) * stride + column..][..V]);
            }
        }
        let b_stride = self.b.stride / S::F64_LANES;
        let b_rows = S::as_simd_f64s(self.b.entries()).0.chunks_exact(b_stride);
        let b_rows = b_rows.take(depth).map(|b| &b[column..column + V]);
        let (a, a_stride) = (self.a.entries(), self.a.stride);
        if TRANSPOSED {
            for (a, b) in a.chunks_exact(a_stride).zip(b_rows) {
                accumulate(simd, &mut sums, &a[row..row + R], b);
            }
        } else {
            let a: [&[f64]; R] = std::array::from_fn(|r| &a[(row + r) * a_stride..][..depth]);
            for (k, b) in (0..depth).zip(b_rows) {
                accumulate(simd, &mut sums, &std::array::from_fn::<_, R, _>(|r| a[r][k]), b);
            }
        }
        let stride = self.out.stride / S::F64_LANES;
        let out = S::as_mut_simd_f64s(self.out.entries_mut()).0;
        for r in 0..R {
            out[(row + r) * stride + column..][..V].copy_from_slice(&sums[r]);
        }
    }
}

/// Adds the outer product of one column of A and one row of B.
#[inline(always)]
fn accumulate<S: Simd, const R: usize, const V: usize>(
    simd: S,
    sums: &mut [[S::f64s; V]; R],
    a: &[f64],
    b: &[S::f64s],
) {
    for r in 0..R {
        let a = simd.splat_f64s(a[r]);
        for v in 0..V {
            sums[r][v] = simd.mul_add_f64s(a, b[v], sums[r][v]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::frobenius_norm;
    use crate::math::random::{Purpose, gaussian, stream};
    use pulp::Arch;

    const SHAPES: [(usize, usize, usize); 9] = [
        (1, 1, 1),
        (3, 5, 2),
        (8, 8, 8),
        (9, 17, 4),
        (16, 3, 24),
        (33, 20, 31),
        (64, 64, 64),
        (70, 65, 129),
        (300, 257, 260),
    ];

    fn stored(panel: &Panel) -> Array2<f64> {
        let mut matrix = Array2::zeros((panel.rows, panel.cols));
        panel.store(&mut matrix);
        matrix
    }

    #[test]
    fn products_of_every_shape_agree_with_plain_sums() {
        let mut rng = stream(0, Purpose::Task, 0);
        for (m, k, n) in SHAPES {
            let (a, b) = (gaussian(m, k, 1.0, &mut rng), gaussian(k, n, 1.0, &mut rng));
            let c = gaussian(m, n, 1.0, &mut rng);
            for transposed in [false, true] {
                let left = if transposed { Panel::of(a.t()) } else { Panel::of(a.view()) };
                let (right, other) = (Panel::of(b.view()), Panel::of(c.view()));
                for (onto, start) in [
                    (Onto::Zero, Array2::zeros((m, n))),
                    (Onto::Itself, Array2::ones((m, n))),
                    (Onto::Other(&other), c.clone()),
                ] {
                    let mut out = Panel::of(Array2::ones((m, n)).view());
                    let (a_panel, b_panel) = (&left, &right);
                    let product =
                        Product { out: &mut out, onto, a: a_panel, transposed, b: b_panel };
                    Arch::new().dispatch(product);
                    let gap = stored(&out) - (start + a.dot(&b));
                    let bound = f64::EPSILON
                        * k as f64
                        * (1.0 + frobenius_norm(a.view()))
                        * (1.0 + frobenius_norm(b.view()));
                    assert!(frobenius_norm(gap.view()) <= bound, "{m} × {k} × {n}");
                    let sum: f64 = out.entries().iter().map(|x| x.abs()).sum();
                    let inside: f64 = stored(&out).iter().map(|x| x.abs()).sum();
                    assert!((sum - inside).abs() <= 1e-12 * inside, "zeros stay zeros");
                }
            }
        }
    }

    #[test]
    fn products_do_not_depend_on_the_width_of_vectors() {
        let mut rng = stream(1, Purpose::Task, 0);
        let (a, b) = (gaussian(13, 21, 1.0, &mut rng), gaussian(21, 18, 1.0, &mut rng));
        let (a, b) = (Panel::of(a.view()), Panel::of(b.view()));
        let product = |out| Product { out, onto: Onto::Zero, a: &a, transposed: false, b: &b };
        let (mut fast, mut plain) = (Panel::zeros(13, 18), Panel::zeros(13, 18));
        Arch::new().dispatch(product(&mut fast));
        product(&mut plain).with_simd(pulp::Scalar::new());
        assert_eq!(stored(&fast), stored(&plain));
    }

    #[test]
    fn transposing_moves_every_entry() {
        let mut rng = stream(2, Purpose::Task, 0);
        for (m, n, _) in SHAPES {
            let a = gaussian(m, n, 1.0, &mut rng);
            let mut out = Panel::zeros(n, m);
            out.assign_transposed(&Panel::of(a.view()));
            assert_eq!(stored(&out), a.t());
        }
    }
}
