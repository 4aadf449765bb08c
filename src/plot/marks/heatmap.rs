//! A matrix as a mark.

use ndarray::Array2;

use crate::plot::color::Colormap;

/// A matrix in colors. Row 0 is on top and cell (i, j) is centered at x = j, y = i, unless the
/// panel's axes have ranges: then the cells fill the ranges evenly, row 0 at the low end of y.
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// The matrix.
    pub values: Array2<f64>,
    /// Names of the rows; empty for none.
    pub row_labels: Vec<String>,
    /// Names of the columns; empty for none.
    pub column_labels: Vec<String>,
    /// Colors.
    pub colormap: Colormap,
    /// Values at the ends of the color bar; by default those of the data. A diverging map makes them
    /// symmetric about zero.
    pub range: Option<(f64, f64)>,
    /// Name of the quantity; none leaves the color bar without.
    pub bar_label: Option<String>,
    /// Whether cells are square, as for a matrix of distances.
    pub square: bool,
}

impl Heatmap {
    /// A matrix without names, in the sequential map, over the range of its values.
    pub fn new(values: Array2<f64>) -> Self {
        Self {
            values,
            row_labels: Vec::new(),
            column_labels: Vec::new(),
            colormap: Colormap::Sequential,
            range: None,
            bar_label: None,
            square: false,
        }
    }
}
