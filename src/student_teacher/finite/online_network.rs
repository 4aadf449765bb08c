//! A student of N inputs beside the theory of infinitely many.

use ndarray::{Array1, Array2, arr1, arr2};

use super::fluctuations::{Corrected, Fluctuations, fluctuations};
use super::online_descent::{generalization_error, train};
use crate::agreement::{FiniteSize, Tolerance};
use crate::net::Nonlinearity;
use crate::student_teacher::flow::{Learning, solve};
use crate::student_teacher::order_parameters::OrderParameters;
use crate::{Axis, Error, Result, Solvable, Trajectory};

/// Error of the integrated theory and of sums over weights, relative to the largest value.
const ROUNDING: f64 = 1e-9;

/// Online learning of a teacher by a student: theory for N → ∞, training for N inputs, from the same
/// overlaps (`saad1995`, `goldt2019`).
///
/// Observables are the generalization error (without noise, with a factor ½), the overlaps `Q k,l` and
/// `R k,m`, and the readouts `v k` if they are trained. The grid is the number of examples per input.
#[derive(Debug, Clone)]
pub struct OnlineNetwork {
    /// What hidden units do. Theory is for erf, ReLU and linear units.
    pub activation: Nonlinearity,
    /// Overlaps and readouts at the start.
    pub start: OrderParameters,
    /// Learning rates and label noise.
    pub learning: Learning,
    /// Number of inputs of the network that is trained, N; at least K + M.
    pub n_in: usize,
}

impl OnlineNetwork {
    /// Three erf units learn three teachers of different length, $`T_{nm} = n\,\delta_{nm}`$, at rate η:
    /// a symmetric plateau, then specialization, the longest teacher first (`saad1995`).
    ///
    /// The paper starts from overlaps with teachers of order 10⁻¹², which a network of N inputs drawn at
    /// random never has: they are of order N^{−1/2}. Here $`R_{kk}`$ starts at `overlap` for its own
    /// teacher and 0 for others, so that theory and networks leave the plateau at the same time.
    pub fn saad_solla_1995(rate: f64, overlap: f64, n_in: usize) -> Self {
        Self {
            activation: Nonlinearity::ERF_SQRT2,
            start: OrderParameters {
                q: Array2::from_diag(&arr1(&[0.2, 0.3, 0.4])),
                r: Array2::from_diag(&arr1(&[overlap; 3])),
                t: OrderParameters::graded_teacher(3),
                v: Array1::ones(3),
                teacher_readout: Array1::ones(3),
            },
            learning: Learning { rate, readout_rate: 0.0, noise: 0.0 },
            n_in,
        }
    }

    /// `n_students` units learn two orthogonal teachers of length one with readouts 1 from noisy labels
    /// (`goldt2019`): only the first layer with readouts 1 (a soft committee machine), or both layers
    /// from readouts `2/n_students`.
    ///
    /// The start is slightly specialized, so that no plateau has to be left by chance. Of a committee the
    /// first two units have an overlap of 0.3 with one teacher each, the others with none. If readouts
    /// learn, units share teachers: odd ones have that overlap with the first, even ones with the second.
    ///
    /// # Errors
    /// No student.
    pub fn goldt_2019(
        activation: Nonlinearity,
        n_students: usize,
        learning: Learning,
        n_in: usize,
    ) -> Result<Self> {
        if n_students == 0 {
            return Err(Error::parameter("number of students", 0, "it must be at least one"));
        }
        let shared = learning.readout_rate > 0.0;
        let own = |k: usize, m: usize| if k % 2 == m && (shared || k < 2) { 0.3 } else { 0.0 };
        let readout = if shared { 2.0 / n_students as f64 } else { 1.0 };
        // What is not the teachers' is orthogonal, and differs a little in length, so that no unit is
        // another's copy.
        let q = Array2::from_shape_fn((n_students, n_students), |(i, j)| {
            let along: f64 = (0..2).map(|m| own(i, m) * own(j, m)).sum();
            let across = 0.15 + 0.05 * (i / 2) as f64 / n_students as f64;
            along + if i == j { across } else { 0.0 }
        });
        let start = OrderParameters {
            q,
            r: Array2::from_shape_fn((n_students, 2), |(k, m)| own(k, m)),
            t: Array2::eye(2),
            v: Array1::from_elem(n_students, readout),
            teacher_readout: Array1::ones(2),
        };
        Ok(Self { activation, start, learning, n_in })
    }

