//! What superfluous hidden units cost, once a noisy teacher is learned.

use ndarray::{Array1, Array2};

use super::ensembles::{Mean, dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dash, Legend, Line, Panel, Sheet, Width, series_color};
use crate::student_teacher::OnlineNetwork;
use crate::student_teacher::OrderParameters;
use crate::student_teacher::flow::Learning;
use crate::student_teacher::flow::stationary::{settle_within, small_rate};
use crate::{Agreement, Error, Result};

/// Units of the teacher.
const TEACHERS: usize = 2;
/// Most superfluous units shown.
const MOST: usize = 4;
/// Examples per input, in units of 1/η, after which the error is within 1 % of its end.
const SETTLED: f64 = 20.0;

/// Time, in units of 1/η, in which the fixed point must be found.
const PATIENCE: f64 = 100.0;

const RATE: Parameter = Parameter {
    name: "rate",
    symbol: "η",
    unit: "",
    default: 0.2,
    low: 0.05,
    high: 0.3,
    kind: ParameterKind::Log,
    help: "learning rate (left: the lower one; right)",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ",
    unit: "",
    default: 0.01,
    low: 1e-3,
    high: 0.1,
    kind: ParameterKind::Log,
    help: "standard deviation of the noise on labels (left and middle)",
};

pub(super) const FIGURE: Figure = Figure {
    name: "goldt2019_fig2",
    reference: "goldt2019",
    title: "More hidden units than needed: the stationary error of a soft committee machine",
    caption: "Generalization error at the end of online learning from noisy labels, erf units with fixed \
        readouts, two teachers, L students more than teachers. Left: against L, for two learning rates. \
        Middle: against the rate. Right: against the noise; slopes 1 and 2 on log axes where the rate is \
        small. Solid: fixed point of the order-parameter equations, exact for infinitely many inputs. \
        Dashed: law of small rates. Circles: networks, mean and standard error, started at the teacher \
        without error and trained with t = 20/η examples per input, when theory is within about 2 % of the \
        fixed point. With two or more superfluous units the fixed point is left again, at a rate below \
        (ησ)² per unit of time: units that undo each other wander off. The paper's values are unknown \
        to us; rate, noise and sizes are our choice.",
    parameters: &[RATE, NOISE],
    draw,
};

/// A student that learns both teachers and has `spare` units without weights.
fn solution(spare: usize) -> Result<OrderParameters> {
    let (t, ones) = (Array2::eye(TEACHERS), Array1::ones(TEACHERS));
    OrderParameters::solution(&t, &ones, &[1; TEACHERS], spare, 1.0)
}

fn learning(rate: f64, noise: f64) -> Learning {
    Learning { rate, readout_rate: 0.0, noise }
}

/// One curve: students that differ in one thing, and what the axis shows of it.
struct Curve {
    label: String,
    color: usize,
    /// Superfluous units, rate and noise of every point of the line.
    line: Vec<(usize, Learning)>,
    /// Those that are simulated.
    simulated: Vec<(usize, Learning)>,
}

/// A point's place on the axis.
type Place = fn(usize, &Learning) -> f64;

