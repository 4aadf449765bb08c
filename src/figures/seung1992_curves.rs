//! Learning curves of perceptrons by every rule.

use super::ensembles::{Mean, dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid};
use crate::curve::{Curve, Sweep};
use crate::generalization::perceptron::bayes::PERCEPTRON_BAYES;
use crate::generalization::perceptron::classification::{Loss, penalized_classifier};
use crate::generalization::perceptron::classification_curves::{HINGE, LOGISTIC};
use crate::generalization::perceptron::rules::{
    PERCEPTRON, gibbs, hebb, maximum_margin, pseudo_inverse,
};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Legend, Line, Panel, Sheet, Text, Width, series_color, series_dash,
};
use crate::{Agreement, Axis, Result};

/// End of the linear axis.
const END: f64 = 6.0;

const LAMBDA: Parameter = Parameter {
    name: "lambda",
    symbol: "λ",
    unit: "",
    default: 0.1,
    low: 1e-2,
    high: 1e2,
    kind: ParameterKind::Log,
    help: "penalty of logistic regression and the support vector machine",
};

pub(super) const FIGURE: Figure = Figure {
    name: "seung1992_curves",
    reference: "seung1992",
    title: "A perceptron learns from a perceptron: every rule on one axis",
    caption: "Generalization error of a perceptron that learns P = αN random examples of a teacher. \
        a, Five rules. Least squares (pseudo-inverse) knows nothing new at α = 1. b, The same times \
        α: the rules that make no error on the examples reach constants (dotted: 0.625, 0.5005, \
        0.442), the others grow as the root of α. c, Logistic regression and the support vector \
        machine with penalty λ‖w‖²/2, between the largest margin (λ → 0) and Hebb's rule (λ → ∞). \
        Lines: theory for N → ∞. Circles: mean and standard error of students trained on \
        sampled data (N = 50, Gibbs and Bayes 24, in c 60), Gibbs by a walk through the version \
        space, Bayes by message passing. Sizes, numbers of runs and λ are our choice.",
    parameters: &[LAMBDA],
    draw,
};

/// A rule: its name, error at a load, and color.
struct Rule {
    name: &'static str,
    error: fn(f64) -> Result<f64>,
    index: usize,
}

/// In the order of the observables of both curves.
const RULES: [Rule; 5] = [
    Rule { name: "Hebb", error: hebb, index: 0 },
    Rule { name: "pseudo-inverse", error: pseudo_inverse, index: 1 },
    Rule { name: "maximum margin", error: |a| Ok(maximum_margin(a)?.error), index: 2 },
    Rule { name: "Gibbs", error: |a| Ok(gibbs(a)?.gibbs_error), index: 3 },
    Rule { name: "Bayes", error: |a| Ok(gibbs(a)?.bayes_error), index: 4 },
];

/// Simulated points of a curve.
struct Measured {
    grid: Vec<f64>,
    /// By observable.
    means: Vec<Mean>,
    agreements: Vec<Agreement>,
}

fn simulated(
    curve: &'static Curve,
    fixed: &[(&str, f64)],
    size: usize,
    grid: &[f64],
    settings: &Settings,
    runs: [u64; 2],
) -> Result<Option<Measured>> {
    let n_runs = match settings.effort {
        Effort::Theory => return Ok(None),
        Effort::Quick => runs[0],
        Effort::Paper => runs[1],
    };
    let model = Sweep::new(curve, fixed, "alpha", Axis::Load, size)?;
    let (means, agreements) = measure(&model, grid, n_runs, settings.seed)?;
    Ok(Some(Measured { grid: grid.to_vec(), means, agreements }))
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let loads = [0.2, 0.4, 0.6, 0.8, 1.2, 1.6, 2.0, 3.0, 4.0, 5.4];
    let one = simulated(&PERCEPTRON, &[], 50, &loads, settings, [8, 30])?;
    let loads = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0];
    let all = simulated(&PERCEPTRON_BAYES, &[], 24, &loads, settings, [8, 30])?;
    let fixed = [("lambda", settings.values.get(&LAMBDA))];
    let loads = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0];
    let logistic = simulated(&LOGISTIC, &fixed, 60, &loads, settings, [8, 20])?;
    let hinge = simulated(&HINGE, &fixed, 60, &loads, settings, [8, 20])?;

    let panels = vec![
        rules_panel(&one, &all)?,
        scaled_panel(&one, &all)?,
        penalized_panel(settings.values.get(&LAMBDA), &logistic, &hinge)?,
    ];
    let mut agreements = Vec::new();
    for (name, measured) in [("", one), ("", all), ("logistic: ", logistic), ("hinge: ", hinge)] {
        let found = measured.map_or_else(Vec::new, |m| m.agreements);
        agreements.extend(found.into_iter().map(|mut a| {
            a.observable.insert_str(0, name);
            a
        }));
    }
    let sheet = Sheet::new(FIGURE.title, panels);
    let description = FIGURE.caption.into();
    Ok(Drawing { sheet: Sheet { description, width: Width::Double, ..sheet }, agreements })
}

