//! How many steps of gradient descent it takes to learn one mode, as depth grows.
//!
//! A chain of L scalar layers learns ½(s − a₁…a_L)² from equal layers, at the learning rate of
//! fastest convergence, η = 1/(L s^{2−2/L}). With u = aᴸ gradient flow takes
//!
//! ```math
//! \frac{t}{\eta} = s^{2-2/L}\int_{u_0}^{u_1}\frac{du}{u^{2-2/L}\,(s-u)}
//! ```
//!
//! steps: no explicit L is left, so that learning time depends on depth only through the start
//! (`saxe2014`, `saxe2021`).

use crate::deep_linear::depth::DepthMode;
use crate::{Error, Result};

/// Where the layers of a chain start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Every layer at the same small scalar: u₀ = scaleᴸ, and time grows exponentially with depth.
    SmallRandom {
        /// Initial scalar of every layer.
        scale: f64,
    },
    /// Layer by layer as autoencoders first, each of two layers from a small scalar to the identity,
    /// then fine-tuned together from u = 1: time grows in proportion to depth.
    Pretrained {
        /// Initial scalar of both layers of each autoencoder.
        scale: f64,
    },
    /// Every layer orthogonal times a gain: u₀ = gainᴸ. At gain 1 time does not depend on depth.
    Orthogonal {
        /// Initial scalar of every layer.
        gain: f64,
    },
}

/// Steps until the mode has `fraction` of its target s, by theory (input variance 1).
///
/// Depth is any real number from 2, or infinity. Pretraining stops at the same fraction.
///
/// # Errors
/// A value out of range, or more steps than a floating-point number can count.
pub fn learning_steps(depth: f64, start: Start, s: f64, fraction: f64) -> Result<f64> {
    validate(depth, start, s, fraction)?;
    if depth == f64::INFINITY && !matches!(start, Start::Orthogonal { gain } if gain == 1.0) {
        let allowed = "only an orthogonal start of gain 1 learns in finite time at infinite depth";
        return Err(Error::parameter("depth", depth, allowed));
    }
    match start {
        Start::SmallRandom { scale: layer } | Start::Orthogonal { gain: layer } => {
            steps_from(depth, layer, s, fraction)
        }
        Start::Pretrained { scale } => {
            let phase = steps_from(2.0, scale, 1.0, fraction)?;
            Ok((depth - 1.0) * phase + steps_from(depth, 1.0, s, fraction)?)
        }
    }
}

fn steps_from(depth: f64, layer: f64, s: f64, fraction: f64) -> Result<f64> {
    // 1ᴸ is 1 at infinite depth too, but ∞ · ln 1 is not a number.
    let log_strength = if layer == 1.0 { 0.0 } else { depth * layer.ln() };
    let goal = fraction * s;
    if log_strength >= goal.ln() {
        return Ok(0.0);
    }
    let mode = DepthMode::from_log_strength(s, 1.0, depth, log_strength)?;
    let time = mode.time_to(goal)?.unwrap_or(0.0);
    // At infinite depth the mode's time is in units of 1/L, as the rate is.
    let layers = if depth.is_finite() { depth } else { 1.0 };
    let steps = time * layers * s.powf(2.0 - 2.0 / depth);
    if steps.is_finite() {
        return Ok(steps);
    }
    Err(Error::Numerical {
        method: "learning time",
        reason: format!("depth {depth} from layers of {layer} takes more than 1e308 steps"),
    })
}

/// Steps that gradient descent really takes: the first after which the mode has `fraction` of its
/// target. `None` if that takes more than `most` steps.
///
/// The learning rate is as large as is useful, so that descent and flow differ by a step or two.
///
/// # Errors
/// A value out of range.
pub fn descent_steps(
    depth: usize,
    start: Start,
    s: f64,
    fraction: f64,
    most: u64,
) -> Result<Option<u64>> {
    validate(depth as f64, start, s, fraction)?;
    match start {
        Start::SmallRandom { scale: layer } | Start::Orthogonal { gain: layer } => {
            Ok(descend(depth, layer, s, fraction, most))
        }
        Start::Pretrained { scale } => {
            let phase = descend(2, scale, 1.0, fraction, most);
            let tuning = descend(depth, 1.0, s, fraction, most);
            let total =
                phase.zip(tuning).map(|(phase, tuning)| (depth as u64 - 1) * phase + tuning);
            Ok(total.filter(|steps| *steps <= most))
        }
    }
}

/// Equal layers stay equal: one scalar is the whole network.
fn descend(depth: usize, layer: f64, s: f64, fraction: f64, most: u64) -> Option<u64> {
    let layers = depth as f64;
    let rate = 1.0 / (layers * s.powf(2.0 - 2.0 / layers));
    let mut a = layer;
    for step in 0..=most {
        let others = a.powf(layers - 1.0);
        if a * others >= fraction * s {
            return Some(step);
        }
        a += rate * others * (s - a * others);
    }
    None
}

fn validate(depth: f64, start: Start, s: f64, fraction: f64) -> Result<()> {
    if depth.is_nan() || depth < 2.0 {
        let allowed = "it counts weight layers and is at least 2";
        return Err(Error::parameter("depth", depth, allowed));
    }
    if !(s.is_finite() && s > 0.0) {
        return Err(Error::parameter("singular value", s, "it must be positive and finite"));
    }
    if !(fraction > 0.0 && fraction < 1.0) {
        let allowed = "it is a part of the target, between 0 and 1";
        return Err(Error::parameter("learned fraction", fraction, allowed));
    }
    let (name, layer) = match start {
        Start::SmallRandom { scale } | Start::Pretrained { scale } => ("initial scale", scale),
        Start::Orthogonal { gain } => ("gain", gain),
    };
    if !(layer.is_finite() && layer > 0.0) {
        return Err(Error::parameter(name, layer, "it must be positive and finite"));
    }
    Ok(())
}

/// Largest difference between [`descent_steps`] and [`learning_steps`] to first order in the rate.
///
/// Descent is behind flow by ½ ln(f/f₀) steps, f = a^{L−1}(s − aᴸ) being the speed at the end and f₀
/// at the start, and it can only stop at a whole step. Pretraining repeats that for every phase.
///
/// # Errors
/// As [`learning_steps`].
pub fn descent_shift(depth: usize, start: Start, s: f64, fraction: f64) -> Result<f64> {
    validate(depth as f64, start, s, fraction)?;
    let one = |depth: usize, layer: f64, s: f64| {
        let layers = depth as f64;
        let log_speed =
            |log_a: f64| (layers - 1.0) * log_a + (s - (layers * log_a).exp()).abs().ln();
        let end = (fraction * s).ln() / layers;
        1.0 + 0.5 * (log_speed(end) - log_speed(layer.ln())).abs()
    };
    Ok(match start {
        Start::SmallRandom { scale: layer } | Start::Orthogonal { gain: layer } => {
            one(depth, layer, s)
        }
        Start::Pretrained { scale } => (depth - 1) as f64 * one(2, scale, 1.0) + one(depth, 1.0, s),
    })
}
