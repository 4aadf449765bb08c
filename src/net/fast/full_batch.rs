//! Full-batch gradient descent of networks of finite width, without allocation in the loop.
//!
//! The loss is half the squared error, summed over outputs and averaged over examples:
//! $`\frac{1}{2n}\sum_i \lVert f(x_i) - y_i\rVert^2`$. All parameters are trained at the same rate.
//! A *centered* network puts out f − f₀, its change since the start, so that every draw starts from
//! the output zero and from the same loss.

use ndarray::{Array1, Array2, ArrayView2, Zip};

use super::thin_products::{backward, forward, learn, slice_mut};
use crate::math::linalg::require_finite;
use crate::net::layered::DenseForm;
use crate::net::trainer::{Engine, Trainer};
use crate::net::unit::elementwise;
use crate::net::{Clock, LayeredNetwork, Network};
use crate::{Dataset, Error, Result};

/// A network of dense layers on its way down the loss.
#[derive(Debug, Clone)]
pub struct FullBatch {
    start: LayeredNetwork,
    inputs: Array2<f64>,
    /// What the network itself has to put out: the targets, plus f₀ if it is centered.
    goals: Array2<f64>,
    centered: bool,
    rate: f64,
    layers: Vec<LayerState>,
}

/// A layer in training.
#[derive(Debug, Clone)]
struct LayerState {
    form: DenseForm,
    /// Inputs × units, the transpose of the network's.
    weights: Array2<f64>,
    biases: Option<Array1<f64>>,
    /// Biases times their factor: where fields start from.
    offset: Option<Array1<f64>>,
    /// What the units put out for every example; the outputs of the last layer.
    rates: Array2<f64>,
    /// Slopes of the units there.
    slopes: Array2<f64>,
    /// Derivatives of the loss in the fields.
    errors: Array2<f64>,
}

impl FullBatch {
    /// Training of `net` on `data` with steps of size `rate`; time counts steps.
    ///
    /// # Errors
    /// A network with other than dense layers and nonlinearities between them; data of another shape
    /// than the network's, or not finite; a rate that is not positive.
    pub fn trainer(
        net: LayeredNetwork,
        data: &Dataset,
        rate: f64,
        centered: bool,
    ) -> Result<Trainer<Self>> {
        let Some(forms) = net.dense_chain() else {
            return Err(Error::Assumption {
                theory: "full-batch descent of dense layers",
                reason: "the network has other layers".into(),
                remedy: "use dense layers with at most one nonlinearity after each, the last dense"
                    .into(),
            });
        };
        net.require_inputs("training inputs", data.inputs.view())?;
        require_finite("training targets", data.targets.view())?;
        if data.targets.dim() != (data.inputs.nrows(), net.n_out()) {
            let expected = format!("{} × {}", data.inputs.nrows(), net.n_out());
            return Err(Error::shape("training targets", data.targets.dim(), expected));
        }
        if !(rate.is_finite() && rate > 0.0) {
            return Err(Error::parameter("learning rate", rate, "it must be positive and finite"));
        }
        let n = data.inputs.nrows();
        let layers = forms.into_iter().map(|form| LayerState::of(&net, form, n)).collect();
        let mut engine = Self {
            inputs: data.inputs.as_standard_layout().into_owned(),
            goals: data.targets.as_standard_layout().into_owned(),
            start: net.clone(),
            centered,
            rate,
            layers,
        };
        engine.evaluate();
        if centered && let Some(last) = engine.layers.last() {
            engine.goals += &last.rates;
            engine.compare();
        }
        let initial = engine.loss();
        Trainer::new(engine, net, initial, Clock::counting())
    }

    /// One step; the state that it leaves is evaluated.
    fn step(&mut self) {
        for l in (0..self.layers.len()).rev() {
            let (before, here) = self.layers.split_at_mut(l);
            let layer = &mut here[0];
            let factor = layer.form.part.weight_factor;
            // Errors are passed on through the weights before those change.
            if let Some(below) = before.last_mut() {
                backward(&mut below.errors, factor, &layer.errors, &layer.weights);
                below.errors *= &below.slopes;
            }
            let inputs = before.last().map_or(&self.inputs, |below| &below.rates);
            learn(&mut layer.weights, -self.rate * factor, inputs, &layer.errors);
            layer.learn_biases(-self.rate);
        }
        self.evaluate();
    }

