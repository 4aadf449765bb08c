//! The linear student as a model: theory of the infinite system, simulation of finite ones.

use ndarray::{Array1, Array2, Axis};

use super::marchenko_pastur::MarchenkoPastur;
use super::student::{Errors, Variances, best_stopping, errors_over_time};
use crate::agreement::{FiniteSize, Tolerance};
use crate::math::linalg::eigh;
use crate::math::random::{Purpose, gaussian, stream};
use crate::math::times::validate_times;
use crate::{Axis as GridAxis, Error, Result, Solvable, Trajectory};

/// Largest number of entries of a sampled matrix of inputs: 0.8 GB.
const MAX_ENTRIES: f64 = 1e8;

/// A linear student of a noisy linear teacher over time: see
/// [`linear_student`](super::student).
#[derive(Debug, Clone, PartialEq)]
pub struct LinearStudent {
    /// Examples per input dimension, α = P/N.
    pub alpha: f64,
    /// What is random.
    pub variances: Variances,
    /// Input dimension N of the simulation.
    pub size: usize,
}

/// What theory and simulation record.
const OBSERVABLES: [&str; 2] = ["test error", "training error"];

pub(crate) fn recorded(grid: &[f64], errors: &[Errors]) -> Result<Trajectory> {
    let mut trajectory = Trajectory::new(GridAxis::Time, grid);
    trajectory.push(OBSERVABLES[0], errors.iter().map(|e| e.test).collect())?;
    trajectory.push(OBSERVABLES[1], errors.iter().map(|e| e.training).collect())?;
    Ok(trajectory)
}

/// Numbers that a sample of `size` inputs and its eigenvectors hold.
pub(crate) fn sample_cells(alpha: f64, size: usize) -> f64 {
    let smaller = alpha.min(1.0);
    (alpha + 2.0 * smaller * smaller) * (size as f64).powi(2)
}

/// Number of examples of a system of `size` inputs.
///
/// # Errors
/// No inputs, or more numbers than fit into memory.
pub(crate) fn n_examples(alpha: f64, size: usize) -> Result<usize> {
    let p = (alpha * size as f64).round().max(1.0);
    let entries = p * size as f64;
    if size == 0 || entries.is_nan() || entries > MAX_ENTRIES {
        let allowed = format!(
            "{p} examples of {size} inputs need {:.1e} GB; at least one input and at most 0.8 GB",
            8e-9 * entries
        );
        return Err(Error::parameter("size", size, allowed));
    }
    Ok(p as usize)
}

impl Solvable for LinearStudent {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        validate_times(grid)?;
        recorded(grid, &errors_over_time(self.alpha, &self.variances, grid)?)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        validate_times(grid)?;
        let sample = Sample::draw(self.alpha, &self.variances, self.size, seed)?;
        let modes = sample.modes()?;
        let errors: Vec<Errors> = grid.iter().map(|t| modes.errors(*t)).collect();
        recorded(grid, &errors)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let grid = prediction.grid();
        let biases = biases_over_time(self.alpha, &self.variances, self.size, grid)?;
        Ok(Tolerance {
            gaps: vec![0.0; OBSERVABLES.len()],
            finite_size: Some(FiniteSize {
                biases: vec![
                    biases.iter().map(|e| e.test).collect(),
                    biases.iter().map(|e| e.training).collect(),
                ],
                standard_errors: 4.0,
            }),
            reason: "the first two orders in 1/N of a finite system, and four standard errors",
        })
    }
}

/// Difference of the expected errors of a system of N Gaussian inputs from those of the infinite
/// one, to first order in 1/N (`bai2004`; see
/// [`marchenko_pastur`](super::marchenko_pastur)). It holds while t is small against N² or α
/// further from 1 than 1/N: a finite system has a smallest eigenvalue.
///
/// # Errors
/// As [`errors_over_time`].
pub fn finite_size_shift(
    alpha: f64,
    variances: &Variances,
    size: usize,
    times: &[f64],
) -> Result<Vec<Errors>> {
    variances.validate()?;
    let longest = times.iter().copied().fold(0.0, f64::max);
    let law = MarchenkoPastur::new(alpha, longest)?;
    let n = size as f64;
    let at = |t: &f64| Errors {
        test: law.finite_size_shift(|x| variances.test_mode(x, *t)) / n,
        training: law.finite_size_shift(|x| variances.training_mode(x, *t)) / (n * alpha),
    };
    Ok(times.iter().map(at).collect())
}

