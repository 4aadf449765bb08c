//! One mode of a balanced network of any depth.

use crate::deep_linear::logit::Growth;
use crate::math::times::validate_times;
use crate::{Error, Result};

/// One singular mode of a balanced, aligned network of `depth` weight layers.
///
/// All layers carry the same scalar a = u^{1/L}, and
///
/// ```math
/// \tau\dot u = L\,u^{2-2/L}\,(s - d u) .
/// ```
///
/// (`saxe2014`; there N_l counts layers of neurons, L = N_l − 1.) Depth is any real number from 1
/// (shallow: exponential) over 2 (sigmoid) to infinity. At infinite depth time is measured in
/// units of τ/L, since the rate grows as L. The strength must be positive at the start for depth
/// above 1: zero is a saddle. Times are found by Gauss–Legendre quadrature in
/// ln(u/(s/d − u)), where neither a tiny start nor a start within rounding of the target is hard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DepthMode {
    s: f64,
    d: f64,
    depth: f64,
    log_start: f64,
}

impl DepthMode {
    /// From singular value `s`, input variance `d`, the number of weight layers (any real number
    /// from 1 to infinity) and the initial strength u₀ ≥ 0.
    ///
    /// # Errors
    /// A value out of its range.
    pub fn new(s: f64, d: f64, depth: f64, strength: f64) -> Result<Self> {
        if !(strength.is_finite() && strength >= 0.0) {
            let allowed = "balanced layers make a strength of at least 0";
            return Err(Error::parameter("initial mode strength", strength, allowed));
        }
        Self::from_log_strength(s, d, depth, strength.ln())
    }

    /// As [`new`](Self::new) from ln u₀, for strengths a₀ᴸ too small for a floating-point number.
    ///
    /// # Errors
    /// A value out of its range.
    pub fn from_log_strength(s: f64, d: f64, depth: f64, log_strength: f64) -> Result<Self> {
        if depth.is_nan() || depth < 1.0 {
            return Err(Error::parameter(
                "depth",
                depth,
                "it counts weight layers and is at least 1",
            ));
        }
        if !(s.is_finite() && s >= 0.0) {
            return Err(Error::parameter(
                "singular value",
                s,
                "it must be finite and not negative",
            ));
        }
        if !(d.is_finite() && (d > 0.0 || (d == 0.0 && s == 0.0))) {
            return Err(Error::parameter("input variance", d, "it must be positive and finite"));
        }
        if log_strength.is_nan() || log_strength > 700.0 {
            let allowed = "it must be below e^700";
            return Err(Error::parameter("initial mode strength", log_strength.exp(), allowed));
        }
        Ok(Self { s, d, depth, log_start: log_strength })
    }

    /// Strengths u at increasing times (units of τ; of τ/L at infinite depth).
    ///
    /// # Errors
    /// Times that do not increase from 0.
    pub fn strengths(&self, times: &[f64]) -> Result<Vec<f64>> {
        validate_times(times)?;
        let (s, d, start) = (self.s, self.d, self.log_start.exp());
        if d == 0.0 || (self.log_start == f64::NEG_INFINITY && self.depth > 1.0) {
            return Ok(vec![start; times.len()]); // nothing drives it, or exactly at the saddle
        }
        if self.depth == 1.0 {
            let at = |t: f64| start * (-d * t).exp() - s / d * (-d * t).exp_m1();
            return Ok(times.iter().map(|t| at(*t)).collect());
        }
        if start == s / d {
            return Ok(vec![start; times.len()]);
        }
        let logs = self.growth().log_strengths(times)?;
        Ok(logs.into_iter().map(f64::exp).collect())
    }

