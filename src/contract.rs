//! What a model or a learning curve needs to be held to the contract that all of them sign: the
//! entries of the lists in [`models`](crate::models).

use crate::{Result, Solvable};

/// A model behind its trait, as lists of different models need it.
pub type Model = Box<dyn Solvable>;

/// A model with everything needed to hold it to the contract.
#[derive(Debug)]
pub struct ModelCase {
    /// Name on the command line.
    pub name: &'static str,
    /// One line about what is predicted.
    pub summary: &'static str,
    /// BibTeX key of the theory.
    pub reference: &'static str,
    /// Builds the model with a given learning rate.
    pub model: fn(rate: f64) -> Result<Model>,
    /// Learning rate at which it is checked.
    pub rate: f64,
    /// Times at which it is checked, from 0.
    pub grid: &'static [f64],
    /// Seeds of the simulations.
    pub seeds: &'static [u64],
    /// Where it ends.
    pub end: fn() -> Result<End>,
    /// The model that starts from the predicted state at a time.
    pub restart: fn(time: f64) -> Result<Model>,
    /// Whether theory is exact for gradient flow, so that only the step size of the simulation
    /// separates the two.
    pub exact: bool,
}

/// Fixed point of a model, known without solving its dynamics.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Value of each observable after infinite time, in the prediction's order.
    pub values: Vec<f64>,
    /// Time by which the slowest of them is there within a relative 1e-9.
    pub after: f64,
}

/// A learning curve with everything needed to hold it to the contract.
#[derive(Debug)]
pub struct CurveCase {
    /// Name on the command line.
    pub name: &'static str,
    /// One line about what is predicted.
    pub summary: &'static str,
    /// BibTeX key of the theory.
    pub reference: &'static str,
    /// Builds the model whose simulation has a given size, the number that theory takes to infinity.
    pub model: fn(size: usize) -> Result<Model>,
    /// Size at which it is checked.
    pub size: usize,
    /// Points at which it is checked.
    pub grid: &'static [f64],
    /// Number of simulations.
    pub runs: u64,
    /// Points where the value of every observable is known without the theory.
    pub limits: fn() -> Vec<(f64, Vec<f64>)>,
    /// How far the prediction may be from these values, relative to them or one.
    pub limit_gap: f64,
}
