//! Both weight matrices of a two-layer network whose modes start decoupled, in closed form.

use ndarray::Array2;

use crate::deep_linear::riccati::check_shapes;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::math::linalg::frobenius_norm;
use crate::math::times::validate_times;
use crate::{Correlations, Error, Modes, Result};

/// Overlap of hidden planes, relative to the weights, up to which modes count as decoupled.
const DECOUPLED: f64 = 1e-10;

/// W₁(t) (`n_hidden` × `n_in`) and W₂(t) (`n_out` × `n_hidden`) at increasing times, from any
/// decoupled initial weights.
///
/// Mode k lives in the plane that its hidden vectors aₖ = W₁vₖ and bₖ = W₂ᵀuₖ span. If the planes of
/// different modes are orthogonal and the inputs commute with the task, every mode evolves by
/// itself ([`TwoLayerMode`]) and
///
/// ```math
/// W_1(t) = \sum_k a_k(t)\,v_k^\top,\qquad W_2(t) = \sum_k u_k\,b_k(t)^\top .
/// ```
///
/// Layers need be neither balanced nor parallel (`saxe2014` has both). Directions without a partner,
/// inputs beyond `n_out` or outputs beyond `n_in`, keep their weights.
///
/// # Errors
/// Weights that do not fit the task, inputs that couple the modes, hidden planes that overlap, or
/// times that do not increase from 0.
pub fn two_layer_weights(
    task: &Correlations,
    w1: &Array2<f64>,
    w2: &Array2<f64>,
    times: &[f64],
) -> Result<Vec<(Array2<f64>, Array2<f64>)>> {
    validate_times(times)?;
    check_shapes(task, w1, w2)?;
    let modes = Modes::of(task)?;
    if !modes.decoupled() {
        return Err(coupled(format!(
            "the inputs couple them (relative commutator {:.2e})",
            modes.commutator
        )));
    }
    let (input_side, output_side) = (w1.dot(&modes.v), w2.t().dot(&modes.u));
    let overlap = largest_overlap(&input_side, &output_side);
    if overlap > DECOUPLED {
        return Err(coupled(format!("their hidden planes overlap (relative {overlap:.2e})")));
    }
    let mode = |k: usize| {
        let (a, b) = (input_side.column(k).to_vec(), output_side.column(k).to_vec());
        let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
        TwoLayerMode::new(s, d, &a, &b).map(|mode| (mode, a, b))
    };
    let dynamics = (0..modes.len()).map(mode).collect::<Result<Vec<_>>>()?;
    let at = |t: &f64| {
        let (mut a, mut b) = (input_side.clone(), output_side.clone());
        for (k, (mode, a0, b0)) in dynamics.iter().enumerate() {
            let (a_now, b_now) = mode.vectors(a0, b0, *t);
            a.column_mut(k).assign(&ndarray::ArrayView1::from(&a_now));
            b.column_mut(k).assign(&ndarray::ArrayView1::from(&b_now));
        }
        (a.dot(&modes.v.t()), modes.u.dot(&b.t()))
    };
    Ok(times.iter().map(at).collect())
}

fn coupled(reason: String) -> Error {
    Error::Assumption {
        theory: "mode by mode learning of two layers",
        reason,
        remedy: "use the matrix solution (white inputs) or the Gram flow (any inputs)".into(),
    }
}

/// Largest inner product between hidden vectors of different modes, relative to all weights.
fn largest_overlap(input_side: &Array2<f64>, output_side: &Array2<f64>) -> f64 {
    let size = frobenius_norm(input_side.view()).max(frobenius_norm(output_side.view())).powi(2);
    if size == 0.0 {
        return 0.0;
    }
    let products = [
        input_side.t().dot(input_side),
        input_side.t().dot(output_side),
        output_side.t().dot(output_side),
    ];
    let off_diagonal = products.iter().flat_map(|p| p.indexed_iter()).filter(|((i, j), _)| i != j);
    off_diagonal.map(|(_, x)| x.abs()).fold(0.0, f64::max) / size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::end_to_end::gram_flow;
    use crate::math::random::{Purpose, gaussian, orthogonal, stream};

    #[test]
    fn orthogonal_hidden_planes_follow_their_modes_exactly() {
        let mut rng = stream(0, Purpose::Task, 0);
        let (n_in, n_out) = (3, 2);
        let (u, v, r) =
            (orthogonal(n_out, &mut rng), orthogonal(n_in, &mut rng), orthogonal(6, &mut rng));
        // Mode k uses hidden units 2k and 2k + 1 in any direction; the third input is alone.
        let planes = gaussian(6, 3, 0.3, &mut rng);
        let other = gaussian(6, 2, 0.3, &mut rng);
        let within = |m: &Array2<f64>| {
            Array2::from_shape_fn(m.dim(), |(i, k)| if i / 2 == k { m[[i, k]] } else { 0.0 })
        };
        let w1 = r.dot(&within(&planes)).dot(&v.t());
        let w2 = u.dot(&r.dot(&within(&other)).t());
        let s = ndarray::arr1(&[1.4, 0.6]);
        let sigma_yx = (&u * &s).dot(&v.slice(ndarray::s![.., ..2]).t());
        let sigma_x = crate::math::linalg::congruence(v.view(), &ndarray::arr1(&[0.7, 1.5, 0.4]));
        let task = Correlations::new((&sigma_x + &sigma_x.t()) / 2.0, sigma_yx, None).unwrap();
        let times = [0.0, 0.8, 3.0, 9.0];
        let exact = two_layer_weights(&task, &w1, &w2, &times).unwrap();
        for ((w1, w2), map) in exact.iter().zip(gram_flow(&task, &w1, &w2, &times).unwrap()) {
            assert!(frobenius_norm((&w2.dot(w1) - &map).view()) < 1e-10);
        }
        let mixed = gaussian(6, 3, 0.3, &mut rng);
        let text = two_layer_weights(&task, &mixed, &w2, &times).unwrap_err().to_string();
        assert!(text.contains("hidden planes overlap"), "{text}");
    }
}
