//! Networks of finite width that learn by gradient descent, beside the ensemble of infinitely wide ones, at
//! any inputs and after any number of steps.
//!
//! [`trained_network`](super::trained_network) judges means over draws with measured biases; here are the
//! distributions: mean and standard deviation over random weights, where all layers are trained or only
//! the last, and before training. How far finite networks may be from them is not known in general.

use ndarray::{Array1, Array2, ArrayView2};

use super::linearized::Linearized;
use crate::math::parallel::in_parallel;
use crate::net::LayeredNetwork;
use crate::net::architecture::Architecture;
use crate::net::fast::full_batch::FullBatch;
use crate::net::layered::Sizes;
use crate::wide::ensemble::posterior::Posterior;
use crate::wide::ensemble::trained::TrainedEnsemble;
use crate::wide::ensemble::training::Training;
use crate::wide::kernel::dense::{Kernels, diagonals, kernels};
use crate::{Agreement, Axis, Dataset, Error, Result, Trajectory, compare};

/// All networks of one architecture that learn the same data with a single output by full-batch gradient
/// descent.
#[derive(Debug, Clone)]
pub struct DescentEnsemble {
    architecture: Architecture,
    data: Dataset,
    /// Kernels of the training inputs.
    train: Kernels,
    /// All layers are trained.
    all_layers: TrainedEnsemble,
    /// Only the last layer is.
    last_layer: TrainedEnsemble,
}

/// Mean and standard deviation over an ensemble: points × times.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Means.
    pub mean: Array2<f64>,
    /// Standard deviations.
    pub deviation: Array2<f64>,
}

/// Outputs of trained networks of finite width at some points.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedOutputs {
    /// The points, a row each.
    pub points: Array2<f64>,
    /// Numbers of steps after which outputs were taken.
    pub steps: Vec<usize>,
    /// Network by network: points × steps.
    pub networks: Vec<Array2<f64>>,
}

impl DescentEnsemble {
    /// With the learning rate that is this share of the largest stable one.
    ///
    /// # Errors
    /// More than one output, as [`kernels`] and [`TrainedEnsemble::new`].
    pub fn new(architecture: Architecture, data: Dataset, share: f64) -> Result<Self> {
        if data.targets.ncols() != 1 {
            return Err(Error::shape("targets", data.targets.dim(), "a single column"));
        }
        let train = kernels(&architecture, data.inputs.view(), None)?;
        let flow =
            TrainedEnsemble::new(&train.nngp, &train.ntk, &data.targets, Training::flow(1.0))?;
        let training = Training::steps(share * flow.max_learning_rate());
        let all_layers = flow.retrained(training)?;
        let last_layer = TrainedEnsemble::last_layer(&train.nngp, &data.targets, training)?;
        Ok(Self { architecture, data, train, all_layers, last_layer })
    }

    /// What is learned.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// The ensemble of infinite width at `points` after `steps` (infinity: the end), all layers trained.
    ///
    /// # Errors
    /// Points of another dimension, as [`TrainedEnsemble::test_points`].
    pub fn all_layers(&self, points: ArrayView2<'_, f64>, steps: &[f64]) -> Result<Moments> {
        let cross = kernels(&self.architecture, points, Some(self.data.inputs.view()))?;
        self.moments(&self.all_layers, &cross.nngp, &cross.ntk, points, steps)
    }

    /// The same if only the last layer is trained.
    ///
    /// # Errors
    /// As [`all_layers`](Self::all_layers).
    pub fn last_layer(&self, points: ArrayView2<'_, f64>, steps: &[f64]) -> Result<Moments> {
        let cross = kernels(&self.architecture, points, Some(self.data.inputs.view()))?;
        self.moments(&self.last_layer, &cross.nngp, &cross.nngp, points, steps)
    }

    fn moments(
        &self,
        limit: &TrainedEnsemble,
        cross: &Array2<f64>,
        tangent: &Array2<f64>,
        points: ArrayView2<'_, f64>,
        steps: &[f64],
    ) -> Result<Moments> {
        let test = limit.test_points(cross, tangent, &self.prior_variance(points)?)?;
        let mut mean = Array2::zeros((points.nrows(), steps.len()));
        for (mut column, at) in mean.columns_mut().into_iter().zip(test.means(steps)?) {
            column.assign(&at.column(0));
        }
        let deviation = test.variances(steps)?.mapv(|v| v.max(0.0).sqrt()).reversed_axes();
        Ok(Moments { mean, deviation })
    }

