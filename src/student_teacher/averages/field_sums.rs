//! Averages summed over units with their readouts: what one right-hand side needs, without redundancy.
//!
//! The error of a student is $`\Delta = \sum_a s_a\,g(\lambda_a)`$ with signed readouts s: the student's
//! for its units, minus the teacher's for the teacher's.

use std::f64::consts::FRAC_2_PI;

use super::erf::Tilt;
use super::fields::Fields;
use super::products::UNKNOWN;
use super::relu;
use crate::math::arcsine::arcsines;
use crate::net::Nonlinearity;

/// Pairs of trained units that are computed side by side.
const LANES: usize = 4;
type Lanes = [f64; LANES];

/// A number for every lane. (Written out, so that it becomes vector code.)
#[inline(always)]
fn lanes(f: impl Fn(usize) -> f64) -> Lanes {
    let mut numbers = [0.0; LANES];
    for (l, x) in numbers.iter_mut().enumerate() {
        *x = f(l);
    }
    numbers
}

/// Sums over all n fields, with the workspace they need.
#[derive(Debug, Clone)]
pub(crate) struct FieldSums {
    activation: Nonlinearity,
    readouts: Vec<f64>,
    /// Pairs a ≤ b with readouts, and s_a s_b (twice where a < b).
    products: Vec<(usize, usize, f64)>,
    /// Weight of C_ja in the pull on one unit, for every field a.
    shared: Vec<f64>,
    /// Every field under the measures of a few pairs of trained units.
    tilted: Vec<Tilted>,
    /// What arc sines are taken of, for every pair with readouts.
    sines: Vec<Lanes>,
}

/// A field under the measures of a few pairs (i, k) of trained units.
#[derive(Debug, Clone, Copy, Default)]
struct Tilted {
    /// Covariances with i and k.
    with: [Lanes; 2],
    /// What multiplies those of another field in its covariance with this one.
    weights: [Lanes; 2],
    /// 1/√(1 + C′_aa).
    length: Lanes,
}

impl FieldSums {
    /// Sums for `n` fields.
    pub(crate) fn new(activation: Nonlinearity, n: usize) -> Self {
        Self {
            activation,
            readouts: vec![0.0; n],
            products: Vec::new(),
            shared: vec![0.0; n],
            tilted: vec![Tilted::default(); n],
            sines: Vec::new(),
        }
    }

    /// Prepares for signed readouts `s`.
    #[inline(always)]
    pub(crate) fn select(&mut self, s: &[f64]) {
        if self.readouts == s {
            return;
        }
        self.readouts.copy_from_slice(s);
        self.products.clear();
        for a in 0..s.len() {
            let twice = |b| if a == b { 1.0 } else { 2.0 };
            let pairs = (a..s.len()).map(|b| (a, b, twice(b) * s[a] * s[b]));
            self.products.extend(pairs.filter(|(.., product)| *product != 0.0));
        }
        self.sines.resize(self.products.len(), [0.0; LANES]);
    }

    /// ⟨Δ²⟩ = Σ_ab s_a s_b I₂(a, b).
    pub(crate) fn squared_error(&self, fields: &Fields<'_>) -> f64 {
        self.over_pairs(|a, b| fields.i2(self.activation, a, b))
    }

    /// Σ_ab s_a s_b f(a, b) for a symmetric f.
    fn over_pairs(&self, f: impl Fn(usize, usize) -> f64) -> f64 {
        self.products.iter().map(|(a, b, product)| product * f(*a, *b)).sum()
    }

    /// ⟨Δ g_i⟩ = Σ_a s_a I₂(i, a).
    #[inline(always)]
    pub(crate) fn output(&self, fields: &Fields<'_>, i: usize) -> f64 {
        let active = self.readouts.iter().enumerate().filter(|(_, s)| **s != 0.0);
        active.map(|(a, s)| s * fields.i2(self.activation, i, a)).sum()
    }

    /// ⟨g′_i λ_j Δ⟩ = Σ_a s_a I₃(i, j, a) for every field j.
    #[inline(always)]
    pub(crate) fn pull(&mut self, fields: &Fields<'_>, i: usize, out: &mut [f64]) {
        let row = fields.row(i);
        let own = match self.activation {
            Nonlinearity::Linear => {
                self.shared.copy_from_slice(&self.readouts);
                0.0
            }
            Nonlinearity::RELU => self.shares_relu(fields, i),
            Nonlinearity::ERF_SQRT2 => self.shares_erf(fields, i),
            _ => panic!("{UNKNOWN}"),
        };
        out.iter_mut().zip(row).for_each(|(x, c)| *x = own * c);
        for (a, shared) in self.shared.iter().enumerate().filter(|(_, shared)| **shared != 0.0) {
            out.iter_mut().zip(fields.row(a)).for_each(|(x, c)| *x += shared * c);
        }
    }

