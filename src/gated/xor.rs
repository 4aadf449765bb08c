//! The exclusive or, learned by four gated pathways and by four rectified units.

use ndarray::{Array1, Array2, arr2};

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::gated::network::{Context, GatedNetwork};
use crate::math::random::{Purpose, orthogonal, stream};
use crate::net::{LayeredNetwork, Network, Nonlinearity, gradient_descent_examples};
use crate::{Axis, Correlations, Dataset, Error, Result, Solvable, Trajectory};

/// The exclusive or as four linear pathways, one open for each example.
///
/// Inputs are the corners x ∈ {±1}², targets y = −x₁x₂. No linear network can learn this; with
/// pathway p open on example p only, each pathway is a two-layer mode of its own with s = √2/4 and
/// d = 1/2 (Σʸˣ(p) = y_p x_pᵀ/4, Σˣ(p, p) = x_p x_pᵀ/4, nothing between pathways), and the loss is
///
/// ```math
/// \mathcal L = \tfrac18\sum_p\big(1 - \sqrt2\,u_p(t)\big)^2 ,
/// ```
///
/// which is ½(1 − √2u)² from equal starts (`saxe2022`). A network of four rectified units with
/// weights w_p ∥ x_p ([`relu`](Self::relu)) has these gates by itself: each unit is on at its own
/// corner, at zero at the two neighbors and off at the opposite one, and its weights never leave
/// their line. Its flow is the same.
#[derive(Debug, Clone, PartialEq)]
pub struct XorNetwork {
    /// Initial first and second layer of each pathway, along x_p/√2 and y_p. The corners are (1, 1),
    /// (1, −1), (−1, 1), (−1, −1).
    pub layers: [[f64; 2]; 4],
    /// Hidden units of each pathway.
    pub n_hidden: usize,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl XorNetwork {
    /// All layers of all pathways start with the same scalar.
    pub fn uniform(scale: f64, rate: f64) -> Self {
        Self { layers: [[scale; 2]; 4], n_hidden: 1, rate }
    }

    /// The four examples.
    ///
    /// # Errors
    /// None: the table is fixed.
    pub fn data() -> Result<Dataset> {
        let inputs = arr2(&[[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]);
        Dataset::new(inputs, arr2(&[[-1.0], [1.0], [1.0], [-1.0]]))
    }

    /// The mode of each pathway.
    ///
    /// # Errors
    /// A start that is not finite.
    pub fn modes(&self) -> Result<Vec<TwoLayerMode>> {
        let mode = |[a, b]: &[f64; 2]| TwoLayerMode::new(2f64.sqrt() / 4.0, 0.5, &[*a], &[*b]);
        self.layers.iter().map(mode).collect()
    }

    /// The network that this one is after some time.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        crate::math::times::validate_times(&[time])?;
        let mut layers = self.layers;
        for ([a, b], mode) in layers.iter_mut().zip(self.modes()?) {
            let (first, second) = mode.vectors(&[*a], &[*b], time);
            (*a, *b) = (first[0], second[0]);
        }
        Ok(Self { layers, ..self.clone() })
    }

    /// The gated network that `simulate` trains for a seed: a random direction in each pathway's
    /// hidden layer, which theory says does not matter.
    ///
    /// # Errors
    /// No hidden unit, or a start that is not finite.
    pub fn network(&self, seed: u64) -> Result<GatedNetwork> {
        if self.n_hidden == 0 {
            return Err(Error::parameter("hidden units of a pathway", 0, "it must be at least 1"));
        }
        let data = Self::data()?;
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let (mut edges, mut contexts) = (Vec::new(), Vec::new());
        for (p, [a, b]) in self.layers.iter().enumerate() {
            let direction = orthogonal(self.n_hidden, &mut rng).column(0).to_owned();
            let direction: Array2<f64> = direction.insert_axis(ndarray::Axis(1));
            let (x, y) = (data.inputs.row(p).insert_axis(ndarray::Axis(0)), data.targets[[p, 0]]);
            edges.push(direction.dot(&x) * (a / 2f64.sqrt()));
            edges.push(direction.t().to_owned() * (b * y));
            let task = Correlations::new(x.t().dot(&x), &x * y, Some(y * y))?;
            contexts.push(Context { weight: 0.25, task, open: vec![p] });
        }
        GatedNetwork::new(edges, (0..4).map(|p| vec![2 * p, 2 * p + 1]).collect(), contexts)
    }

    /// The network of four rectified units with the same flow.
    ///
    /// # Errors
    /// A unit that is not on at its own corner at all times: the first layer must start positive and
    /// the second above minus the first (a² − b² is conserved, so that a cannot reach zero).
    pub fn relu(&self) -> Result<LayeredNetwork> {
        if let Some([a, b]) = self.layers.iter().find(|[a, b]| !(*a > 0.0 && *b > -*a)) {
            return Err(Error::Assumption {
                theory: "gating by rectified units",
                reason: format!(
                    "a unit with first layer {a} and second layer {b} is or falls silent"
                ),
                remedy:
                    "start with a positive first layer, and the second not below minus the first"
                        .into(),
            });
        }
        let data = Self::data()?;
        let of = |layer: usize| Array1::from_iter(self.layers.iter().map(|l| l[layer]));
        let first = &data.inputs * &(of(0) / 2f64.sqrt()).insert_axis(ndarray::Axis(1));
        let second = &data.targets.t() * &of(1).insert_axis(ndarray::Axis(0));
        LayeredNetwork::dense(vec![first, second], Nonlinearity::RELU)
    }

    /// Strengths "pathway 1" … "pathway 4" and the "loss", from what the network answers at the four
    /// corners: y_p ŷ(x_p) = √2 u_p.
    ///
    /// # Errors
    /// An answer that is not finite.
    pub fn record(grid: &[f64], answers: &[[f64; 4]]) -> Result<Trajectory> {
        let targets = Self::data()?.targets;
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for p in 0..4 {
            let strengths = answers.iter().map(|y| targets[[p, 0]] * y[p] / 2f64.sqrt());
            trajectory.push(format!("pathway {}", p + 1), strengths.collect())?;
        }
        let loss = |answer: &[f64; 4]| {
            answer.iter().zip(&targets).map(|(y, target)| (target - y).powi(2)).sum::<f64>() / 8.0
        };
        trajectory.push("loss", answers.iter().map(loss).collect())?;
        Ok(trajectory)
    }

    /// Gradient descent of rectified units, [`relu`](Self::relu) or any others with two inputs and one
    /// output, recorded as the pathways are.
    ///
    /// # Errors
    /// A network of another shape, or a rate at which training diverges.
    pub fn train_rectified(net: LayeredNetwork, grid: &[f64], rate: f64) -> Result<Trajectory> {
        let data = Self::data()?;
        let mut answers = Vec::with_capacity(grid.len());
        gradient_descent_examples(net, &data, rate, grid, |_, net| {
            let outputs = net.forward(data.inputs.view());
            answers.push(std::array::from_fn(|p| outputs[[p, 0]]));
            Ok(())
        })?;
        Self::record(grid, &answers)
    }

    fn train(&self, grid: &[f64], rate: f64, seed: u64) -> Result<Trajectory> {
        let inputs = Self::data()?.inputs;
        let mut answers = Vec::with_capacity(grid.len());
        self.network(seed)?.train(rate, grid, |_, net| {
            answers.push(std::array::from_fn(|p| net.pathway_map(p).row(0).dot(&inputs.row(p))));
            Ok(())
        })?;
        Self::record(grid, &answers)
    }
}

impl Solvable for XorNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        crate::math::times::validate_times(grid)?;
        let (modes, targets) = (self.modes()?, Self::data()?.targets);
        let answer = |t: &f64| {
            std::array::from_fn(|p| targets[[p, 0]] * 2f64.sqrt() * modes[p].strength(*t))
        };
        Self::record(grid, &grid.iter().map(answer).collect::<Vec<_>>())
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.train(grid, self.rate, seed)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        tolerance_by_halving(self.rate, |rate| self.train(prediction.grid(), rate, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_rectified_units_do_what_four_gated_pathways_do() {
        let grid: Vec<f64> = (0..=60).map(|i| 0.5 * f64::from(i)).collect();
        let layers = [[0.03, 0.03], [0.2, 0.05], [0.01, 0.3], [0.1, -0.02]];
        let network = XorNetwork { layers, n_hidden: 1, rate: 0.01 };
        let gated = network.simulate(&grid, 4).unwrap();
        let relu = network.relu().unwrap();
        let relu = XorNetwork::train_rectified(relu, &grid, network.rate).unwrap();
        for ((name, a), (_, b)) in gated.columns().zip(relu.columns()) {
            let gap = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(gap < 1e-9, "{name}: {gap:.1e}");
        }
        assert!(relu.get("loss").unwrap()[60] < 1e-5);
    }

    #[test]
    fn a_unit_that_would_fall_silent_is_refused() {
        let network = |a, b| XorNetwork { layers: [[a, b]; 4], n_hidden: 1, rate: 0.01 };
        assert!(network(0.1, -0.05).relu().is_ok());
        for (a, b) in [(0.1, -0.1), (0.1, -0.3), (-0.1, 0.2), (0.0, 0.2), (f64::NAN, 0.1)] {
            assert!(matches!(network(a, b).relu(), Err(Error::Assumption { .. })), "{a}, {b}");
        }
        // The gated pathway itself can cross zero, and learns.
        let end = network(0.1, -0.3).predict(&[200.0]).unwrap();
        assert!((end.get("pathway 1").unwrap()[0] - 0.5f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn equal_starts_have_the_loss_of_a_single_mode() {
        let network = XorNetwork::uniform(0.1, 0.01);
        let run = network.predict(&[0.0, 3.0, 9.0, 20.0]).unwrap();
        for (u, loss) in run.get("pathway 3").unwrap().iter().zip(run.get("loss").unwrap()) {
            assert!((loss - 0.5 * (1.0 - 2f64.sqrt() * u).powi(2)).abs() < 1e-14);
        }
    }

    #[test]
    fn a_pathway_needs_a_unit() {
        let network = XorNetwork { n_hidden: 0, ..XorNetwork::uniform(0.1, 0.01) };
        assert!(network.simulate(&[0.0], 0).unwrap_err().to_string().contains("at least 1"));
    }
}
