//! Perceptrons, classifiers and message passing: how long a learning curve takes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use solvable::generalization::perceptron::classification::{Loss, penalized_classifier};
use solvable::generalization::perceptron::ising::quenched_transition;
use solvable::generalization::perceptron::message_passing::{Channel, Inference, Prior};
use solvable::generalization::perceptron::rules::{gibbs, hebb, maximum_margin, pseudo_inverse};

/// 200 loads from 0.1 to 10.
fn loads() -> Vec<f64> {
    (0..200).map(|i| 0.1 * 100f64.powf(f64::from(i) / 199.0)).collect()
}

fn rules(c: &mut Criterion) {
    let mut group = c.benchmark_group("perceptron, 200 loads");
    let loads = loads();
    group.bench_function("Hebb and pseudo-inverse", |b| {
        b.iter(|| -> f64 {
            let both = |a: &f64| hebb(*a).unwrap_or(0.5) + pseudo_inverse(*a).unwrap_or(0.5);
            black_box(&loads).iter().map(both).sum()
        });
    });
    group.bench_function("Gibbs and Bayes", |b| {
        b.iter(|| black_box(&loads).iter().map(|a| gibbs(*a)).filter(Result::is_ok).count());
    });
    group.bench_function("maximum margin", |b| {
        b.iter(|| {
            black_box(&loads).iter().map(|a| maximum_margin(*a)).filter(Result::is_ok).count()
        });
    });
    group.finish();
}

fn ising(c: &mut Criterion) {
    c.bench_function("Ising perceptron, quenched transition and spinodal", |b| {
        b.iter(quenched_transition);
    });
}

fn classifiers(c: &mut Criterion) {
    let mut group = c.benchmark_group("classifier, 10 loads from 0.5 to 10");
    let loads: Vec<f64> = (0..10).map(|i| 0.5 * 20f64.powf(f64::from(i) / 9.0)).collect();
    for (loss, name) in [(Loss::Logistic, "logistic"), (Loss::Hinge, "hinge")] {
        for lambda in [0.01, 1.0] {
            group.bench_function(format!("{name}, λ = {lambda}"), |b| {
                let point = |a: &f64| penalized_classifier(loss, *a, lambda);
                b.iter(|| black_box(&loads).iter().map(point).filter(Result::is_ok).count());
            });
        }
    }
    group.finish();
}

fn messages(c: &mut Criterion) {
    let case = Inference { prior: Prior::Ising, channel: Channel::Sign, alpha: 1.2 };
    c.bench_function("state evolution, signs, 100 iterations", |b| {
        b.iter(|| black_box(case).state_evolution(100));
    });
}

criterion_group!(benches, rules, ising, classifiers, messages);
criterion_main!(benches);
