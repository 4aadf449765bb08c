//! How long a plateau lasts: the logarithm of the number of inputs.

use super::ensembles::{Mean, dots, seeds};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, log_grid};
use crate::Result;
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Dots, Legend, Line, Panel, Rule, Sheet, Width, series_color,
};
use crate::student_teacher::finite::plateau_exit::{ExitTimes, PlateauExit};
use crate::student_teacher::flow::Learning;

/// Units of student and teacher.
const UNITS: usize = 2;
/// Standard deviation of initial weights.
const SCALE: f64 = 0.5;

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

/// Sizes with the seeds of their runs. No two sizes share a seed: their means are independent.
fn seeded(sizes: &[usize], runs: u64, seed: u64) -> Vec<(usize, Vec<u64>)> {
    let of_size = |(n, k): (&usize, u64)| (*n, seeds(seed.wrapping_add(7919 * k), runs));
    sizes.iter().zip(0..).map(of_size).collect()
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let learning = Learning { rate: settings.values.get(&RATE), readout_rate: 0.0, noise: 0.0 };
    let model = PlateauExit::new(Nonlinearity::ERF_SQRT2, learning, UNITS, SCALE)?;
    let plan = Plan::of(settings.effort);
    let seed = settings.seed;
    let equations = model.of_equations(&seeded(&plan.sizes, plan.starts, seed))?;
    let networks = model.of_networks(&seeded(&plan.networks, plan.runs, seed.wrapping_add(1)))?;
    let slope = model.plateau().delay_per_log_size();
    let mut panels: Vec<Panel> = course_panels(&model, seed)?.into();
    panels.push(exit_panel(slope, &equations, &networks));
    let mut agreements = Vec::new();
    // The theory's few starts are for a quick look: nothing to be judged by.
    if settings.effort != Effort::Theory {
        agreements.push(equations.compare_slope("exit of the equations", slope));
        agreements.push(networks.compare_slope("exit of networks", slope));
    }
    let sheet = Sheet::new(FIGURE.title, panels);
    let description = FIGURE.caption.into();
    Ok(Drawing { sheet: Sheet { description, width: Width::Double, ..sheet }, agreements })
}

/// Error and differences between students over time, one start of each size.
fn course_panels(model: &PlateauExit, seed: u64) -> Result<[Panel; 2]> {
    let plateau = model.plateau();
    let end = 14.0 / plateau.escape_rate;
    let grid = even_grid(end, 281);
    let axis = || AxisSpec::linear("examples per input, t").within(0.0, end);
    let mut errors = Panel::new(axis(), AxisSpec::log("generalization error").within(1e-4, 1.0));
    let mut growth = Panel::new(axis(), AxisSpec::log("difference of students").within(1e-5, 1.0));
    for (k, power) in [2, 4, 6].into_iter().enumerate() {
        let (error, asymmetry) = model.course(10usize.pow(power), seed, &grid)?;
        let shown = |values: Vec<f64>, floor: f64| {
            let kept = grid.iter().zip(values).filter(|(_, y)| *y > floor);
            kept.map(|(t, y)| (*t, y)).unzip::<f64, f64, Vec<_>, Vec<_>>()
        };
        let label = format!("N = 10^{power}");
        let (x, y) = shown(error, 1e-4);
        errors.add(Line::new(&label, &x, &y, series_color(k)));
        let (x, y) = shown(asymmetry, 1e-5);
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

fn exit_panel(slope: f64, equations: &ExitTimes, networks: &ExitTimes) -> Panel {
    let mut panel =
        Panel::new(AxisSpec::log("number of inputs N"), AxisSpec::linear("time of specialization"));
    panel.legend = Legend::TopLeft;
    panel.aspect = 1.0;
    let mut add = |label: &str, exits: &ExitTimes, color, open| {
        let x: Vec<f64> = exits.sizes.iter().map(|n| *n as f64).collect();
        let ends = [x[0], x[x.len() - 1]];
        let line = Line::new("", &ends, &ends.map(exits.line(slope)), color);
        panel.add(Line { dash: Dash::Dashed, ..line });
        let (values, errors) = exits.means();
        panel.add(Dots { open, ..dots(label, &x, &Mean { values, errors }, color) });
    };
    add("equations", equations, series_color(0), false);
    if !networks.sizes.is_empty() {
        add("networks", networks, series_color(1), true);
    }
    panel.add(Line { dash: Dash::Dashed, ..Line::new("slope 1/(2λ)", &[], &[], Color::GRAY) });
    panel
}
