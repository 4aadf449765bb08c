//! Means over runs and how far to trust them.

use ndarray::Array2;

use super::linalg::solve_positive_definite;
use super::quadrature::composite_nodes;
use super::roots::brent;
use crate::{Error, Result};

/// Mean and its standard error; the error is 0 for fewer than two values.
pub fn mean_and_error(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let (n, sum) = values.clone().fold((0.0, 0.0), |(n, sum), x| (n + 1.0, sum + x));
    let mean = sum / n;
    let squares: f64 = values.map(|x| (x - mean).powi(2)).sum();
    (mean, if n > 1.0 { (squares / (n - 1.0) / n).sqrt() } else { 0.0 })
}

/// Mean over runs, point by point; nothing of no runs.
pub fn mean_course(runs: &[Vec<f64>]) -> Vec<f64> {
    let n = runs.len() as f64;
    let points = runs.first().map_or(0, Vec::len);
    (0..points).map(|i| runs.iter().map(|run| run[i]).sum::<f64>() / n).collect()
}

/// Mean and standard deviation of single values; the deviation is 0 for fewer than two values.
pub fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, (values.map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt())
}

/// The slope of the line of least squares through points (x, y).
pub fn fitted_slope(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let squares: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
    x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / squares
}

/// Linear least squares: coefficients of the columns of `basis` and their standard errors, for one
/// (value, standard error) in each row.
///
/// # Errors
/// Another number of values than rows, columns that do not determine coefficients, values that are not
/// finite, or errors that are not positive.
pub fn weighted_fit(basis: &Array2<f64>, values: &[(f64, f64)]) -> Result<Vec<(f64, f64)>> {
    if basis.nrows() != values.len() {
        let expected = "a value for each row of the basis";
        return Err(Error::shape("values to fit", (values.len(), basis.dim()), expected));
    }
    if let Some((_, bad)) = values.iter().find(|(_, error)| !(error.is_finite() && *error > 0.0)) {
        return Err(Error::parameter("standard error", bad, "it must be positive and finite"));
    }
    let weighted = |(at, entry): ((usize, usize), &f64)| entry / values[at.0].1;
    let a = Array2::from_shape_vec(basis.dim(), basis.indexed_iter().map(weighted).collect())
        .map_err(|e| Error::shape("basis of a fit", basis.dim(), e.to_string()))?;
    let y = Array2::from_shape_fn((values.len(), 1), |(i, _)| values[i].0 / values[i].1);
    let normal = a.t().dot(&a);
    let covariance = solve_positive_definite(&normal, &Array2::eye(basis.ncols()))?;
    let coefficients = solve_positive_definite(&normal, &a.t().dot(&y))?;
    Ok(coefficients.into_iter().zip(covariance.diag()).map(|(c, v)| (c, v.sqrt())).collect())
}

