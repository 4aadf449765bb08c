//! Where online learning ends: the stationary error that label noise leaves.
//!
//! With label noise a student that learns at a constant rate never stops moving; its overlaps settle at
//! a fixed point of the [flow](crate::student_teacher::flow), and the error there is what learning rate, noise and superfluous
//! units cost. Three statements of different reach (`goldt2019`):
//!
//! * [`linear_units`]: closed form, exact for linear units and any rate,
//!   $`\epsilon^* = \eta\sigma^2 V/(4 - 2\eta V)`$ with $`V = \sum_k v_k^2`$, as long as $`\eta V < 2`$;
//! * [`small_rate`]: $`\epsilon^* \approx \tfrac14\eta\sigma^2\sum_k v_k^2\langle g'(\lambda_k)^2\rangle`$ for any
//!   units near a zero-error solution: linear in rate and noise, and in every superfluous unit;
//! * [`settle`]: the fixed point that a given start flows to, for any rate.
//!
//! **Finding the end.** A flow that hardly changes may be on a plateau. So the state is integrated, and now and
//! then a fixed point is looked for with Newton's method; it is the end if it is near, and if the flow around it
//! leads back: no eigenvalue of the linearization has a positive real part. Directions in which nothing changes
//! at all (linear units share their work in any way) have eigenvalue zero and are left as they are.
//!
//! **Drift.** Superfluous units can undo each other in many ways: two of them with opposite weights add nothing
//! whatever their size. Noise lets the student wander among such solutions, at rates of order η²σ², and there
//! is no end at all: weights of the pair grow more and more slowly, and the error falls a little. Where the error
//! is down to what noise costs and only such rates are left, [`End::Drifting`] says so.

use super::packed::PackedFlow;
use super::right_hand_side::Learning;
use super::solution::ACCURACY;
use crate::math::dense_ode::Steps;
use crate::math::linalg::{eigenvalues, eigh, svd};
use crate::net::Nonlinearity;
use crate::student_teacher::averages::{Fields, require_known_averages};
use crate::student_teacher::order_parameters::OrderParameters;
use crate::student_teacher::symmetry::Symmetry;
use crate::{Error, Result};

/// Error that is rounding: nothing is left to learn.
const LEARNED: f64 = 1e-14;
/// Error at which a solution without error must be where it ends.
const NEARLY_LEARNED: f64 = 1e-8;
/// Distance (largest of all overlaps) within which a fixed point is the one that is approached.
const NEAR: f64 = 0.02;
/// Newton steps, and the size of f at which they end.
const NEWTON_STEPS: usize = 30;
const FIXED: f64 = 1e-13;
/// Eigenvalues and singular values, relative to the largest, that are zero up to rounding.
const NEUTRAL: f64 = 1e-7;
/// Rates of wandering among solutions, in units of η²σ² Σv²; errors there, in units of those of a small rate.
const WANDERING: f64 = 2.0;
const NOISE_FLOOR: f64 = 10.0;
/// Rates of wandering, in units of η, must also be slower than this: plateaus are left faster, and
/// what is faster can be waited for.
const SLOW: f64 = 1e-3;
/// Relative change of the error while decaying components decay, below which they count as gone.
const SETTLED: f64 = 0.01;
/// Times at which a fixed point is looked for: the first, and the factor between them.
const FIRST_LOOK: f64 = 2.0;
const NEXT_LOOK: f64 = 1.25;
/// Time after which the search is given up, in units of 1/η.
const LATEST: f64 = 1e5;
/// Growth of the overlaps of a student that says it diverges.
const DIVERGED: f64 = 1e9;

/// What kind of end it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// Nothing is left to learn: the error is below 1e-14.
    Learned,
    /// A fixed point that attracts, the slowest approach to it with this rate per unit of time.
    Attracting {
        /// Smallest |real part| of the eigenvalues of the linearization.
        slowest_rate: f64,
    },
    /// No end: the student wanders among solutions that are equally good.
    Drifting {
        /// Rate at which it leaves (largest real part of the eigenvalues), of order η²σ².
        rate: f64,
    },
}

/// The end of online learning.
#[derive(Debug, Clone, PartialEq)]
pub struct Stationary {
    /// Order parameters.
    pub state: OrderParameters,
    /// Generalization error there (½⟨Δ²⟩ without noise); 0 if below 1e-14.
    pub error: f64,
    /// What kind of end it is.
    pub end: End,
    /// Time at which it was certain where the flow ends.
    pub time: f64,
}

/// Follows the flow from `start` to its end.
///
/// A start with interchangeable units ([`Symmetry`]) ends on its plateau: equal units stay equal.
///
/// # Errors
/// tanh units, a start that is no covariance, [`Error::Diverges`] if overlaps grow without bound, or no end until
/// t = 10⁵/η.
pub fn settle(
    activation: Nonlinearity,
    learning: &Learning,
    start: &OrderParameters,
) -> Result<Stationary> {
    settle_within(activation, learning, start, LATEST)
}

