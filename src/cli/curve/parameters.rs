//! The parameters of all learning curves as options: `--alpha`, `--snr`, ….

use clap::{Arg, ArgMatches, Command, FromArgMatches};
use solvable::curve::Curve;
use solvable::models::CURVES;
use solvable::parameter::Values;
use solvable::{Error, Result};

use super::super::values;

/// The parameters that were given, with their values.
#[derive(Debug, Clone, Default)]
pub struct Parameters(Vec<(&'static str, f64)>);

impl Parameters {
    /// Whether a parameter was given.
    pub fn given(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A value that was given.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }

    /// What was given, in the order of the curves.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.iter().copied()
    }

    /// The point of a curve that they name, all others at their defaults.
    pub fn point(&self, curve: &Curve) -> Result<Values> {
        let mut point = Values::defaults(curve.parameters);
        for (name, value) in &self.0 {
            if !curve.parameters.iter().any(|p| p.name == *name) {
                let own: Vec<_> =
                    curve.parameters.iter().map(|p| format!("--{}", p.name)).collect();
                return Err(Error::Usage(format!(
                    "the curve {} does not depend on --{name}; it takes {}",
                    curve.name,
                    own.join(", ")
                )));
            }
            point.set(name, *value).map_err(|error| match error {
                Error::Parameter { name, value, allowed, .. } => {
                    Error::parameter(format!("--{name}"), value, allowed)
                }
                other => other,
            })?;
        }
        Ok(point)
    }
}

/// Every name that some curve has, once, with the help of the first that has it and all its curves.
fn all() -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, &'static str, Vec<&'static str>)> = Vec::new();
    for curve in CURVES {
        for parameter in curve.parameters {
            match found.iter_mut().find(|(name, ..)| *name == parameter.name) {
                Some((.., curves)) => curves.push(curve.name),
                None => found.push((parameter.name, parameter.help, vec![curve.name])),
            }
        }
    }
    let help = |(name, help, curves): (_, &str, Vec<&str>)| {
        (name, format!("{}{} ({})", help[..1].to_uppercase(), &help[1..], curves.join(", ")))
    };
    found.into_iter().map(help).collect()
}

impl clap::Args for Parameters {
    fn augment_args(command: Command) -> Command {
        all().into_iter().fold(command, |command, (name, help)| {
            let arg = Arg::new(name).long(name).value_name("NUMBER").help(help);
            let arg = arg.value_parser(values::finite).allow_negative_numbers(true);
            command.arg(arg.help_heading("Parameters of the curves"))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Parameters {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let value = |(name, _): (&'static str, String)| {
            matches.get_one::<f64>(name).map(|value| (name, *value))
        };
        Ok(Self(all().into_iter().filter_map(value).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
