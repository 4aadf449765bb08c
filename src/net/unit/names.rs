//! Names of nonlinearities, with their numbers in parentheses.

use std::f64::consts::FRAC_PI_2;
use std::fmt;
use std::str::FromStr;

use super::Nonlinearity;
use crate::{Error, Result};

/// How each is written. Numbers may be left out from the right where they have a default.
pub const NAMES: [&str; 20] = [
    "linear",
    "relu",
    "leaky(slope=0.01)",
    "abs",
    "piecewise(negative, positive)",
    "sign",
    "step",
    "relu2",
    "erf(amplitude=1, frequency=1, shift=0)",
    "erf-sqrt2",
    "sin(amplitude=1, frequency=1, phase=0)",
    "cos(amplitude=1, frequency=1)",
    "rbf(gamma=1)",
    "exp(amplitude=1, rate=1)",
    "gauss(amplitude=1, rate=-1)",
    "gelu",
    "tanh",
    "sigmoid",
    "softplus",
    "swish",
];

impl fmt::Display for Nonlinearity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Linear => f.write_str("linear"),
            Self::RELU => f.write_str("relu"),
            Self::ABS => f.write_str("abs"),
            Self::PiecewiseLinear { negative, positive: 1.0 } => write!(f, "leaky({negative})"),
            Self::PiecewiseLinear { negative, positive } => {
                write!(f, "piecewise({negative},{positive})")
            }
            Self::Sign => f.write_str("sign"),
            Self::RectifiedPower(0) => f.write_str("step"),
            Self::RectifiedPower(n) => write!(f, "relu{n}"),
            Self::ERF => f.write_str("erf"),
            Self::ERF_SQRT2 => f.write_str("erf-sqrt2"),
            Self::Erf { amplitude, frequency, shift: 0.0 } => {
                write!(f, "erf({amplitude},{frequency})")
            }
            Self::Erf { amplitude, frequency, shift } => {
                write!(f, "erf({amplitude},{frequency},{shift})")
            }
            Self::Sin { amplitude, frequency, phase: FRAC_PI_2 } => {
                write!(f, "cos({amplitude},{frequency})")
            }
            Self::Sin { amplitude, frequency, phase: 0.0 } => {
                write!(f, "sin({amplitude},{frequency})")
            }
            Self::Sin { amplitude, frequency, phase } => {
                write!(f, "sin({amplitude},{frequency},{phase})")
            }
            Self::Rbf { gamma } => write!(f, "rbf({gamma})"),
            Self::Exp { amplitude, rate } => write!(f, "exp({amplitude},{rate})"),
            Self::Gaussian { amplitude, rate } => write!(f, "gauss({amplitude},{rate})"),
            Self::Gelu => f.write_str("gelu"),
            Self::Tanh => f.write_str("tanh"),
            Self::Sigmoid => f.write_str("sigmoid"),
            Self::Softplus => f.write_str("softplus"),
            Self::Swish => f.write_str("swish"),
        }
    }
}

impl FromStr for Nonlinearity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::Unknown {
            kind: "nonlinearity",
            name: text.to_owned(),
            nearest: NAMES.iter().map(|&name| name.to_owned()).collect(),
        };
        let (name, numbers) = match text.split_once('(') {
            None => (text, Vec::new()),
            Some((name, rest)) => {
                let inside = rest.strip_suffix(')').ok_or_else(unknown)?;
                let numbers: Result<Vec<f64>, _> =
                    inside.split(',').map(|number| number.trim().parse()).collect();
                (name, numbers.map_err(|_| unknown())?)
            }
        };
        let found = named(name.trim(), &numbers).ok_or_else(unknown)?;
        found.check()?;
        Ok(found)
    }
}

