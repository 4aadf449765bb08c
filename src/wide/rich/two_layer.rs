//! A two-layer linear network from lazy to rich learning, in closed form.
//!
//! # Setting
//!
//! N hidden units with fields h = Wx and readout weights a, all standard normal at the start, give the
//! output (`bordelon2022`; with γ = 1/α, `chizat2019`)
//!
//! ```math
//! f = \frac{1}{\gamma N}\, a\cdot h ,\qquad L = \tfrac12\sum_\mu (y_\mu - f_\mu)^2 ,
//! ```
//!
//! for orthonormal inputs, learned by gradient flow at the rate γ²N. γ → 0 is lazy: the features
//! hardly move, and the kernel is that of infinite width. γ = 1/√N is the NTK parameterization; with γ
//! of order one, features move by as much as they are.
//!
//! # Prediction
//!
//! Everything happens in the direction ŷ of the targets. There, with Δ = y − f,
//!
//! ```math
//! \dot h = \gamma\Delta\, a,\qquad \dot a = \gamma\Delta\, h ,
//! ```
//!
//! so that the kernels H = |h|²/N and G = |a|²/N keep H − G and c² = ((H + G)/2)² − γ²f², and
//!
//! ```math
//! \dot f = 2\sqrt{c^2 + \gamma^2 f^2}\,(y - f) .
//! ```
//!
//! This is exact at any width. Wide random networks start at f = 0 and H = G = c = 1, where
//! H = √(1 + γ²f²): the kernel grows by √(1 + γ²y²) − 1, about γ²y²/2. The solution is a rotation: with
//! γf = c sinh 2 artanh z, z = tan θ and R² = c² + γ²y²,
//!
//! ```math
//! \tan(\theta_\infty - \theta) = \tan(\theta_\infty - \theta_0)\, e^{-2Rt} .
//! ```

use ndarray::{Array2, ArrayView2, Axis as Dimension, arr2};
use rand_distr::{Distribution, StandardNormal};

use super::scaled::{scaled_network, scaled_training};
use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::math::random::{Purpose, stream};
use crate::math::times::validate_times;
use crate::net::Network;
use crate::{Axis, Dataset, Error, Result, Solvable, Trajectory};

/// Output and kernels of a two-layer linear network in the direction of its targets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kernels {
    /// f.
    pub output: f64,
    /// H = |h|²/N, the kernel of the hidden layer.
    pub hidden: f64,
    /// G = |a|²/N, the kernel of the gradients.
    pub readout: f64,
}

impl Kernels {
    /// Where wide networks with standard normal weights start: f = 0, H = G = 1.
    pub const WIDE: Self = Self { output: 0.0, hidden: 1.0, readout: 1.0 };

    /// The tangent kernel H + G.
    pub fn tangent(&self) -> f64 {
        self.hidden + self.readout
    }
}

/// A two-layer linear network with an output scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoLayerRich {
    /// γ: 0 is lazy, large is rich.
    pub scale: f64,
    /// y: length of the vector of targets.
    pub target: f64,
    /// Output and kernels at the start.
    pub start: Kernels,
    /// Hidden units N of the simulation.
    pub width: usize,
    /// Learning rate of the simulation in units of γ²N; k steps of rate η take time kη.
    pub rate: f64,
}

impl TwoLayerRich {
    /// A network that starts as wide ones do.
    pub fn wide(scale: f64, target: f64, width: usize, rate: f64) -> Self {
        Self { scale, target, start: Kernels::WIDE, width, rate }
    }

    /// Output and kernels after a time.
    ///
    /// # Errors
    /// A value out of range; a start that no vectors have (γ²f² > HG) or whose two layers are the
    /// same vector up to sign, for which `deep_linear` has the formula.
    pub fn after(&self, time: f64) -> Result<Kernels> {
        validate_times(&[time])?;
        self.validate()?;
        Ok(self.evolved(time))
    }

