//! Nonlinearities of hidden units.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

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
