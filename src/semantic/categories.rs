//! Categories: which items and features a mode picks out, how typical items are, and which level of
//! a hierarchy is learned first.
//!
//! Each mode of a table of one-hot items is a category contrast. Its item analyzer v and its feature
//! analyzer u are each other's averages (`saxe2019`): with the row y_i of item i among P items, and the
//! singular value s of the averaged Σʸˣ,
//!
//! ```math
//! v_{ia} = \frac{1}{P s_a}\sum_m Y_{im}\,u_{ma}, \qquad
//! u_{ma} = \frac{1}{P s_a}\sum_i v_{ia}\,Y_{im} .
//! ```
//!
//! So an item is as *typical* of a category as its features overlap with the category's *prototype*
//! u, and the prototype is the average of the items, each weighted by how typical it is. At time t the
//! mode alone recalls u_a(t) u_a v_{ia} of item i: typical items are recalled more strongly, at every
//! time by the same factor.

use ndarray::{Array1, Array2, ArrayView1};

use crate::task::environment::Tree;
use crate::{Dataset, Error, Modes, Result};

/// Entries of an analyzer below this share of its largest do not belong to the category.
const MEMBER: f64 = 0.25;

/// One side of a mode: items or features it is about, the strongest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// Items on the positive side with their typicality v, most typical first.
    pub items: Vec<(usize, f64)>,
    /// Items on the negative side, strongest first.
    pub other_items: Vec<(usize, f64)>,
    /// Features on the positive side with their share u in the prototype, largest first.
    pub features: Vec<(usize, f64)>,
    /// Features on the negative side, strongest first.
    pub other_features: Vec<(usize, f64)>,
}

/// The two sides of mode `k`: what belongs to the category, and what it is told apart from. Entries
/// below a quarter of the largest are on neither.
///
/// # Errors
/// No such mode.
pub fn category(modes: &Modes, k: usize) -> Result<Category> {
    require_mode(modes, k)?;
    let (v, u) = (modes.v.column(k), modes.u.column(k));
    Ok(Category {
        items: side(v, 1.0),
        other_items: side(v, -1.0),
        features: side(u, 1.0),
        other_features: side(u, -1.0),
    })
}

fn side(entries: ArrayView1<'_, f64>, sign: f64) -> Vec<(usize, f64)> {
    let largest = entries.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let picked = entries.iter().copied().enumerate();
    let mut picked: Vec<_> = picked.filter(|(_, x)| sign * x > MEMBER * largest).collect();
    picked.sort_by(|a, b| (sign * b.1).total_cmp(&(sign * a.1)));
    picked
}

/// How typical each item is of the category with a given prototype, $`y_i\cdot u/(Ps)`$.
///
/// # Errors
/// A prototype that does not fit the table, or a singular value that is not positive.
pub fn typicality(data: &Dataset, prototype: ArrayView1<'_, f64>, s: f64) -> Result<Array1<f64>> {
    require_length("prototype", prototype, data.targets.ncols())?;
    require_positive(s)?;
    Ok(data.targets.dot(&prototype) / (data.n_samples() as f64 * s))
}

/// The prototype of the category of given typicalities, $`\sum_i v_i y_i/(Ps)`$.
///
/// # Errors
/// Typicalities that do not fit the table, or a singular value that is not positive.
pub fn prototype(data: &Dataset, typicality: ArrayView1<'_, f64>, s: f64) -> Result<Array1<f64>> {
    require_length("typicality", typicality, data.n_samples())?;
    require_positive(s)?;
    Ok(data.targets.t().dot(&typicality) / (data.n_samples() as f64 * s))
}

/// What mode `k` alone recalls at a given strength: u_a·u_{ma}·v_{ia}, `n_out` × `n_in`.
///
/// # Errors
/// No such mode.
pub fn recall(modes: &Modes, k: usize, strength: f64) -> Result<Array2<f64>> {
    require_mode(modes, k)?;
    let column = modes.u.column(k).insert_axis(ndarray::Axis(1));
    Ok(column.dot(&modes.v.column(k).insert_axis(ndarray::Axis(0))) * strength)
}

/// In which order the levels of a tree are learned, broadest being level 1.
///
/// Neighboring levels differ by $`\lambda^{(l)} - \lambda^{(l+1)} = \Delta_l m_l`$, where m_l items
/// are below a node of depth l and Δ_l is how much more alike items are for having it in common
/// ([`Tree`]). A larger λ is learned earlier. So a level l is learned before the next finer one if
/// and only if Δ_l > 0, and broad distinctions come first throughout if and only if all of
/// Δ_1 … Δ_{D−1} are positive. A *basic level* (a middle level that comes first) needs some Δ_l < 0
/// above it: members of a superordinate category that are less alike than chance.
///
/// Equal levels are learned together and listed from broad to fine.
///
/// # Errors
/// Not one finite covariance for each depth, the root included.
pub fn order_of_levels(tree: &Tree, covariances: &[f64]) -> Result<Vec<usize>> {
    let spectrum = tree.spectrum(covariances)?;
    // The first eigenspace is what all items share: no distinction.
    let levels: Vec<f64> = spectrum.eigenspaces.iter().skip(1).map(|e| e.eigenvalue).collect();
    let mut order: Vec<usize> = (1..=levels.len()).collect();
    order.sort_by(|a, b| levels[b - 1].total_cmp(&levels[a - 1]));
    Ok(order)
}

