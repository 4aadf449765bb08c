//! A student that learns online from a teacher, or from two.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use solvable::figures::own::online_course::online_course;
use solvable::net::Activation;
use solvable::store::{Input, Manifest, OutDir};
use solvable::trajectory::mean_over_runs;
use solvable::{Agreement, Result, Solvable, Trajectory, compare, ensemble};

use super::render::{Style, render};
use super::values::{Similarity, SimulationSize};
use super::{Output, Status, interrupt, report, values};

mod findings;
mod setup;

use findings::Findings;
use setup::Setup;

const EXAMPLES: &str = "\
Examples:
  solvable online --students 2 --teachers 2 --activation erf --rate 1 --until 300
  solvable online --students 4 --teachers 2 --noise 0.1 --train both --simulate N=1000,seeds=8 --json
  solvable online --teacher T.csv --students 3 --simulate N=500,seeds=8
  solvable online --students 2 --teachers 1 --second-teacher V=0.5 --switch 150
  solvable online --symmetric";

/// Simulated points of a course; theory has them too, and more in between.
const SIMULATED: usize = 41;
/// Rows of the printed table.
const LISTED: usize = 10;

/// Predict how a student learns online from a teacher, and watch networks learn.
///
/// Student and teacher are two-layer networks with Gaussian inputs; every step sees one new example, and
/// time counts examples per input. Theory follows the overlaps of their weights for infinitely many
/// inputs; simulated networks start from the same overlaps. With --second-teacher the student learns a
/// second task after the first, with a head for each. Writes online.{svg,pdf,png,csv}; prints the course,
/// the plateau, the time of specialization and how far simulation and theory are apart.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Hidden units K of the student.
    #[arg(long, value_name = "K", default_value = "2", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    students: usize,
    /// Hidden units M of the teacher, orthogonal and of length 1 [default: 2].
    #[arg(long, value_name = "M", value_parser = values::count, allow_negative_numbers = true)]
    #[arg(conflicts_with = "teacher")]
    teachers: Option<usize>,
    /// Overlaps T of the teacher's units with each other, M × M (CSV or NPY).
    #[arg(long, value_name = "FILE", conflicts_with = "second_teacher")]
    teacher: Option<PathBuf>,
    /// Hidden units of both; erf is erf(x/√2).
    #[arg(long, value_enum, default_value = "erf")]
    activation: Units,
    /// Learning rate η of the first layer.
    #[arg(long, value_name = "RATE", default_value = "0.5", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    rate: f64,
    /// Standard deviation σ of the noise on labels.
    #[arg(long, value_name = "STD", default_value = "0", value_parser = values::not_negative)]
    #[arg(allow_negative_numbers = true)]
    noise: f64,
    /// Which layers learn; readouts that do not are 1 [default: first, with a second teacher both].
    #[arg(long, value_enum)]
    train: Option<Layers>,
    /// Learning rate of the readouts, with --train both [default: that of the first layer].
    #[arg(long, value_name = "RATE", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    readout_rate: Option<f64>,
    /// Standard deviation of initial weights, and of readouts that learn.
    #[arg(long, value_name = "STD", default_value = "0.1", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    scale: f64,
    /// Start exactly symmetric, all students alike: theory then never leaves its plateau.
    #[arg(long, conflicts_with = "second_teacher")]
    symmetric: bool,
    /// Last time: examples per input [default: 200, or twice the time of the switch].
    #[arg(long, value_name = "TIME", value_parser = values::positive, allow_negative_numbers = true)]
    until: Option<f64>,
    /// Train networks with N inputs, one for each seed.
    #[arg(long, value_name = "N=SIZE,seeds=RUNS", value_parser = values::simulation)]
    simulate: Option<SimulationSize>,
    /// A second teacher whose features overlap with the first one's by V; learned after --switch.
    #[arg(long, value_name = "V=SIMILARITY,readout=SIMILARITY", value_parser = values::similarity)]
    #[arg(requires = "switch", allow_hyphen_values = true)]
    second_teacher: Option<Similarity>,
    /// Time at which the second task replaces the first.
    #[arg(long, value_name = "TIME", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true, requires = "second_teacher")]
    switch: Option<f64>,
    /// Freeze the first layer at the switch.
    #[arg(long, requires = "switch", conflicts_with = "elastic")]
    freeze: bool,
    /// Elastic weight consolidation of this strength after the switch.
    #[arg(long, value_name = "STRENGTH", value_parser = values::positive, requires = "switch")]
    #[arg(allow_negative_numbers = true)]
    elastic: Option<f64>,
    /// Share of examples after the switch that are still of the first task.
    #[arg(long, value_name = "SHARE", value_parser = values::share, requires = "switch")]
    #[arg(allow_negative_numbers = true)]
    replay: Option<f64>,
    /// Number of points of the theory.
    #[arg(long, value_name = "N", default_value = "401", value_parser = values::points)]
    #[arg(allow_negative_numbers = true)]
    points: usize,
    /// Seed of initial weights and of the first simulated network.
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    seed: u64,
    /// Directory for the results.
    #[arg(long, value_name = "DIR", default_value = "out/online")]
    out: PathBuf,
    /// Also write into a directory that holds other files.
    #[arg(long)]
    force: bool,
    /// What the figure is drawn for.
    #[arg(long, value_enum, default_value = "paper")]
    style: Style,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Hidden units with closed-form averages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Units {
    Erf,
    Relu,
    Linear,
}

