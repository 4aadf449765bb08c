//! Online learning of a teacher against numbers from independent software,
//! `tests/reference/online.json`.

use ndarray::{Array1, Array2};
use serde_json::Value;
use solvable::net::Nonlinearity;
use solvable::student_teacher::OrderParameters;
use solvable::student_teacher::averages::Fields;
use solvable::student_teacher::flow::stationary::{linear_units, settle, small_rate};
use solvable::student_teacher::flow::{Learning, generalization_error, solve};

fn cases(name: &str) -> Value {
    let text = include_str!("reference/online.json");
    let file: Value = serde_json::from_str(text).expect("the reference file is JSON");
    file["cases"][name].clone()
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

fn activation(v: &Value) -> Nonlinearity {
    match v.as_str() {
        Some("erf") => Nonlinearity::ERF_SQRT2,
        Some("relu") => Nonlinearity::RELU,
        Some("lin") => Nonlinearity::Linear,
        other => panic!("{other:?} is no activation"),
    }
}

fn error(activation: Nonlinearity, state: &OrderParameters) -> f64 {
    let c: Vec<f64> = state.covariance().iter().copied().collect();
    generalization_error(activation, &c, &state.signed_readouts())
}

#[test]
fn gaussian_averages() {
    let case = cases("integrals");
    let c: Vec<f64> = matrix(&case["C"]).iter().copied().collect();
    let fields = Fields::new(&c, 4);
    let mut compared = 0;
    for name in ["erf", "relu", "lin"] {
        let g = activation(&Value::from(name));
        for (key, expected) in case[name].as_object().expect("named integrals") {
            let Some((integral, labels)) = key.split_once('_') else { continue };
            let at: Vec<usize> = labels.bytes().map(|label| usize::from(label - b'1')).collect();
            let found = match integral {
                "I2" => fields.i2(g, at[0], at[1]),
                "J2" => fields.j2(g, at[0], at[1]),
                "I3" => fields.i3(g, at[0], at[1], at[2]),
                "I4" => fields.i4(g, at[0], at[1], at[2], at[3]),
                other => panic!("{other} is no integral"),
            };
            let gap = (found - number(expected)).abs();
            assert!(gap < 1e-13, "{name} {key}: {found} differs by {gap:.1e}");
            compared += 1;
        }
    }
    assert_eq!(compared, 27);
}

/// Either side integrates to 1e-9 or better; errors near zero are differences of numbers near one. The
/// file's ReLU averages lose digits there: at t = 400 its overlaps are within 1e-7 of the teacher's, of which
/// the square should be left, but it has 2e-11 (2e-9 with readouts trained).
#[test]
fn order_parameters_over_time() {
    for case in cases("ode").as_array().expect("cases") {
        let g = activation(&case["act"]);
        let q = matrix(&case["Q0"]);
        let start = OrderParameters {
            t: Array2::eye(2),
            r: matrix(&case["R0"]),
            v: Array1::from(vector(&case["v0"])),
            teacher_readout: Array1::from(vector(&case["vstar"])),
            q,
        };
        let learning = Learning {
            rate: number(&case["eta"]),
            readout_rate: number(&case["etav"]),
            noise: number(&case["sigma"]),
        };
        let points = case["traj"].as_array().expect("a trajectory");
        let times: Vec<f64> = points.iter().map(|p| number(&p["t"])).collect();
        let states = solve(g, &learning, &start, &times).unwrap();
        for ((point, state), t) in points.iter().zip(&states).zip(&times) {
            let what = format!("{g}, readouts {}, t = {t}", learning.readout_rate);
            let gap = |found: &Array2<f64>, name: &str| {
                (found - &matrix(&point[name])).iter().fold(0.0f64, |m, x| m.max(x.abs()))
            };
            let v = &state.v - &Array1::from(vector(&point["v"]));
            let worst =
                v.iter().fold(gap(&state.q, "Q").max(gap(&state.r, "R")), |m, x| m.max(x.abs()));
            let digits = if g == Nonlinearity::RELU { 2e-8 } else { 1e-9 };
            assert!(worst < digits, "{what}: overlaps differ by {worst:.1e}");
            let (found, expected) = (error(g, state), number(&point["eps"]));
            let gap = (found - expected).abs();
            let rounding = if g == Nonlinearity::RELU { 2e-9 } else { 1e-12 };
            assert!(gap < 1e-6 * expected + rounding, "{what}: {found:e} for {expected:e}");
            if g == Nonlinearity::ERF_SQRT2 {
                // Down to rounding the rest must be followed in its own proportion.
                assert!(gap < 0.01 * expected + 2e-15, "{what}: {found:e} for {expected:e}");
            }
        }
    }
}

fn list(name: &str) -> Vec<Value> {
    cases(name).as_array().expect("cases").clone()
}

fn count(v: &Value) -> usize {
    usize::try_from(v.as_u64().expect("a count")).expect("a small count")
}

/// M orthogonal teachers of unit length, `copies` students for each and `spare` more without weights.
fn solution(m: &Value, copies: usize, spare: usize) -> OrderParameters {
    let m = count(m);
    let ones = Array1::ones(m);
    OrderParameters::solution(&Array2::eye(m), &ones, &vec![copies; m], spare, 1.0).unwrap()
}

#[track_caller]
fn assert_ratio(found: f64, expected: &Value, gate: f64) {
    let ratio = found / number(expected);
    assert!((ratio - 1.0).abs() < gate, "{found:e} is {ratio} times {expected}");
}

/// The file's runs have a fixed horizon. Where rates are small (erf, η = 0.05, three units) they are 1 % from
/// their end; with two superfluous units there is no end, and 0.1 % is a matter of when one looks; two copies of a
/// unit take longer than t = 2e5 to share their work, at 2e4 the error is still 6 % higher.
#[test]
fn stationary_errors() {
    for case in list("erf_stationary") {
        let (rate, noise) = (number(&case["eta"]), number(&case["sigma"]));
        let learning = Learning { rate, readout_rate: 0.0, noise };
        let spare = count(&case["L"]);
        let start = solution(&case["M"], 1, spare);
        let end = settle(Nonlinearity::ERF_SQRT2, &learning, &start).unwrap();
        let gate = if rate < 0.1 {
            1e-2
        } else if spare > 1 {
            1e-3
        } else {
            1e-8
        };
        assert_ratio(end.error, &case["eps"], gate);
        let law = small_rate(Nonlinearity::ERF_SQRT2, &learning, &start).unwrap();
        assert_ratio(law, &case["small_eta"], 1e-12);
    }
    for case in list("lin_stationary") {
        let (rate, noise) = (number(&case["eta"]), number(&case["sigma"]));
        let learning = Learning { rate, readout_rate: 0.0, noise };
        let start = solution(&case["M"], 1, count(&case["L"]));
        let end = settle(Nonlinearity::Linear, &learning, &start).unwrap();
        assert_ratio(end.error, &case["eps"], 1e-9);
        let exact = linear_units(&learning, start.v.len() as f64).unwrap();
        assert_ratio(exact, &case["formula"], 1e-12);
    }
    for case in list("erf_both_stationary") {
        let (rate, noise) = (number(&case["eta"]), number(&case["sigma"]));
        let learning = Learning { rate, readout_rate: rate, noise };
        let start = solution(&case["M"], count(&case["copies"]), 0);
        let end = settle(Nonlinearity::ERF_SQRT2, &learning, &start).unwrap();
        let gate = [1e-8, 0.07, 0.02][count(&case["copies"]) - 1];
        assert_ratio(end.error, &case["eps"], gate);
        let law = small_rate(Nonlinearity::ERF_SQRT2, &learning, &start).unwrap();
        assert_ratio(law, &case["small_eta"], 1e-12);
        for (v, expected) in end.state.v.iter().zip(vector(&case["v"])) {
            assert!((v / expected - 1.0).abs() < 1e-5, "{v} for {expected}");
        }
    }
    let case = cases("relu_stationary");
    let (rate, noise) = (number(&case["eta"]), number(&case["sigma"]));
    let learning = Learning { rate, readout_rate: 0.0, noise };
    let start = solution(&case["M"], 1, count(&case["L"]));
    let end = settle(Nonlinearity::RELU, &learning, &start).unwrap();
    assert_ratio(end.error, &case["eps"], 1e-4);
    assert_ratio(
        small_rate(Nonlinearity::RELU, &learning, &start).unwrap(),
        &case["small_eta"],
        1e-12,
    );
}