    fn prior_variance(&self, points: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        Ok(Array1::from(diagonals(&self.architecture, points)?.0))
    }

    /// The ensemble of infinite width before training: points × 1.
    ///
    /// # Errors
    /// Points of another dimension.
    pub fn before_training(&self, points: ArrayView2<'_, f64>) -> Result<Moments> {
        let deviation = self.prior_variance(points)?.mapv(f64::sqrt).insert_axis(ndarray::Axis(1));
        Ok(Moments { mean: Array2::zeros(deviation.dim()), deviation })
    }

    /// The Gaussian process given the data, without noise: points × 1. It is where training of the last
    /// layer ends.
    ///
    /// # Errors
    /// As [`Posterior::new`] and [`Posterior::variances`].
    pub fn posterior(&self, points: ArrayView2<'_, f64>) -> Result<Moments> {
        let cross = kernels(&self.architecture, points, Some(self.data.inputs.view()))?;
        let (mean, variances) = Posterior::new(&self.train.nngp, &self.data.targets, 0.0)?
            .variances(&cross.nngp, &self.prior_variance(points)?)?;
        let deviation = variances.mapv(f64::sqrt).insert_axis(ndarray::Axis(1));
        Ok(Moments { mean, deviation })
    }

    /// A random network with hidden layers of `width` units.
    ///
    /// # Errors
    /// As [`LayeredNetwork::random`].
    pub fn network(&self, width: usize, seed: u64) -> Result<LayeredNetwork> {
        let sizes = Sizes { n_in: self.data.inputs.ncols(), width, n_out: 1 };
        LayeredNetwork::random(&self.architecture, sizes, seed)
    }

    /// Outputs of a network in training: points × steps, of which there must never be fewer than before.
    ///
    /// # Errors
    /// Descent that diverges.
    pub fn train(
        &self,
        net: LayeredNetwork,
        points: ArrayView2<'_, f64>,
        steps: &[usize],
    ) -> Result<Array2<f64>> {
        let rate = self.all_layers.training().rate;
        let mut outputs = Array2::zeros((points.nrows(), steps.len()));
        let mut descent = FullBatch::trainer(net, &self.data, rate, false)?;
        for (mut column, steps) in outputs.columns_mut().into_iter().zip(steps) {
            descent.advance_to(*steps as f64)?;
            column.assign(&descent.outputs(points)?.column(0));
        }
        Ok(outputs)
    }

    /// Outputs of the network's linearization about where it is, in the same training: points × steps.
    ///
    /// # Errors
    /// As [`Linearized::of`].
    pub fn train_linearized(
        &self,
        net: &LayeredNetwork,
        points: ArrayView2<'_, f64>,
        steps: &[f64],
    ) -> Result<Array2<f64>> {
        let linear = Linearized::of(net, &self.data, points, *self.all_layers.training())?;
        let mut outputs = Array2::zeros((points.nrows(), steps.len()));
        for (mut column, at) in outputs.columns_mut().into_iter().zip(linear.test_outputs(steps)?) {
            column.assign(&at.column(0));
        }
        Ok(outputs)
    }

