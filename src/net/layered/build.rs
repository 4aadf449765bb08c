//! From an architecture and sizes to layers with random weights.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use super::plan::Plan;
use super::recurrent::RecurrentLayer;
use super::weights::{Part, WeightLayer};
use super::windows::Windows;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::architecture::{Architecture, Layer, Parameterization, name_of};
use crate::net::unit::Nonlinearity;
use crate::{Error, Result};

/// Numbers of units of a network on vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Dimension of the inputs.
    pub n_in: usize,
    /// Units of every hidden layer: the width.
    pub width: usize,
    /// Number of outputs.
    pub n_out: usize,
}

/// What an example consists of, in one row of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// So many numbers.
    Vector(usize),
    /// An image, row by row, the channels of a pixel beside each other.
    Image {
        /// Rows of pixels.
        height: usize,
        /// Pixels of a row.
        width: usize,
        /// Numbers of a pixel.
        channels: usize,
    },
    /// A sequence, time by time.
    Sequence {
        /// Number of times.
        times: usize,
        /// Numbers of a time.
        channels: usize,
    },
}

impl Input {
    /// Size in places, and channels.
    fn shape(self) -> Shape {
        match self {
            Self::Vector(channels) => Shape { size: [1, 1], channels },
            Self::Image { height, width, channels } => Shape { size: [height, width], channels },
            Self::Sequence { times, channels } => Shape { size: [times, 1], channels },
        }
    }
}

/// What a signal between two layers consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    size: [usize; 2],
    channels: usize,
}

impl Shape {
    fn places(self) -> usize {
        self.size[0] * self.size[1]
    }
}

/// The layers of a network, without their parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NetworkPlan {
    pub layers: Vec<Plan>,
    pub n_in: usize,
    pub n_out: usize,
    /// Places of the inputs.
    pub places: usize,
    /// Places of the outputs.
    pub out_places: usize,
    /// σ_w²/fan-in and σ_b² of the last layer with weights.
    pub readout: (f64, f64),
}

/// A network with parameters drawn from a seed.
pub(super) fn random(
    architecture: &Architecture,
    input: Input,
    width: usize,
    n_out: usize,
    seed: u64,
) -> Result<(NetworkPlan, Vec<Array2<f64>>)> {
    let shape = input.shape();
    let counts =
        [("inputs", shape.places() * shape.channels), ("hidden units", width), ("outputs", n_out)];
    for (name, units) in counts {
        if units == 0 {
            let name = format!("number of {name}");
            return Err(Error::parameter(name, 0, "it must be positive"));
        }
    }
    architecture.check_layers()?;
    let standard = match architecture.parameterization {
        Parameterization::Ntk => false,
        Parameterization::Standard { width: theirs } if theirs == width => true,
        Parameterization::Standard { width: theirs } => {
            let allowed = format!("the architecture's standard parameterization has {theirs}");
            return Err(Error::parameter("width", width, allowed));
        }
    };
    let left = count_weights(&architecture.layers);
    let rng = stream(seed, Purpose::InitialWeights, 0);
    let mut builder =
        Builder { width, n_out, standard, left, rng, parameters: Vec::new(), readout: (0.0, 0.0) };
    let mut place = Vec::new();
    let (layers, end) = builder.layers(&architecture.layers, shape, &mut place)?;
    let plan = NetworkPlan {
        layers,
        n_in: shape.places() * shape.channels,
        n_out: end.places() * end.channels,
        places: shape.places(),
        out_places: end.places(),
        readout: builder.readout,
    };
    Ok((plan, builder.parameters))
}

/// Dense layers without biases, given the weights and what stands before them.
pub(super) fn chain(
    parameters: &[Array2<f64>],
    factors: &[f64],
    nonlinearity: Nonlinearity,
) -> NetworkPlan {
    let mut layers = Vec::with_capacity(2 * parameters.len());
    for (l, (w, factor)) in parameters.iter().zip(factors).enumerate() {
        let part =
            Part { weights: l, weight_factor: *factor, biases: None, places: 1, shared: true };
        layers.push(Plan::Weights(WeightLayer { part, units: w.nrows(), windows: None }));
        if l + 1 < parameters.len() {
            layers.push(Plan::Units { nonlinearity, places: 1 });
        }
    }
    let (first, last) = (&parameters[0], parameters.len() - 1);
    NetworkPlan {
        n_in: first.ncols(),
        n_out: parameters[last].nrows(),
        places: 1,
        out_places: 1,
        readout: (factors[last] * factors[last], 0.0),
        layers,
    }
}

/// Layers with weights, those of branches included.
fn count_weights(layers: &[Layer]) -> usize {
    let count = |layer: &Layer| match layer {
        Layer::Dense { .. }
        | Layer::Conv { .. }
        | Layer::LocallyConnected { .. }
        | Layer::Recurrent { .. } => 1,
        Layer::Residual(branch) => count_weights(branch),
        _ => 0,
    };
    layers.iter().map(count).sum()
}

struct Builder {
    width: usize,
    n_out: usize,
    standard: bool,
    /// Layers with weights that are still to come.
    left: usize,
    rng: ChaCha8Rng,
    parameters: Vec<Array2<f64>>,
    readout: (f64, f64),
}

