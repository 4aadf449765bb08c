//! What a figure is: its paper, its parameters, how it is drawn.

use crate::parameter::{Parameter, Values};
use crate::plot::Sheet;
use crate::{Agreement, Result};

/// A paper figure: a name, what it reproduces, the numbers a reader may turn, and how to draw it.
#[derive(Debug)]
pub struct Figure {
    /// File name, command-line name, and BibTeX key plus figure: `saxe2014_fig3`.
    pub name: &'static str,
    /// BibTeX key of the paper.
    pub reference: &'static str,
    /// Where in the paper and what, in a few words.
    pub title: &'static str,
    /// What is theory, what is simulation, with which parameters.
    pub caption: &'static str,
    /// The numbers a reader may turn.
    pub parameters: &'static [Parameter],
    /// Draws it.
    pub draw: fn(&Settings) -> Result<Drawing>,
}

/// A drawn figure with the numbers behind its claim.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// The panels.
    pub sheet: Sheet,
    /// Every comparison of theory with simulation that the figure shows.
    pub agreements: Vec<Agreement>,
}

/// How much computation a figure may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Predictions only, in milliseconds, for a slider.
    Theory,
    /// With a small simulation.
    Quick,
    /// The committed figure.
    Paper,
}

/// What a figure is drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How much computation to spend.
    pub effort: Effort,
    /// Seed of all randomness.
    pub seed: u64,
    /// Values of the figure's parameters.
    pub values: Values,
}

impl Figure {
    /// The paper's settings.
    pub fn settings(&self, effort: Effort, seed: u64) -> Settings {
        Settings { effort, seed, values: Values::defaults(self.parameters) }
    }
}
