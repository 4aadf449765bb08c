//! Duals of nonlinearities without closed form, by their Hermite series.
//!
//! With the normalized Hermite polynomials h_k and Gaussian inputs of correlation ρ
//!
//! ```math
//! E[\phi(u)\phi(v)] = \sum_k a_k(q)\,a_k(q')\,\rho^k, \qquad
//! E[\phi'(u)\phi'(v)] = \sum_k a'_k(q)\,a'_k(q')\,\rho^k, \qquad
//! a_k(q) = E[\phi(\sqrt q z)\,h_k(z)],
//! ```
//!
//! where a′ are the coefficients of φ′. Coefficients cost one quadrature for each example, pairs of
//! examples only two multiply-adds a term. Truncated or not, such a kernel is positive semidefinite.
//! Terms fall like $`\rho^k e^{-2a\sqrt k}`$ with the distance a of the nearest singularity of φ(√q z)
//! from the real line: pairs that nearly coincide need hundreds of terms (tanh about 240 at q = 1.5, 1400
//! at 9), others a few dozen.

use ndarray::{Array2, s};

use super::gaussian_expectation::trapezoid;
use super::pairs::Pairs;
use crate::math::vector::vectorized;
use crate::net::unit::Nonlinearity;
use crate::{Error, Result};

/// Pairs that are summed side by side.
const LANES: usize = 16;
/// Nodes reach so far: there a polynomial of any degree times the density is below 1e-17.
const REACH: f64 = 12.5;
/// More terms than this are left out: all that count for tanh up to q = 50.
const MOST_TERMS: usize = 8192;
/// Sharpness up to which what is left out is below 1e-9.
const SHARPEST: f64 = 8.7;
/// Terms that are computed together.
const BLOCK: usize = 256;
/// Terms are left out once all that follow are smaller than this, relative to the largest.
const SMALLEST: f64 = 1e-18;
/// 1 − |ρ| of pairs whose gap is summed term by term.
const CLOSE: f64 = 0.25;

/// Coefficients for many variances.
#[derive(Debug, Clone)]
pub(crate) struct HermiteTable {
    /// Variances and a few places after them, so that lanes never end early.
    columns: usize,
    /// a_k, term by term.
    value: Vec<f64>,
    /// a′_k, term by term.
    slope: Vec<f64>,
    /// Largest |a_k| or |a′_k| of any variance in a term and all that follow.
    bounds: Vec<f64>,
    parity: Option<f64>,
}

impl HermiteTable {
    /// Refuses variances for which the series is too short: above 180 for tanh, 740 for sigmoid,
    /// softplus and swish.
    pub(crate) fn check(nonlinearity: Nonlinearity, largest: f64) -> Result<()> {
        if nonlinearity.sharpness(largest) <= SHARPEST {
            return Ok(());
        }
        let most = largest * (SHARPEST / nonlinearity.sharpness(largest)).powi(2);
        let name = format!("variance of the input of {nonlinearity}");
        let allowed = format!("it must be below {most:.0}, or its kernel loses digits");
        Err(Error::parameter(name, largest, allowed))
    }

    /// Terms that count for variances up to `largest`: until e^{-2a√k} is negligible. Those of functions
    /// without singularity fall at least like (1 + 1/(2s²))^{-k/2} with the sharpness s.
    pub(crate) fn terms(nonlinearity: Nonlinearity, largest: f64) -> usize {
        let rate = if nonlinearity.is_smooth() { 420.0 } else { 90.0 };
        let by_decay = 48.0 + rate * nonlinearity.sharpness(largest).powi(2);
        (by_decay as usize).min(MOST_TERMS)
    }

    /// All a_k and a′_k of the j-th variance that are not zero by symmetry.
    pub(crate) fn coefficients(&self, j: usize) -> (Vec<f64>, Vec<f64>) {
        let of = |table: &[f64], parity: Option<f64>| {
            let terms = table.chunks(self.columns).map(|term| term[j]);
            match parity {
                None => terms.collect(),
                Some(parity) => terms.skip(first_term(parity)).step_by(2).collect(),
            }
        };
        (of(&self.value, self.parity), of(&self.slope, self.parity.map(|p| -p)))
    }

