//! Illusory correlations: what a network believes of an item for a time, against all evidence.
//!
//! What a network says of feature m when shown input x is a sum over the modes of its task,
//!
//! ```math
//! \hat y_m(t) = \sum_a u_a(t)\, U_{ma}\,(v_a^\top x) + \text{cross},
//! ```
//!
//! where for a table of one-hot items the last factor is the entry V_ia of item i (`saxe2019`).
//! Cross terms uₐᵀWv_b, a ≠ b, appear only where modes do not decouple; [`contributions`] keeps them
//! as one rest, so that the parts always add up to the output.
//!
//! With depth, strong modes are learned first. That things (of which most are animals, most of them
//! with bones) have bones is part of a strong mode, that worms do not of weak ones: in between the
//! network asserts that worms have bones. In the table [`Dataset::worm`](crate::Dataset::worm), from
//! mode strengths of 10⁻⁴, that belief rises to 0.53 before it falls back to nothing. Of the 80 entries
//! of that table 67 turn on their way by more than their start amounts to (69 from 10⁻⁸), and 66 leave
//! the range between their start and end.
//!
//! # Depth is not the only cause
//!
//! A shallow network with white inputs, Σˣ = dI, moves every entry monotonically. Its flow is
//! dW/dt = d(W* − W), so W(t) = W* + (W₀ − W*)e^{−dt}, and the derivative of each entry, d(W* − W₀)e^{−dt},
//! never changes its sign. With correlated inputs this fails: for Σˣ with off-diagonal entries 0.9 and
//! W* = (1, 0) the second weight of a shallow network climbs to 0.402 before it returns. It gets its
//! share of what the first has to explain, as in depth. So "deep but not shallow networks make
//! transient errors" holds for inputs that are white, one-hot items among them, and for no others.

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::agreement::Tolerance;
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::recording::mode_name;
use crate::net::{LinearNetwork, gradient_descent};
use crate::semantic::turns::{Course, follow};
use crate::{Axis, Dataset, Error, Modes, Result, Solvable, Trajectory};

/// Part of the size of all contributions that rounding leaves in a trained map.
const ROUNDING: f64 = 1e-12;

/// One output for one input, by modes.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// $`u_a U_{ma}\,(v_a^\top x)`$ for each mode a.
    pub modes: Vec<f64>,
    /// What modes add through each other: the output minus the sum of the others.
    pub cross: f64,
}

/// Splits output `feature` of a map (`n_out` × `n_in`) for an input into its modes.
///
/// # Errors
/// An input or map of another size than the task's, or no such feature.
pub fn contributions(
    modes: &Modes,
    map: ArrayView2<'_, f64>,
    input: &[f64],
    feature: usize,
) -> Result<Contributions> {
    if map.dim() != (modes.u.nrows(), modes.v.nrows()) {
        let expected = format!("{} × {}", modes.u.nrows(), modes.v.nrows());
        return Err(Error::shape("map", map.dim(), expected));
    }
    let weights = coefficients(modes, input, feature)?;
    let strengths = modes.strengths(map);
    let parts: Vec<f64> = weights.iter().zip(&strengths).map(|(c, u)| c * u).collect();
    let total = map.row(feature).dot(&ArrayView1::from(input));
    Ok(Contributions { cross: total - parts.iter().sum::<f64>(), modes: parts })
}

/// What each mode adds to an output per unit of its strength, $`U_{ma}\,(v_a^\top x)`$.
///
/// # Errors
/// An input of another size than the task's, or no such feature.
pub fn coefficients(modes: &Modes, input: &[f64], feature: usize) -> Result<Vec<f64>> {
    if input.len() != modes.v.nrows() {
        let expected = format!("{} numbers, one for each input", modes.v.nrows());
        return Err(Error::shape("input of an item", [input.len()], expected));
    }
    if feature >= modes.u.nrows() {
        let allowed = format!("it counts from 0, below the number of outputs, {}", modes.u.nrows());
        return Err(Error::parameter("feature", feature, allowed));
    }
    let input = ArrayView1::from(input);
    let of_mode = |a: usize| modes.u[[feature, a]] * modes.v.column(a).dot(&input);
    Ok((0..modes.len()).map(of_mode).collect())
}

/// One output of an aligned network for one input, with what each mode contributes to it.
///
/// Observables: "total", then the contributions "mode 1", "mode 2", …. They add up to the total:
/// an aligned network has no cross terms.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemFeature {
    /// The network and its task.
    pub network: AlignedNetwork,
    /// What the network is shown, `n_in` numbers: of a one-hot item a single 1.
    pub input: Vec<f64>,
    /// The output that is looked at, counted from 0.
    pub feature: usize,
}

