//! When a category is learned, and whether it is: coherence.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::even_grid;
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::half_times::first_crossing;
use crate::math::parallel::in_parallel;
use crate::net::{LayeredNetwork, Network, Nonlinearity, gradient_descent_examples};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dots, Heatmap, Legend, Line, Marker, Panel, Rule, Sheet, series_color,
};
use crate::semantic::coherence::{half_time, half_time_gap};
use crate::task::environment::{Detected, PlantedCategory};
use crate::{Agreement, Correlations, Modes, Result, Solvable};

/// Items and features of the tables whose modes are taken, of those that networks learn, and of the
/// one that is shown.
const LARGE: (usize, usize) = (200, 400);
const LEARNED: (usize, usize) = (60, 80);
const SHOWN: (usize, usize) = (45, 60);
/// Coherence of the table that is shown, and the largest.
const SHOWN_COHERENCE: f64 = 3.0;
const LARGEST: f64 = 6.0;
/// Strength of every mode at the start.
const U0: f64 = 1e-3;
/// Learning rate of the simulation; the fastest mode is stable below about 8.
const RATE: f64 = 0.4;

const P: Parameter = Parameter {
    name: "p",
    symbol: "p",
    unit: "",
    default: 0.7,
    low: 0.6,
    high: 0.95,
    kind: ParameterKind::Linear,
    help: "probability inside the category's block",
};

const Q: Parameter = Parameter {
    name: "q",
    symbol: "q",
    unit: "",
    default: 0.3,
    low: 0.1,
    high: 0.4,
    kind: ParameterKind::Linear,
    help: "probability elsewhere",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2019_coherence",
    reference: "saxe2019",
    title: "Coherent categories are detected, and learned sooner",
    caption: "A category of items that share features with probability p, in noise that is true with \
        probability q. a, A table of 45 items with coherence C = 3. b, Largest singular value of \
        tables of 200 items and 400 features, relative to that of noise alone, and c, squared overlap \
        of its vectors with the category's features and items: theory of large tables (lines), \
        samples (circles; mean and standard deviation). Below C = 1 the category cannot be detected. \
        d, Time at which a two-layer network that starts with mode strength 10⁻³ has half learned its \
        largest mode: theory (line) and gradient descent on samples of 60 items and 80 features \
        (circles), and a tanh network from the same weights (triangles; farthest from the linear one by the \
        share given). Small tables learn a little later: their largest mode of noise is below its limit. \
        Sizes and probabilities are ours.",
    parameters: &[P, Q],
    draw,
};

/// The category nearest to a coherence whose block has the shape of the table.
fn category(table: (usize, usize), coherence: f64, settings: &Settings) -> Result<PlantedCategory> {
    let (p, q) = (settings.values.get(&P), settings.values.get(&Q));
    let (n, m) = (table.0 as f64, table.1 as f64);
    let area = coherence * (n * m).sqrt() * q * (1.0 - q) / (p - q).powi(2);
    let members = ((area * n / m).sqrt().round()).clamp(1.0, n);
    let shared = ((area / members).round()).clamp(1.0, m);
    PlantedCategory::new(table, (members as usize, shared as usize), p, q)
}

/// A comparison at one coherence.
struct Point {
    coherence: f64,
    theory: f64,
    /// What finite size accounts for, and four standard errors.
    allowed: f64,
    runs: Vec<f64>,
}

impl Point {
    fn mean(&self) -> f64 {
        self.runs.iter().sum::<f64>() / self.runs.len() as f64
    }

