//! Networks linearized about their start: $`f_0 + J(\theta - \theta_0)`$.
//!
//! The outputs of the linearized network need no parameters (`lee2019`). They are those of one member
//! of a [trained ensemble](crate::wide::ensemble::trained), with the empirical tangent kernel Θ = JJᵀ of all
//! (example, output) pairs in place of its limit, and the network's own outputs f₀ and f₀∗ at the
//! start: under gradient flow of the loss ‖f − y‖²/2N, for times up to t,
//!
//! ```math
//! f = y + e^{-\eta t\,\Theta/N} (f_0 - y), \qquad
//! f_\ast = f_{0\ast} - \Theta_\ast \Theta^{-1} \left(1 - e^{-\eta t\,\Theta/N}\right) (f_0 - y) ,
//! ```
//!
//! and so for all other dynamics of [`Training`]. Nothing else is approximated: a gap to the trained
//! network is the change of its kernel.
//!
//! The loss of [simulations](crate::net::fast::full_batch) is summed over outputs and averaged over n examples: for
//! a network of several outputs that is `normalization: Some(n)`.

use ndarray::{Array1, Array2, ArrayView2};

use super::empirical_ntk::empirical_ntk;
use crate::net::LayeredNetwork;
use crate::net::Network;
use crate::wide::ensemble::trained::TrainedEnsemble;
use crate::wide::ensemble::training::Training;
use crate::{Dataset, Result};

/// A network linearized about its parameters, in training on n examples with C targets each.
#[derive(Debug, Clone)]
pub struct Linearized {
    /// Pairs of example and output as examples of one output.
    pairs: TrainedEnsemble,
    /// Kernel of test with training pairs, and its own diagonal.
    cross: Array2<f64>,
    diagonal: Array1<f64>,
    start: Array2<f64>,
    test_start: Array2<f64>,
    targets: Array2<f64>,
}

impl Linearized {
    /// Linearizes `net` where it is, to be trained on `data` and looked at on m `test` inputs.
    ///
    /// # Errors
    /// Data or test inputs of another shape than the network's, or not finite; a parameter of the
    /// training out of its range; steps that diverge.
    pub fn of(
        net: &LayeredNetwork,
        data: &Dataset,
        test: ArrayView2<'_, f64>,
        training: Training,
    ) -> Result<Self> {
        let kernel = empirical_ntk(net, data.inputs.view(), None)?;
        let cross = empirical_ntk(net, test, Some(data.inputs.view()))?;
        let diagonal = empirical_ntk(net, test, None)?.diag().to_owned();
        let targets = data.targets.as_standard_layout().into_owned();
        let pairs = TrainedEnsemble::last_layer(&kernel, &column(&targets), training)?;
        let (start, test_start) = (net.forward(data.inputs.view()), net.forward(test));
        Ok(Self { pairs, cross, diagonal, start, test_start, targets })
    }

    /// The rate from which on steps diverge; infinite for flows.
    pub fn max_learning_rate(&self) -> f64 {
        self.pairs.max_learning_rate()
    }

    /// Outputs on the examples, n × C, at each of `times`.
    ///
    /// # Errors
    /// A time that the dynamics does not have, or so late that a singular kernel would be inverted.
    /// Infinity is the end of training.
    pub fn outputs(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        let outputs = self.pairs.training_outputs(times, &column(&self.start))?;
        Ok(outputs.into_iter().map(|f| rows(&f, self.start.dim())).collect())
    }

    /// Outputs on the test points, m × C, at each of `times`.
    ///
    /// # Errors
    /// As [`outputs`](Self::outputs).
    pub fn test_outputs(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        let test = self.pairs.test_points(&self.cross, &self.cross, &self.diagonal)?;
        let outputs = test.outputs(times, &column(&self.start), &column(&self.test_start))?;
        Ok(outputs.into_iter().map(|f| rows(&f, self.test_start.dim())).collect())
    }

    /// The loss ‖f − y‖²/2N at each of `times`.
    ///
    /// # Errors
    /// As [`outputs`](Self::outputs).
    pub fn losses(&self, times: &[f64]) -> Result<Vec<f64>> {
        let n = self.pairs.training().n(self.targets.len());
        let loss = |f: Array2<f64>| {
            let squares = f.iter().zip(&self.targets).map(|(f, y)| (f - y).powi(2));
            0.5 * squares.sum::<f64>() / n
        };
        Ok(self.outputs(times)?.into_iter().map(loss).collect())
    }
}

/// Points × outputs as one column of pairs.
fn column(values: &Array2<f64>) -> Array2<f64> {
    rows(values, (values.len(), 1))
}

