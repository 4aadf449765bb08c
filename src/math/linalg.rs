//! Factorizations and large products: faer behind ndarray, sorted, with signs fixed, finite input
//! only.
//!
//! Everything runs on one thread, so that results do not depend on the number of threads.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::Solve;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::{Error, Result};

/// Full singular value decomposition `U diag(s) Vᵀ`.
#[derive(Debug, Clone)]
pub struct Svd {
    /// Left singular vectors as columns, m × m.
    pub u: Array2<f64>,
    /// Singular values, largest first, min(m, n) of them.
    pub s: Array1<f64>,
    /// Right singular vectors as columns, n × n.
    pub v: Array2<f64>,
}

/// Refuses NaN and infinity before they reach a factorization that would never return.
///
/// # Errors
/// The first entry that is not finite.
pub fn require_finite(what: &str, a: ArrayView2<'_, f64>) -> Result<()> {
    match a.indexed_iter().find(|(_, x)| !x.is_finite()) {
        None => Ok(()),
        Some(((i, j), x)) => Err(Error::NonFinite {
            what: what.to_owned(),
            place: format!("row {}, column {}", i + 1, j + 1),
            value: *x,
        }),
    }
}

fn to_faer(a: ArrayView2<'_, f64>) -> Mat<f64> {
    match as_faer(a) {
        Some(view) => view.to_owned(),
        None => Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[[i, j]]),
    }
}

