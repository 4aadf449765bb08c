//! One panel: axes, marks and a legend.

use super::marks::{Heatmap, Mark};

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithm; values must be positive.
    Log,
}

/// One axis of a panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AxisSpec {
    /// What it shows, with the unit.
    pub label: String,
    /// How values are spread.
    pub scale: Scale,
    /// Ends of the axis; by default those of the data, with a margin.
    pub range: Option<(f64, f64)>,
    /// Names at 0, 1, 2, … in place of numbers; empty for numbers.
    pub categories: Vec<String>,
    /// Neither line nor ticks nor name: for diagrams, whose places mean nothing.
    pub hidden: bool,
}

impl AxisSpec {
    /// A linear axis that fits the data.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// A logarithmic axis that fits the data.
    pub fn log(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Log, ..Self::default() }
    }

    /// An axis of names.
    pub fn categories<S: Into<String>>(
        label: impl Into<String>,
        names: impl IntoIterator<Item = S>,
    ) -> Self {
        let categories = names.into_iter().map(Into::into).collect();
        Self { label: label.into(), categories, ..Self::default() }
    }

    /// A linear axis that is not drawn.
    pub fn hidden() -> Self {
        Self { hidden: true, ..Self::default() }
    }

    /// The same axis from `low` to `high`.
    pub fn within(self, low: f64, high: f64) -> Self {
        Self { range: Some((low, high)), ..self }
    }
}

/// Where the names of the marks stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Legend {
    /// Nowhere.
    None,
    /// Where it hides nothing: inside if there is a free corner, else outside.
    #[default]
    Auto,
    /// In the corner, over whatever is there.
    TopLeft,
    /// In the corner, over whatever is there.
    TopRight,
    /// In the corner, over whatever is there.
    BottomLeft,
    /// In the corner, over whatever is there.
    BottomRight,
    /// Outside, to the right.
    Right,
    /// Outside, below.
    Below,
}

/// One panel of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// A line above the panel.
    pub title: Option<String>,
    /// Horizontal axis.
    pub x: AxisSpec,
    /// Vertical axis.
    pub y: AxisSpec,
    /// What is drawn, in this order.
    pub marks: Vec<Mark>,
    /// Where the names of the marks stand.
    pub legend: Legend,
    /// Height of the area of the data as a share of its width. The tallest panel sets its row.
    pub aspect: f64,
}

impl Default for Panel {
    fn default() -> Self {
        Self::new(AxisSpec::default(), AxisSpec::default())
    }
}

impl Panel {
    /// A panel without marks.
    pub fn new(x: AxisSpec, y: AxisSpec) -> Self {
        Self { title: None, x, y, marks: Vec::new(), legend: Legend::Auto, aspect: 0.75 }
    }

    /// Adds a mark over the others.
    pub fn add(&mut self, mark: impl Into<Mark>) {
        self.marks.push(mark.into());
    }

    /// Its heat map, if it has one.
    pub(super) fn heatmap(&self) -> Option<&Heatmap> {
        self.marks.iter().find_map(|mark| match mark {
            Mark::Heatmap(map) => Some(map),
            _ => None,
        })
    }
}
