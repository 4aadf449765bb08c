//! A category hidden in noise: some items share some features, more coherently or less.

use ndarray::Array2;
use rand::RngExt;

use super::MOST_ITEMS;
use crate::math::linalg::eigh;
use crate::math::random::{Purpose, stream};
use crate::{Dataset, Error, Result};

/// A category of items that share features, in a table that is noise elsewhere.
///
/// Of N_o items and N_f features every pair is true with probability q, but with probability p for
/// the first K_o items (the category's members) and the first K_f features (what they share). The
/// table holds these zeros and ones minus q. In units of the noise, σ² = q(1 − q), the category is one
/// direction of strength θ² = SNR·K_f·K_o, SNR = (p − q)²/σ². What a linear network learns first is
/// the largest singular mode; in the limit of large tables it is (`benaych2012`; as category
/// coherence, `saxe2019`)
///
/// ```math
/// C = \frac{\mathrm{SNR}\,K_f K_o}{\sqrt{N_f N_o}},\qquad
/// \hat s = \frac{\sigma}{\theta}\sqrt{(\theta^2+N_f)(\theta^2+N_o)},\qquad
/// \langle \hat u, u\rangle^2 = \frac{\theta^4-N_f N_o}{\theta^2(\theta^2+N_f)},\qquad
/// \langle \hat v, v\rangle^2 = \frac{\theta^4-N_f N_o}{\theta^2(\theta^2+N_o)}
/// ```
///
/// if the coherence C is above 1. Below, the largest singular value is that of noise,
/// σ(√N_f + √N_o), its vectors know nothing of the category, and no linear network can find it before
/// it has learned the noise.
///
/// The limit takes the block to be as noisy as the rest. It is not if p(1 − p) ≠ σ²; to first order in
/// K/N this acts on ŝ as θ² + (K_f + K_o)(p(1 − p)/σ² − 1) in place of θ² (derived here:
/// [`with_block_noise`](Self::with_block_noise)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlantedCategory {
    n_items: usize,
    n_features: usize,
    members: usize,
    shared: usize,
    inside: f64,
    outside: f64,
}

/// The largest singular mode of a table, and how much of the category it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detected {
    /// Largest singular value of Σʸˣ, that of the table over the number of items.
    pub singular_value: f64,
    /// Squared overlap of its features with those that the category shares.
    pub feature_overlap: f64,
    /// Squared overlap of its items with the category's members.
    pub item_overlap: f64,
}

impl PlantedCategory {
    /// A table of items × features with `members` items that share `shared` features: true with
    /// probability `inside` there and `outside` elsewhere.
    ///
    /// # Errors
    /// Fewer than 2 or more than [`MOST_ITEMS`] items, no member or shared feature, more of them than
    /// there are, or probabilities that are not 0 < outside < inside ≤ 1.
    pub fn new(
        (n_items, n_features): (usize, usize),
        (members, shared): (usize, usize),
        inside: f64,
        outside: f64,
    ) -> Result<Self> {
        if n_items > MOST_ITEMS {
            let allowed = format!("at most {MOST_ITEMS} can be held");
            return Err(Error::parameter("number of items", n_items, allowed).of("items"));
        }
        if n_items < 2 {
            let allowed = "it must be at least 2: a category is told apart from others";
            return Err(Error::parameter("number of items", n_items, allowed).of("items"));
        }
        let part = |name: &str, part: usize, all: usize| {
            let allowed = format!("it must be from 1 to {all}, all there are");
            let found = Error::parameter(name, part, allowed);
            if (1..=all).contains(&part) { Ok(()) } else { Err(found) }
        };
        part("number of members", members, n_items).map_err(|error| error.of("members"))?;
        part("number of shared features", shared, n_features)
            .map_err(|error| error.of("shared_features"))?;
        if !(outside > 0.0 && outside < 1.0) {
            let allowed = "it must be between 0 and 1: without noise there is nothing to detect";
            return Err(Error::parameter("probability outside", outside, allowed).of("outside"));
        }
        if !(inside > outside && inside <= 1.0) {
            let allowed = format!("it must be above that outside, {outside}, and at most 1");
            return Err(Error::parameter("probability inside", inside, allowed).of("inside"));
        }
        Ok(Self { n_items, n_features, members, shared, inside, outside })
    }

    /// Number of items N_o = P.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Number of features N_f.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Number of members K_o.
    pub fn members(&self) -> usize {
        self.members
    }

    /// Number of features K_f that members share.
    pub fn shared(&self) -> usize {
        self.shared
    }

