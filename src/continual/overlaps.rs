//! A student with two heads, and two teachers: all that learning two tasks depends on in many
//! dimensions.

use std::f64::consts::PI;

use ndarray::{Array1, Array2, Axis, concatenate, s};

use crate::math::linalg::require_finite;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::Nonlinearity;
use crate::student_teacher::flow::generalization_error;
use crate::student_teacher::order_parameters::OrderParameters;
use crate::{Error, Result};

/// One of the two tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// The task that is learned first, †.
    First,
    /// The task that is learned second, ‡.
    Second,
}

impl Task {
    /// Both, in the order of learning.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];
}

/// Overlaps of a student of K hidden units and two heads with two teachers of M and P hidden units.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoTaskOverlaps {
    /// Overlaps of the student with the units of both teachers, those of the first before those of the
    /// second: R is K × (M + P), T is (M + P) × (M + P). Its `v` is the head of the first task,
    /// $`h^\dagger`$; its `teacher_readout` holds $`v^\dagger`$ and then $`v^\ddagger`$.
    pub both: OrderParameters,
    /// Readouts of the student's head for the second task, $`h^\ddagger`$.
    pub second_head: Array1<f64>,
    /// Number of units of the first teacher, M.
    pub n_first: usize,
}

/// Two teachers with the same number of units.
#[derive(Debug, Clone, PartialEq)]
pub struct TeacherPair {
    /// Overlaps among the units of both, 2M × 2M.
    pub t: Array2<f64>,
    /// Readouts of the first, then of the second.
    pub readout: Array1<f64>,
}

impl TeacherPair {
    /// Teachers of M units each, of length 1 and orthogonal within a teacher. Unit m of the second has
    /// overlap `features` with unit m of the first and none with the others. Readouts have length √M and
    /// cosine `readouts`; those of the first are all 1.
    ///
    /// # Errors
    /// No unit, a similarity outside \[−1, 1\], and for teachers of one unit, whose readouts are plain
    /// numbers, a readout similarity other than ±1.
    pub fn similar(n_units: usize, features: f64, readouts: f64) -> Result<Self> {
        if n_units == 0 {
            return Err(Error::parameter("units of a teacher", 0, "at least one is needed"));
        }
        for (name, x) in [("feature similarity", features), ("readout similarity", readouts)] {
            if !(-1.0..=1.0).contains(&x) {
                return Err(Error::parameter(name, x, "it must be from -1 to 1"));
            }
        }
        if n_units == 1 && readouts.abs() != 1.0 {
            let allowed = "a teacher of one unit has one readout: it must be 1 or -1";
            return Err(Error::parameter("readout similarity", readouts, allowed));
        }
        let n = n_units;
        let t = Array2::from_shape_fn((2 * n, 2 * n), |(a, b)| match (a == b, a % n == b % n) {
            (true, _) => 1.0,
            (false, true) => features,
            _ => 0.0,
        });
        // A wave across the units is orthogonal to a constant.
        let wave = Array1::from_shape_fn(n, |m| (2.0 * PI * m as f64 / n as f64).cos());
        let length = (n as f64 / wave.dot(&wave)).sqrt();
        let turned = (1.0 - readouts * readouts).sqrt() * length;
        let readout = Array1::from_shape_fn(2 * n, |a| match a.checked_sub(n) {
            None => 1.0,
            Some(m) => readouts + if turned > 0.0 { turned * wave[m] } else { 0.0 },
        });
        Ok(Self { t, readout })
    }

    /// A student of K = `heads[0].len()` units, drawn at random in `dimension` dimensions with weights of
    /// standard deviation `scale`, that has these teachers: its overlaps are those of such a draw.
    ///
    /// # Errors
    /// As [`OrderParameters::random_student`]; heads of different lengths.
    pub fn random_student(
        &self,
        heads: [&Array1<f64>; 2],
        scale: f64,
        dimension: usize,
        seed: u64,
    ) -> Result<TwoTaskOverlaps> {
        let (t, readout) = (&self.t, &self.readout);
        let both = OrderParameters::random_student(t, readout, heads[0], scale, dimension, seed)?;
        let (second_head, n_first) = (heads[1].clone(), t.nrows() / 2);
        let overlaps = TwoTaskOverlaps { both, second_head, n_first };
        overlaps.validate()?;
        Ok(overlaps)
    }

    /// The same with heads for `units` units that are normal with the standard deviation `head_scale`.
    ///
    /// # Errors
    /// As [`random_student`](Self::random_student).
    pub fn random_student_with_heads(
        &self,
        units: usize,
        head_scale: f64,
        scale: f64,
        dimension: usize,
        seed: u64,
    ) -> Result<TwoTaskOverlaps> {
        let mut rng = stream(seed, Purpose::InitialWeights, 1);
        let heads = gaussian(2, units, head_scale, &mut rng);
        let (first, second) = (heads.row(0).to_owned(), heads.row(1).to_owned());
        self.random_student([&first, &second], scale, dimension, seed)
    }
}

