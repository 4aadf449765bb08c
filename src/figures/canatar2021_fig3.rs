//! Kernel regression with a flat, band-limited spectrum: where noise makes the learning curve rise.

use super::ensembles::{dots, measure_runs};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::curve::Sweep;
use crate::generalization::KernelRegression;
use crate::generalization::linear::ridge::RIDGE;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dots, Legend, Line, Panel, Sheet, series_color};
use crate::{Agreement, Axis, Result};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ²",
    unit: "",
    default: 0.2,
    low: 0.01,
    high: 5.0,
    kind: ParameterKind::Log,
    help: "variance of the label noise in panel b",
};

const SIZE: Parameter = Parameter {
    name: "size",
    symbol: "N",
    unit: "",
    default: 200.0,
    low: 40.0,
    high: 800.0,
    kind: ParameterKind::Integer,
    help: "dimensions of the simulated inputs; the paper's 800 take about a minute",
};

pub(super) const FIGURE: Figure = Figure {
    name: "canatar2021_fig3",
    reference: "canatar2021",
    title: "Kernel regression with a flat spectrum: noise and ridge decide about the peak",
    caption: "Generalization error of kernel regression (without the noise of test labels) against the \
        number of samples per mode P/N. The kernel has N = 800 equal eigenvalues 1/N, the target unit power \
        spread evenly over its modes. a, No label noise. b, Label noise. Four ridges. Lines: theory. \
        Circles: regression with the linear kernel of Gaussian inputs, whose spectrum is flat, in 200 \
        dimensions (the paper has 800: --set size=800); mean over 15 repeats as in the paper; bars: one standard \
        error. Ridges, noise and range of P are those of the paper's published code.",
    parameters: &[NOISE, SIZE],
    draw,
};

const RIDGES: [(f64, &str); 4] =
    [(1e-3, "λ = 10^{-3}"), (1e-2, "λ = 10^{-2}"), (0.2, "λ = 0.2"), (1.0, "λ = 1")];
/// Modes of the theory.
const MODES: f64 = 800.0;
/// The curve of ridge regression takes the noise as a ratio; this one is none.
const NO_NOISE: f64 = 1e-6;

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut panels = Vec::new();
    let mut agreements = Vec::new();
    let simulates = settings.effort != Effort::Theory;
    for (noise, title) in [(NO_NOISE, "no noise"), (settings.values.get(&NOISE), "noise")] {
        let x = AxisSpec::linear("samples per mode *P*/*N*").within(0.1, 2.05);
        let mut panel = Panel::new(x, AxisSpec::linear("generalization error *E*_g"));
        let value = if noise > NO_NOISE { format!(" of variance {noise}") } else { String::new() };
        panel.title = Some(format!("{title}{value}"));
        panel.legend = Legend::TopRight;
        for (i, (ridge, label)) in RIDGES.into_iter().enumerate() {
            let color = series_color(i);
            let grid = log_grid(0.125, 2.0, 601);
            panel.add(Line::new(label, &grid, &theory(&grid, ridge, noise)?, color));
            if simulates {
                let (dots, found) = simulated(settings, ridge, noise)?;
                panel.add(Dots { color, ..dots });
                agreements.extend(named(&format!("{title}, ridge {ridge}"), found));
            }
        }
        explain_marks(&mut panel, simulates);
        panels.push(panel);
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn theory(grid: &[f64], ridge: f64, noise: f64) -> Result<Vec<f64>> {
    let model = KernelRegression {
        eigenvalues: vec![MODES.recip()],
        multiplicities: vec![MODES],
        powers: vec![1.0],
        ridge,
        remainder: 0.0,
        noise,
    };
    let samples: Vec<f64> = grid.iter().map(|alpha| alpha * MODES).collect();
    Ok(model.learn(&samples)?.iter().map(|at| at.test_error - noise).collect())
}

fn simulated(settings: &Settings, ridge: f64, noise: f64) -> Result<(Dots, Vec<Agreement>)> {
    let size = if settings.effort == Effort::Paper { settings.values.integer(&SIZE) } else { 40 };
    let runs = 15;
    let fixed = [("snr", 1.0 / noise), ("ridge", ridge)];
    let sweep = Sweep::new(&RIDGE, &fixed, "alpha", Axis::Load, size)?;
    let grid = [0.15, 0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0];
    let seeds: Vec<u64> = (0..runs).map(|i| settings.seed + i).collect();
    let (mut means, agreements) = measure_runs(&sweep, &grid, &seeds)?;
    let mut mean = means.swap_remove(0);
    mean.values.iter_mut().for_each(|e| *e -= noise);
    Ok((dots("", &grid, &mean, series_color(0)), agreements))
}
