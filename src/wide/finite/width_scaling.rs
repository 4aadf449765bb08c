//! How finite networks approach the limit of infinite width, measured.
//!
//! Networks of one architecture are trained from many draws at several widths. At width N the tangent
//! kernel at the start scatters as N^{−1/2} about its limit, and training changes it by about 1/N of
//! itself, by which trained networks leave their linearization (`jacot2018`, `lee2019`,
//! `dyer2020`). [`WidthStudy`] measures all of it, [`power_law`] fits the exponents.
//!
//! # Measured
//!
//! Erf units, eight labeled points on a sphere in four dimensions, thousands of draws at each width,
//! trained until the second-slowest mode was down to e⁻⁴; exponents of power laws fitted to widths 16 to
//! 512 (one hidden layer) and 16 to 128 (two):
//!
//! | | one hidden layer | two |
//! |---|---|---|
//! | scatter of the kernel at the start | −0.500 ± 0.002 | −0.517 ± 0.006 |
//! | change of the kernel in training | −0.917 ± 0.005 | −0.944 ± 0.004 |
//! | distance from the linearization, test points | −0.66 ± 0.02 | −0.72 ± 0.02 |
//!
//! The last two are not powers yet: with one hidden layer their slopes between widths 256 and 512 are
//! −0.94 and −0.80, on the way to −1. They are after short training: with two hidden layers and steps
//! until the fastest mode was down to 1/e, powers times a series in 1/N, fitted to widths 16 to 512,
//! have the exponents −0.500 ± 0.006, −0.986 ± 0.018 and −0.977 ± 0.023.
//!
//! The mean kernel of one hidden layer has no bias (it is a mean over independent units). Mean outputs
//! of trained ensembles have one, which for the worst of three test points was −0.42, −0.30, −0.21,
//! −0.117, −0.062 and −0.032 (± 0.01) at widths 16, 32, …, 512: as 1/N only from width 128 on.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use super::empirical_ntk::mean_empirical_ntk;
use super::kernel_change::{Fluctuation, fluctuation, relative_change};
use super::linearized::Linearized;
use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_error;
use crate::net::LayeredNetwork;
use crate::net::architecture::Architecture;
use crate::net::fast::full_batch::FullBatch;
use crate::net::layered::Sizes;
use crate::wide::ensemble::test_points::TestPoints;
use crate::wide::ensemble::trained::TrainedEnsemble;
use crate::wide::ensemble::training::Training;
use crate::wide::kernel::dense::{Kernels, kernels};
use crate::{Dataset, Error, Result};

/// Training of one architecture on one task, to be done at several widths.
#[derive(Debug, Clone)]
pub struct WidthStudy {
    /// Dense layers and nonlinearities, in NTK parameterization.
    pub architecture: Architecture,
    /// Training examples.
    pub data: Dataset,
    /// Test inputs, m × d.
    pub test: Array2<f64>,
    /// Learning rate, for the loss ½‖f − y‖² averaged over examples.
    pub rate: f64,
    /// Steps of gradient descent.
    pub steps: usize,
}

/// A measured number and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Mean over draws.
    pub value: f64,
    /// Standard error of that mean.
    pub error: f64,
}

/// What draws of one width do.
#[derive(Debug, Clone, PartialEq)]
pub struct AtWidth {
    /// Units of every hidden layer.
    pub width: usize,
    /// Tangent kernel at the start about its limit, on training and test points.
    pub start: Fluctuation,
    /// Change of the kernel in training relative to what it was, mean over draws.
    pub kernel_change: Measured,
    /// Root mean square distance of the trained network from its linearization on test points.
    pub linearization_gap: Measured,
    /// Mean trained outputs on test points less those of the limit, one entry for each (point, output)
    /// pair.
    pub output_bias: Vec<Measured>,
}

/// What one draw does.
struct Draw {
    kernel: Array2<f64>,
    change: f64,
    square_gap: f64,
    /// Trained outputs less what the limit's kernels make of this draw's first outputs.
    excess: Vec<f64>,
}

