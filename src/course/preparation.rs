//! A course with every default resolved: network, theory, times, learning rate.

use ndarray::Array2;

use super::settings::{Course, Start};
use super::theory::Setting;
use crate::deep_linear::exact_network::ExactNetwork;
use crate::deep_linear::learning_rate::{curvature_at_minimum, curvature_of_weights};
use crate::{Correlations, Modes, Result};

/// Points of the default grid.
const GRID: usize = 201;

/// The network of a [`Course`], its initial weights and its times.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The network that theory follows, with its learning rate.
    pub network: ExactNetwork,
    /// The weights that the simulation starts from, first layer first.
    pub weights: Vec<Array2<f64>>,
    /// Times to record.
    pub times: Vec<f64>,
    /// Whether theory starts from the same weights; else from balanced ones with the same map.
    pub exact: bool,
}

/// A course with every default resolved.
pub(crate) struct Prepared {
    pub task: Correlations,
    pub modes: Modes,
    pub setting: Setting,
    pub grid: Vec<f64>,
    /// How far to look for half times.
    pub horizon: f64,
    pub rate: f64,
    pub critical_rate: f64,
    pub n_hidden: usize,
}

impl Course {
    /// The network with every default resolved: what theory and simulation start from.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn resolved(&self) -> Result<Resolved> {
        let Prepared { setting, grid, rate, .. } = self.prepare()?;
        let exact = self.start != Start::Random || self.layers <= 2;
        let network = setting.network.with_rate(rate);
        Ok(Resolved { network, weights: setting.weights, times: grid, exact })
    }

    pub(crate) fn prepare(&self) -> Result<Prepared> {
        let task = Correlations::of(&self.data)?;
        let modes = Modes::of(&task)?;
        let n_hidden = self.validate(&task)?;
        let mut setting = self.setting(&task, &modes, n_hidden)?;
        let strengths = self.initial_strengths(&modes, &setting.weights)?;
        if self.starts_below_rounding(&modes, &strengths) {
            setting.bounded = false;
            setting.warnings.push(
                "the start is so small that rounding errors of stronger modes outgrow it in the \
                 simulation, which is therefore not judged: take a larger initial scale"
                    .to_owned(),
            );
        }
        let curvature = curvature_at_minimum(&modes, self.layers)
            .max(curvature_of_weights(&task, &setting.weights)?)
            .max(self.lambda_curvature(&modes));
        let critical_rate = if curvature > 0.0 { 2.0 / curvature } else { f64::MAX };
        let horizon = self.horizon(&task, &modes, &strengths)?;
        let grid = match &self.times {
            Some(times) => times.clone(),
            None => even_grid(
                self.until.unwrap_or(horizon),
                if self.quick { GRID / 2 + 1 } else { GRID },
            ),
        };
        let until = grid.last().copied().unwrap_or(0.0);
        let growth = self.growth(&modes, &strengths);
        let rate = self.checked_rate(critical_rate, growth, until)?;
        self.check_work(&task, n_hidden, rate, until)?;
        let horizon = until.max(horizon);
        Ok(Prepared { task, modes, setting, grid, horizon, rate, critical_rate, n_hidden })
    }
}

fn even_grid(until: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| until * i as f64 / (n - 1) as f64).collect()
}
