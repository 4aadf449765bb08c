//! Exact theory of learning in idealized neural networks, held against simulation.
//!
//! # The idea
//!
//! A model of learning is [`Solvable`] if it gives two answers: what theory *predicts* and what
//! training the network *simulates*. Both come from one struct that holds every parameter they
//! share, so that conventions (a factor of 2, 1/P, the clock) cannot drift apart. Both are a
//! [`Trajectory`]: named observables on one grid. [`compare`] turns them into an [`Agreement`] per
//! observable, which says how far they are apart, how far they may be, and why that far.
//!
//! ```
//! use solvable::deep_linear::AlignedNetwork;
//! use solvable::{Correlations, Dataset, Solvable, check};
//!
//! // Eight living things with 36 features; 3 weight layers with 8 units in both hidden layers.
//! let task = Correlations::of(&Dataset::rumelhart())?;
//! let network = AlignedNetwork::uniform(task, &[8, 8], 0.3, 0.01);
//! let times: Vec<f64> = (0..=40).map(f64::from).collect();
//!
//! let theory = network.predict(&times)?;
//! let strongest = theory.get("mode 1").expect("every mode is recorded");
//! assert!(strongest[0] < 0.03 && strongest[40] > 6.8);
//!
//! for agreement in check(&network, &times, &[0])? {
//!     assert!(agreement.holds(), "{agreement:?}");
//! }
//! # Ok::<(), solvable::Error>(())
//! ```
//!
//! # Principal types
//!
//! * [`Solvable`]: a model; [`check`] holds it against itself, [`ensemble`] simulates it once per
//!   seed.
//! * [`Trajectory`] and [`Axis`]: observables along time, steps or depth.
//! * [`Agreement`] and [`Tolerance`]: how far measurement is from prediction, and may be.
//! * [`Dataset`]: inputs and targets; rows are examples.
//! * [`Correlations`] and [`Modes`]: all that a linear network sees of its data.
//! * [`Error`]: what was wrong, its value, and what would be right.
//!
//! # Modules
//!
//! * [`deep_linear`]: the theory. Its page says what is exact when, and where theory and training
//!   part. [`course`] goes from a data set to a report.
//! * [`semantic`]: what such a network knows of items and their features at any time. [`gated`]: linear
//!   pathways switched by the input. [`generalization`]: learning curves in many dimensions.
//! * [`student_teacher`]: online learning of a teacher, one fresh example a step. [`continual`]: two
//!   tasks, one after the other. [`wide`]: networks of many hidden units, their kernels and training.
//! * [`task`]: what is to be learned. [`net`]: what is trained. [`math`]: numerics of both.
//! * [`parameter`]: the numbers that a learning curve or a figure depends on, each declared once.
//! * [`models`]: every model and learning curve, with what is needed to test it.
//! * [`figures`]: figures of papers. [`plot`]: how they are drawn.
//! * `store`: results on disk (feature `cli`). [`citation`]: the works cited.
//!
//! # Features
//!
//! `cli` is the command line and all that touches files; `parallel` runs simulations side by side,
//! which does not change results. Both are on by default; without them the library reads no files,
//! writes none and starts no threads.
#![deny(missing_docs)]

pub mod agreement;
pub mod citation;
pub mod continual;
pub mod contract;
pub mod course;
pub mod curve;
pub mod deep_linear;
mod error;
pub mod figures;
pub mod gated;
pub mod generalization;
pub mod math;
pub mod models;
pub mod net;
pub mod parameter;
pub mod plot;
pub mod semantic;
pub(crate) mod solvable;
#[cfg(feature = "cli")]
pub mod store;
pub mod student_teacher;
pub mod task;
pub mod trajectory;
pub mod wide;

pub use agreement::{Agreement, FiniteSize, Tolerance, compare};
pub use error::{Error, Result};
pub use solvable::{Solvable, check, ensemble};
pub use task::{Correlations, Dataset, Modes};
pub use trajectory::{Axis, Trajectory};

/// The examples of README, compiled and run with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
