//! How a set of results was made, in full, so that it can be made again.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::store::read::opening::open;
use crate::{Agreement, Error, Result};

/// Name and version of the manifest's format.
pub const SCHEMA: &str = "solvable/manifest/1";

/// How a set of results was made.
///
/// It holds no time, no number of threads and no path but those the user typed, so that the same
/// command with the same settings and seed gives the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Arguments of the command line after the program's name.
    pub command: Vec<String>,
    /// Every setting with the value it had, defaults included.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Seed of all randomness.
    pub seed: u64,
    /// Version of this program.
    pub version: &'static str,
    /// Random number generator.
    pub rng: &'static str,
    /// Files read.
    pub inputs: Vec<Input>,
    /// Files written, sorted by name; filled in by [`OutDir::finish`](super::OutDir::finish).
    pub outputs: Vec<Output>,
    /// How far each measurement is from its prediction.
    pub agreement: Vec<Agreement>,
    /// What the user was warned of.
    pub warnings: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Input {
    /// Its path as the user typed it.
    pub path: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Output {
    /// Its name in the directory.
    pub file: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

impl Manifest {
    /// A manifest that names this program and its generator, and is otherwise empty.
    pub fn new(seed: u64) -> Self {
        Self {
            schema: SCHEMA,
            command: Vec::new(),
            settings: serde_json::Map::new(),
            seed,
            version: env!("CARGO_PKG_VERSION"),
            rng: crate::math::random::GENERATOR,
            inputs: Vec::new(),
            outputs: Vec::new(),
            agreement: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The manifest as a JSON object. Numbers that are not finite become null.
    ///
    /// # Errors
    /// None known; serialization is fallible by its interface.
    pub fn to_json(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self).map_err(|error| not_serialized(&error))
    }

    /// The bytes of `manifest.json`.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| not_serialized(&error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl Input {
    /// Reads a file for its digest.
    ///
    /// # Errors
    /// [`Error::Data`] if it is not a regular file or cannot be read.
    pub fn of(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let (mut source, _) = open(path)?;
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        let mut chunk = vec![0; 64 << 10];
        loop {
            let n = source.read(&mut chunk).map_err(|error| Error::Data {
                place: path.display().to_string(),
                problem: format!("reading failed ({error})"),
                remedy: "check the disk".into(),
            })?;
            if n == 0 {
                break;
            }
            hasher.update(&chunk[..n]);
            bytes += n as u64;
        }
        Ok(Self { path: path.display().to_string(), sha256: hex(&hasher.finalize()), bytes })
    }
}

impl Output {
    pub(super) fn of(file: &str, content: &[u8]) -> Self {
        let sha256 = hex(&Sha256::digest(content));
        Self { file: file.to_owned(), sha256, bytes: content.len() as u64 }
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn not_serialized(error: &serde_json::Error) -> Error {
    Error::Output {
        path: "manifest.json".into(),
        problem: format!("it cannot be written as JSON ({error})"),
        remedy: "please report this".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&path, b"abc").unwrap();
        let input = Input::of(path.path()).unwrap();
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((input.sha256.as_str(), input.bytes), (expected, 3));
        assert_eq!(Output::of("a", b"abc").sha256, expected);
    }

    #[test]
    fn agreement_is_written_with_every_number_and_no_bare_nan() {
        let mut manifest = Manifest::new(u64::MAX);
        manifest.agreement.push(Agreement {
            observable: "loss".into(),
            max_gap: 0.1,
            rms_gap: f64::NAN,
            range: 1.0,
            spread: 0.0,
            tolerance: None,
            reason: "no bound is known",
        });
        let json = manifest.to_json().unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        let expected = "schema command settings seed version rng inputs outputs agreement warnings";
        assert_eq!(keys.join(" "), expected);
        assert_eq!(json["seed"], u64::MAX);
        let agreement = serde_json::json!({
            "observable": "loss", "max_gap": 0.1, "rms_gap": null, "range": 1.0, "spread": 0.0,
            "tolerance": null, "reason": "no bound is known",
        });
        assert_eq!(json["agreement"][0], agreement);
        let read_back: serde_json::Value =
            serde_json::from_slice(&manifest.to_bytes().unwrap()).unwrap();
        assert_eq!(read_back, json);
    }
}
