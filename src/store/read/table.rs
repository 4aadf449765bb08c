//! CSV text to named numbers.

use std::collections::HashMap;
use std::io::Read;

use ndarray::Array2;

use super::records::{Record, Records};
use super::refusal::{MAX_VALUES, TOO_LARGE, clip, refuse};
use crate::Result;

/// Most items of a table; each is an input of its own, so memory grows with their square.
const MAX_ITEMS: usize = 5000;

/// Numbers with the names their file gives them.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) values: Array2<f64>,
    pub(crate) row_names: Option<Vec<String>>,
    pub(crate) column_names: Option<Vec<String>>,
}

/// A header, then one named item per row.
pub(crate) fn named(source: impl Read, file: &str, warnings: &mut Vec<String>) -> Result<Table> {
    let mut records = Records::open(source, file, warnings)?;
    let delimiter = records.delimiter();
    let Some(header) = records.next()? else { return Err(empty(file)) };
    let labels = header_names(&header, file, 1)?;
    if labels.len() < 2 {
        let problem = format!("there is no feature column, only {:?}", clip(&labels[0]));
        let remedy = "the first column names the items, each further one is a feature \
                      (separate columns by commas)";
        return Err(refuse(format!("{file}, row {}", header.line), problem, remedy));
    }
    if labels[1..].iter().all(|name| looks_numeric(name)) {
        warnings.push(format!(
            "{file}: row {} is read as the header although it holds numbers",
            header.line
        ));
    }
    let mut rows = Rows { file, delimiter, labels: Some(labels), first: 1, ..Rows::default() };
    rows.expected = rows.labels.as_ref().map_or(0, Vec::len);
    let mut lines = HashMap::new();
    let mut names = Vec::new();
    while let Some(record) = records.next()? {
        rows.push(&record)?;
        let name = record.cells[0].trim().to_owned();
        let place = rows.place(record.line, 0);
        if name.is_empty() {
            return Err(refuse(place, "the item has no name", "name every item in column 1"));
        }
        if let Some(line) = lines.insert(name.clone(), record.line) {
            let problem = format!("item {:?} is already in row {line}", clip(&name));
            return Err(refuse(place, problem, "give each item a name of its own"));
        }
        names.push(name);
        if names.len() > MAX_ITEMS {
            let problem = format!("the table has more than {MAX_ITEMS} items");
            let remedy = "each item of a table is an input of its own, which takes items × items \
                          numbers; give larger data as a pair of inputs and targets";
            return Err(refuse(place, problem, remedy));
        }
    }
    rows.finish(Some(names))
}

/// Rows of numbers, perhaps with a header and perhaps with a name in front of each row.
pub(crate) fn plain(source: impl Read, file: &str, warnings: &mut Vec<String>) -> Result<Table> {
    let mut records = Records::open(source, file, warnings)?;
    let mut rows = Rows { file, delimiter: records.delimiter(), ..Rows::default() };
    let mut names = None;
    let (mut is_first, mut first_line) = (true, 0);
    while let Some(record) = records.next()? {
        if is_first {
            is_first = false;
            rows.expected = record.cells.len();
            // A first row without any number is a header.
            if !record.cells.iter().any(|cell| looks_numeric(cell)) {
                // The name of a column of names is optional, and not known to be one yet.
                rows.labels = Some(header_names(&record, file, 1)?);
                continue;
            }
        }
        let first_cell = record.cells[0].trim();
        if rows.n_rows == 0 && rows.expected > 1 && is_name(first_cell) {
            rows.first = 1;
            names = Some(Vec::new());
            first_line = record.line;
        }
        if let Some(names) = &mut names {
            names.push(first_cell.to_owned());
            // Or else a single "NA" at the top would turn a column of numbers into names.
            if looks_numeric(first_cell) {
                let problem = format!(
                    "\"{}\" is not a number, but row {} has {first_cell} in this column",
                    clip(&names[0]),
                    record.line
                );
                let remedy = "write numbers only, or text in every row for a column of names";
                return Err(refuse(rows.place(first_line, 0), problem, remedy));
            }
        }
        rows.push(&record)?;
    }
    if is_first {
        return Err(empty(file));
    }
    rows.finish(names)
}

