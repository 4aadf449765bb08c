//! `solvable learn` on input that nobody can learn from: one clear message, the right exit status,
//! nothing written, and at once.
#![cfg(all(feature = "cli", feature = "parallel"))]

mod npy_files;

use npy_files::npy;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Generous, for a busy machine; measured are 5 to 15 milliseconds.
const AT_ONCE: Duration = Duration::from_secs(10);
const TABLE: &str = "item,flies,swims\nrobin,1,0\nsalmon,0,1\ngoose,1,1\n";

fn learn(place: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.arg("learn").args(arguments).current_dir(place).output().unwrap()
}

fn names(place: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(place).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Asserts that the command is refused with this status and a message that holds all the parts.
fn refused(place: &Path, arguments: &[&str], status: i32, parts: &[&str]) {
    let before = names(place);
    let start = Instant::now();
    let output = learn(place, arguments);
    let elapsed = start.elapsed();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?} wrote to standard output");
    assert!(message.starts_with("error: "), "{arguments:?}: {message}");
    assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    for part in parts {
        assert!(message.contains(part), "{arguments:?}: {part:?} is not in {message:?}");
    }
    assert!(message.len() < 700, "{arguments:?}: {message}");
    assert_eq!(names(place), before, "{arguments:?} left something behind");
    assert!(elapsed < AT_ONCE, "{arguments:?} took {elapsed:?}");
}

/// As [`refused`] for a table of this content: unusable data.
fn table_refused(content: impl AsRef<[u8]>, parts: &[&str]) {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("t.csv"), content).unwrap();
    refused(place.path(), &["t.csv", "--out", "out"], 3, parts);
    refused(place.path(), &["t.csv", "--json", "--out", "a/b"], 3, parts);
}

/// As [`refused`] for targets of this content beside good inputs.
fn targets_refused(content: &[u8], parts: &[&str]) {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("x.csv"), "1,0\n0,1\n1,1\n").unwrap();
    std::fs::write(place.path().join("y.npy"), content).unwrap();
    let arguments = ["--inputs", "x.csv", "--targets", "y.npy", "--out", "out"];
    refused(place.path(), &arguments, 3, parts);
}

/// As [`refused`] for flags on a good table: wrong usage.
fn flags_refused(flags: &[&str], parts: &[&str]) {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("t.csv"), TABLE).unwrap();
    let arguments: Vec<_> = ["t.csv", "--out", "out"].iter().chain(flags).copied().collect();
    refused(place.path(), &arguments, 2, parts);
}

#[test]
fn a_file_that_is_not_there_is_refused_with_the_nearest_name() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("animals.csv"), TABLE).unwrap();
    let parts = ["animal.csv: there is no such file", "did you mean \"animals.csv\"?"];
    refused(place.path(), &["animal.csv", "--out", "out"], 3, &parts);
    let pair = ["--inputs", "x.npy", "--targets", "animals.csv"];
    refused(place.path(), &pair, 3, &["x.npy: there is no such file"]);
}

#[test]
fn a_directory_or_a_pipe_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("data")).unwrap();
    std::fs::write(place.path().join("data/animals.csv"), TABLE).unwrap();
    refused(place.path(), &["data"], 3, &["data: it is a directory", "animals.csv"]);
    #[cfg(unix)]
    {
        let pipe = place.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        refused(place.path(), &["pipe"], 3, &["pipe: it is not a regular file"]);
        refused(place.path(), &["/dev/zero"], 3, &["/dev/zero: it is not a regular file"]);
        std::os::unix::fs::symlink("loop", place.path().join("loop")).unwrap();
        refused(place.path(), &["loop"], 3, &["loop: it cannot be read"]);
    }
}

#[test]
fn a_table_without_rows_or_features_is_refused() {
    table_refused("", &["t.csv: the file is empty"]);
    table_refused("\n\n", &["t.csv: the file holds no rows"]);
    table_refused("item,a,b\n", &["t.csv: there is a header but no row", "one row per example"]);
    table_refused("item,a,b\nx,1,0\n", &["t.csv: it holds a single item", "at least two"]);
    table_refused("item\nx\ny\n", &["t.csv, row 1: there is no feature column", "\"item\""]);
}

