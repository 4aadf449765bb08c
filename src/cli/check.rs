//! Every theory held against its simulation on this machine.

use rayon::prelude::*;
use serde_json::json;
use solvable::contract::{CurveCase, ModelCase};
use solvable::models;
use solvable::{Agreement, Result};

use super::output::Output;
use super::report::{self, Judged};
use super::status::Status;
use super::{names, values};

const EXAMPLES: &str = "\
Examples:
  solvable check
  solvable check two-layer --seed 1 --seed 2
  solvable check --json";

/// Do theory and simulation agree on this machine?
///
/// Holds every model's theory against its simulation, and prints how far the two are apart. The exit
/// status is 4 when a gap exceeds its tolerance.
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

/// What can be checked: a course of learning, or a learning curve.
enum Case {
    Course(&'static ModelCase),
    Curve(&'static CurveCase),
}

impl Case {
    fn named(&self) -> (&'static str, &'static str) {
        match self {
            Self::Course(case) => (case.name, case.reference),
            Self::Curve(case) => (case.name, case.reference),
        }
    }

    /// The seeds given, or else its own. A curve is judged by its mean and needs several.
    fn seeds(&self, given: &[u64]) -> Vec<u64> {
        match self {
            Self::Course(case) if given.is_empty() => case.seeds.to_vec(),
            Self::Course(_) => given.to_vec(),
            Self::Curve(case) if given.is_empty() => (0..case.runs).collect(),
            // Runs of its usual number from each of the seeds given.
            Self::Curve(case) => given
                .iter()
                .flat_map(|seed| (0..case.runs).map(move |run| seed ^ (run << 32)))
                .collect(),
        }
    }

    fn check(&self, seeds: &[u64]) -> Result<Vec<Agreement>> {
        match self {
            Self::Course(case) => {
                solvable::check((case.model)(case.rate)?.as_ref(), case.grid, seeds)
            }
            Self::Curve(case) => {
                solvable::check((case.model)(case.size)?.as_ref(), case.grid, seeds)
            }
        }
    }
}

/// The model or curve of that name, or all.
fn chosen(name: Option<&str>) -> Result<Vec<Case>> {
    let all = models::all().map(Case::Course).chain(models::curves().map(Case::Curve));
    let mut cases: Vec<Case> = all.collect();
    if let Some(name) = name {
        if !cases.iter().any(|case| case.named().0 == name) {
            return Err(names::unknown("model", name, cases.iter().map(|case| case.named().0)));
        }
        cases.retain(|case| case.named().0 == name);
    }
    Ok(cases)
}

/// Checks and prints a table.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let cases = chosen(args.model.as_deref())?;
    let seeds: Vec<_> = cases.iter().map(|case| case.seeds(&args.seeds)).collect();
    let all: Vec<Judged> = cases
        .par_iter()
        .zip(&seeds)
        .map(|(case, seeds)| {
            let (name, reference) = case.named();
            Judged { name, reference, agreements: case.check(seeds) }
        })
        .collect();
    for Judged { name, agreements, .. } in &all {
        if let Err(error) = agreements {
            output.warn(format_args!("{name}: {error}"));
        }
    }
    if args.json {
        output.json(&document(&all, &cases, &seeds))?;
    } else {
        output.data(&table(&all))?;
    }
    report::status(&all)
}

fn table(all: &[Judged]) -> String {
    let rows = all.iter().map(|judged| {
        let mut row = vec![judged.name.to_owned()];
        row.extend(judged.worst_cells());
        row.push(judged.verdict().to_owned());
        row
    });
    let headings = ["model", "worst observable", "max gap", "tolerance", "range", "verdict"];
    report::columns(&headings, rows)
}

fn document(all: &[Judged], cases: &[Case], seeds: &[Vec<u64>]) -> serde_json::Value {
    let models = all.iter().zip(cases).zip(seeds).map(|((judged, case), seeds)| {
        let (agreement, error) = match &judged.agreements {
            Ok(agreements) => (report::to_json(agreements), None),
            Err(error) => (serde_json::Value::Null, Some(error.to_string())),
        };
        let mut entry = json!({
            "name": judged.name, "reference": judged.reference,
            "seeds": seeds, "verdict": judged.verdict(), "agreement": agreement, "error": error,
        });
        match case {
            Case::Course(case) => entry["rate"] = case.rate.into(),
            Case::Curve(case) => entry["size"] = case.size.into(),
        }
        entry
    });
    let holds = matches!(report::status(all), Ok(Status::Success));
    json!({
        "schema": "solvable/check/1",
        "models": models.collect::<Vec<_>>(),
        "holds": holds,
    })
}
