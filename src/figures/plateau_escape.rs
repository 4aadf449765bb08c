//! How long a plateau lasts: the logarithm of the number of inputs.

use ndarray::{Array1, Array2};

use super::ensembles::{Mean, dots, seeds};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, log_grid};
use crate::math::parallel::in_parallel;
use crate::math::statistics::{mean_and_error, student_gate};
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Legend, Line, Panel, Rule, Sheet, Width, series_color};
use crate::student_teacher::finite::online_descent::OnlineDescent;
use crate::student_teacher::flow::plateau::{Passage, SymmetricPlateau, asymmetry, passage};
use crate::student_teacher::flow::{Learning, generalization_error, solve};
use crate::student_teacher::order_parameters::OrderParameters;
use crate::{Agreement, Error, Result};

/// Units of student and teacher.
const UNITS: usize = 2;
/// Standard deviation of initial weights.
const SCALE: f64 = 0.5;
/// Error, in units of the plateau's height, at which students count as specialized.
const SPECIALIZED: f64 = 0.5;
/// A network is looked at every so many examples per input.
const LOOK: f64 = 0.25;

const RATE: Parameter = Parameter {
    name: "rate",
    symbol: "η",
    unit: "",
    default: 1.0,
    low: 0.3,
    high: 1.5,
    kind: ParameterKind::Log,
    help: "learning rate",
};

pub(super) const FIGURE: Figure = Figure {
    name: "plateau_escape",
    reference: "saad1995",
    title: "A plateau lasts as long as the logarithm of the number of inputs",
    caption: "Two erf students learn two teachers from random weights. Left: generalization error from random \
        starts in N dimensions, one of each N; the dotted line is the height of the symmetric plateau. Middle: \
        differences between students (root mean square of R around its mean over students) from the same \
        starts; dashed, growth at the escape rate λ, the largest eigenvalue of the equations linearized \
        about the plateau. Right: time at which the error is half the plateau's. Dashed: the predicted slope \
        1/(2λ) per ln N. Disks: the equations of infinitely many inputs from random starts as N inputs have \
        them. Circles: networks of N inputs from starts drawn the same way. In networks the examples seen \
        on the way add to the differences, also by order N^{−1/2}: the slope is the same. (From the same \
        starts, 200 networks of 200 inputs left 0.3 ± 1.0 earlier than the equations; 300 of 50 inputs, \
        3.3 ± 1.1.)",
    parameters: &[RATE],
    draw,
};

/// How many runs and sizes an effort allows.
struct Plan {
    /// Sizes from which the equations start, and starts of each.
    sizes: Vec<usize>,
    starts: u64,
    /// Sizes of networks, and runs of each.
    networks: Vec<usize>,
    runs: u64,
}

impl Plan {
    fn of(effort: Effort) -> Self {
        let powers = |ends: [f64; 2], n| {
            log_grid(ends[0], ends[1], n).iter().map(|x| x.round() as usize).collect::<Vec<_>>()
        };
        match effort {
            Effort::Theory => {
                Self { sizes: powers([1e2, 1e4], 3), starts: 8, networks: Vec::new(), runs: 0 }
            }
            Effort::Quick => {
                Self { sizes: powers([1e2, 1e5], 4), starts: 12, networks: vec![50, 200], runs: 8 }
            }
            Effort::Paper => Self {
                sizes: powers([1e2, 1e6], 9),
                starts: 48,
                networks: vec![50, 100, 200, 400, 800],
                runs: 24,
            },
        }
    }
}

fn random_start(n_in: usize, seed: u64) -> Result<OrderParameters> {
    let (t, ones) = (Array2::eye(UNITS), Array1::ones(UNITS));
    OrderParameters::random_student(&t, &ones, &ones, SCALE, n_in, seed)
}

fn error(state: &OrderParameters) -> f64 {
    let covariance: Vec<f64> = state.covariance().iter().copied().collect();
    generalization_error(Nonlinearity::ERF_SQRT2, &covariance, &state.signed_readouts())
}

/// Time at which the equations have specialized from a random start.
fn exit(learning: &Learning, plateau: &SymmetricPlateau, n_in: usize, seed: u64) -> Result<f64> {
    match passage(Nonlinearity::ERF_SQRT2, learning, &random_start(n_in, seed)?, plateau)? {
        Passage::Left { specialized, .. } => Ok(specialized),
        Passage::Stays { until, .. } => Err(stuck(n_in, until)),
        Passage::Never { .. } => Err(stuck(n_in, f64::INFINITY)),
    }
}

