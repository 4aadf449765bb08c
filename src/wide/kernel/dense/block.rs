//! A stretch of one row of a kernel on its way through the layers of a dense network.

use super::examples::{DenseStep, Examples, Lift, Stage, norm_scale};
use crate::math::vector::vectorized;
use crate::net::architecture::{Architecture, Layer, Parameterization};
use crate::net::unit::Nonlinearity;
use crate::wide::dual::pairs::Pairs;
use crate::wide::dual::variances::Roots;

/// Longest stretch: with everything that belongs to it, it stays in the nearest cache.
pub(crate) const STRETCH: usize = 256;

/// The layers, and which of them need what.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    architecture: &'a Architecture,
    d: usize,
    /// Whether any layer needs the gap between covariance and the largest possible one.
    pub(crate) tracks: bool,
    /// For each stage the nonlinearity whose dual is a series there.
    pub(crate) series: Vec<Option<Nonlinearity>>,
    /// For each stage whether the gap has been kept up to there and will be needed.
    tracked: Vec<bool>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(architecture: &'a Architecture, d: usize) -> Self {
        let mut at_stage = Vec::new();
        list(&architecture.layers, &mut at_stage);
        at_stage.push(None);
        let last_kink = at_stage.iter().rposition(|g| g.is_some_and(Nonlinearity::has_kink));
        let tracked: Vec<bool> =
            (0..at_stage.len()).map(|i| last_kink.is_some_and(|last| i <= last)).collect();
        let later = |i: usize| last_kink.is_some_and(|last| i < last);
        let closed = |g: Nonlinearity| g.has_kink() || g.is_linear();
        let series = at_stage
            .iter()
            .enumerate()
            .map(|(i, g)| g.filter(|g| g.is_smooth() || later(i) && !closed(*g)))
            .collect();
        Self { architecture, d, tracks: last_kink.is_some(), series, tracked }
    }
}

/// The nonlinearity at each stage, in the order of [`Examples`].
fn list(layers: &[Layer], at_stage: &mut Vec<Option<Nonlinearity>>) {
    for layer in layers {
        at_stage.push(match layer {
            Layer::Nonlinear(nonlinearity) => Some(*nonlinearity),
            _ => None,
        });
        if let Layer::Residual(branch) = layer {
            list(branch, at_stage);
            at_stage.push(None);
        }
    }
}

/// Covariance, gap and tangent kernel of one example with a stretch of others.
pub(crate) struct Block<'a> {
    pub(crate) plan: &'a Plan<'a>,
    /// The examples of the rows, and which of them this is.
    pub(crate) rows: &'a Examples,
    pub(crate) row: usize,
    /// The examples of the columns, and where the stretch starts.
    pub(crate) columns: &'a Examples,
    pub(crate) start: usize,
    pub(crate) nngp: &'a mut [f64],
    pub(crate) ntk: &'a mut [f64],
    pub(crate) gap: &'a mut [f64],
}

/// Roots and variances of a row's example and of a stretch of others at a stage.
#[derive(Clone, Copy)]
struct Here<'a> {
    row: &'a Stage,
    column: &'a Stage,
    q: f64,
    root: f64,
    q2: &'a [f64],
    root2: &'a [f64],
    inverse: f64,
    inverse2: &'a [f64],
}

impl<'a> Block<'a> {
    /// Through the whole network.
    pub(crate) fn run(&mut self) {
        let mut stage = 0;
        let mut fan_in = self.plan.d as f64;
        self.layers(&self.plan.architecture.layers, &mut stage, &mut fan_in);
    }

