//! The verb `wide` of the real program.

use std::path::Path;
use std::process::{Command, Output};

use ndarray::{Array2, Array3};
use serde_json::Value;

fn solvable(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.current_dir(folder).args(arguments).output().expect("the program runs")
}

/// `wide` on the files of [`write_data`].
fn wide(folder: &Path, more: &[&str]) -> Output {
    let files = ["wide", "--train", "X.npy", "y.npy", "--test", "Z.npy"];
    solvable(folder, &[&files[..], more].concat())
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// Smooth targets of inputs of `d` dimensions: 20 examples, 7 test inputs, 2 outputs.
fn write_data(folder: &Path, d: usize) {
    let points = |n: usize, shift: usize| {
        Array2::from_shape_fn((n, d), |(i, j)| {
            ((37 * (i + shift) + 101 * j + 5 * i * j).pow(2) % 97) as f64 / 40.0 - 1.2
        })
    };
    let targets = |x: &Array2<f64>| {
        Array2::from_shape_fn((x.nrows(), 2), |(i, c)| (x[[i, 0]] + c as f64).sin())
    };
    let (x, z) = (points(20, 0), points(7, 31));
    for (name, array) in [("X", &x), ("y", &targets(&x)), ("Z", &z), ("w", &targets(&z))] {
        ndarray_npy::write_npy(folder.join(format!("{name}.npy")), array).unwrap();
    }
}

#[test]
fn mean_and_spread_are_written_for_every_time_point_and_output() {
    let place = tempfile::tempdir().unwrap();
    write_data(place.path(), 3);
    let arguments = ["--times", "0,1,10,100,inf", "--test-targets", "w.npy", "--json"];
    let found = json(&wide(place.path(), &arguments));
    assert_eq!(found["schema"], "solvable/wide/1");
    assert_eq!(found["times"][4], "inf");
    let folder = place.path().join("out/wide-X");
    let mean: Array3<f64> = ndarray_npy::read_npy(folder.join("mean.npy")).unwrap();
    let deviation: Array3<f64> = ndarray_npy::read_npy(folder.join("std.npy")).unwrap();
    assert_eq!((mean.dim(), deviation.dim()), ((5, 7, 2), (5, 7, 2)));
    for ((t, i, c), m) in mean.indexed_iter() {
        assert_eq!(found["mean"][t][i][c].as_f64().unwrap(), *m);
        assert_eq!(found["std"][t][i].as_f64().unwrap(), deviation[[t, i, c]]);
    }
    // Before training networks say nothing on average, and differ most.
    assert!(mean.index_axis(ndarray::Axis(0), 0).iter().all(|m| *m == 0.0));
    assert!(deviation.iter().all(|s| *s >= 0.0));
    let losses = numbers(&found["training_loss"]);
    assert!(losses.windows(2).all(|w| w[1] < w[0]) && losses[4] < 1e-20, "{losses:?}");
    let losses = numbers(&found["test_loss"]);
    assert!(losses[4] < 0.2 * losses[0], "{losses:?}");
    let csv = std::fs::read_to_string(folder.join("predictions.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 5 * 7 * 2);
    let last = csv.lines().last().unwrap();
    assert!(last.starts_with("inf,7,2,"), "{last}");
    let fields: Vec<f64> = last.split(',').skip(3).map(|x| x.parse().unwrap()).collect();
    assert_eq!(fields, [mean[[4, 6, 1]], deviation[[4, 6, 1]]]);
    for extension in ["svg", "pdf", "png", "csv"] {
        assert!(folder.join(format!("wide.{extension}")).metadata().unwrap().len() > 0);
    }
    // The command of the manifest gives the same document again.
    let words: Vec<&str> = found["manifest"]["command"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .chain(["--json"])
        .collect();
    assert_eq!(json(&solvable(place.path(), &words)), found);
}

#[test]
fn steps_momentum_and_the_last_layer_are_what_their_flags_say() {
    let place = tempfile::tempdir().unwrap();
    write_data(place.path(), 1);
    let run = |more: &[&str]| {
        let common = ["--layers", "dense erf dense", "--ridge", "0.01", "--out", "a", "--json"];
        json(&wide(place.path(), &[&common[..], more].concat()))
    };
    let mean = |found: &Value, t: usize| -> Vec<f64> {
        found["mean"][t].as_array().unwrap().iter().flat_map(numbers).collect()
    };
    let gap = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    let flow = run(&["--times", "1,100,inf"]);
    let steps = run(&["--times", "1,100,inf", "--steps"]);
    assert_eq!(mean(&flow, 2), mean(&steps, 2));
    let early = gap(&mean(&flow, 0), &mean(&steps, 0));
    assert!(early > 1e-3, "a step of half the largest rate is no flow: {early}");
    // A hundredth of the rate, a hundred times as many steps.
    let rate = format!("{:e}", 0.01 * flow["rate"].as_f64().unwrap());
    let fine = run(&["--times", "100,10000,inf", "--steps", "--rate", &rate]);
    assert!(gap(&mean(&flow, 0), &mean(&fine, 0)) < 0.02 * early);
    let heavy = run(&["--times", "1,100,inf", "--steps", "--momentum", "0.9"]);
    assert!(gap(&mean(&heavy, 2), &mean(&flow, 2)) < 1e-12);
    assert!(heavy["max_rate"].as_f64().unwrap() > 1.8 * steps["max_rate"].as_f64().unwrap());
    let last = run(&["--times", "inf", "--which", "nngp"]);
    assert!(gap(&mean(&last, 0), &mean(&flow, 2)) > 1e-3);
    for extension in ["svg", "png"] {
        assert!(place.path().join(format!("a/wide.{extension}")).exists(), "bands are drawn");
    }
}

#[test]
fn people_get_a_table() {
    let place = tempfile::tempdir().unwrap();
    write_data(place.path(), 2);
    let output = wide(place.path(), &["--times", "1,10,inf"]);
    let text = String::from_utf8_lossy(&output.stdout);
    for word in ["20 examples of 2 dimensions", "learning rate", "training loss", "std", "inf"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_would_be_right() {
    let place = tempfile::tempdir().unwrap();
    write_data(place.path(), 2);
    let other = Array2::<f64>::ones((4, 3));
    ndarray_npy::write_npy(place.path().join("other.npy"), &other).unwrap();
    let refusals: [(&[&str], i32, &[&str]); 12] = [
        (&["--times", "-1,2"], 2, &["--times", "time 1", "positive"]),
        (&["--times", "inf,3"], 2, &["inf", "last"]),
        (&["--times", "1.5", "--steps"], 2, &["--times", "1.5", "whole"]),
        (&["--layers", "dense rleu dense"], 2, &["rleu", "^^^^", "relu"]),
        (&["--layers", "3x3 relu gap dense"], 2, &["images", "--conv"]),
        (&["--ridge", "-1"], 2, &["--ridge", "zero or positive"]),
        (&["--rate", "0"], 2, &["--rate", "positive"]),
        (&["--steps", "--rate", "1e9", "--times", "1"], 2, &["--rate", "diverge", "below"]),
        (&["--momentum", "1"], 2, &["--momentum", "below 1"]),
        (&["--memory", "1e-6"], 2, &["GB", "in parts", "--memory"]),
        (&["--test-targets", "other.npy"], 3, &["other.npy", "(7, 2)"]),
        (&["--which", "both"], 2, &["--which", "nngp", "ntk"]),
    ];
    for (arguments, status, expected) in refusals {
        let output = wide(place.path(), arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        for word in expected {
            assert!(text.contains(word), "{arguments:?} does not mention {word}: {text}");
        }
        assert!(!place.path().join("out").exists(), "{arguments:?} left something behind");
    }
    let files = ["wide", "--train", "X.npy", "y.npy", "--test", "other.npy"];
    let output = solvable(place.path(), &files);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("other.npy") && text.contains("3 dimensions"), "{text}");
}

#[test]
fn equal_inputs_are_named_and_a_ridge_is_offered() {
    let place = tempfile::tempdir().unwrap();
    write_data(place.path(), 2);
    let mut x: Array2<f64> = ndarray_npy::read_npy(place.path().join("X.npy")).unwrap();
    let row = x.row(3).to_owned();
    x.row_mut(11).assign(&row);
    ndarray_npy::write_npy(place.path().join("X.npy"), &x).unwrap();
    let output = wide(place.path(), &["--times", "10,inf"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for word in ["examples 4 and 12", "same input", "--ridge"] {
        assert!(text.contains(word), "{text}");
    }
    assert!(!place.path().join("out").exists());
    for more in [&["--times", "10"][..], &["--times", "10,inf", "--ridge", "1e-3"]] {
        let output = wide(place.path(), more);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("warning: training examples 4 and 12"), "{text}");
    }
}
