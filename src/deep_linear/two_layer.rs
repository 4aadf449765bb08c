//! One mode of a two-layer network, from any initial hidden vectors.

use crate::{Error, Result};

/// One singular mode of a two-layer linear network.
///
/// The hidden layer sees mode k through two vectors, a = W₁v (input side) and b = W₂ᵀu (output
/// side), both of length `n_hidden`; the mode's strength is u = a·b. With p = (a + b)/2 and
/// m = (a − b)/2 at the start,
///
/// ```math
/// a(t) = p\,g + m/g,\quad b(t) = p\,g - m/g,\quad a\cdot b = |p|^2 x - |m|^2/x,\quad x = g^2,\qquad
/// \dot x = 2 s x - 2 d |p|^2 x^2 + 2 d |m|^2 ,
/// ```
///
/// a scalar Riccati equation with, for Ω = √(s² + 4d²|p|²|m|²),
///
/// ```math
/// x(t) = \frac{(\Omega+s) + (\Omega-s)e^{-2\Omega t} + 2d|m|^2(1-e^{-2\Omega t})}
///             {(\Omega-s) + (\Omega+s)e^{-2\Omega t} + 2d|p|^2(1-e^{-2\Omega t})} .
/// ```
///
/// Every term is non-negative, so nothing overflows or cancels for any t. It contains the balanced
/// sigmoid (m = 0) and the hyperbolic solution of (`saxe2014`) for unequal layers, which is
/// singular where they are equal. Several modes evolve independently if their hidden planes
/// span(a, b) are mutually orthogonal. Time in units of τ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoLayerMode {
    s: f64,
    d: f64,
    /// |p|², what grows.
    sum: f64,
    /// |m|², what decays.
    difference: f64,
    omega: f64,
    /// Ω − s without cancellation.
    omega_minus_s: f64,
}

impl TwoLayerMode {
    /// From singular value `s`, input variance `d` and the initial hidden vectors.
    ///
    /// # Errors
    /// Vectors of different length, values that are not finite, negative `s` or `d`, or `s` > 0
    /// where the inputs have no variance (no data set does that).
    pub fn new(s: f64, d: f64, input_side: &[f64], output_side: &[f64]) -> Result<Self> {
        validate(s, d)?;
        if input_side.len() != output_side.len() {
            let expected = format!("{} entries, as the input side", input_side.len());
            return Err(Error::shape("output side of a mode", [output_side.len()], expected));
        }
        let (mut sum, mut difference) = (0.0, 0.0);
        for (a, b) in input_side.iter().zip(output_side) {
            sum += (0.5 * (a + b)).powi(2);
            difference += (0.5 * (a - b)).powi(2);
        }
        let omega = s.hypot(2.0 * d * (sum * difference).sqrt());
        if !omega.is_finite() {
            return Err(Error::parameter("initial mode strength", sum, "finite and representable"));
        }
        let both = 4.0 * d * d * sum * difference;
        let omega_minus_s = if both > 0.0 { both / (omega + s) } else { 0.0 };
        Ok(Self { s, d, sum, difference, omega, omega_minus_s })
    }

    /// From equal layers (a = b) and the mode strength u₀ = a² ≥ 0 they make.
    ///
    /// # Errors
    /// As [`new`](Self::new), or a negative strength.
    pub fn balanced(s: f64, d: f64, strength: f64) -> Result<Self> {
        validate(s, d)?;
        if !(strength.is_finite() && strength >= 0.0) {
            return Err(Error::parameter(
                "initial mode strength",
                strength,
                "it must be at least 0",
            ));
        }
        Ok(Self { s, d, sum: strength, difference: 0.0, omega: s, omega_minus_s: 0.0 })
    }

    /// Numerator and denominator of x(t), both non-negative.
    #[inline]
    fn ratio(&self, t: f64) -> (f64, f64) {
        let (p2, m2) = (self.sum, self.difference);
        if self.omega == 0.0 {
            return (1.0 + 2.0 * self.d * m2 * t, 1.0 + 2.0 * self.d * p2 * t);
        }
        let y = 2.0 * self.omega * t;
        let e = (-y).exp();
        // 1 − e⁻ʸ: exact enough by subtraction once it is not small.
        let grown = if y > 0.7 { 1.0 - e } else { -(-y).exp_m1() };
        let plus = self.omega + self.s;
        let minus = self.omega_minus_s;
        (plus + minus * e + 2.0 * self.d * m2 * grown, minus + plus * e + 2.0 * self.d * p2 * grown)
    }

