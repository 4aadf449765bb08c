//! Numbers from independent software: every theory against `tests/reference/deep_linear.json`.
//!
//! The file's first field says where its numbers come from. Gates are those the file states for its
//! own accuracy: 1e-9 where it integrated an equation numerically, 1e-12 where it used
//! high-precision arithmetic, tightened to 1e-10 absolute where the agreement is that good.

use ndarray::{Array1, Array2};
use serde_json::Value;
use solvable::deep_linear::AlignedNetwork;
use solvable::deep_linear::RiccatiFlow;
use solvable::deep_linear::balanced::imbalance;
use solvable::deep_linear::depth::DepthMode;
use solvable::deep_linear::end_to_end::gram_flow;
use solvable::deep_linear::full_weights::two_layer_weights;
use solvable::deep_linear::shallow::ShallowFlow;
use solvable::deep_linear::two_layer::TwoLayerMode;
use solvable::gated::Routing;
use solvable::gated::XorNetwork;
use solvable::math::linalg::eigh;
use solvable::net::{LinearNetwork, gradient_descent};
use solvable::task::environment::Tree;
use solvable::{Correlations, Dataset, Modes, Solvable};

/// Gate for cases that the reference integrated at a relative 1e-12.
const GATE: f64 = 1e-10;

fn cases(name: &str) -> Vec<Value> {
    let text = include_str!("reference/deep_linear.json");
    let file: Value = serde_json::from_str(text).expect("the reference file is JSON");
    file["cases"][name].as_array().unwrap_or_else(|| panic!("no cases {name}")).clone()
}

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| panic!("{v} is not a number"))
}

fn vector(v: &Value) -> Vec<f64> {
    v.as_array().expect("an array").iter().map(number).collect()
}

fn matrix(v: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = v.as_array().expect("a matrix").iter().map(vector).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

fn matrices(v: &Value) -> Vec<Array2<f64>> {
    v.as_array().expect("a list of matrices").iter().map(matrix).collect()
}

#[track_caller]
fn assert_close(found: &Array2<f64>, expected: &Array2<f64>, gate: f64, what: &str) {
    let gap = (found - expected).iter().fold(0.0f64, |m, x| m.max(x.abs()));
    assert!(gap <= gate, "{what}: differs by {gap:.2e} (gate {gate:.0e})");
}

#[test]
fn statistics_of_a_data_set() {
    for case in cases("stats") {
        let (x, y) = (matrix(&case["inputs"]["X"]), matrix(&case["inputs"]["Y"]));
        let data = Dataset::new(x.t().to_owned(), y.t().to_owned()).unwrap();
        let task = Correlations::of(&data).unwrap();
        let modes = Modes::of(&task).unwrap();
        let expected = &case["expected"];
        assert_close(task.sigma_x(), &matrix(&expected["Sxx"]), 1e-14, "Σˣ");
        assert_close(task.sigma_yx(), &matrix(&expected["Syx"]), 1e-14, "Σʸˣ");
        assert_close(task.optimal_map(), &matrix(&expected["W_opt"]), 1e-12, "optimal map");
        assert!((task.minimum_loss() - number(&expected["loss_min"])).abs() < 1e-13);
        let s = Array1::from(vector(&expected["s"]));
        assert!((&modes.singular_values - &s).iter().all(|g| g.abs() < 1e-13));
        // The file's d are the eigenvalues of Σˣ; ours are the variances along the modes.
        let d = Array1::from(vector(&expected["d"]));
        let eigenvalues = eigh(task.sigma_x()).unwrap().0;
        assert!((&eigenvalues - &d).iter().all(|g| g.abs() < 1e-13));
        assert!((modes.input_variances.sum() - d.sum()).abs() < 1e-13);
        // The file has the plain norm; ours is relative to the sizes of both factors.
        let g = task.sigma_yx().t().dot(task.sigma_yx());
        let norm = |a: &Array2<f64>| a.iter().map(|x| x * x).sum::<f64>().sqrt();
        let plain = modes.commutator * norm(task.sigma_x()) * norm(&g);
        assert!((plain - number(&expected["commutator_fro"])).abs() < 1e-13);
    }
}

#[test]
fn shallow_network_under_a_singular_input_covariance() {
    for case in cases("shallow_flow") {
        let inputs = &case["inputs"];
        let task = Correlations::new(matrix(&inputs["Sxx"]), matrix(&inputs["Syx"]), None).unwrap();
        let flow = ShallowFlow::new(&task, &matrix(&inputs["W0"])).unwrap();
        for (t, w) in vector(&inputs["t"]).iter().zip(matrices(&case["expected"]["W"])) {
            assert_close(&flow.map_at(*t), &w, GATE, &format!("W({t})"));
        }
    }
}

#[test]
fn two_layer_modes_balanced_unbalanced_and_stalled() {
    for case in cases("two_layer_mode") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let (a0, b0) = (number(&inputs["a0"]), number(&inputs["b0"]));
        let mode =
            TwoLayerMode::new(number(&inputs["s"]), number(&inputs["d"]), &[a0], &[b0]).unwrap();
        for (i, t) in vector(&inputs["t"]).into_iter().enumerate() {
            let (a, b) = mode.vectors(&[a0], &[b0], t);
            let what = format!("a0 = {a0}, b0 = {b0}, t = {t}");
            assert!((a[0] - vector(&expected["a"])[i]).abs() < GATE, "{what}");
            assert!((b[0] - vector(&expected["b"])[i]).abs() < GATE, "{what}");
            assert!((mode.strength(t) - vector(&expected["u"])[i]).abs() < GATE, "{what}");
        }
    }
}

