//! The learning course of a data set: from a table to modes, prediction, simulation, agreement.

pub mod delays;
mod follow;
mod limits;
mod theory;

use ndarray::Array2;

use crate::deep_linear::exact_network::ExactNetwork;
use crate::deep_linear::half_times::crossing_times;
use crate::deep_linear::learning_rate::{curvature_at_minimum, curvature_of_weights};
use crate::deep_linear::recording::{record_maps, train};
use crate::math::parallel::join;
use crate::net::{LayeredNetwork, Network, Nonlinearity, gradient_descent_examples};
use crate::{Agreement, Correlations, Dataset, Modes, Result, Trajectory, compare};
pub use follow::Follower;
use theory::{Setting, map_at};

/// Points of the default grid.
const GRID: usize = 201;

/// How the weights start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Along the task's own modes, every layer with singular values `scale`.
    Aligned,
    /// Every layer with singular values `scale`, neighbors balanced, in random directions.
    Balanced,
    /// Independent Gaussian weights of standard deviation `scale`/√`n_hidden`.
    Random,
    /// Two layers in random directions with W₂ᵀW₂ − W₁W₁ᵀ = λI and a map of singular values `scale`².
    Lambda(f64),
}

/// A data set and the network that is to learn it.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// What is to be learned.
    pub data: Dataset,
    /// Number of weight layers L; 1 is shallow.
    pub layers: usize,
    /// Width of every hidden layer; by default min(`n_in`, `n_out`).
    pub n_hidden: Option<usize>,
    /// How the weights start.
    pub start: Start,
    /// Singular values of each layer at the start (see [`Start`]).
    pub scale: f64,
    /// Learning rate of the simulation; by default 1/200 of the stability limit.
    pub rate: Option<f64>,
    /// Last time, in units of τ; by default until most of the loss is learned.
    pub until: Option<f64>,
    /// Times to record, instead of an even grid.
    pub times: Option<Vec<f64>>,
    /// Nonlinearity of the simulated hidden units; theory is linear.
    pub activation: Nonlinearity,
    /// Seed of the initial weights.
    pub seed: u64,
    /// Four times larger steps and half the times, for a first look.
    pub quick: bool,
}

/// What came of a [`Course`].
#[derive(Debug, Clone)]
pub struct Report {
    /// Second-order statistics of the data.
    pub task: Correlations,
    /// Singular modes of the task.
    pub modes: Modes,
    /// Predicted time of half learning of each mode; `None` if it is never learned in sight.
    pub half_times: Vec<Option<f64>>,
    /// What theory says.
    pub prediction: Trajectory,
    /// What training did.
    pub simulation: Trajectory,
    /// How far the two are apart.
    pub agreements: Vec<Agreement>,
    /// Predicted map at the last time, `n_out` × `n_in`.
    pub final_map: Array2<f64>,
    /// What the user should know: failed assumptions, modes that cannot be learned.
    pub warnings: Vec<String>,
    /// Hidden width used (0 without hidden layers).
    pub n_hidden: usize,
    /// Learning rate used.
    pub rate: f64,
    /// Learning rate at which descent becomes unstable.
    pub critical_rate: f64,
    /// Which theory was used.
    pub theory: &'static str,
}

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
struct Prepared {
    task: Correlations,
    modes: Modes,
    setting: Setting,
    grid: Vec<f64>,
    /// How far to look for half times.
    horizon: f64,
    rate: f64,
    critical_rate: f64,
    n_hidden: usize,
}

impl Course {
    /// A two-layer network on a data set, small aligned start.
    pub fn new(data: Dataset) -> Self {
        Self {
            data,
            layers: 2,
            n_hidden: None,
            start: Start::Aligned,
            scale: 0.03,
            rate: None,
            until: None,
            times: None,
            activation: Nonlinearity::Linear,
            seed: 0,
            quick: false,
        }
    }

    /// Predicts, simulates and compares.
    ///
    /// # Errors
    /// A setting out of its range, a learning rate past the stability limit, or too many steps.
    pub fn run(&self) -> Result<Report> {
        let Prepared { task, modes, setting, grid, horizon, rate, critical_rate, n_hidden } =
            self.prepare()?;
        let network = setting.network.with_rate(rate);
        let model = network.model();
        let prediction = model.predict(&grid)?;
        let judged = setting.bounded && self.activation == Nonlinearity::Linear;
        let (simulation, tolerance) = join(
            || self.simulate(&task, &modes, setting.weights, rate, &grid),
            || judged.then(|| model.tolerance(&prediction)).transpose(),
        );
        let (simulation, tolerance) = (simulation?, tolerance?);
        let agreements =
            compare(&prediction, std::slice::from_ref(&simulation), tolerance.as_ref())?;
        let half_times = match setting.half_times {
            Some(times) => times,
            None => crossing_times(model, &modes, horizon)?,
        };
        let last = |(_, a): (&str, &[f64])| a[a.len() - 1];
        let strengths: Vec<f64> = prediction.columns().take(modes.len()).map(last).collect();
        let mut warnings = setting.warnings;
        warnings.extend(self.warnings(&modes, &half_times));
        Ok(Report {
            final_map: map_at(&network, grid[grid.len() - 1], &modes, &strengths)?,
            half_times,
            prediction,
            simulation,
            agreements,
            warnings,
            n_hidden,
            rate,
            critical_rate,
            theory: setting.theory,
            task,
            modes,
        })
    }

