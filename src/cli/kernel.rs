//! The kernel of a wide network between the user's examples.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use ndarray::Array2;
use serde_json::json;
use solvable::math::linalg::eigh;
use solvable::net::architecture::parse::{LayerDefaults, parse};
use solvable::net::architecture::{Architecture, Padding, Parameterization};
use solvable::store::read::arrays::{npy_bytes, read_images, read_rows};
use solvable::store::{Input, write_atomic};
use solvable::wide::kernel::conv;
use solvable::wide::kernel::dense::{self, Kernels};
use solvable::{Error, Result};

use super::deliver::print;
use super::memory::Memory;
use super::output::Output;
use super::status::Status;
use super::{interrupt, report, values};

const EXAMPLES: &str = "\
Examples:
  solvable kernel --layers \"dense relu dense\" --in X.npy --out K.npy
  solvable kernel --conv \"3x3 relu 3x3 relu gap dense\" --in images.npy --out K.npy
  solvable kernel --layers \"dense erf dense\" --in X.csv --other Z.csv --which nngp --out K.npy";

const WORDS: &str = "\
Layers:
  dense, dense(w=1.4, b=0.1)       weights; w and b are the standard deviations (see --weight-std)
  3x3, 5x3/2:valid(w=1.4, b=0.1)   convolution: height x width, / stride, : padding
  pool2, pool2x3/1:same            average pooling; by default the stride is the window
  flatten, gap                     all places in one vector; their mean
  relu, erf, gelu, tanh, …         nonlinearity
  norm, norm(1e-3)                 layer normalization over channels
  [ relu 3x3 ]                     x + f(x) with the branch f in brackets
The words are the network as it is: end with dense for a readout.";

/// Kernels with more examples are not diagonalized for the summary.
const LARGEST_SPECTRUM: usize = 1000;

/// How alike are my examples to a wide network?
///
/// Computes the kernel of the network: its tangent kernel or its Gaussian process. Examples are
/// rows of a CSV or NPY file, or images of shape (n, height, width, channels) in an NPY file.
/// Writes an NPY matrix, n × n or with --other n × m, and prints what is in it.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, after_help = WORDS)]
pub struct Args {
    /// Layers of a fully connected network, for examples as rows.
    #[arg(long, value_name = "WORDS", required_unless_present = "conv", conflicts_with = "conv")]
    layers: Option<String>,
    /// Layers of a network on images.
    #[arg(long, value_name = "WORDS")]
    conv: Option<String>,
    /// The examples.
    #[arg(long = "in", value_name = "FILE")]
    examples: PathBuf,
    /// Other examples, the columns of the kernel [default: the same].
    #[arg(long, value_name = "FILE")]
    other: Option<PathBuf>,
    /// The kernel, as an NPY file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Tangent kernel (training of all layers) or covariance of the Gaussian process (of the last).
    #[arg(long, value_enum, default_value = "ntk")]
    which: Which,
    /// Standard deviation of weights, times 1/√(fan-in), of layers that do not say [default: √2].
    #[arg(long, value_name = "NUMBER", value_parser = values::not_negative)]
    #[arg(allow_negative_numbers = true)]
    weight_std: Option<f64>,
    /// Standard deviation of biases of layers that do not say.
    #[arg(long, value_name = "NUMBER", default_value = "0", value_parser = values::not_negative)]
    #[arg(allow_negative_numbers = true)]
    bias_std: f64,
    /// What surrounds an image, for convolutions that do not say [default: same].
    #[arg(long, value_enum, requires = "conv")]
    padding: Option<Edges>,
    /// Standard parameterization with so many units or channels in every hidden layer [default: NTK
    /// parameterization].
    #[arg(long, value_name = "WIDTH", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    standard: Option<usize>,
    #[command(flatten)]
    memory: Memory,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Which of the two kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Tangent kernel.
    Ntk,
    /// Covariance.
    Nngp,
}

impl Which {
    /// The kernel that is asked for; the memory of the other is free again.
    fn of(self, kernels: Kernels) -> Array2<f64> {
        match self {
            Self::Ntk => kernels.ntk,
            Self::Nngp => kernels.nngp,
        }
    }
}

