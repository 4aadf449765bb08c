//! Order and chaos in deep random networks.

use ndarray::Array2;

use super::ensembles::seeds;
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, log_grid, named};
use crate::math::parallel::in_parallel;
use crate::math::statistics::student_gate;
use crate::net::unit::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Dots, Heatmap, Legend, Line, Panel, Rule, Sheet, Text, series_color,
};
use crate::trajectory::mean_over_runs;
use crate::wide::signal::deep_signal::DeepSignal;
use crate::wide::signal::isometry::WeightEnsemble;
use crate::wide::signal::jacobian_sampling::RandomJacobian;
use crate::wide::signal::jacobian_spectrum::JacobianSpectrum;
use crate::wide::signal::propagation::SignalPropagation;
use crate::{Agreement, Result, Solvable, compare, ensemble};

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

/// One layer of many random networks at several starts: theory, mean, error and the comparison.
struct Layer {
    at: Vec<f64>,
    mean: Vec<f64>,
    error: Vec<f64>,
}

fn simulated_layer(
    net: &SignalPropagation,
    starts: &[(f64, f64)],
    name: &'static str,
    settings: &Settings,
    agreements: &mut Vec<Agreement>,
) -> Result<Layer> {
    let mut found = Layer { at: Vec::new(), mean: Vec::new(), error: Vec::new() };
    let (width, runs) = size(settings);
    for (i, (variance, correlation)) in starts.iter().enumerate() {
        let model =
            DeepSignal { network: *net, variance: *variance, correlation: *correlation, width };
        // Networks of their own for each point.
        let list = seeds(settings.seed.wrapping_add(1 + i as u64), runs);
        let runs = ensemble(&model, &[1.0], &list)?;
        let prediction = model.predict(&[1.0])?;
        let compared = compare(&prediction, &runs, Some(&model.tolerance(&prediction)?))?;
        let one = compared.into_iter().filter(|a| a.observable == name).collect();
        agreements.extend(named(&format!("one layer, q = {variance:.2}, c = {correlation}"), one));
        let (mean, error) = mean_over_runs(&runs, name);
        found.at.push(if name == "variance" { *variance } else { *correlation });
        found.mean.push(mean[0]);
        found.error.push(error[0]);
    }
    Ok(found)
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
            variance.add(points(&layer, color));
            let starts: Vec<_> = [0.0, 0.25, 0.5, 0.75, 0.95].map(|c| (there.variance, c)).to_vec();
            let layer = simulated_layer(&net, &starts, "correlation", settings, agreements)?;
            correlation.add(points(&layer, color));
        }
    }
    explain_marks(&mut correlation, simulate);
    Ok([variance, correlation])
}

fn points(layer: &Layer, color: Color) -> Dots {
    let spread = Some(layer.error.clone());
    Dots { open: true, spread, ..Dots::new("", &layer.at, &layer.mean, color) }
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
        let mut found = [(); 2].map(|()| Layer { at: vec![], mean: vec![], error: vec![] });
        for (i, weight) in places.into_iter().enumerate() {
            let network = network(weight, bias);
            let list = seeds(settings.seed.wrapping_add(1 + i as u64), runs);
            let model = DeepSignal { network, variance: START.0, correlation: START.1, width };
            let runs = ensemble(&model, &[depth], &list)?;
            let prediction = model.predict(&[depth])?;
            let tolerance = model.tolerance(&prediction)?;
            let compared = compare(&prediction, &runs, Some(&tolerance))?;
            agreements.extend(named(&format!("σ_w = {weight}"), compared));
            for (layer, name) in found.iter_mut().zip(["variance", "correlation"]) {
                let (mean, error) = mean_over_runs(&runs, name);
                layer.at.push(weight);
                layer.mean.push(mean[0]);
                layer.error.push(error[0]);
            }
        }
        for (panel, layer) in panels.iter_mut().zip(&found) {
            panel.add(points(layer, series_color(0)));
        }
    }
    Ok(panels)
}

/// Edges of the bins of the logarithm of singular values.
const BINS: (f64, f64, usize) = (-3.0, 1.5, 18);

