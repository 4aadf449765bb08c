//! Deep against shallow: the same end, another way, past the saddles of the loss.
//!
//! A deep linear network whose modes decouple is at rest wherever some of its modes are learned and
//! all others are zero. With a set K of learned modes the loss there is
//!
//! ```math
//! \mathcal L_K = \mathcal L_{\min} + \sum_{j\notin K} \frac{s_j^2}{2 d_j} ,
//! ```
//!
//! because a mode of strength u contributes (s − du)²/2d. Only the point with all modes learned is a
//! minimum; at every other one the loss falls along the layers of a missing mode. Two layers leave it
//! as e^{st}, since a change (a, b) of the two layers along mode j changes the loss by −s_j·ab + …, a
//! Hessian with eigenvalues ±s_j. More layers leave it more slowly than any exponential: their Hessian
//! is zero in that direction.
//!
//! From small weights the network passes the saddles with 0, 1, 2, … learned modes, strongest first,
//! and rests near each: the loss has plateaus at these values and falls in steps between them
//! (`saxe2014`, `saxe2019`). A shallow network has the same end and no saddles: its loss is convex.

use ndarray::{Array1, Array2, s};

use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::depth::DepthMode;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::math::random::{Purpose, orthogonal, stream};
use crate::{Correlations, Error, Modes, Result, Solvable};

/// Loss at the points where the first k modes of `order` are learned and all others are zero,
/// k = 0, 1, …: one value more than `order` has modes.
///
/// # Errors
/// Modes that do not decouple: then these points are no saddles.
pub fn saddle_losses(task: &Correlations, modes: &Modes, order: &[usize]) -> Result<Vec<f64>> {
    require_decoupled(modes)?;
    let share = |k: usize| {
        let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
        if s > 0.0 && d > 0.0 { 0.5 * s * s / d } else { 0.0 }
    };
    // From the end, so that small steps are not lost in large sums.
    let rest: f64 = (0..modes.len()).filter(|k| !order.contains(k)).map(share).sum();
    let mut losses = vec![task.minimum_loss() + rest];
    for k in order.iter().rev() {
        losses.push(losses[losses.len() - 1] + share(*k));
    }
    losses.reverse();
    Ok(losses)
}

/// Weights of a network of `hidden.len()` + 1 balanced layers at the saddle where the modes
/// `learned` have their targets and all others are zero. Hidden bases are drawn from `seed`.
///
/// # Errors
/// Modes that do not decouple, no such mode, or a hidden layer too narrow for them.
pub fn saddle_weights(
    modes: &Modes,
    hidden: &[usize],
    learned: &[usize],
    seed: u64,
) -> Result<Vec<Array2<f64>>> {
    require_decoupled(modes)?;
    if let Some(k) = learned.iter().find(|k| **k >= modes.len()) {
        let allowed = format!("it counts from 0, below the number of modes, {}", modes.len());
        return Err(Error::parameter("mode", k, allowed));
    }
    if let Some(narrow) = hidden.iter().find(|n| **n < learned.len()) {
        let allowed = format!("{} learned modes need as many hidden units", learned.len());
        return Err(Error::parameter("hidden width", narrow, allowed));
    }
    let depth = hidden.len() + 1;
    let targets = modes.targets();
    let scalars: Array1<f64> =
        learned.iter().map(|k| targets[*k].powf((depth as f64).recip())).collect();
    let mut rng = stream(seed, Purpose::InitialWeights, 0);
    let n = learned.len();
    let mut ends = vec![modes.v.select(ndarray::Axis(1), learned)];
    ends.extend(hidden.iter().map(|w| orthogonal(*w, &mut rng).slice(s![.., ..n]).to_owned()));
    ends.push(modes.u.select(ndarray::Axis(1), learned));
    Ok(ends.windows(2).map(|pair| (&pair[1] * &scalars).dot(&pair[0].t())).collect())
}

/// How a network passes one saddle.
#[derive(Debug, Clone, PartialEq)]
pub struct Plateau {
    /// Modes learned before, in the order of their half times.
    pub learned: Vec<usize>,
    /// Loss at the saddle itself.
    pub loss: f64,
    /// When the last of the learned modes has come to 90 % (0 if there is none).
    pub begins: f64,
    /// When the next mode comes to 10 %; before `begins` where the two overlap.
    pub ends: f64,
    /// When the map is closest to that of the saddle.
    pub closest: f64,
    /// Distance of the loss from the saddle's then, as a share of the step that follows.
    pub gap: f64,
}