/// [`settle`], given up at t = `patience`/η, with η the larger of both learning rates.
///
/// # Errors
/// As [`settle`].
pub fn settle_within(
    activation: Nonlinearity,
    learning: &Learning,
    start: &OrderParameters,
    patience: f64,
) -> Result<Stationary> {
    require_known_averages(activation)?;
    learning.validate()?;
    start.validate()?;
    if activation == Nonlinearity::Linear && learning.readout_rate == 0.0 {
        linear_units(learning, start.v.iter().map(|v| v * v).sum())?;
    }
    settle_with(activation, learning, start, &Symmetry::of(start), patience)
}

/// [`settle_within`] for the flow of what differs under `symmetry`.
pub(crate) fn settle_with(
    activation: Nonlinearity,
    learning: &Learning,
    start: &OrderParameters,
    symmetry: &Symmetry,
    patience: f64,
) -> Result<Stationary> {
    let (mut flow, packed) = PackedFlow::new(activation, learning, start, symmetry);
    let mut search = flow.clone();
    let mut steps = Steps::new(|y, dy| flow.derivative(y, dy), &packed, ACCURACY);
    let largest = |y: &[f64]| y.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let bound = DIVERGED * (1.0 + largest(&packed) + largest(&[start.t.diag().sum()]));
    let latest = patience / learning.rate.max(learning.readout_rate);
    let mut look = FIRST_LOOK;
    while steps.time() < latest {
        steps.advance(latest)?;
        let (time, state) = (steps.time(), steps.state());
        if largest(state) > bound {
            return Err(diverged(learning, time));
        }
        let found = if search.error(state) < LEARNED {
            Some((state.to_vec(), End::Learned))
        } else if time >= look {
            look = NEXT_LOOK * time;
            end_near(&mut search, learning, state)?
        } else {
            None
        };
        if let Some((packed, end)) = found {
            let error = Some(search.error(&packed)).filter(|e| *e >= LEARNED).unwrap_or(0.0);
            return Ok(Stationary { state: search.unpacked(&packed), error, end, time });
        }
    }
    Err(Error::Numerical {
        method: "search for the stationary state",
        reason: format!(
            "the flow has no end until t = {latest:.0}; the learning rate {} may be too large",
            learning.rate
        ),
    })
}

fn diverged(learning: &Learning, time: f64) -> Error {
    Error::Diverges {
        what: "online learning".to_owned(),
        place: format!(
            "learning rate {} (overlaps grew {DIVERGED:e} times until t = {time:.0})",
            learning.rate
        ),
        remedy: "choose a smaller learning rate".to_owned(),
    }
}

/// The end next to a state, if there is one.
fn end_near(
    flow: &mut PackedFlow,
    learning: &Learning,
    state: &[f64],
) -> Result<Option<(Vec<f64>, End)>> {
    let fixed = fixed_point(flow, state)?;
    let end = fixed.as_deref().unwrap_or(state);
    if fixed.is_some() && flow.error(end) < LEARNED && flow.error(state) < NEARLY_LEARNED {
        return Ok(Some((end.to_vec(), End::Learned)));
    }
    let parameters = flow.unpacked(end);
    if eigh(&parameters.covariance())?.0.iter().any(|x| *x < -1e-9) {
        return Ok(None);
    }
    let rates: Vec<f64> = eigenvalues(&flow.jacobian(end)?)?.iter().map(|(x, _)| *x).collect();
    let fastest = rates.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let moving = |x: f64| x.abs() > NEUTRAL * fastest;
    let largest = rates.first().copied().filter(|x| moving(*x)).unwrap_or(0.0);
    if let Some(fixed) = fixed.as_ref().filter(|_| largest <= 0.0) {
        let slowest = rates.iter().find(|x| moving(**x)).map_or(0.0, |x| -x);
        return Ok(Some((fixed.clone(), End::Attracting { slowest_rate: slowest })));
    }
    let wandering = wandering_rate(learning, &parameters);
    let drifts = match &fixed {
        Some(fixed) => largest <= wandering && costs_noise_only(flow, learning, fixed)?,
        None => is_settled(flow, learning, state, &rates, wandering)?,
    };
    Ok(drifts.then(|| (end.to_vec(), End::Drifting { rate: largest.max(0.0) })))
}

/// Whether the error of a fixed point is what noise costs: half the noise leaves less than half of it. On a
/// plateau it would hardly change.
fn costs_noise_only(flow: &mut PackedFlow, learning: &Learning, fixed: &[f64]) -> Result<bool> {
    let mut quieter = flow.with_noise(0.5 * learning.noise);
    let there = fixed_point(&mut quieter, fixed)?;
    Ok(there.is_some_and(|there| quieter.error(&there) < 0.5 * flow.error(fixed)))
}

/// Rates up to which noise alone moves a student.
fn wandering_rate(learning: &Learning, state: &OrderParameters) -> f64 {
    let square: f64 = state.v.iter().map(|v| v * v).sum();
    WANDERING * (learning.rate * learning.noise).powi(2) * square
}

