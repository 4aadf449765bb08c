//! What `wide` found, as files, as text, and as JSON.

use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3};
use ndarray_npy::WriteNpyExt;
use serde_json::{Map, Value, json};
use solvable::figures::own::wide::{Bands, Curves, bands, learning_curves};
use solvable::plot::Sheet;
use solvable::store::{Manifest, OutDir};
use solvable::wide::ensemble::test_points::TestPoints;
use solvable::wide::ensemble::trained::TrainedEnsemble;
use solvable::wide::ensemble::training::Dynamics;
use solvable::{Error, Result};

use super::render::{Style, render};
use super::wide::{Args, Problem, Which};
use super::{interrupt, report};

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

    /// A table for people.
    pub fn text(&self, problem: &Problem) -> String {
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
    pub fn document(&self, args: &Args, manifest: &Manifest) -> Result<Value> {
        let nested = |t: usize| -> Vec<Vec<f64>> {
            let at = self.means.index_axis(ndarray::Axis(0), t);
            at.rows().into_iter().map(|row| row.to_vec()).collect()
        };
        let times: Vec<Value> = self.times.iter().map(|t| time_json(*t)).collect();
        Ok(json!({
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
            "manifest": manifest.to_json()?,
        }))
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

/// Where the results go.
pub fn directory(args: &Args) -> Result<(PathBuf, OutDir)> {
    let stem = args.train[0].file_stem().map(|s| s.to_string_lossy().into_owned());
    let name = stem.unwrap_or_else(|| "data".into());
    let path = args.out.clone().unwrap_or_else(|| Path::new("out").join(format!("wide-{name}")));
    let out = OutDir::create(&path, args.force)?;
    Ok((path, out))
}

/// Writes all files.
pub fn write(
    args: &Args,
    problem: &Problem,
    results: &Results,
    mut out: OutDir,
) -> Result<Manifest> {
    let drawn = render(&results.sheet, args.style)?;
    let outputs = results.means.dim().2;
    let deviations =
        Array3::from_shape_fn(results.means.raw_dim(), |(t, i, _)| results.deviations[[t, i]]);
    let arrays = [("mean.npy", npy(&results.means)?), ("std.npy", npy(&deviations)?)];
    let _all_of_them = interrupt::hold();
    out.write("predictions.csv", results.csv().as_bytes())?;
    for (name, bytes) in arrays {
        out.write(name, &bytes)?;
    }
    for (extension, bytes) in drawn {
        out.write(&format!("wide.{extension}"), &bytes)?;
    }
    // Nothing here is random.
    let mut manifest = Manifest::new(0);
    manifest.command = command(args);
    manifest.settings = Map::from_iter([
        ("layers".into(), json!(args.layers)),
        ("weight_std".into(), json!(args.weight_std.unwrap_or(std::f64::consts::SQRT_2))),
        ("bias_std".into(), json!(args.bias_std)),
        ("which".into(), json!(which(args))),
        ("rate".into(), json!(results.rate)),
        ("steps".into(), json!(args.steps)),
        ("momentum".into(), json!(args.momentum)),
        ("ridge".into(), json!(args.ridge)),
        ("times".into(), json!(results.times.iter().map(|t| time_json(*t)).collect::<Vec<_>>())),
        ("examples".into(), json!(problem.data.inputs.nrows())),
        ("test_points".into(), json!(problem.test.nrows())),
        ("outputs".into(), json!(outputs)),
        ("style".into(), json!(args.style.name())),
    ]);
    manifest.inputs.clone_from(&problem.inputs);
    manifest.warnings.clone_from(&problem.warnings);
    out.finish(manifest)
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

/// Arguments that give the same results again: what was typed and is not so by default.
fn command(args: &Args) -> Vec<String> {
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    let mut command = vec!["wide".to_owned(), "--train".to_owned()];
    command.extend(args.train.iter().map(path));
    let times: Vec<String> = args.times.0.iter().map(|t| shown(*t)).collect();
    let times = times.join(",");
    let style = (args.style != Style::Paper).then(|| args.style.name().to_owned());
    let flags = [
        ("--test", Some(path(&args.test))),
        ("--test-targets", args.test_targets.as_ref().map(path)),
        ("--times", Some(times)),
        ("--layers", (args.layers != "dense relu dense").then(|| args.layers.clone())),
        ("--weight-std", args.weight_std.map(report::exact)),
        ("--bias-std", (args.bias_std != 0.1).then(|| report::exact(args.bias_std))),
        ("--which", (args.which != Which::Ntk).then(|| which(args).to_owned())),
        ("--rate", args.rate.map(report::exact)),
        ("--momentum", (args.momentum != 0.0).then(|| report::exact(args.momentum))),
        ("--ridge", (args.ridge != 0.0).then(|| report::exact(args.ridge))),
        ("--style", style),
    ];
    for (flag, value) in flags {
        command.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    if args.steps {
        command.push("--steps".to_owned());
    }
    command
}
