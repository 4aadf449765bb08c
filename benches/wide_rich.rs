//! Signals, feature learning and Bayesian networks: how long a prediction takes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use solvable::net::unit::Nonlinearity;
use solvable::wide::DeepLinearField;
use solvable::wide::SignalPropagation;
use solvable::wide::bayesian::scale_posterior::ScalePosterior;
use solvable::wide::signal::isometry::WeightEnsemble;
use solvable::wide::signal::jacobian_spectrum::JacobianSpectrum;

fn field_theory(c: &mut Criterion) {
    for steps in [50, 100, 200] {
        let field = DeepLinearField { hidden: 3, scale: 1.0, target: 1.5, rate: 0.01 };
        c.bench_function(&format!("field theory, 3 hidden layers, {steps} steps"), |b| {
            b.iter(|| field.solve(black_box(steps)).expect("valid parameters"));
        });
    }
}

fn phase_diagram(c: &mut Criterion) {
    for (name, nonlinearity, points) in
        [("erf", Nonlinearity::ERF, 40), ("tanh", Nonlinearity::Tanh, 5)]
    {
        c.bench_function(&format!("phase diagram, {name}, {points} x {points}"), |b| {
            b.iter(|| {
                let mut sum = 0.0;
                for i in 1..=points {
                    for j in 1..=points {
                        let share = |k: usize| k as f64 / points as f64;
                        let net = SignalPropagation {
                            nonlinearity,
                            weight_variance: black_box(4.0) * share(i),
                            bias_variance: share(j),
                        };
                        sum += net.fixed_point().expect("biases keep signals").correlation;
                    }
                }
                sum
            });
        });
    }
}

fn spectrum(c: &mut Criterion) {
    let net = SignalPropagation::edge_at_variance(Nonlinearity::Tanh, 0.5).expect("an edge");
    let places: Vec<f64> = (0..200).map(|i| (-8.0 + 0.05 * f64::from(i)).exp()).collect();
    c.bench_function("singular values of a tanh Jacobian, 200 places", |b| {
        b.iter(|| {
            let weights = WeightEnsemble::Orthogonal;
            let spectrum = JacobianSpectrum::new(&net, 0.5, black_box(8), weights);
            spectrum.and_then(|s| s.density(&places)).expect("a density")
        });
    });
}

fn posterior(c: &mut Criterion) {
    c.bench_function("scale of a Bayesian deep linear network, 100 widths", |b| {
        b.iter(|| {
            let at = |width| ScalePosterior {
                hidden: black_box(3),
                width,
                samples: 8,
                weight_variance: 1.4,
                fit: 2.3,
            };
            (10..110).map(|n| at(n).mean().expect("valid parameters")).sum::<f64>()
        });
    });
}

criterion_group!(benches, field_theory, phase_diagram, spectrum, posterior);
criterion_main!(benches);
