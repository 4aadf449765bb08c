//! Gated deep linear networks of any layout, and their training.

use ndarray::Array2;
use ndarray::linalg::general_mat_mul;

use crate::math::linalg::require_finite;
use crate::net::{Clock, Engine, Trainer, add_chain_gradient};
use crate::{Correlations, Error, Result};

/// Sum of the weights of all contexts: 1 up to rounding.
const ROUNDING: f64 = 1e-12;

/// A situation in which some pathways are open, and what they are to learn there.
///
/// Contexts say which inputs arrive together with which gates. All pathways open in a context read
/// the same input domain and add up in the same output domain, those of `task`.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Share of all examples, above 0; the shares of all contexts add up to 1.
    pub weight: f64,
    /// Averages over the examples of this context.
    pub task: Correlations,
    /// Pathways whose gate is open, as indices; all others are shut.
    pub open: Vec<usize>,
}

/// A gated deep linear network and the statistics of what it learns.
///
/// A pathway p is a sequence of edges (weight matrices) from an input to an output domain; edges may
/// be part of several pathways. The output is the sum over open pathways, ŷ = Σ_p g_p W_p x with
/// W_p the product of the edges of p. Gradient flow on half the mean squared error is (`saxe2022`)
///
/// ```math
/// \tau\,\dot W_e = \sum_{p\ni e} W_{\text{after}}^\top\,E(p)\,W_{\text{before}}^\top,\qquad
/// E(p) = \Sigma^{yx}(p) - \sum_j W_j\,\Sigma^x(j,p),
/// ```
///
/// where Σʸˣ(p) = ⟨g_p yxᵀ⟩ ([`sigma_yx`](Self::sigma_yx)), Σˣ(j, p) = ⟨g_j xxᵀ g_p⟩
/// ([`sigma_x`](Self::sigma_x)), and *before* and *after* are the edges of p on either side of e.
/// The gates are given with the data and do not learn.
#[derive(Debug, Clone, PartialEq)]
pub struct GatedNetwork {
    edges: Vec<Array2<f64>>,
    pathways: Vec<Vec<usize>>,
    contexts: Vec<Context>,
}

impl GatedNetwork {
    /// From weight matrices, pathways (indices of edges, input side first) and contexts.
    ///
    /// # Errors
    /// No context, shares that are not positive or do not add up to 1, an index without an edge or
    /// pathway, one that is named twice, an empty pathway, edges that do not follow each other, a
    /// pathway that does not fit the task of a context, or a weight that is not finite.
    pub fn new(
        edges: Vec<Array2<f64>>,
        pathways: Vec<Vec<usize>>,
        contexts: Vec<Context>,
    ) -> Result<Self> {
        for (e, w) in edges.iter().enumerate() {
            require_finite(&format!("edge {e}"), w.view())?;
        }
        for (p, path) in pathways.iter().enumerate() {
            validate_indices(&format!("edges of pathway {p}"), path, edges.len())?;
            if let Some(i) =
                (1..path.len()).find(|i| edges[path[*i]].ncols() != edges[path[i - 1]].nrows())
            {
                let expected = format!(
                    "{} columns, one per row of edge {}, which pathway {p} comes through before",
                    edges[path[i - 1]].nrows(),
                    path[i - 1]
                );
                return Err(Error::shape(
                    format!("edge {}", path[i]),
                    edges[path[i]].dim(),
                    expected,
                ));
            }
        }
        let total: f64 = contexts.iter().map(|c| c.weight).sum();
        if !(total.is_finite() && (total - 1.0).abs() <= ROUNDING) {
            let allowed = "the contexts are all there is: it must be 1";
            return Err(Error::parameter("sum of the contexts' shares", total, allowed));
        }
        for (c, context) in contexts.iter().enumerate() {
            if context.weight <= 0.0 {
                let name = format!("share of context {c}");
                return Err(Error::parameter(name, context.weight, "it must be above 0"));
            }
            validate_indices(
                &format!("open pathways of context {c}"),
                &context.open,
                pathways.len(),
            )?;
            for p in &context.open {
                let ends = (
                    edges[*pathways[*p].last().unwrap_or(&0)].nrows(),
                    edges[pathways[*p][0]].ncols(),
                );
                let fits = (context.task.n_out(), context.task.n_in());
                if ends != fits {
                    let expected =
                        format!("{} × {}, the outputs and inputs of context {c}", fits.0, fits.1);
                    return Err(Error::shape(format!("pathway {p}"), ends, expected));
                }
            }
        }
        let edges = edges.into_iter().map(|w| w.as_standard_layout().into_owned()).collect();
        Ok(Self { edges, pathways, contexts })
    }