    /// Variance σ² of the noise.
    pub fn variance(&self) -> f64 {
        self.outside * (1.0 - self.outside)
    }

    /// θ², the squared strength of the category in units of the noise.
    pub fn strength(&self) -> f64 {
        let snr = (self.inside - self.outside).powi(2) / self.variance();
        snr * (self.shared * self.members) as f64
    }

    /// Coherence C: the category can be detected if and only if it is above 1.
    pub fn coherence(&self) -> f64 {
        self.strength() / ((self.n_features * self.n_items) as f64).sqrt()
    }

    /// The largest mode in the limit of large tables.
    pub fn theory(&self) -> Detected {
        self.mode(self.strength())
    }

    /// As [`theory`](Self::theory), with the noise inside the block as it is, to first order. Only the
    /// singular value is claimed; the change of the overlaps shows their order of magnitude.
    pub fn with_block_noise(&self) -> Detected {
        let inside = self.inside * (1.0 - self.inside) / self.variance();
        let shift = (self.shared + self.members) as f64 * (inside - 1.0);
        self.mode((self.strength() + shift).max(f64::MIN_POSITIVE))
    }

    fn mode(&self, strength: f64) -> Detected {
        let coherence = strength / ((self.n_features * self.n_items) as f64).sqrt();
        Self::limit((self.n_items, self.n_features), coherence, self.variance())
    }

    /// As [`theory`](Self::theory), for any coherence: a curve through all categories in a table of
    /// items × features with this variance of the noise.
    pub fn limit((n_items, n_features): (usize, usize), coherence: f64, variance: f64) -> Detected {
        let (f, o, sd) = (n_features as f64, n_items as f64, variance.sqrt());
        if coherence <= 1.0 {
            let singular_value = sd * (f.sqrt() + o.sqrt()) / o;
            return Detected { singular_value, feature_overlap: 0.0, item_overlap: 0.0 };
        }
        let strength = coherence * (f * o).sqrt();
        let overlap = |n: f64| (strength - f * o / strength) / (strength + n);
        Detected {
            singular_value: sd * ((strength + f) * (strength + o) / strength).sqrt() / o,
            feature_overlap: overlap(f),
            item_overlap: overlap(o),
        }
    }

    /// How far a mean over samples may be from [`theory`](Self::theory), beside its standard error.
    ///
    /// Three effects of finite size: twice the first order of the block's own noise; the width of the
    /// transition, a part N^{−1/3} of the coherence, N being the smaller side, within which the limit
    /// is not resolved; and 1/N itself, the next order of everything. For the singular value near and
    /// below the transition the width is that of the largest singular value of noise,
    /// σ²(√N_f + √N_o)(1/√N_f + 1/√N_o)^{1/3} in ŝ², twice which covers its mean of −1.2.
    pub fn finite_size(&self) -> Detected {
        let (f, o) = (self.n_features as f64, self.n_items as f64);
        let (limit, shifted) = (self.theory(), self.with_block_noise());
        let small = f.min(o);
        let near = [1.0, -1.0].map(|side| {
            let coherence = self.coherence();
            // Beyond the window around 1 the limit is reached as 1/N.
            let inside = (coherence - 1.0).abs() <= small.powf(-1.0 / 3.0);
            let part = if inside { side * small.powf(-1.0 / 3.0) } else { side / small };
            self.mode(self.strength() * (1.0 + part))
        });
        let bound = |of: fn(&Detected) -> f64| {
            let window = near.iter().map(|mode| (of(mode) - of(&limit)).abs()).fold(0.0, f64::max);
            2.0 * (of(&shifted) - of(&limit)).abs() + window
        };
        let edge = (f.sqrt() + o.sqrt()) * (f.sqrt().recip() + o.sqrt().recip()).powf(1.0 / 3.0);
        // ŝ² is a sum of squares: its width is dŝ² = 2 ŝ dŝ, in units of the table.
        let edge = self.variance() * edge / (2.0 * limit.singular_value * o * o);
        let edge = if self.coherence() < 1.0 + small.powf(-1.0 / 3.0) { 2.0 * edge } else { 0.0 };
        Detected {
            singular_value: bound(|m| m.singular_value) + edge,
            // A unit vector that knows nothing has a squared overlap of 1/N; near the transition the
            // window has it.
            feature_overlap: bound(|m| m.feature_overlap) + 3.0 / f,
            item_overlap: bound(|m| m.item_overlap) + 3.0 / o,
        }
    }

