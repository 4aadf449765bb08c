//! The figure of a learning curve that a user asked for.

use crate::curve::measured::{Measured, Measurement};
use crate::generalization::kernel::from_data::{Estimate, MeasuredPoint, PredictedPoint};
use crate::plot::{
    AxisSpec, Color, Dots, Legend, Line, Panel, Rule, Sheet, series_color, series_dash,
};

use crate::figures::parts::explain_marks;

/// Theory as lines, broken where it diverges; simulation as circles with standard errors.
pub fn curve(measurement: &Measurement, measured: &Measured) -> Sheet {
    let Measurement { curve, over, grid, .. } = measurement;
    let parameter = curve.parameters.iter().find(|p| p.name == *over);
    let label = parameter.map_or_else(String::new, |p| format!("{} {}", p.help, p.symbol));
    let means = measured.simulated.iter().flat_map(|simulated| simulated.mean.iter().flatten());
    let positive = measured.theory.iter().flatten().flatten().chain(means).all(|y| *y > 0.0);
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
            let spread = Some(simulated.standard_error[k].clone());
            panel.add(Dots { open: true, spread, ..dots });
        }
    }
    explain_marks(&mut panel, measured.simulated.is_some());
    let description = "Lines: theory of the infinite system, broken where it diverges. Circles: mean \
        over simulated systems, with standard errors.";
    Sheet { description: description.into(), ..Sheet::new(curve.summary, vec![panel]) }
}

/// The learning curve of a user's own data: theory as lines, cross validation as circles with
/// standard errors.
pub fn data(predicted: &[PredictedPoint], measured: &[MeasuredPoint], variance: f64) -> Sheet {
    let mut panel =
        Panel::new(AxisSpec::log("training examples *P*"), AxisSpec::linear("mean square error"));
    panel.legend = Legend::Right;
    let x: Vec<f64> = predicted.iter().map(|p| p.samples as f64).collect();
    let theory = [
        ("test error", predicted.iter().map(|p| p.test_error).collect::<Vec<f64>>()),
        ("training error", predicted.iter().map(|p| p.training_error).collect()),
    ];
    let found: [Vec<Estimate>; 2] = [
        measured.iter().map(|p| p.test_error).collect(),
        measured.iter().map(|p| p.training_error).collect(),
    ];
    for (k, ((name, values), found)) in theory.into_iter().zip(found).enumerate() {
        let line = Line::new(name, &x, &values, series_color(k));
        panel.add(Line { dash: series_dash(k), ..line });
        let mean: Vec<f64> = found.iter().map(|e| e.mean).collect();
        let spread = Some(found.iter().map(|e| e.standard_error).collect());
        panel.add(Dots { open: true, spread, ..Dots::new("", &x, &mean, series_color(k)) });
    }
    panel.add(Rule { label: Some("mean only".into()), ..Rule::horizontal(variance) });
    panel.add(Line::new("theory", &[], &[], Color::GRAY));
    panel.add(Dots { open: true, ..Dots::new("cross validation", &[], &[], Color::GRAY) });
    let description = "Lines: prediction from the Gram matrix of the data. Circles: mean over random \
        splits, with standard errors.";
    let sheet = Sheet::new("Learning curve of kernel regression on the data", vec![panel]);
    Sheet { description: description.into(), ..sheet }
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
