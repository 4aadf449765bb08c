//! The network itself: parameters and what its layers do with them.

use ndarray::{Array2, ArrayView2};

use super::build::{self, Input, NetworkPlan, Sizes};
use super::plan::{self, Plan, Trace};
use super::rows::reshaped;
use super::weights::{Part, Visit};
use crate::math::linalg::require_finite;
use crate::net::Change;
use crate::net::architecture::Architecture;
use crate::net::network::{Network, chained};
use crate::net::unit::Nonlinearity;
use crate::{Error, Result};

/// A network of finite width.
#[derive(Debug, Clone, PartialEq)]
pub struct LayeredNetwork {
    plan: NetworkPlan,
    parameters: Vec<Array2<f64>>,
}

/// Activity of a network for a batch of inputs.
#[derive(Debug, Clone)]
pub struct Activity {
    traces: Vec<Trace>,
    outputs: Array2<f64>,
}

impl Activity {
    /// What a layer with weights took: one row for each example and place, the filter's taps beside
    /// each other. `None` of layers without weights.
    pub fn taken(&self, layer: usize) -> Option<&Array2<f64>> {
        match self.traces.get(layer) {
            Some(Trace::Taken(rows)) => Some(rows),
            _ => None,
        }
    }

    /// Slopes φ′ of a layer of nonlinear units: one row for each example and place. `None` of other
    /// layers.
    pub fn slopes(&self, layer: usize) -> Option<&Array2<f64>> {
        match self.traces.get(layer) {
            Some(Trace::Slopes(slopes)) => Some(slopes),
            _ => None,
        }
    }

    /// What the last layer gives: one row an example.
    pub fn outputs(&self) -> &Array2<f64> {
        &self.outputs
    }
}

/// The weights, the biases where there are any, and what stands before them, of one layer of a chain
/// of dense layers, with the nonlinearity behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DenseForm {
    /// The layer.
    pub part: Part,
    /// What the units do; the last layer's are linear.
    pub nonlinearity: Nonlinearity,
}

impl LayeredNetwork {
    /// A network with random initial weights.
    ///
    /// # Errors
    /// A layer without units or whose numbers are out of range; layers that do not fit the inputs or
    /// each other; in the standard parameterization, another width than the architecture's.
    pub fn random(architecture: &Architecture, sizes: Sizes, seed: u64) -> Result<Self> {
        Self::random_on(architecture, Input::Vector(sizes.n_in), sizes.width, sizes.n_out, seed)
    }

    /// The same for inputs with places: images or sequences, an example's numbers place by place.
    ///
    /// # Errors
    /// As [`random`](Self::random).
    pub fn random_on(
        architecture: &Architecture,
        input: Input,
        width: usize,
        n_out: usize,
        seed: u64,
    ) -> Result<Self> {
        let (plan, parameters) = build::random(architecture, input, width, n_out, seed)?;
        Ok(Self { plan, parameters })
    }

    /// Fully connected layers without biases, given their weights, first layer first: hidden units
    /// φ(W_l h), linear outputs.
    ///
    /// # Errors
    /// No matrix, an empty one, one that does not take what the one before gives, or a value that is
    /// not finite.
    pub fn dense(weights: Vec<Array2<f64>>, nonlinearity: Nonlinearity) -> Result<Self> {
        let ones = vec![1.0; weights.len()];
        Self::scaled_dense(weights, &ones, nonlinearity)
    }

    /// The same with a factor before each matrix, φ(s_l W_l h): how outputs and rates are scaled.
    ///
    /// # Errors
    /// As [`dense`](Self::dense), or factors that are not finite or not as many as matrices.
    pub fn scaled_dense(
        weights: Vec<Array2<f64>>,
        factors: &[f64],
        nonlinearity: Nonlinearity,
    ) -> Result<Self> {
        let parameters = chained(weights)?;
        nonlinearity.check()?;
        if factors.len() != parameters.len() {
            let expected = format!("{}, one per weight matrix", parameters.len());
            return Err(Error::shape("factors of weights", [factors.len()], expected));
        }
        if let Some(factor) = factors.iter().find(|factor| !factor.is_finite()) {
            return Err(Error::parameter("factor of weights", factor, "it must be finite"));
        }
        Ok(Self { plan: build::chain(&parameters, factors, nonlinearity), parameters })
    }

    /// What each layer of nonlinear units does, first layer first.
    pub fn nonlinearities(&self) -> Vec<Nonlinearity> {
        let of = |layer: &Plan| match layer {
            Plan::Units { nonlinearity, .. } => Some(*nonlinearity),
            Plan::Recurrent(layer) => Some(layer.nonlinearity),
            _ => None,
        };
        self.plan.layers.iter().filter_map(of).collect()
    }

    /// Number of parameters.
    pub fn n_parameters(&self) -> usize {
        self.parameters.iter().map(Array2::len).sum()
    }

    /// What every layer of nonlinear units puts out, first layer first, one row for each example and
    /// place.
    ///
    /// # Panics
    /// If the inputs have another number of columns than the network has inputs.
    pub fn hidden(&self, inputs: ArrayView2<'_, f64>) -> Vec<Array2<f64>> {
        let (mut signal, mut hidden) = (self.rows(inputs), Vec::new());
        for layer in &self.plan.layers {
            signal = layer.forward(signal, &self.parameters).0;
            if matches!(layer, Plan::Units { .. } | Plan::Recurrent(_)) {
                hidden.push(signal.clone());
            }
        }
        hidden
    }

