//! A learning curve along any of its parameters.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use solvable::curve::Curve;
use solvable::curve::measured::{Measured, Measurement, Simulation};
use solvable::figures::own::curve::{curve as draw, data as draw_data};
use solvable::models::{CURVES, find_curve};
use solvable::parameter::Values;
use solvable::{Error, Result};

use super::deliver::{Delivery, Outcome};
use super::output::Output;
use super::result_flags::ResultFlags;
use super::status::Status;
use super::values::{Range, SimulationSize};
use super::{names, report, values};

mod from_data;
mod list;
mod parameters;

use from_data::FromData;
use list::list;
use parameters::Parameters;

const EXAMPLES: &str = "\
Examples:
  solvable curve --model ridge --snr 5 --over alpha=0.1..10 --simulate N=100,seeds=20
  solvable curve --model ridge --ridge 0 --over alpha=0.1..10 --json
  solvable curve --from X.npy y.npy --kernel tangent --ridge 0.01
  solvable curve --list";

/// Largest table of numbers a simulation may hold at once: 4 GB.
const MOST_CELLS: f64 = 5e8;
/// Simulated points along a curve; theory has them too, and seven in between.
const SIMULATED: usize = 13;

/// How well does a student generalize after so many examples?
///
/// Predicts a learning curve in the limit of many dimensions, and measures it on finite systems.
/// Writes curve.{svg,pdf,png,csv} and prints theory, the mean over simulated systems with its
/// standard error, and how far the two are apart. Where theory diverges there is no number. With
/// --from it is the learning curve of kernel ridge regression on your own data, beside cross
/// validation.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Which curve; --list shows all.
    #[arg(long, value_name = "NAME", required_unless_present_any = ["list", "from"])]
    model: Option<String>,
    /// List the curves with their parameters, and compute nothing.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    data: FromData,
    /// The parameter that changes, and its range [default: alpha=0.1..10, or the first parameter].
    #[arg(long, value_name = "NAME=FROM..TO", value_parser = values::range)]
    over: Option<Range>,
    /// Number of points of the theory.
    #[arg(long, value_name = "N", default_value = "97", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    points: usize,
    /// Simulate systems of size N, one for each seed.
    #[arg(long, value_name = "N=SIZE,seeds=RUNS", value_parser = values::simulation)]
    simulate: Option<SimulationSize>,
    /// Seed of the first simulated system.
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    seed: u64,
    #[command(flatten)]
    results: ResultFlags,
}

/// Predicts, measures, draws.
pub fn run(args: Args, command: Vec<String>, output: &Output) -> Result<Status> {
    if let Some(files) = &args.data.from {
        return of_data(&args, files, command, output);
    }
    let Some(model) = args.model.as_deref().filter(|_| !args.list) else {
        return list(args.results.json, output);
    };
    let curve = find_curve(model)
        .map_err(|_| names::unknown("curve", model, CURVES.iter().map(|curve| curve.name)))?;
    let measurement = measurement(&args, curve)?;
    let default = format!("out/curve-{}", curve.name);
    let delivery = Delivery::open(&args.results, default, command, output)?;
    let measured = measurement.run()?;
    let mut warnings: Vec<_> = measured.breaks.iter().map(|(_, reason)| reason.clone()).collect();
    warnings.dedup();
    delivery.deliver(Outcome {
        sheets: vec![("curve", draw(&measurement, &measured))],
        settings: settings(&measurement),
        seed: args.seed,
        document: document(&measurement, &measured),
        text: text(&measurement, &measured),
        warnings,
        agreements: measured.simulated.map(|simulated| simulated.agreements).unwrap_or_default(),
        ..Outcome::default()
    })
}

/// The learning curve of the user's own data.
fn of_data(
    args: &Args,
    files: &[PathBuf],
    command: Vec<String>,
    output: &Output,
) -> Result<Status> {
    let curve = args.data.run(files, &args.parameters, args.seed)?;
    let default = format!("out/curve-{}", curve.name);
    let delivery = Delivery::open(&args.results, default, command, output)?;
    delivery.deliver(Outcome {
        sheets: vec![("curve", draw_data(&curve.predicted, &curve.measured, curve.variance))],
        seed: args.seed,
        document: curve.to_json(),
        text: curve.text(),
        settings: curve.settings,
        inputs: curve.inputs,
        warnings: curve.warnings,
        ..Outcome::default()
    })
}

fn measurement(args: &Args, curve: &'static Curve) -> Result<Measurement> {
    let at = args.parameters.point(curve)?;
    let (over, low, high) = match &args.over {
        Some(range) => (parameter(curve, &range.name)?, range.low, range.high),
        None => {
            let first = &curve.parameters[0];
            (
                first.name,
                (0.1 * first.default).max(first.low),
                (10.0 * first.default).min(first.high),
            )
        }
    };
    if args.parameters.given(over) {
        let problem = format!("--{over} fixes what --over changes: give one of them");
        return Err(Error::Usage(problem));
    }
    for end in [low, high] {
        at.with(over, end)?;
    }
    let simulation = args.simulate.map(|SimulationSize { size, runs }| Simulation {
        grid: grid(low, high, SIMULATED),
        size,
        runs,
        seed: args.seed,
    });
    if let Some(simulation) = &simulation {
        check_memory(curve, &at, over, simulation)?;
    }
    Ok(Measurement { curve, at, over, grid: grid(low, high, args.points), simulation })
}

