//! House rules that neither the compiler nor clippy checks. Each test collects all offenders
//! before it fails, so that one run shows everything there is to tidy.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use solvable::models::CURVES;
use solvable::parameter::{Parameter, ParameterKind};
use solvable::{citation, figures};

#[path = "tidy/graph.rs"]
mod graph;
#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/tokens.rs"]
mod tokens;

use graph::{Graph, circles, parts};

/// Longest source file, in lines.
const MAX_LINES: usize = 500;
/// Most source files in a folder.
const MAX_FILES: usize = 25;
/// Folders with Rust code of ours.
const CODE: [&str; 4] = ["src", "tests", "benches", "examples"];
/// Folders with text for readers.
const PROSE: [&str; 2] = ["docs", "notebooks"];

#[test]
fn every_work_cited_is_in_the_references() {
    let known: Vec<&str> = citation::keys().collect();
    let mut missing = Vec::new();
    for (file, text) in files_in(&["src"], &["rs"]).into_iter().chain(prose()) {
        let code = has_extension(&file, &["rs"]);
        for (number, line) in numbered(&text).filter(|(_, line)| !code || may_cite(line)) {
            for key in cited_keys(line).filter(|key| !known.contains(key)) {
                missing.push(format!("{}:{number}: {key}", file.display()));
            }
        }
    }
    report("not in references.bib", &missing);
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = files_in(&CODE, &["rs"])
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    report("longer than 500 lines: split by concept", &long);
}

#[test]
fn math_in_documentation_is_in_code_form() {
    let mut bare = Vec::new();
    for (file, text) in files_in(&["src"], &["rs"]) {
        for (number, block) in doc_blocks(&text) {
            if let Some(excerpt) = bare_dollar(&block) {
                bare.push(format!("{}: doc from line {number}: {excerpt}", file.display()));
            }
        }
    }
    report("write math as $`…`$ or in a ```math block", &bare);
}

#[test]
fn every_figure_is_in_the_gallery() {
    let gallery = root().join("figures");
    let page = fs::read_to_string(gallery.join("README.md")).unwrap_or_default();
    let mut missing = Vec::new();
    for figure in figures::ALL {
        if !page.contains(&format!("## {}\n", figure.name)) {
            missing.push(format!("figures/README.md: {}", figure.name));
        }
        for extension in ["svg", "png", "pdf", "csv"] {
            let file = format!("{}.{extension}", figure.name);
            if !gallery.join(&file).metadata().is_ok_and(|file| file.len() > 0) {
                missing.push(format!("figures/{file}"));
            }
        }
    }
    report("not in the gallery: run `cargo run --release -- reproduce`", &missing);
}

/// The parameters of every figure and every curve, by its name.
fn parameter_lists() -> impl Iterator<Item = (&'static str, &'static [Parameter])> {
    let curves = CURVES.iter().copied();
    let figures = figures::ALL.iter().map(|figure| (figure.name, figure.parameters));
    figures.chain(curves.map(|curve| (curve.name, curve.parameters)))
}

#[test]
fn parameters_have_names_of_their_own_and_defaults_that_are_allowed() {
    let mut wrong = Vec::new();
    for (owner, parameters) in parameter_lists() {
        for parameter in parameters {
            let Parameter { name, symbol, unit, default, low, high, kind, help } = *parameter;
            let letters = name.chars().all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c));
            let named = letters && name.starts_with(|c: char| c.is_ascii_lowercase());
            let single = parameters.iter().filter(|other| other.name == name).count() == 1;
            let texts = [symbol, help].iter().all(|text| !text.is_empty());
            let trimmed = [symbol, unit, help].iter().all(|text| text.trim() == *text);
            let spread = low < high && low.is_finite() && high.is_finite();
            let spread = spread && (kind != ParameterKind::Log || low > 0.0);
            let allowed = [default, low, high].iter().all(|value| parameter.check(*value).is_ok());
            if !(named && single && texts && trimmed && spread && allowed) {
                wrong.push(format!("{owner}: {parameter:?}"));
            }
        }
    }
    report("parameters that cannot be turned by name over their range", &wrong);
}

