//! Completion scripts for shells.

use clap::CommandFactory;
use clap_complete::Shell;
use solvable::Result;

use super::{Cli, Output, Status};

const EXAMPLES: &str = "\
Examples:
  solvable completions bash > ~/.local/share/bash-completion/completions/solvable
  solvable completions fish > ~/.config/fish/completions/solvable.fish";

/// Print a script that lets a shell complete commands and options.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Which shell.
    shell: Shell,
}

/// Prints the script.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "solvable", &mut script);
    output.data(&String::from_utf8_lossy(&script))?;
    Ok(Status::Success)
}
