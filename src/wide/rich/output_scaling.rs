//! Lazy training: how far a nonlinear network moves when its output is scaled.
//!
//! # Setting
//!
//! One hidden layer of N units, f(x) = (1/γN) Σ a_i φ(w_i·x/√d), all weights standard normal, output counted
//! from its start, gradient descent on ½Σ(y − f)² at the rate γ²N·η. In the words of `chizat2019` the model is
//! multiplied by α = 1/γ (relative to the mean-field scale) and the rate by 1/α²:
//!
//! | | γ | α = 1/γ |
//! |---|---|---|
//! | mean field, features are learned | 1 | 1 |
//! | NTK parameterization | N^{−1/2} | N^{1/2} |
//! | lazy | → 0 | → ∞ |
//!
//! # Prediction
//!
//! The residual falls at a rate that does not depend on γ, and
//!
//! ```math
//! \dot a_i = \gamma\sum_\mu\Delta_\mu\,\phi(u_{i\mu}),\qquad
//! \dot w_i = \gamma\sum_\mu\Delta_\mu\,a_i\,\phi'(u_{i\mu})\,x_\mu/\sqrt d .
//! ```
//!
//! So weights change by order γ, and if φ is smooth so does the Jacobian, relative to what it is. The
//! Jacobian of rectified units has jumps: a share of order γ of the units switches, which changes its
//! norm by order γ^{1/2}. The tangent kernel of smooth units changes less: to first order in γ its
//! change is an average over units of something odd in a, which scatters by γN^{−1/2} about 0, so that
//! in wide networks it is of order γ². (Two linear layers have γ²y²/2, see
//! [`two_layer_rich`](super::two_layer).)

use ndarray::Array2;

use crate::math::linalg::require_finite;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::measure::jacobian;
use crate::net::unit::Nonlinearity;
use crate::net::{Clock, LayeredNetwork, Network, Optimizer, Training};
use crate::{Dataset, Error, Result};

/// A nonlinear network with one hidden layer and an output scale.
#[derive(Debug, Clone)]
pub struct ScaledNetwork {
    /// Examples with one target each.
    pub data: Dataset,
    /// What the hidden units do.
    pub nonlinearity: Nonlinearity,
    /// Number N of hidden units.
    pub width: usize,
    /// γ > 0; Chizat's α is 1/γ.
    pub scale: f64,
    /// Learning rate η in units of γ²N; k steps take time kη.
    pub rate: f64,
}

/// What training has changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// ‖J − J(0)‖/‖J(0)‖ of the derivatives of the outputs in all weights.
    pub jacobian: f64,
    /// ‖Θ − Θ(0)‖/‖Θ(0)‖ of the tangent kernel.
    pub kernel: f64,
    /// ½Σ(y − f)².
    pub loss: f64,
}

impl ScaledNetwork {
    /// Trains one random network and says, at each time, how far it has moved.
    ///
    /// # Errors
    /// A value out of range, more than one target, times that do not increase, or descent that
    /// diverges.
    pub fn changes(&self, times: &[f64], seed: u64) -> Result<Vec<Change>> {
        self.validate()?;
        let net = self.network(seed)?;
        let inputs = self.data.inputs.view();
        // Counted from where it starts.
        let targets = &self.data.targets + &net.forward(inputs);
        let data = Dataset::new(self.data.inputs.clone(), targets)?;
        let first = jacobian(&net, inputs);
        let kernel = |jacobian: &Array2<f64>| jacobian.dot(&jacobian.t());
        let first_kernel = kernel(&first);
        let size = |a: &Array2<f64>| a.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut changes = Vec::with_capacity(times.len());
        self.training()?.on_examples(net, &data)?.record(times, |_, net| {
            let jacobian = jacobian(net, inputs);
            let moved = kernel(&jacobian) - &first_kernel;
            let errors = &data.targets - net.forward(inputs);
            changes.push(Change {
                jacobian: size(&(jacobian - &first)) / size(&first),
                kernel: size(&moved) / size(&first_kernel),
                loss: 0.5 * errors.iter().map(|e| e * e).sum::<f64>(),
            });
            Ok(())
        })?;
        Ok(changes)
    }

    /// The random network, with the scales before its weights.
    fn network(&self, seed: u64) -> Result<LayeredNetwork> {
        let (n, d) = (self.width, self.data.inputs.ncols());
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let (first, readout) = (gaussian(n, d, 1.0, &mut rng), gaussian(1, n, 1.0, &mut rng));
        let factors = [(d as f64).sqrt().recip(), 1.0 / (self.scale * n as f64)];
        LayeredNetwork::scaled_dense(vec![first, readout], &factors, self.nonlinearity)
    }

    /// Descent on the sum of half the squared errors at the rate γ²N·η; k steps take time kη.
    fn training(&self) -> Result<Training> {
        let examples = self.data.n_samples() as f64;
        let rate = self.scale * self.scale * self.width as f64 * self.rate * examples;
        let clock = Clock::gradient_flow(self.rate)?;
        Ok(Training {
            optimizer: Optimizer::descent(rate),
            clock,
            ..Training::gradient_flow(self.rate)?
        })
    }

