//! Classification: a wide network that follows the gradient of the cross-entropy.
//!
//! # Setting
//!
//! The tangent kernel Θ is constant, the loss is not quadratic, so there are no independent modes. All
//! that the network ever learns is n × C numbers α, the shares of the training examples:
//!
//! ```math
//! f = f_0 + \Theta \alpha, \qquad
//! \frac{d\alpha}{dt} = -\frac{\eta}{N} \left(p(f) - y + \lambda\alpha\right),
//! ```
//!
//! with p the softmax over C outputs or, for a single output, the logistic function, y the labels as
//! probabilities, and t in steps of rate η. λ is weight decay towards the initial parameters. Test
//! outputs follow from the same α and the kernel of test against training inputs (`lee2019`).
//!
//! N is the number of examples by default, so that the loss is the mean over them. (neural-tangents
//! averages over outputs as well: there N is n × C.)
//!
//! # Prediction
//!
//! The flow is integrated to a relative 1e-12 (Dormand–Prince); each evaluation is one product with Θ.
//! Without decay it never ends: once all examples are classified, outputs grow with the logarithm of
//! time. The sum of outputs over classes is conserved.

use ndarray::{Array2, ArrayView2, Axis};

use super::kernel_modes::require_covariance;
use crate::math::linalg::require_finite;
use crate::math::ode::integrate;
use crate::{Error, Result};

/// A wide network that learns n labels of C classes.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossEntropy {
    /// Tangent kernel Θ of the training inputs, n × n.
    pub ntk: Array2<f64>,
    /// Initial outputs on the training inputs, n × C; one column for two classes.
    pub start: Array2<f64>,
    /// Labels as probabilities, n × C: rows sum to 1, or one column with the probability of the second
    /// class.
    pub labels: Array2<f64>,
    /// Learning rate η > 0 of one step.
    pub rate: f64,
    /// Ridge λ ≥ 0: weight decay towards the initial parameters.
    pub ridge: f64,
    /// N of the loss; by default the number of examples.
    pub normalization: Option<f64>,
}

/// A network at given times.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    start: Array2<f64>,
    labels: Array2<f64>,
    kernel: Array2<f64>,
    /// α, n × C, at each time.
    shares: Vec<Array2<f64>>,
}

impl CrossEntropy {
    /// Follows the gradient flow to each of `times`.
    ///
    /// # Errors
    /// Shapes that do not fit, labels that are no probabilities, parameters out of range, times that
    /// are infinite or do not increase.
    pub fn train(&self, times: &[f64]) -> Result<Classifier> {
        self.validate()?;
        if times.contains(&f64::INFINITY) {
            return Err(Error::Assumption {
                theory: "cross-entropy at the end of training",
                reason: "outputs grow with the logarithm of time and have no limit".into(),
                remedy: "give a finite time, or train with the mean square error".into(),
            });
        }
        let shape = self.labels.dim();
        let speed = self.rate / self.normalization.unwrap_or(shape.0 as f64);
        let field = |state: &[f64], change: &mut [f64]| {
            // The integrator gives and takes as many numbers as it was started with.
            let Ok(shares) = ArrayView2::from_shape(shape, state) else { return };
            let mut error = self.ntk.dot(&shares) + &self.start;
            to_probabilities(&mut error);
            error -= &self.labels;
            error.scaled_add(self.ridge, &shares);
            for (change, error) in change.iter_mut().zip(&error) {
                *change = -speed * error;
            }
        };
        let states = integrate(field, &vec![0.0; self.labels.len()], times)?;
        let shares = states.into_iter().map(|state| {
            Array2::from_shape_vec(shape, state).map_err(|error| Error::Numerical {
                method: "integration of the flow",
                reason: error.to_string(),
            })
        });
        Ok(Classifier {
            start: self.start.clone(),
            labels: self.labels.clone(),
            kernel: self.ntk.clone(),
            shares: shares.collect::<Result<_>>()?,
        })
    }

