//! Linear students: least squares over time and at the end, ridge regression, deep linear students.
//!
//! * [`marchenko_pastur`]: how strongly random examples constrain each direction.
//! * [`student`], [`least_squares`]: errors over time and at the end; [`sampled_student`] trains one,
//!   [`sampled_stopping`] finds the best time to stop one.
//! * [`ridge`], [`ridge_covariance`], [`effective_ridge`]: ridge regression on inputs of any covariance.
//! * [`noisy_teacher`]: a low-rank teacher; [`deep_student`]: exact for the sample it is given.
//! * [`nonlinear_student`]: a trained tanh network beside them.

pub mod deep_student;
pub mod effective_ridge;
pub mod least_squares;
pub mod marchenko_pastur;
pub mod noisy_teacher;
pub mod nonlinear_student;
pub mod ridge;
pub mod ridge_covariance;
pub mod sampled_stopping;
pub mod sampled_student;
pub(crate) mod sampled_teacher;
pub mod student;
