//! Overlaps between students and teachers: all that online learning depends on in many dimensions.

use ndarray::{Array1, Array2, s};

use crate::math::linalg::{eigh, require_finite};
use crate::math::random::{Purpose, gaussian, stream};
use crate::{Error, Result};

/// Most negative eigenvalue of a covariance, relative to its largest, that counts as rounding.
const ROUNDING: f64 = 1e-12;

/// Overlaps of a student of K hidden units with a teacher of M in N dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderParameters {
    /// Overlaps among students, K × K: $`Q_{kl} = w_k\cdot w_l/N`$.
    pub q: Array2<f64>,
    /// Overlaps of students with teachers, K × M: $`R_{km} = w_k\cdot w^*_m/N`$.
    pub r: Array2<f64>,
    /// Overlaps among teachers, M × M: $`T_{mn} = w^*_m\cdot w^*_n/N`$.
    pub t: Array2<f64>,
    /// Readouts of the K students.
    pub v: Array1<f64>,
    /// Readouts of the M teachers.
    pub teacher_readout: Array1<f64>,
}

impl OrderParameters {
    /// Overlaps of given weights: rows of `student` (K × N) and `teacher` (M × N) are the weights of a unit.
    ///
    /// # Errors
    /// Different N, or readouts that are not one per unit.
    pub fn of_weights(
        student: &Array2<f64>,
        v: &Array1<f64>,
        teacher: &Array2<f64>,
        teacher_readout: &Array1<f64>,
    ) -> Result<Self> {
        if student.ncols() != teacher.ncols() || student.ncols() == 0 {
            let found = (student.dim(), teacher.dim());
            let expected = "as many inputs of students as of teachers, at least one";
            return Err(Error::shape("weights of student and teacher", found, expected));
        }
        let n = student.ncols() as f64;
        let parameters = Self {
            q: student.dot(&student.t()) / n,
            r: student.dot(&teacher.t()) / n,
            t: teacher.dot(&teacher.t()) / n,
            v: v.clone(),
            teacher_readout: teacher_readout.clone(),
        };
        parameters.validate()?;
        Ok(parameters)
    }

    /// A student of K units drawn at random in `dimension` dimensions: weights Gaussian with standard
    /// deviation `scale`, readouts `v`, its overlaps with a teacher of overlaps `t` those of such a draw.
    ///
    /// Overlaps with the teacher and between students are then of order `scale`/√N and `scale`²/√N.
    ///
    /// # Errors
    /// A teacher matrix that is not a covariance, fewer dimensions than units, shapes that do not fit.
    pub fn random_student(
        t: &Array2<f64>,
        teacher_readout: &Array1<f64>,
        v: &Array1<f64>,
        scale: f64,
        dimension: usize,
        seed: u64,
    ) -> Result<Self> {
        require_square(t)?;
        let (k, m) = (v.len(), t.nrows());
        if dimension < k + m {
            let allowed = format!("it must be at least {}, one per unit of both networks", k + m);
            return Err(Error::parameter("number of inputs", dimension, allowed));
        }
        if !(scale.is_finite() && scale >= 0.0) {
            let allowed = "it must be finite and not negative";
            return Err(Error::parameter("scale of initial weights", scale, allowed));
        }
        let mut start = Self {
            q: Array2::zeros((k, k)),
            r: Array2::zeros((k, m)),
            t: t.clone(),
            v: v.clone(),
            teacher_readout: teacher_readout.clone(),
        };
        start.validate()?;
        // In coordinates whose first M axes span the teacher, its weights are √N times a root of T.
        let root = root_of_covariance(t)?;
        let mut rng = stream(seed, Purpose::InitialWeights, 0);
        let weights = gaussian(k, dimension, scale, &mut rng);
        start.q = weights.dot(&weights.t()) / dimension as f64;
        start.r = weights.slice(s![.., ..m]).dot(&root.t()) / (dimension as f64).sqrt();
        Ok(start)
    }

    /// A student of zero error: `copies[m]` units share the work of teacher m, each with its weights and an
    /// equal part of its readout; `spare` more units have no weights and readout `spare_readout`.
    ///
    /// # Errors
    /// A teacher matrix that is not a covariance, shapes that do not fit, or a teacher without a copy.
    pub fn solution(
        t: &Array2<f64>,
        teacher_readout: &Array1<f64>,
        copies: &[usize],
        spare: usize,
        spare_readout: f64,
    ) -> Result<Self> {
        let m = t.nrows();
        if copies.len() != m || copies.contains(&0) {
            let expected = format!("at least one for each of {m} teachers");
            return Err(Error::shape("copies of teachers", copies, expected));
        }
        require_square(t)?;
        let of: Vec<usize> = (0..m).flat_map(|m| vec![m; copies[m]]).collect();
        let k = of.len() + spare;
        let overlap = |i: usize, n: usize| if i < of.len() { t[[of[i], n]] } else { 0.0 };
        let start =
            Self {
                q: Array2::from_shape_fn((k, k), |(i, j)| {
                    if j < of.len() { overlap(i, of[j]) } else { 0.0 }
                }),
                r: Array2::from_shape_fn((k, m), |(i, n)| overlap(i, n)),
                v: Array1::from_shape_fn(k, |i| match of.get(i) {
                    Some(n) => teacher_readout.get(*n).copied().unwrap_or(0.0) / copies[*n] as f64,
                    None => spare_readout,
                }),
                t: t.clone(),
                teacher_readout: teacher_readout.clone(),
            };
        start.validate()?;
        Ok(start)
    }

