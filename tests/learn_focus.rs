//! `solvable learn --focus` as a user runs it.
#![cfg(all(feature = "cli", feature = "parallel"))]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn learn(place: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.arg("learn").args(arguments).current_dir(place).output().unwrap()
}

fn document(place: &Path, arguments: &[&str]) -> Value {
    let output = learn(place, &[arguments, &["--json", "--quick", "--out", "out"]].concat());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Refused as usage, with a message that holds all parts, and nothing left behind.
fn refused(place: &Path, arguments: &[&str], parts: &[&str]) {
    let output = learn(place, &[arguments, &["--out", "refused"]].concat());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(message.starts_with("error: ") && !message.contains("panicked"), "{message}");
    for part in parts {
        assert!(message.contains(part), "{arguments:?}: {part:?} is not in {message:?}");
    }
    assert!(!place.join("refused").exists(), "{arguments:?} left something behind");
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

#[test]
fn worms_have_bones_for_a_time_that_is_told_drawn_and_listed() {
    let place = tempfile::tempdir().unwrap();
    let output = learn(place.path(), &["worm", "--focus", "worm,bones", "--out", "out"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("worm, bones: 0 in the data; a transient error is predicted"), "{text}");
    assert!(text.contains("half of that is gone by time"), "{text}");
    for extension in ["csv", "pdf", "png", "svg"] {
        assert!(place.path().join(format!("out/focus.{extension}")).exists(), "{extension}");
    }
    let csv = std::fs::read_to_string(place.path().join("out/focus.csv")).unwrap();
    assert!(csv.lines().count() > 100 && csv.contains("mode 1") && csv.contains("simulation"));
}

#[test]
fn the_numbers_are_those_of_the_closed_form() {
    let place = tempfile::tempdir().unwrap();
    let found = document(place.path(), &["worm", "--scale", "0.01", "--focus", "worm,bones"]);
    let focus = &found["focus"];
    let transient = &focus["transient"];
    // From modes of strength 1e-4 an independent program finds 0.5306 at t = 17.3.
    assert!((number(&transient["value"]) - 0.5306).abs() < 5e-5, "{transient}");
    assert!((number(&transient["time"]) - 17.3).abs() < 0.05, "{transient}");
    assert!(number(&transient["half_gone"]) > number(&transient["time"]));
    assert_eq!((&focus["errs"], &focus["monotone"]), (&true.into(), &false.into()));
    let total = numbers(&focus["prediction"]["total"]);
    for (i, total) in total.iter().enumerate() {
        let parts = focus["prediction"].as_object().unwrap().iter();
        let parts = parts.filter(|(name, _)| *name != "total");
        let sum: f64 = parts.map(|(_, part)| number(&part[i])).sum();
        assert!((sum - total).abs() < 1e-12);
    }
    let agreement = &focus["agreement"][0];
    assert_eq!(agreement["observable"], "worm, bones");
    assert!(number(&agreement["max_gap"]) <= number(&agreement["tolerance"]));
    let recorded = found["manifest"]["command"].to_string();
    assert!(recorded.contains(r#""--focus","worm,bones""#), "{recorded}");
}

#[test]
fn every_start_and_depth_with_a_theory_can_be_followed() {
    let place = tempfile::tempdir().unwrap();
    for (flags, errs) in [
        (&["--init", "balanced"][..], Some(true)),
        (&["--init", "random", "--seed", "2"], Some(true)),
        (&["--init", "lambda", "--lambda", "-0.5", "--hidden", "5"], None),
        (&["--layers", "1"], Some(false)),
        (&["--layers", "3", "--scale", "0.2"], Some(true)),
        (&["--layers", "3", "--scale", "0.2", "--init", "balanced"], Some(true)),
    ] {
        let all = [&["worm", "--focus", "worm,bones"], flags].concat();
        let focus = &document(place.path(), &all)["focus"];
        assert_eq!(focus["agreement"][0]["holds"], true, "{flags:?}: {focus}");
        if let Some(errs) = errs {
            assert_eq!(focus["errs"], errs, "{flags:?}: {}", focus["transient"]);
        }
    }
    let tanh = document(place.path(), &["worm", "--focus", "worm,bones", "--activation", "tanh"]);
    let agreement = &tanh["focus"]["agreement"][0];
    assert!(agreement["tolerance"].is_null() && number(&agreement["max_gap"]) > 0.0);
}

#[test]
fn correlated_inputs_make_a_shallow_network_err_too() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("x.csv"), "a,b\n1,0\n1,1\n0.2,0.1\n1,0.8\n").unwrap();
    std::fs::write(place.path().join("y.csv"), "c,d\n1,0\n1,1\n0.2,0.1\n1,0.8\n").unwrap();
    let data = ["--inputs", "x.csv", "--targets", "y.csv", "--layers", "1", "--scale", "1e-6"];
    let found = document(place.path(), &[&data[..], &["--focus", "item 1,d"]].concat());
    let focus = &found["focus"];
    assert_eq!(focus["errs"], true, "{focus}");
    assert!(number(&focus["transient"]["overshoot"]) > 0.05, "{}", focus["transient"]);
}

#[test]
fn names_with_commas_are_found_at_any_split() {
    let place = tempfile::tempdir().unwrap();
    let table = "item,\"fly, or glide\",swims\n\"robin, European\",1,0\nsalmon,0,1\nrobin,1,1\n";
    std::fs::write(place.path().join("t.csv"), table).unwrap();
    for (pair, item, feature) in [
        ("robin, European,fly, or glide", "robin, European", "fly, or glide"),
        ("salmon,fly, or glide", "salmon", "fly, or glide"),
        ("robin,swims", "robin", "swims"),
        (" robin , swims ", "robin", "swims"),
    ] {
        let focus = &document(place.path(), &["t.csv", "--focus", pair])["focus"];
        assert_eq!((&focus["item"], &focus["feature"]), (&item.into(), &feature.into()), "{pair}");
    }
}

#[test]
fn what_cannot_be_followed_is_refused_and_the_nearest_name_is_told() {
    let place = tempfile::tempdir().unwrap();
    let refused = |pair: &str, parts: &[&str]| {
        refused(place.path(), &["worm", "--focus", pair], parts);
    };
    refused("wrm,bones", &["no item \"wrm\"", "did you mean \"worm\"?"]);
    refused("worm,bonse", &["no feature \"bonse\"", "did you mean \"bones\"?"]);
    refused("worm", &["--focus is \"worm\"", "a comma"]);
    refused("", &["a comma"]);
    refused(",", &["no item"]);
    refused("worm,", &["no feature"]);
    refused("x,y,z", &["no item \"x\""]);
    refused("worm,grow", &["feature of --focus", "\"grow\"", "value 1 for every item"]);
}
