//! Balanced initial conditions: neighboring layers with matching singular values.

use ndarray::{Array2, s};
use rand_chacha::ChaCha8Rng;

use crate::math::linalg;
use crate::math::random::orthogonal;
use crate::{Error, Result};

/// Imbalance ‖W₂ᵀW₂ − W₁W₁ᵀ − λI‖ relative to the weights up to which a start counts as balanced.
const BALANCED: f64 = 1e-10;

/// Random λ-balanced weights of a two-layer network, W₂ᵀW₂ − W₁W₁ᵀ = λI.
///
/// W₁ = R S₁ V₀ᵀ and W₂ = U₀ S₂ Rᵀ with random orthogonal U₀, R, V₀ and
///
/// ```math
/// s_2^2 = \tfrac12\big(\lambda+\sqrt{\lambda^2+4 s_0^2}\big),\qquad s_1^2 = s_2^2 - \lambda ,
/// ```
///
/// so that the map W₂W₁ has the singular values s₀ (`map_singular_values`, one per hidden unit;
/// those beyond min(`n_in`, `n_out`) must be 0). Returns (W₁, W₂).
///
/// # Errors
/// λ > 0 needs `n_out` ≥ `n_hidden`, λ < 0 needs `n_in` ≥ `n_hidden` (W₂ᵀW₂ must have full rank).
pub fn sample_two_layer(
    n_in: usize,
    n_out: usize,
    map_singular_values: &[f64],
    lambda: f64,
    rng: &mut ChaCha8Rng,
) -> Result<(Array2<f64>, Array2<f64>)> {
    let n_hidden = map_singular_values.len();
    check(n_in, n_out, map_singular_values, lambda)?;
    let (u, r, v) = (orthogonal(n_out, rng), orthogonal(n_hidden, rng), orthogonal(n_in, rng));
    let mut s1 = Array2::zeros((n_hidden, n_in));
    let mut s2 = Array2::zeros((n_out, n_hidden));
    for (i, s0) in map_singular_values.iter().enumerate() {
        let (input, output) = split(*s0, lambda);
        if i < n_in {
            s1[[i, i]] = input;
        }
        if i < n_out {
            s2[[i, i]] = output;
        }
    }
    Ok((r.dot(&s1).dot(&v.t()), u.dot(&s2).dot(&r.t())))
}

/// Scalars (input side, output side) of one mode with product `s0` and difference of squares λ.
fn split(s0: f64, lambda: f64) -> (f64, f64) {
    let larger = (0.5 * (lambda.abs() + lambda.hypot(2.0 * s0))).sqrt();
    let smaller = if larger > 0.0 { s0 / larger } else { 0.0 };
    if lambda >= 0.0 { (smaller, larger) } else { (larger, smaller) }
}

fn check(n_in: usize, n_out: usize, s0: &[f64], lambda: f64) -> Result<()> {
    let n_hidden = s0.len();
    if n_in == 0 || n_out == 0 || n_hidden == 0 {
        return Err(Error::shape(
            "network",
            [n_in, n_hidden, n_out],
            "at least one unit per layer",
        ));
    }
    if !lambda.is_finite() {
        return Err(Error::parameter("lambda", lambda, "it must be finite").of("lambda"));
    }
    if let Some(bad) = s0.iter().find(|s| !(s.is_finite() && **s >= 0.0)) {
        return Err(Error::parameter(
            "initial singular value",
            bad,
            "it must be finite and not negative",
        ));
    }
    if let Some(extra) = s0.iter().skip(n_in.min(n_out)).find(|s| **s > 0.0) {
        let allowed = format!("the map has only {} singular values", n_in.min(n_out));
        return Err(Error::parameter("initial singular value", extra, allowed));
    }
    let (side, n) = if lambda > 0.0 { ("outputs", n_out) } else { ("inputs", n_in) };
    if lambda != 0.0 && n < n_hidden {
        let allowed = format!(
            "with {n_hidden} hidden units this sign needs at least as many {side} (there are {n})"
        );
        return Err(Error::parameter("lambda", lambda, allowed).of("lambda"));
    }
    Ok(())
}

