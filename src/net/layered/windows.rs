//! Which rows a filter or a pooling window gathers.

use ndarray::{Array2, ArrayView1};

use crate::Result;
use crate::net::architecture::Padding;
use crate::net::architecture::conv_shape::windows;

/// For every place after a layer the places before it that its window reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Windows {
    /// Places before the layer.
    pub before: usize,
    /// Places after it.
    pub after: usize,
    /// Places that a window reads, those beyond the edge included.
    pub taps: usize,
    /// After × taps; `None` is beyond the edge.
    table: Vec<Option<usize>>,
}

impl Windows {
    /// The windows of a layer on an image of a size, and the size after it.
    pub fn new(
        name: &str,
        size: [usize; 2],
        window: [usize; 2],
        stride: [usize; 2],
        padding: Padding,
    ) -> Result<(Self, [usize; 2])> {
        let [rows, cols] = windows(name, size, window, stride, padding)?;
        let mut table = Vec::with_capacity(rows.after * cols.after * window[0] * window[1]);
        for place in 0..rows.after * cols.after {
            let (r, c) = (place / cols.after, place % cols.after);
            for tap in 0..window[0] * window[1] {
                let along = (rows.tap(r, tap / window[1]), cols.tap(c, tap % window[1]));
                table.push(along.0.zip(along.1).map(|(r, c)| r * size[1] + c));
            }
        }
        let taps = window[0] * window[1];
        let found = Self { before: size[0] * size[1], after: rows.after * cols.after, taps, table };
        Ok((found, [rows.after, cols.after]))
    }

    /// The places that one window reads, tap by tap.
    pub fn of(&self, place: usize) -> &[Option<usize>] {
        &self.table[place * self.taps..(place + 1) * self.taps]
    }

    /// Rows after the layer, the taps' channels beside each other: n·after × taps·channels.
    pub fn gather(&self, signal: &Array2<f64>) -> Array2<f64> {
        let channels = signal.ncols();
        let examples = signal.nrows() / self.before;
        let mut rows = Array2::zeros((examples * self.after, self.taps * channels));
        for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
            let example = i / self.after;
            for (tap, place) in self.of(i % self.after).iter().enumerate() {
                let Some(place) = place else { continue };
                let from = signal.row(example * self.before + place);
                row.slice_mut(ndarray::s![tap * channels..(tap + 1) * channels]).assign(&from);
            }
        }
        rows
    }

    /// The transpose of [`gather`](Self::gather): every tap's signal is added to where it was read.
    pub fn scatter(&self, rows: &Array2<f64>) -> Array2<f64> {
        let channels = rows.ncols() / self.taps;
        let examples = rows.nrows() / self.after;
        let mut signal = Array2::<f64>::zeros((examples * self.before, channels));
        for (i, row) in rows.rows().into_iter().enumerate() {
            let example = i / self.after;
            for (tap, place) in self.of(i % self.after).iter().enumerate() {
                let Some(place) = place else { continue };
                let from = row.slice(ndarray::s![tap * channels..(tap + 1) * channels]);
                add(&mut signal, example * self.before + place, from);
            }
        }
        signal
    }
}

fn add(signal: &mut Array2<f64>, row: usize, from: ArrayView1<'_, f64>) {
    let mut to = signal.row_mut(row);
    to += &from;
}
