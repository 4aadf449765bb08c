//! The Gaussian process of a wide network, conditioned on data: what networks that fit the targets
//! say, if the parameters of all others are struck out.
//!
//! With prior covariance K (the NNGP kernel) and noise of variance σ² on the targets y
//!
//! ```math
//! \mathrm{mean} = K_{ZX} (K_{XX} + \sigma^2)^{-1} y, \qquad
//! \mathrm{cov} = K_{ZZ} - K_{ZX} (K_{XX} + \sigma^2)^{-1} K_{XZ}
//! ```
//!
//! and the evidence, which compares architectures without test data, is
//!
//! ```math
//! \ln p(y) = -\tfrac{1}{2} y^T (K_{XX} + \sigma^2)^{-1} y - \tfrac{1}{2} \ln\det 2\pi(K_{XX} + \sigma^2)
//! ```
//!
//! summed over outputs (`rasmussen2006`; for networks `neal1996`, `lee2018`). Gradient descent reaches
//! it if only the last layer is trained ([`TrainedEnsemble::last_layer`]); networks all of whose layers
//! are trained end elsewhere.
//!
//! [`TrainedEnsemble::last_layer`]: super::trained::TrainedEnsemble::last_layer

use ndarray::{Array1, Array2, Axis, concatenate, s};

use super::kernel_modes::{require_covariance, twins};
use crate::math::linalg::{product, require_finite, symmetric_product, whitened};
use crate::{Error, Result};

/// A Gaussian process conditioned on n examples with C targets each.
#[derive(Debug, Clone)]
pub struct Posterior {
    /// K + σ² on the training inputs.
    kernel: Array2<f64>,
    /// Targets, n × C.
    targets: Array2<f64>,
}

/// What a posterior says of m test inputs.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Mean, m × C.
    pub mean: Array2<f64>,
    /// Covariance of one output, m × m, without noise.
    pub covariance: Array2<f64>,
}

impl Posterior {
    /// Conditions on targets (n × C) with noise of variance `noise`; `nngp` is K, n × n.
    ///
    /// # Errors
    /// Shapes that do not fit, entries that are not finite, a negative noise, a singular kernel
    /// without noise.
    pub fn new(nngp: &Array2<f64>, targets: &Array2<f64>, noise: f64) -> Result<Self> {
        require_covariance("NNGP kernel of the training inputs", nngp)?;
        if targets.nrows() != nngp.nrows() || targets.ncols() == 0 {
            let expected = format!("one row for each of {} training inputs", nngp.nrows());
            return Err(Error::shape("targets", targets.dim(), expected));
        }
        require_finite("targets", targets.view())?;
        if !(noise >= 0.0 && noise.is_finite()) {
            return Err(Error::parameter("noise", noise, "it must be zero or positive"));
        }
        let floor = nngp.nrows() as f64 * f64::EPSILON * nngp.diag().sum();
        let kernel = nngp + &(noise * Array2::<f64>::eye(nngp.nrows()));
        let posterior = Self { kernel, targets: targets.clone() };
        // A pivot below the floor is nothing but rounding.
        let smallest = match posterior.whitened(None) {
            Ok((_, roots)) => roots.fold(f64::INFINITY, |m, root| m.min(root * root)),
            Err(Error::Numerical { .. }) => 0.0,
            Err(error) => return Err(error),
        };
        if smallest > floor {
            return Ok(posterior);
        }
        let reason = match twins(nngp) {
            Some((i, j)) => {
                format!("training examples {} and {} have the same input", i + 1, j + 1)
            }
            None => format!("its smallest pivot, {smallest:.1e}, is nothing but rounding"),
        };
        Err(Error::Assumption {
            theory: "inverting this kernel",
            reason: format!("it is singular: {reason}"),
            remedy: format!(
                "add noise (a ridge), such as {:.1e}",
                1e-6 * nngp.diag().mean().unwrap_or(1.0)
            ),
        })
    }

    /// Mean and covariance at m test inputs: `cross` is K of test against training inputs (m × n),
    /// `prior` that of the test inputs (m × m).
    ///
    /// # Errors
    /// Shapes that do not fit, entries that are not finite.
    pub fn predict(&self, cross: &Array2<f64>, prior: &Array2<f64>) -> Result<Prediction> {
        require_covariance("NNGP kernel of the test inputs", prior)?;
        let (mean, white) = self.mean(cross)?;
        if prior.nrows() != cross.nrows() {
            let expected = format!("a row for each of {} test inputs", cross.nrows());
            return Err(Error::shape("NNGP kernel of the test inputs", prior.dim(), expected));
        }
        let mut covariance = prior - &symmetric_product(white.t(), white.view());
        covariance.diag_mut().mapv_inplace(|x| x.max(0.0));
        Ok(Prediction { mean, covariance })
    }

    /// Mean (m × C) and variances (m) at test inputs, of which only the variances before conditioning
    /// are known, `prior` (m).
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn variances(
        &self,
        cross: &Array2<f64>,
        prior: &Array1<f64>,
    ) -> Result<(Array2<f64>, Array1<f64>)> {
        let (mean, white) = self.mean(cross)?;
        if prior.len() != cross.nrows() {
            let expected = format!("one for each of {} test inputs", cross.nrows());
            return Err(Error::shape("variances before conditioning", [prior.len()], expected));
        }
        let variances = prior - &white.map_axis(Axis(0), |column| column.dot(&column));
        Ok((mean, variances.mapv_into(|x| x.max(0.0))))
    }

