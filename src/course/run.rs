//! Prediction, simulation and agreement of a course.

use ndarray::Array2;

use super::preparation::Prepared;
use super::settings::Course;
use super::theory::map_at;
use crate::deep_linear::half_times::crossing_times;
use crate::deep_linear::recording::{record_maps, train};
use crate::math::parallel::join;
use crate::net::{LayeredNetwork, Network, Nonlinearity, gradient_descent_examples};
use crate::{Agreement, Correlations, Dataset, Modes, Result, Trajectory, compare};

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

impl Course {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Start;
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
