//! Units that learn from one fresh example after another, at the speed of the machine's vector units.
//!
//! Students and teachers see the same input $`x \in \mathbb R^N`$; all that a learning rule needs of it
//! are the fields $`\lambda_k = w_k\cdot x/\sqrt N`$ and $`\rho_m = w^*_m\cdot x/\sqrt N`$, and all that
//! it does is to add a multiple of x to each student's weights. So a rule is a function from fields to
//! these multiples, and everything that touches N numbers is here.
//!
//! Weights lie line by line, the lines of up to four units beside each other: one pass over an input
//! updates four units *and* takes their products with the next input, so that each weight is loaded
//! once a step. Sums run over eight places of a line separately, with fused multiply-adds, and are
//! added up in a fixed order: results are the same whatever the width of the vectors.

use ndarray::{Array2, ArrayView2};
use pulp::{Arch, Simd, WithSimd};

use super::gaussian_inputs::GaussianInputs;
use super::line::{LINE, Line};
use crate::math::linalg::require_finite;
use crate::{Error, Result};

/// Rows that go through an input together: with two vectors each they fill sixteen registers.
const TOGETHER: usize = 4;
/// Inputs drawn at once: they stay in the second cache while teachers are in the first.
const DRAWN: usize = 8;

/// Lines of an input of a length, an even number because inputs are drawn by two lines.
fn lines_of(n_in: usize) -> usize {
    n_in.div_ceil(2 * LINE) * 2
}

/// Input vectors, one after another, filled up with zeros.
#[derive(Debug, Clone)]
pub struct Inputs {
    n_in: usize,
    /// Lines of one input.
    stride: usize,
    lines: Vec<Line>,
}

impl Inputs {
    /// The next `count` inputs of a stream.
    pub fn draw(stream: &mut GaussianInputs, count: usize) -> Self {
        let stride = lines_of(stream.n_in());
        let mut inputs =
            Self { n_in: stream.n_in(), stride, lines: vec![Line::ZERO; count * stride] };
        inputs.refill(stream, count);
        inputs
    }

    /// Given inputs, one a row.
    pub fn of(inputs: ArrayView2<'_, f64>) -> Self {
        let stride = lines_of(inputs.ncols());
        let mut lines = vec![Line::ZERO; inputs.nrows() * stride];
        for (to, from) in lines.chunks_exact_mut(stride.max(1)).zip(inputs.rows()) {
            from.iter().enumerate().for_each(|(i, x)| to[i / LINE].0[i % LINE] = *x);
        }
        Self { n_in: inputs.ncols(), stride, lines }
    }

    /// Number of inputs.
    pub fn len(&self) -> usize {
        self.lines.len() / self.stride.max(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Replaces the first `count` inputs.
    fn refill(&mut self, stream: &mut GaussianInputs, count: usize) {
        stream.fill(self.lines[..count * self.stride].chunks_exact_mut(self.stride.max(1)));
    }
}

/// Weight rows in groups of up to four, each group line by line.
#[derive(Debug, Clone)]
struct Rows {
    n_in: usize,
    n_rows: usize,
    groups: Vec<Vec<Line>>,
}

impl Rows {
    fn of(rows: ArrayView2<'_, f64>) -> Self {
        let (n_rows, n_in) = rows.dim();
        let groups = (0..n_rows).step_by(TOGETHER).map(|first| {
            let height = TOGETHER.min(n_rows - first);
            let mut lines = vec![Line::ZERO; height * lines_of(n_in)];
            for r in 0..height {
                for i in 0..n_in {
                    lines[i / LINE * height + r].0[i % LINE] = rows[[first + r, i]];
                }
            }
            lines
        });
        Self { n_in, n_rows, groups: groups.collect() }
    }

    fn matrix(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.n_rows, self.n_in), |(row, i)| {
            let (group, r) = (row / TOGETHER, row % TOGETHER);
            let height = TOGETHER.min(self.n_rows - group * TOGETHER);
            self.groups[group][i / LINE * height + r].0[i % LINE]
        })
    }

    /// Products of all rows with an input.
    #[inline(always)]
    fn products<S: Simd>(&self, simd: S, x: &[Line], out: &mut [f64]) {
        for (group, out) in self.groups.iter().zip(out.chunks_mut(TOGETHER)) {
            match out {
                [a, b, c, d] => [*a, *b, *c, *d] = products(simd, group, x),
                [a, b, c] => [*a, *b, *c] = products(simd, group, x),
                [a, b] => [*a, *b] = products(simd, group, x),
                [a] => [*a] = products(simd, group, x),
                _ => {}
            }
        }
    }

