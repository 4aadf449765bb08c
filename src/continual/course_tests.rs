//! Symmetries of the course of two tasks, and what protection does to it.

use super::*;
use crate::continual::cases::two_tasks;
use crate::continual::overlaps::TeacherPair;
use crate::continual::two_tasks::Curriculum;
use crate::student_teacher::flow::solve;
use crate::student_teacher::order_parameters::OrderParameters;
use ndarray::{Array1, arr1};

const ACTIVATIONS: [Nonlinearity; 3] =
    [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Linear];
const TIMES: [f64; 5] = [0.0, 2.0, 5.0, 8.0, 15.0];

fn random(seed: u64, features: f64, readouts: f64) -> TwoTasks {
    let pair = TeacherPair::similar(2, features, readouts).unwrap();
    let (h, g) = (arr1(&[0.4, -0.3, 0.6]), arr1(&[-0.2, 0.5, 0.3]));
    let start = pair.random_student([&h, &g], 0.7, 20, seed).unwrap();
    TwoTasks { start, ..two_tasks(50) }
}

#[track_caller]
fn assert_same(a: &TwoTaskOverlaps, b: &TwoTaskOverlaps, gate: f64) {
    let gap = |x: &Array2<f64>, y: &Array2<f64>| (x - y).iter().fold(0.0f64, |m, x| m.max(x.abs()));
    assert!(gap(&a.both.covariance(), &b.both.covariance()) < gate, "{a:?}\n{b:?}");
    for task in Task::BOTH {
        let apart = a.head(task) - b.head(task);
        assert!(apart.iter().all(|x| x.abs() < gate), "{a:?}\n{b:?}");
    }
}

#[test]
fn before_the_switch_there_is_one_task() {
    for activation in ACTIVATIONS {
        let tasks = TwoTasks {
            activation,
            curriculum: Curriculum::sequential(100.0),
            ..random(0, 0.3, 0.4)
        };
        let both = &tasks.start.both;
        let alone = OrderParameters {
            r: tasks.start.with_teacher(Task::First).to_owned(),
            t: both.t.slice(s![..2, ..2]).to_owned(),
            teacher_readout: both.teacher_readout.slice(s![..2]).to_owned(),
            ..both.clone()
        };
        let single = solve(activation, &tasks.learning, &alone, &TIMES).unwrap();
        for (found, one) in tasks.course(&TIMES).unwrap().iter().zip(single) {
            let gap = &found.both.q - &one.q;
            assert!(gap.iter().all(|g| g.abs() < 1e-7), "{activation}: {gap}");
            let gap = found.with_teacher(Task::First).to_owned() - &one.r;
            assert!(gap.iter().all(|g| g.abs() < 1e-7), "{activation}: {gap}");
            assert_eq!(found.second_head, tasks.start.second_head);
        }
    }
}

#[test]
fn tasks_can_be_exchanged() {
    for activation in ACTIVATIONS {
        let tasks = TwoTasks {
            activation,
            curriculum: Curriculum { switch: 5.0, shares: [0.9, 0.3] },
            ..random(1, 0.6, -0.2)
        };
        let exchanged = TwoTasks {
            start: tasks.start.exchanged(),
            curriculum: Curriculum { switch: 5.0, shares: [0.1, 0.7] },
            ..tasks.clone()
        };
        let others = exchanged.course(&TIMES).unwrap();
        for (a, b) in tasks.course(&TIMES).unwrap().iter().zip(others) {
            assert_same(a, &b.exchanged(), 1e-9);
        }
    }
}

#[test]
fn the_same_task_twice_is_one_task() {
    let mut once = TwoTasks { curriculum: Curriculum::interleaved(1.0), ..random(2, 1.0, 1.0) };
    once.start.second_head = once.start.both.v.clone();
    let switch = 5.0;
    let alone = once.course(&TIMES).unwrap();
    // A second head that is at the switch where the first is goes on like it.
    let half = once.course(&[switch]).unwrap().remove(0);
    let later: Vec<f64> = TIMES.iter().filter(|t| **t >= switch).map(|t| t - switch).collect();
    let mut second = TwoTasks { curriculum: Curriculum::sequential(0.0), ..once.clone() };
    second.start = TwoTaskOverlaps { second_head: half.both.v.clone(), ..half };
    for (a, b) in alone[2..].iter().zip(second.course(&later).unwrap()) {
        assert!(
            (a.error(Nonlinearity::ERF_SQRT2, Task::First)
                - b.error(Nonlinearity::ERF_SQRT2, Task::Second))
            .abs()
                < 1e-9
        );
    }
    // With fixed heads that are the same it does not matter which task an example is from.
    once.learning.readout_rate = 0.0;
    let fixed = once.course(&TIMES).unwrap();
    for share in [0.0, 0.3] {
        let mixed = TwoTasks { curriculum: Curriculum::interleaved(share), ..once.clone() };
        for (a, b) in fixed.iter().zip(mixed.course(&TIMES).unwrap()) {
            assert_same(a, &b, 1e-9);
        }
    }
}

