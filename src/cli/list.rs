//! What there is.

use serde_json::json;
use solvable::{Result, figures, models};

use super::output::Output;
use super::report;
use super::status::Status;

const EXAMPLES: &str = "\
Examples:
  solvable list
  solvable list --json";

/// What theories, learning curves and figures are there?
///
/// Lists the figures, the models and the learning curves, each with its paper.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Lists them.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    if args.json {
        output.json(&document())?;
    } else {
        output.data(&text())?;
    }
    Ok(Status::Success)
}

fn document() -> serde_json::Value {
    let figures = figures::ALL.iter().map(
        |figure| json!({"name": figure.name, "reference": figure.reference, "title": figure.title}),
    );
    let models = models::all().map(
        |case| json!({"name": case.name, "reference": case.reference, "summary": case.summary}),
    );
    let curves = models::curves().map(
        |case| json!({"name": case.name, "reference": case.reference, "summary": case.summary}),
    );
    json!({
        "schema": "solvable/list/1",
        "figures": figures.collect::<Vec<_>>(),
        "models": models.collect::<Vec<_>>(),
        "curves": curves.collect::<Vec<_>>(),
    })
}

fn text() -> String {
    let row = |name: &str, reference: &str, what: &str| {
        vec![name.to_owned(), reference.to_owned(), what.to_owned()]
    };
    let figures =
        figures::ALL.iter().map(|figure| row(figure.name, figure.reference, figure.title));
    let models = models::all().map(|case| row(case.name, case.reference, case.summary));
    let curves = models::curves().map(|case| row(case.name, case.reference, case.summary));
    format!(
        "{}\n{}\n{}",
        report::columns(&["figure", "paper", "what it shows"], figures),
        report::columns(&["model", "paper", "what it predicts"], models),
        report::columns(&["curve", "paper", "what it predicts"], curves),
    )
}
