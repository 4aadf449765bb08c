//! Opening a file, and saying which one may have been meant.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use super::refusal::refuse;
use crate::{Error, Result};

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

/// What to say of a file that cannot be opened or read.
pub(super) fn unopened(path: &Path, error: &std::io::Error) -> Error {
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
