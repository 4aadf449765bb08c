//! Where a curve turns, and whether it errs on its way from start to end.

use crate::math::times::validate_times;
use crate::{Error, Result};

/// Parts into which the surroundings of each turn are divided on a closer look, and looks.
const PARTS: usize = 8;
const LOOKS: usize = 4;

/// A place where a curve changes direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// When.
    pub time: f64,
    /// Value of the curve there.
    pub value: f64,
}

/// The largest excursion of a curve beyond the range between its start and its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Transient {
    /// When it is furthest out.
    pub time: f64,
    /// The curve's value then.
    pub value: f64,
    /// How far it is beyond the nearer of start and end; negative below.
    pub overshoot: f64,
    /// When less than half of that is left; `None` if it is not in sight.
    pub gone: Option<f64>,
}

/// A curve from start to end, with the turns that are larger than rounding and its start make.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// First value.
    pub start: f64,
    /// Last value.
    pub end: f64,
    /// Turns in the order of their times.
    pub turns: Vec<Turn>,
    /// Moves up to this size are not turns.
    pub floor: f64,
    transient: Option<Transient>,
}

impl Course {
    /// Whether the curve goes one way from start to end.
    pub fn is_monotone(&self) -> bool {
        self.turns.is_empty()
    }

    /// The excursion beyond the range between start and end, if there is one.
    ///
    /// A curve may turn without one: it rises, falls back a little, and rises on.
    pub fn transient(&self) -> Option<&Transient> {
        self.transient.as_ref()
    }

    /// The largest move between neighboring turns (or ends) against the way from start to end;
    /// of a curve that returns to where it was, the smaller of the ways there and back. 0 if monotone.
    pub fn largest_reversal(&self) -> f64 {
        let values = || {
            let turns = self.turns.iter().map(|turn| turn.value);
            std::iter::once(self.start).chain(turns).chain([self.end])
        };
        let moves = || values().zip(values().skip(1)).map(|(from, to)| to - from);
        let up = moves().fold(0.0, f64::max);
        let down = moves().fold(0.0, |m, x| f64::max(m, -x));
        up.min(down)
    }
}

/// Follows a curve over increasing times and finds its turns.
///
/// `curve` gives the values at any increasing times within those of `grid`, which must be close
/// enough to show every turn. A turn counts if the curve moves by more than `floor` on both of its
/// sides. Each is then enclosed more and more closely, to 1/4096 of the grid around it, and read off
/// the parabola through the last three points.
///
/// # Errors
/// As `curve`; times that do not increase, or values that are missing or not finite.
pub fn follow(
    grid: &[f64],
    floor: f64,
    curve: impl Fn(&[f64]) -> Result<Vec<f64>>,
) -> Result<Course> {
    validate_times(grid)?;
    let evaluate = |times: &[f64]| {
        let values = curve(times)?;
        if values.len() != times.len() {
            return Err(Error::shape("curve", [values.len()], format!("{} values", times.len())));
        }
        match values.iter().position(|v| !v.is_finite()) {
            None => Ok(values),
            Some(i) => {
                let place = format!("time {}", times[i]);
                Err(Error::NonFinite { what: "curve".into(), place, value: values[i] })
            }
        }
    };
    let values = evaluate(grid)?;
    let last = grid.len() - 1;
    let extremes = extremes(&values, floor);
    let brackets = extremes.iter().map(|(i, _)| (grid[i - 1], grid[(i + 1).min(last)]));
    let turns = refine(brackets.collect(), &extremes, evaluate)?;
    let (start, end) = (values[0], values[last]);
    let transient = transient(&turns, start, end, floor).map(|turn| {
        let (low, high) = (start.min(end), start.max(end));
        let overshoot = if turn.value > high { turn.value - high } else { turn.value - low };
        let half = turn.value - 0.5 * overshoot;
        let left = |v: f64| (v - half) * overshoot.signum();
        // The excursion may have more than one peak: gone is when it does not come back.
        let gone = (0..last).rev().find(|i| left(values[*i]) > 0.0).map(|i| {
            let (a, b) = (left(values[i]), left(values[i + 1]));
            grid[i] + (grid[i + 1] - grid[i]) * a / (a - b)
        });
        let gone = gone.filter(|t| *t > turn.time);
        Transient { time: turn.time, value: turn.value, overshoot, gone }
    });
    Ok(Course { start, end, turns, floor, transient })
}

/// Indices where the values turn by more than `floor` on both sides, and whether it is a maximum.
fn extremes(values: &[f64], floor: f64) -> Vec<(usize, bool)> {
    let mut found = Vec::new();
    let (mut low, mut high) = (0, 0);
    let mut rising = None;
    for (i, value) in values.iter().enumerate() {
        if *value < values[low] {
            low = i;
        }
        if *value > values[high] {
            high = i;
        }
        let fell = values[high] - value > floor;
        let rose = value - values[low] > floor;
        match rising {
            None if rose => (rising, high) = (Some(true), i),
            None if fell => (rising, low) = (Some(false), i),
            Some(true) if fell => {
                found.push((high, true));
                (rising, low) = (Some(false), i);
            }
            Some(false) if rose => {
                found.push((low, false));
                (rising, high) = (Some(true), i);
            }
            _ => {}
        }
    }
    found
}

