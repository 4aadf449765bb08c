//! Kernels of convolutional networks: the two sizes held against neural-tangents (see
//! `peers/wide_conv_nt.py`), and how cost grows with everything.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array4;
use solvable::net::architecture::Architecture;
use solvable::net::architecture::parse::{LayerDefaults, parse};
use solvable::task::images::ShapeImages;
use solvable::wide::kernel::conv::kernels;

fn images(n: usize, side: usize) -> Array4<f64> {
    let task = ShapeImages { height: side, width: side, channels: 3, ..ShapeImages::default() };
    task.sample(n, 0).expect("valid parameters").images
}

/// `depth` convolutions k × k with ReLU, and what merges the places.
fn network(depth: usize, k: usize, merge: &str) -> Architecture {
    let words = format!("{}{merge} dense", format!("{k}x{k} relu ").repeat(depth));
    let defaults = LayerDefaults { bias_std: 0.1, ..LayerDefaults::default() };
    parse(&words, &defaults).expect("valid words")
}

fn against_neural_tangents(c: &mut Criterion) {
    let mut group = c.benchmark_group("conv kernel");
    group.sample_size(10);
    let x = images(20, 16);
    for merge in ["flatten", "gap"] {
        let network = network(5, 3, merge);
        group.bench_function(format!("5 layers 3x3 relu {merge}, 20 images 16x16"), |b| {
            b.iter(|| kernels(&network, black_box(x.view()), None).expect("valid images"));
        });
    }
    // Without closed form: every pixel has a series.
    let words = format!("{}flatten dense", "3x3 tanh ".repeat(5));
    let tanh = parse(&words, &LayerDefaults::default()).expect("valid words");
    group.bench_function("5 layers 3x3 tanh flatten, 20 images 16x16", |b| {
        b.iter(|| kernels(&tanh, black_box(x.view()), None).expect("valid images"));
    });
    let words = "3x3 relu pool2 3x3 relu pool2 3x3 relu pool2 gap dense";
    let network = parse(words, &LayerDefaults::default()).expect("valid words");
    group.bench_function("3 layers with pooling, gap, 20 images 16x16", |b| {
        b.iter(|| kernels(&network, black_box(x.view()), None).expect("valid images"));
    });
    group.finish();
}

/// One of them changes: images, side of the image, layers, side of the filter.
fn growth(c: &mut Criterion) {
    let standard = [12, 10, 3, 3];
    let sweeps = [
        ("images", [6, 12, 24, 48]),
        ("side", [5, 10, 20, 40]),
        ("layers", [2, 4, 8, 16]),
        ("filter", [3, 5, 7, 9]),
    ];
    for merge in ["flatten", "gap"] {
        let mut group = c.benchmark_group(format!("conv kernel growth, {merge}"));
        group.sample_size(10);
        for (which, (name, values)) in sweeps.iter().enumerate() {
            for value in values {
                let mut size = standard;
                size[which] = *value;
                let [n, side, depth, k] = size;
                if merge == "gap" && side > 20 {
                    continue;
                }
                let (x, network) = (images(n, side), network(depth, k, merge));
                group.bench_with_input(BenchmarkId::new(*name, value), &x, |b, x| {
                    b.iter(|| kernels(&network, x.view(), None).expect("valid images"));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, against_neural_tangents, growth);
criterion_main!(benches);
