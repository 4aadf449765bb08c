//! From lazy to rich: feature learning in deep linear networks.

use super::ensembles::{dots, measure, seeds};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, log_grid, named};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Dots, Heatmap, Legend, Line, Panel, Sheet, series_color};
use crate::wide::DeepLinearField;
use crate::wide::RichNetwork;
use crate::wide::rich::kernel_distance::{compare_slope, kernel_distance};
use crate::{Agreement, Result};

const TARGET: Parameter = Parameter {
    name: "target",
    symbol: "y",
    unit: "",
    default: 1.5,
    low: 0.5,
    high: 2.0,
    kind: ParameterKind::Linear,
    help: "length of the vector of targets",
};

const GAMMA: Parameter = Parameter {
    name: "gamma",
    symbol: "γ",
    unit: "",
    default: 1.0,
    low: 0.1,
    high: 1.5,
    kind: ParameterKind::Log,
    help: "output scale of panels d to f",
};

pub(super) const FIGURE: Figure = Figure {
    name: "bordelon2022_dmft",
    reference: "bordelon2022",
    title: "The output scale decides whether a wide network learns features",
    caption: "Deep linear networks with output a·h/(γN), learning rate 0.02 γ²N (0.04 in c) and white inputs; the \
        vector of targets has length y = 1.5. a, Loss and b, tangent kernel, relative to its start, of two \
        hidden layers during learning for four γ. c, How much the kernel of the last hidden layer has \
        grown after learning, for one to three hidden layers; it falls as γ² (dashed: γ²y²/2, one \
        layer). d, Kernel of the second hidden layer between any two times for γ = 1, by theory and e, \
        in one network of 200 units. f, Root mean square distance of that matrix from theory against the \
        width (40 networks for each); dashed: slope −1/2. Lines: theory of unlimited width (dynamical mean-field theory, exact \
        for the steps of descent). Circles: descent of networks of 100 units from random weights, \
        output counted from its start, mean over 10 networks; bars: one standard error. The task is \
        ours.",
    parameters: &[TARGET, GAMMA],
    draw,
};

const RATE: f64 = 0.02;
/// Steps of panels a and b, c, and d to f.
const STEPS: [usize; 3] = [60, 75, 50];
/// Longer steps of panel c, where only the end matters.
const LONG_RATE: f64 = 0.04;
/// Scales of panels a and b.
const SCALES: [f64; 4] = [0.1, 0.5, 1.0, 1.5];

fn field(hidden: usize, scale: f64, settings: &Settings) -> DeepLinearField {
    DeepLinearField { hidden, scale, target: settings.values.get(&TARGET), rate: RATE }
}

