//! The ensemble of [`super::trained`] at inputs it was not trained on.

use ndarray::{Array1, Array2, Axis};

use super::kernel_modes::require_covariance;
use super::spread::Spread;
use super::trained::{TrainedEnsemble, combine};
use crate::math::linalg::{product, require_finite};
use crate::{Error, Result};

/// A trained ensemble at m test inputs.
#[derive(Debug, Clone)]
pub struct TestPoints<'a> {
    ensemble: &'a TrainedEnsemble,
    /// Θ of test against training inputs in the basis of modes, m × n.
    tangent: Array2<f64>,
    /// K of test against training inputs in the basis of modes, m × n.
    cross: Array2<f64>,
    /// Variances before training, m.
    prior: Array1<f64>,
}

impl TrainedEnsemble {
    /// The same ensemble at m test inputs: `nngp` and `ntk` are K and Θ of test against training inputs
    /// (m × n), `prior` the diagonal of K at the test inputs (m).
    ///
    /// # Errors
    /// Shapes that do not fit, entries that are not finite, negative variances.
    pub fn test_points(
        &self,
        nngp: &Array2<f64>,
        ntk: &Array2<f64>,
        prior: &Array1<f64>,
    ) -> Result<TestPoints<'_>> {
        TestPoints::new(self, nngp, ntk, prior)
    }
}

impl<'a> TestPoints<'a> {
    fn new(
        ensemble: &'a TrainedEnsemble,
        nngp: &Array2<f64>,
        ntk: &Array2<f64>,
        prior: &Array1<f64>,
    ) -> Result<Self> {
        let shape = (prior.len(), ensemble.targets().nrows());
        for (what, kernel) in [("NNGP", nngp), ("tangent", ntk)] {
            let what = format!("{what} kernel of test against training inputs");
            if kernel.dim() != shape {
                let expected = format!("{shape:?}, test and training inputs");
                return Err(Error::shape(what, kernel.dim(), expected));
            }
            require_finite(&what, kernel.view())?;
        }
        require_finite("variances before training", prior.view().insert_axis(Axis(0)))?;
        if let Some(i) = prior.iter().position(|x| *x < 0.0) {
            let entry = format!("variance {} before training", i + 1);
            return Err(Error::parameter(entry, prior[i], "it must not be negative"));
        }
        let vectors = ensemble.modes().vectors.view();
        let (tangent, cross) = (product(ntk.view(), vectors), product(nngp.view(), vectors));
        Ok(Self { ensemble, tangent, cross, prior: prior.clone() })
    }

    /// Mean outputs, m × C, at each of `times`.
    ///
    /// # Errors
    /// As [`TrainedEnsemble::training_means`].
    pub fn means(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        let (gains, _) = self.ensemble.responses(times)?;
        let targets = self.ensemble.to_modes(self.ensemble.targets());
        Ok(combine(self.tangent.view(), &gains, &targets))
    }

    /// Outputs of the one network that starts with outputs `start` on the training inputs (n × C) and
    /// `test_start` on the test inputs (m × C).
    ///
    /// # Errors
    /// As [`TrainedEnsemble::training_means`]; a start of another shape.
    pub fn outputs(
        &self,
        times: &[f64],
        start: &Array2<f64>,
        test_start: &Array2<f64>,
    ) -> Result<Vec<Array2<f64>>> {
        let targets = self.ensemble.targets();
        let what = "initial outputs on the training inputs";
        self.ensemble.require_start(what, start, targets.nrows())?;
        let what = "initial outputs on the test inputs";
        self.ensemble.require_start(what, test_start, self.prior.len())?;
        let (gains, _) = self.ensemble.responses(times)?;
        let errors = self.ensemble.to_modes(&(targets - start));
        let mut outputs = combine(self.tangent.view(), &gains, &errors);
        for output in &mut outputs {
            *output += test_start;
        }
        Ok(outputs)
    }

    /// Variances over the ensemble, times × m, the same for each output unit.
    ///
    /// # Errors
    /// As [`TrainedEnsemble::training_means`]; kernels that do not belong to one network, so that a
    /// variance would be negative by more than rounding.
    pub fn variances(&self, times: &[f64]) -> Result<Array2<f64>> {
        let (gains, _) = self.ensemble.responses(times)?;
        let half = self.ensemble.noisy_half();
        let mut variances = self.spread(&half).diagonals(&gains)?;
        for (mut variance, gain) in variances.rows_mut().into_iter().zip(gains.rows()) {
            variance += &self.prior;
            self.clip(variance.iter_mut(), gain.iter().copied())?;
        }
        Ok(variances)
    }

