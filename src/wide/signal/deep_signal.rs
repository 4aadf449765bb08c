//! Two inputs on their way through a deep random network: theory and simulation layer by layer.
//!
//! Theory is the course of variance and correlation at infinite width
//! ([`SignalPropagation::course`]). The simulation draws the weights of a network of width N and
//! measures both on its fields.
//!
//! # How far from infinite width
//!
//! Given layer l, the fields of the next are independent Gaussian pairs with the covariance
//! Σ_{l+1} = σ_w²⟨φφᵀ⟩ + σ_b², where the average is over the N units of layer l, themselves Gaussian pairs
//! of covariance Σ_l. So (Σ₁₁, Σ₂₂, Σ₁₂) is a Markov chain: with F the map of infinite width, J and ∇²F its
//! derivatives and S the covariance of (φ₁², φ₂², φ₁φ₂), its mean and covariance F + β/N and C/N obey, to
//! first order in 1/N,
//!
//! ```math
//! \beta' = J\beta + \tfrac12\,\nabla^2F : C,\qquad C' = JCJ^\top + \sigma_w^4 S .
//! ```
//!
//! What is measured is a sample covariance of N pairs, which adds that of Wishart's distribution, and
//! the correlation is a nonlinear function of it. Both follow to the same order without anything
//! measured.

use ndarray::Array2;

use super::propagation::SignalPropagation;
use crate::agreement::{FiniteSize, Tolerance};
use crate::math::normal;
use crate::math::random::{Purpose, gaussian, stream};
use crate::{Axis, Error, Result, Solvable, Trajectory};

/// Deepest layer.
const DEEPEST: f64 = 1e5;
/// Step of differences, relative to the variance.
const STEP: f64 = 1e-3;

/// A deep random network and two inputs whose first fields are Gaussian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeepSignal {
    /// The network.
    pub network: SignalPropagation,
    /// Variance of the fields of layer 0, of both inputs.
    pub variance: f64,
    /// Their correlation, between −1 and 1.
    pub correlation: f64,
    /// Units N of every layer of the simulation.
    pub width: usize,
}

type Vector = [f64; 3];
type Matrix = [[f64; 3]; 3];

/// N times bias and covariance of (Σ₁₁, Σ₂₂, Σ₁₂).
#[derive(Clone, Copy, Default)]
struct Fluctuation {
    bias: Vector,
    covariance: Matrix,
}

impl DeepSignal {
    fn layers(grid: &[f64]) -> Result<Vec<usize>> {
        let layer = |depth: &f64| {
            if depth.fract() == 0.0 && (0.0..=DEEPEST).contains(depth) {
                return Ok(*depth as usize);
            }
            let allowed = format!("it must be a whole number from 0 to {DEEPEST:.0e}");
            Err(Error::parameter("depth", depth, allowed))
        };
        if grid.is_empty() {
            return Err(Error::parameter("depths", "none", "at least one is needed"));
        }
        grid.iter().map(layer).collect()
    }

    fn course(&self, layers: &[usize]) -> Result<Vec<(f64, f64)>> {
        let deepest = layers.iter().copied().max().unwrap_or(0);
        self.network.course(self.variance, self.correlation, deepest)
    }

    /// One layer further: F at three numbers.
    fn map(&self, [q1, q2, k]: Vector) -> Vector {
        // Differences may leave the range of covariances by rounding.
        let bound = (q1 * q2).sqrt();
        let k = k.clamp(-bound, bound);
        let net = &self.network;
        [net.variance_map(q1), net.variance_map(q2), net.covariance_map(q1, k, q2)]
    }

    /// The state after one more layer.
    fn next(&self, (q, c): (f64, f64), now: &Fluctuation) -> Fluctuation {
        let at = [q, q, c * q];
        let shifted = |i: usize, a: f64, j: usize, b: f64| {
            let mut x = at;
            x[i] += a;
            x[j] += b;
            self.map(x)
        };
        let (h, here) = (STEP * q * (1.0 - c * c).max(0.01), self.map(at));
        let mut jacobian = [[0.0; 3]; 3];
        let mut bias = [0.0; 3];
        for i in 0..3 {
            let (up, down) = (shifted(i, h, i, 0.0), shifted(i, -h, i, 0.0));
            for k in 0..3 {
                jacobian[k][i] = (up[k] - down[k]) / (2.0 * h);
                let second = (up[k] + down[k] - 2.0 * here[k]) / (h * h);
                bias[k] += 0.5 * second * now.covariance[i][i];
            }
            for j in 0..i {
                let corners =
                    [(h, h), (h, -h), (-h, h), (-h, -h)].map(|(a, b)| shifted(i, a, j, b));
                for k in 0..3 {
                    let mixed = corners[0][k] - corners[1][k] - corners[2][k] + corners[3][k];
                    bias[k] += mixed / (4.0 * h * h) * now.covariance[i][j];
                }
            }
        }
        let mut next = Fluctuation { bias, covariance: self.noise(q, c) };
        for k in 0..3 {
            for i in 0..3 {
                next.bias[k] += jacobian[k][i] * now.bias[i];
                for m in 0..3 {
                    let carried = (0..3).map(|j| now.covariance[i][j] * jacobian[m][j]);
                    next.covariance[k][m] += jacobian[k][i] * carried.sum::<f64>();
                }
            }
        }
        next
    }