    /// Time at which the strength reaches `strength`; `None` if it never does.
    ///
    /// # Errors
    /// A time too long for a floating-point number.
    pub fn time_to(&self, strength: f64) -> Result<Option<f64>> {
        let (target, start) = (self.final_strength(), self.log_start.exp());
        if strength == start {
            return Ok(Some(0.0));
        }
        let on_the_way = if start < target {
            start < strength && strength < target
        } else {
            target < strength && strength < start
        };
        if !on_the_way {
            return Ok(None);
        }
        let time = if self.depth == 1.0 {
            let goal = self.s / self.d;
            ((goal - start) / (goal - strength)).ln() / self.d
        } else {
            self.growth().time_to(strength.ln())
        };
        if time.is_finite() {
            return Ok(Some(time));
        }
        Err(Error::Numerical {
            method: "learning time",
            reason: format!(
                "depth {} from ln u = {} takes longer than 1e308 τ",
                self.depth, self.log_start
            ),
        })
    }

    /// Strength after infinite time: s/d, or 0 for a start exactly at the saddle.
    pub fn final_strength(&self) -> f64 {
        let stuck = self.log_start == f64::NEG_INFINITY && self.depth > 1.0;
        if self.s == 0.0 || stuck { 0.0 } else { self.s / self.d }
    }

    /// Time of half learning; `None` if the mode is never learned, 0 if it starts above half.
    ///
    /// # Errors
    /// As [`time_to`](Self::time_to).
    pub fn half_time(&self) -> Result<Option<f64>> {
        let target = self.final_strength();
        if target == 0.0 {
            return Ok(None);
        }
        Ok(Some(self.time_to(0.5 * target)?.unwrap_or(0.0)))
    }

