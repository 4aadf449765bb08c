//! Rectified units that keep their gates, and why they learn one-hot items later than linear ones.
//!
//! A rectified unit is linear in the examples at which it is on and deaf to the others: as long as no
//! unit turns on or off anywhere, two layers of rectified units *are* a gated linear network, with one
//! pathway for each set of examples that some units share ([`at_start`]).
//!
//! With items of their own inputs (one-hot) a unit is on at the items whose first-layer weight is
//! positive. From random weights that is about half of them, and a weight that is negative gets no
//! gradient: a unit never hears of the other half. It therefore learns a table with half of its items
//! masked, whose modes are weaker, and begins to learn later ([`growth`] is exact as long as the network
//! answers little),
//!
//! ```math
//! \tau\dot W_1 = W_2^\top\Sigma(p),\quad \tau\dot W_2 = \Sigma(p)W_1^\top,\qquad
//! \Sigma(p) = \langle g_p\,yx^\top\rangle,\quad s_1(p)\le s_1 ,
//! ```
//!
//! so that a pathway grows at the rate 2s₁(p) instead of 2s₁. In the worm table s₁ is 0.508, and 0.37 on
//! average over all masks. From 64 units and mode strengths of 10⁻⁴, the first percent of its strongest mode
//! takes linear units 5.9 τ and rectified ones, in three runs, 7.37, 7.34 and 6.55; their masked tables
//! say 7.33, 7.31 and 6.53. More units do not help: each is as deaf. Afterwards, too, nearly all that linear
//! theory misses is in the gates. A network trained with its gates held stays within 0.05 of the
//! rectified one for all features of all items, linear theory is off by up to 0.7 (tests; the figure
//! saxe2021_fig5e draws both). What is left are weights that fall to zero on the way.
//!
//! Where units turn instead, from example to example, as in the exclusive or,
//! [`rectified`](super::rectified) has the equivalent network.

use ndarray::{Array2, Axis};

use crate::gated::network::{Context, GatedNetwork};
use crate::math::linalg::thin_svd;
use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_course;
use crate::net::{LayeredNetwork, Network, Nonlinearity};
use crate::{Correlations, Dataset, Error, Result};

/// The gated network that two layers of rectified units are, with their present gates.
///
/// Units that are on at the same examples make one pathway; every example is a context. Pathway p has
/// the edges 2p and 2p + 1.
///
/// # Errors
/// A network that is not two layers of rectified units or does not fit the data, or an example at which
/// no unit is on: it is never learned.
pub fn at_start(net: &LayeredNetwork, data: &Dataset) -> Result<GatedNetwork> {
    let weights = net.weights();
    let widths: Vec<_> = weights.iter().map(|w| w.dim()).collect();
    let (n_in, n_out) = (data.inputs.ncols(), data.targets.ncols());
    let fits = widths.len() == 2 && widths[0].1 == n_in && widths[1].0 == n_out;
    if !fits || net.nonlinearities() != [Nonlinearity::RELU] {
        let expected = format!("units × {n_in} and {n_out} × units, with rectified units");
        return Err(Error::shape(
            "weights of the network",
            (widths, net.nonlinearities()),
            expected,
        ));
    }
    let before = data.inputs.dot(&weights[0].t());
    let mut groups: Vec<(Vec<bool>, Vec<usize>)> = Vec::new();
    for (unit, column) in before.columns().into_iter().enumerate() {
        let mask: Vec<bool> = column.iter().map(|x| *x > 0.0).collect();
        if !mask.contains(&true) {
            continue; // silent everywhere, and for ever
        }
        match groups.iter_mut().find(|(of, _)| *of == mask) {
            Some((_, units)) => units.push(unit),
            None => groups.push((mask, vec![unit])),
        }
    }
    let edges = groups.iter().flat_map(|(_, units)| {
        [weights[0].select(Axis(0), units), weights[1].select(Axis(1), units)]
    });
    let edges = edges.collect();
    let share = (data.n_samples() as f64).recip();
    let context = |example: usize| {
        let open: Vec<usize> = (0..groups.len()).filter(|p| groups[*p].0[example]).collect();
        if open.is_empty() {
            return Err(Error::Assumption {
                theory: "the gated network of rectified units",
                reason: format!("no unit is on at example {}, which is never learned", example + 1),
                remedy: "take more hidden units, or another seed".into(),
            });
        }
        let row = |of: &Array2<f64>| of.select(Axis(0), &[example]);
        let task = Correlations::of(&Dataset::new(row(&data.inputs), row(&data.targets))?)?;
        Ok(Context { weight: share, task, open })
    };
    let contexts = (0..data.n_samples()).map(context).collect::<Result<_>>()?;
    GatedNetwork::new(edges, (0..groups.len()).map(|p| vec![2 * p, 2 * p + 1]).collect(), contexts)
}

