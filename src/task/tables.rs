//! Tables of items and features that come with the crate.
//!
//! All are binary, one row per item: 1 where the feature is true of the item.
//!
//! - `rumelhart` holds eight living things and 36 features, after Rumelhart and Todd
//!   (`rumelhart1993`) and Rogers and McClelland (`rogers2004`). It is not an exact copy: the
//!   facts are those of the later corpus, restricted to the eight items of the earlier one, and
//!   a variant with 34 features circulates too.
//! - `living_things` holds 67 animals, plants and fungi and 99 features. It was written for this
//!   crate from general zoological and botanical knowledge. A name stands for its typical adult
//!   member (crocodiles for the Nile crocodile, lobsters for those with claws, geese for wild and
//!   domestic ones), and a feature for what is usually true of it.
//! - `toy` holds canary, salmon, oak and rose with seven features, the smallest hierarchy
//!   (after `saxe2019`).
//! - `worm` holds five animals and three plants with ten features; it was written for this crate.
//!   All its animals but the worm have bones.

use ndarray::Array2;

use crate::task::Dataset;
use crate::{Error, Result};

const RUMELHART: &str = include_str!("../../data/rumelhart.csv");
const LIVING_THINGS: &str = include_str!("../../data/living_things.csv");
const TOY: &str = include_str!("../../data/toy.csv");
const WORM: &str = include_str!("../../data/worm.csv");

/// Names of the tables that [`table`] knows.
pub const TABLE_NAMES: [&str; 4] = ["rumelhart", "living_things", "toy", "worm"];

/// A table by its name, each item its own input (one-hot).
///
/// # Errors
/// A name that is not in [`TABLE_NAMES`].
pub fn table(name: &str) -> Result<Dataset> {
    match name {
        "rumelhart" => Ok(Dataset::rumelhart()),
        "living_things" => Ok(Dataset::living_things()),
        "toy" => Ok(Dataset::toy()),
        "worm" => Ok(Dataset::worm()),
        _ => Err(Error::Unknown {
            kind: "table",
            name: name.to_owned(),
            nearest: TABLE_NAMES.map(str::to_owned).to_vec(),
        }),
    }
}

impl Dataset {
    /// Eight living things with 36 features, after Rumelhart and Todd (`rumelhart1993`) and
    /// Rogers and McClelland (`rogers2004`).
    ///
    /// Its modes are the textbook example of a hierarchy: what all living things share, then
    /// plants against animals, then birds against fish and trees against flowers.
    ///
    /// ```
    /// let data = solvable::Dataset::rumelhart();
    /// assert_eq!(data.targets.dim(), (8, 36));
    /// ```
    pub fn rumelhart() -> Self {
        built_in(RUMELHART)
    }

    /// 67 animals, plants and fungi with 99 features, from "is an animal" to "can hunt by sound
    /// alone": a hierarchy with the exceptions that real ones have.
    ///
    /// ```
    /// let data = solvable::Dataset::living_things();
    /// assert_eq!(data.targets.dim(), (67, 99));
    /// ```
    pub fn living_things() -> Self {
        built_in(LIVING_THINGS)
    }

    /// Canary, salmon, oak and rose with seven features (after `saxe2019`). The squares of the
    /// table's singular values are 7, 3, 1 and 1.
    ///
    /// ```
    /// let data = solvable::Dataset::toy();
    /// assert_eq!(data.targets.dim(), (4, 7));
    /// ```
    pub fn toy() -> Self {
        built_in(TOY)
    }

    /// Five animals and three plants with ten features. While a deep network learns them it
    /// believes for a time that worms have bones, as all other animals do.
    ///
    /// ```
    /// let data = solvable::Dataset::worm();
    /// assert_eq!(data.targets.dim(), (8, 10));
    /// ```
    pub fn worm() -> Self {
        built_in(WORM)
    }
}

fn built_in(csv: &str) -> Dataset {
    // Part of the program, not input: the tests below read every table.
    parse(csv).expect("the tables of this crate are well formed")
}

