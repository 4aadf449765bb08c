//! Every weight of a small network over time.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{compare_with_descent, even_grid};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::net::{LinearNetwork, gradient_descent};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Legend, Line, Panel, Sheet, gradient_color};
use crate::{Axis, Correlations, Dataset, Result, Trajectory};

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

/// All weights as observables: "W1 11", "W1 12", …
fn weights(grid: &[f64], by_time: &[Vec<ndarray::Array2<f64>>]) -> Result<Trajectory> {
    let mut trajectory = Trajectory::new(Axis::Time, grid);
    for (l, first) in by_time[0].iter().enumerate() {
        for ((i, j), _) in first.indexed_iter() {
            let values = by_time.iter().map(|layers| layers[l][[i, j]]).collect();
            trajectory.push(format!("W{} {}{}", l + 1, i + 1, j + 1), values)?;
        }
    }
    Ok(trajectory)
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let task = Correlations::of(&Dataset::toy())?;
    let rate = if settings.effort == Effort::Paper { 0.002 } else { 0.02 };
    let model = AlignedNetwork::uniform(task.clone(), &[4], settings.values.get(&U0).sqrt(), rate);
    let grid = even_grid(25.0, 101);
    let prediction = weights(&grid, &model.weights_at(&grid, &model.hidden_bases(settings.seed))?)?;
    let simulate = |rate: f64| {
        let mut by_time = Vec::with_capacity(grid.len());
        let net = LinearNetwork::new(model.initial_weights(settings.seed)?)?;
        gradient_descent(net, &task, rate, &grid, |_, net| {
            by_time.push(net.weights().to_vec());
            Ok(())
        })?;
        weights(&grid, &by_time)
    };
    let (run, agreements) = match settings.effort {
        Effort::Theory => (None, Vec::new()),
        _ => {
            let (run, agreements) = compare_with_descent(&prediction, rate, simulate)?;
            (Some(run), agreements)
        }
    };
    let mut panels = Vec::new();
    for (layer, title) in [("W1", "first layer, *W*_1"), ("W2", "second layer, *W*_2")] {
        let mut panel =
            Panel::new(AxisSpec::linear("time (τ)").within(0.0, 25.0), AxisSpec::linear("weight"));
        panel.title = Some(title.into());
        panel.legend = if layer == "W1" { Legend::TopLeft } else { Legend::None };
        let of_layer = |t: &Trajectory| -> Vec<(String, Vec<f64>)> {
            t.columns()
                .filter(|(n, _)| n.starts_with(layer))
                .map(|(n, v)| (n.into(), v.into()))
                .collect()
        };
        if let Some(run) = &run {
            for (i, (name, values)) in of_layer(run).into_iter().enumerate() {
                // The hidden unit is the row of W₁ and the column of W₂.
                let digit = if layer == "W1" { name.len() - 2 } else { name.len() - 1 };
                let unit = name[digit..=digit].parse::<usize>().unwrap_or(1) - 1;
                let label = if i == 0 { "gradient descent" } else { "" };
                panel.add(Line {
                    width: 1.6,
                    ..Line::new(label, &grid, &values, gradient_color(unit, 4))
                });
            }
        }
        for (i, (_, values)) in of_layer(&prediction).into_iter().enumerate() {
            let label = if i == 0 { "exact solution" } else { "" };
            panel
                .add(Line { dash: Dash::Dotted, ..Line::new(label, &grid, &values, Color::BLACK) });
        }
        panels.push(panel);
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}
