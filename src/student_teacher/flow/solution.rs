//! The flow, solved from a start.

use super::packed::PackedFlow;
use super::right_hand_side::Learning;
use crate::Result;
use crate::math::dense_ode::{Accuracy, integrate};
use crate::net::Nonlinearity;
use crate::student_teacher::averages::require_known_averages;
use crate::student_teacher::order_parameters::OrderParameters;
use crate::student_teacher::symmetry::Symmetry;

/// Accuracy of integrated order parameters. Errors that follow a specialized student are quadratic in what
/// is left to learn: the change per step must be accurate, not only the state.
pub(super) const ACCURACY: Accuracy = Accuracy { relative: 3e-11, absolute: 3e-13, change: 1e-8 };

/// Order parameters at each of `times` (t = steps/N, rising from 0), integrated adaptively.
///
/// Units that are interchangeable at the start remain so ([`Symmetry`]): rounding does not tell them apart.
///
/// # Errors
/// A start that is no covariance, tanh units, times that do not increase, or a learning rate so large that the
/// solution blows up.
pub fn solve(
    activation: Nonlinearity,
    learning: &Learning,
    start: &OrderParameters,
    times: &[f64],
) -> Result<Vec<OrderParameters>> {
    require_known_averages(activation)?;
    learning.validate()?;
    start.validate()?;
    let symmetry = Symmetry::of(start);
    let (mut flow, packed) = PackedFlow::new(activation, learning, start, &symmetry);
    let states = integrate(|y, dy| flow.derivative(y, dy), &packed, times, ACCURACY)?;
    Ok(states.iter().map(|y| flow.unpacked(y)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::linalg::eigh;
    use crate::student_teacher::flow::{derivative, generalization_error};
    use ndarray::{Array1, Array2, arr1, arr2};

    /// The start of the reference run, which uses no random numbers.
    fn reference_start() -> OrderParameters {
        OrderParameters {
            q: arr2(&[[0.25, 0.02], [0.02, 0.3]]),
            r: arr2(&[[0.01, 0.0], [0.0, 0.02]]),
            t: Array2::eye(2),
            v: arr1(&[1.0, 1.0]),
            teacher_readout: arr1(&[1.0, 1.0]),
        }
    }

    /// K students with random readouts and weights, M correlated teachers.
    fn random_start(k: usize, m: usize, seed: u64) -> OrderParameters {
        let t = Array2::from_shape_fn((m, m), |(a, b)| if a == b { 1.0 } else { 0.2 });
        let readout = Array1::from_shape_fn(m, |m| 1.0 - 0.3 * m as f64);
        let v = Array1::from_shape_fn(k, |k| 0.8 + 0.15 * k as f64);
        OrderParameters::random_student(&t, &readout, &v, 0.5, 100, seed).unwrap()
    }

    fn error(activation: Nonlinearity, state: &OrderParameters) -> f64 {
        let c: Vec<f64> = state.covariance().iter().copied().collect();
        generalization_error(activation, &c, &state.signed_readouts())
    }

    fn distance(a: &OrderParameters, b: &OrderParameters) -> f64 {
        let gaps =
            |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().fold(0.0f64, |m, x| m.max(x.abs()));
        let readouts = (&a.v - &b.v).iter().fold(0.0f64, |m, x| m.max(x.abs()));
        gaps(&a.q, &b.q).max(gaps(&a.r, &b.r)).max(readouts)
    }

    const BOTH: Learning = Learning { rate: 0.4, readout_rate: 0.3, noise: 0.1 };
    const KNOWN: [Nonlinearity; 3] =
        [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Linear];

    #[test]
    fn the_reference_run_is_reproduced() {
        let learning = Learning { rate: 1.0, readout_rate: 0.0, noise: 0.0 };
        let times = [1.0, 10.0, 50.0, 200.0];
        let states = solve(Nonlinearity::ERF_SQRT2, &learning, &reference_start(), &times).unwrap();
        let expected = [0.192_250_558, 0.021_344_976, 0.019_217_045, 3.13e-7];
        let printed = [1e-9, 1e-9, 1e-9, 1e-9];
        for ((state, expected), printed) in states.iter().zip(expected).zip(printed) {
            let found = error(Nonlinearity::ERF_SQRT2, state);
            assert!((found - expected).abs() < printed, "{found} for {expected}");
        }
    }

    #[test]
    fn linear_units_follow_their_closed_form() {
        // What is missing, D = ⟨Δ²⟩, obeys D' = −2ηK D + η²K²(D + σ²).
        let (k, rate, noise) = (3, 0.25, 0.7);
        let mut start = random_start(k, 2, 5);
        start.v.fill(1.0);
        let learning = Learning { rate, readout_rate: 0.0, noise };
        let times = [0.0, 0.7, 3.0, 20.0, 200.0];
        let (gain, first) = (rate * k as f64, 2.0 * error(Nonlinearity::Linear, &start));
        let end = gain * noise * noise / (2.0 - gain);
        let states = solve(Nonlinearity::Linear, &learning, &start, &times).unwrap();
        for (t, state) in times.iter().zip(&states) {
            let exact = end + (first - end) * (-gain * (2.0 - gain) * t).exp();
            let found = 2.0 * error(Nonlinearity::Linear, state);
            assert!((found - exact).abs() < 1e-9 * exact, "t = {t}: {found} for {exact}");
        }
    }

    #[test]
    fn names_of_units_do_not_matter() {
        let start = random_start(3, 3, 1);
        let (students, teachers) = ([2, 0, 1], [1, 2, 0]);
        let renamed = |s: &OrderParameters| OrderParameters {
            q: Array2::from_shape_fn((3, 3), |(i, k)| s.q[[students[i], students[k]]]),
            r: Array2::from_shape_fn((3, 3), |(i, m)| s.r[[students[i], teachers[m]]]),
            t: Array2::from_shape_fn((3, 3), |(m, n)| s.t[[teachers[m], teachers[n]]]),
            v: students.map(|i| s.v[i]).to_vec().into(),
            teacher_readout: teachers.map(|m| s.teacher_readout[m]).to_vec().into(),
        };
        for g in KNOWN {
            let plain = solve(g, &BOTH, &start, &[2.0, 30.0]).unwrap();
            let other = solve(g, &BOTH, &renamed(&start), &[2.0, 30.0]).unwrap();
            for (a, b) in plain.iter().zip(&other) {
                assert!(distance(&renamed(a), b) < 1e-9, "{g}: {:.1e}", distance(&renamed(a), b));
            }
        }
    }

    #[test]
    fn an_odd_unit_and_its_mirror_image_are_the_same() {
        let start = random_start(3, 2, 2);
        let mirrored = |s: &OrderParameters| {
            let mut m = s.clone();
            m.v[1] = -m.v[1];
            m.r.row_mut(1).mapv_inplace(|x| -x);
            for k in [0, 2] {
                m.q[[1, k]] = -m.q[[1, k]];
                m.q[[k, 1]] = -m.q[[k, 1]];
            }
            m
        };
        for g in [Nonlinearity::ERF_SQRT2, Nonlinearity::Linear] {
            let plain = solve(g, &BOTH, &start, &[20.0]).unwrap();
            let other = solve(g, &BOTH, &mirrored(&start), &[20.0]).unwrap();
            assert!(distance(&mirrored(&plain[0]), &other[0]) < 1e-9, "{g}");
        }
    }

    #[test]
    fn overlaps_remain_overlaps() {
        let times: Vec<f64> = (0..=20).map(|i| f64::from(i * i)).collect();
        for seed in 0..3 {
            let start = random_start(3, 2, 10 + seed);
            for g in KNOWN {
                for state in solve(g, &BOTH, &start, &times).unwrap() {
                    let smallest = eigh(&state.covariance()).unwrap().0[4];
                    assert!(smallest > -1e-9, "{g}: {smallest:e}");
                    assert!(error(g, &state).is_finite());
                    assert_eq!(state.t, start.t);
                }
            }
        }
    }

    #[test]
    fn teachers_that_do_not_label_change_nothing_but_are_overlapped_with() {
        let start = random_start(2, 2, 3);
        let c = start.covariance();
        // A silent copy of the second teacher.
        let rows = [0, 1, 2, 3, 3];
        let more: Vec<f64> = rows.iter().flat_map(|a| rows.map(|b| c[[*a, b]])).collect();
        let c: Vec<f64> = c.iter().copied().collect();
        let mut s = start.signed_readouts();
        for g in KNOWN {
            let (mut d, mut dv) = (vec![0.0; 16], vec![0.0; 2]);
            derivative(g, &BOTH, 2, &c, &s, &mut d, &mut dv);
            s.push(0.0);
            let (mut d_more, mut dv_more) = (vec![0.0; 25], vec![0.0; 2]);
            derivative(g, &BOTH, 2, &more, &s, &mut d_more, &mut dv_more);
            s.pop();
            assert_eq!(dv, dv_more);
            for i in 0..2 {
                assert_eq!(d[4 * i..4 * i + 4], d_more[5 * i..5 * i + 4], "{g}");
                assert_eq!(d[4 * i + 3], d_more[5 * i + 4], "{g}");
            }
            assert!(d_more[10..].chunks(5).all(|row| row[2..] == [0.0; 3]));
        }
    }

    #[test]
    fn what_is_left_of_rectified_units_is_followed_down_to_rounding() {
        let learning = Learning { rate: 0.3, readout_rate: 0.0, noise: 0.0 };
        let times = [250.0, 300.0, 400.0, 500.0];
        let states = solve(Nonlinearity::RELU, &learning, &reference_start(), &times).unwrap();
        let left: Vec<f64> = states.iter().map(|s| 1.0 - s.q[[0, 0]]).collect();
        let rates: Vec<f64> = left
            .windows(2)
            .zip(times.windows(2))
            .map(|(x, t)| (x[0] / x[1]).ln() / (t[1] - t[0]))
            .collect();
        for rate in &rates {
            assert!((rate / rates[0] - 1.0).abs() < 1e-3, "{rates:?}");
        }
    }

    #[test]
    fn more_students_than_teachers_specialize_too() {
        let start = random_start(4, 2, 8);
        let learning = Learning { rate: 0.5, readout_rate: 0.5, noise: 0.0 };
        let states = solve(Nonlinearity::RELU, &learning, &start, &[0.0, 10.0, 400.0]).unwrap();
        let errors: Vec<f64> = states.iter().map(|s| error(Nonlinearity::RELU, s)).collect();
        assert!(errors[2] < 1e-3 * errors[1] && errors[1] < errors[0], "{errors:?}");
    }

    #[test]
    fn what_the_theory_cannot_do_is_refused() {
        let start = reference_start();
        let text = |g, learning: &Learning, start: &OrderParameters, times: &[f64]| {
            solve(g, learning, start, times).unwrap_err().to_string()
        };
        assert!(text(Nonlinearity::Tanh, &BOTH, &start, &[1.0]).contains("erf"));
        let negative = Learning { noise: -1.0, ..BOTH };
        assert!(
            text(Nonlinearity::ERF_SQRT2, &negative, &start, &[1.0]).contains("label noise is -1")
        );
        assert!(text(Nonlinearity::ERF_SQRT2, &BOTH, &start, &[2.0, 1.0]).contains("increas"));
        let mut wrong = start.clone();
        wrong.r[[0, 0]] = 0.9;
        assert!(
            text(Nonlinearity::ERF_SQRT2, &BOTH, &wrong, &[1.0]).contains("smallest eigenvalue -")
        );
        let fast = Learning { rate: 3.0, readout_rate: 0.0, noise: 0.0 };
        assert!(text(Nonlinearity::Linear, &fast, &start, &[1e3]).contains("blows up"));
    }
}
