//! The numbers behind a figure, one value a row.

use std::fmt::Write;

use super::marks::Mark;
use super::names::{letter, series_name};
use super::panel::{AxisSpec, Panel};
use super::plan::check;
use super::sheet::Sheet;
use super::text::plain;
use crate::Result;

/// Exactly the plotted numbers, tidy: columns `panel, series, kind, x, y, spread, value`.
///
/// A band has two rows a point (`band_low`, `band_high`); a heat map has names, or numbers from 0,
/// of columns and rows in `x` and `y`. Numbers are written in the shortest form that reads back to
/// the same value.
///
/// # Errors
/// The sheet holds a number that is not finite, or columns of different lengths.
pub fn csv(sheet: &Sheet) -> Result<String> {
    check::sheet(sheet)?;
    let mut table = Table(String::from("panel,series,kind,x,y,spread,value\n"));
    for (i, panel) in sheet.panels.iter().enumerate() {
        for (j, mark) in panel.marks.iter().enumerate() {
            let start = format!("{},{},", letter(i), quoted(&series_name(j, mark)));
            table.add_mark(&start, panel, mark);
        }
    }
    Ok(table.0)
}

struct Table(String);

impl Table {
    fn row(&mut self, start: &str, kind: &str, cells: [&str; 4]) {
        let [x, y, spread, value] = cells;
        let _ = writeln!(self.0, "{start}{kind},{x},{y},{spread},{value}");
    }

    fn add_mark(&mut self, start: &str, panel: &Panel, mark: &Mark) {
        match mark {
            Mark::Line(m) => self.curve(start, "line", panel, (&m.x, &m.y), None),
            Mark::Dots(m) => self.curve(start, "dots", panel, (&m.x, &m.y), m.spread.as_deref()),
            Mark::Band(m) => {
                self.curve(start, "band_low", panel, (&m.x, &m.low), None);
                self.curve(start, "band_high", panel, (&m.x, &m.high), None);
            }
            Mark::Heatmap(m) => {
                let name = |labels: &[String], index: usize| match labels.get(index) {
                    Some(label) => quoted(&plain(label)),
                    None => index.to_string(),
                };
                for ((i, j), &value) in m.values.indexed_iter() {
                    let (x, y) = (name(&m.column_labels, j), name(&m.row_labels, i));
                    self.row(start, "heatmap", [&x, &y, "", &number(value)]);
                }
            }
            Mark::Rule(m) => {
                let at = number(m.at);
                let cells = if m.vertical { [&at, "", "", ""] } else { ["", &at, "", ""] };
                self.row(start, "rule", cells);
            }
            Mark::Text(m) => {
                let (x, y) = (coordinate(&panel.x, m.x), coordinate(&panel.y, m.y));
                self.row(start, "text", [&x, &y, "", ""]);
            }
        }
    }

    fn curve(
        &mut self,
        start: &str,
        kind: &str,
        panel: &Panel,
        (xs, ys): (&[f64], &[f64]),
        spread: Option<&[f64]>,
    ) {
        for (i, (&x, &y)) in xs.iter().zip(ys).enumerate() {
            let spread = spread.map_or_else(String::new, |s| number(s[i]));
            let (x, y) = (coordinate(&panel.x, x), coordinate(&panel.y, y));
            self.row(start, kind, [&x, &y, &spread, ""]);
        }
    }
}

/// The shortest decimal that reads back to the same number.
fn number(value: f64) -> String {
    let (plain, scientific) = (format!("{value}"), format!("{value:e}"));
    // Zeros of 1e300 or 1e-300 in full would be neither short nor readable.
    if plain.len() > 22 { scientific } else { plain }
}

/// A number, or the name that an axis of names has in its place.
fn coordinate(axis: &AxisSpec, value: f64) -> String {
    let is_index = value >= 0.0 && value.fract() == 0.0;
    match axis.categories.get(value as usize) {
        Some(name) if is_index => quoted(&plain(name)),
        _ => number(value),
    }
}

/// Text as RFC 4180 wants it, quoted also where a spreadsheet might take it for a formula.
fn quoted(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_bare = !is_formula
        && !text.is_empty()
        && text.trim() == text
        && !text.contains([',', '"', '\n', '\r', ';']);
    if is_bare { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::plot::{Band, Color, Dots, Heatmap, Line, Rule, literal};

    #[test]
    fn the_table_holds_the_plotted_numbers() {
        let mut panel = Panel::new(AxisSpec::linear("t"), AxisSpec::linear("a"));
        panel.add(Line::new("*a*_1, theory", &[0.0, 0.1], &[1.0, 1.0 / 3.0], Color::BLACK));
        let dots = Dots::new(literal("=1+1"), &[1.0], &[-2.5e-300], Color::BLACK);
        panel.add(Dots { spread: Some(vec![0.25]), ..dots });
        panel.add(Band::new("", &[1.0], &[2.0], &[3.0], Color::BLACK));
        panel.add(Rule::horizontal(0.5));
        let mut matrix = Panel::default();
        let labels = vec![literal("can_fly"), literal("say \"hi\"")];
        matrix.add(Heatmap { column_labels: labels, ..Heatmap::new(array![[1.0, 2.0]]) });
        let table = csv(&Sheet::new("", vec![panel, matrix])).unwrap();
        assert_eq!(
            table,
            "panel,series,kind,x,y,spread,value\n\
             a,\"a_1, theory\",line,0,1,,\n\
             a,\"a_1, theory\",line,0.1,0.3333333333333333,,\n\
             a,\"=1+1\",dots,1,-2.5e-300,0.25,\n\
             a,band 3,band_low,1,2,,\n\
             a,band 3,band_high,1,3,,\n\
             a,rule 4,rule,,0.5,,\n\
             b,heat map 1,heatmap,can_fly,0,,1\n\
             b,heat map 1,heatmap,\"say \"\"hi\"\"\",0,,2\n"
        );
    }

    #[test]
    fn an_axis_of_names_has_names_in_the_table() {
        let mut panel = Panel::new(AxisSpec::categories("", ["V1", "V4"]), AxisSpec::default());
        panel.add(Dots::new("d", &[0.0, 1.0, 0.5], &[1.0, 2.0, 3.0], Color::BLACK));
        let table = csv(&Sheet::new("", vec![panel])).unwrap();
        assert!(table.ends_with("a,d,dots,V1,1,,\na,d,dots,V4,2,,\na,d,dots,0.5,3,,\n"), "{table}");
    }

    #[test]
    fn numbers_read_back_to_themselves() {
        for v in [0.1 + 0.2, 1e300, -4.9e-324, 123_456_789.123_456_7, 2f64.powi(60), -0.0] {
            assert_eq!(number(v).parse::<f64>().unwrap().to_bits(), v.to_bits());
        }
    }
}
