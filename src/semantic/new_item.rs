//! A new item of which a few features are known: what a network with some experience makes of it.

use ndarray::{Array1, Array2};

use super::induction::{feature_kernel, project};
use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::aligned::AlignedNetwork;
use crate::math::ode::integrate;
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Axis, Error, Result, Solvable, Trajectory};

/// A new item with a few known features, and the features that an aligned network ascribes to it as
/// the network's experience grows.
///
/// The network learns its task for a time t. Then it is frozen, and only the input weights of the new
/// item are trained, from zero and for a time τ, on the known features S alone. With
/// K = BBᵀ, B = W_L…W₂ ([`feature_kernel`]), the network then says
/// $`K_{\cdot S}\,(1 - e^{-K_{SS}\tau})\,K_{SS}^{+}\,y_S`$ (see [`induction`](super::induction)).
///
/// Observables: "output 1", "output 2", …: what is ascribed to the item after experience t. `simulate`
/// trains the network by descent, and at every time follows the flow of the new weights.
#[derive(Debug, Clone, PartialEq)]
pub struct NewItem {
    /// The network and its task.
    pub network: AlignedNetwork,
    /// Known outputs, counted from 0, with their values; at least one, each once.
    pub given: Vec<(usize, f64)>,
    /// How long the new item is studied, τ > 0.
    pub study: f64,
}

impl NewItem {
    /// The same question to the network as it is after some time.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        Ok(Self { network: self.network.after(time)?, ..self.clone() })
    }

    fn validate(&self) -> Result<()> {
        if self.network.hidden.is_empty() {
            return Err(Error::Assumption {
                theory: "induction of a new item",
                reason: "one layer ascribes nothing but what is given".into(),
                remedy: "add a hidden layer".into(),
            });
        }
        if !(self.study.is_finite() && self.study > 0.0) {
            let allowed = "it must be positive and finite";
            return Err(Error::parameter("time of study", self.study, allowed));
        }
        let n_out = self.network.task.n_out();
        match self.given.iter().find(|(m, y)| *m >= n_out || !y.is_finite()) {
            Some((m, y)) => {
                let allowed = format!("outputs count from 0, below {n_out}, with finite values");
                Err(Error::parameter("given output and value", format!("{m}, {y}"), allowed))
            }
            None => Ok(()),
        }
    }

    fn record(grid: &[f64], ascribed: &[Array1<f64>]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for m in 0..ascribed.first().map_or(0, |a| a.len()) {
            let values = ascribed.iter().map(|a| a[m]).collect();
            trajectory.push(format!("output {}", m + 1), values)?;
        }
        Ok(trajectory)
    }

    fn trained(&self, grid: &[f64], seed: u64, rate: f64) -> Result<Trajectory> {
        self.validate()?;
        let net = LinearNetwork::new(self.network.initial_weights(seed)?)?;
        let mut ascribed = Vec::with_capacity(grid.len());
        gradient_descent(net, &self.network.task, rate, grid, |_, net| {
            ascribed.push(self.study_item(net.weights())?);
            Ok(())
        })?;
        Self::record(grid, &ascribed)
    }

    /// Trains the new item's input weights on what is known of it: the gradient flow of the weights
    /// themselves, so that the only steps are those of the network's own training.
    fn study_item(&self, weights: &[Array2<f64>]) -> Result<Array1<f64>> {
        let after = weights[2..].iter().fold(weights[1].clone(), |map, w| w.dot(&map));
        let field = |own: &[f64], change: &mut [f64]| {
            change.fill(0.0);
            for (m, y) in &self.given {
                let row = after.row(*m);
                let error = y - row.iter().zip(own).map(|(b, h)| b * h).sum::<f64>();
                change.iter_mut().zip(row).for_each(|(c, b)| *c += error * b);
            }
        };
        let own = integrate(field, &vec![0.0; after.ncols()], &[self.study])?.swap_remove(0);
        Ok(after.dot(&Array1::from(own)))
    }
}

impl Solvable for NewItem {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        self.validate()?;
        let bases: Vec<_> = self.network.hidden.iter().map(|n| Array2::eye(*n)).collect();
        let (given, values): (Vec<usize>, Vec<f64>) = self.given.iter().copied().unzip();
        let ascribed: Result<Vec<_>> = self
            .network
            .weights_at(grid, &bases)?
            .iter()
            .map(|weights| project(&feature_kernel(weights), &given, &values, self.study))
            .collect();
        Self::record(grid, &ascribed?)
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
    use crate::{Correlations, Dataset, check};

    fn flying(study: f64) -> NewItem {
        let task = Correlations::of(&Dataset::toy()).unwrap();
        let network = AlignedNetwork::uniform(task, &[6], 0.05, 0.01);
        // Grow, move, roots, fly, …: it flies and has no roots.
        NewItem { network, given: vec![(3, 1.0), (2, 0.0)], study }
    }

    #[test]
    fn what_flies_is_taken_for_an_animal_once_kinds_are_known() {
        let found = flying(50.0).predict(&[0.0, 30.0]).unwrap();
        let says = |m: usize, i: usize| found.get(&format!("output {}", m + 1)).unwrap()[i];
        assert!(says(1, 0).abs() < 0.05, "before it has learned, it knows nothing of movement");
        assert!(says(1, 1) > 0.5 && says(0, 1) > 0.5, "what flies moves and grows");
        assert!(says(5, 1).abs() < 0.1 && says(6, 1).abs() < 0.1, "and has no bark or petals");
    }

    #[test]
    fn several_known_features_are_learned_as_predicted() {
        let grid: Vec<f64> = (0..=20).map(f64::from).collect();
        for agreement in check(&flying(10.0), &grid, &[0, 3]).unwrap() {
            assert!(agreement.holds(), "{agreement:?}");
            assert!(agreement.tolerance.unwrap() < 0.05, "{agreement:?}");
        }
    }

    #[test]
    fn questions_that_cannot_be_meant_are_refused() {
        let refused = |item: NewItem| item.predict(&[1.0]).unwrap_err().to_string();
        assert!(refused(flying(0.0)).contains("time of study"));
        assert!(refused(flying(f64::NAN)).contains("time of study"));
        assert!(refused(NewItem { given: vec![(9, 1.0)], ..flying(1.0) }).contains("below 7"));
        assert!(refused(NewItem { given: vec![], ..flying(1.0) }).contains("at least one"));
        let beyond = NewItem { given: vec![(9, 1.0)], ..flying(1.0) };
        assert!(beyond.simulate(&[1.0], 0).unwrap_err().to_string().contains("below 7"));
        let item = flying(1.0);
        let shallow = AlignedNetwork::uniform(item.network.task.clone(), &[], 0.05, 0.01);
        assert!(refused(NewItem { network: shallow, ..item }).contains("hidden layer"));
    }
}
