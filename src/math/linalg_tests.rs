use super::*;
use crate::math::random::{Purpose, gaussian, orthogonal, stream};
use ndarray::arr2;

#[test]
fn positive_definite_equations_are_solved_and_others_refused() {
    let mut rng = stream(5, Purpose::Task, 0);
    let root = gaussian(12, 9, 1.0, &mut rng);
    let a = root.t().dot(&root);
    let b = gaussian(9, 2, 1.0, &mut rng);
    let x = solve_positive_definite(&a, &b).unwrap();
    assert!(frobenius_norm((&a.dot(&x) - &b).view()) < 1e-11);
    let singular = root.dot(&root.t());
    assert!(solve_positive_definite(&-&a, &b).is_err());
    assert!(solve_positive_definite(&singular, &b).is_err(), "shapes");
}

#[test]
fn products_are_those_of_ndarray_in_every_memory_order() {
    let mut rng = stream(6, Purpose::Task, 0);
    let (a, b) = (gaussian(7, 40, 1.0, &mut rng), gaussian(40, 9, 1.0, &mut rng));
    let close = |found: Array2<f64>, expected: Array2<f64>| {
        assert!(frobenius_norm((&found - &expected).view()) < 1e-12);
    };
    close(product(a.view(), b.view()), a.dot(&b));
    close(product(b.t(), a.t()), b.t().dot(&a.t()));
    let (rows, columns) = (a.slice(s![..;2, ..]), b.slice(s![.., ..;-1]));
    close(product(rows, columns), rows.dot(&columns));
    close(symmetric_product(a.view(), a.t()), a.dot(&a.t()));
    let full = gaussian(40, 40, 1.0, &mut rng);
    let lower = Array2::from_shape_fn((40, 40), |(i, j)| if j > i { 0.0 } else { full[[i, j]] });
    for rows in [0..40, 0..7, 11..40, 20..27, 5..5] {
        let found =
            lower_triangular_product(a.slice(s![.., rows.clone()]), full.view(), rows.clone());
        let expected =
            a.slice(s![.., rows.clone()]).dot(&lower.slice(s![rows.clone(), ..rows.end]));
        close(found, expected);
    }
    assert_eq!(product(Array2::zeros((0, 3)).view(), Array2::zeros((3, 2)).view()).dim(), (0, 2));
    let positive = full.dot(&full.t()) + 40.0 * Array2::<f64>::eye(40);
    let (white, _) = whitened(&positive, &full).unwrap();
    close(white.t().dot(&white), full.t().dot(&solve_positive_definite(&positive, &full).unwrap()));
}

fn reconstruct(f: &Svd) -> Array2<f64> {
    let k = f.s.len();
    (&f.u.slice(s![.., ..k]) * &f.s).dot(&f.v.slice(s![.., ..k]).t())
}

#[test]
fn svd_reconstructs_every_kind_of_matrix() {
    let mut rng = stream(0, Purpose::Task, 0);
    for (m, n) in [(1, 1), (1, 4), (4, 1), (3, 3), (10, 4), (4, 10), (40, 40)] {
        let g = gaussian(m, n, 1.0, &mut rng);
        let outer = g.slice(s![.., ..1]).dot(&g.slice(s![..1, ..]));
        let hilbert = Array2::from_shape_fn((m, n), |(i, j)| 1.0 / (1.0 + (i + j) as f64));
        for a in [g.clone(), outer, hilbert, Array2::zeros((m, n)), &g * 1e290, &g * 1e-290] {
            let f = svd(&a).unwrap();
            let norm = f.s[0].max(f64::MIN_POSITIVE);
            let bound = 30.0 * f64::EPSILON * m.max(n) as f64;
            assert!(frobenius_norm((&reconstruct(&f) - &a).view()) / norm <= bound);
            assert!(f.s.windows(2).into_iter().all(|w| w[0] >= w[1] && w[1] >= 0.0));
            for q in [&f.u, &f.v] {
                let gap = &q.t().dot(q) - &Array2::<f64>::eye(q.nrows());
                assert!(frobenius_norm(gap.view()) <= bound);
            }
        }
    }
}

#[test]
fn a_matrix_with_a_nan_is_refused_and_named() {
    let mut a = Array2::eye(4);
    a[[2, 1]] = f64::NAN;
    let text = svd(&a).unwrap_err().to_string();
    assert!(text.contains("row 3, column 2"), "{text}");
    assert!(eigh(&a).is_err());
}

