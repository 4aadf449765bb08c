//! Every layer, loss and unit against central differences, and layers against what they stand for.

use ndarray::{Array2, ArrayView2, Axis, s};

use super::*;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::architecture::{Architecture, Layer, Padding, Parameterization};
use crate::net::measure::jacobian;
use crate::net::unit::ALL;
use crate::net::{Loss, Network, Nonlinearity};

const SMOOTH: Layer = Layer::Nonlinear(Nonlinearity::Tanh);
const DENSE: Layer = Layer::Dense { weight_std: 1.2, bias_std: 0.4 };

fn conv(padding: Padding, stride: usize) -> Layer {
    let (weight_std, bias_std) = (1.3, 0.3);
    Layer::Conv { filter: [3, 2], stride: [stride; 2], padding, weight_std, bias_std }
}

fn local(padding: Padding) -> Layer {
    let (weight_std, bias_std) = (1.3, 0.3);
    Layer::LocallyConnected { filter: [2, 2], stride: [1, 1], padding, weight_std, bias_std }
}

fn recurrent(leak: f64) -> Layer {
    let (weight_std, recurrent_std, bias_std) = (1.1, 0.9, 0.2);
    Layer::Recurrent { nonlinearity: Nonlinearity::Tanh, leak, weight_std, recurrent_std, bias_std }
}

const IMAGE: Input = Input::Image { height: 4, width: 3, channels: 2 };

/// Networks that together have every layer with every way it can be set.
fn networks() -> Vec<(&'static str, Vec<Layer>, Input)> {
    let pool = |padding| Layer::AveragePool { window: [2, 2], stride: [2, 1], padding };
    let max = |padding| Layer::MaxPool { window: [2, 2], stride: [2, 1], padding };
    let norm = Layer::LayerNorm { epsilon: 1e-3 };
    let vector = Input::Vector(5);
    let sequence = Input::Sequence { times: 4, channels: 2 };
    let branch = Layer::Residual(vec![SMOOTH, DENSE, SMOOTH, DENSE]);
    let inner = Layer::Residual(vec![SMOOTH, conv(Padding::Circular, 1).resized([3, 3])]);
    let (flatten, mean) = (Layer::Flatten, Layer::GlobalAveragePool);
    vec![
        ("one layer", vec![DENSE], vector),
        ("dense", vec![DENSE, SMOOTH, DENSE, SMOOTH, DENSE], vector),
        ("branch and norm", vec![DENSE, branch, norm.clone(), SMOOTH, DENSE], vector),
        ("same", vec![conv(Padding::Same, 2), SMOOTH, flatten.clone(), DENSE], IMAGE),
        ("valid", vec![conv(Padding::Valid, 1), SMOOTH, mean.clone(), DENSE], IMAGE),
        ("circular", vec![conv(Padding::Circular, 1), inner, norm, mean.clone(), DENSE], IMAGE),
        ("local", vec![local(Padding::Same), SMOOTH, flatten.clone(), DENSE], IMAGE),
        ("local valid", vec![local(Padding::Valid), SMOOTH, mean, DENSE], IMAGE),
        ("pool", vec![conv(Padding::Same, 1), pool(Padding::Valid), flatten.clone(), DENSE], IMAGE),
        ("pool same", vec![pool(Padding::Same), flatten.clone(), DENSE], IMAGE),
        ("max", vec![conv(Padding::Same, 1), max(Padding::Valid), flatten.clone(), DENSE], IMAGE),
        ("max same", vec![conv(Padding::Same, 1), max(Padding::Same), flatten, DENSE], IMAGE),
        ("recurrent", vec![recurrent(1.0), DENSE], sequence),
        ("leaky", vec![recurrent(0.4), recurrent(0.7), Layer::GlobalAveragePool, DENSE], sequence),
        ("outputs at every place", vec![conv(Padding::Same, 1), SMOOTH, DENSE], IMAGE),
    ]
}

impl Layer {
    fn resized(self, size: [usize; 2]) -> Self {
        match self {
            Self::Conv { stride, padding, weight_std, bias_std, .. } => {
                Self::Conv { filter: size, stride, padding, weight_std, bias_std }
            }
            other => other,
        }
    }
}

fn built(layers: &[Layer], input: Input, parameterization: Parameterization) -> LayeredNetwork {
    let architecture = Architecture { layers: layers.to_vec(), parameterization };
    LayeredNetwork::random_on(&architecture, input, 4, 2, 3).unwrap()
}

fn inputs(net: &LayeredNetwork, n: usize) -> Array2<f64> {
    gaussian(n, net.n_in(), 1.0, &mut stream(1, Purpose::Task, 0))
}

/// Probabilities, which every loss may be given.
fn targets(net: &LayeredNetwork, n: usize) -> Array2<f64> {
    let raw = gaussian(n, net.n_out(), 1.0, &mut stream(2, Purpose::Task, 0)).mapv(f64::exp);
    &raw / &raw.sum_axis(Axis(1)).insert_axis(Axis(1))
}

