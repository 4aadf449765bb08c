//! The flow of overlaps through two tasks: sequence, mixture, frozen units, elastic weights.
//!
//! All fields share one covariance C, students first. While a share ρ of the examples is from task †,
//!
//! ```math
//! \dot C = \rho\,f(C, s^\dagger) + (1-\rho)\,f(C, s^\ddagger),\qquad
//! s^\dagger = (h^\dagger, -v^\dagger, 0),\quad s^\ddagger = (h^\ddagger, 0, -v^\ddagger),
//! ```
//!
//! f being the [flow](crate::student_teacher::flow) of one task: a step changes overlaps by an amount
//! of order 1/N, so that within a short time many examples of both tasks act on the same C, and their
//! effects, those of second order in η included, add up. Each head learns from its own examples,
//! $`\dot h^\dagger = -\rho\,\eta_v\sum_a s^\dagger_a I_2`$, and the overlaps with a teacher that does
//! not label still change.
//!
//! **Frozen units** have no first-layer step. In the flow they are not told from a teacher's units: fixed
//! directions, here with a positive signed readout, which goes on learning.
//!
//! **Elastic weights** (`kirkpatrick2017`) are pulled back to where they were at the switch, each in
//! proportion to its Fisher information for the first task. For the output of a regression with noise
//! of variance one it is the mean square of the output's derivative,
//!
//! ```math
//! F_{ki} = \frac1N (h^\dagger_k)^2 \langle g'(\lambda_k)^2 x_i^2\rangle
//!        \to \frac1N (h^\dagger_k)^2 J_2(k,k) =: \frac{F_k}N,
//! ```
//!
//! the same for all weights of a unit, because one input hardly matters to the field. (A noise of
//! variance σ² would divide it by σ²: that is in the strength λ.) So
//! $`\dot w_k = \ldots - \eta\lambda F_k\,(w_k - w^{\text{switch}}_k)`$: with the K anchors as additional
//! fields the equations stay closed,
//! $`\dot C_{kb} = \ldots - \eta\lambda F_k\,(C_{kb} - C_{k^{\text{switch}},b})`$ for every field b. The
//! head of task † has the information $`I_2(k,k)`$; its pull matters if examples of † go on coming.
//! Kirkpatrick et al. penalize networks; that this penalty is exactly solvable for online learning we
//! derived ourselves and hold against simulation.

use ndarray::{Array2, s};

use super::overlaps::{Task, TwoTaskOverlaps};
use super::two_tasks::{Protection, TwoTasks};
use crate::Result;
use crate::math::dense_ode::{Accuracy, integrate};
use crate::net::Nonlinearity;
use crate::student_teacher::averages::Fields;
use crate::student_teacher::flow::Flow;

/// Accuracy of integrated overlaps. An error far after the switch is quadratic in what is left to learn:
/// the change in a step must be accurate, not only the state.
const ACCURACY: Accuracy = Accuracy { relative: 1e-11, absolute: 1e-13, change: 1e-8 };

/// Fisher information of a unit's weights (times N) and of its readout in the first head.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Information {
    pub weights: Vec<f64>,
    pub readouts: Vec<f64>,
}

impl Information {
    /// In the limit of many dimensions.
    pub fn of(overlaps: &TwoTaskOverlaps, g: Nonlinearity) -> Self {
        let c: Vec<f64> = overlaps.both.covariance().iter().copied().collect();
        let fields = Fields::new(&c, overlaps.signed_readouts(Task::First).len());
        let head = overlaps.head(Task::First);
        let weights = head.iter().enumerate().map(|(k, h)| h * h * fields.j2(g, k, k));
        let readouts = (0..head.len()).map(|k| fields.i2(g, k, k));
        Self { weights: weights.collect(), readouts: readouts.collect() }
    }
}