/// Trimmed names that are there and differ; the first `optional` ones may be empty.
fn header_names(header: &Record<'_>, file: &str, optional: usize) -> Result<Vec<String>> {
    let names: Vec<String> = header.cells.iter().map(|cell| cell.trim().to_owned()).collect();
    let mut columns = HashMap::new();
    for (j, name) in names.iter().enumerate() {
        let place = || format!("{file}, row {}, column {}", header.line, j + 1);
        if name.is_empty() && j >= optional {
            let remedy = "name every column in the first row, and delete columns that are empty";
            return Err(refuse(place(), "the column has no name", remedy));
        }
        if let Some(earlier) = columns.insert(name, j + 1) {
            let problem = format!("{:?} is also the name of column {earlier}", clip(name));
            let remedy = "give each column a name of its own in a header (the first row)";
            return Err(refuse(place(), problem, remedy));
        }
    }
    Ok(names)
}

/// Rows of numbers as they come in.
#[derive(Default)]
struct Rows<'a> {
    file: &'a str,
    delimiter: char,
    /// Column names, where there is a header.
    labels: Option<Vec<String>>,
    /// Cells of every row.
    expected: usize,
    /// First column of numbers: 1 after a column of names.
    first: usize,
    values: Vec<f64>,
    n_rows: usize,
}

impl Rows<'_> {
    fn push(&mut self, record: &Record<'_>) -> Result<()> {
        let found = record.cells.len();
        if found != self.expected {
            return Err(self.ragged(record.line, found));
        }
        for (j, cell) in record.cells.iter().enumerate().skip(self.first) {
            match number(cell) {
                Ok(value) => self.values.push(value),
                Err((problem, mut remedy)) => {
                    if self.n_rows == 0 && self.labels.is_none() {
                        remedy.push_str(" (a first row that holds any number is not a header)");
                    }
                    return Err(refuse(self.place(record.line, j), problem, remedy));
                }
            }
        }
        self.n_rows += 1;
        if self.values.len() > MAX_VALUES {
            let problem = format!("the file holds more than {MAX_VALUES} numbers");
            return Err(refuse(format!("{}, row {}", self.file, record.line), problem, TOO_LARGE));
        }
        Ok(())
    }

    fn ragged(&self, line: u64, found: usize) -> crate::Error {
        let expected = self.expected;
        let cells = if found == 1 { "1 cell".into() } else { format!("{found} cells") };
        let problem = format!("the row has {cells}, the first row has {expected}");
        let remedy = if found > expected && self.delimiter == ',' {
            "every row needs as many; write decimals with a point (0.5), and text that holds a \
             comma in quotes"
        } else {
            "every row needs as many: write 0 where a feature is absent"
        };
        refuse(format!("{}, row {line}", self.file), problem, remedy)
    }

    fn place(&self, line: u64, column: usize) -> String {
        let name = self.labels.as_ref().map(|labels| labels[column].as_str());
        match name.filter(|name| !name.is_empty()) {
            Some(name) => format!("{}, row {line}, column \"{}\"", self.file, clip(name)),
            None => format!("{}, row {line}, column {}", self.file, column + 1),
        }
    }

    fn finish(self, row_names: Option<Vec<String>>) -> Result<Table> {
        if self.n_rows == 0 {
            let problem = "there is a header but no row of numbers";
            return Err(refuse(self.file, problem, "add one row per example"));
        }
        let shape = (self.n_rows, self.expected - self.first);
        let values = Array2::from_shape_vec(shape, self.values).map_err(|error| {
            refuse(self.file, format!("rows do not line up: {error}"), "give every row one shape")
        })?;
        let column_names = self.labels.map(|labels| labels[self.first..].to_vec());
        Ok(Table { values, row_names, column_names })
    }
}

fn empty(file: &str) -> crate::Error {
    refuse(file, "the file holds no rows", "it must hold rows of numbers")
}

