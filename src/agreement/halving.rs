//! The error of a step size, measured by halving the step.

use super::{Agreement, Tolerance, compare};
use crate::math::parallel::join;
use crate::{Result, Trajectory};

/// Part of an observable's size that adaptive integration and rounding may leave.
pub(crate) const NUMERICAL_FLOOR: f64 = 1e-9;

/// Gap between descent and flow that the step size accounts for, for any training with a rate.
///
/// Descent with rate η is off by cη + O(η²), so its difference from descent with η/2 is half of the
/// error to first order. Allowed is twice that error, for the second order, plus a numerical floor.
///
/// # Errors
/// As `train`.
pub fn tolerance_by_halving(
    rate: f64,
    train: impl Fn(f64) -> Result<Trajectory> + Sync,
) -> Result<Tolerance> {
    let (whole, half) = join(|| train(rate), || train(0.5 * rate));
    Ok(halving_tolerance(&whole?, &half?))
}

/// As [`tolerance_by_halving`], from runs that were recorded with rates η and η/2.
pub fn halving_tolerance(whole: &Trajectory, half: &Trajectory) -> Tolerance {
    let gaps = whole.columns().zip(half.columns()).map(|((_, a), (_, b))| {
        let largest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let size = a.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        4.0 * largest + NUMERICAL_FLOOR * size
    });
    Tolerance {
        gaps: gaps.collect(),
        finite_size: None,
        reason: "twice the first-order error of the step size, measured by halving the step",
    }
}

/// Compares a prediction with a simulation whose step size is the only source of error: `simulate`
/// trains with the rate it is given. Returns the run at `rate`, and how far it is from the prediction.
///
/// # Errors
/// As `simulate`.
pub fn compare_with_descent(
    prediction: &Trajectory,
    rate: f64,
    simulate: impl Fn(f64) -> Result<Trajectory> + Sync,
) -> Result<(Trajectory, Vec<Agreement>)> {
    let (run, half) = join(|| simulate(rate), || simulate(0.5 * rate));
    let run = run?;
    let tolerance = halving_tolerance(&run, &half?);
    let agreements = compare(prediction, std::slice::from_ref(&run), Some(&tolerance))?;
    Ok((run, agreements))
}
