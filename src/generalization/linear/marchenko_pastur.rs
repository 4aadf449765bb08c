//! The Marchenko–Pastur law: eigenvalues of the covariance of random data.
//!
//! X is P × N with independent entries of variance 1/N, α = P/N. For large N the eigenvalues of XᵀX
//! have the density
//!
//! ```math
//! \rho(\lambda) = \frac{\sqrt{(\lambda_+-\lambda)(\lambda-\lambda_-)}}{2\pi\lambda}
//!     + (1-\alpha)_+\,\delta(\lambda),\qquad \lambda_\pm = (\sqrt\alpha\pm1)^2 .
//! ```
//!
//! With λ = (1 − √α)² + 4√α cos²(θ/2) an integral over the continuous part becomes one over an angle,
//! with the weight (2α/π) sin²θ/λ dθ. The midpoint rule in θ converges faster than any power, also at
//! α = 1, if the pole of the weight at λ = 0 is dealt with: see [`MarchenkoPastur::integral`].
//!
//! In a finite Gaussian system the expected sum of f over the eigenvalues that are not zero by their
//! number differs from this law by a shift that does not depend on N (`bai2004`):
//!
//! ```math
//! \mathbb E\sum_k f(\lambda_k) = N\int\rho f\,d\lambda
//!     + \tfrac14\big(f(\lambda_-) + f(\lambda_+)\big) - \tfrac1{2\pi}\int_0^\pi f(\lambda(\theta))\,d\theta + O(1/N) .
//! ```
//!
//! It is exact in what it says: for f = 1/λ and α > 1 it gives 1/(α − 1)², the second term of the
//! exact N²/(P − N − 1) = N/(α − 1) + 1/(α − 1)² + ….

use std::f64::consts::PI;

use crate::{Error, Result};

/// Nodes beside those that a long time or a load near 1 needs.
const BASE_NODES: f64 = 24.0;
/// Nodes for each unit of √(√α t): the sum over aliases of e^{−2λt} is then below e^{−50}.
const NODES_PER_ROOT: f64 = 10.0;
/// n|ln α| at which the pole at λ = 0 is resolved to e^{−40}.
const RESOLVED: f64 = 40.0;
/// More nodes than anybody waits for.
const MAX_NODES: f64 = 4e6;

/// Quadrature over the Marchenko–Pastur law of one load α.
#[derive(Debug, Clone, PartialEq)]
pub struct MarchenkoPastur {
    alpha: f64,
    /// Eigenvalues with their weights in the law.
    nodes: Vec<(f64, f64)>,
    /// Whether the nodes resolve the pole at λ = 0.
    resolved: bool,
}

/// Ends (λ₋, λ₊) of the continuous part.
pub fn edges(alpha: f64) -> (f64, f64) {
    let root = alpha.sqrt();
    ((root - 1.0).powi(2), (root + 1.0).powi(2))
}

/// Density of the continuous part.
pub fn density(alpha: f64, eigenvalue: f64) -> f64 {
    let (low, high) = edges(alpha);
    if eigenvalue <= low || eigenvalue >= high {
        return 0.0;
    }
    ((high - eigenvalue) * (eigenvalue - low)).sqrt() / (2.0 * PI * eigenvalue)
}

impl MarchenkoPastur {
    /// Nodes for functions of λ that vary as fast as e^{−2λt} up to `longest_time`; 0 for functions
    /// as smooth as λ.
    ///
    /// # Errors
    /// A load that is not positive and finite, a time that is negative, or so long at a load so near
    /// to 1 that the sum would not end.
    pub fn new(alpha: f64, longest_time: f64) -> Result<Self> {
        if !(alpha.is_finite() && alpha > 0.0) {
            return Err(Error::parameter("alpha", alpha, "it must be positive and finite"));
        }
        if longest_time.is_nan() || longest_time < 0.0 {
            return Err(Error::parameter("time", longest_time, "it must not be negative"));
        }
        let (root, log) = (alpha.sqrt(), alpha.ln().abs());
        let n =
            BASE_NODES + (NODES_PER_ROOT * (root * longest_time).sqrt()).min(1.2 * RESOLVED / log);
        if n > MAX_NODES {
            let allowed = format!("at α = {alpha} it must be below {:.0e}", MAX_NODES * 4e4);
            return Err(Error::parameter("time", longest_time, allowed));
        }
        Ok(Self::with_nodes(alpha, n.ceil() as u32))
    }

    /// A given number of nodes, evenly spaced in the angle θ: as many as f(λ(θ)) needs.
    pub(crate) fn with_nodes(alpha: f64, n: u32) -> Self {
        let (root, count) = (alpha.sqrt(), f64::from(n));
        let node = |k: u32| {
            let theta = (f64::from(k) + 0.5) * PI / count;
            let cosine = (0.5 * theta).cos();
            let eigenvalue = (1.0 - root).powi(2) + 4.0 * root * cosine * cosine;
            (eigenvalue, 2.0 * alpha / count * theta.sin().powi(2) / eigenvalue)
        };
        let resolved = count * alpha.ln().abs() >= RESOLVED;
        Self { alpha, nodes: (0..n).map(node).collect(), resolved }
    }

    /// Eigenvalues of the nodes, from the largest.
    pub fn eigenvalues(&self) -> impl Iterator<Item = f64> {
        self.nodes.iter().map(|(x, _)| *x)
    }

    /// Total weight of the continuous part: min(1, α).
    pub fn mass(&self) -> f64 {
        self.alpha.min(1.0)
    }

    /// Share of eigenvalues that are zero because examples are few: max(0, 1 − α).
    pub fn zeros(&self) -> f64 {
        (1.0 - self.alpha).max(0.0)
    }

