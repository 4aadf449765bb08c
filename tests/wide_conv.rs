//! Kernels of convolutional networks against numbers from independent software,
//! `tests/reference/wide_conv.json`, and against the recursion over all pairs of pixels written down
//! as it stands.

use ndarray::{Array2, Array4, Axis};
use serde_json::Value;
use solvable::math::linalg::eigh;
use solvable::net::architecture::{Architecture, Layer, Padding, Parameterization};
use solvable::net::unit::Nonlinearity;
use solvable::wide::Kernels;
use solvable::wide::kernel::conv::kernels;

#[path = "wide_conv/plain.rs"]
mod plain;
#[path = "wide_conv/sampled.rs"]
mod sampled;

use Padding::{Circular, Same, Valid};

const ERF: Layer = Layer::Nonlinear(Nonlinearity::ERF);
const GELU: Layer = Layer::Nonlinear(Nonlinearity::Gelu);
const RELU: Layer = Layer::Nonlinear(Nonlinearity::RELU);
const NORM: Layer = Layer::LayerNorm { epsilon: 1e-5 };
const FLATTEN: Layer = Layer::Flatten;
const GAP: Layer = Layer::GlobalAveragePool;
const DENSE: Layer = Layer::Dense { weight_std: 1.1, bias_std: 0.3 };
const SMALL: Layer = Layer::Dense { weight_std: 0.9, bias_std: 0.1 };

fn conv(filter: [usize; 2], stride: [usize; 2], padding: Padding) -> Layer {
    Layer::Conv { filter, stride, padding, weight_std: 1.3, bias_std: 0.2 }
}

/// 3 × 3, stride 1, same.
fn same() -> Layer {
    conv([3, 3], [1, 1], Same)
}

fn pool(window: [usize; 2], stride: [usize; 2], padding: Padding) -> Layer {
    Layer::AveragePool { window, stride, padding }
}

fn residual(branch: &[Layer]) -> Layer {
    Layer::Residual(branch.to_vec())
}

fn network(layers: Vec<Layer>) -> Architecture {
    Architecture { layers, parameterization: Parameterization::Ntk }
}

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/wide_conv.json")).expect("the file is JSON")
}

fn images(v: &Value) -> Array4<f64> {
    let list = |v: &Value| v.as_array().expect("a list").clone();
    let shape = [v, &v[0], &v[0][0], &v[0][0][0]].map(|v| list(v).len());
    Array4::from_shape_fn(shape, |(i, r, c, d)| v[i][r][c][d].as_f64().expect("a number"))
}

#[track_caller]
fn assert_close(found: &Array2<f64>, expected: &Value, gate: f64, what: &str) {
    let expected = Array2::from_shape_fn(found.dim(), |(i, j)| expected[i][j].as_f64().unwrap());
    let size = expected.iter().fold(0.0f64, |size, x| size.max(x.abs()));
    let gap = (found - &expected).iter().fold(0.0f64, |gap, x| gap.max(x.abs())) / size;
    assert!(gap <= gate, "{what}: gap {gap:.1e}\n{found}\nreference\n{expected}");
}

#[test]
fn published_kernels_are_reproduced() {
    let file = reference();
    let public = &file["public"];
    let (first, second) = (images(&public["I1"]), images(&public["I2"]));
    let mut n = 0;
    for (name, case) in public["cases"].as_object().unwrap() {
        let padding = match name {
            name if name.starts_with("VALID") => Valid,
            name if name.starts_with("CIRCULAR") => Circular,
            _ => Same,
        };
        let stride = if name.contains("stride2") { 2 } else { 1 };
        let conv = |stride| Layer::Conv {
            filter: [3, 3],
            stride: [stride; 2],
            padding,
            weight_std: 1.4,
            bias_std: 0.2,
        };
        let merge = if name.ends_with("gap") { GAP } else { FLATTEN };
        let phi = if name.starts_with("erf") { ERF } else { RELU };
        let mut layers = vec![conv(stride), phi.clone(), conv(1), phi, merge];
        if name.contains("avgpool2VALID") {
            layers.insert(2, pool([2, 2], [2, 2], Valid));
        }
        layers.push(Layer::Dense { weight_std: 1.0, bias_std: 0.0 });
        let found = kernels(&network(layers), first.view(), Some(second.view())).unwrap();
        assert_close(&found.nngp, &case["nngp"], 1e-12, name);
        assert_close(&found.ntk, &case["ntk"], 1e-12, name);
        n += 1;
    }
    assert_eq!(n, 11);
}

