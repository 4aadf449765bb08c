//! What holds for networks of every kind and for their training.

use ndarray::Array2;

use super::trainer::interpolate;
use super::*;
use crate::math::linalg::frobenius_norm;
use crate::math::random::{Purpose, gaussian, stream};
use crate::{Correlations, Dataset, Error, Result};

fn data(p: usize, n_in: usize, n_out: usize) -> Dataset {
    let mut rng = stream(11, Purpose::Task, 0);
    Dataset::new(gaussian(p, n_in, 1.0, &mut rng), gaussian(p, n_out, 1.0, &mut rng)).unwrap()
}

fn weights(widths: &[usize], std: f64) -> Vec<Array2<f64>> {
    let mut rng = stream(12, Purpose::InitialWeights, 0);
    initial::gaussian(widths, &vec![std; widths.len() - 1], &mut rng).unwrap()
}

fn distance<N: Network>(a: &N, b: &N) -> f64 {
    let pairs = a.weights().iter().zip(b.weights());
    pairs.map(|(a, b)| frobenius_norm((a - b).view())).fold(0.0, f64::hypot)
}

fn nothing<N>(_: usize, _: &N) -> Result<()> {
    Ok(())
}

/// Largest gap between a network's gradient and central differences of its loss.
fn gradient_gap<N: Network>(net: &N, data: &Dataset) -> f64 {
    let (x, y) = (data.inputs.view(), data.targets.view());
    let loss = |net: &N| net.loss_and_gradient(x, y, Loss::HalfSquare).0;
    let (_, gradient) = net.loss_and_gradient(x, y, Loss::HalfSquare);
    let spacing = 1e-5;
    let mut gap = 0.0f64;
    for l in 0..net.weights().len() {
        for (i, g) in gradient.matrices()[l].indexed_iter() {
            let (mut up, mut down) = (net.clone(), net.clone());
            up.weights_mut()[l][i] += spacing;
            down.weights_mut()[l][i] -= spacing;
            gap = gap.max((g - (loss(&up) - loss(&down)) / (2.0 * spacing)).abs());
        }
    }
    gap
}

#[test]
fn every_gradient_is_the_slope_of_its_loss() {
    let data = data(7, 3, 2);
    for widths in [&[3, 2][..], &[3, 4, 2], &[3, 5, 4, 2]] {
        let w = weights(widths, 0.6);
        // Spacing 1e-5 leaves 1e-10 of third derivative and 1e-11 of rounding.
        assert!(gradient_gap(&LinearNetwork::new(w.clone()).unwrap(), &data) < 1e-8);
        let net = LayeredNetwork::dense(w.clone(), Nonlinearity::Tanh).unwrap();
        assert!(gradient_gap(&net, &data) < 1e-8, "{widths:?}");
    }
}

#[test]
fn a_dense_network_without_nonlinearity_is_a_linear_network() {
    let data = data(9, 4, 3);
    let w = weights(&[4, 5, 2, 3], 0.5);
    let linear = LinearNetwork::new(w.clone()).unwrap();
    let dense = LayeredNetwork::dense(w, Nonlinearity::Linear).unwrap();
    let (x, y) = (data.inputs.view(), data.targets.view());
    assert!(frobenius_norm((linear.forward(x) - dense.forward(x)).view()) < 1e-13);
    let (a, b) = (
        linear.loss_and_gradient(x, y, Loss::HalfSquare),
        dense.loss_and_gradient(x, y, Loss::HalfSquare),
    );
    assert!((a.0 - b.0).abs() < 1e-13 * a.0);
    for (a, b) in a.1.matrices().iter().zip(b.1.matrices()) {
        assert!(frobenius_norm((a - b).view()) < 1e-13);
    }
}

/// Descent written as it is defined, the judge of the fast one.
fn plain_descent(
    mut net: LinearNetwork,
    task: &Correlations,
    rate: f64,
    steps: u64,
) -> LinearNetwork {
    for _ in 0..steps {
        let gradient = net.gradient(task);
        for (w, g) in net.weights_mut().iter_mut().zip(gradient.matrices()) {
            w.scaled_add(-rate, g);
        }
    }
    net
}

