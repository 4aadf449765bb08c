//! A two-layer network with given weights, whatever they are.

use ndarray::Array2;

use crate::agreement::Tolerance;
use crate::deep_linear::balanced::imbalance;
use crate::deep_linear::end_to_end::{gram_flow, gram_flow_weights};
use crate::deep_linear::random_start::sensitivity;
use crate::deep_linear::recording::{record_maps, step_halving_tolerance, train};
use crate::deep_linear::riccati::RiccatiFlow;
use crate::math::linalg::spectral_norm;
use crate::math::random::{Purpose, orthogonal, stream};
use crate::{Correlations, Modes, Result, Solvable, Trajectory};

/// Largest error of the map, relative to the strongest mode's target, for which random weights are
/// taken for balanced.
const NEARLY_BALANCED: f64 = 0.05;

/// A two-layer network with given weights.
///
/// With white inputs and a λ-balanced start the matrix solution ([`RiccatiFlow`]) is exact. Small
/// random weights are taken for balanced with λ = 0; that puts the map off by at most their
/// imbalance ‖W₂ᵀW₂ − W₁W₁ᵀ‖₂ times their [`sensitivity`] (to first order in the imbalance; the
/// factor is measured, not proved: 0.56 at worst in 750 draws with 3 to 16 hidden units and four
/// modes, whatever the scale of weights and task). All else follows the Gram flow, which
/// is exact but integrated numerically.
///
/// `simulate` turns the hidden units by an orthogonal matrix drawn from its seed: theory says it
/// does not matter.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoLayerNetwork {
    /// The task.
    pub task: Correlations,
    /// Initial first layer, `n_hidden` × `n_in`.
    pub w1: Array2<f64>,
    /// Initial second layer, `n_out` × `n_hidden`.
    pub w2: Array2<f64>,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl TwoLayerNetwork {
    /// The closed form that applies, with the largest error of the map that its neglect of the
    /// imbalance may cause (0 if it is exact); `None` if only the Gram flow does.
    ///
    /// # Errors
    /// Weights that do not fit the task or are not finite.
    pub fn closed_form(&self) -> Result<Option<(RiccatiFlow, f64)>> {
        let Self { task, w1, w2, .. } = self;
        crate::deep_linear::riccati::check_shapes(task, w1, w2)?;
        if task.white_variance().is_none_or(|d| d <= 0.0) {
            return Ok(None);
        }
        let (lambda, rest) = imbalance(w1, w2)?;
        if rest == 0.0 {
            return Ok(Some((RiccatiFlow::new(task, w1, w2, lambda)?, 0.0)));
        }
        let flow = RiccatiFlow::new(task, w1, w2, 0.0)?;
        let error = (rest + lambda.abs()) * sensitivity(flow.modes(), w1, w2)?;
        let close = error <= NEARLY_BALANCED * spectral_norm(task.optimal_map())?;
        Ok(close.then_some((flow, error)))
    }

    /// The map W₂W₁ at increasing times.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn maps_at(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        match self.closed_form()? {
            Some((flow, _)) => {
                Ok(flow.states(times)?.iter().map(|state| state.map(flow.modes())).collect())
            }
            None => gram_flow(&self.task, &self.w1, &self.w2, times),
        }
    }

    /// Both weight matrices (W₁, W₂) at increasing times, up to a rotation of the hidden units:
    /// exact, so that nearly balanced weights follow the Gram flow here.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn weights_at(&self, times: &[f64]) -> Result<Vec<(Array2<f64>, Array2<f64>)>> {
        match self.closed_form()? {
            Some((flow, 0.0)) => {
                Ok(flow.states(times)?.iter().map(|state| state.weights(flow.modes())).collect())
            }
            _ => gram_flow_weights(&self.task, &self.w1, &self.w2, times),
        }
    }

    /// The network that this one is after some time, up to a rotation of its hidden units.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        let (w1, w2) = if let Some((flow, _)) = self.closed_form()? {
            flow.states(&[time])?.swap_remove(0).weights(flow.modes())
        } else {
            gram_flow_weights(&self.task, &self.w1, &self.w2, &[time])?.swap_remove(0)
        };
        Ok(Self { w1, w2, ..self.clone() })
    }

    /// The initial weights that `simulate` trains for a seed.
    pub fn initial_weights(&self, seed: u64) -> Vec<Array2<f64>> {
        let turn = orthogonal(self.w1.nrows(), &mut stream(seed, Purpose::InitialWeights, 1));
        vec![turn.dot(&self.w1), self.w2.dot(&turn.t())]
    }
}

impl Solvable for TwoLayerNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        record_maps(&self.task, &Modes::of(&self.task)?, grid, &self.maps_at(grid)?)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let modes = Modes::of(&self.task)?;
        train(self.initial_weights(seed), &self.task, &modes, self.rate, grid)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let modes = Modes::of(&self.task)?;
        let weights = vec![self.w1.clone(), self.w2.clone()];
        let mut tolerance =
            step_halving_tolerance(weights, &self.task, &modes, self.rate, prediction)?;
        let gap = self.closed_form()?.map_or(0.0, |(_, error)| error);
        if gap > 0.0 {
            // A map off by `gap` changes the loss by at most √(2dΔL)·gap + d·gap²/2.
            let d = modes.input_variances.iter().copied().fold(0.0, f64::max);
            let above = prediction.get("loss").map_or(0.0, |loss| {
                loss.iter().copied().fold(0.0, f64::max) - self.task.minimum_loss()
            });
            let loss = (2.0 * d * above).sqrt() * gap + 0.5 * d * gap * gap;
            let last = tolerance.gaps.len() - 1;
            for (i, allowed) in tolerance.gaps.iter_mut().enumerate() {
                *allowed += if i == last { loss } else { gap };
            }
            tolerance.reason =
                "the imbalance of the random weights, plus twice the step size's error";
        }
        Ok(tolerance)
    }
}
