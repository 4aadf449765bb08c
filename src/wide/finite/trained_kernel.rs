//! Tangent kernels of single networks, before and after they are trained.

use ndarray::{Array2, ArrayView2};

use super::empirical_ntk::empirical_ntk;
use crate::math::linalg::eigh;
use crate::math::parallel::in_parallel;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::LayeredNetwork;
use crate::net::architecture::Architecture;
use crate::net::fast::full_batch::FullBatch;
use crate::net::layered::Sizes;
use crate::wide::kernel::dense::kernels;
use crate::{Dataset, Result};

/// Full-batch gradient descent that changes a tangent kernel.
#[derive(Debug, Clone)]
pub struct KernelTraining {
    /// Dense layers with nonlinearities between them.
    pub architecture: Architecture,
    /// What is learned.
    pub data: Dataset,
    /// Learning rate for the loss ½‖f − y‖² averaged over examples, as a share of the largest that is
    /// stable at infinite width.
    pub share: f64,
    /// Steps of training.
    pub steps: usize,
}

/// The tangent kernel of one network between two sets of points: rows × columns.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedKernel {
    /// At random weights.
    pub before: Array2<f64>,
    /// After training.
    pub after: Array2<f64>,
}

impl KernelTraining {
    /// The learning rate: the share of 2n/w₁ for n examples, w₁ the largest eigenvalue of the limit
    /// kernel.
    ///
    /// # Errors
    /// As [`kernels`] and [`eigh`].
    pub fn rate(&self) -> Result<f64> {
        let kernel = kernels(&self.architecture, self.data.inputs.view(), None)?.ntk;
        Ok(self.share * (2.0 * self.data.n_samples() as f64 / eigh(&kernel)?.0[0]))
    }

    /// Kernels of networks of one width between the points `x` and `z`, one network for each seed.
    ///
    /// # Errors
    /// Points of another dimension, descent that diverges.
    pub fn draw(
        &self,
        width: usize,
        x: ArrayView2<'_, f64>,
        z: ArrayView2<'_, f64>,
        seeds: &[u64],
    ) -> Result<Vec<TrainedKernel>> {
        let rate = self.rate()?;
        let (n_in, n_out) = (self.data.inputs.ncols(), self.data.targets.ncols());
        in_parallel(seeds.len(), |i| {
            let sizes = Sizes { n_in, width, n_out };
            let net = LayeredNetwork::random(&self.architecture, sizes, seeds[i])?;
            let before = empirical_ntk(&net, x, Some(z))?;
            let mut descent = FullBatch::trainer(net, &self.data, rate, false)?;
            descent.advance_to(self.steps as f64)?;
            Ok(TrainedKernel { before, after: empirical_ntk(descent.network(), x, Some(z))? })
        })
    }
}

/// The task f(x) = x₁x₂ on Gaussian inputs, always the same ones.
///
/// # Errors
/// No examples.
pub fn product_task(examples: usize) -> Result<Dataset> {
    let inputs = gaussian(examples, 2, 1.0, &mut stream(0, Purpose::Task, 0));
    let targets = Array2::from_shape_fn((examples, 1), |(i, _)| inputs[[i, 0]] * inputs[[i, 1]]);
    Dataset::new(inputs, targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::unit::Nonlinearity;
    use crate::wide::finite::kernel_change::relative_change;

    #[test]
    fn kernels_of_wide_networks_change_less_in_training() {
        let std = 2f64.sqrt();
        let architecture = Architecture::dense(Nonlinearity::RELU, 2, std, 0.1, std, 0.1);
        let data = product_task(8).unwrap();
        let points = data.inputs.clone();
        let training = KernelTraining { architecture, data, share: 0.2, steps: 30 };
        let change = |width: usize| {
            let drawn = training.draw(width, points.view(), points.view(), &[0, 1, 2]).unwrap();
            let changes = drawn.iter().map(|k| relative_change(k.after.view(), k.before.view()));
            changes.map(|change| change.unwrap()).sum::<f64>() / 3.0
        };
        let (narrow, wide) = (change(10), change(160));
        assert!(wide > 0.0 && wide < 0.5 * narrow, "{narrow} {wide}");
    }
}
