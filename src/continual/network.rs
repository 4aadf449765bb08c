//! Training a network of N inputs on two tasks, one example after another.

use ndarray::{Array1, Array2, Zip};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::overlaps::{Task, TwoTaskOverlaps};
use super::two_tasks::{Protection, TwoTasks};
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::online::committee::Committee;
use crate::net::online::gaussian_inputs::GaussianInputs;
use crate::net::online::units::OnlineUnits;
use crate::student_teacher::finite::online_descent::weights_with_overlaps;
use crate::student_teacher::flow::Learning;
use crate::student_teacher::order_parameters::OrderParameters;
use crate::{Error, Result};

/// Examples of the first task per input from which Fisher information is estimated at the switch.
const FISHER_EXAMPLES: usize = 10;

/// A student in training.
pub(super) struct Student<'a> {
    tasks: &'a TwoTasks,
    units: OnlineUnits,
    heads: [Array1<f64>; 2],
    inputs: GaussianInputs,
    rule: Committee,
    /// Which task an example is from.
    choice: ChaCha8Rng,
    /// Where information is measured at the switch.
    fisher: ChaCha8Rng,
    steps: u64,
    elastic: Option<Elastic>,
}

/// Weights with springs.
struct Elastic {
    strength: f64,
    anchor: Array2<f64>,
    head: Array1<f64>,
    /// Information of each weight, times N.
    weights: Array2<f64>,
    readouts: Vec<f64>,
}

impl<'a> Student<'a> {
    /// A network whose overlaps are exactly those of the start; the seed turns them in space.
    pub fn new(tasks: &'a TwoTasks, seed: u64) -> Result<Self> {
        let start = &tasks.start;
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let weights = weights_with_overlaps(&start.both.covariance(), tasks.size, &mut rng)?;
        let (students, teachers) = weights.view().split_at(ndarray::Axis(0), start.n_students());
        Ok(Self {
            tasks,
            units: OnlineUnits::new(students, teachers)?,
            heads: Task::BOTH.map(|task| start.head(task).clone()),
            inputs: GaussianInputs::new(tasks.size, stream(seed, Purpose::Examples, 0)),
            rule: Committee::new(
                tasks.activation,
                vec![tasks.learning.rate / (tasks.size as f64).sqrt(); start.n_students()],
                tasks.learning.readout_rate / tasks.size as f64,
                tasks.learning.noise,
                stream(seed, Purpose::LabelNoise, 0),
            ),
            choice: stream(seed, Purpose::Task, 0),
            fisher: stream(seed, Purpose::Examples, 1),
            steps: 0,
            elastic: None,
        })
    }

    /// Overlaps at increasing times, rounded to whole steps.
    pub fn learn(mut self, times: &[f64]) -> Result<Vec<TwoTaskOverlaps>> {
        let step = |time: f64| (time * self.tasks.size as f64).round() as u64;
        let switch = step(self.tasks.curriculum.switch);
        let targets: Vec<u64> = times.iter().map(|time| step(*time)).collect();
        let mut states = Vec::with_capacity(times.len());
        for (time, target) in times.iter().zip(targets) {
            if self.steps < switch {
                self.advance(target.min(switch), 0);
            }
            if self.steps < target {
                if self.steps == switch {
                    self.protect();
                }
                self.advance(target, 1);
            }
            states.push(self.overlaps(*time)?);
        }
        Ok(states)
    }

    fn overlaps(&self, time: f64) -> Result<TwoTaskOverlaps> {
        let (students, teachers) = (self.units.students(), self.units.teachers());
        let readouts = &self.tasks.start.both.teacher_readout;
        let numbers = || students.iter().chain(&self.heads[0]).chain(&self.heads[1]);
        // Overlaps are squares.
        if numbers().any(|x| x.is_nan() || x.abs() > 1e100) {
            return Err(Error::Numerical {
                method: "online learning of two tasks",
                reason: format!("weights diverged before t = {time}; use smaller learning rates"),
            });
        }
        Ok(TwoTaskOverlaps {
            both: OrderParameters::of_weights(&students, &self.heads[0], &teachers, readouts)?,
            second_head: self.heads[1].clone(),
            n_first: self.tasks.start.n_first,
        })
    }

