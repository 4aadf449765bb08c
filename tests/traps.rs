//! Where formulas of deep linear networks go wrong in floating point, or theory and intuition part.

mod two_layers;

use ndarray::{Array1, Array2, s};
use solvable::deep_linear::AlignedNetwork;
use solvable::deep_linear::BalancedNetwork;
use solvable::deep_linear::RiccatiFlow;
use solvable::deep_linear::TwoLayerNetwork;
use solvable::deep_linear::balanced::{factorize, sample_two_layer};
use solvable::deep_linear::chain::ChainMode;
use solvable::deep_linear::depth::DepthMode;
use solvable::deep_linear::end_to_end::gram_flow;
use solvable::deep_linear::two_layer::TwoLayerMode;
use solvable::math::linalg::{frobenius_norm, svd};
use solvable::math::random::{Purpose, gaussian, orthogonal, stream};
use solvable::{Correlations, Dataset, Modes, Solvable};
use two_layers::{flow_of, maps, zero_balanced};

fn norm(a: &Array2<f64>) -> f64 {
    frobenius_norm(a.view())
}

/// U diag(s) Vᵀ with random singular vectors.
fn with_singular_values(s: &[f64], n_out: usize, n_in: usize, run: u32) -> Array2<f64> {
    let mut rng = stream(1, Purpose::Task, run);
    let (u, v) = (orthogonal(n_out, &mut rng), orthogonal(n_in, &mut rng));
    let k = s.len();
    (&u.slice(s![.., ..k]) * &Array1::from(s.to_vec())).dot(&v.slice(s![.., ..k]).t())
}

// Single modes.

#[test]
fn times_beyond_the_range_of_the_exponential_are_the_fixed_point() {
    for t in [400.0, 1e4, 1e15, 1e300] {
        assert_eq!(TwoLayerMode::balanced(2.0, 0.8, 1e-6).unwrap().strength(t), 2.5);
        for depth in [1.0, 1.5, 2.0, 3.0, 8.0] {
            let end = DepthMode::new(2.0, 0.8, depth, 1e-3).unwrap().strengths(&[t]).unwrap()[0];
            assert!((end - 2.5).abs() < 1e-15 * 2.5 * 4.0, "depth {depth}, t = {t}: {end}");
        }
        let w = zero_balanced(4, 5, 3, 0);
        let target = with_singular_values(&[2.0, 1.0, 0.4], 3, 4, 0);
        let end = &maps(&flow_of(target.clone(), 0.8, &w), &[t])[0];
        assert!(norm(&(end * 0.8 - &target)) < 1e-13, "t = {t}");
    }
}

#[test]
fn depth_passes_continuously_through_one_and_two() {
    let times = [0.0, 0.2, 1.0, 3.0, 10.0, 100.0];
    let curve = |depth: f64, u0: f64| {
        DepthMode::new(1.3, 0.7, depth, u0).unwrap().strengths(&times).unwrap()
    };
    for u0 in [1e-3, 0.5, 1.9, 4.0] {
        for (depth, near) in [(1.0, 1.0 + 1e-12), (2.0, 2.0 - 1e-12), (2.0, 2.0 + 1e-12)] {
            for (a, b) in curve(depth, u0).iter().zip(curve(near, u0)) {
                assert!((a - b).abs() < 1e-10, "depth {near} from {u0}: {a} against {b}");
            }
        }
    }
}

#[test]
fn learning_time_times_depth_converges_with_depth() {
    let time =
        |depth: f64| DepthMode::new(1.3, 0.7, depth, 0.1).unwrap().time_to(1.0).unwrap().unwrap();
    let limit = time(f64::INFINITY);
    // u^{2−2/L} = u² (1 + O(1/L)), so the distance falls as 1/L.
    let distances = [1e2, 1e4, 1e6].map(|depth: f64| (depth * time(depth) / limit - 1.0).abs());
    for pair in distances.windows(2) {
        assert!((pair[0] / pair[1] / 100.0 - 1.0).abs() < 0.05, "{distances:?}");
    }
}

