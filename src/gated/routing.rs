//! Routing: many input domains, many output domains, one shared middle.

use ndarray::{Array2, s};

use crate::agreement::Tolerance;
use crate::agreement::halving::tolerance_by_halving;
use crate::deep_linear::chain::ChainMode;
use crate::deep_linear::recording::mode_name;
use crate::gated::network::{Context, GatedNetwork};
use crate::math::random::{Purpose, orthogonal, stream};
use crate::{Axis, Correlations, Error, Modes, Result, Solvable, Trajectory};

/// M input and M output domains, connected through one shared layer; some pairs are trained.
///
/// Each example comes from one pair of an input and an output domain, all trained pairs being
/// equally frequent, and the gates open the pathway W₃ⱼ W₂ W₁ᵢ of that pair. All pairs have the same
/// task. Each domain is part of equally many of the K trained pairs, so that W₁ᵢ and W₃ⱼ learn from a
/// share 1/M of the examples whatever K is, and W₂ from all. From aligned layers, the same in all
/// domains, each mode has three scalars (`saxe2022`),
///
/// ```math
/// \tau\dot b_1 = \tfrac1M\,b_2 b_3\,(s - d\,b_1b_2b_3),\qquad
/// \tau\dot b_2 = b_1 b_3\,(s - d\,b_1b_2b_3),\qquad
/// \tau\dot b_3 = \tfrac1M\,b_1 b_2\,(s - d\,b_1b_2b_3),
/// ```
///
/// and M b₁² − b₂² is conserved. In √M b₁, b₂, √M b₃ this is the plain chain of three layers with s/M
/// and d/M², so [`ChainMode`] solves it by quadrature. An untrained pair is made of parts that other
/// pairs have trained: it has the same map at all times (zero-shot).
#[derive(Debug, Clone, PartialEq)]
pub struct Routing {
    /// What each pair learns, with decoupled modes.
    pub task: Correlations,
    /// Number M of input domains, and of output domains.
    pub domains: usize,
    /// Number K of trained pairs, a multiple of M up to M².
    pub pairs: usize,
    /// Widths of the two hidden layers, none below the number of modes.
    pub hidden: [usize; 2],
    /// Initial scalars b₁, b₂, b₃ of each mode, with a positive product.
    pub layers: Vec<[f64; 3]>,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

/// A map between domains with given singular values and random singular vectors, for white inputs of
/// variance 1.
///
/// # Errors
/// Singular values that are not finite.
pub fn random_task(singular_values: &[f64], seed: u64) -> Result<Correlations> {
    let mut rng = stream(seed, Purpose::Task, 0);
    let n = singular_values.len();
    let (u, v) = (orthogonal(n, &mut rng), orthogonal(n, &mut rng));
    Correlations::white((&u * &ndarray::arr1(singular_values)).dot(&v.t()), 1.0)
}

impl Routing {
    /// The trained pairs (input domain, output domain): each input domain i goes with the output
    /// domains i, i + 1, …, i + K/M − 1, counted around the circle.
    pub fn trained_pairs(&self) -> Vec<(usize, usize)> {
        let m = self.domains;
        (0..self.pairs).map(|k| (k % m, (k % m + k / m) % m)).collect()
    }

    /// Scalars b₁, b₂, b₃ at increasing times, by mode.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn layers_at(&self, times: &[f64]) -> Result<Vec<Vec<[f64; 3]>>> {
        self.scalars(&self.validate()?, times)
    }

