//! Learning curves: how long a predicted curve takes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use solvable::generalization::HiddenManifold;
use solvable::generalization::KernelRegression;
use solvable::generalization::features::random_features::{Coefficients, bias_variance, relu};
use solvable::generalization::kernel::sphere::{Kernel, SphereSpectrum};

fn random_features(c: &mut Criterion) {
    let grid: Vec<f64> = (1..=200).map(|i| f64::from(i) * 0.0499).collect();
    c.bench_function("random features, 200 points", |b| {
        b.iter(|| {
            let errors = grid.iter().map(|psi| bias_variance(*psi, 3.0, black_box(1e-3), &relu()));
            errors.map(|e| e.expect("valid parameters").test_error(1.0, 0.0, 0.2)).sum::<f64>()
        });
    });
}

fn hidden_manifold(c: &mut Criterion) {
    let activation = Coefficients { constant: 0.0, linear: 0.65, nonlinear: 0.2 };
    c.bench_function("hidden manifold, 200 points", |b| {
        b.iter(|| {
            let points = (1..=200).map(|i| HiddenManifold {
                examples: f64::from(i) * 0.02,
                latent: 0.5,
                ridge: black_box(0.01),
                signal: 1.0,
                noise: 0.1,
                activation,
            });
            points.map(|m| m.solve().expect("valid parameters").test_error).sum::<f64>()
        });
    });
}

fn kernel(c: &mut Criterion) {
    let eigenvalues: Vec<f64> = (1..=10_000).map(|k| f64::from(k).powf(-1.5)).collect();
    let model = KernelRegression {
        powers: eigenvalues.clone(),
        multiplicities: vec![1.0; eigenvalues.len()],
        eigenvalues,
        ridge: 1e-3,
        remainder: 0.0,
        noise: 0.1,
    };
    let samples: Vec<f64> = (0..50).map(|i| 10f64.powf(1.0 + 0.06 * f64::from(i))).collect();
    c.bench_function("kernel learning curve, 10000 modes, 50 sample sizes", |b| {
        b.iter(|| model.learn(black_box(&samples)).expect("valid parameters"));
    });
    c.bench_function("spectrum of a tangent kernel on the sphere, 30 degrees", |b| {
        b.iter(|| SphereSpectrum::of_kernel(Kernel::Tangent { depth: black_box(2) }, 25, 30));
    });
}

criterion_group!(benches, random_features, hidden_manifold, kernel);
criterion_main!(benches);
