//! Erf, ReLU and linear units from the same start.

use super::ensembles::{Mean, dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Dots, Legend, Line, Panel, Sheet, series_color};
use crate::student_teacher::OnlineNetwork;
use crate::student_teacher::flow::Learning;
use crate::{Result, Solvable};

const RATE: Parameter = Parameter {
    name: "rate",
    symbol: "η",
    unit: "",
    default: 0.5,
    low: 0.1,
    high: 0.8,
    kind: ParameterKind::Linear,
    help: "learning rate",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ",
    unit: "",
    default: 0.03,
    low: 0.0,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "standard deviation of the noise on labels",
};

pub(super) const FIGURE: Figure = Figure {
    name: "activation_comparison",
    reference: "goldt2019",
    title: "Erf units wait on a plateau, ReLU units do not, linear units never specialize",
    caption: "Two units learn two orthogonal teachers of the same activation, one example a step with a \
        little noise, from the same overlaps. Left: generalization error relative to its start; right: \
        overlap of a unit with its own teacher (solid) and the other one (dashed). Lines: order parameters \
        of infinitely many inputs. Circles: networks, mean and standard error. Linear units learn the sum \
        of both teachers, and what each unit has of them stays a matter of its start; only nonlinear ones \
        can tell teachers apart.",
    parameters: &[RATE, NOISE],
    draw,
};

/// A line where it is not too low for a logarithmic axis.
pub(super) fn line_above(floor: f64, label: &str, x: &[f64], y: &[f64], color: Color) -> Line {
    let kept = x.iter().zip(y).filter(|(_, y)| **y > floor);
    let (x, y): (Vec<f64>, Vec<f64>) = kept.unzip();
    Line::new(label, &x, &y, color)
}

/// Dots of what is not too small for a logarithmic axis.
pub(super) fn dots_above(floor: f64, x: &[f64], mean: &Mean, color: Color) -> Dots {
    let kept = || (0..x.len()).filter(|i| mean.values[*i] > floor);
    let values = kept().map(|i| mean.values[i]).collect();
    let errors = kept().map(|i| mean.errors[i]).collect();
    let x: Vec<f64> = kept().map(|i| x[i]).collect();
    dots("", &x, &Mean { values, errors }, color)
}

/// The name of an activation as papers write it.
pub(super) fn displayed(activation: Nonlinearity) -> String {
    match activation {
        Nonlinearity::RELU => "ReLU".into(),
        Nonlinearity::ERF_SQRT2 => "erf".into(),
        other => other.to_string(),
    }
}

const ENDS: (f64, f64) = (0.1, 300.0);
/// Smallest error shown, relative to the start.
const FLOOR: f64 = 1e-5;

fn draw(settings: &Settings) -> Result<Drawing> {
    let (n_in, runs) = if settings.effort == Effort::Paper { (300, 6) } else { (60, 3) };
    let learning = Learning {
        rate: settings.values.get(&RATE),
        readout_rate: 0.0,
        noise: settings.values.get(&NOISE),
    };
    let fine = log_grid(ENDS.0, ENDS.1, 121);
    let axis = || AxisSpec::log("examples per input, t").within(ENDS.0, ENDS.1);
    let mut errors =
        Panel::new(axis(), AxisSpec::log("error / error at the start").within(FLOOR, 2.0));
    let mut overlaps = Panel::new(axis(), AxisSpec::linear("overlap R_{1m}").within(0.0, 1.1));
    (errors.legend, overlaps.legend) = (Legend::BottomLeft, Legend::None);
    let simulated = settings.effort != Effort::Theory;
    let mut agreements = Vec::new();
    for (i, activation) in
        [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Linear].into_iter().enumerate()
    {
        let model = OnlineNetwork::goldt_2019(activation, 2, learning, n_in)?;
        let color = series_color(i);
        let theory = model.predict(&fine)?;
        let column = |name: &str| theory.get(name).unwrap_or_default();
        let start = model.predict(&[0.0])?.get("generalization error").unwrap_or(&[1.0])[0];
        let relative: Vec<f64> =
            column("generalization error").iter().map(|error| error / start).collect();
        errors.add(line_above(FLOOR, &displayed(activation), &fine, &relative, color));
        overlaps.add(Line::new("", &fine, column("R 1,1"), color));
        overlaps.add(Line { dash: Dash::Dashed, ..Line::new("", &fine, column("R 1,2"), color) });
        if simulated {
            let grid = log_grid(0.2, 250.0, 13);
            let (mut means, found) = measure(&model, &grid, runs, settings.seed)?;
            let names: Vec<&str> = theory.columns().map(|(name, _)| name).collect();
            for (name, mean) in names.iter().zip(&means) {
                if ["R 1,1", "R 1,2"].contains(name) {
                    overlaps.add(dots("", &grid, mean, color));
                }
            }
            let mean = &mut means[0];
            mean.values.iter_mut().for_each(|error| *error /= start);
            mean.errors.iter_mut().for_each(|error| *error /= start);
            errors.add(dots_above(FLOOR, &grid, mean, color));
            agreements.extend(named(&displayed(activation), found));
        }
    }
    explain_marks(&mut errors, simulated);
    let panels = vec![errors, overlaps];
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}
