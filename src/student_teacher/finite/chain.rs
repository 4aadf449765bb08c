//! The Markov chain of order parameters in finite dimensions: what drives its fluctuations.
//!
//! The file `fluctuations.rs` has the equations; here are, for given overlaps, the derivatives J of the flow,
//! the covariance D of what one step adds, and the sources of the shift of the mean.

use ndarray::{Array1, Array2, ArrayView1, Axis, s};

use crate::Result;
use crate::math::dense_ode::{Accuracy, integrate};
use crate::math::linalg::eigh;
use crate::net::Nonlinearity;
use crate::student_teacher::flow::Learning;
use crate::student_teacher::flow::packed::PackedFlow;
use crate::student_teacher::order_parameters::OrderParameters;
use crate::student_teacher::symmetry::Symmetry;

/// Points of the lattice that averages over fields, a prime number, and its generator: in up to 9
/// dimensions averages of products of four fields are right to 2 % (root mean square).
const POINTS: usize = 2039;
const GENERATOR: usize = 1487;
/// Spacing of finite differences, relative to the size of a coordinate or to one.
const SPACING: f64 = 1e-4;
/// Accuracy of the solution that is expanded about.
const ACCURACY: Accuracy = Accuracy { relative: 1e-10, absolute: 1e-13, change: 1e-8 };

/// Place in the packed state of the overlap of student i and field j ≥ i, students first.
pub(crate) fn place_of_overlap(state: &OrderParameters, i: usize, j: usize) -> usize {
    let n = state.n_students() + state.n_teachers();
    (0..i).map(|row| n - row).sum::<usize>() + j - i
}

pub(crate) fn place_of_readout(state: &OrderParameters, i: usize) -> usize {
    place_of_overlap(state, state.n_students(), state.n_students()) + i
}

pub(crate) fn spacing(coordinate: f64) -> f64 {
    SPACING * coordinate.abs().max(1.0)
}

pub(crate) fn moved(theta: &Array1<f64>, a: usize, by: f64) -> Array1<f64> {
    let mut moved = theta.clone();
    moved[a] += by;
    moved
}

