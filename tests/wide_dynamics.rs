//! Training dynamics of wide networks against `tests/reference/wide_dynamics.json`.
//!
//! The file's first field says where its numbers come from, and how accurate they are: 1e-12 of the
//! largest entry, but for what it integrated numerically.

use ndarray::{Array1, Array2};
use serde_json::Value;
use solvable::math::linalg::eigh;
use solvable::wide::Posterior;
use solvable::wide::TrainedEnsemble;
use solvable::wide::ensemble::cross_entropy::CrossEntropy;
use solvable::wide::ensemble::training::{Dynamics, Training};

const GATE: f64 = 1e-12;

fn file() -> Value {
    serde_json::from_str(include_str!("reference/wide_dynamics.json")).expect("JSON")
}

fn vector(v: &Value) -> Vec<f64> {
    v.as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn matrix(v: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = v.as_array().expect("a matrix").iter().map(vector).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

fn matrices(v: &Value) -> Vec<Array2<f64>> {
    v.as_array().expect("matrices").iter().map(matrix).collect()
}

#[track_caller]
fn assert_close(found: &[Array2<f64>], expected: &[Array2<f64>], gate: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().flatten().fold(0.0f64, |m, x| m.max(x.abs()));
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        let gap = (a - b).iter().fold(0.0f64, |m, x| m.max(x.abs()));
        assert!(gap <= gate * largest, "{what}, entry {k}: differs by {gap:.2e} of {largest:.2e}");
    }
}

struct Case {
    file: Value,
    nngp: Array2<f64>,
    ntk: Array2<f64>,
    cross_nngp: Array2<f64>,
    cross_ntk: Array2<f64>,
    prior: Array2<f64>,
    targets: Array2<f64>,
    times: Vec<f64>,
    flow: Training,
}

impl Case {
    fn read() -> Self {
        let file = file();
        let kernel = |name: &str| matrix(&file["kernels"][name]);
        Self {
            nngp: kernel("nngp"),
            ntk: kernel("ntk"),
            cross_nngp: kernel("cross_nngp"),
            cross_ntk: kernel("cross_ntk"),
            prior: kernel("prior"),
            targets: matrix(&file["y"]),
            times: vector(&file["t"]),
            flow: Training::flow(file["lr"].as_f64().expect("a rate")),
            file,
        }
    }

    fn start(&self) -> (Array2<f64>, Array2<f64>) {
        (matrix(&self.file["f0_train"]), matrix(&self.file["f0_test"]))
    }

    /// 0.01 of the mean eigenvalue.
    fn relative_ridge(kernel: &Array2<f64>) -> f64 {
        0.01 * kernel.diag().sum() / kernel.nrows() as f64
    }

    /// Means and covariances at the file's times and at the end.
    fn check(&self, name: &str, ensemble: &TrainedEnsemble, cross_ntk: &Array2<f64>) {
        let prior = self.prior.diag().to_owned();
        let test = ensemble.test_points(&self.cross_nngp, cross_ntk, &prior).unwrap();
        let expected = &self.file[name];
        assert_close(&test.means(&self.times).unwrap(), &matrices(&expected["mean"]), GATE, name);
        let covariances = test.covariances(&self.times, &self.prior).unwrap();
        assert_close(&covariances, &matrices(&expected["cov"]), GATE, name);
        let end = [f64::INFINITY];
        assert_close(&test.means(&end).unwrap(), &[matrix(&expected["mean_inf"])], GATE, name);
        let covariances = test.covariances(&end, &self.prior).unwrap();
        assert_close(&covariances, &[matrix(&expected["cov_inf"])], GATE, name);
    }
}

#[test]
fn a_network_with_given_start() {
    let case = Case::read();
    let ensemble = TrainedEnsemble::new(&case.nngp, &case.ntk, &case.targets, case.flow).unwrap();
    let (start, test_start) = case.start();
    let found = ensemble.training_outputs(&case.times, &start).unwrap();
    assert_close(&found, &matrices(&case.file["mse_train"]), GATE, "training outputs");
    let prior = case.prior.diag().to_owned();
    let test = ensemble.test_points(&case.cross_nngp, &case.cross_ntk, &prior).unwrap();
    let found = test.outputs(&case.times, &start, &test_start).unwrap();
    assert_close(&found, &matrices(&case.file["mse_test"]), GATE, "test outputs");
}

#[test]
fn the_ensemble_of_networks_all_of_whose_layers_are_trained() {
    let case = Case::read();
    let ridge = Case::relative_ridge(&case.ntk);
    for (name, training) in [
        ("ensemble_ntk_noreg", case.flow),
        ("ensemble_ntk_diag_reg_0.01_relative", Training { ridge, ..case.flow }),
    ] {
        let ensemble =
            TrainedEnsemble::new(&case.nngp, &case.ntk, &case.targets, training).unwrap();
        case.check(name, &ensemble, &case.cross_ntk);
    }
    let ensemble = TrainedEnsemble::new(&case.nngp, &case.ntk, &case.targets, case.flow).unwrap();
    let expected = &case.file["ensemble_ntk_train"];
    let found = ensemble.training_means(&case.times).unwrap();
    assert_close(&found, &matrices(&expected["mean"]), GATE, "training means");
    let found = ensemble.training_covariances(&case.times).unwrap();
    assert_close(&found, &matrices(&expected["cov"]), GATE, "training covariances");
}

#[test]
fn the_ensemble_of_networks_whose_last_layer_is_trained() {
    let case = Case::read();
    // What neural-tangents calls the regularized NNGP dynamics is that of networks that see targets
    // with as much noise as ridge: it ends in the posterior.
    let ridge = Case::relative_ridge(&case.nngp);
    for (name, ridge) in
        [("ensemble_nngp_noreg", 0.0), ("ensemble_nngp_diag_reg_0.01_relative", ridge)]
    {
        let training = Training { ridge, target_noise: ridge, ..case.flow };
        let ensemble = TrainedEnsemble::last_layer(&case.nngp, &case.targets, training).unwrap();
        case.check(name, &ensemble, &case.cross_nngp);
        let posterior = Posterior::new(&case.nngp, &case.targets, ridge).unwrap();
        let found = posterior.predict(&case.cross_nngp, &case.prior).unwrap();
        let expected = &case.file[name];
        assert_close(&[found.mean], &[matrix(&expected["mean_inf"])], GATE, name);
        assert_close(&[found.covariance], &[matrix(&expected["cov_inf"])], GATE, name);
    }
}

#[test]
fn momentum_and_cross_entropy_to_the_accuracy_of_the_integrator() {
    let case = Case::read();
    let (start, test_start) = case.start();
    let prior = case.prior.diag().to_owned();
    let expected = &case.file["momentum0.8_cont"];
    let (times, gate) = (vector(&expected["t"]), expected["tol"].as_f64().unwrap());
    let dynamics = Dynamics::MomentumFlow { momentum: 0.8 };
    let training = Training { dynamics, ..case.flow };
    let ensemble = TrainedEnsemble::new(&case.nngp, &case.ntk, &case.targets, training).unwrap();
    let found = ensemble.training_outputs(&times, &start).unwrap();
    assert_close(&found, &matrices(&expected["train"]), gate, "momentum, training");
    let test = ensemble.test_points(&case.cross_nngp, &case.cross_ntk, &prior).unwrap();
    let found = test.outputs(&times, &start, &test_start).unwrap();
    assert_close(&found, &matrices(&expected["test"]), gate, "momentum, test");

    let expected = &case.file["xent_mean_over_all_entries"];
    let (times, gate) = (vector(&expected["t"]), expected["tol"].as_f64().unwrap());
    let labels = matrix(&expected["labels"]);
    let problem = CrossEntropy {
        ntk: case.ntk.clone(),
        start,
        normalization: Some(labels.len() as f64),
        labels,
        rate: expected["lr"].as_f64().unwrap_or(case.flow.rate),
        ridge: 0.0,
    };
    let trained = problem.train(&times).unwrap();
    let found = trained.training_outputs();
    assert_close(&found, &matrices(&expected["train"]), gate, "cross-entropy, training");
    let found = trained.test_outputs(&case.cross_ntk, &test_start).unwrap();
    assert_close(&found, &matrices(&expected["test"]), gate, "cross-entropy, test");
}

#[test]
fn the_largest_rate_is_twice_n_over_the_largest_eigenvalue() {
    let case = Case::read();
    let largest = eigh(&case.ntk).unwrap().0[0];
    let steps = Training::steps(1e-3);
    let ensemble = TrainedEnsemble::new(&case.nngp, &case.ntk, &case.targets, steps).unwrap();
    let bound = 2.0 * 10.0 / largest;
    assert!((ensemble.max_learning_rate() / bound - 1.0).abs() < 1e-14);
    // Just below, the fastest mode oscillates and falls; just above, nothing is given.
    let start = Array2::zeros((5, 2));
    let below = Training::steps(bound * (1.0 - 1e-6));
    let ensemble = TrainedEnsemble::new(&case.nngp, &case.ntk, &case.targets, below).unwrap();
    let outputs = ensemble.training_outputs(&[10.0, 1e7], &start).unwrap();
    let error = |f: &Array2<f64>| (f - &case.targets).iter().map(|x| x * x).sum::<f64>();
    assert!(error(&outputs[1]) < 1e-6 * error(&outputs[0]));
    let above = Training::steps(bound * (1.0 + 1e-6));
    let refused = TrainedEnsemble::new(&case.nngp, &case.ntk, &case.targets, above).unwrap_err();
    assert!(refused.to_string().contains("learning rate"), "{refused}");
    let eigenvalues: &Array1<f64> = ensemble.eigenvalues();
    assert!(eigenvalues.windows(2).into_iter().all(|w| w[0] >= w[1]));
}
