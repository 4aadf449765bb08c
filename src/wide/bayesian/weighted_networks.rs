//! Random deep linear networks, weighted by how well they fit: the posterior of
//! [`bayesian_deep_linear`](super::deep_linear) by importance sampling.
//!
//! The hidden weights are drawn from the prior. Given hidden activity the readout is linear regression,
//! which is integrated: each network has a Gaussian output at every input, and a weight that is the
//! density of the labels under it. Nothing of the theory is used.
//!
//! Works while α = P/N is small: the number of networks that count falls exponentially with P.

use ndarray::{Array2, ArrayView2, Axis, s};

use super::deep_linear::BayesianDeepLinear;
use crate::math::linalg::{eigh, solve_positive_definite};
use crate::math::parallel::in_parallel;
use crate::math::random::{Purpose, gaussian, stream};
use crate::{Error, Result};

/// One random network.
#[derive(Debug, Clone)]
struct Drawn {
    log_weight: f64,
    /// Mean and variance of its output at each test input.
    outputs: Vec<(f64, f64)>,
}

/// Random networks with their weights.
#[derive(Debug, Clone)]
pub struct WeightedNetworks {
    drawn: Vec<Drawn>,
    /// Relative to the largest.
    weights: Vec<f64>,
}

/// A mean over weighted networks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// Its standard error, of a ratio of means.
    pub error: f64,
}

impl WeightedNetworks {
    /// Draws networks and computes their outputs at test inputs (as rows).
    ///
    /// # Errors
    /// As [`BayesianDeepLinear::predict`]; fewer units than examples, with which nothing is learned
    /// exactly; no networks.
    pub fn draw(
        model: &BayesianDeepLinear,
        tests: ArrayView2<'_, f64>,
        networks: usize,
        seed: u64,
    ) -> Result<Self> {
        model.validate(tests)?;
        let p = model.labels.len();
        if model.width < p {
            let allowed = format!("to learn {p} examples exactly it must be at least as many");
            return Err(Error::parameter("hidden units", model.width, allowed));
        }
        if networks == 0 {
            return Err(Error::parameter("networks", 0, "at least one is needed"));
        }
        let all = ndarray::concatenate![Axis(0), model.inputs.view(), tests];
        let drawn = in_parallel(networks, |i| draw_one(model, &all, seed, i as u32))?;
        let highest = drawn.iter().map(|d| d.log_weight).fold(f64::NEG_INFINITY, f64::max);
        let weights = drawn.iter().map(|d| (d.log_weight - highest).exp()).collect();
        Ok(Self { drawn, weights })
    }

    /// (Σw)²/Σw²: how many networks count.
    pub fn effective(&self) -> f64 {
        let squares: f64 = self.weights.iter().map(|w| w * w).sum();
        self.weights.iter().sum::<f64>().powi(2) / squares
    }

    /// Mean of the output at test input `m`.
    pub fn mean(&self, m: usize) -> Estimate {
        self.average(|outputs| outputs[m].0)
    }

    /// Variance of the output at test input `m`.
    pub fn variance(&self, m: usize) -> Estimate {
        let center = self.mean(m).value;
        self.average(|outputs| outputs[m].1 + (outputs[m].0 - center).powi(2))
    }

    /// Mean over test inputs of the squared distance from the truth.
    ///
    /// # Errors
    /// Another number of true values.
    pub fn generalization_error(&self, truth: &[f64]) -> Result<Estimate> {
        let tests = self.drawn.first().map_or(0, |d| d.outputs.len());
        if truth.len() != tests || tests == 0 {
            return Err(Error::shape("true values", [truth.len()], format!("{tests}")));
        }
        Ok(self.average(|outputs| {
            let errors = outputs.iter().zip(truth).map(|((m, v), y)| (m - y).powi(2) + v);
            errors.sum::<f64>() / tests as f64
        }))
    }

