//! Where a panel is already drawn on, so that words can be put elsewhere.

use super::frame::Frame;
use crate::plot::font::Face;
use crate::plot::geometry::{Point, Rect, clip_curve, thin};
use crate::plot::look::Look;
use crate::plot::marks::{Band, Mark, Rule};
use crate::plot::text::Label;

/// No word fits between lines this close, in points.
const CLOSE: f64 = 4.0;

/// Whether none of the curves touches `spot`.
pub(super) fn is_free(spot: &Rect, curves: &[Vec<Point>]) -> bool {
    let touches = |curve: &Vec<Point>| {
        curve.iter().any(|&p| spot.contains(p)) || !clip_curve(curve, spot).is_empty()
    };
    !curves.iter().any(touches)
}

/// Everything drawn in a panel but mark number `except`, as curves: regions as hatching, words as
/// the outlines of their boxes.
pub(super) fn drawn_curves(frame: &Frame, look: &Look, except: Option<usize>) -> Vec<Vec<Point>> {
    let mut curves = Vec::new();
    for (i, mark) in frame.panel.marks.iter().enumerate() {
        if Some(i) == except {
            continue;
        }
        match mark {
            Mark::Line(m) => curves.push(placed(frame, &m.x, &m.y)),
            Mark::Dots(m) => {
                let radius = look.marker * m.size;
                for (i, (&x, &y)) in m.x.iter().zip(&m.y).enumerate() {
                    let spread = m.spread.as_ref().map_or(0.0, |s| s[i]);
                    let (high, low) = (frame.place(x, y + spread), frame.place(x, y - spread));
                    curves.push(vec![(high.0, high.1 - radius), (low.0, low.1 + radius)]);
                }
            }
            Mark::Band(m) => hatch(frame, m, &mut curves),
            Mark::Heatmap(_) => {
                let inner = frame.inner;
                let rows = (inner.height / CLOSE).ceil();
                curves.extend((0..=rows as i32).map(|i| {
                    let y = inner.y + inner.height * f64::from(i) / rows;
                    vec![(inner.x, y), (inner.right(), y)]
                }));
            }
            Mark::Rule(m) => {
                curves.push(rule_ends(frame, m).to_vec());
                if let Some(text) = &m.label {
                    let label = Label::new(text, look.tick_text, Face::Regular);
                    let at = rule_label_places(frame, m, &label, look)[0];
                    curves.push(corners(&label_box(&label, at)));
                }
            }
            Mark::Text(m) => {
                let label = Label::new(&m.text, look.tick_text, Face::Regular);
                let (x, y) = frame.place(m.x, m.y);
                curves.push(corners(&label_box(&label, (x - m.anchor * label.width, y))));
            }
        }
    }
    curves
}

fn placed(frame: &Frame, xs: &[f64], ys: &[f64]) -> Vec<Point> {
    thin(&xs.iter().zip(ys).map(|(&x, &y)| frame.place(x, y)).collect::<Vec<_>>())
}

/// The edges of a band and rungs between them.
fn hatch(frame: &Frame, m: &Band, curves: &mut Vec<Vec<Point>>) {
    curves.push(placed(frame, &m.x, &m.low));
    curves.push(placed(frame, &m.x, &m.high));
    let rung = |k: usize| (frame.place(m.x[k], m.low[k]), frame.place(m.x[k], m.high[k]));
    for k in 1..m.x.len() {
        let (start, end) = (rung(k - 1), rung(k));
        let steps = ((end.0.0 - start.0.0).abs() / CLOSE).ceil().clamp(1.0, 200.0);
        for step in 0..=steps as i32 {
            let t = f64::from(step) / steps;
            let mix = |a: Point, b: Point| (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
            curves.push(vec![mix(start.0, end.0), mix(start.1, end.1)]);
        }
    }
}

/// The ends of a reference line.
pub(crate) fn rule_ends(frame: &Frame, m: &Rule) -> [Point; 2] {
    let inner = frame.inner;
    if m.vertical {
        let (x, _) = frame.place(m.at, frame.y.span.from);
        [(x, inner.y), (x, inner.bottom())]
    } else {
        let (_, y) = frame.place(frame.x.span.from, m.at);
        [(inner.x, y), (inner.right(), y)]
    }
}

/// Where the words of a reference line may start, the usual place first: beside it at its end, then
/// on its other side, then at its other end.
pub(super) fn rule_label_places(frame: &Frame, m: &Rule, label: &Label, look: &Look) -> [Point; 4] {
    let inner = frame.inner;
    let [(x, y), _] = rule_ends(frame, m);
    if m.vertical {
        let (after, before) = (x + look.gap, x - look.gap - label.width);
        let (top, bottom) = (inner.y + label.ascent, inner.bottom() - look.gap - label.descent);
        [(after, top), (before, top), (after, bottom), (before, bottom)]
    } else {
        let (above, below) = (y - 0.5 * look.gap - label.descent, y + look.gap + label.ascent);
        let (right, left) = (inner.right() - label.width, inner.x + look.gap);
        [(right, above), (right, below), (left, above), (left, below)]
    }
}

/// The box around a label that starts at a place.
pub(super) fn label_box(label: &Label, (x, y): Point) -> Rect {
    Rect { x, y: y - label.ascent, width: label.width, height: label.height() }
}

fn corners(rect: &Rect) -> Vec<Point> {
    vec![
        (rect.x, rect.y),
        (rect.right(), rect.y),
        (rect.right(), rect.bottom()),
        (rect.x, rect.bottom()),
        (rect.x, rect.y),
    ]
}
