//! Figures of papers, each a pure function of its settings.
//!
//! A [`Figure`] names its paper and lists its [`Parameter`](crate::parameter::Parameter)s: they are the `--set` options of the
//! command line, their defaults, and their allowed ranges. Drawing gives a [`Drawing`]: the
//! panels, and every [`Agreement`](crate::Agreement) of theory with simulation that they show. The
//! same settings give the same bytes. The figures show what the papers show, computed anew; where a
//! paper gives no value, the caption says what was used.
//!
//! ```
//! use solvable::figures::{Effort, find};
//! use solvable::plot::{Style, svg};
//!
//! let figure = find("saxe2021_fig4b")?;
//! let mut settings = figure.settings(Effort::Quick, 0);
//! settings.values.set("u0", 1e-4)?;
//! let drawing = (figure.draw)(&settings)?;
//! assert!(drawing.agreements.iter().all(|agreement| agreement.holds()));
//! assert!(svg(&drawing.sheet, Style::Paper)?.starts_with("<svg"));
//! # Ok::<(), solvable::Error>(())
//! ```
//!
//! [`course`](own::course), [`embedding`](own::embedding) and [`focus`](own::focus) draw the figures of a user's own data, [`curve`](own::curve) those of a
//! learning curve, [`online_course`](own::online_course) those of online learning.

mod activation_comparison;
mod advani2020_fig2;
mod advani2020_fig3;
mod advani2020_fig4;
mod bordelon2022_dmft;
mod braun2022_fig2;
mod braun2022_fig5;
mod canatar2021_fig3;
mod canatar2021_fig6;
mod cntk_images;
mod domine2025_fig2;
mod ensembles;
mod figure;
mod goldt2019_fig1;
mod goldt2019_fig2;
mod goldt2019_fig4;
mod goldt2020_fig;
mod hastie2022_ridgeless;
mod jacot2018_fig;
mod lampinen2019_fig;
mod lee2019_fig2;
mod lee2021_fig2;
mod lisompolinsky2021;
mod mei2019_fig1;
mod nngp_regression;
pub mod own;
mod parts;
mod plateau_escape;
mod poole2016_phase;
mod saad1995_fig1;
mod saxe2014_fig3;
mod saxe2019_coherence;
mod saxe2019_fig3;
mod saxe2019_structures;
mod saxe2019_typicality;
mod saxe2021_fig4a;
mod saxe2021_fig4b;
mod saxe2021_fig4c;
mod saxe2021_fig4d;
mod saxe2021_fig4e;
mod saxe2021_fig4f;
mod saxe2021_fig5a;
mod saxe2021_fig5b;
mod saxe2021_fig5c;
mod saxe2021_fig5d;
mod saxe2021_fig5e;
mod saxe2022_race;
mod schoenholz2017_depth;
mod seung1992_curves;
mod seung1992_ising;
mod tree_diagram;

use crate::{Error, Result};
pub use figure::{Drawing, Effort, Figure, Settings};

/// Every figure, in the order of the gallery.
pub const ALL: &[Figure] = &[
    saxe2021_fig4a::FIGURE,
    saxe2021_fig4b::FIGURE,
    saxe2021_fig4c::FIGURE,
    saxe2021_fig4d::FIGURE,
    saxe2021_fig4e::FIGURE,
    saxe2021_fig4f::FIGURE,
    saxe2021_fig5a::FIGURE,
    saxe2021_fig5b::FIGURE,
    saxe2021_fig5c::FIGURE,
    saxe2021_fig5d::FIGURE,
    saxe2021_fig5e::FIGURE,
    saxe2014_fig3::FIGURE,
    saxe2019_fig3::FIGURE,
    saxe2019_structures::FIGURE,
    saxe2019_coherence::FIGURE,
    saxe2019_typicality::FIGURE,
    saxe2022_race::FIGURE,
    braun2022_fig2::FIGURE,
    braun2022_fig5::FIGURE,
    domine2025_fig2::FIGURE,
    advani2020_fig2::FIGURE,
    advani2020_fig3::FIGURE,
    advani2020_fig4::FIGURE,
    lampinen2019_fig::FIGURE,
    hastie2022_ridgeless::FIGURE,
    mei2019_fig1::FIGURE,
    seung1992_curves::FIGURE,
    seung1992_ising::FIGURE,
    canatar2021_fig3::FIGURE,
    canatar2021_fig6::FIGURE,
    saad1995_fig1::FIGURE,
    plateau_escape::FIGURE,
    goldt2019_fig1::FIGURE,
    goldt2019_fig2::FIGURE,
    goldt2019_fig4::FIGURE,
    activation_comparison::FIGURE,
    goldt2020_fig::FIGURE,
    lee2021_fig2::FIGURE,
    nngp_regression::FIGURE,
    lee2019_fig2::FIGURE,
    jacot2018_fig::FIGURE,
    cntk_images::FIGURE,
    poole2016_phase::FIGURE,
    schoenholz2017_depth::FIGURE,
    bordelon2022_dmft::FIGURE,
    lisompolinsky2021::FIGURE,
];

/// A figure by name.
///
/// # Errors
/// There is none; the error lists the names.
pub fn find(name: &str) -> Result<&'static Figure> {
    ALL.iter().find(|f| f.name == name).ok_or_else(|| Error::Unknown {
        kind: "figure",
        name: name.to_owned(),
        nearest: ALL.iter().map(|f| f.name.to_owned()).collect(),
    })
}
