//! Stage-like learning of deep networks, and the saddles of the error surface behind it.

use ndarray::Array2;

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named, theory_and_simulation, thin};
use crate::agreement::halving::compare_with_descent;
use crate::deep_linear::AlignedNetwork;
use crate::deep_linear::observables::scalar_layers::ScalarLayers;
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Dots, Heatmap, Legend, Line, Marker, Panel, Rule, Sheet, Text, Width,
    series_color,
};
use crate::semantic::nonlinear::{NonlinearNetwork, losses as nonlinear_losses};
use crate::semantic::saddles::plateaus;
use crate::{Agreement, Correlations, Dataset, Result, Solvable, Trajectory, compare};

const END: f64 = 50.0;
/// Half the side of the square of layers that is shown.
const SIDE: f64 = 1.7;
/// Cells along a side.
const CELLS: usize = 80;
/// Smaller losses have the color of this one.
const DARKEST: f64 = 1e-3;

const U0: Parameter = Parameter {
    name: "u0",
    symbol: "u₀",
    unit: "",
    default: 1e-7,
    low: 1e-10,
    high: 0.1,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start, in a",
};

const OFFSET: Parameter = Parameter {
    name: "offset",
    symbol: "a₀ + b₀",
    unit: "",
    default: 0.005,
    low: 1e-4,
    high: 1.0,
    kind: ParameterKind::Log,
    help: "how far the start in b is from the way into the saddle",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig5c",
    reference: "saxe2021",
    title: "Only deep networks learn in stages, which are saddle points of the error surface",
    caption: "a, Loss of a shallow and of a two-layer linear network that learn seven properties of \
        canary, salmon, oak and rose. Lines: exact. Circles: gradient descent; triangles: networks \
        of 64 tanh or ReLU units from random weights of the same expected strength, and their largest \
        departure from the deep line as a share of its range (ReLU units, each deaf to half of the items, leave \
        the first plateau later and have no third one; saxe2021_fig5e has the reason). Dashed: loss at the \
        saddles where the strongest modes are learned and the others are zero; filled dots: where the deep \
        network is closest to them (its two weakest modes are equal and learned together). b, The loss ½(1 − ab)² of two \
        layers a and b of one unit each (color), exact trajectory (line) and gradient descent (circles) \
        from a start that nearly cancels: it passes the saddle at the origin and ends on one of the two lines of minima, ab = 1. The \
        paper's panel is a schematic; u₀ and the start in b are chosen here.",
    parameters: &[U0, OFFSET],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut agreements = Vec::new();
    let panels = vec![losses(settings, &mut agreements)?, surface(settings, &mut agreements)?];
    let sheet = Sheet { columns: 2, width: Width::Double, ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn losses(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let task = Correlations::of(&Dataset::toy())?;
    let grid = even_grid(END, 401);
    let mut panel = Panel::new(
        AxisSpec::linear("time (τ)").within(0.0, END),
        AxisSpec::linear("loss").within(0.0, 1.65),
    );
    panel.legend = Legend::Below;
    let rate = if settings.effort == Effort::Paper { 0.005 } else { 0.02 };
    let network = |depth: usize| {
        let scale = settings.values.get(&U0).powf((depth as f64).recip());
        AlignedNetwork::uniform(task.clone(), &vec![4; depth - 1], scale, rate)
    };
    let saddles = plateaus(&network(2))?;
    for (k, saddle) in saddles.iter().enumerate() {
        let label = match k {
            0 => "nothing learned".to_owned(),
            1 => "1 mode learned".to_owned(),
            _ => format!("{} modes learned", saddle.learned.len()),
        };
        panel.add(Rule { label: Some(label), ..Rule::horizontal(saddle.loss) });
    }
    for (depth, name) in [(1, "shallow"), (2, "deep (two layers)")] {
        let model = network(depth);
        let prediction = model.predict(&grid)?;
        let mut run = None;
        if settings.effort != Effort::Theory {
            let trained = model.simulate(&grid, settings.seed)?;
            let tolerance = model.tolerance(&prediction)?;
            let found = compare(&prediction, std::slice::from_ref(&trained), Some(&tolerance))?;
            agreements.extend(named(name, found));
            run = Some(trained);
        }
        let run = run.as_ref().and_then(|run| run.get("loss"));
        let loss = prediction.get("loss").unwrap_or_default();
        theory_and_simulation(&mut panel, name, &grid, loss, run, series_color(2 - depth));
    }
    let shown: Vec<_> = saddles.iter().filter(|saddle| saddle.closest <= END).collect();
    let times: Vec<f64> = shown.iter().map(|saddle| saddle.closest).collect();
    if times.windows(2).all(|w| w[1] > w[0]) && !times.is_empty() {
        let at = network(2).predict(&times)?;
        let dots = Dots::new("", &times, at.get("loss").unwrap_or_default(), series_color(0));
        panel.add(Dots { size: 1.5, ..dots });
    }
    explain_marks(&mut panel, settings.effort != Effort::Theory);
    if settings.effort != Effort::Theory {
        let deep = network(2).predict(&grid)?;
        add_nonlinear(&mut panel, settings, &grid, deep.get("loss").unwrap_or_default())?;
    }
    Ok(panel)
}

/// The loss of networks with nonlinear units.
fn add_nonlinear(panel: &mut Panel, settings: &Settings, grid: &[f64], deep: &[f64]) -> Result<()> {
    let u0 = settings.values.get(&U0);
    let networks = [Nonlinearity::Tanh, Nonlinearity::RELU]
        .map(|units| NonlinearNetwork::of_strength(Dataset::toy(), 64, units, u0, 0.02));
    let courses = nonlinear_losses(&networks, grid, settings.seed)?;
    let marks = [("tanh", Marker::Triangle), ("ReLU", Marker::Wedge)];
    for (i, (course, (name, marker))) in courses.iter().zip(marks).enumerate() {
        let gap = deep.iter().zip(course).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let label = format!("{name} (off by {:.0} %)", 100.0 * gap / deep[0]);
        let (x, y) = thin(grid, course);
        let dots = Dots::new(label, &x, &y, series_color(2 + i));
        panel.add(Dots { marker, open: true, ..dots });
    }
    Ok(())
}

/// Both layers over time, from just off the way into the saddle.
fn surface(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let offset = settings.values.get(&OFFSET);
    let start = [-0.6 + 0.5 * offset, 0.6 + 0.5 * offset];
    let rate = if settings.effort == Effort::Paper { 0.002 } else { 0.01 };
    let network = ScalarLayers { start, rate };
    let end = 3.0 * network.mode()?.half_time().unwrap_or(4.0);
    let grid = even_grid(end, 241);
    let exact = network.predict(&grid)?;
    let mut panel = landscape();
    let columns = |t: &Trajectory| {
        let of = |name: &str| t.get(name).unwrap_or_default().to_vec();
        (of("first layer"), of("second layer"))
    };
    let (a, b) = columns(&exact);
    panel.add(Line { width: 1.6, ..Line::new("", &a, &b, series_color(1)) });
    if settings.effort != Effort::Theory {
        let train = |rate: f64| network.train(&grid, rate);
        let (run, found) = compare_with_descent(&exact, rate, train)?;
        agreements.extend(named("one unit", found));
        let (a, b) = columns(&run);
        let (a, b) = thin(&a, &b);
        panel.add(Dots { open: true, ..Dots::new("", &a, &b, series_color(1)) });
    }
    panel.add(Dots { size: 1.6, ..Dots::new("", &[0.0], &[0.0], Color::WHITE) });
    for (x, y, anchor, words) in [
        (0.1, -0.16, 0.0, "saddle"),
        (start[0] - 0.06, start[1] + 0.12, 0.5, "start"),
        (1.0, 1.22, 0.2, "minima"),
        (-1.0, -1.32, 0.8, "minima"),
    ] {
        panel.add(Text { color: Color::WHITE, anchor, ..Text::new(x, y, words) });
    }
    Ok(panel)
}

/// The loss of any two layers, as color and contours.
fn landscape() -> Panel {
    let mut panel = Panel::new(
        AxisSpec::linear("first layer *a*").within(-SIDE, SIDE),
        AxisSpec::linear("second layer *b*").within(-SIDE, SIDE),
    );
    panel.aspect = 1.0;
    panel.legend = Legend::None;
    panel.add(Heatmap {
        bar_label: Some("log_{10} of the loss".into()),
        square: true,
        ..Heatmap::new(loss_of_layers())
    });
    contours(&mut panel);
    panel
}

/// Lines of equal loss, which are hyperbolas ab = q: two minima (q = 1), and the axes, which cross
/// at the saddle (q = 0).
fn contours(panel: &mut Panel) {
    for q in (-5..=5).map(|i| 0.5 * f64::from(i)) {
        if q == 0.0 {
            for (x, y) in [([-SIDE, SIDE], [0.0; 2]), ([0.0; 2], [-SIDE, SIDE])] {
                panel.add(Line { width: 0.5, ..Line::new("", &x, &y, Color::WHITE) });
            }
            continue;
        }
        let least = q.abs() / SIDE;
        let side: Vec<f64> = even_grid(SIDE - least, 81).iter().map(|x| x + least).collect();
        for sign in [1.0, -1.0] {
            let x: Vec<f64> = side.iter().map(|x| sign * x).collect();
            let y: Vec<f64> = x.iter().map(|x| (q / x).clamp(-SIDE, SIDE)).collect();
            let line = Line::new("", &x, &y, Color::WHITE);
            let (dash, width) = if q == 1.0 { (Dash::Dotted, 1.3) } else { (Dash::Solid, 0.4) };
            panel.add(Line { dash, width, ..line });
        }
    }
}

/// log₁₀ of the loss ½(1 − ab)² on the square.
fn loss_of_layers() -> Array2<f64> {
    let place = |i: usize| -SIDE + 2.0 * SIDE * (i as f64 + 0.5) / CELLS as f64;
    Array2::from_shape_fn((CELLS, CELLS), |(row, column)| {
        ScalarLayers::loss([place(row), place(column)]).max(DARKEST).log10()
    })
}
