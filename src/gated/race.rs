//! The race of pathways that learn the same mode side by side.

use crate::deep_linear::logit::Growth;
use crate::math::roots::brent;
use crate::math::times::validate_times;
use crate::{Error, Result};

/// One of the pathways in a race.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Racer {
    /// Scalar that each of its layers starts with, above 0.
    pub start: f64,
    /// Share of all examples in which its gate is open, above 0 and at most 1.
    pub open: f64,
}

/// A race of pathways of equal depth L ≥ 2 for one singular mode.
///
/// Each pathway i has L equal layers aᵢ along the mode and an open gate in a share ρᵢ of the
/// examples; wherever it is open, the sum of all strengths is the same. Then (`saxe2022`)
///
/// ```math
/// \tau\,\dot a_i = \rho_i\,a_i^{L-1}\Big(s - d\sum_j a_j^L\Big),
/// ```
///
/// so that all layers share one internal clock $`\theta = \int (s - d\sum a^L)\,dt/\tau`$ and
///
/// ```math
/// \frac{a_i^{2-L}}{\rho_i} = \frac{a_{i,0}^{2-L}}{\rho_i} - (L-2)\,\theta\quad(L>2),\qquad
/// a_i = a_{i,0}\,e^{\rho_i\theta}\quad(L=2).
/// ```
///
/// Eliminating θ gives what is conserved between any two pathways: $`a_1^{2-L}/\rho_1 -
/// a_2^{2-L}/\rho_2`$, and $`\ln(a_1)/\rho_1 - \ln(a_2)/\rho_2`$ for L = 2. With
/// $`\sum a^L = s/d`$ at the end, that says who wins, without solving for time. Time is one
/// quadrature over the total strength u, because τu̇ = L Σ ρᵢ aᵢ^{2L−2} (s − du).
///
/// A head start is kept in proportion by two layers and amplified by more: a^{2−L} is large for
/// small a, so the pathway that is behind hardly moves while the leader diverges on its clock. So is
/// a gate that is open more often, already by two layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Race {
    s: f64,
    d: f64,
    depth: f64,
    racers: Vec<Racer>,
    /// For L > 2: aᵢ^{2−L}/ρᵢ at the start, less the smallest of them.
    behind: Vec<f64>,
    /// The smallest of them.
    ahead: f64,
    log_start: f64,
}

