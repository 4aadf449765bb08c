//! Deep linear networks.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};

use super::network::chained;
use super::{Change, Network};
use crate::{Correlations, Error, Result};

/// A deep linear network, x ↦ W_L … W_1 x.
///
/// W_l is n_l × n_{l−1} and maps column to column; L counts weight matrices.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearNetwork {
    weights: Vec<Array2<f64>>,
}

impl LinearNetwork {
    /// From weight matrices, first layer first.
    ///
    /// # Errors
    /// No matrix, an empty one, one that does not take what the one before gives, or a value that
    /// is not finite.
    pub fn new(weights: Vec<Array2<f64>>) -> Result<Self> {
        Ok(Self { weights: chained(weights)? })
    }

    /// Weight matrices, first layer first.
    pub fn weights(&self) -> &[Array2<f64>] {
        &self.weights
    }

    /// Number of weight matrices L.
    pub fn depth(&self) -> usize {
        self.weights.len()
    }

    /// Units in each layer from inputs to outputs, L + 1 numbers.
    pub fn widths(&self) -> Vec<usize> {
        let first = self.weights[0].ncols();
        std::iter::once(first).chain(self.weights.iter().map(|w| w.nrows())).collect()
    }

    /// The whole map W_L … W_1, `n_out` × `n_in`.
    pub fn map(&self) -> Array2<f64> {
        let mut layers = self.weights.iter();
        let first = layers.next().cloned().unwrap_or_default();
        layers.fold(first, |map, w| w.dot(&map))
    }

    /// ½⟨‖y − Wx‖²⟩ of the whole map.
    ///
    /// # Panics
    /// If the task has other numbers of inputs or outputs.
    pub fn loss(&self, task: &Correlations) -> f64 {
        task.loss(self.map().view())
    }

    /// Derivative of [`loss`](Self::loss) in every weight,
    ///
    /// ```math
    /// \frac{\partial\mathcal L}{\partial W_i} = -(W_L\cdots W_{i+1})^\top
    ///   (\Sigma^{yx} - W\Sigma^x)\,(W_{i-1}\cdots W_1)^\top .
    /// ```
    ///
    /// # Panics
    /// If the task has other numbers of inputs or outputs.
    pub fn gradient(&self, task: &Correlations) -> Change {
        let mut change = Change::zeros_like(&self.weights);
        self.write_gradient(task, &mut change);
        change
    }

    /// Writes the gradient, and gives the loss.
    pub(super) fn write_gradient(&self, task: &Correlations, change: &mut Change) -> f64 {
        let map = self.map();
        let mut gap = -task.sigma_yx();
        general_mat_mul(1.0, &map, task.sigma_x(), 1.0, &mut gap);
        let edges: Vec<&Array2<f64>> = self.weights.iter().collect();
        add_chain_gradient(&edges, gap, |l, error, before| {
            let to = &mut change.matrices_mut()[l];
            match before {
                Some(before) => general_mat_mul(1.0, error, &before.t(), 0.0, to),
                None => to.assign(error),
            }
        });
        task.loss(map.view())
    }

    /// W_{l+1}ᵀW_{l+1} − W_l W_lᵀ for each hidden layer, L − 1 of them.
    ///
    /// Gradient flow conserves them; a step of descent changes them by the square of the rate.
    pub fn imbalances(&self) -> Vec<Array2<f64>> {
        let pairs = self.weights.windows(2);
        pairs.map(|w| w[1].t().dot(&w[1]) - w[0].dot(&w[0].t())).collect()
    }

    /// Refuses a task with other numbers of inputs or outputs.
    pub(super) fn require_fitting(&self, task: &Correlations) -> Result<()> {
        let (n_in, n_out) = (self.weights[0].ncols(), self.weights[self.depth() - 1].nrows());
        if (task.n_out(), task.n_in()) == (n_out, n_in) {
            return Ok(());
        }
        let expected = format!("{n_out} × {n_in}, the network's outputs and inputs");
        Err(Error::shape("input-output correlation", task.sigma_yx().dim(), expected))
    }
}

/// Spreads the derivative in a product of matrices W_L … W_1 over its factors, the last first:
/// `add(l, error, before)` is told (W_L … W_{l+1})ᵀ times that derivative and W_{l−1} … W_1 (none of
/// the first), counted from 0; their product is the derivative in factor l.
pub(crate) fn add_chain_gradient(
    factors: &[&Array2<f64>],
    by_product: Array2<f64>,
    mut add: impl FnMut(usize, &Array2<f64>, Option<&Array2<f64>>),
) {
    let depth = factors.len();
    let mut before: Vec<Array2<f64>> = Vec::with_capacity(depth);
    for factor in &factors[..depth - 1] {
        let product = before.last().map_or_else(|| (*factor).clone(), |b| factor.dot(b));
        before.push(product);
    }
    let mut error = by_product;
    for l in (1..depth).rev() {
        add(l, &error, Some(&before[l - 1]));
        error = factors[l].t().dot(&error);
    }
    add(0, &error, None);
}

