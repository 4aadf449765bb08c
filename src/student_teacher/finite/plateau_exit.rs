//! When students leave the symmetric plateau: the equations and networks, from random starts of any size.

use ndarray::{Array1, Array2};

use super::online_descent::OnlineDescent;
use crate::math::parallel::in_parallel;
use crate::math::statistics::{fitted_slope, mean_and_error, student_gate};
use crate::net::Nonlinearity;
use crate::student_teacher::flow::plateau::{Passage, SymmetricPlateau, asymmetry, passage};
use crate::student_teacher::flow::{Learning, generalization_error, solve};
use crate::student_teacher::order_parameters::OrderParameters;
use crate::{Agreement, Error, Result};

/// Error, in units of the plateau's height, at which students count as specialized.
const SPECIALIZED: f64 = 0.5;
/// A network is looked at every so many examples per input.
const LOOK: f64 = 0.25;
/// Escape times after which a network is not waited for.
const PATIENCE: f64 = 60.0;
/// Inputs of the start from which the plateau is looked for; it does not depend on them.
const TYPICAL: usize = 1000;

/// As many students as teachers, readouts of one, random weights.
#[derive(Debug, Clone)]
pub struct PlateauExit {
    activation: Nonlinearity,
    learning: Learning,
    units: usize,
    scale: f64,
    plateau: SymmetricPlateau,
}

/// Times of specialization, in examples per input.
#[derive(Debug, Clone, PartialEq)]
pub struct ExitTimes {
    /// Numbers of inputs.
    pub sizes: Vec<usize>,
    /// For each size, run by run.
    pub times: Vec<Vec<f64>>,
}

impl PlateauExit {
    /// With `units` orthogonal teachers, and students whose weights have the standard deviation `scale`.
    ///
    /// # Errors
    /// As [`SymmetricPlateau::of`].
    pub fn new(
        activation: Nonlinearity,
        learning: Learning,
        units: usize,
        scale: f64,
    ) -> Result<Self> {
        let start = random_start(units, scale, TYPICAL, 0)?;
        let plateau = SymmetricPlateau::of(activation, &learning, &start)?;
        Ok(Self { activation, learning, units, scale, plateau })
    }

    /// The plateau.
    pub fn plateau(&self) -> &SymmetricPlateau {
        &self.plateau
    }

    fn start(&self, n_in: usize, seed: u64) -> Result<OrderParameters> {
        random_start(self.units, self.scale, n_in, seed)
    }

    fn error(&self, state: &OrderParameters) -> f64 {
        let covariance: Vec<f64> = state.covariance().iter().copied().collect();
        generalization_error(self.activation, &covariance, &state.signed_readouts())
    }

    /// Generalization error and differences between students at each time, by the equations from one
    /// random start in `n_in` dimensions.
    ///
    /// # Errors
    /// As [`OrderParameters::random_student`] and [`solve`].
    pub fn course(&self, n_in: usize, seed: u64, times: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        let start = self.start(n_in, seed)?;
        let states = solve(self.activation, &self.learning, &start, times)?;
        Ok(states.iter().map(|state| (self.error(state), asymmetry(state))).unzip())
    }

    /// Exits by the equations of infinitely many inputs, from random starts as `sizes` inputs have them;
    /// each size with the seeds of its runs, as many for all.
    ///
    /// # Errors
    /// A start that does not leave in time.
    pub fn of_equations(&self, sizes: &[(usize, Vec<u64>)]) -> Result<ExitTimes> {
        ExitTimes::of(sizes, |n, seed| self.equations_leave(n, seed))
    }

    /// The same of networks.
    ///
    /// # Errors
    /// A network that does not leave in time.
    pub fn of_networks(&self, sizes: &[(usize, Vec<u64>)]) -> Result<ExitTimes> {
        ExitTimes::of(sizes, |n, seed| self.network_leaves(n, seed))
    }

    fn equations_leave(&self, n_in: usize, seed: u64) -> Result<f64> {
        let start = self.start(n_in, seed)?;
        match passage(self.activation, &self.learning, &start, &self.plateau)? {
            Passage::Left { specialized, .. } => Ok(specialized),
            Passage::Stays { until, .. } => Err(stuck(n_in, until)),
            Passage::Never { .. } => Err(stuck(n_in, f64::INFINITY)),
        }
    }

    fn network_leaves(&self, n_in: usize, seed: u64) -> Result<f64> {
        let start = self.start(n_in, seed)?;
        let mut training =
            OnlineDescent::trainer(self.activation, self.learning, &start, n_in, seed)?;
        let level = SPECIALIZED * self.plateau.error;
        let latest = PATIENCE / self.plateau.escape_rate;
        let look = (LOOK * n_in as f64).ceil() as u64;
        let mut before = self.error(&start);
        loop {
            let time = (training.steps() + look) as f64 / n_in as f64;
            training.advance_to(time)?;
            let now = self.error(&training.engine().order_parameters());
            if now <= level {
                let share = (before - level) / (before - now);
                return Ok(time - (1.0 - share) * look as f64 / n_in as f64);
            }
            if time > latest {
                return Err(stuck(n_in, time));
            }
            before = now;
        }
    }
}

