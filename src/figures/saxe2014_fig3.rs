//! Mode strengths in theory, in a linear and in a tanh network, and the delay of learning.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, named, thin};
use crate::course::{Course, Start};
use crate::deep_linear::half_times::first_crossing;
use crate::deep_linear::random_start::expected_strength;
use crate::deep_linear::recording::mode_name;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::math::parallel::in_parallel;
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dots, Legend, Line, Marker, Panel, Rule, Sheet, gradient_color, series_color,
};
use crate::{Correlations, Dataset, Modes, Result, Trajectory};

/// Hidden units, as many again as there are modes.
const N_HIDDEN: usize = 16;
const END: f64 = 60.0;

const SCALE: Parameter = Parameter {
    name: "scale",
    symbol: "σ",
    unit: "",
    default: 0.05,
    low: 0.005,
    high: 0.2,
    kind: ParameterKind::Log,
    help: "standard deviation of the initial weights times √(hidden units)",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2014_fig3",
    reference: "saxe2014",
    title: "Modes are learned one after another, in linear and nonlinear networks",
    caption: "Two-layer networks with 16 hidden units learn the table of Rumelhart's eight living \
        things from small random weights. a, Strength of each singular mode: exact solution (lines), \
        gradient descent in a linear network (circles) and in a tanh network (triangles). b, Delay \
        of half learning against the sigmoid of a mode that learns alone from the expected initial \
        strength, relative to its time; mean and standard deviation over random starts.",
    parameters: &[SCALE],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let data = Dataset::rumelhart();
    let task = Correlations::of(&data)?;
    let modes = Modes::of(&task)?;
    let grid = even_grid(END, 601);
    let rate = if settings.effort == Effort::Paper { 0.01 } else { 0.05 };
    let course = |activation: Nonlinearity, seed: u64| Course {
        start: Start::Random,
        n_hidden: Some(N_HIDDEN),
        scale: settings.values.get(&SCALE),
        rate: Some(rate),
        times: Some(grid.clone()),
        activation,
        seed,
        ..Course::new(data.clone())
    };
    let linear = course(Nonlinearity::Linear, settings.seed).run()?;
    let tanh = course(Nonlinearity::Tanh, settings.seed).run()?;
    let simulated = settings.effort != Effort::Theory;
    let strengths = strengths_panel(
        &linear.prediction,
        simulated.then_some((&linear.simulation, &tanh.simulation)),
        modes.len(),
    );

    let n_runs = match settings.effort {
        Effort::Theory => 0,
        Effort::Quick => 6,
        Effort::Paper => 50,
    };
    let mut delay = Panel::new(
        AxisSpec::linear("mode").within(0.5, modes.len() as f64 + 0.5),
        AxisSpec::linear("delay of half learning (share of theory)"),
    );
    delay.add(Rule::horizontal(0.0));
    let half_alone = |k: usize| {
        let std = settings.values.get(&SCALE) / (N_HIDDEN as f64).sqrt();
        let u0 = expected_strength(std, N_HIDDEN, k);
        TwoLayerMode::balanced(modes.singular_values[k], modes.input_variances[k], u0)
            .map(|mode| mode.half_time().unwrap_or(END))
    };
    let alone: Vec<f64> = (0..modes.len()).map(half_alone).collect::<Result<_>>()?;
    for (i, (activation, label)) in
        [(Nonlinearity::Linear, "linear network"), (Nonlinearity::Tanh, "tanh network")]
            .into_iter()
            .enumerate()
    {
        let runs = in_parallel(n_runs, |run| {
            let seed = settings.seed + 1 + run as u64;
            Ok(delays(&course(activation, seed).simulation()?, &modes, &alone))
        })?;
        if runs.is_empty() {
            continue;
        }
        // A mode that some run does not half learn in time has no mean delay.
        let complete: Vec<usize> =
            (0..modes.len()).filter(|k| runs.iter().all(|r| r[*k].is_some())).collect();
        let statistics =
            complete.iter().map(|k| mean_and_spread(runs.iter().filter_map(|r| r[*k])));
        let (mean, spread): (Vec<f64>, Vec<f64>) = statistics.unzip();
        let x: Vec<f64> =
            complete.iter().map(|k| (k + 1) as f64 + 0.16 * i as f64 - 0.08).collect();
        let marker = [Marker::Circle, Marker::Triangle][i];
        let dots = Dots::new(label, &x, &mean, series_color(i));
        delay.add(Dots { spread: Some(spread), marker, ..dots });
    }
    let sheet = Sheet::new(FIGURE.title, vec![strengths, delay]);
    let agreements =
        if simulated { named("linear network", linear.agreements).collect() } else { Vec::new() };
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn strengths_panel(
    theory: &Trajectory,
    runs: Option<(&Trajectory, &Trajectory)>,
    n: usize,
) -> Panel {
    let mut panel = Panel::new(
        AxisSpec::linear("time (τ)").within(0.0, END),
        AxisSpec::linear("mode strength *u*_*k*"),
    );
    panel.legend = Legend::Auto;
    let grid = theory.grid();
    panel.add(Line::new("theory", &[], &[], Color::GRAY));
    if runs.is_some() {
        panel.add(Dots { open: true, ..Dots::new("linear network", &[], &[], Color::GRAY) });
        let tanh = Dots::new("tanh network", &[], &[], Color::GRAY);
        panel.add(Dots { marker: Marker::Triangle, ..tanh });
    }
    for k in 0..n {
        let color = gradient_color(k, n);
        let of = |t: &Trajectory| t.get(&mode_name(k)).unwrap_or_default().to_vec();
        panel.add(Line::new("", grid, &of(theory), color));
        if let Some((linear, tanh)) = runs {
            let (x, y) = thin(grid, &of(linear));
            panel.add(Dots { open: true, ..Dots::new("", &x, &y, color) });
            let (x, y) = thin(grid, &of(tanh));
            panel.add(Dots { marker: Marker::Triangle, size: 0.8, ..Dots::new("", &x, &y, color) });
        }
    }
    panel
}

/// (t − t_alone)/t_alone of every mode.
fn delays(run: &Trajectory, modes: &Modes, alone: &[f64]) -> Vec<Option<f64>> {
    let targets = modes.targets();
    let delay = |k: usize| {
        let strengths = run.get(&mode_name(k))?;
        Some(first_crossing(run.grid(), strengths, 0.5 * targets[k])? / alone[k] - 1.0)
    };
    (0..modes.len()).map(delay).collect()
}

fn mean_and_spread(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, (values.map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt())
}
