//! Planted categories in sampled tables: whether they are detected, and when networks learn them.

use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::half_times::first_crossing;
use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_deviation;
use crate::net::{LayeredNetwork, Nonlinearity};
use crate::semantic::coherence::{half_time, half_time_gap};
use crate::semantic::nonlinear::snapshots;
use crate::task::environment::{Detected, PlantedCategory};
use crate::{Agreement, Correlations, Modes, Result, Solvable};

/// Times at which the strength of a mode is recorded.
const TIMES: usize = 241;

/// Theory of a category beside what samples of it do.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledPoint {
    /// Coherence of the category.
    pub coherence: f64,
    /// What theory says.
    pub theory: f64,
    /// How far the mean over samples may be from it: what finite size accounts for, and four standard
    /// errors.
    pub allowed: f64,
    /// One value for each sample.
    pub runs: Vec<f64>,
}

impl SampledPoint {
    /// Mean over samples.
    pub fn mean(&self) -> f64 {
        mean_and_deviation(self.runs.iter().copied()).0
    }

    /// Standard deviation over samples.
    pub fn spread(&self) -> f64 {
        mean_and_deviation(self.runs.iter().copied()).1
    }

    /// The mean against theory.
    pub fn agreement(&self, observable: &str) -> Agreement {
        let gap = (self.mean() - self.theory).abs();
        Agreement {
            observable: format!("{observable}, C = {:.2}", self.coherence),
            max_gap: gap,
            rms_gap: gap,
            range: self.theory,
            spread: self.spread(),
            tolerance: Some(self.allowed),
            reason: "finite size of the table (and of the step), and four standard errors",
        }
    }
}

/// What is measured of the mode in which a category is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Its singular value.
    SingularValue,
    /// Squared overlap of its feature vector with the category's features.
    FeatureOverlap,
    /// Squared overlap of its item vector with the category's members.
    ItemOverlap,
}

impl Quantity {
    /// The quantity of a mode.
    pub fn of(self, mode: &Detected) -> f64 {
        match self {
            Self::SingularValue => mode.singular_value,
            Self::FeatureOverlap => mode.feature_overlap,
            Self::ItemOverlap => mode.item_overlap,
        }
    }
}

/// Largest modes of sampled tables, for each category.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledModes {
    categories: Vec<PlantedCategory>,
    modes: Vec<Vec<Detected>>,
}

impl SampledModes {
    /// Draws `n` tables of each category.
    ///
    /// # Errors
    /// A table whose singular values cannot be found.
    pub fn draw(categories: &[PlantedCategory], n: usize, seed: u64) -> Result<Self> {
        let modes = in_parallel(categories.len() * n, |i| {
            let category = categories[i / n];
            category.measure(&category.sample(seed + 1 + i as u64)?)
        })?;
        let of = |i: usize| modes[i * n..(i + 1) * n].to_vec();
        let modes = (0..categories.len()).map(of).collect();
        Ok(Self { categories: categories.to_vec(), modes })
    }

    /// One quantity of every category, in the given unit.
    ///
    /// The standard error of the singular value is known; that of an overlap is measured, the largest
    /// among neighboring categories, as a few samples may agree by chance.
    pub fn points(&self, quantity: Quantity, unit: f64) -> Vec<SampledPoint> {
        let point = |(category, runs): (&PlantedCategory, &Vec<Detected>)| SampledPoint {
            coherence: category.coherence(),
            theory: quantity.of(&category.theory()) / unit,
            allowed: quantity.of(&category.finite_size()) / unit,
            runs: runs.iter().map(|run| quantity.of(run) / unit).collect(),
        };
        let mut points: Vec<_> = self.categories.iter().zip(&self.modes).map(point).collect();
        let spreads: Vec<f64> = points.iter().map(SampledPoint::spread).collect();
        for (k, point) in points.iter_mut().enumerate() {
            let near = &spreads[k.saturating_sub(1)..spreads.len().min(k + 2)];
            let spread = match quantity {
                Quantity::SingularValue => self.categories[k].scatter() / unit,
                _ => near.iter().copied().fold(0.0, f64::max),
            };
            point.allowed += 4.0 * spread / (point.runs.len() as f64).sqrt();
        }
        points
    }
}

/// Two-layer networks that learn samples of categories, and when they have half learned the largest mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CategoryLearning {
    /// Strength of every mode at the start.
    pub u0: f64,
    /// Learning rate η; k steps take time kη.
    pub rate: f64,
}

/// Half times of linear networks, and of tanh networks from the same weights.
#[derive(Debug, Clone, PartialEq)]
pub struct HalfTimes {
    /// Theory and linear networks.
    pub linear: SampledPoint,
    /// Tanh networks, one for each sample.
    pub tanh: Vec<f64>,
}

