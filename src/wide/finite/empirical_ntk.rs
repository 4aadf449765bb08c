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
use ndarray::{Array2, ArrayView2};

use crate::net::Network;
use crate::net::finite_network::{Activity, FiniteNetwork, slice_mut};
use crate::{Error, Result};

/// What a layer with shared weights saw and was told, place by place.
#[derive(Debug, Clone)]
struct Signals {
    /// Derivatives of the outputs in what the layer gives at each place: rows are (example, output)
    /// pairs, or examples if outputs are to be summed over.
    errors: Vec<Array2<f64>>,
    /// What it takes at each place: rows are examples.
    inputs: Vec<Array2<f64>>,
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
    net: &FiniteNetwork,
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
    net: &FiniteNetwork,
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
    net: &FiniteNetwork,
    inputs: ArrayView2<'_, f64>,
    other: Option<ArrayView2<'_, f64>>,
) -> Result<Array2<f64>> {
    net.require_inputs("inputs", inputs)?;
    let hidden = |x: ArrayView2<'_, f64>| net.activity(x).inputs.pop().unwrap_or_default();
    let first = hidden(inputs);
    let gram = match other {
        None => first.dot(&first.t()),
        Some(other) => {
            net.require_inputs("second inputs", other)?;
            first.dot(&hidden(other).t())
        }
    };
    let (weights, biases) = net.readout_variances();
    Ok(gram * weights + biases)
}

