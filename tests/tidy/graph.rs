//! Which file uses which: names resolved through modules and re-exports, circles, and the edges
//! between topics and their parts.
//!
//! A file uses another if it names an item of it. The name of a module alone is no use, and what
//! only passes through a re-export uses the file that defines it. Not seen are methods, and names that
//! come through a `*`; the file whose names that brings in counts as used.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Imports, Path};

/// Longest chain of re-exports that is followed.
const MOST_STEPS: usize = 12;

/// The files of the crate, by the path of their module; the first segment is the library or the program.
#[derive(Debug, Default)]
pub struct Graph {
    modules: BTreeMap<Path, (String, Imports)>,
}

/// What a path leads to.
#[derive(Debug, Clone)]
enum Found {
    Module(Path),
    /// An item of the module.
    ItemOf(Path),
}

impl Graph {
    /// Reads a crate called `name` from its `root` file on; `read` gives the text of a file that exists.
    pub fn add(&mut self, name: &str, root: &str, read: &dyn Fn(&str) -> Option<String>) {
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut waiting = vec![(vec![name.to_owned()], root.to_owned(), folder)];
        while let Some((module, file, folder)) = waiting.pop() {
            let Some(text) = read(&file) else { continue };
            let imports = Imports::of(&text);
            for child in &imports.modules {
                let inner = format!("{folder}/{child}");
                let files = [format!("{inner}.rs"), format!("{inner}/mod.rs")];
                let there = files.into_iter().find(|file| read(file).is_some());
                let path = [&module[..], std::slice::from_ref(child)].concat();
                waiting.extend(there.map(|file| (path, file, inner)));
            }
            self.modules.insert(module, (file, imports));
        }
    }

    /// Every file that uses another with what it uses.
    pub fn edges(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, (file, imports)) in &self.modules {
            let used = edges.entry(file).or_default();
            let leaves = imports.uses.iter().map(|(name, path)| (path, name == "*"));
            for (path, glob) in leaves.chain(imports.paths.iter().map(|path| (path, false))) {
                match self.resolve(module, path, MOST_STEPS) {
                    Some(Found::ItemOf(other)) => used.extend(self.file(&other)),
                    Some(Found::Module(other)) if glob => used.extend(self.file(&other)),
                    _ => {}
                }
            }
            used.remove(file.as_str());
        }
        edges
    }

    /// Names at the front of paths that no module and no `use` explains, with the files they are in: other
    /// crates among them.
    pub fn foreign(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, (file, imports)) in &self.modules {
            let paths = imports.uses.iter().map(|(_, path)| path).chain(&imports.paths);
            for path in paths.filter(|path| self.resolve(module, path, MOST_STEPS).is_none()) {
                names.entry(&path[0]).or_default().insert(file);
            }
        }
        names
    }

    fn file(&self, module: &Path) -> Option<&str> {
        self.modules.get(module).map(|(file, _)| file.as_str())
    }

    /// What a path in a module leads to; nothing if it leaves the crate.
    fn resolve(&self, module: &Path, path: &[String], steps: usize) -> Option<Found> {
        let (first, mut rest) = path.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Found::Module(module[..1].to_vec()),
            "self" => Found::Module(module.clone()),
            "super" => Found::Module(module[..module.len() - 1].to_vec()),
            name => self.named(module, name, steps).or_else(|| {
                let root = vec![name.to_owned()];
                self.modules.contains_key(&root).then_some(Found::Module(root))
            })?,
        };
        while let (Found::Module(module), Some((name, further))) = (&place, rest.split_first()) {
            place = match name.as_str() {
                "super" => Found::Module(module[..module.len() - 1].to_vec()),
                name => self.named(module, name, steps).unwrap_or(Found::ItemOf(module.clone())),
            };
            rest = further;
        }
        Some(place)
    }

    /// A name that is a child of the module or bound by a `use` of it.
    fn named(&self, module: &Path, name: &str, steps: usize) -> Option<Found> {
        let child = [&module[..], &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            return Some(Found::Module(child));
        }
        let (_, imports) = self.modules.get(module)?;
        let steps = steps.checked_sub(1)?;
        let bound = imports.uses.iter().find(|(bound, path)| bound == name && path[0] != name);
        bound.and_then(|(_, path)| self.resolve(module, path, steps))
    }
}

/// Files that use each other, directly or through others.
pub fn circles<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<BTreeSet<&'a str>> {
    let reach = |from: &'a str| {
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(file) = waiting.pop() {
            let next = edges.get(file).into_iter().flatten();
            waiting.extend(next.filter(|file| reached.insert(**file)));
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        edges.keys().map(|file| (*file, reach(file))).collect();
    let circle_of = |file: &'a str| -> BTreeSet<&'a str> {
        let back = |other: &&&str| reached.get(**other).is_some_and(|there| there.contains(file));
        reached[file].iter().filter(back).copied().collect()
    };
    let all: BTreeSet<_> = edges.keys().map(|file| circle_of(file)).collect();
    all.into_iter().filter(|circle| !circle.is_empty()).collect()
}

