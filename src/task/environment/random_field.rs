//! Gaussian features that vary smoothly along the edges of a graph.

use std::f64::consts::PI;

use ndarray::Array2;

use super::graph::Graph;
use super::spectrum::{Eigenspace, Spectrum};
use super::tree::contrasts;
use crate::math::random::{Purpose, stream};
use crate::{Dataset, Error, Result};

/// Eigenvalues closer than this, relative to each other, are one eigenspace.
const EQUAL: f64 = 1e-12;

/// Features that are smooth on a graph: a Gaussian Markov random field (`kemp2008`; in learning,
/// `saxe2019`).
///
/// A feature has a value at every node, hidden ones included. With edges of strength w and a width
/// σ, h = 1/σ², its density is
///
/// ```math
/// p(f) \propto \exp\Big(-\tfrac w2 \sum_{\text{edges } ij} (f_i-f_j)^2 - \tfrac h2 \sum_i f_i^2\Big),
/// \qquad \operatorname{Cov} f = (wL + hI)^{-1}
/// ```
///
/// with the graph's Laplacian L. Without hidden nodes an eigenvalue l of L becomes 1/(wl + h):
/// l = 4 sin²(πk/P) on a ring (waves, in pairs), 4 sin²(πk/2P) in an order (cosines), sums of two of
/// the latter on a grid.
///
/// Hidden nodes are integrated out. In a tree with `B_k` children for each node of depth k − 1, a
/// feature that differs between the children, at depth l, of one node and is equal elsewhere on each
/// level obeys a chain of one value for every depth below. Eliminated from the top, the chain is a
/// row of resistors (derived here; exact, and free of cancellation):
///
/// ```math
/// \lambda^{(l)} = \frac1{q_D},\qquad q_l = h + w,\qquad
/// q_k = h + \frac{w\,q_{k-1}}{q_{k-1} + w B_k}\quad(k = l+1 \dots D).
/// ```
///
/// For what all items share the chain starts with q₀ = h. Clusters are such a tree of depth 1
/// without its root: within a cluster 1/(w + h), between clusters the chain from q₀ = h.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomField {
    graph: Graph,
    smoothness: f64,
    edge: f64,
}

impl RandomField {
    /// Features of width `smoothness` σ (in steps along edges of strength 1, what is further apart is
    /// hardly related) on a graph whose edges all have strength `edge` w.
    ///
    /// # Errors
    /// A smoothness or edge that is not positive, too few items for the graph, or more than
    /// [`MOST_ITEMS`](super::MOST_ITEMS).
    pub fn new(graph: Graph, smoothness: f64, edge: f64) -> Result<Self> {
        graph.validate()?;
        // Squares, inverses and their products must stay numbers.
        let (range, allowed) = (1e-6..=1e6, "it must be from 1e-6 to 1e6");
        if !range.contains(&smoothness) {
            return Err(Error::parameter("smoothness", smoothness, allowed).of("smoothness"));
        }
        if !range.contains(&edge) {
            return Err(Error::parameter("edge strength", edge, allowed).of("edge"));
        }
        Ok(Self { graph, smoothness, edge })
    }

    /// How items are related.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The covariance of a feature between items, by eigenspaces, from broad to fine.
    pub fn spectrum(&self) -> Spectrum {
        let h = self.smoothness.powi(-2);
        let smooth = |l: f64| 1.0 / (self.edge * l + h);
        let eigenspaces = match &self.graph {
            Graph::Ring { n_items } => ring(*n_items, smooth),
            Graph::Order { n_items } => order(*n_items, smooth),
            Graph::Grid { rows, columns } => grid(*rows, *columns, smooth),
            Graph::Clusters { n_clusters, size } => self.clusters(*n_clusters, *size),
            Graph::Tree(tree) => tree.by_levels(|l| {
                if l == 0 {
                    self.chain(h, tree.branching())
                } else {
                    self.chain(h + self.edge, &tree.branching()[l..])
                }
            }),
        };
        Spectrum { eigenspaces }
    }

