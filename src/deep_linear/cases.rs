//! Deep linear networks for the [list of models](crate::models): one of every kind, small enough to
//! train in a fraction of a second.
//!
//! Where a model ends is written from the numbers its task is made of: s/d for each mode that is
//! learned, the loss of those that are not. When it is there follows from the slowest mode.

use ndarray::{Array1, Array2, s};

use crate::contract::{End, ModelCase};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::balanced::{factorize, sample_two_layer};
use crate::deep_linear::balanced_network::BalancedNetwork;
use crate::deep_linear::shallow::ShallowNetwork;
use crate::deep_linear::two_layer_network::TwoLayerNetwork;
use crate::math::linalg::{congruence, eigh, svd};
use crate::math::random::{Purpose, gaussian, orthogonal, stream};
use crate::{Correlations, Dataset, Modes, Result};

/// Every deep linear model.
pub const ALL: &[ModelCase] = &[
    ModelCase {
        name: "shallow",
        summary: "one layer, correlated inputs",
        reference: "saxe2014",
        model: |rate| Ok(Box::new(shallow(rate)?)),
        rate: 0.01,
        grid: &uniform::<41>(20.0),
        seeds: &[0],
        end: || {
            let task = sampled_task(3)?;
            let slowest = eigh(task.sigma_x())?.0[3];
            learned(&task, E_FOLDS / slowest)
        },
        restart: |time| Ok(Box::new(shallow(0.01)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "two-layer",
        summary: "two equal layers: sigmoids, a start above its target, a mode without correlation",
        reference: "saxe2014",
        model: |rate| Ok(Box::new(two_layer(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        // The mode without correlation fades as 1/(2dt).
        end: || Ok(End { values: vec![2.5, 1.25, 0.625, 0.0, 0.0], after: 1e11 }),
        restart: |time| Ok(Box::new(two_layer(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "two-layer-unequal",
        summary: "two unequal layers: hyperbolic growth, also from a negative strength",
        reference: "saxe2014",
        model: |rate| Ok(Box::new(two_layer_unequal(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        // Slowest: the mode without correlation, at the rate d·|a² − b²| = 0.8·0.24.
        end: || {
            let after = E_FOLDS / (0.8 * 0.24);
            Ok(End { values: vec![2.5, 1.25, 0.625, 0.0, 0.0], after })
        },
        restart: |time| Ok(Box::new(two_layer_unequal(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "two-layer-commuting",
        summary: "two layers, inputs of different variance along the task's own modes",
        reference: "saxe2019",
        model: |rate| Ok(Box::new(two_layer_commuting(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        end: || {
            let after = (E_FOLDS + (0.5f64 / 0.01).ln()) / (2.0 * 0.4);
            Ok(End { values: vec![3.0, 0.75, 0.5, 0.0], after })
        },
        restart: |time| Ok(Box::new(two_layer_commuting(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "three-layer",
        summary: "three equal layers: plateaus, then steps",
        reference: "saxe2014",
        model: |rate| Ok(Box::new(three_layer(rate)?)),
        rate: 0.004,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        end: || {
            let after = half_learned_by(0.7, 3.0, 0.027) + E_FOLDS / (3.0 * 0.7f64.powf(4.0 / 3.0));
            Ok(End { values: vec![2.0, 1.2, 0.7, 0.0], after })
        },
        restart: |time| Ok(Box::new(three_layer(0.004)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "four-layer-unequal",
        summary: "four unequal layers of either sign",
        reference: "saxe2014",
        model: |rate| Ok(Box::new(four_layer_unequal(rate)?)),
        rate: 0.004,
        grid: &uniform::<41>(20.0),
        seeds: &[0, 1, 2],
        // Unequal layers are faster than equal ones with the same product.
        end: || {
            let after = half_learned_by(0.8, 4.0, 0.036) + E_FOLDS / (4.0 * 0.8f64.powf(1.5));
            Ok(End { values: vec![1.5 / 0.8, 1.0, 0.0], after })
        },
        restart: |time| Ok(Box::new(four_layer_unequal(0.004)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "bottleneck",
        summary: "three layers with two hidden units: only the two strongest modes are learned",
        reference: "saxe2014",
        model: |rate| Ok(Box::new(bottleneck(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(10.0),
        seeds: &[0, 1, 2],
        end: || {
            let after = half_learned_by(1.5, 3.0, 0.027) + E_FOLDS / (3.0 * 1.5f64.powf(4.0 / 3.0));
            Ok(End { values: vec![2.0, 1.5, 0.0, 0.0, 0.5 * (1.0 + 0.25)], after })
        },
        restart: |time| Ok(Box::new(bottleneck(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "rumelhart",
        summary: "two layers on the table of eight living things: broad distinctions first",
        reference: "saxe2019",
        model: |rate| Ok(Box::new(rumelhart(rate)?)),
        rate: 0.02,
        grid: &uniform::<41>(60.0),
        seeds: &[0, 1],
        // Items are one-hot: s/d is the singular value of the table itself.
        end: || {
            let mut values = svd(&Dataset::rumelhart().targets)?.s.to_vec();
            let slowest = values[values.len() - 1] / 8.0;
            let after = (E_FOLDS + (8.0 * slowest / 9e-4).ln()) / (2.0 * slowest);
            values.push(0.0);
            Ok(End { values, after })
        },
        restart: |time| Ok(Box::new(rumelhart(0.02)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "balanced-correlated",
        summary: "three balanced layers, correlated inputs: the end-to-end flow",
        reference: "arora2018",
        model: |rate| Ok(Box::new(balanced_correlated(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        end: || learned_by_balanced_layers(&sampled_task(3)?, 3.0),
        restart: |time| Ok(Box::new(balanced_correlated(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "scalar-output",
        summary: "three balanced layers with one output, correlated inputs",
        reference: "arora2018",
        model: |rate| Ok(Box::new(scalar_output(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        end: || learned_by_balanced_layers(&sampled_task(1)?, 3.0),
        restart: |time| Ok(Box::new(scalar_output(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "zero-balanced",
        summary: "two balanced layers in any orientation: the matrix Riccati solution",
        reference: "braun2022",
        model: |rate| Ok(Box::new(zero_balanced(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(12.0),
        seeds: &[0, 1, 2],
        end: || learned_by_two_layers(&white_task(3, 5)?),
        restart: |time| Ok(Box::new(zero_balanced(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "lambda-balanced",
        summary: "a larger second layer, λ = 1.5: between rich and lazy",
        reference: "domine2025",
        model: |rate| Ok(Box::new(lambda_balanced(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(10.0),
        seeds: &[0, 1, 2],
        end: || learned_by_two_layers(&white_task(5, 3)?),
        restart: |time| Ok(Box::new(lambda_balanced(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "lambda-negative",
        summary: "a larger first layer, λ = −2",
        reference: "domine2025",
        model: |rate| Ok(Box::new(lambda_negative(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(10.0),
        seeds: &[0, 1, 2],
        end: || learned_by_two_layers(&white_task(3, 5)?),
        restart: |time| Ok(Box::new(lambda_negative(0.005)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "wrong-sign",
        summary: "a balanced square start of the wrong determinant never learns the weakest mode",
        reference: "braun2022",
        model: |rate| Ok(Box::new(wrong_sign(rate)?)),
        rate: 0.002,
        grid: &uniform::<41>(8.0),
        seeds: &[0, 1, 2],
        end: || {
            let values = vec![1.5 / 0.8, 1.0 / 0.8, 0.0, 0.5 * 0.4 * 0.4 / 0.8];
            Ok(End { values, after: 2.0 * E_FOLDS / 0.4 })
        },
        restart: |time| Ok(Box::new(wrong_sign(0.002)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "small-random",
        summary: "two layers from small random weights, taken for balanced",
        reference: "braun2022",
        model: |rate| Ok(Box::new(small_random(rate, 0.01)?)),
        rate: 0.01,
        grid: &uniform::<41>(24.0),
        seeds: &[0, 1, 2],
        end: || learned_by_two_layers(&small_random(0.01, 0.01)?.task),
        restart: |time| Ok(Box::new(small_random(0.01, 0.01)?.after(time)?)),
        exact: false,
    },
    ModelCase {
        name: "large-random",
        summary: "two layers from large random weights, correlated inputs: the Gram flow",
        reference: "fukumizu1998",
        model: |rate| Ok(Box::new(large_random(rate)?)),
        rate: 0.005,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        end: || learned_by_balanced_layers(&sampled_task(3)?, 2.0),
        restart: |time| Ok(Box::new(large_random(0.005)?.after(time)?)),
        exact: true,
    },
];

/// Factors of e that are left of the slowest rate's time when a model counts as having ended:
/// twice what a relative 1e-9 needs.
pub(crate) const E_FOLDS: f64 = 42.0;

/// `N` times from 0 to `last`, whole steps of the rates above: a time between two steps is read off
/// a straight line, which costs an error of second order.
pub(crate) const fn uniform<const N: usize>(last: f64) -> [f64; N] {
    let mut times = [0.0; N];
    let mut i = 0;
    while i < N {
        times[i] = last * i as f64 / (N - 1) as f64;
        i += 1;
    }
    times
}

/// One layer from random weights.
pub fn shallow(rate: f64) -> Result<ShallowNetwork> {
    let initial_map = gaussian(3, 4, 0.5, &mut stream(0, Purpose::InitialWeights, 1));
    Ok(ShallowNetwork { task: sampled_task(3)?, initial_map, rate })
}

/// Two equal layers with a slow mode, one that starts above its target, and one without any.
pub fn two_layer(rate: f64) -> Result<AlignedNetwork> {
    let task = aligned_task(&[2.0, 1.0, 0.5, 0.0], &[0.8; 4], 5)?;
    let layers = [0.03, 1.4, 0.1, 0.5].map(|a| vec![a; 2]).to_vec();
    Ok(AlignedNetwork { task, hidden: vec![6], layers, rate })
}

/// Two unequal layers, one of which pulls the wrong way.
pub fn two_layer_unequal(rate: f64) -> Result<AlignedNetwork> {
    let task = aligned_task(&[2.0, 1.0, 0.5, 0.0], &[0.8; 4], 5)?;
    let layers = [[0.02, 0.2], [1.2, 1.6], [0.3, -0.1], [0.5, 0.1]].map(|a| a.to_vec()).to_vec();
    Ok(AlignedNetwork { task, hidden: vec![6], layers, rate })
}

/// Two equal layers, inputs of different variance along the modes.
pub fn two_layer_commuting(rate: f64) -> Result<AlignedNetwork> {
    let task = aligned_task(&[1.5, 0.9, 0.4], &[0.5, 1.2, 0.8, 0.3], 3)?;
    Ok(AlignedNetwork::uniform(task, &[4], 0.1, rate))
}

/// Three equal layers.
pub fn three_layer(rate: f64) -> Result<AlignedNetwork> {
    let task = aligned_task(&[2.0, 1.2, 0.7], &[1.0; 5], 3)?;
    Ok(AlignedNetwork::uniform(task, &[4, 6], 0.3, rate))
}

/// Four unequal layers.
pub fn four_layer_unequal(rate: f64) -> Result<AlignedNetwork> {
    let task = aligned_task(&[1.5, 0.8], &[0.8; 3], 2)?;
    let layers = vec![vec![0.3, -0.5, 0.2, -0.7], vec![0.4, 0.6, 0.5, 0.3]];
    Ok(AlignedNetwork { task, hidden: vec![5, 4, 5], layers, rate })
}

/// Three equal layers with room for two of four modes.
pub fn bottleneck(rate: f64) -> Result<AlignedNetwork> {
    let task = aligned_task(&[2.0, 1.5, 1.0, 0.5], &[1.0; 4], 6)?;
    Ok(AlignedNetwork::uniform(task, &[5, 2], 0.3, rate))
}

/// The table of eight living things, with the 16 hidden units of (`saxe2019`).
pub fn rumelhart(rate: f64) -> Result<AlignedNetwork> {
    let task = Correlations::of(&Dataset::rumelhart())?;
    Ok(AlignedNetwork::uniform(task, &[16], 0.03, rate))
}

/// Three balanced layers that start in any orientation.
pub fn balanced_correlated(rate: f64) -> Result<BalancedNetwork> {
    let initial_map = gaussian(3, 4, 0.2, &mut stream(0, Purpose::InitialWeights, 2));
    Ok(BalancedNetwork { task: sampled_task(3)?, initial_map, hidden: vec![5, 4], rate })
}

/// Three balanced layers with one output.
pub fn scalar_output(rate: f64) -> Result<BalancedNetwork> {
    let initial_map = gaussian(1, 4, 0.1, &mut stream(0, Purpose::InitialWeights, 3));
    Ok(BalancedNetwork { task: sampled_task(1)?, initial_map, hidden: vec![3, 2], rate })
}

/// Two balanced layers, more hidden units than inputs or outputs.
pub fn zero_balanced(rate: f64) -> Result<TwoLayerNetwork> {
    balanced(white_task(3, 5)?, &[0.3, 0.2, 0.1, 0.0, 0.0, 0.0], 0.0, rate)
}

/// Two layers, the second larger by λ = 1.5.
pub fn lambda_balanced(rate: f64) -> Result<TwoLayerNetwork> {
    balanced(white_task(5, 3)?, &[0.4, 0.3, 0.2, 0.0], 1.5, rate)
}

/// Two layers, the first larger, λ = −2.
pub fn lambda_negative(rate: f64) -> Result<TwoLayerNetwork> {
    balanced(white_task(3, 5)?, &[0.5, 0.3, 0.2, 0.0], -2.0, rate)
}

/// Balanced square layers with det(W₂W₁) < 0 on a task with det(Σʸˣ) > 0.
pub fn wrong_sign(rate: f64) -> Result<TwoLayerNetwork> {
    let mut rng = stream(0, Purpose::InitialWeights, 4);
    let (q, r) = (orthogonal(3, &mut rng), orthogonal(3, &mut rng));
    let sigma_yx = congruence(q.view(), &Array1::from(vec![1.5, 1.0, 0.4]));
    let mut map = congruence(r.view(), &Array1::from(vec![0.3, 0.2, 0.1]));
    map.column_mut(0).mapv_inplace(|x| -x);
    let mut layers = factorize(&map, &[3], &mut rng)?;
    let (w2, w1) = (layers.remove(1), layers.remove(0));
    Ok(TwoLayerNetwork { task: Correlations::white(sigma_yx, 0.8)?, w1, w2, rate })
}

/// Two layers from Gaussian weights of a small standard deviation.
pub fn small_random(rate: f64, std: f64) -> Result<TwoLayerNetwork> {
    let mut rng = stream(0, Purpose::InitialWeights, 5);
    let (w1, w2) = (gaussian(8, 5, std, &mut rng), gaussian(4, 8, std, &mut rng));
    let task = aligned_task(&[2.0, 1.2, 0.7, 0.4], &[1.0; 5], 4)?;
    Ok(TwoLayerNetwork { task, w1, w2, rate })
}

/// Two layers from weights of order one.
pub fn large_random(rate: f64) -> Result<TwoLayerNetwork> {
    let mut rng = stream(0, Purpose::InitialWeights, 6);
    let (w1, w2) = (gaussian(5, 4, 0.5, &mut rng), gaussian(3, 5, 0.5, &mut rng));
    Ok(TwoLayerNetwork { task: sampled_task(3)?, w1, w2, rate })
}

fn balanced(task: Correlations, s0: &[f64], lambda: f64, rate: f64) -> Result<TwoLayerNetwork> {
    let mut rng = stream(0, Purpose::InitialWeights, 7);
    let (w1, w2) = sample_two_layer(task.n_in(), task.n_out(), s0, lambda, &mut rng)?;
    Ok(TwoLayerNetwork { task, w1, w2, rate })
}

/// Σʸˣ = U S Vᵀ and Σˣ = V diag(d) Vᵀ with random singular vectors; one variance per input.
fn aligned_task(s: &[f64], variances: &[f64], n_out: usize) -> Result<Correlations> {
    let mut rng = stream(0, Purpose::Task, 0);
    let (u, v) = (orthogonal(n_out, &mut rng), orthogonal(variances.len(), &mut rng));
    let scaled = &u.slice(s![.., ..s.len()]) * &Array1::from(s.to_vec());
    let sigma_yx = scaled.dot(&v.slice(s![.., ..s.len()]).t());
    let sigma_x = congruence(v.view(), &Array1::from(variances.to_vec()));
    Correlations::new((&sigma_x + &sigma_x.t()) / 2.0, sigma_yx, None)
}

/// White inputs of variance 0.9 and a random teacher.
fn white_task(n_out: usize, n_in: usize) -> Result<Correlations> {
    let mut rng = stream(0, Purpose::Task, 1);
    Correlations::white(gaussian(n_out, n_in, 0.8, &mut rng), 0.9)
}

/// Forty examples of four correlated inputs, and noisy targets.
fn sampled_task(n_out: usize) -> Result<Correlations> {
    let mut rng = stream(0, Purpose::Task, 2);
    let mix = Array2::eye(4) + gaussian(4, 4, 0.25, &mut rng);
    let inputs = gaussian(40, 4, 1.0, &mut rng).dot(&mix);
    let teacher = gaussian(n_out, 4, 0.8, &mut rng);
    let targets = inputs.dot(&teacher.t()) + gaussian(40, n_out, 0.3, &mut rng);
    Correlations::of(&Dataset::new(inputs, targets)?)
}

/// Everything is learned: the least-squares map.
fn learned(task: &Correlations, after: f64) -> Result<End> {
    let mut values = Modes::of(task)?.strengths(task.optimal_map().view());
    values.push(task.minimum_loss());
    Ok(End { values, after })
}

/// The slowest rate of `depth` balanced layers near the least-squares map is at least
/// d σ^{2−2/L} with the smallest variance d and the smallest singular value σ of the map. Of the
/// time, half is for leaving the start.
fn learned_by_balanced_layers(task: &Correlations, depth: f64) -> Result<End> {
    let (variances, map) = (eigh(task.sigma_x())?.0, svd(task.optimal_map())?.s);
    let (d, sigma) = (variances[variances.len() - 1], map[map.len() - 1]);
    learned(task, 2.0 * E_FOLDS / (d * sigma.powf(2.0 - 2.0 / depth)))
}

/// As for balanced layers: the slowest rate is at least the smallest singular value of the task.
fn learned_by_two_layers(task: &Correlations) -> Result<End> {
    let s = Modes::of(task)?.singular_values;
    learned(task, 2.0 * E_FOLDS / s[s.len() - 1])
}

/// Time by which a mode of `depth` > 2 layers is half learned: until then u̇ ≥ (sL/2) u^{2−2/L},
/// whatever the layers, since the mean of aᵢ⁻² is at least u^{−2/L}.
fn half_learned_by(s: f64, depth: f64, strength: f64) -> f64 {
    2.0 * strength.powf(2.0 / depth - 1.0) / (s * (depth - 2.0))
}
