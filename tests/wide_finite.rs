//! Networks of finite width against the theory of infinite width: kernels of random draws, scaling with
//! width, ensembles after training, and where late training of ReLU networks leaves the theory.

use ndarray::{Array2, Axis, concatenate, s};
use serde_json::Value;
use solvable::Dataset;
use solvable::math::linalg::eigh;
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::math::statistics::mean_and_error;
use solvable::net::LayeredNetwork;
use solvable::net::architecture::Architecture;
use solvable::net::fast::full_batch::FullBatch;
use solvable::net::layered::Sizes;
use solvable::net::unit::Nonlinearity;
use solvable::wide::ensemble::trained::TrainedEnsemble;
use solvable::wide::ensemble::training::Training;
use solvable::wide::finite::empirical_ntk::{empirical_nngp, empirical_ntk, mean_empirical_ntk};
use solvable::wide::finite::kernel_change::alignment;
use solvable::wide::finite::sphere_task::sphere_task;
use solvable::wide::finite::width_scaling::{AtWidth, Measured, WidthStudy, power_law};
use solvable::wide::kernel::dense::kernels;

/// Points on the sphere of radius 2 in four dimensions.
fn sphere(points: usize, run: u32) -> Array2<f64> {
    let mut x = gaussian(points, 4, 1.0, &mut stream(0, Purpose::Task, run));
    for mut row in x.rows_mut() {
        let length = row.dot(&row).sqrt();
        row *= 2.0 / length;
    }
    x
}

/// Entries by which the mean over draws is off, in standard errors beyond an allowed bias.
fn worst_deviation(draws: &[Array2<f64>], limit: &Array2<f64>, bias: f64) -> f64 {
    limit.indexed_iter().fold(0.0f64, |worst, (at, expected)| {
        let (mean, error) = mean_and_error(draws.iter().map(|draw| draw[at]));
        worst.max(((mean - expected).abs() - bias * expected.abs()) / error)
    })
}

#[test]
fn kernels_of_random_draws_scatter_about_their_limits() {
    let x = sphere(5, 1);
    let sizes = Sizes { n_in: 4, width: 48, n_out: 2 };
    for phi in [
        Nonlinearity::RELU,
        Nonlinearity::PiecewiseLinear { negative: 0.2, positive: 1.0 },
        Nonlinearity::ERF,
        Nonlinearity::Tanh,
        Nonlinearity::Gelu,
        Nonlinearity::RectifiedPower(2),
        Nonlinearity::Sin { amplitude: 1.2, frequency: 0.9, phase: 0.3 },
        Nonlinearity::Softplus,
        Nonlinearity::Linear,
    ] {
        for depth in [1, 2] {
            let architecture = Architecture::dense(phi, depth, 1.3, 0.3, 0.9, 0.2);
            let limit = kernels(&architecture, x.view(), None).unwrap();
            let nets: Vec<LayeredNetwork> = (0..200)
                .map(|seed| LayeredNetwork::random(&architecture, sizes, seed).unwrap())
                .collect();
            let tangent: Vec<Array2<f64>> =
                nets.iter().map(|net| mean_empirical_ntk(net, x.view(), None).unwrap()).collect();
            let nngp: Vec<Array2<f64>> =
                nets.iter().map(|net| empirical_nngp(net, x.view(), None).unwrap()).collect();
            // With one hidden layer both are means over independent units: there is no bias. Deeper,
            // it is some 1/width.
            let bias = if depth == 1 { 0.0 } else { 2.0 / 48.0 };
            // 25 entries: 4.5 standard errors are exceeded once in 6000 times.
            assert!(worst_deviation(&tangent, &limit.ntk, bias) < 4.5, "{phi}, depth {depth}: NTK");
            assert!(worst_deviation(&nngp, &limit.nngp, bias) < 4.5, "{phi}, depth {depth}: NNGP");
            // And the test sees an error of a tenth.
            let seen = worst_deviation(&tangent, &(&limit.ntk * 1.1), bias);
            assert!(seen > 4.5 || depth == 2, "{phi}: {seen}");
        }
    }
}

#[test]
fn kernels_of_standard_parameterization_grow_with_width_as_predicted() {
    use solvable::net::architecture::Parameterization;
    let x = sphere(4, 2);
    for width in [16, 64] {
        let parameterization = Parameterization::Standard { width };
        let dense = Architecture::dense(Nonlinearity::ERF, 1, 1.3, 0.3, 0.9, 0.2);
        let architecture = Architecture { parameterization, ..dense };
        let limit = kernels(&architecture, x.view(), None).unwrap();
        let sizes = Sizes { n_in: 4, width, n_out: 1 };
        let draws: Vec<Array2<f64>> = (0..300)
            .map(|seed| {
                let net = LayeredNetwork::random(&architecture, sizes, seed).unwrap();
                empirical_ntk(&net, x.view(), None).unwrap()
            })
            .collect();
        let worst = worst_deviation(&draws, &limit.ntk, 0.0);
        assert!(worst < 4.5, "width {width}: {worst} standard errors");
    }
}