    /// The network that this one is after some time.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        let layers = self.layers_at(&[time])?.into_iter().flatten().collect();
        Ok(Self { layers, ..self.clone() })
    }

    /// The network that `simulate` trains for a seed, which draws the bases of the hidden layers.
    /// Edges are W₁ of every input domain, W₂, and W₃ of every output domain; pathways are all M²
    /// pairs, input domain by input domain.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn network(&self, seed: u64) -> Result<GatedNetwork> {
        let modes = self.validate()?;
        let (m, n) = (self.domains, self.layers.len());
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let bases = self.hidden.map(|width| orthogonal(width, &mut rng));
        let layer = |i: usize, after: &Array2<f64>, before: &Array2<f64>| {
            let diagonal = ndarray::Array1::from_iter(self.layers.iter().map(|b| b[i]));
            (&after.slice(s![.., ..n]) * &diagonal).dot(&before.slice(s![.., ..n]).t())
        };
        let mut edges = vec![layer(0, &bases[0], &modes.v); m];
        edges.push(layer(1, &bases[1], &bases[0]));
        edges.extend(vec![layer(2, &modes.u, &bases[1]); m]);
        self.with_edges(edges)
    }

    /// As [`network`](Self::network), from any weights.
    ///
    /// # Errors
    /// As [`GatedNetwork::new`].
    pub fn with_edges(&self, edges: Vec<Array2<f64>>) -> Result<GatedNetwork> {
        let m = self.domains;
        let pathways = (0..m * m).map(|p| vec![p / m, m, m + 1 + p % m]).collect();
        let context = |(i, j): (usize, usize)| Context {
            weight: 1.0 / self.pairs as f64,
            task: self.task.clone(),
            open: vec![i * m + j],
        };
        GatedNetwork::new(edges, pathways, self.trained_pairs().into_iter().map(context).collect())
    }

    /// Mean loss over the trained and over the untrained pairs of a network of this layout; `None`
    /// where there are none.
    pub fn losses(&self, net: &GatedNetwork) -> [Option<f64>; 2] {
        self.groups().map(|pairs| {
            let loss = |p: &usize| self.task.loss(net.pathway_map(*p).view());
            (!pairs.is_empty()).then(|| pairs.iter().map(loss).sum::<f64>() / pairs.len() as f64)
        })
    }

    /// Pathways of the trained and of the untrained pairs.
    fn groups(&self) -> [Vec<usize>; 2] {
        let m = self.domains;
        let trained: Vec<usize> = self.trained_pairs().iter().map(|(i, j)| i * m + j).collect();
        let untrained = (0..m * m).filter(|p| !trained.contains(p)).collect();
        [trained, untrained]
    }

    fn scalars(&self, modes: &Modes, times: &[f64]) -> Result<Vec<Vec<[f64; 3]>>> {
        let m = self.domains as f64;
        let root = m.sqrt();
        let of_mode = |(k, b): (usize, &[f64; 3])| {
            let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
            let chain = ChainMode::new(s / m, d / (m * m), &[root * b[0], b[1], root * b[2]])?;
            let rows = chain.layers(times)?.into_iter();
            Ok(rows.map(|c| [c[0] / root, c[1], c[2] / root]).collect())
        };
        self.layers.iter().enumerate().map(of_mode).collect()
    }

    fn validate(&self) -> Result<Modes> {
        let m = self.domains;
        if m == 0 {
            return Err(Error::parameter("number of domains", m, "it must be at least 1"));
        }
        if self.pairs == 0 || !self.pairs.is_multiple_of(m) || self.pairs > m.saturating_mul(m) {
            let allowed =
                format!("it must be a multiple of the number of domains, {m}, up to its square");
            return Err(Error::parameter("number of trained pairs", self.pairs, allowed));
        }
        let modes = Modes::of(&self.task)?;
        if !modes.decoupled() {
            return Err(Error::Assumption {
                theory: "mode by mode routing",
                reason: format!(
                    "the modes do not decouple (relative commutator of Σˣ and ΣʸˣᵀΣʸˣ {:.2e})",
                    modes.commutator
                ),
                remedy: "whiten the inputs, or train the gated network without a prediction".into(),
            });
        }
        if let Some(width) = self.hidden.iter().find(|width| **width < modes.len()) {
            let allowed = format!("it must hold all modes, {}", modes.len());
            return Err(Error::parameter("hidden width", width, allowed));
        }
        if self.layers.len() != modes.len() {
            let expected = format!("{} modes × 3 layers", modes.len());
            return Err(Error::shape("initial layer strengths", (self.layers.len(), 3), expected));
        }
        Ok(modes)
    }

    /// Strengths and loss of the trained pairs (mean over them), then of the untrained ones.
    fn record(
        &self,
        modes: &Modes,
        grid: &[f64],
        maps: &[[Option<Array2<f64>>; 2]],
        losses: &[[Option<f64>; 2]],
    ) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        for (group, name) in ["trained", "untrained"].into_iter().enumerate() {
            let present = maps.iter().filter_map(|maps| maps[group].as_ref());
            let strengths: Vec<_> = present.map(|map| modes.strengths(map.view())).collect();
            if strengths.is_empty() {
                continue;
            }
            for k in 0..modes.len() {
                let values = strengths.iter().map(|a| a[k]).collect();
                trajectory.push(format!("{name} {}", mode_name(k)), values)?;
            }
            let losses = losses.iter().filter_map(|loss| loss[group]).collect();
            trajectory.push(format!("{name} loss"), losses)?;
        }
        Ok(trajectory)
    }

    fn train(&self, grid: &[f64], rate: f64, seed: u64) -> Result<Trajectory> {
        let modes = self.validate()?;
        let groups = self.groups();
        let (mut maps, mut losses) = (Vec::new(), Vec::new());
        self.network(seed)?.train(rate, grid, |_, net| {
            let mean = |pairs: &Vec<usize>| {
                let sum = pairs.iter().map(|p| net.pathway_map(*p)).reduce(|a, b| a + b);
                sum.map(|sum| sum / pairs.len() as f64)
            };
            maps.push([mean(&groups[0]), mean(&groups[1])]);
            losses.push(self.losses(net));
            Ok(())
        })?;
        self.record(&modes, grid, &maps, &losses)
    }
}