    /// Two ReLU units learn two overlapping teachers with both layers, from noisy labels.
    pub fn rectified(n_in: usize) -> Self {
        Self {
            activation: Nonlinearity::RELU,
            start: OrderParameters {
                q: arr2(&[[0.3, 0.05], [0.05, 0.4]]),
                r: arr2(&[[0.3, 0.0], [0.0, 0.2]]),
                t: arr2(&[[1.0, 0.2], [0.2, 1.0]]),
                v: arr1(&[0.8, 1.0]),
                teacher_readout: arr1(&[1.0, 1.0]),
            },
            learning: Learning { rate: 0.3, readout_rate: 0.3, noise: 0.1 },
            n_in,
        }
    }

    /// One trajectory of order parameters.
    fn recorded(&self, grid: &[f64], states: &[OrderParameters]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Online, grid);
        for observable in self.observables() {
            let values = states.iter().map(|state| observable.of(self.activation, state));
            trajectory.push(observable.name(), values.collect())?;
        }
        Ok(trajectory)
    }

    fn observables(&self) -> Vec<Observable> {
        let (k, m) = (self.start.n_students(), self.start.n_teachers());
        let mut observables = vec![Observable::Error];
        observables.extend((0..k).flat_map(|i| (i..k).map(move |j| Observable::Q(i, j))));
        observables.extend((0..k).flat_map(|i| (0..m).map(move |j| Observable::R(i, j))));
        if self.learning.readout_rate > 0.0 {
            observables.extend((0..k).map(Observable::V));
        }
        observables
    }
}

/// What is recorded.
#[derive(Debug, Clone, Copy)]
enum Observable {
    Error,
    Q(usize, usize),
    R(usize, usize),
    V(usize),
}

impl Observable {
    fn name(self) -> String {
        match self {
            Self::Error => "generalization error".to_owned(),
            Self::Q(i, j) => format!("Q {},{}", i + 1, j + 1),
            Self::R(i, m) => format!("R {},{}", i + 1, m + 1),
            Self::V(i) => format!("v {}", i + 1),
        }
    }

    fn of(self, activation: Nonlinearity, state: &OrderParameters) -> f64 {
        match self {
            Self::Error => generalization_error(activation, state),
            Self::Q(i, j) => state.q[[i, j]],
            Self::R(i, m) => state.r[[i, m]],
            Self::V(i) => state.v[i],
        }
    }

    fn corrected(self, fluctuations: &Fluctuations) -> Result<Corrected> {
        match self {
            Self::Error => fluctuations.generalization_error(),
            Self::Q(i, j) => Ok(fluctuations.q(i, j)),
            Self::R(i, m) => Ok(fluctuations.r(i, m)),
            Self::V(i) => Ok(fluctuations.v(i)),
        }
    }
}

impl Solvable for OnlineNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        self.recorded(grid, &solve(self.activation, &self.learning, &self.start, grid)?)
    }

    /// Times are rounded to whole steps.
    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        crate::student_teacher::averages::require_known_averages(self.activation)?;
        let states = train(self.activation, &self.learning, &self.start, self.n_in, grid, seed)?;
        self.recorded(grid, &states)
    }

    /// The mean over networks is allowed the first-order shift of the expansion in 1/N (its sources
    /// added up by magnitude), what rounding times to steps of 1/N changes, and four standard errors.
    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let (grid, n_in) = (prediction.grid(), self.n_in as f64);
        let found = fluctuations(self.activation, &self.learning, &self.start, grid)?;
        let rounded: Vec<f64> = grid.iter().map(|t| (t * n_in).round() / n_in).collect();
        let states = solve_at(self, &rounded)?;
        let mut biases = Vec::new();
        for observable in self.observables() {
            let bias = found.iter().zip(&states).map(|(there, state)| {
                let Corrected { value, shift_scale, .. } = observable.corrected(there)?;
                Ok(shift_scale / n_in + (observable.of(self.activation, state) - value).abs())
            });
            biases.push(bias.collect::<Result<Vec<f64>>>()?);
        }
        let largest = |(_, x): (&str, &[f64])| x.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        Ok(Tolerance {
            gaps: prediction.columns().map(|column| ROUNDING * largest(column)).collect(),
            finite_size: Some(FiniteSize { biases, standard_errors: 4.0 }),
            reason: "first order in 1/N, four standard errors of the mean over networks",
        })
    }
}

