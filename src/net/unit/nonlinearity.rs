//! What units do to their input.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, FRAC_PI_4, SQRT_2};

use crate::math::normal::{cumulative, density};
use crate::{Error, Result};

/// What the units of a layer do to their input.
///
/// The set is closed, because the kernel of a layer is an average over Gaussian inputs: most members
/// have it in closed form, [smooth](Self::is_smooth) ones by quadrature to rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Nonlinearity {
    /// x.
    Linear,
    /// negative·min(x, 0) + positive·max(x, 0): ReLU (0, 1), leaky ReLU (α, 1), absolute value (−1, 1).
    PiecewiseLinear {
        /// Slope below 0.
        negative: f64,
        /// Slope above 0.
        positive: f64,
    },
    /// −1, 0 or 1. Its slope is 0, as in training: the tangent kernel stops here.
    Sign,
    /// xⁿ for x > 0, else 0, with n = 0, 1 or 2 (arc-cosine kernels, `cho2009`).
    RectifiedPower(u8),
    /// a erf(b x) + c.
    Erf {
        /// a.
        amplitude: f64,
        /// b.
        frequency: f64,
        /// c.
        shift: f64,
    },
    /// a sin(b x + φ); the cosine has φ = π/2.
    Sin {
        /// a.
        amplitude: f64,
        /// b.
        frequency: f64,
        /// φ.
        phase: f64,
    },
    /// √2 sin(√(2γ) x + π/4), whose kernel is exp(−γ‖x − x′‖²).
    Rbf {
        /// γ ≥ 0.
        gamma: f64,
    },
    /// a exp(b x).
    Exp {
        /// a.
        amplitude: f64,
        /// b.
        rate: f64,
    },
    /// a exp(b x²).
    Gaussian {
        /// a.
        amplitude: f64,
        /// b ≤ 0.
        rate: f64,
    },
    /// x Φ(x) with the cumulative normal distribution Φ, exact (not its approximation by tanh).
    Gelu,
    /// tanh x.
    Tanh,
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// ln(1 + eˣ).
    Softplus,
    /// x/(1 + e⁻ˣ), also called SiLU.
    Swish,
}

impl Nonlinearity {
    /// max(x, 0).
    pub const RELU: Self = Self::PiecewiseLinear { negative: 0.0, positive: 1.0 };
    /// |x|.
    pub const ABS: Self = Self::PiecewiseLinear { negative: -1.0, positive: 1.0 };
    /// erf x, as kernels of wide networks have it.
    pub const ERF: Self = Self::Erf { amplitude: 1.0, frequency: 1.0, shift: 0.0 };
    /// erf(x/√2), as student-teacher theory has it.
    pub const ERF_SQRT2: Self = Self::Erf { amplitude: 1.0, frequency: FRAC_1_SQRT_2, shift: 0.0 };

