//! Drawing what was planned: from frames to a page, and from the page to files' bytes.
//!
//! | file | what it draws |
//! |---|---|
//! | `sheet` | a whole sheet: each panel's parts in their order, its letter and title |
//! | `axes` | spines, ticks, their labels and names |
//! | `marks` | the marks over the axes |
//! | `heatmap` | the cells of a matrix and the color bar |
//! | `legend` | names beside samples of their marks |
//! | `shapes` | strokes, fills and markers that a mark and its sample share |
//! | `canvas` | the page: shapes by plotters, text placed by us, written as SVG |
//! | `raster`, `pdf` | PNG and PDF of a page |
//!
//! Where something goes is decided in `plan`.

mod axes;
pub(super) mod canvas;
mod heatmap;
mod legend;
mod marks;
#[cfg(feature = "cli")]
mod pdf;
#[cfg(feature = "cli")]
pub(super) mod raster;
mod shapes;
pub(super) mod sheet;
