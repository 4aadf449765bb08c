//! One figure of a paper.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use solvable::figures::{self, Drawing, Effort, Figure, Settings};
use solvable::parameter::ParameterKind;
use solvable::store::{Manifest, OutDir};
use solvable::{Error, Result};

use super::render::{Style, render};
use super::{Output, Status, interrupt, names, report, values};

const EXAMPLES: &str = "\
Examples:
  solvable figure saxe2014_fig3
  solvable figure saxe2014_fig3 --quick --style slides --out slides
  solvable figure saxe2014_fig3 --controls";

/// Draw one figure of a paper, theory over simulation.
///
/// Writes SVG, PDF, PNG, the plotted numbers as CSV, and manifest.json. Prints how far simulation
/// and theory are apart; the exit status is 4 when a gap exceeds its tolerance.
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
    /// Directory for the results [default: out/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write into a directory that holds other files.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    how: How,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// What the bytes of a figure depend on besides its controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct How {
    /// A smaller simulation, in seconds.
    #[arg(long)]
    pub quick: bool,
    /// Seed of all randomness.
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    pub seed: u64,
    /// What the figure is drawn for.
    #[arg(long, value_enum, default_value = "paper")]
    pub style: Style,
}

impl How {
    /// How much computation that is.
    pub fn effort(self) -> Effort {
        if self.quick { Effort::Quick } else { Effort::Paper }
    }

    /// The arguments that say the same; none for what is so by default.
    pub fn arguments(self) -> Vec<String> {
        let mut arguments = Vec::new();
        if self.quick {
            arguments.push("--quick".into());
        }
        if self.seed != 0 {
            arguments.extend(["--seed".into(), self.seed.to_string()]);
        }
        if self.style != Style::Paper {
            arguments.extend(["--style".into(), self.style.name().into()]);
        }
        arguments
    }

    /// The same for a manifest.
    pub fn settings(self) -> Map<String, Value> {
        let effort = if self.quick { "quick" } else { "paper" };
        Map::from_iter([
            ("effort".into(), effort.into()),
            ("style".into(), self.style.name().into()),
        ])
    }
}

/// Draws the figure, or lists its controls.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let figure = names::find("figure", &args.name, figures::ALL.iter(), |figure| figure.name)?;
    if args.controls {
        list_controls(figure, args.json, output)?;
        return Ok(Status::Success);
    }
    let settings = turned(figure, &args.settings, args.how)?;
    let path = args.out.unwrap_or_else(|| Path::new("out").join(figure.name));
    let out = OutDir::create(&path, args.force)?;
    interrupt::ends_the_program()?;
    let drawing = draw(figure, &settings)?;
    let manifest = write(figure, &settings, args.how, &drawing, out)?;
    for warning in &manifest.warnings {
        output.warn(format_args!("warning: {warning}"));
    }
    if args.json {
        output.json(&document(figure, &path, &manifest, &drawing))?;
    } else {
        output.data(&report::table(&drawing.agreements))?;
    }
    let names: Vec<_> = manifest.outputs.iter().map(|file| file.file.as_str()).collect();
    output.note(format_args!("{}: {}", path.display(), names.join(", ")));
    let holds = report::hold(&drawing.agreements);
    Ok(if holds { Status::Success } else { Status::ToleranceExceeded })
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

fn write(
    figure: &Figure,
    settings: &Settings,
    how: How,
    drawing: &Drawing,
    mut out: OutDir,
) -> Result<Manifest> {
    let files = render(&drawing.sheet, how.style)?;
    let _all_of_them = interrupt::hold();
    for (extension, bytes) in files {
        out.write(&format!("{}.{extension}", figure.name), &bytes)?;
    }
    let mut manifest = Manifest::new(how.seed);
    manifest.command = vec!["figure".into(), figure.name.into()];
    for (parameter, value) in settings.values.iter() {
        if value != parameter.default {
            let setting = format!("{}={}", parameter.name, report::exact(value));
            manifest.command.extend(["--set".into(), setting]);
        }
    }
    manifest.command.extend(how.arguments());
    manifest.settings = how.settings();
    manifest.settings.insert("controls".into(), control_values(settings));
    manifest.warnings = drawing.agreements.iter().filter_map(|a| exceeded(figure, a)).collect();
    manifest.agreement.clone_from(&drawing.agreements);
    out.finish(manifest)
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

fn document(figure: &Figure, path: &Path, manifest: &Manifest, drawing: &Drawing) -> Value {
    let files: Vec<_> = manifest.outputs.iter().map(|output| &output.file).collect();
    json!({
        "schema": "solvable/figure/1",
        "name": figure.name,
        "reference": figure.reference,
        "title": figure.title,
        "command": manifest.command,
        "settings": manifest.settings,
        "seed": manifest.seed,
        "directory": path.display().to_string(),
        "files": files,
        "agreement": report::to_json(&drawing.agreements),
        "verdict": report::verdict(&drawing.agreements),
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
