//! Marks along an abscissa: curves, points and the regions between curves.

use super::pattern::{Dash, Marker};
use crate::plot::color::{Color, series_color};

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
