//! What small random weights amount to.

use ndarray::{Array1, Array2};

use crate::{Modes, Result};

/// Effective initial strength of each mode of a two-layer network with small weights.
///
/// Early on only the sum of the two sides of a mode grows, pₖ = (W₁vₖ + W₂ᵀuₖ)/√2, and a mode can
/// only use hidden directions that stronger modes leave. With pₖ in the order of learning and
/// [p₁ p₂ …] = QR,
///
/// ```math
/// u_k = \tfrac12 R_{kk}^2,\qquad \langle u_k\rangle = \tfrac12\sigma^2 (N_h - k + 1)
/// ```
///
/// for weights of standard deviation σ. Good for pictures and for choosing times (errors of some
/// percent); for tests use the matrix solution with the weights themselves.
///
/// # Errors
/// Weights that are not finite.
pub fn effective_strengths(modes: &Modes, w1: &Array2<f64>, w2: &Array2<f64>) -> Result<Vec<f64>> {
    crate::math::linalg::require_finite("W1", w1.view())?;
    crate::math::linalg::require_finite("W2", w2.view())?;
    let mut used: Vec<Array1<f64>> = Vec::new();
    let mut strengths = Vec::with_capacity(modes.len());
    for k in 0..modes.len() {
        let sum = w1.dot(&modes.v.column(k)) + w2.t().dot(&modes.u.column(k));
        let mut rest = sum / 2f64.sqrt();
        for direction in &used {
            let along = direction.dot(&rest);
            rest.scaled_add(-along, direction);
        }
        let size = rest.dot(&rest).sqrt();
        strengths.push(0.5 * size * size);
        if size > 0.0 && used.len() < w1.nrows() {
            used.push(rest / size);
        }
    }
    Ok(strengths)
}

/// How much more of a mode grows early than stronger modes leave of it, |pₖ|/Rₖₖ in the terms of
/// [`effective_strengths`]; the largest over the modes that the hidden layer holds.
///
/// A small change of the weights changes what is left of a mode by this factor more. It is 1 for
/// wide hidden layers and can be large where there are few hidden units per mode.
///
/// # Errors
/// Weights that are not finite.
pub fn sensitivity(modes: &Modes, w1: &Array2<f64>, w2: &Array2<f64>) -> Result<f64> {
    let left = effective_strengths(modes, w1, w2)?;
    let rounding = modes.len() as f64 * f64::EPSILON;
    let ratio = |k: usize| {
        let sum = w1.dot(&modes.v.column(k)) + w2.t().dot(&modes.u.column(k));
        (0.25 * sum.dot(&sum) / left[k]).sqrt()
    };
    let held = (0..modes.len().min(w1.nrows()))
        .filter(|k| modes.singular_values[*k] > rounding * modes.singular_values[0]);
    Ok(held.map(ratio).fold(1.0, f64::max))
}

/// Mean effective strength of mode `k` (from 0) for independent weights of standard deviation
/// `std`; 0 for modes that a narrow hidden layer leaves no room for.
pub fn expected_strength(std: f64, n_hidden: usize, k: usize) -> f64 {
    0.5 * std * std * n_hidden.saturating_sub(k) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Correlations;
    use crate::math::random::{Purpose, gaussian, stream};

    #[test]
    fn effective_strengths_have_their_expected_mean() {
        let mut rng = stream(0, Purpose::InitialWeights, 0);
        let (n_hidden, n_runs, std) = (12, 4000, 0.01);
        let task = Correlations::white(gaussian(4, 5, 1.0, &mut rng), 1.0).unwrap();
        let modes = Modes::of(&task).unwrap();
        let (mut sums, mut squares) = ([0.0; 4], [0.0; 4]);
        for _ in 0..n_runs {
            let (w1, w2) =
                (gaussian(n_hidden, 5, std, &mut rng), gaussian(4, n_hidden, std, &mut rng));
            for (k, u) in effective_strengths(&modes, &w1, &w2).unwrap().into_iter().enumerate() {
                sums[k] += u;
                squares[k] += u * u;
            }
        }
        for k in 0..4 {
            let mean = sums[k] / f64::from(n_runs);
            let error = ((squares[k] / f64::from(n_runs) - mean * mean) / f64::from(n_runs)).sqrt();
            assert!((mean - expected_strength(std, n_hidden, k)).abs() < 4.0 * error, "mode {k}");
        }
        assert_eq!(expected_strength(0.1, 2, 2), 0.0);
    }
}
