//! Gradient descent, recorded at the times of a theory.
//!
//! Theories are curves in continuous time, simulations are steps. [`Clock`] says how many steps a
//! time is; a time between two steps is read off the straight line between them, which is what
//! Euler's method itself claims there.

use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::fast::linear_step::LinearDescent;
use super::{LinearNetwork, Network, add_scaled, interpolate, require_fitting};
use crate::math::linalg::require_finite;
use crate::math::random::{Purpose, stream};
use crate::math::times::validate_times;
use crate::{Correlations, Dataset, Error, Result};

/// Steps between looks at the loss: a diverging run is stopped soon, and looking costs nothing.
const CHECK_EVERY: u64 = 32;
/// How many times its initial value (plus one) the loss may reach before a run counts as diverged.
const DIVERGED: f64 = 1e6;
/// Times this close to a step, in steps, are that step.
const ON_A_STEP: f64 = 1e-9;

/// Descent steps per unit of theory time: the one place where the clock convention is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    rate: f64,
}

impl Clock {
    /// Gradient flow dW/dt = −∂L/∂W with τ = 1: k steps of rate η take time kη.
    ///
    /// # Errors
    /// A rate that is not positive and finite.
    pub fn gradient_flow(rate: f64) -> Result<Self> {
        if rate.is_finite() && rate > 0.0 {
            return Ok(Self { rate });
        }
        Err(Error::parameter("learning rate", rate, "it must be positive and finite").of("rate"))
    }

    /// Learning rate η.
    pub fn rate(self) -> f64 {
        self.rate
    }

    /// The time after some steps.
    pub fn time(self, steps: u64) -> f64 {
        steps as f64 * self.rate
    }

    /// Whole steps until a time, and the part of the next one.
    ///
    /// # Errors
    /// A time that is negative, not finite, or more steps away than can be told apart.
    pub fn steps(self, time: f64) -> Result<(u64, f64)> {
        let steps = time / self.rate;
        // Below 2⁵³ every whole number is an f64.
        if !(steps >= 0.0 && steps < (1u64 << f64::MANTISSA_DIGITS) as f64) {
            let allowed = format!(
                "with a learning rate of {} it must be between 0 and {:.0e}",
                self.rate,
                9e15 * self.rate
            );
            return Err(Error::parameter("time", time, allowed).of("times"));
        }
        let nearest = steps.round();
        // A quotient of two rounded numbers is off by a few units in its last place.
        if (steps - nearest).abs() <= ON_A_STEP.max(4.0 * f64::EPSILON * steps) {
            return Ok((nearest as u64, 0.0));
        }
        Ok((steps.floor() as u64, steps.fract()))
    }
}

/// How stochastic gradient descent picks its examples.
///
/// Examples are shuffled, used up, and shuffled again; batches are cut from that sequence one after
/// another, across the border between epochs too. So every batch has the same size, and every
/// example is used equally often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batches {
    /// Examples per step, from 1 to all of them.
    pub size: usize,
    /// Seed of the order of examples.
    pub seed: u64,
    /// Which run of an ensemble with this seed.
    pub run: u32,
}

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
    let mut descent = LinearDescent::new(&net, task, rate)?;
    let initial = descent.loss();
    descend(descent, net, initial, clock, times, record)
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
    let clock = Clock::gradient_flow(rate)?;
    require_fitting(&net, data.inputs.view(), data.targets.view())?;
    let (inputs, targets) = (data.inputs.clone(), data.targets.clone());
    let evaluated = net.loss_and_gradient(inputs.view(), targets.view());
    let initial = evaluated.0;
    let evaluated = Some(evaluated);
    let descent =
        ExampleDescent { net: net.clone(), evaluated, inputs, targets, rate, shuffle: None };
    descend(descent, net, initial, clock, times, record)
}

