//! Wide networks for the [list of models](crate::models).

#[cfg(test)]
mod measured_bias;
pub mod rich;

use ndarray::{Axis as Direction, concatenate, s};

use super::finite::sphere_task::sphere_task;
use super::finite::trained_network::TrainedNetwork;
use crate::contract::CurveCase;
use crate::net::architecture::Architecture;
use crate::net::unit::Nonlinearity;
use crate::{Dataset, Error, Result};

/// Networks of growing width.
pub const ALL: &[CurveCase] = &[TRAINED_NETWORK];

const TRAINED_NETWORK: CurveCase = CurveCase {
    name: "wide-network",
    summary: "training of wide erf networks, and what they make of new inputs",
    reference: "lee2019",
    model: |width| Ok(Box::new(odd_network(width)?)),
    size: 128,
    grid: &[0.0, 5.0, 10.0, 20.0, 50.0, 100.0],
    runs: 300,
    limits: || {
        // At the start K = (2/π) asin(2q/(1 + 2q)), q = 2, for unit labels. At the end the first test
        // output is known from symmetry; the second is Θ∗Θ⁻¹y solved with NumPy.
        let variance = 0.8f64.asin() * std::f64::consts::FRAC_2_PI;
        let start = vec![0.5 * (1.0 + variance), 0.0, 0.0];
        vec![(0.0, start), (1e7, vec![0.0, -1.0, -0.803_796_641_642_685_6])]
    },
    limit_gap: 1e-11,
};

/// One hidden layer of erf units without biases: every draw is an odd function. It learns the first
/// four points of the [sphere task](sphere_task) and is tested opposite to the first, and on the
/// seventh.
///
/// Biases measured on 12 000 draws at each of the widths 48, 96, 192, 384 and 768, in units of 1/width,
/// where they are largest over time, fitted as c + d/N + e/N². They still grow at these widths, up to c.
/// Mean losses are farthest from the limit after 15 steps: 1.046 ± 0.008, 1.152 ± 0.009, 1.226 ± 0.010,
/// 1.267 ± 0.011, 1.315 ± 0.012, with c = 1.331 ± 0.011. The first output is after 32: 2.496 ± 0.030,
/// 3.020 ± 0.037, 3.331 ± 0.043, 3.631 ± 0.049, 3.744 ± 0.052, with c = 3.857 ± 0.050; the second stays
/// within that, with c = −2.77 ± 0.12. Bounds are c and four standard errors, for every width. To measure
/// again: `cargo test --release --lib measured_bias -- --ignored --nocapture`.
fn odd_network(width: usize) -> Result<TrainedNetwork> {
    let task = sphere_task()?;
    let opposite = task.inputs.slice(s![..1, ..]).mapv(|x| -x);
    let test = concatenate(Direction(0), &[opposite.view(), task.inputs.slice(s![6..7, ..])])
        .map_err(|e| Error::shape("test inputs", task.inputs.dim(), e.to_string()))?;
    let targets = task.targets.slice(s![..4, ..]).to_owned();
    Ok(TrainedNetwork {
        architecture: Architecture::dense(Nonlinearity::ERF, 1, 2f64.sqrt(), 0.0, 1.0, 0.0),
        data: Dataset::new(task.inputs.slice(s![..4, ..]).to_owned(), targets)?,
        test,
        rate: 0.585,
        width,
        loss_bias: 1.38,
        output_bias: 4.06,
    })
}