/// What a gated network of two-layer pathways is after some time, as long as it answers so little that
/// every pathway is driven by all that it hears of, Σ(p).
///
/// # Errors
/// Pathways that are not two edges of their own, a time that is negative, or so late that weights
/// overflow.
pub fn growth(net: &GatedNetwork, time: f64) -> Result<GatedNetwork> {
    crate::math::times::validate_times(&[time])?;
    let mut edges = net.edges().to_vec();
    for (p, path) in net.pathways().iter().enumerate() {
        let own = |e: &usize| net.pathways().iter().filter(|q| q.contains(e)).count() == 1;
        if path.len() != 2 || !path.iter().all(own) {
            let name = format!("edges of pathway {p}");
            return Err(Error::parameter(name, format!("{path:?}"), "it must have two of its own"));
        }
        let Some(sigma) = net.sigma_yx(p) else { continue };
        let modes = thin_svd(&sigma)?;
        let (first, second) = (&net.edges()[path[0]], &net.edges()[path[1]]);
        let (a, b) = (first.dot(&modes.v), second.t().dot(&modes.u));
        // With S = UsVᵀ each mode's weights obey ȧ = sb, ḃ = sa; what is orthogonal to all stays.
        for (k, s) in modes.s.iter().enumerate() {
            let (sinh, cosh_minus_one) = ((s * time).sinh(), 2.0 * (0.5 * s * time).sinh().powi(2));
            let (a, b) = (a.column(k).insert_axis(Axis(1)), b.column(k).insert_axis(Axis(1)));
            let (v, u) = (modes.v.column(k), modes.u.column(k));
            let grown = &a * cosh_minus_one + &b * sinh;
            edges[path[0]] += &grown.dot(&v.insert_axis(Axis(0)));
            let grown = &b * cosh_minus_one + &a * sinh;
            edges[path[1]] += &u.insert_axis(Axis(1)).dot(&grown.t());
        }
    }
    GatedNetwork::new(edges, net.pathways().to_vec(), net.contexts().to_vec())
}

