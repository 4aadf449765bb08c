//! The exact matrix solution of two-layer networks: a Riccati equation for QQᵀ.

use ndarray::{Array1, Array2, ArrayView1, Axis, s};

use crate::math::linalg::{self, frobenius_norm};
use crate::math::times::validate_times;
use crate::task::{Correlations, Modes};
use crate::{Error, Result};

/// Smallest part of a mode's amplitude, relative to all weights, that is not rounding.
const ROUNDING: f64 = 1e-14;
/// Largest growth exponent of one small step: keeps the Cholesky factor well conditioned.
const SMALL_STEP: f64 = 2.0;
/// Largest growth exponent of one long step by graded QR: far from overflow.
const LONG_STEP: f64 = 200.0;
/// Exponents beyond which long steps are cheaper than small ones.
const MANY_STEPS: f64 = 64.0 * SMALL_STEP;

/// Exact gradient flow of a two-layer network with white inputs, Σˣ = d·I, from any λ-balanced
/// start, W₂ᵀW₂ − W₁W₁ᵀ = λI.
///
/// With Q = [W₁ᵀ; W₂] the product P = QQᵀ, which holds W₂W₁, W₁ᵀW₁ and W₂W₂ᵀ, obeys
///
/// ```math
/// \tau\dot P = FP + PF - dP^2,\quad
/// F = \begin{pmatrix}-\tfrac{d\lambda}{2} I & \Sigma^{yx\top}\\ \Sigma^{yx} & \tfrac{d\lambda}{2} I\end{pmatrix},\quad
/// P(t) = e^{Ft}Q_0\Big[I + d\,Q_0^\top\!\int_0^t\! e^{2Fs}ds\;Q_0\Big]^{-1}Q_0^\top e^{Ft} .
/// ```
///
/// (`fukumizu1998`, `braun2022`; λ ≠ 0: `domine2025`.) No condition on shapes, rank or
/// invertibility is needed. It is evaluated in the eigenbasis of F by its semigroup property, in
/// steps short enough that neither overflow nor cancellation occurs at any t.
///
/// **What is never learned.** The flow cannot create a direction that Q₀ lacks. If the growing part
/// of Q₀ is rank deficient, the flow converges to a saddle without some mode; a square network
/// with λ = 0 and det(W₂W₁)·det(Σʸˣ) < 0 (half of all random draws) never learns its weakest
/// mode. A simulation escapes in the end, since its steps break the balance to first order in the
/// rate η: after a time that grows as ln(1/η)τ/s, and by rounding after 37τ/s at the latest. Here
/// the missing direction is held at exactly zero, see [`never_learned`](Self::never_learned).
#[derive(Debug, Clone)]
pub struct RiccatiFlow {
    d: f64,
    modes: Modes,
    /// Rotation angle (cosine, sine) of each pair of input and output singular vectors.
    angles: Vec<(f64, f64)>,
    /// Eigenvalues of F: growing ones, decaying ones, unpaired inputs, unpaired outputs.
    eigenvalues: Vec<f64>,
    /// Q₀ᵀ in the eigenbasis of F, `n_hidden` × (`n_in` + `n_out`).
    start: Array2<f64>,
    never_learned: Vec<usize>,
    /// Whether some hidden direction has no growing component at all.
    held_at_zero: bool,
}

/// Both weight matrices in the task's singular basis, up to a rotation of the hidden units.
#[derive(Debug, Clone, PartialEq)]
pub struct HiddenState {
    /// W₁V, `n_hidden` × `n_in`.
    pub input_side: Array2<f64>,
    /// W₂ᵀU, `n_hidden` × `n_out`.
    pub output_side: Array2<f64>,
}

impl HiddenState {
    /// Strength of each mode, uᵀW₂W₁v.
    pub fn strengths(&self) -> Vec<f64> {
        let pairs = self.input_side.columns().into_iter().zip(self.output_side.columns());
        pairs.map(|(a, b)| a.dot(&b)).collect()
    }

    /// The map W₂W₁, `n_out` × `n_in`.
    pub fn map(&self, modes: &Modes) -> Array2<f64> {
        modes.u.dot(&self.output_side.t().dot(&self.input_side)).dot(&modes.v.t())
    }

    /// Both weight matrices, W₁ (`n_hidden` × `n_in`) and W₂ (`n_out` × `n_hidden`), up to the same
    /// rotation of the hidden units.
    pub fn weights(&self, modes: &Modes) -> (Array2<f64>, Array2<f64>) {
        (self.input_side.dot(&modes.v.t()), modes.u.dot(&self.output_side.t()))
    }

