//! Learning from folded inputs for the [list of models](crate::models).

use std::f64::consts::PI;

use ndarray::{arr1, arr2};

use super::setting::{HiddenManifold, ManifoldStart};
use crate::contract::CurveCase;
use crate::net::Nonlinearity;
use crate::student_teacher::flow::Learning;

/// The case.
pub const ALL: &[CurveCase] = &[CurveCase {
    name: "hidden-manifold-online",
    summary: "online learning from inputs made of few latent variables, teacher of the latent ones",
    reference: "goldt2020",
    model: |size| Ok(Box::new(manifold(size))),
    size: 60,
    grid: &[0.5, 2.0, 5.0, 10.0],
    runs: 24,
    limits: || vec![(0.0, at_start())],
    limit_gap: 1e-12,
}];

/// As many latent variables as inputs; students that know something of their teachers.
pub(crate) fn manifold(size: usize) -> HiddenManifold {
    HiddenManifold {
        activation: Nonlinearity::ERF_SQRT2,
        fold: Nonlinearity::ERF_SQRT2,
        learning: Learning { rate: 1.0, readout_rate: 0.3, noise: 0.1 },
        latent: 1.0,
        start: ManifoldStart {
            random: arr2(&[[0.4, 0.1], [0.1, 0.3]]),
            aligned: arr2(&[[0.8, 0.2], [0.0, 0.6]]),
            t: arr2(&[[1.0, 0.0], [0.0, 1.0]]),
            v: arr1(&[1.0, 0.8]),
            teacher_readout: arr1(&[1.0, 1.0]),
        },
        size,
    }
}

/// The start by hand: ⟨κ⟩ = 1 and ⟨κ²⟩ = 1 + 1/δ, so that Q = (b² + c_*²)W + (2b² + c_*²)AAᵀ, R = bA;
/// b² = 1/π and b² + c_*² = 1/3 for erf.
fn at_start() -> Vec<f64> {
    let b = 1.0 / PI.sqrt();
    let of = |w: f64, a: f64| (w / 3.0 + a * (1.0 / PI + 1.0 / 3.0), w + a);
    let (q11, w11) = of(0.4, 0.8 * 0.8 + 0.2 * 0.2);
    let (q12, w12) = of(0.1, 0.2 * 0.6);
    let (q22, w22) = of(0.3, 0.6 * 0.6);
    let r = [0.8 * b, 0.2 * b, 0.0, 0.6 * b];
    let unit = |c: f64, u: f64, w: f64| 2.0 / PI * (c / ((1.0 + u) * (1.0 + w)).sqrt()).asin();
    let own = unit(q11, q11, q11) + 1.6 * unit(q12, q11, q22) + 0.64 * unit(q22, q22, q22);
    let cross = unit(r[0], q11, 1.0) + unit(r[1], q11, 1.0) + 0.8 * unit(r[3], q22, 1.0);
    let error = 0.5 * (own - 2.0 * cross + 2.0 * unit(1.0, 1.0, 1.0));
    vec![error, q11, w11, q12, w12, q22, w22, r[0], r[1], r[2], r[3], 1.0, 0.8]
}
