//! Streams of Gaussian input vectors, drawn many at a time.
//!
//! Of online learning in N dimensions most is the drawing of N normal numbers a step. Here they come
//! eight pairs at a time, by the method of Box and Muller (box1958): for independent uniform $`u`$ and
//! $`\theta`$
//!
//! ```math
//! \sqrt{-2\ln u}\,(\cos\theta, \sin\theta)
//! ```
//!
//! are two independent normal numbers. The method has no branch, so all places of a vector do the same;
//! logarithm, sine and cosine are polynomials (a few vectors at a time, step by step). It is exact up to rounding: u has 52 bits, so that the
//! largest number is 8.5, beyond which a normal number lies once in 10¹⁶ draws.
//!
//! Randomness is that of [`math::random`](crate::math::random): `ChaCha8` at the place of the stream
//! that is handed over, eight of its blocks beside each other. The numbers are the same whatever the
//! width of the vectors.

use std::f64::consts::FRAC_PI_2;

use ndarray::Array2;
use pulp::{Arch, Simd, WithSimd};
use rand_chacha::ChaCha8Rng;

use super::chacha::{Generator, LANES, WORDS, Words};
use super::line::Line;

/// Words that two numbers are made of.
const QUAD: usize = 4;
/// Quadruples of words in the blocks.
const QUADS: usize = WORDS / QUAD;
/// Most pairs that are computed together: enough vectors that none has to wait for the one before, few
/// enough for the registers of AVX.
const PAIRS: usize = 2 * LANES;

/// An endless sequence of independent vectors of N independent standard normal numbers.
#[derive(Debug, Clone)]
pub struct GaussianInputs {
    n_in: usize,
    generator: Generator,
    words: Words,
    /// How many quadruples of words are used up.
    used: usize,
}

impl GaussianInputs {
    /// Vectors of length `n_in` from the rest of a stream.
    pub fn new(n_in: usize, stream: ChaCha8Rng) -> Self {
        let generator = Generator::after(&stream);
        Self { n_in, generator, words: [[0; LANES]; WORDS], used: QUADS }
    }

    /// Length of the vectors.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// The next `count` vectors as rows.
    pub fn matrix(&mut self, count: u64) -> Array2<f64> {
        let mut lines = vec![Line::ZERO; self.n_in.div_ceil(2 * LANES) * 2];
        let mut matrix = Array2::zeros((count as usize, self.n_in));
        for mut row in matrix.rows_mut() {
            self.fill(std::iter::once(&mut lines[..]));
            row.iter_mut().zip(lines.iter().flat_map(|line| line.0)).for_each(|(to, x)| *to = x);
        }
        matrix
    }

    /// Writes one vector into each of several runs of lines, filled up with zeros.
    pub(super) fn fill<'a>(&mut self, vectors: impl Iterator<Item = &'a mut [Line]>) {
        Arch::new().dispatch(Fill { inputs: self, vectors });
    }

    /// Fills the first lines with the next numbers: four, or two if there is no more room, or are no more
    /// words in the blocks. Returns how many.
    #[inline(always)]
    fn next_lines<S: Simd>(&mut self, simd: S, lines: &mut [Line]) -> usize {
        if self.used == QUADS {
            self.words = self.generator.next_blocks();
            self.used = 0;
        }
        let words = &self.words[QUAD * self.used..];
        if let (Some(lines), Some(words)) = (lines.first_chunk_mut::<4>(), words.get(..2 * QUAD)) {
            normal_lines(simd, &Uniform::of(words), lines);
            self.used += 2;
            return 4;
        }
        normal_lines(simd, &Uniform::of(&words[..QUAD]), &mut lines[..2]);
        self.used += 1;
        2
    }
}

struct Fill<'a, V> {
    inputs: &'a mut GaussianInputs,
    vectors: V,
}

impl<'v, V: Iterator<Item = &'v mut [Line]>> WithSimd for Fill<'_, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_in = self.inputs.n_in;
        for vector in self.vectors {
            let mut done = 0;
            while done < vector.len() {
                done += self.inputs.next_lines(simd, &mut vector[done..]);
            }
            let numbers = vector.iter_mut().flat_map(|line| &mut line.0);
            numbers.skip(n_in).for_each(|x| *x = 0.0);
        }
    }
}

/// Independent uniform numbers for some pairs, as the logarithm and the angle need them.
#[repr(C, align(64))]
struct Uniform {
    /// u = 2^e (1 + f), 1 + f between √½ and √2.
    f: [f64; PAIRS],
    e: [f64; PAIRS],
    /// An angle within an eighth of a turn of zero. A half turn and a quarter turn are two more bits: the
    /// sign of the cosine, and a mask that is all ones where sine and cosine are swapped.
    theta: [f64; PAIRS],
    half_turn: [u64; PAIRS],
    quarter_turn: [u64; PAIRS],
}

