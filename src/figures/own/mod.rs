//! Figures of a user's own data and settings.

pub mod course;
pub mod curve;
pub mod embedding;
pub mod focus;
pub mod online_course;
pub mod wide;
