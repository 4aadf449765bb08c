//! Eigenvalues of matrices that are not symmetric, such as linearizations of a flow.

use ndarray::Array2;

use super::linalg::require_finite;
use crate::{Error, Result};

/// QR steps per eigenvalue before giving up.
const MAX_STEPS: usize = 60;

/// Eigenvalues (real part, imaginary part) of a square matrix, largest real part first.
///
/// By reduction to Hessenberg form and the QR algorithm with double shifts (`golub2013`); meant for
/// matrices of up to a few hundred rows.
///
/// # Errors
/// A matrix that is not square or not finite, or no convergence.
pub fn eigenvalues(a: &Array2<f64>) -> Result<Vec<(f64, f64)>> {
    require_finite("matrix", a.view())?;
    if a.nrows() != a.ncols() {
        return Err(Error::shape("matrix", a.dim(), "as many rows as columns"));
    }
    let mut h = a.clone();
    to_hessenberg(&mut h);
    let mut values = Vec::with_capacity(h.nrows());
    let mut active = h.nrows();
    let mut steps = 0;
    while active > 0 {
        let start = start_of_block(&h, active);
        if start + 1 == active {
            values.push((h[[start, start]], 0.0));
            (active, steps) = (start, 0);
        } else if start + 2 == active {
            values.extend(of_two_rows(&h, start));
            (active, steps) = (start, 0);
        } else if steps == MAX_STEPS {
            let reason = format!("{MAX_STEPS} QR steps did not separate an eigenvalue");
            return Err(Error::Numerical { method: "eigenvalues", reason });
        } else {
            steps += 1;
            double_step(&mut h, start, active, steps % 10 == 0);
        }
    }
    values.sort_by(|x, y| y.0.total_cmp(&x.0).then(y.1.total_cmp(&x.1)));
    Ok(values)
}

/// Zeros below the first subdiagonal, by reflections.
fn to_hessenberg(a: &mut Array2<f64>) {
    let n = a.nrows();
    for k in 0..n.saturating_sub(2) {
        let column: Vec<f64> = (k + 1..n).map(|i| a[[i, k]]).collect();
        if let Some(mirror) = Reflection::onto_first_axis(&column) {
            mirror.on_rows(a, k + 1, 0, n);
            mirror.on_columns(a, k + 1, n);
        }
        (k + 2..n).for_each(|i| a[[i, k]] = 0.0);
    }
}

/// First row of the lowest block that does not fall apart.
fn start_of_block(h: &Array2<f64>, end: usize) -> usize {
    // Rounding of the largest entries has reached all others: no finer test can be passed for sure.
    let scale = h.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    (1..end).rev().find(|i| h[[*i, i - 1]].abs() <= f64::EPSILON * scale).unwrap_or(0)
}

/// Eigenvalues of the 2 × 2 block that starts at row i.
fn of_two_rows(h: &Array2<f64>, i: usize) -> [(f64, f64); 2] {
    let (a, b, c, d) = (h[[i, i]], h[[i, i + 1]], h[[i + 1, i]], h[[i + 1, i + 1]]);
    let half = 0.5 * (a - d);
    let square = half * half + b * c;
    let center = 0.5 * (a + d);
    if square < 0.0 {
        let root = (-square).sqrt();
        return [(center, root), (center, -root)];
    }
    let far = half + square.sqrt().copysign(half);
    let near = if far == 0.0 { 0.0 } else { -b * c / far };
    [(d + far, 0.0), (d + near, 0.0)]
}

/// One QR step with the two eigenvalues of the last rows as shifts, by chasing a bulge.
fn double_step(h: &mut Array2<f64>, start: usize, end: usize, exceptional: bool) {
    let last = end - 1;
    let (mut x, mut y) = (h[[last, last]], h[[last - 1, last - 1]]);
    let mut w = h[[last, last - 1]] * h[[last - 1, last]];
    if exceptional {
        let size = h[[last, last - 1]].abs() + h[[last - 1, last - 2]].abs();
        (x, y, w) = (x + 0.75 * size, x + 0.75 * size, -0.4375 * size * size);
    }
    // The first column of (H − shift)(H − other shift), divided by its second row's factor. Only differences of
    // diagonal entries enter: eigenvalues of a cluster may differ in their last digits alone.
    let (corner, below) = (h[[start, start]], h[[start + 1, start]]);
    let (to_x, to_y) = (x - corner, y - corner);
    let mut bulge = vec![
        (to_x * to_y - w) / below + h[[start, start + 1]],
        h[[start + 1, start + 1]] - corner - to_x - to_y,
        h[[start + 2, start + 1]],
    ];
    for k in start..last {
        if let Some(mirror) = Reflection::onto_first_axis(&bulge) {
            mirror.on_rows(h, k, k.saturating_sub(1).max(start), end);
            mirror.on_columns(h, k, end.min(k + 4));
        }
        let column = k;
        bulge = (k + 1..end.min(k + 4)).map(|i| h[[i, column]]).collect();
    }
    for i in start + 2..end {
        (start..i - 1).for_each(|j| h[[i, j]] = 0.0);
    }
}

/// x → x − 2 v (v·x) with a unit vector v.
struct Reflection(Vec<f64>);

impl Reflection {
    /// The one that turns `x` onto the first axis; `None` if it is there.
    fn onto_first_axis(x: &[f64]) -> Option<Self> {
        let scale = x.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        if x[1..].iter().all(|x| *x == 0.0) {
            return None;
        }
        let mut v: Vec<f64> = x.iter().map(|x| x / scale).collect();
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v[0] += norm(&v).copysign(v[0]);
        let length = norm(&v);
        v.iter_mut().for_each(|x| *x /= length);
        Some(Self(v))
    }

