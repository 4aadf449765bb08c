//! Unlearning: reversal of a learned task, and interference between tasks learned in turn.

use crate::agreement::Tolerance;
use crate::deep_linear::half_times::first_crossing;
use crate::deep_linear::recording::{mode_name, record_strengths, step_halving_tolerance, train};
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::math::parallel::in_parallel;
use crate::{Correlations, Error, Modes, Result, Solvable, Trajectory};
use ndarray::Array2;

/// One mode of a two-layer network that has learned strength s/d and must now learn −s/d.
///
/// Relative to the new target the old weights lie in the decaying direction: the network goes to
/// zero and stays there, at a saddle, unless something is left to grow. `residual` is the size |p|
/// of what is left (p = (a + b)/2 relative to the new target), `lambda` the balance of the layers:
///
/// ```math
/// |p|^2 = \varepsilon^2 + \tfrac14\big(\sqrt{\lambda^2 + 4(s/d)^2} - 2s/d\big),\qquad
/// t_{\mathrm{escape}} \simeq \tfrac1s \ln\tfrac1\varepsilon \quad(\lambda = 0) ,
/// ```
///
/// so zero-balanced (rich) networks slow down exponentially and λ-balanced (lazy) ones do not
/// (`braun2022`). A shallow network reverses as fast as it learns.
///
/// # Errors
/// Values out of range.
pub fn reversed_mode(s: f64, d: f64, residual: f64, lambda: f64) -> Result<TwoLayerMode> {
    let (input_side, output_side) = reversed_sides(s, d, residual, lambda)?;
    TwoLayerMode::new(s, d, &input_side, &output_side)
}

/// The weights (W₁, W₂) of a network whose every mode is a [`reversed_mode`]: two hidden units for
/// each mode, one that carries the old solution and one that only the residual uses.
///
/// # Errors
/// Values out of range.
pub fn reversed_weights(
    modes: &Modes,
    residual: f64,
    lambda: f64,
) -> Result<(Array2<f64>, Array2<f64>)> {
    let mut w1 = Array2::zeros((2 * modes.len(), modes.v.nrows()));
    let mut w2 = Array2::zeros((modes.u.nrows(), 2 * modes.len()));
    for k in 0..modes.len() {
        let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
        let (input_side, output_side) = reversed_sides(s, d, residual, lambda)?;
        for i in 0..2 {
            w1.row_mut(2 * k + i).assign(&(&modes.v.column(k) * input_side[i]));
            w2.column_mut(2 * k + i).assign(&(&modes.u.column(k) * output_side[i]));
        }
    }
    Ok((w1, w2))
}

/// Hidden vectors a = p + m and b = p − m relative to the new target: m carries the old solution,
/// the balance tilts p along m, the residual is orthogonal to it.
fn reversed_sides(s: f64, d: f64, residual: f64, lambda: f64) -> Result<([f64; 2], [f64; 2])> {
    if !(residual.is_finite() && residual >= 0.0) {
        return Err(Error::parameter("residual", residual, "it must be finite and not negative"));
    }
    if !lambda.is_finite() {
        return Err(Error::parameter("lambda", lambda, "it must be finite"));
    }
    if !(s > 0.0 && d > 0.0) {
        return Err(Error::parameter(
            "singular value",
            s,
            "only a mode with s, d > 0 can be reversed",
        ));
    }
    let learned = s / d;
    // |m|² = (√(λ² + 4u²) + 2u)/4 and |b|² − |a|² = −4 p·m = λ.
    let m = (0.25 * (lambda.hypot(2.0 * learned) + 2.0 * learned)).sqrt();
    let along = -0.25 * lambda / m;
    Ok(([along + m, residual], [along - m, residual]))
}

