//! Predictions of an ensemble of wide networks trained on the user's data.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use ndarray::{Array1, Array2};
use solvable::net::architecture::parse::{LayerDefaults, parse};
use solvable::net::architecture::{Architecture, Padding};
use solvable::store::Input;
use solvable::store::read::arrays::read_rows;
use solvable::wide::ensemble::trained::TrainedEnsemble;
use solvable::wide::ensemble::training::{Dynamics, Training};
use solvable::wide::kernel::dense::{Kernels, diagonals, kernels_within};
use solvable::wide::kernel::memory_limit::require_memory;
use solvable::{Dataset, Error, Result};

use super::kernel::memory_limit;
use super::render::Style;
use super::wide_results::{Results, write};
use super::{Output, Status, interrupt, values};

const EXAMPLES: &str = "\
Examples:
  solvable wide --train X.npy y.npy --test Z.npy --times 1,10,100,inf
  solvable wide --train X.csv y.csv --test Z.csv --layers \"dense erf dense erf dense\" --ridge 0.01
  solvable wide --train X.npy y.npy --test Z.npy --which nngp --ridge 0.01 --times inf --json
  solvable wide --train X.npy y.npy --test Z.npy --test-targets w.npy --steps --times 0,100,10000";

const LAYERS: &str = "\
Layers:
  dense, dense(w=1.4, b=0.1)   weights; w and b are the standard deviations (see --weight-std)
  relu, erf, gelu, tanh, …     nonlinearity
  norm, norm(1e-3)             layer normalization
  [ dense relu dense ]         x + f(x) with the branch f in brackets
The words are the network as it is: end with dense for a readout.";

/// Predict what infinitely wide networks say after training on your data: mean and spread.
///
/// Networks differ in their random initial weights; mean and standard deviation are over all of them.
/// Files are CSV or NPY, rows are examples. The loss is half the mean square over examples and
/// outputs; time counts steps of the learning rate. Writes predictions.csv, mean.npy and std.npy of
/// shape (times, test points, outputs), and wide.{svg,pdf,png,csv}: bands for one-dimensional inputs,
/// learning curves for others.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, after_help = LAYERS)]
pub struct Args {
    /// Inputs and targets of the training examples.
    #[arg(long, value_names = ["X", "Y"], num_args = 2, required = true)]
    pub train: Vec<PathBuf>,
    /// Inputs to predict.
    #[arg(long, value_name = "FILE")]
    pub test: PathBuf,
    /// Targets of --test, to know the error.
    #[arg(long, value_name = "FILE")]
    pub test_targets: Option<PathBuf>,
    /// Times in steps; inf is the end of training.
    #[arg(long, value_name = "T1,T2,…", default_value = "1,10,100,1000,inf")]
    #[arg(value_parser = times, allow_hyphen_values = true)]
    pub times: values::Times,
    /// Layers of the network.
    #[arg(long, value_name = "WORDS", default_value = "dense relu dense")]
    pub layers: String,
    /// Standard deviation of weights, times 1/√(fan-in), of layers that do not say [default: √2].
    #[arg(long, value_name = "NUMBER", value_parser = values::not_negative)]
    #[arg(allow_negative_numbers = true)]
    pub weight_std: Option<f64>,
    /// Standard deviation of biases of layers that do not say.
    #[arg(long, value_name = "NUMBER", default_value = "0.1", value_parser = values::not_negative)]
    #[arg(allow_negative_numbers = true)]
    pub bias_std: f64,
    /// Which layers are trained: all of them, or the last.
    #[arg(long, value_enum, default_value = "ntk")]
    pub which: Which,
    /// Learning rate of a step [default: half of the largest that is stable].
    #[arg(long, value_name = "RATE", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Take real steps instead of gradient flow; times are whole numbers.
    #[arg(long)]
    pub steps: bool,
    /// Share of the last change that is repeated, below 1.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = values::not_negative)]
    #[arg(allow_negative_numbers = true)]
    pub momentum: f64,
    /// Weight decay towards the initial weights, added to the diagonal of the kernel; with --which
    /// nngp it is also the variance of the noise on targets, so that the end of training is the
    /// posterior of the Gaussian process.
    #[arg(long, value_name = "NUMBER", default_value = "0", value_parser = values::not_negative)]
    #[arg(allow_negative_numbers = true)]
    pub ridge: f64,
    /// Most memory to use, in GB [default: what the machine has available, or 4].
    #[arg(long, value_name = "GB", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    memory: Option<f64>,
    /// Directory for the results [default: out/wide-NAME].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also write into a directory that holds other files.
    #[arg(long)]
    pub force: bool,
    /// What the figure is drawn for.
    #[arg(long, value_enum, default_value = "paper")]
    pub style: Style,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Which layers are trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// All: the tangent kernel.
    Ntk,
    /// The last: the kernel of the Gaussian process.
    Nngp,
}

