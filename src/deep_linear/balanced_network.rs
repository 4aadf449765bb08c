//! A balanced network of any depth on any task.

use ndarray::Array2;

use crate::agreement::Tolerance;
use crate::deep_linear::balanced::factorize;
use crate::deep_linear::end_to_end::{end_to_end_flow, gram_flow};
use crate::deep_linear::recording::{record_maps, step_halving_tolerance, train};
use crate::math::random::{Purpose, stream};
use crate::{Correlations, Modes, Result, Solvable, Trajectory};

/// A network whose neighboring layers start balanced, Wᵢ₊₁ᵀWᵢ₊₁ = WᵢWᵢᵀ, in any orientation, on any
/// task: its map follows the end-to-end flow of (`arora2018`). Depth 1 is the shallow network.
///
/// `simulate` draws the bases of the hidden layers from its seed: theory says only the initial map
/// matters.
#[derive(Debug, Clone, PartialEq)]
pub struct BalancedNetwork {
    /// The task; its inputs may be correlated.
    pub task: Correlations,
    /// Initial map W_L…W₁, `n_out` × `n_in`.
    pub initial_map: Array2<f64>,
    /// Widths of the hidden layers, none below the rank of the initial map.
    pub hidden: Vec<usize>,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl BalancedNetwork {
    /// The map W_L…W₁ at increasing times.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn maps_at(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        // Two layers have the same flow without a decomposition in every step.
        if let [w1, w2] = self.initial_weights(0)?.as_slice() {
            return gram_flow(&self.task, w1, w2, times);
        }
        end_to_end_flow(&self.task, &self.initial_map, self.hidden.len() + 1, times)
    }

    /// The network that this one is after some time: a balanced network stays balanced.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        let initial_map = self.maps_at(&[time])?.swap_remove(0);
        Ok(Self { initial_map, ..self.clone() })
    }

    /// The initial weights that `simulate` trains for a seed.
    ///
    /// # Errors
    /// A hidden layer too narrow for the rank of the initial map.
    pub fn initial_weights(&self, seed: u64) -> Result<Vec<Array2<f64>>> {
        factorize(&self.initial_map, &self.hidden, &mut stream(seed, Purpose::InitialWeights, 0))
    }
}

impl Solvable for BalancedNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        record_maps(&self.task, &Modes::of(&self.task)?, grid, &self.maps_at(grid)?)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let modes = Modes::of(&self.task)?;
        train(self.initial_weights(seed)?, &self.task, &modes, self.rate, grid)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let modes = Modes::of(&self.task)?;
        step_halving_tolerance(self.initial_weights(0)?, &self.task, &modes, self.rate, prediction)
    }
}