/// A two-layer network that has learned the negative of its task, every mode of which is a
/// [`reversed_mode`]. Mode strengths and loss are recorded as of every linear network.
#[derive(Debug, Clone, PartialEq)]
pub struct ReversedNetwork {
    /// What is to be learned; every mode has s, d > 0, and modes decouple.
    pub task: Correlations,
    /// What is left to grow of each mode, ε.
    pub residual: f64,
    /// Balance λ of each mode's layers.
    pub lambda: f64,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl ReversedNetwork {
    fn weights(&self, modes: &Modes) -> Result<Vec<Array2<f64>>> {
        let (w1, w2) = reversed_weights(modes, self.residual, self.lambda)?;
        Ok(vec![w1, w2])
    }

    /// Gradient descent with the rate given.
    ///
    /// # Errors
    /// Values out of range, or a rate at which training diverges.
    pub fn train(&self, grid: &[f64], rate: f64) -> Result<Trajectory> {
        let modes = Modes::of(&self.task)?;
        train(self.weights(&modes)?, &self.task, &modes, rate, grid)
    }
}

impl Solvable for ReversedNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        crate::math::times::validate_times(grid)?;
        let modes = Modes::of(&self.task)?;
        let mode = |(s, d): (&f64, &f64)| reversed_mode(*s, *d, self.residual, self.lambda);
        let all = modes.singular_values.iter().zip(&modes.input_variances);
        let reversed = all.map(mode).collect::<Result<Vec<_>>>()?;
        let at = |t: &f64| reversed.iter().map(|mode| mode.strength(*t)).collect();
        record_strengths(&self.task, &modes, grid, &grid.iter().map(at).collect::<Vec<_>>())
    }

    /// The weights are given: the seed does not matter.
    fn simulate(&self, grid: &[f64], _seed: u64) -> Result<Trajectory> {
        self.train(grid, self.rate)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let modes = Modes::of(&self.task)?;
        step_halving_tolerance(self.weights(&modes)?, &self.task, &modes, self.rate, prediction)
    }
}

/// Times at which trained networks have half learned each mode, by network and mode; `None` where
/// that is not within `grid`.
///
/// # Errors
/// As [`ReversedNetwork::train`].
pub fn trained_half_times(
    networks: &[ReversedNetwork],
    grid: &[f64],
) -> Result<Vec<Vec<Option<f64>>>> {
    in_parallel(networks.len(), |i| {
        let run = networks[i].train(grid, networks[i].rate)?;
        let half = |(k, target): (usize, &f64)| {
            first_crossing(grid, run.get(&mode_name(k))?, 0.5 * target)
        };
        Ok(Modes::of(&networks[i].task)?.targets().iter().enumerate().map(half).collect())
    })
}

/// Loss after the reversal in a shallow network, at each time: with white inputs of variance d every
/// gap of 2s/d closes as e^{−dt}.
///
/// # Errors
/// Inputs that are not white.
pub fn shallow_reversal_loss(task: &Correlations, times: &[f64]) -> Result<Vec<f64>> {
    let Some(d) = task.white_variance().filter(|d| *d > 0.0) else {
        return Err(Error::Assumption {
            theory: "reversal in a shallow network",
            reason: "the inputs are not white".into(),
            remedy: "follow it with the shallow flow".into(),
        });
    };
    let start: f64 = Modes::of(task)?.singular_values.iter().map(|s| 2.0 * s * s / d).sum();
    Ok(times.iter().map(|t| task.minimum_loss() + start * (-2.0 * d * t).exp()).collect())
}

