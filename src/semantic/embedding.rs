//! Flat pictures of representations: classical multidimensional scaling, continuous over time.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::math::linalg::{Svd, congruence, eigh, frobenius_norm, require_finite, thin_svd};
use crate::{Error, Result};

/// Eigenvalues and singular values below this part of the largest, for each item, are rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Points whose distances are those of the items, in as many dimensions as that takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// P × number of dimensions, along the principal axes, widest first; the mean is at the origin.
    /// Where two axes are equally wide, only the plane they span is defined.
    pub coordinates: Array2<f64>,
    /// All P eigenvalues of −½JD²J, largest first. Negative ones beyond rounding mean that no points
    /// have these distances.
    pub eigenvalues: Array1<f64>,
}

impl Embedding {
    /// Share of all squared distances that the first `n` axes show, Σₖ≤ₙ λₖ / Σ|λ|; 1 if all items are
    /// at the same place.
    pub fn share(&self, n: usize) -> f64 {
        let total: f64 = self.eigenvalues.iter().map(|l| l.abs()).sum();
        let shown: f64 = self.eigenvalues.iter().take(n).map(|l| l.max(0.0)).sum();
        if total > 0.0 { shown / total } else { 1.0 }
    }
}

/// Classical multidimensional scaling of squared distances D² (P × P): the eigenvectors of −½JD²J,
/// J = I − 11ᵀ/P, each as long as the root of its eigenvalue.
///
/// Of items of a balanced tree whose modes have strengths u and item vectors v, the coordinates
/// along mode a are √uₐ vₐ: centering only drops what all items share.
///
/// # Errors
/// No item, distances that are not square and symmetric, or not finite.
pub fn classical_scaling(squared_distances: &Array2<f64>) -> Result<Embedding> {
    let p = squared_distances.nrows();
    require_finite("squared distances", squared_distances.view())?;
    let size = frobenius_norm(squared_distances.view());
    let same =
        |(i, j): (usize, usize), x: f64| (x - squared_distances[[j, i]]).abs() <= 1e-9 * size;
    let square = p > 0 && p == squared_distances.ncols();
    if !(square && squared_distances.indexed_iter().all(|(at, x)| same(at, *x))) {
        let expected = "a symmetric matrix, one row and column for each item";
        return Err(Error::shape("squared distances", squared_distances.dim(), expected));
    }
    let rows = centered(squared_distances.view());
    let inner = centered(rows.t()) * -0.5;
    let (eigenvalues, vectors) = eigh(&inner)?;
    // Rounding is that of the distances, not of what is left of them.
    let least = ROUNDING * p as f64 * size;
    let n = eigenvalues.iter().filter(|l| **l > least).count();
    let roots = eigenvalues.slice(s![..n]).mapv(f64::sqrt);
    Ok(Embedding { coordinates: &vectors.slice(s![.., ..n]) * &roots, eigenvalues })
}

/// Rows with their mean taken off.
fn centered(rows: ArrayView2<'_, f64>) -> Array2<f64> {
    match rows.mean_axis(Axis(0)) {
        Some(mean) => &rows - &mean,
        None => rows.to_owned(),
    }
}

/// Centered representations Z as U diag(s) (hidden directions left out), rounding left out.
fn spread(activations: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array1<f64>)> {
    require_finite("representations", activations)?;
    let size = frobenius_norm(activations);
    // Of the transpose, so that signs are fixed by the items.
    let Svd { s, v, .. } = thin_svd(&centered(activations).t().to_owned())?;
    let least = ROUNDING * activations.nrows().max(activations.ncols()) as f64 * size;
    let n = s.iter().filter(|s| **s > least).count();
    Ok((v.slice(s![.., ..n]).to_owned(), s.slice(s![..n]).to_owned()))
}

/// The principal axes of representations (P × hidden), as `n` unit vectors over the items (P × n).
///
/// Seen along these, [`follow`] gives the coordinates of [`classical_scaling`] there. Axes beyond the
/// dimensions that the items take are zero. Signs are fixed; a sum of cubes is positive.
///
/// # Errors
/// A representation that is not finite.
pub fn principal_axes(activations: ArrayView2<'_, f64>, n: usize) -> Result<Array2<f64>> {
    let (axes, _) = spread(activations)?;
    let mut chosen = Array2::zeros((activations.nrows(), n));
    let found = n.min(axes.ncols());
    chosen.slice_mut(s![.., ..found]).assign(&axes.slice(s![.., ..found]));
    Ok(chosen)
}

/// Squared distances to the mean along each principal axis, summed over items, widest first: the
/// eigenvalues of [`classical_scaling`] above rounding, without a matrix of all pairs.
///
/// # Errors
/// A representation that is not finite.
pub fn principal_widths(activations: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
    Ok(spread(activations)?.1.mapv(|s| s * s))
}

/// The orthonormal axes (P × n) along which representations look most like a given arrangement of the
/// items (P × n): the view of [`follow`] nearest to it.
///
/// Principal axes show as much as possible, and of a tree they show the broad distinctions only. A
/// view towards an arrangement, the order of the leaves on a circle say, shows every level a little.
///
/// # Errors
/// Not one row for each item, or a value that is not finite.
pub fn nearest_view(
    activations: ArrayView2<'_, f64>,
    arrangement: ArrayView2<'_, f64>,
) -> Result<Array2<f64>> {
    require_finite("arrangement", arrangement)?;
    if arrangement.nrows() != activations.nrows() {
        let expected = format!("one row for each of {} items", activations.nrows());
        return Err(Error::shape("arrangement", arrangement.dim(), expected));
    }
    let (axes, sizes) = spread(activations)?;
    let rooted = (&axes * &sizes).dot(&axes.t().dot(&centered(arrangement)));
    rotation(&rooted)
}