    fn growth(&self) -> Growth<impl Fn(f64) -> f64> {
        let Self { s, d, depth, .. } = *self;
        // u·S = L u^{1−2/L}; at infinite depth time is in units of τ/L.
        let (factor, power) =
            if depth.is_finite() { (depth, 1.0 - 2.0 / depth) } else { (1.0, 1.0) };
        Growth::new(s, d, self.log_start, move |log_u| factor * (power * log_u).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::two_layer::TwoLayerMode;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    /// Elementary integral for depth 4.
    fn time_at_depth_4(u0: f64, u1: f64, s: f64, d: f64) -> f64 {
        let q = (s / d).sqrt();
        let j = |u: f64| (u.sqrt() / q).atanh() / (2.0 * q);
        ((u0.powf(-0.5) - u1.powf(-0.5)) / 2.0 + j(u1) - j(u0)) / s
    }

    #[test]
    fn depth_4_has_its_elementary_learning_time() {
        let mode = DepthMode::new(1.7, 0.6, 4.0, 0.01).unwrap();
        let expected = time_at_depth_4(0.01, 2.5, 1.7, 0.6);
        assert_relative_eq!(mode.time_to(2.5).unwrap().unwrap(), expected, max_relative = 1e-13);
    }

    #[test]
    fn depth_passes_continuously_through_2() {
        for start in [1e-6, 0.3, 5.0] {
            let times = [0.0, 0.3, 1.0, 4.0, 30.0, 3000.0];
            let exact = TwoLayerMode::balanced(1.3, 0.8, start).unwrap();
            for depth in [2.0 - 1e-12, 2.0, 2.0 + 1e-12] {
                let mode = DepthMode::new(1.3, 0.8, depth, start).unwrap();
                for (t, u) in times.iter().zip(mode.strengths(&times).unwrap()) {
                    assert_relative_eq!(u, exact.strength(*t), max_relative = 1e-10);
                }
            }
        }
    }

    #[test]
    fn extreme_starts_are_exact() {
        let mode = DepthMode::new(1.0, 1.0, 3.0, 1e-300).unwrap();
        let half = mode.half_time().unwrap().unwrap();
        // Leading order: t = a₀⁻¹/s with a₀ = u₀^{1/3}.
        assert_relative_eq!(half, 1e100, max_relative = 1e-10);
        assert_eq!(mode.strengths(&[0.0, 2.0 * half]).unwrap()[1], 1.0);
        let above = DepthMode::new(1.0, 1.0, 3.0, 1.0 + 1e-12).unwrap();
        let gap = above.strengths(&[0.5]).unwrap()[0] - 1.0;
        assert!((gap - 1e-12 * (-1.5f64).exp()).abs() < 1e-15);
        let deep = DepthMode::from_log_strength(2.0, 1.0, 1000.0, 1000.0 * 1e-3f64.ln()).unwrap();
        assert!(deep.time_to(1.0).unwrap_err().to_string().contains("longer than 1e308"));
    }

    #[test]
    fn the_saddle_holds_what_starts_on_it() {
        let mode = DepthMode::new(1.0, 1.0, 3.0, 0.0).unwrap();
        assert_eq!(mode.strengths(&[0.0, 1e9]).unwrap(), vec![0.0, 0.0]);
        assert_eq!(mode.half_time().unwrap(), None);
        let shallow = DepthMode::new(1.0, 0.5, 1.0, 0.0).unwrap();
        assert_relative_eq!(shallow.half_time().unwrap().unwrap(), 2f64.ln() / 0.5);
    }

    #[test]
    fn without_correlation_the_strength_decays_as_a_power() {
        for depth in [1.5, 2.0, 3.0, 7.5] {
            let mode = DepthMode::new(0.0, 0.7, depth, 0.4).unwrap();
            let m = 2.0 - 2.0 / depth;
            let exact = |t: f64| (0.4f64.powf(-m) + (2.0 * depth - 2.0) * 0.7 * t).powf(-1.0 / m);
            let times = [0.0, 1.0, 10.0, 1e4];
            for (t, u) in times.iter().zip(mode.strengths(&times).unwrap()) {
                assert_relative_eq!(u, exact(*t), max_relative = 1e-12);
            }
        }
    }

    proptest! {
        #[test]
        fn strength_and_time_are_inverse(
            depth in 1.0..12.0f64, s in 0.2..3.0f64, d in 0.2..2.0f64,
            start in 1e-4..0.9f64, end in 0.05..0.95f64,
        ) {
            let mode = DepthMode::new(s, d, depth, start * s / d).unwrap();
            if end > start {
                let time = mode.time_to(end * s / d).unwrap().unwrap();
                let reached = mode.strengths(&[time]).unwrap()[0];
                prop_assert!((reached / (end * s / d) - 1.0).abs() < 1e-10);
            }
        }

        #[test]
        fn going_on_from_any_time_is_going_straight_through(
            depth in 1.0..9.0f64, s in 0.0..2.0f64, start in 0.01..3.0f64, t1 in 0.01..3.0f64, t2 in 0.01..3.0f64,
        ) {
            let mode = DepthMode::new(s, 0.7, depth, start).unwrap();
            let u = mode.strengths(&[t1, t1 + t2]).unwrap();
            let rest = DepthMode::new(s, 0.7, depth, u[0]).unwrap();
            prop_assert!((rest.strengths(&[t2]).unwrap()[0] - u[1]).abs() < 1e-10);
        }

        #[test]
        fn scaling_the_task_scales_strength_and_time(
            depth in 1.0..9.0f64, start in 0.01..0.9f64, c in 0.1..10.0f64, t in 0.0..3.0f64,
        ) {
            // s → c s, u → c u, t → t / c^{2−2/L} · … with d fixed: τu' = L u^{2−2/L}(s − du).
            let one = DepthMode::new(1.0, 1.0, depth, start).unwrap();
            let scaled = DepthMode::new(c, 1.0, depth, c * start).unwrap();
            let time = t / c.powf(2.0 - 2.0 / depth);
            let (u, v) = (one.strengths(&[t]).unwrap()[0], scaled.strengths(&[time]).unwrap()[0]);
            prop_assert!((v - c * u).abs() < 1e-10 * c);
        }
    }
}