    fn spread(&self) -> f64 {
        let (mean, n) = (self.mean(), self.runs.len() as f64);
        (self.runs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    }

    fn agreement(&self, observable: &str) -> Agreement {
        let gap = (self.mean() - self.theory).abs();
        Agreement {
            observable: format!("{observable}, C = {:.2}", self.coherence),
            max_gap: gap,
            rms_gap: gap,
            range: self.theory,
            spread: self.spread(),
            tolerance: Some(self.allowed),
            reason: "finite size of the table (and of the step), and four standard errors",
        }
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let (n_samples, n_runs) = match settings.effort {
        Effort::Theory => (0, 0),
        Effort::Quick => (4, 2),
        Effort::Paper => (8, 4),
    };
    let grid = even_grid(LARGEST, 121);
    let at = |table| -> Result<Vec<PlantedCategory>> {
        [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0]
            .iter()
            .map(|c| category(table, *c, settings))
            .collect()
    };
    let mut agreements = Vec::new();
    let sampled = sampled_modes(&at(LARGE)?, n_samples, settings.seed)?;
    let limit: Vec<Detected> = grid.iter().map(|c| limit(LARGE, *c, settings)).collect();
    let mut panels = vec![table_panel(settings)?];
    for (fields, names, label) in [
        (&FIELDS[..1], &["singular value"][..], "largest singular value / noise"),
        (&FIELDS[1..], &["features", "items"][..], "squared overlap with the category"),
    ] {
        let mut panel = coherence_panel(label, n_samples > 0);
        for (i, (field, name)) in fields.iter().zip(names).enumerate() {
            let unit = if fields.len() == 1 { limit[0].singular_value } else { 1.0 };
            let color = series_color(i);
            let line: Vec<f64> = limit.iter().map(|mode| field(mode) / unit).collect();
            let label = if fields.len() == 1 { "" } else { name };
            panel.add(Line::new(label, &grid, &line, color));
            let points = points(&sampled, *field, unit, fields.len() == 1);
            add_points(&mut panel, &points, color);
            agreements
                .extend(points.iter().filter(|p| !p.runs.is_empty()).map(|p| p.agreement(name)));
        }
        panels.push(panel);
    }
    let (learned, tanh) = learning_times(&at(LEARNED)?, n_runs, settings.seed)?;
    panels.push(learning_panel(&learned, &tanh, &grid, settings)?);
    agreements
        .extend(learned.iter().filter(|p| !p.runs.is_empty()).map(|p| p.agreement("half time")));
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

type Field = fn(&Detected) -> f64;
const FIELDS: [Field; 3] = [|m| m.singular_value, |m| m.feature_overlap, |m| m.item_overlap];

/// The mode of a category whose block need not have whole sides.
fn limit(table: (usize, usize), coherence: f64, settings: &Settings) -> Detected {
    let q = settings.values.get(&Q);
    PlantedCategory::limit(table, coherence, q * (1.0 - q))
}

fn sampled_modes(
    categories: &[PlantedCategory],
    n: usize,
    seed: u64,
) -> Result<Vec<(PlantedCategory, Vec<Detected>)>> {
    let modes = in_parallel(categories.len() * n, |i| {
        let category = categories[i / n];
        category.measure(&category.sample(seed + 1 + i as u64)?)
    })?;
    let of =
        |(i, category): (usize, &PlantedCategory)| (*category, modes[i * n..(i + 1) * n].to_vec());
    Ok(categories.iter().enumerate().map(of).collect())
}

/// One field of the sampled modes at every coherence, in a unit. The standard error of the singular
/// value is known; that of an overlap is measured, the largest among neighboring coherences, as a few
/// samples may agree by chance.
fn points(
    sampled: &[(PlantedCategory, Vec<Detected>)],
    field: Field,
    unit: f64,
    is_singular_value: bool,
) -> Vec<Point> {
    let point = |(category, runs): &(PlantedCategory, Vec<Detected>)| Point {
        coherence: category.coherence(),
        theory: field(&category.theory()) / unit,
        allowed: field(&category.finite_size()) / unit,
        runs: runs.iter().map(|run| field(run) / unit).collect(),
    };
    let mut points: Vec<Point> = sampled.iter().map(point).collect();
    let spreads: Vec<f64> = points.iter().map(Point::spread).collect();
    for (k, point) in points.iter_mut().enumerate() {
        let near = &spreads[k.saturating_sub(1)..spreads.len().min(k + 2)];
        let measured = near.iter().copied().fold(0.0, f64::max);
        let spread = if is_singular_value { sampled[k].0.scatter() / unit } else { measured };
        point.allowed += 4.0 * spread / (point.runs.len() as f64).sqrt();
    }
    points
}

/// Half times of the largest mode in networks that learn samples, and in tanh networks from the same
/// weights. The step's own error is taken twice, measured by halving the step once for each category.
fn learning_times(
    categories: &[PlantedCategory],
    n: usize,
    seed: u64,
) -> Result<(Vec<Point>, Vec<Vec<f64>>)> {
    let time = |category: &PlantedCategory, seed: u64, rate: f64, tanh: bool| -> Result<f64> {
        let data = category.sample(seed)?;
        let half = 0.5 * category.measure(&data)?.singular_value * category.n_items() as f64;
        let end = 2.0 * half_time(category, U0)?.unwrap_or(0.0);
        let grid = even_grid(end, 241);
        let task = Correlations::of(&data)?;
        // Two hidden units hold the mode in question and the next.
        let modes = Modes::of(&task)?;
        let network = AlignedNetwork::uniform(task, &[2], U0.sqrt(), rate);
        let mut strength = Vec::with_capacity(grid.len());
        if tanh {
            let net = LayeredNetwork::dense(network.initial_weights(seed)?, Nonlinearity::Tanh)?;
            gradient_descent_examples(net, &data, rate, &grid, |_, net| {
                // Items are one-hot: their outputs are the columns of the map.
                let outputs = net.forward(data.inputs.view());
                strength.push(modes.u.column(0).dot(&outputs.t().dot(&modes.v.column(0))));
                Ok(())
            })?;
        } else {
            strength = network.simulate(&grid, seed)?.get("mode 1").unwrap_or_default().to_vec();
        }
        Ok(first_crossing(&grid, &strength, half).unwrap_or(end))
    };
    let points = in_parallel(categories.len(), |i| {
        let category = &categories[i];
        let seed_of = |run: usize| seed + 1 + (i * n + run) as u64;
        let all = |tanh: bool| -> Result<Vec<f64>> {
            (0..n).map(|run| time(category, seed_of(run), RATE, tanh)).collect()
        };
        let (runs, tanh) = (all(false)?, all(true)?);
        let step = match runs.first() {
            Some(first) => 4.0 * (first - time(category, seed_of(0), 0.5 * RATE, false)?).abs(),
            None => 0.0,
        };
        let error = 4.0 * category.scatter() / (n.max(1) as f64).sqrt();
        let gap = category.finite_size().singular_value + error;
        let point = Point {
            coherence: category.coherence(),
            theory: half_time(category, U0)?.unwrap_or(0.0),
            allowed: half_time_gap(category, U0, gap)? + step,
            runs,
        };
        Ok((point, tanh))
    })?;
    Ok(points.into_iter().unzip())
}

fn coherence_panel(label: &str, sampled: bool) -> Panel {
    let mut panel = Panel::new(
        AxisSpec::linear("coherence *C*").within(0.0, LARGEST + 0.2),
        AxisSpec::linear(label),
    );
    panel.add(Rule { label: Some("*C* = 1".into()), ..Rule::vertical(1.0) });
    panel.add(Line::new("theory", &[], &[], Color::GRAY));
    if sampled {
        panel.add(Dots { open: true, ..Dots::new("samples", &[], &[], Color::GRAY) });
    }
    panel
}

fn add_points(panel: &mut Panel, points: &[Point], color: Color) {
    let points: Vec<&Point> = points.iter().filter(|p| !p.runs.is_empty()).collect();
    let x: Vec<f64> = points.iter().map(|p| p.coherence).collect();
    let y: Vec<f64> = points.iter().map(|p| p.mean()).collect();
    let spread = points.iter().map(|p| p.spread()).collect();
    panel.add(Dots { open: true, spread: Some(spread), ..Dots::new("", &x, &y, color) });
}

fn table_panel(settings: &Settings) -> Result<Panel> {
    let category = category(SHOWN, SHOWN_COHERENCE, settings)?;
    // Back to zeros and ones, features as rows.
    let table = category.sample(settings.seed)?.targets.reversed_axes() + settings.values.get(&Q);
    let mut panel = Panel::new(AxisSpec::linear("item"), AxisSpec::linear("feature"));
    let (x, y) = (category.members() as f64 - 0.5, category.shared() as f64 - 0.5);
    panel.title = Some(format!("*C* = {:.2}", category.coherence()));
    panel.add(Heatmap { range: Some((0.0, 1.0)), ..Heatmap::new(table) });
    let outline = Line::new("", &[x, x, -0.5], &[-0.5, y, y], series_color(1));
    panel.add(Line { width: 1.8, ..outline });
    Ok(panel)
}

fn learning_panel(
    points: &[Point],
    tanh: &[Vec<f64>],
    grid: &[f64],
    settings: &Settings,
) -> Result<Panel> {
    let simulated = points.iter().any(|p| !p.runs.is_empty());
    let mut panel = coherence_panel("half-learning time (τ)", false);
    if simulated {
        panel.add(Dots { open: true, ..Dots::new("linear network", &[], &[], Color::GRAY) });
        let mean = |runs: &Vec<f64>| runs.iter().sum::<f64>() / runs.len() as f64;
        let times: Vec<f64> = tanh.iter().map(mean).collect();
        let off = points.iter().zip(&times).map(|(p, t)| (t / p.mean() - 1.0).abs());
        let off = 100.0 * off.fold(0.0, f64::max);
        let at: Vec<f64> = points.iter().map(|p| p.coherence).collect();
        let label = format!("tanh network (off by {off:.0} %)");
        let dots = Dots::new(label, &at, &times, series_color(2));
        panel.add(Dots { open: true, marker: Marker::Triangle, ..dots });
    }
    panel.legend = Legend::TopRight;
    let d = (LEARNED.0 as f64).recip();
    let time = |c: &f64| -> Result<f64> {
        let s = limit(LEARNED, *c, settings).singular_value;
        let mode = crate::deep_linear::two_layer::TwoLayerMode::balanced(s, d, U0)?;
        Ok(mode.half_time().unwrap_or(0.0))
    };
    let line: Vec<f64> = grid.iter().map(time).collect::<Result<_>>()?;
    panel.add(Line::new("", grid, &line, series_color(2)));
    add_points(&mut panel, points, series_color(2));
    Ok(panel)
}
