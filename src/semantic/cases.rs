//! Models of semantic development for the [list of models](crate::models).

use crate::models::ModelCase;

/// Every model of semantic development.
pub const ALL: &[ModelCase] = &[];
