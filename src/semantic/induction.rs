//! Inductive generalization: what a network with some experience makes of a new fact.
//!
//! Two tests of (`saxe2019`), both with a network whose experience is frozen at its time t:
//!
//! * **A new feature.** Item i is said to have a feature never heard of. Only the new output weights w
//!   are trained, by gradient descent from zero on ½Σ(y_i − w·h_i)², where h_j is the hidden
//!   representation of item j. They stay in the span of what was given, and in the end say of item j
//!
//!   ```math
//!   f_j = \frac{h_j\cdot h_i}{\|h_i\|^2} .
//!   ```
//!
//! * **A new item.** A few features S of an unknown item are given. Only its new input weights h are
//!   trained, from zero, on the given features. With rows B_m of the later layers' map they end as
//!   $`h = B_S^+ y_S`$, and the network ascribes $`B_m\cdot h`$ to the item.
//!
//! Both are kernel regression, with $`K_{ij} = h_i\cdot h_j`$ between items in the one case and
//! $`K_{mn} = B_m\cdot B_n`$ between features in the other; after training the new weights for a time τ,
//!
//! ```math
//! f(\tau) = K_{\cdot S}\,\varphi_\tau(K_{SS})\,y_S, \qquad
//! \varphi_\tau(\kappa) = \frac{1 - e^{-\kappa\tau}}{\kappa}, \qquad \varphi_\infty(K) = K^+ .
//! ```
//!
//! It is exact for any network and any kernel; what theory adds is the kernel at every time. A network
//! of two layers aligned with its task has K = V diag(a²) Vᵀ between items and U diag(b²) Uᵀ between
//! features, with the layers' scalars a, b: modes not learned yet do not generalize. So a new fact about
//! a canary spreads to all living things once only the first mode is learned, later to animals, then to
//! birds: from broad to narrow. Before anything is learned a start with equal modes has K ∝ I and
//! projects to nothing else at all; a scale-free f does not say how weak K is, a finite τ does.

use ndarray::{Array1, Array2, ArrayView1, Axis as Direction};

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::aligned::AlignedNetwork;
use crate::math::linalg::eigh;
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Axis, Error, Result, Solvable, Trajectory};

/// Gram matrix of the hidden representations of all inputs, `n_in` × `n_in`: AᵀA with the map
/// A = W_{L−1}…W₁ to the last hidden layer. For a two-layer network it is W₁ᵀW₁.
pub fn item_kernel(weights: &[Array2<f64>]) -> Array2<f64> {
    let hidden = &weights[..weights.len().saturating_sub(1)];
    let n_in = weights.first().map_or(0, |w| w.ncols());
    let map = hidden.iter().fold(Array2::eye(n_in), |map, w| w.dot(&map));
    map.t().dot(&map)
}

/// Gram matrix of what reaches the outputs from the first hidden layer, `n_out` × `n_out`: BBᵀ with
/// B = W_L…W₂. For a two-layer network it is W₂W₂ᵀ.
pub fn feature_kernel(weights: &[Array2<f64>]) -> Array2<f64> {
    let n_out = weights.last().map_or(0, |w| w.nrows());
    let map = weights.iter().skip(1).rev().fold(Array2::eye(n_out), |map, w| map.dot(w));
    map.dot(&map.t())
}

