//! Nonlinearities of hidden units.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use std::fmt;
use std::str::FromStr;

use crate::math::error_function::erf_and_gaussian;
use crate::math::vector::vectorized;
use crate::{Error, Result};

/// Units that are computed side by side.
const LANES: usize = 8;

/// What a hidden unit does to its input. A closed set: exact theory knows these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// $`g(h) = h`$.
    Linear,
    /// $`g(h) = \tanh h`$.
    Tanh,
    /// $`g(h) = \max(h, 0)`$, with slope 0 at 0.
    Relu,
    /// $`g(h) = \operatorname{erf}(h/\sqrt2)`$, as in student-teacher theory.
    Erf,
}

impl Activation {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Linear, Self::Tanh, Self::Relu, Self::Erf];

    /// The name it is parsed from.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Erf => "erf",
        }
    }

    /// $`g(h)`$.
    pub fn value(self, h: f64) -> f64 {
        match self {
            Self::Linear => h,
            Self::Tanh => h.tanh(),
            Self::Relu => h.max(0.0),
            Self::Erf => libm::erf(h * FRAC_1_SQRT_2),
        }
    }

    /// $`g'(h)`$.
    pub fn slope(self, h: f64) -> f64 {
        match self {
            Self::Linear => 1.0,
            // 1 − tanh² would lose all digits where the unit saturates.
            Self::Tanh => h.cosh().powi(-2),
            Self::Relu => f64::from(u8::from(h > 0.0)),
            Self::Erf => FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * (-0.5 * h * h).exp(),
        }
    }

    /// Values and slopes of many units, with vector instructions where that pays.
    ///
    /// # Panics
    /// If the slices have different lengths.
    pub fn values_and_slopes(self, h: &[f64], values: &mut [f64], slopes: &mut [f64]) {
        assert_eq!((h.len(), h.len()), (values.len(), slopes.len()), "values, slopes of all units");
        let parts = values.chunks_mut(LANES).zip(slopes.chunks_mut(LANES));
        for (h, (values, slopes)) in h.chunks(LANES).zip(parts) {
            if self == Self::Erf {
                erf_values_and_slopes(h, values, slopes);
                continue;
            }
            for (h, (value, slope)) in h.iter().zip(values.iter_mut().zip(slopes)) {
                (*value, *slope) = (self.value(*h), self.slope(*h));
            }
        }
    }
}

/// Of at most LANES units: a whole block is computed, so that its size is known to the compiler.
fn erf_values_and_slopes(h: &[f64], values: &mut [f64], slopes: &mut [f64]) {
    let (mut block, mut block_slopes) = ([0.0; LANES], [0.0; LANES]);
    block[..h.len()].copy_from_slice(h);
    vectorized(
        #[inline(always)]
        || {
            for (x, slope) in block.iter_mut().zip(&mut block_slopes) {
                let (value, gaussian) = erf_and_gaussian(*x * FRAC_1_SQRT_2);
                (*x, *slope) = (value, FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * gaussian);
            }
        },
    );
    values.copy_from_slice(&block[..h.len()]);
    slopes.copy_from_slice(&block_slopes[..h.len()]);
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name).ok_or_else(|| Error::Unknown {
            kind: "activation",
            name: name.to_owned(),
            nearest: Self::ALL.iter().map(|a| a.name().to_owned()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activation_is_parsed_from_its_own_name() {
        for a in Activation::ALL {
            assert_eq!(a.to_string().parse::<Activation>().unwrap(), a);
        }
    }

    #[test]
    fn an_unknown_activation_is_answered_with_the_choices() {
        let text = "sigmoid".parse::<Activation>().unwrap_err().to_string();
        assert!(text.contains("\"sigmoid\""), "{text}");
        assert!(text.contains("linear, tanh, relu, erf"), "{text}");
    }

    #[test]
    fn many_units_have_the_values_and_slopes_of_each() {
        for n in [0, 1, 7, 8, 19] {
            let h: Vec<f64> = (0..n).map(|i| 0.7 * f64::from(i) - 4.0).collect();
            for a in Activation::ALL {
                let (mut values, mut slopes) = (vec![0.0; h.len()], vec![0.0; h.len()]);
                a.values_and_slopes(&h, &mut values, &mut slopes);
                for (i, h) in h.iter().enumerate() {
                    assert!((values[i] - a.value(*h)).abs() <= 4e-16 * h.abs(), "{a} at {h}");
                    // The argument of the exponential is h² with a few roundings.
                    let allowed = (1.0 + h * h) * 4e-16 * a.slope(*h);
                    assert!((slopes[i] - a.slope(*h)).abs() <= allowed, "{a} at {h}");
                }
            }
        }
    }

    #[test]
    fn slopes_are_derivatives_of_values() {
        // A central difference of spacing h errs by h²g'''/6 + ε|g|/h, and |g'''| ≤ 2 here.
        let spacing = 1e-5;
        for a in Activation::ALL {
            for h in [-3.0, -0.7, 0.4, 2.5] {
                let slope = (a.value(h + spacing) - a.value(h - spacing)) / (2.0 * spacing);
                assert!((slope - a.slope(h)).abs() < 1e-9, "{a} at {h}");
            }
        }
        assert!(Activation::Tanh.slope(400.0) >= 0.0);
        assert_eq!(Activation::Tanh.slope(1000.0), 0.0);
    }
}
