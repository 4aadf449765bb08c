//! Where everything goes: margins from the text they must hold, panels aligned in rows and columns.

use super::axis::{plan_x, plan_y};
use super::color_bar::plan_bar;
use super::frame::Frame;
use super::free_places::legend_spot;
use super::legend::plan_legend;
use super::margins::{Margins, margins, widest};
use super::span::{Side, Span, span};
use crate::plot::font::Face;
use crate::plot::geometry::Rect;
use crate::plot::look::Look;
use crate::plot::names::letter;
use crate::plot::panel::{Legend, Panel};
use crate::plot::sheet::Sheet;
use crate::plot::text::{Label, fitted};
use crate::{Error, Result};

/// Arranges a sheet; returns the height of the page and the panels.
pub(crate) fn arrange<'a>(sheet: &'a Sheet, look: &Look) -> Result<(f64, Vec<Frame<'a>>)> {
    let mut spans = Vec::new();
    for (i, panel) in sheet.panels.iter().enumerate() {
        spans.push((span(i, panel, Side::X)?, span(i, panel, Side::Y)?));
    }
    let mut legends: Vec<Legend> = sheet.panels.iter().map(|panel| panel.legend).collect();
    // A legend that finds no room inside moves out, which makes its panel smaller: look again.
    loop {
        let (height, mut frames) = frames(sheet, look, &spans, &legends)?;
        let mut moved = false;
        for (frame, legend) in frames.iter_mut().zip(&mut legends) {
            let Some(plan) = &frame.legend else { continue };
            match legend_spot(frame, plan, *legend, look) {
                Some(spot) => frame.legend_at = spot,
                None => {
                    let is_slim =
                        plan.width <= 0.3 * frame.cell.width && plan.height <= frame.inner.height;
                    *legend = if is_slim { Legend::Right } else { Legend::Below };
                    moved = true;
                }
            }
        }
        if !moved {
            return Ok((height, frames));
        }
    }
}

fn frames<'a>(
    sheet: &'a Sheet,
    look: &Look,
    spans: &[(Span, Span)],
    legends: &[Legend],
) -> Result<(f64, Vec<Frame<'a>>)> {
    let columns = sheet.columns.min(sheet.panels.len());
    let gap = 4.0 * look.gap;
    let free = look.page_width - 2.0 * look.gap - gap * (columns - 1) as f64;
    let cell_width = free / columns as f64;
    let mut inner = (0.75 * cell_width, 0.55 * cell_width);
    let mut heights = vec![inner.1; sheet.panels.len().div_ceil(columns)];
    let mut frames = Vec::new();
    // Ticks depend on the size of the panel, which depends on the room that ticks need.
    for _ in 0..3 {
        frames = Vec::new();
        for (i, panel) in sheet.panels.iter().enumerate() {
            let size = (inner.0, heights[i / columns]);
            let mut frame = measure(panel, spans[i], size, cell_width, legends[i], look);
            frame.letter = (sheet.panels.len() > 1)
                .then(|| Label::new(&letter(i), look.letter_text, Face::Bold));
            frames.push(frame);
        }
        let margins: Vec<Margins> =
            frames.iter().zip(legends).map(|(f, &l)| margins(f, l, look)).collect();
        inner.0 = inner_width(&margins, columns, gap, look)?;
        for (row, height) in heights.iter_mut().enumerate() {
            let panels = sheet.panels.iter().skip(row * columns).take(columns);
            let tallest = panels.map(|p| aspect(p, look)).fold(0.02, f64::max);
            *height = inner.0 * tallest;
        }
    }
    let height = place_cells(&mut frames, legends, columns, gap, inner.0, &heights, look);
    Ok((height, frames))
}

/// Height over width of the area of the data.
fn aspect(panel: &Panel, look: &Look) -> f64 {
    match panel.heatmap() {
        Some(map) if map.square => {
            let (rows, columns) = map.values.dim();
            (rows as f64 / columns as f64).clamp(0.1, 1.25)
        }
        _ => panel.aspect * look.flatness,
    }
}

