//! The verbs of the command line, one file or folder each.
//!
//! A verb is a struct of arguments (`Args`) and a function `run`. One that writes results flattens
//! [`ResultFlags`](result_flags::ResultFlags) into its arguments, opens a
//! [`Delivery`](deliver::Delivery) before the work and hands it an [`Outcome`](deliver::Outcome)
//! after; nothing else writes or prints for it. The others write their data with
//! [`Output::data`](output::Output::data) or [`Output::json`](output::Output::json).
//!
//! What all verbs share is done here: `--quiet` and `--threads`, the end on an interrupt, the command
//! that gives the same results again, and errors that speak of flags. No verb uses this file.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use solvable::Result;

use output::Output;
use status::Status;

mod check;
mod cite;
mod completions;
mod curve;
mod deliver;
mod echo;
mod environment;
mod figure;
mod flags;
mod gallery;
mod help;
mod interrupt;
mod kernel;
mod learn;
mod list;
mod memory;
mod names;
mod online;
mod output;
mod progress;
mod render;
mod report;
mod reproduce;
mod result_flags;
mod status;
mod values;
mod wide;

const EXAMPLES: &str = "\
Examples:
  solvable learn rumelhart
  solvable figure saxe2014_fig3
  solvable reproduce --quick
  solvable check";

const EXIT_STATUS: &str = "\
`solvable VERB --help` has the flags of a verb, and examples.

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
#[command(subcommand_value_name = "VERB")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// Say nothing but data, warnings and errors.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Threads to use, 0 for all; results do not depend on it.
    #[arg(long, global = true, value_name = "N", default_value = "0")]
    #[arg(value_parser = values::threads, allow_negative_numbers = true)]
    threads: usize,
}

#[derive(Debug, Subcommand)]
enum Verb {
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

/// Reads the command line and does what it says.
pub fn run() -> Result<Status> {
    let program = help::arranged(Cli::command());
    let matches = program.clone().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    start_threads(cli.threads)?;
    if !matches!(cli.verb, Verb::Reproduce(_)) {
        interrupt::ends_the_program()?;
    }
    let command = echo::words(&program, &matches);
    let verb = echo::verb(&program, &matches);
    let output = Output { quiet: cli.quiet };
    let done = match cli.verb {
        Verb::List(args) => list::run(args, &output),
        Verb::Figure(args) => figure::run(args, command, &output),
        Verb::Reproduce(args) => reproduce::run(args, command, &output),
        Verb::Learn(args) => learn::run(args, command, &output),
        Verb::Curve(args) => curve::run(args, command, &output),
        Verb::Environment(args) => environment::run(args, command, &output),
        Verb::Online(args) => online::run(args, command, &output),
        Verb::Kernel(args) => kernel::run(args, &output),
        Verb::Wide(args) => wide::run(args, command, &output),
        Verb::Check(args) => check::run(args, &output),
        Verb::Cite(args) => cite::run(args, &output),
        Verb::Completions(args) => completions::run(args, program.clone(), &output),
    };
    done.map_err(|error| flags::named(error, verb))
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
    use super::*;

    #[test]
    fn the_grammar_is_consistent() {
        help::arranged(Cli::command()).debug_assert();
    }
}
