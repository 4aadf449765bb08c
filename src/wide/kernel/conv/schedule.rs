//! How the pairs of pixels of two images are divided into parts that are computed one at a time.
//!
//! Before flatten only pairs (p, p) are needed and there is one part. Before global average pooling
//! all pairs are, and they are taken one displacement p′ − p after another, so that memory is that of
//! a few images and not of all pairs of pixels (one n-th of a percent at 16 × 16). Layers that average
//! over places in between need neighboring displacements at once, so that single ones would compute
//! much of it several times: there, blocks of displacements are taken, as large as is cheapest.

use super::pairs::Pairs;
use super::plan::{Plan, Trunk};

/// Numbers in one map of a block of displacements: 64 MB.
const LARGEST_BLOCK: usize = 1 << 23;
/// Numbers in one map that stay in the fast part of the cache, with its companions.
const CACHED: usize = 1 << 11;
/// Fewest and most pairs of images at a time.
const LANES: (usize, usize) = (4, 64);

/// The parts: every part of the rows with every part of the columns.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub rows: Vec<Plan>,
    pub cols: Vec<Plan>,
    /// Pairs of pixels of the largest map.
    largest: usize,
    /// Pairs of pixels in all maps of all parts.
    pub cost: f64,
}

impl Schedule {
    /// The cheapest way to what the trunk's last layer reads.
    pub fn of(trunk: &Trunk) -> Self {
        if !trunk.global {
            return Self::of_equal(trunk);
        }
        let single = Self::in_blocks(trunk, 1);
        if !trunk.pools {
            // A convolution keeps displacements apart: nothing is computed twice.
            return single;
        }
        let all = 2 * trunk.last[0].max(trunk.last[1]);
        let sizes = std::iter::successors(Some(2), |size| Some(2 * size));
        let blocks = sizes.take_while(|size| *size < 2 * all);
        let blocks = blocks.map(|size| Self::in_blocks(trunk, size));
        blocks
            .take_while(|schedule| schedule.largest <= LARGEST_BLOCK)
            .fold(single, |best, next| if next.cost < best.cost { next } else { best })
    }

    /// One part: pairs (p, p) at the end, and what they need. Enough for all variances.
    pub fn of_equal(trunk: &Trunk) -> Self {
        Self::new(trunk, trunk.last.map(|length| vec![Pairs::equal(length)]))
    }

    fn in_blocks(trunk: &Trunk, size: usize) -> Self {
        let ends = |length: usize| {
            let displacements: Vec<Pairs> = if trunk.circular {
                (0..length).map(|d| Pairs::turned(length, d)).collect()
            } else {
                let n = length as isize;
                (1 - n..n).map(|d| Pairs::displaced(length, d)).collect()
            };
            let union = |block: &[Pairs]| {
                block[1..].iter().fold(block[0].clone(), |sum, pairs| sum.union(pairs))
            };
            displacements.chunks(size).map(union).collect()
        };
        Self::new(trunk, trunk.last.map(ends))
    }

    fn new(trunk: &Trunk, ends: [Vec<Pairs>; 2]) -> Self {
        let plans = |axis: usize| -> Vec<Plan> {
            ends[axis].iter().map(|pairs| Plan::new(&trunk.stages, axis, pairs)).collect()
        };
        let (rows, cols) = (plans(0), plans(1));
        let sizes = |plans: &[Plan]| plans.iter().map(Plan::sizes).collect::<Vec<_>>();
        let (r, c) = (sizes(&rows), sizes(&cols));
        let of_stage = |sizes: &[Vec<usize>], i: usize| {
            let sizes = sizes.iter().map(|sizes| sizes[i]);
            (sizes.clone().max().unwrap_or(0), sizes.sum::<usize>())
        };
        let (mut largest, mut cost) = (0, 0.0);
        for i in 0..r[0].len() {
            let ((r_max, r_sum), (c_max, c_sum)) = (of_stage(&r, i), of_stage(&c, i));
            largest = largest.max(r_max * c_max);
            cost += r_sum as f64 * c_sum as f64;
        }
        Self { rows, cols, largest, cost }
    }

    /// How many pairs of images to take at a time.
    pub fn lanes(&self) -> usize {
        (CACHED / self.largest.max(1)).clamp(LANES.0, LANES.1)
    }

    /// Numbers held at a time in the maps of one job.
    pub fn working_set(&self) -> f64 {
        // Two kernels, what they are summed into, and at most as much as one for where stretches are.
        5.0 * (self.largest * self.lanes()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::architecture::{Architecture, Layer, Padding, Parameterization};
    use crate::net::unit::Nonlinearity;

    fn conv(padding: Padding, stride: usize) -> Layer {
        let (weight_std, bias_std) = (1.4, 0.1);
        Layer::Conv { filter: [3; 2], stride: [stride; 2], padding, weight_std, bias_std }
    }

    fn schedule(layers: &[Layer], size: usize) -> Schedule {
        let architecture =
            Architecture { layers: layers.to_vec(), parameterization: Parameterization::Ntk };
        Schedule::of(&Trunk::of(&architecture, [size, size, 1]).unwrap())
    }

    const RELU: Layer = Layer::Nonlinear(Nonlinearity::RELU);
    const POOL: Layer =
        Layer::AveragePool { window: [2; 2], stride: [2; 2], padding: Padding::Valid };

    #[test]
    fn flatten_tracks_one_pair_a_pixel_and_pooling_before_it_a_band() {
        let same = conv(Padding::Same, 1);
        let plain = schedule(&[same.clone(), RELU, Layer::Flatten], 16);
        assert_eq!((plain.rows.len(), plain.largest), (1, 256));
        assert_eq!(plain.cost, 3.0 * 256.0);
        let pooled = schedule(&[same, RELU, POOL, Layer::Flatten], 16);
        // Each of 8 places along an axis averages two: 4 pairs. The convolution before it takes all
        // pairs of neighbors for that: 16 + 2 · 15.
        assert_eq!(pooled.largest, 46 * 46);
    }

    #[test]
    fn global_pooling_computes_no_pair_of_pixels_twice() {
        for padding in [Padding::Same, Padding::Circular] {
            let found =
                schedule(&[conv(padding, 1), RELU, conv(padding, 1), Layer::GlobalAveragePool], 8);
            assert_eq!(found.largest, 64);
            assert_eq!(found.cost, 4.0 * 64.0 * 64.0);
        }
        // A stride of 2 needs a quarter of the displacements.
        let strided = [conv(Padding::Same, 2), RELU, Layer::GlobalAveragePool];
        let found = schedule(&strided, 8);
        assert_eq!((found.rows.len(), found.cols.len()), (7, 7));
        assert!(found.cost < 0.3 * 64.0 * 64.0 + 2.0 * 16.0 * 16.0, "{}", found.cost);
    }

    #[test]
    fn pooling_in_between_takes_blocks_that_fit() {
        let same = conv(Padding::Same, 1);
        let layers = [same.clone(), RELU, POOL, same, RELU, Layer::GlobalAveragePool];
        let small = schedule(&layers, 16);
        assert_eq!(small.rows.len(), 1);
        let large = schedule(&layers, 64);
        assert!(large.rows.len() > 1 && large.largest <= LARGEST_BLOCK);
    }
}
