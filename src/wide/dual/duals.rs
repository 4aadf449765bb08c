//! Averages of a nonlinearity over pairs of Gaussian inputs: its dual.
//!
//! For u, v of variances q, q′ and covariance c every layer of a wide network needs
//!
//! ```math
//! E[\phi(u)\phi(v)] \qquad\text{and}\qquad
//! E[\phi'(u)\phi'(v)] = \frac{\partial}{\partial c} E[\phi(u)\phi(v)] .
//! ```
//!
//! With the gap $`g = \sqrt{qq'} - |c|`$ and $`qq' - c^2 = g(2\sqrt{qq'} - g)`$:
//!
//! | φ | average of φφ | of φ′φ′ |
//! |---|---|---|
//! | kinks and jumps | see [`super::kinks`] | |
//! | a erf(bx) + s | $`\frac{2a^2}{\pi}\operatorname{atan2}(2c, \sqrt D) + s^2`$ | $`4a^2b^2/(\pi\sqrt D)`$, $`D = 1 + 2q + 2q' + 4(qq' - c^2)`$, variances scaled by b² |
//! | a sin(bx + φ) | $`\frac{a^2}{2}(e_- - e_+\cos 2\varphi)`$ | $`\frac{a^2b^2}{2}(e_- + e_+\cos 2\varphi)`$, $`e_\mp = e^{-b^2((q+q')/2 \mp c)}`$ |
//! | a exp(bx) | $`a^2e^{b^2((q+q')/2+c)}`$ | b² times that |
//! | a exp(bx²) | $`a^2/\sqrt D`$ | $`4a^2b^2c/D^{3/2}`$, $`D = 1 - 2b(q+q') + 4b^2(qq' - c^2)`$ |
//! | GELU | $`\frac c4 + \frac{1}{2\pi}\big[\frac{c^2 + qq'D}{P\sqrt D} + cA\big]`$ | $`\frac14 + \frac{A}{2\pi} + \frac{c}{2\pi\sqrt D}\big[\frac1D + \frac{1-qq'}{P} + 1\big]`$, $`P = (1+q)(1+q')`$, $`D = 1 + q + q' + qq' - c^2`$, $`A = \operatorname{atan2}(c, \sqrt D)`$ |
//! | others | see [`super::hermite`] | |
//!
//! (`cho2009`, `williams1997`, `tsuchida2021`, `han2022`.)

use std::f64::consts::{FRAC_1_PI, SQRT_2};

use super::hermite::HermiteTable;
use super::kinks;
use super::pairs::{After, Pairs};
use super::variances::{Roots, Side, Variances, inverse_root};
use crate::math::folded_pairs::Kink;
use crate::math::vector::{exp, quadrant_angle, vectorized};
use crate::net::unit::Nonlinearity;

/// The two averages of a nonlinearity φ over pairs of Gaussian inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual {
    /// E[φ(u) φ(v)].
    pub value: f64,
    /// E[φ′(u) φ′(v)].
    pub slope: f64,
}

/// Places for pairs whose variances or gaps have to be written out.
const CHUNK: usize = 128;

impl Nonlinearity {
    /// E[φ(u) φ(v)] and E[φ′(u) φ′(v)] over Gaussian u, v of mean 0, variances q and q2, covariance c.
    ///
    /// To rounding; for nonlinearities without closed form up to variances of 50 (tanh) or 200, and
    /// wrong by 1e-9 at 180 or 740. Where |c| is larger than possible it is taken to be the largest possible. Of an input that is
    /// always 0 the slope at a kink is taken to be the mean of those on both sides.
    pub fn dual(self, q: f64, c: f64, q2: f64) -> Dual {
        let (mut value, mut slope) = ([c], [1.0]);
        self.dual_row(q, &[q2], &mut value, &mut slope);
        Dual { value: value[0], slope: slope[0] }
    }

    /// The same for u = v of variance q, without the rounding of a difference of variance and
    /// covariance.
    pub fn diagonal(self, q: f64) -> Dual {
        if self.is_smooth() {
            return Dual {
                value: self.expectation(q, |x| self.value(x).powi(2)),
                slope: self.expectation(q, |x| self.slope(x).powi(2)),
            };
        }
        // What the closed form below comes to, for images in a fraction of the time.
        if let Some(Kink { mean, .. }) = self.kink().filter(|_| q > 0.0) {
            return Dual { value: mean * q, slope: mean };
        }
        let (mut value, mut slope, mut gap) = ([q], [1.0], [0.0]);
        self.closed_form(Pairs {
            q: &[q],
            q2: &[q],
            roots: Roots::of_pairs(&[q], &[inverse_root(q)]),
            nngp: &mut value,
            gap: &mut gap,
            ntk: &mut slope,
        });
        Dual { value: value[0], slope: slope[0] }
    }

