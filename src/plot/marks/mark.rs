//! The kinds of marks.

use super::annotations::{Rule, Text};
use super::curves::{Band, Dots, Line};
use super::heatmap::Heatmap;

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
