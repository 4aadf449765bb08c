//! The symmetric plateau: where students have not yet divided the work, and how they leave it.
//!
//! From small random weights all students first learn what teachers have in common. Without differences
//! between students the flow ends at a fixed point where all are equal, on a plateau of the error
//! (`saad1995`, `biehl1995`). There small differences grow at the *escape rate* λ, the largest eigenvalue
//! of the linearized flow (whose matrix is not symmetric; directions that keep students equal decay). A
//! difference δ needs time ln(1/δ)/λ; random weights in N dimensions differ in overlap by order
//! $`N^{-1/2}`$, so that
//!
//! ```math
//! t_{\text{exit}} = \frac{\ln N}{2\lambda} + \text{const.} ,
//! ```
//!
//! with a scatter between runs that does not depend on N. A start whose students (or teachers) are
//! interchangeable has δ = 0 and never leaves: [`Passage::Never`].

use ndarray::Axis;

use super::packed::PackedFlow;
use super::right_hand_side::Learning;
use super::solution::ACCURACY;
use super::stationary::{End, settle_with};
use crate::math::dense_ode::Steps;
use crate::math::linalg::eigenvalues;
use crate::math::roots::brent;
use crate::net::Nonlinearity;
use crate::student_teacher::averages::require_known_averages;
use crate::student_teacher::order_parameters::OrderParameters;
use crate::student_teacher::symmetry::Symmetry;
use crate::{Error, Result};

/// Share of the height that the error may be above or below it and count as on the plateau.
const WIDTH: f64 = 0.1;
/// Share of the height below which students count as specialized.
const SPECIALIZED: f64 = 0.5;
/// Time, in units of 1/η, in which equal students must come to rest.
const LATEST: f64 = 3e3;
/// An exit later than so many escape times after ln(1/δ)/λ is not waited for.
const PATIENCE: f64 = 60.0;

/// The fixed point at which all students are equal.
#[derive(Debug, Clone, PartialEq)]
pub struct SymmetricPlateau {
    /// Order parameters.
    pub state: OrderParameters,
    /// Its height: the generalization error there.
    pub error: f64,
    /// Rate λ at which differences between students grow, per unit of time.
    pub escape_rate: f64,
}

impl SymmetricPlateau {
    /// The plateau of students like those of `start`: the end of the flow from their average.
    ///
    /// Units that are odd (erf, linear) are first mirrored to positive readouts. Rectified units with trained
    /// readouts have no such fixed point: the error that is left acts like noise, weights grow and readouts
    /// shrink for as long as the plateau lasts.
    ///
    /// # Errors
    /// A start that is no covariance, tanh units, or [`Error::Assumption`] where there is no plateau: one student,
    /// linear units, students that are as good when equal, rectified units with trained readouts.
    pub fn of(
        activation: Nonlinearity,
        learning: &Learning,
        start: &OrderParameters,
    ) -> Result<Self> {
        require_known_averages(activation)?;
        learning.validate()?;
        start.validate()?;
        let (k, m) = (start.n_students(), start.n_teachers());
        if k == 1 || activation == Nonlinearity::Linear {
            let reason = match k {
                1 => "a single student has nobody to divide the work with",
                _ => "linear units need not divide the work",
            };
            return Err(none(reason.to_owned()));
        }
        let equal = averaged(&mirrored(activation, start));
        let symmetry = Symmetry::of_students(k, m);
        let end = match settle_with(activation, learning, &equal, &symmetry, LATEST) {
            Err(Error::Numerical { .. }) => {
                return Err(none("equal students do not come to rest".to_owned()));
            }
            end => end?,
        };
        if end.end == End::Learned {
            return Err(none("equal students learn everything".to_owned()));
        }
        let (mut flow, packed) =
            PackedFlow::new(activation, learning, &end.state, &Symmetry::none(k, m));
        let escape_rate = eigenvalues(&flow.jacobian(&packed)?)?[0].0;
        if escape_rate <= 1e-6 * learning.rate {
            return Err(none(format!(
                "equal students are stable (largest rate {escape_rate:.1e})"
            )));
        }
        Ok(Self { state: end.state, error: end.error, escape_rate })
    }

