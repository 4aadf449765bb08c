//! The two lists of models that every test and `solvable check` goes over: courses of learning in
//! time ([`all`]) and learning curves of large random systems ([`curves`]).
//!
//! Each course signs the same contract: prediction and simulation start together; the prediction ends
//! where the fixed point is, known without solving the dynamics; going on from any time is going
//! straight through; every simulation is within its tolerance, and no tolerance is so wide that
//! nothing could break it; and where the theory is exact, the gap shrinks with the learning rate as
//! fast as the step size says.
//!
//! Each curve signs another: its prediction has the values known at its limits; the mean over
//! simulations of a finite system is within the derived bias of that size and four standard errors;
//! and it still is at twice the size, where less is allowed.
//!
//! ```
//! for case in solvable::models::all().filter(|case| case.name == "rumelhart") {
//!     let model = (case.model)(case.rate)?;
//!     let agreements = solvable::check(model.as_ref(), case.grid, case.seeds)?;
//!     assert!(agreements.iter().all(|agreement| agreement.holds()));
//! }
//! # Ok::<(), solvable::Error>(())
//! ```

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

/// Every learning curve, topic by topic.
pub fn curves() -> impl Iterator<Item = &'static CurveCase> + Clone {
    use crate::generalization::cases::{kernels, linear, perceptrons};
    let topics = [
        linear::ALL,
        kernels::ALL,
        perceptrons::ALL,
        crate::student_teacher::cases::ALL,
        crate::student_teacher::hidden_manifold_case::ALL,
        crate::continual::cases::ALL,
        crate::wide::cases::ALL,
        crate::wide::cases_rich::ALL,
    ];
    topics.into_iter().flatten()
}

/// Every course of learning, topic by topic.
pub fn all() -> impl Iterator<Item = &'static ModelCase> + Clone {
    use crate::semantic::cases::{environments, facts, representations};
    let topics = [
        crate::deep_linear::cases::ALL,
        environments::ALL,
        representations::ALL,
        facts::ALL,
        crate::gated::cases::ALL,
        crate::generalization::cases::linear::COURSES,
        crate::wide::cases_rich::COURSES,
    ];
    topics.into_iter().flatten()
}
