//! Draws a sheet: panels, their marks, axes and legends.

use std::fmt::Write;

use super::axis::draw_axes;
use super::canvas::{Canvas, GRID, Pen};
use super::check;
use super::color::Color;
use super::font::Face;
use super::geometry::{Point, clip_curve, clip_polygon, thin};
use super::heatmap::{draw_bar, draw_cells};
use super::layout::{Frame, arrange, heatmap};
use super::legend::draw_legend;
use super::marks::{Band, Dash, Dots, Line, Mark, Marker, Rule};
use super::obstacles::{drawn_curves, is_free, label_box, rule_ends, rule_label_places};
use super::panel::{Look, Sheet, Style};
use super::text::Label;
use crate::Result;

/// More points than this are thinned to those that can be told apart.
const MANY_DOTS: usize = 4000;

/// Checks and draws a sheet.
pub(super) fn draw(sheet: &Sheet, style: Style) -> Result<Canvas> {
    check::sheet(sheet)?;
    let look = style.look(sheet.width);
    let (height, frames) = arrange(sheet, &look)?;
    let mut canvas = Canvas::new(look.page_width, height);
    for frame in &frames {
        draw_panel(&mut canvas, frame, &look)?;
    }
    Ok(canvas)
}

fn draw_panel(canvas: &mut Canvas, frame: &Frame, look: &Look) -> Result<()> {
    // Matrices lie below their frame; everything else lies over the axes.
    for mark in &frame.panel.marks {
        if let Mark::Heatmap(map) = mark {
            draw_cells(canvas, frame, map)?;
        }
    }
    draw_axes(canvas, frame, look)?;
    for (index, mark) in frame.panel.marks.iter().enumerate() {
        match mark {
            Mark::Heatmap(_) => {}
            Mark::Line(m) => draw_line(canvas, frame, m, look)?,
            Mark::Dots(m) => draw_dots(canvas, frame, m, look)?,
            Mark::Band(m) => draw_band(canvas, frame, m)?,
            Mark::Rule(m) => draw_rule(canvas, frame, index, m, look)?,
            Mark::Text(m) => {
                let label = Label::new(&m.text, look.tick_text, Face::Regular);
                canvas.text(&label, frame.place(m.x, m.y), m.anchor, 0.0, m.color);
            }
        }
    }
    if let (Some(bar), Some(map)) = (&frame.bar, heatmap(frame.panel)) {
        draw_bar(canvas, frame, bar, map, look)?;
    }
    if let Some(legend) = &frame.legend {
        draw_legend(canvas, frame, legend, look)?;
    }
    draw_heading(canvas, frame, look);
    Ok(())
}

/// The panel's letter at its corner and its title over the data.
fn draw_heading(canvas: &mut Canvas, frame: &Frame, look: &Look) {
    let mut free_from = frame.cell.x;
    if let Some(letter) = &frame.letter {
        canvas.text(letter, (frame.cell.x, frame.cell.y + letter.ascent), 0.0, 0.0, Color::BLACK);
        free_from += letter.width + 2.0 * look.gap;
    }
    if let Some(title) = &frame.title {
        let letter = frame.letter.as_ref().map_or(title.ascent, |l| l.ascent);
        let center = frame.inner.x + 0.5 * frame.inner.width;
        let last = (frame.cell.right() - title.width).max(free_from);
        let left = (center - 0.5 * title.width).clamp(free_from, last);
        canvas.text(title, (left, frame.cell.y + letter), 0.0, 0.0, Color::BLACK);
    }
}

/// SVG attributes of a stroke with a dash pattern.
pub(super) fn stroke_attributes(dash: Dash, width: f64) -> String {
    let mut attributes = "stroke-linejoin=\"round\"".to_string();
    let (pattern, cap): (&[f64], &str) = match dash {
        Dash::Solid => (&[], "round"),
        Dash::Dashed => (&[3.2, 1.8], "butt"),
        // Round caps lengthen each piece by a width: pieces of no length become dots.
        Dash::Dotted => (&[0.02, 2.0], "round"),
        Dash::DashDotted => (&[3.6, 1.5, 1.0, 1.5], "butt"),
    };
    let _ = write!(attributes, " stroke-linecap=\"{cap}\"");
    if !pattern.is_empty() {
        let lengths: Vec<String> =
            pattern.iter().map(|p| format!("{:.0}", (p * width * GRID).max(1.0))).collect();
        let _ = write!(attributes, " stroke-dasharray=\"{}\"", lengths.join(" "));
    }
    attributes
}

/// SVG attribute of a region that lets others shine through.
pub(super) fn translucent(band: &Band) -> String {
    format!("fill-opacity=\"{}\"", band.opacity)
}