impl Builder {
    fn layers(
        &mut self,
        layers: &[Layer],
        mut shape: Shape,
        place: &mut Vec<usize>,
    ) -> Result<(Vec<Plan>, Shape)> {
        let mut plans = Vec::with_capacity(layers.len());
        for (i, layer) in layers.iter().enumerate() {
            place.push(i);
            let (plan, next) = self.layer(layer, shape, place)?;
            plans.push(plan);
            shape = next;
            place.pop();
        }
        Ok((plans, shape))
    }

    fn layer(
        &mut self,
        layer: &Layer,
        shape: Shape,
        place: &mut Vec<usize>,
    ) -> Result<(Plan, Shape)> {
        let (places, name) = (shape.places(), name_of(place));
        let merged = Shape { size: [1, 1], ..shape };
        Ok(match *layer {
            Layer::Dense { weight_std, bias_std } => {
                self.weights(None, shape, (weight_std, bias_std), true)
            }
            Layer::Conv { filter, stride, padding, weight_std, bias_std } => {
                let found = Windows::new(&name, shape.size, filter, stride, padding)?;
                self.weights(Some(found), shape, (weight_std, bias_std), true)
            }
            Layer::LocallyConnected { filter, stride, padding, weight_std, bias_std } => {
                let found = Windows::new(&name, shape.size, filter, stride, padding)?;
                self.weights(Some(found), shape, (weight_std, bias_std), false)
            }
            Layer::Recurrent { nonlinearity, leak, weight_std, recurrent_std, bias_std } => {
                nonlinearity.check()?;
                let units = self.units();
                let input = self.part(shape.channels, units, (weight_std, bias_std), places, true);
                let recurrent = self.part(units, units, (recurrent_std, 0.0), places, true);
                let layer = RecurrentLayer { nonlinearity, leak, input, recurrent, units };
                (Plan::Recurrent(layer), Shape { channels: units, ..shape })
            }
            Layer::AveragePool { window, stride, padding } => {
                let (windows, size) = Windows::new(&name, shape.size, window, stride, padding)?;
                (Plan::AveragePool(windows), Shape { size, ..shape })
            }
            Layer::MaxPool { window, stride, padding } => {
                let (windows, size) = Windows::new(&name, shape.size, window, stride, padding)?;
                (Plan::MaxPool(windows), Shape { size, ..shape })
            }
            Layer::Flatten => {
                (Plan::Flatten { places }, Shape { channels: places * shape.channels, ..merged })
            }
            Layer::GlobalAveragePool => (Plan::Mean { places }, merged),
            Layer::Nonlinear(nonlinearity) => {
                nonlinearity.check()?;
                (Plan::Units { nonlinearity, places }, shape)
            }
            Layer::LayerNorm { epsilon } => (Plan::Normalize { epsilon, places }, shape),
            Layer::Residual(ref branch) => {
                let (plans, inside) = self.layers(branch, shape, place)?;
                if inside != shape {
                    let text = |s: Shape| format!("{}x{}x{}", s.size[0], s.size[1], s.channels);
                    let value = format!("a branch from {} to {}", text(shape), text(inside));
                    let allowed = "it must keep the size and the channels of what it is added to";
                    return Err(Error::parameter(name, value, allowed));
                }
                (Plan::Residual(plans), shape)
            }
        })
    }

    /// Units of the next layer with weights: the last one gives the outputs.
    fn units(&mut self) -> usize {
        self.left -= 1;
        if self.left == 0 { self.n_out } else { self.width }
    }

    fn weights(
        &mut self,
        windows: Option<(Windows, [usize; 2])>,
        shape: Shape,
        stds: (f64, f64),
        shared: bool,
    ) -> (Plan, Shape) {
        let units = self.units();
        let (windows, size) = windows.map_or((None, shape.size), |(w, size)| (Some(w), size));
        let after = Shape { size, channels: units };
        let fan_in = shape.channels * windows.as_ref().map_or(1, |windows| windows.taps);
        let part = self.part(fan_in, units, stds, after.places(), shared);
        (Plan::Weights(WeightLayer { part, units, windows }), after)
    }

    /// Draws a matrix of weights and its biases.
    fn part(
        &mut self,
        fan_in: usize,
        units: usize,
        (weight_std, bias_std): (f64, f64),
        places: usize,
        shared: bool,
    ) -> Part {
        let rows = if shared { units } else { units * places };
        let scale = weight_std / (fan_in as f64).sqrt();
        let (drawn, weight_factor) = if self.standard { (scale, 1.0) } else { (1.0, scale) };
        self.readout = (scale * scale, bias_std * bias_std);
        let weights = self.parameters.len();
        self.parameters.push(gaussian(rows, fan_in, drawn, &mut self.rng));
        let biases = (bias_std > 0.0).then(|| {
            let (drawn, factor) = if self.standard { (bias_std, 1.0) } else { (1.0, bias_std) };
            self.parameters.push(gaussian(rows, 1, drawn, &mut self.rng));
            (weights + 1, factor)
        });
        Part { weights, weight_factor, biases, places, shared }
    }
}
