use super::*;
use crate::math::random::{Purpose, gaussian, orthogonal, stream};
use crate::semantic::representation::{gram, squared_distances};
use crate::task::environment::Tree;
use proptest::prelude::*;

fn norm(a: &Array2<f64>) -> f64 {
    frobenius_norm(a.view())
}

#[test]
fn items_of_a_tree_are_at_the_root_of_strength_times_item_vector() {
    let tree = Tree::new(&[2, 2, 2]).unwrap();
    let spectrum = tree.spectrum(&[0.2, 0.4, 0.7, 1.0]).unwrap();
    // Hidden activations √u v of every mode; any strengths, here in the order of the levels.
    let strengths = [9.0, 4.0, 1.5, 0.25];
    let pairs = spectrum.eigenspaces.iter().zip(strengths);
    let blocks: Vec<_> = pairs.map(|(e, u)| &e.vectors * f64::sqrt(u)).collect();
    let views: Vec<_> = blocks.iter().map(|b| b.view()).collect();
    let activations = ndarray::concatenate(Axis(1), &views).unwrap();
    let found = classical_scaling(&squared_distances(activations.view())).unwrap();
    // The constant vector is dropped; levels 1, 2, 3 have 1, 2, 4 axes.
    let expected = [4.0, 1.5, 1.5, 0.25, 0.25, 0.25, 0.25, 0.0];
    for (found, expected) in found.eigenvalues.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-13);
    }
    assert_eq!(found.coordinates.dim(), (8, 7));
    assert!((found.share(1) - 0.5).abs() < 1e-13 && (found.share(3) - 7.0 / 8.0).abs() < 1e-13);
    let axis = &blocks[1];
    let along = follow(std::slice::from_ref(&activations), &(axis / norm(axis))).unwrap();
    assert!(norm(&(&along.coordinates[0] - axis)) < 1e-13 && (along.shares[0] - 0.5).abs() < 1e-13);
    let first = found.coordinates.slice(s![.., ..1]).mapv(f64::abs);
    assert!(norm(&(&first - &axis.mapv(f64::abs))) < 1e-13);
}

#[test]
fn few_items_or_items_at_one_place_are_no_trouble() {
    for (p, h) in [(1, 3), (2, 3), (3, 1), (4, 2)] {
        for activations in [Array2::zeros((p, h)), Array2::from_elem((p, h), 0.1)] {
            let axes = principal_axes(activations.view(), 2).unwrap();
            assert_eq!(axes, Array2::<f64>::zeros((p, 2)));
            let paths = follow(std::slice::from_ref(&activations), &axes).unwrap();
            assert_eq!(paths.coordinates[0], Array2::<f64>::zeros((p, 2)));
            let scaled = classical_scaling(&squared_distances(activations.view())).unwrap();
            assert_eq!((scaled.coordinates.ncols(), scaled.share(2)), (0, 1.0));
            assert!(nearest_view(activations.view(), axes.view()).is_ok());
        }
    }
    // Two items are a line.
    let two = ndarray::arr2(&[[1.0, 2.0], [4.0, 6.0]]);
    let axes = principal_axes(two.view(), 2).unwrap();
    let at = &follow(&[two], &axes).unwrap().coordinates[0];
    assert!((at[[0, 0]].abs() - 2.5).abs() < 1e-14 && (at[[0, 0]] + at[[1, 0]]).abs() < 1e-14);
    assert_eq!((at[[0, 1]], at[[1, 1]]), (0.0, 0.0));
    assert!(classical_scaling(&Array2::zeros((0, 0))).is_err());
    assert!(classical_scaling(&Array2::zeros((2, 3))).is_err());
    assert!(classical_scaling(&ndarray::arr2(&[[0.0, 1.0], [2.0, 0.0]])).is_err());
    assert!(classical_scaling(&Array2::from_elem((2, 2), f64::NAN)).is_err());
}

#[test]
fn nothing_jumps_where_two_eigenvalues_cross() {
    // Two modes exchange their order halfway, where the principal axes turn by a right angle.
    let noise = gaussian(5, 6, 1.0, &mut stream(2, Purpose::Task, 0));
    let axes = principal_axes(noise.view(), 2).unwrap();
    let at = |share: f64| {
        let sizes = Array1::from(vec![1.0 - share, 0.4 + share]);
        &axes * &sizes
    };
    let times: Vec<f64> = (0..=100).map(|i| 0.006 * f64::from(i)).collect();
    let activations: Vec<_> = times.iter().map(|t| at(*t)).collect();
    let plane = principal_axes(activations[100].view(), 2).unwrap();
    let paths = follow(&activations, &plane).unwrap();
    for (i, pair) in paths.coordinates.windows(2).enumerate() {
        let moved = norm(&(&pair[1] - &pair[0]));
        let allowed = 2f64.sqrt() * norm(&(&activations[i + 1] - &activations[i]));
        assert!(moved <= allowed + 1e-13, "step {i}: {moved} > {allowed}");
    }
    let turned = principal_axes(activations[0].view(), 1).unwrap();
    let overlap = turned.column(0).dot(&plane.column(0)).abs();
    assert!(overlap < 1e-10, "the principal axis did not turn: {overlap}");
}

