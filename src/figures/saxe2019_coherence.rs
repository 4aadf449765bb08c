//! When a category is learned, and whether it is: coherence.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::even_grid;
use crate::deep_linear::two_layer::TwoLayerMode;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dots, Heatmap, Legend, Line, Marker, Panel, Rule, Sheet, series_color,
};
use crate::semantic::sampled_categories::{
    CategoryLearning, HalfTimes, Quantity, SampledModes, SampledPoint,
};
use crate::task::environment::{Detected, PlantedCategory};
use crate::{Agreement, Result};

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

fn draw(settings: &Settings) -> Result<Drawing> {
    let (n_samples, n_runs) = match settings.effort {
        Effort::Theory => (0, 0),
        Effort::Quick => (4, 2),
        Effort::Paper => (8, 4),
    };
    let at = |table| -> Result<Vec<PlantedCategory>> {
        [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0]
            .iter()
            .map(|c| category(table, *c, settings))
            .collect()
    };
    let sampled = SampledModes::draw(&at(LARGE)?, n_samples, settings.seed)?;
    let learning = CategoryLearning { u0: U0, rate: RATE };
    let learned = learning.half_times(&at(LEARNED)?, n_runs, settings.seed)?;
    let mut agreements = Vec::new();
    let values = [(Quantity::SingularValue, "singular value", "")];
    let overlaps = [
        (Quantity::FeatureOverlap, "features", "features"),
        (Quantity::ItemOverlap, "items", "items"),
    ];
    let (value, overlap) = ("largest singular value / noise", "squared overlap with the category");
    let panels = vec![
        table_panel(settings)?,
        modes_panel(settings, value, &values, &sampled, &mut agreements),
        modes_panel(settings, overlap, &overlaps, &sampled, &mut agreements),
        learning_panel(&learned, settings)?,
    ];
    agreements.extend(judged(learned.iter().map(|times| &times.linear), "half time"));
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// Agreements of the points that have samples.
fn judged<'a>(
    points: impl Iterator<Item = &'a SampledPoint>,
    name: &'a str,
) -> impl Iterator<Item = Agreement> {
    points.filter(|point| !point.runs.is_empty()).map(move |point| point.agreement(name))
}

/// Quantities of the largest mode along coherence, each with its name and label. The singular value is
/// relative to that of noise.
fn modes_panel(
    settings: &Settings,
    axis: &str,
    quantities: &[(Quantity, &str, &str)],
    sampled: &SampledModes,
    agreements: &mut Vec<Agreement>,
) -> Panel {
    let grid = even_grid(LARGEST, 121);
    let limit: Vec<Detected> = grid.iter().map(|c| limit(LARGE, *c, settings)).collect();
    let mut panel = coherence_panel(axis, settings.effort != Effort::Theory);
    for (i, (quantity, name, label)) in quantities.iter().enumerate() {
        let noise = *quantity == Quantity::SingularValue;
        let unit = if noise { limit[0].singular_value } else { 1.0 };
        let line: Vec<f64> = limit.iter().map(|mode| quantity.of(mode) / unit).collect();
        panel.add(Line::new(*label, &grid, &line, series_color(i)));
        let points = sampled.points(*quantity, unit);
        add_points(&mut panel, points.iter(), series_color(i));
        agreements.extend(judged(points.iter(), name));
    }
    panel
}

/// The mode of a category whose block need not have whole sides.
fn limit(table: (usize, usize), coherence: f64, settings: &Settings) -> Detected {
    let q = settings.values.get(&Q);
    PlantedCategory::limit(table, coherence, q * (1.0 - q))
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

fn add_points<'a>(panel: &mut Panel, points: impl Iterator<Item = &'a SampledPoint>, color: Color) {
    let points: Vec<_> = points.filter(|p| !p.runs.is_empty()).collect();
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

fn learning_panel(learned: &[HalfTimes], settings: &Settings) -> Result<Panel> {
    let mut panel = coherence_panel("half-learning time (τ)", false);
    if settings.effort != Effort::Theory {
        panel.add(Dots { open: true, ..Dots::new("linear network", &[], &[], Color::GRAY) });
        let mean = |runs: &[f64]| runs.iter().sum::<f64>() / runs.len() as f64;
        let times: Vec<f64> = learned.iter().map(|of| mean(&of.tanh)).collect();
        let off = learned.iter().zip(&times).map(|(of, t)| (t / of.linear.mean() - 1.0).abs());
        let off = 100.0 * off.fold(0.0, f64::max);
        let at: Vec<f64> = learned.iter().map(|of| of.linear.coherence).collect();
        let label = format!("tanh network (off by {off:.0} %)");
        let dots = Dots::new(label, &at, &times, series_color(2));
        panel.add(Dots { open: true, marker: Marker::Triangle, ..dots });
    }
    panel.legend = Legend::TopRight;
    let d = (LEARNED.0 as f64).recip();
    let time = |c: &f64| -> Result<f64> {
        let s = limit(LEARNED, *c, settings).singular_value;
        Ok(TwoLayerMode::balanced(s, d, U0)?.half_time().unwrap_or(0.0))
    };
    let grid = even_grid(LARGEST, 121);
    let line: Vec<f64> = grid.iter().map(time).collect::<Result<_>>()?;
    panel.add(Line::new("", &grid, &line, series_color(2)));
    add_points(&mut panel, learned.iter().map(|of| &of.linear), series_color(2));
    Ok(panel)
}
