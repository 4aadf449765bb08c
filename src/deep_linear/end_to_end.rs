//! The map of a balanced network of any depth, under any input covariance.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, s};

use crate::math::{linalg, ode};
use crate::task::Correlations;
use crate::{Error, Result};

/// Singular values of the initial map below this part of the largest are rounding.
const ROUNDING: f64 = 1e-14;

/// Map W(t) (`n_out` × `n_in`) of a balanced network of `depth` layers at increasing times.
///
/// With Wᵢ₊₁ᵀWᵢ₊₁ = WᵢWᵢᵀ at the start the product W alone obeys (`arora2018`)
///
/// ```math
/// \tau\dot W = \sum_{j=1}^{L}(WW^\top)^{(L-j)/L}\,(\Sigma^{yx}-W\Sigma^x)\,(W^\top W)^{(j-1)/L},
/// ```
///
/// whatever the hidden widths, if they hold the rank of W. There is no closed form beyond two
/// layers; the equation is integrated to a relative 1e-12. For a scalar output it is
///
/// ```math
/// \tau\dot w = \|w\|^{2-2/L}\big[g + (L-1)(g\cdot\hat w)\hat w\big],\qquad g = \Sigma^{yx}-w\Sigma^x .
/// ```
///
/// # Errors
/// Depth 0, a map of another shape, or times that do not increase from 0.
pub fn end_to_end_flow(
    task: &Correlations,
    initial_map: &Array2<f64>,
    depth: usize,
    times: &[f64],
) -> Result<Vec<Array2<f64>>> {
    if depth == 0 {
        return Err(Error::parameter("depth", 0, "it counts weight layers and is at least 1"));
    }
    let shape = task.sigma_yx().dim();
    if initial_map.dim() != shape {
        return Err(Error::shape("initial map", initial_map.dim(), format!("{shape:?}")));
    }
    linalg::require_finite("initial map", initial_map.view())?;
    let sizes = linalg::svd(initial_map)?.s;
    let rank = sizes.iter().filter(|s| **s > ROUNDING * sizes[0]).count();
    let field = |w: &[f64], dw: &mut [f64]| {
        let (Ok(w), Ok(dw)) =
            (ArrayView2::from_shape(shape, w), ArrayViewMut2::from_shape(shape, dw))
        else {
            unreachable!("the state has as many entries as the map");
        };
        if shape.0 == 1 {
            scalar_velocity(task, depth, w, dw)
        } else {
            velocity(task, depth, rank, w, dw)
        }
    };
    let start: Vec<f64> = initial_map.iter().copied().collect();
    let states = ode::integrate(field, &start, times)?;
    let to_map = |state: Vec<f64>| {
        Array2::from_shape_vec(shape, state)
            .map_err(|e| Error::Numerical { method: "end-to-end flow", reason: e.to_string() })
    };
    states.into_iter().map(to_map).collect()
}

/// `rank` is that of the initial map. The flow keeps it, and so must the numbers: a singular value
/// made of rounding would grow exponentially with two layers.
fn velocity(
    task: &Correlations,
    depth: usize,
    rank: usize,
    w: ArrayView2<'_, f64>,
    mut dw: ArrayViewMut2<'_, f64>,
) {
    let gradient = task.sigma_yx() - &w.dot(task.sigma_x());
    if depth == 1 {
        dw.assign(&gradient);
        return;
    }
    let Ok(linalg::Svd { u, s, v }) = linalg::thin_svd(&w.to_owned()) else {
        dw.fill(f64::NAN); // the integrator reports the step that left the finite numbers
        return;
    };
    let s = s.slice(s![..rank]);
    let (u, v) = (u.slice(s![.., ..rank]), v.slice(s![.., ..rank]));
    let layers = depth as f64;
    let power = |n: usize| s.mapv(|x| x.powf(2.0 * n as f64 / layers));
    // j = 1 and j = L have an identity on one side, which acts outside the span of W too.
    let left = u.t().dot(&gradient);
    let right = gradient.dot(&v);
    let mut sum = (&u * &power(depth - 1)).dot(&left) + (&right * &power(depth - 1)).dot(&v.t());
    if depth > 2 {
        let inside = u.t().dot(&right);
        let mut middle = Array2::zeros(inside.dim());
        for j in 1..depth - 1 {
            let (before, after) = (power(j), power(depth - 1 - j));
            middle += &(&after.insert_axis(Axis(1)) * &inside * &before);
        }
        sum += &u.dot(&middle).dot(&v.t());
    }
    dw.assign(&sum);
}

