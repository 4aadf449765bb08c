//! How a network that learns a user's data moves its items, in a picture of two dimensions.

use crate::course::Course;
use crate::deep_linear::exact_network::no_hidden_layer;
use crate::net::{LayeredNetwork, Nonlinearity, gradient_descent_examples};
use crate::semantic::embedding::{ItemPaths, follow, principal_axes, principal_widths};
use crate::semantic::representation::trained_representations;
use crate::{Error, Result};

/// Axes of the picture.
pub const AXES: usize = 2;
/// Two eigenvalues this close, relative to the largest, leave their axes open.
const EQUAL: f64 = 1e-9;

/// Representations of the examples of a [`Course`] over time, theory and simulation along the same
/// axes.
#[derive(Debug, Clone, PartialEq)]
pub struct CoursePaths {
    /// The times.
    pub times: Vec<f64>,
    /// Exact representations of the linear network.
    pub theory: ItemPaths,
    /// Representations of the simulated network, whatever its hidden units.
    pub simulation: ItemPaths,
    /// Whether the predicted squared distances at the end are equally wide along the last axis shown
    /// and the first one that is not, so that another picture would be as good.
    pub arbitrary: bool,
}

/// Follows what the last hidden layer, from which outputs are read, makes of the examples.
///
/// Shown are the two principal axes of the predicted representations at the last time: there the
/// picture is the classical scaling of the predicted distances ([`follow`] says how times are
/// joined). Theory is that of the linear network, exact from the weights that the simulation starts
/// from; a nonlinear network is drawn beside it and not judged.
///
/// # Errors
/// A shallow network; random weights in three and more layers, whose representations no theory
/// knows; or as [`Course::run`].
pub fn course_paths(course: &Course) -> Result<CoursePaths> {
    if course.layers == 1 {
        return Err(no_hidden_layer());
    }
    let resolved = course.resolved()?;
    if !resolved.exact {
        return Err(Error::Assumption {
            theory: "the geometry of hidden representations",
            reason: format!("it is not known for random weights in {} layers", course.layers),
            remedy: "start aligned or balanced, or take 2 layers".into(),
        });
    }
    let (network, times) = (&resolved.network, &resolved.times);
    let items = &course.data.inputs;
    let maps = network.hidden_maps_at(times)?;
    let theory: Vec<_> = maps.iter().map(|h| items.dot(&h.t())).collect();
    let (rate, weights) = (network.rate(), resolved.weights);
    let simulation = if course.activation == Nonlinearity::Linear {
        trained_representations(weights, network.task(), items, rate, times)?
    } else {
        let mut hidden = Vec::with_capacity(times.len());
        let net = LayeredNetwork::dense(weights, course.activation)?;
        gradient_descent_examples(net, &course.data, rate, times, |_, net| {
            hidden.extend(net.hidden(items.view()).pop());
            Ok(())
        })?;
        hidden
    };
    let last = &theory[theory.len() - 1];
    let axes = principal_axes(last.view(), AXES)?;
    let widths = principal_widths(last.view())?;
    let arbitrary = widths.len() > AXES
        && widths[AXES - 1] > EQUAL * widths[0]
        && widths[AXES - 1] - widths[AXES] <= EQUAL * widths[0];
    Ok(CoursePaths {
        times: times.clone(),
        theory: follow(&theory, &axes)?,
        simulation: follow(&simulation, &axes)?,
        arbitrary,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dataset;
    use crate::course::Start;
    use ndarray::Array2;

    #[test]
    fn every_start_with_an_exact_theory_moves_its_items_as_predicted() {
        let data = Dataset::rumelhart();
        for (start, layers, scale) in [
            (Start::Aligned, 2, 0.03),
            (Start::Aligned, 3, 0.3),
            (Start::Balanced, 2, 0.03),
            (Start::Balanced, 3, 0.3),
            (Start::Random, 2, 0.1),
            (Start::Lambda(0.5), 2, 0.03),
        ] {
            let course = Course { start, layers, scale, ..Course::new(data.clone()) };
            let gap = |course: &Course| {
                let paths = course_paths(course).unwrap();
                (paths.theory.largest_gap(&paths.simulation), paths.theory.range())
            };
            let resolved = course.resolved().unwrap();
            let rate = Some(0.5 * resolved.network.rate());
            let ((whole, range), (half, _)) =
                (gap(&course), gap(&Course { rate, ..course.clone() }));
            // First order in the step, and small.
            assert!(whole < 0.05 * range, "{start:?}, {layers} layers: {whole} of {range}");
            assert!((whole / half - 2.0).abs() < 0.3, "{start:?}, {layers} layers: {whole} {half}");
        }
    }

    #[test]
    fn at_the_end_plants_are_on_one_side_and_animals_on_the_other() {
        let paths = course_paths(&Course::new(Dataset::rumelhart())).unwrap();
        let end = &paths.theory.coordinates[paths.times.len() - 1];
        assert!((0..8).all(|i| (end[[i, 0]] > 0.0) == (end[[0, 0]] > 0.0) ^ (i >= 4)), "{end}");
        assert!(!paths.arbitrary && paths.theory.shares.iter().all(|s| (0.0..=1.0).contains(s)));
        // All start together.
        assert!(paths.theory.coordinates[0].iter().all(|x| x.abs() < 0.03));
    }

    #[test]
    fn what_cannot_be_had_exactly_is_refused_and_an_arbitrary_picture_is_said_to_be_one() {
        let data = Dataset::rumelhart();
        let refused = |course: Course| course_paths(&course).unwrap_err().to_string();
        let course = Course::new(data);
        let text = refused(Course { layers: 1, ..course.clone() });
        assert!(text.contains("a shallow network has no hidden representation"), "{text}");
        let text = refused(Course { layers: 3, start: Start::Random, ..course.clone() });
        assert!(text.contains("random weights in 3 layers") && text.contains("aligned"), "{text}");
        let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let equal = Dataset::from_table(Array2::eye(4), names(4), names(4)).unwrap();
        assert!(course_paths(&Course::new(equal)).unwrap().arbitrary);
        let one = Dataset::from_table(Array2::ones((1, 3)), names(1), names(3)).unwrap();
        let paths = course_paths(&Course::new(one)).unwrap();
        assert!(paths.theory.coordinates.iter().all(|c| c.iter().all(|x| *x == 0.0)));
        let tanh = Course { activation: Nonlinearity::Tanh, ..course };
        let paths = course_paths(&tanh).unwrap();
        assert!(paths.theory.largest_gap(&paths.simulation) > 0.0);
    }
}
