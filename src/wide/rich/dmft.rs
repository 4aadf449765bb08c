//! Feature learning in deep linear networks of infinite width: dynamical mean-field theory.
//!
//! # Setting
//!
//! L hidden layers of width N → ∞, all weights standard normal at the start, output
//! f = a·h^L/(γN) with h^{l+1} = W^l h^l/√N, orthonormal inputs, gradient descent at the rate γ²N·η on
//! ½Σ(y − f)² (`bordelon2022`). Only the direction of the targets moves; y is their length. For γ of
//! order one, features change by as much as they are.
//!
//! # Prediction
//!
//! The fields h^l(t) and g^l(t) of one unit, forward and backward, are Gaussian processes that see
//! their own past: with Δ(s) = y − f(s) and times t, s = 0, …, T that are steps of descent,
//!
//! ```math
//! \begin{aligned}
//! h^l(t) &= u^l(t) + \gamma\sum_{s<t} C^l(t,s)\, g^l(s), &
//! C^l &= A^{l-1} + \eta\, H^{l-1}\,\mathrm{diag}\,\Delta , & u^l &\sim \mathcal N(0, H^{l-1}),\\
//! g^l(t) &= r^l(t) + \gamma\sum_{s<t} E^l(t,s)\, h^l(s), &
//! E^l &= B^{l} + \eta\, G^{l+1}\,\mathrm{diag}\,\Delta , & r^l &\sim \mathcal N(0, G^{l+1}),
//! \end{aligned}
//! ```
//!
//! with the kernels H^l = ⟨hh⟩, G^l = ⟨gg⟩ and the responses A^l = ⟨δh/δr⟩/γ, B^{l−1} = ⟨δg/δu⟩/γ,
//! H⁰ = G^{L+1} = 1, A⁰ = B^L = 0, and
//!
//! ```math
//! f(t+1) = f(t) + \eta\,\Delta(t)\sum_{l=0}^{L} G^{l+1}(t,t)\, H^l(t,t) .
//! ```
//!
//! The equations are exact for descent with steps η as N → ∞. They are usually iterated to a
//! self-consistent solution; but C and E look back in time only, so that row t of every kernel follows
//! from the rows before it: layers up for h, layers down for g, then the next output. One sweep
//! through time, O(L T³), has no convergence to wait for.
//!
//! # Where it ends
//!
//! A width N adds fluctuations of order N^{−1/2}. Inputs that are not white, several outputs and
//! nonlinear units need other equations.

use ndarray::{Array1, Array2, s};

use crate::{Error, Result};

/// Steps from which one solution would take minutes.
const MAX_STEPS: usize = 3000;
/// How many times its initial value the error may reach before a run counts as diverged.
const DIVERGED: f64 = 1e6;

/// A deep linear network of infinite width that learns features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeepLinearField {
    /// Number of hidden layers L ≥ 1.
    pub hidden: usize,
    /// γ: small is lazy, large is rich.
    pub scale: f64,
    /// y: length of the vector of targets.
    pub target: f64,
    /// Learning rate η in units of γ²N.
    pub rate: f64,
}

/// Everything the theory knows of a course of learning. Indices of matrices are steps.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldHistory {
    /// f at steps 0, …, T.
    pub outputs: Vec<f64>,
    /// H⁰, …, H^L, each (T + 1) × (T + 1); H⁰ is one.
    pub hidden: Vec<Array2<f64>>,
    /// G¹, …, G^{L+1}; the last is one.
    pub gradient: Vec<Array2<f64>>,
    /// A⁰, …, A^L: response of h to its gradient's source, over γ.
    pub hidden_response: Vec<Array2<f64>>,
    /// B⁰, …, B^L: response of g to its field's source, over γ.
    pub gradient_response: Vec<Array2<f64>>,
}

impl FieldHistory {
    /// The tangent kernel Σ G^{l+1} ∘ H^l between any two steps.
    pub fn tangent(&self) -> Array2<f64> {
        let mut sum = Array2::zeros(self.hidden[0].dim());
        for (h, g) in self.hidden.iter().zip(&self.gradient) {
            sum.zip_mut_with(&(h * g), |sum, x| *sum += x);
        }
        sum
    }
}

/// h and g of one layer as sums over their sources: h = Pu + γQr, g = γRu + Sr.
struct Layer {
    p: Array2<f64>,
    q: Array2<f64>,
    r: Array2<f64>,
    s: Array2<f64>,
}

