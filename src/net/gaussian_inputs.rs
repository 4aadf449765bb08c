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
//! logarithm, sine and cosine are polynomials. It is exact up to rounding: u has 52 bits, so that the
//! largest number is 8.5, beyond which a normal number lies once in 10¹⁶ draws.
//!
//! Randomness is that of [`math::random`](crate::math::random): `ChaCha8` at the place of the stream
//! that is handed over, eight of its blocks beside each other. The numbers are the same whatever the
//! width of the vectors.

use std::f64::consts::FRAC_PI_2;

use ndarray::Array2;
use pulp::{Arch, Simd, WithSimd};
use rand_chacha::ChaCha8Rng;

use super::online::Line;

/// Blocks of the generator that are computed together.
const LANES: usize = 8;
/// 32-bit words of a block.
const WORDS: usize = 16;
/// Words that two numbers are made of.
const QUAD: usize = 4;

/// The first words of every block, by its specification.
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// An endless sequence of independent vectors of N independent standard normal numbers.
#[derive(Debug, Clone)]
pub struct GaussianInputs {
    n_in: usize,
    generator: Generator,
    /// The words of eight blocks: `words[i][l]` is the i-th of block l.
    words: [[u32; LANES]; WORDS],
    /// How many quadruples of words are used up.
    used: usize,
}

impl GaussianInputs {
    /// Vectors of length `n_in` from the rest of a stream.
    pub fn new(n_in: usize, stream: ChaCha8Rng) -> Self {
        let generator = Generator::after(&stream);
        Self { n_in, generator, words: [[0; LANES]; WORDS], used: WORDS / QUAD }
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

    /// Sixteen normal numbers on two lines.
    #[inline(always)]
    fn next_lines(&mut self) -> [Line; 2] {
        if self.used == WORDS / QUAD {
            self.words = self.generator.next_blocks();
            self.used = 0;
        }
        let quad = &self.words[QUAD * self.used..][..QUAD];
        self.used += 1;
        let (mut first, mut second) = (Line::ZERO, Line::ZERO);
        for l in 0..LANES {
            let word = |i: usize| u64::from(quad[i + 1][l]) << 32 | u64::from(quad[i][l]);
            (first.0[l], second.0[l]) = normal_pair(word(0), word(2));
        }
        [first, second]
    }
}

struct Fill<'a, V> {
    inputs: &'a mut GaussianInputs,
    vectors: V,
}

impl<'v, V: Iterator<Item = &'v mut [Line]>> WithSimd for Fill<'_, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let n_in = self.inputs.n_in;
        for vector in self.vectors {
            for lines in vector.chunks_exact_mut(2) {
                lines.copy_from_slice(&self.inputs.next_lines());
            }
            let numbers = vector.iter_mut().flat_map(|line| &mut line.0);
            numbers.skip(n_in).for_each(|x| *x = 0.0);
        }
    }
}

/// Two independent normal numbers of 128 random bits.
#[inline(always)]
fn normal_pair(a: u64, b: u64) -> (f64, f64) {
    let radius = (-2.0 * ln(2.0 - one_to_two(a))).sqrt();
    // An angle within an eighth of a turn of zero; a half turn and a quarter turn are two more bits.
    let (sin, cos) = sin_cos(FRAC_PI_2 * (one_to_two(b) - 1.5));
    let cos = f64::from_bits(cos.to_bits() ^ (b & 2) << 62);
    let turn = 0u64.wrapping_sub(b & 1);
    let swapped = (sin.to_bits() ^ cos.to_bits()) & turn;
    let (x, y) = (cos.to_bits() ^ swapped, sin.to_bits() ^ swapped);
    (radius * f64::from_bits(x), radius * f64::from_bits(y))
}

/// A number in [1, 2) from the upper 52 bits.
#[inline(always)]
fn one_to_two(bits: u64) -> f64 {
    f64::from_bits(bits >> 12 | 0x3ff0_0000_0000_0000)
}

/// ln u for a normal 0 < u ≤ 1, to the last digit or two also near 1 (the algorithm of fdlibm).
#[inline(always)]
fn ln(u: f64) -> f64 {
    const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    const TWO_52: u64 = 0x4330_0000_0000_0000;
    // u = 2^e (1 + f), 1 + f between √½ and √2.
    let bits = u.to_bits() + (ONE - ROOT_HALF);
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + ROOT_HALF) - 1.0;
    let e = f64::from_bits(bits >> 52 | TWO_52) - (4_503_599_627_370_496.0 + 1023.0);
    let s = f / (2.0 + f);
    let z = s * s;
    let mut p = 1.479_819_860_511_658_6e-1;
    for c in [
        1.531_383_769_920_937_3e-1,
        1.818_357_216_161_805e-1,
        2.222_219_843_214_978_4e-1,
        2.857_142_874_366_239e-1,
        3.999_999_999_940_942e-1,
        6.666_666_666_666_735e-1,
    ] {
        p = z.mul_add(p, c);
    }
    let half_square = 0.5 * f * f;
    let low = s.mul_add(half_square + z * p, e * 1.908_214_929_270_587_7e-10);
    e * 6.931_471_803_691_238e-1 - ((half_square - low) - f)
}

