//! Rows of signals: one for each example and place.

use ndarray::Array2;

/// The same numbers in another number of rows.
pub(super) fn reshaped(matrix: Array2<f64>, rows: usize) -> Array2<f64> {
    if matrix.nrows() == rows {
        return matrix;
    }
    let columns = matrix.len() / rows.max(1);
    let matrix =
        if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() };
    matrix.into_shape_with_order((rows, columns)).expect("as many numbers as before")
}

/// The entries of a matrix that was made row by row.
pub(super) fn slice_mut(matrix: &mut Array2<f64>) -> &mut [f64] {
    matrix.as_slice_mut().expect("the matrix was made in rows")
}

/// Which row of activity a row of a signal belongs to, if each example has several rows of it.
pub(super) struct Copies {
    places: usize,
    copies: usize,
}

impl Copies {
    pub fn new<T>(signal: &Array2<f64>, activity: &Array2<T>, places: usize) -> Self {
        Self { places, copies: signal.nrows() / activity.nrows().max(1) }
    }

    pub fn row(&self, i: usize) -> usize {
        i / (self.places * self.copies) * self.places + i % self.places
    }
}
