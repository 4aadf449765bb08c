//! All weight vectors ±1 of a small perceptron, one by one.
//!
//! The number of students without errors on P random examples has a mean that is known exactly at any
//! size ([`annealed_students`]); its logarithm and the error of a
//! typical student go over into the quenched theory as N grows. At the sizes that can be enumerated the
//! jump is smeared: a version space of a few students is emptied one student at a time.

use super::examples::{Examples, error_at};
use super::ising::annealed_students;
use crate::agreement::{FiniteSize, Tolerance};
use crate::math::linalg::require_finite;
use crate::math::parallel::in_parallel;
use crate::math::statistics::mean_and_error;
use crate::{Agreement, Axis, Error, Result, Trajectory, compare};

/// Most weights whose signs can be enumerated in about 0.1 s.
pub const MAX_WEIGHTS: usize = 24;

/// Students without errors on the first 0, 1, …, P examples.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionSpaces {
    /// How many there are, the teacher included.
    pub counts: Vec<f64>,
    /// Their mean generalization error.
    pub errors: Vec<f64>,
}

/// Enumerates all 2^N students of one random teacher with N weights ±1, and P Gaussian examples. A
/// student is followed to its first error, so that all numbers of examples up to P cost as much as one.
///
/// # Errors
/// N below 2 or above [`MAX_WEIGHTS`].
pub fn enumerate(n: usize, p: usize, seed: u64) -> Result<VersionSpaces> {
    if !(2..=MAX_WEIGHTS).contains(&n) {
        let allowed = format!("all 2^N students can be listed for N from 2 to {MAX_WEIGHTS}");
        return Err(Error::parameter("input dimension", n, allowed));
    }
    let data = Examples::draw_ising(p.max(1) as f64 / n as f64, n, seed)?;
    require_finite("examples", data.signed_inputs.view())?;
    // The field of a student is the sum of those of its two halves, which are in tables.
    let low_bits = n / 2;
    let sign = |bits: usize, i: usize| if bits >> i & 1 == 1 { 1.0 } else { -1.0 };
    let tables: Vec<[Vec<f64>; 2]> = (0..p)
        .map(|mu| {
            let row = data.signed_inputs.row(mu);
            let table = |from: usize, to: usize| {
                (0..1usize << (to - from))
                    .map(|bits| (from..to).map(|i| sign(bits, i - from) * row[i]).sum())
                    .collect()
            };
            [table(0, low_bits), table(low_bits, n)]
        })
        .collect();
    let teacher = (0..n).fold(0usize, |bits, i| bits | usize::from(data.teacher[i] > 0.0) << i);
    let error_by_distance: Vec<f64> =
        (0..=n).map(|k| error_at(1.0 - 2.0 * k as f64 / n as f64)).collect();
    // Students by number of examples before their first error.
    let (mut counts, mut errors) = (vec![0.0; p + 1], vec![0.0; p + 1]);
    let low_mask = (1usize << low_bits) - 1;
    for student in 0..1usize << n {
        let (low, high) = (student & low_mask, student >> low_bits);
        let wrong = |[a, b]: &[Vec<f64>; 2]| a[low] + b[high] < 0.0;
        let right =
            if student == teacher { p } else { tables.iter().take_while(|t| !wrong(t)).count() };
        counts[right] += 1.0;
        errors[right] += error_by_distance[(student ^ teacher).count_ones() as usize];
    }
    for k in (0..p).rev() {
        counts[k] += counts[k + 1];
        errors[k] += errors[k + 1];
    }
    errors.iter_mut().zip(&counts).for_each(|(error, count)| *error /= count);
    Ok(VersionSpaces { counts, errors })
}

/// Version spaces of many random teachers at one size.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledSpaces {
    /// Weights N.
    pub weights: usize,
    /// Teacher by teacher.
    pub spaces: Vec<VersionSpaces>,
}

impl SampledSpaces {
    /// Enumerates the students of one teacher for each seed, up to P examples.
    ///
    /// # Errors
    /// As [`enumerate`].
    pub fn sample(n: usize, p: usize, seeds: &[u64]) -> Result<Self> {
        let spaces = in_parallel(seeds.len(), |run| enumerate(n, p, seeds[run]))?;
        Ok(Self { weights: n, spaces })
    }

    fn average(&self, of: impl Fn(&VersionSpaces) -> f64) -> (f64, f64) {
        mean_and_error(self.spaces.iter().map(of).collect::<Vec<_>>().into_iter())
    }

