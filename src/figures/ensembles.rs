//! Random systems in figures: the mean over runs with its standard error beside the theory.

use crate::curve::Sweep;
use crate::plot::{Color, Dots, Line, Panel};
use crate::trajectory::mean_over_runs;
use crate::{Agreement, Result, Solvable, compare, ensemble};

/// Mean over runs of one observable and the standard error of that mean, point by point.
pub struct Mean {
    /// The means.
    pub values: Vec<f64>,
    /// Their standard errors.
    pub errors: Vec<f64>,
}

/// Seeds of the runs of one ensemble: no two settings share one.
pub fn seeds(seed: u64, runs: u64) -> Vec<u64> {
    (0..runs).map(|run| seed.wrapping_mul(1_000_003).wrapping_add(run)).collect()
}

/// Simulates a model once per run; every observable's mean, and the comparison with theory.
pub fn measure(
    model: &dyn Solvable,
    grid: &[f64],
    runs: u64,
    seed: u64,
) -> Result<(Vec<Mean>, Vec<Agreement>)> {
    measure_runs(model, grid, &seeds(seed, runs))
}

/// The same for runs whose seeds are given.
pub fn measure_runs(
    model: &dyn Solvable,
    grid: &[f64],
    seeds: &[u64],
) -> Result<(Vec<Mean>, Vec<Agreement>)> {
    let prediction = model.predict(grid)?;
    let runs = ensemble(model, grid, seeds)?;
    let agreements = compare(&prediction, &runs, Some(&model.tolerance(&prediction)?))?;
    let column = |name: &str| {
        let (values, errors) = mean_over_runs(&runs, name);
        Mean { values, errors }
    };
    Ok((prediction.columns().map(|(name, _)| column(name)).collect(), agreements))
}

/// Open circles with error bars.
pub fn dots(label: &str, x: &[f64], mean: &Mean, color: Color) -> Dots {
    let spread = Some(mean.errors.clone());
    Dots { open: true, spread, ..Dots::new(label, x, &mean.values, color) }
}

/// Draws observable `k` of a curve as one line for each piece of the axis: theory may diverge
/// between them. The first carries the label.
pub fn add_pieces(
    panel: &mut Panel,
    sweep: &Sweep,
    pieces: &[Vec<f64>],
    k: usize,
    style: &Line,
    scaled: impl Fn(f64) -> f64,
) -> Result<()> {
    for (i, piece) in pieces.iter().enumerate() {
        let prediction = sweep.predict(piece)?;
        let values: Vec<f64> = prediction
            .columns()
            .nth(k)
            .map(|(_, values)| values.iter().map(|v| scaled(*v)).collect())
            .unwrap_or_default();
        let label = if i == 0 { style.label.clone() } else { None };
        panel.add(Line { label, x: piece.clone(), y: values, ..style.clone() });
    }
    Ok(())
}