    /// σ_w⁴S.
    fn noise(&self, q: f64, c: f64) -> Matrix {
        let phi = self.network.nonlinearity;
        let root = q.sqrt();
        let nodes = normal::nodes(f64::NEG_INFINITY, f64::INFINITY, &[(0.0, 1.0 / root.max(1.0))]);
        let along: Vec<f64> = nodes.iter().map(|(z, _)| phi.value(root * z)).collect();
        let across = (1.0 - c * c).max(0.0).sqrt();
        let (mut mean, mut square) = ([0.0; 3], [[0.0; 3]; 3]);
        for ((z, w), a) in nodes.iter().zip(&along) {
            for (y, v) in &nodes {
                let weight = w * v;
                let b = phi.value(root * (c * z + across * y));
                let x = [a * a, b * b, a * b];
                for i in 0..3 {
                    mean[i] += weight * x[i];
                    for j in 0..=i {
                        square[i][j] += weight * x[i] * x[j];
                    }
                }
            }
        }
        let factor = self.network.weight_variance.powi(2);
        std::array::from_fn(|i| {
            std::array::from_fn(|j| factor * (square[i.max(j)][i.min(j)] - mean[i] * mean[j]))
        })
    }

    /// N times the bias of the measured variance and correlation.
    fn measured_bias((q, c): (f64, f64), now: &Fluctuation) -> [f64; 2] {
        // Wishart: cov(K_ij, K_kl) = Σ_ik Σ_jl + Σ_il Σ_jk.
        let wishart = [
            [2.0, 2.0 * c * c, 2.0 * c],
            [2.0 * c * c, 2.0, 2.0 * c],
            [2.0 * c, 2.0 * c, 1.0 + c * c],
        ];
        let total = |i: usize, j: usize| now.covariance[i][j] / (q * q) + wishart[i][j];
        // c(x) = x₃/√(x₁x₂) around x = (1, 1, c), in units of q.
        let hessian = [[0.75 * c, 0.25 * c, -0.5], [0.25 * c, 0.75 * c, -0.5], [-0.5, -0.5, 0.0]];
        let gradient = [-0.5 * c, -0.5 * c, 1.0];
        let mut bias = 0.0;
        for i in 0..3 {
            bias += gradient[i] * now.bias[i] / q;
            for j in 0..3 {
                bias += 0.5 * hessian[i][j] * total(i, j);
            }
        }
        [0.5 * (now.bias[0] + now.bias[1]), bias]
    }

    fn recorded(grid: &[f64], values: impl Iterator<Item = (f64, f64)>) -> Result<Trajectory> {
        let (variance, correlation) = values.unzip();
        let mut trajectory = Trajectory::new(Axis::Depth, grid);
        trajectory.push("variance", variance)?;
        trajectory.push("correlation", correlation)?;
        Ok(trajectory)
    }
}

