//! Kernels of wide networks, and their spectrum on the sphere by quadrature, in any dimension.
//!
//! On the unit sphere in D dimensions a dot-product kernel k(x·x′) has the spherical harmonics as
//! eigenfunctions. All harmonics of degree k share one eigenvalue (`canatar2021`)
//!
//! ```math
//! \lambda_k = \frac{\int_0^\pi k(\cos\theta)\,Q_k(\cos\theta)\sin^{D-2}\theta\,d\theta}
//!                  {\int_0^\pi \sin^{D-2}\theta\,d\theta}, \qquad
//! m_k = \frac{2k + D - 2}{k}\binom{k + D - 3}{k - 1} ,
//! ```
//!
//! with Gegenbauer polynomials scaled to Q_k(1) = 1:
//! (k + D − 2)Q_{k+1} = (2k + D − 2)tQ_k − kQ_{k−1}.
//!
//! In the angle θ the kernels of ReLU networks are smooth up to both ends, so Gauss–Legendre panels
//! reach rounding with a thousand points in every dimension. (The midpoint rule needs D large: the
//! integrand has a kink of order D − 2 at the ends.)

use ndarray::{Array2, ArrayView1, ArrayView2};
use rand_chacha::ChaCha8Rng;

use crate::math::folded_pairs::{FoldedPairs, Kink};
use crate::math::quadrature::composite_nodes;
use crate::math::random::gaussian;
use crate::{Error, Result};

/// Eigenvalues below this share of k(1) are rounding.
const SMALLEST: f64 = 1e-14;

/// A similarity of inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernel {
    /// x·x′.
    Linear,
    /// exp(−‖x − x′‖²/(2w²)) with width w.
    Gaussian {
        /// Width, in units of the inputs.
        width: f64,
    },
    /// exp(−‖x − x′‖/w) with width w.
    Exponential {
        /// Width, in units of the inputs.
        width: f64,
    },
    /// Covariance of the outputs of wide random ReLU networks without biases, weights of variance 2 per
    /// input: the arc-cosine kernel (`cho2009`), iterated.
    Network {
        /// Number of hidden layers.
        depth: usize,
    },
    /// Neural tangent kernel of the same networks (`jacot2018`), divided by the number of weight
    /// layers, so that a unit vector has k(x, x) = 1 as in the others.
    Tangent {
        /// Number of hidden layers.
        depth: usize,
    },
}

impl Kernel {
    /// Refuses widths that are not positive and networks without hidden layer.
    ///
    /// # Errors
    /// As it says.
    pub fn check(self) -> Result<()> {
        match self {
            Self::Gaussian { width } | Self::Exponential { width }
                if !(width.is_finite() && width > 0.0) =>
            {
                Err(Error::parameter("width of the kernel", width, "it must be positive"))
            }
            Self::Network { depth: 0 } | Self::Tangent { depth: 0 } => {
                let allowed = "the network needs a hidden layer, or use the linear kernel";
                Err(Error::parameter("depth of the kernel", 0, allowed))
            }
            _ => Ok(()),
        }
    }

    /// Kernel of two unit vectors at an angle from 0 to π.
    pub fn at_angle(self, angle: f64) -> f64 {
        // ‖x − x′‖ = 2 sin(θ/2), without cancellation at small angles.
        let distance = 2.0 * (0.5 * angle).sin();
        match self {
            Self::Linear => angle.cos(),
            Self::Gaussian { width } => (-0.5 * (distance / width).powi(2)).exp(),
            Self::Exponential { width } => (-distance / width).exp(),
            Self::Network { depth } => relu_network(angle, depth).0,
            Self::Tangent { depth } => relu_network(angle, depth).1 / (depth + 1) as f64,
        }
    }

    /// Kernel of any two inputs. That of networks is proportional to both lengths.
    pub fn between(self, x: ArrayView1<'_, f64>, other: ArrayView1<'_, f64>) -> f64 {
        let pairs = || x.iter().zip(other.iter());
        let squared = || pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        match self {
            Self::Linear => x.dot(&other),
            Self::Gaussian { width } => (-0.5 * squared() / (width * width)).exp(),
            Self::Exponential { width } => (-squared().sqrt() / width).exp(),
            Self::Network { .. } | Self::Tangent { .. } => {
                let (a, b) = (x.dot(&x).sqrt(), other.dot(&other).sqrt());
                if a == 0.0 || b == 0.0 {
                    return 0.0;
                }
                // The arc cosine would lose half of the digits of small angles, and the Gram matrix
                // of inputs that nearly coincide would not be positive definite.
                let (mut apart, mut along) = (0.0, 0.0);
                for (x, y) in pairs().map(|(x, y)| (x / a, y / b)) {
                    apart += (x - y) * (x - y);
                    along += (x + y) * (x + y);
                }
                a * b * self.at_angle(2.0 * apart.sqrt().atan2(along.sqrt()))
            }
        }
    }

