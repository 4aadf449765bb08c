//! Generalization against the number of examples: the peak between too few and enough.

use super::ensembles::{Mean, add_pieces, dots, measure, seeds};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{log_grid, named};
use crate::curve::{Curve, Sweep};
use crate::generalization::linear::least_squares::{LEAST_SQUARES, STOPPED};
use crate::generalization::linear::nonlinear_student::{NonlinearStudent, median_test_errors};
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Dots, Legend, Line, Marker, Panel, Rule, Sheet, Text, series_color,
};
use crate::{Agreement, Axis, Result};

const SNR: Parameter = Parameter {
    name: "snr",
    symbol: "SNR",
    unit: "",
    default: 5.0,
    low: 0.5,
    high: 50.0,
    kind: ParameterKind::Log,
    help: "variance of the teacher's weights over that of the label noise (linear student)",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig4f",
    reference: "saxe2021",
    title: "Generalization is worst at the transition from too few examples to enough",
    caption: "Test error against training examples per parameter; the paper's figure is a schematic \
        without values. a, A linear student of a noisy linear teacher (signal-to-noise ratio 5), \
        trained without end (dashed: theory, it diverges at 1) and stopped at the best time (solid, gray). \
        Circles: networks with 100 weights, mean and standard error over 30 draws. b, A two-layer \
        tanh network of 1 to 60 hidden units that learns 56 noisy examples of a tanh teacher (6 \
        inputs, 3 units, label noise 0.4), trained to the end: median and its standard error over 24 \
        draws. No theory is drawn there.",
    parameters: &[SNR],
    draw,
};

/// Hidden units of the tanh networks, and top of their axis.
const WIDTHS: [usize; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 40, 60];
const HIGHEST: f64 = 1.5;

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut agreements = Vec::new();
    let highest = 2.2 * (1.0 + settings.values.get(&SNR).recip());
    let mut linear = axes("linear network", highest);
    linear.legend = Legend::TopRight;
    let (size, runs) = match settings.effort {
        Effort::Paper => (100, 30),
        _ => (40, 10),
    };
    let sweep = |curve: &'static Curve| {
        Sweep::new(curve, &[("snr", settings.values.get(&SNR))], "alpha", Axis::Load, size)
    };
    let pieces = [log_grid(0.1, 0.98, 120), log_grid(1.02, 10.0, 120)];
    let (without_end, stopped) = (sweep(&LEAST_SQUARES)?, sweep(&STOPPED)?);
    let dashed = Line { dash: Dash::Dashed, ..Line::new("theory", &[], &[], series_color(1)) };
    add_pieces(&mut linear, &without_end, &pieces, 0, &dashed, |e| e)?;
    let solid = Line::new("theory, best stopping", &[], &[], Color::GRAY);
    add_pieces(&mut linear, &stopped, &[log_grid(0.1, 10.0, 120)], 0, &solid, |e| e)?;
    let mut panels = vec![linear];
    if settings.effort != Effort::Theory {
        let near = [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0];
        let far = [0.1, 0.35, 1.0, 3.0, 10.0];
        let color = series_color(1);
        for (sweep, grid, label, color) in
            [(&without_end, &near[..], "networks", color), (&stopped, &far[..], "", Color::GRAY)]
        {
            let (means, found) = measure(sweep, grid, runs, settings.seed)?;
            panels[0].add(dots(label, grid, &means[0], color));
            let prefix = if label.is_empty() { "stopped" } else { "trained without end" };
            agreements.extend(named(prefix, found).filter(is_test));
        }
    }
    panels.push(nonlinear(settings)?);
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn is_test(agreement: &Agreement) -> bool {
    agreement.observable.contains("test error")
}

fn axes(title: &str, highest: f64) -> Panel {
    let mut panel = Panel::new(
        AxisSpec::log("training examples per parameter").within(0.1, 10.0),
        AxisSpec::linear("test error").within(0.0, highest),
    );
    panel.title = Some(title.into());
    panel.add(Rule::vertical(1.0));
    panel
}

/// Medians over draws.
fn nonlinear(settings: &Settings) -> Result<Panel> {
    let mut panel = axes("tanh network", HIGHEST);
    panel.legend = Legend::None;
    let (widths, runs): (&[usize], u64) = match settings.effort {
        Effort::Theory => (&[], 0),
        Effort::Quick => (&[1, 4, 8, 12, 30], 6),
        Effort::Paper => (&WIDTHS, 24),
    };
    let student = |n_hidden: &usize| NonlinearStudent {
        n_in: 6,
        n_hidden: *n_hidden,
        n_examples: 56,
        activation: Nonlinearity::Tanh,
        noise: 0.4,
        steps: 50,
    };
    let students: Vec<_> = widths.iter().map(student).collect();
    let load =
        |student: &NonlinearStudent| student.n_examples as f64 / student.n_parameters() as f64;
    let x: Vec<f64> = students.iter().map(load).collect();
    let medians = median_test_errors(&students, &seeds(settings.seed, runs))?;
    let (values, errors) = medians.into_iter().unzip();
    let mean = Mean { values, errors };
    if runs > 0 {
        let style = dots("", &x, &mean, series_color(2));
        panel.add(Dots { marker: Marker::Triangle, ..style });
        for (i, anchor) in [(0, 1.0), (x.len() - 1, 0.0)] {
            let plural = if widths[i] == 1 { "" } else { "s" };
            let text = format!("{} hidden unit{plural}", widths[i]);
            let above = mean.values[i] + mean.errors[i] + 0.04 * HIGHEST;
            panel.add(Text { anchor, color: series_color(2), ..Text::new(x[i], above, text) });
        }
    } else {
        panel.add(Line::new("", &[], &[], Color::GRAY));
    }
    Ok(panel)
}