    fn validate(&self) -> Result<()> {
        require_covariance("tangent kernel of the training inputs", &self.ntk)?;
        let (n, classes) = self.labels.dim();
        if n != self.ntk.nrows() || classes == 0 {
            let expected = format!("one row for each of {} training inputs", self.ntk.nrows());
            return Err(Error::shape("labels", self.labels.dim(), expected));
        }
        if self.start.dim() != self.labels.dim() {
            let expected = format!("that of the labels, {:?}", self.labels.dim());
            return Err(Error::shape("initial outputs", self.start.dim(), expected));
        }
        require_finite("initial outputs", self.start.view())?;
        require_finite("labels", self.labels.view())?;
        for (i, row) in self.labels.rows().into_iter().enumerate() {
            let bad = row.iter().find(|p| !(0.0..=1.0).contains(*p));
            if let Some(p) = bad {
                let allowed = "labels are probabilities, from 0 to 1";
                return Err(Error::parameter(format!("label of example {}", i + 1), p, allowed));
            }
            if classes > 1 && (row.sum() - 1.0).abs() > 1e-9 {
                let allowed = "the probabilities of its classes must sum to 1";
                let name = format!("sum over the label of example {}", i + 1);
                return Err(Error::parameter(name, row.sum(), allowed));
            }
        }
        let n_loss = self.normalization.unwrap_or(n as f64);
        for (name, x) in [("learning rate", self.rate), ("normalization of the loss", n_loss)] {
            if !(x > 0.0 && x.is_finite()) {
                return Err(Error::parameter(name, x, "it must be positive"));
            }
        }
        if !(self.ridge >= 0.0 && self.ridge.is_finite()) {
            return Err(Error::parameter("ridge", self.ridge, "it must be zero or positive"));
        }
        Ok(())
    }
}

impl Classifier {
    /// Outputs on the training inputs, n × C, at each time.
    pub fn training_outputs(&self) -> Vec<Array2<f64>> {
        self.shares.iter().map(|shares| self.kernel.dot(shares) + &self.start).collect()
    }

    /// Outputs on m test inputs that start with `start` (m × C); `ntk` is Θ of test against training
    /// inputs, m × n.
    ///
    /// # Errors
    /// Shapes that do not fit, entries that are not finite.
    pub fn test_outputs(&self, ntk: &Array2<f64>, start: &Array2<f64>) -> Result<Vec<Array2<f64>>> {
        let (n, classes) = self.labels.dim();
        if ntk.dim() != (start.nrows(), n) || start.ncols() != classes {
            let expected = format!("(m, {n}) and (m, {classes})");
            let what = "tangent kernel of test against training inputs and initial test outputs";
            return Err(Error::shape(what, (ntk.dim(), start.dim()), expected));
        }
        require_finite("tangent kernel of test against training inputs", ntk.view())?;
        require_finite("initial outputs on the test inputs", start.view())?;
        Ok(self.shares.iter().map(|shares| ntk.dot(shares) + start).collect())
    }

    /// Mean cross-entropy of the training examples at each time, in nats.
    pub fn training_losses(&self) -> Vec<f64> {
        let n = self.labels.nrows() as f64;
        let loss = |f: &Array2<f64>| {
            let rows = f.rows().into_iter().zip(self.labels.rows());
            rows.map(|(f, y)| match (f.to_vec().as_slice(), y.to_vec().as_slice()) {
                ([f], [p]) => soft_plus(*f) - p * f,
                (f, y) => {
                    let top = f.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let others: f64 = f.iter().map(|f| (f - top).exp()).sum();
                    y.iter().zip(f).map(|(y, f)| y * (top - f + others.ln())).sum()
                }
            })
            .sum::<f64>()
                / n
        };
        self.training_outputs().iter().map(loss).collect()
    }
}

/// Outputs become probabilities: logistic for one column, softmax for several.
pub fn to_probabilities(outputs: &mut Array2<f64>) {
    if outputs.ncols() == 1 {
        outputs.mapv_inplace(logistic);
        return;
    }
    for mut row in outputs.axis_iter_mut(Axis(0)) {
        let top = row.fold(f64::NEG_INFINITY, |m, f| m.max(*f));
        row.mapv_inplace(|f| (f - top).exp());
        row /= row.sum();
    }
}

fn logistic(f: f64) -> f64 {
    if f >= 0.0 { (1.0 + (-f).exp()).recip() } else { f.exp() / (1.0 + f.exp()) }
}

