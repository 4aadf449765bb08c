//! How a change becomes a step.

use ndarray::{Array2, Zip};

use super::Change;
use crate::{Error, Result};

/// How steps follow from changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// w ← w − η g.
    Descent,
    /// v ← μ v + g, w ← w − η v, from v = 0.
    Momentum {
        /// μ, from 0 up to below 1.
        momentum: f64,
    },
    /// m ← β₁ m + (1 − β₁) g and s ← β₂ s + (1 − β₂) g², both from 0; after k steps
    /// w ← w − η m̂/(√ŝ + ε) with m̂ = m/(1 − β₁ᵏ) and ŝ = s/(1 − β₂ᵏ).
    Adam {
        /// β₁, from 0 up to below 1.
        first: f64,
        /// β₂, from 0 up to below 1.
        second: f64,
        /// ε > 0.
        epsilon: f64,
    },
}

impl Method {
    /// Adam with its usual numbers: 0.9, 0.999, 1e-8.
    pub const ADAM: Self = Self::Adam { first: 0.9, second: 0.999, epsilon: 1e-8 };
}

/// Steps of a method at a rate for each matrix of weights.
///
/// g is the change that the rule asks for, plus `weight_decay` times the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    /// How steps follow from changes.
    pub method: Method,
    /// Learning rates η ≥ 0: one for all matrices, or one for each of a network's
    /// [`weights`](super::Network::weights). A matrix with rate 0 is frozen.
    pub rates: Vec<f64>,
    /// λ ≥ 0 of the penalty λ‖w‖²/2.
    pub weight_decay: f64,
}

impl Optimizer {
    /// Gradient descent at one rate.
    pub fn descent(rate: f64) -> Self {
        Self { method: Method::Descent, rates: vec![rate], weight_decay: 0.0 }
    }

    /// Refuses numbers out of range.
    ///
    /// # Errors
    /// Rates that are negative, not finite, all 0, or neither one nor one for each of `matrices`
    /// matrices; a number of the method or a weight decay out of range.
    pub fn validate(&self, matrices: usize) -> Result<()> {
        if ![1, matrices].contains(&self.rates.len()) {
            let expected = format!("one for all or {matrices}, one for each matrix of weights");
            return Err(Error::shape("learning rates", [self.rates.len()], expected));
        }
        if let Some(rate) = self.rates.iter().find(|r| !(r.is_finite() && **r >= 0.0)) {
            return Err(Error::parameter("learning rate", rate, "it must be finite, 0 or more"));
        }
        if self.rates.iter().all(|rate| *rate == 0.0) {
            let allowed = "it must be positive and finite, or nothing learns";
            return Err(Error::parameter("learning rate", 0, allowed));
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            let allowed = "it must be finite, 0 or more";
            return Err(Error::parameter("weight decay", self.weight_decay, allowed));
        }
        let below_one = |name: &str, value: f64| match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => Err(Error::parameter(name, value, "it must be from 0 up to below 1")),
        };
        match self.method {
            Method::Descent => Ok(()),
            Method::Momentum { momentum } => below_one("momentum", momentum),
            Method::Adam { first, second, epsilon } => {
                below_one("β₁ of Adam", first)?;
                below_one("β₂ of Adam", second)?;
                match epsilon.is_finite() && epsilon > 0.0 {
                    true => Ok(()),
                    false => Err(Error::parameter("ε of Adam", epsilon, "it must be positive")),
                }
            }
        }
    }

    fn rate(&self, matrix: usize) -> f64 {
        self.rates[if self.rates.len() == 1 { 0 } else { matrix }]
    }
}

/// An optimizer under way, with what it remembers.
#[derive(Debug, Clone)]
pub struct Steps {
    optimizer: Optimizer,
    /// Velocities, or first moments.
    first: Vec<Array2<f64>>,
    /// Second moments.
    second: Vec<Array2<f64>>,
    taken: i32,
}

