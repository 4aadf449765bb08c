//! Models of semantic development for the [list of models](crate::models).

pub mod environments;
pub mod facts;
pub mod representations;
