//! Second-order statistics of a task and their singular modes.

use ndarray::{Array1, Array2, ArrayView2, s};

use crate::math::linalg::{self, Svd, frobenius_norm, require_finite};
use crate::task::Dataset;
use crate::{Error, Result};

/// Singular values closer than this, relative to the largest, are one degenerate block.
const DEGENERATE: f64 = 1e-10;
/// Relative commutator up to which modes count as decoupled (rounding leaves about 1e-15).
const COMMUTING: f64 = 1e-10;

/// Second-order statistics: all that a deep linear network ever sees of its task.
///
/// The loss of a linear map W is
///
/// ```math
/// \mathcal L(W) = \tfrac12\langle\|y - Wx\|^2\rangle
///   = \mathcal L_{\min} + \tfrac12\operatorname{tr}\,(W-W^*)\,\Sigma^x\,(W-W^*)^\top ,\qquad
///   W^* = \Sigma^{yx}(\Sigma^x)^+ .
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Correlations {
    sigma_x: Array2<f64>,
    sigma_yx: Array2<f64>,
    optimal_map: Array2<f64>,
    minimum_loss: f64,
}

impl Correlations {
    /// Averages over the examples: Σˣ = XᵀX/P (`n_in` × `n_in`), Σʸˣ = YᵀX/P (`n_out` × `n_in`).
    ///
    /// # Errors
    /// Values so large that their products overflow.
    pub fn of(data: &Dataset) -> Result<Self> {
        let p = data.n_samples() as f64;
        let sigma_x = data.inputs.t().dot(&data.inputs) / p;
        let sigma_yx = data.targets.t().dot(&data.inputs) / p;
        let sigma_y_trace = data.targets.iter().map(|y| y * y).sum::<f64>() / p;
        Self::new(sigma_x, sigma_yx, Some(sigma_y_trace))
    }

    /// White inputs of variance `d` in every direction, Σˣ = d·I, without noise in the targets.
    ///
    /// # Errors
    /// `d` is negative or something is not finite.
    pub fn white(sigma_yx: Array2<f64>, d: f64) -> Result<Self> {
        let n_in = sigma_yx.ncols();
        Self::new(Array2::eye(n_in) * d, sigma_yx, None)
    }

    /// From given statistics. Without `sigma_y_trace` = tr Σʸ the targets are taken to be free of
    /// noise, so that the smallest loss is zero.
    ///
    /// # Errors
    /// Shapes that do not fit, values that are not finite, a Σˣ that is not symmetric and positive
    /// semidefinite, or a Σʸˣ with weight where the inputs have no variance.
    pub fn new(
        sigma_x: Array2<f64>,
        sigma_yx: Array2<f64>,
        sigma_y_trace: Option<f64>,
    ) -> Result<Self> {
        let n_in = sigma_yx.ncols();
        if sigma_x.dim() != (n_in, n_in) {
            let expected = format!("{n_in} × {n_in}, one row and column per input");
            return Err(Error::shape("input correlation", sigma_x.dim(), expected));
        }
        require_finite("input correlation", sigma_x.view())?;
        require_finite("input-output correlation", sigma_yx.view())?;
        let asymmetry = frobenius_norm((&sigma_x - &sigma_x.t()).view());
        let size = frobenius_norm(sigma_x.view());
        if asymmetry > 1e-12 * size {
            return Err(Error::parameter(
                "input correlation",
                "not symmetric",
                "Σˣ equals its transpose",
            ));
        }
        let (d, basis) = linalg::eigh(&sigma_x)?;
        let cutoff = n_in as f64 * f64::EPSILON * d.first().copied().unwrap_or(0.0).max(0.0);
        if let Some(negative) = d.iter().find(|d| **d < -10.0 * cutoff.max(f64::MIN_POSITIVE)) {
            let allowed = "a covariance has no negative eigenvalue";
            return Err(Error::parameter("eigenvalue of Σˣ", negative, allowed));
        }
        let projected = sigma_yx.dot(&basis);
        let leak = d.iter().zip(projected.columns()).filter(|(d, _)| **d <= cutoff);
        let leak = leak.map(|(_, c)| c.dot(&c)).sum::<f64>().sqrt();
        if leak > 1e-7 * frobenius_norm(sigma_yx.view()) {
            return Err(Error::parameter(
                "input-output correlation",
                format!("{leak:.3e} along directions without input variance"),
                "it must vanish there, as it does for every data set",
            ));
        }
        let inverse: Array1<f64> = d.mapv(|d| if d > cutoff { d.recip() } else { 0.0 });
        let optimal_map = (&projected * &inverse).dot(&basis.t());
        let explained = (&optimal_map * &sigma_yx).sum();
        let minimum_loss = sigma_y_trace.map_or(0.0, |trace| (0.5 * (trace - explained)).max(0.0));
        if !minimum_loss.is_finite() {
            let value = minimum_loss;
            return Err(Error::NonFinite {
                what: "loss".into(),
                place: "its minimum".into(),
                value,
            });
        }
        Ok(Self { sigma_x, sigma_yx, optimal_map, minimum_loss })
    }

