//! Bayesian deep linear networks: what depth, width and noise do to predictions.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Dots, Legend, Line, Panel, Sheet, series_color};
use crate::wide::BayesianDeepLinear;
use crate::wide::bayesian::linear_teacher::{LinearTeacher, Sampled};
use crate::wide::bayesian::scale_posterior::ScalePosterior;
use crate::wide::bayesian::weighted_networks::Estimate;
use crate::{Agreement, Result};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ_ε",
    unit: "",
    default: 0.5,
    low: 0.0,
    high: 2.0,
    kind: ParameterKind::Linear,
    help: "standard deviation of the labels' noise in panels a to c",
};

const UNITS: Parameter = Parameter {
    name: "units",
    symbol: "N",
    unit: "",
    default: 20.0,
    low: 6.0,
    high: 40.0,
    kind: ParameterKind::Integer,
    help: "hidden units in panels b and c",
};

pub(super) const FIGURE: Figure = Figure {
    name: "lisompolinsky2021",
    reference: "li2021",
    title: "Depth and width rescale the variance of Bayesian deep linear networks, not their mean",
    caption: "Deep linear networks with L hidden layers of N units, weights of variance σ²/fan-in, that have \
        learned six examples in 12 dimensions exactly; labels of a linear teacher with noise. a, Variance of \
        the output, relative to a Gaussian process of the first layer's kernel, against the width, for \
        σ² = 1.2 (dotted: the limit of many units). b, The same against the size r₀ of the labels as that kernel \
        sees it, at N = 20: noise makes labels large and the variance grow. c, Error at 20 new inputs \
        against the depth for N = 20 and three σ²; gray: its part that is the mean's at σ² = 1, which \
        neither depth nor width changes. d, \
        Error against the width for three levels of the noise of the labels and L = 2. Lines: exact at that \
        width. Dashed: limit of many units and examples. Circles: random networks, weighted by how well \
        they fit (4000 for each; shown where 30 or more of them count); bars: one standard error. The task is ours.",
    parameters: &[NOISE, UNITS],
    draw,
};

/// Examples, dimensions and test inputs.
const TASK: (usize, usize, usize) = (6, 12, 20);
/// σ² of panels a, b and d.
const VARIANCE: f64 = 1.2;
/// Networks that must count for an estimate to be shown and judged.
const ENOUGH: f64 = 30.0;

/// Draws samples beside theory and keeps the comparisons.
struct Sampler<'a> {
    settings: &'a Settings,
    task: LinearTeacher,
    agreements: Vec<Agreement>,
    /// Seeds used, one for every point.
    drawn: u64,
}

impl Sampler<'_> {
    /// Number of networks and seed of the next point.
    fn next(&mut self) -> (usize, u64) {
        self.drawn += 1;
        let count = if self.settings.effort == Effort::Paper { 4000 } else { 700 };
        (count, self.settings.seed.wrapping_mul(1_000_003).wrapping_add(self.drawn))
    }

    /// Keeps the comparison; nothing if too few networks count for an estimate.
    fn keep(&mut self, what: String, sampled: Sampled) -> Option<Estimate> {
        if sampled.effective < ENOUGH {
            return None;
        }
        self.agreements.push(sampled.agreement(what));
        Some(sampled.estimate)
    }

    /// Variance of the output relative to the Gaussian process, at the first test input.
    fn scale(&mut self, model: &BayesianDeepLinear, what: String) -> Result<Option<Estimate>> {
        let (count, seed) = self.next();
        let sampled = self.task.sample_scale(model, count, seed)?;
        Ok(self.keep(what, sampled))
    }

    fn error(&mut self, model: &BayesianDeepLinear, what: String) -> Result<Option<Estimate>> {
        let (count, seed) = self.next();
        let sampled = self.task.sample_error(model, count, seed)?;
        Ok(self.keep(what, sampled))
    }

    fn simulates(&self) -> bool {
        self.settings.effort != Effort::Theory
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let task = LinearTeacher::draw(TASK.0, TASK.1, TASK.2, settings.seed);
    let mut sampler = Sampler { settings, task, agreements: Vec::new(), drawn: 0 };
    let mut panels = vec![
        width_panel(&mut sampler)?,
        labels_panel(&mut sampler)?,
        depth_panel(&mut sampler)?,
        error_panel(&mut sampler)?,
    ];
    for (i, panel) in panels.iter_mut().enumerate() {
        if i == 0 || i == 3 {
            explain(panel, sampler.simulates());
        }
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements: sampler.agreements })
}

