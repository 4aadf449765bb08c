//! Publication-quality figures: the only place that knows plotters.
//!
//! A figure is a [`Sheet`] of [`Panel`]s; a panel has two axes and a list of [`Mark`]s, in the order
//! in which they are drawn. [`svg`] draws it, [`csv`] lists the numbers it shows, and with the `cli`
//! feature [`render_all`] also makes PNG and PDF of the same drawing. Nothing here reads or writes
//! files, and the same sheet gives the same bytes everywhere.
//!
//! ```
//! use solvable::plot::{AxisSpec, Dots, Line, Panel, Sheet, Style, series_color, svg};
//!
//! let t: Vec<f64> = (0..=100).map(|i| f64::from(i) * 0.1).collect();
//! let a: Vec<f64> = t.iter().map(|t| 1.0 / (1.0 + (5.0 - t).exp())).collect();
//! let mut panel = Panel::new(AxisSpec::linear("time (τ)"), AxisSpec::linear("mode strength *a*_1"));
//! panel.add(Line::new("theory", &t, &a, series_color(0)));
//! panel.add(Dots { open: true, ..Dots::new("simulation", &[5.0], &[0.5], series_color(0)) });
//! let figure = svg(&Sheet::new("Learning one mode", vec![panel]), Style::Paper)?;
//! assert!(figure.starts_with("<svg"));
//! # Ok::<(), solvable::Error>(())
//! ```
//!
//! # Labels
//! In all labels `_` and `^` set the next character, or what stands in braces, as sub- or
//! superscript (`W_{21}`, `10^{-3}`, `Σ^{yx}`), and stars make symbols italic (`*u*`). A backslash
//! takes the meaning off the next character. Pass names that come from users through [`literal`].
//!
//! # What is refused
//! Numbers that are not finite, columns of different lengths, values not above zero on a logarithmic
//! axis, and axis ranges without extent, each with panel, series and place in the message.
//!
//! # How it is drawn
//! plotters' SVG backend draws the shapes on a grid of a twentieth of a point. Letters are outlines
//! of the embedded fonts, stored once a glyph: the figure looks the same in every viewer and stays
//! small. PNG and PDF come from the same page with letters as text, so that the PDF has the fonts
//! inside and its text can be searched.
//!
//! # Where things are
//!
//! | place | what it has |
//! |---|---|
//! | `sheet`, `panel`, `marks/`, `color` | what a figure is made of |
//! | `look` | styles, and the sizes that belong to each |
//! | `text`, `font` | labels: markup, letters and their widths |
//! | `geometry` | points and rectangles of the page, clipping, thinning |
//! | `names` | what panels and series are called in messages and tables |
//! | `plan/` | what a sheet is to look like: checks, axes, legends, the layout of panels |
//! | `draw/` | shapes and letters on a page, as SVG, PNG and PDF |
//! | `table` | the numbers of a sheet as CSV |
//!
//! `plan` uses what stands above it, `draw` uses `plan`; never the other way. `marks/mod.rs` says what
//! a new kind of mark needs.

mod color;
mod draw;
mod font;
mod geometry;
mod look;
mod marks;
mod names;
mod panel;
mod plan;
mod sheet;
mod table;
#[cfg(all(test, feature = "cli"))]
mod tests;
mod text;

pub use color::{Color, Colormap, gradient_color, series_color};
pub use look::Style;
pub use marks::{
    Band, Dash, Dots, Heatmap, Line, Mark, Marker, Rule, Text, series_dash, series_marker,
};
pub use panel::{AxisSpec, Legend, Panel, Scale};
pub use sheet::{Sheet, Width};
pub use table::csv;
pub use text::literal;

use crate::Result;
use draw::canvas::{Canvas, Lettering};
#[cfg(feature = "cli")]
use draw::raster;
use draw::sheet::draw_sheet;

/// Pixels to the inch that journals ask for.
pub const PRINT_DPI: f64 = 300.0;

fn outlined(canvas: &Canvas, sheet: &Sheet) -> String {
    canvas.svg(&text::plain(&sheet.title), &text::plain(&sheet.description), Lettering::Outlines)
}

/// The figure as SVG, in its real size.
///
/// # Errors
/// The sheet holds something that cannot be drawn; see the [module](self).
pub fn svg(sheet: &Sheet, style: Style) -> Result<String> {
    Ok(outlined(&draw_sheet(sheet, style)?, sheet))
}

/// The figure as PNG with `dpi` pixels to the inch, [`PRINT_DPI`] being usual.
///
/// # Errors
/// As [`svg`]; or `dpi` is not between 10 and 2400.
#[cfg(feature = "cli")]
pub fn png(sheet: &Sheet, style: Style, dpi: f64) -> Result<Vec<u8>> {
    raster::png(&raster::tree(&draw_sheet(sheet, style)?)?, dpi)
}

/// The figure as PDF, all shapes vectors, with the fonts it uses inside.
///
/// # Errors
/// As [`svg`].
#[cfg(feature = "cli")]
pub fn pdf(sheet: &Sheet, style: Style) -> Result<Vec<u8>> {
    raster::pdf(&raster::tree(&draw_sheet(sheet, style)?)?)
}

/// A figure in every format.
#[cfg(feature = "cli")]
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// As [`svg`].
    pub svg: String,
    /// As [`pdf`].
    pub pdf: Vec<u8>,
    /// As [`png()`].
    pub png: Vec<u8>,
    /// As [`csv`].
    pub csv: String,
}

/// The figure in every format, laid out once.
///
/// # Errors
/// As [`svg`] and [`png()`].
#[cfg(feature = "cli")]
pub fn render_all(sheet: &Sheet, style: Style, dpi: f64) -> Result<Rendered> {
    let canvas = draw_sheet(sheet, style)?;
    let tree = raster::tree(&canvas)?;
    Ok(Rendered {
        svg: outlined(&canvas, sheet),
        pdf: raster::pdf(&tree)?,
        png: raster::png(&tree, dpi)?,
        csv: csv(sheet)?,
    })
}
