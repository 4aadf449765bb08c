//! The same PDF every time: svg2pdf numbers its fonts and lists its resources in the random order of
//! a hash map. Here both are sorted; nothing that is seen changes.

use std::fmt::Write;

/// An object of a PDF file: its number, its dictionary and what follows it.
struct Object<'a> {
    id: usize,
    head: String,
    stream: &'a [u8],
}

/// Objects that svg2pdf writes for one font, the font itself first.
const FONT_OBJECTS: usize = 5;

/// `pdf` with fonts and resources in order; unchanged if it is not built as expected.
pub(super) fn sorted(pdf: Vec<u8>) -> Vec<u8> {
    match parse(&pdf) {
        Some((header, mut objects, trailer)) => {
            objects.iter_mut().for_each(|object| sort_resources(&mut object.head));
            write(header, &sort_fonts(objects), trailer)
        }
        None => pdf,
    }
}

/// Splits a file into header, objects in the order of the file, and trailer.
fn parse(pdf: &[u8]) -> Option<(&[u8], Vec<Object<'_>>, &str)> {
    let xref = pdf.windows(7).rposition(|w| w == b"xref\n0 ")?;
    let (table, trailer) = str::from_utf8(&pdf[xref..]).ok()?.split_once("trailer")?;
    let trailer = trailer.split_once("startxref")?.0;
    let mut starts = Vec::new();
    for (id, line) in table.lines().skip(2).enumerate().skip(1) {
        let mut fields = line.split(' ');
        let offset: usize = fields.next()?.parse().ok()?;
        if fields.nth(1)? != "n" {
            return None;
        }
        starts.push((offset, id));
    }
    starts.sort_unstable();
    let header = pdf.get(..starts.first()?.0)?;
    let ends = starts.iter().skip(1).map(|s| s.0).chain([xref]);
    let mut objects = Vec::new();
    for (&(start, id), end) in starts.iter().zip(ends) {
        let bytes = pdf.get(start..end)?;
        let mark = b"\nstream\n";
        let split = bytes.windows(mark.len()).position(|w| w == mark).unwrap_or(bytes.len());
        let (head, stream) = bytes.split_at(split);
        let head = str::from_utf8(head).ok()?.strip_prefix(&format!("{id} 0 obj\n"))?.to_owned();
        objects.push(Object { id, head, stream });
    }
    Some((header, objects, trailer))
}

/// Sorts neighboring lines such as `/fo1 2 0 R`.
fn sort_resources(head: &mut String) {
    let is_resource = |line: &str| {
        let name = line.trim_start().strip_prefix('/').and_then(|l| l.split(' ').next());
        name.is_some_and(|n| {
            let number = n.trim_start_matches(|c: char| c.is_ascii_lowercase());
            n.len() - number.len() == 2 && number.parse::<u32>().is_ok()
        })
    };
    let mut lines: Vec<&str> = head.split('\n').collect();
    for run in lines.chunk_by_mut(|a, b| is_resource(a) && is_resource(b)) {
        run.sort_unstable_by_key(|line| (line.len(), *line));
    }
    *head = lines.join("\n");
}

/// Sorts groups of font objects by the font's number, and numbers their parts in that order.
fn sort_fonts(objects: Vec<Object>) -> Vec<Object> {
    let is_font = |object: &Object| object.head.contains("/Subtype /Type0\n");
    let mut fonts: Vec<Vec<Object>> = Vec::new();
    let mut sorted = Vec::new();
    let mut place = None;
    for object in objects {
        if is_font(&object) {
            place.get_or_insert(sorted.len());
            fonts.push(vec![object]);
        } else if let Some(font) = fonts.last_mut().filter(|f| f.len() < FONT_OBJECTS) {
            font.push(object);
        } else {
            sorted.push(object);
        }
    }
    fonts.sort_by_key(|font| font[0].id);
    let mut ids: Vec<usize> = fonts.iter().flat_map(|f| f[1..].iter().map(|o| o.id)).collect();
    ids.sort_unstable();
    let mut ids = ids.into_iter();
    for font in &mut fonts {
        let old: Vec<usize> = font[1..].iter().map(|o| o.id).collect();
        let new: Vec<usize> = ids.by_ref().take(old.len()).collect();
        for (object, &id) in font[1..].iter_mut().zip(&new) {
            object.id = id;
        }
        for object in font.iter_mut() {
            // The mark keeps a number that was just written from being replaced again.
            for (old, new) in old.iter().zip(&new) {
                for before in [' ', '['] {
                    let reference = format!("{before}{old} 0 R");
                    object.head =
                        object.head.replace(&reference, &format!("{before}\u{1}{new} 0 R"));
                }
            }
            object.head = object.head.replace('\u{1}', "");
        }
    }
    let place = place.unwrap_or(sorted.len());
    sorted.splice(place..place, fonts.into_iter().flatten());
    sorted
}

fn write(header: &[u8], objects: &[Object], trailer: &str) -> Vec<u8> {
    let mut pdf = header.to_vec();
    let mut offsets = vec![0; objects.len() + 1];
    for object in objects {
        offsets[object.id] = pdf.len();
        pdf.extend_from_slice(format!("{} 0 obj\n{}", object.id, object.head).as_bytes());
        pdf.extend_from_slice(object.stream);
    }
    let xref = pdf.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f\r\n", offsets.len());
    for offset in &offsets[1..] {
        let _ = write!(table, "{offset:010} 00000 n\r\n");
    }
    let _ = write!(table, "trailer{trailer}startxref\n{xref}\n%%EOF");
    pdf.extend_from_slice(table.as_bytes());
    pdf
}