#[test]
fn a_start_of_1e_minus_300_has_an_exact_learning_time() {
    let half = TwoLayerMode::balanced(1.0, 1.0, 1e-300).unwrap().half_time().unwrap();
    assert!((half / (0.5 * 1e300f64.ln()) - 1.0).abs() < 1e-13);
    let general = DepthMode::new(1.0, 1.0, 2.0, 1e-300).unwrap().half_time().unwrap().unwrap();
    assert!((general / half - 1.0).abs() < 1e-13);
}

#[test]
fn a_start_above_its_target_comes_down_from_above() {
    for depth in [1.0, 2.0, 3.0, 5.0, f64::INFINITY] {
        for above in [1e-9, 0.1, 10.0, 1e6] {
            let target = 1.3 / 0.7;
            let mode = DepthMode::new(1.3, 0.7, depth, target * (1.0 + above)).unwrap();
            let times: Vec<f64> = (0..50).map(|i| 0.2 * f64::from(i)).collect();
            let curve = mode.strengths(&times).unwrap();
            assert!(curve.windows(2).all(|w| w[1] <= w[0]), "depth {depth}, from {above}");
            assert!(curve.iter().all(|u| *u >= target * (1.0 - 4.0 * f64::EPSILON)));
        }
    }
}

#[test]
fn unequal_layers_without_correlation_fade_at_any_time() {
    // The smallest layer vanishes at a constant rate, to e^{-1000} and beyond.
    let mode = ChainMode::new(0.0, 0.8, &[0.3, 0.5, 0.7]).unwrap();
    for t in [1e2, 1e4, 1e6, 1e12] {
        let layers = &mode.layers(&[t]).unwrap()[0];
        assert!(layers[0] < 2e-3 && (layers[1] - 0.4).abs() < 1e-5, "t = {t}: {layers:?}");
    }
    // ż = −2d z (κ₂+z)(κ₃+z) with κ = 0.16, 0.4: the rate at z → 0 is d κ₂κ₃ for the layer.
    let at = mode.layers(&[1000.0, 1100.0]).unwrap();
    let rate = (at[0][0] / at[1][0]).ln() / 100.0;
    assert!((rate - 0.8 * 0.16 * 0.4).abs() < 1e-10, "{rate}");
}

#[test]
fn a_layer_whose_square_underflows_still_grows() {
    let times = [1.0, 3.0, 20.0];
    let tiny = ChainMode::new(1.0, 0.8, &[1e-200, 0.5, 0.5]).unwrap().layers(&times).unwrap();
    // To rounding the same as starting at 1e-17: the other two layers drive it.
    let small = ChainMode::new(1.0, 0.8, &[1e-17, 0.5, 0.5]).unwrap().layers(&times).unwrap();
    for (a, b) in tiny.iter().flatten().zip(small.iter().flatten()) {
        assert!((a - b).abs() < 1e-13, "{a} against {b}");
    }
}

#[test]
fn negative_layers_keep_their_sign() {
    let task = Correlations::white(with_singular_values(&[2.0, 1.0], 2, 3, 8), 1.0).unwrap();
    let network = AlignedNetwork::uniform(task, &[3, 4, 3], -0.3, 0.01);
    let predicted = network.weights_at(&[0.0], &network.hidden_bases(5)).unwrap().swap_remove(0);
    for (a, b) in predicted.iter().zip(network.initial_weights(5).unwrap()) {
        assert!(norm(&(a - &b)) < 1e-14);
    }
}

/// Modes that no hidden unit holds are zero in theory, and rounding of the others in a trained map.
#[test]
fn a_layer_too_narrow_for_all_modes_is_judged_by_the_rounding_of_the_others() {
    let task = Correlations::of(&Dataset::worm()).unwrap();
    let network = AlignedNetwork::uniform(task, &[1], 0.03, 0.04);
    let grid: Vec<f64> = (0..=100).map(|i| 0.5 * f64::from(i)).collect();
    for agreement in solvable::check(&network, &grid, &[0, 1]).unwrap() {
        assert!(agreement.holds(), "{agreement:?}");
        assert!(agreement.tolerance.unwrap() < 0.2, "vacuous: {agreement:?}");
    }
}

// Tasks with degenerate, missing or badly scaled modes.

