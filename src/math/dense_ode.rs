//! Adaptive integration step by step, with the solution between steps: Dormand–Prince 8(5,3) with
//! dense output.
//!
//! Where [`ode`](super::ode) starts afresh at each recorded time, here steps are as long as accuracy
//! allows and recorded times are interpolated, tolerances are the caller's, and who steps can stop at
//! any time for any reason.

use super::dormand_prince::{
    DENSE, DENSE_STAGES, END, ERROR_3, ERROR_5, STAGES, STEP, Slopes, Weights,
};
use crate::math::times::validate_times;
use crate::{Error, Result};

/// Coefficients of the interpolating polynomial.
const COEFFICIENTS: usize = 8;
/// Error, relative to the largest number of the state, that rounding of f may make anyway.
const ROUNDING: f64 = 1e-15;
/// Distance of two states, in the same units, from which slopes differ by more than rounding of f.
const DISTINCT: f64 = 1e-10;
/// More steps than any smooth learning problem needs.
const MAX_STEPS: usize = 1_000_000;
/// Longest step in units of the time in which f changes fastest. The method is stable up to about 6, but beyond
/// 2 fast components are not damped and spoil what is interpolated.
const LONGEST: f64 = 2.0;
/// Shortest step relative to the time reached.
const SHORTEST: f64 = 1e-15;

/// How accurate a step must be: the smaller of two bounds on the error of every number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// Error of a number relative to itself.
    pub relative: f64,
    /// Error of a number that is near zero.
    pub absolute: f64,
    /// Error relative to the largest change in the step. It keeps what decays toward a fixed point (and what
    /// grows away from one) accurate relative to what is left of it. Infinite: not asked for.
    pub change: f64,
}

/// A solution of the autonomous system y′ = f(y), advanced step by step.
#[derive(Debug, Clone)]
pub struct Steps<F> {
    field: F,
    accuracy: Accuracy,
    time: f64,
    state: Vec<f64>,
    /// Time and state at the start of the last step.
    before: (f64, Vec<f64>),
    /// Row 0 is the slope at the start of a step.
    slopes: Slopes,
    /// Where the next slope is asked for.
    trial: Vec<f64>,
    /// Both estimates of the error of a step, per unit of time.
    errors: [Vec<f64>; 2],
    /// COEFFICIENTS rows, once the last step has been interpolated.
    polynomial: Vec<f64>,
    interpolated: bool,
    /// Where the last of the 12 stages was evaluated.
    last_stage: Vec<f64>,
    longest_step: f64,
    next_step: f64,
    taken: usize,
}

impl<F: FnMut(&[f64], &mut [f64])> Steps<F> {
    /// Starts at time 0. `field(y, dy)` writes f(y) into `dy`.
    pub fn new(mut field: F, start: &[f64], accuracy: Accuracy) -> Self {
        let n = start.len();
        let mut slopes = Slopes::new(n);
        field(start, slopes.row_mut(0));
        let mut steps = Self {
            field,
            accuracy,
            time: 0.0,
            state: start.to_vec(),
            before: (0.0, start.to_vec()),
            slopes,
            trial: vec![0.0; n],
            errors: [vec![0.0; n], vec![0.0; n]],
            polynomial: vec![0.0; COEFFICIENTS * n],
            interpolated: true,
            last_stage: vec![0.0; n],
            longest_step: f64::INFINITY,
            next_step: 0.0,
            taken: 0,
        };
        steps.polynomial[..n].copy_from_slice(start);
        steps.next_step = steps.first_step();
        steps
    }

    /// Time reached.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// Time at which the last step began.
    pub fn time_before(&self) -> f64 {
        self.before.0
    }

    /// The state there.
    pub fn state(&self) -> &[f64] {
        &self.state
    }

    /// f of the state.
    pub fn slope(&self) -> &[f64] {
        self.slopes.row(0)
    }

