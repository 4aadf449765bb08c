//! What units do: one closed set of nonlinearities for theories and for trained networks.
//!
//! * [`Nonlinearity`]: the set, with values, slopes and curvatures of single units.
//! * [`names`]: what they are parsed from and printed as.
//! * `elementwise`: whole layers at once.

pub(crate) mod elementwise;
pub mod names;
mod nonlinearity;

#[cfg(test)]
pub(crate) use nonlinearity::ALL;
pub use nonlinearity::Nonlinearity;
