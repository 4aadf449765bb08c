//! Strokes, fills and markers: what a mark and its sample in the legend share.

use std::fmt::Write;

use super::canvas::{GRID, Pen};
use crate::Result;
use crate::plot::color::Color;
use crate::plot::geometry::Point;
use crate::plot::look::Look;
use crate::plot::marks::{Band, Dash, Dots, Marker};

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
