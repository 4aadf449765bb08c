//! The two lists of models that every test and `solvable check` goes over: courses of learning in
//! time ([`all`]) and learning curves of large random systems ([`curves`]).
//!
//! Each course signs the same contract: prediction and simulation start together; the prediction ends
//! where the fixed point is, known without solving the dynamics; going on from any time is going
//! straight through; every simulation is within its tolerance, and no tolerance is so wide that
//! nothing could break it; and where the theory is exact, the gap shrinks with the learning rate as
//! fast as the step size says.
//!
//! Each curve signs another: its prediction has the values known at its limits; the mean over
//! simulations of a finite system is within the derived bias of that size and four standard errors;
//! and it still is at twice the size, where less is allowed.
//!
//! ```
//! for case in solvable::models::all().filter(|case| case.name == "rumelhart") {
//!     let model = (case.model)(case.rate)?;
//!     let agreements = solvable::check(model.as_ref(), case.grid, case.seeds)?;
//!     assert!(agreements.iter().all(|agreement| agreement.holds()));
//! }
//! # Ok::<(), solvable::Error>(())
//! ```

use crate::contract::{CurveCase, ModelCase};
use crate::curve::Curve;
use crate::generalization::features::{hidden_manifold, random_features};
use crate::generalization::kernel::curve as kernel_curve;
use crate::generalization::linear::{least_squares, ridge, ridge_covariance};
use crate::generalization::perceptron::{
    bayes as perceptron_bayes, classification_curves, message_passing, rules as perceptron,
};
use crate::wide::bayesian::renormalized_scale;
use crate::{Error, Result};

/// Every learning curve, topic by topic.
pub fn curves() -> impl Iterator<Item = &'static CurveCase> + Clone {
    use crate::generalization::cases::{kernels, linear, perceptrons};
    let topics = [
        linear::ALL,
        kernels::ALL,
        perceptrons::ALL,
        crate::student_teacher::cases::ALL,
        crate::student_teacher::hidden_manifold::case::ALL,
        crate::continual::cases::ALL,
        crate::wide::cases::ALL,
        crate::wide::cases::rich::ALL,
    ];
    topics.into_iter().flatten()
}

/// Every course of learning, topic by topic.
pub fn all() -> impl Iterator<Item = &'static ModelCase> + Clone {
    use crate::semantic::cases::{environments, facts, representations};
    let topics = [
        crate::deep_linear::cases::ALL,
        environments::ALL,
        representations::ALL,
        facts::ALL,
        crate::gated::cases::ALL,
        crate::generalization::cases::linear::COURSES,
        crate::wide::cases::rich::COURSES,
    ];
    topics.into_iter().flatten()
}

/// Every learning curve.
pub const CURVES: &[&Curve] = &[
    &ridge::RIDGE,
    &ridge::RIDGE_OPTIMAL,
    &ridge_covariance::TWO_VARIANCES,
    &least_squares::LINEAR_STUDENT,
    &least_squares::LEAST_SQUARES,
    &least_squares::STOPPED,
    &least_squares::DOUBLE_DESCENT,
    &least_squares::MISSPECIFIED,
    &random_features::RANDOM_FEATURES,
    &hidden_manifold::HIDDEN_MANIFOLD,
    &kernel_curve::KERNEL,
    &perceptron::PERCEPTRON,
    &perceptron_bayes::PERCEPTRON_BAYES,
    &classification_curves::LOGISTIC,
    &classification_curves::HINGE,
    &message_passing::AMP,
    &renormalized_scale::RENORMALIZED_SCALE,
];

/// A curve by name.
///
/// # Errors
/// There is none; the error lists the names.
pub fn find_curve(name: &str) -> Result<&'static Curve> {
    CURVES.iter().find(|c| c.name == name).copied().ok_or_else(|| Error::Unknown {
        kind: "curve",
        name: name.to_owned(),
        nearest: CURVES.iter().map(|c| c.name.to_owned()).collect(),
    })
}
