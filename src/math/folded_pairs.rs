//! Averages of ReLU, the absolute value and all between over pairs of Gaussian inputs, vector by vector.
//!
//! The formula is that of [`wide`](crate::wide) for nonlinearities that are never negative. Every operation
//! is written down for a few vectors before the next, because each waits for the one before, and because
//! constants are then loaded once for all of them: this takes two thirds of the time of what the compiler
//! makes of a loop over pairs. Every operation is elementwise: results are the same whatever the width.

use std::f64::consts::{FRAC_PI_2, PI};
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::vector::ANGLE_OVER_SINE;

/// Vectors that are worked on together.
const TOGETHER: usize = 4;

/// Largest 1/√(q q′): of smaller variances squares vanish.
pub(crate) const LARGEST_INVERSE: f64 = 1e300;

/// A nonlinearity that is straight on both sides of 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kink {
    /// Mean square slope.
    pub mean: f64,
    /// What is lost for each unit of angle, (α − β)²/2π for slopes α and β on both sides.
    pub turn: f64,
    /// −αβ.
    pub opposite: f64,
}

impl Kink {
    /// Of these slopes.
    pub(crate) fn new(negative: f64, positive: f64) -> Self {
        Self {
            mean: 0.5 * (negative * negative + positive * positive),
            turn: (negative - positive) * (negative - positive) / (2.0 * PI),
            opposite: -negative * positive,
        }
    }

    /// Whether the nonlinearity never changes sign, which all that is applied here has to meet.
    pub(crate) fn folds(&self) -> bool {
        self.opposite >= 0.0
    }
}

/// Pairs before a nonlinearity with a kink at 0, and what becomes of them. All slices have the same length.
#[derive(Debug)]
pub(crate) struct FoldedPairs<'a> {
    pub kink: Kink,
    /// √(q q′) and its inverse, each as a common factor and what is left of every pair; 0 of an input that
    /// is always 0.
    pub factors: [f64; 2],
    pub roots: [&'a [f64]; 2],
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
        let Self { kink, factors, roots, nngp, gap, ntk } = self;
        let n = nngp.len();
        let roots = roots.map(|roots| &roots[..n]);
        elementwise(simd, roots, [nngp, &mut gap[..n], &mut ntk[..n]], KnownGaps { kink, factors });
    }
}

/// Pairs between stretches of two lists of inputs, in two maps with one place for each pair.
#[derive(Debug)]
pub(crate) struct FoldedMaps<'a> {
    pub kink: Kink,
    /// For the first and the second input of the pairs their variances, the roots of these, and 1 over the
    /// roots, 0 of an input that is always 0.
    pub sides: [[&'a [f64]; 3]; 2],
    /// Which numbers belong together: first place in the maps, in both lists, and how many.
    pub stretches: &'a [[usize; 4]],
    /// Covariances; becomes E[φφ].
    pub nngp: &'a mut [f64],
    /// Multiplied by E[φ′φ′].
    pub ntk: &'a mut [f64],
}

impl FoldedMaps<'_> {
    /// Applies the nonlinearity.
    pub(crate) fn apply(self) {
        Arch::new().dispatch(self);
    }
}

