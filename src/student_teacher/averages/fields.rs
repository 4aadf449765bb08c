//! Jointly Gaussian fields.

/// Jointly Gaussian fields of mean zero, given by their covariance.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    covariance: &'a [f64],
    n: usize,
}

impl<'a> Fields<'a> {
    /// Fields with an n × n covariance, row by row.
    ///
    /// # Panics
    /// If there are not n² numbers.
    pub fn new(covariance: &'a [f64], n: usize) -> Self {
        assert_eq!(covariance.len(), n * n, "a covariance of {n} fields has {n}² entries");
        Self { covariance, n }
    }

    /// Number of fields.
    pub fn count(&self) -> usize {
        self.n
    }

    /// Covariance of fields a and b.
    #[inline(always)]
    pub fn covariance(&self, a: usize, b: usize) -> f64 {
        self.covariance[a * self.n + b]
    }

    /// Covariances of field a with all fields.
    #[inline(always)]
    pub fn row(&self, a: usize) -> &'a [f64] {
        &self.covariance[a * self.n..(a + 1) * self.n]
    }
}

/// asin of what is a correlation up to rounding.
#[inline]
pub(super) fn arcsine(r: f64) -> f64 {
    r.clamp(-1.0, 1.0).asin()
}