    /// How much later students leave for each unit of ln N, 1/(2λ).
    pub fn delay_per_log_size(&self) -> f64 {
        0.5 / self.escape_rate
    }
}

fn none(reason: String) -> Error {
    Error::Assumption {
        theory: "the symmetric plateau",
        reason,
        remedy: "use at least two erf or relu students and as many teachers".to_owned(),
    }
}

/// Differences between students: root mean square over students and teachers of R around its mean over
/// students.
pub fn asymmetry(state: &OrderParameters) -> f64 {
    let Some(mean) = state.r.mean_axis(Axis(0)) else { return 0.0 };
    let around = &state.r - &mean;
    (around.iter().map(|x| x * x).sum::<f64>() / around.len() as f64).sqrt()
}

/// How a start passes the plateau.
#[derive(Debug, Clone, PartialEq)]
pub enum Passage {
    /// It never leaves: these units are interchangeable and remain so.
    Never {
        /// Groups of interchangeable students.
        students: Vec<Vec<usize>>,
        /// Groups of interchangeable teachers.
        teachers: Vec<Vec<usize>>,
    },
    /// It arrives, stays for a while and leaves.
    Left {
        /// First time at which the error is no more than 10 % above the plateau's.
        start: f64,
        /// First time at which it is 10 % below.
        end: f64,
        /// First time at which it is half of it: students have specialized.
        specialized: f64,
    },
    /// It did not leave in the time that was waited for.
    Stays {
        /// First time at which the error is no more than 10 % above the plateau's, if any.
        start: Option<f64>,
        /// Time waited for.
        until: f64,
    },
}

/// Follows the flow from `start` across `plateau`.
///
/// # Errors
/// As [`solve`](super::solve).
pub fn passage(
    activation: Nonlinearity,
    learning: &Learning,
    start: &OrderParameters,
    plateau: &SymmetricPlateau,
) -> Result<Passage> {
    require_known_averages(activation)?;
    learning.validate()?;
    start.validate()?;
    let symmetry = Symmetry::of(start);
    if symmetry.forbids_specialization() {
        let students = symmetry.interchangeable_students();
        return Ok(Passage::Never { students, teachers: symmetry.interchangeable_teachers() });
    }
    let (mut flow, packed) = PackedFlow::new(activation, learning, start, &symmetry);
    let mut observer = flow.clone();
    let mut steps = Steps::new(|y, dy| flow.derivative(y, dy), &packed, ACCURACY);
    let until = PATIENCE / plateau.escape_rate;
    let levels = [1.0 + WIDTH, 1.0 - WIDTH, SPECIALIZED].map(|share| share * plateau.error);
    let mut times = Vec::with_capacity(levels.len());
    let mut before = observer.error(&packed);
    while times.len() < levels.len() && steps.time() < until {
        steps.advance(until)?;
        let after = observer.error(steps.state());
        while times.len() < levels.len() && after <= levels[times.len()] {
            let level = levels[times.len()];
            times.push(if before <= level {
                steps.time_before()
            } else {
                crossing(&mut steps, &mut observer, level)
            });
        }
        before = after;
    }
    Ok(match times.as_slice() {
        [start, end, specialized] => {
            Passage::Left { start: *start, end: *end, specialized: *specialized }
        }
        some => Passage::Stays { start: some.first().copied(), until },
    })
}

/// When the error falls through `level` within the last step.
fn crossing<F: FnMut(&[f64], &mut [f64])>(
    steps: &mut Steps<F>,
    observer: &mut PackedFlow,
    level: f64,
) -> f64 {
    let (low, high) = (steps.time_before(), steps.time());
    let mut state = vec![0.0; steps.state().len()];
    let cell = std::cell::RefCell::new((steps, observer, &mut state));
    let above = |t: f64| {
        let (steps, observer, state) = &mut *cell.borrow_mut();
        steps.at(t, state);
        observer.error(state) - level
    };
    brent(above, low, high).unwrap_or(high)
}

