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
use crate::net::Activation;
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
    pub fn of(overlaps: &TwoTaskOverlaps, g: Activation) -> Self {
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
mod tests {
    use super::*;
    use crate::continual::cases::two_tasks;
    use crate::continual::overlaps::TeacherPair;
    use crate::continual::two_tasks::Curriculum;
    use crate::student_teacher::flow::solve;
    use crate::student_teacher::order_parameters::OrderParameters;
    use ndarray::{Array1, arr1};

    const ACTIVATIONS: [Activation; 3] = [Activation::Erf, Activation::Relu, Activation::Linear];
    const TIMES: [f64; 5] = [0.0, 2.0, 5.0, 8.0, 15.0];

    fn random(seed: u64, features: f64, readouts: f64) -> TwoTasks {
        let pair = TeacherPair::similar(2, features, readouts).unwrap();
        let (h, g) = (arr1(&[0.4, -0.3, 0.6]), arr1(&[-0.2, 0.5, 0.3]));
        let start = pair.random_student([&h, &g], 0.7, 20, seed).unwrap();
        TwoTasks { start, ..two_tasks(50) }
    }

    #[track_caller]
    fn assert_same(a: &TwoTaskOverlaps, b: &TwoTaskOverlaps, gate: f64) {
        let gap =
            |x: &Array2<f64>, y: &Array2<f64>| (x - y).iter().fold(0.0f64, |m, x| m.max(x.abs()));
        assert!(gap(&a.both.covariance(), &b.both.covariance()) < gate, "{a:?}\n{b:?}");
        for task in Task::BOTH {
            let apart = a.head(task) - b.head(task);
            assert!(apart.iter().all(|x| x.abs() < gate), "{a:?}\n{b:?}");
        }
    }

    #[test]
    fn before_the_switch_there_is_one_task() {
        for activation in ACTIVATIONS {
            let tasks = TwoTasks {
                activation,
                curriculum: Curriculum::sequential(100.0),
                ..random(0, 0.3, 0.4)
            };
            let both = &tasks.start.both;
            let alone = OrderParameters {
                r: tasks.start.with_teacher(Task::First).to_owned(),
                t: both.t.slice(s![..2, ..2]).to_owned(),
                teacher_readout: both.teacher_readout.slice(s![..2]).to_owned(),
                ..both.clone()
            };
            let single = solve(activation, &tasks.learning, &alone, &TIMES).unwrap();
            for (found, one) in tasks.course(&TIMES).unwrap().iter().zip(single) {
                let gap = &found.both.q - &one.q;
                assert!(gap.iter().all(|g| g.abs() < 1e-7), "{activation}: {gap}");
                let gap = found.with_teacher(Task::First).to_owned() - &one.r;
                assert!(gap.iter().all(|g| g.abs() < 1e-7), "{activation}: {gap}");
                assert_eq!(found.second_head, tasks.start.second_head);
            }
        }
    }

    #[test]
    fn tasks_can_be_exchanged() {
        for activation in ACTIVATIONS {
            let tasks = TwoTasks {
                activation,
                curriculum: Curriculum { switch: 5.0, shares: [0.9, 0.3] },
                ..random(1, 0.6, -0.2)
            };
            let exchanged = TwoTasks {
                start: tasks.start.exchanged(),
                curriculum: Curriculum { switch: 5.0, shares: [0.1, 0.7] },
                ..tasks.clone()
            };
            let others = exchanged.course(&TIMES).unwrap();
            for (a, b) in tasks.course(&TIMES).unwrap().iter().zip(others) {
                assert_same(a, &b.exchanged(), 1e-9);
            }
        }
    }

    #[test]
    fn the_same_task_twice_is_one_task() {
        let mut once = TwoTasks { curriculum: Curriculum::interleaved(1.0), ..random(2, 1.0, 1.0) };
        once.start.second_head = once.start.both.v.clone();
        let switch = 5.0;
        let alone = once.course(&TIMES).unwrap();
        // A second head that is at the switch where the first is goes on like it.
        let half = once.course(&[switch]).unwrap().remove(0);
        let later: Vec<f64> = TIMES.iter().filter(|t| **t >= switch).map(|t| t - switch).collect();
        let mut second = TwoTasks { curriculum: Curriculum::sequential(0.0), ..once.clone() };
        second.start = TwoTaskOverlaps { second_head: half.both.v.clone(), ..half };
        for (a, b) in alone[2..].iter().zip(second.course(&later).unwrap()) {
            assert!(
                (a.error(Activation::Erf, Task::First) - b.error(Activation::Erf, Task::Second))
                    .abs()
                    < 1e-9
            );
        }
        // With fixed heads that are the same it does not matter which task an example is from.
        once.learning.readout_rate = 0.0;
        let fixed = once.course(&TIMES).unwrap();
        for share in [0.0, 0.3] {
            let mixed = TwoTasks { curriculum: Curriculum::interleaved(share), ..once.clone() };
            for (a, b) in fixed.iter().zip(mixed.course(&TIMES).unwrap()) {
                assert_same(a, &b, 1e-9);
            }
        }
    }

    #[test]
    fn opposite_features_and_readouts_are_the_same_task_for_odd_units() {
        let (a, b) = (random(3, 0.4, 1.0), random(3, -0.4, -1.0));
        let turned = {
            let mut start = a.start.clone();
            let own = start.n_first;
            start.both.r.slice_mut(s![.., own..]).mapv_inplace(|x| -x);
            start
        };
        let b = TwoTasks {
            start: TwoTaskOverlaps {
                both: OrderParameters { r: turned.both.r, ..b.start.both },
                ..b.start
            },
            ..b
        };
        let others = b.course(&TIMES).unwrap();
        for (a, b) in a.course(&TIMES).unwrap().iter().zip(others) {
            for task in Task::BOTH {
                let (x, y) = (a.error(Activation::Erf, task), b.error(Activation::Erf, task));
                assert!((x - y).abs() < 1e-10, "{x} against {y}");
            }
        }
    }

    #[test]
    fn frozen_units_stay_and_which_one_is_named_does_not_matter() {
        for activation in ACTIVATIONS {
            let tasks = TwoTasks {
                activation,
                curriculum: Curriculum::sequential(5.0),
                protection: Protection::Frozen(vec![0, 2]),
                ..random(4, 0.5, 0.5)
            };
            let states = tasks.course(&TIMES).unwrap();
            let (there, end) = (&states[2], &states[4]);
            for unit in [0, 2] {
                assert_eq!(there.both.q[[unit, unit]], end.both.q[[unit, unit]]);
                assert_eq!(there.both.r.row(unit), end.both.r.row(unit));
                assert_ne!(there.second_head[unit], end.second_head[unit]);
            }
            assert_ne!(there.both.q[[1, 1]], end.both.q[[1, 1]]);
            // The same student with its units in another order.
            let order = [1, 2, 0];
            let permuted = |head: &Array1<f64>| head.select(ndarray::Axis(0), &order);
            let mut other = tasks.clone();
            let both = &mut other.start.both;
            let rows = both.q.select(ndarray::Axis(0), &order);
            both.q = rows.select(ndarray::Axis(1), &order);
            both.r = both.r.select(ndarray::Axis(0), &order);
            both.v = permuted(&both.v);
            other.start.second_head = permuted(&other.start.second_head);
            other.protection = Protection::Frozen(vec![1, 2]);
            for (a, b) in states.iter().zip(other.course(&TIMES).unwrap()) {
                for task in Task::BOTH {
                    let (x, y) = (a.error(activation, task), b.error(activation, task));
                    assert!((x - y).abs() < 1e-9, "{activation}: {x} against {y}");
                }
            }
        }
    }

    #[test]
    fn a_frozen_layer_forgets_nothing_and_elastic_weights_lie_between() {
        let with = |protection| {
            let tasks = TwoTasks {
                protection,
                curriculum: Curriculum::sequential(50.0),
                ..random(5, 0.4, 0.5)
            };
            tasks.balance(&[0.0, 5.0, 10.0]).unwrap()
        };
        let frozen = with(Protection::frozen_layer(3));
        assert!(frozen.forgetting.iter().all(|f| f.abs() < 1e-15) && frozen.transfer[2] > 0.0);
        assert_eq!(frozen.initial_forgetting, 0.0);
        let free = with(Protection::None);
        let slack = with(Protection::Elastic { strength: 0.0 });
        assert!((slack.forgetting[2] - free.forgetting[2]).abs() < 1e-12);
        let mut before = free;
        for strength in [0.5, 5.0, 50.0, 500.0] {
            let elastic = with(Protection::Elastic { strength });
            assert!(elastic.forgetting[2] < before.forgetting[2], "{strength}: {elastic:?}");
            before = elastic;
        }
        assert!((before.forgetting[2] - frozen.forgetting[2]).abs() < 0.02 * before.at_switch[1]);
        assert!((before.transfer[2] - frozen.transfer[2]).abs() < 0.05 * before.at_switch[1]);
    }

    #[test]
    fn first_slopes_are_those_of_the_course() {
        for activation in ACTIVATIONS {
            for protection in [Protection::None, Protection::Frozen(vec![1])] {
                let curriculum = Curriculum::replay(5.0, 0.2);
                let base = random(6, 0.4, 0.5);
                let tasks = TwoTasks { activation, protection, curriculum, ..base };
                // Two central parts of a parabola: wrong by h² of the third derivative.
                let h = 1e-4;
                let b = tasks.balance(&[h, 2.0 * h]).unwrap();
                let slope = |y: &[f64]| (4.0 * y[0] - y[1]) / (2.0 * h);
                let gaps = [
                    slope(&b.forgetting) - b.initial_forgetting,
                    slope(&b.transfer) - b.initial_transfer,
                ];
                assert!(gaps.iter().all(|g| g.abs() < 1e-6), "{activation}: {gaps:?}, {b:?}");
            }
        }
    }
}
