//! What a learning rule wants to change: matrices shaped as the weights.

use ndarray::Array2;

/// A matrix for each matrix of weights: the direction in which a rule moves them. For backpropagation it
/// is the gradient of the loss. A step of descent *subtracts* it, times the rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Change(Vec<Array2<f64>>);

impl Change {
    /// No change of weights of these shapes.
    pub fn zeros_like(weights: &[Array2<f64>]) -> Self {
        Self(weights.iter().map(|w| Array2::zeros(w.dim())).collect())
    }

    /// The matrices, in the order of the weights.
    pub fn matrices(&self) -> &[Array2<f64>] {
        &self.0
    }

    /// The matrices, to write into.
    pub fn matrices_mut(&mut self) -> &mut [Array2<f64>] {
        &mut self.0
    }

    /// Length of all matrices taken as one vector.
    pub fn norm(&self) -> f64 {
        self.0.iter().flatten().map(|x| x * x).sum::<f64>().sqrt()
    }
}
