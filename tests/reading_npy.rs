//! Users' NPY files: what is read, and what every refusal says.
#![cfg(feature = "cli")]

use std::path::PathBuf;
use std::time::Instant;

use ndarray::{Array1, Array2, ShapeBuilder, arr2};
use ndarray_npy::WriteNpyExt;
use proptest::prelude::*;
use solvable::{Dataset, Error};

fn put(place: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = place.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// An NPY file by hand.
fn npy(version: u8, dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    let header = format!("{dictionary}\n");
    let length = header.len() as u32;
    bytes.extend(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn dictionary(descriptor: &str, fortran: bool, shape: &str) -> String {
    let fortran = if fortran { "True" } else { "False" };
    format!("{{'descr': {descriptor}, 'fortran_order': {fortran}, 'shape': {shape}, }}")
}

fn read(content: &[u8]) -> Result<(Array2<f64>, Vec<String>), Error> {
    let place = tempfile::tempdir().unwrap();
    let path = put(&place, "x.npy", content);
    let start = Instant::now();
    let result = Dataset::read_pair(&path, &path);
    assert!(result.is_ok() || start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    result.map(|(data, warnings)| (data.inputs, warnings))
}

fn refused(content: &[u8], parts: &[&str]) {
    let error = read(content).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    let message = error.to_string();
    assert!(message.len() < 400, "{message}");
    for part in ["x.npy", "; "].iter().chain(parts) {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

#[test]
fn every_plain_type_is_read_in_either_byte_order() {
    macro_rules! check {
        ($type:ty, $name:literal) => {
            let values: [$type; 4] = [1 as $type, 2 as $type, 3 as $type, 100 as $type];
            let little: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            let big: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
            let expected = arr2(&[[1.0, 2.0], [3.0, 100.0]]);
            let orders: &[_] = if size_of::<$type>() == 1 {
                &[("|", &little)]
            } else {
                &[("<", &little), (">", &big)]
            };
            for (order, data) in orders {
                let descriptor = format!("'{order}{}'", $name);
                for version in 1..=3 {
                    let file = npy(version, &dictionary(&descriptor, false, "(2, 2)"), data);
                    assert_eq!(read(&file).unwrap(), (expected.clone(), vec![]), "{descriptor}");
                }
                let file = npy(1, &dictionary(&descriptor, true, "(2, 2)"), data);
                assert_eq!(read(&file).unwrap().0, expected.t(), "{descriptor} Fortran");
            }
        };
    }
    check!(f32, "f4");
    check!(f64, "f8");
    check!(i8, "i1");
    check!(i16, "i2");
    check!(i32, "i4");
    check!(i64, "i8");
    check!(u8, "u1");
    check!(u16, "u2");
    check!(u32, "u4");
    check!(u64, "u8");
    let file = npy(1, &dictionary("'|b1'", false, "(2, 2)"), &[1, 0, 0, 1]);
    assert_eq!(read(&file).unwrap().0, Array2::<f64>::eye(2));
}

#[test]
fn a_vector_is_one_column() {
    let mut file = Vec::new();
    Array1::from(vec![1.0, 2.0, 3.0]).write_npy(&mut file).unwrap();
    assert_eq!(read(&file).unwrap().0, arr2(&[[1.0], [2.0], [3.0]]));
}

#[test]
fn an_array_is_known_by_its_first_bytes_whatever_its_name() {
    let place = tempfile::tempdir().unwrap();
    let mut file = Vec::new();
    arr2(&[[1.0], [2.0]]).write_npy(&mut file).unwrap();
    let path = put(&place, "data.bin", file);
    assert_eq!(Dataset::read_pair(&path, &path).unwrap().0.n_samples(), 2);
}

#[test]
fn headers_that_lie_are_refused_before_anything_is_allocated() {
    let f8 = |shape| npy(1, &dictionary("'<f8'", false, shape), &[0; 16]);
    let huge =
        "the header claims 800000000000 bytes (shape (1000000, 100000) of '<f8'), the file has 16";
    refused(&f8("(1000000, 100000)"), &[huge, "cut off or damaged"]);
    refused(&f8("(1099511627776, 1099511627776)"), &["claims 967140655691703", "has 16"]);
    refused(&f8("(2, 2)"), &["claims 32 bytes", "the file has 16", "save it again"]);
    refused(&f8("(-1, 2)"), &["the header is not valid", "shape"]);
    refused(&f8("(2.0, 1)"), &["the header is not valid"]);
    refused(&f8("2"), &["the header is not valid"]);
    refused(&npy(1, "{'descr': '<f8', 'fortran_order': False}", &[]), &["missing key: shape"]);
    refused(&npy(1, "{'descr': '<f8'", &[]), &["the header is not valid"]);
    refused(&npy(1, &"[".repeat(9_000), &[]), &["nested too deeply"]);
    refused(&npy(1, &"(".repeat(8), &[]), &["the header is not valid"]);
    let mut endless = b"\x93NUMPY\x02\x00".to_vec();
    endless.extend(0xFFFF_FFF0u32.to_le_bytes());
    refused(&endless, &["the header claims 4294967280 bytes, more than 10000"]);
    refused(b"\x93NUMPY\x01\x00\x40\x00{'descr'", &["ends within its header (it has 18 bytes)"]);
    refused(b"\x93NUM", &["ends within its header (it has 4 bytes)"]);
    refused(b"\x93NUMPY\x09\x09\x40\x00{}", &["version 9.9 is not known", "np.save"]);
    refused(b"PK\x03\x04 and more", &["starts with \"PK\\x03\\x04 a\"", "np.save"]);
}

#[test]
fn long_headers_are_refused_as_quickly_as_short_ones() {
    for filling in ["9", "1+", "-", "'a' ", "\\", "(),", "1j-", "'", "0x", "1e9,", "\"\"\"", "{},"]
    {
        let filling = filling.repeat(9_000 / filling.len());
        for shape in [filling.clone(), format!("({filling}1,)"), format!("({filling}")] {
            refused(&npy(1, &dictionary("'<f8'", false, &shape), &[0; 16]), &[]);
        }
        refused(&npy(2, &dictionary(&filling, false, "(2,)"), &[0; 16]), &[]);
        refused(&npy(3, &dictionary(&format!("'{filling}'"), false, "(2,)"), &[0; 16]), &[]);
    }
    let long = format!("({})", "1, ".repeat(3_000));
    refused(&npy(1, &dictionary("'<f8'", false, &long), &[0; 16]), &["has shape (1, 1, 1"]);
}

#[test]
fn bytes_after_the_array_are_ignored_with_a_warning() {
    let mut file = Vec::new();
    arr2(&[[1.0], [2.0]]).write_npy(&mut file).unwrap();
    file.extend([0; 3]);
    let (_, warnings) = read(&file).unwrap();
    assert!(warnings[0].contains("x.npy: 3 bytes after the end of the array are ignored"));
}

#[test]
fn types_that_are_not_numbers_are_refused_with_a_conversion() {
    for (descriptor, what, remedy) in [
        ("'|O'", "Python objects (a pickle), which are never loaded", "x.astype('float64')"),
        ("'<U7'", "text (dtype '<U7')", "astype"),
        ("'|S3'", "text", "astype"),
        ("'<c16'", "complex numbers (dtype '<c16')", "x.real"),
        ("'|V8'", "records", "columns of a plain array"),
        ("[('a', '<f8'), ('b', '<i4')]", "structured", "columns of a plain array"),
        ("'<f2'", "half-precision numbers (dtype '<f2')", "np.save(path, x.astype('float64'))"),
        ("'<f16'", "extended-precision numbers", "np.save(path, x.astype('float64'))"),
        ("'<M8[ns]'", "no numbers of a known type (dtype '<M8[ns]')", "astype"),
    ] {
        refused(&npy(1, &dictionary(descriptor, false, "(2, 2)"), &[0; 64]), &[what, remedy]);
    }
    refused(&npy(1, &dictionary("'|b1'", false, "(2, 1)"), &[0, 7]), &["cannot be read", "astype"]);
}

#[test]
fn shapes_that_are_not_matrices_are_shown() {
    let f8 = |shape| npy(1, &dictionary("'<f8'", false, shape), &[0; 64]);
    refused(&f8("()"), &["a single number (shape ())", "rows are examples"]);
    refused(&f8("(2, 2, 2)"), &["has shape (2, 2, 2)", "x.reshape(len(x), -1)"]);
    refused(&f8("(0, 3)"), &["empty (shape (0, 3))", "at least one row"]);
    refused(&f8("(3, 0)"), &["empty (shape (3, 0))"]);
    refused(&f8("(0,)"), &["empty (shape (0,))"]);
    refused(&f8("(1, 8)"), &["a single item", "at least two"]);
}

#[test]
fn entries_that_are_not_finite_are_counted_and_the_first_is_named() {
    let file = |values: Array2<f64>| {
        let mut file = Vec::new();
        values.write_npy(&mut file).unwrap();
        file
    };
    let values = arr2(&[[1.0, 2.0], [3.0, f64::NAN], [f64::INFINITY, 1.0]]);
    refused(&file(values), &["x.npy, x[1, 1]: the entry is NaN, the first of 2 such entries"]);
    let values = arr2(&[[1.0], [f64::NEG_INFINITY]]);
    refused(&file(values), &["x[1, 0]: the entry is -inf, the only such entry", "finite"]);
    refused(&file(arr2(&[[1.0], [2e200]])), &["the entry is 2e200", "1e150", "rescale"]);
    let mut vector = Vec::new();
    Array1::from(vec![1.0, f64::NAN]).write_npy(&mut vector).unwrap();
    refused(&vector, &["x.npy, x[1]: the entry is NaN"]);
}

#[test]
fn large_integers_are_rounded_with_a_warning() {
    let mut file = Vec::new();
    arr2(&[[1i64], [i64::MAX]]).write_npy(&mut file).unwrap();
    let (values, warnings) = read(&file).unwrap();
    assert_eq!(values[[1, 0]], 9_223_372_036_854_775_807i64 as f64);
    assert!(warnings[0].contains("integers beyond 2^53 are rounded"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn arrays_written_are_read_back_to_the_bit(
        values in prop::collection::vec(
            any::<f64>().prop_filter("within range", |x| x.abs() <= 1e150), 12),
        fortran: bool,
        big_endian: bool,
    ) {
        let array = Array2::from_shape_vec((4, 3).set_f(fortran), values.clone()).unwrap();
        let file = if big_endian {
            let data: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
            npy(1, &dictionary("'>f8'", fortran, "(4, 3)"), &data)
        } else {
            let mut file = Vec::new();
            array.write_npy(&mut file).unwrap();
            file
        };
        let (found, _) = read(&file).unwrap();
        prop_assert!(found.is_standard_layout());
        for (a, b) in found.indexed_iter().map(|(at, x)| (x, array[at])) {
            prop_assert_eq!(a.to_bits(), b.to_bits());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "[{}()\\[\\]':, 0-9<f8a-z+jeL-]{0,80}",
    ) {
        let _ = read(&bytes);
        let _ = read(&npy(1, &text, &bytes));
        let _ = read(&npy(2, &dictionary("'<f8'", false, &text), &bytes));
        let _ = read(&npy(3, &dictionary(&text, true, "(2, 1)"), &bytes));
        let mut damaged = npy(1, &dictionary("'<f4'", false, "(2, 2)"), &[0; 16]);
        for pair in bytes.chunks_exact(2) {
            let at = pair[0] as usize % damaged.len();
            damaged[at] = pair[1];
        }
        let _ = read(&damaged);
    }
}
