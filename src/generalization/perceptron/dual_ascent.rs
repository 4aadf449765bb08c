//! Support vector machines by coordinate ascent in the dual, without an offset.
//!
//! ```math
//! \min_w \tfrac12\|w\|^2 + C \sum_\mu \max(0, 1 - z_\mu \cdot w)
//! \quad\Longleftrightarrow\quad
//! \max_{0 \le a_\mu \le C}\; \sum_\mu a_\mu - \tfrac12 \Big\|\sum_\mu a_\mu z_\mu\Big\|^2,
//! \qquad w = \sum_\mu a_\mu z_\mu
//! ```
//!
//! The rows $`z_\mu`$ are inputs times labels. C = ∞ is the hard margin: it exists because labels of
//! a teacher can always be separated. Every step solves for one coefficient exactly, so the dual never
//! falls; with box constraints this converges linearly to the maximum, and the projected gradient,
//! which is zero there and nowhere else, says when to stop. Now and then the coefficients that are free
//! are solved for at once, which ends the search as soon as it is known which ones they are.

use ndarray::{Array1, Array2, Axis};

use crate::math::linalg::solve_positive_definite;
use crate::{Error, Result};

/// Largest projected gradient (in units of the margin, which is 1) that is taken for zero.
const PRECISION: f64 = 1e-6;
/// Passes after which all examples are looked at again, and the linear equations are tried.
const REST: usize = 20;
/// Passes over all examples before giving up.
const MAX_PASSES: usize = 200_000;

/// Weights that maximize the margin of the rows (`cap` = ∞) or the penalized hinge loss with
/// C = `cap`.
///
/// # Errors
/// A cap that is not positive, or no convergence: with an infinite cap, rows that cannot be separated.
pub fn support_vector_weights(rows: &Array2<f64>, cap: f64) -> Result<Array1<f64>> {
    if cap.is_nan() || cap <= 0.0 {
        return Err(Error::parameter("cap of the coefficients", cap, "it must be positive"));
    }
    let squares: Vec<f64> = rows.rows().into_iter().map(|z| z.dot(&z)).collect();
    let mut weights = Array1::zeros(rows.ncols());
    let mut coefficients = vec![0.0; rows.nrows()];
    let all: Vec<usize> = (0..rows.nrows()).filter(|mu| squares[*mu] > 0.0).collect();
    let mut active = all.clone();
    for pass in 1..=MAX_PASSES {
        let mut violation = 0.0f64;
        active.retain(|&mu| {
            let z = rows.row(mu);
            let slope = 1.0 - z.dot(&weights);
            let old = coefficients[mu];
            if old == 0.0 && slope <= 0.0 || old == cap && slope >= 0.0 {
                return false;
            }
            violation = violation.max(slope.abs());
            let new = (old + slope / squares[mu]).clamp(0.0, cap);
            coefficients[mu] = new;
            weights.scaled_add(new - old, &z);
            true
        });
        if violation <= PRECISION && violates_nothing(rows, &weights, &coefficients, cap) {
            return Ok(weights);
        }
        // Those at a bound are left out of some passes, then let in again.
        if violation <= PRECISION || pass % REST == 0 {
            active.clone_from(&all);
        }
        if pass % REST == 0
            && let Some(exact) = finished(rows, &coefficients, cap)
        {
            return Ok(exact);
        }
    }
    Err(Error::Numerical {
        method: "dual coordinate ascent",
        reason: format!("no convergence in {MAX_PASSES} passes"),
    })
}

/// Whether the projected gradient of the dual is zero.
fn violates_nothing(rows: &Array2<f64>, weights: &Array1<f64>, a: &[f64], cap: f64) -> bool {
    rows.rows().into_iter().zip(a).all(|(z, &a)| {
        let slope = 1.0 - z.dot(weights);
        (slope <= PRECISION || a == cap) && (slope >= -PRECISION || a == 0.0)
    })
}

/// The maximum itself, if the present sets of free and bounded coefficients are already right: the free
/// ones then solve linear equations. `None` if they are not.
fn finished(rows: &Array2<f64>, a: &[f64], cap: f64) -> Option<Array1<f64>> {
    let free: Vec<usize> = (0..a.len()).filter(|mu| a[*mu] > 0.0 && a[*mu] < cap).collect();
    if free.len() > rows.ncols() {
        return None;
    }
    let mut weights = Array1::zeros(rows.ncols());
    for (z, _) in rows.rows().into_iter().zip(a).filter(|(_, a)| **a == cap) {
        weights.scaled_add(cap, &z);
    }
    let mut exact = a.to_vec();
    if !free.is_empty() {
        let z = rows.select(Axis(0), &free);
        let rest = z.dot(&weights).mapv(|field| 1.0 - field).insert_axis(Axis(1));
        let solution = solve_positive_definite(&z.dot(&z.t()), &rest).ok()?;
        if solution.iter().any(|a| !(*a > 0.0 && *a < cap)) {
            return None;
        }
        free.iter().zip(&solution).for_each(|(mu, a)| exact[*mu] = *a);
        weights += &z.t().dot(&solution.column(0));
    }
    violates_nothing(rows, &weights, &exact, cap).then_some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generalization::perceptron::examples::Examples;

    #[test]
    fn the_hard_margin_separates_and_no_small_turn_makes_it_larger() {
        for alpha in [0.3, 1.0, 4.0] {
            let data = Examples::draw(alpha, 40, 3).unwrap();
            let w = support_vector_weights(&data.signed_inputs, f64::INFINITY).unwrap();
            let margin = |w: &Array1<f64>| {
                let fields = data.signed_inputs.dot(w);
                fields.iter().copied().fold(f64::INFINITY, f64::min) / w.dot(w).sqrt()
            };
            let best = margin(&w);
            assert!((best * w.dot(&w).sqrt() - 1.0).abs() < 1e-5);
            assert!(best >= margin(&data.teacher));
            for i in 0..40 {
                for step in [1e-3, -1e-3] {
                    let mut turned = w.clone();
                    turned[i] += step;
                    assert!(margin(&turned) <= best * (1.0 + 1e-6), "{alpha} {i}");
                }
            }
        }
    }

    #[test]
    fn a_small_cap_gives_hebbs_rule() {
        let data = Examples::draw(2.0, 30, 1).unwrap();
        let w = support_vector_weights(&data.signed_inputs, 1e-6).unwrap();
        let hebb = data.signed_inputs.sum_axis(ndarray::Axis(0)) * 1e-6;
        assert!((&w - &hebb).iter().all(|gap| gap.abs() < 1e-12));
    }

    #[test]
    fn rows_without_margin_and_bad_caps_are_errors() {
        let opposite = ndarray::arr2(&[[1.0, 0.0], [-1.0, 0.0]]);
        assert!(support_vector_weights(&opposite, f64::NAN).is_err());
        assert!(support_vector_weights(&opposite, 1.0).is_ok());
    }
}