/// ln(1 + eᶠ).
fn soft_plus(f: f64) -> f64 {
    f.max(0.0) + (-f.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};

    fn problem(n: usize, classes: usize) -> CrossEntropy {
        let mut rng = stream(11, Purpose::Task, classes as u32);
        let x = gaussian(n, 4, 1.0, &mut rng);
        let labels = Array2::from_shape_fn((n, classes), |(i, c)| {
            f64::from(u8::from(if classes == 1 { i % 2 == 1 } else { i % classes == c }))
        });
        CrossEntropy {
            ntk: x.dot(&x.t()).mapv(|q| (1.0 + q / 4.0).powi(2)),
            start: gaussian(n, classes, 0.5, &mut rng),
            labels,
            rate: 0.7,
            ridge: 0.0,
            normalization: None,
        }
    }

    fn gap(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
        (a - b).iter().fold(0.0, |m, x| m.max(x.abs()))
    }

    #[test]
    fn two_classes_are_one_logistic_output() {
        // The difference of two outputs learns twice as fast as either.
        let two = problem(9, 2);
        let difference = |f: &Array2<f64>| (&f.column(1) - &f.column(0)).insert_axis(Axis(1));
        let one = CrossEntropy {
            start: difference(&two.start),
            labels: two.labels.column(1).to_owned().insert_axis(Axis(1)),
            rate: 2.0 * two.rate,
            ..two.clone()
        };
        let times = [0.0, 1.0, 30.0];
        let (two, one) = (two.train(&times).unwrap(), one.train(&times).unwrap());
        for (a, b) in two.training_outputs().iter().zip(one.training_outputs()) {
            assert!(gap(&difference(a), &b) < 1e-9);
        }
        for (a, b) in two.training_losses().iter().zip(one.training_losses()) {
            assert!((a - b).abs() < 1e-10, "{a} {b}");
        }
    }

    #[test]
    fn class_sums_stay_and_losses_fall() {
        let problem = problem(10, 3);
        let times = [0.0, 0.5, 3.0, 20.0, 200.0];
        let trained = problem.train(&times).unwrap();
        assert_eq!(trained.training_outputs()[0], problem.start);
        let sums = |f: &Array2<f64>| f.sum_axis(Axis(1)).insert_axis(Axis(1));
        for outputs in trained.training_outputs() {
            assert!(gap(&sums(&outputs), &sums(&problem.start)) < 1e-9);
        }
        let losses = trained.training_losses();
        assert!(losses.windows(2).all(|w| w[1] < w[0]), "{losses:?}");
        // Test points that are training points say the same.
        let again = trained.test_outputs(&problem.ntk, &problem.start).unwrap();
        assert_eq!(again, trained.training_outputs());
    }

    #[test]
    fn stopping_and_going_on_is_going_on() {
        for classes in [1, 3] {
            let problem = problem(8, classes);
            let straight = problem.train(&[2.0, 7.0]).unwrap().training_outputs();
            let later = CrossEntropy { start: straight[0].clone(), ..problem };
            let resumed = later.train(&[5.0]).unwrap().training_outputs();
            assert!(gap(&resumed[0], &straight[1]) < 1e-9, "{classes}");
        }
    }

    #[test]
    fn small_steps_of_descent_approach_the_flow() {
        let problem = CrossEntropy { ridge: 0.2, ..problem(7, 3) };
        let flow = problem.train(&[10.0]).unwrap().training_outputs().remove(0);
        let descent = |halvings: u32| {
            let n_steps = 10 * 2usize.pow(halvings);
            let speed = problem.rate * 10.0 / n_steps as f64 / problem.labels.nrows() as f64;
            let mut shares = Array2::<f64>::zeros(problem.labels.dim());
            for _ in 0..n_steps {
                let mut error = problem.ntk.dot(&shares) + &problem.start;
                to_probabilities(&mut error);
                error = error - &problem.labels + 0.2 * &shares;
                shares.scaled_add(-speed, &error);
            }
            gap(&(problem.ntk.dot(&shares) + &problem.start), &flow)
        };
        // The error is of first order in the step.
        let (coarse, fine) = (descent(5), descent(6));
        assert!(fine > 0.0 && (coarse / fine - 2.0).abs() < 0.1, "{coarse} {fine}");
    }

    #[test]
    fn large_outputs_do_not_overflow() {
        let mut outputs = ndarray::arr2(&[[1e4, -1e4, 0.0], [-800.0, -801.0, -1e300]]);
        to_probabilities(&mut outputs);
        assert!(outputs.iter().all(|p| p.is_finite()) && outputs[[0, 0]] == 1.0);
        assert_eq!((logistic(1e4), logistic(-1e4)), (1.0, 0.0));
        assert_eq!((soft_plus(1e4), soft_plus(-1e4)), (1e4, 0.0));
    }

    #[test]
    fn what_is_no_classification_is_refused() {
        let good = problem(4, 2);
        let text = |bad: CrossEntropy| bad.train(&[1.0]).unwrap_err().to_string();
        let mut labels = good.labels.clone();
        labels[[2, 0]] = 0.5;
        assert!(
            text(CrossEntropy { labels: labels.clone(), ..good.clone() }).contains("example 3")
        );
        labels[[2, 0]] = -1.0;
        assert!(text(CrossEntropy { labels, ..good.clone() }).contains("probabilities"));
        assert!(text(CrossEntropy { rate: 0.0, ..good.clone() }).contains("learning rate"));
        assert!(text(CrossEntropy { ridge: -1.0, ..good.clone() }).contains("ridge"));
        let start = Array2::zeros((4, 3));
        assert!(text(CrossEntropy { start, ..good.clone() }).contains("initial outputs"));
        assert!(good.train(&[f64::INFINITY]).unwrap_err().to_string().contains("no limit"));
        assert!(good.train(&[2.0, 1.0]).is_err());
    }
}