#[test]
fn eigenvalues_come_largest_first() {
    let a = arr2(&[[2.0, 1.0], [1.0, 2.0]]);
    let (values, vectors) = eigh(&a).unwrap();
    approx::assert_abs_diff_eq!(values[0], 3.0, epsilon = 1e-14);
    let gap = &congruence(vectors.view(), &values) - &a;
    assert!(frobenius_norm(gap.view()) < 1e-14);
}

fn close(found: &[(f64, f64)], expected: &[(f64, f64)], gate: f64) {
    assert_eq!(found.len(), expected.len());
    for (x, y) in found.iter().zip(expected) {
        let gap = (x.0 - y.0).hypot(x.1 - y.1);
        assert!(gap < gate, "{found:?} for {expected:?}");
    }
}

#[test]
fn small_matrices_have_their_known_eigenvalues() {
    let found = eigenvalues(&arr2(&[[0.0, -2.0], [2.0, 0.0]])).unwrap();
    close(&found, &[(0.0, 2.0), (0.0, -2.0)], 1e-15);
    // Companion matrix of (x − 1)(x − 2)(x + 3)(x² + 1) = x⁵ − 6x³ + 6x² − 7x + 6.
    let mut c = Array2::zeros((5, 5));
    (1..5).for_each(|i| c[[i, i - 1]] = 1.0);
    for (j, x) in [0.0, 6.0, -6.0, 7.0, -6.0].into_iter().enumerate() {
        c[[0, j]] = x;
    }
    let expected = [(2.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (-3.0, 0.0)];
    close(&eigenvalues(&c).unwrap(), &expected, 1e-12);
    assert!(eigenvalues(&Array2::zeros((0, 0))).unwrap().is_empty());
    assert!(eigenvalues(&Array2::zeros((2, 3))).is_err());
}

#[test]
fn symmetric_matrices_agree_with_the_symmetric_solver() {
    for n in [1, 2, 3, 8, 30] {
        let a = gaussian(n, n, 1.0, &mut stream(n as u64, Purpose::Task, 0));
        let a = &a + &a.t();
        let expected: Vec<(f64, f64)> = eigh(&a).unwrap().0.iter().map(|x| (*x, 0.0)).collect();
        close(&eigenvalues(&a).unwrap(), &expected, 1e-12 * n as f64);
    }
}

#[test]
fn similar_matrices_have_the_eigenvalues_they_were_made_of() {
    let mut rng = stream(4, Purpose::Task, 0);
    for n in [4, 9, 24] {
        // Upper triangular with given diagonal and a rotating block, turned.
        let mut t = gaussian(n, n, 0.3, &mut rng);
        let diagonal = Array1::from_shape_fn(n, |i| 2.0 - i as f64);
        for i in 0..n {
            (0..i).for_each(|j| t[[i, j]] = 0.0);
            t[[i, i]] = diagonal[i];
        }
        (t[[1, 1]], t[[2, 2]], t[[1, 2]], t[[2, 1]]) = (0.5, 0.5, 0.7, -0.7);
        let q = orthogonal(n, &mut rng);
        let a = q.dot(&t).dot(&q.t());
        let mut expected: Vec<(f64, f64)> = diagonal.iter().map(|x| (*x, 0.0)).collect();
        (expected[1], expected[2]) = ((0.5, 0.7), (0.5, -0.7));
        expected.sort_by(|x, y| y.0.total_cmp(&x.0).then(y.1.total_cmp(&x.1)));
        close(&eigenvalues(&a).unwrap(), &expected, 1e-11);
    }
}

#[test]
fn clusters_of_nearly_equal_eigenvalues_are_separated_from_rounding() {
    let mut rng = stream(6, Purpose::Task, 0);
    for spacing in [1e-6, 1e-9, 1e-12, 1e-14, 0.0] {
        let q = orthogonal(12, &mut rng);
        let diagonal =
            Array1::from_shape_fn(12, |i| 1.0 / (1 + i / 4) as f64 + spacing * (i % 4) as f64);
        let a = (&q * &diagonal).dot(&q.t());
        let mut expected: Vec<(f64, f64)> = diagonal.iter().map(|x| (*x, 0.0)).collect();
        expected.sort_by(|x, y| y.0.total_cmp(&x.0));
        close(&eigenvalues(&a).unwrap(), &expected, 1e-13);
    }
}

#[test]
fn a_shift_of_coordinates_has_roots_of_unity_as_eigenvalues() {
    let n = 6;
    let a = Array2::from_shape_fn((n, n), |(i, j)| if (j + 1) % n == i { 1.0 } else { 0.0 });
    let found = eigenvalues(&a).unwrap();
    assert!(found.iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 1e-12), "{found:?}");
    assert!((found[0].0 - 1.0).abs() < 1e-12);
}

