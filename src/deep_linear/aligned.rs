//! A network of any depth whose layers start along the task's own modes.

use ndarray::{Array2, s};

use crate::agreement::Tolerance;
use crate::deep_linear::chain::ChainMode;
use crate::deep_linear::depth::DepthMode;
use crate::deep_linear::learning_rate::descent_minus_flow;
use crate::deep_linear::recording::{
    record_strengths, step_halving_tolerance, tolerance_with_loss, train,
};
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::math::random::{Purpose, orthogonal, stream};
use crate::{Correlations, Error, Modes, Result, Solvable, Trajectory};

/// A deep linear network that starts aligned with its task: "decoupled" initial conditions.
///
/// Layer i is W_i = R_{i+1} D_i R_iᵀ with R₁ = V and R_{L+1} = U, the task's singular vectors, and
/// any orthogonal bases R in between; D_i is diagonal. Then gradient flow keeps the bases and moves
/// only the diagonals, one mode at a time (`saxe2014`): two layers by [`TwoLayerMode`], more by
/// [`DepthMode`] (equal layers) or [`ChainMode`]. It is exact if and only if the modes decouple
/// (commutator 0). `simulate` draws the hidden bases from its seed: theory says they do not matter.
#[derive(Debug, Clone, PartialEq)]
pub struct AlignedNetwork {
    /// The task, with decoupled modes.
    pub task: Correlations,
    /// Widths of the hidden layers; a narrow one holds only as many modes.
    pub hidden: Vec<usize>,
    /// Initial scalar of every layer (first to last) for every mode that the network holds:
    /// min(`n_in`, `n_out`, hidden widths) lists of one number per weight layer.
    pub layers: Vec<Vec<f64>>,
    /// Learning rate η of the simulation; k steps take time kη.
    pub rate: f64,
}

impl AlignedNetwork {
    /// All layers and modes start with the same scalar, so that each mode has strength `scale`ᴸ.
    pub fn uniform(task: Correlations, hidden: &[usize], scale: f64, rate: f64) -> Self {
        let n_modes = hidden.iter().copied().chain([task.n_in(), task.n_out()]).min().unwrap_or(0);
        let layers = vec![vec![scale; hidden.len() + 1]; n_modes];
        Self { task, hidden: hidden.to_vec(), layers, rate }
    }

    /// Number of weight layers L.
    pub fn depth(&self) -> usize {
        self.hidden.len() + 1
    }

    /// All weight matrices W₁ … W_L at increasing times, for given orthogonal bases of the hidden
    /// layers (one square matrix per hidden layer).
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict), or bases that do not fit the hidden widths.
    pub fn weights_at(
        &self,
        times: &[f64],
        bases: &[Array2<f64>],
    ) -> Result<Vec<Vec<Array2<f64>>>> {
        let modes = self.validate()?;
        if bases.iter().map(|b| b.dim()).ne(self.hidden.iter().map(|n| (*n, *n))) {
            let found: Vec<_> = bases.iter().map(|b| b.dim()).collect();
            return Err(Error::shape(
                "hidden bases",
                found,
                format!("one square matrix for each of the widths {:?}", self.hidden),
            ));
        }
        let scalars = self.scalars(&modes, times)?;
        let at = |i: usize| {
            let now: Vec<&[f64]> = scalars.iter().map(|mode| mode[i].as_slice()).collect();
            self.assemble(&modes, bases, &now)
        };
        Ok((0..times.len()).map(at).collect())
    }

    /// The network that this one is after some time: its layers, as they are then, as a start.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn after(&self, time: f64) -> Result<Self> {
        let scalars = self.scalars(&self.validate()?, &[time])?;
        let layers = scalars.into_iter().flatten().collect();
        Ok(Self { layers, ..self.clone() })
    }

    /// The initial weights that `simulate` trains for a seed.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn initial_weights(&self, seed: u64) -> Result<Vec<Array2<f64>>> {
        let modes = self.validate()?;
        let start: Vec<&[f64]> = self.layers.iter().map(Vec::as_slice).collect();
        Ok(self.assemble(&modes, &self.hidden_bases(seed), &start))
    }

    /// Random orthogonal bases of the hidden layers, one square matrix each.
    pub fn hidden_bases(&self, seed: u64) -> Vec<Array2<f64>> {
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        self.hidden.iter().map(|n| orthogonal(*n, &mut rng)).collect()
    }

    /// Time of half learning of each mode; `None` where a mode is never learned.
    ///
    /// # Errors
    /// As [`predict`](Solvable::predict).
    pub fn half_times(&self) -> Result<Vec<Option<f64>>> {
        let modes = self.validate()?;
        let depth = self.depth() as f64;
        let half = |k: usize| {
            let Some(layers) = self.layers.get(k) else { return Ok(None) };
            let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
            match layers.as_slice() {
                [a, b] => Ok(TwoLayerMode::new(s, d, &[*a], &[*b])?.half_time()),
                layers if equal(layers) => {
                    DepthMode::new(s, d, depth, layers.iter().product())?.half_time()
                }
                layers => ChainMode::new(s, d, layers)?.half_time(),
            }
        };
        (0..modes.len()).map(half).collect()
    }

    /// Strengths by mode and time, without the loss, which is most of the work of a prediction, and
    /// without decomposing the task again. The network must have been found valid.
    pub(crate) fn strengths(&self, modes: &Modes, times: &[f64]) -> Result<Vec<Vec<f64>>> {
        let product = |layers: &Vec<f64>| layers.iter().product();
        let scalars = self.scalars(modes, times)?;
        let mut strengths: Vec<Vec<f64>> =
            scalars.iter().map(|mode| mode.iter().map(product).collect()).collect();
        strengths.resize(modes.len(), vec![0.0; times.len()]); // as in `predict`
        Ok(strengths)
    }

    fn assemble(
        &self,
        modes: &Modes,
        bases: &[Array2<f64>],
        scalars: &[&[f64]],
    ) -> Vec<Array2<f64>> {
        let n = scalars.len();
        let mut ends: Vec<&Array2<f64>> = vec![&modes.v];
        ends.extend(bases);
        ends.push(&modes.u);
        let layer = |(i, pair): (usize, &[&Array2<f64>])| {
            let diagonal = ndarray::Array1::from_iter(scalars.iter().map(|a| a[i]));
            let (before, after) = (pair[0].slice(s![.., ..n]), pair[1].slice(s![.., ..n]));
            (&after * &diagonal).dot(&before.t())
        };
        ends.windows(2).enumerate().map(layer).collect()
    }

    /// Scalars of the layers, by mode and time.
    fn scalars(&self, modes: &Modes, times: &[f64]) -> Result<Vec<Vec<Vec<f64>>>> {
        crate::math::times::validate_times(times)?;
        let depth = self.depth();
        let of_mode = |(k, layers): (usize, &Vec<f64>)| {
            let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
            if let [a, b] = layers.as_slice() {
                let mode = TwoLayerMode::new(s, d, &[*a], &[*b])?;
                let at = |t: &f64| {
                    let (a, b) = mode.vectors(&[*a], &[*b], *t);
                    vec![a[0], b[0]]
                };
                return Ok(times.iter().map(at).collect());
            }
            if depth == 1 || equal(layers) {
                let mode = DepthMode::new(s, d, depth as f64, layers.iter().product())?;
                let root = (depth as f64).recip();
                let strengths = mode.strengths(times)?;
                let layer = |u: f64| u.powf(root).copysign(layers[0]);
                return Ok(strengths.into_iter().map(|u| vec![layer(u); depth]).collect());
            }
            ChainMode::new(s, d, layers)?.layers(times)
        };
        self.layers.iter().enumerate().map(of_mode).collect()
    }

    fn validate(&self) -> Result<Modes> {
        let modes = Modes::of(&self.task)?;
        if !modes.decoupled() {
            return Err(Error::Assumption {
                theory: "mode by mode learning",
                reason: format!(
                    "the modes do not decouple (relative commutator of Σˣ and ΣʸˣᵀΣʸˣ {:.2e})",
                    modes.commutator
                ),
                remedy: "use a balanced network, whose end-to-end flow is exact for any inputs"
                    .into(),
            });
        }
        let narrow = self.hidden.iter().copied().min().unwrap_or(usize::MAX).min(modes.len());
        if narrow == 0 {
            let allowed = "a layer has at least one unit";
            return Err(Error::parameter("hidden width", 0, allowed).of("hidden"));
        }
        if self.layers.len() != narrow || self.layers.iter().any(|l| l.len() != self.depth()) {
            let found = (self.layers.len(), self.layers.first().map_or(0, Vec::len));
            let expected = format!("{narrow} modes × {} layers", self.depth());
            return Err(Error::shape("initial layer strengths", found, expected));
        }
        Ok(modes)
    }
}