#[test]
fn equal_singular_values_share_their_strength_in_any_basis() {
    let target = with_singular_values(&[1.0, 1.0, 1.0, 0.2], 4, 4, 1);
    let task = Correlations::white(target, 1.0).unwrap();
    let network = AlignedNetwork::uniform(task, &[5], 0.1, 0.01);
    let run = network.predict(&[0.0, 1.0, 2.0, 3.0]).unwrap();
    let exact = TwoLayerMode::balanced(1.0, 1.0, 0.01).unwrap();
    for k in 1..=3 {
        for (t, u) in run.grid().iter().zip(run.get(&format!("mode {k}")).unwrap()) {
            assert!((u - exact.strength(*t)).abs() < 1e-13);
        }
    }
}

#[test]
fn a_gap_of_rounding_between_singular_values_changes_nothing() {
    let w = zero_balanced(4, 4, 3, 2);
    let times = [0.5, 2.0, 6.0, 30.0];
    let at = |gap: f64| {
        let target = with_singular_values(&[1.0 + gap, 1.0, 0.5], 3, 4, 2);
        maps(&flow_of(target, 0.9, &w), &times)
    };
    for (a, b) in at(0.0).iter().zip(at(1e-14)) {
        assert!(norm(&(a - &b)) < 1e-12);
    }
}

#[test]
fn a_degenerate_block_decouples_under_inputs_that_are_not_white() {
    // Equal correlations, different variances: only one basis of the block diagonalizes both.
    let mut rng = stream(2, Purpose::Task, 0);
    let (u, v) = (orthogonal(3, &mut rng), orthogonal(3, &mut rng));
    let sigma_yx = u.dot(&v.t()) * 1.2;
    let sigma_x = (&v * &Array1::from(vec![0.4, 1.0, 2.0])).dot(&v.t());
    let task = Correlations::new((&sigma_x + &sigma_x.t()) / 2.0, sigma_yx, None).unwrap();
    let network = AlignedNetwork::uniform(task, &[4], 0.2, 0.002);
    let agreements = solvable::check(&network, &[0.0, 0.5, 1.0, 2.0, 4.0, 8.0], &[0]).unwrap();
    assert!(agreements.iter().all(|a| a.holds() && a.max_gap < 0.02), "{agreements:?}");
    let end = network.predict(&[60.0]).unwrap();
    let mut strengths: Vec<f64> = end.columns().take(3).map(|(_, x)| x[0]).collect();
    strengths.sort_by(f64::total_cmp);
    for (found, d) in strengths.iter().zip([2.0, 1.0, 0.4]) {
        assert!((found - 1.2 / d).abs() < 1e-12);
    }
}

#[test]
fn a_task_of_low_rank_leaves_its_null_modes_to_decay() {
    let target = with_singular_values(&[1.5], 3, 4, 3);
    let task = Correlations::white(target.clone(), 0.8).unwrap();
    let [w1, w2] = zero_balanced(4, 5, 3, 3);
    let network = TwoLayerNetwork { task: task.clone(), w1, w2, rate: 0.005 };
    let grid: Vec<f64> = (0..=20).map(|i| 0.5 * f64::from(i)).collect();
    for agreement in solvable::check(&network, &grid, &[0]).unwrap() {
        assert!(agreement.holds(), "{agreement:?}");
    }
    // A balanced mode without correlation fades as 1/(2dt): u(t) ≤ 1/(2dt).
    for t in [1e2, 1e4, 1e8] {
        let rest = norm(&(&network.maps_at(&[t]).unwrap()[0] * 0.8 - &target));
        assert!(rest <= 0.8 * 3f64.sqrt() / (2.0 * 0.8 * t) && rest > 0.0, "t = {t}: {rest}");
    }
    let modes = Modes::of(&task).unwrap();
    assert!(modes.targets()[1..].iter().all(|u| *u < 1e-14));
}

