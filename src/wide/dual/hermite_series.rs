//! Duals of nonlinearities without closed form where variances recur in many pairs: the Hermite
//! coefficients of every variance, computed once.
//!
//! The pixels of images have all different variances, but each meets the pixels of all other images, so
//! what [`HermiteTable`] computes for a few pairs at a time is kept here, variance by variance; a pair is
//! then a sum of products of two runs of numbers.

use super::hermite::HermiteTable;
use crate::Result;
use crate::math::parallel::in_parallel;
use crate::math::vector::vectorized;
use crate::net::unit::Nonlinearity;

/// Terms that are summed side by side.
const LANES: usize = 8;
/// Variances whose coefficients are computed together.
const CHUNK: usize = 256;
/// xᵏ from which on terms are left out.
const SMALLEST: f64 = 1e-18;

/// Coefficients of φ and φ′ for many variances.
#[derive(Debug, Clone)]
pub(crate) struct HermiteSeries {
    /// Lanes of terms for each variance.
    length: usize,
    /// Even and odd functions have every other term only.
    parity: Option<f64>,
    /// `[variance][term]`, filled up with zeros.
    value: Vec<[f64; LANES]>,
    slope: Vec<[f64; LANES]>,
}

impl HermiteSeries {
    /// Bytes that the coefficients of each of the variances up to `largest` take.
    pub(crate) fn bytes(nonlinearity: Nonlinearity, largest: f64) -> usize {
        2 * size_of::<[f64; LANES]>() * Self::length(nonlinearity, largest)
    }

    fn length(nonlinearity: Nonlinearity, largest: f64) -> usize {
        let every = if nonlinearity.parity().is_some() { 2 } else { 1 };
        HermiteTable::terms(nonlinearity, largest).div_ceil(every * LANES)
    }

    /// For the variances `q`.
    ///
    /// # Errors
    /// As [`HermiteTable::check`].
    pub(crate) fn new(nonlinearity: Nonlinearity, q: &[f64]) -> Result<Self> {
        let largest = q.iter().fold(0.0f64, |m, q| m.max(*q));
        HermiteTable::check(nonlinearity, largest)?;
        let length = Self::length(nonlinearity, largest);
        let chunks: Vec<_> = q.chunks(CHUNK).collect();
        let parts = in_parallel(chunks.len(), |i| {
            let table = HermiteTable::new(nonlinearity, chunks[i], largest, 1.0);
            Ok((0..chunks[i].len()).map(|j| table.coefficients(j)).collect::<Vec<_>>())
        })?;
        let parity = nonlinearity.parity();
        let mut series = Self { length, parity, value: Vec::new(), slope: Vec::new() };
        series.value.reserve_exact(q.len() * length);
        series.slope.reserve_exact(q.len() * length);
        for (value, slope) in parts.iter().flatten() {
            for (to, from) in [(&mut series.value, value), (&mut series.slope, slope)] {
                let chunks = from.chunks(LANES).chain(std::iter::repeat(&[][..])).take(length);
                to.extend(chunks.map(|chunk| {
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
    pub(crate) fn dual(&self, i: usize, other: &Self, j: usize, rho: f64) -> (f64, f64) {
        // Sums over powers of x, times a power of ρ.
        let (x, powers) = match self.parity {
            None => (rho, [1.0, 1.0]),
            Some(parity) if parity < 0.0 => (rho * rho, [rho, 1.0]),
            Some(_) => (rho * rho, [1.0, rho]),
        };
        let length = self.length.min(other.length).min(lanes_at(x));
        let run = |length: usize, i: usize| i * length..(i + 1) * length;
        let (a, b) = (run(self.length, i), run(other.length, j));
        let values = self.value[a.clone()].iter().zip(&other.value[b.clone()]);
        let terms = values.zip(self.slope[a].iter().zip(&other.slope[b])).take(length);
        let sums = vectorized(
            #[inline(always)]
            || sum(terms, x),
        );
        (powers[0] * sums[0], powers[1] * sums[1])
    }
}

/// Terms of two variances that are summed together: a, b and a′, b′.
type Terms<'a> = ((&'a [f64; LANES], &'a [f64; LANES]), (&'a [f64; LANES], &'a [f64; LANES]));

/// Σ a_k b_k xᵏ and Σ a′_k b′_k xᵏ.
#[inline(always)]
fn sum<'a>(terms: impl Iterator<Item = Terms<'a>>, x: f64) -> [f64; 2] {
    let mut powers = [1.0; LANES];
    for l in 1..LANES {
        powers[l] = powers[l - 1] * x;
    }
    let step = powers[LANES - 1] * x;
    let (mut value, mut slope) = ([0.0; LANES], [0.0; LANES]);
    for ((a, b), (da, db)) in terms {
        for l in 0..LANES {
            value[l] = (a[l] * b[l]).mul_add(powers[l], value[l]);
            slope[l] = (da[l] * db[l]).mul_add(powers[l], slope[l]);
            powers[l] *= step;
        }
    }
    [value.iter().sum(), slope.iter().sum()]
}

/// Correlation of inputs of variances `q` and `q2`; of one that is always 0 it is 0.
#[inline]
pub(crate) fn correlation(covariance: f64, q: f64, q2: f64) -> f64 {
    let root = (q * q2).sqrt();
    if root > 0.0 { (covariance / root).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Lanes of terms before xᵏ is negligible.
fn lanes_at(x: f64) -> usize {
    let size = x.abs();
    if size >= 1.0 {
        return usize::MAX;
    }
    // Of x = 0 only the first term is left. (The cast saturates.)
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