    /// Trains a random network for each seed, side by side.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn train_networks(
        &self,
        width: usize,
        points: Array2<f64>,
        steps: &[usize],
        seeds: &[u64],
    ) -> Result<TrainedOutputs> {
        let networks = in_parallel(seeds.len(), |i| {
            self.train(self.network(width, seeds[i])?, points.view(), steps)
        })?;
        Ok(TrainedOutputs { points, steps: steps.to_vec(), networks })
    }

    /// Mean over trained networks beside that of infinite width after the steps number `k`; `places` say
    /// where on an axis the points are. No bound on the gap is known.
    ///
    /// # Errors
    /// As [`all_layers`](Self::all_layers).
    pub fn compare_mean(
        &self,
        outputs: &TrainedOutputs,
        places: &[f64],
        k: usize,
    ) -> Result<Vec<Agreement>> {
        let theory = self.all_layers(outputs.points.view(), &[outputs.steps[k] as f64])?;
        let one = |run: &Array2<f64>| run.column(k).to_vec();
        let name = format!("mean after {} steps", outputs.steps[k]);
        compare_at(&name, places, theory.mean.column(0).to_vec(), outputs, one)
    }

    /// The same of the variance: the mean square of outputs around the mean of infinite width.
    ///
    /// # Errors
    /// As [`all_layers`](Self::all_layers).
    pub fn compare_variance(
        &self,
        outputs: &TrainedOutputs,
        places: &[f64],
        k: usize,
    ) -> Result<Vec<Agreement>> {
        let theory = self.all_layers(outputs.points.view(), &[outputs.steps[k] as f64])?;
        let mean = theory.mean.column(0);
        let one = |run: &Array2<f64>| (&run.column(k) - &mean).mapv(|x| x.powi(2)).to_vec();
        let name = format!("variance after {} steps", outputs.steps[k]);
        compare_at(&name, places, theory.deviation.iter().map(|s| s * s).collect(), outputs, one)
    }
}

impl TrainedOutputs {
    /// Mean and standard deviation over networks at each point, after the steps number `k`.
    pub fn moments(&self, k: usize) -> (Vec<f64>, Vec<f64>) {
        let n = self.networks.len() as f64;
        let at = |i: usize| {
            let mean = self.networks.iter().map(|run| run[[i, k]]).sum::<f64>() / n;
            let squares = self.networks.iter().map(|run| (run[[i, k]] - mean).powi(2)).sum::<f64>();
            (mean, (squares / (n - 1.0)).sqrt())
        };
        (0..self.points.nrows()).map(at).unzip()
    }
}

fn compare_at(
    name: &str,
    places: &[f64],
    theory: Vec<f64>,
    outputs: &TrainedOutputs,
    one: impl Fn(&Array2<f64>) -> Vec<f64>,
) -> Result<Vec<Agreement>> {
    let recorded = |values: Vec<f64>| -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Parameter, places);
        trajectory.push(name, values)?;
        Ok(trajectory)
    };
    let runs = outputs.networks.iter().map(|run| recorded(one(run))).collect::<Result<Vec<_>>>()?;
    compare(&recorded(theory)?, &runs, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::unit::Nonlinearity;
    use ndarray::arr2;

    fn ensemble() -> DescentEnsemble {
        let architecture = Architecture::dense(Nonlinearity::ERF, 1, 1.5, 1.0, 1.5, 0.1);
        let data = Dataset::new(arr2(&[[-1.0], [0.5], [2.0]]), arr2(&[[0.3], [-0.2], [1.0]]));
        DescentEnsemble::new(architecture, data.unwrap(), 0.3).unwrap()
    }

    #[test]
    fn training_the_last_layer_to_the_end_gives_the_posterior() {
        let (ensemble, points) = (ensemble(), arr2(&[[-2.0], [0.0], [1.0]]));
        let end = ensemble.last_layer(points.view(), &[f64::INFINITY]).unwrap();
        let posterior = ensemble.posterior(points.view()).unwrap();
        assert!((&end.mean - &posterior.mean).iter().all(|x| x.abs() < 1e-8));
        assert!((&end.deviation - &posterior.deviation).iter().all(|x| x.abs() < 1e-6));
    }

    #[test]
    fn before_the_first_step_nothing_is_learned() {
        let (ensemble, points) = (ensemble(), arr2(&[[-2.0], [0.5]]));
        let start = ensemble.before_training(points.view()).unwrap();
        let at_zero = ensemble.all_layers(points.view(), &[0.0]).unwrap();
        assert!((&start.mean - &at_zero.mean).iter().all(|x| x.abs() < 1e-12));
        assert!((&start.deviation - &at_zero.deviation).iter().all(|x| x.abs() < 1e-7));
        let net = ensemble.network(20, 3).unwrap();
        let outputs = ensemble.train(net.clone(), points.view(), &[0]).unwrap();
        let linear = ensemble.train_linearized(&net, points.view(), &[0.0]).unwrap();
        assert!((&outputs - &linear).iter().all(|x| x.abs() < 1e-12));
    }
}
