//! Numerics without learning theory.
//!
//! * [`fixed_point`]: of maps of a few numbers, by iteration and Newton's method.
//! * [`linalg`]: SVD, eigenvalues, QR: sorted, signs fixed, finite input only, one thread.
//! * [`ode`]: adaptive Dormand–Prince 8(5,3) at a relative tolerance of 1e-12, recorded at given
//!   times.
//! * [`normal`]: the normal distribution, accurate in both tails, and averages over it.
//! * [`quadrature`]: Gauss–Legendre with 16 points. [`roots`]: Brent's method.
//! * [`statistics`]: means over runs and how far to trust them.
//! * [`random`]: streams of random numbers that depend on seed, purpose and run, and on nothing else.
//!
//! Only `linalg` names faer, only `ode` names ode_solvers; arrays are ndarray's at every border.

pub mod fixed_point;
pub mod linalg;
pub mod normal;
pub mod ode;
pub mod quadrature;
pub mod random;
pub mod roots;
pub mod statistics;
