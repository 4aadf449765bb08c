//! Tangent kernels of networks of finite width, layer by layer.
//!
//! The kernel is ∂f/∂θ · ∂f/∂θᵀ, but no Jacobian is stored. A layer that takes h and gives
//! z = s_w W h + s_b b adds, with errors δ = ∂f/∂z found by backpropagation (`jacot2018`,
//! `novak2022`),
//!
//! ```math
//! \Theta_{xc,\,x'c'} \mathrel{+}= \sum_{p,p'} \big(\delta^{xc}_p\cdot\delta^{x'c'}_{p'}\big)
//!     \big(s_w^2\, h^x_p\cdot h^{x'}_{p'} + s_b^2\big) ,
//! ```
//!
//! products of two Gram matrices. The sum runs over the places at which the layer uses the same
//! weights: a dense layer has one, a convolution has one for each output position, where h is the patch
//! it sees there. With C outputs, n examples and layers of N units this costs O(nC N² + n²C² N)
//! operations and O(nC N + n²C²) numbers, where the Jacobian alone has nC N².
//!
//! Rows of a kernel are (example, output) pairs: example x and output c are row xC + c.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, s};

use crate::net::layered::Part;
use crate::net::measure::output_signals;
use crate::net::{LayeredNetwork, Network};
use crate::{Error, Result};

/// What a layer with weights took and was told.
#[derive(Debug, Clone)]
struct Signals {
    part: Part,
    /// What it took: one row for each example and place.
    taken: Array2<f64>,
    /// Derivatives of the outputs in what it gave: one row for each example, output and place.
    errors: Array2<f64>,
}

/// Which kernel is wanted of a network with several outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outputs {
    /// That of every pair of outputs.
    Pairs,
    /// The mean over outputs of each with itself.
    Mean,
}

/// The tangent kernel of every pair of outputs, nC × mC: of `inputs` with `other`, or with itself.
///
/// # Errors
/// Inputs of another dimension than the network's, none, or not finite.
pub fn empirical_ntk(
    net: &LayeredNetwork,
    inputs: ArrayView2<'_, f64>,
    other: Option<ArrayView2<'_, f64>>,
) -> Result<Array2<f64>> {
    kernel(net, inputs, other, Outputs::Pairs)
}

/// The mean over outputs of their tangent kernels, n × m, without those of pairs of outputs, which
/// vanish in the limit of large width.
///
/// # Errors
/// As [`empirical_ntk`].
pub fn mean_empirical_ntk(
    net: &LayeredNetwork,
    inputs: ArrayView2<'_, f64>,
    other: Option<ArrayView2<'_, f64>>,
) -> Result<Array2<f64>> {
    kernel(net, inputs, other, Outputs::Mean)
}

/// Covariance of the outputs over readout weights given the last hidden layer, n × m: what converges
/// to the kernel of the Gaussian process.
///
/// # Errors
/// As [`empirical_ntk`].
pub fn empirical_nngp(
    net: &LayeredNetwork,
    inputs: ArrayView2<'_, f64>,
    other: Option<ArrayView2<'_, f64>>,
) -> Result<Array2<f64>> {
    net.require_inputs("inputs", inputs)?;
    let hidden = |x: ArrayView2<'_, f64>| -> Result<Array2<f64>> {
        let activity = net.activity(x);
        activity.taken(net.n_layers() - 1).cloned().ok_or_else(|| Error::Assumption {
            theory: "the kernel of a readout",
            reason: "the last layer has no weights".into(),
            remedy: "end the network in a dense layer".into(),
        })
    };
    let first = hidden(inputs)?;
    let gram = match other {
        None => first.dot(&first.t()),
        Some(other) => {
            net.require_inputs("second inputs", other)?;
            first.dot(&hidden(other)?.t())
        }
    };
    let (weights, biases) = net.readout_variances();
    Ok(gram * weights + biases)
}

fn kernel(
    net: &LayeredNetwork,
    inputs: ArrayView2<'_, f64>,
    other: Option<ArrayView2<'_, f64>>,
    outputs: Outputs,
) -> Result<Array2<f64>> {
    net.require_inputs("inputs", inputs)?;
    let mut right = Vec::new();
    if let Some(other) = other {
        net.require_inputs("second inputs", other)?;
        visit_back(net, other, |part, taken, errors| {
            right.push(Signals { part: *part, taken: taken.clone(), errors: errors.clone() });
        });
    }
    let per_example = if outputs == Outputs::Pairs { net.n_out() } else { 1 };
    let columns = other.map_or(inputs.nrows(), |other| other.nrows());
    let mut sum = Array2::zeros((inputs.nrows() * per_example, columns * per_example));
    let mut seen = right.into_iter();
    visit_back(net, inputs, |part, taken, errors| {
        // The layers of both sides come in the same order.
        let second = seen.next();
        let own = (taken, errors);
        let (_, second) = second.as_ref().map_or((part, own), |s| (&s.part, (&s.taken, &s.errors)));
        add_layer(&mut sum, part, own, second, outputs);
    });
    if outputs == Outputs::Mean {
        sum /= net.n_out() as f64;
    }
    if other.is_none() {
        mirror(&mut sum);
    }
    match sum.iter().find(|x| !x.is_finite()) {
        None => Ok(sum),
        Some(_) => Err(Error::Numerical {
            method: "empirical tangent kernel",
            reason: "activities or errors of the network overflow".into(),
        }),
    }
}