/// Largest gap between a gradient and central differences of the loss, relative to the largest entry
/// of the gradient: of every parameter, and of every input.
fn gap(net: &LayeredNetwork, loss: Loss) -> f64 {
    let (x, y) = (inputs(net, 3), targets(net, 3));
    let value = |net: &LayeredNetwork, x: ArrayView2<'_, f64>| {
        loss.value_and_signal(net.forward(x), y.view()).0
    };
    let (_, change) = net.loss_and_gradient(x.view(), y.view(), loss);
    let activity = net.activity(x.view());
    let signal = loss.value_and_signal(activity.outputs().clone(), y.view()).1;
    let by_input = net.input_signal(signal, &activity);
    // A central difference of spacing h errs by h² and ε/h, both 1e-10 here.
    let h = 1e-5;
    let (mut largest, mut gap) = (1e-3f64, 0.0f64);
    for (k, matrix) in change.matrices().iter().enumerate() {
        for (i, found) in matrix.indexed_iter() {
            let moved = |by: f64| {
                let mut net = net.clone();
                net.weights_mut()[k][i] += by;
                value(&net, x.view())
            };
            largest = largest.max(found.abs());
            gap = gap.max((found - (moved(h) - moved(-h)) / (2.0 * h)).abs());
        }
    }
    for (i, found) in by_input.indexed_iter() {
        let moved = |by: f64| {
            let mut x = x.clone();
            x[i] += by;
            value(net, x.view())
        };
        largest = largest.max(found.abs());
        gap = gap.max((found - (moved(h) - moved(-h)) / (2.0 * h)).abs());
    }
    gap / largest
}

#[test]
fn gradients_of_all_layers_and_losses_are_central_differences() {
    for (name, layers, input) in networks() {
        for parameterization in [Parameterization::Ntk, Parameterization::Standard { width: 4 }] {
            let net = built(&layers, input, parameterization);
            for loss in Loss::ALL {
                let gap = gap(&net, loss);
                assert!(gap < 1e-7, "{name}, {parameterization:?}, {loss:?}: {gap:.1e}");
            }
        }
    }
}

#[test]
fn gradients_of_all_units_are_central_differences() {
    for unit in ALL.into_iter().chain([Nonlinearity::ERF_SQRT2, Nonlinearity::ERF]) {
        let layers = [conv(Padding::Same, 1), Layer::Nonlinear(unit), Layer::Flatten, DENSE];
        let net = built(&layers, IMAGE, Parameterization::Ntk);
        for loss in Loss::ALL {
            let gap = gap(&net, loss);
            // Steps have no slope: there the difference is 0 unless it reaches over the step.
            assert!(gap < 1e-7, "{unit}, {loss:?}: {gap:.1e}");
        }
    }
}

#[test]
fn the_jacobian_is_made_of_the_gradients_of_single_outputs() {
    for (name, layers, input) in networks() {
        let net = built(&layers, input, Parameterization::Ntk);
        let x = inputs(&net, 3);
        let found = jacobian(&net, x.view());
        let outputs = net.forward(x.view());
        for (row, ((example, c), output)) in found.rows().into_iter().zip(outputs.indexed_iter()) {
            // A residual of 1 in one output makes the gradient of the loss that of the output.
            let mut y = outputs.row(example).insert_axis(Axis(0)).to_owned();
            y[[0, c]] = output - 1.0;
            let x = x.row(example).insert_axis(Axis(0));
            let (_, change) = net.loss_and_gradient(x, y.view(), Loss::HalfSquare);
            let entries = change.matrices().iter().flatten();
            let gap = row.iter().zip(entries).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(gap < 1e-12, "{name}, example {example}, output {c}: {gap:.1e}");
        }
    }
}

#[test]
fn a_convolution_is_a_dense_layer_with_its_weights_where_the_filter_reads() {
    for padding in [Padding::Same, Padding::Valid, Padding::Circular] {
        let net = built(&[conv(padding, 1), Layer::Flatten], IMAGE, Parameterization::Ntk);
        // Outputs of unit inputs are the columns of the dense matrix, less the biases.
        let n_in = net.n_in();
        let zero = net.forward(Array2::zeros((1, n_in)).view());
        let map = &net.forward(Array2::eye(n_in).view()) - &zero;
        let x = inputs(&net, 2);
        let gap = net.forward(x.view()) - (x.dot(&map) + &zero);
        assert!(gap.iter().all(|g| g.abs() < 1e-13), "{padding:?}");
        // Taps are weights of the filter, scaled; every place has the same.
        let scaled = &net.weights()[0] / ((2 * 6) as f64).sqrt() * 1.3;
        assert!(map.iter().all(|m| *m == 0.0 || scaled.iter().any(|w| (w - m).abs() < 1e-13)));
    }
}

