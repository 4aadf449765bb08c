//! What a figure refuses: numbers that cannot be drawn, and shapes that do not fit.

use crate::plot::marks::{Dots, Heatmap, Mark};
use crate::plot::names::{panel_name, series_name};
use crate::plot::sheet::Sheet;
use crate::{Error, Result};

/// Beyond this, differences of two numbers overflow.
pub(super) const LARGEST: f64 = 1e300;
/// Narrower axes than this share of their values cannot have distinct ticks.
const NARROWEST: f64 = 1e-12;

/// Checks everything that a sheet's table holds: lengths, and that all numbers are finite.
pub(crate) fn sheet(sheet: &Sheet) -> Result<()> {
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

fn check_mark(mark: &Mark, name: &str) -> Result<()> {
    match mark {
        Mark::Line(m) => {
            positive(m.width, "width", name)?;
            columns(&m.x, &[("y", &m.y)], name)
        }
        Mark::Dots(m) => check_dots(m, name),
        Mark::Band(m) => {
            if !(0.0..=1.0).contains(&m.opacity) {
                let name = format!("opacity of {name}");
                return Err(Error::parameter(name, m.opacity, "it must be from 0 to 1"));
            }
            columns(&m.x, &[("low", &m.low), ("high", &m.high)], name)
        }
        Mark::Heatmap(m) => check_heatmap(m, name),
        Mark::Rule(m) => finite(&[m.at], "position", name),
        Mark::Text(m) => {
            finite(&[m.x], "x", name)?;
            finite(&[m.y, m.anchor], "y", name)
        }
    }
}

fn check_dots(m: &Dots, name: &str) -> Result<()> {
    positive(m.size, "size", name)?;
    columns(&m.x, &[("y", &m.y)], name)?;
    let Some(spread) = &m.spread else { return Ok(()) };
    columns(&m.x, &[("spread", spread)], name)?;
    match spread.iter().find(|s| **s < 0.0) {
        Some(s) => Err(Error::parameter(
            format!("spread of {name}"),
            s,
            "half the length of an error bar cannot be negative",
        )),
        None => Ok(()),
    }
}

fn check_heatmap(m: &Heatmap, name: &str) -> Result<()> {
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

/// Abscissas, and columns that have one value for each of them.
fn columns(x: &[f64], others: &[(&str, &[f64])], name: &str) -> Result<()> {
    finite(x, "x", name)?;
    for &(column, values) in others {
        if values.len() != x.len() {
            let expected = format!("one value for each x ({})", x.len());
            return Err(Error::shape(format!("{column} of {name}"), [values.len()], expected));
        }
        finite(values, column, name)?;
    }
    Ok(())
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

/// The ends of an axis or of a color bar.
pub(super) fn limits((low, high): (f64, f64), name: &str) -> Result<()> {
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
