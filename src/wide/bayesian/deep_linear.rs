//! Bayesian deep linear networks: depth and width only rescale the kernel (`li2021`).
//!
//! # Setting
//!
//! L hidden layers of N linear units, one output, weights of every layer normal with variance σ²/fan-in;
//! P examples (X, Y) in N₀ dimensions, learned exactly (temperature T → 0). The first layer alone would
//! have the kernel K = (σ²/N₀)XXᵀ.
//!
//! # Prediction
//!
//! Given its hidden layers the output is Gaussian, and a Gaussian vector passed through a Gaussian
//! matrix is turned evenly: the output of the prior is s times a Gaussian process of kernel K, with
//! an independent scale
//!
//! ```math
//! s^2 = \prod_{l=1}^L u_l ,\qquad u_l \sim \frac{\sigma^2}{N}\chi^2_N .
//! ```
//!
//! Conditioned on the data, the mean is that of the Gaussian process, whatever depth and width, and
//! the variance is rescaled:
//!
//! ```math
//! \mu = k^\top K^{-1} Y,\qquad
//! v = \langle s^2\rangle_Y\,\big(k_{**} - k^\top K^{-1}k\big),\qquad
//! p(s^2\mid Y)\propto p(s^2)\,(s^2)^{-P/2} e^{-Y^\top K^{-1}Y/2s^2} .
//! ```
//!
//! This is exact at any width. For P, N → ∞ at α = P/N the scale is sharp, s² = u₀^L, at the saddle of
//! the posterior (`li2021`): with r₀ = YᵀK⁻¹Y/P
//!
//! ```math
//! 1 - \frac{u_0}{\sigma^2} = \alpha\Big(1 - \frac{r_0}{u_0^L}\Big) ,
//! ```
//!
//! whose left side minus its right falls from +∞ to −∞: one root. α → 0 is the Gaussian process of
//! infinite width, u₀ = σ². The saddle misses ⟨s²⟩ by order 1/N.
//!
//! # Numerics
//!
//! Moments of the posterior are integrals of Gamma functions (`hanin2023` writes them as Meijer
//! functions): with b = YᵀK⁻¹Y/2 and the line of integration through the saddle on the real axis,
//!
//! ```math
//! \Big\langle s^{2k-P}e^{-b/s^2}\Big\rangle = \frac1{2\pi i}\int \Gamma(z)\, b^{-z}
//!   \Big(\frac{2\sigma^2}N\Big)^{La}\Big[\frac{\Gamma(N/2+a)}{\Gamma(N/2)}\Big]^L dz,\qquad
//!   a = z + k - \tfrac P2 .
//! ```
//!
//! The integrand falls off exponentially and the trapezoid rule converges geometrically, at any depth.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::scale_posterior::ScalePosterior;
use crate::math::linalg::{eigh, require_finite, solve_positive_definite};
use crate::{Error, Result};

/// Smallest eigenvalue of the kernel, as a part of the largest, at which it can be inverted.
const SINGULAR: f64 = 1e-12;

/// A deep linear network and what it has seen.
#[derive(Debug, Clone, PartialEq)]
pub struct BayesianDeepLinear {
    /// X: P examples as rows, in N₀ ≥ P dimensions.
    pub inputs: Array2<f64>,
    /// Y: one label each.
    pub labels: Array1<f64>,
    /// Number of hidden layers L ≥ 1.
    pub hidden: usize,
    /// Units N of each.
    pub width: usize,
    /// σ²: variance of the weights times their fan-in.
    pub weight_variance: f64,
}

/// Gaussian predictions at test inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// Mean of the output.
    pub mean: Vec<f64>,
    /// Its variance.
    pub variance: Vec<f64>,
}

impl Predictions {
    /// Mean over test points of (mean − truth)² + variance: the error of networks drawn from the
    /// posterior.
    ///
    /// # Errors
    /// Another number of true values.
    pub fn generalization_error(&self, truth: &[f64]) -> Result<f64> {
        if truth.len() != self.mean.len() {
            return Err(Error::shape("true values", [truth.len()], format!("{}", self.mean.len())));
        }
        let errors = self.mean.iter().zip(truth).map(|(m, y)| (m - y).powi(2));
        Ok((errors.sum::<f64>() + self.variance.iter().sum::<f64>()) / truth.len() as f64)
    }
}

/// What the data say, once for all widths and depths.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// r₀ = YᵀK⁻¹Y/P.
    pub fit: f64,
    /// Mean and variance of the Gaussian process that s = 1 is.
    pub process: Predictions,
    /// ln det 2πK.
    pub log_volume: f64,
}