/// What each layer of a linear network took, and what the last one made of it.
#[derive(Debug, Clone)]
pub struct LinearActivity {
    taken: Vec<Array2<f64>>,
    outputs: Array2<f64>,
}

impl Network for LinearNetwork {
    type Activity = LinearActivity;

    fn n_in(&self) -> usize {
        self.weights[0].ncols()
    }

    fn n_out(&self) -> usize {
        self.weights[self.weights.len() - 1].nrows()
    }

    fn n_layers(&self) -> usize {
        self.weights.len()
    }

    fn activity(&self, inputs: ArrayView2<'_, f64>) -> LinearActivity {
        let (mut taken, mut outputs) = (Vec::with_capacity(self.depth()), inputs.to_owned());
        for w in &self.weights {
            let next = outputs.dot(&w.t());
            taken.push(std::mem::replace(&mut outputs, next));
        }
        LinearActivity { taken, outputs }
    }

    fn outputs(activity: &LinearActivity) -> &Array2<f64> {
        &activity.outputs
    }

    fn pull_back(&self, layer: usize, signal: Array2<f64>, _: &LinearActivity) -> Array2<f64> {
        signal.dot(&self.weights[layer])
    }

    fn gather(
        &self,
        layer: usize,
        signal: &Array2<f64>,
        activity: &LinearActivity,
        change: &mut Change,
    ) {
        let to = &mut change.matrices_mut()[layer];
        general_mat_mul(1.0, &signal.t(), &activity.taken[layer], 0.0, to);
    }

    fn weights(&self) -> &[Array2<f64>] {
        &self.weights
    }

    fn weights_mut(&mut self) -> &mut [Array2<f64>] {
        &mut self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dataset;
    use crate::math::linalg::frobenius_norm;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::net::{Loss, initial};

    #[test]
    fn matrices_that_do_not_follow_each_other_are_refused_and_named() {
        let text = |w| LinearNetwork::new(w).unwrap_err().to_string();
        assert!(text(vec![]).contains("empty"));
        let text = text(vec![Array2::ones((3, 2)), Array2::ones((2, 4))]);
        assert!(text.contains("weight matrix 2 has shape (2, 4): expected 3 columns"), "{text}");
        assert!(LinearNetwork::new(vec![Array2::ones((0, 2))]).is_err());
        assert!(LinearNetwork::new(vec![Array2::from_elem((1, 1), f64::NAN)]).is_err());
    }

    #[test]
    fn the_map_is_the_product_of_the_layers() {
        let mut rng = stream(4, Purpose::Task, 0);
        let (a, b, c) = (
            gaussian(3, 2, 1.0, &mut rng),
            gaussian(4, 3, 1.0, &mut rng),
            gaussian(1, 4, 1.0, &mut rng),
        );
        let net = LinearNetwork::new(vec![a.clone(), b.clone(), c.clone()]).unwrap();
        assert_eq!(net.widths(), [2, 3, 4, 1]);
        let gap = net.map() - c.dot(&b.dot(&a));
        assert_eq!(frobenius_norm(gap.view()), 0.0);
    }

    #[test]
    fn correlations_give_the_gradient_that_the_examples_give() {
        let mut rng = stream(5, Purpose::Task, 0);
        let data =
            Dataset::new(gaussian(12, 4, 1.0, &mut rng), gaussian(12, 3, 1.0, &mut rng)).unwrap();
        let task = Correlations::of(&data).unwrap();
        for widths in [&[4, 3][..], &[4, 2, 3], &[4, 5, 6, 3]] {
            let std = vec![0.7; widths.len() - 1];
            let net = initial::gaussian(widths, &std, &mut rng).unwrap();
            let net = LinearNetwork::new(net).unwrap();
            let (loss, gradient) =
                net.loss_and_gradient(data.inputs.view(), data.targets.view(), Loss::HalfSquare);
            approx::assert_abs_diff_eq!(loss, net.loss(&task), epsilon = 1e-13 * loss.max(1.0));
            for (a, b) in gradient.matrices().iter().zip(net.gradient(&task).matrices()) {
                let size = frobenius_norm(a.view()).max(1.0);
                assert!(frobenius_norm((a - b).view()) < 1e-13 * size);
            }
        }
    }
}
