//! Networks as layers: what kernels are computed from, and what is trained.

pub mod conv_shape;
mod layer;
pub mod parse;

pub use layer::{Layer, Padding};

use super::unit::Nonlinearity;
use crate::{Error, Result};

/// How weights are scaled, which changes how fast layers learn, not what they compute at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameterization {
    /// z = σ_w/√(fan-in) W x + σ_b b with W, b standard Gaussian: the tangent kernel has a limit.
    Ntk,
    /// z = W x + b with W of variance σ_w²/(fan-in) and b of variance σ_b². The tangent kernel grows with
    /// the width, so that it is needed here.
    Standard {
        /// Units of every hidden layer (channels, for convolutions). The fan-in of the first layer is
        /// that of the input.
        width: usize,
    },
}

/// What a network is: the same value gives the kernels of infinite width and the trained network of a
/// finite one ([`LayeredNetwork`](super::LayeredNetwork)).
///
/// ```
/// use solvable::net::architecture::Architecture;
/// use solvable::net::unit::Nonlinearity;
///
/// let network = Architecture::dense(Nonlinearity::RELU, 3, 2f64.sqrt(), 0.0, 1.0, 0.0);
/// assert_eq!(network.layers.len(), 7);
/// assert!(network.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// From the input to the output.
    pub layers: Vec<Layer>,
    /// How weights are scaled.
    pub parameterization: Parameterization,
}

impl Architecture {
    /// `depth` hidden layers of one nonlinearity and a linear readout, in NTK parameterization.
    pub fn dense(
        nonlinearity: Nonlinearity,
        depth: usize,
        weight_std: f64,
        bias_std: f64,
        readout_weight_std: f64,
        readout_bias_std: f64,
    ) -> Self {
        let hidden = [Layer::Dense { weight_std, bias_std }, Layer::Nonlinear(nonlinearity)];
        let mut layers: Vec<Layer> = hidden.iter().cloned().cycle().take(2 * depth).collect();
        layers.push(Layer::Dense { weight_std: readout_weight_std, bias_std: readout_bias_std });
        Self { layers, parameterization: Parameterization::Ntk }
    }

    /// Refuses layers that do not fit together: what the theory of wide networks needs is that every
    /// nonlinearity gets Gaussian input.
    ///
    /// # Errors
    /// No layers; a standard deviation or ε that is negative or not finite; a filter, window, stride or
    /// width of 0; a nonlinearity or normalization that does not follow weights; convolutions or
    /// pooling after places are gone; a residual branch before the first weights, or that does not end
    /// in weights.
    pub fn validate(&self) -> Result<()> {
        self.first_fault().map_or(Ok(()), |fault| Err(fault.error))
    }

    /// As [`validate`](Self::validate), with the place.
    pub(crate) fn first_fault(&self) -> Option<Fault> {
        let at_all = |error| Some(Fault { place: Vec::new(), error });
        if self.layers.is_empty() {
            return at_all(Error::parameter("number of layers", 0, "it must be 1 or more"));
        }
        if self.parameterization == (Parameterization::Standard { width: 0 }) {
            return at_all(Error::parameter("width", 0, "it must be 1 or more"));
        }
        let start = Signal { weights: false, gaussian: false, places: true };
        start.after_all(&self.layers, &mut Vec::new()).err()
    }

    /// Refuses numbers that no network has, whatever is known of its limit.
    ///
    /// # Errors
    /// No layers; a standard deviation or ε that is negative or not finite; a filter, window or stride
    /// of 0; a leak out of range; a network without weights.
    pub fn check_layers(&self) -> Result<()> {
        fn check(layers: &[Layer], place: &mut Vec<usize>) -> Result<bool> {
            let mut weights = false;
            for (i, layer) in layers.iter().enumerate() {
                place.push(i);
                weights |= match layer {
                    Layer::Residual(branch) => check(branch, place)?,
                    _ => layer.check(&name_of(place))?,
                };
                place.pop();
            }
            Ok(weights)
        }
        if check(&self.layers, &mut Vec::new())? {
            return Ok(());
        }
        let allowed = "it must be 1 or more, or there is nothing to learn";
        Err(Error::parameter("number of layers with weights", 0, allowed))
    }