/// A number, or what is wrong with the cell and what would be right.
fn number(cell: &str) -> Result<f64, (String, String)> {
    let text = cell.trim();
    if let Ok(value) = text.parse::<f64>()
        && value.abs() <= 1e150
    {
        return Ok(value);
    }
    let shown = clip(text);
    let lower = text.to_ascii_lowercase();
    let (problem, remedy) = if text.is_empty() {
        let remedy = "write a number (0 where a feature is absent); missing values are not filled";
        ("the cell is empty".into(), remedy.into())
    } else if matches!(lower.trim_start_matches(['+', '-']), "nan" | "na" | "n/a" | "null" | "") {
        let remedy = "write a number, or leave out the row; missing values are not filled";
        (format!("\"{shown}\" marks a missing value"), remedy.into())
    } else if text.parse::<f64>().is_ok() {
        let remedy = "write a number between -1e150 and 1e150: larger ones overflow when squared";
        (format!("\"{shown}\" is too large"), remedy.into())
    } else if let Some(point) = decimal_comma(text) {
        (format!("\"{shown}\" has a comma"), point)
    } else if matches!(lower.as_str(), "yes" | "no" | "true" | "false" | "x") {
        (format!("\"{shown}\" is not a number"), "write 1 for yes and 0 for no".into())
    } else if starts_like_number(text) {
        let remedy = "write the number alone, with a decimal point and without unit, sign of \
                      percent or thousands separator";
        (format!("\"{shown}\" is not a number alone"), remedy.into())
    } else {
        (format!("\"{shown}\" is not a number"), "write a number like 0.5 or 1e-3".into())
    };
    Err((problem, remedy))
}

/// What to write instead of a number with a comma in it.
fn decimal_comma(text: &str) -> Option<String> {
    let digits = text.trim_start_matches(['+', '-']);
    if !digits.contains(',') || !digits.chars().all(|c| c.is_ascii_digit() || ",.".contains(c)) {
        return None;
    }
    let bare = clip(&text.replace(',', ""));
    let groups = digits.split('.').next().is_some_and(|whole| {
        let mut groups = whole.split(',');
        groups.next().is_some_and(|first| (1..=3).contains(&first.len()))
            && groups.all(|group| group.len() == 3)
    });
    let pointed = clip(&text.replacen(',', ".", 1));
    let one = digits.matches([',', '.']).count() == 1;
    Some(match (groups, one) {
        (true, true) => {
            format!("write {bare} without thousands separator, or {pointed} with a decimal point")
        }
        (true, false) => format!("write {bare} without thousands separator"),
        (false, true) => format!("write {pointed} with a decimal point"),
        (false, false) => "write a decimal point and no thousands separator".into(),
    })
}

/// Whether the cell is meant as a number, if perhaps a wrong one.
fn looks_numeric(cell: &str) -> bool {
    let text = cell.trim();
    text.parse::<f64>().is_ok() || decimal_comma(text).is_some()
}

/// Whether the cell in front of a row of numbers can only be a name.
fn is_name(cell: &str) -> bool {
    let text = cell.trim();
    !text.is_empty() && !looks_numeric(text) && !starts_like_number(text)
}

fn starts_like_number(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-', '\u{2212}', '.', '$', '€']);
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn remedy(cell: &str) -> String {
        let (problem, remedy) = number(cell).unwrap_err();
        format!("{problem}; {remedy}")
    }

    #[test]
    fn numbers_that_are_not_numbers_come_with_the_right_one() {
        assert_eq!(remedy("0,5"), "\"0,5\" has a comma; write 0.5 with a decimal point");
        assert!(remedy("1,000").contains("write 1000 without thousands separator, or 1.000"));
        assert!(remedy("1,234,567.5").ends_with("write 1234567.5 without thousands separator"));
        assert!(remedy("5 kg").contains("\"5 kg\" is not a number alone"));
        assert!(remedy("yes").contains("1 for yes"));
        assert!(remedy(" ").starts_with("the cell is empty"));
        assert!(remedy("NA").contains("missing value"));
        for large in ["inf", "-Infinity", "1e999", "-1e151"] {
            assert!(remedy(large).contains(&format!("\"{large}\" is too large")));
        }
        assert_eq!(number(" -1e150 "), Ok(-1e150));
        assert_eq!(number("5e-324"), Ok(5e-324));
    }

    #[test]
    fn long_values_are_cut_in_messages() {
        let message = remedy(&"z\u{7}".repeat(500_000));
        assert!(message.len() < 200 && message.contains("z\u{FFFD}z"), "{message}");
    }

    proptest! {
        #[test]
        fn arbitrary_cells_never_panic(cell in "\\PC{0,12}", digits in "[0-9+,.eE-]{0,12}") {
            let _ = (number(&cell), number(&digits), is_name(&cell), is_name(&digits));
        }
    }
}