    /// Steps taken so far.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// One step, not beyond `until`.
    ///
    /// # Errors
    /// A solution that blows up, or too many steps.
    pub fn advance(&mut self, until: f64) -> Result<()> {
        if self.taken > 0 {
            self.slopes.start_at_end();
        }
        if self.taken == MAX_STEPS {
            return Err(self.failure(format!("{MAX_STEPS} steps were not enough")));
        }
        let mut shrunk = false;
        loop {
            let left = until - self.time;
            // A rest too short to be a step of its own is divided with this step.
            let step = if self.next_step >= left {
                left
            } else if 2.0 * self.next_step > left {
                0.5 * left
            } else {
                self.next_step
            };
            if step <= SHORTEST * self.time.max(f64::MIN_POSITIVE) {
                return Err(self.failure("the solution blows up".to_owned()));
            }
            let error = self.attempt(step);
            // f64::max also turns NaN, a step into where f is not defined, into the strongest shrinking.
            let fit = 0.9 * error.powf(-0.125);
            let factor = if fit.is_nan() { 0.1 } else { fit.clamp(0.333, 6.0) };
            if error <= 1.0 {
                let longer = if shrunk { factor.min(1.0) } else { factor };
                // Not time + (until − time), which may miss `until` by rounding.
                let end = if step == left { until } else { self.time + step };
                self.accept(step, end, longer);
                return Ok(());
            }
            shrunk = true;
            self.next_step = step * factor.min(0.9);
        }
    }

    /// The solution at a time within the last step (at the start before the first).
    pub fn at(&mut self, time: f64, out: &mut [f64]) {
        let n = self.state.len();
        if !self.interpolated {
            self.interpolate();
        }
        let step = self.time - self.before.0;
        let x = if step > 0.0 { (time - self.before.0) / step } else { 0.0 };
        let row = |i: usize| &self.polynomial[i * n..(i + 1) * n];
        out.copy_from_slice(row(COEFFICIENTS - 1));
        for i in (0..COEFFICIENTS - 1).rev() {
            let factor = if i % 2 == 0 { x } else { 1.0 - x };
            out.iter_mut().zip(row(i)).for_each(|(y, c)| *y = c + *y * factor);
        }
    }

    fn accept(&mut self, step: f64, end: f64, factor: f64) {
        self.before.0 = self.time;
        self.before.1.copy_from_slice(&self.state);
        self.time = end;
        self.state.copy_from_slice(&self.trial);
        (self.field)(&self.state, self.slopes.row_mut(END));
        self.interpolated = false;
        // A step that was cut at `until` says little about how long the next one may be.
        self.next_step = (step * factor).max(self.next_step.min(step * 6.0));
        if let Some(rate) = self.fastest_rate() {
            self.longest_step = LONGEST / rate;
        }
        self.next_step = self.next_step.min(self.longest_step);
        self.taken += 1;
    }

    /// How fast f changes with the state, from two evaluations at the end of the step: the last stage and the
    /// result. `None` if they differ by rounding only.
    fn fastest_rate(&self) -> Option<f64> {
        let size = self.state.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        let distance =
            |x: &[f64], y: &[f64]| x.iter().zip(y).fold(0.0f64, |m, (x, y)| m.max((x - y).abs()));
        let apart = distance(&self.state, &self.last_stage);
        let rate = distance(self.slopes.row(END), self.slopes.row(END - 1)) / apart;
        (apart > DISTINCT * size && rate > 0.0).then_some(rate)
    }

    /// Puts the end of a step into `trial`; its error in units of what is allowed.
    fn attempt(&mut self, step: f64) -> f64 {
        let n = self.state.len();
        for (i, weights) in STAGES.iter().enumerate() {
            self.stage(i + 1, weights, step);
        }
        self.last_stage.copy_from_slice(&self.trial);
        self.slopes.combine(STEP, &mut self.trial);
        let end = self.trial.iter_mut().zip(&self.state);
        end.for_each(|(y, start)| *y = start + step * *y);
        self.slopes.combine(ERROR_5, &mut self.errors[0]);
        self.slopes.combine(ERROR_3, &mut self.errors[1]);
        let (mut size, mut moved) = (0.0f64, 0.0f64);
        for (y, start) in self.trial.iter().zip(&self.state) {
            size = size.max(y.abs());
            moved = moved.max((y - start).abs());
        }
        let Accuracy { relative, absolute, change } = self.accuracy;
        let (cap, floor) = (change * moved, ROUNDING * size);
        let (mut fifth, mut third) = (0.0, 0.0);
        for i in 0..n {
            let largest = self.trial[i].abs().max(self.state[i].abs());
            let allowed =
                (absolute + relative * largest).min(cap).max(floor).max(f64::MIN_POSITIVE);
            fifth += (self.errors[0][i] / allowed).powi(2);
            third += (self.errors[1][i] / allowed).powi(2);
        }
        if fifth == 0.0 {
            return 0.0;
        }
        step * fifth / ((fifth + 0.01 * third) * n as f64).sqrt()
    }