/// Points of each rule: the first three are observables of one curve, the others of the other.
fn points<'a>(
    rule: &Rule,
    one: &'a Option<Measured>,
    all: &'a Option<Measured>,
) -> Option<(&'a [f64], &'a Mean)> {
    let (measured, k) = if rule.index < 3 { (one, rule.index) } else { (all, rule.index - 3) };
    measured.as_ref().map(|m| (&m.grid[..], &m.means[k]))
}

fn rules_panel(one: &Option<Measured>, all: &Option<Measured>) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::linear("examples per weight α").within(0.0, END),
        AxisSpec::linear("generalization error ε").within(0.0, 0.52),
    );
    panel.legend = Legend::TopRight;
    panel.aspect = 1.0;
    // 1 is on the grid: the cusp of least squares.
    let grid: Vec<f64> = (1..=300).map(|i| f64::from(i) * END / 300.0).collect();
    for rule in &RULES {
        let theory: Vec<f64> = grid.iter().map(|a| (rule.error)(*a)).collect::<Result<_>>()?;
        let color = series_color(rule.index);
        let (x, y) = ([&[0.0], &grid[..]].concat(), [&[0.5], &theory[..]].concat());
        panel.add(Line { dash: series_dash(rule.index), ..Line::new(rule.name, &x, &y, color) });
        if let Some((x, mean)) = points(rule, one, all) {
            panel.add(dots("", x, mean, color));
        }
    }
    Ok(panel)
}

fn scaled_panel(one: &Option<Measured>, all: &Option<Measured>) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::log("examples per weight α").within(0.1, 300.0),
        AxisSpec::linear("α times generalization error ε").within(0.0, 1.0),
    );
    panel.legend = Legend::TopLeft;
    panel.aspect = 1.0;
    explain_marks(&mut panel, one.is_some());
    for (constant, index) in [(0.625, 3), (0.5005, 2), (0.442, 4)] {
        let (x, y) = ([10.0, 300.0], [constant, constant]);
        let color = series_color(index);
        panel.add(Line { dash: Dash::Dotted, ..Line::new("", &x, &y, color) });
        let label = Text {
            color,
            anchor: 1.0,
            ..Text::new(
                290.0,
                if index == 4 { constant - 0.05 } else { constant + 0.02 },
                constant.to_string(),
            )
        };
        panel.add(label);
    }
    for rule in &RULES {
        let color = series_color(rule.index);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for alpha in log_grid(0.1, 300.0, 161) {
            let scaled = alpha * (rule.error)(alpha)?;
            if scaled <= 1.0 {
                x.push(alpha);
                y.push(scaled);
            }
        }
        panel.add(Line { dash: series_dash(rule.index), ..Line::new("", &x, &y, color) });
        if let Some((x, mean)) = points(rule, one, all) {
            let inside: Vec<usize> =
                (0..x.len()).filter(|i| x[*i] * mean.values[*i] < 0.97).collect();
            let scaled = |y: &[f64]| inside.iter().map(|i| x[*i] * y[*i]).collect::<Vec<_>>();
            let loads: Vec<f64> = inside.iter().map(|i| x[*i]).collect();
            let mean = Mean { values: scaled(&mean.values), errors: scaled(&mean.errors) };
            panel.add(dots("", &loads, &mean, color));
        }
    }
    Ok(panel)
}

fn penalized_panel(
    lambda: f64,
    logistic: &Option<Measured>,
    hinge: &Option<Measured>,
) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::linear("examples per weight α").within(0.0, END),
        AxisSpec::linear("test error, training loss"),
    );
    let mut top = 0.5f64;
    panel.legend = Legend::TopRight;
    panel.aspect = 1.0;
    let grid: Vec<f64> = (1..=60).map(|i| f64::from(i) * END / 60.0).collect();
    for (name, loss, measured, index) in
        [("logistic", Loss::Logistic, logistic, 0), ("hinge", Loss::Hinge, hinge, 1)]
    {
        let states = grid
            .iter()
            .map(|a| penalized_classifier(loss, *a, lambda))
            .collect::<Result<Vec<_>>>()?;
        let color = series_color(index);
        top = states.iter().fold(top, |top, state| top.max(state.training_loss));
        let error: Vec<f64> = states.iter().map(|state| state.test_error).collect();
        let training: Vec<f64> = states.iter().map(|state| state.training_loss).collect();
        panel.add(Line::new(format!("{name}, test error"), &grid, &error, color));
        let line = Line::new(format!("{name}, training loss"), &grid, &training, color);
        panel.add(Line { dash: Dash::Dashed, ..line });
        if let Some(m) = measured {
            for mean in &m.means {
                panel.add(dots("", &m.grid, mean, color));
            }
        }
    }
    panel.y = panel.y.within(0.0, 1.04 * top);
    let reference: Vec<f64> =
        grid.iter().map(|a| Ok(gibbs(*a)?.bayes_error)).collect::<Result<_>>()?;
    let line = Line::new("Bayes", &grid, &reference, Color::GRAY);
    panel.add(Line { dash: Dash::Dotted, ..line });
    Ok(panel)
}