/// Balanced layers W_L…W₁ of the given widths whose product is `map`.
///
/// Wᵢ = Rᵢ₊₁ Σ^{1/L} Rᵢᵀ with the singular vectors of the map at both ends and random orthogonal
/// bases R of the hidden layers. `widths` lists the hidden widths.
///
/// # Errors
/// A hidden layer too narrow for the rank of the map.
pub fn factorize(
    map: &Array2<f64>,
    widths: &[usize],
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Array2<f64>>> {
    let linalg::Svd { u, s, v } = linalg::svd(map)?;
    let largest = s.first().copied().unwrap_or(0.0);
    let rank = s.iter().filter(|x| **x > 1e-14 * largest).count();
    if let Some(narrow) = widths.iter().find(|w| **w < rank.max(1)) {
        let allowed =
            format!("the initial map has rank {rank}, and every hidden layer must hold it");
        return Err(Error::parameter("hidden width", narrow, allowed).of("hidden"));
    }
    let depth = (widths.len() + 1) as f64;
    let mut bases = vec![v];
    bases.extend(widths.iter().map(|w| orthogonal(*w, rng)));
    bases.push(u);
    let root = s.slice(s![..rank]).mapv(|x| x.powf(1.0 / depth));
    let layer = |pair: &[Array2<f64>]| {
        let (before, after) = (pair[0].slice(s![.., ..rank]), pair[1].slice(s![.., ..rank]));
        (&after * &root).dot(&before.t())
    };
    Ok(bases.windows(2).map(layer).collect())
}

/// λ and what is left of W₂ᵀW₂ − W₁W₁ᵀ beside λI, as a spectral norm.
///
/// # Errors
/// Values that are not finite.
pub fn imbalance(w1: &Array2<f64>, w2: &Array2<f64>) -> Result<(f64, f64)> {
    let difference = w2.t().dot(w2) - w1.dot(&w1.t());
    let lambda = difference.diag().mean().unwrap_or(0.0);
    let size = linalg::spectral_norm(w1)?.max(linalg::spectral_norm(w2)?).powi(2);
    // Rounding leaves a λ of order 1e-17 in zero-balanced weights: that is no λ.
    let lambda = if lambda.abs() <= BALANCED * size { 0.0 } else { lambda };
    let rest = &difference - &(Array2::<f64>::eye(w1.nrows()) * lambda);
    let residual = linalg::spectral_norm(&rest)?;
    Ok((lambda, if residual <= BALANCED * size { 0.0 } else { residual }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, stream};

    #[test]
    fn sampled_weights_are_balanced_as_asked() {
        let mut rng = stream(0, Purpose::InitialWeights, 0);
        for (n_in, n_out, s0, lambda) in [
            (4, 4, vec![0.5, 0.3, 0.2, 0.1], 0.0),
            (4, 3, vec![0.5, 0.3, 0.2, 0.0, 0.0, 0.0], 0.0),
            (3, 5, vec![0.5, 0.3, 0.2, 0.0, 0.0], 2.0),
            (5, 3, vec![0.5, 0.3, 0.2], -2.0),
            (4, 4, vec![0.0; 4], 1.0),
        ] {
            let (w1, w2) = sample_two_layer(n_in, n_out, &s0, lambda, &mut rng).unwrap();
            let (found, rest) = imbalance(&w1, &w2).unwrap();
            assert!((found - lambda).abs() < 1e-13 && rest == 0.0, "{found} {rest}");
            let s = linalg::svd(&w2.dot(&w1)).unwrap().s;
            assert!(s.iter().zip(&s0).all(|(a, b)| (a - b).abs() < 1e-13));
        }
    }

    #[test]
    fn impossible_balances_are_refused_with_the_reason() {
        let mut rng = stream(0, Purpose::InitialWeights, 0);
        let text = sample_two_layer(3, 3, &[0.1; 5], 1.0, &mut rng).unwrap_err().to_string();
        assert!(text.contains("map has only 3"), "{text}");
        let s0 = [0.1, 0.1, 0.1, 0.0];
        let text = sample_two_layer(5, 3, &s0, 1.0, &mut rng).unwrap_err().to_string();
        assert!(text.contains("at least as many outputs"), "{text}");
        assert!(sample_two_layer(3, 5, &s0, -1.0, &mut rng).is_err());
        assert!(sample_two_layer(3, 3, &[-0.1], 0.0, &mut rng).is_err());
    }

    #[test]
    fn factors_multiply_to_the_map_and_are_balanced() {
        let mut rng = stream(1, Purpose::InitialWeights, 0);
        let map = ndarray::arr2(&[[0.3, -0.2, 0.1], [0.0, 0.5, 0.2]]);
        let weights = factorize(&map, &[4, 2, 5], &mut rng).unwrap();
        let product = weights[1..].iter().fold(weights[0].clone(), |m, w| w.dot(&m));
        assert!(linalg::frobenius_norm((&product - &map).view()) < 1e-14);
        for pair in weights.windows(2) {
            assert_eq!(imbalance(&pair[0], &pair[1]).unwrap(), (0.0, 0.0));
        }
        assert!(factorize(&map, &[1], &mut rng).is_err());
    }
}
