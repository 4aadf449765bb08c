//! One panel: axes, marks and a legend; and the sheet that holds panels.

use super::marks::Mark;

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
}

/// Width of a figure, as journals want it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    /// One column: 89 mm.
    Single,
    /// One and a half columns: 120 mm.
    OneAndHalf,
    /// Two columns: 183 mm.
    #[default]
    Double,
}

/// What the figure is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// A journal: 7-point labels, thin lines.
    #[default]
    Paper,
    /// A projector: large letters, thick lines.
    Slides,
}

/// A whole figure: panels in rows, lettered a, b, c when there are several.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// A line that names the figure to those who cannot see it.
    pub title: String,
    /// What the figure shows, for those who cannot see it.
    pub description: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels to a row.
    pub columns: usize,
    /// Width of the whole figure.
    pub width: Width,
}

impl Default for Sheet {
    fn default() -> Self {
        Self::new("", Vec::new())
    }
}

impl Sheet {
    /// Panels beside each other: up to two in a row, three when that fills the rows.
    pub fn new(title: impl Into<String>, panels: Vec<Panel>) -> Self {
        let columns = match panels.len() {
            0 | 1 => 1,
            3 | 5 | 6 | 9 => 3,
            _ => 2,
        };
        let width = if panels.len() < 2 { Width::Single } else { Width::Double };
        Self { title: title.into(), description: String::new(), panels, columns, width }
    }
}

/// Sizes in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub page_width: f64,
    pub tick_text: f64,
    pub label_text: f64,
    pub letter_text: f64,
    /// Text is not made smaller than this.
    pub smallest_text: f64,
    pub spine: f64,
    pub tick: f64,
    pub line: f64,
    pub marker: f64,
    /// Small gap; everything else is a multiple of it.
    pub gap: f64,
    /// Share of the panels' own aspects that is used: slides are wide.
    pub flatness: f64,
    /// Whether a legend stays in the corner that its figure chose for it: on slides, whose text is larger, it
    /// looks for a place where it hides nothing.
    pub keeps_corners: bool,
}

impl Style {
    pub(super) fn look(self, width: Width) -> Look {
        let mm = 72.0 / 25.4;
        match self {
            Self::Paper => Look {
                page_width: mm
                    * match width {
                        Width::Single => 89.0,
                        Width::OneAndHalf => 120.0,
                        Width::Double => 183.0,
                    },
                tick_text: 6.0,
                label_text: 7.0,
                letter_text: 8.0,
                smallest_text: 5.0,
                spine: 0.6,
                tick: 2.5,
                line: 1.1,
                marker: 1.7,
                gap: 2.0,
                flatness: 1.0,
                keeps_corners: true,
            },
            // A slide is 254 mm wide and read from afar.
            Self::Slides => Look {
                page_width: mm
                    * match width {
                        Width::Single => 160.0,
                        Width::OneAndHalf => 200.0,
                        Width::Double => 254.0,
                    },
                tick_text: 12.0,
                label_text: 14.0,
                letter_text: 16.0,
                smallest_text: 9.0,
                spine: 1.2,
                tick: 5.0,
                line: 2.6,
                marker: 3.6,
                gap: 4.0,
                flatness: 0.7,
                keeps_corners: false,
            },
        }
    }
}