impl TwoTaskOverlaps {
    /// Adds a second task to a student and its teacher: every unit of the second teacher has the length
    /// of the first teacher's unit and the cosine `features` with it, and is for the rest orthogonal to all
    /// there is (units of the second teacher overlap as those of the first do).
    ///
    /// # Errors
    /// A start that is none, a cosine outside \[−1, 1\], a head or readouts of another length.
    pub fn with_second_teacher(
        first: &OrderParameters,
        features: f64,
        second_head: Array1<f64>,
        readout: &Array1<f64>,
    ) -> Result<Self> {
        first.validate()?;
        if !(-1.0..=1.0).contains(&features) {
            let allowed = "it must be from -1 to 1";
            return Err(Error::parameter("feature similarity", features, allowed));
        }
        let (n_first, shared) = (first.n_teachers(), &first.t * features);
        if readout.len() != n_first {
            let expected = format!("one readout per unit of the first teacher ({n_first})");
            return Err(Error::shape("readouts of the second teacher", [readout.len()], expected));
        }
        let (t, r) = (&first.t, &first.r);
        let beside = |a: &Array2<f64>, b: &Array2<f64>| concatenate![Axis(1), *a, *b];
        let both = OrderParameters {
            q: first.q.clone(),
            r: beside(r, &(r * features)),
            t: concatenate![Axis(0), beside(t, &shared), beside(&shared, t)],
            v: first.v.clone(),
            teacher_readout: concatenate![Axis(0), first.teacher_readout, *readout],
        };
        let overlaps = Self { both, second_head, n_first };
        overlaps.validate()?;
        Ok(overlaps)
    }

    /// Number of hidden units of the student, K.
    pub fn n_students(&self) -> usize {
        self.both.n_students()
    }

    /// Readouts of the student's head for a task.
    pub fn head(&self, task: Task) -> &Array1<f64> {
        match task {
            Task::First => &self.both.v,
            Task::Second => &self.second_head,
        }
    }

    /// Readouts of all fields in the error of a task: its head, minus its teacher, and 0 for the
    /// units of the other teacher.
    pub fn signed_readouts(&self, task: Task) -> Vec<f64> {
        let teachers = self.both.teacher_readout.iter().enumerate();
        let own = |m: usize| (m < self.n_first) == (task == Task::First);
        let teachers = teachers.map(|(m, v)| if own(m) { -v } else { 0.0 });
        self.head(task).iter().copied().chain(teachers).collect()
    }

    /// Generalization error of the student on a task, $`\epsilon^\dagger`$ or $`\epsilon^\ddagger`$.
    ///
    /// # Panics
    /// For tanh units, whose averages have no closed form.
    pub fn error(&self, activation: Nonlinearity, task: Task) -> f64 {
        let c: Vec<f64> = self.both.covariance().iter().copied().collect();
        generalization_error(activation, &c, &self.signed_readouts(task))
    }

    /// The same student and teachers with the tasks exchanged.
    pub fn exchanged(&self) -> Self {
        let n_second = self.both.n_teachers() - self.n_first;
        let order: Vec<usize> =
            (0..n_second).map(|p| self.n_first + p).chain(0..self.n_first).collect();
        let both = &self.both;
        Self {
            both: OrderParameters {
                q: both.q.clone(),
                r: both.r.select(Axis(1), &order),
                t: both.t.select(Axis(0), &order).select(Axis(1), &order),
                v: self.second_head.clone(),
                teacher_readout: both.teacher_readout.select(Axis(0), &order),
            },
            second_head: both.v.clone(),
            n_first: n_second,
        }
    }