impl WidthStudy {
    /// Trains `runs` ≥ 2 draws of one width, side by side.
    ///
    /// The bias of outputs is much smaller than their scatter, most of which a draw starts with. The
    /// limit's kernels map first outputs to trained ones, linearly, and first outputs have mean zero at
    /// every width: less what this map makes of them, trained outputs scatter by N^{−1/2} about the
    /// same bias.
    ///
    /// # Errors
    /// A single run, or what the [network](LayeredNetwork::random), its kernels or its training refuse.
    pub fn at(&self, width: usize, runs: usize, seed: u64) -> Result<AtWidth> {
        let all = concatenate(Axis(0), &[self.data.inputs.view(), self.test.view()])
            .map_err(|e| Error::shape("test inputs", self.test.dim(), e.to_string()))?;
        let Kernels { nngp, ntk: limit } = kernels(&self.architecture, all.view(), None)?;
        let (train, test) = (..self.data.inputs.nrows(), self.data.inputs.nrows()..);
        let part = |k: &Array2<f64>| k.slice(s![train, train]).to_owned();
        let cross = |k: &Array2<f64>| k.slice(s![test.clone(), train]).to_owned();
        let targets = &self.data.targets;
        let wide = TrainedEnsemble::new(&part(&nngp), &part(&limit), targets, self.training())?;
        let prior = nngp.diag().slice(s![test.clone()]).to_owned();
        let wide = wide.test_points(&cross(&nngp), &cross(&limit), &prior)?;
        let draws = in_parallel(runs, |run| {
            // No two widths share a draw.
            let seed = seed.wrapping_mul(1_000_003).wrapping_add((width << 24 | run) as u64);
            self.draw(width, all.view(), &wide, seed)
        })?;
        let tangent: Vec<Array2<f64>> = draws.iter().map(|draw| draw.kernel.clone()).collect();
        let (value, error) = mean_and_error(draws.iter().map(|draw| draw.change));
        let (square, square_error) = mean_and_error(draws.iter().map(|draw| draw.square_gap));
        let rms = square.sqrt();
        let rms_error = if rms > 0.0 { 0.5 * square_error / rms } else { 0.0 };
        let output_bias = (0..draws.first().map_or(0, |draw| draw.excess.len())).map(|k| {
            let (value, error) = mean_and_error(draws.iter().map(|draw| draw.excess[k]));
            Measured { value, error }
        });
        Ok(AtWidth {
            width,
            start: fluctuation(&tangent, limit.view())?,
            kernel_change: Measured { value, error },
            linearization_gap: Measured { value: rms, error: rms_error },
            output_bias: output_bias.collect(),
        })
    }

    /// Steps on the loss of simulations, a mean over examples.
    fn training(&self) -> Training {
        let normalization = Some(self.data.inputs.nrows() as f64);
        Training { normalization, ..Training::steps(self.rate) }
    }

    fn draw(
        &self,
        width: usize,
        all: ArrayView2<'_, f64>,
        wide: &TestPoints<'_>,
        seed: u64,
    ) -> Result<Draw> {
        let sizes =
            Sizes { n_in: self.data.inputs.ncols(), width, n_out: self.data.targets.ncols() };
        let net = LayeredNetwork::random(&self.architecture, sizes, seed)?;
        let kernel = mean_empirical_ntk(&net, all, None)?;
        let linear = Linearized::of(&net, &self.data, self.test.view(), self.training())?;
        let mut descent = FullBatch::trainer(net, &self.data, self.rate, false)?;
        let end = [self.steps as f64];
        let start = descent.outputs(self.data.inputs.view())?;
        let expected = wide.outputs(&end, &start, &descent.outputs(self.test.view())?)?;
        descent.advance_to(end[0])?;
        let outputs = descent.outputs(self.test.view())?;
        let gaps = &outputs - &linear.test_outputs(&end)?[0];
        let after = mean_empirical_ntk(descent.network(), all, None)?;
        Ok(Draw {
            change: relative_change(after.view(), kernel.view())?,
            kernel,
            square_gap: gaps.iter().map(|g| g * g).sum::<f64>() / gaps.len().max(1) as f64,
            excess: (outputs - &expected[0]).into_iter().collect(),
        })
    }
}

/// A power of the width, fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    /// Slope of the logarithm over the logarithm of the width.
    pub exponent: f64,
    /// Its standard error: from the errors of the points, or from their scatter about the line where
    /// that is larger.
    pub exponent_error: f64,
    /// Value of the fit at width 1.
    pub prefactor: f64,
}

