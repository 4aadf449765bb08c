//! Items as the leaves of a tree: features that spread from the root, or that mark a branch.

use ndarray::Array2;
use rand::RngExt;

use super::{Eigenspace, MOST_ITEMS, Spectrum};
use crate::math::random::{Purpose, stream};
use crate::{Dataset, Error, Result};

/// A tree whose nodes at depth k all have `branching[k]` children; its leaves are the items.
///
/// If two items whose last common ancestor is at depth k have a covariance c_k (depth 0 is the root,
/// depth D an item with itself), then with Δ_k = c_k − c_{k−1}, Δ_0 = c_0, and m_k leaves below a node
/// of depth k, the covariance has the eigenvalues
///
/// ```math
/// \lambda_{\text{all}} = \sum_{k=0}^{D} \Delta_k m_k, \qquad
/// \lambda^{(l)} = \sum_{k=l}^{D} \Delta_k m_k \quad (l = 1 \dots D),
/// ```
///
/// the first for what all items share, the others for differences between the children of one node,
/// where the children are of depth l (`saxe2019`; multiplicities and any branching derived here).
/// So broad distinctions are stronger than fine ones if and only if every Δ_k > 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    branching: Vec<usize>,
}

impl Tree {
    /// A tree with these numbers of children at depths 0, 1, ….
    ///
    /// # Errors
    /// No level, a node with fewer than two children, or more than [`MOST_ITEMS`] items.
    pub fn new(branching: &[usize]) -> Result<Self> {
        if branching.is_empty() {
            return Err(Error::parameter("depth", 0, "a tree needs at least one level").of("depth"));
        }
        if let Some(b) = branching.iter().find(|b| **b < 2) {
            let allowed = "every node needs at least 2 children";
            return Err(Error::parameter("branching", b, allowed).of("branching"));
        }
        let items: f64 = branching.iter().map(|b| *b as f64).product();
        if items > MOST_ITEMS as f64 {
            let value = match branching {
                [b, rest @ ..] if rest.iter().all(|x| x == b) => {
                    format!("{} levels of {b}", branching.len())
                }
                _ => format!("{branching:?}"),
            };
            return Err(too_many(value, items.ln()));
        }
        Ok(Self { branching: branching.to_vec() })
    }

