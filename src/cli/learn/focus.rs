//! `learn --focus`: one item and feature of a learning course.

use serde_json::{Value, json};
use solvable::semantic::focus::{Focus, require_variance};
use solvable::{Dataset, Error, Result, Trajectory};

use super::super::{names, report};

/// Item and feature of "ITEM,FEATURE", counted from 0. Names may contain commas themselves: every comma is tried.
pub fn find(data: &Dataset, pair: &str) -> Result<(usize, usize)> {
    let position = |names: &[String], name: &str| {
        let exact = names.iter().position(|n| n == name);
        exact.or_else(|| names.iter().position(|n| n.trim() == name.trim()))
    };
    let splits = || pair.match_indices(',').map(|(at, _)| (&pair[..at], &pair[at + 1..]));
    if splits().next().is_none() {
        let allowed = "it is an item and a feature with a comma between them, as \"worm,bones\"";
        return Err(Error::parameter("--focus", format!("\"{pair}\""), allowed));
    }
    let mut half: Option<Error> = None;
    for (item, feature) in splits() {
        let found = (position(&data.item_names, item), position(&data.feature_names, feature));
        let unknown_feature = || {
            names::unknown("feature", feature.trim(), data.feature_names.iter().map(String::as_str))
        };
        match found {
            (Some(item), Some(feature)) => {
                return require_variance(data, feature).map(|()| (item, feature)).map_err(by_flag);
            }
            (Some(_), None) => half = Some(unknown_feature()),
            (None, Some(_)) if half.is_none() => half = Some(unknown_item(data, item)),
            _ => {}
        }
    }
    // Neither side is known at any comma: the item comes first.
    let item = pair.split(',').next().unwrap_or_default();
    Err(half.unwrap_or_else(|| unknown_item(data, item)))
}

fn by_flag(error: Error) -> Error {
    match error {
        Error::Parameter { value, allowed, .. } => {
            Error::parameter("feature of --focus", value, allowed)
        }
        other => other,
    }
}

fn unknown_item(data: &Dataset, item: &str) -> Error {
    names::unknown("item", item.trim(), data.item_names.iter().map(String::as_str))
}

/// Whether the network will err on the pair, when, and how much.
pub fn text(focus: &Focus) -> String {
    let number = report::number;
    let on_one_line = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = format!(
        "\n{}, {}: {} in the data; ",
        on_one_line(&focus.item),
        on_one_line(&focus.feature),
        number(focus.truth)
    );
    match focus.course.transient().filter(|_| focus.errs()) {
        Some(error) => {
            let side = if error.overshoot > 0.0 { "above" } else { "below" };
            text += &format!(
                "a transient error is predicted: the output comes to {} at time {}, {} {side} all \
                 between its start and its end",
                number(error.value),
                number(error.time),
                number(error.overshoot.abs()),
            );
            text += &error.gone.map_or_else(
                || format!(", and has not returned by time {}", number(focus.horizon)),
                |gone| format!("; half of that is gone by time {}", number(gone)),
            );
        }
        None if focus.course.is_monotone() => {
            text += "no transient error is predicted: the output goes one way from start to end";
        }
        None => {
            text += &format!(
                "no transient error is predicted: the output turns on its way (by {}), but stays \
                 between its start and its end",
                number(focus.course.largest_reversal())
            );
        }
    }
    text += &format!(" (from {} to {})\n", number(focus.course.start), number(focus.course.end));
    text + &report::table(&focus.agreements)
}

/// The same for programs.
pub fn to_json(focus: &Focus) -> Value {
    let columns = |run: &Trajectory| {
        Value::Object(run.columns().map(|(name, values)| (name.into(), json!(values))).collect())
    };
    let course = &focus.course;
    json!({
        "item": focus.item,
        "feature": focus.feature,
        "truth": focus.truth,
        "best": focus.best,
        "errs": focus.errs(),
        "monotone": course.is_monotone(),
        "start": course.start,
        "end": course.end,
        "until": focus.horizon,
        "transient": course.transient().map(|error| json!({
            "time": error.time,
            "value": error.value,
            "overshoot": error.overshoot,
            "half_gone": error.gone,
        })),
        "turns": course.turns.iter().map(|t| json!([t.time, t.value])).collect::<Vec<_>>(),
        "prediction": columns(&focus.prediction),
        "simulation": columns(&focus.simulation),
        "agreement": report::to_json(&focus.agreements),
    })
}