    /// One row of a kernel with all its partners: `nngp` from covariances of inputs of variance `q`
    /// with those of variances `q2` to `E[φφ]`, `ntk` multiplied by `E[φ′φ′]`. Slices of equal
    /// length.
    ///
    /// Covariances alone do not tell the angle between inputs that nearly coincide: kinks turn their
    /// rounding into 1e-8 in the slope. [`kernels`](crate::wide::kernel::dense::kernels) keeps gaps instead.
    pub fn dual_row(self, q: f64, q2: &[f64], nngp: &mut [f64], ntk: &mut [f64]) {
        let [first, second] = [vec![q; q2.len()], q2.to_vec()].map(Variances::of);
        let all = 0..nngp.len();
        self.dual_sides([first.side(all.clone()), second.side(all)], nngp, ntk, &mut Vec::new());
    }

    /// The same for pairs of any variances with known roots. `room` is filled with what no one needs.
    pub(crate) fn dual_sides(
        self,
        [first, second]: [Side<'_>; 2],
        nngp: &mut [f64],
        ntk: &mut [f64],
        room: &mut Vec<f64>,
    ) {
        room.resize(3 * CHUNK, 0.0);
        let (roots, rest) = room.split_at_mut(CHUNK);
        let (inverses, gaps) = rest.split_at_mut(CHUNK);
        let chunks = nngp.chunks_mut(CHUNK).zip(ntk.chunks_mut(CHUNK)).enumerate();
        for (chunk, (nngp, ntk)) in chunks {
            let n = nngp.len();
            let range = chunk * CHUNK..chunk * CHUNK + n;
            let (first, second) = (first.part(range.clone()), second.part(range));
            let (roots, inverses) = (&mut roots[..n], &mut inverses[..n]);
            let gaps = &mut gaps[..n];
            vectorized(
                #[inline(always)]
                || first.meet(second, nngp, [&mut *roots, &mut *inverses, &mut *gaps]),
            );
            let roots = Roots::of_pairs(roots, inverses);
            let pairs = Pairs { q: first.q, q2: second.q, roots, nngp, gap: gaps, ntk };
            if self.is_smooth() {
                self.by_series(pairs);
            } else {
                self.closed_form(pairs);
            }
        }
    }

    /// Pairs of any variances by a Hermite table made for them alone.
    fn by_series(self, pairs: Pairs<'_>) {
        let n = pairs.nngp.len();
        let largest = pairs.q.iter().chain(pairs.q2).fold(0.0f64, |m, q| m.max(*q));
        // In a row of a kernel all first inputs are the same.
        let same = pairs.q.windows(2).all(|q| q[0] == q[1]);
        let first = if same { &pairs.q[..1] } else { pairs.q };
        let correlations = pairs.nngp.iter().enumerate().map(|(j, c)| {
            let root = pairs.roots.root(j);
            if root > 0.0 { (c / root).abs() } else { 0.0 }
        });
        let correlation = correlations.fold(0.0, f64::max);
        let first = HermiteTable::new(self, first, largest, correlation);
        let second = HermiteTable::new(self, pairs.q2, largest, correlation);
        for j in 0..n {
            let pair = Pairs {
                q: &pairs.q[j..=j],
                q2: &pairs.q2[j..=j],
                roots: Roots {
                    root: &pairs.roots.root[j..=j],
                    inverse: &pairs.roots.inverse[j..=j],
                    ..pairs.roots
                },
                nngp: &mut pairs.nngp[j..=j],
                gap: &mut pairs.gap[j..=j],
                ntk: &mut pairs.ntk[j..=j],
            };
            first.update::<false>(if same { 0 } else { j }, &second, j, (0.0, &[]), pair);
        }
    }

    /// All that is not smooth. Kinks and linear functions update the gap.
    pub(crate) fn closed_form(self, pairs: Pairs<'_>) {
        if let Some(kink) = self.kink() {
            return kinks::piecewise_linear(kink, pairs);
        }
        match self {
            Self::Linear | Self::PiecewiseLinear { .. } => {}
            Self::Sign => kinks::sign(pairs),
            Self::RectifiedPower(0) => kinks::step(pairs),
            Self::RectifiedPower(_) => kinks::rectified_square(pairs),
            Self::Erf { amplitude, frequency, shift } => erf(amplitude, frequency, shift, pairs),
            Self::Sin { amplitude, frequency, phase } => {
                sine(amplitude, frequency, (2.0 * phase).cos(), pairs);
            }
            Self::Rbf { gamma } => sine(SQRT_2, (2.0 * gamma).sqrt(), 0.0, pairs),
            Self::Exp { amplitude, rate } => exponential(amplitude, rate, pairs),
            Self::Gaussian { amplitude, rate } => gaussian(amplitude, rate, pairs),
            Self::Gelu => gelu(pairs),
            Self::Tanh | Self::Sigmoid | Self::Softplus | Self::Swish => self.by_series(pairs),
        }
    }

    /// 1 for even functions, −1 for odd ones.
    pub(crate) fn parity(self) -> Option<f64> {
        match self {
            Self::Linear | Self::Sign | Self::Tanh => Some(-1.0),
            Self::Erf { shift: 0.0, .. } | Self::Sin { phase: 0.0, .. } => Some(-1.0),
            Self::PiecewiseLinear { negative, positive } if negative == positive => Some(-1.0),
            Self::PiecewiseLinear { negative, positive } if negative == -positive => Some(1.0),
            Self::Gaussian { .. } => Some(1.0),
            Self::Sin { phase, .. } if phase == std::f64::consts::FRAC_PI_2 => Some(1.0),
            _ => None,
        }
    }
}

fn erf(amplitude: f64, frequency: f64, shift: f64, pairs: Pairs<'_>) {
    let (b, height) = (2.0 * frequency * frequency, 2.0 * FRAC_1_PI * amplitude * amplitude);
    let offset = shift * shift;
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let spread = (b * b).mul_add(pair.determinant(), b * (pair.q + pair.q2));
            let root = (1.0 + spread).sqrt();
            let angle = quadrant_angle((b * pair.covariance).abs(), root);
            After {
                value: height.mul_add(angle.copysign(pair.covariance), offset),
                slope: height * b / root,
                gap: pair.gap,
            }
        },
    );
}

