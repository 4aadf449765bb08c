//! Random streams that do not depend on the order or the number of threads.
//!
//! The generator is `ChaCha8`, whose output is fixed by its specification; every use of randomness
//! draws from a stream of its own, named by seed, purpose and run.

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Name and version of the generator, for manifests.
pub const GENERATOR: &str = "ChaCha8 (rand_chacha 0.10), one stream per purpose and run";

/// What a stream of random numbers is for; different purposes never share numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Initial weights.
    InitialWeights = 1,
    /// Order of examples in stochastic gradient descent.
    Examples = 2,
    /// Synthetic tasks.
    Task = 3,
    /// Noise of labels.
    LabelNoise = 4,
    /// Weights of a teacher.
    Teacher = 5,
}

/// The stream for (seed, purpose, run).
pub fn stream(seed: u64, purpose: Purpose, run: u32) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((u64::from(purpose as u32) << 32) | u64::from(run));
    rng
}

/// A matrix of independent Gaussian entries with mean zero.
pub fn gaussian(rows: usize, cols: usize, std: f64, rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn((rows, cols), || {
        let z: f64 = StandardNormal.sample(rng);
        std * z
    })
}

/// Orthonormal columns, or rows if there are fewer of them, drawn uniformly (Haar): Q of a Gaussian
/// matrix.
pub fn semi_orthogonal(rows: usize, cols: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let (tall, wide) = (rows.max(cols), rows.min(cols));
    let (mut q, r) = super::linalg::qr(&gaussian(tall, wide, 1.0, rng));
    // Only with the signs of R fixed is Q uniformly distributed.
    for (mut column, diagonal) in q.columns_mut().into_iter().zip(r.diag()) {
        if *diagonal < 0.0 {
            column.mapv_inplace(|x| -x);
        }
    }
    if rows >= cols { q } else { q.t().as_standard_layout().into_owned() }
}

/// A [`semi_orthogonal`] matrix that is square: a random change of basis.
pub fn orthogonal(n: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    semi_orthogonal(n, n, rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_are_reproducible_and_distinct() {
        let draw = |seed, purpose, run| stream(seed, purpose, run).next_u64();
        let first = draw(0, Purpose::InitialWeights, 0);
        assert_eq!(first, draw(0, Purpose::InitialWeights, 0));
        assert_ne!(first, draw(0, Purpose::InitialWeights, 1));
        assert_ne!(first, draw(0, Purpose::Examples, 0));
        assert_ne!(first, draw(1, Purpose::InitialWeights, 0));
    }

    #[test]
    fn orthogonal_matrices_are_orthogonal_and_have_no_preferred_signs() {
        let mut rng = stream(3, Purpose::InitialWeights, 0);
        for (rows, cols) in [(7, 7), (7, 4), (4, 7), (1, 1), (3, 0)] {
            let q = semi_orthogonal(rows, cols, &mut rng);
            assert_eq!(q.dim(), (rows, cols));
            let gram = if rows >= cols { q.t().dot(&q) } else { q.dot(&q.t()) };
            let gap = &gram - &Array2::<f64>::eye(rows.min(cols));
            assert!(gap.iter().all(|g| g.abs() < 1e-14));
        }
        let first = || stream(3, Purpose::InitialWeights, 0);
        assert_eq!(orthogonal(5, &mut first()), semi_orthogonal(5, 5, &mut first()));
        // Without the signs of R the first entry would always have the same one.
        let positive = (0..100).filter(|_| orthogonal(2, &mut rng)[[0, 0]] > 0.0).count();
        assert!(
            (25..=75).contains(&positive),
            "{positive} of 100, five standard deviations from 50"
        );
    }
}
