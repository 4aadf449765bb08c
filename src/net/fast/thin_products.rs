//! Products of matrices of which one side is thin: few inputs, few examples or a single output.
//!
//! Blocked products copy their factors first, which costs more than the arithmetic if a side is thin.
//! There, rows are added up one by one; elsewhere ndarray's products are used. Weights are stored
//! inputs × units, so that a row runs over the units of a layer.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2};

use crate::math::vector::vectorized;

/// Inner dimensions up to this are added up row by row. (With 4 inputs, 512 units and 16 examples a step
/// of ReLU networks takes 31 µs of processor time so, and 71 µs with blocked products.)
const THIN: usize = 16;

/// `out` = factor·`inputs`·`weights` + `start` in every row: n × k times k × m.
pub(crate) fn forward(
    out: &mut Array2<f64>,
    factor: f64,
    inputs: &Array2<f64>,
    weights: &Array2<f64>,
    start: Option<&Array1<f64>>,
) {
    let (k, m) = weights.dim();
    for mut row in out.rows_mut() {
        match start {
            Some(start) => row.assign(start),
            None => row.fill(0.0),
        }
    }
    if m == 1 {
        let inputs = slice(inputs).chunks_exact(k);
        for (to, row) in slice_mut(out).iter_mut().zip(inputs) {
            *to += factor * dot(row, slice(weights));
        }
    } else if k <= THIN {
        let inputs = slice(inputs).chunks_exact(k);
        for (to, row) in slice_mut(out).chunks_exact_mut(m).zip(inputs) {
            add_rows(to, factor, row.iter(), slice(weights).chunks_exact(m));
        }
    } else {
        general_mat_mul(factor, inputs, weights, 1.0, out);
    }
}

/// `out` = factor·`errors`·`weights`ᵀ: n × m times m × k.
pub(crate) fn backward(
    out: &mut Array2<f64>,
    factor: f64,
    errors: &Array2<f64>,
    weights: &Array2<f64>,
) {
    let (k, m) = weights.dim();
    if m == 1 {
        let weights = slice(weights);
        for (to, error) in slice_mut(out).chunks_exact_mut(k).zip(slice(errors)) {
            let factor = factor * error;
            vectorized(
                #[inline(always)]
                || to.iter_mut().zip(weights).for_each(|(to, w)| *to = factor * w),
            );
        }
    } else {
        general_mat_mul(factor, errors, &weights.t(), 0.0, out);
    }
}

/// `weights` += factor·`inputs`ᵀ·`errors`: k × n times n × m.
pub(crate) fn learn(
    weights: &mut Array2<f64>,
    factor: f64,
    inputs: &Array2<f64>,
    errors: &Array2<f64>,
) {
    let (k, m) = weights.dim();
    if m == 1 {
        let rows = slice(inputs).chunks_exact(k);
        add_rows(slice_mut(weights), factor, slice(errors).iter(), rows);
    } else if k <= THIN {
        let inputs = slice(inputs);
        for (j, to) in slice_mut(weights).chunks_exact_mut(m).enumerate() {
            let coefficients = inputs[j..].iter().step_by(k);
            add_rows(to, factor, coefficients, slice(errors).chunks_exact(m));
        }
    } else {
        general_mat_mul(factor, &inputs.t(), errors, 1.0, weights);
    }
}

/// Adds factor·`coefficients`·rows, two rows at a time.
pub(crate) fn add_rows<'a>(
    to: &mut [f64],
    factor: f64,
    mut coefficients: impl Iterator<Item = &'a f64>,
    mut rows: impl Iterator<Item = &'a [f64]>,
) {
    let mut next = || Some((factor * coefficients.next()?, rows.next()?));
    while let Some((a, first)) = next() {
        let (b, second) = next().unwrap_or((0.0, first));
        vectorized(
            #[inline(always)]
            || {
                for ((to, x), y) in to.iter_mut().zip(first).zip(second) {
                    *to = b.mul_add(*y, a.mul_add(*x, *to));
                }
            },
        );
    }
}

/// Inner product with one sum for each place in a cache line, which may run side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LINE: usize = 8;
    let mut sums = [0.0; LINE];
    let (lines, others) = (a.chunks_exact(LINE), b.chunks_exact(LINE));
    let rest: f64 = lines.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    vectorized(
        #[inline(always)]
        || {
            for (a, b) in lines.zip(others) {
                for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                    *sum = a.mul_add(*b, *sum);
                }
            }
        },
    );
    sums.iter().sum::<f64>() + rest
}

/// The entries of a matrix that was made row by row.
pub(super) fn slice(matrix: &Array2<f64>) -> &[f64] {
    matrix.as_slice().expect("the matrix was made in rows")
}

/// The entries of a matrix that was made row by row.
pub(super) fn slice_mut(matrix: &mut Array2<f64>) -> &mut [f64] {
    matrix.as_slice_mut().expect("the matrix was made in rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};

    #[test]
    fn products_of_every_shape_are_plain_products() {
        let mut rng = stream(0, Purpose::Task, 0);
        for n in [1, 2, 7, 16] {
            for (k, m) in [(1, 1), (3, 1), (40, 1), (4, 37), (5, 2), (16, 64), (17, 64), (70, 3)] {
                let (inputs, errors) =
                    (gaussian(n, k, 1.0, &mut rng), gaussian(n, m, 1.0, &mut rng));
                let weights = gaussian(k, m, 1.0, &mut rng);
                let start = gaussian(1, m, 1.0, &mut rng);
                let close = |a: &Array2<f64>, b: &Array2<f64>| {
                    (a - b).iter().all(|gap| gap.abs() < 1e-12 * (k + n) as f64)
                };
                let mut out = Array2::ones((n, m));
                forward(&mut out, 0.7, &inputs, &weights, Some(&start.row(0).to_owned()));
                assert!(close(&out, &(&inputs.dot(&weights) * 0.7 + &start)), "{n} {k} {m}");
                forward(&mut out, 0.7, &inputs, &weights, None);
                assert!(close(&out, &(&inputs.dot(&weights) * 0.7)), "{n} {k} {m}");
                let mut below = Array2::ones((n, k));
                backward(&mut below, 0.3, &errors, &weights);
                assert!(close(&below, &(errors.dot(&weights.t()) * 0.3)), "{n} {k} {m}");
                let mut learned = weights.clone();
                learn(&mut learned, -0.2, &inputs, &errors);
                assert!(close(&learned, &(&weights - &(inputs.t().dot(&errors) * 0.2))));
            }
        }
    }
}
