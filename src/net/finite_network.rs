//! Networks of finite width: what the theory of infinite width is held against.
//!
//! A multilayer perceptron built from the same [`Architecture`] as the kernels. In the NTK
//! parameterization (`jacot2018`) all parameters are drawn from N(0, 1) and the scales stand in front
//! of them,
//!
//! ```math
//! z^{l} = \frac{\sigma_w}{\sqrt{n_{l-1}}}\, W^l h^{l-1} + \sigma_b\, b^l, \qquad h^l = \phi(z^l),
//! ```
//!
//! in the standard parameterization they are in the draw: W ~ N(0, σ_w²/n_{l−1}), b ~ N(0, σ_b²) and
//! z = Wh + b. Both compute the same functions at the start and learn differently.
//!
//! Rows are examples. Parameters are matrices: the weights of a layer (units × inputs), followed by
//! its biases as one column where it has any.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis};

use super::architecture::{Architecture, Layer, Parameterization};
use super::unit::Nonlinearity;
use super::unit::elementwise;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::Network;
use crate::{Error, Result};

/// A multilayer perceptron of finite width.
#[derive(Debug, Clone, PartialEq)]
pub struct FiniteNetwork {
    layers: Vec<DenseLayer>,
    parameters: Vec<Array2<f64>>,
    /// σ_w²/fan-in and σ_b² of the last layer.
    readout: (f64, f64),
}

/// The fixed numbers of a dense layer and of the nonlinearity behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DenseLayer {
    /// Index of the weights among the parameters; the biases follow them.
    pub weights: usize,
    /// What stands before the weights.
    pub weight_factor: f64,
    /// What stands before the biases, if there are any.
    pub bias_factor: Option<f64>,
    /// What the units do; the last layer's are linear.
    pub nonlinearity: Nonlinearity,
}

/// Activity of a network for a batch of inputs.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    /// What each dense layer takes, first the network's inputs: n × n_{l−1}.
    pub inputs: Vec<Array2<f64>>,
    /// Slopes φ′ of the hidden units, layer by layer: n × n_l.
    pub slopes: Vec<Array2<f64>>,
    /// What the last layer gives: n × C.
    pub outputs: Array2<f64>,
}

/// Numbers of units of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Dimension of the inputs.
    pub n_in: usize,
    /// Units of every hidden layer: the width.
    pub width: usize,
    /// Number of outputs.
    pub n_out: usize,
}

impl FiniteNetwork {
    /// A network with random initial weights.
    ///
    /// # Errors
    /// A layer without units; an architecture with anything but dense layers with nonlinearities
    /// between them, or one that does not begin and end with a dense layer; in the standard
    /// parameterization, another width than the architecture's.
    pub fn random(architecture: &Architecture, sizes: Sizes, seed: u64) -> Result<Self> {
        let Sizes { n_in, width, n_out } = sizes;
        for (name, units) in [("inputs", n_in), ("hidden units", width), ("outputs", n_out)] {
            if units == 0 {
                return Err(Error::parameter(
                    format!("number of {name}"),
                    0,
                    "it must be positive",
                ));
            }
        }
        architecture.validate()?;
        let dense = dense_layers(architecture)?;
        let standard = match architecture.parameterization {
            Parameterization::Ntk => false,
            Parameterization::Standard { width: theirs } if theirs == width => true,
            Parameterization::Standard { width: theirs } => {
                let allowed = format!("the architecture's standard parameterization has {theirs}");
                return Err(Error::parameter("width", width, allowed));
            }
        };
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let (mut layers, mut parameters, mut readout) = (Vec::new(), Vec::new(), (0.0, 0.0));
        for (l, (weight_std, bias_std, nonlinearity)) in dense.iter().enumerate() {
            let fan_in = if l == 0 { n_in } else { width };
            let units = if l + 1 == dense.len() { n_out } else { width };
            let scale = weight_std / (fan_in as f64).sqrt();
            let (drawn, factor) = if standard { (scale, 1.0) } else { (1.0, scale) };
            readout = (scale * scale, bias_std * bias_std);
            let has_bias = *bias_std > 0.0;
            let bias_factor = if standard { 1.0 } else { *bias_std };
            layers.push(DenseLayer {
                weights: parameters.len(),
                weight_factor: factor,
                bias_factor: has_bias.then_some(bias_factor),
                nonlinearity: *nonlinearity,
            });
            parameters.push(gaussian(units, fan_in, drawn, &mut rng));
            if has_bias {
                let drawn = if standard { *bias_std } else { 1.0 };
                parameters.push(gaussian(units, 1, drawn, &mut rng));
            }
        }
        Ok(Self { layers, parameters, readout })
    }

    /// Number of inputs.
    pub fn n_in(&self) -> usize {
        self.parameters[0].ncols()
    }

    /// Number of outputs.
    pub fn n_out(&self) -> usize {
        self.parameters[self.parameters.len() - 1].nrows()
    }

