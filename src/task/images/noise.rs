//! Noise whose amplitude falls with a power of the frequency, as that of natural images does.

use std::f64::consts::{PI, TAU};

use ndarray::Array2;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A field of mean 0 and standard deviation 1 over its pixels, exactly, whose Fourier amplitudes are
/// proportional to $`f^{-\text{exponent}}`$ at frequency f (cycles per pixel) and whose phases are
/// random. Opposite edges fit together.
pub fn power_law([height, width]: [usize; 2], exponent: f64, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut amplitudes: Array2<f64> = Array2::from_shape_fn((height, width), |(i, j)| {
        let f = signed(i, height).hypot(signed(j, width));
        if f > 0.0 { f.powf(-exponent) } else { 0.0 }
    });
    let power: f64 = amplitudes.iter().map(|a| a * a).sum();
    if power > 0.0 {
        amplitudes /= power.sqrt();
    }
    let phases = phases([height, width], rng);
    let part = |f: fn(f64) -> f64| {
        Array2::from_shape_fn((height, width), |at| amplitudes[at] * f(phases[at]))
    };
    // Σ_k A e^{iθ} e^{2πi k·x} = Σ over rows of Σ over columns; real, because phases are odd in k.
    let (real, imaginary) = (part(f64::cos), part(f64::sin));
    let (cos, sin) = waves(width);
    let (re, im) = (real.dot(&cos) - imaginary.dot(&sin), real.dot(&sin) + imaginary.dot(&cos));
    let (cos, sin) = waves(height);
    cos.dot(&re) - sin.dot(&im)
}

/// Frequency of a Fourier index, in −½ … ½.
fn signed(index: usize, length: usize) -> f64 {
    let index = if 2 * index > length { index as f64 - length as f64 } else { index as f64 };
    index / length as f64
}

/// Phases of all wave vectors: opposite ones have opposite phases, those that are their own opposite
/// 0 or π.
fn phases([height, width]: [usize; 2], rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut phases: Array2<f64> = Array2::zeros((height, width));
    for i in 0..height {
        for j in 0..width {
            let opposite = ((height - i) % height, (width - j) % width);
            phases[[i, j]] = match opposite.cmp(&(i, j)) {
                std::cmp::Ordering::Less => -phases[[opposite.0, opposite.1]],
                std::cmp::Ordering::Equal if rng.random_bool(0.5) => PI,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => TAU * rng.random::<f64>(),
            };
        }
    }
    phases
}

/// cos and sin of 2π k x/n.
fn waves(n: usize) -> (Array2<f64>, Array2<f64>) {
    // k x modulo n first: the angle of a large product has no digits left.
    let angle = |(k, x): (usize, usize)| TAU * ((k * x) % n) as f64 / n as f64;
    (
        Array2::from_shape_fn((n, n), |at| angle(at).cos()),
        Array2::from_shape_fn((n, n), |at| angle(at).sin()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, stream};

    #[test]
    fn the_spectrum_has_the_exponent_asked_for() {
        for (size, exponent) in [([16, 16], 1.0), ([12, 15], 0.5), ([9, 8], 2.0)] {
            let field = power_law(size, exponent, &mut stream(3, Purpose::Task, 0));
            // Fourier amplitudes of the field, summed as they are defined.
            let mut points = Vec::new();
            for i in 0..size[0] {
                for j in 0..size[1] {
                    let f = signed(i, size[0]).hypot(signed(j, size[1]));
                    let (mut re, mut im) = (0.0, 0.0);
                    for ((y, x), value) in field.indexed_iter() {
                        let turn =
                            (i * y) as f64 / size[0] as f64 + (j * x) as f64 / size[1] as f64;
                        re += value * (TAU * turn).cos();
                        im -= value * (TAU * turn).sin();
                    }
                    if f > 0.0 {
                        points.push((f.ln(), re.hypot(im).ln()));
                    }
                }
            }
            let n = points.len() as f64;
            let (mx, my) = points.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
            let slope = points.iter().map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
                / points.iter().map(|(x, _)| (x - mx).powi(2)).sum::<f64>();
            assert!((slope + exponent).abs() < 1e-9, "{size:?}: {slope}");
        }
    }

    #[test]
    fn mean_and_deviation_are_exact_and_draws_differ() {
        let draw = |seed| power_law([10, 7], 1.0, &mut stream(seed, Purpose::Task, 0));
        for seed in 0..5 {
            let field = draw(seed);
            let n = field.len() as f64;
            let (mean, square) = (field.sum() / n, field.mapv(|x| x * x).sum() / n);
            assert!(mean.abs() < 1e-14 && (square - 1.0).abs() < 1e-13, "{mean} {square}");
        }
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        // One pixel has no frequencies.
        assert_eq!(power_law([1, 1], 1.0, &mut stream(0, Purpose::Task, 0))[[0, 0]], 0.0);
    }
}