    /// The three blocks of QQᵀ: the map W₂W₁ and how similar the hidden layer finds inputs, W₁ᵀW₁
    /// (`n_in` × `n_in`), and outputs, W₂W₂ᵀ (`n_out` × `n_out`).
    pub fn blocks(&self, modes: &Modes) -> Blocks {
        let (w1, w2) = self.weights(modes);
        Blocks { map: w2.dot(&w1), input_gram: w1.t().dot(&w1), output_gram: w2.dot(&w2.t()) }
    }
}

/// What QQᵀ holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// W₂W₁.
    pub map: Array2<f64>,
    /// W₁ᵀW₁.
    pub input_gram: Array2<f64>,
    /// W₂W₂ᵀ.
    pub output_gram: Array2<f64>,
}

impl RiccatiFlow {
    /// From the task and the initial weights, `w1` `n_hidden` × `n_in` and `w2` `n_out` × `n_hidden`,
    /// taken to be λ-balanced with the given `lambda` (the caller knows how exactly they are).
    ///
    /// # Errors
    /// Inputs that are not white, shapes that do not fit, or values that are not finite.
    pub fn new(
        task: &Correlations,
        w1: &Array2<f64>,
        w2: &Array2<f64>,
        lambda: f64,
    ) -> Result<Self> {
        let d = task.white_variance().filter(|d| *d > 0.0).ok_or_else(|| Error::Assumption {
            theory: "the matrix Riccati solution",
            reason: "the inputs are not white (Σˣ is not a multiple of the identity)".into(),
            remedy: "integrate the Gram flow instead, or whiten the inputs".into(),
        })?;
        check_shapes(task, w1, w2)?;
        if !lambda.is_finite() {
            return Err(Error::parameter("lambda", lambda, "it must be finite"));
        }
        let mut modes = Modes::of(task)?;
        // A singular value that is rounding would be learned at t = 1e16, one step after another.
        let rounding = task.n_in().max(task.n_out()) as f64 * f64::EPSILON;
        let cutoff = rounding * modes.singular_values.first().copied().unwrap_or(0.0);
        modes.singular_values.mapv_inplace(|s| if s > cutoff { s } else { 0.0 });
        let tilt = 0.5 * d * lambda;
        let angle = |s: &f64| {
            let theta = if *s == 0.0 && tilt == 0.0 { 0.0 } else { 0.5 * s.atan2(-tilt) };
            (theta.cos(), theta.sin())
        };
        let angles: Vec<_> = modes.singular_values.iter().map(angle).collect();
        let rates = modes.singular_values.iter().map(|s| s.hypot(tilt));
        let mut eigenvalues: Vec<f64> = rates.clone().collect();
        eigenvalues.extend(rates.map(|w| -w));
        eigenvalues.extend(std::iter::repeat_n(-tilt, task.n_in() - modes.len()));
        eigenvalues.extend(std::iter::repeat_n(tilt, task.n_out() - modes.len()));
        let mut flow = Self {
            d,
            angles,
            eigenvalues,
            start: Array2::zeros((0, 0)),
            never_learned: Vec::new(),
            held_at_zero: false,
            modes,
        };
        let state = HiddenState {
            input_side: w1.dot(&flow.modes.v),
            output_side: w2.t().dot(&flow.modes.u),
        };
        flow.start = flow.to_eigenbasis(&state);
        flow.separate_what_never_grows()?;
        Ok(flow)
    }

    /// Singular modes of the task.
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// Modes (counted from 0) that the flow never learns, because the initial weights have no
    /// component along them beyond that of stronger modes.
    pub fn never_learned(&self) -> &[usize] {
        &self.never_learned
    }

    /// The weights at increasing times (units of τ).
    ///
    /// # Errors
    /// Times that do not increase from 0.
    pub fn states(&self, times: &[f64]) -> Result<Vec<HiddenState>> {
        validate_times(times)?;
        let mut x = self.start.clone();
        let mut now = 0.0;
        let mut states = Vec::with_capacity(times.len());
        for &time in times {
            self.advance(&mut x, time - now)?;
            now = time;
            states.push(self.out_of_eigenbasis(&x));
        }
        Ok(states)
    }

    fn to_eigenbasis(&self, state: &HiddenState) -> Array2<f64> {
        let (a, b, r) = (&state.input_side, &state.output_side, self.modes.len());
        let mut x = Array2::zeros((a.nrows(), self.eigenvalues.len()));
        for (k, (c, s)) in self.angles.iter().enumerate() {
            x.column_mut(k).assign(&(&a.column(k) * *c + &b.column(k) * *s));
            x.column_mut(r + k).assign(&(&b.column(k) * *c - &a.column(k) * *s));
        }
        let unpaired = 2 * r + a.ncols() - r;
        x.slice_mut(s![.., 2 * r..unpaired]).assign(&a.slice(s![.., r..]));
        x.slice_mut(s![.., unpaired..]).assign(&b.slice(s![.., r..]));
        x
    }

