//! Growth of one mode of a network of any depth, in a coordinate in which it is smooth.
//!
//! The strength u of a mode whose layers carry the scalars aᵢ, u = ∏aᵢ, obeys
//!
//! ```math
//! \tau\dot u = u^2 S(u)\,(s - d u),\qquad S = \sum_i a_i^{-2},
//! ```
//!
//! which is stiff in u: it starts exponentially slowly and ends within rounding of s/d. Below the
//! target, y = ln(u/(s/d − u)) grows at the rate s·u·S; above it (and without a target, s = 0),
//! y = −ln(u − s/d) grows at the rate d·u²·S. Both are smooth from end to end, and time is the
//! integral of the inverse rate over y.

use crate::math::quadrature::gauss_legendre;
use crate::{Error, Result};

/// Width of a quadrature panel in y: 16 Gauss–Legendre points integrate it to rounding.
const PANEL: f64 = 2.0;
/// Beyond this the strength is at its target to rounding and the rate is constant.
const ARRIVED: f64 = 40.0;
/// e^{−y} is not a normal number beyond this.
const UNDERFLOW: f64 = 708.0;

/// The coordinate y of a mode and the way back; each holds the target s/d.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Coordinate {
    /// y = ln(u/(target − u)).
    Below(f64),
    /// y = −ln(u − target).
    Above(f64),
}

impl Coordinate {
    fn of_log_strength(self, log_strength: f64) -> f64 {
        let strength = log_strength.exp();
        match self {
            Self::Below(target) => log_strength - (target - strength).ln(),
            Self::Above(0.0) => -log_strength,
            Self::Above(target) => -(strength - target).ln(),
        }
    }

    /// ln u at y; exact also where u itself would underflow.
    fn log_strength(self, y: f64) -> f64 {
        match self {
            Self::Below(target) if y > 0.0 => target.ln() - (-y).exp().ln_1p(),
            Self::Below(target) => target.ln() + y - y.exp().ln_1p(),
            Self::Above(0.0) => -y,
            Self::Above(target) => (target + (-y).exp()).ln(),
        }
    }

    /// Whether the strength is at its target to rounding, so that the rate is constant, or too
    /// small for a floating-point number, so that the rate does not matter.
    fn settled(self, y: f64) -> bool {
        match self {
            Self::Below(_) => y >= ARRIVED,
            Self::Above(0.0) => y >= UNDERFLOW,
            Self::Above(target) => y + target.ln() >= ARRIVED,
        }
    }
}

/// One mode's way through y: time as an integral, and its inverse.
pub(crate) struct Growth<F> {
    coordinate: Coordinate,
    start: f64,
    s: f64,
    d: f64,
    /// u·S as a function of ln u.
    drive: F,
}

impl<F: Fn(f64) -> f64> Growth<F> {
    /// From singular value, input variance, ln u at the start and u·S as a function of ln u.
    pub(crate) fn new(s: f64, d: f64, log_strength: f64, drive: F) -> Self {
        let target = s / d;
        let below = log_strength.exp() <= target && s > 0.0;
        let coordinate = if below { Coordinate::Below(target) } else { Coordinate::Above(target) };
        Self { coordinate, start: coordinate.of_log_strength(log_strength), s, d, drive }
    }

    /// Inverse of ẏ.
    fn slowness(&self, y: f64) -> f64 {
        let log_u = self.coordinate.log_strength(y);
        let rate = match self.coordinate {
            Coordinate::Below(_) => self.s * (self.drive)(log_u),
            Coordinate::Above(_) => self.d * log_u.exp() * (self.drive)(log_u),
        };
        rate.recip()
    }

    /// Time from the start to ln u = `log_strength`, which lies on the way.
    pub(crate) fn time_to(&self, log_strength: f64) -> f64 {
        let y = self.coordinate.of_log_strength(log_strength);
        let (mut at, mut time) = (self.start, 0.0);
        while at < y {
            if self.coordinate.settled(at) {
                return time + (y - at) * self.slowness(at);
            }
            let next = (at + PANEL).min(y);
            time += gauss_legendre(|y| self.slowness(y), at, next);
            at = next;
        }
        time
    }

    /// ln u at each of the increasing `times`.
    pub(crate) fn log_strengths(&self, times: &[f64]) -> Result<Vec<f64>> {
        let (mut at, mut now) = (self.start, 0.0);
        let mut found = Vec::with_capacity(times.len());
        for &time in times {
            loop {
                if self.coordinate.settled(at) || time == now {
                    break;
                }
                let panel = gauss_legendre(|y| self.slowness(y), at, at + PANEL);
                if !panel.is_finite() && self.slowness(at + PANEL).is_nan() {
                    return Err(Error::Numerical {
                        method: "growth of a mode",
                        reason: format!("the rate is not a number near t = {now}"),
                    });
                }
                if now + panel > time {
                    // `at` and `now` stay: the next time may lie in this panel too.
                    break;
                }
                now += panel;
                at += PANEL;
            }
            let y = if self.coordinate.settled(at) || time == now {
                at + (time - now) / self.slowness(at)
            } else {
                self.solve_in_panel(at, time - now)
            };
            found.push(self.coordinate.log_strength(y));
        }
        Ok(found)
    }

    /// y in [`at`, `at` + PANEL] that is reached after `time`: Newton's method on a monotone,
    /// smooth function, kept inside its bracket.
    fn solve_in_panel(&self, at: f64, time: f64) -> f64 {
        let (mut low, mut high) = (at, at + PANEL);
        let mut y = (at + time / self.slowness(at)).clamp(low, high);
        for _ in 0..100 {
            let excess = gauss_legendre(|y| self.slowness(y), at, y) - time;
            if excess > 0.0 {
                high = y
            } else {
                low = y
            }
            let newton = y - excess / self.slowness(y);
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - y).abs() <= 1e-15 * y.abs().max(1.0) {
                return next;
            }
            y = next;
        }
        y
    }
}
