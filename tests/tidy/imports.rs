//! What a source file names outside itself: its `use` trees and the paths in its code.

use super::tokens::{is_word, tokens};

/// Segments of a path: `crate::math::linalg::svd`.
pub type Path = Vec<String>;

/// What a source file declares and names, test code left out.
#[derive(Debug, Default)]
pub struct Imports {
    /// Modules in files of their own.
    pub modules: Vec<String>,
    /// Every leaf of every `use` tree: the name it binds (`*` for all of them), and its path.
    pub uses: Vec<(String, Path)>,
    /// Paths of two segments or more in the code.
    pub paths: Vec<Path>,
}

impl Imports {
    /// Reads a source file.
    pub fn of(source: &str) -> Self {
        let tokens = tokens(source);
        let (mut found, mut at) = (Self::default(), 0);
        while at < tokens.len() {
            let before = at.checked_sub(1).map_or("", |i| tokens[i]);
            match tokens[at] {
                "use" => at = leaves(&tokens, at + 1, &[], &mut found.uses),
                "mod" if tokens.get(at + 2) == Some(&";") => {
                    found.modules.push(tokens[at + 1].to_owned());
                    at += 3;
                }
                token if is_word(token) && before != "." && before != "::" => {
                    let path = path(&tokens[at..]);
                    at += 2 * path.len() - 1;
                    if path.len() > 1 {
                        found.paths.push(path);
                    }
                }
                _ => at += 1,
            }
        }
        found
    }
}

/// The path at the front, as far as it goes without generic arguments.
fn path(tokens: &[&str]) -> Path {
    let mut path = vec![tokens[0].to_owned()];
    for pair in tokens[1..].chunks_exact(2) {
        if pair[0] != "::" || !is_word(pair[1]) {
            break;
        }
        path.push(pair[1].to_owned());
    }
    path
}

/// Adds the leaves of the branch of a `use` tree at `at`; returns where the branch ends.
fn leaves(tokens: &[&str], mut at: usize, stem: &[String], out: &mut Vec<(String, Path)>) -> usize {
    let mut path = stem.to_vec();
    let mut alias = None;
    while at < tokens.len() {
        match tokens[at] {
            "{" => {
                while tokens[at] != "}" {
                    at = leaves(tokens, at + 1, &path, out);
                }
                return at + 1;
            }
            "," | ";" | "}" => break,
            "as" => {
                alias = Some(tokens[at + 1].to_owned());
                at += 1;
            }
            "::" => {}
            // `{self}` names what stands before it.
            "self" if !path.is_empty() => {}
            segment => path.push(segment.to_owned()),
        }
        at += 1;
    }
    if path.len() > stem.len() || !stem.is_empty() && tokens[at - 1] == "self" || alias.is_some() {
        let glob = path.last().is_some_and(|last| last == "*");
        let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
        if glob {
            path.pop();
        }
        out.push((name, path));
    }
    at
}

#[test]
fn use_trees_are_taken_apart() {
    let source =
        "use a::b;\npub(crate) use super::c::{self, d as e, f::{G, H as _}, i::*,};\nuse j;";
    let found: Vec<String> = Imports::of(source)
        .uses
        .into_iter()
        .map(|(name, path)| format!("{name} = {}", path.join("::")))
        .collect();
    let expected = [
        "b = a::b",
        "c = super::c",
        "e = super::c::d",
        "G = super::c::f::G",
        "_ = super::c::f::H",
        "* = super::c::i",
        "j = j",
    ];
    assert_eq!(found, expected);
}

#[test]
fn paths_and_modules_are_found_and_tests_are_not() {
    let source = "mod a;\npub mod b;\nmod inner { fn f() {} }\n\
        fn g(x: &crate::c::D) -> E { x.h::<u8>(); let y = i::j::K::<L>::new(); \"m::n\"; 2.0 }\n\
        // o::p\n#[cfg(test)]\nmod tests { use q::r; fn s() { t::u(); } }\n#[cfg(test)]\nmod v;";
    let found = Imports::of(source);
    assert_eq!(found.modules, ["a", "b"]);
    let paths: Vec<String> = found.paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["crate::c::D", "i::j::K"]);
    assert!(found.uses.is_empty());
}
