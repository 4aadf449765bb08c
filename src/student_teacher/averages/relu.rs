//! Gaussian averages of rectified units and their slopes.
//!
//! With steps $`\theta_i = [\lambda_i > 0]`$ and $`\lambda^+ = \max(\lambda, 0)`$ all averages but
//! $`I_4 = \langle\theta_i\theta_k\,\lambda_a^+\lambda_b^+\rangle`$ are well-known closed forms. For
//! fields of unit variance with correlations $`r_{ab}`$ and $`s_{ab} = \sqrt{1 - r_{ab}^2}`$,
//! integration by parts and merging of boundary terms give
//!
//! ```math
//! \begin{aligned}
//! \langle\theta_0\,\lambda_1^+\lambda_2^+\rangle &= \frac{s_{12} + r_{01}s_{02} + r_{02}s_{01}}{4\pi}
//!   + r_{12}P_{012} \\
//! \langle\theta_0\theta_1\,\lambda_2^{+2}\rangle &= \frac{1}{4\pi}\Bigl[
//!   \frac{2r_{02}r_{12} - r_{01}(r_{02}^2 + r_{12}^2)}{s_{01}} + r_{02}s_{02} + r_{12}s_{12}\Bigr]
//!   + P_{012} \\
//! \langle\theta_0\theta_1\,\lambda_2^+\lambda_3^+\rangle &= \frac{1}{2\pi}\Bigl[
//!   \frac{r_{02}r_{13} + r_{03}r_{12} - r_{01}(r_{02}r_{03} + r_{12}r_{13})}{s_{01}}P_{23|01}
//!   + s_{23}P_{01|23} + r_{03}s_{02}P_{13|02} + \dots\Bigr] + r_{23}P_{0123}
//! \end{aligned}
//! ```
//!
//! where P are probabilities that all named fields are positive (those after the bar being zero) and
//! the dots stand for the three other pairs of a step and a unit.
//! [`orthants`](super::orthants) has the probabilities. Fields that coincide by their labels are merged
//! first ($`\theta\theta = \theta`$, $`\theta\lambda^+ = \lambda^+`$). A field of variance zero counts as
//! positive in half of all cases, the limit of a small random one.

use std::f64::consts::PI;

use super::fields::{Fields, arcsine};
use super::orthants::{Orthants, positive_three, positive_two};

/// $`\langle\lambda_1^+\lambda_2^+\rangle`$ from variances and covariance.
pub(crate) fn i2(c11: f64, c12: f64, c22: f64) -> f64 {
    let size = (c11 * c22).max(0.0).sqrt();
    if size == 0.0 {
        return 0.0;
    }
    size * two_units((c12 / size).clamp(-1.0, 1.0))
}

/// ⟨λ₁⁺ λ₂⁺⟩ for correlation r. The root and the arc sine change fast near r = 1, their sum does not: both
/// must be taken of the same r.
fn two_units(r: f64) -> f64 {
    rest(r) / (2.0 * PI) + r * positive_two(r)
}

/// Probability that both of two fields are positive; 1/4 where one is frozen.
pub(crate) fn both_positive(c11: f64, c12: f64, c22: f64) -> f64 {
    if c11 <= 0.0 || c22 <= 0.0 {
        return 0.25;
    }
    positive_two(c12 / (c11 * c22).sqrt())
}

/// $`I_3(i,j,a) = \text{own}\cdot C_{ij} + \text{shared}\cdot C_{ja}`$: the two weights.
pub(crate) fn i3_weights(cii: f64, cia: f64, caa: f64) -> (f64, f64) {
    let size = (cii * caa).max(0.0).sqrt();
    if size == 0.0 {
        return (0.0, 0.25);
    }
    let r = (cia / size).clamp(-1.0, 1.0);
    (size * rest(r) / (2.0 * PI * cii), positive_two(r))
}

