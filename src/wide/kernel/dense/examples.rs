//! What a dense network makes of single examples: variances and tangent kernel on the diagonal, layer by
//! layer, and what pairs need of them.

use crate::net::architecture::{Architecture, Layer, Parameterization};
use crate::net::unit::Nonlinearity;
use crate::wide::dual::hermite::HermiteTable;
use crate::wide::dual::variances::Variances;
use crate::{Error, Result};

/// Variances above this would overflow in the products of pairs.
const LARGEST: f64 = 1e100;

/// A place in the network: before a layer, after a branch, or at the end.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// Of every example.
    pub(crate) variances: Variances,
    /// What a nonlinearity here does to the examples, if its dual is a series.
    pub(crate) table: Option<HermiteTable>,
    /// What a dense layer with biases here does to the largest covariances.
    pub(crate) lift: Option<Lift>,
}

/// √(q q′) of dense layers with biases. With a = √(σ_w² q) + √(σ_w² q + σ_b²) of each example
///
/// ```math
/// \sqrt{(\sigma_w^2q + \sigma_b^2)(\sigma_w^2q' + \sigma_b^2)} - \sigma_w^2\sqrt{qq'} - \sigma_b^2
/// = \frac{\sigma_b^2}{2}\,\frac{(a - a')^2}{aa'} ,
/// ```
///
/// which is small for similar variances, without cancellation.
#[derive(Debug, Clone)]
pub(crate) struct Lift {
    /// a.
    pub(crate) a: Vec<f64>,
    /// 1/a.
    pub(crate) inverse: Vec<f64>,
}

impl Lift {
    fn new(q: &[f64], step: DenseStep) -> Self {
        let sum = |q: &f64| (step.weight * q).sqrt() + step.weight.mul_add(*q, step.bias).sqrt();
        let a: Vec<f64> = q.iter().map(sum).collect();
        let inverse = a.iter().map(|a| a.recip()).collect();
        Self { a, inverse }
    }
}

/// Examples on their way through a network. Stages are those before each layer in the order of the
/// layers; a residual layer has its own, those of its branch, and one after the branch. The last is
/// the output.
#[derive(Debug, Clone)]
pub(crate) struct Examples {
    pub(crate) stages: Vec<Stage>,
    /// Tangent kernel of every example with itself.
    pub(crate) ntk: Vec<f64>,
}

impl Examples {
    /// From the variances of the inputs, of dimension `d`.
    pub(crate) fn new(architecture: &Architecture, q: Vec<f64>, d: usize) -> Result<Self> {
        let mut walk = Walk {
            parameterization: architecture.parameterization,
            fan_in: d as f64,
            ntk: vec![0.0; q.len()],
            q,
            stages: Vec::new(),
        };
        walk.layers(&architecture.layers)?;
        walk.record()?;
        Ok(Self { stages: walk.stages, ntk: walk.ntk })
    }

    /// Variances of the outputs.
    pub(crate) fn nngp(&self) -> &[f64] {
        self.stages.last().map_or(&[], |stage| &stage.variances.q)
    }

    /// Adds the tables of all nonlinearities in `series`, which has one entry for each stage, for
    /// pairs within these examples and with `other`. Refuses variances too large for a series.
    pub(crate) fn add_tables(
        &mut self,
        series: &[Option<Nonlinearity>],
        mut other: Option<&mut Self>,
    ) -> Result<()> {
        for (i, nonlinearity) in series.iter().enumerate() {
            let Some(nonlinearity) = nonlinearity else { continue };
            let largest =
                |all: &Self| all.stages[i].variances.q.iter().fold(0.0f64, |m, q| m.max(*q));
            let both = other.as_ref().map_or(0.0, |other| largest(other)).max(largest(self));
            HermiteTable::check(*nonlinearity, both)?;
            let table = |all: &mut Self| {
                all.stages[i].table =
                    Some(HermiteTable::new(*nonlinearity, &all.stages[i].variances.q, both, 1.0));
            };
            table(self);
            if let Some(other) = &mut other {
                table(other);
            }
        }
        Ok(())
    }
}

struct Walk {
    parameterization: Parameterization,
    /// Of the next layer with weights.
    fan_in: f64,
    q: Vec<f64>,
    ntk: Vec<f64>,
    stages: Vec<Stage>,
}