/// What surrounds an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Edges {
    /// Zeros, so that stride 1 keeps the size.
    Same,
    /// Nothing: filters stay inside.
    Valid,
    /// The image again.
    Circular,
}

/// Reads, computes, writes.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let architecture = architecture(&args)?;
    check_target(&args)?;
    let limit = args.memory.limit();
    let mut warnings = Vec::new();
    let kernels = match args.conv {
        Some(_) => of_images(&args, &architecture, limit, &mut warnings),
        None => of_rows(&args, &architecture, limit, &mut warnings),
    }?;
    let kernel = args.which.of(kernels);
    let summary = Summary::of(&kernel, args.other.is_none())?;
    warnings.extend(summary.warning());
    let bytes = npy_bytes(kernel.view())?;
    let held = interrupt::hold();
    write_atomic(&args.out, &bytes)?;
    drop(held);
    let document = document(&args, &architecture, &summary, &warnings)?;
    let text = summary.text(&args);
    print(output, args.json, &warnings, (&document, &text), args.out.display())?;
    Ok(Status::Success)
}

fn architecture(args: &Args) -> Result<Architecture> {
    let padding = match args.padding.unwrap_or(Edges::Same) {
        Edges::Same => Padding::Same,
        Edges::Valid => Padding::Valid,
        Edges::Circular => Padding::Circular,
    };
    let weight_std = args.weight_std.unwrap_or(std::f64::consts::SQRT_2);
    let defaults = LayerDefaults { weight_std, bias_std: args.bias_std, padding };
    let words = args.conv.as_deref().or(args.layers.as_deref()).unwrap_or_default();
    let mut architecture = parse(words, &defaults)?;
    if let Some(width) = args.standard {
        architecture.parameterization = Parameterization::Standard { width };
    }
    if args.conv.is_none() && architecture.is_convolutional() {
        return Err(Error::Usage(format!(
            "--layers {words:?} has layers for images: give it as --conv, or leave them out"
        )));
    }
    Ok(architecture)
}

/// Refuses what could not be written in the end, before the work.
fn check_target(args: &Args) -> Result<()> {
    let refuse = |problem: &str, remedy: &str| {
        let path = args.out.display().to_string();
        Err(Error::Output { path, problem: problem.into(), remedy: remedy.into() })
    };
    let same = |path: &Path| {
        let full = |path: &Path| std::fs::canonicalize(path).ok();
        full(path).is_some_and(|path| full(&args.out) == Some(path))
    };
    if std::iter::once(&args.examples).chain(&args.other).any(|input| same(input)) {
        return refuse("the kernel would replace what it is computed from", "choose another path");
    }
    if args.out.exists() && !args.force {
        return refuse("there is such a file", "choose another path or replace it with --force");
    }
    let parent = args.out.parent().filter(|parent| !parent.as_os_str().is_empty());
    if parent.is_some_and(|parent| !parent.is_dir()) {
        return refuse("its directory does not exist", "create the directory first");
    }
    Ok(())
}

fn of_images(
    args: &Args,
    architecture: &Architecture,
    limit: u64,
    warnings: &mut Vec<String>,
) -> Result<Kernels> {
    let (images, found) = read_images(&args.examples)?;
    warnings.extend(found);
    let other = args.other.as_ref().map(read_images).transpose()?;
    let other = other.map(|(other, found)| {
        warnings.extend(found);
        other
    });
    let other = other.as_ref().map(|images| images.view());
    conv::kernels_within(architecture, images.view(), other, limit)
}

fn of_rows(
    args: &Args,
    architecture: &Architecture,
    limit: u64,
    warnings: &mut Vec<String>,
) -> Result<Kernels> {
    let (rows, found) = read_rows(&args.examples)?;
    warnings.extend(found);
    let other = args.other.as_ref().map(read_rows).transpose()?;
    let other = other.map(|(other, found)| {
        warnings.extend(found);
        other
    });
    let other = other.as_ref().map(|rows| rows.view());
    dense::kernels_within(architecture, rows.view(), other, limit)
}

