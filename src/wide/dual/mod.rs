//! Averages of nonlinearities over Gaussian inputs: what a kernel needs of a layer of units.
//!
//! [`Dual`] is the average of one nonlinearity over pairs of inputs. Nonlinearities with a kink have it
//! in closed form (file `kinks.rs`), as have most smooth ones; the others by their Hermite series. `pairs.rs` has the pairs
//! that all of them work on; [`gaussian_expectation`] has averages over single inputs.

pub(crate) mod duals;
pub mod gaussian_expectation;
pub(crate) mod hermite;
pub(crate) mod hermite_series;
pub(crate) mod kinks;
pub(crate) mod pairs;
pub(crate) mod variances;

pub use duals::Dual;
