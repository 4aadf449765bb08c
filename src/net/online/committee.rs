//! The gradient rule of online learning: a student with one hidden layer and its teacher.
//!
//! With fields λ of the students and ρ of the teachers, readouts v and v*, and the error
//! $`\Delta = \sum_k v_k\,g(\lambda_k) - y`$ on the noisy label
//! $`y = \sum_m v^*_m\,g(\rho_m) + y_0 + \sigma\zeta`$ (`saad1995`, `goldt2019`), an input x moves
//!
//! ```math
//! w_k \leftarrow w_k - \frac{\eta_k}{\sqrt N}\,v_k\,\Delta\,g'(\lambda_k)\,x ,\qquad
//! v_k \leftarrow v_k - \frac{\eta_v}{N}\,\Delta\,g(\lambda_k) .
//! ```

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::net::unit::Nonlinearity;

/// The rule of a committee of units, with the noise of its labels.
#[derive(Debug, Clone)]
pub struct Committee {
    nonlinearity: Nonlinearity,
    /// η_k/√N of every student.
    rates: Vec<f64>,
    /// η_v/N.
    readout_rate: f64,
    /// σ.
    noise: f64,
    zetas: ChaCha8Rng,
    /// Fields of students and teachers, what the units make of them, and their slopes.
    fields: Vec<f64>,
    values: Vec<f64>,
    slopes: Vec<f64>,
    largest: f64,
}

impl Committee {
    /// A rule with a rate η_k/√N for each student, the rate η_v/N of the readouts (0 keeps them), and
    /// labels with noise of standard deviation σ from a stream of its own.
    pub fn new(
        nonlinearity: Nonlinearity,
        rates: Vec<f64>,
        readout_rate: f64,
        noise: f64,
        zetas: ChaCha8Rng,
    ) -> Self {
        let empty = Vec::new;
        Self {
            nonlinearity,
            rates,
            readout_rate,
            noise,
            zetas,
            fields: empty(),
            values: empty(),
            slopes: empty(),
            largest: 0.0,
        }
    }

    /// Changes the rates η_k/√N of the students: 0 keeps a unit as it is.
    pub fn rates_mut(&mut self) -> &mut [f64] {
        &mut self.rates
    }

    /// The largest error since it was last asked for; infinite if one was not a number.
    pub fn largest_error(&mut self) -> f64 {
        std::mem::take(&mut self.largest)
    }

    /// Writes the multiples of the input that are added to the students' weights, and moves the
    /// readouts. `teacher` has the readouts of the teachers, `label` what is added to their output.
    ///
    /// # Panics
    /// If there are other numbers of fields than of readouts, rates or moves.
    #[inline]
    pub fn step(
        &mut self,
        (lambda, rho): (&[f64], &[f64]),
        (readouts, teacher): (&mut [f64], &[f64]),
        label: f64,
        moves: &mut [f64],
    ) {
        let units = lambda.len() + rho.len();
        if self.fields.len() != units {
            for room in [&mut self.fields, &mut self.values, &mut self.slopes] {
                room.resize(units, 0.0);
            }
        }
        let (students, teachers) = self.fields.split_at_mut(lambda.len());
        students.copy_from_slice(lambda);
        teachers.copy_from_slice(rho);
        self.nonlinearity.values_and_slopes(&self.fields, &mut self.values, &mut self.slopes);
        let (students, teachers) = self.values.split_at(lambda.len());
        let product = |outputs: &[f64], readouts: &[f64]| -> f64 {
            outputs.iter().zip(readouts).map(|(output, v)| v * output).sum()
        };
        let mut error = product(students, readouts) - product(teachers, teacher) - label;
        if self.noise > 0.0 {
            let zeta: f64 = StandardNormal.sample(&mut self.zetas);
            error -= self.noise * zeta;
        }
        let slopes = self.slopes.iter().zip(&self.rates);
        for ((to, (slope, rate)), v) in moves.iter_mut().zip(slopes).zip(&*readouts) {
            *to = -rate * v * error * slope;
        }
        if self.readout_rate > 0.0 {
            for (v, output) in readouts.iter_mut().zip(students) {
                *v -= self.readout_rate * error * output;
            }
        }
        // The maximum alone would forget a NaN.
        self.largest = if error.is_nan() { f64::INFINITY } else { self.largest.max(error.abs()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, stream};

    #[test]
    fn a_step_is_minus_the_gradient_of_half_the_squared_error() {
        for nonlinearity in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Tanh] {
            let (lambda, rho) = ([0.3, -0.8], [1.1, 0.2, -0.5]);
            let (readouts, teacher, label) = ([0.9, -1.3], [1.0, 0.4, -0.7], 0.25);
            let output = |lambda: &[f64], v: &[f64]| -> f64 {
                lambda.iter().zip(v).map(|(h, v)| v * nonlinearity.value(*h)).sum()
            };
            let loss = |lambda: &[f64], v: &[f64]| {
                0.5 * (output(lambda, v) - output(&rho, &teacher) - label).powi(2)
            };
            let zetas = stream(0, Purpose::LabelNoise, 0);
            let mut rule = Committee::new(nonlinearity, vec![0.5, 0.25], 0.125, 0.0, zetas);
            let (mut v, mut moves) = (readouts, [0.0; 2]);
            rule.step((&lambda, &rho), (&mut v, &teacher), label, &mut moves);
            let h = 1e-5;
            for k in 0..2 {
                let shifted = |x: [f64; 2], by: f64| {
                    let mut x = x;
                    x[k] += by;
                    x
                };
                let slope = |at: &dyn Fn(f64) -> f64| (at(h) - at(-h)) / (2.0 * h);
                let by_field = slope(&|by| loss(&shifted(lambda, by), &readouts));
                let by_readout = slope(&|by| loss(&lambda, &shifted(readouts, by)));
                assert!((moves[k] + [0.5, 0.25][k] * by_field).abs() < 1e-9, "{nonlinearity}");
                assert!((v[k] - readouts[k] + 0.125 * by_readout).abs() < 1e-9, "{nonlinearity}");
            }
            let error = output(&lambda, &readouts) - output(&rho, &teacher) - label;
            assert!((rule.largest_error() - error.abs()).abs() < 1e-15);
            assert_eq!(rule.largest_error(), 0.0);
        }
    }
}
