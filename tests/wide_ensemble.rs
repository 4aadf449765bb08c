//! The four gates of a theory of training, for every dynamics: the start, the end, many times at once,
//! and going on after a stop. And: descent in function space, sampled starts, and what is refused.

use ndarray::{Array1, Array2, Axis, s};
use solvable::Error;
use solvable::math::linalg::{eigh, frobenius_norm, solve_positive_definite};
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::wide::TrainedEnsemble;
use solvable::wide::ensemble::test_points::TestPoints;
use solvable::wide::ensemble::training::{Dynamics, Training};

/// Kernels of n training and m test inputs that could be those of a network: K and Θ − K are
/// Gram matrices of features.
struct Kernels {
    nngp: Array2<f64>,
    ntk: Array2<f64>,
    cross_nngp: Array2<f64>,
    cross_ntk: Array2<f64>,
    prior: Array2<f64>,
    targets: Array2<f64>,
}

fn kernels(n: usize, m: usize, seed: u64) -> Kernels {
    let mut rng = stream(seed, Purpose::Task, 0);
    let (x, z) = (gaussian(n, 3, 1.0, &mut rng), gaussian(m, 3, 1.0, &mut rng));
    let k = |a: &Array2<f64>, b: &Array2<f64>| a.dot(&b.t()).mapv(|q| (0.3 * q).exp());
    let t = |a: &Array2<f64>, b: &Array2<f64>| {
        a.dot(&b.t()).mapv(|q| (0.3 * q).exp() * (1.5 + 0.3 * q))
    };
    Kernels {
        nngp: k(&x, &x),
        ntk: t(&x, &x),
        cross_nngp: k(&z, &x),
        cross_ntk: t(&z, &x),
        prior: k(&z, &z),
        targets: gaussian(n, 2, 1.0, &mut rng),
    }
}

impl Kernels {
    fn ensemble(&self, training: Training) -> TrainedEnsemble {
        TrainedEnsemble::new(&self.nngp, &self.ntk, &self.targets, training).unwrap()
    }

    fn test<'a>(&self, ensemble: &'a TrainedEnsemble) -> TestPoints<'a> {
        let prior = self.prior.diag().to_owned();
        ensemble.test_points(&self.cross_nngp, &self.cross_ntk, &prior).unwrap()
    }
}

fn gap(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    frobenius_norm((a - b).view()) / frobenius_norm(b.view()).max(1.0)
}

/// Every way to train that the smallest kernel here allows.
fn trainings(kernels: &Kernels) -> Vec<Training> {
    let rate = 0.4 * kernels.ensemble(Training::steps(1e-9)).max_learning_rate();
    let heavy = Dynamics::HeavyBall { momentum: 0.8 };
    let flow = Dynamics::MomentumFlow { momentum: 0.8 };
    let plain = Training::flow(rate);
    vec![
        plain,
        Training::steps(rate),
        Training { dynamics: heavy, ..plain },
        Training { dynamics: flow, ..plain },
        Training { ridge: 0.05, ..plain },
        Training { ridge: 0.05, target_noise: 0.05, ..Training::steps(rate) },
        Training { normalization: Some(1.0), ..Training::flow(rate / 20.0) },
    ]
}

#[test]
fn the_first_moment_is_the_start() {
    let kernels = kernels(10, 4, 1);
    let mut rng = stream(2, Purpose::Task, 0);
    let (start, test_start) = (gaussian(10, 2, 1.0, &mut rng), gaussian(4, 2, 1.0, &mut rng));
    for training in trainings(&kernels) {
        let ensemble = kernels.ensemble(training);
        let test = kernels.test(&ensemble);
        assert!(gap(&ensemble.training_outputs(&[0.0], &start).unwrap()[0], &start) < 1e-14);
        assert_eq!(test.outputs(&[0.0], &start, &test_start).unwrap()[0], test_start);
        assert!(gap(&ensemble.training_covariances(&[0.0]).unwrap()[0], &kernels.nngp) < 1e-13);
        assert_eq!(test.covariances(&[0.0], &kernels.prior).unwrap()[0], kernels.prior);
    }
}