impl<'a> WithSimd for FoldedMaps<'a> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for [place, first, second, n] in self.stretches {
            let (first, second) = (*first..first + n, *second..second + n);
            let of = |side: [&'a [f64]; 3], range: Range<usize>| side.map(|x| &x[range.clone()]);
            let ([q, root, inverse], [q2, root2, inverse2]) =
                (of(self.sides[0], first), of(self.sides[1], second));
            let maps = [&mut self.nngp[*place..][..*n], &mut self.ntk[*place..][..*n]];
            let sides = [q, q2, root, root2, inverse, inverse2];
            elementwise(simd, sides, maps, GapsOfSides { kink: self.kink });
        }
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

/// What becomes of W numbers of every pair, given R others.
trait Elementwise<const R: usize, const W: usize>: Copy {
    /// For N vectors of pairs.
    fn block<S: Simd, const N: usize>(
        self,
        simd: S,
        given: [[S::f64s; N]; R],
        before: [[S::f64s; N]; W],
    ) -> [[S::f64s; N]; W];
}

/// Where gaps are kept: given are root and inverse; nngp, gap and ntk change.
#[derive(Clone, Copy)]
struct KnownGaps {
    kink: Kink,
    factors: [f64; 2],
}

impl Elementwise<2, 3> for KnownGaps {
    #[inline(always)]
    fn block<S: Simd, const N: usize>(
        self,
        simd: S,
        [root, inverse]: [[S::f64s; N]; 2],
        [nngp, gap, ntk]: [[S::f64s; N]; 3],
    ) -> [[S::f64s; N]; 3] {
        let factors = self.factors.map(|factor| simd.splat_f64s(factor));
        let root = each!(simd, |i| simd.mul_f64s(factors[0], root[i]));
        let inverse = each!(simd, |i| simd.mul_f64s(factors[1], inverse[i]));
        fold(simd, self.kink, [root, inverse], [nngp, gap, ntk])
    }
}

/// Where gaps follow from both variances, roots and inverses: nngp and ntk change.
#[derive(Clone, Copy)]
struct GapsOfSides {
    kink: Kink,
}

impl Elementwise<6, 2> for GapsOfSides {
    #[inline(always)]
    fn block<S: Simd, const N: usize>(
        self,
        simd: S,
        [q, q2, root, root2, inverse, inverse2]: [[S::f64s; N]; 6],
        [nngp, ntk]: [[S::f64s; N]; 2],
    ) -> [[S::f64s; N]; 2] {
        let root = each!(simd, |i| {
            // Exact for equal variances: the gap of inputs that are the same is 0.
            let same = simd.equal_f64s(q[i], q2[i]);
            simd.select_f64s(same, q[i], simd.mul_f64s(root[i], root2[i]))
        });
        let inverse = each!(simd, |i| simd.mul_f64s(inverse[i], inverse2[i]));
        let gap = each!(simd, |i| {
            let below = simd.sub_f64s(root[i], simd.abs_f64s(nngp[i]));
            simd.max_f64s(below, simd.splat_f64s(0.0))
        });
        let [nngp, _, ntk] = fold(simd, self.kink, [root, inverse], [nngp, gap, ntk]);
        [nngp, ntk]
    }
}

/// All numbers of slices of equal length: vectors a few at a time, then one by one, then what is left.
///
/// No closures and no `map` here: what is not inlined is compiled for any machine.
#[inline(always)]
fn elementwise<S: Simd, const R: usize, const W: usize>(
    simd: S,
    given: [&[f64]; R],
    mut changed: [&mut [f64]; W],
    job: impl Elementwise<R, W>,
) {
    let n = changed[0].len();
    let vectors = n / S::F64_LANES;
    let together = vectors - vectors % TOGETHER;
    for start in (0..together).step_by(TOGETHER) {
        block_at::<S, TOGETHER, R, W>(simd, start, &given, &mut changed, job);
    }
    for start in together..vectors {
        block_at::<S, 1, R, W>(simd, start, &given, &mut changed, job);
    }
    let left = vectors * S::F64_LANES;
    if left < n {
        let mut others = [[simd.splat_f64s(0.0)]; R];
        for (values, slice) in others.iter_mut().zip(&given) {
            values[0] = simd.partial_load_f64s(&slice[left..n]);
        }
        let mut before = [[simd.splat_f64s(0.0)]; W];
        for (values, slice) in before.iter_mut().zip(&changed) {
            values[0] = simd.partial_load_f64s(&slice[left..n]);
        }
        let after = job.block(simd, others, before);
        for (slice, after) in changed.iter_mut().zip(after) {
            simd.partial_store_f64s(&mut slice[left..n], after[0]);
        }
    }
}

#[inline(always)]
fn block_at<S: Simd, const N: usize, const R: usize, const W: usize>(
    simd: S,
    start: usize,
    given: &[&[f64]; R],
    changed: &mut [&mut [f64]; W],
    job: impl Elementwise<R, W>,
) {
    let mut others = [[simd.splat_f64s(0.0); N]; R];
    for (values, slice) in others.iter_mut().zip(given) {
        values.copy_from_slice(&S::as_simd_f64s(slice).0[start..start + N]);
    }
    let mut before = [[simd.splat_f64s(0.0); N]; W];
    for (values, slice) in before.iter_mut().zip(&*changed) {
        values.copy_from_slice(&S::as_simd_f64s(slice).0[start..start + N]);
    }
    let after = job.block(simd, others, before);
    for (slice, after) in changed.iter_mut().zip(after) {
        S::as_mut_simd_f64s(slice).0[start..start + N].copy_from_slice(&after);
    }
}

/// Covariance, gap and tangent kernel of N vectors of pairs after a nonlinearity.
#[inline(always)]
fn fold<S: Simd, const N: usize>(
    simd: S,
    kink: Kink,
    [root, inverse]: [[S::f64s; N]; 2],
    [nngp, gap, ntk]: [[S::f64s; N]; 3],
) -> [[S::f64s; N]; 3] {
    let c = |x: f64| simd.splat_f64s(x);
    let (zero, mean, turn, opposite) = (c(0.0), c(kink.mean), c(kink.turn), c(kink.opposite));
    // The share t = g/√(q q′); sine of the angle √(t(2 − t)), of half the angle √(t/2).
    let share =
        each!(simd, |i| simd.mul_f64s(gap[i], simd.min_f64s(inverse[i], c(LARGEST_INVERSE))));
    let sine = each!(simd, |i| {
        simd.sqrt_f64s(simd.mul_f64s(share[i], simd.sub_f64s(c(2.0), share[i])))
    });
    let ratio = angle_over_sine(simd, share);
    let angle = each!(simd, |i| {
        let here = simd.greater_than_f64s(root[i], zero);
        simd.select_f64s(here, simd.mul_f64s(sine[i], ratio[i]), c(FRAC_PI_2))
    });
    let folded = |i: usize| simd.less_than_f64s(nngp[i], zero);
    let leading = each!(simd, |i| simd.select_f64s(folded(i), opposite, mean));
    let turned = each!(simd, |i| {
        let straight = simd.mul_f64s(sine[i], root[i]);
        let size = simd.abs_f64s(nngp[i]);
        simd.mul_f64s(turn, simd.mul_add_f64s(simd.neg_f64s(angle[i]), size, straight))
    });
    let ntk = each!(simd, |i| {
        let slope = simd.mul_add_f64s(simd.neg_f64s(turn), angle[i], leading[i]);
        simd.mul_f64s(ntk[i], simd.select_f64s(folded(i), simd.neg_f64s(slope), slope))
    });
    let gap = each!(simd, |i| {
        let more = simd.sub_f64s(mean, leading[i]);
        let rest = simd.mul_add_f64s(more, root[i], simd.neg_f64s(turned[i]));
        simd.max_f64s(simd.mul_add_f64s(leading[i], gap[i], rest), zero)
    });
    let nngp = each!(simd, |i| simd.mul_add_f64s(leading[i], simd.abs_f64s(nngp[i]), turned[i]));
    [nngp, gap, ntk]
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
    use pulp::Scalar;

    use super::*;

    /// Lengths that leave vectors and numbers over.
    const LENGTHS: [usize; 4] = [1, 7, 16, 61];

    /// A number for each pair; the third input is always 0.
    fn list(n: usize, of: fn(f64) -> f64) -> Vec<f64> {
        (0..n).map(|j| if j == 3 { 0.0 } else { of(j as f64) }).collect()
    }

    /// Covariances of both signs, gaps and tangent kernels after ReLU, from roots and inverses.
    fn after(roots: [&[f64]; 2], mut nngp: Vec<f64>, wide: bool) -> [Vec<f64>; 3] {
        let gaps = roots[0].iter().zip(&nngp).map(|(root, c)| (root - c.abs()).max(0.0));
        let (mut gap, mut ntk) = (gaps.collect::<Vec<_>>(), list(nngp.len(), |j| 1.0 + j));
        let job = FoldedPairs {
            kink: Kink::new(0.0, 1.0),
            factors: [1.0; 2],
            roots,
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
    }

    #[test]
    fn results_do_not_depend_on_the_width_of_vectors() {
        for n in LENGTHS {
            let root = list(n, |j| 1.0 + 0.1 * j);
            let inverse = list(n, |j| 1.0 / (1.0 + 0.1 * j));
            let nngp = list(n, |j| (1.7 * j).sin() * (1.0 + 0.1 * j));
            let [wide, narrow] =
                [true, false].map(|wide| after([&root, &inverse], nngp.clone(), wide));
            assert_eq!(wide, narrow);
        }
    }

    #[test]
    fn stretches_of_maps_are_pairs() {
        for n in LENGTHS {
            let root = [list(n, |j| 1.0 + 0.1 * j), list(n, |j| 1.0 + 0.1 * (j % 5.0))];
            let q = root.each_ref().map(|root| root.iter().map(|r| r * r).collect::<Vec<_>>());
            let inverse = root.each_ref().map(|root| {
                root.iter().map(|r| if *r > 0.0 { 1.0 / r } else { 0.0 }).collect::<Vec<_>>()
            });
            let both = |[a, b]: &[Vec<f64>; 2]| -> Vec<f64> {
                a.iter().zip(b).map(|(a, b)| a * b).collect()
            };
            let mut roots = both(&root);
            for j in 0..n {
                if q[0][j] == q[1][j] {
                    roots[j] = q[0][j];
                }
            }
            let mut nngp = list(n, |j| (1.7 * j).sin() * (1.0 + 0.1 * (j % 5.0)));
            let pairs = after([&roots, &both(&inverse)], nngp.clone(), true);
            let mut ntk = list(n, |j| 1.0 + j);
            let side = |i: usize| [&q[i][..], &root[i], &inverse[i]];
            let cut = n / 3;
            let stretches = [[0, 0, 0, cut], [cut, cut, cut, n - cut]];
            FoldedMaps {
                kink: Kink::new(0.0, 1.0),
                sides: [side(0), side(1)],
                stretches: &stretches,
                nngp: &mut nngp,
                ntk: &mut ntk,
            }
            .apply();
            assert_eq!([&nngp, &ntk], [&pairs[0], &pairs[2]]);
        }
    }
}
