//! Every weight of a small network over time.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::even_grid;
use crate::agreement::halving::compare_with_descent;
use crate::deep_linear::AlignedNetwork;
use crate::deep_linear::observables::every_weight::EveryWeight;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Legend, Line, Panel, Sheet, gradient_color};
use crate::{Correlations, Dataset, Result, Solvable, Trajectory};

const U0: Parameter = Parameter {
    name: "u0",
    symbol: "u₀",
    unit: "",
    default: 1e-3,
    low: 1e-6,
    high: 0.5,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig4b",
    reference: "saxe2021",
    title: "The exact solution describes every single weight",
    caption: "All 44 weights of a two-layer linear network with four hidden units that learns seven \
        properties of canary, salmon, oak and rose. Solid: gradient descent; one color for each \
        hidden unit. Dotted: exact solution from aligned initial weights with mode strength u₀.",
    parameters: &[U0],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let task = Correlations::of(&Dataset::toy())?;
    let rate = if settings.effort == Effort::Paper { 0.002 } else { 0.02 };
    let network = AlignedNetwork::uniform(task, &[4], settings.values.get(&U0).sqrt(), rate);
    let model = EveryWeight { network, bases: settings.seed };
    let grid = even_grid(25.0, 101);
    let prediction = model.predict(&grid)?;
    let (run, agreements) = match settings.effort {
        Effort::Theory => (None, Vec::new()),
        _ => {
            let train = |rate: f64| model.train(&grid, rate);
            let (run, agreements) = compare_with_descent(&prediction, rate, train)?;
            (Some(run), agreements)
        }
    };
    let panels = [("W1", "first layer, *W*_1"), ("W2", "second layer, *W*_2")];
    let panels = panels.map(|(layer, title)| panel(layer, title, &prediction, run.as_ref()));
    let sheet = Sheet::new(FIGURE.title, panels.to_vec());
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

/// All weights of one layer, colored by hidden unit.
fn panel(layer: &str, title: &str, prediction: &Trajectory, run: Option<&Trajectory>) -> Panel {
    let time = AxisSpec::linear("time (τ)").within(0.0, 25.0);
    let mut panel = Panel::new(time, AxisSpec::linear("weight"));
    panel.title = Some(title.into());
    panel.legend = if layer == "W1" { Legend::TopLeft } else { Legend::None };
    let grid = prediction.grid();
    let of_layer = |t: &Trajectory| -> Vec<(String, Vec<f64>)> {
        let columns = t.columns().filter(|(name, _)| name.starts_with(layer));
        columns.map(|(name, values)| (name.into(), values.into())).collect()
    };
    for (i, (name, values)) in run.map(of_layer).unwrap_or_default().into_iter().enumerate() {
        // The hidden unit is the row of W₁ and the column of W₂.
        let digit = if layer == "W1" { name.len() - 2 } else { name.len() - 1 };
        let unit = name[digit..=digit].parse::<usize>().unwrap_or(1) - 1;
        let label = if i == 0 { "gradient descent" } else { "" };
        let line = Line::new(label, grid, &values, gradient_color(unit, 4));
        panel.add(Line { width: 1.6, ..line });
    }
    for (i, (_, values)) in of_layer(prediction).into_iter().enumerate() {
        let label = if i == 0 { "exact solution" } else { "" };
        panel.add(Line { dash: Dash::Dotted, ..Line::new(label, grid, &values, Color::BLACK) });
    }
    panel
}
