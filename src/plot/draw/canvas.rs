//! The page: shapes drawn by plotters, text placed by us, written as SVG.

use std::collections::BTreeMap;
use std::fmt::Write;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Rectangle};
use plotters::prelude::SVGBackend;
use plotters::style::{RGBAColor, ShapeStyle};

use crate::plot::color::Color;
use crate::plot::font::{Face, UNITS_PER_EM};
use crate::plot::geometry::{Point, Rect};
use crate::plot::text::{Label, Run};
use crate::{Error, Result};

/// plotters draws on whole numbers: this many to the point (0.02 mm, invisible in print).
pub(super) const GRID: f64 = 20.0;
/// No coordinate is farther out, whatever the data.
const FARTHEST: f64 = 1e5;

fn grid(v: f64) -> i32 {
    (v.clamp(-FARTHEST, FARTHEST) * GRID).round() as i32
}

/// How a figure's letters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lettering {
    /// As shapes: looks the same in every viewer. A glyph's outline is stored once and reused, which
    /// is a tenth of the size of embedding the fonts.
    Outlines,
    /// As text in the embedded fonts, for programs that were given them.
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    Text,
}

enum Item {
    Shapes(String),
    Run { run: Run, at: Point, angle: f64, color: Color },
}

/// A page under construction. Lengths are points, y points downward.
pub(crate) struct Canvas {
    pub width: f64,
    pub height: f64,
    items: Vec<Item>,
}

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, items: Vec::new() }
    }

    /// Draws shapes that share SVG attributes (`attributes` may be empty).
    pub(super) fn draw(
        &mut self,
        attributes: &str,
        shapes: impl FnOnce(&Pen) -> Result<()>,
    ) -> Result<()> {
        let mut svg = String::new();
        let size = (grid(self.width) as u32, grid(self.height) as u32);
        {
            let pen = Pen { area: SVGBackend::with_string(&mut svg, size).into_drawing_area() };
            shapes(&pen)?;
        }
        // Only the shapes are wanted, without the backend's own frame and its repeated defaults.
        let shapes = svg.split_once(">\n").map_or("", |(_, rest)| rest);
        let shapes = shapes.strip_suffix("</svg>\n").unwrap_or(shapes);
        if shapes.is_empty() {
            return Ok(());
        }
        let shapes = shapes
            .replace(" opacity=\"1\"", "")
            .replace(" stroke=\"none\"", "")
            .replace(" \"/>", "\"/>");
        self.items.push(Item::Shapes(if attributes.is_empty() {
            shapes
        } else {
            format!("<g {attributes}>\n{shapes}</g>\n")
        }));
        Ok(())
    }

    /// Places a label. `anchor` is the share of its width left of `at`; `angle` is in degrees,
    /// clockwise.
    pub(super) fn text(&mut self, label: &Label, at: Point, anchor: f64, angle: f64, color: Color) {
        let (sin, cos) = angle.to_radians().sin_cos();
        for run in &label.runs {
            let (dx, dy) = (run.x - anchor * label.width, run.y);
            let at = (at.0 + dx * cos - dy * sin, at.1 + dx * sin + dy * cos);
            self.items.push(Item::Run { run: run.clone(), at, angle, color });
        }
    }

    /// The page as an SVG document.
    pub(crate) fn svg(&self, title: &str, description: &str, lettering: Lettering) -> String {
        let mut glyphs = BTreeMap::new();
        let mut body = String::new();
        for item in &self.items {
            match item {
                Item::Shapes(svg) => body.push_str(svg),
                Item::Run { run, at, angle, color } => {
                    let place = Place { at: *at, angle: *angle, color: *color };
                    match lettering {
                        Lettering::Outlines if !run.is_foreign => {
                            place.outlined(run, &mut body, &mut glyphs);
                        }
                        _ => place.live(run, &mut body),
                    }
                }
            }
        }
        let (width, height) = (self.width, self.height);
        let (columns, rows) = (grid(width), grid(height));
        let mm = |points: f64| round(points * 25.4 / 72.0, 3);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \
             xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{}mm\" height=\"{}mm\" \
             viewBox=\"0 0 {columns} {rows}\" role=\"img\">\n",
            mm(width),
            mm(height),
        );
        for (element, text) in [("title", title), ("desc", description)] {
            if !text.is_empty() {
                let _ = writeln!(svg, "<{element}>{}</{element}>", escape(text));
            }
        }
        if !glyphs.is_empty() {
            svg.push_str("<defs>\n");
            for (name, outline) in glyphs {
                let _ = writeln!(svg, "<path id=\"{name}\" d=\"{outline}\"/>");
            }
            svg.push_str("</defs>\n");
        }
        let _ = writeln!(svg, "<rect width=\"{columns}\" height=\"{rows}\" fill=\"#fff\"/>");
        svg.push_str(&body);
        svg.push_str("</svg>\n");
        svg
    }
}

/// Where and how a run of text stands.
struct Place {
    at: Point,
    angle: f64,
    color: Color,
}

