//! The geometry of hidden representations: how far apart a network holds its items at any time.

use ndarray::{Array2, ArrayView2};

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::exact_network::{ExactNetwork, hidden_map};
use crate::math::linalg::require_finite;
use crate::net::{LinearNetwork, gradient_descent};
use crate::task::environment::Tree;
use crate::{Axis, Correlations, Error, Result, Solvable, Trajectory};

/// Pairs of items whose mean squared distance is one observable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPairs {
    /// Name of the observable: "level 1", "robin and canary".
    pub name: String,
    /// The pairs, by row of the items; at least one.
    pub pairs: Vec<(usize, usize)>,
}

/// How far apart the last hidden layer of a deep linear network holds its items.
///
/// With X the items (one row each) and H = W_{L−1}…W₁, item i is represented by h_i = Hx_i, and the
/// squared distance |h_i − h_j|² depends on HᵀH only: a rotation of the hidden units does not change
/// it. From a small aligned start of two layers that learn one-hot items (`saxe2019`),
///
/// ```math
/// H^\top H = V\,\mathrm{diag}(u(t))\,V^\top,\qquad
/// |h_i - h_j|^2 = \sum_a u_a(t)\,(v_{ai} - v_{aj})^2 ,
/// ```
///
/// for inputs of any variance d: each distinction opens when its mode is learned, which is
/// progressive differentiation. Other starts and depths are those of
/// [`ExactNetwork::hidden_maps_at`]. Every observable is a mean squared distance over pairs of items.
#[derive(Debug, Clone, PartialEq)]
pub struct RepresentationGeometry {
    /// The network and its task.
    pub network: ExactNetwork,
    /// The items, P × `n_in`; the identity if every item has an input of its own.
    pub items: Array2<f64>,
    /// What is recorded.
    pub distances: Vec<ItemPairs>,
}

/// The pairs of a tree's items by the level at which they part: "level 1" differ from the root on.
pub fn tree_levels(tree: &Tree) -> Vec<ItemPairs> {
    let n = tree.n_items();
    let of_level = |level: usize| {
        let all = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        let pairs = all.filter(|(i, j)| tree.common_depth(*i, *j) + 1 == level).collect();
        ItemPairs { name: format!("level {level}"), pairs }
    };
    (1..=tree.depth()).map(of_level).collect()
}

/// Squared distance of two leaves of a tree that part at `level`, from the strength of the mode of
/// each level, `strengths[l − 1]` for level l.
///
/// With m_l items below a node of depth l,
///
/// ```math
/// D^2 = 2\Big[\frac{u^{(l)}}{m_l} + \sum_{k>l} u^{(k)}\Big(\frac1{m_k} - \frac1{m_{k-1}}\Big)\Big]
/// ```
///
/// (derived here): neither what all items share nor what is broader than the level sets them apart.
///
/// # Errors
/// A level that the tree does not have, or not one strength for each.
pub fn tree_distance(tree: &Tree, level: usize, strengths: &[f64]) -> Result<f64> {
    if strengths.len() != tree.depth() {
        let expected = format!("one for each of {} levels", tree.depth());
        return Err(Error::shape("mode strengths", [strengths.len()], expected));
    }
    if level == 0 || level > tree.depth() {
        let allowed = format!("it must be from 1 to {}", tree.depth());
        return Err(Error::parameter("level", level, allowed));
    }
    let share = |depth: usize| 1.0 / tree.leaves_below(depth) as f64;
    let finer = (level + 1..=tree.depth()).map(|k| strengths[k - 1] * (share(k) - share(k - 1)));
    Ok(2.0 * (strengths[level - 1] * share(level) + finer.sum::<f64>()))
}

/// Inner products of representations (rows): how similar the network finds two items, P × P.
pub fn gram(activations: ArrayView2<'_, f64>) -> Array2<f64> {
    activations.dot(&activations.t())
}

/// Squared distances between representations (rows), P × P, without cancellation.
pub fn squared_distances(activations: ArrayView2<'_, f64>) -> Array2<f64> {
    let p = activations.nrows();
    Array2::from_shape_fn((p, p), |(i, j)| square(activations, i, j))
}

fn square(activations: ArrayView2<'_, f64>, i: usize, j: usize) -> f64 {
    let pairs = activations.row(i).into_iter().zip(activations.row(j));
    pairs.map(|(a, b)| (a - b).powi(2)).sum()
}

/// Trains a linear network and returns what its last hidden layer makes of `items` at each time.
///
/// # Errors
/// Weights or items that do not fit the task, bad times, or a rate at which training diverges.
pub fn trained_representations(
    weights: Vec<Array2<f64>>,
    task: &Correlations,
    items: &Array2<f64>,
    rate: f64,
    times: &[f64],
) -> Result<Vec<Array2<f64>>> {
    let mut activations = Vec::with_capacity(times.len());
    gradient_descent(LinearNetwork::new(weights)?, task, rate, times, |_, net| {
        activations.push(items.dot(&hidden_map(net.weights()).t()));
        Ok(())
    })?;
    Ok(activations)
}

impl RepresentationGeometry {
    /// Representations of the items (P × some number of hidden directions) at increasing times,
    /// exact up to an orthogonal change of the hidden units.
    ///
    /// # Errors
    /// A shallow network, items that do not fit, or as the network's prediction.
    pub fn representations_at(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        self.validate()?;
        let maps = self.network.hidden_maps_at(times)?;
        Ok(maps.iter().map(|h| self.items.dot(&h.t())).collect())
    }