    /// Covariances over the ensemble, m × m, at each of `times`; `prior` is K at the test inputs
    /// (m × m).
    ///
    /// # Errors
    /// As [`variances`](Self::variances); a prior that is no covariance or has another diagonal.
    pub fn covariances(&self, times: &[f64], prior: &Array2<f64>) -> Result<Vec<Array2<f64>>> {
        let what = "NNGP kernel of the test inputs";
        require_covariance(what, prior)?;
        let m = self.prior.len();
        if prior.nrows() != m {
            let expected = format!("({m}, {m}), a row for each test input");
            return Err(Error::shape(what, prior.dim(), expected));
        }
        let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-8 * a.abs().max(b.abs());
        if let Some(i) = prior.diag().iter().zip(&self.prior).position(|pair| !same(pair)) {
            let allowed = format!("it must be {}, as given with the test points", self.prior[i]);
            let entry = format!("variance {} in {what}", i + 1);
            return Err(Error::parameter(entry, prior[[i, i]], allowed));
        }
        let (gains, _) = self.ensemble.responses(times)?;
        let half = self.ensemble.noisy_half();
        let mut covariances = self.spread(&half).products(&gains)?;
        for (x, gain) in covariances.iter_mut().zip(gains.rows()) {
            add_symmetric(x, prior);
            self.clip(x.diag_mut().iter_mut(), gain.iter().copied())?;
        }
        Ok(covariances)
    }

    /// Half the mean square error against `targets` (m × C), averaged over points, outputs and the
    /// ensemble, at each of `times`.
    ///
    /// # Errors
    /// As [`variances`](Self::variances); targets of another shape.
    pub fn expected_losses(&self, times: &[f64], targets: &Array2<f64>) -> Result<Vec<f64>> {
        self.ensemble.require_start("targets of the test inputs", targets, self.prior.len())?;
        let (means, variances) = (self.means(times)?, self.variances(times)?);
        let loss = |(mean, variance): (&Array2<f64>, ndarray::ArrayView1<'_, f64>)| {
            let bias: f64 = mean.iter().zip(targets).map(|(f, y)| (f - y).powi(2)).sum();
            0.5 * (bias / targets.len() as f64 + variance.sum() / variance.len() as f64)
        };
        Ok(means.iter().zip(variances.rows()).map(loss).collect())
    }

    fn spread<'b>(&'b self, half: &'b Array2<f64>) -> Spread<'b> {
        let eigenvalues = &self.ensemble.modes().values;
        Spread { eigenvalues, modes: &self.tangent, half, cross: Some(&self.cross) }
    }

    /// Sets variances that rounding made negative to zero, and refuses others.
    fn clip<'b>(
        &self,
        variances: impl Iterator<Item = &'b mut f64>,
        gains: impl Iterator<Item = f64>,
    ) -> Result<()> {
        let modes = self.ensemble.modes();
        let amplified = modes.floor * gains.fold(0.0, f64::max);
        let rounding = 1e-10 + amplified;
        for (i, (variance, prior)) in variances.zip(&self.prior).enumerate() {
            if *variance < -rounding * prior {
                let reason = format!(
                    "at test input {} it would be {variance:.3e} (before training {prior:.3e})",
                    i + 1
                );
                let remedy = "a variance is never negative: give kernels of one architecture, rows \
                    for test and columns for training inputs";
                let theory = "the variance over the ensemble";
                return Err(Error::Assumption { theory, reason, remedy: remedy.into() });
            }
            *variance = variance.max(0.0);
        }
        Ok(())
    }
}

/// X becomes X + Xᵀ + S, tile by tile.
fn add_symmetric(x: &mut Array2<f64>, s: &Array2<f64>) {
    const TILE: usize = 32;
    let m = x.nrows();
    for (i0, j0) in (0..m).step_by(TILE).flat_map(|i| (0..=i).step_by(TILE).map(move |j| (i, j))) {
        for i in i0..(i0 + TILE).min(m) {
            for j in j0..(j0 + TILE).min(i + 1) {
                let sum = x[[i, j]] + x[[j, i]] + s[[i, j]];
                (x[[i, j]], x[[j, i]]) = (sum, sum);
            }
        }
    }
}
