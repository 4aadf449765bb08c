//! Order and chaos in deep random networks.

use ndarray::Array2;

use super::ensembles::{Mean, dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, log_grid, named};
use crate::net::unit::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Dots, Heatmap, Legend, Line, Panel, Rule, Sheet, Text, series_color,
};
use crate::wide::DeepSignal;
use crate::wide::RandomJacobian;
use crate::wide::SignalPropagation;
use crate::wide::signal::isometry::WeightEnsemble;
use crate::wide::signal::jacobian_spectrum::JacobianSpectrum;
use crate::wide::signal::singular_value_density::LogBins;
use crate::{Agreement, Result};

const BIAS: Parameter = Parameter {
    name: "bias",
    symbol: "σ_b",
    unit: "",
    default: 0.3,
    low: 0.1,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "standard deviation of the biases in panels b to f",
};

const DEPTH: Parameter = Parameter {
    name: "depth",
    symbol: "l",
    unit: "",
    default: 20.0,
    low: 5.0,
    high: 60.0,
    kind: ParameterKind::Integer,
    help: "layers in panels d and e",
};

pub(super) const FIGURE: Figure = Figure {
    name: "poole2016_phase",
    reference: "poole2016",
    title: "Order and chaos in deep random networks",
    caption: "Two inputs in a deep random network with erf units (the paper has tanh), weights of variance \
        σ_w²/N and biases of variance σ_b². a, Correlation c* that all pairs of inputs go to. Below the \
        edge of chaos (line) they become alike. b, Map of the variance of a layer to that of the next, \
        and c, of the correlation, for networks in order, at the edge and in chaos with σ_b of panel d. \
        d, Variance and e, correlation after 20 layers, from 1 and 0.6, against σ_w (black: after \
        very many; gray: edge of chaos). f, Density of the logarithm of singular values of the Jacobian of 4 layers at \
        the edge, for Gaussian and orthogonal weights. Lines: theory of unlimited width. Circles: random \
        networks of 100 units (200 in f), mean over 20 networks (4 in f); bars: one standard error.",
    parameters: &[BIAS, DEPTH],
    draw,
};

const PHI: Nonlinearity = Nonlinearity::ERF;
/// Where two inputs start.
const START: (f64, f64) = (1.0, 0.6);
/// σ_w of panels a, d and e.
const WEIGHTS: (f64, f64) = (0.5, 3.0);
/// σ_b of panel a.
const BIASES: (f64, f64) = (0.02, 1.0);
/// σ_w of the ordered and the chaotic network, relative to the edge.
const SIDES: [(f64, &str); 3] = [(0.75, "order"), (1.0, "edge"), (1.6, "chaos")];
/// Layers of the Jacobian.
const LAYERS: usize = 4;

