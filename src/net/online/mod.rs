//! Units that learn from one fresh example after another, and the inputs drawn for them.
//!
//! * [`units`]: weights of students and teachers, at the speed of the machine's vector units.
//! * [`committee`]: the gradient rule of a student with one hidden layer.
//! * [`gaussian_inputs`]: the stream of their inputs.

mod chacha;
pub mod committee;
pub mod gaussian_inputs;
mod line;
pub mod units;
