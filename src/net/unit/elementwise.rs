//! Nonlinearities over whole layers, the inner loop of training.

use std::f64::consts::FRAC_2_SQRT_PI;

use super::Nonlinearity;
use crate::math::error_function::erf_and_gaussian;
use crate::math::vector::{exp, vectorized};

/// Units that are computed side by side.
const LANES: usize = 8;

/// Writes φ(z) of every field z into `rates` and replaces the field by the slope φ′(z).
pub(crate) fn evaluate(phi: Nonlinearity, fields: &mut [f64], rates: &mut [f64]) {
    assert_eq!(fields.len(), rates.len(), "a value and a slope of every unit");
    match phi {
        Nonlinearity::Linear => {
            rates.copy_from_slice(fields);
            fields.fill(1.0);
        }
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
        Nonlinearity::Erf { amplitude, frequency, shift } => {
            let erf = Erf { amplitude, frequency, shift };
            let whole = fields.len() / LANES * LANES;
            let ((fields, last), (rates, last_rates)) =
                (fields.split_at_mut(whole), rates.split_at_mut(whole));
            erf.evaluate(fields, rates);
            erf.evaluate_few(last, last_rates);
        }
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

impl Nonlinearity {
    /// Values and slopes of many units, with vector instructions where that pays.
    ///
    /// # Panics
    /// If the slices have different lengths.
    pub fn values_and_slopes(self, x: &[f64], values: &mut [f64], slopes: &mut [f64]) {
        slopes.copy_from_slice(x);
        evaluate(self, slopes, values);
    }
}

/// amplitude·erf(frequency·z) + shift.
#[derive(Clone, Copy)]
struct Erf {
    amplitude: f64,
    frequency: f64,
    shift: f64,
}

impl Erf {
    fn evaluate(self, fields: &mut [f64], rates: &mut [f64]) {
        vectorized(
            #[inline(always)]
            || self.loop_over(fields, rates),
        );
    }

    /// Of fewer than LANES units: a whole block is computed, so that its size is known to the compiler.
    fn evaluate_few(self, fields: &mut [f64], rates: &mut [f64]) {
        if fields.is_empty() {
            return;
        }
        let (mut block, mut block_rates) = ([0.0; LANES], [0.0; LANES]);
        block[..fields.len()].copy_from_slice(fields);
        vectorized(
            #[inline(always)]
            || self.loop_over(&mut block, &mut block_rates),
        );
        rates.copy_from_slice(&block_rates[..rates.len()]);
        fields.copy_from_slice(&block[..fields.len()]);
    }

    #[inline(always)]
    fn loop_over(self, fields: &mut [f64], rates: &mut [f64]) {
        let factor = FRAC_2_SQRT_PI * self.amplitude * self.frequency;
        for (z, rate) in fields.iter_mut().zip(rates) {
            let (erf, gaussian) = erf_and_gaussian(self.frequency * *z);
            *rate = self.amplitude.mul_add(erf, self.shift);
            *z = factor * gaussian;
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
