//! The best time to stop against the signal-to-noise ratio.

use super::ensembles::{Mean, dots, measure, seeds};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::curve::Sweep;
use crate::generalization::linear::least_squares::STOPPED;
use crate::generalization::linear::sampled_stopping::best_stopping_times;
use crate::generalization::linear::student::{Variances, best_stopping};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Legend, Line, Panel, Sheet, series_color, series_dash};
use crate::{Axis, Result, Solvable};

const ALPHA: Parameter = Parameter {
    name: "alpha",
    symbol: "α",
    unit: "",
    default: 2.0,
    low: 1.2,
    high: 10.0,
    kind: ParameterKind::Log,
    help: "examples per weight, the largest of the three",
};

pub(super) const FIGURE: Figure = Figure {
    name: "advani2020_fig4",
    reference: "advani2020",
    title: "The less noise, the longer to train",
    caption: "a, Time at which the test error of a linear student is smallest against the \
        signal-to-noise ratio, for few, as many, and many examples per weight. Lines: theory in the \
        limit of many inputs. Circles: time at which the mean test error of 30 networks of 80 inputs is \
        smallest, with its jackknife standard error. b, The test error there over the variance of \
        the noise; circles: the networks stopped at the time of theory, mean and standard error.",
    parameters: &[ALPHA],
    draw,
};

const ENDS: (f64, f64) = (0.1, 100.0);

fn draw(settings: &Settings) -> Result<Drawing> {
    let (size, runs) = if settings.effort == Effort::Paper { (80, 30) } else { (40, 8) };
    let ratio = || AxisSpec::log("signal-to-noise ratio").within(ENDS.0, ENDS.1);
    let mut times = Panel::new(ratio(), AxisSpec::log("best stopping time (τ)"));
    let mut errors = Panel::new(ratio(), AxisSpec::log("test error / noise"));
    (times.legend, errors.legend) = (Legend::TopLeft, Legend::None);
    let fine = log_grid(ENDS.0, ENDS.1, 121);
    let grid = log_grid(0.15, 30.0, 7);
    let variances = grid.iter().map(|snr| Variances::from_snr(*snr)).collect::<Result<Vec<_>>>()?;
    let mut agreements = Vec::new();
    for (i, alpha) in [0.5, 1.0, settings.values.get(&ALPHA)].into_iter().enumerate() {
        let (color, dash) = (series_color(i), series_dash(i));
        let best: Vec<f64> = fine
            .iter()
            .map(|snr| Ok(best_stopping(alpha, &Variances::from_snr(*snr)?)?.time))
            .collect::<Result<_>>()?;
        let label = format!("α = {}", (100.0 * alpha).round() / 100.0);
        times.add(Line { dash, ..Line::new(label.as_str(), &fine, &best, color) });
        let sweep = Sweep::new(&STOPPED, &[("alpha", alpha)], "snr", Axis::Load, size)?;
        let over_noise = |grid: &[f64], values: &[f64]| -> Vec<f64> {
            grid.iter().zip(values).map(|(snr, e)| snr * e).collect()
        };
        let theory = sweep.predict(&fine)?;
        let y = over_noise(&fine, theory.get("test error").unwrap_or_default());
        errors.add(Line { dash, ..Line::new(label.as_str(), &fine, &y, color) });
        if settings.effort == Effort::Theory {
            continue;
        }
        let seeds = seeds(settings.seed, runs);
        let measured = best_stopping_times(alpha, &variances, size, &seeds)?;
        let (values, spread) = measured.into_iter().unzip();
        times.add(dots("", &grid, &Mean { values, errors: spread }, color));
        let (mut means, found) = measure(&sweep, &grid, runs, settings.seed)?;
        let mut mean = means.swap_remove(0);
        mean.values = over_noise(&grid, &mean.values);
        mean.errors = over_noise(&grid, &mean.errors);
        errors.add(dots("", &grid, &mean, color));
        agreements.extend(named(&label, found));
    }
    explain_marks(&mut times, settings.effort != Effort::Theory);
    let sheet = Sheet::new(FIGURE.title, vec![times, errors]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}
