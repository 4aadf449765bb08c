//! Fully connected networks.

use ndarray::{Array2, ArrayView2, Zip};

use super::{Activation, Network, chained, mean_half_square};
use crate::Result;

/// A fully connected network without biases: hidden layers g(W_l x), outputs linear.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseNetwork {
    weights: Vec<Array2<f64>>,
    activation: Activation,
}

impl DenseNetwork {
    /// From weight matrices, first layer first, and the activation of all hidden units.
    ///
    /// # Errors
    /// No matrix, an empty one, one that does not take what the one before gives, or a value that
    /// is not finite.
    pub fn new(weights: Vec<Array2<f64>>, activation: Activation) -> Result<Self> {
        Ok(Self { weights: chained(weights)?, activation })
    }

    /// What hidden units do to their input.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Inputs h_l = W_l g(h_{l−1}) of every layer's units; the last are the outputs.
    fn fields(&self, inputs: ArrayView2<'_, f64>) -> Vec<Array2<f64>> {
        let mut fields = vec![inputs.dot(&self.weights[0].t())];
        for (l, w) in self.weights[1..].iter().enumerate() {
            fields.push(self.rates(&fields[l]).dot(&w.t()));
        }
        fields
    }

    /// What the units of every hidden layer put out, P × width each, first layer first.
    pub fn hidden(&self, inputs: ArrayView2<'_, f64>) -> Vec<Array2<f64>> {
        let mut fields = self.fields(inputs);
        fields.pop();
        fields.iter().map(|field| self.rates(field)).collect()
    }

    /// Outputs g(h) of hidden units.
    fn rates(&self, field: &Array2<f64>) -> Array2<f64> {
        field.mapv(|h| self.activation.value(h))
    }
}

impl Network for DenseNetwork {
    fn forward(&self, inputs: ArrayView2<'_, f64>) -> Array2<f64> {
        let first = inputs.dot(&self.weights[0].t());
        self.weights[1..].iter().fold(first, |field, w| self.rates(&field).dot(&w.t()))
    }

    fn loss_and_gradient(
        &self,
        inputs: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> (f64, Self) {
        let mut fields = self.fields(inputs);
        let residuals = fields.pop().unwrap_or_default() - targets;
        let loss = mean_half_square(&residuals);
        let mut error = residuals / inputs.nrows() as f64;
        let mut gradient = Vec::with_capacity(self.weights.len());
        for (field, w) in fields.iter().zip(&self.weights[1..]).rev() {
            gradient.push(error.t().dot(&self.rates(field)));
            error = error.dot(w);
            Zip::from(&mut error).and(field).for_each(|e, h| *e *= self.activation.slope(*h));
        }
        gradient.push(error.t().dot(&inputs));
        gradient.reverse();
        // A product of a transpose may come out with its columns one after another.
        let gradient = gradient.into_iter().map(|g| g.as_standard_layout().into_owned());
        (loss, Self { weights: gradient.collect(), activation: self.activation })
    }

    fn weights(&self) -> &[Array2<f64>] {
        &self.weights
    }

    fn weights_mut(&mut self) -> &mut [Array2<f64>] {
        &mut self.weights
    }
}
