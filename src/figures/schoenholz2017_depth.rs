//! How deep a signal goes.

use ndarray::Array2;

use super::ensembles::{dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named};
use crate::net::unit::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Band, Color, Dash, Dots, Heatmap, Legend, Line, Panel, Rule, Sheet, series_color,
};
use crate::wide::DeepSignal;
use crate::wide::RandomJacobian;
use crate::wide::SignalPropagation;
use crate::wide::signal::isometry::WeightEnsemble;
use crate::{Agreement, Result, Solvable};

const BIAS: Parameter = Parameter {
    name: "bias",
    symbol: "σ_b²",
    unit: "",
    default: 0.05,
    low: 0.01,
    high: 0.5,
    kind: ParameterKind::Log,
    help: "variance of the biases",
};

pub(super) const FIGURE: Figure = Figure {
    name: "schoenholz2017_depth",
    reference: "schoenholz2017",
    title: "Signals and gradients reach a depth that diverges at the edge of chaos",
    caption: "Deep random networks of erf units (the paper has tanh) with weights of variance σ_w²/N and \
        biases of variance σ_b². a, Depth scales of the correlation of two inputs, of their variance and \
        of gradients; shaded: up to six correlation depths, where the paper finds networks can be \
        trained; gray: the edge of chaos. b, Distance of the correlation from its fixed point, layer by layer, in order and near \
        the edge (from a correlation of 0.1) and in chaos (from 0.9); dashed: the slope of the depth scale. c, Mean squared \
        singular value of the Jacobian, which multiplies squared gradients: χ₁ in each layer. d, Distance \
        of the correlation from its fixed point, as a part of that at the start; line: six correlation \
        depths. Lines and colors: theory of unlimited width. Circles: random networks of 200 units in b \
        (mean over 40), 100 in c (mean over 24); bars: one standard error. In b, distances below what \
        the mean over networks can tell are not shown.",
    parameters: &[BIAS],
    draw,
};

const PHI: Nonlinearity = Nonlinearity::ERF;
/// Correlation of the two inputs at the start of panel d.
const START: f64 = 0.1;
/// Range of σ_w².
const WEIGHTS: (f64, f64) = (0.5, 3.5);
/// Networks of panels b and c: σ_w² relative to the edge, and the correlation at the start.
const SIDES: [(f64, f64, &str); 3] =
    [(0.6, 0.1, "order"), (0.95, 0.1, "near the edge"), (2.2, 0.9, "chaos")];
/// Deepest layer of panel b, c and d.
const DEEPEST: [usize; 3] = [30, 12, 60];
/// Correlation depths within which networks can be trained.
const TRAINABLE: f64 = 6.0;