    fn validate(&self) -> Result<()> {
        self.nonlinearity.check()?;
        require_finite("inputs", self.data.inputs.view())?;
        require_finite("targets", self.data.targets.view())?;
        if self.data.targets.ncols() != 1 {
            return Err(Error::shape("targets", self.data.targets.dim(), "one column"));
        }
        if self.width == 0 {
            return Err(Error::parameter("hidden units", 0, "it must be positive"));
        }
        if !(self.scale.is_finite() && self.scale > 0.0) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("output scale", self.scale, allowed));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wide::rich::two_layer::TwoLayerRich;

    fn network(nonlinearity: Nonlinearity, width: usize, scale: f64) -> ScaledNetwork {
        let mut rng = stream(4, Purpose::Task, 0);
        let inputs = gaussian(5, 3, 1.0, &mut rng);
        let targets = gaussian(5, 1, 1.0, &mut rng);
        let data = Dataset::new(inputs, targets).unwrap();
        ScaledNetwork { data, nonlinearity, width, scale, rate: 0.05 }
    }

    fn change(phi: Nonlinearity, width: usize, scale: f64) -> Change {
        network(phi, width, scale).changes(&[4.0], 1).unwrap()[0]
    }

    #[test]
    fn the_jacobian_of_smooth_units_changes_as_the_scale_and_wide_kernels_as_its_square() {
        for phi in [Nonlinearity::Tanh, Nonlinearity::ERF] {
            // To first order.
            let (small, large) = (change(phi, 800, 0.02), change(phi, 800, 0.04));
            let ratio = large.jacobian / small.jacobian;
            assert!((ratio - 2.0).abs() < 0.08, "{phi}: Jacobian {ratio}");
            // Far above γ = N^{-1/2}, and while γ is small.
            let (small, large) = (change(phi, 3200, 0.2), change(phi, 3200, 0.4));
            let ratio = large.kernel / small.kernel;
            assert!((3.0..4.6).contains(&ratio), "{phi}: kernel {ratio}");
            // Below it the first order is left, which is of either sign in each unit.
            let (small, large) = (change(phi, 100, 0.002), change(phi, 100, 0.004));
            let ratio = large.kernel / small.kernel;
            assert!((ratio - 2.0).abs() < 0.1, "{phi}: narrow kernel {ratio}");
        }
    }

    #[test]
    fn the_jacobian_of_rectified_units_changes_as_the_root_of_the_scale() {
        let relu = Nonlinearity::RELU;
        let (small, large) = (change(relu, 3200, 0.02), change(relu, 3200, 0.08));
        // Four times as many units switch: about a hundred and four hundred, with Poisson noise.
        let ratio = large.jacobian / small.jacobian;
        assert!((ratio - 2.0).abs() < 0.3, "{ratio}");
    }

    #[test]
    fn how_fast_is_learned_does_not_depend_on_a_small_scale() {
        let losses = [1e-3, 1e-2].map(|scale| {
            let model = network(Nonlinearity::ERF, 400, scale);
            let changes = model.changes(&[0.5, 2.0, 8.0], 3).unwrap();
            changes.iter().map(|c| c.loss).collect::<Vec<_>>()
        });
        for (a, b) in losses[0].iter().zip(&losses[1]) {
            assert!((a / b - 1.0).abs() < 0.02, "{a} {b}");
        }
        assert!(losses[0][2] < losses[0][0]);
    }

    #[test]
    fn linear_units_are_the_two_layer_closed_form() {
        // One input of length √d: white in the only direction there is.
        let inputs = ndarray::arr2(&[[1.0, 1.0, 1.0]]);
        let data = Dataset::new(inputs, ndarray::arr2(&[[1.5]])).unwrap();
        let mut gaps = Vec::new();
        for width in [1000, 16_000] {
            let nonlinearity = Nonlinearity::Linear;
            let model =
                ScaledNetwork { data: data.clone(), nonlinearity, width, scale: 1.0, rate: 1e-3 };
            let seen: f64 =
                (0..4).map(|seed| model.changes(&[0.5], seed).unwrap()[0].kernel / 4.0).sum();
            let theory = TwoLayerRich::wide(1.0, 1.5, 2, 0.1).after(0.5).unwrap();
            gaps.push((seen - (theory.hidden - 1.0)).abs());
        }
        // Kernels of N units are known to √(2/N), twice: the mean of four to 3/√N at most.
        assert!(gaps[0] < 3.0 / 1000f64.sqrt() && gaps[1] < 3.0 / 16_000f64.sqrt(), "{gaps:?}");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        assert!(network(Nonlinearity::ERF, 0, 1.0).changes(&[1.0], 0).is_err());
        assert!(network(Nonlinearity::ERF, 5, 0.0).changes(&[1.0], 0).is_err());
        let mut two = network(Nonlinearity::ERF, 5, 1.0);
        two.data.targets = Array2::zeros((5, 2));
        assert!(two.changes(&[1.0], 0).is_err());
    }
}
