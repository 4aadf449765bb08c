//! Numerics without learning theory.
//!
//! * [`linalg`]: SVD, eigenvalues, QR: sorted, signs fixed, finite input only, one thread.
//! * [`ode`]: adaptive Dormand–Prince 8(5,3) at a relative tolerance of 1e-12, recorded at given
//!   times.
//! * [`quadrature`]: Gauss–Legendre with 16 points. [`roots`]: Brent's method.
//! * [`random`]: streams of random numbers that depend on seed, purpose and run, and on nothing else.
//!
//! Only `linalg` names faer, only `ode` names ode_solvers; arrays are ndarray's at every border.

pub mod linalg;
pub mod ode;
pub mod quadrature;
pub mod random;
pub mod roots;
