//! One item and one feature through a learning course: will the network err on them for a while?

use crate::course::Course as LearningCourse;
use crate::deep_linear::recording::mode_name;
use crate::semantic::illusion::coefficients;
use crate::semantic::turns::{Course, follow};
use crate::{Agreement, Dataset, Error, Result, Trajectory, compare};

/// Times on which the course is searched for turns.
const TIMES: usize = 1200;
/// How close to the best map's value a course has to come to count as ended, relative to the largest
/// value of the feature, and how many times its horizon may be doubled for that.
const ENDED: f64 = 1e-3;
const DOUBLINGS: usize = 5;
/// Part of the feature's largest value below which an error is none worth telling.
const SMALL: f64 = 0.01;

/// A pair of item and feature through a course.
#[derive(Debug, Clone)]
pub struct Focus {
    /// Name of the item.
    pub item: String,
    /// Name of the feature.
    pub feature: String,
    /// Value of the feature in the data.
    pub truth: f64,
    /// Value that the best linear map gives.
    pub best: f64,
    /// Theory: "total", "mode 1", …, and "cross" where modes mix.
    pub prediction: Trajectory,
    /// Training: "total".
    pub simulation: Trajectory,
    /// How far the two are apart.
    pub agreements: Vec<Agreement>,
    /// The predicted course from 0 until it has ended, as far as it was followed.
    pub course: Course,
    /// Last time to which it was followed.
    pub horizon: f64,
    /// Largest absolute value of the feature in the data: what an error is measured by.
    pub scale: f64,
}

impl Focus {
    /// Follows output `feature` for example `item` through a course.
    ///
    /// # Errors
    /// No such example or output, a feature with the same value for all examples, or as the course.
    pub fn of(course: &LearningCourse, item: usize, feature: usize) -> Result<Self> {
        let data = &course.data;
        require_index("item", item, data.n_samples())?;
        require_variance(data, feature)?;
        let values = data.targets.column(feature);
        let scale = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let followed = course.follow(item, feature)?;
        let weights = coefficients(followed.modes(), &data.inputs.row(item).to_vec(), feature)?;
        let best = followed.best();
        let mut horizon = followed.horizon();
        let end = |horizon: f64| Ok::<_, Error>((followed.totals(&[horizon])?[0] - best).abs());
        for doublings in 1..=DOUBLINGS {
            if end(horizon)? <= ENDED * scale {
                break;
            }
            horizon = followed.horizon() * f64::from(1u32 << doublings);
        }
        let grid: Vec<f64> = search_grid(followed.horizon(), horizon);
        let floor = floor(&weights, &followed.strengths(&[0.0])?, scale);
        let found = follow(&grid, floor, |times| followed.totals(times))?;

        let grid = followed.grid();
        let total = followed.totals(grid)?;
        let strengths = followed.strengths(grid)?;
        let mut prediction = Trajectory::new(strengths.axis(), grid);
        prediction.push("total", total.clone())?;
        let mut cross = total;
        for (k, weight) in weights.iter().enumerate() {
            let strengths = strengths.get(&mode_name(k)).unwrap_or_default();
            let part: Vec<f64> = strengths.iter().map(|u| weight * u).collect();
            cross.iter_mut().zip(&part).for_each(|(rest, part)| *rest -= part);
            prediction.push(mode_name(k), part)?;
        }
        prediction.push("cross", cross)?;
        let (run, tolerance) = followed.simulated()?;
        let mut simulation = Trajectory::new(strengths.axis(), grid);
        simulation.push("total", run)?;
        let mut predicted = Trajectory::new(strengths.axis(), grid);
        predicted.push("total", prediction.get("total").unwrap_or_default().to_vec())?;
        let mut agreements =
            compare(&predicted, std::slice::from_ref(&simulation), tolerance.as_ref())?;
        let pair = format!("{}, {}", data.item_names[item], data.feature_names[feature]);
        agreements.iter_mut().for_each(|a| a.observable.clone_from(&pair));
        Ok(Self {
            item: data.item_names[item].clone(),
            feature: data.feature_names[feature].clone(),
            truth: values[item],
            best,
            prediction,
            simulation,
            agreements,
            course: found,
            horizon,
            scale,
        })
    }

    /// Whether the network errs on its way by more than a hundredth of the feature's largest value.
    pub fn errs(&self) -> bool {
        let transient = self.course.transient();
        transient.is_some_and(|error| error.overshoot.abs() > SMALL * self.scale)
    }
}

