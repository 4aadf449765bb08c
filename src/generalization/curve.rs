//! A learning curve: quantities of a large random system as functions of its parameters.

use crate::agreement::{FiniteSize, Tolerance};
use crate::{Axis, Error, Result, Solvable, Trajectory};

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

/// A curve along one of its parameters, simulated at one size.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Which curve.
    pub curve: &'static Curve,
    /// The parameters that stay.
    pub at: Point,
    /// Name of the one that changes.
    pub over: &'static str,
    /// What that axis shows.
    pub axis: Axis,
    /// Size of the simulated systems.
    pub size: usize,
}

impl Sweep {
    /// The curve along `over`, all else at its default except for `fixed`.
    ///
    /// # Errors
    /// No such parameter, or a value outside its range.
    pub fn new(
        curve: &'static Curve,
        fixed: &[(&str, f64)],
        over: &'static str,
        axis: Axis,
        size: usize,
    ) -> Result<Self> {
        let mut at = curve.default_point();
        for (name, value) in fixed {
            at = curve.with(&at, name, *value)?;
        }
        curve.with(&at, over, at_default(curve, over))?;
        Ok(Self { curve, at, over, axis, size })
    }

    fn recorded(
        &self,
        grid: &[f64],
        value: impl Fn(&Point) -> Result<Vec<f64>>,
    ) -> Result<Trajectory> {
        let mut columns = vec![Vec::with_capacity(grid.len()); self.curve.observables.len()];
        for x in grid {
            let values = value(&self.curve.with(&self.at, self.over, *x)?)?;
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        let mut trajectory = Trajectory::new(self.axis, grid);
        for (name, column) in self.curve.observables.iter().zip(columns) {
            trajectory.push(*name, column)?;
        }
        Ok(trajectory)
    }
}

fn at_default(curve: &Curve, name: &str) -> f64 {
    curve.parameters.iter().find(|p| p.name == name).map_or(f64::NAN, |p| p.default)
}

/// What rounding in a simulation may leave of an observable.
fn rounding(values: &[f64]) -> f64 {
    1e-9 * values.iter().fold(0.0f64, |m, x| m.max(x.abs()))
}

impl Solvable for Sweep {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        self.recorded(grid, |point| (self.curve.theory)(point))
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.recorded(grid, |point| (self.curve.simulation)(point, self.size, seed))
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let biases = self.recorded(prediction.grid(), |point| {
            let theory = (self.curve.theory)(point)?;
            (self.curve.bias)(point, self.size, &theory)
        })?;
        Ok(Tolerance {
            gaps: prediction.columns().map(|(_, values)| rounding(values)).collect(),
            finite_size: Some(FiniteSize {
                biases: biases.columns().map(|(_, values)| values.to_vec()).collect(),
                standard_errors: 4.0,
            }),
            reason: "the expected bias of a finite system, and four standard errors of the mean",
        })
    }
}