impl Uniform {
    /// From 128 bits for each pair.
    #[inline(always)]
    fn of(words: &[[u32; LANES]]) -> Self {
        const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
        const ONE: u64 = 0x3ff0_0000_0000_0000;
        const TWO_52: u64 = 0x4330_0000_0000_0000;
        let (zeros, no_bits) = ([0.0; PAIRS], [0; PAIRS]);
        let mut all =
            Self { f: zeros, e: zeros, theta: zeros, half_turn: no_bits, quarter_turn: no_bits };
        for (q, quad) in words.as_chunks::<QUAD>().0.iter().enumerate() {
            for l in 0..LANES {
                let word = |i: usize| u64::from(quad[i + 1][l]) << 32 | u64::from(quad[i][l]);
                let (to, a, b) = (q * LANES + l, word(0), word(2));
                let bits = (2.0 - one_to_two(a)).to_bits() + (ONE - ROOT_HALF);
                all.f[to] = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + ROOT_HALF) - 1.0;
                all.e[to] =
                    f64::from_bits(bits >> 52 | TWO_52) - (4_503_599_627_370_496.0 + 1023.0);
                all.theta[to] = FRAC_PI_2 * (one_to_two(b) - 1.5);
                all.half_turn[to] = (b & 2) << 62;
                all.quarter_turn[to] = 0u64.wrapping_sub(b & 1);
            }
        }
        all
    }
}

/// Two lines of normal numbers for each quadruple of words: the first and the second of every pair.
///
/// Every operation is done for all vectors before the next, because each waits for the one before.
#[inline(always)]
fn normal_lines<S: Simd>(simd: S, uniform: &Uniform, lines: &mut [Line]) {
    let count = lines.len() / 2 * LANES / S::F64_LANES;
    let radius = radii(simd, uniform, count);
    let (sin, cos) = sines_and_cosines(simd, uniform, count);
    let swaps = S::as_simd_u64s(&uniform.quarter_turn).0;
    let signs = S::as_simd_u64s(&uniform.half_turn).0;
    let per_line = LANES / S::F64_LANES;
    for (q, [first, second]) in lines.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let first = S::as_mut_simd_f64s(&mut first.0).0;
        let second = S::as_mut_simd_f64s(&mut second.0).0;
        for j in 0..per_line {
            let i = q * per_line + j;
            let bits = |x| simd.transmute_f64s_u64s(x);
            let (sin, cos) = (simd.transmute_u64s_f64s(sin[i]), simd.transmute_u64s_f64s(cos[i]));
            let cos = simd.xor_u64s(cos, signs[i]);
            let swapped = simd.and_u64s(simd.xor_u64s(sin, cos), swaps[i]);
            first[j] = simd.mul_f64s(radius[i], bits(simd.xor_u64s(cos, swapped)));
            second[j] = simd.mul_f64s(radius[i], bits(simd.xor_u64s(sin, swapped)));
        }
    }
}

/// As many vectors as there can be; the first `count` are used.
type Vectors<S> = [<S as Simd>::f64s; PAIRS];

/// A value for each of `count` vectors. (A function would take a closure, which need not be compiled for
/// the vector instructions of where it is called.)
macro_rules! each {
    ($simd:ident, $count:ident, |$i:ident| $value:expr) => {{
        let mut all = [$simd.splat_f64s(0.0); PAIRS];
        for $i in 0..$count {
            all[$i] = $value;
        }
        all
    }};
}

