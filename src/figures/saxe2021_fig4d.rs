//! Training of narrow and wide networks against the theory of infinite width.

use ndarray::Array2;

use super::ensembles::seeds;
use super::figure::{Drawing, Effort, Figure, Settings};
use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_error;
use crate::net::LayeredNetwork;
use crate::net::architecture::Architecture;
use crate::net::fast::full_batch::FullBatch;
use crate::net::layered::Sizes;
use crate::net::unit::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Dots, Legend, Line, Panel, Sheet};
use crate::wide::ensemble::trained::TrainedEnsemble;
use crate::wide::ensemble::training::Training;
use crate::wide::finite::sphere_task::sphere_task;
use crate::wide::finite::width_scaling::{Measured, power_law};
use crate::wide::kernel::dense::kernels;
use crate::{Agreement, Axis, Dataset, FiniteSize, Result, Tolerance, Trajectory, compare};

const RATE: Parameter = Parameter {
    name: "rate",
    symbol: "η/η_max",
    unit: "",
    default: 0.1,
    low: 0.02,
    high: 0.5,
    kind: ParameterKind::Log,
    help: "learning rate as a share of the largest stable one",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig4d",
    reference: "saxe2021",
    title: "Narrow networks get stuck on paths of their own, wide ones follow the theory",
    caption: "Training error of networks with one hidden layer that learn random labels of sixteen points \
        in four dimensions, by full-batch gradient descent from ten random starts for each width \
        (four for the widest). Outputs are counted from where they start. Dashed red: the analytic \
        curve of infinitely wide networks. a, Erf units. b, Largest distance of a single network's \
        curve from theory in the first 1000 steps, relative to the error at the start: mean over \
        sixteen starts with its standard error, and fitted power of the width; kernels scatter with \
        the power −1/2 (dotted), which only the widest networks have reached. c, ReLU units. \
        Small print: late in training wide ReLU networks are slower than theory, because the \
        activities of some units keep crossing their kink. At width 512 the error falls at 0.41 of the \
        rate that the network's own tangent kernel gives (0.52 from another start; erf: 1.00), with \
        steps of a quarter too. On the linear axis of c this is hardly seen; on a logarithmic one the \
        curves leave the theory, and no comparison with it is made there.",
    parameters: &[RATE],
    draw,
};

const RED: Color = Color(204, 0, 0);
/// Light to dark purple, as in the paper.
const PURPLES: [Color; 4] =
    [Color(221, 190, 230), Color(178, 136, 212), Color(117, 80, 181), Color(52, 18, 104)];
/// Steps within which panel b looks for the largest distance.
const EARLY: usize = 1000;
/// Largest distance of the mean error over starts from theory, times the width, within these steps, for
/// erf units at the default rate. Measured on hundreds of starts at widths 16 to 512: 0.47, 0.68,
/// 1.13, 1.75, 2.9 and 3.5 ± 0.4, so that a law of 1/width is only reached at the widest.
const MEAN_BIAS: f64 = 4.3;

/// How much is simulated.
struct Plan {
    widths: [usize; 4],
    runs: [u64; 4],
    steps: [usize; 2],
    scaling_widths: &'static [usize],
    scaling_runs: u64,
}

const PAPER: Plan = Plan {
    widths: [2, 4, 32, 512],
    runs: [10, 10, 10, 4],
    steps: [8000, 6000],
    scaling_widths: &[16, 32, 64, 128, 256, 512],
    scaling_runs: 16,
};

const QUICK: Plan = Plan {
    widths: [2, 4, 16, 128],
    runs: [4, 4, 4, 2],
    steps: [2000, 2000],
    scaling_widths: &[8, 16, 32, 64],
    scaling_runs: 6,
};

/// One kind of units on the task, with the theory of its infinite width.
struct Race {
    architecture: Architecture,
    task: Dataset,
    rate: f64,
    limit: TrainedEnsemble,
}