    /// Overlaps among M orthogonal teachers with $`T_{nn} = n`$ (graded) for n = 1, 2, …, M.
    pub fn graded_teacher(m: usize) -> Array2<f64> {
        Array2::from_diag(&Array1::from_shape_fn(m, |n| (n + 1) as f64))
    }

    /// Number of hidden units of the student, K.
    pub fn n_students(&self) -> usize {
        self.q.nrows()
    }

    /// Number of hidden units of the teacher, M.
    pub fn n_teachers(&self) -> usize {
        self.t.nrows()
    }

    /// Covariance of all fields, students first: [[Q, R], [Rᵀ, T]].
    pub fn covariance(&self) -> Array2<f64> {
        let (k, m) = (self.n_students(), self.n_teachers());
        let mut c = Array2::zeros((k + m, k + m));
        c.slice_mut(s![..k, ..k]).assign(&self.q);
        c.slice_mut(s![..k, k..]).assign(&self.r);
        c.slice_mut(s![k.., ..k]).assign(&self.r.t());
        c.slice_mut(s![k.., k..]).assign(&self.t);
        c
    }

    /// Readouts of all fields in the error student − teacher: (v, −v*).
    pub fn signed_readouts(&self) -> Vec<f64> {
        self.v.iter().copied().chain(self.teacher_readout.iter().map(|v| -v)).collect()
    }

    /// Checks that shapes fit and that the covariance of all fields is one.
    ///
    /// # Errors
    /// Shapes that do not fit, a number that is not finite, an asymmetric Q or T, or a covariance with a
    /// negative eigenvalue (which the message says).
    pub fn validate(&self) -> Result<()> {
        let (k, m) = (self.n_students(), self.n_teachers());
        let shapes = [
            ("overlaps among students Q", self.q.dim(), (k, k)),
            ("overlaps with teachers R", self.r.dim(), (k, m)),
            ("overlaps among teachers T", self.t.dim(), (m, m)),
            ("readouts of students", (self.v.len(), 1), (k, 1)),
            ("readouts of teachers", (self.teacher_readout.len(), 1), (m, 1)),
        ];
        for (what, found, expected) in shapes {
            if found != expected {
                return Err(Error::shape(what, found, format!("{expected:?}")));
            }
        }
        if k == 0 || m == 0 {
            return Err(Error::shape("networks", (k, m), "at least one unit in each"));
        }
        for (what, a) in [("Q", &self.q), ("R", &self.r), ("T", &self.t)] {
            require_finite(&format!("overlap matrix {what}"), a.view())?;
        }
        let readouts = Array2::from_shape_fn((1, k + m), |(_, a)| self.signed_readouts()[a]);
        require_finite("readouts", readouts.view())?;
        for (what, a) in [("Q", &self.q), ("T", &self.t)] {
            require_symmetric(what, a)?;
        }
        require_covariance("T", &self.t)?;
        require_covariance("[[Q, R], [Rᵀ, T]]", &self.covariance())
    }
}

fn require_square(t: &Array2<f64>) -> Result<()> {
    if t.nrows() != t.ncols() {
        return Err(Error::shape("overlaps among teachers T", t.dim(), "as many rows as columns"));
    }
    Ok(())
}

fn require_symmetric(what: &str, a: &Array2<f64>) -> Result<()> {
    let size = a.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let gap = |((i, j), x): ((usize, usize), &f64)| ((x - a[[j, i]]).abs(), i, j);
    let worst = a.indexed_iter().map(gap).max_by(|x, y| x.0.total_cmp(&y.0));
    match worst {
        Some((gap, i, j)) if gap > ROUNDING * size => Err(Error::parameter(
            format!("overlap matrix {what}"),
            format!("asymmetric by {gap:.3e} at row {}, column {}", i + 1, j + 1),
            "it must be symmetric",
        )),
        _ => Ok(()),
    }
}

/// Refuses a symmetric matrix that is not positive semidefinite, saying by how much.
fn require_covariance(what: &str, a: &Array2<f64>) -> Result<()> {
    let (values, _) = eigh(a)?;
    let (largest, smallest) = (values[0], values[values.len() - 1]);
    if smallest < -ROUNDING * largest.max(1.0) {
        return Err(Error::parameter(
            format!("overlap matrix {what}"),
            format!("not positive semidefinite (smallest eigenvalue {smallest:.6e})"),
            "overlaps of real weights have no negative eigenvalue; make off-diagonal entries smaller",
        ));
    }
    Ok(())
}