impl Race {
    /// From singular value `s`, input variance `d` (both as seen by a gate that is always open),
    /// the number of layers, and the pathways.
    ///
    /// # Errors
    /// Values out of range, or starts so small that a^{2−L} overflows.
    pub fn new(s: f64, d: f64, depth: usize, racers: &[Racer]) -> Result<Self> {
        for (name, value) in [("singular value", s), ("input variance", d)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::parameter(name, value, "it must be positive and finite"));
            }
        }
        if depth < 2 {
            let allowed = "paths without a hidden layer do not compete: it must be at least 2";
            return Err(Error::parameter("depth of the paths", depth, allowed));
        }
        if racers.is_empty() {
            return Err(Error::parameter("paths", "empty", "at least one is needed"));
        }
        for (i, Racer { start, open }) in racers.iter().enumerate() {
            if !(start.is_finite() && *start > 0.0) {
                let name = format!("start of path {}", i + 1);
                let allowed =
                    "a path that starts at 0 never learns: it must be positive and finite";
                return Err(Error::parameter(name, start, allowed));
            }
            if !(*open > 0.0 && *open <= 1.0) {
                let name = format!("share of examples in which path {} is open", i + 1);
                return Err(Error::parameter(name, open, "it must be above 0 and at most 1"));
            }
        }
        let depth = depth as f64;
        let height = |r: &Racer| (-(depth - 2.0) * r.start.ln() - r.open.ln()).exp();
        let ahead = racers.iter().map(height).fold(f64::INFINITY, f64::min);
        let behind: Vec<f64> = racers.iter().map(|r| height(r) - ahead).collect();
        let log_start = log_sum(racers.iter().map(|r| depth * r.start.ln()));
        if !(ahead > 0.0 && behind.iter().all(|b| b.is_finite()) && log_start.is_finite()) {
            let reason = format!("the starts {racers:?} to the power 2 − {depth} are not numbers");
            let method = "the race of pathways";
            return Err(Error::Numerical { method, reason });
        }
        Ok(Self { s, d, depth, racers: racers.to_vec(), behind, ahead, log_start })
    }

    /// Layer scalars aᵢ at increasing times: one row per time.
    ///
    /// # Errors
    /// Times that do not increase from 0.
    pub fn layers(&self, times: &[f64]) -> Result<Vec<Vec<f64>>> {
        validate_times(times)?;
        if self.log_start.exp() == self.s / self.d {
            return Ok(vec![self.layers_at(self.log_start); times.len()]);
        }
        // u·S of the common growth equation u̇ = u²S(s − du), here S = L Σ ρ a^{2L−2}/u².
        let drive = |log_u: f64| {
            let logs = self.logs_at(log_u);
            let part = |(log_a, r): (f64, &Racer)| {
                r.open * ((2.0 * self.depth - 2.0) * log_a - log_u).exp()
            };
            self.depth * logs.into_iter().zip(&self.racers).map(part).sum::<f64>()
        };
        let logs = Growth::new(self.s, self.d, self.log_start, drive).log_strengths(times)?;
        Ok(logs.into_iter().map(|log_u| self.layers_at(log_u)).collect())
    }

    /// Strengths aᵢᴸ at increasing times: one row per time.
    ///
    /// # Errors
    /// As [`layers`](Self::layers).
    pub fn strengths(&self, times: &[f64]) -> Result<Vec<Vec<f64>>> {
        let power = |a: f64| a.powf(self.depth);
        let rows = self.layers(times)?.into_iter();
        Ok(rows.map(|row| row.into_iter().map(power).collect()).collect())
    }

    /// Strengths aᵢᴸ at the end, where their sum is s/d: from what is conserved alone.
    pub fn final_strengths(&self) -> Vec<f64> {
        let end = self.layers_at((self.s / self.d).ln());
        end.into_iter().map(|a| a.powf(self.depth)).collect()
    }

    fn layers_at(&self, log_u: f64) -> Vec<f64> {
        if log_u == self.log_start {
            return self.racers.iter().map(|r| r.start).collect();
        }
        self.logs_at(log_u).into_iter().map(f64::exp).collect()
    }

    /// ln aᵢ where the total strength is u: one unknown, on which the total depends monotonically.
    fn logs_at(&self, log_u: f64) -> Vec<f64> {
        let total = |at: f64| log_sum(self.logs(at).map(|log_a| self.depth * log_a)) - log_u;
        // The leader alone is not more than the total, and the total not more than all as strong
        // as the strongest: start there and widen.
        let mut reach = 1.0;
        let guess = if self.depth == 2.0 { 0.0 } else { self.ahead.ln() };
        let (mut low, mut high) = (guess - reach, guess + reach);
        while total(low).signum() == total(high).signum() && reach < 1e6 {
            reach *= 2.0;
            (low, high) = (guess - reach, guess + reach);
        }
        let at = brent(total, low, high).unwrap_or(guess);
        self.logs(at).collect()
    }

    /// ln aᵢ at a place of the clock: θ itself for L = 2; for L > 2 the logarithm of a^{2−L}/ρ of the
    /// leader, so that neither small starts nor large strengths cancel.
    fn logs(&self, at: f64) -> impl Iterator<Item = f64> + Clone {
        self.racers.iter().zip(&self.behind).map(move |(r, behind)| {
            if self.depth == 2.0 {
                return r.start.ln() + r.open * at;
            }
            let height = if *behind == 0.0 { at } else { (at.exp() + behind).ln() };
            -(height + r.open.ln()) / (self.depth - 2.0)
        })
    }
}

