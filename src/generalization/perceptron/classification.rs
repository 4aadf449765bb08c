//! Logistic regression and support vector machines with a penalty, learning a teacher perceptron.
//!
//! P = αN inputs with standard normal entries have labels $`y = \operatorname{sign}(w_0 \cdot x)`$,
//! $`\|w_0\|^2 = N`$. The student minimizes
//!
//! ```math
//! \sum_\mu \ell\Big(\frac{y_\mu\, w \cdot x_\mu}{\sqrt N}\Big) + \frac\lambda2 \|w\|^2, \qquad
//! \ell(z) = \ln(1 + e^{-z}) \ \text{(logistic)}, \quad \max(0, 1 - z) \ \text{(hinge)}.
//! ```
//!
//! # The fixed point
//! Leave one example out and let $`\omega`$ be y times the field that the rest gives it. It is normal
//! with variance $`q = \|w\|^2/N`$ and covariance $`m = w \cdot w_0/N`$ with the teacher's field.
//! Putting the example back moves the field to where it minimizes its own loss plus the cost of
//! bending the rest,
//!
//! ```math
//! z(\omega) = \operatorname*{argmin}_z\; \ell(z) + \frac{(z - \omega)^2}{2V}, \qquad
//! g(\omega) = \frac{z - \omega}V = -\ell'(z),
//! ```
//!
//! with V the trace of the inverse Hessian over N. The stationarity of the weights,
//! $`\lambda w = \sum_\mu y_\mu g_\mu x_\mu/\sqrt N`$, splits into a part along the teacher, noise,
//! and a reaction $`-\hat V w`$ of the fields on themselves, so that
//!
//! ```math
//! V = \frac1{\lambda + \hat V}, \qquad m = \hat m V, \qquad q = (\hat m^2 + \hat q)\,V^2.
//! ```
//!
//! Given its direction on the field's axis, the label is y with probability $`\Phi(a\xi)`$, where
//! $`\xi = \omega/\sqrt q`$ and $`a = m/\sqrt{q - m^2}`$; by symmetry y = 1 can be taken, twice:
//!
//! ```math
//! \hat q = 2\alpha \int D\xi\, \Phi(a\xi)\, g^2, \quad
//! \hat V = -2\alpha \int D\xi\, \Phi(a\xi)\, g'(\omega), \quad
//! \hat m = \alpha\sqrt{\tfrac2\pi} \int D\xi\; g\big(\sqrt{q - m^2}\,\xi\big).
//! ```
//!
//! (The last is the mean of $`y\,g`$ times the teacher's field, after integrating by parts.) The
//! same three equations follow from the replica-symmetric free energy and from the convex Gaussian
//! min-max theorem (`thrampoulidis2018`, `gerace2020`); the problem is convex, so they have one
//! solution. There is one integral, over ξ, and z is found by Newton's method or in closed form:
//! nothing is nested.
//!
//! The test error is the angle over π; the loss on the training set is the mean of
//! $`\ell(z(\omega))`$. As λ → 0 the hinge loss gives the
//! [maximum margin](super::rules::maximum_margin) exactly, the logistic loss as slowly as
//! 1/ln(1/λ).

use std::f64::consts::{FRAC_2_PI, PI};

use super::rules::positive_load;
use crate::math::fixed_point::fixed_point;
use crate::math::normal::{cumulative, density, edges, mean_between};
use crate::math::quadrature::gauss_legendre_nodes;
use crate::{Error, Result};

/// How often the penalty is made larger in search of a start.
const MAX_DEPTH: usize = 16;

/// Loss of a field times its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// $`\ln(1 + e^{-z})`$.
    Logistic,
    /// $`\max(0, 1 - z)`$.
    Hinge,
}

/// A large classifier, trained to the minimum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Classifier {
    /// Cosine of the angle to the teacher.
    pub overlap: f64,
    /// $`\|w\|^2/N`$.
    pub squared_norm: f64,
    /// Trace of the inverse Hessian over N.
    pub susceptibility: f64,
    /// Probability of a wrong label on a new input.
    pub test_error: f64,
    /// Share of training examples with a wrong label.
    pub training_error: f64,
    /// Mean loss of a training example, without the penalty.
    pub training_loss: f64,
}

impl Loss {
    /// $`\ell(z)`$.
    pub fn value(self, z: f64) -> f64 {
        match self {
            Self::Logistic => (-z.abs()).exp().ln_1p() + (-z).max(0.0),
            Self::Hinge => (1.0 - z).max(0.0),
        }
    }

