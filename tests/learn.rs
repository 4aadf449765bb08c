//! `solvable learn` as a user runs it: the real binary on tables and arrays of their own.
#![cfg(all(feature = "cli", feature = "parallel"))]

mod npy_files;

use std::path::Path;
use std::process::{Command, Output};

use npy_files::npy;
use serde_json::Value;

const TABLE: &str = "item,flies,swims\nrobin,1,0\nsalmon,0,1\ngoose,1,1\n";
const FILES: [&str; 9] = [
    "learning.csv",
    "learning.pdf",
    "learning.png",
    "learning.svg",
    "manifest.json",
    "modes.csv",
    "modes.pdf",
    "modes.png",
    "modes.svg",
];

fn place_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(place.path().join(name), content).unwrap();
    }
    place
}

fn learn(place: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.arg("learn").args(arguments).current_dir(place).output().unwrap()
}

fn succeeds(place: &Path, arguments: &[&str]) -> (String, String) {
    let output = learn(place, arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    (String::from_utf8(output.stdout).unwrap(), errors)
}

/// The document of `--json`; standard output must hold nothing else.
fn document(place: &Path, arguments: &[&str]) -> Value {
    let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&succeeds(place, &arguments).0).unwrap()
}

fn names(place: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(place).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Every file of a directory with its bytes.
fn contents(place: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = std::fs::read(place.join(&name)).unwrap();
        (name, bytes)
    };
    names(place).into_iter().map(read).collect()
}

#[test]
fn a_table_becomes_modes_curves_figures_and_a_manifest() {
    let place = place_with(&[("animals.csv", TABLE.as_bytes())]);
    let (text, notes) = succeeds(place.path(), &["animals.csv"]);
    assert!(text.starts_with("3 examples, 3 inputs, 2 outputs; theory: closed form"), "{text}");
    // s₁ = √3/3, along robin + salmon + 2 goose and flies + swims; s₂ = 1/3 separates the two.
    assert!(text.contains("\n1     0.577  1.73 "), "{text}");
    assert!(text.contains("+ goose, ") && text.contains("+ flies, swims"), "{text}");
    assert!(text.contains("  − ") && text.contains("half time"), "{text}");
    assert!(text.contains("mode 2") && text.contains("loss") && text.contains("holds"), "{text}");
    assert!(notes.contains("learn-animals: learning.csv"), "{notes}");
    assert_eq!(names(&place.path().join("out/learn-animals")), FILES);
}

#[test]
fn json_is_one_document_with_the_keys_that_are_documented() {
    let place = place_with(&[("animals.csv", TABLE.as_bytes())]);
    let found = document(place.path(), &["animals.csv", "--out", "out", "--times", "0,2.5,10"]);
    let expected = [
        "schema",
        "modes",
        "commutator",
        "times",
        "prediction",
        "simulation",
        "agreement",
        "manifest",
    ];
    assert_eq!(keys(&found), expected);
    assert_eq!(found["schema"], "solvable/learn/1");
    assert_eq!(keys(&found["modes"]), ["singular_values", "input_variances", "half_times"]);
    assert_eq!(numbers(&found["times"]), [0.0, 2.5, 10.0]);
    for part in ["prediction", "simulation"] {
        assert_eq!(keys(&found[part]), ["mode 1", "mode 2", "loss"]);
        assert!(found[part].as_object().unwrap().values().all(|curve| numbers(curve).len() == 3));
    }
    for agreement in found["agreement"].as_array().unwrap() {
        for key in ["observable", "max_gap", "rms_gap", "range", "tolerance"] {
            assert!(agreement.get(key).is_some(), "{key} is not in {agreement}");
        }
        let [gap, rms, tolerance] = ["max_gap", "rms_gap", "tolerance"].map(|k| &agreement[k]);
        assert!(rms.as_f64() <= gap.as_f64() && gap.as_f64() <= tolerance.as_f64());
    }
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(place.path().join("out/manifest.json")).unwrap())
            .unwrap();
    assert_eq!(found["manifest"], manifest);
    assert_eq!(found["commutator"], 0.0);
}

