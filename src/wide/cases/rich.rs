//! Signals in deep networks, feature learning and Bayesian networks for the
//! [list of models](crate::models).

use crate::Axis;
use crate::contract::{CurveCase, End, ModelCase};
use crate::curve::Sweep;
use crate::net::unit::Nonlinearity;
use crate::wide::bayesian::renormalized_scale::RENORMALIZED_SCALE;
use crate::wide::rich::descent::RichNetwork;
use crate::wide::rich::dmft::DeepLinearField;
use crate::wide::rich::two_layer::{Kernels, TwoLayerRich};
use crate::wide::signal::deep_signal::DeepSignal;
use crate::wide::signal::propagation::SignalPropagation;

/// Systems whose theory is that of infinite width.
pub const ALL: &[CurveCase] = &[
    CurveCase {
        name: "signal-propagation",
        summary: "variance and correlation of two inputs through a deep chaotic network",
        reference: "poole2016",
        model: |width| {
            // Without biases, q* = σ_w²(2/π) asin(2q*/(1 + 2q*)) = 1/2 exactly.
            let network = SignalPropagation {
                nonlinearity: Nonlinearity::ERF,
                weight_variance: 1.5,
                bias_variance: 0.0,
            };
            Ok(Box::new(DeepSignal { network, variance: 0.8, correlation: 0.6, width }))
        },
        size: 60,
        grid: &[0.0, 1.0, 2.0, 3.0, 5.0],
        runs: 60,
        // The start; and the end, where odd units without biases decorrelate, as 0.955^l.
        limits: || vec![(0.0, vec![0.8, 0.6]), (800.0, vec![0.5, 0.0])],
        limit_gap: 1e-12,
    },
    CurveCase {
        name: "rich-deep-linear",
        summary: "a deep linear network that learns features, from a random start",
        reference: "bordelon2022",
        model: |width| {
            let field = DeepLinearField { hidden: 2, scale: 1.0, target: 1.5, rate: 0.02 };
            Ok(Box::new(RichNetwork { field, width, centered: true }))
        },
        size: 80,
        grid: &[0.1, 0.2, 0.4, 0.6, 0.8],
        runs: 24,
        limits: || vec![(0.0, vec![0.0, 1.0, 3.0, 1.125])],
        limit_gap: 1e-12,
    },
    CurveCase {
        name: "deep-linear-scale",
        summary: "how deep linear networks rescale their kernel when they learn",
        reference: "li2021",
        model: |size| {
            let fixed = [("hidden", 1.0)];
            let curve = &RENORMALIZED_SCALE;
            Ok(Box::new(Sweep::new(curve, &fixed, "alpha", Axis::Load, size)?))
        },
        size: 10,
        grid: &[0.1, 0.2, 0.3, 0.4],
        runs: 16,
        // Few examples leave the kernel of the prior, σ^{2L}.
        limits: || vec![(1e-6, vec![1.2])],
        limit_gap: 1e-5,
    },
];

/// Networks that learn in time, exact at any width.
pub const COURSES: &[ModelCase] = &[ModelCase {
    name: "rich-two-layer",
    summary: "a two-layer linear network between lazy and rich, exact for its initial kernels",
    reference: "bordelon2022",
    model: |rate| Ok(Box::new(two_layer(rate))),
    rate: 0.002,
    grid: &times::<41>(2.0),
    seeds: &[0, 1, 2],
    // f = y, H + G = 2√(c² + γ²y²) with c² = (1.1)² − 0.3², H − G = −0.4.
    end: || {
        let root = (1.21f64 - 0.09 + 2.25).sqrt();
        Ok(End { values: vec![1.5, root - 0.2, 2.0 * root, 0.0], after: 30.0 / (2.0 * root) })
    },
    restart: |time| {
        let start = two_layer(0.002).after(time)?;
        Ok(Box::new(TwoLayerRich { start, ..two_layer(0.002) }))
    },
    exact: true,
}];

fn two_layer(rate: f64) -> TwoLayerRich {
    let start = Kernels { output: -0.3, hidden: 0.9, readout: 1.3 };
    TwoLayerRich { scale: 1.0, target: 1.5, start, width: 16, rate }
}

/// `N` even times from 0 to `last`.
const fn times<const N: usize>(last: f64) -> [f64; N] {
    let mut grid = [0.0; N];
    let mut i = 0;
    while i < N {
        grid[i] = last * i as f64 / (N - 1) as f64;
        i += 1;
    }
    grid
}
