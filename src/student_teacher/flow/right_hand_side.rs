//! The right-hand side of the flow, and the error of a state.

use crate::math::vector::vectorized;
use crate::net::Nonlinearity;
use crate::student_teacher::averages::Fields;
use crate::student_teacher::averages::field_sums::FieldSums;
use crate::{Error, Result};

/// How a student learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// Learning rate of the first layer, η: a step is η/√N times the gradient.
    pub rate: f64,
    /// Learning rate of the readouts, η_v: a step is η_v/N times the gradient. 0: fixed second layer.
    pub readout_rate: f64,
    /// Standard deviation of the noise on labels, σ.
    pub noise: f64,
}

impl Learning {
    /// Checks that all three are finite and not negative.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<()> {
        let all = [
            ("learning rate", self.rate),
            ("learning rate of readouts", self.readout_rate),
            ("label noise", self.noise),
        ];
        match all.into_iter().find(|(_, x)| !(x.is_finite() && *x >= 0.0)) {
            None => Ok(()),
            Some((name, x)) => Err(Error::parameter(name, x, "it must be finite and not negative")),
        }
    }
}

/// Generalization error $`\tfrac12\langle\Delta^2\rangle`$ on labels without noise, for signed readouts
/// of all n fields. `covariance` is n × n, row by row. Rounding below zero is returned as zero.
///
/// # Panics
/// If sizes do not fit, and for units whose averages are not known (see
/// [`require_known_averages`](crate::student_teacher::averages::require_known_averages)).
pub fn generalization_error(
    activation: Nonlinearity,
    covariance: &[f64],
    signed_readouts: &[f64],
) -> f64 {
    let fields = Fields::new(covariance, signed_readouts.len());
    let mut sums = FieldSums::new(activation, signed_readouts.len());
    sums.select(signed_readouts);
    (0.5 * sums.squared_error(&fields)).max(0.0)
}

/// Right-hand side of the flow.
///
/// The first `n_students` fields are trained; the teachers' block has derivative zero. Fields with signed
/// readout 0 (teachers that do not label, frozen heads) are allowed: overlaps with them still change.
/// `d_covariance` is n × n like `covariance`, `d_readouts` has `n_students` entries.
///
/// # Panics
/// If sizes do not fit, and for units whose averages are not known (see
/// [`require_known_averages`](crate::student_teacher::averages::require_known_averages)).
pub fn derivative(
    activation: Nonlinearity,
    learning: &Learning,
    n_students: usize,
    covariance: &[f64],
    signed_readouts: &[f64],
    d_covariance: &mut [f64],
    d_readouts: &mut [f64],
) {
    let mut flow = Flow::new(activation, *learning, n_students, signed_readouts.len());
    flow.derivative(covariance, signed_readouts, d_covariance, d_readouts);
}

/// [`derivative`] with its workspace, for many evaluations.
#[derive(Debug, Clone)]
pub struct Flow {
    activation: Nonlinearity,
    learning: Learning,
    n_students: usize,
    n: usize,
    sums: FieldSums,
    /// ⟨g′_i λ_j Δ⟩, n_students × n.
    pull: Vec<f64>,
    /// ⟨g′_i g′_k Δ²⟩ for i ≤ k.
    push: Vec<f64>,
}

impl Flow {
    /// A flow of `n_fields` fields, the first `n_students` of them trained.
    ///
    /// # Panics
    /// If there are more students than fields.
    pub fn new(
        activation: Nonlinearity,
        learning: Learning,
        n_students: usize,
        n_fields: usize,
    ) -> Self {
        assert!(n_students <= n_fields, "{n_students} students among {n_fields} fields");
        let pull = vec![0.0; n_students * n_fields];
        let sums = FieldSums::new(activation, n_fields);
        let push = vec![0.0; n_students * (n_students + 1) / 2];
        Self { activation, learning, n_students, n: n_fields, sums, pull, push }
    }

    /// The same flow with other noise on labels.
    pub(super) fn set_noise(&mut self, noise: f64) {
        self.learning.noise = noise;
    }

    /// As [`derivative`], without allocation.
    ///
    /// # Panics
    /// As [`derivative`].
    pub fn derivative(
        &mut self,
        covariance: &[f64],
        signed_readouts: &[f64],
        d_covariance: &mut [f64],
        d_readouts: &mut [f64],
    ) {
        vectorized(
            #[inline(always)]
            || self.derivative_here(covariance, signed_readouts, d_covariance, d_readouts),
        );
    }

    #[inline(always)]
    fn derivative_here(
        &mut self,
        covariance: &[f64],
        signed_readouts: &[f64],
        d_covariance: &mut [f64],
        d_readouts: &mut [f64],
    ) {
        let (k, n, s, g) = (self.n_students, self.n, signed_readouts, self.activation);
        assert_eq!((s.len(), d_covariance.len(), d_readouts.len()), (n, n * n, k), "sizes");
        let Learning { rate, readout_rate, noise } = self.learning;
        let fields = Fields::new(covariance, n);
        self.sums.select(s);
        d_covariance.fill(0.0);
        for i in 0..k {
            let row = &mut self.pull[i * n..(i + 1) * n];
            self.sums.pull(&fields, i, row);
            d_readouts[i] = match readout_rate {
                0.0 => 0.0,
                _ => -readout_rate * self.sums.output(&fields, i),
            };
            for m in k..n {
                let x = -rate * s[i] * row[m];
                (d_covariance[i * n + m], d_covariance[m * n + i]) = (x, x);
            }
        }
        self.sums.pushes(&fields, k, &mut self.push);
        let mut pushes = self.push.iter();
        for i in 0..k {
            for (j, push) in (i..k).zip(pushes.by_ref()) {
                let down = s[i] * self.pull[i * n + j] + s[j] * self.pull[j * n + i];
                let weight = rate * s[i] * s[j];
                let label_noise =
                    if noise == 0.0 { 0.0 } else { noise * noise * fields.j2(g, i, j) };
                let x = rate * (weight * (push + label_noise) - down);
                (d_covariance[i * n + j], d_covariance[j * n + i]) = (x, x);
            }
        }
    }
}