/// Directions whose outer products add up to a covariance, and how far to go along each for a second
/// difference.
pub(crate) fn directions(covariance: &Array2<f64>) -> Result<Vec<(Array1<f64>, f64)>> {
    let (values, vectors) = eigh(covariance)?;
    let large = values.iter().filter(|x| **x > 1e-12 * values[0].max(f64::MIN_POSITIVE));
    let direction =
        |(x, v): (&f64, ArrayView1<'_, f64>)| (&v * x.sqrt(), 10.0 * SPACING / x.sqrt());
    Ok(large.zip(vectors.columns()).map(direction).collect())
}

/// The chain of order parameters.
pub(crate) struct Chain {
    activation: Nonlinearity,
    learning: Learning,
    pub(crate) flow: PackedFlow,
    /// The flow where all overlaps are larger and smaller by a factor, for the learning rates and twice
    /// these.
    scaled: [Scaled; 2],
    /// Standard normal points, one a row: K + M fields and the noise.
    points: Array2<f64>,
}

/// The flow of all order parameters: fluctuations are not symmetric, even where the flow is.
fn packed(
    activation: Nonlinearity,
    learning: &Learning,
    start: &OrderParameters,
) -> (PackedFlow, Vec<f64>) {
    let none = Symmetry::none(start.n_students(), start.n_teachers());
    PackedFlow::new(activation, learning, start, &none)
}

/// The flow among overlaps times `scale`.
struct Scaled {
    scale: f64,
    flow: PackedFlow,
    doubled: PackedFlow,
}

impl Scaled {
    fn new(
        activation: Nonlinearity,
        learning: &Learning,
        start: &OrderParameters,
        scale: f64,
    ) -> Self {
        let start = OrderParameters { t: &start.t * scale, ..start.clone() };
        let Learning { rate, readout_rate, noise } = *learning;
        let twice = Learning { rate: 2.0 * rate, readout_rate: 2.0 * readout_rate, noise };
        let flow = |learning: &Learning| packed(activation, learning, &start).0;
        Self { scale, flow: flow(learning), doubled: flow(&twice) }
    }

    /// ⟨c_i c_j⟩ in the places of Q, else zero: what is quadratic in the rates.
    fn push(&mut self, theta: &Array1<f64>, n_overlaps: usize) -> Array1<f64> {
        let mut scaled = theta.to_vec();
        scaled[..n_overlaps].iter_mut().for_each(|x| *x *= self.scale);
        let (mut once, mut twice) = (vec![0.0; scaled.len()], vec![0.0; scaled.len()]);
        self.flow.derivative(&scaled, &mut once);
        self.doubled.derivative(&scaled, &mut twice);
        twice.iter().zip(once).map(|(twice, once)| 0.5 * twice - once).collect()
    }
}

/// What drives fluctuations at one place.
pub(crate) struct Local {
    pub(crate) j: Array2<f64>,
    pub(crate) d: Array2<f64>,
    /// −½ J F.
    steps: Array1<f64>,
    /// G.
    lengths: Array1<f64>,
}

impl Chain {
    /// The chain and its packed start.
    pub(crate) fn new(
        activation: Nonlinearity,
        learning: &Learning,
        start: &OrderParameters,
    ) -> (Self, Array1<f64>) {
        let (flow, theta) = packed(activation, learning, start);
        let points = normal_points(start.n_students() + start.n_teachers() + 1);
        let scaled = [1.0 + SPACING, 1.0 - SPACING]
            .map(|scale| Scaled::new(activation, learning, start, scale));
        (Self { activation, learning: *learning, flow, scaled, points }, Array1::from_vec(theta))
    }

    fn slope(&mut self, theta: Array1<f64>) -> Array1<f64> {
        let mut out = vec![0.0; theta.len()];
        self.flow.derivative(&theta.to_vec(), &mut out);
        Array1::from_vec(out)
    }

    pub(crate) fn advanced(&mut self, theta: &Array1<f64>, by: f64) -> Result<Array1<f64>> {
        let field = |y: &[f64], dy: &mut [f64]| self.flow.derivative(y, dy);
        let mut states = integrate(field, &theta.to_vec(), &[by], ACCURACY)?;
        Ok(Array1::from_vec(states.swap_remove(0)))
    }

    pub(crate) fn local(&mut self, theta: &Array1<f64>) -> Result<Local> {
        let j = self.flow.jacobian(&theta.to_vec())?;
        let d = self.scatter(theta)?;
        let n_overlaps = place_of_readout(&self.flow.unpacked(&theta.to_vec()), 0);
        let [large, small] = &mut self.scaled;
        let change = large.push(theta, n_overlaps) - small.push(theta, n_overlaps);
        let lengths = change * (2.0 / (large.scale - small.scale));
        let steps = -0.5 * j.dot(&self.slope(theta.clone()));
        Ok(Local { j, d, steps, lengths })
    }

    /// D, averaged over the points.
    fn scatter(&mut self, theta: &Array1<f64>) -> Result<Array2<f64>> {
        let state = self.flow.unpacked(&theta.to_vec());
        let (k, n, v) = (state.n_students(), self.points.ncols() - 1, state.signed_readouts());
        let (values, vectors) = eigh(&state.covariance())?;
        let root = &vectors * &values.mapv(|x| x.max(0.0).sqrt());
        let z = self.points.slice(s![.., ..n]);
        let fields = z.dot(&root.t());
        let mut added = Array2::zeros((z.nrows(), theta.len()));
        let mut gains = vec![0.0; k];
        for (p, mut added) in added.rows_mut().into_iter().enumerate() {
            let h = fields.row(p);
            let outputs = h.mapv(|h| self.activation.value(h));
            let error = outputs.iter().zip(&v).map(|(g, v)| g * v).sum::<f64>()
                - self.learning.noise * self.points[[p, n]];
            for i in 0..k {
                gains[i] = -self.learning.rate * v[i] * error * self.activation.slope(h[i]);
            }
            for i in 0..k {
                let first = place_of_overlap(&state, i, i);
                (i..n).for_each(|j| added[first + j - i] = gains[i] * h[j]);
                (i..k).for_each(|j| added[first + j - i] += gains[j] * (h[i] + gains[i]));
                let place = place_of_readout(&state, i);
                if place < theta.len() {
                    added[place] = -self.learning.readout_rate * error * outputs[i];
                }
            }
        }
        let count = z.nrows() as f64;
        added -= &(added.sum_axis(Axis(0)) / count);
        Ok(added.t().dot(&added) / count)
    }

    /// The sources of the shift, one a column: ½ Σ : ∇∇F, −½ J F and G.
    pub(crate) fn sources(
        &mut self,
        theta: &Array1<f64>,
        covariance: &Array2<f64>,
        local: &Local,
    ) -> Result<Array2<f64>> {
        let here = self.slope(theta.clone());
        let mut curvature = Array1::zeros(theta.len());
        for (direction, h) in directions(covariance)? {
            let along = direction * h;
            let second = self.slope(theta + &along) + self.slope(theta - &along) - 2.0 * &here;
            curvature.scaled_add(0.5 / (h * h), &second);
        }
        let columns = [curvature.view(), local.steps.view(), local.lengths.view()];
        Ok(ndarray::stack(Axis(1), &columns).expect("columns of one length"))
    }
}

/// Points over which averages approach those of independent standard normal numbers: a lattice of Korobov's
/// form, whose numbers are turned into normal ones in pairs (Box and Muller).
fn normal_points(dimensions: usize) -> Array2<f64> {
    let mut generator = vec![1];
    for i in 0..dimensions {
        generator.push(generator[i] * GENERATOR % POINTS);
    }
    Array2::from_shape_fn((POINTS, dimensions), |(p, i)| {
        let uniform = |i: usize| (((p + 1) * generator[i] % POINTS) as f64 + 0.5) / POINTS as f64;
        let radius = (-2.0 * (-uniform(i / 2 * 2)).ln_1p()).sqrt();
        let angle = std::f64::consts::TAU * uniform(i / 2 * 2 + 1);
        radius * if i % 2 == 0 { angle.cos() } else { angle.sin() }
    })
}
