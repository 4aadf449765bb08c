//! The learning course of the user's own data.

use std::sync::mpsc;
use std::time::Duration;

use solvable::figures;
use solvable::figures::own::course::{dynamics, modes};
use solvable::semantic::focus::Focus;
use solvable::store::Input;
use solvable::{Dataset, Error, Result, task};

use super::deliver::{Delivery, Outcome};
use super::names;
use super::output::Output;
use super::status::Status;

mod args;
mod embed;
mod focus;
mod shown;

pub use args::Args;
use embed::embed;

/// How long a run takes before it says that it is still there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads, predicts, simulates, draws.
pub fn run(args: Args, command: Vec<String>, output: &Output) -> Result<Status> {
    let (data, name, inputs, mut warnings) = read(&args)?;
    let course = args.course(data)?;
    let pair = args.focus.as_ref().map(|pair| focus::find(&course.data, pair)).transpose()?;
    let default = format!("out/learn-{name}");
    let delivery = Delivery::open(&args.results, default, command, output)?;
    // Refused before the long work, if it cannot be had.
    let embedded = told_if_slow(output, || embed(args.embed, &course))?;
    let (learned, focus) = told_if_slow(output, || {
        let focus = pair.map(|(item, feature)| Focus::of(&course, item, feature)).transpose()?;
        Ok::<_, Error>((course.run()?, focus))
    })?;
    warnings.extend(learned.warnings.iter().cloned());
    let mut outcome = Outcome {
        sheets: vec![("learning", dynamics(&learned)), ("modes", modes(&learned, &course.data))],
        settings: args.settings(&course, &learned),
        seed: args.seed,
        document: shown::document(&learned),
        text: shown::text(&course.data, &learned),
        inputs,
        warnings,
        agreements: learned.agreements,
        ..Outcome::default()
    };
    if let Some(focus) = focus {
        outcome.sheets.push(("focus", figures::own::focus::focus(&focus)));
        outcome.document["focus"] = focus::to_json(&focus);
        outcome.text += &focus::text(&focus);
        outcome.agreements.extend(focus.agreements);
    }
    if let Some(embedded) = embedded {
        outcome.sheets.push(("embedding", embedded.sheet()));
        outcome.document["embedding"] = embedded.json();
        outcome.text += &embedded.text();
        outcome.warnings.extend(embedded.warnings());
    }
    delivery.deliver(outcome)
}

/// Does the job, and says so if that takes longer than anyone likes to wait without a word.
fn told_if_slow<T>(output: &Output, job: impl FnOnce() -> T) -> T {
    let (done, waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                output.note(
                    "still learning (--quick is faster; until it is done nothing is written, and \
                     Ctrl-C loses nothing else)",
                );
            }
        });
        let result = job();
        drop(done);
        result
    })
}

/// The data, a name for it, the files it came from, and what to say about them.
fn read(args: &Args) -> Result<(Dataset, String, Vec<Input>, Vec<String>)> {
    if let (Some(x), Some(y)) = (&args.inputs, &args.targets) {
        let (data, warnings) = Dataset::read_pair(x, y)?;
        return Ok((data, names::stem(x), vec![Input::of(x)?, Input::of(y)?], warnings));
    }
    let Some(path) = &args.table else {
        return Err(Error::Usage("a TABLE, or --inputs and --targets, are needed".into()));
    };
    let built_in = task::TABLE_NAMES.iter().find(|name| path.as_os_str() == **name);
    if let Some(name) = built_in.filter(|_| !path.exists()) {
        return Ok((task::table(name)?, (*name).to_owned(), Vec::new(), Vec::new()));
    }
    let (data, warnings) = Dataset::read_table(path)?;
    Ok((data, names::stem(path), vec![Input::of(path)?], warnings))
}
