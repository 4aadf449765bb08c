//! The figure of a learning curve that a user asked for.

use crate::generalization::measured::{Measured, Measurement};
use crate::plot::{AxisSpec, Dots, Legend, Line, Panel, Scale, Sheet, series_color, series_dash};

use super::parts::explain_marks;

/// Theory as lines, broken where it diverges; simulation as circles with standard errors.
pub fn curve(measurement: &Measurement, measured: &Measured) -> Sheet {
    let Measurement { curve, over, grid, .. } = measurement;
    let parameter = curve.parameters.iter().find(|p| p.name == *over);
    let label = parameter.map_or_else(String::new, |p| format!("{} {}", p.help, p.symbol));
    let positive = measured.theory.iter().flatten().flatten().all(|y| *y > 0.0);
    let (low, high) = extent(measured);
    // An axis is logarithmic if its values span more than a factor of twenty.
    let y = if positive && high > 20.0 * low { AxisSpec::log("") } else { AxisSpec::linear("") };
    let x = match (grid.first(), grid.last()) {
        (Some(a), Some(b)) if *a > 0.0 && *b > 20.0 * a => AxisSpec::log(label),
        _ => AxisSpec::linear(label),
    };
    let mut panel = Panel::new(x, y);
    panel.legend = Legend::Right;
    for (k, name) in curve.observables.iter().enumerate() {
        for (i, (x, y)) in pieces(grid, &measured.theory[k]).into_iter().enumerate() {
            let label = if i == 0 { *name } else { "" };
            let line = Line::new(label, &x, &y, series_color(k));
            panel.add(Line { dash: series_dash(k), ..line });
        }
        if let Some(simulated) = &measured.simulated {
            let dots = Dots::new("", &simulated.grid, &simulated.mean[k], series_color(k));
            // A bar below zero has no place on a logarithmic axis.
            let spread =
                (panel.y.scale == Scale::Linear).then(|| simulated.standard_error[k].clone());
            panel.add(Dots { open: true, spread, ..dots });
        }
    }
    explain_marks(&mut panel, measured.simulated.is_some());
    let description = "Lines: theory of the infinite system, broken where it diverges. Circles: mean \
        over simulated systems, with standard errors.";
    Sheet { description: description.into(), ..Sheet::new(curve.summary, vec![panel]) }
}

/// The stretches between divergences.
fn pieces(grid: &[f64], values: &[Option<f64>]) -> Vec<(Vec<f64>, Vec<f64>)> {
    let mut pieces = vec![(Vec::new(), Vec::new())];
    for (x, y) in grid.iter().zip(values) {
        match (y, pieces.last_mut()) {
            (Some(y), Some((xs, ys))) => {
                xs.push(*x);
                ys.push(*y);
            }
            _ => pieces.push((Vec::new(), Vec::new())),
        }
    }
    pieces.retain(|(x, _)| !x.is_empty());
    pieces
}

fn extent(measured: &Measured) -> (f64, f64) {
    let values = measured.theory.iter().flatten().flatten();
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(*y), high.max(*y)))
}