fn equal(layers: &[f64]) -> bool {
    layers.iter().all(|a| *a == layers[0])
}

impl Solvable for AlignedNetwork {
    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let modes = self.validate()?;
        let scalars = self.scalars(&modes, grid)?;
        let at = |i: usize| {
            let mut strengths: Vec<f64> =
                scalars.iter().map(|mode| mode[i].iter().product()).collect();
            strengths.resize(modes.len(), 0.0); // modes beyond a bottleneck stay at the saddle
            strengths
        };
        let strengths: Vec<_> = (0..grid.len()).map(at).collect();
        record_strengths(&self.task, &modes, grid, &strengths)
    }

    fn simulate(&self, grid: &[f64], seed: u64) -> Result<Trajectory> {
        let modes = self.validate()?;
        train(self.initial_weights(seed)?, &self.task, &modes, self.rate, grid)
    }

    /// For equal layers the first-order difference between descent and flow, mode by mode.
    fn tolerance(&self, prediction: &Trajectory) -> Result<Tolerance> {
        let modes = self.validate()?;
        if !self.layers.iter().all(|l| equal(l)) {
            let weights = self.initial_weights(0)?;
            return step_halving_tolerance(weights, &self.task, &modes, self.rate, prediction);
        }
        let depth = self.depth() as f64;
        let gaps = |(k, (_, strengths)): (usize, (&str, &[f64]))| {
            let Some(layers) = self.layers.get(k) else { return Ok(vec![0.0; strengths.len()]) };
            let (s, d) = (modes.singular_values[k], modes.input_variances[k]);
            let speed = |a: f64| a.powf(depth - 1.0) * (s - d * a.powf(depth));
            let start = speed(layers[0].abs());
            let gap = |u: &f64| {
                let a = u.max(0.0).powf(depth.recip());
                let now = speed(a);
                // Within rounding of the target the sign of the speed is noise.
                if now * start <= 0.0 {
                    return Ok(0.0);
                }
                let layer = descent_minus_flow(self.rate, now, start)?;
                Ok((depth * a.powf(depth - 1.0) * layer).abs())
            };
            strengths.iter().map(gap).collect()
        };
        let gaps: Result<Vec<Vec<f64>>> =
            prediction.columns().take(modes.len()).enumerate().map(gaps).collect();
        let reason = "twice the first-order difference between gradient descent and gradient flow";
        Ok(tolerance_with_loss(&modes, prediction, &gaps?, reason))
    }
}