    fn out_of_eigenbasis(&self, x: &Array2<f64>) -> HiddenState {
        let (r, n_in, n_out) = (self.modes.len(), self.modes.v.ncols(), self.modes.u.ncols());
        let mut input_side = Array2::zeros((x.nrows(), n_in));
        let mut output_side = Array2::zeros((x.nrows(), n_out));
        for (k, (c, s)) in self.angles.iter().enumerate() {
            let (plus, minus) = (x.column(k), x.column(r + k));
            input_side.column_mut(k).assign(&(&plus * *c - &minus * *s));
            output_side.column_mut(k).assign(&(&plus * *s + &minus * *c));
        }
        let unpaired = r + n_in;
        input_side.slice_mut(s![.., r..]).assign(&x.slice(s![.., 2 * r..unpaired]));
        output_side.slice_mut(s![.., r..]).assign(&x.slice(s![.., unpaired..]));
        HiddenState { input_side, output_side }
    }

    /// Turns the hidden units so that directions without any growing component come first, and
    /// sets those components, which are rounding, to zero. The order matters: the step multiplies
    /// by a lower triangular matrix, which keeps these zeros exact.
    fn separate_what_never_grows(&mut self) -> Result<()> {
        let n_hidden = self.start.nrows();
        let floor = ROUNDING * frobenius_norm(self.start.view());
        let mut grown: Vec<Array1<f64>> = Vec::new();
        let growing = self.modes.singular_values.iter().filter(|s| **s > 0.0).count();
        for k in 0..growing {
            let mut rest = self.start.column(k).to_owned();
            for _ in 0..2 {
                for direction in &grown {
                    let along = direction.dot(&rest);
                    rest.scaled_add(-along, direction);
                }
            }
            let size = length(rest.view());
            if size <= floor || grown.len() == n_hidden {
                self.never_learned.push(k);
            } else {
                grown.push(rest / size);
            }
        }
        if grown.len() == growing.min(n_hidden) {
            return Ok(()); // nothing is missing but what a bottleneck cannot hold
        }
        let mut span = Array2::zeros((n_hidden, n_hidden));
        for (i, direction) in grown.iter().enumerate() {
            span.column_mut(i).assign(direction);
        }
        // Left singular vectors of the span: its complement comes last.
        let complement = linalg::svd(&span)?.u;
        let n_missing = n_hidden - grown.len();
        let mut turned = Array2::zeros(self.start.dim());
        for i in 0..n_missing {
            let row = complement.column(grown.len() + i).dot(&self.start);
            turned.row_mut(i).assign(&row);
            turned.slice_mut(s![i, ..growing]).fill(0.0);
        }
        for (i, direction) in grown.iter().enumerate() {
            turned.row_mut(n_missing + i).assign(&direction.dot(&self.start));
        }
        self.start = turned;
        self.held_at_zero = true;
        Ok(())
    }

    fn advance(&self, x: &mut Array2<f64>, span: f64) -> Result<()> {
        let fastest = self.eigenvalues.iter().fold(0.0f64, |m, l| m.max(l.abs()));
        let mut left = span;
        let mut sizes = column_sizes(x);
        while left > 0.0 {
            let step = if left * fastest > MANY_STEPS && !self.held_at_zero {
                let step = left.min(LONG_STEP / fastest);
                self.long_step(x, step);
                step
            } else {
                let square: f64 = sizes.iter().map(|s| s * s).sum();
                let step = left.min(SMALL_STEP / fastest).min(100.0 / (self.d * square));
                self.small_step(x, step)?;
                step
            };
            left -= step;
            let before = std::mem::replace(&mut sizes, column_sizes(x));
            if self.settled(x, &before, &sizes) {
                return self.fade(x, left);
            }
        }
        Ok(())
    }

    /// x ← L⁻¹ x e^{Λ dt}, LLᵀ = I + d x φ(dt) xᵀ.
    fn small_step(&self, x: &mut Array2<f64>, step: f64) -> Result<()> {
        let weights: Vec<f64> =
            self.eigenvalues.iter().map(|l| self.d * integral(*l, step)).collect();
        linalg::whiten_against(x, &weights)?;
        let growth: Array1<f64> = self.eigenvalues.iter().map(|l| (l * step).exp()).collect();
        *x *= &growth;
        Ok(())
    }

