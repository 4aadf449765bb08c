//! Two tasks for the [list of models](crate::models).

use std::f64::consts::PI;

use ndarray::{arr1, arr2};

use super::overlaps::TwoTaskOverlaps;
use super::two_tasks::{Curriculum, Protection, TwoTasks};
use crate::contract::CurveCase;
use crate::net::Nonlinearity;
use crate::student_teacher::flow::Learning;
use crate::student_teacher::order_parameters::OrderParameters;

/// Every case of continual learning.
pub const ALL: &[CurveCase] = &[
    CurveCase {
        name: "two-tasks",
        summary: "a second task after the first: errors and overlaps in the order of learning",
        reference: "lee2021",
        model: |size| Ok(Box::new(two_tasks(size))),
        size: 80,
        grid: GRID,
        runs: 24,
        limits: || vec![(0.0, at_start())],
        limit_gap: 1e-12,
    },
    CurveCase {
        name: "two-tasks-mixed",
        summary: "examples of two tasks in turn, each for its own head",
        reference: "lee2021",
        model: |size| {
            let curriculum = Curriculum::interleaved(0.4);
            Ok(Box::new(TwoTasks { curriculum, ..two_tasks(size) }))
        },
        size: 80,
        grid: GRID,
        runs: 24,
        limits: || vec![(0.0, at_start())],
        limit_gap: 1e-12,
    },
    CurveCase {
        name: "two-tasks-frozen",
        summary: "a second task while one hidden unit is kept as it was",
        reference: "lee2021",
        model: |size| {
            let protection = Protection::Frozen(vec![1]);
            Ok(Box::new(TwoTasks { protection, ..two_tasks(size) }))
        },
        size: 80,
        grid: GRID,
        runs: 24,
        limits: || vec![(0.0, at_start())],
        limit_gap: 1e-12,
    },
    CurveCase {
        name: "two-tasks-elastic",
        summary: "a second task under elastic weight consolidation, with a little replay",
        reference: "kirkpatrick2017",
        model: |size| {
            let protection = Protection::Elastic { strength: 3.0 };
            let curriculum = Curriculum::replay(8.0, 0.1);
            Ok(Box::new(TwoTasks { protection, curriculum, ..two_tasks(size) }))
        },
        size: 80,
        grid: GRID,
        runs: 24,
        limits: || vec![(0.0, at_start())],
        limit_gap: 1e-12,
    },
];

const GRID: &[f64] = &[1.0, 4.0, 8.0, 9.0, 12.0, 16.0];

/// Two units that have begun to learn the first of two teachers of one unit each.
pub(super) fn two_tasks(size: usize) -> TwoTasks {
    let both = OrderParameters {
        q: arr2(&[[0.3, 0.1], [0.1, 0.4]]),
        r: arr2(&[[0.3, 0.2], [-0.1, 0.2]]),
        t: arr2(&[[1.0, 0.5], [0.5, 1.0]]),
        v: arr1(&[0.5, 0.8]),
        teacher_readout: arr1(&[1.0, 1.0]),
    };
    TwoTasks {
        activation: Nonlinearity::ERF_SQRT2,
        learning: Learning { rate: 0.5, readout_rate: 0.5, noise: 0.1 },
        start: TwoTaskOverlaps { both, second_head: arr1(&[0.5, -0.4]), n_first: 1 },
        curriculum: Curriculum::sequential(8.0),
        protection: Protection::None,
        size,
    }
}

/// The start by hand: erf units with overlaps c, u, w correlate as (2/π) asin(c/√((1 + u)(1 + w))).
fn at_start() -> Vec<f64> {
    let unit = |c: f64, u: f64, w: f64| 2.0 / PI * (c / ((1.0 + u) * (1.0 + w)).sqrt()).asin();
    let error = |h: [f64; 2], r: [f64; 2]| {
        let own = h[0] * h[0] * unit(0.3, 0.3, 0.3)
            + 2.0 * h[0] * h[1] * unit(0.1, 0.3, 0.4)
            + h[1] * h[1] * unit(0.4, 0.4, 0.4);
        let cross = h[0] * unit(r[0], 0.3, 1.0) + h[1] * unit(r[1], 0.4, 1.0);
        0.5 * (own - 2.0 * cross + unit(1.0, 1.0, 1.0))
    };
    let errors = [error([0.5, 0.8], [0.3, -0.1]), error([0.5, -0.4], [0.2, 0.2])];
    let overlaps = [0.3, 0.1, 0.4, 0.3, 0.2, -0.1, 0.2];
    let heads = [0.5, 0.8, 0.5, -0.4];
    errors.into_iter().chain(overlaps).chain(heads).collect()
}
