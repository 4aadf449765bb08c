//! Learning curves of least squares: after infinite time, stopped in time, and double descent.
//!
//! The theory of all of them is [`linear_student`](super::student); here it is made a function
//! of the number of examples, or of parameters per example. The expected errors of finite Gaussian
//! systems are known exactly ([`expected_final_errors`]), so that the bias of a simulation is no
//! estimate.

use super::sampled_student::{Sample, biases_over_time, n_examples, sample_cells, stopped};
use super::student::{
    Errors, Variances, best_stopping, errors_over_time, expected_final_errors, final_errors,
};
use crate::curve::Curve;
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

/// Where an expectation is exact, rounding is all that is left; it is counted as 1/N of this.
const ROUNDING: f64 = 1e-9;

/// Examples per input dimension.
pub(crate) const ALPHA: Parameter = Parameter {
    name: "alpha",
    symbol: "α",
    unit: "",
    default: 2.0,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "training examples per input dimension",
};

/// Signal-to-noise ratio.
pub(crate) const SNR: Parameter = Parameter {
    name: "snr",
    symbol: "SNR",
    unit: "",
    default: 5.0,
    low: 1e-6,
    high: 1e6,
    kind: ParameterKind::Log,
    help: "variance of the signal over that of the label noise",
};

const START: Parameter = Parameter {
    name: "start",
    symbol: "σ_0²",
    unit: "",
    default: 0.0,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "variance of the student's initial weights over that of the teacher's",
};

const GAMMA: Parameter = Parameter {
    name: "gamma",
    symbol: "γ",
    unit: "",
    default: 2.0,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "parameters per training example",
};

const DECAY: Parameter = Parameter {
    name: "decay",
    symbol: "a",
    unit: "",
    default: 2.0,
    low: 0.0,
    high: 100.0,
    kind: ParameterKind::Linear,
    help: "power at which the unseen share of the signal falls with γ",
};

const TIME: Parameter = Parameter {
    name: "time",
    symbol: "t",
    unit: "τ",
    default: 1.0,
    low: 0.0,
    high: 1e4,
    kind: ParameterKind::Linear,
    help: "time of training, learning rate times steps of the summed gradient",
};

const OBSERVABLES: &[&str] = &["test error", "training error"];

/// Errors after infinite time against the number of examples; they diverge at α = 1.
pub const LEAST_SQUARES: Curve = Curve {
    name: "least-squares",
    summary: "least squares of a noisy linear teacher: gradient descent without end",
    reference: "krogh1992",
    parameters: &[ALPHA, SNR, START],
    observables: OBSERVABLES,
    size: "input dimension N",
    cells: |point, n| sample_cells(point.get(&ALPHA), n),
    theory: |point| Ok(listed(final_errors(point.get(&ALPHA), &variances(point)?)?)),
    simulation: |point, size, seed| {
        let sample = Sample::draw(point.get(&ALPHA), &variances(point)?, size, seed)?;
        Ok(listed(sample.modes()?.errors(f64::INFINITY)))
    },
    bias: |point, size, theory| {
        let p = n_examples(point.get(&ALPHA), size)?;
        Ok(exact_bias(expected_final_errors(p, size, &variances(point)?)?, size, theory))
    },
};

/// Errors over time, or at one time against anything else.
pub const LINEAR_STUDENT: Curve = Curve {
    name: "linear-student",
    summary: "gradient descent of a linear student of a noisy teacher, over time",
    reference: "advani2020",
    parameters: &[TIME, ALPHA, SNR, START],
    observables: OBSERVABLES,
    size: "input dimension N",
    cells: |point, n| sample_cells(point.get(&ALPHA), n),
    theory: |point| {
        let times = [point.get(&TIME)];
        Ok(listed(errors_over_time(point.get(&ALPHA), &variances(point)?, &times)?[0]))
    },
    simulation: |point, size, seed| {
        let sample = Sample::draw(point.get(&ALPHA), &variances(point)?, size, seed)?;
        Ok(listed(sample.modes()?.errors(point.get(&TIME))))
    },
    bias: |point, size, _| {
        let times = [point.get(&TIME)];
        Ok(listed(biases_over_time(point.get(&ALPHA), &variances(point)?, size, &times)?[0]))
    },
};

/// Errors at the best stopping time against the number of examples.
pub const STOPPED: Curve = Curve {
    name: "linear-stopped",
    summary: "gradient descent of a linear student, stopped at the best time",
    reference: "advani2020",
    parameters: &[ALPHA, SNR, START],
    observables: OBSERVABLES,
    size: "input dimension N",
    cells: |point, n| sample_cells(point.get(&ALPHA), n),
    theory: |point| Ok(listed(best_stopping(point.get(&ALPHA), &variances(point)?)?.errors)),
    simulation: |point, size, seed| stopped(point.get(&ALPHA), &variances(point)?, size, seed),
    bias: |point, size, _| {
        let (alpha, variances) = (point.get(&ALPHA), variances(point)?);
        let time = best_stopping(alpha, &variances)?.time;
        Ok(listed(biases_over_time(alpha, &variances, size, &[time])?.swap_remove(0)))
    },
};