fn scalar_velocity(
    task: &Correlations,
    depth: usize,
    w: ArrayView2<'_, f64>,
    mut dw: ArrayViewMut2<'_, f64>,
) {
    let gradient: Array1<f64> = (task.sigma_yx() - &w.dot(task.sigma_x())).row(0).to_owned();
    let w = w.row(0);
    let norm = w.dot(&w).sqrt();
    if norm == 0.0 {
        dw.fill(0.0);
        return;
    }
    let layers = depth as f64;
    let along = gradient.dot(&w) / (norm * norm);
    let velocity = (gradient + &w * ((layers - 1.0) * along)) * norm.powf(2.0 - 2.0 / layers);
    dw.row_mut(0).assign(&velocity);
}

/// Both weight matrices of *any* two-layer network up to a rotation of its hidden units, under any
/// input covariance, from the flow of Q = [W₁ᵀ; W₂], whose Gram matrix P = QQᵀ obeys
///
/// ```math
/// \tau\dot P = AP + PA,\qquad A = \begin{pmatrix}0 & G^\top\\ G & 0\end{pmatrix},\quad
/// G = \Sigma^{yx} - W\Sigma^x,\quad W = P_{21} .
/// ```
///
/// Exact without any condition on balance, at the price of at most (`n_in` + `n_out`)² equations
/// instead of a closed form. Integrated is the factor, τQ̇ = AQ, with hidden units turned so that
/// no more than `n_in` + `n_out` of them are needed: P itself would not keep its rank, and a
/// bottleneck would learn what it cannot hold, from rounding. Returns the map W at increasing times.
///
/// # Errors
/// Shapes that do not fit, or times that do not increase from 0.
pub fn gram_flow(
    task: &Correlations,
    w1: &Array2<f64>,
    w2: &Array2<f64>,
    times: &[f64],
) -> Result<Vec<Array2<f64>>> {
    let states = gram_flow_weights(task, w1, w2, times)?;
    Ok(states.iter().map(|(w1, w2)| w2.dot(w1)).collect())
}

