//! The verb `kernel` of the real program.

use std::path::Path;
use std::process::{Command, Output};

use ndarray::{Array2, Array4, Axis, s};
use ndarray_npy::{read_npy, write_npy};
use serde_json::Value;
use solvable::net::architecture::parse::{LayerDefaults, parse};
use solvable::wide::kernel::conv;
use solvable::wide::kernel::dense;

fn solvable(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.current_dir(folder).arg("kernel").args(arguments).output().expect("the program runs")
}

fn succeeds(folder: &Path, arguments: &[&str]) -> Output {
    let output = solvable(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn rows(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, 3), |(i, j)| ((1.7 * i as f64 + 0.4) * (j as f64 + 0.6)).sin())
}

fn images(n: usize) -> Array4<f64> {
    Array4::from_shape_fn((n, 5, 4, 2), |(i, r, c, d)| {
        ((1.3 * i as f64 + 0.7) * (r as f64 + 0.6) + 0.9 * c as f64 * (d as f64 + 0.5)).sin()
    })
}

/// A folder with X.npy, Z.npy (rows) and images.npy, others.npy.
fn folder() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    write_npy(path("X.npy"), &rows(6)).unwrap();
    write_npy(path("Z.npy"), &rows(9).slice(s![6.., ..])).unwrap();
    write_npy(path("images.npy"), &images(3)).unwrap();
    write_npy(path("others.npy"), &images(5).slice(s![3.., .., .., ..])).unwrap();
    place
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn kernels_of_rows_are_written_as_the_library_computes_them() {
    let place = folder();
    let words = "dense relu dense(w=1.2, b=0.3) erf dense";
    let mut defaults = LayerDefaults::default();
    for (which, std, other) in [("ntk", "1.3", None), ("nngp", "0.9", Some("Z.npy"))] {
        let mut arguments = vec!["--layers", words, "--in", "X.npy", "--out", "K.npy", "--force"];
        arguments.extend(["--which", which, "--weight-std", std, "--bias-std", "0.1"]);
        arguments.extend(other.iter().flat_map(|file| ["--other", *file]));
        let output = succeeds(place.path(), &arguments);
        let found: Array2<f64> = read_npy(place.path().join("K.npy")).unwrap();
        (defaults.weight_std, defaults.bias_std) = (std.parse().unwrap(), 0.1);
        let network = parse(words, &defaults).unwrap();
        let second = rows(9).slice_move(s![6.., ..]);
        let second = other.map(|_| second.view());
        let expected = dense::kernels(&network, rows(6).view(), second).unwrap();
        let expected = if which == "ntk" { expected.ntk } else { expected.nngp };
        assert_eq!(found, expected);
        let (n, m) = expected.dim();
        assert!(text(&output.stdout).contains(&format!("{n} x {m}")), "{}", text(&output.stdout));
        assert_eq!(text(&output.stderr), "K.npy\n");
    }
}