fn network(weight_variance: f64, settings: &Settings) -> SignalPropagation {
    SignalPropagation {
        nonlinearity: PHI,
        weight_variance,
        bias_variance: settings.values.get(&BIAS),
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let edge = SignalPropagation::edge_at_bias(PHI, settings.values.get(&BIAS))?.0.weight_variance;
    let mut agreements = Vec::new();
    let panels = vec![
        scales_panel(settings, edge)?,
        correlation_panel(settings, edge, &mut agreements)?,
        gradient_panel(settings, edge, &mut agreements)?,
        memory_panel(settings)?,
    ];
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn weights_axis() -> AxisSpec {
    AxisSpec::linear("variance of the weights σ_w^2").within(WEIGHTS.0, WEIGHTS.1)
}

/// σ_w² on both sides of the edge, ever closer to it.
fn sides(edge: f64) -> [Vec<f64>; 2] {
    let toward = |end: f64| -> Vec<f64> {
        even_grid(1.0, 80)
            .iter()
            .map(|t| edge + (end - edge) * (1.0 - t).powi(2).max(1e-4))
            .collect()
    };
    [toward(WEIGHTS.0), toward(WEIGHTS.1)]
}

fn scales_panel(settings: &Settings, edge: f64) -> Result<Panel> {
    let mut panel = Panel::new(weights_axis(), AxisSpec::log("layers").within(0.3, 300.0));

    for (side, weights) in sides(edge).into_iter().enumerate() {
        let found = weights
            .iter()
            .map(|w| network(*w, settings).fixed_point())
            .collect::<Result<Vec<_>>>()?;
        let correlation: Vec<f64> = found.iter().map(|f| f.correlation_depth()).collect();
        let trainable: Vec<f64> = correlation.iter().map(|x| (TRAINABLE * x).min(300.0)).collect();
        let label = |name: &'static str| if side == 0 { name } else { "" };
        let low = vec![0.3; weights.len()];
        panel.add(Band::new(label("up to 6 ξ_c"), &weights, &low, &trainable, series_color(4)));
        let clip = |values: Vec<f64>| -> (Vec<f64>, Vec<f64>) {
            weights.iter().zip(values).filter(|(_, y)| *y <= 300.0).map(|(x, y)| (*x, y)).unzip()
        };
        let gradient = found.iter().map(|f| f.gradient_depth().abs()).collect();
        let variance = found.iter().map(|f| f.variance_depth()).collect();
        for (i, (name, values)) in [
            ("correlation ξ_c", correlation),
            ("variance ξ_q", variance),
            ("gradients |ξ_∇|", gradient),
        ]
        .into_iter()
        .enumerate()
        {
            let (x, y) = clip(values);
            let dash = if i == 2 { Dash::Dashed } else { Dash::Solid };
            panel.add(Line { dash, ..Line::new(label(name), &x, &y, series_color(i)) });
        }
    }
    panel.add(Rule::vertical(edge));
    Ok(panel)
}

fn correlation_panel(
    settings: &Settings,
    edge: f64,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let deepest = DEEPEST[0];
    let x = AxisSpec::linear("layer").within(0.0, deepest as f64);
    let mut panel = Panel::new(x, AxisSpec::log("distance |c − c*|").within(1e-3, 1.5));

    let layers = even_grid(deepest as f64, deepest + 1);
    for (i, (factor, start, label)) in SIDES.into_iter().enumerate() {
        let (net, color) = (network(factor * edge, settings), series_color(i));
        let there = net.fixed_point()?;
        let distance = |c: f64| (c - there.correlation).abs();
        let course = net.course(there.variance, start, deepest)?;
        let theory: Vec<f64> = course.iter().map(|(_, c)| distance(*c)).collect();
        let shown = |y: &f64| (1e-3..=1.5).contains(y);
        let clip = |y: &[f64]| -> (Vec<f64>, Vec<f64>) {
            layers.iter().zip(y).filter(|(_, y)| shown(y)).map(|(x, y)| (*x, *y)).unzip()
        };
        let (x, y) = clip(&theory);
        panel.add(Line::new(label, &x, &y, color));
        // The slope, through the last layer.
        let xi = there.correlation_depth();
        let last = theory[deepest].max(1e-300);
        let slope: Vec<f64> =
            layers.iter().map(|l| last * ((deepest as f64 - l) / xi).exp()).collect();
        let (x, y) = clip(&slope);
        panel.add(Line { dash: Dash::Dashed, width: 0.7, ..Line::new("", &x, &y, color) });
        if settings.effort == Effort::Theory {
            continue;
        }
        let (width, runs) = if settings.effort == Effort::Paper { (200, 40) } else { (60, 8) };
        let model =
            DeepSignal { network: net, variance: there.variance, correlation: start, width };
        let grid: Vec<f64> = layers.iter().copied().step_by(3).take(9).collect();
        let (means, found) = measure(&model, &grid, runs, settings.seed)?;
        agreements.extend(named(label, found));
        let seen = means[1].values.iter().zip(&means[1].errors).zip(&grid);
        // Where the distance is less than three errors, or than the bias, noise is all there is.
        let seen = seen.map(|((c, error), l)| (*l, distance(*c), *error));
        let kept: Vec<_> =
            seen.filter(|(_, y, e)| shown(y) && *y > 3.0 * e && *y > 3.0 / width as f64).collect();
        let column = |f: fn(&(f64, f64, f64)) -> f64| kept.iter().map(f).collect::<Vec<f64>>();
        let dots = Dots::new("", &column(|p| p.0), &column(|p| p.1), color);
        panel.add(Dots { open: true, spread: Some(column(|p| p.2)), ..dots });
    }
    explain_marks(&mut panel, settings.effort != Effort::Theory);
    Ok(panel)
}

fn gradient_panel(
    settings: &Settings,
    edge: f64,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let depth = DEEPEST[1];
    let x = AxisSpec::linear("layers L").within(0.0, depth as f64 + 0.4);
    let mut panel = Panel::new(x, AxisSpec::log("mean squared singular value"));

    let grid: Vec<f64> = even_grid(depth as f64, depth + 1)[1..].to_vec();
    for (i, (factor, _, label)) in SIDES.into_iter().enumerate() {
        let (net, color) = (network(factor * edge, settings), series_color(i));
        let there = net.fixed_point()?;
        let (width, runs) = if settings.effort == Effort::Paper { (100, 24) } else { (40, 8) };
        let (variance, weights) = (there.variance, WeightEnsemble::Gaussian);
        let model = RandomJacobian { network: net, variance, depth, width, weights };
        for (_, values) in model.predict(&grid)?.columns() {
            panel.add(Line::new(label, &grid, values, color));
        }
        if settings.effort != Effort::Theory {
            let (means, found) = measure(&model, &grid, runs, settings.seed)?;
            agreements.extend(named(label, found));
            panel.add(dots("", &grid, &means[0], color));
        }
    }
    explain_marks(&mut panel, settings.effort != Effort::Theory);
    Ok(panel)
}

fn memory_panel(settings: &Settings) -> Result<Panel> {
    let (deepest, columns) = (DEEPEST[2], 90);
    let mut values = Array2::zeros((deepest, columns));
    for j in 0..columns {
        let share = (j as f64 + 0.5) / columns as f64;
        let net = network(WEIGHTS.0 + (WEIGHTS.1 - WEIGHTS.0) * share, settings);
        let there = net.fixed_point()?;
        let course = net.course(there.variance, START, deepest)?;
        let start = (START - there.correlation).abs().max(1e-12);
        for l in 0..deepest {
            // Row 0 is layer 1.
            let part = (course[l + 1].1 - there.correlation).abs() / start;
            values[[l, j]] = part.max(1e-3).log10();
        }
    }
    let y = AxisSpec::linear("layer").within(0.5, deepest as f64 + 0.5);
    let mut panel = Panel { legend: Legend::None, ..Panel::new(weights_axis(), y) };
    let bar_label = Some("log_{10} of what is left of the difference".into());
    panel.add(Heatmap { range: Some((-3.0, 0.0)), bar_label, ..Heatmap::new(values) });
    let edge = SignalPropagation::edge_at_bias(PHI, settings.values.get(&BIAS))?.0.weight_variance;
    for weights in sides(edge) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for w in weights {
            let depth = TRAINABLE * network(w, settings).fixed_point()?.correlation_depth();
            if depth >= 0.5 && depth <= deepest as f64 + 0.5 {
                x.push(w);
                y.push(depth);
            }
        }
        panel.add(Line { width: 1.4, ..Line::new("6 ξ_c", &x, &y, Color::WHITE) });
    }
    Ok(panel)
}
