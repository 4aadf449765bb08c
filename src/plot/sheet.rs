//! A whole figure: panels in rows, and how wide it is.

use super::panel::Panel;

/// Width of a figure, as journals want it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    /// One column: 89 mm.
    Single,
    /// One and a half columns: 120 mm.
    OneAndHalf,
    /// Two columns: 183 mm.
    #[default]
    Double,
}

/// A whole figure: panels in rows, lettered a, b, c when there are several.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// A line that names the figure to those who cannot see it.
    pub title: String,
    /// What the figure shows, for those who cannot see it.
    pub description: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels to a row.
    pub columns: usize,
    /// Width of the whole figure.
    pub width: Width,
}

impl Default for Sheet {
    fn default() -> Self {
        Self::new("", Vec::new())
    }
}

impl Sheet {
    /// Panels beside each other: up to two in a row, three when that fills the rows.
    pub fn new(title: impl Into<String>, panels: Vec<Panel>) -> Self {
        let columns = match panels.len() {
            0 | 1 => 1,
            3 | 5 | 6 | 9 => 3,
            _ => 2,
        };
        let width = if panels.len() < 2 { Width::Single } else { Width::Double };
        Self { title: title.into(), description: String::new(), panels, columns, width }
    }
}