#[test]
fn two_layer_mode_from_arbitrary_hidden_vectors() {
    for case in cases("two_layer_general_vectors") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let (a0, b0) = (vector(&inputs["a0"]), vector(&inputs["b0"]));
        let mode = TwoLayerMode::new(number(&inputs["s"]), number(&inputs["d"]), &a0, &b0).unwrap();
        for (i, t) in vector(&inputs["t"]).into_iter().enumerate() {
            let (a, b) = mode.vectors(&a0, &b0, t);
            for (found, reference) in [(a, &expected["a"][i]), (b, &expected["b"][i])] {
                let gap = found.iter().zip(vector(reference)).map(|(x, y)| (x - y).abs());
                assert!(gap.fold(0.0, f64::max) < GATE, "t = {t}");
            }
        }
    }
}

#[test]
fn learning_time_at_any_depth() {
    for case in cases("depth_time") {
        let i = &case["inputs"];
        let mode =
            DepthMode::new(number(&i["s"]), number(&i["d"]), number(&i["L"]), number(&i["u0"]))
                .unwrap();
        let time = mode.time_to(number(&i["uf"])).unwrap().unwrap();
        let expected = number(&case["expected"]["t"]);
        assert!((time / expected - 1.0).abs() < 1e-12, "L = {}: {time} against {expected}", i["L"]);
    }
    for case in cases("depth_time_inf") {
        let i = &case["inputs"];
        let mode =
            DepthMode::new(number(&i["s"]), number(&i["d"]), f64::INFINITY, number(&i["u0"]))
                .unwrap();
        let time = mode.time_to(number(&i["uf"])).unwrap().unwrap();
        assert!((time / number(&case["expected"]["Lt"]) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn the_matrix_solution_for_every_shape_and_balance() {
    for case in cases("qqt") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let (w1, w2) = (matrix(&inputs["W1"]), matrix(&inputs["W2"]));
        let task = Correlations::white(matrix(&inputs["Syx"]), number(&inputs["d"])).unwrap();
        let lambda = number(&inputs["lam"]);
        let (found_lambda, rest) = imbalance(&w1, &w2).unwrap();
        assert!((found_lambda - lambda).abs() < 1e-12 && rest < 1e-12, "{}", inputs["name"]);
        let flow = RiccatiFlow::new(&task, &w1, &w2, lambda).unwrap();
        let states = flow.states(&vector(&inputs["t"])).unwrap();
        for (i, state) in states.iter().enumerate() {
            let modes = flow.modes();
            let what = format!("{} at time {i}", inputs["name"]);
            let blocks = state.blocks(modes);
            assert_close(&blocks.map, &matrix(&expected["W2W1"][i]), GATE, &what);
            assert_close(&blocks.input_gram, &matrix(&expected["W1tW1"][i]), GATE, &what);
            assert_close(&blocks.output_gram, &matrix(&expected["W2W2t"][i]), GATE, &what);
            assert_close(&state.map(modes), &blocks.map, 1e-13, &what);
        }
    }
}

#[test]
fn the_matrix_solution_where_the_naive_formula_has_error_one() {
    for case in cases("qqt_stiff_bottleneck") {
        let inputs = &case["inputs"];
        let (w1, w2) = (matrix(&inputs["W1"]), matrix(&inputs["W2"]));
        let task = Correlations::white(matrix(&inputs["Syx"]), 1.0).unwrap();
        let flow = RiccatiFlow::new(&task, &w1, &w2, 0.0).unwrap();
        let times = vector(&inputs["t"]);
        let expected = matrices(&case["expected"]["W2W1"]);
        for ((t, state), w) in times.iter().zip(flow.states(&times).unwrap()).zip(&expected) {
            assert_close(&state.map(flow.modes()), w, 1e-12, &format!("t = {t}"));
        }
        // Each time alone must give the same: long and short steps agree.
        for (t, w) in times.iter().zip(&expected) {
            let alone = &flow.states(&[*t]).unwrap()[0];
            assert_close(&alone.map(flow.modes()), w, 1e-12, &format!("t = {t} alone"));
        }
    }
}

#[test]
fn small_random_weights_are_off_by_their_imbalance_and_the_gram_flow_by_nothing() {
    for case in cases("random_init_sim") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let (w1, w2) = (matrix(&inputs["W1"]), matrix(&inputs["W2"]));
        let task = Correlations::white(matrix(&inputs["Syx"]), 1.0).unwrap();
        let times = vector(&inputs["t"]);
        let reference = matrices(&expected["W2W1"]);
        for (t, (found, w)) in
            gram_flow(&task, &w1, &w2, &times).unwrap().iter().zip(&reference).enumerate()
        {
            assert_close(found, w, 1e-9, &format!("Gram flow at time {t}"));
        }
        let flow = RiccatiFlow::new(&task, &w1, &w2, 0.0).unwrap();
        let (lambda, rest) = imbalance(&w1, &w2).unwrap();
        let size = flow.modes().singular_values.iter().map(|s| s * s).sum::<f64>().sqrt();
        let states = flow.states(&times).unwrap();
        let worst = states.iter().zip(&reference).map(|(state, w)| {
            (&state.map(flow.modes()) - w).iter().map(|x| x * x).sum::<f64>().sqrt() / size
        });
        let worst = worst.fold(0.0, f64::max);
        let reported = number(&expected["theory_rel_err"]);
        assert!((worst / reported - 1.0).abs() < 0.02, "{worst} against {reported}");
        assert!(worst <= 0.5 * (rest + lambda.abs()));
    }
}

#[test]
fn both_weight_matrices_of_decoupled_layers() {
    for case in cases("two_layer_aligned_full") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let (w1, w2) = (matrix(&inputs["W1"]), matrix(&inputs["W2"]));
        let task = Correlations::new(matrix(&inputs["Sxx"]), matrix(&inputs["Syx"]), None).unwrap();
        let found = two_layer_weights(&task, &w1, &w2, &vector(&inputs["t"])).unwrap();
        for (i, (w1, w2)) in found.iter().enumerate() {
            assert_close(w1, &matrix(&expected["W1"][i]), GATE, &format!("W1 at time {i}"));
            assert_close(w2, &matrix(&expected["W2"][i]), GATE, &format!("W2 at time {i}"));
        }
    }
}

#[test]
fn the_map_of_deep_aligned_layers() {
    for case in cases("deep_aligned_full") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let weights = matrices(&inputs["W"]);
        let task = Correlations::white(matrix(&inputs["Syx"]), 1.0).unwrap();
        let modes = Modes::of(&task).unwrap();
        let map = weights[1..].iter().fold(weights[0].clone(), |map, w| w.dot(&map));
        let depth = weights.len() as f64;
        let start = modes.strengths(map.view());
        let layers = start.iter().map(|u| vec![u.powf(1.0 / depth); weights.len()]);
        let hidden: Vec<usize> = weights[1..].iter().map(Array2::ncols).collect();
        let network = AlignedNetwork { task, hidden, layers: layers.collect(), rate: 0.01 };
        let bases = network.hidden_bases(0);
        let times = vector(&inputs["t"]);
        for (i, layers) in network.weights_at(&times, &bases).unwrap().into_iter().enumerate() {
            let found = layers[1..].iter().fold(layers[0].clone(), |map, w| w.dot(&map));
            assert_close(
                &found,
                &matrix(&expected["W_total"][i]),
                GATE,
                &format!("map at time {i}"),
            );
            // The file lists strengths in the order in which it made the modes.
            let mut strengths = modes.strengths(found.view());
            let mut reference = vector(&expected["modes_u"][i]);
            strengths.sort_by(f64::total_cmp);
            reference.sort_by(f64::total_cmp);
            assert!(strengths.iter().zip(reference).all(|(a, b)| (a - b).abs() < GATE));
        }
    }
}

