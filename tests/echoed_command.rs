//! The command in a manifest, run again: the same bytes, whatever was typed.
#![cfg(all(feature = "cli", feature = "parallel"))]

use std::path::Path;
use std::process::Command;

use ndarray::{Array2, Axis};
use ndarray_npy::write_npy;
use serde_json::Value;

/// Every verb that writes a manifest, with flags that are not so by default, and what is recorded.
/// Where results go, how many threads there are and what is printed are no part of it.
const TYPED: [(&str, &str); 13] = [
    (
        "-q learn --quick --seed 3 --init lambda --lambda -0.5 --style slides -- -t.csv",
        "learn --init lambda --lambda=-0.5 --seed 3 --quick --style slides -- -t.csv",
    ),
    (
        "learn worm --json --times 0,1.50,25 --layers=3 --scale 2e-1 --focus worm,bones --quick",
        "learn worm --layers 3 --scale 2e-1 --times 0,1.50,25 --focus worm,bones --quick",
    ),
    (
        "learn --targets=-y.npy --inputs X.npy --embed --hidden 4 --until 2 --activation tanh --quick",
        "learn --inputs X.npy --targets=-y.npy --hidden 4 --until 2 --activation tanh --embed --quick",
    ),
    (
        "curve --over alpha=0.5..4 --ridge 0.2 --model ridge --points 12 --simulate N=20,seeds=4",
        "curve --model ridge --ridge 0.2 --over alpha=0.5..4 --points 12 --simulate N=20,seeds=4",
    ),
    (
        "curve --from X.npy y.npy --kernel tangent --depth 2 --splits 3 --seed 4",
        "curve --depth 2 --from X.npy y.npy --kernel tangent --splits 3 --seed 4",
    ),
    (
        "environment tree --branching 3,2 --indicators --force",
        "environment tree --branching 3,2 --indicators",
    ),
    (
        "--threads 2 environment block --shared 5 --members 6 --items 20 --features 30 --seed 9",
        "environment block --items 20 --members 6 --shared 5 --features 30 --seed 9",
    ),
    ("environment ring --items 5 --edge 0.5", "environment ring --items 5 --edge 0.5"),
    (
        "online --students 3 --noise 0.1 --train both --until 4 --simulate N=50,seeds=2 --points 9",
        "online --students 3 --noise 0.1 --train both --until 4 --simulate N=50,seeds=2 --points 9",
    ),
    (
        "online --second-teacher V=-0.5 --switch 3 --teachers 1 --freeze --activation relu",
        "online --teachers 1 --activation relu --second-teacher V=-0.5 --switch 3 --freeze",
    ),
    (
        "wide --test X.npy --train X.npy y.npy --layers dense(w=1.2),erf,dense --memory 1 --steps --times 1,9",
        "wide --train X.npy y.npy --test X.npy --times 1,9 --layers dense(w=1.2),erf,dense --steps",
    ),
    (
        "wide --train X.npy y.npy --test X.npy --which nngp --times 0,inf --ridge 1e-1",
        "wide --train X.npy y.npy --test X.npy --times 0,inf --which nngp --ridge 1e-1",
    ),
    (
        "figure saxe2014_fig3 --set scale=0.2 --quick --seed 7 --set scale=0.1",
        "figure saxe2014_fig3 --set scale=0.2 --set scale=0.1 --quick --seed 7",
    ),
];

/// A word for each comma of `--layers`: a line of words has no other place for spaces.
fn words(line: &str) -> Vec<String> {
    let spaced = |word: &str| match word.starts_with("dense(") {
        true => word.replace(',', " "),
        false => word.to_owned(),
    };
    line.split(' ').map(spaced).collect()
}

fn prepare(place: &Path) {
    std::fs::write(place.join("-t.csv"), "item,a,b\nx,1,0\ny,0,1\nz,1,1\n").unwrap();
    let inputs = Array2::from_shape_fn((20, 2), |(i, j)| ((3 * i + 7 * j * i) % 11) as f64 / 11.0);
    let targets = inputs.map_axis(Axis(1), |x| x[0] - x[0] * x[1]).insert_axis(Axis(1));
    // No two inputs are the same.
    let inputs = &inputs + Array2::from_shape_fn((20, 2), |(i, _)| 0.01 * i as f64);
    write_npy(place.join("X.npy"), &inputs).unwrap();
    write_npy(place.join("y.npy"), &targets).unwrap();
    write_npy(place.join("-y.npy"), &targets).unwrap();
}

/// Runs the words with their results in `out`, and gives back all files.
fn files(place: &Path, words: &[String], out: &str) -> Vec<(String, Vec<u8>)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    // Before the words: behind "--" they would be no flags.
    let output = command.args(flags_first(words, out)).current_dir(place).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {errors}");
    let mut files: Vec<_> = std::fs::read_dir(place.join(out))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The words with `--out` behind the verb, or behind the kind of environment.
fn flags_first(words: &[String], out: &str) -> Vec<String> {
    let verbs = ["learn", "curve", "environment", "online", "wide", "figure"];
    let mut at = words.iter().position(|word| verbs.contains(&word.as_str())).expect("a verb");
    at += if words[at] == "environment" { 2 } else { 1 };
    let mut all = words.to_vec();
    all.splice(at..at, ["--out".to_owned(), out.to_owned()]);
    all
}

#[test]
fn the_recorded_command_of_every_verb_gives_the_same_bytes_again() {
    let place = tempfile::tempdir().unwrap();
    prepare(place.path());
    for (i, (typed, recorded)) in TYPED.into_iter().enumerate() {
        let (typed, recorded) = (words(typed), words(recorded));
        let first = files(place.path(), &typed, &format!("first-{i}"));
        let (_, manifest) = first.iter().find(|(name, _)| name == "manifest.json").unwrap();
        let manifest: Value = serde_json::from_slice(manifest).unwrap();
        assert_eq!(manifest["command"], serde_json::json!(recorded), "{typed:?}");
        let again = files(place.path(), &recorded, &format!("again-{i}"));
        let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
            files.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&first), names(&again), "{typed:?}");
        let different: Vec<_> =
            first.iter().zip(&again).filter(|(a, b)| a != b).map(|(a, _)| &a.0).collect();
        assert!(different.is_empty(), "{typed:?}: {different:?} differ");
    }
}
