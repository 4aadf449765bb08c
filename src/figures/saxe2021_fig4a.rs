//! Training error of deep linear networks: theory dotted over simulation.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, named};
use crate::deep_linear::AlignedNetwork;
use crate::deep_linear::learning_rate::critical_rate;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Legend, Line, Panel, Sheet, series_color};
use crate::{Correlations, Dataset, Modes, Result, Solvable, compare};

const U0: Parameter = Parameter {
    name: "u0",
    symbol: "u₀",
    unit: "",
    default: 1e-3,
    low: 1e-6,
    high: 0.1,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig4a",
    reference: "saxe2021",
    title: "Training error of deep linear networks is known in closed form",
    caption: "Training error of linear networks with one, two and three weight layers that learn the \
        table of Rumelhart's eight living things, relative to its start. Solid: gradient descent. \
        Dotted: exact solution. Depth turns the exponential decay into stages, one for each singular \
        mode of the task; all modes start with the strength u₀.",
    parameters: &[U0],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let task = Correlations::of(&Dataset::rumelhart())?;
    let modes = Modes::of(&task)?;
    let grid = even_grid(100.0, 401);
    let y = AxisSpec::linear("training error (share of start)").within(0.0, 1.0);
    let mut panel = Panel::new(AxisSpec::linear("time (τ)").within(0.0, 100.0), y);
    panel.legend = Legend::TopRight;
    let mut agreements = Vec::new();
    for (depth, label) in [(1, "1 layer (shallow)"), (2, "2 layers"), (3, "3 layers")] {
        let scale = settings.values.get(&U0).powf(1.0 / depth as f64);
        let rate = critical_rate(&modes, depth)
            / if settings.effort == Effort::Paper { 400.0 } else { 50.0 };
        let model = AlignedNetwork::uniform(task.clone(), &vec![8; depth - 1], scale, rate);
        let prediction = model.predict(&grid)?;
        let share = |loss: &[f64]| loss.iter().map(|l| l / loss[0]).collect::<Vec<_>>();
        if settings.effort != Effort::Theory {
            let run = model.simulate(&grid, settings.seed)?;
            let loss = share(run.get("loss").unwrap_or_default());
            let color = series_color(depth - 1);
            panel.add(Line { width: 2.0, ..Line::new(label, &grid, &loss, color) });
            let tolerance = model.tolerance(&prediction)?;
            agreements.extend(named(label, compare(&prediction, &[run], Some(&tolerance))?));
        }
        let loss = share(prediction.get("loss").unwrap_or_default());
        let label = if depth == 3 { "exact solution" } else { "" };
        panel.add(Line { dash: Dash::Dotted, ..Line::new(label, &grid, &loss, Color::BLACK) });
    }
    let sheet =
        Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, vec![panel]) };
    Ok(Drawing { sheet, agreements })
}