fn measure<'a>(
    panel: &'a Panel,
    (x, y): (Span, Span),
    (width, height): (f64, f64),
    cell_width: f64,
    legend: Legend,
    look: &Look,
) -> Frame<'a> {
    let inner = square_part(panel, Rect { x: 0.0, y: 0.0, width, height });
    let room = if legend == Legend::Below { cell_width } else { width };
    Frame {
        panel,
        cell: Rect::default(),
        inner,
        x: plan_x(panel, x, inner.width, 0.3 * cell_width, look),
        y: plan_y(panel, y, inner.height, 0.3 * cell_width, look),
        title: panel
            .title
            .as_ref()
            .filter(|title| !title.is_empty())
            .map(|title| fitted(title, look.label_text, 0.8 * cell_width)),
        letter: None,
        bar: panel.heatmap().map(|map| plan_bar(map, inner.height, look)),
        legend: plan_legend(panel, legend, room, look),
        legend_at: (0.0, 0.0),
        y_name_distance: 0.0,
    }
}

/// Square cells leave part of the room free.
fn square_part(panel: &Panel, inner: Rect) -> Rect {
    let Some(map) = panel.heatmap().filter(|m| m.square) else { return inner };
    let (rows, columns) = map.values.dim();
    let cell = (inner.width / columns as f64).min(inner.height / rows as f64);
    Rect { width: cell * columns as f64, height: cell * rows as f64, ..inner }
}

fn inner_width(margins: &[Margins], columns: usize, gap: f64, look: &Look) -> Result<f64> {
    let taken: f64 = (0..columns)
        .map(|column| {
            let widest = widest(margins, column, columns, margins.len());
            widest.left + widest.right
        })
        .sum();
    let free = look.page_width - 2.0 * look.gap - taken - gap * (columns - 1) as f64;
    let width = free / columns as f64;
    if width < 4.0 * look.label_text {
        let value = format!("{columns} columns on {:.0} mm", look.page_width * 25.4 / 72.0);
        let allowed = "the labels leave no room for the data; use fewer columns or a wider figure";
        return Err(Error::parameter("figure width", value, allowed));
    }
    Ok(width)
}

/// Gives every frame its place; returns the height of the page.
fn place_cells(
    frames: &mut [Frame],
    legends: &[Legend],
    columns: usize,
    gap: f64,
    width: f64,
    heights: &[f64],
    look: &Look,
) -> f64 {
    let all: Vec<Margins> = frames.iter().zip(legends).map(|(f, &l)| margins(f, l, look)).collect();
    let mut top = look.gap;
    for (row, &height) in heights.iter().enumerate() {
        let in_row = widest(&all, row * columns, 1, columns);
        let mut left = look.gap;
        for column in 0..columns {
            let in_column = widest(&all, column, columns, all.len());
            let name_distance = name_distance(frames, column, columns, look);
            let cell_width = in_column.left + width + in_column.right;
            if let Some(frame) = frames.get_mut(row * columns + column) {
                frame.cell = Rect {
                    x: left,
                    y: top,
                    width: cell_width,
                    height: in_row.top + height + in_row.bottom,
                };
                let room = Rect { x: left + in_column.left, y: top + in_row.top, width, height };
                frame.inner = square_part(frame.panel, room);
                frame.y_name_distance = frame.y.depth(look);
                if frame.bar.is_none() {
                    frame.y_name_distance = name_distance;
                }
                place_outside_legend(frame, legends[row * columns + column], look);
            }
            left += cell_width + gap;
        }
        top += in_row.top + height + in_row.bottom + gap;
    }
    top - gap + look.gap
}

/// Names of the y axes of a column's curve panels stand in one line. Heat maps have longer labels
/// and are left out.
fn name_distance(frames: &[Frame], column: usize, columns: usize, look: &Look) -> f64 {
    let curves = frames.iter().skip(column).step_by(columns).filter(|f| f.bar.is_none());
    curves.map(|f| f.y.depth(look)).fold(0.0, f64::max)
}

fn place_outside_legend(frame: &mut Frame, legend: Legend, look: &Look) {
    let Some(plan) = &frame.legend else { return };
    let inner = frame.inner;
    match legend {
        Legend::Right => {
            let beside = frame.bar.as_ref().map_or(frame.x.overhang.1, |b| b.depth);
            frame.legend_at = (inner.right() + beside + 3.0 * look.gap, inner.y);
        }
        Legend::Below => {
            let x = (inner.x + 0.5 * (inner.width - plan.width))
                .min(frame.cell.right() - plan.width)
                .max(frame.cell.x);
            let y = inner.bottom() + frame.x.depth(look) + 2.0 * look.gap;
            frame.legend_at = (x, y);
        }
        _ => {}
    }
}