impl Solvable for DeepSignal {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let layers = Self::layers(grid)?;
        let course = self.course(&layers)?;
        Self::recorded(grid, layers.iter().map(|l| course[*l]))
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let layers = Self::layers(grid)?;
        // The same refusals.
        self.network.course(self.variance, self.correlation, 0)?;
        if self.width == 0 {
            return Err(Error::parameter("units per layer", 0, "it must be positive"));
        }
        let (n, c) = (self.width, self.correlation);
        let net = &self.network;
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let mut fields = gaussian(n, 2, self.variance.sqrt(), &mut rng);
        for mut row in fields.rows_mut() {
            row[1] = c * row[0] + (1.0 - c * c).max(0.0).sqrt() * row[1];
        }
        let deepest = layers.iter().copied().max().unwrap_or(0);
        let mut course = vec![measured(&fields)];
        for _ in 0..deepest {
            let weights = gaussian(n, n, (net.weight_variance / n as f64).sqrt(), &mut rng);
            let biases = gaussian(n, 1, net.bias_variance.sqrt(), &mut rng);
            fields = weights.dot(&fields.mapv(|h| net.nonlinearity.value(h))) + biases;
            course.push(measured(&fields));
        }
        Self::recorded(grid, layers.iter().map(|l| course[*l]))
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let layers = Self::layers(prediction.grid())?;
        let course = self.course(&layers)?;
        let mut now = Fluctuation::default();
        let mut biases = Vec::with_capacity(course.len());
        for (l, point) in course.iter().enumerate() {
            biases.push(Self::measured_bias(*point, &now));
            if l + 1 < course.len() {
                now = self.next(*point, &now);
            }
        }
        let n = self.width.max(1) as f64;
        let scales = [self.variance, 1.0];
        // Half as much again for the order 1/N², and a floor where the first order vanishes.
        let allowed = |i: usize| {
            let bias = |l: &usize| 1.5 * biases[*l][i].abs() / n + 0.5 * scales[i] / n;
            layers.iter().map(bias).collect::<Vec<f64>>()
        };
        let rounding = |values: &[f64]| 1e-9 * values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        Ok(Tolerance {
            gaps: prediction.columns().map(|(_, values)| rounding(values)).collect(),
            finite_size: Some(FiniteSize {
                biases: vec![allowed(0), allowed(1)],
                standard_errors: 4.0,
            }),
            reason: "the bias of a finite width, carried from layer to layer, and four standard \
                     errors of the mean",
        })
    }
}

/// Mean variance of both inputs' fields, and their correlation.
fn measured(fields: &Array2<f64>) -> (f64, f64) {
    let (x, y) = (fields.column(0), fields.column(1));
    let n = fields.nrows() as f64;
    let (q1, q2, k) = (x.dot(&x) / n, y.dot(&y) / n, x.dot(&y) / n);
    let norm = (q1 * q2).sqrt();
    (0.5 * (q1 + q2), if norm > 0.0 { (k / norm).clamp(-1.0, 1.0) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::unit::Nonlinearity;
    use crate::trajectory::mean_over_runs;
    use crate::{check, ensemble};

    fn signal(w: f64, b: f64, width: usize) -> DeepSignal {
        let network = SignalPropagation {
            nonlinearity: Nonlinearity::ERF,
            weight_variance: w,
            bias_variance: b,
        };
        DeepSignal { network, variance: 0.8, correlation: 0.4, width }
    }

    #[test]
    fn random_networks_are_within_the_bias_of_their_width_at_two_widths() {
        let seeds: Vec<u64> = (0..40).collect();
        for (w, b) in [(1.2, 0.1), (3.0, 0.1)] {
            for width in [50, 100] {
                let model = signal(w, b, width);
                for agreement in check(&model, &[0.0, 1.0, 2.0, 4.0, 8.0], &seeds).unwrap() {
                    assert!(agreement.holds(), "σ_w² = {w}, N = {width}: {agreement:?}");
                }
            }
        }
    }

    /// The derivation, not only its size: many narrow networks.
    #[test]
    fn the_bias_of_narrow_networks_is_the_derived_one() {
        let model = signal(3.0, 0.1, 20);
        let layers = [1.0, 2.0, 4.0];
        let seeds: Vec<u64> = (0..6000).collect();
        let runs = ensemble(&model, &layers, &seeds).unwrap();
        let theory = model.predict(&layers).unwrap();
        let course = model.course(&[4]).unwrap();
        let mut now = Fluctuation::default();
        let mut derived = Vec::new();
        for point in &course {
            derived.push(DeepSignal::measured_bias(*point, &now));
            now = model.next(*point, &now);
        }
        for (k, (name, values)) in theory.columns().enumerate() {
            let (mean, error) = mean_over_runs(&runs, name);
            for (i, l) in [1, 2, 4].into_iter().enumerate() {
                let (found, expected) = (mean[i] - values[i], derived[l][k] / 20.0);
                // The next order is 1/N of this one, times a few.
                let allowed = 4.0 * error[i] + 0.35 * expected.abs();
                assert!(
                    (found - expected).abs() < allowed,
                    "{name}, layer {l}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn depths_that_are_no_layers_are_refused() {
        let model = signal(1.2, 0.1, 10);
        for bad in [&[0.5][..], &[-1.0], &[f64::NAN], &[]] {
            assert!(model.predict(bad).is_err(), "{bad:?}");
            assert!(model.simulate(bad, 0).is_err(), "{bad:?}");
        }
        assert!(DeepSignal { width: 0, ..model }.simulate(&[1.0], 0).is_err());
        assert!(DeepSignal { correlation: 2.0, ..model }.simulate(&[1.0], 0).is_err());
    }
}
