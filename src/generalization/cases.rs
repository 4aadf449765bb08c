//! Learning curves for the [list of models](crate::models).

use crate::models::CurveCase;

/// Every learning curve.
pub const ALL: &[CurveCase] = &[];
