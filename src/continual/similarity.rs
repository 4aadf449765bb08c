//! Forgetting and transfer along the similarity of two tasks, over random starts.

use super::overlaps::Task;
use super::two_tasks::TwoTasks;
use crate::agreement::{FiniteSize, Tolerance};
use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_error;
use crate::{Agreement, Axis, Result, Trajectory, compare};

/// What is asked of a student: forgetting and transfer shortly after the switch, forgetting and error on the
/// second task at the end, which is as long after the switch as the start was before.
pub const OUTCOMES: [&str; 4] =
    ["early forgetting", "early transfer", "forgetting", "error on task 2"];

/// Two tasks of a similarity, from the random start that belongs to a seed.
pub type TasksAt<'a> = Box<dyn Fn(f64, u64) -> Result<TwoTasks> + Sync + 'a>;

/// Students that learn two tasks one after the other, for any similarity of these.
pub struct SimilaritySweep<'a> {
    /// The tasks.
    pub tasks: TasksAt<'a>,
    /// Examples per input after the switch at which early forgetting and transfer are taken.
    pub early: f64,
    /// Seed of the first start; the others count on from it.
    pub seed: u64,
}

/// [`OUTCOMES`] of students at several similarities.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// Similarities.
    pub points: Vec<f64>,
    /// Point by point, start by start.
    pub values: Vec<Vec<[f64; 4]>>,
}

impl Outcomes {
    /// Mean of the outcome number `k` over starts, with its standard error, at each point.
    pub fn mean_and_error(&self, k: usize) -> (Vec<f64>, Vec<f64>) {
        self.values.iter().map(|v| mean_and_error(v.iter().map(|x| x[k]))).unzip()
    }
}

impl TwoTasks {
    /// [`OUTCOMES`] in many dimensions.
    ///
    /// # Errors
    /// As [`balance`](Self::balance).
    pub fn outcomes(&self, early: f64) -> Result<[f64; 4]> {
        let b = self.balance(&[early, self.curriculum.switch])?;
        Ok([b.forgetting[0], b.transfer[0], b.forgetting[1], b.at_switch[1] - b.transfer[1]])
    }

    /// The same of one trained network.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn trained_outcomes(&self, early: f64, seed: u64) -> Result<[f64; 4]> {
        let switch = self.curriculum.switch;
        let states = self.train(&[switch, switch + early, 2.0 * switch], seed)?;
        let [first, second] =
            Task::BOTH.map(|task| [0, 1, 2].map(|i| states[i].error(self.activation, task)));
        Ok([first[1] - first[0], second[0] - second[1], first[2] - first[0], second[2]])
    }
}

impl SimilaritySweep<'_> {
    fn over(
        &self,
        points: &[f64],
        starts: usize,
        job: impl Fn(TwoTasks, u64) -> Result<[f64; 4]> + Sync,
    ) -> Result<Outcomes> {
        let starts = starts.max(1);
        let all = in_parallel(points.len() * starts, |i| {
            let seed = self.seed + (i % starts) as u64;
            job((self.tasks)(points[i / starts], seed)?, seed)
        })?;
        let values = all.chunks(starts).map(<[_]>::to_vec).collect();
        Ok(Outcomes { points: points.to_vec(), values })
    }

    /// Theory of many dimensions at every point, start by start.
    ///
    /// # Errors
    /// As [`TwoTasks::outcomes`].
    pub fn predict(&self, points: &[f64], starts: usize) -> Result<Outcomes> {
        self.over(points, starts, |tasks, _| tasks.outcomes(self.early))
    }

    /// Trains a network from every start at every point.
    ///
    /// # Errors
    /// As [`TwoTasks::trained_outcomes`].
    pub fn simulate(&self, points: &[f64], starts: usize) -> Result<Outcomes> {
        self.over(points, starts, |tasks, seed| tasks.trained_outcomes(self.early, seed))
    }

    /// Networks held against theory from the same starts: the mean of their differences, so that what
    /// starts have in common cancels. The bound is what half as many inputs change, which a gap of order
    /// 1/N is as large as. Only the outcomes `shown` are compared; `axis` names the similarity.
    ///
    /// # Errors
    /// As [`predict`](Self::predict) and [`simulate`](Self::simulate).
    pub fn compare(
        &self,
        networks: &Outcomes,
        shown: &[usize],
        axis: &str,
    ) -> Result<Vec<Agreement>> {
        let (points, values) = (&networks.points, &networks.values);
        let starts = values.first().map_or(0, Vec::len);
        let theory = self.predict(points, starts)?;
        let half = self.over(points, starts, |tasks, seed| {
            TwoTasks { size: tasks.size / 2, ..tasks }.trained_outcomes(self.early, seed)
        })?;
        let new = || Trajectory::new(Axis::Parameter, points);
        let mut prediction = new();
        let mut runs = vec![new(); starts];
        let (mut gaps, mut biases) = (Vec::new(), Vec::new());
        for k in shown {
            let name = format!("{} against {axis}", OUTCOMES[*k]);
            let expected = theory.mean_and_error(*k).0;
            for (start, run) in runs.iter_mut().enumerate() {
                let apart = |i: usize| values[i][start][*k] - theory.values[i][start][*k];
                run.push(&name, (0..points.len()).map(|i| expected[i] + apart(i)).collect())?;
            }
            let change = networks.mean_and_error(*k).0.into_iter().zip(half.mean_and_error(*k).0);
            biases.push(change.map(|(x, y)| (x - y).abs()).collect());
            gaps.push(1e-6);
            prediction.push(name, expected)?;
        }
        let tolerance = Tolerance {
            gaps,
            finite_size: Some(FiniteSize { biases, standard_errors: 4.0 }),
            reason: "what half as many inputs change, and four standard errors of the mean",
        };
        compare(&prediction, &runs, Some(&tolerance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::overlaps::TeacherPair;
    use crate::continual::two_tasks::{Curriculum, Protection};
    use crate::net::Nonlinearity;
    use crate::student_teacher::flow::Learning;

    #[test]
    fn the_same_task_again_is_not_forgotten_and_another_one_is() {
        let tasks = |features: f64, seed: u64| {
            let start = TeacherPair::similar(1, features, 1.0)?
                .random_student_with_heads(2, 0.1, 1.0, 64, seed)?;
            Ok(TwoTasks {
                activation: Nonlinearity::ERF_SQRT2,
                learning: Learning { rate: 1.0, readout_rate: 1.0, noise: 0.0 },
                start,
                curriculum: Curriculum::sequential(40.0),
                protection: Protection::None,
                size: 64,
            })
        };
        let sweep = SimilaritySweep { tasks: Box::new(tasks), early: 8.0, seed: 0 };
        let outcomes = sweep.predict(&[0.5, 1.0], 3).unwrap();
        let forgetting = outcomes.mean_and_error(2).0;
        assert!(forgetting[0] > 0.01, "{forgetting:?}");
        assert!(forgetting[1] < 0.1 * forgetting[0], "{forgetting:?}");
    }
}