/// Whether the broadest distinction is learned first, from the covariances alone: for every finer
/// level L, Σ_{l<L} Δ_l m_l ≥ 0.
///
/// # Errors
/// As [`order_of_levels`].
pub fn broadest_first(tree: &Tree, covariances: &[f64]) -> Result<bool> {
    Ok(order_of_levels(tree, covariances)?.first() == Some(&1))
}

fn require_mode(modes: &Modes, k: usize) -> Result<()> {
    if k < modes.len() {
        return Ok(());
    }
    let allowed = format!("it counts from 0, below the number of modes, {}", modes.len());
    Err(Error::parameter("mode", k, allowed))
}

fn require_length(what: &str, values: ArrayView1<'_, f64>, n: usize) -> Result<()> {
    if values.len() == n {
        return Ok(());
    }
    Err(Error::shape(what, [values.len()], format!("{n} numbers")))
}

fn require_positive(s: f64) -> Result<()> {
    if s.is_finite() && s > 0.0 {
        return Ok(());
    }
    let allowed = "a category has a positive singular value; without one there is nothing to tell";
    Err(Error::parameter("singular value", s, allowed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Correlations;
    use proptest::prelude::*;

    fn modes(data: &Dataset) -> Modes {
        Modes::of(&Correlations::of(data).unwrap()).unwrap()
    }

    #[test]
    fn the_second_mode_of_the_living_things_tells_animals_from_plants() {
        let data = Dataset::rumelhart();
        let category = category(&modes(&data), 1).unwrap();
        let names = |side: &[(usize, f64)]| {
            side.iter().map(|(i, _)| data.item_names[*i].as_str()).collect::<Vec<_>>()
        };
        let sides = [names(&category.items), names(&category.other_items)];
        let animals = sides.iter().find(|side| side.contains(&"robin")).unwrap();
        assert_eq!(animals.len(), 4);
        for animal in ["robin", "canary", "sunfish", "salmon"] {
            assert!(animals.contains(&animal), "{sides:?}");
        }
        let features: Vec<_> = category.features.iter().chain(&category.other_features).collect();
        let first = &data.feature_names[features[0].0];
        assert!(
            ["is an animal", "is a plant", "can move", "has roots", "has skin"]
                .contains(&first.as_str()),
            "{first}"
        );
        assert!(category.items.windows(2).all(|w| w[0].1 >= w[1].1));
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let data = Dataset::toy();
        let modes = modes(&data);
        assert!(category(&modes, 4).is_err() && recall(&modes, 9, 1.0).is_err());
        assert!(typicality(&data, modes.u.column(0), 0.0).is_err());
        assert!(typicality(&data, modes.v.column(0), 1.0).is_err());
        assert!(prototype(&data, modes.u.column(0), 1.0).is_err());
    }

    #[test]
    fn a_basic_level_comes_first_where_superordinates_are_less_alike_than_chance() {
        let tree = Tree::new(&[2, 2, 2]).unwrap();
        assert_eq!(order_of_levels(&tree, &[0.2, 0.4, 0.7, 1.0]).unwrap(), [1, 2, 3]);
        // Birds and fish differ more than chance would have it: Δ₁ = −0.3.
        let basic = [0.0, -0.3, 0.6, 1.0];
        assert_eq!(order_of_levels(&tree, &basic).unwrap()[0], 2);
        assert!(!broadest_first(&tree, &basic).unwrap());
        assert!(order_of_levels(&tree, &[1.0]).is_err());
    }

    proptest! {
        #[test]
        fn typicality_and_prototype_are_each_others_average(
            features in prop::collection::vec(-1.0..1.0f64, 35), k in 0..5usize,
        ) {
            let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
            let table = Array2::from_shape_vec((5, 7), features).unwrap();
            let data = Dataset::from_table(table, names(5), names(7)).unwrap();
            let modes = modes(&data);
            let s = modes.singular_values[k];
            prop_assume!(s > 1e-6);
            // Rounding of a decomposition of size s₁, divided by s.
            let gate = 1e-13 * modes.singular_values[0] / s;
            let v = typicality(&data, modes.u.column(k), s).unwrap();
            let u = prototype(&data, modes.v.column(k), s).unwrap();
            prop_assert!(v.iter().zip(modes.v.column(k)).all(|(a, b)| (a - b).abs() < gate));
            prop_assert!(u.iter().zip(modes.u.column(k)).all(|(a, b)| (a - b).abs() < gate));
            // Recall of all modes together at their targets is the table.
            let targets = modes.targets();
            let all = (0..5).fold(Array2::<f64>::zeros((7, 5)), |sum, a| sum + recall(&modes, a, targets[a]).unwrap());
            let gap: Array2<f64> = all - data.targets.t();
            prop_assert!(gap.iter().all(|x| x.abs() < 1e-12));
        }

        #[test]
        fn neighboring_levels_are_in_order_if_and_only_if_their_covariance_rises(
            c in prop::collection::vec(-1.0..1.0f64, 4), branching in prop::collection::vec(2..4usize, 3),
        ) {
            let tree = Tree::new(&branching).unwrap();
            let order = order_of_levels(&tree, &c).unwrap();
            let place = |level: usize| order.iter().position(|l| *l == level).unwrap();
            for level in 1..3 {
                let delta = c[level] - c[level - 1];
                prop_assume!(delta.abs() > 1e-9);
                prop_assert_eq!(delta > 0.0, place(level) < place(level + 1));
            }
            let sum = |finer: usize| -> f64 {
                (1..finer).map(|l| (c[l] - c[l - 1]) * tree.leaves_below(l) as f64).sum()
            };
            prop_assert_eq!(broadest_first(&tree, &c).unwrap(), (2..=3).all(|l| sum(l) >= -1e-12));
        }
    }
}