/// ln Σ eˣ without overflow or underflow.
fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    largest + logs.map(|x| (x - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::depth::DepthMode;
    use crate::math::ode;
    use proptest::prelude::*;

    fn always_open(starts: &[f64]) -> Vec<Racer> {
        starts.iter().map(|a| Racer { start: *a, open: 1.0 }).collect()
    }

    fn flow(s: f64, d: f64, depth: i32, racers: &[Racer], times: &[f64]) -> Vec<Vec<f64>> {
        let field = |a: &[f64], da: &mut [f64]| {
            let gap = s - d * a.iter().map(|a| a.powi(depth)).sum::<f64>();
            for ((da, a), r) in da.iter_mut().zip(a).zip(racers) {
                *da = r.open * a.powi(depth - 1) * gap;
            }
        };
        let start: Vec<f64> = racers.iter().map(|r| r.start).collect();
        ode::integrate(field, &start, times).unwrap()
    }

    #[test]
    fn two_layers_keep_a_head_start_and_three_amplify_it() {
        for (depth, expected) in [(2, [0.507, 0.793]), (3, [0.135, 1.165])] {
            let race = Race::new(1.3, 1.0, depth, &always_open(&[0.2, 0.25])).unwrap();
            for (found, expected) in race.final_strengths().iter().zip(expected) {
                assert!((found - expected).abs() < 5e-4, "depth {depth}: {found}");
            }
        }
    }

    #[test]
    fn one_path_is_a_plain_deep_mode_and_equal_paths_split_it() {
        let times = [0.0, 1.0, 4.0, 9.0, 50.0];
        for depth in [2, 3, 5] {
            let one = Race::new(1.4, 0.8, depth, &always_open(&[0.3])).unwrap();
            let start = 0.3f64.powi(depth as i32);
            let plain = DepthMode::new(1.4, 0.8, depth as f64, start).unwrap();
            let three = Race::new(1.4, 0.8, depth, &always_open(&[0.3; 3])).unwrap();
            let thirds = three.strengths(&times).unwrap();
            for ((a, u), b) in one
                .strengths(&times)
                .unwrap()
                .iter()
                .zip(plain.strengths(&times).unwrap())
                .zip(thirds)
            {
                assert!((a[0] - u).abs() < 1e-10, "depth {depth}: {} against {u}", a[0]);
                assert!(b[0] == b[1] && b[1] == b[2], "symmetric starts stay symmetric");
            }
        }
    }

    #[test]
    fn a_tiny_start_of_many_layers_is_no_trouble() {
        let race = Race::new(1.0, 1.0, 8, &always_open(&[1e-3, 1.1e-3, 1e-6])).unwrap();
        let end = race.final_strengths();
        assert!((end.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(end[0] < 1e-15 && end[2] < 1e-40, "{end:?}");
        let late = race.layers(&[1e30]).unwrap();
        assert!(late[0].iter().all(|a| a.is_finite()));
    }

    #[test]
    fn races_that_make_no_sense_are_refused() {
        let refused = |s: f64, d: f64, depth: usize, racers: &[Racer]| {
            Race::new(s, d, depth, racers).unwrap_err().to_string()
        };
        let two = always_open(&[0.1, 0.2]);
        assert!(refused(0.0, 1.0, 2, &two).contains("singular value is 0"));
        assert!(refused(1.0, f64::NAN, 2, &two).contains("input variance is NaN"));
        assert!(refused(1.0, 1.0, 1, &two).contains("depth of the paths is 1"));
        assert!(refused(1.0, 1.0, 2, &[]).contains("paths is empty"));
        assert!(refused(1.0, 1.0, 2, &always_open(&[0.1, 0.0])).contains("start of path 2 is 0"));
        let never = [Racer { start: 0.1, open: 0.0 }];
        assert!(refused(1.0, 1.0, 2, &never).contains("above 0"));
        let tiny = always_open(&[1e-200, 0.1]);
        assert!(refused(1.0, 1.0, 9, &tiny).contains("not numbers"));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64, failure_persistence: None, ..ProptestConfig::default()
        })]

        /// Integration is good to a relative 1e-12 per step; over a few hundred steps 1e-9.
        #[test]
        fn the_quadrature_is_the_flow_and_conserves_what_it_should(
            depth in 2i32..6,
            starts in proptest::collection::vec(0.15..0.9f64, 1..4),
            open in proptest::collection::vec(0.1..1.0f64, 3),
            s in 0.2..3.0f64,
            d in 0.3..2.0f64,
        ) {
            let racers: Vec<Racer> = starts.iter().zip(&open)
                .map(|(start, open)| Racer { start: *start, open: *open }).collect();
            let race = Race::new(s, d, depth as usize, &racers).unwrap();
            let times = [0.0, 0.7, 3.0, 12.0];
            let theory = race.layers(&times).unwrap();
            for (a, b) in theory.iter().zip(flow(s, d, depth, &racers, &times)) {
                for (a, b) in a.iter().zip(b) {
                    prop_assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{} against {}", a, b);
                }
            }
            // To the rounding of the largest term.
            let height = |a: f64, r: &Racer| {
                if depth == 2 { a.ln() / r.open } else { a.powi(2 - depth) / r.open }
            };
            for row in &theory {
                let now: Vec<f64> = row.iter().zip(&racers).map(|(a, r)| height(*a, r)).collect();
                for i in 1..now.len() {
                    let start = height(racers[i].start, &racers[i]) - height(racers[0].start, &racers[0]);
                    let size = 1.0 + now[0].abs().max(now[i].abs()) + start.abs();
                    prop_assert!((now[i] - now[0] - start).abs() < 1e-12 * size);
                }
            }
            let total: f64 = race.final_strengths().iter().sum();
            prop_assert!((total * d / s - 1.0).abs() < 1e-12);
        }
    }
}
