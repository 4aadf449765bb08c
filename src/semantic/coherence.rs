//! When a category is learned, against its coherence.
//!
//! A [`PlantedCategory`] is one singular mode of its table, larger the more coherent it is. Items have
//! inputs of their own, so that the mode of a two-layer network that starts with equal small layers is
//! the [`TwoLayerMode`] with s of the category and d = 1/P (`saxe2019`). Coherent categories are
//! learned sooner, and below C = 1 what is learned first is noise:
//!
//! ```math
//! t_{1/2} = \frac{1}{2s}\ln\Big(\frac{s}{d u_0}-1\Big),\qquad
//! \text{known at } t:\ \langle\hat u,u\rangle\,\langle\hat v,v\rangle\,u(t) .
//! ```

use crate::Result;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::task::environment::{Detected, PlantedCategory};

/// The mode in which a category is learned, or the largest mode of noise if its coherence is below 1.
///
/// # Errors
/// An initial strength `u0` that is negative or not finite.
pub fn learning(category: &PlantedCategory, u0: f64) -> Result<TwoLayerMode> {
    mode(&category.theory(), category.n_items(), u0)
}

/// Time at which that mode is half learned; `None` if it never is (`u0` = 0).
///
/// # Errors
/// As [`learning`].
pub fn half_time(category: &PlantedCategory, u0: f64) -> Result<Option<f64>> {
    Ok(learning(category, u0)?.half_time())
}

/// How far off a [`half_time`] is if the singular value is off by up to `gap`, such as that of
/// [`PlantedCategory::finite_size`].
///
/// # Errors
/// As [`learning`].
pub fn half_time_gap(category: &PlantedCategory, u0: f64, gap: f64) -> Result<f64> {
    let theory = category.theory();
    let off = |gap: f64| -> Result<f64> {
        let singular_value = (theory.singular_value + gap).max(0.0);
        let off = Detected { singular_value, ..theory };
        Ok(mode(&off, category.n_items(), u0)?.half_time().unwrap_or(f64::INFINITY))
    };
    let time = off(0.0)?;
    Ok((off(gap)? - time).abs().max((off(-gap)? - time).abs()))
}

/// What the network knows of the category at increasing times: the strength, along its members and
/// the features that they share, of the map. Its end is below the mode's as the overlaps say.
///
/// # Errors
/// As [`learning`].
pub fn knowledge(category: &PlantedCategory, u0: f64, times: &[f64]) -> Result<Vec<f64>> {
    let (mode, found) = (learning(category, u0)?, category.theory());
    let share = (found.feature_overlap * found.item_overlap).sqrt();
    Ok(times.iter().map(|t| share * mode.strength(*t)).collect())
}

fn mode(found: &Detected, n_items: usize, u0: f64) -> Result<TwoLayerMode> {
    TwoLayerMode::balanced(found.singular_value, (n_items as f64).recip(), u0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deep_linear::aligned::AlignedNetwork;
    use crate::deep_linear::half_times::first_crossing;
    use crate::{Correlations, Solvable};

    const U0: f64 = 1e-3;

    fn category(members: usize, shared: usize) -> PlantedCategory {
        PlantedCategory::new((90, 120), (members, shared), 0.7, 0.3).unwrap()
    }

    #[test]
    fn coherent_categories_are_learned_sooner() {
        let times: Vec<f64> = [20, 24, 28, 32, 36, 40]
            .map(|k| half_time(&category(k, k), U0).unwrap().unwrap())
            .to_vec();
        assert!(times.windows(2).all(|w| w[1] < w[0]), "{times:?}");
        let c = category(30, 40);
        let (late, found) = (knowledge(&c, U0, &[1e5]).unwrap()[0], c.theory());
        let share = (found.feature_overlap * found.item_overlap).sqrt();
        assert!((late - share * found.singular_value * 90.0).abs() < 1e-9);
        // Below the threshold nothing of the category is in the mode that is learned first.
        assert_eq!(knowledge(&category(8, 8), U0, &[0.0, 1e5]).unwrap(), [0.0, 0.0]);
    }

    #[test]
    fn networks_that_learn_samples_take_the_time_of_theory_within_finite_size() {
        let category = category(30, 40);
        let expected = half_time(&category, U0).unwrap().unwrap();
        let rate = 0.25;
        let grid: Vec<f64> = (0..=200).map(|i| 2.0 * expected * f64::from(i) / 200.0).collect();
        let time = |seed: u64, rate: f64| {
            let task = Correlations::of(&category.sample(seed).unwrap()).unwrap();
            let target = category.measure(&category.sample(seed).unwrap()).unwrap();
            let network = AlignedNetwork::uniform(task, &[2], U0.sqrt(), rate);
            let run = network.simulate(&grid, seed).unwrap();
            let half = 0.5 * target.singular_value * 90.0;
            first_crossing(&grid, run.get("mode 1").unwrap(), half).unwrap()
        };
        let times: Vec<f64> = (0..6).map(|seed| time(seed, rate)).collect();
        let step = 4.0 * (time(0, rate) - time(0, 0.5 * rate)).abs();
        let mean = times.iter().sum::<f64>() / 6.0;
        let gap = category.finite_size().singular_value + 4.0 * category.scatter() / 6f64.sqrt();
        let allowed = half_time_gap(&category, U0, gap).unwrap() + step;
        assert!((mean - expected).abs() < allowed, "{mean} {expected} {allowed}");
        assert!(allowed < 0.1 * expected, "vacuous: {allowed} of {expected}");
    }
}