fn explain(panel: &mut Panel, simulated: bool) {
    panel.add(dashed(Line::new("many units", &[], &[], Color::GRAY)));
    explain_marks(panel, simulated);
}

fn dashed(line: Line) -> Line {
    Line { dash: Dash::Dashed, width: 0.8, ..line }
}

fn dots(x: &[f64], found: &[Option<Estimate>], color: Color) -> Dots {
    let seen: Vec<_> = x.iter().zip(found).filter_map(|(x, f)| Some((*x, (*f)?))).collect();
    let column = |of: fn(&(f64, Estimate)) -> f64| seen.iter().map(of).collect::<Vec<f64>>();
    let spread = Some(column(|p| p.1.error));
    Dots { open: true, spread, ..Dots::new("", &column(|p| p.0), &column(|p| p.1.value), color) }
}

fn width_panel(sampler: &mut Sampler<'_>) -> Result<Panel> {
    let noise = sampler.settings.values.get(&NOISE);
    let y = AxisSpec::linear("variance / Gaussian process");
    let mut panel = Panel::new(AxisSpec::log("hidden units N").within(5.5, 220.0), y);
    panel.legend = Legend::Right;
    let widths: Vec<usize> = log_grid(6.0, 200.0, 40).iter().map(|n| n.round() as usize).collect();
    let x: Vec<f64> = widths.iter().map(|n| *n as f64).collect();
    for (i, hidden) in [1usize, 2, 3].into_iter().enumerate() {
        let color = series_color(i);
        let at = |width| sampler.task.network(hidden, width, VARIANCE, noise);
        let fit = at(10).evidence(sampler.task.tests.view())?.fit;
        let exact = widths.iter().map(|n| at(*n).scale(fit).mean()).collect::<Result<Vec<_>>>()?;
        let saddle = widths
            .iter()
            .map(|n| Ok(at(*n).scale(fit).saddle()?.powi(hidden as i32)))
            .collect::<Result<Vec<_>>>()?;
        panel.add(Line::new(format!("L = {hidden}"), &x, &exact, color));
        panel.add(dashed(Line::new("", &x, &saddle, color)));
        let limit = VARIANCE.powi(hidden as i32);
        let line = Line::new("", &[5.5, 220.0], &[limit, limit], color);
        panel.add(Line { dash: Dash::Dotted, width: 0.7, ..line });
        if sampler.simulates() {
            let places = [10usize, 20, 40];
            let found = places
                .iter()
                .map(|n| {
                    let model = sampler.task.network(hidden, *n, VARIANCE, noise);
                    sampler.scale(&model, format!("variance, L = {hidden}, N = {n}"))
                })
                .collect::<Result<Vec<_>>>()?;
            panel.add(dots(&places.map(|n| n as f64), &found, color));
        }
    }
    Ok(panel)
}

fn labels_panel(sampler: &mut Sampler<'_>) -> Result<Panel> {
    let width = sampler.settings.values.integer(&UNITS);
    let x = AxisSpec::log("size of the labels r_0").within(0.1, 30.0);
    let mut panel = Panel::new(x, AxisSpec::log("variance / Gaussian process"));
    panel.legend = Legend::Right;
    let fits = log_grid(0.1, 30.0, 41);
    for (i, hidden) in [1usize, 2, 3].into_iter().enumerate() {
        let color = series_color(i);
        let at = |fit: f64| ScalePosterior {
            hidden,
            width,
            samples: TASK.0,
            weight_variance: VARIANCE,
            fit,
        };
        let exact = fits.iter().map(|r| at(*r).mean()).collect::<Result<Vec<_>>>()?;
        let saddle = fits
            .iter()
            .map(|r| Ok(at(*r).saddle()?.powi(hidden as i32)))
            .collect::<Result<Vec<_>>>()?;
        panel.add(Line::new(format!("L = {hidden}"), &fits, &exact, color));
        panel.add(dashed(Line::new("", &fits, &saddle, color)));
        if sampler.simulates() {
            let places = [0.3, 1.0, 3.0];
            let mut found = Vec::new();
            for fit in places {
                let mut model = sampler.task.network(hidden, width, VARIANCE, 0.5);
                let now = model.evidence(sampler.task.tests.view())?.fit;
                model.labels *= (fit / now).sqrt();
                found.push(sampler.scale(&model, format!("variance, L = {hidden}, r₀ = {fit}"))?);
            }
            panel.add(dots(&places, &found, color));
        }
    }
    Ok(panel)
}

