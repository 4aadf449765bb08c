//! What each kind of layer does with rows, and how a signal passes down through it.

use ndarray::{Array2, ArrayViewMut1, Axis, Zip};

use super::recurrent::{Memory, RecurrentLayer};
use super::rows::{Copies, reshaped, slice_mut};
use super::weights::{Visit, WeightLayer};
use super::windows::Windows;
use crate::net::unit::Nonlinearity;
use crate::net::unit::elementwise::evaluate;

/// A layer with its sizes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    Weights(WeightLayer),
    Recurrent(RecurrentLayer),
    Units {
        nonlinearity: Nonlinearity,
        places: usize,
    },
    AveragePool(Windows),
    MaxPool(Windows),
    /// Mean over all places.
    Mean {
        places: usize,
    },
    /// All places beside each other.
    Flatten {
        places: usize,
    },
    Normalize {
        epsilon: f64,
        places: usize,
    },
    Residual(Vec<Plan>),
}

/// What a layer keeps of a batch for the way back.
#[derive(Debug, Clone)]
pub(super) enum Trace {
    Nothing,
    /// The rows that were weighted.
    Taken(Array2<f64>),
    /// Slopes of units.
    Slopes(Array2<f64>),
    /// The place that was largest, for each row and channel.
    Picked(Array2<usize>),
    /// Normalized rows, and one over their standard deviations.
    Normalized(Array2<f64>, Vec<f64>),
    Recurrent(Memory),
    Branch(Vec<Trace>),
}

impl Plan {
    /// What the layer gives, and what it keeps.
    pub fn forward(&self, signal: Array2<f64>, all: &[Array2<f64>]) -> (Array2<f64>, Trace) {
        match self {
            Self::Weights(layer) => {
                let (fields, rows) = layer.forward(signal, all);
                (fields, Trace::Taken(rows))
            }
            Self::Recurrent(layer) => {
                let (states, memory) = layer.forward(signal, all);
                (states, Trace::Recurrent(memory))
            }
            Self::Units { nonlinearity, .. } => {
                let mut slopes = signal;
                let mut rates = Array2::zeros(slopes.dim());
                evaluate(*nonlinearity, slice_mut(&mut slopes), slice_mut(&mut rates));
                (rates, Trace::Slopes(slopes))
            }
            Self::AveragePool(windows) => {
                let (rows, channels) = (windows.gather(&signal), signal.ncols());
                let mut means = Array2::zeros((rows.nrows(), channels));
                for tap in 0..windows.taps {
                    let from = tap * channels..(tap + 1) * channels;
                    means += &rows.slice(ndarray::s![.., from]);
                }
                (means / windows.taps as f64, Trace::Nothing)
            }
            Self::MaxPool(windows) => largest(windows, &signal),
            Self::Mean { places } => {
                let n = signal.nrows() / places;
                let mut means = Array2::zeros((n, signal.ncols()));
                for (mut to, rows) in means.rows_mut().into_iter().zip(chunks(&signal, *places)) {
                    to.assign(&rows.mean_axis(Axis(0)).expect("there is a place"));
                }
                (means, Trace::Nothing)
            }
            Self::Flatten { places } => {
                let rows = signal.nrows() / places;
                (reshaped(signal, rows), Trace::Nothing)
            }
            Self::Normalize { epsilon, .. } => {
                let mut rows = signal;
                let inverse = rows.rows_mut().into_iter().map(|row| normalize(row, *epsilon));
                let inverse = inverse.collect();
                (rows.clone(), Trace::Normalized(rows, inverse))
            }
            Self::Residual(branch) => {
                let (mut inside, mut traces) = (signal.clone(), Vec::with_capacity(branch.len()));
                for layer in branch {
                    let (next, trace) = layer.forward(inside, all);
                    inside = next;
                    traces.push(trace);
                }
                (signal + inside, Trace::Branch(traces))
            }
        }
    }