#[test]
fn the_end_is_the_linear_solution() {
    let kernels = kernels(10, 4, 3);
    for training in trainings(&kernels) {
        let ensemble = kernels.ensemble(training);
        let test = kernels.test(&ensemble);
        let regular = &kernels.ntk + &(training.ridge * Array2::<f64>::eye(10));
        let solve = |b: &Array2<f64>| solve_positive_definite(&regular, b).unwrap();
        let a = solve(&kernels.cross_ntk.t().to_owned()).reversed_axes();
        let noisy = &kernels.nngp + &(training.target_noise * Array2::<f64>::eye(10));
        let cross = a.dot(&kernels.cross_nngp.t());
        let covariance = &kernels.prior + &a.dot(&noisy).dot(&a.t()) - &cross - cross.t();
        for time in [f64::INFINITY, 1e12] {
            assert!(gap(&test.means(&[time]).unwrap()[0], &a.dot(&kernels.targets)) < 1e-10);
            let found = &test.covariances(&[time], &kernels.prior).unwrap()[0];
            assert!(gap(found, &covariance) < 1e-10, "{training:?}");
        }
        let found = &ensemble.training_means(&[f64::INFINITY]).unwrap()[0];
        let expected = kernels.ntk.dot(&solve(&kernels.targets));
        assert!(gap(found, &expected) < 1e-10);
    }
}

#[test]
fn many_times_at_once_are_one_by_one() {
    let kernels = kernels(30, 7, 5);
    // More times than are taken together, in no order.
    let mut times: Vec<f64> = (0..40).map(|k| (1.6f64).powi(k).round()).collect();
    times.rotate_left(17);
    times.push(f64::INFINITY);
    times.push(0.0);
    for training in trainings(&kernels) {
        let ensemble = kernels.ensemble(training);
        let test = kernels.test(&ensemble);
        let together = (
            test.means(&times).unwrap(),
            test.covariances(&times, &kernels.prior).unwrap(),
            test.variances(&times).unwrap(),
            ensemble.training_covariances(&times).unwrap(),
            ensemble.training_variances(&times).unwrap(),
        );
        for (k, time) in times.iter().enumerate() {
            let one = [*time];
            assert!(gap(&together.0[k], &test.means(&one).unwrap()[0]) < 1e-13);
            let covariance = &test.covariances(&one, &kernels.prior).unwrap()[0];
            assert!(gap(&together.1[k], covariance) < 1e-13, "{training:?} {time}");
            assert_eq!(together.1[k], together.1[k].t(), "symmetric to the last bit");
            let diagonal = covariance.diag().to_owned() - together.2.row(k);
            assert!(diagonal.iter().all(|d| d.abs() < 1e-13));
            let covariance = &ensemble.training_covariances(&one).unwrap()[0];
            // Late ones are tiny: their own size is the unit.
            let size = frobenius_norm(covariance.view());
            assert!(frobenius_norm((&together.3[k] - covariance).view()) <= 1e-12 * size);
            let diagonal = covariance.diag().to_owned() - together.4.row(k);
            assert!(diagonal.iter().all(|d| d.abs() <= 1e-12 * size));
        }
    }
}

#[test]
fn training_inputs_as_test_inputs_say_the_same() {
    let kernels = kernels(12, 1, 6);
    let times = [0.0, 3.0, 40.0, 700.0];
    for training in trainings(&kernels) {
        let ensemble = kernels.ensemble(training);
        let prior = kernels.nngp.diag().to_owned();
        let test = ensemble.test_points(&kernels.nngp, &kernels.ntk, &prior).unwrap();
        let pairs =
            test.means(&times).unwrap().into_iter().zip(ensemble.training_means(&times).unwrap());
        pairs.for_each(|(a, b)| assert!(gap(&a, &b) < 1e-12));
        let covariances = test.covariances(&times, &kernels.nngp).unwrap();
        for (a, b) in covariances.iter().zip(ensemble.training_covariances(&times).unwrap()) {
            assert!(gap(a, &b) < 1e-12, "{training:?}");
        }
        // The loss of the ensemble is that of its mean and of its variance.
        let losses = ensemble.expected_training_losses(&times).unwrap();
        let again = test.expected_losses(&times, &kernels.targets).unwrap();
        let unit = training.normalization.map_or(1.0, |n| 24.0 / n);
        for (a, b) in losses.iter().zip(again) {
            assert!((a - unit * b).abs() < 1e-12 * losses[0], "{training:?}: {a} {b}");
        }
    }
}

#[test]
fn stopping_and_going_on_is_going_on() {
    let kernels = kernels(9, 4, 7);
    let mut rng = stream(8, Purpose::Task, 0);
    let (start, test_start) = (gaussian(9, 2, 1.0, &mut rng), gaussian(4, 2, 1.0, &mut rng));
    // With a ridge the start pulls, with momentum there is a velocity.
    for training in &trainings(&kernels)[..2] {
        let ensemble = kernels.ensemble(*training);
        let test = kernels.test(&ensemble);
        let (first, second) = (25.0, 90.0);
        let there = ensemble.training_outputs(&[first], &start).unwrap().remove(0);
        let test_there = test.outputs(&[first], &start, &test_start).unwrap().remove(0);
        let resumed = test.outputs(&[second - first], &there, &test_there).unwrap();
        let straight = test.outputs(&[second], &start, &test_start).unwrap();
        assert!(gap(&resumed[0], &straight[0]) < 1e-12);
    }
}