    /// Bound on the standard deviation, over samples, of the singular value: the largest singular
    /// value of a table moves by `û_i v̂_j` with entry (i, j), whose squares sum to 1, so that its
    /// variance is at most that of an entry (Poincaré's inequality; to leading order, as entries are
    /// not Gaussian).
    pub fn scatter(&self) -> f64 {
        self.variance().max(self.inside * (1.0 - self.inside)).sqrt() / self.n_items as f64
    }

    /// The largest mode of a table, such as a [`sample`](Self::sample).
    ///
    /// # Errors
    /// A table of another size, or one whose factorization fails.
    pub fn measure(&self, data: &Dataset) -> Result<Detected> {
        let table = &data.targets;
        if table.dim() != (self.n_items, self.n_features) {
            let expected = format!("{} × {}", self.n_items, self.n_features);
            return Err(Error::shape("table", table.dim(), expected));
        }
        let (values, vectors) = eigh(&table.dot(&table.t()))?;
        let items = vectors.column(0);
        let s = values[0].max(0.0).sqrt();
        let features = table.t().dot(&items) / s.max(f64::MIN_POSITIVE);
        let overlap = |sum: f64, n: usize| sum * sum / n as f64;
        Ok(Detected {
            singular_value: s / self.n_items as f64,
            feature_overlap: overlap(features.iter().take(self.shared).sum(), self.shared),
            item_overlap: overlap(items.iter().take(self.members).sum(), self.members),
        })
    }

