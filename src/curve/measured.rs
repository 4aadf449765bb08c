//! A learning curve along one of its parameters, predicted and measured.

use super::{Curve, Sweep};
use crate::math::parallel::in_parallel;
use crate::parameter::Values;
use crate::trajectory::mean_over_runs;
use crate::{Agreement, Axis, Error, Result, Solvable, compare};

/// What to predict and what to simulate.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// Which curve.
    pub curve: &'static Curve,
    /// The parameters that stay.
    pub at: Values,
    /// Name of the one that changes.
    pub over: &'static str,
    /// Its values.
    pub grid: Vec<f64>,
    /// The simulation; none for theory alone.
    pub simulation: Option<Simulation>,
}

/// Finite systems to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Values of the parameter that changes.
    pub grid: Vec<f64>,
    /// Size of each system.
    pub size: usize,
    /// Number of systems at each point, at least two.
    pub runs: usize,
    /// Seed of the first; the others follow.
    pub seed: u64,
}

/// What came of a [`Measurement`].
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// By observable, one value for each point of the grid; `None` where theory diverges.
    pub theory: Vec<Vec<Option<f64>>>,
    /// The points where theory diverges, and why.
    pub breaks: Vec<(f64, String)>,
    /// The simulation, where there is one and theory is finite at some of its points.
    pub simulated: Option<Simulated>,
}

/// Statistics of simulated systems.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// Values of the parameter that changes, without those where theory diverges, or the mean over
    /// systems of this size.
    pub grid: Vec<f64>,
    /// Mean over runs, by observable.
    pub mean: Vec<Vec<f64>>,
    /// Standard error of that mean, by observable.
    pub standard_error: Vec<Vec<f64>>,
    /// How far theory and the mean are apart.
    pub agreements: Vec<Agreement>,
}

impl Measurement {
    /// Predicts, simulates and compares.
    ///
    /// # Errors
    /// No such parameter, a value outside its range, fewer than two runs, or a method that failed.
    pub fn run(&self) -> Result<Measured> {
        let mut theory = vec![Vec::with_capacity(self.grid.len()); self.curve.observables.len()];
        let mut breaks = Vec::new();
        for x in &self.grid {
            let values = match (self.curve.theory)(&self.at.with(self.over, *x)?) {
                Ok(values) => values.into_iter().map(Some).collect(),
                Err(error @ Error::Diverges { .. }) => {
                    breaks.push((*x, error.to_string()));
                    vec![None; theory.len()]
                }
                Err(other) => return Err(other),
            };
            theory.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        let simulated = self.simulation.as_ref().map(|s| self.simulated(s)).transpose()?;
        Ok(Measured { theory, breaks, simulated: simulated.flatten() })
    }

    fn simulated(&self, simulation: &Simulation) -> Result<Option<Simulated>> {
        let Simulation { grid, size, runs, seed } = simulation;
        let axis = if self.over == "alpha" { Axis::Load } else { Axis::Parameter };
        let sweep =
            Sweep { curve: self.curve, at: self.at.clone(), over: self.over, axis, size: *size };
        // Where theory diverges there is nothing to compare a finite system with, and where the mean
        // over systems diverges (49 to 51 examples of 50 inputs) there is nothing to measure.
        let mut finite = Vec::with_capacity(grid.len());
        for x in grid {
            let point = self.at.with(self.over, *x)?;
            let theory = (self.curve.theory)(&point);
            match theory.and_then(|theory| (self.curve.bias)(&point, *size, &theory)) {
                Ok(_) => finite.push(*x),
                Err(Error::Diverges { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        if finite.is_empty() {
            return Ok(None);
        }
        let prediction = sweep.predict(&finite)?;
        let tolerance = sweep.tolerance(&prediction)?;
        let draws =
            in_parallel(*runs, |run| sweep.simulate(&finite, seed.wrapping_add(run as u64)))?;
        let agreements = compare(&prediction, &draws, Some(&tolerance))?;
        let (mean, standard_error) =
            self.curve.observables.iter().map(|name| mean_over_runs(&draws, name)).unzip();
        Ok(Some(Simulated { grid: finite, mean, standard_error, agreements }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::find_curve;

    fn measurement(grid: Vec<f64>) -> Measurement {
        let curve = find_curve("ridge").unwrap();
        let at = Values::defaults(curve.parameters).with("ridge", 0.0).unwrap();
        let simulation = Simulation { grid: grid.clone(), size: 40, runs: 50, seed: 1 };
        Measurement { curve, at, over: "alpha", grid, simulation: Some(simulation) }
    }

    #[test]
    fn a_divergence_is_a_break_with_a_reason_and_nothing_is_simulated_there() {
        let found = measurement(vec![0.5, 1.0, 2.0]).run().unwrap();
        assert_eq!(found.theory[0], [Some(0.2 + 0.5 + 0.2), None, Some(0.4)]);
        assert_eq!(found.breaks.len(), 1);
        assert!(found.breaks[0].0 == 1.0 && found.breaks[0].1.contains("diverges"));
        let simulated = found.simulated.unwrap();
        assert_eq!(simulated.grid, [0.5, 2.0]);
        assert!(simulated.agreements.iter().all(Agreement::holds));
        assert!(simulated.standard_error.iter().flatten().all(|e| e.is_finite()));
    }

    #[test]
    fn points_without_a_finite_mean_are_not_simulated() {
        let curve = find_curve("least-squares").unwrap();
        let grid = vec![0.5, 0.98, 1.0, 1.02, 2.0];
        let simulation = Simulation { grid: grid.clone(), size: 50, runs: 20, seed: 1 };
        let at = Values::defaults(curve.parameters);
        let near = Measurement { curve, at, over: "alpha", grid, simulation: Some(simulation) };
        let found = near.run().unwrap();
        assert_eq!(found.simulated.unwrap().grid, [0.5, 2.0]);
        assert_eq!(found.theory[0].iter().filter(|e| e.is_none()).count(), 1);
        assert_eq!(measurement(vec![1.0]).run().unwrap().simulated, None);
    }

    #[test]
    fn a_single_run_and_values_out_of_range_are_refused() {
        let mut one = measurement(vec![0.5, 2.0]);
        if let Some(simulation) = &mut one.simulation {
            simulation.runs = 1;
        }
        assert!(one.run().unwrap_err().to_string().contains("number of runs"));
        assert!(measurement(vec![-1.0]).run().unwrap_err().to_string().contains("alpha"));
        assert!(Measurement { over: "beta", ..measurement(vec![1.0]) }.run().is_err());
    }
}