    /// Activities and residuals at the present parameters.
    fn evaluate(&mut self) {
        for l in 0..self.layers.len() {
            let last = l + 1 == self.layers.len();
            let (before, here) = self.layers.split_at_mut(l);
            let LayerState { form, weights, offset, rates, slopes, .. } = &mut here[0];
            let inputs = before.last().map_or(&self.inputs, |below| &below.rates);
            let fields = if last { &mut *rates } else { &mut *slopes };
            forward(fields, form.part.weight_factor, inputs, weights, offset.as_ref());
            if !last {
                elementwise::evaluate(form.nonlinearity, slice_mut(slopes), slice_mut(rates));
            }
        }
        self.compare();
    }

    /// Residuals over n: derivatives of the loss in the outputs.
    fn compare(&mut self) {
        let n = self.inputs.nrows() as f64;
        if let Some(LayerState { errors, rates, .. }) = self.layers.last_mut() {
            Zip::from(errors).and(rates).and(&self.goals).for_each(|e, f, y| *e = (*f - y) / n);
        }
    }
}

impl Engine for FullBatch {
    type Net = LayeredNetwork;

    const CHECK_EVERY: u64 = 1;

    fn advance(&mut self, steps: u64) {
        (0..steps).for_each(|_| self.step());
    }

    fn loss(&mut self) -> f64 {
        let n = self.inputs.nrows() as f64;
        // The last errors are residuals over n.
        self.layers.last().map_or(0.0, |l| 0.5 * n * l.errors.iter().map(|r| r * r).sum::<f64>())
    }

    fn remedy(&self) -> String {
        format!("lower the learning rate, which is {}", self.rate)
    }

    fn write(&mut self, net: &mut LayeredNetwork) {
        for layer in &self.layers {
            let part = layer.form.part;
            net.weights_mut()[part.weights].assign(&layer.weights.t());
            if let (Some((to, _)), Some(from)) = (part.biases, &layer.biases) {
                net.weights_mut()[to].column_mut(0).assign(from);
            }
        }
    }

    fn matrices(net: &LayeredNetwork) -> &[Array2<f64>] {
        net.weights()
    }

    fn matrices_mut(net: &mut LayeredNetwork) -> &mut [Array2<f64>] {
        net.weights_mut()
    }
}

impl Trainer<FullBatch> {
    /// The loss at the present parameters.
    pub fn loss(&mut self) -> f64 {
        self.engine_mut().loss()
    }

    /// What is put out on any inputs, less f₀ if the network is centered: m × C.
    ///
    /// # Errors
    /// Inputs of another dimension than the network's, none, or not finite.
    pub fn outputs(&mut self, inputs: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.engine().start.require_inputs("inputs", inputs)?;
        let outputs = self.network().forward(inputs);
        let FullBatch { start, centered, .. } = self.engine();
        Ok(if *centered { outputs - start.forward(inputs) } else { outputs })
    }

    /// Losses after each number of steps in `grid`, which must not fall.
    ///
    /// # Errors
    /// A number of steps that is already passed, or a loss that runs away: the rate is too large.
    pub fn losses(&mut self, grid: &[usize]) -> Result<Vec<f64>> {
        let mut losses = Vec::with_capacity(grid.len());
        for steps in grid {
            self.advance_to(*steps as f64)?;
            losses.push(self.loss());
        }
        Ok(losses)
    }
}

impl LayerState {
    fn of(net: &LayeredNetwork, form: DenseForm, examples: usize) -> Self {
        let weights = net.weights()[form.part.weights].t().as_standard_layout().into_owned();
        let biases = form.part.biases.map(|(at, _)| net.weights()[at].column(0).to_owned());
        let factor = form.part.biases.map(|(_, factor)| factor);
        let offset = factor.zip(biases.as_ref()).map(|(factor, b)| b * factor);
        let none = Array2::zeros((examples, weights.ncols()));
        Self {
            form,
            weights,
            biases,
            offset,
            rates: none.clone(),
            slopes: none.clone(),
            errors: none,
        }
    }

