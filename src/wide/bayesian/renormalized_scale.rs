//! How deep linear networks rescale their kernel when they learn, as a learning curve.
//!
//! The theory is the saddle of `li2021`: u₀^L against the load α = P/N. The simulation draws a task with
//! P = αN examples whose YᵀK⁻¹Y is P r₀, draws networks from the prior, weights each with how well it
//! fits, and divides the variance of their outputs at a new input by that of the Gaussian process. How
//! far the two are apart is known exactly: the mean of the [posterior of the scale](ScalePosterior) at
//! that width against its saddle. (The estimate from weighted networks is off by one part in as many
//! networks as count; that is small against its standard error.)

use ndarray::Array2;

use super::deep_linear::BayesianDeepLinear;
use super::scale_posterior::{ScalePosterior, saddle};
use super::weighted_networks::WeightedNetworks;
use crate::Result;
use crate::curve::Curve;
use crate::math::random::{Purpose, gaussian, stream};
use crate::parameter::{Parameter, ParameterKind, Values};

/// Networks drawn for one value.
const NETWORKS: usize = 400;

const ALPHA: Parameter = Parameter {
    name: "alpha",
    symbol: "α",
    unit: "",
    default: 0.25,
    low: 1e-6,
    high: 1.0,
    kind: ParameterKind::Log,
    help: "training examples per hidden unit",
};

const HIDDEN: Parameter = Parameter {
    name: "hidden",
    symbol: "L",
    unit: "",
    default: 2.0,
    low: 1.0,
    high: 20.0,
    kind: ParameterKind::Linear,
    help: "number of hidden layers, a whole number",
};

const VARIANCE: Parameter = Parameter {
    name: "variance",
    symbol: "σ²",
    unit: "",
    default: 1.2,
    low: 1e-3,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "variance of the weights times their fan-in",
};

const FIT: Parameter = Parameter {
    name: "fit",
    symbol: "r₀",
    unit: "",
    default: 2.0,
    low: 1e-6,
    high: 1e6,
    kind: ParameterKind::Log,
    help: "size of the labels as the first layer's kernel sees it, YᵀK⁻¹Y/P",
};

/// Variance of a Bayesian deep linear network's outputs, relative to a Gaussian process, against the
/// load.
pub const RENORMALIZED_SCALE: Curve = Curve {
    name: "deep-linear-scale",
    summary: "how deep linear networks rescale their kernel when they learn",
    reference: "li2021",
    parameters: &[ALPHA, HIDDEN, VARIANCE, FIT],
    observables: &["scale"],
    size: "hidden units N",
    cells: |point, n| {
        let (n, hidden) = (n as f64, point.get(&HIDDEN));
        3.0 * n * n * hidden + (point.get(&ALPHA) * n).powi(2)
    },
    theory,
    simulation,
    bias,
};

fn theory(point: &Values) -> Result<Vec<f64>> {
    let hidden = point.integer(&HIDDEN);
    let u = saddle(point.get(&ALPHA), point.get(&FIT), hidden, point.get(&VARIANCE))?;
    Ok(vec![u.powi(hidden as i32)])
}

/// What the posterior of the scale is at a width.
fn posterior(point: &Values, width: usize) -> ScalePosterior {
    ScalePosterior {
        hidden: point.integer(&HIDDEN),
        width,
        samples: ((point.get(&ALPHA) * width as f64).round() as usize).max(1),
        weight_variance: point.get(&VARIANCE),
        fit: point.get(&FIT),
    }
}

fn simulation(point: &Values, width: usize, seed: u64) -> Result<Vec<f64>> {
    let ScalePosterior { hidden, samples, weight_variance, fit, .. } = posterior(point, width);
    let mut rng = stream(seed, Purpose::Task, 0);
    let n_in = 2 * samples + 4;
    let inputs = gaussian(samples, n_in, 1.0, &mut rng);
    let labels = gaussian(samples, 1, 1.0, &mut rng).column(0).to_owned();
    let tests: Array2<f64> = gaussian(1, n_in, 1.0, &mut rng);
    let mut model = BayesianDeepLinear { inputs, labels, hidden, width, weight_variance };
    let found = model.evidence(tests.view())?;
    model.labels *= (fit / found.fit).sqrt();
    let networks = WeightedNetworks::draw(&model, tests.view(), NETWORKS, seed)?;
    Ok(vec![networks.variance(0).value / found.process.variance[0]])
}

fn bias(point: &Values, width: usize, theory: &[f64]) -> Result<Vec<f64>> {
    let exact = posterior(point, width).mean()?;
    // A floor where saddle and mean happen to cross.
    Ok(vec![(exact - theory[0]).abs() + 0.1 * theory[0] / width as f64])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_networks_count_that_the_estimate_is_of_the_posterior() {
        let mut rng = stream(0, Purpose::Task, 0);
        for (width, samples) in [(10, 4), (20, 8)] {
            let inputs = gaussian(samples, 2 * samples + 4, 1.0, &mut rng);
            let labels = gaussian(samples, 1, 1.0, &mut rng).column(0).to_owned();
            let tests = gaussian(1, 2 * samples + 4, 1.0, &mut rng);
            let weight_variance = 1.2;
            let mut model =
                BayesianDeepLinear { inputs, labels, hidden: 1, width, weight_variance };
            model.labels *= (2.0 / model.evidence(tests.view()).unwrap().fit).sqrt();
            let networks = WeightedNetworks::draw(&model, tests.view(), NETWORKS, 1).unwrap();
            let effective = networks.effective();
            assert!(effective > 20.0, "N = {width}: {effective}");
        }
    }
}