    /// Weight matrices.
    pub fn edges(&self) -> &[Array2<f64>] {
        &self.edges
    }

    /// Pathways as indices of edges.
    pub fn pathways(&self) -> &[Vec<usize>] {
        &self.pathways
    }

    /// What is learned, and where each gate is open.
    pub fn contexts(&self) -> &[Context] {
        &self.contexts
    }

    /// The map W_p of a pathway, its gate open.
    ///
    /// # Panics
    /// If there is no such pathway.
    pub fn pathway_map(&self, p: usize) -> Array2<f64> {
        product(&self.edges, &self.pathways[p])
    }

    /// The map of all open pathways together in a context.
    ///
    /// # Panics
    /// If there is no such context.
    pub fn context_map(&self, c: usize) -> Array2<f64> {
        open_map(&self.edges, &self.pathways, &self.contexts[c])
    }

    /// Σʸˣ(p) = ⟨g_p yxᵀ⟩; `None` for a pathway that is never open.
    pub fn sigma_yx(&self, p: usize) -> Option<Array2<f64>> {
        let open = self.contexts.iter().filter(|c| c.open.contains(&p));
        open.map(|c| c.task.sigma_yx() * c.weight).reduce(|a, b| a + b)
    }

    /// Σˣ(j, p) = ⟨g_j xxᵀ g_p⟩; `None` for pathways that are never open together.
    pub fn sigma_x(&self, j: usize, p: usize) -> Option<Array2<f64>> {
        let open = self.contexts.iter().filter(|c| c.open.contains(&p) && c.open.contains(&j));
        open.map(|c| c.task.sigma_x() * c.weight).reduce(|a, b| a + b)
    }

    /// ½⟨‖y − ŷ‖²⟩ over all contexts.
    pub fn loss(&self) -> f64 {
        self.contexts
            .iter()
            .map(|c| c.weight * c.task.loss(open_map(&self.edges, &self.pathways, c).view()))
            .sum()
    }

    /// Derivative of [`loss`](Self::loss) in every edge, the right-hand side of the flow with its
    /// sign turned.
    pub fn gradient(&self) -> Vec<Array2<f64>> {
        self.loss_and_gradient(&self.edges).1
    }

    /// Loss and gradient at other weights of the same shapes.
    fn loss_and_gradient(&self, edges: &[Array2<f64>]) -> (f64, Vec<Array2<f64>>) {
        // −E(p), summed over the contexts in which p is open. W_j does not depend on the context, so
        // the sum over j is taken inside each of them, once for all pathways.
        let mut errors: Vec<Option<Array2<f64>>> = vec![None; self.pathways.len()];
        let mut loss = 0.0;
        for context in &self.contexts {
            let map = open_map(edges, &self.pathways, context);
            loss += context.weight * context.task.loss(map.view());
            let mut error = context.task.sigma_yx() * -context.weight;
            general_mat_mul(context.weight, &map, context.task.sigma_x(), 1.0, &mut error);
            for p in &context.open {
                match &mut errors[*p] {
                    Some(sum) => *sum += &error,
                    empty => *empty = Some(error.clone()),
                }
            }
        }
        let mut gradient: Vec<Array2<f64>> = edges.iter().map(|w| Array2::zeros(w.dim())).collect();
        for (path, error) in self.pathways.iter().zip(errors) {
            let Some(error) = error else { continue };
            let factors: Vec<&Array2<f64>> = path.iter().map(|e| &edges[*e]).collect();
            add_chain_gradient(&factors, error, |i, error, before| {
                let to = &mut gradient[path[i]];
                match before {
                    Some(before) => general_mat_mul(1.0, error, &before.t(), 1.0, to),
                    None => *to += error,
                }
            });
        }
        (loss, gradient)
    }

