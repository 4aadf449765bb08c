//! The learning course of the user's own data.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use clap::ValueEnum;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use solvable::course::{Course, Report, Start};
use solvable::figures;
use solvable::figures::own::course::{dynamics, modes};
use solvable::net::Activation;
use solvable::plot::Sheet;
use solvable::semantic::focus::Focus;
use solvable::store::{Input, Manifest, OutDir};
use solvable::{Agreement, Dataset, Error, Result, Trajectory, task};

use super::embed::{Embedded, embed};
use super::render::{Style, render};
use super::{Output, Status, focus, interrupt, report, values};

const EXAMPLES: &str = "\
Examples:
  solvable learn rumelhart
  solvable learn data/living_things.csv --init random --out out/living
  solvable learn rumelhart --layers 3 --scale 0.2 --activation tanh --quick
  solvable learn worm --focus worm,bones
  solvable learn --inputs X.npy --targets Y.npy --times 0,1,2.5,10 --json";

/// Modes listed for people; `--json` has all.
const LISTED: usize = 12;
/// Names shown on each side of a mode, and how many letters of each.
const NAMES: usize = 3;
const LONGEST: usize = 30;
/// How long a run takes before it says that it is still there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Predict how a deep linear network learns your data, and watch one learn it.
///
/// TABLE is a CSV file: one row an item (first column its name), one column a feature (header row).
/// Each item is its own input, its features are the target. For other inputs give --inputs and
/// --targets (CSV or NPY, rows are examples). Writes learning.{svg,pdf,png,csv} and
/// modes.{svg,pdf,png,csv}; prints the modes and how far simulation and theory are apart.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// CSV file, or a built-in table: rumelhart, living_things, toy, worm.
    #[arg(value_name = "TABLE", required_unless_present = "inputs", conflicts_with = "inputs")]
    table: Option<PathBuf>,
    /// Inputs, P × n_in (CSV or NPY).
    #[arg(long, value_name = "FILE", requires = "targets")]
    inputs: Option<PathBuf>,
    /// Targets, P × n_out (CSV or NPY).
    #[arg(long, value_name = "FILE", requires = "inputs", conflicts_with = "table")]
    targets: Option<PathBuf>,
    /// Number of weight layers; 1 is shallow.
    #[arg(long, value_name = "N", default_value = "2", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    layers: usize,
    /// Units in every hidden layer [default: the smaller of inputs and outputs].
    #[arg(long, value_name = "N", value_parser = values::count, allow_negative_numbers = true)]
    hidden: Option<usize>,
    /// Size (singular values) of every layer at the start.
    #[arg(long, value_name = "SIZE", default_value = "0.03", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    scale: f64,
    /// How the weights start.
    #[arg(long, value_enum, default_value = "aligned")]
    init: Init,
    /// λ of --init lambda: W₂ᵀW₂ − W₁W₁ᵀ = λI [default: 1].
    #[arg(long, value_name = "NUMBER", value_parser = values::finite)]
    #[arg(allow_negative_numbers = true)]
    lambda: Option<f64>,
    /// Learning rate of the simulation [default: 1/200 of the stability limit].
    #[arg(long, value_name = "RATE", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Last time, in units of τ; rate × steps [default: until 99 % is learned, and half again].
    #[arg(long, value_name = "TIME", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true, conflicts_with = "times")]
    until: Option<f64>,
    /// Times to record.
    #[arg(long, value_name = "T1,T2,…", value_parser = values::times, allow_hyphen_values = true)]
    times: Option<values::Times>,
    /// Hidden units of the simulated network; theory is that of linear units.
    #[arg(long, value_enum, default_value = "linear")]
    activation: Units,
    /// Follow one item and feature: will the network err on them for a while, when, how much?
    #[arg(long, value_name = "ITEM,FEATURE", allow_hyphen_values = true)]
    focus: Option<String>,
    /// Also draw how the hidden layer moves the items: embedding.{svg,pdf,png,csv}.
    #[arg(long)]
    embed: bool,
    /// Seed of the initial weights.
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    seed: u64,
    /// Directory for the results [default: out/learn-NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write into a directory that holds other files.
    #[arg(long)]
    force: bool,
    /// What the figures are drawn for.
    #[arg(long, value_enum, default_value = "paper")]
    style: Style,
    /// Larger steps, fewer times.
    #[arg(long)]
    quick: bool,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// How the weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Init {
    /// Along the modes of the task.
    Aligned,
    /// In random directions, neighboring layers balanced.
    Balanced,
    /// Independent Gaussian weights.
    Random,
    /// Two layers in random directions with balance λ (see --lambda).
    Lambda,
}

