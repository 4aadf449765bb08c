//! Kernels of wide networks on the sphere: their spectrum, for learning curves.
//!
//! Inputs are uniform on the sphere in D dimensions, of the radius that makes |x|²/D a given variance v.
//! There the kernel of any dense architecture depends on the angle alone, so its eigenfunctions are
//! spherical harmonics (see [`sphere_kernel`](crate::generalization::kernel::sphere)), and
//! [`KernelRegression`](crate::generalization::kernel::regression::KernelRegression) has the learning
//! curve of the wide network: that of the tangent kernel for gradient descent on all weights, that of
//! the Gaussian process for the last layer alone or Bayesian inference.
//!
//! Eigenvalues of ReLU networks fall like a power of the degree k, the tangent kernel's more slowly by
//! two: measured with biases at degrees 40 to 80, $`\lambda_k \sim k^{-D}`$ and $`k^{-D-2}`$ within 4 %
//! of the exponent (`bietti2019` has the first for networks with one hidden layer). Without biases odd
//! degrees from 3 on vanish if there is one hidden layer.

use super::dense::block::{Block, Plan};
use super::dense::examples::Examples;
use crate::generalization::kernel::sphere::SphereSpectrum;
use crate::net::architecture::Architecture;
use crate::{Error, Result};

/// Which of the two kernels of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Covariance of random networks.
    Nngp,
    /// Tangent kernel.
    Tangent,
}

/// The kernels of an architecture for inputs on a sphere, as functions of the angle.
#[derive(Debug)]
pub struct SphereKernel<'a> {
    plan: Plan<'a>,
    /// One example: all are alike.
    examples: Examples,
    variance: f64,
}

impl<'a> SphereKernel<'a> {
    /// For inputs with |x|²/D = `variance` in D = `dimension` dimensions (1 for coordinates of variance
    /// 1, 1/D for unit vectors).
    ///
    /// # Errors
    /// As [`kernels`](super::dense::kernels); a variance that is not positive; no dimensions.
    pub fn new(architecture: &'a Architecture, variance: f64, dimension: usize) -> Result<Self> {
        architecture.validate()?;
        if !(variance.is_finite() && variance > 0.0) {
            let allowed = "it must be positive";
            return Err(Error::parameter("variance of the inputs", variance, allowed));
        }
        if dimension == 0 {
            return Err(Error::parameter("dimension of the sphere", 0, "it must be 1 or more"));
        }
        let plan = Plan::new(architecture, dimension);
        let mut examples = Examples::new(architecture, vec![variance], dimension)?;
        examples.add_tables(&plan.series, None)?;
        Ok(Self { plan, examples, variance })
    }

    /// Covariance and tangent kernel of two inputs at an angle from 0 to π.
    pub fn at_angle(&self, angle: f64) -> (f64, f64) {
        if angle == 0.0 {
            return (self.examples.nngp()[0], self.examples.ntk[0]);
        }
        let mut nngp = [self.variance * angle.cos()];
        let mut ntk = [0.0];
        // 1 − |cos θ| = 2 sin²(θ/2), or 2 cos²(θ/2) beyond π/2.
        let half = 0.5 * angle;
        let root = if nngp[0] < 0.0 { half.cos() } else { half.sin() };
        let mut gap = [2.0 * self.variance * root * root];
        Block {
            plan: &self.plan,
            rows: &self.examples,
            row: 0,
            columns: &self.examples,
            start: 0,
            nngp: &mut nngp,
            ntk: &mut ntk,
            gap: &mut gap,
        }
        .run();
        (nngp[0], ntk[0])
    }
}

