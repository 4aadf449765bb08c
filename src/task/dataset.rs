//! Inputs and targets; rows are examples.

use ndarray::Array2;

use crate::math::linalg::require_finite;
use crate::{Error, Result};

/// Inputs and targets; rows are examples, as in NumPy and CSV.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// P × `n_in`.
    pub inputs: Array2<f64>,
    /// P × `n_out`.
    pub targets: Array2<f64>,
    /// One name per example.
    pub item_names: Vec<String>,
    /// One name per column of the inputs. For a table of items these are the items themselves.
    pub input_names: Vec<String>,
    /// One name per column of the targets.
    pub feature_names: Vec<String>,
}

impl Dataset {
    /// Paired data with numbered names.
    ///
    /// # Errors
    /// No example, no column, different numbers of rows, or a value that is not finite.
    pub fn new(inputs: Array2<f64>, targets: Array2<f64>) -> Result<Self> {
        let numbered = |what: &str, n: usize| (1..=n).map(|i| format!("{what} {i}")).collect();
        let data = Self {
            item_names: numbered("item", inputs.nrows()),
            input_names: numbered("input", inputs.ncols()),
            feature_names: numbered("feature", targets.ncols()),
            inputs,
            targets,
        };
        data.validate()?;
        Ok(data)
    }

    /// A table of items × features: each item is its own input (one-hot), its features the target.
    ///
    /// # Errors
    /// As [`new`](Self::new), or a number of names that differs from the table's.
    pub fn from_table(
        features: Array2<f64>,
        item_names: Vec<String>,
        feature_names: Vec<String>,
    ) -> Result<Self> {
        let data = Self {
            inputs: Array2::eye(features.nrows()),
            input_names: item_names.clone(),
            targets: features,
            item_names,
            feature_names,
        };
        data.validate()?;
        Ok(data)
    }

    fn validate(&self) -> Result<()> {
        let (p, n_in) = self.inputs.dim();
        let n_out = self.targets.ncols();
        if p == 0 || n_in == 0 || n_out == 0 {
            let found = (p, n_in, n_out);
            return Err(Error::shape(
                "data set (items, inputs, features)",
                found,
                "at least one of each",
            ));
        }
        if self.targets.nrows() != p {
            let expected = format!("as many rows as the inputs ({p})");
            return Err(Error::shape("targets", self.targets.dim(), expected));
        }
        for (what, names, n) in [
            ("item names", &self.item_names, p),
            ("input names", &self.input_names, n_in),
            ("feature names", &self.feature_names, n_out),
        ] {
            if names.len() != n {
                return Err(Error::shape(what, [names.len()], format!("{n} names")));
            }
        }
        require_finite("inputs", self.inputs.view())?;
        require_finite("targets", self.targets.view())
    }

    /// Number of examples P.
    pub fn n_samples(&self) -> usize {
        self.inputs.nrows()
    }
}
