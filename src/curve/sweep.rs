//! A learning curve along one of its parameters.

use super::Curve;
use crate::agreement::{FiniteSize, Tolerance};
use crate::parameter::Values;
use crate::{Axis, Result, Solvable, Trajectory};

/// A curve along one of its parameters, simulated at one size.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Which curve.
    pub curve: &'static Curve,
    /// The parameters that stay.
    pub at: Values,
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
        let mut at = Values::defaults(curve.parameters);
        for (name, value) in fixed {
            at.set(name, *value)?;
        }
        at.listed(over)?;
        Ok(Self { curve, at, over, axis, size })
    }

    fn recorded(
        &self,
        grid: &[f64],
        value: impl Fn(&Values) -> Result<Vec<f64>>,
    ) -> Result<Trajectory> {
        let mut columns = vec![Vec::with_capacity(grid.len()); self.curve.observables.len()];
        for x in grid {
            let values = value(&self.at.with(self.over, *x)?)?;
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        let mut trajectory = Trajectory::new(self.axis, grid);
        for (name, column) in self.curve.observables.iter().zip(columns) {
            trajectory.push(*name, column)?;
        }
        Ok(trajectory)
    }
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
