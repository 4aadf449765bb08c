//! The matrix solution QQᵀ from random zero-balanced starts.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{compare_with_descent, even_grid, explain_marks, named, theory_and_simulation};
use crate::deep_linear::balanced::sample_two_layer;
use crate::deep_linear::riccati::{Blocks, RiccatiFlow};
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::{LinearNetwork, gradient_descent};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Panel, Sheet, gradient_color, series_color};
use crate::{Axis, Correlations, Result, Trajectory};
use ndarray::Array2;

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

/// Every entry of the blocks of QQᵀ and the loss.
fn observables(
    grid: &[f64],
    task: &Correlations,
    blocks: &[[Array2<f64>; 3]],
) -> Result<Trajectory> {
    let mut trajectory = Trajectory::new(Axis::Time, grid);
    for (b, name) in ["map", "inputs", "outputs"].into_iter().enumerate() {
        for ((i, j), _) in blocks[0][b].indexed_iter() {
            if b == 0 || i <= j {
                let values = blocks.iter().map(|x| x[b][[i, j]]).collect();
                trajectory.push(format!("{name} {}{}", i + 1, j + 1), values)?;
            }
        }
    }
    trajectory.push("loss", blocks.iter().map(|x| task.loss(x[0].view())).collect())?;
    Ok(trajectory)
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut rng = stream(settings.seed, Purpose::Task, 0);
    let task = Correlations::white(gaussian(3, 4, 0.6, &mut rng), 1.0)?;
    let grid = even_grid(END, 121);
    let rate = if settings.effort == Effort::Paper { 2e-3 } else { 1e-2 };
    let middle = settings.values.get(&SCALE);
    let mut loss =
        Panel::new(AxisSpec::linear("time (τ)").within(0.0, END), AxisSpec::linear("loss"));
    loss.title = Some("loss".into());
    let mut panels = Vec::new();
    let mut agreements = Vec::new();
    for (i, scale) in [0.2 * middle, middle, 2.5 * middle].into_iter().enumerate() {
        let s0 = [scale * scale, scale * scale, scale * scale, 0.0, 0.0];
        let mut rng = stream(settings.seed, Purpose::InitialWeights, i as u32);
        let (w1, w2) = sample_two_layer(4, 3, &s0, 0.0, &mut rng)?;
        let flow = RiccatiFlow::new(&task, &w1, &w2, 0.0)?;
        let modes = flow.modes();
        let states = flow.states(&grid)?;
        let blocks: Vec<_> = states
            .iter()
            .map(|s| {
                let Blocks { map, input_gram, output_gram } = s.blocks(modes);
                [map, input_gram, output_gram]
            })
            .collect();
        let prediction = observables(&grid, &task, &blocks)?;
        let simulate = |rate: f64| {
            let mut blocks = Vec::with_capacity(grid.len());
            let net = LinearNetwork::new(vec![w1.clone(), w2.clone()])?;
            gradient_descent(net, &task, rate, &grid, |_, net| {
                let [w1, w2] = net.weights() else { unreachable!("two layers were given") };
                blocks.push([w2.dot(w1), w1.t().dot(w1), w2.dot(&w2.t())]);
                Ok(())
            })?;
            observables(&grid, &task, &blocks)
        };
        let mut run = None;
        if settings.effort != Effort::Theory {
            let (simulated, found) = compare_with_descent(&prediction, rate, simulate)?;
            agreements.extend(named(&format!("scale {scale:.2}"), found));
            run = Some(simulated);
        }
        let of = |name: &str| run.as_ref().and_then(|run| run.get(name));
        let label = format!("σ_0 = {scale:.2}");
        let predicted = prediction.get("loss").unwrap_or_default();
        theory_and_simulation(&mut loss, &label, &grid, predicted, of("loss"), series_color(i));
        if i == 1 {
            for (block, title) in
                [("map", "*W*_2*W*_1"), ("inputs", "*W*_1^{T}*W*_1"), ("outputs", "*W*_2*W*_2^{T}")]
            {
                let mut panel = Panel::new(
                    AxisSpec::linear("time (τ)").within(0.0, END),
                    AxisSpec::linear("entry"),
                );
                panel.title = Some(title.into());
                let entries: Vec<_> =
                    prediction.columns().filter(|(n, _)| n.starts_with(block)).collect();
                for (k, (name, values)) in entries.iter().enumerate() {
                    let color = gradient_color(k, entries.len());
                    theory_and_simulation(&mut panel, "", &grid, values, of(name), color);
                }
                panels.push(panel);
            }
        }
    }
    explain_marks(&mut loss, settings.effort != Effort::Theory);
    panels.insert(0, loss);
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}
