//! Elementary functions that the compiler turns into vector instructions.
//!
//! The functions here have no branches and no calls, so that a loop over slices that uses them becomes
//! vector code. [`vectorized`] runs such a loop with the widest instructions of the machine. Every
//! operation is elementwise and every multiply-add fused: results are the same whatever the width.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, LOG2_E};

use pulp::{Arch, Simd, WithSimd};

/// Runs a loop with the widest vector instructions of the machine. The closure must be marked
/// `#[inline(always)]`, as everything it calls, or it is compiled for any machine.
#[inline(always)]
pub fn vectorized<T>(work: impl FnOnce() -> T) -> T {
    Arch::new().dispatch(Work(work))
}

struct Work<F>(F);

impl<T, F: FnOnce() -> T> WithSimd for Work<F> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> T {
        (self.0)()
    }
}

/// (atan t − t)/t³ as a polynomial in t² on 0 ≤ t ≤ tan(π/8), lowest power first: interpolated at
/// Chebyshev points with 60 digits; relative error of atan below 8e-18.
const ARCTANGENT: [f64; 11] = [
    -0.333_333_333_333_333_3,
    0.199_999_999_999_955_2,
    -0.142_857_142_846_665_42,
    0.111_111_110_152_563_61,
    -0.090_909_045_781_239_03,
    0.076_921_831_908_260_87,
    -0.066_645_114_473_819_48,
    0.058_581_489_128_022_1,
    -0.050_854_497_379_402_6,
    0.039_231_658_295_587_19,
    -0.019_176_887_119_062_26,
];

/// tan(π/8).
const TANGENT: f64 = 0.414_213_562_373_095_03;

/// ψ/sin ψ as a polynomial in h − ¼, h = sin²(ψ/2) on 0 ≤ h ≤ ½, lowest power first: interpolated at
/// Chebyshev points with 60 digits; error below 9e-18.
pub(crate) const ANGLE_OVER_SINE: [f64; 22] = [
    1.209_199_576_156_145_2,
    1.054_400_565_125_139_8,
    1.115_731_072_832_751_2,
    1.269_577_403_038_745,
    1.500_577_017_588_844_7,
    1.815_478_744_140_728_7,
    2.231_394_255_442_545,
    2.773_974_183_746_588_6,
    3.478_238_208_521_087_2,
    4.390_686_909_618_97,
    5.572_434_385_675_458,
    7.103_663_468_583_328,
    9.090_858_074_715_086,
    11.668_398_298_741_034,
    14.967_574_889_224_917,
    19.307_389_341_934_84,
    25.907_934_670_637_01,
    33.559_899_307_209_534,
    32.200_023_122_166_12,
    41.757_251_507_394_71,
    130.629_917_432_832_54,
    170.309_866_023_061_77,
];

/// ψ/sin ψ of an angle 0 ≤ ψ ≤ π/2, from h = sin²(ψ/2). Within five units in the last place of what libm's
/// arc sine gives, whose own rounding and that of the sine are in these.
///
/// For angles whose sine is the root of something: the root and this do not wait for each other.
#[inline(always)]
pub fn angle_over_sine(h: f64) -> f64 {
    let u = h - 0.25;
    let (second, fourth) = (u * u, (u * u) * (u * u));
    let eighth = fourth * fourth;
    let c = &ANGLE_OVER_SINE;
    // Four terms each.
    let quad = |k: usize| c[k + 3].mul_add(u, c[k + 2]).mul_add(second, c[k + 1].mul_add(u, c[k]));
    let low = quad(4).mul_add(fourth, quad(0));
    let middle = quad(12).mul_add(fourth, quad(8));
    let high = c[21].mul_add(u, c[20]).mul_add(fourth, quad(16));
    high.mul_add(eighth, middle).mul_add(eighth, low)
}

/// Angle of the point (x, y) from the x axis for x, y ≥ 0: in 0 … π/2, 0 at the origin. Wrong by at
/// most three units in the last place.
#[inline(always)]
pub fn quadrant_angle(y: f64, x: f64) -> f64 {
    let steep = y > x;
    // Changes the origin only.
    let (low, high) = if steep { (x, y) } else { (y, x + f64::MIN_POSITIVE) };
    // Turned back by π/4 where that leaves less than π/8.
    let far = low > TANGENT * high;
    let numerator = if far { low - high } else { low };
    let denominator = if far { low + high } else { high };
    let turned = if far { FRAC_PI_4 } else { 0.0 };
    let t = numerator / denominator;
    let square = t * t;
    // In two interleaved halves, which do not wait for each other.
    let fourth = square * square;
    let (mut even, mut odd) = (ARCTANGENT[10], ARCTANGENT[9]);
    for k in [8, 6, 4, 2] {
        even = even.mul_add(fourth, ARCTANGENT[k]);
        odd = odd.mul_add(fourth, ARCTANGENT[k - 1]);
    }
    even = even.mul_add(fourth, ARCTANGENT[0]);
    let series = odd.mul_add(square, even);
    let angle = turned + (t * square).mul_add(series, t);
    if steep { FRAC_PI_2 - angle } else { angle }
}

