//! What a figure refuses: numbers that cannot be drawn, and shapes that do not fit.

use super::marks::Mark;
use super::panel::{AxisSpec, Panel, Scale, Sheet};
use super::text::plain;
use crate::{Error, Result};

/// Beyond this, differences of two numbers overflow.
const LARGEST: f64 = 1e300;
/// Nothing positive is smaller.
const SMALLEST: f64 = 5e-324;
/// Narrower axes than this share of their values cannot have distinct ticks.
const NARROWEST: f64 = 1e-12;
/// Data narrower than this are constant up to rounding.
const CONSTANT: f64 = 1e-10;

/// Checks everything that a sheet's table holds: lengths, and that all numbers are finite.
pub(super) fn sheet(sheet: &Sheet) -> Result<()> {
    if sheet.panels.is_empty() {
        return Err(Error::parameter("number of panels", 0, "a figure needs at least one panel"));
    }
    if sheet.columns == 0 {
        return Err(Error::parameter("number of columns", 0, "a figure needs at least one column"));
    }
    for (i, panel) in sheet.panels.iter().enumerate() {
        for (j, mark) in panel.marks.iter().enumerate() {
            check_mark(mark, &format!("{}, {}", panel_name(i, panel), series_name(j, mark)))?;
        }
        let sides = [("aspect", panel.aspect, 0.05, 20.0)];
        for (name, value, low, high) in sides {
            if !(low..=high).contains(&value) {
                let name = format!("{name} of {}", panel_name(i, panel));
                return Err(Error::parameter(name, value, format!("it must be {low} to {high}")));
            }
        }
    }
    Ok(())
}

/// "panel b (Loss)".
pub(super) fn panel_name(index: usize, panel: &Panel) -> String {
    match &panel.title {
        Some(title) => format!("panel {} ({})", letter(index), plain(title)),
        None => format!("panel {}", letter(index)),
    }
}

/// a, b, …, z, aa, ab, …
pub(super) fn letter(index: usize) -> String {
    let last = char::from(b'a' + (index % 26) as u8);
    if index < 26 { last.into() } else { letter(index / 26 - 1) + &last.to_string() }
}

/// A mark's label, or its kind and number where it has none.
pub(super) fn series_name(index: usize, mark: &Mark) -> String {
    let (kind, label) = match mark {
        Mark::Line(m) => ("line", m.label.as_ref()),
        Mark::Dots(m) => ("dots", m.label.as_ref()),
        Mark::Band(m) => ("band", m.label.as_ref()),
        Mark::Heatmap(m) => ("heat map", m.bar_label.as_ref()),
        Mark::Rule(m) => ("rule", m.label.as_ref()),
        Mark::Text(m) => ("text", Some(&m.text)),
    };
    label.map_or_else(|| format!("{kind} {}", index + 1), |l| plain(l))
}

fn check_mark(mark: &Mark, name: &str) -> Result<()> {
    let column = |values: &[f64], column: &str, length: usize| {
        if values.len() != length {
            let expected = format!("one value for each x ({length})");
            return Err(Error::shape(format!("{column} of {name}"), [values.len()], expected));
        }
        finite(values, column, name)
    };
    match mark {
        Mark::Line(m) => {
            positive(m.width, "width", name)?;
            column(&m.x, "x", m.x.len())?;
            column(&m.y, "y", m.x.len())
        }
        Mark::Dots(m) => {
            positive(m.size, "size", name)?;
            column(&m.x, "x", m.x.len())?;
            column(&m.y, "y", m.x.len())?;
            let Some(spread) = &m.spread else { return Ok(()) };
            column(spread, "spread", m.x.len())?;
            match spread.iter().find(|s| **s < 0.0) {
                Some(s) => Err(Error::parameter(
                    format!("spread of {name}"),
                    s,
                    "half the length of an error bar cannot be negative",
                )),
                None => Ok(()),
            }
        }
        Mark::Band(m) => {
            if !(0.0..=1.0).contains(&m.opacity) {
                let name = format!("opacity of {name}");
                return Err(Error::parameter(name, m.opacity, "it must be from 0 to 1"));
            }
            column(&m.x, "x", m.x.len())?;
            column(&m.low, "low", m.x.len())?;
            column(&m.high, "high", m.x.len())
        }
        Mark::Heatmap(m) => {
            let (rows, columns) = m.values.dim();
            if rows == 0 || columns == 0 {
                let expected = "at least one row and one column";
                return Err(Error::shape(name, [rows, columns], expected));
            }
            for (labels, count, side) in
                [(&m.row_labels, rows, "row"), (&m.column_labels, columns, "column")]
            {
                if !labels.is_empty() && labels.len() != count {
                    let what = format!("{side} labels of {name}");
                    let expected = format!("one for each {side} ({count}), or none");
                    return Err(Error::shape(what, [labels.len()], expected));
                }
            }
            for ((i, j), &value) in m.values.indexed_iter() {
                let place = format!("row {i}, column {j}");
                if !value.is_finite() {
                    return Err(Error::NonFinite { what: name.into(), place, value });
                }
                if value.abs() > LARGEST {
                    let name = format!("{name}, {place}");
                    return Err(Error::parameter(name, value, "it must be within ±1e300"));
                }
            }
            m.range.map_or(Ok(()), |range| limits(range, &format!("color range of {name}")))
        }
        Mark::Rule(m) => finite(&[m.at], "position", name),
        Mark::Text(m) => {
            finite(&[m.x], "x", name)?;
            finite(&[m.y, m.anchor], "y", name)
        }
    }
}

fn finite(values: &[f64], column: &str, name: &str) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(i) => Err(Error::NonFinite {
            what: format!("{column} of {name}"),
            place: format!("index {i}"),
            value: values[i],
        }),
        None => Ok(()),
    }
}

fn positive(value: f64, column: &str, name: &str) -> Result<()> {
    if value > 0.0 && value <= 100.0 {
        return Ok(());
    }
    let allowed = "it must be positive and at most 100, 1 being usual";
    Err(Error::parameter(format!("{column} of {name}"), value, allowed))
}

fn limits((low, high): (f64, f64), name: &str) -> Result<()> {
    let largest = low.abs().max(high.abs());
    let problem = if !low.is_finite() || !high.is_finite() {
        "both ends must be finite"
    } else if low >= high {
        "the first end must be below the second"
    } else if largest > LARGEST {
        "both ends must be within ±1e300"
    } else if high - low < NARROWEST * largest || high - low < 1.0 / LARGEST {
        "the ends are too close to be told apart"
    } else {
        return Ok(());
    };
    Err(Error::parameter(name, format!("{low} to {high}"), problem))
}

/// Ends of an axis and how values are spread between them. `from` may be above `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub from: f64,
    pub to: f64,
    pub scale: Scale,
}

impl Span {
    /// How far along the axis `value` is: 0 at `from`, 1 at `to`, beyond them outside.
    pub(super) fn share(&self, value: f64) -> f64 {
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
    let matrix = panel.marks.iter().find_map(|m| match m {
        Mark::Heatmap(map) => Some(map.values.dim()),
        _ => None,
    });
    if let Some((rows, columns)) = matrix {
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
