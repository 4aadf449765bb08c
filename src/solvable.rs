//! The one trait: a model that can be predicted and simulated.

use crate::agreement::{Agreement, Tolerance, compare};
use crate::math::parallel::in_parallel;
use crate::{Result, Trajectory};

/// A model of learning with two answers: theory and direct simulation.
///
/// One struct holds every parameter that both share (dimensions, learning rate, initial scale,
/// clock), so that conventions cannot drift apart between them.
pub trait Solvable: Sync {
    /// What theory says at each point of `grid`. No randomness.
    ///
    /// # Errors
    /// A parameter out of range, or an assumption of the theory that does not hold.
    fn predict(&self, grid: &[f64]) -> Result<Trajectory>;

    /// What training does, reproducible from `seed`, recorded at the same points.
    ///
    /// # Errors
    /// A parameter out of range, or training that diverges.
    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory>;

    /// The gap to expect between the two, derived from the same parameters (step size, size).
    ///
    /// It is part of the model because it is part of the theory: a prediction without its error
    /// cannot be refuted.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance>;
}

/// Simulates once per seed, side by side, results in the order of `seeds`.
///
/// # Errors
/// The first error in the order of `seeds`.
pub fn ensemble(model: &dyn Solvable, grid: &[f64], seeds: &[u64]) -> Result<Vec<Trajectory>> {
    in_parallel(seeds.len(), |i| model.simulate(grid, seeds[i]))
}

/// Holds a model's prediction against its simulation.
///
/// # Errors
/// As [`Solvable::predict`] and [`Solvable::simulate`].
pub fn check(model: &dyn Solvable, grid: &[f64], seeds: &[u64]) -> Result<Vec<Agreement>> {
    let prediction = model.predict(grid)?;
    let runs = ensemble(model, grid, seeds)?;
    compare(&prediction, &runs, Some(&model.tolerance(&prediction)?))
}
