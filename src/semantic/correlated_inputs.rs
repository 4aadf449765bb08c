//! The counterexample to "transient errors need depth": a shallow network with correlated inputs.

use ndarray::{Array2, arr2};

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::shallow::{ShallowFlow, ShallowNetwork};
use crate::math::times::validate_times;
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Axis, Correlations, Result, Solvable, Trajectory};

/// A shallow network with two inputs of variance 1 and correlation c, whose best weights are 1 and 0.
///
/// It starts at zero. Both inputs predict the target at first, so that the second weight grows too and
/// is unlearned later ([`ShallowFlow`]). Observables are "first weight" and "second weight".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrelatedInputs {
    /// Correlation c of the two inputs.
    pub correlation: f64,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl CorrelatedInputs {
    /// The network and its task.
    ///
    /// # Errors
    /// A correlation beyond ±1.
    pub fn network(&self) -> Result<ShallowNetwork> {
        let c = self.correlation;
        let task = Correlations::new(arr2(&[[1.0, c], [c, 1.0]]), arr2(&[[1.0, c]]), None)?;
        Ok(ShallowNetwork { task, initial_map: Array2::zeros((1, 2)), rate: self.rate })
    }

    fn record(grid: &[f64], maps: &[Array2<f64>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for (j, name) in ["first weight", "second weight"].into_iter().enumerate() {
            trajectory.push(name, maps.iter().map(|map| map[[0, j]]).collect())?;
        }
        Ok(trajectory)
    }

    /// Gradient descent with the rate given.
    ///
    /// # Errors
    /// As [`network`](Self::network), or a rate at which training diverges.
    pub fn train(&self, grid: &[f64], rate: f64) -> Result<Trajectory> {
        let network = self.network()?;
        let mut maps = Vec::with_capacity(grid.len());
        let net = LinearNetwork::new(vec![network.initial_map])?;
        gradient_descent(net, &network.task, rate, grid, |_, net| {
            maps.push(net.map());
            Ok(())
        })?;
        Self::record(grid, &maps)
    }
}

impl Solvable for CorrelatedInputs {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        validate_times(grid)?;
        let network = self.network()?;
        let flow = ShallowFlow::new(&network.task, &network.initial_map)?;
        Self::record(grid, &grid.iter().map(|t| flow.map_at(*t)).collect::<Vec<_>>())
    }

    /// Nothing is random: the seed does not matter.
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
    fn the_second_weight_errs_for_a_while_only_if_inputs_are_correlated() {
        let grid: Vec<f64> = (0..=80).map(|i| 0.5 * f64::from(i)).collect();
        for (correlation, expected) in [(0.0, 0.0), (0.9, 0.402)] {
            let model = CorrelatedInputs { correlation, rate: 0.02 };
            let theory = model.predict(&grid).unwrap();
            let second = theory.get("second weight").unwrap();
            let peak = second.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            assert!((peak - expected).abs() < 0.01, "{peak}");
            assert!(check(&model, &grid, &[0]).unwrap().iter().all(|found| found.holds()));
        }
    }
}
