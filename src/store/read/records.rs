//! Records of a CSV file, read one at a time, with the line each one starts on.
//!
//! The rules are those of RFC 4180, and they are kept strictly: a reader that lets a quote stay
//! open, or text follow a closing quote, silently swallows the rows in between.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use super::refusal::refuse;
use crate::Result;

/// Longest record accepted, in bytes.
const MAX_RECORD: usize = 16 << 20;
/// How much of the file is looked at to find its encoding and delimiter.
const HEAD: usize = 64 << 10;

/// Reads records from `source`; `file` is its name in messages.
pub(crate) struct Records<R> {
    source: BufReader<R>,
    file: String,
    delimiter: u8,
    lines_read: u64,
    text: Vec<u8>,
}

/// One record, with the number its first line has in an editor.
pub(crate) struct Record<'a> {
    pub(crate) line: u64,
    pub(crate) cells: Vec<Cow<'a, str>>,
}

/// Where the scanner is within a cell.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first of a doubled quote.
    Closed,
}

impl<R: Read> Records<R> {
    /// Looks at the beginning of the file for its encoding and delimiter.
    pub(crate) fn open(source: R, file: &str, warnings: &mut Vec<String>) -> Result<Self> {
        let mut source = BufReader::with_capacity(HEAD, source);
        let head = source.fill_buf().map_err(|error| unreadable(file, &error))?;
        check_encoding(head, file)?;
        let mark = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let delimiter = sniff_delimiter(&head[mark..]);
        source.consume(mark);
        if delimiter != b',' {
            let name = if delimiter == b'\t' { "tabs" } else { "semicolons" };
            warnings.push(format!("{file}: columns are separated by {name}, not by commas"));
        }
        Ok(Self { source, file: file.to_owned(), delimiter, lines_read: 0, text: Vec::new() })
    }

    /// The character between columns.
    pub(crate) fn delimiter(&self) -> char {
        self.delimiter.into()
    }

    /// The next record that is not blank, or `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>> {
        let line = loop {
            self.text.clear();
            let line = self.lines_read + 1;
            if !self.read_line(None)? {
                return Ok(None);
            }
            if self.text.iter().any(|byte| !b" \r\n".contains(byte)) {
                break line;
            }
        };
        self.complete(line)?;
        let text = match std::str::from_utf8(&self.text) {
            Ok(text) => text,
            Err(error) => return Err(self.not_utf8(line, error.valid_up_to())),
        };
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Ok(Some(Record { line, cells: split(text, self.delimiter.into()) }))
    }

    /// Reads on until no quote is open.
    fn complete(&mut self, line: u64) -> Result<()> {
        let (mut state, mut scanned, mut opened) = (Within::Start, 0, line);
        loop {
            // Most lines hold no quote at all.
            if state == Within::Quoted || self.text[scanned..].contains(&b'"') {
                for i in scanned..self.text.len() {
                    let before = state;
                    let Some(next) = advance(state, self.text[i], self.delimiter) else {
                        return Err(self.text_after_quote(line, i));
                    };
                    state = next;
                    if before == Within::Start && state == Within::Quoted {
                        opened = self.lines_read;
                    }
                }
            }
            if state != Within::Quoted {
                return Ok(());
            }
            scanned = self.text.len();
            if !self.read_line(Some(opened))? {
                return Err(refuse(
                    format!("{}, row {opened}", self.file),
                    format!("a quote (\") is opened in row {opened} and never closed"),
                    "close it, or write two quotes (\"\") for one that belongs to the text",
                ));
            }
        }
    }

    /// Appends a line to the record; false at the end of the file.
    fn read_line(&mut self, open_quote: Option<u64>) -> Result<bool> {
        let before = self.text.len();
        let room = (MAX_RECORD + 1 - before) as u64;
        let read = self.source.by_ref().take(room).read_until(b'\n', &mut self.text);
        read.map_err(|error| unreadable(&self.file, &error))?;
        self.lines_read += 1;
        let line = self.lines_read;
        if self.text.len() > MAX_RECORD {
            let (line, problem) = match open_quote {
                Some(line) => (line, "a quote (\") opened here takes in more than 16 MiB"),
                None => (line, "the line is longer than 16 MiB"),
            };
            let remedy = "write one example per line, and close every quote";
            return Err(refuse(format!("{}, row {line}", self.file), problem, remedy));
        }
        if self.text[before..].contains(&0) {
            let problem = "the line holds a NUL byte: this is not a text file";
            let remedy = "give a CSV file (UTF-8 text) or an NPY file whose name ends in .npy";
            return Err(refuse(format!("{}, row {line}", self.file), problem, remedy));
        }
        Ok(self.text.len() > before)
    }

    fn not_utf8(&self, line: u64, at: usize) -> crate::Error {
        let place = self.place(line, at);
        let problem =
            format!("byte 0x{:02X} is not UTF-8 text (Latin-1 or Windows-1252?)", self.text[at]);
        refuse(place, problem, "save the file with the encoding UTF-8")
    }

    fn text_after_quote(&self, line: u64, at: usize) -> crate::Error {
        let tail: Vec<u8> =
            self.text[at..].iter().copied().take_while(|b| !b"\r\n".contains(b)).take(20).collect();
        let problem =
            format!("{:?} follows a closing quote (\")", String::from_utf8_lossy(&tail).as_ref());
        let remedy = "end the cell after its closing quote, close the quote of an earlier row, \
                      or write two quotes (\"\") for one that belongs to the text";
        refuse(self.place(line, at), problem, remedy)
    }

    /// Row and column of a byte of the current record.
    fn place(&self, line: u64, at: usize) -> String {
        let before = &self.text[..at];
        let row = line + before.iter().filter(|b| **b == b'\n').count() as u64;
        let mut state = Within::Start;
        let mut column = 1;
        for byte in before {
            if state != Within::Quoted && *byte == self.delimiter {
                column += 1;
            }
            state = advance(state, *byte, self.delimiter).unwrap_or(Within::Plain);
        }
        format!("{}, row {row}, column {column}", self.file)
    }
}

