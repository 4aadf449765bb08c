//! What theory knows of an environment: the covariance of a feature between items.

use ndarray::{Array2, Axis, concatenate};

use crate::{Correlations, Error, Result};

/// Items that differ from others in one way: an eigenvalue of the covariance between items, with
/// its eigenvectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigenspace {
    /// What the distinction is, for people: "all items", "level 1".
    pub name: String,
    /// Eigenvalue λ of the covariance of one feature between items.
    pub eigenvalue: f64,
    /// Orthonormal eigenvectors as columns, P × multiplicity. With more than one column the basis
    /// is arbitrary: only the space is defined.
    pub vectors: Array2<f64>,
}

/// The expected covariance ⟨y_i y_j⟩ of one feature between items i and j, by its eigenspaces.
///
/// The order is that of the environment (trees: from broad to fine), not that of the eigenvalues.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// The eigenspaces; their vectors together are an orthonormal basis of the items.
    pub eigenspaces: Vec<Eigenspace>,
}

impl Eigenspace {
    /// Number of equal modes.
    pub fn multiplicity(&self) -> usize {
        self.vectors.ncols()
    }

    /// Share of a unit vector over items that lies in this space, from 0 to 1.
    pub fn share(&self, vector: ndarray::ArrayView1<'_, f64>) -> f64 {
        self.vectors.t().dot(&vector).mapv(|x| x * x).sum()
    }
}

impl Spectrum {
    /// Number of items P.
    pub fn n_items(&self) -> usize {
        self.eigenspaces.iter().map(Eigenspace::multiplicity).sum()
    }

    /// The covariance of one feature between items, P × P.
    pub fn covariance(&self) -> Array2<f64> {
        let n = self.n_items();
        self.eigenspaces.iter().fold(Array2::zeros((n, n)), |sum, space| {
            sum + (&space.vectors * space.eigenvalue).dot(&space.vectors.t())
        })
    }

    /// Singular value of Σʸˣ for each eigenspace, $`\sqrt{N\lambda}/P`$: one-hot items, averaged,
    /// with N features. A sample of N features scatters around it by a share of about √(P/N), and
    /// splits equal values.
    pub fn singular_values(&self, n_features: f64) -> Vec<f64> {
        let p = self.n_items() as f64;
        self.eigenspaces.iter().map(|e| (n_features * e.eigenvalue.max(0.0)).sqrt() / p).collect()
    }

    /// The task in the limit of many features, scaled as if there were `n_features` of them:
    /// Σˣ = I/P, and Σʸˣ with one output for each eigenvector, which is all that learning depends
    /// on.
    ///
    /// # Errors
    /// A number of features that is not positive.
    pub fn task(&self, n_features: f64) -> Result<Correlations> {
        if !(n_features.is_finite() && n_features > 0.0) {
            let allowed = "it must be positive";
            return Err(Error::parameter("number of features", n_features, allowed));
        }
        let rows = self.eigenspaces.iter().zip(self.singular_values(n_features));
        let rows: Vec<Array2<f64>> = rows.map(|(e, s)| e.vectors.t().to_owned() * s).collect();
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        let sigma_yx = concatenate(Axis(0), &views).map_err(|_| {
            Error::shape("eigenvectors", [self.eigenspaces.len()], "one entry for each item")
        })?;
        Correlations::white(sigma_yx, 1.0 / self.n_items() as f64)
    }
}