/// Hidden units of the simulated network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Units {
    Linear,
    Tanh,
    Relu,
}

/// Reads, predicts, simulates, draws.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let (data, name, inputs, read_warnings) = read(&args)?;
    let course = course(&args, data)?;
    let pair = args.focus.as_ref().map(|pair| focus::find(&course.data, pair)).transpose()?;
    let path = args.out.clone().unwrap_or_else(|| Path::new("out").join(format!("learn-{name}")));
    let out = OutDir::create(&path, args.force)?;
    interrupt::ends_the_program()?;
    // Refused before the long work, if it cannot be had.
    let embedded = told_if_slow(output, || embed(args.embed, &course)).map_err(by_flag)?;
    let (learned, focus) = told_if_slow(output, || {
        let focus = pair.map(|(item, feature)| Focus::of(&course, item, feature)).transpose()?;
        Ok::<_, Error>((course.run()?, focus))
    })
    .map_err(by_flag)?;
    let mut warnings: Vec<_> =
        read_warnings.into_iter().chain(learned.warnings.iter().cloned()).collect();
    warnings.extend(embedded.as_ref().and_then(Embedded::warnings));
    let mut sheets =
        vec![("learning", dynamics(&learned)), ("modes", modes(&learned, &course.data))];
    sheets.extend(focus.as_ref().map(|focus| ("focus", figures::own::focus::focus(focus))));
    sheets.extend(embedded.as_ref().map(|embedded| ("embedding", embedded.sheet())));
    let results = (&learned, focus.as_ref());
    let manifest = write(&args, &course, results, (inputs, warnings), &sheets, out)?;
    for warning in &manifest.warnings {
        output.warn(format_args!("warning: {warning}"));
    }
    if args.json {
        let mut document = document(&learned, &manifest)?;
        if let Some(focus) = &focus {
            document["focus"] = focus::to_json(focus);
        }
        if let Some(embedded) = &embedded {
            document["embedding"] = embedded.json();
        }
        output.json(&document)?;
    } else {
        let focus = focus.as_ref().map(focus::text).unwrap_or_default();
        let embedding = embedded.as_ref().map(Embedded::text).unwrap_or_default();
        output.data(&(text(&course.data, &learned) + &focus + &embedding))?;
    }
    let names: Vec<_> = manifest.outputs.iter().map(|file| file.file.as_str()).collect();
    output.note(format_args!("{}: {}", path.display(), names.join(", ")));
    let focus = focus.map(|focus| focus.agreements).unwrap_or_default();
    let holds = report::hold(&learned.agreements) && report::hold(&focus);
    Ok(if holds { Status::Success } else { Status::ToleranceExceeded })
}

/// Does the job, and says so if that takes longer than anyone likes to wait without a word.
fn told_if_slow<T>(output: &Output, job: impl FnOnce() -> T) -> T {
    let (done, waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                output.note(
                    "still learning (--quick is faster; until it is done nothing is written, and \
                     Ctrl-C loses nothing else)",
                );
            }
        });
        let result = job();
        drop(done);
        result
    })
}

/// The data, a name for it, the files it came from, and what to say about them.
fn read(args: &Args) -> Result<(Dataset, String, Vec<Input>, Vec<String>)> {
    let stem = |path: &Path| {
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
        stem.unwrap_or_else(|| "data".into())
    };
    if let (Some(x), Some(y)) = (&args.inputs, &args.targets) {
        let (data, warnings) = Dataset::read_pair(x, y)?;
        return Ok((data, stem(x), vec![Input::of(x)?, Input::of(y)?], warnings));
    }
    let Some(path) = &args.table else {
        return Err(Error::Usage("a TABLE, or --inputs and --targets, are needed".into()));
    };
    let built_in = task::TABLE_NAMES.iter().find(|name| path.as_os_str() == **name);
    if let Some(name) = built_in.filter(|_| !path.exists()) {
        return Ok((task::table(name)?, (*name).to_owned(), Vec::new(), Vec::new()));
    }
    let (data, warnings) = Dataset::read_table(path)?;
    Ok((data, stem(path), vec![Input::of(path)?], warnings))
}