/// One byte further; `None` if text follows a closing quote.
fn advance(state: Within, byte: u8, delimiter: u8) -> Option<Within> {
    Some(match (state, byte) {
        (Within::Quoted, b'"') => Within::Closed,
        (Within::Quoted, _) => Within::Quoted,
        (Within::Closed, b'"') => Within::Quoted,
        (_, b'\n') => Within::Start,
        (_, byte) if byte == delimiter => Within::Start,
        (Within::Closed, b'\r') => Within::Closed,
        (Within::Closed, _) => return None,
        (Within::Start, b'"') => Within::Quoted,
        _ => Within::Plain,
    })
}

/// The cells of a complete record.
fn split(text: &str, delimiter: char) -> Vec<Cow<'_, str>> {
    if !text.contains('"') {
        return text.split(delimiter).map(Cow::Borrowed).collect();
    }
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let end = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted);
                cells.push(Cow::Owned(quoted[..end].replace("\"\"", "\"")));
                (end + 2).min(rest.len())
            }
            None => {
                let end = rest.find(delimiter).unwrap_or(rest.len());
                cells.push(Cow::Borrowed(&rest[..end]));
                end
            }
        };
        match rest[end..].strip_prefix(delimiter) {
            Some(next) => rest = next,
            None => return cells,
        }
    }
}

/// Where the first quote that is not doubled stands.
fn closing_quote(quoted: &str) -> usize {
    let mut from = 0;
    while let Some(at) = quoted[from..].find('"') {
        if !quoted[from + at + 1..].starts_with('"') {
            return from + at;
        }
        from += at + 2;
    }
    quoted.len()
}