/// Backpropagation of every output of every example, from the last layer to the first.
fn visit_back(
    net: &LayeredNetwork,
    inputs: ArrayView2<'_, f64>,
    mut visit: impl FnMut(&Part, &Array2<f64>, &Array2<f64>),
) {
    let activity = net.activity(inputs);
    net.visit_back(output_signals(net, inputs.nrows()), &activity, &mut visit);
}

/// Adds what a layer contributes to a kernel: the equation of the [module](self). Each side is what the
/// layer took and the errors at what it gave.
fn add_layer(
    sum: &mut Array2<f64>,
    part: &Part,
    left: (&Array2<f64>, &Array2<f64>),
    right: (&Array2<f64>, &Array2<f64>),
    outputs: Outputs,
) {
    let factors = (part.weight_factor.powi(2), part.biases.map_or(0.0, |(_, s)| s * s));
    let mut errors_gram = Array2::zeros(sum.dim());
    for p in 0..part.places {
        for q in 0..part.places {
            // Weights of their own at every place have nothing in common.
            if p != q && !part.shared {
                continue;
            }
            let at = |side: (&Array2<f64>, &Array2<f64>), place: usize| {
                let inputs = side.0.slice(s![place..;part.places, ..]).to_owned();
                (errors_at(side.1, place, part.places, inputs.nrows(), outputs), inputs)
            };
            let ((error, input), (other_error, other_input)) = (at(left, p), at(right, q));
            let inputs_gram = input.dot(&other_input.t()) * factors.0 + factors.1;
            general_mat_mul(1.0, &error, &other_error.t(), 0.0, &mut errors_gram);
            add_product(sum, &errors_gram, &inputs_gram);
        }
    }
}

/// Errors at one place: rows are (example, output) pairs, or examples if outputs are to be summed over:
/// that sum is part of the inner product once they share a row.
fn errors_at(
    errors: &Array2<f64>,
    place: usize,
    places: usize,
    examples: usize,
    outputs: Outputs,
) -> Array2<f64> {
    let errors = errors.slice(s![place..;places, ..]).to_owned();
    match outputs {
        Outputs::Pairs => errors,
        Outputs::Mean => {
            let shape = (examples, errors.len() / examples);
            errors.into_shape_with_order(shape).expect("rows are regrouped")
        }
    }
}

/// Adds the product of two Gram matrices, one of (example, output) pairs, the other of examples.
fn add_product(sum: &mut Array2<f64>, errors_gram: &Array2<f64>, inputs_gram: &Array2<f64>) {
    let (outputs, columns) = (sum.nrows() / inputs_gram.nrows(), sum.ncols());
    let rows = sum.as_slice_mut().expect("made in rows").chunks_exact_mut(columns);
    let rows = rows.zip(errors_gram.as_slice().expect("made in rows").chunks_exact(columns));
    for (i, (to, errors)) in rows.enumerate() {
        let inputs = inputs_gram.row(i / outputs);
        let pairs = to.chunks_exact_mut(outputs).zip(errors.chunks_exact(outputs));
        for ((to, errors), input) in pairs.zip(inputs) {
            to.iter_mut().zip(errors).for_each(|(to, error)| *to += error * input);
        }
    }
}