    /// 1/q at the bottom of a chain that starts with `q` and goes down through nodes with these
    /// numbers of children.
    fn chain(&self, q: f64, branching: &[usize]) -> f64 {
        let (w, h) = (self.edge, self.smoothness.powi(-2));
        1.0 / branching.iter().fold(q, |q, b| h + w * q / (q + w * *b as f64))
    }

    fn clusters(&self, n_clusters: usize, size: usize) -> Vec<Eigenspace> {
        let h = self.smoothness.powi(-2);
        let p = n_clusters * size;
        let between = Eigenspace {
            name: "between clusters".into(),
            eigenvalue: self.chain(h, &[size]),
            vectors: Array2::from_shape_fn((p, n_clusters), |(i, k)| {
                if i / size == k { (size as f64).sqrt().recip() } else { 0.0 }
            }),
        };
        let within = Eigenspace {
            name: "within clusters".into(),
            eigenvalue: 1.0 / (self.edge + h),
            vectors: contrasts(n_clusters, size, 1),
        };
        vec![between, within]
    }

    /// `n_features` independent features of all items, P × N.
    ///
    /// # Errors
    /// No feature.
    pub fn sample(&self, n_features: usize, seed: u64) -> Result<Dataset> {
        let table =
            self.spectrum().gaussian_features(n_features, &mut stream(seed, Purpose::Task, 0));
        let features = (1..=n_features).map(|i| format!("feature {i}")).collect();
        Dataset::from_table(table, self.graph.item_names(), features)
    }
}

/// Waves around a ring: cosine and sine of each frequency.
fn ring(p: usize, smooth: impl Fn(f64) -> f64) -> Vec<Eigenspace> {
    let frequency = |k: usize| {
        let alone = k == 0 || 2 * k == p;
        let norm = (if alone { 1.0 } else { 2.0 } / p as f64).sqrt();
        let wave = |(i, j): (usize, usize)| {
            // The phase in whole turns stays small, so that no digits are lost.
            let phase = 2.0 * PI * ((i * k) % p) as f64 / p as f64;
            norm * if j == 0 { phase.cos() } else { phase.sin() }
        };
        Eigenspace {
            name: if k == 0 { "all items".into() } else { format!("frequency {k}") },
            eigenvalue: smooth(4.0 * (PI * k as f64 / p as f64).sin().powi(2)),
            vectors: Array2::from_shape_fn((p, if alone { 1 } else { 2 }), wave),
        }
    };
    (0..=p / 2).map(frequency).collect()
}

/// Entry i of the cosine with k half waves over n items.
fn cosine(n: usize, k: usize, i: usize) -> f64 {
    let norm = (if k == 0 { 1.0 } else { 2.0 } / n as f64).sqrt();
    norm * (PI * ((k * (2 * i + 1)) % (4 * n)) as f64 / (2 * n) as f64).cos()
}

/// Eigenvalue of the Laplacian of a row of n items for k half waves.
fn stiffness(n: usize, k: usize) -> f64 {
    4.0 * (PI * k as f64 / (2 * n) as f64).sin().powi(2)
}

fn order(p: usize, smooth: impl Fn(f64) -> f64) -> Vec<Eigenspace> {
    let waves = |k: usize| Eigenspace {
        name: if k == 0 { "all items".into() } else { format!("half waves {k}") },
        eigenvalue: smooth(stiffness(p, k)),
        vectors: Array2::from_shape_fn((p, 1), |(i, _)| cosine(p, k, i)),
    };
    (0..p).map(waves).collect()
}

