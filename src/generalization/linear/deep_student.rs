//! A deep linear student of a noisy linear teacher, exact for the data it is given.
//!
//! With a scalar output and a balanced start the product of all layers, w, obeys the closed flow
//! (`arora2018`, `advani2020`)
//!
//! ```math
//! \dot w = \|w\|^{2-2/L}\big[g + (L-1)(g\cdot\hat w)\hat w\big],\qquad g = X^\top(y - Xw),
//! ```
//!
//! whatever the sampled covariance XᵀX: the formulas for single modes are exact only for white
//! inputs, which a finite sample never has. Time and errors are those of
//! [`linear_student`](super::student), and so is everything for one layer.

use ndarray::{Array2, Axis};

use super::sampled_student::{Sample, recorded};
use super::student::Errors;
use crate::agreement::Tolerance;
use crate::agreement::halving::halving_tolerance;
use crate::deep_linear::balanced_network::BalancedNetwork;
use crate::math::parallel::join;
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Correlations, Result, Solvable, Trajectory};

/// A deep linear student of the examples of one sample. Its layers start balanced, with the
/// sample's start as their product; a start at zero would stay there.
#[derive(Debug, Clone)]
pub struct DeepStudent {
    /// Teacher, examples and start.
    pub sample: Sample,
    /// Widths of the hidden layers; none is the shallow student.
    pub hidden: Vec<usize>,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl DeepStudent {
    /// The network and its task: sums over the examples in place of averages, so that time is that
    /// of the shallow student.
    fn network(&self) -> Result<BalancedNetwork> {
        let Sample { inputs, labels, start, .. } = &self.sample;
        let sigma_yx = labels.dot(inputs).insert_axis(Axis(0));
        let task = Correlations::new(inputs.t().dot(inputs), sigma_yx, Some(labels.dot(labels)))?;
        let initial_map = start.view().insert_axis(Axis(0)).to_owned();
        Ok(BalancedNetwork { task, initial_map, hidden: self.hidden.clone(), rate: self.rate })
    }

    /// The student after some time: a balanced network stays balanced.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        let start = self.network()?.maps_at(&[time])?.swap_remove(0).remove_axis(Axis(0));
        Ok(Self { sample: Sample { start, ..self.sample.clone() }, ..self.clone() })
    }

    fn errors(&self, map: &Array2<f64>) -> Errors {
        self.sample.errors(&map.row(0).to_owned())
    }

    fn descend(&self, rate: f64, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let network = self.network()?;
        let net = LinearNetwork::new(network.initial_weights(seed)?)?;
        let mut errors = Vec::with_capacity(grid.len());
        gradient_descent(net, &network.task, rate, grid, |_, net| {
            errors.push(self.errors(&net.map()));
            Ok(())
        })?;
        recorded(grid, &errors)
    }
}

impl Solvable for DeepStudent {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let maps = self.network()?.maps_at(grid)?;
        recorded(grid, &maps.iter().map(|map| self.errors(map)).collect::<Vec<_>>())
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.descend(self.rate, grid, seed)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let run = |rate: f64| self.descend(rate, prediction.grid(), 0);
        let (whole, half) = join(|| run(self.rate), || run(0.5 * self.rate));
        Ok(halving_tolerance(&whole?, &half?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generalization::linear::student::Variances;

    #[test]
    fn one_layer_is_the_shallow_student_mode_by_mode() {
        let variances = Variances { teacher: 1.0, start: 0.2, noise: 0.3 };
        let sample = Sample::draw(0.7, &variances, 18, 4).unwrap();
        let modes = sample.modes().unwrap();
        let student = DeepStudent { sample, hidden: vec![], rate: 0.01 };
        let times = [0.0, 0.3, 2.0, 15.0];
        let found = student.predict(&times).unwrap();
        for (i, time) in times.iter().enumerate() {
            let expected = modes.errors(*time);
            let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{time}: {a}, {b}");
            near(found.get("test error").unwrap()[i], expected.test);
            near(found.get("training error").unwrap()[i], expected.training);
        }
    }
}