/// The nearest matrix with orthonormal columns, as far as `matrix` says what these are.
fn rotation(matrix: &Array2<f64>) -> Result<Array2<f64>> {
    let Svd { u, s, v } = thin_svd(matrix)?;
    let least = ROUNDING * matrix.nrows() as f64 * s.first().copied().unwrap_or(0.0);
    let n = s.iter().filter(|s| **s > least).count();
    Ok(u.slice(s![.., ..n]).dot(&v.slice(s![.., ..n]).t()))
}

/// How items move over time, seen along fixed axes.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemPaths {
    /// Coordinates at each time, P × axes.
    pub coordinates: Vec<Array2<f64>>,
    /// Share of all squared distances at each time that these axes show; 1 if there are none.
    pub shares: Vec<f64>,
}

impl ItemPaths {
    /// Where item `i` was along `axis` at all times.
    pub fn path(&self, i: usize, axis: usize) -> Vec<f64> {
        self.coordinates.iter().map(|c| c[[i, axis]]).collect()
    }

    /// Largest distance of an item from where it is in other paths at the same time.
    pub fn largest_gap(&self, other: &Self) -> f64 {
        let gap = |(a, b): (&Array2<f64>, &Array2<f64>)| {
            let rows = (a - b).map_axis(Axis(1), |row| row.dot(&row).sqrt());
            rows.into_iter().fold(0.0, f64::max)
        };
        self.coordinates.iter().zip(&other.coordinates).map(gap).fold(0.0, f64::max)
    }

    /// Largest distance of an item from the mean of all items.
    pub fn range(&self) -> f64 {
        let zero = self.coordinates.iter().map(|c| Array2::zeros(c.dim())).collect();
        self.largest_gap(&Self { coordinates: zero, shares: Vec::new() })
    }
}

/// Follows representations (P × hidden, one matrix for each time) along fixed axes over the items
/// (P × n, [`principal_axes`] of the last time as a rule).
///
/// Distances leave the rotation of a picture open, at each time anew. Turning each picture to the one
/// before (Procrustes) adds up errors and depends on the times shown. Here all are turned to the same
/// reference instead, in which every item has an axis of its own: the configuration nearest to it is
/// the symmetric root of the centered Gram matrix, √G, and what is shown is √G·axes. This
///
/// * does not depend on the basis of the hidden units, so that theory, a linear and a nonlinear
///   network are drawn in the same way and no simulation is turned to fit a theory;
/// * is √uₐ vₐ, the classical scaling at every time, if the modes keep their directions;
/// * is continuous, also where eigenvalues cross or vanish:
///   $`\|\sqrt{G'}-\sqrt{G}\|_F \le \sqrt2\,\|Z'-Z\|_F`$ for any representations Z, Z' of these
///   Gram matrices (Araki and Yamagami's inequality), so that items move no faster than hidden units
///   do, up to √2.
///
/// # Errors
/// A number of items that changes, or a representation that is not finite.
pub fn follow(activations: &[Array2<f64>], axes: &Array2<f64>) -> Result<ItemPaths> {
    let mut paths = ItemPaths { coordinates: Vec::new(), shares: Vec::new() };
    for now in activations {
        if now.nrows() != axes.nrows() {
            let expected = format!("one row for each of {} items", axes.nrows());
            return Err(Error::shape("representations", now.dim(), expected));
        }
        let (items, sizes) = spread(now.view())?;
        let seen = (&items * &sizes).dot(&items.t().dot(axes));
        let (shown, all) =
            (frobenius_norm(seen.view()), frobenius_norm(sizes.insert_axis(Axis(0)).view()));
        paths.shares.push(if all > 0.0 { (shown / all).powi(2) } else { 1.0 });
        paths.coordinates.push(seen);
    }
    Ok(paths)
}

/// Squared distances that are left between two representations of the same items (P × hidden, the
/// numbers of hidden units may differ) after the best orthogonal map between them, min ‖Z₁ − Z₂O‖².
///
/// # Errors
/// Different numbers of items, or values that are not finite.
pub fn procrustes(one: ArrayView2<'_, f64>, other: ArrayView2<'_, f64>) -> Result<f64> {
    if one.nrows() != other.nrows() {
        let expected = format!("{} rows, as the other representation", one.nrows());
        return Err(Error::shape("representation", other.dim(), expected));
    }
    require_finite("representation", one)?;
    require_finite("representation", other)?;
    let n = one.ncols().max(other.ncols());
    let padded = |z: ArrayView2<'_, f64>| {
        let mut wide = Array2::zeros((z.nrows(), n));
        wide.slice_mut(s![.., ..z.ncols()]).assign(&z);
        wide
    };
    let (one, other) = (padded(one), padded(other));
    let Svd { u, v, .. } = thin_svd(&other.t().dot(&one))?;
    let gap = one - other.dot(&u.dot(&v.t()));
    Ok(frobenius_norm(gap.view()).powi(2))
}

/// The symmetric positive root of a Gram matrix as representations that have it, P × P. Eigenvalues
/// below zero are taken for rounding.
///
/// # Errors
/// A matrix that is not square or not finite.
pub fn of_gram(gram: &Array2<f64>) -> Result<Array2<f64>> {
    let (values, vectors) = eigh(gram)?;
    Ok(congruence(vectors.view(), &values.mapv(|l| l.max(0.0).sqrt())))
}

#[cfg(test)]
#[path = "embedding_tests.rs"]
mod tests;
