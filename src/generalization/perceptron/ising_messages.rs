//! Message passing for the perceptron with weights ±1, stopped after a number of iterations: the error of a
//! student drawn from what it believes.
//!
//! Messages follow the metastable branch of [`ising`](super::ising) up to the spinodal, because they cannot
//! see the teacher. Near the spinodal systems of any size in reach round the end of the branch: theory is
//! for loads below it.

use std::f64::consts::PI;

use super::examples::error_at;
use super::message_passing::{Channel, Inference, Prior};
use crate::agreement::{FiniteSize, Tolerance};
use crate::{Axis, Error, Result, Solvable, Trajectory};

/// Messages about a teacher with weights ±1. The grid counts examples per weight; the observable is
/// `message passing`, the generalization error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IsingMessages {
    /// Weights N.
    pub weights: usize,
    /// Iterations of message passing.
    pub iterations: usize,
}

impl IsingMessages {
    fn inference(alpha: f64) -> Inference {
        Inference { prior: Prior::Ising, channel: Channel::Sign, alpha }
    }

    /// Overlaps of estimate and teacher by state evolution.
    fn overlaps(&self, loads: &[f64]) -> Result<Vec<f64>> {
        let overlap =
            |a: &f64| Ok(Self::inference(*a).state_evolution(self.iterations)?[self.iterations]);
        loads.iter().map(overlap).collect()
    }

    fn recorded(loads: &[f64], errors: Vec<f64>) -> Result<Trajectory> {
        let mut run = Trajectory::new(Axis::Load, loads);
        run.push("message passing", errors)?;
        Ok(run)
    }
}

impl Solvable for IsingMessages {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        Self::recorded(grid, self.overlaps(grid)?.into_iter().map(error_at).collect())
    }

    /// A student drawn from the beliefs has the overlap with the teacher that the estimate has.
    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        if self.weights == 0 {
            return Err(Error::parameter("weights", 0, "it must be positive"));
        }
        let (n, t) = (self.weights, self.iterations);
        let error = |alpha: &f64| {
            let (teacher, estimates) = Self::inference(*alpha).pass_messages(n, t, seed)?;
            Ok(error_at(teacher.dot(&estimates[t]) / n as f64))
        };
        Self::recorded(grid, grid.iter().map(error).collect::<Result<_>>()?)
    }

    /// The bias of the curve `amp`, 1.5(1 − q)/N of q, in terms of the error.
    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let bias = |q: f64| {
            let shift = 1.5 * (1.0 - q) / self.weights as f64;
            shift / (PI * (1.0 - q * q).sqrt())
        };
        let overlaps = self.overlaps(prediction.grid())?;
        Ok(Tolerance {
            gaps: vec![0.0],
            finite_size: Some(FiniteSize {
                biases: vec![overlaps.into_iter().map(bias).collect()],
                standard_errors: 4.0,
            }),
            reason: "the measured bias of a finite system, and four standard errors of the mean",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn messages_follow_state_evolution_far_from_the_spinodal() {
        let model = IsingMessages { weights: 100, iterations: 40 };
        let seeds: Vec<u64> = (0..10).collect();
        let found = check(&model, &[0.3, 0.8], &seeds).unwrap();
        assert!(found.iter().all(|agreement| agreement.holds()), "{found:?}");
        assert!(IsingMessages { weights: 0, ..model }.simulate(&[0.3], 0).is_err());
    }
}
