//! How far measurement is from prediction: a number, not an impression.

use crate::math::statistics::student_gate;
use crate::{Error, Result, Trajectory};

/// How far a single observable may be from its prediction, and why that far.
#[derive(Debug, Clone, PartialEq)]
pub struct Tolerance {
    /// Largest expected gap of each observable, in its own unit, in the prediction's order.
    pub gaps: Vec<f64>,
    /// What is added to it where runs are random and theory is that of an infinite system.
    pub finite_size: Option<FiniteSize>,
    /// Where the numbers come from (finite step size, finite size, standard error).
    pub reason: &'static str,
}

/// What a finite, random system adds to the gap, point by point of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct FiniteSize {
    /// Expected distance of the mean over runs from the infinite system, by observable and point.
    pub biases: Vec<Vec<f64>>,
    /// Allowed standard errors of the mean over runs. They are measured from the runs themselves, so
    /// that few runs allow more, as improbable as this many are for a normal number (Student's t).
    pub standard_errors: f64,
}

impl Tolerance {
    /// The gap allowed at point `i` of observable `k`, where the mean over runs may be off by this
    /// much.
    fn at(&self, k: usize, i: usize, allowed_error: f64) -> f64 {
        let bias = self.finite_size.as_ref().map_or(0.0, |size| size.biases[k][i] + allowed_error);
        self.gaps[k] + bias
    }
}

/// How far a measurement is from a prediction, one observable.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Agreement {
    /// Which observable.
    pub observable: String,
    /// Largest absolute difference over the grid (mean over runs against prediction). Where the
    /// tolerance differs from point to point, that of the point nearest to its tolerance.
    pub max_gap: f64,
    /// Root mean square difference over the grid.
    pub rms_gap: f64,
    /// Largest minus smallest predicted value: what the gap is to be judged against.
    pub range: f64,
    /// Largest standard deviation over runs; zero for a single run.
    pub spread: f64,
    /// Largest gap that theory allows there; `None` where no bound is known.
    pub tolerance: Option<f64>,
    /// Where the tolerance comes from.
    pub reason: &'static str,
}

impl Agreement {
    /// Whether the gap is within tolerance; true where no tolerance is known.
    pub fn holds(&self) -> bool {
        self.tolerance.is_none_or(|tolerance| self.max_gap <= tolerance)
    }
}