impl Plateau {
    /// Time between two steps; 0 where they overlap.
    pub fn duration(&self) -> f64 {
        (self.ends - self.begins).max(0.0)
    }
}

/// The saddles that a network passes, in the order of its learning, the start included.
///
/// Modes of equal half time, as those of equal singular value and start, are learned together and
/// have no saddle between them.
///
/// # Errors
/// As the network's prediction; more than two layers that do not start equal.
pub fn plateaus(network: &AlignedNetwork) -> Result<Vec<Plateau>> {
    let modes = Modes::of(&network.task)?;
    let times = [0.1, 0.5, 0.9].map(|share| times_to(network, &modes, share));
    let [tenth, half, most] = times;
    let (tenth, half, most) = (tenth?, half?, most?);
    let mut order: Vec<usize> = (0..modes.len()).filter(|k| half[*k].is_some()).collect();
    let time = |times: &[Option<f64>], k: usize| times[k].unwrap_or(0.0);
    order.sort_by(|a, b| time(&half, *a).total_cmp(&time(&half, *b)));
    let losses = saddle_losses(&network.task, &modes, &order)?;
    let mut plateaus = Vec::new();
    for (k, next) in order.iter().enumerate() {
        let before = k.checked_sub(1).map(|i| order[i]);
        let together = |b: usize| time(&half, *next) - time(&half, b) <= 1e-9 * time(&half, *next);
        if before.is_some_and(together) {
            continue;
        }
        let (begins, from) = before.map_or((0.0, 0.0), |b| (time(&most, b), time(&half, b)));
        let learned = order[..k].to_vec();
        let closest = closest_approach(network, &modes, &learned, from, time(&half, *next))?;
        let loss = network.predict(&[closest])?.get("loss").map_or(0.0, |loss| loss[0]);
        let step = losses[k] - losses[k + 1];
        plateaus.push(Plateau {
            learned,
            loss: losses[k],
            begins,
            ends: time(&tenth, *next),
            closest,
            gap: (loss - losses[k]).abs() / step,
        });
    }
    Ok(plateaus)
}

/// How much learning looks like stages: the share of the time between the half times of the first
/// and the last mode that is spent on plateaus. 0 for a shallow network with white inputs, whose
/// modes are learned together; towards 1 for a deep one as its start becomes smaller. `None` if fewer
/// than two modes are learned.
///
/// # Errors
/// As [`plateaus`].
pub fn share_of_plateaus(network: &AlignedNetwork) -> Result<Option<f64>> {
    let modes = Modes::of(&network.task)?;
    let mut half: Vec<f64> = times_to(network, &modes, 0.5)?.into_iter().flatten().collect();
    half.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (half.first(), half.last()) else { return Ok(None) };
    if half.len() < 2 {
        return Ok(None);
    }
    let rests: f64 = plateaus(network)?.iter().skip(1).map(Plateau::duration).sum();
    Ok(Some(if last > first { (rests / (last - first)).min(1.0) } else { 0.0 }))
}

/// Time at which each mode has a share of its target; `None` if it never has.
fn times_to(network: &AlignedNetwork, modes: &Modes, share: f64) -> Result<Vec<Option<f64>>> {
    let depth = network.depth() as f64;
    let largest = modes.singular_values.first().copied().unwrap_or(0.0);
    let targets = modes.targets();
    let of_mode = |k: usize| {
        let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
        let Some(layers) = network.layers.get(k).filter(|_| s > 1e-12 * largest) else {
            return Ok(None);
        };
        let level = share * targets[k];
        if let [a, b] = layers.as_slice() {
            let mode = TwoLayerMode::new(s, d, &[*a], &[*b])?;
            let learned = mode.final_strength() > 0.0;
            return Ok(learned.then(|| mode.time_to(level).unwrap_or(0.0)));
        }
        if layers.iter().any(|a| *a != layers[0]) {
            return Err(Error::Assumption {
                theory: "the passage of saddles",
                reason: format!("mode {} has unequal layers in a network of {depth}", k + 1),
                remedy: "start from equal layers, or take two of them".into(),
            });
        }
        let u0: f64 = layers.iter().product();
        if u0 >= level {
            return Ok(Some(0.0));
        }
        DepthMode::new(s, d, depth, u0.max(0.0))?.time_to(level)
    };
    (0..modes.len()).map(of_mode).collect()
}