#[test]
fn a_row_of_another_length_is_named() {
    let parts = ["t.csv, row 3: the row has 2 cells, the first row has 3", "write 0 where"];
    table_refused("item,a,b\nx,1,0\ny,1\n", &parts);
    table_refused("item,a,b\nx,1,0\ny,1,2,3\n", &["row 3: the row has 4 cells", "decimals"]);
}

#[test]
fn a_cell_that_is_not_a_finite_number_is_named_by_row_and_column() {
    for (cell, problem) in [
        ("furry", "\"furry\" is not a number; write a number like 0.5"),
        ("", "the cell is empty; write a number"),
        ("nan", "\"nan\" marks a missing value"),
        ("NA", "\"NA\" marks a missing value"),
        ("inf", "\"inf\" is too large; write a number between -1e150 and 1e150"),
        ("-inf", "\"-inf\" is too large"),
        ("1e999", "\"1e999\" is too large"),
        ("\"0,5\"", "\"0,5\" has a comma; write 0.5"),
        ("yes", "\"yes\" is not a number; write 1 for yes and 0 for no"),
    ] {
        let table = format!("item,flies,swims\nrobin,1,0\nsalmon,0,{cell}\n");
        table_refused(table, &[&format!("t.csv, row 3, column \"swims\": {problem}")]);
    }
}

#[test]
fn text_that_is_not_a_clean_table_is_refused() {
    table_refused("item,a\nx,\"1\ny,0\n", &["row 2: a quote (\") is opened in row 2 and never"]);
    table_refused(b"item,a\nbr\xFCn,1\ny,0\n", &["row 2, column 1: byte 0xFC is not UTF-8"]);
    table_refused(b"item,a\nx\0,1\ny,0\n", &["row 2: the line holds a NUL byte"]);
    table_refused(b"\xFF\xFEi\0t\0", &["the file is UTF-16 text", "UTF-8"]);
    table_refused(b"PK\x03\x04....", &["a spreadsheet or an archive"]);
}

#[test]
fn names_that_do_not_tell_apart_are_refused() {
    let parts = ["row 4, column \"item\": item \"x\" is already in row 2", "a name of its own"];
    table_refused("item,a\nx,1\ny,0\nx,2\n", &parts);
    table_refused("item,a,a\nx,1,2\ny,0,2\n", &["row 1, column 3: \"a\" is also", "column 2"]);
    table_refused("item,a\n,1\ny,0\n", &["row 2, column \"item\": the item has no name"]);
    table_refused("item,a,\nx,1,2\ny,0,2\n", &["row 1, column 3: the column has no name"]);
}

#[test]
fn an_array_that_is_not_what_it_claims_is_refused() {
    let nan: Vec<u8> = [1.0, f64::NAN, 3.0].iter().flat_map(|x: &f64| x.to_le_bytes()).collect();
    let cases: [(Vec<u8>, &[&str]); 10] = [
        (b"NUMPY\x01\x00....".to_vec(), &["y.npy: the file starts with \"NUMPY", "np.save"]),
        (b"\x93NUM".to_vec(), &["y.npy: the file ends within its header"]),
        (b"\x93NUMPY\x09\x09....".to_vec(), &["NPY version 9.9 is not known"]),
        (
            npy("<f8", false, "(1000000, 100000)", &[]),
            &["y.npy: the header claims 800000000000 bytes", "the file has 0"],
        ),
        (npy("<f8", false, "(3, 2)", &[0; 40]), &["claims 48 bytes", "the file has 40"]),
        (npy("|O", false, "(3, 1)", &[0; 24]), &["Python objects (a pickle)", "dtype '|O'"]),
        (npy("<f8", false, "(3, 1, 1)", &[0; 24]), &["has shape (3, 1, 1), one of two dim"]),
        (npy("<c16", false, "(3, 1)", &[0; 48]), &["complex numbers (dtype '<c16')"]),
        (npy("<f8", false, "(0, 3)", &[]), &["the array is empty (shape (0, 3))"]),
        (npy("<f8", false, "(3, 1)", &nan), &["y.npy, x[1, 0]: the entry is NaN"]),
    ];
    for (content, parts) in cases {
        targets_refused(&content, parts);
    }
}

