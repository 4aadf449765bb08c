//! Data to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use solvable::{Error, Result};

/// Where a verb says what.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether notes are left out.
    pub quiet: bool,
}

impl Output {
    /// Writes data to standard output. A reader who has seen enough (`| head`) is no error.
    pub fn data(&self, text: &str) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Output {
                path: "standard output".into(),
                problem: format!("writing failed ({error})"),
                remedy: "check where it is redirected to".into(),
            }),
            _ => Ok(()),
        }
    }

    /// Writes one JSON document to standard output.
    pub fn json(&self, document: &serde_json::Value) -> Result<()> {
        self.data(&format!("{document:#}\n"))
    }

    /// Tells a person what is going on, unless they asked for quiet.
    pub fn note(&self, text: impl Display) {
        if !self.quiet {
            self.warn(text);
        }
    }

    /// Tells a person what they have to know, quiet or not.
    pub fn warn(&self, text: impl Display) {
        // Nobody may be listening: nothing to be done about it, and no reason to stop.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}