/// Expected distance of a finite system from theory: the first order in 1/N; for the second, what
/// the first changes if α moves by 1/N (for least squares N/(P − N − 1) = Σ_k N/(P − N)^{k+1} its
/// second order is half of that); and what rounding the number of examples does.
pub(crate) fn biases_over_time(
    alpha: f64,
    variances: &Variances,
    size: usize,
    times: &[f64],
) -> Result<Vec<Errors>> {
    let step = (size as f64).recip();
    let shift = |alpha: f64| finite_size_shift(alpha, variances, size, times);
    let (here, below, above) =
        (shift(alpha)?, shift((alpha - step).max(0.5 * alpha))?, shift(alpha + step)?);
    let rounded = n_examples(alpha, size)? as f64 * step;
    let nominal = errors_over_time(alpha, variances, times)?;
    let actual = errors_over_time(rounded, variances, times)?;
    let total = |of: fn(&Errors) -> f64, i: usize| {
        let first = of(&here[i]);
        let second = (of(&below[i]) - first).abs().max((of(&above[i]) - first).abs());
        first.abs() + second + (of(&actual[i]) - of(&nominal[i])).abs()
    };
    let at = |i| Errors { test: total(|e| e.test, i), training: total(|e| e.training, i) };
    Ok((0..times.len()).map(at).collect())
}

/// One teacher and one set of examples.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Inputs X, P × N.
    pub inputs: Array2<f64>,
    /// Labels y = Xw̄ + ε.
    pub labels: Array1<f64>,
    /// The teacher's weights w̄.
    pub teacher: Array1<f64>,
    /// The student's weights at time 0.
    pub start: Array1<f64>,
    /// Variance of the label noise.
    pub noise: f64,
}

impl Sample {
    /// Draws one from its seed.
    ///
    /// # Errors
    /// A value out of range, or a size that does not fit into memory.
    pub fn draw(alpha: f64, variances: &Variances, size: usize, seed: u64) -> Result<Self> {
        variances.validate()?;
        MarchenkoPastur::new(alpha, 0.0)?;
        let p = n_examples(alpha, size)?;
        let mut rng = stream(seed, Purpose::Task, 0);
        let inputs = gaussian(p, size, (size as f64).sqrt().recip(), &mut rng);
        let mut vector = |n: usize, variance: f64| {
            gaussian(n, 1, variance.sqrt(), &mut rng).remove_axis(Axis(1))
        };
        let teacher = vector(size, variances.teacher);
        let labels = inputs.dot(&teacher) + vector(p, variances.noise);
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let start = gaussian(size, 1, variances.start.sqrt(), &mut rng).remove_axis(Axis(1));
        Ok(Self { inputs, labels, teacher, start, noise: variances.noise })
    }

    /// Errors of a student with these weights: the test error is exact, averaged over all inputs.
    pub fn errors(&self, weights: &Array1<f64>) -> Errors {
        let gap = weights - &self.teacher;
        let residuals = &self.labels - &self.inputs.dot(weights);
        Errors {
            test: self.noise + gap.dot(&gap) / gap.len() as f64,
            training: residuals.dot(&residuals) / residuals.len() as f64,
        }
    }

    /// The same problem in the eigenbasis of the data, where every mode learns alone.
    ///
    /// # Errors
    /// Inputs that are not finite.
    pub fn modes(&self) -> Result<SampledModes> {
        let (p, n) = self.inputs.dim();
        let few = p < n;
        let (eigenvalues, directions) = if few {
            let (values, left) = eigh(&self.inputs.dot(&self.inputs.t()))?;
            let right = self.inputs.t().dot(&left) / &values.mapv(f64::sqrt);
            (values, right)
        } else {
            eigh(&self.inputs.t().dot(&self.inputs))?
        };
        let gap = &self.teacher - &self.start;
        let noise = &self.labels - &self.inputs.dot(&self.teacher);
        let distances = directions.t().dot(&gap);
        let noises = directions.t().dot(&self.inputs.t().dot(&noise));
        let unseen = gap.dot(&gap) - distances.dot(&distances);
        let rest = noise.dot(&noise)
            - eigenvalues.iter().zip(&noises).map(|(x, b)| b * b / x).sum::<f64>();
        Ok(SampledModes {
            eigenvalues: eigenvalues.to_vec(),
            distances: distances.to_vec(),
            noises: noises.to_vec(),
            unseen: if few { unseen.max(0.0) } else { 0.0 },
            unfitted: if p <= n { 0.0 } else { rest.max(0.0) },
            noise: self.noise,
            shape: (p, n),
        })
    }
}

