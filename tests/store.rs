//! Results on disk: complete or untouched, and never at the cost of someone else's files.
#![cfg(feature = "cli")]

use std::path::{Path, PathBuf};

use solvable::Error;
use solvable::store::{Input, Manifest, OutDir};

fn place() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn manifest() -> Manifest {
    let mut manifest = Manifest::new(3);
    manifest.command = vec!["figure".into(), "saxe2014_fig3".into()];
    manifest.settings.insert("a0".into(), 1e-4.into());
    manifest
}

/// Writes `files` to `path` and finishes.
fn write(path: &Path, files: &[(&str, &str)], force: bool) -> solvable::Result<Manifest> {
    let mut out = OutDir::create(path, force)?;
    for (name, content) in files {
        out.write(name, content.as_bytes())?;
    }
    out.finish(manifest())
}

fn refusal<T: std::fmt::Debug>(result: solvable::Result<T>, parts: &[&str]) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Output { .. }), "{error:?}");
    assert_eq!(error.exit_code(), 5);
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

#[test]
fn nothing_is_created_before_the_first_file_is_ready() {
    let place = place();
    let path = place.path().join("a/b/results");
    let mut out = OutDir::create(&path, false).unwrap();
    assert!(names(place.path()).is_empty());
    out.write("loss.csv", b"1\n").unwrap();
    assert_eq!(names(&path), [".solvable-unfinished", "loss.csv"]);
    out.finish(manifest()).unwrap();
    assert_eq!(names(&path), ["loss.csv", "manifest.json"]);
}

#[test]
fn a_run_stopped_early_keeps_what_an_earlier_one_wrote() {
    let place = place();
    let first = write(place.path(), &[("a.csv", "1"), ("b.csv", "2"), ("c.csv", "3")], false);
    std::fs::remove_file(place.path().join("c.csv")).unwrap();
    let mut out = OutDir::create(place.path(), false).unwrap();
    out.write("a.csv", b"new").unwrap();
    out.keep_earlier().unwrap();
    let second = out.finish(manifest()).unwrap();
    let files: Vec<_> = second.outputs.iter().map(|output| output.file.as_str()).collect();
    assert_eq!(files, ["a.csv", "b.csv"]);
    assert_ne!(second.outputs[0].sha256, first.as_ref().unwrap().outputs[0].sha256);
    assert_eq!(second.outputs[1], first.unwrap().outputs[1]);
    write(place.path(), &[("b.csv", "newer")], false).unwrap();
}

#[test]
fn the_same_run_gives_the_same_bytes_anywhere() {
    let place = place();
    let run = |name: &str, files: &[(&str, &str)]| {
        let path = place.path().join(name);
        write(&path, files, false).unwrap();
        std::fs::read_to_string(path.join("manifest.json")).unwrap()
    };
    let first = run("a", &[("z.svg", "<svg/>"), ("b.csv", "1\n")]);
    assert_eq!(first, run("b", &[("b.csv", "1\n"), ("z.svg", "<svg/>")]));
    assert_eq!(first, run("a", &[("b.csv", "1\n"), ("z.svg", "<svg/>")]), "over an earlier run");
    assert!(!first.contains(&place.path().display().to_string()));
    let json: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(json["schema"], "solvable/manifest/1");
    assert_eq!(json["outputs"][0]["file"], "b.csv");
    assert_eq!(json["outputs"][1]["bytes"], 6);
    assert_eq!(json["settings"]["a0"], 1e-4);
    assert_eq!(json["seed"], 3);
    assert!(first.ends_with("}\n"));
}

#[test]
fn an_empty_directory_and_one_of_ours_are_written_into() {
    let place = place();
    write(place.path(), &[("a.csv", "old"), ("b.csv", "kept")], false).unwrap();
    write(place.path(), &[("a.csv", "new"), ("c.csv", "")], false).unwrap();
    assert_eq!(std::fs::read(place.path().join("a.csv")).unwrap(), b"new");
    assert_eq!(names(place.path()), ["a.csv", "b.csv", "c.csv", "manifest.json"]);
}

#[test]
fn a_directory_of_someone_else_is_refused_and_left_alone() {
    let place = place();
    for name in ["a.csv", "notes.txt", "p.png", "q.png"] {
        std::fs::write(place.path().join(name), "theirs").unwrap();
    }
    let parts =
        ["holds a.csv, notes.txt, p.png and 1 more, and no manifest.json of this", "--force"];
    refusal(OutDir::create(place.path(), false), &parts);
    write(place.path(), &[("a.csv", "ours")], true).unwrap();
    assert_eq!(names(place.path()), ["a.csv", "manifest.json", "notes.txt", "p.png", "q.png"]);
    assert_eq!(std::fs::read(place.path().join("notes.txt")).unwrap(), b"theirs");
    assert_eq!(std::fs::read(place.path().join("a.csv")).unwrap(), b"ours");
}

