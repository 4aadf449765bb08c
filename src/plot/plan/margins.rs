//! The room that labels, bars and legends need around the data.

use super::frame::Frame;
use crate::plot::look::Look;
use crate::plot::panel::Legend;

/// Space around the area of the data.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Margins {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Margins {
    fn max(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            right: self.right.max(other.right),
            top: self.top.max(other.top),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// The room that a panel needs for all that stands around its data.
pub(super) fn margins(frame: &Frame, legend: Legend, look: &Look) -> Margins {
    let gap = look.gap;
    let mut margins = Margins {
        left: frame.y.depth(look).max(frame.x.overhang.0),
        right: frame.x.overhang.1,
        top: frame.y.overhang.1,
        bottom: frame.x.depth(look).max(frame.y.overhang.0),
    };
    if let Some(bar) = &frame.bar {
        margins.right = margins.right.max(bar.depth);
    }
    let heading = match (&frame.title, &frame.letter) {
        (Some(title), Some(letter)) => title.height().max(letter.height()) + gap,
        (Some(title), None) => title.height() + gap,
        (None, Some(letter)) => letter.height() + 0.5 * gap,
        (None, None) => 0.0,
    };
    margins.top = match &frame.y.factor {
        Some(factor) if frame.title.is_some() => heading + factor.height() + gap,
        Some(factor) => heading.max(factor.height() + gap),
        None => heading.max(margins.top),
    };
    if let Some(plan) = &frame.legend {
        match legend {
            Legend::Right => margins.right += plan.width + 3.0 * gap,
            Legend::Below => margins.bottom += plan.height + 2.0 * gap,
            _ => {}
        }
    }
    margins
}

/// Largest margins of every `stride`-th frame from `start`, `count` of them.
pub(super) fn widest(margins: &[Margins], start: usize, stride: usize, count: usize) -> Margins {
    margins
        .iter()
        .skip(start)
        .step_by(stride)
        .take(count)
        .fold(Margins::default(), |a, b| a.max(*b))
}
