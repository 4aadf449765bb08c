//! What a course may ask for, how long it takes, and what its user should know.

use ndarray::Array2;

use super::settings::{Course, Start};
use crate::deep_linear::depth::DepthMode;
use crate::deep_linear::random_start::effective_strengths;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::math::times::validate_times;
use crate::net::Nonlinearity;
use crate::{Correlations, Error, Modes, Result};

/// More steps than a course may take: at a microsecond each this is minutes.
const MOST_STEPS: f64 = 1e8;
/// More weights than a course may train: 100 million doubles are 800 MB.
const MOST_WEIGHTS: f64 = 1e8;
/// More multiplications than a course may take: at some ten billion a second this is a quarter of an hour.
const MOST_WORK: f64 = 1e13;
/// Most layers: a chain of more is nothing but a delay.
const MOST_LAYERS: usize = 1000;
/// Times that a mode may grow by e before the default step is made smaller: each step falls behind
/// by the same part, and the delay adds up.
const MOST_GROWTH: f64 = 10.0;
/// Weights below this part of the largest drown in its rounding errors before they can grow.
const ROUNDING: f64 = 1e-12;
/// Singular values below this, relative to the largest, are rounding: there is nothing to learn.
const NOTHING: f64 = 1e-12;

impl Course {
    pub(crate) fn validate(&self, task: &Correlations) -> Result<usize> {
        if self.layers == 0 {
            return Err(Error::parameter(
                "layers",
                0,
                "it counts weight layers and must be at least 1",
            )
            .of("layers"));
        }
        if self.layers > MOST_LAYERS {
            let allowed = format!("at most {MOST_LAYERS} weight layers are possible");
            return Err(Error::parameter("layers", self.layers, allowed).of("layers"));
        }
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(Error::parameter(
                "initial scale",
                self.scale,
                "it must be positive and finite",
            )
            .of("scale"));
        }
        if self.scale > 1e3 {
            return Err(Error::parameter(
                "initial scale",
                short(self.scale),
                "initial weights above 1000 are not small",
            )
            .of("scale"));
        }
        if self.scale.powi(self.layers as i32) < 1e-300 {
            let allowed = format!(
                "it is too small: the map starts at its power {}, the number of layers, which must \
                 be above 1e-300",
                self.layers
            );
            return Err(Error::parameter("initial scale", short(self.scale), allowed).of("scale"));
        }
        if self.n_hidden == Some(0) {
            let allowed = "a hidden layer has at least 1 unit";
            return Err(Error::parameter("hidden units", 0, allowed).of("hidden"));
        }
        if let Some(until) = self.until.filter(|t| !(t.is_finite() && *t > 0.0)) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("last time", until, allowed).of("until"));
        }
        if let Some(times) = &self.times {
            validate_times(times)?;
        }
        if let Start::Lambda(lambda) = self.start
            && self.layers != 2
        {
            let allowed = format!("λ-balanced weights (λ = {lambda}) are defined for 2 layers");
            return Err(Error::parameter("layers", self.layers, allowed).of("layers"));
        }
        let n_hidden = if self.layers == 1 {
            0
        } else {
            self.n_hidden.unwrap_or_else(|| task.n_in().min(task.n_out()))
        };
        let n_weights = self.n_weights(task, n_hidden);
        if n_weights > MOST_WEIGHTS {
            let value = format!("{n_weights:.2e}");
            let allowed = format!(
                "at most {MOST_WEIGHTS:.0e} ({:.0} GB would be needed): take fewer hidden units or layers",
                n_weights * 8e-9
            );
            return Err(Error::parameter("number of weights", value, allowed));
        }
        Ok(n_hidden)
    }

    /// Number of weights of the network.
    fn n_weights(&self, task: &Correlations, n_hidden: usize) -> f64 {
        let (n, n_in, n_out) = (n_hidden as f64, task.n_in() as f64, task.n_out() as f64);
        if self.layers == 1 {
            return n_in * n_out;
        }
        n * (n_in + n_out) + n * n * (self.layers as f64 - 2.0)
    }

    /// Curvature at the minimum that a λ-balanced network reaches, d√(λ² + 4σ²).
    pub(crate) fn lambda_curvature(&self, modes: &Modes) -> f64 {
        let Start::Lambda(lambda) = self.start else { return 0.0 };
        let sigma = modes.targets().into_iter().fold(0.0, f64::max);
        let d = modes.input_variances.iter().copied().fold(0.0, f64::max);
        d * lambda.hypot(2.0 * sigma)
    }

    /// How strong each mode is at the start, as far as its learning time goes.
    pub(crate) fn initial_strengths(
        &self,
        modes: &Modes,
        weights: &[Array2<f64>],
    ) -> Result<Vec<f64>> {
        if let [w1, w2] = weights {
            let mut strengths = effective_strengths(modes, w1, w2)?;
            // What is left of a mode without room of its own is rounding, and is not waited for.
            let largest = strengths.iter().copied().fold(0.0, f64::max);
            strengths.iter_mut().filter(|u| **u <= 1e-20 * largest).for_each(|u| *u = 0.0);
            return Ok(strengths);
        }
        let map = weights[1..].iter().fold(weights[0].clone(), |map, w| w.dot(&map));
        let least = 1e-3 * self.scale.powi(self.layers as i32);
        Ok(modes.strengths(map.view()).into_iter().map(|u| u.abs().max(least)).collect())
    }

    /// How many more steps than usual the default rate takes, because two layers grow from so
    /// small a start that being a little slow in each step would add up.
    pub(crate) fn growth(&self, modes: &Modes, strengths: &[f64]) -> f64 {
        if self.layers != 2 {
            return 1.0;
        }
        let largest = modes.singular_values[0];
        let growth = |((u0, target), s): ((&f64, f64), &f64)| {
            if *u0 > 0.0 && target > *u0 { s / largest * 0.5 * (target / u0).ln() } else { 0.0 }
        };
        let modes = strengths.iter().zip(modes.targets()).zip(&modes.singular_values);
        (modes.map(growth).fold(0.0, f64::max) / MOST_GROWTH).max(1.0)
    }

    /// Whether some mode starts so small that the rounding errors of stronger ones outgrow it.
    pub(crate) fn starts_below_rounding(&self, modes: &Modes, strengths: &[f64]) -> bool {
        if self.layers == 1 {
            return false;
        }
        let layers = self.layers as f64;
        let largest = modes.targets().into_iter().fold(0.0, f64::max).powf(layers.recip());
        let learned = strengths.iter().zip(&modes.singular_values);
        let mut learned = learned.filter(|(_, s)| **s > NOTHING * modes.singular_values[0]);
        learned.any(|(u0, _)| *u0 > 0.0 && u0.powf(layers.recip()) < ROUNDING * largest)
    }

    /// Time by which 99 % of what can be learned is learned, and half as much again.
    pub(crate) fn horizon(
        &self,
        task: &Correlations,
        modes: &Modes,
        strengths: &[f64],
    ) -> Result<f64> {
        let mut learned = Vec::new();
        for (k, u0) in strengths.iter().copied().enumerate() {
            let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
            if s <= NOTHING * modes.singular_values[0] || d == 0.0 || u0 == 0.0 {
                continue;
            }
            let half = if self.layers == 2 {
                TwoLayerMode::balanced(s, d, u0)?.half_time()
            } else {
                DepthMode::new(s, d, self.layers as f64, u0)?.half_time()?
            };
            // A mode that starts above its target comes down within its own time constant.
            learned.push((half.unwrap_or(0.0).max(1.0 / (self.layers as f64 * s)), s * s / d));
        }
        learned.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = learned.iter().map(|(_, share)| share).sum();
        let mut so_far = 0.0;
        for (time, share) in &learned {
            so_far += share;
            if so_far >= 0.99 * total {
                return Ok(1.5 * time);
            }
        }
        let slowest = task.sigma_x().diag().mean().unwrap_or(0.0);
        Ok(if slowest > 0.0 { 1.0 / slowest } else { 1.0 })
    }

    /// Default steps within the largest stable one.
    fn steps_per_limit(&self) -> f64 {
        if self.quick { 50.0 } else { 200.0 }
    }

    /// The learning rate, given or by default.
    pub(crate) fn checked_rate(&self, critical: f64, growth: f64, until: f64) -> Result<f64> {
        let Some(rate) = self.rate else {
            // At least 200 steps, so that a flat or easy task is followed too.
            let least = (until / 200.0).max(f64::MIN_POSITIVE);
            return Ok((critical / (self.steps_per_limit() * growth)).min(least));
        };
        if !(rate.is_finite() && rate > 0.0) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("learning rate", rate, allowed).of("rate"));
        }
        if rate >= critical {
            let allowed = format!(
                "gradient descent is unstable from {} on for this task and depth: choose a smaller \
                 rate",
                short(critical)
            );
            return Err(Error::parameter("learning rate", short(rate), allowed).of("rate"));
        }
        Ok(rate)
    }

    /// Refuses a simulation that would not end while someone waits for it.
    pub(crate) fn check_work(
        &self,
        task: &Correlations,
        n_hidden: usize,
        rate: f64,
        until: f64,
    ) -> Result<()> {
        let columns = match self.activation {
            Nonlinearity::Linear => task.n_in(),
            _ => self.data.n_samples(),
        };
        let steps = until / rate;
        // Forward, backward and the gradient.
        let per_step = 3.0 * self.n_weights(task, n_hidden) * columns as f64;
        let most = MOST_STEPS.min(MOST_WORK / per_step);
        if steps <= most {
            return Ok(());
        }
        let allowed = format!(
            "at most {most:.1e} for a network of this size: raise the learning rate ({}), end before \
             time {}, or start from larger weights (initial scale {})",
            short(rate),
            short(until),
            short(self.scale)
        );
        Err(Error::parameter("number of steps", format!("{steps:.1e}"), allowed))
    }

    pub(crate) fn warnings(&self, modes: &Modes, half_times: &[Option<f64>]) -> Vec<String> {
        let mut warnings = Vec::new();
        let s = &modes.singular_values;
        if s[0] == 0.0 {
            warnings.push("nothing to learn: inputs and targets are not correlated".to_owned());
            return warnings;
        }
        let nothing = s.iter().filter(|s| **s <= NOTHING * modes.singular_values[0]).count();
        if nothing > 0 {
            let have = if nothing == 1 { "has" } else { "have" };
            warnings.push(format!(
                "{nothing} of {} modes {have} nothing to learn (singular value 0)",
                s.len()
            ));
        }
        if !modes.decoupled() {
            warnings.push(format!(
                "the inputs fail the assumption of independent modes: relative commutator of Σˣ and \
                 ΣʸˣᵀΣʸˣ is {:.3e} (0 when every mode learns by itself); the prediction is that of the \
                 whole map",
                modes.commutator
            ));
        }
        let equal = s
            .windows(2)
            .into_iter()
            .filter(|w| w[0] > NOTHING * s[0] && w[0] - w[1] <= 1e-10 * s[0]);
        let equal = equal.count();
        if equal > 0 {
            let pairs = if equal == 1 { "pair of modes has" } else { "pairs of modes have" };
            warnings.push(format!(
                "{equal} {pairs} equal singular values: they learn together, and only the space \
                 they span is defined"
            ));
        }
        let unseen = half_times
            .iter()
            .zip(s)
            .filter(|(t, s)| t.is_none() && **s > NOTHING * modes.singular_values[0]);
        let unseen = unseen.count();
        if unseen > 0 {
            let modes = if unseen == 1 { "mode does" } else { "modes do" };
            warnings.push(format!(
                "{unseen} {modes} not reach half of the full strength within the time shown or at all"
            ));
        }
        if self.activation != Nonlinearity::Linear {
            warnings.push(format!(
                "the simulated network has {} units; theory is that of the linear network",
                self.activation
            ));
        }
        warnings
    }
}

/// A number for a message, without a hundred zeros.
fn short(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) {
        ((1e4 * x).round() / 1e4).to_string()
    } else {
        format!("{x:.3e}")
    }
}
