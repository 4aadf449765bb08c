//! Few times stand for many.
//!
//! What training has done to the modes of a kernel, g(w, t), is a family of decaying exponentials. As
//! functions of w they are so much alike that some of the times span all others to rounding. How many
//! depends on the range of w: of a thousand times over ten decades about 110 for eigenvalues within a
//! factor 10⁶, and some 20 for eigenvalues within a factor 8 (measured). So modes are taken in bands of
//! similar eigenvalues, each with its own times, and what is linear in g and expensive is done for those.
//!
//! Products g(w, t) g(w′, t) are sums of such exponentials too: covariances themselves are computed at
//! times that span the others, and are sums of these.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

/// Largest ratio of eigenvalues in a band.
const SPAN: f64 = 8.0;

/// Residual, relative to each time's own response, that is left to rounding.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// Modes whose eigenvalues are alike.
#[derive(Debug, Clone)]
pub(crate) struct Band {
    /// Which modes.
    pub modes: Range<usize>,
    /// Times that span the others as far as these modes go.
    pub basis: TimeBasis,
}

/// All modes in bands. Eigenvalues fall; `responses` is times × modes, and an error in mode i matters in
/// proportion to `weights[i]`.
pub(crate) fn bands(
    eigenvalues: ArrayView1<'_, f64>,
    responses: &Array2<f64>,
    weights: ArrayView1<'_, f64>,
) -> Vec<Band> {
    let mut bands = Vec::new();
    let mut start = 0;
    while start < eigenvalues.len() {
        let smallest = eigenvalues[start] / SPAN;
        let alike = eigenvalues.iter().skip(start).take_while(|w| **w >= smallest).count();
        let modes = start..start + alike;
        let (responses, weights) =
            (responses.slice(s![.., modes.clone()]), weights.slice(s![modes.clone()]));
        bands.push(Band { basis: TimeBasis::of(responses, weights), modes });
        start += alike;
    }
    bands
}

/// Times that span the others.
#[derive(Debug, Clone)]
pub(crate) struct TimeBasis {
    /// Indices of these times.
    pub pivots: Vec<usize>,
    /// Times × pivots: every response as a sum of those at the pivots.
    pub coefficients: Array2<f64>,
}

impl TimeBasis {
    /// Times that span the others as far as sums of `responses` (times × modes) and of products of two of
    /// them go, each relative to its largest.
    pub fn of_products(responses: &Array2<f64>) -> Self {
        // Responses of all modes are sums of those of a few.
        let n_times = responses.nrows();
        let few = Self::of(responses.t(), Array1::ones(n_times).view()).pivots;
        let mut columns = Vec::new();
        for mode in &few {
            let response = responses.column(*mode);
            let largest = response.fold(0.0f64, |m, x| m.max(x.abs()));
            columns.push(response.mapv(|x| x / largest));
        }
        for i in 0..few.len() {
            columns.extend((0..=i).map(|j| &columns[i] * &columns[j]).collect::<Vec<_>>());
        }
        let all = Array2::from_shape_fn((n_times, columns.len()), |(t, i)| columns[i][t]);
        Self::of(all.view(), Array1::ones(columns.len()).view())
    }