/// √(−2 ln u), to the last digit or two also near u = 1 (the algorithm of fdlibm).
#[inline(always)]
fn radii<S: Simd>(simd: S, uniform: &Uniform, count: usize) -> Vectors<S> {
    let c = |x: f64| simd.splat_f64s(x);
    let (f, e) = (S::as_simd_f64s(&uniform.f).0, S::as_simd_f64s(&uniform.e).0);
    let s = each!(simd, count, |i| simd.div_f64s(f[i], simd.add_f64s(c(2.0), f[i])));
    let z = each!(simd, count, |i| simd.mul_f64s(s[i], s[i]));
    let z2 = each!(simd, count, |i| simd.mul_f64s(z[i], z[i]));
    // In pairs of terms, which do not wait for each other.
    let top = [1.531_383_769_920_937_3e-1, 1.818_357_216_161_805e-1].map(c);
    let top = each!(simd, count, |i| simd.mul_add_f64s(z[i], top[0], top[1]));
    let middle = [2.222_219_843_214_978_4e-1, 2.857_142_874_366_239e-1].map(c);
    let middle = each!(simd, count, |i| simd.mul_add_f64s(z[i], middle[0], middle[1]));
    let bottom = [3.999_999_999_940_942e-1, 6.666_666_666_666_735e-1].map(c);
    let bottom = each!(simd, count, |i| simd.mul_add_f64s(z[i], bottom[0], bottom[1]));
    let first = c(1.479_819_860_511_658_6e-1);
    let top = each!(simd, count, |i| simd.mul_add_f64s(z2[i], first, top[i]));
    let p = each!(simd, count, |i| simd.mul_add_f64s(z2[i], top[i], middle[i]));
    let p = each!(simd, count, |i| simd.mul_add_f64s(z2[i], p[i], bottom[i]));
    let half_square = each!(simd, count, |i| simd.mul_f64s(simd.mul_f64s(c(0.5), f[i]), f[i]));
    let low = each!(simd, count, |i| {
        let series = simd.add_f64s(half_square[i], simd.mul_f64s(z[i], p[i]));
        simd.mul_add_f64s(s[i], series, simd.mul_f64s(e[i], c(1.908_214_929_270_587_7e-10)))
    });
    each!(simd, count, |i| {
        let high = simd.mul_f64s(e[i], c(6.931_471_803_691_238e-1));
        let rest = simd.sub_f64s(simd.sub_f64s(half_square[i], low[i]), f[i]);
        simd.sqrt_f64s(simd.mul_f64s(c(-2.0), simd.sub_f64s(high, rest)))
    })
}

/// Sine and cosine of |θ| ≤ π/4, to the last digit (the polynomials of fdlibm).
#[inline(always)]
fn sines_and_cosines<S: Simd>(
    simd: S,
    uniform: &Uniform,
    count: usize,
) -> (Vectors<S>, Vectors<S>) {
    let c = |x: f64| simd.splat_f64s(x);
    let theta = S::as_simd_f64s(&uniform.theta).0;
    let z = each!(simd, count, |i| simd.mul_f64s(theta[i], theta[i]));
    let mut p = [c(1.589_690_995_211_55e-10); PAIRS];
    for next in [
        -2.505_076_025_340_686_3e-8,
        2.755_731_370_707_006_8e-6,
        -1.984_126_982_985_795e-4,
        8.333_333_333_322_49e-3,
        -1.666_666_666_666_663_2e-1,
    ] {
        p = each!(simd, count, |i| simd.mul_add_f64s(z[i], p[i], c(next)));
    }
    let mut q = [c(-1.135_964_755_778_819_5e-11); PAIRS];
    for next in [
        2.087_572_321_298_175e-9,
        -2.755_731_435_139_066_3e-7,
        2.480_158_728_947_673e-5,
        -1.388_888_888_887_411e-3,
        4.166_666_666_666_66e-2,
    ] {
        q = each!(simd, count, |i| simd.mul_add_f64s(z[i], q[i], c(next)));
    }
    let sin = each!(simd, count, |i| {
        simd.mul_add_f64s(simd.mul_f64s(theta[i], z[i]), p[i], theta[i])
    });
    let cos = each!(simd, count, |i| {
        let parabola = simd.mul_add_f64s(c(-0.5), z[i], c(1.0));
        simd.mul_add_f64s(simd.mul_f64s(z[i], z[i]), q[i], parabola)
    });
    (sin, cos)
}