/// What is projected to every index of a kernel when `values` are given at the indices `given` and
/// the new weights have been trained for a time (∞ for ever).
///
/// The kernel is [`item_kernel`] for a new feature, [`feature_kernel`] for a new item. Directions of
/// the given examples to which the kernel is blind stay unlearned, as in training.
///
/// # Errors
/// A kernel that is not square or not finite, indices outside it or repeated, as many values as
/// indices, or a negative time.
pub fn project(
    kernel: &Array2<f64>,
    given: &[usize],
    values: &[f64],
    time: f64,
) -> Result<Array1<f64>> {
    let n = kernel.nrows();
    if kernel.ncols() != n {
        return Err(Error::shape("kernel", kernel.dim(), "as many rows as columns"));
    }
    if given.len() != values.len() || given.is_empty() {
        let expected = format!("one for each of the {} given examples, at least one", given.len());
        return Err(Error::shape("given values", [values.len()], expected));
    }
    if let Some(i) = given.iter().find(|i| **i >= n) {
        return Err(Error::parameter("given example", i, format!("it counts from 0, below {n}")));
    }
    if let Some(i) = (1..given.len()).find(|i| given[..*i].contains(&given[*i])) {
        return Err(Error::parameter("given example", given[i], "each can be given once"));
    }
    if let Some(value) = values.iter().find(|v| !v.is_finite()) {
        return Err(Error::parameter("given value", value, "it must be finite"));
    }
    if time.is_nan() || time < 0.0 {
        return Err(Error::parameter("training time", time, "it must not be negative"));
    }
    let columns = kernel.select(Direction(1), given);
    let (kappa, basis) = eigh(&columns.select(Direction(0), given))?;
    let blind = n as f64 * f64::EPSILON * kappa[0].max(0.0);
    let gain = kappa.mapv(|k| if k > blind { -(-k * time).exp_m1() / k } else { 0.0 });
    let weights = basis.dot(&(&basis.t().dot(&ArrayView1::from(values)) * &gain));
    Ok(columns.dot(&weights))
}

/// A new feature given to one item of an aligned network, and what the network projects to the others
/// as its experience grows.
///
/// Observables: "input 1", "input 2", …: the projection to each input after the network has learned its
/// task for a time t and then the new fact for ever. `simulate` trains the network by descent, and at
/// every time new output weights by descent too.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFeature {
    /// The network and its task.
    pub network: AlignedNetwork,
    /// The input that is said to have the feature, counted from 0.
    pub given: usize,
}

/// Steps of the new weights in a simulation. Each halves what is left.
const HALVINGS: usize = 60;

impl NewFeature {
    /// The same question to the network as it is after some time.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        Ok(Self { network: self.network.after(time)?, given: self.given })
    }

    fn record(grid: &[f64], projections: &[Array1<f64>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for j in 0..projections.first().map_or(0, |p| p.len()) {
            let values = projections.iter().map(|p| p[j]).collect();
            trajectory.push(format!("input {}", j + 1), values)?;
        }
        Ok(trajectory)
    }

    fn validate(&self, kernel: &Array2<f64>) -> Result<()> {
        let n = kernel.nrows();
        if self.given >= n {
            let allowed = format!("it counts from 0, below the number of inputs, {n}");
            return Err(Error::parameter("given input", self.given, allowed));
        }
        if kernel[[self.given, self.given]] > 0.0 {
            return Ok(());
        }
        Err(Error::Assumption {
            theory: "induction of a new feature",
            reason: format!("the network has no representation of input {}", self.given + 1),
            remedy: "start from weights that are not zero along any mode it takes part in".into(),
        })
    }

    fn trained(&self, grid: &[f64], seed: u64, rate: f64) -> Result<Trajectory> {
        let net = LinearNetwork::new(self.network.initial_weights(seed)?)?;
        let mut projections = Vec::with_capacity(grid.len());
        gradient_descent(net, &self.network.task, rate, grid, |_, net| {
            projections.push(self.learn_fact(net.weights()));
            Ok(())
        })?;
        Self::record(grid, &projections)
    }

    /// Trains new output weights by gradient descent on the one fact, and asks for every input.
    fn learn_fact(&self, weights: &[Array2<f64>]) -> Array1<f64> {
        let hidden = &weights[..weights.len() - 1];
        let start = Array2::eye(weights[0].ncols());
        let hidden = hidden.iter().fold(start, |map, w| w.dot(&map));
        let own = hidden.column(self.given);
        let step = 0.5 / own.dot(&own);
        let mut new = Array1::zeros(hidden.nrows());
        for _ in 0..HALVINGS {
            let error = 1.0 - own.dot(&new);
            new.scaled_add(step * error, &own);
        }
        hidden.t().dot(&new)
    }
}