/// What networks of rectified units say about one feature of one item (by row and column of the data,
/// whose items are one-hot) if they are trained with the gates of their start: the mean over networks, at
/// each time.
///
/// # Errors
/// As [`at_start`], or a rate at which training diverges.
pub fn mean_held_answer(
    networks: &[LayeredNetwork],
    data: &Dataset,
    rate: f64,
    times: &[f64],
    (item, feature): (usize, usize),
) -> Result<Vec<f64>> {
    let runs = in_parallel(networks.len(), |i| {
        let mut answers = Vec::with_capacity(times.len());
        at_start(&networks[i], data)?.train(rate, times, |_, net| {
            // Items are one-hot: the map of their context has their features as a column.
            answers.push(net.context_map(item)[[feature, item]]);
            Ok(())
        })?;
        Ok(answers)
    })?;
    Ok(mean_course(&runs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Modes;
    use crate::deep_linear::aligned::AlignedNetwork;
    use crate::deep_linear::half_times::first_crossing;
    use crate::net::Loss;
    use crate::semantic::nonlinear::NonlinearNetwork;

    const U0: f64 = 1e-4;

    fn worm(activation: Nonlinearity, rate: f64) -> NonlinearNetwork {
        let scale = (2.0 * U0).sqrt();
        NonlinearNetwork { data: Dataset::worm(), n_hidden: 64, activation, scale, rate }
    }

    /// Outputs for all items, as columns: of one-hot items, the map.
    fn answers(net: &GatedNetwork) -> Array2<f64> {
        let maps = (0..net.contexts().len()).map(|c| net.context_map(c).column(c).to_owned());
        let maps: Vec<_> = maps.collect();
        ndarray::stack(Axis(1), &maps.iter().map(|m| m.view()).collect::<Vec<_>>()).unwrap()
    }

    fn trained(net: &GatedNetwork, rate: f64, times: &[f64]) -> Vec<Array2<f64>> {
        let mut maps = Vec::new();
        net.train(rate, times, |_, net| {
            maps.push(answers(net));
            Ok(())
        })
        .unwrap();
        maps
    }

    fn rectified(rate: f64, times: &[f64], seed: u64) -> Vec<Array2<f64>> {
        let run = worm(Nonlinearity::RELU, rate).train(times, seed).unwrap();
        run.into_iter().map(|s| s.outputs.reversed_axes()).collect()
    }

    #[test]
    fn gates_of_rectified_units_are_those_with_which_they_answer_and_learn() {
        let network = worm(Nonlinearity::RELU, 0.01);
        let start = network.start(3).unwrap();
        let gated = at_start(&start, &network.data).unwrap();
        let gap = answers(&gated) - start.forward(network.data.inputs.view()).t();
        assert!(gap.iter().all(|x| x.abs() < 1e-17), "{gap}");
        let (x, y) = (network.data.inputs.view(), network.data.targets.view());
        let (loss, _) = start.loss_and_gradient(x, y, Loss::HalfSquare);
        assert!((gated.loss() - loss).abs() < 1e-14);
        let step = (rectified(0.01, &[0.01], 3), trained(&gated, 0.01, &[0.01]));
        let gap = &step.0[0] - &step.1[0];
        // After one step the weights have learned the same, but for those that it took across zero.
        assert!(gap.iter().all(|x| x.abs() < 1e-5), "{gap}");
    }

    /// The first percent of the strongest mode: theory of deaf units, and of linear ones.
    #[test]
    fn deaf_units_grow_as_their_masked_tables_say() {
        let data = Dataset::worm();
        let modes = Modes::of(&Correlations::of(&data).unwrap()).unwrap();
        let share = 0.01;
        let level = share * modes.targets()[0];
        let times: Vec<f64> = (0..=200).map(|i| 0.05 * f64::from(i)).collect();
        let crossing = |maps: &[Array2<f64>]| {
            let u: Vec<f64> = maps.iter().map(|m| modes.strengths(m.view())[0].ln()).collect();
            let t = first_crossing(&times, &u, level.ln()).unwrap();
            let i = times.iter().position(|later| *later > t).unwrap();
            (t, (u[i] - u[i - 1]) / (times[i] - times[i - 1]))
        };
        let linear = (modes.targets()[0] / U0).ln() + share.ln();
        let linear = linear / (2.0 * modes.singular_values[0]);
        for seed in 0..3 {
            let start = worm(Nonlinearity::RELU, 0.01).start(seed).unwrap();
            let gated = at_start(&start, &data).unwrap();
            let theory: Vec<_> =
                times.iter().map(|t| answers(&growth(&gated, *t).unwrap())).collect();
            let (expected, rate) = crossing(&theory);
            // To steps of no size.
            let at = |rate: f64| crossing(&trained(&gated, rate, &times)).0;
            let found = 2.0 * at(0.025) - at(0.05);
            // A network that answers a share f of what grows at rate r is behind by ∫f dt = f/r.
            let behind = share / rate;
            assert!((found - expected - behind).abs() < behind, "{found} {expected} {behind}");
            let at = |rate: f64| crossing(&rectified(rate, &times, seed)).0;
            let rectified = 2.0 * at(0.025) - at(0.05);
            // Gates are the reason of the delay.
            assert!((rectified - expected).abs() < 0.1 * (rectified - linear), "{rectified}");
        }
        // Nor do more units hear more: when linear ones have learned a percent, these have not half of it.
        let many = NonlinearNetwork { n_hidden: 1024, ..worm(Nonlinearity::RELU, 0.01) };
        let gated = at_start(&many.start(0).unwrap(), &data).unwrap();
        let map = answers(&growth(&gated, linear).unwrap());
        assert!(modes.strengths(map.view())[0] < 0.5 * level);
    }

    #[test]
    fn most_of_what_linear_theory_misses_of_rectified_units_is_in_their_gates() {
        let times: Vec<f64> = (0..=120).map(|i| 0.5 * f64::from(i)).collect();
        for (data, seed) in [(Dataset::worm(), 0), (Dataset::worm(), 1), (Dataset::toy(), 2)] {
            let task = Correlations::of(&data).unwrap();
            let linear = AlignedNetwork::uniform(task, &[8], U0.sqrt(), 0.01);
            let modes = Modes::of(&linear.task).unwrap();
            let strengths = linear.strengths(&modes, &times).unwrap();
            let network = NonlinearNetwork { data, ..worm(Nonlinearity::RELU, 0.05) };
            let gated = at_start(&network.start(seed).unwrap(), &network.data).unwrap();
            let gated = trained(&gated, 0.05, &times);
            let (mut of_gates, mut of_linear) = (0.0f64, 0.0f64);
            for (i, snapshot) in network.train(&times, seed).unwrap().iter().enumerate() {
                let of_mode: Vec<f64> = strengths.iter().map(|u| u[i]).collect();
                let largest = |map: &Array2<f64>| {
                    let gap = map - &snapshot.outputs.t();
                    gap.iter().fold(0.0f64, |m, x| m.max(x.abs()))
                };
                of_gates = of_gates.max(largest(&gated[i]));
                of_linear = of_linear.max(largest(&modes.map(&of_mode)));
            }
            assert!(of_gates < 0.25 * of_linear, "{of_gates} {of_linear}");
        }
    }

    #[test]
    fn what_is_not_made_of_gates_is_refused() {
        let network = worm(Nonlinearity::Tanh, 0.01);
        assert!(at_start(&network.start(0).unwrap(), &network.data).is_err());
        let relu = worm(Nonlinearity::RELU, 0.01);
        assert!(at_start(&relu.start(0).unwrap(), &Dataset::toy()).is_err());
        let one = NonlinearNetwork { n_hidden: 1, ..relu };
        let error = at_start(&one.start(0).unwrap(), &one.data).unwrap_err();
        assert!(error.to_string().contains("never learned"), "{error}");
        let sum = worm(Nonlinearity::RELU, 0.01);
        let gated = at_start(&sum.start(0).unwrap(), &sum.data).unwrap();
        assert!(growth(&gated, -1.0).is_err() && growth(&gated, 1e6).is_err());
    }
}
