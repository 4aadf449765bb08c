//! Training a network on folded inputs, one example after another.

use ndarray::{Array1, Array2};
use rand_chacha::ChaCha8Rng;

use super::setting::{Fold, HiddenManifold, ManifoldOverlaps};
use crate::math::linalg::eigh;
use crate::math::random::{Purpose, gaussian, stream};
use crate::net::online::committee::Committee;
use crate::net::online::units::{Inputs, OnlineUnits};
use crate::student_teacher::finite::online_descent::weights_with_overlaps;
use crate::student_teacher::order_parameters::OrderParameters;
use crate::{Error, Result};

/// Inputs that are folded at once: products of matrices are faster than those with vectors.
const TOGETHER: usize = 64;

/// A student of folded inputs in training.
pub(crate) struct Student<'a> {
    model: &'a HiddenManifold,
    fold: Fold,
    /// F, N × D, rows of length √D.
    features: Array2<f64>,
    /// w*, M × D.
    teacher: Array2<f64>,
    units: OnlineUnits,
    readouts: Array1<f64>,
    latent: ChaCha8Rng,
    rule: Committee,
    steps: u64,
}

impl<'a> Student<'a> {
    /// Features, teacher and weights drawn from the seed, the teacher's overlaps as given.
    pub fn new(model: &'a HiddenManifold, seed: u64) -> Result<Self> {
        let (n, d, start) = (model.size, model.n_latent(), &model.start);
        let mut features = gaussian(n, d, 1.0, &mut stream(seed, Purpose::Task, 0));
        for mut row in features.rows_mut() {
            let length = row.dot(&row).sqrt();
            row *= (d as f64).sqrt() / length;
        }
        let teacher = weights_with_overlaps(&start.t, d, &mut stream(seed, Purpose::Teacher, 0))?;
        let (values, vectors) = eigh(&start.random)?;
        let root = &vectors * &values.mapv(|x| x.max(0.0).sqrt());
        let random = gaussian(start.v.len(), n, 1.0, &mut stream(seed, Purpose::InitialWeights, 0));
        let seen = teacher.dot(&features.t()) / (d as f64).sqrt();
        let students = root.dot(&random) + start.aligned.dot(&seen);
        Ok(Self {
            model,
            fold: Fold::of(model.fold),
            features,
            teacher,
            units: OnlineUnits::new(students.view(), Array2::zeros((0, n)).view())?,
            readouts: start.v.clone(),
            latent: stream(seed, Purpose::Examples, 0),
            rule: Committee::new(
                model.activation,
                vec![model.learning.rate / (n as f64).sqrt(); start.v.len()],
                model.learning.readout_rate / n as f64,
                model.learning.noise,
                stream(seed, Purpose::LabelNoise, 0),
            ),
            steps: 0,
        })
    }

    /// Overlaps at increasing times, rounded to whole steps.
    pub fn learn(mut self, times: &[f64]) -> Result<Vec<ManifoldOverlaps>> {
        let mut states = Vec::with_capacity(times.len());
        for time in times {
            let until = (time * self.model.size as f64).round() as u64;
            while self.steps < until {
                let left = usize::try_from(until - self.steps).unwrap_or(TOGETHER);
                self.descend(left.min(TOGETHER));
            }
            states.push(self.overlaps(*time)?);
        }
        Ok(states)
    }

    /// Latent variables of fresh examples, the inputs and the teacher's fields that belong to them.
    fn examples(&mut self, count: usize) -> (Array2<f64>, Array2<f64>) {
        let d = self.teacher.ncols();
        let latent = gaussian(count, d, 1.0, &mut self.latent) / (d as f64).sqrt();
        let mut inputs = latent.dot(&self.features.t());
        inputs.mapv_inplace(|u| self.model.fold.value(u) - self.fold.mean);
        (inputs, latent.dot(&self.teacher.t()))
    }

