//! Learning curves for the [list of models](crate::models).

use super::curve::Sweep;
use super::ridge::RIDGE;
use crate::Axis;
use crate::models::CurveCase;

/// Every learning curve.
pub const ALL: &[CurveCase] = &[CurveCase {
    name: "ridge",
    summary: "ridge regression of a noisy linear teacher",
    reference: "advani2020",
    model: |size| Ok(Box::new(Sweep::new(&RIDGE, &[("ridge", 0.2)], "alpha", Axis::Load, size)?)),
    size: 100,
    grid: &[0.3, 0.7, 1.0, 1.5, 3.0],
    runs: 100,
    limits: || {
        // Very many examples: only the label noise remains.
        vec![(1e3, vec![0.2, 0.2])]
    },
    limit_gap: 1e-3,
}];