    /// A table, P × N_f, of zeros and ones minus q.
    ///
    /// # Errors
    /// None that a validated category gives.
    pub fn sample(&self, seed: u64) -> Result<Dataset> {
        let mut rng = stream(seed, Purpose::Task, 0);
        let table = Array2::from_shape_fn((self.n_items, self.n_features), |(i, j)| {
            let block = i < self.members && j < self.shared;
            let truth = rng.random_bool(if block { self.inside } else { self.outside });
            f64::from(u8::from(truth)) - self.outside
        });
        let names = |first: &str, n_first: usize, rest: &str, n: usize| {
            let name = |i: usize| {
                if i <= n_first { format!("{first} {i}") } else { format!("{rest} {i}") }
            };
            (1..=n).map(name).collect()
        };
        Dataset::from_table(
            table,
            names("member", self.members, "item", self.n_items),
            names("shared", self.shared, "feature", self.n_features),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(mode: &Detected) -> [f64; 3] {
        [mode.singular_value, mode.feature_overlap, mode.item_overlap]
    }

    /// Mean over seeds and its standard error.
    fn measured(category: &PlantedCategory, seeds: u64) -> [(f64, f64); 3] {
        let runs: Vec<[f64; 3]> = (0..seeds)
            .map(|seed| fields(&category.measure(&category.sample(seed).unwrap()).unwrap()))
            .collect();
        let n = runs.len() as f64;
        std::array::from_fn(|k| {
            let mean = runs.iter().map(|r| r[k]).sum::<f64>() / n;
            let variance = runs.iter().map(|r| (r[k] - mean).powi(2)).sum::<f64>() / (n - 1.0);
            (mean, (variance / n).sqrt())
        })
    }

    fn category(n: (usize, usize), k: (usize, usize), p: f64, q: f64) -> PlantedCategory {
        PlantedCategory::new(n, k, p, q).unwrap()
    }

    #[test]
    fn sampled_modes_are_those_of_the_limit_within_finite_size_and_standard_error() {
        for (k, p) in [((80, 100), 0.7), ((50, 80), 0.7), ((60, 60), 0.9), ((20, 20), 0.6)] {
            let category = category((300, 500), k, p, 0.3);
            let theory = fields(&category.theory());
            let size = fields(&category.finite_size());
            for (i, (mean, error)) in measured(&category, 8).into_iter().enumerate() {
                let (gap, allowed) = ((mean - theory[i]).abs(), size[i] + 4.0 * error);
                let c = category.coherence();
                assert!(
                    gap < allowed,
                    "C = {c:.2}, {i}: {mean} {} {gap:.2e} {allowed:.2e}",
                    theory[i]
                );
                let range = if i == 0 { theory[0] } else { 1.0 };
                assert!(allowed < 0.1 * range, "C = {c:.2}, {i}: vacuous {allowed}");
            }
        }
    }

    #[test]
    fn the_numbers_of_the_limit_are_those_of_an_independent_program() {
        let found = category((1000, 2000), (80, 100), 0.7, 0.3);
        assert!((found.coherence() - 4.31).abs() < 0.005);
        let [s, features, items] = fields(&found.theory());
        for (found, expected, digit) in
            [(s * 1000.0, 44.48, 0.005), (features, 0.712, 5e-4), (items, 0.813, 5e-4)]
        {
            assert!((found - expected).abs() <= digit, "{found} {expected}");
        }
    }

    #[test]
    fn the_bias_falls_as_the_table_grows_and_is_that_of_the_blocks_own_noise() {
        // Coherence stays while both sides grow fourfold; the block's share of a side is halved.
        let small = category((80, 120), (24, 36), 0.95, 0.4);
        let large = category((320, 480), (48, 72), 0.95, 0.4);
        assert!((small.coherence() - large.coherence()).abs() < 1e-12);
        let relative = |category: &PlantedCategory, seeds: u64| {
            let theory = category.theory().singular_value;
            let (mean, error) = measured(category, seeds)[0];
            let first_order = category.with_block_noise().singular_value / theory - 1.0;
            (mean / theory - 1.0, error / theory, first_order)
        };
        let (bias, error, first_order) = relative(&small, 200);
        let (less, its_error, less_first_order) = relative(&large, 24);
        assert!(bias < -8.0 * error && less.abs() < 0.7 * bias.abs(), "{bias} {less}");
        // What is left is of second order: the square of the first, and 1/N.
        for (bias, error, first, n) in
            [(bias, error, first_order, 80.0), (less, its_error, less_first_order, 320.0)]
        {
            let allowed = first * first + 1.0 / n + 4.0 * error;
            assert!((bias - first).abs() < allowed, "{bias} {first} {allowed}");
        }
    }

    #[test]
    fn singular_values_scatter_less_than_their_bound() {
        for (k, p) in [((24, 36), 0.95), ((20, 20), 0.7), ((5, 5), 0.5)] {
            let category = category((80, 120), k, p, 0.4);
            let error = measured(&category, 100)[0].1;
            // A standard deviation of 100 runs is known to a part 1/√200; five of these.
            let allowed = (1.0 + 5.0 / 200f64.sqrt()) * category.scatter();
            assert!(10.0 * error < allowed, "{} {allowed}", 10.0 * error);
            assert!(10.0 * error > 0.1 * allowed, "vacuous: {} {allowed}", 10.0 * error);
        }
    }

    #[test]
    fn below_the_threshold_the_largest_mode_knows_nothing_and_less_so_the_larger_the_table() {
        let mean = |n: usize, k: usize, seeds: u64| {
            let category = category((n, n), (k, k), 0.5, 0.3);
            assert!(category.coherence() < 0.6 && category.theory().item_overlap == 0.0);
            measured(&category, seeds)[2].0
        };
        let (small, large) = (mean(50, 11, 60), mean(400, 32, 8));
        assert!(large < 0.05 && large < 0.5 * small, "{small} {large}");
    }

    #[test]
    fn theory_is_continuous_at_the_threshold() {
        let category = category((100, 100), (10, 10), 0.7, 0.3);
        let at = |strength: f64| category.mode(strength);
        let gap = at(100.0 * (1.0 + 1e-9)).singular_value - at(100.0).singular_value;
        assert!(gap.abs() < 1e-12 && at(100.0 * (1.0 + 1e-9)).item_overlap < 1e-8);
    }

    #[test]
    fn impossible_categories_are_refused_by_name() {
        let refused = |n, k, p, q| PlantedCategory::new(n, k, p, q).unwrap_err().to_string();
        assert!(refused((10, 10), (0, 3), 0.5, 0.1).contains("members"));
        assert!(refused((10, 10), (3, 11), 0.5, 0.1).contains("shared features is 11"));
        assert!(refused((5000, 10), (3, 3), 0.5, 0.1).contains("at most 4096"));
        for (p, q) in [(0.5, 0.0), (0.5, 1.0), (0.5, f64::NAN)] {
            assert!(refused((10, 10), (3, 3), p, q).contains("probability outside"));
        }
        for p in [0.1, 0.2, 1.1, f64::NAN] {
            assert!(refused((10, 10), (3, 3), p, 0.2).contains("probability inside"));
        }
        let category = category((10, 12), (3, 4), 0.9, 0.2);
        assert!(category.measure(&Dataset::toy()).is_err());
        assert_eq!(category.sample(0).unwrap().item_names[2..4], ["member 3", "item 4"]);
    }
}