/// `twice` is the cosine of twice the phase.
fn sine(amplitude: f64, frequency: f64, twice: f64, pairs: Pairs<'_>) {
    let (b, half) = (frequency * frequency, 0.5 * amplitude * amplitude);
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let mean = 0.5 * (pair.q + pair.q2);
            let minus = exp(b * (pair.covariance - mean));
            let plus = twice * exp(-b * (pair.covariance + mean));
            After { value: half * (minus - plus), slope: half * b * (minus + plus), gap: pair.gap }
        },
    );
}

fn exponential(amplitude: f64, rate: f64, pairs: Pairs<'_>) {
    let (b, height) = (rate * rate, amplitude * amplitude);
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let value = height * exp(b * (0.5 * (pair.q + pair.q2) + pair.covariance));
            After { value, slope: b * value, gap: pair.gap }
        },
    );
}

fn gaussian(amplitude: f64, rate: f64, pairs: Pairs<'_>) {
    let (b, height) = (-2.0 * rate, amplitude * amplitude);
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let spread = (b * b).mul_add(pair.determinant(), b * (pair.q + pair.q2));
            let value = height / (1.0 + spread).sqrt();
            let slope = b * b * pair.covariance * value / (1.0 + spread);
            After { value, slope, gap: pair.gap }
        },
    );
}

fn gelu(pairs: Pairs<'_>) {
    pairs.apply(
        #[inline(always)]
        move |pair| {
            let (c, product) = (pair.covariance, pair.root * pair.root);
            let all = (1.0 + pair.q) * (1.0 + pair.q2);
            let d = 1.0 + (pair.q + pair.q2 + pair.determinant());
            let root = d.sqrt();
            let angle = quadrant_angle(c.abs(), root).copysign(c);
            let first = product.mul_add(d, c * c) / (all * root);
            let second = (1.0 / d + (1.0 - product) / all + 1.0) * (c / root);
            After {
                value: 0.25f64.mul_add(c, 0.5 * FRAC_1_PI * c.mul_add(angle, first)),
                slope: (0.5 * FRAC_1_PI).mul_add(angle + second, 0.25),
                gap: pair.gap,
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use crate::net::unit::ALL;

    /// Double integral by brute force: panels on both sides of every kink.
    fn by_quadrature(f: impl Fn(f64) -> f64, q: f64, c: f64, q2: f64) -> f64 {
        use crate::math::normal::density;
        use crate::math::quadrature::gauss_legendre_nodes;
        let (along, across) = (c / q.sqrt(), (q2 - c * c / q).sqrt());
        let panels = |kink: f64| {
            let kink = kink.clamp(-10.0, 10.0);
            let edges = move |a: f64, b: f64| {
                (0..14).map(move |i| {
                    (a + (b - a) * f64::from(i) / 14.0, a + (b - a) * f64::from(i + 1) / 14.0)
                })
            };
            edges(-10.0, kink)
                .chain(edges(kink, 10.0))
                .flat_map(|(a, b)| gauss_legendre_nodes(a, b))
        };
        let mut sum = 0.0;
        for (x, w) in panels(0.0) {
            let inner: f64 = panels(-along * x / across)
                .map(|(y, w)| w * density(y) * f(along * x + across * y))
                .sum();
            sum += w * density(x) * f(q.sqrt() * x) * inner;
        }
        sum
    }

    #[test]
    fn duals_are_double_integrals() {
        for g in ALL {
            for (q, c, q2) in [(1.3, 0.55, 0.8), (0.7, -0.6, 1.9), (2.5, 2.4, 2.4), (0.9, 0.0, 0.2)]
            {
                let dual = g.dual(q, c, q2);
                let value = by_quadrature(|x| g.value(x), q, c, q2);
                let slope = by_quadrature(|x| g.slope(x), q, c, q2);
                let size = (g.diagonal(q).value * g.diagonal(q2).value).sqrt();
                assert!(
                    (dual.value - value).abs() < 4e-15 * size.max(1.0),
                    "{g} {q} {c} {q2}: {} {value}",
                    dual.value
                );
                assert!(
                    (dual.slope - slope).abs() < 1e-14 * slope.abs().max(1.0),
                    "{g} {q} {c} {q2}: {} {slope}",
                    dual.slope
                );
            }
        }
    }
}
