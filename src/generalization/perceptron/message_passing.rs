//! Approximate message passing and its state evolution: Bayes' rule, reached by iteration.
//!
//! A teacher w of N weights, standard normal or signs, is seen through P = αN outputs: the sign of
//! $`z = w \cdot x/\sqrt N`$, or z plus noise of variance Δ. Message passing estimates the mean of w
//! given the outputs. In the limit of large N the overlap $`q_t`$ of its estimate with the teacher (and
//! with itself) after t iterations obeys
//!
//! ```math
//! q_{t+1} = \eta(\hat q_t), \qquad
//! \hat q_t = \frac{2\alpha}{1 - q_t}\int D\xi\,\frac{\varphi(u)^2}{H(u)} \ \text{(sign)}, \quad
//! \frac{\alpha}{1 - q_t + \Delta} \ \text{(linear)},
//! ```
//!
//! with $`u = \xi\sqrt{q_t/(1 - q_t)}`$, $`\eta = \hat q/(1 + \hat q)`$ for normal weights and
//! $`\int Dz \tanh(\hat q + \sqrt{\hat q} z)`$ for signs, from $`q_0 = 0`$ (`zdeborova2016`,
//! `barbier2019`). The mean square error of the estimate is $`1 - q_t`$. Where the fixed point is unique
//! it is Bayes' rule. With signs and the sign channel it is not between the transition of
//! [`ising`](super::ising) and the spinodal: there messages stay at R < 1 though the teacher is the only
//! student left.

use ndarray::{Array1, Array2};

use super::examples::{Examples, examples};
use super::ising::sign_overlap;
use super::rules::{self, fisher_information, positive_load};
use crate::curve::Curve;
use crate::math::normal::hazard;
use crate::math::random::{Purpose, gaussian, stream};
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

/// What is known about the teacher's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prior {
    /// Independent standard normal.
    Gaussian,
    /// Independent signs.
    Ising,
}

/// What is seen of the teacher's field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Channel {
    /// Its sign.
    Sign,
    /// Itself and noise of this variance.
    Linear(f64),
}

/// Smallest variance of a field that is taken for positive.
const LEAST_VARIANCE: f64 = 1e-12;
/// Iterations to a fixed point before giving up.
const MAX_ITERATIONS: usize = 100_000;

impl Prior {
    /// Overlap of the estimate at signal $`\hat q`$.
    fn overlap(self, signal: f64) -> f64 {
        match self {
            Self::Gaussian => signal / (1.0 + signal),
            Self::Ising => sign_overlap(signal),
        }
    }

    /// Mean and variance of a weight with prior times $`\exp(bw - aw^2/2)`$.
    fn estimate(self, a: f64, b: f64) -> (f64, f64) {
        match self {
            Self::Gaussian => (b / (1.0 + a), 1.0 / (1.0 + a)),
            Self::Ising => (b.tanh(), b.cosh().powi(-2)),
        }
    }
}

impl Channel {
    /// Signal $`\hat q`$ at load α from an estimate of overlap q.
    fn signal(self, alpha: f64, q: f64) -> f64 {
        let rest = (1.0 - q).max(LEAST_VARIANCE);
        match self {
            Self::Sign => 2.0 * alpha / rest * fisher_information((q / rest).sqrt()),
            Self::Linear(noise) => alpha / (rest + noise),
        }
    }

    /// $`g = \partial_\omega \ln p(y|\omega, V)`$ and $`-\partial_\omega g`$.
    fn response(self, y: f64, omega: f64, v: f64) -> (f64, f64) {
        match self {
            Self::Sign => {
                let g = y * hazard(-y * omega / v.sqrt()) / v.sqrt();
                (g, g * (g + omega / v))
            }
            Self::Linear(noise) => ((y - omega) / (v + noise), 1.0 / (v + noise)),
        }
    }
}

/// A teacher, what is known of it and what is seen of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inference {
    /// What is known of its weights.
    pub prior: Prior,
    /// What is seen of its fields.
    pub channel: Channel,
    /// Outputs per weight.
    pub alpha: f64,
}

