//! Student, teacher and fold: the parameters, and the overlaps that describe a student.

use ndarray::{Array1, Array2};

use crate::math::linalg::require_finite;
use crate::math::normal;
use crate::net::Nonlinearity;
use crate::student_teacher::averages::require_known_averages;
use crate::student_teacher::flow::{Learning, generalization_error};
use crate::student_teacher::order_parameters::OrderParameters;
use crate::{Error, Result};

/// A student at the start.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifoldStart {
    /// Overlaps among the random parts of the students' weights, W, K × K.
    pub random: Array2<f64>,
    /// How much of each teacher's features is in each student, A, K × M; zeros for a random start.
    pub aligned: Array2<f64>,
    /// Overlaps among the teachers' latent weights, T, M × M.
    pub t: Array2<f64>,
    /// Readouts of the students.
    pub v: Array1<f64>,
    /// Readouts of the teachers.
    pub teacher_readout: Array1<f64>,
}

/// A student of folded inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct HiddenManifold {
    /// Hidden units g of student and teacher.
    pub activation: Nonlinearity,
    /// The fold f that makes inputs of features.
    pub fold: Nonlinearity,
    /// Learning rates and label noise.
    pub learning: Learning,
    /// Latent variables per input, δ = D/N.
    pub latent: f64,
    /// Student and teacher at the start.
    pub start: ManifoldStart,
    /// Number of inputs N of the simulated network.
    pub size: usize,
}

/// Averages of the fold over a normal number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fold {
    /// ⟨f(u)⟩.
    pub mean: f64,
    /// ⟨u f(u)⟩.
    pub linear: f64,
    /// ⟨f²⟩ − ⟨f⟩² − ⟨u f⟩²: variance of what is not linear in u.
    pub rest: f64,
}

impl Fold {
    /// Of a function that is smooth on both sides of 0.
    pub fn of(fold: Nonlinearity) -> Self {
        let average = |f: &dyn Fn(f64) -> f64| normal::mean(f, &[(0.0, 0.1)]);
        let mean = average(&|u| fold.value(u));
        let linear = average(&|u| u * fold.value(u));
        let square = average(&|u| fold.value(u).powi(2));
        Self { mean, linear, rest: (square - mean * mean - linear * linear).max(0.0) }
    }
}

/// Overlaps at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifoldOverlaps {
    /// Covariances of the fields and readouts: as for plain inputs, but Q and R are no products of
    /// weights.
    pub fields: OrderParameters,
    /// Products of the students' weights over N, W.
    pub weights: Array2<f64>,
}

impl HiddenManifold {
    /// Checks all parameters.
    ///
    /// # Errors
    /// The first that is out of range; tanh units (as a fold they are allowed).
    pub fn validate(&self) -> Result<()> {
        require_known_averages(self.activation)?;
        self.learning.validate()?;
        if !(self.latent.is_finite() && self.latent > 0.0) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("latent variables per input", self.latent, allowed));
        }
        // Shapes, and T and W are covariances.
        let start = &self.start;
        let apart = OrderParameters {
            q: start.random.clone(),
            r: Array2::zeros(start.aligned.dim()),
            t: start.t.clone(),
            v: start.v.clone(),
            teacher_readout: start.teacher_readout.clone(),
        };
        apart.validate()?;
        require_finite("alignment", start.aligned.view())?;
        let (latent, m) = (self.n_latent(), start.t.nrows());
        if latent < m || self.size == 0 {
            let allowed = format!(
                "{} inputs have {latent} latent variables, but a teacher of {m} units needs {m}",
                self.size
            );
            return Err(Error::parameter("number of inputs", self.size, allowed));
        }
        Ok(())
    }

    /// Number of latent variables D of the simulated network.
    pub fn n_latent(&self) -> usize {
        (self.latent * self.size as f64).round() as usize
    }
}

impl ManifoldOverlaps {
    /// Generalization error on labels without noise.
    ///
    /// # Panics
    /// For tanh units, whose averages have no closed form.
    pub fn error(&self, activation: Nonlinearity) -> f64 {
        let c: Vec<f64> = self.fields.covariance().iter().copied().collect();
        generalization_error(activation, &c, &self.fields.signed_readouts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_have_the_averages_known_in_closed_form() {
        let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-13, "{x} against {y}");
        let erf = Fold::of(Nonlinearity::ERF_SQRT2);
        close(erf.mean, 0.0);
        close(erf.linear, 1.0 / std::f64::consts::PI.sqrt());
        close(erf.rest, 1.0 / 3.0 - 1.0 / std::f64::consts::PI);
        let relu = Fold::of(Nonlinearity::RELU);
        close(relu.mean, 1.0 / (2.0 * std::f64::consts::PI).sqrt());
        close(relu.linear, 0.5);
        close(relu.rest, 0.25 - 0.5 / std::f64::consts::PI);
        close(Fold::of(Nonlinearity::Linear).rest, 0.0);
    }
}
