//! Progressive differentiation: items in the hidden layer over learning.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::own::embedding::{Plane, draw_item, ends};
use super::parts::even_grid;
use crate::deep_linear::AlignedNetwork;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{Color, Dots, Legend, Line, Marker, Panel, Sheet, Text, series_color};
use crate::semantic::differentiation::{Differentiation, end_of_learning};
use crate::semantic::embedding::ItemPaths;
use crate::{Correlations, Dataset, Modes, Result};

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

/// Trees, flowers, birds, fish.
fn color(item: usize) -> Color {
    [series_color(2), series_color(3), series_color(0), series_color(1)][item / 2]
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let data = Dataset::rumelhart();
    let task = Correlations::of(&data)?;
    let u0 = settings.values.get(&U0);
    let grid = even_grid(end_of_learning(&Modes::of(&task)?, u0), 161);
    let rate = if settings.effort == Effort::Paper { 0.01 } else { 0.05 };
    let network = AlignedNetwork::uniform(task, &[N_HIDDEN], u0.sqrt(), rate);
    let model = Differentiation { data, network, seed: settings.seed };
    let theory = model.predict(&grid)?;
    let trained = match settings.effort {
        Effort::Theory => None,
        _ => Some(model.train(&theory)?),
    };
    let (data, paths) = (&model.data, &theory.paths);
    let (linear, tanh) = trained.as_ref().map(|t| (&t.linear, &t.tanh)).unzip();
    let a = panel(data, paths, linear, Marker::Circle, "linear network");
    let b = panel(data, paths, tanh, Marker::Triangle, "tanh network");
    let agreements = trained.map(|trained| trained.agreements).unwrap_or_default();
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
