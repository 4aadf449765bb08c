//! Layers with weights: dense, convolutional, locally connected.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

use super::windows::Windows;

/// Is shown a part of a layer, the rows that its weights took, and the signal at what they gave.
pub(crate) type Visit<'a> = dyn FnMut(&Part, &Array2<f64>, &Array2<f64>) + 'a;

/// A matrix of weights, the biases that go with it, and what stands before them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    /// Index of the weights among the parameters.
    pub weights: usize,
    /// What stands before the weights.
    pub weight_factor: f64,
    /// Index of the biases and what stands before them, if there are any.
    pub biases: Option<(usize, f64)>,
    /// Places after the layer.
    pub places: usize,
    /// Whether every place has the same weights; else each has its own, one block of rows after another.
    pub shared: bool,
}

impl Part {
    /// Writes the derivatives in weights and biases, given what they took and the signal at what they
    /// gave: one row for each example and place.
    pub fn write_change(
        &self,
        taken: &Array2<f64>,
        signal: &Array2<f64>,
        change: &mut [Array2<f64>],
    ) {
        for block in 0..self.blocks() {
            let (taken, signal) = (self.rows_of(taken, block), self.rows_of(signal, block));
            let units = signal.ncols();
            let to = &mut change[self.weights];
            let mut to = to.slice_mut(s![block * units..(block + 1) * units, ..]);
            general_mat_mul(self.weight_factor, &signal.t(), &taken, 0.0, &mut to);
            if let Some((biases, factor)) = self.biases {
                let mut to = change[biases].slice_mut(s![block * units..(block + 1) * units, ..]);
                to.assign(&(signal.sum_axis(Axis(0)) * factor).insert_axis(Axis(1)));
            }
        }
    }

    /// Blocks of rows with weights of their own.
    fn blocks(&self) -> usize {
        if self.shared { 1 } else { self.places }
    }

    /// The rows that use a block of weights: all, or those of one place.
    fn rows_of<'a>(&self, rows: &'a Array2<f64>, block: usize) -> ArrayView2<'a, f64> {
        if self.shared { rows.view() } else { rows.slice(s![block..;self.places, ..]) }
    }

    fn rows_of_mut<'a>(&self, rows: &'a mut Array2<f64>, block: usize) -> ArrayViewMut2<'a, f64> {
        if self.shared { rows.view_mut() } else { rows.slice_mut(s![block..;self.places, ..]) }
    }
}

/// A layer whose outputs are weighted sums of what it takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WeightLayer {
    pub part: Part,
    /// Units, or channels, after the layer.
    pub units: usize,
    /// Which rows a filter gathers; dense layers take rows as they are.
    pub windows: Option<Windows>,
}

impl WeightLayer {
    /// Whether it is dense.
    pub fn is_dense(&self) -> bool {
        self.windows.is_none()
    }

    /// Fields, and the rows they were made of.
    pub fn forward(&self, signal: Array2<f64>, all: &[Array2<f64>]) -> (Array2<f64>, Array2<f64>) {
        let rows = match &self.windows {
            None => signal,
            Some(windows) => windows.gather(&signal),
        };
        let mut fields = Array2::zeros((rows.nrows(), self.units));
        for block in 0..self.part.blocks() {
            let range = block * self.units..(block + 1) * self.units;
            let mut to = self.part.rows_of_mut(&mut fields, block);
            let keep = match self.part.biases {
                None => 0.0,
                Some((biases, factor)) => {
                    let biases = all[biases].slice(s![range.clone(), 0]);
                    for mut row in to.rows_mut() {
                        row.iter_mut().zip(biases).for_each(|(z, b)| *z = factor * b);
                    }
                    1.0
                }
            };
            let weights = all[self.part.weights].slice(s![range, ..]);
            let taken = self.part.rows_of(&rows, block);
            general_mat_mul(self.part.weight_factor, &taken, &weights.t(), keep, &mut to);
        }
        (fields, rows)
    }

    /// The signal at the inputs, given that at the fields.
    pub fn pull_back(&self, signal: &Array2<f64>, all: &[Array2<f64>]) -> Array2<f64> {
        let weights = &all[self.part.weights];
        let mut rows = Array2::zeros((signal.nrows(), weights.ncols()));
        for block in 0..self.part.blocks() {
            let range = block * self.units..(block + 1) * self.units;
            let from = self.part.rows_of(signal, block);
            let mut to = self.part.rows_of_mut(&mut rows, block);
            let weights = weights.slice(s![range, ..]);
            general_mat_mul(self.part.weight_factor, &from, &weights, 0.0, &mut to);
        }
        match &self.windows {
            None => rows,
            Some(windows) => windows.scatter(&rows),
        }
    }
}