impl Steps {
    /// Before the first step.
    ///
    /// # Errors
    /// As [`Optimizer::validate`].
    pub fn new(optimizer: Optimizer, weights: &[Array2<f64>]) -> Result<Self> {
        optimizer.validate(weights.len())?;
        let zeros = |needed: bool| match needed {
            true => weights.iter().map(|w| Array2::zeros(w.dim())).collect(),
            false => Vec::new(),
        };
        let first = zeros(optimizer.method != Method::Descent);
        let second = zeros(matches!(optimizer.method, Method::Adam { .. }));
        Ok(Self { optimizer, first, second, taken: 0 })
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// Moves the weights by one step.
    ///
    /// # Panics
    /// If change and weights have other shapes than the weights had at first.
    pub fn step(&mut self, weights: &mut [Array2<f64>], change: &mut Change) {
        self.taken = self.taken.saturating_add(1);
        let decay = self.optimizer.weight_decay;
        for (l, (w, g)) in weights.iter_mut().zip(change.matrices_mut()).enumerate() {
            let rate = self.optimizer.rate(l);
            if rate == 0.0 {
                continue;
            }
            if decay > 0.0 {
                g.scaled_add(decay, w);
            }
            match self.optimizer.method {
                Method::Descent => w.scaled_add(-rate, g),
                Method::Momentum { momentum } => {
                    Zip::from(w).and(&mut self.first[l]).and(&*g).for_each(|w, v, g| {
                        *v = momentum * *v + g;
                        *w -= rate * *v;
                    });
                }
                Method::Adam { first, second, epsilon } => {
                    let fade = |beta: f64| 1.0 - beta.powi(self.taken);
                    let (seen, seen_squares) = (fade(first), fade(second));
                    let moments = Zip::from(w).and(&mut self.first[l]).and(&mut self.second[l]);
                    moments.and(&*g).for_each(|w, m, s, g| {
                        *m = first * *m + (1.0 - first) * g;
                        *s = second * *s + (1.0 - second) * g * g;
                        *w -= rate * (*m / seen) / ((*s / seen_squares).sqrt() + epsilon);
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    /// The same gradient three times, on two matrices of which the second is frozen.
    fn after_three(method: Method, weight_decay: f64) -> Vec<Array2<f64>> {
        let mut weights = vec![arr2(&[[1.0, -2.0]]), arr2(&[[3.0]])];
        let optimizer = Optimizer { method, rates: vec![0.1, 0.0], weight_decay };
        let mut steps = Steps::new(optimizer, &weights).unwrap();
        for _ in 0..3 {
            let mut change = Change::zeros_like(&weights);
            change.matrices_mut()[0].assign(&arr2(&[[0.5, -1.0]]));
            change.matrices_mut()[1].fill(7.0);
            steps.step(&mut weights, &mut change);
        }
        weights
    }

    #[test]
    fn steps_are_those_written_down_by_hand() {
        let close = |found: &[Array2<f64>], first: f64, second: f64| {
            assert!((found[0][[0, 0]] - first).abs() < 1e-15, "{found:?}");
            assert!((found[0][[0, 1]] - second).abs() < 1e-15, "{found:?}");
            assert_eq!(found[1][[0, 0]], 3.0, "a matrix with rate 0 is frozen");
        };
        close(&after_three(Method::Descent, 0.0), 0.85, -1.7);
        // Velocities 1, 1.9, 2.71 times the gradient.
        let moved = 0.1 * 5.61;
        close(
            &after_three(Method::Momentum { momentum: 0.9 }, 0.0),
            1.0 - 0.5 * moved,
            -2.0 + moved,
        );
        // Of a constant gradient both moments are known after the correction: steps of η/(1 + ε/|g|).
        let step = |g: f64| 0.1 * g / (g.abs() + 1e-8);
        close(&after_three(Method::ADAM, 0.0), 1.0 - 3.0 * step(0.5), -2.0 - 3.0 * step(-1.0));
        // w ← 0.9 w − 0.1 g with decay 1.
        let decayed = |w: f64, g: f64| 0.729 * w - 0.1 * g * (1.0 + 0.9 + 0.81);
        close(&after_three(Method::Descent, 1.0), decayed(1.0, 0.5), decayed(-2.0, -1.0));
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        let text = |optimizer: Optimizer| optimizer.validate(2).unwrap_err().to_string();
        let good = Optimizer::descent(0.1);
        assert!(
            text(Optimizer { rates: vec![0.1; 3], ..good.clone() }).contains("one for all or 2")
        );
        assert!(text(Optimizer::descent(f64::NAN)).contains("learning rate"));
        assert!(text(Optimizer::descent(0.0)).contains("nothing learns"));
        assert!(text(Optimizer { weight_decay: -1.0, ..good.clone() }).contains("weight decay"));
        let adam = Method::Adam { first: 0.9, second: 1.0, epsilon: 1e-8 };
        assert!(text(Optimizer { method: adam, ..good.clone() }).contains("β₂"));
        let momentum = Method::Momentum { momentum: 1.0 };
        assert!(text(Optimizer { method: momentum, ..good }).contains("momentum is 1"));
    }
}