impl Inference {
    fn checked(self) -> Result<Self> {
        positive_load(self.alpha)?;
        match self.channel {
            Channel::Linear(noise) if !(noise >= 0.0 && noise.is_finite()) => {
                Err(Error::parameter("noise Δ", noise, "it must be zero or positive"))
            }
            _ => Ok(self),
        }
    }

    /// One iteration of state evolution.
    fn next(&self, q: f64) -> f64 {
        self.prior.overlap(self.channel.signal(self.alpha, q)).min(1.0)
    }

    /// Overlap of the estimate with the teacher after 0, 1, …, `iterations` iterations.
    ///
    /// # Errors
    /// α is not positive, or the noise is negative.
    pub fn state_evolution(&self, iterations: usize) -> Result<Vec<f64>> {
        self.checked()?;
        let mut q = 0.0;
        let later = (0..iterations).map(|_| {
            q = self.next(q);
            q
        });
        Ok([0.0].into_iter().chain(later).collect())
    }

    /// Where state evolution from no knowledge ends.
    ///
    /// # Errors
    /// As [`state_evolution`](Self::state_evolution); or it has not ended after 100,000 iterations, as
    /// happens only within about 1e-8 of a spinodal.
    pub fn fixed_point(&self) -> Result<f64> {
        self.checked()?;
        let mut q = 0.0;
        for _ in 0..MAX_ITERATIONS {
            let next = self.next(q);
            if (next - q).abs() <= 1e-14 * (1.0 - next).max(1e-2) {
                return Ok(next);
            }
            q = next;
        }
        Err(Error::Numerical {
            method: "state evolution",
            reason: format!("it still moves after {MAX_ITERATIONS} iterations, at q = {q}"),
        })
    }

    /// Estimates of one random teacher of `n` weights after 0, 1, …, `iterations` iterations, as
    /// (teacher, estimates). No damping; once all signs are known the estimate stays.
    ///
    /// # Errors
    /// As [`state_evolution`](Self::state_evolution); or data too large for memory.
    pub fn pass_messages(
        &self,
        n: usize,
        iterations: usize,
        seed: u64,
    ) -> Result<(Array1<f64>, Vec<Array1<f64>>)> {
        self.checked()?;
        let p = examples(self.alpha, n)?;
        let mut rng = stream(seed, Purpose::Task, 0);
        let mut teacher = gaussian(1, n, 1.0, &mut rng).row(0).to_owned();
        if self.prior == Prior::Ising {
            teacher.mapv_inplace(f64::signum);
        }
        let inputs = gaussian(p, n, (n as f64).sqrt().recip(), &mut rng);
        let mut outputs = inputs.dot(&teacher);
        match self.channel {
            Channel::Sign => outputs.mapv_inplace(f64::signum),
            Channel::Linear(noise) => {
                outputs += &gaussian(1, p, noise.sqrt(), &mut rng).row(0);
            }
        }
        Ok((teacher, self.iterate(&inputs, &outputs, iterations)))
    }

    /// Estimate of the weights of a teacher perceptron from its signs, after `iterations` iterations.
    ///
    /// # Errors
    /// The channel is not the sign.
    pub fn estimate(&self, data: &Examples, iterations: usize) -> Result<Array1<f64>> {
        if self.channel != Channel::Sign {
            let allowed = "examples of a perceptron carry the sign of a field only";
            return Err(Error::parameter("channel", "linear", allowed));
        }
        let (p, n) = data.signed_inputs.dim();
        let inputs = &data.signed_inputs / (n as f64).sqrt();
        let mut estimates = self.iterate(&inputs, &Array1::ones(p), iterations);
        Ok(estimates.pop().unwrap_or_else(|| Array1::zeros(n)))
    }

    /// Whether all signs are known: less than half a weight is uncertain in total. Messages must stop
    /// there. No example of a finite set is left within so small an uncertainty, so the next signal
    /// would be zero and the estimate with it. (Without the stop only 1 of 15 runs with N = 400 at
    /// α = 1.9 ended at the teacher, which state evolution reaches; with it 13.)
    fn is_certain(&self, uncertain_weights: f64) -> bool {
        self.prior == Prior::Ising && self.channel == Channel::Sign && uncertain_weights < 0.5
    }