    /// Pivots among the rows of `responses` (times × modes), where an error in mode i matters in
    /// proportion to `weights[i]`: Gram and Schmidt's method, the largest remainder first.
    pub fn of(responses: ArrayView2<'_, f64>, weights: ArrayView1<'_, f64>) -> Self {
        let n_times = responses.nrows();
        let mut rest = &responses * &weights.insert_axis(Axis(0));
        let norms: Vec<f64> = rest.rows().into_iter().map(|row| row.dot(&row).sqrt()).collect();
        for (mut row, norm) in rest.rows_mut().into_iter().zip(&norms) {
            if *norm > 0.0 {
                row /= *norm;
            }
        }
        let mut pivots = Vec::new();
        let mut directions: Vec<Array1<f64>> = Vec::new();
        let mut triangle: Vec<Vec<f64>> = Vec::new();
        while pivots.len() < n_times {
            let squares = rest.rows().into_iter().map(|row| row.dot(&row)).enumerate();
            let (pivot, square) =
                squares.fold((0, 0.0), |best, now| if now.1 > best.1 { now } else { best });
            if square.sqrt() <= ROUNDING {
                break;
            }
            let mut direction = rest.row(pivot).to_owned();
            for earlier in &directions {
                let overlap = direction.dot(earlier);
                direction.scaled_add(-overlap, earlier);
            }
            direction /= direction.dot(&direction).sqrt();
            let mut overlaps = vec![0.0; n_times];
            for (mut row, overlap) in rest.rows_mut().into_iter().zip(&mut overlaps) {
                *overlap = row.dot(&direction);
                row.scaled_add(-*overlap, &direction);
            }
            pivots.push(pivot);
            directions.push(direction);
            triangle.push(overlaps);
        }
        let rank = pivots.len();
        let mut coefficients = Array2::zeros((n_times, rank));
        for (k, mut row) in coefficients.rows_mut().into_iter().enumerate() {
            for i in (0..rank).rev() {
                let known: f64 = (i + 1..rank).map(|j| triangle[i][pivots[j]] * row[j]).sum();
                row[i] = (triangle[i][k] - known) / triangle[i][pivots[i]];
            }
            for (c, pivot) in row.iter_mut().zip(&pivots) {
                *c *= norms[k] / norms[*pivot];
            }
        }
        Self { pivots, coefficients }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_times_span_a_thousand() {
        let rates: Vec<f64> = (0..200).map(|i| 10f64.powf(-6.0 * f64::from(i) / 199.0)).collect();
        let times: Vec<f64> = (0..1000).map(|k| 10f64.powf(f64::from(k) / 100.0)).collect();
        for late in [false, true] {
            // Gains, which end at 1/w, and residuals, which end at nothing.
            let response = |(k, i): (usize, usize)| {
                let (w, t) = (rates[i], times[k]);
                if late { (-w * t).exp() } else { -(-w * t).exp_m1() / w }
            };
            let responses = Array2::from_shape_fn((times.len(), rates.len()), response);
            let weights: Array1<f64> = rates.iter().map(|w| w.sqrt()).collect();
            let basis = TimeBasis::of(responses.view(), weights.view());
            // 102 and 120 were found.
            assert!(basis.pivots.len() < 150, "{} pivots", basis.pivots.len());
            let chosen = responses.select(Axis(0), &basis.pivots);
            let again = basis.coefficients.dot(&chosen);
            for (exact, found) in responses.rows().into_iter().zip(again.rows()) {
                let norm = |row: Array1<f64>| (&row * &weights).mapv(|x| x * x).sum().sqrt();
                let gap = norm(&exact - &found);
                let size = norm(exact.to_owned());
                assert!(gap <= 2e-14 * size, "{gap:e} of {size:e}");
            }
        }
    }

    #[test]
    fn products_of_responses_are_spanned_too() {
        let rates: Vec<f64> = (0..80).map(|i| 10f64.powf(-4.0 * f64::from(i) / 79.0)).collect();
        let times: Vec<f64> = (0..400).map(|k| 10f64.powf(f64::from(k) / 57.0)).collect();
        let gain = |w: f64, t: f64| -(-w * t).exp_m1() / w;
        let responses =
            Array2::from_shape_fn((400, 80), |(k, i): (usize, usize)| gain(rates[i], times[k]));
        let basis = TimeBasis::of_products(&responses);
        assert!(basis.pivots.len() < 100, "{} pivots", basis.pivots.len());
        let largest: Vec<f64> = rates.iter().map(|w| gain(*w, times[399])).collect();
        for (i, j) in (0..80).flat_map(|i| (0..=i).map(move |j| (i, j))) {
            let product = |t: usize| responses[[t, i]] * responses[[t, j]];
            let size = largest[i] * largest[j];
            for (t, row) in basis.coefficients.rows().into_iter().enumerate() {
                let sum: f64 = row.iter().zip(&basis.pivots).map(|(c, p)| c * product(*p)).sum();
                let gap = (sum - product(t)).abs();
                assert!(gap < 1e-13 * size, "modes {i}, {j} at {t}: {gap:e} of {size:e}");
            }
        }
    }

    #[test]
    fn times_at_which_nothing_has_happened_need_no_pivot() {
        let responses = ndarray::arr2(&[[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]);
        let basis = TimeBasis::of(responses.view(), Array1::ones(2).view());
        assert_eq!(basis.pivots.len(), 1);
        assert_eq!(basis.coefficients.row(0)[0], 0.0);
        let all = TimeBasis::of(Array2::zeros((3, 2)).view(), Array1::ones(2).view());
        assert_eq!(all.coefficients.dim(), (3, 0));
        assert!(TimeBasis::of_products(&Array2::zeros((3, 2))).pivots.is_empty());
    }
}