    /// Relative growth of the tangent kernel until everything is learned: √(1 + γ²y²) − 1 of a wide
    /// network.
    ///
    /// # Errors
    /// As [`after`](Self::after).
    pub fn kernel_growth(&self) -> Result<f64> {
        self.validate()?;
        let end = self.conserved().hypot(self.scale * self.target);
        Ok(2.0 * end / self.start.tangent() - 1.0)
    }

    /// c² without cancellation, and its root.
    fn conserved(&self) -> f64 {
        let mean = 0.5 * self.start.tangent();
        let overlap = self.scale * self.start.output;
        ((mean - overlap) * (mean + overlap)).sqrt()
    }

    fn validate(&self) -> Result<()> {
        let Kernels { output, hidden, readout } = self.start;
        if !(self.scale.is_finite() && self.scale >= 0.0) {
            let allowed = "it must be finite and not negative";
            return Err(Error::parameter("output scale", self.scale, allowed));
        }
        for (name, value) in [("target", self.target), ("initial output", output)] {
            if !value.is_finite() {
                return Err(Error::parameter(name, value, "it must be finite"));
            }
        }
        for (name, value) in [("hidden kernel", hidden), ("readout kernel", readout)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::parameter(name, value, "it must be positive"));
            }
        }
        let overlap = (self.scale * output).powi(2);
        if overlap > hidden * readout * (1.0 + 1e-12) {
            let allowed = "times the scale it must be at most the root of both kernels' product";
            return Err(Error::parameter("initial output", output, allowed));
        }
        if self.conserved() > 1e-6 * self.start.tangent() {
            return Ok(());
        }
        Err(Error::Assumption {
            theory: "the two-layer network with an output scale",
            reason: "both layers start as the same vector".into(),
            remedy: "use deep_linear::two_layer for balanced layers".into(),
        })
    }

    /// The closed form, with every difference of nearly equal numbers written as a sum.
    fn evolved(&self, time: f64) -> Kernels {
        // Signs are turned so that the target is positive.
        let sign = if self.target < 0.0 { -1.0 } else { 1.0 };
        let (y, f0) = (self.target.abs(), sign * self.start.output);
        let (gamma, c) = (self.scale, self.conserved());
        let half_angle = |f: f64| {
            let root = c.hypot(gamma * f);
            // z/γ, and 1 − |z|.
            let (over_scale, z) = (f / (c + root), gamma * f / (c + root));
            (over_scale, z, 2.0 * c / ((c + root) * (1.0 + z.abs())))
        };
        let ((end, z_end, below_end), (start, z_start, below_start)) =
            (half_angle(y), half_angle(f0));
        // 1 + z, 1 − z at the start.
        let (above, below) = if z_start >= 0.0 {
            (1.0 + z_start, below_start)
        } else {
            (below_start, 1.0 - z_start)
        };
        // w/γ and w, the tangent of the angle that is left at the start.
        let turn = 1.0 + z_end * z_start;
        let gap = if z_start.min(z_end) > 0.5 { below_start - below_end } else { z_end - z_start };
        let (rest_over_scale, rest) = ((end - start) / turn, gap / turn);
        let rest_over_scale =
            if gamma > 0.0 && z_start.min(z_end) > 0.5 { rest / gamma } else { rest_over_scale };
        let rate = 2.0 * c.hypot(gamma * y);
        let (left, done) = ((-rate * time).exp(), -(-rate * time).exp_m1());
        let whole = 1.0 + rest * z_end;
        let now = 1.0 + rest * left * z_end;
        let numerator = start * whole + rest_over_scale * done;
        // 1 − z and 1 + z, times `now`.
        let (under, over) = if rest >= 0.0 {
            let under = below_end + rest * left * (1.0 + z_end);
            (under, above * whole + rest * below_end * done)
        } else {
            let under = below * whole - rest * (1.0 + z_end) * done;
            (under, 1.0 + z_end - rest * left * below_end)
        };
        let output = 2.0 * c * numerator * now / (under * over);
        let mean = c.hypot(gamma * output);
        let difference = 0.5 * (self.start.hidden - self.start.readout);
        Kernels { output: sign * output, hidden: mean + difference, readout: mean - difference }
    }

    /// Vectors h and a with the kernels of the start; the seed turns them.
    fn initial_weights(&self, seed: u64) -> Result<Vec<Array2<f64>>> {
        self.validate()?;
        if self.width < 2 {
            return Err(Error::parameter("hidden units", self.width, "it must be two or more"));
        }
        if self.scale == 0.0 {
            let allowed = "a network without output scale has no output: it must be positive";
            return Err(Error::parameter("output scale", 0, allowed));
        }
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let mut draw =
            || -> Vec<f64> { (0..self.width).map(|_| StandardNormal.sample(&mut rng)).collect() };
        let (mut first, mut second) = (draw(), draw());
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let normalize = |x: &mut [f64]| {
            let norm = dot(x, x).sqrt();
            x.iter_mut().for_each(|x| *x /= norm);
        };
        normalize(&mut first);
        // Twice is enough for an overlap at rounding.
        for _ in 0..2 {
            let overlap = dot(&first, &second);
            second.iter_mut().zip(&first).for_each(|(y, x)| *y -= overlap * x);
        }
        normalize(&mut second);
        let n = self.width as f64;
        let Kernels { output, hidden, readout } = self.start;
        let along = self.scale * output / hidden.sqrt();
        let across = (readout - along * along).max(0.0).sqrt();
        let h = first.iter().map(|x| (n * hidden).sqrt() * x);
        let a = first.iter().zip(&second).map(|(x, y)| n.sqrt() * (along * x + across * y));
        let column = |values: Vec<f64>| ndarray::Array1::from_vec(values).insert_axis(Dimension(1));
        Ok(vec![column(h.collect()), column(a.collect()).reversed_axes()])
    }

    fn descend(&self, rate: f64, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let weights = self.initial_weights(seed)?;
        let n = self.width as f64;
        let inner = |x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>| {
            x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>() / n
        };
        let mut states = Vec::with_capacity(grid.len());
        let net = scaled_network(weights, self.scale)?;
        // One example of length one, along the targets.
        let data = Dataset::new(arr2(&[[1.0]]), arr2(&[[self.target]]))?;
        let training = scaled_training(rate, self.scale, self.width)?;
        training.on_examples(net, &data)?.record(grid, |_, net| {
            let (h, a) = (&net.weights()[0], &net.weights()[1].t());
            let output = inner(h.view(), a.view()) / self.scale;
            let (hidden, readout) = (inner(h.view(), h.view()), inner(a.view(), a.view()));
            states.push(Kernels { output, hidden, readout });
            Ok(())
        })?;
        self.recorded(grid, &states)
    }

    fn recorded(&self, grid: &[f64], states: &[Kernels]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        let error = |state: &Kernels| 0.5 * (self.target - state.output).powi(2);
        trajectory.push("output", states.iter().map(|s| s.output).collect())?;
        trajectory.push("hidden kernel", states.iter().map(|s| s.hidden).collect())?;
        trajectory.push("tangent kernel", states.iter().map(Kernels::tangent).collect())?;
        trajectory.push("loss", states.iter().map(error).collect())?;
        Ok(trajectory)
    }
}