impl DeepLinearField {
    /// The course of learning over some steps.
    ///
    /// # Errors
    /// A value out of range, too many steps, or a rate at which learning diverges.
    pub fn solve(&self, steps: usize) -> Result<FieldHistory> {
        self.validate(steps)?;
        let (n, layers) = (steps + 1, self.hidden);
        let zeros = || Array2::<f64>::zeros((n, n));
        let mut hidden: Vec<_> = (0..=layers).map(|_| zeros()).collect();
        let mut gradient: Vec<_> = (0..=layers).map(|_| zeros()).collect();
        hidden[0].fill(1.0);
        gradient[layers].fill(1.0);
        let mut fields: Vec<Layer> =
            (0..layers).map(|_| Layer { p: zeros(), q: zeros(), r: zeros(), s: zeros() }).collect();
        let mut outputs = vec![0.0; n];
        let mut errors = Array1::zeros(n);
        for t in 0..n {
            errors[t] = self.target - outputs[t];
            for l in 0..layers {
                let below = l.checked_sub(1).map(|k| fields[k].q.slice(s![t, ..t]).to_owned());
                let drive = self.drive(below, &hidden[l], &errors, t);
                self.advance_hidden(&mut fields[l], &drive, t);
                let row = self.row_of_hidden(&fields[l], &hidden[l], &gradient[l + 1], t);
                set_symmetric(&mut hidden[l + 1], &row, t);
            }
            for l in (0..layers).rev() {
                let above = fields.get(l + 1).map(|above| above.r.slice(s![t, ..t]).to_owned());
                let drive = self.drive(above, &gradient[l + 1], &errors, t);
                self.advance_gradient(&mut fields[l], &drive, t);
                let row = self.row_of_gradient(&fields[l], &hidden[l], &gradient[l + 1], t);
                set_symmetric(&mut gradient[l], &row, t);
            }
            if t < steps {
                let tangent: f64 =
                    hidden.iter().zip(&gradient).map(|(h, g)| h[[t, t]] * g[[t, t]]).sum();
                outputs[t + 1] = outputs[t] + self.rate * errors[t] * tangent;
                self.require_descent(outputs[t + 1], t + 1)?;
            }
        }
        let responses = |of: fn(Layer) -> (Array2<f64>, Array2<f64>), fields: Vec<Layer>| {
            fields.into_iter().map(of).unzip::<_, _, Vec<_>, Vec<_>>()
        };
        let (mut hidden_response, mut gradient_response) =
            responses(|layer| (layer.q, layer.r), fields);
        hidden_response.insert(0, zeros());
        gradient_response.push(zeros());
        Ok(FieldHistory { outputs, hidden, gradient, hidden_response, gradient_response })
    }

