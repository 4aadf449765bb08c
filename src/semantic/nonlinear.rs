//! Two-layer networks with nonlinear hidden units on the same data, to see how far linear theory
//! reaches.
//!
//! In the table [`Dataset::worm`](crate::Dataset::worm) 64 tanh units follow linear theory to some 10 %,
//! rectified ones only to some 50 %: with one-hot items a rectified unit never hears of the items whose
//! first weight is negative, half of them. That is no failure of the linear theory of gated networks, which
//! accounts for nearly all of it ([`gated::frozen`](crate::gated::frozen)).

use ndarray::Array2;

use crate::math::parallel::in_parallel;
use crate::math::random::{Purpose, stream};
use crate::math::statistics::mean_course;
use crate::net::{LayeredNetwork, Network, Nonlinearity, gradient_descent_examples, initial};
use crate::{Dataset, Result};

/// A two-layer network with small random weights and any hidden units.
///
/// There is no theory of it here: it is what linear theories are held against. Weights are
/// independent Gaussians of standard deviation `scale`/√`n_hidden`, as in
/// [`Start::Random`](crate::course::Start::Random).
#[derive(Debug, Clone, PartialEq)]
pub struct NonlinearNetwork {
    /// What is learned.
    pub data: Dataset,
    /// Number of hidden units.
    pub n_hidden: usize,
    /// What hidden units do.
    pub activation: Nonlinearity,
    /// Size (singular values) of the layers at the start.
    pub scale: f64,
    /// Learning rate η; k steps take time kη.
    pub rate: f64,
}

/// What a network does with its examples at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Outputs, P × `n_out`.
    pub outputs: Array2<f64>,
    /// Outputs of the hidden units, P × `n_hidden`.
    pub hidden: Array2<f64>,
}

/// Trains a network by full-batch gradient descent; one snapshot for each time.
///
/// # Errors
/// Data that do not fit, times that do not increase, or a rate at which training diverges.
pub fn snapshots(
    net: LayeredNetwork,
    data: &Dataset,
    rate: f64,
    times: &[f64],
) -> Result<Vec<Snapshot>> {
    let mut snapshots = Vec::with_capacity(times.len());
    gradient_descent_examples(net, data, rate, times, |_, net| {
        let inputs = data.inputs.view();
        let hidden = net.hidden(inputs).pop().unwrap_or_default();
        snapshots.push(Snapshot { outputs: net.forward(inputs), hidden });
        Ok(())
    })?;
    Ok(snapshots)
}

impl NonlinearNetwork {
    /// A network whose modes are expected to start with the strength `u0` each: entries of variance
    /// σ²/N in both layers of N units make modes of strength σ²/2.
    pub fn of_strength(
        data: Dataset,
        n_hidden: usize,
        activation: Nonlinearity,
        u0: f64,
        rate: f64,
    ) -> Self {
        Self { data, n_hidden, activation, scale: (2.0 * u0).sqrt(), rate }
    }

    /// The network before it is trained.
    ///
    /// # Errors
    /// A size that is zero or not finite.
    pub fn start(&self, seed: u64) -> Result<LayeredNetwork> {
        let widths = [self.data.inputs.ncols(), self.n_hidden, self.data.targets.ncols()];
        let std = self.scale / (self.n_hidden.max(1) as f64).sqrt();
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let weights = initial::gaussian(&widths, &[std, std], &mut rng)?;
        LayeredNetwork::dense(weights, self.activation)
    }

    /// Trains by full-batch gradient descent; one snapshot for each time.
    ///
    /// # Errors
    /// A size or rate out of range, times that do not increase, or a rate at which training diverges.
    pub fn train(&self, times: &[f64], seed: u64) -> Result<Vec<Snapshot>> {
        snapshots(self.start(seed)?, &self.data, self.rate, times)
    }

    /// Loss at each time, half the squared error averaged over items.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn losses(&self, times: &[f64], seed: u64) -> Result<Vec<f64>> {
        let loss = |s: &Snapshot| {
            let errors = &s.outputs - &self.data.targets;
            0.5 * errors.iter().map(|e| e * e).sum::<f64>() / self.data.n_samples() as f64
        };
        Ok(self.train(times, seed)?.iter().map(loss).collect())
    }

    /// What the network says about one feature of one item (by row and column of the data) at each
    /// time, the mean over seeds.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn mean_answer(
        &self,
        (item, feature): (usize, usize),
        times: &[f64],
        seeds: &[u64],
    ) -> Result<Vec<f64>> {
        let runs = in_parallel(seeds.len(), |i| {
            let snapshots = self.train(times, seeds[i])?;
            Ok(snapshots.iter().map(|s| s.outputs[[item, feature]]).collect())
        })?;
        Ok(mean_course(&runs))
    }
}

/// [`NonlinearNetwork::losses`] of several networks side by side.
///
/// # Errors
/// The first error in their order.
pub fn losses(networks: &[NonlinearNetwork], times: &[f64], seed: u64) -> Result<Vec<Vec<f64>>> {
    in_parallel(networks.len(), |i| networks[i].losses(times, seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_hold_what_the_network_does_and_it_learns() {
        let data = Dataset::toy();
        for activation in [Nonlinearity::Linear, Nonlinearity::Tanh, Nonlinearity::RELU] {
            let network = NonlinearNetwork {
                data: data.clone(),
                n_hidden: 16,
                activation,
                scale: 0.1,
                rate: 0.05,
            };
            let run = network.train(&[0.0, 200.0], 3).unwrap();
            assert_eq!((run[0].outputs.dim(), run[1].hidden.dim()), ((4, 7), (4, 16)));
            let error = |s: &Snapshot| (&s.outputs - &data.targets).mapv(|e| e * e).sum();
            assert!(error(&run[1]) < 0.01 * error(&run[0]), "{activation}");
            let losses = network.losses(&[0.0, 200.0], 3).unwrap();
            assert!((losses[1] - error(&run[1]) / 8.0).abs() < 1e-12);
            let mean = network.mean_answer((1, 2), &[200.0], &[3, 3]).unwrap();
            assert!((mean[0] - run[1].outputs[[1, 2]]).abs() < 1e-12);
        }
    }
}
