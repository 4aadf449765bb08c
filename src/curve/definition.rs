//! A learning curve: quantities of a large random system as functions of its parameters.

use crate::{Error, Result};

/// A number that a curve depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Name in `--set name=value` and `--over name=from..to`.
    pub name: &'static str,
    /// Symbol in the papers.
    pub symbol: &'static str,
    /// Value unless another is given.
    pub default: f64,
    /// Smallest allowed value.
    pub low: f64,
    /// Largest allowed value.
    pub high: f64,
    /// One line of help.
    pub help: &'static str,
}

/// A value for each parameter of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Point(Vec<(&'static str, f64)>);

impl Point {
    /// Value of a parameter.
    ///
    /// # Panics
    /// If the curve did not declare it: a mistake in the curve, not of its user.
    pub fn get(&self, name: &str) -> f64 {
        let found = self.0.iter().find(|(n, _)| *n == name);
        found.unwrap_or_else(|| panic!("the curve declares no parameter {name}")).1
    }

    /// All values, in the order of the parameters.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.iter().copied()
    }
}

/// Quantities of a large random system as functions of its parameters: the theory of the infinite
/// system, a simulation of a finite one, and how far apart the two are expected to be.
#[derive(Debug)]
pub struct Curve {
    /// Name on the command line.
    pub name: &'static str,
    /// One line about what is predicted.
    pub summary: &'static str,
    /// BibTeX key of the theory.
    pub reference: &'static str,
    /// What it depends on.
    pub parameters: &'static [Parameter],
    /// Names of what is predicted.
    pub observables: &'static [&'static str],
    /// What the size of a simulation counts: the number that theory takes to infinity.
    pub size: &'static str,
    /// Numbers that a simulation of a size holds at once, to refuse what does not fit in memory.
    pub cells: fn(&Point, size: usize) -> f64,
    /// Every observable at a point. [`Error::Diverges`] where one is infinite.
    pub theory: fn(&Point) -> Result<Vec<f64>>,
    /// Every observable of one random system of a size.
    pub simulation: fn(&Point, size: usize, seed: u64) -> Result<Vec<f64>>,
    /// Expected distance between the mean of such systems and theory, for every observable. The
    /// last argument is what theory says there.
    pub bias: fn(&Point, size: usize, theory: &[f64]) -> Result<Vec<f64>>,
}

impl Curve {
    /// The point where every parameter has its default.
    pub fn default_point(&self) -> Point {
        Point(self.parameters.iter().map(|p| (p.name, p.default)).collect())
    }

    /// The same point with one parameter changed.
    ///
    /// # Errors
    /// No such parameter, or a value outside its range.
    pub fn with(&self, point: &Point, name: &str, value: f64) -> Result<Point> {
        let Some(i) = self.parameters.iter().position(|p| p.name == name) else {
            return Err(Error::Unknown {
                kind: "parameter",
                name: name.to_owned(),
                nearest: self.parameters.iter().map(|p| p.name.to_owned()).collect(),
            });
        };
        let Parameter { low, high, .. } = self.parameters[i];
        if !(value >= low && value <= high) {
            let allowed = format!("it must be from {low} to {high}");
            return Err(Error::parameter(name, value, allowed));
        }
        let mut changed = point.clone();
        changed.0[i].1 = value;
        Ok(changed)
    }
}
