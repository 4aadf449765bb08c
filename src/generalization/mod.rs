//! Generalization: what a network that learned from examples does with new ones, in the limit of many
//! dimensions.
//!
//! # Setting
//!
//! A teacher labels P random examples in N dimensions, a student learns them. One system is random;
//! when P and N grow together at a fixed ratio α = P/N its errors settle on curves that can be
//! written down. A [`Curve`](crate::curve::Curve) holds such a theory, the simulation of one finite system,
//! and how far the mean of such systems is expected to be from the theory. [`models`](crate::models) has them all by
//! name.
//!
//! # Prediction
//!
//! | file | what it answers |
//! |---|---|
//! | [`marchenko_pastur`](linear::marchenko_pastur) | how strongly random examples constrain each direction |
//! | [`student`](linear::student), [`least_squares`](linear::least_squares) | test and training error over time and at the end, overtraining, the peak at α = 1, the best time to stop |
//! | [`ridge`](linear::ridge), [`ridge_covariance`](linear::ridge_covariance), [`effective_ridge`](linear::effective_ridge) | ridge regression, isotropic and of any covariance; double descent, also with inputs that the student does not see |
//! | [`deep_student`](linear::deep_student) | a deep linear student, exact for the sample it is given |
//! | [`noisy_teacher`](linear::noisy_teacher) | a low-rank teacher with noisy targets: signal first, noise later |
//! | [`random_features`](features::random_features), [`hidden_manifold`](features::hidden_manifold) | regression on random nonlinear features; inputs made of few latent variables |
//! | [`regression`](kernel::regression), [`sphere`](kernel::sphere), [`curve`](kernel::curve) | learning curves from a spectrum, mode by mode; spectra of kernels of wide networks in any dimension |
//! | [`from_data`](kernel::from_data) | the learning curve of a user's own data, predicted and measured |
//! | [`rules`](perceptron::rules), [`bayes`](perceptron::bayes) | classification by Hebb's rule, least squares, Gibbs, Bayes and the maximum margin |
//! | [`ising`](perceptron::ising), [`ising_enumeration`](perceptron::ising_enumeration) | weights of ±1: the sudden transition to the teacher, capacities |
//! | [`classification`](perceptron::classification), [`classification_curves`](perceptron::classification_curves) | logistic and hinge loss with a penalty |
//! | [`message_passing`](perceptron::message_passing) | Bayesian inference by message passing and its state evolution |
//!
//! # Simulation
//!
//! Real estimators on sampled data: linear equations, eigenvectors for gradient descent in time, dual
//! ascent for margins ([`dual_ascent`](perceptron::dual_ascent)), a walk through the space of consistent students, message
//! passing, all students of a small system. A trained tanh network ([`nonlinear_student`](linear::nonlinear_student)) stands
//! beside the linear theory without being judged. [`measured`](crate::curve::measured) puts theory and the mean over systems
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

pub(crate) mod cases;
pub mod features;
pub mod kernel;
pub mod linear;
pub mod perceptron;

pub use features::hidden_manifold::HiddenManifold;
pub use kernel::regression::KernelRegression;
pub use kernel::sphere::Kernel;
pub use kernel::sphere::SphereSpectrum;
pub use kernel::sphere_learning::SphereLearning;
pub use linear::deep_student::DeepStudent;
pub use linear::sampled_student::LinearStudent;