#[test]
fn fast_steps_are_the_steps_of_the_definition_for_every_depth_and_shape() {
    for widths in [
        &[3, 2][..],
        &[8, 8, 8],
        &[5, 1, 7],
        &[9, 17, 4],
        &[3, 4, 4, 2],
        &[20, 33, 12, 6, 30],
        &[70, 66, 65],
    ] {
        let (n_in, n_out) = (widths[0], widths[widths.len() - 1]);
        let general = Correlations::of(&data(2 * n_in, n_in, n_out)).unwrap();
        let white = Correlations::white(general.sigma_yx().clone(), 1.3).unwrap();
        for task in [general, white] {
            let std = 0.7 / (n_in as f64).sqrt();
            let net = LinearNetwork::new(weights(widths, std)).unwrap();
            let plain = plain_descent(net.clone(), &task, 0.01, 100);
            let fast = gradient_descent(net.clone(), &task, 0.01, &[1.0], nothing).unwrap();
            assert!(distance(&plain, &net) > 1e-3, "nothing was learned: {widths:?}");
            assert!(distance(&fast, &plain) < 1e-12, "{widths:?}: {}", distance(&fast, &plain));
        }
    }
}

#[test]
fn the_plain_engine_on_correlations_judges_the_fast_one() {
    let data = data(10, 4, 3);
    let task = Correlations::of(&data).unwrap();
    let net = LinearNetwork::new(weights(&[4, 6, 3], 0.3)).unwrap();
    let times = [0.0, 0.333, 2.0];
    let training = Training::gradient_flow(0.05).unwrap();
    let mut trainer = training.on_correlations(net.clone(), &task).unwrap();
    let mut plain = Vec::new();
    trainer
        .record(&times, |_, net| {
            plain.push(net.clone());
            Ok(())
        })
        .unwrap();
    gradient_descent(net.clone(), &task, 0.05, &times, |i, net| {
        assert!(distance(net, &plain[i]) < 1e-13, "time {}", times[i]);
        Ok(())
    })
    .unwrap();
    let sharp = Training { loss: Loss::Logistic, ..Training::gradient_flow(0.05).unwrap() };
    assert!(sharp.on_correlations(net, &task).is_err());
}

#[test]
fn training_can_be_stopped_anywhere_and_gone_on_with() {
    let data = data(10, 4, 3);
    let net = LayeredNetwork::dense(weights(&[4, 6, 3], 0.5), Nonlinearity::Tanh).unwrap();
    let optimizer = Optimizer { method: Method::ADAM, rates: vec![0.01, 0.0], weight_decay: 1e-3 };
    let training = Training { optimizer, ..Training::gradient_flow(0.01).unwrap() };
    let trainer = || training.clone().on_examples(net.clone(), &data).unwrap();
    let (mut straight, mut paused) = (trainer(), trainer());
    straight.advance_to(3.0).unwrap();
    for time in [0.0, 0.004, 0.005, 0.61, 0.613, 3.0] {
        paused.advance_to(time).unwrap();
    }
    assert_eq!(straight.network(), paused.network());
    assert!(paused.advance_to(2.0).unwrap_err().to_string().contains("already"));
    let end = straight.into_network();
    assert_eq!(end.weights()[1], net.weights()[1], "a frozen layer stays");
    assert!(distance(&end, &net) > 0.1, "nothing was learned");
}

#[test]
fn every_loss_falls_under_every_optimizer() {
    let inputs = gaussian(12, 3, 1.0, &mut stream(3, Purpose::Task, 0));
    let first = inputs.column(0).mapv(|x| f64::from(u8::from(x > 0.0)));
    let targets = ndarray::stack![ndarray::Axis(1), first, 1.0 - &first];
    let data = Dataset::new(inputs, targets).unwrap();
    let net = LayeredNetwork::dense(weights(&[3, 8, 2], 0.5), Nonlinearity::Tanh).unwrap();
    for loss in Loss::ALL {
        for (method, rate) in [
            (Method::Descent, 0.3),
            (Method::Momentum { momentum: 0.9 }, 0.05),
            (Method::ADAM, 0.02),
        ] {
            let optimizer = Optimizer { method, rates: vec![rate], weight_decay: 0.0 };
            let training = Training { loss, optimizer, ..Training::gradient_flow(1.0).unwrap() };
            let mut trainer = training.on_examples(net.clone(), &data).unwrap();
            let before = trainer.engine_mut().loss();
            trainer.advance_to(400.0).unwrap();
            let after = trainer.engine_mut().loss();
            assert!(after < 0.2 * before, "{loss:?}, {method:?}: from {before} to {after}");
        }
    }
}

