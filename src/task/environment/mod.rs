//! Structured worlds: items with a known relation, features drawn from it, and what theory knows
//! about both.
//!
//! An environment gives a sample, a [`Dataset`](crate::Dataset) of items × features in which every
//! item is its own input, and its theory, a [`Spectrum`]: the eigenvalues and eigenvectors of the
//! covariance that a feature is expected to have between items. With N features of this kind and P
//! one-hot items, averaged, the singular values of Σʸˣ are √(Nλ)/P and the inputs vary by 1/P in every
//! direction, so that each eigenspace is a mode (or several equal ones) of a deep linear network.
//!
//! | environment | features | theory |
//! |---|---|---|
//! | [`Tree`] | spread from the root and flip on the way, or mark a node | exact, any branching |
//! | [`RandomField`] on a ring, order, grid, tree or in clusters | Gaussian, smooth along edges | exact |
//! | [`PlantedCategory`] | noise, and a block of items that share features | limit of large tables |

mod graph;
mod planted;
mod random_field;
mod spectrum;
mod tree;

pub use graph::Graph;
pub use planted::{Detected, PlantedCategory};
pub use random_field::RandomField;
pub use spectrum::{Eigenspace, MOST_ITEMS, Spectrum};
pub use tree::Tree;
