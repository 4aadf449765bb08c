//! Files that appear whole or not at all.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::{Error, Result};

/// How names of unfinished files begin; a killed process may leave one behind.
pub(super) const UNFINISHED: &str = ".solvable-";

/// Writes a file so that its name holds either the old content or the new, whatever happens:
/// into a temporary file beside it, to disk, then under its name.
///
/// # Errors
/// [`Error::Output`] if the directory is missing, not writable or full; the old file stays.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    replace(path, bytes).map_err(|error| output_error(path, &error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
    if path.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED).suffix(".tmp");
    // As any program's files: what the umask leaves of rw-rw-rw-.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Makes the new name last through a power failure.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// What an operating system error means to the person who gave the path.
pub(super) fn output_error(path: &Path, error: &io::Error) -> Error {
    let (problem, remedy) = match error.kind() {
        ErrorKind::PermissionDenied => (
            "writing here is not permitted",
            "choose a directory of your own or change its permissions",
        ),
        ErrorKind::ReadOnlyFilesystem => {
            ("the file system is read-only", "choose a directory on another one")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ("the disk or quota is full", "free space or choose another disk; nothing was replaced")
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            ("part of the path is a file, not a directory", "choose another path")
        }
        ErrorKind::IsADirectory => {
            ("a directory has the file's name", "move it away or choose another path")
        }
        ErrorKind::NotFound => ("its directory does not exist", "create the directory first"),
        ErrorKind::InvalidFilename => ("the path is too long or not valid", "choose a shorter one"),
        _ => {
            let problem = format!("writing failed ({error})");
            return refuse(path, problem, "check the disk or choose another path");
        }
    };
    refuse(path, problem, remedy)
}

/// Shorthand for [`Error::Output`].
pub(super) fn refuse(path: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Error {
    let path = path.display().to_string();
    Error::Output { path, problem: problem.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let names = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        names.collect()
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.csv");
        write_atomic(&path, b"old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(place.path()), ["a.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn results_are_as_readable_as_any_other_file() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let (ours, other) = (place.path().join("ours"), place.path().join("other"));
        write_atomic(&ours, b"").unwrap();
        std::fs::write(&other, b"").unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&other));
    }

    #[test]
    fn a_failed_write_leaves_nothing_and_says_what_to_do() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("a.csv");
        std::fs::create_dir(&directory).unwrap();
        let message = write_atomic(&directory, b"new").unwrap_err().to_string();
        assert!(message.contains("a.csv: a directory has the file's name; move it"), "{message}");
        assert_eq!(names(place.path()), ["a.csv"]);
        let message = write_atomic(place.path().join("b/c.csv"), b"").unwrap_err().to_string();
        assert!(message.contains("c.csv: its directory does not exist"), "{message}");
        let file = place.path().join("file");
        write_atomic(&file, b"").unwrap();
        let message = write_atomic(file.join("c.csv"), b"").unwrap_err().to_string();
        assert!(message.contains("part of the path is a file"), "{message}");
    }

    #[test]
    fn every_cause_has_a_remedy() {
        for (kind, problem) in [
            (ErrorKind::PermissionDenied, "not permitted"),
            (ErrorKind::StorageFull, "full"),
            (ErrorKind::ReadOnlyFilesystem, "read-only"),
            (ErrorKind::InvalidFilename, "too long"),
            (ErrorKind::Other, "writing failed"),
        ] {
            let error = output_error(Path::new("out/a.csv"), &kind.into());
            assert_eq!(error.exit_code(), 5);
            let message = error.to_string();
            assert!(message.starts_with("out/a.csv: ") && message.contains(problem), "{message}");
        }
    }
}
