//! Matrices in colors, and the color bar beside them.

use super::canvas::{Canvas, Pen};
use crate::Result;
use crate::plot::color::Color;
use crate::plot::geometry::Rect;
use crate::plot::look::Look;
use crate::plot::marks::Heatmap;
use crate::plot::plan::color_bar::{BarPlan, bar_place, color_range};
use crate::plot::plan::frame::Frame;
use crate::plot::text::CAP_HEIGHT;

/// How far a cell reaches under its neighbors, in points: one pixel of a screen.
const OVERLAP: f64 = 0.75;
/// Steps of color in a color bar: more than the eye can tell apart.
const BAR_STEPS: usize = 128;

/// Draws the cells. Each reaches under its right and lower neighbors, so that no renderer leaves
/// hairlines of background between them: vector cells stay sharp in every format.
pub(super) fn draw_cells(canvas: &mut Canvas, frame: &Frame, map: &Heatmap) -> Result<()> {
    let inner = frame.inner;
    let (rows, columns) = map.values.dim();
    let (width, height) = (inner.width / columns as f64, inner.height / rows as f64);
    let (low, high) = color_range(map);
    let color = |v: f64| map.colormap.color((v - low) / (high - low));
    // With a numeric axis, row 0 is at its low end, which is below.
    let is_upward = frame.y.span.from < frame.y.span.to;
    canvas.draw("", |pen| {
        for i in 0..rows {
            let row = map.values.row(if is_upward { rows - 1 - i } else { i });
            let colors: Vec<Color> = row.iter().map(|&v| color(v)).collect();
            let below = if i + 1 < rows { OVERLAP.min(0.5 * height) } else { 0.0 };
            let mut start = 0;
            for run in colors.chunk_by(|a, b| a == b) {
                let end = start + run.len();
                let beyond = if end < columns { OVERLAP.min(0.5 * width) } else { 0.0 };
                let cell = Rect {
                    x: inner.x + width * start as f64,
                    y: inner.y + height * i as f64,
                    width: width * run.len() as f64 + beyond,
                    height: height + below,
                };
                pen.rect(&cell, run[0])?;
                start = end;
            }
        }
        Ok(())
    })
}

/// Draws the color bar with its ticks and names.
pub(super) fn draw_bar(
    canvas: &mut Canvas,
    frame: &Frame,
    plan: &BarPlan,
    map: &Heatmap,
    look: &Look,
) -> Result<()> {
    let (distance, width) = bar_place(look);
    let inner = frame.inner;
    let bar = Rect { x: inner.right() + distance, width, ..inner };
    let height_of = |v: f64| bar.bottom() - plan.span.share(v) * bar.height;
    canvas.draw("", |pen| {
        let step = bar.height / BAR_STEPS as f64;
        for i in 0..BAR_STEPS {
            let under = if i + 1 < BAR_STEPS { 0.5 * step } else { 0.0 };
            let strip = Rect { y: bar.y + step * i as f64, height: step + under, ..bar };
            let share = 1.0 - (i as f64 + 0.5) / BAR_STEPS as f64;
            pen.rect(&strip, map.colormap.color(share))?;
        }
        outline(pen, &bar, look)?;
        for (value, _) in &plan.labels {
            let y = height_of(*value);
            let tick = [(bar.right(), y), (bar.right() + 0.6 * look.tick, y)];
            pen.curve(&tick, Color::BLACK, look.spine)?;
        }
        Ok(())
    })?;
    let left = bar.right() + 0.6 * look.tick + 0.7 * look.gap;
    // Numbers end at the same place, so that signs and decimals stand over each other.
    let right = left + plan.labels.iter().map(|(_, l)| l.width).fold(0.0, f64::max);
    for (value, label) in &plan.labels {
        let y = height_of(*value) + 0.5 * CAP_HEIGHT * look.tick_text;
        canvas.text(label, (right, y), 1.0, 0.0, Color::BLACK);
    }
    if let Some(factor) = &plan.factor {
        let at = (bar.x, bar.y - look.gap - factor.descent);
        canvas.text(factor, at, 0.0, 0.0, Color::BLACK);
    }
    if let Some(name) = &plan.name {
        let at = (right + look.gap + name.ascent, bar.y + 0.5 * bar.height);
        canvas.text(name, at, 0.5, -90.0, Color::BLACK);
    }
    Ok(())
}

fn outline(pen: &Pen, rect: &Rect, look: &Look) -> Result<()> {
    let corners = [
        (rect.x, rect.y),
        (rect.right(), rect.y),
        (rect.right(), rect.bottom()),
        (rect.x, rect.bottom()),
        (rect.x, rect.y),
    ];
    pen.curve(&corners, Color::BLACK, look.spine)
}