/// Makes a matrix symmetric to the last bit: products may round the two halves differently.
fn mirror(matrix: &mut Array2<f64>) {
    for i in 0..matrix.nrows() {
        for j in 0..i {
            matrix[[j, i]] = matrix[[i, j]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::net::Loss;
    use crate::net::architecture::parse::{LayerDefaults, parse_trainable};
    use crate::net::architecture::{Architecture, Parameterization};
    use crate::net::layered::{Input, Sizes};
    use crate::net::unit::Nonlinearity;

    const SIZES: Sizes = Sizes { n_in: 3, width: 6, n_out: 2 };

    fn inputs(n: usize, run: u32) -> Array2<f64> {
        gaussian(n, 3, 1.0, &mut stream(0, Purpose::Task, run))
    }

    /// Derivatives of every output of every example in every parameter.
    fn jacobian(net: &LayeredNetwork, inputs: &Array2<f64>) -> Array2<f64> {
        let outputs = net.forward(inputs.view());
        let mut rows = Array2::zeros((outputs.len(), net.n_parameters()));
        for ((x, c), _) in outputs.indexed_iter() {
            // A residual of 1 in one output makes the gradient of the loss that of the output.
            let row = ndarray::Axis(0);
            let example = inputs.row(x).insert_axis(row);
            let mut target = outputs.row(x).insert_axis(row).to_owned();
            target[[0, c]] -= 1.0;
            let gradient = net.loss_and_gradient(example, target.view(), Loss::HalfSquare).1;
            let entries = gradient.matrices().iter().flat_map(|w| w.iter().copied());
            rows.row_mut(x * outputs.ncols() + c).assign(&entries.collect::<ndarray::Array1<_>>());
        }
        rows
    }

    fn largest(gap: Array2<f64>) -> f64 {
        gap.iter().fold(0.0f64, |m, x| m.max(x.abs()))
    }

    #[test]
    fn kernels_are_products_of_jacobians() {
        let (x, z) = (inputs(4, 0), inputs(3, 1));
        for phi in [Nonlinearity::ERF, Nonlinearity::RELU, Nonlinearity::Gelu] {
            for parameterization in [Parameterization::Ntk, Parameterization::Standard { width: 6 }]
            {
                for (depth, bias) in [(0, 0.3), (1, 0.0), (3, 0.3)] {
                    let dense = Architecture::dense(phi, depth, 1.3, bias, 0.9, 0.2);
                    let architecture = Architecture { parameterization, ..dense };
                    let net = LayeredNetwork::random(&architecture, SIZES, 5).unwrap();
                    let (jx, jz) = (jacobian(&net, &x), jacobian(&net, &z));
                    let train = empirical_ntk(&net, x.view(), None).unwrap();
                    assert!(largest(&train - &jx.dot(&jx.t())) < 1e-12, "{architecture:?}");
                    assert_eq!(train, train.t());
                    let cross = empirical_ntk(&net, z.view(), Some(x.view())).unwrap();
                    assert!(largest(&cross - &jz.dot(&jx.t())) < 1e-12, "{architecture:?}");
                    let mean = mean_empirical_ntk(&net, z.view(), Some(x.view())).unwrap();
                    let expected = Array2::from_shape_fn((3, 4), |(i, j)| {
                        0.5 * (cross[[2 * i, 2 * j]] + cross[[2 * i + 1, 2 * j + 1]])
                    });
                    assert!(largest(mean - expected) < 1e-12);
                }
            }
        }
    }

    #[test]
    fn layers_join_as_sums_over_the_places_and_times_that_share_their_weights() {
        let words = |text: &str| parse_trainable(text, &LayerDefaults::default()).unwrap();
        let image = Input::Image { height: 4, width: 3, channels: 2 };
        let sequence = Input::Sequence { times: 4, channels: 3 };
        for (text, input) in [
            ("3x2(b=0.3) tanh [ tanh 3x3 ] gap dense(b=0.2)", image),
            ("local2x2(b=0.3) tanh flatten dense", image),
            ("3x3 max2 tanh norm flatten dense", image),
            ("recurrent(tanh, leak=0.6, b=0.2) gap dense", sequence),
        ] {
            let net = LayeredNetwork::random_on(&words(text), input, 4, 2, 5).unwrap();
            let mut rng = stream(3, Purpose::Task, 0);
            let (x, z) =
                (gaussian(4, net.n_in(), 1.0, &mut rng), gaussian(3, net.n_in(), 1.0, &mut rng));
            let (jx, jz) = (jacobian(&net, &x), jacobian(&net, &z));
            let cross = empirical_ntk(&net, z.view(), Some(x.view())).unwrap();
            assert!(largest(&cross - &jz.dot(&jx.t())) < 1e-12, "{text}");
            let train = empirical_ntk(&net, x.view(), None).unwrap();
            assert!(largest(&train - &jx.dot(&jx.t())) < 1e-12, "{text}");
            let mean = mean_empirical_ntk(&net, z.view(), Some(x.view())).unwrap();
            let expected = Array2::from_shape_fn((3, 4), |(i, j)| {
                0.5 * (cross[[2 * i, 2 * j]] + cross[[2 * i + 1, 2 * j + 1]])
            });
            assert!(largest(mean - expected) < 1e-12, "{text}");
        }
    }

    #[test]
    fn inputs_that_do_not_fit_are_refused() {
        let architecture = Architecture::dense(Nonlinearity::ERF, 1, 1.4, 0.1, 1.0, 0.0);
        let net = LayeredNetwork::random(&architecture, SIZES, 0).unwrap();
        let (fine, wrong) = (inputs(2, 0), Array2::zeros((2, 4)));
        assert!(empirical_ntk(&net, wrong.view(), None).is_err());
        assert!(empirical_ntk(&net, fine.view(), Some(wrong.view())).is_err());
        assert!(empirical_nngp(&net, fine.view(), Some(wrong.view())).is_err());
        let mut bad = fine.clone();
        bad[[1, 2]] = f64::NAN;
        assert!(empirical_ntk(&net, bad.view(), None).is_err());
    }
}
