//! The equations of learning from folded inputs, eigenvalue by eigenvalue; written down in
//! [`hidden_manifold`](crate::student_teacher::hidden_manifold).

use std::f64::consts::PI;

use ndarray::Array2;

use super::setting::{Fold, HiddenManifold, ManifoldOverlaps, ManifoldStart};
use crate::net::Nonlinearity;
use crate::student_teacher::averages::Fields;
use crate::student_teacher::order_parameters::OrderParameters;

/// Nodes of the Marchenko–Pastur law. Overlaps vary over it like exponentials of a few units.
const NODES: u32 = 48;

/// Eigenvalue κ of FFᵀ/D and its weight in their law.
pub(crate) fn spectrum(latent: f64) -> Vec<(f64, f64)> {
    spectrum_at(latent, NODES)
}

fn spectrum_at(latent: f64, count: u32) -> Vec<(f64, f64)> {
    let (root, n) = (latent.sqrt(), f64::from(count));
    let mut nodes: Vec<(f64, f64)> = (0..count)
        .map(|k| {
            let angle = (f64::from(k) + 0.5) * PI / n;
            let x = (1.0 - root).powi(2) + 4.0 * root * (0.5 * angle).cos().powi(2);
            (x / latent, 2.0 * latent / n * angle.sin().powi(2) / x)
        })
        .collect();
    // Zeros, and near δ = 1 what nodes miss of the density's pole there.
    let found: f64 = nodes.iter().map(|(_, weight)| weight).sum();
    nodes.push((0.0, 1.0 - found));
    nodes
}

/// The closed system of equations for given eigenvalues.
pub(crate) struct Modes<'a> {
    model: &'a HiddenManifold,
    /// κ, its weight, ξ.
    modes: Vec<(f64, f64, f64)>,
    /// b/√δ.
    seen: f64,
    k: usize,
    m: usize,
}

impl<'a> Modes<'a> {
    pub fn new(model: &'a HiddenManifold, spectrum: &[(f64, f64)]) -> Self {
        let Fold { linear, rest, .. } = Fold::of(model.fold);
        let modes =
            spectrum.iter().map(|(x, weight)| (*x, *weight, linear * linear * x + rest)).collect();
        let (k, m) = model.start.aligned.dim();
        Self { model, modes, seen: linear / model.latent.sqrt(), k, m }
    }

    /// Numbers of one mode: q, K × K, then r, K × M.
    fn stride(&self) -> usize {
        self.k * (self.k + self.m)
    }

    pub fn start(&self) -> Vec<f64> {
        let ManifoldStart { random, aligned, t, v, .. } = &self.model.start;
        let along = aligned.dot(t);
        let both = along.dot(&aligned.t());
        let mut state = Vec::new();
        for (x, ..) in &self.modes {
            state.extend((random + &(&both * *x)).iter());
            state.extend((&along * *x).iter());
        }
        state.extend(v.iter());
        state
    }

    /// Covariance of all fields, students first.
    fn covariance(&self, y: &[f64]) -> Vec<f64> {
        let (k, m, n) = (self.k, self.m, self.k + self.m);
        let mut c = vec![0.0; n * n];
        for (mode, (_, weight, variance)) in y.chunks_exact(self.stride()).zip(&self.modes) {
            let (q, r) = mode.split_at(k * k);
            for i in 0..k {
                for j in 0..k {
                    c[i * n + j] += weight * variance * q[i * k + j];
                }
                for j in 0..m {
                    c[i * n + k + j] += self.seen * weight * r[i * m + j];
                }
            }
        }
        for i in k..n {
            for j in 0..k {
                c[i * n + j] = c[j * n + i];
            }
            for j in k..n {
                c[i * n + j] = self.model.start.t[[i - k, j - k]];
            }
        }
        c
    }

    pub fn overlaps(&self, y: &[f64]) -> ManifoldOverlaps {
        let (k, n) = (self.k, self.k + self.m);
        let c = self.covariance(y);
        let block = |columns: std::ops::Range<usize>| {
            let start = columns.start;
            Array2::from_shape_fn((k, columns.len()), |(i, j)| c[i * n + start + j])
        };
        let mut weights = Array2::zeros((k, k));
        for (mode, (_, weight, _)) in y.chunks_exact(self.stride()).zip(&self.modes) {
            weights.indexed_iter_mut().for_each(|((i, j), w)| *w += weight * mode[i * k + j]);
        }
        let fields = OrderParameters {
            q: block(0..k),
            r: block(k..n),
            t: self.model.start.t.clone(),
            v: y[y.len() - k..].to_vec().into(),
            teacher_readout: self.model.start.teacher_readout.clone(),
        };
        ManifoldOverlaps { fields, weights }
    }