#[test]
fn opposite_features_and_readouts_are_the_same_task_for_odd_units() {
    let (a, b) = (random(3, 0.4, 1.0), random(3, -0.4, -1.0));
    let turned = {
        let mut start = a.start.clone();
        let own = start.n_first;
        start.both.r.slice_mut(s![.., own..]).mapv_inplace(|x| -x);
        start
    };
    let b = TwoTasks {
        start: TwoTaskOverlaps {
            both: OrderParameters { r: turned.both.r, ..b.start.both },
            ..b.start
        },
        ..b
    };
    let others = b.course(&TIMES).unwrap();
    for (a, b) in a.course(&TIMES).unwrap().iter().zip(others) {
        for task in Task::BOTH {
            let (x, y) =
                (a.error(Nonlinearity::ERF_SQRT2, task), b.error(Nonlinearity::ERF_SQRT2, task));
            assert!((x - y).abs() < 1e-10, "{x} against {y}");
        }
    }
}

#[test]
fn frozen_units_stay_and_which_one_is_named_does_not_matter() {
    for activation in ACTIVATIONS {
        let tasks = TwoTasks {
            activation,
            curriculum: Curriculum::sequential(5.0),
            protection: Protection::Frozen(vec![0, 2]),
            ..random(4, 0.5, 0.5)
        };
        let states = tasks.course(&TIMES).unwrap();
        let (there, end) = (&states[2], &states[4]);
        for unit in [0, 2] {
            assert_eq!(there.both.q[[unit, unit]], end.both.q[[unit, unit]]);
            assert_eq!(there.both.r.row(unit), end.both.r.row(unit));
            assert_ne!(there.second_head[unit], end.second_head[unit]);
        }
        assert_ne!(there.both.q[[1, 1]], end.both.q[[1, 1]]);
        // The same student with its units in another order.
        let order = [1, 2, 0];
        let permuted = |head: &Array1<f64>| head.select(ndarray::Axis(0), &order);
        let mut other = tasks.clone();
        let both = &mut other.start.both;
        let rows = both.q.select(ndarray::Axis(0), &order);
        both.q = rows.select(ndarray::Axis(1), &order);
        both.r = both.r.select(ndarray::Axis(0), &order);
        both.v = permuted(&both.v);
        other.start.second_head = permuted(&other.start.second_head);
        other.protection = Protection::Frozen(vec![1, 2]);
        for (a, b) in states.iter().zip(other.course(&TIMES).unwrap()) {
            for task in Task::BOTH {
                let (x, y) = (a.error(activation, task), b.error(activation, task));
                assert!((x - y).abs() < 1e-9, "{activation}: {x} against {y}");
            }
        }
    }
}

#[test]
fn a_frozen_layer_forgets_nothing_and_elastic_weights_lie_between() {
    let with = |protection| {
        let tasks = TwoTasks {
            protection,
            curriculum: Curriculum::sequential(50.0),
            ..random(5, 0.4, 0.5)
        };
        tasks.balance(&[0.0, 5.0, 10.0]).unwrap()
    };
    let frozen = with(Protection::frozen_layer(3));
    assert!(frozen.forgetting.iter().all(|f| f.abs() < 1e-15) && frozen.transfer[2] > 0.0);
    assert_eq!(frozen.initial_forgetting, 0.0);
    let free = with(Protection::None);
    let slack = with(Protection::Elastic { strength: 0.0 });
    assert!((slack.forgetting[2] - free.forgetting[2]).abs() < 1e-12);
    let mut before = free;
    for strength in [0.5, 5.0, 50.0, 500.0] {
        let elastic = with(Protection::Elastic { strength });
        assert!(elastic.forgetting[2] < before.forgetting[2], "{strength}: {elastic:?}");
        before = elastic;
    }
    assert!((before.forgetting[2] - frozen.forgetting[2]).abs() < 0.02 * before.at_switch[1]);
    assert!((before.transfer[2] - frozen.transfer[2]).abs() < 0.05 * before.at_switch[1]);
}

#[test]
fn first_slopes_are_those_of_the_course() {
    for activation in ACTIVATIONS {
        for protection in [Protection::None, Protection::Frozen(vec![1])] {
            let curriculum = Curriculum::replay(5.0, 0.2);
            let base = random(6, 0.4, 0.5);
            let tasks = TwoTasks { activation, protection, curriculum, ..base };
            // Two central parts of a parabola: wrong by h² of the third derivative.
            let h = 1e-4;
            let b = tasks.balance(&[h, 2.0 * h]).unwrap();
            let slope = |y: &[f64]| (4.0 * y[0] - y[1]) / (2.0 * h);
            let gaps = [
                slope(&b.forgetting) - b.initial_forgetting,
                slope(&b.transfer) - b.initial_transfer,
            ];
            assert!(gaps.iter().all(|g| g.abs() < 1e-6), "{activation}: {gaps:?}, {b:?}");
        }
    }
}
