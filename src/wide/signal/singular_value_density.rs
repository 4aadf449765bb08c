//! The density of the logarithm of singular values, in theory and as a histogram over random networks.

use super::jacobian_sampling::RandomJacobian;
use super::jacobian_spectrum::JacobianSpectrum;
use crate::math::parallel::in_parallel;
use crate::math::statistics::{mean_and_error, student_gate};
use crate::{Agreement, Result};

/// Even bins of the logarithm of singular values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogBins {
    /// Lower edge of the first.
    pub low: f64,
    /// Upper edge of the last.
    pub high: f64,
    /// How many there are.
    pub count: usize,
}

/// The density in each bin, over random networks.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledDensity {
    /// Means over networks.
    pub mean: Vec<f64>,
    /// Their standard errors.
    pub error: Vec<f64>,
    /// Units of each layer.
    width: usize,
    /// Number of networks.
    networks: usize,
}

impl JacobianSpectrum {
    /// Density of ln s at each of `places`, singular values s: with λ = s² it is 2λρ(λ).
    ///
    /// # Errors
    /// As [`density`](Self::density).
    pub fn log_density(&self, places: &[f64]) -> Result<Vec<f64>> {
        let squares: Vec<f64> = places.iter().map(|s| s * s).collect();
        let rho = self.density(&squares)?;
        Ok(squares.iter().zip(rho).map(|(x, rho)| 2.0 * x * rho).collect())
    }
}

impl LogBins {
    fn width(&self) -> f64 {
        (self.high - self.low) / self.count as f64
    }

    /// The singular values in the middle of the bins.
    pub fn centers(&self) -> Vec<f64> {
        let step = self.width();
        (0..self.count).map(|b| (self.low + step * (b as f64 + 0.5)).exp()).collect()
    }

    /// Mean density over each bin at infinite width, by Simpson's rule on ten parts.
    ///
    /// # Errors
    /// As [`JacobianSpectrum::density`].
    pub fn predicted(&self, spectrum: &JacobianSpectrum) -> Result<Vec<f64>> {
        let step = self.width();
        let at = |k: usize| (self.low + 0.1 * step * k as f64).exp();
        let fine: Vec<f64> = (0..=10 * self.count).map(at).collect();
        let fine = spectrum.log_density(&fine)?;
        let weight = |k: usize| match k {
            0 | 10 => 1.0,
            k if k % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let mean = |b: usize| (0..=10).map(|k| weight(k) * fine[10 * b + k]).sum::<f64>() / 30.0;
        Ok((0..self.count).map(mean).collect())
    }

    /// Draws networks, one for each seed, and counts their singular values.
    ///
    /// # Errors
    /// As [`RandomJacobian::squared_singular_values`].
    pub fn sample(&self, model: &RandomJacobian, seeds: &[u64]) -> Result<SampledDensity> {
        let networks = in_parallel(seeds.len(), |run| model.squared_singular_values(seeds[run]))?;
        let densities: Vec<Vec<f64>> = networks.iter().map(|s| self.histogram(s)).collect();
        let (mean, error) = (0..self.count)
            .map(|b| mean_and_error(densities.iter().map(|density| density[b])))
            .unzip();
        Ok(SampledDensity { mean, error, width: model.width, networks: seeds.len() })
    }

    /// Density of ln s of one network from its squared singular values.
    fn histogram(&self, squares: &[f64]) -> Vec<f64> {
        let step = self.width();
        let mut density = vec![0.0; self.count];
        for x in squares.iter().filter(|x| **x > 0.0) {
            let bin = (0.5 * x.ln() - self.low) / step;
            if bin >= 0.0 && bin < self.count as f64 {
                density[bin as usize] += 1.0 / (squares.len() as f64 * step);
            }
        }
        density
    }

    /// How far sampled networks are from the density `predicted` in each bin. Singular values are rigid: a
    /// bin of a network of N units holds its share up to a few of them.
    pub fn compare(
        &self,
        observable: String,
        predicted: &[f64],
        sampled: &SampledDensity,
    ) -> Agreement {
        let few = 2.0 / (sampled.width as f64 * self.width());
        let gate = student_gate(4.0, sampled.networks);
        let gaps = predicted.iter().zip(&sampled.mean).map(|(a, b)| (a - b).abs());
        let worst = gaps
            .clone()
            .zip(&sampled.error)
            .map(|(gap, error)| (gap, few + gate * error))
            .max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)))
            .unwrap_or((0.0, few));
        let squares: f64 = gaps.map(|gap| gap * gap).sum();
        let largest_error = sampled.error.iter().copied().fold(0.0, f64::max);
        Agreement {
            observable,
            max_gap: worst.0,
            rms_gap: (squares / predicted.len() as f64).sqrt(),
            range: predicted.iter().copied().fold(0.0, f64::max),
            spread: largest_error * (sampled.networks as f64).sqrt(),
            tolerance: Some(worst.1),
            reason: "two singular values in a bin of a finite network, and four standard errors",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::unit::Nonlinearity;
    use crate::wide::signal::isometry::WeightEnsemble;
    use crate::wide::signal::propagation::SignalPropagation;

    #[test]
    fn a_histogram_over_all_singular_values_has_unit_weight_and_the_predicted_shape() {
        let network = SignalPropagation::edge_at_variance(Nonlinearity::ERF, 0.5).unwrap();
        let weights = WeightEnsemble::Gaussian;
        let model = RandomJacobian { network, variance: 0.5, depth: 2, width: 60, weights };
        let bins = LogBins { low: -16.0, high: 2.0, count: 72 };
        let spectrum = JacobianSpectrum::new(&network, 0.5, 2, weights).unwrap();
        let predicted = bins.predicted(&spectrum).unwrap();
        let sampled = bins.sample(&model, &[0, 1, 2, 3]).unwrap();
        for density in [&predicted, &sampled.mean] {
            let weight = density.iter().sum::<f64>() * bins.width();
            assert!((weight - 1.0).abs() < 0.01, "{weight}");
        }
        assert!(bins.compare("density".into(), &predicted, &sampled).holds());
    }
}
