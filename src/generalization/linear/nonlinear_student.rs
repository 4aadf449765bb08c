//! A nonlinear two-layer student of a noisy teacher, trained to the end: no theory, a measurement.
//!
//! It is what the theories of linear students are held against. Gradient descent would need more
//! steps the closer there are as many parameters as examples, for the same reason that the error
//! peaks there; damped Gauss–Newton steps (Levenberg and Marquardt) descend the same loss and get
//! there in some tens of steps.

use ndarray::{Array1, Array2, Axis};

use super::student::Errors;
use crate::math::linalg::solve_positive_definite;
use crate::math::parallel::in_parallel;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::measure::jacobian;
use crate::net::{LayeredNetwork, Network, Nonlinearity};
use crate::{Error, Result};

/// Inputs on which the test error is measured.
const N_TEST: usize = 400;
/// Hidden units of the teacher.
const TEACHER_UNITS: usize = 3;
/// Mean square residual, relative to the labels, below which training is at its end.
const FITTED: f64 = 1e-8;
/// First damping relative to the mean square of the network's derivatives, and how it changes.
const DAMPING: f64 = 1e-2;
const EASE: f64 = 0.3;
const STIFFEN: f64 = 4.0;
const MAX_TRIES: usize = 10;

/// A student with one hidden layer, of a teacher with three such units, from noisy examples with
/// Gaussian inputs of variance 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonlinearStudent {
    /// Input dimension.
    pub n_in: usize,
    /// Hidden units of the student.
    pub n_hidden: usize,
    /// Training examples.
    pub n_examples: usize,
    /// What hidden units do, in teacher and student.
    pub activation: Nonlinearity,
    /// Standard deviation of the label noise.
    pub noise: f64,
    /// Steps of training.
    pub steps: usize,
}

impl NonlinearStudent {
    /// Number of parameters: weights of both layers.
    pub fn n_parameters(&self) -> usize {
        self.n_hidden * (self.n_in + 1)
    }

    /// Trains on the examples of a seed, the same for any width, and measures both errors, the test
    /// error with the variance of the noise.
    ///
    /// # Errors
    /// No input, unit or example; noise that is not finite.
    pub fn train(&self, seed: u64) -> Result<Errors> {
        for (name, n) in [
            ("number of inputs", self.n_in),
            ("number of hidden units", self.n_hidden),
            ("number of examples", self.n_examples),
        ] {
            if n == 0 {
                return Err(Error::parameter(name, 0, "at least one is needed"));
            }
        }
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            let allowed = "it must be finite and not negative";
            return Err(Error::parameter("label noise", self.noise, allowed));
        }
        let mut rng = stream(seed, Purpose::Task, 0);
        let teacher = self.draw(TEACHER_UNITS, 2.0, 1.0, &mut rng)?;
        let x = gaussian(self.n_examples, self.n_in, 1.0, &mut rng);
        let noise = gaussian(self.n_examples, 1, self.noise, &mut rng).remove_axis(Axis(1));
        let y = outputs(&teacher, &x) + noise;
        let new = gaussian(N_TEST, self.n_in, 1.0, &mut rng);
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let student = self.draw(self.n_hidden, 1.0, 0.3, &mut rng)?;
        let student = self.descend(student, &x, &y)?;
        let mean_square = |gap: Array1<f64>| gap.dot(&gap) / gap.len() as f64;
        let gap = outputs(&student, &new) - outputs(&teacher, &new);
        Ok(Errors {
            test: self.noise.powi(2) + mean_square(gap),
            training: mean_square(outputs(&student, &x) - y),
        })
    }

    /// Random weights: hidden units with inputs of standard deviation `gain`, outputs of `size`.
    fn draw(
        &self,
        n: usize,
        gain: f64,
        size: f64,
        rng: &mut rand_chacha::ChaCha8Rng,
    ) -> Result<LayeredNetwork> {
        let hidden = gaussian(n, self.n_in, gain / (self.n_in as f64).sqrt(), rng);
        let output = gaussian(1, n, size / (n as f64).sqrt(), rng);
        LayeredNetwork::dense(vec![hidden, output], self.activation)
    }

    fn descend(
        &self,
        mut at: LayeredNetwork,
        x: &Array2<f64>,
        y: &Array1<f64>,
    ) -> Result<LayeredNetwork> {
        let loss = |residuals: &Array1<f64>| residuals.dot(residuals);
        let mut residuals = y - &outputs(&at, x);
        let mut damping = f64::NAN;
        for _ in 0..self.steps {
            if loss(&residuals) <= FITTED * loss(y) {
                break;
            }
            let slopes = jacobian(&at, x.view());
            let few = self.n_examples < slopes.ncols();
            let gram = if few { slopes.dot(&slopes.t()) } else { slopes.t().dot(&slopes) };
            if damping.is_nan() {
                damping = DAMPING * gram.diag().sum() / gram.nrows() as f64;
            }
            let right = residuals.view().insert_axis(Axis(1));
            let right = if few { right.to_owned() } else { slopes.t().dot(&right) };
            let mut improved = false;
            for _ in 0..MAX_TRIES {
                let damped = &gram + &(Array2::<f64>::eye(gram.nrows()) * damping);
                // Redundant parameters with too little damping are singular up to rounding.
                let Ok(solved) = solve_positive_definite(&damped, &right) else {
                    damping *= STIFFEN;
                    continue;
                };
                let step = if few { slopes.t().dot(&solved) } else { solved };
                let next = moved(&at, &step.remove_axis(Axis(1)));
                let left = y - &outputs(&next, x);
                if loss(&left) < loss(&residuals) {
                    (at, residuals, improved) = (next, left, true);
                    damping *= EASE;
                    break;
                }
                damping *= STIFFEN;
            }
            if !improved {
                break;
            }
        }
        Ok(at)
    }
}

