//! Whatever network has an exact theory, and what its hidden layer does with the inputs.

use ndarray::Array2;

use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::balanced_network::BalancedNetwork;
use crate::deep_linear::two_layer_network::TwoLayerNetwork;
use crate::math::linalg::{Svd, thin_svd};
use crate::{Correlations, Error, Result, Solvable};

/// A deep linear network that theory describes exactly, of one kind or another.
#[derive(Debug, Clone, PartialEq)]
pub enum ExactNetwork {
    /// Layers along the task's own modes, any depth.
    Aligned(AlignedNetwork),
    /// Balanced layers in any direction, any depth.
    Balanced(BalancedNetwork),
    /// Two layers with any weights.
    TwoLayer(TwoLayerNetwork),
}

impl ExactNetwork {
    /// The model behind its trait.
    pub fn model(&self) -> &dyn Solvable {
        match self {
            Self::Aligned(network) => network,
            Self::Balanced(network) => network,
            Self::TwoLayer(network) => network,
        }
    }

    /// What is learned.
    pub fn task(&self) -> &Correlations {
        match self {
            Self::Aligned(network) => &network.task,
            Self::Balanced(network) => &network.task,
            Self::TwoLayer(network) => &network.task,
        }
    }

    /// Learning rate of the simulation.
    pub fn rate(&self) -> f64 {
        match self {
            Self::Aligned(network) => network.rate,
            Self::Balanced(network) => network.rate,
            Self::TwoLayer(network) => network.rate,
        }
    }

    /// The same network, simulated with another learning rate.
    pub fn with_rate(self, rate: f64) -> Self {
        match self {
            Self::Aligned(network) => Self::Aligned(AlignedNetwork { rate, ..network }),
            Self::Balanced(network) => Self::Balanced(BalancedNetwork { rate, ..network }),
            Self::TwoLayer(network) => Self::TwoLayer(TwoLayerNetwork { rate, ..network }),
        }
    }

    /// Number of weight layers L.
    pub fn depth(&self) -> usize {
        match self {
            Self::Aligned(network) => network.depth(),
            Self::Balanced(network) => network.hidden.len() + 1,
            Self::TwoLayer(_) => 2,
        }
    }

    /// The initial weights that a simulation trains for a seed, which turns the hidden units.
    ///
    /// # Errors
    /// As the network's prediction.
    pub fn initial_weights(&self, seed: u64) -> Result<Vec<Array2<f64>>> {
        match self {
            Self::Aligned(network) => network.initial_weights(seed),
            Self::Balanced(network) => network.initial_weights(seed),
            Self::TwoLayer(network) => Ok(network.initial_weights(seed)),
        }
    }

    /// The network that this one is after some time, up to rotations of its hidden layers.
    ///
    /// # Errors
    /// As the network's prediction.
    pub fn after(&self, time: f64) -> Result<Self> {
        match self {
            Self::Aligned(network) => Ok(Self::Aligned(network.after(time)?)),
            Self::Balanced(network) => Ok(Self::Balanced(network.after(time)?)),
            Self::TwoLayer(network) => {
                let (w1, w2) = network.weights_at(&[time])?.swap_remove(0);
                Ok(Self::TwoLayer(TwoLayerNetwork { w1, w2, ..network.clone() }))
            }
        }
    }