#[test]
fn no_figure_or_curve_reads_a_parameter_that_it_does_not_list() {
    let (mut unlisted, mut declared) = (Vec::new(), 0);
    let folders = ["src/figures", "src/generalization", "src/wide"];
    for (file, text) in files_in(&folders, &["rs"]) {
        let found = parameters_in(&text);
        declared += found.declared.len();
        let names = found.declared.iter().chain(&found.read);
        let missing = names.filter(|name| !found.listed.contains(name));
        unlisted.extend(missing.map(|name| format!("{}: {name}", file.display())));
    }
    report("declared or read, and on no list of the file", &unlisted);
    assert!(declared > 70, "only {declared} declarations were seen");
}

/// Names of the parameters that a source file declares, reads and lists.
struct ParametersIn {
    declared: Vec<String>,
    read: Vec<String>,
    listed: Vec<String>,
}

fn parameters_in(source: &str) -> ParametersIn {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code: String = code.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let name_at = |text: &str| text.split(|c| !is_name(c)).next().unwrap_or_default().to_owned();
    let after = |mark: &str| code.split(mark).skip(1).map(str::to_owned).collect::<Vec<_>>();
    let declared = code.split(":Parameter=").collect::<Vec<_>>();
    let declared = declared[..declared.len() - 1].iter();
    let last_name =
        |text: &&str| text.rsplit(|c| !is_name(c)).next().unwrap_or_default().to_owned();
    let read = after(".get(&").into_iter().chain(after(".integer(&"));
    let lists = after("parameters:&[").into_iter();
    let list = |text: String| {
        let items = text.split(']').next().unwrap_or_default().to_owned();
        items.split(',').map(name_at).collect::<Vec<_>>()
    };
    ParametersIn {
        declared: declared.map(last_name).collect(),
        read: read.map(|text| name_at(&text)).filter(|name| !name.is_empty()).collect(),
        listed: lists.flat_map(list).collect(),
    }
}

/// Our files, in the library and the program.
fn graph() -> Graph {
    let mut graph = Graph::default();
    let read = |file: &str| fs::read_to_string(root().join(file)).ok();
    graph.add("solvable", "src/lib.rs", &read);
    graph.add("main", "src/main.rs", &read);
    graph
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let graph = graph();
    let circles = circles(&graph.edges());
    let named = |circle: &BTreeSet<&str>| circle.iter().copied().collect::<Vec<_>>().join(", ");
    let found: Vec<String> = circles.iter().map(named).collect();
    report("what these share belongs into a file below them", &found);
}

#[test]
fn topics_and_their_folders_use_what_architecture_lists() {
    let architecture = read(&root().join("ARCHITECTURE.md"));
    let rows = table_of_uses(&architecture);
    let graph = graph();
    let edges = graph.edges();
    let found = parts(&edges);
    let (mut wrong, mut listed) = (Vec::new(), BTreeSet::new());
    for (row, (part, uses)) in rows.iter().enumerate() {
        let siblings =
            part.rsplit_once('/').map_or(String::new(), |(above, _)| format!("{above}/"));
        for used in uses {
            if !rows[..row].iter().any(|(above, _)| *above == format!("{siblings}{used}")) {
                wrong.push(format!("{part}: {used} is no row above it"));
            }
            listed.insert((part.clone(), used.clone()));
        }
    }
    for ((part, used), (from, to)) in &found {
        if !listed.contains(&(part.clone(), used.clone())) {
            wrong.push(format!("{part} must not use {used}, but {from} uses {to}"));
        }
    }
    for edge in listed.iter().filter(|edge| !found.contains_key(*edge)) {
        wrong.push(format!("{} does not use {}", edge.0, edge.1));
    }
    report("the tables under \"Who may use whom\" in ARCHITECTURE.md", &wrong);
}

