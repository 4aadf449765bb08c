//! What `wide` found, as files, as text, and as JSON.

use ndarray::{Array2, Array3};
use ndarray_npy::WriteNpyExt;
use serde_json::{Map, Value, json};
use solvable::figures::own::wide::{Bands, Curves, bands, learning_curves};
use solvable::plot::Sheet;
use solvable::wide::TrainedEnsemble;
use solvable::wide::ensemble::test_points::TestPoints;
use solvable::wide::ensemble::training::Dynamics;
use solvable::{Error, Result};

use super::super::deliver::Outcome;
use super::super::report;
use super::args::{Args, Which};
use super::problem::Problem;

/// Points of the curves in the figure.
const CURVE: usize = 120;

/// Predictions at the times asked for.
pub struct Results {
    times: Vec<f64>,
    rate: f64,
    max_rate: f64,
    eigenvalues: (f64, f64),
    /// Times × test points × outputs.
    means: Array3<f64>,
    /// Times × test points.
    deviations: Array2<f64>,
    training_losses: Vec<f64>,
    test_losses: Option<Vec<f64>>,
    sheet: Sheet,
}

impl Results {
    /// Evaluates an ensemble at the times asked for.
    pub fn of(
        args: &Args,
        problem: &Problem,
        ensemble: &TrainedEnsemble,
        test: &TestPoints<'_>,
        max_rate: f64,
    ) -> Result<Self> {
        let times = args.times.0.clone();
        let found = test.means(&times)?;
        let (m, outputs) = (problem.test.nrows(), problem.data.targets.ncols());
        let means = Array3::from_shape_fn((times.len(), m, outputs), |(t, i, c)| found[t][[i, c]]);
        let deviations = test.variances(&times)?.mapv_into(f64::sqrt);
        let losses = |times: &[f64]| {
            problem.test_targets.as_ref().map(|y| test.expected_losses(times, y)).transpose()
        };
        let w = ensemble.eigenvalues();
        let sheet = if problem.test.ncols() == 1 {
            let bands_at = Bands {
                times: &times,
                points: &problem.test.column(0).to_vec(),
                means: &found,
                deviations: &deviations,
                inputs: &problem.data.inputs.column(0).to_vec(),
                targets: &problem.data.targets.column(0).to_vec(),
            };
            bands(&bands_at)
        } else {
            let grid = grid(&times, ensemble.training().dynamics);
            let spread = |times: &[f64]| -> Result<Vec<f64>> {
                let variances = test.variances(times)?;
                Ok(variances
                    .rows()
                    .into_iter()
                    .map(|row| row.mean().unwrap_or(0.0).sqrt())
                    .collect())
            };
            learning_curves(&Curves {
                times: &grid,
                training: ensemble.expected_training_losses(&grid)?,
                test: losses(&grid)?,
                spread: spread(&grid)?,
            })
        };
        Ok(Self {
            rate: ensemble.training().rate,
            max_rate,
            eigenvalues: (w[w.len() - 1], w[0]),
            means,
            deviations,
            training_losses: ensemble.expected_training_losses(&times)?,
            test_losses: losses(&times)?,
            times,
            sheet,
        })
    }

    /// Everything there is to write and to print.
    pub fn outcome(self, args: &Args, problem: Problem) -> Result<Outcome> {
        let spread = |(t, i, _)| self.deviations[[t, i]];
        let deviations = Array3::from_shape_fn(self.means.raw_dim(), spread);
        let files = vec![
            ("predictions.csv", self.csv().into_bytes()),
            ("mean.npy", npy(&self.means)?),
            ("std.npy", npy(&deviations)?),
        ];
        // Nothing here is random, so that there is no seed.
        Ok(Outcome {
            files,
            settings: self.settings(args, &problem),
            document: self.document(args),
            text: self.text(&problem),
            sheets: vec![("wide", self.sheet)],
            inputs: problem.inputs,
            warnings: problem.warnings,
            ..Outcome::default()
        })
    }

    /// Every setting with the value it had, defaults included.
    fn settings(&self, args: &Args, problem: &Problem) -> Map<String, Value> {
        Map::from_iter([
            ("layers".into(), json!(args.layers)),
            ("weight_std".into(), json!(args.weight_std.unwrap_or(std::f64::consts::SQRT_2))),
            ("bias_std".into(), json!(args.bias_std)),
            ("which".into(), json!(which(args))),
            ("rate".into(), json!(self.rate)),
            ("steps".into(), json!(args.steps)),
            ("momentum".into(), json!(args.momentum)),
            ("ridge".into(), json!(args.ridge)),
            ("times".into(), json!(self.times.iter().map(|t| time_json(*t)).collect::<Vec<_>>())),
            ("examples".into(), json!(problem.data.inputs.nrows())),
            ("test_points".into(), json!(problem.test.nrows())),
            ("outputs".into(), json!(self.means.dim().2)),
        ])
    }