impl BayesianDeepLinear {
    /// Checks the data and solves for the Gaussian process at test inputs (as rows).
    ///
    /// # Errors
    /// Numbers out of range, shapes that do not fit; more examples than dimensions or dependent ones
    /// ([`Error::Assumption`]: no network of this kind learns them exactly), labels that are all zero.
    pub fn evidence(&self, tests: ArrayView2<'_, f64>) -> Result<Evidence> {
        self.validate(tests)?;
        let (p, n0) = self.inputs.dim();
        let unit = self.weight_variance / n0 as f64;
        let kernel = self.inputs.dot(&self.inputs.t()) * unit;
        let eigenvalues = eigh(&kernel)?.0;
        if !(eigenvalues[p - 1] > SINGULAR * eigenvalues[0]) {
            return Err(Error::Assumption {
                theory: "the deep linear network at zero temperature",
                reason: format!(
                    "its examples are linearly dependent (eigenvalues of the kernel from {:.1e} to \
                     {:.1e})",
                    eigenvalues[p - 1],
                    eigenvalues[0]
                ),
                remedy: "leave out examples that repeat others".into(),
            });
        }
        let cross = self.inputs.dot(&tests.t()) * unit;
        let mut right = Array2::zeros((p, 1 + tests.nrows()));
        right.column_mut(0).assign(&self.labels);
        right.slice_mut(ndarray::s![.., 1..]).assign(&cross);
        let solved = solve_positive_definite(&kernel, &right)?;
        let alpha = solved.column(0);
        let fit = self.labels.dot(&alpha) / p as f64;
        if !(fit > 0.0) {
            return Err(Error::Assumption {
                theory: "the posterior of the scale",
                reason: "all labels are zero".into(),
                remedy: "give it something to learn".into(),
            });
        }
        let mean = cross.t().dot(&alpha).to_vec();
        let own = tests.rows().into_iter().map(|x| unit * x.dot(&x));
        let explained = (0..tests.nrows()).map(|m| cross.column(m).dot(&solved.column(1 + m)));
        let variance = own.zip(explained).map(|(own, part)| (own - part).max(0.0)).collect();
        let log_volume = eigenvalues.iter().map(|x| (2.0 * std::f64::consts::PI * x).ln()).sum();
        Ok(Evidence { fit, process: Predictions { mean, variance }, log_volume })
    }

    /// The posterior of the scale s², given r₀ of [`evidence`](Self::evidence).
    pub fn scale(&self, fit: f64) -> ScalePosterior {
        ScalePosterior {
            hidden: self.hidden,
            width: self.width,
            samples: self.labels.len(),
            weight_variance: self.weight_variance,
            fit,
        }
    }

    /// Mean and variance of the output at test inputs, exact at this width.
    ///
    /// # Errors
    /// As [`evidence`](Self::evidence).
    pub fn predict(&self, tests: ArrayView2<'_, f64>) -> Result<Predictions> {
        let evidence = self.evidence(tests)?;
        let scale = self.scale(evidence.fit).mean()?;
        Ok(rescaled(evidence.process, scale))
    }

    /// The same in the limit of many units and examples, with the scale u₀^L of `li2021`.
    ///
    /// # Errors
    /// As [`evidence`](Self::evidence).
    pub fn predict_at_saddle(&self, tests: ArrayView2<'_, f64>) -> Result<Predictions> {
        let evidence = self.evidence(tests)?;
        let scale = self.scale(evidence.fit).saddle()?.powi(self.hidden as i32);
        Ok(rescaled(evidence.process, scale))
    }

    /// ln p(Y): the logarithm of the density of the labels, with which depths and widths are compared.
    ///
    /// # Errors
    /// As [`evidence`](Self::evidence).
    pub fn log_evidence(&self) -> Result<f64> {
        let evidence = self.evidence(self.inputs.slice(ndarray::s![..0, ..]))?;
        Ok(self.scale(evidence.fit).log_moment(0)? - 0.5 * evidence.log_volume)
    }

    /// Refuses data and numbers that the theory does not cover.
    pub(crate) fn validate(&self, tests: ArrayView2<'_, f64>) -> Result<()> {
        let (p, n0) = self.inputs.dim();
        if p == 0 || self.labels.len() != p {
            let expected = format!("one for each of {p} examples, of which there must be some");
            return Err(Error::shape("labels", [self.labels.len()], expected));
        }
        if tests.ncols() != n0 {
            let expected = format!("rows of {n0} numbers, as the examples have");
            return Err(Error::shape("test inputs", tests.dim(), expected));
        }
        require_finite("inputs", self.inputs.view())?;
        require_finite("test inputs", tests)?;
        require_finite("labels", self.labels.view().insert_axis(Axis(0)))?;
        if p > n0 {
            return Err(Error::Assumption {
                theory: "the deep linear network at zero temperature",
                reason: format!("{p} examples in {n0} dimensions cannot all be learned exactly"),
                remedy: "use fewer examples, or ridge regression".into(),
            });
        }
        self.scale(1.0).validate()
    }
}

