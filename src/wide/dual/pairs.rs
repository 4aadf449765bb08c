//! Pairs of inputs before and after a nonlinearity, worked on together.

use super::variances::Roots;
use crate::math::vector::vectorized;

/// Pairs that are worked on together. All slices are as long as `nngp`.
#[derive(Debug)]
pub(crate) struct Pairs<'a> {
    /// Variances of the first inputs of the pairs.
    pub(crate) q: &'a [f64],
    /// Variances of the second.
    pub(crate) q2: &'a [f64],
    /// √(q q′) and 1/√(q q′), or 0 for an input that is always 0.
    pub(crate) roots: Roots<'a>,
    /// Covariances; becomes E[φφ].
    pub(crate) nngp: &'a mut [f64],
    /// √(q q′) − |covariance| ≥ 0; becomes that of φ after kinks and straight lines,
    /// else stays.
    pub(crate) gap: &'a mut [f64],
    /// Multiplied by E[φ′φ′].
    pub(crate) ntk: &'a mut [f64],
}

/// One pair before a nonlinearity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) q: f64,
    pub(crate) q2: f64,
    pub(crate) root: f64,
    pub(crate) inverse: f64,
    pub(crate) covariance: f64,
    pub(crate) gap: f64,
}

impl Pair {
    /// q q′ − c², without cancellation.
    #[inline(always)]
    pub(crate) fn determinant(self) -> f64 {
        self.gap * (2.0 * self.root - self.gap)
    }
}

/// One pair after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct After {
    pub(crate) value: f64,
    pub(crate) slope: f64,
    pub(crate) gap: f64,
}

impl Pairs<'_> {
    /// Applies a function without branches, marked `#[inline(always)]`, to every pair.
    pub(crate) fn apply(self, dual: impl Fn(Pair) -> After) {
        vectorized(
            #[inline(always)]
            || self.each(dual),
        );
    }

    #[inline(always)]
    fn each(self, dual: impl Fn(Pair) -> After) {
        let n = self.nngp.len();
        let (q, q2) = (&self.q[..n], &self.q2[..n]);
        let Roots { factors, root, inverse } = self.roots;
        let roots = Roots { factors, root: &root[..n], inverse: &inverse[..n] };
        let (nngp, gap, ntk) = (&mut self.nngp[..n], &mut self.gap[..n], &mut self.ntk[..n]);
        for j in 0..n {
            let (covariance, gap_before) = (nngp[j], gap[j]);
            let (root, inverse) = (roots.root(j), roots.inverse(j));
            let pair = Pair { q: q[j], q2: q2[j], root, inverse, covariance, gap: gap_before };
            let after = dual(pair);
            nngp[j] = after.value;
            gap[j] = after.gap;
            ntk[j] *= after.slope;
        }
    }
}
