//! A small regression that Bayesian deep linear networks learn: a linear teacher with noise.

use ndarray::{Array1, Array2};

use super::deep_linear::BayesianDeepLinear;
use super::weighted_networks::{Estimate, WeightedNetworks};
use crate::math::random::{Purpose, gaussian, stream};
use crate::{Agreement, Result};

/// A linear teacher, its noisy examples, and new inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearTeacher {
    /// Training inputs, P × N₀.
    inputs: Array2<f64>,
    /// Labels without noise.
    clean: Array1<f64>,
    /// Noise of variance 1.
    noise: Array1<f64>,
    /// New inputs, as rows.
    pub tests: Array2<f64>,
    /// What the teacher says of them.
    pub truth: Vec<f64>,
}

/// What weighted random networks say of a number that theory knows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampled {
    /// Over networks.
    pub estimate: Estimate,
    /// The theory of that width.
    pub exact: f64,
    /// How many networks count.
    pub effective: f64,
}

impl LinearTeacher {
    /// Draws a teacher of unit power, standard normal inputs and tests, and noise.
    pub fn draw(examples: usize, n_in: usize, tests: usize, seed: u64) -> Self {
        let mut rng = stream(seed, Purpose::Task, 0);
        let inputs = gaussian(examples, n_in, 1.0, &mut rng);
        let tests = gaussian(tests, n_in, 1.0, &mut rng);
        let std = (n_in as f64).sqrt().recip();
        let teacher = gaussian(n_in, 1, std, &mut stream(seed, Purpose::Teacher, 0));
        let noise = gaussian(examples, 1, 1.0, &mut stream(seed, Purpose::LabelNoise, 0));
        let (clean, truth) = (inputs.dot(&teacher), tests.dot(&teacher));
        let (clean, noise) = (clean.column(0).to_owned(), noise.column(0).to_owned());
        Self { inputs, clean, noise, tests, truth: truth.column(0).to_vec() }
    }

    /// Networks with `hidden` layers of `width` units and weights of this variance over fan-in that have
    /// learned labels with noise of this standard deviation.
    pub fn network(
        &self,
        hidden: usize,
        width: usize,
        weight_variance: f64,
        noise: f64,
    ) -> BayesianDeepLinear {
        BayesianDeepLinear {
            inputs: self.inputs.clone(),
            labels: &self.clean + &(&self.noise * noise),
            hidden,
            width,
            weight_variance,
        }
    }

    /// Variance of the output at the first new input relative to that of the Gaussian process.
    ///
    /// # Errors
    /// As [`WeightedNetworks::draw`].
    pub fn sample_scale(
        &self,
        model: &BayesianDeepLinear,
        networks: usize,
        seed: u64,
    ) -> Result<Sampled> {
        let networks = WeightedNetworks::draw(model, self.tests.view(), networks, seed)?;
        let evidence = model.evidence(self.tests.view())?;
        let unit = evidence.process.variance[0];
        let Estimate { value, error } = networks.variance(0);
        let estimate = Estimate { value: value / unit, error: error / unit };
        let exact = model.scale(evidence.fit).mean()?;
        Ok(Sampled { estimate, exact, effective: networks.effective() })
    }

    /// Mean square error at the new inputs.
    ///
    /// # Errors
    /// As [`WeightedNetworks::draw`].
    pub fn sample_error(
        &self,
        model: &BayesianDeepLinear,
        networks: usize,
        seed: u64,
    ) -> Result<Sampled> {
        let networks = WeightedNetworks::draw(model, self.tests.view(), networks, seed)?;
        let estimate = networks.generalization_error(&self.truth)?;
        let exact = model.predict(self.tests.view())?.generalization_error(&self.truth)?;
        Ok(Sampled { estimate, exact, effective: networks.effective() })
    }
}

impl Sampled {
    /// The estimate beside theory.
    pub fn agreement(&self, observable: String) -> Agreement {
        let gap = (self.estimate.value - self.exact).abs();
        let size = self.exact.abs();
        Agreement {
            observable,
            max_gap: gap,
            rms_gap: gap,
            range: size,
            spread: self.estimate.error,
            tolerance: Some(4.0 * self.estimate.error + size / self.effective),
            reason: "four standard errors of weighted networks, and one part in as many as count",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighted_networks_have_the_exact_variance_and_error() {
        let teacher = LinearTeacher::draw(3, 6, 5, 1);
        let model = teacher.network(2, 20, 1.2, 0.5);
        for sampled in [
            teacher.sample_scale(&model, 2000, 7).unwrap(),
            teacher.sample_error(&model, 2000, 8).unwrap(),
        ] {
            assert!(sampled.effective > 100.0, "{sampled:?}");
            assert!(sampled.agreement("sampled".into()).holds(), "{sampled:?}");
        }
    }
}
