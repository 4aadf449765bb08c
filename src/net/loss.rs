//! What is to become small: losses of outputs, and what they tell the last layer.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Zip};

use crate::{Error, Result};

/// How far Σy of a row of probabilities may be from 1.
const ROUNDING: f64 = 1e-9;

/// A loss of outputs f given targets y: summed over outputs, averaged over examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// $`\tfrac12\lVert f - y\rVert^2`$, which theories here are about.
    HalfSquare,
    /// $`-\sum_c y_c \ln p_c`$ with p the softmax of the outputs; rows of y are probabilities that add
    /// up to 1.
    CrossEntropy,
    /// $`-\sum_c y_c\ln p_c + (1 - y_c)\ln(1 - p_c)`$ with $`p_c = 1/(1 + e^{-f_c})`$: every output is a
    /// choice between two alternatives, y is the probability of the second.
    Logistic,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::HalfSquare, Self::CrossEntropy, Self::Logistic];

    /// The loss, and its derivative in every output (n × outputs): the signal that is pulled back.
    ///
    /// # Panics
    /// If outputs and targets have different shapes.
    pub fn value_and_signal(
        self,
        outputs: Array2<f64>,
        targets: ArrayView2<'_, f64>,
    ) -> (f64, Array2<f64>) {
        assert_eq!(outputs.dim(), targets.dim(), "outputs and targets have one shape");
        let n = outputs.nrows() as f64;
        match self {
            Self::HalfSquare => {
                let residuals = outputs - targets;
                let loss = 0.5 * residuals.iter().map(|r| r * r).sum::<f64>() / n;
                (loss, residuals / n)
            }
            Self::CrossEntropy => {
                let (mut signal, mut loss) = (outputs, 0.0);
                for (mut row, targets) in signal.rows_mut().into_iter().zip(targets.rows()) {
                    let log_sum = log_sum_exp(row.view());
                    let pairs = row.iter().zip(targets);
                    loss += pairs.map(|(f, y)| y * (log_sum - f)).sum::<f64>();
                    Zip::from(&mut row).and(targets).for_each(|f, y| {
                        *f = ((*f - log_sum).exp() - y) / n;
                    });
                }
                (loss / n, signal)
            }
            Self::Logistic => {
                let (mut signal, mut loss) = (outputs, 0.0);
                Zip::from(&mut signal).and(targets).for_each(|f, y| {
                    // ln(1 + eᶠ) without overflow, and its derivative.
                    let decayed = (-f.abs()).exp();
                    loss += f.max(0.0) + decayed.ln_1p() - y * *f;
                    let larger = 1.0 / (1.0 + decayed);
                    let chosen = if *f >= 0.0 { larger } else { decayed * larger };
                    *f = (chosen - y) / n;
                });
                (loss / n, signal)
            }
        }
    }

    /// Refuses targets that the loss does not speak of.
    ///
    /// # Errors
    /// Targets of a classification that are no probabilities, with row and value.
    pub fn validate(self, targets: ArrayView2<'_, f64>) -> Result<()> {
        if self == Self::HalfSquare {
            return Ok(());
        }
        for (row, targets) in targets.axis_iter(Axis(0)).enumerate() {
            let name = || format!("target in row {row} (counted from 0)");
            if let Some(y) = targets.iter().find(|y| !(**y >= 0.0 && **y <= 1.0)) {
                return Err(Error::parameter(name(), y, "a probability must be from 0 to 1"));
            }
            let sum = targets.sum();
            if self == Self::CrossEntropy && (sum - 1.0).abs() > ROUNDING {
                let name = format!("sum of the targets in row {row} (counted from 0)");
                return Err(Error::parameter(name, sum, "probabilities must add up to 1"));
            }
        }
        Ok(())
    }
}

/// ln Σ eˣ from the largest, so that nothing overflows.
fn log_sum_exp(row: ArrayView1<'_, f64>) -> f64 {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + row.iter().map(|f| (f - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn losses_are_those_of_the_textbook() {
        let (f, y) = (arr2(&[[1.0, -2.0], [0.5, 0.0]]), arr2(&[[0.25, 0.75], [1.0, 0.0]]));
        let value = |loss: Loss| loss.value_and_signal(f.clone(), y.view()).0;
        let square = 0.5 * (0.75f64.powi(2) + 2.75f64.powi(2) + 0.25) / 2.0;
        assert!((value(Loss::HalfSquare) - square).abs() < 1e-15);
        let softmax = |a: f64, b: f64| a.exp() / (a.exp() + b.exp());
        let entropy = -0.25 * softmax(1.0, -2.0).ln()
            - 0.75 * softmax(-2.0, 1.0).ln()
            - softmax(0.5, 0.0).ln();
        assert!((value(Loss::CrossEntropy) - entropy / 2.0).abs() < 1e-15);
        let p = |f: f64| 1.0 / (1.0 + (-f).exp());
        let one = |f: f64, y: f64| -y * p(f).ln() - (1.0 - y) * (1.0 - p(f)).ln();
        let logistic = one(1.0, 0.25) + one(-2.0, 0.75) + one(0.5, 1.0) + one(0.0, 0.0);
        assert!((value(Loss::Logistic) - logistic / 2.0).abs() < 1e-15);
    }

    #[test]
    fn sure_outputs_have_finite_losses_and_signals() {
        for loss in Loss::ALL {
            let f = arr2(&[[800.0, -800.0], [-1e5, 1e5]]);
            let (value, signal) = loss.value_and_signal(f, arr2(&[[1.0, 0.0], [1.0, 0.0]]).view());
            assert!(value.is_finite() && signal.iter().all(|s| s.is_finite()), "{loss:?}");
            assert!(value > 1e4, "{loss:?}: the second answer is wrong: {value}");
        }
    }

    #[test]
    fn targets_of_a_classification_are_probabilities() {
        let text = |loss: Loss, y: &[[f64; 2]; 2]| {
            loss.validate(ArrayView2::from(y)).unwrap_err().to_string()
        };
        assert!(text(Loss::CrossEntropy, &[[1.0, 0.0], [0.7, 0.2]]).contains("row 1"));
        assert!(text(Loss::Logistic, &[[1.0, -1.0], [0.0, 0.0]]).contains("from 0 to 1"));
        assert!(Loss::Logistic.validate(ArrayView2::from(&[[1.0, 1.0]])).is_ok());
        assert!(Loss::HalfSquare.validate(ArrayView2::from(&[[-3.0, 7.0]])).is_ok());
    }
}