/// Parts and what they use, row by row: names in backticks in the two cells of the tables.
fn table_of_uses(architecture: &str) -> Vec<(String, Vec<String>)> {
    let section = architecture.split("\n## ").find(|text| text.starts_with("Who may use whom"));
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let part: Vec<String> = names(cells[1]);
        (part.concat(), names(cells[2]))
    })
    .collect()
}

#[test]
fn few_files_name_the_large_dependencies() {
    // (crates, where they may be named)
    let rules: [(&[&str], &[&str]); 5] = [
        (&["faer"], &["src/math/linalg.rs"]),
        (&["ode_solvers", "nalgebra"], &["src/math/ode.rs"]),
        (&["plotters", "plotters_svg", "resvg", "svg2pdf"], &["src/plot"]),
        (&["pulp"], &["src/net", "src/math"]),
        (&["clap", "clap_complete"], &["src/cli"]),
    ];
    let graph = graph();
    let foreign = graph.foreign();
    let mut broken = Vec::new();
    for (crates, places) in rules {
        let mut users = 0;
        for name in crates {
            for file in foreign.get(name).into_iter().flatten() {
                users += 1;
                if !places.iter().any(|place| Path::new(file).starts_with(place)) {
                    broken.push(format!("{file}: {name}"));
                }
            }
        }
        assert!(users > 0, "nobody names {crates:?}");
    }
    report("see ARCHITECTURE.md for who may name which crate", &broken);
}

#[test]
fn no_folder_holds_too_many_files() {
    let mut sizes = BTreeMap::new();
    for (file, _) in files_in(&["src"], &["rs"]) {
        *sizes.entry(file.parent().map(Path::to_owned)).or_insert(0) += 1;
    }
    // Papers stand side by side.
    sizes.remove(&Some(PathBuf::from("src/figures")));
    let full = sizes.into_iter().filter(|(_, files)| *files > MAX_FILES);
    let full: Vec<String> = full.map(|(folder, files)| format!("{folder:?}: {files}")).collect();
    report("more than 25 files: group by subject", &full);
}

#[test]
fn citation_file_has_the_version_of_the_crate() {
    let text = read(&root().join("CITATION.cff"));
    let version = text.lines().find_map(|line| line.strip_prefix("version: "));
    assert_eq!(version.map(|v| v.trim_matches('"')), Some(env!("CARGO_PKG_VERSION")));
    let changes = read(&root().join("CHANGELOG.md"));
    assert!(changes.contains(&format!("## [{}]", env!("CARGO_PKG_VERSION"))), "no such release");
}

#[test]
fn no_file_mentions_a_folder_of_one_machine() {
    // Spelled in halves, or this file would mention them too.
    let folders = [("/wo", "rk/"), ("/tm", "p/"), ("/ro", "ot/")];
    let folders = folders.map(|(a, b)| format!("{a}{b}"));
    let mut found = Vec::new();
    for (file, text) in files_in(&["src"], &["rs"]).into_iter().chain(prose()) {
        for (number, line) in numbered(&text) {
            if let Some(folder) = folders.iter().find(|folder| line.contains(*folder)) {
                found.push(format!("{}:{number}: {folder}", file.display()));
            }
        }
    }
    report("paths of one machine", &found);
}

#[test]
fn the_checks_see_what_they_look_for() {
    let keys: Vec<_> =
        cited_keys("as in (`saxe2014`, arora2019a), saxe2014_fig3, not 2014 or x86").collect();
    assert_eq!(keys, ["saxe2014", "arora2019a", "saxe2014"]);
    assert!(cited_keys("MNIST2014 saad_solla_1995 abc20145 v1.2014").next().is_none());
    for fine in ["costs $`a_0`$", "```math\n$\n```", "`$HOME`", "``a`$b``", "$`a\nb`$"] {
        assert_eq!(bare_dollar(fine), None, "{fine}");
    }
    for bad in ["costs $a$", "$$a$$", "`a` $b$", "```text\n$\n```\n$x$"] {
        assert!(bare_dollar(bad).is_some(), "{bad}");
    }
    let found = parameters_in(
        "const A1: Parameter = Parameter { // B: Parameter = 1\n }\nparameters: &[A1,\n C],\n\
         point.get(\n&A1) + point\n.integer(&D) + names.get(&name)",
    );
    assert_eq!((found.declared, found.read), (vec!["A1".into()], vec!["A1".into(), "D".into()]));
    assert_eq!(found.listed, ["A1", "C"]);
    let blocks = doc_blocks("/// one\n/// two\nfn a() {}\n    //! three\n//// no\n// no\n");
    assert_eq!(blocks, [(1, "one\ntwo\n".to_owned()), (4, "three\n".to_owned())]);
}

