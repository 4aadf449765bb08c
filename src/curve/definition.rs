//! A learning curve: quantities of a large random system as functions of its parameters.

use crate::Result;
use crate::parameter::{Parameter, Values};

/// Quantities of a large random system as functions of its parameters: the theory of the infinite
/// system, a simulation of a finite one, and how far apart the two are expected to be.
#[derive(Debug)]
pub struct Curve {
    /// Name on the command line.
    pub name: &'static str,
    /// One line about what is predicted.
    pub summary: &'static str,
    /// BibTeX key of the theory.
    pub reference: &'static str,
    /// What it depends on.
    pub parameters: &'static [Parameter],
    /// Names of what is predicted.
    pub observables: &'static [&'static str],
    /// What the size of a simulation counts: the number that theory takes to infinity.
    pub size: &'static str,
    /// Numbers that a simulation of a size holds at once, to refuse what does not fit in memory.
    pub cells: fn(&Values, size: usize) -> f64,
    /// Every observable at a point. [`Error::Diverges`](crate::Error::Diverges) where one is infinite.
    pub theory: fn(&Values) -> Result<Vec<f64>>,
    /// Every observable of one random system of a size.
    pub simulation: fn(&Values, size: usize, seed: u64) -> Result<Vec<f64>>,
    /// Expected distance between the mean of such systems and theory, for every observable. The
    /// last argument is what theory says there.
    pub bias: fn(&Values, size: usize, theory: &[f64]) -> Result<Vec<f64>>,
}