    fn average(&self, of: impl Fn(&[(f64, f64)]) -> f64) -> Estimate {
        let total: f64 = self.weights.iter().sum();
        let values: Vec<f64> = self.drawn.iter().map(|d| of(&d.outputs)).collect();
        let pairs = || values.iter().zip(&self.weights);
        let value = pairs().map(|(x, w)| w * x).sum::<f64>() / total;
        let squares: f64 = pairs().map(|(x, w)| (w * (x - value)).powi(2)).sum();
        Estimate { value, error: squares.sqrt() / total }
    }
}

fn draw_one(model: &BayesianDeepLinear, all: &Array2<f64>, seed: u64, run: u32) -> Result<Drawn> {
    let p = model.labels.len();
    let mut rng = stream(seed, Purpose::InitialWeights, run);
    // Units as rows, inputs as columns.
    let mut activity = all.t().to_owned();
    for _ in 0..model.hidden {
        let fan_in = activity.nrows();
        let std = (model.weight_variance / fan_in as f64).sqrt();
        activity = gaussian(model.width, fan_in, std, &mut rng).dot(&activity);
    }
    let unit = model.weight_variance / model.width as f64;
    let seen = activity.slice(s![.., ..p]);
    let kernel = seen.t().dot(&seen) * unit;
    let cross = seen.t().dot(&activity.slice(s![.., p..])) * unit;
    let mut right = Array2::zeros((p, 1 + all.nrows() - p));
    right.column_mut(0).assign(&model.labels);
    right.slice_mut(s![.., 1..]).assign(&cross);
    let solved = solve_positive_definite(&kernel, &right)?;
    let fit = model.labels.dot(&solved.column(0));
    let log_det: f64 = eigh(&kernel)?.0.iter().map(|x| x.ln()).sum();
    let outputs = cross.columns().into_iter().enumerate().map(|(m, k)| {
        let own = activity.column(p + m);
        let variance = unit * own.dot(&own) - k.dot(&solved.column(1 + m));
        (k.dot(&solved.column(0)), variance.max(0.0))
    });
    Ok(Drawn { log_weight: -0.5 * (fit + log_det), outputs: outputs.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(hidden: usize, width: usize) -> (BayesianDeepLinear, Array2<f64>) {
        let mut rng = stream(3, Purpose::Task, 0);
        let inputs = gaussian(5, 12, 1.0, &mut rng);
        let labels = gaussian(1, 5, 1.5, &mut rng).row(0).to_owned();
        let tests = gaussian(2, 12, 1.0, &mut rng);
        (BayesianDeepLinear { inputs, labels, hidden, width, weight_variance: 1.2 }, tests)
    }

    #[test]
    fn random_networks_that_fit_have_the_predicted_mean_variance_and_error() {
        for (hidden, width) in [(1, 8), (1, 16), (2, 10), (2, 20), (3, 16)] {
            let (model, tests) = model(hidden, width);
            let theory = model.predict(tests.view()).unwrap();
            let found = WeightedNetworks::draw(&model, tests.view(), 1500, 1).unwrap();
            let effective = found.effective();
            assert!(effective > 50.0, "{effective}");
            let truth = [0.4, -0.3];
            let mut pairs = vec![(
                found.generalization_error(&truth).unwrap(),
                theory.generalization_error(&truth).unwrap(),
            )];
            for m in 0..2 {
                pairs.push((found.mean(m), theory.mean[m]));
                pairs.push((found.variance(m), theory.variance[m]));
            }
            for (sampled, exact) in pairs {
                // A ratio of means is off by one part in as many networks as count.
                let allowed = 4.0 * sampled.error + exact.abs() / effective;
                let gap = (sampled.value - exact).abs();
                assert!(gap < allowed, "L = {hidden}, N = {width}: {sampled:?} {exact}");
            }
        }
    }

    #[test]
    fn narrow_or_absent_networks_are_refused() {
        let (model, tests) = model(1, 4);
        assert!(WeightedNetworks::draw(&model, tests.view(), 10, 0).is_err());
        let wide = BayesianDeepLinear { width: 8, ..model };
        assert!(WeightedNetworks::draw(&wide, tests.view(), 0, 0).is_err());
        let some = WeightedNetworks::draw(&wide, tests.view(), 3, 0).unwrap();
        assert!(some.generalization_error(&[1.0]).is_err());
    }
}