#[test]
fn nothing_to_learn_is_unlearning() {
    let task = Correlations::white(Array2::zeros((3, 4)), 0.8).unwrap();
    let [w1, w2] = zero_balanced(4, 3, 3, 4);
    let start = svd(&w2.dot(&w1)).unwrap().s;
    let network = TwoLayerNetwork { task: task.clone(), w1, w2, rate: 0.01 };
    for t in [0.0, 1.0, 50.0, 1e6, 1e15] {
        // Every singular value of the map fades alone.
        let found = svd(&network.maps_at(&[t]).unwrap()[0]).unwrap().s;
        for (found, u0) in found.iter().zip(&start) {
            let exact = u0 / (1.0 + 2.0 * 0.8 * u0 * t);
            assert!((found - exact).abs() < 1e-12 * exact + 1e-30, "t = {t}");
        }
    }
    let aligned = AlignedNetwork::uniform(task, &[3], 0.5, 0.01);
    let loss = aligned.predict(&[0.0, 1e9]).unwrap().get("loss").unwrap().to_vec();
    assert!(loss[0] > 0.0 && loss[1] < 1e-15);
    assert_eq!(aligned.half_times().unwrap(), vec![None; 3]);
}

#[test]
fn a_task_in_other_units_is_the_same_task() {
    // Outputs c times larger: strengths scale by c, times by 1/c.
    let times = [0.0, 0.5, 2.0, 5.0, 20.0];
    let target = with_singular_values(&[2.0, 1.0, 0.4], 3, 4, 5);
    let [w1, w2] = zero_balanced(4, 5, 3, 5);
    let plain = maps(&flow_of(target.clone(), 0.8, &[w1.clone(), w2.clone()]), &times);
    for c in [1e-100, 1e-8, 1e8, 1e100f64] {
        let w = [&w1 * c.sqrt(), &w2 * c.sqrt()];
        let scaled_times = times.map(|t| t / c);
        let scaled = maps(&flow_of(&target * c, 0.8, &w), &scaled_times);
        for (a, b) in plain.iter().zip(&scaled) {
            assert!(norm(&(a - &(b / c))) < 1e-12, "scale {c:e}");
        }
        let task = Correlations::white(&target * c, 0.8).unwrap();
        let aligned = AlignedNetwork::uniform(task, &[4, 5], 0.3 * c.cbrt(), 1.0);
        let now: Vec<f64> = times.iter().map(|t| t / c.powf(4.0 / 3.0)).collect();
        let strength = aligned.predict(&now).unwrap().get("mode 1").unwrap().to_vec();
        let exact = DepthMode::new(2.0, 0.8, 3.0, 0.027).unwrap().strengths(&times).unwrap();
        for (a, b) in strength.iter().zip(exact) {
            assert!((a / c - b).abs() < 1e-11, "scale {c:e}: {} against {b}", a / c);
        }
    }
}

// The matrix solution.

#[test]
fn the_matrix_solution_holds_for_every_shape_and_sign_of_the_balance() {
    let grid = [0.0, 0.5, 1.0, 2.0, 4.0];
    for (n_in, n_hidden, n_out, lambda) in [
        (4, 1, 3, 0.0), // bottleneck of one unit
        (4, 2, 4, 0.0),
        (2, 9, 3, 0.0), // more hidden units than inputs and outputs together
        (1, 4, 1, 0.0),
        (2, 4, 5, 0.7),
        (5, 4, 2, -0.7),
        (3, 3, 5, 3.0),
        (5, 3, 3, -3.0),
        (3, 2, 3, 1e-6),
    ] {
        let what = format!("{n_in}-{n_hidden}-{n_out}, λ = {lambda}");
        let n_modes = n_in.min(n_out);
        let s0: Vec<f64> =
            (0..n_hidden).map(|k| if k < n_modes { 0.4 / (k + 1) as f64 } else { 0.0 }).collect();
        let mut rng = stream(2, Purpose::InitialWeights, 0);
        let (w1, w2) = sample_two_layer(n_in, n_out, &s0, lambda, &mut rng).unwrap();
        let s = &[1.5, 1.0, 0.6, 0.3][..n_modes];
        let task = Correlations::white(with_singular_values(s, n_out, n_in, 6), 0.9).unwrap();
        let network = TwoLayerNetwork { task, w1, w2, rate: 0.004 };
        assert!(network.closed_form().unwrap().is_some_and(|(_, neglected)| neglected == 0.0));
        for agreement in solvable::check(&network, &grid, &[0]).unwrap() {
            assert!(agreement.holds(), "{what}: {agreement:?}");
        }
    }
}