/// Whether only slow wandering is left where there is no fixed point: it is all that moves, the error is down to
/// what noise costs, and does not change while the rest decays.
fn is_settled(
    flow: &mut PackedFlow,
    learning: &Learning,
    state: &[f64],
    rates: &[f64],
    wandering: f64,
) -> Result<bool> {
    let slow = wandering.min(SLOW * learning.rate.max(learning.readout_rate));
    let floor = noise_floor(flow.activation(), learning, &flow.unpacked(state));
    let now = flow.error(state);
    let decay = rates.iter().copied().find(|x| *x < -wandering);
    // If everything decays there is a fixed point to wait for.
    let wanders = rates[0].abs() <= slow && now <= NOISE_FLOOR * floor;
    let Some(decay) = decay.filter(|_| wanders) else { return Ok(false) };
    let mut f = vec![0.0; state.len()];
    flow.derivative(state, &mut f);
    let later: Vec<f64> = state.iter().zip(&f).map(|(y, f)| y + f).collect();
    let change = (flow.error(&later) - now).abs();
    Ok(f.iter().all(|f| f.abs() <= slow) && change <= SETTLED * now * -decay)
}

/// The fixed point near a state, by Newton's method in the directions that change anything.
pub(crate) fn fixed_point(flow: &mut PackedFlow, state: &[f64]) -> Result<Option<Vec<f64>>> {
    let mut y = state.to_vec();
    let mut f = vec![0.0; y.len()];
    let size = |f: &[f64]| f.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    flow.derivative(&y, &mut f);
    let mut previous = f64::INFINITY;
    for _ in 0..NEWTON_STEPS {
        // Rounding of f ends the progress before FIXED where averages have roots.
        let now = size(&f);
        if now <= FIXED || (now <= 1e3 * FIXED && now >= 0.5 * previous) {
            return Ok(Some(y));
        }
        previous = now;
        let factors = svd(&flow.jacobian(&y)?)?;
        let mut step = vec![0.0; y.len()];
        for (k, s) in factors.s.iter().enumerate().filter(|(_, s)| **s > NEUTRAL * factors.s[0]) {
            let along: f64 = factors.u.column(k).iter().zip(&f).map(|(u, f)| u * f).sum();
            let moves = step.iter_mut().zip(factors.v.column(k));
            moves.for_each(|(x, v)| *x -= along / s * v);
        }
        y.iter_mut().zip(&step).for_each(|(y, step)| *y += step);
        let distance = y.iter().zip(state).fold(0.0f64, |m, (x, y)| m.max((x - y).abs()));
        if !distance.is_finite() || distance > NEAR {
            return Ok(None);
        }
        flow.derivative(&y, &mut f);
    }
    Ok(None)
}

/// Stationary error of linear units with fixed readouts, $`\eta\sigma^2V/(4 - 2\eta V)`$; `square` is
/// $`V = \sum_k v_k^2`$, the number of units if all readouts are 1. Exact for any rate.
///
/// # Errors
/// [`Error::Diverges`] for $`\eta V \ge 2`$.
pub fn linear_units(learning: &Learning, square: f64) -> Result<f64> {
    learning.validate()?;
    let gain = learning.rate * square;
    if gain >= 2.0 {
        return Err(Error::Diverges {
            what: "the error of linear units".to_owned(),
            place: format!("learning rate {} times Σv² = {square}", learning.rate),
            remedy: format!("choose a learning rate below {}", 2.0 / square),
        });
    }
    Ok(gain * learning.noise.powi(2) / (4.0 - 2.0 * gain))
}

/// Stationary error to first order in the learning rate, at a state `solution` of zero error:
/// $`\tfrac14\eta\sigma^2\sum_k v_k^2\langle g'(\lambda_k)^2\rangle`$.
///
/// The noise of single examples has covariance ½ησ² in every direction of weight space that has curvature. The
/// next order is a few percent where $`\eta\sum v^2`$ is 0.2.
///
/// # Errors
/// tanh units, or a state that is no covariance.
pub fn small_rate(
    activation: Nonlinearity,
    learning: &Learning,
    solution: &OrderParameters,
) -> Result<f64> {
    require_known_averages(activation)?;
    learning.validate()?;
    solution.validate()?;
    Ok(noise_floor(activation, learning, solution))
}

/// [`small_rate`] without its checks.
fn noise_floor(activation: Nonlinearity, learning: &Learning, state: &OrderParameters) -> f64 {
    let q: Vec<f64> = state.q.iter().copied().collect();
    let fields = Fields::new(&q, state.n_students());
    let slopes = state.v.iter().enumerate();
    let sum: f64 = slopes.map(|(k, v)| v * v * fields.j2(activation, k, k)).sum();
    0.25 * learning.rate * learning.noise.powi(2) * sum
}

#[cfg(test)]
#[path = "stationary_tests.rs"]
mod tests;
