//! The ensemble of all wide networks that could have been trained: mean and covariance of their
//! outputs at any time.
//!
//! # Setting
//!
//! Networks differ in their random initial parameters. In the limit of infinite width their initial
//! outputs are a Gaussian process with covariance K (the NNGP kernel), independent from one output
//! unit to the next, and training moves every one of them with the same tangent kernel Θ. What is left
//! random at time t is the start, and it stays Gaussian (`lee2019`).
//!
//! # Prediction
//!
//! With Θ = V diag(w) Vᵀ on the training inputs X, and at test inputs Z
//!
//! ```math
//! \mathrm{mean} = A y, \qquad
//! \mathrm{cov} = K_{ZZ} + A K_{XX} A^T - A K_{XZ} - K_{ZX} A^T, \qquad
//! A = \Theta_{ZX} V \mathrm{diag}(g(t)) V^T ,
//! ```
//!
//! where [`Training`] says what g is. One eigendecomposition serves all times; the covariances of all
//! times share their expensive products.
//!
//! Training only the last layer is training with Θ = K ([`TrainedEnsemble::last_layer`]). To the end,
//! with ridge and target noise both equal to a noise variance, its ensemble is the posterior of the
//! Gaussian process ([`super::posterior`] has that without eigenvectors).
//!
//! # Where it parts from trained networks
//!
//! A network of width n has a tangent kernel that differs from Θ by a random part of order n^{−1/2} and
//! moves by a part of order 1/n in training. Mean and covariance of its ensemble are off by about 1/n.
//!
//! # Example
//!
//! ```
//! use ndarray::array;
//! use solvable::wide::ensemble::trained::TrainedEnsemble;
//! use solvable::wide::ensemble::training::Training;
//!
//! // Two inputs at right angles and one between them; a linear network without biases: Θ = K = XXᵀ/2.
//! let (x, z) = (array![[1.0, 0.0], [0.0, 1.0]], array![[0.6, 0.8]]);
//! let kernel = |a: &ndarray::Array2<f64>, b: &ndarray::Array2<f64>| a.dot(&b.t()) / 2.0;
//! let (train, cross) = (kernel(&x, &x), kernel(&z, &x));
//!
//! let y = array![[1.0], [-1.0]];
//! let ensemble = TrainedEnsemble::last_layer(&train, &y, Training::flow(1.0))?;
//! let test = ensemble.test_points(&cross, &cross, &kernel(&z, &z).diag().to_owned())?;
//! let times = [0.0, f64::INFINITY];
//! let (means, variances) = (test.means(&times)?, test.variances(&times)?);
//! assert!((means[1][[0, 0]] - (0.6 - 0.8)).abs() < 1e-14);
//! assert!((variances[[0, 0]] - 0.5).abs() < 1e-14 && variances[[1, 0]] < 1e-14);
//! # Ok::<(), solvable::Error>(())
//! ```

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::kernel_modes::KernelModes;
use super::spread::{Spread, lower_half};
use super::training::{Response, Training};
use crate::math::linalg::{product, require_finite, symmetric_product};
use crate::{Error, Result};

/// An ensemble of infinitely wide networks trained on n examples with C targets each.
#[derive(Debug, Clone)]
pub struct TrainedEnsemble {
    training: Training,
    /// N of the loss.
    n: f64,
    modes: KernelModes,
    /// Targets, n × C.
    targets: Array2<f64>,
    /// The lower half of U = VᵀKV, its diagonal halved.
    half: Array2<f64>,
}

impl TrainedEnsemble {
    /// All layers are trained: `nngp` and `ntk` are K and Θ of the training inputs (n × n), `targets`
    /// is n × C.
    ///
    /// # Errors
    /// Shapes that do not fit, entries that are not finite, matrices that are no kernels, a parameter
    /// of the training out of its range, steps that diverge.
    pub fn new(
        nngp: &Array2<f64>,
        ntk: &Array2<f64>,
        targets: &Array2<f64>,
        training: Training,
    ) -> Result<Self> {
        let modes = KernelModes::of(nngp, ntk)?;
        if targets.nrows() != ntk.nrows() || targets.ncols() == 0 {
            let expected = format!("one row for each of {} training inputs", ntk.nrows());
            return Err(Error::shape("targets", targets.dim(), expected));
        }
        require_finite("targets", targets.view())?;
        let n = training.n(targets.len());
        training.validate(modes.values[0], n)?;
        let u =
            symmetric_product(modes.vectors.t(), product(nngp.view(), modes.vectors.view()).view());
        Ok(Self { training, n, modes, targets: targets.clone(), half: lower_half(u) })
    }