/// Refuses a feature that tells no items apart.
///
/// # Errors
/// The feature has the same value for all examples, or there is no such feature.
pub fn require_variance(data: &Dataset, feature: usize) -> Result<()> {
    require_index("feature", feature, data.targets.ncols())?;
    let values = data.targets.column(feature);
    if values.iter().any(|v| *v != values[0]) {
        return Ok(());
    }
    let allowed = format!(
        "it has the value {} for every item, so that there is nothing to be told apart; choose a feature \
         in which items differ",
        values[0]
    );
    Err(Error::parameter("feature", format!("\"{}\"", data.feature_names[feature]), allowed))
}

fn require_index(name: &str, index: usize, n: usize) -> Result<()> {
    if index < n {
        return Ok(());
    }
    Err(Error::parameter(name, index, format!("it counts from 0, below {n}")))
}

/// Even times to where most is learned, and as even ones, by their logarithm, beyond.
fn search_grid(learned: f64, horizon: f64) -> Vec<f64> {
    let mut grid: Vec<f64> = (0..=TIMES).map(|i| learned * i as f64 / TIMES as f64).collect();
    if horizon > learned {
        let rest = TIMES / 4;
        let ratio = horizon / learned;
        grid.extend((1..=rest).map(|i| learned * ratio.powf(i as f64 / rest as f64)));
    }
    grid
}

/// What the start itself contributes, mode by mode, and what integration leaves of the scale.
fn floor(weights: &[f64], start: &Trajectory, scale: f64) -> f64 {
    let parts = weights.iter().zip(start.columns()).map(|(weight, (_, u))| (weight * u[0]).abs());
    parts.sum::<f64>() + 1e-9 * scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Start;

    fn worm(course: &LearningCourse) -> Focus {
        Focus::of(course, 4, 3).unwrap()
    }

    #[test]
    fn deep_networks_believe_in_worm_bones_and_shallow_ones_do_not() {
        let course = LearningCourse { quick: true, ..LearningCourse::new(Dataset::worm()) };
        for start in [Start::Aligned, Start::Balanced, Start::Random, Start::Lambda(0.0)] {
            let focus = worm(&LearningCourse { start, ..course.clone() });
            let error = focus.course.transient().unwrap();
            assert!(focus.errs() && error.value > 0.3 && focus.truth == 0.0, "{start:?} {error:?}");
            assert!(error.gone.is_some_and(|t| t > error.time), "{start:?}: {error:?}");
            assert!(focus.agreements.iter().all(Agreement::holds), "{:?}", focus.agreements);
        }
        let shallow = worm(&LearningCourse { layers: 1, ..course.clone() });
        assert!(!shallow.errs(), "{:?}", shallow.course);
        let deeper = worm(&LearningCourse { layers: 3, scale: 0.2, ..course });
        assert!(deeper.errs() && deeper.agreements.iter().all(Agreement::holds));
    }

    #[test]
    fn parts_add_up_to_the_total_where_modes_mix_too() {
        let inputs = ndarray::arr2(&[[1.0, 0.2], [0.3, -1.0], [-0.5, 0.4], [0.8, 0.9]]);
        let targets = ndarray::arr2(&[[1.0, 0.5], [-1.0, 0.2], [0.5, 0.0], [1.0, 1.0]]);
        let data = Dataset::new(inputs, targets).unwrap();
        for layers in [1, 2, 3] {
            let course = LearningCourse {
                layers,
                scale: 0.3,
                quick: true,
                ..LearningCourse::new(data.clone())
            };
            let focus = Focus::of(&course, 1, 0).unwrap();
            let total = focus.prediction.get("total").unwrap();
            for (i, total) in total.iter().enumerate() {
                let parts = focus.prediction.columns().skip(1).map(|(_, part)| part[i]);
                assert!((parts.sum::<f64>() - total).abs() < 1e-12);
            }
            assert!((focus.course.end - focus.best).abs() < 0.01, "{layers}: {focus:?}");
            assert!(focus.agreements.iter().all(Agreement::holds), "{:?}", focus.agreements);
        }
    }

    #[test]
    fn a_feature_that_tells_nothing_apart_is_refused() {
        let course = LearningCourse::new(Dataset::worm());
        let text = Focus::of(&course, 4, 0).unwrap_err().to_string();
        assert!(text.contains("grow") && text.contains("value 1 for every item"), "{text}");
        assert!(Focus::of(&course, 8, 3).is_err() && Focus::of(&course, 4, 10).is_err());
    }
}