/// The same memory as faer sees it, if rows or columns follow each other there.
fn as_faer(a: ArrayView2<'_, f64>) -> Option<MatRef<'_, f64>> {
    let (m, n) = a.dim();
    let by_rows = a.to_slice().map(|rows| MatRef::from_row_major_slice(rows, m, n));
    by_rows.or_else(|| {
        let columns = a.reversed_axes().to_slice()?;
        Some(MatRef::from_column_major_slice(columns, m, n))
    })
}

fn to_ndarray(a: faer::MatRef<'_, f64>) -> Array2<f64> {
    let mut rows = Array2::zeros((a.nrows(), a.ncols()));
    let (m, n) = rows.dim();
    if let Some(memory) = rows.as_slice_mut() {
        MatMut::from_row_major_slice_mut(memory, m, n).copy_from(a);
    }
    rows
}

/// Full singular value decomposition, largest value first.
///
/// Signs are fixed so that results can be compared: the sum of cubes of each right singular vector
/// is positive (where it vanishes by symmetry, its first large entry is). Within a block of equal
/// singular values the basis is arbitrary.
///
/// # Errors
/// An entry that is not finite.
pub fn svd(a: &Array2<f64>) -> Result<Svd> {
    decompose(a, false)
}

/// As [`svd`] with only the min(m, n) singular vectors on both sides that have a singular value,
/// which is faster.
///
/// # Errors
/// As [`svd`].
pub fn thin_svd(a: &Array2<f64>) -> Result<Svd> {
    decompose(a, true)
}

fn decompose(a: &Array2<f64>, thin: bool) -> Result<Svd> {
    require_finite("matrix to decompose", a.view())?;
    let (m, n) = a.dim();
    let k = m.min(n);
    if k == 0 {
        let complete = |n| if thin { Array2::zeros((n, 0)) } else { Array2::eye(n) };
        return Ok(Svd { u: complete(m), s: Array1::zeros(0), v: complete(n) });
    }
    // Scaling first keeps squares of entries near 1e±300 representable.
    let scale = a.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let scaled = to_faer(a.mapv(|x| x / scale).view());
    let factors = if thin { scaled.thin_svd() } else { scaled.svd() };
    let factors = factors.map_err(|e| Error::Numerical {
        method: "singular value decomposition",
        reason: format!("{e:?}"),
    })?;
    let mut u = to_ndarray(factors.U());
    let mut v = to_ndarray(factors.V());
    let s: Array1<f64> = (0..k).map(|i| factors.S()[i] * scale).collect();
    for i in 0..v.ncols() {
        if sign_of(v.column(i).iter().copied()) < 0.0 {
            v.column_mut(i).mapv_inplace(|x| -x);
            if i < k {
                u.column_mut(i).mapv_inplace(|x| -x);
            }
        }
    }
    for i in k..u.ncols() {
        if sign_of(u.column(i).iter().copied()) < 0.0 {
            u.column_mut(i).mapv_inplace(|x| -x);
        }
    }
    Ok(Svd { u, s, v })
}

/// Orientation of a vector that survives rounding.
fn sign_of(v: impl Iterator<Item = f64> + Clone) -> f64 {
    let cubes: f64 = v.clone().map(|x| x * x * x).sum();
    if cubes.abs() > 1e-8 {
        return cubes.signum();
    }
    let largest = v.clone().fold(0.0f64, |m, x| m.max(x.abs()));
    v.clone().find(|x| x.abs() > 0.5 * largest).map_or(1.0, f64::signum)
}

/// Eigenvalues (largest first) and eigenvectors (columns) of a symmetric matrix.
///
/// Only the lower triangle is read.
///
/// # Errors
/// An entry that is not finite, or a matrix that is not square.
pub fn eigh(a: &Array2<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
    require_finite("symmetric matrix", a.view())?;
    if a.nrows() != a.ncols() {
        return Err(Error::shape("symmetric matrix", a.dim(), "as many rows as columns"));
    }
    let n = a.nrows();
    if n == 0 {
        return Ok((Array1::zeros(0), Array2::zeros((0, 0))));
    }
    let factors = to_faer(a.view()).self_adjoint_eigen(Side::Lower).map_err(|e| {
        Error::Numerical { method: "symmetric eigendecomposition", reason: format!("{e:?}") }
    })?;
    let values = (0..n).rev().map(|i| factors.S()[i]).collect();
    let vectors = to_ndarray(factors.U().reverse_cols());
    Ok((values, vectors))
}

/// Eigenvalues (real part, imaginary part) of any square matrix, such as the linearization of a flow:
/// largest real part first.
///
/// By the QR algorithm (`golub2013`). They are those of a matrix that differs by rounding of the largest
/// entries; where eigenvalues coincide without as many eigenvectors, this moves them by a root of it.
///
/// # Errors
/// An entry that is not finite, a matrix that is not square, or no convergence.
pub fn eigenvalues(a: &Array2<f64>) -> Result<Vec<(f64, f64)>> {
    require_finite("matrix", a.view())?;
    if a.nrows() != a.ncols() {
        return Err(Error::shape("matrix", a.dim(), "as many rows as columns"));
    }
    let largest = a.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return Ok(vec![(0.0, 0.0); a.nrows()]);
    }
    // As in `decompose`; a power of two rounds nothing.
    let scale = largest.log2().floor().exp2();
    let found = to_faer(a.mapv(|x| x / scale).view())
        .eigenvalues()
        .map_err(|e| Error::Numerical { method: "eigenvalues", reason: format!("{e:?}") })?;
    let mut values: Vec<(f64, f64)> =
        found.into_iter().map(|z| (z.re * scale, z.im * scale)).collect();
    values.sort_by(|x, y| y.0.total_cmp(&x.0).then(y.1.total_cmp(&x.1)));
    Ok(values)
}

/// Thin QR factorization: Q with orthonormal columns, R upper triangular.
pub fn qr(a: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
    let factors = to_faer(a.view()).qr();
    (to_ndarray(factors.compute_thin_Q().as_ref()), to_ndarray(factors.thin_R()))
}

/// Thin Q of a QR factorization with column pivoting, rows sorted by size first: accurate row by
/// row even when rows differ by many orders of magnitude.
pub fn graded_orthonormal_basis(a: &Array2<f64>) -> Array2<f64> {
    let sizes: Vec<f64> =
        a.rows().into_iter().map(|r| r.iter().fold(0.0f64, |m, x| m.max(x.abs()))).collect();
    let mut order: Vec<usize> = (0..a.nrows()).collect();
    order.sort_by(|i, j| sizes[*j].total_cmp(&sizes[*i]));
    let sorted = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[[order[i], j]]);
    let q = sorted.col_piv_qr().compute_thin_Q();
    let mut result = Array2::zeros(a.dim());
    for (i, row) in order.iter().enumerate() {
        for j in 0..a.ncols() {
            result[[*row, j]] = q[(i, j)];
        }
    }
    result
}

