//! Always-open and private pathways that learn the same mode side by side.

use ndarray::{Array1, Array2};

use crate::agreement::Tolerance;
use crate::agreement::halving::{compare_with_descent, tolerance_by_halving};
use crate::gated::network::{Context, GatedNetwork};
use crate::gated::race::{Race, Racer};
use crate::math::parallel::in_parallel;
use crate::math::random::{Purpose, orthogonal, stream};
use crate::{Agreement, Axis, Correlations, Error, Result, Solvable, Trajectory};

/// Inputs and outputs: the mode and one direction in which there is nothing to learn.
const N_ENDS: usize = 2;

/// Parallel pathways in M contexts that all ask for the same mode.
///
/// A *shared* pathway is open in all contexts, a *private* one in its own only, so that it learns
/// from a share 1/M of the examples: its layers run M times slower on the same error. From aligned
/// layers this is the [`Race`] with ρ = 1 and ρ = 1/M, exactly: what is shared wins, and depth
/// amplifies the win (`saxe2022`). With one context all pathways are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct RaceNetwork {
    /// Singular value of the mode.
    pub s: f64,
    /// Variance of the (white) inputs.
    pub d: f64,
    /// Weight layers L of each pathway, at least 2.
    pub depth: usize,
    /// Number of equally frequent contexts M.
    pub contexts: usize,
    /// Initial scalar of every layer of each shared pathway.
    pub shared: Vec<f64>,
    /// The same for each private pathway, of which every context has its own copy.
    pub private: Vec<f64>,
    /// Hidden units in each layer of a pathway.
    pub n_hidden: usize,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl RaceNetwork {
    /// The race that these pathways run: shared ones first.
    ///
    /// # Errors
    /// A parameter out of its range.
    pub fn race(&self) -> Result<Race> {
        if self.contexts == 0 {
            return Err(Error::parameter("number of contexts", 0, "it must be at least 1"));
        }
        if self.n_hidden == 0 {
            return Err(Error::parameter("hidden units of a pathway", 0, "it must be at least 1"));
        }
        let shared = self.shared.iter().map(|start| Racer { start: *start, open: 1.0 });
        let open = 1.0 / self.contexts as f64;
        let private = self.private.iter().map(|start| Racer { start: *start, open });
        Race::new(self.s, self.d, self.depth, &shared.chain(private).collect::<Vec<_>>())
    }

    /// The network that this one is after some time.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        let mut shared = self.race()?.layers(&[time])?.swap_remove(0);
        let private = shared.split_off(self.shared.len());
        Ok(Self { shared, private, ..self.clone() })
    }

    /// The network that `simulate` trains for a seed, which draws the bases of the hidden layers.
    /// Pathways are the shared ones, then the private ones of each context.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn network(&self, seed: u64) -> Result<GatedNetwork> {
        self.race()?;
        let mut target = Array2::zeros((N_ENDS, N_ENDS));
        target[[0, 0]] = self.s;
        let task = Correlations::white(target, self.d)?;
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let mut edges = Vec::new();
        let end = Array1::from_shape_fn(N_ENDS, |i| if i == 0 { 1.0 } else { 0.0 });
        let copies = (0..self.contexts).flat_map(|_| &self.private);
        for start in self.shared.iter().chain(copies) {
            let mut before = end.clone();
            for layer in 1..=self.depth {
                let after = match layer {
                    l if l == self.depth => end.clone(),
                    _ => orthogonal(self.n_hidden, &mut rng).column(0).to_owned(),
                };
                let column = after.view().insert_axis(ndarray::Axis(1));
                edges.push(column.dot(&before.insert_axis(ndarray::Axis(0))) * *start);
                before = after;
            }
        }
        let n_paths = edges.len() / self.depth;
        let pathways = (0..n_paths).map(|p| (p * self.depth..(p + 1) * self.depth).collect());
        let context = |c: usize| Context {
            weight: 1.0 / self.contexts as f64,
            task: task.clone(),
            open: (0..self.shared.len()).chain(self.private_paths(c)).collect(),
        };
        GatedNetwork::new(edges, pathways.collect(), (0..self.contexts).map(context).collect())
    }

    /// Indices of the private pathways of a context.
    fn private_paths(&self, context: usize) -> std::ops::Range<usize> {
        let first = self.shared.len() + context * self.private.len();
        first..first + self.private.len()
    }

    /// Strengths "shared path 1", …, "private path 1", … (mean over contexts), their sum "total",
    /// and the "loss".
    fn record(&self, grid: &[f64], strengths: &[Vec<f64>], loss: Vec<f64>) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        let n_shared = self.shared.len();
        for i in 0..n_shared + self.private.len() {
            let name = match i.checked_sub(n_shared) {
                None => format!("shared path {}", i + 1),
                Some(i) => format!("private path {}", i + 1),
            };
            trajectory.push(name, strengths.iter().map(|u| u[i]).collect())?;
        }
        trajectory.push("total", strengths.iter().map(|u| u.iter().sum()).collect())?;
        trajectory.push("loss", loss)?;
        Ok(trajectory)
    }

    fn train(&self, grid: &[f64], rate: f64, seed: u64) -> Result<Trajectory> {
        let (mut strengths, mut losses) = (Vec::new(), Vec::new());
        self.network(seed)?.train(rate, grid, |_, net| {
            let strength = |p: usize| net.pathway_map(p)[[0, 0]];
            let private = |i: usize| {
                let copies = (0..self.contexts).map(|c| strength(self.private_paths(c).start + i));
                copies.sum::<f64>() / self.contexts as f64
            };
            let shared = (0..self.shared.len()).map(strength);
            strengths.push(shared.chain((0..self.private.len()).map(private)).collect());
            losses.push(net.loss());
            Ok(())
        })?;
        self.record(grid, &strengths, losses)
    }
}

