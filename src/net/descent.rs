//! Gradient descent on the half squared error, recorded at the times of a theory.
//!
//! Theories are curves in continuous time, simulations are steps: k steps of rate η take time kη. Other
//! rules, losses and optimizers are a [`Training`](super::Training).

use super::fast::linear_step::LinearDescent;
use super::plain::{Batches, Training};
use super::trainer::{Engine, Trainer};
use super::{Clock, LinearNetwork, Network};
use crate::{Correlations, Dataset, Result};

/// Full-batch gradient descent of a linear network on the statistics of its task.
///
/// Costs nothing per example. Calls `record` with the index of each time and the network there, and
/// returns the network at the last one. A time t = (k + f)η between two steps gets
/// $`W_k + f(W_{k+1} - W_k)`$.
///
/// # Errors
/// A network that does not fit the task, a rate that is not positive, times that do not increase,
/// an error of `record`, or a loss that runs away because the rate is too large.
pub fn gradient_descent(
    net: LinearNetwork,
    task: &Correlations,
    rate: f64,
    times: &[f64],
    record: impl FnMut(usize, &LinearNetwork) -> Result<()>,
) -> Result<LinearNetwork> {
    let clock = Clock::gradient_flow(rate)?;
    net.require_fitting(task)?;
    let mut engine = LinearDescent::new(&net, task, rate)?;
    let initial = engine.loss();
    let mut trainer = Trainer::new(engine, net, initial, clock)?;
    trainer.record(times, record)?;
    Ok(trainer.into_network())
}

/// Full-batch gradient descent of any network on examples, recorded as by [`gradient_descent`].
///
/// # Errors
/// As [`gradient_descent`].
pub fn gradient_descent_examples<N: Network>(
    net: N,
    data: &Dataset,
    rate: f64,
    times: &[f64],
    record: impl FnMut(usize, &N) -> Result<()>,
) -> Result<N> {
    let mut trainer = Training::gradient_flow(rate)?.on_examples(net, data)?;
    trainer.record(times, record)?;
    Ok(trainer.into_network())
}

/// Stochastic gradient descent on examples, recorded as by [`gradient_descent`].
///
/// # Errors
/// As [`gradient_descent`], or a batch size that is 0 or above the number of examples.
pub fn stochastic_gradient_descent<N: Network>(
    net: N,
    data: &Dataset,
    batches: Batches,
    rate: f64,
    times: &[f64],
    record: impl FnMut(usize, &N) -> Result<()>,
) -> Result<N> {
    let training = Training { batches: Some(batches), ..Training::gradient_flow(rate)? };
    let mut trainer = training.on_examples(net, data)?;
    trainer.record(times, record)?;
    Ok(trainer.into_network())
}