impl Walk {
    fn record(&mut self) -> Result<()> {
        if let Some((i, q)) = self.q.iter().enumerate().find(|(_, q)| q.is_nan() || **q > LARGEST) {
            let name = format!("variance of example {} after {} layers", i + 1, self.stages.len());
            return Err(Error::parameter(name, q, "it must be below 1e100: scale the inputs"));
        }
        let variances = Variances::of(self.q.clone());
        self.stages.push(Stage { variances, table: None, lift: None });
        Ok(())
    }

    fn layers(&mut self, layers: &[Layer]) -> Result<()> {
        layers.iter().try_for_each(|layer| {
            self.record()?;
            self.layer(layer)
        })
    }

    fn layer(&mut self, layer: &Layer) -> Result<()> {
        match layer {
            Layer::Dense { weight_std, bias_std } => {
                let dense =
                    DenseStep::new(*weight_std, *bias_std, self.parameterization, self.fan_in);
                if let Some(stage) = self.stages.last_mut().filter(|_| dense.bias > 0.0) {
                    stage.lift = Some(Lift::new(&self.q, dense));
                }
                for (q, t) in self.q.iter_mut().zip(&mut self.ntk) {
                    (*q, *t) = dense.apply(*q, *t);
                }
                if let Parameterization::Standard { width } = self.parameterization {
                    self.fan_in = width as f64;
                }
            }
            Layer::Nonlinear(nonlinearity) => {
                for (q, t) in self.q.iter_mut().zip(&mut self.ntk) {
                    let dual = nonlinearity.diagonal(*q);
                    *q = dual.value;
                    *t *= dual.slope;
                }
            }
            Layer::LayerNorm { epsilon } => {
                for (q, t) in self.q.iter_mut().zip(&mut self.ntk) {
                    let scale = norm_scale(*q, *epsilon);
                    *t *= scale * scale;
                    *q = if *q > 0.0 { *q / (*q + epsilon) } else { 0.0 };
                }
            }
            Layer::Residual(branch) => {
                let (q, ntk) = (self.q.clone(), self.ntk.clone());
                self.layers(branch)?;
                self.record()?;
                self.q.iter_mut().zip(q).for_each(|(sum, q)| *sum += q);
                self.ntk.iter_mut().zip(ntk).for_each(|(sum, t)| *sum += t);
            }
            Layer::Conv { .. }
            | Layer::AveragePool { .. }
            | Layer::Flatten
            | Layer::GlobalAveragePool
            | Layer::LocallyConnected { .. }
            | Layer::MaxPool { .. }
            | Layer::Recurrent { .. } => {
                let allowed = "a dense network takes vectors: use the kernels of images";
                return Err(Error::parameter("layer", format!("{layer:?}"), allowed));
            }
        }
        Ok(())
    }
}

/// 1/√(q + ε); 0 where there is nothing to normalize.
#[inline(always)]
pub(crate) fn norm_scale(q: f64, epsilon: f64) -> f64 {
    let scale = 1.0 / (q + epsilon).sqrt();
    if q > 0.0 { scale } else { 0.0 }
}

/// What a dense layer does to covariance and tangent kernel: K → wK + b,
/// Θ → gK + (Kafter or 1) + wΘ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DenseStep {
    /// σ_w².
    pub(crate) weight: f64,
    /// σ_b².
    pub(crate) bias: f64,
    /// What the tangent kernel gets of the covariance before the layer.
    pub(crate) gain: f64,
    /// And from the bias.
    pub(crate) offset: f64,
}

impl DenseStep {
    pub(crate) fn new(
        weight_std: f64,
        bias_std: f64,
        parameterization: Parameterization,
        fan_in: f64,
    ) -> Self {
        let (weight, bias) = (weight_std * weight_std, bias_std * bias_std);
        let (gain, offset) = match parameterization {
            Parameterization::Ntk => (weight, bias),
            Parameterization::Standard { .. } => (fan_in, f64::from(u8::from(bias > 0.0))),
        };
        Self { weight, bias, gain, offset }
    }

    #[inline(always)]
    pub(crate) fn apply(self, covariance: f64, ntk: f64) -> (f64, f64) {
        let below = self.gain.mul_add(covariance, self.offset);
        (self.weight.mul_add(covariance, self.bias), self.weight.mul_add(ntk, below))
    }
}
