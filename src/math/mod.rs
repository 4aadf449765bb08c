//! Numerics without learning theory.
//!
//! * [`fixed_point`]: of maps of a few numbers, by iteration and Newton's method.
//! * [`linalg`]: SVD, eigenvalues, QR: sorted, signs fixed, finite input only, one thread.
//! * [`ode`]: adaptive Dormand–Prince 8(5,3) at a relative tolerance of 1e-12, recorded at given
//!   times. [`dense_ode`]: the same step by step, with the solution in between.
//! * [`normal`]: the normal distribution, accurate in both tails, and averages over it.
//! * [`quadrature`]: Gauss–Legendre with 16 points. [`roots`]: Brent's method.
//! * [`statistics`]: means over runs and how far to trust them.
//! * [`times`]: which times a model can be asked about. `parallel`: jobs side by side.
//! * [`vector`], [`arcsine`], [`error_function`]: elementary functions of many numbers at once.
//! * [`random`]: streams of random numbers that depend on seed, purpose and run, and on nothing else.
//!
//! Only `linalg` names faer, only `ode` names ode_solvers; arrays are ndarray's at every border.

pub mod arcsine;
pub mod dense_ode;
mod dormand_prince;
pub mod error_function;
pub mod fixed_point;
pub(crate) mod folded_pairs;
pub mod linalg;
pub mod normal;
pub mod ode;
pub(crate) mod parallel;
pub mod quadrature;
pub mod random;
pub mod roots;
pub mod statistics;
pub mod times;
pub mod vector;