/// Smallest singular value of A − λ: how little A has to change for λ to be an eigenvalue.
fn change_that_is_needed(a: &Array2<f64>, (re, im): (f64, f64)) -> f64 {
    let n = a.nrows();
    let mut shifted = Array2::zeros((2 * n, 2 * n));
    let real = a - &(Array2::<f64>::eye(n) * re);
    shifted.slice_mut(s![..n, ..n]).assign(&real);
    shifted.slice_mut(s![n.., n..]).assign(&real);
    shifted.slice_mut(s![..n, n..]).diag_mut().fill(im);
    shifted.slice_mut(s![n.., ..n]).diag_mut().fill(-im);
    svd(&shifted).unwrap().s[2 * n - 1]
}

/// Matrices that are known to be hard, n × n.
fn hard_matrices(n: usize) -> Vec<(&'static str, Array2<f64>)> {
    let mut rng = stream(8, Purpose::Task, 0);
    let (g, q) = (gaussian(n, n, 1.0, &mut rng), orthogonal(n, &mut rng));
    let of = |f: &dyn Fn(usize, usize) -> f64| Array2::from_shape_fn((n, n), |(i, j)| f(i, j));
    let power = |x: f64| 10f64.powf(x / n as f64);
    let above = |i: usize, j: usize| f64::from(u8::from(j == i + 1));
    let jordan = of(&|i, j| if i == j { 1.0 } else { above(i, j) });
    let nearly = &jordan + &Array2::from_diag(&Array1::from_shape_fn(n, |i| 1e-10 * i as f64));
    let grcar = |i: usize, j: usize| if i == j + 1 { -1.0 } else { 1.0 };
    vec![
        ("Jordan, turned", q.dot(&jordan).dot(&q.t())),
        ("nearly defective", q.dot(&nearly).dot(&q.t())),
        ("Jordan", jordan),
        ("nilpotent", of(&|i, j| above(j, i))),
        ("of rank one", Array2::ones((n, n))),
        ("zero", Array2::zeros((n, n))),
        ("graded", of(&|i, j| g[[i, j]] * power(-5.0 * (i + j) as f64))),
        ("badly scaled", of(&|i, j| g[[i, j]] * power(10.0 * (i as f64 - j as f64)))),
        ("of far apart sizes", of(&|i, j| g[[i, j]] * power(150.0 * (i as f64 - j as f64)))),
        ("triangular", of(&|i, j| if i < j { 0.0 } else { g[[i, j]] })),
        ("antisymmetric", &g - &g.t()),
        ("orthogonal", q),
        ("Grcar", of(&|i, j| if i <= j + 1 && j <= i + 3 { grcar(i, j) } else { 0.0 })),
        ("Gaussian", g),
    ]
}

#[test]
fn eigenvalues_of_hard_matrices_are_those_of_matrices_that_differ_by_rounding() {
    for n in [1, 2, 3, 6, 12, 80] {
        for (name, a) in hard_matrices(n) {
            let found = eigenvalues(&a).unwrap();
            assert_eq!(found.len(), n);
            let gate = 1e-15 * (10 + n) as f64 * spectral_norm(&a).unwrap();
            // A dozen of many: each takes a decomposition.
            for value in found.iter().step_by(n.div_ceil(12)) {
                let change = change_that_is_needed(&a, *value);
                assert!(change <= gate, "{name}, {n}: {value:?}, {change:e} above {gate:e}");
            }
            let trace: f64 = found.iter().map(|(x, _)| x).sum();
            assert!((trace - a.diag().sum()).abs() <= n as f64 * gate, "{name}, {n}");
        }
    }
}

#[test]
fn eigenvalues_scale_with_the_matrix_as_far_as_numbers_reach() {
    for (name, a) in hard_matrices(7) {
        let plain = eigenvalues(&a).unwrap();
        let largest = a.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        for power in [-500, 500] {
            // Numbers of a matrix that spans 300 orders of magnitude vanish in it anyway.
            let factor = 2f64.powi(power) / largest.max(1.0).log2().floor().exp2();
            let found = eigenvalues(&(&a * factor)).unwrap();
            for (found, plain) in found.iter().zip(&plain) {
                let gap = (found.0 / factor - plain.0).hypot(found.1 / factor - plain.1);
                assert!(gap <= 1e-15 * largest, "{name}, 2^{power}: {found:?} for {plain:?}");
            }
        }
    }
}
