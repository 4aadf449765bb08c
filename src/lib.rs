//! Exact theory of learning in idealized neural networks, held against simulation.
#![deny(missing_docs)]

pub mod agreement;
pub mod citation;
pub mod deep_linear;
mod error;
pub mod figures;
pub mod math;
pub mod models;
pub mod net;
pub mod plot;
pub(crate) mod solvable;
#[cfg(feature = "cli")]
pub mod store;
pub mod task;
pub mod trajectory;

pub use agreement::{Agreement, Tolerance, compare};
pub use error::{Error, Result};
pub use solvable::{Solvable, check, ensemble};
pub use task::{Correlations, Dataset, Modes};
pub use trajectory::{Axis, Trajectory};