    /// Adds `rate` times the derivative of the loss in the biases.
    fn learn_biases(&mut self, rate: f64) {
        let parts = (self.form.part.biases, self.biases.as_mut(), self.offset.as_mut());
        let (Some((_, factor)), Some(biases), Some(offset)) = parts else { return };
        for error in self.errors.rows() {
            biases.scaled_add(rate * factor, &error);
        }
        Zip::from(offset).and(biases).for_each(|to, b| *to = factor * *b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::net::architecture::Architecture;
    use crate::net::layered::Sizes;
    use crate::net::unit::Nonlinearity;
    use crate::net::{Loss, gradient_descent_examples};

    const SIZES: Sizes = Sizes { n_in: 3, width: 9, n_out: 2 };

    fn task() -> Dataset {
        let mut rng = stream(0, Purpose::Task, 0);
        let (x, y) = (gaussian(5, 3, 1.0, &mut rng), gaussian(5, 2, 1.0, &mut rng));
        Dataset::new(x, y).unwrap()
    }

    fn net(phi: Nonlinearity) -> LayeredNetwork {
        let architecture = Architecture::dense(phi, 2, 1.3, 0.4, 0.9, 0.2);
        LayeredNetwork::random(&architecture, SIZES, 3).unwrap()
    }

    #[test]
    fn steps_are_those_of_descent_on_the_gradient() {
        for phi in [Nonlinearity::ERF, Nonlinearity::RELU, Nonlinearity::Tanh] {
            let (data, rate) = (task(), 0.1);
            let reference =
                gradient_descent_examples(net(phi), &data, rate, &[2.0], |_, _| Ok(())).unwrap();
            let mut descent = FullBatch::trainer(net(phi), &data, rate, false).unwrap();
            descent.advance_to(20.0).unwrap();
            for (a, b) in descent.network().weights().iter().zip(reference.weights()) {
                assert!((a - b).iter().all(|gap| gap.abs() < 1e-12), "{phi}");
            }
            let loss = reference
                .loss_and_gradient(data.inputs.view(), data.targets.view(), Loss::HalfSquare)
                .0;
            assert!((descent.loss() - loss).abs() < 1e-13);
        }
    }

    #[test]
    fn centered_networks_start_from_zero_and_learn_the_targets() {
        let data = task();
        let mut descent = FullBatch::trainer(net(Nonlinearity::ERF), &data, 0.2, true).unwrap();
        assert!(descent.outputs(data.inputs.view()).unwrap().iter().all(|f| *f == 0.0));
        let start = 0.5 * data.targets.iter().map(|y| y * y).sum::<f64>() / 5.0;
        assert!((descent.loss() - start).abs() < 1e-13);
        let losses = descent.losses(&[0, 10, 100, 1000]).unwrap();
        assert!(losses.windows(2).all(|w| w[1] < w[0]), "{losses:?}");
        let gaps = descent.outputs(data.inputs.view()).unwrap() - &data.targets;
        let loss = 0.5 * gaps.iter().map(|g| g * g).sum::<f64>() / 5.0;
        assert!((descent.loss() - loss).abs() < 1e-13);
    }

    #[test]
    fn a_rate_that_is_too_large_is_named() {
        let mut descent =
            FullBatch::trainer(net(Nonlinearity::RELU), &task(), 50.0, false).unwrap();
        let text = descent.advance_to(1000.0).unwrap_err().to_string();
        assert!(text.contains("learning rate, which is 50"), "{text}");
    }

    #[test]
    fn data_that_do_not_fit_are_refused() {
        let (x, y) = (Array2::zeros((5, 3)), Array2::zeros((5, 1)));
        let wrong = Dataset::new(x, y).unwrap();
        assert!(FullBatch::trainer(net(Nonlinearity::ERF), &wrong, 0.1, false).is_err());
        assert!(FullBatch::trainer(net(Nonlinearity::ERF), &task(), 0.0, false).is_err());
        let mut descent = FullBatch::trainer(net(Nonlinearity::ERF), &task(), 0.1, false).unwrap();
        assert!(descent.outputs(Array2::zeros((2, 4)).view()).is_err());
    }
}