/// Median test error over seeds and the standard error of that median, for each student: some
/// interpolating networks are wild near the transition, so that means say little. Nothing of no seeds.
///
/// # Errors
/// As [`NonlinearStudent::train`].
pub fn median_test_errors(students: &[NonlinearStudent], seeds: &[u64]) -> Result<Vec<(f64, f64)>> {
    let n = seeds.len();
    let jobs =
        in_parallel(students.len() * n, |job| Ok(students[job / n].train(seeds[job % n])?.test))?;
    let median = |errors: &[f64]| {
        let mut errors = errors.to_vec();
        errors.sort_by(f64::total_cmp);
        // Order statistics one standard deviation of a binomial count from the median.
        let steps = (0.5 * (n as f64).sqrt()).ceil() as usize;
        let (low, high) =
            (errors[(n / 2).saturating_sub(steps)], errors[(n / 2 + steps).min(n - 1)]);
        (0.5 * (errors[(n - 1) / 2] + errors[n / 2]), 0.5 * (high - low))
    };
    Ok(jobs.chunks(n.max(1)).map(median).collect())
}

fn outputs(net: &LayeredNetwork, x: &Array2<f64>) -> Array1<f64> {
    net.forward(x.view()).remove_axis(Axis(1))
}

/// The network with a step added to its parameters, in the order of the Jacobian's columns.
fn moved(at: &LayeredNetwork, step: &Array1<f64>) -> LayeredNetwork {
    let mut net = at.clone();
    let parameters = net.weights_mut().iter_mut().flatten();
    parameters.zip(step).for_each(|(parameter, step)| *parameter += step);
    net
}

#[cfg(test)]
mod tests {
    use super::*;

    fn student(n_hidden: usize) -> NonlinearStudent {
        let activation = Nonlinearity::Tanh;
        NonlinearStudent { n_in: 6, n_hidden, n_examples: 56, activation, noise: 0.4, steps: 60 }
    }

    #[test]
    fn wide_students_fit_their_examples_and_narrow_ones_do_not() {
        assert!(student(20).train(0).unwrap().training < 1e-6);
        assert!(student(1).train(0).unwrap().training > 0.05);
        let same = (student(4).train(3).unwrap(), student(4).train(3).unwrap());
        assert_eq!(same.0, same.1);
    }

    #[test]
    fn medians_are_over_seeds_and_students_keep_their_order() {
        let medians = median_test_errors(&[student(1), student(2)], &[5, 6, 7]).unwrap();
        for (n_hidden, (median, error)) in [1, 2].into_iter().zip(medians) {
            let mut errors = [5, 6, 7].map(|seed| student(n_hidden).train(seed).unwrap().test);
            errors.sort_by(f64::total_cmp);
            assert_eq!((median, error), (errors[1], 0.5 * (errors[2] - errors[0])));
        }
        assert!(median_test_errors(&[student(1)], &[]).unwrap().is_empty());
    }

    #[test]
    fn empty_networks_are_refused() {
        assert!(student(0).train(0).is_err());
        assert!(NonlinearStudent { noise: -1.0, ..student(2) }.train(0).is_err());
    }
}
