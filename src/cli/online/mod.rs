//! A student that learns online from a teacher, or from two.

use serde_json::{Map, Value, json};
use solvable::figures::own::online_course::online_course;
use solvable::trajectory::mean_over_runs;
use solvable::{Agreement, Result, Solvable, Trajectory, compare, ensemble};

use super::deliver::{Delivery, Outcome};
use super::output::Output;
use super::report;
use super::status::Status;
use super::values::SimulationSize;

mod args;
mod findings;
mod setup;

pub use args::Args;
use findings::Findings;
use setup::Setup;

/// Simulated points of a course; theory has them too, and more in between.
const SIMULATED: usize = 41;
/// Rows of the printed table.
const LISTED: usize = 10;

/// What came of it.
struct Course {
    theory: Trajectory,
    /// One trained network each; none without --simulate.
    runs: Vec<Trajectory>,
    agreements: Vec<Agreement>,
    findings: Findings,
}

/// Predicts, simulates, draws.
pub fn run(args: Args, command: Vec<String>, output: &Output) -> Result<Status> {
    let (setup, inputs, mut warnings) = Setup::of(&args)?;
    let delivery = Delivery::open(&args.results, "out/online", command, output)?;
    let course = course(&args, &setup)?;
    warnings.extend(course.findings.warning());
    let sheet = online_course(&course.theory, &course.runs, &course.findings.events());
    delivery.deliver(Outcome {
        sheets: vec![("online", sheet)],
        settings: setup.settings(&args),
        seed: args.seed,
        document: document(&setup, &course),
        text: text(&setup, &course),
        inputs,
        warnings,
        agreements: course.agreements,
        ..Outcome::default()
    })
}

fn course(args: &Args, setup: &Setup) -> Result<Course> {
    let model: &dyn Solvable = setup.model();
    let theory = model.predict(&even(args.end(), args.points, None))?;
    let findings = Findings::of(setup, &theory)?;
    let (mut runs, mut agreements) = (Vec::new(), Vec::new());
    if let Some(SimulationSize { size, runs: n_runs }) = args.simulate {
        // Whole steps, so that both are recorded at the same time.
        let grid = even(args.end(), SIMULATED, Some(size));
        let prediction = model.predict(&grid)?;
        let seeds: Vec<u64> = (0..n_runs).map(|run| args.seed.wrapping_add(run as u64)).collect();
        runs = ensemble(model, &grid, &seeds)?;
        // Chance breaks a symmetry that theory keeps: nothing to be judged.
        let tolerance = model.tolerance(&prediction)?;
        let judged = (!findings.is_stuck()).then_some(&tolerance);
        agreements = compare(&prediction, &runs, judged)?;
    }
    Ok(Course { theory, runs, agreements, findings })
}

/// `n` times from 0 to `end`; of whole steps 1/`size` if there is a size, so that some may coincide and
/// are left out.
fn even(end: f64, n: usize, size: Option<usize>) -> Vec<f64> {
    let share = |i: usize| end * i as f64 / (n - 1) as f64;
    let mut times: Vec<f64> = match size {
        None => (0..n).map(share).collect(),
        Some(size) => (0..n).map(|i| (share(i) * size as f64).round() / size as f64).collect(),
    };
    times.dedup();
    times
}

fn document(setup: &Setup, course: &Course) -> Value {
    let columns = |run: &Trajectory| {
        Value::Object(run.columns().map(|(name, values)| (name.into(), json!(values))).collect())
    };
    let simulation = course.runs.first().map(|run| {
        let (mut mean, mut error) = (Map::new(), Map::new());
        for (name, _) in run.columns() {
            let (means, errors) = mean_over_runs(&course.runs, name);
            mean.insert(name.into(), json!(means));
            error.insert(name.into(), json!(errors));
        }
        json!({"times": run.grid(), "mean": mean, "standard_error": error})
    });
    json!({
        "schema": "solvable/online/1",
        "start": setup.start(),
        "times": course.theory.grid(),
        "prediction": columns(&course.theory),
        "simulation": simulation,
        "findings": course.findings.to_json(),
        "agreement": report::to_json(&course.agreements),
    })
}

fn text(setup: &Setup, course: &Course) -> String {
    let mut text = setup.headline();
    let errors: Vec<(&str, &[f64])> =
        course.theory.columns().filter(|(name, _)| name.contains("error")).collect();
    let headings: Vec<&str> =
        std::iter::once("time").chain(errors.iter().map(|(name, _)| *name)).collect();
    let grid = course.theory.grid();
    let every = ((grid.len() - 1) / LISTED).max(1);
    let rows = (0..grid.len()).step_by(every).map(|i| {
        let values = errors.iter().map(|(_, column)| report::number(column[i]));
        std::iter::once(report::number(grid[i])).chain(values).collect()
    });
    text += "\n\n";
    text += &report::columns(&headings, rows);
    text.push('\n');
    text += &course.findings.text();
    if !course.runs.is_empty() {
        text.push('\n');
        text += &report::table(&course.agreements);
    }
    text
}
