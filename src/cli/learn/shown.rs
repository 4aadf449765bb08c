//! A learning course as people and programs read it.

use serde_json::{Value, json};
use solvable::course::Report;
use solvable::{Agreement, Dataset, Trajectory};

use super::super::report;

/// Modes listed for people; `--json` has all.
const LISTED: usize = 12;
/// Names shown on each side of a mode, and how many letters of each.
const NAMES: usize = 3;
const LONGEST: usize = 30;

/// The document of `--json`.
pub fn document(learned: &Report) -> Value {
    let columns = |run: &Trajectory| {
        Value::Object(run.columns().map(|(name, values)| (name.into(), json!(values))).collect())
    };
    let n = learned.modes.len();
    json!({
        "schema": "solvable/learn/1",
        "modes": {
            "singular_values": learned.modes.singular_values.to_vec(),
            "input_variances": learned.modes.input_variances.iter().take(n).collect::<Vec<_>>(),
            "half_times": learned.half_times,
        },
        "commutator": learned.modes.commutator,
        "times": learned.prediction.grid(),
        "prediction": columns(&learned.prediction),
        "simulation": columns(&learned.simulation),
        "agreement": report::to_json(&learned.agreements),
    })
}

/// Its modes and how well they agree.
pub fn text(data: &Dataset, learned: &Report) -> String {
    let modes = &learned.modes;
    let mut text = format!(
        "{} examples, {} inputs, {} outputs; theory: {}; learning rate {} of at most {}\n\n",
        data.n_samples(),
        data.inputs.ncols(),
        data.targets.ncols(),
        learned.theory,
        report::number(learned.rate),
        report::number(learned.critical_rate),
    );
    let targets = modes.targets();
    let rows = (0..modes.len().min(LISTED)).map(|k| {
        vec![
            (k + 1).to_string(),
            report::number(modes.singular_values[k]),
            report::number(targets[k]),
            learned.half_times[k].map_or_else(|| "-".into(), report::number),
            sides(modes.v.column(k).iter().copied().collect(), &data.input_names),
            sides(modes.u.column(k).iter().copied().collect(), &data.feature_names),
        ]
    });
    let inputs = if data.input_names == data.item_names { "items" } else { "inputs" };
    let headings = ["mode", "s", "s/d", "half time", inputs, "features"];
    text += &report::columns(&headings, rows);
    if modes.len() > LISTED {
        text += &format!("… and {} weaker modes; --json has all\n", modes.len() - LISTED);
    }
    text.push('\n');
    text + &agreements(learned)
}

/// How well the listed modes and the loss agree, and whatever else is beyond its tolerance.
fn agreements(learned: &Report) -> String {
    let all = &learned.agreements;
    let unlisted = LISTED..learned.modes.len().max(LISTED);
    let shown = |(k, a): &(usize, &Agreement)| !unlisted.contains(k) || !a.holds();
    let shown: Vec<_> = all.iter().enumerate().filter(shown).map(|(_, a)| a.clone()).collect();
    let left_out = all.len() - shown.len();
    let mut text = report::table(&shown);
    if left_out > 0 {
        text += &format!("… and {left_out} weaker modes; --json has all\n");
    }
    text
}

/// The names a mode is most positive and most negative about.
fn sides(entries: Vec<f64>, names: &[String]) -> String {
    // On one line and not too long, whatever the table says.
    let shown = |name: &String| {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.chars().count() <= LONGEST {
            return name;
        }
        name.chars().take(LONGEST - 1).chain(['…']).collect()
    };
    let largest = entries.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let side = |sign: f64| {
        let mut order: Vec<usize> =
            (0..entries.len()).filter(|i| sign * entries[*i] > 0.25 * largest).collect();
        order.sort_by(|i, j| (sign * entries[*j]).total_cmp(&(sign * entries[*i])));
        let more = if order.len() > NAMES { ", …" } else { "" };
        let named: Vec<String> = order.iter().take(NAMES).map(|i| shown(&names[*i])).collect();
        named.join(", ") + more
    };
    match (side(1.0), side(-1.0)) {
        (plus, minus) if minus.is_empty() => format!("+ {plus}"),
        (plus, minus) if plus.is_empty() => format!("− {minus}"),
        (plus, minus) => format!("+ {plus}  − {minus}"),
    }
}
