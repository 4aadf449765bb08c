//! The marks of a panel, cut off at its frame.

use super::canvas::Canvas;
use super::shapes::{draw_marker, stroke_attributes, translucent};
use crate::Result;
use crate::plot::font::Face;
use crate::plot::geometry::{Point, clip_curve, clip_polygon, thin};
use crate::plot::look::Look;
use crate::plot::marks::{Band, Dots, Line, Mark, Rule};
use crate::plot::plan::frame::Frame;
use crate::plot::plan::free_places::rule_label_spot;
use crate::plot::plan::obstacles::rule_ends;
use crate::plot::text::Label;

/// More points than this are thinned to those that can be told apart.
const MANY_DOTS: usize = 4000;

/// Draws mark number `index` over the axes. Matrices lie below them and are drawn already.
pub(super) fn draw_mark(
    canvas: &mut Canvas,
    frame: &Frame,
    index: usize,
    look: &Look,
) -> Result<()> {
    match &frame.panel.marks[index] {
        Mark::Heatmap(_) => Ok(()),
        Mark::Line(m) => draw_line(canvas, frame, m, look),
        Mark::Dots(m) => draw_dots(canvas, frame, m, look),
        Mark::Band(m) => draw_band(canvas, frame, m),
        Mark::Rule(m) => draw_rule(canvas, frame, index, m, look),
        Mark::Text(m) => {
            let label = Label::new(&m.text, look.tick_text, Face::Regular);
            canvas.text(&label, frame.place(m.x, m.y), m.anchor, 0.0, m.color);
            Ok(())
        }
    }
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
        let at = rule_label_spot(frame, index, m, &label, look);
        canvas.text(&label, at, 0.0, 0.0, m.color);
    }
    Ok(())
}