impl Race {
    fn new(phi: Nonlinearity, share: f64) -> Result<Self> {
        let task = sphere_task()?;
        let architecture = Architecture::dense(phi, 1, 2f64.sqrt(), 0.1, 1.0, 0.0);
        let k = kernels(&architecture, task.inputs.view(), None)?;
        let made =
            |rate| TrainedEnsemble::new(&k.nngp, &k.ntk, &task.targets, Training::steps(rate));
        let rate = share * made(f64::MIN_POSITIVE)?.max_learning_rate();
        Ok(Self { limit: made(rate)?, architecture, task, rate })
    }

    /// Loss of infinitely wide networks that start from the output zero: that of the mean.
    fn theory(&self, grid: &[usize]) -> Result<Vec<f64>> {
        let times: Vec<f64> = grid.iter().map(|steps| *steps as f64).collect();
        let loss = |outputs: Array2<f64>| {
            let squares = (outputs - &self.task.targets).mapv(|e| e * e);
            0.5 * squares.sum() / squares.len() as f64
        };
        Ok(self.limit.training_means(&times)?.into_iter().map(loss).collect())
    }

    /// Losses of a network for every start.
    fn runs(&self, width: usize, seeds: &[u64], grid: &[usize]) -> Result<Vec<Vec<f64>>> {
        in_parallel(seeds.len(), |i| {
            let sizes = Sizes { n_in: 4, width, n_out: 1 };
            let net = LayeredNetwork::random(&self.architecture, sizes, seeds[i])?;
            FullBatch::trainer(net, &self.task, self.rate, true)?.losses(grid)
        })
    }
}

/// About `n` whole numbers of steps from 1 to `end`, evenly spaced by their logarithm.
fn steps_to(end: usize, n: usize) -> Vec<usize> {
    let grid = super::parts::log_grid(1.0, end as f64, n);
    let mut steps: Vec<usize> = grid.into_iter().map(|x| x.round() as usize).collect();
    steps.dedup();
    steps
}