    /// Coefficients for the variances `q`, for use with others of variance up to `largest` and
    /// correlations up to `correlation`.
    pub(crate) fn new(
        nonlinearity: Nonlinearity,
        q: &[f64],
        largest: f64,
        correlation: f64,
    ) -> Self {
        let by_correlation = 24.0 + SMALLEST.ln() / correlation.min(1.0 - 1e-9).ln();
        let terms = Self::terms(nonlinearity, largest).min(by_correlation as usize);
        let parity = nonlinearity.parity();
        let nodes = trapezoid(nonlinearity, largest, REACH);
        let nodes: Vec<(f64, f64)> = if parity.is_some() {
            // Twice one half of the line.
            let half = nodes.filter(|(z, _)| *z >= 0.0);
            half.map(|(z, w)| (z, if z > 0.0 { 2.0 * w } else { w })).collect()
        } else {
            nodes.collect()
        };
        let columns = q.len() + LANES;
        let sampled = |f: &dyn Fn(f64) -> f64| {
            Array2::from_shape_fn((nodes.len(), columns), |(i, j)| {
                q.get(j).map_or(0.0, |q| f(q.sqrt() * nodes[i].0))
            })
        };
        let (values, slopes) =
            (sampled(&|x| nonlinearity.value(x)), sampled(&|x| nonlinearity.slope(x)));
        let mut polynomials = WeightedPolynomials::new(&nodes);
        let (mut value, mut slope) = (Vec::new(), Vec::new());
        for first in (0..terms).step_by(BLOCK) {
            let block = polynomials.next(BLOCK.min(terms - first));
            value.extend(averages(&block, first, parity, &values));
            slope.extend(averages(&block, first, parity.map(|p| -p), &slopes));
        }
        let mut bounds: Vec<f64> = (value.chunks(columns).zip(slope.chunks(columns)))
            .map(|(value, slope)| value.iter().chain(slope).fold(0.0f64, |m, a| m.max(a.abs())))
            .collect();
        for k in (1..terms).rev() {
            bounds[k - 1] = bounds[k - 1].max(bounds[k]);
        }
        Self { columns, value, slope, bounds, parity }
    }

    /// Pairs of variance `i` of this table with those of `other` from `first` on. With `TRACKED`
    /// the gap is kept for later layers, otherwise it is left as it was. `after` are roots of the
    /// variances that the layer gives them.
    pub(crate) fn update<const TRACKED: bool>(
        &self,
        i: usize,
        other: &Self,
        first: usize,
        after: (f64, &[f64]),
        mut pairs: Pairs<'_>,
    ) {
        vectorized(
            #[inline(always)]
            || {
                for start in (0..pairs.nngp.len()).step_by(LANES) {
                    let chunk = Chunk::of(&pairs, start, self.parity.is_some());
                    let sums = self.sum::<TRACKED>(i, other, first + start, &chunk);
                    if TRACKED {
                        self.store_gap(&chunk, &sums, start, after, &mut pairs);
                    }
                    self.store(&chunk, &sums, start, &mut pairs);
                }
            },
        );
    }

    /// The series of a chunk of pairs.
    #[inline(always)]
    fn sum<const TRACKED: bool>(&self, i: usize, other: &Self, first: usize, at: &Chunk) -> Sums {
        let mut sums = Sums::default();
        let mut power = [1.0f64; LANES];
        // 1 − ρᵏ, from that of the power before.
        let mut below = [0.0; LANES];
        // Gaps of pairs far apart are differences; those of others need all terms.
        let all_terms = TRACKED && at.one_less.iter().any(|x| *x < CLOSE);
        for k in 0..self.bounds.len().min(other.bounds.len()) {
            if k % LANES == 0 && !all_terms {
                let largest = power.iter().fold(0.0f64, |m, p| m.max(p.abs()));
                let rest = largest * self.bounds[k] * other.bounds[k];
                if rest < SMALLEST * self.bounds[0] * other.bounds[0] {
                    break;
                }
            }
            let (a, b) = (self.value[k * self.columns + i], other.lanes(&other.value, k, first));
            let (da, db) = (self.slope[k * self.columns + i], other.lanes(&other.slope, k, first));
            for l in 0..LANES {
                let product = a * b[l];
                sums.value[l] = product.mul_add(power[l], sums.value[l]);
                sums.slope[l] = (da * db[l]).mul_add(power[l], sums.slope[l]);
                if TRACKED {
                    sums.below[l] = product.mul_add(below[l], sums.below[l]);
                    sums.apart[l] = (a - b[l]).mul_add(a - b[l], sums.apart[l]);
                    below[l] = below[l].mul_add(at.rho[l], at.one_less[l]);
                }
                power[l] *= at.rho[l];
            }
        }
        sums
    }

