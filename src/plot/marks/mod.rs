//! What can be drawn in a panel.
//!
//! | file | what it has |
//! |---|---|
//! | `mark` | `Mark`, one variant for each kind |
//! | `curves` | `Line`, `Dots`, `Band` |
//! | `heatmap` | `Heatmap` |
//! | `annotations` | `Rule`, `Text` |
//! | `pattern` | dashes and the shapes of points, and which a series gets |
//!
//! A new kind is a struct in a file of its subject and a variant of `Mark`. The compiler then asks
//! for it wherever kinds differ: what is refused of it (`plan/check`), how far it reaches
//! (`plan/span`), what it hides (`plan/obstacles`), its line in the legend (`plan/legend`,
//! `draw/legend`), its shapes (`draw/marks`), its name (`names`) and its rows (`table`).

mod annotations;
mod curves;
mod heatmap;
mod mark;
mod pattern;

pub use annotations::{Rule, Text};
pub use curves::{Band, Dots, Line};
pub use heatmap::Heatmap;
pub use mark::Mark;
pub use pattern::{Dash, Marker, series_dash, series_marker};
