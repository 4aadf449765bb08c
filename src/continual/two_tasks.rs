//! Two tasks, one after the other or mixed: the parameters.

use std::collections::BTreeSet;

use super::overlaps::TwoTaskOverlaps;
use crate::net::Nonlinearity;
use crate::student_teacher::averages::require_known_averages;
use crate::student_teacher::flow::Learning;
use crate::{Error, Result};

/// Which examples come when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curriculum {
    /// Time of the switch $`t_s`$, in examples per input; infinite if there is none.
    pub switch: f64,
    /// Share of examples of the first task before and after it, from 0 to 1.
    pub shares: [f64; 2],
}

impl Curriculum {
    /// The first task until the switch, the second after it.
    pub fn sequential(switch: f64) -> Self {
        Self { switch, shares: [1.0, 0.0] }
    }

    /// Examples of both tasks in turn at random, a share `first` from the first.
    pub fn interleaved(first: f64) -> Self {
        Self { switch: f64::INFINITY, shares: [first, first] }
    }

    /// The first task until the switch, and then the second with a share `replayed` of examples from
    /// the first.
    pub fn replay(switch: f64, replayed: f64) -> Self {
        Self { switch, shares: [1.0, replayed] }
    }

    fn validate(&self) -> Result<()> {
        if self.switch.is_nan() || self.switch < 0.0 {
            let allowed = "it must not be negative (infinite if tasks never switch)";
            return Err(Error::parameter("switch", self.switch, allowed));
        }
        match self.shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            Some(share) => {
                let name = "share of examples from the first task";
                Err(Error::parameter(name, share, "it must be from 0 to 1"))
            }
            None => Ok(()),
        }
    }
}

/// What is done after the switch to keep the first task.
#[derive(Debug, Clone, PartialEq)]
pub enum Protection {
    /// Nothing.
    None,
    /// First-layer weights of these hidden units (from 0) stay as they are. Their readouts learn.
    Frozen(Vec<usize>),
    /// Elastic weight consolidation: a quadratic penalty on changes, of this strength λ times the Fisher
    /// information of each weight for the first task.
    Elastic {
        /// λ ≥ 0, in units where labels have a variance of one.
        strength: f64,
    },
}

impl Protection {
    /// Freezes the whole first layer of a student of `n_students` units.
    pub fn frozen_layer(n_students: usize) -> Self {
        Self::Frozen((0..n_students).collect())
    }

    fn validate(&self, n_students: usize) -> Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Frozen(units) => {
                if let Some(unit) = units.iter().find(|unit| **unit >= n_students) {
                    let allowed = format!("units count from 0: it must be below {n_students}");
                    return Err(Error::parameter("frozen unit", unit, allowed));
                }
                let distinct: BTreeSet<_> = units.iter().collect();
                if distinct.len() < units.len() {
                    let found = format!("{units:?}");
                    return Err(Error::parameter("frozen units", found, "each can be named once"));
                }
                Ok(())
            }
            Self::Elastic { strength } if !(strength.is_finite() && *strength >= 0.0) => {
                let allowed = "it must be finite and not negative";
                Err(Error::parameter("strength of elastic weights", strength, allowed))
            }
            Self::Elastic { .. } => Ok(()),
        }
    }
}

/// A student with a head for each of two tasks, which learns them online.
///
/// Time counts examples (of either task) per input dimension. Theory is exact in infinitely many
/// dimensions, for erf, linear and rectified units. It is written down in the file `course.rs`.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoTasks {
    /// Hidden units of the student and of both teachers.
    pub activation: Nonlinearity,
    /// Learning rates and label noise, the same for both tasks.
    pub learning: Learning,
    /// Student and teachers at the start.
    pub start: TwoTaskOverlaps,
    /// Which examples come when.
    pub curriculum: Curriculum,
    /// What is done after the switch to keep the first task.
    pub protection: Protection,
    /// Number of inputs N of the simulated networks.
    pub size: usize,
}

impl TwoTasks {
    /// Checks all parameters.
    ///
    /// # Errors
    /// The first that is out of range; tanh units, whose averages have no closed form.
    pub fn validate(&self) -> Result<()> {
        require_known_averages(self.activation)?;
        self.learning.validate()?;
        self.start.validate()?;
        self.curriculum.validate()?;
        self.protection.validate(self.start.n_students())?;
        let units = self.start.n_students() + self.start.both.n_teachers();
        if self.size < units {
            let allowed = format!("it must be at least {units}, one per unit of all networks");
            return Err(Error::parameter("number of inputs", self.size, allowed));
        }
        Ok(())
    }
}
