//! Theory and training of one student side by side.

use super::descent::Student;
use super::flow::{Modes, spectrum};
use super::setting::{HiddenManifold, ManifoldOverlaps};
use crate::agreement::{FiniteSize, Tolerance};
use crate::math::ode::integrate;
use crate::math::times::validate_times;
use crate::{Axis, Result, Solvable, Trajectory};

impl HiddenManifold {
    /// Overlaps in the limit of many dimensions, at increasing times.
    ///
    /// # Errors
    /// A parameter out of range, times that do not increase, or a solution that blows up.
    pub fn course(&self, times: &[f64]) -> Result<Vec<ManifoldOverlaps>> {
        self.validate()?;
        validate_times(times)?;
        let modes = Modes::new(self, &spectrum(self.latent));
        let states = integrate(|y, dy| modes.field(y, dy), &modes.start(), times)?;
        Ok(states.iter().map(|y| modes.overlaps(y)).collect())
    }

    /// Overlaps of one trained network at increasing times, rounded to whole steps.
    ///
    /// # Errors
    /// As [`course`](Self::course); training that diverges.
    pub fn train(&self, times: &[f64], seed: u64) -> Result<Vec<ManifoldOverlaps>> {
        self.validate()?;
        validate_times(times)?;
        Student::new(self, seed)?.learn(times)
    }

    fn recorded(&self, times: &[f64], states: &[ManifoldOverlaps]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Online, times);
        let mut push = |name: String, value: &dyn Fn(&ManifoldOverlaps) -> f64| {
            trajectory.push(name, states.iter().map(value).collect())
        };
        push("generalization error".to_owned(), &|o| o.error(self.activation))?;
        let (k, m) = self.start.aligned.dim();
        for i in 0..k {
            for j in i..k {
                push(format!("Q {},{}", i + 1, j + 1), &|o| o.fields.q[[i, j]])?;
                push(format!("W {},{}", i + 1, j + 1), &|o| o.weights[[i, j]])?;
            }
        }
        for i in 0..k {
            for n in 0..m {
                push(format!("R {},{}", i + 1, n + 1), &|o| o.fields.r[[i, n]])?;
            }
        }
        for i in 0..k {
            push(format!("v {}", i + 1), &|o| o.fields.v[i])?;
        }
        Ok(trajectory)
    }
}

impl Solvable for HiddenManifold {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        self.recorded(grid, &self.course(grid)?)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.recorded(grid, &self.train(grid, seed)?)
    }

    /// The mean over runs is off by about c(1/N + 1/D) of an observable's largest value: features,
    /// teacher, start and examples all fluctuate. Measured with up to 600 runs at N = 50 to 200, δ = ¼ to 2,
    /// erf, tanh and rectified folds and erf, linear and rectified units, c was at most 1; here it is 1.5.
    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let small = 1.5 * (1.0 / self.size as f64 + 1.0 / self.n_latent() as f64);
        let (mut gaps, mut biases) = (Vec::new(), Vec::new());
        for (_, values) in prediction.columns() {
            let largest = values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            gaps.push(1e-9 * largest.max(1.0));
            biases.push(vec![small * largest; values.len()]);
        }
        Ok(Tolerance {
            gaps,
            finite_size: Some(FiniteSize { biases, standard_errors: 4.0 }),
            reason: "1.5 (1/N + 1/D) of the largest value, as measured, and four standard errors of the mean",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::net::Nonlinearity;
    use crate::student_teacher::flow::Learning;
    use crate::student_teacher::hidden_manifold::case::manifold;

    #[test]
    fn a_student_of_few_latent_variables_learns_them_and_of_many_cannot() {
        let end = |latent: f64| {
            let mut model = HiddenManifold { latent, ..manifold(100) };
            // Few latent variables make some directions strong: a rate of 1 would be too large there.
            model.learning.rate = 0.2;
            model.predict(&[0.0, 100.0]).unwrap().get("generalization error").unwrap().to_vec()
        };
        let (few, many) = (end(0.1), end(20.0));
        assert!(few[1] < 0.3 * few[0], "{few:?}");
        // A silent student errs by 1/3. N inputs see about a share 1/(1 + δ) of the latent variables' power,
        // and no student can explain much more.
        assert!(many[1] > (1.0 - 2.0 / 21.0) / 3.0, "{many:?}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let broken = |change: fn(&mut HiddenManifold)| {
            let mut model = manifold(100);
            change(&mut model);
            model.predict(&[0.0, 1.0]).unwrap_err().to_string()
        };
        let messages = [
            (broken(|m| m.activation = Nonlinearity::Tanh), "closed form"),
            (broken(|m| m.latent = 0.0), "latent variables per input is 0"),
            (broken(|m| m.latent = 0.01), "teacher of 2 units needs 2"),
            (
                broken(|m| m.start.aligned = ndarray::Array2::zeros((2, 3))),
                "overlaps with teachers",
            ),
            (broken(|m| m.start.random[[0, 0]] = -1.0), "semidefinite"),
            (broken(|m| m.learning.noise = -1.0), "label noise is -1"),
        ];
        for (message, part) in messages {
            assert!(message.contains(part), "{message}");
        }
        let mut wild = manifold(100);
        wild.activation = Nonlinearity::Linear;
        wild.learning = Learning { rate: 30.0, readout_rate: 0.0, noise: 0.0 };
        assert!(wild.predict(&[0.0, 200.0]).is_err());
        assert!(matches!(wild.simulate(&[0.0, 200.0], 0), Err(Error::Numerical { .. })));
    }
}