/// Overlaps at increasing times; `times` must have been validated.
pub(super) fn course(tasks: &TwoTasks, times: &[f64]) -> Result<Vec<TwoTaskOverlaps>> {
    let switch = tasks.curriculum.switch;
    let early: Vec<f64> = times.iter().copied().filter(|t| *t <= switch).collect();
    let late: Vec<f64> = times.iter().filter(|t| **t > switch).map(|t| t - switch).collect();
    let first = Phase::before(tasks);
    let mut states =
        if early.is_empty() { Vec::new() } else { first.solve(&tasks.start, &early)? };
    if !late.is_empty() {
        let there = states.last().filter(|_| early.last() == Some(&switch));
        let at_switch = match there {
            Some(state) => state.clone(),
            None => first.solve(&tasks.start, &[switch])?.swap_remove(0),
        };
        states.extend(Phase::after(tasks, &at_switch).solve(&at_switch, &late)?);
    }
    Ok(states)
}

/// A time during which the rule of learning stays the same.
pub(super) struct Phase<'a> {
    pub tasks: &'a TwoTasks,
    /// Share of examples from the first task.
    share: f64,
    /// Fields of the flow, trained students first, then frozen ones, then teachers.
    order: Vec<usize>,
    n_trained: usize,
    /// Strength and information of elastic weights, and the first head at the switch.
    elastic: Option<(f64, Information, Vec<f64>)>,
}

impl<'a> Phase<'a> {
    /// Before the switch.
    pub fn before(tasks: &'a TwoTasks) -> Self {
        let k = tasks.start.n_students();
        let order = (0..k + tasks.start.both.n_teachers()).collect();
        Self { tasks, share: tasks.curriculum.shares[0], order, n_trained: k, elastic: None }
    }

    /// After the switch, at which the overlaps are `there`.
    pub fn after(tasks: &'a TwoTasks, there: &TwoTaskOverlaps) -> Self {
        let mut phase = Self { share: tasks.curriculum.shares[1], ..Self::before(tasks) };
        let k = phase.n_trained;
        match &tasks.protection {
            Protection::None => {}
            Protection::Frozen(units) => {
                phase.order[..k].sort_by_key(|unit| units.contains(unit));
                phase.n_trained = (0..k).filter(|unit| !units.contains(unit)).count();
            }
            Protection::Elastic { strength } => {
                let information = Information::of(there, tasks.activation);
                let head = there.head(Task::First).to_vec();
                phase.elastic = Some((*strength, information, head));
            }
        }
        phase
    }

    /// Number of fields, anchors included.
    pub fn n_fields(&self) -> usize {
        self.order.len() + if self.elastic.is_some() { self.n_students() } else { 0 }
    }

    pub fn n_students(&self) -> usize {
        self.tasks.start.n_students()
    }

    /// Covariance of all fields and both heads, in the order of the flow.
    pub fn state(&self, overlaps: &TwoTaskOverlaps) -> Vec<f64> {
        let k = self.n_students();
        // Anchors start where the students are.
        let fields: Vec<usize> =
            self.order.iter().copied().chain(0..self.n_fields() - self.order.len()).collect();
        let c = overlaps.both.covariance();
        let mut state: Vec<f64> =
            fields.iter().flat_map(|a| fields.iter().map(|b| c[[*a, *b]])).collect();
        for task in Task::BOTH {
            let head = overlaps.head(task);
            state.extend(self.order[..k].iter().map(|unit| head[*unit]));
        }
        state
    }

    fn overlaps(&self, state: &[f64]) -> TwoTaskOverlaps {
        let (k, n) = (self.n_students(), self.n_fields());
        let mut c = Array2::zeros((self.order.len(), self.order.len()));
        for (a, to) in self.order.iter().enumerate() {
            for (b, across) in self.order.iter().enumerate() {
                c[[*to, *across]] = state[a * n + b];
            }
        }
        let mut overlaps = self.tasks.start.clone();
        overlaps.both.q = c.slice(s![..k, ..k]).to_owned();
        overlaps.both.r = c.slice(s![..k, k..]).to_owned();
        for (i, unit) in self.order[..k].iter().enumerate() {
            overlaps.both.v[*unit] = state[n * n + i];
            overlaps.second_head[*unit] = state[n * n + k + i];
        }
        overlaps
    }

