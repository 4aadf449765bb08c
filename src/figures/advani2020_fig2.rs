//! Test error over time for few, as many, and many examples.

use super::ensembles::{dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{log_grid, named};
use crate::generalization::LinearStudent;
use crate::generalization::linear::student::Variances;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dash, Legend, Line, Panel, Rule, Sheet, series_color};
use crate::{Result, Solvable};

const SNR: Parameter = Parameter {
    name: "snr",
    symbol: "SNR",
    unit: "",
    default: 5.0,
    low: 0.5,
    high: 50.0,
    kind: ParameterKind::Log,
    help: "variance of the teacher's weights over that of the label noise",
};

const START: Parameter = Parameter {
    name: "start",
    symbol: "σ_0²",
    unit: "",
    default: 0.0,
    low: 0.0,
    high: 2.0,
    kind: ParameterKind::Linear,
    help: "variance of the initial weights over that of the teacher's",
};

pub(super) const FIGURE: Figure = Figure {
    name: "advani2020_fig2",
    reference: "advani2020",
    title: "Overtraining is worst with as many examples as weights",
    caption: "Test error (solid) and training error (dashed) of a linear student over time for few, as \
        many, and many examples per weight; signal-to-noise ratio 5, start at zero. Lines: theory in \
        the limit of many inputs. Circles: networks with 80 inputs, mean and standard error over 30 \
        draws. Dotted: variance of the label noise, the least possible error.",
    parameters: &[SNR, START],
    draw,
};

const ENDS: (f64, f64) = (0.05, 200.0);

fn draw(settings: &Settings) -> Result<Drawing> {
    let (size, runs) = if settings.effort == Effort::Paper { (80, 30) } else { (40, 8) };
    let start = settings.values.get(&START);
    let variances = Variances { start, ..Variances::from_snr(settings.values.get(&SNR))? };
    let fine = log_grid(ENDS.0, ENDS.1, 161);
    let (mut panels, mut agreements) = (Vec::new(), Vec::new());
    let models = [0.5, 1.0, 2.0].map(|alpha| LinearStudent { alpha, variances, size });
    let mut highest = 0.0f64;
    for model in &models {
        let theory = model.predict(&fine)?;
        highest = theory.columns().flat_map(|(_, e)| e).fold(highest, |m, e| m.max(*e));
    }
    for (i, model) in models.into_iter().enumerate() {
        let mut panel = Panel::new(
            AxisSpec::log("time (τ)").within(ENDS.0, ENDS.1),
            AxisSpec::linear("error").within(0.0, 1.05 * highest),
        );
        panel.title = Some(format!("α = {}", ["½", "1", "2"][i]));
        panel.legend = if i == 0 { Legend::TopRight } else { Legend::None };
        panel.aspect = 0.95;
        let label = (i == 0).then(|| "label noise".to_owned());
        panel.add(Rule { dash: Dash::Dotted, label, ..Rule::horizontal(variances.noise) });
        let color = series_color(i);
        let theory = model.predict(&fine)?;
        for ((name, values), dash) in theory.columns().zip([Dash::Solid, Dash::Dashed]) {
            panel.add(Line { dash, ..Line::new(name, &fine, values, color) });
        }
        if settings.effort != Effort::Theory {
            let grid = log_grid(0.08, 150.0, 11);
            let (means, found) = measure(&model, &grid, runs, settings.seed)?;
            for (k, mean) in means.iter().enumerate() {
                let label = if k == 0 { "networks" } else { "" };
                panel.add(dots(label, &grid, mean, color));
            }
            agreements.extend(named(&format!("α = {}", model.alpha), found));
        }
        panels.push(panel);
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}
