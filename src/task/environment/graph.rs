//! Items on a graph: their names and its edges.

use super::spectrum::MOST_ITEMS;
use super::tree::Tree;
use crate::{Error, Result};

/// How items are related.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Graph {
    /// Each item has two neighbors.
    Ring {
        /// Number of items, at least 3.
        n_items: usize,
    },
    /// Items in a row.
    Order {
        /// Number of items, at least 2.
        n_items: usize,
    },
    /// Items in rows and columns; each has up to four neighbors.
    Grid {
        /// Number of rows, at least 2.
        rows: usize,
        /// Number of columns, at least 2.
        columns: usize,
    },
    /// Items hang on the hidden center of their cluster; clusters know nothing of each other.
    Clusters {
        /// Number of clusters, at least 2.
        n_clusters: usize,
        /// Items of each, at least 2.
        size: usize,
    },
    /// Items are the leaves of a tree whose other nodes are hidden.
    Tree(Tree),
}

impl Graph {
    /// Number of items P.
    pub fn n_items(&self) -> usize {
        match self {
            Self::Ring { n_items } | Self::Order { n_items } => *n_items,
            Self::Grid { rows, columns } => rows.saturating_mul(*columns),
            Self::Clusters { n_clusters, size } => n_clusters.saturating_mul(*size),
            Self::Tree(tree) => tree.n_items(),
        }
    }

    /// Names of the items by their place: "item 3", "item 2-3" in row 2, column 3 of a grid,
    /// "item 2.3" in cluster 2, by their way from the root in a tree.
    pub fn item_names(&self) -> Vec<String> {
        let pairs = |outer: usize, inner: usize, between: &str| {
            let pair = |i: usize| format!("item {}{between}{}", i / inner + 1, i % inner + 1);
            (0..outer * inner).map(pair).collect()
        };
        match self {
            Self::Ring { n_items } | Self::Order { n_items } => {
                (1..=*n_items).map(|i| format!("item {i}")).collect()
            }
            Self::Grid { rows, columns } => pairs(*rows, *columns, "-"),
            Self::Clusters { n_clusters, size } => pairs(*n_clusters, *size, "."),
            Self::Tree(tree) => tree.item_names(),
        }
    }

    /// Edges between nodes: items first, then hidden nodes (clusters; or the nodes of a tree from
    /// its root down, level by level).
    pub fn edges(&self) -> Vec<(usize, usize)> {
        let p = self.n_items();
        match self {
            Self::Ring { .. } => (0..p).map(|i| (i, (i + 1) % p)).collect(),
            Self::Order { .. } => (1..p).map(|i| (i - 1, i)).collect(),
            Self::Grid { columns, .. } => {
                let right = (0..p).filter(|i| i % columns + 1 < *columns).map(|i| (i, i + 1));
                right.chain((0..p - columns).map(|i| (i, i + columns))).collect()
            }
            Self::Clusters { size, .. } => (0..p).map(|i| (i, p + i / size)).collect(),
            Self::Tree(tree) => {
                let before = |depth: usize| (0..depth).map(|d| tree.n_nodes(d)).sum::<usize>();
                let node = |depth: usize, i: usize| {
                    if depth == tree.depth() { i } else { p + before(depth) + i }
                };
                let at = |depth: usize| {
                    let children = tree.branching()[depth - 1];
                    (0..tree.n_nodes(depth))
                        .map(move |i| (node(depth - 1, i / children), node(depth, i)))
                };
                (1..=tree.depth()).flat_map(at).collect()
            }
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
        let few = |name: &str, n: usize, least: usize| {
            Error::parameter(name, n, format!("it must be at least {least}"))
        };
        match self {
            Self::Ring { n_items } if *n_items < 3 => {
                return Err(few("number of items on a ring", *n_items, 3).of("items"));
            }
            Self::Order { n_items } if *n_items < 2 => {
                return Err(few("number of items in order", *n_items, 2).of("items"));
            }
            Self::Grid { rows, .. } if *rows < 2 => {
                return Err(few("number of rows", *rows, 2).of("rows"));
            }
            Self::Grid { columns, .. } if *columns < 2 => {
                return Err(few("number of columns", *columns, 2).of("columns"));
            }
            Self::Clusters { n_clusters, .. } if *n_clusters < 2 => {
                return Err(few("number of clusters", *n_clusters, 2).of("clusters"));
            }
            Self::Clusters { size, .. } if *size < 2 => {
                return Err(few("number of items in a cluster", *size, 2).of("size"));
            }
            _ => {}
        }
        if self.n_items() > MOST_ITEMS {
            let allowed = format!("at most {MOST_ITEMS} can be held");
            let many = Error::parameter("number of items", self.n_items(), allowed);
            return Err(match self {
                Self::Ring { .. } | Self::Order { .. } => many.of("items"),
                Self::Grid { .. } => many.of("rows").of("columns"),
                Self::Clusters { .. } => many.of("clusters").of("size"),
                Self::Tree(_) => many.of("branching"),
            });
        }
        Ok(())
    }
}