    /// Kernel of every row with every other row.
    pub fn gram(self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        if self == Self::Linear {
            return x.dot(&x.t());
        }
        let n = x.nrows();
        let mut gram = Array2::zeros((n, n));
        for i in 0..n {
            for j in 0..=i {
                let k = self.between(x.row(i), x.row(j));
                gram[[i, j]] = k;
                gram[[j, i]] = k;
            }
        }
        gram
    }
}

/// Covariance of outputs and tangent kernel of unit vectors at an angle from 0 to π, layer by layer. Weights
/// of variance 2 per input keep the variances at one.
fn relu_network(angle: f64, depth: usize) -> (f64, f64) {
    let relu = Kink::new(0.0, 1.0);
    let [mut nngp, mut ntk] = [[angle.cos()]; 2];
    // 1 − |cos θ| = 2 sin²(θ/2), or 2 cos²(θ/2) beyond π/2, without cancellation.
    let half = 0.5 * angle;
    let root = if nngp[0] < 0.0 { half.cos() } else { half.sin() };
    let mut gap = [2.0 * root * root];
    let unit = [&[1.0][..]; 2];
    for _ in 0..depth {
        let [nngp_after, gap_after, ntk_after] = [&mut nngp[..], &mut gap, &mut ntk];
        FoldedPairs {
            kink: relu,
            factors: [1.0; 2],
            roots: unit,
            nngp: nngp_after,
            gap: gap_after,
            ntk: ntk_after,
        }
        .apply();
        nngp[0] *= 2.0;
        gap[0] *= 2.0;
        ntk[0] = 2.0 * ntk[0] + nngp[0];
    }
    (nngp[0], ntk[0])
}

/// The spectrum of a dot-product kernel on the unit sphere.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereSpectrum {
    /// Number D of dimensions around the sphere.
    pub dimension: usize,
    /// λ_k of degrees 0, 1, 2, …; 0 below 1e-14 of k(1).
    pub eigenvalues: Vec<f64>,
    /// m_k, the number of harmonics of each degree.
    pub multiplicities: Vec<f64>,
    /// k(1) − Σ m_k λ_k, the power of all that is not listed: so many modes, each so weak, that they
    /// act as a ridge.
    pub remainder: f64,
}

impl SphereSpectrum {
    /// Spectrum of a kernel of networks or of distance.
    ///
    /// # Errors
    /// As [`SphereSpectrum::of`], or a parameter of the kernel out of range.
    pub fn of_kernel(kernel: Kernel, dimension: usize, degrees: usize) -> Result<Self> {
        kernel.check()?;
        // Panels short against the width of a narrow kernel.
        let panels = match kernel {
            Kernel::Gaussian { width } | Kernel::Exponential { width } => (8.0 / width).min(1e5),
            _ => 0.0,
        };
        Self::by_quadrature(|angle| kernel.at_angle(angle), dimension, degrees, panels as usize)
    }

    /// Spectrum of any kernel, given as a function of the angle between unit vectors, up to degree
    /// `degrees` − 1.
    ///
    /// # Errors
    /// Fewer than 3 dimensions, no degrees or more than 1000, a kernel that is not finite or not
    /// positive definite.
    pub fn of(kernel: impl Fn(f64) -> f64, dimension: usize, degrees: usize) -> Result<Self> {
        Self::by_quadrature(kernel, dimension, degrees, 64)
    }

