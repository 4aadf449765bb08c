//! The tangent kernel of a wide network on the sphere: learning curves and spectral bias.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::agreement::{FiniteSize, Tolerance};
use crate::generalization::kernel::curve::SphereRegression;
use crate::generalization::kernel::sphere::Kernel;
use crate::math::parallel::in_parallel;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dots, Legend, Line, Panel, Sheet, series_color};
use crate::trajectory::mean_over_runs;
use crate::{Agreement, Axis, Result, Trajectory, compare};

const DIMENSION: Parameter = Parameter {
    name: "dimension",
    symbol: "D",
    unit: "",
    default: 25.0,
    low: 5.0,
    high: 100.0,
    kind: ParameterKind::Integer,
    help: "dimension of the inputs",
};

const DEPTH: Parameter = Parameter {
    name: "depth",
    symbol: "L",
    unit: "",
    default: 1.0,
    low: 1.0,
    high: 8.0,
    kind: ParameterKind::Integer,
    help: "hidden layers of the network",
};

pub(super) const FIGURE: Figure = Figure {
    name: "canatar2021_fig6",
    reference: "canatar2021",
    title: "Wide networks learn simple functions first",
    caption: "Kernel regression without ridge, with the tangent kernel of a wide ReLU network with one \
        hidden layer, on inputs uniform on the sphere in 25 dimensions. a, Generalization error (without \
        the noise of test labels) of a linear target of unit power, for label noise of variance 0, 0.5 \
        and 2: the paper sets its three by the theory's phase boundary. b, Error of each part of a \
        target with power 1/3 in degrees 1, 2 and 4, without noise: degrees are learned one after \
        another, when samples are about as many as their harmonics (25, 324, 20150). Lines: theory. \
        Circles: regression on sampled data, errors averaged exactly over the sphere; mean over 12 \
        (a) and 30 (b) repeats; bars: one standard error.",
    parameters: &[DIMENSION, DEPTH],
    draw,
};

const NOISES: [f64; 3] = [0.0, 0.5, 2.0];
const DEGREES: [usize; 3] = [1, 2, 4];

