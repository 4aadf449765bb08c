//! What can go wrong, said so that a person knows what to change.

/// Result of everything fallible in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error names the offending thing, its value, and what would be right.
///
/// A parameter has an *id*, its name in code: `rate` for the learning rate. Whoever calls a parameter
/// something else, as a command line with its flags does, finds it by its id, never by the words of a
/// message: [`of`](Self::of) puts it beside the name, and a remedy that speaks of a parameter has its
/// id in backquotes.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its allowed range.
    #[error("{name} is {value}: {allowed}")]
    Parameter {
        /// The parameter as the caller wrote it (`learning rate`, `--layers`).
        name: String,
        /// The offending value.
        value: String,
        /// What would be right, as a clause ("it must be …").
        allowed: String,
        /// Ids of the parameters whose value, or product, it is; set by [`of`](Error::of).
        ids: Vec<&'static str>,
    },
    /// An array of the wrong shape.
    #[error("{what} has shape {found}: expected {expected}")]
    Shape {
        /// Which array.
        what: String,
        /// Its shape.
        found: String,
        /// The shape that would be right.
        expected: String,
    },
    /// NaN or infinity where only numbers make sense.
    #[error("{what} holds {value} at {place}: only finite numbers are allowed")]
    NonFinite {
        /// Which array or curve.
        what: String,
        /// Where in it.
        place: String,
        /// `NaN`, `inf` or `-inf`.
        value: f64,
    },
    /// A theory asked for something outside its assumptions.
    #[error("{theory} does not apply: {reason}; {remedy}")]
    Assumption {
        /// Which theory.
        theory: &'static str,
        /// Which assumption fails, and by how much.
        reason: String,
        /// What to use instead.
        remedy: String,
    },
    /// A quantity that theory says is infinite.
    #[error("{what} diverges at {place}; {remedy}")]
    Diverges {
        /// Which quantity.
        what: String,
        /// Where: the parameters.
        place: String,
        /// What would make it finite.
        remedy: String,
    },
    /// A numerical method gave up.
    #[error("{method} failed: {reason}")]
    Numerical {
        /// Which method.
        method: &'static str,
        /// Why.
        reason: String,
    },
    /// A name that does not exist.
    #[error("there is no {kind} \"{name}\"{}", hint(.nearest))]
    Unknown {
        /// What was looked for (`figure`, `model`, `parameter`).
        kind: &'static str,
        /// The name given.
        name: String,
        /// The names to choose from, nearest first.
        nearest: Vec<String>,
    },
    /// A wrong combination or form of command-line arguments.
    #[error("{0}")]
    Usage(String),
    /// A file with unusable content.
    #[error("{place}: {problem}; {remedy}")]
    Data {
        /// File, with row and column where there is one.
        place: String,
        /// What is wrong, with the offending value.
        problem: String,
        /// What would be right.
        remedy: String,
    },
    /// A result that could not be written.
    #[error("{path}: {problem}; {remedy}")]
    Output {
        /// Where it should have gone.
        path: String,
        /// Why it did not.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
}

fn hint(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        [one] => format!("; did you mean \"{one}\"?"),
        many => format!("; choose from {}", many.join(", ")),
    }
}

impl Error {
    /// Shorthand for [`Error::Parameter`].
    pub fn parameter(
        name: impl Into<String>,
        value: impl std::fmt::Display,
        allowed: impl Into<String>,
    ) -> Self {
        let (name, value, allowed) = (name.into(), shown(&value), allowed.into());
        Self::Parameter { name, value, allowed, ids: Vec::new() }
    }

    /// Says by its id which parameter an [`Error::Parameter`] is about. If the value is the product of
    /// several, each is added in turn. Any other error stays as it is.
    #[must_use]
    pub fn of(mut self, id: &'static str) -> Self {
        if let Self::Parameter { ids, .. } = &mut self {
            ids.push(id);
        }
        self
    }

    /// Shorthand for [`Error::Shape`].
    pub fn shape(
        what: impl Into<String>,
        found: impl std::fmt::Debug,
        expected: impl Into<String>,
    ) -> Self {
        Self::Shape { what: what.into(), found: format!("{found:?}"), expected: expected.into() }
    }

    /// Exit status of the command line: 1 run failed, 2 usage, 3 data, 5 output.
    /// (0 is success, 4 a tolerance exceeded, 130 an interrupt.)
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Parameter { .. } | Self::Unknown { .. } | Self::Usage(_) => 2,
            Self::Data { .. } | Self::Shape { .. } | Self::NonFinite { .. } => 3,
            Self::Output { .. } => 5,
            Self::Assumption { .. } | Self::Diverges { .. } | Self::Numerical { .. } => 1,
        }
    }
}

/// A value as a message shows it: a number of many zeros by its exponent.
fn shown(value: &impl std::fmt::Display) -> String {
    let plain = value.to_string();
    match plain.parse::<f64>() {
        Ok(number) if plain.len() > 24 => format!("{number:e}"),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_beside_the_name_and_is_not_shown() {
        let plain = Error::parameter("learning rate", -1, "it must be positive");
        let known = plain.clone().of("rate");
        assert_eq!(plain.to_string(), known.to_string());
        let ids = |error: &Error| match error {
            Error::Parameter { ids, .. } => ids.clone(),
            other => panic!("{other}"),
        };
        assert!(ids(&plain).is_empty());
        assert_eq!(ids(&known.of("steps")), ["rate", "steps"]);
        let usage = Error::Usage("no".into());
        assert_eq!(usage.clone().of("rate"), usage);
    }

    #[test]
    fn numbers_of_many_zeros_are_shown_by_their_exponent() {
        let text = |value: f64| Error::parameter("edge", value, "it must be less").to_string();
        assert_eq!(text(1e300), "edge is 1e300: it must be less");
        assert_eq!(text(-2.5e-200), "edge is -2.5e-200: it must be less");
        assert_eq!(text(0.25), "edge is 0.25: it must be less");
        let word = "a name that is longer than any number";
        assert!(Error::parameter("item", word, "no").to_string().contains(word));
    }
}
