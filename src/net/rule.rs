//! Learning rules: what changes a network, given examples or their correlations.

use ndarray::ArrayView2;

use super::network::backpropagate;
use super::{Change, LinearNetwork, Loss, Network};
use crate::Correlations;

/// How a network's weights are to change.
///
/// Most rules are sums of a postsynaptic signal times presynaptic activity; they differ in who makes
/// the signal. What a rule remembers is in the rule.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// The gradient of the loss: signals are pulled back through the weights that made the outputs.
    Backprop,
}

impl Rule {
    /// Writes the change that a batch asks for, and gives the loss before it.
    ///
    /// # Panics
    /// If the shapes do not fit the network.
    pub fn change<N: Network>(
        &mut self,
        net: &N,
        inputs: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        loss: Loss,
        change: &mut Change,
    ) -> f64 {
        match self {
            Self::Backprop => backpropagate(net, inputs, targets, loss, change),
        }
    }

    /// The same for the half squared error of a linear network, averaged over all examples of a task:
    /// they are seen only through their correlations. This is the partner of a linear theory.
    ///
    /// # Panics
    /// If the task has other numbers of inputs or outputs.
    pub fn change_on_correlations(
        &mut self,
        net: &LinearNetwork,
        task: &Correlations,
        change: &mut Change,
    ) -> f64 {
        match self {
            Self::Backprop => net.write_gradient(task, change),
        }
    }
}