#[test]
fn outputs_are_those_of_descent_in_function_space() {
    let kernels = kernels(9, 4, 9);
    let mut rng = stream(10, Purpose::Task, 0);
    let (start, test_start) = (gaussian(9, 2, 1.0, &mut rng), gaussian(4, 2, 1.0, &mut rng));
    let rate = 0.5 * kernels.ensemble(Training::steps(1e-9)).max_learning_rate();
    for (momentum, ridge) in [(0.0, 0.0), (0.0, 0.3), (0.8, 0.0), (0.8, 0.3)] {
        let dynamics = Dynamics::HeavyBall { momentum };
        let dynamics = if momentum == 0.0 { Dynamics::Steps } else { dynamics };
        let training = Training { dynamics, ridge, ..Training::flow(rate) };
        let ensemble = kernels.ensemble(training);
        let test = kernels.test(&ensemble);
        let mut shares = Array2::<f64>::zeros(start.dim());
        let mut change = shares.clone();
        for step in 1..=60 {
            let error = &start + &kernels.ntk.dot(&shares) - &kernels.targets;
            change = momentum * &change - rate / 18.0 * (error + ridge * &shares);
            shares += &change;
            let times = [f64::from(step)];
            let outputs = &start + &kernels.ntk.dot(&shares);
            let found = ensemble.training_outputs(&times, &start).unwrap();
            assert!(gap(&found[0], &outputs) < 1e-12, "{training:?} step {step}");
            let outputs = &test_start + &kernels.cross_ntk.dot(&shares);
            let found = test.outputs(&times, &start, &test_start).unwrap();
            assert!(gap(&found[0], &outputs) < 1e-12, "{training:?} step {step}");
        }
    }
}

#[test]
fn half_the_rate_halves_the_distance_from_the_flow() {
    let kernels = kernels(9, 4, 11);
    let rate = 0.2 * kernels.ensemble(Training::steps(1e-9)).max_learning_rate();
    let flow = kernels.ensemble(Training::flow(rate));
    let flow = kernels.test(&flow).means(&[64.0]).unwrap().remove(0);
    let distance = |halvings: i32| {
        let scale = 0.5f64.powi(halvings);
        let steps = kernels.ensemble(Training::steps(rate * scale));
        let means = kernels.test(&steps).means(&[64.0 / scale]).unwrap();
        frobenius_norm((&means[0] - &flow).view())
    };
    let ratio = distance(4) / distance(5);
    assert!((ratio - 2.0).abs() < 0.05, "{ratio}");
}

#[test]
fn variance_falls_and_a_vanishing_ridge_is_none() {
    let kernels = kernels(14, 6, 12);
    let ensemble =
        TrainedEnsemble::last_layer(&kernels.nngp, &kernels.targets, Training::flow(1.0));
    let ensemble = ensemble.unwrap();
    let prior = kernels.prior.diag().to_owned();
    let test = ensemble.test_points(&kernels.cross_nngp, &kernels.cross_nngp, &prior).unwrap();
    let times: Vec<f64> = (0..60).map(|k| 1.4f64.powi(k) - 1.0).collect();
    let variances = test.variances(&times).unwrap();
    // Θ = K: a network knows more and more. (With all layers it may know less for a while.)
    for (before, after) in variances.rows().into_iter().zip(variances.rows().into_iter().skip(1)) {
        assert!(before.iter().zip(after).all(|(b, a)| *a <= b + 1e-13));
    }
    let gap_of = |ridge: f64| {
        let training = Training { ridge, ..Training::flow(1.0) };
        let regular = kernels.ensemble(training);
        let plain = kernels.ensemble(Training::flow(1.0));
        let end = [f64::INFINITY];
        gap(
            &kernels.test(&regular).means(&end).unwrap()[0],
            &kernels.test(&plain).means(&end).unwrap()[0],
        )
    };
    let (large, small) = (gap_of(1e-6), gap_of(1e-7));
    assert!(small > 0.0 && (large / small - 10.0).abs() < 0.1, "{large} {small}");
}

