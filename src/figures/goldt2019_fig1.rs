//! Committees with more units than their teacher, learning from noisy labels.

use super::activation_comparison::{dots_above, line_above};
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
    default: 0.5,
    low: 0.1,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "learning rate",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ",
    unit: "",
    default: 0.1,
    low: 0.0,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "standard deviation of the noise on labels",
};

pub(super) const FIGURE: Figure = Figure {
    name: "goldt2019_fig1",
    reference: "goldt2019",
    title: "Theory and training of committees of several sizes",
    caption: "Generalization error of soft committee machines of K erf units that learn a teacher of two \
        units from noisy labels, one example a step. Lines: order parameters of infinitely many inputs. \
        Circles: networks, mean and standard error. Units that the teacher does not have make the last \
        error larger. Two units start with a small overlap with one teacher each (0.3); rate and noise are \
        ours.",
    parameters: &[RATE, NOISE],
    draw,
};

const SIZES: [usize; 3] = [2, 3, 5];
/// Errors below this are not shown.
const FLOOR: f64 = 1e-8;
const ENDS: (f64, f64) = (0.1, 300.0);

fn draw(settings: &Settings) -> Result<Drawing> {
    let (n_in, runs) = if settings.effort == Effort::Paper { (300, 6) } else { (60, 3) };
    let learning = Learning {
        rate: settings.values.get(&RATE),
        readout_rate: 0.0,
        noise: settings.values.get(&NOISE),
    };
    let mut panel = Panel::new(
        AxisSpec::log("examples per input, t").within(ENDS.0, ENDS.1),
        AxisSpec::log("generalization error"),
    );
    panel.legend = Legend::BottomLeft;
    let fine = log_grid(ENDS.0, ENDS.1, 121);
    let simulated = settings.effort != Effort::Theory;
    let mut agreements = Vec::new();
    for (i, k) in SIZES.into_iter().enumerate() {
        let model = OnlineNetwork::goldt_2019(Nonlinearity::ERF_SQRT2, k, learning, n_in)?;
        let theory = model.predict(&fine)?;
        let error = theory.get("generalization error").unwrap_or_default();
        panel.add(line_above(FLOOR, &format!("K = {k}"), &fine, error, series_color(i)));
        if simulated {
            let grid = log_grid(0.2, 250.0, 13);
            let (means, found) = measure(&model, &grid, runs, settings.seed)?;
            panel.add(dots_above(FLOOR, &grid, &means[0], series_color(i)));
            agreements.extend(named(&format!("K = {k}"), found));
        }
    }
    explain_marks(&mut panel, simulated);
    let sheet =
        Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, vec![panel]) };
    Ok(Drawing { sheet, agreements })
}