    /// A table for people.
    fn text(&self, problem: &Problem) -> String {
        let (n, d) = problem.data.inputs.dim();
        let mut text = format!(
            "{n} examples of {d} dimensions, {} test points; learning rate {} (steps are stable below \
             {}); eigenvalues of the kernel {} to {}\n\n",
            problem.test.nrows(),
            report::number(self.rate),
            report::number(self.max_rate),
            report::number(self.eigenvalues.0),
            report::number(self.eigenvalues.1),
        );
        let mut headings = vec!["time", "training loss", "mean std of predictions"];
        headings.extend(self.test_losses.as_ref().map(|_| "test loss"));
        let rows = self.times.iter().enumerate().map(|(k, time)| {
            let deviation = self.deviations.row(k).mean().unwrap_or(0.0);
            let mut row = vec![shown(*time)];
            row.extend([self.training_losses[k], deviation].map(report::number));
            row.extend(self.test_losses.as_ref().map(|losses| report::number(losses[k])));
            row
        });
        text += &report::columns(&headings, rows);
        text + "losses are half mean squares, averaged over networks\n"
    }

    /// The same for programs.
    fn document(&self, args: &Args) -> Value {
        let nested = |t: usize| -> Vec<Vec<f64>> {
            let at = self.means.index_axis(ndarray::Axis(0), t);
            at.rows().into_iter().map(|row| row.to_vec()).collect()
        };
        let times: Vec<Value> = self.times.iter().map(|t| time_json(*t)).collect();
        json!({
            "schema": "solvable/wide/1",
            "kernel": which(args),
            "layers": args.layers,
            "rate": self.rate,
            "max_rate": self.max_rate,
            "eigenvalues": [self.eigenvalues.0, self.eigenvalues.1],
            "times": times,
            "mean": (0..self.times.len()).map(nested).collect::<Vec<_>>(),
            "std": self.deviations.rows().into_iter().map(|r| r.to_vec()).collect::<Vec<_>>(),
            "training_loss": self.training_losses,
            "test_loss": self.test_losses,
        })
    }

    /// One row for each time, test point and output.
    fn csv(&self) -> String {
        let mut text = String::from("time,point,output,mean,std\n");
        for ((t, i, c), mean) in self.means.indexed_iter() {
            let (time, deviation) = (shown(self.times[t]), self.deviations[[t, i]]);
            text += &format!("{time},{},{},{mean},{deviation}\n", i + 1, c + 1);
        }
        text
    }
}

fn npy(array: &Array3<f64>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).map_err(|error| Error::Output {
        path: "NPY file".into(),
        problem: format!("the array cannot be written ({error})"),
        remedy: "report this as a mistake of the program".into(),
    })?;
    Ok(bytes)
}

fn which(args: &Args) -> &'static str {
    match args.which {
        Which::Ntk => "ntk",
        Which::Nngp => "nngp",
    }
}

fn shown(time: f64) -> String {
    if time == f64::INFINITY { "inf".into() } else { report::exact(time) }
}

/// JSON has no infinity.
fn time_json(time: f64) -> Value {
    if time == f64::INFINITY { json!("inf") } else { json!(time) }
}

/// Times of the curves: from a tenth of the first positive one to the last finite one.
fn grid(times: &[f64], dynamics: Dynamics) -> Vec<f64> {
    let in_steps = matches!(dynamics, Dynamics::Steps | Dynamics::HeavyBall { .. });
    let finite: Vec<f64> = times.iter().copied().filter(|t| *t > 0.0 && t.is_finite()).collect();
    let (first, last) = match (finite.first(), finite.last()) {
        (Some(first), Some(last)) => (0.1 * first, *last),
        _ => (0.1, 1e4),
    };
    let first = if in_steps { first.max(1.0) } else { first };
    let point = |k: usize| first * (last / first).powf(k as f64 / (CURVE - 1) as f64);
    let mut grid: Vec<f64> = (0..CURVE).map(point).collect();
    if in_steps {
        grid.iter_mut().for_each(|t| *t = t.round());
    }
    grid.dedup();
    grid
}
