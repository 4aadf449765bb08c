//! Deep linear networks of finite width that learn features, held against the theory of infinite
//! width ([`dmft`](super::dmft)).
//!
//! Weights W¹, … are standard normal, h^{l+1} = W^l h^l/√N, g^l = W^{lᵀ} g^{l+1}/√N, g^L = a,
//! f = a·h^L/(γN). One step of descent at the rate γ²N·η is
//!
//! ```math
//! W^l \mathrel{+}= \frac{\eta\gamma\Delta}{\sqrt N}\, g^{l+1} h^{l\top},\qquad
//! h^1 \mathrel{+}= \eta\gamma\Delta\, g^1,\qquad a \mathrel{+}= \eta\gamma\Delta\, h^L ,
//! ```
//!
//! where the first layer acts on a single input of unit length, the direction of the targets. At
//! finite width f(0) is not 0 but normal of variance 1/(γ²N), the same as the noise of everything
//! else only if γ is of order one: lazy networks are compared centered, with f − f(0) in place of f.
//!
//! # How far from infinite width
//!
//! The mean over networks is off by order 1/N, because everything fluctuates by N^{−1/2} and nothing
//! is linear. At the start, the tangent kernel K = Σ G^{l+1}H^l is a sum of products of L squared
//! lengths; terms l and l′ share all but |l − l′| of them, each of relative variance 2/N, hence
//!
//! ```math
//! \frac{\operatorname{Var} K}{\langle K\rangle^2} = \frac{v_L}{N},\qquad
//! v_L = \frac{2\sum_{l,l'}(L - |l-l'|)}{(L+1)^2} = \frac{2L(2L+1)}{3(L+1)} .
//! ```
//!
//! A lazy network then lags: f = y(1 − e^{−Kt}) averages to a bias of −½v_L x²e^{−x} y/N with x = ⟨K⟩t,
//! at most 0.27 v_L y/N. For rich networks the factor was measured (thousands of networks, L = 1, 2, 3,
//! N = 25 and 50, γy from 0.1 to 3): the bias of f is at most 0.45 v_L y/N, that of kernels 1.35 v_L/N of
//! the kernel, that of the loss 0.18 v_L y²/N; where the output is not centered, ½/(γ²N) of the loss
//! comes from f(0). Beyond γy = 3 they grow.

use ndarray::{Array2, arr2};

use super::dmft::{DeepLinearField, FieldHistory};
use super::scaled::{scaled_network, scaled_training};
use crate::agreement::{FiniteSize, Tolerance};
use crate::math::random::{Purpose, gaussian, stream};
use crate::math::times::validate_times;
use crate::net::{Clock, LayeredNetwork, Network};
use crate::{Axis, Dataset, Error, Result, Solvable, Trajectory};

/// A deep linear network with an output scale: field theory against descent at a finite width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RichNetwork {
    /// Hidden layers, scale γ, target y and learning rate, as theory knows them.
    pub field: DeepLinearField,
    /// Units N of every hidden layer of the simulation.
    pub width: usize,
    /// Whether the output is counted from where it starts.
    pub centered: bool,
}

/// Fields of a network at one moment.
struct Fields {
    /// h¹, …, h^L as columns.
    forward: Vec<Array2<f64>>,
    /// g¹, …, g^L as columns.
    backward: Vec<Array2<f64>>,
    /// f.
    output: f64,
}

/// What is recorded at one moment.
struct Record {
    output: f64,
    last_hidden: f64,
    tangent: f64,
}

impl RichNetwork {
    /// Kernels between all steps of one network of finite width, and its outputs. There are no
    /// responses: they belong to theory.
    ///
    /// # Errors
    /// A value out of range, or descent that diverges.
    pub fn history(&self, steps: usize, seed: u64) -> Result<FieldHistory> {
        let (layers, n) = (self.field.hidden, self.width as f64);
        let empty = || vec![Array2::zeros((steps + 1, self.width)); layers];
        let (mut forward, mut backward) = (empty(), empty());
        let mut outputs = Vec::with_capacity(steps + 1);
        let grid: Vec<f64> = (0..=steps).map(|t| t as f64 * self.field.rate).collect();
        let start = self.descend(&grid, seed, |t, fields| {
            outputs.push(fields.output);
            for (rows, field) in forward.iter_mut().zip(&fields.forward) {
                rows.row_mut(t).assign(&field.column(0));
            }
            for (rows, field) in backward.iter_mut().zip(&fields.backward) {
                rows.row_mut(t).assign(&field.column(0));
            }
        })?;
        outputs.iter_mut().for_each(|output| *output -= start);
        let ones = Array2::ones((steps + 1, steps + 1));
        let kernels = |fields: Vec<Array2<f64>>| fields.into_iter().map(|f| f.dot(&f.t()) / n);
        Ok(FieldHistory {
            outputs,
            hidden: std::iter::once(ones.clone()).chain(kernels(forward)).collect(),
            gradient: kernels(backward).chain(std::iter::once(ones)).collect(),
            hidden_response: Vec::new(),
            gradient_response: Vec::new(),
        })
    }

