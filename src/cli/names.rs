//! Finding things by name, and guessing what was meant.

use std::path::Path;

use solvable::{Error, Result};

/// A name for what is computed from a file: that of the file, without its extension.
pub fn stem(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.unwrap_or_else(|| "data".into())
}

/// The entry of that name; otherwise an error with the nearest names.
pub fn find<'a, T>(
    kind: &'static str,
    name: &str,
    entries: impl Iterator<Item = &'a T> + Clone,
    name_of: fn(&T) -> &'static str,
) -> Result<&'a T> {
    let found = entries.clone().find(|entry| name_of(entry) == name);
    found.ok_or_else(|| unknown(kind, name, entries.map(name_of)))
}

/// The error for a name that does not exist.
pub fn unknown<'a>(
    kind: &'static str,
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Error {
    Error::Unknown { kind, name: name.to_owned(), nearest: nearest(name, names) }
}

/// The names that may have been meant, nearest first; all of them if none is near.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let lower = name.to_lowercase();
    let mut ranked: Vec<(usize, &str)> =
        names.into_iter().map(|candidate| (distance(&lower, candidate), candidate)).collect();
    let near = |(edits, candidate): &(usize, &str)| {
        let begun = lower.len() >= 3 && candidate.contains(&lower);
        // Two edits from five letters on: two letters the wrong way round are two.
        begun || *edits <= ((candidate.chars().count() + 1) / 3).max(1)
    };
    if ranked.iter().any(near) {
        ranked.retain(near);
        ranked.sort_by_key(|(edits, _)| *edits);
    }
    ranked.into_iter().map(|(_, candidate)| candidate.to_owned()).collect()
}

/// Letters to insert, delete or replace to turn one word into the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_letter_edits() {
        let cases = [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("fig3", "fig4", 1)];
        for (a, b, expected) in cases {
            assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_name_comes_first_and_far_ones_are_left_out() {
        let names = ["saxe2014_fig3", "saxe2019_fig3", "aligned"];
        assert_eq!(nearest("saxe2019_fg3", names), ["saxe2019_fig3", "saxe2014_fig3"]);
        assert_eq!(nearest("Algined", names), ["aligned"]);
        assert_eq!(nearest("saxe2014", names)[0], "saxe2014_fig3");
        assert_eq!(nearest("bonse", ["move", "bones", "bark"]), ["bones"]);
        assert_eq!(nearest("zzz", names), names);
        assert_eq!(nearest("", names), names);
        assert!(nearest("a", []).is_empty());
    }
}