/// The same student with units of negative readout mirrored, which odd units do not notice.
fn mirrored(activation: Nonlinearity, state: &OrderParameters) -> OrderParameters {
    let mut state = state.clone();
    if activation == Nonlinearity::RELU {
        return state;
    }
    for i in (0..state.n_students()).filter(|i| state.v[*i] < 0.0).collect::<Vec<_>>() {
        state.v[i] = -state.v[i];
        state.r.row_mut(i).mapv_inplace(|x| -x);
        state.q.row_mut(i).mapv_inplace(|x| -x);
        state.q.column_mut(i).mapv_inplace(|x| -x);
    }
    state
}

/// All students replaced by their average.
fn averaged(state: &OrderParameters) -> OrderParameters {
    let k = state.n_students() as f64;
    let own = state.q.diag().sum() / k;
    let others = (state.q.sum() - own * k) / (k * (k - 1.0));
    let mut state = state.clone();
    state.q.indexed_iter_mut().for_each(|((i, j), x)| *x = if i == j { own } else { others });
    let mean = state.r.sum_axis(Axis(0)) / k;
    state.r.rows_mut().into_iter().for_each(|mut row| row.assign(&mean));
    let readout = state.v.sum() / k;
    state.v.fill(readout);
    state
}

#[cfg(test)]
mod tests {
    use super::super::solve;
    use super::*;
    use ndarray::{Array1, Array2, arr1, arr2};

    const ERF: Learning = Learning { rate: 1.0, readout_rate: 0.0, noise: 0.0 };

    fn random_start(k: usize, n: usize, seed: u64) -> OrderParameters {
        let ones = Array1::ones(k);
        OrderParameters::random_student(&Array2::eye(k), &ones, &ones, 0.5, n, seed).unwrap()
    }

    /// Equal students but for a difference in R.
    fn nearly_equal(apart: f64) -> OrderParameters {
        OrderParameters {
            q: arr2(&[[0.25, 0.02], [0.02, 0.25]]),
            r: arr2(&[[0.01 + apart, 0.01], [0.01, 0.01 + apart]]),
            ..random_start(2, 100, 0)
        }
    }

    #[test]
    fn differences_grow_at_the_escape_rate() {
        let cases = [
            (Nonlinearity::ERF_SQRT2, ERF),
            (Nonlinearity::ERF_SQRT2, Learning { rate: 0.3, readout_rate: 0.0, noise: 0.1 }),
            (Nonlinearity::ERF_SQRT2, Learning { rate: 0.5, readout_rate: 0.5, noise: 0.0 }),
            (Nonlinearity::RELU, Learning { rate: 0.2, readout_rate: 0.0, noise: 0.0 }),
        ];
        for (g, learning) in cases {
            let plateau = SymmetricPlateau::of(g, &learning, &nearly_equal(0.0)).unwrap();
            let rate = plateau.escape_rate;
            let mut start = plateau.state.clone();
            start.r[[0, 0]] += 1e-9;
            start.r[[1, 1]] += 1e-9;
            // Late enough for other differences to have decayed, early enough for the linearization.
            let times = [6.0 / rate, 10.0 / rate];
            let states = solve(g, &learning, &start, &times).unwrap();
            let [a, b] = [0, 1].map(|i| asymmetry(&states[i]));
            let measured = (b / a).ln() / (times[1] - times[0]);
            assert!((measured / rate - 1.0).abs() < 1e-3, "{g}: {measured} for {rate}");
            assert!(b < 1e-3, "{g}: not small any more");
        }
    }

    #[test]
    fn an_exit_is_later_by_the_logarithm_of_the_difference() {
        let plateau =
            SymmetricPlateau::of(Nonlinearity::ERF_SQRT2, &ERF, &nearly_equal(0.0)).unwrap();
        let end = |apart: f64| match passage(
            Nonlinearity::ERF_SQRT2,
            &ERF,
            &nearly_equal(apart),
            &plateau,
        )
        .unwrap()
        {
            Passage::Left { start, end, specialized } => {
                assert!(start < end && end < specialized);
                end
            }
            other => panic!("{other:?}"),
        };
        let later = end(1e-9) - end(1e-7);
        let expected = 100f64.ln() / plateau.escape_rate;
        assert!((later / expected - 1.0).abs() < 1e-3, "{later} for {expected}");
        assert!((2.0 * plateau.delay_per_log_size() * plateau.escape_rate - 1.0).abs() < 1e-15);
    }