    /// Whether layers speak of places, so that the input must be images.
    pub fn is_convolutional(&self) -> bool {
        fn any(layers: &[Layer]) -> bool {
            layers.iter().any(|layer| match layer {
                Layer::Residual(branch) => any(branch),
                Layer::Dense { .. } | Layer::Nonlinear(_) | Layer::LayerNorm { .. } => false,
                _ => true,
            })
        }
        any(&self.layers)
    }
}

/// A layer that does not fit.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Its index, and those inside of branches.
    pub(crate) place: Vec<usize>,
    pub(crate) error: Error,
}

/// What is known of the activities between two layers.
#[derive(Debug, Clone, Copy)]
struct Signal {
    /// There has been a layer with weights.
    weights: bool,
    /// Jointly Gaussian with mean zero over random weights.
    gaussian: bool,
    /// There may be places: nothing has merged them.
    places: bool,
}

impl Signal {
    fn after_all(self, layers: &[Layer], place: &mut Vec<usize>) -> Result<Self, Fault> {
        layers.iter().enumerate().try_fold(self, |signal, (i, layer)| {
            place.push(i);
            let next = match layer {
                Layer::Residual(branch) => signal.after_branch(branch, place)?,
                _ => signal
                    .after(layer, &name_of(place))
                    .map_err(|error| Fault { place: place.clone(), error })?,
            };
            place.pop();
            Ok(next)
        })
    }

    fn after(self, layer: &Layer, name: &str) -> Result<Self> {
        layer.check(name)?;
        match layer {
            Layer::Dense { .. } => Ok(Self { weights: true, gaussian: true, ..self }),
            Layer::Conv { .. } => {
                self.needs_places(name, "filter")?;
                Ok(Self { weights: true, gaussian: true, ..self })
            }
            Layer::AveragePool { .. } => {
                self.needs_places(name, "window")?;
                Ok(self)
            }
            Layer::Flatten => {
                self.needs_places(name, "flatten")?;
                Ok(Self { gaussian: false, places: false, ..self })
            }
            Layer::GlobalAveragePool => {
                self.needs_places(name, "global average pooling")?;
                Ok(Self { places: false, ..self })
            }
            Layer::Nonlinear(nonlinearity) => {
                self.needs_gaussian(name, &nonlinearity.to_string())?;
                Ok(Self { gaussian: false, ..self })
            }
            Layer::LayerNorm { .. } => {
                self.needs_gaussian(name, "normalization")?;
                Ok(self)
            }
            Layer::LocallyConnected { .. } => untheorized(name, "locally connected"),
            Layer::MaxPool { .. } => untheorized(name, "max pooling"),
            Layer::Recurrent { .. } => untheorized(name, "recurrent"),
            Layer::Residual(_) => Ok(self),
        }
    }

    fn after_branch(self, branch: &[Layer], place: &mut Vec<usize>) -> Result<Self, Fault> {
        let name = name_of(place);
        let fault = |error| Err(Fault { place: place.clone(), error });
        if !self.weights {
            let allowed = "it must come after dense or conv, because the input has few channels";
            return fault(Error::parameter(name, "a residual branch", allowed));
        }
        if !matches!(branch.last(), Some(Layer::Dense { .. } | Layer::Conv { .. })) {
            let last = branch.last().map_or("nothing".to_owned(), |layer| format!("{layer:?}"));
            let allowed = "a residual branch must end in dense or conv, whose weights make it \
                           independent of its input";
            return fault(Error::parameter(format!("{name}: end of the branch"), last, allowed));
        }
        let inside = self.after_all(branch, place)?;
        // Beside its input the branch is Gaussian; the sum is if the input was.
        Ok(Self { places: inside.places, ..self })
    }

