//! Learning time of each level of a hierarchy.

use ndarray::Array2;

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{
    compare_with_descent, even_grid, explain_marks, named, theory_and_simulation, thin,
};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::half_times::first_crossing;
use crate::math::parallel::in_parallel;
use crate::net::gradient_descent_examples;
use crate::net::{LayeredNetwork, LinearNetwork, Network, Nonlinearity, gradient_descent};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dots, Legend, Line, Marker, Panel, Sheet, gradient_color, series_color,
};
use crate::semantic::stages::stages;
use crate::task::environment::{Spectrum, Tree};
use crate::{Agreement, Axis, Correlations, Dataset, Result, Tolerance, Trajectory, compare};

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

/// A tree's task, and what is measured of it.
struct Setup {
    spectrum: Spectrum,
    task: Correlations,
    data: Dataset,
    /// Full strength of each level.
    targets: Vec<f64>,
    grid: Vec<f64>,
    half_times: Vec<f64>,
}

impl Setup {
    fn new(flip: f64, u0: f64) -> Result<Self> {
        let tree = Tree::new(&[2, 2, 2])?;
        let spectrum = tree.diffusion_spectrum(flip)?;
        let task = spectrum.task(N_FEATURES)?;
        let p = tree.n_items() as f64;
        // One output for each eigenvector: Σʸˣ = YᵀX/P with one-hot items.
        let data = Dataset::new(Array2::eye(tree.n_items()), task.sigma_yx().t().to_owned() * p)?;
        let levels = stages(&spectrum, N_FEATURES, u0, 2)?;
        let targets = levels.iter().map(|l| l.singular_value * p).collect();
        let half_times: Vec<f64> = levels.iter().filter_map(|l| l.half_time).collect();
        let last = half_times.iter().copied().fold(0.0, f64::max);
        Ok(Self { spectrum, task, data, targets, grid: even_grid(1.7 * last, 241), half_times })
    }

