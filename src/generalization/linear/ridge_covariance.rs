//! Ridge regression on inputs of any covariance (`dobriban2018`, `hastie2022`).
//!
//! Examples x have the covariance eigenvalues s_i, y = w·x + ε, and the objective is
//! (1/n)‖y − Xw‖² + λ‖w‖². With the effective ridge κ and the degrees of freedom df₁, df₂ of
//! [`effective_ridge`](super::effective_ridge)
//!
//! ```math
//! E_{test} = \frac{\kappa^2\sum_i s_iw_i^2/(s_i+\kappa)^2 + \sigma^2}{1-\mathrm{df}_2/n},\qquad
//! E_{training} = \Big(1-\frac{\mathrm{df}_1}{n}\Big)^2 E_{test},
//! ```
//!
//! both with the label noise σ². Without a ridge it is least squares, of smallest norm where n is
//! less than the number of inputs. Inputs that the student does not have (misspecification) act as
//! noise: if they are independent of the others, add their energy to σ².

use super::effective_ridge::effective_ridges;
use super::least_squares::{ALPHA, SNR};
use super::ridge::ridge_solution;
use super::sampled_student::{n_examples, sample_cells};
use super::student::Errors;
use crate::curve::Curve;
use crate::math::random::{Purpose, gaussian, stream};
use crate::parameter::{Parameter, ParameterKind, Values};
use crate::{Error, Result};

/// Inputs and teacher in the eigenbasis of the covariance, one entry for each distinct eigenvalue.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// Variances s_i.
    pub eigenvalues: Vec<f64>,
    /// How many inputs have each of them.
    pub multiplicities: Vec<f64>,
    /// Energy of the signal that they carry: s_i times the sum of w² over them.
    pub energies: Vec<f64>,
}

/// Test and training error for each pair (n, λ) of a number of examples and a ridge.
///
/// # Errors
/// [`Error::Diverges`] without a ridge where there are as many examples as inputs; lists that do not
/// fit, values out of range.
pub fn errors(cases: &[(f64, f64)], inputs: &Inputs, noise: f64) -> Result<Vec<Errors>> {
    let Inputs { eigenvalues, multiplicities, energies } = inputs;
    if energies.len() != eigenvalues.len() {
        let expected = format!("one for each of {} eigenvalues", eigenvalues.len());
        return Err(Error::shape("energies", [energies.len()], expected));
    }
    if !(noise.is_finite() && noise >= 0.0) {
        return Err(Error::parameter("noise", noise, "it must be finite and not negative"));
    }
    let solutions = effective_ridges(cases, eigenvalues, multiplicities)?;
    for (i, (s, energy)) in eigenvalues.iter().zip(energies).enumerate() {
        if !(energy.is_finite() && *energy >= 0.0 && (*s > 0.0 || *energy == 0.0)) {
            let allowed = "it must not be negative, and 0 where the inputs have no variance";
            return Err(Error::parameter(format!("energy {}", i + 1), energy, allowed));
        }
    }
    let at = |(solution, (n, ridge)): (&super::effective_ridge::EffectiveRidge, &(f64, f64))| {
        let kappa = solution.kappa;
        let unlearned = |(s, energy): (&f64, &f64)| match *energy {
            0.0 => 0.0,
            energy => energy * (kappa / (s + kappa)).powi(2),
        };
        let error = noise + eigenvalues.iter().zip(energies).map(unlearned).sum::<f64>();
        if solution.stability <= 0.0 && error > 0.0 {
            return Err(Error::Diverges {
                what: "test error".into(),
                place: format!("{n} examples of as many inputs, ridge {ridge}"),
                remedy: "change the number of examples or add a ridge".into(),
            });
        }
        let test = if error > 0.0 { error / solution.stability } else { 0.0 };
        Ok(Errors { test, training: solution.residual.powi(2) * test })
    };
    solutions.iter().zip(cases).map(at).collect()
}

const RIDGE: Parameter = Parameter {
    name: "ridge",
    symbol: "λ",
    unit: "",
    default: 1e-3,
    low: 0.0,
    high: 1e6,
    kind: ParameterKind::Linear,
    help: "strength of the penalty on the weights, per example",
};

