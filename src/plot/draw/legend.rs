//! The legend: names beside samples of their marks.

use super::canvas::Canvas;
use super::shapes::{draw_marker, stroke_attributes, translucent};
use crate::Result;
use crate::plot::color::Color;
use crate::plot::geometry::{Point, Rect};
use crate::plot::look::Look;
use crate::plot::marks::Mark;
use crate::plot::plan::frame::Frame;
use crate::plot::plan::legend::{LegendPlan, measures};

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