    /// Mean strength of the modes of each level in a map; its outputs are the eigenvectors.
    fn levels(&self, map: &Array2<f64>) -> Vec<f64> {
        let mut row = 0;
        let level = |space: &crate::task::environment::Eigenspace| {
            let mean = |(k, v): (usize, ndarray::ArrayView1<'_, f64>)| map.row(row + k).dot(&v);
            let sum: f64 = space.vectors.columns().into_iter().enumerate().map(mean).sum();
            row += space.multiplicity();
            sum / space.multiplicity() as f64
        };
        self.spectrum.eigenspaces.iter().map(level).collect()
    }

    fn record(&self, by_time: &[Vec<f64>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, &self.grid);
        for l in 0..self.targets.len() {
            trajectory.push(format!("level {l}"), by_time.iter().map(|u| u[l]).collect())?;
        }
        Ok(trajectory)
    }

    fn linear(&self, weights: Vec<Array2<f64>>, rate: f64) -> Result<Trajectory> {
        let mut by_time = Vec::with_capacity(self.grid.len());
        gradient_descent(LinearNetwork::new(weights)?, &self.task, rate, &self.grid, |_, net| {
            by_time.push(self.levels(&net.map()));
            Ok(())
        })?;
        self.record(&by_time)
    }

    fn nonlinear(
        &self,
        weights: Vec<Array2<f64>>,
        activation: Nonlinearity,
        rate: f64,
    ) -> Result<Trajectory> {
        let net = LayeredNetwork::dense(weights, activation)?;
        let mut by_time = Vec::with_capacity(self.grid.len());
        gradient_descent_examples(net, &self.data, rate, &self.grid, |_, net| {
            // Items are one-hot: their outputs are the columns of the map.
            by_time.push(self.levels(&net.forward(self.data.inputs.view()).t().to_owned()));
            Ok(())
        })?;
        self.record(&by_time)
    }

    /// Time of half learning of each level.
    fn times(&self, run: &Trajectory) -> Vec<Option<f64>> {
        let half =
            |((_, u), target): ((&str, &[f64]), &f64)| first_crossing(run.grid(), u, 0.5 * target);
        run.columns().zip(&self.targets).map(half).collect()
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let u0 = settings.values.get(&U0);
    let setup = Setup::new(settings.values.get(&FLIP), u0)?;
    let rate = 0.5 * if settings.effort == Effort::Paper { 0.02 } else { 0.1 };
    let network = AlignedNetwork::uniform(setup.task.clone(), &[N_HIDDEN], u0.sqrt(), rate);
    let bases: Vec<_> = vec![Array2::eye(N_HIDDEN)];
    let exact = network.weights_at(&setup.grid, &bases)?;
    let exact: Vec<_> = exact.iter().map(|w| setup.levels(&w[1].dot(&w[0]))).collect();
    let theory = setup.record(&exact)?;
    let (mut linear, mut agreements) = (None, Vec::new());
    let (mut tanh, mut relu) = (Vec::new(), Vec::new());
    if settings.effort != Effort::Theory {
        let train = |rate: f64| setup.linear(network.initial_weights(settings.seed)?, rate);
        let (run, found) = compare_with_descent(&theory, rate, train)?;
        agreements.extend(named("strength", found));
        agreements.extend(half_time_agreement(&setup, &run, &train(0.5 * rate)?)?);
        let n_runs = if settings.effort == Effort::Paper { 12 } else { 3 };
        let mut runs = in_parallel(2 * n_runs, |i| {
            let weights = network.initial_weights(settings.seed + (i / 2) as u64)?;
            setup.nonlinear(weights, [Nonlinearity::Tanh, Nonlinearity::RELU][i % 2], rate)
        })?;
        for (i, run) in runs.drain(..).enumerate() {
            if i % 2 == 0 { tanh.push(run) } else { relu.push(run) }
        }
        linear = Some(run);
    }
    let strengths = strengths_panel(&theory, linear.as_ref(), tanh.first());
    let times = times_panel(&setup, linear.as_ref(), [&tanh, &relu]);
    let sheet = Sheet::new(FIGURE.title, vec![strengths, times]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

/// Half times of descent against the closed form: twice the first-order error of the step, and that
/// of reading a crossing off a straight line between recorded times.
fn half_time_agreement(
    setup: &Setup,
    whole: &Trajectory,
    half: &Trajectory,
) -> Result<Vec<Agreement>> {
    let levels: Vec<f64> = (0..setup.targets.len()).map(|l| l as f64).collect();
    let column = |values: Vec<f64>| {
        let mut t = Trajectory::new(Axis::Depth, &levels);
        t.push("half times of all levels", values)?;
        Ok::<_, crate::Error>(t)
    };
    let measured = |run: &Trajectory| -> Vec<f64> {
        let last = setup.grid[setup.grid.len() - 1];
        setup.times(run).into_iter().map(|t| t.unwrap_or(last)).collect()
    };
    let (a, b) = (measured(whole), measured(half));
    let step = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // A sigmoid of rate 2s bends by at most u''/u' = 2s there: h²/8 of that.
    let h = setup.grid[1];
    let rate = setup.targets.iter().copied().fold(0.0, f64::max) / setup.data.n_samples() as f64;
    let gaps = vec![4.0 * step + 2.0 * rate * h * h / 8.0];
    let reason = "twice the error of the step size, plus that of interpolating between times";
    let tolerance = Tolerance { gaps, finite_size: None, reason };
    compare(&column(setup.half_times.clone())?, &[column(a)?], Some(&tolerance))
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
    setup: &Setup,
    linear: Option<&Trajectory>,
    nonlinear: [&Vec<Trajectory>; 2],
) -> Panel {
    let n = setup.targets.len();
    let levels: Vec<f64> = (0..n).map(|l| l as f64).collect();
    let names = ["0 (all)", "1", "2", "3"];
    let x = AxisSpec::categories("level of the hierarchy", names).within(-0.4, n as f64 - 0.6);
    let last = setup.half_times.iter().copied().fold(0.0, f64::max);
    let mut panel =
        Panel::new(x, AxisSpec::linear("time of half learning (τ)").within(0.0, 1.2 * last));
    panel.legend = Legend::TopLeft;
    panel.add(Line::new("theory", &levels, &setup.half_times, Color::GRAY));
    let marks = [(Marker::Triangle, "tanh", 0.12), (Marker::Wedge, "ReLU", -0.12)];
    for ((runs, (marker, name, shift)), series) in nonlinear.into_iter().zip(marks).zip([1, 2]) {
        if runs.is_empty() {
            continue;
        }
        let times: Vec<_> = runs.iter().map(|run| setup.times(run)).collect();
        let (mut x, mut y, mut spread, mut worst) = (vec![], vec![], vec![], 0.0f64);
        for l in 0..n {
            // A level that some run does not half learn in time has no mean.
            let Some(of) = times.iter().map(|t| t[l]).collect::<Option<Vec<f64>>>() else {
                continue;
            };
            let mean = of.iter().sum::<f64>() / of.len() as f64;
            let squares: f64 = of.iter().map(|t| (t - mean).powi(2)).sum();
            x.push(l as f64 + shift);
            y.push(mean);
            spread.push((squares / (of.len() as f64 - 1.0).max(1.0)).sqrt());
            worst = worst.max((mean / setup.half_times[l] - 1.0).abs());
        }
        let label = format!("{name} network (off by up to {:.0} %)", 100.0 * worst);
        let dots = Dots::new(label, &x, &y, series_color(series));
        panel.add(Dots { marker, spread: Some(spread), ..dots });
    }
    if let Some(run) = linear {
        panel.add(Dots { open: true, ..Dots::new("linear network", &[], &[], Color::GRAY) });
        for (l, t) in setup.times(run).into_iter().enumerate() {
            let Some(t) = t else { continue };
            let dots = Dots::new("", &levels[l..=l], &[t], gradient_color(l, n));
            panel.add(Dots { open: true, size: 1.4, ..dots });
        }
    }
    panel
}