    fn by_quadrature(
        kernel: impl Fn(f64) -> f64,
        dimension: usize,
        degrees: usize,
        panels: usize,
    ) -> Result<Self> {
        if dimension < 3 {
            return Err(Error::parameter(
                "dimension of the sphere",
                dimension,
                "it must be 3 or more",
            ));
        }
        if degrees == 0 || degrees > 1000 {
            return Err(Error::parameter(
                "number of degrees",
                degrees,
                "it must be from 1 to 1000",
            ));
        }
        let d = dimension as f64;
        // Panels short against the waves of Q_k and the peak of sin^{D−2}, which is 1/√D wide.
        let panels = panels.max(16).max(degrees / 2).max((4.0 * d.sqrt()) as usize);
        let nodes = composite_nodes(0.0, std::f64::consts::PI, panels);
        let mass = |angle: f64, w: f64| w * angle.sin().powi(dimension as i32 - 2);
        let total: f64 = nodes.iter().map(|(angle, w)| mass(*angle, *w)).sum();
        let mut eigenvalues = vec![0.0; degrees];
        for (angle, w) in &nodes {
            let value = kernel(*angle);
            if !value.is_finite() {
                let place = format!("angle {angle}");
                return Err(Error::NonFinite { what: "kernel".into(), place, value });
            }
            let value = value * mass(*angle, *w) / total;
            let sums = eigenvalues.iter_mut();
            sums.zip(Gegenbauer::new(d, angle.cos())).for_each(|(sum, q)| *sum += value * q);
        }
        let largest = kernel(0.0);
        for (degree, eigenvalue) in eigenvalues.iter_mut().enumerate() {
            if *eigenvalue < -1e-12 * largest.abs() {
                let allowed = "the kernel must be positive definite on the sphere";
                return Err(Error::parameter(
                    format!("eigenvalue of degree {degree}"),
                    eigenvalue,
                    allowed,
                ));
            }
            if *eigenvalue < SMALLEST * largest {
                *eigenvalue = 0.0;
            }
        }
        let multiplicities = multiplicities(d, degrees);
        let listed: f64 = eigenvalues.iter().zip(&multiplicities).map(|(l, m)| l * m).sum();
        let remainder = (largest - listed).max(0.0);
        Ok(Self { dimension, eigenvalues, multiplicities, remainder })
    }
}

/// m_k of degrees 0, 1, …, as long as they can be represented.
pub(crate) fn multiplicities(d: f64, degrees: usize) -> Vec<f64> {
    let mut all = vec![1.0];
    let mut binomial = 1.0;
    for k in (1..degrees).map(|k| k as f64) {
        all.push(((2.0 * k + d - 2.0) / k * binomial).min(f64::MAX));
        // From C(k + D − 3, k − 1) to C(k + D − 2, k).
        binomial = (binomial * (k + d - 2.0) / k).min(1e300);
    }
    all.truncate(degrees);
    all
}

/// Q_0(t), Q_1(t), Q_2(t), … in D dimensions, without end.
#[derive(Debug, Clone)]
pub(crate) struct Gegenbauer {
    d: f64,
    t: f64,
    k: f64,
    now: f64,
    before: f64,
}

impl Gegenbauer {
    pub(crate) fn new(d: f64, t: f64) -> Self {
        Self { d, t, k: 0.0, now: 1.0, before: 0.0 }
    }
}

impl Iterator for Gegenbauer {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let Self { d, t, k, now, before } = *self;
        // Degree 0 in the recursion would be 0/0 in two dimensions only; there are three or more.
        self.now = ((2.0 * k + d - 2.0) * t * now - k * before) / (k + d - 2.0);
        self.before = now;
        self.k += 1.0;
        Some(now)
    }
}