#[test]
fn one_long_step_is_many_short_ones() {
    let w = zero_balanced(5, 4, 4, 7).map(|w| w * 0.01);
    let target = with_singular_values(&[2.0, 1.1, 0.6, 0.2], 4, 5, 7);
    let flow = flow_of(target, 0.9, &w);
    let times: Vec<f64> = (1..=400).map(|i| 0.5 * f64::from(i)).collect();
    let short = maps(&flow, &times);
    for i in [9, 49, 129, 399] {
        let long = &maps(&flow, &[times[i]])[0];
        assert!(norm(&(long - &short[i])) < 1e-12, "t = {}", times[i]);
    }
}

#[test]
fn what_fades_as_a_power_of_time_is_reached_in_one_step() {
    // Hidden directions without a mode of their own, beside learned ones: λ = 0, low rank, more
    // hidden units than modes.
    let mut rng = stream(8, Purpose::InitialWeights, 0);
    let w = [gaussian(8, 5, 0.3, &mut rng), gaussian(4, 8, 0.3, &mut rng)];
    let flow = flow_of(with_singular_values(&[2.0, 1.0], 4, 5, 9), 0.9, &w);
    let times: Vec<f64> = (1..=2000).map(|i| 0.5 * f64::from(i)).collect();
    let short = maps(&flow, &times);
    for i in [39, 199, 1999] {
        let gap = norm(&(&maps(&flow, &[times[i]])[0] - &short[i]));
        assert!(gap < 1e-12, "t = {}: {gap:.1e}", times[i]);
    }
    for t in [1e6, 1e15, 1e300] {
        let end = &maps(&flow, &[t])[0];
        let rest = norm(&(end * 0.9 - with_singular_values(&[2.0, 1.0], 4, 5, 9)));
        // Each of the two null modes of rank min(2, 3) holds at most 1/(2dt) with a = b.
        assert!(rest <= 0.9 * 2.0 / (2.0 * 0.9 * t) + 1e-14, "t = {t}: {rest:.1e}");
    }
}

#[test]
fn weights_whose_squares_underflow_are_learned_all_the_same() {
    let target = with_singular_values(&[2.0, 1.0, 0.4], 3, 4, 10);
    let w = zero_balanced(4, 4, 3, 10);
    let scaled = |scale: f64| flow_of(target.clone(), 1.0, &w.clone().map(|w| w * scale));
    assert!(scaled(1e-200).never_learned().is_empty());
    let half_time = |scale: f64, mode: usize, guess: f64| {
        let times: Vec<f64> = (1..=400).map(|i| guess * f64::from(i) / 200.0).collect();
        let states = scaled(scale).states(&times).unwrap();
        let half = 0.5 * [2.0, 1.0, 0.4][mode];
        times[states.iter().position(|state| state.strengths()[mode] > half).unwrap()]
    };
    // The delay is ln(1/scale)/s to leading order.
    for (mode, s) in [(0, 2.0), (1, 1.0), (2, 0.4)] {
        let delay = 1e200f64.ln() / s;
        let found = half_time(1e-200, mode, delay);
        assert!((found / delay - 1.0).abs() < 0.05, "mode {mode}: {found} against {delay}");
    }
}

#[test]
fn a_bottleneck_never_learns_from_rounding_what_it_cannot_hold() {
    // Long after e^{2st} has made rounding large.
    let target = with_singular_values(&[2.0, 1.2, 0.7], 3, 4, 11);
    let task = Correlations::white(target, 1.0).unwrap();
    let mut rng = stream(9, Purpose::InitialWeights, 0);
    let (w1, w2) = (gaussian(2, 4, 0.05, &mut rng), gaussian(3, 2, 0.05, &mut rng));
    let missing = 0.7;
    for t in [30.0, 60.0, 120.0] {
        let gram = gram_flow(&task, &w1, &w2, &[t]).unwrap().swap_remove(0);
        let gap = norm(&(&gram - task.optimal_map()));
        assert!((gap - missing).abs() < 1e-9, "Gram flow at t = {t}: {gap}");
        let initial_map = w2.dot(&w1);
        let network =
            BalancedNetwork { task: task.clone(), initial_map, hidden: vec![2], rate: 0.01 };
        let gap = norm(&(&network.maps_at(&[t]).unwrap()[0] - task.optimal_map()));
        assert!((gap - missing).abs() < 1e-9, "end-to-end flow at t = {t}: {gap}");
    }
}

