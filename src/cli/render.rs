//! A drawing as files.

use clap::ValueEnum;
use solvable::Result;
use solvable::plot::{self, Sheet};

/// What a figure is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// A journal: 7-point labels, thin lines.
    Paper,
    /// A projector: large letters, thick lines.
    Slides,
}

impl Style {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Slides => "slides",
        }
    }
}

impl From<Style> for plot::Style {
    fn from(style: Style) -> Self {
        match style {
            Style::Paper => Self::Paper,
            Style::Slides => Self::Slides,
        }
    }
}

/// What the names of a figure's files end with.
pub const EXTENSIONS: [&str; 4] = ["csv", "pdf", "png", "svg"];

/// Extension and content of every file of a figure.
pub fn render(sheet: &Sheet, style: Style) -> Result<[(&'static str, Vec<u8>); 4]> {
    let files = plot::render_all(sheet, style.into(), plot::PRINT_DPI)?;
    let [csv, pdf, png, svg] = EXTENSIONS;
    Ok([
        (csv, files.csv.into_bytes()),
        (pdf, files.pdf),
        (png, files.png),
        (svg, files.svg.into_bytes()),
    ])
}