    /// φ(x).
    pub fn value(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::PiecewiseLinear { negative, positive } => {
                if x > 0.0 {
                    positive * x
                } else {
                    negative * x
                }
            }
            Self::Sign => f64::from(i8::from(x > 0.0) - i8::from(x < 0.0)),
            Self::RectifiedPower(n) if x > 0.0 => x.powi(i32::from(n)),
            Self::RectifiedPower(_) => 0.0,
            Self::Erf { amplitude, frequency, shift } => {
                amplitude * libm::erf(frequency * x) + shift
            }
            Self::Sin { amplitude, frequency, phase } => amplitude * (frequency * x + phase).sin(),
            Self::Rbf { gamma } => SQRT_2 * ((2.0 * gamma).sqrt() * x + FRAC_PI_4).sin(),
            Self::Exp { amplitude, rate } => amplitude * (rate * x).exp(),
            Self::Gaussian { amplitude, rate } => amplitude * (rate * x * x).exp(),
            Self::Gelu => x * cumulative(x),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => sigmoid(x),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Swish => x * sigmoid(x),
        }
    }

    /// φ′(x); that from below at a kink, 0 at a jump.
    pub fn slope(self, x: f64) -> f64 {
        match self {
            Self::Linear => 1.0,
            Self::PiecewiseLinear { negative, positive } => {
                if x > 0.0 {
                    positive
                } else {
                    negative
                }
            }
            Self::Sign | Self::RectifiedPower(0) => 0.0,
            Self::RectifiedPower(n) if x > 0.0 => f64::from(n) * x.powi(i32::from(n) - 1),
            Self::RectifiedPower(_) => 0.0,
            Self::Erf { amplitude, frequency, .. } => {
                amplitude * frequency * FRAC_2_SQRT_PI * (-(frequency * x).powi(2)).exp()
            }
            Self::Sin { amplitude, frequency, phase } => {
                amplitude * frequency * (frequency * x + phase).cos()
            }
            Self::Rbf { gamma } => {
                let frequency = (2.0 * gamma).sqrt();
                SQRT_2 * frequency * (frequency * x + FRAC_PI_4).cos()
            }
            Self::Exp { rate, .. } => rate * self.value(x),
            Self::Gaussian { rate, .. } => 2.0 * rate * x * self.value(x),
            Self::Gelu => cumulative(x) + x * density(x),
            Self::Tanh => x.cosh().powi(-2),
            Self::Sigmoid => sigmoid(x) * sigmoid(-x),
            Self::Softplus => sigmoid(x),
            Self::Swish => sigmoid(x) * (1.0 + x * sigmoid(-x)),
        }
    }

    /// φ″(x), without the peak of a kink or jump at 0. (Averages of φφ″ do not need that of a kink,
    /// because φ is 0 there.)
    pub fn curvature(self, x: f64) -> f64 {
        match self {
            Self::Linear | Self::PiecewiseLinear { .. } | Self::Sign => 0.0,
            Self::RectifiedPower(2) if x > 0.0 => 2.0,
            Self::RectifiedPower(_) => 0.0,
            Self::Erf { frequency, .. } => -2.0 * frequency * frequency * x * self.slope(x),
            Self::Sin { amplitude, frequency, phase } => {
                -amplitude * frequency * frequency * (frequency * x + phase).sin()
            }
            Self::Rbf { gamma } => -2.0 * gamma * self.value(x),
            Self::Exp { rate, .. } => rate * rate * self.value(x),
            Self::Gaussian { rate, .. } => 2.0 * rate * (1.0 + 2.0 * rate * x * x) * self.value(x),
            Self::Gelu => (2.0 - x * x) * density(x),
            Self::Tanh => -2.0 * x.tanh() * self.slope(x),
            Self::Sigmoid => sigmoid(x) * sigmoid(-x) * (sigmoid(-x) - sigmoid(x)),
            Self::Softplus => sigmoid(x) * sigmoid(-x),
            Self::Swish => {
                let slope = sigmoid(x) * sigmoid(-x);
                slope * (2.0 + x * (sigmoid(-x) - sigmoid(x)))
            }
        }
    }

    /// Whether averages have no closed form and are taken by quadrature.
    pub fn is_smooth(self) -> bool {
        matches!(self, Self::Tanh | Self::Sigmoid | Self::Softplus | Self::Swish)
    }

    /// Whether φ is a straight line through 0.
    pub(crate) fn is_linear(self) -> bool {
        match self {
            Self::Linear => true,
            Self::PiecewiseLinear { negative, positive } => negative == positive,
            _ => false,
        }
    }

    /// Whether φ or its slope jumps at 0.
    pub fn has_kink(self) -> bool {
        match self {
            Self::PiecewiseLinear { negative, positive } => negative != positive,
            Self::Sign | Self::RectifiedPower(_) => true,
            _ => false,
        }
    }

    /// Refuses parameters out of range.
    ///
    /// # Errors
    /// A parameter that is not finite, γ < 0, a growing Gaussian, a power above 2.
    pub fn check(self) -> Result<()> {
        let numbers = match self {
            Self::PiecewiseLinear { negative, positive } => [negative, positive, 0.0],
            Self::Erf { amplitude, frequency, shift } => [amplitude, frequency, shift],
            Self::Sin { amplitude, frequency, phase } => [amplitude, frequency, phase],
            Self::Rbf { gamma } => [gamma, 0.0, 0.0],
            Self::Exp { amplitude, rate } | Self::Gaussian { amplitude, rate } => {
                [amplitude, rate, 0.0]
            }
            _ => [0.0; 3],
        };
        if let Some(value) = numbers.into_iter().find(|x| !x.is_finite()) {
            return Err(Error::parameter("number of a nonlinearity", value, "it must be finite"));
        }
        match self {
            Self::Rbf { gamma } if gamma < 0.0 => {
                Err(Error::parameter("γ of rbf", gamma, "it must not be negative"))
            }
            Self::Gaussian { rate, .. } if rate > 0.0 => {
                let allowed = "it must not be positive, or the average diverges";
                Err(Error::parameter("rate of gauss", rate, allowed))
            }
            Self::RectifiedPower(n) if n > 2 => {
                Err(Error::parameter("power of relu", n, "it must be 0, 1 or 2"))
            }
            _ => Ok(()),
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    // From the side where e^x does not overflow.
    let small = (-x.abs()).exp();
    let below = small / (1.0 + small);
    if x > 0.0 { 1.0 / (1.0 + small) } else { below }
}

/// Members of every kind, for tests.
#[cfg(test)]
pub(crate) const ALL: [Nonlinearity; 18] = [
    Nonlinearity::Linear,
    Nonlinearity::RELU,
    Nonlinearity::ABS,
    Nonlinearity::PiecewiseLinear { negative: 0.1, positive: 1.3 },
    Nonlinearity::Sign,
    Nonlinearity::RectifiedPower(0),
    Nonlinearity::RectifiedPower(1),
    Nonlinearity::RectifiedPower(2),
    Nonlinearity::Erf { amplitude: 1.2, frequency: 0.7, shift: 0.3 },
    Nonlinearity::Sin { amplitude: 1.2, frequency: 0.9, phase: 0.3 },
    Nonlinearity::Rbf { gamma: 0.4 },
    Nonlinearity::Exp { amplitude: 0.5, rate: 0.4 },
    Nonlinearity::Gaussian { amplitude: 1.1, rate: -0.7 },
    Nonlinearity::Gelu,
    Nonlinearity::Tanh,
    Nonlinearity::Sigmoid,
    Nonlinearity::Softplus,
    Nonlinearity::Swish,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_and_curvatures_are_derivatives() {
        // A central difference of spacing h errs by h²g‴/6 + ε|g|/h; third derivatives are below 4.
        let h = 1e-5;
        for g in ALL {
            for x in [-3.0, -0.7, 0.4, 1.1, 2.5] {
                let slope = (g.value(x + h) - g.value(x - h)) / (2.0 * h);
                assert!((slope - g.slope(x)).abs() < 2e-9, "{g} at {x}");
                let curvature = (g.slope(x + h) - g.slope(x - h)) / (2.0 * h);
                assert!((curvature - g.curvature(x)).abs() < 2e-9, "{g} at {x}");
            }
        }
    }

    #[test]
    fn saturated_units_have_finite_values() {
        for g in ALL {
            for x in [-800.0, -40.0, 0.0, 40.0, 800.0] {
                let values = [g.slope(x), g.curvature(x), g.value(x)];
                assert!(values.iter().all(|v| v.is_finite()), "{g} at {x}: {values:?}");
            }
        }
        assert_eq!(Nonlinearity::Softplus.value(800.0), 800.0);
        assert!(Nonlinearity::Sigmoid.value(-40.0) > 0.0);
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        for bad in [
            Nonlinearity::Rbf { gamma: -0.1 },
            Nonlinearity::Gaussian { amplitude: 1.0, rate: 0.1 },
            Nonlinearity::RectifiedPower(3),
            Nonlinearity::Exp { amplitude: f64::NAN, rate: 1.0 },
        ] {
            assert!(bad.check().is_err(), "{bad}");
        }
        assert!(ALL.iter().all(|g| g.check().is_ok()));
    }
}