    /// Trains from random weights and shows the fields at each time; the result is what the output
    /// is counted from.
    fn descend(
        &self,
        grid: &[f64],
        seed: u64,
        mut show: impl FnMut(usize, &Fields),
    ) -> Result<f64> {
        let DeepLinearField { hidden, scale, target, rate } = self.field;
        if self.width == 0 {
            return Err(Error::parameter("hidden units", 0, "it must be positive"));
        }
        if !(scale > 0.0) {
            let allowed = "a network of finite width needs a positive one";
            return Err(Error::parameter("output scale", scale, allowed));
        }
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let mut draw = |columns| gaussian(self.width, columns, 1.0, &mut rng);
        let mut weights = vec![draw(1)];
        weights.extend((1..hidden).map(|_| draw(self.width)));
        weights.push(draw(1).reversed_axes());
        let start = if self.centered {
            scaled_network(weights.clone(), scale)?.forward(arr2(&[[1.0]]).view())[[0, 0]]
        } else {
            0.0
        };
        let net = scaled_network(weights, scale)?;
        // One example, the direction of the targets.
        let data = Dataset::new(arr2(&[[1.0]]), arr2(&[[target + start]]))?;
        let mut trainer = scaled_training(rate, scale, self.width)?.on_examples(net, &data)?;
        trainer.record(grid, |t, net| {
            show(t, &self.fields(net));
            Ok(())
        })?;
        Ok(start)
    }

    fn fields(&self, net: &LayeredNetwork) -> Fields {
        let activity = net.activity(arr2(&[[1.0]]).view());
        let column = |row: &Array2<f64>| row.t().to_owned();
        let hidden = self.field.hidden;
        // Layers of weights and of linear units take turns; weights l + 1 take h^l.
        let forward = (1..=hidden).filter_map(|l| activity.taken(2 * l)).map(column).collect();
        let scale = self.width as f64 * self.field.scale;
        let mut signal = arr2(&[[scale]]);
        let mut backward = Vec::with_capacity(hidden);
        for l in (1..=hidden).rev() {
            signal = net.pull_back(2 * l, signal, &activity);
            backward.push(column(&signal));
            signal = net.pull_back(2 * l - 1, signal, &activity);
        }
        backward.reverse();
        Fields { forward, backward, output: activity.outputs()[[0, 0]] }
    }

    /// Steps of descent at each time.
    fn steps(&self, grid: &[f64]) -> Result<Vec<usize>> {
        validate_times(grid)?;
        let clock = Clock::gradient_flow(self.field.rate)?;
        let on_step = |time: &f64| match clock.steps(*time)? {
            (steps, 0.0) => Ok(steps as usize),
            _ => {
                let allowed = format!("it must be a multiple of the rate, {}", self.field.rate);
                Err(Error::parameter("time", time, allowed))
            }
        };
        grid.iter().map(on_step).collect()
    }

    fn recorded(&self, grid: &[f64], records: &[Record]) -> Result<Trajectory> {
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        let loss = |r: &Record| 0.5 * (self.field.target - r.output).powi(2);
        trajectory.push("output", records.iter().map(|r| r.output).collect())?;
        trajectory.push("last hidden kernel", records.iter().map(|r| r.last_hidden).collect())?;
        trajectory.push("tangent kernel", records.iter().map(|r| r.tangent).collect())?;
        trajectory.push("loss", records.iter().map(loss).collect())?;
        Ok(trajectory)
    }
}

fn inner(x: &Array2<f64>, y: &Array2<f64>) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn square(x: &Array2<f64>) -> f64 {
    inner(x, x)
}

