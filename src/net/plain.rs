//! The plain engines: a rule, a loss and an optimizer, written as they are defined. They judge the fast
//! ones.

use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::network::require_fitting;
use super::optimizer::Steps;
use super::trainer::{Engine, Trainer};
use super::{Change, Clock, LinearNetwork, Loss, Network, Optimizer, Rule};
use crate::math::random::{Purpose, stream};
use crate::{Correlations, Dataset, Error, Result};

/// How examples are picked for the steps of stochastic gradient descent.
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

/// How a network is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// What asks for changes.
    pub rule: Rule,
    /// What is to become small.
    pub loss: Loss,
    /// How changes become steps.
    pub optimizer: Optimizer,
    /// Examples of each step; all of them unless given.
    pub batches: Option<Batches>,
    /// Time per step.
    pub clock: Clock,
}

impl Training {
    /// Full-batch gradient descent on the half squared error, k steps of rate η in time kη.
    ///
    /// # Errors
    /// A rate that is not positive and finite.
    pub fn gradient_flow(rate: f64) -> Result<Self> {
        Ok(Self {
            rule: Rule::Backprop,
            loss: Loss::HalfSquare,
            clock: Clock::gradient_flow(rate)?,
            optimizer: Optimizer::descent(rate),
            batches: None,
        })
    }

    /// A network that learns examples.
    ///
    /// # Errors
    /// Data that do not fit the network or the loss, a number of the optimizer out of range, batches
    /// larger than the data.
    pub fn on_examples<'a, N: Network>(
        self,
        net: N,
        data: &'a Dataset,
    ) -> Result<Trainer<OnExamples<'a, N>>> {
        require_fitting(&net, data.inputs.view(), data.targets.view())?;
        self.loss.validate(data.targets.view())?;
        let steps = Steps::new(self.optimizer, net.weights())?;
        let mut engine = OnExamples {
            change: Change::zeros_like(net.weights()),
            net: net.clone(),
            rule: self.rule,
            loss: self.loss,
            steps,
            evaluated: None,
            inputs: data.inputs.clone(),
            targets: data.targets.clone(),
            shuffle: None,
        };
        // Of all examples: a batch may happen to have none.
        let initial = engine.evaluate();
        if let Some(batches) = self.batches {
            engine.shuffle = Some(Shuffle::new(data, batches)?);
            engine.evaluated = None;
            engine.inputs = Array2::zeros((batches.size, data.inputs.ncols()));
            engine.targets = Array2::zeros((batches.size, data.targets.ncols()));
        }
        Trainer::new(engine, net, initial, self.clock)
    }

    /// A linear network that sees a task only through its correlations, by the half squared error.
    ///
    /// # Errors
    /// A network that does not fit the task, a number of the optimizer out of range; another loss, or
    /// batches: correlations are averages over all examples.
    pub fn on_correlations<'a>(
        self,
        net: LinearNetwork,
        task: &'a Correlations,
    ) -> Result<Trainer<OnCorrelations<'a>>> {
        net.require_fitting(task)?;
        if self.loss != Loss::HalfSquare || self.batches.is_some() {
            return Err(Error::Assumption {
                theory: "training on correlations",
                reason: "correlations know only the half squared error of all examples".into(),
                remedy: "train on the examples".into(),
            });
        }
        let steps = Steps::new(self.optimizer, net.weights())?;
        let mut engine = OnCorrelations {
            change: Change::zeros_like(net.weights()),
            net: net.clone(),
            rule: self.rule,
            task,
            steps,
            evaluated: None,
        };
        let initial = engine.evaluate();
        Trainer::new(engine, net, initial, self.clock)
    }
}

/// Examples in random order.
#[derive(Debug, Clone)]
struct Shuffle<'a> {
    data: &'a Dataset,
    order: Vec<usize>,
    next: usize,
    rng: ChaCha8Rng,
}

