//! Jacobians of random networks of finite width, and their singular values.
//!
//! The derivative of the fields of layer L in those of layer 0 is multiplied out along one input whose
//! fields are Gaussian of the given variance; weights stand after the nonlinearity, J = W D … W D.
//! What theory says of it is in [`isometry`](super::isometry) and
//! [`jacobian_spectrum`](super::jacobian_spectrum).

use ndarray::Array2;

use super::isometry::WeightEnsemble;
use super::propagation::SignalPropagation;
use crate::math::linalg::svd;
use crate::math::random::{Purpose, gaussian, orthogonal, stream};
use crate::math::times::validate_times;
use crate::{Axis, Error, FiniteSize, Result, Solvable, Tolerance, Trajectory};

/// A random network whose Jacobian is measured. As a model it has the layers up to `depth` as its grid, and
/// the observable `mean squared singular value` of the Jacobian of as many layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomJacobian {
    /// Nonlinearity and variances.
    pub network: SignalPropagation,
    /// Variance of the fields of layer 0; a fixed point, if theory is to apply.
    pub variance: f64,
    /// Number of layers L.
    pub depth: usize,
    /// Units N of each.
    pub width: usize,
    /// How weights are drawn.
    pub weights: WeightEnsemble,
}

impl RandomJacobian {
    /// Squared singular values of one network's Jacobian, largest first.
    ///
    /// # Errors
    /// A value out of range, or fields that grow beyond all numbers.
    pub fn squared_singular_values(&self, seed: u64) -> Result<Vec<f64>> {
        let jacobian = self.draw(seed, |_| ())?;
        Ok(svd(&jacobian)?.s.iter().map(|s| s * s).collect())
    }

    /// Mean squared singular value after each of the layers, tr JJᵀ/N: what gradients, squared, are
    /// multiplied by on their way back through as many.
    ///
    /// # Errors
    /// As [`squared_singular_values`](Self::squared_singular_values).
    pub fn mean_squares(&self, seed: u64) -> Result<Vec<f64>> {
        let mut means = Vec::with_capacity(self.depth);
        let n = self.width as f64;
        self.draw(seed, |jacobian| means.push(jacobian.iter().map(|x| x * x).sum::<f64>() / n))?;
        Ok(means)
    }

    /// Multiplies the Jacobian out and shows it after each layer.
    fn draw(&self, seed: u64, mut show: impl FnMut(&Array2<f64>)) -> Result<Array2<f64>> {
        self.network.validate()?;
        if self.width == 0 {
            return Err(Error::parameter("units per layer", 0, "it must be positive"));
        }
        if !(self.variance.is_finite() && self.variance > 0.0) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("variance of the fields", self.variance, allowed));
        }
        let (n, net) = (self.width, &self.network);
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let mut fields = gaussian(n, 1, self.variance.sqrt(), &mut rng);
        let mut jacobian = Array2::eye(n);
        for _ in 0..self.depth {
            let weights = match self.weights {
                WeightEnsemble::Gaussian => {
                    gaussian(n, n, (net.weight_variance / n as f64).sqrt(), &mut rng)
                }
                WeightEnsemble::Orthogonal => orthogonal(n, &mut rng) * net.weight_variance.sqrt(),
            };
            let biases = gaussian(n, 1, net.bias_variance.sqrt(), &mut rng);
            let slopes = fields.mapv(|h| net.nonlinearity.slope(h));
            jacobian = weights.dot(&(jacobian * slopes));
            fields = weights.dot(&fields.mapv(|h| net.nonlinearity.value(h))) + biases;
            show(&jacobian);
        }
        Ok(jacobian)
    }
}

impl RandomJacobian {
    /// The layers of a grid.
    fn layers(&self, grid: &[f64]) -> Result<Vec<usize>> {
        validate_times(grid)?;
        let layer = |l: &f64| {
            if l.fract() == 0.0 && *l >= 1.0 && *l <= self.depth as f64 {
                return Ok(*l as usize);
            }
            let allowed = format!("it must be a whole number from 1 to {}", self.depth);
            Err(Error::parameter("layer", l, allowed))
        };
        grid.iter().map(layer).collect()
    }

    fn recorded(grid: &[f64], means: Vec<f64>) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Depth, grid);
        trajectory.push("mean squared singular value", means)?;
        Ok(trajectory)
    }
}