/// When the map is closest to that of a saddle, in the norm of the loss: its square is the excess
/// of the loss over the minimum of a task whose best map the saddle is.
fn closest_approach(
    network: &AlignedNetwork,
    modes: &Modes,
    learned: &[usize],
    from: f64,
    to: f64,
) -> Result<f64> {
    const PARTS: usize = 16;
    let targets = modes.targets();
    let (mut low, mut high) = (from, to);
    for _ in 0..12 {
        if high <= low {
            break;
        }
        let times: Vec<f64> =
            (0..=PARTS).map(|i| low + (high - low) * i as f64 / PARTS as f64).collect();
        if times.windows(2).any(|w| w[1] <= w[0]) {
            break;
        }
        let mut distance = vec![0.0; times.len()];
        for (k, u) in network.strengths(modes, &times)?.iter().enumerate() {
            let goal = if learned.contains(&k) { targets[k] } else { 0.0 };
            let d = modes.input_variances[k];
            distance.iter_mut().zip(u).for_each(|(sum, u)| *sum += d * (u - goal).powi(2));
        }
        let best = (0..=PARTS).min_by(|a, b| distance[*a].total_cmp(&distance[*b])).unwrap_or(0);
        (low, high) = (times[best.saturating_sub(1)], times[(best + 1).min(PARTS)]);
    }
    Ok(0.5 * (low + high))
}