/// A square matrix A with A Aᵀ = `t`.
fn root_of_covariance(t: &Array2<f64>) -> Result<Array2<f64>> {
    let (values, vectors) = eigh(t)?;
    Ok(&vectors * &values.mapv(|x| x.max(0.0).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr1, arr2};

    fn example() -> OrderParameters {
        OrderParameters {
            q: arr2(&[[0.25, 0.02], [0.02, 0.3]]),
            r: arr2(&[[0.1, 0.0, -0.1], [0.0, 0.2, 0.1]]),
            t: OrderParameters::graded_teacher(3),
            v: arr1(&[1.0, 0.5]),
            teacher_readout: arr1(&[1.0, -1.0, 2.0]),
        }
    }

    #[test]
    fn a_covariance_has_the_blocks_of_all_overlaps() {
        let p = example();
        p.validate().unwrap();
        let c = p.covariance();
        assert_eq!((p.n_students(), p.n_teachers(), c.dim()), (2, 3, (5, 5)));
        assert_eq!((c[[0, 1]], c[[1, 3]], c[[3, 1]], c[[4, 4]]), (0.02, 0.2, 0.2, 3.0));
        assert_eq!(p.signed_readouts(), [1.0, 0.5, -1.0, 1.0, -2.0]);
    }

    #[test]
    fn overlaps_of_weights_are_their_products_per_input() {
        let (w, teacher) = (arr2(&[[1.0, 2.0, 2.0, 0.0]]), arr2(&[[0.0, 0.0, 1.0, 1.0]]));
        let p = OrderParameters::of_weights(&w, &arr1(&[1.0]), &teacher, &arr1(&[3.0])).unwrap();
        assert_eq!((p.q[[0, 0]], p.r[[0, 0]], p.t[[0, 0]]), (2.25, 0.5, 0.5));
        let short = arr2(&[[1.0, 2.0]]);
        assert!(
            OrderParameters::of_weights(&short, &arr1(&[1.0]), &teacher, &arr1(&[3.0])).is_err()
        );
    }

    #[test]
    fn random_students_have_the_overlaps_of_random_weights() {
        let mut t = OrderParameters::graded_teacher(2);
        (t[[0, 1]], t[[1, 0]]) = (0.6, 0.6);
        let ones = Array1::ones(2);
        let (n, scale, runs) = (400, 0.7, 200);
        let starts: Vec<OrderParameters> = (0..runs)
            .map(|seed| OrderParameters::random_student(&t, &ones, &ones, scale, n, seed).unwrap())
            .collect();
        let mean = |f: &dyn Fn(&OrderParameters) -> f64| {
            starts.iter().map(f).sum::<f64>() / f64::from(runs as u32)
        };
        // Standard errors: Q has √(2/N), R has scale √(T/N) per run.
        let error = |sd: f64| 4.0 * sd / (runs as f64 * n as f64).sqrt();
        let q = mean(&|s| s.q[[0, 0]]);
        assert!((q - scale * scale).abs() < error(2f64.sqrt() * scale * scale), "{q}");
        for (m, variance) in [(0, 1.0f64), (1, 2.0)] {
            let r = mean(&|s| s.r[[0, m]]);
            assert!(r.abs() < error(scale * variance.sqrt()), "{r}");
            let square = mean(&|s| s.r[[0, m]].powi(2)) * n as f64 / (scale * scale * variance);
            assert!((square - 1.0).abs() < 4.0 * (2.0 / runs as f64).sqrt(), "{square}");
        }
        let both = mean(&|s| s.r[[0, 0]] * s.r[[0, 1]]) * n as f64 / (scale * scale);
        assert!((both - 0.6).abs() < 4.0 * ((2.0 + 0.36) / runs as f64).sqrt(), "{both}");
        starts.iter().for_each(|s| s.validate().unwrap());
    }

    #[test]
    fn overlaps_that_no_weights_have_are_refused_with_how_much_they_miss() {
        let mut p = example();
        p.q[[0, 1]] = 0.5;
        assert!(p.validate().unwrap_err().to_string().contains("asymmetric by 4.800e-1"));
        p.q[[1, 0]] = 0.5;
        let text = p.validate().unwrap_err().to_string();
        assert!(
            text.contains("[[Q, R], [Rᵀ, T]]") && text.contains("smallest eigenvalue -2."),
            "{text}"
        );
        let mut p = example();
        p.t = arr2(&[[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        let text = p.validate().unwrap_err().to_string();
        assert!(text.contains("matrix T") && text.contains("smallest eigenvalue -1.0"), "{text}");
        let mut p = example();
        p.v = arr1(&[1.0]);
        assert!(p.validate().unwrap_err().to_string().contains("readouts of students"));
        let mut p = example();
        p.r[[1, 2]] = f64::NAN;
        assert!(p.validate().unwrap_err().to_string().contains("row 2, column 3"));
        let (t, ones) = (OrderParameters::graded_teacher(2), Array1::ones(2));
        assert!(OrderParameters::random_student(&t, &ones, &ones, 1.0, 3, 0).is_err());
        assert!(OrderParameters::random_student(&t, &ones, &ones, f64::NAN, 9, 0).is_err());
    }
}