impl ItemFeature {
    /// A pair of names in a table.
    ///
    /// # Errors
    /// The table has no such item or feature.
    pub fn named(
        network: AlignedNetwork,
        data: &Dataset,
        item: &str,
        feature: &str,
    ) -> Result<Self> {
        let item = position("item", &data.item_names, item)?;
        let feature = position("feature", &data.feature_names, feature)?;
        Ok(Self { network, input: data.inputs.row(item).to_vec(), feature })
    }

    /// The same pair in the network as it is after some time.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        Ok(Self { network: self.network.after(time)?, ..self.clone() })
    }

    /// The course of the output from the start until every mode is learned, with its turns.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn course(&self) -> Result<Course> {
        let modes = Modes::of(&self.network.task)?;
        let weights = coefficients(&modes, &self.input, self.feature)?;
        let (grid, strengths) = strengths_on_a_grid(&self.network, &modes)?;
        let floor = floor(&weights, &strengths);
        follow(&grid, floor, |times| {
            let strengths = self.network.strengths(&modes, times)?;
            Ok((0..times.len()).map(|i| sum(&weights, &strengths, i)).collect())
        })
    }

    fn record(&self, grid: &[f64], maps: &[Array2<f64>]) -> Result<Trajectory> {
        let modes = Modes::of(&self.network.task)?;
        let parts: Vec<Contributions> = maps
            .iter()
            .map(|map| contributions(&modes, map.view(), &self.input, self.feature))
            .collect::<Result<_>>()?;
        let total = |p: &Contributions| p.modes.iter().sum::<f64>() + p.cross;
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        trajectory.push("total", parts.iter().map(total).collect())?;
        for a in 0..modes.len() {
            trajectory.push(mode_name(a), parts.iter().map(|p| p.modes[a]).collect())?;
        }
        Ok(trajectory)
    }
}

fn position(kind: &'static str, names: &[String], name: &str) -> Result<usize> {
    names.iter().position(|n| n == name).ok_or_else(|| Error::Unknown {
        kind,
        name: name.to_owned(),
        nearest: names.to_vec(),
    })
}

impl Solvable for ItemFeature {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let modes = Modes::of(&self.network.task)?;
        let weights = coefficients(&modes, &self.input, self.feature)?;
        let strengths = self.network.predict(grid)?;
        let parts: Vec<(&str, Vec<f64>)> = strengths
            .columns()
            .zip(&weights)
            .map(|((name, u), weight)| (name, u.iter().map(|u| weight * u).collect()))
            .collect();
        let total = |i: usize| parts.iter().map(|(_, part)| part[i]).sum();
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        trajectory.push("total", (0..grid.len()).map(total).collect())?;
        for (name, part) in parts {
            trajectory.push(name, part)?;
        }
        Ok(trajectory)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let net = LinearNetwork::new(self.network.initial_weights(seed)?)?;
        let mut maps = Vec::with_capacity(grid.len());
        gradient_descent(net, &self.network.task, self.network.rate, grid, |_, net| {
            maps.push(net.map());
            Ok(())
        })?;
        self.record(grid, &maps)
    }

    /// That of the modes' strengths, times what each adds per unit of strength.
    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let modes = Modes::of(&self.network.task)?;
        let weights = coefficients(&modes, &self.input, self.feature)?;
        let strengths = self.network.predict(prediction.grid())?;
        let of_modes = self.network.tolerance(&strengths)?;
        let size = |values: &[f64]| values.iter().fold(0.0f64, |m, u| m.max(u.abs()));
        let size = strengths.columns().take(modes.len()).map(|(_, u)| size(u)).sum::<f64>();
        let gap = |(weight, gap): (&f64, &f64)| weight.abs() * gap + ROUNDING * size;
        let mut gaps = vec![0.0];
        gaps.extend(weights.iter().zip(&of_modes.gaps).map(gap));
        gaps[0] = gaps.iter().sum();
        Ok(Tolerance { gaps, finite_size: None, reason: of_modes.reason })
    }
}

/// The courses of all entries of a table, items × features, until every mode is learned.
///
/// # Errors
/// A network that does not fit the data, or as its prediction.
pub fn all_courses(network: &AlignedNetwork, data: &Dataset) -> Result<Vec<Vec<Course>>> {
    let modes = Modes::of(&network.task)?;
    let (grid, strengths) = strengths_on_a_grid(network, &modes)?;
    let of_pair = |item: usize, feature: usize| {
        let weights = coefficients(&modes, &data.inputs.row(item).to_vec(), feature)?;
        follow(&grid, floor(&weights, &strengths), |times| {
            let own;
            let strengths = if times == grid {
                &strengths
            } else {
                own = network.strengths(&modes, times)?;
                &own
            };
            Ok((0..times.len()).map(|i| sum(&weights, strengths, i)).collect())
        })
    };
    crate::math::parallel::in_parallel(data.n_samples(), |item| {
        (0..data.targets.ncols()).map(|feature| of_pair(item, feature)).collect()
    })
}

