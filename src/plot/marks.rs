//! What can be drawn in a panel.

use ndarray::Array2;

use super::color::{Color, Colormap, series_color};

/// Something drawn in a panel. Later marks lie over earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A curve: as a rule, theory.
    Line(Line),
    /// Points with or without error bars: as a rule, simulation or data.
    Dots(Dots),
    /// The region between two curves.
    Band(Band),
    /// A matrix in colors, with a color bar.
    Heatmap(Heatmap),
    /// A straight reference line across the panel.
    Rule(Rule),
    /// A few words inside the panel.
    Text(Text),
}

/// How a line is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dash {
    /// Not at all.
    #[default]
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// Dashes and dots in turn.
    DashDotted,
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marker {
    /// A disk or ring.
    #[default]
    Circle,
    /// A square.
    Square,
    /// A triangle pointing up.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle pointing down.
    Wedge,
}

/// The dash of series number `i`, so that series differ by more than color.
pub fn series_dash(i: usize) -> Dash {
    [Dash::Solid, Dash::Dashed, Dash::DashDotted, Dash::Dotted][i % 4]
}

/// The marker of series number `i`, so that series differ by more than color.
pub fn series_marker(i: usize) -> Marker {
    [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Wedge][i % 5]
}

/// A curve through points in the order given.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Name in the legend and the table; none leaves the curve out of the legend.
    pub label: Option<String>,
    /// Abscissas.
    pub x: Vec<f64>,
    /// Ordinates.
    pub y: Vec<f64>,
    /// Color.
    pub color: Color,
    /// Dash pattern.
    pub dash: Dash,
    /// Width, 1 being the style's usual.
    pub width: f64,
}

/// Points.
#[derive(Debug, Clone, PartialEq)]
pub struct Dots {
    /// Name in the legend and the table; none leaves the points out of the legend.
    pub label: Option<String>,
    /// Abscissas.
    pub x: Vec<f64>,
    /// Ordinates.
    pub y: Vec<f64>,
    /// Half lengths of error bars, one for each point.
    pub spread: Option<Vec<f64>>,
    /// Color.
    pub color: Color,
    /// Shape.
    pub marker: Marker,
    /// Open markers show an outline around white.
    pub open: bool,
    /// Size, 1 being the style's usual.
    pub size: f64,
}

/// The region between two curves: as a rule, a spread over runs, or one layer of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Name in the legend and the table; none leaves the region out of the legend.
    pub label: Option<String>,
    /// Abscissas.
    pub x: Vec<f64>,
    /// Lower curve.
    pub low: Vec<f64>,
    /// Upper curve.
    pub high: Vec<f64>,
    /// Color before it is made translucent.
    pub color: Color,
    /// How much of what lies below it hides, from 0 to 1.
    pub opacity: f64,
}

/// A matrix in colors. Row 0 is on top and cell (i, j) is centered at x = j, y = i, unless the
/// panel's axes have ranges: then the cells fill the ranges evenly, row 0 at the low end of y.
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// The matrix.
    pub values: Array2<f64>,
    /// Names of the rows; empty for none.
    pub row_labels: Vec<String>,
    /// Names of the columns; empty for none.
    pub column_labels: Vec<String>,
    /// Colors.
    pub colormap: Colormap,
    /// Values at the ends of the color bar; by default those of the data. A diverging map makes them
    /// symmetric about zero.
    pub range: Option<(f64, f64)>,
    /// Name of the quantity; none leaves the color bar without.
    pub bar_label: Option<String>,
    /// Whether cells are square, as for a matrix of distances.
    pub square: bool,
}

/// A straight reference line across the panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where it crosses its axis.
    pub at: f64,
    /// Whether it is vertical (at an x) or horizontal (at a y).
    pub vertical: bool,
    /// Words written at its end.
    pub label: Option<String>,
    /// Color.
    pub color: Color,
    /// Dash pattern.
    pub dash: Dash,
}

/// A few words inside the panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Where, in the panel's coordinates.
    pub x: f64,
    /// Where, in the panel's coordinates.
    pub y: f64,
    /// The words.
    pub text: String,
    /// Color.
    pub color: Color,
    /// Share of the words' width left of `x`: 0 starts there, 0.5 is centered, 1 ends there.
    pub anchor: f64,
}

/// An empty label is none.
fn named(label: impl Into<String>) -> Option<String> {
    Some(label.into()).filter(|l| !l.is_empty())
}

impl Line {
    /// A solid line of usual width; an empty `label` keeps it out of the legend.
    pub fn new(label: impl Into<String>, x: &[f64], y: &[f64], color: Color) -> Self {
        let (x, y) = (x.to_vec(), y.to_vec());
        Self { label: named(label), x, y, color, dash: Dash::Solid, width: 1.0 }
    }
}

impl Dots {
    /// Filled circles of usual size; an empty `label` keeps them out of the legend.
    pub fn new(label: impl Into<String>, x: &[f64], y: &[f64], color: Color) -> Self {
        let (x, y, label) = (x.to_vec(), y.to_vec(), named(label));
        Self { label, x, y, spread: None, color, marker: Marker::Circle, open: false, size: 1.0 }
    }
}

impl Band {
    /// A translucent region; an empty `label` keeps it out of the legend.
    pub fn new(
        label: impl Into<String>,
        x: &[f64],
        low: &[f64],
        high: &[f64],
        color: Color,
    ) -> Self {
        let (x, low, high) = (x.to_vec(), low.to_vec(), high.to_vec());
        Self { label: named(label), x, low, high, color, opacity: 0.22 }
    }
}

impl Heatmap {
    /// A matrix without names, in the sequential map, over the range of its values.
    pub fn new(values: Array2<f64>) -> Self {
        Self {
            values,
            row_labels: Vec::new(),
            column_labels: Vec::new(),
            colormap: Colormap::Sequential,
            range: None,
            bar_label: None,
            square: false,
        }
    }
}

impl Rule {
    /// A dashed gray line at height `y`.
    pub fn horizontal(y: f64) -> Self {
        Self { at: y, vertical: false, label: None, color: Color::GRAY, dash: Dash::Dashed }
    }

    /// A dashed gray line at `x`.
    pub fn vertical(x: f64) -> Self {
        Self { vertical: true, ..Self::horizontal(x) }
    }
}

impl Text {
    /// Black words that start at a place.
    pub fn new(x: f64, y: f64, text: impl Into<String>) -> Self {
        Self { x, y, text: text.into(), color: Color::BLACK, anchor: 0.0 }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new("", &[], &[], series_color(0))
    }
}

impl Default for Dots {
    fn default() -> Self {
        Self::new("", &[], &[], series_color(0))
    }
}

impl Default for Band {
    fn default() -> Self {
        Self::new("", &[], &[], &[], series_color(0))
    }
}

impl From<Line> for Mark {
    fn from(mark: Line) -> Self {
        Self::Line(mark)
    }
}

impl From<Dots> for Mark {
    fn from(mark: Dots) -> Self {
        Self::Dots(mark)
    }
}

impl From<Band> for Mark {
    fn from(mark: Band) -> Self {
        Self::Band(mark)
    }
}

impl From<Heatmap> for Mark {
    fn from(mark: Heatmap) -> Self {
        Self::Heatmap(mark)
    }
}

impl From<Rule> for Mark {
    fn from(mark: Rule) -> Self {
        Self::Rule(mark)
    }
}

impl From<Text> for Mark {
    fn from(mark: Text) -> Self {
        Self::Text(mark)
    }
}
