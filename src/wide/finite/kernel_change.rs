//! How far kernels are apart: from their limit, from each other, and from what they were before
//! training.
//!
//! For kernels K and K′ as vectors with the inner product ⟨K, K′⟩ = tr KᵀK′, the alignment is the
//! cosine of their angle, $`\langle K, K'\rangle/\lVert K\rVert\lVert K'\rVert`$, the kernel distance is
//! 1 less the alignment (`fort2020`), and the centered alignment (`cortes2012`, `kornblith2019`) is that
//! of HKH and HK′H with H = I − 11ᵀ/n, which does not see what is common to all examples.

use ndarray::{Array2, ArrayView2, Axis};

use crate::math::linalg::{frobenius_norm, require_finite};
use crate::{Error, Result};

/// Cosine of the angle between two kernels of the same points.
///
/// # Errors
/// Kernels of different shapes, zero, or not finite.
pub fn alignment(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<f64> {
    require_comparable(a, b)?;
    let (size_a, size_b) = (frobenius_norm(a), frobenius_norm(b));
    if size_a == 0.0 || size_b == 0.0 {
        let allowed = "a kernel that is zero has no direction";
        return Err(Error::parameter("norm of a kernel", 0, allowed));
    }
    let cosine: f64 = a.iter().zip(b).map(|(x, y)| (x / size_a) * (y / size_b)).sum();
    Ok(cosine.clamp(-1.0, 1.0))
}

/// Alignment of centered kernels (CKA): 1 for kernels equal up to a factor and to what is common to all
/// examples.
///
/// # Errors
/// As [`alignment`], or kernels that are not square or constant.
pub fn centered_alignment(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<f64> {
    alignment(centered(a)?.view(), centered(b)?.view())
}

/// 1 less the [`alignment`], without cancellation for kernels that are nearly parallel.
///
/// # Errors
/// As [`alignment`].
pub fn kernel_distance(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<f64> {
    alignment(a, b)?;
    // 1 − cos = half the squared distance of unit vectors.
    let gap = &a / frobenius_norm(a) - &b / frobenius_norm(b);
    Ok(0.5 * gap.iter().map(|x| x * x).sum::<f64>())
}

/// ‖a − b‖/‖b‖: the change of a kernel relative to what it was.
///
/// # Errors
/// As [`alignment`].
pub fn relative_change(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<f64> {
    require_comparable(a, b)?;
    let size = frobenius_norm(b);
    if size == 0.0 {
        return Err(Error::parameter("norm of a kernel", 0, "no change is relative to zero"));
    }
    Ok(frobenius_norm((&a - &b).view()) / size)
}

/// How random kernels scatter about a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fluctuation {
    /// Root mean square distance from the limit, relative to its norm.
    pub rms: f64,
    /// Standard error of `rms`, from the scatter of squares over kernels.
    pub rms_error: f64,
    /// Distance of the mean kernel from the limit, relative to its norm.
    pub bias: f64,
    /// How large `bias` is expected to be from scatter alone: rms/√S.
    pub bias_noise: f64,
}

/// Scatter of S ≥ 2 kernels about a limit.
///
/// # Errors
/// Fewer than two kernels, or as [`relative_change`].
pub fn fluctuation(kernels: &[Array2<f64>], limit: ArrayView2<'_, f64>) -> Result<Fluctuation> {
    if kernels.len() < 2 {
        let allowed = "scatter needs two or more";
        return Err(Error::parameter("number of kernels", kernels.len(), allowed));
    }
    let count = kernels.len() as f64;
    let mut mean = Array2::zeros(limit.dim());
    let mut squares = Vec::with_capacity(kernels.len());
    for kernel in kernels {
        squares.push(relative_change(kernel.view(), limit)?.powi(2));
        mean.scaled_add(1.0 / count, kernel);
    }
    let (square, error) = crate::math::statistics::mean_and_error(squares.iter().copied());
    let rms = square.sqrt();
    Ok(Fluctuation {
        rms,
        rms_error: if rms > 0.0 { 0.5 * error / rms } else { 0.0 },
        bias: relative_change(mean.view(), limit)?,
        bias_noise: rms / count.sqrt(),
    })
}

/// HKH with H = I − 11ᵀ/n.
fn centered(kernel: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    if kernel.nrows() != kernel.ncols() {
        return Err(Error::shape("kernel", kernel.dim(), "as many rows as columns"));
    }
    let rows = kernel.mean_axis(Axis(1)).unwrap_or_default().insert_axis(Axis(1));
    let columns = kernel.mean_axis(Axis(0)).unwrap_or_default();
    let all = columns.mean().unwrap_or(0.0);
    let centered = &kernel - &rows - &columns + all;
    // What is left of a constant kernel is rounding.
    let rounding = 1e-14 * frobenius_norm(kernel);
    let zero = frobenius_norm(centered.view()) <= rounding;
    Ok(if zero { Array2::zeros(kernel.dim()) } else { centered })
}

fn require_comparable(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<()> {
    if a.dim() != b.dim() || a.is_empty() {
        return Err(Error::shape("kernels", (a.dim(), b.dim()), "the same shape, not empty"));
    }
    require_finite("first kernel", a)?;
    require_finite("second kernel", b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};

    fn kernel(run: u32) -> Array2<f64> {
        let root = gaussian(6, 9, 1.0, &mut stream(0, Purpose::Task, run));
        root.dot(&root.t())
    }

    #[test]
    fn alignment_sees_direction_only_and_centered_alignment_no_common_part_either() {
        let (a, b) = (kernel(0), kernel(1));
        let plain = alignment(a.view(), b.view()).unwrap();
        assert!(plain > 0.0 && plain < 1.0);
        let scaled = alignment((&a * 1e200).view(), (&b * 1e-200).view()).unwrap();
        assert!((scaled - plain).abs() < 1e-14);
        assert!((alignment(a.view(), (&a * 3.0).view()).unwrap() - 1.0).abs() < 1e-15);
        assert!((alignment(a.view(), (&a * -1.0).view()).unwrap() + 1.0).abs() < 1e-15);
        let labels =
            Array2::from_shape_fn((6, 6), |(i, j)| if i % 2 == j % 2 { 1.0 } else { -1.0 });
        let along: f64 = (&a * &labels).sum() / (6.0 * frobenius_norm(a.view()));
        assert!((alignment(a.view(), labels.view()).unwrap() - along).abs() < 1e-14);
        let centered = centered_alignment(a.view(), b.view()).unwrap();
        // A function of one example, added for every partner, is common to all.
        let common = gaussian(6, 1, 1.0, &mut stream(0, Purpose::Task, 9));
        let shifted = &b * 0.2 + &common + common.t() + 7.0;
        assert!((centered_alignment(a.view(), shifted.view()).unwrap() - centered).abs() < 1e-13);
        assert!((alignment(a.view(), shifted.view()).unwrap() - plain).abs() > 1e-3);
    }

    #[test]
    fn distances_of_nearly_equal_kernels_keep_their_digits() {
        let (a, b) = (kernel(0), kernel(1));
        let far = kernel_distance(a.view(), b.view()).unwrap();
        assert!((far - (1.0 - alignment(a.view(), b.view()).unwrap())).abs() < 1e-15);
        // To second order the distance is half the squared part of the change across the kernel.
        let across = &b - &(&a * ((&a * &b).sum() / (&a * &a).sum()));
        let part = frobenius_norm(across.view()) / frobenius_norm(a.view());
        let near = kernel_distance((&a + &(&b * 1e-7)).view(), a.view()).unwrap();
        assert!((near / (0.5 * (1e-7 * part).powi(2)) - 1.0).abs() < 1e-5, "{near}");
        let change = relative_change((&a * 1.25).view(), a.view()).unwrap();
        assert!((change - 0.25).abs() < 1e-14);
    }

    #[test]
    fn scatter_about_a_limit_is_told_from_bias() {
        let limit = kernel(0);
        let step = kernel(1) * 0.01;
        let size = frobenius_norm(step.view()) / frobenius_norm(limit.view());
        let found = fluctuation(&[&limit + &step, &limit - &step], limit.view()).unwrap();
        assert!((found.rms - size).abs() < 1e-14 && found.bias < 1e-15 && found.rms_error < 1e-14);
        let found = fluctuation(&[&limit + &step, &limit + &step], limit.view()).unwrap();
        assert!((found.bias - size).abs() < 1e-14);
        assert!((found.bias_noise - size / 2f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let a = kernel(0);
        let (zero, small) = (Array2::zeros((6, 6)), Array2::eye(3));
        assert!(alignment(a.view(), zero.view()).is_err());
        assert!(alignment(a.view(), small.view()).is_err());
        assert!(relative_change(a.view(), zero.view()).is_err());
        assert!(centered_alignment(a.view(), Array2::from_elem((6, 6), 2.5).view()).is_err());
        assert!(fluctuation(std::slice::from_ref(&a), a.view()).is_err());
        let mut bad = a.clone();
        bad[[2, 3]] = f64::NAN;
        assert!(kernel_distance(bad.view(), a.view()).is_err());
    }
}
