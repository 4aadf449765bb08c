//! Users' CSV files: what is read, and what every refusal says.
#![cfg(feature = "cli")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use proptest::prelude::*;
use solvable::{Dataset, Error};

const GOOD: &str = "item,can fly,has fur\ncanary,1,0\ndog,0,1\nbat,1,1\n";

fn place() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn put(place: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = place.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The refusal of a table, after checking that it is quick and names the file.
fn refusal(path: &Path) -> String {
    let start = Instant::now();
    let error = Dataset::read_table(path).unwrap_err();
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    assert!(matches!(error, Error::Data { .. }), "{error:?}");
    assert_eq!(error.exit_code(), 3);
    let message = error.to_string();
    assert!(message.starts_with(&path.display().to_string()), "{message}");
    message
}

/// Asserts that a table is refused in words that hold each of `parts`.
fn refused(content: impl AsRef<[u8]>, parts: &[&str]) {
    let place = place();
    let message = refusal(&put(&place, "t.csv", content));
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

#[test]
fn a_table_gives_one_hot_items_and_their_features() {
    let place = place();
    let (data, warnings) = Dataset::read_table(put(&place, "t.csv", GOOD)).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(data.item_names, ["canary", "dog", "bat"]);
    assert_eq!(data.feature_names, ["can fly", "has fur"]);
    assert_eq!(data.inputs, ndarray::Array2::<f64>::eye(3));
    assert_eq!(data.targets, ndarray::arr2(&[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]));
}

#[test]
fn spreadsheet_habits_are_read_alike() {
    let place = place();
    let expected = Dataset::read_table(put(&place, "t.csv", GOOD)).unwrap().0;
    let windows = format!("\u{FEFF}{}\r\n\r\n  \r\n", GOOD.replace('\n', "\r\n"));
    assert_eq!(Dataset::read_table(put(&place, "w.csv", windows)).unwrap().0, expected);
    let quoted = "\"item\",\"can fly\",\"has fur\"\n\"canary\",\"1\", 0 \ndog,0,1.0e0\nbat,+1,1";
    assert_eq!(Dataset::read_table(put(&place, "q.csv", quoted)).unwrap().0, expected);
    for (separator, name) in [(";", "semicolons"), ("\t", "tabs")] {
        let path = put(&place, "s.csv", GOOD.replace(',', separator));
        let (data, warnings) = Dataset::read_table(&path).unwrap();
        assert_eq!(data, expected);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains(&format!("s.csv: columns are separated by {name}")));
    }
}

#[test]
fn constant_and_zero_tables_are_fine() {
    let place = place();
    let path = put(&place, "t.csv", "item,a,b\nx,0,0\ny,0,0\n");
    assert!(Dataset::read_table(path).unwrap().0.targets.iter().all(|y| *y == 0.0));
}

#[test]
fn a_missing_file_names_its_nearest_neighbor() {
    let place = place();
    put(&place, "animals.csv", GOOD);
    put(&place, "zebra.txt", GOOD);
    let message = refusal(&place.path().join("animal.csv"));
    assert!(message.contains("there is no such file; did you mean \""), "{message}");
    assert!(message.ends_with("animals.csv\"?"), "{message}");
    let message = refusal(&place.path().join("completely different.csv"));
    assert!(message.contains("the directory holds animals.csv, zebra.txt"), "{message}");
    let message = refusal(&place.path().join("no/where.csv"));
    assert!(message.contains("there is no directory"), "{message}");
    let message = refusal(&place.path().join("animals.csv/x.csv"));
    assert!(message.contains("part of its path is a file"), "{message}");
}

#[test]
fn a_directory_is_not_read() {
    let place = place();
    put(&place, "animals.csv", GOOD);
    let message = refusal(place.path());
    assert!(message.contains("is a directory, not a file; name a file in it: animals.csv"));
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_unopened() {
    let message = refusal(Path::new("/dev/zero"));
    assert!(message.contains("not a regular file but a pipe, device"), "{message}");
    let place = place();
    let pipe = place.path().join("pipe.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        assert!(refusal(&pipe).contains("not a regular file"));
    }
    let circle = place.path().join("circle.csv");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    assert!(refusal(&circle).contains("cannot be read"));
}

#[test]
fn files_without_data_are_refused() {
    refused("", &["the file is empty", "rows of numbers"]);
    refused("\n\r\n  \n", &["holds no rows"]);
    refused("item,a,b\n", &["a header but no row of numbers", "add one row per example"]);
    refused("item,a\ncanary,1\n", &["a single item", "at least two", "how items differ"]);
    refused("item\nx\ny\n", &["row 1", "no feature column, only \"item\"", "by commas"]);
}

#[test]
fn ragged_rows_are_refused_with_both_counts() {
    refused("item,a,b\nx,1,0\n\ny,1\n", &["row 4: the row has 2 cells, the first row has 3"]);
    refused("item,a\nx,0,5\ny,1\n", &["row 2: the row has 3 cells", "has 2", "(0.5)"]);
    refused("item,a,b\nx\ny,1,2\n", &["row 2: the row has 1 cell, the first row has 3"]);
}

#[test]
fn cells_that_are_not_numbers_are_named_with_row_column_and_remedy() {
    let cell = |text: &str, parts: &[&str]| {
        let content = format!("item,can fly,b\nx,1,0\ny,{text},1\n");
        let place = "row 3, column \"can fly\": ";
        refused(content, &[&[place], parts].concat());
    };
    cell("", &["the cell is empty", "write a number (0 where"]);
    cell("yes", &["\"yes\" is not a number", "write 1 for yes"]);
    cell("red", &["\"red\" is not a number", "like 0.5"]);
    cell("NaN", &["\"NaN\" marks a missing value", "leave out the row"]);
    cell("NA", &["\"NA\" marks a missing value"]);
    cell("inf", &["\"inf\" is too large", "1e150"]);
    cell("1e999", &["\"1e999\" is too large", "overflow when squared"]);
    cell("-2e150", &["\"-2e150\" is too large"]);
    cell("\"1,000\"", &["\"1,000\" has a comma", "write 1000 without", "1.000"]);
    cell("\"0,5\"", &["\"0,5\" has a comma", "write 0.5"]);
    cell("5 kg", &["\"5 kg\" is not a number alone", "without unit"]);
    cell("50%", &["\"50%\" is not a number alone"]);
    refused("item;a\nx;0,5\ny;1\n", &["row 2, column \"a\"", "\"0,5\"", "write 0.5"]);
}

#[test]
fn names_must_be_there_and_differ() {
    refused(
        "item,a\nx,1\ny,0\nx,1\n",
        &["row 4, column \"item\"", "item \"x\" is already in row 2"],
    );
    refused("item,a,b,a\nx,1,2,3\n", &["row 1, column 4", "\"a\" is also the name of column 2"]);
    refused("item,a,\nx,1,2\n", &["row 1, column 3", "the column has no name"]);
    refused("item,a\nx,1\n ,2\n", &["row 3", "the item has no name", "name every item"]);
    let place = place();
    let path = put(&place, "t.csv", ",0,1\nx,1,2\ny,3,4\n");
    let (data, warnings) = Dataset::read_table(path).unwrap();
    assert_eq!(data.feature_names, ["0", "1"]);
    assert!(warnings[0].contains("row 1 is read as the header although"), "{warnings:?}");
}

#[test]
fn open_quotes_are_refused_instead_of_swallowing_rows() {
    let open = "a quote (\") is opened in row 3 and never closed";
    refused("item,a\nx,1\n\"y,2\nz,3\n", &["row 3", open, "two quotes"]);
    // Where a later quote closes it, the csv crate reads one item and loses a row.
    refused("item,a\n\"x,1\n\"y\",2\nz,3\n", &["row 3, column 1", "follows a closing quote"]);
}

#[test]
fn files_that_are_not_utf8_text_are_refused() {
    let utf16: Vec<u8> =
        [0xFEFF].into_iter().chain(GOOD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    refused(utf16, &["UTF-16", "save it as CSV with the encoding UTF-8"]);
    let latin = b"item,a,b\nx,1,2\nb\xE4r,1,2\n";
    refused(latin, &["row 3, column 1", "byte 0xE4 is not UTF-8", "encoding UTF-8"]);
    refused(b"item,a\nx,1\ny,\0\n", &["row 3", "NUL byte", "NPY file"]);
    refused(b"PK\x03\x04....", &["spreadsheet", "CSV"]);
    refused(b"\x93NUMPY\x01\x00", &["NPY array, which has no names", "pair"]);
    refused("item,a\rx,1\ry,2\r", &["carriage return alone", "LF"]);
}

#[test]
fn endless_lines_and_quotes_stop_at_the_cap() {
    let place = place();
    let path = put(&place, "t.csv", vec![b'1'; 40 << 20]);
    assert!(refusal(&path).contains("row 1: the line is longer than 16 MiB"));
    let mut text = b"item,a\n\"x".to_vec();
    text.extend(b"\n1,2".repeat(5 << 20));
    let message = refusal(&put(&place, "q.csv", text));
    assert!(message.contains("row 2: a quote (\") opened here takes in more than 16 MiB"));
}

#[test]
fn a_table_of_too_many_items_is_refused_before_it_fills_memory() {
    let rows: String = (0..6000).map(|i| format!("item {i},1\n")).collect();
    refused(format!("item,a\n{rows}"), &["row 5002", "more than 5000 items", "as a pair"]);
}

#[test]
fn a_million_rows_are_read() {
    let place = place();
    let text: String = (0..1_000_000).map(|i| format!("{i},{}\n", i % 7)).collect();
    let path = put(&place, "x.csv", text);
    let (data, _) = Dataset::read_pair(&path, &path).unwrap();
    assert_eq!(data.n_samples(), 1_000_000);
    assert_eq!(data.inputs[[999_999, 0]], 999_999.0);
}

#[test]
fn a_pair_takes_names_where_there_are_any() {
    let place = place();
    let inputs = put(&place, "x.csv", "name,pixel 1,pixel 2\ncat,1,2\ndog,3,4\n");
    let targets = put(&place, "y.csv", "0.5\n-1.5\n");
    let (data, warnings) = Dataset::read_pair(&inputs, &targets).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(data.item_names, ["cat", "dog"]);
    assert_eq!(data.input_names, ["pixel 1", "pixel 2"]);
    assert_eq!(data.feature_names, ["feature 1"]);
    assert_eq!(data.targets, ndarray::arr2(&[[0.5], [-1.5]]));
}

#[test]
fn pairs_that_do_not_fit_are_refused() {
    let place = place();
    let pair = |x: &str, y: &str| {
        let (x, y) = (put(&place, "x.csv", x), put(&place, "y.csv", y));
        Dataset::read_pair(&x, &y).unwrap_err().to_string()
    };
    let message = pair("1,2\n3,4\n5,6\n", "1\n2\n");
    assert!(message.contains("y.csv: it has 2 examples, ") && message.contains("x.csv has 3"));
    let message = pair("a,1\nb,2\n", "a,1\nc,2\n");
    assert!(message.contains("y.csv, example 2: it is named \"c\", but \"b\" in "), "{message}");
    let message = pair("1,2\n", "1\n");
    assert!(message.contains("a single item"), "{message}");
    let message = pair("NA,2\n1,4\n", "1\n2\n");
    assert!(message.contains("x.csv, row 1, column 1: \"NA\" is not a number, but row 2 has 1"));
    let message = pair(",0,1\n1,2,3\n", "1\n2\n");
    assert!(message.contains("row 1, column 1: the cell is empty"), "{message}");
    assert!(message.contains("a first row that holds any number is not a header"), "{message}");
    let message = pair("a,b\nnan,1\n2,2\n", "1\n2\n");
    assert!(message.contains("x.csv, row 2, column \"a\": \"nan\" marks a missing"), "{message}");
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("within range", |x| x.abs() <= 1e150),
        Just(5e-324),
        Just(-0.0),
        Just(0.1 + 0.2),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn numbers_written_are_read_back_to_the_bit(
        rows in prop::collection::vec(prop::collection::vec(number(), 3), 2..8),
    ) {
        let place = place();
        let lines = rows.iter().enumerate().map(|(i, r)| format!("\"i{i}\",{},{:e},{}\n", r[0], r[1], r[2]));
        let text = format!("item,a,b,c\n{}", lines.collect::<String>());
        let (data, _) = Dataset::read_table(put(&place, "t.csv", text)).unwrap();
        let bits = |x: &f64| x.to_bits();
        let found: Vec<u64> = data.targets.iter().map(bits).collect();
        prop_assert_eq!(found, rows.iter().flatten().map(bits).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "[a1.\",;\t\r\n é-]{0,60}",
    ) {
        let place = place();
        for content in [bytes.as_slice(), text.as_bytes()] {
            let path = put(&place, "t.csv", content);
            let _ = (Dataset::read_table(&path), Dataset::read_pair(&path, &path));
        }
    }
}
