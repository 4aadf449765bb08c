//! A wide network in training against its linearization, and an ensemble against its theory.

use ndarray::{Array1, Array2, Axis as Direction, s};

use super::ensembles::seeds;
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, log_grid, thin};
use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_error;
use crate::net::LayeredNetwork;
use crate::net::architecture::Architecture;
use crate::net::fast::full_batch::FullBatch;
use crate::net::layered::Sizes;
use crate::net::unit::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Band, Color, Dash, Dots, Legend, Line, Panel, Rule, Sheet, series_color,
};
use crate::wide::ensemble::trained::TrainedEnsemble;
use crate::wide::ensemble::training::Training;
use crate::wide::finite::linearized::Linearized;
use crate::wide::finite::sphere_task::sphere_task;
use crate::wide::kernel::dense::{diagonals, kernels};
use crate::{Agreement, Axis, Dataset, Result, Trajectory, compare};

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

/// The task, how it is learned, and the theory of infinite width.
struct Setting {
    architecture: Architecture,
    data: Dataset,
    training: Training,
    /// All layers are trained.
    limit: TrainedEnsemble,
    /// Only the last layer is.
    last_layer: TrainedEnsemble,
}

impl Setting {
    fn new(weight_variance: f64) -> Result<Self> {
        let task = sphere_task()?;
        let weight_std = weight_variance.sqrt();
        let architecture =
            Architecture::dense(Nonlinearity::Tanh, 2, weight_std, 0.0, weight_std, 0.0);
        let part = s![..EXAMPLES, ..];
        let data =
            Dataset::new(task.inputs.slice(part).to_owned(), task.targets.slice(part).to_owned())?;
        let k = kernels(&architecture, data.inputs.view(), None)?;
        let made = |training| TrainedEnsemble::new(&k.nngp, &k.ntk, &data.targets, training);
        let rate = SHARE * made(Training::steps(f64::MIN_POSITIVE))?.max_learning_rate();
        let training = Training::steps(rate);
        let last_layer = TrainedEnsemble::last_layer(&k.nngp, &data.targets, training)?;
        Ok(Self { limit: made(training)?, last_layer, architecture, data, training })
    }

    /// Mean and standard deviation over the limit ensemble at each time: points × times.
    fn theory(
        &self,
        points: &Array2<f64>,
        times: &[f64],
        all_layers: bool,
    ) -> Result<(Array2<f64>, Array2<f64>)> {
        let cross = kernels(&self.architecture, points.view(), Some(self.data.inputs.view()))?;
        let (prior, _) = diagonals(&self.architecture, points.view())?;
        let (limit, tangent) =
            if all_layers { (&self.limit, &cross.ntk) } else { (&self.last_layer, &cross.nngp) };
        let test = limit.test_points(&cross.nngp, tangent, &Array1::from(prior))?;
        let mut means = Array2::zeros((points.nrows(), times.len()));
        for (mut column, mean) in means.columns_mut().into_iter().zip(test.means(times)?) {
            column.assign(&mean.column(0));
        }
        let deviations = test.variances(times)?.mapv(|v| v.max(0.0).sqrt());
        Ok((means, deviations.reversed_axes()))
    }

    fn network(&self, width: usize, seed: u64) -> Result<LayeredNetwork> {
        LayeredNetwork::random(&self.architecture, Sizes { n_in: 4, width, n_out: 1 }, seed)
    }

