//! Online learning of a teacher by a student, in many dimensions.
//!
//! # Setting
//!
//! A student of K hidden units sees one fresh example per step, $`x \in \mathbb R^N`$ with independent normal
//! entries, and the label that a teacher of M units gives it, with noise:
//!
//! ```math
//! \phi = \sum_k v_k\,g(\lambda_k),\quad \lambda_k = \frac{w_k\cdot x}{\sqrt N},\qquad
//! y = \sum_m v^*_m\,g(\rho_m) + \sigma\zeta,\quad \rho_m = \frac{w^*_m\cdot x}{\sqrt N} .
//! ```
//!
//! It takes a gradient step on $`\tfrac12\Delta^2`$, $`\Delta = \phi - y`$:
//! $`w_k \mathrel{-}= \frac{\eta}{\sqrt N} v_k\,\Delta\,g'(\lambda_k)\,x`$ and
//! $`v_k \mathrel{-}= \frac{\eta_v}{N}\,\Delta\,g(\lambda_k)`$ (η_v = 0: a *soft committee machine*). With
//! many inputs all that matters are overlaps: Q among students, R with teachers, T among teachers. They do
//! not fluctuate, and follow ordinary differential equations in t = steps/N, which close because fields are
//! Gaussian.
//!
//! # Prediction
//!
//! | file | what it answers |
//! |---|---|
//! | [`order_parameters`] | overlaps: of given weights, of random students, of a solution; refuses matrices that no weights have |
//! | [`averages`] | the Gaussian averages I₂, I₃, I₄, J₂ of erf, rectified and linear units |
//! | [`flow`] | the equations for any K, M and T, one or both layers, label noise; their solution at given times |
//! | [`stationary`](flow::stationary) | where learning ends: exact for linear units, the law of small rates, the fixed point of any rate |
//! | [`plateau`](flow::plateau), [`symmetry`] | the symmetric plateau, its escape rate and the log N law; starts that never leave it |
//! | [`fluctuations`](finite::fluctuations) | scatter and shift of a network of N inputs, to first order in 1/N |
//! | [`hidden_manifold`] | inputs that are folded from fewer latent variables |
//!
//! # Simulation
//!
//! [`online_descent`](finite::online_descent) trains weights that have *exactly* the overlaps at which theory starts, one example
//! a step. [`online_network`](finite::online_network) puts theory and training side by side.
//!
//! # Where theory and simulation part
//!
//! * **Size.** The overlaps of one network scatter by $`N^{-1/2}`$ and their mean is off by 1/N;
//!   [`fluctuations`](finite::fluctuations) predicts both, and networks are judged by it.
//! * **Plateaus.** Leaving a plateau amplifies the differences that happened to be there when it was entered.
//!   Exit times of single networks differ by about the inverse escape rate whatever N, so that the mean of
//!   many networks is not the curve of any: compare from starts that already differ by more than
//!   $`N^{-1/2}`$, or compare exit times.
//! * **Interchangeable units.** In theory, equal units stay equal forever; in a network the first examples
//!   tell them apart. Such starts are recognized ([`symmetry`]).
//! * **Superfluous units.** With noise, students with more units than needed wander among equally good
//!   solutions at rates η²σ² and have no stationary state; [`stationary`](flow::stationary) says when that happens.
//! * **Nearly perfect students.** Averages of rectified units have roots where a student equals its teacher. They
//!   are computed from one factored covariance, so that errors are followed down to 1e-14; sums of terms
//!   conditioned one by one lose half of all digits there.
//! * **Large rates.** Linear units diverge for $`\eta\sum v^2 \ge 2`$, rectified ones above a similar rate; weights
//!   of erf units then grow without end.
//!
//! # Conventions
//!
//! The generalization error is $`\tfrac12\langle\Delta^2\rangle`$ on labels *without* noise: the mean square on noisy labels is
//! twice that plus σ². Time counts examples per input. $`\operatorname{erf}`$ units are $`\operatorname{erf}(h/\sqrt2)`$.
//!
//! # References
//!
//! `saad1995`, `biehl1995` (equations, plateau), `goldt2019` (noise, both layers, more units than needed),
//! `goldt2020` (hidden manifold).

pub mod averages;
pub(crate) mod cases;
pub mod finite;
pub mod flow;
pub mod hidden_manifold;
pub mod order_parameters;
pub mod symmetry;

pub use finite::online_descent::OnlineDescent;
pub use finite::online_network::OnlineNetwork;
pub use flow::plateau::SymmetricPlateau;
pub use hidden_manifold::HiddenManifold;
pub use order_parameters::OrderParameters;
