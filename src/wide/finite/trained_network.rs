//! Networks of finite width in training against the theory of infinite width.
//!
//! Full-batch gradient descent from random draws, whose mean over draws is predicted by the limit
//! (`jacot2018`, `lee2019`): the tangent kernel stays Θ and outputs start from a Gaussian process of
//! covariance K. With Θ = V diag(w) Vᵀ on the n examples and $`r_i = (1 - \eta w_i/n)^k`$ after k steps
//! of rate η, the expected training loss of a network with C outputs is
//!
//! ```math
//! \frac{1}{2n}\sum_i r_i^2\,\big(\lVert v_i^\top y\rVert^2 + C\, v_i^\top K v_i\big) ,
//! ```
//!
//! and mean outputs on test points are $`\Theta_\ast V\,\frac{1-r}{w}\,V^\top y`$. Means over draws of
//! width N differ from that by O(1/N), because kernels scatter (a curved function of them) and because
//! they change in training. The constant depends on task and time and no theory here gives it; where it
//! is needed it has to be measured.

use ndarray::{Array1, Array2};

use crate::math::times::validate_times;
use crate::net::LayeredNetwork;
use crate::net::architecture::Architecture;
use crate::net::fast::full_batch::FullBatch;
use crate::net::layered::Sizes;
use crate::wide::ensemble::trained::TrainedEnsemble;
use crate::wide::ensemble::training::Training;
use crate::wide::kernel::dense::{diagonals, kernels};
use crate::{Axis, Dataset, Error, FiniteSize, Result, Solvable, Tolerance, Trajectory};

/// An ensemble of networks of one width, trained by full-batch gradient descent. The grid counts steps.
///
/// Observables: `training loss`, and `output 1`, `output 2`, … on the test points (point by point, then
/// output by output), as means over draws.
#[derive(Debug, Clone)]
pub struct TrainedNetwork {
    /// Dense layers with nonlinearities between them.
    pub architecture: Architecture,
    /// Training examples.
    pub data: Dataset,
    /// Test inputs, m × d.
    pub test: Array2<f64>,
    /// Learning rate η, for the loss ½‖f − y‖² averaged over examples.
    pub rate: f64,
    /// Units of every hidden layer in simulations; theory takes it to infinity.
    pub width: usize,
    /// Distance of the mean loss from its limit times the width, the largest over time: measured.
    pub loss_bias: f64,
    /// The same for outputs on test points, the largest of them.
    pub output_bias: f64,
}

impl TrainedNetwork {
    /// Gradient descent on the loss of simulations, a mean over examples.
    fn training(&self) -> Training {
        let normalization = Some(self.data.inputs.nrows() as f64);
        Training { normalization, ..Training::steps(self.rate) }
    }

    fn observables(&self) -> impl Iterator<Item = String> {
        let outputs = self.test.nrows() * self.data.targets.ncols();
        std::iter::once("training loss".to_owned())
            .chain((1..=outputs).map(|k| format!("output {k}")))
    }

    fn recorded(&self, grid: &[f64], rows: &[Vec<f64>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Steps, grid);
        for (k, name) in self.observables().enumerate() {
            trajectory.push(name, rows.iter().map(|row| row[k]).collect())?;
        }
        Ok(trajectory)
    }
}

/// Numbers of steps on a grid.
fn whole_steps(grid: &[f64]) -> Result<Vec<usize>> {
    validate_times(grid)?;
    let whole = |steps: &f64| {
        // Below 2⁵³ every whole number is an f64.
        if steps.fract() == 0.0 && *steps < 9e15 {
            return Ok(*steps as usize);
        }
        Err(Error::parameter("number of steps", steps, "it must be a whole number below 9e15"))
    };
    grid.iter().map(whole).collect()
}