    /// The signal at what the layer took, given that at what it gave. A signal may hold several rows
    /// for each row of activity (see `LayeredNetwork::visit_back`).
    pub fn pull_back(
        &self,
        signal: Array2<f64>,
        trace: &Trace,
        all: &[Array2<f64>],
    ) -> Array2<f64> {
        match (self, trace) {
            (Self::Weights(layer), _) => layer.pull_back(&signal, all),
            (Self::Recurrent(layer), Trace::Recurrent(memory)) => {
                layer.pull_back(&signal, memory, all)
            }
            (Self::Units { places, .. }, Trace::Slopes(slopes)) => {
                let mut signal = signal;
                if signal.dim() == slopes.dim() {
                    signal *= slopes;
                } else {
                    let of = Copies::new(&signal, slopes, *places);
                    for (i, mut row) in signal.rows_mut().into_iter().enumerate() {
                        row *= &slopes.row(of.row(i));
                    }
                }
                signal
            }
            (Self::AveragePool(windows), _) => {
                let parts = vec![signal / windows.taps as f64; windows.taps];
                let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
                let rows = ndarray::concatenate(Axis(1), &views).expect("parts of one height");
                windows.scatter(&rows)
            }
            (Self::MaxPool(windows), Trace::Picked(picked)) => {
                let of = Copies::new(&signal, picked, windows.after);
                let examples = signal.nrows() / windows.after;
                let mut below = Array2::zeros((examples * windows.before, signal.ncols()));
                for ((i, channel), value) in signal.indexed_iter() {
                    let place = picked[[of.row(i), channel]];
                    below[[i / windows.after * windows.before + place, channel]] += value;
                }
                below
            }
            (Self::Mean { places }, _) => {
                let share = 1.0 / *places as f64;
                let shape = (signal.nrows() * places, signal.ncols());
                Array2::from_shape_fn(shape, |(i, channel)| share * signal[[i / places, channel]])
            }
            (Self::Flatten { places }, _) => {
                let rows = signal.nrows() * places;
                reshaped(signal, rows)
            }
            (Self::Normalize { places, .. }, Trace::Normalized(rows, inverse)) => {
                let mut signal = signal;
                let of = Copies::new(&signal, rows, *places);
                for (i, mut row) in signal.rows_mut().into_iter().enumerate() {
                    let (normalized, inverse) = (rows.row(of.row(i)), inverse[of.row(i)]);
                    let n = row.len() as f64;
                    let (mean, along) = (row.sum() / n, row.dot(&normalized) / n);
                    Zip::from(&mut row).and(normalized).for_each(|g, x| {
                        *g = (*g - mean - along * x) * inverse;
                    });
                }
                signal
            }
            (Self::Residual(branch), Trace::Branch(traces)) => {
                let inside = visit_back(branch, traces, signal.clone(), all, &mut |_, _, _| {});
                signal + inside
            }
            _ => unreachable!("a trace is that of its layer"),
        }
    }

    /// Shows each matrix of weights in the layer the rows it took and the signal at what it gave.
    pub fn visit(
        &self,
        signal: &Array2<f64>,
        trace: &Trace,
        all: &[Array2<f64>],
        visit: &mut Visit<'_>,
    ) {
        match (self, trace) {
            (Self::Weights(layer), Trace::Taken(rows)) => visit(&layer.part, rows, signal),
            (Self::Recurrent(layer), Trace::Recurrent(memory)) => {
                layer.visit(signal, memory, all, visit);
            }
            (Self::Residual(branch), Trace::Branch(traces)) => {
                visit_back(branch, traces, signal.clone(), all, visit);
            }
            _ => {}
        }
    }
}

/// Pulls a signal back through layers in a row, showing each layer's weights on the way.
pub(super) fn visit_back(
    layers: &[Plan],
    traces: &[Trace],
    mut signal: Array2<f64>,
    all: &[Array2<f64>],
    visit: &mut Visit<'_>,
) -> Array2<f64> {
    for (layer, trace) in layers.iter().zip(traces).rev() {
        layer.visit(&signal, trace, all, visit);
        signal = layer.pull_back(signal, trace, all);
    }
    signal
}

/// The largest of each window, the first if several are; places beyond the edge do not count.
fn largest(windows: &Windows, signal: &Array2<f64>) -> (Array2<f64>, Trace) {
    let shape = (signal.nrows() / windows.before * windows.after, signal.ncols());
    let mut picked = Array2::zeros(shape);
    let values = Array2::from_shape_fn(shape, |(i, channel)| {
        let first = i / windows.after * windows.before;
        let mut best = (f64::NEG_INFINITY, 0);
        for place in windows.of(i % windows.after).iter().flatten() {
            let value = signal[[first + place, channel]];
            if value > best.0 {
                best = (value, *place);
            }
        }
        picked[[i, channel]] = best.1;
        best.0
    });
    (values, Trace::Picked(picked))
}

/// Subtracts the mean of a row and divides by its standard deviation; gives one over that.
fn normalize(mut row: ArrayViewMut1<'_, f64>, epsilon: f64) -> f64 {
    let n = row.len() as f64;
    let mean = row.sum() / n;
    row -= mean;
    let inverse = (row.dot(&row) / n + epsilon).sqrt().recip();
    row *= inverse;
    inverse
}

fn chunks(
    signal: &Array2<f64>,
    places: usize,
) -> ndarray::iter::AxisChunksIter<'_, f64, ndarray::Ix2> {
    signal.axis_chunks_iter(Axis(0), places)
}
