//! Online gradient descent in N dimensions, one fresh example a step.
//!
//! For an input x of N independent standard normal numbers, fields $`\lambda_k = w_k\cdot x/\sqrt N`$ and
//! $`\rho_m = w^*_m\cdot x/\sqrt N`$, and the error
//! $`\Delta = \sum_k v_k\,g(\lambda_k) - \sum_m v^*_m\,g(\rho_m) - \sigma\zeta`$ (`saad1995`,
//! `goldt2019`)
//!
//! ```math
//! w_k \leftarrow w_k - \frac{\eta}{\sqrt N}\,v_k\,\Delta\,g'(\lambda_k)\,x ,\qquad
//! v_k \leftarrow v_k - \frac{\eta_v}{N}\,\Delta\,g(\lambda_k) .
//! ```
//!
//! Training starts from weights whose overlaps are *exactly* those of the theory's start: with a root A of
//! the covariance, $`AA^\top = [[Q, R], [R^\top, T]]`$, and N-dimensional orthonormal vectors drawn
//! uniformly as rows of U, the weights are the rows of $`\sqrt N A U`$. Only the frame U, the inputs and
//! the noise depend on the seed. The theory holds for N → ∞ at fixed t = steps/N ([`flow`]).

use ndarray::{Array1, Array2, s};
use rand_chacha::ChaCha8Rng;

use crate::math::linalg::{eigh, qr};
use crate::math::random::{Purpose, gaussian, stream};
use crate::math::times::validate_times;
use crate::net::online::committee::Committee;
use crate::net::online::gaussian_inputs::GaussianInputs;
use crate::net::online::units::{Inputs, OnlineUnits};
use crate::net::{Clock, Engine, Nonlinearity, Trainer};
use crate::student_teacher::flow::{self, Learning};
use crate::student_teacher::order_parameters::OrderParameters;
use crate::{Error, Result};

/// Errors beyond this are those of a run that diverges.
const UNBOUNDED: f64 = 1e100;

/// Generalization error $`\tfrac12\langle\Delta^2\rangle`$ on labels without noise: the theory's formula,
/// which is exact for given overlaps in any number of dimensions.
///
/// # Panics
/// For tanh units, whose averages are not known in closed form.
pub fn generalization_error(activation: Nonlinearity, state: &OrderParameters) -> f64 {
    let covariance: Vec<f64> = state.covariance().iter().copied().collect();
    flow::generalization_error(activation, &covariance, &state.signed_readouts())
}

