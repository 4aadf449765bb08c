//! Kernel regression: learning curves from a spectrum, mode by mode.
//!
//! * [`regression`], [`curve`]: the theory, and its learning curve with a simulation.
//! * [`sphere`]: kernels of wide networks and their spectra in any dimension; [`sphere_learning`]: what is
//!   learned with them, degree by degree.
//! * [`from_data`]: the learning curve of a user's own data; [`classification`]: of named classes.

pub mod classification;
pub mod curve;
pub mod from_data;
pub mod regression;
pub mod sphere;
pub mod sphere_learning;
