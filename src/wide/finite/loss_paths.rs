//! Losses of single networks of finite width over training, beside that of infinite width.

use ndarray::Array2;

use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_error;
use crate::net::LayeredNetwork;
use crate::net::architecture::Architecture;
use crate::net::fast::full_batch::FullBatch;
use crate::net::layered::Sizes;
use crate::net::unit::Nonlinearity;
use crate::wide::ensemble::trained::TrainedEnsemble;
use crate::wide::ensemble::training::Training;
use crate::wide::finite::width_scaling::Measured;
use crate::wide::kernel::dense::kernels;
use crate::{Agreement, Axis, Dataset, FiniteSize, Result, Tolerance, Trajectory, compare};

/// Networks with one hidden layer that learn a task by full-batch gradient descent, outputs counted from
/// where they start.
#[derive(Debug, Clone)]
pub struct LossPaths {
    architecture: Architecture,
    task: Dataset,
    rate: f64,
    limit: TrainedEnsemble,
}

impl LossPaths {
    /// Networks of one kind of units, in NTK parameterization, that learn with a `share` of the largest
    /// rate at which infinitely wide networks are stable.
    ///
    /// # Errors
    /// A share that is not positive, or a task whose kernel is singular.
    pub fn new(units: Nonlinearity, task: Dataset, share: f64) -> Result<Self> {
        let architecture = Architecture::dense(units, 1, 2f64.sqrt(), 0.1, 1.0, 0.0);
        let k = kernels(&architecture, task.inputs.view(), None)?;
        let made =
            |rate| TrainedEnsemble::new(&k.nngp, &k.ntk, &task.targets, Training::steps(rate));
        let rate = share * made(f64::MIN_POSITIVE)?.max_learning_rate();
        Ok(Self { limit: made(rate)?, architecture, task, rate })
    }

    /// Loss of infinitely wide networks that start from the output zero, that of the mean, after each
    /// number of steps.
    ///
    /// # Errors
    /// Steps that do not increase.
    pub fn limit(&self, steps: &[usize]) -> Result<Vec<f64>> {
        let times: Vec<f64> = steps.iter().map(|steps| *steps as f64).collect();
        let loss = |outputs: Array2<f64>| {
            let squares = (outputs - &self.task.targets).mapv(|e| e * e);
            0.5 * squares.sum() / squares.len() as f64
        };
        Ok(self.limit.training_means(&times)?.into_iter().map(loss).collect())
    }

    /// Losses of one network for each seed, after each number of steps.
    ///
    /// # Errors
    /// A width of 0, steps that do not increase, or training that diverges.
    pub fn train(&self, width: usize, seeds: &[u64], steps: &[usize]) -> Result<Vec<Vec<f64>>> {
        let (n_in, n_out) = (self.task.inputs.ncols(), self.task.targets.ncols());
        in_parallel(seeds.len(), |i| {
            let sizes = Sizes { n_in, width, n_out };
            let net = LayeredNetwork::random(&self.architecture, sizes, seeds[i])?;
            FullBatch::trainer(net, &self.task, self.rate, true)?.losses(steps)
        })
    }
}

/// Largest distance of single networks from the limit, relative to its loss at the start: mean over
/// networks with its standard error.
pub fn mean_distance(limit: &[f64], runs: &[Vec<f64>]) -> Measured {
    let distance = |run: &Vec<f64>| {
        let gaps = run.iter().zip(limit).map(|(loss, limit)| (loss - limit).abs());
        gaps.fold(0.0, f64::max) / limit.first().copied().unwrap_or(f64::NAN)
    };
    let (value, error) = mean_and_error(runs.iter().map(distance));
    Measured { value, error }
}

/// The mean over networks of one width against the limit, after 0, 1, 2, … steps. `bias` is how far it
/// may be from it beside four standard errors; nothing is judged where it is not known.
///
/// # Errors
/// Runs of another length.
pub fn compare_mean(
    observable: &str,
    limit: &[f64],
    runs: &[Vec<f64>],
    bias: Option<f64>,
) -> Result<Vec<Agreement>> {
    let grid: Vec<f64> = (0..limit.len()).map(|steps| steps as f64).collect();
    let trajectory = |values: &[f64]| {
        let mut trajectory = Trajectory::new(Axis::Steps, &grid);
        trajectory.push(observable, values.to_vec())?;
        Ok(trajectory)
    };
    let runs = runs.iter().map(|run| trajectory(run)).collect::<Result<Vec<_>>>()?;
    let tolerance = bias.map(|bias| Tolerance {
        gaps: vec![1e-9],
        finite_size: Some(FiniteSize {
            biases: vec![vec![bias; grid.len()]],
            standard_errors: 4.0,
        }),
        reason: "the measured bias of a finite width, and four standard errors of the mean",
    });
    compare(&trajectory(limit)?, &runs, tolerance.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wide::finite::sphere_task::sphere_task;

    #[test]
    fn wide_networks_stay_closer_to_the_limit_than_narrow_ones() {
        let paths = LossPaths::new(Nonlinearity::ERF, sphere_task().unwrap(), 0.1).unwrap();
        let steps: Vec<usize> = (0..=200).collect();
        let limit = paths.limit(&steps).unwrap();
        assert!((limit[0] - 0.5).abs() < 1e-12, "labels of ±1");
        let distance = |width: usize| {
            mean_distance(&limit, &paths.train(width, &[0, 1, 2, 3], &steps).unwrap()).value
        };
        let (narrow, wide) = (distance(4), distance(256));
        assert!(wide < 0.3 * narrow, "{narrow} {wide}");
        let found = compare_mean("loss", &limit, &[limit.clone(), limit.clone()], None).unwrap();
        assert!(found[0].max_gap == 0.0 && found[0].tolerance.is_none());
    }
}
