//! Kernel regression on the sphere: the learning curve and its simulation.
//!
//! Inputs are uniform on the unit sphere in D dimensions, the kernel is the tangent kernel of a wide
//! ReLU network, the target has a given power in each degree of harmonics: f = Σ_k √(a_k m_k) Q_k(β_k·x)
//! with random directions β_k. The theory is exact when many samples meet many modes. One sphere has
//! no number to take to infinity, so the size of a simulation counts copies of it: an input is s
//! points on s spheres, the kernel the mean over copies, the target a sum over copies, and there are
//! sP samples. Multiplicities and samples grow by s, eigenvalues fall by s, and theory stays where it
//! is. One copy is plain kernel regression. (The constant exists once, not s times; from two copies
//! on each has a random sign in its place, which the target does not depend on.)

use ndarray::Array2;
use rand::RngExt;

use super::regression::KernelRegression;
use super::sphere::{Gegenbauer, Kernel, SphereSpectrum, multiplicities, on_sphere};
use crate::curve::Curve;
use crate::math::linalg::solve_positive_definite;
use crate::math::random::{Purpose, gaussian, stream};
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

/// Kernel regression on the sphere.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereRegression {
    /// The kernel.
    pub kernel: Kernel,
    /// D.
    pub dimension: usize,
    /// Power of the target in degrees 0, 1, 2, …
    pub powers: Vec<f64>,
    /// What is added to the diagonal of the Gram matrix.
    pub ridge: f64,
    /// Variance of the label noise.
    pub noise: f64,
}

/// One simulated regression. Test errors are exact averages over all inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereRun {
    /// Mean square error on new labels with noise.
    pub test_error: f64,
    /// Mean square error on the training labels.
    pub training_error: f64,
    /// Part of the test error in each degree of the target.
    pub mode_errors: Vec<f64>,
}

/// Samples from which one simulation would take minutes and gigabytes.
const MAX_SAMPLES: usize = 5000;

impl SphereRegression {
    /// Spectrum and theory for up to a number of samples: enough degrees that thirty times as many
    /// modes are listed (or 400 degrees).
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn theory(&self, samples: f64) -> Result<KernelRegression> {
        let counts = multiplicities(self.dimension as f64, 400);
        let mut modes = 0.0;
        let enough = counts.iter().position(|m| {
            modes += m;
            modes > 30.0 * samples
        });
        let degrees = enough.unwrap_or(399).max(20).max(self.powers.len()) + 1;
        let spectrum = SphereSpectrum::of_kernel(self.kernel, self.dimension, degrees)?;
        KernelRegression::on_sphere(&spectrum, &self.powers, self.ridge, self.noise)
    }

