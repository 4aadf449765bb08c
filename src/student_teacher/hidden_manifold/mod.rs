//! Online learning of inputs that lie on a hidden manifold: N inputs made of D = δN latent variables.
//!
//! # Setting (`goldt2020`)
//!
//! Latent variables c are D independent normal numbers. The inputs are folded features of them and the
//! labels depend on the latent variables alone,
//!
//! ```math
//! x_i = f(u_i) - a,\quad u_i = \frac1{\sqrt D}\sum_r F_{ir}c_r,\qquad
//! y = \sum_m v^*_m\,g(\rho_m) + \sigma\zeta,\quad \rho_m = \frac1{\sqrt D}\,w^*_m\cdot c ,
//! ```
//!
//! with random features F, rows of length √D. The student sees x only: $`\lambda_k = w_k\cdot x/\sqrt N`$.
//! With $`a = \langle f(u)\rangle`$, $`b = \langle u f(u)\rangle`$, $`c = \langle f(u)^2\rangle`$ over a
//! normal u, fields are jointly Gaussian in many dimensions, as if x were Gaussian with covariance
//!
//! ```math
//! \Xi = \frac{b^2}D FF^\top + c_*^2,\quad c_*^2 = c - a^2 - b^2,\qquad
//! \langle x\rho_m\rangle = \frac b{\sqrt D}\,y_m,\quad y_m = \frac1{\sqrt D}F w^*_m .
//! ```
//!
//! # Equations
//!
//! In an average over three Gaussian numbers one stands alone: $`\langle g'(\lambda_k)\,x\,g(\phi_a)\rangle =
//! A_{ka}\langle x\lambda_k\rangle + B_{ka}\langle x\phi_a\rangle`$, with A and B from I₃. So every step moves
//! weights along Ξw and y, and eigenvectors e of $`FF^\top/D`$ do not mix. Write κ for an eigenvalue,
//! ξ = b²κ + c\_\*² for the variance of inputs along it, $`q_{kl}(\kappa)`$ for the mean of
//! $`(w_k\cdot e)(w_l\cdot e)`$ and $`r_{km}(\kappa)`$ for that of $`(w_k\cdot e)(y_m\cdot e)`$ there. With
//! $`\Delta = \sum_a s_a g(\phi_a)`$, students first,
//!
//! ```math
//! \begin{aligned}
//! \dot q_{kl} &= -\eta v_k\Bigl[\xi\,\alpha_k q_{kl} + \xi\sum_j\beta_{kj}q_{jl}
//!   + \tfrac b{\sqrt\delta}\sum_m\beta_{km}r_{lm}\Bigr] + (k\leftrightarrow l)
//!   + \eta^2 v_k v_l\,\xi\,\bigl\langle(\Delta - \sigma\zeta)^2 g'_k g'_l\bigr\rangle \\
//! \dot r_{km} &= -\eta v_k\Bigl[\xi\,\alpha_k r_{km} + \xi\sum_j\beta_{kj}r_{jm}
//!   + \tfrac b{\sqrt\delta}\,\kappa\sum_n\beta_{kn}T_{nm}\Bigr]
//! \end{aligned}
//! ```
//!
//! $`\alpha_k = \sum_a s_a A_{ka}`$, $`\beta_{ka} = s_a B_{ka}`$; readouts learn as for any inputs. The
//! averages need only $`Q_{kl} = \int\xi q_{kl}`$, $`R_{km} = (b/\sqrt\delta)\int r_{km}`$ and T, and the
//! integrals run over the Marchenko–Pastur law of κ (with a share 1 − δ of zeros if δ < 1). Here it
//! is a sum over nodes, spectrally accurate. The paper has these equations for q and r scaled
//! differently and in other steps; we derived them as above.
//!
//! The student starts from weights $`w_k = z_k + \sum_m A_{km} y_m`$, z Gaussian with overlaps W: at random,
//! or, to begin beyond a plateau, with some knowledge of the teacher.

pub(crate) mod case;
mod descent;
mod flow;
mod model;
mod setting;

pub use setting::{Fold, HiddenManifold, ManifoldOverlaps, ManifoldStart};