#[test]
fn covariances_are_those_of_sampled_starts() {
    // Networks drawn from the process, each trained: the covariance of S of them has the standard
    // error √((cᵢⱼ² + cᵢᵢcⱼⱼ)/S), the mean √(cᵢᵢ/S).
    let kernels = kernels(6, 3, 13);
    let joint = ndarray::concatenate![
        Axis(0),
        ndarray::concatenate![Axis(1), kernels.nngp, kernels.cross_nngp.t()],
        ndarray::concatenate![Axis(1), kernels.cross_nngp, kernels.prior]
    ];
    let (values, vectors) = eigh(&joint).unwrap();
    let root = &vectors * &values.mapv(|w| w.max(0.0).sqrt());
    let ensemble = kernels.ensemble(Training::flow(2.0));
    let test = kernels.test(&ensemble);
    let (times, runs) = ([1.0, 8.0, 300.0], 4000u32);
    let means = test.means(&times).unwrap();
    let covariances = test.covariances(&times, &kernels.prior).unwrap();
    let mut sums = vec![(Array1::<f64>::zeros(3), Array2::<f64>::zeros((3, 3))); 3];
    for run in 0..runs {
        let draw = root.dot(&gaussian(9, 2, 1.0, &mut stream(1, Purpose::InitialWeights, run)));
        let (start, test_start) = (draw.slice(s![..6, ..]), draw.slice(s![6.., ..]));
        let outputs = test.outputs(&times, &start.to_owned(), &test_start.to_owned()).unwrap();
        for ((sum, squares), (f, mean)) in sums.iter_mut().zip(outputs.iter().zip(&means)) {
            let f = (f - mean).column(0).to_owned().insert_axis(Axis(1));
            *sum += &f.column(0);
            *squares += &f.dot(&f.t());
        }
    }
    let runs = f64::from(runs);
    for ((sum, squares), c) in sums.iter().zip(&covariances) {
        for i in 0..3 {
            assert!((sum[i] / runs).abs() < 4.0 * (c[[i, i]] / runs).sqrt());
            for j in 0..3 {
                let error = ((c[[i, j]].powi(2) + c[[i, i]] * c[[j, j]]) / runs).sqrt();
                assert!((squares[[i, j]] / runs - c[[i, j]]).abs() < 4.0 * error);
            }
        }
    }
}

#[test]
fn equal_inputs_are_named_where_they_matter() {
    let mut kernels = kernels(8, 3, 14);
    for k in [&mut kernels.nngp, &mut kernels.ntk] {
        let row = k.row(2).to_owned();
        k.row_mut(5).assign(&row);
        k.column_mut(5).assign(&row);
        k[[5, 5]] = row[2];
    }
    for k in [&mut kernels.cross_nngp, &mut kernels.cross_ntk] {
        let column = k.column(2).to_owned();
        k.column_mut(5).assign(&column);
    }
    let ensemble = kernels.ensemble(Training::flow(1.0));
    assert_eq!(ensemble.equal_inputs(), Some((2, 5)));
    let test = kernels.test(&ensemble);
    // A finite time is no problem: nothing is learned of their difference.
    let means = ensemble.training_means(&[1e6]).unwrap();
    let middle = 0.5 * (kernels.targets[[2, 0]] + kernels.targets[[5, 0]]);
    assert!((means[0][[2, 0]] - middle).abs() < 1e-6);
    let text = test.means(&[f64::INFINITY]).unwrap_err().to_string();
    for word in ["examples 3 and 6", "same input", "ridge", "finite time"] {
        assert!(text.contains(word), "{text}");
    }
    let regular = kernels.ensemble(Training { ridge: 1e-4, ..Training::flow(1.0) });
    assert!(kernels.test(&regular).variances(&[f64::INFINITY]).is_ok());
}

#[test]
fn kernels_that_do_not_belong_together_are_refused() {
    let kernels = kernels(8, 3, 15);
    let ensemble = kernels.ensemble(Training::flow(1.0));
    let prior = kernels.prior.diag().to_owned();
    // Rows and columns confused, and a prior of half its size.
    assert!(
        ensemble
            .test_points(&kernels.cross_nngp.t().to_owned(), &kernels.cross_ntk, &prior)
            .is_err()
    );
    let small =
        ensemble.test_points(&kernels.cross_nngp, &kernels.cross_ntk, &(0.1 * &prior)).unwrap();
    let text = small.variances(&[f64::INFINITY]).unwrap_err().to_string();
    assert!(text.contains("never negative") && text.contains("test input"), "{text}");
    assert!(ensemble.test_points(&kernels.cross_nngp, &kernels.cross_ntk, &-&prior).is_err());
    let targets = Array2::zeros((7, 1));
    let wrong = TrainedEnsemble::new(&kernels.nngp, &kernels.ntk, &targets, Training::flow(1.0));
    assert!(matches!(wrong, Err(Error::Shape { .. })));
    let test = kernels.test(&ensemble);
    assert!(test.covariances(&[1.0], &(2.0 * &kernels.prior)).is_err());
    assert!(test.outputs(&[1.0], &Array2::zeros((8, 1)), &Array2::zeros((3, 2))).is_err());
}
