//! Mode strengths in theory, in a linear and in a tanh network, and the delay of learning.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, named, thin};
use crate::course::delays::mean_delays;
use crate::course::{Course, Start};
use crate::deep_linear::recording::mode_name;
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dots, Legend, Line, Marker, Panel, Rule, Sheet, gradient_color, series_color,
};
use crate::{Dataset, Result, Trajectory};

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
    let course = |activation: Nonlinearity| Course {
        start: Start::Random,
        n_hidden: Some(N_HIDDEN),
        scale: settings.values.get(&SCALE),
        rate: Some(if settings.effort == Effort::Paper { 0.01 } else { 0.05 }),
        times: Some(even_grid(END, 601)),
        activation,
        seed: settings.seed,
        ..Course::new(Dataset::rumelhart())
    };
    let courses = [course(Nonlinearity::Linear), course(Nonlinearity::Tanh)];
    let (linear, tanh) = (courses[0].run()?, courses[1].run()?);
    let simulated = settings.effort != Effort::Theory;
    let runs = simulated.then_some((&linear.simulation, &tanh.simulation));
    let strengths = strengths_panel(&linear.prediction, runs, linear.modes.len());
    let delays = delays_panel(settings, &courses, linear.modes.len())?;
    let sheet = Sheet::new(FIGURE.title, vec![strengths, delays]);
    let agreements =
        if simulated { named("linear network", linear.agreements).collect() } else { Vec::new() };
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

/// Delays of the modes of a linear and of a tanh network, beside each other.
fn delays_panel(settings: &Settings, courses: &[Course; 2], n_modes: usize) -> Result<Panel> {
    let n_runs = match settings.effort {
        Effort::Theory => 0,
        Effort::Quick => 6,
        Effort::Paper => 50,
    };
    let seeds: Vec<u64> = (0..n_runs).map(|run| settings.seed + 1 + run).collect();
    let mut panel = Panel::new(
        AxisSpec::linear("mode").within(0.5, n_modes as f64 + 0.5),
        AxisSpec::linear("delay of half learning (share of theory)"),
    );
    panel.add(Rule::horizontal(0.0));
    let labels = ["linear network", "tanh network"];
    for (i, (course, label)) in courses.iter().zip(labels).enumerate() {
        if seeds.is_empty() {
            continue;
        }
        let (mut x, mut y, mut spread) = (Vec::new(), Vec::new(), Vec::new());
        for (k, delay) in mean_delays(course, &seeds)?.into_iter().enumerate() {
            let Some((mean, deviation)) = delay else { continue };
            x.push((k + 1) as f64 + 0.16 * i as f64 - 0.08);
            y.push(mean);
            spread.push(deviation);
        }
        let marker = [Marker::Circle, Marker::Triangle][i];
        let dots = Dots::new(label, &x, &y, series_color(i));
        panel.add(Dots { spread: Some(spread), marker, ..dots });
    }
    Ok(panel)
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