    /// The slope at the start of the step + step · Σ weights · slopes.
    fn stage(&mut self, stage: usize, weights: Weights, step: f64) {
        self.slopes.combine(weights, &mut self.trial);
        self.trial.iter_mut().zip(&self.state).for_each(|(y, start)| *y = start + step * *y);
        (self.field)(&self.trial, self.slopes.row_mut(stage));
    }

    /// The polynomial of order 7 through the last step.
    fn interpolate(&mut self) {
        let n = self.state.len();
        let step = self.time - self.before.0;
        // `state` must be the start of the step while stages are evaluated.
        std::mem::swap(&mut self.state, &mut self.before.1);
        for (i, weights) in DENSE_STAGES.iter().enumerate() {
            self.stage(END + 1 + i, weights, step);
        }
        std::mem::swap(&mut self.state, &mut self.before.1);
        for i in 0..n {
            let (start, end) = (self.before.1[i], self.state[i]);
            let (first, last) = (step * self.slopes.row(0)[i], step * self.slopes.row(END)[i]);
            let bend = first - (end - start);
            let low = [start, end - start, bend, end - start - last - bend];
            for (row, c) in low.into_iter().enumerate() {
                self.polynomial[row * n + i] = c;
            }
        }
        for (row, weights) in self.polynomial.chunks_exact_mut(n).skip(4).zip(DENSE) {
            self.slopes.combine(weights, row);
            row.iter_mut().for_each(|c| *c *= step);
        }
        self.interpolated = true;
    }

    /// A first step, by the size of state, slope and curvature (`hairer1993`).
    fn first_step(&mut self) -> f64 {
        let n = self.state.len();
        let Accuracy { relative, absolute, .. } = self.accuracy;
        let norm = |x: &[f64], scale: &[f64]| {
            let square = |(x, y): (&f64, &f64)| (x / (absolute + relative * y.abs())).powi(2);
            (x.iter().zip(scale).map(square).sum::<f64>() / n as f64).sqrt()
        };
        let size = norm(&self.state, &self.state);
        let slope = norm(self.slopes.row(0), &self.state);
        let guess = if size < 1e-5 || slope < 1e-5 { 1e-6 } else { 0.01 * size / slope };
        let start = self.state.iter().zip(self.slopes.row(0));
        self.trial.iter_mut().zip(start).for_each(|(y, (s, d))| *y = s + guess * d);
        (self.field)(&self.trial, self.slopes.row_mut(1));
        let both = self.slopes.row(1).iter().zip(self.slopes.row(0));
        let change: Vec<f64> = both.map(|(then, now)| then - now).collect();
        let largest = slope.max(norm(&change, &self.state) / guess);
        let by_curvature =
            if largest > 1e-15 { (0.01 / largest).powf(0.125) } else { (1e-3 * guess).max(1e-6) };
        match (100.0 * guess).min(by_curvature) {
            good if good > 0.0 && good.is_finite() => good,
            _ => 1e-6,
        }
    }

    fn failure(&self, reason: String) -> Error {
        Error::Numerical {
            method: "integration of the flow",
            reason: format!("at t = {}: {reason}", self.time),
        }
    }
}

