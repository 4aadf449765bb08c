//! Eigenmodes of a kernel on its training inputs, and how far they can be trusted.
//!
//! Two equal inputs make a kernel singular: no network gives them different outputs. Rounding hides
//! that: the eigenvalue comes out as some 1e-16 of the largest and its inverse is noise. So a kernel
//! knows the floor below which its eigenvalues mean nothing, and which inputs are the same to it.

use ndarray::{Array1, Array2};

use crate::math::linalg::{eigh, require_finite};
use crate::{Error, Result};

/// Asymmetry and negative eigenvalues up to this share of the largest are taken for rounding. ReLU
/// kernels of other programs are off by up to 1e-8 on their diagonal.
const ROUNDING: f64 = 1e-7;
/// Relative squared distance below which two inputs are the same to a kernel.
const SAME: f64 = 64.0 * f64::EPSILON;

/// Eigenvalues (largest first, none negative) and eigenvectors (columns) of a kernel.
#[derive(Debug, Clone)]
pub struct KernelModes {
    /// Eigenvalues, largest first.
    pub values: Array1<f64>,
    /// Eigenvectors as columns.
    pub vectors: Array2<f64>,
    /// Eigenvalues below cannot be told from zero.
    pub floor: f64,
    /// Two inputs (indices from 0) that are the same to the kernel, if there are any.
    pub twins: Option<(usize, usize)>,
    /// Mean of the kernel's diagonal.
    pub mean_diagonal: f64,
}

impl KernelModes {
    /// Modes of the tangent kernel `ntk`, n × n. Equal inputs are looked for in the covariance `nngp`,
    /// which near correlation 1 is the more accurate of the two.
    ///
    /// # Errors
    /// Kernels that are empty, not square, not of the same size, not finite, not symmetric, or have
    /// an eigenvalue that is negative by more than rounding.
    pub fn of(nngp: &Array2<f64>, ntk: &Array2<f64>) -> Result<Self> {
        require_covariance("NNGP kernel of the training inputs", nngp)?;
        require_covariance("tangent kernel of the training inputs", ntk)?;
        if nngp.dim() != ntk.dim() {
            let expected = format!("the shape of the tangent kernel, {:?}", ntk.dim());
            return Err(Error::shape("NNGP kernel of the training inputs", nngp.dim(), expected));
        }
        let (mut values, vectors) = eigh(ntk)?;
        let n = values.len();
        let (largest, smallest) = (values[0], values[n - 1]);
        if smallest < -ROUNDING * largest || largest < 0.0 {
            let reason =
                format!("its smallest eigenvalue is {smallest:e}, the largest {largest:e}");
            return Err(Error::Assumption {
                theory: "training with this kernel",
                reason,
                remedy: "a kernel has no negative eigenvalues: check how it was computed".into(),
            });
        }
        let twins = twins(nngp);
        // The difference of twins would be a mode of eigenvalue 0.
        let difference = |(i, j)| (ntk[[i, i]] + ntk[[j, j]] - 2.0 * ntk[[i, j]]).abs();
        let floor = (n as f64 * f64::EPSILON * largest)
            .max(-2.0 * smallest)
            .max(twins.map_or(0.0, difference));
        values.mapv_inplace(|w| w.max(0.0));
        let mean_diagonal = ntk.diag().sum() / n as f64;
        Ok(Self { values, vectors, floor, twins, mean_diagonal })
    }

    /// Refuses to go on where `gain`, the largest inverse eigenvalue in use, is beyond the floor.
    ///
    /// # Errors
    /// [`Error::Assumption`], with the inputs that are the same, if that is the reason.
    pub fn require_resolved(&self, gain: f64, time: f64) -> Result<()> {
        if gain * self.floor <= 1.0 {
            return Ok(());
        }
        let reason = match self.twins {
            Some((i, j)) => format!(
                "the kernel is singular: training examples {} and {} have the same input",
                i + 1,
                j + 1
            ),
            None => format!(
                "the kernel is singular to rounding: of {} eigenvalues the smallest cannot be told \
                 from zero (largest {:.3e}, floor {:.3e})",
                self.values.len(),
                self.values[0],
                self.floor
            ),
        };
        let drop = if self.twins.is_some() { "leave one of them out, " } else { "" };
        let (theory, stop) = match time == f64::INFINITY {
            true => ("training to the end", "stop at a finite time"),
            false => ("training for so long", "stop earlier"),
        };
        let ridge = 1e-6 * self.mean_diagonal;
        let remedy = format!("{drop}{stop}, or add a `ridge`, such as {ridge:.1e}");
        Err(Error::Assumption { theory, reason, remedy })
    }
}

