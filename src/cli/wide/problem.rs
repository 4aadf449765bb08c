//! What `solvable wide` reads.

use std::path::Path;

use ndarray::Array2;
use solvable::net::architecture::parse::{LayerDefaults, parse};
use solvable::net::architecture::{Architecture, Padding};
use solvable::store::Input;
use solvable::store::read::arrays::read_rows;
use solvable::wide::kernel::memory_limit::require_memory;
use solvable::{Dataset, Error, Result};

use super::args::Args;

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

impl Problem {
    /// Reads the files, and refuses those that do not go together.
    pub fn read(args: &Args) -> Result<Self> {
        let weight_std = args.weight_std.unwrap_or(std::f64::consts::SQRT_2);
        let defaults =
            LayerDefaults { weight_std, bias_std: args.bias_std, padding: Padding::Same };
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
        Ok(Self { data, test, test_targets, inputs, warnings, architecture })
    }

    /// Refuses what does not fit into memory, before anything is computed.
    pub fn check_memory(&self, args: &Args) -> Result<()> {
        let (n, m) = (self.data.inputs.nrows() as f64, self.test.nrows() as f64);
        let outputs = self.data.targets.ncols() as f64;
        // Kernels, eigenvectors and their products; cross kernels; results and what is written of them.
        let cells = 8.0 * n * n + 6.0 * m * n + 8.0 * args.times.0.len() as f64 * m * outputs;
        let needed = 8.0 * cells;
        let remedy =
            "give fewer training examples, predict the test points in parts, or raise --memory";
        let name = "number of training examples x test points";
        require_memory(needed as u64, args.memory.limit(), name, || format!("{n} x {m}"), remedy)
    }
}