fn spectrum_panel(
    settings: &Settings,
    edge: &SignalPropagation,
    q: f64,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let x = AxisSpec::log("singular value s").within(BINS.0.exp(), BINS.1.exp());
    let mut panel = Panel::new(x, AxisSpec::linear("density of ln s"));

    let (low, high, bins) = BINS;
    let step = (high - low) / bins as f64;
    for (i, (weights, label)) in
        [(WeightEnsemble::Gaussian, "Gaussian"), (WeightEnsemble::Orthogonal, "orthogonal")]
            .into_iter()
            .enumerate()
    {
        let spectrum = JacobianSpectrum::new(edge, q, LAYERS, weights)?;
        // s² = λ: the density of ln s is 2λρ(λ).
        let density = |s: &[f64]| -> Result<Vec<f64>> {
            let squares: Vec<f64> = s.iter().map(|s| s * s).collect();
            let rho = spectrum.density(&squares)?;
            Ok(squares.iter().zip(rho).map(|(x, rho)| 2.0 * x * rho).collect())
        };
        let color = series_color(i);
        let s = log_grid(low.exp(), high.exp(), 181);
        panel.add(Line::new(label, &s, &density(&s)?, color));
        if settings.effort == Effort::Theory {
            continue;
        }
        // The mean over each bin, by Simpson's rule on ten parts.
        let fine: Vec<f64> = (0..=10 * bins).map(|k| (low + 0.1 * step * k as f64).exp()).collect();
        let fine = density(&fine)?;
        let theory: Vec<f64> = (0..bins)
            .map(|b| {
                let weight = |k: usize| match k {
                    0 | 10 => 1.0,
                    k if k % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                (0..=10).map(|k| weight(k) * fine[10 * b + k]).sum::<f64>() / 30.0
            })
            .collect();
        let (width, runs) = if settings.effort == Effort::Paper { (200, 4) } else { (60, 3) };
        let model = RandomJacobian { network: *edge, variance: q, depth: LAYERS, width, weights };
        let values =
            in_parallel(runs, |run| model.squared_singular_values(settings.seed + run as u64))?;
        let (mean, error) = histogram(&values);
        let at: Vec<f64> = (0..bins).map(|b| (low + step * (b as f64 + 0.5)).exp()).collect();
        let layer = Layer { at, mean, error };
        panel.add(points(&layer, color));
        agreements.push(spectrum_agreement(label, &theory, &layer, width, runs, step));
    }
    Ok(panel)
}

/// Density of ln s in each bin: mean over networks and its standard error.
fn histogram(networks: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let (low, high, bins) = BINS;
    let step = (high - low) / bins as f64;
    let counts: Vec<Vec<f64>> = networks
        .iter()
        .map(|values| {
            let mut counts = vec![0.0; bins];
            for x in values.iter().filter(|x| **x > 0.0) {
                let bin = (0.5 * x.ln() - low) / step;
                if bin >= 0.0 && bin < bins as f64 {
                    counts[bin as usize] += 1.0 / (values.len() as f64 * step);
                }
            }
            counts
        })
        .collect();
    (0..bins).map(|b| crate::math::statistics::mean_and_error(counts.iter().map(|c| c[b]))).unzip()
}

/// Singular values are rigid: a bin of a network of N units holds its share up to a few of them.
fn spectrum_agreement(
    label: &str,
    theory: &[f64],
    found: &Layer,
    width: usize,
    runs: usize,
    step: f64,
) -> Agreement {
    let few = 2.0 / (width as f64 * step);
    let gate = student_gate(4.0, runs);
    let gaps = theory.iter().zip(&found.mean).map(|(a, b)| (a - b).abs());
    let worst = gaps
        .clone()
        .zip(&found.error)
        .map(|(gap, error)| (gap, few + gate * error))
        .max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)))
        .unwrap_or((0.0, few));
    let squares: f64 = gaps.map(|gap| gap * gap).sum();
    Agreement {
        observable: format!("singular values, {label}"),
        max_gap: worst.0,
        rms_gap: (squares / theory.len() as f64).sqrt(),
        range: theory.iter().copied().fold(0.0, f64::max),
        spread: found.error.iter().copied().fold(0.0, f64::max) * (runs as f64).sqrt(),
        tolerance: Some(worst.1),
        reason: "two singular values in a bin of a finite network, and four standard errors",
    }
}
