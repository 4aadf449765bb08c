//! Regression on random nonlinear features.
//!
//! * [`random_features`]: double descent in the number of features.
//! * [`hidden_manifold`]: inputs made of few latent variables.

pub mod hidden_manifold;
pub mod random_features;
