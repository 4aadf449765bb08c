//! Completion scripts for shells.

use clap_complete::Shell;
use solvable::Result;

use super::output::Output;
use super::status::Status;

const EXAMPLES: &str = "\
Examples:
  solvable completions bash > ~/.local/share/bash-completion/completions/solvable
  solvable completions fish > ~/.config/fish/completions/solvable.fish";

/// How does my shell complete commands and options?
///
/// Prints a script for the shell; where it goes is in the examples.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Which shell.
    shell: Shell,
}

/// Prints the script for the program.
pub fn run(args: Args, mut program: clap::Command, output: &Output) -> Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "solvable", &mut script);
    output.data(&String::from_utf8_lossy(&script))?;
    Ok(Status::Success)
}