const CONTRAST: Parameter = Parameter {
    name: "contrast",
    symbol: "c",
    unit: "",
    default: 100.0,
    low: 1.0,
    high: 1e8,
    kind: ParameterKind::Log,
    help: "variance of the strong half of the inputs over that of the weak half",
};

const ALIGNMENT: Parameter = Parameter {
    name: "alignment",
    symbol: "φ",
    unit: "",
    default: 0.5,
    low: 0.0,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "share of the signal that the strong inputs carry",
};

/// Ridge regression on inputs of two variances: how well the signal is aligned with the strong ones
/// decides, and without a ridge there can be two peaks.
pub const TWO_VARIANCES: Curve = Curve {
    name: "ridge-two-variances",
    summary: "ridge regression with strong and weak inputs",
    reference: "hastie2022",
    parameters: &[ALPHA, SNR, RIDGE, CONTRAST, ALIGNMENT],
    observables: &["test error", "training error"],
    size: "input dimension p, rounded to an even number",
    cells: |point, p| sample_cells(point.get(&ALPHA), p),
    theory,
    simulation,
    bias,
};

/// Variances (strong, weak) of mean 1.
fn variances(point: &Values) -> [f64; 2] {
    let weak = 2.0 / (1.0 + point.get(&CONTRAST));
    [point.get(&CONTRAST) * weak, weak]
}

fn theory(point: &Values) -> Result<Vec<f64>> {
    let share = point.get(&ALIGNMENT);
    let inputs = Inputs {
        eigenvalues: variances(point).to_vec(),
        multiplicities: vec![0.5, 0.5],
        energies: vec![share, 1.0 - share],
    };
    let case = (point.get(&ALPHA), point.get(&RIDGE));
    let found = errors(&[case], &inputs, point.get(&SNR).recip())?[0];
    Ok(vec![found.test, found.training])
}

fn simulation(point: &Values, size: usize, seed: u64) -> Result<Vec<f64>> {
    let half = size.div_ceil(2);
    let (p, share) = (2 * half, point.get(&ALIGNMENT));
    let n = n_examples(point.get(&ALPHA), p)?;
    let mut rng = stream(seed, Purpose::Task, 0);
    let [strong, weak] = variances(point);
    let mut x = gaussian(n, p, 1.0, &mut rng);
    let mut teacher = gaussian(p, 1, 1.0, &mut rng).column(0).to_owned();
    let energy = |i: usize| if i < half { share } else { 1.0 - share };
    let variance = |i: usize| if i < half { strong } else { weak };
    for (i, mut column) in x.columns_mut().into_iter().enumerate() {
        column.mapv_inplace(|z| z * variance(i).sqrt());
        teacher[i] *= (energy(i) / (variance(i) * half as f64)).sqrt();
    }
    let noise = point.get(&SNR).recip();
    let y = x.dot(&teacher) + gaussian(n, 1, noise.sqrt(), &mut rng).column(0);
    let student = ridge_solution(&x, &y, n as f64 * point.get(&RIDGE))?;
    let gap = (&student - &teacher).mapv(|d| d * d);
    let test = noise + gap.iter().enumerate().map(|(i, d)| variance(i) * d).sum::<f64>();
    let residuals = y - x.dot(&student);
    Ok(vec![test, residuals.dot(&residuals) / n as f64])
}