    /// Only the last layer is trained, so that its covariance K is also the tangent kernel.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn last_layer(
        nngp: &Array2<f64>,
        targets: &Array2<f64>,
        training: Training,
    ) -> Result<Self> {
        Self::new(nngp, nngp, targets, training)
    }

    /// The same networks trained in another way; no new eigendecomposition is needed.
    ///
    /// # Errors
    /// A parameter of the training out of its range, steps that diverge.
    pub fn retrained(self, training: Training) -> Result<Self> {
        let n = training.n(self.targets.len());
        training.validate(self.modes.values[0], n)?;
        Ok(Self { training, n, ..self })
    }

    /// The rate from which on steps diverge, 2N/(w + ridge) for the largest eigenvalue w, or
    /// 2(1 + μ)N/(w + ridge) with momentum. Flows do not diverge at any rate.
    pub fn max_learning_rate(&self) -> f64 {
        self.training.largest_rate(self.modes.values[0], self.n)
    }

    /// Eigenvalues w of Θ, largest first. A mode learns with the rate ηw/N per step.
    pub fn eigenvalues(&self) -> &Array1<f64> {
        &self.modes.values
    }

    /// How the networks are trained.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// Two training inputs (from 0) that are the same to the kernel, if there are any.
    pub fn equal_inputs(&self) -> Option<(usize, usize)> {
        self.modes.twins
    }

    /// Mean outputs on the training inputs, n × C, at each of `times`.
    ///
    /// # Errors
    /// A time that is negative or not a number, is not whole where steps are counted, or is so late
    /// that a singular kernel would be inverted. Infinity is the end of training.
    pub fn training_means(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        self.outputs_from(times, &Array2::zeros(self.targets.dim()))
    }

    /// Outputs on the training inputs of the one network that starts with outputs `start` (n × C).
    ///
    /// # Errors
    /// As [`training_means`](Self::training_means); a start of another shape.
    pub fn training_outputs(&self, times: &[f64], start: &Array2<f64>) -> Result<Vec<Array2<f64>>> {
        self.require_start("initial outputs on the training inputs", start, self.targets.nrows())?;
        self.outputs_from(times, start)
    }

    fn outputs_from(&self, times: &[f64], start: &Array2<f64>) -> Result<Vec<Array2<f64>>> {
        let (_, residuals) = self.responses(times)?;
        let errors = self.to_modes(&(&self.targets - start));
        let mut outputs = combine(self.modes.vectors.view(), &residuals, &errors);
        for output in &mut outputs {
            output.zip_mut_with(&self.targets, |rest, y| *rest = y - *rest);
        }
        Ok(outputs)
    }

    /// Variances over the ensemble on the training inputs, times × n, the same for each output unit.
    ///
    /// # Errors
    /// As [`training_means`](Self::training_means).
    pub fn training_variances(&self, times: &[f64]) -> Result<Array2<f64>> {
        let (_, residuals) = self.responses(times)?;
        let mut variances = self.training_spread().diagonals(&residuals)?;
        let squares = self.modes.vectors.mapv(|v| v * v);
        for (mut variance, residual) in variances.rows_mut().into_iter().zip(residuals.rows()) {
            variance += &squares.dot(&self.noise_powers(residual.to_owned()));
            // A sum of squares, but for rounding.
            variance.mapv_inplace(|x| x.max(0.0));
        }
        Ok(variances)
    }

    /// Covariances over the ensemble on the training inputs, n × n, at each of `times`.
    ///
    /// # Errors
    /// As [`training_means`](Self::training_means).
    pub fn training_covariances(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        let (_, residuals) = self.responses(times)?;
        let mut halves = self.training_spread().products(&residuals)?;
        for (x, residual) in halves.iter_mut().zip(residuals.rows()) {
            let mut sum = &*x + &x.t();
            if self.training.target_noise > 0.0 {
                let powers = self.noise_powers(residual.to_owned()).insert_axis(Axis(0));
                let scaled = &self.modes.vectors * &powers;
                sum += &symmetric_product(scaled.view(), self.modes.vectors.t());
            }
            *x = sum;
        }
        Ok(halves)
    }

    /// Variance that noise of targets leaves in each mode of the training outputs.
    fn noise_powers(&self, residual: Array1<f64>) -> Array1<f64> {
        residual.mapv_into(|r| self.training.target_noise * (1.0 - r) * (1.0 - r))
    }

    fn training_spread(&self) -> Spread<'_> {
        let (eigenvalues, modes) = (&self.modes.values, &self.modes.vectors);
        Spread { eigenvalues, modes, half: &self.half, cross: None }
    }

    /// Loss (1/2N)‖f − y‖² on the training examples, averaged over the ensemble, at each of `times`:
    ///
    /// ```math
    /// \frac{1}{2N}\sum_i r_i^2 \left(|v_i^T y|^2 + C\, v_i^T K v_i\right)
    /// ```
    ///
    /// (and what noise of the targets adds; y here is without it).
    ///
    /// # Errors
    /// As [`training_means`](Self::training_means).
    pub fn expected_training_losses(&self, times: &[f64]) -> Result<Vec<f64>> {
        let (_, residuals) = self.responses(times)?;
        let (y, noise) = (self.to_modes(&self.targets), self.training.target_noise);
        let n_outputs = self.targets.ncols() as f64;
        let start: Array1<f64> =
            y.map_axis(Axis(1), |y| y.dot(&y)) + &(2.0 * n_outputs * &self.half.diag());
        let loss = |r: ndarray::ArrayView1<'_, f64>| {
            let sum: f64 = r
                .iter()
                .zip(&start)
                .map(|(r, s)| r * r * s + n_outputs * noise * (1.0 - r) * (1.0 - r))
                .sum();
            0.5 * sum / self.n
        };
        Ok(residuals.rows().into_iter().map(loss).collect())
    }

    /// Gains g and residuals 1 − wg, times × modes.
    pub(crate) fn responses(&self, times: &[f64]) -> Result<(Array2<f64>, Array2<f64>)> {
        self.training.validate_times(times)?;
        let shape = (times.len(), self.modes.values.len());
        let (mut gains, mut residuals) = (Array2::zeros(shape), Array2::zeros(shape));
        for (k, time) in times.iter().enumerate() {
            let mut largest = 0.0f64;
            for (i, w) in self.modes.values.iter().enumerate() {
                let Response { gain, residual } = self.training.mode(*w, *time, self.n);
                (gains[[k, i]], residuals[[k, i]]) = (gain, residual);
                largest = largest.max(gain);
            }
            self.modes.require_resolved(largest, *time)?;
        }
        Ok((gains, residuals))
    }

    /// Vᵀ a.
    pub(crate) fn to_modes(&self, a: &Array2<f64>) -> Array2<f64> {
        product(self.modes.vectors.t(), a.view())
    }

    pub(crate) fn modes(&self) -> &KernelModes {
        &self.modes
    }

    pub(crate) fn targets(&self) -> &Array2<f64> {
        &self.targets
    }

    /// The lower half of the covariance of training outputs, with the noise of targets.
    pub(crate) fn noisy_half(&self) -> Array2<f64> {
        let mut half = self.half.clone();
        half.diag_mut().mapv_inplace(|x| x + 0.5 * self.training.target_noise);
        half
    }

    pub(crate) fn require_start(&self, what: &str, start: &Array2<f64>, rows: usize) -> Result<()> {
        if start.dim() != (rows, self.targets.ncols()) {
            let expected = format!("({rows}, {}), points and outputs", self.targets.ncols());
            return Err(Error::shape(what, start.dim(), expected));
        }
        require_finite(what, start.view())
    }
}

/// L diag(factors) R for every row of `factors`, in one product.
pub(crate) fn combine(
    left: ArrayView2<'_, f64>,
    factors: &Array2<f64>,
    right: &Array2<f64>,
) -> Vec<Array2<f64>> {
    let (n, columns) = right.dim();
    let mut all = Array2::zeros((n, factors.nrows() * columns));
    for (k, factor) in factors.rows().into_iter().enumerate() {
        let scaled = right * &factor.insert_axis(Axis(1));
        all.slice_mut(s![.., k * columns..(k + 1) * columns]).assign(&scaled);
    }
    let all = product(left, all.view());
    all.axis_chunks_iter(Axis(1), columns).map(|part| part.to_owned()).collect()
}
