//! Five structures of the world, their modes, and what a network makes of them.

use ndarray::{Array1, Array2, ArrayView1};

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, named};
use super::tree_diagram::draw_tree;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Colormap, Dots, Heatmap, Legend, Line, Panel, Sheet, gradient_color,
};
use crate::semantic::StructureLearning;
use crate::task::environment::{Graph, RandomField, Spectrum, Tree};
use crate::{Agreement, Result};

/// Features, of which only the square root scales the clock.
const N_FEATURES: f64 = 100.0;
/// Strength of every mode at the start.
const U0: f64 = 1e-3;
/// Angle by which a finer distinction, which has a direction of its own, is turned into the plane.
const TURN: f64 = std::f64::consts::PI / 6.0;
/// Rows of the panel of modes.
const MODES: usize = 8;

const SMOOTHNESS: Parameter = Parameter {
    name: "smoothness",
    symbol: "σ",
    unit: "steps",
    default: 3.0,
    low: 0.5,
    high: 10.0,
    kind: ParameterKind::Log,
    help: "width over which features are alike, in steps along edges",
};

const PROGRESS: Parameter = Parameter {
    name: "progress",
    symbol: "t",
    unit: "",
    default: 1.0,
    low: 0.1,
    high: 3.0,
    kind: ParameterKind::Linear,
    help: "time shown, in units of that at which the finest distinction is half learned",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2019_structures",
    reference: "saxe2019",
    title: "Different structures, different modes, different learned geometries",
    caption: "Items in clusters, on a tree, around a ring, in order, and on a grid. Features are \
        Gaussian and smooth along the edges of each graph, with width σ; hidden nodes (of clusters \
        and tree) are integrated out. Left, covariance of a feature between items (theory). Middle, \
        the strongest singular modes of the items in theory, from top to bottom. Right, hidden \
        representation of the items in a two-layer linear network after part of its training, on the \
        plane of the two broadest distinctions: theory (filled dots, neighbors joined) and gradient \
        descent (open circles). For clusters and tree the finest distinction is turned into the plane by \
        30°, which would not show otherwise. Widths, sizes and 100 features are ours.",
    parameters: &[SMOOTHNESS, PROGRESS],
    draw,
};

/// What a row of the figure shows.
struct Structure {
    name: &'static str,
    graph: Graph,
}

fn structures() -> Result<Vec<Structure>> {
    let tree = Tree::regular(3, 2)?;
    Ok(vec![
        Structure { name: "clusters", graph: Graph::Clusters { n_clusters: 3, size: 4 } },
        Structure { name: "tree", graph: Graph::Tree(tree) },
        Structure { name: "ring", graph: Graph::Ring { n_items: 12 } },
        Structure { name: "order", graph: Graph::Order { n_items: 10 } },
        Structure { name: "grid", graph: Graph::Grid { rows: 4, columns: 5 } },
    ])
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let (mut panels, mut agreements) = (Vec::new(), Vec::new());
    for (row, structure) in structures()?.into_iter().enumerate() {
        let field =
            RandomField::new(structure.graph.clone(), settings.values.get(&SMOOTHNESS), 1.0)?;
        let spectrum = field.spectrum();
        let (geometry, compared) = geometry(&structure, &spectrum, row, settings)?;
        panels.push(covariance_panel(&structure, &spectrum));
        panels.push(modes_panel(&spectrum, row));
        panels.push(geometry);
        agreements.extend(named(structure.name, compared));
    }
    let sheet = Sheet::new(FIGURE.title, panels);
    let sheet = Sheet { description: FIGURE.caption.into(), columns: 3, ..sheet };
    Ok(Drawing { sheet, agreements })
}

fn covariance_panel(structure: &Structure, spectrum: &Spectrum) -> Panel {
    let mut panel = Panel::new(AxisSpec::linear("item"), AxisSpec::linear("item"));
    panel.title = Some(structure.name.into());
    panel.add(Heatmap { square: true, ..Heatmap::new(spectrum.covariance()) });
    panel
}