    /// A tree of `depth` levels in which every node above the items has `branching` children.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn regular(depth: usize, branching: usize) -> Result<Self> {
        let log_items = depth as f64 * (branching as f64).ln();
        // Before the list of branchings is made, which may itself be too long to hold.
        if branching >= 2 && log_items > 2.0 * (MOST_ITEMS as f64).ln() {
            return Err(too_many(format!("{depth} levels of {branching}"), log_items));
        }
        Self::new(&vec![branching; if branching < 2 { depth.min(1) } else { depth }])
    }

    /// Number of levels D below the root.
    pub fn depth(&self) -> usize {
        self.branching.len()
    }

    /// Children of each node at depths 0, 1, ….
    pub fn branching(&self) -> &[usize] {
        &self.branching
    }

    /// Number of nodes at a depth, up to [`depth`](Self::depth).
    pub fn n_nodes(&self, depth: usize) -> usize {
        self.branching[..depth].iter().product()
    }

    /// Number of items P.
    pub fn n_items(&self) -> usize {
        self.n_nodes(self.depth())
    }

    /// Number of items below a node of a depth.
    pub fn leaves_below(&self, depth: usize) -> usize {
        self.branching[depth..].iter().product()
    }

    /// The node above an item at a depth, counted from the left.
    pub fn ancestor(&self, item: usize, depth: usize) -> usize {
        item / self.leaves_below(depth)
    }

    /// Depth of the last common ancestor of two items; [`depth`](Self::depth) for an item with
    /// itself.
    pub fn common_depth(&self, one: usize, other: usize) -> usize {
        let same = |d: &usize| self.ancestor(one, *d) == self.ancestor(other, *d);
        (0..=self.depth()).rev().find(same).unwrap_or(0)
    }

    /// Names of the nodes at a depth by their way from the root: "1.2.1".
    fn paths(&self, depth: usize) -> Vec<String> {
        let step = |paths: Vec<String>, b: &usize| {
            let children = |path: &String| {
                let dot = if path.is_empty() { "" } else { "." };
                (1..=*b).map(|i| format!("{path}{dot}{i}")).collect::<Vec<_>>()
            };
            paths.iter().flat_map(children).collect()
        };
        self.branching[..depth].iter().fold(vec![String::new()], step)
    }

    /// Names of the items by their way from the root: "item 1.2.1".
    pub fn item_names(&self) -> Vec<String> {
        self.paths(self.depth()).iter().map(|path| format!("item {path}")).collect()
    }

    /// The spectrum for given covariances c_0 … c_D by depth of the last common ancestor.
    ///
    /// # Errors
    /// Not one finite covariance for each depth, the root included.
    pub fn spectrum(&self, covariances: &[f64]) -> Result<Spectrum> {
        let depth = self.depth();
        if covariances.len() != depth + 1 {
            let expected = format!("one for each depth from 0 to {depth}");
            return Err(Error::shape("covariances", [covariances.len()], expected));
        }
        if let Some(c) = covariances.iter().find(|c| !c.is_finite()) {
            return Err(Error::parameter("covariance", c, "it must be finite"));
        }
        // Δ_k m_k, and their sums from k on.
        let step = |k: usize| covariances[k] - if k == 0 { 0.0 } else { covariances[k - 1] };
        let from = |l: usize| (l..=depth).map(|k| step(k) * self.leaves_below(k) as f64).sum();
        Ok(Spectrum { eigenspaces: self.by_levels(from) })
    }

    /// Eigenspaces of whatever does not change when equal branches are exchanged, with eigenvalues by
    /// level, 0 being what all items share.
    pub(super) fn by_levels(&self, eigenvalue: impl Fn(usize) -> f64) -> Vec<Eigenspace> {
        let p = self.n_items();
        let all = Eigenspace {
            name: "all items".into(),
            eigenvalue: eigenvalue(0),
            vectors: Array2::from_elem((p, 1), 1.0 / (p as f64).sqrt()),
        };
        let level = |l: usize| Eigenspace {
            name: format!("level {l}"),
            eigenvalue: eigenvalue(l),
            vectors: contrasts(self.n_nodes(l - 1), self.branching[l - 1], self.leaves_below(l)),
        };
        std::iter::once(all).chain((1..=self.depth()).map(level)).collect()
    }

    /// Features that start as ±1 at the root and flip on every branch with probability `flip`.
    ///
    /// The values at the leaves are the features of the items, P × N.
    ///
    /// # Errors
    /// `flip` is not from 0 to 0.5, or there is no feature.
    pub fn diffuse(&self, flip: f64, n_features: usize, seed: u64) -> Result<Dataset> {
        check_flip(flip)?;
        let mut rng = stream(seed, Purpose::Task, 0);
        let mut table = Array2::zeros((self.n_items(), n_features));
        for mut feature in table.columns_mut() {
            let mut values = vec![if rng.random_bool(0.5) { 1.0 } else { -1.0 }];
            for children in &self.branching {
                let mut next = Vec::with_capacity(values.len() * children);
                for value in values {
                    for _ in 0..*children {
                        next.push(if rng.random_bool(flip) { -value } else { value });
                    }
                }
                values = next;
            }
            feature.assign(&ndarray::Array1::from(values));
        }
        let features = (1..=n_features).map(|i| format!("feature {i}")).collect();
        Dataset::from_table(table, self.item_names(), features)
    }

    /// The spectrum behind [`diffuse`](Self::diffuse): c_k = (1 − 2·flip)^{2(D−k)}.
    ///
    /// # Errors
    /// `flip` is not from 0 to 0.5.
    pub fn diffusion_spectrum(&self, flip: f64) -> Result<Spectrum> {
        check_flip(flip)?;
        let depth = self.depth();
        let covariance = |k: usize| (1.0 - 2.0 * flip).powi(2 * (depth - k) as i32);
        self.spectrum(&(0..=depth).map(covariance).collect::<Vec<_>>())
    }

    /// Features that are true of all items below one node: `copies[k]` of them for each node of
    /// depth k, the root's first. No randomness.
    ///
    /// # Errors
    /// Not one number for each depth, the root included, or no feature at all.
    pub fn indicators(&self, copies: &[usize]) -> Result<Dataset> {
        self.check_copies(copies)?;
        let (mut nodes, mut names) = (Vec::new(), Vec::new());
        for (depth, copies) in copies.iter().enumerate() {
            for (node, path) in self.paths(depth).iter().enumerate() {
                for copy in 1..=*copies {
                    nodes.push((depth, node));
                    let node = if depth == 0 { "root".into() } else { format!("node {path}") };
                    names.push(if *copies > 1 { format!("{node} ({copy})") } else { node });
                }
            }
        }
        let table = Array2::from_shape_fn((self.n_items(), nodes.len()), |(item, feature)| {
            let (depth, node) = nodes[feature];
            f64::from(u8::from(self.ancestor(item, depth) == node))
        });
        Dataset::from_table(table, self.item_names(), names)
    }

    /// The spectrum of YYᵀ behind [`indicators`](Self::indicators), a sum over its features: Δ_k is
    /// the number of copies at depth k. Use it with one feature: √λ/P are the singular values.
    ///
    /// # Errors
    /// Not one number for each depth, the root included.
    pub fn indicator_spectrum(&self, copies: &[usize]) -> Result<Spectrum> {
        self.check_copies(copies)?;
        let mut sum = 0.0;
        let total = |n: &usize| {
            sum += *n as f64;
            sum
        };
        self.spectrum(&copies.iter().map(total).collect::<Vec<_>>())
    }

    fn check_copies(&self, copies: &[usize]) -> Result<()> {
        if copies.len() == self.depth() + 1 {
            return Ok(());
        }
        let expected = format!("one for each depth from 0 to {}", self.depth());
        Err(Error::shape("features for each node", [copies.len()], expected))
    }
}

