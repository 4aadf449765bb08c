//! Learning curves of linear students and ridge regression.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use solvable::Axis;
use solvable::Solvable;
use solvable::curve::Sweep;
use solvable::generalization::linear::effective_ridge::effective_ridges;
use solvable::generalization::linear::least_squares::{DOUBLE_DESCENT, LEAST_SQUARES, STOPPED};
use solvable::generalization::linear::noisy_teacher::{NoisyTeacher, errors};
use solvable::generalization::linear::ridge::RIDGE;
use solvable::generalization::linear::ridge_covariance::TWO_VARIANCES;
use solvable::generalization::linear::student::{Variances, errors_over_time};

fn log_grid(low: f64, high: f64, n: usize) -> Vec<f64> {
    let step = (high / low).ln() / (n - 1) as f64;
    (0..n).map(|i| low * (step * i as f64).exp()).collect()
}

fn curves(c: &mut Criterion) {
    // An even number of points: none of them is 1.
    let grid = log_grid(0.1, 10.0, 200);
    for (curve, over) in [
        (&RIDGE, "alpha"),
        (&LEAST_SQUARES, "alpha"),
        (&DOUBLE_DESCENT, "gamma"),
        (&STOPPED, "alpha"),
        (&TWO_VARIANCES, "alpha"),
    ] {
        let sweep = Sweep::new(curve, &[], over, Axis::Load, 100).expect("defaults");
        c.bench_function(&format!("{}, 200 points", curve.name), |b| {
            b.iter(|| black_box(sweep.predict(&grid).expect("away from the peak")));
        });
    }
}

fn courses(c: &mut Criterion) {
    let times = log_grid(0.05, 200.0, 200);
    let variances = Variances { teacher: 1.0, start: 0.0, noise: 0.2 };
    for alpha in [0.5, 1.0] {
        c.bench_function(&format!("linear student, α = {alpha}, 200 times"), |b| {
            b.iter(|| black_box(errors_over_time(alpha, &variances, &times).expect("positive")));
        });
    }
    let model = NoisyTeacher { strengths: vec![3.0, 1.5], ratio: 0.5, start: 1e-3, n_out: 100 };
    let times: Vec<f64> = (0..200).map(|i| 0.04 * f64::from(i)).collect();
    c.bench_function("noisy teacher, 200 times", |b| {
        b.iter(|| black_box(errors(&model, &times).expect("positive")));
    });
}

fn spectra(c: &mut Criterion) {
    let eigenvalues: Vec<f64> = (1..=10_000).map(|k| f64::from(k).powf(-1.5)).collect();
    let multiplicities = vec![1.0; eigenvalues.len()];
    let cases: Vec<(f64, f64)> =
        log_grid(10.0, 2000.0, 50).into_iter().map(|n| (n, 1e-3 / n)).collect();
    c.bench_function("effective ridge, 10,000 modes, 50 sizes", |b| {
        b.iter(|| {
            black_box(effective_ridges(&cases, &eigenvalues, &multiplicities).expect("positive"))
        });
    });
}

criterion_group! {
    name = generalization;
    config = Criterion::default().sample_size(20);
    targets = curves, courses, spectra
}
criterion_main!(generalization);