    /// $`-\ell'(0)`$.
    fn response_at_zero(self) -> f64 {
        match self {
            Self::Logistic => 0.5,
            Self::Hinge => 1.0,
        }
    }

    /// Fields at which the response has a corner.
    fn corners(self, v: f64) -> Vec<f64> {
        match self {
            Self::Logistic => Vec::new(),
            Self::Hinge => vec![1.0 - v, 1.0],
        }
    }

    /// Fields near which the response bends, within about 1. For the logistic loss these are the real
    /// parts of its branch points, where $`1 + V\ell'' = 0`$ at a distance π from the axis.
    fn bends(self, v: f64) -> Vec<f64> {
        let shift = v.ln_1p() + v / (1.0 + v);
        match self {
            Self::Logistic => vec![shift, -v - shift],
            Self::Hinge => Vec::new(),
        }
    }
}

/// z, g and −dg/dω of the hinge loss.
fn hinge_response(omega: f64, v: f64) -> (f64, f64, f64) {
    if omega > 1.0 {
        (omega, 0.0, 0.0)
    } else if omega < 1.0 - v {
        (omega + v, 1.0, 0.0)
    } else {
        (1.0, (1.0 - omega) / v, 1.0 / v)
    }
}

/// $`1/(1 + e^z)`$.
fn falling(z: f64) -> f64 {
    if z > 0.0 { (-z).exp() / (1.0 + (-z).exp()) } else { 1.0 / (1.0 + z.exp()) }
}

/// Root of $`z = \omega + V/(1 + e^z)`$. The difference of both sides is convex for z < 0 and concave
/// for z > 0, so Newton's method is monotone on the side where the root is.
fn logistic_field(omega: f64, v: f64) -> f64 {
    let positive = omega > -0.5 * v;
    let mut z = if positive {
        let reach = v.ln_1p();
        omega.max(reach - (1.0 + (-omega).max(0.0) + reach).ln()).max(0.0)
    } else {
        (omega + v).min(0.0)
    };
    for _ in 0..60 {
        let g = falling(z);
        let step = (z - omega - v * g) / (1.0 + v * g * (1.0 - g));
        z -= step;
        z = if positive { z.max(0.0) } else { z.min(0.0) };
        if step.abs() <= 4.0 * f64::EPSILON * z.abs().max(1.0) {
            break;
        }
    }
    z
}

/// What the cavity fields are: (V, q, a) with $`a = R/\sqrt{1 - R^2}`$.
#[derive(Debug, Clone, Copy)]
struct Fields {
    loss: Loss,
    v: f64,
    norm: f64,
    a: f64,
}

impl Fields {
    fn of(loss: Loss, [ln_v, ln_q, ln_a]: [f64; 3]) -> Self {
        Self { loss, v: ln_v.exp(), norm: (0.5 * ln_q).exp(), a: ln_a.exp() }
    }

    /// Nodes of averages over a normal ξ whose field is ω = `scale` · ξ.
    fn nodes(&self, scale: f64, label_step: bool) -> Vec<Node> {
        let bend = |at: f64| (at / scale, 1.0 / scale);
        let mut transitions: Vec<_> = self.loss.bends(self.v).into_iter().map(bend).collect();
        if label_step {
            transitions.push((0.0, 1.0 / self.a));
        }
        let mut parts = vec![f64::NEG_INFINITY];
        parts.extend(self.loss.corners(self.v).into_iter().map(|c| c / scale));
        parts.push(f64::INFINITY);
        let mut nodes = Vec::new();
        for part in parts.windows(2) {
            let edges = edges(part[0], part[1], &transitions);
            match self.loss {
                Loss::Hinge => nodes.extend(edges.windows(2).flat_map(|e| {
                    gauss_legendre_nodes(e[0], e[1]).map(|(xi, weight)| {
                        let (z, g, slope) = hinge_response(scale * xi, self.v);
                        Node { xi, weight: weight * density(xi), z, g, slope }
                    })
                })),
                // In terms of z the field ω is explicit: only the ends of the pieces have to be solved
                // for.
                Loss::Logistic => {
                    let ends: Vec<f64> =
                        edges.iter().map(|xi| logistic_field(scale * xi, self.v)).collect();
                    nodes.extend(ends.windows(2).flat_map(|e| {
                        gauss_legendre_nodes(e[0], e[1]).map(|(z, weight)| {
                            let g = falling(z);
                            let curvature = g * (1.0 - g);
                            let stretch = 1.0 + self.v * curvature;
                            let xi = (z - self.v * g) / scale;
                            let weight = weight * stretch / scale * density(xi);
                            Node { xi, weight, z, g, slope: curvature / stretch }
                        })
                    }));
                }
            }
        }
        nodes
    }

