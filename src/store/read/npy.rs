//! NPY arrays, checked before they are decoded.
//!
//! A header is a claim: decoding one that claims more than its file holds would end the process in
//! a failed allocation, so shape and size are held against the file first.

use std::io::{Cursor, Read};

use ndarray::{Array2, Array4, ArrayD, Dimension, IxDyn, ShapeBuilder};
use ndarray_npy::ReadableElement;
use ndarray_npy::npy::header::{Header, Layout, ReadHeaderError};

use super::refusal::{MAX_VALUES, TOO_LARGE, clip, refuse};
use crate::{Error, Result};

/// First bytes of every NPY file.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header accepted, as in NumPy itself; plain arrays take about 118 bytes.
const MAX_HEADER: usize = 10_000;
/// Deepest nesting of brackets in a header; an array of numbers needs two.
const MAX_DEPTH: usize = 8;
const RESAVE: &str = "save it with np.save(path, x.astype('float64'))";

/// Reads an array of one or two dimensions from a file of `length` bytes.
pub(crate) fn read(
    source: impl Read,
    length: u64,
    file: &str,
    warnings: &mut Vec<String>,
) -> Result<Array2<f64>> {
    let array = read_array(source, length, file, warnings, |header| dimensions(header, file))?;
    array.into_dimensionality().map_err(|error| refuse(file, error.to_string(), RESAVE))
}

/// Reads images, of shape (n, height, width, channels) or (n, height, width) for one channel.
pub(crate) fn read_images(
    source: impl Read,
    length: u64,
    file: &str,
    warnings: &mut Vec<String>,
) -> Result<Array4<f64>> {
    let array =
        read_array(source, length, file, warnings, |header| image_dimensions(header, file))?;
    array.into_dimensionality().map_err(|error| refuse(file, error.to_string(), RESAVE))
}

/// Reads an array whose header gives the dimensions that `dimensions` makes of it.
fn read_array(
    mut source: impl Read,
    length: u64,
    file: &str,
    warnings: &mut Vec<String>,
    dimensions: impl Fn(&Header) -> Result<Vec<usize>>,
) -> Result<ArrayD<f64>> {
    let (header, header_length) = read_header(&mut source, length, file)?;
    let dimensions = dimensions(&header)?;
    let descriptor = descriptor(&header, file)?;
    let size = item_size(&descriptor);
    let shape = shape_text(&header.shape);
    let product = |start: usize| dimensions.iter().try_fold(start, |n, d| n.checked_mul(*d));
    let present = length - header_length;
    let Some(claim) = product(size).map(|n| n as u64).filter(|claim| *claim <= present) else {
        let claim = dimensions.iter().fold(size as u128, |n, d| n.saturating_mul(*d as u128));
        let problem = format!(
            "the header claims {claim} bytes (shape {shape} of '{descriptor}'), the file has {present}"
        );
        return Err(refuse(file, problem, "the file is cut off or damaged: save it again"));
    };
    let n = product(1).unwrap_or(usize::MAX);
    if n > MAX_VALUES {
        let problem = format!("shape {shape} is more than {MAX_VALUES} numbers");
        return Err(refuse(file, problem, TOO_LARGE));
    }
    if claim < present {
        let extra = present - claim;
        warnings.push(format!("{file}: {extra} bytes after the end of the array are ignored"));
    }
    let values = decode(source.take(claim), &header, &descriptor, n)
        .map_err(|reason| refuse(file, reason, RESAVE))?;
    if rounds(&descriptor) && values.iter().any(|v| v.abs() > 9_007_199_254_740_992.0) {
        warnings.push(format!("{file}: integers beyond 2^53 are rounded to the nearest f64"));
    }
    let fortran = header.layout == Layout::Fortran;
    let array = ArrayD::from_shape_vec(IxDyn(&dimensions).set_f(fortran), values)
        .map_err(|error| refuse(file, format!("shape {shape} does not fit: {error}"), RESAVE))?;
    // One memory layout, so that sums run in the same order whatever the file's.
    let array = if fortran { array.as_standard_layout().into_owned() } else { array };
    check_values(&array, header.shape.len(), file)?;
    Ok(array)
}

