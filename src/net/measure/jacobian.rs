//! Derivatives of every output of every example in every parameter.

use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, Zip, s};

use crate::net::layered::Part;
use crate::net::{LayeredNetwork, Network};

/// The Jacobian ∂f/∂θ: rows are (example, output) pairs, example x and output c in row xC + c; columns
/// are the parameters in the order of [`weights`](Network::weights), each matrix row by row.
///
/// # Panics
/// If the inputs have another number of columns than the network has inputs.
pub fn jacobian(net: &LayeredNetwork, inputs: ArrayView2<'_, f64>) -> Array2<f64> {
    let activity = net.activity(inputs);
    let mut starts = vec![0];
    starts.extend(net.weights().iter().scan(0, |end, w| {
        *end += w.len();
        Some(*end)
    }));
    let n_out = net.n_out();
    let mut jacobian = Array2::zeros((inputs.nrows() * n_out, net.n_parameters()));
    net.visit_back(output_signals(net, inputs.nrows()), &activity, &mut |part, taken, signal| {
        for (i, mut row) in jacobian.rows_mut().into_iter().enumerate() {
            for place in 0..part.places {
                let signal = signal.row(i * part.places + place);
                let taken = taken.row(i / n_out * part.places + place);
                add_outer(part, place, &starts, (signal, taken), &mut row);
            }
        }
    });
    jacobian
}

/// Derivatives of every output in itself: one row for each (example, output) pair.
pub(crate) fn output_signals(net: &LayeredNetwork, examples: usize) -> Array2<f64> {
    let n_out = net.n_out();
    let shape = (examples * n_out, n_out);
    Array2::from_shape_fn(shape, |(i, c)| f64::from(u8::from(i % n_out == c)))
}

/// Adds what one place says of a part's weights and biases to a row of the Jacobian.
fn add_outer(
    part: &Part,
    place: usize,
    starts: &[usize],
    (signal, taken): (ArrayView1<'_, f64>, ArrayView1<'_, f64>),
    row: &mut ArrayViewMut1<'_, f64>,
) {
    let (units, fan_in) = (signal.len(), taken.len());
    let block = if part.shared { 0 } else { place };
    let first = starts[part.weights] + block * units * fan_in;
    for (u, signal) in signal.iter().enumerate() {
        let mut to = row.slice_mut(s![first + u * fan_in..first + (u + 1) * fan_in]);
        let back = part.weight_factor * signal;
        Zip::from(&mut to).and(taken).for_each(|to, x| *to += back * x);
    }
    if let Some((biases, factor)) = part.biases {
        let first = starts[biases] + block * units;
        let mut to = row.slice_mut(s![first..first + units]);
        Zip::from(&mut to).and(signal).for_each(|to, signal| *to += factor * signal);
    }
}
