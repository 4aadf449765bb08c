//! The names of the marks, placed where they hide nothing.

use super::canvas::Canvas;
use super::color::Color;
use super::draw::{draw_marker, stroke_attributes, translucent};
use super::geometry::{Point, Rect};
use super::layout::Frame;
use super::marks::Mark;
use super::obstacles::{drawn_curves, is_free};
use super::panel::{Legend, Look, Panel};
use super::text::{Label, fitted};
use crate::Result;

/// The legend of a panel, set but not placed.
pub(super) struct LegendPlan {
    entries: Vec<Entry>,
    /// Length of the piece of line beside a name.
    sample: f64,
    columns: Vec<f64>,
    rows: usize,
    pub width: f64,
    pub height: f64,
}

/// One name with all marks that bear it: theory and simulation of the same thing share a line.
struct Entry {
    label: Label,
    marks: Vec<usize>,
}

/// The gap between sample and name, and the height of a row.
fn measures(look: &Look) -> (f64, f64) {
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

/// Where the legend can stand: `None` asks for a place outside.
pub(super) fn free_spot(
    frame: &Frame,
    plan: &LegendPlan,
    legend: Legend,
    look: &Look,
) -> Option<Point> {
    let inner = frame.inner;
    let inset = 2.0 * look.gap;
    let (left, top) = (inner.x + inset, inner.y + 0.5 * look.gap);
    let right = inner.right() - plan.width - 0.5 * inset;
    let bottom = inner.bottom() - plan.height - inset;
    let (center, middle) = (0.5 * (left + right), 0.5 * (top + bottom));
    let wanted = match legend {
        Legend::None | Legend::Right | Legend::Below => return Some(frame.legend_at),
        Legend::Auto => None,
        Legend::TopLeft => Some((left, top)),
        Legend::TopRight => Some((right, top)),
        Legend::BottomLeft => Some((left, bottom)),
        Legend::BottomRight => Some((right, bottom)),
    };
    if look.keeps_corners && wanted.is_some() {
        return wanted;
    }
    let others = [
        (right, top),
        (left, top),
        (right, bottom),
        (left, bottom),
        (right, middle),
        (left, middle),
        (center, top),
        (center, bottom),
        (center, middle),
    ];
    if plan.width > inner.width - inset || plan.height > inner.height - inset {
        return None;
    }
    let drawn = drawn_curves(frame, look, None);
    let hides_nothing = |&(x, y): &Point| {
        let margin = look.gap;
        let (width, height) = (plan.width + 2.0 * margin, plan.height + 2.0 * margin);
        is_free(&Rect { x: x - margin, y: y - margin, width, height }, &drawn)
    };
    wanted.into_iter().chain(others).find(hides_nothing)
}

/// Draws the legend at its place.
pub(super) fn draw_legend(
    canvas: &mut Canvas,
    frame: &Frame,
    plan: &LegendPlan,
    look: &Look,
) -> Result<()> {
    let (gap, row) = measures(look);
    let sample = plan.sample;
    let mut x = frame.legend_at.0;
    for (entries, column) in plan.entries.chunks(plan.rows).zip(&plan.columns) {
        for (i, entry) in entries.iter().enumerate() {
            let middle = frame.legend_at.1 + row * (i as f64 + 0.5);
            for &mark in &entry.marks {
                draw_sample(canvas, &frame.panel.marks[mark], (x, middle), sample, look)?;
            }
            let baseline = middle + 0.358 * look.tick_text;
            canvas.text(&entry.label, (x + sample + gap, baseline), 0.0, 0.0, Color::BLACK);
        }
        x += column + 2.0 * gap;
    }
    Ok(())
}

fn draw_sample(
    canvas: &mut Canvas,
    mark: &Mark,
    (x, y): Point,
    length: f64,
    look: &Look,
) -> Result<()> {
    match mark {
        Mark::Line(m) => {
            let width = look.line * m.width;
            canvas.draw(&stroke_attributes(m.dash, width), |pen| {
                pen.curve(&[(x, y), (x + length, y)], m.color, width)
            })
        }
        Mark::Dots(m) => canvas.draw("", |pen| draw_marker(pen, (x + 0.5 * length, y), m, look)),
        Mark::Band(m) => canvas.draw(&translucent(m), |pen| {
            let height = 0.8 * look.tick_text;
            pen.rect(&Rect { x, y: y - 0.5 * height, width: length, height }, m.color)
        }),
        Mark::Heatmap(_) | Mark::Rule(_) | Mark::Text(_) => Ok(()),
    }
}
