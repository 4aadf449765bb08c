//! Learning of a hierarchy level by level, in linear networks and in others.

use ndarray::{Array2, ArrayView1};

use crate::agreement::Tolerance;
use crate::agreement::halving::{halving_tolerance, tolerance_by_halving};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::half_times::first_crossing;
use crate::math::parallel::{in_parallel, join};
use crate::net::{LayeredNetwork, LinearNetwork, Nonlinearity, gradient_descent};
use crate::semantic::nonlinear::snapshots;
use crate::semantic::stages::stages;
use crate::task::environment::{Eigenspace, Spectrum};
use crate::{Agreement, Axis, Dataset, Error, Result, Solvable, Trajectory, compare};

/// A two-layer network that learns a hierarchy in the limit of many features, from aligned layers whose
/// modes have equal strength.
///
/// Observables are "level 0", "level 1", …: the mean strength of the modes of each eigenspace
/// (`saxe2019`).
#[derive(Debug, Clone, PartialEq)]
pub struct LevelLearning {
    /// The environment; one eigenspace for each level.
    pub spectrum: Spectrum,
    /// Features for which the task is scaled.
    pub n_features: f64,
    /// Strength of every mode at the start.
    pub u0: f64,
    /// Hidden units, at least as many as items.
    pub n_hidden: usize,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

/// How far descent is from theory.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparisons {
    /// Strength of each level over time.
    pub strengths: Vec<Agreement>,
    /// Half times of all levels.
    pub half_times: Vec<Agreement>,
}

impl LevelLearning {
    /// The network with its task.
    ///
    /// # Errors
    /// A number of features that is not positive.
    pub fn network(&self) -> Result<AlignedNetwork> {
        let task = self.spectrum.task(self.n_features)?;
        Ok(AlignedNetwork::uniform(task, &[self.n_hidden], self.u0.sqrt(), self.rate))
    }

    /// The items with one output for each eigenvector: Σʸˣ = YᵀX/P with one-hot items.
    fn data(&self) -> Result<Dataset> {
        let (p, task) = (self.spectrum.n_items(), self.spectrum.task(self.n_features)?);
        Dataset::new(Array2::eye(p), task.sigma_yx().t().to_owned() * p as f64)
    }

    /// Full strength s/d of each level.
    pub fn targets(&self) -> Vec<f64> {
        let p = self.spectrum.n_items() as f64;
        self.spectrum.singular_values(self.n_features).iter().map(|s| s * p).collect()
    }

    /// Time at which half of each level is learned, in theory.
    ///
    /// # Errors
    /// A level that is never half learned, or a strength at the start that is not positive.
    pub fn half_times(&self) -> Result<Vec<f64>> {
        let levels = stages(&self.spectrum, self.n_features, self.u0, 2)?;
        let half = |(level, stage): (usize, &crate::semantic::stages::Stage)| {
            let name = format!("half time of level {level}");
            stage.half_time.ok_or_else(|| Error::parameter(name, "none", "it must be learned"))
        };
        levels.iter().enumerate().map(half).collect()
    }

    /// The same in a run; `None` for a level that is not half learned in it.
    pub fn measured_half_times(&self, run: &Trajectory) -> Vec<Option<f64>> {
        let half =
            |((_, u), target): ((&str, &[f64]), f64)| first_crossing(run.grid(), u, 0.5 * target);
        run.columns().zip(self.targets()).map(half).collect()
    }

    /// Mean strength of the modes of each level in a map; its outputs are the eigenvectors.
    fn strengths(&self, map: &Array2<f64>) -> Vec<f64> {
        let mut row = 0;
        let level = |space: &Eigenspace| {
            let mean = |(k, v): (usize, ArrayView1<'_, f64>)| map.row(row + k).dot(&v);
            let sum: f64 = space.vectors.columns().into_iter().enumerate().map(mean).sum();
            row += space.multiplicity();
            sum / space.multiplicity() as f64
        };
        self.spectrum.eigenspaces.iter().map(level).collect()
    }

    fn record(&self, grid: &[f64], by_time: &[Vec<f64>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for l in 0..self.spectrum.eigenspaces.len() {
            trajectory.push(format!("level {l}"), by_time.iter().map(|u| u[l]).collect())?;
        }
        Ok(trajectory)
    }

    /// Gradient descent of the linear network with the rate given.
    ///
    /// # Errors
    /// Too few hidden units, or a rate at which training diverges.
    pub fn train(&self, grid: &[f64], seed: u64, rate: f64) -> Result<Trajectory> {
        let network = self.network()?;
        let mut by_time = Vec::with_capacity(grid.len());
        let net = LinearNetwork::new(network.initial_weights(seed)?)?;
        gradient_descent(net, &network.task, rate, grid, |_, net| {
            by_time.push(self.strengths(&net.map()));
            Ok(())
        })?;
        self.record(grid, &by_time)
    }

    /// Gradient descent of a network with other hidden units, from the weights of the linear one, once
    /// for each seed.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn train_nonlinear(
        &self,
        activation: Nonlinearity,
        grid: &[f64],
        seeds: &[u64],
    ) -> Result<Vec<Trajectory>> {
        let (network, data) = (self.network()?, self.data()?);
        in_parallel(seeds.len(), |i| {
            let net = LayeredNetwork::dense(network.initial_weights(seeds[i])?, activation)?;
            let run = snapshots(net, &data, self.rate, grid)?;
            // Items are one-hot: their outputs are the columns of the map.
            let levels = |outputs: &Array2<f64>| self.strengths(&outputs.t().to_owned());
            let by_time: Vec<_> = run.iter().map(|s| levels(&s.outputs)).collect();
            self.record(grid, &by_time)
        })
    }

    /// Gradient descent of the linear network, and how far it is from the prediction: strengths, and half
    /// times. The step's own error is measured by halving the step once for both.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn compare_descent(
        &self,
        prediction: &Trajectory,
        seed: u64,
    ) -> Result<(Trajectory, Comparisons)> {
        let train = |rate: f64| self.train(prediction.grid(), seed, rate);
        let (whole, half) = join(|| train(self.rate), || train(0.5 * self.rate));
        let (whole, half) = (whole?, half?);
        let tolerance = halving_tolerance(&whole, &half);
        let strengths = compare(prediction, std::slice::from_ref(&whole), Some(&tolerance))?;
        let half_times = self.compare_half_times(&whole, &half)?;
        Ok((whole, Comparisons { strengths, half_times }))
    }

