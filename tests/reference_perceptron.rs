//! Numbers from independent software: perceptron learning, the Ising perceptron and message passing
//! against `tests/reference/student_teacher.json`.
//!
//! The file solved its equations to 1e-10 or better; simulations have their standard error beside them.

use serde_json::Value;
use solvable::generalization::perceptron::ising::{
    annealed_transition, binary_capacity, gardner_capacity, high_temperature_transition, quenched,
    quenched_transition,
};
use solvable::generalization::perceptron::message_passing::{Channel, Inference, Prior};
use solvable::generalization::perceptron::rules::{gibbs, hebb, maximum_margin, pseudo_inverse};

fn cases() -> Value {
    let text = include_str!("reference/student_teacher.json");
    let mut file: Value = serde_json::from_str(text).expect("the reference file is JSON");
    file["cases"]["perceptron"].take()
}

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| panic!("{v} is not a number"))
}

#[track_caller]
fn assert_close(found: f64, expected: &Value, gate: f64, what: &str) {
    let expected = number(expected);
    let gap = (found - expected).abs();
    assert!(gap <= gate * expected.abs().max(1.0), "{what}: {found} against {expected}: {gap:.1e}");
}

#[test]
fn every_rule_has_its_error_at_every_load() {
    for case in cases()["curves"].as_array().unwrap() {
        let alpha = number(&case["alpha"]);
        let at = |what: &str| format!("{what} at α = {alpha}");
        let space = gibbs(alpha).unwrap();
        assert_close(space.overlap, &case["q_gibbs"], 1e-10, &at("q"));
        assert_close(space.gibbs_error, &case["eps_gibbs"], 1e-10, &at("Gibbs"));
        assert_close(space.bayes_error, &case["eps_bayes"], 1e-10, &at("Bayes"));
        assert_close(hebb(alpha).unwrap(), &case["eps_hebb"], 1e-14, &at("Hebb"));
        assert_close(
            pseudo_inverse(alpha).unwrap(),
            &case["eps_pinv"],
            1e-14,
            &at("least squares"),
        );
        let margin = maximum_margin(alpha).unwrap();
        assert_close(margin.overlap, &case["R_svm"], 1e-9, &at("R of the largest margin"));
        assert_close(margin.margin, &case["kappa_svm"], 1e-9, &at("largest margin"));
        assert_close(margin.error, &case["eps_svm"], 1e-9, &at("error of the largest margin"));
    }
}

/// The file is accurate to 1e-4 here (its adaptive quadrature misses part of a narrow step); 25-digit
/// arithmetic gives the numbers beside it.
#[test]
fn errors_fall_as_their_powers_of_the_load() {
    let large = &cases()["large_alpha"];
    let alpha = number(&large["alpha"]);
    let space = gibbs(alpha).unwrap();
    let margin = maximum_margin(alpha).unwrap().error;
    for (name, found, exact) in [
        ("gibbs", space.gibbs_error, 0.624_652_134_610_238_7),
        ("bayes", space.bayes_error, 0.441_696_203_231_589_2),
        ("svm", margin, 0.500_483_321_335_785_7),
    ] {
        assert_close(alpha * found, &large[name], 1e-4, name);
        assert!((alpha * found / exact - 1.0).abs() < 1e-11, "{name}: {}", alpha * found);
    }
}

/// The file found the two simpler transitions by minimizing, which fixes loads to 1e-9 and overlaps only
/// to the root of that; for them there are 25-digit numbers.
#[test]
fn the_ising_perceptron_jumps_where_three_theories_say() {
    let ising = &cases()["ising"];
    let quenched_found = quenched_transition().unwrap();
    let found = [
        ("highT", high_temperature_transition().unwrap(), 1e-9, 2e-5),
        ("annealed", annealed_transition().unwrap(), 1e-9, 2e-5),
        ("quenched", quenched_found, 1e-11, 1e-10),
    ];
    for (name, transition, load_gate, overlap_gate) in found {
        let load = if name == "highT" { "highT_alpha_t".into() } else { format!("{name}_t") };
        assert_close(transition.load, &ising[load], load_gate, name);
        assert_close(transition.overlap, &ising[format!("{name}_R")], overlap_gate, name);
        assert_close(transition.spinodal, &ising[format!("{name}_spinodal")], load_gate, name);
        let end = &ising[format!("{name}_spin_R")];
        if !end.is_null() {
            // A maximum fixes its place only to the root of its accuracy.
            assert_close(transition.spinodal_overlap, end, 1e-6, name);
        }
    }
    for (transition, load, overlap) in [
        (found[0].1, 1.695_932_643_068_068, 0.580_236_969_407_714_9),
        (found[1].1, 1.447_966_439_968_958_2, 0.697_589_246_418_044_4),
    ] {
        assert!(
            (transition.load - load).abs() < 1e-13 && (transition.overlap - overlap).abs() < 1e-12
        );
    }
    assert!((quenched_found.load - 1.244_683_989_9).abs() < 1e-10);
    for row in ising["table"].as_array().unwrap() {
        let state = quenched(number(&row["alpha"])).unwrap().expect("below the spinodal");
        assert_close(state.overlap, &row["R"], 1e-9, "R");
        assert_close(state.entropy, &row["s"], 1e-9, "entropy");
    }
}

#[test]
fn capacities_are_those_of_the_literature() {
    for case in cases()["gardner"].as_array().unwrap() {
        let found = gardner_capacity(number(&case["kappa"])).unwrap();
        assert_close(found, &case["alpha_c"], 1e-13, "Gardner");
    }
    let (alpha, q) = binary_capacity().unwrap();
    let expected = &cases()["krauth_mezard"];
    assert_close(alpha, &expected["alpha"], 1e-9, "binary capacity");
    assert_close(q, &expected["q"], 1e-9, "its overlap");
}

#[test]
fn message_passing_ends_where_state_evolution_does() {
    for case in cases()["amp"].as_array().unwrap() {
        let prior = if case["prior"] == "ising" { Prior::Ising } else { Prior::Gaussian };
        let alpha = number(&case["alpha"]);
        let inference = Inference { prior, channel: Channel::Sign, alpha };
        let q = inference.fixed_point().unwrap();
        assert_close(q.sqrt(), &case["theory"], 1e-7, "overlap of the estimate");
    }
    for (name, case) in cases()["amp_more"].as_object().unwrap() {
        let parts: Vec<&str> = name.split('_').collect();
        let prior = if parts[0] == "ising" { Prior::Ising } else { Prior::Gaussian };
        let alpha = parts[1].parse().unwrap();
        let q = Inference { prior, channel: Channel::Sign, alpha }.fixed_point().unwrap();
        let gap = (q.sqrt() - number(&case["mean"])).abs();
        assert!(gap < 4.0 * number(&case["se"]), "{name}: {gap}");
    }
}
