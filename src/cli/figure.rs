//! One figure of a paper.

use std::panic::catch_unwind;
use std::path::Path;

use serde_json::{Map, Value, json};
use solvable::figures::{self, Drawing, Effort, Figure, Settings};
use solvable::parameter::ParameterKind;
use solvable::{Error, Result};

use super::deliver::{Delivery, Outcome};
use super::output::Output;
use super::render::{EXTENSIONS, Style};
use super::result_flags::ResultFlags;
use super::status::Status;
use super::{names, report, values};

const EXAMPLES: &str = "\
Examples:
  solvable figure saxe2014_fig3
  solvable figure saxe2014_fig3 --quick --style slides --out slides
  solvable figure saxe2014_fig3 --controls";

/// Does simulation bear out the theory behind a figure of a paper?
///
/// Draws the figure, theory over simulation: SVG, PDF, PNG, the plotted numbers as CSV, and
/// manifest.json. Prints how far simulation and theory are apart; the exit status is 4 when a gap
/// exceeds its tolerance.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Which figure; `solvable list` shows all.
    name: String,
    /// Turn a number of the figure; may be repeated. `--controls` shows what there is.
    #[arg(long = "set", value_name = "NAME=NUMBER", value_parser = values::setting)]
    settings: Vec<(String, f64)>,
    /// List the numbers that can be turned, and draw nothing.
    #[arg(long)]
    controls: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    results: ResultFlags,
}

/// What the numbers of a figure depend on besides its controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct How {
    /// A smaller simulation, in seconds.
    #[arg(long)]
    pub quick: bool,
    /// Seed of all randomness.
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    pub seed: u64,
}

impl How {
    /// How much computation that is.
    pub fn effort(self) -> Effort {
        if self.quick { Effort::Quick } else { Effort::Paper }
    }

    /// The same for a manifest, with what the figure is drawn for.
    pub fn settings(self, style: Style) -> Map<String, Value> {
        let effort = if self.quick { "quick" } else { "paper" };
        Map::from_iter([("effort".into(), effort.into()), ("style".into(), style.name().into())])
    }
}

/// Draws the figure, or lists its controls.
pub fn run(args: Args, command: Vec<String>, output: &Output) -> Result<Status> {
    let figure = names::find("figure", &args.name, figures::ALL.iter(), |figure| figure.name)?;
    if args.controls {
        list_controls(figure, args.results.json, output)?;
        return Ok(Status::Success);
    }
    let settings = turned(figure, &args.settings, args.how)?;
    let default = Path::new("out").join(figure.name);
    let delivery = Delivery::open(&args.results, default, command.clone(), output)?;
    let Drawing { sheet, agreements } = draw(figure, &settings)?;
    let mut outcome = Outcome {
        sheets: vec![(figure.name, sheet)],
        settings: args.how.settings(args.results.style),
        seed: args.how.seed,
        text: report::table(&agreements),
        warnings: agreements.iter().filter_map(|a| exceeded(figure, a)).collect(),
        agreements,
        ..Outcome::default()
    };
    outcome.settings.insert("controls".into(), control_values(&settings));
    outcome.document = document(figure, delivery.out.path(), &command, &outcome);
    delivery.deliver(outcome)
}

/// Draws. A panic is a mistake in one figure, and the others are none the worse for it.
pub fn draw(figure: &Figure, settings: &Settings) -> Result<Drawing> {
    catch_unwind(|| (figure.draw)(settings)).unwrap_or_else(|_| {
        let reason = "it panicked, as told above; please report this".into();
        Err(Error::Numerical { method: "drawing the figure", reason })
    })
}

/// The figure's settings with some of them turned.
fn turned(figure: &Figure, changes: &[(String, f64)], how: How) -> Result<Settings> {
    let mut settings = figure.settings(how.effort(), how.seed);
    for (name, value) in changes {
        settings.values.set(name, *value).map_err(|error| match error {
            Error::Unknown { name, .. } => {
                let known = figure.parameters.iter().map(|p| p.name);
                let unknown = names::unknown("control", &name, known);
                Error::Usage(format!("{unknown}\n\n{}", controls(figure).trim_end()))
            }
            other => other,
        })?;
    }
    Ok(settings)
}

/// A warning where a gap exceeds its tolerance.
pub fn exceeded(figure: &Figure, agreement: &solvable::Agreement) -> Option<String> {
    let tolerance = agreement.tolerance.filter(|_| !agreement.holds())?;
    Some(format!(
        "{}: {} differs from theory by {}, more than its tolerance {} ({})",
        figure.name,
        agreement.observable,
        report::number(agreement.max_gap),
        report::number(tolerance),
        agreement.reason
    ))
}

/// The value of every control.
pub fn control_values(settings: &Settings) -> Value {
    let values = settings.values.iter().map(|(parameter, value)| {
        let integer = parameter.kind == ParameterKind::Integer;
        (parameter.name.to_owned(), if integer { json!(value as i64) } else { json!(value) })
    });
    Value::Object(values.collect())
}

fn document(figure: &Figure, path: &Path, command: &[String], outcome: &Outcome) -> Value {
    json!({
        "schema": "solvable/figure/1",
        "name": figure.name,
        "reference": figure.reference,
        "title": figure.title,
        "command": command,
        "settings": outcome.settings,
        "seed": outcome.seed,
        "directory": path.display().to_string(),
        "files": EXTENSIONS.map(|extension| format!("{}.{extension}", figure.name)),
        "agreement": report::to_json(&outcome.agreements),
        "verdict": report::verdict(&outcome.agreements),
    })
}

fn list_controls(figure: &Figure, json: bool, output: &Output) -> Result<()> {
    if !json {
        return output.data(&controls(figure));
    }
    let kind = |kind| match kind {
        ParameterKind::Linear => "linear",
        ParameterKind::Log => "log",
        ParameterKind::Integer => "integer",
    };
    let controls = figure.parameters.iter().map(|c| {
        json!({
            "name": c.name, "symbol": c.symbol, "default": c.default, "low": c.low,
            "high": c.high, "kind": kind(c.kind), "help": c.help,
        })
    });
    output.json(&json!({
        "schema": "solvable/controls/1",
        "figure": figure.name,
        "controls": controls.collect::<Vec<_>>(),
    }))
}

/// A figure's controls in columns.
fn controls(figure: &Figure) -> String {
    if figure.parameters.is_empty() {
        return format!("{} has no controls\n", figure.name);
    }
    let rows = figure.parameters.iter().map(|c| {
        let [default, low, high] = [c.default, c.low, c.high].map(report::exact);
        let range = format!("{low} to {high}");
        vec![c.name.into(), c.symbol.into(), default, range, c.help.into()]
    });
    report::columns(&["control", "symbol", "default", "range", "what it is"], rows)
}
