//! What is trained: networks, initial conditions, descent.
//!
//! * [`LinearNetwork`]: a product of weight matrices; everything it sees of a task is in its
//!   [`Correlations`](crate::Correlations).
//! * [`DenseNetwork`]: fully connected layers with an [`Activation`].
//! * [`initial`]: the weights that training starts from.
//! * [`units`](online::units), [`gaussian_inputs`](online::gaussian_inputs): units that learn from one fresh example after another.
//! * [`Clock`], [`gradient_descent`] and its relatives: training, recorded at the times of a
//!   theory.
//!
//! **Conventions.** W_l is n_l × n_{l−1} and maps column to column; data are rows. The loss is
//! half the squared error, summed over outputs and averaged over examples. A step of rate η
//! subtracts η times the gradient and takes time η.

mod activation;
pub mod architecture;
mod dense;
mod descent;
pub mod fast;
pub mod finite_network;
pub mod initial;
mod linear;
pub mod online;
pub mod unit;

use ndarray::{Array2, ArrayView2, Axis, Zip};

use crate::math::linalg::require_finite;
use crate::{Error, Result};

pub use activation::Activation;
pub use dense::DenseNetwork;
pub use descent::{
    Batches, Clock, gradient_descent, gradient_descent_examples, gradient_descent_of,
    stochastic_gradient_descent,
};
pub use linear::LinearNetwork;

/// A differentiable map with layered weights. The gradient of a network is a network.
pub trait Network: Clone {
    /// Outputs for a batch of inputs; rows are examples.
    ///
    /// # Panics
    /// If the inputs have another number of columns than the first layer.
    fn forward(&self, inputs: ArrayView2<'_, f64>) -> Array2<f64>;

    /// The loss ½‖y − f(x)‖², mean over the batch, and its derivative in every weight.
    ///
    /// # Panics
    /// If the shapes do not fit the first and the last layer.
    fn loss_and_gradient(
        &self,
        inputs: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> (f64, Self);

    /// Weight matrices, first layer first.
    fn weights(&self) -> &[Array2<f64>];

    /// Weight matrices to change in place. Their shapes must stay as they are.
    fn weights_mut(&mut self) -> &mut [Array2<f64>];
}

/// Mean over rows of half the squared length; the loss of residuals.
fn mean_half_square(residuals: &Array2<f64>) -> f64 {
    0.5 * residuals.iter().map(|r| r * r).sum::<f64>() / residuals.nrows() as f64
}

/// Adds `factor` times the weights of `other`.
fn add_scaled<N: Network>(net: &mut N, factor: f64, other: &N) {
    for (w, g) in net.weights_mut().iter_mut().zip(other.weights()) {
        w.scaled_add(factor, g);
    }
}

/// Writes (1 − f)·`from` + f·`to` into `out`, exact at both ends.
fn interpolate(out: &mut [Array2<f64>], from: &[Array2<f64>], f: f64, to: &[Array2<f64>]) {
    for ((out, from), to) in out.iter_mut().zip(from).zip(to) {
        Zip::from(out).and(from).and(to).for_each(|out, from, to| *out = from + f * (to - from));
    }
}

/// Weight matrices that follow each other, finite, in rows one after another.
///
/// # Errors
/// No matrix, an empty one, one that does not take what the one before gives, or a value that is
/// not finite.
fn chained(weights: Vec<Array2<f64>>) -> Result<Vec<Array2<f64>>> {
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

/// Refuses data that do not fit a network's first and last layer.
fn require_fitting<N: Network>(
    net: &N,
    inputs: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
) -> Result<()> {
    let (n_in, n_out) = (net.weights()[0].ncols(), net.weights()[net.weights().len() - 1].nrows());
    let n = inputs.len_of(Axis(0));
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

#[cfg(test)]
mod tests;