/// Times that resolve every mode at its own speed, and the modes' strengths there.
///
/// A mode of singular value s moves within some multiples of 1/s around its half time and rests
/// before and after, so that steps of 1/(4s) there miss nothing of it; and a sum of modes moves where
/// one of them does. The last time is that at which the slowest mode has e^{−36} left, below rounding.
fn strengths_on_a_grid(
    network: &AlignedNetwork,
    modes: &Modes,
) -> Result<(Vec<f64>, Vec<Vec<f64>>)> {
    const STEPS: i32 = 72;
    let mut grid = vec![0.0];
    let times = network.half_times()?;
    let largest = modes.singular_values.first().copied().unwrap_or(0.0);
    for (half, s) in times.iter().zip(&modes.singular_values) {
        // A singular value of rounding size is none: nothing of it is ever learned.
        let Some(half) = half.filter(|_| *s > 1e-12 * largest) else { continue };
        grid.extend((-STEPS..=STEPS).map(|i| half + 0.25 * f64::from(i) / s));
    }
    grid.retain(|t| t.is_finite() && *t >= 0.0);
    grid.sort_by(f64::total_cmp);
    let last = grid[grid.len() - 1];
    grid.dedup_by(|later, earlier| *later - *earlier <= 1e-9 * last);
    let strengths = network.strengths(modes, &grid)?;
    Ok((grid, strengths))
}

/// The smallest turn that is one: the start's own contributions, which any other start of the same
/// size changes, and the rounding errors of the sum.
fn floor(weights: &[f64], strengths: &[Vec<f64>]) -> f64 {
    let parts = weights.iter().zip(strengths).map(|(weight, u)| {
        let largest = u.iter().fold(0.0f64, |m, u| m.max(u.abs()));
        weight.abs() * (u[0].abs() + 64.0 * f64::EPSILON * largest)
    });
    parts.sum()
}

