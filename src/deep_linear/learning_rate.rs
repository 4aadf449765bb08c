//! Learning rates of gradient descent: how large, how good, and how far from gradient flow.

use ndarray::Array2;

use crate::math::linalg;
use crate::task::{Correlations, Modes};
use crate::{Error, Result};

/// Largest curvature of the loss at the minimum that a balanced network of `depth` layers reaches.
///
/// Perturbing layer i along (output mode k, input mode l) changes the map by
/// σₖ^{(L−i)/L} σₗ^{(i−1)/L} in a direction of input variance dₗ, so the curvature is
///
/// ```math
/// \lambda_{kl} = d_l \sum_{i=1}^{L} \sigma_k^{2(L-i)/L}\,\sigma_l^{2(i-1)/L},\qquad \sigma = s/d,
/// ```
///
/// for white inputs at most L·d·σ₁^{2−2/L}, as for a single chain (`saxe2014`).
pub fn curvature_at_minimum(modes: &Modes, depth: usize) -> f64 {
    let targets = modes.targets();
    let layers = depth as f64;
    let power =
        |sigma: f64, n: usize| if n == 0 { 1.0 } else { sigma.powf(2.0 * n as f64 / layers) };
    let largest = targets.iter().copied().fold(0.0, f64::max);
    let input_target = |l: usize| targets.get(l).copied().unwrap_or(0.0);
    let curvature = |l: usize, d: f64| {
        d * (0..depth)
            .map(|i| power(largest, depth - 1 - i) * power(input_target(l), i))
            .sum::<f64>()
    };
    modes.input_variances.iter().enumerate().map(|(l, d)| curvature(l, *d)).fold(0.0, f64::max)
}

/// Bound on the curvature of the loss at given weights, from how strongly each layer moves the map:
/// d·Σᵢ∏_{j≠i}‖Wⱼ‖² with d the largest input variance. The residual's own curvature is left out.
///
/// # Errors
/// Weights that are not finite.
pub fn curvature_of_weights(task: &Correlations, weights: &[Array2<f64>]) -> Result<f64> {
    let norms: Vec<f64> = weights.iter().map(linalg::spectral_norm).collect::<Result<_>>()?;
    let others = |i: usize| {
        norms.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, n)| n * n).product::<f64>()
    };
    let variance = linalg::eigh(task.sigma_x())?.0.first().copied().unwrap_or(0.0);
    Ok(variance * (0..norms.len()).map(others).sum::<f64>())
}

/// Largest stable learning rate, 2/λ with λ the curvature at the minimum; infinite if flat.
pub fn critical_rate(modes: &Modes, depth: usize) -> f64 {
    2.0 / curvature_at_minimum(modes, depth)
}

/// Learning rate of fastest convergence of the steepest direction, half the critical one.
pub fn optimal_rate(modes: &Modes, depth: usize) -> f64 {
    1.0 / curvature_at_minimum(modes, depth)
}

/// First-order difference between gradient descent and gradient flow for one variable.
///
/// For a′ = f(a), descent with rate η after time t = kη has
///
/// ```math
/// a_k = a(t) - \tfrac{\eta}{2}\, f(a)\,\ln\frac{f(a)}{f(a_0)} + O(\eta^2) ,
/// ```
///
/// the effect of the implicit gradient regularization of descent (`barrett2021`). Returns a_k − a
/// to this order from f at `now` and at the start. Where both vanish the difference is 0.
///
/// # Errors
/// Speeds of different sign, which no one-dimensional flow can have.
pub fn descent_minus_flow(rate: f64, speed_now: f64, speed_at_start: f64) -> Result<f64> {
    if speed_now == 0.0 {
        return Ok(0.0);
    }
    let ratio = speed_now / speed_at_start;
    if ratio.is_nan() || ratio <= 0.0 {
        let allowed = "a one-dimensional flow keeps the sign of its speed";
        return Err(Error::parameter("speed", speed_now, allowed));
    }
    Ok(-0.5 * rate * speed_now * ratio.ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::depth::DepthMode;
    use approx::assert_relative_eq;
    use ndarray::arr2;

    #[test]
    fn white_inputs_give_the_rates_of_a_single_chain() {
        let task = Correlations::white(arr2(&[[2.0, 0.0], [0.0, 0.5]]), 1.0).unwrap();
        let modes = Modes::of(&task).unwrap();
        for depth in [1usize, 2, 3, 8] {
            let expected = 1.0 / (depth as f64 * 2f64.powf(2.0 - 2.0 / depth as f64));
            assert_relative_eq!(optimal_rate(&modes, depth), expected, max_relative = 1e-12);
            assert_relative_eq!(critical_rate(&modes, depth), 2.0 * expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn descent_is_stable_just_below_the_critical_rate_and_not_above() {
        let task = Correlations::white(arr2(&[[1.3]]), 0.8).unwrap();
        let critical = critical_rate(&Modes::of(&task).unwrap(), 3);
        let final_gap = |rate: f64| {
            let mut a = (1.3f64 / 0.8).cbrt() * 1.001;
            for _ in 0..3000 {
                a += rate * a * a * (1.3 - 0.8 * a.powi(3));
            }
            (a.powi(3) - 1.3 / 0.8).abs()
        };
        assert!(final_gap(0.98 * critical) < 1e-10);
        assert!(final_gap(1.02 * critical) > 1e-2);
    }

    #[test]
    fn the_first_order_correction_leaves_a_second_order_error() {
        let (s, d, start) = (1.2, 0.9, 0.2f64);
        let speed = |a: f64| a * a * (s - d * a.powi(3));
        let worst = |rate: f64| {
            let steps = (10.0 / rate).round() as usize;
            let times: Vec<f64> = (0..=steps).map(|k| k as f64 * rate).collect();
            let flow = DepthMode::new(s, d, 3.0, start.powi(3)).unwrap().strengths(&times).unwrap();
            let (mut a, mut raw, mut corrected) = (start, 0.0f64, 0.0f64);
            for u in flow {
                let exact = u.cbrt();
                let first = descent_minus_flow(rate, speed(exact), speed(start)).unwrap();
                raw = raw.max((a - exact).abs());
                corrected = corrected.max((a - exact - first).abs());
                a += rate * speed(a);
            }
            (raw, corrected)
        };
        let ((raw, corrected), (raw_half, corrected_half)) = (worst(0.01), worst(0.005));
        assert!(
            (raw - 5.4e-3).abs() < 1e-4 && (corrected - 6.0e-5).abs() < 2e-6,
            "{raw} {corrected}"
        );
        assert_relative_eq!(raw / raw_half, 2.0, max_relative = 0.02);
        assert_relative_eq!(corrected / corrected_half, 4.0, max_relative = 0.04);
    }
}