/// Replaces X (h × n) by L⁻¹X, where LLᵀ = I + X diag(weights) Xᵀ is a Cholesky factorization.
///
/// # Errors
/// Weights so large that the factorization breaks down.
pub fn whiten_against(x: &mut Array2<f64>, weights: &[f64]) -> Result<()> {
    let (h, n) = x.dim();
    let scaled = &*x * &ndarray::ArrayView1::from(weights);
    let (Some(rows), Some(scaled)) = (x.as_slice_mut(), scaled.as_slice()) else {
        return Err(Error::shape(
            "matrix to whiten",
            (h, n),
            "rows that follow each other in memory",
        ));
    };
    let mut rows = MatMut::from_row_major_slice_mut(rows, h, n);
    let scaled = MatRef::from_row_major_slice(scaled, h, n);
    let mut inner = Mat::<f64>::identity(h, h);
    matmul(inner.as_mut(), Accum::Add, rows.as_ref(), scaled.transpose(), 1.0, Par::Seq);
    let factor = inner.llt(Side::Lower).map_err(|e| Error::Numerical {
        method: "Cholesky factorization",
        reason: format!("{e:?}"),
    })?;
    solve_lower_triangular_in_place(factor.L(), rows.as_mut(), Par::Seq);
    Ok(())
}

/// Solves A X = B for a symmetric positive definite A, of which only the lower triangle is read.
///
/// # Errors
/// An entry that is not finite, shapes that do not fit, or an A that is not positive definite.
pub fn solve_positive_definite(a: &Array2<f64>, b: &Array2<f64>) -> Result<Array2<f64>> {
    require_finite("symmetric matrix", a.view())?;
    require_finite("right-hand side", b.view())?;
    if a.nrows() != a.ncols() || a.nrows() != b.nrows() {
        let expected = "a square matrix and as many right-hand rows";
        return Err(Error::shape("linear equations", (a.dim(), b.dim()), expected));
    }
    Ok(to_ndarray(cholesky(a)?.solve(to_faer(b.view())).as_ref()))
}

/// L⁻¹B and the diagonal of L, where LLᵀ = A is the Cholesky factorization of a symmetric positive
/// definite A, of which only the lower triangle is read. So BᵀA⁻¹B = (L⁻¹B)ᵀL⁻¹B is never negative,
/// however it is rounded, and the diagonal shows how nearly singular A is.
///
/// # Errors
/// As [`solve_positive_definite`].
pub fn whitened(a: &Array2<f64>, b: &Array2<f64>) -> Result<(Array2<f64>, Array1<f64>)> {
    require_finite("right-hand side", b.view())?;
    if a.nrows() != b.nrows() {
        let expected = "as many right-hand rows as equations";
        return Err(Error::shape("linear equations", (a.dim(), b.dim()), expected));
    }
    let factor = cholesky(a)?;
    let mut x = to_faer(b.view());
    solve_lower_triangular_in_place(factor.L(), x.as_mut(), Par::Seq);
    let diagonal = (0..a.nrows()).map(|i| factor.L()[(i, i)]).collect();
    Ok((to_ndarray(x.as_ref()), diagonal))
}

fn cholesky(a: &Array2<f64>) -> Result<faer::linalg::solvers::Llt<f64>> {
    require_finite("symmetric matrix", a.view())?;
    if a.nrows() != a.ncols() {
        return Err(Error::shape("symmetric matrix", a.dim(), "as many rows as columns"));
    }
    to_faer(a.view()).llt(Side::Lower).map_err(|e| Error::Numerical {
        method: "Cholesky factorization",
        reason: format!("the matrix is not positive definite ({e:?})"),
    })
}

