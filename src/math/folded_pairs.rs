//! Averages of ReLU, the absolute value and all between over pairs of Gaussian inputs, vector by vector.
//!
//! The formula is that of [`wide`](crate::wide) for nonlinearities that are never negative. Every operation
//! is written down for a few vectors before the next, because each waits for the one before, and because
//! constants are then loaded once for all of them: this takes two thirds of the time of what the compiler
//! makes of a loop over pairs. Every operation is elementwise: results are the same whatever the width.

use std::f64::consts::FRAC_PI_2;

use pulp::{Arch, Scalar, Simd, WithSimd};

use super::vector::ANGLE_OVER_SINE;

/// Vectors that are worked on together.
const TOGETHER: usize = 4;

/// Pairs before a nonlinearity with a kink at 0, and what becomes of them. All slices have the same length.
#[derive(Debug)]
pub(crate) struct FoldedPairs<'a> {
    /// Mean square slope.
    pub mean: f64,
    /// What is lost for each unit of angle, (α − β)²/2π for slopes α and β on both sides.
    pub turn: f64,
    /// −αβ ≥ 0.
    pub opposite: f64,
    /// √(q q′) and its inverse, each as a common factor and what is left of every pair; 0 of an input that
    /// is always 0.
    pub factors: [f64; 2],
    pub roots: [&'a [f64]; 2],
    /// Inverses are taken to be at most this.
    pub largest_inverse: f64,
    /// Covariances; becomes E[φφ].
    pub nngp: &'a mut [f64],
    /// √(q q′) − |covariance|; becomes that of φ.
    pub gap: &'a mut [f64],
    /// Multiplied by E[φ′φ′].
    pub ntk: &'a mut [f64],
}

impl FoldedPairs<'_> {
    /// Applies the nonlinearity.
    pub(crate) fn apply(self) {
        Arch::new().dispatch(self);
    }
}

impl WithSimd for FoldedPairs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n = self.nngp.len();
        let constants = Constants {
            mean: self.mean,
            turn: self.turn,
            opposite: self.opposite,
            factors: self.factors,
            largest_inverse: self.largest_inverse,
        };
        let (roots, root_rest) = S::as_simd_f64s(&self.roots[0][..n]);
        let (inverses, inverse_rest) = S::as_simd_f64s(&self.roots[1][..n]);
        let (nngp, nngp_rest) = S::as_mut_simd_f64s(self.nngp);
        let (gap, gap_rest) = S::as_mut_simd_f64s(&mut self.gap[..n]);
        let (ntk, ntk_rest) = S::as_mut_simd_f64s(&mut self.ntk[..n]);
        run(simd, &constants, [roots, inverses], [nngp, gap, ntk]);
        let scalar = Scalar::new();
        run(scalar, &constants, [root_rest, inverse_rest], [nngp_rest, gap_rest, ntk_rest]);
    }
}

/// What is the same for all pairs.
struct Constants {
    mean: f64,
    turn: f64,
    opposite: f64,
    factors: [f64; 2],
    largest_inverse: f64,
}

/// All vectors, a few at a time and then one by one.
#[inline(always)]
fn run<S: Simd>(
    simd: S,
    constants: &Constants,
    [roots, inverses]: [&[S::f64s]; 2],
    [nngp, gap, ntk]: [&mut [S::f64s]; 3],
) {
    let (nngp, nngp_rest) = nngp.as_chunks_mut::<TOGETHER>();
    let (gap, gap_rest) = gap.as_chunks_mut::<TOGETHER>();
    let (ntk, ntk_rest) = ntk.as_chunks_mut::<TOGETHER>();
    let (root, root_rest) = roots.as_chunks::<TOGETHER>();
    let (inverse, inverse_rest) = inverses.as_chunks::<TOGETHER>();
    for ((nngp, gap), (ntk, (root, inverse))) in
        nngp.iter_mut().zip(gap).zip(ntk.iter_mut().zip(root.iter().zip(inverse)))
    {
        block(simd, constants, [root, inverse], [nngp, gap, ntk]);
    }
    let rest = nngp_rest.iter_mut().zip(gap_rest);
    for ((nngp, gap), (ntk, (root, inverse))) in
        rest.zip(ntk_rest.iter_mut().zip(root_rest.iter().zip(inverse_rest)))
    {
        let of = std::slice::from_mut;
        let [Ok(nngp), Ok(gap), Ok(ntk)] =
            [of(nngp), of(gap), of(ntk)].map(<&mut [_; 1]>::try_from)
        else {
            continue;
        };
        block(simd, constants, [&[*root], &[*inverse]], [nngp, gap, ntk]);
    }
}

/// A value for each of N vectors.
macro_rules! each {
    ($simd:ident, |$i:ident| $value:expr) => {{
        let mut all = [$simd.splat_f64s(0.0); N];
        for $i in 0..N {
            all[$i] = $value;
        }
        all
    }};
}

