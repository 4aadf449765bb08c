//! The best time to stop finite linear students, measured.

use super::sampled_student::{Sample, SampledModes};
use super::student::{Variances, best_stopping};
use crate::math::parallel::in_parallel;
use crate::{Error, Result};

/// Runs that are left out together to estimate the standard error.
const GROUPS: usize = 6;
/// Times at which every run is looked at, and how far (logarithm) to both sides of theory.
const SCAN: usize = 61;
const REACH: f64 = 2.0;

/// Time at which the mean test error over samples is smallest, with its jackknife standard error, for
/// each of the variances; samples of `size` inputs and α = `alpha`, one for each seed.
///
/// (The mean of every sample's own best time is later: minima are flat, and single runs scatter to
/// either side by factors.)
///
/// # Errors
/// Fewer than two seeds, or as [`best_stopping`] and [`Sample::draw`].
pub fn best_stopping_times(
    alpha: f64,
    variances: &[Variances],
    size: usize,
    seeds: &[u64],
) -> Result<Vec<(f64, f64)>> {
    if seeds.len() < 2 {
        return Err(Error::parameter("number of runs", seeds.len(), "it must be at least 2"));
    }
    in_parallel(variances.len(), |i| {
        let draw = |seed: &u64| Sample::draw(alpha, &variances[i], size, *seed)?.modes();
        let modes = seeds.iter().map(draw).collect::<Result<Vec<_>>>()?;
        Ok(jackknife(&modes, best_stopping(alpha, &variances[i])?.time))
    })
}

/// Best time over all samples, and its standard error by leaving out groups of them.
fn jackknife(samples: &[SampledModes], theory: f64) -> (f64, f64) {
    let step = 2.0 * REACH / (SCAN - 1) as f64;
    let times: Vec<f64> =
        (0..SCAN).map(|k| (theory.ln() - REACH + step * k as f64).exp()).collect();
    let curves: Vec<Vec<f64>> =
        samples.iter().map(|m| times.iter().map(|t| m.errors(*t).test).collect()).collect();
    let best_without = |group: usize| -> f64 {
        let kept = || curves.iter().enumerate().filter(|(run, _)| run % GROUPS != group);
        let sum = |k: usize| kept().map(|(_, curve)| curve[k]).sum::<f64>();
        let sums: Vec<f64> = (0..SCAN).map(sum).collect();
        let best = (1..SCAN - 1).min_by(|i, j| sums[*i].total_cmp(&sums[*j])).unwrap_or(1);
        // Vertex of the parabola through the lowest point and its neighbors.
        let (a, b, c) = (sums[best - 1], sums[best], sums[best + 1]);
        let bend = (a - 2.0 * b + c).max(f64::MIN_POSITIVE);
        times[best].ln() + step * (0.5 * (a - c) / bend).clamp(-1.0, 1.0)
    };
    let all = best_without(GROUPS).exp();
    let parts: Vec<f64> = (0..GROUPS).map(|group| best_without(group).exp()).collect();
    let n = GROUPS as f64;
    let center = parts.iter().sum::<f64>() / n;
    let squares: f64 = parts.iter().map(|part| (part - center).powi(2)).sum();
    (all, ((n - 1.0) / n * squares).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_students_are_best_stopped_at_the_time_of_theory() {
        let variances = [0.5, 5.0].map(|snr| Variances::from_snr(snr).unwrap());
        let seeds: Vec<u64> = (0..12).collect();
        let found = best_stopping_times(2.0, &variances, 80, &seeds).unwrap();
        for ((time, error), variances) in found.iter().zip(&variances) {
            let theory = best_stopping(2.0, variances).unwrap().time;
            assert!((time - theory).abs() < 4.0 * error, "{time} {theory} {error}");
            assert!(*error < 0.3 * theory, "vacuous: {error} of {theory}");
        }
        assert!(best_stopping_times(2.0, &variances, 80, &[1]).is_err());
    }
}