impl PowerLaw {
    /// The fit at a width.
    pub fn at(&self, width: f64) -> f64 {
        self.prefactor * width.powf(self.exponent)
    }
}

/// Fits y = prefactor·x^exponent by least squares of the logarithms, each point weighted by its
/// relative standard error.
///
/// # Errors
/// Fewer than three points, or widths, values or errors that are not positive.
pub fn power_law(x: &[f64], points: &[Measured]) -> Result<PowerLaw> {
    if x.len() < 3 || x.len() != points.len() {
        let expected = "three points or more, one value for each width";
        return Err(Error::shape("points of a power law", (x.len(), points.len()), expected));
    }
    let positive = |v: f64| v.is_finite() && v > 0.0;
    for (x, point) in x.iter().zip(points) {
        if let Some(bad) = [*x, point.value, point.error].into_iter().find(|v| !positive(*v)) {
            let allowed = "widths, values and standard errors must be positive";
            return Err(Error::parameter("point of a power law", bad, allowed));
        }
    }
    let ln_x: Array1<f64> = x.iter().map(|x| x.ln()).collect();
    let ln_y: Array1<f64> = points.iter().map(|p| p.value.ln()).collect();
    let weight: Array1<f64> = points.iter().map(|p| (p.value / p.error).powi(2)).collect();
    let mean = |v: &Array1<f64>| (&weight * v).sum() / weight.sum();
    let (mean_x, mean_y) = (mean(&ln_x), mean(&ln_y));
    let (dx, dy) = (ln_x - mean_x, ln_y - mean_y);
    let spread = (&weight * &dx * &dx).sum();
    if !positive(spread) {
        return Err(Error::parameter("widths of a power law", x[0], "they must differ"));
    }
    let exponent = (&weight * &dx * &dy).sum() / spread;
    let rest = dy - dx * exponent;
    let chi_square = (&weight * &rest * &rest).sum() / (x.len() - 2) as f64;
    Ok(PowerLaw {
        exponent,
        exponent_error: (chi_square.max(1.0) / spread).sqrt(),
        prefactor: (mean_y - exponent * mean_x).exp(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_recovered_and_their_errors_cover_scatter() {
        let widths = [10.0, 30.0, 100.0, 400.0];
        let points = |scatter: [f64; 4]| -> Vec<Measured> {
            let value =
                |(w, s): (&f64, f64)| Measured { value: 3.0 * w.powf(-0.5) * s, error: 0.01 };
            widths.iter().zip(scatter).map(value).collect()
        };
        let exact = power_law(&widths, &points([1.0; 4])).unwrap();
        assert!((exact.exponent + 0.5).abs() < 1e-13);
        assert!((exact.prefactor - 3.0).abs() < 1e-12 && (exact.at(100.0) - 0.3).abs() < 1e-13);
        let scattered = power_law(&widths, &points([1.0, 1.5, 0.7, 1.2])).unwrap();
        assert!(scattered.exponent_error > 10.0 * exact.exponent_error);
    }

    #[test]
    fn the_standard_error_of_a_slope_is_that_of_weighted_least_squares() {
        // Equal relative errors s at ln x = 0, 1, 2: the slope's error is s/√2.
        let widths = [1.0, 1f64.exp(), 2f64.exp()];
        let points = widths.map(|w| Measured { value: 1.0 / w, error: 0.05 / w });
        let fit = power_law(&widths, &points).unwrap();
        assert!((fit.exponent + 1.0).abs() < 1e-13);
        assert!((fit.exponent_error - 0.05 / 2f64.sqrt()).abs() < 1e-13);
    }

    #[test]
    fn points_without_a_power_are_refused() {
        let point = Measured { value: 1.0, error: 0.1 };
        assert!(power_law(&[1.0, 2.0], &[point; 2]).is_err());
        assert!(power_law(&[1.0, 2.0, 3.0], &[point; 2]).is_err());
        assert!(power_law(&[2.0, 2.0, 2.0], &[point; 3]).is_err());
        let negative = Measured { value: -1.0, ..point };
        assert!(power_law(&[1.0, 2.0, 3.0], &[point, point, negative]).is_err());
        let certain = Measured { error: 0.0, ..point };
        assert!(power_law(&[1.0, 2.0, 3.0], &[point, point, certain]).is_err());
    }
}
