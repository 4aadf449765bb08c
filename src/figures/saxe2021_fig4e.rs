//! Train and test error over training: overtraining.

use super::ensembles::{dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::log_grid;
use crate::generalization::LinearStudent;
use crate::generalization::linear::student::{Variances, best_stopping};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Legend, Line, Panel, Rule, Sheet, series_color};
use crate::{Result, Solvable};

const ALPHA: Parameter = Parameter {
    name: "alpha",
    symbol: "α",
    unit: "",
    default: 1.0,
    low: 0.2,
    high: 5.0,
    kind: ParameterKind::Log,
    help: "training examples per weight",
};

const SNR: Parameter = Parameter {
    name: "snr",
    symbol: "SNR",
    unit: "",
    default: 5.0,
    low: 0.2,
    high: 50.0,
    kind: ParameterKind::Log,
    help: "variance of the teacher's weights over that of the label noise",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig4e",
    reference: "saxe2021",
    title: "Training error falls for ever, test error does not",
    caption: "A linear student learns from noisy examples of a linear teacher by gradient descent, as \
        many examples as weights (α = 1), signal-to-noise ratio 5; the paper's figure is a schematic \
        without values. Lines: exact errors in the limit of many inputs. Circles: networks with 100 \
        inputs, mean and standard error over 40 draws of teacher and examples. Dashed: the time at \
        which it is best to stop; the error after it is overtraining.",
    parameters: &[ALPHA, SNR],
    draw,
};

const ENDS: (f64, f64) = (0.05, 200.0);

fn draw(settings: &Settings) -> Result<Drawing> {
    let (size, runs) = if settings.effort == Effort::Paper { (100, 40) } else { (40, 10) };
    let variances = Variances::from_snr(settings.values.get(&SNR))?;
    let model = LinearStudent { alpha: settings.values.get(&ALPHA), variances, size };
    let mut panel = Panel::new(
        AxisSpec::log("training time (τ)").within(ENDS.0, ENDS.1),
        AxisSpec::linear("error"),
    );
    panel.legend = Legend::Auto;
    let fine = log_grid(ENDS.0, ENDS.1, 201);
    let theory = model.predict(&fine)?;
    let best = best_stopping(model.alpha, &variances)?.time;
    if best < ENDS.1 {
        panel.add(Rule { label: Some("stop here".into()), ..Rule::vertical(best) });
    }
    let colors = [series_color(5), series_color(0)];
    for ((name, values), color) in theory.columns().zip(colors) {
        panel.add(Line::new(format!("{name}, theory"), &fine, values, color));
    }
    let mut agreements = Vec::new();
    if settings.effort != Effort::Theory {
        let grid = log_grid(0.08, 150.0, 14);
        let (means, found) = measure(&model, &grid, runs, settings.seed)?;
        for ((mean, name), color) in means.iter().zip(["test", "training"]).zip(colors) {
            panel.add(dots(&format!("{name} error, networks"), &grid, mean, color));
        }
        agreements = found;
    }
    let sheet =
        Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, vec![panel]) };
    Ok(Drawing { sheet, agreements })
}