/// Two hidden layers of erf units on eight labeled points, trained until the second-slowest mode is
/// down to e⁻⁴.
fn study() -> WidthStudy {
    let architecture = Architecture::dense(Nonlinearity::ERF, 2, 2f64.sqrt(), 0.1, 1.0, 0.0);
    let x = sphere(11, 0);
    let labels = gaussian(8, 1, 1.0, &mut stream(0, Purpose::Task, 1)).mapv(f64::signum);
    let data = Dataset::new(x.slice(s![..8, ..]).to_owned(), labels).unwrap();
    let kernel = kernels(&architecture, data.inputs.view(), None).unwrap().ntk;
    let eigenvalues = eigh(&kernel).unwrap().0;
    let rate = 0.2 * 8.0 / eigenvalues[0];
    let steps = (4.0 * 8.0 / (rate * eigenvalues[6])) as usize;
    WidthStudy { architecture, data, test: x.slice(s![8.., ..]).to_owned(), rate, steps }
}

#[test]
fn finite_networks_approach_the_limit_with_the_expected_powers_of_width() {
    let study = study();
    let widths = [16usize, 32, 64, 128];
    let found: Vec<AtWidth> = widths
        .iter()
        .zip([240, 160, 100, 60])
        .map(|(width, runs)| study.at(*width, runs, 7).unwrap())
        .collect();
    let x = widths.map(|w| w as f64);
    let exponent = |value: &dyn Fn(&AtWidth) -> Measured| {
        power_law(&x, &found.iter().map(value).collect::<Vec<_>>()).unwrap()
    };
    let scatter = exponent(&|at| Measured { value: at.start.rms, error: at.start.rms_error });
    let change = exponent(&|at| at.kernel_change);
    let gap = exponent(&|at| at.linearization_gap);
    // Leading orders: −1/2, −1, −1. The last is not reached at these widths.
    for (name, fit, low, high) in [
        ("scatter of the kernel", scatter, -0.65, -0.35),
        ("change in training", change, -1.2, -0.7),
        ("distance from the linearization", gap, -1.1, -0.4),
    ] {
        assert!(fit.exponent > low && fit.exponent < high, "{name}: {fit:?}");
        assert!(fit.exponent_error < 0.1, "{name}: {fit:?}");
    }
    for at in &found {
        // The mean kernel is off by no more than scatter explains, and a 1/width of it.
        let allowed = 3.0 * at.start.bias_noise + 1.0 / at.width as f64;
        assert!(at.start.bias < allowed, "{:?}", at.start);
    }
    // Ensemble means: within four standard errors and c/width. Thousands of draws gave c = 3.5 ± 0.2,
    // 4.9 ± 0.4, 4.5 ± 0.7 and 8.5 ± 1.6 at these widths for the worst of the three points.
    let limit = study.limit_outputs().unwrap();
    for at in &found {
        for (output, expected) in at.outputs.iter().zip(&limit) {
            let allowed = 4.0 * output.error + 8.0 / at.width as f64;
            assert!((output.value - expected).abs() < allowed, "width {}: {output:?}", at.width);
        }
    }
}

#[test]
fn feature_learning_aligns_the_kernel_of_a_narrow_network_with_its_task() {
    // What the limit has not: training turns the kernel towards yyᵀ, less so with more units.
    let study = study();
    let y = &study.data.targets;
    let task = y.dot(&y.t());
    let gain = |width: usize| {
        let gains = (0..100).map(|seed| {
            let sizes = Sizes { n_in: 4, width, n_out: 1 };
            let net = LayeredNetwork::random(&study.architecture, sizes, seed).unwrap();
            let kernel = |net: &LayeredNetwork| {
                let kernel = empirical_ntk(net, study.data.inputs.view(), None).unwrap();
                alignment(kernel.view(), task.view()).unwrap()
            };
            let mut descent =
                FullBatch::trainer(net.clone(), &study.data, study.rate, false).unwrap();
            descent.advance_to(study.steps as f64).unwrap();
            kernel(descent.network()) - kernel(&net)
        });
        mean_and_error(gains.collect::<Vec<_>>().into_iter())
    };
    let (narrow, wide) = (gain(8), gain(64));
    assert!(narrow.0 > 4.0 * narrow.1, "{narrow:?}");
    assert!(narrow.0 > wide.0 + 2.0 * wide.1, "{narrow:?} {wide:?}");
}

fn sphere_network(phi: Nonlinearity) -> Architecture {
    Architecture::dense(phi, 1, 2f64.sqrt(), 0.1, 1.0, 0.0)
}