    /// Mode strength a·b at time `t` ≥ 0.
    #[inline]
    pub fn strength(&self, t: f64) -> f64 {
        let (num, den) = self.ratio(t);
        if self.difference == 0.0 {
            return if self.sum > 0.0 { self.sum * num / den } else { 0.0 };
        }
        if self.sum == 0.0 {
            return -self.difference * den / num;
        }
        // p²x − m²/x over one denominator: half the divisions, which are what this costs.
        (self.sum * num * num - self.difference * den * den) / (num * den)
    }

    /// Factors (g, 1/g) by which the sum and the difference of the two sides have grown:
    /// a = p·g + m/g, b = p·g − m/g. The first is 0 where p = 0 (it multiplies nothing).
    pub fn growth(&self, t: f64) -> (f64, f64) {
        let (num, den) = self.ratio(t);
        let grows = if self.sum > 0.0 { (num / den).sqrt() } else { 0.0 };
        (grows, (den / num).sqrt())
    }

    /// Both hidden vectors at time `t`, from those at the start.
    pub fn vectors(&self, input_side: &[f64], output_side: &[f64], t: f64) -> (Vec<f64>, Vec<f64>) {
        let (grows, decays) = self.growth(t);
        let pairs = input_side.iter().zip(output_side).map(|(a, b)| {
            let (p, m) = (0.5 * (a + b) * grows, 0.5 * (a - b) * decays);
            (p + m, p - m)
        });
        pairs.unzip()
    }

    /// Strength after infinite time: s/d, or 0 if the start has no component that grows.
    pub fn final_strength(&self) -> f64 {
        if self.s > 0.0 && self.sum > 0.0 { self.s / self.d } else { 0.0 }
    }

    /// Time at which the mode first has half of its final strength; `None` if it is never learned,
    /// 0 if it starts above.
    pub fn half_time(&self) -> Option<f64> {
        let target = self.final_strength();
        (target > 0.0).then(|| self.time_to(0.5 * target).unwrap_or(0.0))
    }

    /// Time at which the strength first reaches `strength`; `None` if it starts above or never does.
    pub fn time_to(&self, strength: f64) -> Option<f64> {
        let start = self.strength(0.0);
        if strength < start || strength >= self.final_strength() {
            return (strength == start).then_some(0.0);
        }
        let (p2, m2) = (self.sum, self.difference);
        // x where p²x − m²/x = strength; the roots of the Riccati equation bound the way there.
        let x = if strength >= 0.0 {
            (strength + strength.hypot(2.0 * (p2 * m2).sqrt())) / (2.0 * p2)
        } else {
            2.0 * m2 / (strength.hypot(2.0 * (p2 * m2).sqrt()) - strength)
        };
        let scale = 2.0 * self.d * p2;
        let high = (self.s + self.omega) / scale;
        let low = -self.omega_minus_s / scale;
        let logs = ((x - low) / (1.0 - low)).ln() + ((high - 1.0) / (high - x)).ln();
        Some((logs / (2.0 * self.omega)).max(0.0))
    }
}

