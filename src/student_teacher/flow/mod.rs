//! The flow of order parameters under online learning, for any number of fields.
//!
//! One fresh example per step; with $`\Delta = \sum_a s_a\,g(\lambda_a) - \sigma\zeta`$ and time
//! t = steps/N (`saad1995`, `biehl1995`, `goldt2019`)
//!
//! ```math
//! \begin{aligned}
//! \dot R_{im} &= -\eta v_i \sum_a s_a I_3(i,m,a) \\
//! \dot Q_{ik} &= -\eta v_i \sum_a s_a I_3(i,k,a) - \eta v_k \sum_a s_a I_3(k,i,a)
//!   + \eta^2 v_i v_k \Bigl[\sum_{ab} s_a s_b I_4(i,k,a,b) + \sigma^2 J_2(i,k)\Bigr] \\
//! \dot v_i &= -\eta_v \sum_a s_a I_2(i,a)
//! \end{aligned}
//! ```
//!
//! written once over the covariance of all fields, students first. The averages are those of
//! [`averages`](super::averages).

pub(crate) mod packed;
pub mod plateau;
mod right_hand_side;
mod solution;
pub mod stationary;

pub use right_hand_side::{Flow, Learning, derivative, generalization_error};
pub use solution::solve;