/// The networks of the file's cases, by name.
fn network_of(name: &str) -> Architecture {
    let block = residual(&[ERF, same()]);
    let layers = match name {
        "strides of two kinds, same, gap" => {
            vec![conv([3, 3], [2, 1], Same), ERF, conv([3, 2], [1, 2], Same), GELU, GAP, DENSE]
        }
        "strides of two kinds, circular, gap" => {
            let second = conv([3, 2], [1, 2], Circular);
            vec![conv([3, 3], [2, 1], Circular), ERF, second, GELU, GAP, DENSE]
        }
        "strides of two kinds, circular, flatten" => {
            let second = conv([3, 2], [1, 2], Circular);
            vec![conv([3, 3], [2, 1], Circular), ERF, second, GELU, FLATTEN, DENSE]
        }
        "valid stride 2, gap" => {
            vec![conv([2, 2], [2, 2], Valid), ERF, conv([2, 1], [1, 1], Valid), ERF, GAP, DENSE]
        }
        "all paddings, gap" | "all paddings, flatten" => vec![
            conv([3, 3], [1, 1], Circular),
            ERF,
            same(),
            ERF,
            conv([2, 2], [1, 1], Valid),
            ERF,
            if name.ends_with("gap") { GAP } else { FLATTEN },
            DENSE,
        ],
        "pool same 3 stride 2, gap" => {
            vec![same(), ERF, pool([3, 3], [2, 2], Same), same(), ERF, GAP, DENSE]
        }
        "pool valid 2 stride 2 twice, gap" => vec![
            same(),
            ERF,
            pool([2, 2], [2, 2], Valid),
            same(),
            ERF,
            pool([2, 2], [1, 1], Valid),
            GAP,
            DENSE,
        ],
        "pool circular 2x3 stride 1, flatten" => {
            vec![same(), ERF, pool([2, 3], [1, 1], Circular), same(), ERF, FLATTEN, DENSE]
        }
        "pool before the nonlinearity, gap" => {
            vec![same(), pool([2, 2], [2, 1], Valid), GELU, GAP, DENSE]
        }
        "residual, gap" => {
            vec![same(), block, residual(&[ERF, same(), ERF, same()]), ERF, GAP, DENSE]
        }
        "residual, flatten" => vec![same(), block, ERF, FLATTEN, DENSE],
        "residual with relu, pooling and strides, gap" => {
            let block = residual(&[RELU, same()]);
            let halve = pool([2, 2], [2, 2], Same);
            let strided = conv([3, 3], [2, 2], Same);
            let ends = [RELU, strided, RELU, GAP, DENSE];
            let mut layers = vec![same(), block.clone(), RELU, halve, same(), block];
            layers.extend(ends);
            layers
        }
        "residual with pooling in the branch, flatten" => {
            let branch = residual(&[ERF, pool([2, 2], [1, 1], Same), same()]);
            vec![same(), branch, ERF, FLATTEN, DENSE]
        }
        "norm, gap" => vec![same(), NORM, ERF, same(), NORM, ERF, GAP, DENSE],
        "norm, residual, flatten" => vec![same(), NORM, block, NORM, ERF, FLATTEN, DENSE],
        "dense layers after gap" => vec![same(), ERF, GAP, DENSE, ERF, SMALL, GELU, DENSE],
        "dense layers after flatten" => vec![same(), ERF, FLATTEN, DENSE, ERF, SMALL, GELU, DENSE],
        "dense with norm and residual after pooling and flatten" => vec![
            same(),
            ERF,
            pool([2, 2], [2, 2], Valid),
            FLATTEN,
            DENSE,
            NORM,
            residual(&[ERF, SMALL]),
            ERF,
            DENSE,
        ],
        "standard parameterization of width 40, gap" => {
            vec![same(), ERF, conv([3, 2], [1, 1], Same), ERF, GAP, DENSE, ERF, DENSE]
        }
        "standard parameterization of width 40, flatten" => {
            let first = conv([3, 3], [1, 1], Valid);
            vec![first, ERF, conv([3, 2], [1, 1], Same), ERF, FLATTEN, DENSE, ERF, DENSE]
        }
        "gap right after conv" => vec![same(), GAP],
        "flatten alone, then dense" => vec![FLATTEN, DENSE, ERF, DENSE],
        "gap alone, then dense" => vec![GAP, DENSE, ERF, DENSE],
        _ => panic!("no network for {name}"),
    };
    let parameterization = if name.starts_with("standard") {
        Parameterization::Standard { width: 40 }
    } else {
        Parameterization::Ntk
    };
    Architecture { layers, parameterization }
}

