//! The contract that every model on the list signs: theory and simulation start together, end where
//! the fixed point is, and stay as close as the step size allows in between.

use solvable::contract::ModelCase;
use solvable::models::all;
use solvable::{Agreement, Solvable, Trajectory, check};

fn built(case: &ModelCase, rate: f64) -> Box<dyn Solvable> {
    (case.model)(rate).unwrap_or_else(|e| panic!("{}: {e}", case.name))
}

fn predicted(case: &ModelCase, grid: &[f64]) -> Trajectory {
    built(case, case.rate).predict(grid).unwrap_or_else(|e| panic!("{}: {e}", case.name))
}

/// Runs a check of every model and reports all that break it at once.
fn every_model(check: impl Fn(&ModelCase, &mut Vec<String>)) {
    let mut broken = Vec::new();
    for case in all() {
        let mut complaints = Vec::new();
        check(case, &mut complaints);
        broken.extend(complaints.into_iter().map(|text| format!("{}: {text}", case.name)));
    }
    assert!(broken.is_empty(), "the contract is broken:\n  {}", broken.join("\n  "));
}

/// Largest absolute value of an observable, or 1 if that is less.
fn size(values: &[f64]) -> f64 {
    values.iter().fold(1.0, |m, x| m.max(x.abs()))
}

/// Complains where two trajectories of the same observables differ by more than a part of their
/// size.
fn expect_equal(a: &Trajectory, b: &Trajectory, gate: f64, what: &str, broken: &mut Vec<String>) {
    let names = |t: &Trajectory| t.columns().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(a), names(b), "{what}");
    for ((name, x), (_, y)) in a.columns().zip(b.columns()) {
        let gap = x.iter().zip(y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        if gap > gate * size(x) {
            broken.push(format!("{what}: {name} differs by {gap:.2e}"));
        }
    }
}

#[test]
fn names_are_unique_and_grids_start_at_zero() {
    every_model(|case, broken| {
        if all().filter(|other| other.name == case.name).count() != 1 {
            broken.push("the name is taken".into());
        }
        if case.grid[0] != 0.0 || case.grid.len() < 10 || case.seeds.is_empty() {
            broken.push("the grid must start at 0 and show the whole curve".into());
        }
    });
}

#[test]
fn prediction_and_simulation_start_at_the_same_point() {
    every_model(|case, broken| {
        let start = predicted(case, &[0.0]);
        for seed in case.seeds {
            let run = built(case, case.rate).simulate(&[0.0], *seed).unwrap();
            expect_equal(&start, &run, 1e-12, &format!("seed {seed} at t = 0"), broken);
        }
    });
}

#[test]
fn every_prediction_ends_at_its_fixed_point() {
    every_model(|case, broken| {
        let end = (case.end)().unwrap();
        // Also far beyond: nothing may drift or overflow.
        let late = predicted(case, &[end.after, 1.5 * end.after]);
        assert_eq!(late.columns().len(), end.values.len(), "{}", case.name);
        for ((name, values), expected) in late.columns().zip(&end.values) {
            for (time, value) in late.grid().iter().zip(values) {
                if (value - expected).abs() > 1e-9 * expected.abs().max(1.0) {
                    broken.push(format!("{name} is {value} at t = {time:.1e}, not {expected}"));
                }
            }
        }
    });
}

#[test]
fn going_on_from_any_time_is_going_straight_through() {
    every_model(|case, broken| {
        let last = case.grid[case.grid.len() - 1];
        for part in [0.0, 0.11, 0.37, 0.8] {
            let (t1, rest) = (part * last, (1.0 - part) * last);
            let straight = predicted(case, &[t1, last]);
            let resumed = (case.restart)(t1).unwrap().predict(&[0.0, rest]).unwrap();
            for ((name, x), (_, y)) in straight.columns().zip(resumed.columns()) {
                let gap = x.iter().zip(y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
                if gap > 1e-9 * size(x) {
                    broken.push(format!("restart at {t1:.2}: {name} differs by {gap:.2e}"));
                }
            }
        }
    });
}

#[test]
fn predictions_do_not_depend_on_the_grid() {
    every_model(|case, broken| {
        let all = predicted(case, case.grid);
        let some = predicted(case, &[case.grid[7], case.grid[8], case.grid[30]]);
        for ((name, x), (_, y)) in all.columns().zip(some.columns()) {
            let gap = [7, 8, 30].iter().zip(y).map(|(i, y)| (x[*i] - y).abs()).fold(0.0, f64::max);
            if gap > 1e-10 * size(x) {
                broken.push(format!("{name} depends on the grid: {gap:.2e}"));
            }
        }
    });
}

#[test]
fn every_simulation_is_within_its_derived_tolerance() {
    every_model(|case, broken| {
        let model = built(case, case.rate);
        for seed in case.seeds {
            let agreements = check(&*model, case.grid, &[*seed]).unwrap();
            for agreement in &agreements {
                if !agreement.holds() {
                    broken.push(format!("seed {seed}: {}", describe(agreement)));
                }
            }
        }
    });
}

#[test]
fn no_tolerance_is_empty_or_vacuous() {
    every_model(|case, broken| {
        let model = built(case, case.rate);
        let agreements = check(&*model, case.grid, case.seeds).unwrap();
        let largest = agreements.iter().map(|a| a.range).fold(0.0, f64::max);
        for a in &agreements {
            let Some(tolerance) = a.tolerance else {
                broken.push(format!("{} has no tolerance", a.observable));
                continue;
            };
            let moves = a.range > 1e-6 * largest;
            if !(tolerance.is_finite() && tolerance > 0.0) {
                broken.push(format!("{}: the tolerance is {tolerance}", a.observable));
            } else if moves && tolerance > 0.2 * a.range {
                broken.push(format!("nothing could break it: {}", describe(a)));
            }
        }
        // What a reader sees with `--nocapture`: how close the models are.
        let worst = agreements
            .iter()
            .map(|a| a.max_gap / a.tolerance.unwrap_or(f64::INFINITY))
            .fold(0.0, f64::max);
        eprintln!("worst gap / tolerance {worst:.3}: {}", case.name);
    });
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
fn seeds_turn_the_hidden_units_and_nothing_else() {
    every_model(|case, broken| {
        let model = built(case, case.rate);
        let run = |seed| model.simulate(case.grid, seed).unwrap();
        for seed in &case.seeds[1..] {
            expect_equal(&run(case.seeds[0]), &run(*seed), 1e-9, &format!("seed {seed}"), broken);
        }
    });
}

#[cfg(feature = "parallel")]
#[test]
fn runs_are_the_same_bit_for_bit_on_any_number_of_threads() {
    every_model(|case, broken| {
        let model = built(case, case.rate);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| solvable::ensemble(&*model, case.grid, case.seeds).unwrap())
        };
        let one = on(1);
        for again in [on(1), on(3)] {
            let same = one.iter().zip(&again).all(|(a, b)| {
                a.columns().zip(b.columns()).all(|((_, x), (_, y))| {
                    x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits())
                })
            });
            if !same {
                broken.push("two runs with the same seeds differ".into());
            }
        }
    });
}
