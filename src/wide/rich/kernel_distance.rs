//! How far the kernels of finite networks that learn features are from those of field theory: as N^(−1/2).

use ndarray::Array2;

use super::descent::RichNetwork;
use crate::math::parallel::in_parallel;
use crate::math::statistics::fitted_slope;
use crate::{Agreement, Result};

/// Root mean square distance of the kernel of the last hidden layer between any two of the steps
/// 0, 1, …, T from `theory`, (T + 1) × (T + 1), over networks with these seeds.
///
/// # Errors
/// As [`RichNetwork::history`].
pub fn kernel_distance(model: &RichNetwork, theory: &Array2<f64>, seeds: &[u64]) -> Result<f64> {
    let steps = theory.nrows().saturating_sub(1);
    let squares = in_parallel(seeds.len(), |run| {
        let gap = &model.history(steps, seeds[run])?.hidden[model.field.hidden] - theory;
        Ok(gap.iter().map(|x| x * x).sum::<f64>() / gap.len() as f64)
    })?;
    Ok((squares.iter().sum::<f64>() / seeds.len() as f64).sqrt())
}

/// The fitted slope of distances against widths, on log axes, beside −1/2. A root mean square over R
/// networks is known to about one part in √R (their distances have a heavy tail, the kernel moves as a
/// whole).
pub fn compare_slope(widths: &[f64], distances: &[f64], networks: usize) -> Agreement {
    let log = |v: &[f64]| v.iter().map(|v| v.ln()).collect::<Vec<f64>>();
    let widths = log(widths);
    let gap = (fitted_slope(&widths, &log(distances)) + 0.5).abs();
    let center = widths.iter().sum::<f64>() / widths.len() as f64;
    let spread: f64 = widths.iter().map(|x| (x - center).powi(2)).sum();
    let error = (networks as f64 * spread).sqrt().recip();
    Agreement {
        observable: "slope of the distance against width".into(),
        max_gap: gap,
        rms_gap: gap,
        range: 0.5,
        spread: error,
        tolerance: Some(4.0 * error),
        reason: "four standard errors of a fit to root mean squares over few networks",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_that_falls_as_the_root_of_the_width_holds_and_a_constant_one_does_not() {
        let widths = [20.0, 40.0, 80.0, 160.0];
        let falling = widths.map(|n: f64| 3.0 / n.sqrt());
        let agreement = compare_slope(&widths, &falling, 40);
        assert!(agreement.max_gap < 1e-12 && agreement.holds());
        assert!(!compare_slope(&widths, &[0.3; 4], 40).holds());
    }
}