impl<'a> Shuffle<'a> {
    fn new(data: &'a Dataset, batches: Batches) -> Result<Self> {
        let p = data.n_samples();
        if !(1..=p).contains(&batches.size) {
            let allowed = format!("it must be from 1 to the number of examples, {p}");
            return Err(Error::parameter("batch size", batches.size, allowed));
        }
        let rng = stream(batches.seed, Purpose::Examples, batches.run);
        Ok(Self { data, order: (0..p).collect(), next: p, rng })
    }

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

/// Training on examples: all of them in every step, or batches of a shuffled sequence.
#[derive(Debug, Clone)]
pub struct OnExamples<'a, N> {
    net: N,
    rule: Rule,
    loss: Loss,
    steps: Steps,
    change: Change,
    /// Loss at the present weights once `change` is theirs.
    evaluated: Option<f64>,
    inputs: Array2<f64>,
    targets: Array2<f64>,
    shuffle: Option<Shuffle<'a>>,
}

impl<N: Network> OnExamples<'_, N> {
    fn evaluate(&mut self) -> f64 {
        if let Some(loss) = self.evaluated {
            return loss;
        }
        if let Some(shuffle) = &mut self.shuffle {
            shuffle.draw(&mut self.inputs, &mut self.targets);
        }
        let (x, y) = (self.inputs.view(), self.targets.view());
        let loss = self.rule.change(&self.net, x, y, self.loss, &mut self.change);
        self.evaluated = Some(loss);
        loss
    }
}

impl<N: Network> Engine for OnExamples<'_, N> {
    type Net = N;

    fn advance(&mut self, steps: u64) {
        for _ in 0..steps {
            self.evaluate();
            self.steps.step(self.net.weights_mut(), &mut self.change);
            self.evaluated = None;
        }
    }

    fn loss(&mut self) -> f64 {
        self.evaluate()
    }

    fn remedy(&self) -> String {
        lower(self.steps.optimizer())
    }

    fn write(&mut self, net: &mut N) {
        copy(self.net.weights(), net.weights_mut());
    }

    fn matrices(net: &N) -> &[Array2<f64>] {
        net.weights()
    }

    fn matrices_mut(net: &mut N) -> &mut [Array2<f64>] {
        net.weights_mut()
    }
}

/// Training of a linear network on the correlations of a task.
#[derive(Debug, Clone)]
pub struct OnCorrelations<'a> {
    net: LinearNetwork,
    rule: Rule,
    task: &'a Correlations,
    steps: Steps,
    change: Change,
    evaluated: Option<f64>,
}

impl OnCorrelations<'_> {
    fn evaluate(&mut self) -> f64 {
        let Self { net, rule, task, change, evaluated, .. } = self;
        *evaluated.get_or_insert_with(|| rule.change_on_correlations(net, task, change))
    }
}

impl Engine for OnCorrelations<'_> {
    type Net = LinearNetwork;

    fn advance(&mut self, steps: u64) {
        for _ in 0..steps {
            self.evaluate();
            self.steps.step(self.net.weights_mut(), &mut self.change);
            self.evaluated = None;
        }
    }

    fn loss(&mut self) -> f64 {
        self.evaluate()
    }

    fn remedy(&self) -> String {
        lower(self.steps.optimizer())
    }

    fn write(&mut self, net: &mut LinearNetwork) {
        copy(self.net.weights(), net.weights_mut());
    }

    fn matrices(net: &LinearNetwork) -> &[Array2<f64>] {
        net.weights()
    }

    fn matrices_mut(net: &mut LinearNetwork) -> &mut [Array2<f64>] {
        net.weights_mut()
    }
}

/// What to change if descent diverges.
fn lower(optimizer: &Optimizer) -> String {
    match optimizer.rates[..] {
        [rate] => format!("lower the learning rate, which is {rate}"),
        ref rates => format!("lower the learning rates, which are {rates:?}"),
    }
}

fn copy(from: &[Array2<f64>], to: &mut [Array2<f64>]) {
    to.iter_mut().zip(from).for_each(|(to, from)| to.assign(from));
}
