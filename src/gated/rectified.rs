//! What random rectified units amount to in the exclusive or: an equivalent gated network.

use crate::deep_linear::two_layer::TwoLayerMode;
use crate::gated::xor::XorNetwork;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::{LayeredNetwork, Network, Nonlinearity};
use crate::{Error, Result};

/// The four modes that a network of rectified units with small random weights follows.
///
/// Almost every unit is on at two neighboring corners, whose targets differ. With α and β its
/// weights along the corner of target 1 and of target −1, b its outgoing weight and s = √2/4, a unit
/// in a network that answers nothing yet obeys τα̇ = sb, τβ̇ = −sb, τḃ = s(α − β): the sum δ = α + β
/// stays, γ = (α − β)/√2 and b grow together at the rate √2 s. If γ + b is positive at the start, the
/// unit turns to the corner of target 1 and is off at the other one from
///
/// ```math
/// t_1 = \frac{\tau}{\sqrt2 s}\,\ln\frac{\gamma_1 + b_1}{\gamma_0 + b_0},\qquad
/// \gamma_1 = \frac{\delta}{\sqrt2},\quad b_1^2 = b_0^2 + 2\alpha_0\beta_0
/// ```
///
/// on, else to the other corner. (Signs turned, it is the same.) From then on it belongs to the
/// pathway of its corner, with first layer δ and second layer b₁. A unit of a gated pathway that is
/// there at t₁ too has started with (a + b) smaller by $`e^{-st_1}`$ and (a − b) larger by
/// $`e^{st_1}`$; those starts make the modes. What is neglected is what the network answers before
/// its units have turned, of the order of the initial weights squared. A corner without units is never
/// learned.
///
/// # Errors
/// A network that is not two layers of rectified units from two inputs to one output.
pub fn xor_modes(net: &LayeredNetwork) -> Result<[TwoLayerMode; 4]> {
    let weights = net.weights();
    let widths: Vec<_> = weights.iter().map(|w| w.dim()).collect();
    let fits = widths.len() == 2 && widths[0].1 == 2 && widths[1].0 == 1;
    if !fits || net.nonlinearities() != [Nonlinearity::RELU] {
        let expected = "units × 2 and 1 × units, with rectified units";
        return Err(Error::shape(
            "weights of the network",
            (widths, net.nonlinearities()),
            expected,
        ));
    }
    let data = XorNetwork::data()?;
    let s = 2f64.sqrt() / 4.0;
    let mut starts: [(Vec<f64>, Vec<f64>); 4] = Default::default();
    for (unit, outgoing) in weights[0].rows().into_iter().zip(&weights[1]) {
        let along: Vec<f64> =
            data.inputs.rows().into_iter().map(|x| unit.dot(&x) / 2f64.sqrt()).collect();
        // The corner of this target at which the unit is on, or more on.
        let corner = |target: f64| {
            let corners = (0..4).filter(|p| data.targets[[*p, 0]] == target);
            corners.fold(None, |best: Option<usize>, p| match best {
                Some(q) if along[q] >= along[p] => best,
                _ => Some(p),
            })
        };
        let (Some(plus), Some(minus)) = (corner(1.0), corner(-1.0)) else { continue };
        let (alpha, beta) = (along[plus], along[minus]);
        let to_plus = (alpha - beta) / 2f64.sqrt() + outgoing > 0.0;
        let (target, alpha, beta, b) =
            if to_plus { (plus, alpha, beta, *outgoing) } else { (minus, beta, alpha, -outgoing) };
        let (sum, grown) = (alpha + beta, (b * b + 2.0 * alpha * beta).max(0.0).sqrt());
        let growth = (sum / 2f64.sqrt() + grown) / ((alpha - beta) / 2f64.sqrt() + b);
        // e^{s t₁}
        let by = growth.powf(1.0 / 2f64.sqrt());
        if !by.is_finite() {
            continue; // exactly between two corners: it turns to neither
        }
        let (rising, falling) = (0.5 * (sum + grown) / by, 0.5 * (sum - grown) * by);
        starts[target].0.push(rising + falling);
        starts[target].1.push(rising - falling);
    }
    let [a, b, c, d] = starts.map(|(first, second)| TwoLayerMode::new(s, 0.5, &first, &second));
    Ok([a?, b?, c?, d?])
}