/// Nothing if there is no such name or it does not take as many numbers.
fn named(name: &str, numbers: &[f64]) -> Option<Nonlinearity> {
    // The numbers given, then the defaults of those left out.
    fn filled<const N: usize>(numbers: &[f64], defaults: [f64; N]) -> Option<[f64; N]> {
        let mut all = defaults;
        all.get_mut(..numbers.len())?.copy_from_slice(numbers);
        Some(all)
    }
    let plain = |nonlinearity| numbers.is_empty().then_some(nonlinearity);
    match name {
        "linear" => plain(Nonlinearity::Linear),
        "relu" => plain(Nonlinearity::RELU),
        "abs" => plain(Nonlinearity::ABS),
        "leaky" => filled(numbers, [0.01])
            .map(|[negative]| Nonlinearity::PiecewiseLinear { negative, positive: 1.0 }),
        "piecewise" => match *numbers {
            [negative, positive] => Some(Nonlinearity::PiecewiseLinear { negative, positive }),
            _ => None,
        },
        "sign" => plain(Nonlinearity::Sign),
        "step" | "relu0" => plain(Nonlinearity::RectifiedPower(0)),
        "relu1" => plain(Nonlinearity::RectifiedPower(1)),
        "relu2" => plain(Nonlinearity::RectifiedPower(2)),
        "erf" => filled(numbers, [1.0, 1.0, 0.0])
            .map(|[amplitude, frequency, shift]| Nonlinearity::Erf { amplitude, frequency, shift }),
        "erf-sqrt2" => plain(Nonlinearity::ERF_SQRT2),
        "sin" => filled(numbers, [1.0, 1.0, 0.0])
            .map(|[amplitude, frequency, phase]| Nonlinearity::Sin { amplitude, frequency, phase }),
        "cos" => filled(numbers, [1.0, 1.0]).map(|[amplitude, frequency]| Nonlinearity::Sin {
            amplitude,
            frequency,
            phase: FRAC_PI_2,
        }),
        "rbf" => filled(numbers, [1.0]).map(|[gamma]| Nonlinearity::Rbf { gamma }),
        "exp" => filled(numbers, [1.0, 1.0])
            .map(|[amplitude, rate]| Nonlinearity::Exp { amplitude, rate }),
        "gauss" => filled(numbers, [1.0, -1.0])
            .map(|[amplitude, rate]| Nonlinearity::Gaussian { amplitude, rate }),
        "gelu" => plain(Nonlinearity::Gelu),
        "tanh" => plain(Nonlinearity::Tanh),
        "sigmoid" => plain(Nonlinearity::Sigmoid),
        "softplus" => plain(Nonlinearity::Softplus),
        "swish" | "silu" => plain(Nonlinearity::Swish),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_their_numbers_are_parsed_and_printed_names_parse_back() {
        for name in NAMES {
            let bare = name.split('(').next().unwrap();
            if bare == "piecewise" {
                continue;
            }
            let found: Nonlinearity = bare.parse().unwrap();
            assert_eq!(found.to_string().parse::<Nonlinearity>().unwrap(), found, "{name}");
        }
        for name in ["leaky(0.2)", "piecewise(0.5,-2)", "erf(2,0.7,0.1)", "sin(1.2,0.9,0.3)"] {
            assert_eq!(name.parse::<Nonlinearity>().unwrap().to_string(), name);
        }
        assert_eq!("erf(1, 0.7)".parse::<Nonlinearity>().unwrap().to_string(), "erf(1,0.7)");
    }

    #[test]
    fn unknown_names_and_wrong_numbers_are_answered_with_the_choices() {
        for text in ["rleu", "relu(1)", "erf(1,2,3,4)", "leaky(", "leaky(x)", "piecewise(1)", ""] {
            let message = text.parse::<Nonlinearity>().unwrap_err().to_string();
            assert!(message.contains(&format!("\"{text}\"")), "{message}");
            assert!(message.contains("relu, leaky") && message.contains("gelu"), "{message}");
        }
        let message = "gauss(1,2)".parse::<Nonlinearity>().unwrap_err().to_string();
        assert!(message.contains("must not be positive"), "{message}");
    }
}