/// Weights of n units in `n_in` dimensions, one unit a row, whose overlaps $`w_a\cdot w_b/N`$ are the n × n
/// matrix `covariance`, in directions drawn at random.
///
/// # Errors
/// Fewer dimensions than units: the overlaps of n general units need n dimensions.
pub fn weights_with_overlaps(
    covariance: &Array2<f64>,
    n_in: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Array2<f64>> {
    let n_units = covariance.nrows();
    if n_in < n_units {
        let allowed = format!("it must be at least {n_units}, one per unit of both networks");
        return Err(Error::parameter("number of inputs", n_in, allowed));
    }
    let (values, vectors) = eigh(covariance)?;
    let root = &vectors * &values.mapv(|x| (x.max(0.0) * n_in as f64).sqrt());
    let (frame, _) = qr(&gaussian(n_in, n_units, 1.0, rng));
    Ok(root.dot(&frame.t()))
}

/// A student of N inputs on its way.
#[derive(Debug, Clone)]
pub struct OnlineDescent {
    learning: Learning,
    rule: Committee,
    units: OnlineUnits,
    readouts: Vec<f64>,
    start: OrderParameters,
    inputs: GaussianInputs,
}

impl OnlineDescent {
    /// A student of `n_in` inputs whose overlaps with itself and its teacher are those of `start`; time
    /// is steps/N.
    ///
    /// # Errors
    /// Learning rates or noise out of range, a start that is no covariance (by how much), fewer inputs than
    /// units.
    pub fn trainer(
        activation: Nonlinearity,
        learning: Learning,
        start: &OrderParameters,
        n_in: usize,
        seed: u64,
    ) -> Result<Trainer<Self>> {
        let student = Self::new(activation, learning, start, n_in, seed)?;
        Trainer::new(student, (), 0.0, Clock::online(n_in)?)
    }

    /// The student alone, to be given inputs.
    ///
    /// # Errors
    /// As [`trainer`](Self::trainer).
    pub fn new(
        activation: Nonlinearity,
        learning: Learning,
        start: &OrderParameters,
        n_in: usize,
        seed: u64,
    ) -> Result<Self> {
        learning.validate()?;
        start.validate()?;
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let weights = weights_with_overlaps(&start.covariance(), n_in, &mut rng)?;
        let k = start.n_students();
        let units = OnlineUnits::new(weights.slice(s![..k, ..]), weights.slice(s![k.., ..]))?;
        let rates = vec![learning.rate / (n_in as f64).sqrt(); k];
        let (readout_rate, noise) = (learning.readout_rate / n_in as f64, learning.noise);
        let zetas = stream(seed, Purpose::LabelNoise, 0);
        Ok(Self {
            learning,
            rule: Committee::new(activation, rates, readout_rate, noise, zetas),
            units,
            readouts: start.v.to_vec(),
            start: start.clone(),
            inputs: GaussianInputs::new(n_in, stream(seed, Purpose::Examples, 0)),
        })
    }

    /// Learns from given inputs instead of its own.
    ///
    /// # Panics
    /// If the inputs have another length than the weights.
    pub fn advance_on(&mut self, inputs: &Inputs) {
        let (units, _, rule) = self.parts();
        units.learn_from(inputs, rule);
    }

    #[expect(clippy::type_complexity, reason = "three parts that are borrowed apart")]
    fn parts(
        &mut self,
    ) -> (&mut OnlineUnits, &mut GaussianInputs, impl FnMut(&[f64], &[f64], &mut [f64])) {
        let Self { rule, units, readouts, start, inputs, .. } = self;
        let teacher = start.teacher_readout.as_slice().unwrap_or_default();
        let step = |lambda: &[f64], rho: &[f64], moves: &mut [f64]| {
            rule.step((lambda, rho), (&mut *readouts, teacher), 0.0, moves);
        };
        (units, inputs, step)
    }

    /// The overlaps and readouts at this moment.
    pub fn order_parameters(&self) -> OrderParameters {
        let n_in = self.units.n_in() as f64;
        let students = self.units.students();
        OrderParameters {
            q: students.dot(&students.t()) / n_in,
            r: students.dot(&self.units.teachers().t()) / n_in,
            v: Array1::from_vec(self.readouts.clone()),
            ..self.start.clone()
        }
    }
}

impl Engine for OnlineDescent {
    type Net = ();

    const CHECK_EVERY: u64 = 1 << 16;
    const METHOD: &'static str = "online gradient descent";

    fn advance(&mut self, steps: u64) {
        let (units, inputs, rule) = self.parts();
        units.learn(inputs, steps, rule);
    }

    /// The largest error since the last look.
    fn loss(&mut self) -> f64 {
        let largest = self.rule.largest_error();
        if self.readouts.iter().all(|v| v.is_finite()) { largest } else { f64::INFINITY }
    }

    fn limit(&self, _: f64) -> f64 {
        UNBOUNDED
    }

    fn remedy(&self) -> String {
        let Learning { rate, readout_rate, .. } = self.learning;
        format!(
            "lower the learning rates, which are {rate} (first layer) and {readout_rate} (second layer)"
        )
    }

    fn write(&mut self, (): &mut ()) {}

    fn matrices((): &()) -> &[Array2<f64>] {
        &[]
    }

    fn matrices_mut((): &mut ()) -> &mut [Array2<f64>] {
        &mut []
    }
}

/// Order parameters of one run at each of `times`, t·N rounded to whole steps: they belong to a moment at
/// most 1/(2N) away.
///
/// # Errors
/// As [`OnlineDescent::new`] and [`OnlineDescent::advance`]; times that do not increase from 0.
pub fn train(
    activation: Nonlinearity,
    learning: &Learning,
    start: &OrderParameters,
    n_in: usize,
    times: &[f64],
    seed: u64,
) -> Result<Vec<OrderParameters>> {
    validate_times(times)?;
    let mut trainer = OnlineDescent::trainer(activation, *learning, start, n_in, seed)?;
    let record = |time: &f64| {
        trainer.advance_to(*time)?;
        Ok(trainer.engine().order_parameters())
    };
    times.iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr1, arr2};
    use rand_distr::{Distribution, StandardNormal};

    fn start() -> OrderParameters {
        OrderParameters {
            q: arr2(&[[0.25, 0.02], [0.02, 0.3]]),
            r: arr2(&[[0.2, 0.0, 0.1], [0.0, 0.1, -0.1]]),
            t: arr2(&[[1.0, 0.3, 0.0], [0.3, 1.0, 0.1], [0.0, 0.1, 0.8]]),
            v: arr1(&[0.9, 1.2]),
            teacher_readout: arr1(&[1.0, -1.0, 0.5]),
        }
    }

    fn learning() -> Learning {
        Learning { rate: 0.5, readout_rate: 0.3, noise: 0.2 }
    }

    #[test]
    fn training_starts_exactly_where_theory_does() {
        for n_in in [5, 6, 100] {
            let student =
                OnlineDescent::new(Nonlinearity::ERF_SQRT2, learning(), &start(), n_in, 3).unwrap();
            let found = student.order_parameters();
            let gap = (found.covariance() - start().covariance()).mapv(f64::abs);
            assert!(gap.iter().all(|g| *g < 1e-13), "N = {n_in}: {gap}");
            let teachers = student.units.teachers();
            let t = teachers.dot(&teachers.t()) / n_in as f64;
            assert!((t - start().t).iter().all(|g| g.abs() < 1e-13));
        }
    }

    /// Steps written down as in the module's documentation, from the same weights and numbers.
    fn plain(activation: Nonlinearity, n_in: usize, steps: u64, seed: u64) -> OrderParameters {
        let (start, learning) = (start(), learning());
        let student = OnlineDescent::new(activation, learning, &start, n_in, seed).unwrap();
        let (mut w, teacher) = (student.units.students(), student.units.teachers());
        let mut v = start.v.clone();
        let mut noise = stream(seed, Purpose::LabelNoise, 0);
        let inputs = GaussianInputs::new(n_in, stream(seed, Purpose::Examples, 0)).matrix(steps);
        let root = (n_in as f64).sqrt();
        for x in inputs.rows() {
            let (lambda, rho) = (w.dot(&x) / root, teacher.dot(&x) / root);
            let zeta: f64 = StandardNormal.sample(&mut noise);
            let outputs = lambda.mapv(|h| activation.value(h));
            let label = start.teacher_readout.dot(&rho.mapv(|h| activation.value(h)));
            let error = v.dot(&outputs) - label - learning.noise * zeta;
            for (mut row, (h, v)) in w.rows_mut().into_iter().zip(lambda.iter().zip(&v)) {
                row.scaled_add(-learning.rate / root * v * error * activation.slope(*h), &x);
            }
            v.scaled_add(-learning.readout_rate / n_in as f64 * error, &outputs);
        }
        OrderParameters::of_weights(&w, &v, &teacher, &start.teacher_readout).unwrap()
    }

    #[test]
    fn steps_are_those_of_the_rule_for_every_activation() {
        for activation in
            [Nonlinearity::Linear, Nonlinearity::Tanh, Nonlinearity::RELU, Nonlinearity::ERF_SQRT2]
        {
            let found = train(activation, &learning(), &start(), 30, &[0.5, 4.0], 1).unwrap();
            let expected = plain(activation, 30, 120, 1);
            let gap = (found[1].covariance() - expected.covariance()).mapv(f64::abs);
            // Rounding of 120 steps; a single wrong term would show at 1e-3.
            assert!(gap.iter().all(|g| *g < 1e-11), "{activation}: {gap}");
            assert!((&found[1].v - &expected.v).iter().all(|g| g.abs() < 1e-11));
        }
    }

    #[test]
    fn runs_are_reproducible_and_do_not_depend_on_what_is_recorded() {
        let run = |times: &[f64], seed| {
            train(Nonlinearity::RELU, &learning(), &start(), 40, times, seed)
                .unwrap()
                .pop()
                .unwrap()
        };
        assert_eq!(run(&[2.0], 0), run(&[0.0, 0.31, 1.0, 2.0], 0));
        assert_ne!(run(&[2.0], 0), run(&[2.0], 1));
    }

    #[test]
    fn what_cannot_be_trained_is_refused() {
        let new = |start: &OrderParameters, learning, n_in| {
            OnlineDescent::new(Nonlinearity::ERF_SQRT2, learning, start, n_in, 0).map(|_| ())
        };
        assert!(matches!(new(&start(), learning(), 4), Err(Error::Parameter { .. })));
        let mut impossible = start();
        impossible.r = arr2(&[[0.9, 0.0, 0.1], [0.0, 0.9, -0.1]]);
        let text = new(&impossible, learning(), 50).unwrap_err().to_string();
        assert!(text.contains("semidefinite"), "{text}");
        assert!(new(&start(), Learning { rate: f64::NAN, ..learning() }, 50).is_err());
    }

    #[test]
    fn a_run_that_blows_up_says_which_rate_is_too_large() {
        let wild = Learning { rate: 50.0, readout_rate: 0.0, noise: 0.0 };
        let run = train(Nonlinearity::Linear, &wild, &start(), 50, &[100.0], 0);
        let text = run.unwrap_err().to_string();
        assert!(text.contains("lower the learning rates"), "{text}");
    }
}