/// Reads the plain form our own tables have: no quotes, cells 0 or 1.
fn parse(csv: &str) -> Result<Dataset> {
    let bad = |row: usize, problem: String| Error::Data {
        place: format!("built-in table, row {row}"),
        problem,
        remedy: "each row is a name followed by one 0 or 1 per feature".to_owned(),
    };
    let mut lines = csv.lines();
    let header = lines.next().unwrap_or_default();
    let features: Vec<String> = header.split(',').skip(1).map(str::to_owned).collect();
    let (mut items, mut values) = (Vec::new(), Vec::new());
    for (i, line) in lines.enumerate() {
        let row = i + 2;
        let mut cells = line.split(',');
        items.push(cells.next().unwrap_or_default().to_owned());
        for cell in cells {
            values.push(match cell {
                "0" => 0.0,
                "1" => 1.0,
                _ => return Err(bad(row, format!("the cell \"{cell}\" is neither 0 nor 1"))),
            });
        }
        if values.len() != items.len() * features.len() {
            return Err(bad(row, format!("not {} cells", features.len())));
        }
    }
    let table = Array2::from_shape_vec((items.len(), features.len()), values)
        .map_err(|e| bad(0, e.to_string()))?;
    Dataset::from_table(table, items, features)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Correlations, Modes};
    use approx::assert_abs_diff_eq;
    use std::collections::HashSet;

    fn modes(data: &Dataset) -> Modes {
        Modes::of(&Correlations::of(data).unwrap()).unwrap()
    }

    fn feature(data: &Dataset, name: &str) -> Vec<bool> {
        let column = data.feature_names.iter().position(|n| n == name).unwrap();
        data.targets.column(column).iter().map(|x| *x == 1.0).collect()
    }

    /// The items, and how strongly each takes part in mode `k`, counted from one.
    fn analyzer(data: &Dataset, k: usize) -> Vec<(&str, f64)> {
        let v = modes(data).v;
        data.item_names.iter().map(String::as_str).zip(v.column(k - 1).to_vec()).collect()
    }

    #[test]
    fn rumelhart_has_the_singular_values_computed_elsewhere() {
        // NumPy's SVD of the 36 × 8 table, without the 1/P of averaged correlations.
        let expected = [
            6.865058134498,
            4.359321452711,
            3.195847797765,
            2.823362239317,
            2.104776494784,
            1.590270593268,
            1.270758377016,
            1.052902794869,
        ];
        let data = Dataset::rumelhart();
        assert_eq!(data.targets.sum(), 94.0);
        let found = modes(&data).singular_values * 8.0;
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_abs_diff_eq!(*found, expected, epsilon = 1e-10);
        }
    }

    #[test]
    fn modes_of_rumelhart_go_down_the_hierarchy() {
        let data = Dataset::rumelhart();
        let animal = feature(&data, "is an animal");
        let positive: Vec<bool> = analyzer(&data, 2).iter().map(|(_, x)| *x > 0.0).collect();
        let flipped: Vec<bool> = positive.iter().map(|p| !p).collect();
        assert!(positive == animal || flipped == animal);
        // The next two tell birds from fish, then trees from flowers.
        for (k, one, other) in [(3, "is a bird", "is a fish"), (4, "is a tree", "is a flower")] {
            let v = analyzer(&data, k);
            let mean = |name| {
                let member = feature(&data, name);
                v.iter().zip(member).filter(|(_, m)| *m).map(|((_, x), _)| x).sum::<f64>() / 2.0
            };
            assert!((mean(one) - mean(other)).abs() > 0.8, "mode {k}: {v:?}");
        }
    }

    #[test]
    fn living_things_has_no_doubles_and_no_empty_features() {
        let data = Dataset::living_things();
        let (n_items, n_features) = data.targets.dim();
        assert_eq!((n_items, n_features), (67, 99));
        let key = |x: &f64| *x == 1.0;
        let rows: HashSet<Vec<bool>> =
            data.targets.rows().into_iter().map(|r| r.iter().map(key).collect()).collect();
        assert_eq!(rows.len(), n_items, "two items have the same features");
        for names in [&data.item_names, &data.feature_names] {
            assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        }
        for (name, column) in data.feature_names.iter().zip(data.targets.columns()) {
            let count = column.sum() as usize;
            let shared_by_all = name == "can grow" && count == n_items;
            assert!(shared_by_all || (2..n_items).contains(&count), "{name}: {count} items");
        }
    }

    #[test]
    fn every_living_thing_is_one_kind_of_thing() {
        let data = Dataset::living_things();
        let exactly_one = |kinds: &[&str], whole: &str| {
            let columns: Vec<_> = kinds.iter().map(|k| feature(&data, k)).collect();
            for (i, inside) in feature(&data, whole).into_iter().enumerate() {
                let count = columns.iter().filter(|c| c[i]).count();
                assert_eq!(count, usize::from(inside), "{}: {whole}", data.item_names[i]);
            }
        };
        exactly_one(&["is an animal", "is a plant", "is a fungus"], "can grow");
        exactly_one(&["is a vertebrate", "is an invertebrate"], "is an animal");
        exactly_one(
            &["is a mammal", "is a bird", "is a reptile", "is an amphibian", "is a fish"],
            "is a vertebrate",
        );
        exactly_one(&["is an insect", "is an arachnid", "is a crustacean"], "is an arthropod");
        exactly_one(
            &["has two legs", "has four legs", "has six legs", "has eight legs", "has ten legs"],
            "has legs",
        );
        exactly_one(&["breathes air", "breathes with gills"], "is an animal");
        exactly_one(&["lays eggs", "gives birth to live young"], "is an animal");
    }

    #[test]
    fn modes_of_living_things_single_out_one_kind_after_another() {
        let data = Dataset::living_things();
        let kinds = [
            (2, "is a plant"),
            (3, "is a mammal"),
            (4, "is a fish"),
            (5, "is a bird"),
            (6, "is cut for timber"),
        ];
        for (k, kind) in kinds {
            let member = feature(&data, kind);
            let v = analyzer(&data, k);
            let (inside, outside): (Vec<_>, Vec<_>) =
                v.iter().zip(member).partition(|(_, member)| *member);
            let mean = inside.iter().map(|((_, x), _)| x).sum::<f64>();
            let signed = |((_, x), _): &(&(&str, f64), bool)| x * mean.signum();
            let lowest = inside.iter().map(signed).fold(f64::INFINITY, f64::min);
            let highest = outside.iter().map(signed).fold(f64::NEG_INFINITY, f64::max);
            assert!(lowest > highest, "mode {k}: {v:?}");
        }
        // What all share comes first, and animals have more of it to learn.
        assert!(analyzer(&data, 1).iter().all(|(_, x)| *x > 0.0));
    }

    #[test]
    fn unknown_tables_are_refused_with_the_known_ones() {
        for name in TABLE_NAMES {
            assert!(table(name).is_ok());
        }
        let message = table("zoo").unwrap_err().to_string();
        assert!(message.contains("zoo") && message.contains("living_things"), "{message}");
    }

    #[test]
    fn malformed_tables_are_refused() {
        for csv in ["", "item,a\n", "item,a,b\nx,1\n", "item,a\nx,1,0\n", "item,a\nx,yes\n"] {
            assert!(parse(csv).is_err(), "{csv:?}");
        }
    }
}
