//! How a wide network is trained, seen mode by mode.
//!
//! # Setting
//!
//! A network so wide that its tangent kernel Θ stays constant is a linear model in its parameters. It
//! minimizes
//!
//! ```math
//! L = \tfrac{1}{2N}\|f - y\|^2 + \tfrac{\lambda}{2N}\|\theta - \theta_0\|^2 ,
//! ```
//!
//! N being the number of target values, samples × outputs (a mean over both, as in `novak2020`; for
//! the mean over samples set N to their number, for the plain sum to 1). Along an eigenvector of
//! Θ = V diag(w) Vᵀ training does
//!
//! ```math
//! f(t) = f_0 + \Theta V\,\mathrm{diag}(g)\,V^T (y - f_0), \qquad g = \frac{1 - r(t)}{w + \lambda},
//! ```
//!
//! where r falls from 1 to 0 as the dynamics says, with the rate (w + λ)/N:
//!
//! | dynamics | r after t steps of rate η, with u = η(w + λ)/N |
//! |---|---|
//! | gradient flow | exp(−ut) |
//! | steps | (1 − u)ᵗ |
//! | heavy ball, v ← μv − η∇L, f ← f + v | [`heavy_ball`] |
//! | its flow, f″ = −∇L − (1 − μ)/√η f′ in time √η t | [`momentum_flow`] |
//!
//! [`heavy_ball`]: super::momentum::heavy_ball
//! [`momentum_flow`]: super::momentum::momentum_flow
//!
//! The flow of a step size is not the descent: at half of the largest stable rate they differ by about
//! a percent. Simulations of steps must be compared with steps.
//!
//! # Sources
//!
//! `jacot2018` and `lee2019` for the flow and its ensemble; the discrete forms are powers of a matrix
//! of one or two dimensions.

use super::momentum::{Mode, heavy_ball, momentum_flow};
use crate::{Error, Result};

/// What follows the gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Dynamics {
    /// Gradient flow; times are any number of steps.
    Flow,
    /// Gradient descent; times are whole numbers of steps.
    Steps,
    /// Gradient descent with momentum μ; times are whole numbers of steps.
    HeavyBall {
        /// Share μ of the last change that is repeated, 0 ≤ μ < 1.
        momentum: f64,
    },
    /// The flow that heavy balls follow for small rates; times are any number of steps.
    MomentumFlow {
        /// Share μ of the last change that is repeated in a step, 0 ≤ μ < 1.
        momentum: f64,
    },
}

/// How a wide network is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Training {
    /// Learning rate η > 0 of one step.
    pub rate: f64,
    /// What follows the gradient.
    pub dynamics: Dynamics,
    /// Ridge λ ≥ 0: weight decay towards the initial parameters, in units of Θ.
    pub ridge: f64,
    /// Variance ≥ 0 of noise that each network of an ensemble has on its own copy of the targets.
    ///
    /// With as much noise as ridge, the ensemble of networks whose last layer alone is trained to the
    /// end samples the posterior of its Gaussian process (`he2020`).
    pub target_noise: f64,
    /// N of the loss; by default the number of target values, samples × outputs.
    pub normalization: Option<f64>,
}

impl Training {
    /// Gradient flow without ridge or noise.
    pub fn flow(rate: f64) -> Self {
        let dynamics = Dynamics::Flow;
        Self { rate, dynamics, ridge: 0.0, target_noise: 0.0, normalization: None }
    }

    /// Gradient descent without ridge or noise.
    pub fn steps(rate: f64) -> Self {
        Self { dynamics: Dynamics::Steps, ..Self::flow(rate) }
    }

    /// N of the loss for that many target values.
    pub(crate) fn n(&self, n_values: usize) -> f64 {
        self.normalization.unwrap_or(n_values as f64)
    }

