//! Adaptive integration of ordinary differential equations: Dormand–Prince 8(5,3).

use nalgebra::DVector;
use ode_solvers::dop_shared::{IntegrationError, OutputType, System};
use ode_solvers::dop853::Dop853;

use crate::math::times::validate_times;
use crate::{Error, Result};

/// Relative tolerance of theory curves: near the floor of double precision (about 2e-12).
const RELATIVE: f64 = 1e-12;
const ABSOLUTE: f64 = 1e-14;
/// More steps than any smooth learning problem needs between two recorded times.
const MAX_STEPS: u32 = 1_000_000;

struct Flow<'a, F>(&'a F);

impl<F: Fn(&[f64], &mut [f64])> System<f64, DVector<f64>> for Flow<'_, F> {
    fn system(&self, _: f64, y: &DVector<f64>, dy: &mut DVector<f64>) {
        (self.0)(y.as_slice(), dy.as_mut_slice());
    }
}

/// Solution of the autonomous system y′ = f(y), y(0) = `start`, at each of `times`.
///
/// `field(y, dy)` writes f(y) into `dy`. Relative tolerance 1e-12, absolute 1e-14.
///
/// # Errors
/// Times that do not increase from 0, or a solution that blows up.
pub fn integrate(
    field: impl Fn(&[f64], &mut [f64]),
    start: &[f64],
    times: &[f64],
) -> Result<Vec<Vec<f64>>> {
    validate_times(times)?;
    let mut state = DVector::from_column_slice(start);
    let (mut now, mut step) = (0.0, 0.0);
    let mut states = Vec::with_capacity(times.len());
    for &time in times {
        if time > now {
            (state, step) =
                advance(&field, state, time - now, step).map_err(|e| Error::Numerical {
                    method: "integration of the flow",
                    reason: format!("between t = {now} and t = {time}: {e}"),
                })?;
            now = time;
        }
        states.push(state.as_slice().to_vec());
    }
    Ok(states)
}

/// The state after `span`, and a first step to try from there. A first step of 0 is looked for.
fn advance(
    field: &impl Fn(&[f64], &mut [f64]),
    start: DVector<f64>,
    span: f64,
    first_step: f64,
) -> Result<(DVector<f64>, f64), IntegrationError> {
    // The library's stiffness test fires falsely after a plateau, hence `n_stiff` = never.
    let (safety, beta, shrink, grow) = (0.9, 0.0, 0.333, 6.0);
    let mut solver = Dop853::from_param(
        Flow(field),
        0.0,
        span,
        span,
        start,
        RELATIVE,
        ABSOLUTE,
        safety,
        beta,
        shrink,
        grow,
        span,
        first_step.min(span),
        MAX_STEPS,
        u32::MAX,
        OutputType::Sparse,
    );
    solver.integrate()?;
    let end = solver.y_out().last().expect("a successful integration has an end").clone();
    // The last step was cut at the end of the span; a single one says that more was possible.
    let steps: Vec<f64> = solver.x_out().windows(2).map(|x| x[1] - x[0]).collect();
    let next = match steps.as_slice() {
        [] => 0.0,
        [only] => 2.0 * only,
        [all @ .., _] => all[all.len() - 1],
    };
    Ok((end, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logistic_growth_is_solved_to_the_solvers_floor() {
        let times = [0.0, 1.0, 5.0, 8.0, 2000.0];
        let field = |y: &[f64], dy: &mut [f64]| dy[0] = 2.0 * y[0] * (3.0 - y[0]);
        let states = integrate(field, &[1e-4], &times).unwrap();
        for (t, y) in times.iter().zip(&states) {
            let exact = 3.0 / (1.0 + (3.0 / 1e-4 - 1.0) * (-6.0 * t).exp());
            assert!((y[0] - exact).abs() < 1e-10, "t = {t}: {} against {exact}", y[0]);
        }
    }

    #[test]
    fn a_solution_that_blows_up_is_an_error() {
        let field = |y: &[f64], dy: &mut [f64]| dy[0] = y[0] * y[0];
        let text = integrate(field, &[1.0], &[0.5, 2.0]).unwrap_err().to_string();
        assert!(text.contains("between t = 0.5"), "{text}");
    }
}
