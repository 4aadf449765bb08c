//! Double descent of ridgeless least squares.

use super::ensembles::{Mean, add_pieces, dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::curve::Sweep;
use crate::generalization::linear::least_squares::{DOUBLE_DESCENT, MISSPECIFIED};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Legend, Line, Panel, Rule, Sheet, gradient_color, series_dash};
use crate::{Axis, Result};

const DECAY: Parameter = Parameter {
    name: "decay",
    symbol: "a",
    unit: "",
    default: 2.0,
    low: 0.2,
    high: 10.0,
    kind: ParameterKind::Log,
    help: "power at which the unseen share of the signal falls with γ",
};

pub(super) const FIGURE: Figure = Figure {
    name: "hastie2022_ridgeless",
    reference: "hastie2022",
    title: "Ridgeless regression: double descent",
    caption: "Excess test error of least squares of smallest norm against parameters per example, \
        isotropic inputs, label noise of variance 1, signal-to-noise ratios 1 to 5. a, The student \
        sees every input. b, Misspecified: the share (1 + γ)^−a of the signal lies in inputs it does \
        not see, a = 2 (ours to choose); beyond the peak there is a second minimum that can be the \
        lower one. Lines: theory, which diverges at 1. Circles: 50 examples, mean and standard error \
        over 40 draws.",
    parameters: &[DECAY],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let (size, runs) = if settings.effort == Effort::Paper { (50, 40) } else { (30, 10) };
    let pieces = [log_grid(0.1, 0.985, 120), log_grid(1.015, 10.0, 120)];
    let grid = [0.1, 0.2, 0.4, 0.6, 0.8, 1.3, 1.6, 2.4, 4.0, 6.4, 10.0];
    let (mut panels, mut agreements) = (Vec::new(), Vec::new());
    for (title, curve) in [("well specified", &DOUBLE_DESCENT), ("misspecified", &MISSPECIFIED)] {
        let mut panel = Panel::new(
            AxisSpec::log("parameters per training example γ").within(0.1, 10.0),
            AxisSpec::linear("excess test error").within(0.0, 10.0),
        );
        panel.title = Some(title.into());
        panel.legend = if panels.is_empty() { Legend::TopLeft } else { Legend::None };
        panel.add(Rule::vertical(1.0));
        for i in 0..5 {
            let snr = (i + 1) as f64;
            let mut fixed = vec![("snr", snr)];
            if !panels.is_empty() {
                fixed.push(("decay", settings.values.get(&DECAY)));
            }
            let axis = Axis::ParametersPerExample;
            let sweep = Sweep::new(curve, &fixed, "gamma", axis, size)?;
            let color = gradient_color(i, 5);
            // The paper's noise has variance 1, the curve's signal has.
            let excess = |e: f64| snr * e - 1.0;
            let line = Line::new(format!("SNR {snr}"), &[], &[], color);
            let style = Line { dash: series_dash(i), ..line };
            add_pieces(&mut panel, &sweep, &pieces, 0, &style, excess)?;
            if settings.effort != Effort::Theory && i % 2 == 0 {
                let (means, found) = measure(&sweep, &grid, runs, settings.seed)?;
                let mean = Mean {
                    values: means[0].values.iter().map(|e| excess(*e)).collect(),
                    errors: means[0].errors.iter().map(|e| snr * e).collect(),
                };
                panel.add(dots("", &grid, &mean, color));
                agreements.extend(named(&format!("{title}, SNR {snr}"), found));
            }
        }
        if panels.is_empty() {
            explain_marks(&mut panel, settings.effort != Effort::Theory);
        }
        panels.push(panel);
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}