    /// Outputs of a network in training: points × times.
    fn trained(
        &self,
        net: LayeredNetwork,
        points: &Array2<f64>,
        steps: &[usize],
    ) -> Result<Array2<f64>> {
        let mut outputs = Array2::zeros((points.nrows(), steps.len()));
        let mut descent = FullBatch::trainer(net, &self.data, self.training.rate, false)?;
        for (mut column, steps) in outputs.columns_mut().into_iter().zip(steps) {
            descent.advance_to(*steps as f64)?;
            column.assign(&descent.outputs(points.view())?.column(0));
        }
        Ok(outputs)
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let setting = Setting::new(settings.values.get(&WEIGHT_VARIANCE))?;
    let mut agreements = Vec::new();
    let mut panels = vec![single(&setting, settings, &mut agreements)?];
    panels.extend(ensemble(&setting, settings, &mut agreements)?);
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// Panel a: one network over time.
fn single(
    setting: &Setting,
    settings: &Settings,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::log("gradient descent steps").within(1.0, STEPS as f64),
        AxisSpec::linear("output"),
    );
    panel.legend = Legend::Below;
    let mut steps: Vec<usize> =
        log_grid(1.0, STEPS as f64, 60).into_iter().map(|x| x.round() as usize).collect();
    steps.dedup();
    let times: Vec<f64> = steps.iter().map(|steps| *steps as f64).collect();
    let task = sphere_task()?;
    // Two examples of different labels, and a point that was not among the examples.
    let points = ndarray::concatenate(
        Direction(0),
        &[task.inputs.slice(s![..2, ..]), task.inputs.slice(s![9..10, ..])],
    )
    .map_err(|e| crate::Error::shape("points", task.inputs.dim(), e.to_string()))?;
    let (means, deviations) = setting.theory(&points, &times, true)?;
    let names = ["training, label 1", "training, label −1", "test"];
    for (i, _) in names.iter().enumerate() {
        let (mean, band) = (means.row(i), &deviations.row(i) * 2.0);
        let (low, high) = ((&mean - &band).to_vec(), (&mean + &band).to_vec());
        panel.add(Band::new("", &times, &low, &high, series_color(i)));
    }
    if settings.effort == Effort::Theory {
        for (i, name) in names.iter().enumerate() {
            panel.add(Line::new(*name, &times, &means.row(i).to_vec(), series_color(i)));
        }
        return Ok(panel);
    }
    let width = if settings.effort == Effort::Paper { 512 } else { 64 };
    let net = setting.network(width, settings.seed)?;
    let linear = Linearized::of(&net, &setting.data, points.view(), setting.training)?;
    let linear = linear.test_outputs(&times)?;
    let outputs = setting.trained(net, &points, &steps)?;
    for (i, name) in names.iter().enumerate() {
        let linear: Vec<f64> = linear.iter().map(|f| f[[i, 0]]).collect();
        let trained = outputs.row(i).to_vec();
        panel.add(Line::new(*name, &times, &linear, series_color(i)));
        let (x, y) = thin(&times, &trained);
        panel.add(Dots { open: true, ..Dots::new("", &x, &y, series_color(i)) });
        let recorded = |values: Vec<f64>| {
            let mut trajectory = Trajectory::new(Axis::Steps, &times);
            trajectory.push(format!("linearization at width {width}, {name}"), values)?;
            Ok::<_, crate::Error>(trajectory)
        };
        agreements.extend(compare(&recorded(linear)?, &[recorded(trained)?], None)?);
    }
    Ok(panel)
}

/// Panels b and c: an ensemble on the way from the first example to the second.
fn ensemble(
    setting: &Setting,
    settings: &Settings,
    agreements: &mut Vec<Agreement>,
) -> Result<Vec<Panel>> {
    let way = |shares: &[f64]| {
        let (first, second) = (setting.data.inputs.row(0), setting.data.inputs.row(1));
        Array2::from_shape_fn((shares.len(), 4), |(i, j)| {
            (1.0 - shares[i]) * first[j] + shares[i] * second[j]
        })
    };
    let steps = [EARLY, STEPS];
    let times = steps.map(|steps| steps as f64);
    let grid: Vec<f64> = even_grid(1.5, 61).into_iter().map(|x| x - 0.25).collect();
    let theory = [
        ("all layers", setting.theory(&way(&grid), &times, true)?, series_color(0)),
        ("only the last", setting.theory(&way(&grid), &times, false)?, series_color(1)),
    ];
    let few: Vec<f64> = even_grid(1.5, 13).into_iter().map(|x| x - 0.25).collect();
    let (width, count) = if settings.effort == Effort::Paper { (128, 60) } else { (32, 12) };
    let runs = match settings.effort {
        Effort::Theory => Vec::new(),
        _ => {
            let (points, seeds) = (way(&few), seeds(settings.seed.wrapping_add(1), count));
            in_parallel(seeds.len(), |i| {
                setting.trained(setting.network(width, seeds[i])?, &points, &steps)
            })?
        }
    };
    let mut panels = Vec::new();
    for (k, steps) in steps.into_iter().enumerate() {
        let x = AxisSpec::linear("share of the second point").within(-0.25, 1.25);
        let mut panel = Panel::new(x, AxisSpec::linear("output").within(-2.6, 2.6));
        panel.title = Some(format!("after {steps} steps"));
        panel.legend = if k == 0 { Legend::BottomLeft } else { Legend::None };
        for (label, (means, deviations), color) in &theory {
            let (mean, band) = (means.column(k), &deviations.column(k) * 2.0);
            let (low, high) = ((&mean - &band).to_vec(), (&mean + &band).to_vec());
            panel.add(Band::new("", &grid, &low, &high, *color));
            panel.add(Line::new(*label, &grid, &mean.to_vec(), *color));
        }
        for at in [0.0, 1.0] {
            panel.add(Rule { color: Color::GRAY, dash: Dash::Dotted, ..Rule::vertical(at) });
        }
        if !runs.is_empty() {
            let (values, spread) = moments(&runs, k);
            let label = format!("{count} networks of width {width}");
            let dots = Dots::new(label, &few, &values, Color::BLACK);
            panel.add(Dots { open: true, spread: Some(spread), ..dots });
            agreements.extend(judged(setting, &way(&few), &few, &runs, k, steps)?);
        }
        panels.push(panel);
    }
    Ok(panels)
}

/// Mean and twice the standard deviation over runs at time `k`, point by point.
fn moments(runs: &[Array2<f64>], k: usize) -> (Vec<f64>, Vec<f64>) {
    let count = runs.len() as f64;
    let points = runs.first().map_or(0, |run| run.nrows());
    (0..points)
        .map(|i| {
            let (mean, error) = mean_and_error(runs.iter().map(|run| run[[i, k]]));
            (mean, 2.0 * error * count.sqrt())
        })
        .unzip()
}

/// The mean over runs against theory. No bound is known of what the finite width does.
fn judged(
    setting: &Setting,
    points: &Array2<f64>,
    shares: &[f64],
    runs: &[Array2<f64>],
    k: usize,
    steps: usize,
) -> Result<Vec<Agreement>> {
    let (means, _) = setting.theory(points, &[steps as f64], true)?;
    let recorded = |values: Vec<f64>| {
        let mut trajectory = Trajectory::new(Axis::Parameter, shares);
        trajectory.push(format!("mean of the ensemble after {steps} steps"), values)?;
        Ok::<_, crate::Error>(trajectory)
    };
    let runs =
        runs.iter().map(|run| recorded(run.column(k).to_vec())).collect::<Result<Vec<_>>>()?;
    compare(&recorded(means.column(0).to_vec())?, &runs, None)
}