#[test]
fn a_manifest_that_is_not_ours_does_not_make_a_directory_ours() {
    for content in [
        "",
        "[]",
        "{\"schema\": \"other/1\", \"outputs\": []}",
        "{\"schema\": \"solvable/manifest/1\"}",
        "{\"outputs\": 3}",
    ] {
        let place = place();
        std::fs::write(place.path().join("manifest.json"), content).unwrap();
        refusal(OutDir::create(place.path(), false), &["manifest.json is not of this program"]);
    }
}

#[test]
fn a_file_the_manifest_does_not_list_is_not_replaced() {
    let place = place();
    write(place.path(), &[("a.csv", "ours")], false).unwrap();
    std::fs::write(place.path().join("b.csv"), "theirs").unwrap();
    let result = write(place.path(), &[("a.csv", "new"), ("b.csv", "new")], false);
    refusal(result, &["b.csv: a file of this name exists", "does not list", "--force"]);
    assert_eq!(std::fs::read(place.path().join("b.csv")).unwrap(), b"theirs");
    write(place.path(), &[("b.csv", "new")], true).unwrap();
    assert_eq!(std::fs::read(place.path().join("b.csv")).unwrap(), b"new");
}

#[test]
fn paths_that_cannot_be_directories_are_refused_at_once() {
    let place = place();
    let file = place.path().join("file");
    std::fs::write(&file, "theirs").unwrap();
    refusal(OutDir::create(&file, true), &["it is a file, not a directory", "another path"]);
    refusal(OutDir::create(file.join("x/y"), true), &["file is a file, not a directory"]);
    #[cfg(target_os = "linux")]
    refusal(OutDir::create("/proc/results", false), &["/proc/results: "]);
}

#[test]
fn two_runs_do_not_write_to_one_directory_at_once() {
    let place = place();
    let path = place.path().join("results");
    let mut first = OutDir::create(&path, false).unwrap();
    let mut second = OutDir::create(&path, false).unwrap();
    first.write("a.csv", b"first").unwrap();
    refusal(second.write("a.csv", b"second"), &["another run is writing here", "wait"]);
    refusal(OutDir::create(&path, true), &["another run is writing here"]);
    first.finish(manifest()).unwrap();
    assert_eq!(std::fs::read(path.join("a.csv")).unwrap(), b"first");
    assert_eq!(names(&path), ["a.csv", "manifest.json"], "no lock file is left");
    second.write("a.csv", b"second").unwrap();
}

#[test]
fn names_stay_within_the_directory() {
    let place = place();
    let mut out = OutDir::create(place.path().join("results"), true).unwrap();
    for name in ["", "../a", "/etc/a", "a/b", ".hidden", "manifest.json", "a\nb", "c:a"] {
        refusal(out.write(name, b""), &["not a name for a result file", "plain name"]);
    }
    assert!(names(place.path()).is_empty());
}

#[test]
fn leftovers_of_a_killed_run_do_not_block_the_next_and_are_removed() {
    let place = place();
    std::fs::write(place.path().join(".solvable-Ab3dEf.tmp"), "half a fi").unwrap();
    write(place.path(), &[("a.csv", "whole")], false).unwrap();
    assert_eq!(names(place.path()), ["a.csv", "manifest.json"]);
}

#[test]
fn a_run_that_ended_before_its_manifest_can_be_repeated_without_force() {
    let place = place();
    let mut out = OutDir::create(place.path(), false).unwrap();
    out.write("a.csv", b"old").unwrap();
    out.write("b.csv", b"old").unwrap();
    drop(out); // as if killed here
    write(place.path(), &[("a.csv", "new"), ("b.csv", "new")], false).unwrap();
    assert_eq!(names(place.path()), ["a.csv", "b.csv", "manifest.json"]);
    assert_eq!(std::fs::read(place.path().join("b.csv")).unwrap(), b"new");
}

#[test]
fn a_run_that_ended_early_does_not_make_other_files_ours() {
    let place = place();
    let mut out = OutDir::create(place.path(), false).unwrap();
    out.write("a.csv", b"old").unwrap();
    drop(out);
    std::fs::write(place.path().join("notes.txt"), "theirs").unwrap();
    refusal(OutDir::create(place.path(), false), &["holds a.csv, notes.txt", "--force"]);
}

#[test]
fn inputs_are_named_as_typed_with_their_digest() {
    let place = place();
    let path: PathBuf = place.path().join("x.csv");
    std::fs::write(&path, "").unwrap();
    assert_eq!(Input::of(&path).unwrap_err().exit_code(), 3);
    std::fs::write(&path, "abc").unwrap();
    let input = Input::of(&path).unwrap();
    assert_eq!(input.path, path.display().to_string());
    assert!(input.sha256.starts_with("ba7816bf") && input.bytes == 3);
}
