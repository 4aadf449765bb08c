//! Structured data sets with their analytic modes, for others to use.

mod args;
mod world;

use std::fmt::Write as _;

use ndarray::Array2;
use serde_json::{Map, Value, json};
use solvable::{Dataset, Result};

use super::deliver::{Delivery, Outcome};
use super::output::Output;
use super::report;
use super::status::Status;
pub use args::Args;
use args::Kind;
use world::{Group, World};

/// Groups listed for people; the files have all.
const LISTED: usize = 16;

/// Makes it, writes it, lists its modes.
pub fn run(args: Args, command: Vec<String>, output: &Output) -> Result<Status> {
    let kind = args.kind;
    let shared = kind.shared();
    let default = format!("out/environment-{}", kind.name());
    let delivery = Delivery::open(&shared.results, default, command, output)?;
    let world = kind.world(output)?;
    let data = &world.data;
    let items = csv("item", &data.feature_names, &data.item_names, &data.targets);
    let modes = csv("item", &world.modes.0, &data.item_names, &world.modes.1);
    let files =
        [("items.csv", items), ("modes.csv", modes), ("spectrum.csv", spectrum_csv(&world)?)];
    delivery.deliver(Outcome {
        files: files.map(|(name, text)| (name, text.into_bytes())).into(),
        settings: settings(&kind, data),
        seed: shared.seed,
        document: document(&kind, &world)?,
        text: text(&world)?,
        ..Outcome::default()
    })
}

/// A table with named rows. Names here hold neither comma nor quote.
fn csv(corner: &str, columns: &[String], rows: &[String], values: &Array2<f64>) -> String {
    let mut text = String::with_capacity(values.len() * 4);
    text.push_str(corner);
    for column in columns {
        let _ = write!(text, ",{column}");
    }
    text.push('\n');
    for (name, row) in rows.iter().zip(values.rows()) {
        text.push_str(name);
        for value in row {
            // No negative zero; writing to a string cannot fail.
            let _ = write!(text, ",{}", value + 0.0);
        }
        text.push('\n');
    }
    text
}

fn spectrum_csv(world: &World) -> Result<String> {
    let mut text =
        "group,eigenvalue,multiplicity,singular value (theory),singular value (sample),half time\n"
            .to_owned();
    for group in &world.groups {
        let Group { name, eigenvalue, multiplicity, theory, sample } = group;
        let half = world.half_time(group)?.map_or_else(String::new, |t| t.to_string());
        let _ = writeln!(text, "{name},{eigenvalue},{multiplicity},{theory},{sample},{half}");
    }
    Ok(text)
}

/// Every setting with the value it had, defaults included.
fn settings(kind: &Kind, data: &Dataset) -> Map<String, Value> {
    let named = |(name, value): (&str, Value)| (name.to_owned(), value);
    let mut settings: Map<String, Value> = kind.settings().into_iter().map(named).collect();
    settings.insert("kind".into(), json!(kind.name()));
    settings.insert("items".into(), json!(data.n_samples()));
    settings.insert("features".into(), json!(data.feature_names.len()));
    settings.insert("indicators".into(), json!(kind.marks_nodes()));
    settings
}

fn document(kind: &Kind, world: &World) -> Result<Value> {
    let group = |group: &Group| -> Result<Value> {
        Ok(json!({
            "name": group.name,
            "eigenvalue": group.eigenvalue,
            "multiplicity": group.multiplicity,
            "singular_value": group.theory,
            "sample_singular_value": group.sample,
            "half_time": world.half_time(group)?,
        }))
    };
    Ok(json!({
        "schema": "solvable/environment/1",
        "kind": kind.name(),
        "items": world.data.item_names,
        "groups": world.groups.iter().map(group).collect::<Result<Vec<_>>>()?,
        "remark": world.remark,
    }))
}

fn text(world: &World) -> Result<String> {
    let row = |group: &Group| -> Result<Vec<String>> {
        Ok(vec![
            group.name.clone(),
            report::number(group.eigenvalue),
            group.multiplicity.to_string(),
            report::number(group.theory),
            report::number(group.sample),
            world.half_time(group)?.map_or_else(|| "-".into(), report::number),
        ])
    };
    let headings = ["modes", "eigenvalue", "number", "s in theory", "s in the sample", "half time"];
    let rows = world.groups.iter().take(LISTED).map(row).collect::<Result<Vec<_>>>()?;
    let mut text = format!("{}\n\n{}", world.remark, report::columns(&headings, rows));
    if world.groups.len() > LISTED {
        let more = world.groups.len() - LISTED;
        text += &format!("… and {more} finer groups; spectrum.csv has all\n");
    }
    Ok(text)
}
