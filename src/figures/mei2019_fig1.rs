//! Double descent of random-features regression.

use super::ensembles::{dots, measure_runs};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named};
use crate::curve::Sweep;
use crate::generalization::features::random_features::{RANDOM_FEATURES, bias_variance, relu};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dots, Legend, Line, Panel, Rule, Sheet, series_color};
use crate::{Agreement, Axis, Result};

const PSI2: Parameter = Parameter {
    name: "psi2",
    symbol: "ψ₂",
    unit: "",
    default: 3.0,
    low: 0.5,
    high: 8.0,
    kind: ParameterKind::Linear,
    help: "training examples per input dimension",
};

const RIDGE: Parameter = Parameter {
    name: "ridge",
    symbol: "λ",
    unit: "",
    default: 1e-3,
    low: 1e-6,
    high: 1.0,
    kind: ParameterKind::Log,
    help: "ridge of panel b",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "τ²",
    unit: "",
    default: 0.0,
    low: 0.0,
    high: 2.0,
    kind: ParameterKind::Linear,
    help: "variance of the label noise",
};

pub(super) const FIGURE: Figure = Figure {
    name: "mei2019_fig1",
    reference: "mei2019",
    title: "Double descent: more features than examples generalize better",
    caption: "Test error of ridge regression on random ReLU features against the number of features \
        per input dimension, with three examples per input dimension. The target is linear with unit \
        power, the labels have no noise unless it is set. a, Without ridge (limit λ → 0): theory \
        diverges where features are as many as examples (dashed) and is drawn broken there. b, With a \
        ridge. Lines: theory in the limit of many dimensions. Circles: regression in 40 dimensions \
        (the paper has 100), mean over 60 draws of examples and features; bars: one standard error.",
    parameters: &[PSI2, RIDGE, NOISE],
    draw,
};

/// Largest number of features per input dimension.
const MOST: f64 = 10.0;
/// Places of simulations; too near the peak of λ = 0 a mean over runs means nothing.
const SIMULATED: [f64; 11] = [0.25, 0.75, 1.25, 1.75, 2.25, 3.0, 3.75, 4.5, 6.0, 8.0, 10.0];
/// Share of ψ₂ around the peak without simulation.
const NEAR: f64 = 0.2;

fn draw(settings: &Settings) -> Result<Drawing> {
    let (examples, noise) = (settings.values.get(&PSI2), settings.values.get(&NOISE));
    let mut panels = Vec::new();
    let mut agreements = Vec::new();
    for (i, (ridge, title)) in
        [(0.0, "no ridge"), (settings.values.get(&RIDGE), "ridge")].into_iter().enumerate()
    {
        let x = AxisSpec::linear("features per input dimension ψ_1").within(0.0, MOST);
        let y = AxisSpec::linear("test error").within(0.0, 3.0 * (1.0 + noise));
        let mut panel = Panel::new(x, y);
        let value = if ridge == 0.0 { String::new() } else { format!(" λ = {ridge}") };
        panel.title = Some(format!("{title}{value}"));
        panel.legend = Legend::TopRight;
        let color = series_color(i);
        panel.add(Rule { label: Some("ψ_1 = ψ_2".into()), ..Rule::vertical(examples) });
        // Two pieces, so that no line crosses the peak.
        for (low, high) in [(0.02, examples), (examples, MOST)] {
            let inside = even_grid(high - low, 201);
            let grid: Vec<f64> = inside.iter().map(|x| x + low).collect();
            let grid: Vec<f64> =
                grid.into_iter().filter(|x| ridge > 0.0 || (x - examples).abs() > 1e-9).collect();
            let errors = grid
                .iter()
                .map(|psi| {
                    Ok(bias_variance(*psi, examples, ridge, &relu())?.test_error(1.0, 0.0, noise))
                })
                .collect::<Result<Vec<f64>>>()?;
            panel.add(Line::new("", &grid, &errors, color));
        }
        explain_marks(&mut panel, settings.effort != Effort::Theory);
        if settings.effort != Effort::Theory {
            let (dots, found) = simulated(settings, ridge)?;
            panel.add(Dots { color, ..dots });
            agreements.extend(named(title, found));
        }
        panels.push(panel);
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn simulated(settings: &Settings, ridge: f64) -> Result<(Dots, Vec<Agreement>)> {
    let examples = settings.values.get(&PSI2);
    let (size, runs) = if settings.effort == Effort::Paper { (40, 60) } else { (20, 16) };
    let fixed = [("psi2", examples), ("ridge", ridge), ("noise", settings.values.get(&NOISE))];
    let axis = Axis::FeaturesPerInput;
    let sweep = Sweep::new(&RANDOM_FEATURES, &fixed, "psi1", axis, size)?;
    let far = |x: &f64| ridge > 0.0 || (x - examples).abs() > NEAR * examples;
    let grid: Vec<f64> = SIMULATED.into_iter().filter(far).collect();
    let seeds: Vec<u64> = (0..runs).map(|i| settings.seed + i).collect();
    let (mut means, agreements) = measure_runs(&sweep, &grid, &seeds)?;
    let mean = means.swap_remove(0);
    Ok((dots("", &grid, &mean, series_color(0)), agreements))
}