/// Width and number of the networks of panels a to c.
fn size(settings: &Settings) -> (usize, u64) {
    if settings.effort == Effort::Paper { (100, 10) } else { (50, 6) }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut agreements = Vec::new();
    let mut panels: Vec<Panel> = course_panels(settings, &mut agreements)?.into();
    panels.push(growth_panel(settings, &mut agreements)?);
    panels.extend(matrix_panels(settings)?);
    panels.push(width_panel(settings, &mut agreements)?);
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn course_panels(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<[Panel; 2]> {
    let end = STEPS[0] as f64 * RATE;
    let time = || AxisSpec::linear("time (τ)").within(0.0, end);
    let target = settings.values.get(&TARGET);
    let mut panels = [
        Panel::new(time(), AxisSpec::linear("loss").within(0.0, 0.52 * target * target)),
        Panel::new(time(), AxisSpec::linear("tangent kernel / start")),
    ];

    let grid = even_grid(end, STEPS[0] + 1);
    for (i, scale) in SCALES.into_iter().enumerate() {
        let field = field(2, scale, settings);
        let found = field.solve(STEPS[0])?;
        let tangent: Vec<f64> = found.tangent().diag().iter().map(|k| k / 3.0).collect();
        let loss: Vec<f64> = found.outputs.iter().map(|f| 0.5 * (target - f).powi(2)).collect();
        let label = format!("γ = {scale}");
        let color = series_color(i);
        panels[0].add(Line::new(label.as_str(), &grid, &loss, color));
        panels[1].add(Line::new("", &grid, &tangent, color));
        if settings.effort != Effort::Theory {
            let (width, runs) = size(settings);
            let model = RichNetwork { field, width, centered: true };
            let seen: Vec<f64> = grid.iter().copied().step_by(5).skip(1).collect();
            let (means, compared) = measure(&model, &seen, runs, settings.seed)?;
            agreements.extend(named(&label, compared));
            let [_, _, mut tangent, loss] =
                <[_; 4]>::try_from(means).unwrap_or_else(|_| unreachable!("four observables"));
            tangent.values.iter_mut().chain(&mut tangent.errors).for_each(|x| *x /= 3.0);
            panels[0].add(dots("", &seen, &loss, color));
            panels[1].add(dots("", &seen, &tangent, color));
        }
    }
    explain_marks(&mut panels[0], settings.effort != Effort::Theory);
    Ok(panels)
}

fn growth_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let target = settings.values.get(&TARGET);
    let mut panel =
        Panel::new(AxisSpec::log("output scale γ"), AxisSpec::log("kernel growth H − 1"));

    let scales = log_grid(0.05, 1.5, 13);
    let end = STEPS[1] as f64 * LONG_RATE;
    let field =
        |hidden, scale| DeepLinearField { rate: LONG_RATE, ..field(hidden, scale, settings) };
    for (i, hidden) in [1, 2, 3].into_iter().enumerate() {
        let growth = |scale: f64| -> Result<f64> {
            let found = field(hidden, scale).solve(STEPS[1])?;
            Ok(found.hidden[hidden][[STEPS[1], STEPS[1]]] - 1.0)
        };
        let theory = scales.iter().map(|s| growth(*s)).collect::<Result<Vec<f64>>>()?;
        let color = series_color(i);
        panel.add(Line::new(format!("L = {hidden}"), &scales, &theory, color));
        if settings.effort == Effort::Theory {
            continue;
        }
        let (width, runs) = size(settings);
        let list = [0.3, 0.6, 1.0, 1.4];
        let (mut x, mut y, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for scale in list {
            let model = RichNetwork { field: field(hidden, scale), width, centered: true };
            let (means, compared) = measure(&model, &[end], runs, settings.seed)?;
            agreements.extend(named(&format!("L = {hidden}, γ = {scale}"), compared));
            // The start is 1 only on average: what is shown is the mean over networks.
            if means[1].values[0] - 1.0 > 3.0 * means[1].errors[0] {
                x.push(scale);
                y.push(means[1].values[0] - 1.0);
                errors.push(means[1].errors[0]);
            }
        }
        panel.add(Dots { open: true, spread: Some(errors), ..Dots::new("", &x, &y, color) });
    }
    let law: Vec<f64> = scales.iter().map(|s| 0.5 * (s * target).powi(2)).collect();
    let line = Line::new("γ^2 y^2/2", &scales, &law, Color::BLACK);
    panel.add(Line { dash: Dash::Dashed, width: 0.7, ..line });
    Ok(panel)
}

fn matrix_panels(settings: &Settings) -> Result<Vec<Panel>> {
    let steps = STEPS[2];
    let field = field(2, settings.values.get(&GAMMA), settings);
    let theory = field.solve(steps)?.hidden[2].clone();
    let end = steps as f64 * RATE;
    let axis = |label: &str| AxisSpec::linear(label).within(0.0, end);
    let highest = theory[[steps, steps]].max(1.0 + 1e-6);
    let mut matrices = vec![("theory", theory)];
    if settings.effort != Effort::Theory {
        let width = if settings.effort == Effort::Paper { 200 } else { 100 };
        let model = RichNetwork { field, width, centered: true };
        matrices.push(("one network", model.history(steps, settings.seed)?.hidden[2].clone()));
    }
    let panel = |(title, values): (&str, ndarray::Array2<f64>)| {
        let mut panel = Panel::new(axis("time t′ (τ)"), axis("time t (τ)"));
        panel.title = Some(title.into());
        panel.legend = Legend::None;
        panel.aspect = 0.9;
        let bar_label = Some("kernel H(t, t′)".into());
        let range = Some((0.8, 1.1 * highest));
        panel.add(Heatmap { range, bar_label, ..Heatmap::new(values) });
        panel
    };
    Ok(matrices.into_iter().map(panel).collect())
}

fn width_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let steps = STEPS[2];
    let mut panel =
        Panel::new(AxisSpec::log("hidden units N"), AxisSpec::log("rms distance of kernels"));

    let (widths, runs): (&[usize], u64) = match settings.effort {
        Effort::Theory => (&[], 0),
        Effort::Quick => (&[20, 40, 80], 8),
        Effort::Paper => (&[20, 40, 80, 160], 40),
    };
    let field = field(2, settings.values.get(&GAMMA), settings);
    let theory = field.solve(steps)?.hidden[2].clone();
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for width in widths {
        let model = RichNetwork { field, width: *width, centered: true };
        x.push(*width as f64);
        y.push(kernel_distance(&model, &theory, &seeds(settings.seed, runs))?);
    }
    let start = if y.is_empty() { 0.5 } else { y[0] * x[0].sqrt() };
    let line: Vec<f64> = [20.0, 160.0].iter().map(|n: &f64| start / n.sqrt()).collect();
    let law = Line::new("N^{-1/2}", &[20.0, 160.0], &line, Color::BLACK);
    panel.add(Line { dash: Dash::Dashed, width: 0.7, ..law });
    if !y.is_empty() {
        agreements.push(compare_slope(&x, &y, runs as usize));
        panel.add(Dots { open: true, ..Dots::new("simulation", &x, &y, series_color(0)) });
    }
    Ok(panel)
}
