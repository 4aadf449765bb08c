//! Every single weight of an aligned network over time.

use ndarray::Array2;

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::aligned::AlignedNetwork;
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Axis, Result, Solvable, Trajectory};

/// All weights of an aligned network, which theory has one by one once the bases of the hidden layers
/// are given (`saxe2021`).
///
/// Observables are "W1 11", "W1 12", …: layer, row and column, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct EveryWeight {
    /// The network.
    pub network: AlignedNetwork,
    /// Seed of the bases of its hidden layers. Theory and simulation share it: single weights, unlike
    /// the map, depend on the bases.
    pub bases: u64,
}

impl EveryWeight {
    fn record(grid: &[f64], by_time: &[Vec<Array2<f64>>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for (l, first) in by_time.first().into_iter().flatten().enumerate() {
            for ((i, j), _) in first.indexed_iter() {
                let values = by_time.iter().map(|layers| layers[l][[i, j]]).collect();
                trajectory.push(format!("W{} {}{}", l + 1, i + 1, j + 1), values)?;
            }
        }
        Ok(trajectory)
    }

    /// Gradient descent with the rate given.
    ///
    /// # Errors
    /// As the network's simulation.
    pub fn train(&self, grid: &[f64], rate: f64) -> Result<Trajectory> {
        let mut by_time = Vec::with_capacity(grid.len());
        let net = LinearNetwork::new(self.network.initial_weights(self.bases)?)?;
        gradient_descent(net, &self.network.task, rate, grid, |_, net| {
            by_time.push(net.weights().to_vec());
            Ok(())
        })?;
        Self::record(grid, &by_time)
    }
}

impl Solvable for EveryWeight {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let bases = self.network.hidden_bases(self.bases);
        Self::record(grid, &self.network.weights_at(grid, &bases)?)
    }

    /// Nothing more is random: the seed does not matter.
    fn simulate(&self, grid: &[f64], _seed: u64) -> Result<Trajectory> {
        self.train(grid, self.network.rate)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        tolerance_by_halving(self.network.rate, |rate| self.train(prediction.grid(), rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Correlations, Dataset, check};

    #[test]
    fn every_weight_follows_theory_within_the_error_of_the_step() {
        let task = Correlations::of(&Dataset::toy()).unwrap();
        let network = AlignedNetwork::uniform(task, &[4], 0.03, 0.02);
        let found = check(&EveryWeight { network, bases: 3 }, &[0.0, 8.0, 20.0], &[0]).unwrap();
        // 4 × 4 weights into four hidden units, 7 × 4 out of them.
        assert_eq!(found.len(), 44);
        assert!(found.iter().all(|agreement| agreement.holds()));
    }
}