fn report(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, line)| (i + 1, line))
}

/// Text for readers: Markdown at the root and everything of the kind in its own folders.
fn prose() -> Vec<(PathBuf, String)> {
    let mut found = files_in(&PROSE, &["md", "ipynb", "html"]);
    let at_root = fs::read_dir(root()).expect("the crate's folder can be listed");
    for entry in at_root {
        let path = entry.expect("the crate's folder can be listed").path();
        if path.is_file() && has_extension(&path, &["md", "cff", "bib"]) {
            found.push((relative(&path), read(&path)));
        }
    }
    found.sort();
    found
}

/// Path and text of the files at or below `places` that have one of the extensions, sorted by path.
/// A folder that does not exist has no files.
fn files_in(places: &[&str], extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut waiting: Vec<PathBuf> = places.iter().map(|place| root().join(place)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if has_extension(&path, extensions) {
            found.push((relative(&path), read(&path)));
        }
        let Ok(entries) = fs::read_dir(&path) else { continue };
        let inside =
            entries.map(|entry| entry.expect("a folder of the crate can be listed").path());
        waiting.extend(inside);
    }
    found.sort();
    found
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e))
}

fn relative(path: &Path) -> PathBuf {
    path.strip_prefix(root()).unwrap_or(path).to_owned()
}

/// Documentation, and the field of a figure that names its paper.
fn may_cite(line: &str) -> bool {
    doc_text(line).is_some() || line.trim_start().starts_with("reference:")
}

/// Words like `saxe2014` or `saxe2014a`. An underscore ends a word, so that a figure's name
/// (`saxe2014_fig3`) cites its paper.
fn cited_keys(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
        let digits = word.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let suffix = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        let year = &digits[..digits.len() - suffix.len()];
        digits.len() < word.len()
            && year.len() == 4
            && (year.starts_with("19") || year.starts_with("20"))
            && (suffix.is_empty()
                || suffix.len() == 1 && suffix.chars().all(|c| c.is_ascii_lowercase()))
    })
}

/// What a line of documentation says; nothing for other lines.
fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("////") {
        return None;
    }
    let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
    Some(text.strip_prefix(' ').unwrap_or(text))
}

/// Runs of documentation lines with the number of their first line.
fn doc_blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in numbered(text) {
        let doc = doc_text(line);
        if let Some(doc) = doc {
            if !open {
                blocks.push((number, String::new()));
            }
            let (_, block) = blocks.last_mut().expect("a block was just opened");
            block.push_str(doc);
            block.push('\n');
        }
        open = doc.is_some();
    }
    blocks
}

/// The first dollar sign outside `` $`…`$ ``, code spans and fenced blocks, with what follows it.
fn bare_dollar(markdown: &str) -> Option<String> {
    let mut fenced = false;
    let mut text = String::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            text.push_str(line);
            text.push('\n');
        }
    }
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['$', '`']) {
        rest = &rest[at..];
        let opening = if rest.starts_with("$`") {
            2
        } else {
            rest.len() - rest.trim_start_matches('`').len()
        };
        if opening == 0 {
            return Some(rest.chars().take(30).collect::<String>().replace('\n', " "));
        }
        let closing = if rest.starts_with('$') { "`$".to_owned() } else { "`".repeat(opening) };
        rest = match rest[opening..].find(&closing) {
            Some(end) => &rest[opening + end + closing.len()..],
            None if rest.starts_with('$') => return Some(rest.chars().take(30).collect()),
            None => &rest[opening..],
        };
    }
    None
}
