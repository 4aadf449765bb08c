//! Training of narrow and wide networks against the theory of infinite width.

use super::ensembles::seeds;
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::log_grid;
use crate::net::unit::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Dots, Legend, Line, Panel, Sheet};
use crate::wide::finite::loss_paths::{LossPaths, compare_mean, mean_distance};
use crate::wide::finite::sphere_task::sphere_task;
use crate::wide::finite::width_scaling::power_law;
use crate::{Agreement, Result};

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

/// About `n` whole numbers of steps from 1 to `end`, evenly spaced by their logarithm.
fn steps_to(end: usize, n: usize) -> Vec<usize> {
    let grid = log_grid(1.0, end as f64, n);
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
    let paths_of = |units: Nonlinearity| LossPaths::new(units, sphere_task()?, share);
    let (erf, relu) = (paths_of(Nonlinearity::ERF)?, paths_of(Nonlinearity::RELU)?);
    let mut agreements = Vec::new();
    let mut panels = Vec::new();
    for (networks, title, steps) in
        [(&erf, "erf units", plan.steps[0]), (&relu, "ReLU units", plan.steps[1])]
    {
        panels.push(paths(networks, &plan, title, steps, settings)?);
        if title == "erf units" {
            let (panel, found) = gaps(networks, &plan, settings)?;
            panels.push(panel);
            agreements.extend(found);
        }
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// Paths of single networks, and theory over them.
fn paths(
    networks: &LossPaths,
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
            let runs = networks.train(width, &seeds(settings.seed, plan.runs[k]), &grid)?;
            for (i, run) in runs.iter().enumerate() {
                let label = if i == 0 { format!("width {width}") } else { String::new() };
                let thickness = if k + 1 == plan.widths.len() { 1.1 } else { 0.6 };
                panel.add(Line { width: thickness, ..Line::new(label, &x, run, PURPLES[k]) });
            }
        }
    }
    let theory = networks.limit(&grid)?;
    panel.add(Line {
        dash: Dash::Dashed,
        width: 1.4,
        ..Line::new("theory, infinite width", &x, &theory, RED)
    });
    Ok(panel)
}

/// Largest distance of single networks from theory against width, and the mean over the widest
/// against theory.
fn gaps(networks: &LossPaths, plan: &Plan, settings: &Settings) -> Result<(Panel, Vec<Agreement>)> {
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
    let theory = networks.limit(&grid)?;
    let (mut points, mut agreements) = (Vec::new(), Vec::new());
    for width in plan.scaling_widths {
        let seeds = seeds(settings.seed.wrapping_add(1), plan.scaling_runs);
        let runs = networks.train(*width, &seeds, &grid)?;
        points.push(mean_distance(&theory, &runs));
        if Some(width) == plan.scaling_widths.last() {
            let known = settings.values.get(&RATE) == RATE.default;
            let bias = known.then_some(MEAN_BIAS / *width as f64);
            let name = format!("training error, erf units, width {width}");
            agreements = compare_mean(&name, &theory, &runs, bias)?;
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