    /// Overlaps at times after the phase began with `start`.
    pub fn solve(&self, start: &TwoTaskOverlaps, times: &[f64]) -> Result<Vec<TwoTaskOverlaps>> {
        let mut workspace = self.workspace();
        let field = |y: &[f64], dy: &mut [f64]| self.field(&mut workspace, y, dy);
        let states = integrate(field, &self.state(start), times, ACCURACY)?;
        Ok(states.iter().map(|state| self.overlaps(state)).collect())
    }

    pub fn workspace(&self) -> Workspace {
        let (n, trained) = (self.n_fields(), self.n_trained);
        let signs = self.order.iter().map(|field| {
            let teacher = field.checked_sub(self.n_students())?;
            let task = if teacher < self.tasks.start.n_first { 0 } else { 1 };
            Some((task, -self.tasks.start.both.teacher_readout[teacher]))
        });
        let mut readouts = [vec![0.0; n], vec![0.0; n]];
        for (a, sign) in signs.enumerate() {
            if let Some((task, readout)) = sign {
                readouts[task][a] = readout;
            }
        }
        Workspace {
            flow: Flow::new(self.tasks.activation, self.tasks.learning, trained, n),
            readouts,
            d_covariance: vec![0.0; n * n],
            d_head: vec![0.0; trained],
        }
    }

    /// Derivative of the state.
    pub fn field(&self, work: &mut Workspace, y: &[f64], dy: &mut [f64]) {
        let (k, n) = (self.n_students(), self.n_fields());
        let (covariance, heads) = y.split_at(n * n);
        dy.fill(0.0);
        for (task, share) in [self.share, 1.0 - self.share].into_iter().enumerate() {
            if share == 0.0 {
                continue;
            }
            let signed = &mut work.readouts[task];
            signed[..k].copy_from_slice(&heads[task * k..(task + 1) * k]);
            let (dc, dh) = (&mut work.d_covariance, &mut work.d_head);
            work.flow.derivative(covariance, signed, dc, dh);
            dy.iter_mut().zip(dc.iter()).for_each(|(to, from)| *to += share * from);
            let d_head = &mut dy[n * n + task * k..][..k];
            d_head.iter_mut().zip(dh.iter()).for_each(|(to, from)| *to += share * from);
            // A frozen unit's readout learns like any other.
            let rate = share * self.tasks.learning.readout_rate;
            let fields = Fields::new(covariance, n);
            for i in self.n_trained..k {
                let output = |a: usize| fields.i2(self.tasks.activation, i, a);
                let pull: f64 =
                    (0..n).filter(|a| signed[*a] != 0.0).map(|a| signed[a] * output(a)).sum();
                d_head[i] -= rate * pull;
            }
        }
        if let Some((strength, information, head)) = &self.elastic {
            let learning = &self.tasks.learning;
            for i in 0..k {
                let pull = learning.rate * strength * information.weights[i];
                let anchor = self.order.len() + i;
                for b in 0..n {
                    let change = pull * (covariance[i * n + b] - covariance[anchor * n + b]);
                    // Twice on the diagonal.
                    dy[i * n + b] -= change;
                    dy[b * n + i] -= change;
                }
                let pull = learning.readout_rate * strength * information.readouts[i];
                dy[n * n + i] -= pull * (heads[i] - head[i]);
            }
        }
    }
}

/// Room for the derivative.
pub(super) struct Workspace {
    flow: Flow,
    /// Signed readouts of both tasks; the teachers' are fixed.
    pub readouts: [Vec<f64>; 2],
    d_covariance: Vec<f64>,
    d_head: Vec<f64>,
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;