    /// Derivatives of a function of the outputs in the inputs, given those in the outputs: one row an
    /// example.
    ///
    /// # Panics
    /// If the signal is not shaped as the outputs.
    pub fn input_signal(&self, signal: Array2<f64>, activity: &Activity) -> Array2<f64> {
        let n = signal.nrows();
        let mut signal = signal;
        for layer in (0..self.plan.layers.len()).rev() {
            signal = self.pull_back(layer, signal, activity);
        }
        reshaped(signal, n)
    }

    /// Pulls a signal at the outputs back through all layers and shows each layer with weights what it
    /// took and the signal at what it gave.
    ///
    /// A signal may have several rows for each example, one output after another, all places of an
    /// example together; every one of them sees the same activity.
    pub(crate) fn visit_back(
        &self,
        signal: Array2<f64>,
        activity: &Activity,
        visit: &mut Visit<'_>,
    ) {
        let signal = self.by_place(self.plan.layers.len() - 1, signal);
        plan::visit_back(&self.plan.layers, &activity.traces, signal, &self.parameters, visit);
    }

    /// Variances over draws that the readout gives to an output per unit of squared activity, and by
    /// its bias.
    pub(crate) fn readout_variances(&self) -> (f64, f64) {
        self.plan.readout
    }

    /// The layers of a chain of dense layers with nonlinearities between them; `None` for all else.
    pub(crate) fn dense_chain(&self) -> Option<Vec<DenseForm>> {
        let mut forms: Vec<DenseForm> = Vec::new();
        let mut open = false;
        for layer in &self.plan.layers {
            match layer {
                Plan::Weights(layer) if layer.is_dense() => {
                    forms.push(DenseForm { part: layer.part, nonlinearity: Nonlinearity::Linear });
                    open = true;
                }
                Plan::Units { nonlinearity, .. } if open => {
                    forms.last_mut()?.nonlinearity = *nonlinearity;
                    open = false;
                }
                _ => return None,
            }
        }
        (open && self.plan.places == 1).then_some(forms)
    }

    /// Refuses inputs of another dimension than the network's, or none.
    pub(crate) fn require_inputs(&self, what: &str, inputs: ArrayView2<'_, f64>) -> Result<()> {
        if inputs.nrows() == 0 || inputs.ncols() != self.plan.n_in {
            let expected = format!("one row or more of {} numbers, the inputs", self.plan.n_in);
            return Err(Error::shape(what, inputs.dim(), expected));
        }
        require_finite(what, inputs)
    }

    /// A signal at the outputs of the network has one row an example, that of any other layer one for
    /// each place.
    fn by_place(&self, layer: usize, signal: Array2<f64>) -> Array2<f64> {
        if layer + 1 < self.plan.layers.len() {
            return signal;
        }
        let rows = signal.nrows() * self.plan.out_places;
        reshaped(signal, rows)
    }

    /// Inputs with a row for each place.
    fn rows(&self, inputs: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(inputs.ncols(), self.plan.n_in, "a column for each of the network's inputs");
        let n = inputs.nrows();
        reshaped(inputs.as_standard_layout().into_owned(), n * self.plan.places)
    }
}

impl Network for LayeredNetwork {
    type Activity = Activity;

    fn n_in(&self) -> usize {
        self.plan.n_in
    }

    fn n_out(&self) -> usize {
        self.plan.n_out
    }

    fn n_layers(&self) -> usize {
        self.plan.layers.len()
    }

    fn activity(&self, inputs: ArrayView2<'_, f64>) -> Activity {
        let (mut signal, mut traces) =
            (self.rows(inputs), Vec::with_capacity(self.plan.layers.len()));
        for layer in &self.plan.layers {
            let (next, trace) = layer.forward(signal, &self.parameters);
            signal = next;
            traces.push(trace);
        }
        Activity { traces, outputs: reshaped(signal, inputs.nrows()) }
    }

    fn outputs(activity: &Activity) -> &Array2<f64> {
        &activity.outputs
    }

    fn pull_back(&self, layer: usize, signal: Array2<f64>, activity: &Activity) -> Array2<f64> {
        let signal = self.by_place(layer, signal);
        self.plan.layers[layer].pull_back(signal, &activity.traces[layer], &self.parameters)
    }

    fn gather(&self, layer: usize, signal: &Array2<f64>, activity: &Activity, change: &mut Change) {
        let to = change.matrices_mut();
        let mut write = |part: &Part, taken: &Array2<f64>, signal: &Array2<f64>| {
            part.write_change(taken, signal, to);
        };
        let (plan, trace) = (&self.plan.layers[layer], &activity.traces[layer]);
        if layer + 1 == self.plan.layers.len() && self.plan.out_places > 1 {
            let signal = self.by_place(layer, signal.clone());
            return plan.visit(&signal, trace, &self.parameters, &mut write);
        }
        plan.visit(signal, trace, &self.parameters, &mut write);
    }

    /// The weights of every layer, each followed by its biases as a column where it has any.
    fn weights(&self) -> &[Array2<f64>] {
        &self.parameters
    }

    fn weights_mut(&mut self) -> &mut [Array2<f64>] {
        &mut self.parameters
    }
}
