//! How much later than a mode that learns alone the modes of random networks learn.

use super::Course;
use crate::deep_linear::half_times::first_crossing;
use crate::deep_linear::random_start::expected_strength;
use crate::deep_linear::recording::mode_name;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_deviation;
use crate::{Correlations, Modes, Result};

/// Delay of half learning of each mode in trained two-layer networks, (t − t₀)/t₀, mean and standard
/// deviation over random starts.
///
/// t₀ is the half time of a mode that learns alone from the strength expected of random weights
/// ([`expected_strength`]), or the last recorded time if it never is. `None` stands for a mode that some network does not half learn in time, and
/// for all modes if there are no seeds.
///
/// # Errors
/// As [`Course::simulation`].
pub fn mean_delays(course: &Course, seeds: &[u64]) -> Result<Vec<Option<(f64, f64)>>> {
    let modes = Modes::of(&Correlations::of(&course.data)?)?;
    let alone = half_times_alone(course, &modes)?;
    let targets = modes.targets();
    let runs = in_parallel(seeds.len(), |i| {
        let run = Course { seed: seeds[i], ..course.clone() }.simulation()?;
        let delay = |k: usize| {
            let time = first_crossing(run.grid(), run.get(&mode_name(k))?, 0.5 * targets[k])?;
            Some(time / alone[k].unwrap_or(last(run.grid())) - 1.0)
        };
        Ok((0..modes.len()).map(delay).collect::<Vec<_>>())
    })?;
    let statistics = |k: usize| {
        let all: Option<Vec<f64>> = runs.iter().map(|run| run[k]).collect();
        all.filter(|all| !all.is_empty()).map(|all| mean_and_deviation(all.into_iter()))
    };
    Ok((0..modes.len()).map(statistics).collect())
}

fn last(grid: &[f64]) -> f64 {
    grid.last().copied().unwrap_or(0.0)
}

/// Half times of the modes of random weights, each as if it learned alone.
fn half_times_alone(course: &Course, modes: &Modes) -> Result<Vec<Option<f64>>> {
    let (n_in, n_out) = (course.data.inputs.ncols(), course.data.targets.ncols());
    let n_hidden = course.n_hidden.unwrap_or(n_in.min(n_out));
    let std = course.scale / (n_hidden as f64).sqrt();
    let half = |k: usize| {
        let u0 = expected_strength(std, n_hidden, k);
        let mode = TwoLayerMode::balanced(modes.singular_values[k], modes.input_variances[k], u0);
        Ok(mode?.half_time())
    };
    (0..modes.len()).map(half).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dataset;
    use crate::course::Start;

    #[test]
    fn the_first_mode_of_a_small_random_network_is_nearly_in_time() {
        let course = Course {
            start: Start::Random,
            n_hidden: Some(16),
            scale: 0.05,
            rate: Some(0.05),
            times: Some((0..=300).map(|i| 0.2 * f64::from(i)).collect()),
            ..Course::new(Dataset::rumelhart())
        };
        let delays = mean_delays(&course, &[1, 2, 3, 4]).unwrap();
        let (mean, deviation) = delays[0].unwrap();
        assert!(mean.abs() < 0.2 && deviation > 0.0, "{mean} {deviation}");
        assert!(mean_delays(&course, &[]).unwrap().iter().all(Option::is_none));
    }
}
