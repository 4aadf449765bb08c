//! Marks that explain the others: reference lines and words.

use super::pattern::Dash;
use crate::plot::color::Color;

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
