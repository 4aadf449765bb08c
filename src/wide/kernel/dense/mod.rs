//! Kernels of wide fully connected networks.
//!
//! A random network with infinitely many units in every hidden layer is a Gaussian process, and gradient
//! descent in it is kernel regression. Covariance K of an output unit (`neal1996`, `lee2018`,
//! `matthews2018`) and tangent kernel Θ (`jacot2018`) follow layer by layer from K = x·x′/d, Θ = 0:
//!
//! | layer | K | Θ |
//! |---|---|---|
//! | dense | σ_w² K + σ_b² | K after + σ_w² Θ |
//! | dense, standard parameterization | σ_w² K + σ_b² | (fan-in) K before + σ_w² Θ + 1 if there are biases |
//! | nonlinearity φ | `E[φφ]` | Θ `E[φ′φ′]` |
//! | x + f(x) | K + K_f | Θ + Θ_f |
//! | normalization | K/√((q+ε)(q′+ε)) | Θ/√((q+ε)(q′+ε)) |
//!
//! where q is K on the diagonal. Several outputs are independent: their tangent kernel is Θ times the
//! identity.
//!
//! Diagonals have a recursion of their own and are exact. Off the diagonal layers with kinks need the
//! angle between inputs, so the gap √(q q′) − |K| is followed beside K, and computed from the difference
//! of the inputs where they nearly coincide: kernels are exact to rounding there too, and duplicate
//! inputs have equal rows. For other covariances than those of inputs see
//! [`dual_row`](crate::net::unit::Nonlinearity::dual_row).
//!
//! One half of a symmetric kernel is computed and mirrored. The work is shared out in strips of rows;
//! no entry depends on the strips, and none on the number of threads.

pub(crate) mod block;
pub(crate) mod examples;
mod strips;

use ndarray::{Array2, ArrayView2};

use super::dense::block::Plan;
use super::dense::strips::{Inputs, Pairing};
use super::memory_limit::{DEFAULT_LIMIT, require_memory};
use crate::net::architecture::Architecture;
use crate::{Error, Result};

/// Covariance of one output over random weights, and tangent kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernels {
    /// E[f(x) f(x′)] over random weights: the kernel of the Gaussian process.
    pub nngp: Array2<f64>,
    /// Σ ∂f(x)/∂θ ∂f(x′)/∂θ over all parameters.
    pub ntk: Array2<f64>,
}

/// Kernels of `inputs` (n × d, examples as rows) with themselves if `other` is `None`, or with `other`
/// (m × d) as columns.
///
/// ```
/// use ndarray::array;
/// use solvable::net::architecture::Architecture;
/// use solvable::wide::kernel::dense::kernels;
/// use solvable::net::unit::Nonlinearity;
///
/// let network = Architecture::dense(Nonlinearity::RELU, 1, 2f64.sqrt(), 0.0, 1.0, 0.0);
/// let x = array![[1.0, 0.0], [0.0, 1.0]];
/// let found = kernels(&network, x.view(), None)?;
/// assert!((found.nngp[[0, 0]] - 0.5).abs() < 1e-15);
/// assert!((found.nngp[[0, 1]] - 0.5 / std::f64::consts::PI).abs() < 1e-15);
/// # Ok::<(), solvable::Error>(())
/// ```
///
/// # Errors
/// As [`Architecture::validate`]; layers that need images; inputs that are not finite or so large that
/// variances exceed 1e100, or those that the kernel of a nonlinearity without closed form can be computed
/// for (180 for tanh); inputs without columns; different dimensions; [more memory](memory) than
/// [`DEFAULT_LIMIT`].
pub fn kernels(
    architecture: &Architecture,
    inputs: ArrayView2<'_, f64>,
    other: Option<ArrayView2<'_, f64>>,
) -> Result<Kernels> {
    kernels_within(architecture, inputs, other, DEFAULT_LIMIT)
}

