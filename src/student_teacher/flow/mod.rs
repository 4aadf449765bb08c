//! The flow of order parameters under online learning, for any number of fields.
//!
//! One fresh example per step; with $`\Delta = \sum_a s_a\,g(\lambda_a) - \sigma\zeta`$ and time
//! t = steps/N (`saad1995`, `biehl1995`, `goldt2019`)
//!
//! ```math
//! \begin{aligned}
//! \dot R_{im} &= -\eta v_i \sum_a s_a I_3(i,m,a) \\
//! \dot Q_{ik} &= -\eta v_i \sum_a s_a I_3(i,k,a) - \eta v_k \sum_a s_a I_3(k,i,a)
//!   + \eta^2 v_i v_k \Bigl[\sum_{ab} s_a s_b I_4(i,k,a,b) + \sigma^2 J_2(i,k)\Bigr] \\
//! \dot v_i &= -\eta_v \sum_a s_a I_2(i,a)
//! \end{aligned}
//! ```
//!
//! written once over the covariance of all fields, students first. The averages are those of
//! [`averages`](super::averages).

pub(crate) mod packed;
pub mod plateau;
pub mod stationary;

use super::averages::field_sums::FieldSums;
use super::averages::{Fields, require_known_averages};
use super::flow::packed::PackedFlow;
use super::order_parameters::OrderParameters;
use super::symmetry::Symmetry;
use crate::math::dense_ode::{Accuracy, integrate};
use crate::math::vector::vectorized;
use crate::net::Nonlinearity;
use crate::{Error, Result};

/// Accuracy of integrated order parameters. Errors that follow a specialized student are quadratic in what
/// is left to learn: the change per step must be accurate, not only the state.
pub(super) const ACCURACY: Accuracy = Accuracy { relative: 3e-11, absolute: 3e-13, change: 1e-8 };

/// How a student learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// Learning rate of the first layer, η: a step is η/√N times the gradient.
    pub rate: f64,
    /// Learning rate of the readouts, η_v: a step is η_v/N times the gradient. 0: fixed second layer.
    pub readout_rate: f64,
    /// Standard deviation of the noise on labels, σ.
    pub noise: f64,
}

impl Learning {
    /// Checks that all three are finite and not negative.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<()> {
        let all = [
            ("learning rate", self.rate),
            ("learning rate of readouts", self.readout_rate),
            ("label noise", self.noise),
        ];
        match all.into_iter().find(|(_, x)| !(x.is_finite() && *x >= 0.0)) {
            None => Ok(()),
            Some((name, x)) => Err(Error::parameter(name, x, "it must be finite and not negative")),
        }
    }
}

/// Generalization error $`\tfrac12\langle\Delta^2\rangle`$ on labels without noise, for signed readouts
/// of all n fields. `covariance` is n × n, row by row. Rounding below zero is returned as zero.
///
/// # Panics
/// If sizes do not fit, and for tanh (see [`require_known_averages`]).
pub fn generalization_error(
    activation: Nonlinearity,
    covariance: &[f64],
    signed_readouts: &[f64],
) -> f64 {
    let fields = Fields::new(covariance, signed_readouts.len());
    let mut sums = FieldSums::new(activation, signed_readouts.len());
    sums.select(signed_readouts);
    (0.5 * sums.squared_error(&fields)).max(0.0)
}

/// Right-hand side of the flow.
///
/// The first `n_students` fields are trained; the teachers' block has derivative zero. Fields with signed
/// readout 0 (teachers that do not label, frozen heads) are allowed: overlaps with them still change.
/// `d_covariance` is n × n like `covariance`, `d_readouts` has `n_students` entries.
///
/// # Panics
/// If sizes do not fit, and for tanh (see [`require_known_averages`]).
pub fn derivative(
    activation: Nonlinearity,
    learning: &Learning,
    n_students: usize,
    covariance: &[f64],
    signed_readouts: &[f64],
    d_covariance: &mut [f64],
    d_readouts: &mut [f64],
) {
    let mut flow = Flow::new(activation, *learning, n_students, signed_readouts.len());
    flow.derivative(covariance, signed_readouts, d_covariance, d_readouts);
}

/// [`derivative`] with its workspace, for many evaluations.
#[derive(Debug, Clone)]
pub struct Flow {
    activation: Nonlinearity,
    learning: Learning,
    n_students: usize,
    n: usize,
    sums: FieldSums,
    /// ⟨g′_i λ_j Δ⟩, n_students × n.
    pull: Vec<f64>,
    /// ⟨g′_i g′_k Δ²⟩ for i ≤ k.
    push: Vec<f64>,
}

impl Flow {
    /// A flow of `n_fields` fields, the first `n_students` of them trained.
    ///
    /// # Panics
    /// If there are more students than fields.
    pub fn new(
        activation: Nonlinearity,
        learning: Learning,
        n_students: usize,
        n_fields: usize,
    ) -> Self {
        assert!(n_students <= n_fields, "{n_students} students among {n_fields} fields");
        let pull = vec![0.0; n_students * n_fields];
        let sums = FieldSums::new(activation, n_fields);
        let push = vec![0.0; n_students * (n_students + 1) / 2];
        Self { activation, learning, n_students, n: n_fields, sums, pull, push }
    }

    /// The same flow with other noise on labels.
    pub(super) fn set_noise(&mut self, noise: f64) {
        self.learning.noise = noise;
    }

    /// As [`derivative`], without allocation.
    ///
    /// # Panics
    /// As [`derivative`].
    pub fn derivative(
        &mut self,
        covariance: &[f64],
        signed_readouts: &[f64],
        d_covariance: &mut [f64],
        d_readouts: &mut [f64],
    ) {
        vectorized(
            #[inline(always)]
            || self.derivative_here(covariance, signed_readouts, d_covariance, d_readouts),
        );
    }

    #[inline(always)]
    fn derivative_here(
        &mut self,
        covariance: &[f64],
        signed_readouts: &[f64],
        d_covariance: &mut [f64],
        d_readouts: &mut [f64],
    ) {
        let (k, n, s, g) = (self.n_students, self.n, signed_readouts, self.activation);
        assert_eq!((s.len(), d_covariance.len(), d_readouts.len()), (n, n * n, k), "sizes");
        let Learning { rate, readout_rate, noise } = self.learning;
        let fields = Fields::new(covariance, n);
        self.sums.select(s);
        d_covariance.fill(0.0);
        for i in 0..k {
            let row = &mut self.pull[i * n..(i + 1) * n];
            self.sums.pull(&fields, i, row);
            d_readouts[i] = match readout_rate {
                0.0 => 0.0,
                _ => -readout_rate * self.sums.output(&fields, i),
            };
            for m in k..n {
                let x = -rate * s[i] * row[m];
                (d_covariance[i * n + m], d_covariance[m * n + i]) = (x, x);
            }
        }
        self.sums.pushes(&fields, k, &mut self.push);
        let mut pushes = self.push.iter();
        for i in 0..k {
            for (j, push) in (i..k).zip(pushes.by_ref()) {
                let down = s[i] * self.pull[i * n + j] + s[j] * self.pull[j * n + i];
                let weight = rate * s[i] * s[j];
                let label_noise =
                    if noise == 0.0 { 0.0 } else { noise * noise * fields.j2(g, i, j) };
                let x = rate * (weight * (push + label_noise) - down);
                (d_covariance[i * n + j], d_covariance[j * n + i]) = (x, x);
            }
        }
    }
}

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