#[test]
fn the_task_of_narrow_and_wide_networks_is_that_of_the_reference() {
    let file: Value =
        serde_json::from_str(include_str!("reference/wide_finite.json")).expect("JSON");
    let task = sphere_task().unwrap();
    let numbers = |v: &Value| -> Vec<f64> {
        v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    for case in file["cases"].as_array().unwrap() {
        // The file's ReLU diagonals are off by up to 4e-9.
        // Late losses multiply such an error by time.
        let (phi, gate, late_gate) = match case["nonlinearity"].as_str().unwrap() {
            "erf" => (Nonlinearity::ERF, 1e-12, 1e-10),
            _ => (Nonlinearity::RELU, 1e-7, 1e-4),
        };
        let k = kernels(&sphere_network(phi), task.inputs.view(), None).unwrap();
        let eigenvalues = eigh(&k.ntk).unwrap().0;
        for (found, expected) in eigenvalues.iter().zip(numbers(&case["eigenvalues"])) {
            assert!((found - expected).abs() < gate, "{phi}: {found} for {expected}");
        }
        let rate = case["rate"].as_f64().unwrap();
        assert!((0.2 * 16.0 / eigenvalues[0] - rate).abs() < gate);
        let training = Training::steps(rate);
        let limit = TrainedEnsemble::new(&k.nngp, &k.ntk, &task.targets, training).unwrap();
        // Centered networks are what the mean network is.
        let outputs = limit.training_means(&numbers(&case["steps"])).unwrap();
        for (outputs, expected) in outputs.iter().zip(numbers(&case["losses"])) {
            let loss = (outputs - &task.targets).mapv(|e| e * e).sum() / 32.0;
            assert!((loss - expected).abs() < late_gate * expected, "{phi}: {loss} {expected}");
        }
    }
}

#[test]
fn late_relu_training_is_slower_than_its_own_kernel_says_and_erf_training_is_not() {
    // Rates of decay of the loss in the second half, measured and by 2η eᵀΘe/n|e|² of the kernel of
    // the moment. ReLU units keep crossing their kinks; no linearization covers that.
    let task = sphere_task().unwrap();
    let ratio = |phi: Nonlinearity, steps: usize| {
        let architecture = sphere_network(phi);
        let eigenvalues =
            eigh(&kernels(&architecture, task.inputs.view(), None).unwrap().ntk).unwrap().0;
        let rate = 0.2 * 16.0 / eigenvalues[0];
        let sizes = Sizes { n_in: 4, width: 512, n_out: 1 };
        let net = LayeredNetwork::random(&architecture, sizes, 0).unwrap();
        let mut descent = FullBatch::trainer(net, &task, rate, true).unwrap();
        descent.advance_to((steps / 2) as f64).unwrap();
        let (half, mut predicted) = (descent.loss(), Vec::new());
        while descent.steps() < steps as u64 {
            let error = descent.outputs(task.inputs.view()).unwrap() - &task.targets;
            let kernel = empirical_ntk(descent.network(), task.inputs.view(), None).unwrap();
            let quotient = error.t().dot(&kernel).dot(&error)[[0, 0]] / (&error * &error).sum();
            predicted.push(2.0 * rate / 16.0 * quotient);
            descent.advance_to((descent.steps() + 100).min(steps as u64) as f64).unwrap();
        }
        let measured = (half / descent.loss()).ln() / (steps - steps / 2) as f64;
        measured * predicted.len() as f64 / predicted.iter().sum::<f64>()
    };
    let (relu, erf) = (ratio(Nonlinearity::RELU, 3400), ratio(Nonlinearity::ERF, 4000));
    assert!(relu < 0.7, "{relu}");
    assert!((erf - 1.0).abs() < 0.03, "{erf}");
}

#[test]
fn several_outputs_learn_with_the_kernel_of_pairs() {
    // A wide network of two outputs follows its linearization, cross terms included, at its own rate.
    use solvable::wide::finite::linearized::Linearized;
    let x = sphere(9, 3);
    let targets = gaussian(6, 2, 1.0, &mut stream(3, Purpose::Task, 0));
    let data = Dataset::new(x.slice(s![..6, ..]).to_owned(), targets).unwrap();
    let test = x.slice(s![6.., ..]).to_owned();
    let architecture = Architecture::dense(Nonlinearity::ERF, 1, 1.4, 0.1, 1.0, 0.1);
    let (rate, steps) = (0.2, 60);
    let training = Training { normalization: Some(6.0), ..Training::steps(rate) };
    let gap = |width: usize| {
        let gaps = (0..12).map(|seed| {
            let sizes = Sizes { n_in: 4, width, n_out: 2 };
            let net = LayeredNetwork::random(&architecture, sizes, seed).unwrap();
            let linear = Linearized::of(&net, &data, test.view(), training).unwrap();
            let mut descent = FullBatch::trainer(net, &data, rate, false).unwrap();
            descent.advance_to(f64::from(steps)).unwrap();
            let all = concatenate(Axis(0), &[data.inputs.view(), test.view()]).unwrap();
            let (train, far) = (linear.outputs(&[60.0]), linear.test_outputs(&[60.0]));
            let (train, far) = (train.unwrap().remove(0), far.unwrap().remove(0));
            let linear = concatenate(Axis(0), &[train.view(), far.view()]).unwrap();
            let gaps = descent.outputs(all.view()).unwrap() - linear;
            (gaps.iter().map(|g| g * g).sum::<f64>() / gaps.len() as f64).sqrt()
        });
        gaps.sum::<f64>() / 12.0
    };
    let (narrow, wide) = (gap(32), gap(512));
    // Sixteen times the width: a factor from 4 (1/√N) to 16 (1/N).
    assert!(wide < 0.05 && narrow / wide > 3.5, "{narrow} {wide}");
}