/// The number of standard errors, estimated from `n` ≥ 2 normal values themselves, that their mean
/// exceeds as rarely as a normal number exceeds `gate` standard deviations: Student's t.
///
/// With T = √ν tan θ, ν = n − 1, P(|T| > t) is the share of ∫cos^{ν−1}θ dθ beyond atan(t/√ν).
pub fn student_gate(gate: f64, n: usize) -> f64 {
    let freedom = (n.max(2) - 1) as f64;
    let power = |complement: f64| complement.sin().powf(freedom - 1.0);
    // The complement of θ, so that small tails keep their digits. Below `least` cos^{ν−1}θ is some
    // e^{−800} of its height, where it is narrow enough for that to matter.
    let least = (std::f64::consts::FRAC_PI_2 - 40.0 / freedom.sqrt()).max(0.0);
    let tail = |edge: f64| -> f64 {
        composite_nodes(least.min(edge), edge, 24).iter().map(|(x, w)| w * power(*x)).sum()
    };
    let target = libm::erfc(gate / std::f64::consts::SQRT_2) * tail(std::f64::consts::FRAC_PI_2);
    let excess = |ln_edge: f64| tail(ln_edge.exp()) - target;
    let edge = brent(excess, -40.0, std::f64::consts::FRAC_PI_2.ln()).map_or(0.0, f64::exp);
    freedom.sqrt() / edge.tan()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_errors_of_few_numbers() {
        assert_eq!(mean_and_error([3.0].into_iter()), (3.0, 0.0));
        let (mean, error) = mean_and_error([1.0, 2.0, 3.0, 6.0].into_iter());
        assert_eq!(mean, 3.0);
        approx::assert_relative_eq!(error, (14.0f64 / 3.0 / 4.0).sqrt());
    }

    #[test]
    fn courses_are_averaged_at_each_point() {
        assert_eq!(mean_course(&[vec![1.0, 2.0], vec![3.0, 6.0]]), [2.0, 4.0]);
        assert!(mean_course(&[]).is_empty());
        assert_eq!(mean_and_deviation([1.0, 2.0, 3.0].into_iter()), (2.0, 1.0));
        assert_eq!(mean_and_deviation([5.0].into_iter()), (5.0, 0.0));
    }

    #[test]
    fn a_line_has_its_slope_and_points_beside_it_even_out() {
        approx::assert_relative_eq!(fitted_slope(&[0.0, 1.0, 4.0], &[3.0, 1.0, -5.0]), -2.0);
        approx::assert_relative_eq!(fitted_slope(&[0.0, 1.0, 2.0], &[0.5, 0.0, 2.5]), 1.0);
    }

    #[test]
    fn fits_weigh_values_by_their_errors_and_know_their_own() {
        // One constant: the mean with weights 1/e², error 1/√Σe⁻².
        let values = [(1.0, 1.0), (4.0, 0.5)];
        let fit = weighted_fit(&Array2::ones((2, 1)), &values).unwrap();
        approx::assert_relative_eq!(fit[0].0, 17.0 / 5.0, max_relative = 1e-14);
        approx::assert_relative_eq!(fit[0].1, 1.0 / 5f64.sqrt(), max_relative = 1e-14);
        // A parabola through three points.
        let basis = Array2::from_shape_fn((3, 3), |(i, j)| (i as f64).powi(j as i32));
        let fit = weighted_fit(&basis, &[(2.0, 0.1), (4.0, 0.3), (10.0, 0.2)]).unwrap();
        for (found, expected) in fit.iter().zip([2.0, 0.0, 2.0]) {
            approx::assert_abs_diff_eq!(found.0, expected, epsilon = 1e-11);
        }
        assert!(weighted_fit(&basis, &values).is_err());
        assert!(weighted_fit(&Array2::ones((2, 2)), &values).is_err());
        assert!(weighted_fit(&Array2::ones((2, 1)), &[(1.0, 1.0), (2.0, 0.0)]).is_err());
    }

    #[test]
    fn gates_are_the_quantiles_of_students_t() {
        // One degree of freedom is Cauchy's distribution: t = 1/tan(πp/2).
        let p = libm::erfc(4.0 / std::f64::consts::SQRT_2);
        let cauchy = (0.5 * std::f64::consts::PI * p).tan().recip();
        approx::assert_relative_eq!(student_gate(4.0, 2), cauchy, max_relative = 1e-9);
        // Two degrees: t = √(2(1 − p)²/(p(2 − p))).
        let two = (2.0 * (1.0 - p).powi(2) / (p * (2.0 - p))).sqrt();
        approx::assert_relative_eq!(student_gate(4.0, 3), two, max_relative = 1e-9);
        // The usual table: 97.5 % of eleven values, ten degrees.
        let usual = student_gate(1.959_963_984_540_054, 11);
        approx::assert_relative_eq!(usual, 2.228_138_851_964_939, max_relative = 1e-9);
        // Many: the normal distribution, up to z(z² + 1)/4ν.
        approx::assert_relative_eq!(student_gate(4.0, 100_001), 4.0 + 17e-5, max_relative = 1e-7);
    }
}