/// Share of the first of two paths in the strength of both ("share") at the end of training, for
/// networks of increasing depth.
///
/// # Errors
/// As [`RaceNetwork::race`], or fewer than two paths.
pub fn final_shares(networks: &[RaceNetwork]) -> Result<Trajectory> {
    let end = |network: &RaceNetwork| Ok(network.race()?.final_strengths());
    shares(networks, &networks.iter().map(end).collect::<Result<Vec<_>>>()?)
}

/// The same in trained networks, each at a time of its own, and how far they are from theory at that
/// time. All are trained with the rate of the first.
///
/// # Errors
/// As [`RaceNetwork::race`], fewer than two paths, or a rate at which training diverges.
pub fn trained_shares(
    networks: &[RaceNetwork],
    times: &[f64],
    seed: u64,
) -> Result<(Trajectory, Vec<Agreement>)> {
    let then = |(net, t): (&RaceNetwork, &f64)| Ok(net.race()?.strengths(&[*t])?.swap_remove(0));
    let strengths = networks.iter().zip(times).map(then).collect::<Result<Vec<_>>>()?;
    let prediction = shares(networks, &strengths)?;
    let rate = networks.first().map_or(0.0, |network| network.rate);
    compare_with_descent(&prediction, rate, |rate| {
        let strengths = in_parallel(networks.len(), |i| {
            let run = networks[i].train(&[times[i]], rate, seed)?;
            Ok(run.columns().take(2).map(|(_, u)| u[0]).collect::<Vec<f64>>())
        })?;
        shares(networks, &strengths)
    })
}

fn shares(networks: &[RaceNetwork], strengths: &[Vec<f64>]) -> Result<Trajectory> {
    let depths: Vec<f64> = networks.iter().map(|network| network.depth as f64).collect();
    if let Some(one) = networks.iter().find(|net| net.shared.len() + net.private.len() < 2) {
        let n = one.shared.len() + one.private.len();
        return Err(Error::parameter("number of paths", n, "two of them race"));
    }
    let mut trajectory = Trajectory::new(Axis::Depth, &depths);
    trajectory.push("share", strengths.iter().map(|u| u[0] / (u[0] + u[1])).collect())?;
    Ok(trajectory)
}

