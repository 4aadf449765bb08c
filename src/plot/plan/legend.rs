//! The names of the marks: which there are, and in how many columns.

use crate::plot::look::Look;
use crate::plot::marks::Mark;
use crate::plot::panel::{Legend, Panel};
use crate::plot::text::{Label, fitted};

/// The legend of a panel, set but not placed.
pub(crate) struct LegendPlan {
    pub entries: Vec<Entry>,
    /// Length of the piece of line beside a name.
    pub sample: f64,
    /// Widths.
    pub columns: Vec<f64>,
    pub rows: usize,
    pub width: f64,
    pub height: f64,
}

/// One name with all marks that bear it: theory and simulation of the same thing share a line.
pub(crate) struct Entry {
    pub label: Label,
    /// Places in the panel's list.
    pub marks: Vec<usize>,
}

/// The gap between sample and name, and the height of a row.
pub(crate) fn measures(look: &Look) -> (f64, f64) {
    (0.5 * look.tick_text, 1.35 * look.tick_text)
}

fn label_of(mark: &Mark) -> Option<&str> {
    match mark {
        Mark::Line(m) => m.label.as_deref(),
        Mark::Dots(m) => m.label.as_deref(),
        Mark::Band(m) => m.label.as_deref(),
        Mark::Heatmap(_) | Mark::Rule(_) | Mark::Text(_) => None,
    }
}

/// Sets the legend of a panel that has `room` for its width.
pub(super) fn plan_legend(
    panel: &Panel,
    legend: Legend,
    room: f64,
    look: &Look,
) -> Option<LegendPlan> {
    if legend == Legend::None {
        return None;
    }
    let mut names: Vec<(&str, Vec<usize>)> = Vec::new();
    for (i, mark) in panel.marks.iter().enumerate() {
        let Some(name) = label_of(mark) else { continue };
        match names.iter_mut().find(|(n, _)| *n == name) {
            Some((_, marks)) => marks.push(i),
            None => names.push((name, vec![i])),
        }
    }
    if names.is_empty() {
        return None;
    }
    let set = |name: &str| fitted(name, look.tick_text, 0.4 * look.page_width);
    let entries: Vec<Entry> =
        names.into_iter().map(|(name, marks)| Entry { label: set(name), marks }).collect();
    let (gap, row) = measures(look);
    let has_lines =
        entries.iter().flat_map(|e| &e.marks).any(|&i| !matches!(panel.marks[i], Mark::Dots(_)));
    let sample = if has_lines { 2.3 } else { 0.9 } * look.tick_text;
    let most = if legend == Legend::Below { entries.len() } else { 1 };
    // As many columns as there is room for.
    let mut columns = Vec::new();
    let mut rows = entries.len();
    for count in (1..=most).rev() {
        rows = entries.len().div_ceil(count);
        let widest = |part: &[Entry]| part.iter().map(|e| e.label.width).fold(0.0, f64::max);
        columns = entries.chunks(rows).map(|part| sample + gap + widest(part)).collect();
        if columns.iter().sum::<f64>() + 2.0 * gap * (columns.len() - 1) as f64 <= room {
            break;
        }
    }
    let width = columns.iter().sum::<f64>() + 2.0 * gap * (columns.len() - 1) as f64;
    Some(LegendPlan { entries, sample, columns, rows, width, height: row * rows as f64 })
}