/// Edges between topics (folders and files of `src`), and between the folders within a folder, as the part
/// that uses (`wide/kernel`) and the sibling that it uses (`dual`). The root of the library lists
/// topics and uses none.
pub fn parts<'a>(
    edges: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeMap<(String, String), (&'a str, &'a str)> {
    let mut parts = BTreeMap::new();
    let pairs = edges.iter().flat_map(|(a, used)| used.iter().map(move |b| (*a, *b)));
    for (a, b) in pairs {
        let [from, to] = [a, b].map(|file| {
            let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
            inside.split('/').collect::<Vec<_>>()
        });
        let level = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let folders = level + 1 < from.len() && level + 1 < to.len();
        if (level == 0 || folders) && from[0] != "lib" {
            parts.entry((from[..=level].join("/"), to[level].to_owned())).or_insert((a, b));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate of the files named, with their texts.
    fn graph(files: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        let read = |file: &str| {
            files.iter().find(|(name, _)| *name == file).map(|(_, text)| (*text).to_owned())
        };
        graph.add("it", "src/lib.rs", &read);
        graph.add("main", "src/main.rs", &read);
        graph
    }

    fn edges(graph: &Graph) -> Vec<String> {
        let edges = graph.edges();
        let all = edges.iter().flat_map(|(a, bs)| bs.iter().map(move |b| format!("{a} > {b}")));
        all.map(|edge| edge.replace("src/", "").replace(".rs", "")).collect()
    }

    #[test]
    fn names_lead_to_the_file_that_defines_them() {
        let graph = graph(&[
            ("src/lib.rs", "mod a; mod b; mod c; pub use a::deep::Deep; pub use b::B;"),
            ("src/a/mod.rs", "pub mod deep; pub use deep::Deep as Renamed; use super::c;"),
            ("src/a/deep.rs", "pub struct Deep; fn f() { super::super::c::g(); }"),
            ("src/b.rs", "use crate::a; pub struct B; fn f(x: a::Renamed) { rand::random() }"),
            (
                "src/c.rs",
                "use crate::{B, Deep}; use std::fs; use super::a::*; pub fn g() { fs::read(Deep::NAME) }",
            ),
            ("src/main.rs", "use it::c; fn main() { c::g(); it::B; }"),
        ]);
        let expected = [
            "a/deep > c",
            "a/mod > a/deep",
            "b > a/deep",
            "c > a/deep",
            "c > a/mod",
            "c > b",
            "lib > a/deep",
            "lib > b",
            "main > b",
            "main > c",
        ];
        assert_eq!(edges(&graph), expected);
        let foreign = graph.foreign();
        assert_eq!(foreign.keys().copied().collect::<Vec<_>>(), ["fs", "rand", "std"]);
        assert_eq!(foreign["rand"].iter().copied().collect::<Vec<_>>(), ["src/b.rs"]);
    }

    #[test]
    fn circles_are_found_with_their_files() {
        let graph = graph(&[
            ("src/lib.rs", "mod a; mod b; mod c; mod d;"),
            ("src/a.rs", "use crate::b::B; pub struct A;"),
            ("src/b.rs", "pub struct B; fn f() { crate::c::g(); }"),
            ("src/c.rs", "pub fn g(x: super::a::A) {}"),
            ("src/d.rs", "use super::a::A; #[cfg(test)] mod tests { use crate::d::x; }"),
        ]);
        let edges = graph.edges();
        let expected: BTreeSet<&str> = ["src/a.rs", "src/b.rs", "src/c.rs"].into();
        assert_eq!(circles(&edges), [expected]);
    }

    #[test]
    fn edges_count_between_topics_and_between_folders_of_one() {
        let graph = graph(&[
            ("src/lib.rs", "mod a; mod b; pub use b::B;"),
            ("src/a/mod.rs", "mod one; mod two; mod own; pub use two::Two;"),
            ("src/a/own.rs", "use super::one::f; pub struct Own;"),
            ("src/a/one/mod.rs", "use super::{Two, own::Own}; pub fn f() {}"),
            ("src/a/two/mod.rs", "use crate::B; pub struct Two;"),
            ("src/b.rs", "pub struct B;"),
        ]);
        let edges = graph.edges();
        let found: Vec<_> = parts(&edges).into_keys().collect();
        let expected = [("a", "b"), ("a/one", "two")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(found, expected);
    }
}