impl Solvable for TrainedNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        validate_times(grid)?;
        let (train, test) = (self.data.inputs.view(), self.test.view());
        let on_train = kernels(&self.architecture, train, None)?;
        let cross = kernels(&self.architecture, test, Some(train))?;
        let (prior, _) = diagonals(&self.architecture, test)?;
        let targets = &self.data.targets;
        let limit = TrainedEnsemble::new(&on_train.nngp, &on_train.ntk, targets, self.training())?;
        let losses = limit.expected_training_losses(grid)?;
        let test = limit.test_points(&cross.nngp, &cross.ntk, &Array1::from(prior))?;
        let outputs = test.means(grid)?;
        let rows: Vec<Vec<f64>> = losses
            .into_iter()
            .zip(outputs)
            .map(|(loss, outputs)| std::iter::once(loss).chain(outputs).collect())
            .collect();
        self.recorded(grid, &rows)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let n_out = self.data.targets.ncols();
        let sizes = Sizes { n_in: self.data.inputs.ncols(), width: self.width, n_out };
        let net = LayeredNetwork::random(&self.architecture, sizes, seed)?;
        let mut descent = FullBatch::trainer(net, &self.data, self.rate, false)?;
        let mut rows = Vec::with_capacity(grid.len());
        for steps in whole_steps(grid)? {
            descent.advance_to(steps as f64)?;
            let outputs = descent.outputs(self.test.view())?;
            rows.push(std::iter::once(descent.loss()).chain(outputs).collect());
        }
        self.recorded(grid, &rows)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        if self.width == 0 {
            return Err(Error::parameter("width", 0, "it must be positive"));
        }
        let width = self.width as f64;
        let biases = prediction.columns().enumerate().map(|(k, (_, values))| {
            let bias = if k == 0 { self.loss_bias } else { self.output_bias };
            vec![bias / width; values.len()]
        });
        Ok(Tolerance {
            gaps: vec![1e-9; prediction.columns().len()],
            finite_size: Some(FiniteSize { biases: biases.collect(), standard_errors: 4.0 }),
            reason: "the measured bias of a finite width, and four standard errors of the mean",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::unit::Nonlinearity;

    fn model() -> TrainedNetwork {
        let inputs = ndarray::arr2(&[[1.0, 0.2], [-0.5, 1.0], [0.3, -1.2]]);
        let targets = ndarray::arr2(&[[1.0, 0.0], [-1.0, 0.5], [0.5, 0.5]]);
        TrainedNetwork {
            architecture: Architecture::dense(Nonlinearity::Tanh, 2, 1.4, 0.1, 1.0, 0.0),
            data: Dataset::new(inputs, targets).unwrap(),
            test: ndarray::arr2(&[[0.4, 0.4]]),
            rate: 0.1,
            width: 12,
            loss_bias: 1.0,
            output_bias: 1.0,
        }
    }

    #[test]
    fn every_output_of_every_test_point_is_recorded() {
        let grid = [0.0, 3.0, 10.0];
        for trajectory in [model().predict(&grid).unwrap(), model().simulate(&grid, 3).unwrap()] {
            let names: Vec<&str> = trajectory.columns().map(|(name, _)| name).collect();
            assert_eq!(names, ["training loss", "output 1", "output 2"]);
        }
        let start = model().predict(&grid).unwrap();
        assert_eq!(start.get("output 2").unwrap()[0], 0.0);
    }

    #[test]
    fn steps_are_whole_and_rates_stable() {
        assert!(model().simulate(&[0.0, 1.5], 0).is_err());
        assert!(model().predict(&[0.0, 1.5]).is_err());
        assert!(model().predict(&[1.0, 0.0]).is_err());
        let fast = TrainedNetwork { rate: 100.0, ..model() };
        assert!(fast.predict(&[0.0, 1.0]).is_err());
        let none = TrainedNetwork { width: 0, ..model() };
        assert!(none.simulate(&[0.0], 0).is_err());
        assert!(none.tolerance(&model().predict(&[0.0]).unwrap()).is_err());
    }
}
