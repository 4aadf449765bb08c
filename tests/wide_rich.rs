//! Signal propagation, feature learning and Bayesian deep linear networks against numbers from
//! independent software, `tests/reference/wide_rich.json`, and against each other in limits.

use proptest::prelude::*;
use serde_json::Value;
use solvable::net::unit::Nonlinearity;
use solvable::wide::DeepLinearField;
use solvable::wide::bayesian::scale_posterior::ScalePosterior;
use solvable::wide::rich::two_layer::{Kernels, TwoLayerRich};
use solvable::wide::signal::isometry::{FussCatalan, JacobianMoments, WeightEnsemble};
use solvable::wide::signal::propagation::{Phase, SignalPropagation};

fn cases(name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("reference/wide_rich.json"))
        .expect("the reference file is JSON");
    file[name].as_array().unwrap_or_else(|| panic!("no cases of {name}")).clone()
}

fn number(case: &Value, name: &str) -> f64 {
    case[name].as_f64().unwrap_or_else(|| panic!("no number {name} in {case}"))
}

fn vector(case: &Value, name: &str) -> Vec<f64> {
    let values = case[name].as_array().unwrap_or_else(|| panic!("no list {name} in {case}"));
    values.iter().map(|v| v.as_f64().expect("a number")).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, gate: f64, what: &str) {
    let gap = (found - expected).abs();
    assert!(
        gap <= gate * expected.abs().max(1.0),
        "{what}: {found} and {expected}, {gap:.1e} apart"
    );
}

#[test]
fn two_layers_with_an_output_scale() {
    for case in cases("two_layer") {
        let (scale, target) = (number(&case, "scale"), number(&case, "target"));
        let model = TwoLayerRich::wide(scale, target, 2, 0.1);
        for (time, expected) in vector(&case, "times").iter().zip(vector(&case, "outputs")) {
            let found = model.after(*time).unwrap();
            close(found.output, expected, 2e-12, "output");
            close(found.hidden, 1f64.hypot(scale * expected), 1e-11, "kernel");
        }
    }
}

#[test]
fn deep_linear_field_theory_by_one_sweep_is_that_by_iteration() {
    for case in cases("field_theory") {
        let model = DeepLinearField {
            hidden: number(&case, "hidden") as usize,
            scale: number(&case, "scale"),
            target: number(&case, "target"),
            rate: number(&case, "rate"),
        };
        let (last, third) = (number(&case, "steps") as usize, number(&case, "third") as usize);
        let found = model.solve(last).unwrap();
        close(found.outputs[last], number(&case, "output"), 1e-12, "output");
        close(found.outputs[third], number(&case, "output_third"), 1e-12, "output");
        for l in 0..model.hidden {
            let (h, g) = (&found.hidden[l + 1], &found.gradient[l]);
            let expected = |name: &str| vector(&case, name)[l];
            close(h[[last, last]], expected("hidden_kernels"), 1e-12, "H");
            close(h[[last, third]], expected("hidden_two_times"), 1e-12, "H at two times");
            close(g[[last, last]], expected("gradient_kernels"), 1e-12, "G");
        }
    }
}

#[test]
fn the_scale_of_bayesian_deep_linear_networks() {
    for case in cases("bayesian") {
        let count = |name: &str| number(&case, name) as usize;
        let model = ScalePosterior {
            hidden: count("hidden"),
            width: count("width"),
            samples: count("samples"),
            weight_variance: number(&case, "weight_variance"),
            fit: number(&case, "fit"),
        };
        close(model.saddle().unwrap(), number(&case, "saddle"), 1e-14, "saddle");
        close(model.mean().unwrap(), number(&case, "mean"), 1e-11, "mean");
        close(model.log_moment(0).unwrap(), number(&case, "log_moment"), 1e-11, "evidence");
        close(model.variance().unwrap(), number(&case, "variance"), 1e-10, "variance");
    }
}

#[test]
fn fixed_points_and_slopes_of_tanh_networks() {
    for case in cases("signal_tanh") {
        let net = SignalPropagation {
            nonlinearity: Nonlinearity::Tanh,
            weight_variance: number(&case, "weight_variance"),
            bias_variance: number(&case, "bias_variance"),
        };
        let found = net.fixed_point().unwrap();
        close(found.variance, number(&case, "variance"), 1e-13, "q*");
        close(found.variance_slope, number(&case, "variance_slope"), 1e-12, "dq'/dq");
        close(found.chi, number(&case, "chi"), 1e-12, "χ₁");
        close(found.correlation, number(&case, "correlation"), 1e-11, "c*");
        close(found.correlation_slope, number(&case, "correlation_slope"), 1e-11, "χ");
        let half = net.correlation_map(found.variance, 0.5);
        close(half, number(&case, "map_at_half"), 1e-12, "c'(1/2)");
        let chaotic = number(&case, "chi") > 1.0;
        assert_eq!(found.phase(), if chaotic { Phase::Chaotic } else { Phase::Ordered });
        close(found.gradient_depth(), -1.0 / number(&case, "chi").ln(), 1e-10, "ξ_∇");
    }
}

#[test]
fn the_edge_of_chaos_of_tanh_and_erf() {
    for (name, nonlinearity) in [("edge_tanh", Nonlinearity::Tanh), ("edge_erf", Nonlinearity::ERF)]
    {
        for case in cases(name) {
            let q = number(&case, "variance");
            let net = SignalPropagation::edge_at_variance(nonlinearity, q).unwrap();
            close(net.weight_variance, number(&case, "weight_variance"), 1e-13, name);
            close(net.bias_variance, number(&case, "bias_variance"), 1e-13, name);
        }
    }
}

