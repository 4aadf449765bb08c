//! Penalized classifiers as learning curves: theory beside actual minimization.

use ndarray::{Array1, Array2, Axis};

use super::classification::{Loss, penalized_classifier};
use super::dual_ascent::support_vector_weights;
use super::examples::Examples;
use super::rules::ALPHA;
use crate::curve::Curve;
use crate::math::linalg::solve_positive_definite;
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

/// Newton steps before giving up; a handful is usual.
const MAX_STEPS: usize = 100;

const LAMBDA: Parameter = Parameter {
    name: "lambda",
    symbol: "λ",
    unit: "",
    default: 1.0,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "strength of the penalty λ‖w‖²/2 beside the sum of losses",
};

/// Logistic regression with a penalty.
pub const LOGISTIC: Curve = Curve {
    name: "logistic",
    summary: "logistic regression of a teacher perceptron's labels",
    reference: "gerace2020",
    parameters: &[ALPHA, LAMBDA],
    observables: &["test error", "training loss"],
    size: "input dimension N",
    cells: |point, n| (point.get(&ALPHA) + 2.0) * (n as f64).powi(2),
    theory: |point| theory(Loss::Logistic, point),
    simulation: |point, size, seed| {
        let data = Examples::draw(point.get(&ALPHA), size, seed)?;
        let weights = logistic_weights(&data.signed_inputs, point.get(&LAMBDA))?;
        Ok(measured(Loss::Logistic, &data, &weights))
    },
    bias: |point, size, _| bias(Loss::Logistic, point, size),
};

/// A support vector machine with a soft margin.
pub const HINGE: Curve = Curve {
    name: "hinge",
    summary: "a support vector machine learns a teacher perceptron's labels",
    reference: "thrampoulidis2018",
    parameters: &[ALPHA, LAMBDA],
    observables: &["test error", "training loss"],
    size: "input dimension N",
    cells: |point, n| (point.get(&ALPHA) + 2.0) * (n as f64).powi(2),
    theory: |point| theory(Loss::Hinge, point),
    simulation: |point, size, seed| {
        let data = Examples::draw(point.get(&ALPHA), size, seed)?;
        let weights = hinge_weights(&data.signed_inputs, point.get(&LAMBDA))?;
        Ok(measured(Loss::Hinge, &data, &weights))
    },
    bias: |point, size, _| bias(Loss::Hinge, point, size),
};

fn theory(loss: Loss, point: &Values) -> Result<Vec<f64>> {
    let found = penalized_classifier(loss, point.get(&ALPHA), point.get(&LAMBDA))?;
    Ok(vec![found.test_error, found.training_loss])
}

fn measured(loss: Loss, data: &Examples, weights: &Array1<f64>) -> Vec<f64> {
    let fields = data.signed_inputs.dot(weights) / (weights.len() as f64).sqrt();
    vec![
        data.error(weights),
        fields.iter().map(|z| loss.value(*z)).sum::<f64>() / fields.len() as f64,
    ]
}

/// Weights that minimize the hinge loss of fields $`w \cdot x/\sqrt N`$ with penalty λ, by dual
/// coordinate ascent.
///
/// # Errors
/// λ is not positive, or no convergence.
pub fn hinge_weights(rows: &Array2<f64>, lambda: f64) -> Result<Array1<f64>> {
    support_vector_weights(&(rows / (rows.ncols() as f64).sqrt()), 1.0 / lambda)
}

/// Weights that minimize the logistic loss of fields $`w \cdot x/\sqrt N`$ with penalty λ, by Newton's
/// method with step halving: the objective is smooth and strictly convex, so this converges from
/// anywhere.
///
/// # Errors
/// No convergence.
pub fn logistic_weights(rows: &Array2<f64>, lambda: f64) -> Result<Array1<f64>> {
    let scaled = rows / (rows.ncols() as f64).sqrt();
    let objective = |w: &Array1<f64>| {
        let losses = scaled.dot(w).mapv(|z| Loss::Logistic.value(z));
        losses.sum() + 0.5 * lambda * w.dot(w)
    };
    let mut weights = Array1::zeros(rows.ncols());
    let mut value = objective(&weights);
    for _ in 0..MAX_STEPS {
        let g = scaled.dot(&weights).mapv(|z: f64| 1.0 / (1.0 + z.exp()));
        let gradient = &weights * lambda - scaled.t().dot(&g);
        if gradient.iter().all(|x| x.abs() < 1e-9) {
            return Ok(weights);
        }
        let curvature = g.mapv(|g| (g * (1.0 - g)).sqrt()).insert_axis(Axis(1));
        let half = &scaled * &curvature;
        let hessian = half.t().dot(&half) + Array2::<f64>::eye(rows.ncols()) * lambda;
        let step = solve_positive_definite(&hessian, &gradient.insert_axis(Axis(1)))?;
        let mut rate = 1.0;
        let next = loop {
            let next = &weights - &(&step.column(0) * rate);
            let there = objective(&next);
            if there <= value || rate < 1e-6 {
                value = there;
                break next;
            }
            rate *= 0.5;
        };
        weights = next;
    }
    Err(Error::Numerical {
        method: "logistic regression",
        reason: format!("no convergence in {MAX_STEPS} Newton steps"),
    })
}

/// Sizes measured with N = 30 (1000 runs) and 60 (500 runs) at λ = ½ from α = 0.3 to 4: the mean test
/// error is 0.2 to 0.6 of itself over N too small; the training loss is too large by up to 0.1/N
/// (logistic) and 0.35/N (hinge). A rounded number of examples adds up to half a derivative.
fn bias(loss: Loss, point: &Values, size: usize) -> Result<Vec<f64>> {
    let (alpha, lambda, n) = (point.get(&ALPHA), point.get(&LAMBDA), size as f64);
    let here = penalized_classifier(loss, alpha, lambda)?;
    let there = penalized_classifier(loss, alpha + 0.5 / n, lambda)?;
    let training = match loss {
        Loss::Logistic => 0.15,
        Loss::Hinge => 0.4,
    };
    Ok(vec![
        0.75 * here.test_error / n + (there.test_error - here.test_error).abs(),
        training / n + (there.training_loss - here.training_loss).abs(),
    ])
}