fn rescaled(process: Predictions, scale: f64) -> Predictions {
    let variance = process.variance.iter().map(|v| scale * v).collect();
    Predictions { variance, ..process }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};

    fn model(hidden: usize, width: usize) -> (BayesianDeepLinear, Array2<f64>) {
        let mut rng = stream(3, Purpose::Task, 0);
        let inputs = gaussian(5, 12, 1.0, &mut rng);
        let labels = gaussian(1, 5, 1.5, &mut rng).row(0).to_owned();
        let tests = gaussian(2, 12, 1.0, &mut rng);
        (BayesianDeepLinear { inputs, labels, hidden, width, weight_variance: 1.2 }, tests)
    }

    #[test]
    fn infinite_width_is_the_gaussian_process() {
        let (_, tests) = model(1, 8);
        let gap = |width: usize| {
            let (model, _) = model(2, width);
            let process = model.evidence(tests.view()).unwrap().process;
            let [exact, saddle] =
                [model.predict(tests.view()), model.predict_at_saddle(tests.view())]
                    .map(|found| found.unwrap());
            assert_eq!(exact.mean, process.mean);
            let factor = 1.2f64.powi(2) * process.variance[0];
            (exact.variance[0] / factor - 1.0, saddle.variance[0] / factor - 1.0)
        };
        let (narrow, wide) = (gap(10_000), gap(20_000));
        for (narrow, wide) in [(narrow.0, wide.0), (narrow.1, wide.1)] {
            assert!(wide.abs() < 1e-3 && (narrow / wide - 2.0).abs() < 1e-2, "{narrow} {wide}");
        }
    }

    #[test]
    fn the_evidence_of_one_example_is_the_density_of_the_prior() {
        // One example and one hidden layer of one unit: the output is a product of normal numbers,
        // whose density is K₀(|y|/s)/(πs).
        let s = 0.9f64;
        let inputs = ndarray::arr2(&[[s.sqrt()]]);
        let labels = ndarray::arr1(&[0.7]);
        let model =
            BayesianDeepLinear { inputs, labels, hidden: 1, width: 1, weight_variance: 1.0 };
        let x = 0.7 / s.sqrt();
        let bessel = |x: f64| -> f64 {
            // ∫₀^∞ exp(−x cosh t) dt by the trapezoid rule.
            (0..4000)
                .map(|i| {
                    let t = 0.002 * f64::from(i);
                    let weight = if i == 0 { 0.001 } else { 0.002 };
                    weight * (-x * t.cosh()).exp()
                })
                .sum()
        };
        let exact = (bessel(x) / (std::f64::consts::PI * s.sqrt())).ln();
        approx::assert_relative_eq!(model.log_evidence().unwrap(), exact, max_relative = 1e-11);
    }

    #[test]
    fn what_cannot_be_learned_exactly_is_refused_with_a_reason() {
        let (good, tests) = model(1, 8);
        let mut same = good.clone();
        let first = same.inputs.row(0).to_owned();
        same.inputs.row_mut(1).assign(&first);
        assert!(matches!(same.predict(tests.view()), Err(Error::Assumption { .. })));
        let many = BayesianDeepLinear { inputs: Array2::ones((5, 4)), ..good.clone() };
        let few = Array2::ones((1, 4));
        assert!(matches!(many.predict(few.view()), Err(Error::Assumption { .. })));
        let silent = BayesianDeepLinear { labels: Array1::zeros(5), ..good.clone() };
        assert!(matches!(silent.predict(tests.view()), Err(Error::Assumption { .. })));
        for bad in [
            BayesianDeepLinear { hidden: 0, ..good.clone() },
            BayesianDeepLinear { width: 0, ..good.clone() },
            BayesianDeepLinear { weight_variance: -1.0, ..good.clone() },
            BayesianDeepLinear { labels: Array1::ones(4), ..good.clone() },
        ] {
            assert!(bad.predict(tests.view()).is_err());
        }
        assert!(good.predict(few.view()).is_err());
        assert!(good.predict(tests.view()).unwrap().generalization_error(&[1.0]).is_err());
    }
}