#[test]
fn descent_on_examples_is_descent_on_their_correlations() {
    let data = data(10, 4, 3);
    let task = Correlations::of(&data).unwrap();
    let w = weights(&[4, 6, 3], 0.3);
    let net = LinearNetwork::new(w.clone()).unwrap();
    let times = [0.0, 0.333, 2.0];
    let a = gradient_descent(net.clone(), &task, 0.05, &times, nothing).unwrap();
    let b = gradient_descent_examples(net, &data, 0.05, &times, nothing).unwrap();
    assert!(distance(&a, &b) < 1e-13);
    let dense = LayeredNetwork::dense(w, Nonlinearity::Linear).unwrap();
    let c = gradient_descent_examples(dense, &data, 0.05, &times, nothing).unwrap();
    for (a, c) in a.weights().iter().zip(Network::weights(&c)) {
        assert!(frobenius_norm((a - c).view()) < 1e-13);
    }
}

#[test]
fn a_batch_of_all_examples_is_full_batch_descent() {
    let data = data(10, 4, 3);
    let net = LayeredNetwork::dense(weights(&[4, 6, 3], 0.5), Nonlinearity::Tanh).unwrap();
    let times = [0.5, 1.01];
    let full = gradient_descent_examples(net.clone(), &data, 0.05, &times, nothing).unwrap();
    let batches = Batches { size: 10, seed: 3, run: 0 };
    let all = stochastic_gradient_descent(net, &data, batches, 0.05, &times, nothing).unwrap();
    // The same sums in another order.
    assert!(distance(&full, &all) < 1e-13);
}

#[test]
fn stochastic_descent_repeats_itself_and_depends_on_seed_and_run() {
    let data = data(10, 4, 3);
    let net = LayeredNetwork::dense(weights(&[4, 6, 3], 0.5), Nonlinearity::ERF_SQRT2).unwrap();
    let run = |seed, run| {
        let batches = Batches { size: 3, seed, run };
        stochastic_gradient_descent(net.clone(), &data, batches, 0.05, &[1.0], nothing).unwrap()
    };
    assert_eq!(run(1, 0), run(1, 0));
    assert!(distance(&run(1, 0), &run(2, 0)) > 1e-6);
    assert!(distance(&run(1, 0), &run(1, 1)) > 1e-6);
}

#[test]
fn an_epoch_uses_every_example_once() {
    // With a rate too small to matter, the sum of an epoch's steps is the full gradient, per batch.
    let data = data(12, 4, 3);
    let net = LinearNetwork::new(weights(&[4, 3], 0.5)).unwrap();
    let rate = 1e-7;
    let batches = Batches { size: 5, seed: 1, run: 0 };
    let times = [12.0 * rate];
    let after =
        stochastic_gradient_descent(net.clone(), &data, batches, rate, &times, nothing).unwrap();
    let (_, full) =
        net.loss_and_gradient(data.inputs.view(), data.targets.view(), Loss::HalfSquare);
    // Twelve batches of five are five epochs: mean of the steps = mean of the examples.
    let moved = (&after.weights()[0] - &net.weights()[0]) / (-12.0 * rate);
    let gap = frobenius_norm((&moved - &full.matrices()[0]).view());
    assert!(gap < 100.0 * rate, "{gap}");
}

#[test]
fn networks_are_recorded_exactly_at_the_times_asked_for() {
    let data = data(10, 4, 3);
    let task = Correlations::of(&data).unwrap();
    let net = LinearNetwork::new(weights(&[4, 6, 3], 0.3)).unwrap();
    let rate = 0.1;
    let steps: Vec<_> = (0..4).map(|k| plain_descent(net.clone(), &task, rate, k)).collect();
    let times = [0.0, 0.025, 0.05, 0.1, 0.1999, 0.2, 0.25, 0.29, 0.30000000000000004];
    let mut recorded = Vec::new();
    let last = gradient_descent(net.clone(), &task, rate, &times, |i, net| {
        assert_eq!(i, recorded.len());
        recorded.push(net.clone());
        Ok(())
    })
    .unwrap();
    assert_eq!(recorded[0], net);
    assert_eq!(recorded[8], last);
    for (time, net) in times.iter().zip(&recorded) {
        let k = ((time / rate + 1e-12).floor() as usize).min(3);
        let f = time / rate - k as f64;
        let mut expected = steps[k].clone();
        if f > 1e-9 {
            interpolate(expected.weights_mut(), steps[k].weights(), f, steps[k + 1].weights());
        }
        assert!(distance(net, &expected) < 1e-14, "time {time}");
    }
}

