//! Generalization: what a network that learned from examples does with new ones, in the limit of many
//! dimensions.
//!
//! # Setting
//!
//! A teacher labels P random examples in N dimensions, a student learns them. One system is random;
//! when P and N grow together at a fixed ratio α = P/N its errors settle on curves that can be
//! written down. A [`Curve`](curve::Curve) holds such a theory, the simulation of one finite system,
//! and how far the mean of such systems is expected to be from the theory. [`curves`] has them all by
//! name.
//!
//! # Prediction
//!
//! | file | what it answers |
//! |---|---|
//! | [`marchenko_pastur`] | how strongly random examples constrain each direction |
//! | [`linear_student`], [`least_squares`] | test and training error over time and at the end, overtraining, the peak at α = 1, the best time to stop |
//! | [`ridge`], [`ridge_covariance`], [`effective_ridge`] | ridge regression, isotropic and of any covariance; double descent, also with inputs that the student does not see |
//! | [`deep_student`] | a deep linear student, exact for the sample it is given |
//! | [`noisy_teacher`] | a low-rank teacher with noisy targets: signal first, noise later |
//! | [`random_features`], [`hidden_manifold`] | regression on random nonlinear features; inputs made of few latent variables |
//! | [`kernel_regression`], [`sphere_kernel`], [`kernel_curve`] | learning curves from a spectrum, mode by mode; spectra of kernels of wide networks in any dimension |
//! | [`from_data`] | the learning curve of a user's own data, predicted and measured |
//! | [`perceptron`], [`perceptron_bayes`] | classification by Hebb's rule, least squares, Gibbs, Bayes and the maximum margin |
//! | [`ising`], [`ising_enumeration`] | weights of ±1: the sudden transition to the teacher, capacities |
//! | [`classification`], [`classification_curves`] | logistic and hinge loss with a penalty |
//! | [`message_passing`] | Bayesian inference by message passing and its state evolution |
//!
//! # Simulation
//!
//! Real estimators on sampled data: linear equations, eigenvectors for gradient descent in time, dual
//! ascent for margins ([`dual_ascent`]), a walk through the space of consistent students, message
//! passing, all students of a small system. A trained tanh network ([`nonlinear_student`]) stands
//! beside the linear theory without being judged. [`measured`] puts theory and the mean over systems
//! together.
//!
//! # Where theory and simulation part
//!
//! * **Size.** The mean over finite systems is off by about 1/N. Where the law is known (exact
//!   expectations of Gaussian least squares, the spectrum of real Gaussian data, the noise matrix of a
//!   finite teacher) it is used; elsewhere the constant was measured, and the documentation of each
//!   curve says which.
//! * **Scatter.** Single systems scatter by about N^{−1/2}: the mean over runs is judged, within four of
//!   its standard errors.
//! * **Divergence.** Where the infinite system has no finite error (least squares at α = 1) theory gives
//!   [`Error::Diverges`](crate::Error::Diverges) and no number.
//! * **Real data.** Kernel learning curves take features to be Gaussian. For given data no bound on the
//!   error is known: prediction and cross validation are shown together, not judged.
//!
//! # Conventions
//!
//! Errors of regression are mean squares on labels with noise, without a factor ½; errors of
//! classification are probabilities of a wrong label. What P, N, the ridge and the noise are scaled by
//! differs between papers; each file says which it follows.
//!
//! # References
//!
//! `krogh1992`, `advani2020` (linear students), `hastie2022`, `dobriban2018` (ridge), `lampinen2019`
//! (noisy teachers), `mei2019` (random features), `gerace2020` (hidden manifold), `bordelon2020`,
//! `canatar2021` (kernels), `seung1992` (perceptrons), `saxe2021` (figures).

pub mod cases;
pub mod classification;
pub mod classification_curves;
pub mod curve;
pub mod curves;
pub mod deep_student;
pub mod dual_ascent;
pub mod effective_ridge;
pub mod examples;
pub mod from_data;
pub mod hidden_manifold;
pub mod ising;
pub mod ising_enumeration;
pub mod kernel_curve;
pub mod kernel_regression;
pub mod least_squares;
pub mod linear_student;
pub mod marchenko_pastur;
pub mod measured;
pub mod message_passing;
pub mod noisy_teacher;
pub mod nonlinear_student;
pub mod perceptron;
pub mod perceptron_bayes;
pub mod random_features;
pub mod ridge;
pub mod ridge_covariance;
pub mod sampled_student;
mod sampled_teacher;
pub mod sphere_kernel;