    /// Kernel regression on samples drawn at random: `samples` times `copies` of them on as many
    /// copies of the sphere (see the [module](self)).
    ///
    /// # Errors
    /// A parameter out of range, more than 5000 samples, a Gram matrix that is not positive definite.
    pub fn simulate(&self, samples: usize, copies: usize, seed: u64) -> Result<SphereRun> {
        let n = samples * copies;
        if n == 0 || n > MAX_SAMPLES {
            let allowed = format!("it must be from 1 to {MAX_SAMPLES} over all copies");
            return Err(Error::parameter("number of samples", n, allowed));
        }
        let theory = self.theory(samples as f64)?;
        let mut rng = stream(seed, Purpose::Task, 0);
        let d = self.dimension;
        let mut parts = vec![Array2::zeros((n, 1)); self.powers.len()];
        let mut angles = Vec::with_capacity(copies);
        let mut signs = Array2::ones((n, copies));
        for copy in 0..copies {
            let x = on_sphere(n, d, 1.0, &mut rng);
            if copies > 1 {
                signs
                    .column_mut(copy)
                    .mapv_inplace(|_: f64| if rng.random_bool(0.5) { 1.0 } else { -1.0 });
            }
            let directions = on_sphere(self.powers.len(), d, 1.0, &mut rng);
            let along = x.dot(&directions.t());
            for (degree, part) in parts.iter_mut().enumerate() {
                let size = self.powers[degree] * theory.multiplicities[degree] / copies as f64;
                for i in 0..n {
                    let q = Gegenbauer::new(d as f64, along[[i, degree]]).nth(degree);
                    let sign = if degree == 0 { signs[[i, copy]] } else { 1.0 };
                    part[[i, 0]] += size.sqrt() * sign * q.unwrap_or(0.0);
                }
            }
            angles.push(x.dot(&x.t()).mapv(|t| t.clamp(-1.0, 1.0)));
        }
        let signs = signs.dot(&signs.t());
        let mut gram = (&signs - copies as f64) * (theory.eigenvalues[0] / copies as f64);
        for cosines in &angles {
            gram.zip_mut_with(cosines, |k, t| {
                *k += self.kernel.at_angle(t.acos()) / copies as f64;
            });
        }
        // Equal inputs: rounding of the angle, which is a root of rounding.
        gram.diag_mut().fill(self.kernel.at_angle(0.0) + self.ridge);
        let noise = gaussian(n, 1, self.noise.sqrt(), &mut rng);
        let labels = parts.iter().fold(noise, |sum, part| sum + part);
        let weights = solve_positive_definite(&gram, &labels)?;
        let training_error = weights.mapv(|c| (self.ridge * c).powi(2)).sum() / n as f64;
        let mut sums = self.quadratic_forms(&theory, &angles, &weights);
        sums[0] = (&weights * &signs.dot(&weights)).sum();
        Ok(self.errors(&theory, copies as f64, &sums, &weights, &parts, training_error))
    }

    /// Σ c_i c_j Q_k(x_i·x_j), summed over copies, of every degree that the estimate can have.
    fn quadratic_forms(
        &self,
        theory: &KernelRegression,
        cosines: &[Array2<f64>],
        weights: &Array2<f64>,
    ) -> Vec<f64> {
        let sizes = powers_of_kernel(theory);
        let scale = sizes.iter().fold(0.0f64, |a, b| a.max(*b));
        // Weaker degrees add less than a billionth.
        let listed = sizes.iter().rposition(|size| *size > 1e-9 * scale).map_or(1, |k| k + 1);
        let mut sums = vec![0.0; listed.max(self.powers.len())];
        for cosines in cosines {
            for i in 0..weights.nrows() {
                for j in 0..=i {
                    let twice = if i == j { 1.0 } else { 2.0 };
                    let weight = twice * weights[[i, 0]] * weights[[j, 0]];
                    let harmonics = Gegenbauer::new(self.dimension as f64, cosines[[i, j]]);
                    sums.iter_mut().zip(harmonics).for_each(|(sum, q)| *sum += weight * q);
                }
            }
        }
        sums
    }

    /// Errors of f̂ = Σ c_i k(x_i, ·): its part in degree k has the overlap λ_k Σ c_i f_k(x_i) with
    /// the target's and the power λ_k² m_k Σ c_i c_j Q_k(x_i·x_j).
    fn errors(
        &self,
        theory: &KernelRegression,
        copies: f64,
        sums: &[f64],
        weights: &Array2<f64>,
        parts: &[Array2<f64>],
        training_error: f64,
    ) -> SphereRun {
        let sizes = powers_of_kernel(theory);
        let mut mode_errors: Vec<f64> =
            sums.iter().zip(sizes).map(|(sum, size)| sum * size / (copies * copies)).collect();
        for (degree, part) in parts.iter().enumerate() {
            let overlap = theory.eigenvalues[degree] / copies * (part * weights).sum();
            mode_errors[degree] += self.powers[degree] - 2.0 * overlap;
        }
        let test_error = mode_errors.iter().sum::<f64>() + self.noise;
        mode_errors.truncate(parts.len());
        SphereRun { test_error, training_error, mode_errors }
    }
}