impl Solvable for NewFeature {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let bases: Vec<_> = self.network.hidden.iter().map(|n| Array2::eye(*n)).collect();
        let weights = self.network.weights_at(grid, &bases)?;
        let projection = |weights: &Vec<Array2<f64>>| {
            let kernel = item_kernel(weights);
            self.validate(&kernel)?;
            project(&kernel, &[self.given], &[1.0], f64::INFINITY)
        };
        let projections: Vec<_> = weights.iter().map(projection).collect::<Result<_>>()?;
        Self::record(grid, &projections)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.trained(grid, seed, self.network.rate)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let (grid, rate) = (prediction.grid(), self.network.rate);
        tolerance_by_halving(rate, |rate| self.trained(grid, 0, rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::two_layer_network::TwoLayerNetwork;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::{Correlations, Dataset};
    use proptest::prelude::*;

    fn rumelhart() -> (AlignedNetwork, Dataset) {
        let data = Dataset::rumelhart();
        let task = Correlations::of(&data).unwrap();
        (AlignedNetwork::uniform(task, &[16], 0.01, 0.05), data)
    }

    fn index(names: &[String], name: &str) -> usize {
        names.iter().position(|n| n == name).unwrap()
    }

    #[test]
    fn a_new_fact_spreads_widely_at_first_and_narrowly_later() {
        let (network, data) = rumelhart();
        let [canary, robin, salmon, oak] =
            ["canary", "robin", "salmon", "oak"].map(|n| index(&data.item_names, n));
        let half = network.half_times().unwrap();
        let between = |a: usize, b: usize| 0.5 * (half[a].unwrap() + half[b].unwrap());
        let question = NewFeature { network, given: canary };
        let end = 1e3;
        let found = question.predict(&[0.0, between(0, 1), between(1, 2), end]).unwrap();
        let to = |j: usize| found.get(&format!("input {}", j + 1)).unwrap();
        assert!(to(canary).iter().all(|f| (f - 1.0).abs() < 1e-12));
        // Nothing learned: no generalization. One mode: to all living things alike.
        assert!(to(robin)[0].abs() < 1e-12 && to(oak)[1] > 0.5 && to(robin)[1] > 0.5);
        // Animals, but not plants. In the end birds more than fish.
        assert!(to(salmon)[2] > 0.5 && to(oak)[2] < 0.5 * to(oak)[1]);
        assert!(to(robin)[3] > 2.0 * to(salmon)[3] && to(oak)[3] < 0.6 * to(salmon)[3]);
    }

    #[test]
    fn a_new_item_is_given_the_features_of_its_kind() {
        let (network, data) = rumelhart();
        let half = network.half_times().unwrap();
        let bases = network.hidden_bases(0);
        let late = [0.5 * (half[3].unwrap() + half[4].unwrap())];
        let weights = network.weights_at(&late, &bases).unwrap().swap_remove(0);
        let [feathers, fly, scales, roots] = ["has feathers", "can fly", "has scales", "has roots"]
            .map(|n| index(&data.feature_names, n));
        let kernel = feature_kernel(&weights);
        let ascribed = project(&kernel, &[feathers], &[1.0], f64::INFINITY).unwrap();
        assert!((ascribed[feathers] - 1.0).abs() < 1e-12);
        assert!(ascribed[fly] > 0.5 && ascribed[scales] < 0.3 && ascribed[roots].abs() < 0.3);
    }

    /// Descent of the new weights on what is given, from zero; the projection to all.
    fn descended(
        features: &Array2<f64>,
        given: &[usize],
        y: &[f64],
        rate: f64,
        steps: usize,
    ) -> Array1<f64> {
        let mut new = Array1::<f64>::zeros(features.ncols());
        for _ in 0..steps {
            let mut gradient = Array1::<f64>::zeros(features.ncols());
            for (i, y) in given.iter().zip(y) {
                let row = features.row(*i);
                gradient.scaled_add(row.dot(&new) - y, &row);
            }
            new.scaled_add(-rate, &gradient);
        }
        features.dot(&new)
    }

    #[test]
    fn training_the_new_weights_goes_as_the_kernel_says_for_any_two_layer_network() {
        let mut rng = stream(5, Purpose::Task, 0);
        let task = Correlations::white(gaussian(6, 5, 0.8, &mut rng), 0.9).unwrap();
        let (w1, w2) = (gaussian(7, 5, 0.3, &mut rng), gaussian(6, 7, 0.3, &mut rng));
        let grown = TwoLayerNetwork { task, w1, w2, rate: 0.01 }.after(3.0).unwrap();
        let weights = [grown.w1.clone(), grown.w2.clone()];
        let (given, y, time) = ([0, 3], [1.0, -0.5], 1.7);
        for (features, kernel) in [
            (grown.w1.t().to_owned(), item_kernel(&weights)),
            (grown.w2.clone(), feature_kernel(&weights)),
        ] {
            let exact = project(&kernel, &given, &y, time).unwrap();
            let gap = |steps: usize| {
                let run = descended(&features, &given, &y, time / steps as f64, steps);
                (&run - &exact).iter().fold(0.0f64, |m, x| m.max(x.abs()))
            };
            // Nothing but the step size: half the step, half the gap.
            let (coarse, fine) = (gap(4000), gap(8000));
            assert!((coarse / fine - 2.0).abs() < 0.02 && fine < 1e-3, "{coarse:.2e} {fine:.2e}");
        }
    }

    #[test]
    fn kernels_of_deeper_networks_are_those_of_their_last_and_first_hidden_layers() {
        let task = Correlations::of(&Dataset::toy()).unwrap();
        let network = AlignedNetwork::uniform(task, &[5, 6], 0.4, 0.01);
        let weights = network.weights_at(&[3.0], &network.hidden_bases(1)).unwrap().swap_remove(0);
        let hidden = weights[1].dot(&weights[0]);
        assert_eq!(item_kernel(&weights), hidden.t().dot(&hidden));
        let later = weights[2].dot(&weights[1]);
        let gap = feature_kernel(&weights) - later.dot(&later.t());
        assert!(gap.iter().all(|x| x.abs() < 1e-15));
    }

    #[test]
    fn impossible_questions_are_refused() {
        let kernel = Array2::eye(3);
        let refused = |given: &[usize], values: &[f64], time: f64| {
            project(&kernel, given, values, time).unwrap_err().to_string()
        };
        assert!(refused(&[3], &[1.0], 1.0).contains("below 3"));
        assert!(refused(&[], &[], 1.0).contains("at least one"));
        assert!(refused(&[1, 1], &[1.0, 2.0], 1.0).contains("once"));
        assert!(refused(&[1], &[f64::NAN], 1.0).contains("finite"));
        assert!(refused(&[1], &[1.0], -1.0).contains("negative"));
        assert!(project(&Array2::zeros((2, 3)), &[0], &[1.0], 1.0).is_err());
        let (network, _) = rumelhart();
        let none = NewFeature { network: network.clone(), given: 8 };
        assert!(none.predict(&[0.0]).unwrap_err().to_string().contains("below the number"));
        let blank = AlignedNetwork { layers: vec![vec![0.0; 2]; 8], ..network };
        assert!(NewFeature { network: blank, given: 0 }.predict(&[0.0]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_given_is_learned_and_what_is_orthogonal_is_not(
            entries in prop::collection::vec(-1.0..1.0f64, 12), y in prop::collection::vec(-1.0..1.0f64, 2),
        ) {
            // Four items in three dimensions; a fifth in one that no other has.
            let mut features = Array2::<f64>::zeros((5, 4));
            for (i, x) in entries.iter().enumerate() {
                features[[i / 3, i % 3]] = *x;
            }
            features[[4, 3]] = 1.0;
            let kernel = features.dot(&features.t());
            let smallest = eigh(&kernel.select(Direction(0), &[0, 1]).select(Direction(1), &[0, 1])).unwrap().0[1];
            prop_assume!(smallest > 1e-3);
            let f = project(&kernel, &[0, 1], &y, f64::INFINITY).unwrap();
            // Rounding of an inverse of condition 3/smallest at most.
            prop_assert!((f[0] - y[0]).abs() < 1e-11 && (f[1] - y[1]).abs() < 1e-11);
            prop_assert!(f[4].abs() < 1e-12);
            prop_assert_eq!(project(&kernel, &[0, 1], &y, 0.0).unwrap(), Array1::<f64>::zeros(5));
            let late = project(&kernel, &[0, 1], &y, 40.0 / smallest).unwrap();
            prop_assert!(late.iter().zip(&f).all(|(a, b)| (a - b).abs() < 1e-11));
        }
    }
}
