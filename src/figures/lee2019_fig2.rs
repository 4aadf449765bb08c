//! A wide network in training against its linearization, and an ensemble against its theory.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis as Direction, s};

use super::ensembles::seeds;
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, log_grid, thin};
use crate::net::architecture::Architecture;
use crate::net::unit::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Band, Color, Dash, Dots, Legend, Line, Panel, Rule, Sheet, series_color,
};
use crate::wide::finite::descent_ensemble::{DescentEnsemble, TrainedOutputs};
use crate::wide::finite::sphere_task::sphere_task;
use crate::{Agreement, Axis, Dataset, Error, Result, Trajectory, compare};

const WEIGHT_VARIANCE: Parameter = Parameter {
    name: "weight_variance",
    symbol: "σ_w²",
    unit: "",
    default: 1.5,
    low: 0.5,
    high: 4.0,
    kind: ParameterKind::Linear,
    help: "variance of weights times fan-in",
};

pub(super) const FIGURE: Figure = Figure {
    name: "lee2019_fig2",
    reference: "lee2019",
    title: "Wide networks learn as linear models do",
    caption: "Networks with two hidden layers of tanh units (weight variance 1.5, no biases, as in the \
        paper, which has three layers of width 8192) that learn eight labeled points on a sphere in \
        four dimensions by full-batch gradient descent. a, Outputs of a single network of width 512 on \
        two training points and on a test point (dots), and of its linearization about the start \
        (lines). Bands: mean ± 2 standard deviations over the ensemble of infinitely wide networks. \
        b, c, Outputs on the way from one training point to another, early and late in training. Bands \
        and lines: theory of the ensemble if all layers are trained or only the last; dots and bars: \
        mean ± 2 standard deviations of 60 networks of width 128, all layers trained. The gaps are \
        those of finite width.",
    parameters: &[WEIGHT_VARIANCE],
    draw,
};

/// Training points of the task.
const EXAMPLES: usize = 8;
/// Steps of training, and the earlier ones of panel b.
const STEPS: usize = 400;
const EARLY: usize = 10;
/// Learning rate as a share of the largest stable one.
const SHARE: f64 = 0.3;

fn draw(settings: &Settings) -> Result<Drawing> {
    let ensemble = ensemble(settings.values.get(&WEIGHT_VARIANCE))?;
    let mut agreements = Vec::new();
    let mut panels = vec![single_panel(&ensemble, settings, &mut agreements)?];
    panels.extend(ensemble_panels(&ensemble, settings, &mut agreements)?);
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// Networks that learn the first points of the sphere.
fn ensemble(weight_variance: f64) -> Result<DescentEnsemble> {
    let task = sphere_task()?;
    let std = weight_variance.sqrt();
    let architecture = Architecture::dense(Nonlinearity::Tanh, 2, std, 0.0, std, 0.0);
    let part = s![..EXAMPLES, ..];
    let data =
        Dataset::new(task.inputs.slice(part).to_owned(), task.targets.slice(part).to_owned())?;
    DescentEnsemble::new(architecture, data, SHARE)
}

/// The points of panel a.
const SINGLE: [&str; 3] = ["training, label 1", "training, label −1", "test"];

/// Two examples of different labels, and a point that was not among the examples.
fn single_points() -> Result<Array2<f64>> {
    let inputs = sphere_task()?.inputs;
    let parts = [inputs.slice(s![..2, ..]), inputs.slice(s![9..10, ..])];
    ndarray::concatenate(Direction(0), &parts)
        .map_err(|e| Error::shape("points", inputs.dim(), e.to_string()))
}

/// Panel a: one network over time.
fn single_panel(
    ensemble: &DescentEnsemble,
    settings: &Settings,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let x = AxisSpec::log("gradient descent steps").within(1.0, STEPS as f64);
    let mut panel = Panel::new(x, AxisSpec::linear("output"));
    panel.legend = Legend::Below;
    let mut steps: Vec<usize> =
        log_grid(1.0, STEPS as f64, 60).into_iter().map(|x| x.round() as usize).collect();
    steps.dedup();
    let times: Vec<f64> = steps.iter().map(|steps| *steps as f64).collect();
    let points = single_points()?;
    let limit = ensemble.all_layers(points.view(), &times)?;
    for i in 0..SINGLE.len() {
        let moments = (limit.mean.row(i), limit.deviation.row(i));
        panel.add(band(&times, moments, series_color(i)));
    }
    if settings.effort == Effort::Theory {
        for (i, name) in SINGLE.into_iter().enumerate() {
            panel.add(Line::new(name, &times, &limit.mean.row(i).to_vec(), series_color(i)));
        }
        return Ok(panel);
    }
    let width = if settings.effort == Effort::Paper { 512 } else { 64 };
    let net = ensemble.network(width, settings.seed)?;
    let linear = ensemble.train_linearized(&net, points.view(), &times)?;
    let outputs = ensemble.train(net, points.view(), &steps)?;
    for (i, name) in SINGLE.into_iter().enumerate() {
        let (linear, trained) = (linear.row(i).to_vec(), outputs.row(i).to_vec());
        panel.add(Line::new(name, &times, &linear, series_color(i)));
        let (x, y) = thin(&times, &trained);
        panel.add(Dots { open: true, ..Dots::new("", &x, &y, series_color(i)) });
        let recorded = |values: Vec<f64>| -> Result<Trajectory> {
            let mut trajectory = Trajectory::new(Axis::Steps, &times);
            trajectory.push(format!("linearization at width {width}, {name}"), values)?;
            Ok(trajectory)
        };
        agreements.extend(compare(&recorded(linear)?, &[recorded(trained)?], None)?);
    }
    Ok(panel)
}

/// Mean ± 2 standard deviations.
fn band(
    x: &[f64],
    (mean, deviation): (ArrayView1<'_, f64>, ArrayView1<'_, f64>),
    color: Color,
) -> Band {
    let twice = &deviation * 2.0;
    Band::new("", x, &(&mean - &twice).to_vec(), &(&mean + &twice).to_vec(), color)
}

/// Points on the way from the first example to the second.
fn between(inputs: ArrayView2<'_, f64>, shares: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn((shares.len(), inputs.ncols()), |(i, j)| {
        (1.0 - shares[i]) * inputs[[0, j]] + shares[i] * inputs[[1, j]]
    })
}

