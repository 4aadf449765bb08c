//! Arc sines of many numbers at once.

use std::f64::consts::FRAC_PI_2;

/// Numerator and denominator of (asin x − x)/x³ as functions of x² on |x| ≤ ½ (Sun's fdlibm).
const NUMERATOR: [f64; 6] = [
    3.479_331_075_960_212e-5,
    7.915_349_942_898_145e-4,
    -0.040_055_534_500_679_41,
    0.201_212_532_134_862_93,
    -0.325_565_818_622_400_9,
    0.166_666_666_666_666_66,
];
const DENOMINATOR: [f64; 5] = [
    0.077_038_150_555_901_94,
    -0.688_283_971_605_453_3,
    2.020_945_760_233_505_7,
    -2.403_394_911_734_414,
    1.0,
];

/// Numbers that are computed side by side: the widest vector unit's.
const LANES: usize = 8;

/// Replaces every number by its arc sine; those beyond ±1 count as ±1.
///
/// Errors relative to the result are below 6e-16. Results do not depend on the machine's vectors.
pub fn arcsines(values: &mut [f64]) {
    pulp::Arch::new().dispatch(Arcsines(values));
}

struct Arcsines<'a>(&'a mut [f64]);

impl pulp::WithSimd for Arcsines<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let (blocks, rest) = self.0.as_chunks_mut::<LANES>();
        blocks.iter_mut().for_each(arcsines_of_block);
        if !rest.is_empty() {
            let mut block = [0.0; LANES];
            block[..rest.len()].copy_from_slice(rest);
            arcsines_of_block(&mut block);
            rest.copy_from_slice(&block[..rest.len()]);
        }
    }
}

/// Both halves of the interval are computed without a branch, so that this becomes vector code.
#[inline(always)]
fn arcsines_of_block(block: &mut [f64; LANES]) {
    for x in block {
        let size = x.abs().min(1.0);
        let small = size < 0.5;
        // asin x = π/2 − 2 asin √((1 − x)/2).
        let square = if small { size * size } else { 0.5 * (1.0 - size) };
        let root = if small { size } else { square.sqrt() };
        let bend = root * square * (horner(&NUMERATOR, square) / horner(&DENOMINATOR, square));
        let angle = if small { root + bend } else { FRAC_PI_2 - 2.0 * (root + bend) };
        *x = angle.copysign(*x);
    }
}

#[inline(always)]
fn horner<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let mut sum = coefficients[0];
    for c in &coefficients[1..] {
        sum = sum * x + c;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arc_sines_are_those_of_the_standard_library() {
        let x: Vec<f64> = (-4000..=4000).map(|i| f64::from(i) / 4000.0).collect();
        let tiny = [0.0, -0.0, 1e-300, -1e-20, 1e-9, 1.0 - 1e-16, -1.0 + 1e-13, 0.5, -0.5];
        let x: Vec<f64> = x.into_iter().chain(tiny).collect();
        let mut y = x.clone();
        arcsines(&mut y);
        for (x, y) in x.iter().zip(y) {
            let exact = x.asin();
            assert!((y - exact).abs() <= 6e-16 * exact.abs(), "asin {x} is not {y}");
        }
        let mut beyond = [1.0 + 1e-15, -7.0];
        arcsines(&mut beyond);
        assert_eq!(beyond, [FRAC_PI_2, -FRAC_PI_2]);
    }
}