/// Bytes that [`kernels`] takes for n inputs with m others (n again for the same): two kernels, and a few
/// numbers for each input and layer.
pub fn memory(architecture: &Architecture, n: usize, m: usize) -> u64 {
    let layers = architecture.layers.len() as f64;
    let (n, m) = (n as f64, m as f64);
    (8.0 * ((2.0 + 1.0 / 16.0) * n * m + 4.0 * layers * (n + m))) as u64
}

/// As [`kernels`], in at most `limit` bytes.
///
/// # Errors
/// As [`kernels`].
pub fn kernels_within(
    architecture: &Architecture,
    inputs: ArrayView2<'_, f64>,
    other: Option<ArrayView2<'_, f64>>,
    limit: u64,
) -> Result<Kernels> {
    let (n, m) = (inputs.nrows(), other.map_or(inputs.nrows(), |other| other.nrows()));
    let remedy = "compute blocks of fewer inputs with `other`, or raise `limit`";
    let size = || format!("{n} x {m}");
    require_memory(memory(architecture, n, m), limit, "number of inputs", size, remedy)?;
    let mut rows = Inputs::new(architecture, "inputs", inputs)?;
    let mut columns = other.map(|x| Inputs::new(architecture, "second inputs", x)).transpose()?;
    if let Some(columns) = &columns
        && columns.x.ncols() != rows.x.ncols()
    {
        let expected = format!("{} columns, as the first inputs", rows.x.ncols());
        return Err(Error::shape("second inputs", columns.x.dim(), expected));
    }
    let plan = Plan::new(architecture, rows.x.ncols());
    let others = columns.as_mut().map(|columns| &mut columns.examples);
    rows.examples.add_tables(&plan.series, others)?;
    let pairing = Pairing { plan: &plan, rows: &rows, columns: columns.as_ref() };
    let [nngp, ntk] = pairing.kernels()?;
    Ok(Kernels { nngp, ntk })
}