    /// Adds a multiple of one input to each row, and takes the products with the next input.
    #[inline(always)]
    fn shifted_products<S: Simd>(
        &mut self,
        simd: S,
        moves: &[f64],
        (x, next): (&[Line], &[Line]),
        out: &mut [f64],
    ) {
        let parts = moves.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER));
        for (group, (moves, out)) in self.groups.iter_mut().zip(parts) {
            match (moves, out) {
                (&[p, q, r, s], [a, b, c, d]) => {
                    [*a, *b, *c, *d] = shifted_products(simd, group, [p, q, r, s], x, next);
                }
                (&[p, q, r], [a, b, c]) => {
                    [*a, *b, *c] = shifted_products(simd, group, [p, q, r], x, next);
                }
                (&[p, q], [a, b]) => [*a, *b] = shifted_products(simd, group, [p, q], x, next),
                (&[p], [a]) => [*a] = shifted_products(simd, group, [p], x, next),
                _ => {}
            }
        }
    }
}

/// Sums over the places of a line, kept apart. As many vectors as a line has on this machine are used.
struct Sums<S: Simd, const R: usize>([[S::f64s; LINE]; R]);

impl<S: Simd, const R: usize> Sums<S, R> {
    #[inline(always)]
    fn zero(simd: S) -> Self {
        Self([[simd.splat_f64s(0.0); LINE]; R])
    }

    /// Added up in an order that does not depend on the width of vectors.
    #[inline(always)]
    fn total(self) -> [f64; R] {
        self.0.map(|sums| {
            let mut line = [0.0; LINE];
            let places = S::as_mut_simd_f64s(&mut line).0;
            places.iter_mut().zip(sums).for_each(|(to, from)| *to = from);
            let [a, b, c, d, e, f, g, h] = line;
            ((a + e) + (c + g)) + ((b + f) + (d + h))
        })
    }
}

#[inline(always)]
fn products<S: Simd, const R: usize>(simd: S, rows: &[Line], x: &[Line]) -> [f64; R] {
    let mut sums = Sums::<S, R>::zero(simd);
    for (w, x) in rows.chunks_exact(R).zip(x) {
        let x = S::as_simd_f64s(&x.0).0;
        for r in 0..R {
            let w = S::as_simd_f64s(&w[r].0).0;
            for i in 0..LINE / S::F64_LANES {
                sums.0[r][i] = simd.mul_add_f64s(w[i], x[i], sums.0[r][i]);
            }
        }
    }
    sums.total()
}

#[inline(always)]
fn shifted_products<S: Simd, const R: usize>(
    simd: S,
    rows: &mut [Line],
    moves: [f64; R],
    x: &[Line],
    next: &[Line],
) -> [f64; R] {
    let mut sums = Sums::<S, R>::zero(simd);
    let moves = moves.map(|m| simd.splat_f64s(m));
    for (w, (x, next)) in rows.chunks_exact_mut(R).zip(x.iter().zip(next)) {
        let (x, next) = (S::as_simd_f64s(&x.0).0, S::as_simd_f64s(&next.0).0);
        for r in 0..R {
            let w = S::as_mut_simd_f64s(&mut w[r].0).0;
            for i in 0..LINE / S::F64_LANES {
                w[i] = simd.mul_add_f64s(moves[r], x[i], w[i]);
                sums.0[r][i] = simd.mul_add_f64s(w[i], next[i], sums.0[r][i]);
            }
        }
    }
    sums.total()
}

/// Weights of students, which learn, and of teachers, which do not.
#[derive(Debug, Clone)]
pub struct OnlineUnits {
    students: Rows,
    teachers: Rows,
    /// Room for the inputs that are drawn.
    drawn: Option<Inputs>,
}