    /// $`\int D\xi\,\Phi(a\xi)\,f(\omega)`$, doubled, for several f at once.
    fn labeled<const K: usize>(&self, f: impl Fn(&Node) -> [f64; K]) -> [f64; K] {
        let mut sums = [0.0; K];
        for node in self.nodes(self.norm, true) {
            let weight = 2.0 * node.weight * cumulative(self.a * node.xi);
            sums.iter_mut().zip(f(&node)).for_each(|(sum, value)| *sum += weight * value);
        }
        sums
    }

    /// Mean of g over fields of variance q − m².
    fn mean_response(&self) -> f64 {
        let nodes = self.nodes(self.norm / 1f64.hypot(self.a), false);
        nodes.iter().map(|node| node.weight * node.g).sum()
    }
}

/// Response of an example at one node of an average.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// ω over its standard deviation.
    xi: f64,
    /// Weight with the density of ξ.
    weight: f64,
    /// Field after training.
    z: f64,
    /// $`(z - \omega)/V`$.
    g: f64,
    /// $`-dg/d\omega`$.
    slope: f64,
}

/// The right-hand sides of the fixed point, in logarithms.
fn update(loss: Loss, alpha: f64, lambda: f64, x: [f64; 3]) -> [f64; 3] {
    let fields = Fields::of(loss, x);
    let [squares, slopes] = fields.labeled(|node| [node.g * node.g, node.slope]);
    let m_hat = alpha * FRAC_2_PI.sqrt() * fields.mean_response();
    let (q_hat, v_hat) = (alpha * squares, alpha * slopes);
    let v = 1.0 / (lambda + v_hat);
    let q = (m_hat * m_hat + q_hat) * v * v;
    [v.ln(), q.ln(), (m_hat / q_hat.sqrt()).ln()]
}

/// The fixed point, from Hebb's rule (the solution for a large penalty); where that is too far, from
/// the fixed point at a penalty four times as large.
fn solve(loss: Loss, alpha: f64, lambda: f64, depth: usize) -> Option<[f64; 3]> {
    let map = |x| update(loss, alpha, lambda, x);
    let v = 1.0 / (lambda + 0.25 * alpha);
    let q = alpha * (1.0 + 2.0 * alpha / PI) * v * v;
    let hebb = [v.ln(), q.ln(), 0.5 * (2.0 * alpha / PI).ln()];
    fixed_point(map, hebb).or_else(|| {
        let near = (depth < MAX_DEPTH).then(|| solve(loss, alpha, 4.0 * lambda, depth + 1))??;
        fixed_point(map, near)
    })
}

/// Logistic or hinge regression with a penalty λ at load α.
///
/// # Errors
/// α or λ is not positive, or (not seen from 1e-3 to 1e3 for both) no convergence.
pub fn penalized_classifier(loss: Loss, alpha: f64, lambda: f64) -> Result<Classifier> {
    let alpha = positive_load(alpha)?;
    if !(lambda > 0.0 && lambda.is_finite()) {
        let allowed = "it must be positive; for λ → 0 see the maximum margin";
        return Err(Error::parameter("penalty λ", lambda, allowed));
    }
    let x = solve(loss, alpha, lambda, 0).ok_or_else(|| Error::Numerical {
        method: "fixed point of the penalized classifier",
        reason: format!("no convergence at α = {alpha}, λ = {lambda}"),
    })?;
    let fields = Fields::of(loss, x);
    let [training_loss] = fields.labeled(|node| [loss.value(node.z)]);
    // z < 0 where ω < −V g(z = 0).
    let edge = -fields.v * loss.response_at_zero() / fields.norm;
    let wrong = |xi: f64| cumulative(fields.a * xi);
    let training_error =
        2.0 * mean_between(wrong, f64::NEG_INFINITY, edge, &[(0.0, 1.0 / fields.a)]);
    Ok(Classifier {
        overlap: fields.a / 1f64.hypot(fields.a),
        squared_norm: fields.norm * fields.norm,
        susceptibility: fields.v,
        test_error: (1.0 / fields.a).atan() / PI,
        training_error,
        training_loss,
    })
}