/// 1/n! from n = 13 down to 2.
const INVERSE_FACTORIALS: [f64; 12] = [
    1.605_904_383_682_161_3e-10,
    2.087_675_698_786_81e-9,
    2.505_210_838_544_172e-8,
    2.755_731_922_398_589e-7,
    2.755_731_922_398_589_3e-6,
    2.480_158_730_158_73e-5,
    1.984_126_984_126_984e-4,
    1.388_888_888_888_889e-3,
    8.333_333_333_333_333e-3,
    4.166_666_666_666_666_4e-2,
    0.166_666_666_666_666_66,
    0.5,
];

/// ln 2 minus its nearest f64.
const LN_2_REST: f64 = 2.319_046_813_846_299_6e-17;

/// eˣ, wrong by at most one unit in the last place; 0 below −708 and infinite above 709.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    /// 1.5·2⁵²: a sum with it is rounded to whole numbers, which its last bits then hold.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    let clamped = if x > 709.0 { 709.0 } else { x };
    let clamped = if clamped < -708.0 { -708.0 } else { clamped };
    let shifted = clamped.mul_add(LOG2_E, ROUNDER);
    let k = shifted - ROUNDER;
    let r = k.mul_add(-LN_2_REST, k.mul_add(-LN_2, clamped));
    let square = r * r;
    let (mut odd, mut even) = (INVERSE_FACTORIALS[0], INVERSE_FACTORIALS[1]);
    for k in [2, 4, 6, 8, 10] {
        odd = odd.mul_add(square, INVERSE_FACTORIALS[k]);
        even = even.mul_add(square, INVERSE_FACTORIALS[k + 1]);
    }
    let power = square.mul_add(odd.mul_add(r, even), r) + 1.0;
    // 2^k from its bits.
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    let value = power * scale;
    let value = if x > 709.0 { f64::INFINITY } else { value };
    let value = if x < -708.0 { 0.0 } else { value };
    if x.is_nan() { x } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest gap in units of the last place of the expected value.
    fn largest_gap(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
        pairs.fold(0.0f64, |largest, (found, expected)| {
            let unit = (expected.abs().next_up() - expected.abs()).max(f64::MIN_POSITIVE);
            largest.max((found - expected).abs() / unit)
        })
    }

    #[test]
    fn exponentials_agree_with_libm() {
        let grid =
            (-70_800..=70_900).map(|i: i32| f64::from(i) * 0.01 + 1e-3 / f64::from(i.abs() + 7));
        let gap = largest_gap(grid.filter(|x| *x <= 709.0).map(|x| (exp(x), libm::exp(x))));
        assert!(gap <= 1.0, "{gap}");
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1e9), 0.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp(1e9), f64::INFINITY);
        assert!(exp(f64::NAN).is_nan());
    }

    #[test]
    fn angles_agree_with_libm_in_all_directions_and_at_the_axes() {
        let tangents = (-3000..=3000).map(|i| (f64::from(i) * 0.1).exp2());
        let tangents: Vec<f64> = tangents.chain((0..40_000).map(|i| f64::from(i) * 1e-4)).collect();
        let directions = tangents.iter().flat_map(|t| [(*t, 1.0), (1.0, *t), (3.7 * t, 3.7)]);
        let angles = directions.map(|(y, x)| (quadrant_angle(y, x), libm::atan2(y, x)));
        let gap = largest_gap(angles);
        assert!(gap <= 3.0, "{gap}");
        let halves = (1..=100_000).map(|i| (f64::from(i) * 5e-6).sqrt());
        let gap = largest_gap(halves.map(|sine| {
            // The sine of the whole angle from that of the half: no cancellation up to a right angle.
            let whole = 2.0 * sine * ((1.0 - sine) * (1.0 + sine)).sqrt();
            (angle_over_sine(sine * sine), 2.0 * libm::asin(sine) / whole)
        }));
        assert!(gap <= 5.0, "{gap}");
        assert!((angle_over_sine(0.0) - 1.0).abs() <= 2.0 * f64::EPSILON);
        assert!((angle_over_sine(0.5) - FRAC_PI_2).abs() <= 2.0 * f64::EPSILON);
        assert_eq!(quadrant_angle(0.0, 2.0), 0.0);
        assert_eq!(quadrant_angle(2.0, 0.0), FRAC_PI_2);
        assert_eq!(quadrant_angle(0.0, 0.0), 0.0);
    }

    #[test]
    fn loops_give_the_same_bits_with_and_without_vector_instructions() {
        #[inline(always)]
        fn fill(out: &mut [f64]) {
            for (i, x) in out.iter_mut().enumerate() {
                let t = i as f64 * 0.037;
                *x = exp(-t) + quadrant_angle(t, 2.0 / (1.0 + t));
            }
        }
        let (mut fast, mut plain) = ([0.0; 1003], [0.0; 1003]);
        vectorized(
            #[inline(always)]
            || fill(&mut fast),
        );
        Work(|| fill(&mut plain)).with_simd(pulp::Scalar::new());
        assert_eq!(fast, plain);
    }
}
