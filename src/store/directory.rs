//! A directory of results that never loses what someone else put there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::atomic::{UNFINISHED, output_error, refuse};
use super::{Input, Manifest, Output, SCHEMA, write_atomic};
use crate::Result;

const MANIFEST: &str = "manifest.json";
/// Names of the files of a run that has not finished, one a line.
const MARK: &str = ".solvable-unfinished";
/// Largest manifest read back.
const MAX_MANIFEST: u64 = 16 << 20;

/// A directory of results being written; locked against other processes until dropped.
#[derive(Debug)]
pub struct OutDir {
    path: PathBuf,
    force: bool,
    /// Held open for its lock; `None` while there is no directory yet.
    lock: Option<Lock>,
    /// Files of an earlier run, by its manifest.
    earlier: BTreeSet<String>,
    written: BTreeMap<String, Output>,
}

impl OutDir {
    /// Checks that results may go to `path`. Nothing is created before the first file is ready,
    /// so a run that fails leaves no empty directory.
    ///
    /// With `force` results may go into a directory that is not ours, and may replace files there
    /// that have the names of new ones.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) if the path is a file, cannot be written, holds
    /// files that are not ours (without `force`), or is in use by another process.
    pub fn create(path: impl AsRef<Path>, force: bool) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let (earlier, written) = (BTreeSet::new(), BTreeMap::new());
        let mut out = Self { path, force, lock: None, earlier, written };
        let existing = out.nearest_existing();
        if !existing.is_dir() {
            let problem = if existing == out.path {
                "it is a file, not a directory".into()
            } else {
                format!("{} is a file, not a directory", existing.display())
            };
            return Err(refuse(&out.path, problem, "choose another path for the results"));
        }
        // A nameless file shows now, not after a long run, whether writing is possible.
        tempfile::tempfile_in(&existing).map_err(|error| output_error(&out.path, &error))?;
        if existing == out.path {
            out.take()?;
        }
        Ok(out)
    }

    /// Where the results go.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of the results, whole or not at all. `name` is a plain file name.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) if a file of that name is there and not ours, or
    /// writing fails.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let target = self.path.join(name);
        if !is_plain(name) {
            let remedy = "use a plain name that does not begin with a dot and is not manifest.json";
            return Err(refuse(&target, "this is not a name for a result file", remedy));
        }
        if self.lock.is_none() {
            std::fs::create_dir_all(&self.path)
                .map_err(|error| output_error(&self.path, &error))?;
            self.take()?;
        }
        let ours = self.force || self.earlier.contains(name) || self.written.contains_key(name);
        if !ours && target.symlink_metadata().is_ok() {
            let problem = format!("a file of this name exists that {MANIFEST} does not list");
            let remedy = "move it away, choose another directory, or replace it with --force";
            return Err(refuse(&target, problem, remedy));
        }
        self.mark(name)?;
        write_atomic(&target, bytes)?;
        self.written.insert(name.to_owned(), Output::of(name, bytes));
        Ok(())
    }

    /// Notes that a file is ours before it is there, so that a run that is killed can be repeated.
    fn mark(&self, name: &str) -> Result<()> {
        let known = self.earlier.iter().chain(self.written.keys()).map(String::as_str);
        let names: BTreeSet<&str> = known.chain([name]).collect();
        let lines: String = names.into_iter().flat_map(|name| [name, "\n"]).collect();
        write_atomic(self.path.join(MARK), lines.as_bytes())
    }

    /// Keeps as ours what an earlier run wrote and this one did not, as far as it is still there:
    /// for a run that was stopped early and may be completed later.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if such a file cannot be read.
    pub fn keep_earlier(&mut self) -> Result<()> {
        for name in &self.earlier {
            let path = self.path.join(name);
            let there = path.symlink_metadata().is_ok_and(|found| found.is_file());
            if there && !self.written.contains_key(name) {
                let Input { sha256, bytes, .. } = Input::of(&path)?;
                self.written.insert(name.clone(), Output { file: name.clone(), sha256, bytes });
            }
        }
        Ok(())
    }

    /// Writes the manifest, with all files written as its outputs, and gives it back.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) if writing fails.
    pub fn finish(mut self, mut manifest: Manifest) -> Result<Manifest> {
        if self.lock.is_none() {
            std::fs::create_dir_all(&self.path)
                .map_err(|error| output_error(&self.path, &error))?;
            self.take()?;
        }
        manifest.outputs = std::mem::take(&mut self.written).into_values().collect();
        write_atomic(self.path.join(MANIFEST), &manifest.to_bytes()?)?;
        // Gone already if nothing was written; a leftover does no harm.
        let _ = std::fs::remove_file(self.path.join(MARK));
        Ok(manifest)
    }

    /// The path itself, or the first of its parents that is there.
    fn nearest_existing(&self) -> PathBuf {
        let parents = self.path.ancestors().filter(|parent| !parent.as_os_str().is_empty());
        let existing = parents.into_iter().find(|parent| parent.symlink_metadata().is_ok());
        existing.map_or_else(|| PathBuf::from("."), Path::to_owned)
    }

    /// Locks the directory, then looks at what it holds.
    fn take(&mut self) -> Result<()> {
        let failed = |error: &io::Error| output_error(&self.path, error);
        let lock = match Lock::on(&self.path) {
            Ok(lock) => lock,
            Err(TryLockError::WouldBlock) => {
                let remedy = "wait until it is done or choose another directory";
                return Err(refuse(&self.path, "another run is writing here", remedy));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(|error| failed(&error))? {
            let name = entry.map_err(|error| failed(&error))?.file_name();
            names.push(name.to_string_lossy().into_owned());
        }
        let marked = marked(&self.path.join(MARK));
        // Left by a run that was killed: neither results nor anyone's files.
        let (left, mut names): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| name.starts_with(UNFINISHED));
        names.sort();
        match earlier_outputs(&self.path.join(MANIFEST)) {
            Some(earlier) => self.earlier = earlier,
            None if self.force || names.iter().all(|name| marked.contains(name)) => {}
            None => return Err(self.not_ours(&names)),
        }
        self.earlier.extend(marked);
        for name in left.iter().filter(|name| name.ends_with(".tmp")) {
            // The lock is ours, so nobody is writing it; a leftover does no harm.
            let _ = std::fs::remove_file(self.path.join(name));
        }
        self.lock = Some(lock);
        Ok(())
    }

    fn not_ours(&self, names: &[String]) -> crate::Error {
        let shown = names[..names.len().min(3)].join(", ");
        let more = match names.len() {
            0..=3 => String::new(),
            n => format!(" and {} more", n - 3),
        };
        let problem = if names.iter().any(|name| name == MANIFEST) {
            format!("the directory holds {shown}{more}, and its {MANIFEST} is not of this program")
        } else {
            format!("the directory holds {shown}{more}, and no {MANIFEST} of this program")
        };
        let remedy = "choose a new or empty directory, or write into this one with --force (only \
                      files with the names of new ones are replaced)";
        refuse(&self.path, problem, remedy)
    }
}

