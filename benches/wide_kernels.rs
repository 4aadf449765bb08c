//! Kernels of wide dense networks: 1000 examples of dimension 64, three hidden layers, as in
//! `benches/peers/wide_kernels_nt.py`.
//!
//! Set `RAYON_NUM_THREADS=1` to compare with one thread.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::net::architecture::Architecture;
use solvable::wide::kernel::dense::kernels;
use solvable::wide::kernel::sphere::{Which, spectrum};

fn dense(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels of 1000 examples");
    let x = gaussian(1000, 64, 1.0, &mut stream(0, Purpose::Task, 0));
    for name in ["relu", "erf", "gelu", "tanh"] {
        let nonlinearity = name.parse().expect("a nonlinearity");
        let network = Architecture::dense(nonlinearity, 3, 2f64.sqrt(), 0.1, 1.0, 0.0);
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| kernels(&network, black_box(x.view()), None).expect("valid inputs"));
        });
    }
    group.finish();
}

fn growth(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernels, relu");
    for n in [250, 500, 1000, 2000] {
        let x = gaussian(n, 64, 1.0, &mut stream(0, Purpose::Task, 0));
        let relu = "relu".parse().expect("a nonlinearity");
        let network = Architecture::dense(relu, 3, 2f64.sqrt(), 0.1, 1.0, 0.0);
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter(|| kernels(&network, black_box(x.view()), None).expect("valid inputs"));
        });
    }
    group.finish();
}

fn sphere(c: &mut Criterion) {
    for name in ["relu", "tanh"] {
        let nonlinearity = name.parse().expect("a nonlinearity");
        let network = Architecture::dense(nonlinearity, 3, 2f64.sqrt(), 0.1, 1.0, 0.0);
        c.bench_function(&format!("spectrum on the sphere, 30 degrees, {name}"), |b| {
            b.iter(|| spectrum(&network, Which::Tangent, 1.0, black_box(10), 30));
        });
    }
}

criterion_group!(benches, dense, growth, sphere);
criterion_main!(benches);