/// Products of two cosines; equal ones are one space.
fn grid(rows: usize, columns: usize, smooth: impl Fn(f64) -> f64) -> Vec<Eigenspace> {
    let mut waves: Vec<(f64, usize, usize)> = (0..rows)
        .flat_map(|k| (0..columns).map(move |l| (k, l)))
        .map(|(k, l)| (smooth(stiffness(rows, k) + stiffness(columns, l)), k, l))
        .collect();
    waves.sort_by(|a, b| b.0.total_cmp(&a.0));
    let equal = |a: &(f64, usize, usize), b: &(f64, usize, usize)| a.0 - b.0 <= EQUAL * a.0;
    let space = |waves: &[(f64, usize, usize)]| {
        let mut waves = waves.to_vec();
        waves.sort_by_key(|(_, k, l)| (*k, *l));
        let names: Vec<String> = waves.iter().take(2).map(|(_, k, l)| format!("{k}×{l}")).collect();
        let more = if waves.len() > 2 { "/…" } else { "" };
        Eigenspace {
            name: match waves[0] {
                (_, 0, 0) => "all items".into(),
                _ => format!("half waves {}{more}", names.join("/")),
            },
            eigenvalue: waves[0].0,
            vectors: Array2::from_shape_fn((rows * columns, waves.len()), |(i, j)| {
                let (_, k, l) = waves[j];
                cosine(rows, k, i / columns) * cosine(columns, l, i % columns)
            }),
        }
    };
    waves.chunk_by(equal).map(space).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::{eigh, frobenius_norm};
    use crate::task::environment::Tree;

    fn fields() -> Vec<RandomField> {
        let tree = |branching: &[usize]| Graph::Tree(Tree::new(branching).unwrap());
        let graphs = [
            Graph::Ring { n_items: 3 },
            Graph::Ring { n_items: 8 },
            Graph::Ring { n_items: 9 },
            Graph::Order { n_items: 2 },
            Graph::Order { n_items: 7 },
            Graph::Grid { rows: 4, columns: 4 },
            Graph::Grid { rows: 3, columns: 5 },
            Graph::Clusters { n_clusters: 3, size: 4 },
            tree(&[2, 2, 2]),
            tree(&[3, 2, 4]),
            tree(&[5]),
        ];
        let widths = [(0.7, 1.0), (3.0, 0.6), (20.0, 4.0)];
        let field = |graph: &Graph| {
            widths.map(|(sigma, w)| RandomField::new(graph.clone(), sigma, w).unwrap())
        };
        graphs.iter().flat_map(field).collect()
    }

    /// The covariance of the items by inverting the precision of all nodes, hidden ones included.
    fn by_inversion(field: &RandomField) -> Array2<f64> {
        let edges = field.graph.edges();
        let p = field.graph.n_items();
        let nodes = edges.iter().map(|(i, j)| i.max(j) + 1).max().unwrap();
        let mut precision = Array2::eye(nodes) * field.smoothness.powi(-2);
        for (i, j) in edges {
            precision[[i, i]] += field.edge;
            precision[[j, j]] += field.edge;
            precision[[i, j]] -= field.edge;
            precision[[j, i]] -= field.edge;
        }
        let (values, vectors) = eigh(&precision).unwrap();
        let inverse = (&vectors / &values).dot(&vectors.t());
        inverse.slice(ndarray::s![..p, ..p]).to_owned()
    }

    #[test]
    fn every_spectrum_is_that_of_the_inverted_precision_with_hidden_nodes_integrated_out() {
        for field in fields() {
            let (found, direct) = (field.spectrum().covariance(), by_inversion(&field));
            let gap = frobenius_norm((&found - &direct).view());
            // Inversion loses as many digits as the condition number (5 w σ²) has.
            let size = frobenius_norm(direct.view());
            assert!(gap < 1e-15 * size * 1e4, "{:?}: {gap:.1e} of {size:.1e}", field.graph);
        }
    }

    #[test]
    fn every_spectrum_is_a_complete_orthonormal_basis_with_distinct_spaces_from_broad_to_fine() {
        for field in fields() {
            let (spectrum, p) = (field.spectrum(), field.graph.n_items());
            assert_eq!(spectrum.n_items(), p, "{:?}", field.graph);
            let views: Vec<_> = spectrum.eigenspaces.iter().map(|e| e.vectors.view()).collect();
            let basis = ndarray::concatenate(ndarray::Axis(1), &views).unwrap();
            let gap = basis.t().dot(&basis) - Array2::<f64>::eye(p);
            assert!(gap.iter().all(|g| g.abs() < 1e-14 * p as f64), "{:?}", field.graph);
            let falls = |w: &[Eigenspace]| w[0].eigenvalue > w[1].eigenvalue * (1.0 + 1e-12);
            assert!(spectrum.eigenspaces.windows(2).all(falls), "{:?}", field.graph);
        }
    }

    #[test]
    fn sampled_features_covary_as_the_spectrum_says() {
        for graph in [Graph::Ring { n_items: 6 }, Graph::Clusters { n_clusters: 2, size: 3 }] {
            let n = 20_000;
            let field = RandomField::new(graph, 1.5, 1.0).unwrap();
            let table = field.sample(n, 2).unwrap().targets;
            let (found, expected) =
                (table.dot(&table.t()) / n as f64, field.spectrum().covariance());
            for ((i, j), found) in found.indexed_iter() {
                // Variance of a product of two Gaussians.
                let (c, v) = (expected[[i, j]], expected[[i, i]] * expected[[j, j]]);
                let standard_error = ((v + c * c) / n as f64).sqrt();
                assert!((found - c).abs() < 5.0 * standard_error, "{i} {j}: {found} {c}");
            }
        }
    }

    #[test]
    fn clusters_are_the_closed_form_of_two_levels() {
        let (w, sigma, n) = (0.8, 2.0, 4.0);
        let field = RandomField::new(Graph::Clusters { n_clusters: 3, size: 4 }, sigma, w).unwrap();
        let h = 1.0 / (sigma * sigma);
        let spaces = field.spectrum().eigenspaces;
        assert_eq!([spaces[0].multiplicity(), spaces[1].multiplicity()], [3, 9]);
        let latent = n * w + h - n * w * w / (w + h);
        let between = 1.0 / (w + h) + n * w * w / ((w + h).powi(2) * latent);
        assert!((spaces[0].eigenvalue - between).abs() < 1e-14);
        assert!((spaces[1].eigenvalue - 1.0 / (w + h)).abs() < 1e-15);
    }

    #[test]
    fn names_are_unique_and_say_where_an_item_is() {
        let grid = Graph::Grid { rows: 2, columns: 12 };
        assert_eq!(grid.item_names()[13], "item 2-2");
        for graph in fields().into_iter().map(|field| field.graph) {
            let mut names = graph.item_names();
            assert_eq!(names.len(), graph.n_items());
            names.sort();
            names.dedup();
            assert_eq!(names.len(), graph.n_items());
        }
    }

    #[test]
    fn graphs_that_are_too_small_or_too_large_and_widths_out_of_range_are_refused_by_name() {
        let refused = |graph: Graph, smoothness: f64, edge: f64| {
            RandomField::new(graph, smoothness, edge).unwrap_err().to_string()
        };
        assert!(refused(Graph::Ring { n_items: 2 }, 1.0, 1.0).contains("at least 3"));
        assert!(refused(Graph::Order { n_items: 1 }, 1.0, 1.0).contains("at least 2"));
        assert!(refused(Graph::Grid { rows: 1, columns: 5 }, 1.0, 1.0).contains("rows"));
        assert!(refused(Graph::Clusters { n_clusters: 2, size: 1 }, 1.0, 1.0).contains("cluster"));
        let huge = Graph::Grid { rows: usize::MAX, columns: 3 };
        assert!(refused(huge, 1.0, 1.0).contains("at most 4096"));
        let ring = || Graph::Ring { n_items: 5 };
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
            assert!(refused(ring(), bad, 1.0).contains("smoothness"));
            assert!(refused(ring(), 1.0, bad).contains("edge strength"));
        }
        assert!(RandomField::new(ring(), 1.0, 1.0).unwrap().sample(0, 0).is_err());
    }
}
