//! What a verb found, delivered: files and their manifest, then what is printed, then the status.

use std::fmt::Display;
use std::path::Path;

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use solvable::plot::Sheet;
use solvable::store::{Input, Manifest, OutDir};
use solvable::{Agreement, Result};

use super::output::Output;
use super::render::render;
use super::result_flags::ResultFlags;
use super::status::Status;
use super::{interrupt, report};

/// Files are listed by name if there are no more of them.
const LISTED: usize = 24;

/// What a verb found, for files, for people and for programs.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Figures, by the name of their files.
    pub sheets: Vec<(&'static str, Sheet)>,
    /// Other files, by name.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// Every setting with the value it had, defaults included.
    pub settings: Map<String, Value>,
    /// Seed of all randomness.
    pub seed: u64,
    /// For programs; the manifest is added to it.
    pub document: Value,
    /// For people.
    pub text: String,
    /// Files read.
    pub inputs: Vec<Input>,
    /// What readers have to know.
    pub warnings: Vec<String>,
    /// How far theory and simulation are apart.
    pub agreements: Vec<Agreement>,
}

/// A directory that results may go to, and how they are to be shown.
pub struct Delivery<'a> {
    /// For files that are ready before the rest.
    pub out: OutDir,
    flags: &'a ResultFlags,
    command: Vec<String>,
    output: &'a Output,
}

impl<'a> Delivery<'a> {
    /// Refuses, before the work, a directory that results cannot go to. `command` gives them again.
    pub fn open(
        flags: &'a ResultFlags,
        default: impl AsRef<Path>,
        command: Vec<String>,
        output: &'a Output,
    ) -> Result<Self> {
        let path = flags.out.as_deref().unwrap_or(default.as_ref());
        Ok(Self { out: OutDir::create(path, flags.force)?, flags, command, output })
    }

    /// Writes everything, prints what was asked for, and judges.
    pub fn deliver(self, outcome: Outcome) -> Result<Status> {
        let Self { mut out, flags, command, output } = self;
        let Outcome { sheets, files, mut settings, mut document, text, agreements, .. } = outcome;
        let path = out.path().to_owned();
        if !sheets.is_empty() {
            settings.insert("style".into(), json!(flags.style.name()));
        }
        // Figures are independent; PNG is the slow part.
        let drawn: Result<Vec<_>> =
            sheets.par_iter().map(|(_, sheet)| render(sheet, flags.style)).collect();
        let drawn = drawn?;
        let all_of_them = interrupt::hold();
        for ((name, _), files) in sheets.iter().zip(drawn) {
            for (extension, bytes) in files {
                out.write(&format!("{name}.{extension}"), &bytes)?;
            }
        }
        for (name, bytes) in files {
            out.write(name, &bytes)?;
        }
        let mut manifest = Manifest::new(outcome.seed);
        manifest.command = command;
        manifest.settings = settings;
        manifest.inputs = outcome.inputs;
        manifest.warnings = outcome.warnings;
        manifest.agreement = agreements;
        let manifest = out.finish(manifest)?;
        drop(all_of_them);
        if flags.json {
            document["manifest"] = manifest.to_json()?;
        }
        let files: Vec<_> = manifest.outputs.iter().map(|file| file.file.as_str()).collect();
        let files = match files.len() {
            ..=LISTED => files.join(", "),
            n => format!("{n} files"),
        };
        let place = format!("{}: {files}", path.display());
        print(output, flags.json, &manifest.warnings, (&document, &text), place)?;
        let holds = report::hold(&manifest.agreement);
        Ok(if holds { Status::Success } else { Status::ToleranceExceeded })
    }
}

/// Prints warnings, what was found, as JSON or as text, and the place of the files.
pub fn print(
    output: &Output,
    json: bool,
    warnings: &[String],
    (document, text): (&Value, &str),
    place: impl Display,
) -> Result<()> {
    for warning in warnings {
        output.warn(format_args!("warning: {warning}"));
    }
    if json {
        output.json(document)?;
    } else {
        output.data(text)?;
    }
    output.note(place);
    Ok(())
}
