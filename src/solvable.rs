//! The one trait: a model that can be predicted and simulated.

use crate::agreement::{Agreement, Tolerance, compare};
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

/// Runs two jobs side by side.
#[cfg(feature = "parallel")]
pub(crate) fn join<A: Send, B: Send>(
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    rayon::join(a, b)
}

/// Runs two jobs one after the other.
#[cfg(not(feature = "parallel"))]
pub(crate) fn join<A, B>(a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
    (a(), b())
}

/// Runs `job` for 0, 1, …, `n` − 1 side by side; results in order, so that nothing depends on the
/// number of threads.
pub(crate) fn in_parallel<T: Send>(
    n: usize,
    job: impl Fn(usize) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    in_parallel_with(n, || (), |(), i| job(i))
}

/// The same with room to work in, which jobs one after another share.
pub(crate) fn in_parallel_with<R, T: Send>(
    n: usize,
    room: impl Fn() -> R + Sync + Send,
    job: impl Fn(&mut R, usize) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..n).into_par_iter().map_init(room, job).collect()
    }
    #[cfg(not(feature = "parallel"))]
    {
        let mut room = room();
        (0..n).map(|i| job(&mut room, i)).collect()
    }
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