/// The theory at times that do not fall, some of which may be the same.
fn solve_at(model: &OnlineNetwork, times: &[f64]) -> Result<Vec<OrderParameters>> {
    let mut distinct = times.to_vec();
    distinct.dedup();
    let states = solve(model.activation, &model.learning, &model.start, &distinct)?;
    let place = |time: &f64| distinct.partition_point(|t| t < time);
    Ok(times.iter().map(|time| states[place(time)].clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn theory_and_networks_record_the_same_observables() {
        let names = |run: Trajectory| {
            assert_eq!(run.axis(), Axis::Online);
            run.columns().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        let model = OnlineNetwork::rectified(20);
        let found = names(model.predict(&[0.0, 1.0]).unwrap());
        assert_eq!(found, names(model.simulate(&[0.0, 1.0], 0).unwrap()));
        let expected = [
            "generalization error",
            "Q 1,1",
            "Q 1,2",
            "Q 2,2",
            "R 1,1",
            "R 1,2",
            "R 2,1",
            "R 2,2",
            "v 1",
            "v 2",
        ];
        assert_eq!(found, expected);
        let fixed = OnlineNetwork::saad_solla_1995(0.5, 0.1, 50).predict(&[1.0]).unwrap();
        assert_eq!((fixed.columns().len(), fixed.get("v 1")), (1 + 6 + 9, None));
    }

    #[test]
    fn times_between_steps_are_judged_at_the_step_they_are_rounded_to() {
        // With 10 inputs, 0.04 is rounded to the start and 0.06 to the first step.
        let model = OnlineNetwork { n_in: 10, ..OnlineNetwork::rectified(10) };
        let prediction = model.predict(&[0.04, 0.06, 1.0]).unwrap();
        let start = model.predict(&[0.0]).unwrap();
        let run = model.simulate(&[0.04, 0.06, 1.0], 0).unwrap();
        let biases = model.tolerance(&prediction).unwrap().finite_size.unwrap().biases;
        for (k, (name, values)) in prediction.columns().enumerate() {
            let there = start.get(name).unwrap()[0];
            assert!((run.get(name).unwrap()[0] - there).abs() < 1e-12);
            assert!(biases[k][0] >= (values[0] - there).abs());
        }
    }

    #[test]
    fn more_units_than_inputs_and_tanh_are_refused() {
        let small = OnlineNetwork { n_in: 3, ..OnlineNetwork::rectified(10) };
        assert!(small.simulate(&[1.0], 0).is_err());
        let tanh = OnlineNetwork { activation: Nonlinearity::Tanh, ..OnlineNetwork::rectified(10) };
        assert!(tanh.predict(&[1.0]).is_err() && tanh.simulate(&[1.0], 0).is_err());
        let learning = Learning { rate: 0.1, readout_rate: 0.0, noise: 0.0 };
        assert!(OnlineNetwork::goldt_2019(Nonlinearity::ERF_SQRT2, 0, learning, 10).is_err());
    }

    #[test]
    fn students_of_any_number_start_from_a_covariance() {
        let learning = Learning { rate: 0.1, readout_rate: 0.1, noise: 0.0 };
        for k in 1..=9 {
            let model =
                OnlineNetwork::goldt_2019(Nonlinearity::ERF_SQRT2, k, learning, 50).unwrap();
            model.start.validate().unwrap();
            assert!((model.start.v.sum() - 2.0).abs() < 1e-15 * k as f64);
        }
    }

    #[test]
    fn networks_of_a_wrong_learning_rate_are_found_out() {
        let model = OnlineNetwork::rectified(500);
        let mut wrong = model.clone();
        wrong.learning.rate *= 1.25;
        let grid = [1.0, 3.0, 6.0];
        let seeds: Vec<u64> = (0..12).collect();
        assert!(check(&model, &grid, &seeds).unwrap().iter().all(|a| a.holds()));
        let prediction = wrong.predict(&grid).unwrap();
        let runs = crate::ensemble(&model, &grid, &seeds).unwrap();
        let tolerance = wrong.tolerance(&prediction).unwrap();
        let found = crate::compare(&prediction, &runs, Some(&tolerance)).unwrap();
        assert!(!found.iter().all(|a| a.holds()));
    }
}
