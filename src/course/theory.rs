//! Which theory holds for a course's start and task.

use ndarray::{Array2, s};
use rand_chacha::ChaCha8Rng;

use super::settings::{Course, Start};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::balanced::sample_two_layer;
use crate::deep_linear::balanced_network::BalancedNetwork;
use crate::deep_linear::exact_network::ExactNetwork;
use crate::deep_linear::two_layer_network::TwoLayerNetwork;
use crate::math::random::{Purpose, orthogonal, stream};
use crate::net::initial;
use crate::{Correlations, Modes, Result};

/// A network with its theory, and what is special about them.
pub(crate) struct Setting {
    pub network: ExactNetwork,
    pub weights: Vec<Array2<f64>>,
    pub theory: &'static str,
    /// Whether the theory's error is known.
    pub bounded: bool,
    pub warnings: Vec<String>,
    /// Half times in closed form, where there is one.
    pub half_times: Option<Vec<Option<f64>>>,
}

/// Until the weights are known the stability limit is not, so no learning rate can be chosen.
const RATE_NOT_YET_KNOWN: f64 = f64::NAN;

/// Predicted map at a time; `strengths` are those of the modes then.
pub(crate) fn map_at(
    network: &ExactNetwork,
    time: f64,
    modes: &Modes,
    strengths: &[f64],
) -> Result<Array2<f64>> {
    match network {
        // Nothing but the modes.
        ExactNetwork::Aligned(_) => Ok(modes.map(strengths)),
        ExactNetwork::Balanced(network) => Ok(network.maps_at(&[time])?.swap_remove(0)),
        ExactNetwork::TwoLayer(network) => Ok(network.maps_at(&[time])?.swap_remove(0)),
    }
}

impl Course {
    fn hidden(&self, n_hidden: usize) -> Vec<usize> {
        vec![n_hidden; self.layers - 1]
    }

    /// Chooses the theory that holds for this start and task.
    pub(crate) fn setting(
        &self,
        task: &Correlations,
        modes: &Modes,
        n_hidden: usize,
    ) -> Result<Setting> {
        let hidden = self.hidden(n_hidden);
        let mut rng = stream(self.seed, Purpose::InitialWeights, 0);
        let strength = self.scale.powi(self.layers as i32);
        let n_modes = hidden.iter().copied().min().unwrap_or(usize::MAX).min(modes.len());
        match self.start {
            Start::Aligned if modes.decoupled() => self.aligned(task, &hidden),
            Start::Aligned => self.balanced(task, modes.map(&vec![strength; n_modes]), hidden),
            Start::Balanced if self.layers != 2 => {
                let (u, v) =
                    (orthogonal(task.n_out(), &mut rng), orthogonal(task.n_in(), &mut rng));
                let map = u.slice(s![.., ..n_modes]).dot(&v.slice(s![.., ..n_modes]).t());
                self.balanced(task, map * strength, hidden)
            }
            Start::Balanced | Start::Lambda(_) => {
                let lambda = if let Start::Lambda(lambda) = self.start { lambda } else { 0.0 };
                let mut s0 = vec![strength; n_hidden];
                s0.iter_mut().skip(n_modes).for_each(|s| *s = 0.0);
                let (w1, w2) = sample_two_layer(task.n_in(), task.n_out(), &s0, lambda, &mut rng)?;
                two_layer(task, w1, w2)
            }
            Start::Random => self.random(task, hidden, &mut rng),
        }
    }

    fn aligned(&self, task: &Correlations, hidden: &[usize]) -> Result<Setting> {
        let model = AlignedNetwork::uniform(task.clone(), hidden, self.scale, RATE_NOT_YET_KNOWN);
        Ok(Setting {
            weights: model.initial_weights(self.seed)?,
            half_times: Some(model.half_times()?),
            network: ExactNetwork::Aligned(model),
            theory: "closed form, mode by mode",
            bounded: true,
            warnings: Vec::new(),
        })
    }

    fn balanced(
        &self,
        task: &Correlations,
        initial_map: Array2<f64>,
        hidden: Vec<usize>,
    ) -> Result<Setting> {
        let rate = RATE_NOT_YET_KNOWN;
        let model = BalancedNetwork { task: task.clone(), initial_map, hidden, rate };
        Ok(Setting {
            weights: model.initial_weights(self.seed)?,
            network: ExactNetwork::Balanced(model),
            theory: "end-to-end flow of a balanced network, any inputs",
            bounded: true,
            warnings: Vec::new(),
            half_times: None,
        })
    }

    fn random(
        &self,
        task: &Correlations,
        hidden: Vec<usize>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Setting> {
        let fan = hidden.first().copied().unwrap_or(task.n_in());
        let mut widths = vec![task.n_in()];
        widths.extend(&hidden);
        widths.push(task.n_out());
        let stds = vec![self.scale / (fan as f64).sqrt(); self.layers];
        let weights = initial::gaussian(&widths, &stds, rng)?;
        if let [w1, w2] = weights.as_slice() {
            return two_layer(task, w1.clone(), w2.clone());
        }
        let initial_map = weights[1..].iter().fold(weights[0].clone(), |map, w| w.dot(&map));
        let rate = RATE_NOT_YET_KNOWN;
        let network = ExactNetwork::Balanced(BalancedNetwork {
            task: task.clone(),
            initial_map,
            hidden,
            rate,
        });
        if self.layers == 1 {
            let theory = "shallow network, any inputs";
            let (warnings, half_times) = (Vec::new(), None);
            return Ok(Setting { network, weights, theory, bounded: true, warnings, half_times });
        }
        let warning = format!(
            "no exact theory is known for random weights in {} layers: the prediction treats them \
             as balanced, and its error has no bound",
            self.layers
        );
        Ok(Setting {
            network,
            weights,
            theory: "end-to-end flow, as if balanced",
            bounded: false,
            warnings: vec![warning],
            half_times: None,
        })
    }
}

fn two_layer(task: &Correlations, w1: Array2<f64>, w2: Array2<f64>) -> Result<Setting> {
    let weights = vec![w1.clone(), w2.clone()];
    let model = TwoLayerNetwork { task: task.clone(), w1, w2, rate: RATE_NOT_YET_KNOWN };
    let (mut warnings, mut bounded) = (Vec::new(), true);
    let theory = match model.closed_form()? {
        None => "Gram flow, exact for any two-layer network",
        Some((flow, neglected)) => {
            let missing: Vec<_> =
                flow.never_learned().iter().map(|k| (k + 1).to_string()).collect();
            if !missing.is_empty() && flow.modes().len() <= model.w1.nrows() {
                warnings.push(format!(
                    "from these initial weights gradient flow never learns mode {}: the start has \
                     no component along it (use another seed or more hidden units); rounding may \
                     free the simulation, so it is not judged",
                    missing.join(", ")
                ));
                bounded = false;
            }
            if neglected > 0.0 {
                "matrix solution, random weights taken as balanced"
            } else {
                "matrix solution, exact"
            }
        }
    };
    let network = ExactNetwork::TwoLayer(model);
    Ok(Setting { network, weights, theory, bounded, warnings, half_times: None })
}