impl Solvable for RaceNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let strengths = self.race()?.strengths(grid)?;
        let loss = |u: &Vec<f64>| 0.5 * self.d * (self.s / self.d - u.iter().sum::<f64>()).powi(2);
        let losses = strengths.iter().map(loss).collect();
        self.record(grid, &strengths, losses)
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

    fn network(contexts: usize, depth: usize) -> RaceNetwork {
        let (shared, private) = (vec![0.3], vec![0.3]);
        RaceNetwork { s: 1.2, d: 0.8, depth, contexts, shared, private, n_hidden: 2, rate: 0.01 }
    }

    #[test]
    fn shared_paths_win_and_depth_amplifies_the_win() {
        let share = |contexts, depth| {
            let end = network(contexts, depth).race().unwrap().final_strengths();
            end[0] / (end[0] + end[1])
        };
        assert!((share(1, 2) - 0.5).abs() < 1e-12, "alike with one context");
        let by_depth = [2, 3, 4].map(|depth| share(3, depth));
        let shares = final_shares(&[2, 3, 4].map(|depth| network(3, depth))).unwrap();
        assert_eq!(shares.get("share").unwrap(), by_depth);
        let late = [2, 3].map(|depth| network(3, depth));
        let (_, found) = trained_shares(&late, &[12.0, 16.0], 0).unwrap();
        assert!(found[0].holds() && found[0].max_gap < 0.01, "{found:?}");
        assert!(by_depth[0] > 0.6 && by_depth.windows(2).all(|w| w[1] > w[0]), "{by_depth:?}");
        assert!(share(6, 2) > share(3, 2), "the rarer the context, the slower its path");
    }

    #[test]
    fn descent_conserves_what_the_flow_conserves_up_to_its_step() {
        // a^{2−L}/ρ changes by O(η) along descent and by nothing along the flow.
        let drift = |rate: f64| {
            let net = RaceNetwork { rate, ..network(3, 3) };
            let run = net.simulate(&[0.0, 30.0], 0).unwrap();
            let height = |name: &str, share: f64| {
                let u = run.get(name).unwrap();
                [0, 1].map(|i| u[i].powf(-1.0 / 3.0) / share)
            };
            let (a, b) = (height("shared path 1", 1.0), height("private path 1", 1.0 / 3.0));
            ((b[1] - a[1]) - (b[0] - a[0])).abs()
        };
        let (whole, half) = (drift(0.02), drift(0.01));
        assert!(half > 0.0 && (whole / half - 2.0).abs() < 0.1, "{whole:.2e}, {half:.2e}");
    }

    #[test]
    fn copies_of_a_private_path_learn_alike() {
        let net = network(4, 3).network(5).unwrap();
        net.train(0.01, &[0.0, 5.0, 20.0], |_, net| {
            let maps: Vec<_> = (1..5).map(|p| net.pathway_map(p)[[0, 0]]).collect();
            assert!(maps.iter().all(|u| (u - maps[0]).abs() < 1e-12), "{maps:?}");
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn networks_without_context_or_unit_are_refused() {
        let text = network(0, 2).predict(&[0.0]).unwrap_err().to_string();
        assert!(text.contains("number of contexts is 0"), "{text}");
        let narrow = RaceNetwork { n_hidden: 0, ..network(2, 2) };
        assert!(narrow.simulate(&[0.0], 0).unwrap_err().to_string().contains("hidden units"));
        let none = RaceNetwork { shared: vec![], private: vec![], ..network(2, 2) };
        assert!(none.predict(&[0.0]).unwrap_err().to_string().contains("paths is empty"));
    }
}
