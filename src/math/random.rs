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

/// An orthogonal matrix drawn uniformly (Haar): QR of a Gaussian matrix with the signs of R fixed.
pub fn orthogonal(n: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let (mut q, r) = super::linalg::qr(&gaussian(n, n, 1.0, rng));
    for (mut column, diagonal) in q.columns_mut().into_iter().zip(r.diag()) {
        if *diagonal < 0.0 {
            column.mapv_inplace(|x| -x);
        }
    }
    q
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
    fn orthogonal_matrices_are_orthogonal() {
        let q = orthogonal(7, &mut stream(3, Purpose::InitialWeights, 0));
        let gap = &q.t().dot(&q) - &Array2::<f64>::eye(7);
        assert!(gap.iter().all(|g| g.abs() < 1e-14));
    }
}