#[test]
fn steps_of_gradient_descent_on_a_scalar_chain() {
    for case in cases("gd_scalar_depth") {
        let i = &case["inputs"];
        let depth = number(&i["L"]) as usize;
        let task = Correlations::new(
            Array2::from_elem((1, 1), number(&i["d"])),
            Array2::from_elem((1, 1), number(&i["s"])),
            None,
        );
        let weights = vec![Array2::from_elem((1, 1), number(&i["a0"])); depth];
        let rate = number(&i["eta"]);
        let expected = case["expected"]["u_after_steps"].as_object().expect("steps");
        let mut steps: Vec<(f64, f64)> =
            expected.iter().map(|(k, u)| (k.parse().expect("a step"), number(u))).collect();
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        let times: Vec<f64> = steps.iter().map(|(k, _)| k * rate).collect();
        let net = LinearNetwork::new(weights).unwrap();
        gradient_descent(net, &task.unwrap(), rate, &times, |i, net| {
            let gap = (net.map()[[0, 0]] - steps[i].1).abs();
            assert!(gap < 1e-12, "after {} steps: {gap:.1e}", steps[i].0);
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn the_course_of_a_table_of_living_things() {
    for case in cases("semantic_trajectory") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let features = matrix(&inputs["Y"]).t().to_owned();
        let data = Dataset::new(Array2::eye(features.nrows()), features).unwrap();
        let task = Correlations::of(&data).unwrap();
        let modes = Modes::of(&task).unwrap();
        let n_hidden = task.n_in();
        let network =
            AlignedNetwork::uniform(task, &[n_hidden], number(&inputs["u0"]).sqrt(), 0.01);
        let weights = network.weights_at(&vector(&inputs["t"]), &network.hidden_bases(0)).unwrap();
        // Two modes have nothing to learn; how their vectors pair up is arbitrary, and the map
        // starts with that pairing. What is learned is compared on the other modes, the hidden
        // similarities on all.
        let learned = modes.singular_values.iter().filter(|s| **s > 1e-12).count();
        let u = modes.u.slice(ndarray::s![.., ..learned]);
        let v = modes.v.slice(ndarray::s![.., ..learned]);
        for (i, layers) in weights.iter().enumerate() {
            let what = format!("time {i}");
            let map = u.t().dot(&layers[1].dot(&layers[0])).dot(&v);
            let reference = u.t().dot(&matrix(&expected["W_total"][i])).dot(&v);
            assert_close(&map, &reference, GATE, &what);
            let gram = layers[0].t().dot(&layers[0]);
            assert_close(&gram, &matrix(&expected["hidden_gram"][i]), GATE, &what);
        }
    }
}

#[test]
fn singular_values_of_the_built_in_table() {
    let case = &cases("semantic_svd")[0];
    let data = Dataset::rumelhart();
    let modes = Modes::of(&Correlations::of(&data).unwrap()).unwrap();
    let expected = vector(&case["expected"]["sv_Y"]);
    for (s, sv) in modes.singular_values.iter().zip(expected) {
        assert!((s * data.n_samples() as f64 - sv).abs() < 1e-12);
    }
    let gram = data.targets.dot(&data.targets.t());
    assert_close(&gram, &matrix(&case["expected"]["item_gram"]), 1e-12, "overlap of items");
}

#[test]
fn training_follows_the_full_flow_of_any_deep_network_to_second_order() {
    for case in cases("simulator_generic_deep") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let task = Correlations::new(matrix(&inputs["Sxx"]), matrix(&inputs["Syx"]), None).unwrap();
        let times = vector(&inputs["t"]);
        let run = |rate: f64| {
            let mut maps = Vec::new();
            let net = LinearNetwork::new(matrices(&inputs["W"])).unwrap();
            gradient_descent(net, &task, rate, &times, |_, net| {
                maps.push(net.map());
                Ok(())
            })
            .unwrap();
            maps
        };
        // Richardson: the first-order errors cancel, what is left falls with the square of the rate.
        let gap = |rate: f64| {
            let (whole, half) = (run(rate), run(0.5 * rate));
            let extrapolated = whole.iter().zip(&half).map(|(a, b)| b * 2.0 - a);
            let gaps = extrapolated
                .zip(matrices(&expected["W_total"]))
                .map(|(found, w)| (&found - &w).iter().fold(0.0f64, |m, x| m.max(x.abs())));
            gaps.fold(0.0, f64::max)
        };
        let (coarse, fine) = (gap(1e-3), gap(5e-4));
        assert!(fine < 1e-6, "{fine:.1e}");
        assert!((coarse / fine / 4.0 - 1.0).abs() < 0.1, "second order: {coarse:.2e}, {fine:.2e}");
    }
}

#[test]
fn the_loss_of_the_gated_exclusive_or() {
    for case in cases("xor_gated") {
        let inputs = &case["inputs"];
        let network = XorNetwork::uniform(number(&inputs["u0"]).sqrt(), 0.01);
        let run = network.predict(&vector(&inputs["t"])).unwrap();
        let loss = run.get("loss").expect("recorded");
        for (found, expected) in loss.iter().zip(vector(&case["expected"]["loss"])) {
            assert!((found - expected).abs() < GATE, "{found} against {expected}");
        }
    }
}

#[test]
fn the_three_layers_of_routing() {
    for case in cases("routing_mode") {
        let inputs = &case["inputs"];
        let domains = number(&inputs["M"]) as usize;
        let b = vector(&inputs["b0"]);
        let network = Routing {
            task: Correlations::white(Array2::from_elem((1, 1), number(&inputs["s"])), 1.0)
                .unwrap(),
            domains,
            pairs: domains,
            hidden: [1, 1],
            layers: vec![[b[0], b[1], b[2]]],
            rate: 0.01,
        };
        let found = network.layers_at(&[number(&inputs["t"])]).unwrap()[0][0];
        for (found, expected) in found.iter().zip(vector(&case["expected"]["b"])) {
            assert!((found - expected).abs() < GATE, "{found} against {expected}");
        }
    }
}

#[test]
fn eigenvalues_of_a_tree() {
    for case in cases("ultrametric") {
        let branching: Vec<usize> =
            vector(&case["inputs"]["B"]).into_iter().map(|b| b as usize).collect();
        let tree = Tree::new(&branching).unwrap();
        let spectrum = tree.spectrum(&vector(&case["inputs"]["c"])).unwrap();
        let spaces = spectrum.eigenspaces.iter();
        let mut found: Vec<f64> =
            spaces.flat_map(|e| vec![e.eigenvalue; e.multiplicity()]).collect();
        found.sort_by(|a, b| b.total_cmp(a));
        let expected = vector(&case["expected"]["eigenvalues_desc"]);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }
}