    /// What the last hidden layer makes of the inputs, H = W_{L−1}…W₁, at increasing times: one row
    /// for each hidden unit, one column for each input, up to an orthogonal change of the units.
    ///
    /// Only HᵀH has a meaning: how similar the network finds two inputs. Aligned layers have it mode
    /// by mode. Of two layers it is W₁ᵀW₁, a block of the Riccati solution, or of the Gram flow
    /// where that is not exact. For balanced layers it follows from the map alone,
    ///
    /// ```math
    /// (W_{L-1}\cdots W_1)^\top (W_{L-1}\cdots W_1) = (W^\top W)^{1-1/L},\qquad W = W_L \cdots W_1 ,
    /// ```
    ///
    /// since $`W_L^\top W_L = W_{L-1}W_{L-1}^\top`$ and so on down (derived here).
    ///
    /// # Errors
    /// A shallow network, or as the network's prediction.
    pub fn hidden_maps_at(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        if self.depth() < 2 {
            return Err(no_hidden_layer());
        }
        match self {
            Self::Aligned(network) => {
                let bases: Vec<_> = network.hidden.iter().map(|n| Array2::eye(*n)).collect();
                let weights = network.weights_at(times, &bases)?;
                Ok(weights.iter().map(|layers| hidden_map(layers)).collect())
            }
            Self::Balanced(network) => {
                let power = 1.0 - (self.depth() as f64).recip();
                let root = |map: &Array2<f64>| {
                    let Svd { s, v, .. } = thin_svd(map)?;
                    Ok((&v * &s.mapv(|s| s.powf(power))).t().to_owned())
                };
                network.maps_at(times)?.iter().map(root).collect()
            }
            Self::TwoLayer(network) => {
                Ok(network.weights_at(times)?.into_iter().map(|(w1, _)| w1).collect())
            }
        }
    }
}

/// Product of all layers but the last, W_{L−1}…W₁.
///
/// # Panics
/// If there is no layer.
pub fn hidden_map(layers: &[Array2<f64>]) -> Array2<f64> {
    layers[1..layers.len().max(2) - 1].iter().fold(layers[0].clone(), |map, w| w.dot(&map))
}

pub(crate) fn no_hidden_layer() -> Error {
    Error::Assumption {
        theory: "hidden representations",
        reason: "a shallow network has no hidden representation".into(),
        remedy: "take at least 2 weight layers".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::cases;
    use crate::net::{LinearNetwork, gradient_descent};

    /// The largest entry by which HᵀH of a trained network misses that of theory.
    fn gap(network: &ExactNetwork, rate: f64, times: &[f64]) -> f64 {
        let theory = network.hidden_maps_at(times).unwrap();
        let net = LinearNetwork::new(network.initial_weights(3).unwrap()).unwrap();
        let mut worst = 0.0f64;
        gradient_descent(net, network.task(), rate, times, |i, net| {
            let (h, expected) = (hidden_map(net.weights()), &theory[i]);
            let gap = h.t().dot(&h) - expected.t().dot(expected);
            worst = gap.iter().fold(worst, |m, x| m.max(x.abs()));
            Ok(())
        })
        .unwrap();
        worst
    }

    #[test]
    fn similarities_in_the_hidden_layer_are_exact_for_every_kind_of_network() {
        let times = [0.0, 2.0, 5.0, 9.0];
        for network in [
            ExactNetwork::Aligned(cases::two_layer_unequal(1.0).unwrap()),
            ExactNetwork::Aligned(cases::four_layer_unequal(1.0).unwrap()),
            ExactNetwork::Aligned(cases::bottleneck(1.0).unwrap()),
            ExactNetwork::Balanced(cases::balanced_correlated(1.0).unwrap()),
            ExactNetwork::TwoLayer(cases::lambda_negative(1.0).unwrap()),
            ExactNetwork::TwoLayer(cases::small_random(1.0, 0.1).unwrap()),
            ExactNetwork::TwoLayer(cases::large_random(1.0).unwrap()),
        ] {
            let (whole, half) = (gap(&network, 0.004, &times), gap(&network, 0.002, &times));
            // All that is left is the step size: first order in it.
            assert!(whole < 0.05 && (whole / half - 2.0).abs() < 0.15, "{whole} {half}");
        }
    }

    #[test]
    fn a_shallow_network_has_no_hidden_layer() {
        let task = cases::shallow(1.0).unwrap().task;
        let network = ExactNetwork::Aligned(AlignedNetwork::uniform(task, &[], 0.1, 0.1));
        let text = network.hidden_maps_at(&[1.0]).unwrap_err().to_string();
        assert!(text.contains("no hidden representation") && text.contains("2 weight"), "{text}");
    }
}