    /// Measures what elastic weights need at the switch.
    fn protect(&mut self) {
        let Protection::Elastic { strength } = self.tasks.protection else { return };
        let (g, n) = (self.tasks.activation, self.tasks.size);
        let anchor = self.units.students();
        let mut weights = Array2::<f64>::zeros(anchor.dim());
        let mut readouts = vec![0.0; anchor.nrows()];
        let examples = (FISHER_EXAMPLES * n) as f64;
        for _ in 0..FISHER_EXAMPLES {
            let inputs = gaussian(n, n, 1.0, &mut self.fisher);
            let fields = inputs.dot(&anchor.t()) / (n as f64).sqrt();
            let slopes = fields.mapv(|h| g.slope(h).powi(2) / examples);
            weights += &slopes.t().dot(&inputs.mapv(|x| x * x));
            for (sum, unit) in readouts.iter_mut().zip(fields.columns()) {
                *sum += unit.iter().map(|h| g.value(*h).powi(2)).sum::<f64>() / examples;
            }
        }
        let head = self.heads[0].clone();
        for (mut row, h) in weights.rows_mut().into_iter().zip(&head) {
            row *= h * h;
        }
        self.elastic = Some(Elastic { strength, anchor, head, weights, readouts });
    }

    /// Trains until a number of steps, in the phase before (0) or after (1) the switch.
    fn advance(&mut self, until: u64, phase: usize) {
        if self.elastic.is_none() {
            self.descend(until.saturating_sub(self.steps), phase);
        }
        while self.steps < until {
            self.descend(1, phase);
            self.pull_back();
        }
    }

    /// Steps of gradient descent on one fresh example each.
    fn descend(&mut self, steps: u64, phase: usize) {
        self.steps += steps;
        let TwoTasks { start, curriculum, protection, .. } = self.tasks;
        let share = curriculum.shares[phase];
        if let (Protection::Frozen(frozen), 1) = (protection, phase) {
            frozen.iter().for_each(|unit| self.rule.rates_mut()[*unit] = 0.0);
        }
        let readouts = start.both.teacher_readout.as_slice().unwrap_or_default();
        let ([first, second], n_first) = (&mut self.heads, start.n_first);
        let (rule, choice) = (&mut self.rule, &mut self.choice);
        self.units.learn(&mut self.inputs, steps, |students, teachers, moves| {
            let of_first = share == 1.0 || (share > 0.0 && choice.random::<f64>() < share);
            let (head, range) = match of_first {
                true => (&mut *first, 0..n_first),
                false => (&mut *second, n_first..teachers.len()),
            };
            let head = head.as_slice_mut().unwrap_or_default();
            let sides = (students, &teachers[range.clone()]);
            rule.step(sides, (head, &readouts[range]), 0.0, moves);
        });
    }

    /// One step down the quadratic penalty.
    fn pull_back(&mut self) {
        let Some(elastic) = &self.elastic else { return };
        let Learning { rate, readout_rate, .. } = self.tasks.learning;
        let strength = elastic.strength / self.tasks.size as f64;
        let mut weights = self.units.students();
        Zip::from(&mut weights)
            .and(&elastic.anchor)
            .and(&elastic.weights)
            .for_each(|w, anchor, information| *w -= rate * strength * information * (*w - anchor));
        for ((h, anchor), information) in
            self.heads[0].iter_mut().zip(&elastic.head).zip(&elastic.readouts)
        {
            *h -= readout_rate * strength * information * (*h - anchor);
        }
        // Weights that diverged are found where they are recorded.
        let _ = self.units.set_students(weights.view());
    }
}