/// A number in [1, 2) from the upper 52 bits.
#[inline(always)]
fn one_to_two(bits: u64) -> f64 {
    f64::from_bits(bits >> 12 | 0x3ff0_0000_0000_0000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::normal;
    use crate::math::random::{Purpose, stream};
    use rand::Rng;

    fn numbers(n_in: usize, count: usize, seed: u64) -> Vec<f64> {
        let mut inputs = GaussianInputs::new(n_in, stream(seed, Purpose::Examples, 0));
        let stride = n_in.div_ceil(16) * 2;
        let mut lines = vec![Line::ZERO; stride * count];
        inputs.fill(lines.chunks_exact_mut(stride));
        let vectors = lines.chunks_exact(stride);
        vectors.flat_map(|v| v.iter().flat_map(|line| line.0).take(n_in)).collect()
    }

    /// The first pair of 128 bits.
    fn pair(a: u64, b: u64) -> (f64, f64) {
        let words = [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32].map(|w| [w; LANES]);
        let mut lines = [Line::ZERO; 2];
        normal_lines(pulp::Scalar::new(), &Uniform::of(&words), &mut lines);
        (lines[0].0[0], lines[1].0[0])
    }

    #[test]
    fn pairs_are_what_box_and_muller_say_to_the_last_digits() {
        let mut rng = stream(8, Purpose::Task, 0);
        let mut bits: Vec<u64> = (0..20_000).map(|_| rng.next_u64()).collect();
        bits.extend((0..52).flat_map(|k| [1 << 63 >> k, u64::MAX << 12 << k]));
        for (a, b) in bits.iter().zip(bits.iter().rev()) {
            // Nearly all words are used: u in steps of 2⁻⁵², and an angle in a quarter turn.
            let (u, theta) = (2.0 - one_to_two(*a), FRAC_PI_2 * (one_to_two(*b) - 1.5));
            let cos = if b & 2 == 0 { theta.cos() } else { -theta.cos() };
            let (x, y) = if b & 1 == 0 { (cos, theta.sin()) } else { (theta.sin(), cos) };
            let radius = (-2.0 * u.ln()).sqrt();
            let found = pair(*a, *b);
            for (found, expected) in [(found.0, radius * x), (found.1, radius * y)] {
                let gap = (found - expected).abs();
                assert!(gap <= 4.0 * f64::EPSILON * radius, "{a} {b}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn extreme_bits_give_finite_numbers() {
        for a in [0, 1, u64::MAX, u64::MAX - 4096, 1 << 63] {
            for b in [0, 1, 2, 3, u64::MAX, 1 << 63] {
                let (x, y) = pair(a, b);
                assert!(x.is_finite() && y.is_finite() && x.hypot(y) <= 8.5, "{a} {b}: {x} {y}");
            }
        }
    }

    #[test]
    fn numbers_are_standard_normal() {
        let z = numbers(1024, 1024, 0);
        let n = z.len() as f64;
        // Moments within five standard errors: variances of zᵏ are 1, 2, 15, 96, 945, 10170.
        let exact =
            [(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0), (0.0, 945.0), (15.0, 10170.0)];
        for (k, (mean, variance)) in (1..).zip(exact) {
            let found = z.iter().map(|z| z.powi(k)).sum::<f64>() / n;
            let error = (variance / n).sqrt();
            assert!((found - mean).abs() < 5.0 * error, "moment {k}: {found}");
        }
        // Kolmogorov and Smirnov: beyond 2.3 once in 40 000 samples.
        let mut sorted = z.clone();
        sorted.sort_by(f64::total_cmp);
        let gap = sorted.iter().enumerate().fold(0.0f64, |gap, (i, z)| {
            let below = normal::cumulative(*z);
            gap.max((below - i as f64 / n).abs()).max((below - (i + 1) as f64 / n).abs())
        });
        assert!(gap * n.sqrt() < 2.3, "{}", gap * n.sqrt());
        // Numbers in both tails, within five standard deviations of their Poisson laws.
        for edge in [2.0, 3.0, 4.0, 4.5] {
            for side in [-1.0, 1.0] {
                let found = z.iter().filter(|z| side * **z > edge).count() as f64;
                let expected = n * normal::tail(edge);
                assert!((found - expected).abs() < 5.0 * expected.sqrt(), "{side} {edge}: {found}");
            }
        }
    }

    #[test]
    fn numbers_are_independent_of_each_other() {
        let z = numbers(1024, 512, 1);
        // Sixteen apart are numbers of one block of the generator, eight apart those of one pair.
        for lag in [1, 2, 7, 8, 9, 16, 64, 1024] {
            let pairs = || z.iter().zip(&z[lag..]);
            let n = pairs().count() as f64;
            let product = pairs().map(|(a, b)| a * b).sum::<f64>() / n;
            let squares = pairs().map(|(a, b)| (a * a - 1.0) * (b * b - 1.0)).sum::<f64>() / n;
            assert!(product.abs() < 5.0 / n.sqrt(), "lag {lag}: {product}");
            assert!(squares.abs() < 10.0 / n.sqrt(), "lag {lag}, squares: {squares}");
        }
    }

    #[test]
    fn vectors_are_the_same_whatever_the_width_and_end_where_they_should() {
        let stream = || stream(2, Purpose::Examples, 5);
        let mut lines = vec![Line::ZERO; 5 * 4];
        let mut scalar = GaussianInputs::new(21, stream());
        let fill = Fill { inputs: &mut scalar, vectors: lines.chunks_exact_mut(4) };
        fill.with_simd(pulp::Scalar::new());
        let mut fast = GaussianInputs::new(21, stream());
        for vector in lines.chunks_exact(4) {
            let mut same = [Line([1.0; 8]); 4];
            fast.fill(same.chunks_exact_mut(4));
            assert_eq!(vector, same);
            assert!(same[2].0[5..].iter().chain(&same[3].0).all(|x| *x == 0.0));
            assert!(same[0].0.iter().all(|x| *x != 0.0));
        }
    }
}
