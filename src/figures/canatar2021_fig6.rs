//! The tangent kernel of a wide network on the sphere: learning curves and spectral bias.

use super::ensembles::{Mean, dots, measure_runs};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::generalization::Kernel;
use crate::generalization::SphereLearning;
use crate::generalization::kernel::curve::SphereRegression;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Legend, Line, Panel, Sheet, series_color};
use crate::{Agreement, Result, Solvable};

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
    let mut agreements = Vec::new();
    let panels =
        vec![total_panel(settings, &mut agreements)?, parts_panel(settings, &mut agreements)?];
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn samples_axis() -> AxisSpec {
    AxisSpec::log("training examples *P*")
}

/// Panel a: a linear target.
fn total_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let mut panel = Panel::new(samples_axis(), AxisSpec::log("generalization error *E*_g"));
    panel.title = Some("linear target".into());
    panel.legend = Legend::BottomLeft;
    let grid = log_grid(3.0, 2000.0, 121);
    for (i, noise) in NOISES.into_iter().enumerate() {
        let model = learning(settings, vec![0.0, 1.0], noise, &[]);
        let theory = model.predict(&grid)?;
        let color = series_color(i);
        for (_, values) in theory.columns() {
            panel.add(Line::new(format!("σ^2 = {noise}"), &grid, values, color));
        }
        if let Some(found) = simulated(&model, settings)? {
            panel.add(dots("", &found.grid, &found.means[0], color));
            agreements.extend(named(&format!("noise {noise}"), found.agreements));
        }
    }
    explain_marks(&mut panel, settings.effort != Effort::Theory);
    Ok(panel)
}

/// Panel b: a target of three degrees, part by part.
fn parts_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let y = AxisSpec::log("error of the part *E*_k").within(1e-4, 1.0);
    let mut panel = Panel::new(samples_axis(), y);
    panel.title = Some("parts of a target of three degrees".into());
    panel.legend = Legend::BottomLeft;
    let mut powers = vec![0.0; 5];
    DEGREES.iter().for_each(|k| powers[*k] = 1.0 / 3.0);
    let model = learning(settings, powers, 0.0, &DEGREES);
    let grid = log_grid(3.0, 1e5, 151);
    let theory = model.predict(&grid)?;
    let found = simulated(&model, settings)?;
    for (i, (name, values)) in theory.columns().enumerate() {
        let color = series_color(i);
        panel.add(Line::new(name, &grid, values, color));
        if let Some(found) = &found {
            panel.add(dots("", &found.grid, &found.means[i], color));
        }
    }
    explain_marks(&mut panel, settings.effort != Effort::Theory);
    agreements.extend(found.into_iter().flat_map(|found| named("three degrees", found.agreements)));
    Ok(panel)
}

fn learning(
    settings: &Settings,
    powers: Vec<f64>,
    noise: f64,
    degrees: &[usize],
) -> SphereLearning {
    let regression = SphereRegression {
        kernel: Kernel::Tangent { depth: settings.values.integer(&DEPTH) },
        dimension: settings.values.integer(&DIMENSION),
        powers,
        ridge: 0.0,
        noise,
    };
    SphereLearning { regression, degrees: degrees.to_vec() }
}

/// A simulated learning curve.
struct Simulated {
    grid: Vec<f64>,
    /// By observable.
    means: Vec<Mean>,
    agreements: Vec<Agreement>,
}

fn simulated(model: &SphereLearning, settings: &Settings) -> Result<Option<Simulated>> {
    let (sizes, repeats): (&[f64], u64) = match (settings.effort, model.degrees.is_empty()) {
        (Effort::Theory, _) => return Ok(None),
        (Effort::Quick, _) => (&[8.0, 32.0], 12),
        (Effort::Paper, true) => (&[4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0], 12),
        (Effort::Paper, false) => (&[5.0, 15.0, 50.0, 150.0, 500.0], 30),
    };
    let seeds: Vec<u64> = (0..repeats).map(|i| settings.seed + i).collect();
    let (means, agreements) = measure_runs(model, sizes, &seeds)?;
    Ok(Some(Simulated { grid: sizes.to_vec(), means, agreements }))
}