    /// Overlaps of the student with the teacher of a task, K × M or K × P.
    pub fn with_teacher(&self, task: Task) -> ndarray::ArrayView2<'_, f64> {
        match task {
            Task::First => self.both.r.slice(s![.., ..self.n_first]),
            Task::Second => self.both.r.slice(s![.., self.n_first..]),
        }
    }

    /// Checks that shapes fit, and that the covariance of all fields is one.
    ///
    /// # Errors
    /// As [`OrderParameters::validate`]; a head of another length, or a task without a teacher.
    pub fn validate(&self) -> Result<()> {
        self.both.validate()?;
        let k = self.n_students();
        if self.second_head.len() != k {
            let expected = format!("one readout per hidden unit ({k})");
            return Err(Error::shape("second head", [self.second_head.len()], expected));
        }
        let row = self.second_head.view().insert_axis(Axis(0));
        require_finite("second head", row)?;
        let teachers = self.both.n_teachers();
        if self.n_first == 0 || self.n_first >= teachers {
            let allowed = format!(
                "of {teachers} units of both teachers each must have one: it must be from 1 to {}",
                teachers.saturating_sub(1)
            );
            return Err(Error::parameter("units of the first teacher", self.n_first, allowed));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr1, arr2};

    #[test]
    fn similar_teachers_have_the_similarities_asked_for() {
        for n in [1, 2, 3, 4, 7] {
            for readouts in [-1.0, 0.3, 1.0] {
                let pair = match TeacherPair::similar(n, 0.4, readouts) {
                    Ok(pair) => pair,
                    Err(_) => {
                        assert!(n == 1 && readouts == 0.3);
                        continue;
                    }
                };
                let (a, b) = (pair.readout.slice(s![..n]), pair.readout.slice(s![n..]));
                let m = n as f64;
                assert!((a.dot(&b) - readouts * m).abs() < 1e-14 * m, "{n}: {b}");
                assert!((b.dot(&b) - m).abs() < 1e-14 * m, "{n}: {b}");
                assert_eq!(pair.t[[0, n]], 0.4);
                assert_eq!(pair.t.diag(), Array1::<f64>::ones(2 * n));
            }
        }
        for (n, features, readouts) in [(0, 0.0, 1.0), (2, 1.1, 1.0), (2, 0.0, f64::NAN)] {
            assert!(TeacherPair::similar(n, features, readouts).is_err());
        }
    }

    #[test]
    fn every_task_has_its_own_head_and_teacher() {
        let pair = TeacherPair::similar(2, 0.5, 0.0).unwrap();
        let (h, g) = (arr1(&[0.1, 0.2, 0.3]), arr1(&[1.0, 2.0, 3.0]));
        let overlaps = pair.random_student([&h, &g], 0.5, 50, 0).unwrap();
        assert_eq!(overlaps.signed_readouts(Task::First), [0.1, 0.2, 0.3, -1.0, -1.0, 0.0, 0.0]);
        let second = overlaps.signed_readouts(Task::Second);
        assert_eq!(second[..5], [1.0, 2.0, 3.0, 0.0, 0.0]);
        let exchanged = overlaps.exchanged();
        exchanged.validate().unwrap();
        for activation in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Linear] {
            for (task, other) in [(Task::First, Task::Second), (Task::Second, Task::First)] {
                let (a, b) = (overlaps.error(activation, task), exchanged.error(activation, other));
                assert!((a - b).abs() < 1e-14, "{activation}: {a} against {b}");
            }
        }
        assert_eq!(exchanged.exchanged(), overlaps);
    }

    #[test]
    fn a_second_teacher_is_as_similar_as_asked_for() {
        let first = OrderParameters {
            q: arr2(&[[0.3, 0.1], [0.1, 0.4]]),
            r: arr2(&[[0.3, 0.2], [-0.1, 0.2]]),
            t: arr2(&[[1.0, 0.2], [0.2, 2.0]]),
            v: arr1(&[0.5, 0.8]),
            teacher_readout: arr1(&[1.0, -1.0]),
        };
        let add = |v, head: &[f64], readout: &[f64]| {
            TwoTaskOverlaps::with_second_teacher(&first, v, arr1(head), &arr1(readout))
        };
        for v in [-1.0, 0.0, 0.5, 1.0] {
            let overlaps = add(v, &[0.1, 0.2], &[1.0, 0.5]).unwrap();
            let t = &overlaps.both.t;
            assert_eq!((t[[0, 2]], t[[1, 3]], t[[0, 3]]), (v, 2.0 * v, 0.2 * v));
            assert_eq!(overlaps.with_teacher(Task::First), first.r);
            assert_eq!(overlaps.with_teacher(Task::Second), &first.r * v);
            assert_eq!(overlaps.both.teacher_readout, arr1(&[1.0, -1.0, 1.0, 0.5]));
        }
        assert!(add(1.01, &[0.1, 0.2], &[1.0, 0.5]).is_err());
        assert!(add(0.5, &[0.1], &[1.0, 0.5]).is_err());
        assert!(add(0.5, &[0.1, 0.2], &[1.0]).is_err());
    }

    #[test]
    fn heads_and_teachers_that_do_not_fit_are_refused() {
        let pair = TeacherPair::similar(1, 0.5, 1.0).unwrap();
        let (two, three) = (Array1::zeros(2), Array1::zeros(3));
        assert!(pair.random_student([&two, &three], 1.0, 50, 0).is_err());
        let fine = pair.random_student([&two, &two], 1.0, 50, 0).unwrap();
        for n_first in [0, 2, 5] {
            assert!(TwoTaskOverlaps { n_first, ..fine.clone() }.validate().is_err());
        }
    }
}
