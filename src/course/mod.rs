//! The learning course of a data set: from a table to modes, prediction, simulation, agreement.
//!
//! * [`Course`]: the data and the network that is to learn it (file `settings.rs`).
//! * `theory.rs` chooses the theory that holds, `limits.rs` says what is too much to ask for.
//! * [`Resolved`]: the course with every default resolved (`preparation.rs`).
//! * [`Report`]: what came of it (`run.rs`); [`Follower`]: one output for one example.

pub mod delays;
mod follow;
mod limits;
mod preparation;
mod run;
mod settings;
mod theory;

pub use follow::Follower;
pub use preparation::Resolved;
pub use run::Report;
pub use settings::{Course, Start};