#[test]
fn recording_does_not_change_the_run() {
    let data = data(10, 4, 3);
    let task = Correlations::of(&data).unwrap();
    let net = LinearNetwork::new(weights(&[4, 6, 3], 0.3)).unwrap();
    let end = |times: &[f64]| gradient_descent(net.clone(), &task, 0.01, times, nothing).unwrap();
    let often: Vec<f64> = (0..=700).map(|i| f64::from(i) / 700.0).collect();
    assert_eq!(end(&often), end(&[1.0]));
}

#[test]
fn imbalances_drift_in_proportion_to_the_rate() {
    let data = data(10, 4, 3);
    let task = Correlations::of(&data).unwrap();
    let net = LinearNetwork::new(weights(&[4, 6, 5, 3], 0.4)).unwrap();
    let drift = |rate: f64| {
        let end = gradient_descent(net.clone(), &task, rate, &[2.0], nothing).unwrap();
        let pairs = end.imbalances().into_iter().zip(net.imbalances());
        pairs.map(|(a, b)| frobenius_norm((a - b).view())).fold(0.0, f64::hypot)
    };
    let (coarse, fine) = (drift(2e-3), drift(1e-3));
    assert!(coarse > 1e-5, "{coarse}");
    // The next order of the ratio is of the size of the rate.
    assert!((coarse / fine - 2.0).abs() < 0.02, "{coarse} {fine}");
}

#[test]
fn a_rate_too_large_is_an_error_that_names_it() {
    let data = data(10, 4, 3);
    let task = Correlations::of(&data).unwrap();
    let net = LinearNetwork::new(weights(&[4, 6, 3], 0.3)).unwrap();
    let error = gradient_descent(net.clone(), &task, 3.5, &[7000.0], nothing).unwrap_err();
    assert!(matches!(error, Error::Numerical { .. }));
    let text = error.to_string();
    for part in ["after step", "time", "lower the learning rate", "3.5"] {
        assert!(text.contains(part), "{text}");
    }
    let dense = LayeredNetwork::dense(weights(&[4, 6, 3], 0.3), Nonlinearity::RELU).unwrap();
    let batches = Batches { size: 2, seed: 0, run: 0 };
    assert!(gradient_descent_examples(dense.clone(), &data, 9.0, &[1e4], nothing).is_err());
    assert!(stochastic_gradient_descent(dense, &data, batches, 9.0, &[1e4], nothing).is_err());
}

#[test]
fn impossible_requests_are_refused_before_training() {
    let data = data(10, 4, 3);
    let task = Correlations::of(&data).unwrap();
    let net = LinearNetwork::new(weights(&[4, 6, 3], 0.3)).unwrap();
    let run = |rate, times: &[f64]| gradient_descent(net.clone(), &task, rate, times, nothing);
    assert!(run(0.0, &[1.0]).is_err());
    assert!(run(f64::NAN, &[1.0]).is_err());
    assert!(run(0.1, &[1.0, 1.0]).is_err());
    assert!(run(1e-300, &[1.0]).is_err());
    let narrow = LinearNetwork::new(weights(&[3, 6, 3], 0.3)).unwrap();
    let text =
        gradient_descent(narrow.clone(), &task, 0.1, &[1.0], nothing).unwrap_err().to_string();
    assert!(text.contains("expected 3 × 3"), "{text}");
    assert!(gradient_descent_examples(narrow, &data, 0.1, &[1.0], nothing).is_err());
    for size in [0, 11] {
        let batches = Batches { size, seed: 0, run: 0 };
        let run = stochastic_gradient_descent(net.clone(), &data, batches, 0.1, &[1.0], nothing);
        assert!(run.unwrap_err().to_string().contains("from 1 to the number of examples, 10"));
    }
    let stop = gradient_descent(net.clone(), &task, 0.1, &[1.0], |_, _| {
        Err(Error::Usage("interrupted".into()))
    });
    assert_eq!(stop.unwrap_err(), Error::Usage("interrupted".into()));
}

