//! The student of a noisy teacher as a model: sampled targets, mode by mode.

use ndarray::{Array1, Array2, Axis};

use super::noisy_teacher::{NoisyTeacher, Outlier, Theory, errors, grown, outlier_errors};
use super::sampled_student::{n_examples, recorded};
use super::student::Errors;
use crate::agreement::{FiniteSize, Tolerance};
use crate::math::linalg::{qr, thin_svd};
use crate::math::random::{Purpose, gaussian, stream};
use crate::math::times::validate_times;
use crate::{Result, Solvable, Trajectory};

impl Solvable for NoisyTeacher {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        validate_times(grid)?;
        recorded(grid, &errors(self, grid)?)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        validate_times(grid)?;
        let (teacher, targets) = self.draw(seed)?;
        let factors = thin_svd(&targets)?;
        let power = factors.s.dot(&factors.s);
        let norm = self.strengths.iter().map(|s| s * s).sum::<f64>();
        // uᵀW̄v of every pair of singular vectors.
        let overlaps = (factors.u.t().dot(&teacher) * factors.v.t()).sum_axis(Axis(1));
        let at = |time: &f64| {
            let (mut test, mut training) = (norm, 0.0);
            for (s, overlap) in factors.s.iter().zip(&overlaps) {
                let now = grown(*s, self.start, *time)?;
                test += now * now - 2.0 * now * overlap;
                training += (s - now).powi(2);
            }
            Ok(Errors { test: test / norm, training: training / power })
        };
        recorded(grid, &grid.iter().map(at).collect::<Result<Vec<_>>>()?)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let biases =
            prediction.grid().iter().map(|time| self.bias(*time)).collect::<Result<Vec<_>>>()?;
        Ok(Tolerance {
            gaps: vec![0.0; 2],
            finite_size: Some(FiniteSize {
                biases: vec![
                    biases.iter().map(|e| e.test).collect(),
                    biases.iter().map(|e| e.training).collect(),
                ],
                standard_errors: 4.0,
            }),
            reason: "outliers that scatter, the next order in 1/N, and four standard errors",
        })
    }
}

impl NoisyTeacher {
    /// A teacher and its noisy targets, N₃ × N₁.
    ///
    /// # Errors
    /// A value out of range, or a size that does not fit into memory.
    pub fn draw(&self, seed: u64) -> Result<(Array2<f64>, Array2<f64>)> {
        Theory::new(self, &[])?;
        let n_in = n_examples(self.ratio.recip(), self.n_out)?;
        let mut rng = stream(seed, Purpose::Task, 0);
        let rank = self.strengths.len();
        let basis = |n: usize, rng: &mut _| qr(&gaussian(n, rank, 1.0, rng)).0;
        let (left, right) = (basis(self.n_out, &mut rng), basis(n_in, &mut rng));
        let strengths = Array1::from(self.strengths.clone());
        let teacher = (&left * &strengths).dot(&right.t());
        let noise = gaussian(self.n_out, n_in, (n_in as f64).sqrt().recip(), &mut rng);
        let targets = &teacher + &noise;
        Ok((teacher, targets))
    }

    /// Expected distance of a finite system from [`errors`]: an outlier scatters with the variance
    /// 1/N₁ of uᵀZv and is off by the order of 1/N₁, which matters while it is being learned; of all
    /// else the next order is taken to be 1/N₃ of this one's correction, as in a series in 1/N₃.
    fn bias(&self, time: f64) -> Result<Errors> {
        let theory = Theory::new(self, &[time])?;
        let (leading, corrected) = (theory.leading(time)?, theory.corrected(time)?);
        let n = self.n_out as f64;
        let mut bias = Errors {
            test: (corrected.test - leading.test).abs() / n,
            training: (corrected.training - leading.training).abs() / n,
        };
        let shift = self.ratio / n;
        for (s, outlier) in self.strengths.iter().zip(&theory.outliers) {
            let moved = |by: f64| {
                let outlier = Outlier { strength: (outlier.strength + by).max(0.0), ..*outlier };
                outlier_errors(*s, &outlier, self.start, time)
            };
            let here = moved(0.0)?;
            let (up, down) = (moved(shift.sqrt())?, moved(-shift.sqrt())?);
            let (more, less) = (moved(shift)?, moved(-shift)?);
            let total = |of: fn(&Errors) -> f64| {
                0.5 * (of(&up) + of(&down) - 2.0 * of(&here)).abs()
                    + 0.5 * (of(&more) - of(&less)).abs()
            };
            bias.test += total(|e| e.test) / theory.norm();
            bias.training += total(|e| e.training) / theory.power();
        }
        Ok(bias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Correlations;
    use crate::agreement::halving::halving_tolerance;
    use crate::deep_linear::aligned::AlignedNetwork;
    use crate::net::{LinearNetwork, gradient_descent};

    fn model() -> NoisyTeacher {
        NoisyTeacher { strengths: vec![3.0, 1.5], ratio: 0.5, start: 1e-2, n_out: 8 }
    }

    #[test]
    fn times_that_do_not_increase_are_refused() {
        assert!(model().predict(&[]).is_err());
        assert!(model().simulate(&[1.0, 0.5], 0).is_err());
    }

    #[test]
    fn descent_on_both_layers_follows_the_modes() {
        let model = model();
        let (teacher, targets) = model.draw(2).unwrap();
        let task = Correlations::white(targets, 1.0).unwrap();
        let network = AlignedNetwork::uniform(task.clone(), &[8], 0.1, 0.01);
        let times = [0.0, 0.5, 1.0, 2.0, 4.0];
        let norm = 9.0 + 2.25;
        let descent = |rate: f64| {
            let net = LinearNetwork::new(network.initial_weights(0)?)?;
            let mut errors = Vec::new();
            gradient_descent(net, &task, rate, &times, |_, net| {
                let test = (&net.map() - &teacher).mapv(|x| x * x).sum() / norm;
                let training = (&net.map() - task.sigma_yx()).mapv(|x| x * x).sum()
                    / task.sigma_yx().mapv(|x| x * x).sum();
                errors.push(Errors { test, training });
                Ok(())
            })?;
            recorded(&times, &errors)
        };
        let (whole, half) = (descent(0.01).unwrap(), descent(0.005).unwrap());
        let tolerance = halving_tolerance(&whole, &half);
        let modes = model.simulate(&times, 2).unwrap();
        for agreement in crate::compare(&modes, &[whole], Some(&tolerance)).unwrap() {
            assert!(agreement.holds(), "{agreement:?}");
            assert!(agreement.tolerance.unwrap() < 0.1 * agreement.range);
        }
    }
}
