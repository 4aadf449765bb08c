//! Steps of online gradient descent per second, through `OnlineDescent` as a user calls it.
//!
//! N = 500 inputs, four erf students, four erf teachers, one thread; only the first layer or both; inputs
//! drawn in the loop or drawn before. The same task in NumPy and JAX is in `benches/peers`;
//! `benches/peers/run_online.py` measures all of them in turn.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array1, Array2};
use solvable::math::random::{Purpose, stream};
use solvable::net::online::gaussian_inputs::GaussianInputs;
use solvable::net::online::units::Inputs;
use solvable::net::{Engine, Nonlinearity};
use solvable::student_teacher::OnlineDescent;
use solvable::student_teacher::OrderParameters;
use solvable::student_teacher::flow::Learning;

const UNITS: usize = 4;
const INPUTS: usize = 500;
const STEPS: usize = 2000;

/// Students near their teachers, so that nothing diverges however long it runs.
fn student(readout_rate: f64) -> OnlineDescent {
    let start = OrderParameters {
        q: Array2::eye(UNITS) * 0.5,
        r: Array2::eye(UNITS) * 0.5,
        t: Array2::eye(UNITS),
        v: Array1::ones(UNITS),
        teacher_readout: Array1::ones(UNITS),
    };
    let learning = Learning { rate: 0.1, readout_rate, noise: 0.0 };
    OnlineDescent::new(Nonlinearity::ERF_SQRT2, learning, &start, INPUTS, 0)
        .expect("valid parameters")
}

fn online(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("online");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(STEPS as u64));
    let mut inputs = GaussianInputs::new(INPUTS, stream(0, Purpose::Task, 0));
    let drawn = Inputs::draw(&mut inputs, STEPS);
    for (layers, readout_rate) in [("first", 0.0), ("both", 0.1)] {
        group.bench_function(BenchmarkId::new("drawn", layers), |bencher| {
            let mut student = student(readout_rate);
            bencher.iter(|| student.advance(black_box(STEPS as u64)));
        });
        group.bench_function(BenchmarkId::new("given", layers), |bencher| {
            let mut student = student(readout_rate);
            bencher.iter(|| student.advance_on(black_box(&drawn)));
        });
    }
    group.finish();
}

/// Inputs alone, which are most of a step.
fn inputs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("inputs");
    group.throughput(Throughput::Elements(INPUTS as u64 * 8));
    group.bench_function("normal numbers", |bencher| {
        let mut inputs = GaussianInputs::new(INPUTS, stream(0, Purpose::Task, 0));
        bencher.iter(|| Inputs::draw(&mut inputs, 8));
    });
    group.finish();
}

criterion_group!(benches, online, inputs);
criterion_main!(benches);