/// Times that increase, the last of which may be infinite.
fn times(text: &str) -> Result<values::Times, String> {
    let (finite, end) = match text.rsplit_once(',') {
        Some((finite, end)) => (Some(finite), end),
        None => (None, text),
    };
    if !matches!(end.trim(), "inf" | "infinity" | "∞") {
        return values::times(text)
            .map_err(|why| format!("{why}; inf, the end of training, may be the last"));
    }
    let mut times = finite.map_or(Ok(values::Times(Vec::new())), values::times)?;
    times.0.push(f64::INFINITY);
    Ok(times)
}

/// What was read.
pub struct Problem {
    /// Training examples.
    pub data: Dataset,
    /// Test inputs, m × d.
    pub test: Array2<f64>,
    /// Their targets, m × C.
    pub test_targets: Option<Array2<f64>>,
    /// The files.
    pub inputs: Vec<Input>,
    /// What to tell about them.
    pub warnings: Vec<String>,
    /// The network.
    pub architecture: Architecture,
}

/// Reads, predicts, draws.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let mut problem = read(&args)?;
    check_memory(&args, &problem)?;
    let (path, out) = super::wide_results::directory(&args)?;
    interrupt::ends_the_program()?;
    let results = predict(&args, &mut problem)?;
    let manifest = write(&args, &problem, &results, out)?;
    for warning in &manifest.warnings {
        output.warn(format_args!("warning: {warning}"));
    }
    if args.json {
        output.json(&results.document(&args, &manifest)?)?;
    } else {
        output.data(&results.text(&problem))?;
    }
    let files: Vec<_> = manifest.outputs.iter().map(|file| file.file.as_str()).collect();
    output.note(format_args!("{}: {}", path.display(), files.join(", ")));
    Ok(Status::Success)
}

fn read(args: &Args) -> Result<Problem> {
    let weight_std = args.weight_std.unwrap_or(std::f64::consts::SQRT_2);
    let defaults = LayerDefaults { weight_std, bias_std: args.bias_std, padding: Padding::Same };
    let architecture = parse(&args.layers, &defaults)?;
    if architecture.is_convolutional() {
        let problem = "--layers has layers for images, which solvable kernel --conv knows";
        return Err(Error::Usage(problem.into()));
    }
    let (data, mut warnings) = Dataset::read_pair(&args.train[0], &args.train[1])?;
    let (test, found) = read_rows(&args.test)?;
    warnings.extend(found);
    let mismatch = |file: &Path, problem: String, remedy: &str| Error::Data {
        place: file.display().to_string(),
        problem,
        remedy: remedy.into(),
    };
    let (d, found) = (data.inputs.ncols(), test.ncols());
    if d != found {
        let problem = format!(
            "its inputs have {found} dimensions, those of {} have {d}",
            args.train[0].display()
        );
        return Err(mismatch(
            &args.test,
            problem,
            "test and training inputs need the same columns",
        ));
    }
    let mut inputs = vec![Input::of(&args.train[0])?, Input::of(&args.train[1])?];
    inputs.push(Input::of(&args.test)?);
    let mut test_targets = None;
    if let Some(file) = &args.test_targets {
        let (targets, found) = read_rows(file)?;
        warnings.extend(found);
        let expected = (test.nrows(), data.targets.ncols());
        if targets.dim() != expected {
            let problem = format!("it has shape {:?}, not {expected:?}", targets.dim());
            return Err(mismatch(file, problem, "give one row for each test input"));
        }
        inputs.push(Input::of(file)?);
        test_targets = Some(targets);
    }
    Ok(Problem { data, test, test_targets, inputs, warnings, architecture })
}