    fn here(&self, stage: usize) -> Here<'a> {
        let (row, column) = (&self.rows.stages[stage], &self.columns.stages[stage]);
        let range = self.start..self.start + self.nngp.len();
        let (own, others) = (&row.variances, &column.variances);
        Here {
            row,
            column,
            q: own.q[self.row],
            root: own.root[self.row],
            q2: &others.q[range.clone()],
            root2: &others.root[range.clone()],
            inverse: own.inverse[self.row],
            inverse2: &others.inverse[range],
        }
    }

    fn layers(&mut self, layers: &[Layer], stage: &mut usize, fan_in: &mut f64) {
        for layer in layers {
            let here = *stage;
            *stage += 1;
            match layer {
                Layer::Dense { weight_std, bias_std } => {
                    let parameterization = self.plan.architecture.parameterization;
                    let step = DenseStep::new(*weight_std, *bias_std, parameterization, *fan_in);
                    if let Parameterization::Standard { width } = parameterization {
                        *fan_in = width as f64;
                    }
                    self.dense(step, here);
                }
                Layer::Nonlinear(nonlinearity) => self.nonlinear(*nonlinearity, here),
                Layer::LayerNorm { epsilon } => self.normalize(*epsilon, here),
                Layer::Residual(branch) => {
                    let before = (self.nngp.to_vec(), self.ntk.to_vec(), self.gap.to_vec());
                    self.layers(branch, stage, fan_in);
                    self.add(before, here, *stage);
                    *stage += 1;
                }
                // Refused when the examples were sent through.
                Layer::Conv { .. }
                | Layer::AveragePool { .. }
                | Layer::Flatten
                | Layer::GlobalAveragePool
                | Layer::LocallyConnected { .. }
                | Layer::MaxPool { .. }
                | Layer::Recurrent { .. } => {}
            }
        }
    }

    fn dense(&mut self, step: DenseStep, stage: usize) {
        let here = self.here(stage);
        let tracked = self.plan.tracked[stage];
        let lifts = here.row.lift.as_ref().zip(here.column.lift.as_ref());
        let start = self.start;
        let own = |lift: &Lift| (lift.a[self.row], lift.inverse[self.row]);
        let lifts =
            lifts.map(|(row, column)| (own(row), &column.a[start..], &column.inverse[start..]));
        let (nngp, ntk, gap) = (&mut *self.nngp, &mut *self.ntk, &mut *self.gap);
        vectorized(
            #[inline(always)]
            || match (tracked, lifts) {
                (true, None) => {
                    for ((covariance, ntk), gap) in nngp.iter_mut().zip(ntk).zip(gap) {
                        (*covariance, *ntk) = step.apply(*covariance, *ntk);
                        *gap *= step.weight;
                    }
                }
                (true, Some(lifts)) => dense_with_gap(step, here, lifts, nngp, ntk, gap),
                (false, _) => {
                    for (covariance, ntk) in nngp.iter_mut().zip(ntk) {
                        (*covariance, *ntk) = step.apply(*covariance, *ntk);
                    }
                }
            },
        );
    }

    fn nonlinear(&mut self, nonlinearity: Nonlinearity, stage: usize) {
        let n = self.nngp.len();
        let (here, after) = (self.here(stage), self.here(stage + 1));
        let tracked = self.plan.tracked[stage];
        let (nngp, gap, ntk) = (&mut *self.nngp, &mut *self.gap, &mut *self.ntk);
        if !tracked {
            vectorized(
                #[inline(always)]
                || {
                    for ((gap, root2), c) in gap.iter_mut().zip(here.root2).zip(&*nngp) {
                        let below = here.root * root2 - c.abs();
                        *gap = if below > 0.0 { below } else { 0.0 };
                    }
                },
            );
        }
        let q = [here.q; STRETCH];
        let factors = [here.root, here.inverse];
        let roots = Roots { factors, root: here.root2, inverse: here.inverse2 };
        let pairs = Pairs { q: &q[..n], q2: here.q2, roots, nngp, gap, ntk };
        match (&here.row.table, &here.column.table) {
            (Some(table), Some(other)) => {
                let after = (after.root, after.root2);
                if tracked {
                    table.update::<true>(self.row, other, self.start, after, pairs);
                } else {
                    table.update::<false>(self.row, other, self.start, after, pairs);
                }
            }
            _ => nonlinearity.closed_form(pairs),
        }
    }

    fn normalize(&mut self, epsilon: f64, stage: usize) {
        let here = self.here(stage);
        let own = norm_scale(here.q, epsilon);
        let all = self.nngp.iter_mut().zip(&mut *self.ntk).zip(&mut *self.gap);
        for (((nngp, ntk), gap), q2) in all.zip(here.q2) {
            let scale = own * norm_scale(*q2, epsilon);
            *nngp *= scale;
            *ntk *= scale;
            *gap *= scale;
        }
    }

    /// x + f(x): covariances of independent parts add up.
    fn add(&mut self, before: (Vec<f64>, Vec<f64>, Vec<f64>), start: usize, end: usize) {
        let (own, branch, sum) = (self.here(start), self.here(end), self.here(end + 1));
        let (nngp, ntk, gap) = before;
        for j in 0..self.nngp.len() {
            let (c, f) = (nngp[j], self.nngp[j]);
            let (p, p_f) = (own.root * own.root2[j], branch.root * branch.root2[j]);
            let largest = sum.root * sum.root2[j];
            // By how much the largest covariance of the sum is more than the sum of the largest.
            let apart = own.root * branch.root2[j] - branch.root * own.root2[j];
            let more = apart * apart / (largest + p + p_f).max(f64::MIN_POSITIVE);
            self.gap[j] = if c * f >= 0.0 {
                more + gap[j] + self.gap[j]
            } else {
                (largest - (c + f).abs()).max(0.0)
            };
            self.nngp[j] += c;
            self.ntk[j] += ntk[j];
        }
    }
}

/// A dense layer with biases, and √(q q′) − |c| after it from that before.
#[inline(always)]
fn dense_with_gap(
    step: DenseStep,
    here: Here<'_>,
    ((own, own_inverse), others, other_inverses): ((f64, f64), &[f64], &[f64]),
    nngp: &mut [f64],
    ntk: &mut [f64],
    gap: &mut [f64],
) {
    let (w, b) = (step.weight, step.bias);
    let n = gap.len();
    let (nngp, ntk, roots) = (&mut nngp[..n], &mut ntk[..n], &here.root2[..n]);
    let (others, other_inverses) = (&others[..n], &other_inverses[..n]);
    let scale = 0.5 * b * own_inverse;
    for j in 0..n {
        let c = nngp[j];
        // By how much the largest covariance is more than w times the one before plus b.
        let apart = own - others[j];
        let more = scale * other_inverses[j] * (apart * apart);
        let covariance = w.mul_add(c, b);
        let below = if c < 0.0 { 2.0 * here.root * roots[j] - gap[j] } else { gap[j] };
        let positive = w.mul_add(below, more);
        let negative = w.mul_add(gap[j], 2.0f64.mul_add(b, more));
        gap[j] = if covariance < 0.0 { negative } else { positive };
        (nngp[j], ntk[j]) = step.apply(c, ntk[j]);
    }
}
