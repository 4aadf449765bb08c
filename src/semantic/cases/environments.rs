//! Structured environments for the [list of models](crate::models).

use crate::contract::{End, ModelCase};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::cases::uniform;
use crate::task::environment::{Graph, RandomField, Spectrum, Tree};
use crate::{Error, Result};

/// Networks that learn structured environments.
pub const ALL: &[ModelCase] = &[
    ModelCase {
        name: "tree",
        summary: "two layers on a tree of eight items: level after level, from the root",
        reference: "saxe2019",
        model: |rate| Ok(Box::new(tree(rate)?)),
        rate: 0.02,
        grid: &uniform::<41>(60.0),
        seeds: &[0, 1],
        end: || learned_spectrum(&tree_spectrum()?, 1.0),
        restart: |time| Ok(Box::new(tree(0.02)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "ring",
        summary: "two layers on items around a ring: long waves first, in pairs",
        reference: "saxe2019",
        model: |rate| Ok(Box::new(ring(rate)?)),
        rate: 0.02,
        grid: &uniform::<41>(40.0),
        seeds: &[0, 1],
        end: || learned_spectrum(&ring_spectrum()?, RING_FEATURES),
        restart: |time| Ok(Box::new(ring(0.02)?.after(time)?)),
        exact: true,
    },
];

/// Number of features in whose units the ring's task is scaled.
const RING_FEATURES: f64 = 20.0;
/// Size of both layers at the start.
const SCALE: f64 = 0.05;

/// Two layers on the features of a binary tree of depth 3, one for each node.
///
/// # Errors
/// None.
pub fn tree(rate: f64) -> Result<AlignedNetwork> {
    Ok(AlignedNetwork::uniform(tree_spectrum()?.task(1.0)?, &[8], SCALE, rate))
}

/// Two layers on smooth features of eight items around a ring, in the limit of many features.
///
/// # Errors
/// None.
pub fn ring(rate: f64) -> Result<AlignedNetwork> {
    Ok(AlignedNetwork::uniform(ring_spectrum()?.task(RING_FEATURES)?, &[10], SCALE, rate))
}

fn tree_spectrum() -> Result<Spectrum> {
    Tree::regular(3, 2)?.indicator_spectrum(&[1; 4])
}

fn ring_spectrum() -> Result<Spectrum> {
    Ok(RandomField::new(Graph::Ring { n_items: 8 }, 2.0, 1.0)?.spectrum())
}

/// Every mode of a spectrum is learned. One-hot items: s/d = √(Nλ), and the slowest mode starts with
/// the strength of the network's square scale.
fn learned_spectrum(spectrum: &Spectrum, n_features: f64) -> Result<End> {
    let p = spectrum.n_items() as f64;
    let spaces = spectrum.eigenspaces.iter();
    let mut values: Vec<f64> =
        spaces.flat_map(|e| vec![(n_features * e.eigenvalue).sqrt(); e.multiplicity()]).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let Some(slowest) = values.last().copied() else {
        return Err(Error::parameter("number of items", 0, "a spectrum has at least one"));
    };
    // From the start to the target takes ln(target/u₀) units of 1/2s, to 1e-9 of it 21 more.
    let after = (42.0 + (slowest / (SCALE * SCALE)).ln()) * p / (2.0 * slowest);
    values.push(0.0);
    Ok(End { values, after })
}