fn too_many(branching: String, log_items: f64) -> Error {
    let items = if log_items < 30.0 {
        format!("{:.0}", log_items.exp())
    } else {
        format!("about 10^{:.0}", log_items / std::f64::consts::LN_10)
    };
    let allowed = format!(
        "such a tree has {items} items; at most {MOST_ITEMS} can be held, so it must be less deep or \
         branch less"
    );
    Error::parameter("branching", branching, allowed).of("branching")
}

/// Orthonormal contrasts (Helmert's) among the children of each node, `leaves` items below a child.
pub(super) fn contrasts(n_nodes: usize, children: usize, leaves: usize) -> Array2<f64> {
    let per_node = children - 1;
    Array2::from_shape_fn((n_nodes * children * leaves, n_nodes * per_node), |(item, column)| {
        let (node, k) = (column / per_node, column % per_node + 1);
        if item / (children * leaves) != node {
            return 0.0;
        }
        let child = item / leaves % children;
        let norm = ((k * (k + 1) * leaves) as f64).sqrt();
        match child.cmp(&k) {
            std::cmp::Ordering::Less => 1.0 / norm,
            std::cmp::Ordering::Equal => -(k as f64) / norm,
            std::cmp::Ordering::Greater => 0.0,
        }
    })
}

fn check_flip(flip: f64) -> Result<()> {
    if (0.0..=0.5).contains(&flip) {
        return Ok(());
    }
    let allowed = "it must be from 0 (all items alike) to 0.5 (no relation at all)";
    Err(Error::parameter("flip probability", flip, allowed).of("flip"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::{eigh, frobenius_norm};
    use crate::{Correlations, Modes};

    fn sorted(spectrum: &Spectrum) -> Vec<f64> {
        let spaces = spectrum.eigenspaces.iter();
        let mut all: Vec<f64> = spaces.flat_map(|e| vec![e.eigenvalue; e.multiplicity()]).collect();
        all.sort_by(|a, b| b.total_cmp(a));
        all
    }

    #[test]
    fn the_analytic_spectrum_is_that_of_the_covariance_for_any_branching() {
        for (branching, covariances) in [
            (vec![2, 2, 2], vec![0.1, 0.4, 0.7, 1.0]),
            (vec![3, 2, 4], vec![0.0, 0.3, 0.5, 1.0]),
            (vec![5], vec![-0.1, 1.0]),
        ] {
            let tree = Tree::new(&branching).unwrap();
            let p = tree.n_items();
            let direct =
                Array2::from_shape_fn((p, p), |(i, j)| covariances[tree.common_depth(i, j)]);
            let spectrum = tree.spectrum(&covariances).unwrap();
            let gap = frobenius_norm((&spectrum.covariance() - &direct).view());
            assert!(gap < 1e-12 * p as f64, "{branching:?}: {gap:.1e}");
            let numeric = eigh(&direct).unwrap().0;
            for (a, b) in numeric.iter().zip(sorted(&spectrum)) {
                assert!((a - b).abs() < 1e-12 * p as f64, "{branching:?}: {a} {b}");
            }
        }
    }

    #[test]
    fn indicator_features_have_the_singular_values_of_their_spectrum() {
        let tree = Tree::new(&[2, 2, 2]).unwrap();
        let copies = [1, 1, 1, 1];
        let data = tree.indicators(&copies).unwrap();
        assert_eq!(data.feature_names[0], "root");
        assert_eq!(data.feature_names[2], "node 2");
        let modes = Modes::of(&Correlations::of(&data).unwrap()).unwrap();
        let spectrum = tree.indicator_spectrum(&copies).unwrap();
        assert_eq!(sorted(&spectrum), [15.0, 7.0, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0]);
        for (found, lambda) in modes.singular_values.iter().zip(sorted(&spectrum)) {
            assert!((found - lambda.sqrt() / 8.0).abs() < 1e-13);
        }
    }

    #[test]
    fn diffusing_features_covary_as_the_spectrum_says() {
        let (tree, n) = (Tree::new(&[2, 3]).unwrap(), 40_000);
        let table = tree.diffuse(0.15, n, 1).unwrap().targets;
        let expected = tree.diffusion_spectrum(0.15).unwrap().covariance();
        // A product of two signs has a variance of at most 1; five standard errors.
        let gap = table.dot(&table.t()) / n as f64 - expected;
        assert!(gap.iter().all(|g| g.abs() < 5.0 / (n as f64).sqrt()), "{gap}");
    }

    #[test]
    fn the_limit_task_has_the_modes_of_the_spectrum() {
        let tree = Tree::new(&[3, 2]).unwrap();
        let spectrum = tree.diffusion_spectrum(0.1).unwrap();
        let modes = Modes::of(&spectrum.task(50.0).unwrap()).unwrap();
        let expected = spectrum.singular_values(50.0);
        let expected = [expected[0], expected[1], expected[1], expected[2]];
        for (found, expected) in modes.singular_values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-13);
        }
        assert!(modes.decoupled());
    }

    #[test]
    fn impossible_trees_are_refused_with_their_number_of_items() {
        let refused = |b: &[usize]| Tree::new(b).unwrap_err().to_string();
        assert!(refused(&[2; 20]).contains("1048576 items"), "{}", refused(&[2; 20]));
        assert!(refused(&[2; 400]).contains("about 10^120 items"), "{}", refused(&[2; 400]));
        let deep = |depth, branching| Tree::regular(depth, branching).unwrap_err().to_string();
        assert!(deep(20, 2).contains("1048576 items"), "{}", deep(20, 2));
        assert!(deep(usize::MAX, 3).contains("levels of 3"));
        assert!(deep(usize::MAX, 1).contains("at least 2 children"));
        assert_eq!(Tree::regular(3, 2).unwrap(), Tree::new(&[2, 2, 2]).unwrap());
        assert!(refused(&[2, 1]).contains("children") && refused(&[]).contains("level"));
        let tree = Tree::new(&[2]).unwrap();
        for flip in [-0.1, 0.6, f64::NAN] {
            let text = tree.diffuse(flip, 3, 0).unwrap_err().to_string();
            assert!(text.contains("flip probability"), "{text}");
        }
        assert!(tree.diffuse(0.1, 0, 0).is_err() && tree.indicators(&[0, 0]).is_err());
        assert!(tree.spectrum(&[1.0]).is_err() && tree.indicators(&[1]).is_err());
    }
}