/// The header and how many bytes it takes, with everything that could make the parser greedy
/// refused beforehand.
fn read_header(source: &mut impl Read, length: u64, file: &str) -> Result<(Header, u64)> {
    let short = |_| {
        let problem = format!("the file ends within its header (it has {length} bytes)");
        refuse(file, problem, "the file is cut off or damaged: save it again")
    };
    let mut bytes = vec![0; 8];
    source.read_exact(&mut bytes).map_err(short)?;
    if !bytes.starts_with(MAGIC) {
        let problem =
            format!("the file starts with \"{}\", not with \\x93NUMPY", bytes[..6].escape_ascii());
        return Err(refuse(file, problem, "give a file written by np.save, or CSV text"));
    }
    let width = match (bytes[6], bytes[7]) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        (major, minor) => {
            let problem = format!("NPY version {major}.{minor} is not known");
            return Err(refuse(file, problem, "versions 1.0, 2.0 and 3.0 are: use np.save"));
        }
    };
    let mut field = [0; 4];
    source.read_exact(&mut field[..width]).map_err(short)?;
    bytes.extend_from_slice(&field[..width]);
    let claim = u32::from_le_bytes(field) as usize;
    if claim > MAX_HEADER {
        let problem = format!("the header claims {claim} bytes, more than {MAX_HEADER}");
        return Err(refuse(file, problem, RESAVE));
    }
    let start = bytes.len();
    bytes.resize(start + claim, 0);
    source.read_exact(&mut bytes[start..]).map_err(short)?;
    if nesting(&bytes[start..]) > MAX_DEPTH {
        return Err(refuse(file, "the header is nested too deeply for an array", RESAVE));
    }
    let total = bytes.len() as u64;
    let header = Header::from_reader(&mut Cursor::new(bytes)).map_err(|error| {
        let reason = match error {
            ReadHeaderError::Parse(error) => error.to_string(),
            ReadHeaderError::Io(error) => error.to_string(),
        };
        refuse(file, format!("the header is not valid ({})", clip(&reason)), RESAVE)
    })?;
    Ok((header, total))
}