    /// Σˣ, `n_in` × `n_in`.
    pub fn sigma_x(&self) -> &Array2<f64> {
        &self.sigma_x
    }

    /// Σʸˣ, `n_out` × `n_in`.
    pub fn sigma_yx(&self) -> &Array2<f64> {
        &self.sigma_yx
    }

    /// The map of smallest loss and norm, Σʸˣ(Σˣ)⁺.
    pub fn optimal_map(&self) -> &Array2<f64> {
        &self.optimal_map
    }

    /// Loss of the optimal map.
    pub fn minimum_loss(&self) -> f64 {
        self.minimum_loss
    }

    /// Number of inputs.
    pub fn n_in(&self) -> usize {
        self.sigma_yx.ncols()
    }

    /// Number of outputs.
    pub fn n_out(&self) -> usize {
        self.sigma_yx.nrows()
    }

    /// ½⟨‖y − Wx‖²⟩ of a linear map (`n_out` × `n_in`), without cancellation near the minimum.
    pub fn loss(&self, map: ArrayView2<'_, f64>) -> f64 {
        let residual = &map - &self.optimal_map;
        self.minimum_loss + 0.5 * (&residual * &residual.dot(&self.sigma_x)).sum()
    }

    /// The variance d if Σˣ = d·I up to rounding.
    pub fn white_variance(&self) -> Option<f64> {
        let d = self.sigma_x.diag().mean()?;
        let gap = &self.sigma_x - &(Array2::<f64>::eye(self.n_in()) * d);
        (gap.iter().all(|g| g.abs() <= 1e-12 * d)).then_some(d)
    }
}

/// Singular modes of the task, Σʸˣ = U S Vᵀ, and how the inputs vary along them.
#[derive(Debug, Clone, PartialEq)]
pub struct Modes {
    /// Output singular vectors (feature analyzers) as columns, `n_out` × `n_out`.
    pub u: Array2<f64>,
    /// Singular values, largest first, min(`n_in`, `n_out`) of them.
    pub singular_values: Array1<f64>,
    /// Input singular vectors (item analyzers) as columns, `n_in` × `n_in`.
    pub v: Array2<f64>,
    /// Input variance d = vᵀΣˣv along each input singular vector, `n_in` of them.
    pub input_variances: Array1<f64>,
    /// ‖ΣˣG − GΣˣ‖ / (‖Σˣ‖‖G‖) with G = Σʸˣᵀ Σʸˣ: zero if and only if modes learn independently.
    pub commutator: f64,
}

impl Modes {
    /// Decomposes the correlations.
    ///
    /// Signs follow [`linalg::svd`]. Within a block of equal singular values the basis is turned
    /// so that it diagonalizes Σˣ too: otherwise modes that do decouple would seem not to.
    ///
    /// # Errors
    /// Correlations that are not finite.
    pub fn of(correlations: &Correlations) -> Result<Self> {
        let Svd { mut u, s: singular_values, mut v } = linalg::svd(&correlations.sigma_yx)?;
        let sigma_x = &correlations.sigma_x;
        for block in degenerate_blocks(&singular_values, v.ncols()) {
            let basis = v.slice(s![.., block.clone()]).to_owned();
            let inside = basis.t().dot(&sigma_x.dot(&basis));
            let diagonal = Array2::from_diag(&inside.diag());
            if frobenius_norm((&inside - &diagonal).view()) <= 1e-12 * frobenius_norm(inside.view())
            {
                continue;
            }
            let (_, rotation) = linalg::eigh(&inside)?;
            v.slice_mut(s![.., block.clone()]).assign(&basis.dot(&rotation));
            // The null block has no partner among the outputs to turn along.
            if singular_values.get(block.start).is_some_and(|s| *s > 0.0) && block.end <= u.ncols()
            {
                let partner = u.slice(s![.., block.clone()]).dot(&rotation);
                u.slice_mut(s![.., block.clone()]).assign(&partner);
            }
        }
        let input_variances =
            v.columns().into_iter().map(|v| v.dot(&sigma_x.dot(&v)).max(0.0)).collect();
        let commutator = commutator(correlations);
        Ok(Self { u, singular_values, v, input_variances, commutator })
    }

    /// Number of modes, min(`n_in`, `n_out`).
    pub fn len(&self) -> usize {
        self.singular_values.len()
    }

    /// True if there is no mode at all.
    pub fn is_empty(&self) -> bool {
        self.singular_values.is_empty()
    }

    /// Whether every mode learns independently of the others (commutator zero up to rounding).
    pub fn decoupled(&self) -> bool {
        self.commutator <= COMMUTING
    }

    /// Strength of each mode in a map, uᵀWv.
    pub fn strengths(&self, map: ArrayView2<'_, f64>) -> Vec<f64> {
        (0..self.len()).map(|k| self.u.column(k).dot(&map.dot(&self.v.column(k)))).collect()
    }