/// λ_k² m_k of every degree.
fn powers_of_kernel(theory: &KernelRegression) -> Vec<f64> {
    let blocks = theory.eigenvalues.iter().zip(&theory.multiplicities);
    blocks.map(|(l, m)| l * l * m).collect()
}

const SAMPLES: Parameter = Parameter {
    name: "samples",
    symbol: "P",
    unit: "",
    default: 60.0,
    low: 1.0,
    high: 1e6,
    kind: ParameterKind::Log,
    help: "training examples (of each copy of the sphere)",
};

const DIMENSION: Parameter = Parameter {
    name: "dimension",
    symbol: "D",
    unit: "",
    default: 10.0,
    low: 3.0,
    high: 1000.0,
    kind: ParameterKind::Log,
    help: "dimension of the inputs, rounded to a whole number",
};

const DEPTH: Parameter = Parameter {
    name: "depth",
    symbol: "L",
    unit: "",
    default: 1.0,
    low: 1.0,
    high: 20.0,
    kind: ParameterKind::Linear,
    help: "hidden layers of the network, rounded to a whole number",
};

const RIDGE: Parameter = Parameter {
    name: "ridge",
    symbol: "λ",
    unit: "",
    default: 1e-3,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "what is added to the diagonal of the Gram matrix",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ²",
    unit: "",
    default: 0.05,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "variance of the label noise",
};

const LINEAR: Parameter =
    power_of("linear", "a₁", 1.0, "power of the target in harmonics of degree 1");
const QUADRATIC: Parameter =
    power_of("quadratic", "a₂", 0.5, "power of the target in harmonics of degree 2");
const CUBIC: Parameter =
    power_of("cubic", "a₃", 0.0, "power of the target in harmonics of degree 3");
const QUARTIC: Parameter =
    power_of("quartic", "a₄", 0.0, "power of the target in harmonics of degree 4");

/// Test and training error of kernel regression on the sphere against the number of samples.
pub const KERNEL: Curve = Curve {
    name: "kernel",
    summary: "kernel regression on the sphere, tangent kernel of a wide ReLU network",
    reference: "canatar2021",
    parameters: &[SAMPLES, DIMENSION, DEPTH, RIDGE, NOISE, LINEAR, QUADRATIC, CUBIC, QUARTIC],
    observables: &["test error", "training error"],
    size: "copies of the sphere",
    cells: |point, copies| 3.0 * (point.get(&SAMPLES) * copies as f64).powi(2),
    theory,
    simulation,
    bias,
};

const fn power_of(
    name: &'static str,
    symbol: &'static str,
    default: f64,
    help: &'static str,
) -> Parameter {
    let (unit, kind) = ("", ParameterKind::Linear);
    Parameter { name, symbol, unit, default, low: 0.0, high: 1e6, kind, help }
}

fn model(point: &Values) -> Result<SphereRegression> {
    // Whole numbers are rounded, so that these too can be what changes along a curve.
    Ok(SphereRegression {
        kernel: Kernel::Tangent { depth: point.integer(&DEPTH) },
        dimension: point.integer(&DIMENSION),
        powers: vec![
            0.0,
            point.get(&LINEAR),
            point.get(&QUADRATIC),
            point.get(&CUBIC),
            point.get(&QUARTIC),
        ],
        ridge: point.get(&RIDGE),
        noise: point.get(&NOISE),
    })
}

fn theory(point: &Values) -> Result<Vec<f64>> {
    let samples = point.get(&SAMPLES);
    let found = model(point)?.theory(samples)?.learn(&[samples])?[0];
    Ok(vec![found.test_error, found.training_error])
}

fn simulation(point: &Values, size: usize, seed: u64) -> Result<Vec<f64>> {
    let run = model(point)?.simulate(point.integer(&SAMPLES), size, seed)?;
    Ok(vec![run.test_error, run.training_error])
}

