//! Learning by all students that make no error: Gibbs' and Bayes' rules, sampled.
//!
//! Theory is [`gibbs`]. The simulation walks through the version space, the
//! cone of weights with $`y_\mu w \cdot x_\mu > 0`$ for all examples, under a standard normal prior
//! (whose directions are uniform, as on the sphere). The teacher itself is a fair sample of that cone,
//! so the walk starts there and is in equilibrium from its first step; only the memory of the start
//! has to fade.
//!
//! The vote of all students is the sign of their mean, which is estimated by
//! [message passing](super::message_passing). The mean of the walk itself is a worse estimate: its
//! noise is that of the number of independent samples, which at a fixed number of sweeps falls with N
//! (400 sweeps at α = 2 give an error 2.6% too large at N = 40 and 5.7% at 80).

use ndarray::{Array1, Array2};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::examples::Examples;
use super::message_passing::{Channel, Inference, Prior};
use super::rules::{ALPHA, gibbs};
use crate::Result;
use crate::curve::Curve;
use crate::math::random::{Purpose, stream};
use crate::parameter::Values;

/// Sweeps over all weights that are recorded; half as many go before.
const SWEEPS: usize = 200;
/// Iterations of message passing.
const ITERATIONS: usize = 25;

/// Generalization error of a random student without errors, and of their vote.
pub const PERCEPTRON_BAYES: Curve = Curve {
    name: "perceptron-bayes",
    summary: "a random student without errors, and the vote of all of them",
    reference: "seung1992",
    parameters: &[ALPHA],
    observables: &["Gibbs", "Bayes"],
    size: "input dimension N",
    cells: |point, n| 2.0 * point.get(&ALPHA) * (n as f64).powi(2),
    theory: |point| {
        let space = gibbs(point.get(&ALPHA))?;
        Ok(vec![space.gibbs_error, space.bayes_error])
    },
    simulation,
    bias,
};

/// A walk through the version space, one weight at a time.
#[derive(Debug, Clone)]
pub struct VersionSpaceWalk {
    /// Inputs times labels by weight, N × P.
    columns: Array2<f64>,
    /// Present student.
    weights: Array1<f64>,
    /// Its fields, all positive.
    fields: Array1<f64>,
}

impl VersionSpaceWalk {
    /// A walk that starts at the teacher.
    pub fn from_teacher(data: &Examples) -> Self {
        let columns = data.signed_inputs.t().as_standard_layout().into_owned();
        let fields = data.signed_inputs.dot(&data.teacher);
        Self { columns, weights: data.teacher.clone(), fields }
    }

    /// Present student.
    pub fn student(&self) -> &Array1<f64> {
        &self.weights
    }

    /// One sweep over all weights. Given the others, a weight is normal between the nearest walls; a
    /// slice of its density is drawn, and the weight evenly from what of it lies between them.
    pub fn sweep(&mut self, rng: &mut ChaCha8Rng) {
        for (column, weight) in self.columns.rows().into_iter().zip(&mut self.weights) {
            let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
            for (x, field) in column.iter().zip(&self.fields) {
                let wall = -field / x;
                if *x > 0.0 {
                    low = low.max(wall);
                } else {
                    high = high.min(wall);
                }
            }
            // From 1 − [0, 1), so that the logarithm is finite.
            let level = (1.0 - rng.random::<f64>()).ln();
            let reach = (*weight * *weight - 2.0 * level).sqrt();
            let (low, high) = (low.max(-reach - *weight), high.min(reach - *weight));
            let step = low + (high - low) * rng.random::<f64>();
            *weight += step;
            // Rounding must not carry a field over its wall.
            self.fields.zip_mut_with(&column, |field, x| {
                *field = step.mul_add(*x, *field).max(f64::MIN_POSITIVE);
            });
        }
    }
}

/// Mean error of the walk, and error of message passing.
fn simulation(point: &Values, size: usize, seed: u64) -> Result<Vec<f64>> {
    let alpha = point.get(&ALPHA);
    let data = Examples::draw(alpha, size, seed)?;
    let mut rng = stream(seed, Purpose::InitialWeights, 0);
    let mut walk = VersionSpaceWalk::from_teacher(&data);
    let mut error = 0.0;
    for sweep in 0..SWEEPS + SWEEPS / 2 {
        walk.sweep(&mut rng);
        if sweep >= SWEEPS / 2 {
            error += data.error(walk.student()) / SWEEPS as f64;
        }
    }
    let inference = Inference { prior: Prior::Gaussian, channel: Channel::Sign, alpha };
    let estimate = inference.estimate(&data, ITERATIONS)?;
    Ok(vec![error, data.error(&estimate)])
}

/// Sizes measured with N = 20 (500 runs) and 40 (200 runs) from α = 0.3 to 4, as N(⟨ε⟩ − ε)/ε: −0.2 to
/// −1.0 for Gibbs, −0.2 to −0.5 for Bayes, with standard errors of 0.1 to 0.5.
fn bias(_: &Values, size: usize, theory: &[f64]) -> Result<Vec<f64>> {
    Ok(theory.iter().map(|error| error / size as f64).collect())
}
