//! Duals of nonlinearities with a kink or jump: functions of the angle between inputs.
//!
//! Let ψ be the angle of the pair folded into the first quadrant,
//!
//! ```math
//! \psi = \operatorname{atan2}\big(\sqrt{qq' - c^2},\, |c|\big), \qquad
//! qq' - c^2 = g\,(2\sqrt{qq'} - g), \qquad g = \sqrt{qq'} - |c| .
//! ```
//!
//! Near ψ = 0 the angle is a root of the gap g: rounding of the covariance in its 16th digit would be
//! seen in the 8th of the angle, and of the tangent kernel. So layers hand on the gap itself, in forms
//! that do not cancel. With mean square slope m = (α² + β²)/2, G = (α − β)²/(2π) and slopes α, β on both
//! sides (`cho2009`, `jacot2018`):
//!
//! | φ | average of φφ | of φ′φ′ | for c < 0 |
//! |---|---|---|---|
//! | slopes α, β | $`m\lvert c\rvert + G(s - \psi\lvert c\rvert)`$ | $`m - G\psi`$ | m becomes −αβ, the slope changes sign |
//! | sign | $`1 - 2\psi/\pi`$ | 0 | changes sign |
//! | step | $`\frac12 - \psi/(2\pi)`$ | 0 | $`\psi/(2\pi)`$ |
//! | rectified square | $`\frac{1}{2\pi}[3s\lvert c\rvert + (\pi - \psi)(qq' + 2c^2)]`$ | $`\frac2\pi[s + (\pi - \psi)\lvert c\rvert]`$ | $`\frac{1}{2\pi}[\psi(qq' + 2c^2) - 3s\lvert c\rvert]`$, $`\frac2\pi[s - \psi\lvert c\rvert]`$ |
//!
//! with $`s = \sqrt{qq' - c^2}`$.

use std::f64::consts::{FRAC_1_PI, FRAC_PI_2};

use super::pairs::{After, Pair, Pairs};
use super::variances::Roots;
use crate::math::folded_pairs::{FoldedPairs, Kink};
use crate::math::vector::angle_over_sine;
use crate::net::unit::Nonlinearity;

/// √(q q′ − c²), |c| and the angle between them; a right angle for an input that is always 0.
#[inline(always)]
fn fold(pair: Pair) -> (f64, f64, f64) {
    // With the share t = g/√(q q′) the sine is √(t(2 − t)), and that of half the angle √(t/2).
    let share = pair.gap * pair.inverse;
    let sine = (share * (2.0 - share)).sqrt();
    let angle = sine * angle_over_sine(0.5 * share);
    let angle = if pair.root > 0.0 { angle } else { FRAC_PI_2 };
    (sine * pair.root, pair.covariance.abs(), angle)
}

#[inline(always)]
fn not_negative(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}

impl Nonlinearity {
    /// Of a nonlinearity that is straight on both sides of 0.
    pub(crate) fn kink(self) -> Option<Kink> {
        match self {
            Self::PiecewiseLinear { negative, positive } => Some(Kink::new(negative, positive)),
            Self::RectifiedPower(1) => Some(Kink::new(0.0, 1.0)),
            _ => None,
        }
    }
}

pub(crate) fn piecewise_linear(kink: Kink, pairs: Pairs<'_>) {
    if kink.folds() {
        let Pairs { roots: Roots { factors, root, inverse }, nngp, gap, ntk, .. } = pairs;
        return FoldedPairs { kink, factors, roots: [root, inverse], nngp, gap, ntk }.apply();
    }
    let Kink { mean, turn, opposite } = kink;
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let (s, c, angle) = fold(pair);
            let folded = pair.covariance < 0.0;
            let leading = if folded { opposite } else { mean };
            let turned = turn * (-angle).mul_add(c, s);
            let value = leading.mul_add(c, turned);
            let slope = (-turn).mul_add(angle, leading);
            let slope = if folded { -slope } else { slope };
            // By parts unless the turned part outweighs a negative leading one.
            let sign = if folded { -1.0 } else { 1.0 };
            let size = sign * leading;
            let by_parts = size.mul_add(pair.gap, (mean - size).mul_add(pair.root, -sign * turned));
            let plain = mean.mul_add(pair.root, -value.abs());
            let gap = not_negative(if sign * value < 0.0 { plain } else { by_parts });
            After { value, slope, gap }
        },
    );
}

pub(crate) fn sign(pairs: Pairs<'_>) {
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let (_, _, angle) = fold(pair);
            let gap = 2.0 * FRAC_1_PI * angle;
            let value = (1.0 - gap).copysign(pair.covariance);
            // An input that is always 0 has sign 0.
            let (value, gap) = if pair.root > 0.0 { (value, gap) } else { (0.0, 0.0) };
            After { value, slope: 0.0, gap }
        },
    );
}

pub(crate) fn step(pairs: Pairs<'_>) {
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let (_, _, angle) = fold(pair);
            let part = 0.5 * FRAC_1_PI * angle;
            let value = if pair.covariance < 0.0 { part } else { 0.5 - part };
            let gap = if pair.covariance < 0.0 { 0.5 - part } else { part };
            // An input that is always 0 counts as on the step, with ½.
            let size = |q: f64| if q > 0.0 { std::f64::consts::FRAC_1_SQRT_2 } else { 0.5 };
            let gap = if pair.root > 0.0 { gap } else { size(pair.q) * size(pair.q2) - value };
            After { value, slope: 0.0, gap }
        },
    );
}

pub(crate) fn rectified_square(pairs: Pairs<'_>) {
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let (s, c, angle) = fold(pair);
            let product = pair.root * pair.root;
            // Both vanish with a power of the angle.
            let turned =
                0.5 * FRAC_1_PI * angle.mul_add((2.0 * c).mul_add(c, product), -3.0 * s * c);
            let shrunk = 2.0 * FRAC_1_PI * (-angle).mul_add(c, s);
            let straight = 0.5 * (2.0 * c).mul_add(c, product);
            let folded = pair.covariance < 0.0;
            let value = if folded { turned } else { straight - turned };
            let slope = if folded { shrunk } else { (2.0f64).mul_add(c, shrunk) };
            let gap = if folded { 1.5f64.mul_add(product, -turned) } else { s.mul_add(s, turned) };
            After { value: not_negative(value), slope: not_negative(slope), gap: not_negative(gap) }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagonals_are_what_the_formula_gives_for_the_same_input_twice() {
        for slopes in [(0.0, 1.0), (0.1, 1.3), (-1.0, 1.0), (-0.3, 1.2), (-1.2, -0.3)] {
            let phi = Nonlinearity::PiecewiseLinear { negative: slopes.0, positive: slopes.1 };
            for q in [0.0, 1e-300, 0.7, 3.0, 1e90] {
                assert_eq!(phi.diagonal(q), phi.dual(q, q, q), "{phi}, q = {q}");
            }
        }
    }
}
