//! Perceptrons and classifiers for the [list of models](crate::models).

use super::sweep;
use crate::Axis;
use crate::contract::CurveCase;
use crate::generalization::perceptron::bayes::PERCEPTRON_BAYES;
use crate::generalization::perceptron::classification_curves::{HINGE, LOGISTIC};
use crate::generalization::perceptron::message_passing::AMP;
use crate::generalization::perceptron::rules::PERCEPTRON;

/// Learning curves of classification.
pub const ALL: &[CurveCase] = &[PERCEPTRON_CASE, BAYES_CASE, LOGISTIC_CASE, HINGE_CASE, AMP_CASE];

const PERCEPTRON_CASE: CurveCase = CurveCase {
    name: PERCEPTRON.name,
    summary: PERCEPTRON.summary,
    reference: PERCEPTRON.reference,
    model: |size| sweep(&PERCEPTRON, &[], "alpha", Axis::Load, size),
    size: 50,
    grid: &[0.3, 0.6, 1.4, 2.0, 4.0],
    runs: 40,
    limits: || {
        // Very many examples: the powers of the literature.
        vec![(1e3, vec![0.398_94 / 1e3f64.sqrt(), 0.240_48 / 1e3f64.sqrt(), 0.5005e-3])]
    },
    limit_gap: 2e-5,
};

const BAYES_CASE: CurveCase = CurveCase {
    name: PERCEPTRON_BAYES.name,
    summary: PERCEPTRON_BAYES.summary,
    reference: PERCEPTRON_BAYES.reference,
    model: |size| sweep(&PERCEPTRON_BAYES, &[], "alpha", Axis::Load, size),
    size: 20,
    grid: &[0.3, 0.8, 1.5, 3.0],
    runs: 30,
    limits: || vec![(1e3, vec![0.625e-3, 0.442e-3])],
    limit_gap: 1e-6,
};

const LOGISTIC_CASE: CurveCase = CurveCase {
    name: LOGISTIC.name,
    summary: LOGISTIC.summary,
    reference: LOGISTIC.reference,
    model: |size| sweep(&LOGISTIC, &[("lambda", 0.5)], "alpha", Axis::Load, size),
    size: 40,
    grid: &[0.3, 1.0, 2.0, 4.0],
    runs: 50,
    limits: || {
        // Few examples do not know of each other: each has the margin z = 2/(1 + e^z) = 0.67484 at
        // λ = ½, and their sum is Hebb's rule.
        let z = 0.674_84f64;
        vec![(1e-3, vec![0.491_970, (-z).exp().ln_1p()])]
    },
    limit_gap: 5e-4,
};

const HINGE_CASE: CurveCase = CurveCase {
    name: HINGE.name,
    summary: HINGE.summary,
    reference: HINGE.reference,
    model: |size| sweep(&HINGE, &[("lambda", 0.5)], "alpha", Axis::Load, size),
    size: 40,
    grid: &[0.6, 1.0, 2.0, 4.0],
    runs: 50,
    // Few examples do not know of each other: each reaches its margin.
    limits: || vec![(1e-3, vec![0.491_970, 0.0])],
    limit_gap: 5e-4,
};

const AMP_CASE: CurveCase = CurveCase {
    name: AMP.name,
    summary: AMP.summary,
    reference: AMP.reference,
    model: |size| sweep(&AMP, &[], "iterations", Axis::Steps, size),
    size: 60,
    grid: &[1.0, 2.0, 4.0, 10.0],
    runs: 40,
    // Nothing is known at the start.
    limits: || vec![(0.0, vec![1.0; 4])],
    limit_gap: 1e-12,
};
