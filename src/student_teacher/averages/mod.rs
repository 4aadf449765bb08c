//! Gaussian averages of products of units and their slopes: I₂, I₃, I₄ and J₂.
//!
//! Fields $`\lambda_a`$ are jointly Gaussian with mean zero and covariance C. With units g and slopes g′,
//!
//! ```math
//! I_2 = \langle g_a g_b\rangle,\quad I_3 = \langle g'_i\,\lambda_j\,g_a\rangle,\quad
//! I_4 = \langle g'_i g'_k\,g_a g_b\rangle,\quad J_2 = \langle g'_i g'_k\rangle .
//! ```
//!
//! For $`g(h) = \operatorname{erf}(h/\sqrt2)`$ (`saad1995`) slopes are Gaussian bells. Multiplying with
//! bells in fields i and k leaves a Gaussian measure with a smaller covariance,
//! $`C' = C - C_{\cdot,ik}(1 + C_{ik,ik})^{-1}C_{ik,\cdot}`$, so that $`I_4(i,k,a,b)`$ is
//! $`J_2(i,k)`$ times $`I_2(a,b)`$ under C′. This is the published formula in a form that loses fewer
//! digits, and it holds for coinciding fields. ReLU has a file of its own, `relu.rs`; its averages
//! are probabilities of orthants (`orthants.rs`). `field_sums.rs` sums averages over units.

mod erf;
pub(crate) mod field_sums;
mod fields;
mod orthants;
mod products;
pub(crate) mod relu;

pub use fields::Fields;
pub use products::require_known_averages;
