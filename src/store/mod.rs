//! Results on disk: a directory that is complete or untouched, with a manifest of how to make it
//! again.
//!
//! ```
//! use solvable::store::{Manifest, OutDir};
//!
//! let place = tempfile::tempdir()?;
//! let path = place.path().join("results");
//! let mut out = OutDir::create(&path, false)?; // checks only, nothing is created yet
//! out.write("loss.csv", b"time,loss\n0,1\n")?; // whole or not at all
//! let mut manifest = Manifest::new(7);
//! manifest.settings.insert("rate".into(), 0.1.into());
//! let manifest = out.finish(manifest)?; // written last: its presence says that all is there
//! assert_eq!(manifest.outputs[0].file, "loss.csv");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A directory is ours if it holds a `manifest.json` of ours, and in it a file is ours if that
//! manifest lists it. Nothing else is ever replaced without `force`, and nothing is ever deleted.

mod atomic;
mod directory;
mod manifest;
pub mod read;

pub use atomic::write_atomic;
pub use directory::OutDir;
pub use manifest::{Input, Manifest, Output, SCHEMA};