#[test]
fn the_numbers_are_those_of_the_closed_form() {
    let place = place_with(&[("animals.csv", TABLE.as_bytes())]);
    let flags = ["animals.csv", "--out", "out", "--scale", "0.1", "--times", "0,3,6,100"];
    let found = document(place.path(), &flags);
    // Items one-hot: Σx = I/3, and YᵀY/9 has eigenvalues 3/9 and 1/9.
    let (s, d) = ([1.0 / 3f64.sqrt(), 1.0 / 3.0], 1.0 / 3.0);
    let singular_values = numbers(&found["modes"]["singular_values"]);
    let half_times = numbers(&found["modes"]["half_times"]);
    for k in 0..2 {
        assert!((singular_values[k] - s[k]).abs() < 1e-14);
        assert!((numbers(&found["modes"]["input_variances"])[k] - d).abs() < 1e-15);
        let (u0, target) = (0.01, s[k] / d);
        let strength = |t: f64| target / (1.0 + (target / u0 - 1.0) * (-2.0 * s[k] * t).exp());
        let curve = numbers(&found["prediction"][format!("mode {}", k + 1)]);
        for (t, u) in [0.0, 3.0, 6.0, 100.0].into_iter().zip(curve) {
            assert!((u - strength(t)).abs() < 1e-12, "mode {}: {u} at {t}", k + 1);
        }
        assert!((half_times[k] - (target / u0 - 1.0).ln() / (2.0 * s[k])).abs() < 1e-12);
    }
    // Four ones in three items: ½·4/3 at first (but for the small start), nothing at the end.
    let loss = numbers(&found["prediction"]["loss"]);
    assert!((loss[0] - 2.0 / 3.0).abs() < 0.02 && loss[3].abs() < 1e-12, "{loss:?}");
}

#[test]
fn every_start_agrees_with_training_whether_inputs_are_white_or_not() {
    let x = "1,0.2\n0.3,-1\n-0.5,0.4\n0.8,0.9\n-1.1,0.3\n";
    let y = "1,0,0.5\n0,-1,0.2\n-1,0.5,0\n1,1,1\n-1,0.2,-0.7\n";
    let files: [(&str, &[u8]); 3] =
        [("t.csv", TABLE.as_bytes()), ("x.csv", x.as_bytes()), ("y.csv", y.as_bytes())];
    let place = place_with(&files);
    for data in [&["t.csv"][..], &["--inputs", "x.csv", "--targets", "y.csv"]] {
        for flags in [
            &["--init", "aligned"][..],
            &["--init", "balanced", "--seed", "1"],
            &["--init", "random", "--seed", "1"],
            &["--init", "lambda", "--lambda", "-0.5", "--seed", "1"],
            &["--layers", "1"],
            &["--layers", "3", "--scale", "0.3"],
            &["--layers", "3", "--scale", "0.3", "--init", "balanced", "--seed", "1"],
        ] {
            let all = [data, flags, &["--quick", "--out", "out"]].concat();
            let found = document(place.path(), &all);
            for agreement in found["agreement"].as_array().unwrap() {
                assert_eq!(agreement["holds"], true, "{flags:?}: {agreement}");
                assert!(agreement["tolerance"].is_f64(), "{flags:?}: {agreement}");
                let (gap, range) = (&agreement["max_gap"], agreement["range"].as_f64().unwrap());
                assert!(gap.as_f64().unwrap() < 0.06 * range.max(0.1), "{flags:?}: {agreement}");
            }
        }
    }
}

