//! The tangent kernel of finite networks on the circle, before and after training.

use std::f64::consts::PI;

use ndarray::{Array2, arr2};

use super::ensembles::seeds;
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::even_grid;
use crate::net::architecture::Architecture;
use crate::net::unit::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Legend, Line, Panel, Sheet, gradient_color};
use crate::wide::finite::trained_kernel::{KernelTraining, TrainedKernel, product_task};
use crate::wide::kernel::dense::kernels;
use crate::{Agreement, Axis, Result, Trajectory, compare};

const BIAS: Parameter = Parameter {
    name: "bias",
    symbol: "β",
    unit: "",
    default: 0.1,
    low: 0.0,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "standard deviation of biases",
};

pub(super) const FIGURE: Figure = Figure {
    name: "jacot2018_fig",
    reference: "jacot2018",
    title: "The tangent kernel of wide networks is the same for all and stays as it is",
    caption: "Tangent kernel Θ(x₀, x) of ReLU networks with three hidden layers (weight variance 2, bias \
        standard deviation β) between x₀ = (1, 0) and points x = (cos γ, sin γ) of the circle, for \
        several random draws of a narrow and a wide network (the paper has widths 500 and 10000). Thin \
        lines: at the start; dashed: after 200 steps of gradient descent that teach f(x) = x₁x₂ on \
        sixteen Gaussian inputs, at a fifth of the largest stable rate. Black: the limit of infinite \
        width. Narrow networks scatter, and training changes their kernels.",
    parameters: &[BIAS],
    draw,
};

/// Hidden layers.
const DEPTH: usize = 3;
/// Training examples.
const EXAMPLES: usize = 16;
/// Learning rate as a share of the largest stable one.
const SHARE: f64 = 0.2;

fn draw(settings: &Settings) -> Result<Drawing> {
    let std = 2f64.sqrt();
    let bias = settings.values.get(&BIAS);
    let architecture = Architecture::dense(Nonlinearity::RELU, DEPTH, std, bias, std, bias);
    let angles: Vec<f64> = even_grid(2.0 * PI, 73).into_iter().map(|x| x - PI).collect();
    let circle = Array2::from_shape_fn((angles.len(), 2), |(i, j)| {
        if j == 0 { angles[i].cos() } else { angles[i].sin() }
    });
    let first = arr2(&[[1.0, 0.0]]);
    let limit = kernels(&architecture, first.view(), Some(circle.view()))?.ntk.row(0).to_vec();
    let (widths, draws, steps) = match settings.effort {
        Effort::Paper => ([30, 300], 4, 200),
        Effort::Quick => ([10, 80], 3, 50),
        Effort::Theory => ([30, 300], 0, 0),
    };
    let data = product_task(EXAMPLES)?;
    let training = KernelTraining { architecture, data, share: SHARE, steps };
    let seeds = seeds(settings.seed, draws);
    let mut found = Vec::new();
    let mut agreements = Vec::new();
    for width in widths {
        let kernels = training.draw(width, first.view(), circle.view(), &seeds)?;
        if !kernels.is_empty() {
            agreements.extend(before_training(width, &angles, &limit, &kernels)?);
        }
        found.push(kernels);
    }
    let drawn = found.iter().flatten().flat_map(|draw| draw.before.iter().chain(&draw.after));
    let top = drawn.chain(&limit).fold(0.0f64, |m, x| m.max(*x));
    let mut panels = Vec::new();
    for (width, draws) in widths.into_iter().zip(&found) {
        let x = AxisSpec::linear("angle γ between inputs").within(-PI, PI);
        let y = AxisSpec::linear("tangent kernel Θ(*x*_0, *x*)").within(0.0, 1.05 * top);
        let mut panel = Panel::new(x, y);
        panel.title = Some(format!("width {width}"));
        panel.legend = Legend::TopLeft;
        add_draws(&mut panel, &angles, draws);
        panel.add(Line {
            width: 1.6,
            ..Line::new("limit of infinite width", &angles, &limit, Color::BLACK)
        });
        panels.push(panel);
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// Kernels of the first point with those around the circle.
fn row(kernel: &Array2<f64>) -> Vec<f64> {
    kernel.row(0).to_vec()
}

fn add_draws(panel: &mut Panel, angles: &[f64], draws: &[TrainedKernel]) {
    for (i, draw) in draws.iter().enumerate() {
        let color = gradient_color(i, draws.len() + 1);
        let label = |text: &str| if i == 0 { text.to_owned() } else { String::new() };
        let thin = |line: Line| Line { width: 0.7, ..line };
        panel.add(thin(Line::new(label("draws at the start"), angles, &row(&draw.before), color)));
        let after = Line::new(label("after training"), angles, &row(&draw.after), color);
        panel.add(thin(Line { dash: Dash::Dashed, ..after }));
    }
}

/// Kernels of draws against the limit. How much the mean of a finite width is off is not known.
fn before_training(
    width: usize,
    angles: &[f64],
    limit: &[f64],
    draws: &[TrainedKernel],
) -> Result<Vec<Agreement>> {
    let recorded = |values: &[f64]| {
        let mut trajectory = Trajectory::new(Axis::Parameter, angles);
        trajectory.push(format!("kernel of width {width} at the start"), values.to_vec())?;
        Ok::<_, crate::Error>(trajectory)
    };
    let runs = draws.iter().map(|draw| recorded(&row(&draw.before))).collect::<Result<Vec<_>>>()?;
    compare(&recorded(limit)?, &runs, None)
}
