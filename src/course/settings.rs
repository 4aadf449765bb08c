//! A data set and the network that is to learn it.

use crate::Dataset;
use crate::net::Nonlinearity;

/// How the weights start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Along the task's own modes, every layer with singular values `scale`.
    Aligned,
    /// Every layer with singular values `scale`, neighbors balanced, in random directions.
    Balanced,
    /// Independent Gaussian weights of standard deviation `scale`/√`n_hidden`.
    Random,
    /// Two layers in random directions with W₂ᵀW₂ − W₁W₁ᵀ = λI and a map of singular values `scale`².
    Lambda(f64),
}

/// A data set and the network that is to learn it.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// What is to be learned.
    pub data: Dataset,
    /// Number of weight layers L; 1 is shallow.
    pub layers: usize,
    /// Width of every hidden layer; by default min(`n_in`, `n_out`).
    pub n_hidden: Option<usize>,
    /// How the weights start.
    pub start: Start,
    /// Singular values of each layer at the start (see [`Start`]).
    pub scale: f64,
    /// Learning rate of the simulation; by default 1/200 of the stability limit.
    pub rate: Option<f64>,
    /// Last time, in units of τ; by default until most of the loss is learned.
    pub until: Option<f64>,
    /// Times to record, instead of an even grid.
    pub times: Option<Vec<f64>>,
    /// Nonlinearity of the simulated hidden units; theory is linear.
    pub activation: Nonlinearity,
    /// Seed of the initial weights.
    pub seed: u64,
    /// Four times larger steps and half the times, for a first look.
    pub quick: bool,
}

impl Course {
    /// A two-layer network on a data set, small aligned start.
    pub fn new(data: Dataset) -> Self {
        Self {
            data,
            layers: 2,
            n_hidden: None,
            start: Start::Aligned,
            scale: 0.03,
            rate: None,
            until: None,
            times: None,
            activation: Nonlinearity::Linear,
            seed: 0,
            quick: false,
        }
    }
}
