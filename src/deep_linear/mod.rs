//! Deep linear networks: how a product of weight matrices learns.
//!
//! # Setting
//!
//! The network maps x to $`W_L \cdots W_1 x`$. What it computes is linear; how it learns is not,
//! because every layer's gradient contains all others. Gradient flow on half the mean squared error
//! is
//!
//! ```math
//! \tau\,\dot W_l = (W_L\cdots W_{l+1})^\top\,\big(\Sigma^{yx} - W\,\Sigma^x\big)\,(W_{l-1}\cdots W_1)^\top,
//! \qquad W = W_L\cdots W_1 .
//! ```
//!
//! So all it sees of its data are the averages Σʸˣ = ⟨yxᵀ⟩ and Σˣ = ⟨xxᵀ⟩, a
//! [`Correlations`](crate::Correlations). Their [`Modes`](crate::Modes) are the singular vectors of
//! Σʸˣ = U S Vᵀ with singular values s and input variances d = vᵀΣˣv. A mode's strength u = uᵀWv
//! grows from its start to its target s/d; each of them, and the loss, is an observable of every
//! model here.
//!
//! # Prediction
//!
//! | file | what it solves | exact for |
//! |---|---|---|
//! | [`shallow`] | W(t) of one layer, closed form | any start, any inputs |
//! | [`two_layer`] | u(t) of one mode, closed form | any hidden vectors; several modes if their hidden planes are orthogonal; decoupled modes |
//! | [`full_weights`] | W₁(t) and W₂(t), closed form | two layers with orthogonal hidden planes, decoupled modes |
//! | [`depth`] | u(t) for any depth L ≥ 1, also infinite, by quadrature | equal layers, aligned, decoupled modes |
//! | [`chain`] | every layer of one mode, by quadrature | unequal layers, aligned, decoupled modes, positive product |
//! | [`riccati`] | both weight matrices up to a rotation, closed form | two layers, λ-balanced in any orientation, white inputs |
//! | [`end_to_end`] | W(t) for any L, integrated | balanced layers in any orientation, any inputs |
//! | [`end_to_end`], Gram flow | W(t) of two layers, integrated | any start, any inputs |
//!
//! [`exact_network`] joins the models of these and has what the hidden layer makes of the inputs.
//!
//! *Aligned* means that layer l is $`R_{l+1} D_l R_l^\top`$ with diagonal D and the task's own V and
//! U at the two ends ([`aligned`]). *Balanced* means $`W_{l+1}^\top W_{l+1} = W_l W_l^\top`$,
//! λ-balanced that two layers differ in this by λ times the identity; [`balanced`] draws such
//! weights. *Decoupled* means that Σˣ and ΣʸˣᵀΣʸˣ commute. It holds for white inputs, one-hot items
//! among them, and for autoencoders; [`Modes`](crate::Modes) measures it as `commutator`. *White*
//! means Σˣ = d·I.
//!
//! Quadrature and integration are accurate to some 1e-12; "exact" means no approximation beside
//! that.
//!
//! From these: [`half_times`] (when a mode is half learned), [`depth_schedule`] (steps against
//! depth), [`learning_rate`] (stability limit, fastest rate, first-order error of a step),
//! [`random_start`] (what small random weights amount to), [`reversal`] (unlearning, interference),
//! [`kernel`] (the tangent kernel and how far it moves). [`observables`] records more of a network than
//! modes and loss: single weights, similarities in the hidden layer, the kernel. Only the equation is theirs; the models
//! [`ShallowNetwork`], [`AlignedNetwork`],
//! [`BalancedNetwork`] and
//! [`TwoLayerNetwork`] join them with a simulation, and
//! [`course`](crate::course) chooses among these models for a data set.
//!
//! # Simulation
//!
//! Full-batch gradient descent at rate η on the weight matrices themselves
//! ([`gradient_descent`](crate::net::gradient_descent)), recorded at the times of the theory, t = kη;
//! between steps the weights are interpolated. Nothing of the prediction enters, apart from the initial
//! weights. The seed of a simulation draws the orthogonal bases of the hidden layers, which theory
//! says do not matter.
//!
//! # Limits
//!
//! * Small start, two layers: a mode waits for ln(s/(d u₀))/2s and then rises within about 2.2/s
//!   (10 to 90 %): the smaller the start, the more learning looks like stages, strong modes first.
//! * Shallow network, white inputs: all modes have the time constant 1/d, so there are no stages.
//! * Large λ: a mode relaxes exponentially at the rate d|λ| and the tangent kernel stays; the
//!   crossover to sigmoids is near |λ| = 2s/d (`domine2025`).
//! * Late times, two balanced layers: every mode that the start has a component along, and the
//!   hidden layer has room for, reaches s/d.
//! * Many layers: from the same initial strength u₀, at the rate of fastest convergence, the number
//!   of steps stays bounded as depth grows (`saxe2014`).
//!
//! # Where theory and simulation part
//!
//! * **Step size.** Descent is a first-order method: its gap to the flow is proportional to η
//!   ([`learning_rate::descent_minus_flow`]). [`Solvable::tolerance`](crate::Solvable::tolerance)
//!   is twice that error, from the formula where modes decouple and by halving the step elsewhere.
//!   Above [`learning_rate::critical_rate`] descent does not settle at all.
//! * **Imbalance.** Random weights are not balanced. Where a two-layer network is off by little, the
//!   matrix solution with λ = 0 is used. Its map was measured, not proved, to be off by at most the
//!   imbalance ‖W₂ᵀW₂ − W₁W₁ᵀ‖ times the [`sensitivity`](random_start::sensitivity) of the start;
//!   where that exceeds a twentieth of the map, the Gram flow is used, which is exact. For three and
//!   more random layers no exact solution is known.
//! * **Inputs that are not white.** Mode by mode solutions hold only if the modes decouple. They are
//!   refused otherwise; the end-to-end flow and the Gram flow are not.
//! * **The sign of the determinant.** A square balanced network cannot change the sign of det W. If
//!   it starts with the wrong one (half of all draws), the flow ends at a saddle without its weakest
//!   mode ([`riccati::RiccatiFlow::never_learned`]). The same holds for every direction that the
//!   start lacks.
//! * **Rounding.** At such a saddle theory stays for ever. A simulation does not: its steps break the
//!   balance to first order in η, and rounding, some 1e-16 of the weights, grows as exp(st), so that
//!   it leaves at about t = 37/s at the latest. After it has left the two must not be compared.
//! * **Sampling.** Stochastic descent scatters around the full-batch flow by about √(η/B) for batches
//!   of B. The models here train on the full batch.
//! * **Nonlinear units.** There is no theory of them here. A tanh network that starts small follows
//!   the linear one early on; [`course`](crate::course) shows how far, and gives no bound.
//!
//! # Conventions, and how the papers' differ
//!
//! Rows are examples, Σ are averages over them, W_l maps column to column, L counts weight layers,
//! the loss is ½⟨‖y − Wx‖²⟩, τ = 1, k steps of rate η are time kη, and λ > 0 means a larger second
//! layer, W₂ᵀW₂ − W₁W₁ᵀ = λI.
//!
//! | elsewhere | here |
//! |---|---|
//! | Σ are sums over P examples (`saxe2014`) | s and d are P times smaller, times P times longer; u and s/d are the same |
//! | N_l counts layers of neurons (`saxe2014`) | L = N_l − 1 |
//! | one-hot items, taken as Σˣ = I | averaged one-hot items have d = 1/P, s = (singular value of the table)/P |
//! | means with white inputs, Σˣ = I (`fukumizu1998`, `braun2022`, `domine2025`) | the same, d = 1 |
//! | loss without ½ | gradients are twice as large: their time t is 2t here |
//! | W₁W₁ᵀ − W₂ᵀW₂ = λI | the sign of λ is the other one |
//!
//! # References
//!
//! `fukumizu1998` (two layers, Riccati), `saxe2014` (modes, depth), `arora2018` (balanced layers,
//! end-to-end flow), `saxe2019` (modes of items and features), `braun2022` (any zero-balanced start,
//! reversal), `domine2025` (λ-balanced starts), `barrett2021` (step size), `saxe2021` (figures). See
//! also `arora2019` and `ji2019` on balanced layers. [`citation`](crate::citation) has the entries.

pub mod aligned;
pub mod balanced;
pub mod balanced_network;
pub(crate) mod cases;
pub mod chain;
pub mod depth;
pub mod depth_schedule;
pub mod end_to_end;
pub mod exact_network;
pub mod full_weights;
pub mod half_times;
pub mod kernel;
pub mod learning_rate;
pub(crate) mod logit;
pub mod observables;
pub mod random_start;
pub mod recording;
pub mod reversal;
pub mod riccati;
pub mod shallow;
pub mod two_layer;
pub mod two_layer_network;

pub use aligned::AlignedNetwork;
pub use balanced_network::BalancedNetwork;
pub use exact_network::ExactNetwork;
pub use reversal::ReversedNetwork;
pub use riccati::RiccatiFlow;
pub use shallow::ShallowNetwork;
pub use two_layer_network::TwoLayerNetwork;

#[cfg(test)]
mod start_tests;