/// As for ridge regression, a finite sample acts like a shift of P by about one, here 1.5 over the
/// number of copies s; and eigenfunctions are not Gaussian, which changes errors by one part in sP.
/// Measured (hundreds of runs, P = 20 to 200, one to three copies): at most two parts in sP, most of it
/// below two standard errors.
fn bias(point: &Values, size: usize, theory_here: &[f64]) -> Result<Vec<f64>> {
    let (samples, copies) = (point.get(&SAMPLES), size as f64);
    let mut largest = vec![0.0f64; theory_here.len()];
    for shift in [-1.5 / copies, 1.5 / copies] {
        let shifted = (samples + shift).clamp(1.0, 1e6);
        let there = theory(&point.with(SAMPLES.name, shifted)?)?;
        for ((bias, here), there) in largest.iter_mut().zip(theory_here).zip(there) {
            *bias = bias.max((here - there).abs());
        }
    }
    let part = (samples * copies).recip();
    Ok(largest.iter().zip(theory_here).map(|(bias, here)| bias + part * here).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> SphereRegression {
        SphereRegression {
            kernel: Kernel::Tangent { depth: 1 },
            dimension: 6,
            powers: vec![0.0, 1.0, 0.5],
            ridge: 0.01,
            noise: 0.1,
        }
    }

    #[test]
    fn exact_test_errors_are_those_on_many_new_inputs() {
        // Predict new inputs and compare: the same streams in the same order as the simulation.
        let model = example();
        let (samples, d) = (40, 6);
        let run = model.simulate(samples, 1, 3).unwrap();
        let theory = model.theory(samples as f64).unwrap();
        let mut rng = stream(3, Purpose::Task, 0);
        let x = on_sphere(samples, d, 1.0, &mut rng);
        let directions = on_sphere(3, d, 1.0, &mut rng);
        let target = |x: &Array2<f64>| {
            Array2::from_shape_fn((x.nrows(), 1), |(i, _)| {
                let degree = |k: usize| {
                    let q = Gegenbauer::new(d as f64, x.row(i).dot(&directions.row(k))).nth(k);
                    (model.powers[k] * theory.multiplicities[k]).sqrt() * q.unwrap()
                };
                degree(1) + degree(2)
            })
        };
        let noise = gaussian(samples, 1, model.noise.sqrt(), &mut rng);
        let gram = model.kernel.gram(x.view()) + Array2::<f64>::eye(samples) * model.ridge;
        let weights = solve_positive_definite(&gram, &(target(&x) + &noise)).unwrap();
        let new = on_sphere(20_000, d, 1.0, &mut stream(4, Purpose::Task, 0));
        let between = new.dot(&x.t()).mapv(|t| model.kernel.at_angle(t.clamp(-1.0, 1.0).acos()));
        let gaps = between.dot(&weights) - target(&new);
        let squares: Vec<f64> = gaps.iter().map(|g| g * g).collect();
        let mean = squares.iter().sum::<f64>() / squares.len() as f64;
        let spread = squares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / squares.len() as f64;
        let error = (spread / squares.len() as f64).sqrt();
        let exact = run.test_error - model.noise;
        assert!((mean - exact).abs() < 4.0 * error, "{mean} ± {error}, exact {exact}");
        // Parts of the error: those of the target's degrees are nearly all.
        let parts: f64 = run.mode_errors.iter().sum();
        assert!(parts < exact && parts > 0.9 * exact, "{parts} of {exact}");
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        assert!(example().simulate(0, 1, 0).is_err());
        let text = example().simulate(1000, 10, 0).unwrap_err().to_string();
        assert!(text.contains("10000") && text.contains("5000"), "{text}");
    }

    #[test]
    fn depth_and_dimension_are_rounded() {
        for (name, near, whole) in [("depth", 1.6, 2.0), ("dimension", 7.3, 7.0)] {
            let [near, whole] = [near, whole].map(|value| {
                let point = Values::defaults(KERNEL.parameters).with(name, value).unwrap();
                (KERNEL.theory)(&point).unwrap()
            });
            assert_eq!(near, whole);
        }
    }
}
