//! What happens when the user stops the program.
//!
//! One of the two functions is called once. Termination and hang-up are treated alike.

use std::sync::{Mutex, MutexGuard, PoisonError};

use solvable::{Error, Result};

/// Exit status of an interrupted program: 128 and the number of the signal.
pub const EXIT_STATUS: u8 = 130;

/// Held while files are written that belong together.
static WRITING: Mutex<()> = Mutex::new(());

/// Ends the program on an interrupt, but not between files that belong together.
pub fn ends_the_program() -> Result<()> {
    calls(|| {
        let _none_half_written = hold();
        std::process::exit(EXIT_STATUS.into());
    })
}

/// Puts off an interrupt until the guard is dropped.
pub fn hold() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls the handler, on a thread of its own, instead of ending the program.
pub fn calls(handler: impl FnMut() + Send + 'static) -> Result<()> {
    ctrlc::set_handler(handler).map_err(|error| Error::Numerical {
        method: "listening for interrupts",
        reason: error.to_string(),
    })
}
