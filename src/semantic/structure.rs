//! What a two-layer network learns of a structured world, from the representations of its items alone.

use ndarray::Array2;

use crate::agreement::Tolerance;
use crate::agreement::halving::{halving_tolerance, tolerance_by_halving};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::math::parallel::join;
use crate::net::{LinearNetwork, gradient_descent};
use crate::task::environment::Spectrum;
use crate::{Agreement, Axis, Modes, Result, Solvable, Trajectory, compare};

/// A two-layer network that learns the features of an environment in the limit of many of them, from
/// aligned layers whose modes have equal strength.
///
/// The strength of each eigenspace is one observable, by its name; in a trained network it is read off
/// the hidden representations of the items, the mean of vᵀW₁ᵀW₁v over its vectors (`saxe2019`).
#[derive(Debug, Clone, PartialEq)]
pub struct StructureLearning {
    /// The environment.
    pub spectrum: Spectrum,
    /// Number of features N, of which only the root scales the clock.
    pub n_features: f64,
    /// Strength of every mode at the start.
    pub u0: f64,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl StructureLearning {
    /// The mode of an eigenspace.
    ///
    /// # Errors
    /// A strength or number of features out of range.
    ///
    /// # Panics
    /// If there is no such eigenspace.
    pub fn mode(&self, space: usize) -> Result<TwoLayerMode> {
        let s = self.spectrum.singular_values(self.n_features)[space];
        TwoLayerMode::balanced(s, (self.spectrum.n_items() as f64).recip(), self.u0)
    }

    /// The hidden representation at a time in theory, Σ √u v vᵀ over the modes, P × P: up to a rotation
    /// of the hidden units, which is chosen to have a symmetric map.
    ///
    /// # Errors
    /// As [`mode`](Self::mode).
    pub fn representation(&self, time: f64) -> Result<Array2<f64>> {
        let p = self.spectrum.n_items();
        let spaces = self.spectrum.eigenspaces.iter().enumerate();
        spaces.into_iter().try_fold(Array2::zeros((p, p)), |sum, (k, space)| {
            let u = self.mode(k)?.strength(time);
            Ok(sum + (&space.vectors * u.sqrt()).dot(&space.vectors.t()))
        })
    }

    /// First-layer weights of the network trained with the rate given, at each time, in the basis of
    /// items that its hidden basis stands for, P × P.
    ///
    /// # Errors
    /// As [`mode`](Self::mode), or a rate at which training diverges.
    pub fn trained_representations(
        &self,
        grid: &[f64],
        seed: u64,
        rate: f64,
    ) -> Result<Vec<Array2<f64>>> {
        let task = self.spectrum.task(self.n_features)?;
        let modes = Modes::of(&task)?;
        let p = self.spectrum.n_items();
        let network = AlignedNetwork::uniform(task, &[p], self.u0.sqrt(), rate);
        let back = modes.v.dot(&network.hidden_bases(seed)[0].t());
        let mut hidden = Vec::with_capacity(grid.len());
        let net = LinearNetwork::new(network.initial_weights(seed)?)?;
        gradient_descent(net, &network.task, rate, grid, |_, net| {
            hidden.push(back.dot(&net.weights()[0]));
            Ok(())
        })?;
        Ok(hidden)
    }

    /// Gradient descent with the rate given.
    ///
    /// # Errors
    /// As [`trained_representations`](Self::trained_representations).
    pub fn train(&self, grid: &[f64], seed: u64, rate: f64) -> Result<Trajectory> {
        self.record(grid, &self.trained_representations(grid, seed, rate)?)
    }

    fn record(&self, grid: &[f64], hidden: &[Array2<f64>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for space in &self.spectrum.eigenspaces {
            let strength = |w: &Array2<f64>| {
                w.dot(&space.vectors).mapv(|x| x * x).sum() / space.multiplicity() as f64
            };
            trajectory.push(space.name.clone(), hidden.iter().map(strength).collect())?;
        }
        Ok(trajectory)
    }

    /// First-layer weights of the trained network at each time, as
    /// [`trained_representations`](Self::trained_representations) has them, and how far its strengths are
    /// from theory. The step's own error is measured by halving the step.
    ///
    /// # Errors
    /// As [`trained_representations`](Self::trained_representations).
    pub fn compare_descent(
        &self,
        grid: &[f64],
        seed: u64,
    ) -> Result<(Vec<Array2<f64>>, Vec<Agreement>)> {
        let train = |rate: f64| self.trained_representations(grid, seed, rate);
        let (hidden, half) = join(|| train(self.rate), || train(0.5 * self.rate));
        let hidden = hidden?;
        let run = self.record(grid, &hidden)?;
        let tolerance = halving_tolerance(&run, &self.record(grid, &half?)?);
        let agreements = compare(&self.predict(grid)?, &[run], Some(&tolerance))?;
        Ok((hidden, agreements))
    }
}

impl Solvable for StructureLearning {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        crate::math::times::validate_times(grid)?;
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for (k, space) in self.spectrum.eigenspaces.iter().enumerate() {
            let mode = self.mode(k)?;
            let values = grid.iter().map(|t| mode.strength(*t)).collect();
            trajectory.push(space.name.clone(), values)?;
        }
        Ok(trajectory)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.train(grid, seed, self.rate)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        tolerance_by_halving(self.rate, |rate| self.train(prediction.grid(), 0, rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::task::environment::{Graph, RandomField};

    #[test]
    fn a_ring_is_learned_from_broad_to_fine_and_represented_as_theory_says() {
        let field = RandomField::new(Graph::Ring { n_items: 6 }, 1.5, 1.0).unwrap();
        let spectrum = field.spectrum();
        let last = spectrum.eigenspaces.len() - 1;
        let model = StructureLearning { spectrum, n_features: 100.0, u0: 1e-3, rate: 0.01 };
        let end = model.mode(last).unwrap().half_time().unwrap();
        let grid = [0.0, 0.2 * end, 0.5 * end, end];
        assert!(check(&model, &grid, &[2]).unwrap().iter().all(Agreement::holds));
        let (trained, found) = model.compare_descent(&grid, 2).unwrap();
        assert!(found.iter().all(Agreement::holds), "{found:?}");
        let gap = &trained[3] - &model.representation(end).unwrap();
        assert!(gap.iter().all(|x| x.abs() < 0.05), "{gap}");
    }
}