#[test]
fn nonlinear_units_are_compared_but_not_judged() {
    let place = place_with(&[("t.csv", TABLE.as_bytes())]);
    for units in ["tanh", "relu"] {
        let flags = ["t.csv", "--activation", units, "--quick", "--out", "out"];
        let found = document(place.path(), &flags);
        for agreement in found["agreement"].as_array().unwrap() {
            assert!(agreement["tolerance"].is_null() && agreement["max_gap"].as_f64() > Some(0.0));
        }
        let warnings = found["manifest"]["warnings"].to_string();
        assert!(warnings.contains(&format!("{units} units; theory is that of the linear")));
    }
}

#[test]
fn inputs_that_break_the_assumption_are_warned_about_with_a_number() {
    let files: [(&str, &[u8]); 2] =
        [("x.csv", b"1,0\n1,1\n0,1\n0.5,2\n"), ("y.csv", b"1,0\n0,1\n1,1\n0,2\n")];
    let place = place_with(&files);
    let flags = ["--inputs", "x.csv", "--targets", "y.csv", "--quick", "--out", "out"];
    let (_, notes) = succeeds(place.path(), &flags);
    let found = document(place.path(), &flags);
    let commutator = found["commutator"].as_f64().unwrap();
    assert!(commutator > 1e-3);
    let warning = format!("commutator of Σˣ and ΣʸˣᵀΣʸˣ is {commutator:.3e}");
    assert!(notes.contains("warning: ") && notes.contains(&warning), "{notes}");
    assert!(found["manifest"]["warnings"].to_string().contains(&warning));
}

#[test]
fn a_mode_that_the_start_cannot_learn_is_warned_about_and_not_judged() {
    // Some rotation of two items is a reflection, from which one mode is at a saddle for ever.
    let place = place_with(&[("t.csv", b"item,a,b\nx,1,0\ny,0,1\n")]);
    let warned = |seed: u64| {
        let seed = seed.to_string();
        let flags = ["t.csv", "--init", "balanced", "--seed", &seed, "--quick", "--out", "out"];
        let found = document(place.path(), &flags);
        let never = found["manifest"]["warnings"].to_string().contains("never learns mode");
        let judged = found["agreement"][0]["tolerance"].is_f64();
        assert_eq!(judged, !never, "{found}");
        assert_eq!(found["modes"]["half_times"].as_array().unwrap().contains(&Value::Null), never);
        never
    };
    let found: Vec<bool> = (0..6).map(warned).collect();
    assert!(found.contains(&true) && found.contains(&false), "{found:?}");
}

#[test]
fn a_table_of_zeros_has_nothing_to_learn_and_says_so() {
    let place = place_with(&[("zeros.csv", b"item,a,b\nx,0,0\ny,0,0\nz,0,0\n")]);
    for init in ["aligned", "balanced", "random", "lambda"] {
        let flags = ["zeros.csv", "--init", init, "--quick", "--out", "out"];
        let (_, notes) = succeeds(place.path(), &flags);
        assert!(notes.contains("warning: nothing to learn"), "{init}: {notes}");
    }
}

#[test]
fn constant_columns_and_equal_rows_are_no_obstacle() {
    let place = place_with(&[("t.csv", b"item,a,b,c\nx,1,0,5\ny,1,0,5\nz,0,0,5\n")]);
    let (_, notes) = succeeds(place.path(), &["t.csv", "--quick", "--out", "out"]);
    assert!(notes.contains("1 of 3 modes has nothing to learn"), "{notes}");
}

