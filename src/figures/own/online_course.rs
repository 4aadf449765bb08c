//! The figure of a user's own course of online learning.

use crate::Trajectory;
use crate::figures::ensembles::{Mean, dots};
use crate::figures::parts::{explain_marks, thin};
use crate::plot::{AxisSpec, Legend, Line, Panel, Rule, Sheet, Width, series_color, series_dash};
use crate::trajectory::mean_over_runs;

/// Curves of one panel beyond this many are not drawn: they could not be told apart.
const MOST_CURVES: usize = 16;
/// An error that falls by more than this factor is shown by its logarithm.
const LOG_FROM: f64 = 20.0;

/// A family of observables that belong into one panel.
struct Family {
    label: &'static str,
    /// Whether an observable of this name is of the family.
    has: fn(&str) -> bool,
}

const FAMILIES: [Family; 4] = [
    Family { label: "generalization error", has: |name| name.contains("error") },
    Family { label: "overlap with teachers *R*_{km}", has: |name| name.starts_with("R ") },
    Family { label: "overlap of students *Q*_{kl}", has: |name| name.starts_with("Q ") },
    Family { label: "readouts", has: |name| name.starts_with("v ") || name.starts_with("head") },
];

/// Errors, overlaps and readouts over time: theory as lines, the mean over `runs` as circles with
/// standard errors. `events` are times worth a mark, with their names.
pub fn online_course(theory: &Trajectory, runs: &[Trajectory], events: &[(f64, &str)]) -> Sheet {
    let mut panels = Vec::new();
    for family in &FAMILIES {
        let names: Vec<&str> =
            theory.columns().map(|(name, _)| name).filter(|name| (family.has)(name)).collect();
        if !names.is_empty() {
            panels.push(panel(family, &names, theory, runs, events));
        }
    }
    let description = "Lines: theory for infinitely many inputs. Circles: mean over simulated networks \
        of finite size, with standard errors.";
    let columns = 2.min(panels.len().max(1));
    let sheet = Sheet::new("Online learning from a teacher", panels);
    Sheet { description: description.into(), columns, width: Width::Double, ..sheet }
}

fn panel(
    family: &Family,
    names: &[&str],
    theory: &Trajectory,
    runs: &[Trajectory],
    events: &[(f64, &str)],
) -> Panel {
    let curves: Vec<&[f64]> = names.iter().filter_map(|name| theory.get(name)).collect();
    let (low, high) = extent(&curves);
    // A log axis ends at the smallest value, which must be positive.
    let is_log = names[0].contains("error") && low > 0.0 && high > LOG_FROM * low;
    let y = if is_log { AxisSpec::log(family.label) } else { AxisSpec::linear(family.label) };
    let mut panel = Panel::new(AxisSpec::linear(theory.axis().label()), y);
    panel.legend = Legend::Right;
    for (time, name) in events {
        panel.add(Rule { label: Some((*name).to_owned()), ..Rule::vertical(*time) });
    }
    for (k, (name, curve)) in names.iter().zip(&curves).enumerate().take(MOST_CURVES) {
        let color = series_color(k);
        let label = if names.len() == 1 { "" } else { name };
        panel.add(Line { dash: series_dash(k), ..Line::new(label, theory.grid(), curve, color) });
        let Some(run) = runs.first() else { continue };
        let (means, errors) = mean_over_runs(runs, name);
        let shown = |values: &[f64]| thin(run.grid(), values);
        let ((x, values), (_, errors)) = (shown(&means), shown(&errors));
        let drawn: Vec<usize> =
            (0..x.len()).filter(|i| !is_log || values[*i] > errors[*i]).collect();
        let kept = |values: &[f64]| drawn.iter().map(|i| values[*i]).collect::<Vec<_>>();
        let mean = Mean { values: kept(&values), errors: kept(&errors) };
        panel.add(dots("", &kept(&x), &mean, color));
    }
    explain_marks(&mut panel, !runs.is_empty());
    panel
}

fn extent(curves: &[&[f64]]) -> (f64, f64) {
    let values = curves.iter().flat_map(|curve| curve.iter());
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(*y), high.max(*y)))
}