/// As for isotropic inputs, corrections of order 1/p act like a shift of the number of examples by
/// one, and rounding their number by another half.
fn bias(point: &Values, size: usize, here: &[f64]) -> Result<Vec<f64>> {
    let shift = 1.5 / size as f64;
    let mut largest = vec![0.0f64; here.len()];
    for shifted in [-shift, shift] {
        let alpha = (point.get(&ALPHA) + shifted).clamp(ALPHA.low, ALPHA.high);
        let there = theory(&point.with(ALPHA.name, alpha)?)?;
        for ((bias, here), there) in largest.iter_mut().zip(here).zip(there) {
            *bias = bias.max((here - there).abs());
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generalization::linear::ridge::ridge_errors;
    use crate::generalization::linear::student::{Variances, final_errors};
    use proptest::prelude::*;

    fn isotropic(p: f64) -> Inputs {
        Inputs { eigenvalues: vec![1.0], multiplicities: vec![p], energies: vec![1.0] }
    }

    #[test]
    fn ridgeless_regression_has_the_double_descent_of_hastie_2022() {
        let n = 400.0;
        for gamma in [0.1, 0.6, 0.95, 1.2, 3.0, 10.0] {
            for snr in [1.0f64, 5.0] {
                let found = errors(&[(n, 0.0)], &isotropic(gamma * n), snr.recip()).unwrap()[0];
                let v = Variances::from_snr(snr).unwrap();
                let expected = final_errors(gamma.recip(), &v).unwrap();
                approx::assert_relative_eq!(found.test, expected.test, max_relative = 1e-11);
                approx::assert_abs_diff_eq!(found.training, expected.training, epsilon = 1e-12);
            }
        }
        let peak = errors(&[(n, 0.0)], &isotropic(n), 0.5).unwrap_err();
        assert!(matches!(peak, Error::Diverges { .. }));
    }

    #[test]
    fn inputs_that_do_not_fit_are_refused() {
        let mut bad = isotropic(10.0);
        bad.eigenvalues[0] = 0.0;
        assert!(errors(&[(5.0, 0.1)], &bad, 0.1).is_err());
        assert!(errors(&[(5.0, 0.1)], &isotropic(10.0), -0.1).is_err());
        assert!(errors(&[(5.0, -0.1)], &isotropic(10.0), 0.1).is_err());
        let bad = Inputs { energies: vec![], ..isotropic(10.0) };
        assert!(errors(&[(5.0, 0.1)], &bad, 0.1).is_err());
    }

    proptest! {
        #[test]
        fn isotropic_inputs_agree_with_the_closed_form(
            log_alpha in -2.5..2.5f64, log_ridge in -8.0..4.0f64, snr in 0.1..20.0f64,
        ) {
            // Inputs of variance 1/N and a sum in place of a mean: γ = λα.
            let (alpha, gamma) = (log_alpha.exp(), log_ridge.exp());
            let found = errors(&[(alpha, gamma / alpha)], &isotropic(1.0), snr.recip()).unwrap()[0];
            let v = Variances::from_snr(snr).unwrap();
            let expected = ridge_errors(alpha, gamma, &v).unwrap();
            prop_assert!((found.test / expected.test - 1.0).abs() < 1e-9);
            prop_assert!((found.training - expected.training).abs() < 1e-9 * found.test);
        }

        #[test]
        fn more_noise_and_splitting_a_block_do_what_they_must(
            n in 1.0..200.0f64, ridge in 1e-6..1.0f64, noise in 0.0..2.0f64,
            spectrum in prop::collection::vec((1e-3..10.0f64, 1.0..40.0f64, 0.0..1.0f64), 1..6),
        ) {
            let list = |of: fn(&(f64, f64, f64)) -> f64| spectrum.iter().map(of).collect::<Vec<_>>();
            let inputs = Inputs {
                eigenvalues: list(|b| b.0), multiplicities: list(|b| b.1), energies: list(|b| b.2),
            };
            let twice = |list: &[f64], factor: f64| {
                list.iter().flat_map(|x| [x * factor, x * factor]).collect::<Vec<_>>()
            };
            let split = Inputs {
                eigenvalues: twice(&inputs.eigenvalues, 1.0),
                multiplicities: twice(&inputs.multiplicities, 0.5),
                energies: twice(&inputs.energies, 0.5),
            };
            let whole = errors(&[(n, ridge)], &inputs, noise).unwrap()[0];
            let parts = errors(&[(n, ridge)], &split, noise).unwrap()[0];
            prop_assert!((whole.test / parts.test - 1.0).abs() < 1e-9 || whole.test < 1e-300);
            let noisier = errors(&[(n, ridge)], &inputs, noise + 0.1).unwrap()[0];
            prop_assert!(noisier.test > whole.test + 0.1 - 1e-12);
            prop_assert!(whole.training <= whole.test && whole.test >= noise);
        }
    }
}