/// A sampled problem, mode by mode: gradient flow in closed form.
#[derive(Debug, Clone)]
pub struct SampledModes {
    /// Eigenvalues λ of XᵀX, without those that are zero by their number.
    eigenvalues: Vec<f64>,
    /// Teacher minus start along each of their directions v.
    distances: Vec<f64>,
    /// vᵀXᵀε.
    noises: Vec<f64>,
    /// Squared distance along directions without input.
    unseen: f64,
    /// Squared noise that no weights can fit.
    unfitted: f64,
    noise: f64,
    shape: (usize, usize),
}

impl SampledModes {
    /// Errors at a time, which may be infinite.
    pub fn errors(&self, time: f64) -> Errors {
        let (mut test, mut training) = (self.unseen, self.unfitted);
        for ((x, distance), noise) in self.eigenvalues.iter().zip(&self.distances).zip(&self.noises)
        {
            let decay = (-x * time).exp();
            let learned = -(-x * time).exp_m1();
            test += (distance * decay - noise / x * learned).powi(2);
            training += ((x.sqrt() * distance + noise / x.sqrt()) * decay).powi(2);
        }
        Errors {
            test: self.noise + test / self.shape.1 as f64,
            training: training / self.shape.0 as f64,
        }
    }
}

/// Errors of a sampled system at the time that theory says is best to stop.
pub(crate) fn stopped(alpha: f64, v: &Variances, size: usize, seed: u64) -> Result<Vec<f64>> {
    let time = best_stopping(alpha, v)?.time;
    let errors = Sample::draw(alpha, v, size, seed)?.modes()?.errors(time);
    Ok(vec![errors.test, errors.training])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::solve_positive_definite;

    const VARIANCES: Variances = Variances { teacher: 1.0, start: 0.3, noise: 0.2 };

    #[test]
    fn modes_are_gradient_flow_and_its_end_is_least_squares() {
        for alpha in [0.5, 1.0, 1.8] {
            let sample = Sample::draw(alpha, &VARIANCES, 20, 3).unwrap();
            let modes = sample.modes().unwrap();
            let start = sample.errors(&sample.start);
            approx::assert_relative_eq!(modes.errors(0.0).test, start.test, max_relative = 1e-12);
            approx::assert_relative_eq!(
                modes.errors(0.0).training,
                start.training,
                max_relative = 1e-12
            );
            // From the start: the correction of smallest norm.
            let x = &sample.inputs;
            let residuals = (&sample.labels - &x.dot(&sample.start)).insert_axis(Axis(1));
            let step = if alpha < 1.0 {
                x.t().dot(&solve_positive_definite(&x.dot(&x.t()), &residuals).unwrap())
            } else {
                solve_positive_definite(&x.t().dot(x), &x.t().dot(&residuals)).unwrap()
            };
            let end = sample.errors(&(&sample.start + &step.remove_axis(Axis(1))));
            let found = modes.errors(f64::INFINITY);
            approx::assert_relative_eq!(found.test, end.test, max_relative = 1e-7);
            approx::assert_abs_diff_eq!(found.training, end.training, epsilon = 1e-9);
        }
    }

    #[test]
    fn steps_of_descent_approach_the_modes_as_fast_as_their_size_says() {
        let sample = Sample::draw(0.8, &VARIANCES, 24, 1).unwrap();
        let flow = sample.modes().unwrap().errors(6.0);
        let descent = |rate: f64| {
            let mut w = sample.start.clone();
            for _ in 0..(6.0 / rate).round() as usize {
                let residuals = &sample.labels - &sample.inputs.dot(&w);
                w.scaled_add(rate, &sample.inputs.t().dot(&residuals));
            }
            sample.errors(&w)
        };
        let (whole, half) = (descent(0.01), descent(0.005));
        for of in [(|e: &Errors| e.test) as fn(&Errors) -> f64, |e| e.training] {
            let (gap, rest) = (of(&whole) - of(&flow), of(&half) - of(&flow));
            assert!(rest.abs() < 2.0 * (of(&whole) - of(&half)).abs());
            approx::assert_relative_eq!(gap / rest, 2.0, max_relative = 0.03);
        }
    }

    #[test]
    fn systems_that_do_not_fit_into_memory_are_refused_with_an_estimate() {
        let text = Sample::draw(2.0, &VARIANCES, 1_000_000, 0).unwrap_err().to_string();
        assert!(text.contains("GB"), "{text}");
        assert!(Sample::draw(2.0, &VARIANCES, 0, 0).is_err());
    }
}
