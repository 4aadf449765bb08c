//! The flow of the numbers that really change: one for every overlap that is not another by symmetry.

use ndarray::Array2;

use super::right_hand_side::{Flow, Learning, generalization_error};
use crate::Result;
use crate::math::linalg::eigh;
use crate::net::Nonlinearity;
use crate::student_teacher::order_parameters::OrderParameters;
use crate::student_teacher::symmetry::Symmetry;

/// Step of differences for derivatives, and the share of the smallest eigenvalue of the covariance that it
/// must not exceed for rectified units, whose averages have roots there.
const STEP: f64 = 1e-6;
const STEP_SHARE: f64 = 1e-3;
const SHORTEST_STEP: f64 = 1e-9;

/// A flow on packed states: overlaps of students in rows, then readouts if they are trained.
#[derive(Debug, Clone)]
pub(crate) struct PackedFlow {
    activation: Nonlinearity,
    flow: Flow,
    start: OrderParameters,
    /// Packed place of every entry of students' rows, and where it is in the covariance: (a, b) and (b, a).
    entries: Vec<(usize, usize, usize)>,
    /// Entry of every packed overlap.
    sources: Vec<usize>,
    /// Packed place of readouts, and student of every packed one.
    readout_places: Vec<usize>,
    readout_sources: Vec<usize>,
    covariance: Vec<f64>,
    readouts: Vec<f64>,
    d_covariance: Vec<f64>,
    d_readouts: Vec<f64>,
}

impl PackedFlow {
    /// The flow, and the packed state of `start`. Of overlaps in one orbit of `symmetry` the first counts.
    pub(crate) fn new(
        activation: Nonlinearity,
        learning: &Learning,
        start: &OrderParameters,
        symmetry: &Symmetry,
    ) -> (Self, Vec<f64>) {
        let (k, m) = (start.n_students(), start.n_teachers());
        let n = k + m;
        let covariance: Vec<f64> = start.covariance().iter().copied().collect();
        let (mut entries, mut sources) = (Vec::new(), Vec::new());
        for (a, b) in (0..k).flat_map(|a| (a..n).map(move |b| (a, b))) {
            let (first, second) = symmetry.representative(a, b);
            let source = first * n + second;
            let known = sources.iter().position(|s| *s == source);
            let place = known.unwrap_or_else(|| {
                sources.push(source);
                sources.len() - 1
            });
            entries.push((place, a * n + b, b * n + a));
        }
        let (mut readout_places, mut readout_sources) = (Vec::new(), Vec::new());
        if learning.readout_rate != 0.0 {
            for i in 0..k {
                let (source, _) = symmetry.representative(i, i);
                let known = readout_sources.iter().position(|s| *s == source);
                readout_places.push(known.unwrap_or_else(|| {
                    readout_sources.push(source);
                    readout_sources.len() - 1
                }));
            }
        }
        let overlaps = sources.iter().map(|s| covariance[*s]);
        let packed = overlaps.chain(readout_sources.iter().map(|i| start.v[*i])).collect();
        let flow = Self {
            activation,
            flow: Flow::new(activation, *learning, k, n),
            start: start.clone(),
            entries,
            sources,
            readout_places,
            readout_sources,
            covariance,
            readouts: start.signed_readouts(),
            d_covariance: vec![0.0; n * n],
            d_readouts: vec![0.0; k],
        };
        (flow, packed)
    }

    fn fill(&mut self, packed: &[f64]) {
        for (place, there, mirrored) in &self.entries {
            self.covariance[*there] = packed[*place];
            self.covariance[*mirrored] = packed[*place];
        }
        for (v, place) in self.readouts.iter_mut().zip(&self.readout_places) {
            *v = packed[self.sources.len() + place];
        }
    }

    /// Derivative of the packed state.
    pub(crate) fn derivative(&mut self, packed: &[f64], out: &mut [f64]) {
        self.fill(packed);
        let (dc, dv) = (&mut self.d_covariance, &mut self.d_readouts);
        self.flow.derivative(&self.covariance, &self.readouts, dc, dv);
        let (overlaps, readouts) = out.split_at_mut(self.sources.len());
        overlaps.iter_mut().zip(&self.sources).for_each(|(x, s)| *x = self.d_covariance[*s]);
        readouts.iter_mut().zip(&self.readout_sources).for_each(|(x, i)| *x = self.d_readouts[*i]);
    }

    /// The units.
    pub(crate) fn activation(&self) -> Nonlinearity {
        self.activation
    }

    /// The same flow with other noise on labels.
    pub(crate) fn with_noise(&self, noise: f64) -> Self {
        let mut other = self.clone();
        other.flow.set_noise(noise);
        other
    }

    /// Generalization error of a packed state.
    pub(crate) fn error(&mut self, packed: &[f64]) -> f64 {
        self.fill(packed);
        generalization_error(self.activation, &self.covariance, &self.readouts)
    }

    /// The order parameters of a packed state.
    pub(crate) fn unpacked(&mut self, packed: &[f64]) -> OrderParameters {
        self.fill(packed);
        let (k, n) = (self.start.n_students(), self.readouts.len());
        let c = |i: usize, j: usize| self.covariance[i * n + j];
        let mut state = self.start.clone();
        state.q.indexed_iter_mut().for_each(|((i, j), x)| *x = c(i, j));
        state.r.indexed_iter_mut().for_each(|((i, m), x)| *x = c(i, k + m));
        state.v.iter_mut().zip(&self.readouts).for_each(|(x, v)| *x = *v);
        state
    }

    /// Derivatives of the flow at a packed state, by central differences.
    ///
    /// # Errors
    /// A state that is not finite.
    pub(crate) fn jacobian(&mut self, packed: &[f64]) -> Result<Array2<f64>> {
        let step = match self.activation {
            Nonlinearity::RELU => {
                let values = eigh(&self.unpacked(packed).covariance())?.0;
                (STEP_SHARE * values[values.len() - 1]).clamp(SHORTEST_STEP, STEP)
            }
            _ => STEP,
        };
        let n = packed.len();
        let mut jacobian = Array2::zeros((n, n));
        let (mut at, mut up, mut down) = (packed.to_vec(), vec![0.0; n], vec![0.0; n]);
        for j in 0..n {
            at[j] = packed[j] + step;
            self.derivative(&at, &mut up);
            at[j] = packed[j] - step;
            self.derivative(&at, &mut down);
            at[j] = packed[j];
            for i in 0..n {
                jacobian[[i, j]] = (up[i] - down[i]) / (2.0 * step);
            }
        }
        Ok(jacobian)
    }
}