fn course(args: &Args, data: Dataset) -> Result<Course> {
    let start = match (args.init, args.lambda) {
        (Init::Lambda, lambda) => Start::Lambda(lambda.unwrap_or(1.0)),
        (_, Some(_)) => return Err(Error::Usage("--lambda goes with --init lambda".into())),
        (Init::Aligned, None) => Start::Aligned,
        (Init::Balanced, None) => Start::Balanced,
        (Init::Random, None) => Start::Random,
    };
    Ok(Course {
        layers: args.layers,
        n_hidden: args.hidden,
        start,
        scale: args.scale,
        rate: args.rate,
        until: args.until,
        times: args.times.as_ref().map(|times| times.0.clone()),
        activation: match args.activation {
            Units::Linear => Activation::Linear,
            Units::Tanh => Activation::Tanh,
            Units::Relu => Activation::Relu,
        },
        seed: args.seed,
        quick: args.quick,
        ..Course::new(data)
    })
}

/// The library's parameter names as the flags that set them.
fn by_flag(error: Error) -> Error {
    const FLAGS: [(&str, &str); 8] = [
        ("layers", "--layers"),
        ("hidden units", "--hidden"),
        ("hidden width", "--hidden"),
        ("initial scale", "--scale"),
        ("learning rate", "--rate"),
        ("last time", "--until"),
        ("time", "--times"),
        ("lambda", "--lambda"),
    ];
    match error {
        Error::Parameter { name, value, allowed } => {
            let flag = FLAGS.iter().find(|(parameter, _)| *parameter == name);
            let name = flag.map_or(name, |(_, flag)| (*flag).to_owned());
            Error::Parameter { name, value, allowed }
        }
        other => other,
    }
}

fn write(
    args: &Args,
    course: &Course,
    (learned, focus): (&Report, Option<&Focus>),
    (inputs, warnings): (Vec<Input>, Vec<String>),
    sheets: &[(&str, Sheet)],
    mut out: OutDir,
) -> Result<Manifest> {
    // The figures are independent; PNG is the slow part.
    let drawn: Result<Vec<_>> =
        sheets.par_iter().map(|(_, sheet)| render(sheet, args.style)).collect();
    let drawn = drawn?;
    let _all_of_them = interrupt::hold();
    for ((name, _), files) in sheets.iter().zip(drawn) {
        for (extension, bytes) in files {
            out.write(&format!("{name}.{extension}"), &bytes)?;
        }
    }
    let mut manifest = Manifest::new(args.seed);
    manifest.command = command(args);
    manifest.settings = settings(args, course, learned);
    manifest.inputs = inputs;
    manifest.warnings = warnings;
    manifest.agreement.clone_from(&learned.agreements);
    manifest.agreement.extend(focus.into_iter().flat_map(|focus| focus.agreements.clone()));
    out.finish(manifest)
}

