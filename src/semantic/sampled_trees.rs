//! Singular values of sampled features of a tree, against those of infinitely many.

use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_deviation;
use crate::task::environment::{Spectrum, Tree};
use crate::{Agreement, Result};

/// Tables of features that spread from the root of a tree and flip on its branches.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledTrees {
    /// The tree whose leaves are the items.
    pub tree: Tree,
    /// Probability that a feature flips on a branch.
    pub flip: f64,
    /// Features in each sample.
    pub n_features: usize,
}

/// Singular value of one level over samples.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledLevel {
    /// Mean over samples.
    pub mean: f64,
    /// Standard deviation over samples.
    pub spread: f64,
    /// The mean against theory.
    pub agreement: Agreement,
}

impl SampledTrees {
    /// Singular values of Σʸˣ for each level in theory.
    ///
    /// # Errors
    /// A probability out of range.
    pub fn spectrum(&self) -> Result<Spectrum> {
        self.tree.diffusion_spectrum(self.flip)
    }

    /// The same in `n` ≥ 2 samples, averaged over the equal modes of a level. Allowed is what the finite
    /// number of features accounts for, and four standard errors.
    ///
    /// # Errors
    /// As [`spectrum`](Self::spectrum).
    pub fn draw(&self, n: usize, seed: u64) -> Result<Vec<SampledLevel>> {
        let theory = self.spectrum()?;
        let samples = in_parallel(n, |run| {
            let seed = seed + 1 + run as u64;
            theory.measure(&self.tree.diffuse(self.flip, self.n_features, seed)?.targets)
        })?;
        let level = |(k, s): (usize, f64)| {
            let (mean, spread) = mean_and_deviation(samples.iter().map(|run| run[k]));
            let agreement = Agreement {
                observable: format!("singular value, {}", theory.eigenspaces[k].name),
                max_gap: (mean - s).abs(),
                rms_gap: (mean - s).abs(),
                range: s,
                spread,
                tolerance: Some(
                    self.finite_size(&theory, k) * s + 4.0 * spread / (n as f64).sqrt(),
                ),
                reason: "finite number of features, to second order, and four standard errors",
            };
            SampledLevel { mean, spread, agreement }
        };
        let values = theory.singular_values(self.n_features as f64);
        Ok(values.into_iter().enumerate().map(level).collect())
    }

    /// Part of a singular value by which its mean over samples is off, to second order of perturbation
    /// theory: other eigenspaces push it away, and the root of what scatters is less than that of its
    /// mean. For Gaussian features; twice that is allowed, as these are not.
    fn finite_size(&self, theory: &Spectrum, k: usize) -> f64 {
        let space = &theory.eigenspaces[k];
        let others = theory.eigenspaces.iter().enumerate().filter(|(l, _)| *l != k);
        let push: f64 = others
            .map(|(_, other)| {
                let distance = (space.eigenvalue - other.eigenvalue).abs();
                other.multiplicity() as f64 * other.eigenvalue / distance
            })
            .sum();
        let root = 0.25 * (space.multiplicity() + 1) as f64;
        (push + root) / self.n_features as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampled_singular_values_are_those_of_the_levels_within_finite_size() {
        let tree = Tree::regular(3, 2).unwrap();
        let levels = SampledTrees { tree, flip: 0.15, n_features: 1000 }.draw(10, 0).unwrap();
        assert_eq!(levels.len(), 4);
        for level in levels {
            let found = level.agreement;
            assert!(found.holds() && found.max_gap < 0.05 * found.range, "{found:?}");
        }
    }
}