fn kernel(
    net: &FiniteNetwork,
    inputs: ArrayView2<'_, f64>,
    other: Option<ArrayView2<'_, f64>>,
    outputs: Outputs,
) -> Result<Array2<f64>> {
    net.require_inputs("inputs", inputs)?;
    let mut left = Backward::new(net, inputs, outputs);
    let mut right = match other {
        None => None,
        Some(other) => {
            net.require_inputs("second inputs", other)?;
            Some(Backward::new(net, other, outputs))
        }
    };
    let per_example = if outputs == Outputs::Pairs { net.n_out() } else { 1 };
    let columns = other.map_or(inputs.nrows(), |other| other.nrows());
    let mut sum = Array2::zeros((inputs.nrows() * per_example, columns * per_example));
    while let Some((signals, factors)) = left.next_layer() {
        match right.as_mut().and_then(Backward::next_layer) {
            Some((second, _)) => add_layer(&mut sum, &signals, &second, factors),
            None => add_layer(&mut sum, &signals, &signals, factors),
        }
    }
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

/// Adds what a layer contributes to a kernel: the equation of the [module](self). `factors` are
/// s_w² and s_b².
fn add_layer(sum: &mut Array2<f64>, left: &Signals, right: &Signals, factors: (f64, f64)) {
    let mut errors_gram = Array2::zeros(sum.dim());
    for (error, input) in left.errors.iter().zip(&left.inputs) {
        for (other_error, other_input) in right.errors.iter().zip(&right.inputs) {
            let inputs_gram = input.dot(&other_input.t()) * factors.0 + factors.1;
            general_mat_mul(1.0, error, &other_error.t(), 0.0, &mut errors_gram);
            // Rows and columns are (example, output) pairs.
            let outputs = sum.nrows() / inputs_gram.nrows();
            let columns = inputs_gram.ncols();
            let rows = slice_mut(sum).chunks_exact_mut(columns * outputs);
            let rows = rows.zip(slice_mut(&mut errors_gram).chunks_exact(columns * outputs));
            for (i, (to, errors)) in rows.enumerate() {
                let inputs = inputs_gram.row(i / outputs);
                let pairs = to.chunks_exact_mut(outputs).zip(errors.chunks_exact(outputs));
                for ((to, errors), input) in pairs.zip(inputs) {
                    to.iter_mut().zip(errors).for_each(|(to, error)| *to += error * input);
                }
            }
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

/// Backpropagation of every output of every example, from the last layer to the first.
struct Backward<'a> {
    net: &'a FiniteNetwork,
    activity: Activity,
    outputs: Outputs,
    /// Derivatives of the outputs in the fields of the next layer to come: rows are (example,
    /// output) pairs.
    errors: Array2<f64>,
}

impl<'a> Backward<'a> {
    fn new(net: &'a FiniteNetwork, inputs: ArrayView2<'_, f64>, outputs: Outputs) -> Self {
        let n_out = net.n_out();
        let shape = (inputs.nrows() * n_out, n_out);
        let errors = Array2::from_shape_fn(shape, |(i, c)| f64::from(u8::from(i % n_out == c)));
        Self { net, activity: net.activity(inputs), outputs, errors }
    }

    /// Signals of the next layer towards the inputs, with s_w² and s_b².
    fn next_layer(&mut self) -> Option<(Signals, (f64, f64))> {
        let inputs = self.activity.inputs.pop()?;
        let layer = self.net.layers()[self.activity.inputs.len()];
        let factors = (layer.weight_factor.powi(2), layer.bias_factor.map_or(0.0, |s| s * s));
        let below = match self.activity.slopes.pop() {
            None => Array2::zeros((0, 0)),
            Some(slopes) => {
                let weights = &self.net.weights()[layer.weights];
                let mut below = self.errors.dot(weights) * layer.weight_factor;
                // Every output of an example sees the same slopes.
                for (i, mut row) in below.rows_mut().into_iter().enumerate() {
                    row *= &slopes.row(i / self.net.n_out());
                }
                below
            }
        };
        let mut errors = std::mem::replace(&mut self.errors, below);
        if self.outputs == Outputs::Mean {
            // The sum over outputs is part of the inner product once they share a row.
            let shape = (inputs.nrows(), errors.len() / inputs.nrows());
            errors = errors.into_shape_with_order(shape).expect("rows are regrouped");
        }
        Some((Signals { errors: vec![errors], inputs: vec![inputs] }, factors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::net::architecture::{Architecture, Parameterization};
    use crate::net::finite_network::Sizes;
    use crate::net::unit::Nonlinearity;

    const SIZES: Sizes = Sizes { n_in: 3, width: 6, n_out: 2 };

    fn inputs(n: usize, run: u32) -> Array2<f64> {
        gaussian(n, 3, 1.0, &mut stream(0, Purpose::Task, run))
    }

    /// Derivatives of every output of every example in every parameter.
    fn jacobian(net: &FiniteNetwork, inputs: &Array2<f64>) -> Array2<f64> {
        let outputs = net.forward(inputs.view());
        let mut rows = Array2::zeros((outputs.len(), net.n_parameters()));
        for ((x, c), _) in outputs.indexed_iter() {
            // A residual of 1 in one output makes the gradient of the loss that of the output.
            let row = ndarray::Axis(0);
            let example = inputs.row(x).insert_axis(row);
            let mut target = outputs.row(x).insert_axis(row).to_owned();
            target[[0, c]] -= 1.0;
            let gradient = net.loss_and_gradient(example, target.view()).1;
            let entries = gradient.weights().iter().flat_map(|w| w.iter().copied());
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
                    let net = FiniteNetwork::random(&architecture, SIZES, 5).unwrap();
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
    fn a_convolution_joins_as_a_sum_over_places() {
        // One filter over three channels at four places of a line, five units, read out at each place.
        let mut rng = stream(3, Purpose::Task, 0);
        let (examples, places, fan_in, units) = (3, 4, 6, 5);
        let filter = gaussian(units, fan_in, 1.0, &mut rng);
        let biases = gaussian(1, units, 1.0, &mut rng);
        let readout = gaussian(places, units, 1.0, &mut rng);
        let patches: Vec<_> =
            (0..places).map(|_| gaussian(examples, fan_in, 1.0, &mut rng)).collect();
        let (weight_factor, bias_factor) = (0.7, 0.3);
        let errors: Vec<_> = patches
            .iter()
            .zip(readout.rows())
            .map(|(patch, readout)| {
                let fields = patch.dot(&filter.t()) * weight_factor + &(&biases * bias_factor);
                fields.mapv(|z| Nonlinearity::Tanh.slope(z)) * readout
            })
            .collect();
        let mut explicit = Array2::<f64>::zeros((examples, units * fan_in + units));
        for (error, patch) in errors.iter().zip(&patches) {
            for x in 0..examples {
                for u in 0..units {
                    for k in 0..fan_in {
                        explicit[[x, u * fan_in + k]] +=
                            weight_factor * error[[x, u]] * patch[[x, k]];
                    }
                    explicit[[x, units * fan_in + u]] += bias_factor * error[[x, u]];
                }
            }
        }
        let signals = Signals { errors, inputs: patches };
        let mut kernel = Array2::zeros((examples, examples));
        let factors = (weight_factor * weight_factor, bias_factor * bias_factor);
        add_layer(&mut kernel, &signals, &signals, factors);
        assert!(largest(&kernel - &explicit.dot(&explicit.t())) < 1e-12);
    }

    #[test]
    fn inputs_that_do_not_fit_are_refused() {
        let architecture = Architecture::dense(Nonlinearity::ERF, 1, 1.4, 0.1, 1.0, 0.0);
        let net = FiniteNetwork::random(&architecture, SIZES, 0).unwrap();
        let (fine, wrong) = (inputs(2, 0), Array2::zeros((2, 4)));
        assert!(empirical_ntk(&net, wrong.view(), None).is_err());
        assert!(empirical_ntk(&net, fine.view(), Some(wrong.view())).is_err());
        assert!(empirical_nngp(&net, fine.view(), Some(wrong.view())).is_err());
        let mut bad = fine.clone();
        bad[[1, 2]] = f64::NAN;
        assert!(empirical_ntk(&net, bad.view(), None).is_err());
    }
}