impl Solvable for Routing {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let modes = self.validate()?;
        let scalars = self.scalars(&modes, grid)?;
        let some_untrained = !self.groups()[1].is_empty();
        let (mut maps, mut losses) = (Vec::new(), Vec::new());
        for i in 0..grid.len() {
            let strengths: Vec<f64> = scalars.iter().map(|b| b[i].iter().product()).collect();
            let map = modes.map(&strengths);
            let loss = self.task.loss(map.view());
            maps.push([Some(map.clone()), some_untrained.then_some(map)]);
            losses.push([Some(loss), some_untrained.then_some(loss)]);
        }
        self.record(&modes, grid, &maps, &losses)
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
    use crate::deep_linear::aligned::AlignedNetwork;
    use crate::gated::cases::routing_task;

    fn network(domains: usize, pairs: usize) -> Routing {
        let task = routing_task().unwrap();
        let layers = vec![[0.3, 0.5, 0.2], [0.4; 3]];
        Routing { task, domains, pairs, hidden: [3, 2], layers, rate: 0.01 }
    }

    #[test]
    fn one_domain_is_a_plain_chain_of_three_layers() {
        let routing = network(1, 1);
        let layers = routing.layers.iter().map(|b| b.to_vec()).collect();
        let task = routing.task.clone();
        let plain = AlignedNetwork { task, hidden: vec![3, 2], layers, rate: 0.01 };
        let grid = [0.0, 1.0, 4.0, 12.0];
        let (a, b) = (routing.predict(&grid).unwrap(), plain.predict(&grid).unwrap());
        assert_eq!(a.columns().len(), b.columns().len(), "no pair is untrained");
        for ((name, a), (_, b)) in a.columns().zip(b.columns()) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10), "{name}");
        }
    }

    #[test]
    fn every_pair_trained_or_not_has_the_same_map_at_all_times() {
        for (domains, pairs) in [(3, 3), (3, 6), (4, 8)] {
            let net = network(domains, pairs).network(7).unwrap();
            net.train(0.02, &[0.0, 3.0, 9.0, 30.0], |_, net| {
                let first = net.pathway_map(0);
                for p in 1..domains * domains {
                    let gap = net.pathway_map(p) - &first;
                    assert!(gap.iter().all(|g| g.abs() < 1e-12), "pair {p} of {domains}²");
                }
                Ok(())
            })
            .unwrap();
        }
    }

    #[test]
    fn the_clock_depends_on_the_domains_and_not_on_the_pairs() {
        let at = |domains, pairs| network(domains, pairs).layers_at(&[5.0]).unwrap();
        assert_eq!(at(3, 3), at(3, 9));
        assert_ne!(at(3, 3), at(4, 4));
        for (domains, m) in [(1, 1.0), (3, 3.0), (5, 5.0)] {
            for (start, mode) in network(domains, domains).layers.iter().zip(at(domains, domains)) {
                let kept = |b: &[f64; 3]| m * b[0] * b[0] - b[1] * b[1];
                assert!((kept(start) - kept(&mode[0])).abs() < 1e-12, "M b₁² − b₂²");
            }
        }
    }

    #[test]
    fn trained_pairs_of_the_circle_use_every_domain_equally() {
        for (domains, pairs) in [(1, 1), (3, 6), (4, 16), (5, 10)] {
            let trained = network(domains, pairs).trained_pairs();
            for i in 0..domains {
                assert_eq!(trained.iter().filter(|p| p.0 == i).count(), pairs / domains);
                assert_eq!(trained.iter().filter(|p| p.1 == i).count(), pairs / domains);
            }
            let mut distinct = trained.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), pairs);
        }
    }

    #[test]
    fn impossible_layouts_are_refused() {
        let text = |routing: Routing| routing.predict(&[0.0]).unwrap_err().to_string();
        assert!(text(network(0, 0)).contains("number of domains is 0"));
        for pairs in [0, 4, 12] {
            assert!(text(network(3, pairs)).contains(&format!("trained pairs is {pairs}")));
        }
        assert!(text(Routing { hidden: [3, 1], ..network(3, 3) }).contains("hidden width is 1"));
        let layers = vec![[0.1; 3]];
        assert!(text(Routing { layers, ..network(3, 3) }).contains("2 modes × 3 layers"));
        let layers = vec![[0.1, -0.1, 0.1], [0.1; 3]];
        assert!(text(Routing { layers, ..network(3, 3) }).contains("not positive"));
    }
}