/// Spectrum of a kernel of an architecture, up to degree `degrees` − 1, for inputs on the sphere with
/// |x|²/D = `variance`.
///
/// ```
/// use solvable::generalization::kernel::regression::KernelRegression;
/// use solvable::net::architecture::parse::{LayerDefaults, parse};
/// use solvable::wide::kernel::sphere::{Which, spectrum};
///
/// let network = parse("dense(b=0.5) erf dense(w=1)", &LayerDefaults::default())?;
/// let spectrum = spectrum(&network, Which::Tangent, 1.0, 10, 30)?;
/// let curve = KernelRegression::on_sphere(&spectrum, &[0.0, 1.0, 0.5], 0.01, 0.1)?;
/// let learned = curve.learn(&[10.0, 100.0])?;
/// assert!(learned[1].test_error < learned[0].test_error);
/// # Ok::<(), solvable::Error>(())
/// ```
///
/// # Errors
/// As [`SphereKernel::new`] and [`SphereSpectrum::of`].
pub fn spectrum(
    architecture: &Architecture,
    which: Which,
    variance: f64,
    dimension: usize,
    degrees: usize,
) -> Result<SphereSpectrum> {
    let kernel = SphereKernel::new(architecture, variance, dimension)?;
    let at_angle = |angle: f64| {
        let (nngp, ntk) = kernel.at_angle(angle);
        match which {
            Which::Nngp => nngp,
            Which::Tangent => ntk,
        }
    };
    SphereSpectrum::of(at_angle, dimension, degrees)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generalization::kernel::regression::KernelRegression;
    use crate::generalization::kernel::sphere::{Kernel, on_sphere};
    use crate::math::linalg::{eigh, solve_positive_definite};
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::net::architecture::Architecture;
    use crate::net::unit::Nonlinearity;
    use crate::wide::kernel::dense::kernels;

    fn relu(depth: usize, bias_std: f64) -> Architecture {
        Architecture::dense(Nonlinearity::RELU, depth, 2f64.sqrt(), bias_std, 1.0, 0.0)
    }

    #[test]
    fn spectra_of_relu_networks_are_those_of_an_independent_quadrature() {
        // NumPy, Gauss–Legendre with 4000 nodes in the angle; x·x/D = 1.
        let one_layer = [0.421_875, 0.2, 0.031_25, 0.0, 0.001_037_597_7, 0.0, 0.000_164_794_9];
        let biased = [
            0.581_335_665_5,
            0.224_485_678_2,
            0.027_325_675_6,
            0.000_973_479_4,
            0.000_702_824_9,
            0.000_154_638_0,
            0.000_095_978_2,
        ];
        let two_layers = [
            0.750_749_604_1,
            0.100_996_780_6,
            0.011_328_697_1,
            0.000_821_973_5,
            0.000_168_618_9,
            0.000_026_413_8,
        ];
        for (depth, bias, d, expected) in
            [(1, 0.0, 5, &one_layer[..]), (1, 0.5, 5, &biased), (2, 0.0, 10, &two_layers)]
        {
            let found = spectrum(&relu(depth, bias), Which::Tangent, 1.0, d, 12).unwrap();
            for (found, expected) in found.eigenvalues.iter().zip(expected) {
                assert!((found - expected).abs() < 6e-11, "{found} {expected}");
            }
        }
    }

    #[test]
    fn relu_networks_without_biases_are_the_kernels_of_the_learning_curves() {
        for depth in [1, 2, 4] {
            let network = relu(depth, 0.0);
            let kernel = SphereKernel::new(&network, 1.0, 7).unwrap();
            for i in 0..=64 {
                let angle = std::f64::consts::PI * f64::from(i) / 64.0;
                let (nngp, ntk) = kernel.at_angle(angle);
                let expected = Kernel::Network { depth }.at_angle(angle);
                assert!((nngp - expected).abs() < 2e-15, "{depth} {angle}");
                let layers = (depth + 1) as f64;
                let expected = Kernel::Tangent { depth }.at_angle(angle);
                assert!((ntk / layers - expected).abs() < 2e-15, "{depth} {angle}");
            }
        }
    }

    #[test]
    fn eigenvalues_of_gram_matrices_are_those_of_the_sphere() {
        let (n, d) = (400, 5);
        let x = on_sphere(n, d, (d as f64).sqrt(), &mut stream(0, Purpose::Task, 0));
        for network in [relu(1, 0.5), Architecture::dense(Nonlinearity::ERF, 2, 1.5, 0.3, 1.0, 0.0)]
        {
            let found = kernels(&network, x.view(), None).unwrap();
            for (which, gram) in [(Which::Nngp, found.nngp), (Which::Tangent, found.ntk)] {
                let theory = spectrum(&network, which, 1.0, d, 20).unwrap();
                let values = eigh(&gram).unwrap().0 / n as f64;
                let mut order: Vec<usize> = (0..20).collect();
                order.sort_by(|a, b| theory.eigenvalues[*b].total_cmp(&theory.eigenvalues[*a]));
                let mut first = 0;
                for k in order.into_iter().take(3) {
                    let count = theory.multiplicities[k] as usize;
                    let mean = values.iter().skip(first).take(count).sum::<f64>() / count as f64;
                    first += count;
                    // The mean over a degree does not change in first order, because squares of its
                    // harmonics add up to a constant; in second order levels repel, by
                    // Σ m_l λ_k λ_l/((λ_k − λ_l) n). Twice that for the rest of the series and scatter.
                    let own = theory.eigenvalues[k];
                    let levels = theory.eigenvalues.iter().zip(&theory.multiplicities).enumerate();
                    let others = levels.filter(|(l, _)| *l != k);
                    let shift: f64 =
                        others.map(|(_, (l, m))| m * own * l / (own - l).abs()).sum::<f64>()
                            / n as f64;
                    assert!(
                        (mean - own).abs() < 2.0 * shift,
                        "{which:?} {k}: {mean} {own} {shift}"
                    );
                }
            }
        }
    }

    #[test]
    fn learning_curves_are_those_of_an_independent_program_and_of_regression() {
        let (d, network) = (5, relu(1, 0.5));
        let theory = spectrum(&network, Which::Tangent, 1.0, d, 41).unwrap();
        let powers = [0.0, 0.5, 0.3, 0.2];
        let (ridge, noise) = (0.1, 0.09);
        let curve = KernelRegression::on_sphere(&theory, &powers, ridge, noise).unwrap();
        let learned = curve.learn(&[20.0, 80.0]).unwrap();
        // NumPy and SciPy, with the error on labels without noise.
        assert!((learned[0].test_error - noise - 0.520_067).abs() < 1e-6);
        assert!((learned[0].effective.kappa * 20.0 - 0.637_670_461_2).abs() < 1e-9);
        assert!((learned[1].test_error - noise - 0.205_366).abs() < 1e-6);
        // Regression on samples, against exact targets at new inputs.
        let (samples, tests, runs) = (80, 400, 24);
        let harmonic = |k: usize, t: f64| match k {
            1 => t,
            2 => (5.0 * t * t - 1.0) / 4.0,
            _ => (7.0 * t * t * t - 3.0 * t) / 4.0,
        };
        let errors: Vec<f64> = (0..runs)
            .map(|run| {
                let mut rng = stream(7, Purpose::Task, run);
                let x = on_sphere(samples + tests, d, 1.0, &mut rng);
                let u = on_sphere(1, d, 1.0, &mut rng);
                let target = x.dot(&u.t()).mapv(|t| {
                    let part =
                        |k: usize| (powers[k] * theory.multiplicities[k]).sqrt() * harmonic(k, t);
                    part(1) + part(2) + part(3)
                });
                let scaled = &x * (d as f64).sqrt();
                let (train, test) = scaled.view().split_at(ndarray::Axis(0), samples);
                let (labels, truth) = target.view().split_at(ndarray::Axis(0), samples);
                let noise = gaussian(samples, 1, noise.sqrt(), &mut rng);
                let gram = kernels(&network, train, None).unwrap().ntk
                    + ndarray::Array2::<f64>::eye(samples) * ridge;
                let weights = solve_positive_definite(&gram, &(&labels + &noise)).unwrap();
                let across = kernels(&network, test, Some(train)).unwrap().ntk;
                (across.dot(&weights) - truth).mapv(|gap| gap * gap).mean().unwrap()
            })
            .collect();
        let mean = errors.iter().sum::<f64>() / f64::from(runs);
        let spread = errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / f64::from(runs - 1);
        let error = (spread / f64::from(runs)).sqrt();
        // A finite sample acts like a shift of P by about 1.5, and changes errors by one part in P.
        let shifted = curve.learn(&[78.5]).unwrap()[0].test_error - noise;
        let exact = learned[1].test_error - noise;
        let bias = shifted - exact + exact / samples as f64;
        assert!((mean - exact).abs() < 4.0 * error + bias, "{mean} ± {error}, theory {exact}");
    }

    #[test]
    fn eigenvalues_of_relu_networks_fall_like_the_stated_powers() {
        for d in [3, 4] {
            for (which, power) in [(Which::Tangent, d as f64), (Which::Nngp, d as f64 + 2.0)] {
                let found = spectrum(&relu(1, 0.7), which, 1.0, d, 81).unwrap().eigenvalues;
                let slope = (found[80] / found[40]).ln() / 2f64.ln();
                assert!((slope / -power - 1.0).abs() < 0.04, "{d} {which:?}: {slope}");
            }
        }
    }

    #[test]
    fn spheres_that_make_no_sense_are_refused() {
        assert!(SphereKernel::new(&relu(1, 0.0), 0.0, 3).is_err());
        assert!(SphereKernel::new(&relu(1, 0.0), 1.0, 0).is_err());
        assert!(spectrum(&relu(1, 0.0), Which::Nngp, 1.0, 2, 5).is_err());
    }
}