/// Arguments that give the same results again: what was typed and is not so by default.
fn command(args: &Args) -> Vec<String> {
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    let name = |value: Option<clap::builder::PossibleValue>| value.map(|v| v.get_name().to_owned());
    let times = args
        .times
        .as_ref()
        .map(|times| times.0.iter().map(|t| report::exact(*t)).collect::<Vec<_>>().join(","));
    let flags = [
        ("--inputs", args.inputs.as_ref().map(path)),
        ("--targets", args.targets.as_ref().map(path)),
        ("--layers", (args.layers != 2).then(|| args.layers.to_string())),
        ("--hidden", args.hidden.map(|n| n.to_string())),
        ("--scale", (args.scale != 0.03).then(|| report::exact(args.scale))),
        ("--init", name(args.init.to_possible_value()).filter(|init| init != "aligned")),
        ("--lambda", args.lambda.map(report::exact)),
        ("--rate", args.rate.map(report::exact)),
        ("--until", args.until.map(report::exact)),
        ("--times", times),
        ("--activation", name(args.activation.to_possible_value()).filter(|a| a != "linear")),
        ("--focus", args.focus.clone()),
        ("--seed", (args.seed != 0).then(|| args.seed.to_string())),
        ("--style", (args.style != Style::Paper).then(|| args.style.name().to_owned())),
    ];
    let mut command = vec!["learn".to_owned()];
    command.extend(args.table.as_ref().map(path));
    for (flag, value) in flags {
        command.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    let switches = [(args.embed, "--embed"), (args.quick, "--quick")];
    command.extend(switches.iter().filter(|(on, _)| *on).map(|(_, switch)| (*switch).to_owned()));
    command
}

/// Every setting with the value it had, defaults included.
fn settings(args: &Args, course: &Course, learned: &Report) -> Map<String, Value> {
    let grid = learned.prediction.grid();
    let lambda = if let Start::Lambda(lambda) = course.start { Some(lambda) } else { None };
    let init = args.init.to_possible_value().map(|v| v.get_name().to_owned());
    Map::from_iter([
        ("layers".into(), json!(course.layers)),
        ("hidden".into(), json!(learned.n_hidden)),
        ("scale".into(), json!(course.scale)),
        ("init".into(), json!(init)),
        ("lambda".into(), json!(lambda)),
        ("rate".into(), json!(learned.rate)),
        ("critical_rate".into(), json!(learned.critical_rate)),
        ("until".into(), json!(grid.last())),
        ("times".into(), json!(grid.len())),
        ("activation".into(), json!(course.activation.name())),
        ("embed".into(), json!(args.embed)),
        ("style".into(), json!(args.style.name())),
        ("quick".into(), json!(args.quick)),
        ("theory".into(), json!(learned.theory)),
    ])
}

fn document(learned: &Report, manifest: &Manifest) -> Result<Value> {
    let columns = |run: &Trajectory| {
        Value::Object(run.columns().map(|(name, values)| (name.into(), json!(values))).collect())
    };
    let n = learned.modes.len();
    Ok(json!({
        "schema": "solvable/learn/1",
        "modes": {
            "singular_values": learned.modes.singular_values.to_vec(),
            "input_variances": learned.modes.input_variances.iter().take(n).collect::<Vec<_>>(),
            "half_times": learned.half_times,
        },
        "commutator": learned.modes.commutator,
        "times": learned.prediction.grid(),
        "prediction": columns(&learned.prediction),
        "simulation": columns(&learned.simulation),
        "agreement": report::to_json(&learned.agreements),
        "manifest": manifest.to_json()?,
    }))
}

fn text(data: &Dataset, learned: &Report) -> String {
    let modes = &learned.modes;
    let mut text = format!(
        "{} examples, {} inputs, {} outputs; theory: {}; learning rate {} of at most {}\n\n",
        data.n_samples(),
        data.inputs.ncols(),
        data.targets.ncols(),
        learned.theory,
        report::number(learned.rate),
        report::number(learned.critical_rate),
    );
    let targets = modes.targets();
    let rows = (0..modes.len().min(LISTED)).map(|k| {
        vec![
            (k + 1).to_string(),
            report::number(modes.singular_values[k]),
            report::number(targets[k]),
            learned.half_times[k].map_or_else(|| "-".into(), report::number),
            sides(modes.v.column(k).iter().copied().collect(), &data.input_names),
            sides(modes.u.column(k).iter().copied().collect(), &data.feature_names),
        ]
    });
    let inputs = if data.input_names == data.item_names { "items" } else { "inputs" };
    let headings = ["mode", "s", "s/d", "half time", inputs, "features"];
    text += &report::columns(&headings, rows);
    if modes.len() > LISTED {
        text += &format!("… and {} weaker modes; --json has all\n", modes.len() - LISTED);
    }
    text.push('\n');
    text + &agreements(learned)
}

/// How well the listed modes and the loss agree, and whatever else is beyond its tolerance.
fn agreements(learned: &Report) -> String {
    let all = &learned.agreements;
    let unlisted = LISTED..learned.modes.len().max(LISTED);
    let shown = |(k, a): &(usize, &Agreement)| !unlisted.contains(k) || !a.holds();
    let shown: Vec<_> = all.iter().enumerate().filter(shown).map(|(_, a)| a.clone()).collect();
    let left_out = all.len() - shown.len();
    let mut text = report::table(&shown);
    if left_out > 0 {
        text += &format!("… and {left_out} weaker modes; --json has all\n");
    }
    text
}

/// The names a mode is most positive and most negative about.
fn sides(entries: Vec<f64>, names: &[String]) -> String {
    // On one line and not too long, whatever the table says.
    let shown = |name: &String| {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.chars().count() <= LONGEST {
            return name;
        }
        name.chars().take(LONGEST - 1).chain(['…']).collect()
    };
    let largest = entries.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let side = |sign: f64| {
        let mut order: Vec<usize> =
            (0..entries.len()).filter(|i| sign * entries[*i] > 0.25 * largest).collect();
        order.sort_by(|i, j| (sign * entries[*j]).total_cmp(&(sign * entries[*i])));
        let more = if order.len() > NAMES { ", …" } else { "" };
        let named: Vec<String> = order.iter().take(NAMES).map(|i| shown(&names[*i])).collect();
        named.join(", ") + more
    };
    match (side(1.0), side(-1.0)) {
        (plus, minus) if minus.is_empty() => format!("+ {plus}"),
        (plus, minus) if plus.is_empty() => format!("− {minus}"),
        (plus, minus) => format!("+ {plus}  − {minus}"),
    }
}
