//! How strongly single items recall a category: typical ones earlier and more.

use ndarray::Array2;

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::recording::mode_name;
use crate::net::{LinearNetwork, gradient_descent};
use crate::{Axis, Error, Modes, Result, Solvable, Trajectory};

/// What mode a says of single items, uₐᵀW(t)eᵢ = uₐ(t) vₐᵢ: its strength times their typicality
/// (`saxe2019`). One observable for each item.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryRecall {
    /// The network; its items are one-hot.
    pub network: AlignedNetwork,
    /// The mode whose category is recalled, counted from 0.
    pub mode: usize,
    /// Name of the observable and input of each item.
    pub items: Vec<(String, usize)>,
}

impl CategoryRecall {
    fn modes(&self) -> Result<Modes> {
        let modes = Modes::of(&self.network.task)?;
        if self.mode >= modes.len() {
            let allowed = format!("modes are counted from 0 to {}", modes.len().saturating_sub(1));
            return Err(Error::parameter("mode", self.mode, allowed));
        }
        if let Some((name, i)) = self.items.iter().find(|(_, i)| *i >= modes.v.nrows()) {
            let allowed = format!("there are {} items, counted from 0", modes.v.nrows());
            return Err(Error::parameter(name, i, allowed));
        }
        Ok(modes)
    }

    /// Gradient descent with the rate given.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict), or a rate at which training diverges.
    pub fn train(&self, grid: &[f64], seed: u64, rate: f64) -> Result<Trajectory> {
        let modes = self.modes()?;
        let net = LinearNetwork::new(self.network.initial_weights(seed)?)?;
        let mut said = Array2::zeros((self.items.len(), grid.len()));
        gradient_descent(net, &self.network.task, rate, grid, |t, net| {
            let map = net.map();
            for (j, (_, item)) in self.items.iter().enumerate() {
                said[[j, t]] = modes.u.column(self.mode).dot(&map.column(*item));
            }
            Ok(())
        })?;
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for ((name, _), said) in self.items.iter().zip(said.rows()) {
            trajectory.push(name, said.to_vec())?;
        }
        Ok(trajectory)
    }
}

impl Solvable for CategoryRecall {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let modes = self.modes()?;
        let strengths = self.network.predict(grid)?;
        let strength = strengths.get(&mode_name(self.mode)).unwrap_or_default();
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for (name, item) in &self.items {
            let values = strength.iter().map(|u| u * modes.v[[*item, self.mode]]).collect();
            trajectory.push(name, values)?;
        }
        Ok(trajectory)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.train(grid, seed, self.network.rate)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        tolerance_by_halving(self.network.rate, |rate| self.train(prediction.grid(), 0, rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Correlations, Dataset, check};

    #[test]
    fn items_recall_their_category_as_theory_says() {
        let task = Correlations::of(&Dataset::rumelhart()).unwrap();
        let network = AlignedNetwork::uniform(task, &[16], 0.03, 0.02);
        let items = vec![("robin".into(), 4), ("rose".into(), 2)];
        let recall = CategoryRecall { network, mode: 1, items };
        let grid = [0.0, 4.0, 12.0, 30.0];
        assert!(check(&recall, &grid, &[1]).unwrap().iter().all(|found| found.holds()));
        // Plants and animals are at the two ends of the second mode.
        let run = recall.simulate(&grid, 1).unwrap();
        assert!(run.get("robin").unwrap()[3] * run.get("rose").unwrap()[3] < 0.0);
        assert!(CategoryRecall { mode: 8, ..recall }.predict(&grid).is_err());
    }
}