/// The same numbers, row by row, in another shape.
fn rows(values: &Array2<f64>, shape: (usize, usize)) -> Array2<f64> {
    let entries: Vec<f64> = values.iter().copied().collect();
    Array2::from_shape_vec(shape, entries).expect("as many numbers as before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::net::architecture::Architecture;
    use crate::net::layered::Sizes;
    use crate::net::unit::Nonlinearity;

    const OUTPUTS: usize = 2;

    fn task() -> (LayeredNetwork, Dataset, Array2<f64>) {
        let architecture = Architecture::dense(Nonlinearity::Tanh, 2, 1.4, 0.2, 1.0, 0.1);
        let sizes = Sizes { n_in: 3, width: 7, n_out: OUTPUTS };
        let net = LayeredNetwork::random(&architecture, sizes, 4).unwrap();
        let mut rng = stream(0, Purpose::Task, 0);
        let (x, y) = (gaussian(4, 3, 1.0, &mut rng), gaussian(4, OUTPUTS, 1.0, &mut rng));
        (net, Dataset::new(x, y).unwrap(), gaussian(3, 3, 1.0, &mut rng))
    }

    fn close(a: &Array2<f64>, b: &Array2<f64>, gate: f64) -> bool {
        a.dim() == b.dim() && (a - b).iter().all(|gap| gap.abs() < gate)
    }

    /// Derivatives of outputs in all parameters, by central differences.
    fn jacobian(net: &LayeredNetwork, inputs: &Array2<f64>) -> Array2<f64> {
        let h = 1e-5;
        let mut columns = Vec::new();
        for k in 0..net.weights().len() {
            for at in ndarray::indices(net.weights()[k].dim()) {
                let moved = |shift: f64| {
                    let mut moved = net.clone();
                    moved.weights_mut()[k][at] += shift;
                    moved.forward(inputs.view())
                };
                columns.push((moved(h) - moved(-h)) / (2.0 * h));
            }
        }
        let rows = columns[0].len();
        Array2::from_shape_fn((rows, columns.len()), |(i, j)| {
            columns[j][[i / OUTPUTS, i % OUTPUTS]]
        })
    }

    #[test]
    fn steps_are_those_of_a_linear_model_in_the_parameters() {
        let (net, data, test) = task();
        let (j, j_test) = (jacobian(&net, &data.inputs), jacobian(&net, &test));
        let n = data.targets.nrows() as f64;
        let training = Training { normalization: Some(n), ..Training::steps(0.2) };
        let linear = Linearized::of(&net, &data, test.view(), training).unwrap();
        let times: Vec<f64> = (0..=30).map(f64::from).collect();
        let found = linear.outputs(&times).unwrap();
        let (found_test, losses) =
            (linear.test_outputs(&times).unwrap(), linear.losses(&times).unwrap());
        let (start, test_start) = (net.forward(data.inputs.view()), net.forward(test.view()));
        let mut shift = Array2::<f64>::zeros((net.n_parameters(), 1));
        for ((found, found_test), found_loss) in found.iter().zip(&found_test).zip(&losses) {
            let outputs = &start + &rows(&j.dot(&shift), (4, OUTPUTS));
            let test_outputs = &test_start + &rows(&j_test.dot(&shift), (3, OUTPUTS));
            // Central differences err by 1e-10 or so.
            assert!(close(found, &outputs, 1e-8));
            assert!(close(found_test, &test_outputs, 1e-8));
            let gaps = column(&(outputs - &data.targets));
            let loss = 0.5 * gaps.iter().map(|g| g * g).sum::<f64>() / n;
            assert!((found_loss - loss).abs() < 1e-8);
            shift = shift - j.t().dot(&gaps) * (0.2 / n);
        }
    }

    #[test]
    fn test_points_that_are_examples_follow_them_and_end_at_the_targets() {
        let (net, data, _) = task();
        for (training, time) in [
            (Training::flow(0.3), 2.7),
            (Training::flow(0.3), f64::INFINITY),
            (Training::steps(0.1), 40.0),
        ] {
            let linear = Linearized::of(&net, &data, data.inputs.view(), training).unwrap();
            let outputs = &linear.outputs(&[time]).unwrap()[0];
            assert!(close(&linear.test_outputs(&[time]).unwrap()[0], outputs, 1e-11));
            if time.is_infinite() {
                assert!(close(outputs, &data.targets, 1e-12));
            }
        }
    }

    #[test]
    fn rates_that_diverge_are_refused() {
        let (net, data, test) = task();
        let bound = Linearized::of(&net, &data, test.view(), Training::steps(1e-3))
            .unwrap()
            .max_learning_rate();
        assert!(Linearized::of(&net, &data, test.view(), Training::steps(0.99 * bound)).is_ok());
        assert!(Linearized::of(&net, &data, test.view(), Training::steps(1.01 * bound)).is_err());
    }
}