fn check_encoding(head: &[u8], file: &str) -> Result<()> {
    let text = "save it as CSV with the encoding UTF-8";
    let (problem, remedy) = match head {
        [] => ("the file is empty", "it must hold a header and rows of numbers"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => ("the file is UTF-16 text, not UTF-8", text),
        [b'P', b'K', 3, 4, ..] => ("the file is a spreadsheet or an archive, not CSV text", text),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => (
            "the file is an NPY array, which has no names",
            "give it as inputs or targets of a pair, or write the table as CSV",
        ),
        _ if head.contains(&b'\r') && !head.contains(&b'\n') => (
            "lines end in a carriage return alone (old Macintosh text)",
            "save it with lines ending in LF or CRLF",
        ),
        _ => return Ok(()),
    };
    Err(refuse(file, problem, remedy))
}

/// The candidate that is on the first line, and as often on the second: a tab, a semicolon, or
/// else a comma. Commas come last because `0,5;1,5` has them as decimal signs.
fn sniff_delimiter(head: &[u8]) -> u8 {
    let mut lines = head.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let (first, second) = (lines.next().unwrap_or(&[]), lines.next());
    let candidates = || b"\t;,".iter().copied().filter(|d| count(first, *d) > 0);
    let consistent =
        candidates().find(|d| second.is_none_or(|second| count(second, *d) == count(first, *d)));
    let frequent = || candidates().max_by_key(|d| count(first, *d));
    consistent.or_else(frequent).unwrap_or(b',')
}

/// How often `byte` stands outside quotes.
fn count(line: &[u8], byte: u8) -> usize {
    let mut quoted = false;
    line.iter()
        .filter(|b| {
            quoted ^= **b == b'"';
            !quoted && **b == byte
        })
        .count()
}

fn unreadable(file: &str, error: &std::io::Error) -> crate::Error {
    refuse(file, format!("reading failed: {error}"), "check the disk and the file's permissions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>> {
        let mut warnings = Vec::new();
        let mut records = Records::open(text, "t.csv", &mut warnings)?;
        let mut rows = Vec::new();
        while let Some(record) = records.next()? {
            rows.push((record.line, record.cells.iter().map(|c| c.clone().into_owned()).collect()));
        }
        Ok(rows)
    }

    #[test]
    fn lines_are_numbered_as_in_an_editor() {
        let found = rows(b"a,b\r\n\r\n\"x\r\ny\",2\r\n\"p\"\"q\",\r\n\n  \n").unwrap();
        let row = |line, cells: [&str; 2]| (line, cells.map(str::to_owned).to_vec());
        assert_eq!(found, [row(1, ["a", "b"]), row(3, ["x\r\ny", "2"]), row(5, ["p\"q", ""])]);
    }

    #[test]
    fn a_quote_that_swallows_rows_is_refused_where_it_opens() {
        let message = rows(b"a,b\n1,2\n3,\"x\n4,5\n").unwrap_err().to_string();
        assert!(message.starts_with("t.csv, row 3: a quote (\") is opened in row 3"), "{message}");
        let message = rows(b"a,b\n\"canary,1\n\"salmon\",0\n").unwrap_err().to_string();
        assert!(message.contains("row 3, column 1: \"salmon\\\",0\" follows"), "{message}");
    }

    #[test]
    fn decimal_commas_do_not_hide_semicolons() {
        assert_eq!(sniff_delimiter(b"0,5;1,5\n2,5;3,5\n"), b';');
        assert_eq!(sniff_delimiter(b"item,\"a;b\",has; fur\nx,1,1\n"), b',');
        assert_eq!(sniff_delimiter(b"item\ta b\nx\t1\n"), b'\t');
        assert_eq!(sniff_delimiter(b"one column\n1\n"), b',');
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = rows(&bytes);
        }

        #[test]
        fn text_like_bytes_never_panic(text in "[a1\",;\t\r\n é]{0,80}") {
            let _ = rows(text.as_bytes());
        }

        #[test]
        fn any_text_written_by_the_csv_crate_is_read_back(
            table in prop::collection::vec(prop::collection::vec("[a\",;\n é]{1,6}x", 3), 1..6),
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["name", "p", "q"]).unwrap();
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let found = rows(&writer.into_inner().unwrap()).unwrap();
            let found: Vec<_> = found.into_iter().skip(1).map(|(_, cells)| cells).collect();
            prop_assert_eq!(found, table);
        }
    }
}
