//! Random features, the hidden manifold and kernel regression against numbers from independent
//! software, `tests/reference/student_teacher.json`.

use serde_json::Value;
use solvable::generalization::HiddenManifold;
use solvable::generalization::KernelRegression;
use solvable::generalization::features::random_features::{Coefficients, bias_variance, relu};
use solvable::generalization::kernel::sphere::{Kernel, SphereSpectrum};

/// Gate for numbers that the reference found by bisection or by iteration to 1e-13.
const GATE: f64 = 1e-10;

fn cases(name: &str) -> Vec<Value> {
    let text = include_str!("reference/student_teacher.json");
    let file: Value = serde_json::from_str(text).expect("the reference file is JSON");
    file["cases"][name].as_array().unwrap_or_else(|| panic!("no cases {name}")).clone()
}

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| panic!("{v} is not a number"))
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    let gap = (found - expected).abs() / expected.abs().max(1e-3);
    assert!(gap <= GATE, "{what}: {found}, reference {expected}, relative gap {gap:.1e}");
}

/// The reference simulated finite systems: theory is within 4 standard errors and the bias that these
/// sizes have, which is stated beside each use.
#[track_caller]
fn assert_simulated(theory: f64, mean: f64, standard_error: f64, bias: f64, what: &str) {
    let allowed = 4.0 * standard_error + bias * theory;
    assert!(
        (theory - mean).abs() <= allowed,
        "{what}: {theory}, simulated {mean} ± {standard_error}"
    );
}

#[test]
fn random_features_have_the_errors_of_the_complex_fixed_point() {
    for case in cases("random_features") {
        let get = |name: &str| number(&case[name]);
        let found = bias_variance(get("psi1"), get("psi2"), get("lam"), &relu()).unwrap();
        let expected = &case["theory"];
        assert_close(found.bias, number(&expected["B"]), "bias");
        assert_close(found.variance, number(&expected["V"]), "variance");
        let error = found.test_error(get("F1sq"), 0.0, get("tau2"));
        assert_close(error, number(&expected["R"]), "test error");
        for (size, bias) in [("d30", 2.0 / 30.0), ("d100", 2.0 / 100.0)] {
            let run = &case["sim"][size];
            assert_simulated(error, number(&run["R"]), number(&run["se"]), bias, size);
        }
    }
}

#[test]
fn the_hidden_manifold_has_the_errors_of_the_iterated_equations() {
    for case in cases("hidden_manifold") {
        let get = |name: &str| number(&case[name]);
        let model = HiddenManifold {
            examples: get("alpha"),
            latent: get("gamma"),
            ridge: get("lam"),
            signal: get("rho"),
            noise: get("Delta"),
            activation: Coefficients::of(erf),
        };
        let found = model.solve().unwrap();
        let expected = &case["theory"];
        assert_close(found.student, number(&expected["Q"]), "Q");
        assert_close(found.teacher, number(&expected["M"]), "M");
        assert_close(found.test_error, number(&expected["gen"]), "test error");
        assert_close(found.training_error, number(&expected["train"]), "training error");
        let run = &case["sim"];
        let bias = 5.0 / number(&run["p"]);
        let (mean, error) = (number(&run["gen"]), number(&run["gen_se"]));
        assert_simulated(found.test_error, mean, error, bias, "test error");
        let (mean, error) = (number(&run["train"]), number(&run["train_se"]));
        assert_simulated(found.training_error, mean, error, bias, "training error");
    }
}

/// erf(x), from the activation erf(x/√2).
fn erf(x: f64) -> f64 {
    solvable::net::Nonlinearity::ERF_SQRT2.value(x * 2f64.sqrt())
}

#[test]
fn kernel_regression_on_the_sphere_has_the_spectrum_and_the_errors_of_the_reference() {
    for case in cases("kernel") {
        let get = |name: &str| number(&case[name]);
        // The reference's arc-cosine kernel has k(1) = 1/2.
        let kernel = |angle: f64| 0.5 * Kernel::Network { depth: 1 }.at_angle(angle);
        let spectrum = SphereSpectrum::of(kernel, get("D") as usize, 40).unwrap();
        for (found, expected) in spectrum.eigenvalues.iter().zip(case["eigs"].as_array().unwrap()) {
            assert!((found - number(expected)).abs() < 1e-14, "{found}, reference {expected}");
        }
        let powers = [0.0, get("c1").powi(2), get("c2").powi(2)];
        let model =
            KernelRegression::on_sphere(&spectrum, &powers, get("ridge"), get("se2")).unwrap();
        let complete = model.learn(&[get("p")]).unwrap()[0];
        // The reference drops eigenvalues below 1e-14 and what they add up to (2e-5).
        let listed = |l: &f64| if *l < 1e-14 { 0.0 } else { *l };
        let eigenvalues = model.eigenvalues.iter().map(listed).collect();
        let model = KernelRegression { remainder: 0.0, eigenvalues, ..model };
        let found = model.learn(&[get("p")]).unwrap()[0];
        assert!((complete.test_error / found.test_error - 1.0).abs() < 1e-3);
        let close = assert_close;
        close(found.effective.kappa * get("p"), get("kappa"), "effective ridge");
        close(1.0 - found.effective.stability, get("gamma"), "γ");
        close(found.test_error, get("test"), "test error");
        let shares = model.learned_shares(&found);
        for (degree, name) in [(1, "E1"), (2, "E2")] {
            let error = powers[degree] * (1.0 - shares[degree]).powi(2) / found.effective.stability;
            close(error, get(name), name);
        }
        let run = &case["sim"];
        let bias = 1.0 / get("p");
        assert_simulated(
            found.test_error,
            number(&run["test"]),
            number(&run["se"]),
            bias,
            "test error",
        );
    }
}
