//! Models of hidden representations for the [list of models](crate::models).

use ndarray::{Array1, Array2};

use crate::contract::{End, ModelCase};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::balanced::sample_two_layer;
use crate::deep_linear::cases::{balanced_correlated, uniform};
use crate::deep_linear::exact_network::ExactNetwork;
use crate::deep_linear::two_layer_network::TwoLayerNetwork;
use crate::math::linalg::{eigh, thin_svd};
use crate::math::random::{Purpose, gaussian, stream};
use crate::semantic::invariance::{RepresentationPair, representation_difference};
use crate::semantic::representation::{
    ItemPairs, RepresentationGeometry, squared_distances, tree_distance, tree_levels,
};
use crate::task::environment::Tree;
use crate::{Correlations, Dataset, Modes, Result};

/// Every model of hidden representations.
pub const ALL: &[ModelCase] = &[
    ModelCase {
        name: "representation-tree",
        summary: "distances between the items of a tree in the hidden layer, level by level",
        reference: "saxe2019",
        model: |rate| Ok(Box::new(representation_tree(rate)?)),
        rate: 0.05,
        grid: &uniform::<41>(80.0),
        seeds: &[0, 1, 2],
        // One feature for each node: s/d is the root of 7, 3, 1.
        end: || {
            let tree = Tree::new(&[2, 2, 2])?;
            let ends = [7f64.sqrt(), 3f64.sqrt(), 1.0];
            let levels = (1..=3).map(|level| tree_distance(&tree, level, &ends));
            let after = (E_FOLDS + (1.0f64 / 9e-4).ln()) / (2.0 * 0.125);
            Ok(End { values: levels.collect::<Result<_>>()?, after })
        },
        restart: |time| Ok(Box::new(representation_tree(0.05)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "representation-deep",
        summary: "distances between correlated probes after two of three balanced layers",
        reference: "arora2018",
        model: |rate| Ok(Box::new(representation_deep(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        end: || {
            let model = representation_deep(0.005)?;
            let task = model.network.task();
            let f = thin_svd(task.optimal_map())?;
            let hidden = (&f.v * &f.s.mapv(|s| s.powf(2.0 / 3.0))).t().to_owned();
            let squares = squared_distances(model.items.dot(&hidden.t()).view());
            let values = model.distances.iter().map(|d| squares[d.pairs[0]]).collect();
            let (d, slowest) = (eigh(task.sigma_x())?.0[3], f.s[2]);
            Ok(End { values, after: 2.0 * E_FOLDS / (d * slowest.powf(4.0 / 3.0)) })
        },
        restart: |time| Ok(Box::new(representation_deep(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "representation-pair",
        summary: "representations of two networks, λ = 0 and 1.5, that learn the same",
        reference: "domine2025",
        model: |rate| Ok(Box::new(representation_pair(rate)?)),
        rate: 0.02,
        grid: &uniform::<41>(40.0),
        seeds: &[0, 1, 2],
        // A balance of λ at a map of σ leaves (√(λ² + 4σ²) − λ)/2 to the first layer's square.
        end: || {
            let modes = Modes::of(representation_pair(0.02)?.networks[0].task())?;
            let hidden = |lambda: f64| {
                let sides = modes.targets().into_iter();
                let sides = sides.map(|sigma| 0.5 * (lambda.hypot(2.0 * sigma) - lambda));
                &modes.v * &sides.map(f64::sqrt).collect::<Array1<f64>>()
            };
            let end = representation_difference(&hidden(0.0), &hidden(1.5))?;
            let after = 2.0 * E_FOLDS / modes.singular_values[3];
            Ok(End { values: vec![end.gram, end.procrustes, end.correlation], after })
        },
        restart: |time| Ok(Box::new(representation_pair(0.02)?.after(time)?)),
        exact: true,
    },
];

/// Factors of e that are left of the slowest rate's time when a model counts as having ended.
const E_FOLDS: f64 = 42.0;

/// The binary tree of three levels with one feature for each node, learned by two aligned layers.
pub fn representation_tree(rate: f64) -> Result<RepresentationGeometry> {
    let tree = Tree::new(&[2, 2, 2])?;
    let task = Correlations::of(&tree.indicators(&[1; 4])?)?;
    let network = ExactNetwork::Aligned(AlignedNetwork::uniform(task, &[16], 0.03, rate));
    Ok(RepresentationGeometry { network, items: Array2::eye(8), distances: tree_levels(&tree) })
}

/// Five probes of three balanced layers on correlated inputs.
pub fn representation_deep(rate: f64) -> Result<RepresentationGeometry> {
    let items = gaussian(5, 4, 1.0, &mut stream(0, Purpose::Task, 3));
    let pair =
        |j: usize| ItemPairs { name: format!("probes 1 and {}", j + 1), pairs: vec![(0, j)] };
    let network = ExactNetwork::Balanced(balanced_correlated(rate)?);
    Ok(RepresentationGeometry { network, items, distances: (1..5).map(pair).collect() })
}

/// Two networks in random directions that learn four living things, the second with a larger second
/// layer.
pub fn representation_pair(rate: f64) -> Result<RepresentationPair> {
    let task = Correlations::of(&Dataset::toy())?;
    let network = |lambda: f64, run: u32| {
        let mut rng = stream(0, Purpose::InitialWeights, run);
        let (w1, w2) = sample_two_layer(4, 7, &[0.3, 0.2, 0.15, 0.1, 0.0], lambda, &mut rng)?;
        Ok(ExactNetwork::TwoLayer(TwoLayerNetwork { task: task.clone(), w1, w2, rate }))
    };
    Ok(RepresentationPair { networks: [network(0.0, 8)?, network(1.5, 9)?], items: Array2::eye(4) })
}
