//! Data sets from files.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::path::Path;

use super::npy;
use super::table::{self, Table};
use crate::task::Dataset;
use crate::{Error, Result};

/// Most numbers accepted from one file: one gibibyte of them.
pub(crate) const MAX_VALUES: usize = 1 << 27;
/// Most items of a table; each is an input of its own, so memory grows with their square.
pub(crate) const MAX_ITEMS: usize = 5000;
/// What to do about a file with too many numbers.
pub(crate) const TOO_LARGE: &str =
    "use fewer examples or columns: the whole file is held in memory";

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
    /// [`Error::Data`] with file, row and column of the first thing that is wrong.
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
    /// [`Error::Data`] with file, row and column of the first thing that is wrong, also if the two
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
            let (a, b) = (table::clip(&a[i]), table::clip(&b[i]));
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

/// Shorthand for [`Error::Data`].
pub(crate) fn refuse(
    place: impl Into<String>,
    problem: impl Into<String>,
    remedy: impl Into<String>,
) -> Error {
    Error::Data { place: place.into(), problem: problem.into(), remedy: remedy.into() }
}

/// Opens a file that is one and is not empty. Pipes and devices are refused unopened: opening or
/// reading them may never end.
pub(crate) fn open(path: &Path) -> Result<(File, u64)> {
    let file = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| unopened(path, &error))?;
    if metadata.is_dir() {
        let problem = "it is a directory, not a file";
        return Err(refuse(file, problem, format!("name a file in it{}", listing(path))));
    }
    if !metadata.is_file() {
        let problem = "it is not a regular file but a pipe, device or socket";
        return Err(refuse(file, problem, "write the data to a file first"));
    }
    let opened = File::open(path).map_err(|error| unopened(path, &error))?;
    if metadata.len() == 0 {
        return Err(refuse(file, "the file is empty", "it must hold rows of numbers"));
    }
    Ok((opened, metadata.len()))
}

fn unopened(path: &Path, error: &std::io::Error) -> Error {
    let (problem, remedy) = match error.kind() {
        ErrorKind::NotFound => ("there is no such file".to_owned(), nearest(path)),
        ErrorKind::PermissionDenied => {
            ("reading it is not permitted".into(), "change its permissions".into())
        }
        ErrorKind::NotADirectory => {
            ("part of its path is a file, not a directory".into(), "check the path".into())
        }
        _ => (format!("it cannot be read ({error})"), "check the path".into()),
    };
    refuse(path.display().to_string(), problem, remedy)
}

/// Which file may have been meant.
fn nearest(path: &Path) -> String {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
    if !directory.is_dir() {
        return format!("there is no directory {} either", directory.display());
    }
    let wanted = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let close = |name: &String| distance(&wanted, &name.to_lowercase());
    let mut names = file_names(directory);
    names.sort_by_cached_key(close);
    match names.first() {
        Some(name) if close(name) <= 1 + wanted.chars().count() / 3 => {
            format!("did you mean \"{}\"?", directory_join(parent, name))
        }
        Some(_) => format!("the directory holds{}", listing(directory).replacen(':', "", 1)),
        None => format!("the directory {} holds no files", directory.display()),
    }
}

fn directory_join(parent: Option<&Path>, name: &str) -> String {
    parent.map_or_else(|| name.to_owned(), |parent| parent.join(name).display().to_string())
}

/// The first names in a directory, for a message.
fn listing(directory: &Path) -> String {
    let names = file_names(directory);
    match names.len() {
        0 => String::new(),
        1..=5 => format!(": {}", names.join(", ")),
        n => format!(": {}, … ({n} files)", names[..5].join(", ")),
    }
}

/// Names of visible files in a directory, sorted; not more than a person could want.
fn file_names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().take(1000);
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    let names = files.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// Edit distance (Levenshtein 1966) between two short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(256).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().take(256).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for j in 0..b.len() {
            let substituted = diagonal + usize::from(a != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
