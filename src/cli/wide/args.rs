//! What `solvable wide` is asked.

use std::path::PathBuf;

use clap::ValueEnum;

use super::super::memory::Memory;
use super::super::result_flags::ResultFlags;
use super::super::values;

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

/// What would wide networks predict after training on my data, and how sure are they?
///
/// Predicts mean and spread of an ensemble of infinitely wide networks. Networks differ in their
/// random initial weights; mean and standard deviation are over all of them. Files are CSV or NPY,
/// rows are examples. The loss is half the mean square over examples and outputs; time counts steps
/// of the learning rate. Writes predictions.csv, mean.npy and std.npy of shape (times, test points,
/// outputs), and wide.{svg,pdf,png,csv}: bands for one-dimensional inputs, learning curves for
/// others.
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
    #[command(flatten)]
    pub memory: Memory,
    #[command(flatten)]
    pub results: ResultFlags,
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