impl OnlineUnits {
    /// Units with the given weights, one a row, K × N and M × N.
    ///
    /// # Errors
    /// No student, no input, a value that is not finite, or different numbers of columns.
    pub fn new(students: ArrayView2<'_, f64>, teachers: ArrayView2<'_, f64>) -> Result<Self> {
        require_finite("student weights", students)?;
        require_finite("teacher weights", teachers)?;
        if students.is_empty() {
            let expected = "at least one row (a student) and one column (an input)";
            return Err(Error::shape("student weights", students.dim(), expected));
        }
        if teachers.nrows() > 0 && teachers.ncols() != students.ncols() {
            let expected = format!("{} columns, as the students have", students.ncols());
            return Err(Error::shape("teacher weights", teachers.dim(), expected));
        }
        let (students, teachers) = (Rows::of(students), Rows::of(teachers));
        Ok(Self { students, teachers, drawn: None })
    }

    /// Number of inputs N.
    pub fn n_in(&self) -> usize {
        self.students.n_in
    }

    /// The students' weights, K × N.
    pub fn students(&self) -> Array2<f64> {
        self.students.matrix()
    }

    /// The teachers' weights, M × N.
    pub fn teachers(&self) -> Array2<f64> {
        self.teachers.matrix()
    }

    /// Replaces the students' weights.
    ///
    /// # Errors
    /// Another shape, or a value that is not finite.
    pub fn set_students(&mut self, students: ArrayView2<'_, f64>) -> Result<()> {
        require_finite("student weights", students)?;
        if students.dim() != (self.students.n_rows, self.students.n_in) {
            let expected = format!("{} × {}", self.students.n_rows, self.students.n_in);
            return Err(Error::shape("student weights", students.dim(), expected));
        }
        self.students = Rows::of(students);
        Ok(())
    }

    /// Learns from the next `steps` inputs of a stream, one after another.
    ///
    /// For each of them `rule(λ, ρ, moves)` is told the fields of students (K) and teachers (M) and
    /// says which multiple of the input is added to each student's weights (K). It keeps what else it
    /// needs: readouts, noise, which task it is.
    ///
    /// # Panics
    /// If the inputs have another length than the weights.
    pub fn learn(
        &mut self,
        stream: &mut GaussianInputs,
        steps: u64,
        mut rule: impl FnMut(&[f64], &[f64], &mut [f64]),
    ) {
        let mut drawn = self.drawn.take().unwrap_or_else(|| {
            let stride = lines_of(self.n_in());
            Inputs { n_in: self.n_in(), stride, lines: vec![Line::ZERO; DRAWN * stride] }
        });
        let mut left = steps;
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(DRAWN).min(DRAWN);
            drawn.refill(stream, count);
            self.learn_some(&drawn, 0..count, &mut rule);
            left -= count as u64;
        }
        self.drawn = Some(drawn);
    }

    /// Learns from given inputs, one after another; `rule` as in [`learn`](Self::learn).
    ///
    /// # Panics
    /// If the inputs have another length than the weights.
    pub fn learn_from(
        &mut self,
        inputs: &Inputs,
        mut rule: impl FnMut(&[f64], &[f64], &mut [f64]),
    ) {
        for first in (0..inputs.len()).step_by(DRAWN) {
            self.learn_some(inputs, first..inputs.len().min(first + DRAWN), &mut rule);
        }
    }

    fn learn_some(
        &mut self,
        inputs: &Inputs,
        range: std::ops::Range<usize>,
        rule: &mut impl FnMut(&[f64], &[f64], &mut [f64]),
    ) {
        assert_eq!(inputs.n_in, self.n_in(), "inputs and weights have the same length");
        let lines = &inputs.lines[range.start * inputs.stride..range.end * inputs.stride];
        Arch::new().dispatch(Lesson { units: self, lines, stride: inputs.stride, rule });
    }
}

/// A few inputs to learn from.
struct Lesson<'a, F> {
    units: &'a mut OnlineUnits,
    lines: &'a [Line],
    stride: usize,
    rule: &'a mut F,
}

