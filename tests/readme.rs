//! The commands on the front page, run as written: each must succeed, and print what the page shows.
#![cfg(all(feature = "cli", feature = "parallel"))]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use ndarray::{Array2, Array4, Axis};
use ndarray_npy::write_npy;

const README: &str = include_str!("../README.md");
/// Commands of others, or too long for a test.
const NOT_RUN: [&str; 4] = ["cargo test", "cargo bench", "cargo install", "python"];
/// Stands for lines that the page leaves out.
const LEFT_OUT: &str = "…";

/// A command and the lines that the page shows below it.
struct Example {
    command: String,
    printed: Vec<String>,
}

/// The content of the blocks in one language.
fn blocks(language: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside: Option<bool> = None;
    for line in README.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(info), None) => {
                inside = Some(info == language);
                if info == language {
                    found.push(String::new());
                }
            }
            (Some(_), Some(_)) => inside = None,
            (None, Some(true)) => {
                let block = found.last_mut().expect("a block was just opened");
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    assert!(inside.is_none(), "a block is not closed");
    found
}

fn examples() -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    for block in blocks("console") {
        assert!(block.starts_with("$ "), "a console block starts with a command:\n{block}");
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => {
                    found.push(Example { command: command.to_owned(), printed: Vec::new() });
                }
                None => {
                    let example = found.last_mut().expect("the block starts with a command");
                    example.printed.push(line.to_owned());
                }
            }
        }
    }
    found
}

/// The program's arguments; `None` if the command is not run here.
fn arguments(command: &str) -> Option<Vec<String>> {
    if NOT_RUN.iter().any(|other| command.starts_with(other)) {
        return None;
    }
    let program = ["solvable ", "cargo run --release -- "];
    let rest = program.iter().find_map(|program| command.strip_prefix(program));
    let rest = rest.unwrap_or_else(|| panic!("what is this: {command}"));
    assert!(!rest.contains(['|', '>', '\'']), "no shell here: {command}");
    // What stands in double quotes is one word.
    let mut words: Vec<String> = Vec::new();
    for (i, part) in rest.split('"').enumerate() {
        match i % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    let at_length = words[0] == "reproduce" && !words.iter().any(|word| word == "--quick");
    (!at_length).then_some(words)
}

/// The files that the page speaks of.
fn prepare(place: &Path) {
    let tables = blocks("csv");
    assert_eq!(tables.len(), 1, "the page shows one table");
    fs::write(place.join("animals.csv"), &tables[0]).unwrap();
    let inputs = Array2::from_shape_fn((20, 2), |(i, j)| ((3 * i + 7 * j * i) % 11) as f64 / 11.0);
    write_npy(place.join("X.npy"), &inputs).unwrap();
    let targets = inputs.map_axis(Axis(1), |x| x[0] - x[0] * x[1]).insert_axis(Axis(1));
    write_npy(place.join("Y.npy"), &targets).unwrap();
    write_npy(place.join("Z.npy"), &(0.5 * &inputs)).unwrap();
    let images = Array4::from_shape_fn((3, 6, 6, 1), |(i, r, c, _)| ((i + r * c) % 5) as f64);
    write_npy(place.join("images.npy"), &images).unwrap();
}

/// A line as words: columns may be aligned differently where the page leaves out their longest cell.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first line shown that is not printed after those before it.
fn missing<'a>(shown: &'a [String], printed: &str) -> Option<&'a String> {
    let mut lines = printed.lines().map(words);
    shown.iter().filter(|line| *line != LEFT_OUT).find(|line| {
        let line = words(line);
        !lines.any(|printed| printed == line)
    })
}

#[test]
fn every_command_on_the_page_succeeds_and_prints_what_is_shown() {
    let place = tempfile::tempdir().unwrap();
    prepare(place.path());
    let mut n_run = 0;
    for Example { command, printed } in examples() {
        let Some(arguments) = arguments(&command) else {
            assert!(printed.is_empty(), "nobody checks what is shown below {command}");
            continue;
        };
        let mut program = Command::new(env!("CARGO_BIN_EXE_solvable"));
        let output = program.args(arguments).current_dir(place.path()).output().unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(0), "{command}\n{err}");
        if let Some(line) = missing(&printed, &format!("{out}{err}")) {
            panic!("{command} does not print\n{line}\nbut\n{out}{err}");
        }
        n_run += 1;
    }
    assert!(n_run >= 8, "only {n_run} commands are run");
}

#[test]
fn every_verb_and_exit_status_is_on_the_page() {
    let help = Command::new(env!("CARGO_BIN_EXE_solvable")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let section = |title: &str| {
        let lines = help.lines().skip_while(|line| *line != title).skip(1);
        let rows = lines.take_while(|line| line.starts_with("  ")).map(str::trim);
        let rows: Vec<_> = rows.filter_map(|row| row.split_once("  ")).collect();
        assert!(!rows.is_empty(), "{title}");
        rows
    };
    let groups = ["Your data", "Theories", "Networks", "Figures", "Trust", "Shell"];
    for (verb, _) in groups.iter().flat_map(|group| section(&format!("{group}:"))) {
        assert!(README.contains(&format!("| `{verb}")), "{verb} is not in the table of verbs");
    }
    for (status, meaning) in section("Exit status:") {
        let row = format!("| {status} | {} |", meaning.trim());
        assert!(README.contains(&row), "missing: {row}");
    }
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let targets = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.starts_with("http") && !target.starts_with('#'));
    let dead: Vec<_> = local.filter(|target| !root.join(target).exists()).collect();
    assert!(dead.is_empty(), "no such file: {dead:?}");
}