    /// Full-batch gradient descent at `rate`, recorded at increasing times: k steps take time
    /// k·`rate`, and between steps weights are interpolated, as by
    /// [`gradient_descent`](crate::net::gradient_descent). Returns the network at the last time.
    ///
    /// # Errors
    /// A rate that is not positive, times that do not increase, an error of `record`, or a loss that
    /// runs away because the rate is too large.
    pub fn train(
        &self,
        rate: f64,
        times: &[f64],
        record: impl FnMut(usize, &Self) -> Result<()>,
    ) -> Result<Self> {
        let clock = Clock::gradient_flow(rate)?;
        let mut engine = GatedDescent { net: self.clone(), rate, evaluated: None };
        let initial = engine.loss();
        let mut trainer = Trainer::new(engine, self.clone(), initial, clock)?;
        trainer.record(times, record)?;
        Ok(trainer.into_network())
    }
}

/// A gated network on its way down its loss.
struct GatedDescent {
    net: GatedNetwork,
    rate: f64,
    /// Loss and gradient at the present weights, once they have been asked for.
    evaluated: Option<(f64, Vec<Array2<f64>>)>,
}

impl Engine for GatedDescent {
    type Net = GatedNetwork;

    fn advance(&mut self, steps: u64) {
        for _ in 0..steps {
            let evaluated = self.evaluated.take();
            let (_, gradient) =
                evaluated.unwrap_or_else(|| self.net.loss_and_gradient(&self.net.edges));
            for (w, g) in self.net.edges.iter_mut().zip(&gradient) {
                w.scaled_add(-self.rate, g);
            }
        }
    }

    fn loss(&mut self) -> f64 {
        let net = &self.net;
        self.evaluated.get_or_insert_with(|| net.loss_and_gradient(&net.edges)).0
    }

    fn remedy(&self) -> String {
        format!("lower the learning rate, which is {}", self.rate)
    }

    fn write(&mut self, net: &mut GatedNetwork) {
        net.edges.iter_mut().zip(&self.net.edges).for_each(|(to, from)| to.assign(from));
    }

    fn matrices(net: &GatedNetwork) -> &[Array2<f64>] {
        &net.edges
    }

    fn matrices_mut(net: &mut GatedNetwork) -> &mut [Array2<f64>] {
        &mut net.edges
    }
}

fn validate_indices(what: &str, indices: &[usize], n: usize) -> Result<()> {
    if indices.is_empty() {
        return Err(Error::parameter(what, "empty", "at least one is needed"));
    }
    for (i, index) in indices.iter().enumerate() {
        if *index >= n {
            return Err(Error::parameter(what, index, format!("there are {n}, counted from 0")));
        }
        if indices[..i].contains(index) {
            return Err(Error::parameter(what, index, "each may be named once"));
        }
    }
    Ok(())
}

/// Product of the edges of a pathway, input side first.
fn product(edges: &[Array2<f64>], path: &[usize]) -> Array2<f64> {
    path[1..].iter().fold(edges[path[0]].clone(), |map, e| edges[*e].dot(&map))
}