/// Ridgeless regression against parameters per example: the double descent of (`hastie2022`). It is
/// least squares, α = 1/γ, with r² = σ_w² the variance of the signal and σ² that of the noise:
///
/// ```math
/// R(\gamma) = \sigma^2 + \begin{cases}
///   \sigma^2\gamma/(1-\gamma) & \gamma < 1\\
///   r^2(1-1/\gamma) + \sigma^2/(\gamma-1) & \gamma > 1
/// \end{cases}
/// ```
pub const DOUBLE_DESCENT: Curve = Curve {
    name: "double-descent",
    summary: "ridgeless regression against parameters per example",
    reference: "hastie2022",
    parameters: &[GAMMA, SNR],
    observables: OBSERVABLES,
    size: "number of examples n",
    cells: |point, n| sample_cells(point.get(&GAMMA), n),
    theory: |point| descent(point, |_| 0.0),
    simulation: |point, size, seed| sampled_descent(point, size, seed, |_| 0.0),
    bias: |point, size, theory| descent_bias(point, size, theory, |_| 0.0),
};

/// Ridgeless regression of a signal of which more is seen the more parameters there are.
///
/// The share (1 + γ)^{−a} of the signal lies in inputs that the student does not have (`hastie2022`
/// choose this polynomial decay). With Gaussian inputs it acts as more noise, of variance
/// r²(1 + γ)^{−a}; the rest is the signal of [`DOUBLE_DESCENT`].
pub const MISSPECIFIED: Curve = Curve {
    name: "double-descent-misspecified",
    summary: "ridgeless regression with inputs that the student does not see",
    reference: "hastie2022",
    parameters: &[GAMMA, SNR, DECAY],
    observables: OBSERVABLES,
    size: "number of examples n",
    cells: |point, n| sample_cells(point.get(&GAMMA), n),
    theory: |point| descent(point, unseen_share),
    simulation: |point, size, seed| sampled_descent(point, size, seed, unseen_share),
    bias: |point, size, theory| descent_bias(point, size, theory, unseen_share),
};

fn listed(errors: Errors) -> Vec<f64> {
    vec![errors.test, errors.training]
}

fn variances(point: &Values) -> Result<Variances> {
    Ok(Variances { start: point.get(&START), ..Variances::from_snr(point.get(&SNR))? })
}

fn exact_bias(expected: Errors, size: usize, theory: &[f64]) -> Vec<f64> {
    let rounding = ROUNDING / size as f64;
    let gaps = listed(expected).into_iter().zip(theory);
    gaps.map(|(expected, theory)| (expected - theory).abs() + rounding).collect()
}

/// Share of the signal that lies in unseen inputs.
fn unseen_share(point: &Values) -> f64 {
    (1.0 + point.get(&GAMMA)).powf(-point.get(&DECAY))
}

/// Signal 1, noise 1/SNR; the unseen share of the signal is noise.
fn split(point: &Values, unseen: fn(&Values) -> f64) -> Result<Variances> {
    let Variances { noise, .. } = Variances::from_snr(point.get(&SNR))?;
    let share = unseen(point);
    Ok(Variances { teacher: 1.0 - share, start: 0.0, noise: noise + share })
}

fn descent(point: &Values, unseen: fn(&Values) -> f64) -> Result<Vec<f64>> {
    let gamma = point.get(&GAMMA);
    let errors = final_errors(gamma.recip(), &split(point, unseen)?);
    errors.map(listed).map_err(|error| match error {
        Error::Diverges { .. } => Error::Diverges {
            what: "test error".into(),
            place: "γ = 1, as many parameters as examples".into(),
            remedy: "move γ or add a ridge".into(),
        },
        other => other,
    })
}

/// Numbers (n, p) of examples and parameters.
fn counts(point: &Values, size: usize) -> Result<(usize, usize)> {
    Ok((size, n_examples(point.get(&GAMMA), size)?))
}

/// The inputs have variance 1/p in place of 1, and the weights variance r² in place of r²/p, which
/// is the same signal; unseen Gaussian inputs enter the labels as one Gaussian number.
fn sampled_descent(
    point: &Values,
    size: usize,
    seed: u64,
    unseen: fn(&Values) -> f64,
) -> Result<Vec<f64>> {
    let (n, p) = counts(point, size)?;
    let sample = Sample::draw(n as f64 / p as f64, &split(point, unseen)?, p, seed)?;
    Ok(listed(sample.modes()?.errors(f64::INFINITY)))
}

fn descent_bias(
    point: &Values,
    size: usize,
    theory: &[f64],
    unseen: fn(&Values) -> f64,
) -> Result<Vec<f64>> {
    let (n, p) = counts(point, size)?;
    Ok(exact_bias(expected_final_errors(n, p, &split(point, unseen)?)?, size, theory))
}