    pub fn field(&self, y: &[f64], dy: &mut [f64]) {
        let (k, m, n) = (self.k, self.m, self.k + self.m);
        let (g, learning) = (self.model.activation, &self.model.learning);
        let c = self.covariance(y);
        let fields = Fields::new(&c, n);
        let (modes, v) = y.split_at(y.len() - k);
        let (d_modes, d_v) = dy.split_at_mut(y.len() - k);
        let teachers = self.model.start.teacher_readout.iter().map(|v| -v);
        let s: Vec<f64> = v.iter().copied().chain(teachers).collect();
        let mut own = vec![0.0; k];
        let mut shared = vec![0.0; k * n];
        let mut push = vec![0.0; k * k];
        for i in 0..k {
            for a in 0..n {
                let (along, other) = shares(g, c[i * n + i], c[i * n + a], c[a * n + a]);
                own[i] += s[a] * along;
                shared[i * n + a] = s[a] * other;
            }
            d_v[i] =
                -learning.readout_rate * (0..n).map(|a| s[a] * fields.i2(g, i, a)).sum::<f64>();
            for j in i..k {
                let pairs = (0..n).flat_map(|a| (a..n).map(move |b| (a, b)));
                let square: f64 = pairs
                    .filter(|(a, b)| s[*a] != 0.0 && s[*b] != 0.0)
                    .map(|(a, b)| {
                        let twice = if a == b { 1.0 } else { 2.0 };
                        twice * s[a] * s[b] * fields.i4(g, i, j, a, b)
                    })
                    .sum();
                let noise = learning.noise * learning.noise * fields.j2(g, i, j);
                push[i * k + j] = learning.rate * learning.rate * v[i] * v[j] * (square + noise);
                push[j * k + i] = push[i * k + j];
            }
        }
        let t = &self.model.start.t;
        let blocks = modes.chunks_exact(self.stride()).zip(d_modes.chunks_exact_mut(self.stride()));
        for ((mode, d_mode), (x, _, variance)) in blocks.zip(&self.modes) {
            let ((q, r), (dq, dr)) = (mode.split_at(k * k), d_mode.split_at_mut(k * k));
            // How the weights of unit i along this mode overlap with `with`, times their speed.
            let pull = |i: usize, with: &dyn Fn(usize) -> f64, teacher: &dyn Fn(usize) -> f64| {
                let students: f64 = (0..k).map(|j| shared[i * n + j] * with(j)).sum();
                let teachers: f64 = (0..m).map(|p| shared[i * n + k + p] * teacher(p)).sum();
                let total = variance * (own[i] * with(i) + students) + self.seen * teachers;
                -learning.rate * v[i] * total
            };
            for i in 0..k {
                for j in 0..k {
                    let one = pull(i, &|l| q[l * k + j], &|p| r[j * m + p]);
                    let two = pull(j, &|l| q[l * k + i], &|p| r[i * m + p]);
                    dq[i * k + j] = one + two + variance * push[i * k + j];
                }
                for p in 0..m {
                    dr[i * m + p] = pull(i, &|l| r[l * m + p], &|o| x * t[[o, p]]);
                }
            }
        }
    }
}

/// A and B in ⟨g′(λ) x g(φ)⟩ = A⟨xλ⟩ + B⟨xφ⟩, for covariances ⟨λλ⟩, ⟨λφ⟩, ⟨φφ⟩.
fn shares(g: Nonlinearity, own: f64, both: f64, other: f64) -> (f64, f64) {
    let with =
        |x: f64, y: f64| Fields::new(&[own, both, x, both, other, y, x, y, 0.0], 3).i3(g, 0, 2, 1);
    (with(1.0, 0.0), with(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::ode::integrate;
    use crate::student_teacher::flow::solve;
    use crate::student_teacher::hidden_manifold::case::manifold;

    #[test]
    fn the_spectrum_has_its_known_moments() {
        for latent in [0.05, 0.5, 0.97, 1.0, 1.03, 4.0] {
            let nodes = spectrum(latent);
            let moment = |p: i32| nodes.iter().map(|(x, w)| w * x.powi(p)).sum::<f64>();
            for (p, exact) in [1.0, 1.0, 1.0 + 1.0 / latent].into_iter().enumerate() {
                assert!((moment(p as i32) - exact).abs() < 1e-12 * exact, "{latent}: {p}");
            }
            let zeros = nodes.last().unwrap().1;
            let expected = (1.0 - latent).max(0.0);
            assert!((zeros - expected).abs() < 0.03, "{latent}: {zeros} against {expected}");
        }
    }

    #[test]
    fn more_nodes_change_nothing() {
        for (latent, time) in [(0.1, 20.0), (0.3, 20.0), (1.0, 20.0), (1.0, 200.0), (3.0, 20.0)] {
            let mut model = HiddenManifold { latent, ..manifold(100) };
            model.learning.rate = 0.3;
            let end = |spectrum: &[(f64, f64)]| {
                let modes = Modes::new(&model, spectrum);
                let field = |y: &[f64], dy: &mut [f64]| modes.field(y, dy);
                modes.overlaps(&integrate(field, &modes.start(), &[time]).unwrap()[0])
            };
            let (few, many) = (end(&spectrum(latent)), end(&spectrum_at(latent, 3 * NODES)));
            let gap = few.fields.covariance() - many.fields.covariance();
            assert!(gap.iter().all(|g| g.abs() < 1e-9), "δ = {latent}, t = {time}: {gap}");
        }
    }

    /// With one eigenvalue, 1, and a linear fold, inputs are plain Gaussian numbers and the latent
    /// variables turned ones.
    #[test]
    fn without_a_manifold_it_is_plain_online_learning() {
        for activation in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU, Nonlinearity::Linear] {
            let model = HiddenManifold {
                activation,
                fold: Nonlinearity::Linear,
                latent: 1.0,
                ..manifold(100)
            };
            let times = [0.0, 1.0, 4.0, 10.0];
            let modes = Modes::new(&model, &[(1.0, 1.0)]);
            let states = integrate(|y, dy| modes.field(y, dy), &modes.start(), &times).unwrap();
            let start = modes.overlaps(&states[0]).fields;
            let plain = solve(activation, &model.learning, &start, &times).unwrap();
            for (state, plain) in states.iter().zip(plain) {
                let found = modes.overlaps(state);
                let gap = found.fields.covariance() - plain.covariance();
                assert!(gap.iter().all(|g| g.abs() < 1e-7), "{activation}: {gap}");
                assert!((&found.weights - &plain.q).iter().all(|g| g.abs() < 1e-7));
                assert!((&found.fields.v - &plain.v).iter().all(|g| g.abs() < 1e-7));
            }
        }
    }
}