    /// Fills `shared`; weight of C_ij in the pull on unit i.
    #[inline(always)]
    fn shares_relu(&mut self, fields: &Fields<'_>, i: usize) -> f64 {
        let row = fields.row(i);
        let mut own = 0.0;
        for (a, (s, shared)) in self.readouts.iter().zip(&mut self.shared).enumerate() {
            let (along, weight) = relu::i3_weights(row[i], row[a], fields.covariance(a, a));
            *shared = s * weight;
            own += s * along;
        }
        own
    }

    #[inline(always)]
    fn shares_erf(&mut self, fields: &Fields<'_>, i: usize) -> f64 {
        let row = fields.row(i);
        let free = 1.0 + row[i];
        let mut own = 0.0;
        for (a, (c, shared)) in row.iter().zip(&mut self.shared).enumerate() {
            let volume = free * (1.0 + fields.covariance(a, a)) - c * c;
            *shared = FRAC_2_PI * self.readouts[a] / volume.sqrt();
            own += *shared * c;
        }
        -own / free
    }

    /// ⟨g′_i g′_k Δ²⟩ = Σ_ab s_a s_b I₄(i, k, a, b) for every i ≤ k among the first `students` fields, row by
    /// row.
    #[inline(always)]
    pub(crate) fn pushes(&mut self, fields: &Fields<'_>, students: usize, out: &mut [f64]) {
        let mut pairs = (0..students).flat_map(|i| (i..students).map(move |k| (i, k)));
        match self.activation {
            Nonlinearity::Linear => out.fill(self.squared_error(fields)),
            Nonlinearity::RELU => out
                .iter_mut()
                .zip(pairs)
                .for_each(|(x, (i, k))| *x = self.over_pairs(|a, b| relu::i4(fields, i, k, a, b))),
            Nonlinearity::ERF_SQRT2 => {
                for out in out.chunks_mut(LANES) {
                    let mut units = [(0, 0); LANES];
                    units.iter_mut().zip(pairs.by_ref().take(out.len())).for_each(|(x, p)| *x = p);
                    self.pushes_erf(fields, &units, out);
                }
            }
            _ => panic!("{UNKNOWN}"),
        }
    }

    #[inline(always)]
    fn pushes_erf(
        &mut self,
        fields: &Fields<'_>,
        students: &[(usize, usize); LANES],
        out: &mut [f64],
    ) {
        let j2 = self.tilt(fields, students);
        for (x, (a, b, _)) in self.sines.iter_mut().zip(&self.products) {
            let (c, a, b) = (fields.covariance(*a, *b), &self.tilted[*a], &self.tilted[*b]);
            let drop = |l: usize| a.weights[0][l] * b.with[0][l] + a.weights[1][l] * b.with[1][l];
            *x = lanes(|l| (c - drop(l)) * a.length[l] * b.length[l]);
        }
        arcsines(self.sines.as_flattened_mut());
        let mut sums = [0.0; LANES];
        for (angles, (.., product)) in self.sines.iter().zip(&self.products) {
            sums.iter_mut().zip(angles).for_each(|(sum, angle)| *sum += product * angle);
        }
        for (x, (sum, j2)) in out.iter_mut().zip(sums.iter().zip(j2)) {
            *x = FRAC_2_PI * j2 * sum;
        }
    }

    /// Fills `tilted`; J₂ of every pair of units.
    #[inline(always)]
    fn tilt(&mut self, fields: &Fields<'_>, students: &[(usize, usize); LANES]) -> Lanes {
        let tilts = students.map(|(i, k)| Tilt::new(fields, i, k));
        let inverse = |entry: usize| lanes(|l| tilts[l].inverse[entry]);
        let (p, q, r) = (inverse(0), inverse(1), inverse(2));
        for (a, field) in self.tilted.iter_mut().enumerate() {
            let variance = 1.0 + fields.covariance(a, a);
            let x = lanes(|l| fields.covariance(students[l].0, a));
            let y = lanes(|l| fields.covariance(students[l].1, a));
            let u = lanes(|l| p[l] * x[l] + q[l] * y[l]);
            let w = lanes(|l| q[l] * x[l] + r[l] * y[l]);
            let length = lanes(|l| 1.0 / (variance - u[l] * x[l] - w[l] * y[l]).sqrt());
            *field = Tilted { with: [x, y], weights: [u, w], length };
        }
        lanes(|l| FRAC_2_PI / tilts[l].volume.sqrt())
    }
}