/// A square network from balanced random weights, and whether its determinant has the wrong sign.
struct Draw {
    task: Correlations,
    weights: Vec<Array2<f64>>,
    wrong_sign: bool,
}

const WEAKEST: f64 = 0.4;

fn square_draw(run: u32) -> Draw {
    let mut rng = stream(3, Purpose::InitialWeights, run);
    let (u, v) = (orthogonal(3, &mut rng), orthogonal(3, &mut rng));
    let sigma_yx = (&u * &Array1::from(vec![1.5, 1.0, WEAKEST])).dot(&v.t());
    let map = gaussian(3, 3, 0.2, &mut rng);
    let wrong_sign = determinant(&map) * determinant(&sigma_yx) < 0.0;
    let task = Correlations::white(sigma_yx, 0.8).unwrap();
    Draw { task, weights: factorize(&map, &[3], &mut rng).unwrap(), wrong_sign }
}

fn determinant(a: &Array2<f64>) -> f64 {
    let minor = |i: usize, j: usize| a[[1, i]] * a[[2, j]] - a[[1, j]] * a[[2, i]];
    a[[0, 0]] * minor(1, 2) - a[[0, 1]] * minor(0, 2) + a[[0, 2]] * minor(0, 1)
}

#[test]
fn half_of_all_square_starts_never_learn_the_weakest_mode() {
    let n = 200;
    let mut n_stuck = 0;
    for run in 0..n {
        let Draw { task, weights, wrong_sign } = square_draw(run);
        let flow = RiccatiFlow::new(&task, &weights[0], &weights[1], 0.0).unwrap();
        let end = &maps(&flow, &[1e4])[0];
        let (loss, missing) = (task.loss(end.view()), WEAKEST * WEAKEST / (2.0 * 0.8));
        if wrong_sign {
            n_stuck += 1;
            assert_eq!(flow.never_learned(), [2], "draw {run}");
            assert!((loss - missing).abs() < 1e-12, "draw {run}: loss {loss}");
        } else {
            assert!(flow.never_learned().is_empty() && loss < 1e-12, "draw {run}: loss {loss}");
        }
    }
    // Four standard deviations of a fair coin.
    let deviation = f64::from(n_stuck) - f64::from(n) / 2.0;
    assert!(deviation.abs() < 4.0 * (f64::from(n) / 4.0).sqrt(), "{n_stuck} of {n}");
}

#[test]
fn descent_is_held_at_the_saddle_as_long_as_its_steps_keep_the_balance() {
    // A step breaks the balance by η², a run by η, and what is broken grows as e^{st}: descent
    // escapes in the end, later by ln 4/s for a quarter of the rate. Until then it sits at the
    // saddle that theory ends at.
    let mut n_seen = 0;
    for run in 0..12 {
        let Draw { task, weights, wrong_sign } = square_draw(run);
        let [w1, w2] = [weights[0].clone(), weights[1].clone()];
        let network = TwoLayerNetwork { task, w1, w2, rate: 0.002 };
        let grid: Vec<f64> = (0..=12).map(f64::from).collect();
        for agreement in solvable::check(&network, &grid, &[0]).unwrap() {
            assert!(agreement.holds(), "draw {run}: {agreement:?}");
        }
        if wrong_sign {
            n_seen += 1;
            let weakest = network.simulate(&grid, 0).unwrap().get("mode 3").unwrap()[12];
            assert!(weakest < 0.05 * WEAKEST / 0.8, "draw {run}: {weakest}");
        }
    }
    assert!(n_seen >= 2, "only {n_seen} draws with the wrong sign");
}