impl Solvable for RichNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let steps = self.steps(grid)?;
        let found = self.field.solve(steps[steps.len() - 1])?;
        let tangent = found.tangent();
        let last = &found.hidden[self.field.hidden];
        let record = |t: &usize| Record {
            output: found.outputs[*t],
            last_hidden: last[[*t, *t]],
            tangent: tangent[[*t, *t]],
        };
        self.recorded(grid, &steps.iter().map(record).collect::<Vec<_>>())
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        self.steps(grid)?;
        let n = self.width as f64;
        let mut records = Vec::with_capacity(grid.len());
        let start = self.descend(grid, seed, |_, fields| {
            let kernels = |fields: &[Array2<f64>]| -> Vec<f64> {
                fields.iter().map(|f| square(f) / n).collect()
            };
            let (h, g) = (kernels(&fields.forward), kernels(&fields.backward));
            // Σ_l G^{l+1} H^l with H⁰ = G^{L+1} = 1.
            let inner: f64 = h.iter().zip(&g[1..]).map(|(h, g)| h * g).sum();
            let last_hidden = h[h.len() - 1];
            records.push(Record {
                output: fields.output,
                last_hidden,
                tangent: g[0] + inner + last_hidden,
            });
        })?;
        records.iter_mut().for_each(|record| record.output -= start);
        self.recorded(grid, &records)
    }

    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let DeepLinearField { hidden, scale, target, .. } = self.field;
        let n = self.width as f64;
        let spread = tangent_fluctuation(hidden) / n;
        let start = if self.centered { 0.0 } else { 0.5 / (scale * scale * n) };
        let bias = |(name, values): (&str, &[f64])| -> Vec<f64> {
            let bias = |value: &f64| match name {
                "output" => 0.5 * spread * target.abs(),
                "loss" => 0.2 * spread * target * target + start,
                _ => 1.4 * spread * value,
            };
            values.iter().map(bias).collect()
        };
        let rounding = |values: &[f64]| 1e-9 * values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        Ok(Tolerance {
            gaps: prediction.columns().map(|(_, values)| rounding(values)).collect(),
            finite_size: Some(FiniteSize {
                biases: prediction.columns().map(bias).collect(),
                standard_errors: 4.0,
            }),
            reason: "the bias of order 1/N (measured factor), and four standard errors of the mean",
        })
    }
}

/// v_L: N times the relative variance of the tangent kernel of a deep linear network at the start.
pub fn tangent_fluctuation(hidden: usize) -> f64 {
    let l = hidden as f64;
    2.0 * l * (2.0 * l + 1.0) / (3.0 * (l + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::statistics::mean_and_error;
    use crate::{check, ensemble};

    fn network(hidden: usize, scale: f64, width: usize, centered: bool) -> RichNetwork {
        let field = DeepLinearField { hidden, scale, target: 1.5, rate: 0.02 };
        RichNetwork { field, width, centered }
    }

    #[test]
    fn descent_is_within_the_bias_of_its_width_at_two_widths() {
        let seeds: Vec<u64> = (0..24).collect();
        for (hidden, scale, centered) in
            [(1, 1.0, false), (2, 0.3, true), (2, 1.0, false), (3, 1.0, true)]
        {
            for width in [40, 80] {
                let model = network(hidden, scale, width, centered);
                for agreement in check(&model, &[0.1, 0.3, 0.6, 1.0], &seeds).unwrap() {
                    assert!(agreement.holds(), "L = {hidden}, N = {width}: {agreement:?}");
                }
            }
        }
    }

    #[test]
    fn the_tangent_kernel_of_random_networks_fluctuates_as_derived() {
        let seeds: Vec<u64> = (0..400).collect();
        for hidden in [1, 2, 4] {
            let model = network(hidden, 1.0, 60, true);
            let runs = ensemble(&model, &[0.0], &seeds).unwrap();
            let start = (hidden + 1) as f64;
            let relative =
                runs.iter().map(|run| run.get("tangent kernel").unwrap()[0] / start - 1.0);
            let (variance, error) = mean_and_error(relative.map(|x| x * x));
            let expected = tangent_fluctuation(hidden) / 60.0;
            // Products of L lengths have relative corrections of order L/N.
            let allowed = 4.0 * error + expected * 3.0 * hidden as f64 / 60.0;
            assert!((variance - expected).abs() < allowed, "L = {hidden}: {variance}, {expected}");
        }
    }

    #[test]
    fn kernels_between_all_times_are_those_of_theory_as_the_width_grows() {
        // Single networks: root mean square gaps fall as N^{-1/2}.
        let gap = |width: usize| -> f64 {
            let model = network(2, 1.0, width, true);
            let theory = model.field.solve(30).unwrap();
            let squares = (0..12u64).map(|seed| {
                let run = model.history(30, seed).unwrap();
                let gap = &run.hidden[2] - &theory.hidden[2];
                gap.iter().map(|x| x * x).sum::<f64>() / gap.len() as f64
            });
            (squares.sum::<f64>() / 12.0).sqrt()
        };
        let (narrow, wide) = (gap(30), gap(270));
        let slope = (wide / narrow).ln() / 9f64.ln();
        // Twelve networks know their spread to 20 % each.
        assert!((slope + 0.5).abs() < 0.2, "{narrow} {wide}: slope {slope}");
    }

    #[test]
    fn times_between_steps_and_networks_without_units_or_scale_are_refused() {
        let text = network(1, 1.0, 10, true).predict(&[0.03]).unwrap_err().to_string();
        assert!(text.contains("multiple of the rate"), "{text}");
        assert!(network(1, 1.0, 0, true).simulate(&[0.02], 0).is_err());
        assert!(network(1, 0.0, 10, true).simulate(&[0.02], 0).is_err());
        assert!(network(1, 0.0, 10, true).predict(&[0.02]).is_ok());
    }
}
