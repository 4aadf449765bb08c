//! Where flows end, against closed forms, each other and what is known of plateaus.

use super::*;
use ndarray::{Array1, Array2, arr2};

fn rates(rate: f64, noise: f64) -> Learning {
    Learning { rate, readout_rate: 0.0, noise }
}

/// K students with random weights, M orthogonal teachers, all readouts 1.
fn random_start(k: usize, m: usize, seed: u64) -> OrderParameters {
    let (v, ones) = (Array1::ones(k), Array1::ones(m));
    OrderParameters::random_student(&Array2::eye(m), &ones, &v, 0.5, 1000, seed).unwrap()
}

fn solution(m: usize, copies: usize, spare: usize) -> OrderParameters {
    let (t, ones) = (Array2::eye(m), Array1::ones(m));
    OrderParameters::solution(&t, &ones, &vec![copies; m], spare, 1.0).unwrap()
}

#[test]
fn linear_units_end_at_their_closed_form_or_diverge() {
    for (k, rate, noise) in [(1, 0.2, 0.1), (3, 0.6, 0.5), (2, 0.01, 1.0)] {
        let exact = linear_units(&rates(rate, noise), k as f64).unwrap();
        let by_hand = rate * noise * noise * k as f64 / (4.0 - 2.0 * rate * k as f64);
        assert!((exact / by_hand - 1.0).abs() < 1e-15);
        let end =
            settle(Nonlinearity::Linear, &rates(rate, noise), &random_start(k, 2, 1)).unwrap();
        assert!((end.error / exact - 1.0).abs() < 1e-8, "{} for {exact}", end.error);
        assert!(matches!(end.end, End::Attracting { .. }));
    }
    let start = random_start(4, 2, 1);
    let error = settle(Nonlinearity::Linear, &rates(0.5, 0.1), &start).unwrap_err();
    assert!(matches!(error, Error::Diverges { .. }), "{error}");
    assert!(error.to_string().contains("below 0.5"), "{error}");
}

#[test]
fn too_fast_rectified_units_diverge_and_erf_units_find_no_end() {
    let error = settle(Nonlinearity::RELU, &rates(6.0, 0.1), &random_start(2, 2, 1)).unwrap_err();
    assert!(matches!(error, Error::Diverges { .. }), "{error}");
    let error =
        settle(Nonlinearity::ERF_SQRT2, &rates(6.0, 0.1), &random_start(2, 2, 1)).unwrap_err();
    assert!(error.to_string().contains("may be too large"), "{error}");
}

#[test]
fn the_law_of_small_rates_is_the_limit_of_the_fixed_point() {
    for g in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU] {
        let excess = |rate: f64| {
            let law = small_rate(g, &rates(rate, 0.01), &solution(2, 1, 0)).unwrap();
            let end = settle(g, &rates(rate, 0.01), &solution(2, 1, 0)).unwrap();
            end.error / law - 1.0
        };
        let [slow, fast] = [0.01, 0.02].map(excess);
        assert!((0.0..0.03).contains(&slow), "{g}: {slow}");
        // The next order is linear in the rate; the one after it changes the ratio by a few percent.
        assert!((fast / slow - 2.0).abs() < 0.1, "{g}: {slow} and {fast}");
    }
    // erf units without weights have slope √(2/π), those of the teacher's length √(2/π)/3^¼.
    let law = small_rate(Nonlinearity::ERF_SQRT2, &rates(0.1, 0.3), &solution(2, 1, 3)).unwrap();
    let by_hand = 0.1 * 0.09 / std::f64::consts::TAU * (3.0 + 2.0 / 3f64.sqrt());
    assert!((law / by_hand - 1.0).abs() < 1e-14);
}

#[test]
fn the_error_grows_with_the_square_of_noise_and_with_superfluous_units() {
    let error = |noise: f64, spare: usize| {
        settle(Nonlinearity::ERF_SQRT2, &rates(0.1, noise), &solution(2, 1, spare)).unwrap().error
    };
    // Corrections are of order η²σ².
    assert!((error(0.02, 1) / error(0.01, 1) / 4.0 - 1.0).abs() < 1e-3);
    assert!(error(0.01, 0) < error(0.01, 1) && error(0.01, 1) < error(0.01, 2));
}

