//! Progressive differentiation: the items of a two-layer network on their way apart, in a fixed plane.

use ndarray::Array2;

use crate::agreement::Agreement;
use crate::agreement::halving::halving_tolerance;
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::exact_network::ExactNetwork;
use crate::math::parallel::join;
use crate::net::{LayeredNetwork, Nonlinearity};
use crate::semantic::embedding::{ItemPaths, follow, nearest_view};
use crate::semantic::nonlinear::snapshots;
use crate::semantic::representation::trained_representations;
use crate::{Axis, Dataset, Modes, Result, Trajectory, compare};

/// Representations of the items of a table in the hidden layer of an aligned network, along the two axes
/// on which the end of learning looks most like the items on a circle in the order of the table, where
/// all levels show (`saxe2021`).
#[derive(Debug, Clone, PartialEq)]
pub struct Differentiation {
    /// The items and their features.
    pub data: Dataset,
    /// The network, with two layers.
    pub network: AlignedNetwork,
    /// Seed of the basis of the hidden layer.
    pub seed: u64,
}

/// Paths of the items in theory, and the axes they are seen along.
#[derive(Debug, Clone, PartialEq)]
pub struct TheoryPaths {
    /// Times.
    pub grid: Vec<f64>,
    /// The axes over the items, P × 2.
    pub axes: Array2<f64>,
    /// The paths.
    pub paths: ItemPaths,
}

/// Paths of the items in trained networks.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedPaths {
    /// The linear network.
    pub linear: ItemPaths,
    /// A tanh network from the same weights.
    pub tanh: ItemPaths,
    /// Every coordinate of the linear network against theory.
    pub agreements: Vec<Agreement>,
}

/// Time at which an aligned two-layer network that starts with the strength `u0` of every mode has
/// learned all but a percent of its last one: ln(σ/u₀)/2s until half, and ln(99)/2s more, σ = s/d.
pub fn end_of_learning(modes: &Modes, u0: f64) -> f64 {
    let targets = modes.targets();
    let last = modes.singular_values.iter().zip(&targets).next_back();
    last.map_or(0.0, |(s, target)| ((target / u0).ln() + 99f64.ln()) / (2.0 * s))
}

/// Items on a circle in the order of the table.
fn circle(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, 2), |(i, axis)| {
        let angle = std::f64::consts::TAU * (i as f64 + 0.5) / n as f64;
        if axis == 0 { angle.sin() } else { angle.cos() }
    })
}

impl Differentiation {
    /// The paths in theory.
    ///
    /// # Errors
    /// A network that does not fit the items or has no hidden layer, or times that do not increase.
    pub fn predict(&self, grid: &[f64]) -> Result<TheoryPaths> {
        let items = &self.data.inputs;
        let maps = ExactNetwork::Aligned(self.network.clone()).hidden_maps_at(grid)?;
        let exact: Vec<_> = maps.iter().map(|h| items.dot(&h.t())).collect();
        let end = exact.last().map_or_else(|| Array2::zeros((items.nrows(), 0)), Array2::clone);
        let axes = nearest_view(end.view(), circle(items.nrows()).view())?;
        let paths = follow(&exact, &axes)?;
        Ok(TheoryPaths { grid: grid.to_vec(), axes, paths })
    }

    /// Trains the linear network and a tanh network from the same weights.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), or a rate at which training diverges.
    pub fn train(&self, theory: &TheoryPaths) -> Result<TrainedPaths> {
        let (linear, tanh) = join(|| self.compare_linear(theory), || self.train_tanh(theory));
        let (linear, agreements) = linear?;
        Ok(TrainedPaths { linear, tanh: tanh?, agreements })
    }

    fn compare_linear(&self, theory: &TheoryPaths) -> Result<(ItemPaths, Vec<Agreement>)> {
        let (rate, weights) = (self.network.rate, self.network.initial_weights(self.seed)?);
        let follow_at = |rate: f64| {
            let (task, items) = (&self.network.task, &self.data.inputs);
            let trained =
                trained_representations(weights.clone(), task, items, rate, &theory.grid)?;
            follow(&trained, &theory.axes)
        };
        let (linear, half) = join(|| follow_at(rate), || follow_at(0.5 * rate));
        let linear = linear?;
        let observables = |paths: &ItemPaths| self.observables(&theory.grid, paths);
        let run = observables(&linear)?;
        let tolerance = halving_tolerance(&run, &observables(&half?)?);
        let agreements = compare(&observables(&theory.paths)?, &[run], Some(&tolerance))?;
        Ok((linear, agreements))
    }

    fn train_tanh(&self, theory: &TheoryPaths) -> Result<ItemPaths> {
        let weights = self.network.initial_weights(self.seed)?;
        let net = LayeredNetwork::dense(weights, Nonlinearity::Tanh)?;
        let run = snapshots(net, &self.data, self.network.rate, &theory.grid)?;
        let hidden: Vec<_> = run.into_iter().map(|snapshot| snapshot.hidden).collect();
        follow(&hidden, &theory.axes)
    }

    /// Coordinates as observables.
    fn observables(&self, grid: &[f64], paths: &ItemPaths) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for (i, name) in self.data.item_names.iter().enumerate() {
            for axis in 0..2 {
                trajectory.push(format!("{name}, axis {}", axis + 1), paths.path(i, axis))?;
            }
        }
        Ok(trajectory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Correlations;

    #[test]
    fn items_part_along_the_paths_of_theory() {
        let data = Dataset::rumelhart();
        let task = Correlations::of(&data).unwrap();
        let end = end_of_learning(&Modes::of(&task).unwrap(), 1e-3);
        let network = AlignedNetwork::uniform(task, &[16], 1e-3f64.sqrt(), 0.05);
        let model = Differentiation { data, network, seed: 1 };
        let grid: Vec<f64> = (0..=20).map(|i| end * f64::from(i) / 20.0).collect();
        let theory = model.predict(&grid).unwrap();
        let trained = model.train(&theory).unwrap();
        assert_eq!(trained.agreements.len(), 16);
        assert!(trained.agreements.iter().all(Agreement::holds));
        assert!(theory.paths.largest_gap(&trained.linear) < 0.05 * theory.paths.range());
        assert!(theory.paths.largest_gap(&trained.tanh) > 0.05 * theory.paths.range());
    }
}