/// Points drawn uniformly from the sphere of a radius, as rows.
pub fn on_sphere(n: usize, dimension: usize, radius: f64, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut points = gaussian(n, dimension, 1.0, rng);
    for mut row in points.rows_mut() {
        let length = row.dot(&row).sqrt();
        row.mapv_inplace(|x| radius * x / length);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, stream};

    #[test]
    fn kernels_are_one_at_equal_unit_vectors_and_agree_with_their_angle() {
        let mut rng = stream(1, Purpose::Task, 0);
        let x = on_sphere(6, 5, 1.0, &mut rng);
        for kernel in [
            Kernel::Linear,
            Kernel::Gaussian { width: 0.7 },
            Kernel::Exponential { width: 2.0 },
            Kernel::Network { depth: 3 },
            Kernel::Tangent { depth: 2 },
        ] {
            let gram = kernel.gram(x.view());
            for i in 0..6 {
                assert!((gram[[i, i]] - 1.0).abs() < 1e-14, "{kernel:?}");
                for j in 0..i {
                    let angle = x.row(i).dot(&x.row(j)).acos();
                    assert!((gram[[i, j]] - kernel.at_angle(angle)).abs() < 1e-12, "{kernel:?}");
                }
            }
        }
        assert!(Kernel::Tangent { depth: 0 }.check().is_err());
        assert!(Kernel::Gaussian { width: -1.0 }.check().is_err());
    }

    #[test]
    fn kernels_of_networks_are_iterated_arc_cosine_formulas() {
        use std::f64::consts::PI;
        for i in 1..=64 {
            let start = PI * f64::from(i) / 64.0;
            let (mut angle, mut tangent) = (start, start.cos());
            for depth in 1..=4 {
                let away = (PI - angle) / PI;
                let cosine = angle.sin() / PI + away * angle.cos();
                tangent = cosine + away * tangent;
                angle = cosine.acos();
                let found = Kernel::Network { depth }.at_angle(start);
                assert!((found - cosine).abs() < 1e-14, "depth {depth}, angle {start}");
                let found = Kernel::Tangent { depth }.at_angle(start) * (depth + 1) as f64;
                assert!((found - tangent).abs() < 1e-13, "depth {depth}, angle {start}");
            }
        }
        // Small angles keep their digits: with two hidden layers Θ/3 = 1 − φ/π + O(φ²).
        let lost = 1.0 - Kernel::Tangent { depth: 2 }.at_angle(1e-9);
        approx::assert_relative_eq!(lost, 1e-9 / PI, max_relative = 1e-6);
    }

    #[test]
    fn the_tangent_kernel_is_that_of_a_wide_random_network() {
        // Sum over parameters of products of derivatives, f = √(2/n) Σ_a v_a relu(w_a·x)·… with one
        // hidden layer: E[2 relu relu' ] + E[2 v² θ θ'] x·x' over Gaussian weights.
        let mut rng = stream(2, Purpose::InitialWeights, 0);
        let n = 400_000;
        let (angle, w) = (1.1f64, gaussian(n, 2, 1.0, &mut rng));
        let (mut outputs, mut tangent) = (0.0, 0.0);
        for w in w.rows() {
            let (a, b) = (w[0], angle.cos() * w[0] + angle.sin() * w[1]);
            let shared = 2.0 * a.max(0.0) * b.max(0.0);
            outputs += shared;
            tangent += shared + if a > 0.0 && b > 0.0 { 2.0 * angle.cos() } else { 0.0 };
        }
        // Single draws have a standard deviation below 3, so that of the mean is below 0.005.
        let scale = (n as f64).recip();
        assert!((outputs * scale - Kernel::Network { depth: 1 }.at_angle(angle)).abs() < 0.02);
        assert!(
            (0.5 * tangent * scale - Kernel::Tangent { depth: 1 }.at_angle(angle)).abs() < 0.02
        );
    }

    #[test]
    fn spectra_have_the_trace_and_the_symmetry_of_their_kernels() {
        for d in [3, 4, 10, 25, 200] {
            let one = SphereSpectrum::of_kernel(Kernel::Tangent { depth: 1 }, d, 40).unwrap();
            // A hidden layer without biases has no odd harmonics but the first.
            assert!(one.eigenvalues.iter().skip(3).step_by(2).all(|l| *l == 0.0), "{d}");
            assert!(one.eigenvalues[..3].iter().all(|l| *l > 0.0), "{d}");
            assert!(one.remainder < 0.5 && one.remainder >= 0.0);
            let line = SphereSpectrum::of_kernel(Kernel::Linear, d, 5).unwrap();
            approx::assert_relative_eq!(line.eigenvalues[1], 1.0 / d as f64, max_relative = 1e-12);
            assert!(line.remainder < 1e-13 && line.eigenvalues[2..].iter().all(|l| *l == 0.0));
        }
        // The smooth kernel of distance is all in its first degrees.
        let smooth = SphereSpectrum::of_kernel(Kernel::Gaussian { width: 1.0 }, 3, 40).unwrap();
        assert!(smooth.remainder < 1600.0 * SMALLEST, "{}", smooth.remainder);
        assert!(smooth.eigenvalues.windows(2).all(|w| w[1] <= w[0]));
    }

    #[test]
    fn harmonics_are_counted_and_kernels_that_are_none_refused() {
        assert_eq!(multiplicities(3.0, 5), [1.0, 3.0, 5.0, 7.0, 9.0]);
        let found = multiplicities(10.0, 4);
        found.iter().zip([1.0, 10.0, 54.0, 210.0]).for_each(|(a, b)| assert!((a - b).abs() < 1e-9));
        let text = SphereSpectrum::of(|angle| -angle.cos(), 5, 4).unwrap_err().to_string();
        assert!(text.contains("degree 1"), "{text}");
        assert!(SphereSpectrum::of(|_| f64::NAN, 5, 4).is_err());
        assert!(SphereSpectrum::of(f64::cos, 2, 4).is_err());
        assert!(SphereSpectrum::of(f64::cos, 5, 0).is_err());
    }
}
