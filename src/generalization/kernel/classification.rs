//! Classification by kernel regression: one target a class, the largest output names it.

use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;

use super::from_data::{Estimate, PredictedPoint, predicted_learning_curve};
use super::sphere::Kernel;
use crate::math::linalg::{eigh, solve_positive_definite};
use crate::math::random::{Purpose, stream};
use crate::math::statistics::mean_and_error;
use crate::{Error, Result};

/// A pool of labeled examples as their kernel sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelClassification {
    gram: Array2<f64>,
    labels: Vec<usize>,
    targets: Array2<f64>,
    ridge: f64,
}

/// Errors on examples that were not trained on, over random splits of the pool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassificationErrors {
    /// Share of wrong names.
    pub wrong: Estimate,
    /// Mean square distance of outputs from targets, summed over classes.
    pub square: Estimate,
}

impl KernelClassification {
    /// A pool with the kernel of all examples with each other, and the classes 0, 1, … of the examples;
    /// the ridge is given as a share of the mean of the kernel's diagonal.
    ///
    /// # Errors
    /// Another number of labels than the kernel has rows and columns, or none.
    pub fn new(gram: Array2<f64>, labels: Vec<usize>, ridge_share: f64) -> Result<Self> {
        let m = labels.len();
        if m == 0 || gram.dim() != (m, m) {
            return Err(Error::shape(
                "kernel",
                gram.dim(),
                format!("{m} × {m}, one for each label"),
            ));
        }
        let n_classes = labels.iter().max().map_or(1, |last| last + 1);
        let share = 1.0 / n_classes as f64;
        let targets = Array2::from_shape_fn((m, n_classes), |(i, k)| {
            f64::from(u8::from(labels[i] == k)) - share
        });
        let ridge = ridge_share * gram.diag().mean().unwrap_or(1.0);
        Ok(Self { gram, labels, targets, ridge })
    }

    /// Trains on `n` examples, as many of each class, and tests on the others, for each of many splits.
    ///
    /// # Errors
    /// Classes of different sizes, `n` that leaves nothing to train or test, a kernel that is not positive
    /// definite with its ridge.
    pub fn cross_validate(&self, n: usize, splits: u32, seed: u64) -> Result<ClassificationErrors> {
        let m = self.labels.len();
        if n == 0 || n >= m {
            let allowed = format!("it must be from 1 to {}, which leaves one to test", m - 1);
            return Err(Error::parameter("number of training examples", n, allowed));
        }
        let (mut wrong, mut square) = (Vec::new(), Vec::new());
        for split in 0..splits {
            let order = self.shuffled(seed, split)?;
            let (train, test) = order.split_at(n);
            let (missed, squares) = self.split_errors(train, test)?;
            wrong.push(missed);
            square.push(squares);
        }
        let estimate = |values: &[f64]| {
            let (mean, standard_error) = mean_and_error(values.iter().copied());
            Estimate { mean, standard_error }
        };
        Ok(ClassificationErrors { wrong: estimate(&wrong), square: estimate(&square) })
    }

    /// All examples, shuffled within classes, from each class in turn.
    fn shuffled(&self, seed: u64, split: u32) -> Result<Vec<usize>> {
        let (m, n_classes) = (self.labels.len(), self.targets.ncols());
        let mut of_class: Vec<Vec<usize>> =
            (0..n_classes).map(|k| (0..m).filter(|i| self.labels[*i] == k).collect()).collect();
        if let Some(class) = of_class.iter().find(|class| class.len() * n_classes != m) {
            let allowed = format!("all classes must have {m}/{n_classes}");
            return Err(Error::parameter("examples of a class", class.len(), allowed));
        }
        let mut rng = stream(seed, Purpose::Examples, split);
        of_class.iter_mut().for_each(|examples| examples.shuffle(&mut rng));
        Ok((0..m).map(|i| of_class[i % n_classes][i / n_classes]).collect())
    }

    /// Share of wrong names and mean square error on `test`, trained on `train`.
    fn split_errors(&self, train: &[usize], test: &[usize]) -> Result<(f64, f64)> {
        let known = self.gram.select(Axis(0), train);
        let mut equations = known.select(Axis(1), train);
        equations.diag_mut().mapv_inplace(|k| k + self.ridge);
        let weights = solve_positive_definite(&equations, &self.targets.select(Axis(0), train))?;
        let answers = known.select(Axis(1), test).t().dot(&weights);
        let expected = self.targets.select(Axis(0), test);
        let named = answers.rows().into_iter().map(|row| {
            let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            best.map_or(0, |(k, _)| k)
        });
        let missed = named.zip(test).filter(|(named, i)| *named != self.labels[**i]).count();
        let square = (&answers - &expected).mapv(|x| x * x).sum();
        Ok((missed as f64 / test.len() as f64, square / test.len() as f64))
    }

    /// The learning curve of the square error that eigenvalues and eigenvectors of the kernel predict.
    ///
    /// # Errors
    /// As [`predicted_learning_curve`].
    pub fn predicted(&self, sizes: &[usize]) -> Result<Vec<PredictedPoint>> {
        // Vectors whose products are the kernel.
        let (values, vectors) = eigh(&self.gram)?;
        let features = vectors * values.mapv(|v| v.max(0.0).sqrt());
        predicted_learning_curve(&features, &self.targets, Kernel::Linear, sizes, self.ridge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_sees_only_the_class_is_never_wrong() {
        let labels: Vec<usize> = (0..12).map(|i| i % 3).collect();
        let same = |(i, j): (usize, usize)| f64::from(u8::from(i % 3 == j % 3));
        let gram = Array2::from_shape_fn((12, 12), same);
        let pool = KernelClassification::new(gram.clone(), labels.clone(), 1e-9).unwrap();
        let errors = pool.cross_validate(6, 5, 0).unwrap();
        assert_eq!(errors.wrong, Estimate { mean: 0.0, standard_error: 0.0 });
        assert!(errors.square.mean < 1e-12);
        assert!(pool.cross_validate(12, 5, 0).is_err());
        assert!(KernelClassification::new(gram.clone(), vec![0; 3], 1e-9).is_err());
        let uneven = KernelClassification::new(gram, [[0; 7].as_slice(), &[1; 5]].concat(), 1.0);
        assert!(uneven.unwrap().cross_validate(6, 5, 0).is_err());
    }
}
