//! Nonlinearities over whole layers, the inner loop of training.

use std::f64::consts::FRAC_2_SQRT_PI;

use super::Nonlinearity;
use crate::math::error_function::erf_and_gaussian;
use crate::math::vector::{exp, vectorized};

/// Writes φ(z) of every field z into `rates` and replaces the field by the slope φ′(z).
pub(crate) fn evaluate(phi: Nonlinearity, fields: &mut [f64], rates: &mut [f64]) {
    match phi {
        Nonlinearity::PiecewiseLinear { negative, positive } => vectorized(
            #[inline(always)]
            || {
                for (z, rate) in fields.iter_mut().zip(rates) {
                    let slope = if *z > 0.0 { positive } else { negative };
                    *rate = slope * *z;
                    *z = slope;
                }
            },
        ),
        Nonlinearity::Erf { amplitude, frequency, shift } => vectorized(
            #[inline(always)]
            || {
                let factor = FRAC_2_SQRT_PI * amplitude * frequency;
                for (z, rate) in fields.iter_mut().zip(rates) {
                    let (erf, gaussian) = erf_and_gaussian(frequency * *z);
                    *rate = amplitude.mul_add(erf, shift);
                    *z = factor * gaussian;
                }
            },
        ),
        Nonlinearity::Tanh => vectorized(
            #[inline(always)]
            || {
                for (z, rate) in fields.iter_mut().zip(rates) {
                    let decayed = exp(-2.0 * z.abs());
                    let sum = 1.0 + decayed;
                    *rate = ((1.0 - decayed) / sum).copysign(*z);
                    *z = 4.0 * decayed / (sum * sum);
                }
            },
        ),
        _ => {
            for (z, rate) in fields.iter_mut().zip(rates) {
                *rate = phi.value(*z);
                *z = phi.slope(*z);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_layers_are_what_single_units_are() {
        for phi in [
            Nonlinearity::Linear,
            Nonlinearity::RELU,
            Nonlinearity::PiecewiseLinear { negative: -0.3, positive: 1.2 },
            Nonlinearity::Erf { amplitude: 1.2, frequency: -0.7, shift: 0.3 },
            Nonlinearity::Tanh,
            Nonlinearity::Gelu,
        ] {
            let points: Vec<f64> = (-4000..=4000).map(|i| f64::from(i) * 0.01).collect();
            let (mut slopes, mut rates) = (points.clone(), vec![0.0; points.len()]);
            evaluate(phi, &mut slopes, &mut rates);
            for (z, (slope, rate)) in points.iter().zip(slopes.iter().zip(&rates)) {
                // To rounding, in units of 1: small values of tanh have no more digits than that.
                let gap = (rate - phi.value(*z)).abs().max((slope - phi.slope(*z)).abs());
                assert!(gap <= 4e-16 * (1.0 + z.abs()), "{phi} at {z}: {gap:e}");
            }
        }
    }
}