    fn iterate(&self, inputs: &Array2<f64>, outputs: &Array1<f64>, n: usize) -> Vec<Array1<f64>> {
        let (p, weights) = inputs.dim();
        let mut estimate = Array1::zeros(weights);
        let mut history = vec![estimate.clone()];
        let (mut v, mut g) = (1.0f64, Array1::zeros(p));
        for _ in 0..n {
            let fields = inputs.dot(&estimate) - &g * v;
            let mut a = 0.0;
            for ((g, y), omega) in g.iter_mut().zip(outputs).zip(&fields) {
                let (response, curvature) = self.channel.response(*y, *omega, v);
                *g = response;
                a += curvature / weights as f64;
            }
            let b = &estimate * a + inputs.t().dot(&g);
            let mut variance = 0.0;
            for (estimate, b) in estimate.iter_mut().zip(&b) {
                let (mean, spread) = self.prior.estimate(a, *b);
                *estimate = mean;
                variance += spread / weights as f64;
            }
            v = variance.max(LEAST_VARIANCE);
            history.push(estimate.clone());
            if self.is_certain(v * weights as f64) {
                history.resize(n + 1, estimate.clone());
                break;
            }
        }
        history
    }
}

const ITERATIONS: Parameter = Parameter {
    name: "iterations",
    symbol: "t",
    unit: "",
    default: 10.0,
    low: 0.0,
    high: 1000.0,
    kind: ParameterKind::Linear,
    help: "iterations of the messages, rounded",
};

/// Over a smaller range than that of the perceptron's rules.
const ALPHA: Parameter = Parameter { low: 1e-2, high: 1e2, ..rules::ALPHA };

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "Δ",
    unit: "",
    default: 0.5,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "variance of the noise of the linear channel",
};

/// Mean square error of message passing against iterations.
pub const AMP: Curve = Curve {
    name: "amp",
    summary: "approximate message passing, iteration by iteration",
    reference: "barbier2019",
    parameters: &[ITERATIONS, ALPHA, NOISE],
    observables: &[
        "sign channel, Gaussian prior",
        "sign channel, Ising prior",
        "linear channel, Gaussian prior",
        "linear channel, Ising prior",
    ],
    size: "number of weights N",
    cells: |point, n| 2.0 * point.get(&ALPHA) * (n as f64).powi(2),
    theory: |point| {
        let iterations = point.integer(&ITERATIONS);
        let error = |case: &Inference| Ok(1.0 - case.state_evolution(iterations)?[iterations]);
        cases(point).iter().map(error).collect()
    },
    simulation: |point, size, seed| {
        let iterations = point.integer(&ITERATIONS);
        let error = |case: &Inference| {
            let (teacher, estimates) = case.pass_messages(size, iterations, seed)?;
            let gap = &teacher - &estimates[iterations];
            Ok(gap.dot(&gap) / size as f64)
        };
        cases(point).iter().map(error).collect()
    },
    // Measured at α = 1: (−0.9 ± 0.9)/N of the error with N = 100 and 400 runs, not resolved from zero,
    // at every iteration. (Not so near a spinodal: with Δ = 0.2 the linear channel with signs is 40/N
    // too large after 20 iterations, where state evolution has just escaped a bottleneck.)
    bias: |point, size, theory| {
        let resolved = (size as f64).recip();
        // Signs are right or wrong: an error below one weight per system is that of rare systems, which
        // a few runs need not contain.
        let bias = |(case, error): (&Inference, &f64)| match case.prior {
            Prior::Ising if *error < resolved => *error,
            _ => 1.5 * error * resolved,
        };
        Ok(cases(point).iter().zip(theory).map(bias).collect())
    },
};

fn cases(point: &Values) -> [Inference; 4] {
    let alpha = point.get(&ALPHA);
    let linear = Channel::Linear(point.get(&NOISE));
    [
        (Channel::Sign, Prior::Gaussian),
        (Channel::Sign, Prior::Ising),
        (linear, Prior::Gaussian),
        (linear, Prior::Ising),
    ]
    .map(|(channel, prior)| Inference { prior, channel, alpha })
}
