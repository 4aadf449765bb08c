//! The verb `curve` of the real program.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn solvable(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.current_dir(folder).args(arguments).output().expect("the program runs")
}

fn ridge(folder: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["curve", "--model", "ridge"];
    arguments.extend(more);
    solvable(folder, &arguments)
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

#[test]
fn theory_and_simulation_come_with_their_agreement_and_all_files() {
    let place = tempfile::tempdir().unwrap();
    let arguments =
        ["--ridge", "0.2", "--over", "alpha=0.2..5", "--simulate", "N=40,seeds=30", "--json"];
    let found = json(&ridge(place.path(), &arguments));
    assert_eq!(found["schema"], "solvable/curve/1");
    assert_eq!(found["grid"].as_array().unwrap().len(), 97);
    assert_eq!(found["simulation"]["grid"].as_array().unwrap().len(), 13);
    for agreement in found["agreement"].as_array().unwrap() {
        assert_eq!(agreement["holds"], true, "{agreement}");
    }
    assert_eq!(found["manifest"]["settings"]["parameters"]["ridge"], 0.2);
    for extension in ["svg", "pdf", "png", "csv"] {
        let file = place.path().join(format!("out/curve-ridge/curve.{extension}"));
        assert!(file.metadata().unwrap().len() > 0);
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
fn a_divergence_is_null_with_a_reason_and_never_a_number() {
    let place = tempfile::tempdir().unwrap();
    let arguments = ["--ridge", "0", "--over", "alpha=0.1..10", "--json"];
    let found = json(&ridge(place.path(), &arguments));
    let grid = found["grid"].as_array().unwrap();
    let at = grid.iter().position(|x| x == 1.0).expect("α = 1 is on the grid");
    assert_eq!(found["theory"]["test error"][at], Value::Null);
    assert_eq!(found["breaks"][0]["at"], 1.0);
    assert!(found["breaks"][0]["reason"].as_str().unwrap().contains("diverges"));
    let text = ridge(place.path(), &arguments[..4]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("diverges"));
    let warned = String::from_utf8_lossy(&text.stderr).into_owned();
    assert!(warned.starts_with("warning: test error diverges at α = 1"), "{warned}");
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_would_be_right() {
    let place = tempfile::tempdir().unwrap();
    let refusals: [(&[&str], &[&str]); 9] = [
        (&["--model", "ridg"], &["\"ridg\"", "ridge"]),
        (&["--model", "ridge", "--ridge", "-1"], &["--ridge", "-1", "from 0"]),
        (&["--model", "ridge", "--alpha", "2"], &["--alpha", "--over"]),
        (&["--model", "ridge", "--over", "beta=1..2"], &["beta", "alpha"]),
        (&["--model", "ridge", "--over", "alpha=2..1"], &["2", "below 1"]),
        (&["--model", "ridge", "--over", "alpha=0..1"], &["alpha", "0", "from 0.001"]),
        (&["--model", "ridge", "--simulate", "N=100,seeds=1"], &["seeds", "2"]),
        (&["--model", "ridge", "--simulate", "N=1000000"], &["GB", "smaller N"]),
        (&[], &["--model"]),
    ];
    for (arguments, expected) in refusals {
        let mut all = vec!["curve"];
        all.extend(arguments);
        let output = solvable(place.path(), &all);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        for word in expected {
            assert!(text.contains(word), "{arguments:?} does not mention {word}: {text}");
        }
        assert!(!place.path().join("out").exists(), "{arguments:?} left something behind");
    }
}

/// Smooth targets of three inputs in files, 60 examples.
fn write_data(folder: &Path) {
    let x = ndarray::Array2::from_shape_fn((60, 3), |(i, j)| {
        ((37 * i + 101 * j + 5 * i * j).pow(2) % 97) as f64 / 48.0 - 1.0
    });
    let y = x.map_axis(ndarray::Axis(1), |x| (x[0] + 0.5 * x[1] * x[2]).tanh() + 3.0);
    ndarray_npy::write_npy(folder.join("X.npy"), &x).unwrap();
    ndarray_npy::write_npy(folder.join("y.npy"), &y.insert_axis(ndarray::Axis(1))).unwrap();
}

#[test]
fn the_learning_curve_of_given_data_is_predicted_and_cross_validated() {
    let place = tempfile::tempdir().unwrap();
    write_data(place.path());
    for kernel in ["linear", "gaussian", "exponential", "network", "tangent"] {
        let arguments = ["curve", "--from", "X.npy", "y.npy", "--kernel", kernel, "--json"];
        let found = json(&solvable(place.path(), &[&arguments[..], &["--out", kernel]].concat()));
        let numbers = |value: &Value| -> Vec<f64> {
            value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
        };
        let theory = numbers(&found["theory"]["test error"]);
        let mean = numbers(&found["simulation"]["mean"]["test error"]);
        let sizes = numbers(&found["grid"]);
        assert!(sizes.windows(2).all(|w| w[0] < w[1]) && *sizes.last().unwrap() == 48.0);
        // Not a derived bound: a gross mistake would be off by factors.
        for (theory, mean) in theory.iter().zip(&mean) {
            assert!(theory / mean < 2.5 && mean / theory < 2.5, "{kernel}: {theory} {mean}");
        }
        assert_eq!(found["agreement"], Value::Null);
        assert!(place.path().join(kernel).join("curve.png").metadata().unwrap().len() > 0);
        let mut words: Vec<&str> = found["manifest"]["command"]
            .as_array()
            .unwrap()
            .iter()
            .map(|w| w.as_str().unwrap())
            .collect();
        words.extend(["--json", "--out", kernel]);
        assert_eq!(json(&solvable(place.path(), &words)), found);
    }
}

#[test]
fn data_that_cannot_be_learned_from_are_refused() {
    let place = tempfile::tempdir().unwrap();
    write_data(place.path());
    let constant = ndarray::Array2::<f64>::ones((60, 1));
    ndarray_npy::write_npy(place.path().join("one.npy"), &constant).unwrap();
    let few = ndarray::Array2::<f64>::eye(4);
    ndarray_npy::write_npy(place.path().join("few.npy"), &few).unwrap();
    let refusals: [(&[&str], i32, &str); 7] = [
        (&["--from", "X.npy", "one.npy"], 3, "target"),
        (&["--from", "few.npy", "few.npy"], 2, "10"),
        (&["--from", "X.npy", "few.npy"], 3, "60"),
        (&["--from", "X.npy", "none.npy"], 3, "none.npy"),
        (&["--from", "X.npy", "y.npy", "--snr", "5"], 2, "--snr"),
        (&["--from", "X.npy", "y.npy", "--width", "2", "--kernel", "linear"], 2, "--width"),
        (&["--from", "X.npy", "y.npy", "--splits", "1"], 2, "--splits is 1"),
    ];
    for (arguments, status, word) in refusals {
        let output = solvable(place.path(), &[&["curve"], arguments].concat());
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(word), "{arguments:?}: {text}");
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(!place.path().join("out").exists(), "{arguments:?} left something behind");
    }
}

#[test]
fn every_curve_is_listed_with_its_parameters() {
    let place = tempfile::tempdir().unwrap();
    let listed = json(&solvable(place.path(), &["curve", "--list", "--json"]));
    let known = solvable::models::CURVES;
    assert_eq!(listed["curves"].as_array().unwrap().len(), known.len());
    let text = solvable(place.path(), &["curve", "--list"]);
    let text = String::from_utf8_lossy(&text.stdout);
    for curve in known {
        assert!(text.contains(&format!("{}: {}", curve.name, curve.summary)));
        for parameter in curve.parameters {
            assert!(text.contains(&format!("--{}", parameter.name)));
        }
    }
}
