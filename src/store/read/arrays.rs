//! Arrays from files, and the bytes of files for them.

use std::path::Path;

use ndarray::{Array2, Array4, ArrayView2};
use ndarray_npy::WriteNpyExt;

use super::dataset::{open_numbers, read_matrix};
use super::npy;
use super::refusal::refuse;
use crate::{Error, Result};

/// Examples as rows from a CSV or NPY file, as [`Dataset::read_pair`](crate::task::Dataset::read_pair)
/// reads them; one example will do. Also gives warnings.
///
/// ```
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("x.npy");
/// use solvable::store::read::arrays::{npy_bytes, read_rows};
///
/// let x = ndarray::array![[1.0, 2.0, 3.0]];
/// std::fs::write(&path, npy_bytes(x.view())?)?;
/// assert_eq!(read_rows(&path)?, (x, vec![]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Data`] with file, row and column of the first thing that is wrong.
pub fn read_rows(path: impl AsRef<Path>) -> Result<(Array2<f64>, Vec<String>)> {
    let path = path.as_ref();
    let mut warnings = Vec::new();
    let rows = read_matrix(path, &mut warnings)?.values;
    Ok((rows, warnings))
}

/// Images from an NPY file of shape (n, height, width, channels), or (n, height, width) if there is
/// one channel. Also gives warnings.
///
/// # Errors
/// [`Error::Data`] with the file and the first thing that is wrong.
pub fn read_images(path: impl AsRef<Path>) -> Result<(Array4<f64>, Vec<String>)> {
    let path = path.as_ref();
    let file = path.display().to_string();
    let (source, length, is_npy) = open_numbers(path)?;
    if !is_npy {
        let problem = "images are not read from text";
        let remedy = "save them with np.save(path, x), x of shape (n, height, width, channels)";
        return Err(refuse(file, problem, remedy));
    }
    let mut warnings = Vec::new();
    Ok((npy::read_images(source, length, &file, &mut warnings)?, warnings))
}

/// The content of an NPY file for a matrix, in C order.
///
/// # Errors
/// None known; writing is fallible by its interface.
pub fn npy_bytes(matrix: ArrayView2<'_, f64>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    matrix.as_standard_layout().write_npy(&mut bytes).map_err(|error| Error::Output {
        path: "NPY file".into(),
        problem: format!("the array cannot be written ({error})"),
        remedy: "report this as a mistake of the program".into(),
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, Array3, Dimension, ShapeBuilder};

    fn read_back<D: Dimension>(array: &Array<f64, D>) -> Result<(Array4<f64>, Vec<String>)> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x.npy");
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        std::fs::write(&path, bytes).unwrap();
        read_images(&path)
    }

    #[test]
    fn images_are_read_in_either_order_and_without_channels() {
        let number =
            |(i, r, c, d): (usize, usize, usize, usize)| (i * 1000 + r * 100 + c * 10 + d) as f64;
        let images = Array4::from_shape_fn((2, 3, 4, 2), number);
        assert_eq!(read_back(&images).unwrap(), (images.clone(), vec![]));
        let fortran = Array4::from_shape_fn((2, 3, 4, 2).f(), number);
        let (found, _) = read_back(&fortran).unwrap();
        assert_eq!(found, images);
        assert!(found.is_standard_layout());
        let gray = Array3::from_shape_fn((2, 3, 4), |(i, r, c)| number((i, r, c, 0)));
        let (found, _) = read_back(&gray).unwrap();
        assert_eq!(found.dim(), (2, 3, 4, 1));
        assert_eq!(found[[1, 2, 3, 0]], 1230.0);
    }

    #[test]
    fn what_are_no_images_is_refused_with_its_place() {
        let message = |result: Result<(Array4<f64>, Vec<String>)>| {
            let error = result.unwrap_err();
            assert_eq!(error.exit_code(), 3);
            error.to_string()
        };
        let found = message(read_back(&Array2::<f64>::zeros((3, 4))));
        assert!(found.contains("shape (3, 4)") && found.contains("reshape(n, height"), "{found}");
        assert!(message(read_back(&Array4::<f64>::zeros((3, 0, 4, 1)))).contains("empty"));
        let mut images = Array4::zeros((2, 3, 4, 1));
        images[[1, 2, 0, 0]] = f64::NAN;
        let found = message(read_back(&images));
        assert!(found.contains("x[1, 2, 0, 0]: the entry is NaN"), "{found}");
        let mut gray = Array3::zeros((2, 3, 4));
        gray[[1, 2, 0]] = f64::INFINITY;
        assert!(message(read_back(&gray)).contains("x[1, 2, 0]: the entry is inf"));
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x.csv");
        std::fs::write(&path, "1,2\n3,4\n").unwrap();
        assert!(message(read_images(&path)).contains("not read from text"));
        assert_eq!(read_rows(&path).unwrap().0, ndarray::array![[1.0, 2.0], [3.0, 4.0]]);
    }
}
