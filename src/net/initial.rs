//! The weights that training starts from.
//!
//! `widths` counts the units of each layer from inputs to outputs; a network of L weight matrices
//! has L + 1 of them.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use crate::math::random;
use crate::{Error, Result};

/// Independent Gaussian weights of mean zero, with one standard deviation per weight matrix.
///
/// # Errors
/// Fewer than two layers, an empty layer, or standard deviations that are not as many as weight
/// matrices, negative, or not finite.
pub fn gaussian(widths: &[usize], stds: &[f64], rng: &mut ChaCha8Rng) -> Result<Vec<Array2<f64>>> {
    validate_widths(widths)?;
    if stds.len() != widths.len() - 1 {
        let expected = format!("{}, one per weight matrix", widths.len() - 1);
        return Err(Error::shape("standard deviations of weights", [stds.len()], expected));
    }
    if let Some(std) = stds.iter().find(|s| !(s.is_finite() && **s >= 0.0)) {
        let allowed = "it must be finite and not negative";
        return Err(Error::parameter("standard deviation of weights", std, allowed));
    }
    let shapes = widths.windows(2).zip(stds);
    Ok(shapes.map(|(w, std)| random::gaussian(w[1], w[0], *std, rng)).collect())
}

/// Orthogonal weights times `gain`, uniformly drawn: WᵀW = gain²·I, or WWᵀ = gain²·I where a
/// layer is smaller than the one before.
///
/// # Errors
/// Fewer than two layers, an empty layer, or a gain that is not finite.
pub fn orthogonal(widths: &[usize], gain: f64, rng: &mut ChaCha8Rng) -> Result<Vec<Array2<f64>>> {
    validate_widths(widths)?;
    if !gain.is_finite() {
        return Err(Error::parameter("gain", gain, "it must be finite"));
    }
    Ok(widths.windows(2).map(|w| random::semi_orthogonal(w[1], w[0], rng) * gain).collect())
}

fn validate_widths(widths: &[usize]) -> Result<()> {
    if widths.len() < 2 {
        let expected = "at least two, inputs and outputs";
        return Err(Error::shape("widths of layers", [widths.len()], expected));
    }
    if let Some(l) = widths.iter().position(|n| *n == 0) {
        return Err(Error::parameter(
            format!("width of layer {l} (0 is the inputs)"),
            0,
            "every layer needs a unit",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::frobenius_norm;
    use crate::math::random::{Purpose, stream};

    #[test]
    fn orthogonal_weights_keep_lengths_up_to_the_gain() {
        let mut rng = stream(1, Purpose::InitialWeights, 0);
        for w in orthogonal(&[5, 8, 8, 3], 1.5, &mut rng).unwrap() {
            let small = if w.nrows() >= w.ncols() { w.t().dot(&w) } else { w.dot(&w.t()) };
            let gap = &small - &(Array2::<f64>::eye(small.nrows()) * 2.25);
            assert!(frobenius_norm(gap.view()) < 1e-14 * small.nrows() as f64 * 2.25);
        }
    }

    #[test]
    fn gaussian_weights_have_the_shapes_and_spreads_asked_for() {
        let mut rng = stream(2, Purpose::InitialWeights, 0);
        let weights = gaussian(&[40, 50, 30], &[0.1, 2.0], &mut rng).unwrap();
        for (w, (dim, std)) in weights.iter().zip([((50, 40), 0.1), ((30, 50), 2.0)]) {
            assert_eq!(w.dim(), dim);
            let n = w.len() as f64;
            let measured = (w.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
            // The standard error of a standard deviation is std/√(2n); five of them.
            assert!((measured - std).abs() < 5.0 * std / (2.0 * n).sqrt());
        }
    }

    #[test]
    fn impossible_layers_are_refused() {
        let mut rng = stream(3, Purpose::InitialWeights, 0);
        assert!(gaussian(&[3], &[], &mut rng).is_err());
        assert!(gaussian(&[3, 0, 2], &[1.0, 1.0], &mut rng).is_err());
        assert!(gaussian(&[3, 2], &[1.0, 1.0], &mut rng).is_err());
        assert!(gaussian(&[3, 2], &[f64::NAN], &mut rng).is_err());
        assert!(orthogonal(&[3, 2], f64::INFINITY, &mut rng).is_err());
    }
}
