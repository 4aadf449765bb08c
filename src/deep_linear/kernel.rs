//! The neural tangent kernel of a two-layer linear network, and how far learning moves it.

use ndarray::{Array2, ArrayView1};

use crate::deep_linear::riccati::{Blocks, HiddenState};
use crate::task::Modes;

/// Neural tangent kernel of a two-layer linear network,
///
/// ```math
/// K\big((x,i),(x',j)\big) = (x\cdot x')\,(W_2W_2^\top)_{ij} + \delta_{ij}\; x^\top W_1^\top W_1 x' .
/// ```
///
/// A kernel that stays put is lazy learning, one that turns toward the task is rich; λ-balanced
/// starts interpolate, with the crossover near |λ| = 2s/d (`domine2025`).
#[derive(Debug, Clone, PartialEq)]
pub struct TangentKernel {
    /// W₁ᵀW₁, `n_in` × `n_in`.
    pub input_gram: Array2<f64>,
    /// W₂W₂ᵀ, `n_out` × `n_out`.
    pub output_gram: Array2<f64>,
}

impl TangentKernel {
    /// The kernel of given weights.
    pub fn of(w1: &Array2<f64>, w2: &Array2<f64>) -> Self {
        Self { input_gram: w1.t().dot(w1), output_gram: w2.dot(&w2.t()) }
    }

    /// The kernel of an exact solution at one time.
    pub fn of_state(state: &HiddenState, modes: &Modes) -> Self {
        let Blocks { input_gram, output_gram, .. } = state.blocks(modes);
        Self { input_gram, output_gram }
    }

    /// The block K((x,·),(x′,·)), `n_out` × `n_out`.
    pub fn between(&self, x: ArrayView1<'_, f64>, other: ArrayView1<'_, f64>) -> Array2<f64> {
        let shared = x.dot(&self.input_gram.dot(&other));
        &self.output_gram * x.dot(&other) + Array2::<f64>::eye(self.output_gram.nrows()) * shared
    }

    /// Inner product ⟨K, K′⟩ of the kernel matrices on examples with correlation Σˣ, per P².
    ///
    /// The Kronecker structure leaves traces of small matrices, whatever the number of examples.
    pub fn inner(&self, other: &Self, sigma_x: &Array2<f64>) -> f64 {
        let trace_product = |a: &Array2<f64>, b: &Array2<f64>| (a * &b.t()).sum();
        let along = |k: &Self| sigma_x.dot(&k.input_gram);
        let (mine, theirs) = (along(self), along(other));
        trace_product(sigma_x, sigma_x) * trace_product(&self.output_gram, &other.output_gram)
            + trace_product(sigma_x, &theirs) * self.output_gram.diag().sum()
            + trace_product(sigma_x, &mine) * other.output_gram.diag().sum()
            + trace_product(&mine, &theirs) * self.output_gram.nrows() as f64
    }

    /// How far the kernel has turned: 1 − ⟨K, K′⟩/(‖K‖‖K′‖), 0 for no movement (or no kernel).
    pub fn movement(&self, other: &Self, sigma_x: &Array2<f64>) -> f64 {
        let size = (self.inner(self, sigma_x) * other.inner(other, sigma_x)).sqrt();
        if size > 0.0 { (1.0 - self.inner(other, sigma_x) / size).max(0.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};

    /// The kernel matrix from gradients of every output with respect to every weight.
    fn by_gradients(w1: &Array2<f64>, w2: &Array2<f64>, x: &Array2<f64>) -> Array2<f64> {
        let (n_out, n_hidden) = w2.dim();
        let rows = x.rows().into_iter().flat_map(|x| {
            let hidden = w1.dot(&x);
            (0..n_out)
                .map(|i| {
                    let first = (0..n_hidden).flat_map(|h| x.iter().map(move |x| (h, *x)));
                    let mut g: Vec<f64> = first.map(|(h, x)| w2[[i, h]] * x).collect();
                    for o in 0..n_out {
                        g.extend(hidden.iter().map(|h| if o == i { *h } else { 0.0 }));
                    }
                    g
                })
                .collect::<Vec<_>>()
        });
        let rows: Vec<Vec<f64>> = rows.collect();
        let n = rows.len();
        Array2::from_shape_fn((n, n), |(i, j)| {
            rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum()
        })
    }

    #[test]
    fn the_kernel_is_the_inner_product_of_gradients() {
        let mut rng = stream(0, Purpose::Task, 0);
        let x = gaussian(6, 4, 1.0, &mut rng);
        let weights = |rng: &mut _| (gaussian(3, 4, 1.0, rng), gaussian(2, 3, 1.0, rng));
        let ((a1, a2), (b1, b2)) = (weights(&mut rng), weights(&mut rng));
        let (a, b) = (TangentKernel::of(&a1, &a2), TangentKernel::of(&b1, &b2));
        let (full_a, full_b) = (by_gradients(&a1, &a2, &x), by_gradients(&b1, &b2, &x));
        for p in 0..6 {
            for q in 0..6 {
                let block = a.between(x.row(p), x.row(q));
                for ((i, j), k) in block.indexed_iter() {
                    assert!((k - full_a[[2 * p + i, 2 * q + j]]).abs() < 1e-12);
                }
            }
        }
        let sigma_x = x.t().dot(&x) / 6.0;
        let direct = (&full_a * &full_b).sum() / 36.0;
        assert!((a.inner(&b, &sigma_x) / direct - 1.0).abs() < 1e-12);
        assert!(a.movement(&a, &sigma_x) < 1e-15 && a.movement(&b, &sigma_x) > 0.01);
    }
}