impl<F: FnMut(&[f64], &[f64], &mut [f64])> WithSimd for Lesson<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { units: OnlineUnits { students, teachers, .. }, lines, stride, rule } = self;
        let scale = (students.n_in as f64).sqrt().recip();
        let inputs = || lines.chunks_exact(stride);
        let n_teachers = teachers.n_rows;
        let mut known = vec![0.0; inputs().len() * n_teachers];
        for (x, out) in inputs().zip(known.chunks_exact_mut(n_teachers.max(1))) {
            teachers.products(simd, x, out);
        }
        known.iter_mut().for_each(|rho| *rho *= scale);
        let mut fields = vec![0.0; students.n_rows];
        let mut moves = vec![0.0; students.n_rows];
        students.products(simd, &lines[..stride], &mut fields);
        for (i, x) in inputs().enumerate() {
            fields.iter_mut().for_each(|lambda| *lambda *= scale);
            rule(&fields, &known[i * n_teachers..][..n_teachers], &mut moves);
            // After the last input there is no next one: the products with itself are not used.
            let next = lines.get((i + 1) * stride..(i + 2) * stride).unwrap_or(x);
            students.shifted_products(simd, &moves, (x, next), &mut fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};

    /// The rule of a linear student of a linear teacher, all units alike.
    fn rule(lambda: &[f64], rho: &[f64], moves: &mut [f64]) {
        let error = lambda.iter().sum::<f64>() - rho.iter().sum::<f64>();
        moves.iter_mut().enumerate().for_each(|(k, m)| *m = -0.01 * (k + 1) as f64 * error);
    }

    fn plain(students: &mut Array2<f64>, teachers: &Array2<f64>, inputs: &Array2<f64>) {
        let root = (inputs.ncols() as f64).sqrt();
        for x in inputs.rows() {
            let (lambda, rho) = (students.dot(&x) / root, teachers.dot(&x) / root);
            let mut moves = vec![0.0; students.nrows()];
            rule(lambda.as_slice().unwrap(), rho.as_slice().unwrap(), &mut moves);
            for (mut w, m) in students.rows_mut().into_iter().zip(moves) {
                w.scaled_add(m, &x);
            }
        }
    }

    #[test]
    fn units_of_any_number_and_size_learn_as_plain_sums_do() {
        let mut rng = stream(0, Purpose::Task, 0);
        for (k, m, n) in [(1, 1, 1), (1, 0, 5), (2, 3, 8), (3, 2, 16), (4, 4, 17), (7, 5, 100)] {
            let mut students = gaussian(k, n, 1.0, &mut rng);
            let teachers = gaussian(m, n, 1.0, &mut rng);
            let inputs = gaussian(21, n, 1.0, &mut rng);
            let mut units = OnlineUnits::new(students.view(), teachers.view()).unwrap();
            assert_eq!(units.students(), students);
            assert_eq!(units.teachers(), teachers);
            units.learn_from(&Inputs::of(inputs.view()), rule);
            plain(&mut students, &teachers, &inputs);
            // Both round 21 products of n terms; the map from one step to the next is Lipschitz with
            // a constant near one.
            let bound = 1e-12 * (n as f64).sqrt();
            let gap = units.students() - &students;
            assert!(gap.iter().all(|g| g.abs() < bound), "{k}, {m}, {n}: {gap}");
        }
    }

    #[test]
    fn steps_do_not_depend_on_the_width_of_vectors_or_on_where_learning_pauses() {
        let mut rng = stream(1, Purpose::Task, 0);
        let (students, teachers) = (gaussian(5, 50, 1.0, &mut rng), gaussian(2, 50, 1.0, &mut rng));
        let new = || OnlineUnits::new(students.view(), teachers.view()).unwrap();
        let inputs = || GaussianInputs::new(50, stream(1, Purpose::Examples, 0));
        let (mut fast, mut paused, mut scalar) = (new(), new(), new());
        fast.learn(&mut inputs(), 20, rule);
        let mut same = inputs();
        for steps in [1, 9, 0, 10] {
            paused.learn(&mut same, steps, rule);
        }
        let drawn = Inputs::draw(&mut inputs(), 20);
        let (lines, stride) = (&drawn.lines[..], drawn.stride);
        let lesson = Lesson { units: &mut scalar, lines, stride, rule: &mut rule };
        lesson.with_simd(pulp::Scalar::new());
        assert_eq!(fast.students(), paused.students());
        assert_eq!(fast.students(), scalar.students());
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let weights = |k, n| Array2::<f64>::zeros((k, n));
        assert!(OnlineUnits::new(weights(0, 3).view(), weights(1, 3).view()).is_err());
        assert!(OnlineUnits::new(weights(2, 3).view(), weights(1, 4).view()).is_err());
        let nan = Array2::from_elem((1, 3), f64::NAN);
        assert!(OnlineUnits::new(nan.view(), weights(1, 3).view()).is_err());
        let mut units = OnlineUnits::new(weights(2, 3).view(), weights(1, 3).view()).unwrap();
        assert!(units.set_students(weights(1, 3).view()).is_err());
    }
}