    #[inline(always)]
    fn store(&self, at: &Chunk, sums: &Sums, start: usize, pairs: &mut Pairs<'_>) {
        // The slope of an odd function is even.
        let (value_sign, slope_sign) = self.parity.map_or((1.0, 1.0), |parity| (parity, -parity));
        let nngp = pairs.nngp[start..].iter_mut().zip(&mut pairs.ntk[start..]);
        for ((nngp, ntk), l) in nngp.zip(0..at.count) {
            let folded = *nngp < 0.0;
            *nngp = if folded { value_sign } else { 1.0 } * sums.value[l];
            *ntk *= if folded { slope_sign } else { 1.0 } * sums.slope[l];
        }
    }

    /// √(q q′) − |E[φφ]|, by parts where it is small: √(q q′) = (q + q′)/2 − (√q − √q′)²/2.
    #[inline(always)]
    fn store_gap(
        &self,
        at: &Chunk,
        sums: &Sums,
        start: usize,
        (root, roots): (f64, &[f64]),
        pairs: &mut Pairs<'_>,
    ) {
        for l in 0..at.count {
            let j = start + l;
            let largest = root * roots[j];
            let plain = largest - sums.value[l].abs();
            let apart = root - roots[j];
            let by_parts = sums.below[l] + 0.5 * (sums.apart[l] - apart * apart);
            let close = at.one_less[l] < CLOSE && apart * apart < largest;
            let usable = self.parity.is_some() || pairs.nngp[j] >= 0.0;
            pairs.gap[j] = if close && usable { by_parts } else { plain }.max(0.0);
        }
    }

    #[inline(always)]
    fn lanes(&self, table: &[f64], term: usize, column: usize) -> [f64; LANES] {
        let from = term * self.columns + column;
        let mut lanes = [0.0; LANES];
        lanes.copy_from_slice(&table[from..from + LANES]);
        lanes
    }
}

/// The first k for which h_k is even or odd.
fn first_term(parity: f64) -> usize {
    usize::from(parity < 0.0)
}

/// Averages of `sampled` (nodes × columns) with polynomials (terms × nodes, from term `first` on). Those with
/// a function of the other parity vanish; half of the line does not show that.
fn averages(
    polynomials: &Array2<f64>,
    first: usize,
    parity: Option<f64>,
    sampled: &Array2<f64>,
) -> Array2<f64> {
    let Some(parity) = parity else { return polynomials.dot(sampled) };
    let start = (first + first_term(parity)) % 2;
    let mut all = Array2::zeros((polynomials.nrows(), sampled.ncols()));
    let found = polynomials.slice(s![start..;2, ..]).dot(sampled);
    all.slice_mut(s![start..;2, ..]).assign(&found);
    all
}

/// Correlations of a few pairs.
struct Chunk {
    count: usize,
    /// ρ, or |ρ| for even and odd functions.
    rho: [f64; LANES],
    /// 1 − |ρ|.
    one_less: [f64; LANES],
}

impl Chunk {
    #[inline(always)]
    fn of(pairs: &Pairs<'_>, start: usize, fold: bool) -> Self {
        let count = LANES.min(pairs.nngp.len() - start);
        let mut chunk = Self { count, rho: [0.0; LANES], one_less: [1.0; LANES] };
        for l in 0..count {
            let (c, root) = (pairs.nngp[start + l], pairs.roots.root(start + l));
            let c = if fold { c.abs() } else { c };
            if root > 0.0 {
                chunk.rho[l] = (c / root).clamp(-1.0, 1.0);
                chunk.one_less[l] = pairs.gap[start + l] / root;
            }
        }
        chunk
    }
}

#[derive(Default)]
struct Sums {
    value: [f64; LANES],
    slope: [f64; LANES],
    below: [f64; LANES],
    apart: [f64; LANES],
}

/// w_i h_k(z_i) for nodes z with weights w, some terms at a time.
struct WeightedPolynomials<'a> {
    nodes: &'a [(f64, f64)],
    term: usize,
    before: Vec<f64>,
    now: Vec<f64>,
}

impl<'a> WeightedPolynomials<'a> {
    fn new(nodes: &'a [(f64, f64)]) -> Self {
        let now = nodes.iter().map(|(_, w)| *w).collect();
        Self { nodes, term: 0, before: vec![0.0; nodes.len()], now }
    }

    /// The next terms, as rows.
    fn next(&mut self, terms: usize) -> Array2<f64> {
        let mut all = Array2::zeros((terms, self.nodes.len()));
        for mut row in all.rows_mut() {
            let root = (self.term as f64).sqrt();
            let scale = ((self.term + 1) as f64).sqrt().recip();
            let states = self.now.iter_mut().zip(&mut self.before).zip(self.nodes);
            for (to, ((now, before), (z, _))) in row.iter_mut().zip(states) {
                *to = *now;
                let next = (z * *now - root * *before) * scale;
                *before = *now;
                *now = next;
            }
            self.term += 1;
        }
        all
    }
}
