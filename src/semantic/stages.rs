//! Stages of learning: when each level of a hierarchy is learned, and how suddenly.

use crate::deep_linear::depth::DepthMode;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::task::environment::Spectrum;
use crate::{Error, Result};

/// Parts of the full strength between which a mode counts as being learned.
const BEGUN: f64 = 0.1;
const DONE: f64 = 0.9;

/// How one distinction is learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// What is told apart: the name of its [`Eigenspace`](crate::task::environment::Eigenspace).
    pub name: String,
    /// Singular value s of its modes.
    pub singular_value: f64,
    /// Time (τ) at which half of it is learned; `None` if it never is.
    pub half_time: Option<f64>,
    /// Time that it takes from 10 to 90 % of its full strength; `None` if it does not pass both.
    pub width: Option<f64>,
}

impl Stage {
    /// Width over delay. Near 0 a distinction is learned in a stage, all at once after a long wait; a
    /// shallow network from a small start has ln 9/ln 2 = 3.17 for all of them.
    pub fn sharpness(&self) -> Option<f64> {
        Some(self.width? / self.half_time.filter(|t| *t > 0.0)?)
    }
}

/// How an aligned network of `depth` equal layers learns every distinction of an environment with
/// `n_features` features, from the initial strength `u0` of each mode.
///
/// Two layers, with s = √(Nλ)/P and d = 1/P:
///
/// ```math
/// t_{1/2} = \frac{\tau}{2s}\ln\Big(\frac{s}{d\,u_0} - 1\Big),\qquad
/// t_{90\%} - t_{10\%} = \frac{\tau\ln 81}{2s},\qquad
/// \text{sharpness} = \frac{\ln 81}{\ln(s/(d\,u_0) - 1)} ,
/// ```
///
/// so that stages get sharper without bound as the start gets smaller (`saxe2019`). One layer has
/// the same time constant 1/d for all distinctions, whatever their singular values; more layers take
/// longer to begin and are sharper still ([`DepthMode`]).
///
/// # Errors
/// A depth of 0, an initial strength that is not positive, or a bad number of features.
pub fn stages(spectrum: &Spectrum, n_features: f64, u0: f64, depth: usize) -> Result<Vec<Stage>> {
    if depth == 0 {
        return Err(Error::parameter("depth", 0, "it counts weight layers and is at least 1"));
    }
    if !(u0.is_finite() && u0 > 0.0) {
        return Err(Error::parameter("initial mode strength", u0, "it must be positive"));
    }
    if !(n_features.is_finite() && n_features > 0.0) {
        return Err(Error::parameter("number of features", n_features, "it must be positive"));
    }
    let d = 1.0 / spectrum.n_items() as f64;
    let spaces = spectrum.eigenspaces.iter().zip(spectrum.singular_values(n_features));
    spaces
        .map(|(space, s)| {
            let (half_time, width) = course(s, d, u0, depth)?;
            Ok(Stage { name: space.name.clone(), singular_value: s, half_time, width })
        })
        .collect()
}

/// Half time and width of one mode.
fn course(s: f64, d: f64, u0: f64, depth: usize) -> Result<(Option<f64>, Option<f64>)> {
    let target = s / d;
    if target <= 0.0 {
        return Ok((None, None));
    }
    let (half, begun, done) = if depth == 2 {
        let mode = TwoLayerMode::balanced(s, d, u0)?;
        (mode.half_time(), mode.time_to(BEGUN * target), mode.time_to(DONE * target))
    } else {
        let mode = DepthMode::new(s, d, depth as f64, u0)?;
        (mode.half_time()?, mode.time_to(BEGUN * target)?, mode.time_to(DONE * target)?)
    };
    Ok((half, begun.zip(done).map(|(begun, done)| done - begun)))
}

/// The places of the stages in the order in which they are learned, those never learned left out.
/// Equal times keep the order of the environment.
pub fn order(stages: &[Stage]) -> Vec<usize> {
    let mut learned: Vec<(usize, f64)> =
        stages.iter().enumerate().filter_map(|(i, stage)| Some((i, stage.half_time?))).collect();
    learned.sort_by(|a, b| a.1.total_cmp(&b.1));
    learned.into_iter().map(|(i, _)| i).collect()
}

