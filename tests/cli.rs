//! The real program: what it prints where, with which exit status, and which files it leaves.
#![cfg(all(feature = "cli", feature = "parallel"))]

use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use solvable::figures::{self, Figure};
use solvable::{citation, models};

const VERBS: [&str; 12] = [
    "learn",
    "environment",
    "curve",
    "list",
    "online",
    "kernel",
    "wide",
    "figure",
    "reproduce",
    "check",
    "cite",
    "completions",
];

/// The program in a directory of its own, so that nothing lands among the sources.
fn solvable(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.args(arguments).current_dir(place);
    command
}

fn run(arguments: &[&str]) -> Output {
    let place = tempfile::tempdir().unwrap();
    solvable(place.path(), arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is UTF-8")
}

/// Standard output of a run that succeeds.
fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// Standard error of a run that fails so, with nothing on standard output.
fn failure(arguments: &[&str], status: i32) -> String {
    let output = run(arguments);
    let stderr = text(&output.stderr).to_owned();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    assert!(stderr.starts_with("error: "), "{arguments:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    stderr
}

/// One document with a schema and no other text.
fn document(stdout: &str, schema: &str) -> Value {
    let document: Value = serde_json::from_str(stdout).expect("exactly one JSON document");
    assert_eq!(document["schema"], schema);
    document
}

fn a_figure() -> &'static Figure {
    &figures::ALL[0]
}

#[test]
fn help_groups_the_verbs_and_each_starts_with_its_question() {
    let help = stdout(&["--help"]);
    assert!(help.starts_with("Examples:\n  solvable "), "{help}");
    for status in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "130 "] {
        assert!(help.contains(&format!("\n  {status}")), "no exit status {status}");
    }
    let place = |part: &str| {
        let found: Vec<_> = help.match_indices(part).map(|(at, _)| at).collect();
        assert_eq!(found.len(), 1, "{part:?} is not once in {help}");
        found[0]
    };
    let groups = ["Your data", "Theories", "Networks", "Figures", "Trust", "Shell", "Options"];
    let groups = groups.map(|group| place(&format!("\n\n{group}:\n")));
    assert!(groups.is_sorted(), "{help}");
    for verb in VERBS {
        let at = place(&format!("\n  {verb} "));
        assert!(groups[0] < at && at < groups[6], "{verb} is in no group of {help}");
        let (_, question) = help[at..].trim_start().split_once("  ").unwrap();
        let question = question.lines().next().unwrap().trim();
        assert!(question.ends_with('?'), "{question}");
        for help in [stdout(&[verb, "--help"]), stdout(&["help", verb]), stdout(&[verb, "-h"])] {
            assert!(help.starts_with(question), "{help}");
            let (before, after) = help.split_once("Examples:\n").unwrap();
            assert!(after.starts_with(&format!("  solvable {verb}")), "{help}");
            assert!(!before.contains("Usage:") && after.contains("Usage:"), "{help}");
        }
    }
    assert_eq!(stdout(&["--version"]), format!("solvable {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_name_in_an_example_exists() {
    let helps = VERBS.iter().map(|verb| stdout(&[verb, "--help"])).chain([stdout(&["--help"])]);
    for help in helps {
        for line in help.lines().filter(|line| line.starts_with("  solvable ")) {
            let words: Vec<_> = line.split_whitespace().skip(1).collect();
            let Some(name) = words.get(1).filter(|word| !word.starts_with('-')) else { continue };
            let known = match words[0] {
                "figure" => figures::find(name).is_ok(),
                "check" => models::all().any(|case| case.name == *name),
                "cite" => citation::keys().any(|key| name.starts_with(key)),
                _ => true,
            };
            assert!(known, "{line}");
        }
    }
}

#[test]
fn json_is_exactly_one_document_and_says_what_the_text_says() {
    let list = document(&stdout(&["list", "--json"]), "solvable/list/1");
    assert_eq!(list["models"].as_array().unwrap().len(), models::all().count());
    assert_eq!(list["figures"].as_array().unwrap().len(), figures::ALL.len());
    let plain = stdout(&["list"]);
    for entry in
        ["models", "curves", "figures"].iter().flat_map(|kind| list[*kind].as_array().unwrap())
    {
        let name = entry["name"].as_str().unwrap();
        assert!(plain.contains(&format!("\n{name} ")), "{name} is not in {plain}");
        let reference = entry["reference"].as_str().unwrap();
        assert!(citation::bibtex(reference).is_some(), "{name}: {reference}");
    }
}

#[test]
fn check_holds_every_model_against_its_simulation() {
    let output = run(&["check", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    let check = document(text(&output.stdout), "solvable/check/1");
    assert_eq!(check["holds"], true);
    let n_known = models::all().count() + models::curves().count();
    assert_eq!(check["models"].as_array().unwrap().len(), n_known);
    for model in check["models"].as_array().unwrap() {
        for agreement in model["agreement"].as_array().unwrap() {
            let number = |key: &str| agreement[key].as_f64().expect("a finite number");
            assert!(number("max_gap") <= number("tolerance"), "{model}");
            // The gap of a curve is that of the point nearest to its tolerance, not the largest.
            assert!(model["rate"].is_null() || number("rms_gap") <= number("max_gap"), "{model}");
        }
    }
}

#[test]
fn check_takes_one_model_and_other_seeds() {
    let name = models::all().next().unwrap().name;
    let table = stdout(&["check", name]);
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.lines().nth(1).unwrap().starts_with(name), "{table}");
    let json = stdout(&["check", name, "--seed", "8", "--seed", "9", "--json"]);
    let check = document(&json, "solvable/check/1");
    assert_eq!(check["models"][0]["seeds"], serde_json::json!([8, 9]));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let one = stdout(&["check", "--json", "--threads", "1"]);
    assert_eq!(stdout(&["--threads", "3", "check", "--json"]), one);
    let figure = a_figure();
    let files = |threads: &str| {
        let place = tempfile::tempdir().unwrap();
        let arguments = ["figure", figure.name, "--quick", "--threads", threads, "--out", "here"];
        solvable(place.path(), &arguments).assert().success();
        let mut files: Vec<_> = std::fs::read_dir(place.path().join("here"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_owned(), std::fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    };
    assert_eq!(files("1"), files("3"));
}

#[test]
fn unknown_names_suggest_what_was_meant() {
    let model = models::all().next().unwrap().name;
    let error = failure(&["check", &model[1..]], 2);
    assert!(error.contains("there is no model") && error.contains(model), "{error}");
    let error = failure(&["cite", "saxe2041"], 2);
    assert!(error.contains("saxe2014"), "{error}");
    assert!(failure(&["figure", "nothing_like_it"], 2).contains("there is no figure"));
    assert!(failure(&["fgure", "x"], 2).contains("'figure'"));
    assert!(failure(&["list", "--jsn"], 2).contains("'--json'"));
    let figure = a_figure();
    let error = failure(&["figure", &figure.name.to_uppercase()], 2);
    assert!(error.contains(figure.name), "{error}");
    let error = failure(&["figure", figure.name, "--set", "nonsense=1"], 2);
    for control in figure.parameters {
        assert!(error.contains(control.name) && error.contains(control.help), "{error}");
    }
}

#[test]
fn wrong_usage_is_told_before_anything_is_computed() {
    for (arguments, message) in [
        (&["figure", "x", "--set", "a0"][..], "NAME=NUMBER"),
        (&["figure", "x", "--set", "a0=nan"], "finite"),
        (&["figure", "x", "--seed", "-1"], "whole number"),
        (&["figure", "x", "--style", "poster"], "slides"),
        (&["figure"], "<NAME>"),
        (&["check", "--seed", "18446744073709551616"], "whole number"),
        (&["list", "--threads", "-2"], "from 0 to 1024"),
        (&["list", "--threads", "many"], "from 0 to 1024"),
        (&["completions", "tcsh"], "bash"),
    ] {
        let error = failure(arguments, 2);
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
    // Without a verb there is only help to give.
    assert_eq!(run(&[]).status.code(), Some(2));
}

#[test]
fn every_figure_and_model_and_key_can_be_cited() {
    let keys = stdout(&["cite"]);
    assert_eq!(keys.lines().collect::<Vec<_>>(), citation::keys().collect::<Vec<_>>());
    let models = models::all().map(|case| (case.name, case.reference));
    let figures = figures::ALL.iter().map(|figure| (figure.name, figure.reference));
    for (name, key) in models.chain(figures).chain([("saxe2014", "saxe2014")]) {
        let entry = format!("{}\n", citation::bibtex(key).unwrap());
        assert_eq!(stdout(&["cite", name]), entry, "{name}");
    }
}

#[test]
fn completions_know_every_verb_in_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&["completions", shell]);
        for verb in VERBS {
            assert!(script.contains(verb), "{verb} is not completed in {shell}");
        }
    }
}

#[test]
fn redirected_output_has_no_escape_bytes() {
    for arguments in [&["--help"][..], &["figure", "--help"], &["check"], &["list"], &["nonsense"]]
    {
        let output = run(arguments);
        assert!(!output.stdout.contains(&27) && !output.stderr.contains(&27), "{arguments:?}");
    }
}

#[test]
fn a_reader_who_leaves_early_is_no_error() {
    for arguments in [&["list"][..], &["cite"], &["completions", "bash"], &["check"], &["--help"]] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_solvable"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for arguments in [&["list"][..], &["cite", "saxe2014"], &["completions", "zsh"]] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_solvable"))
            .args(arguments)
            .stdout(full())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(5), "{arguments:?}");
        assert!(text(&output.stderr).starts_with("error: standard output"), "{arguments:?}");
    }
    // Nor does it matter that nobody hears of an error.
    let command = &mut std::process::Command::new(env!("CARGO_BIN_EXE_solvable"));
    let status = command.args(["check", "nobody"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_directory_of_someone_else_is_not_written_to() {
    let place = tempfile::tempdir().unwrap();
    let theirs = place.path().join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    std::fs::write(theirs.join("thesis.tex"), "years of work").unwrap();
    let figure = ["figure", a_figure().name, "--quick", "--out", "theirs"];
    let reproduce = ["reproduce", "--quick", "--out", "theirs", "--quiet"];
    for arguments in [reproduce, figure] {
        let output = solvable(place.path(), &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{arguments:?}");
        let error = text(&output.stderr);
        assert!(error.contains("thesis.tex") && error.contains("--force"), "{error}");
        assert_eq!(std::fs::read_dir(&theirs).unwrap().count(), 1);
    }
}

#[test]
fn a_figure_leaves_all_its_files_and_a_manifest_of_what_matters() {
    let figure = a_figure();
    let place = tempfile::tempdir().unwrap();
    let arguments = ["figure", figure.name, "--quick", "--seed", "5", "--threads", "2", "--json"];
    let output = solvable(place.path(), &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document = document(text(&output.stdout), "solvable/figure/1");
    let directory = place.path().join("out").join(figure.name);
    for file in document["files"].as_array().unwrap() {
        assert!(directory.join(file.as_str().unwrap()).is_file(), "{file}");
    }
    assert_eq!(document["files"].as_array().unwrap().len(), 4);
    let manifest = std::fs::read_to_string(directory.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let command = serde_json::json!(["figure", figure.name, "--quick", "--seed", "5"]);
    assert_eq!(manifest["command"], command);
    assert_eq!(manifest["agreement"].as_array().unwrap().len(), {
        document["agreement"].as_array().unwrap().len()
    });
    // The same again replaces its own files by the same bytes.
    let svg = std::fs::read(directory.join(format!("{}.svg", figure.name))).unwrap();
    solvable(place.path(), &arguments).assert().success();
    assert!(svg == std::fs::read(directory.join(format!("{}.svg", figure.name))).unwrap());
}

#[test]
fn the_controls_of_every_figure_can_be_listed() {
    for figure in figures::ALL {
        let table = stdout(&["figure", figure.name, "--controls"]);
        let json = stdout(&["figure", figure.name, "--controls", "--json"]);
        let controls = document(&json, "solvable/controls/1");
        for (i, control) in figure.parameters.iter().enumerate() {
            assert!(table.contains(&format!("\n{} ", control.name)), "{table}");
            assert_eq!(controls["controls"][i]["default"].as_f64(), Some(control.default));
        }
    }
}

#[test]
fn the_quick_gallery_shows_every_figure_and_leaves_the_committed_one_alone() {
    let place = tempfile::tempdir().unwrap();
    let output = solvable(place.path(), &["reproduce", "--quick", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let found = document(text(&output.stdout), "solvable/reproduce/1");
    let drawn = found["figures"].as_array().unwrap();
    assert!(drawn.iter().map(|f| &f["name"]).eq(figures::ALL.iter().map(|f| f.name)), "{found}");
    assert!(drawn.iter().all(|figure| figure["error"].is_null()), "{found}");
    let page = std::fs::read_to_string(place.path().join("out/quick/README.md")).unwrap();
    let manifest = std::fs::read(place.path().join("out/quick/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["command"], serde_json::json!(["reproduce", "--quick"]));
    assert_eq!(found["manifest"], manifest);
    assert!(page.contains("Drawn by `solvable reproduce --quick`;"), "{page}");
    for figure in figures::ALL {
        assert!(page.contains(&format!("]({}.png)", figure.name)), "{page}");
    }
    assert!(!page.contains(place.path().to_str().unwrap()), "{page}");
    assert!(!place.path().join("figures").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_gallery_at_once_and_leaves_a_directory_of_ours() {
    let place = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_solvable"))
        .args(["reproduce", "--out", "here"])
        .current_dir(place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let kill = std::process::Command::new("kill").arg("-INT").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    let asked = std::time::Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(asked.elapsed().as_secs() < 5);
    assert!(place.path().join("here/manifest.json").is_file());
}
