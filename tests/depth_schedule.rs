//! Steps to learn one mode against depth: the table behind figure 4c of (`saxe2021`), s = 2,
//! learned to 95 %, from layers of 0.3, from pretraining, and from orthogonal layers.

use solvable::deep_linear::depth::DepthMode;
use solvable::deep_linear::depth_schedule::Start::{Orthogonal, Pretrained, SmallRandom};
use solvable::deep_linear::depth_schedule::{descent_steps, learning_steps};

const SMALL: f64 = 0.3;

struct Row {
    depth: usize,
    time: &'static str,
    small: &'static str,
    pretrained: &'static str,
    orthogonal: &'static str,
    /// Steps of descent from small and from orthogonal layers.
    descent: (Option<u64>, u64),
}

const fn row(
    depth: usize,
    (time, small, pretrained, orthogonal): (&'static str, &'static str, &'static str, &'static str),
    descent: (Option<u64>, u64),
) -> Row {
    Row { depth, time, small, pretrained, orthogonal, descent }
}

/// From an independent program (adaptive quadrature and plain loops), to its printed digits.
const TABLE: [Row; 9] = [
    row(2, ("1.49987", "6.0", "8.20", "2.944"), (Some(6), 2)),
    row(3, ("1.74373", "13.18", "13.73", "3.219"), (Some(14), 3)),
    row(4, ("2.97021", "33.60", "19.14", "3.370"), (Some(35), 3)),
    row(5, ("6.37472", "96.62", "24.50", "3.466"), (Some(98), 3)),
    row(6, ("15.629", "297.7", "29.82", "3.532"), (Some(300), 3)),
    row(8, ("114.495", "3080.9", "40.42", "3.618"), (Some(3084), 3)),
    row(10, ("952.77", "33177", "50.99", "3.670"), (Some(33182), 3)),
    row(20, ("7.17e7", "5.35e9", "103.7", "3.779"), (None, 3)),
    row(100, ("8.9e48", "3.5e51", "524.4", "3.869"), (None, 4)),
];

/// Whether a number is what was printed, to half a unit of the last printed digit.
fn is_printed(value: f64, printed: &str) -> bool {
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((printed, "0"));
    let unit = 10f64.powi(exponent.parse().unwrap());
    let decimals = mantissa.split_once('.').map_or(0, |(_, digits)| digits.len());
    format!("{:.decimals$}", value / unit) == mantissa
}

#[test]
fn steps_of_every_depth_are_those_of_the_table() {
    let theory = |depth: usize, start| learning_steps(depth as f64, start, 2.0, 0.95).unwrap();
    for row in &TABLE {
        let depth = row.depth;
        let mode = DepthMode::from_log_strength(2.0, 1.0, depth as f64, depth as f64 * SMALL.ln())
            .unwrap();
        let time = mode.time_to(1.9).unwrap().unwrap();
        assert!(is_printed(time, row.time), "depth {depth}: time {time}");
        for (start, printed) in [
            (SmallRandom { scale: SMALL }, row.small),
            (Pretrained { scale: SMALL }, row.pretrained),
            (Orthogonal { gain: 1.0 }, row.orthogonal),
        ] {
            let steps = theory(depth, start);
            assert!(is_printed(steps, printed), "depth {depth}, {start:?}: {steps}, not {printed}");
        }
        let real = |start| descent_steps(depth, start, 2.0, 0.95, 100_000).unwrap();
        assert_eq!(real(SmallRandom { scale: SMALL }), row.descent.0, "depth {depth}");
        assert_eq!(real(Orthogonal { gain: 1.0 }), Some(row.descent.1), "depth {depth}");
    }
}

#[test]
fn orthogonal_layers_learn_in_the_same_number_of_steps_at_any_depth() {
    let limit = learning_steps(f64::INFINITY, Orthogonal { gain: 1.0 }, 2.0, 0.95).unwrap();
    // s² ∫₁^{1.9} du/(u²(2−u)) = 2(1 − 1/1.9) + ln(1.9/0.1).
    let exact = 2.0 * (1.0 - 1.0 / 1.9) + (1.9f64 / 0.1).ln();
    assert!((limit - exact).abs() < 1e-12 && is_printed(limit, "3.8918074"), "{limit}");
    let deep = learning_steps(1e6, Orthogonal { gain: 1.0 }, 2.0, 0.95).unwrap();
    assert!((deep - limit).abs() < 1e-4);
    // Any other gain is exponential again.
    let damped = |depth| learning_steps(depth, Orthogonal { gain: 0.9 }, 2.0, 0.95).unwrap();
    assert!((damped(200.0) / damped(100.0)).ln() > 90.0 * (1.0 / 0.9f64).ln());
}

#[test]
fn pretraining_grows_in_proportion_to_depth_and_small_layers_exponentially() {
    let steps = |depth: f64, start| learning_steps(depth, start, 2.0, 0.95).unwrap();
    let pretrained = |depth| steps(depth, Pretrained { scale: SMALL });
    let increments = [40.0, 41.0, 80.0, 81.0].map(pretrained);
    let (early, late) = (increments[1] - increments[0], increments[3] - increments[2]);
    assert!((early / late - 1.0).abs() < 1e-3, "{early} {late}");
    let small = |depth: f64| steps(depth, SmallRandom { scale: SMALL });
    for depth in [10.0, 30.0, 100.0] {
        let leading =
            2f64.powf(1.0 - 2.0 / depth) * depth / (depth - 2.0) * SMALL.powf(2.0 - depth);
        assert!((small(depth) / leading - 1.0).abs() < 1e-3, "depth {depth}");
    }
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let text = |depth, start, s, fraction| {
        learning_steps(depth, start, s, fraction).unwrap_err().to_string()
    };
    let orthogonal = Orthogonal { gain: 1.0 };
    assert!(text(1.0, orthogonal, 2.0, 0.95).contains("depth is 1"));
    assert!(text(f64::NAN, orthogonal, 2.0, 0.95).contains("depth"));
    assert!(text(3.0, orthogonal, -2.0, 0.95).contains("singular value is -2"));
    assert!(text(3.0, orthogonal, 2.0, 1.0).contains("learned fraction is 1"));
    assert!(text(3.0, SmallRandom { scale: 0.0 }, 2.0, 0.9).contains("initial scale is 0"));
    assert!(text(f64::INFINITY, Pretrained { scale: 0.3 }, 2.0, 0.9).contains("infinite depth"));
    assert!(text(1000.0, SmallRandom { scale: 0.1 }, 2.0, 0.9).contains("longer than 1e308"));
    assert!(descent_steps(0, orthogonal, 2.0, 0.9, 10).is_err());
    assert_eq!(descent_steps(8, SmallRandom { scale: 0.3 }, 2.0, 0.95, 100).unwrap(), None);
    assert_eq!(learning_steps(4.0, Orthogonal { gain: 2.0 }, 2.0, 0.9).unwrap(), 0.0);
    let real = descent_steps(5, Pretrained { scale: 0.3 }, 2.0, 0.95, 1000).unwrap().unwrap();
    let theory = learning_steps(5.0, Pretrained { scale: 0.3 }, 2.0, 0.95).unwrap();
    // A step more or less in each of five phases.
    assert!((real as f64 - theory).abs() <= 5.0, "{real} against {theory}");
}