    /// The same by QR of [I; √(dφ) xᵀ], accurate row by row however large e^{2Λdt}.
    fn long_step(&self, x: &mut Array2<f64>, step: f64) {
        let h = x.nrows();
        let mut stacked = Array2::zeros((h + x.ncols(), h));
        stacked.slice_mut(s![..h, ..]).assign(&Array2::<f64>::eye(h));
        for (i, l) in self.eigenvalues.iter().enumerate() {
            let weight = (self.d * integral(*l, step)).sqrt();
            stacked.row_mut(h + i).assign(&(&x.column(i) * weight));
        }
        let basis = linalg::graded_orthonormal_basis(&stacked);
        for (i, l) in self.eigenvalues.iter().enumerate() {
            // e^{lt}/√(dφ), written so that neither factor overflows.
            let factor = (integral(-*l, step) * self.d).sqrt().recip();
            x.column_mut(i).assign(&(&basis.row(h + i) * factor));
        }
    }

    /// No direction with a rate of its own moves any more; those that decay below rounding do not
    /// count. Directions of rate zero must have left the learned ones.
    fn settled(&self, x: &Array2<f64>, before: &[f64], after: &[f64]) -> bool {
        let size = after.iter().fold(0.0f64, |m, x| m.max(*x));
        let learned = || (0..after.len()).filter(|j| self.eigenvalues[*j] > 0.0);
        (0..after.len()).all(|i| {
            let (l, old, new) = (self.eigenvalues[i], before[i], after[i]);
            if l <= 0.0 && new <= 1e-20 * size {
                return true;
            }
            if l == 0.0 {
                let overlap = |j: usize| x.column(i).dot(&x.column(j)).abs();
                return learned().all(|j| overlap(j) <= ROUNDING * new * after[j]);
            }
            (new - old).abs() <= 4.0 * f64::EPSILON * new
        })
    }

    /// Once everything else has settled, directions of rate zero fade as a power of time, in
    /// hidden directions of their own. The flow is then exact in a single step of any length.
    fn fade(&self, x: &mut Array2<f64>, span: f64) -> Result<()> {
        let still: Vec<usize> = (0..x.ncols()).filter(|i| self.eigenvalues[*i] == 0.0).collect();
        if still.is_empty() || span == 0.0 {
            return Ok(());
        }
        let part = x.select(Axis(1), &still);
        let linalg::Svd { u, s, v } = linalg::svd(&part)?;
        let faded = s.mapv(|s| s / (1.0 + self.d * span * s * s).sqrt());
        let k = faded.len();
        let part = (&u.slice(s![.., ..k]) * &faded).dot(&v.slice(s![.., ..k]).t());
        for (i, column) in still.iter().zip(part.columns()) {
            x.column_mut(*i).assign(&column);
        }
        Ok(())
    }
}

/// ∫₀ᵗ e^{2ls} ds.
fn integral(l: f64, t: f64) -> f64 {
    if l == 0.0 { t } else { (2.0 * l * t).exp_m1() / (2.0 * l) }
}

/// Length of every column, row by row as they lie in memory.
fn column_sizes(x: &Array2<f64>) -> Vec<f64> {
    let mut squares = Array1::<f64>::zeros(x.ncols());
    for row in x.rows() {
        squares.zip_mut_with(&row, |sum, x| *sum += x * x);
    }
    let exact = |(i, square): (usize, f64)| {
        // A mode that has hardly begun to grow: its squares underflow.
        if square > 1e-290 { square.sqrt() } else { length(x.column(i)) }
    };
    squares.into_iter().enumerate().map(exact).collect()
}

/// Euclidean length, also where squares underflow.
fn length(x: ArrayView1<'_, f64>) -> f64 {
    frobenius_norm(x.insert_axis(Axis(0)))
}

/// Refuses weights that do not fit the task.
pub(crate) fn check_shapes(task: &Correlations, w1: &Array2<f64>, w2: &Array2<f64>) -> Result<()> {
    let n_hidden = w1.nrows();
    if n_hidden == 0 || w1.ncols() != task.n_in() {
        return Err(Error::shape(
            "W1",
            w1.dim(),
            format!("(hidden units, {} inputs)", task.n_in()),
        ));
    }
    if w2.dim() != (task.n_out(), n_hidden) {
        let expected = format!("({} outputs, {n_hidden} hidden units)", task.n_out());
        return Err(Error::shape("W2", w2.dim(), expected));
    }
    linalg::require_finite("W1", w1.view())?;
    linalg::require_finite("W2", w2.view())
}
