//! When modes are half learned, from any prediction.

use crate::{Modes, Result, Solvable};

/// Intervals of the first look, and into which each bracket is divided on every closer look.
const FIRST: usize = 200;
const CLOSER: usize = 6;
const LOOKS: usize = 2;

/// Time at which each mode first reaches half of its target s/d, up to `horizon`; `None` for modes
/// that do not, 0 for modes that start above.
///
/// Brackets every crossing on an even grid, divides the brackets twice, and interpolates by a cubic:
/// the error is of order 10⁻¹⁶ of the fourth power of the horizon in units of the curve's own time,
/// below that of any integrated curve.
///
/// # Errors
/// As the model's prediction.
pub fn crossing_times(
    model: &dyn Solvable,
    modes: &Modes,
    horizon: f64,
) -> Result<Vec<Option<f64>>> {
    let half: Vec<f64> = modes.targets().into_iter().map(|target| 0.5 * target).collect();
    let grid: Vec<f64> = (0..=FIRST).map(|i| horizon * i as f64 / FIRST as f64).collect();
    let mut brackets: Vec<Option<(f64, f64)>> = Vec::new();
    let first = model.predict(&grid)?;
    for ((_, strengths), half) in first.columns().zip(&half) {
        brackets.push(bracket(&grid, strengths, *half));
    }
    let mut curves = first;
    for _ in 0..LOOKS {
        let mut times: Vec<f64> = Vec::new();
        for (low, high) in brackets.iter().flatten() {
            times.extend((0..=CLOSER).map(|i| low + (high - low) * i as f64 / CLOSER as f64));
        }
        times.sort_by(f64::total_cmp);
        // Neighboring brackets share an end up to rounding.
        times.dedup_by(|later, earlier| *later - *earlier <= 1e-12 * horizon);
        if times.is_empty() {
            break;
        }
        curves = model.predict(&times)?;
        for ((name, strengths), (old, half)) in curves.columns().zip(brackets.iter_mut().zip(&half))
        {
            debug_assert!(name.starts_with("mode"));
            if old.is_some() {
                *old = bracket(&times, strengths, *half);
            }
        }
    }
    let crossing = |(k, (_, strengths)): (usize, (&str, &[f64]))| {
        brackets[k].and_then(|_| crossing_of_cubic(curves.grid(), strengths, half[k]))
    };
    Ok(curves.columns().take(modes.len()).enumerate().map(crossing).collect())
}

/// Time at which a recorded curve first reaches `level`, by linear interpolation; `None` if it
/// does not, the first time if it starts above.
pub fn first_crossing(times: &[f64], values: &[f64], level: f64) -> Option<f64> {
    let i = values.iter().position(|v| *v >= level)?;
    if i == 0 {
        return Some(times[0]);
    }
    let share = (level - values[i - 1]) / (values[i] - values[i - 1]);
    Some(times[i - 1] + share * (times[i] - times[i - 1]))
}

/// As [`first_crossing`], by the cubic through the four points around it.
fn crossing_of_cubic(times: &[f64], values: &[f64], level: f64) -> Option<f64> {
    let i = values.iter().position(|v| *v >= level)?;
    if i == 0 || times.len() < 4 {
        return first_crossing(times, values, level);
    }
    let from = i.saturating_sub(2).min(times.len() - 4);
    let (x, y) = (&times[from..from + 4], &values[from..from + 4]);
    let cubic = |t: f64| {
        let weight = |j: usize| -> f64 {
            (0..4).filter(|l| *l != j).map(|l| (t - x[l]) / (x[j] - x[l])).product()
        };
        (0..4).map(|j| y[j] * weight(j)).sum::<f64>()
    };
    // It passes through both ends of the bracket, so that halving finds it.
    let (mut low, mut high) = (times[i - 1], times[i]);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if cubic(middle) >= level { high = middle } else { low = middle }
    }
    Some(0.5 * (low + high))
}

/// Neighboring grid points between which a curve first reaches `half`; equal if it starts above.
fn bracket(grid: &[f64], strengths: &[f64], half: f64) -> Option<(f64, f64)> {
    if half <= 0.0 {
        return None;
    }
    let i = strengths.iter().position(|u| *u >= half)?;
    Some((grid[i.saturating_sub(1)], grid[i]))
}
