//! What can be trained: networks of layers.

use ndarray::{Array2, ArrayView2};

use super::{Change, Loss};
use crate::math::linalg::require_finite;
use crate::{Error, Result};

/// A map made of layers, each with weights or without.
///
/// What happens in training is made of three things: what every layer does with the inputs
/// ([`activity`](Self::activity)), what a signal at its outputs says at its inputs
/// ([`pull_back`](Self::pull_back)), and how its weights change, given what it took and the signal at
/// its outputs ([`gather`](Self::gather)): a sum over the rows in which a weight is used, which are
/// examples × places × times. A [`Rule`](super::Rule) puts them together.
pub trait Network: Clone {
    /// What each layer took and made of it, for a batch of inputs.
    type Activity;

    /// Numbers that an example consists of.
    fn n_in(&self) -> usize;

    /// Numbers that the network makes of an example.
    fn n_out(&self) -> usize;

    /// Number of layers, those without weights included.
    fn n_layers(&self) -> usize;

    /// Activity for a batch of inputs; rows are examples.
    ///
    /// # Panics
    /// If the inputs have another number of columns than [`n_in`](Self::n_in).
    fn activity(&self, inputs: ArrayView2<'_, f64>) -> Self::Activity;

    /// What an activity ends in: one row an example.
    fn outputs(activity: &Self::Activity) -> &Array2<f64>;

    /// Pulls a signal at the outputs of a layer back to its inputs: derivatives of a function of the
    /// outputs become its derivatives in what the layer took.
    ///
    /// # Panics
    /// If there is no such layer, or the signal has another shape than its outputs.
    fn pull_back(
        &self,
        layer: usize,
        signal: Array2<f64>,
        activity: &Self::Activity,
    ) -> Array2<f64>;

    /// Writes how the weights of a layer change: postsynaptic `signal` times presynaptic activity,
    /// summed over all rows that share a weight.
    ///
    /// # Panics
    /// As [`pull_back`](Self::pull_back), or if the change is shaped as other weights.
    fn gather(
        &self,
        layer: usize,
        signal: &Array2<f64>,
        activity: &Self::Activity,
        change: &mut Change,
    );

    /// Weight matrices, first layer first.
    fn weights(&self) -> &[Array2<f64>];

    /// Weight matrices to change in place. Their shapes must stay as they are.
    fn weights_mut(&mut self) -> &mut [Array2<f64>];

    /// Outputs for a batch of inputs; rows are examples.
    ///
    /// # Panics
    /// As [`activity`](Self::activity).
    fn forward(&self, inputs: ArrayView2<'_, f64>) -> Array2<f64> {
        Self::outputs(&self.activity(inputs)).clone()
    }

    /// The loss, mean over a batch, and its derivative in every weight, by backpropagation.
    ///
    /// # Panics
    /// If the shapes do not fit the first and the last layer.
    fn loss_and_gradient(
        &self,
        inputs: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        loss: Loss,
    ) -> (f64, Change) {
        let mut change = Change::zeros_like(self.weights());
        (backpropagate(self, inputs, targets, loss, &mut change), change)
    }
}

/// Writes the gradient of the loss, and gives the loss.
pub(super) fn backpropagate<N: Network>(
    net: &N,
    inputs: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
    loss: Loss,
    change: &mut Change,
) -> f64 {
    let activity = net.activity(inputs);
    let (value, mut signal) = loss.value_and_signal(N::outputs(&activity).clone(), targets);
    for layer in (0..net.n_layers()).rev() {
        net.gather(layer, &signal, &activity, change);
        if layer > 0 {
            signal = net.pull_back(layer, signal, &activity);
        }
    }
    value
}

/// Refuses data that do not fit a network's inputs and outputs.
pub(super) fn require_fitting<N: Network>(
    net: &N,
    inputs: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
) -> Result<()> {
    let (n, n_in, n_out) = (inputs.nrows(), net.n_in(), net.n_out());
    if inputs.ncols() != n_in {
        let expected = format!("{n_in} columns, one per input of the network");
        return Err(Error::shape("inputs", inputs.dim(), expected));
    }
    if targets.dim() != (n, n_out) {
        let expected = format!("{n} × {n_out}, one row per example and one column per output");
        return Err(Error::shape("targets", targets.dim(), expected));
    }
    if n == 0 {
        return Err(Error::shape("inputs", inputs.dim(), "at least one example"));
    }
    require_finite("inputs", inputs)?;
    require_finite("targets", targets)
}

/// Weight matrices that follow each other, finite, in rows one after another.
///
/// # Errors
/// No matrix, an empty one, one that does not take what the one before gives, or a value that is
/// not finite.
pub(super) fn chained(weights: Vec<Array2<f64>>) -> Result<Vec<Array2<f64>>> {
    if weights.is_empty() {
        return Err(Error::parameter("weights", "empty", "at least one matrix is needed"));
    }
    for (l, w) in weights.iter().enumerate() {
        let name = format!("weight matrix {}", l + 1);
        require_finite(&name, w.view())?;
        if w.is_empty() {
            return Err(Error::shape(name, w.dim(), "at least one row and one column"));
        }
        if l > 0 && w.ncols() != weights[l - 1].nrows() {
            let n = weights[l - 1].nrows();
            let expected = format!("{n} columns, one per unit of the layer before");
            return Err(Error::shape(name, w.dim(), expected));
        }
    }
    Ok(weights.into_iter().map(|w| w.as_standard_layout().into_owned()).collect())
}