    /// Number of parameters.
    pub fn n_parameters(&self) -> usize {
        self.parameters.iter().map(Array2::len).sum()
    }

    pub(crate) fn layers(&self) -> &[DenseLayer] {
        &self.layers
    }

    /// Variances over draws that the readout gives to an output per unit of squared activity, and by
    /// its bias.
    pub(crate) fn readout_variances(&self) -> (f64, f64) {
        self.readout
    }

    /// Weights and biases of a layer, to change in place.
    pub(crate) fn layer_mut(
        &mut self,
        layer: &DenseLayer,
    ) -> (&mut Array2<f64>, Option<&mut Array2<f64>>) {
        let (weights, rest) = self.parameters[layer.weights..].split_at_mut(1);
        (&mut weights[0], rest.first_mut().filter(|_| layer.bias_factor.is_some()))
    }

    /// Writes a layer's fields for given inputs.
    pub(crate) fn write_field(
        &self,
        layer: &DenseLayer,
        inputs: ArrayView2<'_, f64>,
        field: &mut Array2<f64>,
    ) {
        let keep = match layer.bias_factor {
            None => 0.0,
            Some(factor) => {
                let biases = &self.parameters[layer.weights + 1];
                for mut row in field.rows_mut() {
                    row.iter_mut().zip(biases).for_each(|(z, b)| *z = factor * b);
                }
                1.0
            }
        };
        let weights = &self.parameters[layer.weights];
        general_mat_mul(layer.weight_factor, &inputs, &weights.t(), keep, field);
    }

    /// Inputs and slopes of every layer, and outputs.
    pub(crate) fn activity(&self, inputs: ArrayView2<'_, f64>) -> Activity {
        let (mut taken, mut slopes) = (vec![inputs.to_owned()], Vec::new());
        for (l, layer) in self.layers.iter().enumerate() {
            let units = self.parameters[layer.weights].nrows();
            let mut field = Array2::zeros((inputs.nrows(), units));
            self.write_field(layer, taken[l].view(), &mut field);
            if l + 1 == self.layers.len() {
                return Activity { inputs: taken, slopes, outputs: field };
            }
            let mut rates = Array2::zeros(field.dim());
            elementwise::evaluate(layer.nonlinearity, slice_mut(&mut field), slice_mut(&mut rates));
            taken.push(rates);
            slopes.push(field);
        }
        Activity { inputs: taken, slopes, outputs: Array2::zeros((inputs.nrows(), 0)) }
    }

    /// Refuses inputs of another dimension than the network's, or none.
    pub(crate) fn require_inputs(&self, what: &str, inputs: ArrayView2<'_, f64>) -> Result<()> {
        if inputs.nrows() == 0 || inputs.ncols() != self.n_in() {
            let expected = format!("one row or more of {} numbers, the inputs", self.n_in());
            return Err(Error::shape(what, inputs.dim(), expected));
        }
        crate::math::linalg::require_finite(what, inputs)
    }
}

impl Network for FiniteNetwork {
    fn forward(&self, inputs: ArrayView2<'_, f64>) -> Array2<f64> {
        self.activity(inputs).outputs
    }

    fn loss_and_gradient(
        &self,
        inputs: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> (f64, Self) {
        let n = inputs.nrows() as f64;
        let Activity { inputs, slopes, outputs } = self.activity(inputs);
        let mut errors = outputs - targets;
        let loss = 0.5 * errors.iter().map(|r| r * r).sum::<f64>() / n;
        errors /= n;
        let mut gradient = self.clone();
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let (weights, biases) = gradient.layer_mut(layer);
            general_mat_mul(layer.weight_factor, &errors.t(), &inputs[l], 0.0, weights);
            if let (Some(biases), Some(factor)) = (biases, layer.bias_factor) {
                biases.assign(&(errors.sum_axis(Axis(0)) * factor).insert_axis(Axis(1)));
            }
            if l > 0 {
                errors = errors.dot(&self.parameters[layer.weights]) * layer.weight_factor;
                errors *= &slopes[l - 1];
            }
        }
        (loss, gradient)
    }

    /// The weights of every layer, each followed by its biases as a column where it has any.
    fn weights(&self) -> &[Array2<f64>] {
        &self.parameters
    }

    fn weights_mut(&mut self) -> &mut [Array2<f64>] {
        &mut self.parameters
    }
}

/// Scales and nonlinearity of every dense layer.
fn dense_layers(architecture: &Architecture) -> Result<Vec<(f64, f64, Nonlinearity)>> {
    let refused = |reason: String| Error::Assumption {
        theory: "a multilayer perceptron",
        reason,
        remedy: "use dense layers with at most one nonlinearity after each, the last dense".into(),
    };
    let mut dense: Vec<(f64, f64, Option<Nonlinearity>)> = Vec::new();
    for (i, layer) in architecture.layers.iter().enumerate() {
        match (layer, dense.last_mut()) {
            (Layer::Dense { weight_std, bias_std }, _) => {
                dense.push((*weight_std, *bias_std, None));
            }
            (Layer::Nonlinear(phi), Some((_, _, after @ None))) => *after = Some(*phi),
            _ => return Err(refused(format!("layer {} is {layer:?}", i + 1))),
        }
    }
    if dense.last().is_none_or(|(_, _, after)| after.is_some()) {
        return Err(refused("the last layer is not dense".into()));
    }
    let linear = Nonlinearity::Linear;
    Ok(dense.into_iter().map(|(w, b, phi)| (w, b, phi.unwrap_or(linear))).collect())
}