#[test]
fn copies_of_units_with_trained_readouts_average_noise_out() {
    let error = |copies: usize| {
        let learning = Learning { rate: 0.1, readout_rate: 0.1, noise: 0.01 };
        settle(Nonlinearity::ERF_SQRT2, &learning, &solution(2, copies, 0)).unwrap().error
    };
    let [one, two, three] = [1, 2, 3].map(error);
    assert!((two / one - 1.0 / 2.0).abs() < 0.03, "{one} and {two}");
    assert!((three / one - 1.0 / 3.0).abs() < 0.03, "{one} and {three}");
}

#[test]
fn different_starts_end_at_the_same_error() {
    for g in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU] {
        let expected = settle(g, &rates(0.2, 0.01), &solution(2, 1, 0)).unwrap().error;
        for seed in 0..3 {
            let end = settle(g, &rates(0.2, 0.01), &random_start(2, 2, seed)).unwrap();
            assert!((end.error / expected - 1.0).abs() < 1e-6, "{g}: {}", end.error);
        }
    }
}

#[test]
fn a_plateau_is_not_taken_for_the_end() {
    // So nearly symmetric that the plateau lasts for hundreds of units of time.
    let start = |apart: f64| OrderParameters {
        q: arr2(&[[0.25, 0.02], [0.02, 0.25]]),
        r: arr2(&[[0.01 + apart, 0.01], [0.01, 0.01 + apart]]),
        ..random_start(2, 2, 0)
    };
    let end = settle(Nonlinearity::ERF_SQRT2, &rates(0.5, 0.01), &start(1e-13)).unwrap();
    assert!(end.error < 2e-5 && end.time > 500.0, "{} at {}", end.error, end.time);
    // An exactly symmetric start never leaves it.
    let end = settle(Nonlinearity::ERF_SQRT2, &rates(0.5, 0.01), &start(0.0)).unwrap();
    assert!(end.error > 1e-2, "{}", end.error);
    assert!(matches!(end.end, End::Attracting { .. }));
    assert_eq!(end.state.r[[0, 0]], end.state.r[[1, 0]]);
}

#[test]
fn with_strong_noise_a_plateau_is_not_taken_for_wandering() {
    let learning = rates(0.5, 0.3);
    let end = settle(Nonlinearity::ERF_SQRT2, &learning, &random_start(2, 2, 3)).unwrap();
    assert!(matches!(end.end, End::Attracting { .. }), "{:?}", end.end);
    let solved = settle(Nonlinearity::ERF_SQRT2, &learning, &solution(2, 1, 0)).unwrap();
    assert!((end.error / solved.error - 1.0).abs() < 1e-6, "{} {}", end.error, solved.error);
}

#[test]
fn everything_is_learned_without_noise_if_there_are_enough_units() {
    for g in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Linear] {
        let end = settle(g, &rates(0.3, 0.0), &random_start(2, 2, 4)).unwrap();
        assert!(end.error < 1e-12, "{g}: {}", end.error);
    }
    let few = settle(Nonlinearity::ERF_SQRT2, &rates(0.3, 0.0), &random_start(1, 2, 4)).unwrap();
    assert!(few.error > 1e-2 && matches!(few.end, End::Attracting { .. }));
}

#[test]
fn wandering_among_equal_solutions_is_said() {
    let end = settle(Nonlinearity::ERF_SQRT2, &rates(0.2, 0.01), &random_start(4, 2, 1)).unwrap();
    let End::Drifting { rate } = end.end else { panic!("{:?}", end.end) };
    assert!(rate < 2.0 * 4.0 * (0.2f64 * 0.01).powi(2), "{rate}");
    // Two of the four undo each other.
    let (r, v) = (&end.state.r, &end.state.v);
    assert!((r.t().dot(v)).iter().all(|sum| (sum - 1.0).abs() < 0.01), "{r}");
}