    fn validate(&self, steps: usize) -> Result<()> {
        if self.hidden == 0 {
            let allowed = "it must be one or more; without hidden layers nothing can be rich";
            return Err(Error::parameter("hidden layers", 0, allowed));
        }
        if !(self.scale.is_finite() && self.scale >= 0.0) {
            let allowed = "it must be finite and not negative";
            return Err(Error::parameter("output scale", self.scale, allowed));
        }
        if !self.target.is_finite() {
            return Err(Error::parameter("target", self.target, "it must be finite"));
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("learning rate", self.rate, allowed));
        }
        if steps > MAX_STEPS {
            let allowed =
                format!("cost grows as their cube: at most {MAX_STEPS}, so take a larger rate");
            return Err(Error::parameter("steps", steps, allowed));
        }
        Ok(())
    }

    fn require_descent(&self, output: f64, step: usize) -> Result<()> {
        let (error, initial) = ((self.target - output).abs(), self.target.abs() + 1.0);
        if error.is_finite() && error <= DIVERGED * initial {
            return Ok(());
        }
        Err(Error::Numerical {
            method: "dynamical mean-field theory",
            reason: format!(
                "the error is {error:.3e} after step {step}: descent with these steps diverges; \
                 lower the learning rate, which is {}",
                self.rate
            ),
        })
    }

    /// Row t of C or E: response of the layer behind plus η kernel Δ.
    fn drive(
        &self,
        response: Option<Array1<f64>>,
        kernel: &Array2<f64>,
        errors: &Array1<f64>,
        t: usize,
    ) -> Array1<f64> {
        let direct = &kernel.slice(s![t, ..t]) * &errors.slice(s![..t]) * self.rate;
        response.map_or(direct.clone(), |response| response + direct)
    }

    /// Row t of P = 1 + γ²CR and Q = CS.
    fn advance_hidden(&self, layer: &mut Layer, drive: &Array1<f64>, t: usize) {
        let Layer { p, q, r, s } = layer;
        let square = self.scale * self.scale;
        let past = r.slice(s![..t, ..t]).t().dot(drive) * square;
        p.slice_mut(s![t, ..t]).assign(&past);
        p[[t, t]] = 1.0;
        q.slice_mut(s![t, ..t]).assign(&s.slice(s![..t, ..t]).t().dot(drive));
    }

    /// Row t of R = EP and S = 1 + γ²EQ.
    fn advance_gradient(&self, layer: &mut Layer, drive: &Array1<f64>, t: usize) {
        let Layer { p, q, r, s } = layer;
        let square = self.scale * self.scale;
        r.slice_mut(s![t, ..t]).assign(&p.slice(s![..t, ..t]).t().dot(drive));
        let past = q.slice(s![..t, ..t]).t().dot(drive) * square;
        s.slice_mut(s![t, ..t]).assign(&past);
        s[[t, t]] = 1.0;
    }

    /// Row t of H = P H⁻ Pᵀ + γ² Q G⁺ Qᵀ.
    fn row_of_hidden(
        &self,
        layer: &Layer,
        below: &Array2<f64>,
        above: &Array2<f64>,
        t: usize,
    ) -> Array1<f64> {
        row_of_product(&layer.p, below, t)
            + row_of_product(&layer.q, above, t) * (self.scale * self.scale)
    }

    /// Row t of G = S G⁺ Sᵀ + γ² R H⁻ Rᵀ.
    fn row_of_gradient(
        &self,
        layer: &Layer,
        below: &Array2<f64>,
        above: &Array2<f64>,
        t: usize,
    ) -> Array1<f64> {
        row_of_product(&layer.s, above, t)
            + row_of_product(&layer.r, below, t) * (self.scale * self.scale)
    }
}

/// Entries 0 … t of row t of M K Mᵀ, where M looks back in time only.
fn row_of_product(m: &Array2<f64>, kernel: &Array2<f64>, t: usize) -> Array1<f64> {
    let till = s![..=t, ..=t];
    let weighted = kernel.slice(till).dot(&m.slice(s![t, ..=t]));
    m.slice(till).dot(&weighted)
}

