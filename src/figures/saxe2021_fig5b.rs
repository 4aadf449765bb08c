//! Progressive differentiation: items in the hidden layer over learning.

use ndarray::Array2;

use super::figure::{Drawing, Effort, Figure, Settings};
use super::own::embedding::{Plane, draw_item, ends};
use super::parts::{compare_with_descent, even_grid};
use crate::deep_linear::aligned::AlignedNetwork;
use crate::deep_linear::exact_network::ExactNetwork;
use crate::math::parallel::join;
use crate::net::{LayeredNetwork, Nonlinearity, gradient_descent_examples};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{Color, Dots, Legend, Line, Marker, Panel, Sheet, Text, series_color};
use crate::semantic::embedding::{ItemPaths, follow, nearest_view};
use crate::semantic::representation::trained_representations;
use crate::{Axis, Correlations, Dataset, Modes, Result, Trajectory};

const N_HIDDEN: usize = 16;

const U0: Parameter = Parameter {
    name: "u0",
    symbol: "u₀",
    unit: "",
    default: 1e-3,
    low: 1e-6,
    high: 0.05,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig5b",
    reference: "saxe2021",
    title: "Representations differentiate progressively",
    caption: "Internal representations of Rumelhart's eight living things while two layers with 16 \
        hidden units learn their features, in two dimensions. Lines: exact theory, from near the origin \
        to the named ends; all modes start with the strength u₀. a, Circles: gradient descent in the \
        linear network. First plants part from animals, then trees from flowers and birds from fish, \
        then the single items. b, Triangles: a tanh network from the same weights. All are seen \
        along the same two axes, those along which the end looks most like the items on a circle \
        in the order of the table: where all levels show; the paper gives no parameters.",
    parameters: &[U0],
    draw,
};

/// Coordinates as observables.
fn observables(grid: &[f64], names: &[String], paths: &ItemPaths) -> Result<Trajectory> {
    let mut trajectory = Trajectory::new(Axis::Time, grid);
    for (i, name) in names.iter().enumerate() {
        for axis in 0..2 {
            trajectory.push(format!("{name}, axis {}", axis + 1), paths.path(i, axis))?;
        }
    }
    Ok(trajectory)
}

/// Items on a circle in the order of the table.
fn circle(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, 2), |(i, axis)| {
        let angle = std::f64::consts::TAU * (i as f64 + 0.5) / n as f64;
        if axis == 0 { angle.sin() } else { angle.cos() }
    })
}

/// Trees, flowers, birds, fish.
fn color(item: usize) -> Color {
    [series_color(2), series_color(3), series_color(0), series_color(1)][item / 2]
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let data = Dataset::rumelhart();
    let task = Correlations::of(&data)?;
    let u0 = settings.values.get(&U0);
    let modes = Modes::of(&task)?;
    let (s, target) = (modes.singular_values[7], modes.targets()[7]);
    // The last mode is half learned after ln(σ/u₀)/2s, and to a percent soon after.
    let grid = even_grid(((target / u0).ln() + 99f64.ln()) / (2.0 * s), 161);
    let rate = if settings.effort == Effort::Paper { 0.01 } else { 0.05 };
    let network = AlignedNetwork::uniform(task.clone(), &[N_HIDDEN], u0.sqrt(), rate);
    let weights = network.initial_weights(settings.seed)?;
    let items = &data.inputs;
    let maps = ExactNetwork::Aligned(network).hidden_maps_at(&grid)?;
    let exact: Vec<_> = maps.iter().map(|h| items.dot(&h.t())).collect();
    let axes = nearest_view(exact[exact.len() - 1].view(), circle(items.nrows()).view())?;
    let theory = follow(&exact, &axes)?;
    let prediction = observables(&grid, &data.item_names, &theory)?;
    let trained = |rate: f64| {
        follow(&trained_representations(weights.clone(), &task, items, rate, &grid)?, &axes)
    };
    let tanh = || {
        let net = LayeredNetwork::dense(weights.clone(), Nonlinearity::Tanh)?;
        let mut hidden = Vec::with_capacity(grid.len());
        gradient_descent_examples(net, &data, rate, &grid, |_, net| {
            hidden.extend(net.hidden(items.view()).pop());
            Ok(())
        })?;
        follow(&hidden, &axes)
    };
    let (mut runs, mut agreements) = (None, Vec::new());
    if settings.effort != Effort::Theory {
        let compared = || {
            compare_with_descent(&prediction, rate, |rate| {
                observables(&grid, &data.item_names, &trained(rate)?)
            })
        };
        let (linear, nonlinear) = join(compared, tanh);
        agreements = linear?.1;
        runs = Some((trained(rate)?, nonlinear?));
    }
    let (linear, tanh) = runs.map_or((None, None), |(a, b)| (Some(a), Some(b)));
    let a = panel(&data, &theory, linear.as_ref(), Marker::Circle, "linear network");
    let b = panel(&data, &theory, tanh.as_ref(), Marker::Triangle, "tanh network");
    let sheet = Sheet::new(FIGURE.title, vec![a, b]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn panel(
    data: &Dataset,
    theory: &ItemPaths,
    run: Option<&ItemPaths>,
    marker: Marker,
    title: &str,
) -> Panel {
    let shown: Vec<&ItemPaths> = std::iter::once(theory).chain(run).collect();
    // The same plane for both panels: a tanh unit stays below the linear one.
    let plane = Plane::around(&[theory], &data.item_names, 215.0);
    let mut panel = plane.panel();
    panel.title = Some(title.into());
    panel.legend = Legend::Below;
    panel.add(Line::new("linear theory", &[], &[], Color::GRAY));
    if run.is_some() {
        panel.add(Dots { open: true, marker, ..Dots::new(title, &[], &[], Color::GRAY) });
    }
    for i in 0..data.n_samples() {
        draw_item(&mut panel, i, theory, run.map(|run| (run, marker)), color(i));
    }
    plane.write_names(&mut panel, &data.item_names, &ends(theory), &shown, color);
    if let Some(run) = run.filter(|_| marker != Marker::Circle) {
        let gap = 100.0 * theory.largest_gap(run) / theory.range();
        let (x, y) = (panel.x.range.unwrap_or_default().1, panel.y.range.unwrap_or_default().0);
        let text = format!("departs from linear theory by up to {gap:.0} %");
        panel.add(Text { anchor: 1.0, ..Text::new(0.98 * x, 0.94 * y, text) });
    }
    panel
}