/// All eigenvectors with the number of their eigenspace, strongest first.
fn eigenvectors(spectrum: &Spectrum) -> Vec<(usize, ArrayView1<'_, f64>)> {
    let spaces = spectrum.eigenspaces.iter().enumerate();
    let mut all: Vec<(usize, ArrayView1<'_, f64>)> = spaces
        .flat_map(|(k, space)| space.vectors.columns().into_iter().map(move |v| (k, v)))
        .collect();
    let value = |k: usize| spectrum.eigenspaces[k].eigenvalue;
    all.sort_by(|a, b| value(b.0).total_cmp(&value(a.0)));
    all
}

fn modes_panel(spectrum: &Spectrum, row: usize) -> Panel {
    let all = eigenvectors(spectrum);
    let n = all.len().min(MODES);
    let shown = Array2::from_shape_fn((n, spectrum.n_items()), |(k, i)| all[k].1[i]);
    // A space is named once, at the first of its equal modes.
    let name = |k: usize| match k {
        k if k > 0 && all[k].0 == all[k - 1].0 => String::new(),
        k => spectrum.eigenspaces[all[k].0].name.clone(),
    };
    let mut panel = Panel::new(AxisSpec::linear("item"), AxisSpec::linear(""));
    panel.title = (row == 0).then(|| "modes".into());
    panel.add(Heatmap {
        row_labels: (0..n).map(name).collect(),
        colormap: Colormap::Diverging,
        ..Heatmap::new(shown)
    });
    panel
}

/// The two directions in the space of items that the plane is spanned by: broadest first, without
/// what all items share.
fn plane(structure: &Structure, spectrum: &Spectrum) -> [Array1<f64>; 2] {
    let column = |space: usize, j: usize| spectrum.eigenspaces[space].vectors.column(j).to_owned();
    // All contrasts of a level at once.
    let sum = |space: usize| {
        let vectors = &spectrum.eigenspaces[space].vectors;
        vectors.sum_axis(ndarray::Axis(1)) / (vectors.ncols() as f64).sqrt()
    };
    match structure.graph {
        // Clusters: the two directions between three of them that leave out what all share.
        Graph::Clusters { .. } => {
            let [a, b, c] = [0, 1, 2].map(|k| column(0, k));
            let between = [(&a - &b) / 2f64.sqrt(), (&a + &b - &c * 2.0) / 6f64.sqrt()];
            // Within all clusters alike, two of the four items against the others.
            let p = spectrum.n_items();
            let within = [[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, -1.0, 1.0]]
                .map(|side| Array1::from_shape_fn(p, |i| side[i % 4] / (p as f64).sqrt()));
            [0, 1].map(|k| &between[k] * TURN.cos() + &within[k] * TURN.sin())
        }
        Graph::Tree(_) => [sum(1) * TURN.cos() + sum(3) * TURN.sin(), sum(2)],
        Graph::Ring { .. } => [column(1, 0), column(1, 1)],
        Graph::Order { .. } => [column(1, 0), column(2, 0)],
        Graph::Grid { .. } => [column(1, 0), column(2, 0)],
    }
}

fn geometry(
    structure: &Structure,
    spectrum: &Spectrum,
    row: usize,
    settings: &Settings,
) -> Result<(Panel, Vec<Agreement>)> {
    let steps = if settings.effort == Effort::Paper { 4000.0 } else { 500.0 };
    let mut learning = StructureLearning {
        spectrum: spectrum.clone(),
        n_features: N_FEATURES,
        u0: U0,
        rate: 0.05 / spectrum.singular_values(N_FEATURES)[0],
    };
    let last = learning.mode(spectrum.eigenspaces.len() - 1)?.half_time().unwrap_or(1.0);
    let end = settings.values.get(&PROGRESS) * last;
    // A small part of the fastest mode's own time, and at least so many steps.
    learning.rate = (end / steps).min(learning.rate);
    let grid = even_grid(end, 21);
    let [x, y] = plane(structure, spectrum);
    let root = learning.representation(end)?;
    let theory = (x.dot(&root).to_vec(), y.dot(&root).to_vec());
    let mut simulated = None;
    let mut agreements = Vec::new();
    if settings.effort != Effort::Theory {
        let (hidden, found) = learning.compare_descent(&grid, settings.seed)?;
        let last = &hidden[hidden.len() - 1];
        simulated = Some((x.dot(last).to_vec(), y.dot(last).to_vec()));
        agreements = found;
    }
    let mut panel = plane_panel(structure, &theory, simulated.as_ref());
    if row == 0 {
        panel.title = Some("learned geometry".into());
        panel.legend = Legend::BottomRight;
        panel.add(Dots { size: 1.3, ..Dots::new("theory", &[], &[], Color::GRAY) });
        if simulated.is_some() {
            let ring = Dots::new("simulation", &[], &[], Color::GRAY);
            panel.add(Dots { open: true, size: 2.2, ..ring });
        }
    }
    Ok((panel, agreements))
}

/// Items at their places, joined as the graph has it; hidden nodes are where their items are on
/// average.
fn plane_panel(
    structure: &Structure,
    (x, y): &(Vec<f64>, Vec<f64>),
    simulated: Option<&(Vec<f64>, Vec<f64>)>,
) -> Panel {
    let far = x.iter().chain(y).fold(0.0f64, |m, v| m.max(v.abs())).max(f64::MIN_POSITIVE);
    let axis = || AxisSpec::hidden().within(-1.2 * far, 1.2 * far);
    let mut panel = Panel::new(axis(), axis());
    panel.aspect = 1.0;
    panel.legend = Legend::None;
    let p = x.len();
    let mean = |range: std::ops::Range<usize>| {
        let n = range.len() as f64;
        (x[range.clone()].iter().sum::<f64>() / n, y[range].iter().sum::<f64>() / n)
    };
    let mut colors: Vec<Color> = (0..p).map(|i| gradient_color(i, p)).collect();
    match &structure.graph {
        Graph::Tree(tree) => {
            let place = |level: usize, node: usize| {
                let below = tree.leaves_below(level);
                mean(node * below..(node + 1) * below)
            };
            draw_tree(&mut panel, tree, place, "");
            colors = vec![gradient_color(tree.depth(), tree.depth() + 1); p];
        }
        Graph::Clusters { n_clusters, size } => {
            for k in 0..*n_clusters {
                let center = mean(k * size..(k + 1) * size);
                for i in k * size..(k + 1) * size {
                    colors[i] = gradient_color(k, *n_clusters);
                    panel.add(Line::new("", &[x[i], center.0], &[y[i], center.1], Color::GRAY));
                }
            }
        }
        graph => {
            for (i, j) in graph.edges() {
                panel.add(Line::new("", &[x[i], x[j]], &[y[i], y[j]], Color::GRAY));
            }
        }
    }
    for i in 0..p {
        // An open marker is filled with white: the disk of theory goes over it.
        if let Some((x, y)) = simulated {
            let ring = Dots::new("", &x[i..=i], &y[i..=i], colors[i]);
            panel.add(Dots { open: true, size: 2.2, ..ring });
        }
        panel.add(Dots { size: 1.3, ..Dots::new("", &x[i..=i], &y[i..=i], colors[i]) });
    }
    panel
}