/// Full-batch gradient descent of any loss of several weight matrices, recorded as by
/// [`gradient_descent`].
///
/// `loss_and_gradient` gives the loss and its derivative in every matrix.
///
/// # Errors
/// As [`gradient_descent`], or a weight that is not finite.
pub fn gradient_descent_of(
    weights: Vec<Array2<f64>>,
    rate: f64,
    times: &[f64],
    loss_and_gradient: impl FnMut(&[Array2<f64>]) -> (f64, Vec<Array2<f64>>),
    record: impl FnMut(usize, &[Array2<f64>]) -> Result<()>,
) -> Result<Vec<Array2<f64>>> {
    let clock = Clock::gradient_flow(rate)?;
    for (l, w) in weights.iter().enumerate() {
        require_finite(&format!("weight matrix {}", l + 1), w.view())?;
    }
    let start = weights.clone();
    let mut descent = FunctionDescent { weights, evaluated: None, loss_and_gradient, rate };
    let initial = descent.loss();
    let mut record = record;
    descend(descent, start, initial, clock, times, |i, weights: &Vec<_>| record(i, weights))
}

/// Stochastic gradient descent on examples, recorded as by [`gradient_descent`].
///
/// # Errors
/// As [`gradient_descent`], or a batch that is empty or larger than the data set.
pub fn stochastic_gradient_descent<N: Network>(
    net: N,
    data: &Dataset,
    batches: Batches,
    rate: f64,
    times: &[f64],
    record: impl FnMut(usize, &N) -> Result<()>,
) -> Result<N> {
    let clock = Clock::gradient_flow(rate)?;
    require_fitting(&net, data.inputs.view(), data.targets.view())?;
    let p = data.n_samples();
    if batches.size == 0 || batches.size > p {
        let allowed = format!("it must be from 1 to the number of examples, {p}");
        return Err(Error::parameter("batch size", batches.size, allowed));
    }
    let rng = stream(batches.seed, Purpose::Examples, batches.run);
    let shuffle = Shuffle { data, order: (0..p).collect(), next: p, rng };
    let descent = ExampleDescent {
        net: net.clone(),
        evaluated: None,
        inputs: Array2::zeros((batches.size, data.inputs.ncols())),
        targets: Array2::zeros((batches.size, data.targets.ncols())),
        rate,
        shuffle: Some(shuffle),
    };
    // Of all examples: a batch may happen to have none.
    let (initial, _) = net.loss_and_gradient(data.inputs.view(), data.targets.view());
    descend(descent, net, initial, clock, times, record)
}

/// A network that can be moved down its loss, step by step.
pub(super) trait Descent {
    type Net: Clone;

    /// Loss at the present weights, on what the next step will use. Work done for it is not done
    /// again by that step.
    fn loss(&mut self) -> f64;

    /// Moves the weights.
    fn step(&mut self);

    /// Copies the weights into a network of the same shape.
    fn write(&mut self, net: &mut Self::Net);

    /// The weights of a network.
    fn matrices(net: &Self::Net) -> &[Array2<f64>];

    /// The weights of a network, to change in place.
    fn matrices_mut(net: &mut Self::Net) -> &mut [Array2<f64>];
}

/// Descent of a loss that is given as a function of the weights.
struct FunctionDescent<F> {
    weights: Vec<Array2<f64>>,
    /// Loss and gradient at the present weights, once they have been asked for.
    evaluated: Option<(f64, Vec<Array2<f64>>)>,
    loss_and_gradient: F,
    rate: f64,
}

impl<F: FnMut(&[Array2<f64>]) -> (f64, Vec<Array2<f64>>)> Descent for FunctionDescent<F> {
    type Net = Vec<Array2<f64>>;

    fn loss(&mut self) -> f64 {
        let Self { weights, loss_and_gradient, evaluated, .. } = self;
        evaluated.get_or_insert_with(|| loss_and_gradient(weights)).0
    }

    fn step(&mut self) {
        let evaluated = self.evaluated.take();
        let (_, gradient) = evaluated.unwrap_or_else(|| (self.loss_and_gradient)(&self.weights));
        for (w, g) in self.weights.iter_mut().zip(&gradient) {
            w.scaled_add(-self.rate, g);
        }
    }

    fn write(&mut self, net: &mut Self::Net) {
        for (to, from) in net.iter_mut().zip(&self.weights) {
            to.assign(from);
        }
    }

    fn matrices(net: &Self::Net) -> &[Array2<f64>] {
        net
    }

    fn matrices_mut(net: &mut Self::Net) -> &mut [Array2<f64>] {
        net
    }
}

/// Descent on examples: all of them in every step, or batches of a shuffled sequence.
struct ExampleDescent<'a, N> {
    net: N,
    /// Loss and gradient at the present weights, once they have been asked for.
    evaluated: Option<(f64, N)>,
    inputs: Array2<f64>,
    targets: Array2<f64>,
    rate: f64,
    shuffle: Option<Shuffle<'a>>,
}

