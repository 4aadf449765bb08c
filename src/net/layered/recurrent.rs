//! A vanilla recurrent layer with leak, unrolled in time.
//!
//! ```math
//! z_t = s_x U x_t + s_h W h_{t-1} + s_b b ,\qquad h_t = (1 - \alpha)\,h_{t-1} + \alpha\,\phi(z_t) ,
//! \qquad h_0 = 0 .
//! ```

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, s};

use super::rows::{Copies, slice_mut};
use super::weights::{Part, Visit};
use crate::net::unit::Nonlinearity;
use crate::net::unit::elementwise::evaluate;

/// Units that see their own activity of the step before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RecurrentLayer {
    pub nonlinearity: Nonlinearity,
    /// α.
    pub leak: f64,
    /// U and b.
    pub input: Part,
    /// W.
    pub recurrent: Part,
    pub units: usize,
}

/// What the layer keeps of a batch: one row for each example and time.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    inputs: Array2<f64>,
    /// h_{t−1}.
    before: Array2<f64>,
    /// φ′(z_t).
    slopes: Array2<f64>,
}

impl RecurrentLayer {
    fn times(&self) -> usize {
        self.input.places
    }

    /// States h_t at all times.
    pub fn forward(&self, inputs: Array2<f64>, all: &[Array2<f64>]) -> (Array2<f64>, Memory) {
        let (times, shape) = (self.times(), (inputs.nrows(), self.units));
        let (mut before, mut slopes) = (Array2::zeros(shape), Array2::zeros(shape));
        let mut states = Array2::zeros(shape);
        let mut state = Array2::<f64>::zeros((inputs.nrows() / times, self.units));
        let mut rates = state.clone();
        for t in 0..times {
            let at = s![t..;times, ..];
            let mut fields = Array2::zeros(state.dim());
            if let Some((biases, factor)) = self.input.biases {
                fields += &(&all[biases].column(0) * factor);
            }
            let (u, w) = (&all[self.input.weights], &all[self.recurrent.weights]);
            let (s_x, s_h) = (self.input.weight_factor, self.recurrent.weight_factor);
            general_mat_mul(s_x, &inputs.slice(at), &u.t(), 1.0, &mut fields);
            general_mat_mul(s_h, &state, &w.t(), 1.0, &mut fields);
            before.slice_mut(at).assign(&state);
            evaluate(self.nonlinearity, slice_mut(&mut fields), slice_mut(&mut rates));
            slopes.slice_mut(at).assign(&fields);
            state = state * (1.0 - self.leak) + &rates * self.leak;
            states.slice_mut(at).assign(&state);
        }
        (states, Memory { inputs, before, slopes })
    }

    /// Signals at the fields z_t of all times, from those at the states.
    fn field_signals(
        &self,
        signal: &Array2<f64>,
        memory: &Memory,
        all: &[Array2<f64>],
    ) -> Array2<f64> {
        let times = self.times();
        let of = Copies::new(signal, &memory.slopes, times);
        let mut found = Array2::zeros(signal.dim());
        let mut later = Array2::<f64>::zeros((signal.nrows() / times, self.units));
        let w = &all[self.recurrent.weights];
        for t in (0..times).rev() {
            let at = s![t..;times, ..];
            let here = &signal.slice(at) + &later;
            let mut fields = &here * self.leak;
            for (i, mut row) in fields.rows_mut().into_iter().enumerate() {
                row *= &memory.slopes.row(of.row(i * times + t));
            }
            later = here * (1.0 - self.leak);
            general_mat_mul(self.recurrent.weight_factor, &fields, w, 1.0, &mut later);
            found.slice_mut(at).assign(&fields);
        }
        found
    }

    /// The signal at the inputs of all times.
    pub fn pull_back(
        &self,
        signal: &Array2<f64>,
        memory: &Memory,
        all: &[Array2<f64>],
    ) -> Array2<f64> {
        let fields = self.field_signals(signal, memory, all);
        fields.dot(&all[self.input.weights]) * self.input.weight_factor
    }

    /// Shows both matrices what they took and the signal at the fields.
    pub fn visit(
        &self,
        signal: &Array2<f64>,
        memory: &Memory,
        all: &[Array2<f64>],
        visit: &mut Visit<'_>,
    ) {
        let fields = self.field_signals(signal, memory, all);
        visit(&self.input, &memory.inputs, &fields);
        visit(&self.recurrent, &memory.before, &fields);
    }
}