fn open_map(edges: &[Array2<f64>], pathways: &[Vec<usize>], context: &Context) -> Array2<f64> {
    let maps = context.open.iter().map(|p| product(edges, &pathways[*p]));
    maps.reduce(|a, b| a + b).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::{Purpose, gaussian, stream};
    use crate::net::LinearNetwork;

    /// Three contexts with correlated inputs; a long and a short pathway that share their last edge.
    fn network(run: u32) -> GatedNetwork {
        let mut rng = stream(0, Purpose::Task, run);
        let mut task = || {
            let (x, y) = (gaussian(6, 3, 1.0, &mut rng), gaussian(6, 2, 1.0, &mut rng));
            Correlations::new(x.t().dot(&x), y.t().dot(&x), Some(y.iter().map(|y| y * y).sum()))
        };
        let context = |weight, open: &[usize], task: Result<Correlations>| Context {
            weight,
            task: task.unwrap(),
            open: open.to_vec(),
        };
        let contexts = vec![
            context(0.2, &[0], task()),
            context(0.5, &[1, 0], task()),
            context(0.3, &[1], task()),
        ];
        let mut rng = stream(1, Purpose::Task, run);
        let edges =
            [(4, 3), (4, 4), (2, 4), (4, 3)].map(|(m, n)| gaussian(m, n, 0.5, &mut rng)).to_vec();
        GatedNetwork::new(edges, vec![vec![0, 1, 2], vec![3, 2]], contexts).unwrap()
    }

    #[test]
    fn the_gradient_is_the_derivative_of_the_loss() {
        let net = network(0);
        let gradient = net.gradient();
        let spacing = 1e-5;
        for (e, edge) in net.edges.iter().enumerate() {
            for index in ndarray::indices(edge.dim()) {
                let at = |by: f64| {
                    let mut net = net.clone();
                    net.edges[e][index] += by;
                    net.loss()
                };
                let slope = (at(spacing) - at(-spacing)) / (2.0 * spacing);
                // A central difference errs by its square times a third derivative of order 10.
                let gap = (slope - gradient[e][index]).abs();
                assert!(gap < 1e-8 * (1.0 + slope.abs()), "edge {e}: {gap:.1e}");
            }
        }
    }

    #[test]
    fn the_gradient_is_made_of_the_pathways_statistics() {
        let net = network(1);
        let error = |p: usize| {
            let mut error = net.sigma_yx(p).unwrap();
            for j in 0..2 {
                error -= &net.pathway_map(j).dot(&net.sigma_x(j, p).unwrap());
            }
            error
        };
        let (w, e) = (&net.edges, [error(0), error(1)]);
        let expected = [
            w[2].dot(&w[1]).t().dot(&e[0]),
            w[2].t().dot(&e[0]).dot(&w[0].t()),
            e[0].dot(&w[1].dot(&w[0]).t()) + e[1].dot(&w[3].t()),
            w[2].t().dot(&e[1]),
        ];
        for (found, expected) in net.gradient().iter().zip(&expected) {
            assert!((found + expected).iter().all(|gap| gap.abs() < 1e-12));
        }
    }

    #[test]
    fn a_single_open_pathway_is_a_deep_linear_network() {
        let mut rng = stream(2, Purpose::Task, 0);
        let weights: Vec<_> =
            [(4, 3), (5, 4), (2, 5)].map(|(m, n)| gaussian(m, n, 0.4, &mut rng)).to_vec();
        let task = Correlations::white(gaussian(2, 3, 1.0, &mut rng), 0.7).unwrap();
        let context = Context { weight: 1.0, task: task.clone(), open: vec![0] };
        let gated = GatedNetwork::new(weights.clone(), vec![vec![0, 1, 2]], vec![context]).unwrap();
        let linear = LinearNetwork::new(weights).unwrap();
        let times = [0.0, 0.013, 1.0, 4.7];
        let mut maps = Vec::new();
        gated
            .train(0.02, &times, |_, net| {
                maps.push(net.context_map(0));
                Ok(())
            })
            .unwrap();
        crate::net::gradient_descent(linear, &task, 0.02, &times, |i, net| {
            let gap = net.map() - &maps[i];
            assert!(gap.iter().all(|g| g.abs() < 1e-12), "time {}", times[i]);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn layouts_that_do_not_fit_are_refused_by_name() {
        let good = network(3);
        let refused = |edges: Vec<Array2<f64>>, paths: &[&[usize]], contexts: Vec<Context>| {
            let paths = paths.iter().map(|p| p.to_vec()).collect();
            GatedNetwork::new(edges, paths, contexts).unwrap_err().to_string()
        };
        let (w, c) = (&good.edges, &good.contexts);
        let good_paths: [&[usize]; 2] = [&[0, 1, 2], &[3, 2]];
        for (paths, part) in [
            ([&[0usize, 2, 1][..], &[3, 2][..]], "edge 1"),
            ([&[0, 1, 4], &[3, 2]], "4: there are 4"),
            ([&[0, 1, 1, 2], &[3, 2]], "named once"),
            ([&[0, 1, 2], &[]], "pathway 1 is empty"),
            ([&[0, 1, 2], &[3]], "pathway 1 has shape (4, 3)"),
        ] {
            let text = refused(w.clone(), &paths, c.clone());
            assert!(text.contains(part), "{text}");
        }
        let mut shut = c.clone();
        shut[1].weight = 0.4;
        assert!(refused(w.clone(), &good_paths, shut.clone()).contains("must be 1"));
        (shut[0].weight, shut[1].weight) = (-0.2, 0.9);
        assert!(refused(w.clone(), &good_paths, shut).contains("above 0"));
        assert!(refused(w.clone(), &good_paths, Vec::new()).contains("must be 1"));
        let mut broken = w.clone();
        broken[3][[1, 2]] = f64::NAN;
        assert!(refused(broken, &good_paths, c.clone()).contains("edge 3"));
    }
}
