//! Networks of N inputs beside the theory of infinitely many.
//!
//! * [`online_descent`]: training, one example a step; [`online_network`]: the model with both.
//! * [`plateau_exit`]: when networks leave the symmetric plateau.
//! * [`fluctuations`]: scatter and shift to first order in 1/N.

pub(crate) mod chain;
pub mod fluctuations;
pub mod online_descent;
pub mod online_network;
pub mod plateau_exit;