/// What is in a kernel.
struct Summary {
    shape: (usize, usize),
    entries: (f64, f64),
    diagonal: Option<(f64, f64)>,
    /// Smallest and largest eigenvalue, if it is small enough.
    eigenvalues: Option<(f64, f64)>,
    /// Two examples that are the same to the kernel.
    duplicates: Option<(usize, usize)>,
}

impl Summary {
    fn of(kernel: &Array2<f64>, symmetric: bool) -> Result<Self> {
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
        };
        let n = kernel.nrows();
        let eigenvalues = if symmetric && n <= LARGEST_SPECTRUM {
            let (values, _) = eigh(kernel)?;
            Some(range(&mut values.iter().copied()))
        } else {
            None
        };
        let same = |i: usize, j: usize| {
            let largest = (kernel[[i, i]] * kernel[[j, j]]).sqrt();
            largest - kernel[[i, j]] <= 4.0 * f64::EPSILON * largest
        };
        let mut pairs = (0..n).flat_map(|i| (0..i).map(move |j| (j, i)));
        Ok(Self {
            shape: kernel.dim(),
            entries: range(&mut kernel.iter().copied()),
            diagonal: symmetric.then(|| range(&mut kernel.diag().iter().copied())),
            eigenvalues,
            duplicates: if symmetric { pairs.find(|(i, j)| same(*i, *j)) } else { None },
        })
    }

    fn warning(&self) -> Option<String> {
        let singular = "regression on this kernel needs a ridge";
        if let Some((i, j)) = self.duplicates {
            return Some(format!("to this kernel examples {i} and {j} are the same: {singular}"));
        }
        let (smallest, largest) = self.eigenvalues?;
        let rounding = self.shape.0 as f64 * f64::EPSILON * largest;
        let text =
            || format!("the smallest eigenvalue is 0 to rounding ({smallest:.1e}): {singular}");
        (smallest <= rounding).then(text)
    }

    fn text(&self, args: &Args) -> String {
        let name = match args.which {
            Which::Ntk => "tangent kernel",
            Which::Nngp => "covariance",
        };
        let range = |(low, high): (f64, f64)| {
            format!("{} to {}", report::number(low), report::number(high))
        };
        let (n, m) = self.shape;
        let mut text = format!("{name}, {n} x {m}: entries {}", range(self.entries));
        if let Some(diagonal) = self.diagonal {
            text += &format!(", diagonal {}", range(diagonal));
        }
        if let Some(eigenvalues) = self.eigenvalues {
            text += &format!(", eigenvalues {}", range(eigenvalues));
        }
        text + "\n"
    }
}

fn document(
    args: &Args,
    architecture: &Architecture,
    summary: &Summary,
    warnings: &[String],
) -> Result<serde_json::Value> {
    let files = std::iter::once(&args.examples).chain(&args.other);
    let inputs = files.map(Input::of).collect::<Result<Vec<_>>>()?;
    let parameterization = match architecture.parameterization {
        Parameterization::Ntk => json!("ntk"),
        Parameterization::Standard { width } => json!({ "standard": width }),
    };
    let range = |range: Option<(f64, f64)>| json!(range.map(|(low, high)| [low, high]));
    Ok(json!({
        "schema": "solvable/kernel/1",
        "kernel": match args.which { Which::Ntk => "ntk", Which::Nngp => "nngp" },
        "layers": args.conv.as_ref().or(args.layers.as_ref()),
        "images": args.conv.is_some(),
        "weight_std": args.weight_std.unwrap_or(std::f64::consts::SQRT_2),
        "bias_std": args.bias_std,
        "parameterization": parameterization,
        "shape": [summary.shape.0, summary.shape.1],
        "entries": range(Some(summary.entries)),
        "diagonal": range(summary.diagonal),
        "eigenvalues": range(summary.eigenvalues),
        "inputs": inputs,
        "output": args.out.display().to_string(),
        "warnings": warnings,
        "version": env!("CARGO_PKG_VERSION"),
    }))
}