/// Refuses what cannot be the covariance of anything.
pub(crate) fn require_covariance(what: &str, a: &Array2<f64>) -> Result<()> {
    if a.nrows() != a.ncols() || a.is_empty() {
        return Err(Error::shape(what, a.dim(), "a square matrix, not empty"));
    }
    require_finite(what, a.view())?;
    let largest = a.diag().iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let n = a.nrows();
    // Tiles, so that rows and columns are both read while they are near.
    const TILE: usize = 64;
    for (i0, j0) in (0..n).step_by(TILE).flat_map(|i| (0..=i).step_by(TILE).map(move |j| (i, j))) {
        for i in i0..(i0 + TILE).min(n) {
            for j in j0..(j0 + TILE).min(i) {
                if (a[[i, j]] - a[[j, i]]).abs() > ROUNDING * largest {
                    let expected = format!("{}, its mirror image", a[[j, i]]);
                    let entry = format!("row {}, column {} of {what}", i + 1, j + 1);
                    return Err(Error::parameter(
                        entry,
                        a[[i, j]],
                        format!("it must be {expected}"),
                    ));
                }
            }
        }
    }
    match a.diag().iter().position(|x| *x < 0.0) {
        None => Ok(()),
        Some(i) => {
            let entry = format!("variance {} in {what}", i + 1);
            Err(Error::parameter(entry, a[[i, i]], "it must not be negative"))
        }
    }
}

/// The first two inputs whose squared distance in a kernel vanishes.
pub(crate) fn twins(kernel: &Array2<f64>) -> Option<(usize, usize)> {
    let n = kernel.nrows();
    let diagonal = kernel.diag();
    (0..n).find_map(|i| {
        let row = kernel.row(i);
        let same = |j: &usize| {
            let sum = diagonal[i] + diagonal[*j];
            sum - 2.0 * row[*j] <= SAME * sum
        };
        (i + 1..n).find(same).map(|j| (i, j))
    })
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn twins_are_found_and_named() {
        let kernel = arr2(&[[2.0, 1.0, 2.0], [1.0, 3.0, 1.0], [2.0, 1.0, 2.0]]);
        let modes = KernelModes::of(&kernel, &kernel).unwrap();
        assert_eq!(modes.twins, Some((0, 2)));
        assert!(modes.require_resolved(1e3, 5.0).is_ok());
        let text = modes.require_resolved(f64::INFINITY, f64::INFINITY).unwrap_err().to_string();
        assert!(text.contains("examples 1 and 3") && text.contains("ridge"), "{text}");
        // A tangent kernel whose diagonal is off by 1e-8 does not hide them.
        let rough = &kernel + &(1e-8 * Array2::<f64>::eye(3));
        let modes = KernelModes::of(&kernel, &rough).unwrap();
        assert!(modes.require_resolved(modes.values[2].recip(), f64::INFINITY).is_err());
    }

    #[test]
    fn what_is_no_kernel_is_refused_with_the_reason() {
        let fine = arr2(&[[1.0, 0.5], [0.5, 1.0]]);
        let cases = [
            (arr2(&[[1.0, 0.5], [0.4, 1.0]]), "mirror"),
            (arr2(&[[1.0, 2.0], [2.0, 1.0]]), "eigenvalue"),
            (arr2(&[[-1.0, 0.0], [0.0, 1.0]]), "negative"),
            (arr2(&[[1.0, f64::NAN], [0.0, 1.0]]), "NaN"),
            (Array2::ones((2, 3)), "square"),
            (Array2::zeros((0, 0)), "empty"),
        ];
        for (kernel, word) in cases {
            let text = KernelModes::of(&fine, &kernel).unwrap_err().to_string();
            assert!(text.contains(word), "{text} does not say {word}");
        }
        assert!(KernelModes::of(&Array2::eye(3), &fine).is_err());
    }
}
