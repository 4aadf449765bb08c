//! One step of full-batch descent of a deep linear network, in place.
//!
//! With F_i = W_i … W_1 and the error E = η(Σʸˣ − F_L Σˣ), the step is
//!
//! ```math
//! W_i \mathrel{+}= B_i F_{i-1}^\top ,\qquad B_L = E ,\quad B_{i-1} = W_i^\top B_i ,
//! ```
//!
//! 3L − 2 products. The rate is inside Σʸˣ and Σˣ from the start, so nothing is ever scaled;
//! gradients are added to the weights as they are computed and are never stored. Only the last
//! product of each layer contracts second indices on both sides: F_{i−1} is transposed for it.
//!
//! Descent looks the same in every orthonormal basis of the inputs. In the eigenbasis of Σˣ one
//! product becomes a scaling of columns, which saves a quarter of the work for two equal layers;
//! each record turns W_1 back. That is done where a record costs no more than a step saves.

use ndarray::{Array1, Array2, Axis};
use pulp::{Arch, Simd, WithSimd};

use super::kernels::{Onto, Panel, Product, half_inner_product_of_gap};
use crate::math::linalg;
use crate::net::trainer::Engine;
use crate::net::{LinearNetwork, Network};
use crate::{Correlations, Result};

/// A linear network on its way down, and the room it needs.
pub(crate) struct LinearDescent {
    arch: Arch,
    weights: Vec<Panel>,
    /// F_2 … F_L.
    products: Vec<Panel>,
    /// F_1ᵀ … F_{L−1}ᵀ.
    transposes: Vec<Panel>,
    /// B_2 … B_L; just B_1 if there is one layer.
    errors: Vec<Panel>,
    /// Whether products and the last error belong to the present weights.
    evaluated: bool,
    rate: f64,
    /// ηΣʸˣ, like everything that acts on inputs in the basis of `inputs`.
    sigma_yx: Panel,
    inputs: Inputs,
    optimal_map: Panel,
    minimum_loss: f64,
}

/// The inputs' correlation, −ηΣˣ.
enum Inputs {
    /// Its diagonal, one row: Σˣ is diagonal as it is.
    Uncorrelated(Panel),
    /// Its eigenvalues, one row, the eigenvectors as rows, and room for W_1 in the given basis.
    Turned { variances: Panel, basis: Panel, first: Panel },
    /// As it is.
    Correlated(Panel),
}

impl Inputs {
    /// Chooses the basis, and says how to get there from the given one.
    fn of(net: &LinearNetwork, task: &Correlations, rate: f64) -> Result<(Self, Array2<f64>)> {
        let sigma_x = task.sigma_x();
        let given = Array2::eye(task.n_in());
        let row = |d: &Array1<f64>| Panel::of((d * -rate).insert_axis(Axis(0)).view());
        if sigma_x.indexed_iter().all(|((i, j), x)| i == j || *x == 0.0) {
            return Ok((Self::Uncorrelated(row(&sigma_x.diag().to_owned())), given));
        }
        let first = &net.weights()[0];
        if first.nrows() > task.n_out() {
            return Ok((Self::Correlated(Panel::of((sigma_x * -rate).view())), given));
        }
        let (variances, basis) = linalg::eigh(sigma_x)?;
        let turned = Self::Turned {
            variances: row(&variances),
            basis: Panel::of(basis.t()),
            first: Panel::of(first.view()),
        };
        Ok((turned, basis))
    }
}

impl LinearDescent {
    /// The network must fit the task.
    pub(crate) fn new(net: &LinearNetwork, task: &Correlations, rate: f64) -> Result<Self> {
        let (widths, depth) = (net.widths(), net.depth());
        let n_in = widths[0];
        let (inputs, basis) = Inputs::of(net, task, rate)?;
        let turn = |a: &Array2<f64>| match inputs {
            Inputs::Turned { .. } => Panel::of(a.dot(&basis).view()),
            Inputs::Uncorrelated(_) | Inputs::Correlated(_) => Panel::of(a.view()),
        };
        let mut weights = vec![turn(&net.weights()[0])];
        weights.extend(net.weights()[1..].iter().map(|w| Panel::of(w.view())));
        Ok(Self {
            arch: Arch::new(),
            weights,
            products: widths.iter().skip(2).map(|n| Panel::zeros(*n, n_in)).collect(),
            transposes: widths[1..depth].iter().map(|n| Panel::zeros(n_in, *n)).collect(),
            errors: widths.iter().skip(2.min(depth)).map(|n| Panel::zeros(*n, n_in)).collect(),
            evaluated: false,
            rate,
            sigma_yx: turn(&(task.sigma_yx() * rate)),
            optimal_map: turn(task.optimal_map()),
            minimum_loss: task.minimum_loss(),
            inputs,
        })
    }
}