fn as_f64(grid: &[usize]) -> Vec<f64> {
    grid.iter().map(|x| *x as f64).collect()
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let plan = if settings.effort == Effort::Paper { PAPER } else { QUICK };
    let share = settings.values.get(&RATE);
    let (erf, relu) = (Race::new(Nonlinearity::ERF, share)?, Race::new(Nonlinearity::RELU, share)?);
    let mut agreements = Vec::new();
    let mut panels = Vec::new();
    for (race, title, steps) in
        [(&erf, "erf units", plan.steps[0]), (&relu, "ReLU units", plan.steps[1])]
    {
        panels.push(paths(race, &plan, title, steps, settings)?);
        if title == "erf units" {
            let (panel, found) = gaps(race, &plan, settings)?;
            panels.push(panel);
            agreements.extend(found);
        }
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// Paths of single networks, and theory over them.
fn paths(
    race: &Race,
    plan: &Plan,
    title: &str,
    steps: usize,
    settings: &Settings,
) -> Result<Panel> {
    let grid = steps_to(steps, 140);
    let x = as_f64(&grid);
    let mut panel = Panel::new(
        AxisSpec::log("gradient descent steps").within(1.0, steps as f64),
        AxisSpec::linear("training error").within(0.0, 0.52),
    );
    panel.title = Some(title.into());
    panel.legend = Legend::BottomLeft;
    if settings.effort != Effort::Theory {
        for (k, width) in plan.widths.into_iter().enumerate() {
            let runs = race.runs(width, &seeds(settings.seed, plan.runs[k]), &grid)?;
            for (i, run) in runs.iter().enumerate() {
                let label = if i == 0 { format!("width {width}") } else { String::new() };
                let thickness = if k + 1 == plan.widths.len() { 1.1 } else { 0.6 };
                panel.add(Line { width: thickness, ..Line::new(label, &x, run, PURPLES[k]) });
            }
        }
    }
    let theory = race.theory(&grid)?;
    panel.add(Line {
        dash: Dash::Dashed,
        width: 1.4,
        ..Line::new("theory, infinite width", &x, &theory, RED)
    });
    Ok(panel)
}

/// The mean over networks of one width against theory. `bias` is how far it may be from it; of other
/// rates than the default none is known.
fn mean_against(
    width: usize,
    theory: &[f64],
    runs: &[Vec<f64>],
    bias: Option<f64>,
) -> Result<Vec<Agreement>> {
    let grid: Vec<f64> = (0..theory.len()).map(|steps| steps as f64).collect();
    let trajectory = |values: &[f64]| {
        let mut trajectory = Trajectory::new(Axis::Steps, &grid);
        trajectory.push(format!("training error, erf units, width {width}"), values.to_vec())?;
        Ok(trajectory)
    };
    let runs = runs.iter().map(|run| trajectory(run)).collect::<Result<Vec<_>>>()?;
    let tolerance = bias.map(|bias| Tolerance {
        gaps: vec![1e-9],
        finite_size: Some(FiniteSize {
            biases: vec![vec![bias; grid.len()]],
            standard_errors: 4.0,
        }),
        reason: "the measured bias of a finite width, and four standard errors of the mean",
    });
    compare(&trajectory(theory)?, &runs, tolerance.as_ref())
}

/// Largest distance of single networks from theory against width, and the mean over the widest
/// against theory.
fn gaps(race: &Race, plan: &Plan, settings: &Settings) -> Result<(Panel, Vec<Agreement>)> {
    let mut panel = Panel::new(
        AxisSpec::log("units in the hidden layer"),
        AxisSpec::log("relative distance from theory"),
    );
    panel.title = Some("erf units".into());
    panel.legend = Legend::BottomLeft;
    let widths = as_f64(plan.scaling_widths);
    // Through the middle of what the default settings measure.
    let guide: Vec<f64> = widths.iter().map(|w| 0.45 * w.powf(-0.5)).collect();
    panel.add(Line {
        dash: Dash::Dotted, ..Line::new("slope −1/2", &widths, &guide, Color::GRAY)
    });
    if settings.effort == Effort::Theory {
        return Ok((panel, Vec::new()));
    }
    let grid: Vec<usize> = (0..=EARLY).collect();
    let theory = race.theory(&grid)?;
    let (mut points, mut agreements) = (Vec::new(), Vec::new());
    for width in plan.scaling_widths {
        let seeds = seeds(settings.seed.wrapping_add(1), plan.scaling_runs);
        let runs = race.runs(*width, &seeds, &grid)?;
        let distance = |run: &Vec<f64>| {
            let gaps = run.iter().zip(&theory).map(|(loss, theory)| (loss - theory).abs());
            gaps.fold(0.0, f64::max) / theory[0]
        };
        let distances: Vec<f64> = runs.iter().map(distance).collect();
        let (value, error) = mean_and_error(distances.iter().copied());
        points.push(Measured { value, error });
        if Some(width) == plan.scaling_widths.last() {
            let known = settings.values.get(&RATE) == RATE.default;
            let bias = known.then_some(MEAN_BIAS / *width as f64);
            agreements = mean_against(*width, &theory, &runs, bias)?;
        }
    }
    let fit = power_law(&widths, &points)?;
    let line: Vec<f64> = widths.iter().map(|w| fit.at(*w)).collect();
    let label = format!("slope {:.2} ± {:.2}", fit.exponent, fit.exponent_error).replace('-', "−");
    panel.add(Line::new(label, &widths, &line, PURPLES[3]));
    let (values, errors): (Vec<f64>, Vec<f64>) = points.iter().map(|p| (p.value, p.error)).unzip();
    let dots = Dots::new("single networks, mean", &widths, &values, PURPLES[3]);
    panel.add(Dots { open: true, spread: Some(errors), ..dots });
    Ok((panel, agreements))
}
