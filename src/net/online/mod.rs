//! Units that learn from one fresh example after another, and the inputs drawn for them.
//!
//! * [`units`]: weights of students and teachers, at the speed of the machine's vector units.
//! * [`gaussian_inputs`]: the stream of their inputs.

mod chacha;
pub mod gaussian_inputs;
pub mod units;
