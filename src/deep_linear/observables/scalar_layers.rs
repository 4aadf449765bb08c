//! Two layers of a single unit each: the smallest network that has a saddle.

use ndarray::arr2;

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Axis, Correlations, Result, Solvable, Trajectory};

/// The network ŷ = bax that is to learn y = x, with the loss ½(1 − ab)².
///
/// The loss has a saddle at a = b = 0 and two lines of minima, ab = 1 (`saxe2014`); a − b is conserved
/// up to its sign, and both layers are those of one [`TwoLayerMode`]. Observables are "first layer"
/// and "second layer".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalarLayers {
    /// Initial layers a and b.
    pub start: [f64; 2],
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl ScalarLayers {
    /// The mode that the two layers are.
    ///
    /// # Errors
    /// Layers that are not finite.
    pub fn mode(&self) -> Result<TwoLayerMode> {
        let [a, b] = self.start;
        TwoLayerMode::new(1.0, 1.0, &[a], &[b])
    }

    /// Loss of any two layers.
    pub fn loss([a, b]: [f64; 2]) -> f64 {
        0.5 * (1.0 - a * b).powi(2)
    }

    fn record(grid: &[f64], path: Vec<(f64, f64)>) -> Result<Trajectory> {
        let (a, b) = path.into_iter().unzip();
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        trajectory.push("first layer", a)?;
        trajectory.push("second layer", b)?;
        Ok(trajectory)
    }

    /// Gradient descent with the rate given.
    ///
    /// # Errors
    /// Times that do not increase, or a rate at which training diverges.
    pub fn train(&self, grid: &[f64], rate: f64) -> Result<Trajectory> {
        let task = Correlations::white(arr2(&[[1.0]]), 1.0)?;
        let net = LinearNetwork::new(self.start.map(|w| arr2(&[[w]])).to_vec())?;
        let mut path = Vec::with_capacity(grid.len());
        gradient_descent(net, &task, rate, grid, |_, net| {
            path.push((net.weights()[0][[0, 0]], net.weights()[1][[0, 0]]));
            Ok(())
        })?;
        Self::record(grid, path)
    }
}

impl Solvable for ScalarLayers {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        crate::math::times::validate_times(grid)?;
        let (mode, [a, b]) = (self.mode()?, self.start);
        let at = |t: &f64| {
            let (a, b) = mode.vectors(&[a], &[b], *t);
            (a[0], b[0])
        };
        Self::record(grid, grid.iter().map(at).collect())
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
    fn a_start_that_nearly_cancels_passes_the_saddle_and_ends_at_a_minimum() {
        let network = ScalarLayers { start: [-0.5975, 0.6025], rate: 0.01 };
        let grid: Vec<f64> = (0..=40).map(|i| 0.5 * f64::from(i)).collect();
        let theory = network.predict(&grid).unwrap();
        let [a, b] = ["first layer", "second layer"].map(|name| theory.get(name).unwrap());
        let closest = a.iter().zip(b).map(|(a, b)| a.hypot(*b)).fold(f64::INFINITY, f64::min);
        assert!(closest < 0.1, "{closest}");
        assert!(ScalarLayers::loss([a[40], b[40]]) < 1e-6);
        assert!(check(&network, &grid, &[0]).unwrap().iter().all(|found| found.holds()));
    }
}
