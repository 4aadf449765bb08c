//! From where to where an axis goes.

use super::check::{LARGEST, limits};
use crate::plot::marks::Mark;
use crate::plot::names::{panel_name, series_name};
use crate::plot::panel::{AxisSpec, Panel, Scale};
use crate::{Error, Result};

/// Nothing positive is smaller.
const SMALLEST: f64 = 5e-324;
/// Data narrower than this are constant up to rounding.
const CONSTANT: f64 = 1e-10;

/// Ends of an axis and how values are spread between them. `from` may be above `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub from: f64,
    pub to: f64,
    pub scale: Scale,
}

impl Span {
    /// How far along the axis `value` is: 0 at `from`, 1 at `to`, beyond them outside.
    pub(crate) fn share(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            // A bar may reach down to zero or below: that is infinitely far away.
            Scale::Log if value <= 0.0 => -1e9,
            Scale::Log => {
                (value.log10() - self.from.log10()) / (self.to.log10() - self.from.log10())
            }
        }
    }
}

/// One of the two directions of a panel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    X,
    Y,
}

/// The ends of a panel's axis: given, or from the data.
pub(super) fn span(index: usize, panel: &Panel, side: Side) -> Result<Span> {
    let (spec, axis) = match side {
        Side::X => (&panel.x, "x"),
        Side::Y => (&panel.y, "y"),
    };
    let name = format!("{axis} axis of {}", panel_name(index, panel));
    if let Some(range) = spec.range {
        limits(range, &name)?;
    }
    if spec.scale == Scale::Log {
        check_positive(index, panel, side, spec)?;
    }
    let scale = spec.scale;
    if let Some((from, to)) = spec.range {
        return Ok(Span { from, to, scale });
    }
    if let Some((rows, columns)) = panel.heatmap().map(|map| map.values.dim()) {
        return Ok(match side {
            Side::X => Span { from: -0.5, to: columns as f64 - 0.5, scale },
            Side::Y => Span { from: rows as f64 - 0.5, to: -0.5, scale },
        });
    }
    if !spec.categories.is_empty() {
        return Ok(Span { from: -0.5, to: spec.categories.len() as f64 - 0.5, scale });
    }
    let (from, to) = with_margin(extent(panel, side, scale), scale, margin(panel, side));
    limits((from, to), &name)?;
    Ok(Span { from, to, scale })
}

fn check_positive(index: usize, panel: &Panel, side: Side, spec: &AxisSpec) -> Result<()> {
    let refuse = |name: String, value: f64| {
        let allowed = "a logarithmic axis shows only positive values";
        Err(Error::parameter(name, value, allowed))
    };
    let place = panel_name(index, panel);
    if let Some((low, _)) = spec.range.filter(|r| r.0 <= 0.0) {
        return refuse(format!("axis range of {place}"), low);
    }
    for (j, mark) in panel.marks.iter().enumerate() {
        if matches!(mark, Mark::Heatmap(_)) && spec.range.is_none() {
            let allowed = "a heat map needs a range for its logarithmic axis";
            return Err(Error::parameter(format!("axis range of {place}"), "missing", allowed));
        }
        for values in coordinates(mark, side) {
            if let Some(v) = values.iter().find(|v| **v <= 0.0) {
                return refuse(format!("{} in {place}", series_name(j, mark)), *v);
            }
        }
    }
    Ok(())
}

/// The coordinates of a mark along one axis, without error bars.
fn coordinates(mark: &Mark, side: Side) -> Vec<&[f64]> {
    let is_x = side == Side::X;
    match mark {
        Mark::Line(m) => vec![if is_x { &m.x } else { &m.y }],
        Mark::Dots(m) => vec![if is_x { &m.x } else { &m.y }],
        Mark::Band(m) if is_x => vec![&m.x],
        Mark::Band(m) => vec![&m.low, &m.high],
        Mark::Heatmap(_) => vec![],
        Mark::Rule(m) if m.vertical == is_x => vec![std::slice::from_ref(&m.at)],
        Mark::Rule(_) => vec![],
        Mark::Text(m) => vec![std::slice::from_ref(if is_x { &m.x } else { &m.y })],
    }
}

/// Smallest and largest coordinate along one axis, with error bars.
fn extent(panel: &Panel, side: Side, scale: Scale) -> Option<(f64, f64)> {
    let mut ends: Option<(f64, f64)> = None;
    let mut include = |v: f64| {
        if v.is_finite() && (scale == Scale::Linear || v > 0.0) {
            let (low, high) = ends.unwrap_or((v, v));
            ends = Some((low.min(v), high.max(v)));
        }
    };
    for mark in &panel.marks {
        coordinates(mark, side).into_iter().flatten().for_each(|&v| include(v));
        if let (Mark::Dots(dots), Side::Y) = (mark, side) {
            for (y, s) in dots.y.iter().zip(dots.spread.iter().flatten()) {
                include(y + s);
                include(y - s);
            }
        }
    }
    ends
}

/// Share of the range left free at both ends. Curves may start at the frame; points may not.
fn margin(panel: &Panel, side: Side) -> f64 {
    let curves_only = panel.marks.iter().all(|m| !matches!(m, Mark::Dots(_) | Mark::Text(_)));
    if side == Side::X && curves_only { 0.0 } else { 0.045 }
}

fn with_margin(ends: Option<(f64, f64)>, scale: Scale, margin: f64) -> (f64, f64) {
    match (ends, scale) {
        (None, Scale::Linear) => (0.0, 1.0),
        (None, Scale::Log) => (0.1, 10.0),
        (Some((low, high)), Scale::Linear) => {
            let largest = low.abs().max(high.abs());
            if largest < 1.0 / LARGEST {
                return (-1.0, 1.0);
            }
            let width = high - low;
            if width < CONSTANT * largest {
                return (low - 0.1 * largest, high + 0.1 * largest);
            }
            (low - margin * width, high + margin * width)
        }
        (Some((low, high)), Scale::Log) => {
            let width = high.log10() - low.log10();
            let room = if width < 1e-6 { 0.5 } else { margin * width };
            // Not below the smallest number: 0 is infinitely far away.
            let below = 10f64.powf(low.log10() - room).max(SMALLEST);
            (below, 10f64.powf(high.log10() + room))
        }
    }
}