/// Refuses what does not fit into memory, before anything is computed.
fn check_memory(args: &Args, problem: &Problem) -> Result<()> {
    let (n, m) = (problem.data.inputs.nrows() as f64, problem.test.nrows() as f64);
    let outputs = problem.data.targets.ncols() as f64;
    // Kernels, eigenvectors and their products; cross kernels; results and what is written of them.
    let cells = 8.0 * n * n + 6.0 * m * n + 8.0 * args.times.0.len() as f64 * m * outputs;
    let needed = 8.0 * cells;
    let remedy =
        "give fewer training examples, predict the test points in parts, or raise --memory";
    let name = "number of training examples x test points";
    require_memory(needed as u64, memory_limit(args.memory), name, || format!("{n} x {m}"), remedy)
}

fn predict(args: &Args, problem: &mut Problem) -> Result<Results> {
    let (x, z) = (problem.data.inputs.view(), problem.test.view());
    let architecture = &problem.architecture;
    let only_last = args.which == Which::Nngp;
    let select = |kernels: Kernels| match only_last {
        true => Kernels { ntk: kernels.nngp.clone(), ..kernels },
        false => kernels,
    };
    // The whole has been found to fit.
    let kernels = |a, b| kernels_within(architecture, a, b, u64::MAX);
    let train = select(kernels(x, None)?);
    let build = |rate: f64, dynamics: Dynamics| {
        let target_noise = if only_last { args.ridge } else { 0.0 };
        let plain = Training::flow(rate);
        let training = Training { dynamics, ridge: args.ridge, target_noise, ..plain };
        TrainedEnsemble::new(&train.nngp, &train.ntk, &problem.data.targets, training)
    };
    let dynamics = match (args.steps, args.momentum) {
        (false, 0.0) => Dynamics::Flow,
        (true, 0.0) => Dynamics::Steps,
        (false, momentum) => Dynamics::MomentumFlow { momentum },
        (true, momentum) => Dynamics::HeavyBall { momentum },
    };
    // A flow first, for which any rate will do: it knows the largest rate of steps.
    let flow = Dynamics::MomentumFlow { momentum: args.momentum };
    let found = build(args.rate.unwrap_or(1.0), flow).map_err(by_flag)?;
    let max_rate = found.max_learning_rate();
    let rate = args.rate.unwrap_or(0.5 * max_rate);
    let training = Training { rate, dynamics, ..*found.training() };
    let ensemble = found.retrained(training).map_err(by_flag)?;
    if let Some((i, j)) = ensemble.equal_inputs() {
        problem.warnings.push(format!(
            "training examples {} and {} are the same to the kernel: only the mean of their targets \
             is learned",
            i + 1,
            j + 1
        ));
    }
    let cross = select(kernels(z, Some(x))?);
    let prior = Array1::from(diagonals(architecture, z)?.0);
    let test = ensemble.test_points(&cross.nngp, &cross.ntk, &prior)?;
    Results::of(args, problem, &ensemble, &test, max_rate).map_err(by_flag)
}

/// The library's parameter names as the flags that set them.
fn by_flag(error: Error) -> Error {
    const FLAGS: [(&str, &str); 4] = [
        ("learning rate", "--rate"),
        ("momentum", "--momentum"),
        ("ridge", "--ridge"),
        ("time", "--times"),
    ];
    match error {
        Error::Parameter { name, value, allowed } => {
            let flag = FLAGS.iter().find(|(parameter, _)| *parameter == name);
            let name = flag.map_or(name, |(_, flag)| (*flag).to_owned());
            Error::Parameter { name, value, allowed }
        }
        Error::Assumption { theory, reason, remedy } => {
            let remedy = remedy.replace("add a ridge, such as", "add --ridge, such as");
            Error::Assumption { theory, reason, remedy }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_time_may_be_infinite() {
        let inf = f64::INFINITY;
        assert_eq!(times("1,10,inf").unwrap().0, [1.0, 10.0, inf]);
        assert_eq!(times(" inf").unwrap().0, [inf]);
        assert_eq!(times("0,5").unwrap().0, [0.0, 5.0]);
        for bad in ["inf,1", "inf,inf", "-1,inf", "nan", "", "2,1,inf", ",inf"] {
            assert!(times(bad).is_err(), "{bad}");
        }
    }
}
