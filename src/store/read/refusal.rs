//! Refusing a file: the error, values cut short for its message, and the limit on numbers.

use crate::Error;

/// Most numbers accepted from one file: one gibibyte of them.
pub(crate) const MAX_VALUES: usize = 1 << 27;
/// What to do about a file with too many numbers.
pub(crate) const TOO_LARGE: &str =
    "use fewer examples or columns: the whole file is held in memory";

/// Shorthand for [`Error::Data`].
pub(crate) fn refuse(
    place: impl Into<String>,
    problem: impl Into<String>,
    remedy: impl Into<String>,
) -> Error {
    Error::Data { place: place.into(), problem: problem.into(), remedy: remedy.into() }
}

/// Text for a message: at most 40 characters, none of them a control character.
pub(crate) fn clip(text: &str) -> String {
    let mut shown: String =
        text.chars().take(40).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}