#[test]
fn arrays_of_any_byte_order_and_layout_are_the_same_data_as_csv() {
    let x = [[1.0, 0.25], [0.5, -1.0], [0.0, 2.0]];
    let y = [[1.0, 2.0, 3.0], [0.0, -1.5, 1.0], [1.0, 0.0, 0.125]];
    let csv = |rows: Vec<Vec<String>>| {
        rows.iter().map(|row| row.join(",") + "\n").collect::<String>().into_bytes()
    };
    let by_column = |j: usize, n: usize, at: &dyn Fn(usize, usize) -> f64| {
        (0..n).flat_map(|i| at(i, j).to_be_bytes()).collect::<Vec<u8>>()
    };
    let big: Vec<u8> = (0..2).flat_map(|j| by_column(j, 3, &|i, j| x[i][j])).collect();
    let little: Vec<u8> = y.iter().flatten().flat_map(|v: &f64| v.to_le_bytes()).collect();
    let single: Vec<u8> = y.iter().flatten().flat_map(|v| (*v as f32).to_be_bytes()).collect();
    let text = |rows: &[&[f64]]| {
        csv(rows.iter().map(|row| row.iter().map(f64::to_string).collect()).collect())
    };
    let place = place_with(&[
        ("x.csv", &text(&x.each_ref().map(|row| row.as_slice()))),
        ("y.csv", &text(&y.each_ref().map(|row| row.as_slice()))),
        ("x.npy", &npy(">f8", true, "(3, 2)", &big)),
        ("y.npy", &npy("<f8", false, "(3, 3)", &little)),
        ("y4.npy", &npy(">f4", false, "(3, 3)", &single)),
    ]);
    let learned = |inputs: &str, targets: &str| {
        let flags = ["--inputs", inputs, "--targets", targets, "--quick", "--out", "out"];
        let mut found = document(place.path(), &flags);
        found.as_object_mut().unwrap().remove("manifest");
        found.to_string()
    };
    let expected = learned("x.csv", "y.csv");
    for (inputs, targets) in [("x.npy", "y.npy"), ("x.npy", "y4.npy"), ("x.csv", "y.npy")] {
        assert_eq!(learned(inputs, targets), expected, "{inputs} {targets}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let place = place_with(&[("t.csv", TABLE.as_bytes())]);
    let learned = |threads: &str, out: &str, seed: &str| {
        let flags = ["t.csv", "--init", "random", "--seed", seed, "--threads", threads];
        let (text, _) = succeeds(place.path(), &[&flags[..], &["--out", out, "--json"]].concat());
        (text, contents(&place.path().join(out)))
    };
    let first = learned("1", "a", "5");
    assert_eq!(first.1.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), FILES);
    assert_eq!(learned("2", "b", "5"), first);
    assert_eq!(learned("7", "a", "5"), first, "over the earlier run");
    assert_ne!(learned("1", "c", "6"), first);
}

#[test]
fn the_manifest_tells_how_to_make_it_again_and_its_digests_are_right() {
    let place = place_with(&[("t.csv", TABLE.as_bytes())]);
    let flags = ["t.csv", "--layers", "3", "--scale", "0.4", "--out", "out", "--quick"];
    let manifest = &document(place.path(), &flags)["manifest"];
    assert_eq!(
        manifest["command"],
        serde_json::json!(["learn", "t.csv", "--layers", "3", "--scale", "0.4", "--quick"])
    );
    let settings = &manifest["settings"];
    assert_eq!((&settings["layers"], &settings["scale"]), (&3.into(), &0.4.into()));
    assert_eq!((&settings["hidden"], &settings["init"]), (&2.into(), &"aligned".into()));
    assert!(settings["rate"].as_f64() < settings["critical_rate"].as_f64());
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    assert!(manifest["rng"].as_str().unwrap().contains("ChaCha8"));
    assert_eq!(manifest["inputs"][0]["path"], "t.csv");
    assert_eq!(manifest["inputs"][0]["bytes"], TABLE.len());
    let outputs = manifest["outputs"].as_array().unwrap();
    assert_eq!(outputs.len(), FILES.len() - 1);
    for output in outputs {
        let bytes = std::fs::read(place.path().join("out").join(output["file"].as_str().unwrap()));
        assert_eq!(output["sha256"], sha256(&bytes.unwrap()), "{output}");
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn force_is_needed_for_a_directory_with_other_files_and_spares_them() {
    let place = place_with(&[("t.csv", TABLE.as_bytes())]);
    let out = place.path().join("out");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("learning.csv"), "theirs").unwrap();
    std::fs::write(out.join("notes.txt"), "theirs").unwrap();
    let flags = ["t.csv", "--quick", "--out", "out"];
    assert_eq!(learn(place.path(), &flags).status.code(), Some(5));
    assert_eq!(std::fs::read(out.join("learning.csv")).unwrap(), b"theirs");
    succeeds(place.path(), &[&flags[..], &["--force"]].concat());
    assert_eq!(std::fs::read(out.join("notes.txt")).unwrap(), b"theirs");
    assert_ne!(std::fs::read(out.join("learning.csv")).unwrap(), b"theirs");
    // Now it is ours, so that it may be written again.
    succeeds(place.path(), &flags);
}

#[test]
fn names_of_items_are_text_wherever_they_go() {
    let table = "item,\"a,b\",\"line\nbreak\"\n\"<script>alert(1)</script>\",1,0\n\
                 a_b^c*,0,1\n\"say \"\"hi\"\"\",1,1\n=1+1,1,0\n"
        .to_owned()
        + &"x".repeat(200)
        + ",0,1\n";
    let place = place_with(&[("t.csv", table.as_bytes())]);
    let (text, _) = succeeds(place.path(), &["t.csv", "--quick", "--out", "out"]);
    // A name that breaks its line would break the table of modes.
    assert!(text.lines().all(|line| !line.starts_with("break")), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 300), "{text}");
    let svg = std::fs::read_to_string(place.path().join("out/modes.svg")).unwrap();
    assert!(!svg.contains("<script"));
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_error() {
    let place = place_with(&[("t.csv", TABLE.as_bytes())]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
    command.args(["learn", "t.csv", "--quick", "--out", "out"]).current_dir(place.path());
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(names(&place.path().join("out")), FILES);
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_whole_files_and_can_be_repeated() {
    let place = place_with(&[("t.csv", TABLE.as_bytes())]);
    let flags = ["t.csv", "--quick", "--out", "out"];
    succeeds(place.path(), &["t.csv", "--quick", "--out", "expected"]);
    let expected = contents(&place.path().join("expected"));
    let out = place.path().join("out");
    for milliseconds in [1, 2, 3, 5, 8] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solvable"));
        command.arg("learn").args(flags).current_dir(place.path());
        let quiet = std::process::Stdio::null;
        let mut child = command.stdout(quiet()).stderr(quiet()).spawn().unwrap();
        while !out.exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, bytes) in contents(&out).iter().filter(|(name, _)| !name.starts_with('.')) {
            let whole = expected.iter().any(|(other, whole)| other == name && whole == bytes);
            assert!(whole, "{name} of {} bytes", bytes.len());
        }
        succeeds(place.path(), &flags);
        assert_eq!(contents(&out), expected);
        std::fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn the_recorded_command_gives_the_same_bytes_again() {
    let place = place_with(&[("animals.csv", TABLE.as_bytes())]);
    let typed: &[&[&str]] = &[
        &["animals.csv", "--init", "lambda", "--lambda", "-0.5", "--seed", "3", "--hidden", "2"],
        &["animals.csv", "--times", "0,0.1,25", "--scale", "1e-5", "--layers", "3", "--quick"],
        &["animals.csv", "--activation", "tanh", "--until", "12.5", "--rate", "0.01", "--quick"],
    ];
    for flags in typed {
        let first = document(place.path(), &[flags, &["--out", "first"][..]].concat());
        let recorded: Vec<&str> = first["manifest"]["command"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap())
            .collect();
        assert_eq!(recorded[..2], ["learn", "animals.csv"], "{recorded:?}");
        document(place.path(), &[&recorded[1..], &["--out", "again"]].concat());
        assert_eq!(contents(&place.path().join("first")), contents(&place.path().join("again")));
    }
}