fn refine(
    mut brackets: Vec<(f64, f64)>,
    extremes: &[(usize, bool)],
    evaluate: impl Fn(&[f64]) -> Result<Vec<f64>>,
) -> Result<Vec<Turn>> {
    let mut turns = vec![Turn { time: 0.0, value: 0.0 }; brackets.len()];
    if brackets.is_empty() {
        return Ok(turns);
    }
    for _ in 0..LOOKS {
        let inside = |(low, high): &(f64, f64)| {
            (0..=PARTS).map(|i| low + (high - low) * i as f64 / PARTS as f64).collect::<Vec<_>>()
        };
        let own: Vec<Vec<f64>> = brackets.iter().map(inside).collect();
        let mut times: Vec<f64> = own.iter().flatten().copied().collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let values = evaluate(&times)?;
        let value = |t: f64| values[times.partition_point(|x| *x < t).min(times.len() - 1)];
        for (k, own) in own.iter().enumerate() {
            let sign = if extremes[k].1 { 1.0 } else { -1.0 };
            let height = |i: &usize| sign * value(own[*i]);
            let best = (1..PARTS).max_by(|a, b| height(a).total_cmp(&height(b))).unwrap_or(1);
            let x = [own[best - 1], own[best], own[best + 1]];
            turns[k] = vertex(x, x.map(value), sign);
            brackets[k] = (x[0], x[2]);
        }
    }
    Ok(turns)
}

/// Vertex of the parabola through three points; the middle one if it is none or rounding.
fn vertex(x: [f64; 3], y: [f64; 3], sign: f64) -> Turn {
    let (left, right) = (sign * (y[1] - y[0]), sign * (y[1] - y[2]));
    let step = 0.5 * (x[2] - x[0]);
    let bend = left + right;
    if !(left >= 0.0 && right >= 0.0 && bend > 0.0) {
        return Turn { time: x[1], value: y[1] };
    }
    let shift = 0.5 * (left - right) / bend;
    Turn { time: x[1] + shift * step, value: y[1] + sign * 0.5 * shift * shift * bend }
}

fn transient(turns: &[Turn], start: f64, end: f64, floor: f64) -> Option<Turn> {
    let (low, high) = (start.min(end), start.max(end));
    let beyond = |turn: &Turn| (turn.value - high).max(low - turn.value);
    let out = turns.iter().filter(|turn| beyond(turn) > floor);
    out.max_by(|a, b| beyond(a).total_cmp(&beyond(b))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn even(n: u32, end: f64) -> Vec<f64> {
        (0..=n).map(|i| end * f64::from(i) / f64::from(n)).collect()
    }

    fn followed(f: impl Fn(f64) -> f64, n: u32, end: f64, floor: f64) -> Course {
        follow(&even(n, end), floor, |times| Ok(times.iter().map(|t| f(*t)).collect())).unwrap()
    }

    #[test]
    fn a_pulse_is_a_transient_error_with_time_size_and_end() {
        let course = followed(|t| 3.0 * t * (-t).exp(), 57, 40.0, 1e-9);
        let error = course.transient().unwrap();
        assert!((error.time - 1.0).abs() < 1e-4, "{error:?}");
        assert!((error.overshoot - 3.0 / 1f64.exp()).abs() < 1e-8, "{error:?}");
        // t e^{1−t} = ½ at t = 2.678.
        assert!((error.gone.unwrap() - 2.678).abs() < 0.05, "{error:?}");
        assert_eq!(course.turns.len(), 1);
        assert!((course.largest_reversal() - error.value).abs() < 1e-6);
    }

    #[test]
    fn a_dip_on_the_way_is_a_turn_but_no_excursion() {
        let course = followed(|t| t + 1.5 * t.sin(), 200, 12.0, 1e-9);
        assert!(course.turns.len() >= 2 && course.transient().is_none(), "{course:?}");
        assert!(!course.is_monotone() && course.largest_reversal() > 0.5);
        let below = followed(|t| -3.0 * t * (-t).exp() + (1.0 - (-t).exp()), 200, 40.0, 1e-9);
        assert!(below.transient().unwrap().overshoot < -0.3);
    }

    #[test]
    fn constants_and_wiggles_below_the_floor_do_not_turn() {
        assert!(followed(|_| 0.7, 50, 10.0, 0.0).is_monotone());
        assert!(followed(|t| t + 1e-6 * (900.0 * t).sin(), 500, 10.0, 1e-5).is_monotone());
        assert!(follow(&[], 0.0, |_| Ok(vec![])).is_err());
        assert!(follow(&[0.0, 1.0], 0.0, |_| Ok(vec![f64::NAN; 2])).is_err());
        assert!(follow(&[0.0, 1.0], 0.0, |_| Ok(vec![0.0])).is_err());
        assert!(follow(&[0.0], 0.0, |_| Ok(vec![2.0])).unwrap().is_monotone());
    }

    proptest! {
        #[test]
        fn the_extreme_of_two_exponentials_is_found_wherever_it_is(
            slow in 0.05..0.5f64, ratio in 1.5..6.0f64, size in -3.0..3.0f64,
        ) {
            prop_assume!(size.abs() > 0.01);
            let fast = slow * ratio;
            let course = followed(|t| size * ((-slow * t).exp() - (-fast * t).exp()), 400, 60.0 / slow, 1e-9);
            let time = ratio.ln() / (fast - slow);
            let value = size * ((-slow * time).exp() - (-fast * time).exp());
            let error = course.transient().unwrap();
            // The parabola's vertex at a spacing h of 0.15/(4096 slow)·4: fourth order in the value,
            // second in the time; 1e-6 of either is far above.
            prop_assert!((error.value - value).abs() < 1e-6 * size.abs(), "{error:?} {value}");
            prop_assert!((error.time - time).abs() < 1e-4 * time, "{error:?} {time}");
        }
    }
}