    /// The same geometry from the predicted state at a time.
    ///
    /// # Errors
    /// As the network's prediction.
    pub fn after(&self, time: f64) -> Result<Self> {
        Ok(Self { network: self.network.after(time)?, ..self.clone() })
    }

    fn validate(&self) -> Result<()> {
        require_finite("items", self.items.view())?;
        let n_in = self.network.task().n_in();
        if self.items.ncols() != n_in {
            return Err(Error::shape("items", self.items.dim(), format!("{n_in} columns")));
        }
        let p = self.items.nrows();
        for group in &self.distances {
            if group.pairs.is_empty() {
                return Err(Error::parameter(&group.name, "empty", "it needs a pair of items"));
            }
            if let Some(pair) = group.pairs.iter().find(|(i, j)| *i >= p || *j >= p) {
                let allowed = format!("items are counted from 0 to {}", p.saturating_sub(1));
                return Err(Error::parameter(&group.name, format!("{pair:?}"), allowed));
            }
        }
        Ok(())
    }

    fn record(&self, grid: &[f64], activations: &[Array2<f64>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for group in &self.distances {
            let mean = |h: &Array2<f64>| {
                let squares = group.pairs.iter().map(|(i, j)| square(h.view(), *i, *j));
                squares.sum::<f64>() / group.pairs.len() as f64
            };
            trajectory.push(&group.name, activations.iter().map(mean).collect())?;
        }
        Ok(trajectory)
    }

    fn trained(&self, grid: &[f64], seed: u64, rate: f64) -> Result<Trajectory> {
        self.validate()?;
        let weights = self.network.initial_weights(seed)?;
        let task = self.network.task();
        self.record(grid, &trained_representations(weights, task, &self.items, rate, grid)?)
    }
}

impl Solvable for RepresentationGeometry {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        self.record(grid, &self.representations_at(grid)?)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.trained(grid, seed, self.network.rate())
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let (grid, rate) = (prediction.grid(), self.network.rate());
        tolerance_by_halving(rate, |rate| self.trained(grid, 0, rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::aligned::AlignedNetwork;
    use crate::deep_linear::two_layer::TwoLayerMode;
    use crate::math::random::{Purpose, gaussian, orthogonal, stream};

    #[test]
    fn distances_in_a_tree_are_those_of_its_level_and_all_finer_ones() {
        let times = [0.0, 3.0, 8.0, 40.0];
        for branching in [vec![2, 2, 2], vec![3, 2, 4]] {
            let tree = Tree::new(&branching).unwrap();
            let covariances = [0.2, 0.4, 0.7, 1.0];
            let spectrum = tree.spectrum(&covariances).unwrap();
            let n_features = 100.0 * tree.n_items() as f64;
            let task = spectrum.task(n_features).unwrap();
            let d = 1.0 / tree.n_items() as f64;
            let network = AlignedNetwork::uniform(task, &[tree.n_items()], 0.05, 0.1);
            let geometry = RepresentationGeometry {
                network: ExactNetwork::Aligned(network),
                items: Array2::eye(tree.n_items()),
                distances: tree_levels(&tree),
            };
            let found = geometry.predict(&times).unwrap();
            let singular_values = spectrum.singular_values(n_features);
            for (i, t) in times.iter().enumerate() {
                let strength =
                    |s: &f64| TwoLayerMode::balanced(*s, d, 0.0025).unwrap().strength(*t);
                let strengths: Vec<f64> = singular_values[1..].iter().map(strength).collect();
                for level in 1..=tree.depth() {
                    let expected = tree_distance(&tree, level, &strengths).unwrap();
                    let distance = found.get(&format!("level {level}")).unwrap()[i];
                    assert!((distance - expected).abs() < 1e-11 * (1.0 + expected), "{level}");
                }
            }
        }
        let tree = Tree::new(&[2, 2]).unwrap();
        assert!(tree_distance(&tree, 0, &[1.0, 1.0]).is_err());
        assert!(tree_distance(&tree, 1, &[1.0]).is_err());
    }

    #[test]
    fn distances_do_not_depend_on_the_basis_of_the_hidden_units() {
        let mut rng = stream(1, Purpose::Task, 0);
        let h = gaussian(6, 9, 1.0, &mut rng);
        let turned = h.dot(&orthogonal(9, &mut rng));
        for (a, b) in [
            (gram(h.view()), gram(turned.view())),
            (squared_distances(h.view()), squared_distances(turned.view())),
        ] {
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-13));
        }
    }

    #[test]
    fn items_and_pairs_that_do_not_exist_are_refused() {
        let network = ExactNetwork::Aligned(
            crate::deep_linear::cases::rumelhart(0.1).unwrap(), // eight items
        );
        let group = |pairs: Vec<(usize, usize)>| vec![ItemPairs { name: "near".into(), pairs }];
        let geometry = |items: Array2<f64>, distances| {
            let network = network.clone();
            let geometry = RepresentationGeometry { network, items, distances };
            geometry.predict(&[0.0, 1.0]).map_err(|e| e.to_string())
        };
        assert!(geometry(Array2::eye(8), group(vec![(0, 7)])).is_ok());
        assert!(geometry(Array2::eye(8), group(vec![(0, 8)])).unwrap_err().contains("near"));
        assert!(geometry(Array2::eye(8), group(vec![])).unwrap_err().contains("pair"));
        assert!(geometry(Array2::eye(7), group(vec![(0, 1)])).unwrap_err().contains("items"));
        let unknown = Array2::from_elem((8, 8), f64::NAN);
        assert!(geometry(unknown, group(vec![(0, 1)])).unwrap_err().contains("items"));
    }
}
