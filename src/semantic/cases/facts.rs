//! Single facts, old and new, for the [list of models](crate::models).

use crate::contract::{End, ModelCase};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::cases::uniform;
use crate::math::linalg::eigh;
use crate::semantic::illusion::ItemFeature;
use crate::semantic::induction::NewFeature;
use crate::semantic::new_item::NewItem;
use crate::{Correlations, Dataset, Result};

/// Models of what a network believes of an item and a feature.
pub const ALL: &[ModelCase] = &[
    ModelCase {
        name: "illusory-correlation",
        summary: "what modes contribute to \"worms have bones\", which a deep network believes for a time",
        reference: "saxe2019",
        model: |rate| Ok(Box::new(worm_bones(rate)?)),
        rate: 0.01,
        grid: &uniform::<41>(60.0),
        seeds: &[0, 1, 2],
        end: worm_bones_end,
        restart: |time| Ok(Box::new(worm_bones(0.01)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "new-feature",
        summary: "a new feature of canaries, and what the network projects to others",
        reference: "saxe2019",
        model: |rate| Ok(Box::new(canary(rate)?)),
        rate: 0.01,
        grid: &uniform::<41>(40.0),
        seeds: &[0, 1, 2],
        end: canary_end,
        restart: |time| Ok(Box::new(canary(0.01)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "new-item",
        summary: "a new item that flies, and what else the network ascribes to it",
        reference: "saxe2019",
        model: |rate| Ok(Box::new(flyer(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(40.0),
        seeds: &[0, 1, 2],
        end: flyer_end,
        restart: |time| Ok(Box::new(flyer(0.005)?.after(time)?)),
        exact: true,
    },
];

/// Worms and bones in a two-layer network that starts from modes of strength 10⁻⁴.
pub fn worm_bones(rate: f64) -> Result<ItemFeature> {
    let data = Dataset::worm();
    let network = AlignedNetwork::uniform(Correlations::of(&data)?, &[8], 0.01, rate);
    ItemFeature::named(network, &data, "worm", "bones")
}

/// In the end each mode contributes what it explains of the table, PΣʸˣ: the projection of the worm
/// and of the bones on one singular direction, found from the eigenvectors of the items alone.
fn worm_bones_end() -> Result<End> {
    let (table, worm, bones) = (Dataset::worm().targets, 4, 3);
    let (squares, items) = eigh(&table.dot(&table.t()))?;
    let n = squares.len();
    let mut values = vec![table[[worm, bones]]];
    for a in 0..n {
        let v = items.column(a);
        let own = v[worm] * v.dot(&table.column(bones));
        values.push(if squares[a] > 1e-9 { own } else { 0.0 });
    }
    // Modes without correlation fade as 1/(2dt).
    Ok(End { values, after: 1e11 })
}

/// A new fact about canaries, in a two-layer network that learns the smallest hierarchy.
pub fn canary(rate: f64) -> Result<NewFeature> {
    let task = Correlations::of(&Dataset::toy())?;
    Ok(NewFeature { network: AlignedNetwork::uniform(task, &[6], 0.05, rate), given: 0 })
}

/// In the end the kernel between items is the square root of YYᵀ, whose eigenvalues are 7, 3, 1, 1.
fn canary_end() -> Result<End> {
    let table = Dataset::toy().targets;
    let (squares, items) = eigh(&table.dot(&table.t()))?;
    let kernel = crate::math::linalg::congruence(items.view(), &squares.mapv(f64::sqrt));
    let values = (0..4).map(|j| kernel[[j, 0]] / kernel[[0, 0]]).collect();
    // The slowest modes have s = 1/4 and grow as e^{2st} from 0.0025 to 1.
    Ok(End { values, after: 2.0 * (42.0 + 400f64.ln()) / (2.0 * 0.25) })
}

/// Column of the smallest hierarchy that says what flies.
const FLY: usize = 3;
/// How long the new item is studied.
const STUDY: f64 = 4.0;

/// Something unknown flies: the network of [`canary`] makes a living thing of it.
pub fn flyer(rate: f64) -> Result<NewItem> {
    Ok(NewItem { network: canary(rate)?.network, given: vec![(FLY, 1.0)], study: STUDY })
}

/// In the end the kernel between features is the square root of YᵀY; one feature alone is learned as
/// 1 − e^{−Kτ}.
fn flyer_end() -> Result<End> {
    let table = Dataset::toy().targets;
    let (squares, features) = eigh(&table.t().dot(&table))?;
    // The root of rounding would not be rounding.
    let roots = squares.mapv(|square| if square > 1e-9 { square.sqrt() } else { 0.0 });
    let kernel = crate::math::linalg::congruence(features.view(), &roots);
    let own = kernel[[FLY, FLY]];
    let learned = 1.0 - (-own * STUDY).exp();
    let values = (0..kernel.nrows()).map(|m| kernel[[m, FLY]] / own * learned).collect();
    Ok(End { values, after: 2.0 * (42.0 + 400f64.ln()) / (2.0 * 0.25) })
}
