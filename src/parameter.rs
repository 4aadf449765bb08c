//! The numbers that a figure or a learning curve depends on, each declared once.
//!
//! A declaration serves the option of the command line, a slider, the default and the check of the
//! range. Whoever declares a parameter reads its value by that declaration, so that a wrong key does
//! not compile; whoever sets one gives its name, and a wrong name is an error.
//!
//! ```
//! use solvable::parameter::{Parameter, ParameterKind, Values};
//!
//! const RATE: Parameter = Parameter {
//!     name: "rate",
//!     symbol: "η",
//!     unit: "",
//!     default: 0.1,
//!     low: 0.01,
//!     high: 1.0,
//!     kind: ParameterKind::Log,
//!     help: "learning rate",
//! };
//! let mut values = Values::defaults(&[RATE]);
//! values.set("rate", 0.5)?;
//! assert_eq!(values.get(&RATE), 0.5);
//! assert!(values.set("rate", 2.0).is_err() && values.set("speed", 0.5).is_err());
//! # Ok::<(), solvable::Error>(())
//! ```

use crate::{Error, Result};

/// A number that a reader may turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Name in `--set name=value` and `--over name=from..to`.
    pub name: &'static str,
    /// Symbol in the paper.
    pub symbol: &'static str,
    /// What it is counted in; empty for a pure number.
    pub unit: &'static str,
    /// The paper's value, or ours where it gives none.
    pub default: f64,
    /// Smallest allowed value.
    pub low: f64,
    /// Largest allowed value.
    pub high: f64,
    /// How a slider should run over the range.
    pub kind: ParameterKind,
    /// One line of help.
    pub help: &'static str,
}

/// How the values of a parameter are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// Evenly.
    Linear,
    /// By their logarithm.
    Log,
    /// Whole numbers.
    Integer,
}

impl Parameter {
    /// Whether it may have this value.
    ///
    /// # Errors
    /// The value is outside the range, or no whole number where one is needed.
    pub fn check(&self, value: f64) -> Result<()> {
        let Self { name, low, high, .. } = *self;
        if !(value >= low && value <= high) {
            let allowed = format!("it must be from {low} to {high}");
            return Err(Error::parameter(name, value, allowed));
        }
        if self.kind == ParameterKind::Integer && value.fract() != 0.0 {
            return Err(Error::parameter(name, value, "it must be a whole number"));
        }
        Ok(())
    }
}

/// A value for each parameter of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Values(Vec<(&'static Parameter, f64)>);

impl Values {
    /// Every parameter at its default.
    pub fn defaults(parameters: &'static [Parameter]) -> Self {
        Self(parameters.iter().map(|parameter| (parameter, parameter.default)).collect())
    }

    /// Value of the parameter of this name. One that is not on the list cannot be turned: it has its
    /// default.
    pub fn get(&self, parameter: &Parameter) -> f64 {
        let found = self.0.iter().find(|(listed, _)| listed.name == parameter.name);
        found.map_or(parameter.default, |(_, value)| *value)
    }

    /// The same, rounded to a whole number.
    pub fn integer(&self, parameter: &Parameter) -> usize {
        self.get(parameter).round() as usize
    }

    /// Turns one parameter.
    ///
    /// # Errors
    /// There is none of this name, or the value is not [allowed](Parameter::check).
    pub fn set(&mut self, name: &str, value: f64) -> Result<()> {
        self.listed(name)?.check(value)?;
        let same = self.0.iter_mut().filter(|(parameter, _)| parameter.name == name);
        same.for_each(|(_, old)| *old = value);
        Ok(())
    }

    /// The same values but for one.
    ///
    /// # Errors
    /// As [`Values::set`].
    pub fn with(&self, name: &str, value: f64) -> Result<Self> {
        let mut changed = self.clone();
        changed.set(name, value)?;
        Ok(changed)
    }

    /// All of them, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Parameter, f64)> {
        self.0.iter().copied()
    }

    /// The parameter of this name.
    ///
    /// # Errors
    /// There is none on the list.
    pub fn listed(&self, name: &str) -> Result<&'static Parameter> {
        let found = self.0.iter().find(|(parameter, _)| parameter.name == name);
        found.map(|(parameter, _)| *parameter).ok_or_else(|| Error::Unknown {
            kind: "parameter",
            name: name.to_owned(),
            nearest: self.0.iter().map(|(parameter, _)| parameter.name.to_owned()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Parameter = Parameter {
        name: "scale",
        symbol: "σ",
        unit: "",
        default: 0.1,
        low: 0.01,
        high: 1.0,
        kind: ParameterKind::Log,
        help: "scale of the initial weights",
    };
    const DEPTH: Parameter = Parameter {
        name: "depth",
        symbol: "L",
        default: 3.0,
        low: 1.0,
        high: 8.0,
        kind: ParameterKind::Integer,
        help: "number of layers",
        ..SCALE
    };
    const NARROW: Parameter = Parameter { default: 0.5, low: 0.4, ..SCALE };

    #[test]
    fn values_are_the_defaults_until_one_is_set() {
        let mut values = Values::defaults(&[SCALE, DEPTH]);
        values.set("depth", 5.0).unwrap();
        let found: Vec<_> =
            values.iter().map(|(parameter, value)| (parameter.name, value)).collect();
        assert_eq!(found, [("scale", 0.1), ("depth", 5.0)]);
        assert_eq!((values.get(&SCALE), values.integer(&DEPTH)), (0.1, 5));
        assert_eq!(values.with("scale", 1.0).unwrap().get(&SCALE), 1.0);
        assert_eq!(values.get(&SCALE), 0.1);
    }

    #[test]
    fn a_refused_value_changes_nothing_and_the_message_names_what_would_be_right() {
        let mut values = Values::defaults(&[SCALE, DEPTH]);
        for (name, value, says) in [
            ("scale", 2.0, "scale is 2: it must be from 0.01 to 1"),
            ("scale", f64::NAN, "scale is NaN: it must be from 0.01 to 1"),
            ("depth", 2.5, "depth is 2.5: it must be a whole number"),
            ("width", 2.0, "there is no parameter \"width\"; choose from scale, depth"),
        ] {
            assert_eq!(values.set(name, value).unwrap_err().to_string(), says);
        }
        assert_eq!(values, Values::defaults(&[SCALE, DEPTH]));
    }

    #[test]
    fn a_list_may_narrow_a_range_and_what_is_not_listed_has_its_default() {
        let values = Values::defaults(&[NARROW]);
        assert_eq!((values.get(&SCALE), values.get(&DEPTH)), (0.5, 3.0));
        assert!(values.with("scale", 0.2).is_err() && values.with("depth", 2.0).is_err());
    }
}
