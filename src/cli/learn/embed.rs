//! The items of the user's data in the hidden layer: what `learn --embed` adds.

use serde_json::{Value, json};
use solvable::course::Course;
use solvable::figures::own::embedding::embedding;
use solvable::plot::Sheet;
use solvable::semantic::embedding::ItemPaths;
use solvable::semantic::item_paths::{CoursePaths, course_paths};
use solvable::{Error, Result};

use super::super::report;

/// The paths of all items, to be drawn and printed.
pub struct Embedded {
    names: Vec<String>,
    paths: CoursePaths,
}

/// Follows the items of a course, if that was asked for.
///
/// What cannot be had exactly is a matter of the flags, and said so.
pub fn embed(wanted: bool, course: &Course) -> Result<Option<Embedded>> {
    if !wanted {
        return Ok(None);
    }
    let by_flag = |error| match error {
        Error::Assumption { reason, remedy, .. } => {
            Error::Usage(format!("--embed is not possible: {reason}; {remedy}"))
        }
        other => other,
    };
    let paths = course_paths(course).map_err(by_flag)?;
    Ok(Some(Embedded { names: course.data.item_names.clone(), paths }))
}

impl Embedded {
    /// The figure `embedding`.
    pub fn sheet(&self) -> Sheet {
        embedding(&self.paths, &self.names)
    }

    /// What a reader of the picture should know.
    pub fn warnings(&self) -> Option<String> {
        self.paths.arbitrary.then(|| {
            "the second axis of the embedding is one of several that show equally much: only \
             distances between all items, not their places on it, have a meaning"
                .to_owned()
        })
    }

    /// The field `embedding` of the JSON document: places by time, item and axis.
    pub fn json(&self) -> Value {
        let CoursePaths { times, theory, simulation, arbitrary } = &self.paths;
        let places = |paths: &ItemPaths| {
            let at = |c: &ndarray::Array2<f64>| {
                json!(c.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>())
            };
            paths.coordinates.iter().map(at).collect::<Vec<_>>()
        };
        json!({
            "times": times,
            "items": self.names,
            "prediction": places(theory),
            "simulation": places(simulation),
            "explained_share": { "prediction": theory.shares, "simulation": simulation.shares },
            "largest_gap": theory.largest_gap(simulation),
            "range": theory.range(),
            "arbitrary": arbitrary,
        })
    }

    /// One line for people.
    pub fn text(&self) -> String {
        let CoursePaths { theory, simulation, .. } = &self.paths;
        format!(
            "\nembedding: two axes show {} % of all squared distances at the end; largest gap {} of {}\n",
            report::number(100.0 * theory.shares.last().copied().unwrap_or(1.0)),
            report::number(theory.largest_gap(simulation)),
            report::number(theory.range()),
        )
    }
}
