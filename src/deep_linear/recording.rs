//! What is recorded of a linear network: the strength of every mode, and the loss.

use ndarray::Array2;

use crate::agreement::Tolerance;
use crate::agreement::halving::{NUMERICAL_FLOOR, tolerance_by_halving};
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Axis, Correlations, Modes, Result, Trajectory};

/// Part of a map's size that rounding leaves anywhere in it after many steps.
const ROUNDING: f64 = 1e-12;

/// Name of the strength of mode `k`, counted from 0.
pub fn mode_name(k: usize) -> String {
    format!("mode {}", k + 1)
}

/// Mode strengths "mode 1", "mode 2", … and the "loss" of a map at each time.
///
/// # Errors
/// A map that is not finite.
pub fn record_maps(
    task: &Correlations,
    modes: &Modes,
    grid: &[f64],
    maps: &[Array2<f64>],
) -> Result<Trajectory> {
    let strengths: Vec<_> = maps.iter().map(|map| modes.strengths(map.view())).collect();
    let loss = maps.iter().map(|map| task.loss(map.view())).collect();
    record(modes, grid, &strengths, loss)
}

/// As [`record_maps`] for a map that consists of the task's modes only, given by their strengths.
///
/// # Errors
/// A strength that is not finite.
pub fn record_strengths(
    task: &Correlations,
    modes: &Modes,
    grid: &[f64],
    strengths: &[Vec<f64>],
) -> Result<Trajectory> {
    let loss = strengths.iter().map(|a| task.loss(modes.map(a).view())).collect();
    record(modes, grid, strengths, loss)
}

fn record(
    modes: &Modes,
    grid: &[f64],
    strengths: &[Vec<f64>],
    loss: Vec<f64>,
) -> Result<Trajectory> {
    let mut trajectory = Trajectory::new(Axis::Time, grid);
    for k in 0..modes.len() {
        trajectory.push(mode_name(k), strengths.iter().map(|a| a[k]).collect())?;
    }
    trajectory.push("loss", loss)?;
    Ok(trajectory)
}

/// Trains a linear network by gradient descent and records it at the times of `grid`.
///
/// # Errors
/// Weights that do not fit the task, a bad grid, or a learning rate at which training diverges.
pub fn train(
    weights: Vec<Array2<f64>>,
    task: &Correlations,
    modes: &Modes,
    rate: f64,
    grid: &[f64],
) -> Result<Trajectory> {
    let mut maps = Vec::with_capacity(grid.len());
    gradient_descent(LinearNetwork::new(weights)?, task, rate, grid, |_, net| {
        maps.push(net.map());
        Ok(())
    })?;
    record_maps(task, modes, grid, &maps)
}

/// Gap between descent and flow that the step size accounts for, measured by halving the step.
///
/// See [`tolerance_by_halving`].
///
/// # Errors
/// As [`train`].
pub fn step_halving_tolerance(
    weights: Vec<Array2<f64>>,
    task: &Correlations,
    modes: &Modes,
    rate: f64,
    prediction: &Trajectory,
) -> Result<Tolerance> {
    let grid = prediction.grid();
    tolerance_by_halving(rate, |rate| train(weights.clone(), task, modes, rate, grid))
}

/// Turns gaps of mode strengths into a tolerance that includes the loss.
///
/// A map off by δₖ in mode k changes the loss by at most Σ dₖ(|σₖ − uₖ|δₖ + δₖ²/2).
pub(crate) fn tolerance_with_loss(
    modes: &Modes,
    prediction: &Trajectory,
    mode_gaps: &[Vec<f64>],
    reason: &'static str,
) -> Tolerance {
    let targets = modes.targets();
    let largest = |gaps: &[f64]| gaps.iter().copied().fold(0.0, f64::max);
    // A mode without a strength of its own is read off a map that is rounded at the size of the others.
    let rounding = ROUNDING * largest(&targets);
    let mut gaps = Vec::with_capacity(modes.len() + 1);
    let mut loss = vec![0.0; prediction.grid().len()];
    for (k, (_, strengths)) in prediction.columns().take(modes.len()).enumerate() {
        gaps.push(
            2.0 * largest(&mode_gaps[k])
                + rounding.max(NUMERICAL_FLOOR * targets[k].max(largest(strengths))),
        );
        let d = modes.input_variances[k];
        for (i, out) in loss.iter_mut().enumerate() {
            let gap = 2.0 * mode_gaps[k][i];
            *out += d * ((targets[k] - strengths[i]).abs() * gap + 0.5 * gap * gap);
        }
    }
    let start = prediction.get("loss").map_or(0.0, |loss| loss[0]);
    gaps.push(largest(&loss) + NUMERICAL_FLOOR * start);
    Tolerance { gaps, finite_size: None, reason }
}
