//! What must not matter: the order of items, the axes of the inputs, units, and when one looks.

mod two_layers;

use ndarray::{Array2, arr2};
use proptest::prelude::*;
use solvable::deep_linear::BalancedNetwork;
use solvable::deep_linear::random_start::sensitivity;
use solvable::math::linalg::frobenius_norm;
use solvable::math::random::{Purpose, gaussian, orthogonal, stream};
use solvable::{Correlations, Dataset, Solvable, Trajectory};
use two_layers::{flow_of, maps, zero_balanced};

fn norm(a: &Array2<f64>) -> f64 {
    frobenius_norm(a.view())
}

fn expect_same_curves(a: &Trajectory, b: &Trajectory, gate: f64) {
    for ((name, x), (_, y)) in a.columns().zip(b.columns()) {
        for (x, y) in x.iter().zip(y) {
            assert!((x - y).abs() <= gate * x.abs().max(1.0), "{name}: {x} against {y}");
        }
    }
}

fn examples(run: u32) -> Dataset {
    let mut rng = stream(4, Purpose::Task, run);
    let inputs = gaussian(12, 3, 1.0, &mut rng);
    let targets = inputs.dot(&gaussian(3, 2, 1.0, &mut rng)) + gaussian(12, 2, 0.2, &mut rng);
    Dataset::new(inputs, targets).unwrap()
}

/// A balanced network of three layers on correlated inputs, from a map in the inputs' coordinates.
fn curves(data: &Dataset, initial_map: Array2<f64>) -> Trajectory {
    let task = Correlations::of(data).unwrap();
    let network = BalancedNetwork { task, initial_map, hidden: vec![3, 3], rate: 0.01 };
    network.predict(&[0.0, 0.5, 1.0, 3.0, 10.0]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_order_of_items_does_not_matter(run in 0u32..1000, by in 1usize..12) {
        let data = examples(run);
        let order: Vec<usize> = (0..12).map(|i| (7 * i + by) % 12).collect();
        let shuffled = Dataset::new(
            data.inputs.select(ndarray::Axis(0), &order),
            data.targets.select(ndarray::Axis(0), &order),
        ).unwrap();
        let map = arr2(&[[0.3, -0.2, 0.1], [0.1, 0.4, -0.1]]);
        expect_same_curves(&curves(&data, map.clone()), &curves(&shuffled, map), 1e-9);
    }

    #[test]
    fn the_axes_of_the_inputs_do_not_matter(run in 0u32..1000) {
        let data = examples(run);
        let turn = orthogonal(3, &mut stream(5, Purpose::Task, run));
        let turned = Dataset::new(data.inputs.dot(&turn.t()), data.targets.clone()).unwrap();
        let map = arr2(&[[0.3, -0.2, 0.1], [0.1, 0.4, -0.1]]);
        let there = map.dot(&turn.t());
        expect_same_curves(&curves(&data, map), &curves(&turned, there), 1e-9);
    }

    #[test]
    fn the_matrix_solution_goes_on_from_any_time(
        n_in in 1usize..5, n_hidden in 1usize..7, n_out in 1usize..5,
        run in 0u32..1000, t1 in 0.0..12.0f64, t2 in 0.01..12.0f64,
    ) {
        let w = zero_balanced(n_in, n_hidden, n_out, run);
        let target = gaussian(n_out, n_in, 1.0, &mut stream(6, Purpose::Task, run));
        let flow = flow_of(target.clone(), 0.9, &w);
        // Starting again from rounded weights changes what is left of a mode that starts nearly
        // without a direction of its own; one that never learns is held at zero either way.
        let sensitive = sensitivity(flow.modes(), &w[0], &w[1]).unwrap();
        prop_assume!(sensitive < 1e4 || !flow.never_learned().is_empty());
        let states = flow.states(&[t1, t1 + t2]).unwrap();
        let rest = flow_of(target, 0.9, &<[_; 2]>::from(states[0].weights(flow.modes())));
        let resumed = rest.states(&[t2]).unwrap().swap_remove(0);
        let gap = states[1].map(flow.modes()) - resumed.map(rest.modes());
        prop_assert!(norm(&gap) < 1e-9, "{}", norm(&gap));
    }

    #[test]
    fn units_of_the_outputs_scale_strength_and_time(
        run in 0u32..1000, c in 1e-3..1e3f64, t in 0.0..20.0f64,
    ) {
        let [w1, w2] = zero_balanced(3, 4, 4, run);
        let target = gaussian(4, 3, 1.0, &mut stream(6, Purpose::Task, run));
        let plain = maps(&flow_of(target.clone(), 0.7, &[w1.clone(), w2.clone()]), &[t]);
        let scaled = flow_of(&target * c, 0.7, &[&w1 * c.sqrt(), &w2 * c.sqrt()]);
        let gap = &plain[0] - &(&maps(&scaled, &[t / c])[0] / c);
        // √c is rounded, and a mode that starts nearly without a direction of its own grows from
        // what rounding leaves of it: relative to the map, machine precision times sensitivity.
        let sensitive = sensitivity(scaled.modes(), &w1, &w2).unwrap();
        let gate = 500.0 * f64::EPSILON * sensitive * norm(&target) / 0.7;
        prop_assert!(norm(&gap) < gate, "{} against {gate}", norm(&gap));
    }
}
