//! Online learning from inputs on a hidden manifold.

use ndarray::{Array1, Array2, arr2};

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dots, Legend, Line, Panel, Sheet, gradient_color, series_color, series_marker,
};
use crate::student_teacher::flow::Learning;
use crate::student_teacher::hidden_manifold::{HiddenManifold, ManifoldStart};
use crate::trajectory::mean_over_runs;
use crate::{Agreement, Result, Solvable, Trajectory, compare, ensemble};

const RATE: Parameter = Parameter {
    name: "rate",
    symbol: "η",
    unit: "",
    default: 0.5,
    low: 0.05,
    high: 1.0,
    kind: ParameterKind::Log,
    help: "learning rate of the first layer",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ",
    unit: "",
    default: 0.0,
    low: 0.0,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "standard deviation of the label noise",
};

pub(super) const FIGURE: Figure = Figure {
    name: "goldt2020_fig",
    reference: "goldt2020",
    title: "Inputs on a hidden manifold: fewer latent variables are learned better",
    caption: "Two erf units learn online from inputs erf(*u*), *u* random features of latent variables, \
        which alone decide the labels of a teacher of two units (settings are ours). a, Error over time \
        for several numbers δ of latent variables per input. b, Overlaps of student and teacher fields \
        for δ = 0.5. c, Error at the last time of a against δ: of more latent variables than inputs not \
        all can be seen. Lines: theory of infinitely many inputs and latent variables. Open marks: \
        networks of 100 inputs (50 in the quick version), mean over 12 draws of features, teacher, start \
        and examples; bars: one standard error.",
    parameters: &[RATE, NOISE],
    draw,
};

/// Latent variables per input in panel a, and the one of panel b.
const SHOWN: [f64; 4] = [0.1, 0.5, 1.0, 4.0];
const MIDDLE: f64 = 0.5;
const FIRST: f64 = 0.1;

fn model(settings: &Settings, latent: f64) -> HiddenManifold {
    HiddenManifold {
        activation: Nonlinearity::ERF_SQRT2,
        fold: Nonlinearity::ERF_SQRT2,
        learning: Learning {
            rate: settings.values.get(&RATE),
            readout_rate: 0.0,
            noise: settings.values.get(&NOISE),
        },
        latent,
        start: ManifoldStart {
            random: arr2(&[[0.3, 0.0], [0.0, 0.3]]),
            aligned: arr2(&[[0.5, 0.0], [0.0, 0.4]]),
            t: Array2::eye(2),
            v: Array1::ones(2),
            teacher_readout: Array1::ones(2),
        },
        size: if settings.effort == Effort::Paper { 100 } else { 50 },
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let end = if settings.effort == Effort::Paper { 60.0 } else { 20.0 };
    let mut agreements = Vec::new();
    let mut ends = Vec::new();
    let time = || AxisSpec::log("time (examples per input)");
    let mut errors = Panel::new(time(), AxisSpec::log("generalization error"));
    let mut overlaps = Panel::new(time(), AxisSpec::linear("overlaps"));
    for (i, latent) in SHOWN.into_iter().enumerate() {
        let color = gradient_color(i, SHOWN.len());
        let run = Run::new(settings, latent, end, &mut agreements)?;
        run.draw(&mut errors, "generalization error", &format!("δ = {latent}"), (0, color));
        ends.push((latent, run.last()));
        if latent == MIDDLE {
            for (k, (name, label)) in [
                ("Q 1,1", "*Q*_{11}"),
                ("Q 1,2", "*Q*_{12}"),
                ("R 1,1", "*R*_{11}"),
                ("R 1,2", "*R*_{12}"),
            ]
            .into_iter()
            .enumerate()
            {
                run.draw(&mut overlaps, name, label, (k, series_color(k)));
            }
        }
    }
    errors.legend = Legend::BottomLeft;
    overlaps.legend = Legend::Auto;
    explain_marks(&mut overlaps, settings.effort != Effort::Theory);
    let panels = vec![errors, overlaps, latent_panel(settings, end, &ends)?];
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// Theory and simulation of one δ.
struct Run {
    theory: Trajectory,
    runs: Vec<Trajectory>,
}

impl Run {
    fn new(
        settings: &Settings,
        latent: f64,
        end: f64,
        agreements: &mut Vec<Agreement>,
    ) -> Result<Self> {
        let model = model(settings, latent);
        let theory = model.predict(&log_grid(FIRST, end, 61))?;
        let mut runs = Vec::new();
        if settings.effort != Effort::Theory {
            let grid = log_grid(FIRST, end, 10);
            let n = if settings.effort == Effort::Paper { 12 } else { 4 };
            let seeds: Vec<u64> = (0..n).map(|i| settings.seed + i).collect();
            runs = ensemble(&model, &grid, &seeds)?;
            let prediction = model.predict(&grid)?;
            let found = compare(&prediction, &runs, Some(&model.tolerance(&prediction)?))?;
            agreements.extend(named(&format!("δ = {latent}"), found));
        }
        Ok(Self { theory, runs })
    }

    fn draw(&self, panel: &mut Panel, name: &str, label: &str, (series, color): (usize, Color)) {
        let values = self.theory.get(name).unwrap_or_default();
        panel.add(Line::new(label, self.theory.grid(), values, color));
        if let Some(run) = self.runs.first() {
            let (mean, error) = mean_over_runs(&self.runs, name);
            panel.add(Dots {
                open: true,
                marker: series_marker(series),
                spread: Some(error),
                ..Dots::new("", run.grid(), &mean, color)
            });
        }
    }

    /// Mean error over runs at the last time, with its standard error; none without runs.
    fn last(&self) -> Option<(f64, f64)> {
        let (mean, error) = mean_over_runs(&self.runs, "generalization error");
        Some((*mean.last()?, *error.last()?))
    }
}

fn latent_panel(
    settings: &Settings,
    end: f64,
    simulated: &[(f64, Option<(f64, f64)>)],
) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::log("latent variables per input δ"),
        AxisSpec::log(format!("error at time {end}")),
    );
    let points = log_grid(SHOWN[0], 8.0, if settings.effort == Effort::Paper { 11 } else { 5 });
    let last = |latent: &f64| {
        let course = model(settings, *latent).predict(&[end])?;
        Ok(course.get("generalization error").unwrap_or_default()[0])
    };
    let errors = points.iter().map(last).collect::<Result<Vec<f64>>>()?;
    let color = series_color(0);
    panel.add(Line::new("", &points, &errors, color));
    let found: Vec<(f64, (f64, f64))> =
        simulated.iter().filter_map(|(latent, end)| Some((*latent, (*end)?))).collect();
    let (x, ends): (Vec<f64>, Vec<(f64, f64)>) = found.into_iter().unzip();
    let (mean, error): (Vec<f64>, Vec<f64>) = ends.into_iter().unzip();
    panel.add(Dots { open: true, spread: Some(error), ..Dots::new("", &x, &mean, color) });
    Ok(panel)
}
