//! Training dynamics of the ensemble of wide networks: the case held against neural-tangents (see
//! `peers/wide_dynamics_nt.py`), and how cost grows with examples, test points and times.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::net::architecture::Architecture;
use solvable::net::unit::Nonlinearity;
use solvable::wide::Posterior;
use solvable::wide::TrainedEnsemble;
use solvable::wide::Training;
use solvable::wide::kernel::dense::{Kernels, kernels};

struct Case {
    train: Kernels,
    cross: Kernels,
    prior: Array2<f64>,
    targets: Array2<f64>,
}

/// A ReLU network with three hidden layers on Gaussian inputs of 64 dimensions.
fn case(n: usize, m: usize) -> Case {
    let mut rng = stream(0, Purpose::Task, 0);
    let (x, z) = (gaussian(n, 64, 1.0, &mut rng), gaussian(m, 64, 1.0, &mut rng));
    let network = Architecture::dense(Nonlinearity::RELU, 3, 2f64.sqrt(), 0.1, 1.0, 0.0);
    let of = |a: &Array2<f64>, b: Option<&Array2<f64>>| {
        kernels(&network, a.view(), b.map(|b| b.view())).expect("finite inputs")
    };
    Case {
        train: of(&x, None),
        cross: of(&z, Some(&x)),
        prior: of(&z, None).nngp,
        targets: gaussian(n, 1, 1.0, &mut rng),
    }
}

impl Case {
    fn ensemble(&self) -> TrainedEnsemble {
        let Self { train, targets, .. } = self;
        TrainedEnsemble::new(&train.nngp, &train.ntk, targets, Training::flow(1.0))
            .expect("kernels")
    }
}

fn times(n: usize) -> Vec<f64> {
    (0..n).map(|k| 10f64.powf(6.0 * k as f64 / (n - 1) as f64)).collect()
}

fn against_neural_tangents(c: &mut Criterion) {
    let mut group = c.benchmark_group("wide dynamics, 1000 examples, 200 test points, 100 times");
    group.sample_size(10);
    let (case, times) = (case(1000, 200), times(100));
    group.bench_function("eigendecomposition", |b| b.iter(|| black_box(case.ensemble())));
    let ensemble = case.ensemble();
    let prior = case.prior.diag().to_owned();
    let test = || {
        let Kernels { nngp, ntk } = &case.cross;
        ensemble.test_points(nngp, ntk, &prior).expect("kernels")
    };
    group.bench_function("means", |b| b.iter(|| test().means(&times).expect("times")));
    group.bench_function("variances", |b| b.iter(|| test().variances(&times).expect("times")));
    group.bench_function("means and covariances", |b| {
        b.iter(|| {
            let test = test();
            let means = test.means(&times).expect("times");
            (means, test.covariances(&times, &case.prior).expect("times"))
        });
    });
    group.bench_function("posterior", |b| {
        b.iter(|| {
            let posterior = Posterior::new(&case.train.nngp, &case.targets, 0.01).expect("kernel");
            posterior.predict(&case.cross.nngp, &case.prior).expect("kernels")
        });
    });
    group.finish();
}

/// One of them changes: examples, test points, times.
fn growth(c: &mut Criterion) {
    let standard = [400, 100, 50];
    let sweeps = [
        ("examples", [200, 400, 800, 1600]),
        ("test points", [50, 100, 200, 400]),
        ("times", [25, 50, 100, 200]),
    ];
    let mut group = c.benchmark_group("wide dynamics growth");
    group.sample_size(10);
    for (which, (name, values)) in sweeps.iter().enumerate() {
        for value in values {
            let mut size = standard;
            size[which] = *value;
            let (case, times) = (case(size[0], size[1]), times(size[2]));
            let ensemble = case.ensemble();
            let prior = case.prior.diag().to_owned();
            group.bench_function(BenchmarkId::new(*name, value), |b| {
                b.iter(|| {
                    let Kernels { nngp, ntk } = &case.cross;
                    let test = ensemble.test_points(nngp, ntk, &prior).expect("kernels");
                    test.covariances(&times, &case.prior).expect("times")
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, against_neural_tangents, growth);
criterion_main!(benches);
