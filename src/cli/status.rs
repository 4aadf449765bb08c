//! How a verb ended that did what it was asked.

use std::process::ExitCode;

use super::interrupt;

/// What the exit status says of a verb that did not fail.
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