fn require_decoupled(modes: &Modes) -> Result<()> {
    if modes.decoupled() {
        return Ok(());
    }
    Err(Error::Assumption {
        theory: "saddles along the task's modes",
        reason: format!("the modes do not decouple (relative commutator {:.2e})", modes.commutator),
        remedy: "whiten the inputs".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dataset;
    use crate::math::linalg::frobenius_norm;
    use crate::math::random::gaussian;
    use crate::net::LinearNetwork;
    use proptest::prelude::*;

    fn network(depth: usize, u0: f64) -> AlignedNetwork {
        let task = Correlations::of(&Dataset::rumelhart()).unwrap();
        let scale = u0.powf((depth as f64).recip());
        AlignedNetwork::uniform(task, &vec![8; depth - 1], scale, 0.01)
    }

    #[test]
    fn the_loss_rests_at_every_saddle_on_the_way() {
        let deep = network(2, 1e-9);
        let plateaus = plateaus(&deep).unwrap();
        assert_eq!(plateaus.len(), 8);
        let start = deep.predict(&[0.0]).unwrap().get("loss").unwrap()[0];
        assert!((start - plateaus[0].loss).abs() < 1e-6 * start);
        for pair in plateaus.windows(2) {
            assert!(pair[1].loss < pair[0].loss && pair[1].closest > pair[0].closest);
            assert_eq!(pair[1].learned.len(), pair[0].learned.len() + 1);
        }
        // The smaller the start, the longer it rests and the closer it comes.
        let by_start =
            [1e-4, 1e-9, 1e-30, 1e-100].map(|u0| super::plateaus(&network(2, u0)).unwrap());
        for k in 1..4 {
            let of = |what: fn(&Plateau) -> f64| by_start.each_ref().map(|found| what(&found[k]));
            let (gaps, rests) = (of(|p| p.gap), of(Plateau::duration));
            assert!(gaps.windows(2).all(|w| w[1] < w[0]), "{k}: {gaps:?}");
            assert!(gaps[3] < 0.1 * gaps[0], "{k}: {gaps:?}");
            assert!(rests.windows(2).all(|w| w[1] >= w[0]) && rests[3] > 0.0, "{k}: {rests:?}");
        }
    }

    #[test]
    fn stages_sharpen_as_the_start_shrinks_and_a_shallow_network_has_none() {
        let share = |depth, u0| share_of_plateaus(&network(depth, u0)).unwrap().unwrap();
        let by_start = [1e-2, 1e-4, 1e-8, 1e-30, 1e-100].map(|u0| share(2, u0));
        assert!(by_start.windows(2).all(|w| w[1] > w[0]), "{by_start:?}");
        assert!(by_start[4] > 0.9 && by_start[0] < 0.2, "{by_start:?}");
        assert_eq!(share(1, 1e-4), 0.0);
        assert!(share(3, 1e-4) > share(2, 1e-4));
    }

    #[test]
    fn deep_and_shallow_networks_end_in_the_same_map() {
        let ends = [1, 2, 3].map(|depth| {
            let end = network(depth, 1e-4).predict(&[1e5]).unwrap();
            end.columns().map(|(_, values)| values[0]).collect::<Vec<_>>()
        });
        for other in &ends[1..] {
            assert!(ends[0].iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-9), "{ends:?}");
        }
    }

    #[test]
    fn saddles_that_do_not_exist_are_refused() {
        let sigma_x = ndarray::arr2(&[[1.0, 0.9], [0.9, 1.0]]);
        let mixed = Correlations::new(sigma_x, ndarray::arr2(&[[1.0, 0.9]]), None).unwrap();
        let modes = Modes::of(&mixed).unwrap();
        assert!(saddle_losses(&mixed, &modes, &[0]).is_err());
        let modes = Modes::of(&network(2, 0.1).task).unwrap();
        assert!(saddle_weights(&modes, &[8], &[8], 0).is_err());
        assert!(saddle_weights(&modes, &[1], &[0, 1], 0).is_err());
        let unequal = AlignedNetwork { layers: vec![vec![0.1, 0.2, 0.1]; 8], ..network(3, 0.1) };
        assert!(plateaus(&unequal).unwrap_err().to_string().contains("unequal layers"));
    }

    proptest! {
        #[test]
        fn a_set_of_learned_modes_is_a_saddle_unless_it_is_all_of_them(
            seed in 0..200u64, mask in 0..8usize, depth in 2..4usize,
        ) {
            let mut rng = stream(seed, Purpose::Task, 0);
            let task = Correlations::white(gaussian(4, 3, 1.0, &mut rng), 0.7).unwrap();
            let modes = Modes::of(&task).unwrap();
            let learned: Vec<usize> = (0..3).filter(|k| (mask >> k) & 1 == 1).collect();
            let hidden = vec![5; depth - 1];
            let weights = saddle_weights(&modes, &hidden, &learned, seed).unwrap();
            let net = LinearNetwork::new(weights.clone()).unwrap();
            let size = modes.singular_values[0].max(1.0);
            for gradient in net.gradient(&task).matrices() {
                // Zero up to the rounding of a few products of matrices of this size.
                prop_assert!(frobenius_norm(gradient.view()) < 1e-12 * size * size);
            }
            let missing: Vec<usize> = (0..3).filter(|k| !learned.contains(k)).collect();
            let order: Vec<usize> = learned.iter().chain(&missing).copied().collect();
            let loss = saddle_losses(&task, &modes, &order).unwrap()[learned.len()];
            prop_assert!((net.loss(&task) - loss).abs() < 1e-12 * size * size);
            for j in missing {
                // A hidden path that no learned mode uses, opened by ε in every layer, lowers the
                // loss by sεᴸ, up to dε²ᴸ/2.
                let epsilon: f64 = 0.1 * (modes.singular_values[j]).min(1.0);
                let free: Vec<Array1<f64>> = (0..depth - 1)
                    .map(|l| {
                        let used = &weights[l];
                        let mut path = Array1::from(gaussian(5, 1, 1.0, &mut rng).into_raw_vec_and_offset().0);
                        let (basis, _) = crate::math::linalg::qr(&used.dot(&used.t()).dot(&gaussian(5, learned.len().max(1), 1.0, &mut rng)));
                        if !learned.is_empty() {
                            path = &path - &basis.dot(&basis.t().dot(&path));
                        }
                        &path / path.dot(&path).sqrt()
                    })
                    .collect();
                let mut ends = vec![modes.v.column(j).to_owned()];
                ends.extend(free);
                ends.push(modes.u.column(j).to_owned());
                let opened: Vec<Array2<f64>> = weights.iter().zip(ends.windows(2)).map(|(w, pair)| {
                    let column = pair[1].view().insert_axis(ndarray::Axis(1));
                    w + &(epsilon * column.dot(&pair[0].view().insert_axis(ndarray::Axis(0))))
                }).collect();
                let (s, power) = (modes.singular_values[j], epsilon.powi(depth as i32));
                let expected = -s * power + 0.5 * 0.7 * power * power;
                let change = LinearNetwork::new(opened).unwrap().loss(&task) - loss;
                prop_assert!((change - expected).abs() < 1e-12 * size * size, "{change} {expected}");
                prop_assert!(expected < 0.0);
            }
        }
    }
}