impl Place {
    fn transform(&self) -> String {
        let mut transform = format!("translate({} {})", grid(self.at.0), grid(self.at.1));
        if self.angle != 0.0 {
            let _ = write!(transform, "rotate({})", self.angle);
        }
        transform
    }

    /// The run as references to outlines, which are added to `glyphs`. Their names tell font and
    /// glyph, so that figures on one web page may share them without harm.
    fn outlined(&self, run: &Run, svg: &mut String, glyphs: &mut BTreeMap<String, String>) {
        let scale = round(run.size * GRID / UNITS_PER_EM, 5);
        let transform = self.transform();
        let mut uses = String::new();
        let mut previous = None;
        let mut x = 0.0;
        for c in run.text.chars() {
            let Some((face, glyph)) = run.face.glyph(c) else { continue };
            if let Some(left) = previous {
                x += face.kerning(left, glyph);
            }
            let outline = face.outline(glyph);
            if !outline.is_empty() {
                let name = format!("{}{}", face.initial(), glyph.0);
                let shift = (x * UNITS_PER_EM).round();
                let place = if shift == 0.0 { String::new() } else { format!(" x=\"{shift}\"") };
                let _ = write!(uses, "<use xlink:href=\"#{name}\"{place}/>");
                glyphs.insert(name, outline);
            }
            x += face.advance(glyph);
            previous = Some(glyph);
        }
        if !uses.is_empty() {
            let _ = writeln!(
                svg,
                "<g transform=\"{transform}scale({scale} -{scale})\"{}>{uses}</g>",
                self.fill()
            );
        }
    }

    /// The run as text, named by its font.
    fn live(&self, run: &Run, svg: &mut String) {
        let family = match run.face {
            Face::Symbols => "Solvable Symbols",
            _ if run.is_foreign => "Solvable Symbols, Arial, sans-serif",
            _ => "Solvable Sans",
        };
        let variant = match run.face {
            Face::Italic => " font-style=\"italic\"",
            Face::Bold => " font-weight=\"bold\"",
            Face::Regular | Face::Symbols => "",
        };
        let _ = writeln!(
            svg,
            "<text transform=\"{}\" font-family=\"{family}\" font-size=\"{}\"{variant}{} \
             xml:space=\"preserve\">{}</text>",
            self.transform(),
            round(run.size * GRID, 2),
            self.fill(),
            escape(&run.text),
        );
    }

    fn fill(&self) -> String {
        match self.color {
            Color::BLACK => String::new(),
            Color(r, g, b) => format!(" fill=\"#{r:02X}{g:02X}{b:02X}\""),
        }
    }
}

/// `value` to so many decimals, in its shortest form.
fn round(value: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    (value * unit).round() / unit
}

/// `text` as XML content or attribute value.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Draws with plotters' SVG backend. Lengths are points.
pub(super) struct Pen<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

impl<'a> Pen<'a> {
    fn put<E>(&self, element: &E) -> Result<()>
    where
        for<'e> &'e E: PointCollection<'e, (i32, i32)>,
        E: Drawable<SVGBackend<'a>>,
    {
        let failed = |e: &dyn std::fmt::Display| Error::Numerical {
            method: "drawing",
            reason: e.to_string(),
        };
        self.area.draw(element).map_err(|e| failed(&e))
    }

    /// A curve through `points`.
    pub(super) fn curve(&self, points: &[Point], color: Color, width: f64) -> Result<()> {
        let mut places: Vec<(i32, i32)> = points.iter().map(|&p| on_grid(p)).collect();
        places.dedup();
        // A round cap makes a dot of a curve that fits into one grid cell.
        if places.len() == 1 {
            places.push((places[0].0 + 1, places[0].1));
        }
        self.put(&PathElement::new(places, style(color, Some(width))))
    }

    /// A filled polygon.
    pub(super) fn polygon(&self, points: &[Point], color: Color) -> Result<()> {
        let places: Vec<(i32, i32)> = points.iter().map(|&p| on_grid(p)).collect();
        self.put(&Polygon::new(places, style(color, None)))
    }

    /// A filled rectangle.
    pub(super) fn rect(&self, rect: &Rect, color: Color) -> Result<()> {
        let corners = [on_grid((rect.x, rect.y)), on_grid((rect.right(), rect.bottom()))];
        self.put(&Rectangle::new(corners, style(color, None)))
    }

    /// A filled disk, or with a line width a ring.
    pub(super) fn circle(
        &self,
        at: Point,
        radius: f64,
        color: Color,
        ring: Option<f64>,
    ) -> Result<()> {
        self.put(&Circle::new(on_grid(at), grid(radius), style(color, ring)))
    }
}

fn on_grid((x, y): Point) -> (i32, i32) {
    (grid(x), grid(y))
}

fn style(Color(r, g, b): Color, line_width: Option<f64>) -> ShapeStyle {
    ShapeStyle {
        color: RGBAColor(r, g, b, 1.0),
        filled: line_width.is_none(),
        stroke_width: line_width.map_or(0, |w| grid(w).unsigned_abs().max(1)),
    }
}