    /// ln p(y), summed over outputs.
    ///
    /// # Errors
    /// None that [`new`](Self::new) would not have found.
    pub fn log_evidence(&self) -> Result<f64> {
        let (white, roots) = self.whitened(None)?;
        let log_determinant = 2.0 * roots.mapv(f64::ln).sum();
        let n = self.targets.nrows() as f64;
        let outputs = self.targets.ncols() as f64;
        let squares = white.iter().map(|x| x * x).sum::<f64>();
        Ok(-0.5 * (squares + outputs * (log_determinant + n * std::f64::consts::TAU.ln())))
    }

    /// The mean, and L⁻¹Kᵀ for the covariance.
    fn mean(&self, cross: &Array2<f64>) -> Result<(Array2<f64>, Array2<f64>)> {
        if cross.ncols() != self.targets.nrows() {
            let expected = format!("a column for each of {} training inputs", self.targets.nrows());
            let what = "NNGP kernel of test against training inputs";
            return Err(Error::shape(what, cross.dim(), expected));
        }
        let (white, _) = self.whitened(Some(cross))?;
        let outputs = self.targets.ncols();
        let (y, cross) = (white.slice(s![.., ..outputs]), white.slice(s![.., outputs..]));
        Ok((product(cross.t(), y), cross.to_owned()))
    }

    /// L⁻¹(y, Kᵀ) and the diagonal of L.
    fn whitened(&self, cross: Option<&Array2<f64>>) -> Result<(Array2<f64>, Array1<f64>)> {
        match cross {
            None => whitened(&self.kernel, &self.targets),
            Some(cross) => {
                let both = concatenate(Axis(1), &[self.targets.view(), cross.t()]);
                let both = both.map_err(|_| {
                    Error::shape(
                        "NNGP kernel of test against training inputs",
                        cross.dim(),
                        "n columns",
                    )
                })?;
                whitened(&self.kernel, &both)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::{eigh, frobenius_norm};
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::wide::ensemble::trained::TrainedEnsemble;
    use crate::wide::ensemble::training::Training;

    fn kernels() -> (Array2<f64>, Array2<f64>, Array2<f64>, Array2<f64>) {
        let mut rng = stream(21, Purpose::Task, 0);
        let (x, z) = (gaussian(11, 3, 1.0, &mut rng), gaussian(5, 3, 1.0, &mut rng));
        let k = |a: &Array2<f64>, b: &Array2<f64>| a.dot(&b.t()).mapv(|q| (0.4 * q).exp());
        (k(&x, &x), k(&z, &x), k(&z, &z), gaussian(11, 2, 1.0, &mut rng))
    }

    #[test]
    fn last_layers_trained_on_noisy_targets_sample_the_posterior() {
        let (nngp, cross, prior, targets) = kernels();
        for noise in [0.0, 1e-3, 0.5] {
            let posterior = Posterior::new(&nngp, &targets, noise).unwrap();
            let Prediction { mean, covariance } = posterior.predict(&cross, &prior).unwrap();
            let training = Training { ridge: noise, target_noise: noise, ..Training::flow(1.0) };
            let ensemble = TrainedEnsemble::last_layer(&nngp, &targets, training).unwrap();
            let test = ensemble.test_points(&cross, &cross, &prior.diag().to_owned()).unwrap();
            let end = [f64::INFINITY];
            let gap = |a: &Array2<f64>, b: &Array2<f64>| frobenius_norm((a - b).view());
            assert!(gap(&mean, &test.means(&end).unwrap()[0]) < 1e-10);
            assert!(gap(&covariance, &test.covariances(&end, &prior).unwrap()[0]) < 1e-11);
            let (again, variances) = posterior.variances(&cross, &prior.diag().to_owned()).unwrap();
            assert_eq!(again, mean);
            assert!((&variances - &covariance.diag()).iter().all(|d| d.abs() < 1e-14));
        }
    }

    #[test]
    fn the_evidence_is_the_density_of_the_targets() {
        let (nngp, _, _, targets) = kernels();
        let noise = 0.1;
        let (values, vectors) = eigh(&(&nngp + &(noise * Array2::<f64>::eye(11)))).unwrap();
        let modes = vectors.t().dot(&targets);
        let expected: f64 = modes
            .indexed_iter()
            .map(|((i, _), y)| {
                -0.5 * (y * y / values[i] + (std::f64::consts::TAU * values[i]).ln())
            })
            .sum();
        let found = Posterior::new(&nngp, &targets, noise).unwrap().log_evidence().unwrap();
        assert!((found - expected).abs() < 1e-11 * expected.abs(), "{found} {expected}");
    }

    #[test]
    fn singular_kernels_need_noise() {
        let (mut nngp, _, _, targets) = kernels();
        let row = nngp.row(1).to_owned();
        nngp.row_mut(4).assign(&row);
        nngp.column_mut(4).assign(&row);
        nngp[[4, 4]] = row[1];
        let text = Posterior::new(&nngp, &targets, 0.0).unwrap_err().to_string();
        assert!(text.contains("examples 2 and 5") && text.contains("noise"), "{text}");
        assert!(Posterior::new(&nngp, &targets, 1e-3).is_ok());
        let rank_one = Array2::ones((11, 11)) + 1e-18 * &nngp;
        assert!(Posterior::new(&rank_one, &targets, 0.0).is_err());
        assert!(Posterior::new(&nngp, &targets, -1.0).unwrap_err().to_string().contains("noise"));
    }
}
