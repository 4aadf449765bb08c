//! What `solvable online` is asked.

use std::path::PathBuf;

use clap::ValueEnum;
use solvable::net::Nonlinearity;

use super::super::result_flags::ResultFlags;
use super::super::values::{self, Similarity, SimulationSize};

const EXAMPLES: &str = "\
Examples:
  solvable online --students 2 --teachers 2 --activation erf-sqrt2 --rate 1 --until 300
  solvable online --students 4 --teachers 2 --noise 0.1 --train both --simulate N=1000,seeds=8 --json
  solvable online --teacher T.csv --students 3 --simulate N=500,seeds=8
  solvable online --students 2 --teachers 1 --second-teacher V=0.5 --switch 150
  solvable online --symmetric";

/// How does a student learn from a teacher, one example at a time?
///
/// Predicts the course of learning, and watches networks learn. Student and teacher are two-layer
/// networks with Gaussian inputs; every step sees one new example, and time counts examples per
/// input. Theory follows the overlaps of their weights for infinitely many inputs; simulated
/// networks start from the same overlaps. With --second-teacher the student learns a second task
/// after the first, with a head for each. Writes online.{svg,pdf,png,csv}; prints the course, the
/// plateau, the time of specialization and how far simulation and theory are apart.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Hidden units K of the student.
    #[arg(long, value_name = "K", default_value = "2", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub students: usize,
    /// Hidden units M of the teacher, orthogonal and of length 1 [default: 2].
    #[arg(long, value_name = "M", value_parser = values::count, allow_negative_numbers = true)]
    #[arg(conflicts_with = "teacher")]
    pub teachers: Option<usize>,
    /// Overlaps T of the teacher's units with each other, M × M (CSV or NPY).
    #[arg(long, value_name = "FILE", conflicts_with = "second_teacher")]
    pub teacher: Option<PathBuf>,
    /// Hidden units of both; erf is erf(x/√2).
    #[arg(long, value_enum, default_value = "erf-sqrt2")]
    pub activation: Units,
    /// Learning rate η of the first layer.
    #[arg(long, value_name = "RATE", default_value = "0.5", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    pub rate: f64,
    /// Standard deviation σ of the noise on labels.
    #[arg(long, value_name = "STD", default_value = "0", value_parser = values::not_negative)]
    #[arg(allow_negative_numbers = true)]
    pub noise: f64,
    /// Which layers learn; readouts that do not are 1 [default: first, with a second teacher both].
    #[arg(long, value_enum)]
    pub train: Option<Layers>,
    /// Learning rate of the readouts, with --train both [default: that of the first layer].
    #[arg(long, value_name = "RATE", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    pub readout_rate: Option<f64>,
    /// Standard deviation of initial weights, and of readouts that learn.
    #[arg(long, value_name = "STD", default_value = "0.1", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    pub scale: f64,
    /// Start exactly symmetric, all students alike: theory then never leaves its plateau.
    #[arg(long, conflicts_with = "second_teacher")]
    pub symmetric: bool,
    /// Last time: examples per input [default: 200, or twice the time of the switch].
    #[arg(long, value_name = "TIME", value_parser = values::positive, allow_negative_numbers = true)]
    pub until: Option<f64>,
    /// Train networks with N inputs, one for each seed.
    #[arg(long, value_name = "N=SIZE,seeds=RUNS", value_parser = values::simulation)]
    pub simulate: Option<SimulationSize>,
    /// A second teacher whose features overlap with the first one's by V; learned after --switch.
    #[arg(long, value_name = "V=SIMILARITY,readout=SIMILARITY", value_parser = values::similarity)]
    #[arg(requires = "switch", allow_hyphen_values = true)]
    pub second_teacher: Option<Similarity>,
    /// Time at which the second task replaces the first.
    #[arg(long, value_name = "TIME", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true, requires = "second_teacher")]
    pub switch: Option<f64>,
    /// Freeze the first layer at the switch.
    #[arg(long, requires = "switch", conflicts_with = "elastic")]
    pub freeze: bool,
    /// Elastic weight consolidation of this strength after the switch.
    #[arg(long, value_name = "STRENGTH", value_parser = values::positive, requires = "switch")]
    #[arg(allow_negative_numbers = true)]
    pub elastic: Option<f64>,
    /// Share of examples after the switch that are still of the first task.
    #[arg(long, value_name = "SHARE", value_parser = values::share, requires = "switch")]
    #[arg(allow_negative_numbers = true)]
    pub replay: Option<f64>,
    /// Number of points of the theory.
    #[arg(long, value_name = "N", default_value = "401", value_parser = values::points)]
    #[arg(allow_negative_numbers = true)]
    pub points: usize,
    /// Seed of initial weights and of the first simulated network.
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten)]
    pub results: ResultFlags,
}

/// Hidden units with closed-form averages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Units {
    /// erf(x/√2), as in the theory of online learning.
    #[value(name = "erf-sqrt2")]
    Erf,
    Relu,
    Linear,
}

impl From<Units> for Nonlinearity {
    fn from(units: Units) -> Self {
        match units {
            Units::Erf => Self::ERF_SQRT2,
            Units::Relu => Self::RELU,
            Units::Linear => Self::Linear,
        }
    }
}

/// Layers of the student that learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layers {
    /// The first; a soft committee machine.
    First,
    /// Both.
    Both,
}

impl Args {
    /// Which layers learn.
    pub fn layers(&self) -> Layers {
        self.train.unwrap_or(if self.switch.is_some() { Layers::Both } else { Layers::First })
    }

    /// Last time.
    pub fn end(&self) -> f64 {
        self.until.unwrap_or_else(|| self.switch.map_or(200.0, |switch| 2.0 * switch))
    }
}
