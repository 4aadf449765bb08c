//! Structured data sets with their analytic modes, for others to use.

mod args;
mod world;

use std::fmt::Write as _;
use std::path::Path;

use ndarray::Array2;
use serde_json::{Map, Value, json};
use solvable::Result;
use solvable::store::{Manifest, OutDir};

use super::{Output, Status, interrupt, report};
pub use args::Args;
use args::Kind;
use world::{Group, World};

/// Groups listed for people; the files have all.
const LISTED: usize = 16;

/// Makes it, writes it, lists its modes.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let kind = args.kind;
    let shared = kind.shared();
    let default = || Path::new("out").join(format!("environment-{}", kind.name()));
    let path = shared.out.clone().unwrap_or_else(default);
    let out = OutDir::create(&path, shared.force)?;
    interrupt::ends_the_program()?;
    let world = kind.world(output).map_err(|error| kind.by_flag(error))?;
    let manifest = write(&kind, &world, out)?;
    if shared.json {
        output.json(&document(&kind, &world, &manifest)?)?;
    } else {
        output.data(&text(&world)?)?;
    }
    let names: Vec<_> = manifest.outputs.iter().map(|file| file.file.as_str()).collect();
    output.note(format_args!("{}: {}", path.display(), names.join(", ")));
    Ok(Status::Success)
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

fn write(kind: &Kind, world: &World, mut out: OutDir) -> Result<Manifest> {
    let data = &world.data;
    let items = csv("item", &data.feature_names, &data.item_names, &data.targets);
    let modes = csv("item", &world.modes.0, &data.item_names, &world.modes.1);
    let spectrum = spectrum_csv(world)?;
    let _all_of_them = interrupt::hold();
    for (name, text) in [("items.csv", items), ("modes.csv", modes), ("spectrum.csv", spectrum)] {
        out.write(name, text.as_bytes())?;
    }
    let mut manifest = Manifest::new(kind.shared().seed);
    manifest.command = command(kind);
    let shown = |(name, value): (&str, Value)| (name.to_owned(), value);
    let mut settings: Map<String, Value> = kind.flags().into_iter().map(shown).collect();
    settings.insert("kind".into(), json!(kind.name()));
    settings.insert("items".into(), json!(data.n_samples()));
    settings.insert("features".into(), json!(data.feature_names.len()));
    settings.insert("indicators".into(), json!(kind.marks_nodes()));
    manifest.settings = settings;
    out.finish(manifest)
}

/// Arguments that give the same results again.
fn command(kind: &Kind) -> Vec<String> {
    let mut command = vec!["environment".to_owned(), kind.name().to_owned()];
    let mut add = |name: &str, value: String| command.extend([format!("--{name}"), value]);
    for (name, value) in kind.flags() {
        let text = match value.as_array() {
            Some(list) => list.iter().map(Value::to_string).collect::<Vec<_>>().join(","),
            None => {
                value.as_f64().filter(|_| value.is_f64()).map_or(value.to_string(), report::exact)
            }
        };
        add(name, text);
    }
    if kind.marks_nodes() {
        command.push("--indicators".into());
        return command;
    }
    add("features", kind.shared().features.to_string());
    if kind.shared().seed != 0 {
        add("seed", kind.shared().seed.to_string());
    }
    command
}

fn document(kind: &Kind, world: &World, manifest: &Manifest) -> Result<Value> {
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
        "manifest": manifest.to_json()?,
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
