//! A hierarchical environment: a tree, the features of its leaves, and its spectrum.

use ndarray::{ArrayView1, Axis};

use super::figure::{Drawing, Effort, Figure, Settings};
use super::tree_diagram::{level_color, tree_panel};
use crate::Result;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Colormap, Dots, Heatmap, Legend, Line, Panel, Sheet, literal};
use crate::semantic::sampled_trees::{SampledLevel, SampledTrees};
use crate::task::environment::{Spectrum, Tree};

/// Features in the matrix, and in each sample whose spectrum is taken.
const SHOWN: usize = 28;
const N_FEATURES: usize = 1000;

const FLIP: Parameter = Parameter {
    name: "flip",
    symbol: "ε",
    unit: "",
    default: 0.15,
    low: 0.01,
    high: 0.45,
    kind: ParameterKind::Linear,
    help: "probability that a feature flips on a branch",
};

const DEPTH: Parameter = Parameter {
    name: "depth",
    symbol: "D",
    unit: "",
    default: 3.0,
    low: 2.0,
    high: 4.0,
    kind: ParameterKind::Integer,
    help: "levels of the tree",
};

const BRANCHING: Parameter = Parameter {
    name: "branching",
    symbol: "B",
    unit: "",
    default: 2.0,
    low: 2.0,
    high: 3.0,
    kind: ParameterKind::Integer,
    help: "children of each node",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig5a",
    reference: "saxe2021",
    title: "An idealized hierarchical environment",
    caption: "a, A tree; items are its leaves. Each feature starts as ±1 at the root and flips on \
        every branch with probability ε, so that items nearby are more likely to share it. \
        b, Singular values of Σʸˣ by level of the tree, for 1000 features: theory (lines) and \
        samples (circles; mean over the equal modes of a level, standard deviation over samples). \
        c, Values of 28 sampled features, sorted by the broadest branches they differ between. \
        d, Theory of the covariance of a feature between items. The paper gives no values; depth, \
        branching and ε are ours.",
    parameters: &[FLIP, DEPTH, BRANCHING],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let tree = Tree::regular(settings.values.integer(&DEPTH), settings.values.integer(&BRANCHING))?;
    let flip = settings.values.get(&FLIP);
    let model = SampledTrees { tree: tree.clone(), flip, n_features: N_FEATURES };
    let theory = model.spectrum()?;
    let samples = match settings.effort {
        Effort::Theory => None,
        Effort::Quick => Some(model.draw(5, settings.seed)?),
        Effort::Paper => Some(model.draw(40, settings.seed)?),
    };
    let spectrum = spectrum_panel(&tree, &theory, samples.as_deref());
    let mut above = tree_panel(&tree);
    above.aspect = 0.55;
    let panels = vec![
        above,
        spectrum,
        features_panel(&tree, flip, settings.seed)?,
        covariance_panel(&tree, &theory),
    ];
    let agreements = samples.into_iter().flatten().map(|level| level.agreement).collect();
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn spectrum_panel(tree: &Tree, theory: &Spectrum, samples: Option<&[SampledLevel]>) -> Panel {
    let names = theory.eigenspaces.iter().map(|space| space.name.clone());
    let mut panel =
        Panel::new(AxisSpec::categories("", names), AxisSpec::linear("singular value of Σ^{yx}"));
    panel.legend = Legend::TopRight;
    let values = theory.singular_values(N_FEATURES as f64);
    panel.y.range = Some((0.0, 1.12 * values.iter().fold(0.0f64, |m, s| m.max(*s))));
    panel.add(Line::new("theory", &[], &[], Color::GRAY));
    if samples.is_some() {
        panel.add(Dots { open: true, ..Dots::new("samples", &[], &[], Color::GRAY) });
    }
    for (k, s) in values.into_iter().enumerate() {
        let (x, color) = (k as f64, level_color(tree, k));
        panel.add(Line { width: 1.6, ..Line::new("", &[x - 0.32, x + 0.32], &[s, s], color) });
        let Some(SampledLevel { mean, spread, .. }) = samples.map(|levels| &levels[k]) else {
            continue;
        };
        let dots = Dots { open: true, size: 1.3, ..Dots::new("", &[x], &[*mean], color) };
        panel.add(Dots { spread: Some(vec![*spread]), ..dots });
    }
    panel
}

/// 1, 0 or −1.
fn sign(x: f64) -> i8 {
    i8::from(x > 0.0) - i8::from(x < 0.0)
}

fn features_panel(tree: &Tree, flip: f64, seed: u64) -> Result<Panel> {
    let data = tree.diffuse(flip, SHOWN, seed)?;
    let mut order: Vec<usize> = (0..SHOWN).collect();
    // What most items below a node have, from broad nodes to fine: features that differ between the
    // same branches stand together.
    let key = |feature: ArrayView1<'_, f64>| {
        let majorities = (1..=tree.depth()).flat_map(|level| {
            let parts = feature.axis_chunks_iter(Axis(0), tree.leaves_below(level));
            parts.map(|part| part.sum() / part.len() as f64).map(sign).collect::<Vec<i8>>()
        });
        majorities.collect::<Vec<i8>>()
    };
    let keys: Vec<Vec<i8>> = data.targets.columns().into_iter().map(key).collect();
    order.sort_by(|a, b| keys[*b].cmp(&keys[*a]));
    let sorted = data.targets.select(Axis(1), &order).reversed_axes();
    let mut panel = Panel::new(AxisSpec::linear(""), AxisSpec::linear(""));
    panel.aspect = 1.1;
    panel.add(Heatmap {
        row_labels: order.iter().map(|i| literal(&data.feature_names[*i])).collect(),
        column_labels: data.item_names.iter().map(|name| literal(name)).collect(),
        colormap: Colormap::Diverging,
        range: Some((-1.0, 1.0)),
        bar_label: Some("feature".into()),
        ..Heatmap::new(sorted)
    });
    Ok(panel)
}

fn covariance_panel(tree: &Tree, theory: &Spectrum) -> Panel {
    let mut panel = Panel::new(AxisSpec::linear(""), AxisSpec::linear(""));
    let names: Vec<String> = tree.item_names().iter().map(|name| literal(name)).collect();
    panel.add(Heatmap {
        row_labels: names.clone(),
        column_labels: names,
        range: Some((0.0, 1.0)),
        bar_label: Some("covariance between items".into()),
        square: true,
        ..Heatmap::new(theory.covariance())
    });
    panel
}