#[test]
fn strides_pooling_residual_blocks_normalization_and_dense_layers_are_those_of_the_reference() {
    let file = reference();
    let more = &file["more"];
    let (first, second) = (images(&more["first"]), images(&more["second"]));
    let cases = more["cases"].as_object().unwrap();
    assert_eq!(cases.len(), 24);
    for (name, case) in cases {
        let network = network_of(name);
        let between = kernels(&network, first.view(), Some(second.view())).unwrap();
        assert_close(&between.nngp, &case["nngp"], 1e-12, name);
        assert_close(&between.ntk, &case["ntk"], 1e-12, name);
        let own = kernels(&network, first.view(), None).unwrap();
        assert_close(&own.nngp, &case["self_nngp"], 1e-12, name);
        // The reference's ReLU loses half of the digits where an image meets itself.
        let gate = if name.contains("relu") { 1e-7 } else { 1e-12 };
        assert_close(&own.ntk, &case["self_ntk"], gate, name);
    }
}

/// Images of a few simple functions, without any symmetry.
fn some_images(n: usize, height: usize, width: usize, channels: usize) -> Array4<f64> {
    Array4::from_shape_fn((n, height, width, channels), |(i, r, c, d)| {
        let [i, r, c, d] = [i, r, c, d].map(|x| x as f64);
        (1.0 + 3.7 * i + 1.3 * r * r + 0.9 * c * (d + 1.0) + 0.31 * r * c).sin() + 0.2 * d
    })
}

#[track_caller]
fn assert_same(found: &Kernels, expected: &Kernels, gate: f64, what: &str) {
    for (found, expected) in [(&found.nngp, &expected.nngp), (&found.ntk, &expected.ntk)] {
        let size = expected.iter().fold(0.0f64, |size, x| size.max(x.abs()));
        let gap = (found - expected).iter().fold(0.0f64, |gap, x| gap.max(x.abs()));
        assert!(gap <= gate * size, "{what}: {:.1e}\n{found}\nplain\n{expected}", gap / size);
    }
}

#[test]
fn every_path_agrees_with_the_recursion_over_all_pairs_of_pixels() {
    // Windows of all kinds, before both ends; the cheapest path differs from case to case.
    let cases = plain::random_networks(60);
    for (layers, [height, width, channels]) in cases {
        let (first, second) =
            (some_images(2, height, width, channels), some_images(3, width, height, channels));
        // No pixel is the same in both: there kinks turn the rounding of covariances into its root.
        let second = second.permuted_axes([0, 2, 1, 3]).mapv(|x| 0.8 * x - 0.13);
        let network = network(layers);
        let what = format!("{height}x{width}x{channels} {:?}", network.layers);
        let found = kernels(&network, first.view(), Some(second.view())).unwrap();
        let expected = plain::kernels(&network.layers, &first, &second, false);
        assert_same(&found, &expected, 1e-13, &what);
        let found = kernels(&network, first.view(), None).unwrap();
        let expected = plain::kernels(&network.layers, &first, &first, true);
        assert_same(&found, &expected, 1e-13, &what);
    }
}