/// The same of a network.
fn network_exit(
    learning: &Learning,
    plateau: &SymmetricPlateau,
    n_in: usize,
    seed: u64,
) -> Result<f64> {
    let start = random_start(n_in, seed)?;
    let mut training =
        OnlineDescent::trainer(Nonlinearity::ERF_SQRT2, *learning, &start, n_in, seed)?;
    let (level, latest) = (SPECIALIZED * plateau.error, 60.0 / plateau.escape_rate);
    let look = (LOOK * n_in as f64).ceil() as u64;
    let mut before = error(&start);
    loop {
        let time = (training.steps() + look) as f64 / n_in as f64;
        training.advance_to(time)?;
        let now = error(&training.engine().order_parameters());
        if now <= level {
            let share = (before - level) / (before - now);
            return Ok(time - (1.0 - share) * look as f64 / n_in as f64);
        }
        if time > latest {
            return Err(stuck(n_in, time));
        }
        before = now;
    }
}

fn stuck(n_in: usize, until: f64) -> Error {
    Error::Numerical {
        method: "search for the end of the plateau",
        reason: format!("a start in {n_in} dimensions was on it until t = {until:.0}"),
    }
}

/// Exits of all runs of every size.
fn exits(
    sizes: &[usize],
    runs: u64,
    seed: u64,
    one: impl Fn(usize, u64) -> Result<f64> + Sync,
) -> Result<Vec<Vec<f64>>> {
    // No two sizes share a seed: their means are independent.
    let jobs: Vec<(usize, u64)> = sizes
        .iter()
        .zip(0..)
        .flat_map(|(n, k)| {
            seeds(seed.wrapping_add(7919 * k), runs).into_iter().map(move |s| (*n, s))
        })
        .collect();
    let times = in_parallel(jobs.len(), |job| one(jobs[job].0, jobs[job].1))?;
    Ok(times.chunks(runs.max(1) as usize).map(<[f64]>::to_vec).collect())
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let learning = Learning { rate: settings.values.get(&RATE), readout_rate: 0.0, noise: 0.0 };
    let plateau =
        SymmetricPlateau::of(Nonlinearity::ERF_SQRT2, &learning, &random_start(1000, 0)?)?;
    let plan = Plan::of(settings.effort);
    let theory = exits(&plan.sizes, plan.starts, settings.seed, |n, seed| {
        exit(&learning, &plateau, n, seed)
    })?;
    let networks = exits(&plan.networks, plan.runs, settings.seed.wrapping_add(1), |n, seed| {
        network_exit(&learning, &plateau, n, seed)
    })?;
    let [error_panel, growth_panel] = course_panels(&learning, &plateau, settings.seed)?;
    let mut panels = vec![error_panel, growth_panel];
    panels.push(exit_panel(&plan, &plateau, &theory, &networks));
    let slope = plateau.delay_per_log_size();
    let mut agreements =
        vec![slope_agreement("exit of the equations", &plan.sizes, &theory, slope)];
    if !networks.is_empty() {
        agreements.push(slope_agreement("exit of networks", &plan.networks, &networks, slope));
    }
    let sheet = Sheet::new(FIGURE.title, panels);
    let description = FIGURE.caption.into();
    if settings.effort == Effort::Theory {
        // Few starts, for a quick look: nothing to be judged by.
        agreements.clear();
    }
    Ok(Drawing { sheet: Sheet { description, width: Width::Double, ..sheet }, agreements })
}

