//! Semantic development: what a deep linear network knows of items and their features at any time.
//!
//! | file | what it has |
//! |---|---|
//! | [`representation`] | distances between items in the hidden layer, exact at any time |
//! | [`embedding`] | classical multidimensional scaling, continuous over time |
//! | [`stages`] | when each level of a hierarchy is learned, and how suddenly |
//! | [`coherence`] | whether a category in noise is learned at all, and when |
//! | [`invariance`] | whether two networks end with the same representation |
//! | [`item_paths`] | the items of a user's own data over learning |
//! | [`nonlinear`] | nonlinear networks on the same data |

pub mod cases;
pub mod coherence;
pub mod embedding;
pub mod invariance;
pub mod item_paths;
pub mod nonlinear;
pub mod representation;
pub mod stages;
