//! The matrix solution QQᵀ from random zero-balanced starts.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named, theory_and_simulation};
use crate::agreement::halving::compare_with_descent;
use crate::deep_linear::observables::gram_blocks::{GramBlocks, random_task};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Panel, Sheet, gradient_color, series_color};
use crate::{Result, Solvable, Trajectory};

const END: f64 = 6.0;

const SCALE: Parameter = Parameter {
    name: "scale",
    symbol: "σ₀",
    unit: "",
    default: 0.4,
    low: 0.01,
    high: 1.5,
    kind: ParameterKind::Log,
    help: "singular values of both layers at the start, middle curve",
};

pub(super) const FIGURE: Figure = Figure {
    name: "braun2022_fig2",
    reference: "braun2022",
    title: "The matrix solution from any zero-balanced start",
    caption: "Two-layer linear networks (4 inputs, 5 hidden units, 3 outputs) learn a random map from \
        random zero-balanced weights; white inputs. a, Loss for three scales of the initial layers. \
        b to d, Every entry of the map W₂W₁ and of the hidden similarities W₁ᵀW₁ (of inputs) and \
        W₂W₂ᵀ (of outputs), the blocks of QQᵀ, for the middle scale. Lines: exact solution. Circles: \
        gradient descent.",
    parameters: &[SCALE],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let task = random_task(4, 3, 0.6, settings.seed)?;
    let grid = even_grid(END, 121);
    let rate = if settings.effort == Effort::Paper { 2e-3 } else { 1e-2 };
    let middle = settings.values.get(&SCALE);
    let mut loss =
        Panel::new(AxisSpec::linear("time (τ)").within(0.0, END), AxisSpec::linear("loss"));
    loss.title = Some("loss".into());
    let mut panels = Vec::new();
    let mut agreements = Vec::new();
    for (i, scale) in [0.2 * middle, middle, 2.5 * middle].into_iter().enumerate() {
        let draw = (settings.seed, i as u32);
        let network = GramBlocks::zero_balanced(task.clone(), 5, scale, rate, draw)?;
        let prediction = network.predict(&grid)?;
        let mut run = None;
        if settings.effort != Effort::Theory {
            let train = |rate: f64| network.train(&grid, rate);
            let (simulated, found) = compare_with_descent(&prediction, rate, train)?;
            agreements.extend(named(&format!("scale {scale:.2}"), found));
            run = Some(simulated);
        }
        let label = format!("σ_0 = {scale:.2}");
        let predicted = prediction.get("loss").unwrap_or_default();
        let trained = run.as_ref().and_then(|run| run.get("loss"));
        theory_and_simulation(&mut loss, &label, &grid, predicted, trained, series_color(i));
        if i == 1 {
            panels = blocks(&prediction, run.as_ref());
        }
    }
    explain_marks(&mut loss, settings.effort != Effort::Theory);
    panels.insert(0, loss);
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// Every entry of each block.
fn blocks(prediction: &Trajectory, run: Option<&Trajectory>) -> Vec<Panel> {
    let blocks =
        [("map", "*W*_2*W*_1"), ("inputs", "*W*_1^{T}*W*_1"), ("outputs", "*W*_2*W*_2^{T}")];
    let panel = |(block, title): (&str, &str)| {
        let time = AxisSpec::linear("time (τ)").within(0.0, END);
        let mut panel = Panel::new(time, AxisSpec::linear("entry"));
        panel.title = Some(title.into());
        let entries: Vec<_> = prediction.columns().filter(|(n, _)| n.starts_with(block)).collect();
        for (k, (name, values)) in entries.iter().enumerate() {
            let color = gradient_color(k, entries.len());
            let trained = run.and_then(|run| run.get(name));
            theory_and_simulation(&mut panel, "", prediction.grid(), values, trained, color);
        }
        panel
    };
    blocks.map(panel).to_vec()
}