    /// Refuses what is out of range, and steps that diverge for a kernel with this largest eigenvalue.
    pub(crate) fn validate(&self, largest: f64, n: f64) -> Result<()> {
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return Err(
                Error::parameter("learning rate", self.rate, "it must be positive").of("rate")
            );
        }
        let not_negative = |x: f64| x >= 0.0 && x.is_finite();
        let allowed = "it must be zero or positive";
        if !not_negative(self.ridge) {
            return Err(Error::parameter("ridge", self.ridge, allowed).of("ridge"));
        }
        if !not_negative(self.target_noise) {
            return Err(Error::parameter("target noise", self.target_noise, allowed));
        }
        if !(n > 0.0 && n.is_finite()) {
            return Err(Error::parameter("normalization of the loss", n, "it must be positive"));
        }
        let momentum = self.momentum();
        if !(0.0..1.0).contains(&momentum) {
            let allowed = "it must be from 0 to below 1";
            return Err(Error::parameter("momentum", momentum, allowed).of("momentum"));
        }
        let bound = self.largest_rate(largest, n);
        if self.in_steps() && self.rate >= bound {
            let allowed = format!(
                "steps diverge unless it is below {bound:.6e} = {}N/(w + ridge), N = {n}, w = \
                 {largest:.6e} being the largest eigenvalue of the kernel; take smaller steps or \
                 gradient flow",
                if momentum > 0.0 { "2(1 + momentum)" } else { "2" }
            );
            return Err(Error::parameter("learning rate", self.rate, allowed).of("rate"));
        }
        Ok(())
    }

    /// The rate from which on steps diverge, 2(1 + μ)N/(w + λ), for the largest eigenvalue w of the
    /// kernel. Flows do not diverge; for them it is that of the steps they stand for.
    pub fn largest_rate(&self, largest_eigenvalue: f64, n: f64) -> f64 {
        2.0 * (1.0 + self.momentum()) * n / (largest_eigenvalue + self.ridge)
    }

    fn in_steps(&self) -> bool {
        matches!(self.dynamics, Dynamics::Steps | Dynamics::HeavyBall { .. })
    }

    fn momentum(&self) -> f64 {
        match self.dynamics {
            Dynamics::Flow | Dynamics::Steps => 0.0,
            Dynamics::HeavyBall { momentum } | Dynamics::MomentumFlow { momentum } => momentum,
        }
    }

    /// Refuses times that the dynamics does not have. Infinity is one: the end of training.
    pub(crate) fn validate_times(&self, times: &[f64]) -> Result<()> {
        let in_steps = self.in_steps();
        for time in times {
            // Also refuses NaN.
            if !(*time >= 0.0) {
                let allowed = "it must be zero, positive, or infinite for the end of training";
                return Err(Error::parameter("time", time, allowed).of("times"));
            }
            if in_steps && time.is_finite() && (time.fract() != 0.0 || *time > MOST_STEPS) {
                let allowed = format!("it counts steps: a whole number up to {MOST_STEPS:e}");
                return Err(Error::parameter("time", time, allowed).of("times"));
            }
        }
        Ok(())
    }

    /// What has happened at `time` to the mode with eigenvalue `w` ≥ 0.
    pub(crate) fn mode(&self, w: f64, time: f64, n: f64) -> Response {
        let total = w + self.ridge;
        if time == f64::INFINITY {
            // A mode that training does not touch stays as it is; the gain has no bound.
            let residual = if total > 0.0 { self.ridge / total } else { 1.0 };
            return Response { gain: total.recip(), residual };
        }
        let u = self.rate * total / n;
        let Mode { residual, learned } = match self.dynamics {
            Dynamics::Flow => {
                Mode { residual: (-u * time).exp(), learned: ratio(-(-u * time).exp_m1(), u, time) }
            }
            Dynamics::Steps => steps(u, time),
            Dynamics::HeavyBall { momentum } => heavy_ball(u, momentum, time),
            Dynamics::MomentumFlow { momentum } => momentum_flow(u, momentum, time),
        };
        let gain = learned * self.rate / n;
        // 1 − w g without its cancellation at late times.
        let residual = match self.ridge > 0.0 {
            true => (self.ridge + w * residual) / total,
            false => residual,
        };
        Response { gain, residual }
    }
}

/// Beyond 2⁵³ steps are not whole numbers.
const MOST_STEPS: f64 = 9_007_199_254_740_992.0;

/// What training has done to one mode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Response {
    /// g: what the mode of y − f₀ is multiplied with before the kernel.
    pub gain: f64,
    /// 1 − wg: what is left of y − f on the training inputs.
    pub residual: f64,
}

/// (1 − r)/u, with its limit for modes that hardly move.
fn ratio(learned: f64, u: f64, limit: f64) -> f64 {
    if u > 0.0 { learned / u } else { limit }
}

