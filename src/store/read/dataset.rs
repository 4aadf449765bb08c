//! Data sets from files.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::npy;
use super::opening::{open, unopened};
use super::refusal::{clip, refuse};
use super::table::{self, Table};
use crate::Result;
use crate::task::Dataset;

impl Dataset {
    /// A table of items and features from a CSV file: the first row names the features, the first
    /// column the items. Also gives warnings, such as of an unusual separator.
    ///
    /// Read strictly: UTF-8, a decimal point, a finite number within ±1e150 in every cell, names
    /// that differ, at least two and at most 5000 items.
    ///
    /// ```
    /// # let place = tempfile::tempdir()?;
    /// # let path = place.path().join("animals.csv");
    /// std::fs::write(&path, "item,can fly,has fur\ncanary,1,0\ndog,0,1\n")?;
    /// let (data, warnings) = solvable::Dataset::read_table(&path)?;
    /// assert_eq!(data.feature_names, ["can fly", "has fur"]);
    /// assert_eq!(data.targets[[0, 1]], 0.0);
    /// assert!(warnings.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) with file, row and column of the first thing that is wrong.
    pub fn read_table(path: impl AsRef<Path>) -> Result<(Self, Vec<String>)> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let mut warnings = Vec::new();
        let (source, _) = open(path)?;
        let table = table::named(source, &file, &mut warnings)?;
        let names = (table.row_names.unwrap_or_default(), table.column_names.unwrap_or_default());
        require_two(table.values.nrows(), &file)?;
        Ok((Self::from_table(table.values, names.0, names.1)?, warnings))
    }

    /// Inputs and targets from two files, CSV or NPY; rows are examples. Also gives warnings.
    ///
    /// A first CSV row without any number is a header; a first column of text names the examples.
    /// NPY arrays are of real numbers, integers or booleans; one of one dimension is one column.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) with file, row and column of the first thing that is wrong, also if the two
    /// files differ in the number or the names of their examples.
    pub fn read_pair(
        inputs_path: impl AsRef<Path>,
        targets_path: impl AsRef<Path>,
    ) -> Result<(Self, Vec<String>)> {
        let (inputs_path, targets_path) = (inputs_path.as_ref(), targets_path.as_ref());
        let mut warnings = Vec::new();
        let inputs = read_matrix(inputs_path, &mut warnings)?;
        let targets = read_matrix(targets_path, &mut warnings)?;
        let (inputs_file, file) = (inputs_path.display(), targets_path.display().to_string());
        let (p, found) = (inputs.values.nrows(), targets.values.nrows());
        if found != p {
            let problem = format!("it has {found} examples, {inputs_file} has {p}");
            return Err(refuse(file, problem, "row k of both files must be example k"));
        }
        require_two(p, &file)?;
        if let (Some(a), Some(b)) = (&inputs.row_names, &targets.row_names)
            && let Some(i) = a.iter().zip(b).position(|(a, b)| a != b)
        {
            let (a, b) = (clip(&a[i]), clip(&b[i]));
            let place = format!("{file}, example {}", i + 1);
            let problem = format!("it is named \"{b}\", but \"{a}\" in {inputs_file}");
            return Err(refuse(place, problem, "list the examples in the same order in both"));
        }
        let mut data = Self::new(inputs.values, targets.values)?;
        let replace = |names: &mut Vec<String>, given: Option<Vec<String>>| {
            if let Some(given) = given {
                *names = given;
            }
        };
        replace(&mut data.item_names, inputs.row_names.or(targets.row_names));
        replace(&mut data.input_names, inputs.column_names);
        replace(&mut data.feature_names, targets.column_names);
        Ok((data, warnings))
    }
}

/// The numbers of a CSV or NPY file.
pub(crate) fn read_matrix(path: &Path, warnings: &mut Vec<String>) -> Result<Table> {
    let file = path.display().to_string();
    let (source, length, is_npy) = open_numbers(path)?;
    if is_npy {
        let values = npy::read(source, length, &file, warnings)?;
        return Ok(Table { values, row_names: None, column_names: None });
    }
    table::plain(source, &file, warnings)
}

/// An open file, its length, and whether it is NPY by its name or first bytes.
pub(crate) fn open_numbers(path: &Path) -> Result<(File, u64, bool)> {
    let (mut source, length) = open(path)?;
    let mut magic = Vec::new();
    let head = source.by_ref().take(npy::MAGIC.len() as u64).read_to_end(&mut magic);
    head.and_then(|_| source.rewind()).map_err(|error| unopened(path, &error))?;
    let named_npy = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy"));
    Ok((source, length, named_npy || magic == npy::MAGIC))
}

fn require_two(n: usize, file: &str) -> Result<()> {
    if n >= 2 {
        return Ok(());
    }
    let problem = "it holds a single item";
    let remedy = "at least two are needed: what is learned is how items differ";
    Err(refuse(file, problem, remedy))
}