    /// The simulation alone, for ensembles over seeds.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn simulation(&self) -> Result<Trajectory> {
        let Prepared { task, modes, setting, grid, rate, .. } = self.prepare()?;
        self.simulate(&task, &modes, setting.weights, rate, &grid)
    }

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

    /// Default steps within the largest stable one.
    fn steps_per_limit(&self) -> f64 {
        if self.quick { 50.0 } else { 200.0 }
    }

    fn prepare(&self) -> Result<Prepared> {
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

    fn simulate(
        &self,
        task: &Correlations,
        modes: &Modes,
        weights: Vec<Array2<f64>>,
        rate: f64,
        grid: &[f64],
    ) -> Result<Trajectory> {
        if self.activation == Nonlinearity::Linear {
            return train(weights, task, modes, rate, grid);
        }
        let net = LayeredNetwork::dense(weights, self.activation)?;
        let (mut maps, mut losses) = (Vec::new(), Vec::new());
        gradient_descent_examples(net, &self.data, rate, grid, |_, net| {
            // The linear map that best describes the outputs on the data.
            let outputs = net.forward(self.data.inputs.view());
            let residual = &outputs - &self.data.targets;
            losses.push(
                0.5 * residual.iter().map(|r| r * r).sum::<f64>() / self.data.n_samples() as f64,
            );
            let described = Dataset { targets: outputs, ..self.data.clone() };
            maps.push(Correlations::of(&described)?.optimal_map().clone());
            Ok(())
        })?;
        let linear = record_maps(task, modes, grid, &maps)?;
        let mut run = Trajectory::new(linear.axis(), grid);
        for (name, values) in linear.columns().take(modes.len()) {
            run.push(name, values.to_vec())?;
        }
        run.push("loss", losses)?;
        Ok(run)
    }
}

fn even_grid(until: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| until * i as f64 / (n - 1) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::aligned::AlignedNetwork;

    fn agrees(course: &Course) -> Report {
        let report = course.run().unwrap();
        for a in &report.agreements {
            assert!(a.holds(), "{:?}: {a:?}", course.start);
            assert!(a.tolerance.is_some_and(|t| t < 0.2 * a.range.max(0.05)), "{a:?}");
        }
        report
    }

    #[test]
    fn every_start_learns_the_table_as_predicted() {
        let data = Dataset::rumelhart();
        for start in [Start::Aligned, Start::Balanced, Start::Random, Start::Lambda(0.5)] {
            let report = agrees(&Course { start, ..Course::new(data.clone()) });
            assert!(report.half_times[0].unwrap() < report.half_times[3].unwrap());
        }
        for layers in [1, 3] {
            for start in [Start::Aligned, Start::Balanced] {
                agrees(&Course { start, layers, scale: 0.3, ..Course::new(data.clone()) });
            }
        }
    }

    #[test]
    fn a_half_time_found_by_crossing_is_that_of_the_closed_form() {
        let course = Course::new(Dataset::rumelhart());
        let report = course.run().unwrap();
        let (task, modes) = (&report.task, &report.modes);
        let model = AlignedNetwork::uniform(task.clone(), &[8], course.scale, 0.1);
        for (found, exact) in
            crossing_times(&model, modes, 80.0).unwrap().into_iter().zip(&report.half_times)
        {
            let (found, exact) = (found.unwrap(), exact.unwrap());
            assert!((found / exact - 1.0).abs() < 1e-6, "{found} {exact}");
        }
    }

    #[test]
    fn the_map_at_the_end_is_the_best_one_where_modes_mix_too() {
        let inputs = ndarray::arr2(&[[1.0, 0.2], [0.3, -1.0], [-0.5, 0.4], [0.8, 0.9]]);
        let targets = ndarray::arr2(&[[1.0, 0.5], [-1.0, 0.2], [0.5, 0.0], [1.0, 1.0]]);
        let data = Dataset::new(inputs, targets).unwrap();
        for (start, layers) in [(Start::Aligned, 2), (Start::Random, 2), (Start::Aligned, 3)] {
            let course = Course { start, layers, scale: 0.3, ..Course::new(data.clone()) };
            let report = Course { until: Some(500.0), ..course }.run().unwrap();
            let gap = &report.final_map - report.task.optimal_map();
            assert!(gap.iter().all(|x| x.abs() < 1e-9), "{start:?}, {layers} layers: {gap}");
        }
    }

    #[test]
    fn a_nonlinear_network_is_compared_but_not_judged() {
        let course = Course { activation: Nonlinearity::Tanh, ..Course::new(Dataset::rumelhart()) };
        let report = course.run().unwrap();
        assert!(report.agreements.iter().all(|a| a.tolerance.is_none() && a.max_gap > 0.0));
        assert!(report.warnings.iter().any(|w| w.contains("tanh")));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_flag() {
        let course = Course::new(Dataset::rumelhart());
        let refused = |course: Course| course.run().unwrap_err().to_string();
        assert!(refused(Course { layers: 0, ..course.clone() }).contains("layers"));
        assert!(refused(Course { n_hidden: Some(0), ..course.clone() }).contains("hidden units"));
        assert!(refused(Course { scale: f64::NAN, ..course.clone() }).contains("scale"));
        let text = refused(Course { rate: Some(3.0), ..course.clone() });
        assert!(text.contains("learning rate") && text.contains("unstable from 1.165"), "{text}");
        assert!(refused(Course { rate: Some(1e-9), ..course.clone() }).contains("steps"));
        assert!(refused(Course { n_hidden: Some(1 << 40), ..course }).contains("weights"));
    }

    #[test]
    fn a_table_of_zeros_has_nothing_to_learn_and_says_so() {
        let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let data = Dataset::from_table(Array2::zeros((3, 4)), names(3), names(4)).unwrap();
        for start in [Start::Aligned, Start::Balanced, Start::Random] {
            let report = Course { start, ..Course::new(data.clone()) }.run().unwrap();
            assert!(report.warnings.iter().any(|w| w.contains("nothing to learn")));
            assert!(report.half_times.iter().all(Option::is_none));
        }
    }
}