#[test]
fn kernels_of_unusual_images_are_symmetric_positive_semidefinite_and_exact_for_twins() {
    // Two different ones, a constant one, a black one, a twin of the first, and its negative.
    let mut x = some_images(6, 5, 6, 2);
    x.index_axis_mut(Axis(0), 2).fill(0.7);
    x.index_axis_mut(Axis(0), 3).fill(0.0);
    let first = x.index_axis(Axis(0), 0).to_owned();
    x.index_axis_mut(Axis(0), 4).assign(&first);
    x.index_axis_mut(Axis(0), 5).assign(&-&first);
    let unbiased = Layer::Conv {
        filter: [3, 3],
        stride: [1, 1],
        padding: Same,
        weight_std: 1.4,
        bias_std: 0.0,
    };
    let tanh = Layer::Nonlinear(Nonlinearity::Tanh);
    for phi in [RELU, ERF, tanh] {
        for end in [FLATTEN, GAP] {
            for conv in [same(), unbiased.clone()] {
                let layers =
                    vec![conv.clone(), phi.clone(), conv.clone(), phi.clone(), end.clone(), DENSE];
                let found = kernels(&network(layers), x.view(), None).unwrap();
                for kernel in [&found.nngp, &found.ntk] {
                    assert!(kernel.iter().all(|k| k.is_finite()));
                    assert_eq!(kernel, kernel.t());
                    let (values, _) = eigh(kernel).unwrap();
                    assert!(values[5] >= -1e-14 * values[0], "{phi:?} {end:?}: {values}");
                }
                let gap = |kernel: &Array2<f64>, gate: f64| {
                    for j in 0..6 {
                        let (a, b) = (kernel[[0, j]], kernel[[4, j]]);
                        assert!(
                            (a - b).abs() <= gate * kernel[[0, 0]],
                            "{phi:?} {end:?} {j}: {a} {b}"
                        );
                    }
                };
                gap(&found.nngp, 1e-14);
                // What the pair of twins knows of their angle are rounded covariances: near 1 the
                // slope of a kink changes with the root of the rounding.
                gap(&found.ntk, if phi == RELU { 1e-7 } else { 1e-14 });
            }
        }
    }
}

#[test]
fn an_image_with_itself_is_as_exact_as_the_recursion_of_variances() {
    // A constant image around a circle: every pixel has the same variance and all pairs of pixels are
    // the same, so the kernel is that of one number.
    let x = Array4::from_elem((1, 4, 4, 1), 0.8);
    let conv = conv([3, 3], [1, 1], Circular);
    for end in [FLATTEN, GAP] {
        let layers = vec![conv.clone(), RELU, conv.clone(), RELU, end.clone()];
        let found = kernels(&network(layers), x.view(), None).unwrap();
        let (weight, bias) = (1.3f64 * 1.3, 0.2f64 * 0.2);
        let (mut k, mut t) = (0.8f64 * 0.8, 0.0);
        for _ in 0..2 {
            t = weight * t + weight * k + bias;
            k = 0.5 * (weight * k + bias);
            t *= 0.5;
        }
        assert!((found.nngp[[0, 0]] / k - 1.0).abs() < 1e-14, "{end:?}");
        assert!((found.ntk[[0, 0]] / t - 1.0).abs() < 1e-14, "{end:?}");
    }
}

#[test]
fn kernels_are_averages_over_random_networks() {
    // With one hidden layer both kernels are expectations at any number of channels.
    let x = some_images(2, 4, 5, 2);
    for (phi, layer) in [(Nonlinearity::RELU, RELU), (Nonlinearity::ERF, ERF)] {
        for (pooled, end) in [(false, FLATTEN), (true, GAP)] {
            let found =
                kernels(&network(vec![same(), layer.clone(), end, SMALL]), x.view(), None).unwrap();
            let sampled = sampled::kernels(&x, phi, pooled, 6, 4000);
            for (exact, sampled) in [(&found.nngp, &sampled.nngp), (&found.ntk, &sampled.ntk)] {
                for ((i, j), (mean, error)) in sampled.indexed_iter() {
                    let gap = (mean - exact[[i, j]]).abs();
                    assert!(
                        gap < 5.0 * error,
                        "{phi} {i} {j}: {mean} ± {error} for {}",
                        exact[[i, j]]
                    );
                }
            }
        }
    }
}
