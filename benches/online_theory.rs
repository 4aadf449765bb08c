//! Order parameters of online learning: how long a theory curve takes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2, arr1, arr2};
use solvable::net::Nonlinearity;
use solvable::student_teacher::OrderParameters;
use solvable::student_teacher::SymmetricPlateau;
use solvable::student_teacher::flow::stationary::settle;
use solvable::student_teacher::flow::{Learning, solve};

/// Times 0, 2, …, 200.
fn times() -> Vec<f64> {
    (0..=100).map(|i| 2.0 * f64::from(i)).collect()
}

/// Two students that cross the plateau of two teachers and specialize.
fn two_of_two(c: &mut Criterion) {
    let start = OrderParameters {
        q: arr2(&[[0.25, 0.02], [0.02, 0.3]]),
        r: arr2(&[[0.01, 0.0], [0.0, 0.02]]),
        t: Array2::eye(2),
        v: arr1(&[1.0, 1.0]),
        teacher_readout: arr1(&[1.0, 1.0]),
    };
    for (activation, rate) in [(Nonlinearity::ERF_SQRT2, 1.0), (Nonlinearity::RELU, 0.3)] {
        let learning = Learning { rate, readout_rate: 0.0, noise: 0.0 };
        c.bench_function(&format!("order parameters, K = M = 2, {activation}, to t = 200"), |b| {
            b.iter(|| solve(activation, &learning, black_box(&start), &times()));
        });
    }
}

/// Four students and four teachers, both layers, noise.
fn four_of_four(c: &mut Criterion) {
    let ones = Array1::ones(4);
    let start = OrderParameters::random_student(&Array2::eye(4), &ones, &ones, 0.5, 1000, 0)
        .expect("a valid start");
    for activation in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU] {
        let learning = Learning { rate: 0.3, readout_rate: 0.3, noise: 0.1 };
        c.bench_function(&format!("order parameters, K = M = 4, {activation}, to t = 200"), |b| {
            b.iter(|| solve(activation, &learning, black_box(&start), &times()));
        });
    }
}

/// The end of learning, and the plateau before.
fn fixed_points(c: &mut Criterion) {
    let (t, ones) = (Array2::eye(3), Array1::ones(3));
    let start = OrderParameters::random_student(&t, &ones, &Array1::ones(4), 0.5, 1000, 0)
        .expect("a valid start");
    let learning = Learning { rate: 0.2, readout_rate: 0.0, noise: 0.01 };
    c.bench_function("stationary error, K = 4, M = 3, erf", |b| {
        b.iter(|| settle(Nonlinearity::ERF_SQRT2, &learning, black_box(&start)));
    });
    c.bench_function("escape rate, K = 4, M = 3, erf", |b| {
        b.iter(|| SymmetricPlateau::of(Nonlinearity::ERF_SQRT2, &learning, black_box(&start)));
    });
}

criterion_group! {
    name = online_theory;
    config = Criterion::default().sample_size(20);
    targets = two_of_two, four_of_four, fixed_points
}
criterion_main!(online_theory);