/// $`\langle\theta_i\theta_k\,\lambda_a^+\lambda_b^+\rangle`$.
pub(crate) fn i4(fields: &Fields<'_>, i: usize, k: usize, a: usize, b: usize) -> f64 {
    let c = |a, b| fields.covariance(a, b);
    let size = c(a, a).max(0.0).sqrt() * c(b, b).max(0.0).sqrt();
    if size == 0.0 {
        return 0.0;
    }
    let mut steps = [i, k].into_iter().filter(|s| *s != a && *s != b);
    let first = steps.next();
    let second = steps.next().filter(|s| Some(*s) != first);
    size * match (first, second) {
        (None, _) if a == b => 0.5,
        (None, _) => two_units(correlation(fields, a, b)),
        (Some(s), None) if a == b => one_step_square(correlation(fields, s, a)),
        (Some(s), None) => one_step(&correlations(fields, [s, a, b])),
        (Some(s), Some(t)) if a == b => two_steps_square(&correlations(fields, [s, t, a])),
        (Some(s), Some(t)) => two_steps(&correlations(fields, [s, t, a, b])),
    }
}

/// Correlation of two fields; 0 with a field that does not vary.
fn correlation(fields: &Fields<'_>, a: usize, b: usize) -> f64 {
    let product = fields.covariance(a, a) * fields.covariance(b, b);
    if product <= 0.0 {
        return 0.0;
    }
    (fields.covariance(a, b) / product.sqrt()).clamp(-1.0, 1.0)
}

fn correlations<const N: usize>(fields: &Fields<'_>, labels: [usize; N]) -> [[f64; N]; N] {
    let mut r = [[1.0; N]; N];
    for a in 0..N {
        for b in 0..a {
            r[a][b] = correlation(fields, labels[a], labels[b]);
            r[b][a] = r[a][b];
        }
    }
    r
}

/// √(1 − r²).
fn rest(r: f64) -> f64 {
    ((1.0 - r) * (1.0 + r)).max(0.0).sqrt()
}

/// x/√(1 − r²) for an x that vanishes at least as fast.
fn over_rest(x: f64, r: f64) -> f64 {
    match rest(r) {
        0.0 => 0.0,
        s => x / s,
    }
}

/// ⟨θ₀ λ₁⁺²⟩ for correlation r.
fn one_step_square(r: f64) -> f64 {
    0.25 + (arcsine(r) + r * rest(r)) / (2.0 * PI)
}

/// ⟨θ₀ λ₁⁺ λ₂⁺⟩.
fn one_step(r: &[[f64; 3]; 3]) -> f64 {
    let [r01, r02, r12] = [r[0][1], r[0][2], r[1][2]];
    (rest(r12) + r01 * rest(r02) + r02 * rest(r01)) / (4.0 * PI)
        + r12 * positive_three(r01, r02, r12)
}

/// ⟨θ₀ θ₁ λ₂⁺²⟩.
fn two_steps_square(r: &[[f64; 3]; 3]) -> f64 {
    let [r01, r02, r12] = [r[0][1], r[0][2], r[1][2]];
    let both = over_rest(2.0 * r02 * r12 - r01 * (r02 * r02 + r12 * r12), r01);
    (both + r02 * rest(r02) + r12 * rest(r12)) / (4.0 * PI) + positive_three(r01, r02, r12)
}

/// ⟨θ₀ θ₁ λ₂⁺ λ₃⁺⟩ of four different fields.
fn two_steps(r: &[[f64; 4]; 4]) -> f64 {
    let orthants = Orthants::new(r);
    let both =
        r[0][2] * r[1][3] + r[0][3] * r[1][2] - r[0][1] * (r[0][2] * r[0][3] + r[1][2] * r[1][3]);
    let given = |a: usize, b: usize| orthants.positive_given_others(a, b);
    let boundaries = over_rest(both, r[0][1]) * given(2, 3)
        + rest(r[2][3]) * given(0, 1)
        + r[0][3] * rest(r[0][2]) * given(1, 3)
        + r[1][3] * rest(r[1][2]) * given(0, 3)
        + r[0][2] * rest(r[0][3]) * given(1, 2)
        + r[1][2] * rest(r[1][3]) * given(0, 2);
    let share = match r[2][3] {
        // Orthogonal teachers: the only integral is not needed.
        0.0 => 0.0,
        r23 => r23 * orthants.positive_four(),
    };
    boundaries / (2.0 * PI) + share
}
