//! Kernels of wide dense networks: numbers from independent software (`tests/reference/wide.json`, whose
//! first field says which), and what must hold for all of them.

use std::f64::consts::FRAC_2_PI;

use ndarray::{Array2, Axis};
use serde_json::Value;
use solvable::math::linalg::eigh;
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::net::architecture::parse::{LayerDefaults, parse};
use solvable::net::architecture::{Architecture, Layer, Parameterization};
use solvable::net::unit::Nonlinearity;
use solvable::wide::kernel::dense::{Kernels, kernels};

fn reference() -> Value {
    let text = include_str!("reference/wide.json");
    serde_json::from_str(text).expect("the reference file is JSON")
}

fn matrix(v: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(v.clone()).expect("a matrix");
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

fn network(words: &str) -> Architecture {
    parse(words, &LayerDefaults::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// Largest relative gap.
fn gap(found: &Array2<f64>, expected: &Array2<f64>) -> f64 {
    assert_eq!(found.dim(), expected.dim());
    let gaps = found.iter().zip(expected).map(|(f, e)| (f - e).abs() / e.abs());
    gaps.fold(0.0, f64::max)
}

#[test]
fn kernels_of_dense_networks_are_those_of_neural_tangents() {
    let fc = &reference()["fc"];
    let (x, z) = (matrix(&fc["X1"]), matrix(&fc["X2"]));
    for (name, nonlinearity) in [
        ("relu", "relu"),
        ("leaky", "leaky(0.2)"),
        ("abs", "abs"),
        ("erf", "erf"),
        ("sin", "sin"),
        ("rbf", "rbf(0.6)"),
        ("gelu", "gelu"),
    ] {
        let g = nonlinearity.parse().unwrap();
        let network = Architecture::dense(g, 2, 1.4, 0.2, 1.0, 0.0);
        let expected = &fc["act"][name];
        let across = kernels(&network, x.view(), Some(z.view())).unwrap();
        assert!(gap(&across.nngp, &matrix(&expected["nngp"])) < 1e-12, "{name}");
        assert!(gap(&across.ntk, &matrix(&expected["ntk"])) < 1e-12, "{name}");
        let within = kernels(&network, x.view(), None).unwrap();
        // The reference takes the angle of an input with itself from rounding.
        let gate = if g.has_kink() { 1e-7 } else { 1e-12 };
        assert!(gap(&within.nngp, &matrix(&expected["train_nngp"])) < 1e-12, "{name}");
        assert!(gap(&within.ntk, &matrix(&expected["train_ntk"])) < gate, "{name}");
    }
}

#[test]
fn stacks_of_branches_normalizations_and_mixed_units_are_those_of_neural_tangents() {
    let reference = reference();
    let (x, z) = (matrix(&reference["fc"]["X1"]), matrix(&reference["fc"]["X2"]));
    for case in reference["stacks"].as_array().unwrap() {
        let words = case["layers"].as_str().unwrap();
        let found = kernels(&network(words), x.view(), Some(z.view())).unwrap();
        assert!(gap(&found.nngp, &matrix(&case["nngp"])) < 1e-12, "{words}");
        assert_eq!(found.ntk.dim(), (5, 3));
        for (found, expected) in found.ntk.iter().zip(&matrix(&case["ntk"])) {
            assert!((found - expected).abs() < 1e-12 * expected.abs().max(1e-3), "{words}");
        }
    }
}

#[test]
fn standard_parameterization_is_that_of_neural_tangents() {
    let reference = reference();
    let (x, z) = (matrix(&reference["fc"]["X1"]), matrix(&reference["fc"]["X2"]));
    let mut network = Architecture::dense(Nonlinearity::RELU, 1, 1.4, 0.2, 1.0, 0.0);
    network.parameterization = Parameterization::Standard { width: 40 };
    let found = kernels(&network, x.view(), Some(z.view())).unwrap();
    let expected = &reference["fc_standard_relu_width40"];
    assert!(gap(&found.nngp, &matrix(&expected["nngp"])) < 1e-12);
    assert!(gap(&found.ntk, &matrix(&expected["ntk"])) < 1e-12);
}

#[test]
fn inputs_that_nearly_coincide_or_are_opposite_have_exact_kernels() {
    let reference = reference();
    let x = matrix(&reference["exact"]["inputs"]);
    // Layers of signs take a root of a root of the angle: there the last bit of the inputs counts.
    let moved: Vec<Array2<f64>> = (0..8)
        .map(|run| {
            let directions =
                gaussian(x.nrows(), x.ncols(), 1.0, &mut stream(0, Purpose::Task, run));
            &x * directions.mapv(|z| if z > 0.0 { 1f64.next_up() } else { 1f64.next_down() })
        })
        .collect();
    let mut failures = Vec::new();
    for case in reference["exact"]["networks"].as_array().unwrap() {
        let words = case["layers"].as_str().unwrap();
        let network = network(words);
        let within = kernels(&network, x.view(), None).unwrap();
        let across = kernels(&network, x.view(), Some(x.view())).unwrap();
        let moved = if words.contains("sign") { &moved[..] } else { &[] };
        let moved: Vec<Kernels> =
            moved.iter().map(|x| kernels(&network, x.view(), None).unwrap()).collect();
        let condition = |i: usize, j: usize| {
            let values = || moved.iter().map(|k| k.nngp[[i, j]]);
            let (low, high) = (
                values().fold(f64::INFINITY, f64::min),
                values().fold(f64::NEG_INFINITY, f64::max),
            );
            // Inputs 0, 7 and 8 are parallel: two layers of signs make (2/π)√(4a/π) of an angle a of four
            // roundings.
            let parallel = [i, j].iter().all(|i| [0, 7, 8].contains(i)) && !moved.is_empty();
            let roots = if parallel {
                FRAC_2_PI * (4.0 * FRAC_2_PI * 2.0 * f64::EPSILON).sqrt()
            } else {
                0.0
            };
            if i == j { 0.0 } else { roots + (2.0 * (high - low)).max(0.0) }
        };
        for (name, found, across, expected) in [
            ("nngp", &within.nngp, &across.nngp, matrix(&case["nngp"])),
            ("ntk", &within.ntk, &across.ntk, matrix(&case["ntk"])),
        ] {
            for ((i, j), e) in expected.indexed_iter() {
                let size = (expected[[i, i]] * expected[[j, j]]).sqrt();
                let diagonal = if i == j { 1e-14 } else { 4e-14 };
                for (found, gate) in [(found, diagonal), (across, 4e-14)] {
                    let off = (found[[i, j]] - e).abs() - condition(i, j);
                    if off > gate * size {
                        failures.push(format!(
                            "{words}: {name} of {i} and {j} off by {:e}",
                            off / size
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn duals_are_those_of_an_independent_program() {
    // NumPy: closed forms, and the trapezoid rule in extended precision for tanh.
    for (name, value, slope) in [
        ("erf", 0.234137024067, 0.445996360033),
        ("gelu", 0.245716933593, 0.349460294599),
        ("sin(1.2,0.9,0.3)", 0.317624467139, 0.520685933802),
        ("gauss(1,-0.7)", 0.430910408927, 0.086254093552),
        ("exp(0.5,0.4)", 0.322938181985, 0.051670109118),
        ("relu", 0.324041364305, 0.340659215379),
        ("relu1", 0.324041364305, 0.340659215379),
        ("relu2", 0.785904422445, 1.296165457219),
        ("tanh", 0.201827854399386, 0.381056908906025),
    ] {
        let dual = name.parse::<Nonlinearity>().unwrap().dual(1.3, 0.55, 0.8);
        assert!((dual.value - value).abs() < 6e-13, "{name}: {dual:?}");
        assert!((dual.slope - slope).abs() < 6e-13, "{name}: {dual:?}");
    }
}

#[test]
fn moments_of_smooth_units_are_those_of_high_precision_arithmetic() {
    for case in reference()["diagonals"].as_array().unwrap() {
        let unit: Nonlinearity = case["name"].as_str().unwrap().parse().unwrap();
        let dual = unit.diagonal(case["q"].as_f64().unwrap());
        for (found, expected) in [(dual.value, &case["value"]), (dual.slope, &case["slope"])] {
            let expected = expected.as_f64().unwrap();
            assert!((found / expected - 1.0).abs() < 1e-14, "{case}: {found}");
        }
    }
}

#[test]
fn kernels_are_positive_semidefinite_also_of_duplicate_inputs() {
    let mut rng = stream(1, Purpose::Task, 0);
    let points = gaussian(12, 3, 1.0, &mut rng);
    let nudges = gaussian(12, 3, 1e-9, &mut rng);
    let x = ndarray::concatenate(
        Axis(0),
        &[points.view(), points.view(), (&points + &nudges).view(), (&points * 2.0).view()],
    )
    .unwrap();
    for words in [
        "dense relu dense relu dense",
        "dense(b=0.3) leaky(-0.4) dense(b=0.1) abs dense",
        "dense(b=0.3) sign dense(b=0.1) step dense",
        "dense(w=0.9) relu2 dense",
        "dense(b=0.3) tanh dense relu dense",
        "dense(b=0.3) gelu dense(b=0.2) erf dense",
        "dense(b=0.3) [ relu dense ] norm relu dense",
    ] {
        let found = kernels(&network(words), x.view(), None).unwrap();
        for (name, kernel) in [("nngp", &found.nngp), ("ntk", &found.ntk)] {
            let values = eigh(kernel).unwrap().0;
            assert!(values[47] > -1e-14 * values[0], "{words} {name}: {}", values[47]);
            for i in 0..12 {
                let gap = &kernel.row(i) - &kernel.row(i + 12);
                let largest = gap.iter().fold(0.0f64, |m, g| m.max(g.abs()));
                assert!(largest < 1e-14 * values[0], "{words} {name}: {largest}");
            }
        }
    }
}

/// Activities of a random network of a width that all hidden layers have.
fn activities(layers: &[Layer], mut h: Array2<f64>, width: usize, run: &mut Random) -> Array2<f64> {
    for layer in layers {
        h = match layer {
            Layer::Dense { weight_std, bias_std } => {
                let scale = weight_std / (h.ncols() as f64).sqrt();
                let weights = gaussian(h.ncols(), width, scale, run);
                h.dot(&weights) + gaussian(1, width, *bias_std, run)
            }
            Layer::Nonlinear(unit) => h.mapv(|x| unit.value(x)),
            Layer::Residual(branch) => activities(branch, h.clone(), width, run) + &h,
            Layer::LayerNorm { epsilon } => {
                let mean = h.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
                let centered = &h - &mean;
                let variance = (&centered * &centered).mean_axis(Axis(1)).unwrap();
                centered / variance.mapv(|v| (v + epsilon).sqrt()).insert_axis(Axis(1))
            }
            _ => panic!("{layer:?} is not of a dense network"),
        };
    }
    h
}

type Random = rand_chacha::ChaCha8Rng;

#[test]
fn random_networks_with_branches_and_normalization_have_the_covariance_of_theory() {
    let words = "dense(w=1.2,b=0.3) [ relu dense(w=1.1,b=0.2) ] norm(0.01) [ erf dense ] norm tanh \
                 dense(b=0.1)";
    let network = network(words);
    let x = gaussian(4, 5, 1.0, &mut stream(2, Purpose::Task, 0));
    let theory = kernels(&network, x.view(), None).unwrap().nngp;
    // The bias falls with the width N like 1/N: twice the estimate at 2N minus that at N has none left
    // in first order.
    let runs = 24;
    let estimates: Vec<Array2<f64>> = (0..runs)
        .map(|run| {
            let mut rng = stream(5, Purpose::InitialWeights, run);
            let mut estimate = |width: usize| {
                let outputs = activities(&network.layers, x.clone(), width, &mut rng);
                outputs.dot(&outputs.t()) / width as f64
            };
            estimate(512) * 2.0 - estimate(256)
        })
        .collect();
    for ((i, j), theory) in theory.indexed_iter() {
        let mean = estimates.iter().map(|k| k[[i, j]]).sum::<f64>() / f64::from(runs);
        let squares: f64 = estimates.iter().map(|k| (k[[i, j]] - mean).powi(2)).sum();
        let error = (squares / f64::from(runs * (runs - 1))).sqrt();
        // Ten different entries: four standard errors are passed by chance once in a thousand draws.
        assert!((mean - theory).abs() < 4.0 * error, "{i} {j}: {mean} ± {error}, theory {theory}");
        assert!(error < 0.05 * theory.abs().max(1.0), "{error} says little about {theory}");
    }
}