/// Compares a prediction with the mean over `runs`, observable by observable.
///
/// # Errors
/// There is no run, or a run was recorded on another grid or lacks an observable; a tolerance in
/// standard errors for a single run.
pub fn compare(
    prediction: &Trajectory,
    runs: &[Trajectory],
    tolerance: Option<&Tolerance>,
) -> Result<Vec<Agreement>> {
    if runs.is_empty() {
        return Err(Error::parameter("number of runs", 0, "at least one simulation is needed"));
    }
    if runs.iter().any(|run| run.grid() != prediction.grid()) {
        return Err(Error::parameter(
            "grid",
            "different",
            "prediction and simulation must be recorded at the same points",
        ));
    }
    if runs.len() < 2 && tolerance.is_some_and(|t| t.finite_size.is_some()) {
        let allowed = "a random system is judged by its mean, so two runs or more are needed";
        return Err(Error::parameter("number of runs", runs.len(), allowed));
    }
    let mut agreements = Vec::new();
    for (i, (name, predicted)) in prediction.columns().enumerate() {
        let measured = runs
            .iter()
            .map(|run| {
                run.get(name).ok_or_else(|| Error::Unknown {
                    kind: "observable",
                    name: name.into(),
                    nearest: run.columns().map(|(n, _)| n.to_owned()).collect(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        agreements.push(agreement(name, predicted, &measured, tolerance.map(|t| (t, i))));
    }
    Ok(agreements)
}

fn agreement(
    name: &str,
    predicted: &[f64],
    measured: &[&[f64]],
    tolerance: Option<(&Tolerance, usize)>,
) -> Agreement {
    let n_runs = measured.len() as f64;
    let finite_size = tolerance.and_then(|(t, _)| t.finite_size.as_ref());
    let gate = finite_size.map_or(0.0, |size| student_gate(size.standard_errors, measured.len()));
    let (mut worst, mut sum_squares, mut spread) = ((0.0f64, 0.0, 0.0), 0.0, 0.0f64);
    for (i, p) in predicted.iter().enumerate() {
        let mean = measured.iter().map(|run| run[i]).sum::<f64>() / n_runs;
        let gap = (mean - p).abs();
        sum_squares += gap * gap;
        let mut deviation = 0.0;
        if measured.len() > 1 {
            let squares = measured.iter().map(|run| (run[i] - mean).powi(2)).sum::<f64>();
            deviation = (squares / (n_runs - 1.0)).sqrt();
        }
        spread = spread.max(deviation);
        let allowed = tolerance.map_or(0.0, |(t, k)| t.at(k, i, gate * deviation / n_runs.sqrt()));
        // Without a tolerance, or with none to spare, the gap itself ranks the points.
        let strain = if allowed > 0.0 { gap / allowed } else { gap };
        if i == 0 || strain > worst.0 {
            worst = (strain, gap, allowed);
        }
    }
    let high = predicted.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let low = predicted.iter().copied().fold(f64::INFINITY, f64::min);
    Agreement {
        observable: name.to_owned(),
        max_gap: worst.1,
        rms_gap: (sum_squares / predicted.len() as f64).sqrt(),
        range: high - low,
        spread,
        tolerance: tolerance.map(|_| worst.2),
        reason: tolerance.map_or("no bound is known", |(t, _)| t.reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Axis;

    fn run(values: [f64; 3]) -> Trajectory {
        let mut run = Trajectory::new(Axis::Time, &[0.0, 1.0, 2.0]);
        run.push("loss", values.to_vec()).unwrap();
        run
    }

    #[test]
    fn gaps_are_measured_from_the_mean_over_runs() {
        let tolerance = Tolerance { gaps: vec![0.25], finite_size: None, reason: "test" };
        let prediction = run([1.0, 0.5, 0.0]);
        let runs = [run([1.0, 0.5, 0.1]), run([1.0, 0.5, 0.3])];
        let found = compare(&prediction, &runs, Some(&tolerance)).unwrap();
        approx::assert_abs_diff_eq!(found[0].max_gap, 0.2, epsilon = 1e-15);
        approx::assert_abs_diff_eq!(found[0].rms_gap, 0.2 / 3f64.sqrt(), epsilon = 1e-15);
        approx::assert_abs_diff_eq!(found[0].spread, 0.02f64.sqrt(), epsilon = 1e-15);
        assert_eq!(found[0].range, 1.0);
        assert!(found[0].holds());
        assert!(
            !compare(&prediction, &[run([1.0, 0.5, 0.3])], Some(&tolerance)).unwrap()[0].holds()
        );
    }

    #[test]
    fn different_grids_are_not_compared() {
        let mut other = Trajectory::new(Axis::Time, &[0.0, 1.0, 3.0]);
        other.push("loss", vec![1.0; 3]).unwrap();
        assert!(compare(&run([1.0; 3]), &[other], None).is_err());
        assert!(compare(&run([1.0; 3]), &[], None).is_err());
    }

    #[test]
    fn random_runs_are_judged_point_by_point_in_standard_errors() {
        let finite_size = FiniteSize { biases: vec![vec![0.0, 0.05, 0.0]], standard_errors: 2.0 };
        let tolerance =
            Tolerance { gaps: vec![0.01], finite_size: Some(finite_size), reason: "test" };
        let prediction = run([1.0, 0.5, 0.0]);
        // First point: 0.01 allowed. Last: mean 0.2, of which two runs allow a multiple of the error.
        let runs = |first: f64, half: f64| {
            [run([1.0 + first, 0.5, 0.2 - half]), run([1.0 + first, 0.5, 0.2 + half])]
        };
        let found = |runs: [Trajectory; 2]| {
            compare(&prediction, &runs, Some(&tolerance)).unwrap().remove(0)
        };
        let wide = found(runs(0.0, 0.1));
        approx::assert_abs_diff_eq!(wide.max_gap, 0.2, epsilon = 1e-15);
        let expected = 0.01 + 0.1 * student_gate(2.0, 2);
        approx::assert_abs_diff_eq!(wide.tolerance.unwrap(), expected, epsilon = 1e-12);
        assert!(wide.holds() && !found(runs(0.0, 0.01)).holds());
        let first = found(runs(0.02, 0.1));
        approx::assert_abs_diff_eq!(first.max_gap, 0.02, epsilon = 1e-15);
        assert!(!first.holds());
        assert!(compare(&prediction, &[run([1.0; 3])], Some(&tolerance)).is_err());
    }
}
