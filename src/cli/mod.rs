//! The verbs of the command line, one file each.
//!
//! A verb is a struct of arguments (`Args`) and a function `run(args, &Output) -> Result<Status>`.
//! What all verbs share (`--quiet`, `--threads`) is applied before: a verb writes its data with
//! [`Output::data`] or [`Output::json`], all else with [`Output::note`], and starts no pool of its
//! own.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use solvable::Result;

mod check;
mod cite;
mod completions;
mod curve;
mod curve_from;
mod curve_parameters;
mod embed;
mod environment;
mod figure;
mod focus;
mod gallery;
mod interrupt;
mod kernel;
mod learn;
mod list;
mod names;
mod online;
mod output;
mod progress;
mod render;
mod report;
mod reproduce;
mod values;
mod wide;
mod wide_results;

pub use output::Output;

const EXAMPLES: &str = "\
Examples:
  solvable learn rumelhart
  solvable figure saxe2014_fig3
  solvable reproduce --quick
  solvable check";

const EXIT_STATUS: &str = "\
Exit status:
  0    success
  1    the run failed
  2    wrong usage
  3    unusable data
  4    theory and simulation differ by more than their tolerance
  5    results could not be written
  130  interrupted; finished files are kept";

/// Exact theory of learning in idealized neural networks, held against simulation.
#[derive(Debug, Parser)]
#[command(name = "solvable", version, before_help = EXAMPLES, after_help = EXIT_STATUS)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say nothing but data, warnings and errors.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Threads to use, 0 for all; results do not depend on it.
    #[arg(long, global = true, value_name = "N", default_value = "0")]
    #[arg(value_parser = values::threads, allow_negative_numbers = true)]
    threads: usize,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Figure(figure::Args),
    Reproduce(reproduce::Args),
    Learn(learn::Args),
    Curve(curve::Args),
    Environment(environment::Args),
    Online(online::Args),
    Kernel(kernel::Args),
    Wide(wide::Args),
    Check(check::Args),
    Cite(cite::Args),
    Completions(completions::Args),
}

/// How a verb ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All is well.
    Success,
    /// Theory and simulation differ by more than their tolerance.
    ToleranceExceeded,
    /// The user stopped it.
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Success => 0,
            Status::ToleranceExceeded => 4,
            Status::Interrupted => interrupt::EXIT_STATUS,
        })
    }
}

/// Runs the verb.
pub fn run(cli: Cli) -> Result<Status> {
    let output = Output { quiet: cli.quiet };
    start_threads(cli.threads)?;
    match cli.command {
        Command::List(args) => list::run(args, &output),
        Command::Figure(args) => figure::run(args, &output),
        Command::Reproduce(args) => reproduce::run(args, &output),
        Command::Learn(args) => learn::run(args, &output),
        Command::Curve(args) => curve::run(args, &output),
        Command::Environment(args) => environment::run(args, &output),
        Command::Online(args) => online::run(args, &output),
        Command::Kernel(args) => kernel::run(args, &output),
        Command::Wide(args) => wide::run(args, &output),
        Command::Check(args) => check::run(args, &output),
        Command::Cite(args) => cite::run(args, &output),
        Command::Completions(args) => completions::run(args, &output),
    }
}

/// Sets the number of threads. Left alone, the pool starts with all when it is first used.
fn start_threads(threads: usize) -> Result<()> {
    if threads == 0 {
        return Ok(());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().map_err(|error| solvable::Error::Numerical {
        method: "starting threads",
        reason: format!("{error}; ask for fewer with --threads"),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The lines of a help text that show a command.
    fn examples(command: &mut clap::Command) -> Vec<String> {
        let help = command.render_long_help().to_string();
        assert!(help.starts_with("Examples:\n"), "{help}");
        let lines = help.lines().skip(1).take_while(|line| line.starts_with("  "));
        lines.map(|line| line.trim().to_owned()).collect()
    }

    /// Words of a line as a shell takes them: what stands in double quotes is one.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (i, part) in line.split('"').enumerate() {
            match i % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        words
    }

    #[test]
    fn the_grammar_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_starts_with_two_examples_that_parse() {
        let mut all = examples(&mut Cli::command());
        for verb in Cli::command().get_subcommands_mut() {
            let name = verb.get_name().to_owned();
            let found = examples(verb);
            assert!(found.len() >= 2, "{name} has {} examples", found.len());
            for example in &found {
                assert!(example.starts_with(&format!("solvable {name}")), "{example}");
            }
            all.extend(found);
            for kind in verb.get_subcommands_mut() {
                let name = format!("solvable {name} {}", kind.get_name());
                let found = examples(kind);
                assert!(found.len() >= 2, "{name} has {} examples", found.len());
                assert!(found.iter().all(|example| example.starts_with(&name)), "{found:?}");
                all.extend(found);
            }
        }
        for example in all {
            let words = words(example.split(['|', '>']).next().unwrap_or_default());
            if let Err(error) = Cli::command().try_get_matches_from(words) {
                panic!("{example}: {error}");
            }
        }
    }
}