fn validate(s: f64, d: f64) -> Result<()> {
    if !(s.is_finite() && s >= 0.0) {
        return Err(Error::parameter("singular value", s, "it must be finite and not negative"));
    }
    if !(d.is_finite() && d >= 0.0) {
        return Err(Error::parameter("input variance", d, "it must be finite and not negative"));
    }
    if s > 0.0 && d == 0.0 {
        let allowed = "a direction without input variance has singular value 0";
        return Err(Error::parameter("singular value", s, allowed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    /// The hyperbolic form of Saxe, McClelland & Ganguli 2014 for scalar layers, a² ≠ b².
    fn hyperbolic(a: f64, b: f64, s: f64, d: f64, t: f64) -> f64 {
        let c = (a * a - b * b).abs();
        let k = d * c;
        let w = k.hypot(2.0 * s);
        let h0 = (0.5 * (2.0 * a * b / c).asinh()).tanh();
        let (high, low) = (2.0 * s / (k + w), -(k + w) / (2.0 * s));
        let e = (-w * t).exp();
        let h = (high * (h0 - low) + low * (high - h0) * e) / ((h0 - low) + (high - h0) * e);
        c * h / (1.0 - h * h)
    }

    #[test]
    fn the_hyperbolic_solution_of_saxe_2014_is_contained() {
        for (a, b) in [(0.2, -0.1), (0.05, 0.3), (1.5, 0.2)] {
            let mode = TwoLayerMode::new(1.0, 0.5, &[a], &[b]).unwrap();
            for t in [0.0, 0.5, 2.0, 5.0, 12.0] {
                let expected = hyperbolic(a, b, 1.0, 0.5, t);
                assert_relative_eq!(mode.strength(t), expected, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn nothing_overflows_however_long_the_time() {
        let mode = TwoLayerMode::balanced(1.0, 1.0, 1e-300).unwrap();
        assert_relative_eq!(mode.strength(1e6), 1.0, max_relative = 4e-16);
        let half = (1e300f64).ln() / 2.0;
        assert_relative_eq!(mode.half_time().unwrap(), half, max_relative = 1e-13);
        assert_relative_eq!(mode.strength(half), 0.5, max_relative = 1e-12);
        let mode = TwoLayerMode::new(1.0, 1.0, &[1e-150], &[1e-150]).unwrap();
        assert_relative_eq!(mode.strength(1e300), 1.0, max_relative = 4e-16);
    }

    #[test]
    fn a_mode_without_correlation_decays_as_one_over_time() {
        let mode = TwoLayerMode::balanced(0.0, 0.8, 0.5).unwrap();
        assert_relative_eq!(mode.strength(7.0), 0.5 / (1.0 + 2.0 * 0.8 * 0.5 * 7.0));
        assert_eq!(mode.half_time(), None);
        let frozen = TwoLayerMode::new(0.0, 0.8, &[0.3], &[0.0]).unwrap();
        let (a, b) = frozen.vectors(&[0.3], &[0.0], 50.0);
        assert!((a[0] - 0.3).abs() < 1e-15 && b[0].abs() < 1e-15);
    }

    #[test]
    fn opposite_layers_stall_at_the_saddle() {
        let mode = TwoLayerMode::new(2.0, 1.0, &[0.1], &[-0.1]).unwrap();
        assert_eq!(mode.half_time(), None);
        assert_eq!(mode.final_strength(), 0.0);
        assert!(mode.strength(3.0) < 0.0 && mode.strength(1e6) > -1e-300);
    }

    #[test]
    fn a_start_above_the_target_comes_down_to_it() {
        let mode = TwoLayerMode::balanced(1.0, 1.0, 1.0 + 1e-9).unwrap();
        let gap = mode.strength(1.0) - 1.0;
        assert_relative_eq!(gap, 1e-9 * (-2f64).exp(), max_relative = 1e-5);
        assert_eq!(mode.half_time(), Some(0.0));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        assert!(TwoLayerMode::balanced(-1.0, 1.0, 0.1).is_err());
        assert!(TwoLayerMode::balanced(1.0, f64::NAN, 0.1).is_err());
        assert!(TwoLayerMode::balanced(1.0, 0.0, 0.1).is_err());
        assert!(TwoLayerMode::balanced(1.0, 1.0, -0.1).is_err());
        assert!(TwoLayerMode::new(1.0, 1.0, &[0.1, 0.2], &[0.1]).is_err());
        assert!(TwoLayerMode::new(1.0, 1.0, &[f64::INFINITY], &[0.1]).is_err());
    }

    fn inner(x: &[f64], y: &[f64]) -> f64 {
        x.iter().zip(y).map(|(x, y)| x * y).sum()
    }

    proptest! {
        #[test]
        fn going_on_from_any_time_is_going_straight_through(
            a in prop::collection::vec(-1.5..1.5f64, 3), b in prop::collection::vec(-1.5..1.5f64, 3),
            s in 0.0..3.0f64, d in 0.1..2.0f64, t1 in 0.0..4.0f64, t2 in 0.0..4.0f64,
        ) {
            let mode = TwoLayerMode::new(s, d, &a, &b).unwrap();
            let (a1, b1) = mode.vectors(&a, &b, t1);
            prop_assert!((inner(&a1, &b1) - mode.strength(t1)).abs() < 1e-12);
            let conserved = inner(&a, &a) - inner(&b, &b);
            prop_assert!((inner(&a1, &a1) - inner(&b1, &b1) - conserved).abs() < 1e-11);
            let rest = TwoLayerMode::new(s, d, &a1, &b1).unwrap();
            prop_assert!((rest.strength(t2) - mode.strength(t1 + t2)).abs() < 1e-11);
        }

        #[test]
        fn the_half_time_is_where_half_is_reached(
            a in -0.5..0.5f64, b in -0.5..0.5f64, s in 0.5..3.0f64, d in 0.2..2.0f64,
        ) {
            let mode = TwoLayerMode::new(s, d, &[a], &[b]).unwrap();
            if let Some(half) = mode.half_time()
                && (a + b).abs() > 1e-6 {
                let reached = mode.strength(half);
                prop_assert!(half == 0.0 || (reached - 0.5 * s / d).abs() < 1e-9 * s / d);
            }
        }
    }
}