/// Error and differences between students over time, one start of each size.
fn course_panels(learning: &Learning, plateau: &SymmetricPlateau, seed: u64) -> Result<[Panel; 2]> {
    let end = 14.0 / plateau.escape_rate;
    let grid = even_grid(end, 281);
    let axis = || AxisSpec::linear("examples per input, t").within(0.0, end);
    let mut errors = Panel::new(axis(), AxisSpec::log("generalization error").within(1e-4, 1.0));
    let mut growth = Panel::new(axis(), AxisSpec::log("difference of students").within(1e-5, 1.0));
    for (k, power) in [2, 4, 6].into_iter().enumerate() {
        let start = random_start(10usize.pow(power), seed)?;
        let states = solve(Nonlinearity::ERF_SQRT2, learning, &start, &grid)?;
        let shown = |values: Vec<f64>, floor: f64| {
            let kept = grid.iter().zip(values).filter(|(_, y)| *y > floor);
            kept.map(|(t, y)| (*t, y)).unzip::<f64, f64, Vec<_>, Vec<_>>()
        };
        let label = format!("N = 10^{power}");
        let (x, y) = shown(states.iter().map(error).collect(), 1e-4);
        errors.add(Line::new(&label, &x, &y, series_color(k)));
        let (x, y) = shown(states.iter().map(asymmetry).collect(), 1e-5);
        growth.add(Line::new("", &x, &y, series_color(k)));
    }
    let height = Rule { dash: Dash::Dotted, ..Rule::horizontal(plateau.error) };
    errors.add(height);
    let t = [0.35 * end, 0.7 * end];
    let growing = t.map(|t| 3e-5 * (plateau.escape_rate * (t - 0.35 * end)).exp());
    let label = format!("rate λ = {:.4}", plateau.escape_rate);
    growth.add(Line { dash: Dash::Dashed, ..Line::new(label, &t, &growing, Color::BLACK) });
    for panel in [&mut errors, &mut growth] {
        panel.aspect = 1.0;
    }
    errors.legend = Legend::BottomLeft;
    growth.legend = Legend::BottomRight;
    Ok([errors, growth])
}

fn means(exits: &[Vec<f64>]) -> Mean {
    let (values, errors) = exits.iter().map(|times| mean_and_error(times.iter().copied())).unzip();
    Mean { values, errors }
}

fn exit_panel(
    plan: &Plan,
    plateau: &SymmetricPlateau,
    theory: &[Vec<f64>],
    networks: &[Vec<f64>],
) -> Panel {
    let mut panel =
        Panel::new(AxisSpec::log("number of inputs N"), AxisSpec::linear("time of specialization"));
    panel.legend = Legend::TopLeft;
    panel.aspect = 1.0;
    let numbers = |sizes: &[usize]| sizes.iter().map(|n| *n as f64).collect::<Vec<_>>();
    let mut add = |label: &str, sizes: &[usize], exits: &[Vec<f64>], color, open| {
        let (x, mean) = (numbers(sizes), means(exits));
        let fit = fitted(sizes, exits, plateau.delay_per_log_size());
        let ends = [x[0], x[x.len() - 1]];
        let line = Line::new("", &ends, &ends.map(fit), color);
        panel.add(Line { dash: Dash::Dashed, ..line });
        panel.add(crate::plot::Dots { open, ..dots(label, &x, &mean, color) });
    };
    add("equations", &plan.sizes, theory, series_color(0), false);
    if !networks.is_empty() {
        add("networks", &plan.networks, networks, series_color(1), true);
    }
    panel.add(Line { dash: Dash::Dashed, ..Line::new("slope 1/(2λ)", &[], &[], Color::GRAY) });
    panel
}

/// The line of given slope through the mean of all exits.
fn fitted(sizes: &[usize], exits: &[Vec<f64>], slope: f64) -> impl Fn(f64) -> f64 {
    let count = sizes.len() as f64;
    let x = sizes.iter().map(|n| (*n as f64).ln()).sum::<f64>() / count;
    let y = means(exits).values.iter().sum::<f64>() / count;
    move |n: f64| y + slope * (n.ln() - x)
}

/// The slope of exits against ln N by least squares, held against the predicted one within four standard
/// errors from the scatter of runs.
fn slope_agreement(name: &str, sizes: &[usize], exits: &[Vec<f64>], predicted: f64) -> Agreement {
    let x: Vec<f64> = sizes.iter().map(|n| (*n as f64).ln()).collect();
    let center = x.iter().sum::<f64>() / x.len() as f64;
    let square: f64 = x.iter().map(|x| (x - center).powi(2)).sum();
    let Mean { values, errors } = means(exits);
    let slope = x.iter().zip(&values).map(|(x, y)| (x - center) * y).sum::<f64>() / square;
    let variance: f64 = x.iter().zip(&errors).map(|(x, e)| ((x - center) * e).powi(2)).sum();
    let error = variance.sqrt() / square;
    let gap = (slope - predicted).abs();
    Agreement {
        observable: format!("{name}: delay per ln N"),
        max_gap: gap,
        rms_gap: gap,
        range: predicted,
        spread: error,
        tolerance: Some(student_gate(4.0, exits.iter().map(Vec::len).sum()) * error),
        reason: "four standard errors of the fitted slope",
    }
}