/// The files that a run noted before it was killed.
fn marked(path: &Path) -> BTreeSet<String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_MANIFEST).read_to_string(&mut text));
    let names = if read.is_ok() { text.as_str() } else { "" };
    names.lines().filter(|name| is_plain(name)).map(str::to_owned).collect()
}

/// The files a manifest lists; `None` if there is no manifest or it is not ours.
fn earlier_outputs(path: &Path) -> Option<BTreeSet<String>> {
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    File::open(path).ok()?.take(MAX_MANIFEST).read_to_end(&mut text).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&text).ok()?;
    if manifest.get("schema")?.as_str()? != SCHEMA {
        return None;
    }
    let outputs = manifest.get("outputs")?.as_array()?;
    let names = outputs.iter().filter_map(|output| output.get("file")?.as_str());
    Some(names.filter(|name| is_plain(name)).map(str::to_owned).collect())
}

/// Whether a name stays within the directory and cannot clash with our own bookkeeping.
fn is_plain(name: &str) -> bool {
    let within = !name.is_empty() && !name.starts_with('.') && name.len() <= 200;
    within
        && !name.eq_ignore_ascii_case(MANIFEST)
        && !name.contains(|c: char| c.is_control() || r#"/\:"#.contains(c))
}

/// An exclusive lock that ends with the process, however it ends.
#[derive(Debug)]
struct Lock {
    /// The lock is on the directory itself: there is no lock file to be left behind.
    #[cfg(unix)]
    _directory: File,
    /// Directories cannot be locked here: a file in it is, and is removed when dropped.
    #[cfg(not(unix))]
    file: (File, PathBuf),
}

impl Lock {
    #[cfg(unix)]
    fn on(directory: &Path) -> Result<Self, TryLockError> {
        let directory = File::open(directory).map_err(TryLockError::Error)?;
        match directory.try_lock() {
            // Some network file systems have no locks; then there is nothing to wait for either.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            result => result?,
        }
        Ok(Self { _directory: directory })
    }

    #[cfg(not(unix))]
    fn on(directory: &Path) -> Result<Self, TryLockError> {
        let path = directory.join(format!("{UNFINISHED}lock"));
        let file = File::create(&path).map_err(TryLockError::Error)?;
        match file.try_lock() {
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            result => result?,
        }
        Ok(Self { file: (file, path) })
    }
}

#[cfg(not(unix))]
impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file left behind is harmless: it is not locked any more.
        let _ = std::fs::remove_file(&self.file.1);
    }
}