impl From<Units> for Activation {
    fn from(units: Units) -> Self {
        match units {
            Units::Erf => Self::Erf,
            Units::Relu => Self::Relu,
            Units::Linear => Self::Linear,
        }
    }
}

/// Layers of the student that learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layers {
    /// The first; a soft committee machine.
    First,
    /// Both.
    Both,
}

impl Args {
    /// Which layers learn.
    fn layers(&self) -> Layers {
        self.train.unwrap_or(if self.switch.is_some() { Layers::Both } else { Layers::First })
    }

    /// Last time.
    fn end(&self) -> f64 {
        self.until.unwrap_or_else(|| self.switch.map_or(200.0, |switch| 2.0 * switch))
    }
}

impl Layers {
    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Both => "both",
        }
    }
}

/// What came of it.
struct Course {
    theory: Trajectory,
    /// One trained network each; none without --simulate.
    runs: Vec<Trajectory>,
    agreements: Vec<Agreement>,
    findings: Findings,
}

/// Predicts, simulates, draws.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let (setup, inputs, warnings) = Setup::of(&args)?;
    let out = OutDir::create(&args.out, args.force)?;
    interrupt::ends_the_program()?;
    let course = course(&args, &setup)?;
    let manifest = write(&args, &setup, &course, (inputs, warnings), out)?;
    for warning in &manifest.warnings {
        output.warn(format_args!("warning: {warning}"));
    }
    if args.json {
        output.json(&document(&setup, &course, &manifest)?)?;
    } else {
        output.data(&text(&setup, &course))?;
    }
    let files: Vec<_> = manifest.outputs.iter().map(|file| file.file.as_str()).collect();
    output.note(format_args!("{}: {}", args.out.display(), files.join(", ")));
    let holds = report::hold(&course.agreements);
    Ok(if holds { Status::Success } else { Status::ToleranceExceeded })
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

fn write(
    args: &Args,
    setup: &Setup,
    course: &Course,
    (inputs, mut warnings): (Vec<Input>, Vec<String>),
    mut out: OutDir,
) -> Result<Manifest> {
    let sheet = online_course(&course.theory, &course.runs, &course.findings.events());
    let files = render(&sheet, args.style)?;
    let _all_of_them = interrupt::hold();
    for (extension, bytes) in files {
        out.write(&format!("online.{extension}"), &bytes)?;
    }
    warnings.extend(course.findings.warning());
    let mut manifest = Manifest::new(args.seed);
    manifest.command = setup::command(args);
    manifest.settings = setup.settings(args);
    manifest.inputs = inputs;
    manifest.warnings = warnings;
    manifest.agreement.clone_from(&course.agreements);
    out.finish(manifest)
}

fn document(setup: &Setup, course: &Course, manifest: &Manifest) -> Result<Value> {
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
    Ok(json!({
        "schema": "solvable/online/1",
        "start": setup.start(),
        "times": course.theory.grid(),
        "prediction": columns(&course.theory),
        "simulation": simulation,
        "findings": course.findings.to_json(),
        "agreement": report::to_json(&course.agreements),
        "manifest": manifest.to_json()?,
    }))
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

/// The name of a file as it was typed.
fn typed(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
