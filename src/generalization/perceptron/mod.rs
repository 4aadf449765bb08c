//! Perceptrons and linear classifiers that learn a teacher.
//!
//! * [`rules`], [`bayes`]: Hebb's rule, least squares, the maximum margin, Gibbs and Bayes.
//! * [`ising`], [`ising_enumeration`], [`ising_messages`]: weights of ±1; the sudden transition to the teacher.
//! * [`classification`], [`classification_curves`], [`dual_ascent`]: logistic and hinge loss.
//! * [`message_passing`]: Bayesian inference by message passing and its state evolution.
//! * [`examples`]: examples labeled by a teacher.

pub mod bayes;
pub mod classification;
pub mod classification_curves;
pub mod dual_ascent;
pub mod examples;
pub mod ising;
pub mod ising_enumeration;
pub mod ising_messages;
pub mod message_passing;
pub mod rules;
