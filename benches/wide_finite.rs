//! Networks of finite width: steps of full-batch training, and empirical tangent kernels.
//!
//! Training: sixteen examples in four dimensions, one output, one thread. Kernels: `n` examples of
//! 16 inputs, two hidden layers.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::net::LayeredNetwork;
use solvable::net::architecture::Architecture;
use solvable::net::fast::full_batch::FullBatch;
use solvable::net::layered::Sizes;
use solvable::net::unit::Nonlinearity;
use solvable::wide::finite::empirical_ntk::{empirical_ntk, mean_empirical_ntk};
use solvable::wide::finite::sphere_task::sphere_task;

/// Steps to a measurement.
const STEPS: usize = 50;

fn training(criterion: &mut Criterion) {
    let task = sphere_task().expect("the task is fixed");
    let mut group = criterion.benchmark_group("full_batch_step");
    for (phi, depth, width) in [
        (Nonlinearity::ERF, 1, 32),
        (Nonlinearity::ERF, 1, 512),
        (Nonlinearity::RELU, 1, 512),
        (Nonlinearity::RELU, 1, 2048),
        (Nonlinearity::ERF, 2, 256),
    ] {
        let architecture = Architecture::dense(phi, depth, 2f64.sqrt(), 0.1, 1.0, 0.0);
        let sizes = Sizes { n_in: 4, width, n_out: 1 };
        let net = LayeredNetwork::random(&architecture, sizes, 0).expect("a perceptron");
        let mut descent = FullBatch::trainer(net, &task, 0.05, true).expect("the shapes fit");
        group.throughput(Throughput::Elements(STEPS as u64));
        group.bench_function(BenchmarkId::new(format!("{phi}_depth{depth}"), width), |b| {
            b.iter(|| {
                let end = descent.steps() + STEPS as u64;
                descent.advance_to(end as f64)
            });
        });
    }
    group.finish();
}

fn kernels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("empirical_ntk");
    group.sample_size(20);
    for (n, width, n_out) in [(100, 256, 1), (400, 256, 1), (100, 1024, 1), (100, 256, 4)] {
        let architecture = Architecture::dense(Nonlinearity::RELU, 2, 2f64.sqrt(), 0.1, 1.0, 0.1);
        let sizes = Sizes { n_in: 16, width, n_out };
        let net = LayeredNetwork::random(&architecture, sizes, 0).expect("a perceptron");
        let x = gaussian(n, 16, 1.0, &mut stream(0, Purpose::Task, 0));
        let name = format!("n{n}_width{width}_outputs{n_out}");
        group.bench_function(BenchmarkId::new("pairs", &name), |b| {
            b.iter(|| empirical_ntk(&net, x.view(), None));
        });
        group.bench_function(BenchmarkId::new("mean", &name), |b| {
            b.iter(|| mean_empirical_ntk(&net, x.view(), None));
        });
    }
    group.finish();
}

criterion_group!(benches, training, kernels);
criterion_main!(benches);