/// Refuses systems that do not fit into memory, before anything is computed.
fn check_memory(curve: &Curve, at: &Values, over: &str, simulation: &Simulation) -> Result<()> {
    let mut largest = 0.0f64;
    for x in &simulation.grid {
        largest = largest.max((curve.cells)(&at.with(over, *x)?, simulation.size));
    }
    // As many systems at a time as there are threads.
    let largest = largest * rayon::current_num_threads().min(simulation.runs) as f64;
    if largest <= MOST_CELLS {
        return Ok(());
    }
    let allowed = format!(
        "that needs about {:.1} GB at a time and {:.0} GB are the most; take a smaller N, a narrower \
         range or fewer --threads",
        largest * 8e-9,
        MOST_CELLS * 8e-9
    );
    Err(Error::parameter("--simulate N", simulation.size, allowed))
}

/// The parameter's own name, or the nearest ones.
fn parameter(curve: &'static Curve, name: &str) -> Result<&'static str> {
    let found = curve.parameters.iter().find(|p| p.name == name);
    let nearest = || names::unknown("parameter", name, curve.parameters.iter().map(|p| p.name));
    found.map(|p| p.name).ok_or_else(nearest)
}

/// Points from `low` to `high`: by their logarithm where they span more than a factor of twenty.
fn grid(low: f64, high: f64, n: usize) -> Vec<f64> {
    if n < 2 || low == high {
        return vec![low];
    }
    let share = |i: usize| i as f64 / (n - 1) as f64;
    let is_log = low > 0.0 && high > 20.0 * low;
    let point = |i: usize| match i {
        // The ends are those that were given, whatever rounding does in between.
        0 => low,
        i if i == n - 1 => high,
        i if is_log => rounded((low.ln() + (high.ln() - low.ln()) * share(i)).exp()),
        i => rounded(low + (high - low) * share(i)),
    };
    (0..n).map(point).collect()
}

/// Twelve digits: 1 must be 1 where theory diverges there, not 1.0000000000000002.
fn rounded(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}

fn settings(measurement: &Measurement) -> Map<String, Value> {
    let Measurement { curve, at, over, grid, simulation } = measurement;
    let parameters: Map<String, Value> = at
        .iter()
        .filter(|(p, _)| p.name != *over)
        .map(|(p, v)| (p.name.into(), json!(v)))
        .collect();
    let mut settings = Map::from_iter([
        ("model".into(), json!(curve.name)),
        ("parameters".into(), Value::Object(parameters)),
        ("over".into(), json!(over)),
        ("from".into(), json!(grid.first())),
        ("to".into(), json!(grid.last())),
        ("points".into(), json!(grid.len())),
    ]);
    if let Some(simulation) = simulation {
        settings.insert("size".into(), json!(simulation.size));
        settings.insert("runs".into(), json!(simulation.runs));
    }
    settings
}

fn document(measurement: &Measurement, measured: &Measured) -> Value {
    let names = measurement.curve.observables;
    let columns = |values: &[Vec<f64>]| -> Map<String, Value> {
        names.iter().zip(values).map(|(name, v)| ((*name).into(), json!(v))).collect()
    };
    let theory: Map<String, Value> =
        names.iter().zip(&measured.theory).map(|(name, v)| ((*name).into(), json!(v))).collect();
    let breaks: Vec<Value> =
        measured.breaks.iter().map(|(at, reason)| json!({"at": at, "reason": reason})).collect();
    let simulation = measured.simulated.as_ref().map(|s| {
        json!({
            "grid": s.grid,
            "mean": columns(&s.mean),
            "standard_error": columns(&s.standard_error),
        })
    });
    let agreement = measured.simulated.as_ref().map(|s| report::to_json(&s.agreements));
    json!({
        "schema": "solvable/curve/1",
        "model": measurement.curve.name,
        "over": measurement.over,
        "grid": measurement.grid,
        "theory": theory,
        "breaks": breaks,
        "simulation": simulation,
        "agreement": agreement,
    })
}

/// Theory at the simulated points, or at about as many, and what was measured there.
fn text(measurement: &Measurement, measured: &Measured) -> String {
    let Measurement { curve, at, over, grid, .. } = measurement;
    let fixed: Vec<String> = at
        .iter()
        .filter(|(parameter, _)| parameter.name != *over)
        .map(|(parameter, value)| format!("{} {}", parameter.name, report::exact(value)))
        .collect();
    let mut text = format!("{}; {}\n\n", curve.summary, fixed.join(", "));
    let mut headings = vec![*over];
    headings.extend(curve.observables);
    let every = (grid.len() / (SIMULATED - 1)).max(1);
    let rows = (0..grid.len()).step_by(every).map(|i| {
        let values = measured.theory.iter().map(|column| column[i]);
        let cells = values.map(|v| v.map_or_else(|| "diverges".into(), report::number));
        std::iter::once(report::number(grid[i])).chain(cells).collect()
    });
    text += &report::columns(&headings, rows);
    let Some(simulated) = &measured.simulated else { return text };
    text += "\nmean over simulated systems ± standard error\n";
    let rows = (0..simulated.grid.len()).map(|i| {
        let cell = |k: usize| {
            let (mean, error) = (simulated.mean[k][i], simulated.standard_error[k][i]);
            format!("{} ± {}", report::number(mean), report::number(error))
        };
        let cells = (0..curve.observables.len()).map(cell);
        std::iter::once(report::number(simulated.grid[i])).chain(cells).collect()
    });
    text += &report::columns(&headings, rows);
    text.push('\n');
    text + &report::table(&simulated.agreements)
}