/// Diagonals of the kernels of `inputs` with themselves: covariance and tangent kernel, without the
/// rest.
///
/// # Errors
/// As [`kernels`].
pub fn diagonals(
    architecture: &Architecture,
    inputs: ArrayView2<'_, f64>,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let examples = Inputs::new(architecture, "inputs", inputs)?.examples;
    Ok((examples.nngp().to_vec(), examples.ntk))
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::net::architecture::Parameterization;
    use crate::net::architecture::parse::{LayerDefaults, parse};
    use crate::net::unit::{ALL, Nonlinearity};

    fn inputs(n: usize, d: usize) -> Array2<f64> {
        gaussian(n, d, 1.0, &mut stream(3, Purpose::Task, 0))
    }

    #[test]
    fn parts_of_kernels_are_kernels_of_parts() {
        let x = inputs(301, 9);
        for g in [Nonlinearity::RELU, Nonlinearity::ERF, Nonlinearity::Tanh] {
            let network = Architecture::dense(g, 2, 1.3, 0.2, 1.0, 0.1);
            let all = kernels(&network, x.view(), None).unwrap();
            let (left, right) = (x.slice(s![40..101, ..]), x.slice(s![7..290, ..]));
            let part = kernels(&network, left, Some(right)).unwrap();
            for (all, part) in [(&all.nngp, &part.nngp), (&all.ntk, &part.ntk)] {
                let gap = &all.slice(s![40..101, 7..290]) - part;
                let largest = gap.iter().fold(0.0f64, |m, g| m.max(g.abs()));
                assert!(largest < 2e-14, "{g}: {largest}");
                assert_eq!(all, all.t());
            }
            let (nngp, ntk) = diagonals(&network, x.view()).unwrap();
            assert_eq!(all.nngp.diag().to_vec(), nngp);
            assert_eq!(all.ntk.diag().to_vec(), ntk);
        }
    }

    #[test]
    fn no_input_makes_a_number_that_is_none() {
        let mut x = inputs(6, 4);
        x.row_mut(1).fill(0.0);
        x.row_mut(2).fill(0.0);
        let first = x.row(0).to_owned();
        x.row_mut(3).assign(&-&first);
        x.row_mut(4).assign(&(&first * 1e20));
        x.row_mut(5).assign(&(&first * 1e-20));
        let norm = "dense(b=0) norm(0) relu dense(b=0) norm(0) [ relu dense(b=0) ] relu dense";
        let mut networks = vec![parse(norm, &LayerDefaults::default()).unwrap()];
        for g in ALL {
            // Exponentials overflow and tanh needs too many terms at 1e20.
            let bounded = !matches!(g, Nonlinearity::Exp { .. } | Nonlinearity::RectifiedPower(2));
            let bounded = bounded && !g.is_smooth();
            for bias in [0.0, 0.3] {
                if bounded {
                    networks.push(Architecture::dense(g, 2, 1.2, bias, 1.0, bias));
                }
            }
        }
        for network in &mut networks {
            for parameterization in [Parameterization::Ntk, Parameterization::Standard { width: 9 }]
            {
                network.parameterization = parameterization;
                for other in [None, Some(x.view())] {
                    let found = kernels(network, x.view(), other).unwrap();
                    let all = found.nngp.iter().chain(&found.ntk);
                    assert!(all.into_iter().all(|k| k.is_finite()), "{network:?} {found:?}");
                }
            }
        }
    }

    #[test]
    fn inputs_that_cannot_be_used_are_refused() {
        let network = Architecture::dense(Nonlinearity::RELU, 1, 1.4, 0.1, 1.0, 0.0);
        let message = |network: &Architecture, x: &Array2<f64>, other: Option<&Array2<f64>>| {
            kernels(network, x.view(), other.map(|x| x.view())).unwrap_err().to_string()
        };
        let x = inputs(3, 4);
        assert!(message(&network, &x, Some(&inputs(2, 5))).contains("expected 4 columns"));
        let mut bad = x.clone();
        bad[[1, 2]] = f64::NAN;
        assert!(message(&network, &bad, None).contains("row 2, column 3"));
        assert!(message(&network, &(&x * 1e60), None).contains("1e100"));
        assert!(message(&network, &Array2::zeros((3, 0)), None).contains("column"));
        let images = parse("3x3 relu flatten dense", &LayerDefaults::default()).unwrap();
        assert!(message(&images, &x, None).contains("images"));
        let tanh = Architecture::dense(Nonlinearity::Tanh, 1, 100.0, 0.1, 1.0, 0.0);
        assert!(message(&tanh, &x, None).contains("it must be below 187"));
        let exp = Architecture::dense("exp".parse().unwrap(), 3, 5.0, 0.1, 1.0, 0.0);
        assert!(message(&exp, &x, None).contains("scale the inputs"));
        assert!(kernels(&network, inputs(0, 4).view(), None).unwrap().nngp.is_empty());
        let more = kernels_within(&network, x.view(), None, 100).unwrap_err().to_string();
        assert!(more.contains("3 x 3") && more.contains("raise `limit`"), "{more}");
    }

    #[test]
    fn deep_critical_networks_keep_the_gap_between_inputs() {
        // Without biases and with σ_w² = 2 correlations of ReLU layers approach 1 as 1 − 9π²/(2L²)
        // (1 + O(ln L/L)): a correlation alone would lose it in rounding.
        let depth = 2000;
        let network =
            Architecture::dense(Nonlinearity::RELU, depth, 2f64.sqrt(), 0.0, 2f64.sqrt(), 0.0);
        let x = ndarray::array![[1.0, 0.0], [0.0, 1.0]];
        let found = kernels(&network, x.view(), None).unwrap().nngp;
        let gap = 1.0 - found[[0, 1]] / found[[0, 0]];
        let size = depth as f64;
        let expected = 4.5 * (std::f64::consts::PI / size).powi(2);
        assert!((gap / expected - 1.0).abs() < 5.0 * size.ln() / size, "{gap} {expected}");
    }
}
