//! Random examples labeled by a teacher, as the perceptron theories have them.
//!
//! Inputs x have N independent standard normal entries; the label is the sign of $`w_0 \cdot x`$.

use ndarray::{Array1, Array2};
use rand_chacha::ChaCha8Rng;

use crate::math::random::{Purpose, gaussian, stream};
use crate::{Error, Result};

/// Largest number of entries of one sampled data set: 400 MB.
const MAX_ENTRIES: f64 = 5e7;

/// Examples of one teacher.
#[derive(Debug, Clone)]
pub struct Examples {
    /// Inputs times their labels, P × N: a student is right about row μ if the product is positive.
    pub signed_inputs: Array2<f64>,
    /// Weights of the teacher, N of them.
    pub teacher: Array1<f64>,
}

impl Examples {
    /// αN examples, rounded and at least one, of a teacher with standard normal weights.
    ///
    /// # Errors
    /// No input dimension, or more entries than fit into memory.
    pub fn draw(alpha: f64, n: usize, seed: u64) -> Result<Self> {
        let mut rng = stream(seed, Purpose::Task, 0);
        let teacher = gaussian(1, n, 1.0, &mut rng).row(0).to_owned();
        Self::of_teacher(teacher, alpha, &mut rng)
    }

    /// As [`draw`](Self::draw), of a teacher whose weights are signs.
    ///
    /// # Errors
    /// As [`draw`](Self::draw).
    pub fn draw_ising(alpha: f64, n: usize, seed: u64) -> Result<Self> {
        let mut rng = stream(seed, Purpose::Task, 0);
        let teacher = gaussian(1, n, 1.0, &mut rng).row(0).mapv(f64::signum);
        Self::of_teacher(teacher, alpha, &mut rng)
    }

    fn of_teacher(teacher: Array1<f64>, alpha: f64, rng: &mut ChaCha8Rng) -> Result<Self> {
        let n = teacher.len();
        let p = examples(alpha, n)?;
        let mut signed_inputs = gaussian(p, n, 1.0, rng);
        for mut row in signed_inputs.rows_mut() {
            if row.dot(&teacher) < 0.0 {
                row.mapv_inplace(|x| -x);
            }
        }
        Ok(Self { signed_inputs, teacher })
    }

    /// Cosine of the angle between a student and the teacher; 0 for a student without weights.
    pub fn overlap(&self, student: &Array1<f64>) -> f64 {
        let norms = (student.dot(student) * self.teacher.dot(&self.teacher)).sqrt();
        if norms > 0.0 { student.dot(&self.teacher) / norms } else { 0.0 }
    }

    /// Probability that a student is wrong about a new input: the angle over π.
    pub fn error(&self, student: &Array1<f64>) -> f64 {
        error_at(self.overlap(student))
    }
}

/// Number of examples of a sampled system.
///
/// # Errors
/// No input dimension, or more than fit into memory.
pub fn examples(alpha: f64, n: usize) -> Result<usize> {
    if n < 2 {
        return Err(Error::parameter("input dimension", n, "it must be 2 or more"));
    }
    let p = (alpha * n as f64).round().max(1.0);
    if p * n as f64 > MAX_ENTRIES {
        let estimate = format!("{p} × {n} = {:.1e} entries", p * n as f64);
        let allowed = format!("choose α and N so that there are at most {MAX_ENTRIES:.0e}");
        return Err(Error::parameter("sampled data", estimate, allowed));
    }
    Ok(p as usize)
}

/// $`\epsilon = \arccos(R)/\pi`$: error of a student at overlap R with the teacher.
pub fn error_at(overlap: f64) -> f64 {
    overlap.clamp(-1.0, 1.0).acos() / std::f64::consts::PI
}
