//! Online learning for the list of [learning curves](crate::models::curves): networks of N inputs along
//! time.

use ndarray::{arr1, arr2};

use super::finite::online_network::OnlineNetwork;
use super::flow::Learning;
use super::order_parameters::OrderParameters;
use crate::Result;
use crate::contract::{CurveCase, Model};
use crate::net::Nonlinearity;

/// Students that learn online.
pub const ALL: &[CurveCase] = &[
    CurveCase {
        name: "online-erf",
        summary: "three erf units learn three teachers of different length, one example a step",
        reference: "saad1995",
        model: |n_in| boxed(OnlineNetwork::saad_solla_1995(0.5, 0.3, n_in)),
        size: 200,
        grid: &[0.5, 2.0, 5.0, 10.0, 30.0],
        runs: 16,
        // The start; its error by quadrature over pairs of fields, in another program.
        limits: || {
            let q = [0.2, 0.0, 0.0, 0.3, 0.0, 0.4];
            let r = [0.3, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 0.3];
            vec![(0.0, [&[0.586_474_092_252_39][..], &q, &r].concat())]
        },
        limit_gap: 1e-12,
    },
    CurveCase {
        name: "online-relu",
        summary: "two ReLU units with readouts learn overlapping teachers, one noisy example a step",
        reference: "goldt2019",
        model: |n_in| boxed(OnlineNetwork::rectified(n_in)),
        size: 200,
        grid: &[0.5, 2.0, 5.0, 15.0],
        runs: 16,
        // The start; its error by the integral over angles, in another program.
        limits: || {
            let start = [0.448_296_333_619, 0.3, 0.05, 0.4, 0.3, 0.0, 0.0, 0.2, 0.8, 1.0];
            vec![(0.0, start.to_vec())]
        },
        limit_gap: 1e-11,
    },
    CurveCase {
        name: "online-linear",
        summary: "a linear unit learns the sum of two, one noisy example a step",
        reference: "goldt2019",
        model: |n_in| boxed(linear(n_in)),
        size: 100,
        grid: &[0.5, 1.0, 2.0, 5.0, 20.0],
        runs: 24,
        // The start, ½ (Q − 2 (R_1 + R_2) + |sum of teachers|²); at the end the unit is that sum and
        // jitters about it: the error is ησ²/(4 − 2η), half of what is added to Q.
        limits: || {
            let jitter = 0.5 * 0.25 / (4.0 - 1.0);
            vec![
                (0.0, vec![1.45, 0.5, 0.2, -0.1]),
                (100.0, vec![jitter, 2.6 + 2.0 * jitter, 1.3, 1.3]),
            ]
        },
        limit_gap: 1e-11,
    },
    CurveCase {
        name: "online-both-layers",
        summary: "four erf units and their readouts learn two, one noisy example a step",
        reference: "goldt2019",
        model: |n_in| {
            let learning = Learning { rate: 0.5, readout_rate: 0.5, noise: 0.2 };
            boxed(OnlineNetwork::goldt_2019(Nonlinearity::ERF_SQRT2, 4, learning, n_in)?)
        },
        size: 200,
        grid: &[0.5, 2.0, 5.0, 15.0],
        runs: 16,
        // The start; its error by quadrature over pairs of fields, in another program.
        limits: || {
            let q = [0.24, 0.0, 0.09, 0.0, 0.24, 0.0, 0.09, 0.2525, 0.0, 0.2525];
            let r = [0.3, 0.0, 0.0, 0.3, 0.3, 0.0, 0.0, 0.3];
            vec![(0.0, [&[0.176_221_313_454_19][..], &q, &r, &[0.5; 4]].concat())]
        },
        limit_gap: 1e-12,
    },
];

/// One linear unit, two teachers that overlap.
fn linear(n_in: usize) -> OnlineNetwork {
    OnlineNetwork {
        activation: Nonlinearity::Linear,
        start: OrderParameters {
            q: arr2(&[[0.5]]),
            r: arr2(&[[0.2, -0.1]]),
            t: arr2(&[[1.0, 0.3], [0.3, 1.0]]),
            v: arr1(&[1.0]),
            teacher_readout: arr1(&[1.0, 1.0]),
        },
        learning: Learning { rate: 0.5, readout_rate: 0.0, noise: 0.5 },
        n_in,
    }
}

fn boxed(model: OnlineNetwork) -> Result<Model> {
    Ok(Box::new(model))
}
