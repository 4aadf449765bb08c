//! The works this crate builds on, as BibTeX.
//!
//! Documentation cites by key, first author and year: (`saxe2014`).

const REFERENCES: &str = include_str!("../references.bib");

/// The BibTeX entry of a work, or nothing if the key is unknown.
///
/// ```
/// let entry = solvable::citation::bibtex("saxe2014").unwrap();
/// assert!(entry.contains("deep linear neural networks"));
/// ```
pub fn bibtex(key: &str) -> Option<&'static str> {
    entries().find(|(k, _)| *k == key).map(|(_, entry)| entry)
}

/// Every key, in the order of the file (alphabetical).
pub fn keys() -> impl Iterator<Item = &'static str> {
    entries().map(|(key, _)| key)
}

/// Key and text of each entry: entries are set apart by a blank line.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    REFERENCES.split("\n\n").map(str::trim).filter(|entry| entry.starts_with('@')).filter_map(
        |entry| {
            let (_, after_kind) = entry.split_once('{')?;
            let (key, _) = after_kind.split_once(',')?;
            Some((key, entry))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_by_its_key_and_whole() {
        assert_eq!(keys().count(), REFERENCES.matches("\n@").count());
        for key in keys() {
            let entry = bibtex(key).unwrap();
            assert!(entry.starts_with('@') && entry.ends_with("\n}"), "{entry}");
            assert!(entry.lines().next().unwrap().ends_with(&format!("{{{key},")), "{entry}");
            assert_eq!(entry.matches('{').count(), entry.matches('}').count(), "{entry}");
            assert_eq!(entry.matches("\n@").count(), 0, "{entry}");
            for field in ["author", "title", "year"] {
                assert!(entry.contains(&format!("\n  {field} ")), "{key} has no {field}");
            }
        }
        assert_eq!(bibtex("nobody1900"), None);
        assert_eq!(bibtex(""), None);
    }

    #[test]
    fn keys_are_sorted_unique_and_carry_the_year() {
        let keys: Vec<_> = keys().collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
        for key in keys {
            let year = key.trim_start_matches(|c: char| c.is_ascii_lowercase());
            let year = year.trim_end_matches(|c: char| c.is_ascii_lowercase());
            let line = format!("= {{{year}}},");
            assert!(bibtex(key).unwrap().contains(&line), "{key}: year differs from the key");
        }
    }
}