fn draw(settings: &Settings) -> Result<Drawing> {
    let (rate, noise) = (settings.values.get(&RATE), settings.values.get(&NOISE));
    let by_units = [(rate, 0), (2.0 * rate, 1)].map(|(rate, color)| {
        let points: Vec<_> = (0..=MOST).map(|spare| (spare, learning(rate, noise))).collect();
        Curve { label: format!("η = {rate:.2}"), color, line: points.clone(), simulated: points }
    });
    let along = |spare: usize, make: &dyn Fn(f64) -> Learning, ends: [f64; 2], marks: [f64; 3]| {
        let grid = log_grid(ends[0], ends[1], 25);
        Curve {
            label: format!("L = {spare}"),
            color: 2 + spare,
            line: grid.iter().map(|x| (spare, make(*x))).collect(),
            simulated: marks.iter().map(|x| (spare, make(*x))).collect(),
        }
    };
    let of_rate = |x| learning(x, noise);
    let of_noise = |x| learning(rate, x);
    let by_rate = [0, 2].map(|spare| along(spare, &of_rate, [0.03, 0.8], [0.1, 0.25, 0.6]));
    let by_noise = [0, 2].map(|spare| along(spare, &of_noise, [1e-3, 0.1], [2e-3, 0.01, 0.05]));
    let error = || AxisSpec::log("stationary error ε*");
    let units = AxisSpec::linear("superfluous units L").within(-0.2, MOST as f64 + 0.2);
    let places: [Place; 3] =
        [|spare, _| spare as f64, |_, learning| learning.rate, |_, learning| learning.noise];
    let mut panels = vec![
        Panel::new(units, error()),
        Panel::new(AxisSpec::log("learning rate η"), error()),
        Panel::new(AxisSpec::log("label noise σ"), error()),
    ];
    let mut agreements = Vec::new();
    for ((panel, place), curves) in
        panels.iter_mut().zip(places).zip([&by_units, &by_rate, &by_noise])
    {
        panel.legend = Legend::TopLeft;
        panel.aspect = 1.0;
        for curve in curves {
            add_theory(panel, place, curve)?;
            agreements.extend(add_simulation(panel, place, curve, settings)?);
        }
    }
    explain_marks(&mut panels[0], settings.effort != Effort::Theory);
    panels[0].add(Line {
        dash: Dash::Dashed,
        ..Line::new("small η", &[], &[], crate::plot::Color::GRAY)
    });
    let sheet = Sheet::new(FIGURE.title, panels);
    let description = FIGURE.caption.into();
    Ok(Drawing { sheet: Sheet { description, width: Width::Double, ..sheet }, agreements })
}

/// The fixed point as a solid line as far as there is one, the law of small rates dashed.
fn add_theory(panel: &mut Panel, place: Place, curve: &Curve) -> Result<()> {
    let (mut x, mut exact, mut law) = (Vec::new(), Vec::new(), Vec::new());
    for (spare, learning) in &curve.line {
        let start = solution(*spare)?;
        match settle_within(Nonlinearity::ERF_SQRT2, learning, &start, PATIENCE) {
            Ok(end) => exact.push(end.error),
            Err(Error::Numerical { .. } | Error::Diverges { .. }) => break,
            Err(error) => return Err(error),
        }
        x.push(place(*spare, learning));
        law.push(small_rate(Nonlinearity::ERF_SQRT2, learning, &start)?);
    }
    let color = series_color(curve.color);
    panel.add(Line::new(&curve.label, &x, &exact, color));
    panel.add(Line { dash: Dash::Dashed, ..Line::new("", &x, &law, color) });
    Ok(())
}

fn add_simulation(
    panel: &mut Panel,
    place: Place,
    curve: &Curve,
    settings: &Settings,
) -> Result<Vec<Agreement>> {
    let (n_in, runs) = match settings.effort {
        Effort::Theory => return Ok(Vec::new()),
        Effort::Quick => (50, 8),
        Effort::Paper => (200, 16),
    };
    let (mut x, mut mean) = (Vec::new(), Mean { values: Vec::new(), errors: Vec::new() });
    let mut agreements = Vec::new();
    for (spare, learning) in &curve.simulated {
        let start = solution(*spare)?;
        let (activation, learning) = (Nonlinearity::ERF_SQRT2, *learning);
        let model = OnlineNetwork { activation, start, learning, n_in };
        let (means, found) = measure(&model, &[SETTLED / learning.rate], runs, settings.seed)?;
        let at = place(*spare, &learning);
        x.push(at);
        mean.values.push(means[0].values[0]);
        mean.errors.push(means[0].errors[0]);
        let errors = found.into_iter().take(1).collect();
        agreements.extend(named(&format!("{} at {at}", curve.label), errors));
    }
    panel.add(dots("", &x, &mean, series_color(curve.color)));
    Ok(agreements)
}
