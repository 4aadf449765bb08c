//! Two tasks: numbers from independent software, networks against theory in every curriculum and under
//! every protection, and the shape of forgetting that the theory is known for.

use ndarray::{Array1, Array2, arr1};
use serde_json::Value;
use solvable::continual::overlaps::{Task, TeacherPair, TwoTaskOverlaps};
use solvable::continual::two_tasks::{Curriculum, Protection, TwoTasks};
use solvable::net::Nonlinearity;
use solvable::student_teacher::OrderParameters;
use solvable::student_teacher::flow::Learning;
use solvable::{Axis, Solvable, check};

/// The accuracy of the reference: a Runge-Kutta method of fixed step, good to some 1e-8 of an error.
const GATE: f64 = 1e-9;

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| panic!("{v} is not a number"))
}

fn vector(v: &Value) -> Array1<f64> {
    v.as_array().expect("an array").iter().map(number).collect()
}

fn matrix(v: &Value) -> Array2<f64> {
    let rows: Vec<Array1<f64>> = v.as_array().expect("a matrix").iter().map(vector).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

#[test]
fn errors_and_overlaps_are_those_of_an_independent_program() {
    let text = include_str!("reference/continual.json");
    let file: Value = serde_json::from_str(text).expect("the reference file is JSON");
    let case = &file["cases"]["erf_two_units"];
    let pair = TeacherPair::similar(1, number(&case["V"]), 1.0).unwrap();
    let both = OrderParameters {
        q: matrix(&case["Q0"]),
        r: matrix(&case["RU0"]),
        t: pair.t,
        v: vector(&case["h1"]),
        teacher_readout: pair.readout,
    };
    let rate = number(&case["eta"]);
    let tasks = TwoTasks {
        activation: Nonlinearity::ERF_SQRT2,
        learning: Learning { rate, readout_rate: rate, noise: 0.0 },
        start: TwoTaskOverlaps { both, second_head: vector(&case["h2"]), n_first: 1 },
        curriculum: Curriculum::sequential(number(&case["switch"])),
        protection: Protection::None,
        size: 500,
    };
    let records = matrix(&case["rec_t_eps1_eps2"]);
    let states = tasks.course(&records.column(0).to_vec()).unwrap();
    for (state, record) in states.iter().zip(records.rows()) {
        for task in Task::BOTH {
            let (found, expected) =
                (state.error(Nonlinearity::ERF_SQRT2, task), record[1 + task as usize]);
            assert!((found - expected).abs() < GATE, "{found} against {expected}");
        }
    }
    let end = &states.last().unwrap().both;
    for (found, expected) in [(&end.q, &case["Q_end"]), (&end.r, &case["RU_end"])] {
        let gap = found - &matrix(expected);
        assert!(gap.iter().all(|g| g.abs() < 10.0 * GATE), "{gap}");
    }
    // Forgetting, transfer and their first slopes are differences and derivatives of these errors.
    let balance = tasks.balance(&[1e-3, 300.0]).unwrap();
    let [before, after] = [records.row(2), records.row(5)];
    assert!((balance.forgetting[1] - (after[1] - before[1])).abs() < GATE);
    assert!((balance.transfer[1] - (before[2] - after[2])).abs() < GATE);
}

fn tasks(activation: Nonlinearity, features: f64, seed: u64) -> TwoTasks {
    let pair = TeacherPair::similar(2, features, 0.3).unwrap();
    let (h, g) = (arr1(&[0.6, 0.9, -0.4]), arr1(&[0.5, -0.3, 0.7]));
    TwoTasks {
        activation,
        learning: Learning { rate: 0.4, readout_rate: 0.3, noise: 0.1 },
        start: pair.random_student([&h, &g], 0.6, 20, seed).unwrap(),
        curriculum: Curriculum::sequential(6.0),
        protection: Protection::None,
        size: 40,
    }
}

#[test]
fn networks_follow_the_theory_in_every_curriculum_and_under_every_protection() {
    let grid = [2.0, 6.0, 7.0, 10.0];
    let seeds: Vec<u64> = (0..12).collect();
    let variants = [
        (Curriculum::sequential(6.0), Protection::None),
        (Curriculum::interleaved(0.4), Protection::None),
        (Curriculum::replay(6.0, 0.2), Protection::Frozen(vec![2, 0])),
        (Curriculum::sequential(6.0), Protection::frozen_layer(3)),
        (Curriculum::replay(6.0, 0.3), Protection::Elastic { strength: 4.0 }),
        (Curriculum::sequential(6.0), Protection::Elastic { strength: 1.0 }),
    ];
    let mut broken = Vec::new();
    for activation in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Linear] {
        for (curriculum, protection) in &variants {
            let base = tasks(activation, 0.5, 1);
            let mut spreads = Vec::new();
            for size in [40, 160] {
                let model = TwoTasks {
                    curriculum: *curriculum,
                    protection: protection.clone(),
                    size,
                    ..base.clone()
                };
                let found = check(&model, &grid, &seeds).unwrap();
                assert_eq!(model.predict(&grid).unwrap().axis(), Axis::Online);
                spreads.push(found[1].spread);
                for a in found.iter().filter(|a| !a.holds()) {
                    let (gap, allowed) = (a.max_gap, a.tolerance.unwrap());
                    let name = &a.observable;
                    broken.push(format!(
                        "{activation}, {curriculum:?}, {protection:?}, N = {size}: {name} {gap:.1e} \
                         ({allowed:.1e})"
                    ));
                }
            }
            // Four times the inputs, half the scatter; twelve runs know it to a third.
            let ratio = spreads[1] / spreads[0];
            if !(0.25..1.0).contains(&ratio) {
                broken.push(format!("{activation}, {curriculum:?}: scatter changes by {ratio:.2}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Forgetting at the end, mean over small random starts (`lee2021`): two units, teachers of one.
#[test]
fn intermediate_similarity_is_worst() {
    let forgetting = |features: f64| {
        let pair = TeacherPair::similar(1, features, 1.0).unwrap();
        let of = |seed: u64| {
            let (h, g) = (arr1(&[0.01, 0.013]), arr1(&[-0.008, 0.011]));
            let start = pair.random_student([&h, &g], 1e-3, 2000, seed).unwrap();
            let tasks = TwoTasks {
                activation: Nonlinearity::ERF_SQRT2,
                learning: Learning { rate: 1.0, readout_rate: 1.0, noise: 0.0 },
                start,
                curriculum: Curriculum::sequential(100.0),
                protection: Protection::None,
                size: 2000,
            };
            tasks.balance(&[100.0]).unwrap().forgetting[0]
        };
        (0..4).map(of).sum::<f64>() / 4.0
    };
    let [none, middle, same] = [0.0, 0.4, 1.0].map(forgetting);
    assert!(middle > 3.0 * none && middle > 50.0 * same, "{none}, {middle}, {same}");
}
