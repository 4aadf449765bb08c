//! The generator of [`math::random`](crate::math::random), eight blocks at a time.

use rand_chacha::ChaCha8Rng;

/// Blocks of the generator that are computed together.
pub(crate) const LANES: usize = 8;
/// 32-bit words of a block.
pub(crate) const WORDS: usize = 16;

/// Words of eight blocks: `words[i][l]` is the i-th of block l.
pub(crate) type Words = [[u32; LANES]; WORDS];

/// The first words of every block, by its specification.
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// `ChaCha8`, eight blocks at a time.
#[derive(Debug, Clone)]
pub(crate) struct Generator {
    key: [u32; 8],
    stream: u64,
    /// Number of the next block.
    block: u64,
}

impl Generator {
    /// From the first block of a stream of which nothing is used.
    pub(crate) fn after(stream: &ChaCha8Rng) -> Self {
        let seed = stream.get_seed();
        let key =
            std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|j| seed[4 * i + j])));
        let block = stream.get_word_pos().div_ceil(WORDS as u128) as u64;
        Self { key, stream: stream.get_stream(), block }
    }

    /// The words of the next blocks. A loop over blocks of straight-line code is what the compiler turns
    /// into vectors; loops over places within each operation, it does not.
    #[inline(always)]
    pub(crate) fn next_blocks(&mut self) -> Words {
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
    use crate::math::random::{Purpose, stream};
    use rand::Rng;

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
}
