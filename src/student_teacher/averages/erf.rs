//! The slopes of erf units as a change of the Gaussian measure.

use super::fields::Fields;

/// The measure of fields times the slopes of erf units i and k.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tilt {
    i: usize,
    k: usize,
    /// Inverse of the 2 × 2 matrix 1 + C of fields i and k.
    pub(super) inverse: [f64; 3],
    /// Its determinant before.
    pub(super) volume: f64,
}

impl Tilt {
    #[inline(always)]
    pub(super) fn new(fields: &Fields<'_>, i: usize, k: usize) -> Self {
        let c = |a, b| fields.covariance(a, b);
        let volume = (1.0 + c(i, i)) * (1.0 + c(k, k)) - c(i, k).powi(2);
        let scale = 1.0 / volume;
        let inverse = [(1.0 + c(k, k)) * scale, -c(i, k) * scale, (1.0 + c(i, i)) * scale];
        Self { i, k, inverse, volume }
    }

    /// What covariances with fields i and k are multiplied by in row a of C − C′.
    #[inline]
    fn weights(&self, fields: &Fields<'_>, a: usize) -> (f64, f64) {
        let (x, y) = (fields.covariance(self.i, a), fields.covariance(self.k, a));
        let [p, q, r] = self.inverse;
        (p * x + q * y, q * x + r * y)
    }

    /// Covariance of fields a and b under the tilted measure.
    pub(super) fn covariance(&self, fields: &Fields<'_>, a: usize, b: usize) -> f64 {
        let (u, w) = self.weights(fields, a);
        let c = |a, b| fields.covariance(a, b);
        c(a, b) - u * c(self.i, b) - w * c(self.k, b)
    }
}
