//! The blocks of QQᵀ of a two-layer network: its map, and the similarities in its hidden layer.

use ndarray::Array2;

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::balanced::sample_two_layer;
use crate::deep_linear::riccati::{Blocks, RiccatiFlow};
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Axis, Correlations, Result, Solvable, Trajectory};

/// A two-layer network from λ-balanced weights, with white inputs, of which every entry of the blocks
/// of QQᵀ is recorded, Q = (W₁ᵀ; W₂): the map W₂W₁ ("map 11", …), the similarity of inputs W₁ᵀW₁
/// ("inputs 11", … on and above the diagonal) and of outputs W₂W₂ᵀ ("outputs 11", …), and the "loss".
///
/// Theory is the matrix solution of (`braun2022`), [`RiccatiFlow`].
#[derive(Debug, Clone, PartialEq)]
pub struct GramBlocks {
    /// The task; its inputs are white.
    pub task: Correlations,
    /// Initial first layer, `n_hidden` × `n_in`.
    pub w1: Array2<f64>,
    /// Initial second layer, `n_out` × `n_hidden`.
    pub w2: Array2<f64>,
    /// Balance of the layers, W₂ᵀW₂ − W₁W₁ᵀ = λI.
    pub lambda: f64,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

/// A map with independent Gaussian entries of standard deviation `std`, for white inputs of variance 1.
///
/// # Errors
/// A standard deviation that is not finite.
pub fn random_task(n_in: usize, n_out: usize, std: f64, seed: u64) -> Result<Correlations> {
    let mut rng = stream(seed, Purpose::Task, 0);
    Correlations::white(gaussian(n_out, n_in, std, &mut rng), 1.0)
}

impl GramBlocks {
    /// Zero-balanced weights in random directions; both layers have as many singular values `scale` as
    /// there are inputs or outputs, whichever are fewer. `run` sets draws of one seed apart.
    ///
    /// # Errors
    /// A scale that is not finite, or too few hidden units.
    pub fn zero_balanced(
        task: Correlations,
        n_hidden: usize,
        scale: f64,
        rate: f64,
        (seed, run): (u64, u32),
    ) -> Result<Self> {
        let (n_in, n_out) = (task.n_in(), task.n_out());
        let strength = |k: usize| if k < n_in.min(n_out) { scale * scale } else { 0.0 };
        let strengths: Vec<f64> = (0..n_hidden).map(strength).collect();
        let mut rng = stream(seed, Purpose::InitialWeights, run);
        let (w1, w2) = sample_two_layer(n_in, n_out, &strengths, 0.0, &mut rng)?;
        Ok(Self { task, w1, w2, lambda: 0.0, rate })
    }

    fn record(&self, grid: &[f64], blocks: &[Blocks]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for (which, name) in ["map", "inputs", "outputs"].into_iter().enumerate() {
            let of = |x: &Blocks| [&x.map, &x.input_gram, &x.output_gram][which].clone();
            let block: Vec<Array2<f64>> = blocks.iter().map(of).collect();
            for ((i, j), _) in block.first().into_iter().flat_map(|x| x.indexed_iter()) {
                if name == "map" || i <= j {
                    let values = block.iter().map(|x| x[[i, j]]).collect();
                    trajectory.push(format!("{name} {}{}", i + 1, j + 1), values)?;
                }
            }
        }
        let loss = blocks.iter().map(|x| self.task.loss(x.map.view())).collect();
        trajectory.push("loss", loss)?;
        Ok(trajectory)
    }

    /// Gradient descent with the rate given.
    ///
    /// # Errors
    /// Weights that do not fit the task, or a rate at which training diverges.
    pub fn train(&self, grid: &[f64], rate: f64) -> Result<Trajectory> {
        let mut blocks = Vec::with_capacity(grid.len());
        let net = LinearNetwork::new(vec![self.w1.clone(), self.w2.clone()])?;
        gradient_descent(net, &self.task, rate, grid, |_, net| {
            let (w1, w2) = (&net.weights()[0], &net.weights()[1]);
            blocks.push(Blocks {
                map: w2.dot(w1),
                input_gram: w1.t().dot(w1),
                output_gram: w2.dot(&w2.t()),
            });
            Ok(())
        })?;
        self.record(grid, &blocks)
    }
}

impl Solvable for GramBlocks {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let flow = RiccatiFlow::new(&self.task, &self.w1, &self.w2, self.lambda)?;
        let states = flow.states(grid)?;
        let blocks: Vec<Blocks> = states.iter().map(|s| s.blocks(flow.modes())).collect();
        self.record(grid, &blocks)
    }

    /// The weights are given: the seed does not matter.
    fn simulate(&self, grid: &[f64], _seed: u64) -> Result<Trajectory> {
        self.train(grid, self.rate)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        tolerance_by_halving(self.rate, |rate| self.train(prediction.grid(), rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn all_blocks_follow_the_matrix_solution() {
        let task = random_task(4, 3, 0.6, 1).unwrap();
        let network = GramBlocks::zero_balanced(task, 5, 0.4, 0.01, (1, 0)).unwrap();
        let found = check(&network, &[0.0, 1.0, 3.0], &[0]).unwrap();
        assert_eq!(found.len(), 3 * 4 + 10 + 6 + 1);
        assert!(found.iter().all(|agreement| agreement.holds()));
    }
}
