//! Closed forms: how long an exact prediction takes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use solvable::Correlations;
use solvable::deep_linear::RiccatiFlow;
use solvable::deep_linear::balanced::sample_two_layer;
use solvable::deep_linear::depth::DepthMode;
use solvable::deep_linear::two_layer::TwoLayerMode;
use solvable::math::random::{Purpose, gaussian, stream};

/// Eight two-layer modes at a thousand times, from unequal layers (the general formula).
fn two_layer_modes(c: &mut Criterion) {
    let modes: Vec<_> = (0..8)
        .map(|k| TwoLayerMode::new(1.0 / f64::from(k + 1), 0.5, &[0.01, 0.02], &[0.02, -0.01]))
        .map(|mode| mode.expect("valid parameters"))
        .collect();
    let times: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.05).collect();
    let mut out = vec![0.0; 8 * times.len()];
    c.bench_function("two-layer closed form, 8 modes, 1000 times", |b| {
        b.iter(|| {
            for (mode, row) in modes.iter().zip(out.chunks_exact_mut(times.len())) {
                for (t, u) in times.iter().zip(row) {
                    *u = mode.strength(*t);
                }
            }
            black_box(&mut out);
        });
    });
}

/// One mode at depth 5, by quadrature and inversion.
fn deep_mode(c: &mut Criterion) {
    let mode = DepthMode::new(1.0, 0.5, 5.0, 1e-4).expect("valid parameters");
    let times: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.5).collect();
    c.bench_function("depth 5, 1 mode, 1000 times", |b| {
        b.iter(|| mode.strengths(black_box(&times)));
    });
}

/// QQᵀ of 64 inputs, 64 hidden units and 64 outputs at 200 times: all three blocks.
fn matrix_solution(c: &mut Criterion) {
    let mut rng = stream(0, Purpose::Task, 0);
    let task: Array2<f64> = gaussian(64, 64, 1.0 / 8.0, &mut rng);
    let task = Correlations::white(task, 1.0).expect("a valid task");
    let s0 = vec![0.01; 64];
    let (w1, w2) = sample_two_layer(64, 64, &s0, 0.0, &mut rng).expect("a valid start");
    let times: Vec<f64> = (1..=200).map(|i| f64::from(i) * 0.1).collect();
    c.bench_function("QQᵀ of 64 + 64 units, 200 times, set-up and all blocks", |b| {
        b.iter(|| {
            let flow = RiccatiFlow::new(&task, &w1, &w2, 0.0).expect("white inputs");
            let modes = flow.modes();
            for state in flow.states(&times).expect("increasing times") {
                black_box(state.blocks(modes));
            }
        });
    });
    c.bench_function("QQᵀ of 64 + 64 units, 200 times, mode strengths", |b| {
        b.iter(|| {
            let flow = RiccatiFlow::new(&task, &w1, &w2, 0.0).expect("white inputs");
            let states = flow.states(&times).expect("increasing times");
            black_box(states.iter().map(|state| state.strengths()).collect::<Vec<_>>())
        });
    });
}

criterion_group! {
    name = theory;
    config = Criterion::default().sample_size(20);
    targets = two_layer_modes, deep_mode, matrix_solution
}
criterion_main!(theory);