#[test]
fn kernels_of_images_are_written_as_the_library_computes_them() {
    let place = folder();
    let words = "3x3 relu 3x2/2 relu gap dense";
    let arguments = ["--conv", words, "--in", "images.npy", "--out", "K.npy", "--json"];
    let more = ["--padding", "circular", "--other", "others.npy"];
    let output = succeeds(place.path(), &[&arguments[..], &more].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found: Array2<f64> = read_npy(place.path().join("K.npy")).unwrap();
    let padding = solvable::net::architecture::Padding::Circular;
    let network = parse(words, &LayerDefaults { padding, ..LayerDefaults::default() }).unwrap();
    let second = images(5).slice_move(s![3.., .., .., ..]);
    let expected = conv::kernels(&network, images(3).view(), Some(second.view())).unwrap();
    assert_eq!(found, expected.ntk);
    assert_eq!(document["schema"], "solvable/kernel/1");
    assert_eq!(document["shape"], serde_json::json!([3, 2]));
    assert_eq!(document["kernel"], "ntk");
    assert_eq!(document["layers"], words);
    assert_eq!(document["diagonal"], Value::Null);
    assert_eq!(document["inputs"][1]["path"], "others.npy");
    assert_eq!(document["entries"][1], found.iter().copied().fold(f64::MIN, f64::max));
    // The same images are symmetric, and a batch without channels has one.
    let gray = images(3).index_axis_move(Axis(3), 0);
    write_npy(place.path().join("gray.npy"), &gray).unwrap();
    let arguments = ["--conv", words, "--in", "gray.npy", "--out", "S.npy", "--json"];
    let output = succeeds(place.path(), &[&arguments[..], &["--standard", "64"]].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found: Array2<f64> = read_npy(place.path().join("S.npy")).unwrap();
    assert_eq!(found, found.t());
    assert_eq!(document["parameterization"]["standard"], 64);
    assert!(document["eigenvalues"][0].as_f64().unwrap() > 0.0);
}

#[test]
fn architectures_are_checked_with_a_mark_under_the_word() {
    let place = folder();
    let before = files(place.path());
    for (option, words, expected) in [
        ("--layers", "dense rleu dense", vec!["dense rleu dense\n        ^^^^", "relu"]),
        ("--layers", "dense relu(2 dense", vec!["^"]),
        ("--layers", "relu dense", vec!["^^^^", "dense"]),
        ("--conv", "3x3 relu gap 3x3", vec!["             ^^^"]),
        ("--conv", "3x3/0 relu gap", vec!["^"]),
        ("--conv", "3x3 [ relu ] gap", vec!["^"]),
        ("--layers", "", vec!["no layer"]),
        ("--layers", "3x3 relu gap", vec!["--conv"]),
        ("--layers", "dense(w=-1)", vec!["w=-1", "not negative"]),
    ] {
        let input = if option == "--conv" { "images.npy" } else { "X.npy" };
        let output = solvable(place.path(), &[option, words, "--in", input, "--out", "K.npy"]);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {message}");
        for part in expected {
            assert!(message.contains(part), "{words:?} does not show {part:?}: {message}");
        }
        assert!(output.stdout.is_empty());
    }
    assert_eq!(files(place.path()), before, "nothing is left behind");
}

#[test]
fn images_that_do_not_survive_the_layers_are_refused_with_layer_and_size() {
    let place = folder();
    let before = files(place.path());
    for (words, code, expected) in [
        ("3x3/2 relu 3x3:valid relu gap", 3, vec!["layer 3", "3x2"]),
        ("pool4 gap", 3, vec![]),
        ("3x3 relu 3x3", 2, vec!["flatten or gap"]),
        ("3x3 relu dense gap", 2, vec!["layer 3", "1x1"]),
        ("3x3 [ relu 3x3/2 ] gap", 2, vec!["keep the size"]),
    ] {
        let arguments = ["--conv", words, "--in", "images.npy", "--out", "K.npy"];
        let output = solvable(place.path(), &arguments);
        let message = text(&output.stderr);
        if words == "pool4 gap" {
            // 5x4 holds one window of 4x4.
            assert!(output.status.success(), "{message}");
            std::fs::remove_file(place.path().join("K.npy")).unwrap();
            continue;
        }
        assert_eq!(output.status.code(), Some(code), "{words}: {message}");
        for part in expected {
            assert!(message.contains(part), "{words:?} does not mention {part:?}: {message}");
        }
    }
    assert_eq!(files(place.path()), before, "nothing is left behind");
}

#[test]
fn unusable_files_and_targets_are_refused_before_the_work() {
    let place = folder();
    let path = |name: &str| place.path().join(name);
    std::fs::write(path("cut.npy"), &std::fs::read(path("images.npy")).unwrap()[..200]).unwrap();
    let mut bad = images(3);
    bad[[2, 1, 0, 1]] = f64::NAN;
    write_npy(path("bad.npy"), &bad).unwrap();
    std::fs::write(path("old.npy"), b"precious").unwrap();
    let before = files(place.path());
    let dense = ["--layers", "dense relu dense"];
    let conv = ["--conv", "3x3 relu gap"];
    type Case<'a> = (&'a [&'a str], [&'a str; 2], &'a str, i32, &'a str);
    let cases: [Case<'_>; 12] = [
        (&conv, ["--in", "cut.npy"], "K.npy", 3, "the file has"),
        (&conv, ["--in", "bad.npy"], "K.npy", 3, "x[2, 1, 0, 1]"),
        (&conv, ["--in", "X.npy"], "K.npy", 3, "four dimensions"),
        (&dense, ["--in", "images.npy"], "K.npy", 3, "reshape(len(x), -1)"),
        (&dense, ["--in", "Y.npy"], "K.npy", 3, "no such file"),
        (
            &[&dense[..], &["--other", "images.npy"]].concat(),
            ["--in", "X.npy"],
            "K.npy",
            3,
            "shape",
        ),
        (
            &[&dense[..], &["--memory", "1e-7"]].concat(),
            ["--in", "X.npy"],
            "K.npy",
            2,
            "GB are the limit; compute blocks of fewer inputs with --other, or raise --memory",
        ),
        (
            &[&conv[..], &["--memory", "1e-6"]].concat(),
            ["--in", "images.npy"],
            "K.npy",
            2,
            "or raise --memory",
        ),
        (&dense, ["--in", "X.npy"], "old.npy", 5, "--force"),
        (&dense, ["--in", "X.npy"], "X.npy", 5, "computed from"),
        (&dense, ["--in", "X.npy"], "no/K.npy", 5, "directory does not exist"),
        (&[&dense[..], &["--weight-std", "nan"]].concat(), ["--in", "X.npy"], "K.npy", 2, "finite"),
    ];
    for (network, input, target, code, expected) in cases {
        let arguments = [network, &input, &["--out", target]].concat();
        let output = solvable(place.path(), &arguments);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    for arguments in
        [&["--in", "X.npy", "--out", "K.npy"][..], &dense, &[&dense[..], &conv].concat()]
    {
        assert_eq!(solvable(place.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(files(place.path()), before, "nothing is left behind");
    assert_eq!(std::fs::read(path("old.npy")).unwrap(), b"precious");
}

#[test]
fn channels_and_sizes_of_both_sets_must_agree() {
    let place = folder();
    write_npy(place.path().join("gray.npy"), &images(3).slice(s![.., .., .., ..1])).unwrap();
    write_npy(place.path().join("wide.npy"), &Array4::<f64>::ones((2, 5, 5, 2))).unwrap();
    for other in ["gray.npy", "wide.npy"] {
        let arguments = ["--conv", "3x3 relu gap", "--in", "images.npy", "--other", other];
        let output = solvable(place.path(), &[&arguments[..], &["--out", "K.npy"]].concat());
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{message}");
        assert!(message.contains("(n, 5, 4, 2), as the first images"), "{message}");
    }
}

#[test]
fn equal_examples_are_pointed_out_because_the_kernel_is_singular() {
    let place = folder();
    let mut x = rows(5);
    let first = x.row(1).to_owned();
    x.row_mut(4).assign(&first);
    write_npy(place.path().join("twice.npy"), &x).unwrap();
    let arguments = ["--layers", "dense relu dense", "--in", "twice.npy", "--out", "K.npy"];
    let output = succeeds(place.path(), &[&arguments[..], &["--quiet"]].concat());
    let message = text(&output.stderr);
    assert!(message.contains("examples 1 and 4 are the same") && message.contains("ridge"));
}