/// Loss of the gated network with these modes at each time.
pub fn equivalent_loss(modes: &[TwoLayerMode; 4], times: &[f64]) -> Vec<f64> {
    let part = |mode: &TwoLayerMode, t: f64| (1.0 - 2f64.sqrt() * mode.strength(t)).powi(2) / 8.0;
    times.iter().map(|t| modes.iter().map(|mode| part(mode, *t)).sum()).collect()
}

/// `n` rectified units from two inputs to one output, all weights Gaussian of standard deviation `std`.
/// `run` sets draws of one seed apart.
///
/// # Errors
/// No unit, or a standard deviation that is not finite.
pub fn random_units(n: usize, std: f64, (seed, run): (u64, u32)) -> Result<LayeredNetwork> {
    let mut rng = stream(seed, Purpose::InitialWeights, run);
    let weights = vec![gaussian(n, 2, std, &mut rng), gaussian(1, n, std, &mut rng)];
    LayeredNetwork::dense(weights, Nonlinearity::RELU)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Loss, gradient_descent_examples};

    fn random(n: usize, std: f64, seed: u64) -> LayeredNetwork {
        random_units(n, std, (seed, 0)).unwrap()
    }

    fn losses(net: &LayeredNetwork, rate: f64, times: &[f64]) -> Vec<f64> {
        let data = XorNetwork::data().unwrap();
        let mut losses = Vec::new();
        gradient_descent_examples(net.clone(), &data, rate, times, |_, net| {
            let (x, y) = (data.inputs.view(), data.targets.view());
            losses.push(net.loss_and_gradient(x, y, Loss::HalfSquare).0);
            Ok(())
        })
        .unwrap();
        losses
    }

    /// Largest gap of the loss between the equivalent gated network and training, extrapolated to
    /// steps of no size.
    fn gap(net: &LayeredNetwork) -> f64 {
        let modes = xor_modes(net).unwrap();
        let times: Vec<f64> = (0..=80).map(|i| 0.75 * f64::from(i)).collect();
        let (whole, half) = (losses(net, 0.01, &times), losses(net, 0.005, &times));
        let expected = equivalent_loss(&modes, &times);
        let gaps = expected.iter().zip(whole.iter().zip(&half));
        let gaps = gaps.map(|(expected, (whole, half))| (2.0 * half - whole - expected).abs());
        gaps.fold(0.0, f64::max)
    }

    /// What is neglected is of the order of the weights squared.
    #[test]
    fn small_random_units_are_an_equivalent_gated_network() {
        for seed in 0..4 {
            let gaps = [0.03, 0.015, 0.0075].map(|std| gap(&random(24, std, seed)));
            assert!(gaps[2] < 0.005, "{gaps:?}");
            for pair in gaps.windows(2) {
                assert!((pair[0] / pair[1] / 4.0 - 1.0).abs() < 0.3, "second order: {gaps:?}");
            }
        }
    }

    #[test]
    fn units_on_the_corners_are_gated_from_the_start() {
        let network = XorNetwork {
            layers: [[0.1, 0.2], [0.3, 0.1], [0.2, 0.2], [0.1, 0.1]],
            n_hidden: 1,
            rate: 0.01,
        };
        let (found, plain) =
            (xor_modes(&network.relu().unwrap()).unwrap(), network.modes().unwrap());
        for (found, plain) in found.iter().zip(&plain) {
            for t in [0.0, 2.0, 10.0, 40.0] {
                assert!((found.strength(t) - plain.strength(t)).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn other_networks_are_refused() {
        let linear =
            LayeredNetwork::dense(random(3, 0.1, 0).weights().to_vec(), Nonlinearity::Linear);
        assert!(xor_modes(&linear.unwrap()).is_err());
    }
}