impl Solvable for RandomJacobian {
    /// χ₁ to the power of the number of layers, where the variance is the fixed point.
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        self.network.validate()?;
        self.layers(grid)?;
        let chi = self.network.chi(self.variance);
        Self::recorded(grid, grid.iter().map(|l| chi.powf(*l)).collect())
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let (layers, means) = (self.layers(grid)?, self.mean_squares(seed)?);
        Self::recorded(grid, layers.iter().map(|l| means[l - 1]).collect())
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let bias = |values: &[f64]| {
            let layers = prediction.grid().iter().zip(values);
            layers.map(|(l, y)| y * l / self.width as f64).collect()
        };
        let biases = prediction.columns().map(|(_, values)| bias(values)).collect();
        Ok(Tolerance {
            gaps: vec![0.0],
            finite_size: Some(FiniteSize { biases, standard_errors: 4.0 }),
            reason: "1/N of it for each layer of N units, and four standard errors",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::statistics::mean_and_error;
    use crate::net::unit::Nonlinearity;
    use crate::wide::signal::isometry::{FussCatalan, JacobianMoments, finite_fourth_moment};

    fn sampled(model: &RandomJacobian, seeds: u64) -> Vec<(f64, f64)> {
        let of = |seed: u64| {
            let values = model.squared_singular_values(seed).unwrap();
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            (mean, values.iter().map(|x| x * x).sum::<f64>() / n)
        };
        (0..seeds).map(of).collect()
    }

    #[test]
    fn products_of_gaussian_matrices_have_their_exact_moments_at_two_widths() {
        let network = SignalPropagation {
            nonlinearity: Nonlinearity::Linear,
            weight_variance: 1.0,
            bias_variance: 0.0,
        };
        let weights = WeightEnsemble::Gaussian;
        for (width, seeds) in [(20, 200), (60, 40)] {
            let model = RandomJacobian { network, variance: 1.0, depth: 3, width, weights };
            let found = sampled(&model, seeds);
            for (values, exact) in [
                (found.iter().map(|x| x.0).collect::<Vec<_>>(), 1.0),
                (found.iter().map(|x| x.1).collect(), finite_fourth_moment(3, width)),
            ] {
                let (mean, error) = mean_and_error(values.into_iter());
                assert!((mean - exact).abs() < 4.0 * error, "N = {width}: {mean} {exact} {error}");
            }
        }
        approx::assert_relative_eq!(finite_fourth_moment(3, 1_000_000), 4.0, max_relative = 1e-5);
        approx::assert_relative_eq!(finite_fourth_moment(1, 2), 2.5);
    }

    #[test]
    fn the_distribution_of_singular_values_of_a_product_is_fuss_and_catalans() {
        let network = SignalPropagation {
            nonlinearity: Nonlinearity::Linear,
            weight_variance: 1.0,
            bias_variance: 0.0,
        };
        let law = FussCatalan::new(2).unwrap();
        // Eigenvalues are rigid: the distance of distributions falls as 1/N, not as the root.
        let distance = |width: usize| {
            let weights = WeightEnsemble::Gaussian;
            let model = RandomJacobian { network, variance: 1.0, depth: 2, width, weights };
            let values = model.squared_singular_values(1).unwrap();
            let n = width as f64;
            let above = |i: usize| 1.0 - (i as f64 + 0.5) / n;
            let gap = |(i, x): (usize, &f64)| (law.cumulative(*x) - above(i)).abs();
            values.iter().enumerate().map(gap).fold(0.0, f64::max)
        };
        assert!(distance(50) < 3.0 / 50.0 && distance(150) < 3.0 / 150.0);
    }

    #[test]
    fn gradients_grow_or_shrink_by_the_same_factor_in_every_layer() {
        for weight_variance in [1.5, 6.0] {
            let network = SignalPropagation {
                nonlinearity: Nonlinearity::ERF,
                weight_variance,
                bias_variance: 0.05,
            };
            let there = network.fixed_point().unwrap();
            let (variance, weights) = (there.variance, WeightEnsemble::Gaussian);
            let model = RandomJacobian { network, variance, depth: 6, width: 60, weights };
            let seeds: Vec<u64> = (0..12).collect();
            let found = crate::check(&model, &[1.0, 3.0, 6.0], &seeds).unwrap();
            assert!(found.iter().all(|agreement| agreement.holds()), "{found:?}");
            let prediction = model.predict(&[6.0]).unwrap();
            let (_, values) = prediction.columns().next().unwrap();
            approx::assert_relative_eq!(values[0], there.chi.powi(6), max_relative = 1e-12);
            assert!(model.predict(&[7.0]).is_err() && model.simulate(&[0.5], 0).is_err());
        }
    }

    #[test]
    fn orthogonal_linear_networks_are_isometric_at_any_depth() {
        let network = SignalPropagation {
            nonlinearity: Nonlinearity::Linear,
            weight_variance: 1.0,
            bias_variance: 0.1,
        };
        let weights = WeightEnsemble::Orthogonal;
        let model = RandomJacobian { network, variance: 1.0, depth: 40, width: 12, weights };
        let values = model.squared_singular_values(5).unwrap();
        assert!(values.iter().all(|x| (x - 1.0).abs() < 1e-12));
        let means = model.mean_squares(5).unwrap();
        assert!(means.len() == 40 && means.iter().all(|x| (x - 1.0).abs() < 1e-12));
        assert!(RandomJacobian { width: 0, ..model }.squared_singular_values(0).is_err());
        assert!(RandomJacobian { variance: -1.0, ..model }.squared_singular_values(0).is_err());
    }

    #[test]
    fn nonlinear_networks_have_the_predicted_mean_and_variance_up_to_their_width() {
        let (q, depth) = (0.5, 4);
        let network = SignalPropagation::edge_at_variance(Nonlinearity::ERF, q).unwrap();
        for weights in [WeightEnsemble::Gaussian, WeightEnsemble::Orthogonal] {
            let theory = JacobianMoments::new(&network, q, depth, weights).unwrap();
            for (width, seeds) in [(40, 60), (80, 30)] {
                let model = RandomJacobian { network, variance: q, depth, width, weights };
                let found = sampled(&model, seeds);
                let (mean, error) = mean_and_error(found.iter().map(|x| x.0));
                let (square, square_error) = mean_and_error(found.iter().map(|x| x.1));
                // Of order 1/N per layer, and twice that for the square.
                let size = depth as f64 / width as f64;
                let exact = theory.variance + theory.mean.powi(2);
                assert!((mean - theory.mean).abs() < 4.0 * error + size, "{weights:?}: {mean}");
                let allowed = 4.0 * square_error + 2.0 * size * exact;
                assert!((square - exact).abs() < allowed, "{weights:?}: {square} {exact}");
            }
        }
    }
}
