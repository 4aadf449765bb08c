//! Theory and training of two tasks side by side.

use super::course::course;
use super::network::Student;
use super::overlaps::{Task, TwoTaskOverlaps};
use super::two_tasks::TwoTasks;
use crate::agreement::{FiniteSize, Tolerance};
use crate::math::times::validate_times;
use crate::{Axis, Result, Solvable, Trajectory};

impl TwoTasks {
    /// Overlaps in the limit of many dimensions, at increasing times.
    ///
    /// # Errors
    /// A parameter out of range, times that do not increase, or a learning rate so large that the
    /// solution blows up.
    pub fn course(&self, times: &[f64]) -> Result<Vec<TwoTaskOverlaps>> {
        self.validate()?;
        validate_times(times)?;
        course(self, times)
    }

    /// Overlaps of one trained network at increasing times, rounded to whole steps.
    ///
    /// # Errors
    /// As [`course`](Self::course); training that diverges.
    pub fn train(&self, times: &[f64], seed: u64) -> Result<Vec<TwoTaskOverlaps>> {
        self.validate()?;
        validate_times(times)?;
        Student::new(self, seed)?.learn(times)
    }

    fn recorded(&self, times: &[f64], states: &[TwoTaskOverlaps]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Online, times);
        for (name, value) in self.observables() {
            trajectory.push(name, states.iter().map(value).collect())?;
        }
        Ok(trajectory)
    }

    /// Everything that is recorded, by name.
    fn observables(&self) -> Vec<Observable> {
        let g = self.activation;
        let mut all: Vec<Observable> = Vec::new();
        for (task, name) in Task::BOTH.into_iter().zip(["error on task 1", "error on task 2"]) {
            all.push((name.to_owned(), Box::new(move |o| o.error(g, task))));
        }
        let (k, teachers) = (self.start.n_students(), self.start.both.n_teachers());
        for i in 0..k {
            for j in i..k {
                let name = format!("Q {},{}", i + 1, j + 1);
                all.push((name, Box::new(move |o| o.both.q[[i, j]])));
            }
        }
        for i in 0..k {
            for m in 0..teachers {
                let (teacher, unit) = match m.checked_sub(self.start.n_first) {
                    None => (1, m + 1),
                    Some(p) => (2, p + 1),
                };
                let name = format!("R {},{unit} of teacher {teacher}", i + 1);
                all.push((name, Box::new(move |o| o.both.r[[i, m]])));
            }
        }
        for (task, name) in Task::BOTH.into_iter().zip(["head 1", "head 2"]) {
            for i in 0..k {
                all.push((format!("{name}, v {}", i + 1), Box::new(move |o| o.head(task)[i])));
            }
        }
        all
    }
}

type Observable = (String, Box<dyn Fn(&TwoTaskOverlaps) -> f64>);

impl Solvable for TwoTasks {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        self.recorded(grid, &self.course(grid)?)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.recorded(grid, &self.train(grid, seed)?)
    }

    /// The mean over runs is off by what a step of 1/N and the fluctuations of order 1/√N make in second
    /// order, about c/N. Measured with thousands of runs at N = 50 and 100, in sequence, mixed, with
    /// frozen and with elastic weights, erf, linear and rectified units, c was at most 0.6 of an
    /// observable's largest value; here it is 1. Where the course passes a saddle (all units alike,
    /// or two heads that compete for the same features) fluctuations decide when it leaves, and no such
    /// bound holds.
    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let (mut gaps, mut biases) = (Vec::new(), Vec::new());
        for (_, values) in prediction.columns() {
            let largest = values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            gaps.push(1e-9 * largest.max(1.0));
            biases.push(vec![largest / self.size as f64; values.len()]);
        }
        Ok(Tolerance {
            gaps,
            finite_size: Some(FiniteSize { biases, standard_errors: 4.0 }),
            reason: "1/N of the largest value, as measured, and four standard errors of the mean",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::continual::cases::two_tasks;
    use crate::continual::two_tasks::{Curriculum, Protection};
    use crate::net::Nonlinearity;
    use crate::student_teacher::flow::Learning;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let fine = two_tasks(50);
        fine.validate().unwrap();
        let broken = |change: fn(&mut TwoTasks)| {
            let mut tasks = two_tasks(50);
            change(&mut tasks);
            tasks.predict(&[0.0, 1.0]).and(Ok(())).unwrap_err().to_string()
        };
        let messages = [
            (broken(|t| t.activation = Nonlinearity::Tanh), "closed form"),
            (broken(|t| t.curriculum.switch = -1.0), "switch is -1"),
            (broken(|t| t.curriculum.shares[1] = 1.5), "share of examples"),
            (broken(|t| t.protection = Protection::Frozen(vec![2])), "frozen unit is 2"),
            (broken(|t| t.protection = Protection::Frozen(vec![1, 1])), "named once"),
            (broken(|t| t.protection = Protection::Elastic { strength: -1.0 }), "strength"),
            (broken(|t| t.size = 3), "number of inputs is 3"),
            (broken(|t| t.start.n_first = 2), "first teacher"),
            (broken(|t| t.start.both.r[[0, 0]] = 2.0), "semidefinite"),
            (broken(|t| t.learning.rate = f64::NAN), "learning rate"),
        ];
        for (message, part) in messages {
            assert!(message.contains(part), "{message}");
        }
        assert!(fine.balance(&[0.0, 0.5, 0.2]).is_err());
        let never = TwoTasks { curriculum: Curriculum::interleaved(0.5), ..fine };
        assert!(never.balance(&[1.0]).unwrap_err().to_string().contains("switch is inf"));
    }

    #[test]
    fn a_learning_rate_that_is_too_large_is_an_error_and_not_a_number() {
        let mut tasks = two_tasks(50);
        tasks.activation = Nonlinearity::Linear;
        tasks.learning = Learning { rate: 20.0, readout_rate: 0.0, noise: 0.0 };
        assert!(tasks.predict(&[0.0, 100.0]).is_err());
        assert!(matches!(tasks.simulate(&[0.0, 100.0], 0), Err(Error::Numerical { .. })));
    }

    #[test]
    fn training_starts_from_the_very_same_overlaps() {
        let tasks = two_tasks(40);
        let start = tasks.train(&[0.0], 3).unwrap().remove(0);
        let gap = start.both.covariance() - tasks.start.both.covariance();
        assert!(gap.iter().all(|g| g.abs() < 1e-13), "{gap}");
        assert_eq!(start.second_head, tasks.start.second_head);
    }

    #[test]
    fn runs_do_not_depend_on_where_they_are_recorded() {
        for protection in [Protection::None, Protection::Elastic { strength: 2.0 }] {
            let tasks = TwoTasks {
                curriculum: Curriculum { switch: 1.0, shares: [0.7, 0.2] },
                protection,
                ..two_tasks(30)
            };
            let few = tasks.train(&[2.5], 1).unwrap();
            let many = tasks.train(&[0.0, 0.31, 1.0, 1.7, 2.5], 1).unwrap();
            assert_eq!(few.last(), many.last());
            assert_ne!(few, tasks.train(&[2.5], 2).unwrap());
        }
    }
}