impl Solvable for TwoLayerRich {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        validate_times(grid)?;
        self.validate()?;
        let states: Vec<Kernels> = grid.iter().map(|t| self.evolved(*t)).collect();
        self.recorded(grid, &states)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.descend(self.rate, grid, seed)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        tolerance_by_halving(self.rate, |rate| self.descend(rate, prediction.grid(), 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::ode::integrate;

    fn network(scale: f64, target: f64, start: Kernels) -> TwoLayerRich {
        TwoLayerRich { scale, target, start, width: 20, rate: 0.01 }
    }

    #[test]
    fn the_closed_form_solves_its_equation_from_any_start() {
        let starts = [
            Kernels::WIDE,
            Kernels { output: 0.4, hidden: 0.7, readout: 1.6 },
            Kernels { output: -0.5, hidden: 2.0, readout: 0.9 },
            Kernels { output: 2.9, hidden: 9.0, readout: 1.0 },
        ];
        for start in starts {
            for (scale, target) in [(0.1, 1.5), (1.0, -2.0), (1.0, 1.5), (1e-6, 0.3), (1.0, 0.0)] {
                let model = network(scale, target, start);
                let c = model.conserved();
                let times = [0.0, 0.02, 0.3, 1.0, 4.0];
                let flow = |f: &[f64], df: &mut [f64]| {
                    df[0] = 2.0 * c.hypot(scale * f[0]) * (target - f[0]);
                };
                let states = integrate(flow, &[start.output], &times).unwrap();
                for (time, state) in times.iter().zip(states) {
                    let found = model.after(*time).unwrap();
                    let gap = (found.output - state[0]).abs();
                    assert!(gap < 1e-11, "{start:?} γ = {scale}, y = {target}, t = {time}: {gap}");
                }
            }
        }
    }

    #[test]
    fn without_scale_the_approach_is_exponential_and_the_kernel_stays() {
        for scale in [0.0, 1e-9] {
            for time in [0.0, 1e-9, 0.4, 3.0, 500.0] {
                let found = network(scale, 1.5, Kernels::WIDE).after(time).unwrap();
                let exact = -1.5 * (-2.0 * time).exp_m1();
                approx::assert_relative_eq!(found.output, exact, max_relative = 1e-15);
                approx::assert_relative_eq!(found.hidden, 1.0, max_relative = 1e-15);
            }
        }
        // The first correction is γ²y²/2.
        let small = network(1e-4, 1.5, Kernels::WIDE).kernel_growth().unwrap();
        approx::assert_relative_eq!(small, 0.5 * 2.25e-8, max_relative = 1e-7);
    }

    #[test]
    fn going_on_is_going_straight_through_also_far_into_the_rich_regime() {
        for (scale, target) in [(0.3, 1.0), (3.0, 1.5), (200.0, -4.0)] {
            let model = network(scale, target, Kernels::WIDE);
            let rate = 2.0 * 1f64.hypot(scale * target);
            for (t1, t2) in [(0.1 / rate, 0.5 / rate), (2.0 / rate, 1.0 / rate)] {
                let middle = model.after(t1).unwrap();
                let resumed = TwoLayerRich { start: middle, ..model }.after(t2).unwrap();
                let straight = model.after(t1 + t2).unwrap();
                approx::assert_relative_eq!(resumed.output, straight.output, max_relative = 1e-10);
                approx::assert_relative_eq!(resumed.hidden, straight.hidden, max_relative = 1e-10);
            }
            let end = model.after(60.0 / rate).unwrap();
            approx::assert_relative_eq!(end.output, target, max_relative = 1e-14);
        }
    }

    #[test]
    fn starts_that_no_vectors_have_are_refused() {
        let start = Kernels { output: 2.0, ..Kernels::WIDE };
        assert!(matches!(network(1.0, 1.0, start).after(1.0), Err(Error::Parameter { .. })));
        let balanced = Kernels { output: 1.0, ..Kernels::WIDE };
        assert!(matches!(network(1.0, 1.0, balanced).after(1.0), Err(Error::Assumption { .. })));
        assert!(network(-1.0, 1.0, Kernels::WIDE).after(1.0).is_err());
        assert!(network(1.0, f64::NAN, Kernels::WIDE).after(1.0).is_err());
        assert!(network(0.0, 1.0, Kernels::WIDE).simulate(&[1.0], 0).is_err());
        assert!(TwoLayerRich::wide(1.0, 1.0, 1, 0.1).simulate(&[1.0], 0).is_err());
    }

    #[test]
    fn descent_stays_within_the_error_of_its_steps() {
        let grid: Vec<f64> = (0..21).map(|i| 0.1 * f64::from(i)).collect();
        for start in [Kernels::WIDE, Kernels { output: -0.4, hidden: 0.7, readout: 1.6 }] {
            let model = network(1.0, 1.5, start);
            for agreement in crate::check(&model, &grid, &[0, 1]).unwrap() {
                assert!(agreement.holds(), "{agreement:?}");
            }
        }
    }
}
