//! The learning curve of kernel regression on the user's own data.

use std::path::PathBuf;

use clap::ValueEnum;
use ndarray::{Array2, Axis};
use serde_json::{Value, json};
use solvable::generalization::Kernel;
use solvable::generalization::kernel::from_data::{
    MeasuredPoint, PredictedPoint, measured_learning_curve, predicted_learning_curve,
};
use solvable::store::Input;
use solvable::{Dataset, Error, Result};

use super::super::{names, report, values};
use super::parameters::Parameters;

/// Sizes of training sets along the curve.
const SIZES: usize = 9;

/// Options for the user's own data.
#[derive(Debug, clap::Args)]
pub struct FromData {
    /// Inputs and targets (CSV or NPY, rows are examples): the learning curve of kernel ridge
    /// regression on them, predicted from their Gram matrix and cross-validated.
    #[arg(long, value_names = ["X", "Y"], num_args = 2)]
    #[arg(conflicts_with_all = ["model", "over", "simulate", "list"])]
    pub from: Option<Vec<PathBuf>>,
    /// Kernel of --from; --depth counts the hidden layers of the last two.
    #[arg(long, value_enum, default_value = "gaussian", requires = "from")]
    kernel: KernelName,
    /// Width of the Gaussian or exponential kernel [default: root mean square distance of inputs].
    #[arg(long, value_name = "NUMBER", value_parser = values::positive, requires = "from")]
    #[arg(allow_negative_numbers = true)]
    width: Option<f64>,
    /// Random splits into training and test examples.
    #[arg(long, value_name = "N", default_value = "20", value_parser = values::count)]
    #[arg(allow_negative_numbers = true, requires = "from")]
    splits: usize,
}

/// Kernels to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KernelName {
    /// x·x′.
    Linear,
    /// exp(−‖x − x′‖²/2w²).
    Gaussian,
    /// exp(−‖x − x′‖/w).
    Exponential,
    /// Covariance of a wide random ReLU network.
    Network,
    /// Tangent kernel of a wide ReLU network.
    Tangent,
}

/// The curve of the user's data.
pub struct Curve {
    /// A name for the data.
    pub name: String,
    /// The files read.
    pub inputs: Vec<Input>,
    /// What readers should know.
    pub warnings: Vec<String>,
    /// Every setting with its value.
    pub settings: serde_json::Map<String, Value>,
    /// Power of the centered targets, summed over outputs: the error of knowing nothing.
    pub variance: f64,
    /// Theory, one point for each size.
    pub predicted: Vec<PredictedPoint>,
    /// Cross validation at the same sizes.
    pub measured: Vec<MeasuredPoint>,
}

impl FromData {
    /// Reads, predicts and measures. Targets are centered: the mean is not learned.
    pub fn run(&self, files: &[PathBuf], parameters: &Parameters, seed: u64) -> Result<Curve> {
        let (x, y) = (&files[0], &files[1]);
        if let Some((name, _)) =
            parameters.values().find(|(name, _)| !["ridge", "depth"].contains(name))
        {
            return Err(Error::Usage(format!(
                "--from does not take --{name}, only --ridge, --depth"
            )));
        }
        let (data, warnings) = Dataset::read_pair(x, y)?;
        let mut targets = data.targets;
        let mean = targets.mean_axis(Axis(0)).unwrap_or_default();
        targets -= &mean;
        let m = targets.nrows();
        let variance = targets.iter().map(|t| t * t).sum::<f64>() / m.max(1) as f64;
        let kernel = self.kernel(&data.inputs, parameters)?;
        let ridge = parameters.get("ridge").unwrap_or(1e-3);
        let sizes = sizes(m);
        let (predicted, measured) = rayon::join(
            || predicted_learning_curve(&data.inputs, &targets, kernel, &sizes, ridge),
            || {
                let splits = self.splits;
                measured_learning_curve(&data.inputs, &targets, kernel, &sizes, ridge, splits, seed)
            },
        );
        let settings = serde_json::Map::from_iter([
            ("kernel".into(), json!(format!("{kernel:?}"))),
            ("ridge".into(), json!(ridge)),
            ("splits".into(), json!(self.splits)),
            ("examples".into(), json!(m)),
        ]);
        Ok(Curve {
            name: names::stem(x),
            inputs: vec![Input::of(x)?, Input::of(y)?],
            warnings,
            settings,
            variance,
            predicted: predicted?,
            measured: measured?,
        })
    }