/// Deepest nesting of brackets, those within strings included.
fn nesting(header: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in header {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Rows and columns; a vector is one column.
fn dimensions(header: &Header, file: &str) -> Result<Vec<usize>> {
    let shape = shape_text(&header.shape);
    let dimensions = match header.shape[..] {
        [rows] => vec![rows, 1],
        [rows, columns] => vec![rows, columns],
        [] => {
            let problem = format!("the array is a single number (shape {shape})");
            return Err(refuse(file, problem, "save a matrix whose rows are examples"));
        }
        _ => {
            let shape = clip(&shape);
            let problem = format!("the array has shape {shape}, one of two dimensions is needed");
            return Err(refuse(file, problem, "save x.reshape(len(x), -1): rows are examples"));
        }
    };
    if dimensions.contains(&0) {
        let problem = format!("the array is empty (shape {shape})");
        return Err(refuse(file, problem, "it must hold at least one row and one column"));
    }
    Ok(dimensions)
}

/// Images, rows, columns, channels; one channel if there is no dimension for them.
fn image_dimensions(header: &Header, file: &str) -> Result<Vec<usize>> {
    let shape = clip(&shape_text(&header.shape));
    let dimensions = match header.shape[..] {
        [n, height, width] => vec![n, height, width, 1],
        [n, height, width, channels] => vec![n, height, width, channels],
        _ => {
            let problem =
                format!("the array has shape {shape}, images of four dimensions are needed");
            let remedy = "save x.reshape(n, height, width, channels)";
            return Err(refuse(file, problem, remedy));
        }
    };
    if dimensions.contains(&0) {
        let problem = format!("the array is empty (shape {shape})");
        return Err(refuse(file, problem, "it must hold at least one image, pixel and channel"));
    }
    Ok(dimensions)
}

/// A shape as Python writes it.
fn shape_text(shape: &[usize]) -> String {
    match shape {
        [n] => format!("({n},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The type of the entries, if it is one of plain numbers.
fn descriptor(header: &Header, file: &str) -> Result<String> {
    let Some(descriptor) = header.type_descriptor.as_string() else {
        let problem = "the array is structured: its entries are records";
        return Err(refuse(file, problem, "save its fields as columns of a plain array"));
    };
    let plain = descriptor.trim_start_matches(['<', '>', '|', '=']);
    let (what, remedy) = match plain {
        "f4" | "f8" | "i1" | "i2" | "i4" | "i8" | "u1" | "u2" | "u4" | "u8" | "b1" => {
            return Ok(descriptor.clone());
        }
        "f2" => ("half-precision numbers", RESAVE),
        "f12" | "f16" => ("extended-precision numbers", RESAVE),
        _ => match plain.chars().next() {
            Some('O') => (
                "Python objects (a pickle), which are never loaded",
                "save numbers with np.save(path, x.astype('float64'))",
            ),
            Some('c') => ("complex numbers", "save x.real, x.imag or abs(x)"),
            Some('U' | 'S' | 'a') => ("text", RESAVE),
            Some('V') => ("records", "save its fields as columns of a plain array"),
            _ => ("no numbers of a known type", RESAVE),
        },
    };
    Err(refuse(file, format!("the array holds {what} (dtype '{}')", clip(descriptor)), remedy))
}

/// Bytes of an entry: the number at the end of its descriptor.
fn item_size(descriptor: &str) -> usize {
    let digits = descriptor.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(1)
}

/// Whether integers of this type can be too large for an f64.
fn rounds(descriptor: &str) -> bool {
    descriptor.ends_with("i8") || descriptor.ends_with("u8")
}

/// The entries in the order of the file.
fn decode(
    source: impl Read,
    header: &Header,
    descriptor: &str,
    n: usize,
) -> Result<Vec<f64>, String> {
    fn entries<A: ReadableElement>(
        source: impl Read,
        header: &Header,
        n: usize,
        to_f64: impl Fn(A) -> f64,
    ) -> Result<Vec<f64>, String> {
        let entries = A::read_to_end_exact_vec(source, &header.type_descriptor, n);
        let entries = entries.map_err(|error| format!("the array cannot be read: {error}"))?;
        Ok(entries.into_iter().map(to_f64).collect())
    }
    match descriptor.trim_start_matches(['<', '>', '|', '=']) {
        "f4" => entries::<f32>(source, header, n, f64::from),
        "f8" => entries::<f64>(source, header, n, |x| x),
        "i1" => entries::<i8>(source, header, n, f64::from),
        "i2" => entries::<i16>(source, header, n, f64::from),
        "i4" => entries::<i32>(source, header, n, f64::from),
        "i8" => entries::<i64>(source, header, n, |x| x as f64),
        "u1" => entries::<u8>(source, header, n, f64::from),
        "u2" => entries::<u16>(source, header, n, f64::from),
        "u4" => entries::<u32>(source, header, n, f64::from),
        "u8" => entries::<u64>(source, header, n, |x| x as f64),
        "b1" => entries::<bool>(source, header, n, f64::from),
        other => Err(format!("dtype '{other}' is not known")),
    }
}

/// Refuses NaN, infinities and numbers whose squares overflow, at their NumPy index.
fn check_values(array: &ArrayD<f64>, n_dimensions: usize, file: &str) -> Result<()> {
    let bad = |value: &f64| !matches!(value.abs(), size if size <= 1e150);
    let Some((place, value)) = array.indexed_iter().find(|(_, value)| bad(value)) else {
        return Ok(());
    };
    let index: Vec<_> = place.slice().iter().take(n_dimensions).map(usize::to_string).collect();
    let n_bad = array.iter().filter(|value| bad(value)).count();
    let more = match n_bad {
        1 => "the only such entry".to_owned(),
        n => format!("the first of {n} such entries"),
    };
    let remedy = if value.is_finite() {
        "rescale the data: numbers beyond 1e150 overflow when squared"
    } else {
        "only finite numbers are allowed; leave out such examples"
    };
    let value = if value.is_finite() { format!("{value:e}") } else { format!("{value}") };
    Err(Error::Data {
        place: format!("{file}, x[{}]", index.join(", ")),
        problem: format!("the entry is {value}, {more}"),
        remedy: remedy.into(),
    })
}