#[test]
fn a_pair_must_have_as_many_inputs_as_targets() {
    targets_refused(
        &npy("<f8", false, "(2, 1)", &[0; 16]),
        &["y.npy: it has 2 examples, x.csv has 3"],
    );
    flags_refused(&["--targets", "t.csv"], &["--targets"]);
    flags_refused(&["--inputs", "t.csv"], &["--inputs"]);
}

#[test]
fn flags_out_of_their_range_are_named_with_what_would_be_right() {
    for (flags, parts) in [
        (["--layers", "0"], ["'0' for '--layers", "a whole number from 1"]),
        (["--layers", "-2"], ["'-2' for '--layers", "a whole number from 1"]),
        (["--layers", "100000"], ["--layers is 100000", "at most 1000"]),
        (["--hidden", "0"], ["'0' for '--hidden", "a whole number from 1"]),
        (["--hidden", "1000000000"], ["number of weights is 5.00e9", "fewer hidden units"]),
        (["--scale", "-1"], ["'-1' for '--scale", "must be positive"]),
        (["--scale", "nan"], ["'nan' for '--scale", "must be a finite number"]),
        (["--scale", "1e5"], ["--scale is 100000", "not small"]),
        (["--scale", "1e-200"], ["--scale is 1.000e-200", "too small"]),
        (["--rate", "0"], ["'0' for '--rate", "must be positive"]),
        (["--rate", "1e999"], ["'1e999' for '--rate", "must be a finite number"]),
        (["--until", "0"], ["'0' for '--until", "must be positive"]),
        (["--until", "1e300"], ["number of steps", "end before time 1.000e300"]),
        (["--times", "1,0.5"], ["'1,0.5' for '--times", "time 2 is 0.5 after 1"]),
        (["--times", "0,nan"], ["--times", "time 2 (\"nan\"): must be a finite number"]),
        (["--lambda", "1"], ["--lambda", "--init lambda"]),
        (["--init", "small"], ["'small' for '--init", "aligned, balanced, random, lambda"]),
        (["--activation", "gelu"], ["'gelu' for '--activation", "linear, tanh, relu"]),
        (["--seed", "-1"], ["'-1' for '--seed", "from 0 to 18446744073709551615"]),
    ] {
        flags_refused(&flags, &parts);
    }
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    flags_refused(&["--until", "5", "--times", "1,2"], &["--until", "--times"]);
    flags_refused(&["--init", "lambda", "--layers", "3"], &["--layers is 3", "2 layers"]);
    let too_many = ["--lambda is 1: with 4 hidden units", "as many outputs (there are 2)"];
    flags_refused(&["--init", "lambda", "--lambda", "1", "--hidden", "4"], &too_many);
}

#[test]
fn an_unstable_learning_rate_is_refused_with_the_limit() {
    // Two layers: the curvature at the minimum is 2s with s = √3/3 here, the limit 2 over it.
    let parts = ["--rate is 1.75", "unstable from 1.732"];
    flags_refused(&["--rate", "1.75"], &parts);
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("t.csv"), TABLE).unwrap();
    let output = learn(place.path(), &["t.csv", "--out", "out", "--rate", "1.73", "--quick"]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_directory_of_results_that_cannot_be_used_is_refused_before_learning() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("t.csv"), TABLE).unwrap();
    std::fs::create_dir(place.path().join("theirs")).unwrap();
    std::fs::write(place.path().join("theirs/notes.txt"), "theirs").unwrap();
    let out = |path: &str, parts: &[&str]| {
        refused(place.path(), &["t.csv", "--out", path], 5, parts);
    };
    out("theirs", &["theirs: the directory holds notes.txt", "--force"]);
    out("t.csv", &["t.csv: it is a file, not a directory"]);
    out("t.csv/x", &["t.csv is a file, not a directory"]);
    assert_eq!(names(&place.path().join("theirs")), ["notes.txt"]);
    #[cfg(target_os = "linux")]
    out("/proc/results", &["/proc/results: "]);
}
