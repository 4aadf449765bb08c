//! The contract that every learning curve on the list signs: theory has the values known at its
//! limits, and finite systems are as close to it as their size allows.

use solvable::contract::CurveCase;
use solvable::models::{all, curves};
use solvable::{Agreement, Solvable, Trajectory, check};

fn built(case: &CurveCase, size: usize) -> Box<dyn Solvable> {
    (case.model)(size).unwrap_or_else(|e| panic!("{}: {e}", case.name))
}

fn predicted(case: &CurveCase, grid: &[f64]) -> Trajectory {
    built(case, case.size).predict(grid).unwrap_or_else(|e| panic!("{}: {e}", case.name))
}

/// Runs a check of every curve and reports all that break it at once.
fn every_curve(check: impl Fn(&CurveCase, &mut Vec<String>)) {
    let mut broken = Vec::new();
    for case in curves() {
        let mut complaints = Vec::new();
        check(case, &mut complaints);
        broken.extend(complaints.into_iter().map(|text| format!("{}: {text}", case.name)));
    }
    assert!(broken.is_empty(), "the contract is broken:\n  {}", broken.join("\n  "));
}

fn describe(a: &Agreement) -> String {
    format!(
        "{}: gap {:.2e}, tolerance {:.2e}, range {:.2e} ({})",
        a.observable,
        a.max_gap,
        a.tolerance.unwrap_or(f64::NAN),
        a.range,
        a.reason
    )
}

#[test]
fn names_are_unique_and_curves_have_several_points_and_runs() {
    every_curve(|case, broken| {
        let same = curves().filter(|other| other.name == case.name).count();
        if same != 1 || all().any(|model| model.name == case.name) {
            broken.push("the name is taken".into());
        }
        if case.grid.len() < 4 || case.runs < 8 {
            broken.push("a curve needs four points and eight runs".into());
        }
    });
}

#[test]
fn predictions_have_the_values_known_at_their_limits() {
    every_curve(|case, broken| {
        for (at, expected) in (case.limits)() {
            let found = predicted(case, &[at]);
            assert_eq!(found.columns().len(), expected.len(), "{}", case.name);
            for ((name, value), expected) in found.columns().zip(expected) {
                if (value[0] - expected).abs() > case.limit_gap * expected.abs().max(1.0) {
                    broken.push(format!("{name} is {} at {at}, not {expected}", value[0]));
                }
            }
        }
    });
}

#[test]
fn predictions_do_not_depend_on_the_grid() {
    every_curve(|case, broken| {
        let all = predicted(case, case.grid);
        for (i, at) in case.grid.iter().enumerate() {
            let one = predicted(case, &[*at]);
            for ((name, x), (_, y)) in all.columns().zip(one.columns()) {
                if (x[i] - y[0]).abs() > 1e-10 * x[i].abs().max(1.0) {
                    broken.push(format!("{name} depends on the grid at {at}"));
                }
            }
        }
    });
}

#[test]
fn simulations_are_within_their_derived_tolerance_at_two_sizes() {
    every_curve(|case, broken| {
        for size in [case.size, 2 * case.size] {
            let model = built(case, size);
            let seeds: Vec<u64> = (0..case.runs).collect();
            for agreement in check(&*model, case.grid, &seeds).unwrap() {
                if !agreement.holds() {
                    broken.push(format!("size {size}: {}", describe(&agreement)));
                }
            }
        }
    });
}

#[test]
fn no_tolerance_is_empty_or_vacuous_and_the_bias_shrinks_with_size() {
    every_curve(|case, broken| {
        let prediction = predicted(case, case.grid);
        let biases = |size: usize| {
            let tolerance = built(case, size).tolerance(&prediction).unwrap();
            assert!(tolerance.gaps.iter().all(|gap| *gap <= 1e-6), "{}", case.name);
            tolerance.finite_size.expect("a random system").biases
        };
        let (small, large) = (biases(case.size), biases(2 * case.size));
        for (k, (name, values)) in prediction.columns().enumerate() {
            let range = values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            for (i, value) in values.iter().enumerate() {
                let (small, large) = (small[k][i], large[k][i]);
                if !(large > 0.0 && large < 0.8 * small) {
                    broken.push(format!("{name}: the bias goes from {small:.1e} to {large:.1e}"));
                }
                if small > 0.2 * value.abs().max(0.25 * range) {
                    broken.push(format!("{name}: a bias of {small:.1e} allows anything"));
                }
            }
        }
    });
}

#[cfg(feature = "parallel")]
#[test]
fn runs_are_the_same_bit_for_bit_on_any_number_of_threads() {
    every_curve(|case, broken| {
        let model = built(case, case.size);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| solvable::ensemble(&*model, &case.grid[..2], &[0, 1, 2]).unwrap())
        };
        if on(1) != on(3) {
            broken.push("two runs with the same seeds differ".into());
        }
    });
}