#[test]
fn rectified_units_at_their_critical_point_become_alike_as_a_power_of_depth() {
    let file: Value = serde_json::from_str(include_str!("reference/wide_rich.json")).unwrap();
    let net = SignalPropagation {
        nonlinearity: Nonlinearity::RELU,
        weight_variance: 2.0,
        bias_variance: 0.0,
    };
    let course = net.course(1.0, 0.0, 2000).unwrap();
    for (layer, expected) in file["relu_correlation"].as_object().unwrap() {
        let layer: usize = layer.parse().unwrap();
        // Theirs takes arccos of a number near 1.
        close(course[layer].1, expected.as_f64().unwrap(), 1e-10, "correlation");
    }
}

#[test]
fn singular_values_of_products_and_of_jacobians() {
    for case in cases("fuss_catalan") {
        let law = FussCatalan::new(number(&case, "depth") as usize).unwrap();
        for (k, expected) in vector(&case, "moments").into_iter().enumerate() {
            close(law.moment(k as u32 + 1), expected, 1e-15, "moment");
            close(law.mean(|x| x.powi(k as i32 + 1)), expected, 1e-11, "mean");
        }
        close(law.edge(), number(&case, "edge"), 1e-14, "edge");
    }
    for case in cases("slope_moments_tanh") {
        let q = number(&case, "variance");
        let net = SignalPropagation::edge_at_variance(Nonlinearity::Tanh, q).unwrap();
        for (weights, s1) in [(WeightEnsemble::Gaussian, -1.0), (WeightEnsemble::Orthogonal, 0.0)] {
            let found = JacobianMoments::new(&net, q, 7, weights).unwrap();
            close(found.mean, 1.0, 1e-12, "mean");
            let expected = 7.0 * (number(&case, "ratio") - 1.0 - s1);
            close(found.variance, expected, 1e-11, "variance");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lazy_networks_of_any_depth_approach_their_target_with_a_fixed_kernel(
        hidden in 1usize..5,
        target in -3.0..3.0f64,
        rate in 0.001..0.1f64,
    ) {
        let field = DeepLinearField { hidden, scale: 1e-4, target, rate };
        let found = field.solve(20).unwrap();
        let factor = 1.0 - rate * (hidden + 1) as f64;
        for (step, output) in found.outputs.iter().enumerate() {
            // The kernel changes by order γ²y².
            let exact = target * (1.0 - factor.powi(step as i32));
            prop_assert!((output - exact).abs() < 1e-6 * target.abs().max(1e-3));
        }
    }

    #[test]
    fn the_output_of_two_layers_goes_to_its_target_without_turning_back(
        scale in 0.0..20.0f64,
        target in -5.0..5.0f64,
        (hidden, readout, share) in (0.1..4.0f64, 0.1..4.0f64, -0.95..0.95f64),
    ) {
        let output = if scale > 0.0 { share * (hidden * readout).sqrt() / scale } else { share };
        let start = Kernels { output, hidden, readout };
        let model = TwoLayerRich { scale, target, start, width: 2, rate: 0.1 };
        let mut last = (target - output).abs();
        for i in 1..30 {
            let found = model.after(0.05 * f64::from(i)).unwrap();
            let error = (target - found.output).abs();
            prop_assert!(error <= last + 1e-12 * (1.0 + target.abs()));
            prop_assert!(found.hidden * found.readout * (1.0 + 1e-9) >= (scale * found.output).powi(2));
            // H − G is conserved.
            let difference = found.hidden - found.readout - (hidden - readout);
            prop_assert!(difference.abs() < 1e-10 * (1.0 + found.tangent()));
            last = error;
        }
    }

    #[test]
    fn posteriors_of_the_scale_lie_between_prior_and_data(
        hidden in 1usize..6,
        width in 1usize..300,
        samples in 1usize..60,
        weight_variance in 0.2..3.0f64,
        ln_fit in -4.0..4.0f64,
    ) {
        let prior = weight_variance.powi(hidden as i32);
        let fit = prior * ln_fit.exp();
        let model = ScalePosterior { hidden, width, samples, weight_variance, fit };
        let u = model.saddle().unwrap();
        let scale = u.powi(hidden as i32);
        prop_assert!(scale >= prior.min(fit) * (1.0 - 1e-12));
        prop_assert!(scale <= prior.max(fit) * (1.0 + 1e-12));
        let (mean, variance) = (model.mean().unwrap(), model.variance().unwrap());
        prop_assert!(mean > 0.0 && variance >= 0.0);
    }

    #[test]
    fn correlations_go_to_their_fixed_point_from_both_sides(
        weight_variance in 0.8..4.0f64,
        bias_variance in 0.01..0.5f64,
        correlation in 0.0..1.0f64,
    ) {
        let nonlinearity = Nonlinearity::ERF;
        let net = SignalPropagation { nonlinearity, weight_variance, bias_variance };
        let there = net.fixed_point().unwrap();
        let next = net.correlation_map(there.variance, correlation);
        let (gap, next_gap) = (there.correlation - correlation, there.correlation - next);
        // Toward it, never beyond: the map rises.
        prop_assert!(next_gap.abs() <= gap.abs() + 1e-12);
        prop_assert!(gap * next_gap >= -1e-12);
    }
}
