//! Sizes of letters, lines and gaps in each style.

use super::sheet::Width;

/// What the figure is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// A journal: 7-point labels, thin lines.
    #[default]
    Paper,
    /// A projector: large letters, thick lines.
    Slides,
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
    /// Whether a legend stays in the corner that its figure chose for it: on slides, whose text is
    /// larger, it looks for a place where it hides nothing.
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
