//! Every learning curve by name.

use super::curve::Curve;
use super::{
    classification_curves, hidden_manifold, kernel_curve, least_squares, message_passing,
    perceptron, perceptron_bayes, random_features, ridge, ridge_covariance,
};
use crate::{Error, Result};

/// Every learning curve.
pub const ALL: &[&Curve] = &[
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
];

/// A curve by name.
///
/// # Errors
/// There is none; the error lists the names.
pub fn find(name: &str) -> Result<&'static Curve> {
    ALL.iter().find(|c| c.name == name).copied().ok_or_else(|| Error::Unknown {
        kind: "curve",
        name: name.to_owned(),
        nearest: ALL.iter().map(|c| c.name.to_owned()).collect(),
    })
}
