//! `solvable learn --embed` as a user runs it: items that move in the hidden layer.
#![cfg(all(feature = "cli", feature = "parallel"))]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Two kinds of birds and two of fish: part from each other, then within.
const TABLE: &str = "item,flies,feathers,gills,swims,red,big\n\
    robin,1,1,0,0,1,0\neagle,1,1,0,0,0,1\nsalmon,0,0,1,1,1,0\nshark,0,0,1,1,0,1\n";

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("pets.csv"), TABLE).unwrap();
    place
}

fn learn(place: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.arg("learn").args(arguments).current_dir(place).output().unwrap()
}

fn document(place: &Path, arguments: &[&str]) -> Value {
    let output = learn(place, &[arguments, &["--embed", "--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(place: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = learn(place, arguments);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// Squared distance of two items at a time.
fn distance(places: &Value, time: usize, i: usize, j: usize) -> f64 {
    let at = |item: usize, axis: usize| number(&places[time][item][axis]);
    (0..2).map(|axis| (at(i, axis) - at(j, axis)).powi(2)).sum()
}

#[test]
fn items_are_drawn_where_the_closed_form_puts_them() {
    let place = place();
    let found = document(place.path(), &["pets.csv", "--out", "out", "--times", "0,8,200"]);
    let embedding = &found["embedding"];
    assert_eq!(embedding["items"], serde_json::json!(["robin", "eagle", "salmon", "shark"]));
    assert_eq!(embedding["times"], found["times"]);
    // Inner products of items are 3 with themselves, 2 within a kind, 1 or 0 between; along
    // (1, 1, −1, −1)/2 YYᵀ has the eigenvalue 4, along (1, −1, 1, −1)/2 it has 2.
    for part in ["prediction", "simulation"] {
        let places = &embedding[part];
        let kinds: Vec<f64> = (0..4).map(|i| number(&places[2][i][0])).collect();
        // √u v, with u = √4 at the end.
        for (x, sign) in kinds.iter().zip([1.0, 1.0, -1.0, -1.0]) {
            let expected = sign * kinds[0].signum() * 2f64.sqrt() / 2.0;
            assert!((x - expected).abs() < 1e-6, "{part}: {kinds:?}");
        }
        let within = number(&places[2][0][1]);
        assert!((within.abs() - 2f64.sqrt().sqrt() / 2.0).abs() < 1e-6, "{part}: {within}");
        // All start together, and kinds part before their members do.
        assert!(distance(places, 0, 0, 2) < 0.01);
        let share = |i: usize, j: usize| distance(places, 1, i, j) / distance(places, 2, i, j);
        assert!(share(0, 2) > 2.0 * share(0, 1), "{part}");
    }
    let shares = &embedding["explained_share"]["prediction"];
    // The fourth mode has nothing to learn: two axes show all but what it started with.
    assert!((number(&shares[2]) - 1.0).abs() < 1e-3);
    assert!(number(&embedding["largest_gap"]) < 0.02 * number(&embedding["range"]));
    assert_eq!(embedding["arbitrary"], false);
    assert_eq!(found["manifest"]["settings"]["embed"], true);
}

#[test]
fn the_figure_is_one_more_and_only_with_the_flag() {
    let place = place();
    let output = learn(place.path(), &["pets.csv", "--out", "with", "--embed"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("embedding: two axes show"), "{text}");
    assert_eq!(learn(place.path(), &["pets.csv", "--out", "without"]).status.code(), Some(0));
    for extension in ["svg", "pdf", "png", "csv"] {
        let file = format!("embedding.{extension}");
        assert!(place.path().join("with").join(&file).exists(), "{file}");
        assert!(!place.path().join("without").join(&file).exists(), "{file}");
    }
    let svg = std::fs::read_to_string(place.path().join("with/embedding.svg")).unwrap();
    assert!(svg.starts_with("<svg") && !svg.contains("NaN"));
    let manifest = std::fs::read_to_string(place.path().join("with/manifest.json")).unwrap();
    assert!(manifest.contains("\"--embed\""), "the command must draw it again");
    let found = document(place.path(), &["pets.csv", "--out", "with"]);
    let plain = learn(place.path(), &["pets.csv", "--out", "without", "--json"]);
    let plain: Value = serde_json::from_slice(&plain.stdout).unwrap();
    assert!(plain.get("embedding").is_none());
    // Looking at the items changes nothing else.
    assert_eq!(plain["prediction"], found["prediction"]);
    assert_eq!(plain["simulation"], found["simulation"]);
}

#[test]
fn every_start_and_depth_with_an_exact_theory_is_drawn() {
    let place = place();
    for flags in [
        &["--layers", "3", "--scale", "0.3"][..],
        &["--layers", "3", "--scale", "0.3", "--init", "balanced"],
        &["--init", "random", "--hidden", "12"],
        &["--init", "lambda", "--lambda", "0.5"],
    ] {
        let arguments = [&["pets.csv", "--out", "out"], flags].concat();
        let found = document(place.path(), &arguments);
        let embedding = &found["embedding"];
        let (gap, range) = (number(&embedding["largest_gap"]), number(&embedding["range"]));
        assert!(range > 0.1 && gap < 0.05 * range, "{flags:?}: {gap} of {range}");
    }
    // The linear theory of a nonlinear network is drawn, and the gap told.
    let found = document(place.path(), &["pets.csv", "--out", "out", "--activation", "tanh"]);
    let embedding = &found["embedding"];
    assert!(number(&embedding["largest_gap"]) > 0.02 * number(&embedding["range"]));
}

#[test]
fn what_has_no_exact_picture_is_refused_with_a_way_out() {
    let place = place();
    let (status, text) = refused(place.path(), &["pets.csv", "--embed", "--layers", "1"]);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("a shallow network has no hidden representation"), "{text}");
    let flags = ["pets.csv", "--embed", "--layers", "3", "--init", "random"];
    let (status, text) = refused(place.path(), &flags);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("random weights in 3 layers") && text.contains("aligned"), "{text}");
}

#[test]
fn two_items_and_equal_items_are_drawn_without_a_stumble() {
    let place = tempfile::tempdir().unwrap();
    for (name, table) in [
        ("two", "item,a,b\nx,1,0\ny,0,1\n"),
        ("same", "item,a,b\nx,1,0\ny,1,0\nz,1,0\n"),
        ("equal", "item,a,b,c,d\nw,1,0,0,0\nx,0,1,0,0\ny,0,0,1,0\nz,0,0,0,1\n"),
        ("none", "item,a,b\nx,0,0\ny,0,0\n"),
    ] {
        let file = format!("{name}.csv");
        std::fs::write(place.path().join(&file), table).unwrap();
        let found = document(place.path(), &[&file, "--out", name, "--quick"]);
        let embedding = &found["embedding"];
        let places = embedding["prediction"].as_array().unwrap();
        assert!(places.iter().flat_map(|t| t.as_array().unwrap()).all(|item| {
            item.as_array().unwrap().iter().all(|x| x.as_f64().is_some_and(f64::is_finite))
        }));
        assert_eq!(embedding["arbitrary"], name == "equal", "{name}");
        let warned = found["manifest"]["warnings"].to_string().contains("one of several");
        assert_eq!(warned, name == "equal", "{name}");
    }
}