impl CategoryLearning {
    /// Half times for `n` samples of each category. The step's own error is allowed twice; it is measured
    /// by halving the step once for each category.
    ///
    /// # Errors
    /// A start or rate out of range.
    pub fn half_times(
        &self,
        categories: &[PlantedCategory],
        n: usize,
        seed: u64,
    ) -> Result<Vec<HalfTimes>> {
        in_parallel(categories.len(), |i| {
            let seeds: Vec<u64> = (0..n).map(|run| seed + 1 + (i * n + run) as u64).collect();
            self.of_category(&categories[i], &seeds)
        })
    }

    fn of_category(&self, category: &PlantedCategory, seeds: &[u64]) -> Result<HalfTimes> {
        let all = |activation: Nonlinearity| -> Result<Vec<f64>> {
            let time = |seed: &u64| self.half_time(category, *seed, self.rate, activation);
            seeds.iter().map(time).collect()
        };
        let (runs, tanh) = (all(Nonlinearity::Linear)?, all(Nonlinearity::Tanh)?);
        let step = match (runs.first(), seeds.first()) {
            (Some(whole), Some(seed)) => {
                let rate = 0.5 * self.rate;
                let half = self.half_time(category, *seed, rate, Nonlinearity::Linear)?;
                4.0 * (whole - half).abs()
            }
            _ => 0.0,
        };
        let error = 4.0 * category.scatter() / (seeds.len().max(1) as f64).sqrt();
        let gap = category.finite_size().singular_value + error;
        let linear = SampledPoint {
            coherence: category.coherence(),
            theory: half_time(category, self.u0)?.unwrap_or(0.0),
            allowed: half_time_gap(category, self.u0, gap)? + step,
            runs,
        };
        Ok(HalfTimes { linear, tanh })
    }

    /// When a network has half learned the largest mode of one sample, at the latest twice the time of
    /// theory.
    fn half_time(
        &self,
        category: &PlantedCategory,
        seed: u64,
        rate: f64,
        activation: Nonlinearity,
    ) -> Result<f64> {
        let data = category.sample(seed)?;
        let half = 0.5 * category.measure(&data)?.singular_value * category.n_items() as f64;
        let end = 2.0 * half_time(category, self.u0)?.unwrap_or(0.0);
        let grid: Vec<f64> = (0..TIMES).map(|i| end * i as f64 / (TIMES - 1) as f64).collect();
        let task = Correlations::of(&data)?;
        let modes = Modes::of(&task)?;
        // Two hidden units hold the mode in question and the next.
        let network = AlignedNetwork::uniform(task, &[2], self.u0.sqrt(), rate);
        let strength = if activation == Nonlinearity::Linear {
            network.simulate(&grid, seed)?.get("mode 1").unwrap_or_default().to_vec()
        } else {
            let net = LayeredNetwork::dense(network.initial_weights(seed)?, activation)?;
            let run = snapshots(net, &data, rate, &grid)?;
            // Items are one-hot: their outputs are the columns of the map.
            let strength = |outputs: &ndarray::Array2<f64>| {
                modes.u.column(0).dot(&outputs.t().dot(&modes.v.column(0)))
            };
            run.iter().map(|snapshot| strength(&snapshot.outputs)).collect()
        };
        Ok(first_crossing(&grid, &strength, half).unwrap_or(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn categories() -> Vec<PlantedCategory> {
        let of = |k: usize| PlantedCategory::new((60, 80), (k, k), 0.7, 0.3).unwrap();
        [18, 30].map(of).to_vec()
    }

    #[test]
    fn sampled_modes_are_where_theory_has_them() {
        let sampled = SampledModes::draw(&categories(), 6, 0).unwrap();
        for quantity in [Quantity::SingularValue, Quantity::FeatureOverlap, Quantity::ItemOverlap] {
            for point in sampled.points(quantity, 1.0) {
                let found = point.agreement("mode");
                assert!(found.holds() && found.max_gap < 0.3 * found.range, "{found:?}");
            }
        }
    }

    #[test]
    fn sampled_categories_are_half_learned_when_theory_says() {
        let learning = CategoryLearning { u0: 1e-3, rate: 0.4 };
        let times = learning.half_times(&categories(), 2, 0).unwrap();
        for HalfTimes { linear, tanh } in &times {
            assert!(linear.agreement("half time").holds(), "{linear:?}");
            assert!(tanh.iter().zip(&linear.runs).all(|(t, l)| (t / l - 1.0).abs() < 0.2));
        }
        assert!(times[1].linear.mean() < times[0].linear.mean());
    }
}
