//! How far the tangent kernel of a two-layer network turns, against the balance of its layers.

use ndarray::{Array1, Array2, s};

use crate::agreement::Tolerance;
use crate::agreement::halving::{compare_with_descent, tolerance_by_halving};
use crate::deep_linear::balanced::sample_two_layer;
use crate::deep_linear::kernel::TangentKernel;
use crate::deep_linear::riccati::RiccatiFlow;
use crate::math::parallel::in_parallel;
use crate::math::random::{Purpose, orthogonal, stream};
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Agreement, Axis, Correlations, Result, Solvable, Trajectory};

/// A two-layer network from λ-balanced weights, with white inputs, of which the "loss" and the
/// "kernel movement" since the start are recorded (`domine2025`).
#[derive(Debug, Clone, PartialEq)]
pub struct KernelMovement {
    /// The task; its inputs are white.
    pub task: Correlations,
    /// Initial first layer, `n_hidden` × `n_in`.
    pub w1: Array2<f64>,
    /// Initial second layer, `n_out` × `n_hidden`.
    pub w2: Array2<f64>,
    /// Balance of the layers, W₂ᵀW₂ − W₁W₁ᵀ = λI.
    pub lambda: f64,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl KernelMovement {
    /// Gradient descent with the rate given.
    ///
    /// # Errors
    /// Weights that do not fit the task, or a rate at which training diverges.
    pub fn train(&self, grid: &[f64], rate: f64) -> Result<Trajectory> {
        let mut points = Vec::with_capacity(grid.len());
        let net = LinearNetwork::new(vec![self.w1.clone(), self.w2.clone()])?;
        gradient_descent(net, &self.task, rate, grid, |_, net| {
            let (w1, w2) = (&net.weights()[0], &net.weights()[1]);
            points.push((w2.dot(w1), TangentKernel::of(w1, w2)));
            Ok(())
        })?;
        self.record(grid, points)
    }

    fn record(
        &self,
        grid: &[f64],
        points: Vec<(Array2<f64>, TangentKernel)>,
    ) -> Result<Trajectory> {
        let start = TangentKernel::of(&self.w1, &self.w2);
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        trajectory.push("loss", points.iter().map(|(w, _)| self.task.loss(w.view())).collect())?;
        let movement = points.iter().map(|(_, k)| start.movement(k, self.task.sigma_x()));
        trajectory.push("kernel movement", movement.collect())?;
        Ok(trajectory)
    }
}

impl Solvable for KernelMovement {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let flow = RiccatiFlow::new(&self.task, &self.w1, &self.w2, self.lambda)?;
        let modes = flow.modes();
        let states = flow.states(grid)?;
        let points = states.iter().map(|s| (s.map(modes), TangentKernel::of_state(s, modes)));
        self.record(grid, points.collect())
    }

    /// The weights are given: the seed does not matter.
    fn simulate(&self, grid: &[f64], _seed: u64) -> Result<Trajectory> {
        self.train(grid, self.rate)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        tolerance_by_halving(self.rate, |rate| self.train(prediction.grid(), rate))
    }
}

/// Networks that differ in λ only: a random task with given singular values, and random λ-balanced
/// weights of as many hidden units whose map has equal singular values.
#[derive(Debug, Clone, PartialEq)]
pub struct BalanceSeries {
    /// Singular values of the task, one for each input.
    pub singular_values: Vec<f64>,
    /// Number of outputs, at least that of inputs.
    pub n_out: usize,
    /// Singular values of the map at the start.
    pub scale: f64,
    /// Learning rate η of the simulation.
    pub rate: f64,
    /// Seed of task and weights.
    pub seed: u64,
}

impl BalanceSeries {
    /// The network of one λ. The random streams are the same for every λ.
    ///
    /// A square zero-balanced network can only learn a map whose determinant has the sign of its own.
    /// With as many outputs as inputs, of the two tasks that differ in the sign of the first mode this
    /// is therefore the learnable one.
    ///
    /// # Errors
    /// Fewer outputs than inputs, or values that are not finite.
    pub fn network(&self, lambda: f64) -> Result<KernelMovement> {
        let (n_in, n_out) = (self.singular_values.len(), self.n_out);
        let mut rng = stream(self.seed, Purpose::InitialWeights, 0);
        let (w1, w2) = sample_two_layer(n_in, n_out, &vec![self.scale; n_in], lambda, &mut rng)?;
        let mut rng = stream(self.seed, Purpose::Task, 0);
        let (u, v) = (orthogonal(n_out, &mut rng), orthogonal(n_in, &mut rng));
        let task = |sign: f64| {
            let mut s = Array1::from(self.singular_values.clone());
            s.iter_mut().take(1).for_each(|s| *s *= sign);
            Correlations::white((&u.slice(s![.., ..n_in]) * &s).dot(&v.t()), 1.0)
        };
        let right = task(1.0)?;
        let learnable = RiccatiFlow::new(&right, &w1, &w2, 0.0)?.never_learned().is_empty();
        let task = if learnable || n_out != n_in { right } else { task(-1.0)? };
        Ok(KernelMovement { task, w1, w2, lambda, rate: self.rate })
    }

    /// Predicted kernel movement until a time, for each λ.
    ///
    /// # Errors
    /// As [`network`](Self::network) and its prediction.
    pub fn movements(&self, lambdas: &[f64], time: f64) -> Result<Vec<f64>> {
        in_parallel(lambdas.len(), |i| Ok(movement(&self.network(lambdas[i])?.predict(&[time])?)))
    }

    /// Kernel movement of trained networks until a time, for each λ, with how far it is from the
    /// prediction.
    ///
    /// # Errors
    /// As [`network`](Self::network) and its simulation.
    pub fn trained_movements(
        &self,
        lambdas: &[f64],
        time: f64,
    ) -> Result<Vec<(f64, Vec<Agreement>)>> {
        in_parallel(lambdas.len(), |i| {
            let network = self.network(lambdas[i])?;
            let train = |rate: f64| network.train(&[time], rate);
            let (run, mut found) =
                compare_with_descent(&network.predict(&[time])?, self.rate, train)?;
            found.retain(|agreement| agreement.observable == "kernel movement");
            Ok((movement(&run), found))
        })
    }
}

/// The last kernel movement of a run.
fn movement(run: &Trajectory) -> f64 {
    run.get("kernel movement").and_then(|m| m.last().copied()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_imbalance_holds_the_kernel_still_and_trained_networks_agree() {
        let singular_values = vec![2.0, 1.2, 0.7, 0.4];
        let series = BalanceSeries { singular_values, n_out: 4, scale: 0.02, rate: 0.01, seed: 0 };
        let moved = series.movements(&[-20.0, 0.0, 20.0], 20.0).unwrap();
        assert!(moved[0] < 0.2 * moved[1] && moved[2] < 0.2 * moved[1], "{moved:?}");
        for (trained, found) in series.trained_movements(&[-1.0, 0.0], 3.0).unwrap() {
            assert!(trained > 0.0 && found.len() == 1 && found[0].holds(), "{found:?}");
        }
    }
}