impl Engine for LinearDescent {
    type Net = LinearNetwork;

    fn loss(&mut self) -> f64 {
        self.arch.dispatch(Evaluate(self));
        let map = self.products.last().unwrap_or(&self.weights[0]);
        let error = &self.errors[self.errors.len() - 1];
        self.minimum_loss + half_inner_product_of_gap(&self.optimal_map, map, error) / self.rate
    }

    fn advance(&mut self, steps: u64) {
        for _ in 0..steps {
            self.arch.dispatch(Step(self));
        }
    }

    fn remedy(&self) -> String {
        format!("lower the learning rate, which is {}", self.rate)
    }

    fn write(&mut self, net: &mut LinearNetwork) {
        for (to, from) in net.weights_mut().iter_mut().zip(&self.weights) {
            from.store(to);
        }
        if let Inputs::Turned { basis, first, .. } = &mut self.inputs {
            let (out, a, b) = (&mut *first, &self.weights[0], &*basis);
            self.arch.dispatch(Product { out, onto: Onto::Zero, a, transposed: false, b });
            first.store(&mut net.weights_mut()[0]);
        }
    }

    fn matrices(net: &LinearNetwork) -> &[Array2<f64>] {
        net.weights()
    }

    fn matrices_mut(net: &mut LinearNetwork) -> &mut [Array2<f64>] {
        net.weights_mut()
    }
}

/// Computes the products F and the error E of the present weights.
struct Evaluate<'a>(&'a mut LinearDescent);

impl WithSimd for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let LinearDescent { weights, products, errors, sigma_yx, inputs, evaluated, .. } = self.0;
        if *evaluated {
            return;
        }
        for i in 1..weights.len() {
            let (before, from) = products.split_at_mut(i - 1);
            let (a, b) = (&weights[i], before.last().unwrap_or(&weights[0]));
            let out = &mut from[0];
            simd.vectorize(Product { out, onto: Onto::Zero, a, transposed: false, b });
        }
        let a = products.last().unwrap_or(&weights[0]);
        if let Some(out) = errors.last_mut() {
            match inputs {
                Inputs::Uncorrelated(variances) | Inputs::Turned { variances, .. } => {
                    out.assign_sum(sigma_yx, variances, a);
                }
                Inputs::Correlated(b) => {
                    let onto = Onto::Other(sigma_yx);
                    simd.vectorize(Product { out, onto, a, transposed: false, b });
                }
            }
        }
        *evaluated = true;
    }
}

/// Moves all weights by one step.
struct Step<'a>(&'a mut LinearDescent);

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        Evaluate(self.0).with_simd(simd);
        let LinearDescent { weights, products, transposes, errors, evaluated, .. } = self.0;
        if weights.len() == 1 {
            weights[0].add(&errors[0]);
        }
        for i in (1..weights.len()).rev() {
            let before = if i == 1 { &weights[0] } else { &products[i - 2] };
            transposes[i - 1].assign_transposed(before);
            // The layer before needs this layer's weights as they were.
            let (below, here) = weights.split_at_mut(i);
            let (errors_below, error) = errors.split_at_mut(i - 1);
            let (out, onto) = match errors_below.last_mut() {
                None => (&mut below[0], Onto::Itself),
                Some(out) => (out, Onto::Zero),
            };
            simd.vectorize(Product { out, onto, a: &here[0], transposed: true, b: &error[0] });
            let (out, onto, a) = (&mut here[0], Onto::Itself, &error[0]);
            simd.vectorize(Product { out, onto, a, transposed: false, b: &transposes[i - 1] });
        }
        *evaluated = false;
    }
}
