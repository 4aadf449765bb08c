//! A network on images of one size as a list of stages, and what each does along one axis to the
//! pairs of pixels that are tracked.

use super::pairs::{Pairs, Sums, Taps};
use crate::Result;
use crate::net::architecture::conv_shape::{sizes, windows};
use crate::net::architecture::{Architecture, Layer, Padding, Parameterization};
use crate::net::unit::Nonlinearity;

/// A layer, ready to be applied to kernels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    Conv { taps: [Taps; 2], scale: Affine },
    Pool { taps: [Taps; 2], scale: f64 },
    Nonlinear { phi: Nonlinearity, site: usize },
    Normalize { epsilon: f64, site: usize },
    Residual(Vec<Stage>),
}

/// What a layer of weights makes of the sums K and T of its taps:
/// $`K\gets w K+b,\;T\gets w_T K+b_T+w T`$ (the old K on both right hand sides).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Affine {
    pub weight: f64,
    pub bias: f64,
    pub tangent_weight: f64,
    pub tangent_bias: f64,
}

impl Affine {
    /// The same factor for both.
    pub fn factor(weight: f64) -> Self {
        Self { weight, bias: 0.0, tangent_weight: 0.0, tangent_bias: 0.0 }
    }
}

/// The part of a network that has places.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trunk {
    pub stages: Vec<Stage>,
    /// Height and width at each site: where the variance of every pixel has to be known.
    pub sites: Vec<[usize; 2]>,
    /// Width of the input.
    pub width: usize,
    /// Height and width at the end.
    pub last: [usize; 2],
    /// Whether all pairs are averaged at the end, not only pairs of equal places.
    pub global: bool,
    /// Number of layers, with that which merges the places.
    pub n_layers: usize,
    /// Whether a layer averages over places before the end.
    pub pools: bool,
    /// Whether opposite edges touch in some layer.
    pub circular: bool,
}

impl Trunk {
    pub fn of(architecture: &Architecture, [height, width, channels]: [usize; 3]) -> Result<Self> {
        let sizes = sizes(architecture, height, width)?;
        let n = sizes.len() - 1;
        let mut trunk = Self {
            stages: Vec::new(),
            sites: Vec::new(),
            width,
            last: sizes[n],
            global: architecture.layers[n] == Layer::GlobalAveragePool,
            n_layers: n + 1,
            pools: false,
            circular: false,
        };
        let mut fan = FanIn { parameterization: architecture.parameterization, channels };
        let mut size = sizes[0];
        trunk.stages = trunk.compile(&architecture.layers[..n], &mut size, &mut fan)?;
        Ok(trunk)
    }

    fn compile(
        &mut self,
        layers: &[Layer],
        size: &mut [usize; 2],
        fan: &mut FanIn,
    ) -> Result<Vec<Stage>> {
        layers.iter().map(|layer| self.stage(layer, size, fan)).collect()
    }

    fn stage(&mut self, layer: &Layer, size: &mut [usize; 2], fan: &mut FanIn) -> Result<Stage> {
        Ok(match layer {
            Layer::Conv { filter, stride, padding, weight_std, bias_std } => {
                let [rows, cols] = windows("conv", *size, *filter, *stride, *padding)?;
                *size = [rows.after, cols.after];
                self.circular |= *padding == Padding::Circular;
                let scale = fan.affine((filter[0] * filter[1]) as f64, *weight_std, *bias_std);
                Stage::Conv { taps: [Taps::Shared(rows), Taps::Shared(cols)], scale }
            }
            Layer::AveragePool { window, stride, padding } => {
                let [rows, cols] = windows("pool", *size, *window, *stride, *padding)?;
                *size = [rows.after, cols.after];
                self.circular |= *padding == Padding::Circular;
                self.pools = true;
                let scale = ((window[0] * window[1]) as f64).powi(-2);
                Stage::Pool { taps: [Taps::Independent(rows), Taps::Independent(cols)], scale }
            }
            Layer::Nonlinear(phi) => Stage::Nonlinear { phi: *phi, site: self.site(*size) },
            Layer::LayerNorm { epsilon } => {
                Stage::Normalize { epsilon: *epsilon, site: self.site(*size) }
            }
            Layer::Residual(branch) => {
                // The skipped input has as many channels as the branch ends with.
                Stage::Residual(self.compile(branch, size, fan)?)
            }
            Layer::Dense { .. }
            | Layer::Flatten
            | Layer::GlobalAveragePool
            | Layer::LocallyConnected { .. }
            | Layer::MaxPool { .. }
            | Layer::Recurrent { .. } => {
                unreachable!("sizes and validate refuse layers for vectors, and without a limit")
            }
        })
    }

