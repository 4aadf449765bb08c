//! Gated deep linear networks: linear pathways, switched by the input.
//!
//! # Setting
//!
//! A network is a graph of weight matrices. A pathway p is a way through it, from an input to an
//! output domain; a gate $`g_p`$ opens it for some examples and shuts it for others. The output is
//! the sum over open pathways, $`\hat y = \sum_p g_p(x)\,W_p x`$. What the network computes is not
//! linear in x, but with the gates given every pathway learns like a deep linear network, on the
//! examples for which it is open and on what the others leave over ([`network`]):
//!
//! ```math
//! \tau\,\dot W_e = \sum_{p\ni e} W_{\text{after}}^\top\,E(p)\,W_{\text{before}}^\top,\qquad
//! E(p) = \langle g_p\,y x^\top\rangle - \sum_j W_j\,\langle g_j\,x x^\top g_p\rangle .
//! ```
//!
//! Where all pathways start along shared singular vectors, this is a handful of scalars per mode,
//! the *neural race reduction* (`saxe2022`): pathways race to explain the same correlations, and
//! those that are open for more examples, or start ahead, are faster. We took the reductions from the
//! equations, not the paper's text, and hold each against training of the matrices.
//!
//! # Prediction
//!
//! | file | what it solves | exact for |
//! |---|---|---|
//! | [`xor`] | four independent two-layer modes, closed form | four pathways, one open per example; four rectified units on the corners |
//! | [`rectified`] | the gated network that random rectified units amount to | the limit of small weights, almost any start |
//! | [`frozen`] | the gated network that rectified units are with the gates of their start | as long as no unit turns; one-hot items, nearly to the end |
//! | [`routing`] | three scalars per mode, by quadrature | aligned layers, equal in all domains; every domain in equally many trained pairs |
//! | [`race`], [`race_network`] | strengths of parallel paths, by quadrature; who wins, from what is conserved | aligned paths of equal depth L ≥ 2 with equal layers |
//!
//! **Why 1/M.** In routing a domain's own edge gets a gradient from K/M pairs, each of weight 1/K: its
//! layer learns from a share 1/M of the examples, the shared layer from all. In general a layer with
//! share ρᵢ obeys $`\tau\dot b_i = \rho_i\prod_{j\ne i} b_j\,(s - d\,u)`$, and $`c_i = b_i/\sqrt{\rho_i}`$
//! turns it into a plain chain with $`s\sqrt{\prod\rho}`$ and $`d\prod\rho`$. The number of trained
//! pairs does not enter.
//!
//! **Who wins.** Between parallel paths $`a_1^{2-L}/\rho_1 - a_2^{2-L}/\rho_2`$ is conserved, for two
//! layers $`\ln(a_1)/\rho_1 - \ln(a_2)/\rho_2`$. From starts 0.2 and 0.25 two layers end with shares
//! 0.507 and 0.793 of 1.3, three layers with 0.135 and 1.165. From equal starts, a path that is open
//! in three contexts beats private ones that are open in one, and depth amplifies that too.
//!
//! # Simulation
//!
//! Full-batch gradient descent on all matrices ([`GatedNetwork::train`](network::GatedNetwork::train)),
//! recorded as everywhere in this crate. The seed draws the bases of the hidden layers, which theory
//! says do not matter. Gates are given with the data.
//!
//! # Where theory and simulation part
//!
//! * **Step size**, as for [deep linear networks](crate::deep_linear).
//! * **Rectified units make their own gates.** On the four corners they keep them, and the flow is the
//!   same as that of the gated network to rounding. From random weights nearly every unit first
//!   turns from two neighboring corners to one of them; [`rectified::xor_modes`] accounts for that,
//!   up to an error that was measured to fall with the square of the initial weights. It is no
//!   theory of large initial weights, nor of other tasks.
//! * **Separate pairs.** Zero-shot transfer at all times needs equal layers in all domains. From
//!   random starts it needs trained pairs that hang together: through shared domains one can walk
//!   from any pair to any other. Then untrained pairs end with the right map. Separate pairs do not
//!   agree on the signs of their modes, and what is made of their parts is as wrong as −W.
//! * **Uneven pairs.** Domains that are used more often learn faster, which
//!   [`Routing`] does not cover; untrained pairs then lag. From equal aligned layers
//!   they still end with the full strength if trained pairs hang together. Across separate groups they
//!   end with s/d times the ratio of the groups' b₁, which what is conserved decides; it is 1 if every
//!   group has as many input as output domains.
//! * **Paths of different depth, or layers that start unequal**, have no common clock; train the
//!   network without a prediction.
//!
//! # References
//!
//! `saxe2022` (gated networks, the race, routing), `saxe2014` (chains of layers). Conventions are
//! those of [`deep_linear`](crate::deep_linear): averages over all examples, ½ in the loss, τ = 1.

pub(crate) mod cases;
pub mod frozen;
pub mod network;
pub mod race;
pub mod race_network;
pub mod rectified;
pub mod routing;
pub mod xor;

pub use network::Context;
pub use network::GatedNetwork;
pub use race_network::RaceNetwork;
pub use routing::Routing;
pub use xor::XorNetwork;
