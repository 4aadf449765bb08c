//! What all figures share: theory is a line, simulation is dots of the same color.

use crate::Agreement;
use crate::plot::{Color, Dots, Line, Panel};

/// About how many dots show a simulated curve without hiding the line below it.
const DOTS: usize = 21;

/// An even grid of `n` points from 0 to `end`.
pub fn even_grid(end: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| end * i as f64 / (n - 1) as f64).collect()
}

/// `n` points from `low` to `high`, evenly spaced by their logarithm.
pub fn log_grid(low: f64, high: f64, n: usize) -> Vec<f64> {
    let (a, b) = (low.ln(), high.ln());
    (0..n).map(|i| (a + (b - a) * i as f64 / (n - 1) as f64).exp()).collect()
}

/// Draws theory as a line and, where there is one, simulation as open dots along it.
pub fn theory_and_simulation(
    panel: &mut Panel,
    label: &str,
    x: &[f64],
    theory: &[f64],
    simulation: Option<&[f64]>,
    color: Color,
) {
    if x.len() == 1 {
        // A line needs two points; a disk behind the simulation's ring shows one.
        panel.add(Dots { size: 1.8, ..Dots::new(label, x, theory, color) });
    } else {
        panel.add(Line::new(label, x, theory, color));
    }
    if let Some(simulation) = simulation {
        let (x, y) = thin(x, simulation);
        panel.add(Dots { open: true, ..Dots::new("", &x, &y, color) });
    }
}

/// Every so many points of a curve, its ends included.
pub fn thin(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let every = (x.len() / (DOTS - 1)).max(1);
    x.iter().zip(y).step_by(every).map(|(x, y)| (*x, *y)).unzip()
}

/// Explains lines and dots once, in gray, where the legend has only the series.
pub fn explain_marks(panel: &mut Panel, simulated: bool) {
    panel.add(Line::new("theory", &[], &[], Color::GRAY));
    if simulated {
        panel.add(Dots { open: true, ..Dots::new("simulation", &[], &[], Color::GRAY) });
    }
}

/// The same agreements under names that say which part of the figure they belong to.
pub fn named(prefix: &str, agreements: Vec<Agreement>) -> impl Iterator<Item = Agreement> {
    agreements
        .into_iter()
        .map(move |a| Agreement { observable: format!("{prefix}: {}", a.observable), ..a })
}
