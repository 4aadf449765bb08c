//! One output for one example, through a course, at any times.

use ndarray::Array1;

use super::preparation::Prepared;
use super::settings::Course;
use crate::agreement::Tolerance;
use crate::deep_linear::exact_network::ExactNetwork;
use crate::math::parallel::join;
use crate::net::{LayeredNetwork, LinearNetwork, Network as _, Nonlinearity};
use crate::net::{gradient_descent, gradient_descent_examples};
use crate::{Error, Modes, Result, Trajectory};

/// Most numbers of maps that are held at a time: 160 MB.
const MOST_NUMBERS: usize = 20_000_000;
/// Part of an output's size that adaptive integration and rounding may leave.
const NUMERICAL_FLOOR: f64 = 1e-9;

/// One output of a network for one example, through its course: theory and training.
pub struct Follower<'a> {
    course: &'a Course,
    prepared: Prepared,
    input: Array1<f64>,
    output: usize,
}

impl Course {
    /// Follows output `output` for example `example`, both counted from 0.
    ///
    /// # Errors
    /// As [`run`](Self::run), or no such example or output.
    pub fn follow(&self, example: usize, output: usize) -> Result<Follower<'_>> {
        let (n, n_out) = (self.data.n_samples(), self.data.targets.ncols());
        for (name, index, n) in [("example", example, n), ("output", output, n_out)] {
            if index >= n {
                return Err(Error::parameter(name, index, format!("it counts from 0, below {n}")));
            }
        }
        let input = self.data.inputs.row(example).to_owned();
        Ok(Follower { course: self, prepared: self.prepare()?, input, output })
    }
}

impl Follower<'_> {
    /// Singular modes of the task.
    pub fn modes(&self) -> &Modes {
        &self.prepared.modes
    }

    /// The times that the course records.
    pub fn grid(&self) -> &[f64] {
        &self.prepared.grid
    }

    /// Time by which most is learned, or the last one recorded if that is later.
    pub fn horizon(&self) -> f64 {
        self.prepared.horizon
    }

    /// What the least-squares map gives.
    pub fn best(&self) -> f64 {
        self.prepared.task.optimal_map().row(self.output).dot(&self.input)
    }

    /// Predicted strengths of the modes and the loss, at increasing times.
    ///
    /// # Errors
    /// As the prediction of the network.
    pub fn strengths(&self, times: &[f64]) -> Result<Trajectory> {
        let network = self.prepared.setting.network.clone();
        network.with_rate(self.prepared.rate).model().predict(times)
    }

    /// Predicted output at increasing times.
    ///
    /// # Errors
    /// As the prediction of the network.
    pub fn totals(&self, times: &[f64]) -> Result<Vec<f64>> {
        let Prepared { task, modes, setting, .. } = &self.prepared;
        if let ExactNetwork::Aligned(network) = &setting.network {
            // Nothing but the modes.
            let mut totals = vec![0.0; times.len()];
            for (k, u) in network.strengths(modes, times)?.iter().enumerate() {
                let weight = modes.u[[self.output, k]] * modes.v.column(k).dot(&self.input);
                totals.iter_mut().zip(u).for_each(|(total, u)| *total += weight * u);
            }
            return Ok(totals);
        }
        let together = (MOST_NUMBERS / (task.n_in() * task.n_out())).max(1);
        let mut totals = Vec::with_capacity(times.len());
        for times in times.chunks(together) {
            let maps = match &setting.network {
                ExactNetwork::TwoLayer(network) => network.maps_at(times)?,
                ExactNetwork::Balanced(network) => network.maps_at(times)?,
                ExactNetwork::Aligned(_) => Vec::new(),
            };
            totals.extend(maps.iter().map(|map| map.row(self.output).dot(&self.input)));
        }
        Ok(totals)
    }

    /// What training gives at the times of the course; and how far it may be from theory, if that is
    /// known: twice the first-order error of the step size, measured by halving
    /// the step. A theory that takes random weights for balanced may be off by that much more.
    ///
    /// # Errors
    /// Training that diverges.
    pub fn simulated(&self) -> Result<(Vec<f64>, Option<Tolerance>)> {
        let rate = self.prepared.rate;
        if !(self.prepared.setting.bounded && self.course.activation == Nonlinearity::Linear) {
            return Ok((self.trained(rate)?, None));
        }
        let (whole, half) = join(|| self.trained(rate), || self.trained(0.5 * rate));
        let (whole, half) = (whole?, half?);
        let largest =
            |values: &mut dyn Iterator<Item = f64>| values.fold(0.0f64, |m, x| m.max(x.abs()));
        let step = largest(&mut whole.iter().zip(&half).map(|(a, b)| a - b));
        let mut gap = 4.0 * step
            + NUMERICAL_FLOOR * largest(&mut whole.iter().copied()).max(self.best().abs());
        let mut reason =
            "twice the first-order error of the step size, measured by halving the step";
        if let ExactNetwork::TwoLayer(network) = &self.prepared.setting.network
            && let Some((_, neglected)) = network.closed_form()?
            && neglected > 0.0
        {
            gap += neglected * self.input.dot(&self.input).sqrt();
            reason = "the imbalance of the random weights, plus twice the step size's error";
        }
        Ok((whole, Some(Tolerance { gaps: vec![gap], finite_size: None, reason })))
    }

    fn trained(&self, rate: f64) -> Result<Vec<f64>> {
        let Prepared { task, setting, grid, .. } = &self.prepared;
        let weights = setting.weights.clone();
        let mut values = Vec::with_capacity(grid.len());
        if self.course.activation == Nonlinearity::Linear {
            gradient_descent(LinearNetwork::new(weights)?, task, rate, grid, |_, net| {
                let hidden = net.weights().iter().fold(self.input.clone(), |x, w| w.dot(&x));
                values.push(hidden[self.output]);
                Ok(())
            })?;
            return Ok(values);
        }
        let net = LayeredNetwork::dense(weights, self.course.activation)?;
        let input = self.input.view().insert_axis(ndarray::Axis(0));
        gradient_descent_examples(net, &self.course.data, rate, grid, |_, net| {
            values.push(net.forward(input)[[0, self.output]]);
            Ok(())
        })?;
        Ok(values)
    }
}