    /// Nonlinearities without closed form, and their sites.
    pub fn series_sites(&self) -> Vec<(Nonlinearity, usize)> {
        fn walk(stages: &[Stage], found: &mut Vec<(Nonlinearity, usize)>) {
            for stage in stages {
                match stage {
                    Stage::Nonlinear { phi, site } if phi.is_smooth() => found.push((*phi, *site)),
                    Stage::Residual(branch) => walk(branch, found),
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.stages, &mut found);
        found
    }

    fn site(&mut self, size: [usize; 2]) -> usize {
        self.sites.push(size);
        self.sites.len() - 1
    }
}

/// Units that a weight reads from, as far as the scale of gradients depends on them.
struct FanIn {
    parameterization: Parameterization,
    channels: usize,
}

impl FanIn {
    /// Of a convolution with so many taps; after it there are as many channels as the width says.
    fn affine(&mut self, taps: f64, weight_std: f64, bias_std: f64) -> Affine {
        let (weight, bias) = (weight_std * weight_std / taps, bias_std * bias_std);
        let (tangent_weight, tangent_bias) = match self.parameterization {
            Parameterization::Ntk => (weight, bias),
            Parameterization::Standard { width } => {
                // Fan-in channels × taps, times the mean over taps.
                let channels = std::mem::replace(&mut self.channels, width);
                (channels as f64, f64::from(bias_std > 0.0))
            }
        };
        Affine { weight, bias, tangent_weight, tangent_bias }
    }
}

/// What all stages do along one axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// The pairs that are needed of the input.
    pub start: Point,
    pub steps: Vec<Step>,
}

/// What one stage does along one axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Convolution or pooling.
    Sum(Sums),
    /// Each pair for itself.
    Point(Point),
    /// A branch, and which pairs of the skipped input its result is added to.
    Residual { branch: Vec<Step>, skip: Sums },
}

/// Where pairs are stored, for what happens to each by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// See [`Pairs::runs`].
    pub runs: Vec<[usize; 4]>,
    /// See [`Pairs::places_of_equal`].
    pub equal: Vec<(usize, usize)>,
}

impl Point {
    fn of(pairs: &Pairs) -> Self {
        Self { runs: pairs.runs(), equal: pairs.places_of_equal() }
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|[_, _, _, length]| length).sum()
    }
}

impl Plan {
    /// Along axis 0 (rows) or 1 (columns), to have the pairs `after` all stages.
    pub fn new(stages: &[Stage], axis: usize, after: &Pairs) -> Self {
        let before = needed(stages, axis, after.clone());
        let start = Point::of(&before);
        Self { start, steps: steps(stages, axis, before, after).0 }
    }

    /// Number of pairs before the first stage and after every one, those of branches included.
    pub fn sizes(&self) -> Vec<usize> {
        fn walk(steps: &[Step], sizes: &mut Vec<usize>) {
            for step in steps {
                match step {
                    Step::Sum(sums) => sizes.push(sums.after.len()),
                    Step::Point(_) => sizes.push(*sizes.last().unwrap_or(&0)),
                    Step::Residual { branch, .. } => walk(branch, sizes),
                }
            }
        }
        let mut sizes = vec![self.start.len()];
        walk(&self.steps, &mut sizes);
        sizes
    }
}

/// The pairs before the stages without which those after them cannot be had.
fn needed(stages: &[Stage], axis: usize, after: Pairs) -> Pairs {
    stages.iter().rev().fold(after, |after, stage| match stage {
        Stage::Conv { taps, .. } | Stage::Pool { taps, .. } => taps[axis].needed(&after),
        Stage::Nonlinear { .. } | Stage::Normalize { .. } => after,
        Stage::Residual(branch) => needed(branch, axis, after.clone()).union(&after),
    })
}

/// The steps from the pairs `before` to those `after`, and the pairs that they end with.
fn steps(stages: &[Stage], axis: usize, before: Pairs, after: &Pairs) -> (Vec<Step>, Pairs) {
    let mut current = before;
    let mut steps_ = Vec::with_capacity(stages.len());
    for (i, stage) in stages.iter().enumerate() {
        let wanted = || needed(&stages[i + 1..], axis, after.clone());
        steps_.push(match stage {
            Stage::Conv { taps, .. } | Stage::Pool { taps, .. } => {
                let sums = taps[axis].sums(&current, wanted());
                current = sums.after.clone();
                Step::Sum(sums)
            }
            Stage::Nonlinear { .. } | Stage::Normalize { .. } => Step::Point(Point::of(&current)),
            Stage::Residual(inner) => {
                let (branch, ends) = steps(inner, axis, current.clone(), &wanted());
                let skip = Sums::selection(&current, ends.clone());
                current = ends;
                Step::Residual { branch, skip }
            }
        });
    }
    (steps_, current)
}