/// As [`gram_flow`], with the weights (W₁, W₂) themselves, up to a rotation of the hidden units.
/// There are at most `n_in` + `n_out` of these; any beyond would stay silent.
///
/// # Errors
/// As [`gram_flow`].
pub fn gram_flow_weights(
    task: &Correlations,
    w1: &Array2<f64>,
    w2: &Array2<f64>,
    times: &[f64],
) -> Result<Vec<(Array2<f64>, Array2<f64>)>> {
    super::riccati::check_shapes(task, w1, w2)?;
    let (n_in, n) = (task.n_in(), task.n_in() + task.n_out());
    let mut q = ndarray::concatenate![Axis(0), w1.t(), w2.view()];
    if q.ncols() > n {
        // Qᵀ = OR: turned by O, the hidden units are the rows of R.
        q = linalg::qr(&q.t().to_owned()).1.t().to_owned();
    }
    let shape = q.dim();
    let field = |q: &[f64], dq: &mut [f64]| {
        let (Ok(q), Ok(mut dq)) =
            (ArrayView2::from_shape(shape, q), ArrayViewMut2::from_shape(shape, dq))
        else {
            unreachable!("the state has as many entries as the weights");
        };
        let (input, output) = q.split_at(Axis(0), n_in);
        let g = task.sigma_yx() - &output.dot(&input.t()).dot(task.sigma_x());
        dq.slice_mut(s![..n_in, ..]).assign(&g.t().dot(&output));
        dq.slice_mut(s![n_in.., ..]).assign(&g.dot(&input));
    };
    let start: Vec<f64> = q.iter().copied().collect();
    let weights = |state: Vec<f64>| {
        let q = Array2::from_shape_vec(shape, state)
            .map_err(|e| Error::Numerical { method: "Gram flow", reason: e.to_string() })?;
        let (input, output) = q.view().split_at(Axis(0), n_in);
        Ok((input.t().to_owned(), output.to_owned()))
    };
    ode::integrate(field, &start, times)?.into_iter().map(weights).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::depth::DepthMode;
    use crate::math::random::{Purpose, gaussian, orthogonal, stream};

    #[test]
    fn an_aligned_start_follows_the_modes() {
        let mut rng = stream(0, Purpose::Task, 0);
        let (u, v) = (orthogonal(3, &mut rng), orthogonal(4, &mut rng));
        let map = |a: [f64; 3]| (&u * &Array1::from(a.to_vec())).dot(&v.slice(s![.., ..3]).t());
        let task = Correlations::white(map([2.0, 1.0, 0.3]), 0.8).unwrap();
        let times = [0.0, 0.7, 2.0, 9.0];
        for depth in [1, 2, 3, 5] {
            let flow = end_to_end_flow(&task, &map([0.1, 0.2, 0.3]), depth, &times).unwrap();
            for (k, (s, u0)) in [(2.0, 0.1), (1.0, 0.2), (0.3, 0.3)].into_iter().enumerate() {
                let mode = DepthMode::new(s, 0.8, depth as f64, u0).unwrap();
                for (w, expected) in flow.iter().zip(mode.strengths(&times).unwrap()) {
                    let found = u.column(k).dot(&w.dot(&v.column(k)));
                    assert!((found - expected).abs() < 1e-10, "depth {depth}, mode {k}");
                }
            }
        }
    }

    #[test]
    fn a_scalar_output_has_the_same_flow_as_the_general_form() {
        let mut rng = stream(1, Purpose::Task, 0);
        let x = gaussian(30, 5, 1.0, &mut rng);
        let sigma_x = x.t().dot(&x) / 30.0;
        let task = Correlations::new(sigma_x, gaussian(1, 5, 1.0, &mut rng), None).unwrap();
        let w = gaussian(1, 5, 0.3, &mut rng);
        for depth in [1, 2, 3, 4] {
            let (mut one, mut other) = (Array2::zeros((1, 5)), Array2::zeros((1, 5)));
            scalar_velocity(&task, depth, w.view(), one.view_mut());
            velocity(&task, depth, 1, w.view(), other.view_mut());
            assert!(linalg::frobenius_norm((&one - &other).view()) < 1e-13);
        }
    }

    #[test]
    fn two_balanced_layers_agree_with_the_gram_flow_and_the_riccati_solution() {
        let mut rng = stream(2, Purpose::Task, 0);
        let task = Correlations::white(gaussian(3, 4, 0.7, &mut rng), 0.9).unwrap();
        let (w1, w2) = crate::deep_linear::balanced::sample_two_layer(
            4,
            3,
            &[0.4, 0.2, 0.1, 0.0],
            0.0,
            &mut rng,
        )
        .unwrap();
        let times = [0.0, 0.4, 2.0, 6.0];
        let end_to_end = end_to_end_flow(&task, &w2.dot(&w1), 2, &times).unwrap();
        let gram = gram_flow(&task, &w1, &w2, &times).unwrap();
        let exact = crate::deep_linear::riccati::RiccatiFlow::new(&task, &w1, &w2, 0.0).unwrap();
        for ((a, b), c) in end_to_end.iter().zip(&gram).zip(exact.states(&times).unwrap()) {
            let c = c.map(exact.modes());
            assert!(linalg::frobenius_norm((a - &c).view()) < 1e-10);
            assert!(linalg::frobenius_norm((b - &c).view()) < 1e-10);
        }
    }
}