/// The entries of a matrix that was made row by row.
pub(crate) fn slice(matrix: &Array2<f64>) -> &[f64] {
    matrix.as_slice().expect("the matrix was made in rows")
}

/// The entries of a matrix that was made row by row.
pub(crate) fn slice_mut(matrix: &mut Array2<f64>) -> &mut [f64] {
    matrix.as_slice_mut().expect("the matrix was made in rows")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { n_in: 3, width: 5, n_out: 2 };

    fn deep(phi: Nonlinearity, parameterization: Parameterization) -> Architecture {
        Architecture { parameterization, ..Architecture::dense(phi, 2, 1.3, 0.4, 0.9, 0.2) }
    }

    #[test]
    fn gradients_are_central_differences_of_the_loss() {
        let mut rng = stream(0, Purpose::Task, 0);
        let (x, y) = (gaussian(4, 3, 1.0, &mut rng), gaussian(4, 2, 1.0, &mut rng));
        let smooth = Nonlinearity::Erf { amplitude: 1.2, frequency: 0.7, shift: 0.3 };
        for phi in [smooth, Nonlinearity::RELU, Nonlinearity::Tanh, Nonlinearity::Gelu] {
            for parameterization in [Parameterization::Ntk, Parameterization::Standard { width: 5 }]
            {
                let net = FiniteNetwork::random(&deep(phi, parameterization), SIZES, 1).unwrap();
                let gradient = net.loss_and_gradient(x.view(), y.view()).1;
                let h = 1e-5;
                for k in 0..net.weights().len() {
                    for i in 0..net.weights()[k].nrows() {
                        let loss = |shift: f64| {
                            let mut moved = net.clone();
                            moved.weights_mut()[k][[i, 0]] += shift;
                            moved.loss_and_gradient(x.view(), y.view()).0
                        };
                        let difference = (loss(h) - loss(-h)) / (2.0 * h);
                        let gap = (difference - gradient.weights()[k][[i, 0]]).abs();
                        assert!(gap < 1e-8, "{phi}, matrix {k}, row {i}: {gap:.1e}");
                    }
                }
            }
        }
    }

    #[test]
    fn both_parameterizations_compute_the_same_function_of_the_same_draw() {
        let x = gaussian(6, 3, 1.0, &mut stream(2, Purpose::Task, 0));
        let outputs = |parameterization| {
            let architecture = deep(Nonlinearity::Tanh, parameterization);
            FiniteNetwork::random(&architecture, SIZES, 7).unwrap().forward(x.view())
        };
        let gap = outputs(Parameterization::Ntk) - outputs(Parameterization::Standard { width: 5 });
        assert!(gap.iter().all(|g| g.abs() < 1e-14));
    }

    #[test]
    fn a_layer_without_biases_has_none() {
        let architecture = Architecture::dense(Nonlinearity::ERF, 1, 1.4, 0.1, 1.0, 0.0);
        let net = FiniteNetwork::random(&architecture, SIZES, 0).unwrap();
        let shapes: Vec<_> = net.weights().iter().map(Array2::dim).collect();
        assert_eq!(shapes, [(5, 3), (5, 1), (2, 5)]);
        assert_eq!((net.n_in(), net.n_out(), net.n_parameters()), (3, 2, 30));
    }

    #[test]
    fn what_is_no_perceptron_is_refused() {
        let dense = Layer::Dense { weight_std: 1.0, bias_std: 0.0 };
        let relu = Layer::Nonlinear(Nonlinearity::RELU);
        let norm = Layer::LayerNorm { epsilon: 1e-6 };
        for layers in [
            vec![],
            vec![dense.clone(), relu.clone()],
            vec![dense.clone(), norm, relu.clone(), dense.clone()],
            vec![dense.clone(), Layer::Residual(vec![dense.clone()])],
        ] {
            let architecture = Architecture { layers, parameterization: Parameterization::Ntk };
            assert!(FiniteNetwork::random(&architecture, SIZES, 0).is_err(), "{architecture:?}");
        }
        let fine = deep(Nonlinearity::RELU, Parameterization::Standard { width: 5 });
        assert!(FiniteNetwork::random(&fine, Sizes { width: 6, ..SIZES }, 0).is_err());
        assert!(FiniteNetwork::random(&fine, Sizes { n_out: 0, ..SIZES }, 0).is_err());
    }
}
