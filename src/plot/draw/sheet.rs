//! Draws a sheet: panels, and what belongs to a panel in the order in which it is drawn.

use super::axes::draw_axes;
use super::canvas::Canvas;
use super::heatmap::{draw_bar, draw_cells};
use super::legend::draw_legend;
use super::marks::draw_mark;
use crate::Result;
use crate::plot::color::Color;
use crate::plot::look::{Look, Style};
use crate::plot::marks::Mark;
use crate::plot::plan::check;
use crate::plot::plan::frame::Frame;
use crate::plot::plan::layout::arrange;
use crate::plot::sheet::Sheet;

/// Checks and draws a sheet.
pub(crate) fn draw_sheet(sheet: &Sheet, style: Style) -> Result<Canvas> {
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
    for index in 0..frame.panel.marks.len() {
        draw_mark(canvas, frame, index, look)?;
    }
    if let (Some(bar), Some(map)) = (&frame.bar, frame.panel.heatmap()) {
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