    #[test]
    fn plateaus_are_fixed_points_of_equal_students() {
        for (g, k) in
            [(Nonlinearity::ERF_SQRT2, 2), (Nonlinearity::ERF_SQRT2, 3), (Nonlinearity::RELU, 3)]
        {
            let learning = Learning { rate: 0.4, readout_rate: 0.0, noise: 0.0 };
            let plateau = SymmetricPlateau::of(g, &learning, &random_start(k, 1000, 1)).unwrap();
            assert!(asymmetry(&plateau.state) < 1e-14);
            let later = solve(g, &learning, &plateau.state, &[50.0]).unwrap();
            let gap = &later[0].covariance() - &plateau.state.covariance();
            assert!(gap.iter().all(|x| x.abs() < 1e-9), "{g}, {k}: {gap}");
            // Teachers are equal as well, so all overlaps with them are.
            let r = &plateau.state.r;
            assert!(r.iter().all(|x| (x - r[[0, 0]]).abs() < 1e-9), "{g}, {k}: {r}");
        }
    }

    #[test]
    fn a_start_with_interchangeable_units_never_leaves() {
        let plateau =
            SymmetricPlateau::of(Nonlinearity::ERF_SQRT2, &ERF, &nearly_equal(0.0)).unwrap();
        let equal = nearly_equal(0.0);
        let Passage::Never { students, teachers } =
            passage(Nonlinearity::ERF_SQRT2, &ERF, &equal, &plateau).unwrap()
        else {
            panic!("left")
        };
        assert_eq!((students, teachers), (vec![vec![0, 1]], vec![vec![0, 1]]));
        // Teachers alone: every student sees them alike.
        let mut alike = equal;
        alike.q[[0, 0]] = 0.3;
        alike.r = arr2(&[[0.02, 0.02], [0.01, 0.01]]);
        assert!(matches!(
            passage(Nonlinearity::ERF_SQRT2, &ERF, &alike, &plateau).unwrap(),
            Passage::Never { students, teachers } if students.is_empty() && teachers.len() == 1
        ));
        // The integrated solution does not leave by rounding, however long.
        let late = solve(Nonlinearity::ERF_SQRT2, &ERF, &alike, &[1e4]).unwrap();
        assert_eq!(late[0].r[[0, 0]], late[0].r[[0, 1]]);
    }

    #[test]
    fn mirrored_students_have_the_same_plateau() {
        let learning = Learning { rate: 0.5, readout_rate: 0.5, noise: 0.0 };
        let mut start = random_start(2, 500, 3);
        start.v = arr1(&[0.6, 0.5]);
        let plain = SymmetricPlateau::of(Nonlinearity::ERF_SQRT2, &learning, &start).unwrap();
        start.v[1] = -start.v[1];
        start.r.row_mut(1).mapv_inplace(|x| -x);
        (start.q[[0, 1]], start.q[[1, 0]]) = (-start.q[[0, 1]], -start.q[[1, 0]]);
        let other = SymmetricPlateau::of(Nonlinearity::ERF_SQRT2, &learning, &start).unwrap();
        assert!((plain.error / other.error - 1.0).abs() < 1e-9);
        assert!((plain.escape_rate / other.escape_rate - 1.0).abs() < 1e-6);
    }

    #[test]
    fn without_a_plateau_the_reason_is_given() {
        let start = random_start(2, 100, 0);
        let text = |g, start: &OrderParameters| {
            SymmetricPlateau::of(g, &ERF, start).unwrap_err().to_string()
        };
        let slow = Learning { rate: 0.1, ..ERF };
        assert!(SymmetricPlateau::of(Nonlinearity::Linear, &slow, &start).is_err());
        let ones = Array1::ones(1);
        let one =
            OrderParameters::random_student(&Array2::eye(2), &Array1::ones(2), &ones, 0.5, 100, 0);
        assert!(text(Nonlinearity::ERF_SQRT2, &one.unwrap()).contains("single student"));
    }
}