fn set_symmetric(kernel: &mut Array2<f64>, row: &Array1<f64>, t: usize) {
    kernel.slice_mut(s![t, ..=t]).assign(row);
    kernel.slice_mut(s![..=t, t]).assign(row);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wide::rich::two_layer::TwoLayerRich;

    fn field(hidden: usize, scale: f64, target: f64, rate: f64) -> DeepLinearField {
        DeepLinearField { hidden, scale, target, rate }
    }

    /// (1 − M)⁻¹ of a matrix M that looks back in time only.
    fn resolvent(m: &Array2<f64>) -> Array2<f64> {
        let n = m.nrows();
        let mut inverse = Array2::eye(n);
        for t in 0..n {
            let row = inverse.slice(s![..t, ..]).t().dot(&m.slice(s![t, ..t]));
            inverse.row_mut(t).zip_mut_with(&row, |x, y| *x += y);
        }
        inverse
    }

    /// The self-consistent equations as they are usually written, with all times at once: how far a
    /// solution is from its own image.
    fn residual(model: &DeepLinearField, found: &FieldHistory) -> f64 {
        let n = found.outputs.len();
        let square = model.scale * model.scale;
        let weights = Array2::from_shape_fn((n, n), |(t, s)| {
            if s < t { model.rate * (model.target - found.outputs[s]) } else { 0.0 }
        });
        let largest =
            |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().fold(0.0f64, |m, x| m.max(x.abs()));
        let mut worst = 0.0f64;
        for l in 1..=model.hidden {
            let (below, above) = (&found.hidden[l - 1], &found.gradient[l]);
            let c = &found.hidden_response[l - 1] + &(below * &weights);
            let e = &found.gradient_response[l] + &(above * &weights);
            let (m, n) = (resolvent(&(c.dot(&e) * square)), resolvent(&(e.dot(&c) * square)));
            let h = m.dot(&(below + &(c.dot(above).dot(&c.t()) * square))).dot(&m.t());
            let g = n.dot(&(above + &(e.dot(below).dot(&e.t()) * square))).dot(&n.t());
            worst = worst.max(largest(&h, &found.hidden[l]));
            worst = worst.max(largest(&g, &found.gradient[l - 1]));
            worst = worst.max(largest(&m.dot(&c), &found.hidden_response[l]));
            worst = worst.max(largest(&n.dot(&e), &found.gradient_response[l - 1]));
        }
        let tangent = found.tangent();
        for t in 0..n - 1 {
            let step = model.rate * (model.target - found.outputs[t]) * tangent[[t, t]];
            worst = worst.max((found.outputs[t + 1] - found.outputs[t] - step).abs());
        }
        worst
    }

    #[test]
    fn one_sweep_through_time_solves_the_self_consistent_equations() {
        for (layers, scale, target) in [(1, 1.0, 1.5), (2, 1.0, -1.5), (3, 1.5, 1.0), (5, 0.4, 2.0)]
        {
            let model = field(layers, scale, target, 0.02);
            let found = model.solve(60).unwrap();
            let gap = residual(&model, &found);
            assert!(gap < 1e-11, "L = {layers}: {gap}");
            // The check is not empty.
            let mut wrong = found.clone();
            wrong.hidden[1][[40, 30]] += 1e-6;
            assert!(residual(&model, &wrong) > 1e-7);
        }
    }

    #[test]
    fn without_scale_every_step_is_that_of_a_fixed_kernel() {
        for scale in [0.0, 1e-4] {
            let found = field(2, scale, 1.5, 0.02).solve(60).unwrap();
            for (t, output) in found.outputs.iter().enumerate() {
                let exact = 1.5 * (1.0 - (1.0f64 - 0.06).powi(t as i32));
                assert!((output - exact).abs() < 10.0 * scale * scale + 1e-14, "step {t}");
            }
        }
    }

    #[test]
    fn one_hidden_layer_is_the_closed_form_as_the_steps_shrink() {
        let (scale, target, time) = (1.0, 1.5, 1.0);
        let exact = TwoLayerRich::wide(scale, target, 2, 0.1).after(time).unwrap();
        let gaps = |steps: usize| {
            let found = field(1, scale, target, time / steps as f64).solve(steps).unwrap();
            let h = found.hidden[1][[steps, steps]];
            (found.outputs[steps] - exact.output, h - exact.hidden)
        };
        let (coarse, fine) = (gaps(50), gaps(100));
        for (coarse, fine) in [(coarse.0, fine.0), (coarse.1, fine.1)] {
            let ratio = coarse / fine;
            assert!(fine.abs() < 0.01 && (ratio - 2.0).abs() < 0.1, "{coarse} {fine}");
        }
    }

    #[test]
    fn the_sign_of_the_target_is_the_sign_of_the_output() {
        let (up, down) = (field(2, 1.0, 1.5, 0.02).solve(30), field(2, 1.0, -1.5, 0.02).solve(30));
        let (up, down) = (up.unwrap(), down.unwrap());
        assert!(up.outputs.iter().zip(&down.outputs).all(|(a, b)| (a + b).abs() < 1e-14));
        assert_eq!(up.hidden, down.hidden);
    }

    #[test]
    fn kernels_are_positive_semidefinite_and_grow_when_features_are_learned() {
        let found = field(3, 1.5, 1.0, 0.02).solve(50).unwrap();
        for kernel in found.hidden.iter().chain(&found.gradient) {
            let lowest = *crate::math::linalg::eigh(kernel).unwrap().0.last().unwrap();
            assert!(lowest > -1e-11, "{lowest}");
        }
        for l in 1..=3 {
            assert!(found.hidden[l][[50, 50]] > 1.2 && found.gradient[l - 1][[50, 50]] > 1.2);
        }
        // Reversing the layers turns forward into backward fields.
        for l in 1..=3 {
            let gap = &found.hidden[l] - &found.gradient[3 - l];
            assert!(gap.iter().all(|x| x.abs() < 1e-11), "layer {l}");
        }
    }

    #[test]
    fn steps_that_diverge_and_values_out_of_range_are_refused() {
        let text = field(2, 1.0, 1.5, 2.0).solve(60).unwrap_err().to_string();
        assert!(text.contains("lower the learning rate"), "{text}");
        assert!(field(0, 1.0, 1.5, 0.1).solve(5).is_err());
        assert!(field(1, -1.0, 1.5, 0.1).solve(5).is_err());
        assert!(field(1, 1.0, f64::NAN, 0.1).solve(5).is_err());
        assert!(field(1, 1.0, 1.5, 0.0).solve(5).is_err());
        assert!(field(1, 1.0, 1.5, 0.1).solve(MAX_STEPS + 1).is_err());
    }
}