fn network(weight: f64, bias: f64) -> SignalPropagation {
    SignalPropagation {
        nonlinearity: PHI,
        weight_variance: weight * weight,
        bias_variance: bias * bias,
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let bias = settings.values.get(&BIAS);
    let (edge, q) = SignalPropagation::edge_at_bias(PHI, bias * bias)?;
    let mut agreements = Vec::new();
    let mut panels = vec![phase_panel()?];
    panels.extend(map_panels(settings, edge.weight_variance.sqrt(), &mut agreements)?);
    panels.extend(depth_panels(settings, edge.weight_variance.sqrt(), &mut agreements)?);
    panels.push(spectrum_panel(settings, &edge, q, &mut agreements)?);
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn phase_panel() -> Result<Panel> {
    let (columns, rows) = (76, 50);
    let center = |(low, high): (f64, f64), i: usize, n: usize| {
        low + (high - low) * (i as f64 + 0.5) / n as f64
    };
    let mut values = Array2::zeros((rows, columns));
    for ((i, j), value) in values.indexed_iter_mut() {
        let net = network(center(WEIGHTS, j, columns), center(BIASES, i, rows));
        *value = net.fixed_point()?.correlation;
    }
    let x = AxisSpec::linear("weights σ_w").within(WEIGHTS.0, WEIGHTS.1);
    let y = AxisSpec::linear("biases σ_b").within(BIASES.0, BIASES.1);
    let mut panel = Panel { aspect: 0.85, legend: Legend::None, ..Panel::new(x, y) };
    let bar_label = Some("correlation c*".into());
    panel.add(Heatmap { range: Some((0.0, 1.0)), bar_label, ..Heatmap::new(values) });
    let mut line = (Vec::new(), Vec::new());
    for bias in even_grid(1.0, 81).into_iter().filter(|b| *b >= BIASES.0) {
        let (edge, _) = SignalPropagation::edge_at_bias(PHI, bias * bias)?;
        let weight = edge.weight_variance.sqrt();
        if weight <= WEIGHTS.1 {
            line.0.push(weight);
            line.1.push(bias);
        }
    }
    panel.add(Line { width: 1.6, ..Line::new("edge of chaos", &line.0, &line.1, Color::BLACK) });
    panel.add(Text { anchor: 0.5, ..Text::new(0.85, 0.72, "order") });
    panel.add(Text { anchor: 0.5, color: Color::WHITE, ..Text::new(2.3, 0.25, "chaos") });
    Ok(panel)
}

/// Simulated points: places on an axis, and means over networks with their errors.
struct Simulated {
    at: Vec<f64>,
    mean: Mean,
}

impl Simulated {
    fn new() -> Self {
        Self { at: Vec::new(), mean: Mean { values: Vec::new(), errors: Vec::new() } }
    }

    /// Adds the first point of a mean along a grid.
    fn add(&mut self, at: f64, mean: &Mean) {
        self.at.push(at);
        self.mean.values.push(mean.values[0]);
        self.mean.errors.push(mean.errors[0]);
    }

    fn dots(&self, color: Color) -> Dots {
        dots("", &self.at, &self.mean, color)
    }
}

/// Observables of a signal, in this order.
const OBSERVABLES: [&str; 2] = ["variance", "correlation"];

/// One layer of many random networks from several variances and correlations.
fn simulated_layer(
    net: &SignalPropagation,
    starts: &[(f64, f64)],
    name: &'static str,
    settings: &Settings,
    agreements: &mut Vec<Agreement>,
) -> Result<Simulated> {
    let mut layer = Simulated::new();
    let (width, runs) = size(settings);
    let k = OBSERVABLES.iter().position(|n| *n == name).unwrap_or(0);
    for (i, (variance, correlation)) in starts.iter().enumerate() {
        let model =
            DeepSignal { network: *net, variance: *variance, correlation: *correlation, width };
        // Networks of their own for each point.
        let seed = settings.seed.wrapping_add(1 + i as u64);
        let (means, compared) = measure(&model, &[1.0], runs, seed)?;
        let one = compared.into_iter().filter(|a| a.observable == name).collect();
        agreements.extend(named(&format!("one layer, q = {variance:.2}, c = {correlation}"), one));
        layer.add(if name == "variance" { *variance } else { *correlation }, &means[k]);
    }
    Ok(layer)
}

/// Units of a layer, and random networks.
fn size(settings: &Settings) -> (usize, u64) {
    if settings.effort == Effort::Paper { (100, 20) } else { (60, 8) }
}

fn map_panels(
    settings: &Settings,
    edge: f64,
    agreements: &mut Vec<Agreement>,
) -> Result<[Panel; 2]> {
    let simulate = settings.effort != Effort::Theory;
    let mut variance = Panel::new(
        AxisSpec::linear("variance q").within(0.0, 3.0),
        AxisSpec::linear("variance of the next layer").within(0.0, 3.0),
    );
    let mut correlation = Panel::new(
        AxisSpec::linear("correlation c").within(0.0, 1.0),
        AxisSpec::linear("correlation of the next layer").within(0.0, 1.02),
    );

    for (panel, end) in [(&mut variance, 3.0), (&mut correlation, 1.0)] {
        let diagonal = Line::new("", &[0.0, end], &[0.0, end], Color::GRAY);
        panel.add(Line { dash: Dash::Dashed, width: 0.7, ..diagonal });
    }
    for (i, (factor, label)) in SIDES.into_iter().enumerate() {
        let net = network(factor * edge, settings.values.get(&BIAS));
        let (there, color) = (net.fixed_point()?, series_color(i));
        let q: Vec<f64> = even_grid(3.0, 61)[1..].to_vec();
        let next: Vec<f64> = q.iter().map(|q| net.variance_map(*q)).collect();
        variance.add(Line::new(label, &q, &next, color));
        let c = even_grid(1.0, 61);
        let next: Vec<f64> = c.iter().map(|c| net.correlation_map(there.variance, *c)).collect();
        correlation.add(Line::new(label, &c, &next, color));
        if simulate {
            let starts: Vec<_> = [0.3, 0.9, 1.5, 2.1, 2.7].map(|q| (q, 0.5)).to_vec();
            let layer = simulated_layer(&net, &starts, "variance", settings, agreements)?;
            variance.add(layer.dots(color));
            let starts: Vec<_> = [0.0, 0.25, 0.5, 0.75, 0.95].map(|c| (there.variance, c)).to_vec();
            let layer = simulated_layer(&net, &starts, "correlation", settings, agreements)?;
            correlation.add(layer.dots(color));
        }
    }
    explain_marks(&mut correlation, simulate);
    Ok([variance, correlation])
}

fn depth_panels(
    settings: &Settings,
    edge: f64,
    agreements: &mut Vec<Agreement>,
) -> Result<[Panel; 2]> {
    let (bias, depth) = (settings.values.get(&BIAS), settings.values.get(&DEPTH));
    let weights = || AxisSpec::linear("weights σ_w").within(WEIGHTS.0, WEIGHTS.1);
    let mut panels = [
        Panel::new(weights(), AxisSpec::linear(format!("variance, layer {depth}"))),
        Panel::new(
            weights(),
            AxisSpec::linear(format!("correlation, layer {depth}")).within(0.0, 1.05),
        ),
    ];

    let grid: Vec<f64> =
        even_grid(WEIGHTS.1 - WEIGHTS.0, 101).iter().map(|w| w + WEIGHTS.0).collect();
    let mut curves = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for weight in &grid {
        let net = network(*weight, bias);
        let there = net.fixed_point()?;
        let course = net.course(START.0, START.1, depth as usize)?;
        let end = course[course.len() - 1];
        for (curve, value) in
            curves.iter_mut().zip([end.0, end.1, there.variance, there.correlation])
        {
            curve.push(value);
        }
    }
    for (k, panel) in panels.iter_mut().enumerate() {
        panel.add(Rule::vertical(edge));
        panel.add(Line::new("", &grid, &curves[k], series_color(0)));
        let limit = Line::new("very many layers", &grid, &curves[k + 2], Color::BLACK);
        panel.add(Line { dash: Dash::Dashed, width: 0.7, ..limit });
    }
    if settings.effort != Effort::Theory {
        let (width, runs) = size(settings);
        let places: Vec<f64> = even_grid(2.25, 7).iter().map(|w| w + 0.65).collect();
        let mut found = [Simulated::new(), Simulated::new()];
        for (i, weight) in places.into_iter().enumerate() {
            let network = network(weight, bias);
            let seed = settings.seed.wrapping_add(1 + i as u64);
            let model = DeepSignal { network, variance: START.0, correlation: START.1, width };
            let (means, compared) = measure(&model, &[depth], runs, seed)?;
            agreements.extend(named(&format!("σ_w = {weight}"), compared));
            for (simulated, mean) in found.iter_mut().zip(&means) {
                simulated.add(weight, mean);
            }
        }
        for (panel, simulated) in panels.iter_mut().zip(&found) {
            panel.add(simulated.dots(series_color(0)));
        }
    }
    Ok(panels)
}

/// Bins of the logarithm of singular values.
const BINS: LogBins = LogBins { low: -3.0, high: 1.5, count: 18 };

fn spectrum_panel(
    settings: &Settings,
    edge: &SignalPropagation,
    q: f64,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let (low, high) = (BINS.low.exp(), BINS.high.exp());
    let x = AxisSpec::log("singular value s").within(low, high);
    let mut panel = Panel::new(x, AxisSpec::linear("density of ln s"));
    for (i, (weights, label)) in
        [(WeightEnsemble::Gaussian, "Gaussian"), (WeightEnsemble::Orthogonal, "orthogonal")]
            .into_iter()
            .enumerate()
    {
        let spectrum = JacobianSpectrum::new(edge, q, LAYERS, weights)?;
        let color = series_color(i);
        let s = log_grid(low, high, 181);
        panel.add(Line::new(label, &s, &spectrum.log_density(&s)?, color));
        if settings.effort == Effort::Theory {
            continue;
        }
        let (width, runs) = if settings.effort == Effort::Paper { (200, 4) } else { (60, 3) };
        let model = RandomJacobian { network: *edge, variance: q, depth: LAYERS, width, weights };
        let seeds: Vec<u64> = (0..runs).map(|run| settings.seed + run).collect();
        let sampled = BINS.sample(&model, &seeds)?;
        let name = format!("singular values, {label}");
        agreements.push(BINS.compare(name, &BINS.predicted(&spectrum)?, &sampled));
        let mean = Mean { values: sampled.mean, errors: sampled.error };
        panel.add(dots("", &BINS.centers(), &mean, color));
    }
    Ok(panel)
}
