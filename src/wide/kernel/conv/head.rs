//! What follows when the places of an image are merged: layers for vectors.

use crate::Result;
use crate::net::architecture::{Layer, Parameterization};
use crate::net::unit::Nonlinearity;
use crate::wide::dual::hermite_series::{HermiteSeries, correlation};
use crate::wide::kernel::dense::Kernels;

/// Kernels between merged images, and variances of both sides.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    pub kernels: Kernels,
    pub first: Vec<f64>,
    pub second: Vec<f64>,
    /// Units that a layer reads per channel: the number of places after flatten, else 1.
    pub places: usize,
    /// Whether both sides are the same images.
    pub symmetric: bool,
}

/// Whether the layers need variances.
pub(crate) fn needs_variances(layers: &[Layer]) -> bool {
    layers.iter().any(|layer| match layer {
        Layer::Residual(branch) => needs_variances(branch),
        layer => matches!(layer, Layer::Nonlinear(_) | Layer::LayerNorm { .. }),
    })
}

impl Merged {
    /// Goes through the layers.
    ///
    /// # Errors
    /// Variances that are too large for a nonlinearity without closed form.
    pub fn run(&mut self, layers: &[Layer], parameterization: Parameterization) -> Result<()> {
        for layer in layers {
            match layer {
                Layer::Dense { weight_std, bias_std } => {
                    self.dense(weight_std.powi(2), bias_std.powi(2), parameterization);
                }
                Layer::Nonlinear(phi) => self.apply(*phi)?,
                Layer::LayerNorm { epsilon } => self.normalize(*epsilon),
                Layer::Residual(branch) => {
                    let before = self.clone();
                    self.run(branch, parameterization)?;
                    self.kernels.nngp += &before.kernels.nngp;
                    self.kernels.ntk += &before.kernels.ntk;
                    let sides =
                        [(&mut self.first, before.first), (&mut self.second, before.second)];
                    for (sum, part) in sides {
                        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                    }
                }
                Layer::Conv { .. }
                | Layer::AveragePool { .. }
                | Layer::Flatten
                | Layer::GlobalAveragePool
                | Layer::LocallyConnected { .. }
                | Layer::MaxPool { .. }
                | Layer::Recurrent { .. } => {
                    unreachable!("validate refuses layers for images among those for vectors")
                }
            }
        }
        if self.symmetric {
            self.mirror();
        }
        Ok(())
    }

    fn apply(&mut self, phi: Nonlinearity) -> Result<()> {
        let exact: Vec<f64> = self.kernels.ntk.diag().to_vec();
        let series = if phi.is_smooth() {
            Some([HermiteSeries::new(phi, &self.first)?, HermiteSeries::new(phi, &self.second)?])
        } else {
            None
        };
        let Kernels { nngp, ntk } = &mut self.kernels;
        let rows = nngp.rows_mut().into_iter().zip(ntk.rows_mut());
        for (i, (q, (mut nngp, mut ntk))) in self.first.iter().zip(rows).enumerate() {
            let (Some(nngp), Some(ntk)) = (nngp.as_slice_mut(), ntk.as_slice_mut()) else {
                unreachable!("kernels are made row by row")
            };
            match &series {
                None => phi.dual_row(*q, &self.second, nngp, ntk),
                Some([first, second]) => {
                    for (j, (k, t)) in nngp.iter_mut().zip(ntk).enumerate() {
                        let rho = correlation(*k, *q, self.second[j]);
                        let (value, slope) = first.dual(i, second, j, rho);
                        (*k, *t) = (value, *t * slope);
                    }
                }
            }
        }
        if self.symmetric {
            for (i, (q, tangent)) in self.first.iter().zip(exact).enumerate() {
                let dual = phi.diagonal(*q);
                (nngp[[i, i]], ntk[[i, i]]) = (dual.value, tangent * dual.slope);
            }
        }
        for q in self.first.iter_mut().chain(&mut self.second) {
            *q = phi.diagonal(*q).value;
        }
        Ok(())
    }

    fn dense(&mut self, weight: f64, bias: f64, parameterization: Parameterization) {
        let Kernels { nngp, ntk } = &mut self.kernels;
        let (tangent_weight, tangent_bias) = match parameterization {
            Parameterization::Ntk => (weight, bias),
            Parameterization::Standard { width } => {
                ((width * self.places) as f64, f64::from(bias > 0.0))
            }
        };
        ntk.zip_mut_with(nngp, |t, k| *t = weight * *t + (tangent_weight * k + tangent_bias));
        nngp.mapv_inplace(|k| weight * k + bias);
        for q in self.first.iter_mut().chain(&mut self.second) {
            *q = weight * *q + bias;
        }
        self.places = 1;
    }

    fn normalize(&mut self, epsilon: f64) {
        let scales = |q: &[f64], q2: f64| {
            q.iter()
                .map(|q| {
                    let scale = ((q + epsilon) * (q2 + epsilon)).sqrt();
                    if scale > 0.0 { 1.0 / scale } else { 0.0 }
                })
                .collect::<Vec<_>>()
        };
        let Kernels { nngp, ntk } = &mut self.kernels;
        for (i, q) in self.first.iter().enumerate() {
            for (j, scale) in scales(&self.second, *q).into_iter().enumerate() {
                nngp[[i, j]] *= scale;
                ntk[[i, j]] *= scale;
            }
        }
        for q in self.first.iter_mut().chain(&mut self.second) {
            *q = if *q + epsilon > 0.0 { *q / (*q + epsilon) } else { 0.0 };
        }
    }

    /// Rounding may depend on which of two images comes first; the kernel does not.
    fn mirror(&mut self) {
        for kernel in [&mut self.kernels.nngp, &mut self.kernels.ntk] {
            for i in 0..kernel.nrows() {
                for j in 0..i {
                    kernel[[i, j]] = kernel[[j, i]];
                }
            }
        }
    }
}
