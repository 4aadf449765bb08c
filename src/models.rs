//! The one list of models that every test and `solvable check` goes over.
//!
//! Each entry signs the same contract: prediction and simulation start together; the prediction ends
//! where the fixed point is, known without solving the dynamics; going on from any time is going
//! straight through; every simulation is within its tolerance, and no tolerance is so wide that
//! nothing could break it; and where the theory is exact, the gap shrinks with the learning rate as
//! fast as the step size says.
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

/// Every model, topic by topic.
pub fn all() -> impl Iterator<Item = &'static ModelCase> + Clone {
    [crate::deep_linear::cases::ALL, crate::semantic::cases::ALL, crate::gated::cases::ALL]
        .into_iter()
        .flatten()
}