#[test]
fn a_view_nearest_to_an_arrangement_is_that_arrangement_where_it_can_be() {
    let mut rng = stream(4, Purpose::Task, 0);
    let activations = centered(gaussian(6, 9, 1.0, &mut rng).view());
    let wanted = principal_axes(activations.view(), 5).unwrap().slice(s![.., 2..4]).to_owned();
    let arrangement = &follow(std::slice::from_ref(&activations), &wanted).unwrap().coordinates[0];
    // The polar factor of √G √G w is w: both are principal directions.
    let found = nearest_view(activations.view(), arrangement.view()).unwrap();
    assert!(norm(&(&found - &wanted)) < 1e-11);
    let identity = found.t().dot(&found) - Array2::<f64>::eye(2);
    assert!(norm(&identity) < 1e-13);
    assert!(nearest_view(activations.view(), Array2::zeros((5, 2)).view()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scaling_reproduces_the_distances_of_points(seed in 0u64..1000, p in 1usize..9, n in 1usize..6) {
        let points = gaussian(p, n, 1.0, &mut stream(seed, Purpose::Task, 1));
        let squares = squared_distances(points.view());
        let found = classical_scaling(&squares).unwrap();
        let again = squared_distances(found.coordinates.view());
        // Dropped eigenvalues and rounding: some p units of the last place of the largest square.
        let gate = 64.0 * f64::EPSILON * p as f64 * norm(&squares);
        prop_assert!(norm(&(&again - &squares)) <= gate * p as f64);
        prop_assert!(found.coordinates.ncols() <= n.min(p.saturating_sub(1)));
        prop_assert!((found.share(p) - 1.0).abs() < 1e-12);
        for (l, width) in found.eigenvalues.iter().zip(principal_widths(points.view()).unwrap()) {
            prop_assert!((l - width).abs() <= gate);
        }
        let axes = principal_axes(points.view(), p).unwrap();
        let paths = follow(&[points], &axes).unwrap();
        let followed = squared_distances(paths.coordinates[0].view());
        prop_assert!(norm(&(&followed - &squares)) <= gate * p as f64);
    }

    #[test]
    fn turning_the_hidden_units_at_each_time_changes_nothing(
        seed in 0u64..1000, p in 1usize..8, n in 1usize..8,
    ) {
        let mut rng = stream(seed, Purpose::Task, 2);
        let activations: Vec<_> = (0..4).map(|_| gaussian(p, n, 1.0, &mut rng)).collect();
        let turned: Vec<_> = activations.iter().map(|z| z.dot(&orthogonal(n, &mut rng))).collect();
        let plane = principal_axes(activations[3].view(), 2).unwrap();
        let (one, other) = (follow(&activations, &plane).unwrap(), follow(&turned, &plane).unwrap());
        for (i, (a, b)) in one.coordinates.iter().zip(&other.coordinates).enumerate() {
            // √2 times the rounding of the rotation, of the mean and of the decomposition.
            let gate = 64.0 * f64::EPSILON * (p + n) as f64 * norm(&activations[i]);
            prop_assert!(norm(&(a - b)) <= gate);
            prop_assert!(procrustes(activations[i].view(), turned[i].view()).unwrap() <= gate * gate);
        }
    }

    #[test]
    fn items_move_no_faster_than_their_representations(
        seed in 0u64..1000, p in 2usize..8, n in 1usize..8, step in 1e-6f64..3.0,
    ) {
        let mut rng = stream(seed, Purpose::Task, 3);
        let before = gaussian(p, n, 1.0, &mut rng);
        let after = &before + &(gaussian(p, n, 1.0, &mut rng) * step);
        let axes = principal_axes(after.view(), p).unwrap();
        let paths = follow(&[before.clone(), after.clone()], &axes).unwrap();
        let moved = norm(&(&paths.coordinates[1] - &paths.coordinates[0]));
        // By the representations (with the axes complete), and by the Gram matrices: the square of
        // a change of the root is at most the trace norm of the change (Powers and Størmer).
        let rounding = 1e-12 * (1.0 + norm(&after));
        // What lies outside the axes of the last time shrinks the change, never enlarges it.
        prop_assert!(moved <= 2f64.sqrt() * norm(&(&after - &before)) + rounding);
        let (a, b) = (centered(before.view()), centered(after.view()));
        let change = gram(b.view()) - gram(a.view());
        let trace: f64 = eigh(&((&change + &change.t()) * 0.5)).unwrap().0.iter().map(|l| l.abs()).sum();
        prop_assert!(moved * moved <= trace * (1.0 + 1e-9) + 1e-12);
        let root = of_gram(&gram(a.view())).unwrap();
        prop_assert!(procrustes(root.view(), a.view()).unwrap() <= 1e-13 * (1.0 + norm(&a).powi(2)));
    }
}