fn random_start(units: usize, scale: f64, n_in: usize, seed: u64) -> Result<OrderParameters> {
    let (t, ones) = (Array2::eye(units), Array1::ones(units));
    OrderParameters::random_student(&t, &ones, &ones, scale, n_in, seed)
}

fn stuck(n_in: usize, until: f64) -> Error {
    Error::Numerical {
        method: "search for the end of the plateau",
        reason: format!("a start in {n_in} dimensions was on it until t = {until:.0}"),
    }
}

impl ExitTimes {
    fn of(
        sizes: &[(usize, Vec<u64>)],
        one: impl Fn(usize, u64) -> Result<f64> + Sync,
    ) -> Result<Self> {
        let jobs: Vec<(usize, u64)> =
            sizes.iter().flat_map(|(n, seeds)| seeds.iter().map(|seed| (*n, *seed))).collect();
        let mut times = in_parallel(jobs.len(), |job| one(jobs[job].0, jobs[job].1))?.into_iter();
        Ok(Self {
            sizes: sizes.iter().map(|(n, _)| *n).collect(),
            times: sizes
                .iter()
                .map(|(_, seeds)| times.by_ref().take(seeds.len()).collect())
                .collect(),
        })
    }

    /// Mean time of each size with its standard error.
    pub fn means(&self) -> (Vec<f64>, Vec<f64>) {
        self.times.iter().map(|times| mean_and_error(times.iter().copied())).unzip()
    }

    fn log_sizes(&self) -> Vec<f64> {
        self.sizes.iter().map(|n| (*n as f64).ln()).collect()
    }

    /// Times on the line of a given slope per ln N through the mean of all.
    pub fn line(&self, slope: f64) -> impl Fn(f64) -> f64 {
        let count = self.sizes.len() as f64;
        let x = self.log_sizes().iter().sum::<f64>() / count;
        let y = self.means().0.iter().sum::<f64>() / count;
        move |n: f64| y + slope * (n.ln() - x)
    }

    /// The slope of exits against ln N by least squares, held against the predicted one within four
    /// standard errors from the scatter of runs.
    pub fn compare_slope(&self, name: &str, predicted: f64) -> Agreement {
        let x = self.log_sizes();
        let center = x.iter().sum::<f64>() / x.len() as f64;
        let square: f64 = x.iter().map(|x| (x - center).powi(2)).sum();
        let (values, errors) = self.means();
        let variance: f64 = x.iter().zip(&errors).map(|(x, e)| ((x - center) * e).powi(2)).sum();
        let error = variance.sqrt() / square;
        let gap = (fitted_slope(&x, &values) - predicted).abs();
        let runs = self.times.iter().map(Vec::len).sum();
        Agreement {
            observable: format!("{name}: delay per ln N"),
            max_gap: gap,
            rms_gap: gap,
            range: predicted,
            spread: error,
            tolerance: Some(student_gate(4.0, runs) * error),
            reason: "four standard errors of the fitted slope",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_leaves_about_when_the_equations_do_and_larger_ones_later() {
        let learning = Learning { rate: 1.0, readout_rate: 0.0, noise: 0.0 };
        let exit = PlateauExit::new(Nonlinearity::ERF_SQRT2, learning, 2, 0.5).unwrap();
        let seeds: Vec<u64> = (0..12).collect();
        let sizes = [(100, seeds.clone()), (10_000, seeds.clone())];
        let equations = exit.of_equations(&sizes).unwrap();
        let (mean, error) = equations.means();
        // The very same draws, scaled: no scatter between sizes.
        assert!(mean[1] > mean[0], "{mean:?}");
        assert!(equations.compare_slope("equations", exit.plateau().delay_per_log_size()).holds());
        let (networks, scatter) = exit.of_networks(&[(100, seeds)]).unwrap().means();
        assert!((networks[0] - mean[0]).abs() < 4.0 * scatter[0].hypot(error[0]));
    }

    #[test]
    fn times_on_a_line_have_its_slope() {
        let sizes = vec![10, 100, 1000];
        let at = |n: &usize| 3.0 + 2.0 * (*n as f64).ln();
        let times = sizes.iter().map(|n| vec![at(n) - 0.1, at(n) + 0.1]).collect();
        let exits = ExitTimes { sizes, times };
        approx::assert_relative_eq!(exits.line(2.0)(50.0), at(&50), max_relative = 1e-12);
        assert!(exits.compare_slope("line", 2.0).max_gap < 1e-12);
        assert!(!exits.compare_slope("line", 4.0).holds());
    }
}
