//! Learning curves of dense, convolutional and pooling kernels on images of shapes.

use ndarray::{Array2, Axis, concatenate, s};

use super::figure::{Drawing, Effort, Figure, Settings};
use crate::Result;
use crate::generalization::kernel::classification::{ClassificationErrors, KernelClassification};
use crate::generalization::kernel::from_data::Estimate;
use crate::net::architecture::parse::{LayerDefaults, parse};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dots, Heatmap, Legend, Line, Panel, Rule, Sheet, series_color, series_marker,
};
use crate::task::images::{LabeledImages, ShapeImages, as_rows};
use crate::wide::kernel::{conv, dense};

/// Rows and columns of pixels.
const SIDE: usize = 12;
/// Ridge as a share of the mean of the kernel's diagonal.
const RIDGE: f64 = 1e-3;
/// Share of the pool that is trained on in the last panel.
const TRAINED: f64 = 0.6;
/// Images of each shape in the strip.
const SHOWN: usize = 4;

/// The kernels that are compared.
const NETWORKS: [Contestant; 3] = [
    Contestant { name: "dense", words: "dense relu dense relu dense", on_images: false },
    Contestant { name: "conv, flatten", words: "3x3 relu 3x3 relu flatten dense", on_images: true },
    Contestant { name: "conv, average", words: "3x3 relu 3x3 relu gap dense", on_images: true },
];

struct Contestant {
    name: &'static str,
    words: &'static str,
    on_images: bool,
}

const PLACEMENT: Parameter = Parameter {
    name: "placement",
    symbol: "r",
    unit: "",
    default: 1.0,
    low: 0.0,
    high: 1.0,
    kind: ParameterKind::Linear,
    help: "share of the room that shapes are placed in: 0 is the middle, 1 anywhere",
};

const NOISE: Parameter = Parameter {
    name: "noise",
    symbol: "σ",
    unit: "",
    default: 0.5,
    low: 0.0,
    high: 3.0,
    kind: ParameterKind::Linear,
    help: "standard deviation of the noise; shapes are 1.5 to 2.5 brighter than it is",
};

pub(super) const FIGURE: Figure = Figure {
    name: "cntk_images",
    reference: "arora2019b",
    title: "Tangent kernels of dense and convolutional networks learn shapes",
    caption: "Our settings. a, Images of 12 × 12 pixels: disk, triangle or cross of random size, \
        rotation and place on 1/f noise. b, Share of images named wrongly by kernel regression (one \
        target a shape, ridge 0.001 of the kernel's diagonal) against the number of training images, \
        for the tangent kernels of infinitely wide networks with two hidden ReLU layers: dense; 3 × 3 \
        convolutions and all places read separately (flatten); the same and the mean over places \
        (global average pooling). Dots: mean over random splits of one pool of images, bars its \
        standard error. Dashed: chance. c, Their mean square error; lines: learning curve predicted \
        from the eigenvalues and eigenvectors of the pool's kernel. d, Errors after training on three \
        fifths of smaller pools, against how far shapes are from the middle (1: anywhere within the \
        image).",
    parameters: &[PLACEMENT, NOISE],
    draw,
};

/// How much to compute.
struct Plan {
    /// Images of the pool.
    pool: usize,
    /// Images of the pools with other placements.
    small: usize,
    /// Sizes of training sets.
    sizes: &'static [usize],
    /// Random splits.
    splits: u32,
    placements: &'static [f64],
}

impl Plan {
    fn of(effort: Effort) -> Self {
        let all = &[0.0, 0.25, 0.5, 0.75, 1.0];
        match effort {
            Effort::Theory => {
                Self { pool: 30, small: 0, sizes: &[6, 12, 18], splits: 10, placements: &[] }
            }
            Effort::Quick => {
                let placements = &[0.0, 0.5, 1.0];
                Self { pool: 60, small: 30, sizes: &[6, 12, 24, 36], splits: 20, placements }
            }
            Effort::Paper => {
                let sizes = &[6, 12, 24, 48, 96, 120];
                Self { pool: 168, small: 90, sizes, splits: 40, placements: all }
            }
        }
    }
}

fn task(settings: &Settings, placement: f64) -> ShapeImages {
    let noise = settings.values.get(&NOISE);
    ShapeImages { height: SIDE, width: SIDE, placement, noise, ..ShapeImages::default() }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let plan = Plan::of(settings.effort);
    let task_ = task(settings, settings.values.get(&PLACEMENT));
    let chance = 1.0 - 1.0 / task_.shapes.len() as f64;
    let pool = task_.sample(plan.pool, settings.seed)?;
    let mut wrong = errors_panel("share of errors", &plan, chance);
    let mut square = errors_panel("mean square error", &plan, chance);
    let x: Vec<f64> = plan.sizes.iter().map(|n| *n as f64).collect();
    for (i, contestant) in NETWORKS.iter().enumerate() {
        let known = contestant.classification(&pool)?;
        let errors = plan
            .sizes
            .iter()
            .map(|n| known.cross_validate(*n, plan.splits, settings.seed))
            .collect::<Result<Vec<_>>>()?;
        let of = |pick: fn(&ClassificationErrors) -> Estimate| {
            estimates(i, &x, &errors.iter().map(pick).collect::<Vec<_>>())
        };
        let found = of(|errors| errors.wrong);
        wrong.add(line_through(&found));
        wrong.add(found);
        square.add(predicted(&known, &plan, i)?);
        square.add(of(|errors| errors.square));
    }
    let mut panels = vec![strip(&pool, task_.shapes.len()), wrong, square];
    if !plan.placements.is_empty() {
        panels.push(placement_panel(settings, &plan, chance)?);
    }
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements: Vec::new() })
}

