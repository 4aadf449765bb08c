//! Semantic development: what a deep linear network knows of items and their features at any time.
//!
//! # Setting
//!
//! Items are inputs of their own (one-hot), their features are the targets. A deep linear network that
//! starts small learns the singular modes of the table one after another (`saxe2019`,
//! [`deep_linear`](crate::deep_linear)), so that everything it says about an item, right or wrong, and
//! everything its hidden layer makes of it, is a sum over modes with known courses. Worlds whose
//! modes are known beforehand (trees, rings, grids, clusters, planted categories) are in
//! [`task::environment`](crate::task::environment).
//!
//! # Prediction
//!
//! | file | what it answers |
//! |---|---|
//! | [`representation`] | how far apart the hidden layer holds two items, exactly, at any time |
//! | [`embedding`] | pictures of that by classical multidimensional scaling, continuous over time |
//! | [`differentiation`], [`structure`] | the items of a table or of a structured world on their way apart |
//! | [`stages`], [`levels`] | when each level of a hierarchy is learned, and how suddenly |
//! | [`saddles`] | the plateaus of a deep network's loss, and that a shallow one has none |
//! | [`illusion`] | what each mode adds to an item's feature over time, and where the network errs for a while |
//! | [`turns`] | whether a course is monotone, and what its transient error is if not |
//! | [`correlated_inputs`] | a transient error without depth |
//! | [`categories`], [`recall`] | typicality, prototypes, which level of a hierarchy is learned first; which items recall a category |
//! | [`coherence`] | whether a category in noise is learned at all, and when |
//! | [`sampled_trees`], [`sampled_categories`] | how far samples of finite size are from the theory of an environment |
//! | [`induction`], [`new_item`] | what a network makes of a new feature or a new item |
//! | [`invariance`] | whether two networks end with the same representation |
//! | [`focus`], [`item_paths`] | one fact, and all items, through the course of a user's own data |
//!
//! # Simulation
//!
//! Gradient descent of linear networks, within a tolerance derived from its step; and of networks with
//! tanh or rectified hidden units on the same data ([`nonlinear`]), for which there is no theory. How far
//! the linear theory is off there is measured and drawn, not judged: some percent for tanh units, up to a
//! half for rectified ones, which are deaf to the items at which they are off. The gated network with
//! these gates accounts for nearly all of that ([`gated::frozen`](crate::gated::frozen)).
//!
//! # Limits
//!
//! * **Depth and illusions.** Transient errors such as "worms have bones" are often said to need
//!   depth. That is so for white inputs, one-hot items among them: there a shallow network moves every
//!   entry monotonically. With correlated inputs shallow networks make such errors too ([`illusion`]
//!   has the proof and the counterexample).
//! * **Broad first** holds if and only if every level adds covariance ([`stages`]). A basic level that
//!   is learned before the superordinate one needs members of that one to be less alike than chance
//!   ([`categories`]).
//! * **Invariance** is that of small starts: representations of two networks differ by a part of the
//!   square of the initial scale, and by anything if they start large ([`invariance`]).
//! * **Detectability.** A category whose coherence is below 1 has no singular vector of its own
//!   ([`coherence`]).
//!
//! # References
//!
//! `saxe2019` (modes of items and features, all of the phenomena), `rogers2004` (the phenomena),
//! `kemp2008` (structured environments), `benaych2012` (the threshold), `saxe2021` (figures).

pub(crate) mod cases;
pub mod categories;
pub mod coherence;
pub mod correlated_inputs;
pub mod differentiation;
pub mod embedding;
pub mod focus;
pub mod illusion;
pub mod induction;
pub mod invariance;
pub mod item_paths;
pub mod levels;
pub mod new_item;
pub mod nonlinear;
pub mod recall;
pub mod representation;
pub mod saddles;
pub mod sampled_categories;
pub mod sampled_trees;
pub mod stages;
pub mod structure;
pub mod turns;

pub use correlated_inputs::CorrelatedInputs;
pub use illusion::ItemFeature;
pub use induction::NewFeature;
pub use invariance::RepresentationPair;
pub use levels::LevelLearning;
pub use new_item::NewItem;
pub use nonlinear::NonlinearNetwork;
pub use recall::CategoryRecall;
pub use representation::RepresentationGeometry;
pub use structure::StructureLearning;
