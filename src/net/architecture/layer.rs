//! The layers that a network can have.

use crate::net::unit::Nonlinearity;
use crate::{Error, Result};

/// What surrounds an image where a filter or window reaches over its edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Zeros, so that stride 1 keeps the size; the odd one out is at the lower right.
    Same,
    /// Nothing: the filter stays inside.
    Valid,
    /// The image again: opposite edges touch.
    Circular,
}

/// One layer of a network.
///
/// Every weight and bias is Gaussian. A layer with weight standard deviation σ_w and bias standard
/// deviation σ_b maps pre-activations of variance q to variance σ_w² q + σ_b².
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// Every output from every input.
    Dense {
        /// σ_w ≥ 0.
        weight_std: f64,
        /// σ_b ≥ 0; 0 is a layer without biases, which then are not trained either.
        bias_std: f64,
    },
    /// The same filter at every place of an image.
    Conv {
        /// Height and width of the filter.
        filter: [usize; 2],
        /// Steps down and to the right.
        stride: [usize; 2],
        /// What is beyond the edge.
        padding: Padding,
        /// σ_w ≥ 0. The fan-in is channels × height × width of the filter, also at edges.
        weight_std: f64,
        /// σ_b ≥ 0; 0 is a layer without biases.
        bias_std: f64,
    },
    /// A filter of its own at every place of an image.
    LocallyConnected {
        /// Height and width of the filters.
        filter: [usize; 2],
        /// Steps down and to the right.
        stride: [usize; 2],
        /// What is beyond the edge.
        padding: Padding,
        /// σ_w ≥ 0; the fan-in is that of a convolution.
        weight_std: f64,
        /// σ_b ≥ 0; 0 is a layer without biases.
        bias_std: f64,
    },
    /// Units that see a sequence time by time, and their own activity of the step before:
    /// z = σ_w/√(channels) U x + σ_r/√(units) W h + σ_b b and h ← (1 − α)h + αφ(z), from h = 0.
    Recurrent {
        /// φ.
        nonlinearity: Nonlinearity,
        /// Leak α, above 0 and at most 1; 1 has no memory beside W.
        leak: f64,
        /// σ_w ≥ 0 of the weights from the inputs.
        weight_std: f64,
        /// σ_r ≥ 0 of the weights among the units.
        recurrent_std: f64,
        /// σ_b ≥ 0; 0 is a layer without biases.
        bias_std: f64,
    },
    /// Mean over a window, divided by its whole size also at edges.
    AveragePool {
        /// Height and width of the window.
        window: [usize; 2],
        /// Steps down and to the right.
        stride: [usize; 2],
        /// What is beyond the edge.
        padding: Padding,
    },
    /// The largest of a window, channel by channel; what is beyond the edge does not count.
    MaxPool {
        /// Height and width of the window.
        window: [usize; 2],
        /// Steps down and to the right.
        stride: [usize; 2],
        /// What is beyond the edge.
        padding: Padding,
    },
    /// Channels at all places in one vector.
    Flatten,
    /// Mean over all places.
    GlobalAveragePool,
    /// Elementwise.
    Nonlinear(Nonlinearity),
    /// x + f(x); f ends in a layer with weights of its own.
    Residual(Vec<Layer>),
    /// Every example, or every place of an image, less its mean over channels and divided by its
    /// standard deviation. No parameters.
    LayerNorm {
        /// What is added to the variance.
        epsilon: f64,
    },
}

impl Layer {
    /// Refuses numbers out of range; says whether the layer has weights.
    pub(super) fn check(&self, name: &str) -> Result<bool> {
        let not_negative = |what: &str, value| not_negative(&format!("{name}: {what}"), value);
        match self {
            Self::Dense { weight_std, bias_std }
            | Self::Conv { weight_std, bias_std, .. }
            | Self::LocallyConnected { weight_std, bias_std, .. }
            | Self::Recurrent { weight_std, bias_std, .. } => {
                not_negative("weight standard deviation", *weight_std)?;
                not_negative("bias standard deviation", *bias_std)?;
            }
            Self::LayerNorm { epsilon } => not_negative("ε", *epsilon)?,
            Self::Nonlinear(nonlinearity) => nonlinearity.check()?,
            _ => {}
        }
        let windowed = match self {
            Self::Conv { filter, stride, .. } | Self::LocallyConnected { filter, stride, .. } => {
                Some(("filter", *filter, *stride))
            }
            Self::AveragePool { window, stride, .. } | Self::MaxPool { window, stride, .. } => {
                Some(("window", *window, *stride))
            }
            _ => None,
        };
        if let Some((what, size, stride)) = windowed {
            for (what, [rows, cols]) in [(what, size), ("stride", stride)] {
                if rows == 0 || cols == 0 {
                    let (name, value) = (format!("{name}: {what}"), format!("{rows}x{cols}"));
                    return Err(Error::parameter(name, value, "it must be 1x1 or more"));
                }
            }
        }
        if let Self::Recurrent { leak, recurrent_std, nonlinearity, .. } = self {
            nonlinearity.check()?;
            not_negative("recurrent standard deviation", *recurrent_std)?;
            if !(*leak > 0.0 && *leak <= 1.0) {
                let name = format!("{name}: leak");
                return Err(Error::parameter(name, leak, "it must be above 0 and at most 1"));
            }
        }
        Ok(matches!(
            self,
            Self::Dense { .. }
                | Self::Conv { .. }
                | Self::LocallyConnected { .. }
                | Self::Recurrent { .. }
        ))
    }
}

fn not_negative(name: &str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::parameter(name, value, "it must be finite and not negative"))
}