/// Solution of y′ = f(y), y(0) = `start`, at each of `times`, which rise from 0.
///
/// # Errors
/// Times that do not increase from 0, or a solution that blows up.
pub fn integrate(
    field: impl FnMut(&[f64], &mut [f64]),
    start: &[f64],
    times: &[f64],
    accuracy: Accuracy,
) -> Result<Vec<Vec<f64>>> {
    validate_times(times)?;
    let last = times[times.len() - 1];
    let mut steps = Steps::new(field, start, accuracy);
    let mut states = Vec::with_capacity(times.len());
    for time in times {
        while steps.time() < *time {
            steps.advance(last)?;
        }
        let mut state = vec![0.0; start.len()];
        steps.at(*time, &mut state);
        states.push(state);
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::ode;

    const TIGHT: Accuracy = Accuracy { relative: 1e-12, absolute: 1e-14, change: f64::INFINITY };

    #[test]
    fn weights_of_stages_satisfy_the_conditions_of_their_order() {
        let sum = |weights: Weights| weights.iter().map(|(_, w)| w).sum::<f64>();
        let times: Vec<f64> = [0.0].into_iter().chain(STAGES.iter().map(|w| sum(w))).collect();
        for power in 0..8 {
            let found: f64 = STEP.iter().map(|(stage, w)| w * times[*stage].powi(power)).sum();
            assert!((found * f64::from(power + 1) - 1.0).abs() < 1e-13, "power {power}");
        }
        for weights in [ERROR_3, ERROR_5].into_iter().chain(DENSE) {
            assert!(sum(weights).abs() < 1e-12);
        }
    }

    #[test]
    fn a_pendulum_agrees_with_the_other_integrator_also_between_steps() {
        let field = |y: &[f64], dy: &mut [f64]| (dy[0], dy[1]) = (y[1], -y[0].sin());
        let times: Vec<f64> = (0..400).map(|i| 0.05 * f64::from(i)).collect();
        let other = ode::integrate(field, &[2.5, 0.1], &times).unwrap();
        for (relative, gate) in [(1e-12, 2e-11), (1e-8, 3e-7)] {
            let accuracy = Accuracy { relative, absolute: 1e-2 * relative, change: f64::INFINITY };
            let found = integrate(field, &[2.5, 0.1], &times, accuracy).unwrap();
            for (x, y) in found.iter().flatten().zip(other.iter().flatten()) {
                assert!((x - y).abs() < gate, "{x} against {y} at relative {relative}");
            }
        }
    }

    #[test]
    fn accuracy_of_change_follows_a_decay_far_below_the_absolute_tolerance() {
        let field = |y: &[f64], dy: &mut [f64]| {
            dy[0] = -(y[0] - 1.0);
            dy[1] = -0.5 * y[1] * y[0];
        };
        let accuracy = Accuracy { relative: 1e-10, absolute: 1e-10, change: 1e-8 };
        let states = integrate(field, &[1.5, 1.0], &[0.0, 20.0, 50.0], accuracy).unwrap();
        for (t, y) in [0.0f64, 20.0, 50.0].iter().zip(&states) {
            let exact = (-0.5 * t - 0.25 * (1.0 - (-t).exp())).exp();
            assert!((y[1] / exact - 1.0).abs() < 1e-6, "t = {t}: {} against {exact}", y[1]);
        }
    }

    #[test]
    fn who_steps_can_stop_and_go_on() {
        let field = |y: &[f64], dy: &mut [f64]| dy[0] = 2.0 * y[0] * (3.0 - y[0]);
        let mut steps = Steps::new(field, &[1e-4], TIGHT);
        while steps.state()[0] < 1.5 {
            steps.advance(f64::INFINITY).unwrap();
        }
        let mut y = [0.0];
        // y = 1.5 at the inflection, t = ln(3e4 − 1)/6.
        let crossing = (3.0f64 / 1e-4 - 1.0).ln() / 6.0;
        assert!(steps.time_before() < crossing && crossing <= steps.time());
        steps.at(crossing, &mut y);
        assert!((y[0] - 1.5).abs() < 1e-10, "{}", y[0]);
        for until in [crossing + 1.0, crossing + 1.0 + 1e-9, 50.0] {
            while steps.time() < until {
                steps.advance(until).unwrap();
            }
            assert_eq!(steps.time(), until);
        }
        assert!((steps.state()[0] - 3.0).abs() < 1e-11);
        assert!(steps.slope()[0].abs() < 1e-10);
    }

    #[test]
    fn times_are_met_exactly_whatever_their_rounding() {
        let field = |y: &[f64], dy: &mut [f64]| dy[0] = -y[0];
        for k in 1..2000 {
            let until = f64::from(k) * 0.000_7 + 1.0 / f64::from(k);
            let mut steps = Steps::new(field, &[1.0], TIGHT);
            while steps.time() < until {
                steps.advance(until).unwrap();
            }
            assert_eq!(steps.time(), until);
        }
    }

    #[test]
    fn a_fixed_point_is_left_in_a_few_steps() {
        let still = |_: &[f64], dy: &mut [f64]| dy.fill(0.0);
        let mut steps = Steps::new(still, &[1.0, 0.0], TIGHT);
        while steps.time() < 1e6 {
            steps.advance(1e6).unwrap();
        }
        assert!(steps.taken() < 20, "{}", steps.taken());
        assert_eq!(steps.state(), [1.0, 0.0]);
    }

    #[test]
    fn a_solution_that_blows_up_is_an_error() {
        let field = |y: &[f64], dy: &mut [f64]| dy[0] = y[0] * y[0];
        let text = integrate(field, &[1.0], &[0.5, 2.0], TIGHT).unwrap_err().to_string();
        assert!(text.contains("blows up") && text.contains("at t = 1.000000000000"), "{text}");
    }
}
