//! What a sheet is to look like, before anything is drawn. All lengths are points of the page.
//!
//! `layout::arrange` makes one `Frame` of every panel: text set, ticks chosen, everything placed.
//!
//! | file | what it decides |
//! |---|---|
//! | `check` | what is refused: numbers that are not finite, columns of different lengths |
//! | `span` | from where to where an axis goes, from the data or as given |
//! | `ticks` | round numbers between two ends |
//! | `axis` | which ticks and names fit along an axis, and the room that they need |
//! | `color_bar` | the same for the bar beside a heat map |
//! | `legend` | the names of the marks and their columns |
//! | `frame` | `Frame`: one panel with its axes, bar and legend, and where data are on the page |
//! | `margins` | the room around the data of a panel |
//! | `layout` | panels aligned in rows and columns |
//! | `obstacles` | where a panel is already drawn on |
//! | `free_places` | places for legends and for the words of reference lines that hide nothing |
//!
//! Nothing here draws. What a plan says, `draw` only carries out.

pub(super) mod axis;
pub(super) mod check;
pub(super) mod color_bar;
pub(super) mod frame;
pub(super) mod free_places;
pub(super) mod layout;
pub(super) mod legend;
mod margins;
pub(super) mod obstacles;
mod span;
mod ticks;
