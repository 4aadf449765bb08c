//! Wide networks for the [list of models](crate::models).

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
    size: 96,
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
/// Biases measured on 8000 draws at widths 32, 64 and 128 and 4000 at 256, in units of 1/width. Mean
/// losses are farthest from the limit after 10 or 20 steps: 0.89 ± 0.02, 1.01 ± 0.04, 1.14 ± 0.07,
/// 1.2 ± 0.1. The first output is after 20 or 50: 1.91 ± 0.04, 2.27 ± 0.07, 2.90 ± 0.13, 2.75 ± 0.18;
/// the second stays within that: at most 1.55 ± 0.13, 2.07 ± 0.25, 2.1 ± 0.5, 3.4 ± 1.3.
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
        loss_bias: 1.4,
        output_bias: 3.2,
    })
}