/// Panels b and c: an ensemble on the way from the first example to the second.
fn ensemble_panels(
    ensemble: &DescentEnsemble,
    settings: &Settings,
    agreements: &mut Vec<Agreement>,
) -> Result<Vec<Panel>> {
    let way = |shares: &[f64]| between(ensemble.data().inputs.view(), shares);
    let steps = [EARLY, STEPS];
    let times = steps.map(|steps| steps as f64);
    let grid: Vec<f64> = even_grid(1.5, 61).into_iter().map(|x| x - 0.25).collect();
    let along = way(&grid);
    let theory = [
        ("all layers", ensemble.all_layers(along.view(), &times)?, series_color(0)),
        ("only the last", ensemble.last_layer(along.view(), &times)?, series_color(1)),
    ];
    let few: Vec<f64> = even_grid(1.5, 13).into_iter().map(|x| x - 0.25).collect();
    let (width, count) = if settings.effort == Effort::Paper { (128, 60) } else { (32, 12) };
    let trained = match settings.effort {
        Effort::Theory => None,
        _ => {
            let seeds = seeds(settings.seed.wrapping_add(1), count);
            Some(ensemble.train_networks(width, way(&few), &steps, &seeds)?)
        }
    };
    let mut panels = Vec::new();
    for (k, steps) in steps.into_iter().enumerate() {
        let x = AxisSpec::linear("share of the second point").within(-0.25, 1.25);
        let mut panel = Panel::new(x, AxisSpec::linear("output").within(-2.6, 2.6));
        panel.title = Some(format!("after {steps} steps"));
        panel.legend = if k == 0 { Legend::BottomLeft } else { Legend::None };
        for (label, limit, color) in &theory {
            let mean = limit.mean.column(k);
            panel.add(band(&grid, (mean, limit.deviation.column(k)), *color));
            panel.add(Line::new(*label, &grid, &mean.to_vec(), *color));
        }
        for at in [0.0, 1.0] {
            panel.add(Rule { color: Color::GRAY, dash: Dash::Dotted, ..Rule::vertical(at) });
        }
        if let Some(trained) = &trained {
            let label = format!("{count} networks of width {width}");
            panel.add(network_dots(&label, &few, trained, k));
            agreements.extend(ensemble.compare_mean(trained, &few, k)?);
        }
        panels.push(panel);
    }
    Ok(panels)
}

/// Mean ± 2 standard deviations over networks.
fn network_dots(label: &str, x: &[f64], trained: &TrainedOutputs, k: usize) -> Dots {
    let (mean, deviation) = trained.moments(k);
    let spread = Some(deviation.iter().map(|s| 2.0 * s).collect());
    Dots { open: true, spread, ..Dots::new(label, x, &mean, Color::BLACK) }
}
