//! What to cite.

use solvable::{Result, citation, figures, models};

use super::names;
use super::output::Output;
use super::status::Status;

const EXAMPLES: &str = "\
Examples:
  solvable cite saxe2014
  solvable cite saxe2014_fig3 >> references.bib
  solvable cite";

/// Whose work is behind a figure or model?
///
/// Prints the BibTeX entry of the paper; without a name, all keys there are.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// A figure, a model or a BibTeX key; without it, all keys are listed.
    name: Option<String>,
}

/// Prints the entry, or the keys.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let text = match args.name {
        Some(name) => format!("{}\n", entry(&name)?),
        None => citation::keys().fold(String::new(), |text, key| text + key + "\n"),
    };
    output.data(&text)?;
    Ok(Status::Success)
}

fn entry(name: &str) -> Result<&'static str> {
    let figures = figures::ALL.iter().map(|figure| (figure.name, figure.reference));
    let models = models::all().map(|case| (case.name, case.reference));
    let curves = models::curves().map(|case| (case.name, case.reference));
    let named: Vec<_> = figures.chain(models).chain(curves).collect();
    let key = named.iter().find(|(n, _)| *n == name).map_or(name, |(_, reference)| reference);
    citation::bibtex(key).ok_or_else(|| {
        let names = citation::keys().chain(named.iter().map(|(name, _)| *name));
        names::unknown("work, figure or model", name, names)
    })
}
