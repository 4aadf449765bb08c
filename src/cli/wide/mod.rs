//! Predictions of an ensemble of wide networks trained on the user's data.

use ndarray::Array1;
use solvable::Result;
use solvable::wide::TrainedEnsemble;
use solvable::wide::ensemble::training::{Dynamics, Training};
use solvable::wide::kernel::dense::{Kernels, diagonals, kernels_within};

use super::deliver::Delivery;
use super::names;
use super::output::Output;
use super::status::Status;

mod args;
mod problem;
mod results;

pub use args::Args;
use args::Which;
use problem::Problem;
use results::Results;

/// Reads, predicts, draws.
pub fn run(args: Args, command: Vec<String>, output: &Output) -> Result<Status> {
    let mut problem = Problem::read(&args)?;
    problem.check_memory(&args)?;
    let default = format!("out/wide-{}", names::stem(&args.train[0]));
    let delivery = Delivery::open(&args.results, default, command, output)?;
    let results = predict(&args, &mut problem)?;
    delivery.deliver(results.outcome(&args, problem)?)
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
    let found = build(args.rate.unwrap_or(1.0), flow)?;
    let max_rate = found.max_learning_rate();
    let rate = args.rate.unwrap_or(0.5 * max_rate);
    let training = Training { rate, dynamics, ..*found.training() };
    let ensemble = found.retrained(training)?;
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
    Results::of(args, problem, &ensemble, &test, max_rate)
}