    fn descend(&mut self, count: usize) {
        self.steps += count as u64;
        let (inputs, fields) = self.examples(count);
        let g = self.model.activation;
        let labels = fields.mapv(|rho| g.value(rho)).dot(&self.model.start.teacher_readout);
        let (mut labels, rule) = (labels.iter(), &mut self.rule);
        let readouts = self.readouts.as_slice_mut().unwrap_or_default();
        self.units.learn_from(&Inputs::of(inputs.view()), |students, _, moves| {
            let label = labels.next().copied().unwrap_or_default();
            rule.step((students, &[]), (&mut *readouts, &[]), label, moves);
        });
    }

    fn overlaps(&self, time: f64) -> Result<ManifoldOverlaps> {
        let students = self.units.students();
        if students.iter().chain(&self.readouts).any(|x| x.is_nan() || x.abs() > 1e100) {
            return Err(Error::Numerical {
                method: "online learning of folded inputs",
                reason: format!("weights diverged before t = {time}; use smaller learning rates"),
            });
        }
        let (n, d) = (self.model.size as f64, self.teacher.ncols() as f64);
        let weights = students.dot(&students.t()) / n;
        let latent = students.dot(&self.features) / n.sqrt();
        let Fold { linear, rest, .. } = self.fold;
        let fields = OrderParameters {
            q: &weights * rest + latent.dot(&latent.t()) * (linear * linear / d),
            r: latent.dot(&self.teacher.t()) * (linear / d),
            t: self.model.start.t.clone(),
            v: self.readouts.clone(),
            teacher_readout: self.model.start.teacher_readout.clone(),
        };
        Ok(ManifoldOverlaps { fields, weights })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::statistics::mean_and_error;
    use crate::net::Nonlinearity;
    use crate::student_teacher::hidden_manifold::case::manifold;
    use ndarray::Axis;

    /// Overlaps give the error on examples that are not Gaussian at all.
    #[test]
    fn the_error_by_overlaps_is_the_error_on_fresh_examples() {
        for fold in [Nonlinearity::ERF_SQRT2, Nonlinearity::RELU] {
            let model = HiddenManifold { fold, ..manifold(400) };
            let mut student = Student::new(&model, 1).unwrap();
            for _ in 0..60 {
                student.descend(TOGETHER);
            }
            let overlaps = student.overlaps(9.6).unwrap();
            let students = student.units.students();
            let (g, start) = (model.activation, &model.start);
            let (inputs, fields) = student.examples(4000);
            let labels = fields.mapv(|h| g.value(h)).dot(&start.teacher_readout);
            let hidden = inputs.dot(&students.t()) / (model.size as f64).sqrt();
            let gaps = hidden.mapv(|h| g.value(h)).dot(&student.readouts) - labels;
            let (mean, error) = mean_and_error(gaps.iter().map(|gap| 0.5 * gap * gap));
            let found = overlaps.error(g);
            // Four standard errors, and what 400 inputs are away from Gaussian.
            let allowed = 4.0 * error + 2.0 * found / model.size as f64;
            assert!((mean - found).abs() < allowed, "{fold}: {mean} ± {error}, {found}");
        }
    }

    #[test]
    fn features_have_one_length_and_teachers_the_overlaps_asked_for() {
        let model = manifold(50);
        let student = Student::new(&model, 0).unwrap();
        let lengths = student.features.mapv(|x| x * x).sum_axis(Axis(1)) / 50.0;
        assert!(lengths.iter().all(|x| (x - 1.0).abs() < 1e-13), "{lengths}");
        let t = student.teacher.dot(&student.teacher.t()) / 50.0;
        assert!((t - &model.start.t).iter().all(|x| x.abs() < 1e-13));
    }

    #[test]
    fn runs_are_reproducible() {
        let model = manifold(30);
        let run = |seed| model.train(&[0.0, 1.3, 4.0], seed).unwrap();
        assert_eq!(run(0), run(0));
        assert_ne!(run(0), run(1));
    }
}