    /// The map with given mode strengths, Σₖ aₖ uₖ vₖᵀ.
    pub fn map(&self, strengths: &[f64]) -> Array2<f64> {
        let k = strengths.len();
        let strengths = Array1::from(strengths.to_vec());
        (&self.u.slice(s![.., ..k]) * &strengths).dot(&self.v.slice(s![.., ..k]).t())
    }

    /// Strength each mode ends with when it is learned, s/d; zero where there is nothing to learn.
    pub fn targets(&self) -> Vec<f64> {
        let pairs = self.singular_values.iter().zip(&self.input_variances);
        pairs.map(|(s, d)| if *s > 0.0 && *d > 0.0 { s / d } else { 0.0 }).collect()
    }
}

/// Runs of equal singular values (the last one, of zeros, includes the rest of the null space).
fn degenerate_blocks(s: &Array1<f64>, n_in: usize) -> Vec<std::ops::Range<usize>> {
    let width = DEGENERATE * s.first().copied().unwrap_or(0.0);
    let value = |k: usize| s.get(k).copied().unwrap_or(0.0);
    let mut blocks = Vec::new();
    let mut start = 0;
    for k in 1..=n_in {
        if k == n_in || value(k - 1) - value(k) > width {
            if k - start > 1 {
                blocks.push(start..k);
            }
            start = k;
        }
    }
    blocks
}

fn commutator(correlations: &Correlations) -> f64 {
    let unit = |a: &Array2<f64>| {
        let norm = frobenius_norm(a.view());
        if norm > 0.0 { a / norm } else { a.clone() }
    };
    let yx = unit(&correlations.sigma_yx);
    let (x, g) = (unit(&correlations.sigma_x), unit(&yx.t().dot(&yx)));
    frobenius_norm((x.dot(&g) - g.dot(&x)).view())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, orthogonal, stream};
    use approx::assert_abs_diff_eq;

    #[test]
    fn modes_of_equal_strength_are_turned_to_decouple() {
        let mut rng = stream(1, Purpose::Task, 0);
        let (u, v) = (orthogonal(4, &mut rng), orthogonal(5, &mut rng));
        let s = Array1::from(vec![2.0, 1.0, 1.0, 1.0]);
        let d = Array1::from(vec![1.0, 0.2, 0.5, 2.0, 0.3]);
        let sigma_yx = (&u * &s).dot(&v.slice(s![.., ..4]).t());
        let sigma_x = linalg::congruence(v.view(), &d);
        let sigma_x = (&sigma_x + &sigma_x.t()) / 2.0;
        let task = Correlations::new(sigma_x, sigma_yx, None).unwrap();
        let modes = Modes::of(&task).unwrap();
        assert!(modes.decoupled());
        let inside = modes.v.t().dot(&task.sigma_x().dot(&modes.v));
        let off = &inside - &Array2::from_diag(&inside.diag());
        assert!(frobenius_norm(off.view()) < 1e-13);
        let back = modes.map(modes.singular_values.as_slice().unwrap());
        assert!(frobenius_norm((&back - task.sigma_yx()).view()) < 1e-13);
    }

    #[test]
    fn loss_is_the_mean_squared_error_over_examples() {
        let mut rng = stream(2, Purpose::Task, 0);
        let data =
            Dataset::new(gaussian(9, 3, 1.0, &mut rng), gaussian(9, 2, 1.0, &mut rng)).unwrap();
        let task = Correlations::of(&data).unwrap();
        let map = gaussian(2, 3, 1.0, &mut rng);
        let residual = &data.targets - &data.inputs.dot(&map.t());
        let direct = 0.5 * residual.iter().map(|r| r * r).sum::<f64>() / 9.0;
        assert_abs_diff_eq!(task.loss(map.view()), direct, epsilon = 1e-13);
        assert_abs_diff_eq!(task.loss(task.optimal_map().view()), task.minimum_loss());
    }

    #[test]
    fn correlations_outside_the_inputs_are_refused() {
        let sigma_x = ndarray::arr2(&[[1.0, 0.0], [0.0, 0.0]]);
        let bad = Correlations::new(sigma_x.clone(), ndarray::arr2(&[[1.0, 0.5]]), None);
        assert!(bad.is_err());
        assert!(Correlations::new(sigma_x, ndarray::arr2(&[[1.0, 0.0]]), None).is_ok());
        let negative = ndarray::arr2(&[[1.0, 2.0], [2.0, 1.0]]);
        assert!(Correlations::new(negative, ndarray::arr2(&[[1.0, 1.0]]), None).is_err());
    }

    #[test]
    fn nothing_to_learn_has_no_nan() {
        let modes = Modes::of(&Correlations::white(Array2::zeros((3, 2)), 1.0).unwrap()).unwrap();
        assert_eq!(modes.commutator, 0.0);
        assert_eq!(modes.targets(), vec![0.0, 0.0]);
    }
}
