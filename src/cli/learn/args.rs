//! What `solvable learn` is asked.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use solvable::course::{Course, Report, Start};
use solvable::net::Nonlinearity;
use solvable::{Dataset, Error, Result};

use super::super::result_flags::ResultFlags;
use super::super::values;

const EXAMPLES: &str = "\
Examples:
  solvable learn rumelhart
  solvable learn data/living_things.csv --init random --out out/living
  solvable learn rumelhart --layers 3 --scale 0.2 --activation tanh --quick
  solvable learn worm --focus worm,bones
  solvable learn --inputs X.npy --targets Y.npy --times 0,1,2.5,10 --json";

/// How would a deep linear network learn my data?
///
/// Predicts the course of learning, watches a network learn, and holds the two against each other.
/// TABLE is a CSV file: one row an item (first column its name), one column a feature (header row).
/// Each item is its own input, its features are the target. For other inputs give --inputs and
/// --targets (CSV or NPY, rows are examples). Writes learning.{svg,pdf,png,csv} and
/// modes.{svg,pdf,png,csv}; prints the modes and how far simulation and theory are apart.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// CSV file, or a built-in table: rumelhart, living_things, toy, worm.
    #[arg(value_name = "TABLE", required_unless_present = "inputs", conflicts_with = "inputs")]
    pub table: Option<PathBuf>,
    /// Inputs, P × n_in (CSV or NPY).
    #[arg(long, value_name = "FILE", requires = "targets")]
    pub inputs: Option<PathBuf>,
    /// Targets, P × n_out (CSV or NPY).
    #[arg(long, value_name = "FILE", requires = "inputs", conflicts_with = "table")]
    pub targets: Option<PathBuf>,
    /// Number of weight layers; 1 is shallow.
    #[arg(long, value_name = "N", default_value = "2", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub layers: usize,
    /// Units in every hidden layer [default: the smaller of inputs and outputs].
    #[arg(long, value_name = "N", value_parser = values::count, allow_negative_numbers = true)]
    pub hidden: Option<usize>,
    /// Size (singular values) of every layer at the start.
    #[arg(long, value_name = "SIZE", default_value = "0.03", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    pub scale: f64,
    /// How the weights start.
    #[arg(long, value_enum, default_value = "aligned")]
    pub init: Init,
    /// λ of --init lambda: W₂ᵀW₂ − W₁W₁ᵀ = λI [default: 1].
    #[arg(long, value_name = "NUMBER", value_parser = values::finite)]
    #[arg(allow_negative_numbers = true)]
    pub lambda: Option<f64>,
    /// Learning rate of the simulation [default: 1/200 of the stability limit].
    #[arg(long, value_name = "RATE", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Last time, in units of τ; rate × steps [default: until 99 % is learned, and half again].
    #[arg(long, value_name = "TIME", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true, conflicts_with = "times")]
    pub until: Option<f64>,
    /// Times to record.
    #[arg(long, value_name = "T1,T2,…", value_parser = values::times, allow_hyphen_values = true)]
    pub times: Option<values::Times>,
    /// Hidden units of the simulated network; theory is that of linear units.
    #[arg(long, value_enum, default_value = "linear")]
    pub activation: Units,
    /// Follow one item and feature: will the network err on them for a while, when, how much?
    #[arg(long, value_name = "ITEM,FEATURE", allow_hyphen_values = true)]
    pub focus: Option<String>,
    /// Also draw how the hidden layer moves the items: embedding.{svg,pdf,png,csv}.
    #[arg(long)]
    pub embed: bool,
    /// Seed of the initial weights.
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    pub seed: u64,
    /// Larger steps, fewer times.
    #[arg(long)]
    pub quick: bool,
    #[command(flatten)]
    pub results: ResultFlags,
}

/// How the weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Init {
    /// Along the modes of the task.
    Aligned,
    /// In random directions, neighboring layers balanced.
    Balanced,
    /// Independent Gaussian weights.
    Random,
    /// Two layers in random directions with balance λ (see --lambda).
    Lambda,
}

/// Hidden units of the simulated network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Units {
    Linear,
    Tanh,
    Relu,
}

impl Args {
    /// The course that is asked for.
    pub fn course(&self, data: Dataset) -> Result<Course> {
        let start = match (self.init, self.lambda) {
            (Init::Lambda, lambda) => Start::Lambda(lambda.unwrap_or(1.0)),
            (_, Some(_)) => return Err(Error::Usage("--lambda goes with --init lambda".into())),
            (Init::Aligned, None) => Start::Aligned,
            (Init::Balanced, None) => Start::Balanced,
            (Init::Random, None) => Start::Random,
        };
        Ok(Course {
            layers: self.layers,
            n_hidden: self.hidden,
            start,
            scale: self.scale,
            rate: self.rate,
            until: self.until,
            times: self.times.as_ref().map(|times| times.0.clone()),
            activation: match self.activation {
                Units::Linear => Nonlinearity::Linear,
                Units::Tanh => Nonlinearity::Tanh,
                Units::Relu => Nonlinearity::RELU,
            },
            seed: self.seed,
            quick: self.quick,
            ..Course::new(data)
        })
    }

    /// Every setting with the value it had, defaults included.
    pub fn settings(&self, course: &Course, learned: &Report) -> Map<String, Value> {
        let grid = learned.prediction.grid();
        let lambda = if let Start::Lambda(lambda) = course.start { Some(lambda) } else { None };
        let init = self.init.to_possible_value().map(|v| v.get_name().to_owned());
        Map::from_iter([
            ("layers".into(), json!(course.layers)),
            ("hidden".into(), json!(learned.n_hidden)),
            ("scale".into(), json!(course.scale)),
            ("init".into(), json!(init)),
            ("lambda".into(), json!(lambda)),
            ("rate".into(), json!(learned.rate)),
            ("critical_rate".into(), json!(learned.critical_rate)),
            ("until".into(), json!(grid.last())),
            ("times".into(), json!(grid.len())),
            ("activation".into(), json!(course.activation.to_string())),
            ("embed".into(), json!(self.embed)),
            ("quick".into(), json!(self.quick)),
            ("theory".into(), json!(learned.theory)),
        ])
    }
}