    /// Mean logarithm of the number of students per weight after `p` examples, with its standard error.
    pub fn entropy(&self, p: usize) -> (f64, f64) {
        self.average(|space| space.counts[p].ln() / self.weights as f64)
    }

    /// The logarithm of their mean number per weight, with the error of that.
    pub fn annealed_entropy(&self, p: usize) -> (f64, f64) {
        let (mean, error) = self.average(|space| space.counts[p]);
        (mean.ln() / self.weights as f64, error / mean / self.weights as f64)
    }

    /// Mean generalization error of a typical student, with its standard error.
    pub fn error(&self, p: usize) -> (f64, f64) {
        self.average(|space| space.errors[p])
    }

    /// The mean number of students after each of `examples` against its exact value at that N: no bias is
    /// allowed. Left out are those at which the number scatters by more than its mean, which rare samples
    /// then decide.
    ///
    /// # Errors
    /// As [`compare`].
    pub fn compare_counts(&self, examples: &[usize]) -> Result<Vec<Agreement>> {
        let runs = (self.spaces.len() as f64).sqrt();
        let resolved = |p: &usize| {
            let (mean, error) = self.average(|space| space.counts[*p]);
            error * runs <= mean
        };
        let p: Vec<usize> = examples.iter().copied().filter(resolved).collect();
        let exact: Vec<f64> =
            p.iter().map(|p| annealed_students(self.weights, *p).iter().sum::<f64>()).collect();
        let grid: Vec<f64> = p.iter().map(|p| *p as f64).collect();
        let recorded = |values: Vec<f64>| -> Result<Trajectory> {
            let mut run = Trajectory::new(Axis::Samples, &grid);
            run.push("number of students over its exact mean", values)?;
            Ok(run)
        };
        let relative = |space: &VersionSpaces| {
            recorded(p.iter().zip(&exact).map(|(p, exact)| space.counts[*p] / exact).collect())
        };
        let runs: Vec<Trajectory> = self.spaces.iter().map(relative).collect::<Result<_>>()?;
        let finite_size = FiniteSize { biases: vec![vec![0.0; p.len()]], standard_errors: 4.0 };
        let tolerance = Tolerance {
            gaps: vec![1e-12],
            finite_size: Some(finite_size),
            reason: "exact at this size: four standard errors of the mean",
        };
        compare(&recorded(vec![1.0; p.len()])?, &runs, Some(&tolerance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generalization::perceptron::ising::annealed_students;

    #[test]
    fn every_student_is_counted_once_and_the_teacher_always_stays() {
        let spaces = enumerate(11, 60, 5).unwrap();
        assert_eq!(spaces.counts[0], 2048.0);
        assert!((spaces.errors[0] - 0.5).abs() < 1e-12);
        assert!(spaces.counts.windows(2).all(|c| c[0] >= c[1]));
        assert_eq!((spaces.counts[60], spaces.errors[60]), (1.0, 0.0));
        assert!(enumerate(25, 3, 0).is_err() && enumerate(1, 3, 0).is_err());
    }

    /// Exact at finite size: no bias is allowed, only four standard errors.
    #[test]
    fn the_mean_number_of_students_is_the_annealed_sum_at_finite_size() {
        let (n, p, runs) = (9, 14, 1500);
        let all: Vec<Vec<f64>> =
            (0..runs).map(|seed| enumerate(n, p, seed).unwrap().counts).collect();
        for examples in [1, 3, 6, 10, 14] {
            let exact: f64 = annealed_students(n, examples).iter().sum();
            let mean = all.iter().map(|c| c[examples]).sum::<f64>() / runs as f64;
            let squares = all.iter().map(|c| (c[examples] - mean).powi(2)).sum::<f64>();
            let standard_error = (squares / (runs * (runs - 1)) as f64).sqrt();
            // One example halves the students exactly: there only rounding is left.
            let allowed = 4.0 * standard_error + 1e-12 * exact;
            assert!((mean - exact).abs() < allowed, "{examples}: {mean} {exact}");
            assert!(standard_error < 0.05 * exact, "{examples}: {standard_error} allows anything");
        }
    }

    #[test]
    fn means_over_teachers_are_exact_and_the_typical_number_is_below_the_mean() {
        let seeds: Vec<u64> = (0..60).collect();
        let sampled = SampledSpaces::sample(9, 12, &seeds).unwrap();
        let found = sampled.compare_counts(&[1, 4, 8]).unwrap();
        assert!(found.iter().all(|agreement| agreement.holds()), "{found:?}");
        assert!(sampled.entropy(8).0 < sampled.annealed_entropy(8).0);
        assert!(sampled.error(8).0 < sampled.error(1).0);
    }
}
