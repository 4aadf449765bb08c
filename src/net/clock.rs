//! Steps and times: the one place where the clock convention is written.

use crate::{Error, Result};

/// Times this close to a step, in steps, are that step.
const ON_A_STEP: f64 = 1e-9;

/// Steps of training per unit of theory time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    per_step: f64,
    whole: bool,
}

impl Clock {
    /// Gradient flow dW/dt = −∂L/∂W with τ = 1: k steps of rate η take time kη.
    ///
    /// # Errors
    /// A rate that is not positive and finite.
    pub fn gradient_flow(rate: f64) -> Result<Self> {
        if rate.is_finite() && rate > 0.0 {
            return Ok(Self { per_step: rate, whole: false });
        }
        Err(Error::parameter("learning rate", rate, "it must be positive and finite").of("rate"))
    }

    /// Time is the number of steps.
    pub fn counting() -> Self {
        Self { per_step: 1.0, whole: false }
    }

    /// One fresh example a step, time in examples per input: k steps take time k/N. A time between two
    /// steps is that of the nearer one, at most 1/(2N) away.
    ///
    /// # Errors
    /// No input.
    pub fn online(n_in: usize) -> Result<Self> {
        if n_in == 0 {
            return Err(Error::parameter("number of inputs", 0, "it must be positive"));
        }
        Ok(Self { per_step: 1.0 / n_in as f64, whole: true })
    }

    /// Time of one step; the learning rate η of gradient flow.
    pub fn per_step(self) -> f64 {
        self.per_step
    }

    /// The time after some steps.
    pub fn time(self, steps: u64) -> f64 {
        steps as f64 * self.per_step
    }

    /// Whole steps until a time, and the part of the next one.
    ///
    /// # Errors
    /// A time that is negative, not finite, or more steps away than can be told apart.
    pub fn steps(self, time: f64) -> Result<(u64, f64)> {
        let steps = time / self.per_step;
        // Below 2⁵³ every whole number is an f64.
        if !(steps >= 0.0 && steps < (1u64 << f64::MANTISSA_DIGITS) as f64) {
            let allowed = format!(
                "with steps of {} it must be between 0 and {:.0e}",
                self.per_step,
                9e15 * self.per_step
            );
            return Err(Error::parameter("time", time, allowed).of("times"));
        }
        let nearest = steps.round();
        // A quotient of two rounded numbers is off by a few units in its last place.
        if self.whole || (steps - nearest).abs() <= ON_A_STEP.max(4.0 * f64::EPSILON * steps) {
            return Ok((nearest as u64, 0.0));
        }
        Ok((steps.floor() as u64, steps.fract()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_knows_steps_from_times_between_them() {
        let clock = Clock::gradient_flow(0.1).unwrap();
        assert_eq!(clock.steps(0.3).unwrap(), (3, 0.0));
        assert_eq!(clock.steps(1e9).unwrap(), (10_000_000_000, 0.0));
        let (k, f) = clock.steps(0.325).unwrap();
        assert_eq!(k, 3);
        assert!((f - 0.25).abs() < 1e-12);
        assert_eq!(clock.time(30), 3.0);
        assert!(clock.steps(-0.1).is_err());
        assert!(clock.steps(1e20).is_err());
    }

    #[test]
    fn online_times_are_those_of_whole_steps() {
        let clock = Clock::online(40).unwrap();
        assert_eq!(clock.steps(0.31).unwrap(), (12, 0.0));
        assert_eq!(clock.steps(2.0).unwrap(), (80, 0.0));
        assert!(Clock::online(0).is_err());
        assert_eq!(Clock::counting().steps(7.0).unwrap(), (7, 0.0));
    }
}
