//! Variances of inputs and what pairs of inputs need of them: √(q q′), its inverse, the gap to the covariance.

use std::ops::Range;

use crate::math::folded_pairs::LARGEST_INVERSE;
use crate::math::vector::vectorized;

/// Variances of inputs, and what pairs need of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variances {
    pub(crate) q: Vec<f64>,
    /// √q.
    pub(crate) root: Vec<f64>,
    /// 1/√q, or 0 of an input that is always 0.
    pub(crate) inverse: Vec<f64>,
}

impl Variances {
    pub(crate) fn of(q: Vec<f64>) -> Self {
        let mut variances = Self { q, ..Self::default() };
        variances.take_roots();
        variances
    }

    /// Others, in the same memory.
    pub(crate) fn replace(&mut self, write: impl FnOnce(&mut Vec<f64>)) {
        write(&mut self.q);
        self.take_roots();
    }

    fn take_roots(&mut self) {
        self.root.resize(self.q.len(), 0.0);
        self.inverse.resize(self.q.len(), 0.0);
        let roots = self.root.iter_mut().zip(&mut self.inverse);
        vectorized(
            #[inline(always)]
            || {
                for ((root, inverse), q) in roots.zip(&self.q) {
                    *root = q.sqrt();
                    *inverse = inverse_root(*root);
                }
            },
        );
    }

    /// Variances, roots and inverses.
    pub(crate) fn lists(&self) -> [&[f64]; 3] {
        [&self.q, &self.root, &self.inverse]
    }

    /// Some of them, as one side of pairs.
    pub(crate) fn side(&self, range: Range<usize>) -> Side<'_> {
        let [q, root, inverse] = self.lists().map(|x| &x[range.clone()]);
        Side { q, root, inverse }
    }
}

/// Variances of one side of pairs, their roots and the inverses of these (0 of an input that is always 0).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) q: &'a [f64],
    root: &'a [f64],
    inverse: &'a [f64],
}

impl Side<'_> {
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        let [q, root, inverse] = [self.q, self.root, self.inverse].map(|x| &x[range.clone()]);
        Self { q, root, inverse }
    }

    /// √(q q′), its inverse, and its gap to the covariance of every pair.
    #[inline(always)]
    pub(crate) fn meet(self, other: Self, nngp: &[f64], [roots, inverses, gaps]: [&mut [f64]; 3]) {
        let n = nngp.len();
        let (q, q2) = (&self.q[..n], &other.q[..n]);
        let (root, root2) = (&self.root[..n], &other.root[..n]);
        let (inverse, inverse2) = (&self.inverse[..n], &other.inverse[..n]);
        let (roots, inverses, gaps) = (&mut roots[..n], &mut inverses[..n], &mut gaps[..n]);
        for j in 0..n {
            // Exact for equal variances: the gap of inputs that are the same is 0.
            let root = if q[j] == q2[j] { q[j] } else { root[j] * root2[j] };
            let inverse = inverse[j] * inverse2[j];
            let below = root - nngp[j].abs();
            roots[j] = root;
            inverses[j] = if inverse < LARGEST_INVERSE { inverse } else { LARGEST_INVERSE };
            gaps[j] = if below > 0.0 { below } else { 0.0 };
        }
    }
}

/// √(q q′) and its inverse, each as a common factor and what is left of every pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roots<'a> {
    pub(crate) factors: [f64; 2],
    pub(crate) root: &'a [f64],
    pub(crate) inverse: &'a [f64],
}

impl<'a> Roots<'a> {
    /// Of each pair by itself.
    pub(crate) fn of_pairs(root: &'a [f64], inverse: &'a [f64]) -> Self {
        Self { factors: [1.0; 2], root, inverse }
    }

    #[inline(always)]
    pub(crate) fn root(&self, j: usize) -> f64 {
        self.factors[0] * self.root[j]
    }

    #[inline(always)]
    pub(crate) fn inverse(&self, j: usize) -> f64 {
        let product = self.factors[1] * self.inverse[j];
        if product < LARGEST_INVERSE { product } else { LARGEST_INVERSE }
    }
}

/// 1 over the root of a variance or of two, 0 of what is always 0.
#[inline(always)]
pub(crate) fn inverse_root(root: f64) -> f64 {
    let inverse = 1.0 / (root + f64::MIN_POSITIVE);
    if root > 0.0 { inverse } else { 0.0 }
}