/// sin θ and cos θ for |θ| ≤ π/4, to the last digit (the polynomials of fdlibm).
#[inline(always)]
fn sin_cos(theta: f64) -> (f64, f64) {
    let z = theta * theta;
    let mut p = 1.589_690_995_211_55e-10;
    for c in [
        -2.505_076_025_340_686_3e-8,
        2.755_731_370_707_006_8e-6,
        -1.984_126_982_985_795e-4,
        8.333_333_333_322_49e-3,
        -1.666_666_666_666_663_2e-1,
    ] {
        p = z.mul_add(p, c);
    }
    let mut q = -1.135_964_755_778_819_5e-11;
    for c in [
        2.087_572_321_298_175e-9,
        -2.755_731_435_139_066_3e-7,
        2.480_158_728_947_673e-5,
        -1.388_888_888_887_411e-3,
        4.166_666_666_666_66e-2,
    ] {
        q = z.mul_add(q, c);
    }
    ((theta * z).mul_add(p, theta), (z * z).mul_add(q, (-0.5f64).mul_add(z, 1.0)))
}

/// `ChaCha8`, eight blocks at a time.
#[derive(Debug, Clone)]
struct Generator {
    key: [u32; 8],
    stream: u64,
    /// Number of the next block.
    block: u64,
}

impl Generator {
    /// From the first block of a stream of which nothing is used.
    fn after(stream: &ChaCha8Rng) -> Self {
        let seed = stream.get_seed();
        let key =
            std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|j| seed[4 * i + j])));
        let block = stream.get_word_pos().div_ceil(WORDS as u128) as u64;
        Self { key, stream: stream.get_stream(), block }
    }

    /// The words of the next blocks. A loop over blocks of straight-line code is what the compiler turns
    /// into vectors; loops over places within each operation, it does not.
    #[inline(always)]
    fn next_blocks(&mut self) -> [[u32; LANES]; WORDS] {
        let mut words = [[0; LANES]; WORDS];
        let [k0, k1, k2, k3, k4, k5, k6, k7] = self.key;
        let (low, high) = (self.stream as u32, (self.stream >> 32) as u32);
        for l in 0..LANES {
            let block = self.block.wrapping_add(l as u64);
            let (block_low, block_high) = (block as u32, (block >> 32) as u32);
            let [c0, c1, c2, c3] = CONSTANTS;
            let start =
                [c0, c1, c2, c3, k0, k1, k2, k3, k4, k5, k6, k7, block_low, block_high, low, high];
            let mut x = start;
            double_round(&mut x);
            double_round(&mut x);
            double_round(&mut x);
            double_round(&mut x);
            for i in 0..WORDS {
                words[i][l] = x[i].wrapping_add(start[i]);
            }
        }
        self.block = self.block.wrapping_add(LANES as u64);
        words
    }
}

#[inline(always)]
fn double_round(x: &mut [u32; WORDS]) {
    quarter_round(x, 0, 4, 8, 12);
    quarter_round(x, 1, 5, 9, 13);
    quarter_round(x, 2, 6, 10, 14);
    quarter_round(x, 3, 7, 11, 15);
    quarter_round(x, 0, 5, 10, 15);
    quarter_round(x, 1, 6, 11, 12);
    quarter_round(x, 2, 7, 8, 13);
    quarter_round(x, 3, 4, 9, 14);
}

#[inline(always)]
fn quarter_round(x: &mut [u32; WORDS], a: usize, b: usize, c: usize, d: usize) {
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(16);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(12);
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(8);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(7);
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

    #[test]
    fn the_generator_is_chacha8_from_the_place_that_it_is_given() {
        for used in [0, 16, 1600] {
            let mut reference = stream(7, Purpose::Examples, 3);
            for _ in 0..used {
                reference.next_u32();
            }
            let mut generator = Generator::after(&reference);
            for _ in 0..3 {
                let words = generator.next_blocks();
                for l in 0..LANES {
                    for (i, word) in words.iter().enumerate() {
                        assert_eq!(word[l], reference.next_u32(), "word {i} of block {l}");
                    }
                }
            }
        }
        // The counter of blocks is carried into its upper word.
        let mut reference = stream(7, Purpose::Examples, 3);
        reference.set_word_pos(16 * ((1 << 32) - 4));
        let words = Generator::after(&reference).next_blocks();
        let rest: Vec<u32> = (0..128).map(|_| reference.next_u32()).collect();
        assert!((0..128).all(|i| words[i % 16][i / 16] == rest[i]));
    }

    #[test]
    fn logarithm_sine_and_cosine_are_right_to_the_last_digits() {
        let mut rng = stream(8, Purpose::Task, 0);
        let mut arguments: Vec<f64> =
            (0..20_000).map(|_| 2.0 - one_to_two(rng.next_u64())).collect();
        arguments.extend((0..60).map(|k| 1.0 - 2f64.powi(-k)).filter(|u| *u > 0.0));
        arguments.extend((0..=52).map(|k| 2f64.powi(-k)));
        for u in arguments {
            let gap = (ln(u) - u.ln()).abs();
            assert!(gap <= 4.0 * f64::EPSILON * u.ln().abs(), "ln {u} is off by {gap:e}");
            let theta = FRAC_PI_2 * (u - 0.5);
            let (sin, cos) = sin_cos(theta);
            assert!((sin - theta.sin()).abs() <= f64::EPSILON * theta.sin().abs(), "sin {theta}");
            assert!((cos - theta.cos()).abs() <= f64::EPSILON, "cos {theta}");
        }
    }

    #[test]
    fn extreme_bits_give_finite_numbers() {
        for a in [0, 1, u64::MAX, u64::MAX - 4096, 1 << 63] {
            for b in [0, 1, 2, 3, u64::MAX, 1 << 63] {
                let (x, y) = normal_pair(a, b);
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