#[test]
fn unshared_filters_that_are_equal_are_a_convolution() {
    let shared = built(
        &[conv(Padding::Same, 1).resized([2, 2]), SMOOTH, Layer::Flatten, DENSE],
        IMAGE,
        Parameterization::Ntk,
    );
    let mut unshared =
        built(&[local(Padding::Same), SMOOTH, Layer::Flatten, DENSE], IMAGE, Parameterization::Ntk);
    let filters = shared.weights()[0].nrows();
    for place in 0..12 {
        for k in 0..2 {
            let rows = s![place * filters..(place + 1) * filters, ..];
            unshared.weights_mut()[k].slice_mut(rows).assign(&shared.weights()[k]);
        }
    }
    for k in 2..4 {
        unshared.weights_mut()[k].assign(&shared.weights()[k]);
    }
    let x = inputs(&shared, 3);
    let gap = shared.forward(x.view()) - unshared.forward(x.view());
    assert!(gap.iter().all(|g| g.abs() < 1e-13));
    // A shared weight changes by the sum over the places that share it.
    let y = targets(&shared, 3);
    let of = |net: &LayeredNetwork| net.loss_and_gradient(x.view(), y.view(), Loss::HalfSquare).1;
    let (one, many) = (of(&shared), of(&unshared));
    for k in 0..2 {
        let mut sum = Array2::<f64>::zeros(one.matrices()[k].dim());
        for block in many.matrices()[k].axis_chunks_iter(Axis(0), filters) {
            sum += &block;
        }
        assert!((sum - &one.matrices()[k]).iter().all(|g| g.abs() < 1e-13));
    }
}

#[test]
fn a_recurrent_layer_without_recurrence_is_a_dense_layer_at_every_time() {
    let input = Input::Sequence { times: 3, channels: 2 };
    let mut net = built(&[recurrent(1.0), DENSE], input, Parameterization::Ntk);
    net.weights_mut()[2].fill(0.0);
    let flat = [Layer::Dense { weight_std: 1.1, bias_std: 0.2 }, SMOOTH, DENSE];
    let mut dense = built(&flat, input, Parameterization::Ntk);
    for (to, from) in [(0, 0), (1, 1), (2, 3), (3, 4)] {
        let from = net.weights()[from].clone();
        dense.weights_mut()[to].assign(&from);
    }
    let x = inputs(&net, 4);
    let gap = net.forward(x.view()) - dense.forward(x.view());
    assert!(gap.iter().all(|g| g.abs() < 1e-14));
}

#[test]
fn both_parameterizations_compute_the_same_function_of_the_same_draw() {
    for (name, layers, input) in networks() {
        let outputs = |parameterization| {
            let net = built(&layers, input, parameterization);
            net.forward(inputs(&net, 3).view())
        };
        let gap = outputs(Parameterization::Ntk) - outputs(Parameterization::Standard { width: 4 });
        assert!(gap.iter().all(|g| g.abs() < 1e-13), "{name}");
    }
}

#[test]
fn a_layer_without_biases_has_none() {
    let architecture = Architecture::dense(Nonlinearity::ERF, 1, 1.4, 0.1, 1.0, 0.0);
    let sizes = Sizes { n_in: 3, width: 5, n_out: 2 };
    let net = LayeredNetwork::random(&architecture, sizes, 0).unwrap();
    let shapes: Vec<_> = net.weights().iter().map(Array2::dim).collect();
    assert_eq!(shapes, [(5, 3), (5, 1), (2, 5)]);
    assert_eq!((net.n_in(), net.n_out(), net.n_parameters()), (3, 2, 30));
}

#[test]
fn layers_that_do_not_fit_are_refused_by_name() {
    let refused = |layers: Vec<Layer>, input: Input| {
        let architecture = Architecture { layers, parameterization: Parameterization::Ntk };
        LayeredNetwork::random_on(&architecture, input, 4, 2, 0).unwrap_err().to_string()
    };
    let vector = Input::Vector(3);
    let large = conv(Padding::Valid, 1).resized([5, 5]);
    for (layers, input, message) in [
        (vec![], vector, "number of layers with weights"),
        (vec![SMOOTH], vector, "nothing to learn"),
        (
            vec![DENSE, Layer::Residual(vec![DENSE])],
            vector,
            "layer 2 is a branch from 1x1x4 to 1x1x2",
        ),
        (vec![large, Layer::Flatten, DENSE], IMAGE, "layer 1"),
        (vec![recurrent(0.0), DENSE], vector, "leak"),
        (vec![Layer::Dense { weight_std: -1.0, bias_std: 0.0 }], vector, "-1"),
        (vec![DENSE], Input::Vector(0), "number of inputs"),
    ] {
        let text = refused(layers, input);
        assert!(text.contains(message), "{text}");
    }
    let fine = Architecture {
        parameterization: Parameterization::Standard { width: 5 },
        ..Architecture::dense(Nonlinearity::RELU, 2, 1.3, 0.4, 0.9, 0.2)
    };
    let sizes = Sizes { n_in: 3, width: 6, n_out: 2 };
    assert!(LayeredNetwork::random(&fine, sizes, 0).is_err());
    assert!(LayeredNetwork::random(&fine, Sizes { n_out: 0, width: 5, ..sizes }, 0).is_err());
}