fn sum(weights: &[f64], strengths: &[Vec<f64>], i: usize) -> f64 {
    weights.iter().zip(strengths).map(|(weight, u)| weight * u[i]).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Correlations;
    use crate::deep_linear::shallow::ShallowFlow;
    use crate::deep_linear::two_layer_network::TwoLayerNetwork;
    use crate::math::random::{Purpose, gaussian, stream};
    use proptest::prelude::*;

    fn worm(u0: f64) -> (AlignedNetwork, Dataset) {
        let data = Dataset::worm();
        let task = Correlations::of(&data).unwrap();
        (AlignedNetwork::uniform(task, &[8], u0.sqrt(), 0.02), data)
    }

    #[test]
    fn worms_have_bones_for_a_while() {
        let (network, data) = worm(1e-4);
        let pair = ItemFeature::named(network, &data, "worm", "bones").unwrap();
        let course = pair.course().unwrap();
        let error = course.transient().unwrap();
        // The reference integrated the weights and looked every 0.1: 0.5306 at t = 17.3.
        assert!((error.value - 0.5306).abs() < 5e-5, "{error:?}");
        assert!((error.time - 17.3).abs() < 0.05, "{error:?}");
        assert!(
            course.end.abs() < 1e-3 && error.gone.is_some_and(|t| t > error.time),
            "{course:?}"
        );
    }

    #[test]
    fn most_entries_of_the_worm_table_turn_and_a_named_pair_must_exist() {
        let (network, data) = worm(1e-4);
        let count = |network: &AlignedNetwork| {
            let courses = all_courses(network, &data).unwrap();
            let count =
                |which: fn(&Course) -> bool| courses.iter().flatten().filter(|c| which(c)).count();
            (count(|c| !c.is_monotone()), count(|c| c.transient().is_some()))
        };
        // The reference counts 67 entries whose increments change sign. One of them turns without
        // leaving the range between its start and its end.
        assert_eq!(count(&network), (67, 66));
        // From nearly nothing the same number leave it, and two smaller turns within it come to light
        // that were below the size of the larger start.
        assert_eq!(count(&worm(1e-8).0), (69, 66));
        let unknown = ItemFeature::named(network, &data, "wurm", "bones").unwrap_err();
        assert!(unknown.to_string().contains("no item \"wurm\""));
    }

    #[test]
    fn contributions_add_up_to_the_output_where_modes_mix_too() {
        let mut rng = stream(3, Purpose::Task, 0);
        let (x, y) = (gaussian(12, 4, 1.0, &mut rng), gaussian(12, 3, 1.0, &mut rng));
        let data = Dataset::new(x, y).unwrap();
        let task = Correlations::of(&data).unwrap();
        let modes = Modes::of(&task).unwrap();
        let (w1, w2) = (gaussian(5, 4, 0.2, &mut rng), gaussian(3, 5, 0.2, &mut rng));
        let network = TwoLayerNetwork { task, w1, w2, rate: 0.01 };
        let mut largest = 0.0f64;
        for map in network.maps_at(&[0.0, 2.0, 8.0]).unwrap() {
            for (input, output) in
                data.inputs.rows().into_iter().zip(data.inputs.dot(&map.t()).rows())
            {
                for m in 0..3 {
                    let parts = contributions(&modes, map.view(), &input.to_vec(), m).unwrap();
                    let total = parts.modes.iter().sum::<f64>() + parts.cross;
                    assert!((total - output[m]).abs() < 1e-13);
                    largest = largest.max(parts.cross.abs());
                }
            }
        }
        assert!(largest > 0.01, "modes of correlated inputs mix: {largest}");
        let map = Array2::zeros((3, 4));
        assert!(contributions(&modes, map.view(), &[1.0], 0).is_err());
        assert!(contributions(&modes, map.view(), &[1.0; 4], 3).is_err());
        assert!(contributions(&modes, Array2::zeros((4, 3)).view(), &[1.0; 4], 0).is_err());
    }

    /// Largest move against the way from start to end, over all entries and times.
    fn largest_setback(task: &Correlations, start: &Array2<f64>) -> f64 {
        let flow = ShallowFlow::new(task, start).unwrap();
        let maps: Vec<_> = (0..400).map(|i| flow.map_at(0.1 * f64::from(i))).collect();
        let way = flow.map_at(1e6) - start;
        let step = |pair: &[Array2<f64>]| {
            let moves = &pair[1] - &pair[0];
            let against = moves.iter().zip(&way).map(|(step, way)| -step * way.signum());
            against.fold(0.0, f64::max)
        };
        maps.windows(2).map(step).fold(0.0, f64::max)
    }

    #[test]
    fn correlated_inputs_make_a_shallow_network_err_as_depth_does() {
        let sigma_x = ndarray::arr2(&[[1.0, 0.9], [0.9, 1.0]]);
        let task = Correlations::new(sigma_x, ndarray::arr2(&[[1.0, 0.9]]), None).unwrap();
        let flow = ShallowFlow::new(&task, &Array2::zeros((1, 2))).unwrap();
        let grid: Vec<f64> = (0..=600).map(|i| 0.5 * f64::from(i)).collect();
        let course = follow(&grid, 1e-12, |times| {
            Ok(times.iter().map(|t| flow.map_at(*t)[[0, 1]]).collect())
        });
        let error = course.unwrap().transient().cloned().unwrap();
        // w₂ = ½(e^{−0.1t} − e^{−1.9t}) peaks where 0.1e^{−0.1t} = 1.9e^{−1.9t}.
        let time = 19f64.ln() / 1.8;
        let peak = 0.5 * ((-0.1 * time).exp() - (-1.9 * time).exp());
        assert!(
            (error.time - time).abs() < 1e-5 && (error.value - peak).abs() < 1e-10,
            "{error:?}"
        );
        assert!(
            (peak - 0.402).abs() < 5e-4 && largest_setback(&task, &Array2::zeros((1, 2))) > 1e-3
        );
    }

    proptest! {
        #[test]
        fn a_shallow_network_with_white_inputs_never_turns(
            entries in prop::collection::vec(-2.0..2.0f64, 6), start in prop::collection::vec(-2.0..2.0f64, 6),
            d in 0.05..2.0f64,
        ) {
            let sigma_yx = Array2::from_shape_vec((2, 3), entries).unwrap();
            let start = Array2::from_shape_vec((2, 3), start).unwrap();
            let task = Correlations::white(sigma_yx, d).unwrap();
            // Values up to 2/d + 2 through products with a basis: a few hundred units in the last place.
            let rounding = 500.0 * f64::EPSILON * (2.0 / d + 2.0);
            prop_assert!(largest_setback(&task, &start) <= rounding);
        }

        #[test]
        fn all_modes_together_are_the_output_of_a_deep_network(
            features in prop::collection::vec(0.0..1.0f64, 20), time in 0.0..60.0f64,
        ) {
            let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
            let table = Array2::from_shape_vec((4, 5), features).unwrap();
            let data = Dataset::from_table(table, names(4), names(5)).unwrap();
            let task = Correlations::of(&data).unwrap();
            let network = AlignedNetwork::uniform(task, &[4], 0.1, 0.1);
            let bases = network.hidden_bases(0);
            let weights = network.weights_at(&[time], &bases).unwrap().swap_remove(0);
            let map = weights[1].dot(&weights[0]);
            let pair = ItemFeature { network, input: vec![0.0, 1.0, 0.0, 0.0], feature: 2 };
            let prediction = pair.predict(&[time]).unwrap();
            prop_assert!((prediction.get("total").unwrap()[0] - map[[2, 1]]).abs() < 1e-12);
        }
    }
}
