//! Random features and kernels for the [list of models](crate::models).

use super::sweep;
use crate::Axis;
use crate::contract::CurveCase;
use crate::generalization::features::hidden_manifold::HIDDEN_MANIFOLD;
use crate::generalization::features::random_features::RANDOM_FEATURES;
use crate::generalization::kernel::curve::KERNEL;

/// Learning curves of random features and kernels.
pub const ALL: &[CurveCase] = &[RANDOM_FEATURES_CASE, HIDDEN_MANIFOLD_CASE, KERNEL_CASE];

const RANDOM_FEATURES_CASE: CurveCase = CurveCase {
    name: "random-features",
    summary: "ridge regression on random ReLU features",
    reference: "mei2019",
    model: |size| {
        let fixed = [("ridge", 0.01), ("nonlinear", 0.2)];
        let axis = Axis::FeaturesPerInput;
        sweep(&RANDOM_FEATURES, &fixed, "psi1", axis, size)
    },
    size: 40,
    grid: &[0.5, 1.5, 3.0, 6.0],
    runs: 30,
    limits: || {
        // Hardly any features: nothing is learned but the mean.
        vec![(1e-3, vec![1.2])]
    },
    limit_gap: 5e-3,
};

const HIDDEN_MANIFOLD_CASE: CurveCase = CurveCase {
    name: "hidden-manifold",
    summary: "ridge regression of inputs made of few latent variables",
    reference: "gerace2020",
    model: |size| sweep(&HIDDEN_MANIFOLD, &[], "alpha", Axis::Load, size),
    size: 100,
    grid: &[0.3, 0.6, 1.5, 3.0],
    runs: 30,
    limits: || {
        // Single examples: each is shrunk by ridge over ridge plus its mean square, E[erf²] = 1/3.
        vec![(1e-3, vec![1.0, 1.1 * (0.01f64 / (0.01 + 1.0 / 3.0)).powi(2)])]
    },
    limit_gap: 5e-3,
};

const KERNEL_CASE: CurveCase = CurveCase {
    name: "kernel",
    summary: "kernel regression on the sphere, tangent kernel of a wide ReLU network",
    reference: "canatar2021",
    model: |size| sweep(&KERNEL, &[("ridge", 1.0)], "samples", Axis::Samples, size),
    size: 1,
    grid: &[20.0, 40.0, 80.0, 160.0],
    runs: 20,
    limits: || {
        // Very many samples: the noise remains. It is hardly fitted, as the ridge is strong against
        // what the kernel has left in high degrees.
        vec![(1e6, vec![0.05, 0.05])]
    },
    limit_gap: 1e-2,
};
