//! Every theory held against its simulation on this machine.

use rayon::prelude::*;
use serde_json::json;
use solvable::Result;
use solvable::models::{self, ModelCase};

use super::report::{self, Outcome};
use super::{Output, Status, interrupt, names, values};

const EXAMPLES: &str = "\
Examples:
  solvable check
  solvable check two-layer --seed 1 --seed 2
  solvable check --json";

/// Hold every model's theory against its simulation.
///
/// The exit status is 4 when a gap exceeds its tolerance.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// One model; by default, all.
    model: Option<String>,
    /// Seeds of the simulations, instead of each model's own; may be repeated.
    #[arg(long = "seed", value_name = "N", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    seeds: Vec<u64>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Checks and prints a table.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let cases: Vec<&ModelCase> = match &args.model {
        Some(name) => vec![names::find("model", name, models::all(), |case| case.name)?],
        None => models::all().collect(),
    };
    interrupt::ends_the_program()?;
    let seeds = |case: &ModelCase| -> Vec<u64> {
        if args.seeds.is_empty() { case.seeds.to_vec() } else { args.seeds.clone() }
    };
    let outcomes: Vec<Outcome> = cases
        .par_iter()
        .map(|case| Outcome {
            name: case.name,
            reference: case.reference,
            agreements: check(case, &seeds(case)),
        })
        .collect();
    for Outcome { name, agreements, .. } in &outcomes {
        if let Err(error) = agreements {
            output.warn(format_args!("{name}: {error}"));
        }
    }
    if args.json {
        let seeds: Vec<_> = cases.iter().map(|case| seeds(case)).collect();
        output.json(&document(&outcomes, &cases, &seeds))?;
    } else {
        output.data(&table(&outcomes))?;
    }
    report::status(&outcomes)
}

fn check(case: &ModelCase, seeds: &[u64]) -> Result<Vec<solvable::Agreement>> {
    let model = (case.model)(case.rate)?;
    solvable::check(model.as_ref(), case.grid, seeds)
}

fn table(outcomes: &[Outcome]) -> String {
    let rows = outcomes.iter().map(|outcome| {
        let mut row = vec![outcome.name.to_owned()];
        row.extend(outcome.worst_cells());
        row.push(outcome.verdict().to_owned());
        row
    });
    let headings = ["model", "worst observable", "max gap", "tolerance", "range", "verdict"];
    report::columns(&headings, rows)
}

fn document(outcomes: &[Outcome], cases: &[&ModelCase], seeds: &[Vec<u64>]) -> serde_json::Value {
    let models = outcomes.iter().zip(cases).zip(seeds).map(|((outcome, case), seeds)| {
        let (agreement, error) = match &outcome.agreements {
            Ok(agreements) => (report::to_json(agreements), None),
            Err(error) => (serde_json::Value::Null, Some(error.to_string())),
        };
        json!({
            "name": outcome.name, "reference": outcome.reference, "rate": case.rate,
            "seeds": seeds, "verdict": outcome.verdict(), "agreement": agreement, "error": error,
        })
    });
    let holds = matches!(report::status(outcomes), Ok(Status::Success));
    json!({
        "schema": "solvable/check/1",
        "models": models.collect::<Vec<_>>(),
        "holds": holds,
    })
}