/// Whether covariances c_0 … c_D by the depth of the last common ancestor make a network learn broad
/// distinctions strictly before fine ones, and all of them: each must exceed the one before, the first
/// zero.
///
/// Of a tree λ^(l) − λ^(l+1) = Δ_l m_l and λ^(D) = Δ_D m_D, with Δ_l = c_l − c_{l−1}: levels are in
/// order of strength if and only if every Δ_l > 0, and strong modes are learned first. For a basic
/// level that is learned before the superordinate one some Δ_l must not be positive: members of the
/// broad category are then less alike than chance (derived here).
/// [`order_of_levels`](super::categories::order_of_levels) says what comes first instead.
pub fn broad_first(covariances: &[f64]) -> bool {
    let before = std::iter::once(&0.0).chain(covariances);
    covariances.iter().zip(before).all(|(c, before)| c > before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Solvable;
    use crate::deep_linear::aligned::AlignedNetwork;
    use crate::deep_linear::half_times::first_crossing;
    use crate::deep_linear::recording::mode_name;
    use crate::task::environment::Tree;
    use proptest::prelude::*;

    fn binary() -> Spectrum {
        Tree::new(&[2, 2, 2]).unwrap().indicator_spectrum(&[1; 4]).unwrap()
    }

    #[test]
    fn half_times_of_a_binary_tree_are_those_of_the_closed_form() {
        let found = stages(&binary(), 1.0, 1e-6, 2).unwrap();
        // s = √15/8, √7/8, √3/8, 1/8: computed independently.
        for (stage, (s, t)) in found.iter().zip([
            (0.48412, 15.667),
            (0.33072, 22.358),
            (0.21651, 33.174),
            (0.125, 55.262),
        ]) {
            assert!((stage.singular_value - s).abs() < 5e-6);
            assert!((stage.half_time.unwrap() - t).abs() < 5e-4, "{stage:?}");
            let width = 81f64.ln() / (2.0 * stage.singular_value);
            assert!((stage.width.unwrap() / width - 1.0).abs() < 1e-12);
        }
        assert_eq!(order(&found), [0, 1, 2, 3]);
    }

    #[test]
    fn only_depth_makes_stages_and_smaller_starts_make_them_sharper() {
        let of = |u0: f64, depth: usize| stages(&binary(), 1.0, u0, depth).unwrap();
        for stage in of(1e-9, 1) {
            // ln 9 / ln 2, for every level alike.
            assert!((stage.sharpness().unwrap() - 9f64.ln() / 2f64.ln()).abs() < 1e-6);
            assert!((stage.half_time.unwrap() - 8.0 * 2f64.ln()).abs() < 1e-6);
        }
        for depth in [2, 3, 4] {
            let sharpness = |u0: f64| of(u0, depth)[1].sharpness().unwrap();
            assert!(sharpness(1e-9) < sharpness(1e-6) && sharpness(1e-6) < sharpness(1e-3));
        }
        let sharpness = [1, 2, 3, 4].map(|depth| of(1e-6, depth)[1].sharpness().unwrap());
        assert!(sharpness.windows(2).all(|w| w[1] < w[0]), "{sharpness:?}");
    }

    /// Delay and width of every level in trained networks.
    #[test]
    fn descent_takes_the_stages_of_theory() {
        let spectrum = Tree::new(&[2, 2, 2]).unwrap().diffusion_spectrum(0.1).unwrap();
        let first_mode = |level: usize| -> usize {
            spectrum.eigenspaces[..level].iter().map(|e| e.multiplicity()).sum()
        };
        for depth in [1, 2, 3] {
            let theory = stages(&spectrum, 8.0, 1e-3, depth).unwrap();
            let last = 5.0 * theory[3].half_time.unwrap();
            let grid: Vec<f64> = (0..=3000).map(|i| last * f64::from(i) / 3000.0).collect();
            let measured = |rate: f64| -> Vec<[f64; 3]> {
                let scale = 1e-3f64.powf((depth as f64).recip());
                let task = spectrum.task(8.0).unwrap();
                let network = AlignedNetwork::uniform(task, &vec![8; depth - 1], scale, rate);
                let run = network.simulate(&grid, 5).unwrap();
                let of_level = |(level, stage): (usize, &Stage)| {
                    let u = run.get(&mode_name(first_mode(level))).unwrap();
                    [BEGUN, 0.5, DONE].map(|share| {
                        let level = share * stage.singular_value * 8.0;
                        first_crossing(&grid, u, level).unwrap()
                    })
                };
                theory.iter().enumerate().map(of_level).collect()
            };
            for ((stage, whole), half) in theory.iter().zip(measured(0.02)).zip(measured(0.01)) {
                // First order in the step, and a straight line across a grid step.
                let off = |i: usize| 4.0 * (whole[i] - half[i]).abs() + 2.0 * grid[1].powi(2);
                let (delay, width) = (stage.half_time.unwrap(), stage.width.unwrap());
                assert!((whole[1] - delay).abs() < off(1), "{depth}: {stage:?} {whole:?}");
                assert!(
                    (whole[2] - whole[0] - width).abs() < off(0) + off(2),
                    "{depth}: {stage:?}"
                );
                assert!(off(0) + off(2) < 0.1 * width, "vacuous: {depth} {stage:?}");
            }
        }
    }

    #[test]
    fn a_level_without_variance_is_never_learned_and_bad_settings_are_refused() {
        let tree = Tree::new(&[2, 2]).unwrap();
        let alike = tree.spectrum(&[0.5, 1.0, 1.0]).unwrap();
        let found = stages(&alike, 10.0, 1e-3, 2).unwrap();
        assert_eq!((found[2].half_time, found[2].sharpness()), (None, None));
        assert_eq!(order(&found), [0, 1]);
        for (n, u0, depth) in [(0.0, 0.1, 2), (f64::NAN, 0.1, 2), (1.0, 0.0, 2), (1.0, 0.1, 0)] {
            assert!(stages(&alike, n, u0, depth).is_err());
        }
        // A start above the target is half learned at once and never passes 10 %.
        let above = &stages(&alike, 10.0, 1e3, 2).unwrap()[1];
        assert_eq!((above.half_time, above.sharpness()), (Some(0.0), None));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn broad_comes_first_if_and_only_if_every_step_of_covariance_is_positive(
            steps in prop::collection::vec(-0.5f64..1.0, 4), depth in 2usize..4,
        ) {
            // Steps that are no steps would be decided by rounding.
            prop_assume!(steps.iter().all(|s| s.abs() > 1e-6));
            let mut sum = 0.0;
            let covariances: Vec<f64> = steps.iter().map(|s| { sum += s; sum }).collect();
            let spectrum = Tree::new(&[2, 3, 2]).unwrap().spectrum(&covariances).unwrap();
            let found = stages(&spectrum, 50.0, 1e-12, depth).unwrap();
            // Below a few times the start a mode is not learned but there; far above, s decides.
            let learnable = found.iter().all(|s| s.singular_value == 0.0 || s.singular_value > 1e-3);
            prop_assume!(learnable);
            prop_assert_eq!(broad_first(&covariances), order(&found) == [0, 1, 2, 3]);
        }
    }
}
