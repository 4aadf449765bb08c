//! Named observables along one axis: the common currency of the crate.

use crate::math::statistics::mean_and_error;
use crate::{Error, Result};

/// What the grid of a [`Trajectory`] counts. Label and unit live here, so plots label themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Axis {
    /// Gradient-flow time in units of the time constant τ.
    Time,
    /// Steps of gradient descent.
    Steps,
    /// Number of weight layers.
    Depth,
    /// Training examples per input dimension, α = P/N.
    Load,
    /// Number of training examples P.
    Samples,
    /// Parameters per training example.
    ParametersPerExample,
    /// Features per input dimension.
    FeaturesPerInput,
    /// Examples seen so far per input dimension, t = steps/N, of a student that learns online.
    Online,
    /// Units per hidden layer.
    Width,
    /// Any other parameter of a learning curve.
    Parameter,
}

impl Axis {
    /// Axis label with its unit.
    pub fn label(self) -> &'static str {
        match self {
            Self::Time => "time (τ)",
            Self::Steps => "gradient descent steps",
            Self::Depth => "depth (weight layers)",
            Self::Load => "training examples per input dimension α",
            Self::Samples => "training examples P",
            Self::ParametersPerExample => "parameters per training example",
            Self::FeaturesPerInput => "features per input dimension",
            Self::Online => "time (examples per input dimension)",
            Self::Width => "units per hidden layer",
            Self::Parameter => "parameter",
        }
    }
}

/// Named observables along one axis, all finite, one value per grid point.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    axis: Axis,
    grid: Vec<f64>,
    columns: Vec<(String, Vec<f64>)>,
}

impl Trajectory {
    /// An empty trajectory on `grid`.
    pub fn new(axis: Axis, grid: &[f64]) -> Self {
        Self { axis, grid: grid.to_vec(), columns: Vec::new() }
    }

    /// Adds an observable.
    ///
    /// # Errors
    /// The length differs from the grid's, a value is not finite, or the name is taken.
    pub fn push(&mut self, name: impl Into<String>, values: Vec<f64>) -> Result<()> {
        let name = name.into();
        if values.len() != self.grid.len() {
            let expected = format!("one value per grid point ({})", self.grid.len());
            return Err(Error::shape(name, [values.len()], expected));
        }
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            let place = format!("{} = {}", self.axis.label(), self.grid[i]);
            return Err(Error::NonFinite { what: name, place, value: values[i] });
        }
        if self.get(&name).is_some() {
            return Err(Error::parameter("observable", name, "each name can be used once"));
        }
        self.columns.push((name, values));
        Ok(())
    }

    /// What the grid counts.
    pub fn axis(&self) -> Axis {
        self.axis
    }

    /// The grid points.
    pub fn grid(&self) -> &[f64] {
        &self.grid
    }

    /// One observable by name.
    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice())
    }

    /// All observables in the order they were added.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &[f64])> {
        self.columns.iter().map(|(n, v)| (n.as_str(), v.as_slice()))
    }
}

/// Mean over runs of one observable and its standard error, point by point; empty if no run has it.
pub fn mean_over_runs(runs: &[Trajectory], name: &str) -> (Vec<f64>, Vec<f64>) {
    let columns: Vec<&[f64]> = runs.iter().filter_map(|run| run.get(name)).collect();
    let points = columns.first().map_or(0, |column| column.len());
    (0..points).map(|i| mean_and_error(columns.iter().map(|column| column[i]))).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trajectory_refuses_what_would_spoil_a_figure() {
        let mut run = Trajectory::new(Axis::Time, &[0.0, 1.0]);
        assert!(run.push("loss", vec![1.0, 0.5]).is_ok());
        assert!(matches!(run.push("mode 1", vec![1.0]), Err(Error::Shape { .. })));
        assert!(matches!(run.push("mode 1", vec![1.0, f64::NAN]), Err(Error::NonFinite { .. })));
        assert!(matches!(run.push("loss", vec![1.0, 0.5]), Err(Error::Parameter { .. })));
        assert_eq!(run.get("loss"), Some(&[1.0, 0.5][..]));
        assert_eq!(run.get("mode 1"), None);
    }
}