/// (1 − u)ᵗ and the sum of these powers below t.
fn steps(u: f64, time: f64) -> Mode {
    let power = |exact_log: f64| exact_log * time;
    match u {
        u if u < 1.0 => {
            let log = power((-u).ln_1p());
            Mode { residual: log.exp(), learned: ratio(-log.exp_m1(), u, time) }
        }
        // Beyond the target and back, in every step.
        u => {
            let size = if time == 0.0 { 1.0 } else { power((u - 1.0).ln()).exp() };
            let residual = if time % 2.0 == 0.0 { size } else { -size };
            Mode { residual, learned: (1.0 - residual) / u }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// r and (1 − r)/u by taking every step.
    fn stepped(u: f64, momentum: f64, n_steps: usize) -> (f64, f64) {
        let (mut error, mut velocity) = (1.0, 0.0);
        let (mut learned, mut change) = (0.0, 0.0);
        for _ in 0..n_steps {
            velocity = momentum * velocity - u * error;
            change = momentum * change + error;
            error += velocity;
            learned += change;
        }
        (error, learned)
    }

    #[test]
    fn closed_forms_are_the_steps() {
        for n_steps in [0usize, 1, 2, 3, 10, 151, 1000] {
            for u in [0.0, 1e-300, 1e-17, 1e-9, 1e-3, 0.1, 0.5, 1.0, 1.5, 1.999] {
                let (residual, learned) = stepped(u, 0.0, n_steps);
                let found = steps(u, n_steps as f64);
                let what = format!("u = {u}, {n_steps} steps");
                assert!(
                    (found.residual - residual).abs() < 1e-12 * residual.abs() + 1e-300,
                    "{what}"
                );
                assert!((found.learned - learned).abs() <= 1e-12 * learned, "{what}");
            }
        }
    }

    #[test]
    fn a_mode_at_any_time_is_what_its_definition_says() {
        let training = Training { ridge: 0.3, ..Training::flow(0.7) };
        for (w, t) in [(0.0, 5.0), (1e-12, 3.0), (2.0, 1.0), (5.0, 1e4), (1.0, f64::INFINITY)] {
            let Response { gain, residual } = training.mode(w, t, 4.0);
            let r = (-0.7 * (w + 0.3) * t / 4.0).exp();
            approx::assert_relative_eq!(gain, (1.0 - r) / (w + 0.3), max_relative = 1e-13);
            approx::assert_relative_eq!(residual, 1.0 - w * gain, max_relative = 1e-13);
        }
        // Without a ridge a null mode is pushed for ever, and never changes the training outputs.
        let plain = Training::flow(0.7);
        assert_eq!(plain.mode(0.0, 8.0, 4.0).gain, 0.7 * 8.0 / 4.0);
        assert_eq!(plain.mode(0.0, f64::INFINITY, 4.0).residual, 1.0);
        // Late residuals keep their digits.
        approx::assert_relative_eq!(plain.mode(1.0, 400.0, 1.0).residual, (-280f64).exp());
    }

    #[test]
    fn what_cannot_be_trained_is_refused_with_the_bound() {
        let refused = |training: Training| training.validate(8.0, 4.0).unwrap_err().to_string();
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(refused(Training::flow(rate)).contains("learning rate"));
        }
        assert!(refused(Training { ridge: -1.0, ..Training::flow(1.0) }).contains("ridge"));
        assert!(
            refused(Training { normalization: None, ..Training::steps(1.0) }).contains("below 1.0")
        );
        let heavy = |momentum| Dynamics::HeavyBall { momentum };
        assert!(
            Training { dynamics: heavy(0.5), ..Training::steps(1.49) }.validate(8.0, 4.0).is_ok()
        );
        assert!(refused(Training { dynamics: heavy(0.5), ..Training::steps(1.5) }).contains("1.5"));
        assert!(
            refused(Training { dynamics: heavy(1.0), ..Training::flow(0.1) }).contains("momentum")
        );
        assert!(Training::flow(100.0).validate(8.0, 4.0).is_ok());
        for bad in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            assert!(Training::flow(1.0).validate_times(&[0.0, bad]).is_err());
        }
        assert!(Training::steps(1.0).validate_times(&[0.5]).is_err());
        assert!(Training::steps(1.0).validate_times(&[0.0, 5.0, f64::INFINITY]).is_ok());
    }
}
