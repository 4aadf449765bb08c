//! Both layers learn: what more units do, by activation.

use super::activation_comparison::{displayed, dots_above, line_above};
use super::ensembles::measure;
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Legend, Panel, Sheet, series_color};
use crate::student_teacher::OnlineNetwork;
use crate::student_teacher::flow::Learning;
use crate::{Result, Solvable};

const RATE: Parameter = Parameter {
    name: "rate",
    symbol: "η",
    unit: "",
    default: 0.3,
    low: 0.05,
    high: 0.6,
    kind: ParameterKind::Linear,
    help: "learning rate of both layers",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ",
    unit: "",
    default: 0.2,
    low: 0.0,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "standard deviation of the noise on labels",
};

pub(super) const FIGURE: Figure = Figure {
    name: "goldt2019_fig4",
    reference: "goldt2019",
    title: "If both layers learn, more units make late errors smaller",
    caption: "Generalization error of networks of K units whose two layers both learn from noisy labels of a \
        teacher of two units, for erf, linear and ReLU units. Units of the same teacher average the noise, \
        so that late errors are smaller with more units. Lines: order parameters of infinitely many inputs. Circles: \
        networks, mean and standard error. Readouts start at 2/K, units with a small overlap with one \
        teacher each (0.3); rates and noise are ours.",
    parameters: &[RATE, NOISE],
    draw,
};

const SIZES: [usize; 2] = [2, 4];
/// Errors below this are not shown.
const FLOOR: f64 = 1e-8;
const ENDS: (f64, f64) = (0.1, 500.0);

fn draw(settings: &Settings) -> Result<Drawing> {
    let (n_in, runs, last) =
        if settings.effort == Effort::Paper { (200, 4, 200.0) } else { (50, 3, 20.0) };
    let rate = settings.values.get(&RATE);
    let learning = Learning { rate, readout_rate: rate, noise: settings.values.get(&NOISE) };
    let fine = log_grid(ENDS.0, ENDS.1, 91);
    let simulated = settings.effort != Effort::Theory;
    let (mut panels, mut agreements) = (Vec::new(), Vec::new());
    for activation in [Nonlinearity::ERF_SQRT2, Nonlinearity::Linear, Nonlinearity::RELU] {
        let mut panel = Panel::new(
            AxisSpec::log("examples per input, t").within(ENDS.0, ENDS.1),
            AxisSpec::log("generalization error"),
        );
        panel.title = Some(format!("{} units", displayed(activation)));
        panel.legend = if panels.is_empty() { Legend::BottomLeft } else { Legend::None };
        for (i, k) in SIZES.into_iter().enumerate() {
            let model = OnlineNetwork::goldt_2019(activation, k, learning, n_in)?;
            let theory = model.predict(&fine)?;
            let error = theory.get("generalization error").unwrap_or_default();
            panel.add(line_above(FLOOR, &format!("K = {k}"), &fine, error, series_color(i)));
            // Of the quick drawing, fluctuations of four ReLU units would be most.
            if simulated && (settings.effort == Effort::Paper || k == 2) {
                let grid = log_grid(0.2, last, 11);
                let (means, found) = measure(&model, &grid, runs, settings.seed)?;
                panel.add(dots_above(FLOOR, &grid, &means[0], series_color(i)));
                let part = format!("{}, K = {k}", displayed(activation));
                agreements.extend(named(&part, found));
            }
        }
        if panels.is_empty() {
            explain_marks(&mut panel, simulated);
        }
        panels.push(panel);
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}