fn depth_panel(sampler: &mut Sampler<'_>) -> Result<Panel> {
    let (width, noise) =
        (sampler.settings.values.integer(&UNITS), sampler.settings.values.get(&NOISE));
    let y = AxisSpec::log("error at new inputs");
    let mut panel = Panel::new(AxisSpec::linear("hidden layers L").within(0.5, 8.5), y);
    panel.legend = Legend::Right;
    let depths: Vec<usize> = (1..=8).collect();
    let x: Vec<f64> = depths.iter().map(|l| *l as f64).collect();
    for (i, variance) in [0.7, 1.0, 1.4].into_iter().enumerate() {
        let color = series_color(i + 3);
        let (exact, saddle) = errors(sampler, depths.iter().map(|l| (*l, width)), variance, noise)?;
        panel.add(Line::new(format!("σ² = {variance}"), &x, &exact, color));
        panel.add(dashed(Line::new("", &x, &saddle, color)));
        if sampler.simulates() {
            let places = [1usize, 2, 3];
            let mut found = Vec::new();
            for hidden in places {
                let model = sampler.task.network(hidden, width, variance, noise);
                found.push(sampler.error(&model, format!("error, σ² = {variance}, L = {hidden}"))?);
            }
            panel.add(dots(&places.map(|l| l as f64), &found, color));
        }
    }
    let model = sampler.task.network(1, width, 1.0, noise);
    let mut mean = model.evidence(sampler.task.tests.view())?.process;
    mean.variance.iter_mut().for_each(|v| *v = 0.0);
    let bias = mean.generalization_error(&sampler.task.truth)?;
    panel.add(Line::new("of the mean", &[0.5, 8.5], &[bias, bias], Color::GRAY));
    Ok(panel)
}

/// Exact errors and those at the saddle, for pairs of depth and width.
fn errors(
    sampler: &Sampler<'_>,
    shapes: impl Iterator<Item = (usize, usize)>,
    variance: f64,
    noise: f64,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut exact, mut saddle) = (Vec::new(), Vec::new());
    let (tests, truth) = (sampler.task.tests.view(), &sampler.task.truth);
    for (hidden, width) in shapes {
        let model = sampler.task.network(hidden, width, variance, noise);
        exact.push(model.predict(tests)?.generalization_error(truth)?);
        saddle.push(model.predict_at_saddle(tests)?.generalization_error(truth)?);
    }
    Ok((exact, saddle))
}

fn error_panel(sampler: &mut Sampler<'_>) -> Result<Panel> {
    let x = AxisSpec::log("hidden units N").within(5.5, 220.0);
    let mut panel = Panel::new(x, AxisSpec::linear("error at new inputs"));
    panel.legend = Legend::Right;
    let widths: Vec<usize> = log_grid(6.0, 200.0, 40).iter().map(|n| n.round() as usize).collect();
    let x: Vec<f64> = widths.iter().map(|n| *n as f64).collect();
    for (i, noise) in [0.0, 0.5, 1.0].into_iter().enumerate() {
        let color = [series_color(6), series_color(5), series_color(1)][i];
        let (exact, saddle) = errors(sampler, widths.iter().map(|n| (2, *n)), VARIANCE, noise)?;
        panel.add(Line::new(format!("noise {noise}"), &x, &exact, color));
        panel.add(dashed(Line::new("", &x, &saddle, color)));
        if sampler.simulates() {
            let places = [10usize, 20, 40];
            let mut found = Vec::new();
            for width in places {
                let model = sampler.task.network(2, width, VARIANCE, noise);
                found.push(sampler.error(&model, format!("error, noise {noise}, N = {width}"))?);
            }
            panel.add(dots(&places.map(|n| n as f64), &found, color));
        }
    }
    Ok(panel)
}
