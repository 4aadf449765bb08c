//! Axes: spines, ticks, their labels and names.

use super::canvas::Canvas;
use crate::Result;
use crate::plot::color::Color;
use crate::plot::look::Look;
use crate::plot::plan::axis::{AxisPlan, NAME_GAP};
use crate::plot::plan::frame::Frame;
use crate::plot::text::CAP_HEIGHT;

/// Draws spines, ticks, tick labels and names.
pub(super) fn draw_axes(canvas: &mut Canvas, frame: &Frame, look: &Look) -> Result<()> {
    let inner = frame.inner;
    let is_map = frame.bar.is_some();
    canvas.draw("stroke-linecap=\"square\"", |pen| {
        let line = |a, b, width| pen.curve(&[a, b], Color::BLACK, width);
        let corner = (inner.x, inner.bottom());
        if !frame.panel.y.hidden {
            line((inner.x, inner.y), corner, look.spine)?;
        }
        if !frame.panel.x.hidden {
            line(corner, (inner.right(), inner.bottom()), look.spine)?;
        }
        if is_map {
            line((inner.x, inner.y), (inner.right(), inner.y), look.spine)?;
            line((inner.right(), inner.y), (inner.right(), inner.bottom()), look.spine)?;
        }
        Ok(())
    })?;
    canvas.draw("", |pen| {
        let line = |a, b| pen.curve(&[a, b], Color::BLACK, look.spine);
        let major = |plan: &AxisPlan| -> Vec<f64> {
            if plan.has_marks { plan.major.iter().map(|t| t.0).collect() } else { vec![] }
        };
        let lengths = [look.tick, 0.6 * look.tick];
        for (values, length) in [major(&frame.x), frame.x.minor.clone()].iter().zip(lengths) {
            for &value in values {
                let x = inner.x + frame.x.span.share(value) * inner.width;
                line((x, inner.bottom()), (x, inner.bottom() + length))?;
            }
        }
        for (values, length) in [major(&frame.y), frame.y.minor.clone()].iter().zip(lengths) {
            for &value in values {
                let y = inner.bottom() - frame.y.span.share(value) * inner.height;
                line((inner.x - length, y), (inner.x, y))?;
            }
        }
        Ok(())
    })?;
    write_x(canvas, frame, look);
    write_y(canvas, frame, look);
    Ok(())
}

fn write_x(canvas: &mut Canvas, frame: &Frame, look: &Look) {
    let (inner, plan) = (frame.inner, &frame.x);
    let marks = if plan.has_marks { look.tick } else { 0.0 };
    let top = inner.bottom() + marks + 0.7 * look.gap;
    for (value, label) in &plan.major {
        let x = inner.x + plan.span.share(*value) * inner.width;
        let size = label.runs.first().map_or(look.tick_text, |r| r.size);
        if plan.angle == 0.0 {
            canvas.text(label, (x, top + label.ascent), 0.5, 0.0, Color::BLACK);
        } else {
            // The middle of the last letter stands under its tick.
            let (sin, cos) = f64::to_radians(plan.angle).sin_cos();
            let half = 0.5 * CAP_HEIGHT * size;
            let at = if plan.angle == -90.0 {
                (x + half, top)
            } else {
                (x - half * sin, top + 2.0 * half * cos)
            };
            canvas.text(label, at, 1.0, plan.angle, Color::BLACK);
        }
    }
    let below = inner.bottom() + plan.tick_depth + NAME_GAP * look.gap;
    if let Some(name) = &plan.name {
        let at = (inner.x + 0.5 * inner.width, below + name.ascent);
        canvas.text(name, at, 0.5, 0.0, Color::BLACK);
    }
    if let Some(factor) = &plan.factor {
        let at = (inner.right() + plan.overhang.1, below + factor.ascent);
        canvas.text(factor, at, 1.0, 0.0, Color::BLACK);
    }
}

fn write_y(canvas: &mut Canvas, frame: &Frame, look: &Look) {
    let (inner, plan) = (frame.inner, &frame.y);
    let marks = if plan.has_marks { look.tick } else { 0.0 };
    let right = inner.x - marks - 0.7 * look.gap;
    for (value, label) in &plan.major {
        let y = inner.bottom() - plan.span.share(*value) * inner.height;
        let size = label.runs.first().map_or(look.tick_text, |r| r.size);
        canvas.text(label, (right, y + 0.5 * CAP_HEIGHT * size), 1.0, 0.0, Color::BLACK);
    }
    if let Some(name) = &plan.name {
        let x = inner.x - frame.y_name_distance + name.ascent;
        // A name longer than the axis reaches down, where it is free, not up to the panel's letter.
        let middle = (inner.y + 0.5 * inner.height).max(inner.y + 0.5 * name.width);
        canvas.text(name, (x, middle), 0.5, -90.0, Color::BLACK);
    }
    if let Some(factor) = &plan.factor {
        let at = (inner.x, inner.y - look.gap - factor.descent);
        canvas.text(factor, at, 0.0, 0.0, Color::BLACK);
    }
}
