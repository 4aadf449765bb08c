//! Duals of nonlinearities without closed form where variances recur in many pairs: the Hermite
//! coefficients of every variance, computed once.
//!
//! The pixels of images have all different variances, but each meets the pixels of all other images, so
//! what [`HermiteTable`] computes for a few pairs at a time is kept here, variance by variance; a pair is
//! then a sum of products of two runs of numbers.

use super::hermite::HermiteTable;
use super::nonlinearity::Nonlinearity;
use crate::Result;
use crate::math::vector::vectorized;
use crate::solvable::in_parallel;

/// Terms that are summed side by side.
const LANES: usize = 8;
/// Variances whose coefficients are computed together.
const CHUNK: usize = 256;
/// ρᵏ from which on terms are left out.
const SMALLEST: f64 = 1e-18;

/// Coefficients of φ and φ′ for many variances.
#[derive(Debug, Clone)]
pub(super) struct HermiteSeries {
    /// Lanes of terms for each variance.
    length: usize,
    /// `[variance][term]`, filled up with zeros.
    value: Vec<[f64; LANES]>,
    slope: Vec<[f64; LANES]>,
}

impl HermiteSeries {
    /// Bytes that the coefficients of each of the variances up to `largest` take.
    pub(super) fn bytes(nonlinearity: Nonlinearity, largest: f64) -> usize {
        2 * size_of::<[f64; LANES]>() * HermiteTable::terms(nonlinearity, largest).div_ceil(LANES)
    }

    /// For the variances `q`.
    ///
    /// # Errors
    /// As [`HermiteTable::check`].
    pub(super) fn new(nonlinearity: Nonlinearity, q: &[f64]) -> Result<Self> {
        let largest = q.iter().fold(0.0f64, |m, q| m.max(*q));
        HermiteTable::check(nonlinearity, largest)?;
        let length = HermiteTable::terms(nonlinearity, largest).div_ceil(LANES);
        let chunks: Vec<_> = q.chunks(CHUNK).collect();
        let parts = in_parallel(chunks.len(), |i| {
            let table = HermiteTable::new(nonlinearity, chunks[i], largest, 1.0);
            Ok((0..chunks[i].len()).map(|j| table.coefficients(j)).collect::<Vec<_>>())
        })?;
        let mut series = Self { length, value: Vec::new(), slope: Vec::new() };
        series.value.reserve_exact(q.len() * length);
        series.slope.reserve_exact(q.len() * length);
        for (value, slope) in parts.iter().flatten() {
            for (to, from) in [(&mut series.value, value), (&mut series.slope, slope)] {
                to.extend(from.chunks(LANES).map(|chunk| {
                    let mut lanes = [0.0; LANES];
                    lanes[..chunk.len()].copy_from_slice(chunk);
                    lanes
                }));
            }
        }
        Ok(series)
    }

    /// E[φφ] and E[φ′φ′] of the pair of the i-th variance here and the j-th of `other`, at correlation
    /// `rho`.
    #[inline]
    pub(super) fn dual(&self, i: usize, other: &Self, j: usize, rho: f64) -> (f64, f64) {
        let length = self.length.min(other.length).min(lanes_at(rho));
        let run = |length: usize, i: usize| i * length..(i + 1) * length;
        let (a, b) = (run(self.length, i), run(other.length, j));
        let values = self.value[a.clone()].iter().zip(&other.value[b.clone()]);
        let pairs = values.zip(self.slope[a].iter().zip(&other.slope[b])).take(length);
        vectorized(
            #[inline(always)]
            || {
                let mut powers = [1.0; LANES];
                for l in 1..LANES {
                    powers[l] = powers[l - 1] * rho;
                }
                let step = powers[LANES - 1] * rho;
                let (mut value, mut slope) = ([0.0; LANES], [0.0; LANES]);
                for ((a, b), (da, db)) in pairs {
                    for l in 0..LANES {
                        value[l] = (a[l] * b[l]).mul_add(powers[l], value[l]);
                        slope[l] = (da[l] * db[l]).mul_add(powers[l], slope[l]);
                        powers[l] *= step;
                    }
                }
                (value.iter().sum(), slope.iter().sum())
            },
        )
    }
}

/// Correlation of inputs of variances `q` and `q2`; of one that is always 0 it is 0.
#[inline]
pub(super) fn correlation(covariance: f64, q: f64, q2: f64) -> f64 {
    let root = (q * q2).sqrt();
    if root > 0.0 { (covariance / root).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Lanes of terms before ρᵏ is negligible.
fn lanes_at(rho: f64) -> usize {
    let size = rho.abs();
    if size >= 1.0 {
        return usize::MAX;
    }
    // Of ρ = 0 only the first term is left. (The cast saturates.)
    (SMALLEST.ln() / size.ln()) as usize / LANES + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_have_the_duals_of_the_plain_function() {
        let (first, second) = ([0.0, 0.3, 1.1, 2.0], [0.01, 0.9, 3.0]);
        for g in [Nonlinearity::Tanh, Nonlinearity::Sigmoid, Nonlinearity::Softplus] {
            let (a, b) =
                (HermiteSeries::new(g, &first).unwrap(), HermiteSeries::new(g, &second).unwrap());
            for (i, q) in first.iter().enumerate() {
                for (j, q2) in second.iter().enumerate() {
                    for rho in [-1.0, -0.7, 0.0, 0.2, 0.999, 1.0] {
                        let dual = g.dual(*q, rho * (q * q2).sqrt(), *q2);
                        let (value, slope) = a.dual(i, &b, j, if *q > 0.0 { rho } else { 0.0 });
                        let near = |x: f64, y: f64| (x - y).abs() <= 1e-14 * y.abs().max(0.1);
                        assert!(
                            near(value, dual.value),
                            "{g} {q} {q2} {rho}: {value} {}",
                            dual.value
                        );
                        assert!(
                            near(slope, dual.slope),
                            "{g} {q} {q2} {rho}: {slope} {}",
                            dual.slope
                        );
                    }
                }
            }
        }
        assert!(HermiteSeries::new(Nonlinearity::Tanh, &[1000.0]).is_err());
    }
}
