//! What theory knows of an environment: the covariance of a feature between items.

use ndarray::{Array2, Axis, concatenate};
use rand_chacha::ChaCha8Rng;

use crate::math::linalg::eigh;
use crate::math::random::gaussian;
use crate::{Correlations, Error, Result};

/// Most items that an environment may have: its eigenvectors are a square matrix of that size.
pub const MOST_ITEMS: usize = 4096;

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

    /// Independent Gaussian features with this covariance, P × N: V √λ z. Negative eigenvalues, which
    /// no covariance has, count as 0.
    pub fn gaussian_features(&self, n_features: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
        let zero = Array2::zeros((self.n_items(), n_features));
        self.eigenspaces.iter().fold(zero, |sum, space| {
            let std = space.eigenvalue.max(0.0).sqrt();
            sum + space.vectors.dot(&gaussian(space.multiplicity(), n_features, std, rng))
        })
    }

    /// Singular value of Σʸˣ for each eigenspace, $`\sqrt{N\lambda}/P`$: one-hot items, averaged,
    /// with N features. A sample of N features scatters around it by a share of about √(P/N), and
    /// splits equal values.
    pub fn singular_values(&self, n_features: f64) -> Vec<f64> {
        let p = self.n_items() as f64;
        self.eigenspaces.iter().map(|e| (n_features * e.eigenvalue.max(0.0)).sqrt() / p).collect()
    }

    /// Singular values of Σʸˣ in a sample, P × N, averaged over the modes of each eigenspace. Which
    /// mode belongs to which space follows from the order of the eigenvalues, so that spaces which the
    /// sample does not resolve are mixed.
    ///
    /// # Errors
    /// A table of another number of items, or entries that are not finite.
    pub fn measure(&self, table: &Array2<f64>) -> Result<Vec<f64>> {
        let p = self.n_items();
        if table.nrows() != p {
            return Err(Error::shape("table", table.dim(), format!("{p} items as rows")));
        }
        let squares = eigh(&table.dot(&table.t()))?.0;
        let mut order: Vec<usize> = (0..self.eigenspaces.len()).collect();
        let eigenvalue = |k: &usize| self.eigenspaces[*k].eigenvalue;
        order.sort_by(|a, b| eigenvalue(b).total_cmp(&eigenvalue(a)));
        let (mut first, mut means) = (0, vec![0.0; order.len()]);
        for k in order {
            let m = self.eigenspaces[k].multiplicity();
            let modes = squares.iter().skip(first).take(m);
            means[k] = modes.map(|s| s.max(0.0).sqrt()).sum::<f64>() / (m * p) as f64;
            first += m;
        }
        Ok(means)
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