fn draw(settings: &Settings) -> Result<Drawing> {
    let samples = || AxisSpec::log("training examples *P*");
    let mut total = Panel::new(samples(), AxisSpec::log("generalization error *E*_g"));
    total.title = Some("linear target".into());
    total.legend = Legend::BottomLeft;
    let mut agreements = Vec::new();
    let simulates = settings.effort != Effort::Theory;
    for (i, noise) in NOISES.into_iter().enumerate() {
        let model = regression(settings, vec![0.0, 1.0], noise);
        let grid = log_grid(3.0, 2000.0, 121);
        let curve: Vec<f64> = theory(&model, &grid)?.iter().map(|(_, e)| e - noise).collect();
        let color = series_color(i);
        total.add(Line::new(format!("σ^2 = {noise}"), &grid, &curve, color));
        if simulates {
            let found = simulated(&model, settings, &[])?;
            total.add(found.dots("error without label noise", color));
            agreements.extend(named(&format!("noise {noise}"), found.agreements));
        }
    }
    explain_marks(&mut total, simulates);
    let mut parts =
        Panel::new(samples(), AxisSpec::log("error of the part *E*_k").within(1e-4, 1.0));
    parts.title = Some("parts of a target of three degrees".into());
    parts.legend = Legend::BottomLeft;
    let mut powers = vec![0.0; 5];
    DEGREES.iter().for_each(|k| powers[*k] = 1.0 / 3.0);
    let model = regression(settings, powers, 0.0);
    let grid = log_grid(3.0, 1e5, 151);
    let curves = theory(&model, &grid)?;
    let found = if simulates { Some(simulated(&model, settings, &DEGREES)?) } else { None };
    for (i, degree) in DEGREES.into_iter().enumerate() {
        let curve: Vec<f64> = curves.iter().map(|(parts, _)| parts[degree]).collect();
        let color = series_color(i);
        parts.add(Line::new(format!("degree {degree}"), &grid, &curve, color));
        if let Some(found) = &found {
            parts.add(found.dots(&format!("degree {degree}"), color));
        }
    }
    explain_marks(&mut parts, simulates);
    agreements.extend(found.into_iter().flat_map(|found| named("three degrees", found.agreements)));
    let sheet = Sheet::new(FIGURE.title, vec![total, parts]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn regression(settings: &Settings, powers: Vec<f64>, noise: f64) -> SphereRegression {
    SphereRegression {
        kernel: Kernel::Tangent { depth: settings.values.integer(&DEPTH) },
        dimension: settings.values.integer(&DIMENSION),
        powers,
        ridge: 0.0,
        noise,
    }
}

/// Errors of the degrees and the test error with noise, at numbers of samples.
fn theory(model: &SphereRegression, grid: &[f64]) -> Result<Vec<(Vec<f64>, f64)>> {
    let most = grid.iter().fold(1.0f64, |a, b| a.max(*b));
    let theory = model.theory(most)?;
    let points = theory.learn(grid)?;
    Ok(points.iter().map(|at| (theory.mode_errors(at), at.test_error)).collect())
}

/// A simulated learning curve.
struct Simulated {
    runs: Vec<Trajectory>,
    agreements: Vec<Agreement>,
}

impl Simulated {
    /// Mean with standard error, every point that all runs have.
    fn dots(&self, name: &str, color: crate::plot::Color) -> Dots {
        let (mean, error) = mean_over_runs(&self.runs, name);
        let grid = self.runs.first().map_or(&[][..], |run| run.grid());
        Dots { open: true, spread: Some(error), ..Dots::new("", grid, &mean, color) }
    }
}

/// Runs and their agreement with theory, of the parts `degrees`, or of the whole if there are none.
fn simulated(
    model: &SphereRegression,
    settings: &Settings,
    degrees: &[usize],
) -> Result<Simulated> {
    let paper = settings.effort == Effort::Paper;
    let (sizes, repeats): (&[usize], usize) = match (paper, degrees.is_empty()) {
        (true, true) => (&[4, 8, 16, 32, 64, 128, 256, 512], 12),
        (true, false) => (&[5, 15, 50, 150, 500], 30),
        (false, _) => (&[8, 32], 12),
    };
    let grid: Vec<f64> = sizes.iter().map(|p| *p as f64).collect();
    let record = |rows: Vec<(Vec<f64>, f64)>| -> Result<Trajectory> {
        let mut run = Trajectory::new(Axis::Samples, &grid);
        for degree in degrees {
            let column = rows.iter().map(|(parts, _)| parts[*degree]).collect();
            run.push(format!("degree {degree}"), column)?;
        }
        if degrees.is_empty() {
            let column = rows.iter().map(|(_, error)| error - model.noise).collect();
            run.push("error without label noise", column)?;
        }
        Ok(run)
    };
    let runs = in_parallel(repeats, |i| {
        let seed = settings.seed + i as u64;
        let rows = sizes.iter().map(|p| model.simulate(*p, 1, seed));
        record(
            rows.map(|run| run.map(|run| (run.mode_errors, run.test_error)))
                .collect::<Result<_>>()?,
        )
    })?;
    let at = |shift: f64| -> Result<Trajectory> {
        let moved: Vec<f64> = grid.iter().map(|p| p + shift).collect();
        record(theory(model, &moved)?)
    };
    let prediction = at(0.0)?;
    let tolerance = tolerance(&prediction, [&at(-1.5)?, &at(1.5)?]);
    let agreements = compare(&prediction, &runs, Some(&tolerance))?;
    Ok(Simulated { runs, agreements })
}

/// The bias of the curve `kernel`: a shift by 1.5 samples, and one part in P.
fn tolerance(prediction: &Trajectory, shifted: [&Trajectory; 2]) -> Tolerance {
    let biases = prediction.columns().map(|(name, here)| {
        let gap = |i: usize| {
            let there =
                shifted.iter().filter_map(|run| run.get(name)).map(|v| (v[i] - here[i]).abs());
            there.fold(0.0, f64::max) + here[i] / prediction.grid()[i]
        };
        (0..here.len()).map(gap).collect()
    });
    Tolerance {
        gaps: vec![0.0; prediction.columns().len()],
        finite_size: Some(FiniteSize { biases: biases.collect(), standard_errors: 4.0 }),
        reason: "the expected bias of a finite sample, and four standard errors of the mean",
    }
}