    /// Half times of descent against the closed form, from runs with the whole and half the rate. Allowed
    /// is twice the first-order error of the step, and that of reading a crossing off a straight line
    /// between recorded times, which are evenly spaced.
    fn compare_half_times(&self, whole: &Trajectory, half: &Trajectory) -> Result<Vec<Agreement>> {
        let grid = whole.grid();
        let levels: Vec<f64> = (0..self.spectrum.eigenspaces.len()).map(|l| l as f64).collect();
        let column = |values: Vec<f64>| -> Result<Trajectory> {
            let mut trajectory = Trajectory::new(Axis::Depth, &levels);
            trajectory.push("half times of all levels", values)?;
            Ok(trajectory)
        };
        let last = grid.last().copied().unwrap_or(0.0);
        let measured = |run: &Trajectory| -> Vec<f64> {
            self.measured_half_times(run).into_iter().map(|t| t.unwrap_or(last)).collect()
        };
        let (a, b) = (measured(whole), measured(half));
        let step = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // A sigmoid of rate 2s bends by at most u''/u' = 2s there: h²/8 of that.
        let h = grid.get(1).copied().unwrap_or(last);
        let targets = self.targets().into_iter().fold(0.0, f64::max);
        let rate = targets / self.spectrum.n_items() as f64;
        let gaps = vec![4.0 * step + 2.0 * rate * h * h / 8.0];
        let reason = "twice the error of the step size, plus that of interpolating between times";
        let tolerance = Tolerance { gaps, finite_size: None, reason };
        compare(&column(self.half_times()?)?, &[column(a)?], Some(&tolerance))
    }
}

impl Solvable for LevelLearning {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let network = self.network()?;
        // The map does not depend on the basis of the hidden layer.
        let exact = network.weights_at(grid, &[Array2::eye(self.n_hidden)])?;
        let levels: Vec<_> = exact.iter().map(|w| self.strengths(&w[1].dot(&w[0]))).collect();
        self.record(grid, &levels)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.train(grid, seed, self.rate)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        tolerance_by_halving(self.rate, |rate| self.train(prediction.grid(), 0, rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::task::environment::Tree;

    #[test]
    fn levels_are_learned_from_broad_to_fine_at_their_half_times() {
        let spectrum = Tree::new(&[2, 2, 2]).unwrap().diffusion_spectrum(0.1).unwrap();
        let model = LevelLearning { spectrum, n_features: 8.0, u0: 1e-3, n_hidden: 8, rate: 0.05 };
        let times = model.half_times().unwrap();
        assert!(times.windows(2).all(|w| w[0] < w[1]), "{times:?}");
        let grid: Vec<f64> = (0..=240).map(|i| 1.7 * times[3] * f64::from(i) / 240.0).collect();
        assert!(check(&model, &grid, &[1]).unwrap().iter().all(|found| found.holds()));
        let theory = model.predict(&grid).unwrap();
        let found = model.compare_descent(&theory, 1).unwrap().1.half_times;
        assert!(found[0].holds() && found[0].max_gap < 0.05 * times[3], "{found:?}");
        // From small weights the early course of tanh units is that of linear ones.
        let tanh = model.train_nonlinear(Nonlinearity::Tanh, &[0.0, times[0]], &[1]).unwrap();
        let linear = model.predict(&[0.0, times[0]]).unwrap();
        let [a, b] = [&tanh[0], &linear].map(|run| run.get("level 0").unwrap()[1]);
        assert!((a / b - 1.0).abs() < 0.3, "{a} {b}");
    }
}