    fn needs_places(self, name: &str, what: &str) -> Result<()> {
        if self.places {
            return Ok(());
        }
        let allowed = "it must come before flatten and global average pooling";
        Err(Error::parameter(name, what, allowed))
    }

    fn needs_gaussian(self, name: &str, what: &str) -> Result<()> {
        if self.gaussian {
            return Ok(());
        }
        let allowed = "it must follow dense or conv, which make its input Gaussian";
        Err(Error::parameter(name, what, allowed))
    }
}

/// Layers that can be trained, but whose limit of infinite width is not known here.
fn untheorized(name: &str, what: &str) -> Result<Signal> {
    let allowed = "no kernel of infinite width is known for it here; a network of finite width can be \
                   trained";
    Err(Error::parameter(name, what, allowed))
}

/// `layer 3`, `layer 3.1` for the first of its branch.
pub(crate) fn name_of(place: &[usize]) -> String {
    let numbers: Vec<String> = place.iter().map(|i| (i + 1).to_string()).collect();
    format!("layer {}", numbers.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENSE: Layer = Layer::Dense { weight_std: 1.4, bias_std: 0.1 };
    const RELU: Layer = Layer::Nonlinear(Nonlinearity::RELU);
    const CONV: Layer = Layer::Conv {
        filter: [3, 3],
        stride: [1, 1],
        padding: Padding::Same,
        weight_std: 1.4,
        bias_std: 0.0,
    };

    fn verdict(layers: &[Layer]) -> Result<()> {
        Architecture { layers: layers.to_vec(), parameterization: Parameterization::Ntk }.validate()
    }

    #[test]
    fn networks_that_make_sense_are_accepted() {
        let norm = Layer::LayerNorm { epsilon: 1e-5 };
        let block = Layer::Residual(vec![RELU, DENSE, RELU, DENSE]);
        for good in [
            vec![DENSE],
            vec![DENSE, RELU, DENSE],
            vec![DENSE, norm.clone(), RELU, DENSE],
            vec![DENSE, block.clone(), block, RELU, DENSE],
            vec![CONV, RELU, CONV, RELU, Layer::GlobalAveragePool, DENSE],
            vec![CONV, Layer::Residual(vec![RELU, CONV]), RELU, Layer::Flatten, DENSE, RELU, DENSE],
        ] {
            verdict(&good).unwrap();
        }
    }

    #[test]
    fn networks_outside_the_theory_are_refused_with_the_place() {
        let norm = Layer::LayerNorm { epsilon: 1e-5 };
        for (bad, message) in [
            (vec![], "number of layers"),
            (vec![RELU, DENSE], "layer 1 is relu"),
            (vec![DENSE, RELU, RELU], "layer 3 is relu"),
            (vec![DENSE, RELU, norm], "layer 3 is normalization"),
            (vec![DENSE, Layer::Residual(vec![DENSE, RELU])], "end of the branch"),
            (vec![DENSE, Layer::Residual(vec![])], "nothing"),
            (vec![DENSE, Layer::Residual(vec![RELU, RELU, DENSE])], "layer 2.2 is relu"),
            (vec![Layer::Residual(vec![DENSE])], "layer 1 is a residual branch"),
            (vec![CONV, Layer::Flatten, CONV], "layer 3 is filter"),
            (vec![CONV, Layer::GlobalAveragePool, Layer::Flatten], "layer 3 is flatten"),
            (vec![CONV, Layer::Flatten, RELU], "layer 3 is relu"),
            (vec![Layer::Dense { weight_std: -1.0, bias_std: 0.0 }], "-1"),
            (vec![Layer::Dense { weight_std: 1.0, bias_std: f64::NAN }], "NaN"),
            (
                vec![Layer::AveragePool {
                    window: [2, 0],
                    stride: [2, 2],
                    padding: Padding::Valid,
                }],
                "window is 2x0",
            ),
        ] {
            let text = verdict(&bad).unwrap_err().to_string();
            assert!(text.contains(message), "{text}");
        }
    }
}