    /// Reflects rows `first`.. in columns `from..to`.
    fn on_rows(&self, a: &mut Array2<f64>, first: usize, from: usize, to: usize) {
        for j in from..to {
            let along: f64 = self.0.iter().enumerate().map(|(i, v)| v * a[[first + i, j]]).sum();
            self.0.iter().enumerate().for_each(|(i, v)| a[[first + i, j]] -= 2.0 * v * along);
        }
    }

    /// Reflects columns `first`.. in rows `0..to`.
    fn on_columns(&self, a: &mut Array2<f64>, first: usize, to: usize) {
        for i in 0..to {
            let along: f64 = self.0.iter().enumerate().map(|(j, v)| v * a[[i, first + j]]).sum();
            self.0.iter().enumerate().for_each(|(j, v)| a[[i, first + j]] -= 2.0 * v * along);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::eigh;
    use crate::math::random::{Purpose, gaussian, orthogonal, stream};
    use ndarray::{Array1, arr2};

    fn close(found: &[(f64, f64)], expected: &[(f64, f64)], gate: f64) {
        assert_eq!(found.len(), expected.len());
        for (x, y) in found.iter().zip(expected) {
            let gap = (x.0 - y.0).hypot(x.1 - y.1);
            assert!(gap < gate, "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn small_matrices_have_their_known_eigenvalues() {
        let found = eigenvalues(&arr2(&[[0.0, -2.0], [2.0, 0.0]])).unwrap();
        close(&found, &[(0.0, 2.0), (0.0, -2.0)], 1e-15);
        // Companion matrix of (x − 1)(x − 2)(x + 3)(x² + 1) = x⁵ − 6x³ + 6x² − 7x + 6.
        let mut c = Array2::zeros((5, 5));
        (1..5).for_each(|i| c[[i, i - 1]] = 1.0);
        for (j, x) in [0.0, 6.0, -6.0, 7.0, -6.0].into_iter().enumerate() {
            c[[0, j]] = x;
        }
        let expected = [(2.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (-3.0, 0.0)];
        close(&eigenvalues(&c).unwrap(), &expected, 1e-12);
        assert!(eigenvalues(&Array2::zeros((0, 0))).unwrap().is_empty());
        assert!(eigenvalues(&Array2::zeros((2, 3))).is_err());
    }

    #[test]
    fn symmetric_matrices_agree_with_the_symmetric_solver() {
        for n in [1, 2, 3, 8, 30] {
            let a = gaussian(n, n, 1.0, &mut stream(n as u64, Purpose::Task, 0));
            let a = &a + &a.t();
            let expected: Vec<(f64, f64)> = eigh(&a).unwrap().0.iter().map(|x| (*x, 0.0)).collect();
            close(&eigenvalues(&a).unwrap(), &expected, 1e-12 * n as f64);
        }
    }

    #[test]
    fn similar_matrices_have_the_eigenvalues_they_were_made_of() {
        let mut rng = stream(4, Purpose::Task, 0);
        for n in [4, 9, 24] {
            // Upper triangular with given diagonal and a rotating block, turned.
            let mut t = gaussian(n, n, 0.3, &mut rng);
            let diagonal = Array1::from_shape_fn(n, |i| 2.0 - i as f64);
            for i in 0..n {
                (0..i).for_each(|j| t[[i, j]] = 0.0);
                t[[i, i]] = diagonal[i];
            }
            (t[[1, 1]], t[[2, 2]], t[[1, 2]], t[[2, 1]]) = (0.5, 0.5, 0.7, -0.7);
            let q = orthogonal(n, &mut rng);
            let a = q.dot(&t).dot(&q.t());
            let mut expected: Vec<(f64, f64)> = diagonal.iter().map(|x| (*x, 0.0)).collect();
            (expected[1], expected[2]) = ((0.5, 0.7), (0.5, -0.7));
            expected.sort_by(|x, y| y.0.total_cmp(&x.0).then(y.1.total_cmp(&x.1)));
            close(&eigenvalues(&a).unwrap(), &expected, 1e-11);
        }
    }

    #[test]
    fn clusters_of_nearly_equal_eigenvalues_are_separated_from_rounding() {
        let mut rng = stream(6, Purpose::Task, 0);
        for spacing in [1e-6, 1e-9, 1e-12, 1e-14, 0.0] {
            let q = orthogonal(12, &mut rng);
            let diagonal =
                Array1::from_shape_fn(12, |i| 1.0 / (1 + i / 4) as f64 + spacing * (i % 4) as f64);
            let a = (&q * &diagonal).dot(&q.t());
            let mut expected: Vec<(f64, f64)> = diagonal.iter().map(|x| (*x, 0.0)).collect();
            expected.sort_by(|x, y| y.0.total_cmp(&x.0));
            close(&eigenvalues(&a).unwrap(), &expected, 1e-13);
        }
    }

    #[test]
    fn a_shift_of_coordinates_needs_the_exceptional_step() {
        let n = 6;
        let a = Array2::from_shape_fn((n, n), |(i, j)| if (j + 1) % n == i { 1.0 } else { 0.0 });
        let found = eigenvalues(&a).unwrap();
        assert!(found.iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 1e-12), "{found:?}");
        assert!((found[0].0 - 1.0).abs() < 1e-12);
    }
}