/// Loss on the first task after learning the second to convergence, from anywhere, at any depth
/// and balance: the network forgets all but what the two share.
///
/// ```math
/// \mathcal L_A(W_B^*) = \mathcal L_{A,\min} + \tfrac12\operatorname{tr}(W_B^*-W_A^*)\Sigma_A^x(W_B^*-W_A^*)^\top .
/// ```
///
/// Holds when every direction of the inputs has variance in the second task.
///
/// # Errors
/// Tasks of different shape, or a second task with directions without variance.
pub fn interference(first: &Correlations, second: &Correlations) -> Result<f64> {
    if first.sigma_yx().dim() != second.sigma_yx().dim() {
        let expected = format!("{:?} as the first", first.sigma_yx().dim());
        return Err(Error::shape("second task", second.sigma_yx().dim(), expected));
    }
    let variances = crate::math::linalg::eigh(second.sigma_x())?.0;
    let (largest, smallest) = (variances[0], variances[variances.len() - 1]);
    if smallest <= variances.len() as f64 * f64::EPSILON * largest {
        return Err(Error::Assumption {
            theory: "interference at convergence",
            reason: format!(
                "the second task's inputs have no variance in some direction ({smallest:.1e})"
            ),
            remedy: "what is kept there depends on the path: follow it with the end-to-end flow"
                .into(),
        });
    }
    Ok(first.loss(second.optimal_map().view()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::deep_linear::balanced::sample_two_layer;
    use crate::deep_linear::riccati::RiccatiFlow;
    use crate::math::random::{Purpose, stream};

    #[test]
    fn a_trained_reversal_follows_its_modes_and_waits_as_long() {
        let task = Correlations::white(Array2::from_diag(&ndarray::arr1(&[1.0, 0.6])), 1.0);
        let task = task.unwrap();
        let grid: Vec<f64> = (0..=400).map(|i| 0.05 * f64::from(i)).collect();
        for (residual, lambda) in [(1e-3, 0.0), (0.0, 1.5)] {
            let network = ReversedNetwork { task: task.clone(), residual, lambda, rate: 0.005 };
            let found = check(&network, &grid, &[0]).unwrap();
            assert!(found.iter().all(|agreement| agreement.holds()), "{found:?}");
            let trained = trained_half_times(&[network], &grid).unwrap();
            for (time, s) in trained[0].iter().zip([1.0, 0.6]) {
                let theory = reversed_mode(s, 1.0, residual, lambda).unwrap().half_time().unwrap();
                assert!((time.unwrap() / theory - 1.0).abs() < 0.02, "{time:?} {theory}");
            }
        }
    }

    #[test]
    fn a_shallow_reversal_starts_with_four_times_the_loss_of_no_knowledge() {
        let task = Correlations::white(ndarray::arr2(&[[0.3, 0.1], [-0.2, 0.5]]), 0.5).unwrap();
        let loss = shallow_reversal_loss(&task, &[0.0, 1.0]).unwrap();
        let map = task.optimal_map();
        assert!((loss[0] - task.loss((-map).view())).abs() < 1e-12);
        let later = map * (1.0 - 2.0 * (-0.5f64).exp());
        assert!((loss[1] - task.loss(later.view())).abs() < 1e-12);
    }

    #[test]
    fn escape_from_the_saddle_takes_the_logarithm_of_the_residual() {
        for (s, d) in [(1.0, 1.0), (0.5, 0.7)] {
            let escape = |e: f64| reversed_mode(s, d, e, 0.0).unwrap().half_time().unwrap();
            let slope = (escape(1e-8) - escape(1e-4)) / (1e4f64).ln();
            assert!((slope * s - 1.0).abs() < 1e-3, "{slope}");
        }
        assert_eq!(reversed_mode(1.0, 1.0, 0.0, 0.0).unwrap().half_time(), None);
    }

    #[test]
    fn a_lambda_balanced_reversal_is_the_matrix_solution() {
        let mut rng = stream(0, Purpose::InitialWeights, 0);
        for lambda in [0.5, 2.0, -8.0] {
            let (w1, w2) = sample_two_layer(3, 3, &[1.0, 0.8, 0.5], lambda, &mut rng).unwrap();
            let task = Correlations::white(-w2.dot(&w1), 1.0).unwrap();
            let flow = RiccatiFlow::new(&task, &w1, &w2, lambda).unwrap();
            let times = [0.0, 0.3, 1.0, 4.0];
            for (t, state) in times.iter().zip(flow.states(&times).unwrap()) {
                for (k, s) in [1.0, 0.8, 0.5].into_iter().enumerate() {
                    let expected = reversed_mode(s, 1.0, 0.0, lambda).unwrap().strength(*t);
                    assert!((state.strengths()[k] - expected).abs() < 1e-11);
                }
            }
        }
    }

    #[test]
    fn an_exact_reversal_is_never_learned() {
        let mut rng = stream(0, Purpose::InitialWeights, 0);
        let (w1, w2) = sample_two_layer(3, 3, &[1.0, 0.8, 0.5], 0.0, &mut rng).unwrap();
        let task = Correlations::white(-w2.dot(&w1), 1.0).unwrap();
        let flow = RiccatiFlow::new(&task, &w1, &w2, 0.0).unwrap();
        assert_eq!(flow.never_learned(), [0, 1, 2]);
        let end = &flow.states(&[500.0]).unwrap()[0];
        assert!(end.strengths().iter().all(|u| u.abs() < 1e-12));
    }

    #[test]
    fn forgetting_is_the_distance_between_the_tasks() {
        let a = Correlations::white(ndarray::arr2(&[[1.0, 0.0], [0.0, 2.0]]), 0.5).unwrap();
        let b = Correlations::white(ndarray::arr2(&[[0.0, 1.0], [0.0, 2.0]]), 0.5).unwrap();
        // ½ d ‖(S_B − S_A)/d‖² = ½ (1 + 1)/0.5
        assert!((interference(&a, &b).unwrap() - 2.0).abs() < 1e-14);
    }
}
