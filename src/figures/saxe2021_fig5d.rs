//! Learning time of each level of a hierarchy.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named, theory_and_simulation, thin};
use crate::math::statistics::mean_and_deviation;
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dots, Legend, Line, Marker, Panel, Sheet, gradient_color, series_color,
};
use crate::semantic::LevelLearning;
use crate::task::environment::Tree;
use crate::{Result, Solvable, Trajectory};

/// Features for which the task is scaled: as many as items, so that s/d = √(8λ).
const N_FEATURES: f64 = 8.0;
const N_HIDDEN: usize = 32;

const FLIP: Parameter = Parameter {
    name: "flip",
    symbol: "ε",
    unit: "",
    default: 0.1,
    low: 0.02,
    high: 0.4,
    kind: ParameterKind::Linear,
    help: "probability that a feature flips on a branch",
};

const U0: Parameter = Parameter {
    name: "u0",
    symbol: "u₀",
    unit: "",
    default: 1e-3,
    low: 1e-6,
    high: 0.01,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig5d",
    reference: "saxe2021",
    title: "Broad distinctions are learned before fine ones",
    caption: "Learning of a binary tree of three levels, whose features spread from the root and flip on \
        every branch with probability ε (limit of many features, scaled as 8 of them). Level 0 is what \
        all items share, level 1 the broadest distinction; colors are levels. a, Strength of each \
        level: exact theory of two aligned layers with 32 hidden units (lines), gradient descent \
        in the linear network (circles) and in a tanh network from the same weights (triangles). b, Time \
        at which half of a level is learned, with nonlinear networks from the same weights in \
        many hidden bases (mean and standard deviation; why ReLU units are late is in saxe2021_fig5e); their shift sideways is for reading only.",
    parameters: &[FLIP, U0],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let model = LevelLearning {
        spectrum: Tree::new(&[2, 2, 2])?.diffusion_spectrum(settings.values.get(&FLIP))?,
        n_features: N_FEATURES,
        u0: settings.values.get(&U0),
        n_hidden: N_HIDDEN,
        rate: if settings.effort == Effort::Paper { 0.01 } else { 0.05 },
    };
    let half_times = model.half_times()?;
    let last = half_times.iter().copied().fold(0.0, f64::max);
    let grid = even_grid(1.7 * last, 241);
    let theory = model.predict(&grid)?;
    let (mut linear, mut agreements) = (None, Vec::new());
    let (mut tanh, mut relu) = (Vec::new(), Vec::new());
    if settings.effort != Effort::Theory {
        let (run, found) = model.compare_descent(&theory, settings.seed)?;
        agreements.extend(named("strength", found.strengths));
        agreements.extend(found.half_times);
        let n_runs = if settings.effort == Effort::Paper { 12 } else { 3 };
        let seeds: Vec<u64> = (0..n_runs).map(|run| settings.seed + run).collect();
        tanh = model.train_nonlinear(Nonlinearity::Tanh, &grid, &seeds)?;
        relu = model.train_nonlinear(Nonlinearity::RELU, &grid, &seeds)?;
        linear = Some(run);
    }
    let strengths = strengths_panel(&theory, linear.as_ref(), tanh.first());
    let times = times_panel(&model, &half_times, linear.as_ref(), [&tanh, &relu]);
    let sheet = Sheet::new(FIGURE.title, vec![strengths, times]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn strengths_panel(
    theory: &Trajectory,
    linear: Option<&Trajectory>,
    tanh: Option<&Trajectory>,
) -> Panel {
    let grid = theory.grid();
    let last = grid[grid.len() - 1];
    let y = AxisSpec::linear("mean strength of the level's modes");
    let mut panel = Panel::new(AxisSpec::linear("time (τ)").within(0.0, last), y);
    explain_marks(&mut panel, false);
    if let (Some(_), Some(tanh)) = (linear, tanh) {
        panel.add(Dots { open: true, ..Dots::new("linear network", &[], &[], Color::GRAY) });
        let label = format!("tanh network (gap up to {:.0} %)", 100.0 * gap(theory, tanh));
        panel.add(Dots {
            open: true,
            marker: Marker::Triangle,
            ..Dots::new(label, &[], &[], Color::GRAY)
        });
    }
    let n = theory.columns().len();
    for (l, (name, curve)) in theory.columns().enumerate() {
        let color = gradient_color(l, n);
        theory_and_simulation(
            &mut panel,
            name,
            grid,
            curve,
            linear.and_then(|r| r.get(name)),
            color,
        );
        if let Some(curve) = tanh.and_then(|run| run.get(name)) {
            let (x, y) = thin(grid, curve);
            panel.add(Dots {
                open: true,
                marker: Marker::Triangle,
                ..Dots::new("", &x, &y, color)
            });
        }
    }
    panel.legend = Legend::Below;
    panel
}

/// Largest difference of any level, as a part of its full strength.
fn gap(theory: &Trajectory, run: &Trajectory) -> f64 {
    let mut worst = 0.0f64;
    for (name, a) in theory.columns() {
        let size = a.iter().copied().fold(0.0, f64::max);
        let pairs = a.iter().zip(run.get(name).unwrap_or_default());
        worst = pairs.fold(worst, |m, (a, b)| m.max((a - b).abs() / size));
    }
    worst
}

fn times_panel(
    model: &LevelLearning,
    half_times: &[f64],
    linear: Option<&Trajectory>,
    nonlinear: [&Vec<Trajectory>; 2],
) -> Panel {
    let n = half_times.len();
    let levels: Vec<f64> = (0..n).map(|l| l as f64).collect();
    let names = ["0 (all)", "1", "2", "3"];
    let x = AxisSpec::categories("level of the hierarchy", names).within(-0.4, n as f64 - 0.6);
    let last = half_times.iter().copied().fold(0.0, f64::max);
    let mut panel =
        Panel::new(x, AxisSpec::linear("time of half learning (τ)").within(0.0, 1.2 * last));
    panel.legend = Legend::TopLeft;
    panel.add(Line::new("theory", &levels, half_times, Color::GRAY));
    let [tanh, relu] = nonlinear
        .map(|runs| runs.iter().map(|run| model.measured_half_times(run)).collect::<Vec<_>>());
    let mark = Dots { marker: Marker::Triangle, ..Dots::new("tanh", &[], &[], series_color(1)) };
    add_nonlinear_times(&mut panel, half_times, &tanh, 0.12, mark);
    let mark = Dots { marker: Marker::Wedge, ..Dots::new("ReLU", &[], &[], series_color(2)) };
    add_nonlinear_times(&mut panel, half_times, &relu, -0.12, mark);
    if let Some(run) = linear {
        panel.add(Dots { open: true, ..Dots::new("linear network", &[], &[], Color::GRAY) });
        for (l, t) in model.measured_half_times(run).into_iter().enumerate() {
            let Some(t) = t else { continue };
            let dots = Dots::new("", &levels[l..=l], &[t], gradient_color(l, n));
            panel.add(Dots { open: true, size: 1.4, ..dots });
        }
    }
    panel
}

/// Mean and standard deviation over runs of one kind of units, moved sideways by `shift`; `mark` has its
/// name.
fn add_nonlinear_times(
    panel: &mut Panel,
    half_times: &[f64],
    times: &[Vec<Option<f64>>],
    shift: f64,
    mark: Dots,
) {
    if times.is_empty() {
        return;
    }
    let (mut x, mut y, mut spread, mut worst) = (vec![], vec![], vec![], 0.0f64);
    for (l, theory) in half_times.iter().enumerate() {
        // A level that some run does not half learn in time has no mean.
        let Some(of) = times.iter().map(|t| t[l]).collect::<Option<Vec<f64>>>() else {
            continue;
        };
        let (mean, deviation) = mean_and_deviation(of.into_iter());
        x.push(l as f64 + shift);
        y.push(mean);
        spread.push(deviation);
        worst = worst.max((mean / theory - 1.0).abs());
    }
    let name = mark.label.as_deref().unwrap_or_default();
    let label = Some(format!("{name} network (off by up to {:.0} %)", 100.0 * worst));
    panel.add(Dots { label, x, y, spread: Some(spread), ..mark });
}
