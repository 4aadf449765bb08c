//! Steps of full-batch gradient descent per second, through `gradient_descent` as a user calls it.
//!
//! Networks n-n-n (two n × n weight matrices), inputs with a general covariance, one thread. The
//! same task in NumPy and JAX is in `benches/peers`; `benches/peers/run.py` measures all of them in
//! turn.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::net::{LinearNetwork, gradient_descent, initial};
use solvable::{Correlations, Dataset};

const RATE: f64 = 1e-3;

/// A general task and small random weights, n-n-n.
fn setting(n: usize) -> (LinearNetwork, Correlations) {
    let mut rng = stream(0, Purpose::Task, 0);
    let inputs = gaussian(4 * n, n, 1.0, &mut rng);
    let targets = inputs.dot(&gaussian(n, n, (n as f64).powf(-0.5), &mut rng));
    let data = Dataset::new(inputs, targets).expect("finite data");
    let std = 0.3 / (n as f64).sqrt();
    let weights = initial::gaussian(&[n, n, n], &[std, std], &mut rng).expect("valid widths");
    let net = LinearNetwork::new(weights).expect("chained weights");
    (net, Correlations::of(&data).expect("finite correlations"))
}

/// Steps of all sizes, recorded once at the end or after (and within) every step.
fn descent(criterion: &mut Criterion) {
    for (name, records_per_step) in [("descent", 0.0), ("recorded", 1.0), ("interpolated", 0.9)] {
        let mut group = criterion.benchmark_group(name);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        for n in [8, 16, 32, 64, 128] {
            let steps = 2_000_000 / (n * n);
            let (net, task) = setting(n);
            let end = steps as f64 * RATE;
            let records = 1.max((records_per_step * steps as f64) as usize);
            let times: Vec<_> = (1..=records).map(|i| end * i as f64 / records as f64).collect();
            group.throughput(Throughput::Elements(steps as u64));
            group.bench_function(BenchmarkId::from_parameter(n), |bencher| {
                bencher.iter(|| {
                    gradient_descent(black_box(net.clone()), &task, RATE, &times, |_, net| {
                        black_box(net);
                        Ok(())
                    })
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, descent);
criterion_main!(benches);