/// A B, a sixth faster for large matrices than ndarray's product.
///
/// # Panics
/// If the shapes do not fit, as ndarray's.
pub fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    multiply(a, b, BlockStructure::Rectangular)
}

/// A B if that is known to be symmetric: half of it is computed, the other half is copied.
///
/// # Panics
/// If the result is not square.
pub fn symmetric_product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut result = multiply(a, b, BlockStructure::TriangularLower);
    for i in 0..result.nrows() {
        for j in 0..i {
            result[[j, i]] = result[[i, j]];
        }
    }
    result
}

/// A times some `rows` of a lower triangular matrix L, up to the last column of these rows: what lies
/// above the diagonal is not read and costs nothing.
///
/// # Panics
/// If the shapes do not fit.
pub fn lower_triangular_product(
    a: ArrayView2<'_, f64>,
    l: ArrayView2<'_, f64>,
    rows: Range<usize>,
) -> Array2<f64> {
    assert_eq!(a.ncols(), rows.len(), "inner dimensions of a product");
    let mut result = Array2::zeros((a.nrows(), rows.end));
    let (m, n) = result.dim();
    let (mut copy_a, mut copy_l) = (None, None);
    let l = l.slice_move(s![rows.clone(), ..]);
    let a = as_faer(a).unwrap_or_else(|| copy_a.insert(to_faer(a)).as_ref());
    let l = as_faer(l).unwrap_or_else(|| copy_l.insert(to_faer(l)).as_ref());
    if let Some(memory) = result.as_slice_mut() {
        let whole = MatMut::from_row_major_slice_mut(memory, m, n);
        let (square, triangle) = whole.split_at_col_mut(rows.start);
        matmul(square, Accum::Replace, a, l.subcols(0, rows.start), 1.0, Par::Seq);
        let l = l.subcols(rows.start, rows.len());
        let [full, lower] = [BlockStructure::Rectangular, BlockStructure::TriangularLower];
        triangular::matmul(triangle, full, Accum::Replace, a, full, l, lower, 1.0, Par::Seq);
    }
    result
}

/// A B, of which only the part of this shape is computed; the rest is 0.
fn multiply(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, part: BlockStructure) -> Array2<f64> {
    assert_eq!(a.ncols(), b.nrows(), "inner dimensions of a product");
    let (m, n) = (a.nrows(), b.ncols());
    let mut result = Array2::zeros((m, n));
    let (mut copy_a, mut copy_b) = (None, None);
    let a = as_faer(a).unwrap_or_else(|| copy_a.insert(to_faer(a)).as_ref());
    let b = as_faer(b).unwrap_or_else(|| copy_b.insert(to_faer(b)).as_ref());
    if let Some(memory) = result.as_slice_mut() {
        let memory = MatMut::from_row_major_slice_mut(memory, m, n);
        let full = BlockStructure::Rectangular;
        triangular::matmul(memory, part, Accum::Replace, a, full, b, full, 1.0, Par::Seq);
    }
    result
}

/// Largest singular value; 0 for an empty matrix.
///
/// # Errors
/// As [`svd`].
pub fn spectral_norm(a: &Array2<f64>) -> Result<f64> {
    Ok(svd(a)?.s.first().copied().unwrap_or(0.0))
}

/// Root of the sum of squares, safe against overflow.
pub fn frobenius_norm(a: ArrayView2<'_, f64>) -> f64 {
    let scale = a.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    scale * a.iter().map(|x| (x / scale).powi(2)).sum::<f64>().sqrt()
}

/// `A diag(values) Aᵀ` for the columns of `A`.
pub fn congruence(a: ArrayView2<'_, f64>, values: &Array1<f64>) -> Array2<f64> {
    (&a * &values.view().insert_axis(Axis(0))).dot(&a.t())
}

#[cfg(test)]
#[path = "linalg_tests.rs"]
mod tests;