/// Gradient flow of a general deep linear network, from an integrator of order 8 with relative
/// tolerance 1e-12 on all weights (SciPy's DOP853).
#[test]
fn descent_approaches_the_gradient_flow_of_another_program() {
    let w1 = ndarray::arr2(&[
        [-0.19825842532285798, 0.15519485365831698, 0.005645364736789013],
        [0.23251647944354012, -0.5314593246392402, 0.3551115713619486],
        [-0.3050784947402987, -0.29371287450810657, -0.07897719394469521],
        [-0.22535383509410628, 0.11645007819931621, -0.22966591058601635],
    ]);
    let w2 = ndarray::arr2(&[
        [-0.42779102020757026, -0.33832112335160536, 0.524793330107005, 0.017703331454909738],
        [-0.467012113977844, 0.003350961270968306, -0.6223785658821637, 0.7158266231889233],
        [-0.6097912641163912, 0.19150108185822742, 0.2174502657256909, -0.5800031015362118],
        [0.12011060736731538, 0.39886881606630387, 0.18703011430474212, 0.1044065096333408],
    ]);
    let w3 = ndarray::arr2(&[
        [0.3796386725844019, 0.06436181955546492, 0.13457011523082243, -0.05068461859357268],
        [0.2527222904061903, -0.37655365889494646, 0.31670530354968934, -0.20212061351540567],
    ]);
    let sigma_yx = ndarray::arr2(&[
        [-0.8634075676336961, -1.4768340975643026, -0.22125416534201214],
        [-0.21106054027038276, -0.35266321385541605, 0.9872467528013661],
    ]);
    let sigma_x = ndarray::arr2(&[
        [0.6774154681509117, 0.0400379644435524, -0.15745555717901982],
        [0.0400379644435524, 1.7526116331642598, 0.2870713954961654],
        [-0.15745555717901982, 0.2870713954961654, 0.6379909184625103],
    ]);
    let expected = [
        ndarray::arr2(&[
            [-0.21519380353664083, -0.415656026747888, 0.17497903145371013],
            [-0.1506696182686047, -0.4250871489633549, 0.3887349465184208],
        ]),
        ndarray::arr2(&[
            [-1.1066799763561581, -0.8197037815578537, -0.14780281696702155],
            [-0.022540974759667726, -0.4501475033130729, 1.6464076636149885],
        ]),
        ndarray::arr2(&[
            [-1.3057851943518692, -0.7591849499370712, -0.3274612018460877],
            [0.13790897649318323, -0.5002811548960824, 1.8065738046865116],
        ]),
    ];
    let task = Correlations::new(sigma_x, sigma_yx, None).unwrap();
    let net = LinearNetwork::new(vec![w1, w2, w3]).unwrap();
    let maps = |rate: f64| {
        let mut maps = Vec::new();
        gradient_descent(net.clone(), &task, rate, &[0.5, 2.0, 6.0], |_, net| {
            maps.push(net.map());
            Ok(())
        })
        .unwrap();
        maps
    };
    // Euler's error is c₁η + c₂η² + …: three rates eliminate both, and what is left shrinks
    // eightfold when all rates halve.
    let extrapolated = |rate: f64| {
        let (a, b, c) = (maps(rate), maps(rate / 2.0), maps(rate / 4.0));
        let combine = |i: usize| (&a[i] - &(&b[i] * 6.0) + &(&c[i] * 8.0)) / 3.0;
        (0..3).map(combine).collect::<Vec<_>>()
    };
    let (coarse, fine) = (extrapolated(2e-3), extrapolated(1e-3));
    for ((coarse, fine), expected) in coarse.iter().zip(&fine).zip(&expected) {
        let left = frobenius_norm((coarse - fine).view()) / 7.0;
        let gap = frobenius_norm((fine - expected).view());
        assert!(gap < 2.0 * left + 1e-10, "{gap} {left}");
        assert!(left < 1e-7, "{left}");
    }
}
