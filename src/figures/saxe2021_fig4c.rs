//! Learning time against depth for three kinds of initial weights.

use super::figure::{Drawing, Effort, Figure, Settings};
use crate::deep_linear::depth_schedule::{Start, descent_shift, descent_steps, learning_steps};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dots, Line, Panel, Sheet, series_color, series_marker};
use crate::{Agreement, Result};

/// Singular value of the task and the share of it that counts as learned.
const S: f64 = 2.0;
const LEARNED: f64 = 0.95;

const A0: Parameter = Parameter {
    name: "a0",
    symbol: "a₀",
    unit: "",
    default: 0.3,
    low: 0.05,
    high: 0.9,
    kind: ParameterKind::Linear,
    help: "size of every layer at the start, small random weights and autoencoders",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig4c",
    reference: "saxe2021",
    title: "Learning time grows with depth, unless the start is right",
    caption: "Steps of gradient descent until a mode (singular value 2) is learned to 95 %, at the \
        learning rate of fastest convergence, against the number of weight layers. Small random \
        weights (every layer a₀): exponential in depth. Layerwise pretraining as autoencoders: \
        proportional to depth. Orthogonal weights: independent of depth. a, Logarithmic axis. b, The \
        two fast starts on a linear axis. Lines: exact learning time of gradient flow. Symbols: \
        steps that gradient descent takes.",
    parameters: &[A0],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let scale = settings.values.get(&A0);
    let starts = [
        (Start::SmallRandom { scale }, "small random"),
        (Start::Pretrained { scale }, "layerwise pretrained"),
        (Start::Orthogonal { gain: 1.0 }, "orthogonal"),
    ];
    let most = match settings.effort {
        Effort::Theory => 0,
        Effort::Quick => 1_000_000,
        Effort::Paper => 10_000_000,
    };
    let depth = || AxisSpec::linear("depth (weight layers)");
    let mut all = Panel::new(depth().within(1.7, 12.3), AxisSpec::log("steps to learn"));
    let mut fast = Panel::new(depth().within(0.0, 104.0), AxisSpec::linear("steps to learn"));
    let mut agreements = Vec::new();
    for (i, (start, label)) in starts.into_iter().enumerate() {
        let near: Vec<usize> = (2..=12).collect();
        let far: Vec<usize> =
            [2, 3, 4, 5, 6, 8, 10].into_iter().chain((20..=100).step_by(10)).collect();
        for (panel, depths) in [(&mut all, near), (&mut fast, far)] {
            let is_far = depths.len() != 11;
            if is_far && i == 0 {
                continue;
            }
            let theory: Vec<f64> = depths
                .iter()
                .map(|depth| learning_steps(*depth as f64, start, S, LEARNED))
                .collect::<Result<_>>()?;
            let x: Vec<f64> = depths.iter().map(|depth| *depth as f64).collect();
            let color = series_color(i);
            panel.add(Line::new(label, &x, &theory, color));
            if most == 0 {
                continue;
            }
            let (mut at, mut steps) = (Vec::new(), Vec::new());
            for (depth, predicted) in depths.iter().zip(&theory) {
                if let Some(found) = descent_steps(*depth, start, S, LEARNED, most)? {
                    at.push(*depth as f64);
                    steps.push(found as f64);
                    agreements.push(agreement(label, *depth, *predicted, found as f64, start)?);
                }
            }
            let marker = series_marker(i);
            panel.add(Dots { open: true, marker, ..Dots::new("", &at, &steps, color) });
        }
    }
    agreements.dedup_by(|a, b| a.observable == b.observable);
    let sheet = Sheet::new(FIGURE.title, vec![all, fast]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

/// One number against another: no grid to compare over.
fn agreement(label: &str, depth: usize, steps: f64, found: f64, start: Start) -> Result<Agreement> {
    Ok(Agreement {
        observable: format!("steps, {label}, depth {depth}"),
        max_gap: (found - steps).abs(),
        rms_gap: (found - steps).abs(),
        range: steps,
        spread: 0.0,
        tolerance: Some(descent_shift(depth, start, S, LEARNED)?),
        reason: "first-order difference between gradient descent and flow, and one step of rounding",
    })
}
