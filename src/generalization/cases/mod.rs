//! Learning curves for the [list of models](crate::models), and students that learn in time.

use crate::contract::Model;
use crate::curve::{Curve, Sweep};
use crate::{Axis, Result};

pub mod kernels;
pub mod linear;
pub mod perceptrons;

/// A curve along one of its parameters.
fn sweep(
    curve: &'static Curve,
    fixed: &[(&str, f64)],
    over: &'static str,
    axis: Axis,
    size: usize,
) -> Result<Model> {
    Ok(Box::new(Sweep::new(curve, fixed, over, axis, size)?))
}
