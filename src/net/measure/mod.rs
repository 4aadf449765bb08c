//! What a trained network is asked.
//!
//! * [`jacobian`]: derivatives of its outputs in its parameters, example by example.

mod jacobian;

pub use jacobian::jacobian;
pub(crate) use jacobian::output_signals;