    fn kernel(&self, x: &Array2<f64>, parameters: &Parameters) -> Result<Kernel> {
        let has_width = matches!(self.kernel, KernelName::Gaussian | KernelName::Exponential);
        if self.width.is_some() && !has_width {
            return Err(Error::Usage("--width goes with --kernel gaussian or exponential".into()));
        }
        let depth = match parameters.get("depth") {
            None => 1,
            Some(depth) if depth >= 1.0 && depth.fract() == 0.0 && depth <= 100.0 => depth as usize,
            Some(depth) => {
                let allowed = "it must be a whole number from 1 to 100";
                return Err(Error::parameter("--depth", report::exact(depth), allowed));
            }
        };
        let width = self.width.unwrap_or_else(|| root_mean_square_distance(x));
        Ok(match self.kernel {
            KernelName::Linear => Kernel::Linear,
            KernelName::Gaussian => Kernel::Gaussian { width },
            KernelName::Exponential => Kernel::Exponential { width },
            KernelName::Network => Kernel::Network { depth },
            KernelName::Tangent => Kernel::Tangent { depth },
        })
    }
}

/// Training sets from a fiftieth of the examples, or five, to four fifths, evenly by their logarithm.
fn sizes(m: usize) -> Vec<usize> {
    let (low, high) = ((m as f64 / 50.0).max(5.0), (0.8 * m as f64).max(5.0));
    let size = |i: usize| (low * (high / low).powf(i as f64 / (SIZES - 1) as f64)).round() as usize;
    let mut sizes: Vec<usize> = (0..SIZES).map(size).collect();
    sizes.dedup();
    sizes
}

/// Root mean square distance between two inputs; 1 where all are the same.
fn root_mean_square_distance(x: &Array2<f64>) -> f64 {
    let variance = x.var_axis(Axis(0), 0.0).sum();
    let distance = (2.0 * variance).sqrt();
    if distance.is_finite() && distance > 0.0 { distance } else { 1.0 }
}

impl Curve {
    /// A table for people.
    pub fn text(&self) -> String {
        let rows = self.predicted.iter().zip(&self.measured).map(|(theory, found)| {
            let cell = |e: &solvable::generalization::kernel::from_data::Estimate| {
                format!("{} ± {}", report::number(e.mean), report::number(e.standard_error))
            };
            vec![
                theory.samples.to_string(),
                report::number(theory.test_error),
                cell(&found.test_error),
                report::number(theory.training_error),
                cell(&found.training_error),
            ]
        });
        let headings =
            ["examples", "test error", "cross-validated", "training error", "cross-validated"];
        format!(
            "kernel regression on {}; knowing only the mean would leave {}; no bound is known for \
             given data, so theory is not judged\n\n{}",
            self.name,
            report::number(self.variance),
            report::columns(&headings, rows)
        )
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        let theory = |pick: fn(&PredictedPoint) -> f64| {
            json!(self.predicted.iter().map(pick).collect::<Vec<f64>>())
        };
        let found = |pick: fn(&MeasuredPoint) -> f64| {
            json!(self.measured.iter().map(pick).collect::<Vec<f64>>())
        };
        json!({
            "schema": "solvable/curve/1",
            "model": "data",
            "over": "samples",
            "grid": self.predicted.iter().map(|p| p.samples).collect::<Vec<_>>(),
            "variance": self.variance,
            "theory": {
                "test error": theory(|p| p.test_error),
                "training error": theory(|p| p.training_error),
            },
            "breaks": [],
            "simulation": {
                "mean": {
                    "test error": found(|p| p.test_error.mean),
                    "training error": found(|p| p.training_error.mean),
                },
                "standard_error": {
                    "test error": found(|p| p.test_error.standard_error),
                    "training error": found(|p| p.training_error.standard_error),
                },
            },
            "agreement": null,
        })
    }
}