#[inline(always)]
fn block<S: Simd, const N: usize>(
    simd: S,
    constants: &Constants,
    [root, inverse]: [&[S::f64s; N]; 2],
    [nngp, gap, ntk]: [&mut [S::f64s; N]; 3],
) {
    let c = |x: f64| simd.splat_f64s(x);
    let Constants { mean, turn, opposite, factors, largest_inverse } = *constants;
    let (zero, mean, turn) = (c(0.0), c(mean), c(turn));
    let root = each!(simd, |i| simd.mul_f64s(c(factors[0]), root[i]));
    let inverse = each!(simd, |i| {
        simd.min_f64s(simd.mul_f64s(c(factors[1]), inverse[i]), c(largest_inverse))
    });
    // The share t = g/√(q q′); sine of the angle √(t(2 − t)), of half the angle √(t/2).
    let share = each!(simd, |i| simd.mul_f64s(gap[i], inverse[i]));
    let sine = each!(simd, |i| {
        simd.sqrt_f64s(simd.mul_f64s(share[i], simd.sub_f64s(c(2.0), share[i])))
    });
    let ratio = angle_over_sine(simd, share);
    let angle = each!(simd, |i| {
        let here = simd.greater_than_f64s(root[i], zero);
        simd.select_f64s(here, simd.mul_f64s(sine[i], ratio[i]), c(FRAC_PI_2))
    });
    let leading = each!(simd, |i| {
        let folded = simd.less_than_f64s(nngp[i], zero);
        simd.select_f64s(folded, c(opposite), mean)
    });
    let turned = each!(simd, |i| {
        let straight = simd.mul_f64s(sine[i], root[i]);
        let size = simd.abs_f64s(nngp[i]);
        simd.mul_f64s(turn, simd.mul_add_f64s(simd.neg_f64s(angle[i]), size, straight))
    });
    for i in 0..N {
        let slope = simd.mul_add_f64s(simd.neg_f64s(turn), angle[i], leading[i]);
        let folded = simd.less_than_f64s(nngp[i], zero);
        let slope = simd.select_f64s(folded, simd.neg_f64s(slope), slope);
        ntk[i] = simd.mul_f64s(ntk[i], slope);
        let more = simd.sub_f64s(mean, leading[i]);
        let rest = simd.mul_add_f64s(more, root[i], simd.neg_f64s(turned[i]));
        gap[i] = simd.max_f64s(simd.mul_add_f64s(leading[i], gap[i], rest), zero);
        nngp[i] = simd.mul_add_f64s(leading[i], simd.abs_f64s(nngp[i]), turned[i]);
    }
}

/// ψ/sin ψ for h = t/2, by [`ANGLE_OVER_SINE`], four terms each.
#[inline(always)]
fn angle_over_sine<S: Simd, const N: usize>(simd: S, share: [S::f64s; N]) -> [S::f64s; N] {
    let c = |k: usize| simd.splat_f64s(ANGLE_OVER_SINE[k]);
    let [half, quarter] = [0.5, -0.25].map(|x| simd.splat_f64s(x));
    let u = each!(simd, |i| simd.mul_add_f64s(half, share[i], quarter));
    let second = each!(simd, |i| simd.mul_f64s(u[i], u[i]));
    let fourth = each!(simd, |i| simd.mul_f64s(second[i], second[i]));
    let pair = |k: usize, i: usize| simd.mul_add_f64s(c(k + 1), u[i], c(k));
    let mut sum = each!(simd, |i| pair(20, i));
    for k in [16, 12, 8, 4, 0] {
        sum = each!(simd, |i| {
            let quad = simd.mul_add_f64s(pair(k + 2, i), second[i], pair(k, i));
            simd.mul_add_f64s(sum[i], fourth[i], quad)
        });
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_do_not_depend_on_the_width_of_vectors() {
        // Lengths that leave vectors and numbers over; signs of both kinds, and an input that is always 0.
        for n in [1, 7, 16, 61] {
            let of = |f: fn(f64) -> f64| (0..n).map(|j| f(f64::from(j))).collect::<Vec<_>>();
            let root = of(|j| if j == 3.0 { 0.0 } else { 1.0 + 0.1 * j });
            let inverse = of(|j| if j == 3.0 { 0.0 } else { 1.0 / (1.0 + 0.1 * j) });
            let nngp = of(|j| if j == 3.0 { 0.0 } else { (1.7 * j).sin() * (1.0 + 0.1 * j) });
            let gap: Vec<f64> = root.iter().zip(&nngp).map(|(root, c)| root - c.abs()).collect();
            let run = |wide: bool| {
                let (mut nngp, mut gap, mut ntk) = (nngp.clone(), gap.clone(), of(|j| 1.0 + j));
                let job = FoldedPairs {
                    mean: 0.5,
                    turn: 0.5 / 3.0,
                    opposite: 0.0,
                    factors: [1.0; 2],
                    roots: [&root, &inverse],
                    largest_inverse: 1e300,
                    nngp: &mut nngp,
                    gap: &mut gap,
                    ntk: &mut ntk,
                };
                if wide {
                    job.apply()
                } else {
                    job.with_simd(Scalar::new())
                }
                [nngp, gap, ntk]
            };
            assert_eq!(run(true), run(false));
        }
    }
}
