//! Gated networks for the [list of models](crate::models).

use crate::models::ModelCase;

/// Every gated network.
pub const ALL: &[ModelCase] = &[];