impl Contestant {
    /// The pool as the tangent kernel sees it.
    fn classification(&self, pool: &LabeledImages) -> Result<KernelClassification> {
        let defaults = LayerDefaults { bias_std: 0.1, ..LayerDefaults::default() };
        let network = parse(self.words, &defaults)?;
        let kernels = if self.on_images {
            conv::kernels(&network, pool.images.view(), None)?
        } else {
            dense::kernels(&network, as_rows(pool.images.view()).view(), None)?
        };
        KernelClassification::new(kernels.ntk, pool.labels.clone(), RIDGE)
    }
}

/// The learning curve that the spectrum of the pool's kernel predicts.
fn predicted(pool: &KernelClassification, plan: &Plan, i: usize) -> Result<Line> {
    let last = *plan.sizes.last().unwrap_or(&1);
    let sizes: Vec<usize> = (plan.sizes[0]..=last).step_by((last / 30).max(1)).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = pool
        .predicted(&sizes)?
        .iter()
        .map(|point| (point.samples as f64, point.test_error))
        .unzip();
    Ok(Line::new("", &x, &y, series_color(i)))
}

/// Means with bars of one standard error.
fn estimates(contestant: usize, x: &[f64], values: &[Estimate]) -> Dots {
    let y: Vec<f64> = values.iter().map(|value| value.mean).collect();
    let spread = Some(values.iter().map(|value| value.standard_error).collect());
    let dots = Dots::new(NETWORKS[contestant].name, x, &y, series_color(contestant));
    Dots { spread, marker: series_marker(contestant), ..dots }
}

/// A thin line through dots.
fn line_through(dots: &Dots) -> Line {
    Line { width: 0.6, ..Line::new("", &dots.x, &dots.y, dots.color) }
}

fn errors_panel(label: &str, plan: &Plan, chance: f64) -> Panel {
    let last = *plan.sizes.last().unwrap_or(&1) as f64;
    let x = AxisSpec::log("training images").within(0.9 * plan.sizes[0] as f64, 1.1 * last);
    let mut panel = Panel::new(x, AxisSpec::linear(label));
    panel.add(Rule::horizontal(chance));
    panel
}

fn placement_panel(settings: &Settings, plan: &Plan, chance: f64) -> Result<Panel> {
    let x = AxisSpec::linear("placement (0: middle, 1: anywhere)").within(-0.05, 1.05);
    let mut panel = Panel::new(x, AxisSpec::linear("share of errors"));
    panel.add(Rule::horizontal(chance));
    let mut found = vec![Vec::new(); NETWORKS.len()];
    for placement in plan.placements {
        let pool = task(settings, *placement).sample(plan.small, settings.seed)?;
        let n = (TRAINED * plan.small as f64) as usize;
        for (errors, contestant) in found.iter_mut().zip(&NETWORKS) {
            let known = contestant.classification(&pool)?;
            errors.push(known.cross_validate(n, plan.splits, settings.seed)?.wrong);
        }
    }
    for (i, errors) in found.into_iter().enumerate() {
        let dots = estimates(i, plan.placements, &errors);
        panel.add(line_through(&dots));
        panel.add(dots);
    }
    Ok(panel)
}

/// Some images of each shape: a row a shape.
fn strip(pool: &LabeledImages, n_shapes: usize) -> Panel {
    let rows: Vec<Array2<f64>> = (0..n_shapes)
        .map(|k| {
            let images = (0..SHOWN).map(|i| pool.images.slice(s![k + i * n_shapes, .., .., 0]));
            let images: Vec<_> = images.collect();
            concatenate(Axis(1), &images).unwrap_or_default()
        })
        .collect();
    let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
    let all: Array2<f64> = concatenate(Axis(0), &views).unwrap_or_default();
    let mut panel = Panel::new(AxisSpec::hidden(), AxisSpec::hidden());
    panel.legend = Legend::None;
    let (height, width) = (all.nrows() as f64, all.ncols() as f64);
    panel.add(Heatmap { square: true, ..Heatmap::new(all) });
    // A frame around each image.
    let edge = |i: usize| (i * SIDE) as f64 - 0.5;
    let frame =
        |x: [f64; 2], y: [f64; 2]| Line { width: 1.5, ..Line::new("", &x, &y, Color::WHITE) };
    for i in 1..SHOWN {
        panel.add(frame([edge(i); 2], [-0.5, height - 0.5]));
    }
    for k in 1..n_shapes {
        panel.add(frame([-0.5, width - 0.5], [edge(k); 2]));
    }
    panel
}