struct Shuffle<'a> {
    data: &'a Dataset,
    order: Vec<usize>,
    next: usize,
    rng: ChaCha8Rng,
}

impl Shuffle<'_> {
    fn draw(&mut self, inputs: &mut Array2<f64>, targets: &mut Array2<f64>) {
        let rows = inputs.axis_iter_mut(Axis(0)).zip(targets.axis_iter_mut(Axis(0)));
        for (mut input, mut target) in rows {
            if self.next == self.order.len() {
                self.order.shuffle(&mut self.rng);
                self.next = 0;
            }
            let example = self.order[self.next];
            self.next += 1;
            input.assign(&self.data.inputs.row(example));
            target.assign(&self.data.targets.row(example));
        }
    }
}

impl<N: Network> ExampleDescent<'_, N> {
    fn evaluate(&mut self) -> (f64, N) {
        if let Some(evaluated) = self.evaluated.take() {
            return evaluated;
        }
        if let Some(shuffle) = &mut self.shuffle {
            shuffle.draw(&mut self.inputs, &mut self.targets);
        }
        self.net.loss_and_gradient(self.inputs.view(), self.targets.view())
    }
}

impl<N: Network> Descent for ExampleDescent<'_, N> {
    type Net = N;

    fn loss(&mut self) -> f64 {
        let (loss, gradient) = self.evaluate();
        self.evaluated = Some((loss, gradient));
        loss
    }

    fn step(&mut self) {
        let (_, gradient) = self.evaluate();
        add_scaled(&mut self.net, -self.rate, &gradient);
    }

    fn write(&mut self, net: &mut N) {
        for (to, from) in net.weights_mut().iter_mut().zip(self.net.weights()) {
            to.assign(from);
        }
    }

    fn matrices(net: &N) -> &[Array2<f64>] {
        net.weights()
    }

    fn matrices_mut(net: &mut N) -> &mut [Array2<f64>] {
        net.weights_mut()
    }
}

/// Takes the steps and records between them. `net` is where it starts, `initial` its loss.
fn descend<D: Descent>(
    mut descent: D,
    net: D::Net,
    initial: f64,
    clock: Clock,
    times: &[f64],
    mut record: impl FnMut(usize, &D::Net) -> Result<()>,
) -> Result<D::Net> {
    validate_times(times)?;
    let mut guard = Guard { clock, initial, checked: 0 };
    guard.check(0, initial)?;
    let (mut from, mut to, mut recorded) = (net.clone(), net.clone(), net);
    let mut step = 0;
    for (i, time) in times.iter().enumerate() {
        let (whole, fraction) = clock.steps(*time)?;
        // After a time between two steps, `step` is the one behind it: the next may need both.
        while step < whole {
            descent.step();
            step += 1;
            if step.is_multiple_of(CHECK_EVERY) {
                guard.check(step, descent.loss())?;
            }
        }
        if guard.checked != step {
            guard.check(step, descent.loss())?;
        }
        if fraction == 0.0 {
            // `recorded` is the start already, free of rounding.
            if step > 0 {
                descent.write(&mut recorded);
            }
        } else {
            if step == whole {
                descent.write(&mut from);
                descent.step();
                step += 1;
                guard.check(step, descent.loss())?;
                descent.write(&mut to);
            }
            let out = D::matrices_mut(&mut recorded);
            interpolate(out, D::matrices(&from), fraction, D::matrices(&to));
        }
        record(i, &recorded)?;
    }
    Ok(recorded)
}

/// Stops a run that diverges.
struct Guard {
    clock: Clock,
    initial: f64,
    /// The last step that was looked at.
    checked: u64,
}

impl Guard {
    fn check(&mut self, step: u64, loss: f64) -> Result<()> {
        self.checked = step;
        if loss.is_finite() && loss <= DIVERGED * (self.initial + 1.0) {
            return Ok(());
        }
        let (time, rate, initial) = (self.clock.time(step), self.clock.rate, self.initial);
        Err(Error::Numerical {
            method: "gradient descent",
            reason: format!(
                "the loss is {loss:.3e} after step {step} (time {time:.4e}), from {initial:.3e} \
                 at the start; lower the learning rate, which is {rate}"
            ),
        })
    }
}
