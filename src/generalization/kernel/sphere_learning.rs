//! Kernel regression on one sphere along the number of samples: the parts of the error, degree by degree.
//!
//! The learning curve of [`curve`](super::curve) takes the number of copies of the sphere to infinity at a
//! fixed number of samples of each. Here there is one sphere, as in experiments, and the number of samples
//! is the axis.

use super::curve::SphereRegression;
use crate::agreement::{FiniteSize, Tolerance};
use crate::{Axis, Error, Result, Solvable, Trajectory};

/// Samples by which theory is off.
const SHIFT: f64 = 1.5;

/// Kernel regression on the sphere. The grid counts samples.
///
/// Observables: `degree 1`, … the error in each listed degree, or `error without label noise` if none is.
/// Simulated errors are averaged exactly over the sphere.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereLearning {
    /// Kernel, target and noise.
    pub regression: SphereRegression,
    /// Degrees of the target whose errors are recorded; none for their sum.
    pub degrees: Vec<usize>,
}

impl SphereLearning {
    /// Records errors of all degrees and the test error with noise, point by point.
    fn record(&self, grid: &[f64], rows: &[(Vec<f64>, f64)]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Samples, grid);
        for degree in &self.degrees {
            let part = |(parts, _): &(Vec<f64>, f64)| {
                parts.get(*degree).copied().ok_or_else(|| {
                    Error::parameter("degree", degree, "the target and the kernel must have it")
                })
            };
            let column = rows.iter().map(part).collect::<Result<_>>()?;
            trajectory.push(format!("degree {degree}"), column)?;
        }
        if self.degrees.is_empty() {
            let column = rows.iter().map(|(_, error)| error - self.regression.noise).collect();
            trajectory.push("error without label noise", column)?;
        }
        Ok(trajectory)
    }
}

impl Solvable for SphereLearning {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let most = grid.iter().fold(1.0f64, |a, b| a.max(*b));
        let theory = self.regression.theory(most)?;
        let rows: Vec<(Vec<f64>, f64)> =
            theory.learn(grid)?.iter().map(|at| (theory.mode_errors(at), at.test_error)).collect();
        self.record(grid, &rows)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let rows = grid
            .iter()
            .map(|samples| {
                if samples.fract() != 0.0 || !(1.0..1e9).contains(samples) {
                    let allowed = "it must be a whole number, at least 1";
                    return Err(Error::parameter("number of samples", samples, allowed));
                }
                let run = self.regression.simulate(*samples as usize, 1, seed)?;
                Ok((run.mode_errors, run.test_error))
            })
            .collect::<Result<Vec<_>>>()?;
        self.record(grid, &rows)
    }

    /// The bias of the curve `kernel`: a shift by 1.5 samples, and one part in P.
    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let grid = prediction.grid();
        let shifted = |by: f64| {
            let moved: Vec<f64> = grid.iter().map(|p| p + by).collect();
            self.predict(&moved)
        };
        let shifted = [shifted(-SHIFT)?, shifted(SHIFT)?];
        let biases = prediction.columns().map(|(name, here)| {
            let gap = |i: usize| {
                let there = shifted.iter().filter_map(|run| run.get(name));
                let apart = there.map(|values| (values[i] - here[i]).abs());
                apart.fold(0.0, f64::max) + here[i] / grid[i]
            };
            (0..here.len()).map(gap).collect()
        });
        Ok(Tolerance {
            gaps: vec![0.0; prediction.columns().len()],
            finite_size: Some(FiniteSize { biases: biases.collect(), standard_errors: 4.0 }),
            reason: "the expected bias of a finite sample, and four standard errors of the mean",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::generalization::kernel::sphere::Kernel;

    #[test]
    fn parts_of_the_error_are_as_predicted_and_less_than_all_of_it() {
        let regression = SphereRegression {
            kernel: Kernel::Tangent { depth: 1 },
            dimension: 10,
            powers: vec![0.0, 0.5, 0.5],
            ridge: 0.0,
            noise: 0.0,
        };
        let parts = SphereLearning { regression: regression.clone(), degrees: vec![1, 2] };
        let all = SphereLearning { regression, degrees: Vec::new() };
        let grid = [10.0, 40.0];
        let seeds: Vec<u64> = (0..12).collect();
        assert!(check(&parts, &grid, &seeds).unwrap().iter().all(|a| a.holds()));
        let (parts, all) = (parts.predict(&grid).unwrap(), all.predict(&grid).unwrap());
        let sum: f64 = parts.columns().map(|(_, values)| values[1]).sum();
        let whole = all.get("error without label noise").unwrap()[1];
        // What is missing is what leaks into degrees that the target does not have.
        assert!(sum < whole && sum > 0.9 * whole, "{sum} {whole}");
        let none = SphereLearning { degrees: vec![100_000], ..simple() };
        assert!(none.predict(&grid).is_err());
        assert!(simple().simulate(&[2.5], 0).is_err());
    }

    fn simple() -> SphereLearning {
        let regression = SphereRegression {
            kernel: Kernel::Tangent { depth: 1 },
            dimension: 5,
            powers: vec![0.0, 1.0],
            ridge: 0.0,
            noise: 0.0,
        };
        SphereLearning { regression, degrees: Vec::new() }
    }
}
