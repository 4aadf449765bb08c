//! A committee on its plateau, and how its units specialize.

use super::ensembles::{dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dash, Legend, Line, Panel, Sheet, series_color};
use crate::student_teacher::OnlineNetwork;
use crate::{Result, Solvable, Trajectory};

const RATE: Parameter = Parameter {
    name: "rate",
    symbol: "η",
    unit: "",
    default: 1.0,
    low: 0.2,
    high: 1.6,
    kind: ParameterKind::Linear,
    help: "learning rate",
};

const OVERLAP: Parameter = Parameter {
    name: "overlap",
    symbol: "R_ii(0)",
    unit: "",
    default: 0.1,
    low: 0.01,
    high: 0.4,
    kind: ParameterKind::Log,
    help: "overlap of each unit with its own teacher at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saad1995_fig1",
    reference: "saad1995",
    title: "A plateau, then one unit after another specializes",
    caption: "Three erf units learn three teachers of squared length 1, 2 and 3, one example a step. Left: \
        lengths of the students' weights; middle: overlaps of student and teacher, solid with its own, \
        dashed with others; right: generalization error. Lines: order parameters of infinitely many \
        inputs. Circles: networks, mean and standard error. The paper starts from overlaps of 10⁻¹²; here \
        each unit has a small overlap with its own teacher, so that networks of a few hundred inputs \
        leave the plateau at about the same time.",
    parameters: &[RATE, OVERLAP],
    draw,
};

/// Longest time shown at rate one.
const END: f64 = 120.0;

fn draw(settings: &Settings) -> Result<Drawing> {
    let (n_in, runs) = if settings.effort == Effort::Paper { (500, 8) } else { (100, 4) };
    let rate = settings.values.get(&RATE);
    let model = OnlineNetwork::saad_solla_1995(rate, settings.values.get(&OVERLAP), n_in);
    let end = (END / rate).round();
    let fine = even_grid(end, 241);
    let theory = model.predict(&fine)?;
    let axis = || AxisSpec::linear("examples per input, t").within(0.0, end);
    let simulated = settings.effort != Effort::Theory;
    let mut panels = [
        Panel::new(axis(), AxisSpec::linear("student lengths Q_{kk}")),
        Panel::new(axis(), AxisSpec::linear("overlaps R_{km}")),
        Panel::new(axis(), AxisSpec::linear("generalization error")),
    ];
    panels[1].legend = Legend::None;
    panels[2].legend = Legend::TopRight;
    for (panel, name, label, i, dash) in shown() {
        let style = Line { dash, ..curve(&theory, &name, &label, i) };
        panels[panel].add(style);
    }
    explain_marks(&mut panels[2], simulated);
    let mut agreements = Vec::new();
    if simulated {
        let grid: Vec<f64> = even_grid(end, 17)[1..].iter().map(|t| t.round()).collect();
        let (means, found) = measure(&model, &grid, runs, settings.seed)?;
        for (panel, name, _, i, _) in shown() {
            let column = theory.columns().position(|(n, _)| n == name).unwrap_or(0);
            panels[panel].add(dots("", &grid, &means[column], series_color(i)));
        }
        agreements = found;
    }
    let sheet =
        Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels.into()) };
    Ok(Drawing { sheet, agreements })
}

/// Panel, observable, label, color and dash of every curve.
fn shown() -> Vec<(usize, String, String, usize, Dash)> {
    let mut shown = vec![(2, "generalization error".into(), String::new(), 3, Dash::Solid)];
    for k in 0..3 {
        let unit = format!("unit {}", k + 1);
        shown.push((0, format!("Q {0},{0}", k + 1), unit, k, Dash::Solid));
        for m in 0..3 {
            let dash = if k == m { Dash::Solid } else { Dash::Dashed };
            shown.push((1, format!("R {},{}", k + 1, m + 1), String::new(), k, dash));
        }
    }
    shown
}

fn curve(theory: &Trajectory, name: &str, label: &str, color: usize) -> Line {
    let values = theory.get(name).unwrap_or_default();
    Line::new(label, theory.grid(), values, series_color(color))
}
