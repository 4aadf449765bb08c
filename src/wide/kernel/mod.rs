//! Kernels of wide networks, exact: NNGP and tangent kernel of any [`Architecture`](crate::net::architecture::Architecture).
//!
//! * [`dense`]: on vectors; [`conv`]: on images; both with branches and normalization.
//! * [`sphere`]: their spectra on the sphere, for learning curves.
//! * [`memory_limit`]: kernels that do not fit are refused before they are computed.

pub mod conv;
pub mod dense;
pub mod memory_limit;
pub mod sphere;