    /// ∫ρf over the continuous part, for f analytic at 0 with the value `at_zero` there.
    ///
    /// Near α = 1 the weight has a pole close to the path, which would cost up to 1/n of the mass.
    /// There f − f(0) is integrated, which has no pole, and f(0) times the known mass added.
    pub fn integral(&self, f: impl Fn(f64) -> f64, at_zero: f64) -> f64 {
        if self.resolved {
            return self.nodes.iter().map(|(x, w)| w * f(*x)).sum();
        }
        let rest: f64 = self.nodes.iter().map(|(x, w)| w * (f(*x) - at_zero)).sum();
        rest + at_zero * self.mass()
    }

    /// What a finite Gaussian system adds to N∫ρf, to leading order (see the module).
    pub fn finite_size_shift(&self, f: impl Fn(f64) -> f64) -> f64 {
        let (low, high) = edges(self.alpha);
        let mean = self.nodes.iter().map(|(x, _)| f(*x)).sum::<f64>() / self.nodes.len() as f64;
        0.25 * (f(low) + f(high)) - 0.5 * mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::eigh;
    use crate::math::quadrature::gauss_legendre;
    use crate::math::random::{Purpose, gaussian, stream};

    const LOADS: [f64; 9] = [1e-3, 0.3, 0.9, 0.9999, 1.0, 1.0 + 1e-9, 1.05, 2.0, 700.0];

    #[test]
    fn no_mass_is_lost_and_the_moments_are_known_at_any_load() {
        for alpha in LOADS {
            for time in [0.0, 3.0, 1e4] {
                let law = MarchenkoPastur::new(alpha, time).unwrap();
                let mass = law.integral(|_| 1.0, 1.0);
                approx::assert_relative_eq!(mass, law.mass(), max_relative = 1e-13);
                approx::assert_relative_eq!(law.integral(|x| x, 0.0), alpha, max_relative = 1e-13);
                let second = law.integral(|x| x * x, 0.0);
                approx::assert_relative_eq!(second, alpha + alpha * alpha, max_relative = 1e-13);
            }
        }
    }

    #[test]
    fn the_quadrature_agrees_with_the_density() {
        for alpha in [0.3f64, 1.7] {
            let law = MarchenkoPastur::new(alpha, 2.0).unwrap();
            let (low, high) = edges(alpha);
            // √ at both ends: substitute λ = low + (high − low) sin²φ.
            let density_integral: f64 = (0..8)
                .map(|i| {
                    let (a, b) = (f64::from(i) * PI / 16.0, f64::from(i + 1) * PI / 16.0);
                    let f = |phi: f64| {
                        let x = low + (high - low) * phi.sin().powi(2);
                        density(alpha, x) * (-2.0 * x).exp() * (high - low) * (2.0 * phi).sin()
                    };
                    gauss_legendre(f, a, b)
                })
                .sum();
            let found = law.integral(|x| (-2.0 * x).exp(), 1.0);
            approx::assert_relative_eq!(found, density_integral, max_relative = 1e-12);
        }
        assert_eq!(density(1.0, 5.0), 0.0);
    }

    #[test]
    fn twice_the_nodes_change_nothing_however_close_to_the_transition() {
        for alpha in LOADS {
            for time in [0.1, 10.0, 1e3] {
                let decay = |law: MarchenkoPastur| law.integral(|x| (-2.0 * x * time).exp(), 1.0);
                let found = decay(MarchenkoPastur::new(alpha, time).unwrap());
                let finer = decay(MarchenkoPastur::new(alpha, 4.0 * time + 10.0).unwrap());
                approx::assert_abs_diff_eq!(found, finer, epsilon = 2e-15);
            }
        }
    }

    #[test]
    fn the_finite_size_shift_is_that_of_the_inverse_wishart_matrix_and_of_sampled_ones() {
        let law = MarchenkoPastur::new(2.5, 1e3).unwrap();
        let shift = law.finite_size_shift(f64::recip);
        approx::assert_relative_eq!(shift, 1.5f64.powi(-2), max_relative = 1e-12);
        for alpha in [0.5, 1.0] {
            let (n, f) = (12usize, |x: f64| (-3.0 * x).exp());
            let law = MarchenkoPastur::new(alpha, 1.5).unwrap();
            let p = (alpha * n as f64) as usize;
            let sums: Vec<f64> = (0..4000)
                .map(|seed| {
                    let x = gaussian(
                        p,
                        n,
                        (n as f64).sqrt().recip(),
                        &mut stream(seed, Purpose::Task, 0),
                    );
                    eigh(&x.dot(&x.t())).unwrap().0.iter().map(|v| f(*v)).sum()
                })
                .collect();
            let mean = sums.iter().sum::<f64>() / 4000.0;
            let error = (sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>()).sqrt() / 4000.0;
            let leading = n as f64 * law.integral(f, 1.0);
            let shift = law.finite_size_shift(f);
            assert!(shift.abs() > 10.0 * error, "resolved: {shift} against {error}");
            // The next order is 1/N of the shift.
            let gap = (mean - leading - shift).abs();
            assert!(gap < 4.0 * error + shift.abs() / n as f64, "{alpha}: {gap}, {error}, {shift}");
        }
    }

    #[test]
    fn loads_and_times_out_of_range_are_refused() {
        for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(MarchenkoPastur::new(alpha, 1.0).is_err());
        }
        assert!(MarchenkoPastur::new(1.0, -1.0).is_err());
        assert!(MarchenkoPastur::new(1.0, f64::INFINITY).is_err());
        assert!(MarchenkoPastur::new(0.5, f64::INFINITY).is_ok());
    }
}