fn draw_line(canvas: &mut Canvas, frame: &Frame, m: &Line, look: &Look) -> Result<()> {
    let width = look.line * m.width;
    let curve: Vec<Point> = m.x.iter().zip(&m.y).map(|(&x, &y)| frame.place(x, y)).collect();
    canvas.draw(&stroke_attributes(m.dash, width), |pen| {
        for piece in clip_curve(&thin(&curve), &frame.inner) {
            pen.curve(&piece, m.color, width)?;
        }
        Ok(())
    })
}

fn draw_dots(canvas: &mut Canvas, frame: &Frame, m: &Dots, look: &Look) -> Result<()> {
    let mut shown: Vec<(Point, usize)> =
        m.x.iter()
            .zip(&m.y)
            .enumerate()
            .map(|(i, (&x, &y))| (frame.place(x, y), i))
            .filter(|(p, _)| frame.inner.contains(*p))
            .collect();
    if shown.len() > MANY_DOTS {
        // One of those that fall on the same spot, smaller than a marker.
        let spot = |p: Point| ((p.0 * 3.0) as i64, (p.1 * 3.0) as i64);
        shown.sort_by_key(|&(p, i)| (spot(p), i));
        shown.dedup_by_key(|&mut (p, _)| spot(p));
        shown.sort_by_key(|&(_, i)| i);
    }
    if let Some(spread) = &m.spread {
        canvas.draw("", |pen| {
            for &((x, _), i) in &shown {
                let (_, low) = frame.place(m.x[i], m.y[i] - spread[i]);
                let (_, high) = frame.place(m.x[i], m.y[i] + spread[i]);
                for bar in clip_curve(&[(x, low), (x, high)], &frame.inner) {
                    pen.curve(&bar, m.color, 0.55 * look.line)?;
                }
            }
            Ok(())
        })?;
    }
    canvas.draw("", |pen| shown.iter().try_for_each(|&(at, _)| draw_marker(pen, at, m, look)))
}

/// Draws one marker; all shapes have about the same area.
pub(super) fn draw_marker(pen: &Pen, (x, y): Point, m: &Dots, look: &Look) -> Result<()> {
    let radius = look.marker * m.size;
    let line = 0.6 * look.line;
    if m.marker == Marker::Circle {
        if !m.open {
            return pen.circle((x, y), radius, m.color, None);
        }
        pen.circle((x, y), radius, Color::WHITE, None)?;
        return pen.circle((x, y), radius - 0.5 * line, m.color, Some(line));
    }
    let corners: &[Point] = match m.marker {
        Marker::Circle | Marker::Square => {
            &[(-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)]
        }
        Marker::Triangle => &[(0.0, -1.3), (1.15, 0.75), (-1.15, 0.75)],
        Marker::Diamond => &[(0.0, -1.27), (1.27, 0.0), (0.0, 1.27), (-1.27, 0.0)],
        Marker::Wedge => &[(0.0, 1.3), (1.15, -0.75), (-1.15, -0.75)],
    };
    let shape = |scale: f64| -> Vec<Point> {
        corners.iter().map(|&(dx, dy)| (x + scale * dx, y + scale * dy)).collect()
    };
    if !m.open {
        return pen.polygon(&shape(radius), m.color);
    }
    pen.polygon(&shape(radius), Color::WHITE)?;
    let mut outline = shape(radius - 0.4 * line);
    // Two corners more close the outline with a proper join.
    outline.extend_from_within(..2);
    pen.curve(&outline, m.color, line)
}

fn draw_band(canvas: &mut Canvas, frame: &Frame, m: &Band) -> Result<()> {
    let side = |ys: &[f64]| -> Vec<Point> {
        thin(&m.x.iter().zip(ys).map(|(&x, &y)| frame.place(x, y)).collect::<Vec<_>>())
    };
    let mut region = side(&m.low);
    region.extend(side(&m.high).into_iter().rev());
    let region = clip_polygon(&region, &frame.inner);
    if region.len() < 3 {
        return Ok(());
    }
    canvas.draw(&translucent(m), |pen| pen.polygon(&region, m.color))
}

fn draw_rule(
    canvas: &mut Canvas,
    frame: &Frame,
    index: usize,
    m: &Rule,
    look: &Look,
) -> Result<()> {
    let ends = rule_ends(frame, m);
    if !frame.inner.contains(ends[0]) {
        return Ok(());
    }
    let width = 0.6 * look.line;
    canvas.draw(&stroke_attributes(m.dash, 1.3 * width), |pen| pen.curve(&ends, m.color, width))?;
    if let Some(text) = &m.label {
        let label = Label::new(text, look.tick_text, Face::Regular);
        let places = rule_label_places(frame, m, &label, look);
        let drawn = drawn_curves(frame, look, Some(index));
        let is_good = |at: &&Point| {
            let spot = label_box(&label, **at);
            frame.inner.contains((spot.x, spot.y))
                && frame.inner.contains((spot.right(), spot.bottom()))
                && is_free(&spot, &drawn)
        };
        let at = places.iter().find(is_good).unwrap_or(&places[0]);
        canvas.text(&label, *at, 0.0, 0.0, m.color);
    }
    Ok(())
}
