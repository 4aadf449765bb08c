//! A network of one weight layer, exactly, whatever the inputs.

use ndarray::{Array1, Array2};

use crate::agreement::Tolerance;
use crate::deep_linear::recording::{record_maps, step_halving_tolerance, train};
use crate::math::linalg;
use crate::math::times::validate_times;
use crate::{Correlations, Error, Modes, Result, Solvable, Trajectory};

/// Gradient flow of a single layer W under any input covariance Σˣ = V diag(d) Vᵀ.
///
/// ```math
/// W(t) = W_0 V e^{-dt/\tau} V^\top + \Sigma^{yx} V\,\varphi(d)\,V^\top,\qquad
/// \varphi(d) = \frac{1-e^{-dt/\tau}}{d},\quad \varphi(0) = t/\tau .
/// ```
///
/// With white inputs every mode has the same time constant τ/d: no stages, and every weight is
/// monotone. With correlated inputs single weights need not be.
#[derive(Debug, Clone, PartialEq)]
pub struct ShallowFlow {
    variances: Array1<f64>,
    basis: Array2<f64>,
    /// W₀V.
    start: Array2<f64>,
    /// Σʸˣ V, exactly zero where there is no variance.
    drive: Array2<f64>,
}

impl ShallowFlow {
    /// Diagonalizes Σˣ once; every time is then cheap.
    ///
    /// # Errors
    /// An initial map (`n_out` × `n_in`) of another shape or not finite.
    pub fn new(task: &Correlations, initial_map: &Array2<f64>) -> Result<Self> {
        if initial_map.dim() != task.sigma_yx().dim() {
            let expected = format!("{:?} (outputs, inputs)", task.sigma_yx().dim());
            return Err(Error::shape("initial map", initial_map.dim(), expected));
        }
        linalg::require_finite("initial map", initial_map.view())?;
        let (variances, basis) = linalg::eigh(task.sigma_x())?;
        let cutoff = variances.len() as f64 * f64::EPSILON * variances[0].max(0.0);
        let variances = variances.mapv(|d| if d > cutoff { d } else { 0.0 });
        let mut drive = task.sigma_yx().dot(&basis);
        for (mut column, d) in drive.columns_mut().into_iter().zip(&variances) {
            if *d == 0.0 {
                column.fill(0.0); // rounding here would drift without bound
            }
        }
        Ok(Self { start: initial_map.dot(&basis), variances, basis, drive })
    }

    /// W at time `t` ≥ 0 (units of τ), `n_out` × `n_in`.
    pub fn map_at(&self, t: f64) -> Array2<f64> {
        let decay = self.variances.mapv(|d| (-d * t).exp());
        let gain = self.variances.mapv(|d| if d > 0.0 { -(-d * t).exp_m1() / d } else { 0.0 });
        (&self.start * &decay + &self.drive * &gain).dot(&self.basis.t())
    }
}

/// A network of one weight layer, on any task, from any start.
#[derive(Debug, Clone, PartialEq)]
pub struct ShallowNetwork {
    /// The task; its inputs may be correlated.
    pub task: Correlations,
    /// Initial weights, `n_out` × `n_in`.
    pub initial_map: Array2<f64>,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl ShallowNetwork {
    /// The network that this one is after some time.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        validate_times(&[time])?;
        let initial_map = ShallowFlow::new(&self.task, &self.initial_map)?.map_at(time);
        Ok(Self { initial_map, ..self.clone() })
    }
}

impl Solvable for ShallowNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        validate_times(grid)?;
        let flow = ShallowFlow::new(&self.task, &self.initial_map)?;
        let maps: Vec<_> = grid.iter().map(|t| flow.map_at(*t)).collect();
        record_maps(&self.task, &Modes::of(&self.task)?, grid, &maps)
    }

    /// Nothing is random: the seed does not matter.
    fn simulate(&self, grid: &[f64], _seed: u64) -> Result<Trajectory> {
        let weights = vec![self.initial_map.clone()];
        train(weights, &self.task, &Modes::of(&self.task)?, self.rate, grid)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let (weights, modes) = (vec![self.initial_map.clone()], Modes::of(&self.task)?);
        step_halving_tolerance(weights, &self.task, &modes, self.rate, prediction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn correlated_inputs_make_a_single_weight_overshoot() {
        // Only depth makes weights non-monotone with white inputs; correlation does it alone.
        let task =
            Correlations::new(arr2(&[[1.0, 0.9], [0.9, 1.0]]), arr2(&[[1.0, 0.9]]), None).unwrap();
        let flow = ShallowFlow::new(&task, &arr2(&[[0.0, 0.0]])).unwrap();
        let peak = (1..2000).map(|i| flow.map_at(f64::from(i) * 0.01)[[0, 1]]).fold(0.0, f64::max);
        assert!((peak - 0.402).abs() < 1e-3, "{peak}");
        let end = flow.map_at(1e4);
        assert!((end[[0, 0]] - 1.0).abs() < 1e-12 && end[[0, 1]].abs() < 1e-12);
    }

    #[test]
    fn directions_without_variance_never_move() {
        let task =
            Correlations::new(arr2(&[[1.0, 0.0], [0.0, 0.0]]), arr2(&[[2.0, 0.0]]), None).unwrap();
        let end = ShallowFlow::new(&task, &arr2(&[[0.1, 0.7]])).unwrap().map_at(1e9);
        assert!((end[[0, 0]] - 2.0).abs() < 1e-12 && (end[[0, 1]] - 0.7).abs() < 1e-12);
    }

    #[test]
    fn a_start_of_the_wrong_shape_is_refused() {
        let task = Correlations::white(arr2(&[[1.0, 0.0]]), 1.0).unwrap();
        assert!(ShallowFlow::new(&task, &arr2(&[[0.1]])).is_err());
    }
}
